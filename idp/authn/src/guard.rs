//! The guard against guessing: counts a try before it is made, and only then permits it.
//!
//! ```text
//! enter   banned network? address or network full? queue full?   before anything is looked up
//! admit   reserve in account, address and network                after the account is known
//! turn    one of a few checks under way in this process
//! settle  a failure, a success, or nothing
//! ```

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration as StdDuration;

use ipnet::IpNet;
use signet_directory::{DirectoryLockout, LockoutPermit};
use signet_model::{AccountId, NetworkLocation, RequestContext};
use time::{Duration, OffsetDateTime};
use tokio::sync::mpsc::Sender;
use tokio::time::sleep;
use tracing::warn;

use crate::bucket::{Bucket, BucketKeys, BucketKind, Target};
use crate::demands::Demands;
use crate::event::GuardEvent;
use crate::failure::SignInFailure;
use crate::ledger::{AttemptLedger, Counted, Demand, Effect, NotReserved};
use crate::local_ledger::LocalLedger;
use crate::settings::{GuardSettings, SmartLockout};
use crate::spray::{Seen, SprayWatch};
use crate::turns::{COME_AGAIN, Place, Turn, Turns};

/// How often and how long a try waits for tries of *other* accounts from its address to settle.
const WAITS: u32 = 20;
const WAIT: StdDuration = StdDuration::from_millis(50);
/// A familiar place is written down anew when it was last so long ago: not at every sign-in.
const REMEMBER_AGAIN: Duration = Duration::days(1);

/// Stands before every check of a password, whatever the protocol or page (PWD-11): the directory
/// wants a [`LockoutPermit`], and only [`Guard::admit`] makes one.
pub struct Guard {
    ledger: Arc<dyn AttemptLedger>,
    settings: GuardSettings,
    keys: BucketKeys,
    local: LocalLedger,
    turns: Turns,
    spray: SprayWatch,
    events: Option<Sender<GuardEvent>>,
}

/// A request that is not braked, with a place in this process's queue, given back when dropped.
#[derive(Debug)]
#[must_use = "the place is given back when this is dropped"]
pub struct Entry {
    _place: Place,
    /// Why unknown places are refused now.
    everywhere_full: Option<Duration>,
}

/// A try that was counted and has to be settled. One that never is counts as a wrong password.
#[derive(Debug)]
#[must_use = "a ticket that is not settled counts as a wrong password"]
pub struct Ticket {
    demands: Vec<Demand>,
    /// Counted on failure without a place taken before.
    tallies: Vec<Demand>,
    remember: Option<(Bucket, Bucket)>,
    target: u64,
    seen: Seen,
    local: bool,
}

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The password was right, and the sign-in goes on: the account's counter starts again.
    Success,
    /// The password was wrong.
    Failure,
    /// There was no verdict, or a right password that may not sign in: counts nothing, clears nothing.
    Void,
}

/// From where a try comes, as far as the ledger knows.
struct Known {
    /// A familiar place, or the inside.
    near: bool,
    /// The place should be written down after a success.
    write_down: bool,
    /// The shared counters answered.
    reachable: bool,
}

impl Guard {
    /// Counts in `ledger`; while it cannot be reached, each node counts for itself at a third of the limits.
    ///
    /// `key` makes the counters' keys, the same on every node; derived from the master key for this alone.
    pub fn new(
        ledger: Arc<dyn AttemptLedger>,
        settings: impl Into<GuardSettings>,
        key: &[u8; 32],
    ) -> Self {
        let settings = settings.into();
        Self {
            ledger,
            keys: BucketKeys::new(key),
            local: LocalLedger::new(),
            turns: Turns::new(settings.checks_at_once, settings.checks_waiting),
            spray: SprayWatch::new(settings.spray_accounts, settings.limits.window),
            events: None,
            settings,
        }
    }

    /// Sends what an operator should know to `events`; without room there it is only logged.
    #[must_use]
    pub fn reporting_to(mut self, events: Sender<GuardEvent>) -> Self {
        self.events = Some(events);
        self
    }

