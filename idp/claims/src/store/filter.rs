//! LDAP search filters (RFC 4515): parsed, so that nobody has to trust their text.

mod reader;

use std::fmt::{self, Write};

use reader::Reader;

/// How deep a filter may be nested.
const DEPTH: usize = 16;
/// Longest filter, in octets.
const OCTETS: usize = 16 * 1024;

/// A search filter. Attribute names are as written; values are octets, escapes undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// `(&…)`; without any, always true (RFC 4526).
    And(Vec<Filter>),
    /// `(|…)`; without any, never true (RFC 4526).
    Or(Vec<Filter>),
    /// `(!…)`.
    Not(Box<Filter>),
    /// `(attribute=value)`.
    Equal {
        /// Attribute description.
        attribute: String,
        /// Assertion value.
        value: Vec<u8>,
    },
    /// `(attribute=*)`.
    Present {
        /// Attribute description.
        attribute: String,
    },
    /// `(attribute=initial*any*final)`.
    Substrings {
        /// Attribute description.
        attribute: String,
        /// The parts between the asterisks; the first and the last may be empty.
        parts: Vec<Vec<u8>>,
    },
    /// `(attribute>=value)`.
    GreaterOrEqual {
        /// Attribute description.
        attribute: String,
        /// Assertion value.
        value: Vec<u8>,
    },
    /// `(attribute<=value)`.
    LessOrEqual {
        /// Attribute description.
        attribute: String,
        /// Assertion value.
        value: Vec<u8>,
    },
    /// `(attribute~=value)`.
    Approximate {
        /// Attribute description.
        attribute: String,
        /// Assertion value.
        value: Vec<u8>,
    },
    /// `(attribute:dn:rule:=value)`.
    Extensible {
        /// Attribute description, perhaps empty.
        attribute: String,
        /// Whether `:dn` stands there.
        distinguished_name: bool,
        /// Matching rule, perhaps empty.
        rule: String,
        /// Assertion value.
        value: Vec<u8>,
    },
}

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FilterError {
    /// Where, in octets from 0.
    pub at: usize,
    /// What is wrong.
    pub what: &'static str,
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at octet {}", self.what, self.at + 1)
    }
}

impl std::error::Error for FilterError {}

impl Filter {
    /// Parses `text`; it must begin and end with the parentheses of one filter.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        if text.len() > OCTETS {
            return Err(FilterError {
                at: OCTETS,
                what: "a filter longer than 16 KiB",
            });
        }
        let mut reader = Reader::new(text);
        let filter = reader.filter(0)?;
        reader.skip_blanks();
        if reader.at < text.len() {
            return Err(reader.error("text after the filter"));
        }
        Ok(filter)
    }

    /// Whether it is `(attribute=value)`, the attribute compared without case, the value with it.
    pub fn is_equality(&self, attribute: &str, value: &str) -> bool {
        match self {
            Self::Equal {
                attribute: own,
                value: bound,
            } => own.eq_ignore_ascii_case(attribute) && bound.as_slice() == value.as_bytes(),
            _ => false,
        }
    }

    /// Whether both are the same but for the contents of their values.
    pub(crate) fn has_shape_of(&self, other: &Self) -> bool {
        use Filter as F;
        let all = |left: &[F], right: &[F]| {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| l.has_shape_of(r))
        };
        match (self, other) {
            (F::And(left), F::And(right)) | (F::Or(left), F::Or(right)) => all(left, right),
            (F::Not(left), F::Not(right)) => left.has_shape_of(right),
            (
                F::Equal {
                    attribute: left, ..
                },
                F::Equal {
                    attribute: right, ..
                },
            )
            | (F::Present { attribute: left }, F::Present { attribute: right })
            | (
                F::GreaterOrEqual {
                    attribute: left, ..
                },
                F::GreaterOrEqual {
                    attribute: right, ..
                },
            )
            | (
                F::LessOrEqual {
                    attribute: left, ..
                },
                F::LessOrEqual {
                    attribute: right, ..
                },
            )
            | (
                F::Approximate {
                    attribute: left, ..
                },
                F::Approximate {
                    attribute: right, ..
                },
            ) => left == right,
            (
                F::Substrings {
                    attribute: left,
                    parts: own,
                },
                F::Substrings {
                    attribute: right,
                    parts: others,
                },
            ) => {
                // An empty part asks nothing: a value may not empty one.
                let empties =
                    |(own, other): (&Vec<u8>, &Vec<u8>)| own.is_empty() == other.is_empty();
                left == right && own.len() == others.len() && own.iter().zip(others).all(empties)
            }
            (
                F::Extensible {
                    attribute: left,
                    distinguished_name: l,
                    rule: own,
                    ..
                },
                F::Extensible {
                    attribute: right,
                    distinguished_name: r,
                    rule: other,
                    ..
                },
            ) => left == right && l == r && own == other,
            _ => false,
        }
    }
}

/// `value` as an assertion value of a filter (RFC 4515, section 3): it can end no value and match no wildcard.
pub(super) fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '*' | '(' | ')' | '\\' | '\0' => {
                // Writing to a String cannot fail.
                let _ = write!(escaped, "\\{:02x}", u32::from(character));
            }
            // Blanks at the ends could be trimmed on the way; they are part of the value.
            ' ' => escaped.push_str("\\20"),
            plain => escaped.push(plain),
        }
    }
    escaped
}
