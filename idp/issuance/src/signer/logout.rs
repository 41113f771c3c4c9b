//! SAML 2.0 logout messages, signed by enveloped signature or by redirect query.
//!
//! AD FS refuses unsigned ones, so there is no way to have one unsigned (saml-profiles-2.0-os 4.4.3).

use signet_model::relying_party::SignatureAlgorithm;
use signet_xml::{CanonicalXml, Writer, instant, sign_element};
use time::{Duration, OffsetDateTime};

use super::keys::{Kind, RingKey};
use super::names::{saml20, samlp};
use super::saml20::write_name_id;
use super::status::write_status;
use super::{Signer, SignerError, algorithm_of};
use crate::id::fresh_id;
use crate::name_id::NameId;
use crate::refusal::SamlStatus;

/// How long a logout request may be acted on.
const LOGOUT_WINDOW: Duration = Duration::minutes(5);

/// "This person's session with you is over" (saml-core-2.0-os 3.7.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutRequest {
    /// Who says it: the issuer of the token the session began with.
    pub issuer: String,
    /// The registered address of the single logout service.
    pub destination: String,
    /// The subject of that token.
    pub name_id: NameId,
    /// The `SessionIndex` values of the tokens.
    pub session_indexes: Vec<String>,
}

/// The answer to a logout request (saml-core-2.0-os 3.7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutResponse {
    /// Who says it.
    pub issuer: String,
    /// The registered address for responses.
    pub destination: String,
    /// `ID` of the request.
    pub in_response_to: String,
    /// `None` is success; [`SamlStatus::PartialLogout`] says that someone could not be told.
    pub status: Option<SamlStatus>,
}

/// A logout message of either kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogoutMessage {
    /// Ours to a participant.
    Request(LogoutRequest),
    /// Ours to the participant that began.
    Response(LogoutResponse),
}

/// A message with an enveloped signature, for the POST binding.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedMessage {
    /// Its `ID`.
    pub id: String,
    /// The message, before base64.
    pub xml: CanonicalXml,
    /// Where it is posted.
    pub destination: String,
    /// `SAMLRequest` or `SAMLResponse`: the name of the form field.
    pub parameter: &'static str,
}

impl LogoutMessage {
    /// Where it goes.
    pub fn destination(&self) -> &str {
        match self {
            Self::Request(request) => &request.destination,
            Self::Response(response) => &response.destination,
        }
    }

    /// The form field or query parameter that carries it (saml-bindings-2.0-os 3.4.3, 3.5.3).
    pub fn parameter(&self) -> &'static str {
        match self {
            Self::Request(_) => "SAMLRequest",
            Self::Response(_) => "SAMLResponse",
        }
    }

    /// The message without a signature, and the place of an enveloped one: after `Issuer`.
    pub(super) fn write(&self, id: &str, now: OffsetDateTime) -> (CanonicalXml, usize) {
        let mut out = Writer::with_capacity(6144);
        let (name, issuer) = match self {
            Self::Request(request) => (samlp::LOGOUT_REQUEST, &request.issuer),
            Self::Response(response) => (samlp::LOGOUT_RESPONSE, &response.issuer),
        };
        out.start(name)
            .attribute("ID", id)
            .attribute("Version", "2.0")
            .attribute("IssueInstant", &instant(now))
            .attribute("Destination", self.destination());
        match self {
            Self::Request(_) => out.attribute("NotOnOrAfter", &instant(now + LOGOUT_WINDOW)),
            Self::Response(response) => out.attribute("InResponseTo", &response.in_response_to),
        };
        out.element(saml20::ISSUER, issuer);
        let signature_at = out.mark();
        match self {
            Self::Request(request) => {
                write_name_id(&mut out, &request.name_id);
                for index in &request.session_indexes {
                    out.element(samlp::SESSION_INDEX, index);
                }
            }
            Self::Response(response) => match response.status {
                None => write_status(&mut out, samlp::SUCCESS, None),
                Some(status) => {
                    let (top, second) = status.codes();
                    write_status(&mut out, top, second);
                }
            },
        }
        out.end();
        (out.finish(), signature_at)
    }
}

impl Signer {
    /// Writes a logout message with an enveloped signature, for the POST binding.
    ///
    /// # Errors
    /// [`SignerError::Signing`], [`SignerError::Randomness`].
    pub fn sign_logout_post(
        &self,
        message: &LogoutMessage,
        algorithm: SignatureAlgorithm,
        now: OffsetDateTime,
    ) -> Result<SignedMessage, SignerError> {
        let ring = self.ring.load();
        let key = RingKey::new(ring.current(), &self.counters, Kind::Logout);
        let id = fresh_id()?;
        let (mut xml, at) = message.write(&id, now);
        let whole = 0..xml.len();
        sign_element(&mut xml, whole, at, &id, &[], algorithm_of(algorithm), &key)?;
        Ok(SignedMessage {
            id,
            xml,
            destination: message.destination().to_owned(),
            parameter: message.parameter(),
        })
    }
}
