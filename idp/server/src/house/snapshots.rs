//! What was last read of each account, for as long as the setting allows.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use signet_directory::Account;
use signet_issuance::AccountSnapshot;
use signet_model::AccountId;
use time::{Duration, OffsetDateTime};

/// Accounts that are kept at most; the oldest half goes when it is reached.
const MOST: usize = 20_000;

/// An account as it was read, with what rules looked up about it since.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) account: Arc<Account>,
    pub(crate) answers: Arc<AccountSnapshot>,
}

impl Known {
    pub(crate) fn new(account: Arc<Account>) -> Self {
        let answers = Arc::new(AccountSnapshot::new(account.id));
        Self { account, answers }
    }
}

/// The known accounts of this node. A cache only: losing it costs a directory read.
pub(crate) struct Snapshots {
    longest: Duration,
    known: Mutex<HashMap<AccountId, Known>>,
}

impl Snapshots {
    /// Keeps what was read for `longest`; zero keeps nothing.
    pub(crate) fn new(longest: Duration) -> Self {
        Self {
            longest,
            known: Mutex::new(HashMap::new()),
        }
    }

    /// What is known of `account`, when it is young enough.
    pub(crate) fn fresh(&self, account: AccountId, now: OffsetDateTime) -> Option<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get(&account)
            .filter(|known| {
                // One read in the future, before the clock was set back, would be believed for long.
                let age = now - known.account.read_at;
                !age.is_negative() && age < self.longest
            })
            .cloned()
    }

    /// Keeps what was just read.
    pub(crate) fn keep(&self, account: Arc<Account>) -> Known {
        let fresh = Known::new(account);
        if self.longest.is_zero() {
            return fresh;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            let mut ages: Vec<_> = known.values().map(|known| known.account.read_at).collect();
            ages.sort_unstable();
            if let Some(middle) = ages.get(ages.len() / 2).copied() {
                known.retain(|_, known| known.account.read_at > middle);
            }
        }
        known.insert(fresh.account.id, fresh.clone());
        fresh
    }

    /// Forgets an account: it is gone, or was found changed.
    pub(crate) fn forget(&self, account: AccountId) {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&account);
    }
}
