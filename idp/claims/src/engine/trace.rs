//! Which rule made which claim, from what; and why a rule made none.

use std::sync::Arc;

use signet_model::Claim;

/// Whether a run keeps a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TraceLevel {
    /// No: sign-ins. [`Outcome::issued_by`](super::Outcome) still names the rule of each claim.
    #[default]
    Off,
    /// Yes: explanations and policy tests.
    Full,
}

/// What every rule did. Empty when the run kept none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// One entry a rule, in order.
    pub rules: Vec<RuleTrace>,
}

/// What one rule did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleTrace {
    /// Its place in the set, from 0.
    pub rule: usize,
    /// Its `@RuleName`.
    pub name: Option<Arc<str>>,
    /// Whether its conditions held.
    pub verdict: Verdict,
    /// The queries it made.
    pub queries: Vec<QueryTrace>,
    /// What it made, in order.
    pub made: Vec<Made>,
}

/// Whether the conditions of a rule held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They did, so many times.
    Ran {
        /// Matches; one for a rule without selectors.
        matches: usize,
    },
    /// They did not: the first condition, from 0, that no claim satisfied.
    Unmet {
        /// The condition; its text is [`RuleView::condition`](crate::RuleView::condition).
        condition: usize,
    },
}

/// A query of a rule, and how many rows came back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueryTrace {
    /// The store.
    pub store: Arc<str>,
    /// The query text.
    pub query: Arc<str>,
    /// Its params.
    pub params: Vec<Arc<str>>,
    /// Rows of the answer.
    pub rows: usize,
}

/// A claim that a rule made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Made {
    /// The claim.
    pub claim: Claim,
    /// The claims that the selectors of the rule had found, in their order.
    pub from: Vec<Claim>,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a claim that a rule made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is in the output.
    Issued,
    /// It is there for later rules only.
    Added,
    /// An equal claim was there already.
    AlreadyThere,
    /// Its type or value is empty.
    Empty,
}
