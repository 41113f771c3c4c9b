//! Why a sign-in did not succeed: what the person reads, and what the log says.

use std::fmt;
use std::sync::Arc;

use ipnet::IpNet;
use signet_directory::{Candidate, DirectoryError, LoginNameError};
use signet_model::{AccountId, Culprit, MessagePair};
use thiserror::Error;
use time::Duration;

use crate::bucket::BucketKind;

/// A password sign-in that failed.
///
/// An unknown name, a wrong password, a locked account and an account that may not sign in here are
/// one variant, with one public text; [`Cause`] is for log and audit only.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignInFailure {
    /// What was typed is not a name; nobody was asked.
    #[error("the typed name is not a name: {0}")]
    NameForm(LoginNameError),
    /// No password was typed; nobody was asked.
    #[error("no password was typed")]
    NoPassword,
    /// The name or the password is wrong, or the like.
    #[error("wrong name or password: {cause}")]
    WrongNameOrPassword {
        /// What it really was. Never shown to the person.
        cause: Cause,
        /// The account, when the name has one.
        account: Option<AccountId>,
    },
    /// Too many wrong passwords; the directory was not asked.
    #[error("refused by the guard against guessing: {limit:?}, free in {retry_after}")]
    Throttled {
        /// When to try again, from now.
        retry_after: Duration,
        /// Which limit was reached.
        limit: BucketKind,
        /// The account, when the name has one.
        account: Option<AccountId>,
    },
    /// The password was right, but an administrator disabled the account.
    #[error("{0} is disabled")]
    AccountDisabled(AccountId),
    /// The password was right, but the account has expired.
    #[error("{0} has expired")]
    AccountExpired(AccountId),
    /// The password was right, but has expired.
    #[error("the password of {0} has expired")]
    PasswordExpired(PasswordDue),
    /// The password was right, but has to be changed first.
    #[error("{0} has to change the password")]
    MustChangePassword(PasswordDue),
    /// The password was right, but not at this hour.
    #[error("{0} may not sign in at this hour")]
    LogonHours(AccountId),
    /// The password was right, but the account may only be used at listed workstations.
    #[error("{0} may sign in at listed workstations only")]
    Workstation(AccountId),
    /// The request comes from a banned network; nothing was looked at.
    #[error("the address is in the banned network {network}")]
    Banned {
        /// Which.
        network: IpNet,
    },
    /// Too many password checks are under way in this process; nothing was counted.
    #[error("too many password checks at once")]
    Busy {
        /// When to try again, from now.
        retry_after: Duration,
    },
    /// The directory gave no verdict; nothing was counted.
    #[error("{0}")]
    Directory(DirectoryError),
    /// The task that asked the directory ended early.
    #[error("the password check ended early")]
    Interrupted,
}

/// What was wrong with a name and password. For log and audit, never for the person.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Cause {
    /// No object has the name. The tag tells equal names apart in a log without naming them (PWD-15).
    #[error("no account has the name (tag {tag})")]
    UnknownName {
        /// Four hexadecimal digits of a keyed digest of the name.
        tag: String,
    },
    /// No directory is configured for the name's domain.
    #[error("no directory is configured for the name's domain (tag {tag})")]
    ForeignDomain {
        /// As for [`Cause::UnknownName`].
        tag: String,
    },
    /// Two objects answer to the name; neither is taken.
    #[error("{0}")]
    AmbiguousName(DirectoryError),
    /// A computer, krbtgt, Guest, a trust or a service account.
    #[error("the account is not a person's")]
    NotAPerson,
    /// The password is wrong.
    #[error("wrong password")]
    WrongPassword,
    /// The typed text cannot be a password: too long, or with U+0000 in it.
    #[error("the typed text cannot be a password")]
    NotAPassword,
    /// The directory has locked the account, whatever the password.
    #[error("the account is locked in the directory")]
    LockedOut,
}

