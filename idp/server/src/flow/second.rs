//! A second factor in the middle of a sign-in: asked for, checked, or set up for the first time.

use std::sync::Arc;

use axum::response::Response;
use http::{HeaderMap, StatusCode};
use signet_authn::factors::{
    Asked, Checkout, Enrolled, EnrolmentAsked, EnrolmentPermit, EnrolmentRefused, EnrolmentStep,
    FactorFailure, Offers, SecondFactors,
};
use signet_model::{FactorKind, Method, RelyingParty};
use signet_pages::{
    FactorChoice, FactorNotice, FactorPage, FactorPrompt, FactorWay, Language, Notice,
    RecoveryCodesPage,
};
use signet_protocols::{Impossible, SessionDecision, decide_session, recheck, refuse};

use super::certificate;
use super::credentials;
use super::factor_pages::{Setting, notice_of, others, prompt, recent, status, way};
use super::go_on::{Arrived, Browser, browser_of, form, go_on, proceed};
use super::reply::Reply;
use super::sealed::Stage;
use super::submitted_factor::{SubmittedFactor, Wish};
use crate::house::{House, LiveSession};
use crate::web::caller::Caller;

/// Takes such a form, and goes on with the sign-in it belongs to.
pub(super) async fn submit(
    house: &Arc<House>,
    caller: &Caller,
    headers: &HeaderMap,
    query: &str,
    form: SubmittedFactor,
) -> Response {
    let reply = Reply::new(house, caller);
    let action = super::receive::action(query);
    let opened = credentials::open_stage(house, headers, &form.flow, |browser| Stage::Second {
        browser,
    });
    let flow = match opened {
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
    let expected = flow.account;
    let arrived = Arrived { flow, action };
    // The session that the page was made for; a second tab may have put somebody else's in its place (PWD-13).
    let session = match session {
        Some(session) if Some(session.user.account().id) == expected => session,
        _ => return go_on(house, caller, headers, arrived).await,
    };
    let scene = Scene::new(house, caller, headers, &party, &arrived);
    scene.take(session, form.wish).await
}

/// One interrupted sign-in.
pub(super) struct Scene<'a> {
    house: &'a Arc<House>,
    caller: &'a Caller,
    headers: &'a HeaderMap,
    party: &'a Arc<RelyingParty>,
    arrived: &'a Arrived,
}

impl<'a> Scene<'a> {
    pub(super) fn new(
        house: &'a Arc<House>,
        caller: &'a Caller,
        headers: &'a HeaderMap,
        party: &'a Arc<RelyingParty>,
        arrived: &'a Arrived,
    ) -> Self {
        Self {
            house,
            caller,
            headers,
            party,
            arrived,
        }
    }

    /// Asks for the best of the person's factors that are among `methods`, or begins to set one up.
    pub(super) async fn ask(&self, session: &LiveSession, methods: &[Method]) -> Response {
        match &self.house.second {
            Some(second) => self.ask_with(second, session, methods, None, None).await,
            None => {
                let refusal = refuse(
                    &self.arrived.flow.request,
                    self.party,
                    Impossible::NoAuthnContext,
                );
                self.reply().refusal(refusal).await
            }
        }
    }

    async fn ask_with(
        &self,
        second: &SecondFactors,
        session: &LiveSession,
        methods: &[Method],
        chosen: Option<FactorKind>,
        notice: Option<FactorNotice>,
    ) -> Response {
        let offers = match second.offers(&session.user).await {
            Ok(offers) => offers,
            // A store that does not answer must not make a protected account an unprotected one.
            Err(failure) => return self.reply().message(&failure.message()),
        };
        let fits = |kind: &FactorKind| methods.contains(&kind.method());
        let kinds: Vec<FactorKind> = offers.kinds().iter().copied().filter(fits).collect();
        let best = kinds.first().copied().filter(|_| offers.any());
        let Some(best) = best else {
            return self
                .begin_enrolment(second, session, &offers, methods, chosen, notice)
                .await;
        };
        let kind = chosen.filter(|kind| kinds.contains(kind)).unwrap_or(best);
        let begun = second
            .begin(
                &session.user,
                &self.ceremony(),
                kind,
                self.house.clock.now(),
            )
            .await;
        match begun {
            Ok(asked) => self.page(session, &asked, &kinds, methods, notice),
            Err(failure) => self.reply().message(&failure.message()),
        }
    }

