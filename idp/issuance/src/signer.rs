//! The one place where the token-signing key is used.
//!
//! The signer takes typed requests, writes the document itself and signs what it wrote. No caller hands
//! it octets, so it can move behind a process boundary or into a hardware module without a caller
//! changing, and nobody can have a forged token signed. The raw signing functions of
//! [`signet_certs::SigningKey`] are fenced by clippy everywhere else.
//!
//! A fault in the RSA computation cannot leak the key (KEY-11): AWS-LC checks each result with the public
//! key before it gives it out.

mod attributes;
mod encryption;
mod keys;
mod logout;
mod metadata;
mod names;
mod redirect;
mod response;
mod rstr;
mod saml11;
mod saml20;
mod status;
mod token;

use std::sync::Arc;

use arc_swap::ArcSwap;
use signet_certs::KeyRing;
use signet_model::relying_party::{SignatureAlgorithm, TokenType};
use signet_model::{Culprit, MessagePair};
use signet_xml::{SigningFailed, Writer, sign_element};
use thiserror::Error;
use time::OffsetDateTime;

pub use keys::SignatureCounts;
use keys::{Counters, Kind, RingKey};
pub use logout::{LogoutMessage, LogoutRequest, LogoutResponse, SignedMessage};
pub use metadata::UnsignedMetadata;
pub use redirect::SignedRedirect;
pub use rstr::wrap_in_rstr;
pub use status::{ErrorResponse, UnsignedMessage, write_error_response};
pub use token::{SignedResponse, SignedToken};
use token::{Times, sha256_hex};

use crate::audit::AuditFacts;
use crate::id::{RandomnessFailed, fresh_id};
use crate::release::{PermittedRelease, TokenContent};

/// Signs tokens, protocol messages and metadata with the current key of its ring.
///
/// Share it by reference; a new ring takes effect with the next signature.
#[derive(Debug)]
pub struct Signer {
    ring: ArcSwap<KeyRing>,
    counters: Counters,
}

