//! A directory of a few people, whose password checks can be scripted, delayed and counted.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use signet_authn::{
    AttemptLedger, AuthenticatedUser, Guard, GuardSettings, Limits, LocalLedger, Pacing,
    PasswordAuthenticator, SignInFailure,
};
use signet_claims::ActiveDirectoryQuery;
use signet_directory::{
    Account, Candidate, ChangeVerdict, ControllerHealth, Directories, Directory, DirectoryError,
    DirectoryLockout, Embedded, LockoutPermit, LockoutStatus, LoginName, Password, PasswordPolicy,
    PasswordVerdict, Rows, hash_password,
};
use signet_model::{AccountId, ActivityId, NetworkLocation, RequestContext, Sid};
use time::OffsetDateTime;

pub(crate) const RIGHT: &str = "  Sommer 2024 e\u{301}\u{1f5dd} ";

/// What the directory says of a password.
#[derive(Clone, Debug)]
pub(crate) enum Script {
    /// What is true.
    Truth,
    /// This, whatever the password.
    Verdict(PasswordVerdict),
    /// No verdict.
    Unavailable,
}

pub(crate) struct Fake {
    truth: Embedded,
    pub(crate) script: Mutex<Script>,
    /// Delays of password checks, taken in turn.
    pub(crate) delays: Mutex<Vec<Duration>>,
    /// How many passwords it was asked about.
    pub(crate) checks: AtomicU32,
    /// How many names it was asked about.
    pub(crate) finds: AtomicU32,
    /// How many changes it was asked for.
    pub(crate) changes: AtomicU32,
    /// Whether it refuses every change before it looks at the old password, as a directory may whose access list says so.
    pub(crate) forbids_changes: AtomicBool,
    /// When it locks accounts by itself.
    pub(crate) lockout: Mutex<Option<DirectoryLockout>>,
}

impl Fake {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            truth: Embedded::from_ldif(&LDIF).unwrap(),
            script: Mutex::new(Script::Truth),
            delays: Mutex::default(),
            checks: AtomicU32::new(0),
            finds: AtomicU32::new(0),
            changes: AtomicU32::new(0),
            forbids_changes: AtomicBool::new(false),
            lockout: Mutex::default(),
        })
    }

    pub(crate) fn says(&self, script: Script) {
        *self.script.lock().unwrap() = script;
    }

    pub(crate) fn checks(&self) -> u32 {
        self.checks.load(Ordering::SeqCst)
    }

    pub(crate) async fn account(&self, typed: &str) -> Account {
        let name = LoginName::parse(typed, Some("CORP")).unwrap();
        let candidate = self.truth.find(&name).await.unwrap().unwrap();
        self.truth.read(candidate.id).await.unwrap().unwrap()
    }
}

#[async_trait]
impl Directory for Fake {
    fn name(&self) -> &str {
        self.truth.name()
    }

    fn knows_domain(&self, domain: &str) -> bool {
        self.truth.knows_domain(domain)
    }

    async fn find(&self, name: &LoginName) -> Result<Option<Candidate>, DirectoryError> {
        self.finds.fetch_add(1, Ordering::SeqCst);
        if name.text().contains("twins") {
            return Err(DirectoryError::AmbiguousName {
                directory: "corp.example".into(),
                name: "twins".into(),
                objects: "two".into(),
            });
        }
        self.truth.find(name).await
    }

    async fn find_by_sid(&self, sid: &Sid) -> Result<Option<Candidate>, DirectoryError> {
        self.truth.find_by_sid(sid).await
    }

    async fn check_password(
        &self,
        candidate: &Candidate,
        password: &Password,
        permit: LockoutPermit,
    ) -> Result<PasswordVerdict, DirectoryError> {
        assert_eq!(permit.account(), candidate.id);
        let number = self.checks.fetch_add(1, Ordering::SeqCst) as usize;
        let delay = {
            let delays = self.delays.lock().unwrap();
            delays.get(number % delays.len().max(1)).copied()
        };
        if let Some(delay) = delay {
            tokio::time::sleep(delay).await;
        }
        let script = self.script.lock().unwrap().clone();
        match script {
            Script::Truth => self.truth.check_password(candidate, password, permit).await,
            Script::Verdict(verdict) => Ok(verdict),
            Script::Unavailable => Err(unavailable()),
        }
    }

    async fn check_nobody(&self, _password: &Password) -> Result<(), DirectoryError> {
        let unreachable = matches!(*self.script.lock().unwrap(), Script::Unavailable);
        if unreachable {
            Err(unavailable())
        } else {
            Ok(())
        }
    }

    async fn change_password(
        &self,
        candidate: &Candidate,
        old: &Password,
        new: &Password,
        permit: LockoutPermit,
    ) -> Result<ChangeVerdict, DirectoryError> {
        assert_eq!(permit.account(), candidate.id);
        self.changes.fetch_add(1, Ordering::SeqCst);
        let unreachable = matches!(*self.script.lock().unwrap(), Script::Unavailable);
        if unreachable {
            return Err(unavailable());
        }
        if self.forbids_changes.load(Ordering::SeqCst) {
            return Ok(ChangeVerdict::NotAllowed);
        }
        self.truth
            .change_password(candidate, old, new, permit)
            .await
    }

