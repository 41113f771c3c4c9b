//! All controllers of one domain: which one to ask, and what to do when it does not answer.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::budget::Budget;
use super::config::Controllers;
use super::controller::{Controller, Shared};
use super::failure::Failure;
use super::keeper::keep;
use super::tasks::Task;
use super::transport::Transport;
use crate::directory::{ControllerHealth, ControllerState};

/// The pause before DNS is asked again after it failed; it doubles up to the refresh period.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// How long a request waits for a controller to come back when all are down.
const PATIENCE: Duration = Duration::from_secs(1);

/// The controllers of one domain.
pub(crate) struct Fleet {
    pub(crate) shared: Arc<Shared>,
    members: Arc<ArcSwap<Vec<Arc<Member>>>>,
    trouble: Arc<ArcSwap<String>>,
    budget: Budget,
    _refresh: Option<Task>,
}

struct Member {
    controller: Arc<Controller>,
    _keeper: Task,
}

/// How a member is made; shared with the task that refreshes the list.
#[derive(Clone)]
struct Recruiter {
    shared: Arc<Shared>,
    base: Arc<str>,
}

impl Recruiter {
    fn member(&self, host: &str, port: u16, tls_name: &str) -> Option<Arc<Member>> {
        let controller = Arc::new(Controller::new(
            host,
            port,
            tls_name,
            Arc::clone(&self.shared),
        )?);
        let keeper = Task::spawn(keep(
            Arc::clone(&controller),
            Arc::clone(&self.shared),
            Arc::clone(&self.base),
        ));
        Some(Arc::new(Member {
            controller,
            _keeper: keeper,
        }))
    }
}

impl Fleet {
    /// Starts testing the listed controllers, or looking for them; needs a Tokio runtime.
    pub(crate) fn start(
        shared: Shared,
        controllers: Controllers,
        dns_domain: &str,
        base: Arc<str>,
    ) -> Self {
        let shared = Arc::new(shared);
        let recruiter = Recruiter {
            shared: Arc::clone(&shared),
            base,
        };
        let members = Arc::new(ArcSwap::from_pointee(Vec::new()));
        let trouble = Arc::new(ArcSwap::from_pointee(
            "no domain controller is known yet".to_owned(),
        ));
        let refresh = match controllers {
            Controllers::Listed(addresses) => {
                let listed = addresses.iter().filter_map(|address| {
                    let port = address
                        .port
                        .unwrap_or(shared.security.transport.usual_port());
                    recruiter.member(&address.host, port, address.certificate_name())
                });
                members.store(Arc::new(listed.collect()));
                None
            }
            Controllers::Discover { site } => {
                let refresh = refresh(
                    recruiter,
                    dns_domain.to_owned(),
                    site,
                    Arc::clone(&members),
                    Arc::clone(&trouble),
                );
                Some(Task::spawn(refresh))
            }
        };
        Self {
            shared,
            members,
            trouble,
            budget: Budget::new(),
            _refresh: refresh,
        }
    }

    pub(crate) fn health(&self) -> Vec<ControllerHealth> {
        self.members
            .load()
            .iter()
            .map(|member| member.controller.health())
            .collect()
    }

    /// The controllers to ask, best first: those that answer, then those in doubt; never one that is
    /// down. `prefer` comes first if it answers. Waits a moment when all are down.
    pub(crate) async fn order(
        &self,
        prefer: Option<&str>,
        deadline: Instant,
    ) -> Result<Vec<Arc<Controller>>, Failure> {
        let patience = deadline.min(Instant::now() + PATIENCE);
        loop {
            let recovered = self.shared.recovered.notified();
            let members = self.members.load_full();
            let mut order: Vec<Arc<Controller>> = members
                .iter()
                .map(|member| Arc::clone(&member.controller))
                .filter(|controller| controller.state() != ControllerState::Down)
                .collect();
            order.sort_by_key(|controller| {
                let doubtful = controller.state() == ControllerState::Suspect;
                (doubtful, prefer != Some(&*controller.name))
            });
            if !order.is_empty() {
                return Ok(order);
            }
            if timeout_at(patience, recovered).await.is_err() {
                return Err(match self.shared.service_lock.check(Instant::now()) {
                    Ok(()) => Failure::NoAnswer(self.trouble_now()),
                    Err(diagnostic) => Failure::ServiceAccount(diagnostic),
                });
            }
        }
    }

    /// What is wrong with every controller.
    fn trouble_now(&self) -> String {
        let members = self.members.load();
        if members.is_empty() {
            return self.trouble.load().to_string();
        }
        let each = members.iter().map(|member| {
            let health = member.controller.health();
            format!(
                "{}: {}",
                health.name,
                health.detail.unwrap_or_else(|| "no answer yet".to_owned())
            )
        });
        each.collect::<Vec<_>>().join("; ")
    }

