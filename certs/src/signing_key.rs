//! A token-signing key: one parsed RSA key and its certificate.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use crate::error::CertError;
use crate::facts::{CertificateFacts, Thumbprint, parse};
use crate::master::MasterKey;
use crate::validity::{LEAST_RSA_BITS, check_may_sign, check_rsa, check_time};
use crate::wrap::WrappedKey;
use crate::{generate, import, legacy_sha1};

/// A token-signing key with its certificate; parsed once, shared by reference.
///
/// It can be wrapped for the store and it can sign; there is no way to read the private key out of it.
pub struct SigningKey {
    key: RsaKeyPair,
    certificate_der: Vec<u8>,
    certificate_base64: String,
    facts: CertificateFacts,
}

impl SigningKey {
    /// Generates a key of 2048, 3072 or 4096 bits and a self-signed certificate `CN=subject_cn`,
    /// valid from five minutes before `now` (clocks of relying parties) for `validity`.
    ///
    /// # Errors
    /// Another size, a subject that no certificate can carry, or a failing library.
    pub fn generate(
        bits: u32,
        subject_cn: &str,
        validity: Duration,
        now: OffsetDateTime,
    ) -> Result<Self, CertError> {
        let key = generate::rsa_key(bits)?;
        let certificate = generate::self_signed(&key, subject_cn, validity, now)?;
        Self::assemble(key, certificate)
    }

    /// The common name that generated certificates carry, after AD FS's `ADFS Signing - host`.
    pub fn default_subject(host: &str) -> String {
        format!("Signet Token Signing - {host}")
    }

    /// Imports a PKCS#12 file with exactly one private key.
    ///
    /// # Errors
    /// Each reason for a refusal has its own variant: password, no key, several keys, weak, mismatched, out of date, not RSA.
    pub fn from_pfx(pfx: &[u8], password: &str, now: OffsetDateTime) -> Result<Self, CertError> {
        let parts = import::pfx(pfx, password)?;
        Self::checked(&parts.key_pkcs8, parts.certificate, now)
    }

    /// Imports a PEM key (PKCS#8 or PKCS#1) and a PEM certificate; of a chain, the certificate of the key is taken.
    ///
    /// # Errors
    /// As [`SigningKey::from_pfx`]; an encrypted key is [`CertError::PemKeyEncrypted`].
    pub fn from_pem(
        key_pem: &[u8],
        certificate_pem: &[u8],
        now: OffsetDateTime,
    ) -> Result<Self, CertError> {
        let key = import::pem_rsa_key(key_pem).map_err(|error| {
            let certificates = import::pem_certificates(certificate_pem).unwrap_or_default();
            import::with_length(error, &certificates)
        })?;
        let certificates = import::pem_certificates(certificate_pem)?;
        let certificate = import::certificate_of_key(certificates, key.public_key().as_ref())?;
        Self::finish(key, certificate, now)
    }

    /// Imports a PKCS#8 key and a certificate, both DER.
    ///
    /// # Errors
    /// As [`SigningKey::from_pfx`].
    pub fn from_pkcs8(
        key_der: &[u8],
        certificate_der: &[u8],
        now: OffsetDateTime,
    ) -> Result<Self, CertError> {
        Self::checked(key_der, certificate_der.to_vec(), now)
    }

