//! Accounts, as much of them as a sign-in needs.

use std::sync::Arc;

use signet_model::{AccountId, Sid};
use time::OffsetDateTime;

/// The one object that a typed name means, found before any password is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// objectGUID: the key of every counter, log line and session.
    pub id: AccountId,
    /// objectSid.
    pub sid: Sid,
    /// The distinguished name when it was found; the bind uses it.
    pub dn: String,
    /// sAMAccountName.
    pub sam: String,
    /// userPrincipalName, when the object has one.
    pub upn: Option<String>,
    /// What kind of account this is; only a [`AccountKind::Person`] should sign in.
    pub kind: AccountKind,
    /// [`Directory::name`](crate::Directory::name) of the directory that found it.
    pub directory: Arc<str>,
    /// The controller that answered; a password check asks it first.
    pub seen_at: Option<Arc<str>>,
    /// msDS-ResultantPSO: the name of the fine-grained password policy that holds; `None` for the domain's.
    pub resultant_policy: Option<Arc<str>>,
}

/// What kind of object an account is. Active Directory would let most of them sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccountKind {
    /// An ordinary user account.
    Person,
    /// A workstation, server or domain controller (`HOST$`).
    Computer,
    /// A standalone or group managed service account.
    ManagedService,
    /// The account of a domain trust (`OTHERDOMAIN$`).
    Trust,
    /// `krbtgt`, or the krbtgt of a read-only controller.
    KeyDistribution,
    /// The built-in Guest.
    Guest,
}

impl AccountKind {
    /// Whether an interactive sign-in is allowed by default.
    pub fn may_sign_in(self) -> bool {
        self == Self::Person
    }
}

/// An account as the directory describes it at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// objectGUID.
    pub id: AccountId,
    /// objectSid.
    pub sid: Sid,
    /// sAMAccountName.
    pub sam: String,
    /// The NetBIOS name of the domain (`CORP`).
    pub netbios_domain: Arc<str>,
    /// The DNS name of the domain (`corp.example`).
    pub dns_domain: Arc<str>,
    /// userPrincipalName; when absent, `sam@dns_domain` is the implicit one.
    pub upn: Option<String>,
    /// Distinguished name.
    pub dn: String,
    /// displayName, else cn, else sAMAccountName.
    pub display_name: String,
    /// The primary group (usually Domain Users).
    pub primary_group_sid: Sid,
    /// All security groups, nested, with the primary group; sorted, without the account's own SID.
    pub group_sids: Arc<[Sid]>,
    /// Whether it may sign in now, as far as attributes tell.
    pub state: AccountState,
    /// pwdLastSet; `None` when the password must be changed or was never set.
    pub password_last_set: Option<OffsetDateTime>,
    /// When the password expires; `None` for never.
    pub password_expires: Option<OffsetDateTime>,
    /// When the account expires; `None` for never.
    pub account_expires: Option<OffsetDateTime>,
    /// What kind of account this is.
    pub kind: AccountKind,
    /// A smartcard is required: no password works.
    pub smartcard_required: bool,
    /// When this was read.
    pub read_at: OffsetDateTime,
}

impl Account {
    /// Whether this is a computer account.
    pub fn is_computer(&self) -> bool {
        self.kind == AccountKind::Computer
    }

    /// `NETBIOS\sam`, the windowsaccountname claim.
    pub fn down_level_name(&self) -> String {
        format!("{}\\{}", self.netbios_domain, self.sam)
    }

    /// userPrincipalName, else the implicit `sam@dns_domain`.
    pub fn effective_upn(&self) -> String {
        match &self.upn {
            Some(upn) => upn.clone(),
            None => format!("{}@{}", self.sam, self.dns_domain),
        }
    }
}

/// Whether an account may sign in, read from its attributes; the most lasting obstacle wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccountState {
    /// Nothing stands against a sign-in.
    Active,
    /// Disabled by an administrator.
    Disabled,
    /// Its accountExpires has passed.
    Expired,
    /// Locked out after too many wrong passwords.
    LockedOut,
    /// An administrator requires a new password (pwdLastSet is 0).
    MustChangePassword,
    /// The password is older than the policy allows.
    PasswordExpired,
}

/// The answer to a password. An unreachable directory is a `DirectoryError` instead.
///
/// Except [`PasswordVerdict::Wrong`] and [`PasswordVerdict::LockedOut`], every refusal is given
/// only after a right password, so it may be told to the person.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PasswordVerdict {
    /// Right; the account was read again by objectGUID after the bind.
    Accepted(Arc<Account>),
    /// Wrong (data 52e, 525). A smartcard-only account answers so too.
    Wrong,
    /// Locked out (data 775), whatever the password: tells that the account exists, so show it as wrong.
    LockedOut,
    /// Right, but disabled (data 533).
    Disabled,
    /// Right, but the account has expired (data 701).
    AccountExpired,
    /// Right, but the password has expired (data 532).
    PasswordExpired,
    /// Right, but has to be changed first (data 773).
    MustChange,
    /// Right, but not at this hour (data 530).
    LogonHours,
    /// Right, but only at listed workstations (data 531).
    Workstation,
}
