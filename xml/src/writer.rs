//! The writer whose output is its own exclusive canonical form.
//!
//! Exclusive canonicalization would change nothing in what it writes, so a signer may hash the bytes
//! as they stand. The rules behind that (Exclusive XML Canonicalization 1.0, section 3; Canonical XML
//! 1.0, section 2.3):
//! - every element and namespaced attribute carries a prefix, and `xmlns:p` stands on the first element
//!   that visibly uses `p`, sorted by prefix, before the attributes;
//! - attributes without a namespace come first, by name, then the others by namespace and local part;
//! - no comments, processing instructions, CDATA, XML declaration or empty-element tags;
//! - values are escaped by [`crate::escape`]; characters that XML cannot carry are dropped and counted.
//!
//! What the caller keeps: an element that is signed by itself must be written as if it were the
//! document element, so no element around it may use one of its prefixes.

use std::ops::Range;

use crate::canonical_xml::CanonicalXml;
use crate::escape::{push_attribute, push_text};
use crate::name::Name;

/// Writes one document, element by element.
#[derive(Debug, Default)]
pub struct Writer {
    out: String,
    open: Vec<OpenElement>,
    /// Prefixes in force, innermost last.
    scope: Vec<(&'static str, &'static str)>,
    /// The start tag being written, until content or the end closes it.
    tag: Option<PendingTag>,
    /// Escaped values of the pending attributes, one after the other.
    values: String,
    attributes: Vec<PendingAttribute>,
    dropped: usize,
}

#[derive(Debug)]
struct OpenElement {
    name: Name,
    scope_before: usize,
}

#[derive(Clone, Copy, Debug)]
struct PendingTag {
    /// Where this element's own declarations begin in `scope`.
    declarations: usize,
}

#[derive(Debug)]
struct PendingAttribute {
    uri: &'static str,
    local: &'static str,
    prefix: &'static str,
    value: Range<usize>,
}

impl Writer {
    /// An empty document.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty document with room for `bytes`.
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            out: String::with_capacity(bytes),
            ..Self::default()
        }
    }

    /// Opens an element.
    pub fn start(&mut self, name: Name) -> &mut Self {
        self.close_tag();
        let scope_before = self.scope.len();
        self.out.push('<');
        push_qualified(&mut self.out, name.prefix, name.local);
        self.open.push(OpenElement { name, scope_before });
        self.tag = Some(PendingTag {
            declarations: scope_before,
        });
        self.use_prefix(name.prefix, name.uri);
        self
    }

    /// Adds an attribute without a namespace to the element just opened.
    pub fn attribute(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.push_pending("", "", name, value);
        self
    }

    /// Adds an attribute with a namespace (`xsi:type`, `xml:lang`, `wsu:Id`) to the element just opened.
    pub fn attribute_ns(&mut self, name: Name, value: &str) -> &mut Self {
        self.use_prefix(name.prefix, name.uri);
        self.push_pending(name.prefix, name.uri, name.local, value);
        self
    }

    /// Declares a prefix on the element just opened although nothing there visibly uses it, as the
    /// value of an `xsi:type` needs.
    ///
    /// Exclusive canonicalization drops such a declaration unless the prefix is listed: give it to
    /// [`crate::sign_element`] as an inclusive prefix.
    pub fn declare(&mut self, prefix: &'static str, uri: &'static str) -> &mut Self {
        self.use_prefix(prefix, uri);
        self
    }

    /// Writes character data.
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.close_tag();
        self.dropped += push_text(&mut self.out, value);
        self
    }

    /// Writes a whole element that holds only `text`.
    pub fn element(&mut self, name: Name, text: &str) -> &mut Self {
        self.start(name).text(text).end()
    }

    /// Closes the innermost open element.
    pub fn end(&mut self) -> &mut Self {
        self.close_tag();
        debug_assert!(!self.open.is_empty(), "end without start");
        if let Some(element) = self.open.pop() {
            self.scope.truncate(element.scope_before);
            self.out.push_str("</");
            push_qualified(&mut self.out, element.name.prefix, element.name.local);
            self.out.push('>');
        }
        self
    }

    /// Puts a finished piece here: a signed assertion into its response, say.
    ///
    /// The piece declares its own prefixes. The elements around it must not use any of them, or the
    /// document that holds the piece would no longer be canonical.
    pub fn splice(&mut self, piece: &CanonicalXml) -> &mut Self {
        self.close_tag();
        self.out.push_str(piece);
        self
    }

    /// The position in bytes where the next thing will be written, for [`crate::sign_element`].
    ///
    /// Before `start` it is where that element begins, after `end` where it is over.
    pub fn mark(&mut self) -> usize {
        self.close_tag();
        self.out.len()
    }

    /// How many characters were dropped so far because XML 1.0 cannot carry them.
    pub fn dropped_characters(&self) -> usize {
        self.dropped
    }

    /// The document; elements still open are closed.
    pub fn finish(mut self) -> CanonicalXml {
        debug_assert!(self.open.is_empty(), "an element is still open");
        while !self.open.is_empty() {
            self.end();
        }
        CanonicalXml::written(self.out)
    }

    /// Declares `prefix` on the element just opened unless it is already in force.
    fn use_prefix(&mut self, prefix: &'static str, uri: &'static str) {
        debug_assert!(!prefix.is_empty(), "every name is written with a prefix");
        debug_assert!(self.tag.is_some(), "no element is being opened");
        // The prefix xml is bound by definition and never declared.
        if prefix == "xml" {
            return;
        }
        match self.scope.iter().rev().find(|(known, _)| *known == prefix) {
            Some((_, bound)) => debug_assert!(*bound == uri, "prefix {prefix} stands for {bound}"),
            None => self.scope.push((prefix, uri)),
        }
    }

    fn push_pending(
        &mut self,
        prefix: &'static str,
        uri: &'static str,
        local: &'static str,
        value: &str,
    ) {
        debug_assert!(self.tag.is_some(), "no element is being opened");
        debug_assert!(
            !self
                .attributes
                .iter()
                .any(|known| known.uri == uri && known.local == local),
            "attribute {local} twice"
        );
        let from = self.values.len();
        self.dropped += push_attribute(&mut self.values, value);
        self.attributes.push(PendingAttribute {
            uri,
            local,
            prefix,
            value: from..self.values.len(),
        });
    }

    fn close_tag(&mut self) {
        let Some(tag) = self.tag.take() else { return };
        if let Some(declared) = self.scope.get_mut(tag.declarations..) {
            declared.sort_unstable();
            for (prefix, uri) in declared.iter() {
                self.out.push_str(" xmlns:");
                self.out.push_str(prefix);
                self.out.push_str("=\"");
                push_attribute(&mut self.out, uri);
                self.out.push('"');
            }
        }
        self.attributes
            .sort_unstable_by_key(|attribute| (attribute.uri, attribute.local));
        for attribute in self.attributes.drain(..) {
            self.out.push(' ');
            push_qualified(&mut self.out, attribute.prefix, attribute.local);
            self.out.push_str("=\"");
            self.out
                .push_str(self.values.get(attribute.value).unwrap_or_default());
            self.out.push('"');
        }
        self.values.clear();
        self.out.push('>');
    }
}

fn push_qualified(out: &mut String, prefix: &str, local: &str) {
    if !prefix.is_empty() {
        out.push_str(prefix);
        out.push(':');
    }
    out.push_str(local);
}