    /// What the guard was told.
    pub fn settings(&self) -> &GuardSettings {
        &self.settings
    }

    /// Refuses a request from a banned network.
    ///
    /// # Errors
    /// [`SignInFailure::Banned`].
    pub fn check_banned(&self, address: IpAddr) -> Result<(), SignInFailure> {
        let address = address.to_canonical();
        match self.banned(address) {
            Some(network) => Err(SignInFailure::Banned { network }),
            None => Ok(()),
        }
    }

    /// Takes a request in, before any directory is asked for it: a braked address costs the directory nothing.
    ///
    /// # Errors
    /// [`SignInFailure::Banned`], [`SignInFailure::Throttled`], [`SignInFailure::Busy`].
    pub async fn enter(
        &self,
        context: &RequestContext,
        now: OffsetDateTime,
    ) -> Result<Entry, SignInFailure> {
        self.check_banned(context.client_ip)?;
        let place = self.turns.enter().ok_or(SignInFailure::Busy {
            retry_after: COME_AGAIN,
        })?;
        let demands = self.demands(context);
        let brakes = demands.brakes();
        let everywhere = demands.everywhere();
        let buckets: Vec<Bucket> = brakes
            .iter()
            .chain(&everywhere)
            .map(|demand| demand.bucket)
            .collect();
        let (counted, share) = match self.ledger.counted(&buckets, now).await {
            Ok(counted) => (counted, 1),
            Err(error) => {
                warn!(%error, "asking the brakes of this node alone, at a third of the limits");
                let held = buckets.iter().map(|bucket| self.local.held(bucket, now));
                (held.collect(), 3)
            }
        };
        let mut everywhere_full = None;
        for (demand, counted) in brakes.iter().chain(&everywhere).zip(counted) {
            if counted.failures < (demand.limit / share).max(1) {
                continue;
            }
            let retry_after = counted.expires.map_or(demand.window, |end| end - now);
            if demand.bucket.kind() == BucketKind::Everywhere {
                everywhere_full = Some(retry_after);
            } else {
                return Err(throttled(demand.bucket, retry_after, None, context));
            }
        }
        Ok(Entry {
            _place: place,
            everywhere_full,
        })
    }

    /// Counts a try at `account`, then permits it. The directory's own lockout is not known here: whoever knows
    /// the account's directory asks [`Guard::admit_below`].
    ///
    /// # Errors
    /// As [`Guard::enter`].
    pub async fn admit(
        &self,
        account: AccountId,
        context: &RequestContext,
        now: OffsetDateTime,
    ) -> Result<(LockoutPermit, Ticket), SignInFailure> {
        let entry = self.enter(context, now).await?;
        self.admit_below(&entry, account, None, context, now).await
    }

