//! The guard against guessing: counts a try before it is made, and only then permits it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration as StdDuration;

use signet_directory::LockoutPermit;
use signet_model::{AccountId, NetworkLocation, RequestContext};
use time::OffsetDateTime;
use tokio::time::sleep;
use tracing::warn;

use crate::bucket::{Bucket, BucketKeys, BucketKind, Target};
use crate::failure::SignInFailure;
use crate::ledger::{AttemptLedger, CountsFrom, Demand, Effect, NotReserved};
use crate::limits::Limits;
use crate::local_ledger::LocalLedger;

/// How often and how long a try waits for tries of *other* accounts from its address to settle.
const WAITS: u32 = 20;
const WAIT: StdDuration = StdDuration::from_millis(50);

/// Stands before every check of a password, whatever the protocol or page (PWD-11): the directory
/// wants a [`LockoutPermit`], and only [`Guard::admit`] makes one.
pub struct Guard {
    ledger: Arc<dyn AttemptLedger>,
    limits: Limits,
    keys: BucketKeys,
    strict: Limits,
    local: LocalLedger,
}

/// A try that was counted and has to be settled. One that never is counts as a wrong password.
#[derive(Debug)]
#[must_use = "a ticket that is not settled counts as a wrong password"]
pub struct Ticket {
    demands: Vec<Demand>,
    familiar: Option<(Bucket, Bucket)>,
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

impl Guard {
    /// Counts in `ledger`; while it cannot be reached, each node counts for itself at a third of `limits`.
    ///
    /// `key` makes the counters' keys, the same on every node; derived from the master key for this alone.
    pub fn new(ledger: Arc<dyn AttemptLedger>, limits: Limits, key: &[u8; 32]) -> Self {
        Self {
            ledger,
            strict: limits.strict(),
            limits,
            keys: BucketKeys::new(key),
            local: LocalLedger::new(),
        }
    }

    /// Counts a try at `account`, then permits it.
    ///
    /// # Errors
    /// [`SignInFailure::Throttled`].
    pub async fn admit(
        &self,
        account: AccountId,
        context: &RequestContext,
        now: OffsetDateTime,
    ) -> Result<(LockoutPermit, Ticket), SignInFailure> {
        let ticket = self
            .reserve(Target::Account(account), Some(account), context, now)
            .await?;
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the guard: the try has just been counted"
        )]
        let permit = LockoutPermit::issue_for(account);
        Ok((permit, ticket))
    }

    /// Counts a try at a name that no account has, just as [`Guard::admit`] counts one at an account.
    /// Nothing is permitted by it.
    pub(crate) async fn admit_nobody(
        &self,
        tag: [u8; 2],
        context: &RequestContext,
        now: OffsetDateTime,
    ) -> Result<Ticket, SignInFailure> {
        self.reserve(Target::Nobody(tag), None, context, now).await
    }

    /// Says how a counted try ended.
    ///
    /// When the counters cannot be reached the try stays counted as a wrong password, and the log says so.
    pub async fn settle(&self, ticket: Ticket, verdict: Verdict, now: OffsetDateTime) {
        let effect = |demand: &Demand| match verdict {
            Verdict::Failure => Effect::Count,
            Verdict::Success if demand.bucket.kind().is_account() => Effect::Clear,
            Verdict::Success | Verdict::Void => Effect::Release,
        };
        let effects: Vec<(Demand, Effect)> = ticket
            .demands
            .iter()
            .map(|demand| (*demand, effect(demand)))
            .collect();
        if ticket.local {
            self.local.settle(&effects, now);
            return;
        }
        if let Err(error) = self.ledger.settle(&effects, now).await {
            warn!(%error, ?verdict, "a sign-in attempt could not be settled and stays counted as failed");
            return;
        }
        if let (Verdict::Success, Some((account, source))) = (verdict, ticket.familiar)
            && let Err(error) = self.ledger.remember(account, source, now).await
        {
            warn!(%error, "a familiar address could not be remembered");
        }
    }

    pub(crate) fn name_tag(&self, domain: &str, user: &str) -> [u8; 2] {
        self.keys.name_tag(domain, user)
    }

    async fn reserve(
        &self,
        target: Target,
        account: Option<AccountId>,
        context: &RequestContext,
        now: OffsetDateTime,
    ) -> Result<Ticket, SignInFailure> {
        let source = self.keys.address(context.client_ip);
        let owner = self.keys.target(BucketKind::AccountNear, target);
        let (near, reachable) = self.is_near(owner, source, context).await;
        // A place is remembered only when its address is certain: a proxy that did not say for whom
        // it speaks is everybody's address.
        let certain = context.proxy.is_none() || context.forwarded_for.is_some();
        let remember = certain && context.location == NetworkLocation::Outside;
        if reachable {
            let demands = self.demands(&self.limits, target, near, context);
            match self.reserve_patiently(&demands, now).await {
                Ok(()) => {
                    return Ok(Ticket {
                        demands,
                        familiar: remember.then_some((owner, source)),
                        local: false,
                    });
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
        let demands = self.demands(&self.strict, target, near, context);
        match self.local.reserve(&demands, now) {
            Ok(()) => Ok(Ticket {
                demands,
                familiar: None,
                local: true,
            }),
            Err((bucket, retry_after)) => Err(throttled(bucket, retry_after, account, context)),
        }
    }

    /// Whether the try comes from where the account's owner is known to be, and whether the ledger could say.
    async fn is_near(
        &self,
        owner: Bucket,
        source: Bucket,
        context: &RequestContext,
    ) -> (bool, bool) {
        match self.ledger.is_familiar(owner, source).await {
            Ok(familiar) => {
                let unknown = context.proxy.is_some() && context.forwarded_for.is_none();
                (
                    context.location == NetworkLocation::Inside || (familiar && !unknown),
                    true,
                )
            }
            Err(error) => {
                warn!(%error, "counting on this node alone, at a third of the limits");
                (context.location == NetworkLocation::Inside, false)
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

    fn demands(
        &self,
        limits: &Limits,
        target: Target,
        near: bool,
        context: &RequestContext,
    ) -> Vec<Demand> {
        let address: IpAddr = context.client_ip;
        let inside = context.location == NetworkLocation::Inside;
        let (kind, limit) = if near {
            (BucketKind::AccountNear, limits.account_near)
        } else {
            (BucketKind::AccountFar, limits.account_far)
        };
        let window = limits.window;
        let mut demands = vec![
            Demand {
                bucket: self.keys.target(kind, target),
                limit,
                window,
                counts_from: CountsFrom::LastTry,
            },
            Demand {
                bucket: self.keys.address(address),
                limit: if inside {
                    limits.address_inside
                } else {
                    limits.address
                },
                window,
                counts_from: CountsFrom::FirstTry,
            },
        ];
        if !inside {
            let bucket = self.keys.network(address);
            demands.push(Demand {
                bucket,
                limit: limits.network,
                window,
                counts_from: CountsFrom::FirstTry,
            });
        }
        // One order for all, so that two nodes never wait for each other's rows.
        demands.sort_by_key(|demand| demand.bucket);
        demands
    }
}

fn throttled(
    bucket: Bucket,
    retry_after: time::Duration,
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