/// Nothing was signed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignerError {
    /// The key refused, or a position was wrong.
    #[error(transparent)]
    Signing(#[from] SigningFailed),
    /// The assertion could not be encrypted for the relying party.
    #[error("the assertion could not be encrypted for {relying_party}: {detail}")]
    Encryption {
        /// Display name.
        relying_party: String,
        /// Why.
        detail: String,
    },
    /// No random identifier could be made.
    #[error(transparent)]
    Randomness(#[from] RandomnessFailed),
    /// The release is for another token type than the answer needs.
    #[error("a SAML 2.0 response cannot carry a {0:?} token")]
    TokenType(TokenType),
    /// What was given as metadata is not an `EntityDescriptor` with that `ID`.
    #[error("not an EntityDescriptor to sign: {0}")]
    NotMetadata(String),
    /// The message could not be compressed for the redirect binding.
    #[error("the message could not be compressed: {0}")]
    Compression(String),
}

impl SignerError {
    /// The two faces of the error.
    pub fn message(&self) -> MessagePair {
        let (code, culprit) = match self {
            Self::Signing(failed) => (failed.code(), Culprit::Us),
            Self::Encryption { .. } => ("SIG-SIGN-ENCRYPTION", Culprit::Operator),
            Self::Randomness(_) => ("SIG-SIGN-RANDOM", Culprit::Us),
            Self::TokenType(_) => ("SIG-SIGN-TOKEN-TYPE", Culprit::Us),
            Self::NotMetadata(_) => ("SIG-SIGN-METADATA", Culprit::Us),
            Self::Compression(_) => ("SIG-SIGN-COMPRESSION", Culprit::Us),
        };
        MessagePair {
            code,
            culprit,
            public: "The sign-in could not be completed.",
            hint: "Try again. If it happens again, tell your administrator the activity id below.",
            private: self.to_string(),
        }
    }
}

impl Signer {
    /// A signer that signs with `ring`'s current key.
    pub fn new(ring: KeyRing) -> Self {
        Self {
            ring: ArcSwap::from_pointee(ring),
            counters: Counters::default(),
        }
    }

    /// Takes another ring: after a promotion, an import or a reload.
    pub fn replace_keys(&self, ring: KeyRing) {
        self.ring.store(Arc::new(ring));
    }

    /// The keys in use: their certificates are published.
    pub fn keys(&self) -> Arc<KeyRing> {
        self.ring.load_full()
    }

    /// How many signatures were made since the start, by kind (KEY-07).
    pub fn counts(&self) -> SignatureCounts {
        self.counters.read()
    }

    /// Writes and signs the assertion alone, as WS-Federation carries it, and encrypts it where the relying party
    /// has a certificate for that.
    ///
    /// # Errors
    /// [`SignerError::Signing`], [`SignerError::Encryption`], [`SignerError::Randomness`].
    pub fn sign_token(
        &self,
        release: &PermittedRelease,
        now: OffsetDateTime,
    ) -> Result<SignedToken, SignerError> {
        let content = release.content();
        let ring = self.ring.load();
        let key = RingKey::new(ring.current(), &self.counters, Kind::Token);
        let id = fresh_id()?;
        let times = Times::of(content, now);
        let mut out = Writer::with_capacity(8192);
        let (element, signature_at) = match content.terms.token_type {
            TokenType::Saml11 => saml11::write_assertion(&mut out, content, &id, &times),
            TokenType::Saml20 => saml20::write_assertion(&mut out, content, &id, &times),
        };
        let mut xml = out.finish();
        let algorithm = algorithm_of(content.terms.algorithm);
        sign_element(&mut xml, element, signature_at, &id, &[], algorithm, &key)?;

        let encryption = content.terms.encryption.as_ref();
        let facts = self.facts(content, &ring, &id, &xml, now, encryption.is_some());
        if let Some((certificate, algorithm)) = encryption {
            xml = encryption::encrypt(content, &xml, certificate, *algorithm)?;
        }
        self.counters.count_token();
        Ok(SignedToken {
            session_index: (content.terms.token_type == TokenType::Saml20)
                .then(|| content.session_index.clone()),
            id,
            xml,
            token_type: content.terms.token_type,
            issuer: content.issuer.clone(),
            audience: content.audience.clone(),
            issued_at: now,
            not_on_or_after: times.ends_at,
            name_id: content.name_id.clone(),
            facts,
        })
    }

    fn facts(
        &self,
        content: &TokenContent,
        ring: &KeyRing,
        token_id: &str,
        signed: &str,
        now: OffsetDateTime,
        encrypted: bool,
    ) -> AuditFacts {
        let mut claim_types: Vec<String> = Vec::new();
        for claim in &content.claims {
            if claim_types
                .last()
                .is_none_or(|last| **last != *claim.claim_type)
                && !claim_types.iter().any(|known| **known == *claim.claim_type)
            {
                claim_types.push(claim.claim_type.to_string());
            }
        }
        AuditFacts {
            token_id: token_id.to_owned(),
            token_sha256: sha256_hex(signed.as_bytes()),
            token_type: content.terms.token_type,
            protocol: content.protocol,
            relying_party: content.relying_party,
            relying_party_name: content.relying_party_name.clone(),
            audience: content.audience.clone(),
            reply_to: content.reply_to.clone(),
            issuer: content.issuer.clone(),
            account: content.account,
            account_name: content.account_name.clone(),
            name_id_format: content.name_id.as_ref().and_then(|one| one.format.clone()),
            claim_types,
            refused_claims: content.refused_claims.clone(),
            methods: content.evidence.performed().map(|one| one.method).collect(),
            authenticated_at: content.authentication_instant(),
            issued_at: now,
            algorithm: content.terms.algorithm,
            signing_thumbprint: ring.current().thumbprint().sha1().to_owned(),
            encrypted,
            rules_summary: content.rules_summary.clone(),
        }
    }
}

/// The model's word in the XML room's.
fn algorithm_of(algorithm: SignatureAlgorithm) -> signet_xml::Algorithm {
    match algorithm {
        SignatureAlgorithm::RsaSha256 => signet_xml::Algorithm::RsaSha256,
        SignatureAlgorithm::RsaSha1 => signet_xml::Algorithm::RsaSha1,
    }
}
