//! Sign-out: who is told, and where the browser goes afterwards.
//!
//! Source: WS-Federation 1.2, section 13.2.4; facts section 1.7.

use std::sync::Arc;

use signet_model::relying_party::ReplyMatch;
use signet_model::{RelyingParty, ReplyTo};

use super::SignOut;
use crate::answer::{Redirect, add_query};
use crate::error::ProtocolError;
use crate::parties::RelyingParties;
use crate::reply;

/// The addresses that tell the partners of an ended session, one each: `…?wa=wsignoutcleanup1.0` at the first
/// endpoint. The page loads them as images or frames; that is best effort, so end the session first.
pub fn clean_up_addresses<'a>(partners: impl IntoIterator<Item = &'a RelyingParty>) -> Vec<String> {
    partners
        .into_iter()
        .filter(|party| party.enabled && party.protocols.allows_wsfed())
        .filter_map(|party| reply::wsfed(party, None).ok())
        .map(|endpoint| add_query(endpoint.as_str(), "wa=wsignoutcleanup1.0"))
        .collect()
}

/// Where the browser goes when the session is over; `None` shows our own page.
pub fn respond_signed_out(sign_out: &SignOut) -> Option<Redirect> {
    Redirect::to(sign_out.return_to.as_ref()?)
}

/// Ending a session needs nobody's permission, so nothing here refuses: what is wrong only loses its redirect.
pub(super) fn decide_sign_out(
    realm: Option<&str>,
    wreply: Option<&str>,
    parties: &dyn RelyingParties,
) -> SignOut {
    let named = realm
        .and_then(|realm| parties.by_identifier(realm))
        .filter(|party| party.enabled);
    let relying_party = named.as_ref().map(|party| party.id);
    let Some(wanted) = wreply else {
        return SignOut {
            relying_party,
            ..SignOut::default()
        };
    };
    let candidates = match (&named, realm) {
        (Some(party), _) => vec![Arc::clone(party)],
        (None, Some(_)) => Vec::new(),
        (None, None) => parties.all(),
    };
    let found = candidates
        .iter()
        .filter(|party| party.enabled)
        .find_map(|party| Some((party.id, find_return_address(party, wanted)?)));
    match found {
        Some((id, address)) => SignOut {
            relying_party: Some(id),
            return_to: Some(address),
            reply_refused: None,
        },
        None => {
            let refused = ProtocolError::RelyingPartyReplyUnregistered {
                name: named.map_or_else(|| "any".to_owned(), |party| party.name.clone()),
                address: crate::error::cut(wanted),
            };
            SignOut {
                relying_party,
                return_to: None,
                reply_refused: Some(refused.message()),
            }
        }
    }
}

/// A reply endpoint, or a single logout address: Shibboleth sends the latter.
fn find_return_address(party: &RelyingParty, wanted: &str) -> Option<ReplyTo> {
    let endpoints = party.wsfed_endpoints.iter().map(String::as_str);
    let logout = party
        .logout_services
        .iter()
        .flat_map(|service| {
            [
                Some(service.location.as_str()),
                service.response_location.as_deref(),
            ]
        })
        .flatten();
    let found = reply::find(wanted, endpoints, party.reply_match)
        .or_else(|| reply::find(wanted, logout, ReplyMatch::Exact))?;
    reply::check_safe(party, found).ok()
}
