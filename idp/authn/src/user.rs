//! The proof that somebody is there, and who.

use std::sync::Arc;

use signet_directory::{Account, AccountState};
use signet_model::{Culprit, Evidence, MessagePair};
use thiserror::Error;
use time::OffsetDateTime;

use crate::seal::StoredEvidence;

/// A person who was authenticated, and how.
///
/// Without one nothing is issued. Only a right password makes one, or a session whose evidence was
/// sealed here ([`AuthenticatedUser::resume`]).
#[derive(Clone, Debug)]
pub struct AuthenticatedUser {
    account: Arc<Account>,
    evidence: Evidence,
    persistent: bool,
    since: OffsetDateTime,
    resumed: bool,
}

impl AuthenticatedUser {
    pub(crate) fn fresh(account: Arc<Account>, evidence: Evidence, now: OffsetDateTime) -> Self {
        Self {
            account,
            evidence,
            persistent: false,
            since: now,
            resumed: false,
        }
    }

    /// The person behind a stored session, with the account as the directory describes it now.
    ///
    /// `stored` is the proof that the session row is authentic. What the sign-in form would refuse, a session refuses too: a
    /// disabled, expired or locked account, a password that must be changed (AD-11, SES-06). So does a
    /// password that was set after the session's own sign-in, so that changing it ends old sessions.
    ///
    /// # Errors
    /// [`NotResumed`]: the session has to be ended, and the person asked for credentials.
    pub fn resume(stored: StoredEvidence, account: Arc<Account>) -> Result<Self, NotResumed> {
        let StoredEvidence {
            account: stored_account,
            evidence,
            persistent,
            since,
            password_last_set,
        } = stored;
        if stored_account != account.id {
            return Err(NotResumed::AnotherAccount);
        }
        if !account.kind.may_sign_in() {
            return Err(NotResumed::NotAPerson);
        }
        if account.state != AccountState::Active {
            return Err(NotResumed::Account(account.state));
        }
        if account.password_last_set != password_last_set {
            return Err(NotResumed::PasswordChanged);
        }
        Ok(Self {
            account,
            evidence,
            persistent,
            since,
            resumed: true,
        })
    }

    /// The account, as the directory described it at [`Account::read_at`].
    pub fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// Every method performed, each with its time, and from where.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// Whether the person asked to be kept signed in.
    pub fn persistent(&self) -> bool {
        self.persistent
    }

    /// When the session began: the first sign-in, not the latest request.
    pub fn signed_in_at(&self) -> OffsetDateTime {
        self.since
    }

    /// Whether this comes from a stored session rather than from credentials given just now.
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// The same person, with the wish to be kept signed in as the form said it.
    #[must_use]
    pub fn kept_signed_in(mut self, persistent: bool) -> Self {
        self.persistent = persistent;
        self
    }
}

/// Why a session does not stand for its person any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotResumed {
    /// The account given is not the session's.
    #[error("the session belongs to another account")]
    AnotherAccount,
    /// The account is a computer, a trust, or another that may not sign in.
    #[error("the account may not sign in interactively")]
    NotAPerson,
    /// The account may not sign in now.
    #[error("the account is not active: {0:?}")]
    Account(AccountState),
    /// The password was set after the session began.
    #[error("the password was changed after the session began")]
    PasswordChanged,
}

impl NotResumed {
    /// The two faces of this error.
    pub fn message(&self) -> MessagePair {
        MessagePair {
            code: "SIG-AUTHN-SESSION-ENDED",
            culprit: Culprit::User,
            public: "You have to sign in again.",
            hint: "Your account or your password changed after you signed in.",
            private: self.to_string(),
        }
    }
}
