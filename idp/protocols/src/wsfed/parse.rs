//! The parameters of a WS-Federation message.
//!
//! Source: WS-Federation 1.2, sections 13.2.1 to 13.2.5; facts of Entra's requests, section 1.1.

use crate::error::{ProtocolError, cut};
use crate::parameters::{Names, Parameters};
use crate::saml2;
use crate::wire::{HttpMethod, ProtocolRequest};

/// `wctx` is echoed up to this many octets; Entra's real ones pass 1.5 kB.
const LONGEST_CONTEXT: usize = 8 * 1024;
const LONGEST_URI: usize = 2048;
const LONGEST_HINT: usize = 512;
const LONGEST_WORD: usize = 64;
const LONGEST_RESOURCE_PARAMS: usize = 4096;

/// Parameters that make a WS-Federation message. A message is in the query or in the body, not in both.
const OF_THE_MESSAGE: [&str; 10] = [
    "wa", "wtrealm", "wreply", "wctx", "wct", "wfresh", "wauth", "whr", "wreq", "wresult",
];

/// `wa`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    SignIn,
    SignOut,
    CleanUp,
}

/// One message, read and not yet believed. Empty parameters count as absent, save `wctx`, which is echoed.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) action: Action,
    pub(super) realm: Option<String>,
    pub(super) reply: Option<String>,
    pub(super) context: Option<String>,
    pub(super) freshness: Option<String>,
    pub(super) method: Option<String>,
    pub(super) prompt: Option<String>,
    pub(super) resource_params: Option<String>,
    pub(super) home_realm: Option<String>,
    pub(super) username: Option<String>,
    pub(super) market: Option<String>,
    pub(super) locale: Option<String>,
}

/// Whether the request carries `wa` at all, wherever.
pub(crate) fn has_message(query: &Parameters<'_>, body: &Parameters<'_>) -> bool {
    query.has(Names::AnyCase, "wa") || body.has(Names::AnyCase, "wa")
}

/// A message comes in the query, or in the body of a POST. A form of our own pages is posted to the address that holds
/// the message, so a body without any of the message's parameters leaves the message in the query.
pub(super) fn parse(request: &ProtocolRequest<'_>) -> Result<Message, ProtocolError> {
    let query = Parameters::of_query(request.query)?;
    let body = match request.method {
        HttpMethod::Get => Parameters::of_body(&[])?,
        HttpMethod::Post => Parameters::of_body(request.body)?,
    };
    if saml2::has_message(&query, &body) {
        return Err(ProtocolError::RequestMixesMessages);
    }
    let (message, other) = if body.has(Names::AnyCase, "wa") {
        (&body, &query)
    } else {
        (&query, &body)
    };
    if let Some(name) = other.first_of(Names::AnyCase, &OF_THE_MESSAGE) {
        return Err(ProtocolError::RequestSplit { name });
    }
    parse_message(message)
}

fn parse_message(parameters: &Parameters<'_>) -> Result<Message, ProtocolError> {
    let filled = |name, longest| parameters.filled(Names::AnyCase, name, longest);
    // Read by nobody, but a request that says it twice is not one that a client makes.
    for ignored in ["wct", "wreq"] {
        parameters.single(Names::AnyCase, ignored)?;
    }
    let username = filled("username", LONGEST_HINT)?;
    let login_hint = filled("login_hint", LONGEST_HINT)?;
    let message = Message {
        action: parse_action(filled("wa", LONGEST_WORD)?)?,
        realm: filled("wtrealm", LONGEST_URI)?,
        reply: filled("wreply", LONGEST_URI)?,
        context: parameters.opaque(Names::AnyCase, "wctx", LONGEST_CONTEXT)?,
        freshness: filled("wfresh", LONGEST_WORD)?,
        method: filled("wauth", LONGEST_URI)?,
        prompt: filled("prompt", LONGEST_WORD)?,
        resource_params: filled("resource_params", LONGEST_RESOURCE_PARAMS)?,
        home_realm: filled("whr", LONGEST_URI)?,
        username: username.or(login_hint),
        market: filled("mkt", LONGEST_WORD)?,
        locale: filled("lc", LONGEST_WORD)?,
    };
    // wsignin1.0 with a result is a token for a service that trusts others: not this one (13.2.3).
    if parameters.has(Names::AnyCase, "wresult") {
        return Err(ProtocolError::RelyingPartyActionUnknown {
            action: "wresult".to_owned(),
        });
    }
    Ok(message)
}

fn parse_action(wa: Option<String>) -> Result<Action, ProtocolError> {
    match wa.as_deref() {
        Some("wsignin1.0") => Ok(Action::SignIn),
        Some("wsignout1.0") => Ok(Action::SignOut),
        Some("wsignoutcleanup1.0") => Ok(Action::CleanUp),
        other => {
            let action = cut(other.unwrap_or_default());
            Err(ProtocolError::RelyingPartyActionUnknown { action })
        }
    }
}
