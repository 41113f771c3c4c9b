//! One event of the audit.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;
use signet_model::{AccountId, ActivityId, RelyingPartyId};
use time::OffsetDateTime;

use crate::audit::text::{plain, render};
use crate::instant::millis;

/// The number of an event, as AD FS numbers them in the Windows event log.
///
/// Source: "AD FS Auditing" events, published reference of the security audit events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventNumber(pub u16);

impl EventNumber {
    /// The configuration was changed; before and after are in the details.
    pub const CONFIGURATION_CHANGED: Self = Self(307);
    /// An application got a token.
    pub const APP_TOKEN_SUCCESS: Self = Self(1200);
    /// An application got no token.
    pub const APP_TOKEN_FAILURE: Self = Self(1201);
    /// Fresh credentials were right.
    pub const CREDENTIALS_SUCCESS: Self = Self(1202);
    /// Fresh credentials were wrong.
    pub const CREDENTIALS_FAILURE: Self = Self(1203);
    /// A password was changed.
    pub const PASSWORD_CHANGE_SUCCESS: Self = Self(1204);
    /// A password could not be changed.
    pub const PASSWORD_CHANGE_FAILURE: Self = Self(1205);
    /// Somebody signed out.
    pub const SIGN_OUT_SUCCESS: Self = Self(1206);
    /// Somebody could not sign out.
    pub const SIGN_OUT_FAILURE: Self = Self(1207);
    /// The guard against guessing refused a try.
    pub const EXTRANET_LOCKOUT: Self = Self(1210);
    /// Something that an operator should look at, whoever signs in: a clock, a controller's certificate. AD FS has no such number.
    pub const ALARM: Self = Self(1290);
}

impl fmt::Display for EventNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// As asked for.
    Success,
    /// Refused or failed.
    Failure,
}

impl Outcome {
    /// The word in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

/// One event. Never put a password, assertion, ticket, cookie or request body into it.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEvent {
    /// AD FS's number.
    pub event: EventNumber,
    /// When.
    pub at: OffsetDateTime,
    /// The correlation id of the request.
    pub activity: ActivityId,
    /// Whose account, when known.
    pub account: Option<AccountId>,
    /// For which relying party, when any.
    pub relying_party: Option<RelyingPartyId>,
    /// How it ended.
    pub outcome: Outcome,
    /// The stable code of the reason (`SIG-…`), when it failed.
    pub reason: Option<Cow<'static, str>>,
    /// Id of the issued token, when one was.
    pub token_id: Option<String>,
    /// The rest, as JSON: at most 16 KiB; longer texts in it are cut.
    pub details: Value,
}

/// An event as it is written: every value a text or number, so that what is hashed is what is stored.
#[derive(Clone, Debug)]
pub(crate) struct PreparedEvent {
    pub(crate) at: i64,
    pub(crate) event: i64,
    pub(crate) activity: String,
    pub(crate) account: Option<String>,
    pub(crate) relying_party: Option<String>,
    pub(crate) outcome: &'static str,
    pub(crate) reason: Option<String>,
    pub(crate) token_id: Option<String>,
    pub(crate) details: String,
}

impl PreparedEvent {
    pub(crate) const ORDINARY: usize = 16 * 1024;
    /// Changes of the configuration are kept whole: certificates and rules are long.
    pub(crate) const CONFIGURATION: usize = 1024 * 1024;

    pub(crate) fn new(event: &AuditEvent, largest: usize) -> Self {
        Self {
            at: millis(event.at),
            event: i64::from(event.event.0),
            activity: event.activity.to_string(),
            account: event.account.map(|account| account.to_string()),
            relying_party: event.relying_party.map(|party| party.to_string()),
            outcome: event.outcome.as_str(),
            reason: event.reason.as_deref().map(plain),
            token_id: event.token_id.as_deref().map(plain),
            details: render(&event.details, largest),
        }
    }
}
