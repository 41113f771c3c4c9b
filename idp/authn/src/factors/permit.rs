//! Who may enrol a factor: whoever could sign in with what the account has already, and did so just now.
//!
//! A stolen session, or a stolen password alone, must not add a factor of the thief's to an account that is protected.

use signet_model::{AccountId, Culprit, MessagePair, Method, NetworkLocation};
use thiserror::Error;
use time::{Duration, OffsetDateTime};

use crate::factors::proof::SecondFactorProof;
use crate::factors::room::Offers;
use crate::user::AuthenticatedUser;

/// When enrolment is permitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolmentRule {
    /// How old the first and the second factor may be.
    pub fresh_for: Duration,
    /// Whether the first factor may be enrolled from inside.
    pub first_inside: bool,
    /// The same from outside, where a stolen password may be all that somebody has.
    pub first_outside: bool,
}

impl Default for EnrolmentRule {
    fn default() -> Self {
        Self {
            fresh_for: Duration::minutes(10),
            first_inside: true,
            first_outside: false,
        }
    }
}

/// A second factor performed lately: from the proof of this request, or from the sealed evidence of the session.
#[derive(Clone, Copy, Debug)]
pub struct RecentSecondFactor {
    account: AccountId,
    at: OffsetDateTime,
}

impl RecentSecondFactor {
    /// Just now.
    pub fn proved(proof: &SecondFactorProof) -> Self {
        Self {
            account: proof.account(),
            at: proof.at(),
        }
    }

    /// The latest in the evidence of `user`; `is_second` says which methods are second factors.
    pub fn in_evidence(
        user: &AuthenticatedUser,
        is_second: impl Fn(Method) -> bool,
    ) -> Option<Self> {
        let primary = user.evidence().primary().method;
        let at = user
            .evidence()
            .performed()
            // A ticket comes by itself, beside whatever it comes.
            .filter(|performed| performed.method != Method::Kerberos)
            .filter(|performed| performed.method != primary && is_second(performed.method))
            .map(|performed| performed.at)
            .max()?;
        Some(Self {
            account: user.account().id,
            at,
        })
    }

    /// When it was performed.
    pub fn at(&self) -> OffsetDateTime {
        self.at
    }
}

/// The permission to enrol or remove factors of one account, for this request. Nothing is enrolled without one.
#[derive(Debug)]
pub struct EnrolmentPermit {
    account: AccountId,
    first: bool,
}

impl EnrolmentPermit {
    /// Decides for `user`, who has `offers`, in the middle of a sign-in or at the own page alike.
    ///
    /// # Errors
    /// [`EnrolmentRefused`]: which proof is missing.
    pub fn decide(
        rule: &EnrolmentRule,
        user: &AuthenticatedUser,
        offers: &Offers,
        second: Option<RecentSecondFactor>,
        location: NetworkLocation,
        now: OffsetDateTime,
    ) -> Result<Self, EnrolmentRefused> {
        let account = user.account().id;
        if offers.account() != account {
            return Err(EnrolmentRefused::AnotherAccount);
        }
        let is_fresh = |at: OffsetDateTime| at <= now && now - at <= rule.fresh_for;
        if !is_fresh(user.evidence().authentication_instant()) {
            return Err(EnrolmentRefused::FirstFactorTooOld);
        }
        let first = !offers.any();
        let proved = second.is_some_and(|second| second.account == account && is_fresh(second.at));
        if !first && !proved {
            return Err(EnrolmentRefused::SecondFactorNeeded);
        }
        let allowed = match location {
            NetworkLocation::Inside => rule.first_inside,
            NetworkLocation::Outside => rule.first_outside,
        };
        if first && !proved {
            // A ticket comes by itself from a desktop that nobody locked.
            if user.evidence().primary().method == Method::Kerberos {
                return Err(EnrolmentRefused::FirstFactorTooOld);
            }
            if !allowed {
                return Err(EnrolmentRefused::NotFromHere);
            }
        }
        Ok(Self { account, first })
    }

    /// Whose factors.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Whether it permits the account's first factor only: one that was enrolled meanwhile makes it void.
    pub fn first(&self) -> bool {
        self.first
    }
}

/// Why nothing may be enrolled now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EnrolmentRefused {
    /// The first factor was performed too long ago: ask for it again.
    #[error("the first factor is not fresh")]
    FirstFactorTooOld,
    /// The account has a factor, which has to be performed first.
    #[error("the account has a second factor that was not performed just now")]
    SecondFactorNeeded,
    /// No first factor from this network.
    #[error("a first factor may not be enrolled from this network")]
    NotFromHere,
    /// The list of factors belongs to another account.
    #[error("the factors are another account's")]
    AnotherAccount,
}

impl EnrolmentRefused {
    /// The two faces of this error.
    pub fn message(&self) -> MessagePair {
        let (code, public, hint) = match self {
            Self::FirstFactorTooOld => (
                "SIG-FACTOR-SIGN-IN-AGAIN",
                "Sign in again before you change how you sign in.",
                "You signed in some time ago; somebody else may be at your device now.",
            ),
            Self::SecondFactorNeeded => (
                "SIG-FACTOR-CONFIRM",
                "Confirm with one of your second factors first.",
                "If you have none of them any more, ask your help desk.",
            ),
            Self::NotFromHere => (
                "SIG-FACTOR-NOT-FROM-HERE",
                "You need a second factor, and it can only be set up inside your organisation's network.",
                "Set it up at work, or ask your help desk.",
            ),
            Self::AnotherAccount => (
                "SIG-FACTOR-ANOTHER-ACCOUNT",
                "Something went wrong while setting up your second factor.",
                "Start again.",
            ),
        };
        MessagePair {
            code,
            culprit: match self {
                Self::AnotherAccount => Culprit::Us,
                _ => Culprit::User,
            },
            public,
            hint,
            private: self.to_string(),
        }
    }
}
