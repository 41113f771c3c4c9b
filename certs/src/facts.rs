//! What a certificate says, read once.

use std::fmt;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use crate::error::CertError;

/// The SHA-1 and SHA-256 of a certificate's DER form.
///
/// `Display` gives the SHA-1 in upper-case hex, the form that Windows shows and administrators compare.
/// It identifies; nothing is trusted because of it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Thumbprint {
    sha1: String,
    sha256: String,
}

impl Thumbprint {
    /// Of the DER form of a certificate.
    pub fn of(der: &[u8]) -> Self {
        Self {
            sha1: hex_upper(digest(&SHA1_FOR_LEGACY_USE_ONLY, der).as_ref()),
            sha256: hex_upper(digest(&SHA256, der).as_ref()),
        }
    }

    /// SHA-1, 40 upper-case hex digits.
    pub fn sha1(&self) -> &str {
        &self.sha1
    }

    /// SHA-256, 64 upper-case hex digits.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Whether `typed` is this thumbprint in any usual form: either hash, any case, with colons or spaces.
    pub fn matches(&self, typed: &str) -> bool {
        let bare: String = typed.chars().filter(char::is_ascii_hexdigit).collect();
        bare.eq_ignore_ascii_case(&self.sha1) || bare.eq_ignore_ascii_case(&self.sha256)
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sha1)
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thumbprint({})", self.sha1)
    }
}

/// An instant as logs, commands and pages write it.
pub fn instant(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}

/// The facts of one certificate that commands, pages and checks show. Nothing here is a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateFacts {
    /// Subject, as an RFC 4514-like string.
    pub subject: String,
    /// Issuer, likewise.
    pub issuer: String,
    /// Serial number, lower-case hex with colons.
    pub serial: String,
    /// Start of validity.
    #[serde(with = "time::serde::rfc3339")]
    pub not_before: OffsetDateTime,
    /// End of validity.
    #[serde(with = "time::serde::rfc3339")]
    pub not_after: OffsetDateTime,
    /// `RSA`, `EC`, or the OID of the key algorithm.
    pub key_algorithm: String,
    /// Length of the public key in bits; 0 when the algorithm is not known.
    pub key_bits: u32,
    /// SHA-256 of the SubjectPublicKeyInfo in upper-case hex: equal for two certificates of one key.
    pub public_key_sha256: String,
    /// Thumbprints.
    pub thumbprint: Thumbprint,
    /// DNS names and IP addresses of the subject alternative names.
    pub names: Vec<String>,
    /// Subject and issuer are the same.
    pub self_issued: bool,
}

impl CertificateFacts {
    /// Reads one certificate in DER form; trailing bytes are an error.
    ///
    /// # Errors
    /// [`CertError::CertificateUnreadable`].
    pub fn read(der: &[u8]) -> Result<Self, CertError> {
        Ok(Self::of(&parse(der)?, der))
    }

    pub(crate) fn of(certificate: &X509Certificate<'_>, der: &[u8]) -> Self {
        let key = certificate.public_key();
        let validity = certificate.validity();
        Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial: certificate.raw_serial_as_string(),
            not_before: validity.not_before.to_datetime(),
            not_after: validity.not_after.to_datetime(),
            key_algorithm: algorithm_name(&key.algorithm.algorithm.to_id_string()),
            key_bits: key_bits(certificate),
            public_key_sha256: hex_upper(digest(&SHA256, key.raw).as_ref()),
            thumbprint: Thumbprint::of(der),
            names: alternative_names(certificate),
            self_issued: certificate.subject().as_raw() == certificate.issuer().as_raw(),
        }
    }

    /// Whole days from `now` to the end of validity; negative when past.
    pub fn days_left(&self, now: OffsetDateTime) -> i64 {
        (self.not_after - now).whole_days()
    }
}

/// Parses exactly one certificate.
pub(crate) fn parse(der: &[u8]) -> Result<X509Certificate<'_>, CertError> {
    let (rest, certificate) = X509Certificate::from_der(der)
        .map_err(|error| CertError::CertificateUnreadable(error.to_string()))?;
    if !rest.is_empty() {
        return Err(CertError::CertificateUnreadable(format!(
            "{} bytes follow it",
            rest.len()
        )));
    }
    Ok(certificate)
}

pub(crate) const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";

fn algorithm_name(oid: &str) -> String {
    match oid {
        RSA_ENCRYPTION => "RSA".to_owned(),
        "1.2.840.10045.2.1" => "EC".to_owned(),
        other => other.to_owned(),
    }
}

fn key_bits(certificate: &X509Certificate<'_>) -> u32 {
    let Ok(key) = certificate.public_key().parsed() else {
        return 0;
    };
    match key {
        x509_parser::public_key::PublicKey::RSA(rsa) => modulus_bits(rsa.modulus),
        x509_parser::public_key::PublicKey::EC(point) => {
            u32::try_from(point.key_size()).unwrap_or(0)
        }
        _ => 0,
    }
}

/// Bits of a big-endian modulus, leading zeros not counted.
fn modulus_bits(modulus: &[u8]) -> u32 {
    let mut octets = modulus.iter().skip_while(|octet| **octet == 0);
    let Some(first) = octets.next() else { return 0 };
    let rest = u32::try_from(octets.count()).unwrap_or(u32::MAX / 16);
    rest * 8 + (8 - first.leading_zeros())
}

fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let names = extension.value.general_names.iter();
    names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(octets) => ip_text(octets),
            _ => None,
        })
        .collect()
}

fn ip_text(octets: &[u8]) -> Option<String> {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return Some(std::net::Ipv4Addr::from(v4).to_string());
    }
    <[u8; 16]>::try_from(octets)
        .ok()
        .map(|v6| std::net::Ipv6Addr::from(v6).to_string())
}

pub(crate) fn hex_upper(octets: &[u8]) -> String {
    use fmt::Write as _;
    let mut text = String::with_capacity(octets.len() * 2);
    for octet in octets {
        // Writing to a String cannot fail.
        let _ = write!(text, "{octet:02X}");
    }
    text
}
