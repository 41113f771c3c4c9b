//! The reader: bytes of a stranger become a tree, or a reason why not.

use std::borrow::Cow;
use std::fmt;

use uppsala::{NodeId, Parser};

use crate::element::Element;
use crate::error::{XmlError, excerpt};
use crate::limits::Limits;
use crate::scan::scan;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads a document of a stranger.
///
/// `bytes` must be UTF-8 and hold one element; a document type declaration is refused before a tree is
/// built, as is anything beyond `limits`. Takes about 2 ns a byte, and never more than a few
/// milliseconds for [`Limits::ANONYMOUS`].
pub fn read(bytes: &[u8], limits: Limits) -> Result<Document<'_>, XmlError> {
    if bytes.len() > limits.bytes {
        return Err(XmlError::TooLarge {
            bytes: bytes.len(),
            limit: limits.bytes,
        });
    }
    let bytes = match bytes.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) if limits.byte_order_mark => rest,
        Some(_) => return Err(XmlError::ByteOrderMark),
        None => bytes,
    };
    let text = std::str::from_utf8(bytes).map_err(|_| XmlError::NotUtf8)?;
    if text.starts_with('\u{FEFF}') {
        return Err(XmlError::ByteOrderMark);
    }
    let parser = Parser::new()
        .with_forbid_dtd(true)
        .with_forbid_entities(true)
        .with_max_depth(u32::try_from(limits.depth).unwrap_or(u32::MAX));
    let malformed = |error: uppsala::XmlError| XmlError::Malformed(excerpt(&error.to_string()));
    let tree = match scan(text, &limits)? {
        Cow::Borrowed(text) => parser.parse(text).map_err(malformed)?,
        Cow::Owned(text) => parser.parse(&text).map_err(malformed)?.into_static(),
    };
    if let Some(declaration) = &tree.xml_declaration {
        if declaration.version != "1.0" {
            return Err(XmlError::Version);
        }
        if !declaration
            .encoding
            .as_deref()
            .is_none_or(|name| name.eq_ignore_ascii_case("utf-8"))
        {
            return Err(XmlError::Encoding);
        }
    }
    let root = tree
        .document_element()
        .ok_or(XmlError::Malformed("no element".to_owned()))?;
    Ok(Document { tree, root })
}

/// A well-formed document within the limits. Nothing is known about who wrote it.
///
/// To read what somebody signed, take it from [`crate::Verified`], never from [`Document::root`].
pub struct Document<'x> {
    tree: uppsala::Document<'x>,
    root: NodeId,
}

impl Document<'_> {
    /// The document element, as *anybody* may have written it.
    ///
    /// For documents that are not signed, and for finding out whose keys to verify with.
    pub fn root(&self) -> Element<'_> {
        Element::of(&self.tree, self.root)
    }

    /// The tree of the parser, for the verifier.
    pub(crate) fn tree(&self) -> &uppsala::Document<'_> {
        &self.tree
    }
}

/// Shows the name of its element only: messages do not belong in logs.
impl fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({})", self.root().label())
    }
}
