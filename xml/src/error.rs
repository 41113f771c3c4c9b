//! Why bytes were not read as the document they should be.

/// A document was refused, or did not hold what a reader asked of it. The sender is at fault.
///
/// `Display` is for the log: it may quote names that the sender chose. A page shows the code only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlError {
    /// More bytes than the limits allow.
    #[error("the document has {bytes} bytes, more than {limit}")]
    TooLarge {
        /// Bytes received.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Elements nested too deeply.
    #[error("elements are nested deeper than {0}")]
    TooDeep(usize),
    /// Too many attributes on one element.
    #[error("an element has more than {0} attributes")]
    TooManyAttributes(usize),
    /// Too many namespace declarations on one element or in force at one place.
    #[error("more than {0} namespace declarations")]
    TooManyDeclarations(usize),
    /// Too many elements, comments and the like.
    #[error("the document has more than {0} elements and comments")]
    TooManyItems(usize),
    /// A document type declaration, or anything else that begins with `<!` and is neither comment nor CDATA.
    #[error("a document type declaration")]
    Doctype,
    /// Not UTF-8.
    #[error("the document is not UTF-8")]
    NotUtf8,
    /// A byte order mark where none is accepted.
    #[error("the document begins with a byte order mark")]
    ByteOrderMark,
    /// The XML declaration names another encoding than UTF-8.
    #[error("the document declares another encoding than UTF-8")]
    Encoding,
    /// The XML declaration names another version than 1.0.
    #[error("the document declares another version than XML 1.0")]
    Version,
    /// A character that XML 1.0 cannot carry.
    #[error("a character that XML cannot carry")]
    Character,
    /// A name with more than one colon or with one at its end, or a prefix bound to nothing.
    #[error("a name or namespace declaration that breaks Namespaces in XML")]
    Names,
    /// Not well-formed.
    #[error("not well-formed: {0}")]
    Malformed(String),
    /// The document element, or an element, has another name than expected.
    #[error("element {found}, expected {expected}")]
    UnexpectedElement {
        /// What was expected.
        expected: String,
        /// What was there.
        found: String,
    },
    /// A child element is missing.
    #[error("{parent} has no {child}")]
    MissingChild {
        /// The element looked into.
        parent: String,
        /// The element looked for.
        child: String,
    },
    /// A child element that may stand once stands twice.
    #[error("{parent} has more than one {child}")]
    RepeatedChild {
        /// The element looked into.
        parent: String,
        /// The element looked for.
        child: String,
    },
    /// An attribute is missing.
    #[error("{element} has no attribute {attribute}")]
    MissingAttribute {
        /// The element looked at.
        element: String,
        /// The attribute looked for.
        attribute: String,
    },
    /// A comment, processing instruction or element where only text may stand.
    #[error("{0} holds something else than text")]
    MarkupInText(String),
    /// A qualified name in a value uses a prefix that is not declared.
    #[error("the prefix of {0} is not declared")]
    UnknownPrefix(String),
    /// Not an instant as SAML writes it.
    #[error("not an instant: {0}")]
    Instant(String),
    /// Not a duration, or one beyond reason.
    #[error("not a duration: {0}")]
    Duration(String),
}

impl XmlError {
    /// A stable code that admins search for.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "SIG-XML-TOO-LARGE",
            Self::TooDeep(_) => "SIG-XML-TOO-DEEP",
            Self::TooManyAttributes(_) => "SIG-XML-TOO-MANY-ATTRIBUTES",
            Self::TooManyDeclarations(_) => "SIG-XML-TOO-MANY-DECLARATIONS",
            Self::TooManyItems(_) => "SIG-XML-TOO-MANY-ITEMS",
            Self::Doctype => "SIG-XML-DOCTYPE",
            Self::NotUtf8 => "SIG-XML-NOT-UTF8",
            Self::ByteOrderMark => "SIG-XML-BYTE-ORDER-MARK",
            Self::Encoding => "SIG-XML-ENCODING",
            Self::Version => "SIG-XML-VERSION",
            Self::Character => "SIG-XML-CHARACTER",
            Self::Names => "SIG-XML-NAMES",
            Self::Malformed(_) => "SIG-XML-MALFORMED",
            Self::UnexpectedElement { .. } => "SIG-XML-UNEXPECTED-ELEMENT",
            Self::MissingChild { .. } => "SIG-XML-MISSING-CHILD",
            Self::RepeatedChild { .. } => "SIG-XML-REPEATED-CHILD",
            Self::MissingAttribute { .. } => "SIG-XML-MISSING-ATTRIBUTE",
            Self::MarkupInText(_) => "SIG-XML-MARKUP-IN-TEXT",
            Self::UnknownPrefix(_) => "SIG-XML-UNKNOWN-PREFIX",
            Self::Instant(_) => "SIG-XML-INSTANT",
            Self::Duration(_) => "SIG-XML-DURATION",
        }
    }
}

/// The beginning of a sender's text, short enough for a log line.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 120;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
