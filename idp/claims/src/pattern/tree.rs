//! The tree of a pattern. Options are resolved: a leaf knows whether it folds case.

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Empty,
    Literal {
        text: String,
        fold: bool,
    },
    Class {
        class: Class,
        fold: bool,
    },
    /// `.`; `newline` when it takes line feeds too.
    Any {
        newline: bool,
    },
    Anchor(Anchor),
    Capture {
        slot: usize,
        inner: Box<Node>,
    },
    Look {
        ahead: bool,
        negated: bool,
        inner: Box<Node>,
    },
    Atomic(Box<Node>),
    Backreference {
        slot: usize,
        fold: bool,
    },
    /// `(?(1)yes|no)`.
    IfCaptured {
        slot: usize,
        yes: Box<Node>,
        no: Box<Node>,
    },
    /// `(?(expression)yes|no)`.
    IfAhead {
        condition: Box<Node>,
        yes: Box<Node>,
        no: Box<Node>,
    },
    Repeat {
        inner: Box<Node>,
        least: u32,
        most: Option<u32>,
        lazy: bool,
    },
    Sequence(Vec<Node>),
    Alternation(Vec<Node>),
}

/// Places that a pattern can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// `^` and `\A` without the multi-line option.
    TextStart,
    /// `^` with it.
    LineStart,
    /// `$` and `\Z`: the end, or before a last line feed.
    TextEndOrNewline,
    /// `$` with the multi-line option.
    LineEnd,
    /// `\z`.
    TextEnd,
    /// `\G`.
    SearchStart,
    /// `\b`.
    WordBoundary,
    /// `\B`.
    NoWordBoundary,
}

/// A character class: `items`, perhaps all but those, without what `minus` holds.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Class {
    pub(super) negated: bool,
    pub(super) items: Vec<ClassItem>,
    pub(super) minus: Option<Box<Class>>,
}

/// One item of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ClassItem {
    Range(char, char),
    /// `\w`, `\W`.
    Word {
        negated: bool,
    },
    /// `\s`, `\S`.
    Space {
        negated: bool,
    },
    /// `\d`, `\D`.
    Digit {
        negated: bool,
    },
    /// A general category of Unicode.
    Category {
        name: String,
        negated: bool,
    },
    /// A block of Unicode, by its first and last character.
    Block {
        first: char,
        last: char,
        negated: bool,
    },
}

impl Node {
    pub(super) fn class(item: ClassItem) -> Self {
        let class = Class {
            negated: false,
            items: vec![item],
            minus: None,
        };
        Self::Class { class, fold: false }
    }

    /// Whether the pattern needs backtracking: then matching is bounded by a step limit, not by its input.
    pub(super) fn backtracks(&self) -> bool {
        match self {
            Self::Look { .. }
            | Self::Atomic(_)
            | Self::Backreference { .. }
            | Self::IfCaptured { .. }
            | Self::IfAhead { .. }
            | Self::Anchor(Anchor::SearchStart) => true,
            Self::Capture { inner, .. } | Self::Repeat { inner, .. } => inner.backtracks(),
            Self::Sequence(nodes) | Self::Alternation(nodes) => nodes.iter().any(Self::backtracks),
            _ => false,
        }
    }

    /// Whether it asks for "the end, or before a last line feed".
    pub(super) fn minds_last_newline(&self) -> bool {
        match self {
            Self::Anchor(Anchor::TextEndOrNewline) => true,
            Self::Capture { inner, .. }
            | Self::Repeat { inner, .. }
            | Self::Look { inner, .. }
            | Self::Atomic(inner) => inner.minds_last_newline(),
            Self::IfCaptured { yes, no, .. } => yes.minds_last_newline() || no.minds_last_newline(),
            Self::IfAhead { condition, yes, no } => [condition, yes, no]
                .iter()
                .any(|node| node.minds_last_newline()),
            Self::Sequence(nodes) | Self::Alternation(nodes) => {
                nodes.iter().any(Self::minds_last_newline)
            }
            _ => false,
        }
    }

    /// Whether it captures anything.
    pub(super) fn captures(&self) -> bool {
        match self {
            Self::Capture { .. } => true,
            Self::Repeat { inner, .. } | Self::Look { inner, .. } | Self::Atomic(inner) => {
                inner.captures()
            }
            Self::IfCaptured { yes, no, .. } => yes.captures() || no.captures(),
            Self::IfAhead { yes, no, .. } => yes.captures() || no.captures(),
            Self::Sequence(nodes) | Self::Alternation(nodes) => nodes.iter().any(Self::captures),
            _ => false,
        }
    }
}
