//! The person's own page: which second factors are set up, with buttons to add and to remove.
//!
//! Whoever is not signed in signs in here first; whoever has factors confirms with one before anything changes.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use signet_authn::SignInFailure;
use signet_authn::factors::{
    Checkout, EnrolmentPermit, EnrolmentRefused, EnrolmentStep, FactorFailure, SecondFactors,
};
use signet_model::{FactorId, FactorKind, FactorRecord, RelyingPartyId};
use signet_pages::{
    FactorNotice, FactorPage, HeldFactor, Language, MyFactorsPage, Notice, RecoveryCodesPage,
    SignInPage,
};
use time::OffsetDateTime;
use time::macros::format_description;
use uuid::Uuid;

use super::credentials::{SubmittedForm, is_from_here, minutes};
use super::factor_pages::{Setting, notice_of, others, prompt, recent, status, way};
use super::go_on::{Browser, browser_of};
use super::receive::is_form;
use super::reply::Reply;
use super::second::{SubmittedFactor, Wish};
use crate::house::{House, LiveSession};
use crate::web::caller::Caller;
use crate::web::cookies;

const ADDRESS: &str = "/adfs/portal/factors";

/// `GET /adfs/portal/factors`.
pub(crate) async fn get(
    State(house): State<Arc<House>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Response {
    match Desk::open(&house, &caller, &headers) {
        Ok(desk) => desk.show(None).await,
        Err(response) => *response,
    }
}

/// `POST /adfs/portal/factors`: one of the page's forms, or the sign-in form in front of it.
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
    let desk = match Desk::open(&house, &caller, &headers) {
        Ok(desk) => desk,
        Err(response) => return *response,
    };
    let token = field(&body, "Flow").unwrap_or_default();
    if !is_from_here(&house, &headers) || !desk.is_token(&token) {
        return desk.show(Some(FactorNotice::Expired)).await;
    }
    if let Some(form) = SubmittedForm::read(&body) {
        return desk.sign_in(&form).await;
    }
    let wish = if let Some(kind) = field(&body, "Add") {
        kind.parse().map(Change::Add).ok()
    } else if let Some(id) = field(&body, "Remove") {
        let id = Uuid::parse_str(&id).map(FactorId);
        id.map(Change::Remove).ok()
    } else if field(&body, "RenewCodes").is_some() {
        Some(Change::RenewCodes)
    } else {
        SubmittedFactor::read(&body).map(|form| Change::Answered(form.wish))
    };
    match wish {
        Some(wish) => desk.change(wish).await,
        None => reply.status(StatusCode::BAD_REQUEST),
    }
}

/// What a form of the page wants.
enum Change {
    Add(FactorKind),
    Remove(FactorId),
    RenewCodes,
    Answered(Wish),
}

/// One request at the page.
struct Desk<'a> {
    house: &'a Arc<House>,
    caller: &'a Caller,
    headers: &'a HeaderMap,
    second: &'a SecondFactors,
    browser: Browser,
}

impl<'a> Desk<'a> {
    fn open(
        house: &'a Arc<House>,
        caller: &'a Caller,
        headers: &'a HeaderMap,
    ) -> Result<Self, Box<Response>> {
        let reply = Reply::new(house, caller);
        let Some(second) = &house.second else {
            return Err(Box::new(reply.status(StatusCode::NOT_FOUND)));
        };
        let browser =
            browser_of(house, headers).map_err(|error| Box::new(reply.message(&error)))?;
        Ok(Self {
            house,
            caller,
            headers,
            second,
            browser,
        })
    }

    /// The page, or the sign-in form in front of it.
    async fn show(&self, notice: Option<FactorNotice>) -> Response {
        match self.session().await {
            Ok(Some(session)) => self.list(&session, notice).await,
            Ok(None) => self.sign_in_form(None, ""),
            Err(response) => *response,
        }
    }

    async fn change(&self, change: Change) -> Response {
        let session = match self.session().await {
            Ok(Some(session)) => session,
            Ok(None) => return self.sign_in_form(Some(Notice::FormExpired), ""),
            Err(response) => return *response,
        };
        if let Change::Answered(wish @ (Wish::Answer { .. } | Wish::Choose(_) | Wish::Kept)) =
            change
        {
            return self.confirm(session, wish).await;
        }
        let permit = match self.permit(&session).await {
            Ok(permit) => permit,
            Err(failure) => return self.not_permitted(&session, &failure).await,
        };
        match self.changed(&session, &permit, change).await {
            Ok(response) => response,
            Err(failure) => match notice_of(&failure) {
                Some(notice) => self.list(&session, Some(notice)).await,
                None => self.reply().message(&failure.message()),
            },
        }
    }

