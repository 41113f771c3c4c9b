//! What is written to the audit, and when the audit refuses, nobody gets in.

use serde_json::{Value, json};
use signet_authn::{Cause, SignInFailure};
use signet_model::{AccountId, MessagePair, RelyingParty};
use signet_store::{AuditEvent, EventNumber, Outcome};

use super::{House, LiveSession};
use crate::web::caller::Caller;

impl House {
    /// A right password (1202).
    pub(crate) async fn audit_sign_in(
        &self,
        caller: &Caller,
        party: &RelyingParty,
        session: &LiveSession,
    ) -> Result<(), MessagePair> {
        let user = &session.user;
        let methods: Vec<_> = user
            .evidence()
            .performed()
            .map(|performed| performed.method)
            .collect();
        let mut details = circumstances(caller);
        merge(
            &mut details,
            json!({ "session": session.public_id.to_string(), "user": user.account().down_level_name(), "methods": methods }),
        );
        let event = self.event(
            caller,
            EventNumber::CREDENTIALS_SUCCESS,
            Outcome::Success,
            details,
        );
        self.write(AuditEvent {
            account: Some(user.account().id),
            relying_party: Some(party.id),
            ..event
        })
        .await
    }

    /// A wrong password, a braked try, an account that may not sign in (1203, 1210).
    pub(crate) async fn audit_sign_in_failure(
        &self,
        caller: &Caller,
        party: &RelyingParty,
        failure: &SignInFailure,
    ) -> Result<(), MessagePair> {
        let message = failure.message();
        let number = match failure {
            SignInFailure::Throttled { .. } => EventNumber::EXTRANET_LOCKOUT,
            _ => EventNumber::CREDENTIALS_FAILURE,
        };
        tracing::info!(code = message.code, detail = %message.private, "sign-in failed");
        let mut details = circumstances(caller);
        merge(
            &mut details,
            json!({ "detail": message.private, "cause": cause(failure) }),
        );
        let event = self.event(caller, number, Outcome::Failure, details);
        self.write(AuditEvent {
            account: failure.account(),
            relying_party: Some(party.id),
            reason: Some(message.code.into()),
            ..event
        })
        .await
    }

    /// A message of a relying party that was refused (1201).
    pub(crate) async fn audit_request_failure(
        &self,
        caller: &Caller,
        message: &MessagePair,
    ) -> Result<(), MessagePair> {
        let mut details = circumstances(caller);
        merge(&mut details, json!({ "detail": message.private }));
        let event = self.event(
            caller,
            EventNumber::APP_TOKEN_FAILURE,
            Outcome::Failure,
            details,
        );
        self.write(AuditEvent {
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

    async fn write(&self, event: AuditEvent) -> Result<(), MessagePair> {
        self.store
            .record(&event)
            .await
            .map(drop)
            .map_err(|error| error.message())
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
