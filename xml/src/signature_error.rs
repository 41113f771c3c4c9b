//! Why a signature was refused.

use crate::error::XmlError;

/// A signature was refused. The sender is at fault, or the keys pinned for him are out of date.
///
/// `Display` is for the log: it may quote what the sender chose. A page shows the code only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The document is not what was expected, signed or not.
    #[error("{0}")]
    Document(#[from] XmlError),
    /// There is no signature at all.
    #[error("the document is not signed")]
    NotSigned,
    /// There are signatures, but none is a child of the element to verify.
    #[error("the signature is not a child of the element that it should cover")]
    SignatureElsewhere,
    /// More than one signature.
    #[error("more than one signature")]
    SecondSignature,
    /// The element to verify occurs a second time somewhere.
    #[error("a second element of the name that is verified")]
    SecondElement,
    /// The element to verify has no ID.
    #[error("the signed element has no ID")]
    MissingId,
    /// Two attributes that name elements have the same value.
    #[error("two elements have the same ID")]
    DuplicateId,
    /// A namespace name is a relative reference.
    #[error("a namespace name is relative")]
    RelativeNamespace,
    /// A part of the signature, named here, is missing, doubled, out of order or has content it must not have.
    #[error("the signature has another shape than SAML allows: {0}")]
    Shape(&'static str),
    /// The reference names something else than the element to verify.
    #[error("the signature refers to another element than the one it stands in")]
    OtherElementReferenced,
    /// Other transforms than enveloped-signature and exclusive canonicalization.
    #[error("transforms other than enveloped-signature and exclusive canonicalization")]
    Transforms,
    /// An algorithm that is unknown, or that this partner may not use.
    #[error("algorithm {0} is not accepted")]
    AlgorithmRefused(String),
    /// No key is pinned for the sender: nothing can be verified.
    #[error("no key is known for the sender")]
    NoKeys,
    /// No pinned key made this signature.
    #[error("none of the {keys} known keys made this signature")]
    OtherKey {
        /// How many keys were tried.
        keys: usize,
    },
    /// A pinned key made the signature, but the content is not what it covered.
    #[error("the content was changed after it was signed")]
    Changed,
    /// The content has no canonical form.
    #[error("the signed content cannot be canonicalized")]
    Canonicalization,
}

impl SignatureError {
    /// A stable code that admins search for.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Document(error) => error.code(),
            Self::NotSigned => "SIG-SIGNATURE-MISSING",
            Self::SignatureElsewhere => "SIG-SIGNATURE-ELSEWHERE",
            Self::SecondSignature => "SIG-SIGNATURE-SECOND",
            Self::SecondElement => "SIG-SIGNATURE-SECOND-ELEMENT",
            Self::MissingId => "SIG-SIGNATURE-MISSING-ID",
            Self::DuplicateId => "SIG-SIGNATURE-DUPLICATE-ID",
            Self::RelativeNamespace => "SIG-SIGNATURE-RELATIVE-NAMESPACE",
            Self::Shape(_) => "SIG-SIGNATURE-SHAPE",
            Self::OtherElementReferenced => "SIG-SIGNATURE-OTHER-ELEMENT",
            Self::Transforms => "SIG-SIGNATURE-TRANSFORMS",
            Self::AlgorithmRefused(_) => "SIG-SIGNATURE-ALGORITHM",
            Self::NoKeys => "SIG-SIGNATURE-NO-KEYS",
            Self::OtherKey { .. } => "SIG-SIGNATURE-OTHER-KEY",
            Self::Changed => "SIG-SIGNATURE-CHANGED",
            Self::Canonicalization => "SIG-SIGNATURE-CANONICALIZATION",
        }
    }
}
