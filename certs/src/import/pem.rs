//! PEM (RFC 7468): certificates, PKCS#8, PKCS#1 and SEC1 keys.

use aws_lc_rs::signature::RsaKeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::pem::{Error, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::{rsa_from_pkcs1, rsa_from_pkcs8};
use crate::error::CertError;

/// Far above any chain with its key.
const LARGEST_PEM: usize = 256 * 1024;

/// Every certificate of a PEM text, in order.
pub(crate) fn pem_certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, CertError> {
    check_size(pem)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem)
        .map(|found| found.map(|der| der.to_vec()))
        .collect();
    let certificates = certificates.map_err(|error| unreadable(&error))?;
    if certificates.is_empty() {
        return Err(CertError::PemWithoutCertificate);
    }
    Ok(certificates)
}

/// The one private key of a PEM text, of any algorithm.
pub(crate) fn pem_private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, CertError> {
    check_size(pem)?;
    check_not_encrypted(pem)?;
    let keys: Result<Vec<PrivateKeyDer<'static>>, _> = PrivateKeyDer::pem_slice_iter(pem).collect();
    let mut keys = keys.map_err(|error| unreadable(&error))?;
    match (keys.len(), keys.pop()) {
        (1, Some(key)) => Ok(key),
        (0, _) | (_, None) => Err(CertError::PemWithoutKey),
        (several, _) => Err(CertError::PemSeveralKeys(several)),
    }
}

/// The one private key of a PEM text, which must be RSA.
pub(crate) fn pem_rsa_key(pem: &[u8]) -> Result<RsaKeyPair, CertError> {
    match pem_private_key(pem)? {
        PrivateKeyDer::Pkcs8(der) => rsa_from_pkcs8(der.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(der) => rsa_from_pkcs1(der.secret_pkcs1_der()),
        _ => Err(CertError::KeyNotRsa),
    }
}

/// DER, PEM or bare base64, as partners send certificates.
pub(super) fn certificate_in_any_form(bytes: &[u8]) -> Result<Vec<u8>, CertError> {
    check_size(bytes)?;
    // Every certificate is a SEQUENCE, and no PEM or base64 text begins with its tag followed by a long length.
    if bytes.first() == Some(&0x30) && bytes.get(1).is_some_and(|length| *length >= 0x80) {
        return Ok(bytes.to_vec());
    }
    if let Some(first) = CertificateDer::pem_slice_iter(bytes).next() {
        return first
            .map(|der| der.to_vec())
            .map_err(|error| unreadable(&error));
    }
    let bare: Vec<u8> = bytes
        .iter()
        .copied()
        .filter(|octet| !octet.is_ascii_whitespace())
        .collect();
    STANDARD
        .decode(bare)
        .map_err(|error| CertError::CertificateUnreadable(error.to_string()))
}

fn check_size(pem: &[u8]) -> Result<(), CertError> {
    if pem.len() > LARGEST_PEM {
        return Err(CertError::TooLarge {
            what: "the PEM text",
            length: pem.len(),
            limit: LARGEST_PEM,
        });
    }
    Ok(())
}

/// PKCS#8 says so in its label, the old OpenSSL form in a header line (RFC 1421).
fn check_not_encrypted(pem: &[u8]) -> Result<(), CertError> {
    let says = |mark: &[u8]| pem.windows(mark.len()).any(|window| window == mark);
    if says(b"BEGIN ENCRYPTED PRIVATE KEY") || says(b"Proc-Type: 4,ENCRYPTED") {
        return Err(CertError::PemKeyEncrypted);
    }
    Ok(())
}

/// The parser's errors can hold lines of the text, which may be key material: only their kind goes on.
fn unreadable(error: &Error) -> CertError {
    let kind = match error {
        Error::MissingSectionEnd { .. } => "a section has no END line",
        Error::IllegalSectionStart { .. } => "a BEGIN line is malformed",
        Error::Base64Decode(_) => "a section is not base64",
        _ => "malformed",
    };
    CertError::PemUnreadable(kind.to_owned())
}
