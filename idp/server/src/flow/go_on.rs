//! A checked request meets the session: issue, ask, or say no.

use std::sync::Arc;

use axum::response::Response;
use http::HeaderMap;
use signet_model::{MessagePair, Method, RelyingParty};
use signet_pages::{Notice, SignInPage};
use signet_protocols::{AskReason, SessionDecision, decide_session, recheck, refuse};

use super::certificate;
use super::issue::{self, Answered, Issue, issue};
use super::negotiate::{Wanted, negotiate};
use super::reply::Reply;
use super::sealed::{Flow, Stage};
use super::second::Scene;
use crate::house::{House, LiveSession};
use crate::web::caller::Caller;
use crate::web::cookies;

/// A request that arrived, and the URL its form posts to.
pub(crate) struct Arrived {
    pub(crate) flow: Flow,
    pub(crate) action: String,
}

/// Answers the request from the session, or shows the form, or refuses.
pub(crate) async fn go_on(
    house: &Arc<House>,
    caller: &Caller,
    headers: &HeaderMap,
    arrived: Arrived,
) -> Response {
    let reply = Reply::new(house, caller);
    let trust = house.trust.load_full();
    let request = &arrived.flow.request;
    let Some(party) = trust.by_id(request.relying_party) else {
        return reply.relying_party_gone();
    };
    if let Err(error) = recheck(request, &party) {
        return reply.protocol_error(&error).await;
    }
    let session = match house.session(headers, request.relying_party).await {
        Ok(session) => session,
        Err(error) => return reply.message(&error),
    };
    // Credentials that answer a wish for fresh ones go from the form straight to the token. Whoever comes by this way with
    // such a wish opened its link again, so whatever the session holds was given for something else.
    let wants_fresh = request.authentication.demands_fresh() || party.always_require_authentication;
    let evidence = session
        .as_ref()
        .filter(|_| !wants_fresh)
        .map(|session| session.user.evidence());
    match decide_session(request, evidence, house.clock.now(), &party, &house.methods) {
        SessionDecision::AskFirst { methods, .. }
            if certificate::is_the_only_way(
                &certificate::worth_offering(house, request, &party, methods.clone()),
                &arrived,
            ) =>
        {
            certificate::begin(house, caller, headers, &arrived, None).await
        }
        SessionDecision::AskFirst { reason, methods } => {
            let notice = match reason {
                AskReason::NoSession if session.is_none() => None,
                _ => Some(Notice::SignInAgain),
            };
            let wanted = Wanted {
                party: &party,
                arrived: &arrived,
                methods: &methods,
                notice,
                session: session.as_ref(),
            };
            if let Some(answer) = negotiate(house, caller, headers, &wanted).await {
                return answer;
            }
            form(
                house,
                caller,
                headers,
                &party,
                &arrived,
                notice,
                session.as_ref(),
            )
        }
        SessionDecision::Impossible(why) => reply.refusal(refuse(request, &party, why)).await,
        SessionDecision::UseSession | SessionDecision::AskSecond { .. } => match session {
            Some(session) => proceed(house, caller, headers, &party, &arrived, session).await,
            None => form(house, caller, headers, &party, &arrived, None, None),
        },
    }
}

/// A session stands, found or just begun: issue from it, or ask for what it lacks.
pub(crate) async fn proceed(
    house: &Arc<House>,
    caller: &Caller,
    headers: &HeaderMap,
    party: &Arc<RelyingParty>,
    arrived: &Arrived,
    session: LiveSession,
) -> Response {
    let reply = Reply::new(house, caller);
    let request = &arrived.flow.request;
    let decision = decide_session(
        request,
        Some(session.user.evidence()),
        house.clock.now(),
        party,
        &house.methods,
    );
    let response = match decision {
        SessionDecision::UseSession => {
            let wish = Issue {
                flow: &arrived.flow,
                party,
                session: &session,
            };
            match issue(house, caller, wish).await {
                Answered::Done(response) => response,
                Answered::SecondFactorWanted(refusal) => {
                    let methods = house.second_methods(session.user.evidence());
                    // A certificate beside a certificate proves nothing more: asking for it again would go on for ever.
                    if request.authentication.passive || methods.is_empty() {
                        issue::refused(house, caller, party, &arrived.flow, &session, &refusal)
                            .await
                    } else {
                        ask_second(house, caller, headers, party, arrived, &session, &methods).await
                    }
                }
            }
        }
        SessionDecision::AskFirst { .. } => form(
            house,
            caller,
            headers,
            party,
            arrived,
            Some(Notice::SignInAgain),
            Some(&session),
        ),
        SessionDecision::AskSecond { methods } => {
            ask_second(house, caller, headers, party, arrived, &session, &methods).await
        }
        SessionDecision::Impossible(why) => reply.refusal(refuse(request, party, why)).await,
    };
    match &session.cookie {
        Some(cookie) => reply.with_cookie(response, cookie),
        None => response,
    }
}

