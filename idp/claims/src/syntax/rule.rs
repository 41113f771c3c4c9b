//! A rule as it is run: tags are slots, regular expressions are compiled.

use std::ops::Range;
use std::sync::Arc;

use crate::pattern::{Pattern, Replacement};

/// One rule of a set.
#[derive(Debug)]
pub(crate) struct RuleBody {
    pub(crate) conditions: Vec<Condition>,
    /// How many selectors it has: the length of one match.
    pub(crate) slots: usize,
    pub(crate) verb: Verb,
    pub(crate) statement: Statement,
}

/// `issue` puts a claim in both sets, `add` in the input set only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Issue,
    Add,
}

/// One condition; `test.span` is its text.
#[derive(Debug)]
pub(crate) enum Condition {
    /// Every claim that passes is one match.
    Selector { test: ClaimTest },
    /// Some claim passes, or none does.
    Exists { negated: bool, test: ClaimTest },
    /// So many claims pass.
    Count {
        test: ClaimTest,
        comparison: Comparison,
        number: usize,
    },
}

impl Condition {
    pub(crate) fn test(&self) -> &ClaimTest {
        match self {
            Self::Selector { test } | Self::Exists { test, .. } | Self::Count { test, .. } => test,
        }
    }
}

/// `COUNT` operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub(crate) fn holds(self, count: usize, number: usize) -> bool {
        match self {
            Self::Equal => count == number,
            Self::NotEqual => count != number,
            Self::Less => count < number,
            Self::LessOrEqual => count <= number,
            Self::Greater => count > number,
            Self::GreaterOrEqual => count >= number,
        }
    }
}

/// What a bracket asks of a claim.
#[derive(Debug, Default)]
pub(crate) struct ClaimTest {
    /// Constraints against constants, the cheapest first.
    pub(crate) fixed: Vec<FixedConstraint>,
    /// Constraints against other claims of the rule.
    pub(crate) relative: Vec<RelativeConstraint>,
    /// Where the condition stands in the rule set's text.
    pub(crate) span: Range<usize>,
}

/// A constraint whose right side is known.
#[derive(Debug)]
pub(crate) struct FixedConstraint {
    pub(crate) property: Property,
    pub(crate) expected: Expected,
}

/// The right side of a fixed constraint, with its operator.
#[derive(Debug)]
pub(crate) enum Expected {
    Equal(Arc<str>),
    NotEqual(Arc<str>),
    Match(Arc<Pattern>),
    NoMatch(Arc<Pattern>),
}

/// A constraint whose right side has to be computed.
#[derive(Debug)]
pub(crate) struct RelativeConstraint {
    pub(crate) property: Property,
    pub(crate) operator: Operator,
    pub(crate) right: Expression,
}

/// `==`, `!=`, `=~`, `!~`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Match,
    NoMatch,
}

/// A field of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Property {
    Type,
    Value,
    ValueType,
    Issuer,
    OriginalIssuer,
    Named(Arc<str>),
}

/// What a rule makes, once a match.
#[derive(Debug)]
pub(crate) enum Statement {
    Copy { slot: usize },
    New(NewClaim),
    Query(StoreStatement),
}

/// The new-claim form.
#[derive(Debug)]
pub(crate) struct NewClaim {
    pub(crate) claim_type: Expression,
    pub(crate) value: Option<Expression>,
    pub(crate) value_type: Option<Expression>,
    pub(crate) issuer: Option<Expression>,
    pub(crate) original_issuer: Option<Expression>,
    pub(crate) properties: Vec<(Arc<str>, Expression)>,
}

/// The store form.
#[derive(Debug)]
pub(crate) struct StoreStatement {
    pub(crate) store: Arc<str>,
    pub(crate) types: Arc<[Arc<str>]>,
    pub(crate) query: Expression,
    pub(crate) params: Vec<Expression>,
}

/// A text computed from constants and the claims of a match.
#[derive(Debug)]
pub(crate) enum Expression {
    Constant(Arc<str>),
    Field { slot: usize, property: Property },
    Replace(Box<Replace>),
    Join(Vec<Expression>),
}

/// `RegExReplace(input, pattern, replacement)`.
#[derive(Debug)]
pub(crate) struct Replace {
    pub(crate) input: Expression,
    pub(crate) pattern: PatternSource,
    pub(crate) replacement: ReplacementSource,
}

/// A pattern known at load, or computed.
#[derive(Debug)]
pub(crate) enum PatternSource {
    Fixed(Arc<Pattern>),
    Computed(Expression),
}

/// A replacement bound to its pattern at load, or to be bound when both are known.
#[derive(Debug)]
pub(crate) enum ReplacementSource {
    Fixed(Replacement),
    Computed(Expression),
}

impl Expression {
    pub(crate) fn as_constant(&self) -> Option<&Arc<str>> {
        match self {
            Self::Constant(text) => Some(text),
            _ => None,
        }
    }
}
