//! What the directory already said about an account.

use std::sync::{Arc, Mutex, PoisonError};

use signet_claims::StoreQuery;
use signet_model::AccountId;

/// Rows of cells; a cell without a value gives no claim.
pub(crate) type Cells = Vec<Vec<Option<Arc<str>>>>;

/// Answers of the `Active Directory` store for one account, kept as long as its snapshot.
///
/// The caller holds one beside each account it has read and throws it away when it reads the account
/// again (the setting is 5 minutes by default); so a warm session needs no LDAP, and a changed attribute is seen
/// when the account is. Only answers are kept, never failures.
#[derive(Debug)]
pub struct AccountSnapshot {
    account: AccountId,
    answers: Mutex<Vec<(StoreQuery, Cells)>>,
}

impl AccountSnapshot {
    /// An empty one.
    pub fn new(account: AccountId) -> Self {
        Self {
            account,
            answers: Mutex::new(Vec::new()),
        }
    }

    /// Whose it is.
    pub fn account(&self) -> AccountId {
        self.account
    }

    pub(crate) fn recall(&self, query: &StoreQuery) -> Option<Cells> {
        // Nothing panics while the lock is held, and the answers are whole at every moment.
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, rows) = answers.iter().find(|(kept, _)| kept.asks_like(query))?;
        Some(rows.clone())
    }

    pub(crate) fn keep(&self, query: StoreQuery, rows: Cells) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        // Another request may have asked the same meanwhile.
        if answers.len() < MOST_ANSWERS && !answers.iter().any(|(kept, _)| kept.asks_like(&query)) {
            answers.push((query, rows));
        }
    }
}

/// Rules can compute queries from claims of the request; so many answers are kept and no more.
const MOST_ANSWERS: usize = 128;
