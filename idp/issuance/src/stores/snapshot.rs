//! What the directory already said about an account.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use signet_claims::ActiveDirectoryQuery;
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
    answers: Mutex<HashMap<Question, Cells>>,
}

/// A query of the store, values bound.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    filter: String,
    attributes: Vec<String>,
    domain: String,
}

impl Question {
    pub(crate) fn of(query: &ActiveDirectoryQuery) -> Self {
        Self {
            filter: query.filter.clone(),
            attributes: query.attributes.clone(),
            domain: query.domain.clone(),
        }
    }
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

    pub(crate) fn recall(&self, question: &Question) -> Option<Cells> {
        // Nothing panics while the lock is held, and a map is whole at every moment.
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(question)
            .cloned()
    }

    pub(crate) fn keep(&self, question: Question, rows: Cells) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() < MOST_ANSWERS {
            answers.insert(question, rows);
        }
    }
}

/// Rules can compute queries from claims of the request; so many answers are kept and no more.
const MOST_ANSWERS: usize = 128;
