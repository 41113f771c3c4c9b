//! One linear pass over the text before a tree is built: the caps of [`Limits`] and what the parser lets by.
//!
//! It cuts the text into tags, comments, processing instructions and CDATA sections as the grammar of
//! XML 1.0 does. On a text that is not well-formed it may count wrongly from the fault on; the parser
//! stops at that same fault, so nothing uncounted reaches it.

use crate::error::XmlError;
use crate::limits::Limits;

/// Refuses a text that exceeds the limits, holds a declaration of any kind, or breaks Namespaces in XML
/// where the parser would not notice.
pub(crate) fn scan(text: &str, limits: &Limits) -> Result<(), XmlError> {
    check_characters(text)?;
    let mut rest = text;
    let mut items = 0_usize;
    let mut in_scope = 0_usize;
    // Declarations of each open element.
    let mut open: Vec<usize> = Vec::new();
    while let Some((_, markup)) = rest.split_once('<') {
        items += 1;
        if items > limits.items.saturating_mul(2) {
            return Err(XmlError::TooManyItems(limits.items));
        }
        rest = if let Some(comment) = markup.strip_prefix("!--") {
            after(comment, "-->")?
        } else if let Some(section) = markup.strip_prefix("![CDATA[") {
            after(section, "]]>")?
        } else if markup.starts_with('!') {
            return Err(XmlError::Doctype);
        } else if let Some(instruction) = markup.strip_prefix('?') {
            after(instruction, "?>")?
        } else if let Some(end_tag) = markup.strip_prefix('/') {
            in_scope -= open.pop().unwrap_or_default().min(in_scope);
            after(end_tag, ">")?
        } else {
            let tag = StartTag::scan(markup, limits)?;
            let depth = open.len() + 1;
            if depth > limits.depth {
                return Err(XmlError::TooDeep(limits.depth));
            }
            if in_scope + tag.declarations > limits.declarations_in_scope {
                return Err(XmlError::TooManyDeclarations(limits.declarations_in_scope));
            }
            if !tag.is_empty {
                in_scope += tag.declarations;
                open.push(tag.declarations);
            }
            tag.rest
        };
    }
    Ok(())
}

/// XML 1.0, production 2. The parser checks most places itself; this one leaves none out.
fn check_characters(text: &str) -> Result<(), XmlError> {
    let control = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
    let refused = text.bytes().any(control)
        || (!text.is_ascii() && (text.contains('\u{FFFE}') || text.contains('\u{FFFF}')));
    if refused {
        Err(XmlError::Character)
    } else {
        Ok(())
    }
}

fn after<'t>(text: &'t str, end: &str) -> Result<&'t str, XmlError> {
    text.split_once(end)
        .map(|(_, rest)| rest)
        .ok_or_else(|| XmlError::Malformed(format!("no {end} to the end")))
}

/// What the pass needs to know of a start tag or empty-element tag.
struct StartTag<'t> {
    declarations: usize,
    is_empty: bool,
    rest: &'t str,
}

impl<'t> StartTag<'t> {
    /// Reads from behind the `<`.
    fn scan(markup: &'t str, limits: &Limits) -> Result<Self, XmlError> {
        let name_end = markup
            .find(|c: char| is_space(c) || matches!(c, '/' | '>'))
            .ok_or_else(unclosed)?;
        let (name, mut rest) = markup.split_at(name_end);
        check_name(name)?;
        let (mut attributes, mut declarations) = (0, 0);
        loop {
            let Some(stop) = rest.find(['>', '=', '/']) else {
                return Err(unclosed());
            };
            let (before, at_stop) = rest.split_at(stop);
            if let Some(rest) = at_stop.strip_prefix('>') {
                return Ok(Self {
                    declarations,
                    is_empty: false,
                    rest,
                });
            }
            if let Some(rest) = at_stop.strip_prefix("/>") {
                return Ok(Self {
                    declarations,
                    is_empty: true,
                    rest,
                });
            }
            let Some(value) = at_stop.strip_prefix('=') else {
                return Err(unclosed());
            };
            let (value, tail) = quoted(value)?;
            let name = before.trim_matches(is_space);
            if name == "xmlns" || name.starts_with("xmlns:") {
                declarations += 1;
                check_declaration(name, value)?;
            } else {
                attributes += 1;
                check_name(name)?;
            }
            if attributes > limits.attributes {
                return Err(XmlError::TooManyAttributes(limits.attributes));
            }
            if declarations > limits.declarations {
                return Err(XmlError::TooManyDeclarations(limits.declarations));
            }
            rest = tail;
        }
    }
}

/// The content of a quoted value and what follows it.
fn quoted(text: &str) -> Result<(&str, &str), XmlError> {
    let text = text.trim_start_matches(is_space);
    let (quote, content) = match text.as_bytes().first() {
        Some(b'"') => ('"', text.strip_prefix('"')),
        Some(b'\'') => ('\'', text.strip_prefix('\'')),
        _ => return Err(unclosed()),
    };
    content
        .and_then(|content| content.split_once(quote))
        .ok_or_else(unclosed)
}

/// Namespaces in XML 1.0, section 4: a qualified name holds at most one colon, and not at an end.
fn check_name(name: &str) -> Result<(), XmlError> {
    match name.split_once(':') {
        None => Ok(()),
        Some((prefix, local)) if prefix.is_empty() || local.is_empty() || local.contains(':') => {
            Err(XmlError::Names)
        }
        Some(_) => Ok(()),
    }
}

/// Namespaces in XML 1.0, section 5: a prefix cannot be unbound, and `xmlns:` needs one.
fn check_declaration(name: &str, value: &str) -> Result<(), XmlError> {
    check_name(name)?;
    if name != "xmlns" && value.is_empty() {
        Err(XmlError::Names)
    } else {
        Ok(())
    }
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

fn unclosed() -> XmlError {
    XmlError::Malformed("a tag is broken".to_owned())
}
