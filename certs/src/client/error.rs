//! What makes a certificate unreadable, before anything is judged.

/// Not a certificate that can be used for signing people in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// Larger than any certificate of a person.
    #[error("the certificate has {length} bytes")]
    TooLarge {
        /// Its length.
        length: usize,
    },
    /// Not one X.509 certificate.
    #[error("these bytes are not one X.509 certificate")]
    NotACertificate,
    /// A part of it is damaged, ambiguous or beyond all measure.
    #[error("the certificate's {0} cannot be read")]
    Part(&'static str),
    /// A header that should carry one does not.
    #[error("the header is not in the form {0}")]
    Header(&'static str),
}
