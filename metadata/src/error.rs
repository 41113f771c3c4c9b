//! Why a partner's metadata was not taken.

use signet_certs::instant;
use signet_model::{Culprit, MessagePair};
use signet_xml::{KeyRefused, SignatureError, XmlError};
use time::OffsetDateTime;

use crate::endpoint::EndpointFault;

/// A partner's metadata was refused. The partner can mend it, or the admin chose wrongly.
///
/// `Display` is the private detail: it quotes what the document says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// Not XML within the limits, or not the shape of metadata.
    #[error("{0}")]
    Document(#[from] XmlError),
    /// A key to check with was given, and the signature does not hold.
    #[error("{0}")]
    Signature(#[from] SignatureError),
    /// The certificate to check with cannot be used.
    #[error("the certificate to check the metadata with: {0}")]
    CheckingKeyUnusable(KeyRefused),
    /// Another document than metadata.
    #[error("the document is {found}, not SAML or WS-Federation metadata")]
    NotMetadata {
        /// Name of its root element.
        found: String,
    },
    /// More entities than are looked through.
    #[error("the metadata describes more than {limit} entities")]
    TooManyEntities {
        /// The cap.
        limit: usize,
    },
    /// Several entities and none was named.
    #[error("the metadata describes {count} entities; name one of them: {}", .first.join(", "))]
    SeveralEntities {
        /// How many.
        count: usize,
        /// The first of them.
        first: Vec<String>,
    },
    /// The named entity is not there, or nothing is.
    #[error("the metadata does not describe {0:?}")]
    EntityMissing(String),
    /// The named entity is described twice.
    #[error("the metadata describes {0:?} more than once")]
    EntityTwice(String),
    /// An entity id or realm that cannot be one.
    #[error("{0:?} cannot be an identifier")]
    IdentifierUnusable(String),
    /// `validUntil` is past.
    #[error("the metadata expired at {}", instant(*.0))]
    Expired(OffsetDateTime),
    /// Neither a SAML 2.0 service provider nor a WS-Federation relying party.
    #[error("{0:?} is neither a SAML 2.0 service provider nor a WS-Federation relying party")]
    NotARelyingParty(String),
    /// An endpoint that tokens must not be sent to.
    #[error("the endpoint {location:?} is refused: {fault}")]
    EndpointRefused {
        /// The address.
        location: String,
        /// What is wrong with it.
        fault: EndpointFault,
    },
    /// An index that is no number from 0 to 65535.
    #[error("the endpoint index {0:?} is not a number from 0 to 65535")]
    IndexUnusable(String),
    /// Two assertion consumer services with one index.
    #[error("two assertion consumer services have the index {0}")]
    IndexTwice(u16),
    /// More endpoints or keys than any partner has.
    #[error("a role has more than {limit} of {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The cap.
        limit: usize,
    },
    /// No endpoint that an answer could be posted to.
    #[error("{0:?} has no endpoint that takes tokens by HTTP POST")]
    NoUsableEndpoint(String),
}

impl MetadataError {
    /// The two faces of the error.
    pub fn message(&self) -> MessagePair {
        let (code, public, hint) = self.face();
        let culprit = match self {
            Self::CheckingKeyUnusable(_)
            | Self::SeveralEntities { .. }
            | Self::EntityMissing(_) => Culprit::Operator,
            _ => Culprit::RelyingParty,
        };
        MessagePair {
            code,
            culprit,
            public,
            hint,
            private: self.to_string(),
        }
    }

    fn face(&self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Document(error) => (
                error.code(),
                "The metadata document cannot be read.",
                "Check that the file or address is the partner's metadata and not a web page.",
            ),
            Self::Signature(error) => (
                error.code(),
                "The signature of the metadata does not hold.",
                "Ask the partner for the certificate that signs the metadata, and fetch the document again.",
            ),
            Self::CheckingKeyUnusable(error) => (
                error.code(),
                "The certificate for checking the metadata cannot be used.",
                "Give the certificate of the key that signs the metadata: RSA of 2048 bits or more, or ECDSA.",
            ),
            Self::NotMetadata { .. } => (
                "SIG-METADATA-OTHER-DOCUMENT",
                "The document is not metadata.",
                "Ask the partner for its SAML 2.0 or WS-Federation metadata.",
            ),
            Self::TooManyEntities { .. } => (
                "SIG-METADATA-TOO-MANY-ENTITIES",
                "The metadata describes too many partners.",
                "Ask for the partner's own metadata instead of the whole federation's.",
            ),
            Self::SeveralEntities { .. } => (
                "SIG-METADATA-SEVERAL-ENTITIES",
                "The metadata describes several partners.",
                "Say which one by its entity id.",
            ),
            Self::EntityMissing(_) => (
                "SIG-METADATA-ENTITY-MISSING",
                "The metadata does not describe this partner.",
                "Check the entity id; it is compared character by character.",
            ),
            Self::EntityTwice(_) => (
                "SIG-METADATA-ENTITY-TWICE",
                "The metadata describes this partner twice.",
                "Ask the publisher of the metadata to remove one of the two.",
            ),
            Self::IdentifierUnusable(_) => (
                "SIG-METADATA-IDENTIFIER",
                "The partner's identifier cannot be used.",
                "An identifier is a URI of at most 1024 characters without white space.",
            ),
            Self::Expired(_) => (
                "SIG-METADATA-EXPIRED",
                "The metadata is out of date.",
                "Fetch it again; if it still is, ask the partner to publish it anew.",
            ),
            Self::NotARelyingParty(_) => (
                "SIG-METADATA-NO-ROLE",
                "The metadata does not describe an application that takes tokens.",
                "Ask for the metadata of the service provider, not of an identity provider.",
            ),
            Self::EndpointRefused { .. } => (
                "SIG-METADATA-ENDPOINT",
                "The partner names an address that tokens must not be sent to.",
                "Ask the partner to use https addresses; plain http can be allowed for this partner alone.",
            ),
            Self::IndexUnusable(_) | Self::IndexTwice(_) => (
                "SIG-METADATA-INDEX",
                "The partner's endpoints are numbered wrongly.",
                "Ask the partner to give each assertion consumer service a number of its own.",
            ),
            Self::TooMany { .. } => (
                "SIG-METADATA-TOO-MANY",
                "The metadata is larger than any partner needs.",
                "Ask the partner for a smaller document.",
            ),
            Self::NoUsableEndpoint(_) => (
                "SIG-METADATA-NO-ENDPOINT",
                "The partner has no address that takes tokens by a form post.",
                "Ask the partner to add an assertion consumer service with the HTTP-POST binding.",
            ),
        }
    }
}
