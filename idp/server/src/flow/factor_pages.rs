//! What pages of second factors have in common, in a sign-in and on the person's own page.

use axum::response::Response;
use http::StatusCode;
use signet_authn::factors::{
    EnrolmentAsked, EnrolmentPrompt, FactorFailure, Prompt, RecentSecondFactor,
};
use signet_model::FactorKind;
use signet_pages::{
    FactorChoice, FactorNotice, FactorPrompt, FactorWay, Language, PasskeyEnrolmentPage,
    TotpEnrolmentPage,
};

use super::credentials::minutes;
use super::reply::Reply;
use crate::house::{House, LiveSession};

/// The page on which a factor is set up, in a sign-in or on the person's own page.
pub(super) struct Setting<'a> {
    pub(super) house: &'a House,
    pub(super) language: Language,
    pub(super) relying_party: Option<&'a str>,
    pub(super) action: &'a str,
    pub(super) flow: &'a str,
    pub(super) others: &'a [FactorChoice],
}

impl Setting<'_> {
    pub(super) fn page(
        &self,
        reply: &Reply<'_>,
        asked: &EnrolmentAsked,
        notice: Option<FactorNotice>,
    ) -> Response {
        let brand = &self.house.brand;
        match &asked.prompt {
            EnrolmentPrompt::Totp { secret, uri } => reply.html(
                StatusCode::OK,
                &TotpEnrolmentPage {
                    brand,
                    language: self.language,
                    relying_party: self.relying_party,
                    action: self.action,
                    flow: self.flow,
                    challenge: &asked.ticket,
                    secret,
                    uri,
                    others: self.others,
                    notice,
                },
            ),
            EnrolmentPrompt::WebAuthn { options } => reply.html(
                StatusCode::OK,
                &PasskeyEnrolmentPage {
                    brand,
                    language: self.language,
                    relying_party: self.relying_party,
                    action: self.action,
                    flow: self.flow,
                    challenge: &asked.ticket,
                    options,
                    others: self.others,
                    notice,
                },
            ),
            _ => reply.status(StatusCode::NOT_IMPLEMENTED),
        }
    }
}

/// The second factor of the session's evidence, for the rule on setting up more.
pub(super) fn recent(session: &LiveSession) -> Option<RecentSecondFactor> {
    let first = session.user.evidence().primary().method;
    RecentSecondFactor::in_evidence(&session.user, |method| method.adds_to(first))
}

pub(super) fn others(kinds: &[FactorKind], shown: FactorKind) -> Vec<FactorChoice> {
    let others = kinds.iter().filter(|kind| **kind != shown);
    others
        .map(|kind| FactorChoice { way: way(*kind) })
        .collect()
}

pub(super) fn way(kind: FactorKind) -> FactorWay {
    match kind {
        FactorKind::Totp => FactorWay::Totp,
        FactorKind::Passkey => FactorWay::Passkey,
        FactorKind::RecoveryCode => FactorWay::RecoveryCode,
        FactorKind::Radius => FactorWay::Radius,
    }
}

pub(super) fn prompt(prompt: &Prompt) -> FactorPrompt<'_> {
    match prompt {
        Prompt::Code { digits, text, echo } => FactorPrompt::Code {
            numeric: digits.is_some(),
            echo: *echo,
            text: text.as_deref(),
        },
        Prompt::WebAuthn { options } => FactorPrompt::Passkey { options },
        Prompt::Waiting { text } => FactorPrompt::Waiting { text },
        _ => FactorPrompt::Code {
            numeric: false,
            echo: false,
            text: None,
        },
    }
}

/// What the page says after a failure; `None` when no page of a factor can help.
pub(super) fn notice_of(failure: &FactorFailure) -> Option<FactorNotice> {
    Some(match failure {
        FactorFailure::Wrong { .. } => FactorNotice::Wrong,
        FactorFailure::UsedBefore { .. } => FactorNotice::Used,
        FactorFailure::Throttled { retry_after } => FactorNotice::TooManyTries {
            minutes: minutes(*retry_after),
        },
        FactorFailure::CeremonyGone | FactorFailure::NotHeld { .. } => FactorNotice::Expired,
        FactorFailure::PossiblyCopied { .. } => FactorNotice::PossiblyCopied,
        FactorFailure::Radius(_) => FactorNotice::Unavailable,
        _ => return None,
    })
}

pub(super) fn status(notice: Option<FactorNotice>) -> StatusCode {
    match notice {
        Some(FactorNotice::TooManyTries { .. }) => StatusCode::TOO_MANY_REQUESTS,
        Some(FactorNotice::Unavailable) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    }
}
