//! Random secrets that a browser holds, and the hashes by which rows are found.

use std::fmt;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::error::StoreError;
use crate::mac::sha256;

const OCTETS: usize = 32;

/// 256 random bits, as 43 characters of base64url: the value of a cookie. The store keeps its hash only.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A fresh one, from the operating system.
    ///
    /// # Errors
    /// [`StoreError::NoRandomness`].
    pub fn random() -> Result<Self, StoreError> {
        let mut octets = Zeroizing::new([0u8; OCTETS]);
        SystemRandom::new()
            .fill(&mut octets[..])
            .map_err(|_| StoreError::NoRandomness)?;
        Ok(Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(&octets[..]))))
    }

    /// The text for the cookie.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// By what the row is found.
    pub fn key(&self) -> SecretHash {
        SecretHash(sha256(self.0.as_bytes()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// SHA-256 of a [`Secret`]: finds the row, and is worth nothing in a cookie.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// From the text of a cookie; `None` unless it has the form of a secret, so that nothing else is looked up.
    pub fn of_cookie(text: &str) -> Option<Self> {
        let canonical = URL_SAFE_NO_PAD
            .decode(text)
            .ok()
            .filter(|octets| octets.len() == OCTETS)?;
        (URL_SAFE_NO_PAD.encode(canonical) == text).then(|| Self(sha256(text.as_bytes())))
    }

    /// As a row holds it.
    pub(crate) fn from_octets(octets: &[u8]) -> Option<Self> {
        octets.try_into().ok().map(Self)
    }

    /// The 32 octets.
    pub fn as_octets(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .take(4)
            .try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

/// Fuzz target: no cookie panics, and only the one spelling of 32 octets is looked up.
pub fn fuzz_cookie(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Some(key) = SecretHash::of_cookie(text) {
        assert_eq!(text.len(), 43);
        assert_eq!(key.as_octets(), &sha256(text.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_ses_10_secrets_are_256_random_bits_and_never_shown() {
        let (one, other) = (Secret::random().unwrap(), Secret::random().unwrap());
        assert_ne!(one.expose(), other.expose());
        assert_eq!(URL_SAFE_NO_PAD.decode(one.expose()).unwrap().len(), 32);
        assert_eq!(format!("{one:?}"), "Secret(hidden)");
        assert_eq!(SecretHash::of_cookie(one.expose()), Some(one.key()));
    }

    #[test]
    fn what_is_no_secret_is_not_looked_up() {
        let secret = Secret::random().unwrap();
        let padded = format!("{}=", secret.expose());
        let longer = format!("{}AA", secret.expose());
        for text in [
            "",
            "A",
            padded.as_str(),
            longer.as_str(),
            "x y",
            &"A".repeat(10_000),
        ] {
            assert_eq!(SecretHash::of_cookie(text), None, "{text:.60}");
            fuzz_cookie(text.as_bytes());
        }
    }
}