/// An account whose password has to be changed before anything else: a right password was given just now.
///
/// Only this room makes one. It permits nothing: the change proves the old password once more, behind the guard.
/// It says whose rules to show on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordDue(Arc<Candidate>);

impl PasswordDue {
    pub(crate) fn new(candidate: &Candidate) -> Self {
        Self(Arc::new(candidate.clone()))
    }

    /// Whose.
    pub fn account(&self) -> AccountId {
        self.0.id
    }

    /// [`signet_directory::Directory::name`] of its directory.
    pub fn directory(&self) -> &str {
        &self.0.directory
    }

    pub(crate) fn candidate(&self) -> &Candidate {
        &self.0
    }
}

impl fmt::Display for PasswordDue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.id.fmt(f)
    }
}

impl SignInFailure {
    /// The account it was about, when there is one; for the audit.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::WrongNameOrPassword { account, .. } | Self::Throttled { account, .. } => *account,
            Self::AccountDisabled(account)
            | Self::AccountExpired(account)
            | Self::LogonHours(account)
            | Self::Workstation(account) => Some(*account),
            Self::PasswordExpired(due) | Self::MustChangePassword(due) => Some(due.account()),
            Self::NameForm(_)
            | Self::NoPassword
            | Self::Banned { .. }
            | Self::Busy { .. }
            | Self::Directory(_)
            | Self::Interrupted => None,
        }
    }

    /// The two faces of this error.
    pub fn message(&self) -> MessagePair {
        let (code, culprit, public, hint) = match self {
            Self::NameForm(error) => return error.message(),
            Self::Directory(error) => return error.message(),
            Self::NoPassword => (
                "SIG-AUTHN-NO-PASSWORD",
                Culprit::User,
                "Enter your password.",
                "The password field was empty.",
            ),
            Self::WrongNameOrPassword { .. } => (
                "SIG-AUTHN-WRONG",
                Culprit::User,
                "The user name or password is incorrect.",
                "Check the user name, for example name@example.com, and try again.",
            ),
            Self::Throttled { .. } => (
                "SIG-AUTHN-THROTTLED",
                Culprit::User,
                "There were too many wrong passwords.",
                "Wait half an hour before you try again, or ask your help desk.",
            ),
            Self::Banned { .. } => (
                "SIG-AUTHN-BANNED",
                Culprit::User,
                "You cannot sign in from this network.",
                "Try another network, or ask your help desk.",
            ),
            Self::Busy { .. } => (
                "SIG-AUTHN-BUSY",
                Culprit::Us,
                "Too many people are signing in at this moment.",
                "Wait a few seconds, then try again. Nothing was counted.",
            ),
            Self::AccountDisabled(_) => (
                "SIG-AUTHN-DISABLED",
                Culprit::User,
                "Your account is disabled.",
                "Ask your help desk to enable it.",
            ),
            Self::AccountExpired(_) => (
                "SIG-AUTHN-EXPIRED",
                Culprit::User,
                "Your account has expired.",
                "Ask your help desk to extend it.",
            ),
            Self::PasswordExpired(_) => (
                "SIG-AUTHN-PASSWORD-EXPIRED",
                Culprit::User,
                "Your password has expired.",
                "Change it, then sign in with the new one.",
            ),
            Self::MustChangePassword(_) => (
                "SIG-AUTHN-MUST-CHANGE",
                Culprit::User,
                "You have to change your password before you can sign in.",
                "Change it, then sign in with the new one.",
            ),
            Self::LogonHours(_) => (
                "SIG-AUTHN-HOURS",
                Culprit::User,
                "Your account may not be used at this hour.",
                "Try again within your permitted hours, or ask your help desk.",
            ),
            Self::Workstation(_) => (
                "SIG-AUTHN-WORKSTATION",
                Culprit::User,
                "Your account may be used at certain computers only.",
                "Ask your help desk to permit this sign-in.",
            ),
            Self::Interrupted => (
                "SIG-AUTHN-INTERRUPTED",
                Culprit::Us,
                "Something went wrong while you were signing in.",
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
