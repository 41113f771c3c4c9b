//! Changing a password as its owner, behind the same guard as signing in.
//!
//! ```text
//! typed name, old, new -> Guard::enter -> Directory::find -> Guard::admit_below -> Directory::change_password
//!     -> settle -> the new password is checked at the controller that took it -> AuthenticatedUser
//! ```
//!
//! Whoever changed a password is signed in with it, without typing it again: by a check of the new one, never by
//! assuming. What exists cannot be told from a refusal without the right old password.

use std::sync::Arc;

use signet_directory::{
    Candidate, ChangeVerdict, Directory, DirectoryError, LoginName, Password, PasswordPolicy,
    PolicyRefusal,
};
use signet_model::{AccountId, Culprit, MessagePair, RequestContext};
use thiserror::Error;
use time::OffsetDateTime;
use tokio::time::Instant;
use tracing::{error, warn};

use crate::failure::{Cause, PasswordDue, SignInFailure};
use crate::guard::{Entry, Verdict};
use crate::password::{Parts, PasswordAuthenticator, Try, lockout_of};
use crate::user::AuthenticatedUser;

/// The longest password that Active Directory keeps, in UTF-16 units.
const LONGEST: usize = 256;

/// What was typed into the form.
#[derive(Clone, Copy)]
pub struct TypedChange<'a> {
    /// `UserName`
    pub name: &'a str,
    /// `OldPassword`
    pub old: &'a str,
    /// `NewPassword`
    pub new: &'a str,
    /// `ConfirmNewPassword`
    pub confirmation: &'a str,
}

/// A password that was changed.
#[derive(Clone, Debug)]
pub struct Changed {
    /// Whose; its other sessions have to end.
    pub account: AccountId,
    /// [`Directory::name`] of its directory.
    pub directory: Arc<str>,
    /// The person, signed in by the new password; or why the account may not sign in all the same.
    pub sign_in: Result<AuthenticatedUser, SignInFailure>,
}

/// A password change that was not made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChangeFailure {
    /// The name, the old password, the guard or the directory: as at a sign-in.
    #[error("{0}")]
    SignIn(SignInFailure),
    /// No new password was typed; nobody was asked.
    #[error("no new password was typed")]
    NoNewPassword,
    /// The new password was typed in two ways; nobody was asked.
    #[error("the new password was confirmed differently")]
    NotConfirmed,
    /// The new password is the old one; nobody was asked.
    #[error("the new password is the old one")]
    Unchanged,
    /// The new text cannot be a password: longer than 256 characters, or with U+0000 in it; nobody was asked.
    #[error("the new text cannot be a password")]
    NotAPassword,
    /// The old password is right, but the directory's policy refuses the new one.
    #[error("{account}: the password policy refuses the new password: {:?}", refusal.broken)]
    Refused {
        /// Whose.
        account: AccountId,
        /// Which rules, as far as can be known.
        refusal: PolicyRefusal,
    },
    /// The password of this account may not be changed by its owner.
    #[error("{0} may not change its own password")]
    NotAllowed(AccountId),
}

impl ChangeFailure {
    /// The account it was about, when there is one; for the audit.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::SignIn(failure) => failure.account(),
            Self::Refused { account, .. } | Self::NotAllowed(account) => Some(*account),
            Self::NoNewPassword | Self::NotConfirmed | Self::Unchanged | Self::NotAPassword => None,
        }
    }

    /// The two faces of this error.
    pub fn message(&self) -> MessagePair {
        let (code, public, hint) = match self {
            Self::SignIn(failure) => return failure.message(),
            Self::NoNewPassword => (
                "SIG-AUTHN-CHANGE-EMPTY",
                "Type a new password.",
                "The field for the new password was empty.",
            ),
            Self::NotConfirmed => (
                "SIG-AUTHN-CHANGE-UNCONFIRMED",
                "The two new passwords differ.",
                "Type the same new password twice.",
            ),
            Self::Unchanged => (
                "SIG-AUTHN-CHANGE-SAME",
                "The new password is the old one.",
                "Choose another password.",
            ),
            Self::NotAPassword => (
                "SIG-AUTHN-CHANGE-UNUSABLE",
                "The new password cannot be used.",
                "Choose one of at most 256 characters.",
            ),
            Self::Refused { .. } => (
                "SIG-AUTHN-CHANGE-REFUSED",
                "Your organisation's rules do not allow this password.",
                "Choose another password by the rules on the page.",
            ),
            Self::NotAllowed(_) => (
                "SIG-AUTHN-CHANGE-NOT-ALLOWED",
                "You cannot change the password of this account.",
                "Ask your help desk to change it.",
            ),
        };
        MessagePair {
            code,
            culprit: Culprit::User,
            public,
            hint,
            private: self.to_string(),
        }
    }
}