    async fn changed(
        &self,
        session: &LiveSession,
        permit: &EnrolmentPermit,
        change: Change,
    ) -> Result<Response, FactorFailure> {
        let (now, user) = (self.house.clock.now(), &session.user);
        let ceremony = ceremony(session);
        match change {
            Change::Add(kind) => {
                let begun = self
                    .second
                    .begin_enrolment(permit, user, &ceremony, kind, now)
                    .await?;
                Ok(self.setting_page(&begun, None))
            }
            Change::Remove(id) => {
                if self.second.remove(permit, user, id).await?
                    && let Err(error) = self.audit(session, "removed", None).await
                {
                    return Ok(*error);
                }
                Ok(self.list(session, Some(FactorNotice::Removed)).await)
            }
            Change::RenewCodes => {
                let codes = self.second.renew_recovery_codes(permit, user, now).await?;
                if let Err(error) = self.audit(session, "recovery-codes-renewed", None).await {
                    return Ok(*error);
                }
                let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
                Ok(self.codes_page(session, &codes))
            }
            Change::Answered(Wish::Enrol {
                kind,
                ticket,
                answer,
                label,
            }) => {
                let step = self
                    .second
                    .finish_enrolment(permit, user, &ceremony, kind, &ticket, &answer, &label, now)
                    .await?;
                match step {
                    EnrolmentStep::Again(asked) => {
                        Ok(self.setting_page(&asked, Some(FactorNotice::Wrong)))
                    }
                    EnrolmentStep::Enrolled(_) => {
                        if let Err(error) = self.audit(session, "added", Some(kind)).await {
                            return Ok(*error);
                        }
                        match self
                            .house
                            .first_recovery_codes(self.second, permit, user)
                            .await
                        {
                            Ok(codes) if codes.is_empty() => {
                                Ok(self.list(session, Some(FactorNotice::Added)).await)
                            }
                            Ok(codes) => {
                                let codes: Vec<&str> =
                                    codes.iter().map(|code| code.as_str()).collect();
                                Ok(self.codes_page(session, &codes))
                            }
                            Err(error) => Ok(self.reply().message(&error)),
                        }
                    }
                }
            }
            Change::Answered(_) => Ok(self.list(session, None).await),
        }
    }

    /// A factor that is asked for before anything changes.
    async fn confirm(&self, session: LiveSession, wish: Wish) -> Response {
        let now = self.house.clock.now();
        match wish {
            Wish::Choose(kind) => self.ask(&session, Some(kind), None).await,
            Wish::Answer {
                kind,
                ticket,
                answer,
            } => {
                let checked = self
                    .second
                    .check(
                        &session.user,
                        &ceremony(&session),
                        kind,
                        Some(&ticket),
                        &answer,
                        now,
                    )
                    .await;
                match checked {
                    Ok(Checkout::Proved(proof)) => {
                        let user = match session.user.clone().with_second_factor(&proof) {
                            Ok(user) => user,
                            Err(error) => return self.reply().message(&error.message()),
                        };
                        match self.house.step_up(self.caller, None, session, user).await {
                            Ok(session) => self.list(&session, None).await,
                            Err(error) => self.reply().message(&error),
                        }
                    }
                    Ok(Checkout::More(asked)) => self.factor_page(&asked, &[kind], None),
                    Err(failure) => {
                        let message = failure.message();
                        if let Err(error) = self
                            .house
                            .audit_second_factor_failure(
                                self.caller,
                                None,
                                &session,
                                kind,
                                &message,
                            )
                            .await
                        {
                            return self.reply().message(&error);
                        }
                        match notice_of(&failure) {
                            Some(notice) => self.ask(&session, Some(kind), Some(notice)).await,
                            None => self.reply().message(&message),
                        }
                    }
                }
            }
            _ => self.list(&session, None).await,
        }
    }