    /// Counts a try at `account`, whose directory locks as `lockout` says, then permits it.
    ///
    /// # Errors
    /// [`SignInFailure::Throttled`].
    pub async fn admit_below(
        &self,
        entry: &Entry,
        account: AccountId,
        lockout: Option<&DirectoryLockout>,
        context: &RequestContext,
        now: OffsetDateTime,
    ) -> Result<(LockoutPermit, Ticket), SignInFailure> {
        let ticket = self
            .reserve(entry, Target::Account(account), lockout, context, now)
            .await?;
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the guard: the try has just been counted"
        )]
        let permit = LockoutPermit::issue_for(account);
        Ok((permit, ticket))
    }

    /// Counts a try at a name that no account has, just as [`Guard::admit_below`] counts one at an account.
    /// Nothing is permitted by it.
    pub(crate) async fn admit_nobody(
        &self,
        entry: &Entry,
        tag: [u8; 2],
        lockout: Option<&DirectoryLockout>,
        context: &RequestContext,
        now: OffsetDateTime,
    ) -> Result<Ticket, SignInFailure> {
        self.reserve(entry, Target::Nobody(tag), lockout, context, now)
            .await
    }

    /// A turn at the directory for a counted try; without one the try is settled as if it had not been.
    pub(crate) async fn turn(
        &self,
        ticket: Ticket,
        now: OffsetDateTime,
    ) -> Result<(Turn, Ticket), SignInFailure> {
        match self.turns.take().await {
            Some(turn) => Ok((turn, ticket)),
            None => {
                self.settle(ticket, Verdict::Void, now).await;
                Err(SignInFailure::Busy {
                    retry_after: COME_AGAIN,
                })
            }
        }
    }

    /// Says how a counted try ended.
    ///
    /// When the counters cannot be reached the try stays counted as a wrong password, and the log says so.
    pub async fn settle(&self, ticket: Ticket, verdict: Verdict, now: OffsetDateTime) {
        if verdict == Verdict::Failure
            && let Some(event) = self.spray.note(ticket.target, &ticket.seen, now)
        {
            self.report(event);
        }
        let effects = effects(&ticket, verdict);
        if ticket.local {
            self.local.settle(&effects, now);
            return;
        }
        if let Err(error) = self.ledger.settle(&effects, now).await {
            warn!(%error, ?verdict, "a sign-in attempt could not be settled and stays counted as failed");
            return;
        }
        if let (Verdict::Success, Some((account, source))) = (verdict, ticket.remember)
            && let Err(error) = self.ledger.remember(account, source, now).await
        {
            warn!(%error, "a familiar address could not be remembered");
        }
    }

    pub(crate) fn name_tag(&self, domain: &str, user: &str) -> [u8; 2] {
        self.keys.name_tag(domain, user)
    }

    pub(crate) fn keys(&self) -> &BucketKeys {
        &self.keys
    }

    pub(crate) fn ledger(&self) -> &dyn AttemptLedger {
        &*self.ledger
    }

    fn banned(&self, address: IpAddr) -> Option<IpNet> {
        let banned = self.settings.banned.iter();
        banned.copied().find(|network| network.contains(&address))
    }

    fn demands<'a>(&'a self, context: &'a RequestContext) -> Demands<'a> {
        Demands {
            settings: &self.settings,
            keys: &self.keys,
            address: context.client_ip,
            inside: context.location == NetworkLocation::Inside,
        }
    }

    async fn reserve(
        &self,
        entry: &Entry,
        target: Target,
        lockout: Option<&DirectoryLockout>,
        context: &RequestContext,
        now: OffsetDateTime,
    ) -> Result<Ticket, SignInFailure> {
        let account = match target {
            Target::Account(account) => Some(account),
            Target::Nobody(_) => None,
        };
        let source = self.keys.place(context.client_ip);
        let owner = self.keys.target(BucketKind::AccountNear, target);
        let known = self.known(owner, source, context, now).await;
        if let (false, Some(retry_after)) = (known.near, entry.everywhere_full) {
            return Err(throttled(
                self.keys.everywhere(),
                retry_after,
                account,
                context,
            ));
        }
        let limits = self.settings.limits_below(lockout);
        let all = self.demands(context);
        let ticket = |demands, tallies, remember, local| Ticket {
            demands,
            tallies,
            remember,
            target: owner.short(),
            seen: Seen::of(context),
            local,
        };
        if known.reachable {
            let mut demands = all.reserved(target, known.near, &limits);
            match self.reserve_patiently(&demands, now).await {
                Ok(()) => {
                    if let Some(watched) = all.watched(target, known.near, &limits) {
                        demands.extend(self.watch(watched, account, context, now).await);
                    }
                    let tallies = all.tallied(known.near);
                    let remember = known.write_down.then_some((owner, source));
                    return Ok(ticket(demands, tallies, remember, false));
                }
                Err(NotReserved::Full {
                    bucket,
                    retry_after,
                    ..
                }) => {
                    return Err(throttled(bucket, retry_after, account, context));
                }
                Err(NotReserved::Unavailable(error)) => {
                    warn!(%error, "counting on this node alone, at a third of the limits")
                }
            }
        }
        let demands = Demands::strict(all.reserved(target, known.near, &limits));
        match self.local.reserve(&demands, now) {
            Ok(()) => Ok(ticket(demands, Vec::new(), None, true)),
            Err((bucket, retry_after)) => Err(throttled(bucket, retry_after, account, context)),
        }
    }

    /// Whether the try comes from where the account's owner is known to be.
    async fn known(
        &self,
        owner: Bucket,
        source: Bucket,
        context: &RequestContext,
        now: OffsetDateTime,
    ) -> Known {
        let inside = context.location == NetworkLocation::Inside;
        // A place is known by an address that is certain: a proxy that did not say for whom it speaks is
        // everybody's address.
        let certain = context.proxy.is_none() || context.forwarded_for.is_some();
        let learns = self.settings.smart_lockout != SmartLockout::Off && certain && !inside;
        if !learns {
            return Known {
                near: inside,
                write_down: false,
                reachable: true,
            };
        }
        match self.ledger.familiar(owner, source).await {
            Ok(last) => Known {
                near: last.is_some(),
                write_down: last.is_none_or(|last| now - last >= REMEMBER_AGAIN),
                reachable: true,
            },
            Err(error) => {
                warn!(%error, "counting on this node alone, at a third of the limits");
                Known {
                    near: false,
                    write_down: false,
                    reachable: false,
                }
            }
        }
    }

    /// One account's places are refused at once when all are taken. An address is shared by strangers:
    /// there a try waits a moment for those under way to settle.
    async fn reserve_patiently(
        &self,
        demands: &[Demand],
        now: OffsetDateTime,
    ) -> Result<(), NotReserved> {
        for _ in 0..WAITS {
            match self.ledger.reserve(demands, now).await {
                Err(NotReserved::Full {
                    bucket,
                    under_way: true,
                    ..
                }) if !bucket.kind().is_account() => {
                    sleep(WAIT).await;
                }
                settled => return settled,
            }
        }
        self.ledger.reserve(demands, now).await
    }

    /// In log-only mode: takes a place however many there are, and says when smart lockout would have had none. Gives
    /// the place that was taken.
    async fn watch(
        &self,
        place: Demand,
        account: Option<AccountId>,
        context: &RequestContext,
        now: OffsetDateTime,
    ) -> Option<Demand> {
        let taken = Demand {
            limit: u32::MAX,
            ..place
        };
        self.ledger.reserve(&[taken], now).await.ok()?;
        let counted = self.ledger.counted(&[place.bucket], now).await;
        let held = counted.ok().and_then(|counted| counted.first().copied());
        let over = |held: &Counted| held.failures.saturating_add(held.under_way) > place.limit;
        if let (Some(held), Some(account)) = (held.filter(over), account) {
            self.report(GuardEvent::WouldRefuse {
                account,
                limit: place.bucket.kind(),
                retry_after: held.expires.map_or(place.window, |end| end - now),
                activity: context.activity,
            });
        }
        Some(taken)
    }

    fn report(&self, event: GuardEvent) {
        warn!(activity = %event.activity(), code = event.code(), ?event, "the guard reports");
        if let Some(events) = &self.events
            && let Err(full) = events.try_send(event)
        {
            warn!(%full, "nobody takes up what the guard reports");
        }
    }
}

fn effects(ticket: &Ticket, verdict: Verdict) -> Vec<(Demand, Effect)> {
    let effect = |demand: &Demand| match verdict {
        Verdict::Failure => Effect::Count,
        Verdict::Success if demand.bucket.kind().is_account() => Effect::Clear,
        Verdict::Success | Verdict::Void => Effect::Release,
    };
    let places = ticket.demands.iter();
    // What took no place has none to give back.
    let tallies = ticket
        .tallies
        .iter()
        .filter(|demand| effect(demand) != Effect::Release);
    places
        .chain(tallies)
        .map(|demand| (*demand, effect(demand)))
        .collect()
}

fn throttled(
    bucket: Bucket,
    retry_after: Duration,
    account: Option<AccountId>,
    context: &RequestContext,
) -> SignInFailure {
    warn!(
        activity = %context.activity,
        limit = ?bucket.kind(),
        account = account.map(tracing::field::display),
        retry_after_seconds = retry_after.whole_seconds(),
        "too many wrong passwords: refused without asking the directory"
    );
    SignInFailure::Throttled {
        retry_after,
        limit: bucket.kind(),
        account,
    }
}
