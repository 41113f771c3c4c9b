//! The sign-in form comes back.

use std::sync::Arc;

use axum::response::Response;
use http::header::{ORIGIN, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use signet_authn::SignInFailure;
use signet_model::RelyingParty;
use signet_pages::{ChangeNotice, Notice};
use signet_protocols::{ProtocolRequest, recheck};
use time::Duration;
use zeroize::Zeroizing;

use super::change;
use super::go_on::{Arrived, form_with_name, proceed};
use super::receive::{Message, open_parked, parked_handle, read};
use super::reply::Reply;
use super::sealed::{Flow, NotOpened, Stage};
use crate::house::House;
use crate::web::caller::Caller;
use crate::web::cookies;

/// Longest field of the form that is read, in octets; a password of Active Directory has at most 256 characters.
const LONGEST: usize = 16 * 1024;

/// The fields as AD FS names them. A form counts as ours when it has a user name or a password.
pub(crate) struct SubmittedForm {
    flow: String,
    name: String,
    password: Zeroizing<String>,
    keep: bool,
}

impl SubmittedForm {
    /// Reads the form; `None` when the body is some other form.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let (mut flow, mut name, mut password, mut keep) = (None, None, None, false);
        for (key, value) in form_urlencoded::parse(body).take(32) {
            if value.len() > LONGEST {
                return None;
            }
            match &*key {
                "Flow" => flow = Some(value.into_owned()),
                "UserName" => name = Some(value.into_owned()),
                "Password" => password = Some(Zeroizing::new(value.into_owned())),
                "Kmsi" => keep = value == "true",
                _ => {}
            }
        }
        if name.is_none() && password.is_none() {
            return None;
        }
        Some(Self {
            flow: flow.unwrap_or_default(),
            name: name.unwrap_or_default(),
            password: password.unwrap_or_default(),
            keep,
        })
    }
}

impl SubmittedForm {
    /// Name and password as they were typed.
    pub(super) fn credentials(&self) -> (&str, &str) {
        (&self.name, &self.password)
    }
}

/// Takes name and password, and goes on with the sign-in they were typed for.
pub(crate) async fn submit(
    house: &Arc<House>,
    caller: &Caller,
    headers: &HeaderMap,
    query: &str,
    form: SubmittedForm,
) -> Response {
    let reply = Reply::new(house, caller);
    let action = if query.is_empty() {
        "/adfs/ls/".to_owned()
    } else {
        format!("/adfs/ls/?{query}")
    };
    let flow = match open(house, headers, &form.flow) {
        Ok(flow) => flow,
        Err(why) => {
            return show_again(house, caller, headers, query, action, why, &form.name).await;
        }
    };
    let trust = house.trust.load_full();
    let Some(party) = trust.by_id(flow.request.relying_party) else {
        return reply.relying_party_gone();
    };
    if let Err(error) = recheck(&flow.request, &party) {
        return reply.protocol_error(&error).await;
    }
    let arrived = Arrived { flow, action };
    let user = match house
        .authenticator
        .sign_in(
            &form.name,
            &form.password,
            &caller.context,
            house.clock.now(),
        )
        .await
    {
        Ok(user) => user.kept_signed_in(form.keep && house.config.session.keep_me_signed_in),
        Err(failure) => {
            if let Err(error) = house
                .audit_sign_in_failure(caller, Some(&party), &failure)
                .await
            {
                return reply.message(&error);
            }
            return refused(
                house, caller, headers, &party, &arrived, &failure, &form.name,
            )
            .await;
        }
    };
    let session = match house
        .begin_session(caller, headers, Some(&party), user)
        .await
    {
        Ok(session) => session,
        Err(error) => return reply.message(&error),
    };
    proceed(house, caller, headers, &party, &arrived, session).await
}

/// Opens the form's flow: sealed by us, for this browser, not too old, posted from our own page.
pub(super) fn open(house: &House, headers: &HeaderMap, sealed: &str) -> Result<Flow, NotOpened> {
    open_stage(house, headers, sealed, |browser| Stage::Form { browser })
}

