//! One linear pass over the text before a tree is built: the caps of [`Limits`], what the parser lets by,
//! and the normalisation of attribute values, which the parser leaves out.
//!
//! It cuts the text into tags, comments, processing instructions and CDATA sections as the grammar of
//! XML 1.0 does. On a text that is not well-formed it may count wrongly from the fault on; the parser
//! stops at that same fault, so nothing uncounted reaches it.

use std::borrow::Cow;

use crate::error::XmlError;
use crate::limits::Limits;

/// Refuses a text that exceeds the limits, holds a declaration of any kind, or breaks Namespaces in XML
/// where the parser would not notice. Returns the text with its attribute values normalised.
pub(crate) fn scan<'t>(text: &'t str, limits: &Limits) -> Result<Cow<'t, str>, XmlError> {
    check_characters(text)?;
    let mut normalised = Normalised::new(text);
    let mut rest = text;
    let mut items = 0_usize;
    let mut in_scope = 0_usize;
    // Declarations of each open element.
    let mut open: Vec<usize> = Vec::new();
    while let Some((_, markup)) = rest.split_once('<') {
        if !markup.starts_with('/') {
            items += 1;
        }
        if items > limits.items {
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
            let tag = StartTag::scan(markup, limits, &mut normalised)?;
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
    Ok(normalised.finish())
}

/// The text with tabs and line ends in attribute values as spaces (XML 1.0, sections 2.11 and 3.3.3).
///
/// Copied only where a value needs it: partners break `xsi:schemaLocation` into lines, and a signature
/// covers the normalised value.
struct Normalised<'t> {
    text: &'t str,
    /// What was rewritten so far, up to `done` of `text`.
    rewritten: String,
    done: usize,
}

impl<'t> Normalised<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            rewritten: String::new(),
            done: 0,
        }
    }

    /// Takes note of a value; `rest` is the text from behind the value to the end.
    fn value(&mut self, value: &str, rest: &str) {
        if !value.contains(['\t', '\n', '\r']) {
            return;
        }
        // `rest` starts with the closing quote.
        let end = self.text.len() - rest.len();
        let before = self
            .text
            .get(self.done..end - value.len())
            .unwrap_or_default();
        self.rewritten.push_str(before);
        self.rewritten
            .push_str(&value.replace("\r\n", " ").replace(['\t', '\n', '\r'], " "));
        self.done = end;
    }

    fn finish(mut self) -> Cow<'t, str> {
        if self.done == 0 {
            return Cow::Borrowed(self.text);
        }
        self.rewritten
            .push_str(self.text.get(self.done..).unwrap_or_default());
        Cow::Owned(self.rewritten)
    }
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
    fn scan(
        markup: &'t str,
        limits: &Limits,
        normalised: &mut Normalised<'t>,
    ) -> Result<Self, XmlError> {
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
            let (value, closing) = quoted(value)?;
            normalised.value(value, closing);
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
            // Behind the quote, one byte long.
            rest = closing.get(1..).unwrap_or_default();
        }
    }
}

/// The content of a quoted value, and the text from its closing quote on.
fn quoted(text: &str) -> Result<(&str, &str), XmlError> {
    let text = text.trim_start_matches(is_space);
    let (quote, content) = match text.as_bytes().first() {
        Some(b'"') => ('"', text.strip_prefix('"')),
        Some(b'\'') => ('\'', text.strip_prefix('\'')),
        _ => return Err(unclosed()),
    };
    content
        .and_then(|content| content.split_at_checked(content.find(quote)?))
        .ok_or_else(unclosed)
}

/// Namespaces in XML 1.0, sections 3 and 4: a qualified name holds at most one colon, not at an end, and
/// no element has the prefix `xmlns`.
fn check_name(name: &str) -> Result<(), XmlError> {
    let Some((prefix, local)) = name.split_once(':') else {
        return Ok(());
    };
    let broken = prefix.is_empty() || local.is_empty() || local.contains(':') || prefix == "xmlns";
    if broken { Err(XmlError::Names) } else { Ok(()) }
}

/// Namespaces in XML 1.0, section 5: a prefix cannot be unbound, and `xmlns:` needs one.
fn check_declaration(name: &str, value: &str) -> Result<(), XmlError> {
    let Some((_, prefix)) = name.split_once(':') else {
        return Ok(());
    };
    let broken = prefix.is_empty() || prefix.contains(':') || value.is_empty();
    if broken { Err(XmlError::Names) } else { Ok(()) }
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

fn unclosed() -> XmlError {
    XmlError::Malformed("a tag is broken".to_owned())
}
