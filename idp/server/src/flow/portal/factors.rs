//! Which second factors a person has, with buttons to add and to remove.
//!
//! Whoever is not signed in signs in here first; whoever has factors confirms with one before anything changes.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use signet_authn::factors::{
    Checkout, EnrolmentPermit, EnrolmentRefused, EnrolmentStep, FactorFailure, SecondFactors,
};
use signet_model::{FactorId, FactorKind, FactorRecord};
use signet_pages::{
    FactorNotice, FactorPage, HeldFactor, MyFactorsPage, Notice, RecoveryCodesPage,
};
use time::OffsetDateTime;
use time::macros::format_description;
use uuid::Uuid;

use super::desk::{Desk, field, minute};
use crate::flow::credentials::SubmittedForm;
use crate::flow::factor_pages::{Setting, notice_of, others, prompt, recent, status, way};
use crate::flow::receive::is_form;
use crate::flow::reply::Reply;
use crate::flow::submitted_factor::{SubmittedFactor, Wish};
use crate::house::{House, LiveSession};
use crate::web::caller::Caller;

const ADDRESS: &str = "/adfs/portal/factors";

/// `GET /adfs/portal/factors`.
pub(crate) async fn get(
    State(house): State<Arc<House>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Response {
    match Page::open(&house, &caller, &headers) {
        Ok(page) => page.show(None).await,
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
    let page = match Page::open(&house, &caller, &headers) {
        Ok(page) => page,
        Err(response) => return *response,
    };
    if !page.desk.is_own_form(&body) {
        return page.show(Some(FactorNotice::Expired)).await;
    }
    if let Some(form) = SubmittedForm::read(&body) {
        return match page.desk.sign_in(&form).await {
            Ok(session) => page.list(&session, None).await,
            Err(response) => *response,
        };
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
        Some(wish) => page.change(wish).await,
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
struct Page<'a> {
    house: &'a Arc<House>,
    caller: &'a Caller,
    second: &'a SecondFactors,
    desk: Desk<'a>,
}

impl<'a> Page<'a> {
    fn open(
        house: &'a Arc<House>,
        caller: &'a Caller,
        headers: &'a HeaderMap,
    ) -> Result<Self, Box<Response>> {
        let Some(second) = &house.second else {
            let reply = Reply::new(house, caller);
            return Err(Box::new(reply.status(StatusCode::NOT_FOUND)));
        };
        Ok(Self {
            house,
            caller,
            second,
            desk: Desk::open(house, caller, headers, ADDRESS)?,
        })
    }

    /// The page, or the sign-in form in front of it.
    async fn show(&self, notice: Option<FactorNotice>) -> Response {
        match self.desk.session().await {
            Ok(Some(session)) => self.list(&session, notice).await,
            Ok(None) => self.desk.sign_in_form(None, ""),
            Err(response) => *response,
        }
    }

    async fn change(&self, change: Change) -> Response {
        let session = match self.desk.session().await {
            Ok(Some(session)) => session,
            Ok(None) => return self.desk.sign_in_form(Some(Notice::FormExpired), ""),
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
                None => self.desk.reply().message(&failure.message()),
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
                            Err(error) => Ok(self.desk.reply().message(&error)),
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
                            Err(error) => return self.desk.reply().message(&error.message()),
                        };
                        match self.house.step_up(self.caller, None, session, user).await {
                            Ok(session) => self.list(&session, None).await,
                            Err(error) => self.desk.reply().message(&error),
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
                            return self.desk.reply().message(&error);
                        }
                        match notice_of(&failure) {
                            Some(notice) => self.ask(&session, Some(kind), Some(notice)).await,
                            None => self.desk.reply().message(&message),
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
                self.desk.sign_in_form(Some(Notice::SignInAgain), &name)
            }
            FactorFailure::Enrolment(EnrolmentRefused::SecondFactorNeeded) => {
                self.ask(session, None, None).await
            }
            failure => self
                .desk
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
            Err(failure) => return self.desk.reply().message(&failure.message()),
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
            Err(failure) => self.desk.reply().message(&failure.message()),
        }
    }

    async fn list(&self, session: &LiveSession, notice: Option<FactorNotice>) -> Response {
        let reply = self.desk.reply();
        let offers = match self.second.offers(&session.user).await {
            Ok(offers) => offers,
            Err(failure) => return reply.message(&failure.message()),
        };
        let Some(token) = self.desk.token() else {
            return reply.too_large();
        };
        let held: Vec<HeldFactor> = offers.records().iter().map(held).collect();
        let can_add = others(&self.second.enrollable(), FactorKind::RecoveryCode);
        let page = MyFactorsPage {
            brand: &self.house.brand,
            language: self.desk.language(),
            name: &session.user.account().effective_upn(),
            action: ADDRESS,
            flow: &token,
            factors: &held,
            can_add: &can_add,
            recovery_codes: offers.recovery_codes(),
            few: offers.few_recovery_codes(),
            notice,
        };
        self.desk.finish(session, reply.html(StatusCode::OK, &page))
    }

    fn factor_page(
        &self,
        asked: &signet_authn::factors::Asked,
        kinds: &[FactorKind],
        notice: Option<FactorNotice>,
    ) -> Response {
        let reply = self.desk.reply();
        let Some(token) = self.desk.token() else {
            return reply.too_large();
        };
        let others = others(kinds, asked.kind);
        let page = FactorPage {
            brand: &self.house.brand,
            language: self.desk.language(),
            relying_party: None,
            action: ADDRESS,
            flow: &token,
            way: way(asked.kind),
            prompt: prompt(&asked.prompt),
            challenge: asked.ticket.as_deref().unwrap_or_default(),
            others: &others,
            notice,
        };
        self.desk.keep(reply.html(status(notice), &page))
    }

    fn setting_page(
        &self,
        asked: &signet_authn::factors::EnrolmentAsked,
        notice: Option<FactorNotice>,
    ) -> Response {
        let reply = self.desk.reply();
        let Some(token) = self.desk.token() else {
            return reply.too_large();
        };
        let setting = Setting {
            house: self.house,
            language: self.desk.language(),
            relying_party: None,
            action: ADDRESS,
            flow: &token,
            others: &[],
        };
        self.desk.keep(setting.page(&reply, asked, notice))
    }

    fn codes_page(&self, session: &LiveSession, codes: &[&str]) -> Response {
        let reply = self.desk.reply();
        let Some(token) = self.desk.token() else {
            return reply.too_large();
        };
        let page = RecoveryCodesPage {
            brand: &self.house.brand,
            language: self.desk.language(),
            name: &session.user.account().effective_upn(),
            codes,
            action: ADDRESS,
            flow: &token,
        };
        self.desk.finish(session, reply.html(StatusCode::OK, &page))
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
            .map_err(|error| Box::new(self.desk.reply().message(&error)))
    }
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
