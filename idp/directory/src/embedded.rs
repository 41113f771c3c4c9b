//! A directory in memory, from an LDIF text: for demonstrations, tests and very small places.
//!
//! It answers exactly what [`ActiveDirectory`](crate::ActiveDirectory) answers; only the objects
//! come from a file. What the file may hold:
//!
//! | object | attributes with a meaning |
//! |---|---|
//! | the domain, class `domainDNS`, one, named `DC=corp,DC=example` | `objectSid` (needed), `nETBIOSName` (else the first label), `uPNSuffixes` |
//! | people, class `user` | `sAMAccountName` (needed), `userPrincipalName`, `displayName`, `userPassword`, `memberOf`, `userAccountControl` (512), `primaryGroupID` (513), `accountExpires`, `pwdLastSet`, `msDS-UserPasswordExpiryTimeComputed`, `lockoutTime`, `logonHours`, `userWorkstations` |
//! | groups, class `group` | `sAMAccountName` (needed), `member` |
//! | any | `objectGUID`, `mS-DS-ConsistencyGuid` (a GUID as text or 16 octets in base64), `objectSid` (text or octets) |
//!
//! - `altSecurityIdentities` maps certificates; `cACertificate` of objects below
//!   `CN=Public Key Services,CN=Services,CN=Configuration,…` names authorities, as Active Directory keeps them.
//! - Every other attribute is kept and can be queried. `userPassword` cannot: it is `{ARGON2}` and an
//!   Argon2 hash in PHC form, made by [`hash_password`]; any other scheme is refused.
//! - `member` and `memberOf` are two ends of one link; either may be written.
//! - The domain's password policy is read from the attributes that Active Directory keeps it in (`minPwdLength`,
//!   `pwdProperties`, `pwdHistoryLength`, `minPwdAge`, `maxPwdAge`); absent ones are no rule. There is no lockout here.
//! - A changed password lives in memory: it ends with the process, and queries still show the file's `pwdLastSet`.
//! - An absent `objectGUID` is made from the object's name, and an absent `objectSid` from the
//!   objectGUID, so both stay the same from start to start.
//!
//! ```text
//! dn: DC=corp,DC=example
//! objectClass: domainDNS
//! objectSid: S-1-5-21-1-2-3
//!
//! dn: CN=Alice,OU=People,DC=corp,DC=example
//! objectClass: user
//! sAMAccountName: alice
//! userPrincipalName: alice@example.com
//! userPassword: {ARGON2}$argon2id$v=19$m=19456,t=2,p=1$…
//! memberOf: CN=Staff,OU=Groups,DC=corp,DC=example
//! ```

mod certificates;
mod change;
pub(crate) mod evaluate;
pub(crate) mod hash;
pub(crate) mod ldif;
pub(crate) mod load;
mod query;

use std::sync::Arc;

use async_trait::async_trait;
use signet_claims::ActiveDirectoryQuery;
use signet_model::{AccountId, Sid};
use time::OffsetDateTime;
use tokio::sync::Semaphore;

use self::change::Changes;
use self::hash::matches;
use self::ldif::LdifError;
use self::load::{Object, Tree};
use crate::account::{Account, AccountState, Candidate, PasswordVerdict};
use crate::certificates::{CertificateCandidate, CertificateSearch, PublishedAuthorities};
use crate::change::{ChangeVerdict, LockoutStatus};
use crate::clock::Clock;
use crate::describe::{self, DomainNames};
use crate::directory::{ControllerHealth, ControllerState, Directory, Rows};
use crate::error::DirectoryError;
use crate::login_name::LoginName;
use crate::password::{LockoutPermit, Password};
use crate::policy::PasswordPolicy;

/// How many hashes are worked out at once; each takes 19 MiB and a core.
const HASHES_AT_ONCE: usize = 2;
/// Verified when there is no hash to verify, so that an unknown name takes as long as a known one.
const NOBODYS_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2lnbmV0LW5vYm9keS1zYWx0$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The embedded directory.
pub struct Embedded {
    tree: Arc<Tree>,
    domain: DomainNames,
    name: Arc<str>,
    clock: Clock,
    hashing: Arc<Semaphore>,
    policy: Arc<PasswordPolicy>,
    changes: Changes,
}

impl Embedded {
    /// Reads an LDIF text; see the module's table for what it may hold.
    ///
    /// # Errors
    /// The first thing wrong with it, and its line.
    pub fn from_ldif(text: &str) -> Result<Self, LdifError> {
        let tree = Tree::load(text)?;
        let dns: Arc<str> = Arc::from(tree.dns_domain.as_str());
        let head = tree
            .objects
            .iter()
            .find(|object| object.entry.is_a("domainDNS"))
            .map(|head| PasswordPolicy::of_domain(&head.entry));
        let head = head.ok_or_else(|| LdifError::new(0, "no object of class domainDNS"))?;
        Ok(Self {
            policy: Arc::new(head),
            changes: Changes::default(),
            domain: DomainNames {
                dns: Arc::clone(&dns),
                netbios: Arc::from(tree.netbios.as_str()),
            },
            tree: Arc::new(tree),
            name: dns,
            clock: Clock::system(),
            hashing: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
        })
    }