    /// The certificate in DER form.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate_der
    }

    /// The certificate in base64 without line breaks: what `ds:X509Certificate` and Entra take.
    pub fn certificate_base64(&self) -> &str {
        &self.certificate_base64
    }

    /// The thumbprints of the certificate.
    pub fn thumbprint(&self) -> &Thumbprint {
        &self.facts.thumbprint
    }

    /// What the certificate says.
    pub fn facts(&self) -> &CertificateFacts {
        &self.facts
    }

    /// End of the certificate's validity.
    pub fn not_after(&self) -> OffsetDateTime {
        self.facts.not_after
    }

    /// Length of the modulus in bits.
    pub fn bits(&self) -> u32 {
        self.facts.key_bits
    }

    /// Whether `other` certifies the same key: a token-signing key must not serve TLS as well.
    pub fn is_key_of(&self, other: &CertificateFacts) -> bool {
        self.facts.public_key_sha256 == other.public_key_sha256
    }

    /// Key id: the SHA-256 thumbprint of the certificate, upper-case hex.
    pub fn kid(&self) -> &str {
        self.facts.thumbprint.sha256()
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256 over `message` (RFC 8017, 8.2.1). Raw: only issuance's signer calls it.
    ///
    /// AWS-LC checks each result with the public key before it gives it out, so that a fault in the CRT
    /// computation cannot leak the key.
    ///
    /// # Errors
    /// [`CertError::Crypto`].
    pub fn sign_sha256(&self, message: &[u8]) -> Result<Vec<u8>, CertError> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .map_err(|_| CertError::Crypto("RSA-SHA256"))?;
        Ok(signature)
    }

    /// RSASSA-PKCS1-v1_5 with SHA-1, for relying parties that are set so. Raw: only issuance's signer calls it.
    ///
    /// # Errors
    /// [`CertError::Crypto`].
    pub fn sign_sha1(&self, message: &[u8]) -> Result<Vec<u8>, CertError> {
        legacy_sha1::sign(&self.pkcs8()?, message)
    }

    /// Encrypts the private key for the store.
    ///
    /// # Errors
    /// [`CertError::Crypto`].
    pub fn wrap(&self, master: &MasterKey) -> Result<WrappedKey, CertError> {
        WrappedKey::wrap(&self.pkcs8()?, &self.certificate_der, self.kid(), master)
    }

    /// A key from the store: time is not checked, because an expired key still has to be shown and replaced.
    pub(crate) fn from_store(key_der: &[u8], certificate: Vec<u8>) -> Result<Self, CertError> {
        Self::assemble(import::rsa_from_pkcs8(key_der)?, certificate)
    }

    fn checked(
        key_der: &[u8],
        certificate: Vec<u8>,
        now: OffsetDateTime,
    ) -> Result<Self, CertError> {
        // The certificate first: it names an elliptic curve or a short modulus better than the key parser does.
        let parsed = parse(&certificate)?;
        check_rsa(&parsed, &CertificateFacts::of(&parsed, &certificate))?;
        let key = import::rsa_from_pkcs8(key_der)?;
        Self::finish(key, certificate, now)
    }

    fn finish(
        key: RsaKeyPair,
        certificate: Vec<u8>,
        now: OffsetDateTime,
    ) -> Result<Self, CertError> {
        let made = Self::assemble(key, certificate)?;
        check_time(&made.facts, now)?;
        Ok(made)
    }

    /// Joins key and certificate; the public key is compared as it stands in the certificate, octet by octet.
    fn assemble(key: RsaKeyPair, certificate_der: Vec<u8>) -> Result<Self, CertError> {
        let parsed = parse(&certificate_der)?;
        let facts = CertificateFacts::of(&parsed, &certificate_der);
        check_rsa(&parsed, &facts)?;
        check_may_sign(&parsed, &facts)?;
        if parsed.public_key().subject_public_key.data.as_ref() != key.public_key().as_ref() {
            return Err(CertError::KeyDoesNotMatchCertificate {
                thumbprint: facts.thumbprint.to_string(),
            });
        }
        let bits = u32::try_from(key.public_modulus_len() * 8).unwrap_or(0);
        if bits < LEAST_RSA_BITS {
            return Err(CertError::KeyTooWeak { bits });
        }
        let certificate_base64 = STANDARD.encode(&certificate_der);
        Ok(Self {
            key,
            certificate_der,
            certificate_base64,
            facts,
        })
    }

    fn pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, CertError> {
        let der: Pkcs8V1Der<'static> =
            self.key.as_der().map_err(|_| CertError::Crypto("PKCS#8"))?;
        Ok(Zeroizing::new(der.as_ref().to_vec()))
    }
}

/// Shows the thumbprint only.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.facts.thumbprint)
    }
}
