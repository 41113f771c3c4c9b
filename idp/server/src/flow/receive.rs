//! What arrived at `/adfs/ls/`.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, RawQuery, State};
use axum::response::Response;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, StatusCode};
use signet_protocols::saml2::{self, SamlAction};
use signet_protocols::wsfed::{self, WsFedAction};
use signet_protocols::{ProtocolError, ProtocolRequest};

use super::certificate;
use super::change::{self, SubmittedChange};
use super::credentials::{self, SubmittedForm};
use super::go_on::{Arrived, go_on};
use super::reply::Reply;
use super::sealed::{Flow, NotOpened, Replay, Stage};
use super::second;
use super::sign_out;
use super::submitted_factor::SubmittedFactor;
use crate::house::House;
use crate::web::caller::Caller;
use crate::web::cookies;

/// Longest sealed flow that goes into a URL; a longer one is parked in the store.
pub(super) const LONGEST_IN_URL: usize = 6 * 1024;

/// `GET /adfs/ls/`: a message by redirect, or a parked one coming back.
pub(crate) async fn get(
    State(house): State<Arc<House>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let reply = Reply::new(&house, &caller);
    if let Some(returned) = certificate::returned(&query) {
        return certificate::finish(&house, &caller, &headers, returned).await;
    }
    if let Some(parked) = parked_handle(&query) {
        return match open_parked(&house, &parked).await {
            Ok(flow) => {
                go_on(
                    &house,
                    &caller,
                    &headers,
                    Arrived {
                        flow,
                        action: action(&query),
                    },
                )
                .await
            }
            Err(error) => reply.message(&error),
        };
    }
    let request = ProtocolRequest::get(query.as_bytes());
    match read(&house, &request, &query, b"") {
        Ok(Message::SignIn(flow)) => {
            go_on(
                &house,
                &caller,
                &headers,
                Arrived {
                    flow: *flow,
                    action: action(&query),
                },
            )
            .await
        }
        other => answer(&house, &caller, &headers, other).await,
    }
}

