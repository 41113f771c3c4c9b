//! Active Directory over LDAPS or StartTLS.
//!
//! ```text
//! ActiveDirectory  find, check, read, query
//!   Fleet          which controller is asked; a second one when the first is slow; DNS
//!     Controller   two pools of connections, its state; a keeper tests it in the background
//!       Connection one LDAP connection under deadlines
//!         Gate     only whole, small, well-shaped, awaited messages pass
//!           Transport  TCP, StartTLS, TLS with the configured roots
//! ```
//!
//! What may be asked twice (searches) is asked of a second controller when the first is slow or
//! fails. A bind may count against an account, so it is made once: again on another controller only
//! when it was not sent, when the controller says that it cannot tell, or, once, when it is silent.
//! A password change that was sent is never sent again.

pub(crate) mod ber;
mod budget;
mod certificates;
mod change;
mod check;
mod codes;
pub(crate) mod config;
mod connection;
mod controller;
mod entries;
mod failure;
mod find;
mod fleet;
mod gate;
mod keeper;
pub(crate) mod message;
mod pace;
mod policies;
mod query;
mod resolver;
mod service_lock;
mod sid_names;
mod suffixes;
mod tasks;
pub(crate) mod tls;
pub(crate) mod transport;
mod verifier;

use std::sync::Arc;

use async_trait::async_trait;
use signet_claims::ActiveDirectoryQuery;
use signet_model::{AccountId, Sid};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use self::config::ActiveDirectoryConfig;
use self::connection::{Found, Search};
use self::controller::{Controller, Shared};
use self::failure::Failure;
use self::fleet::Fleet;
use self::pace::Pace;
use self::policies::Policies;
use self::resolver::Resolver;
use self::service_lock::ServiceLock;
use self::sid_names::SidNames;
use self::suffixes::Suffixes;
use self::tasks::Task;
use self::transport::Security;
use crate::account::{Account, Candidate, PasswordVerdict};
use crate::certificates::{CertificateCandidate, CertificateSearch, PublishedAuthorities};
use crate::change::{ChangeVerdict, LockoutStatus};
use crate::describe::DomainNames;
use crate::directory::{ControllerHealth, Directory, Rows};
use crate::error::DirectoryError;
use crate::event::DirectoryEvent;
use crate::login_name::LoginName;
use crate::password::{LockoutPermit, Password};
use crate::policy::PasswordPolicy;
use crate::syntax::dn::escape_value;

/// One Active Directory domain.
pub struct ActiveDirectory {
    inner: Arc<Inner>,
    _suffix_reader: Task,
}

/// What the requests and the background share.
struct Inner {
    name: Arc<str>,
    domain: DomainNames,
    /// `DC=corp,DC=example`
    base: Arc<str>,
    fleet: Fleet,
    suffixes: Suffixes,
    sid_names: SidNames,
    pace: Pace,
    policies: Policies,
}

impl ActiveDirectory {
    /// Starts; connects in the background and returns at once. Needs a running Tokio runtime.
    /// [`ActiveDirectoryConfig::check`] tells what cannot ever work; here such a part is left out.
    pub fn start(config: ActiveDirectoryConfig) -> Self {
        Self::open(config, None)
    }

    /// The same; what an operator should hear of is also sent to `reports`. What does not fit there is in the log only.
    pub fn start_reporting(
        config: ActiveDirectoryConfig,
        reports: mpsc::Sender<DirectoryEvent>,
    ) -> Self {
        Self::open(config, Some(reports))
    }

    fn open(config: ActiveDirectoryConfig, reports: Option<mpsc::Sender<DirectoryEvent>>) -> Self {
        let dns: Arc<str> = Arc::from(config.dns_domain.trim_end_matches('.').to_ascii_lowercase());
        let labels = dns
            .split('.')
            .map(|label| format!("DC={}", escape_value(label)));
        let base: Arc<str> = Arc::from(labels.collect::<Vec<_>>().join(","));
        let shared = Shared {
            resolver: Resolver::new(config.resolver),
            security: Security {
                transport: config.transport,
                roots: config.roots,
            },
            service_account: config.service_account,
            service_lock: ServiceLock::default(),
            timing: config.timing,
            clock: config.clock,
            directory: Arc::clone(&dns),
            reports,
            recovered: tokio::sync::Notify::new(),
        };
        let inner = Arc::new(Inner {
            suffixes: Suffixes::new(&dns, &config.netbios_domain, config.extra_upn_suffixes),
            domain: DomainNames {
                dns: Arc::clone(&dns),
                netbios: Arc::from(config.netbios_domain),
            },
            fleet: Fleet::start(shared, config.controllers, &dns, Arc::clone(&base)),
            name: dns,
            base,
            sid_names: SidNames::default(),
            pace: Pace::default(),
            policies: Policies::default(),
        });
        let reader = Arc::clone(&inner);
        let suffix_reader = Task::spawn(async move {
            loop {
                let pause = match reader.read_suffixes(reader.deadline()).await {
                    Ok(()) => reader.fleet.shared.timing.refresh,
                    Err(_) => reader.fleet.shared.timing.probe_pause,
                };
                sleep(pause).await;
            }
        });
        Self {
            inner,
            _suffix_reader: suffix_reader,
        }
    }
}

