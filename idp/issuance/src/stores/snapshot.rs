//! What the directory already said about an account.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use signet_model::AccountId;

/// Rows of columns; a cell without a value gives no claim.
pub(crate) type Rows = Vec<Vec<Option<Arc<str>>>>;

/// Answers of the `Active Directory` store for one account, kept as long as its snapshot.
///
/// The caller holds one beside each account it has read and throws it away when it reads the account
/// again (the setting is 5 minutes by default); so a warm session needs no LDAP, and a changed attribute is seen
/// when the account is. Only answers are kept, never failures.
#[derive(Debug)]
pub struct AccountSnapshot {
    account: AccountId,
    answers: Mutex<HashMap<Question, Arc<Rows>>>,
}

/// A query of the store as the rule made it: text before and values after binding.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    pub(crate) query: Arc<str>,
    pub(crate) params: Vec<Arc<str>>,
}

impl AccountSnapshot {
    /// An empty one.
    pub fn new(account: AccountId) -> Self {
        Self {
            account,
            answers: Mutex::new(HashMap::new()),
        }
    }

    /// Whose it is.
    pub fn account(&self) -> AccountId {
        self.account
    }

    pub(crate) fn recall(&self, question: &Question) -> Option<Arc<Rows>> {
        // Nothing panics while the lock is held, and a map half written is still a map.
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(question)
            .cloned()
    }

    pub(crate) fn keep(&self, question: Question, rows: Arc<Rows>) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() < MOST_ANSWERS {
            answers.insert(question, rows);
        }
    }
}

/// Rules can compute queries from claims of the request; so many answers are kept and no more.
const MOST_ANSWERS: usize = 128;
