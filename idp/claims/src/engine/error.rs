//! Why a run ended without an answer. Nothing is issued then.

use std::fmt;
use std::sync::Arc;

use signet_model::{Culprit, MessagePair};

use super::budget::Limit;
use crate::pattern::PatternFault;

/// A rule that could not be run, and the rule set with it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EvaluationError {
    /// Number of the rule, from 1; 0 before the first.
    pub rule: usize,
    /// Its `@RuleName`.
    pub rule_name: Option<Arc<str>>,
    /// What happened.
    pub fault: EvaluationFault,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvaluationFault {
    /// A query to a store failed.
    Store {
        /// The store.
        store: Arc<str>,
        /// The query, as the rule wrote or computed it.
        query: Arc<str>,
        /// Why.
        inner: StoreFault,
    },
    /// The rule names so many types, the query or its answer another number of fields.
    FieldCount {
        /// The store.
        store: Arc<str>,
        /// The query.
        query: Arc<str>,
        /// How many types the rule names.
        expected: usize,
        /// How many fields there are.
        got: usize,
    },
    /// Nobody answers for a store of this name.
    UnknownStore {
        /// The name.
        store: Arc<str>,
    },
    /// A pattern computed from claims is none, or is not covered.
    Pattern(PatternFault),
    /// A search took too many steps.
    PatternLimit {
        /// The pattern.
        pattern: Arc<str>,
    },
    /// A bound of the budget was passed.
    Budget(Limit),
}

/// Why a query failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreFault {
    /// An Active Directory query without its three parts.
    NotThreeParts {
        /// How many it has.
        parts: usize,
    },
    /// The third part is not `DOMAIN\user`.
    NotDomainUser,
    /// `{n}` without such a param, or braces that are no placeholder.
    Placeholder {
        /// The placeholder, as written.
        text: String,
    },
    /// The filter is none (RFC 4515), or a param would change what it asks.
    Filter {
        /// What is wrong.
        what: String,
    },
    /// An attribute that cannot be asked for.
    Attribute {
        /// Its name, as written.
        name: String,
    },
    /// A query that this store does not know.
    Query {
        /// What it takes.
        what: &'static str,
    },
    /// The store answered with an error.
    Refused {
        /// What it said. For the log only.
        detail: String,
    },
    /// The store did not answer.
    Unavailable {
        /// What happened. For the log only.
        detail: String,
    },
}

impl EvaluationError {
    /// The published code; `SIG-…` where none is published.
    pub fn code(&self) -> &'static str {
        match &self.fault {
            EvaluationFault::Store { .. } => "POLICY0018",
            EvaluationFault::FieldCount { .. } => "POLICY0019",
            EvaluationFault::UnknownStore { .. } => "SIG-CLAIMS-UNKNOWN-STORE",
            EvaluationFault::Pattern(_) | EvaluationFault::PatternLimit { .. } => {
                "SIG-CLAIMS-PATTERN"
            }
            EvaluationFault::Budget(_) => "SIG-CLAIMS-BUDGET",
        }
    }

    /// The published code of the fault inside a failed query.
    pub fn inner_code(&self) -> Option<&'static str> {
        match &self.fault {
            EvaluationFault::Store {
                inner: StoreFault::NotThreeParts { .. },
                ..
            } => Some("POLICY3824"),
            EvaluationFault::Store {
                inner: StoreFault::NotDomainUser,
                ..
            } => Some("POLICY3826"),
            _ => None,
        }
    }

    /// The two faces of this error.
    pub fn message(&self) -> MessagePair {
        let (code, culprit, public, hint) = match &self.fault {
            EvaluationFault::Store {
                inner: StoreFault::Unavailable { .. },
                ..
            } => (
                "SIG-CLAIMS-STORE-UNAVAILABLE",
                Culprit::Directory,
                "The directory that this sign-in needs does not answer.",
                "Try again in a few minutes.",
            ),
            EvaluationFault::Store { .. } | EvaluationFault::FieldCount { .. } => (
                "SIG-CLAIMS-STORE-QUERY",
                Culprit::Operator,
                "The claim rules of this application ask for something that cannot be looked up.",
                "Ask your administrator to correct the rules.",
            ),
            EvaluationFault::UnknownStore { .. } => (
                "SIG-CLAIMS-UNKNOWN-STORE",
                Culprit::Operator,
                "The claim rules of this application ask a store that is not set up.",
                "Ask your administrator to set it up or to correct the rules.",
            ),
            EvaluationFault::Pattern(_) | EvaluationFault::PatternLimit { .. } => (
                "SIG-CLAIMS-PATTERN",
                Culprit::Operator,
                "The claim rules of this application cannot be applied.",
                "Ask your administrator to correct the rules.",
            ),
            EvaluationFault::Budget(_) => (
                "SIG-CLAIMS-BUDGET",
                Culprit::Operator,
                "The claim rules of this application take too long.",
                "Ask your administrator to simplify the rules.",
            ),
        };
        MessagePair {
            code,
            culprit,
            public,
            hint,
            private: self.to_string(),
        }
    }
}

impl fmt::Display for EvaluationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: rule {}", self.code(), self.rule)?;
        if let Some(name) = &self.rule_name {
            write!(f, " (\"{name}\")")?;
        }
        f.write_str(": ")?;
        match &self.fault {
            EvaluationFault::Store {
                store,
                query,
                inner,
            } => {
                write!(f, "the query `{query}` to the store `{store}` failed: ")?;
                if let Some(code) = self.inner_code() {
                    write!(f, "{code}: ")?;
                }
                write!(f, "{inner}")
            }
            EvaluationFault::FieldCount {
                store,
                query,
                expected,
                got,
            } => write!(
                f,
                "the query `{query}` to the store `{store}` gives {got} fields, the rule names {expected} types"
            ),
            EvaluationFault::UnknownStore { store } => {
                write!(f, "no store is called `{store}`")
            }
            EvaluationFault::Pattern(fault) => write!(f, "{fault}"),
            EvaluationFault::PatternLimit { pattern } => {
                write!(f, "the search for `{pattern}` took too many steps")
            }
            EvaluationFault::Budget(limit) => {
                write!(f, "the limit for {} was passed", limit.as_str())
            }
        }
    }
}

impl std::error::Error for EvaluationError {}

impl fmt::Display for StoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotThreeParts { parts } => write!(
                f,
                "a query has three parts, `filter;attributes;DOMAIN\\user`, this one has {parts}"
            ),
            Self::NotDomainUser => f.write_str("the third part is not of the form DOMAIN\\user"),
            Self::Placeholder { text } => write!(f, "no param for `{text}`"),
            Self::Filter { what } => write!(f, "the filter cannot be used: {what}"),
            Self::Attribute { name } => write!(f, "`{name}` is not the name of an attribute"),
            Self::Query { what } => write!(f, "this store takes {what}"),
            Self::Refused { detail } => write!(f, "the store refused: {detail}"),
            Self::Unavailable { detail } => write!(f, "the store did not answer: {detail}"),
        }
    }
}

impl Limit {
    fn as_str(self) -> &'static str {
        match self {
            Self::Claims => "claims",
            Self::ValueOctets => "octets of a value",
            Self::Matches => "matches",
            Self::Queries => "queries",
            Self::Steps => "steps",
            Self::ComputedPatterns => "computed patterns",
            Self::Time => "time",
        }
    }
}
