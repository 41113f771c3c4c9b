//! Public keys that an admin pinned for a partner. No key ever comes from a message.

use std::fmt;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::{PublicKey, RSAPublicKey};
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::policy::SignatureAlgorithm;

/// Smallest RSA modulus accepted, in bits.
const RSA_SMALLEST: usize = 2048;
/// Largest RSA modulus accepted, in bits: beyond, verifying costs too much.
const RSA_LARGEST: usize = 8192;

/// A certificate does not hold a key that signatures may be verified, or contents encrypted, with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRefused {
    /// Not base64, or not one X.509 certificate.
    #[error("not an X.509 certificate in DER or base64")]
    NotACertificate,
    /// An RSA modulus outside 2048 to 8192 bits.
    #[error("an RSA key of {0} bits; 2048 to 8192 are accepted")]
    RsaSize(usize),
    /// An even RSA modulus, or an exponent that is even or smaller than 65537.
    #[error("an RSA key with an unsound modulus or exponent")]
    RsaUnsound,
    /// Neither RSA nor ECDSA on P-256 or P-384, or not a point of the curve.
    #[error("neither an RSA key nor an ECDSA key on P-256 or P-384")]
    Kind,
}

impl KeyRefused {
    /// A stable code that admins search for.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotACertificate => "SIG-KEY-NOT-A-CERTIFICATE",
            Self::RsaSize(_) => "SIG-KEY-RSA-SIZE",
            Self::RsaUnsound => "SIG-KEY-RSA-UNSOUND",
            Self::Kind => "SIG-KEY-KIND",
        }
    }
}

/// A partner's public key, parsed once.
pub struct TrustedKey(Kind);

enum Kind {
    Rsa {
        /// Nearly every signature uses SHA-256; for the other digests the key is parsed when needed.
        sha256: ParsedPublicKey,
        /// `RSAPublicKey` of PKCS#1 in DER.
        der: Box<[u8]>,
    },
    P256(ParsedPublicKey),
    P384(ParsedPublicKey),
}

impl TrustedKey {
    /// The key of a certificate in DER. Its dates and issuer do not count: pinning is the trust.
    pub fn from_certificate_der(der: &[u8]) -> Result<Self, KeyRefused> {
        let certificate = parse_certificate(der)?;
        let info = certificate.public_key();
        let kind = match info.parsed().map_err(|_| KeyRefused::Kind)? {
            PublicKey::RSA(key) => {
                check_rsa(&key)?;
                let der = info.subject_public_key.data.as_ref();
                let sha256 = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der)
                    .map_err(|_| KeyRefused::RsaUnsound)?;
                Kind::Rsa {
                    sha256,
                    der: der.into(),
                }
            }
            PublicKey::EC(point) => elliptic(info, point.data())?,
            _ => return Err(KeyRefused::Kind),
        };
        Ok(Self(kind))
    }

    /// The key of a certificate in base64, with or without line breaks, as metadata carries it.
    pub fn from_certificate_base64(text: &str) -> Result<Self, KeyRefused> {
        Self::from_certificate_der(&decode_certificate(text)?)
    }

    /// Checks that `signature` is this key's over `message`. A key of another kind than `algorithm`
    /// needs never fits.
    pub(crate) fn check(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Unspecified> {
        match (&self.0, algorithm) {
            (Kind::Rsa { sha256, .. }, SignatureAlgorithm::RsaSha256) => {
                sha256.verify_sig(message, signature)
            }
            (Kind::Rsa { der, .. }, algorithm) => {
                let parameters = match algorithm {
                    SignatureAlgorithm::RsaSha1 => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
                    SignatureAlgorithm::RsaSha384 => &RSA_PKCS1_2048_8192_SHA384,
                    SignatureAlgorithm::RsaSha512 => &RSA_PKCS1_2048_8192_SHA512,
                    _ => return Err(Unspecified),
                };
                UnparsedPublicKey::new(parameters, der).verify(message, signature)
            }
            (Kind::P256(key), SignatureAlgorithm::EcdsaSha256)
            | (Kind::P384(key), SignatureAlgorithm::EcdsaSha384) => {
                key.verify_sig(message, signature)
            }
            _ => Err(Unspecified),
        }
    }
}

/// Says the kind of key only.
impl fmt::Debug for TrustedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Rsa { .. } => "TrustedKey(RSA)",
            Kind::P256(_) => "TrustedKey(P-256)",
            Kind::P384(_) => "TrustedKey(P-384)",
        })
    }
}

/// One certificate and nothing behind it.
pub(crate) fn parse_certificate(der: &[u8]) -> Result<X509Certificate<'_>, KeyRefused> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(KeyRefused::NotACertificate),
    }
}

/// Base64 of a certificate without its white space.
pub(crate) fn decode_certificate(text: &str) -> Result<Vec<u8>, KeyRefused> {
    let packed: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD
        .decode(packed)
        .map_err(|_| KeyRefused::NotACertificate)
}

/// Refuses sizes and parameters that make RSA forgeable (`e = 1`, `e = 3`, an even modulus) or slow.
pub(crate) fn check_rsa(key: &RSAPublicKey<'_>) -> Result<(), KeyRefused> {
    const EXPONENT_SMALLEST: u64 = 65_537;
    let modulus = strip_zeros(key.modulus);
    let top = modulus.first().copied().unwrap_or_default();
    let bits = (modulus.len() * 8).saturating_sub(top.leading_zeros() as usize);
    if !(RSA_SMALLEST..=RSA_LARGEST).contains(&bits) {
        return Err(KeyRefused::RsaSize(bits));
    }
    let exponent = strip_zeros(key.exponent);
    let exponent = if exponent.len() <= 4 {
        exponent
            .iter()
            .fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte))
    } else {
        0
    };
    let odd_modulus = modulus.last().is_some_and(|byte| byte & 1 == 1);
    if !odd_modulus || exponent < EXPONENT_SMALLEST || exponent & 1 == 0 {
        return Err(KeyRefused::RsaUnsound);
    }
    Ok(())
}

fn strip_zeros(mut bytes: &[u8]) -> &[u8] {
    while let Some(rest) = bytes.strip_prefix(&[0]) {
        bytes = rest;
    }
    bytes
}

fn elliptic(info: &SubjectPublicKeyInfo<'_>, point: &[u8]) -> Result<Kind, KeyRefused> {
    let curve = info
        .algorithm
        .parameters
        .as_ref()
        .and_then(|parameters| parameters.as_oid().ok())
        .map(|oid| oid.to_id_string());
    let parsed = |key: Result<ParsedPublicKey, _>| key.map_err(|_| KeyRefused::Kind);
    match curve.as_deref() {
        Some("1.2.840.10045.3.1.7") => {
            parsed(ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)).map(Kind::P256)
        }
        Some("1.3.132.0.34") => {
            parsed(ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point)).map(Kind::P384)
        }
        _ => Err(KeyRefused::Kind),
    }
}
