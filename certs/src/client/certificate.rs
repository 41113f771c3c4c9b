//! Everything of a person's certificate that mapping, verdict and claims read, read once.

use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::error::Unreadable;
use super::extensions::Extensions;
use super::name::DistinguishedName;
use crate::facts::Thumbprint;

/// No certificate of a person is larger, in bytes.
pub const LARGEST_CERTIFICATE: usize = 32 * 1024;
/// RFC 5280 section 4.1.2.2 allows 20 octets; authorities of old days wrote a few more.
const LONGEST_SERIAL: usize = 40;

/// A certificate that somebody presents. Reading it proves nothing: see [`Judge`](super::Judge).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    der: CertificateDer<'static>,
    /// Subject.
    pub subject: DistinguishedName,
    /// Issuer.
    pub issuer: DistinguishedName,
    /// Serial number, big-endian, without a leading sign octet.
    pub serial: Vec<u8>,
    /// Start of validity.
    pub not_before: OffsetDateTime,
    /// End of validity.
    pub not_after: OffsetDateTime,
    /// X.509 version as counted by people: 3.
    pub version: u32,
    /// OID of the signature's algorithm.
    pub signature_algorithm: String,
    /// SHA-1 of the SubjectPublicKeyInfo.
    pub public_key_sha1: [u8; 20],
    /// SHA-1 of the whole certificate.
    pub sha1: [u8; 20],
    /// Both thumbprints as text.
    pub thumbprint: Thumbprint,
    /// What the extensions say.
    pub extensions: Extensions,
}

impl ClientCertificate {
    /// Reads exactly one certificate in DER form.
    ///
    /// # Errors
    /// [`Unreadable`], naming the part that is not as it should be. A certificate is refused whole: no half of an ambiguous
    /// one is used.
    pub fn read(der: &[u8]) -> Result<Self, Unreadable> {
        if der.len() > LARGEST_CERTIFICATE {
            return Err(Unreadable::TooLarge { length: der.len() });
        }
        let (rest, certificate) =
            X509Certificate::from_der(der).map_err(|_| Unreadable::NotACertificate)?;
        if !rest.is_empty() {
            return Err(Unreadable::NotACertificate);
        }
        let raw_serial = certificate.raw_serial();
        if raw_serial.len() > LONGEST_SERIAL {
            return Err(Unreadable::Part("serial number"));
        }
        let serial = match raw_serial {
            [0, rest @ ..] if !rest.is_empty() => rest.to_vec(),
            whole => whole.to_vec(),
        };
        let name = |name, part| DistinguishedName::of(name).ok_or(Unreadable::Part(part));
        Ok(Self {
            subject: name(certificate.subject(), "subject")?,
            issuer: name(certificate.issuer(), "issuer")?,
            serial,
            not_before: certificate.validity().not_before.to_datetime(),
            not_after: certificate.validity().not_after.to_datetime(),
            version: certificate.version().0.saturating_add(1),
            signature_algorithm: certificate.signature_algorithm.algorithm.to_id_string(),
            public_key_sha1: sha1(certificate.public_key().raw),
            sha1: sha1(der),
            thumbprint: Thumbprint::of(der),
            extensions: Extensions::read(&certificate)?,
            der: CertificateDer::from(der.to_vec()),
        })
    }

    /// The certificate as it was sent.
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// The serial number in upper-case hex, as Windows shows it.
    pub fn serial_text(&self) -> String {
        crate::facts::hex_upper(&self.serial)
    }
}

pub(super) fn sha1(octets: &[u8]) -> [u8; 20] {
    use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
    let mut out = [0; 20];
    for (to, from) in out
        .iter_mut()
        .zip(digest(&SHA1_FOR_LEGACY_USE_ONLY, octets).as_ref())
    {
        *to = *from;
    }
    out
}

/// Fuzz target: any octets are a certificate that can be mapped, or an error.
pub fn fuzz_client_certificate(bytes: &[u8]) {
    let Ok(certificate) = ClientCertificate::read(bytes) else {
        return;
    };
    for line in super::mapping::mapping_strings(&certificate) {
        let read = super::mapping::SecurityIdentity::parse(&line.value);
        assert!(
            read.is_none_or(|read| read.matches(&certificate) != super::mapping::Match::No),
            "{line:?}"
        );
    }
}
