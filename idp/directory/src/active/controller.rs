//! One domain controller: its connections, and whether it is asked.
//!
//! Two pools, never mixed: *search* connections are bound as the service account once and never
//! again; *auth* connections carry one bind at a time and are never searched on, so that whoever
//! they are bound as, nothing is ever read in that person's name.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::pki_types::ServerName;
use time::{Duration as Span, OffsetDateTime};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, timeout_at};

use super::config::{ServiceAccount, Timing};
use super::connection::{Connection, Found, Search};
use super::failure::Failure;
use super::resolver::Resolver;
use super::service_lock::ServiceLock;
use super::transport::Security;
use crate::clock::Clock;
use crate::directory::{ClockReading, ControllerHealth, ControllerState};
use crate::event::DirectoryEvent;

/// Search connections a controller.
const SEARCH_CONNECTIONS: usize = 2;
/// An auth connection that lay idle longer is not used again: the controller may be about to close it.
const IDLE: Duration = Duration::from_secs(60);

/// Clocks that differ by more are worth an alarm: Kerberos refuses (RFC 4120, 1.6), and so do most applications.
const CLOCKS_DIFFER: Span = Span::minutes(5);

/// What all controllers of one domain share.
pub(crate) struct Shared {
    pub(crate) resolver: Resolver,
    pub(crate) security: Security,
    pub(crate) service_account: ServiceAccount,
    pub(crate) service_lock: ServiceLock,
    pub(crate) timing: Timing,
    pub(crate) clock: Clock,
    /// Whose controllers they are.
    pub(crate) directory: Arc<str>,
    /// Where an operator hears of what should be mended.
    pub(crate) reports: Option<mpsc::Sender<DirectoryEvent>>,
    /// Told whenever a controller has come back.
    pub(crate) recovered: Notify,
}

/// One controller.
pub(crate) struct Controller {
    /// `host:port`, as logs name it.
    pub(crate) name: Arc<str>,
    pub(crate) host: String,
    pub(crate) port: u16,
    tls_name: ServerName<'static>,
    shared: Arc<Shared>,
    condition: Mutex<Condition>,
    /// Told when the condition got worse, so that it is tested at once.
    pub(crate) doubted: Notify,
    addresses: Mutex<Vec<SocketAddr>>,
    searching: [tokio::sync::Mutex<Option<Arc<Connection>>>; SEARCH_CONNECTIONS],
    next_search: AtomicUsize,
    search_turns: Semaphore,
    idle_auth: Mutex<Vec<(Connection, Instant)>>,
    auth_turns: Arc<Semaphore>,
}

#[derive(Clone, Debug)]
struct Condition {
    state: ControllerState,
    detail: Option<String>,
    last_answer: Option<OffsetDateTime>,
    clock: Option<ClockReading>,
    /// Thumbprint of the certificate that an operator was told about.
    told_certificate: Option<String>,
    /// An operator was told that the clocks differ.
    told_clock: bool,
}

/// An auth connection that is lent for one bind.
pub(crate) struct Lent {
    pub(crate) connection: Connection,
    turn: OwnedSemaphorePermit,
}

impl Controller {
    /// `None` when `tls_name` can be in no certificate.
    pub(crate) fn new(host: &str, port: u16, tls_name: &str, shared: Arc<Shared>) -> Option<Self> {
        let timing = shared.timing.clone();
        Some(Self {
            name: Arc::from(if host.contains(':') {
                format!("[{host}]:{port}")
            } else {
                format!("{host}:{port}")
            }),
            host: host.to_owned(),
            port,
            tls_name: ServerName::try_from(tls_name.to_owned()).ok()?,
            shared,
            condition: Mutex::new(Condition {
                state: ControllerState::Unknown,
                detail: None,
                last_answer: None,
                clock: None,
                told_certificate: None,
                told_clock: false,
            }),
            doubted: Notify::new(),
            addresses: Mutex::new(Vec::new()),
            searching: Default::default(),
            next_search: AtomicUsize::new(0),
            search_turns: Semaphore::new(timing.searches),
            idle_auth: Mutex::new(Vec::new()),
            auth_turns: Arc::new(Semaphore::new(timing.auth_connections)),
        })
    }

    pub(crate) fn state(&self) -> ControllerState {
        lock(&self.condition).state
    }

    pub(crate) fn health(&self) -> ControllerHealth {
        let condition = lock(&self.condition).clone();
        ControllerHealth {
            name: self.name.to_string(),
            state: condition.state,
            detail: condition.detail,
            last_answer: condition.last_answer,
            clock: condition.clock,
        }
    }

