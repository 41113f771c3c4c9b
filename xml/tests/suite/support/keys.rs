//! Keys of a partner and of strangers, made anew for each run.

use std::process::{Command, Stdio};
use std::sync::OnceLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512, RsaEncoding, RsaKeyPair,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{CertificateParams, KeyPair, RsaKeySize};
use signet_xml::{Algorithm, SignatureMaker, SigningFailed, TrustedKey};
use std::io::Write;
use tempfile::NamedTempFile;

/// A key with its certificate, in the forms that the tools want.
pub(crate) struct Holder {
    pair: Pair,
    pub(crate) key_file: NamedTempFile,
    pub(crate) certificate_file: NamedTempFile,
    pub(crate) certificate_der: Vec<u8>,
    certificate_base64: String,
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    /// Only xmlsec1 signs with it.
    P384,
}

/// The partner whose key is pinned.
pub(crate) fn partner() -> &'static Holder {
    static HOLDER: OnceLock<Holder> = OnceLock::new();
    HOLDER.get_or_init(Holder::rsa)
}

/// Somebody else with a good key.
pub(crate) fn stranger() -> &'static Holder {
    static HOLDER: OnceLock<Holder> = OnceLock::new();
    HOLDER.get_or_init(Holder::rsa)
}

/// A partner with an ECDSA key on P-256.
pub(crate) fn elliptic_partner() -> &'static Holder {
    static HOLDER: OnceLock<Holder> = OnceLock::new();
    HOLDER.get_or_init(Holder::p256)
}

/// A partner with an ECDSA key on P-384.
pub(crate) fn larger_elliptic_partner() -> &'static Holder {
    static HOLDER: OnceLock<Holder> = OnceLock::new();
    HOLDER.get_or_init(|| {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        Holder::new(Pair::P384, &key)
    })
}

impl Holder {
    fn rsa() -> Self {
        let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        let pair = RsaKeyPair::from_pkcs8(key.serialized_der()).unwrap();
        Self::new(Pair::Rsa(pair), &key)
    }

    fn p256() -> Self {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.serialized_der())
            .unwrap();
        Self::new(Pair::P256(pair), &key)
    }

    fn new(pair: Pair, key: &KeyPair) -> Self {
        let certificate = CertificateParams::new(vec!["partner.example".to_owned()])
            .unwrap()
            .self_signed(key);
        let certificate = certificate.unwrap();
        Self {
            pair,
            key_file: file(key.serialize_pem().as_bytes(), ".pem"),
            certificate_file: file(certificate.pem().as_bytes(), ".pem"),
            certificate_der: certificate.der().to_vec(),
            certificate_base64: STANDARD.encode(certificate.der()),
        }
    }

    pub(crate) fn trusted(&self) -> TrustedKey {
        TrustedKey::from_certificate_der(&self.certificate_der).unwrap()
    }

    /// Signs as `algorithm_uri` says; SHA-1 only openssl still does.
    pub(crate) fn sign_raw(&self, algorithm_uri: &str, message: &[u8]) -> Vec<u8> {
        let name = algorithm_uri.rsplit('#').next().unwrap();
        let pair = match &self.pair {
            Pair::P256(pair) => {
                assert_eq!(name, "ecdsa-sha256");
                return pair
                    .sign(&SystemRandom::new(), message)
                    .unwrap()
                    .as_ref()
                    .to_vec();
            }
            Pair::P384 => panic!("only xmlsec1 signs with P-384"),
            Pair::Rsa(pair) => pair,
        };
        let encoding: &dyn RsaEncoding = match name {
            "rsa-sha1" => return self.openssl_sha1(message),
            "rsa-sha256" => &RSA_PKCS1_SHA256,
            "rsa-sha384" => &RSA_PKCS1_SHA384,
            "rsa-sha512" => &RSA_PKCS1_SHA512,
            other => panic!("no key signs {other}"),
        };
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), message, &mut signature)
            .unwrap();
        signature
    }

    fn openssl_sha1(&self, message: &[u8]) -> Vec<u8> {
        let mut child = Command::new("openssl")
            .args(["dgst", "-sha1", "-sign"])
            .arg(self.key_file.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("openssl is installed");
        child.stdin.take().unwrap().write_all(message).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        output.stdout
    }
}

impl SignatureMaker for Holder {
    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        Ok(self.sign_raw(algorithm.uri(), message))
    }

    fn certificate_base64(&self) -> &str {
        &self.certificate_base64
    }
}

/// A temporary file with this content, removed when dropped.
pub(crate) fn file(content: &[u8], suffix: &str) -> NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(suffix).tempfile().unwrap();
    file.write_all(content).unwrap();
    file
}