/// Asks for one of `methods` beside what `session` holds: at the certificate host, on the form that leads there, or on the
/// page of factors.
async fn ask_second(
    house: &Arc<House>,
    caller: &Caller,
    headers: &HeaderMap,
    party: &Arc<RelyingParty>,
    arrived: &Arrived,
    session: &LiveSession,
    methods: &[Method],
) -> Response {
    if certificate::is_the_only_way(methods, arrived) {
        certificate::begin(house, caller, headers, arrived, Some(session)).await
    } else if house.second.is_none() {
        // Back from the certificate host without a result: it is offered again, and nobody is sent in circles.
        let shown = Shown {
            notice: None,
            name: "",
            methods,
        };
        show_form(house, caller, headers, party, arrived, shown)
    } else {
        let scene = Scene::new(house, caller, headers, party, arrived);
        scene.ask(session, methods).await
    }
}

/// The value of the browser's own cookie, which binds forms to it.
pub(crate) struct Browser {
    pub(crate) text: String,
    is_new: bool,
}

impl Browser {
    /// Gives the cookie along with `response` when the browser has none.
    pub(crate) fn keep(&self, reply: &Reply<'_>, response: Response) -> Response {
        if self.is_new {
            reply.with_cookie(
                response,
                &cookies::write(cookies::BROWSER, &self.text, None),
            )
        } else {
            response
        }
    }
}

/// The browser's cookie, or a new one.
pub(crate) fn browser_of(house: &House, headers: &HeaderMap) -> Result<Browser, MessagePair> {
    Ok(match cookies::read(headers, cookies::BROWSER) {
        Some(known) => Browser {
            text: known.to_owned(),
            is_new: false,
        },
        None => Browser {
            text: house.random_text()?,
            is_new: true,
        },
    })
}

/// The sign-in form; the name of a hint or of the session fills it in.
pub(crate) fn form(
    house: &House,
    caller: &Caller,
    headers: &HeaderMap,
    party: &RelyingParty,
    arrived: &Arrived,
    notice: Option<Notice>,
    session: Option<&LiveSession>,
) -> Response {
    let hint = arrived.flow.request.hints.username.clone();
    let name = hint
        .or_else(|| session.map(|session| session.user.account().effective_upn()))
        .unwrap_or_default();
    form_with_name(house, caller, headers, party, arrived, notice, &name)
}

/// The sign-in form with `name` filled in.
pub(crate) fn form_with_name(
    house: &House,
    caller: &Caller,
    headers: &HeaderMap,
    party: &RelyingParty,
    arrived: &Arrived,
    notice: Option<Notice>,
    name: &str,
) -> Response {
    let request = &arrived.flow.request;
    // What the form offers is what a first factor may be given by, whatever the session holds.
    let methods = match decide_session(request, None, house.clock.now(), party, &house.methods) {
        SessionDecision::AskFirst { methods, .. } => {
            certificate::worth_offering(house, request, party, methods)
        }
        _ => Vec::new(),
    };
    let shown = Shown {
        notice,
        name,
        methods: &methods,
    };
    show_form(house, caller, headers, party, arrived, shown)
}

/// What a sign-in form shows.
struct Shown<'a> {
    notice: Option<Notice>,
    name: &'a str,
    methods: &'a [Method],
}

fn show_form(
    house: &House,
    caller: &Caller,
    headers: &HeaderMap,
    party: &RelyingParty,
    arrived: &Arrived,
    shown: Shown<'_>,
) -> Response {
    let reply = Reply::new(house, caller);
    let browser = match browser_of(house, headers) {
        Ok(browser) => browser,
        Err(error) => return reply.message(&error),
    };
    let Some(sealed) = arrived.flow.seal(
        &house.flow_sealer,
        Stage::Form {
            browser: &browser.text,
        },
        house.clock.now(),
    ) else {
        return reply.too_large();
    };
    let certificate = certificate::is_among(shown.methods);
    let page = SignInPage {
        brand: &house.brand,
        language: reply.language_for(arrived.flow.request.hints.language.as_deref()),
        relying_party: Some(&party.name),
        action: &arrived.action,
        flow: &sealed,
        username: shown.name,
        notice: shown.notice,
        password: shown.methods.contains(&Method::Password) || !certificate,
        certificate,
        keep_me_signed_in: house.config.session.keep_me_signed_in,
        activity: &caller.context.activity.to_string(),
    };
    let mut response = reply.html(notice_status(shown.notice), &page);
    if certificate {
        response = certificate::allow_form(house, response);
    }
    browser.keep(&reply, response)
}

/// 200 for a form that is simply shown and for wrong credentials, as AD FS has it: tools look at the page.
pub(crate) fn notice_status(notice: Option<Notice>) -> http::StatusCode {
    match notice {
        Some(Notice::DirectoryUnavailable | Notice::Busy) => http::StatusCode::SERVICE_UNAVAILABLE,
        Some(Notice::TooManyTries { .. }) => http::StatusCode::TOO_MANY_REQUESTS,
        _ => http::StatusCode::OK,
    }
}
