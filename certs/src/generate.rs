//! New RSA keys and the self-signed certificates that carry them.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, Error, KeyUsagePurpose, PKCS_RSA_SHA256,
    PublicKeyData, SerialNumber, SignatureAlgorithm,
};
use time::{Duration, OffsetDateTime};

use crate::error::CertError;

/// X.520 `ub-common-name` (RFC 5280, appendix A.1).
const LONGEST_COMMON_NAME: usize = 64;
/// Relying parties whose clock is a little behind shall take the certificate at once.
const BACKDATED: Duration = Duration::minutes(5);

pub(crate) fn rsa_key(bits: u32) -> Result<RsaKeyPair, CertError> {
    let size = match bits {
        2048 => KeySize::Rsa2048,
        3072 => KeySize::Rsa3072,
        4096 => KeySize::Rsa4096,
        other => return Err(CertError::KeySizeNotOffered(other)),
    };
    RsaKeyPair::generate(size).map_err(|_| CertError::Crypto("RSA key generation"))
}

/// A certificate `CN=subject_cn` for `key`, signed by itself with RSA-SHA256; for signatures only.
pub(crate) fn self_signed(
    key: &RsaKeyPair,
    subject_cn: &str,
    validity: Duration,
    now: OffsetDateTime,
) -> Result<Vec<u8>, CertError> {
    let unusable = || CertError::SubjectUnusable(subject_cn.to_owned());
    let length = subject_cn.chars().count();
    if length == 0 || length > LONGEST_COMMON_NAME || subject_cn.chars().any(char::is_control) {
        return Err(unusable());
    }
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, subject_cn);
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    params.not_before = now - BACKDATED;
    params.not_after = now + validity;
    params.serial_number = Some(random_serial()?);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let certificate = params
        .self_signed(&SelfSigner(key))
        .map_err(|_| unusable())?;
    Ok(certificate.der().to_vec())
}

/// 16 random octets, positive (RFC 5280, 4.1.2.2).
pub(crate) fn random_serial() -> Result<SerialNumber, CertError> {
    let mut octets = [0u8; 16];
    SystemRandom::new()
        .fill(&mut octets)
        .map_err(|_| CertError::Crypto("random numbers"))?;
    if let Some(first) = octets.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    Ok(SerialNumber::from(octets.to_vec()))
}

/// Lends the key to rcgen, so that no second copy of it is made.
struct SelfSigner<'a>(&'a RsaKeyPair);

impl PublicKeyData for SelfSigner<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

impl rcgen::SigningKey for SelfSigner<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .map_err(|_| Error::RingUnspecified)?;
        Ok(signature)
    }
}
