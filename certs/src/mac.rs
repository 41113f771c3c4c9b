//! HMAC-SHA256 tags for rows of the store.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};

use crate::error::CertError;

/// A MAC key for one purpose (HMAC-SHA256, RFC 2104). Made by [`crate::MasterKey::mac`].
#[derive(Clone)]
pub struct MacKey(Key);

impl MacKey {
    pub(crate) fn new(octets: &[u8]) -> Self {
        Self(Key::new(HMAC_SHA256, octets))
    }

    /// The tag of `message`. The caller makes the message unambiguous (lengths or a fixed form).
    pub fn tag(&self, message: &[u8]) -> [u8; 32] {
        let tag = sign(&self.0, message);
        tag.as_ref().first_chunk::<32>().copied().unwrap_or([0; 32])
    }

    /// Compares in constant time.
    ///
    /// # Errors
    /// [`CertError::SealBroken`] when `tag` is not the tag of `message`.
    pub fn verify(&self, message: &[u8], tag: &[u8]) -> Result<(), CertError> {
        verify(&self.0, message, tag).map_err(|_| CertError::SealBroken)
    }
}

impl std::fmt::Debug for MacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MacKey")
    }
}
