//! An interrupted sign-in: sealed values that the browser carries, so that any node can go on with it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use signet_certs::Sealer;
use signet_model::{AccountId, Culprit, MessagePair, SignInRequest};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// How long a form may stay open before credentials are typed.
const FORM: Duration = Duration::minutes(60);
/// How long a page may stay open once the first factor is known.
const SECOND: Duration = Duration::minutes(10);
/// How long a request that came by POST may take to come back by GET.
const PARKED: Duration = Duration::minutes(60);

/// A checked request on its way through the pages.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Flow {
    pub(crate) request: SignInRequest,
    /// For a signed request: what must not be used twice.
    pub(crate) replay: Option<Replay>,
    /// What tells this sign-in from all others: ceremonies of second factors are bound to it.
    pub(crate) id: Uuid,
    /// Whose second factor is asked for, once the first is known (PWD-13).
    pub(crate) account: Option<AccountId>,
    /// Milliseconds since 1970.
    sealed_at: i64,
}

/// The record of a signed request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Replay {
    /// Relying party and message id in one text.
    pub(crate) key: String,
    /// Seconds since 1970.
    pub(crate) expires: i64,
}

/// Where a sealed flow may be opened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stage<'a> {
    /// In a sign-in form shown to the browser with this cookie.
    Form { browser: &'a str },
    /// In a page that asks the browser with this cookie for a second factor.
    Second { browser: &'a str },
    /// In a URL of ours, after a POST from another site: worth no more than a link.
    Parked,
    /// In the URL that leads to the certificate host: it says nothing of who is there.
    Certificate,
    /// In the URL that leads back from there, in the browser with this cookie.
    Passed { browser: &'a str },
}

/// Why a sealed flow was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotOpened {
    /// Sealed by us, but too long ago.
    Expired,
    /// Not sealed by us, or for another stage or browser.
    Foreign,
}

impl NotOpened {
    /// What the person reads when nothing else can be shown.
    pub(crate) fn message(self) -> MessagePair {
        MessagePair {
            code: "SIG-FLOW-EXPIRED",
            culprit: Culprit::User,
            public: "This sign-in page is no longer valid.",
            hint: "Go back to the application and sign in from there.",
            private: format!("sealed flow not opened: {self:?}"),
        }
    }
}

impl Flow {
    pub(crate) fn new(request: SignInRequest, replay: Option<Replay>) -> Self {
        Self {
            request,
            replay,
            id: Uuid::new_v4(),
            account: None,
            sealed_at: 0,
        }
    }

    /// Seals the flow for `stage`; `None` when it is too large to travel.
    pub(crate) fn seal(
        &self,
        sealer: &Sealer,
        stage: Stage<'_>,
        now: OffsetDateTime,
    ) -> Option<String> {
        let stamped = Self {
            sealed_at: milliseconds(now),
            ..self.clone()
        };
        let plain = serde_json::to_vec(&stamped).ok()?;
        sealer.seal(&plain, &stage.label()).ok()
    }

    /// Opens what [`Flow::seal`] made for the same stage.
    pub(crate) fn open(
        sealed: &str,
        sealer: &Sealer,
        stage: Stage<'_>,
        now: OffsetDateTime,
    ) -> Result<Self, NotOpened> {
        let plain = sealer
            .open(sealed, &stage.label())
            .map_err(|_| NotOpened::Foreign)?;
        let flow: Self = serde_json::from_slice(&plain).map_err(|_| NotOpened::Foreign)?;
        let age = milliseconds(now).saturating_sub(flow.sealed_at);
        if age < -60_000 || i128::from(age) > stage.longest().whole_milliseconds() {
            return Err(NotOpened::Expired);
        }
        Ok(flow)
    }
}

impl Stage<'_> {
    fn label(self) -> Vec<u8> {
        match self {
            Self::Form { browser } => [b"form\0", browser.as_bytes()].concat(),
            Self::Second { browser } => [b"second\0", browser.as_bytes()].concat(),
            Self::Parked => b"parked".to_vec(),
            Self::Certificate => b"certificate".to_vec(),
            Self::Passed { browser } => [b"passed\0", browser.as_bytes()].concat(),
        }
    }

    fn longest(self) -> Duration {
        match self {
            Self::Form { .. } | Self::Certificate | Self::Passed { .. } => FORM,
            Self::Second { .. } => SECOND,
            Self::Parked => PARKED,
        }
    }
}

