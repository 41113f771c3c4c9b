//! Single logout: what a relying party asks for, and what it answers.
//!
//! Source: saml-core-2.0-os 3.7, saml-profiles-2.0-os 4.4. Both messages end or report the end of sessions, so both must
//! be signed by the relying party that they name (SAML-21).

use signet_issuance::NameId;
use signet_model::uris::binding;
use signet_model::{Protocol, RelyingParty, ReplyTo};
use signet_xml::Element;

use super::binding::Carried;
use super::names::{LOGOUT_REQUEST, LOGOUT_RESPONSE, SAML, SAMLP};
use super::steps::Step;
use super::{LogoutAddress, LogoutAnswer, LogoutRequest, SamlAction, fields, signature};
use crate::error::ProtocolError;
use crate::{party, reply};

const MOST_SESSIONS: usize = 64;
const LONGEST: usize = 1024;
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

/// `LogoutRequest` (3.7.1).
pub(super) fn request(step: &Step<'_>) -> Result<SamlAction, ProtocolError> {
    let (issuer, party) = step.load_relying_party()?;
    party::check_enabled(&party)?;
    party::check_protocol(&party, Protocol::Saml2)?;
    let (message, signed) =
        signature::check(&party, step.envelope, step.document, LOGOUT_REQUEST, true)?;
    fields::check_version(message)?;
    let id = fields::id(message)?;
    step.check_issue_instant(fields::instant(message, "IssueInstant")?)?;
    check_not_expired(step, message)?;
    step.check_destination(fields::text(message, "Destination")?.as_deref(), signed)?;
    let replay = step.replay_key(&party, id.clone());
    Ok(SamlAction::Logout(Box::new(LogoutRequest {
        relying_party: party.id,
        issuer,
        id,
        name_id: parse_name_id(message)?,
        session_indexes: parse_session_indexes(message)?,
        state: step.envelope.state.clone(),
        answer_at: decide_answer_address(step, &party)?,
        replay,
    })))
}

/// `LogoutResponse` (3.7.2).
pub(super) fn answer(step: &Step<'_>) -> Result<SamlAction, ProtocolError> {
    let (_, party) = step.load_relying_party()?;
    party::check_enabled(&party)?;
    party::check_protocol(&party, Protocol::Saml2)?;
    let (message, signed) =
        signature::check(&party, step.envelope, step.document, LOGOUT_RESPONSE, true)?;
    fields::check_version(message)?;
    fields::id(message)?;
    step.check_issue_instant(fields::instant(message, "IssueInstant")?)?;
    step.check_destination(fields::text(message, "Destination")?.as_deref(), signed)?;
    Ok(SamlAction::LogoutAnswered(LogoutAnswer {
        relying_party: party.id,
        in_response_to: fields::text(message, "InResponseTo")?,
        success: parse_success(message)?,
    }))
}

/// 3.7.1: "NotOnOrAfter … the time at which the request expires".
fn check_not_expired(step: &Step<'_>, message: Element<'_>) -> Result<(), ProtocolError> {
    match fields::optional_instant(message, "NotOnOrAfter")? {
        Some(end) if step.now >= end => Err(step.outside_window("NotOnOrAfter", end)),
        _ => Ok(()),
    }
}

/// 3.7.1: one of `BaseID`, `NameID`, `EncryptedID`; tokens carry `NameID`s, so only that is read.
fn parse_name_id(message: Element<'_>) -> Result<NameId, ProtocolError> {
    for other in ["BaseID", "EncryptedID"] {
        if message
            .optional_child(SAML, other)
            .map_err(fields::xml)?
            .is_some()
        {
            return Err(fields::invalid(
                "LogoutRequest",
                "only NameID is understood",
            ));
        }
    }
    let element = message.only_child(SAML, "NameID").map_err(fields::xml)?;
    let value = element.text().map_err(fields::xml)?.into_owned();
    if value.is_empty() || value.len() > LONGEST {
        return Err(fields::invalid("NameID", "empty or too long"));
    }
    Ok(NameId {
        value,
        format: fields::text(element, "Format")?,
        name_qualifier: fields::text(element, "NameQualifier")?,
        sp_name_qualifier: fields::text(element, "SPNameQualifier")?,
        sp_provided_id: fields::text(element, "SPProvidedID")?,
    })
}

/// 3.7.1: any number of `SessionIndex`.
fn parse_session_indexes(message: Element<'_>) -> Result<Vec<String>, ProtocolError> {
    let mut indexes = Vec::new();
    for element in message.children_named(SAMLP, "SessionIndex") {
        let text = element.trimmed_text().map_err(fields::xml)?.into_owned();
        if indexes.len() == MOST_SESSIONS || text.is_empty() || text.len() > LONGEST {
            return Err(fields::invalid(
                "SessionIndex",
                "too many, empty or too long",
            ));
        }
        indexes.push(text);
    }
    Ok(indexes)
}

fn parse_success(message: Element<'_>) -> Result<bool, ProtocolError> {
    let status = message.only_child(SAMLP, "Status").map_err(fields::xml)?;
    let code = status
        .only_child(SAMLP, "StatusCode")
        .map_err(fields::xml)?;
    Ok(code.attribute("Value") == Some(SUCCESS))
}

/// The registered address of the binding that the request came by, else any; `ResponseLocation` goes before `Location`
/// (saml-metadata-2.0-os 2.2.2). Nothing in the request can change it (SAML-22).
fn decide_answer_address(
    step: &Step<'_>,
    party: &RelyingParty,
) -> Result<Option<LogoutAddress>, ProtocolError> {
    let same = match step.envelope.carried {
        Carried::Redirect { .. } => binding::HTTP_REDIRECT,
        Carried::Post => binding::HTTP_POST,
    };
    let served = |uri: &str| matches!(uri, binding::HTTP_POST | binding::HTTP_REDIRECT);
    let services = || {
        party
            .logout_services
            .iter()
            .filter(|service| served(&service.binding))
    };
    let service = services()
        .find(|service| service.binding == same)
        .or_else(|| services().next());
    let Some(service) = service else {
        return Ok(None);
    };
    let address = service
        .response_location
        .as_ref()
        .unwrap_or(&service.location);
    let address = reply::check_safe(party, ReplyTo::registered(address))?;
    Ok(Some(match service.binding.as_str() {
        binding::HTTP_POST => LogoutAddress::Post(address),
        _ => LogoutAddress::Redirect(address),
    }))
}
