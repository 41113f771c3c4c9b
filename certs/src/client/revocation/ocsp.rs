//! One question to a responder and its answer (RFC 6960).

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_cert::der::asn1::{Null, ObjectIdentifier, OctetString};
use x509_cert::der::{Any, Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_ocsp::{
    BasicOcspResponse, CertId, CertStatus, OcspGeneralizedTime, OcspRequest, OcspResponse,
    OcspResponseStatus, Request, ResponderId, SingleResponse, TbsRequest, Version,
};

use super::super::der::{BIT_STRING, Element, Signed};
use super::super::path::{algorithms, unix_time};
use super::LARGEST_ANSWER;
use super::list::CLOCK_SKEW;
use super::signature::is_signed_by;

const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const NONCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.2");
/// id-pkix-ocsp-nocheck (RFC 6960 section 4.2.2.2.1).
const NO_CHECK: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.5");
const BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");
/// id-kp-OCSPSigning, 1.3.6.1.5.5.7.3.9, without tag and length.
const OCSP_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 9];
const MOST_CERTIFICATES: usize = 4;
/// An answer without a next update is news only for so long.
const UNDATED: time::Duration = time::Duration::minutes(10);

/// What a responder says of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Status {
    Good,
    Revoked,
    /// The responder is the right one and does not know the certificate.
    Unknown,
}

/// A verified answer.
#[derive(Clone, Debug)]
pub(in super::super) struct Answer {
    pub(in super::super) status: Status,
    pub(super) this_update: OffsetDateTime,
    /// After this it says nothing.
    pub(super) until: OffsetDateTime,
    pub(super) may_be_kept: bool,
}

/// Why an answer is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OcspFault {
    /// Not an OCSP answer.
    #[error("the answer cannot be read")]
    Unreadable,
    /// tryLater, unauthorized, …: words without a signature.
    #[error("the responder answers {0}")]
    NoAnswer(&'static str),
    /// It is about another certificate.
    #[error("the answer is about another certificate")]
    AnotherCertificate,
    /// Made for another question.
    #[error("the answer was made for another question (nonce)")]
    AnotherQuestion,
    /// Nobody who may speak for the issuer signed it.
    #[error("the answer is not signed by the issuer or a responder of the issuer's")]
    BadSignature,
    /// Past its next update.
    #[error("the answer was to be renewed by {0}")]
    Stale(OffsetDateTime),
    /// Its time has not come.
    #[error("the answer is dated {0}")]
    FromTheFuture(OffsetDateTime),
    /// The issuer has withdrawn what it let the responder do.
    #[error("the responder's own certificate was revoked")]
    ResponderRevoked,
    /// The responder's certificate does not say that it need not be checked, and nobody can say whether it was revoked.
    #[error("whether the responder's own certificate was revoked cannot be found out: {0}")]
    ResponderUnchecked(String),
}

/// A question about one certificate.
pub(super) struct Question {
    serial: SerialNumber,
    issuer_subject: Vec<u8>,
    issuer_key: Vec<u8>,
    nonce: [u8; 16],
}

impl Question {
    /// About `certificate`, which `issuer` issued.
    pub(super) fn about(
        certificate: &CertificateDer<'_>,
        issuer: &CertificateDer<'_>,
    ) -> Option<Self> {
        let own = EndEntityCert::try_from(certificate).ok()?;
        let issuer = EndEntityCert::try_from(issuer).ok()?;
        let mut nonce = [0; 16];
        SystemRandom::new().fill(&mut nonce).ok()?;
        Some(Self {
            serial: SerialNumber::new(own.serial()).ok()?,
            issuer_subject: sequence(issuer.subject()),
            issuer_key: key_bits(issuer.subject_public_key_info().as_ref())?.to_vec(),
            nonce,
        })
    }

    /// The request in DER: one certificate, by SHA-1 (which every responder knows), with a nonce.
    pub(super) fn request(&self) -> Option<Vec<u8>> {
        let nonce = Extension {
            extn_id: NONCE,
            critical: false,
            extn_value: OctetString::new(OctetString::new(self.nonce).ok()?.to_der().ok()?).ok()?,
        };
        let tbs_request = TbsRequest {
            version: Version::V1,
            requestor_name: None,
            request_list: vec![Request {
                req_cert: self.cert_id()?,
                single_request_extensions: None,
            }],
            request_extensions: Some(vec![nonce]),
        };
        let request = OcspRequest {
            tbs_request,
            optional_signature: None,
        };
        request.to_der().ok()
    }

