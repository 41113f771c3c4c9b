//! What is written to the audit, and when the audit refuses, nobody gets in.

use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use signet_authn::{AuthenticatedUser, Cause, ChangeFailure, Changed, GuardEvent, SignInFailure};
use signet_model::{AccountId, FactorKind, MessagePair, RelyingParty, RelyingPartyId, SessionId};
use signet_store::{AuditEvent, EventNumber, Outcome};
use time::{Duration, OffsetDateTime};

use super::{House, LiveSession};
use crate::web::caller::Caller;

impl House {
    /// Right credentials, or a factor added to them (1202); `note` says more about them.
    pub(super) fn sign_in_event(
        &self,
        caller: &Caller,
        party: Option<&RelyingParty>,
        user: &AuthenticatedUser,
        session: SessionId,
        note: Value,
    ) -> AuditEvent {
        let methods: Vec<_> = user
            .evidence()
            .performed()
            .map(|performed| performed.method)
            .collect();
        let mut details = circumstances(caller);
        merge(
            &mut details,
            json!({ "session": session.to_string(), "user": user.account().down_level_name(), "methods": methods }),
        );
        merge(&mut details, note);
        let event = self.event(
            caller,
            EventNumber::CREDENTIALS_SUCCESS,
            Outcome::Success,
            details,
        );
        AuditEvent {
            account: Some(user.account().id),
            relying_party: party.map(|party| party.id),
            ..event
        }
    }

    /// A wrong password, a braked try, an account that may not sign in (1203, 1210).
    pub(crate) async fn audit_sign_in_failure(
        &self,
        caller: &Caller,
        party: Option<&RelyingParty>,
        failure: &SignInFailure,
    ) -> Result<(), MessagePair> {
        let message = failure.message();
        let number = match failure {
            SignInFailure::Throttled { .. } | SignInFailure::Banned { .. } => {
                EventNumber::EXTRANET_LOCKOUT
            }
            _ => EventNumber::CREDENTIALS_FAILURE,
        };
        tracing::info!(code = message.code, detail = %message.private, "sign-in failed");
        // Tries that the guard counted are bounded by it; the others must not fill the disk either.
        let left_out = match failure {
            SignInFailure::WrongNameOrPassword { cause, .. } if *cause != Cause::NotAPassword => 0,
            SignInFailure::Throttled { .. }
            | SignInFailure::Banned { .. }
            | SignInFailure::Busy { .. }
            | SignInFailure::WrongNameOrPassword { .. }
            | SignInFailure::NameForm(_)
            | SignInFailure::NoPassword
            | SignInFailure::Directory(_)
            | SignInFailure::Interrupted => match self.uncounted_tries.admit(self.clock.now()) {
                Some(left_out) => left_out,
                None => return Ok(()),
            },
            _ => 0,
        };
        let mut details = circumstances(caller);
        merge(
            &mut details,
            json!({ "detail": message.private, "cause": cause(failure), "left_out_before": left_out }),
        );
        let event = self.event(caller, number, Outcome::Failure, details);
        self.write(AuditEvent {
            account: failure.account(),
            relying_party: party.map(|party| party.id),
            reason: Some(message.code.into()),
            ..event
        })
        .await
    }

    /// A second factor that was not right (1203).
    pub(crate) async fn audit_second_factor_failure(
        &self,
        caller: &Caller,
        party: Option<&RelyingParty>,
        session: &LiveSession,
        kind: FactorKind,
        message: &MessagePair,
    ) -> Result<(), MessagePair> {
        tracing::info!(code = message.code, detail = %message.private, "second factor refused");
        let mut details = circumstances(caller);
        merge(
            &mut details,
            json!({ "detail": message.private, "factor": kind, "session": session.public_id.to_string() }),
        );
        let event = self.event(
            caller,
            EventNumber::CREDENTIALS_FAILURE,
            Outcome::Failure,
            details,
        );
        self.write(AuditEvent {
            account: Some(session.user.account().id),
            relying_party: party.map(|party| party.id),
            reason: Some(message.code.into()),
            ..event
        })
        .await
    }

    /// A person changed what it takes to sign in as them (307).
    pub(crate) async fn audit_factors_changed(
        &self,
        caller: &Caller,
        account: AccountId,
        what: &str,
        kind: Option<FactorKind>,
    ) -> Result<(), MessagePair> {
        let mut details = circumstances(caller);
        merge(
            &mut details,
            json!({ "change": { "kind": "second-factor", "id": account.to_string(), "what": what, "factor": kind } }),
        );
        let event = self.event(
            caller,
            EventNumber::CONFIGURATION_CHANGED,
            Outcome::Success,
            details,
        );
        self.write(AuditEvent {
            account: Some(account),
            ..event
        })
        .await
    }