    /// The same directory by another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The NetBIOS name of its domain.
    pub fn netbios_domain(&self) -> &str {
        &self.domain.netbios
    }

    fn is_own_domain(&self, domain: &str) -> bool {
        domain.eq_ignore_ascii_case(&self.domain.dns)
            || domain.eq_ignore_ascii_case(&self.domain.netbios)
    }

    fn means(&self, object: &Object, name: &LoginName) -> bool {
        if !object.entry.is_a("user") && !object.entry.is_a("computer") {
            return false;
        }
        let is_sam = |sam: &str| {
            object
                .entry
                .text("samaccountname")
                .is_some_and(|have| same(have, sam))
        };
        match name {
            LoginName::DownLevel { sam, .. } => is_sam(sam),
            LoginName::Upn { user, suffix } => {
                object
                    .entry
                    .text("userprincipalname")
                    .is_some_and(|upn| same(upn, &name.text()))
                    || (self.is_own_domain(suffix) && is_sam(user))
            }
        }
    }

    fn account(&self, at: usize) -> Result<Option<Account>, DirectoryError> {
        let Some(object) = self.tree.objects.get(at) else {
            return Ok(None);
        };
        let groups = self.group_sids(at);
        let changed = object
            .entry
            .guid()
            .and_then(|id| self.changes.apply(id, &object.entry, &self.policy));
        let entry = changed.as_ref().unwrap_or(&object.entry);
        let account = describe::account(entry, groups, &self.domain, self.clock.now());
        account.map(Some).map_err(|detail| self.malformed(detail))
    }

    /// The password's hash as it is now.
    fn hash_of(&self, id: AccountId, object: &Object) -> Option<String> {
        self.changes.hash(id).or_else(|| object.hash.clone())
    }

    fn group_sids(&self, at: usize) -> Vec<Sid> {
        let groups = self.tree.groups_of(at);
        groups
            .iter()
            .filter_map(|group| self.tree.objects.get(*group)?.entry.sid())
            .collect()
    }

    async fn verify(
        &self,
        hash: Option<String>,
        password: &Password,
    ) -> Result<bool, DirectoryError> {
        let hash = hash.unwrap_or_else(|| NOBODYS_HASH.to_owned());
        let unavailable = |detail: String| DirectoryError::Unavailable {
            directory: self.name.to_string(),
            detail,
        };
        let turn = Arc::clone(&self.hashing)
            .acquire_owned()
            .await
            .map_err(|error| unavailable(error.to_string()))?;
        let typed = zeroize::Zeroizing::new(password.expose().to_owned());
        let hashed = tokio::task::spawn_blocking(move || {
            let right = matches(&hash, &typed);
            drop(turn);
            right
        });
        hashed.await.map_err(|error| unavailable(error.to_string()))
    }

    fn malformed(&self, detail: String) -> DirectoryError {
        DirectoryError::MalformedAnswer {
            directory: self.name.to_string(),
            detail,
        }
    }
}

#[async_trait]
impl Directory for Embedded {
    fn name(&self) -> &str {
        &self.name
    }

    fn knows_domain(&self, domain: &str) -> bool {
        self.is_own_domain(domain)
            || self
                .tree
                .upn_suffixes
                .iter()
                .any(|suffix| suffix.eq_ignore_ascii_case(domain))
    }

    async fn find(&self, name: &LoginName) -> Result<Option<Candidate>, DirectoryError> {
        if !self.knows_domain(name.domain()) {
            return Ok(None);
        }
        let mut found = self
            .tree
            .objects
            .iter()
            .filter(|object| self.means(object, name));
        let Some(object) = found.next() else {
            return Ok(None);
        };
        let candidate = describe::candidate(&object.entry, &self.name)
            .map_err(|detail| self.malformed(detail))?;
        if let Some(other) = found.next() {
            let other = other
                .entry
                .guid()
                .map(|id| id.to_string())
                .unwrap_or_default();
            return Err(DirectoryError::AmbiguousName {
                directory: self.name.to_string(),
                name: name.text(),
                objects: format!("{}, {other}", candidate.id),
            });
        }
        Ok(Some(candidate))
    }

    async fn find_by_sid(&self, sid: &Sid) -> Result<Option<Candidate>, DirectoryError> {
        let found = self.tree.objects.iter().find(|object| {
            let is_account = object.entry.is_a("user") || object.entry.is_a("computer");
            is_account && object.entry.sid().as_ref() == Some(sid)
        });
        found
            .map(|object| describe::candidate(&object.entry, &self.name))
            .transpose()
            .map_err(|detail| self.malformed(detail))
    }