    fn cert_id(&self) -> Option<CertId> {
        let hashed = |octets: &[u8]| {
            OctetString::new(digest(&SHA1_FOR_LEGACY_USE_ONLY, octets).as_ref()).ok()
        };
        Some(CertId {
            hash_algorithm: AlgorithmIdentifierOwned {
                oid: SHA1,
                parameters: Some(Any::from(Null)),
            },
            issuer_name_hash: hashed(&self.issuer_subject)?,
            issuer_key_hash: hashed(&self.issuer_key)?,
            serial_number: self.serial.clone(),
        })
    }

    fn is_about(&self, id: &CertId) -> bool {
        let algorithm: &Algorithm = match id.hash_algorithm.oid {
            SHA1 => &SHA1_FOR_LEGACY_USE_ONLY,
            SHA256_OID => &SHA256,
            _ => return false,
        };
        let hashes_to = |octets: &[u8], hash: &OctetString| {
            digest(algorithm, octets).as_ref() == hash.as_bytes()
        };
        id.serial_number == self.serial
            && hashes_to(&self.issuer_subject, &id.issuer_name_hash)
            && hashes_to(&self.issuer_key, &id.issuer_key_hash)
    }

    /// Reads the answer; nothing in it is believed before its signature is verified. The second value is a responder's
    /// certificate that has to be looked up in its issuer's list before the answer counts.
    pub(super) fn read_answer(
        &self,
        der: &[u8],
        issuer: &CertificateDer<'_>,
        now: OffsetDateTime,
    ) -> Result<(Answer, Option<CertificateDer<'static>>), OcspFault> {
        if der.len() > LARGEST_ANSWER {
            return Err(OcspFault::Unreadable);
        }
        let outer = OcspResponse::from_der(der).map_err(|_| OcspFault::Unreadable)?;
        check_status(outer.response_status)?;
        let bytes = outer.response_bytes.ok_or(OcspFault::Unreadable)?;
        if bytes.response_type != BASIC {
            return Err(OcspFault::Unreadable);
        }
        let raw = bytes.response.as_bytes();
        let basic = BasicOcspResponse::from_der(raw).map_err(|_| OcspFault::Unreadable)?;
        let unchecked = check_signature(raw, &basic, issuer, now)?;
        if basic.nonce().is_some_and(|nonce| {
            let OctetStringBytes(octets) = OctetStringBytes::of(&nonce);
            octets != self.nonce
        }) {
            return Err(OcspFault::AnotherQuestion);
        }
        let mut about = basic
            .tbs_response_data
            .responses
            .iter()
            .filter(|single| self.is_about(&single.cert_id));
        let single = about.next().ok_or(OcspFault::AnotherCertificate)?;
        if about.next().is_some() {
            return Err(OcspFault::Unreadable);
        }
        Ok((judge(single, now)?, unchecked))
    }
}

/// The octets of a nonce, whatever the types library wraps them in.
struct OctetStringBytes<'a>(&'a [u8]);

impl<'a> OctetStringBytes<'a> {
    fn of(nonce: &'a x509_ocsp::ext::Nonce) -> Self {
        Self(nonce.0.as_bytes())
    }
}

fn check_status(status: OcspResponseStatus) -> Result<(), OcspFault> {
    Err(OcspFault::NoAnswer(match status {
        OcspResponseStatus::Successful => return Ok(()),
        OcspResponseStatus::MalformedRequest => "malformedRequest",
        OcspResponseStatus::InternalError => "internalError",
        OcspResponseStatus::TryLater => "tryLater",
        OcspResponseStatus::SigRequired => "sigRequired",
        OcspResponseStatus::Unauthorized => "unauthorized",
    }))
}

