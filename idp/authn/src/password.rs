//! Signing in with a password.

use std::sync::Arc;

use signet_directory::{
    Account, AccountState, Candidate, Directories, Directory, DirectoryError, LockoutPermit,
    LoginName, Password, PasswordVerdict,
};
use signet_model::{Evidence, Method, Performed, RequestContext};
use time::OffsetDateTime;
use tokio::time::Instant;
use tracing::error;

use crate::failure::{Cause, SignInFailure};
use crate::guard::{Guard, Ticket, Verdict};
use crate::pacing::Pacing;
use crate::user::AuthenticatedUser;

/// Checks passwords against the directories, behind the guard.
#[derive(Clone)]
pub struct PasswordAuthenticator {
    parts: Arc<Parts>,
}

struct Parts {
    directories: Directories,
    default_domain: Option<String>,
    guard: Guard,
    pacing: Pacing,
}

impl PasswordAuthenticator {
    /// Asks `directories`; a bare name belongs to `default_domain`.
    pub fn new(
        directories: Directories,
        default_domain: Option<String>,
        guard: Guard,
        pacing: Pacing,
    ) -> Self {
        Self {
            parts: Arc::new(Parts {
                directories,
                default_domain,
                guard,
                pacing,
            }),
        }
    }

    /// Signs somebody in by a typed name and password.
    ///
    /// The check runs in a task of its own: somebody who hangs up cannot leave it half done, with a
    /// try made that was never settled.
    ///
    /// # Errors
    /// [`SignInFailure`]. What exists and what does not cannot be told from failures without the right
    /// password, nor from the time they take.
    pub async fn sign_in(
        &self,
        typed: &str,
        password: &str,
        context: &RequestContext,
        now: OffsetDateTime,
    ) -> Result<AuthenticatedUser, SignInFailure> {
        let start = Instant::now();
        let name = LoginName::parse(typed, self.parts.default_domain.as_deref())
            .map_err(SignInFailure::NameForm)?;
        if password.is_empty() {
            return Err(SignInFailure::NoPassword);
        }
        let Ok(password) = Password::new(password.to_owned()) else {
            return Err(SignInFailure::WrongNameOrPassword {
                cause: Cause::NotAPassword,
                account: None,
            });
        };
        let (parts, context) = (Arc::clone(&self.parts), context.clone());
        let task =
            tokio::spawn(async move { parts.sign_in(name, password, &context, now, start).await });
        task.await.unwrap_or_else(|failed| {
            error!(%failed, "a password check ended early");
            Err(SignInFailure::Interrupted)
        })
    }
}

impl Parts {
    async fn sign_in(
        &self,
        name: LoginName,
        password: Password,
        context: &RequestContext,
        now: OffsetDateTime,
        start: Instant,
    ) -> Result<AuthenticatedUser, SignInFailure> {
        let directory = self.directories.for_name(&name).ok();
        match self.load_candidate(directory, &name).await? {
            Ok(candidate) => {
                let directory = directory.ok_or(SignInFailure::Interrupted)?;
                let (permit, ticket) = self.guard.admit(candidate.id, context, now).await?;
                self.check_somebody(
                    directory, &candidate, &password, permit, ticket, context, now, start,
                )
                .await
            }
            Err(cause) => {
                let ticket = self
                    .guard
                    .admit_nobody(self.tag(directory, &name), context, now)
                    .await?;
                self.check_nobody(directory, &password, cause, ticket, now, start)
                    .await
            }
        }
    }

    /// The one person the name means, or why there is none.
    async fn load_candidate(
        &self,
        directory: Option<&Arc<dyn Directory>>,
        name: &LoginName,
    ) -> Result<Result<Candidate, Cause>, SignInFailure> {
        let tag = || hex(self.tag(directory, name));
        let Some(found) = directory else {
            return Ok(Err(Cause::ForeignDomain { tag: tag() }));
        };
        match found.find(name).await {
            Ok(Some(candidate)) if candidate.kind.may_sign_in() => Ok(Ok(candidate)),
            Ok(Some(_)) => Ok(Err(Cause::NotAPerson)),
            Ok(None) => Ok(Err(Cause::UnknownName { tag: tag() })),
            Err(DirectoryError::UnknownDomain { .. }) => {
                Ok(Err(Cause::ForeignDomain { tag: tag() }))
            }
            Err(ambiguous @ DirectoryError::AmbiguousName { .. }) => {
                Ok(Err(Cause::AmbiguousName(ambiguous)))
            }
            Err(error) => Err(SignInFailure::Directory(error)),
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one step of the flow; the values have no common name"
    )]
    async fn check_somebody(
        &self,
        directory: &Arc<dyn Directory>,
        candidate: &Candidate,
        password: &Password,
        permit: LockoutPermit,
        ticket: Ticket,
        context: &RequestContext,
        now: OffsetDateTime,
        start: Instant,
    ) -> Result<AuthenticatedUser, SignInFailure> {
        let answer = directory.check_password(candidate, password, permit).await;
        let judged = judge(answer, candidate);
        let verdict = match &judged {
            Ok(_) => Verdict::Success,
            Err(SignInFailure::WrongNameOrPassword { .. }) => Verdict::Failure,
            Err(_) => Verdict::Void,
        };
        self.guard.settle(ticket, verdict, now).await;
        match &judged {
            Err(SignInFailure::WrongNameOrPassword {
                cause: Cause::WrongPassword,
                ..
            }) => {
                self.pacing.end_checked(start).await;
            }
            Err(SignInFailure::WrongNameOrPassword { .. }) => {
                self.pacing.end_unchecked(start).await
            }
            Ok(_) | Err(_) => {}
        }
        let performed = Performed {
            method: Method::Password,
            at: now,
        };
        judged.map(|account| {
            AuthenticatedUser::fresh(account, Evidence::begin(performed, context.location), now)
        })
    }