    /// It said what time it is, while it was `here` on this machine.
    pub(crate) fn note_clock(
        &self,
        there: OffsetDateTime,
        here: OffsetDateTime,
        taken: std::time::Instant,
    ) {
        let ahead = here - there;
        let differ = ahead.abs() > CLOCKS_DIFFER;
        let told = {
            let mut condition = lock(&self.condition);
            condition.clock = Some(ClockReading { ahead, taken });
            std::mem::replace(&mut condition.told_clock, differ)
        };
        if differ && !told {
            self.report(DirectoryEvent::ClocksDiffer {
                directory: self.shared.directory.to_string(),
                controller: self.name.to_string(),
                ahead,
            });
        } else if told && !differ {
            tracing::info!(controller = %self.name, "this machine's clock and the domain controller's agree again");
        }
    }

    fn report(&self, event: DirectoryEvent) {
        tracing::error!(code = event.code(), directory = %self.shared.directory, "{event}");
        if let Some(reports) = &self.shared.reports {
            // Full: nobody writes down any more, and the log has it.
            let _ = reports.try_send(event);
        }
    }

    /// It answered.
    pub(crate) fn note_answer(&self) {
        let now = self.shared.clock.now();
        let mut condition = lock(&self.condition);
        condition.last_answer = Some(now);
        condition.told_certificate = None;
        if condition.state != ControllerState::Up {
            let was = std::mem::replace(&mut condition.state, ControllerState::Up);
            condition.detail = None;
            drop(condition);
            if was == ControllerState::Down {
                tracing::info!(controller = %self.name, "domain controller answers again");
            }
            self.shared.recovered.notify_waiters();
        }
    }

    /// It failed: every connection to it is given up when it is out.
    pub(crate) async fn note_failure(&self, failure: &Failure) {
        let mut alarm = None;
        {
            let mut condition = lock(&self.condition);
            condition.detail = Some(failure.to_string());
            let down = failure.is_outage() || matches!(failure, Failure::ServiceAccount(_));
            if !down {
                return;
            }
            if let Failure::Certificate(refused) = failure {
                if condition.told_certificate.as_ref() != Some(&refused.thumbprint) {
                    condition.told_certificate = Some(refused.thumbprint.clone());
                    alarm = Some(refused.as_ref().clone());
                }
            } else if condition.state != ControllerState::Down {
                tracing::warn!(controller = %self.name, failure = %failure, "domain controller is skipped");
            }
            condition.state = ControllerState::Down;
        }
        if let Some(certificate) = alarm {
            self.report(DirectoryEvent::CertificateRefused {
                directory: self.shared.directory.to_string(),
                controller: self.name.to_string(),
                certificate,
            });
        }
        lock(&self.idle_auth).clear();
        for slot in &self.searching {
            if let Ok(mut slot) = slot.try_lock() {
                *slot = None;
            }
        }
        self.doubted.notify_one();
    }

    /// Another controller that was asked later answered sooner.
    pub(crate) fn note_suspicion(&self) {
        let mut condition = lock(&self.condition);
        if matches!(
            condition.state,
            ControllerState::Up | ControllerState::Unknown
        ) {
            condition.state = ControllerState::Suspect;
            condition.detail = Some("slower than another controller".to_owned());
            drop(condition);
            self.doubted.notify_one();
        }
    }

    /// Searches as the service account. A pooled connection that turns out dead is replaced once.
    pub(crate) async fn search(
        &self,
        search: &Search,
        deadline: Instant,
    ) -> Result<Found, Failure> {
        let late = || Failure::Unable("too many searches at once".to_owned());
        let turn = timeout_at(deadline, self.search_turns.acquire()).await;
        let _turn = turn.map_err(|_| late())?.map_err(|_| late())?;
        let (connection, fresh) = self.search_connection(deadline).await?;
        match connection.search(search, deadline).await {
            Err(Failure::NoAnswer(_)) if !fresh && Instant::now() < deadline => {
                let (connection, _) = self.search_connection(deadline).await?;
                connection.search(search, deadline).await
            }
            result => result,
        }
    }

    fn may_use(&self, connection: &Connection) -> bool {
        connection.is_usable(&self.shared.security, self.shared.clock.now())
    }

