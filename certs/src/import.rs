//! Private keys and certificates from PFX and PEM.

mod pem;
mod pfx;

use aws_lc_rs::signature::RsaKeyPair;

use crate::error::CertError;
use crate::facts::{CertificateFacts, parse};
use crate::validity::LEAST_RSA_BITS;

pub(crate) use pem::{pem_certificates, pem_private_key, pem_rsa_key};
pub(crate) use pfx::pfx;

/// Reads one certificate from DER bytes, PEM text, or base64 text without PEM lines.
///
/// # Errors
/// [`CertError::CertificateUnreadable`] or the PEM faults.
pub fn read_certificate(bytes: &[u8]) -> Result<(Vec<u8>, CertificateFacts), CertError> {
    let der = pem::certificate_in_any_form(bytes)?;
    let facts = CertificateFacts::read(&der)?;
    Ok((der, facts))
}

/// Fuzz entry: reads `pfx` with the password `fuzz`; whatever the bytes are, it returns.
///
/// # Errors
/// Those of the import, before the key is compared with its certificate.
pub fn read_pfx_bytes(pfx: &[u8]) -> Result<(), CertError> {
    self::pfx(pfx, "fuzz").map(drop)
}

/// A PKCS#8 RSA key; the library refuses inconsistent components.
pub(crate) fn rsa_from_pkcs8(der: &[u8]) -> Result<RsaKeyPair, CertError> {
    RsaKeyPair::from_pkcs8(der).map_err(|error| rejected(&error.to_string()))
}

/// A PKCS#1 RSA key.
pub(crate) fn rsa_from_pkcs1(der: &[u8]) -> Result<RsaKeyPair, CertError> {
    RsaKeyPair::from_der(der).map_err(|error| rejected(&error.to_string()))
}

/// The library names its reasons by word; three of them have a name here. It does not say how long a short key is.
fn rejected(reason: &str) -> CertError {
    match reason {
        "TooSmall" => CertError::KeyTooWeak { bits: 0 },
        "WrongAlgorithm" => CertError::KeyNotRsa,
        other => CertError::KeyDamaged(other.to_owned()),
    }
}

/// `error` with the length of a weak key, when one of `certificates` (its own is among them) says it.
pub(crate) fn with_length(error: CertError, certificates: &[Vec<u8>]) -> CertError {
    if error != (CertError::KeyTooWeak { bits: 0 }) {
        return error;
    }
    let weak = |der: &Vec<u8>| {
        let facts = CertificateFacts::read(der).ok()?;
        let is_weak = facts.key_algorithm == "RSA" && facts.key_bits < LEAST_RSA_BITS;
        is_weak.then_some(facts.key_bits)
    };
    let bits = certificates.iter().find_map(weak).unwrap_or(0);
    CertError::KeyTooWeak { bits }
}

/// The certificate among `certificates` that holds `public_key` (an RSAPublicKey); with none, the first is
/// handed on so that the mismatch is reported with its name.
pub(crate) fn certificate_of_key(
    certificates: Vec<Vec<u8>>,
    public_key: &[u8],
) -> Result<Vec<u8>, CertError> {
    let belongs = |der: &Vec<u8>| {
        parse(der)
            .is_ok_and(|parsed| parsed.public_key().subject_public_key.data.as_ref() == public_key)
    };
    match certificates.iter().position(belongs) {
        Some(at) => certificates.into_iter().nth(at),
        None => certificates.into_iter().next(),
    }
    .ok_or(CertError::PemWithoutCertificate)
}
