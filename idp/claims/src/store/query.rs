//! The query of a rule to a store.

use std::ops::Range;
use std::sync::Arc;

use crate::engine::{EvaluationError, EvaluationFault, StoreFault};

/// A query that a running rule makes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreQuery {
    /// The store's name, as the rule has it.
    pub store: Arc<str>,
    /// The claim types of the answer, a column each.
    pub types: Arc<[Arc<str>]>,
    /// The query's text: its expression computed, its placeholders `{n}` still there.
    pub query: Arc<str>,
    /// The params of the placeholders.
    pub params: Vec<Arc<str>>,
    /// The octets of `query` that come from claims by way of `+`.
    pub(crate) computed: Vec<Range<usize>>,
    /// Number of the rule, from 1.
    pub rule: usize,
    /// Its `@RuleName`.
    pub rule_name: Option<Arc<str>>,
}

/// Which store a query is for. Built-in names are compared as they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreKind<'q> {
    /// `Active Directory`: see [`ActiveDirectoryQuery`](crate::ActiveDirectoryQuery).
    ActiveDirectory,
    /// `_OpaqueIdStore`: see [`OpaqueIds`](crate::OpaqueIds).
    OpaqueId,
    /// `_PasswordExpiryStore`: see [`PasswordExpiry`](crate::PasswordExpiry).
    PasswordExpiry,
    /// `_ProxyCredentialStore`: whether a SID is a proxy's.
    ProxyCredential,
    /// A store that an admin has set up.
    Named(&'q str),
}

impl StoreQuery {
    /// A query as a rule with `columns` types would make it: for callers that answer queries to try
    /// their answers with. What comes from claims stands in `params`.
    pub fn new(store: &str, columns: usize, query: &str, params: Vec<Arc<str>>) -> Self {
        Self {
            store: Arc::from(store),
            types: (1..=columns)
                .map(|column| Arc::from(format!("urn:column:{column}")))
                .collect(),
            query: Arc::from(query),
            params,
            computed: Vec::new(),
            rule: 1,
            rule_name: None,
        }
    }

    /// Which store is asked.
    pub fn kind(&self) -> StoreKind<'_> {
        match &*self.store {
            "Active Directory" => StoreKind::ActiveDirectory,
            "_OpaqueIdStore" => StoreKind::OpaqueId,
            "_PasswordExpiryStore" => StoreKind::PasswordExpiry,
            "_ProxyCredentialStore" => StoreKind::ProxyCredential,
            name => StoreKind::Named(name),
        }
    }

    /// Whether the same question is put to the same store as by `other`, of whichever rule: the same text and values, the same
    /// parts of the text written by the author of the rule, as many columns.
    pub fn asks_like(&self, other: &Self) -> bool {
        // Every field by its name: one that is added has to be thought of here.
        let Self {
            store,
            types,
            query,
            params,
            computed,
            rule: _,
            rule_name: _,
        } = self;
        *store == other.store
            && types.len() == other.types.len()
            && *query == other.query
            && *params == other.params
            && *computed == other.computed
    }

    /// The error for a query that cannot be answered (`POLICY0018`).
    pub fn failed(&self, inner: StoreFault) -> EvaluationError {
        self.error(EvaluationFault::Store {
            store: Arc::clone(&self.store),
            query: Arc::clone(&self.query),
            inner,
        })
    }

    /// The error for a query, or an answer, with another number of fields than the rule names types (`POLICY0019`).
    pub fn wrong_field_count(&self, got: usize) -> EvaluationError {
        self.error(self.field_count_fault(got))
    }

    /// The error for a store that is not set up; it names the store.
    pub fn unknown_store(&self) -> EvaluationError {
        self.error(EvaluationFault::UnknownStore {
            store: Arc::clone(&self.store),
        })
    }

    pub(crate) fn field_count_fault(&self, got: usize) -> EvaluationFault {
        EvaluationFault::FieldCount {
            store: Arc::clone(&self.store),
            query: Arc::clone(&self.query),
            expected: self.types.len(),
            got,
        }
    }

    fn error(&self, fault: EvaluationFault) -> EvaluationError {
        EvaluationError {
            rule: self.rule,
            rule_name: self.rule_name.clone(),
            fault,
        }
    }
}
