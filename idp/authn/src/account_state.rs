//! What the guard has counted against one account, for the help desk.

use time::{Duration, OffsetDateTime};

use signet_directory::DirectoryLockout;
use signet_model::AccountId;

use crate::bucket::{Bucket, BucketKind, Target};
use crate::guard::Guard;
use crate::ledger::{Counted, LedgerUnavailable};

/// The counters of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountCounters {
    /// From where its owner signed in before, and from inside.
    pub near: CounterState,
    /// From anywhere else.
    pub far: CounterState,
    /// From all places together; without a limit when places are counted apart.
    pub all: CounterState,
    /// When each familiar place was used last, the latest first; places are kept as digests and cannot be named.
    pub familiar: Vec<OffsetDateTime>,
}

/// One counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterState {
    /// Wrong passwords in the window.
    pub failures: u32,
    /// Tries under way, or never settled.
    pub under_way: u32,
    /// From how many on it refuses; `None` when it does not.
    pub limit: Option<u32>,
    /// The last admitted try, when there is a count.
    pub last_try: Option<OffsetDateTime>,
    /// When the count ends.
    pub until: Option<OffsetDateTime>,
}

impl CounterState {
    /// Whether it refuses now.
    pub fn is_full(&self) -> bool {
        self.limit
            .is_some_and(|limit| self.failures.saturating_add(self.under_way) >= limit)
    }

    fn new(counted: Counted, limit: Option<u32>, window: Duration) -> Self {
        Self {
            failures: counted.failures,
            under_way: counted.under_way,
            limit,
            last_try: counted.expires.map(|end| end - window),
            until: counted.expires,
        }
    }
}

impl Guard {
    /// What is counted against `account`; `lockout` is its directory's own.
    ///
    /// # Errors
    /// The counters could not be reached.
    pub async fn counters(
        &self,
        account: AccountId,
        lockout: Option<&DirectoryLockout>,
        now: OffsetDateTime,
    ) -> Result<AccountCounters, LedgerUnavailable> {
        let [near, far, all] = self.account_buckets(account);
        let limits = self.settings().limits_below(lockout);
        let apart = self.settings().smart_lockout == crate::settings::SmartLockout::Enforce;
        let counted = self.ledger().counted(&[near, far, all], now).await?;
        let state = |at: usize, limit| {
            let counted = counted.get(at).copied().unwrap_or_default();
            CounterState::new(counted, limit, limits.window)
        };
        Ok(AccountCounters {
            near: state(0, apart.then_some(limits.near)),
            far: state(1, apart.then_some(limits.far)),
            all: state(2, limits.all),
            familiar: self.ledger().familiar_sources(near).await?,
        })
    }

    /// Forgets what was counted against `account`; its familiar places stay.
    ///
    /// # Errors
    /// The counters could not be reached; nothing was forgotten.
    pub async fn unlock(&self, account: AccountId) -> Result<(), LedgerUnavailable> {
        self.ledger().forget(&self.account_buckets(account)).await
    }

    fn account_buckets(&self, account: AccountId) -> [Bucket; 3] {
        [
            BucketKind::AccountNear,
            BucketKind::AccountFar,
            BucketKind::AccountAll,
        ]
        .map(|kind| self.keys().target(kind, Target::Account(account)))
    }
}