    /// A password was changed by its owner (1204).
    pub(crate) async fn audit_password_changed(
        &self,
        caller: &Caller,
        changed: &Changed,
        sessions_ended: u64,
    ) -> Result<(), MessagePair> {
        let mut details = circumstances(caller);
        merge(
            &mut details,
            json!({ "directory": &*changed.directory, "sessions_ended": sessions_ended }),
        );
        let event = self.event(
            caller,
            EventNumber::PASSWORD_CHANGE_SUCCESS,
            Outcome::Success,
            details,
        );
        self.write(AuditEvent {
            account: Some(changed.account),
            ..event
        })
        .await
    }

    /// A password was not changed (1205, 1210).
    pub(crate) async fn audit_password_refused(
        &self,
        caller: &Caller,
        failure: &ChangeFailure,
    ) -> Result<(), MessagePair> {
        let message = failure.message();
        tracing::info!(code = message.code, detail = %message.private, "password not changed");
        // Only what an account is behind is bounded by the guard.
        let left_out = match failure.account() {
            Some(_) => 0,
            None => match self.uncounted_tries.admit(self.clock.now()) {
                Some(left_out) => left_out,
                None => return Ok(()),
            },
        };
        let number = match failure {
            ChangeFailure::SignIn(
                SignInFailure::Throttled { .. } | SignInFailure::Banned { .. },
            ) => EventNumber::EXTRANET_LOCKOUT,
            _ => EventNumber::PASSWORD_CHANGE_FAILURE,
        };
        let mut details = circumstances(caller);
        merge(
            &mut details,
            json!({ "detail": message.private, "left_out_before": left_out }),
        );
        let event = self.event(caller, number, Outcome::Failure, details);
        self.write(AuditEvent {
            account: failure.account(),
            reason: Some(message.code.into()),
            ..event
        })
        .await
    }

    /// What the guard noticed beside the tries themselves: a spray (1203), a refusal that log-only mode held back (1210).
    pub(crate) async fn audit_guard_event(&self, event: &GuardEvent) -> Result<(), MessagePair> {
        let (number, account) = match event {
            GuardEvent::WouldRefuse { account, .. } => {
                (EventNumber::EXTRANET_LOCKOUT, Some(*account))
            }
            _ => (EventNumber::CREDENTIALS_FAILURE, None),
        };
        tracing::warn!(code = event.code(), ?event, "guessing");
        self.write(AuditEvent {
            event: number,
            at: self.clock.now(),
            activity: event.activity(),
            account,
            relying_party: None,
            outcome: Outcome::Failure,
            reason: Some(event.code().into()),
            token_id: None,
            details: json!({ "detail": format!("{event:?}") }),
        })
        .await
    }

    /// A message of a relying party that was refused: `event` is 1201 or, about signing out, 1207.
    pub(crate) async fn audit_request_failure(
        &self,
        caller: &Caller,
        event: EventNumber,
        party: Option<RelyingPartyId>,
        message: &MessagePair,
    ) -> Result<(), MessagePair> {
        let Some(left_out) = self.strangers.admit(self.clock.now()) else {
            return Ok(());
        };
        let mut details = circumstances(caller);
        merge(
            &mut details,
            json!({ "detail": message.private, "left_out_before": left_out }),
        );
        let event = self.event(caller, event, Outcome::Failure, details);
        self.write(AuditEvent {
            relying_party: party,
            reason: Some(message.code.into()),
            ..event
        })
        .await
    }

    /// A person who is signed in and gets no token (1201).
    pub(crate) async fn audit_token_failure(
        &self,
        caller: &Caller,
        party: &RelyingParty,
        session: &LiveSession,
        message: &MessagePair,
    ) -> Result<(), MessagePair> {
        let mut details = circumstances(caller);
        merge(
            &mut details,
            json!({ "detail": message.private, "session": session.public_id.to_string() }),
        );
        let event = self.event(
            caller,
            EventNumber::APP_TOKEN_FAILURE,
            Outcome::Failure,
            details,
        );
        let account = Some(session.user.account().id);
        self.write(AuditEvent {
            account,
            relying_party: Some(party.id),
            reason: Some(message.code.into()),
            ..event
        })
        .await
    }

    /// A session ended (1206).
    pub(crate) async fn audit_sign_out(
        &self,
        caller: &Caller,
        account: AccountId,
        session: &str,
        why: &str,
    ) -> Result<(), MessagePair> {
        let mut details = circumstances(caller);
        merge(&mut details, json!({ "session": session, "why": why }));
        let event = self.event(
            caller,
            EventNumber::SIGN_OUT_SUCCESS,
            Outcome::Success,
            details,
        );
        self.write(AuditEvent {
            account: Some(account),
            ..event
        })
        .await
    }

    /// A person ended sessions of their own from another one (1206).
    pub(crate) async fn audit_own_sessions_ended(
        &self,
        caller: &Caller,
        own: &LiveSession,
        why: &str,
        sessions: &[SessionId],
        count: u64,
    ) -> Result<(), MessagePair> {
        let ids: Vec<_> = sessions.iter().map(SessionId::to_string).collect();
        let mut details = circumstances(caller);
        let by = own.public_id.to_string();
        let ended = json!({ "sessions": ids, "count": count, "why": why, "by_session": by });
        merge(&mut details, ended);
        let event = self.event(
            caller,
            EventNumber::SIGN_OUT_SUCCESS,
            Outcome::Success,
            details,
        );
        self.write(AuditEvent {
            account: Some(own.user.account().id),
            ..event
        })
        .await
    }

