//! What becomes of a password change, and what the directory itself has counted against an account.

use std::sync::Arc;

use time::OffsetDateTime;

/// The answer to a password change. An unreachable directory is a `DirectoryError` instead.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeVerdict {
    /// The new password holds.
    Changed {
        /// The controller that took it: a sign-in right after it should ask this one, the others hear of it later.
        at: Option<Arc<str>>,
    },
    /// The old password is wrong. The directory has counted it.
    WrongOld,
    /// The old password is right, but a rule of the policy refuses the new one.
    RefusedByPolicy,
    /// The account is locked out, whatever the password: tells that it exists, so show it as wrong.
    LockedOut,
    /// This account's password may not be changed by its owner.
    NotAllowed,
}

/// What a directory has counted against an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockoutStatus {
    /// Whether it is locked out now.
    pub locked: bool,
    /// badPwdCount as this controller has it: each counts for itself.
    pub bad_passwords: u32,
    /// badPasswordTime: the last wrong password at this controller.
    pub last_bad_password: Option<OffsetDateTime>,
    /// lockoutTime: when it was locked.
    pub locked_since: Option<OffsetDateTime>,
    /// Which controller said so.
    pub controller: Arc<str>,
}
