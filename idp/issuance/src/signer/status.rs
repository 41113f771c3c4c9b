//! Responses that carry a status and nothing else: unsigned on purpose.
//!
//! A signed error would be a signature donor (SAML-18) and tell an attacker nothing he could not
//! write himself, so there is no way to have one signed.

use signet_xml::{CanonicalXml, Writer, instant};
use time::OffsetDateTime;

use super::names::{saml20, samlp};
use crate::id::{RandomnessFailed, fresh_id};
use crate::refusal::SamlStatus;

/// "No", for a relying party (saml-core-2.0-os 3.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorResponse {
    /// Who says it.
    pub issuer: String,
    /// The registered address it is posted to.
    pub destination: String,
    /// `ID` of the request.
    pub in_response_to: Option<String>,
    /// Why, in general words.
    pub status: SamlStatus,
}

/// A message without a signature.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UnsignedMessage {
    /// Its `ID`.
    pub id: String,
    /// The message, before base64.
    pub xml: CanonicalXml,
}

/// Writes the response: status codes only, no assertion, no message, no detail (SAML-17).
///
/// # Errors
/// [`RandomnessFailed`].
pub fn write_error_response(
    response: &ErrorResponse,
    now: OffsetDateTime,
) -> Result<UnsignedMessage, RandomnessFailed> {
    let id = fresh_id()?;
    let mut out = Writer::with_capacity(1024);
    out.start(samlp::RESPONSE)
        .attribute("ID", &id)
        .attribute("Version", "2.0")
        .attribute("IssueInstant", &instant(now))
        .attribute("Destination", &response.destination);
    if let Some(request) = &response.in_response_to {
        out.attribute("InResponseTo", request);
    }
    out.element(saml20::ISSUER, &response.issuer);
    let (top, second) = response.status.codes();
    write_status(&mut out, top, second);
    out.end();
    Ok(UnsignedMessage {
        id,
        xml: out.finish(),
    })
}

/// Writes `samlp:Status`.
pub(super) fn write_status(out: &mut Writer, top: &str, second: Option<&str>) {
    out.start(samlp::STATUS)
        .start(samlp::STATUS_CODE)
        .attribute("Value", top);
    if let Some(second) = second {
        out.start(samlp::STATUS_CODE)
            .attribute("Value", second)
            .end();
    }
    out.end().end();
}
