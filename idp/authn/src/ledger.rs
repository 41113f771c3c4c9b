//! The counters behind the guard, as the guard sees them.

use async_trait::async_trait;
use thiserror::Error;
use time::{Duration, OffsetDateTime};

use crate::bucket::Bucket;

/// Counters shared by all nodes of a farm. Each call is atomic, also against the calls of other nodes.
#[async_trait]
pub trait AttemptLedger: Send + Sync {
    /// Takes one place in every bucket, or in none.
    ///
    /// A bucket has room while its failures and its places not yet settled are fewer than its limit.
    /// A place that is never settled counts as a failure until its window has passed.
    ///
    /// # Errors
    /// [`NotReserved`].
    async fn reserve(&self, demands: &[Demand], now: OffsetDateTime) -> Result<(), NotReserved>;

    /// Gives back the places that `reserve` took, each with its effect.
    ///
    /// # Errors
    /// The counters could not be reached; the places then count as failures.
    async fn settle(
        &self,
        effects: &[(Demand, Effect)],
        now: OffsetDateTime,
    ) -> Result<(), LedgerUnavailable>;

    /// What counters hold now, in the order of `buckets`; nothing is taken or changed. One whose window has passed
    /// holds nothing.
    ///
    /// # Errors
    /// The counters could not be reached.
    async fn counted(
        &self,
        buckets: &[Bucket],
        now: OffsetDateTime,
    ) -> Result<Vec<Counted>, LedgerUnavailable>;

    /// Empties counters, whatever they hold.
    ///
    /// # Errors
    /// The counters could not be reached; none was emptied.
    async fn forget(&self, buckets: &[Bucket]) -> Result<(), LedgerUnavailable>;

    /// When somebody last signed in to `account` from `source`, to the day; `None` for never.
    ///
    /// # Errors
    /// The counters could not be reached.
    async fn familiar(
        &self,
        account: Bucket,
        source: Bucket,
    ) -> Result<Option<OffsetDateTime>, LedgerUnavailable>;

    /// When each familiar source of `account` was used last, the latest first.
    ///
    /// # Errors
    /// The counters could not be reached.
    async fn familiar_sources(
        &self,
        account: Bucket,
    ) -> Result<Vec<OffsetDateTime>, LedgerUnavailable>;

    /// Remembers that somebody signed in to `account` from `source`; the 20 latest sources are kept.
    ///
    /// # Errors
    /// The counters could not be reached.
    async fn remember(
        &self,
        account: Bucket,
        source: Bucket,
        now: OffsetDateTime,
    ) -> Result<(), LedgerUnavailable>;
}

/// One place asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The counter.
    pub bucket: Bucket,
    /// How many failures it may hold; 0 refuses every try.
    pub limit: u32,
    /// How long its count holds.
    pub window: Duration,
    /// Since when the window runs.
    pub counts_from: CountsFrom,
}

/// What one counter holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Failures.
    pub failures: u32,
    /// Places taken and not yet settled.
    pub under_way: u32,
    /// When its window ends; `None` when it holds nothing.
    pub expires: Option<OffsetDateTime>,
}

/// Since when a counter's window runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountsFrom {
    /// The last admitted try: what Active Directory's own counter does.
    LastTry,
    /// The first try of the window: a busy address is not blocked for ever by typing errors.
    FirstTry,
}

/// What becomes of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It becomes a failure.
    Count,
    /// It is given back, and the failures stay.
    Release,
    /// It is given back, and the failures go to zero.
    Clear,
}

/// Why no place was taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotReserved {
    /// A bucket has no room.
    #[error("{bucket:?} is full")]
    Full {
        /// Which.
        bucket: Bucket,
        /// When its window ends, from now.
        retry_after: Duration,
        /// It has room but for tries that are under way.
        under_way: bool,
    },
    /// The counters could not be reached.
    #[error(transparent)]
    Unavailable(#[from] LedgerUnavailable),
}

/// The shared counters could not be reached.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the counters of sign-in attempts cannot be reached: {detail}")]
pub struct LedgerUnavailable {
    /// For the log.
    pub detail: String,
}
