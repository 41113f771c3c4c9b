//! The values of an `AuthnRequest`.
//!
//! Source: saml-core-2.0-os 3.4.1. `Conditions`, `Scoping`, `Consent`, `ProviderName`, `Extensions` and
//! `AttributeConsumingServiceIndex` are passed over: the first limits what is issued no more than our own policy does, and
//! the others are wishes that claim rules, not requests, decide (SAML-28).

use signet_model::request::{Comparison, NameIdPolicy};
use signet_xml::Element;
use time::OffsetDateTime;

use super::fields;
use super::names::{SAML, SAMLP};
use crate::error::{ProtocolError, cut};

const MOST_CONTEXTS: usize = 16;
const LONGEST_CONTEXT: usize = 512;

/// An `AuthnRequest`, read and not yet checked.
#[derive(Debug)]
pub(super) struct AuthnRequest {
    pub(super) id: String,
    pub(super) issue_instant: OffsetDateTime,
    pub(super) destination: Option<String>,
    pub(super) consumer_url: Option<String>,
    pub(super) consumer_index: Option<u16>,
    pub(super) protocol_binding: Option<String>,
    pub(super) force: bool,
    pub(super) passive: bool,
    pub(super) name_id_policy: Option<NameIdPolicy>,
    pub(super) context: Option<RequestedContext>,
    pub(super) names_subject: bool,
}

/// `RequestedAuthnContext`.
#[derive(Debug)]
pub(super) struct RequestedContext {
    pub(super) comparison: Comparison,
    pub(super) classes: Vec<String>,
}

/// Reads every value once.
pub(super) fn parse(message: Element<'_>) -> Result<AuthnRequest, ProtocolError> {
    fields::check_version(message)?;
    Ok(AuthnRequest {
        id: fields::id(message)?,
        issue_instant: fields::instant(message, "IssueInstant")?,
        destination: fields::text(message, "Destination")?,
        consumer_url: fields::text(message, "AssertionConsumerServiceURL")?,
        consumer_index: fields::index(message, "AssertionConsumerServiceIndex")?,
        protocol_binding: fields::text(message, "ProtocolBinding")?,
        force: fields::boolean(message, "ForceAuthn")?,
        passive: fields::boolean(message, "IsPassive")?,
        name_id_policy: parse_name_id_policy(message)?,
        context: parse_context(message)?,
        names_subject: message
            .optional_child(SAML, "Subject")
            .map_err(fields::xml)?
            .is_some(),
    })
}

/// 3.4.1.1.
fn parse_name_id_policy(message: Element<'_>) -> Result<Option<NameIdPolicy>, ProtocolError> {
    let Some(policy) = message
        .optional_child(SAMLP, "NameIDPolicy")
        .map_err(fields::xml)?
    else {
        return Ok(None);
    };
    Ok(Some(NameIdPolicy {
        format: fields::text(policy, "Format")?.filter(|format| !format.is_empty()),
        sp_name_qualifier: fields::text(policy, "SPNameQualifier")?.filter(|text| !text.is_empty()),
        allow_create: fields::boolean(policy, "AllowCreate")?,
    }))
}

/// 3.3.2.2.1. A declaration reference names what no method here answers to; it is kept as a name that is never met.
fn parse_context(message: Element<'_>) -> Result<Option<RequestedContext>, ProtocolError> {
    let found = message
        .optional_child(SAMLP, "RequestedAuthnContext")
        .map_err(fields::xml)?;
    let Some(element) = found else {
        return Ok(None);
    };
    let comparison = match element.attribute("Comparison") {
        None | Some("exact") => Comparison::Exact,
        Some("minimum") => Comparison::Minimum,
        Some("maximum") => Comparison::Maximum,
        Some("better") => Comparison::Better,
        Some(other) => {
            let detail = format!("{:?} is not a comparison", cut(other));
            return Err(fields::invalid("RequestedAuthnContext", detail));
        }
    };
    let mut classes = Vec::new();
    for child in element.children() {
        if !child.is(SAML, "AuthnContextClassRef") && !child.is(SAML, "AuthnContextDeclRef") {
            return Err(fields::invalid(
                "RequestedAuthnContext",
                "an unexpected element",
            ));
        }
        let name = child.trimmed_text().map_err(fields::xml)?.into_owned();
        if classes.len() == MOST_CONTEXTS || name.len() > LONGEST_CONTEXT {
            return Err(fields::invalid(
                "RequestedAuthnContext",
                "too many or too long names",
            ));
        }
        classes.push(name);
    }
    if classes.is_empty() {
        return Err(fields::invalid("RequestedAuthnContext", "it names nothing"));
    }
    Ok(Some(RequestedContext {
        comparison,
        classes,
    }))
}