impl From<SignInFailure> for ChangeFailure {
    fn from(failure: SignInFailure) -> Self {
        Self::SignIn(failure)
    }
}

impl PasswordAuthenticator {
    /// Changes the password of the one account that the typed name means, and signs in with the new one.
    ///
    /// In a task of its own: whoever hangs up cannot leave it half done.
    ///
    /// # Errors
    /// [`ChangeFailure`]; a wrong old password counts as a wrong password does at a sign-in.
    pub async fn change_password(
        &self,
        typed: TypedChange<'_>,
        context: &RequestContext,
        now: OffsetDateTime,
    ) -> Result<Changed, ChangeFailure> {
        let start = Instant::now();
        self.parts.guard.check_banned(context.client_ip)?;
        let name = LoginName::parse(typed.name, self.parts.default_domain.as_deref())
            .map_err(SignInFailure::NameForm)?;
        if typed.old.is_empty() {
            return Err(SignInFailure::NoPassword.into());
        }
        let new = check_new(&typed)?;
        let Ok(old) = Password::new(typed.old.to_owned()) else {
            return Err(ChangeFailure::SignIn(SignInFailure::WrongNameOrPassword {
                cause: Cause::NotAPassword,
                account: None,
            }));
        };
        let (parts, context) = (Arc::clone(&self.parts), context.clone());
        let task = tokio::spawn(async move {
            let one = Try {
                context: &context,
                now,
                start,
            };
            parts.change(name, old, new, &one).await
        });
        task.await.unwrap_or_else(|failed| {
            error!(%failed, "a password change ended early");
            Err(SignInFailure::Interrupted.into())
        })
    }

    /// The rules to show for an account whose password has to be changed; `None` while the directory does not say.
    pub async fn rules_due(&self, due: &PasswordDue) -> Option<Arc<PasswordPolicy>> {
        let directory = self.parts.directories.by_name(due.directory())?;
        directory.policy_of(due.candidate()).await.ok()
    }

    /// The rules to show to somebody who has proved nothing: those of the domain of the typed name, else of the
    /// default domain. They say nothing of an account.
    pub async fn rules_of_domain(&self, typed: &str) -> Option<Arc<PasswordPolicy>> {
        let parts = &self.parts;
        let name = LoginName::parse(typed, parts.default_domain.as_deref()).ok();
        let directory = match name {
            Some(name) => parts.directories.for_name(&name).ok(),
            None => None,
        };
        let default = || {
            parts
                .directories
                .for_domain(parts.default_domain.as_deref()?)
                .ok()
        };
        directory.or_else(default)?.domain_policy().await.ok()
    }
}

/// What can be said of the new password without asking anybody.
fn check_new(typed: &TypedChange<'_>) -> Result<Password, ChangeFailure> {
    if typed.new.is_empty() {
        return Err(ChangeFailure::NoNewPassword);
    }
    if typed.new != typed.confirmation {
        return Err(ChangeFailure::NotConfirmed);
    }
    if typed.new == typed.old {
        return Err(ChangeFailure::Unchanged);
    }
    match Password::new(typed.new.to_owned()) {
        Ok(new) if typed.new.encode_utf16().count() <= LONGEST => Ok(new),
        _ => Err(ChangeFailure::NotAPassword),
    }
}

impl Parts {
    async fn change(
        &self,
        name: LoginName,
        old: Password,
        new: Password,
        one: &Try<'_>,
    ) -> Result<Changed, ChangeFailure> {
        let entry = self.guard.enter(one.context, one.now).await?;
        let directory = self.directories.for_name(&name).ok();
        match self.load_candidate(directory, &name).await? {
            Ok(candidate) => {
                let directory = directory.ok_or(SignInFailure::Interrupted)?;
                self.change_somebodys(directory, candidate, &old, &new, entry, one)
                    .await
            }
            Err(cause) => {
                let tag = self.tag(directory, &name);
                let ended = self.check_nobody(directory, tag, &old, entry, one).await;
                self.change_pacing.end_unchecked(one.start).await;
                ended?;
                Err(ChangeFailure::SignIn(SignInFailure::WrongNameOrPassword {
                    cause,
                    account: None,
                }))
            }
        }
    }

