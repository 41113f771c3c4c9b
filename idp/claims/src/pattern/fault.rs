//! Why a pattern is refused.

use std::fmt;

/// A pattern that .NET would refuse, or that this engine does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PatternFault {
    /// The pattern, cut to 120 characters.
    pub pattern: String,
    /// Where in the pattern, in characters from 0.
    pub at: usize,
    /// What is wrong.
    pub kind: PatternFaultKind,
}

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatternFaultKind {
    /// .NET does not take it either.
    Syntax(&'static str),
    /// .NET takes it, this engine does not: the name of the construct.
    NotCovered(&'static str),
    /// It is larger than patterns may be.
    TooLarge(&'static str),
    /// The engine underneath refused the translation: what it said.
    Engine(String),
}

impl PatternFault {
    pub(super) fn new(pattern: &str, at: usize, kind: PatternFaultKind) -> Self {
        Self {
            pattern: pattern.chars().take(120).collect(),
            at,
            kind,
        }
    }
}

impl fmt::Display for PatternFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pattern, at, kind } = self;
        write!(
            f,
            "the regular expression `{pattern}`, character {}: ",
            at + 1
        )?;
        match kind {
            PatternFaultKind::Syntax(what) => f.write_str(what),
            PatternFaultKind::NotCovered(what) => {
                write!(f, "{what} is not supported here; write the rule without it")
            }
            PatternFaultKind::TooLarge(what) => write!(f, "{what}"),
            PatternFaultKind::Engine(said) => write!(f, "it cannot be compiled ({said})"),
        }
    }
}