    /// Takes what the person did.
    async fn take(&self, session: LiveSession, wish: Wish) -> Response {
        let Some(second) = &self.house.second else {
            return self.ask(&session, &[]).await;
        };
        let now = self.house.clock.now();
        match wish {
            Wish::Kept => self.proceed(session).await,
            Wish::Certificate if certificate::is_among(&self.methods(&session)) => {
                let (house, caller, headers) = (self.house, self.caller, self.headers);
                certificate::begin(house, caller, headers, self.arrived, Some(&session)).await
            }
            Wish::Certificate => self.proceed(session).await,
            Wish::Choose(kind) => {
                let methods = self.methods(&session);
                self.ask_with(second, &session, &methods, Some(kind), None)
                    .await
            }
            Wish::Answer {
                kind,
                ticket,
                answer,
            } => {
                let checked = second
                    .check(
                        &session.user,
                        &self.ceremony(),
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
                        self.step_up(session, user).await
                    }
                    Ok(Checkout::More(asked)) => self.page(&session, &asked, &[kind], &[], None),
                    Err(failure) => self.failed(second, &session, kind, &failure).await,
                }
            }
            Wish::Enrol {
                kind,
                ticket,
                answer,
                label,
            } => {
                let permit = match self.permit(second, &session).await {
                    Ok(permit) => permit,
                    Err(failure) => return self.not_permitted(&session, &failure),
                };
                let step = second
                    .finish_enrolment(
                        &permit,
                        &session.user,
                        &self.ceremony(),
                        kind,
                        &ticket,
                        &answer,
                        &label,
                        now,
                    )
                    .await;
                match step {
                    Ok(EnrolmentStep::Enrolled(enrolled)) => {
                        self.enrolled(second, session, &permit, &enrolled).await
                    }
                    Ok(EnrolmentStep::Again(asked)) => {
                        let methods = self.methods(&session);
                        self.enrolment_page(&session, &asked, &methods, Some(FactorNotice::Wrong))
                    }
                    Err(failure) => self.failed(second, &session, kind, &failure).await,
                }
            }
        }
    }

    async fn step_up(
        &self,
        session: LiveSession,
        user: signet_authn::AuthenticatedUser,
    ) -> Response {
        match self
            .house
            .step_up(self.caller, Some(self.party), session, user)
            .await
        {
            Ok(session) => self.proceed(session).await,
            Err(error) => self.reply().message(&error),
        }
    }

    async fn proceed(&self, session: LiveSession) -> Response {
        // Two functions that call each other need a place on the heap.
        Box::pin(proceed(
            self.house,
            self.caller,
            self.headers,
            self.party,
            self.arrived,
            session,
        ))
        .await
    }

    /// A wrong answer, or none: the page again, with what was wrong; and the audit row.
    async fn failed(
        &self,
        second: &SecondFactors,
        session: &LiveSession,
        kind: FactorKind,
        failure: &FactorFailure,
    ) -> Response {
        let message = failure.message();
        if let Err(fault) = self
            .house
            .audit_second_factor_failure(self.caller, Some(self.party), session, kind, &message)
            .await
        {
            return self.reply().message(&fault);
        }
        match notice_of(failure) {
            Some(notice) => {
                let methods = self.methods(session);
                self.ask_with(second, session, &methods, Some(kind), Some(notice))
                    .await
            }
            None => self.reply().message(&message),
        }
    }

    /// What would do now.
    fn methods(&self, session: &LiveSession) -> Vec<Method> {
        let evidence = session.user.evidence();
        let decision = decide_session(
            &self.arrived.flow.request,
            Some(evidence),
            self.house.clock.now(),
            self.party,
            &self.house.methods,
        );
        match decision {
            SessionDecision::AskSecond { methods } => methods,
            // The rules want one: any will do.
            _ => self.house.second_methods(evidence),
        }
    }

    async fn begin_enrolment(
        &self,
        second: &SecondFactors,
        session: &LiveSession,
        offers: &Offers,
        methods: &[Method],
        chosen: Option<FactorKind>,
        notice: Option<FactorNotice>,
    ) -> Response {
        let now = self.house.clock.now();
        let permit = EnrolmentPermit::decide(
            &self.house.enrolment,
            &session.user,
            offers,
            recent(session),
            self.caller.context.location,
            now,
        );
        let permit = match permit {
            Ok(permit) => permit,
            Err(EnrolmentRefused::FirstFactorTooOld) => {
                return self.not_permitted(session, &EnrolmentRefused::FirstFactorTooOld.into());
            }
            Err(refused) if certificate::is_among(methods) => {
                let not_from_here = refused == EnrolmentRefused::NotFromHere;
                let notice = notice.or(not_from_here.then_some(FactorNotice::NotFromHere));
                return self.certificate_page(session, notice);
            }
            Err(refused) => return self.not_permitted(session, &refused.into()),
        };
        let kinds = self.enrollable(second, methods);
        // An app needs no script and no special device: whoever has something better chooses it.
        let easiest = kinds
            .iter()
            .find(|kind| **kind == FactorKind::Totp)
            .or(kinds.first());
        let chosen = chosen.filter(|kind| kinds.contains(kind));
        let Some(kind) = chosen.or(easiest.copied()) else {
            if certificate::is_among(methods) {
                return self.certificate_page(session, notice);
            }
            let refusal = refuse(
                &self.arrived.flow.request,
                self.party,
                Impossible::NoAuthnContext,
            );
            return self.reply().refusal(refusal).await;
        };
        let begun = second
            .begin_enrolment(&permit, &session.user, &self.ceremony(), kind, now)
            .await;
        match begun {
            Ok(asked) => self.enrolment_page(session, &asked, methods, notice),
            Err(failure) => self.reply().message(&failure.message()),
        }
    }

    async fn permit(
        &self,
        second: &SecondFactors,
        session: &LiveSession,
    ) -> Result<EnrolmentPermit, FactorFailure> {
        let offers = second.offers(&session.user).await?;
        Ok(EnrolmentPermit::decide(
            &self.house.enrolment,
            &session.user,
            &offers,
            recent(session),
            self.caller.context.location,
            self.house.clock.now(),
        )?)
    }

    fn not_permitted(&self, session: &LiveSession, failure: &FactorFailure) -> Response {
        if let FactorFailure::Enrolment(EnrolmentRefused::FirstFactorTooOld) = failure {
            return form(
                self.house,
                self.caller,
                self.headers,
                self.party,
                self.arrived,
                Some(Notice::SignInAgain),
                Some(session),
            );
        }
        self.reply()
            .message_with(StatusCode::FORBIDDEN, &failure.message())
    }

    /// A factor is kept now; the first one comes with recovery codes.
    async fn enrolled(
        &self,
        second: &SecondFactors,
        session: LiveSession,
        permit: &EnrolmentPermit,
        enrolled: &Enrolled,
    ) -> Response {
        let reply = self.reply();
        let account = session.user.account().id;
        if let Err(error) = self
            .house
            .audit_factors_changed(self.caller, account, "added", Some(enrolled.record.kind))
            .await
        {
            return reply.message(&error);
        }
        let codes = match self
            .house
            .first_recovery_codes(second, permit, &session.user)
            .await
        {
            Ok(codes) => codes,
            Err(error) => return reply.message(&error),
        };
        let session = match &enrolled.proof {
            None => session,
            Some(proof) => match session.user.clone().with_second_factor(proof) {
                Ok(user) => match self
                    .house
                    .step_up(self.caller, Some(self.party), session, user)
                    .await
                {
                    Ok(session) => session,
                    Err(error) => return reply.message(&error),
                },
                Err(error) => return reply.message(&error.message()),
            },
        };
        if codes.is_empty() {
            return self.proceed(session).await;
        }
        let (sealed, browser) = match self.seal(&session) {
            Ok(sealed) => sealed,
            Err(response) => return *response,
        };
        let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
        let page = RecoveryCodesPage {
            brand: &self.house.brand,
            language: self.language(),
            name: &session.user.account().effective_upn(),
            codes: &codes,
            action: &self.arrived.action,
            flow: &sealed,
        };
        let response = browser.keep(&reply, reply.html(StatusCode::OK, &page));
        match &session.cookie {
            Some(cookie) => reply.with_cookie(response, cookie),
            None => response,
        }
    }

    fn page(
        &self,
        session: &LiveSession,
        asked: &Asked,
        kinds: &[FactorKind],
        methods: &[Method],
        notice: Option<FactorNotice>,
    ) -> Response {
        let others = choices(kinds, asked.kind, methods);
        let asking = Asking {
            way: way(asked.kind),
            prompt: prompt(&asked.prompt),
            challenge: asked.ticket.as_deref().unwrap_or_default(),
            others: &others,
            notice,
        };
        self.factor_page(session, &asking)
    }

    /// The page when a certificate is all that can be asked for.
    fn certificate_page(&self, session: &LiveSession, notice: Option<FactorNotice>) -> Response {
        let asking = Asking {
            way: FactorWay::Certificate,
            prompt: FactorPrompt::Certificate,
            challenge: "",
            others: &[],
            notice,
        };
        self.factor_page(session, &asking)
    }

    fn factor_page(&self, session: &LiveSession, asking: &Asking<'_>) -> Response {
        let (sealed, browser) = match self.seal(session) {
            Ok(sealed) => sealed,
            Err(response) => return *response,
        };
        let page = FactorPage {
            brand: &self.house.brand,
            language: self.language(),
            relying_party: Some(&self.party.name),
            action: &self.arrived.action,
            flow: &sealed,
            way: asking.way,
            prompt: asking.prompt,
            challenge: asking.challenge,
            others: asking.others,
            notice: asking.notice,
        };
        let reply = self.reply();
        let offered = asking.others.iter().map(|choice| choice.way);
        let response = reply.html(status(asking.notice), &page);
        browser.keep(
            &reply,
            self.let_through(offered.chain([asking.way]), response),
        )
    }

    fn enrolment_page(
        &self,
        session: &LiveSession,
        asked: &EnrolmentAsked,
        methods: &[Method],
        notice: Option<FactorNotice>,
    ) -> Response {
        let (sealed, browser) = match self.seal(session) {
            Ok(sealed) => sealed,
            Err(response) => return *response,
        };
        let second = self.house.second.as_ref();
        let kinds = second.map(|second| self.enrollable(second, methods));
        let others = choices(&kinds.unwrap_or_default(), asked.kind, methods);
        let setting = Setting {
            others: &others,
            house: self.house,
            language: self.language(),
            relying_party: Some(&self.party.name),
            action: &self.arrived.action,
            flow: &sealed,
        };
        let reply = self.reply();
        let offered = others.iter().map(|choice| choice.way);
        let response = self.let_through(offered, setting.page(&reply, asked, notice));
        browser.keep(&reply, response)
    }

    /// Where a certificate is offered, the form may lead to the host that asks for it.
    fn let_through(
        &self,
        mut offered: impl Iterator<Item = FactorWay>,
        response: Response,
    ) -> Response {
        match offered.any(|way| way == FactorWay::Certificate) {
            true => certificate::allow_form(self.house, response),
            false => response,
        }
    }

    /// What can be set up and would do.
    fn enrollable(&self, second: &SecondFactors, methods: &[Method]) -> Vec<FactorKind> {
        let mut kinds = second.enrollable();
        kinds.retain(|kind| methods.contains(&kind.method()));
        kinds
    }

    /// The flow, bound to this browser and account.
    fn seal(&self, session: &LiveSession) -> Result<(String, Browser), Box<Response>> {
        let browser = browser_of(self.house, self.headers)
            .map_err(|error| Box::new(self.reply().message(&error)))?;
        let mut flow = self.arrived.flow.clone();
        flow.account = Some(session.user.account().id);
        let stage = Stage::Second {
            browser: &browser.text,
        };
        match flow.seal(&self.house.flow_sealer, stage, self.house.clock.now()) {
            Some(sealed) => Ok((sealed, browser)),
            None => Err(Box::new(self.reply().too_large())),
        }
    }

    fn ceremony(&self) -> [u8; 16] {
        *self.arrived.flow.id.as_bytes()
    }

    fn language(&self) -> Language {
        let hint = self.arrived.flow.request.hints.language.as_deref();
        self.reply().language_for(hint)
    }

    fn reply(&self) -> Reply<'a> {
        Reply::new(self.house, self.caller)
    }
}

/// What a page asks for.
struct Asking<'a> {
    way: FactorWay,
    prompt: FactorPrompt<'a>,
    challenge: &'a str,
    others: &'a [FactorChoice],
    notice: Option<FactorNotice>,
}

/// The ways beside the one that is shown; a certificate is one where it would do.
fn choices(kinds: &[FactorKind], shown: FactorKind, methods: &[Method]) -> Vec<FactorChoice> {
    let mut choices = others(kinds, shown);
    if certificate::is_among(methods) {
        choices.push(FactorChoice {
            way: FactorWay::Certificate,
        });
    }
    choices
}
