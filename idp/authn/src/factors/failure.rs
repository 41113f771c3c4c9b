//! Why a second factor did not do.

use signet_certs::CertError;
use signet_model::{Culprit, FactorId, FactorKind, MessagePair};
use thiserror::Error;
use time::Duration;

use crate::factors::permit::EnrolmentRefused;
use crate::factors::radius::RadiusError;
use crate::factors::vault::VaultError;

/// A second factor that was not performed or not enrolled.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FactorFailure {
    /// The code, or the passkey's answer, is wrong. It was counted, if guesses of this kind are.
    #[error("wrong answer for {kind}: {detail}")]
    Wrong {
        /// Of what.
        kind: FactorKind,
        /// For log and audit, never the answer itself.
        detail: String,
    },
    /// The code was right, but used before. It was counted.
    #[error("a code of {id} was used before")]
    UsedBefore {
        /// Which factor.
        id: FactorId,
    },
    /// Too many wrong codes; nothing was checked.
    #[error("too many wrong codes, free in {retry_after}")]
    Throttled {
        /// When to try again, from now.
        retry_after: Duration,
    },
    /// The person has no such factor, or the service does not offer it.
    #[error("{kind} is not a factor of this person")]
    NotHeld {
        /// Of what kind.
        kind: FactorKind,
    },
    /// The ceremony is over, was used, or belongs to another sign-in (PWD-13).
    #[error("the ceremony was finished before, has expired, or is another sign-in's")]
    CeremonyGone,
    /// The signature counter of a passkey went back: there may be a copy of it.
    #[error("the signature counter of {id} did not move forward: the key may have been copied")]
    PossiblyCopied {
        /// Which factor.
        id: FactorId,
    },
    /// The passkey is enrolled already.
    #[error("the passkey is enrolled already")]
    EnrolledBefore,
    /// The account has as many factors as one may have.
    #[error("the account has too many factors")]
    TooManyFactors,
    /// Another factor was enrolled first, with a permit for the first only.
    #[error("another factor was enrolled meanwhile")]
    NoLongerTheFirst,
    /// Enrolment is not permitted.
    #[error(transparent)]
    Enrolment(#[from] EnrolmentRefused),
    /// The RADIUS servers gave no verdict. Silence was counted as a try, beside other factors'.
    #[error(transparent)]
    Radius(#[from] RadiusError),
    /// The store gave no answer; nothing was accepted.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The counters cannot be reached; nothing was checked.
    #[error("tries cannot be counted: {detail}")]
    NotCounted {
        /// For the log.
        detail: String,
    },
    /// A factor's secret does not open: another master key sealed it, or somebody changed it.
    #[error("the secret of factor {id} cannot be opened")]
    UnreadableFactor {
        /// Which.
        id: FactorId,
    },
    /// Sealing failed.
    #[error("sealing failed: {0}")]
    Seal(CertError),
    /// Something of ours failed.
    #[error("{detail}")]
    Internal {
        /// What.
        detail: String,
    },
}

impl FactorFailure {
    /// Whether the answer was wrong, so that the prompt is shown again with a notice.
    pub fn is_wrong_answer(&self) -> bool {
        matches!(self, Self::Wrong { .. } | Self::UsedBefore { .. })
    }

    /// The two faces of this error.
    pub fn message(&self) -> MessagePair {
        let (code, culprit, public, hint) = match self {
            Self::Enrolment(refused) => return refused.message(),
            Self::Radius(error) => return error.message(),
            Self::Vault(error) => return error.0.clone(),
            Self::Wrong { .. } => (
                "SIG-FACTOR-WRONG",
                Culprit::User,
                "That was not right.",
                "Try again, or choose another way to confirm.",
            ),
            Self::UsedBefore { .. } => (
                "SIG-FACTOR-USED",
                Culprit::User,
                "This code was used already.",
                "Wait for the next code, then type that one.",
            ),
            Self::Throttled { .. } => (
                "SIG-FACTOR-THROTTLED",
                Culprit::User,
                "There were too many wrong codes.",
                "Wait a quarter of an hour before you try again, use a passkey, or ask your help desk.",
            ),
            Self::NotHeld { .. } => (
                "SIG-FACTOR-NOT-HELD",
                Culprit::User,
                "This way to confirm is not set up for you.",
                "Choose another one, or ask your help desk.",
            ),
            Self::CeremonyGone => (
                "SIG-FACTOR-EXPIRED",
                Culprit::User,
                "This page was open for too long, or was used already.",
                "Start again from the application.",
            ),
            Self::PossiblyCopied { .. } => (
                "SIG-FACTOR-COPIED",
                Culprit::User,
                "This security key cannot be trusted any more: there may be a copy of it.",
                "Use another way to confirm and tell your help desk.",
            ),
            Self::EnrolledBefore => (
                "SIG-FACTOR-ENROLLED",
                Culprit::User,
                "This passkey is set up already.",
                "Use it to sign in, or set up another one.",
            ),
            Self::TooManyFactors => (
                "SIG-FACTOR-TOO-MANY",
                Culprit::User,
                "You have as many ways to confirm as one person may have.",
                "Remove one that you no longer use.",
            ),
            Self::NoLongerTheFirst => (
                "SIG-FACTOR-NOT-FIRST",
                Culprit::User,
                "Another way to confirm was set up meanwhile.",
                "Confirm with that one first. If it was not you, tell your help desk at once.",
            ),
            Self::UnreadableFactor { .. } => (
                "SIG-FACTOR-UNREADABLE",
                Culprit::Operator,
                "Your second factor cannot be checked.",
                "Use another way to confirm, or ask your help desk.",
            ),
            Self::NotCounted { .. } => (
                "SIG-FACTOR-UNCOUNTED",
                Culprit::Operator,
                "Signing in is not possible right now.",
                "Try again in a few minutes.",
            ),
            Self::Seal(_) | Self::Internal { .. } => (
                "SIG-FACTOR-INTERNAL",
                Culprit::Us,
                "Something went wrong with your second factor.",
                "Try again.",
            ),
        };
        MessagePair {
            code,
            culprit,
            public,
            hint,
            private: self.to_string(),
        }
    }
}
