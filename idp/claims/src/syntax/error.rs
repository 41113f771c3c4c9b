//! Why a rule text is refused, with the codes that AD FS admins search for.

use std::fmt;
use std::ops::Range;

use signet_model::{Culprit, MessagePair};

use crate::pattern::PatternFault;

/// How much of a token and of its line an error shows, in octets.
pub(super) const TOKEN_SHOWN: usize = 80;
const LINE_SHOWN: usize = 300;

/// A rule text that cannot be used: what is wrong, and where.
///
/// `Display` gives the text for admins, with the published codes (`POLICY0002` and the inner one).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseError {
    /// What is wrong.
    pub fault: ParseFault,
    /// Line of the token at fault, from 1.
    pub line: usize,
    /// Column of the token at fault, in characters, from 1.
    pub column: usize,
    /// The token at fault, cut to 80 octets; empty at the end of the text.
    pub token: String,
    /// The line it stands in, cut to 300 octets.
    pub source_line: String,
    /// The rule it stands in, from 1.
    pub rule: usize,
}

/// What is wrong with a rule text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseFault {
    /// A character that starts no token.
    UnknownCharacter {
        /// The character.
        character: char,
    },
    /// A string that does not end on its line.
    UnclosedString,
    /// A comment without its end.
    UnclosedComment,
    /// A token that may not stand here.
    UnexpectedToken {
        /// What may.
        expected: Vec<&'static str>,
    },
    /// A function that is not `RegExReplace`.
    UnknownFunction {
        /// Its name.
        name: String,
    },
    /// A tag that no earlier condition of the rule defines.
    UndefinedTag {
        /// The tag.
        tag: String,
    },
    /// One tag on two conditions of a rule.
    DuplicateTag {
        /// The tag.
        tag: String,
    },
    /// One property assigned twice in a statement.
    DuplicateAssignment {
        /// The property, as written.
        property: String,
    },
    /// A new claim without a type.
    MissingType,
    /// A regular expression that AD FS or this engine does not take.
    Pattern(Box<PatternFault>),
    /// The text is larger than a rule set may be.
    TooLarge {
        /// Which measure.
        what: &'static str,
        /// The greatest allowed.
        limit: usize,
    },
}

impl ParseError {
    pub(super) fn new(source: &str, span: &Range<usize>, rule: usize, fault: ParseFault) -> Self {
        let before = source.get(..span.start).unwrap_or(source);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let rest = source.get(line_start..).unwrap_or("");
        let line = rest.lines().next().unwrap_or("");
        let column = before
            .get(line_start..)
            .unwrap_or("")
            .trim_start_matches('\u{feff}');
        Self {
            fault,
            line: before.matches('\n').count() + 1,
            column: column.chars().count() + 1,
            token: cut(source.get(span.clone()).unwrap_or(""), TOKEN_SHOWN).to_owned(),
            source_line: cut(line.trim_start_matches('\u{feff}'), LINE_SHOWN).to_owned(),
            rule,
        }
    }

    /// The most exact published code; `POLICY0002`, which wraps every parse error, when there is no other.
    pub fn code(&self) -> &'static str {
        match self.fault {
            ParseFault::UnknownCharacter { .. } | ParseFault::UnclosedString => "POLICY0029",
            ParseFault::UnexpectedToken { .. } | ParseFault::UnknownFunction { .. } => "POLICY0030",
            ParseFault::UndefinedTag { .. } => "POLICY0011",
            _ => "POLICY0002",
        }
    }

    /// What the author can do about it, when there is something to say.
    pub fn hint(&self) -> Option<&'static str> {
        match &self.fault {
            ParseFault::UnknownCharacter { character } => match character {
                '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}' => {
                    Some("this is a typographic quotation mark: write a straight one (\")")
                }
                '\u{2018}' | '\u{2019}' | '\'' => Some("strings stand in double quotation marks"),
                '|' => Some("there is no OR: write one rule for each case"),
                '!' => Some("write NOT EXISTS([...]) for \"there is no such claim\""),
                '\u{a0}' => Some("this is a no-break space, as pasted from a page: write a blank"),
                '\u{2013}' | '\u{2014}' => Some("this is a dash, as pasted from a page"),
                _ => None,
            },
            ParseFault::UnclosedString => {
                Some("a string ends on its own line; it cannot hold a double quotation mark")
            }
            ParseFault::UnknownFunction { .. } => Some("RegExReplace is the only function"),
            ParseFault::UnexpectedToken { .. } if self.token.contains("://") => {
                Some("put the URI in double quotation marks")
            }
            ParseFault::UnexpectedToken { .. } if self.token == ":" => {
                Some("a URI stands in double quotation marks")
            }
            _ => None,
        }
    }

    /// The two faces of this error.
    pub fn message(&self) -> MessagePair {
        MessagePair {
            code: "SIG-CLAIMS-RULE-TEXT",
            culprit: Culprit::Operator,
            public: "The claim rules of this application cannot be read.",
            hint: "Ask your administrator to correct the rules.",
            private: self.to_string(),
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line, column, rule, ..
        } = self;
        write!(f, "POLICY0002: rule {rule}, line {line}, column {column}: ")?;
        if self.code() != "POLICY0002" {
            write!(f, "{}: ", self.code())?;
        }
        self.fault.write(f, &self.token)?;
        if let Some(hint) = self.hint() {
            write!(f, "; {hint}")?;
        }
        write!(f, ". In: {}", self.source_line.trim())
    }
}

impl std::error::Error for ParseError {}

impl ParseFault {
    fn write(&self, f: &mut fmt::Formatter<'_>, token: &str) -> fmt::Result {
        match self {
            Self::UnknownCharacter { character } => {
                write!(f, "`{character}` starts nothing that a rule can hold")
            }
            Self::UnclosedString => write!(f, "this string has no end on its line: {token}"),
            Self::UnclosedComment => f.write_str("this comment has no end"),
            Self::UnexpectedToken { expected } => {
                if token.is_empty() {
                    f.write_str("the text ends too early")?;
                } else {
                    write!(f, "`{token}` cannot stand here")?;
                }
                write!(f, "; expected {}", expected.join(" or "))
            }
            Self::UnknownFunction { name } => write!(f, "there is no function `{name}`"),
            Self::UndefinedTag { tag } => {
                write!(
                    f,
                    "no earlier condition of this rule defines the tag `{tag}`"
                )
            }
            Self::DuplicateTag { tag } => {
                write!(f, "the tag `{tag}` is defined twice in this rule")
            }
            Self::DuplicateAssignment { property } => write!(f, "{property} is assigned twice"),
            Self::MissingType => f.write_str("a new claim needs a Type"),
            Self::Pattern(fault) => write!(f, "{fault}"),
            Self::TooLarge { what, limit } => write!(f, "{what}: at most {limit} are taken"),
        }
    }
}

fn cut(text: &str, at_most: usize) -> &str {
    text.get(..text.floor_char_boundary(at_most)).unwrap_or("")
}
