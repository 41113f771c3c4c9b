//! The guard against guessing codes: a try is counted before it is made.

use std::sync::Arc;

use signet_model::AccountId;
use time::{Duration, OffsetDateTime};
use tracing::warn;

use crate::bucket::{BucketKeys, BucketKind, Target};
use crate::factors::failure::FactorFailure;
use crate::ledger::{AttemptLedger, CountsFrom, Demand, Effect, NotReserved};

/// How many wrong codes an account may have. A code of six digits is right by chance in three of a million tries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactorLimits {
    /// Within [`FactorLimits::window`].
    pub tries: u32,
    /// How long the short counter holds, from its first try.
    pub window: Duration,
    /// Within a day: the short counter alone would let somebody who has the password go on for ever.
    pub tries_a_day: u32,
}

impl Default for FactorLimits {
    fn default() -> Self {
        Self {
            tries: 5,
            window: Duration::minutes(15),
            tries_a_day: 30,
        }
    }
}

/// Stands before every check of a code. All kinds of codes of an account that are checked here share its counters. While the counters cannot be
/// reached no code is checked.
pub struct FactorGuard {
    ledger: Arc<dyn AttemptLedger>,
    limits: FactorLimits,
    keys: BucketKeys,
}

/// A try that was counted. One that is never settled counts as a wrong code.
#[must_use = "a try that is not settled counts as a wrong code"]
pub(crate) struct Try(Vec<Demand>);

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Right: both counters start again.
    Right,
    Wrong,
    /// No verdict.
    Void,
}

impl FactorGuard {
    /// Counts in `ledger`; `key` is that of the guard for passwords: the kinds of counters keep them apart.
    pub fn new(ledger: Arc<dyn AttemptLedger>, limits: FactorLimits, key: &[u8; 32]) -> Self {
        Self {
            ledger,
            limits,
            keys: BucketKeys::new(key),
        }
    }

    /// What another server checks (`remote`) is counted apart: that server's silence takes nobody's other factors away.
    pub(crate) async fn reserve(
        &self,
        account: AccountId,
        remote: bool,
        now: OffsetDateTime,
    ) -> Result<Try, FactorFailure> {
        let demand = |kind, limit, window| Demand {
            bucket: match remote {
                true => self.keys.remote(kind, account),
                false => self.keys.target(kind, Target::Account(account)),
            },
            limit,
            window,
            counts_from: CountsFrom::FirstTry,
        };
        // In the order of their buckets, so that two nodes never wait for each other's rows.
        let demands = vec![
            demand(
                BucketKind::SecondFactor,
                self.limits.tries,
                self.limits.window,
            ),
            demand(
                BucketKind::SecondFactorDay,
                self.limits.tries_a_day,
                Duration::days(1),
            ),
        ];
        match self.ledger.reserve(&demands, now).await {
            Ok(()) => Ok(Try(demands)),
            Err(NotReserved::Full { retry_after, .. }) => {
                warn!(%account, retry_after_seconds = retry_after.whole_seconds(), "too many wrong second factors: refused unchecked");
                Err(FactorFailure::Throttled { retry_after })
            }
            Err(NotReserved::Unavailable(error)) => Err(FactorFailure::NotCounted {
                detail: error.detail,
            }),
        }
    }

    pub(crate) async fn settle(&self, reserved: Try, outcome: Outcome, now: OffsetDateTime) {
        let effect = match outcome {
            Outcome::Right => Effect::Clear,
            Outcome::Wrong => Effect::Count,
            Outcome::Void => Effect::Release,
        };
        let effects: Vec<_> = reserved
            .0
            .into_iter()
            .map(|demand| (demand, effect))
            .collect();
        if let Err(error) = self.ledger.settle(&effects, now).await {
            warn!(%error, ?outcome, "the try of a second factor could not be settled and stays counted as wrong");
        }
    }
}