/// RFC 6960 section 4.2.2.2: the issuer itself, or a responder whose certificate the issuer issued for that purpose.
/// Such a certificate is handed out when it does not say that its own revocation need not be asked about.
fn check_signature(
    raw: &[u8],
    basic: &BasicOcspResponse,
    issuer: &CertificateDer<'_>,
    now: OffsetDateTime,
) -> Result<Option<CertificateDer<'static>>, OcspFault> {
    let signed = Signed::read(raw).ok_or(OcspFault::BadSignature)?;
    let named = &basic.tbs_response_data.responder_id;
    if is_named(issuer, named) && is_signed_by(&signed, issuer) {
        return Ok(None);
    }
    let anchor = anchor_from_trusted_cert(issuer).map_err(|_| OcspFault::BadSignature)?;
    let sent = basic.certs.iter().flatten().take(MOST_CERTIFICATES);
    for certificate in sent {
        let der = certificate.to_der().map_err(|_| OcspFault::Unreadable)?;
        let der = CertificateDer::from(der);
        if !is_named(&der, named) {
            continue;
        }
        let Ok(responder) = EndEntityCert::try_from(&der) else {
            continue;
        };
        let entitled = responder.verify_for_usage(
            algorithms(),
            std::slice::from_ref(&anchor),
            &[],
            unix_time(now),
            KeyUsage::required(OCSP_SIGNING),
            None,
            None,
        );
        if entitled.is_ok() && is_signed_by(&signed, &der) {
            let extensions = certificate.tbs_certificate.extensions.iter().flatten();
            let need_not_be_checked = extensions.into_iter().any(|one| one.extn_id == NO_CHECK);
            return Ok((!need_not_be_checked).then_some(der));
        }
    }
    Err(OcspFault::BadSignature)
}

fn is_named(certificate: &CertificateDer<'_>, named: &ResponderId) -> bool {
    let Ok(certificate) = EndEntityCert::try_from(certificate) else {
        return false;
    };
    match named {
        ResponderId::ByName(name) => name
            .to_der()
            .is_ok_and(|name| name == sequence(certificate.subject())),
        ResponderId::ByKey(hash) => key_bits(certificate.subject_public_key_info().as_ref())
            .is_some_and(|key| digest(&SHA1_FOR_LEGACY_USE_ONLY, key).as_ref() == hash.as_bytes()),
    }
}

fn judge(single: &SingleResponse, now: OffsetDateTime) -> Result<Answer, OcspFault> {
    let this_update = instant(&single.this_update)?;
    if this_update > now + CLOCK_SKEW {
        return Err(OcspFault::FromTheFuture(this_update));
    }
    let next_update = single.next_update.as_ref().map(instant).transpose()?;
    // RFC 6960 section 4.2.2.1: without nextUpdate newer information is available all the time.
    let until = next_update.unwrap_or(this_update + UNDATED);
    if now >= until {
        return Err(OcspFault::Stale(until));
    }
    Ok(Answer {
        status: match single.cert_status {
            CertStatus::Good(_) => Status::Good,
            CertStatus::Revoked(_) => Status::Revoked,
            CertStatus::Unknown(_) => Status::Unknown,
        },
        this_update,
        until,
        may_be_kept: next_update.is_some(),
    })
}

fn instant(time: &OcspGeneralizedTime) -> Result<OffsetDateTime, OcspFault> {
    let seconds = i64::try_from(time.0.to_unix_duration().as_secs());
    let seconds = seconds.map_err(|_| OcspFault::Unreadable)?;
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| OcspFault::Unreadable)
}

/// webpki hands names back without their SEQUENCE.
fn sequence(content: &[u8]) -> Vec<u8> {
    rustls::DistinguishedName::in_sequence(content)
        .as_ref()
        .to_vec()
}

/// The key inside a SubjectPublicKeyInfo, without tag, length and count of unused bits (RFC 6960 section 4.1.1).
fn key_bits(info: &[u8]) -> Option<&[u8]> {
    let parts = Element::only(info)?.children(2)?;
    let bits = parts.get(1).filter(|bits| bits.is_universal(BIT_STRING))?;
    bits.value.get(1..)
}

/// Fuzz target: no octets are an answer by a signer that nobody knows.
pub fn fuzz_ocsp_answer(bytes: &[u8]) {
    let question = Question {
        serial: match SerialNumber::new(&[1]) {
            Ok(serial) => serial,
            Err(_) => return,
        },
        issuer_subject: Vec::new(),
        issuer_key: Vec::new(),
        nonce: [0; 16],
    };
    let nobody = CertificateDer::from(bytes);
    let read = question.read_answer(bytes, &nobody, OffsetDateTime::UNIX_EPOCH);
    assert!(read.is_err());
}
