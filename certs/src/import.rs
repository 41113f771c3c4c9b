//! Private keys and certificates from PFX and PEM.

mod pem;
mod pfx;

use aws_lc_rs::signature::RsaKeyPair;

use crate::error::CertError;
use crate::facts::{CertificateFacts, parse};

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

/// The library names its reasons by word; three of them have a name here.
fn rejected(reason: &str) -> CertError {
    match reason {
        "TooSmall" => CertError::KeyTooWeak { bits: 0 },
        "WrongAlgorithm" => CertError::KeyNotRsa,
        other => CertError::KeyDamaged(other.to_owned()),
    }
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
