//! Encryption types of Kerberos, by their numbers.
//!
//! Source: IANA's registry "Kerberos Encryption Type Numbers"; RFC 3962, RFC 8009, RFC 8429 (the end of DES and RC4).

use std::fmt;

/// An encryption type that may carry a sign-in: AES only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EncryptionType {
    /// 17
    Aes128Sha1,
    /// 18
    Aes256Sha1,
    /// 19
    Aes128Sha256,
    /// 20
    Aes256Sha384,
}

impl EncryptionType {
    /// `None` for DES, RC4, Camellia and what is unknown.
    pub fn strong(number: i64) -> Option<Self> {
        match number {
            17 => Some(Self::Aes128Sha1),
            18 => Some(Self::Aes256Sha1),
            19 => Some(Self::Aes128Sha256),
            20 => Some(Self::Aes256Sha384),
            _ => None,
        }
    }

    /// The number.
    pub fn number(self) -> i64 {
        match self {
            Self::Aes128Sha1 => 17,
            Self::Aes256Sha1 => 18,
            Self::Aes128Sha256 => 19,
            Self::Aes256Sha384 => 20,
        }
    }
}

impl fmt::Display for EncryptionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(encryption_name(self.number()))
    }
}

/// The name that administrators know for a number.
pub(super) fn encryption_name(number: i64) -> &'static str {
    match number {
        1..=3 => "DES",
        5 | 7 | 16 => "triple DES",
        17 => "aes128-cts-hmac-sha1-96",
        18 => "aes256-cts-hmac-sha1-96",
        19 => "aes128-cts-hmac-sha256-128",
        20 => "aes256-cts-hmac-sha384-192",
        23 | -128 | -133 | -135 => "rc4-hmac",
        24 => "rc4-hmac-exp",
        25 | 26 => "Camellia",
        _ => "an unknown encryption type",
    }
}