    async fn search_connection(
        &self,
        deadline: Instant,
    ) -> Result<(Arc<Connection>, bool), Failure> {
        let at = self.next_search.fetch_add(1, Ordering::Relaxed) % SEARCH_CONNECTIONS;
        let slot = self.searching.get(at).or_else(|| self.searching.first());
        let slot = slot.ok_or_else(|| Failure::Unreachable("no search connections".to_owned()))?;
        let open_by = deadline.min(Instant::now() + self.shared.timing.open);
        let slot = timeout_at(open_by, slot.lock()).await;
        let mut slot =
            slot.map_err(|_| Failure::Unreachable("connecting: time ran out".to_owned()))?;
        if let Some(connection) = slot.as_ref().filter(|connection| self.may_use(connection)) {
            return Ok((Arc::clone(connection), false));
        }
        *slot = None;
        let connection = Arc::new(self.open_bound(open_by).await?);
        *slot = Some(Arc::clone(&connection));
        Ok((connection, true))
    }

    /// A connection for one password change: its own, so that nothing that is sent was cut off by an old
    /// connection's end. Takes a turn among the binds.
    pub(crate) async fn open_for_change(
        &self,
        deadline: Instant,
    ) -> Result<(Connection, OwnedSemaphorePermit), Failure> {
        let late = || Failure::Unable("too many binds at once".to_owned());
        let turn = timeout_at(deadline, Arc::clone(&self.auth_turns).acquire_owned()).await;
        let turn = turn.map_err(|_| late())?.map_err(|_| late())?;
        let open_by = deadline.min(Instant::now() + self.shared.timing.open);
        Ok((self.open_bound(open_by).await?, turn))
    }

    /// A new connection, bound as the service account.
    async fn open_bound(&self, deadline: Instant) -> Result<Connection, Failure> {
        let shared = &self.shared;
        shared
            .service_lock
            .check(Instant::now())
            .map_err(Failure::ServiceAccount)?;
        let connection = self.open(deadline).await?;
        let account = &shared.service_account;
        let result = connection
            .bind(&account.name, account.password.expose(), deadline)
            .await;
        let result = result.map_err(|failure| {
            Failure::Unreachable(format!("bind of the service account: {failure}"))
        })?;
        let diagnostic = format!(
            "result {}: {}",
            result.rc,
            result.text.trim_end_matches('\0')
        );
        match result.rc {
            0 => {
                shared.service_lock.clear();
                Ok(connection)
            }
            49 => {
                shared.service_lock.refuse(&diagnostic, Instant::now());
                Err(Failure::ServiceAccount(diagnostic))
            }
            _ => Err(Failure::Unreachable(format!(
                "bind of the service account: {diagnostic}"
            ))),
        }
    }

    async fn open(&self, deadline: Instant) -> Result<Connection, Failure> {
        let addresses = self.current_addresses(deadline).await?;
        let shared = &self.shared;
        Connection::open(
            &addresses,
            &self.tls_name,
            &shared.security,
            shared.timing.connect,
            deadline,
        )
        .await
    }

    /// Asks DNS, and falls back on what it said last.
    async fn current_addresses(&self, deadline: Instant) -> Result<Vec<SocketAddr>, Failure> {
        let asked = timeout_at(
            deadline,
            self.shared.resolver.addresses(&self.host, self.port),
        )
        .await;
        let failure = match asked {
            Ok(Ok(addresses)) => {
                lock(&self.addresses).clone_from(&addresses);
                return Ok(addresses);
            }
            Ok(Err(failure)) => failure,
            Err(_) => format!("{}: DNS: time ran out", self.host),
        };
        let known = lock(&self.addresses).clone();
        if known.is_empty() {
            Err(Failure::Unreachable(failure))
        } else {
            Ok(known)
        }
    }

    /// A connection for one bind: an idle one, or a new one. Nothing is sent over it here.
    pub(crate) async fn lend(&self, deadline: Instant) -> Result<Lent, Failure> {
        let late = || Failure::Unable("too many binds at once".to_owned());
        let turn = timeout_at(deadline, Arc::clone(&self.auth_turns).acquire_owned()).await;
        let turn = turn.map_err(|_| late())?.map_err(|_| late())?;
        loop {
            let idle = lock(&self.idle_auth).pop();
            match idle {
                Some((connection, since))
                    if since.elapsed() < IDLE && self.may_use(&connection) =>
                {
                    return Ok(Lent { connection, turn });
                }
                Some(_) => {}
                None => break,
            }
        }
        let open_by = deadline.min(Instant::now() + self.shared.timing.open);
        Ok(Lent {
            connection: self.open(open_by).await?,
            turn,
        })
    }

    /// Takes back a connection whose bind was answered.
    pub(crate) fn give_back(&self, lent: Lent) {
        let Lent { connection, turn } = lent;
        if self.may_use(&connection) && self.state() != ControllerState::Down {
            let mut idle = lock(&self.idle_auth);
            idle.retain(|(_, since)| since.elapsed() < IDLE);
            idle.push((connection, Instant::now()));
        }
        drop(turn);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