#[async_trait]
impl Directory for ActiveDirectory {
    fn name(&self) -> &str {
        &self.inner.name
    }

    /// Until the forest's list of UPN suffixes has been read, every suffix may be one of them.
    fn knows_domain(&self, domain: &str) -> bool {
        self.inner.suffixes.knows(domain).unwrap_or(true)
    }

    async fn find(&self, name: &LoginName) -> Result<Option<Candidate>, DirectoryError> {
        self.inner.find(name).await
    }

    async fn find_by_sid(&self, sid: &Sid) -> Result<Option<Candidate>, DirectoryError> {
        self.inner.find_by_sid(sid).await
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
        self.inner.check_password(candidate, password).await
    }

    async fn check_nobody(&self, password: &Password) -> Result<(), DirectoryError> {
        self.inner.check_nobody(password).await
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
        self.inner.change_password(candidate, old, new).await
    }

    async fn domain_policy(&self) -> Result<Arc<PasswordPolicy>, DirectoryError> {
        self.inner.domain_policy(self.inner.deadline()).await
    }

    async fn policy_of(
        &self,
        candidate: &Candidate,
    ) -> Result<Arc<PasswordPolicy>, DirectoryError> {
        self.inner.policy_of(candidate).await
    }

    async fn lockout_status(
        &self,
        account: AccountId,
    ) -> Result<Option<LockoutStatus>, DirectoryError> {
        self.inner.lockout_status(account).await
    }

    async fn read(&self, account: AccountId) -> Result<Option<Account>, DirectoryError> {
        self.inner.read(account, None, self.inner.deadline()).await
    }

    async fn query(&self, query: &ActiveDirectoryQuery) -> Result<Rows, DirectoryError> {
        self.inner.query(query).await
    }

    async fn find_by_certificate(
        &self,
        search: &CertificateSearch,
    ) -> Result<Vec<CertificateCandidate>, DirectoryError> {
        self.inner.find_by_certificate(search).await
    }

    async fn authorities(&self) -> Result<PublishedAuthorities, DirectoryError> {
        self.inner.authorities().await
    }

    async fn health(&self) -> Vec<ControllerHealth> {
        self.inner.fleet.health()
    }
}

impl Inner {
    fn deadline(&self) -> Instant {
        Instant::now() + self.fleet.shared.timing.whole
    }

    /// Searches on any controller.
    async fn search(
        &self,
        search: Search,
        prefer: Option<&str>,
        deadline: Instant,
    ) -> Result<(Found, Arc<Controller>), DirectoryError> {
        let search = Arc::new(search);
        let request = |controller: Arc<Controller>| {
            let search = Arc::clone(&search);
            let answer: futures_util::future::BoxFuture<'static, _> =
                Box::pin(async move { controller.search(&search, deadline).await });
            answer
        };
        self.fleet
            .ask(prefer, deadline, request)
            .await
            .map_err(|failure| self.error(failure))
    }

    fn error(&self, failure: Failure) -> DirectoryError {
        let directory = self.name.to_string();
        match failure {
            Failure::ServiceAccount(detail) => {
                DirectoryError::ServiceAccountRefused { directory, detail }
            }
            Failure::Refused(detail) => DirectoryError::QueryRefused { directory, detail },
            Failure::Certificate(refused) => DirectoryError::Unavailable {
                directory,
                detail: format!("TLS: {refused}"),
            },
            Failure::Unreachable(detail) | Failure::NoAnswer(detail) | Failure::Unable(detail) => {
                DirectoryError::Unavailable { directory, detail }
            }
        }
    }

    fn malformed(&self, detail: impl Into<String>) -> DirectoryError {
        DirectoryError::MalformedAnswer {
            directory: self.name.to_string(),
            detail: detail.into(),
        }
    }
}
