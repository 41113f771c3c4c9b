//! The steps of a WS-Federation message, in order, on one screen.

use std::sync::Arc;

use signet_model::request::Comparison;
use signet_model::{
    AvailableMethods, Protocol, RelyingParty, RequestedAuthentication, SignInRequest,
};
use time::{Duration, OffsetDateTime};

use super::WsFedAction;
use super::hints::build_hints;
use super::parse::{Action, Message, parse};
use super::resource_params::parse_requested_method;
use super::signout::decide_sign_out;
use crate::clock::milliseconds;
use crate::decide::{is_possible, unavailable};
use crate::error::{ProtocolError, cut};
use crate::methods::is_known;
use crate::parties::RelyingParties;
use crate::wire::ProtocolRequest;
use crate::{party, reply};

/// Reads a WS-Federation message and checks all that can be checked before the person is known.
///
/// `methods` are those of this installation; `now` becomes `received_at` of the request.
pub fn receive(
    request: &ProtocolRequest<'_>,
    parties: &dyn RelyingParties,
    methods: &AvailableMethods,
    now: OffsetDateTime,
) -> Result<WsFedAction, ProtocolError> {
    let message = parse(request)?;
    let sign_out = || decide_sign_out(message.realm.as_deref(), message.reply.as_deref(), parties);
    match message.action {
        Action::SignIn => Ok(WsFedAction::SignIn(Box::new(sign_in(
            &message, parties, methods, now,
        )?))),
        Action::SignOut => Ok(WsFedAction::SignOut(sign_out())),
        Action::CleanUp => Ok(WsFedAction::SignOutCleanup(sign_out())),
    }
}

fn sign_in(
    message: &Message,
    parties: &dyn RelyingParties,
    available: &AvailableMethods,
    now: OffsetDateTime,
) -> Result<SignInRequest, ProtocolError> {
    let (realm, party) = load_relying_party(message, parties)?;
    party::check_enabled(&party)?;
    party::check_protocol(&party, Protocol::WsFederation)?;
    let reply_to = reply::wsfed(&party, message.reply.as_deref())?;
    let max_age = parse_max_age(message)?;
    let methods = parse_methods(message)?;
    check_methods_known(&methods, &party)?;
    let authentication = RequestedAuthentication {
        methods,
        comparison: Comparison::Exact,
        max_age,
        passive: false,
    };
    check_methods_possible(&authentication, &party, available)?;
    Ok(SignInRequest {
        protocol: Protocol::WsFederation,
        relying_party: party.id,
        audience: realm,
        reply_to,
        token_type: party.wsfed_token,
        in_response_to: None,
        authentication,
        name_id_policy: None,
        hints: build_hints(message),
        state: message.context.clone(),
        received_at: milliseconds(now),
    })
}

/// WS-Federation 1.2, 13.2.2, `wtrealm`: "the URI of the requesting realm". Compared octet by octet (WSF-03).
fn load_relying_party(
    message: &Message,
    parties: &dyn RelyingParties,
) -> Result<(String, Arc<RelyingParty>), ProtocolError> {
    let protocol = Protocol::WsFederation;
    let realm = message
        .realm
        .as_deref()
        .ok_or(ProtocolError::RelyingPartyUnnamed { protocol })?;
    match parties.by_identifier(realm) {
        Some(party) => Ok((realm.to_owned(), party)),
        None => Err(ProtocolError::OperatorRelyingPartyUnknown {
            protocol,
            identifier: cut(realm),
        }),
    }
}

/// WS-Federation 1.2, 13.2.2, `wfresh`: "the desired maximum age of authentication specified in minutes … If specified
/// as "0" it indicates a request for the IP/STS to re-prompt the user". `prompt=login` says the same (facts section 1.2).
fn parse_max_age(message: &Message) -> Result<Option<Duration>, ProtocolError> {
    let fresh = match message.freshness.as_deref() {
        None => None,
        Some(text) => Some(
            parse_minutes(text)
                .ok_or_else(|| ProtocolError::RelyingPartyFreshnessInvalid { value: cut(text) })?,
        ),
    };
    let prompts_login = message
        .prompt
        .as_deref()
        .is_some_and(|prompt| prompt.split(' ').any(|word| word == "login"));
    Ok(if prompts_login {
        Some(Duration::ZERO)
    } else {
        fresh
    })
}

fn parse_minutes(text: &str) -> Option<Duration> {
    let digits_only = text.len() <= 9 && text.bytes().all(|octet| octet.is_ascii_digit());
    digits_only
        .then(|| text.parse().ok())
        .flatten()
        .map(Duration::minutes)
}

/// WS-Federation 1.2, 13.2.2, `wauth`: "the REQUIRED authentication level". When a joining device says `acr` too,
/// that one holds: it is the stronger wish, and the two cannot both be said in one list of alternatives.
fn parse_methods(message: &Message) -> Result<Vec<String>, ProtocolError> {
    let acr = match message.resource_params.as_deref() {
        Some(text) => parse_requested_method(text)?,
        None => None,
    };
    Ok(acr.or_else(|| message.method.clone()).into_iter().collect())
}

/// Unknown methods are refused, as AD FS does (facts section 1.2).
fn check_methods_known(methods: &[String], party: &RelyingParty) -> Result<(), ProtocolError> {
    match methods.iter().find(|method| !is_known(method, party)) {
        Some(method) => Err(ProtocolError::RelyingPartyMethodUnknown {
            method: cut(method),
        }),
        None => Ok(()),
    }
}

/// WS-Federation has no answer that says no, so what cannot be performed ends on our page (WSF-07).
fn check_methods_possible(
    wanted: &RequestedAuthentication,
    party: &RelyingParty,
    available: &AvailableMethods,
) -> Result<(), ProtocolError> {
    if is_possible(wanted, party, available) {
        return Ok(());
    }
    Err(unavailable(wanted, party))
}
