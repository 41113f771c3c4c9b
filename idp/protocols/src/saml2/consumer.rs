//! Which assertion consumer service the answer goes to.
//!
//! Source: saml-core-2.0-os 3.4.1 (`AssertionConsumerServiceURL`, `…Index`, `ProtocolBinding`); facts of AD FS trusts, section 4:
//! by address, by index, the default, the lowest index. Only addresses registered for HTTP-POST are ever used.

use signet_model::relying_party::ReplyMatch;
use signet_model::uris::binding;
use signet_model::{Protocol, RelyingParty, ReplyTo};

use super::authn_request::AuthnRequest;
use super::fields;
use crate::error::{ProtocolError, cut};
use crate::reply;

/// The registered address that `request` names, or the default one (SAML-01 to SAML-03).
pub(super) fn decide(
    request: &AuthnRequest,
    party: &RelyingParty,
) -> Result<ReplyTo, ProtocolError> {
    check_binding(request)?;
    let found = match (&request.consumer_url, request.consumer_index) {
        (Some(_), Some(_)) => {
            return Err(fields::invalid(
                "AssertionConsumerServiceURL",
                "an index is there too, and only one of them may be",
            ));
        }
        (Some(url), None) => by_url(party, url)?,
        (None, Some(index)) => by_index(party, index)?,
        (None, None) => default(party)?,
    };
    reply::check_safe(party, found)
}

/// Answers leave by HTTP-POST only: saml-profiles-2.0-os 4.1.2 forbids Redirect, and artifacts are not served.
fn check_binding(request: &AuthnRequest) -> Result<(), ProtocolError> {
    match request.protocol_binding.as_deref() {
        None | Some(binding::HTTP_POST) => Ok(()),
        Some(other) => Err(fields::invalid(
            "ProtocolBinding",
            format!("{:?}", cut(other)),
        )),
    }
}

fn by_url(party: &RelyingParty, url: &str) -> Result<ReplyTo, ProtocolError> {
    let posts = party
        .assertion_consumers
        .iter()
        .filter(|consumer| consumer.is_post());
    let locations = posts.map(|consumer| consumer.location.as_str());
    // Always octet by octet: the prefix rule is for wreply alone.
    reply::find(url, locations, ReplyMatch::Exact).ok_or_else(|| reply::unregistered(party, url))
}

fn by_index(party: &RelyingParty, index: u16) -> Result<ReplyTo, ProtocolError> {
    let mut posts = party
        .assertion_consumers
        .iter()
        .filter(|consumer| consumer.is_post());
    posts
        .find(|consumer| consumer.index == index)
        .map(|consumer| ReplyTo::registered(&consumer.location))
        .ok_or_else(|| reply::unregistered(party, &format!("index {index}")))
}

/// The default, of a request that names none and of a sign-in that began here.
pub(super) fn default(party: &RelyingParty) -> Result<ReplyTo, ProtocolError> {
    let consumer =
        party
            .default_assertion_consumer()
            .ok_or_else(|| ProtocolError::OperatorReplyMissing {
                name: party.name.clone(),
                protocol: Protocol::Saml2,
            })?;
    Ok(ReplyTo::registered(&consumer.location))
}