/// The same for another stage of this browser.
pub(super) fn open_stage(
    house: &House,
    headers: &HeaderMap,
    sealed: &str,
    stage: impl FnOnce(&str) -> Stage<'_>,
) -> Result<Flow, NotOpened> {
    if !is_from_here(house, headers) {
        return Err(NotOpened::Foreign);
    }
    let browser = cookies::read(headers, cookies::BROWSER).ok_or(NotOpened::Foreign)?;
    Flow::open(
        sealed,
        &house.flow_sealer,
        stage(browser),
        house.clock.now(),
    )
}

/// Whether a form was posted from a page of ours, as far as the browser says.
pub(super) fn is_from_here(house: &House, headers: &HeaderMap) -> bool {
    let from_here = |value: &str| value == house.origin;
    let origin_is_ours = headers
        .get(ORIGIN)
        .is_none_or(|value| value.to_str().is_ok_and(from_here));
    let same_site = headers
        .get("sec-fetch-site")
        .is_none_or(|value| value == "same-origin");
    origin_is_ours && same_site
}

/// Whole minutes to wait, at least one.
pub(super) fn minutes(wait: Duration) -> u32 {
    let minutes = (wait.whole_seconds().max(1) + 59) / 60;
    u32::try_from(minutes).unwrap_or(u32::MAX)
}

/// A form that cannot be taken is shown again when the URL still says what was asked; nothing typed is used.
pub(super) async fn show_again(
    house: &Arc<House>,
    caller: &Caller,
    headers: &HeaderMap,
    query: &str,
    action: String,
    why: NotOpened,
    name: &str,
) -> Response {
    let reply = Reply::new(house, caller);
    let flow = match parked_handle(query) {
        Some(handle) => open_parked(house, &handle).await.ok(),
        None => match read(house, &ProtocolRequest::get(query.as_bytes()), query, b"") {
            Ok(Message::SignIn(flow)) => Some(*flow),
            _ => None,
        },
    };
    let Some(flow) = flow else {
        return reply.message(&why.message());
    };
    let Some(party) = house.trust.load().by_id(flow.request.relying_party) else {
        return reply.relying_party_gone();
    };
    let name: String = name.chars().take(320).collect();
    let arrived = Arrived { flow, action };
    form_with_name(
        house,
        caller,
        headers,
        &party,
        &arrived,
        Some(Notice::FormExpired),
        &name,
    )
}

/// The form again, with what the person should know; or the page for a password that has to be changed first.
pub(super) async fn refused(
    house: &Arc<House>,
    caller: &Caller,
    headers: &HeaderMap,
    party: &RelyingParty,
    arrived: &Arrived,
    failure: &SignInFailure,
    name: &str,
) -> Response {
    let place = change::Place::Flow { party, arrived };
    let reply = Reply::new(house, caller);
    let notice = match failure {
        SignInFailure::PasswordExpired(due) => {
            let notice = ChangeNotice::Expired;
            return change::due(house, caller, headers, place, notice, due, name).await;
        }
        SignInFailure::MustChangePassword(due) => {
            let notice = ChangeNotice::MustChange;
            return change::due(house, caller, headers, place, notice, due, name).await;
        }
        SignInFailure::Banned { .. } => {
            return reply.message_with(StatusCode::FORBIDDEN, &failure.message());
        }
        SignInFailure::NameForm(_) if name.trim().is_empty() => Notice::MissingName,
        SignInFailure::NameForm(_) | SignInFailure::WrongNameOrPassword { .. } => {
            Notice::WrongNameOrPassword
        }
        SignInFailure::NoPassword => Notice::MissingPassword,
        SignInFailure::Throttled { retry_after, .. } => Notice::TooManyTries {
            minutes: minutes(*retry_after),
        },
        SignInFailure::Busy { .. } => Notice::Busy,
        SignInFailure::AccountDisabled(_) => Notice::AccountDisabled,
        SignInFailure::AccountExpired(_) => Notice::AccountExpired,
        SignInFailure::LogonHours(_) => Notice::OutsideLogonHours,
        SignInFailure::Workstation(_) => Notice::WorkstationNotAllowed,
        _ => Notice::DirectoryUnavailable,
    };
    let name: String = name.chars().take(320).collect();
    let mut response = form_with_name(house, caller, headers, party, arrived, Some(notice), &name);
    if let SignInFailure::Busy { retry_after } = failure {
        let seconds = retry_after.whole_seconds().max(1);
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
