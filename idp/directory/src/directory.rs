//! The interface of a directory.

use std::sync::Arc;

use async_trait::async_trait;
use signet_claims::ActiveDirectoryQuery;
use signet_model::{AccountId, Sid};
use time::{Duration, OffsetDateTime};

use crate::account::{Account, Candidate, PasswordVerdict};
use crate::certificates::{CertificateCandidate, CertificateSearch, PublishedAuthorities};
use crate::change::{ChangeVerdict, LockoutStatus};
use crate::error::DirectoryError;
use crate::login_name::LoginName;
use crate::password::{LockoutPermit, Password};
use crate::policy::PasswordPolicy;

/// One domain's directory.
#[async_trait]
pub trait Directory: Send + Sync {
    /// The name by which configuration, log and audit know it: its DNS domain.
    fn name(&self) -> &str;

    /// Whether names of `domain` (a NetBIOS or DNS domain name, or a UPN suffix) are looked up here.
    fn knows_domain(&self, domain: &str) -> bool;

    /// The one object that a typed name means; `None` when there is none.
    ///
    /// # Errors
    /// [`DirectoryError::AmbiguousName`] when two objects answer to the name: neither is taken.
    async fn find(&self, name: &LoginName) -> Result<Option<Candidate>, DirectoryError>;

    /// The user account with that objectSid; `None` when there is none. An earlier SID (sIDHistory) does not count.
    ///
    /// # Errors
    /// A directory that cannot be asked.
    async fn find_by_sid(&self, sid: &Sid) -> Result<Option<Candidate>, DirectoryError>;

    /// Checks a password, once, and reads the account again when it was right.
    ///
    /// # Errors
    /// A directory that gave no verdict: nothing may be counted against the account.
    async fn check_password(
        &self,
        candidate: &Candidate,
        password: &Password,
        permit: LockoutPermit,
    ) -> Result<PasswordVerdict, DirectoryError>;

    /// Spends what a wrong password costs, for a name that no object has.
    ///
    /// # Errors
    /// As [`Directory::check_password`], so that an outage shows alike for every name.
    async fn check_nobody(&self, password: &Password) -> Result<(), DirectoryError>;

    /// Changes a password as its owner, who has to know the old one.
    ///
    /// What has been sent is never sent again. A wrong old password counts in the directory.
    ///
    /// # Errors
    /// [`DirectoryError::OutcomeUnknown`]: it was sent and no answer came. Any other: nothing was changed or counted.
    async fn change_password(
        &self,
        candidate: &Candidate,
        old: &Password,
        new: &Password,
        permit: LockoutPermit,
    ) -> Result<ChangeVerdict, DirectoryError>;

    /// The rules of the domain for passwords and lockout; at most some minutes old.
    ///
    /// # Errors
    /// A directory that cannot be asked, and was not yet.
    async fn domain_policy(&self) -> Result<Arc<PasswordPolicy>, DirectoryError>;

    /// The rules that hold for one account: those of its fine-grained policy, else the domain's.
    ///
    /// # Errors
    /// As [`Directory::domain_policy`].
    async fn policy_of(&self, candidate: &Candidate)
    -> Result<Arc<PasswordPolicy>, DirectoryError>;

    /// What the directory itself has counted against an account; `None` when it is gone.
    ///
    /// # Errors
    /// A directory that cannot be asked.
    async fn lockout_status(
        &self,
        account: AccountId,
    ) -> Result<Option<LockoutStatus>, DirectoryError>;

    /// The account by objectGUID; `None` when it is gone.
    ///
    /// # Errors
    /// A directory that cannot be asked.
    async fn read(&self, account: AccountId) -> Result<Option<Account>, DirectoryError>;

    /// What a claim rule asks of the `Active Directory` attribute store.
    ///
    /// # Errors
    /// A directory that cannot be asked, or a query that no directory can answer.
    async fn query(&self, query: &ActiveDirectoryQuery) -> Result<Rows, DirectoryError>;

    /// The accounts that a certificate may belong to; which one it does belong to, if any, the caller decides.
    ///
    /// # Errors
    /// A directory that cannot be asked; [`DirectoryError::AmbiguousName`] for more accounts than can be compared.
    async fn find_by_certificate(
        &self,
        _search: &CertificateSearch,
    ) -> Result<Vec<CertificateCandidate>, DirectoryError> {
        Ok(Vec::new())
    }

    /// The certification authorities that it publishes; none where it keeps no such stores.
    ///
    /// # Errors
    /// A directory that cannot be asked.
    async fn authorities(&self) -> Result<PublishedAuthorities, DirectoryError> {
        Ok(PublishedAuthorities::default())
    }

    /// How each of its controllers is.
    async fn health(&self) -> Vec<ControllerHealth>;
}

/// The answer to a query: rows of as many columns as attributes were asked for, rendered as text.
///
/// A column has as many values as its attribute; a shorter one is filled up with `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows(pub Vec<Vec<Option<Arc<str>>>>);

/// One domain controller, as the health page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ControllerHealth {
    /// Host and port, or `embedded`.
    pub name: String,
    /// Whether it is asked.
    pub state: ControllerState,
    /// What went wrong last; for operators.
    pub detail: Option<String>,
    /// When it last gave an answer.
    pub last_answer: Option<OffsetDateTime>,
    /// What its clock said last; `None` when it was never asked.
    pub clock: Option<ClockReading>,
}

/// What a controller's clock said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockReading {
    /// By how much this machine's clock was ahead of it, to within a few seconds; negative: behind.
    pub ahead: Duration,
    /// When it was asked, by a clock that nobody sets.
    pub taken: std::time::Instant,
}

/// Whether a controller is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ControllerState {
    /// Not asked yet.
    Unknown,
    /// Answers.
    Up,
    /// Was slower than another that was asked after it; being tested, asked only when no other is up.
    Suspect,
    /// Does not answer; skipped, and probed in the background.
    Down,
}
