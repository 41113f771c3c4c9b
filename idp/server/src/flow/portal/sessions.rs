//! Where a person is signed in: every session of theirs, with buttons to end the others.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::response::Response;
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use signet_model::SessionId;
use signet_pages::{MySessionsPage, SeenSession, SessionNotice};
use signet_store::ListedSession;
use uuid::Uuid;

use super::desk::{Desk, field, minute};
use crate::flow::credentials::SubmittedForm;
use crate::flow::receive::is_form;
use crate::flow::reply::Reply;
use crate::house::{House, LiveSession};
use crate::web::caller::Caller;

const ADDRESS: &str = "/adfs/portal/sessions";
/// Ends the session of this browser and tells the applications in it.
const SIGN_OUT: &str = "/adfs/ls/?wa=wsignout1.0";

/// `GET /adfs/portal/sessions`.
pub(crate) async fn get(
    State(house): State<Arc<House>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Response {
    match Desk::open(&house, &caller, &headers, ADDRESS) {
        Ok(desk) => show(&desk, None).await,
        Err(response) => *response,
    }
}

/// `POST /adfs/portal/sessions`: one of the page's forms, or the sign-in form in front of it.
pub(crate) async fn post(
    State(house): State<Arc<House>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let reply = Reply::new(&house, &caller);
    if !is_form(&headers) {
        return reply.status(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let desk = match Desk::open(&house, &caller, &headers, ADDRESS) {
        Ok(desk) => desk,
        Err(response) => return *response,
    };
    if !desk.is_own_form(&body) {
        return show(&desk, Some(SessionNotice::Expired)).await;
    }
    if let Some(form) = SubmittedForm::read(&body) {
        return match desk.sign_in(&form).await {
            Ok(session) => list(&desk, &session, None).await,
            Err(response) => *response,
        };
    }
    let all = field(&body, "EndOthers").is_some();
    let one = field(&body, "End").and_then(|id| Uuid::parse_str(&id).ok());
    if !all && one.is_none() {
        return reply.status(StatusCode::BAD_REQUEST);
    }
    let session = match desk.session().await {
        Ok(Some(session)) => session,
        Ok(None) => return desk.sign_in_form(None, ""),
        Err(response) => return *response,
    };
    let ended = match one.map(SessionId) {
        Some(id) if id == session.public_id => {
            return reply.redirect(StatusCode::SEE_OTHER, LOCATION, SIGN_OUT);
        }
        Some(id) => house
            .end_own_session(&caller, &session, id)
            .await
            .map(|was| match was {
                true => SessionNotice::Ended,
                false => SessionNotice::Gone,
            }),
        None => {
            let ended = house.end_other_sessions(&caller, &session).await;
            ended.map(|count| SessionNotice::OthersEnded { count })
        }
    };
    match ended {
        Ok(notice) => list(&desk, &session, Some(notice)).await,
        Err(error) => reply.message(&error),
    }
}

/// The page, or the sign-in form in front of it.
async fn show(desk: &Desk<'_>, notice: Option<SessionNotice>) -> Response {
    match desk.session().await {
        Ok(Some(session)) => list(desk, &session, notice).await,
        Ok(None) => desk.sign_in_form(None, ""),
        Err(response) => *response,
    }
}

async fn list(desk: &Desk<'_>, own: &LiveSession, notice: Option<SessionNotice>) -> Response {
    let (house, reply) = (desk.house, desk.reply());
    let sessions = match house.sessions_of(own).await {
        Ok(sessions) => sessions,
        Err(error) => return reply.message(&error),
    };
    let Some(token) = desk.token() else {
        return reply.too_large();
    };
    let seen: Vec<SeenSession> = sessions
        .listed
        .iter()
        .map(|one| seen(house, own, one))
        .collect();
    let page = MySessionsPage {
        brand: &house.brand,
        language: desk.language(),
        name: &own.user.account().effective_upn(),
        action: ADDRESS,
        sign_out: SIGN_OUT,
        flow: &token,
        sessions: &seen,
        more: sessions.more,
        notice,
    };
    desk.finish(own, reply.html(StatusCode::OK, &page))
}

fn seen(house: &House, own: &LiveSession, one: &ListedSession) -> SeenSession {
    let (session, place) = (&one.session, one.place.clone());
    let evidence = house.evidence_of(one);
    let trust = house.trust.load();
    let mut applications: Vec<Option<String>> = one
        .participants
        .iter()
        .map(|one| {
            trust
                .by_id(one.relying_party)
                .map(|party| party.name.clone())
        })
        .collect();
    applications.sort();
    applications.dedup();
    let began = evidence.as_ref().map(|stored| stored.signed_in_at());
    let methods = evidence
        .iter()
        .flat_map(|stored| stored.evidence().performed());
    SeenSession {
        id: session.id.to_string(),
        own: session.key == own.key,
        browser: place.browser,
        platform: place.platform,
        address: place.address,
        methods: methods.map(|performed| performed.method).collect(),
        began: minute(began.unwrap_or(session.created_at)),
        last_used: minute(session.last_seen_at),
        ends: minute(session.expires_at),
        applications,
    }
}
