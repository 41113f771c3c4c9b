//! Encrypting a signed assertion for one partner (XML Encryption 1.1).
//!
//! A fresh content key for every element, wrapped by RSA-OAEP; RSA 1.5 key transport does not exist here.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    AES_128, AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::{FixedLength, IV_LEN_128_BIT};
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use x509_parser::public_key::PublicKey;

use crate::canonical_xml::CanonicalXml;
use crate::key::{KeyRefused, check_rsa, decode_certificate, parse_certificate};
use crate::name::Name;
use crate::ns::{DS, XENC};
use crate::writer::Writer;

const ENCRYPTED_DATA: Name = Name::new("xenc", "EncryptedData", XENC);
const ENCRYPTED_KEY: Name = Name::new("xenc", "EncryptedKey", XENC);
const ENCRYPTION_METHOD: Name = Name::new("xenc", "EncryptionMethod", XENC);
const CIPHER_DATA: Name = Name::new("xenc", "CipherData", XENC);
const CIPHER_VALUE: Name = Name::new("xenc", "CipherValue", XENC);
const KEY_INFO: Name = Name::new("ds", "KeyInfo", DS);
const DIGEST_METHOD: Name = Name::new("ds", "DigestMethod", DS);
const X509_DATA: Name = Name::new("ds", "X509Data", DS);
const X509_CERTIFICATE: Name = Name::new("ds", "X509Certificate", DS);

/// RSA-OAEP with MGF1 over SHA-1; the digest stands beside it (XML Encryption 1.1, section 5.5.2).
const RSA_OAEP_MGF1P: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";
const ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";

/// How the content is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContentEncryption {
    /// AES-256-GCM: the default, and the only one that protects integrity by itself.
    #[default]
    Aes256Gcm,
    /// AES-256-CBC, which AD FS writes, for partners that know nothing newer.
    Aes256Cbc,
    /// AES-128-CBC, for the oldest partners.
    Aes128Cbc,
}

impl ContentEncryption {
    fn uri(self) -> &'static str {
        match self {
            Self::Aes256Gcm => "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            Self::Aes256Cbc => "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
            Self::Aes128Cbc => "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
        }
    }

    fn key_length(self) -> usize {
        match self {
            Self::Aes256Gcm | Self::Aes256Cbc => 32,
            Self::Aes128Cbc => 16,
        }
    }
}

/// The cryptography refused to encrypt. The fault is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the content could not be encrypted")]
pub struct EncryptionFailed;

impl EncryptionFailed {
    /// A stable code that admins search for.
    pub fn code(&self) -> &'static str {
        "SIG-ENCRYPTION-FAILED"
    }
}

/// A partner's public key for encryption: RSA of 2048 to 8192 bits.
pub struct RecipientKey {
    key: OaepPublicEncryptingKey,
    certificate_base64: String,
}

impl RecipientKey {
    /// The key of a certificate in DER. Its dates and issuer do not count: pinning is the trust.
    pub fn from_certificate_der(der: &[u8]) -> Result<Self, KeyRefused> {
        let certificate = parse_certificate(der)?;
        let info = certificate.public_key();
        match info.parsed() {
            Ok(PublicKey::RSA(key)) => check_rsa(&key)?,
            _ => return Err(KeyRefused::Kind),
        }
        let key = PublicEncryptingKey::from_der(info.raw).map_err(|_| KeyRefused::RsaUnsound)?;
        let key = OaepPublicEncryptingKey::new(key).map_err(|_| KeyRefused::RsaUnsound)?;
        Ok(Self {
            key,
            certificate_base64: STANDARD.encode(der),
        })
    }

    /// The key of a certificate in base64, with or without line breaks, as metadata carries it.
    pub fn from_certificate_base64(text: &str) -> Result<Self, KeyRefused> {
        Self::from_certificate_der(&decode_certificate(text)?)
    }
}

/// Says the size of the key only.
impl fmt::Debug for RecipientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecipientKey(RSA {})", self.key.key_size_bits())
    }
}