    async fn not_permitted(&self, session: &LiveSession, failure: &FactorFailure) -> Response {
        match failure {
            FactorFailure::Enrolment(EnrolmentRefused::FirstFactorTooOld) => {
                let name = session.user.account().effective_upn();
                self.sign_in_form(Some(Notice::SignInAgain), &name)
            }
            FactorFailure::Enrolment(EnrolmentRefused::SecondFactorNeeded) => {
                self.ask(session, None, None).await
            }
            failure => self
                .reply()
                .message_with(StatusCode::FORBIDDEN, &failure.message()),
        }
    }

    async fn permit(&self, session: &LiveSession) -> Result<EnrolmentPermit, FactorFailure> {
        let offers = self.second.offers(&session.user).await?;
        Ok(EnrolmentPermit::decide(
            &self.house.enrolment,
            &session.user,
            &offers,
            recent(session),
            self.caller.context.location,
            false,
            self.house.clock.now(),
        )?)
    }

    async fn ask(
        &self,
        session: &LiveSession,
        chosen: Option<FactorKind>,
        notice: Option<FactorNotice>,
    ) -> Response {
        let kinds = match self.second.offers(&session.user).await {
            Ok(offers) => offers.kinds().to_vec(),
            Err(failure) => return self.reply().message(&failure.message()),
        };
        let best = chosen
            .filter(|kind| kinds.contains(kind))
            .or(kinds.first().copied());
        let Some(kind) = best else {
            return self.list(session, None).await;
        };
        let now = self.house.clock.now();
        match self
            .second
            .begin(&session.user, &ceremony(session), kind, now)
            .await
        {
            Ok(asked) => self.factor_page(&asked, &kinds, notice),
            Err(failure) => self.reply().message(&failure.message()),
        }
    }

    async fn sign_in(&self, form: &SubmittedForm) -> Response {
        let (name, password) = form.credentials();
        let now = self.house.clock.now();
        let signed_in = self
            .house
            .authenticator
            .sign_in(name, password, &self.caller.context, now)
            .await;
        let user = match signed_in {
            Ok(user) => user,
            Err(failure) => {
                if let Err(error) = self
                    .house
                    .audit_sign_in_failure(self.caller, None, &failure)
                    .await
                {
                    return self.reply().message(&error);
                }
                let notice = match &failure {
                    SignInFailure::WrongNameOrPassword { .. } | SignInFailure::NameForm(_) => {
                        Notice::WrongNameOrPassword
                    }
                    SignInFailure::NoPassword => Notice::MissingPassword,
                    SignInFailure::Throttled { retry_after, .. } => Notice::TooManyTries {
                        minutes: minutes(*retry_after),
                    },
                    SignInFailure::Busy { .. } => Notice::Busy,
                    SignInFailure::Directory(_) | SignInFailure::Interrupted => {
                        Notice::DirectoryUnavailable
                    }
                    other => return self.reply().message(&other.message()),
                };
                return self.sign_in_form(Some(notice), name);
            }
        };
        match self
            .house
            .begin_session(self.caller, self.headers, None, user)
            .await
        {
            Ok(session) => self.list(&session, None).await,
            Err(error) => self.reply().message(&error),
        }
    }

    fn sign_in_form(&self, notice: Option<Notice>, name: &str) -> Response {
        let reply = self.reply();
        let token = match self.token() {
            Some(token) => token,
            None => return reply.too_large(),
        };
        let page = SignInPage {
            brand: &self.house.brand,
            language: self.language(),
            relying_party: None,
            action: ADDRESS,
            flow: &token,
            username: name,
            notice,
            password: true,
            certificate: false,
            keep_me_signed_in: false,
            activity: &self.caller.context.activity.to_string(),
        };
        self.browser.keep(&reply, reply.html(StatusCode::OK, &page))
    }

    async fn list(&self, session: &LiveSession, notice: Option<FactorNotice>) -> Response {
        let reply = self.reply();
        let offers = match self.second.offers(&session.user).await {
            Ok(offers) => offers,
            Err(failure) => return reply.message(&failure.message()),
        };
        let Some(token) = self.token() else {
            return reply.too_large();
        };
        let held: Vec<HeldFactor> = offers.records().iter().map(held).collect();
        let can_add = others(&self.second.enrollable(), FactorKind::RecoveryCode);
        let page = MyFactorsPage {
            brand: &self.house.brand,
            language: self.language(),
            name: &session.user.account().effective_upn(),
            action: ADDRESS,
            flow: &token,
            factors: &held,
            can_add: &can_add,
            recovery_codes: offers.recovery_codes(),
            few: offers.few_recovery_codes(),
            notice,
        };
        self.finish(session, reply.html(StatusCode::OK, &page))
    }

