//! The current key as a maker of signatures, and the count of what it made.

use std::sync::atomic::{AtomicU64, Ordering};

use signet_certs::SigningKey;
use signet_xml::{Algorithm, SignatureMaker, SigningFailed};

/// What a signature is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The signature that makes a token a token: of the assertion, or of the only signed message around it.
    Token,
    /// A second one, of the response around a signed assertion.
    Response,
    /// A logout message.
    Logout,
    /// Metadata.
    Metadata,
}

/// Signatures made since the start (KEY-07): `tokens` and `token_signatures` are equal at rest, and so is
/// the number of audit rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignatureCounts {
    /// Tokens given out.
    pub tokens: u64,
    /// Signatures that make a token: one each.
    pub token_signatures: u64,
    /// Second signatures, of responses around signed assertions.
    pub response_signatures: u64,
    /// Signatures of logout messages.
    pub logout_signatures: u64,
    /// Signatures of metadata.
    pub metadata_signatures: u64,
}

impl SignatureCounts {
    /// Every use of the private key.
    pub fn signatures(&self) -> u64 {
        self.token_signatures
            + self.response_signatures
            + self.logout_signatures
            + self.metadata_signatures
    }
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    tokens: AtomicU64,
    token_signatures: AtomicU64,
    response_signatures: AtomicU64,
    logout_signatures: AtomicU64,
    metadata_signatures: AtomicU64,
}

impl Counters {
    pub(super) fn count_token(&self) {
        self.tokens.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> SignatureCounts {
        SignatureCounts {
            tokens: self.tokens.load(Ordering::Relaxed),
            token_signatures: self.token_signatures.load(Ordering::Relaxed),
            response_signatures: self.response_signatures.load(Ordering::Relaxed),
            logout_signatures: self.logout_signatures.load(Ordering::Relaxed),
            metadata_signatures: self.metadata_signatures.load(Ordering::Relaxed),
        }
    }

    fn count(&self, kind: Kind) {
        let counter = match kind {
            Kind::Token => &self.token_signatures,
            Kind::Response => &self.response_signatures,
            Kind::Logout => &self.logout_signatures,
            Kind::Metadata => &self.metadata_signatures,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// A key that counts what it signs, and for what.
pub(super) struct RingKey<'a> {
    key: &'a SigningKey,
    counters: &'a Counters,
    kind: Kind,
}

impl<'a> RingKey<'a> {
    pub(super) fn new(key: &'a SigningKey, counters: &'a Counters, kind: Kind) -> Self {
        Self {
            key,
            counters,
            kind,
        }
    }
}

impl SignatureMaker for RingKey<'_> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the signer: it signs only what the modules beside this one wrote"
    )]
    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        let signature = match algorithm {
            Algorithm::RsaSha256 => self.key.sign_sha256(message),
            Algorithm::RsaSha1 => self.key.sign_sha1(message),
        };
        let signature = signature.map_err(|failed| SigningFailed::key(failed.to_string()))?;
        self.counters.count(self.kind);
        Ok(signature)
    }

    fn certificate_base64(&self) -> &str {
        self.key.certificate_base64()
    }
}
