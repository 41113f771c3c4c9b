//! A responder of the issuing authority's, with a switch for every kind of misbehaviour.

use signet_certs::client::revocation::FetchFault;
use x509_cert::der::asn1::{BitString, GeneralizedTime, Null, ObjectIdentifier, OctetString};
use x509_cert::der::{Any, Decode, Encode};
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_cert::{Certificate, name::Name};
use x509_ocsp::{
    BasicOcspResponse, CertStatus, OcspGeneralizedTime, OcspRequest, OcspResponse, ResponderId,
    ResponseData, RevokedInfo, SingleResponse, Version,
};

use rcgen::KeyPair;
use time::{Duration, OffsetDateTime};

use crate::pki::{NOW, sign};

/// What the answer is to be like; begins as a good one.
#[derive(Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) status: Say,
    pub(crate) made: OffsetDateTime,
    pub(crate) next: Option<OffsetDateTime>,
    pub(crate) echo_nonce: bool,
    pub(crate) wrong_nonce: bool,
    pub(crate) other_serial: bool,
    pub(crate) tamper: bool,
}

#[derive(Clone, Copy)]
pub(crate) enum Say {
    Good,
    Revoked,
    Unknown,
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            status: Say::Good,
            made: NOW - Duration::minutes(1),
            next: Some(NOW + Duration::hours(1)),
            echo_nonce: true,
            wrong_nonce: false,
            other_serial: false,
            tamper: false,
        }
    }
}

impl Answer {
    /// The answer to `request`, signed by `key`, whose certificate is `signer`; it is sent along unless it is the issuer's.
    pub(crate) fn to(
        self,
        request: &[u8],
        key: &KeyPair,
        signer: &[u8],
        sent: bool,
    ) -> Result<Vec<u8>, FetchFault> {
        let request = OcspRequest::from_der(request).unwrap();
        let mut cert_id = request.tbs_request.request_list[0].req_cert.clone();
        if self.other_serial {
            cert_id.serial_number =
                x509_cert::serial_number::SerialNumber::new(&[1, 2, 3]).unwrap();
        }
        let certificate = Certificate::from_der(signer).unwrap();
        let name: Name = certificate.tbs_certificate.subject.clone();
        let mut extensions = request.tbs_request.request_extensions.clone();
        assert!(extensions.is_some(), "a question carries a nonce");
        if self.wrong_nonce {
            let octets =
                OctetString::new(OctetString::new([7; 16]).unwrap().to_der().unwrap()).unwrap();
            extensions.as_mut().unwrap()[0].extn_value = octets;
        }
        let data = ResponseData {
            version: Version::V1,
            responder_id: ResponderId::ByName(name),
            produced_at: at(self.made),
            responses: vec![SingleResponse {
                cert_id,
                cert_status: match self.status {
                    Say::Good => CertStatus::Good(Null),
                    Say::Unknown => CertStatus::Unknown(Null),
                    Say::Revoked => CertStatus::Revoked(RevokedInfo {
                        revocation_time: at(self.made),
                        revocation_reason: None,
                    }),
                },
                this_update: at(self.made),
                next_update: self.next.map(at),
                single_extensions: None,
            }],
            response_extensions: extensions.filter(|_| self.echo_nonce),
        };
        let mut signature = sign(key, &data.to_der().unwrap());
        if self.tamper {
            let last = signature.len() - 1;
            signature[last] ^= 1;
        }
        let basic = BasicOcspResponse {
            tbs_response_data: data,
            signature_algorithm: AlgorithmIdentifierOwned {
                oid: ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"),
                parameters: None::<Any>,
            },
            signature: BitString::from_bytes(&signature).unwrap(),
            certs: sent.then(|| vec![certificate]),
        };
        Ok(OcspResponse::successful(basic).unwrap().to_der().unwrap())
    }
}

fn at(time: OffsetDateTime) -> OcspGeneralizedTime {
    let seconds = std::time::Duration::from_secs(u64::try_from(time.unix_timestamp()).unwrap());
    OcspGeneralizedTime(GeneralizedTime::from_unix_duration(seconds).unwrap())
}