    async fn domain_policy(&self) -> Result<Arc<PasswordPolicy>, DirectoryError> {
        let mut policy = PasswordPolicy::clone(&*self.truth.domain_policy().await?);
        policy.lockout = *self.lockout.lock().unwrap();
        Ok(Arc::new(policy))
    }

    async fn policy_of(&self, _: &Candidate) -> Result<Arc<PasswordPolicy>, DirectoryError> {
        self.domain_policy().await
    }

    async fn lockout_status(
        &self,
        account: AccountId,
    ) -> Result<Option<LockoutStatus>, DirectoryError> {
        self.truth.lockout_status(account).await
    }

    async fn read(&self, account: AccountId) -> Result<Option<Account>, DirectoryError> {
        self.truth.read(account).await
    }

    async fn query(&self, query: &ActiveDirectoryQuery) -> Result<Rows, DirectoryError> {
        self.truth.query(query).await
    }

    async fn health(&self) -> Vec<ControllerHealth> {
        self.truth.health().await
    }
}

fn unavailable() -> DirectoryError {
    DirectoryError::Unavailable {
        directory: "corp.example".into(),
        detail: "stubbed".into(),
    }
}

static LDIF: LazyLock<String> = LazyLock::new(|| {
    let hash = hash_password(&Password::new(RIGHT.to_owned()).unwrap()).unwrap();
    let mut ldif = String::from(
        "dn: DC=corp,DC=example\nobjectClass: domainDNS\nobjectSid: S-1-5-21-1-2-3\nnETBIOSName: CORP\nuPNSuffixes: example.com\nminPwdLength: 8\npwdProperties: 1\npwdHistoryLength: 3\n",
    );
    let people = [
        ("alice", "user", ""),
        ("bob", "user", ""),
        ("carol", "user", ""),
        ("disabled", "user", "userAccountControl: 514\n"),
        ("mustchange", "user", "pwdLastSet: 0\n"),
        ("fixed", "user", "userAccountControl: 576\n"),
        ("locked", "user", "lockoutTime: 132539328000000000\n"),
        ("pc1$", "computer", "userAccountControl: 4096\n"),
        ("krbtgt", "user", "objectSid: S-1-5-21-1-2-3-502\n"),
        ("Guest", "user", "objectSid: S-1-5-21-1-2-3-501\n"),
    ];
    for (sam, class, more) in people {
        ldif.push_str(&format!(
            "\ndn: CN={sam},DC=corp,DC=example\nobjectClass: {class}\nsAMAccountName: {sam}\nuserPrincipalName: {sam}@example.com\n{more}userPassword: {hash}\n"
        ));
    }
    ldif
});

/// The authenticator under test, its directory and its counters.
pub(crate) struct Scene {
    pub(crate) fake: Arc<Fake>,
    pub(crate) authenticator: PasswordAuthenticator,
}

impl Scene {
    pub(crate) fn new(limits: impl Into<GuardSettings>) -> Self {
        Self::with(limits, Arc::new(LocalLedger::new()), quick())
    }

    pub(crate) fn with(
        settings: impl Into<GuardSettings>,
        ledger: Arc<dyn AttemptLedger>,
        pacing: Pacing,
    ) -> Self {
        Self::around(Guard::new(ledger, settings, &[9; 32]), pacing)
    }

    pub(crate) fn around(guard: Guard, pacing: Pacing) -> Self {
        let fake = Fake::new();
        let directories = Directories::new(vec![Arc::clone(&fake) as Arc<dyn Directory>]);
        let authenticator =
            PasswordAuthenticator::new(directories, Some("CORP".into()), guard, pacing);
        Self {
            fake,
            authenticator,
        }
    }

    pub(crate) async fn sign_in(
        &self,
        typed: &str,
        password: &str,
    ) -> Result<AuthenticatedUser, SignInFailure> {
        self.sign_in_from("192.0.2.1", typed, password).await
    }

    pub(crate) async fn sign_in_from(
        &self,
        address: &str,
        typed: &str,
        password: &str,
    ) -> Result<AuthenticatedUser, SignInFailure> {
        self.authenticator
            .sign_in(typed, password, &outside(address), noon())
            .await
    }
}

/// No floor and no grid to speak of: for tests that do not look at the clock.
pub(crate) fn quick() -> Pacing {
    Pacing::new(Duration::ZERO, Duration::from_millis(1))
}

pub(crate) fn noon() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()
}

pub(crate) fn outside(address: &str) -> RequestContext {
    context(address.parse().unwrap(), NetworkLocation::Outside)
}

pub(crate) fn context(client_ip: IpAddr, location: NetworkLocation) -> RequestContext {
    RequestContext {
        activity: ActivityId::random(),
        client_ip,
        forwarded_for: None,
        proxy: None,
        location,
        user_agent: None,
        client_application: None,
        endpoint_path: "/adfs/ls/".into(),
        client_request_id: None,
    }
}

pub(crate) fn limits(account: u32) -> Limits {
    Limits {
        account_near: account,
        account_far: account,
        address: 10_000,
        network: 10_000,
        ..Limits::default()
    }
}

pub(crate) fn is_throttled<T>(result: &Result<T, SignInFailure>) -> bool {
    matches!(result, Err(SignInFailure::Throttled { .. }))
}

pub(crate) fn is_wrong<T>(result: &Result<T, SignInFailure>) -> bool {
    matches!(result, Err(SignInFailure::WrongNameOrPassword { .. }))
}