/// Encrypts an element: the result is an `xenc:EncryptedData` to put where the element would stand
/// (inside `saml:EncryptedAssertion`, say).
///
/// Encrypts the bytes as they are: sign first. About 25 µs.
pub fn encrypt_element(
    element: &CanonicalXml,
    recipient: &RecipientKey,
    method: ContentEncryption,
) -> Result<CanonicalXml, EncryptionFailed> {
    let mut content_key = [0_u8; 32];
    let content_key = content_key
        .get_mut(..method.key_length())
        .ok_or(EncryptionFailed)?;
    rand::fill(content_key).map_err(|_| EncryptionFailed)?;
    let content = match method {
        ContentEncryption::Aes256Gcm => seal_gcm(content_key, element.as_bytes()),
        ContentEncryption::Aes256Cbc | ContentEncryption::Aes128Cbc => {
            seal_cbc(content_key, element.as_bytes())
        }
    }?;
    let wrapped = wrap(recipient, content_key)?;

    let mut out = Writer::with_capacity(content.len() * 4 / 3 + 4096);
    out.start(ENCRYPTED_DATA).attribute("Type", ELEMENT);
    out.start(ENCRYPTION_METHOD)
        .attribute("Algorithm", method.uri())
        .end();
    out.start(KEY_INFO).start(ENCRYPTED_KEY);
    out.start(ENCRYPTION_METHOD)
        .attribute("Algorithm", RSA_OAEP_MGF1P);
    out.start(DIGEST_METHOD)
        .attribute("Algorithm", SHA1)
        .end()
        .end();
    out.start(KEY_INFO).start(X509_DATA);
    out.element(X509_CERTIFICATE, &recipient.certificate_base64)
        .end()
        .end();
    out.start(CIPHER_DATA)
        .element(CIPHER_VALUE, &STANDARD.encode(wrapped))
        .end();
    out.end().end();
    out.start(CIPHER_DATA)
        .element(CIPHER_VALUE, &STANDARD.encode(content))
        .end();
    out.end();
    Ok(out.finish())
}

/// XML Encryption 1.1, section 5.2.4: a nonce of 96 bits, the ciphertext, a tag of 128 bits.
fn seal_gcm(key: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, EncryptionFailed> {
    let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| EncryptionFailed)?;
    let mut nonce = [0_u8; NONCE_LEN];
    rand::fill(&mut nonce).map_err(|_| EncryptionFailed)?;
    let mut sealed = Vec::with_capacity(NONCE_LEN + plaintext.len() + AES_256_GCM.tag_len());
    sealed.extend_from_slice(&nonce);
    let mut content = plaintext.to_vec();
    LessSafeKey::new(key)
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::empty(),
            &mut content,
        )
        .map_err(|_| EncryptionFailed)?;
    sealed.append(&mut content);
    Ok(sealed)
}

/// XML Encryption 1.1, section 5.2.1: an initialisation vector of 128 bits, then the ciphertext. PKCS#7
/// padding is one of the paddings it allows.
fn seal_cbc(key: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, EncryptionFailed> {
    let algorithm = if key.len() == 32 { &AES_256 } else { &AES_128 };
    let key = UnboundCipherKey::new(algorithm, key)
        .and_then(PaddedBlockEncryptingKey::cbc_pkcs7)
        .map_err(|_| EncryptionFailed)?;
    let mut vector = [0_u8; IV_LEN_128_BIT];
    rand::fill(&mut vector).map_err(|_| EncryptionFailed)?;
    let mut content = plaintext.to_vec();
    key.less_safe_encrypt(
        &mut content,
        EncryptionContext::Iv128(FixedLength::from(vector)),
    )
    .map_err(|_| EncryptionFailed)?;
    let mut sealed = vector.to_vec();
    sealed.append(&mut content);
    Ok(sealed)
}

fn wrap(recipient: &RecipientKey, content_key: &[u8]) -> Result<Vec<u8>, EncryptionFailed> {
    let mut wrapped = vec![0_u8; recipient.key.ciphertext_size()];
    let length = recipient
        .key
        .encrypt(&OAEP_SHA1_MGF1SHA1, content_key, &mut wrapped, None)
        .map_err(|_| EncryptionFailed)?
        .len();
    wrapped.truncate(length);
    Ok(wrapped)
}
