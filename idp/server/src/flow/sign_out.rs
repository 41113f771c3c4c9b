//! Signing out: the own session first, then everyone who got a token in it is told.

use std::sync::Arc;

use axum::response::Response;
use http::header::{CONTENT_SECURITY_POLICY, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use signet_model::{Culprit, MessagePair};
use signet_pages::{Onward, SignedOutPage};
use signet_protocols::saml2::{LogoutOutcome, LogoutReply, LogoutRequest, respond_logout};
use signet_protocols::wsfed::{SignOut, clean_up_addresses, respond_signed_out};

use signet_store::EventNumber;

use super::reply::Reply;
use super::sealed::Replay;
use crate::house::{AskedToEnd, EndedSession, House};
use crate::web::caller::Caller;
use crate::web::cookies;
use crate::web::headers::sign_out_policy;

/// `wsignout1.0` (tells the partners) and `wsignoutcleanup1.0` (does not).
pub(crate) async fn wsfed(
    house: &Arc<House>,
    caller: &Caller,
    headers: &HeaderMap,
    wish: &SignOut,
    tells: bool,
) -> Response {
    let reply = Reply::new(house, caller);
    if let Some(refused) = &wish.reply_refused {
        tracing::info!(code = refused.code, detail = %refused.private, "sign-out without its return address");
    }
    let ended = match end(house, caller, headers, "wsignout").await {
        Ok(ended) => ended,
        Err(error) => return reply.message(&error),
    };
    let partners = if tells {
        partners(house, ended.as_ref())
    } else {
        Vec::new()
    };
    let response = match respond_signed_out(wish) {
        // Nobody else to tell: straight back, as the application expects.
        Some(redirect) if partners.is_empty() => {
            reply.redirect(StatusCode::FOUND, LOCATION, &redirect.location)
        }
        redirect => page(
            house,
            caller,
            &partners,
            redirect
                .as_ref()
                .map(|redirect| Onward::Address(&redirect.location)),
        ),
    };
    // A post from another site brings no cookie; its session could not be ended, so its cookie stays too.
    if cookies::read(headers, cookies::SESSION).is_none() {
        return response;
    }
    reply.with_cookie(response, &cookies::remove(cookies::SESSION))
}

/// A verified `LogoutRequest`: ends the session it names, answers, and tells the WS-Federation partners.
pub(crate) async fn saml(
    house: &Arc<House>,
    caller: &Caller,
    headers: &HeaderMap,
    request: &LogoutRequest,
) -> Response {
    let reply = Reply::new(house, caller);
    let replay = Replay {
        key: format!(
            "logout {}\n{}",
            request.replay.relying_party, request.replay.id
        ),
        expires: request.replay.expires.unix_timestamp(),
    };
    if let Err(error) = house.use_once(&replay).await {
        return reply.message(&error);
    }
    let (ended, is_another) = match house.end_session_for(headers, request).await {
        Ok(AskedToEnd::Ended(ended)) => (Some(ended), false),
        Ok(AskedToEnd::NothingToEnd) => (None, false),
        Ok(AskedToEnd::Another) => (None, true),
        Err(error) => return reply.message(&error),
    };
    if let Err(error) = audit(house, caller, ended.as_ref(), "LogoutRequest").await {
        return reply.message(&error);
    }
    let trust = house.trust.load_full();
    let Some(party) = trust.by_id(request.relying_party) else {
        return reply.relying_party_gone();
    };
    let told = partners(house, ended.as_ref());
    let issuer = &house.service.entity_id;
    // Whoever else got a token in the session was not asked: the answer says so, as the profile wants it.
    let others = ended.iter().flat_map(|ended| &ended.participants);
    let outcome = if is_another {
        let message = another_session(&party.name);
        let event = EventNumber::SIGN_OUT_FAILURE;
        if let Err(fault) = house
            .audit_request_failure(caller, event, Some(party.id), &message)
            .await
        {
            return reply.message(&fault);
        }
        LogoutOutcome::NotThisSession
    } else if others
        .into_iter()
        .any(|one| one.relying_party != request.relying_party)
    {
        LogoutOutcome::Partial
    } else {
        LogoutOutcome::SignedOut
    };
    let answer = respond_logout(
        request,
        issuer,
        outcome,
        party.signature_algorithm,
        &house.signer,
        house.clock.now(),
    );
    let response = match answer {
        // Nobody else to tell: straight back, as the application expects.
        Ok(Some(LogoutReply::Redirect(redirect))) if told.is_empty() => {
            reply.redirect(StatusCode::FOUND, LOCATION, &redirect.location)
        }
        Ok(Some(LogoutReply::Redirect(redirect))) => {
            let onward = Onward::Address(&redirect.location);
            page(house, caller, &told, Some(onward))
        }
        Ok(Some(LogoutReply::Post(form))) if told.is_empty() => {
            reply.token_post(&party.name, &form)
        }
        Ok(Some(LogoutReply::Post(form))) => {
            let (action, fields) = (form.action.as_str(), form.fields.as_slice());
            let onward = Onward::Form { action, fields };
            page(house, caller, &told, Some(onward))
        }
        Ok(None) if is_another => reply.message(&another_session(&party.name)),
        Ok(None) => page(house, caller, &told, None),
        Err(error) => reply.message(&error.message()),
    };
    if ended.is_none() {
        return response;
    }
    reply.with_cookie(response, &cookies::remove(cookies::SESSION))
}

fn another_session(party: &str) -> MessagePair {
    MessagePair {
        code: "SIG-SIGN-OUT-OTHER",
        culprit: Culprit::RelyingParty,
        public: "The application asked to sign out of another sign-in than the one in this browser.",
        hint: "You are still signed in here. To sign out, close the application and open this service's sign-out page.",
        private: format!(
            "{party:?} named a session index or a subject that the browser's session does not have"
        ),
    }
}

/// The page that says so, loads each partner's clean-up address in a frame, and then leads on.
pub(crate) fn page(
    house: &House,
    caller: &Caller,
    partners: &[(String, String)],
    onward: Option<Onward<'_>>,
) -> Response {
    let reply = Reply::new(house, caller);
    let page = SignedOutPage {
        brand: &house.brand,
        language: reply.language_for(None),
        clean_up: partners,
        onward,
    };
    let mut response = reply.html(StatusCode::OK, &page);
    let origins: Vec<_> = partners
        .iter()
        .filter_map(|(_, address)| origin(address))
        .collect();
    let posts_to = match onward {
        Some(Onward::Form { action, .. }) => Some(action),
        _ => None,
    };
    if let Ok(policy) = HeaderValue::from_str(&sign_out_policy(&origins, posts_to)) {
        response
            .headers_mut()
            .insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

async fn end(
    house: &House,
    caller: &Caller,
    headers: &HeaderMap,
    why: &str,
) -> Result<Option<EndedSession>, MessagePair> {
    let ended = house.end_session(headers).await?;
    audit(house, caller, ended.as_ref(), why).await?;
    Ok(ended)
}

async fn audit(
    house: &House,
    caller: &Caller,
    ended: Option<&EndedSession>,
    why: &str,
) -> Result<(), MessagePair> {
    match ended {
        Some(ended) => {
            house
                .audit_sign_out(caller, ended.account, &ended.public_id.to_string(), why)
                .await
        }
        None => Ok(()),
    }
}

/// Name and clean-up address of every WS-Federation partner of the session.
fn partners(house: &House, ended: Option<&EndedSession>) -> Vec<(String, String)> {
    let trust = house.trust.load();
    let participants = ended
        .map(|ended| ended.participants.as_slice())
        .unwrap_or_default();
    participants
        .iter()
        .filter(|one| House::is_wsfed(one.protocol))
        .filter_map(|one| trust.by_id(one.relying_party))
        .filter_map(|party| {
            clean_up_addresses([&*party])
                .pop()
                .map(|address| (party.name.clone(), address))
        })
        .collect()
}

fn origin(address: &str) -> Option<String> {
    let origin = url::Url::parse(address).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}