    async fn check_password(
        &self,
        candidate: &Candidate,
        password: &Password,
        permit: LockoutPermit,
    ) -> Result<PasswordVerdict, DirectoryError> {
        if permit.account() != candidate.id {
            return Err(DirectoryError::PermitForAnotherAccount);
        }
        let at = self.tree.by_guid.get(&candidate.id).copied();
        let object = at.and_then(|at| self.tree.objects.get(at));
        let right = self
            .verify(
                object.and_then(|object| self.hash_of(candidate.id, object)),
                password,
            )
            .await?;
        let (Some(at), Some(object)) = (at, object) else {
            return Ok(PasswordVerdict::Wrong);
        };
        let Some(account) = self.account(at)? else {
            return Ok(PasswordVerdict::Wrong);
        };
        if account.state == AccountState::LockedOut {
            return Ok(PasswordVerdict::LockedOut);
        }
        if !right || object.hash.is_none() || account.smartcard_required {
            return Ok(PasswordVerdict::Wrong);
        }
        Ok(match account.state {
            AccountState::Disabled => PasswordVerdict::Disabled,
            AccountState::Expired => PasswordVerdict::AccountExpired,
            _ if !hour_allowed(object, self.clock.now()) => PasswordVerdict::LogonHours,
            _ if object.entry.has("userworkstations") => PasswordVerdict::Workstation,
            AccountState::PasswordExpired => PasswordVerdict::PasswordExpired,
            AccountState::MustChangePassword => PasswordVerdict::MustChange,
            AccountState::LockedOut => PasswordVerdict::LockedOut,
            AccountState::Active => PasswordVerdict::Accepted(Arc::new(account)),
        })
    }

    async fn check_nobody(&self, password: &Password) -> Result<(), DirectoryError> {
        self.verify(None, password).await.map(drop)
    }

    async fn change_password(
        &self,
        candidate: &Candidate,
        old: &Password,
        new: &Password,
        permit: LockoutPermit,
    ) -> Result<ChangeVerdict, DirectoryError> {
        if permit.account() != candidate.id {
            return Err(DirectoryError::PermitForAnotherAccount);
        }
        self.change(candidate, old, new).await
    }

    async fn domain_policy(&self) -> Result<Arc<PasswordPolicy>, DirectoryError> {
        Ok(Arc::clone(&self.policy))
    }

    async fn policy_of(&self, _: &Candidate) -> Result<Arc<PasswordPolicy>, DirectoryError> {
        Ok(Arc::clone(&self.policy))
    }

    async fn lockout_status(
        &self,
        account: AccountId,
    ) -> Result<Option<LockoutStatus>, DirectoryError> {
        let at = self.tree.by_guid.get(&account);
        let object = at.and_then(|at| self.tree.objects.get(*at));
        Ok(object.map(|object| describe::lockout_status(&object.entry, &Arc::from("embedded"))))
    }

    async fn read(&self, account: AccountId) -> Result<Option<Account>, DirectoryError> {
        match self.tree.by_guid.get(&account) {
            Some(&at) => self.account(at),
            None => Ok(None),
        }
    }

    async fn query(&self, query: &ActiveDirectoryQuery) -> Result<Rows, DirectoryError> {
        self.answer(query)
    }

    async fn find_by_certificate(
        &self,
        search: &CertificateSearch,
    ) -> Result<Vec<CertificateCandidate>, DirectoryError> {
        self.find_certificate(search)
    }

    async fn authorities(&self) -> Result<PublishedAuthorities, DirectoryError> {
        Ok(self.published())
    }

    async fn health(&self) -> Vec<ControllerHealth> {
        vec![ControllerHealth {
            name: "embedded".to_owned(),
            state: ControllerState::Up,
            detail: None,
            clock: None,
            last_answer: Some(self.clock.now()),
        }]
    }
}

/// Active Directory compares names without case, by Unicode.
fn same(have: &str, typed: &str) -> bool {
    have.to_lowercase() == typed.to_lowercase()
}

/// logonHours: 21 octets, one bit an hour from Sunday 00:00 UTC, lowest bit first (MS-ADA1 2.376).
fn hour_allowed(object: &Object, now: OffsetDateTime) -> bool {
    let Some(hours) = object
        .entry
        .one("logonhours")
        .filter(|hours| hours.len() == 21)
    else {
        return true;
    };
    let now = now.to_offset(time::UtcOffset::UTC);
    let hour = usize::from(now.weekday().number_days_from_sunday()) * 24 + usize::from(now.hour());
    hours
        .get(hour / 8)
        .is_some_and(|octet| octet & (1 << (hour % 8)) != 0)
}
