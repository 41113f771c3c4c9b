//! LDAP search filters (RFC 4515): parsed, so that nobody has to trust their text.

use std::fmt::{self, Write};

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
        let mut reader = Reader { text, at: 0 };
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

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn filter(&mut self, depth: usize) -> Result<Filter, FilterError> {
        if depth > DEPTH {
            return Err(self.error("a filter nested deeper than 16"));
        }
        self.skip_blanks();
        self.expect(b'(')?;
        self.skip_blanks();
        let filter = match self.peek() {
            Some(b'&') => Filter::And(self.list(depth)?),
            Some(b'|') => Filter::Or(self.list(depth)?),
            Some(b'!') => {
                self.at += 1;
                Filter::Not(Box::new(self.filter(depth + 1)?))
            }
            _ => self.item()?,
        };
        self.skip_blanks();
        self.expect(b')')?;
        Ok(filter)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Filter>, FilterError> {
        self.at += 1;
        let mut filters = Vec::new();
        loop {
            self.skip_blanks();
            if self.peek() != Some(b'(') {
                return Ok(filters);
            }
            filters.push(self.filter(depth + 1)?);
        }
    }

    fn item(&mut self) -> Result<Filter, FilterError> {
        let rest = self.rest();
        let end = rest
            .find(['=', '(', ')'])
            .filter(|at| rest.as_bytes().get(*at) == Some(&b'='));
        let Some(end) = end else {
            return Err(self.error("a comparison without ="));
        };
        let left = rest.get(..end).unwrap_or("");
        let (description, operator) = match left.char_indices().next_back() {
            Some((at, sign @ ('>' | '<' | '~' | ':'))) => (left.get(..at).unwrap_or(""), sign),
            _ => (left, '='),
        };
        let description = description.trim();
        let start = self.at;
        self.at += end + 1;
        let value = self.raw_value();
        if operator == ':' {
            return self.extensible(start, description, value);
        }
        if !is_description(description) {
            return Err(FilterError {
                at: start,
                what: "a malformed attribute name",
            });
        }
        let attribute = description.to_owned();
        match operator {
            '>' => Ok(Filter::GreaterOrEqual {
                attribute,
                value: self.octets(value)?,
            }),
            '<' => Ok(Filter::LessOrEqual {
                attribute,
                value: self.octets(value)?,
            }),
            '~' => Ok(Filter::Approximate {
                attribute,
                value: self.octets(value)?,
            }),
            _ if value == "*" => Ok(Filter::Present { attribute }),
            _ if value.contains('*') => {
                let parts: Result<_, _> =
                    value.split('*').map(|part| self.unescape(part)).collect();
                Ok(Filter::Substrings {
                    attribute,
                    parts: parts?,
                })
            }
            _ => Ok(Filter::Equal {
                attribute,
                value: self.octets(value)?,
            }),
        }
    }

    fn extensible(
        &self,
        start: usize,
        description: &str,
        value: &str,
    ) -> Result<Filter, FilterError> {
        let mut words = description.split(':');
        let attribute = words.next().unwrap_or("").to_owned();
        let mut rest: Vec<&str> = words.collect();
        let distinguished_name = rest
            .first()
            .is_some_and(|word| word.eq_ignore_ascii_case("dn"));
        if distinguished_name {
            rest.remove(0);
        }
        let rule = rest.first().copied().unwrap_or("").to_owned();
        let named = attribute.is_empty() || is_description(&attribute);
        let ruled = rule.is_empty() || is_description(&rule);
        if rest.len() > 1 || !named || !ruled || (attribute.is_empty() && rule.is_empty()) {
            return Err(FilterError {
                at: start,
                what: "a malformed matching rule",
            });
        }
        Ok(Filter::Extensible {
            attribute,
            distinguished_name,
            rule,
            value: self.octets(value)?,
        })
    }

    /// The value up to the parenthesis that ends its comparison.
    fn raw_value(&mut self) -> &'t str {
        let rest = self.rest();
        let end = rest.find(['(', ')']).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or("")
    }

    fn octets(&self, raw: &str) -> Result<Vec<u8>, FilterError> {
        if raw.contains('*') {
            return Err(self.error("a wildcard where none can stand"));
        }
        self.unescape(raw)
    }

    fn unescape(&self, raw: &str) -> Result<Vec<u8>, FilterError> {
        let mut octets = Vec::with_capacity(raw.len());
        let mut rest = raw.bytes();
        while let Some(octet) = rest.next() {
            if octet == 0 {
                return Err(self.error("a zero octet"));
            }
            if octet != b'\\' {
                octets.push(octet);
                continue;
            }
            let mut digit = || rest.next().and_then(|d| char::from(d).to_digit(16));
            let code = digit()
                .zip(digit())
                .and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
            octets.push(
                code.ok_or_else(|| self.error("a backslash without two hexadecimal digits"))?,
            );
        }
        Ok(octets)
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|octet| octet.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn expect(&mut self, wanted: u8) -> Result<(), FilterError> {
        if self.peek() == Some(wanted) {
            self.at += 1;
            return Ok(());
        }
        let what = if wanted == b'(' {
            "no opening parenthesis"
        } else {
            "no closing parenthesis"
        };
        Err(self.error(what))
    }

    fn error(&self, what: &'static str) -> FilterError {
        FilterError { at: self.at, what }
    }
}

/// A name or a dotted number, perhaps with options behind semicolons (RFC 4512, 2.5).
fn is_description(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._;".contains(&b))
}