/// `POST /adfs/ls/`: a form of ours, or a message by POST.
pub(crate) async fn post(
    State(house): State<Arc<House>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = query.unwrap_or_default();
    let reply = Reply::new(&house, &caller);
    if !is_form(&headers) {
        return reply.status(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    if let Some(flow) = certificate::chosen(&body) {
        return certificate::choose(&house, &caller, &headers, &query, &flow).await;
    }
    if let Some(form) = SubmittedChange::read(&body) {
        return change::submit(&house, &caller, &headers, &query, form).await;
    }
    if let Some(form) = SubmittedFactor::read(&body) {
        return second::submit(&house, &caller, &headers, &query, form).await;
    }
    if let Some(form) = SubmittedForm::read(&body) {
        return credentials::submit(&house, &caller, &headers, &query, form).await;
    }
    let request = ProtocolRequest::post(query.as_bytes(), &body);
    match read(&house, &request, &query, &body) {
        Ok(Message::SignIn(flow)) => park(&house, &caller, *flow).await,
        Ok(Message::Saml(SamlAction::Logout(_))) if lacks_cookies(&headers) => {
            post_again(&house, &caller, &body)
        }
        Ok(Message::WsFed(WsFedAction::SignOut(_) | WsFedAction::SignOutCleanup(_)))
            if lacks_cookies(&headers) =>
        {
            reply.redirect(StatusCode::SEE_OTHER, LOCATION, &as_get(&query, &body))
        }
        other => answer(&house, &caller, &headers, other).await,
    }
}

/// Whether this is a post from another site, which browsers send without our SameSite cookies.
fn lacks_cookies(headers: &HeaderMap) -> bool {
    cookies::read(headers, cookies::SESSION).is_none()
        && headers
            .get("sec-fetch-site")
            .is_some_and(|site| site != "same-origin")
}

/// A logout message by POST arrives without the session it is about. Posted once more by a page of ours it brings
/// the cookie along; it is not used up yet, so it is as good as the first time.
fn post_again(house: &House, caller: &Caller, body: &[u8]) -> Response {
    let fields: Vec<(&'static str, String)> = form_urlencoded::parse(body)
        .filter_map(|(name, value)| {
            let name = ["SAMLRequest", "SAMLResponse", "RelayState"]
                .into_iter()
                .find(|known| *known == name)?;
            Some((name, value.into_owned()))
        })
        .collect();
    Reply::new(house, caller).own_post("/adfs/ls/", &fields)
}

/// A WS-Federation sign-out by POST from another site, as the GET that brings its session along.
fn as_get(query: &str, body: &[u8]) -> String {
    let parts = [query.as_bytes(), body];
    let fields = parts.into_iter().flat_map(form_urlencoded::parse);
    let known = fields.filter(|(name, value)| {
        let of_the_message = |known: &&str| name.eq_ignore_ascii_case(known);
        ["wa", "wtrealm", "wreply", "wctx"]
            .iter()
            .any(of_the_message)
            && value.len() <= LONGEST_IN_URL
    });
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(known.take(8))
        .finish();
    format!("/adfs/ls/?{query}")
}

/// `GET /adfs/ls/idpinitiatedsignon`: a SAML sign-in without a request, for relying parties that are set so.
pub(crate) async fn idp_initiated(
    State(house): State<Arc<House>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let reply = Reply::new(&house, &caller);
    let trust = house.trust.load_full();
    match saml2::receive_idp_initiated(
        &ProtocolRequest::get(query.as_bytes()),
        &*trust,
        house.clock.now(),
    ) {
        Ok(Some(request)) => park(&house, &caller, Flow::new(request, None)).await,
        Ok(None) => reply.status(StatusCode::NOT_FOUND),
        Err(error) => reply.protocol_error(&error).await,
    }
}

/// A protocol message after all checks that need no person.
pub(crate) enum Message {
    SignIn(Box<Flow>),
    WsFed(WsFedAction),
    Saml(SamlAction),
}

/// Reads the message of a request; used again when a form comes back too late and its URL still says everything.
pub(crate) fn read(
    house: &House,
    request: &ProtocolRequest<'_>,
    query: &str,
    body: &[u8],
) -> Result<Message, ProtocolError> {
    let now = house.clock.now();
    let trust = house.trust.load();
    let carries_saml = [query.as_bytes(), body].iter().any(|part| {
        names(part).any(|name| {
            name.eq_ignore_ascii_case("SAMLRequest") || name.eq_ignore_ascii_case("SAMLResponse")
        })
    });
    if !carries_saml {
        return match wsfed::receive(request, &**trust, &house.methods, now)? {
            WsFedAction::SignIn(request) => {
                Ok(Message::SignIn(Box::new(Flow::new(*request, None))))
            }
            other => Ok(Message::WsFed(other)),
        };
    }
    match saml2::receive(request, &**trust, &house.own_addresses, &house.methods, now)? {
        SamlAction::SignIn(sign_in) => {
            let replay = sign_in.replay.map(|key| Replay {
                key: format!("{}\n{}", key.relying_party, key.id),
                expires: key.expires.unix_timestamp(),
            });
            Ok(Message::SignIn(Box::new(Flow::new(
                sign_in.request,
                replay,
            ))))
        }
        other => Ok(Message::Saml(other)),
    }
}

async fn answer(
    house: &Arc<House>,
    caller: &Caller,
    headers: &HeaderMap,
    message: Result<Message, ProtocolError>,
) -> Response {
    let reply = Reply::new(house, caller);
    match message {
        Ok(Message::SignIn(_)) => reply.status(StatusCode::INTERNAL_SERVER_ERROR),
        Ok(Message::WsFed(WsFedAction::SignOut(wish))) => {
            sign_out::wsfed(house, caller, headers, &wish, true).await
        }
        Ok(Message::WsFed(WsFedAction::SignOutCleanup(wish))) => {
            sign_out::wsfed(house, caller, headers, &wish, false).await
        }
        Ok(Message::Saml(SamlAction::Refuse(refusal))) => reply.saml_refusal(&refusal).await,
        Ok(Message::Saml(SamlAction::Logout(request))) => {
            sign_out::saml(house, caller, headers, &request).await
        }
        Ok(Message::Saml(SamlAction::LogoutAnswered(_))) => {
            sign_out::page(house, caller, &[], None)
        }
        Ok(_) => reply.status(StatusCode::BAD_REQUEST),
        Err(error) => reply.protocol_error(&error).await,
    }
}

/// A message that came by POST from another site arrives without the session cookie, which is SameSite=Lax.
/// So it is sealed and fetched again by GET, where the cookie comes along.
async fn park(house: &Arc<House>, caller: &Caller, flow: Flow) -> Response {
    let reply = Reply::new(house, caller);
    let now = house.clock.now();
    let sealed = flow.seal(&house.flow_sealer, Stage::Parked, now);
    let handle = match sealed {
        Some(sealed) if sealed.len() <= LONGEST_IN_URL => sealed,
        _ => match house.park(&flow, caller.context.client_ip).await {
            Ok(handle) => handle,
            Err(error) => return reply.message(&error),
        },
    };
    reply.redirect(
        StatusCode::SEE_OTHER,
        LOCATION,
        &format!("/adfs/ls/?flow={handle}"),
    )
}

/// The sealed or stored request that a URL of ours carries.
pub(crate) fn parked_handle(query: &str) -> Option<String> {
    parameter(query, "flow")
}

/// Opens it again, any number of times while it is fresh.
pub(crate) async fn open_parked(
    house: &Arc<House>,
    handle: &str,
) -> Result<Flow, signet_model::MessagePair> {
    if house.is_parked_handle(handle) {
        return house.unpark(handle).await;
    }
    Flow::open(handle, &house.flow_sealer, Stage::Parked, house.clock.now())
        .map_err(NotOpened::message)
}

/// The form's action: path and raw query of this request, so that the message stays in the URL.
pub(super) fn action(query: &str) -> String {
    if query.is_empty() {
        "/adfs/ls/".to_owned()
    } else {
        format!("/adfs/ls/?{query}")
    }
}

pub(super) fn parameter(query: &str, name: &str) -> Option<String> {
    let pair = pairs(query.as_bytes()).find(|pair| name_of(pair) == name)?;
    form_urlencoded::parse(pair)
        .next()
        .map(|(_, value)| value.into_owned())
}

fn names(part: &[u8]) -> impl Iterator<Item = Cow<'_, str>> {
    pairs(part).take(128).map(name_of)
}

/// The pairs of a query or form, undecoded: values may be long, and few of them are looked at.
fn pairs(part: &[u8]) -> impl Iterator<Item = &[u8]> {
    part.split(|octet| *octet == b'&')
        .filter(|pair| !pair.is_empty())
}

fn name_of(pair: &[u8]) -> Cow<'_, str> {
    let name = pair.split(|octet| *octet == b'=').next();
    let mut decoded = form_urlencoded::parse(name.unwrap_or_default());
    decoded.next().map_or(Cow::Borrowed(""), |(name, _)| name)
}

pub(super) fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| {
            kind.trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
}
