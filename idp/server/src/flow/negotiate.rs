//! Signing in with the ticket of the own computer: `Negotiate`, in two requests that know nothing of each other.
//!
//! ```text
//! GET without a ticket -> 401, WWW-Authenticate: Negotiate, and the sign-in form as its body: it works at once
//! GET with a ticket    -> accepted: session, then on as from any sign-in, with our own proof to the browser
//!                      \-> refused: the form, 200, and no offer: a browser is never sent round in a circle
//! ```
//!
//! Source: RFC 4559, section 4. The header counts in this one request, on this one route, and only where Kerberos would have
//! been offered; everywhere else it is not looked at (KRB-17, KRB-19). A POST never negotiates: browsers would send it twice.

use std::sync::Arc;

use axum::response::Response;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use signet_authn::AuthenticatedUser;
use signet_authn::kerberos::{KerberosRefusal, KerberosSignIn};
use signet_directory::AccountState;
use signet_model::{Culprit, MessagePair, Method, Protocol, RelyingParty};
use signet_pages::Notice;
use signet_protocols::{Impossible, refuse};
use signet_store::EventNumber;
use tracing::info;

use super::go_on::{Arrived, form, proceed};
use super::reply::Reply;
use crate::house::{House, Kerberos, LiveSession};
use crate::web::caller::Caller;

/// A first factor is wanted.
pub(crate) struct Wanted<'a> {
    pub(crate) party: &'a Arc<RelyingParty>,
    pub(crate) arrived: &'a Arrived,
    /// What would do; never empty.
    pub(crate) methods: &'a [Method],
    /// What the form says.
    pub(crate) notice: Option<Notice>,
    pub(crate) session: Option<&'a LiveSession>,
}

/// The answer when a ticket has a say in it; `None` when the form alone has.
pub(crate) async fn negotiate(
    house: &Arc<House>,
    caller: &Caller,
    headers: &HeaderMap,
    wanted: &Wanted<'_>,
) -> Option<Response> {
    let Some(kerberos) = offered(house, caller, headers, wanted) else {
        if wanted.page_would_do() {
            return None;
        }
        let detail = "the caller's network or browser is not offered Kerberos";
        return Some(no_other_way(house, caller, wanted, detail).await);
    };
    let mut given = headers.get_all(AUTHORIZATION).iter();
    match (given.next(), given.next()) {
        (None, _) => Some(challenge(house, caller, headers, wanted)),
        (Some(header), None) => Some(take(house, kerberos, caller, headers, wanted, header).await),
        // Two of them are nobody's.
        (Some(_), Some(_)) => {
            Some(without_ticket(house, caller, headers, wanted, wanted.notice).await)
        }
    }
}

impl Wanted<'_> {
    /// Whether something that a page can ask for would do as well.
    fn page_would_do(&self) -> bool {
        self.methods
            .iter()
            .any(|method| *method != Method::Kerberos)
    }

    /// Whoever wants a person to sign in anew wants them to do something: a ticket is sent without anybody there. Only when the
    /// request names Windows sign-in and nothing else, a new ticket is what it asks for.
    fn goes_round(&self) -> bool {
        let fresh = self.arrived.flow.request.authentication.demands_fresh()
            || self.party.always_require_authentication;
        fresh && self.page_would_do()
    }
}

fn offered<'h>(
    house: &'h House,
    caller: &Caller,
    headers: &HeaderMap,
    wanted: &Wanted<'_>,
) -> Option<&'h Kerberos> {
    let kerberos = house.kerberos.as_ref()?;
    let would_do = wanted.methods.contains(&Method::Kerberos);
    (would_do && !wanted.goes_round() && is_a_visit(headers) && kerberos.reaches(&caller.context))
        .then_some(kerberos)
}

/// Whether somebody goes to this page. What another page loads into itself, an image or a frame, signs nobody in (KRB-16).
fn is_a_visit(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-dest")
        .is_none_or(|destination| destination == "document")
}

/// The offer. Who has no ticket reads the body, which is the form.
fn challenge(house: &House, caller: &Caller, headers: &HeaderMap, wanted: &Wanted<'_>) -> Response {
    let mut response = if wanted.page_would_do() {
        form(
            house,
            caller,
            headers,
            wanted.party,
            wanted.arrived,
            wanted.notice,
            wanted.session,
        )
    } else {
        Reply::new(house, caller)
            .error_page(StatusCode::UNAUTHORIZED, &ticket_wanted("no ticket yet"))
    };
    // The form's own faults, an application gone for one, are no offer.
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::UNAUTHORIZED;
    }
    if response.status() == StatusCode::UNAUTHORIZED {
        let offer = HeaderValue::from_static("Negotiate");
        response.headers_mut().insert(WWW_AUTHENTICATE, offer);
    }
    response
}

