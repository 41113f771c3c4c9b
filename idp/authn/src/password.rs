//! Signing in with a password.

use std::sync::Arc;

use signet_directory::{
    Account, AccountState, Candidate, Directories, Directory, DirectoryError, DirectoryLockout,
    LoginName, Password, PasswordPolicy, PasswordVerdict,
};
use signet_model::{Evidence, Method, Performed, RequestContext};
use time::OffsetDateTime;
use tokio::time::Instant;
use tracing::{debug, error};

use crate::failure::{Cause, PasswordDue, SignInFailure};
use crate::guard::{Entry, Guard, Verdict};
use crate::pacing::Pacing;
use crate::user::AuthenticatedUser;

/// Checks passwords against the directories, behind the guard.
#[derive(Clone)]
pub struct PasswordAuthenticator {
    pub(crate) parts: Arc<Parts>,
}

pub(crate) struct Parts {
    pub(crate) directories: Directories,
    pub(crate) default_domain: Option<String>,
    pub(crate) guard: Guard,
    pub(crate) pacing: Pacing,
    /// Changes take longer than checks: they are measured apart.
    pub(crate) change_pacing: Pacing,
}

/// One counted try of one request: what every step after the reservation needs.
pub(crate) struct Try<'a> {
    pub(crate) context: &'a RequestContext,
    pub(crate) now: OffsetDateTime,
    pub(crate) start: Instant,
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
                change_pacing: pacing.alike(),
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
        self.parts.guard.check_banned(context.client_ip)?;
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
        let entry = self.guard.enter(context, now).await?;
        let one = Try {
            context,
            now,
            start,
        };
        let directory = self.directories.for_name(&name).ok();
        match self.load_candidate(directory, &name).await? {
            Ok(candidate) => {
                let directory = directory.ok_or(SignInFailure::Interrupted)?;
                self.check_somebody(directory, &candidate, &password, entry, &one)
                    .await
            }
            Err(cause) => {
                let tag = self.tag(directory, &name);
                let ended = self
                    .check_nobody(directory, tag, &password, entry, &one)
                    .await;
                self.pacing.end_unchecked(start).await;
                ended?;
                Err(SignInFailure::WrongNameOrPassword {
                    cause,
                    account: None,
                })
            }
        }
    }

    /// The one person the name means, or why there is none.
    pub(crate) async fn load_candidate(
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

    pub(crate) async fn check_somebody(
        &self,
        directory: &Arc<dyn Directory>,
        candidate: &Candidate,
        password: &Password,
        entry: Entry,
        one: &Try<'_>,
    ) -> Result<AuthenticatedUser, SignInFailure> {
        let lockout = lockout_of(directory.policy_of(candidate).await);
        let admitted = self
            .guard
            .admit_below(&entry, candidate.id, lockout.as_ref(), one.context, one.now)
            .await;
        let (permit, ticket) = match admitted {
            Ok(admitted) => admitted,
            Err(failure) => return Err(self.braked(failure, entry, one, &self.pacing).await),
        };
        let (turn, ticket) = match self.guard.turn(ticket, one.now).await {
            Ok(turn) => turn,
            Err(failure) => return Err(self.braked(failure, entry, one, &self.pacing).await),
        };
        let answer = directory.check_password(candidate, password, permit).await;
        drop((turn, entry));
        let judged = judge(answer, candidate);
        let verdict = match &judged {
            Ok(_) => Verdict::Success,
            Err(SignInFailure::WrongNameOrPassword { .. }) => Verdict::Failure,
            Err(_) => Verdict::Void,
        };
        self.guard.settle(ticket, verdict, one.now).await;
        match &judged {
            Err(SignInFailure::WrongNameOrPassword {
                cause: Cause::WrongPassword,
                ..
            }) => {
                self.pacing.end_checked(one.start).await;
            }
            Err(SignInFailure::WrongNameOrPassword { .. }) => {
                self.pacing.end_unchecked(one.start).await
            }
            Ok(_) | Err(_) => {}
        }
        let performed = Performed {
            method: Method::Password,
            at: one.now,
        };
        judged.map(|account| {
            let evidence = Evidence::begin(performed, one.context.location);
            AuthenticatedUser::fresh(account, evidence, one.now)
        })
    }

    /// A brake that came after the name was looked up takes as long whether or not somebody has the name.
    pub(crate) async fn braked(
        &self,
        failure: SignInFailure,
        entry: Entry,
        one: &Try<'_>,
        pacing: &Pacing,
    ) -> SignInFailure {
        // Who only waits holds no place among those who are checked.
        drop(entry);
        pacing.end_unchecked(one.start).await;
        failure
    }

    /// Counts and spends what a wrong password of somebody would have. The caller keeps the pace.
    pub(crate) async fn check_nobody(
        &self,
        directory: Option<&Arc<dyn Directory>>,
        tag: [u8; 2],
        password: &Password,
        entry: Entry,
        one: &Try<'_>,
    ) -> Result<(), SignInFailure> {
        let lockout = match directory {
            Some(directory) => lockout_of(directory.domain_policy().await),
            None => None,
        };
        let ticket = self
            .guard
            .admit_nobody(&entry, tag, lockout.as_ref(), one.context, one.now)
            .await?;
        let (turn, ticket) = self.guard.turn(ticket, one.now).await?;
        let spent = match directory {
            Some(directory) => directory.check_nobody(password).await,
            None => Ok(()),
        };
        drop((turn, entry));
        let verdict = match &spent {
            Ok(()) => Verdict::Failure,
            Err(_) => Verdict::Void,
        };
        self.guard.settle(ticket, verdict, one.now).await;
        spent.map_err(SignInFailure::Directory)
    }

    /// The counter of a name that no account has: by directory, not by the domain as typed, so that
    /// `CORP\bob` and `bob@corp.example` share one as they would if bob existed.
    pub(crate) fn tag(&self, directory: Option<&Arc<dyn Directory>>, name: &LoginName) -> [u8; 2] {
        let domain = directory.map_or(name.domain(), |directory| directory.name());
        let user = match name {
            LoginName::Upn { user, .. } => user,
            LoginName::DownLevel { sam, .. } => sam,
        };
        self.guard.name_tag(domain, user)
    }
}

/// When the directory locks the account by itself. While it does not say, the settings alone hold.
pub(crate) fn lockout_of(
    policy: Result<Arc<PasswordPolicy>, DirectoryError>,
) -> Option<DirectoryLockout> {
    match policy {
        Ok(policy) => policy.lockout,
        Err(error) => {
            debug!(%error, "the directory's own lockout is not known");
            None
        }
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
        PasswordVerdict::PasswordExpired => {
            Err(SignInFailure::PasswordExpired(PasswordDue::new(candidate)))
        }
        PasswordVerdict::MustChange => Err(SignInFailure::MustChangePassword(PasswordDue::new(
            candidate,
        ))),
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
        AccountState::MustChangePassword => Err(SignInFailure::MustChangePassword(
            PasswordDue::new(candidate),
        )),
        AccountState::PasswordExpired => {
            Err(SignInFailure::PasswordExpired(PasswordDue::new(candidate)))
        }
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
