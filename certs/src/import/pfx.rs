//! PKCS#12 (RFC 7292), as Windows and OpenSSL export it.

use p12_keystore::error::Error;
use p12_keystore::{Pkcs12Archive, PrivateKeyBag};
use zeroize::Zeroizing;

use crate::error::CertError;
use crate::facts::{hex_upper, parse};

/// Far above a key with a long chain.
const LARGEST_PFX: usize = 256 * 1024;
/// rsaEncryption.
const RSA: &str = crate::facts::RSA_ENCRYPTION;

/// The key of a PFX and the certificate that belongs to it.
pub(crate) struct PfxParts {
    pub(crate) key_pkcs8: Zeroizing<Vec<u8>>,
    pub(crate) certificate: Vec<u8>,
}

/// Opens a PFX that holds exactly one private key.
pub(crate) fn pfx(bytes: &[u8], password: &str) -> Result<PfxParts, CertError> {
    if bytes.len() > LARGEST_PFX {
        return Err(CertError::TooLarge {
            what: "the PFX file",
            length: bytes.len(),
            limit: LARGEST_PFX,
        });
    }
    let archive = Pkcs12Archive::from_pkcs12(bytes, password).map_err(|error| refused(&error))?;
    let key = match archive.keys.as_slice() {
        [] => return Err(CertError::PfxWithoutKey),
        [key] => key,
        several => {
            return Err(CertError::PfxSeveralKeys {
                names: several.iter().map(name).collect(),
            });
        }
    };
    if key.key.oid().to_string() != RSA {
        return Err(CertError::KeyNotRsa);
    }
    let key_pkcs8 = Zeroizing::new(key.key.as_der().to_vec());
    let certificates: Vec<&[u8]> = archive.certs.iter().map(|bag| bag.cert.as_der()).collect();
    let certificate = own_certificate(&key_pkcs8, &certificates)?;
    Ok(PfxParts {
        key_pkcs8,
        certificate,
    })
}

/// The certificate of the key, found by its public key; local key ids are often missing or wrong. When no
/// certificate fits, the first end certificate is handed on so that the mismatch is reported with its name.
fn own_certificate(key_pkcs8: &[u8], certificates: &[&[u8]]) -> Result<Vec<u8>, CertError> {
    use aws_lc_rs::signature::KeyPair;
    let first = certificates
        .first()
        .ok_or(CertError::PfxWithoutCertificate)?;
    let Ok(key) = super::rsa_from_pkcs8(key_pkcs8) else {
        // The reason is found, and named, when the certificate has been looked at.
        return Ok(first.to_vec());
    };
    let public_key = key.public_key().as_ref();
    let belongs = |der: &&&[u8]| {
        parse(der)
            .is_ok_and(|parsed| parsed.public_key().subject_public_key.data.as_ref() == public_key)
    };
    Ok(certificates.iter().find(belongs).unwrap_or(first).to_vec())
}

fn name(bag: &PrivateKeyBag) -> String {
    let id = || bag.local_key_id.as_ref().map(|id| hex_upper(id.as_ref()));
    bag.friendly_name
        .clone()
        .or_else(id)
        .unwrap_or_else(|| "(unnamed)".to_owned())
}

fn refused(error: &Error) -> CertError {
    match error {
        Error::MacError(_) => CertError::PfxPasswordWrong,
        // Without a MAC a wrong password shows itself only in the decrypted padding.
        Error::UnpadError | Error::Pkcs5Error(_) => CertError::PfxPasswordWrong,
        other => CertError::PfxUnreadable(other.to_string()),
    }
}