    /// Asks controllers until one answers: the next as soon as one fails, and a second one when the
    /// first is slow. Only for requests that may be made twice.
    pub(crate) async fn ask<T: Send>(
        &self,
        prefer: Option<&str>,
        deadline: Instant,
        request: impl Fn(Arc<Controller>) -> BoxFuture<'static, Result<T, Failure>> + Send + Sync,
    ) -> Result<(T, Arc<Controller>), Failure> {
        self.budget.earn();
        let order = self.order(prefer, deadline).await?;
        let mut waiting = order.into_iter();
        let mut running = FuturesUnordered::new();
        let mut asked: Vec<Arc<Controller>> = Vec::new();
        let start = |controller: Arc<Controller>, running: &FuturesUnordered<_>| {
            let answer = request(Arc::clone(&controller));
            running.push(async move { (answer.await, controller) });
        };
        let mut failures = Vec::new();
        let mut hedge_at = Some(Instant::now() + self.shared.timing.hedge_after);
        if let Some(first) = waiting.next() {
            asked.push(Arc::clone(&first));
            start(first, &running);
        }
        loop {
            tokio::select! {
                Some((answer, controller)) = running.next() => match answer {
                    Ok(value) => {
                        controller.note_answer();
                        // Whoever was asked before and is still silent is tested before it is asked again.
                        for slower in asked.iter().take_while(|one| !Arc::ptr_eq(one, &controller)) {
                            slower.note_suspicion();
                        }
                        return Ok((value, controller));
                    }
                    Err(failure @ Failure::Refused(_)) => return Err(failure),
                    Err(failure) => {
                        controller.note_failure(&failure).await;
                        failures.push((Arc::clone(&controller.name), failure));
                        asked.retain(|one| !Arc::ptr_eq(one, &controller));
                        match waiting.next() {
                            Some(next) => {
                                asked.push(Arc::clone(&next));
                                start(next, &running);
                            }
                            None if running.is_empty() => return Err(summary(failures)),
                            None => {}
                        }
                    }
                },
                () = async { match hedge_at { Some(at) => sleep_until(at).await, None => std::future::pending().await } } => {
                    hedge_at = None;
                    if self.budget.spend() && let Some(next) = waiting.next() {
                        asked.push(Arc::clone(&next));
                        start(next, &running);
                        hedge_at = Some(Instant::now() + self.shared.timing.hedge_after);
                    }
                }
                () = sleep_until(deadline) => {
                    let failure = Failure::NoAnswer("time ran out".to_owned());
                    for silent in &asked {
                        // A hard search may be slow where the controller is well: its keeper finds out.
                        silent.note_suspicion();
                        failures.push((Arc::clone(&silent.name), failure.clone()));
                    }
                    return Err(summary(failures));
                }
            }
        }
    }
}

/// One failure for all: the operator's fault first, if it is among them.
fn summary(failures: Vec<(Arc<str>, Failure)>) -> Failure {
    let service = failures
        .iter()
        .find(|(_, failure)| matches!(failure, Failure::ServiceAccount(_)));
    if let Some((_, failure)) = service {
        return failure.clone();
    }
    let each: Vec<String> = failures
        .iter()
        .map(|(name, failure)| format!("{name}: {failure}"))
        .collect();
    Failure::NoAnswer(each.join("; "))
}

/// Keeps the list of controllers current. While DNS fails, the last list stays.
async fn refresh(
    recruiter: Recruiter,
    domain: String,
    site: Option<String>,
    members: Arc<ArcSwap<Vec<Arc<Member>>>>,
    trouble: Arc<ArcSwap<String>>,
) {
    let shared = Arc::clone(&recruiter.shared);
    let mut pause = FIRST_PAUSE;
    loop {
        let found = match shared.resolver.controllers(&domain, site.as_deref()).await {
            // A site without controllers is served by those of the domain.
            Err(_) if site.is_some() => shared.resolver.controllers(&domain, None).await,
            found => found,
        };
        match found {
            Ok(targets) => {
                pause = FIRST_PAUSE;
                let known = members.load_full();
                let current = targets.iter().filter_map(|target| {
                    let port = match shared.security.transport {
                        Transport::Ldaps => Transport::Ldaps.usual_port(),
                        Transport::StartTls => target.port,
                    };
                    let same = |member: &&Arc<Member>| {
                        member.controller.host == target.host && member.controller.port == port
                    };
                    known
                        .iter()
                        .find(same)
                        .cloned()
                        .or_else(|| recruiter.member(&target.host, port, &target.host))
                });
                members.store(Arc::new(current.collect()));
                shared.recovered.notify_waiters();
                tokio::time::sleep(shared.timing.refresh).await;
            }
            Err(detail) => {
                tracing::warn!(
                    detail,
                    "domain controllers cannot be looked up; the last list stays"
                );
                trouble.store(Arc::new(detail));
                tokio::time::sleep(pause).await;
                pause = shared
                    .timing
                    .refresh
                    .min(pause * 2)
                    .min(Duration::from_secs(30));
            }
        }
    }
}