    async fn change_somebodys(
        &self,
        directory: &Arc<dyn Directory>,
        mut candidate: Candidate,
        old: &Password,
        new: &Password,
        entry: Entry,
        one: &Try<'_>,
    ) -> Result<Changed, ChangeFailure> {
        let policy = directory.policy_of(&candidate).await;
        let lockout = lockout_of(policy.clone());
        let admitted = self
            .guard
            .admit_below(&entry, candidate.id, lockout.as_ref(), one.context, one.now)
            .await;
        let (permit, ticket) = match admitted {
            Ok(admitted) => admitted,
            Err(failure) => {
                return Err(self
                    .braked(failure, entry, one, &self.change_pacing)
                    .await
                    .into());
            }
        };
        let (turn, ticket) = match self.guard.turn(ticket, one.now).await {
            Ok(turn) => turn,
            Err(failure) => {
                return Err(self
                    .braked(failure, entry, one, &self.change_pacing)
                    .await
                    .into());
            }
        };
        let answer = directory
            .change_password(&candidate, old, new, permit)
            .await;
        drop(turn);
        let verdict = match &answer {
            Ok(ChangeVerdict::WrongOld | ChangeVerdict::LockedOut) => Verdict::Failure,
            Ok(_) | Err(_) => Verdict::Void,
        };
        self.guard.settle(ticket, verdict, one.now).await;
        let wrong = |cause| {
            ChangeFailure::SignIn(SignInFailure::WrongNameOrPassword {
                cause,
                account: Some(candidate.id),
            })
        };
        match answer.map_err(SignInFailure::Directory)? {
            ChangeVerdict::Changed { at } => candidate.seen_at = at.or(candidate.seen_at),
            ChangeVerdict::WrongOld => {
                drop(entry);
                self.change_pacing.end_checked(one.start).await;
                return Err(wrong(Cause::WrongPassword));
            }
            ChangeVerdict::LockedOut => {
                drop(entry);
                self.change_pacing.end_unchecked(one.start).await;
                return Err(wrong(Cause::LockedOut));
            }
            ChangeVerdict::RefusedByPolicy => {
                return Err(explain(directory, &candidate, policy, old, new, one.now).await);
            }
            // The directory may say so before it looks at the old password.
            ChangeVerdict::NotAllowed => {
                return Err(self
                    .not_allowed(directory, &candidate, old, entry, one)
                    .await);
            }
            _ => return Err(SignInFailure::Interrupted.into()),
        }
        let sign_in = self
            .check_somebody(directory, &candidate, new, entry, one)
            .await;
        if let Err(failure) = &sign_in {
            warn!(account = %candidate.id, %failure, "a changed password does not sign in");
        }
        Ok(Changed {
            account: candidate.id,
            directory: candidate.directory,
            sign_in,
        })
    }
}

impl Parts {
    /// Only who knows the old password reads that it may not be changed; to everybody else it is a wrong one, and counts.
    async fn not_allowed(
        &self,
        directory: &Arc<dyn Directory>,
        candidate: &Candidate,
        old: &Password,
        entry: Entry,
        one: &Try<'_>,
    ) -> ChangeFailure {
        let checked = self
            .check_somebody(directory, candidate, old, entry, one)
            .await;
        match checked {
            Ok(_) => ChangeFailure::NotAllowed(candidate.id),
            Err(SignInFailure::MustChangePassword(_) | SignInFailure::PasswordExpired(_)) => {
                ChangeFailure::NotAllowed(candidate.id)
            }
            Err(failure) => failure.into(),
        }
    }
}

/// Says which rules the new password breaks. The old one was right, so its owner may be told.
async fn explain(
    directory: &Arc<dyn Directory>,
    candidate: &Candidate,
    policy: Result<Arc<PasswordPolicy>, DirectoryError>,
    old: &Password,
    new: &Password,
    now: OffsetDateTime,
) -> ChangeFailure {
    let account = directory.read(candidate.id).await;
    let refusal = match (policy, account) {
        (Ok(policy), Ok(Some(account))) => policy.explain(&account, old, new, now),
        (policy, _) => {
            let rules = policy.map(|policy| policy.rules()).unwrap_or_default();
            PolicyRefusal {
                broken: Vec::new(),
                perhaps: rules.clone(),
                rules,
                not_before: None,
            }
        }
    };
    ChangeFailure::Refused {
        account: candidate.id,
        refusal,
    }
}