async fn take(
    house: &Arc<House>,
    kerberos: &Kerberos,
    caller: &Caller,
    headers: &HeaderMap,
    wanted: &Wanted<'_>,
    header: &HeaderValue,
) -> Response {
    let now = house.clock.now();
    let binding = kerberos.binding(caller);
    let signed_in = kerberos
        .authenticator
        .sign_in(header.as_bytes(), binding, now)
        .await;
    match signed_in {
        Ok(signed_in) => accepted(house, caller, headers, wanted, signed_in).await,
        Err(refusal) => refused(house, caller, headers, wanted, &refusal).await,
    }
}

async fn accepted(
    house: &Arc<House>,
    caller: &Caller,
    headers: &HeaderMap,
    wanted: &Wanted<'_>,
    signed_in: KerberosSignIn,
) -> Response {
    let proof = &signed_in.proof;
    info!(
        principal = proof.principal(),
        channel_bound = proof.channel_bound(),
        "ticket accepted"
    );
    let user = AuthenticatedUser::by_ticket(proof, caller.context.location);
    let session = house
        .begin_session(caller, headers, Some(wanted.party), user)
        .await;
    let mut response = match session {
        Ok(session) => {
            proceed(
                house,
                caller,
                headers,
                wanted.party,
                wanted.arrived,
                session,
            )
            .await
        }
        Err(error) => Reply::new(house, caller).message(&error),
    };
    let reply = signed_in.www_authenticate;
    if let Some(Ok(value)) = reply.map(HeaderValue::try_from) {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    response
}

async fn refused(
    house: &Arc<House>,
    caller: &Caller,
    headers: &HeaderMap,
    wanted: &Wanted<'_>,
    refusal: &KerberosRefusal,
) -> Response {
    let message = refusal.message();
    info!(code = message.code, detail = %message.private, "ticket refused");
    if refusal.is_everyday() {
        return without_ticket(house, caller, headers, wanted, wanted.notice).await;
    }
    let audited = house
        .audit_ticket_refused(caller, wanted.party, refusal, &message)
        .await;
    if let Err(fault) = audited {
        return Reply::new(house, caller).message(&fault);
    }
    without_ticket(
        house,
        caller,
        headers,
        wanted,
        Some(notice(refusal, message.code)),
    )
    .await
}

/// The form, and no offer.
async fn without_ticket(
    house: &Arc<House>,
    caller: &Caller,
    headers: &HeaderMap,
    wanted: &Wanted<'_>,
    notice: Option<Notice>,
) -> Response {
    if !wanted.page_would_do() {
        return no_other_way(
            house,
            caller,
            wanted,
            "the browser sent no ticket that could be taken",
        )
        .await;
    }
    let Wanted {
        party,
        arrived,
        session,
        ..
    } = wanted;
    form(house, caller, headers, party, arrived, notice, *session)
}

/// Only a ticket would do, and there is none: a status for SAML, a page for WS-Federation.
async fn no_other_way(
    house: &Arc<House>,
    caller: &Caller,
    wanted: &Wanted<'_>,
    detail: &'static str,
) -> Response {
    let reply = Reply::new(house, caller);
    let request = &wanted.arrived.flow.request;
    if request.protocol == Protocol::Saml2 {
        return reply
            .refusal(refuse(request, wanted.party, Impossible::NoAuthnContext))
            .await;
    }
    let message = ticket_wanted(detail);
    let event = EventNumber::APP_TOKEN_FAILURE;
    if let Err(fault) = house
        .audit_request_failure(caller, event, Some(wanted.party.id), &message)
        .await
    {
        return reply.message(&fault);
    }
    reply.message_with(StatusCode::FORBIDDEN, &message)
}

fn ticket_wanted(detail: &'static str) -> MessagePair {
    MessagePair {
        code: "SIG-KRB-WANTED",
        culprit: Culprit::User,
        public: "The application wants you to be signed in by your computer, and that did not work here.",
        hint: "Open the application at a computer of your organisation that you signed in to with your own account. If you did, tell your help desk the activity id below.",
        private: format!("only a Kerberos ticket would do: {detail}"),
    }
}

fn notice(refusal: &KerberosRefusal, code: &'static str) -> Notice {
    match refusal {
        KerberosRefusal::AccountNotActive { state, .. } => match state {
            AccountState::Disabled => Notice::AccountDisabled,
            AccountState::Expired => Notice::AccountExpired,
            _ => Notice::TicketRefused { code },
        },
        KerberosRefusal::Directory(_) => Notice::DirectoryUnavailable,
        KerberosRefusal::ClockSkew { .. }
        | KerberosRefusal::TicketExpired { .. }
        | KerberosRefusal::TicketNotYetValid { .. } => Notice::ClocksDiffer { code },
        _ => Notice::TicketRefused { code },
    }
}
