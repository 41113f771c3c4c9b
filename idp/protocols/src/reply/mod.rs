//! Reply addresses: is the place where an answer is wanted one of those that were registered?
//!
//! One comparison for every protocol. The rule is octet by octet equality. A relying party that was imported
//! from AD FS can be set to [`ReplyMatch::PathPrefix`]: then an address on the same origin and below a registered
//! path, at a segment boundary, passes too, if it is written in exactly one way (see [`is_below`]).
//!
//! Source: security cases SAML-02, WSF-01, WSF-02, WSF-11; facts of AD FS trusts, `AdditionalWSFedEndpoint`.

#[cfg(test)]
mod vectors;

use signet_issuance::{is_below, unsafe_because};
use signet_model::relying_party::ReplyMatch;
use signet_model::{Protocol, RelyingParty, ReplyTo};

use crate::error::{ProtocolError, cut};

/// Finds `wanted` among `registered`; `None` when it is not one of them.
///
/// With [`ReplyMatch::Exact`] the result is the registered text itself.
pub fn find<'a>(
    wanted: &str,
    registered: impl IntoIterator<Item = &'a str> + Clone,
    rule: ReplyMatch,
) -> Option<ReplyTo> {
    let mut exact = registered.clone().into_iter();
    if let Some(address) = exact.find(|address| *address == wanted) {
        return Some(ReplyTo::registered(address));
    }
    let mut every = registered.into_iter();
    (rule == ReplyMatch::PathPrefix && every.any(|address| is_below(wanted, address)))
        .then(|| ReplyTo::registered(wanted))
}

/// The address of a WS-Federation answer: `wreply` when it is registered, the first endpoint when there is none.
pub(crate) fn wsfed(party: &RelyingParty, wreply: Option<&str>) -> Result<ReplyTo, ProtocolError> {
    let endpoints = party.wsfed_endpoints.iter().map(String::as_str);
    let found = match wreply {
        Some(wanted) => {
            find(wanted, endpoints, party.reply_match).ok_or_else(|| unregistered(party, wanted))?
        }
        None => party
            .wsfed_endpoints
            .first()
            .map(|first| ReplyTo::registered(first))
            .ok_or_else(|| ProtocolError::OperatorReplyMissing {
                name: party.name.clone(),
                protocol: Protocol::WsFederation,
            })?,
    };
    check_safe(party, found)
}

/// An answer leaves by `https`, or by `http` when the relying party is set so, and to a web address in any case.
pub(crate) fn check_safe(party: &RelyingParty, found: ReplyTo) -> Result<ReplyTo, ProtocolError> {
    match unsafe_because(found.as_str(), party.allow_http_endpoints) {
        None => Ok(found),
        Some(reason) => Err(ProtocolError::OperatorReplyUnsafe {
            name: party.name.clone(),
            address: cut(found.as_str()),
            reason,
        }),
    }
}

pub(crate) fn unregistered(party: &RelyingParty, wanted: &str) -> ProtocolError {
    ProtocolError::RelyingPartyReplyUnregistered {
        name: party.name.clone(),
        address: cut(wanted),
    }
}
