//! The keys of the service: one signs, one is announced, some are still published.

use std::sync::Arc;

use crate::error::CertError;
use crate::facts::CertificateFacts;
use crate::signing_key::SigningKey;

/// Current, next and retired token-signing keys. Immutable: a change makes a new ring.
///
/// Retired keys are certificates only: nothing signs with them, metadata still lists them while tokens live.
#[derive(Clone, Debug)]
pub struct KeyRing {
    current: Arc<SigningKey>,
    next: Option<Arc<SigningKey>>,
    retired: Vec<Vec<u8>>,
}

impl KeyRing {
    /// A ring with a current key alone.
    pub fn new(current: Arc<SigningKey>) -> Self {
        Self {
            current,
            next: None,
            retired: Vec::new(),
        }
    }

    /// With `next` announced; it replaces an earlier next key.
    ///
    /// # Errors
    /// [`CertError::KeyAlreadyInRing`] when `next` holds the public key of the current or a retired one.
    pub fn with_next(mut self, next: Arc<SigningKey>) -> Result<Self, CertError> {
        let key = &next.facts().public_key_sha256;
        let retired = self
            .retired
            .iter()
            .filter_map(|der| CertificateFacts::read(der).ok());
        if *key == self.current.facts().public_key_sha256
            || retired.into_iter().any(|old| old.public_key_sha256 == *key)
        {
            return Err(CertError::KeyAlreadyInRing {
                thumbprint: next.thumbprint().to_string(),
            });
        }
        self.next = Some(next);
        Ok(self)
    }

    /// With a retired certificate (DER) still published.
    pub fn with_retired(mut self, certificate_der: Vec<u8>) -> Self {
        if !self.retired.contains(&certificate_der) {
            self.retired.push(certificate_der);
        }
        self
    }

    /// Without the retired certificate whose SHA-1 or SHA-256 thumbprint is `thumbprint`.
    pub fn without_retired(mut self, thumbprint: &str) -> Self {
        self.retired
            .retain(|der| !crate::Thumbprint::of(der).matches(thumbprint));
        self
    }

    /// The next key becomes current, the current one is retired but still published.
    ///
    /// # Errors
    /// [`CertError::NoNextKey`].
    pub fn promote(&self) -> Result<Self, CertError> {
        let next = self.next.clone().ok_or(CertError::NoNextKey)?;
        let promoted = Self {
            current: next,
            next: None,
            retired: self.retired.clone(),
        };
        Ok(promoted.with_retired(self.current.certificate_der().to_vec()))
    }

    /// The key that signs.
    pub fn current(&self) -> &Arc<SigningKey> {
        &self.current
    }

    /// The key that will sign after the next promotion; published already.
    pub fn next(&self) -> Option<&Arc<SigningKey>> {
        self.next.as_ref()
    }

    /// Certificates (DER) of retired keys that are still published.
    pub fn retired(&self) -> &[Vec<u8>] {
        &self.retired
    }

    /// Every published certificate (DER): current, next, retired. The order is that of metadata.
    pub fn certificates(&self) -> impl Iterator<Item = &[u8]> {
        let next = self.next.iter().map(|key| key.certificate_der());
        std::iter::once(self.current.certificate_der())
            .chain(next)
            .chain(self.retired.iter().map(Vec::as_slice))
    }
}