    async fn check_nobody(
        &self,
        directory: Option<&Arc<dyn Directory>>,
        password: &Password,
        cause: Cause,
        ticket: Ticket,
        now: OffsetDateTime,
        start: Instant,
    ) -> Result<AuthenticatedUser, SignInFailure> {
        if let Some(directory) = directory
            && let Err(error) = directory.check_nobody(password).await
        {
            self.guard.settle(ticket, Verdict::Void, now).await;
            return Err(SignInFailure::Directory(error));
        }
        self.guard.settle(ticket, Verdict::Failure, now).await;
        self.pacing.end_unchecked(start).await;
        Err(SignInFailure::WrongNameOrPassword {
            cause,
            account: None,
        })
    }

    /// The counter of a name that no account has: by directory, not by the domain as typed, so that
    /// `CORP\bob` and `bob@corp.example` share one as they would if bob existed.
    fn tag(&self, directory: Option<&Arc<dyn Directory>>, name: &LoginName) -> [u8; 2] {
        let domain = directory.map_or(name.domain(), |directory| directory.name());
        let user = match name {
            LoginName::Upn { user, .. } => user,
            LoginName::DownLevel { sam, .. } => sam,
        };
        self.guard.name_tag(domain, user)
    }
}

/// Reads the directory's answer. Only a right password tells the state of the account apart.
fn judge(
    answer: Result<PasswordVerdict, DirectoryError>,
    candidate: &Candidate,
) -> Result<Arc<Account>, SignInFailure> {
    let id = candidate.id;
    let wrong = |cause| SignInFailure::WrongNameOrPassword {
        cause,
        account: Some(id),
    };
    match answer.map_err(SignInFailure::Directory)? {
        PasswordVerdict::Accepted(account) => check_account(account, candidate),
        PasswordVerdict::Wrong => Err(wrong(Cause::WrongPassword)),
        PasswordVerdict::LockedOut => Err(wrong(Cause::LockedOut)),
        PasswordVerdict::Disabled => Err(SignInFailure::AccountDisabled(id)),
        PasswordVerdict::AccountExpired => Err(SignInFailure::AccountExpired(id)),
        PasswordVerdict::PasswordExpired => Err(SignInFailure::PasswordExpired(id)),
        PasswordVerdict::MustChange => Err(SignInFailure::MustChangePassword(id)),
        PasswordVerdict::LogonHours => Err(SignInFailure::LogonHours(id)),
        PasswordVerdict::Workstation => Err(SignInFailure::Workstation(id)),
        _ => Err(wrong(Cause::WrongPassword)),
    }
}

/// What the directory accepted has to be the account that was found, and free to sign in.
fn check_account(
    account: Arc<Account>,
    candidate: &Candidate,
) -> Result<Arc<Account>, SignInFailure> {
    let id = candidate.id;
    if account.id != id {
        return Err(SignInFailure::Directory(DirectoryError::AccountChanged {
            directory: candidate.directory.to_string(),
            detail: format!("{id} was found, {} signed in", account.id),
        }));
    }
    if !account.kind.may_sign_in() {
        return Err(SignInFailure::WrongNameOrPassword {
            cause: Cause::NotAPerson,
            account: Some(id),
        });
    }
    match account.state {
        AccountState::Active => Ok(account),
        AccountState::Disabled => Err(SignInFailure::AccountDisabled(id)),
        AccountState::Expired => Err(SignInFailure::AccountExpired(id)),
        AccountState::MustChangePassword => Err(SignInFailure::MustChangePassword(id)),
        AccountState::PasswordExpired => Err(SignInFailure::PasswordExpired(id)),
        _ => Err(SignInFailure::WrongNameOrPassword {
            cause: Cause::LockedOut,
            account: Some(id),
        }),
    }
}

fn hex(tag: [u8; 2]) -> String {
    let [first, second] = tag;
    format!("{first:02x}{second:02x}")
}