/// A value beside a flow, with the time at which it was sealed.
#[derive(Serialize, Deserialize)]
struct Stamped<T> {
    at: i64,
    value: T,
}

/// Seals `value` for `stage`; `None` when it is too large to travel.
pub(super) fn seal_for<T: Serialize>(
    value: &T,
    sealer: &Sealer,
    stage: Stage<'_>,
    now: OffsetDateTime,
) -> Option<String> {
    let at = milliseconds(now);
    let plain = serde_json::to_vec(&Stamped { at, value }).ok()?;
    sealer.seal(&plain, &stage.label()).ok()
}

/// Opens what [`seal_for`] made for the same stage.
pub(super) fn open_for<T: DeserializeOwned>(
    sealed: &str,
    sealer: &Sealer,
    stage: Stage<'_>,
    now: OffsetDateTime,
) -> Result<T, NotOpened> {
    let plain = sealer
        .open(sealed, &stage.label())
        .map_err(|_| NotOpened::Foreign)?;
    let stamped: Stamped<T> = serde_json::from_slice(&plain).map_err(|_| NotOpened::Foreign)?;
    let age = milliseconds(now).saturating_sub(stamped.at);
    if age < -60_000 || i128::from(age) > stage.longest().whole_milliseconds() {
        return Err(NotOpened::Expired);
    }
    Ok(stamped.value)
}

fn milliseconds(instant: OffsetDateTime) -> i64 {
    i64::try_from(instant.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use signet_certs::MasterKey;
    use signet_model::request::{Hints, NameIdPolicy, RequestedAuthentication};
    use signet_model::{Protocol, RelyingPartyId, ReplyTo};
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

    fn flow() -> Flow {
        let request = SignInRequest {
            protocol: Protocol::Saml2,
            relying_party: RelyingPartyId::random(),
            audience: "urn:x".into(),
            reply_to: ReplyTo::registered("https://rp.example/acs"),
            token_type: signet_model::relying_party::TokenType::Saml20,
            in_response_to: Some("_1".into()),
            authentication: RequestedAuthentication {
                max_age: Some(Duration::ZERO),
                ..Default::default()
            },
            name_id_policy: Some(NameIdPolicy::default()),
            hints: Hints::default(),
            state: Some("state \u{2028} \"<>".into()),
            received_at: NOW,
        };
        Flow::new(request, None)
    }

    #[test]
    fn sec_ses_05_a_flow_opens_only_where_it_was_sealed_for() {
        let sealer = MasterKey::generate().unwrap().sealer("flow").unwrap();
        let form = Stage::Form { browser: "one" };
        let sealed = flow().seal(&sealer, form, NOW).unwrap();
        let opened = Flow::open(&sealed, &sealer, form, NOW + Duration::minutes(59)).unwrap();
        assert_eq!(opened.request.state.as_deref(), Some("state \u{2028} \"<>"));
        assert_eq!(opened.request.authentication.max_age, Some(Duration::ZERO));
        let open = |text: &str, stage, now| Flow::open(text, &sealer, stage, now).unwrap_err();
        assert_eq!(
            open(&sealed, Stage::Form { browser: "two" }, NOW),
            NotOpened::Foreign
        );
        assert_eq!(open(&sealed, Stage::Parked, NOW), NotOpened::Foreign);
        assert_eq!(
            open(&sealed, form, NOW + Duration::minutes(61)),
            NotOpened::Expired
        );
        assert_eq!(
            open(&sealed, form, NOW - Duration::minutes(5)),
            NotOpened::Expired
        );
        let mut flipped = sealed.clone().into_bytes();
        let last = flipped.len() - 3;
        flipped[last] = if flipped[last] == b'A' { b'B' } else { b'A' };
        assert_eq!(
            open(std::str::from_utf8(&flipped).unwrap(), form, NOW),
            NotOpened::Foreign
        );
        assert_eq!(open(&sealed[..20], form, NOW), NotOpened::Foreign);
        let other = MasterKey::generate().unwrap().sealer("flow").unwrap();
        assert_eq!(
            Flow::open(&sealed, &other, form, NOW).unwrap_err(),
            NotOpened::Foreign
        );
    }
}
