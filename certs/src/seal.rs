//! Sealed values: what the browser carries for us and can neither read nor change.
//!
//! Form: base64url without padding of `version(1) | master key id(4) | nonce(12) | ciphertext | tag(16)`.
//! AES-256-GCM-SIV (RFC 8452): a farm makes more random nonces with one key than AES-GCM bears, and with
//! GCM-SIV a repeated nonce shows at most that two values were equal.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::CertError;

/// The longest sealed text in bytes of base64url.
pub const MAX_SEALED_BYTES: usize = 16 * 1024;
const VERSION: u8 = 1;
const HEADER: usize = 1 + 4;
const TAG: usize = 16;
/// What fits below [`MAX_SEALED_BYTES`] once encoded.
const MAX_PLAINTEXT: usize = MAX_SEALED_BYTES / 4 * 3 - HEADER - NONCE_LEN - TAG;

/// Seals and opens values of one purpose. Made by [`crate::MasterKey::sealer`].
pub struct Sealer {
    key: LessSafeKey,
    key_id: [u8; 4],
    purpose: &'static str,
    older: Vec<Sealer>,
}

impl Sealer {
    pub(crate) fn new(
        key: &[u8; 32],
        key_id: [u8; 4],
        purpose: &'static str,
    ) -> Result<Self, CertError> {
        let key =
            UnboundKey::new(&AES_256_GCM_SIV, key).map_err(|_| CertError::Crypto("AES-GCM-SIV"))?;
        Ok(Self {
            key: LessSafeKey::new(key),
            key_id,
            purpose,
            older: Vec::new(),
        })
    }

    /// Opens values of an earlier master key as well, while they live; new ones are sealed by this one.
    pub fn also_opening(mut self, older: Sealer) -> Self {
        self.older.push(older);
        self
    }

    /// Seals `plaintext`, bound to the purpose and to `aad`, as base64url text of at most [`MAX_SEALED_BYTES`].
    ///
    /// # Errors
    /// [`CertError::SealTooLarge`]; [`CertError::Crypto`].
    pub fn seal(&self, plaintext: &[u8], aad: &[u8]) -> Result<String, CertError> {
        if plaintext.len() > MAX_PLAINTEXT {
            return Err(CertError::SealTooLarge {
                length: plaintext.len(),
                limit: MAX_PLAINTEXT,
            });
        }
        let mut nonce = [0u8; NONCE_LEN];
        SystemRandom::new()
            .fill(&mut nonce)
            .map_err(|_| CertError::Crypto("random numbers"))?;
        let mut body = plaintext.to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                self.aad(aad),
                &mut body,
            )
            .map_err(|_| CertError::Crypto("AES-GCM-SIV"))?;
        let mut out = Vec::with_capacity(HEADER + NONCE_LEN + body.len());
        out.push(VERSION);
        out.extend_from_slice(&self.key_id);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&body);
        Ok(URL_SAFE_NO_PAD.encode(out))
    }

    /// Opens what [`Sealer::seal`] made for the same purpose and `aad`. Any text may be given.
    ///
    /// # Errors
    /// [`CertError::SealBroken`], whatever the reason: none is worth telling apart to a forger.
    pub fn open(&self, sealed: &str, aad: &[u8]) -> Result<Vec<u8>, CertError> {
        if sealed.len() > MAX_SEALED_BYTES {
            return Err(CertError::SealBroken);
        }
        let raw = URL_SAFE_NO_PAD
            .decode(sealed)
            .map_err(|_| CertError::SealBroken)?;
        let (header, rest) = raw
            .split_first_chunk::<HEADER>()
            .ok_or(CertError::SealBroken)?;
        let (nonce, body) = rest
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(CertError::SealBroken)?;
        let [VERSION, key_id @ ..] = header else {
            return Err(CertError::SealBroken);
        };
        let maker = std::iter::once(self)
            .chain(&self.older)
            .find(|sealer| sealer.key_id == *key_id);
        let maker = maker.ok_or(CertError::SealBroken)?;
        let mut body = body.to_vec();
        let length = maker
            .key
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                maker.aad(aad),
                &mut body,
            )
            .map_err(|_| CertError::SealBroken)?
            .len();
        body.truncate(length);
        Ok(body)
    }

    /// Version, purpose and caller's data; the purpose is delimited by its length.
    fn aad(&self, aad: &[u8]) -> Aad<Vec<u8>> {
        let purpose = self.purpose.as_bytes();
        let mut bound = Vec::with_capacity(9 + purpose.len() + aad.len());
        bound.push(VERSION);
        bound.extend_from_slice(&(purpose.len() as u64).to_be_bytes());
        bound.extend_from_slice(purpose);
        bound.extend_from_slice(aad);
        Aad::from(bound)
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealer({})", self.purpose)
    }
}
