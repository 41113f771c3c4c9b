//! Signing in by certificate, on the main host: there and back.
//!
//! ```text
//! form, wauth or a second factor -> begin -> 303 -> certificate_host::judge -> 303 -> finish -> proceed
//! ```

use std::sync::Arc;

use axum::response::Response;
use http::header::{CONTENT_SECURITY_POLICY, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use signet_authn::AuthenticatedUser;
use signet_authn::certificate::{CertificateFailure, CertificatePass};
use signet_model::{AvailableMethods, Culprit, MessagePair, Method, RelyingParty, SignInRequest};
use signet_protocols::{SessionDecision, decide_session, recheck};

use super::credentials;
use super::crossing::{Crossing, Second};
use super::go_on::{Arrived, browser_of, go_on, proceed};
use super::receive::parameter;
use super::reply::Reply;
use super::sealed::{Flow, NotOpened, Stage};
use crate::house::{Certificates, House, LiveSession, certificate_note};
use crate::web::caller::Caller;
use crate::web::cookies;
use crate::web::headers::form_policy;

/// The value of the form's `AuthMethod` that chooses a certificate, as AD FS names it.
const CHOICE: &str = "CertificateAuthentication";
/// In a URL: show the form, even where there is only one way.
pub(super) const SHOW_FORM: &str = "form=1";
/// Longest field of the form that is read.
const LONGEST: usize = 16 * 1024;

/// Whether one of `methods` is a certificate.
pub(super) fn is_among(methods: &[Method]) -> bool {
    methods.iter().any(is_certificate)
}

/// Of `methods`, by which a first factor may be given, those to offer: where nothing but a certificate can meet the request,
/// a password before it would be asked for in vain.
pub(super) fn worth_offering(
    house: &House,
    request: &SignInRequest,
    party: &RelyingParty,
    mut methods: Vec<Method>,
) -> Vec<Method> {
    if is_among(&methods) {
        let others = |all: &[Method]| -> Vec<Method> {
            let other = |method: &&Method| !is_certificate(method);
            all.iter().filter(other).copied().collect()
        };
        let without = AvailableMethods::new(
            others(house.methods.first()),
            others(house.methods.second()),
        );
        let decision = decide_session(request, None, house.clock.now(), party, &without);
        if matches!(decision, SessionDecision::Impossible(_)) {
            methods.retain(is_certificate);
        }
    }
    methods
}

/// Whether `methods` are certificates and nothing else: then there is nothing to choose, and people are led straight there,
/// unless they have just come from there.
pub(super) fn is_the_only_way(methods: &[Method], arrived: &Arrived) -> bool {
    let asks_for_form = arrived.action.ends_with(SHOW_FORM);
    !methods.is_empty() && methods.iter().all(is_certificate) && !asks_for_form
}

fn is_certificate(method: &Method) -> bool {
    matches!(method, Method::Certificate | Method::Smartcard)
}

/// Lets the forms of a page lead to the certificate host: browsers hold redirects after a form to the page's policy too.
pub(super) fn allow_form(house: &House, mut response: Response) -> Response {
    let policy = house
        .certificates
        .as_ref()
        .and_then(|certificates| HeaderValue::from_str(&form_policy(&certificates.origin)).ok());
    if let Some(policy) = policy {
        response
            .headers_mut()
            .insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The sealed flow of a form in which the certificate was chosen; `None` when the body is some other form.
pub(super) fn chosen(body: &[u8]) -> Option<String> {
    let (mut flow, mut chosen) = (None, false);
    for (key, value) in form_urlencoded::parse(body).take(32) {
        match &*key {
            "Flow" if value.len() <= LONGEST => flow = Some(value.into_owned()),
            "AuthMethod" => chosen = value == CHOICE,
            _ => {}
        }
    }
    chosen.then(|| flow.unwrap_or_default())
}

/// The certificate was chosen in a form of ours: as first factor, or beside what the session holds when that is all that lacks.
pub(super) async fn choose(
    house: &Arc<House>,
    caller: &Caller,
    headers: &HeaderMap,
    query: &str,
    sealed: &str,
) -> Response {
    let reply = Reply::new(house, caller);
    let action = if query.is_empty() {
        "/adfs/ls/".to_owned()
    } else {
        format!("/adfs/ls/?{query}")
    };
    let flow = match credentials::open(house, headers, sealed) {
        Ok(flow) => flow,
        Err(why) => {
            return credentials::show_again(house, caller, headers, query, action, why, "").await;
        }
    };
    let Some(party) = house.trust.load().by_id(flow.request.relying_party) else {
        return reply.relying_party_gone();
    };
    if let Err(error) = recheck(&flow.request, &party) {
        return reply.protocol_error(&error).await;
    }
    let session = match house.session(headers, party.id).await {
        Ok(session) => session,
        Err(error) => return reply.message(&error),
    };
    let session = session.filter(|session| lacks_certificate(house, &flow, &party, session));
    let arrived = Arrived { flow, action };
    begin(house, caller, headers, &arrived, session.as_ref()).await
}

/// Whether a certificate, added to the session, is what the request wants.
fn lacks_certificate(
    house: &House,
    flow: &Flow,
    party: &RelyingParty,
    session: &LiveSession,
) -> bool {
    let evidence = Some(session.user.evidence());
    let now = house.clock.now();
    match decide_session(&flow.request, evidence, now, party, &house.methods) {
        SessionDecision::AskSecond { methods } => is_among(&methods),
        _ => false,
    }
}

/// Sends the browser to the certificate host. With a `session` the certificate is added to it and has to be the same
/// person's; without one it begins a session.
pub(crate) async fn begin(
    house: &Arc<House>,
    caller: &Caller,
    headers: &HeaderMap,
    arrived: &Arrived,
    session: Option<&LiveSession>,
) -> Response {
    let reply = Reply::new(house, caller);
    let Some(certificates) = &house.certificates else {
        return reply.status(StatusCode::NOT_FOUND);
    };
    let browser = match browser_of(house, headers) {
        Ok(browser) => browser,
        Err(error) => return reply.message(&error),
    };
    let second = session.map(|session| Second {
        account: session.user.account().id,
        sid: session.user.account().sid.clone(),
        session: session.public_id,
    });
    let sealed =
        match Crossing::begin(house, caller, &arrived.flow, browser.text.clone(), second).await {
            Ok(sealed) => sealed,
            Err(error) => return reply.message(&error),
        };
    let there = format!("{}/adfs/certauth?flow={sealed}", certificates.origin);
    let response = reply.redirect(StatusCode::SEE_OTHER, LOCATION, &there);
    browser.keep(&reply, response)
}

/// The two values that lead back from the certificate host.
pub(super) struct Returned {
    crossing: String,
    pass: String,
}

/// They, when the query has them.
pub(super) fn returned(query: &str) -> Option<Returned> {
    Some(Returned {
        crossing: parameter(query, "passed")?,
        pass: parameter(query, "certificate")?,
    })
}

/// A verification comes back: it is used once, in the browser that began, and the sign-in goes on.
pub(super) async fn finish(
    house: &Arc<House>,
    caller: &Caller,
    headers: &HeaderMap,
    returned: Returned,
) -> Response {
    let reply = Reply::new(house, caller);
    let Some(certificates) = &house.certificates else {
        return reply.status(StatusCode::NOT_FOUND);
    };
    let opened = cookies::read(headers, cookies::BROWSER)
        .ok_or(NotOpened::Foreign)
        .and_then(|browser| Crossing::open(house, &returned.crossing, Stage::Passed { browser }));
    let crossing = match opened {
        Ok(crossing) => crossing,
        Err(why) => return reply.message(&why.message()),
    };
    let flow = match crossing.flow(house).await {
        Ok(flow) => flow,
        Err(error) => return reply.message(&error),
    };
    let handle = crossing
        .handle(house, house.clock.now())
        .unwrap_or_default();
    let arrived = Arrived {
        flow,
        action: format!("/adfs/ls/?flow={handle}&{SHOW_FORM}"),
    };
    let taken = match take(house, certificates, &crossing, &returned.pass).await {
        Ok(taken) => taken,
        Err(error) => return reply.message(&error),
    };
    // Used already, by a reload or a step back, or too old: whatever was signed in by it stands, and this proves nothing more.
    let Some(pass) = taken else {
        return go_on(house, caller, headers, arrived).await;
    };
    let Some(party) = house.trust.load().by_id(arrived.flow.request.relying_party) else {
        return reply.relying_party_gone();
    };
    if let Err(error) = recheck(&arrived.flow.request, &party) {
        return reply.protocol_error(&error).await;
    }
    let returning = Returning {
        caller,
        headers,
        party: &party,
        second: crossing.second,
    };
    match returning.sign_in(house, certificates, pass).await {
        Ok(Some(session)) => proceed(house, caller, headers, &party, &arrived, session).await,
        Ok(None) => go_on(house, caller, headers, arrived).await,
        Err(error) => reply.message(&error),
    }
}

/// The verification, when it was sealed for this crossing and is used for the first time.
async fn take(
    house: &House,
    certificates: &Certificates,
    crossing: &Crossing,
    sealed: &str,
) -> Result<Option<CertificatePass>, MessagePair> {
    let now = house.clock.now();
    let opened = certificates.seal.open(sealed, &crossing.binding(), now);
    let Ok(pass) = opened else {
        return Ok(None);
    };
    let thing = format!("certificate-pass\n{}", crossing.id);
    let first = house.is_first_use(&thing, pass.worthless_after()).await?;
    Ok(first.then_some(pass))
}

/// A person on the way back from the certificate host.
struct Returning<'a> {
    caller: &'a Caller,
    headers: &'a HeaderMap,
    party: &'a RelyingParty,
    second: Option<Second>,
}

impl Returning<'_> {
    /// The session that stands now; `None` when the one that the certificate was to be added to is gone.
    async fn sign_in(
        &self,
        house: &House,
        certificates: &Certificates,
        pass: CertificatePass,
    ) -> Result<Option<LiveSession>, MessagePair> {
        let account = house.account_since(pass.account(), pass.at()).await?;
        let account = account.ok_or_else(account_gone)?;
        let verified = match pass.redeem(account) {
            Ok(verified) => verified,
            Err(failure) => return Err(self.refused(house, &failure).await),
        };
        let note = certificate_note(&verified);
        let as_card = certificates.as_card;
        let Some(second) = &self.second else {
            let location = self.caller.context.location;
            let user = AuthenticatedUser::by_certificate(&verified, as_card, location);
            let begun = house
                .begin_session_noting(self.caller, self.headers, Some(self.party), user, note)
                .await?;
            return Ok(Some(begun));
        };
        let session = house.session(self.headers, self.party.id).await?;
        let Some(session) = session.filter(|session| {
            session.public_id == second.session && session.user.account().id == second.account
        }) else {
            return Ok(None);
        };
        if let Err(failure) = verified.check_belongs_to(second.account, &second.sid) {
            return Err(self.refused(house, &failure).await);
        }
        let user = session.user.clone().with_certificate(&verified, as_card);
        let user = user.map_err(|error| error.message())?;
        let stronger = house
            .step_up_noting(self.caller, Some(self.party), session, user, note)
            .await?;
        Ok(Some(stronger))
    }

    /// What the person reads, once the audit has its row.
    async fn refused(&self, house: &House, failure: &CertificateFailure) -> MessagePair {
        let audited = house
            .audit_certificate_failure(self.caller, self.party.id, failure)
            .await;
        audited.err().unwrap_or_else(|| failure.message())
    }
}

fn account_gone() -> MessagePair {
    MessagePair {
        code: "SIG-AUTHN-SESSION-ENDED",
        culprit: Culprit::User,
        public: "You have to sign in again.",
        hint: "Your account or your password changed after you signed in.",
        private: "the account of an accepted certificate is gone".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_is_read_from_the_form() {
        assert_eq!(
            chosen(b"Flow=abc&AuthMethod=CertificateAuthentication").as_deref(),
            Some("abc")
        );
        assert_eq!(
            chosen(b"AuthMethod=CertificateAuthentication").as_deref(),
            Some("")
        );
        for other in [
            &b"Flow=abc&AuthMethod=FormsAuthentication"[..],
            b"Flow=abc&UserName=a&Password=b",
            b"",
        ] {
            assert_eq!(chosen(other), None);
        }
    }
}