    fn factor_page(
        &self,
        asked: &signet_authn::factors::Asked,
        kinds: &[FactorKind],
        notice: Option<FactorNotice>,
    ) -> Response {
        let reply = self.reply();
        let Some(token) = self.token() else {
            return reply.too_large();
        };
        let others = others(kinds, asked.kind);
        let page = FactorPage {
            brand: &self.house.brand,
            language: self.language(),
            relying_party: None,
            action: ADDRESS,
            flow: &token,
            way: way(asked.kind),
            prompt: prompt(&asked.prompt),
            challenge: asked.ticket.as_deref().unwrap_or_default(),
            others: &others,
            notice,
        };
        self.browser.keep(&reply, reply.html(status(notice), &page))
    }

    fn setting_page(
        &self,
        asked: &signet_authn::factors::EnrolmentAsked,
        notice: Option<FactorNotice>,
    ) -> Response {
        let reply = self.reply();
        let Some(token) = self.token() else {
            return reply.too_large();
        };
        let setting = Setting {
            house: self.house,
            language: self.language(),
            relying_party: None,
            action: ADDRESS,
            flow: &token,
            others: &[],
        };
        self.browser
            .keep(&reply, setting.page(&reply, asked, notice))
    }

    fn codes_page(&self, session: &LiveSession, codes: &[&str]) -> Response {
        let reply = self.reply();
        let Some(token) = self.token() else {
            return reply.too_large();
        };
        let page = RecoveryCodesPage {
            brand: &self.house.brand,
            language: self.language(),
            name: &session.user.account().effective_upn(),
            codes,
            action: ADDRESS,
            flow: &token,
        };
        self.finish(session, reply.html(StatusCode::OK, &page))
    }

    fn finish(&self, session: &LiveSession, response: Response) -> Response {
        let reply = self.reply();
        let response = self.browser.keep(&reply, response);
        match &session.cookie {
            Some(cookie) => reply.with_cookie(response, cookie),
            None => response,
        }
    }

    async fn session(&self) -> Result<Option<LiveSession>, Box<Response>> {
        // The page counts no tokens of anybody.
        let nobody = RelyingPartyId(Uuid::nil());
        let session = self.house.session(self.headers, nobody).await;
        session.map_err(|error| Box::new(self.reply().message(&error)))
    }

    async fn audit(
        &self,
        session: &LiveSession,
        what: &str,
        kind: Option<FactorKind>,
    ) -> Result<(), Box<Response>> {
        let account = session.user.account().id;
        self.house
            .audit_factors_changed(self.caller, account, what, kind)
            .await
            .map_err(|error| Box::new(self.reply().message(&error)))
    }

    /// Binds the page's forms to this browser, against posts that other sites make it send.
    fn token(&self) -> Option<String> {
        self.house
            .flow_sealer
            .seal(b"portal", &label(&self.browser.text))
            .ok()
    }

    fn is_token(&self, token: &str) -> bool {
        cookies::read(self.headers, cookies::BROWSER).is_some_and(|browser| {
            self.house
                .flow_sealer
                .open(token, &label(browser))
                .is_ok_and(|plain| plain.as_slice() == b"portal")
        })
    }

    fn language(&self) -> Language {
        self.reply().language_for(None)
    }

    fn reply(&self) -> Reply<'a> {
        Reply::new(self.house, self.caller)
    }
}

fn label(browser: &str) -> Vec<u8> {
    [b"portal\0", browser.as_bytes()].concat()
}

/// Ceremonies of the page are bound to the session.
fn ceremony(session: &LiveSession) -> Vec<u8> {
    format!("portal {}", session.public_id).into_bytes()
}

fn held(record: &FactorRecord) -> HeldFactor {
    HeldFactor {
        id: record.id.to_string(),
        way: way(record.kind),
        label: record.label.clone(),
        set_up: day(record.created_at),
        last_used: record.last_used_at.map(minute),
    }
}

fn day(at: OffsetDateTime) -> String {
    at.format(&format_description!("[year]-[month]-[day]"))
        .unwrap_or_default()
}

fn minute(at: OffsetDateTime) -> String {
    at.format(&format_description!(
        "[year]-[month]-[day] [hour]:[minute] UTC"
    ))
    .unwrap_or_default()
}

fn field(body: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(body)
        .take(32)
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