    pub(super) fn event(
        &self,
        caller: &Caller,
        event: EventNumber,
        outcome: Outcome,
        details: Value,
    ) -> AuditEvent {
        AuditEvent {
            event,
            at: self.clock.now(),
            activity: caller.context.activity,
            account: None,
            relying_party: None,
            outcome,
            reason: None,
            token_id: None,
            details,
        }
    }

    pub(super) async fn write(&self, event: AuditEvent) -> Result<(), MessagePair> {
        self.store
            .record(&event)
            .await
            .map(drop)
            .map_err(|error| error.message())
    }
}

/// How many rows a window has for requests of people who proved nothing.
const STRANGERS: u32 = 200;
/// The window.
const WINDOW: Duration = Duration::seconds(10);
/// The most of them in an hour: some 20 MB.
const STRANGERS_AN_HOUR: u32 = 20_000;
const HOUR: Duration = Duration::hours(1);

/// Keeps anonymous requests from filling the disk with audit rows (DOS-09): beyond the bound they are logged only, and the
/// next row says how many were left out.
#[derive(Default)]
pub(super) struct Strangers(Mutex<Bounds>);

#[derive(Default)]
struct Bounds {
    short: Window,
    long: Window,
    left_out: u32,
}

#[derive(Default)]
struct Window {
    began: Option<OffsetDateTime>,
    rows: u32,
}

impl Window {
    fn has_room(&mut self, length: Duration, most: u32, now: OffsetDateTime) -> bool {
        if self
            .began
            .is_none_or(|began| now - began >= length || now < began)
        {
            self.began = Some(now);
            self.rows = 0;
        }
        self.rows < most
    }
}

impl Strangers {
    /// How many were left out since the last row; `None` when this one is left out too.
    pub(super) fn admit(&self, now: OffsetDateTime) -> Option<u32> {
        let mut bounds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let short = bounds.short.has_room(WINDOW, STRANGERS, now);
        let long = bounds.long.has_room(HOUR, STRANGERS_AN_HOUR, now);
        if !short || !long {
            bounds.left_out = bounds.left_out.saturating_add(1);
            return None;
        }
        bounds.short.rows += 1;
        bounds.long.rows += 1;
        Some(std::mem::take(&mut bounds.left_out))
    }
}

/// From where and by what, as AD FS's `ContextComponents` name it.
pub(super) fn circumstances(caller: &Caller) -> Value {
    let context = &caller.context;
    json!({
        "IpAddress": context.client_ip.to_string(),
        "ForwardedIpAddress": context.forwarded_for,
        "ProxyServer": context.proxy,
        "NetworkLocation": context.location,
        "UserAgentString": context.user_agent,
        "Endpoint": context.endpoint_path,
        "ClientRequestId": context.client_request_id,
    })
}

/// Adds the fields of `more` to `details`, both objects.
pub(super) fn merge(details: &mut Value, more: Value) {
    if let (Value::Object(details), Value::Object(more)) = (details, more) {
        details.extend(more);
    }
}

fn cause(failure: &SignInFailure) -> &'static str {
    match failure {
        SignInFailure::WrongNameOrPassword { cause, .. } => match cause {
            Cause::UnknownName { .. } => "unknown-name",
            Cause::ForeignDomain { .. } => "foreign-domain",
            Cause::AmbiguousName(_) => "ambiguous-name",
            Cause::NotAPerson => "not-a-person",
            Cause::WrongPassword => "wrong-password",
            Cause::NotAPassword => "not-a-password",
            Cause::LockedOut => "locked-out",
            _ => "other",
        },
        SignInFailure::Throttled { .. } => "throttled",
        SignInFailure::AccountDisabled(_) => "account-disabled",
        SignInFailure::AccountExpired(_) => "account-expired",
        SignInFailure::PasswordExpired(_) => "password-expired",
        SignInFailure::MustChangePassword(_) => "must-change-password",
        SignInFailure::LogonHours(_) => "logon-hours",
        SignInFailure::Workstation(_) => "workstation",
        SignInFailure::Directory(_) => "directory",
        _ => "input",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn sec_dos_09_strangers_cannot_fill_the_audit() {
        let strangers = Strangers::default();
        let now = datetime!(2026-11-21 12:00 UTC);
        let written = (0..1000).filter(|_| strangers.admit(now).is_some()).count();
        assert_eq!(written, 200);
        assert_eq!(
            strangers.admit(now + Duration::seconds(11)),
            Some(800),
            "the next row says how many are missing"
        );
        assert_eq!(strangers.admit(now + Duration::seconds(12)), Some(0));
    }
}
