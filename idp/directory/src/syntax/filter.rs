//! Search filters (RFC 4515) as a tree: what is sent or evaluated was parsed here first.

use std::fmt;

/// A search filter. Values are octets, already unescaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    /// `(&…)`
    And(Vec<Filter>),
    /// `(|…)`
    Or(Vec<Filter>),
    /// `(!…)`
    Not(Box<Filter>),
    /// `(a=*)`
    Present(String),
    /// `(a=v)`
    Equals(String, Vec<u8>),
    /// `(a>=v)`
    AtLeast(String, Vec<u8>),
    /// `(a<=v)`
    AtMost(String, Vec<u8>),
    /// `(a~=v)`
    Approximately(String, Vec<u8>),
    /// `(a=i*m*f)`; an empty `initial` or `last` is absent.
    Substring {
        attribute: String,
        initial: Vec<u8>,
        middle: Vec<Vec<u8>>,
        last: Vec<u8>,
    },
    /// `(a:rule:=v)`
    Extensible {
        attribute: String,
        rule: String,
        value: Vec<u8>,
    },
}

impl Filter {
    /// `(attribute=value)`, whatever the value holds.
    pub(crate) fn equals(attribute: &str, value: impl AsRef<[u8]>) -> Self {
        Self::Equals(attribute.to_owned(), value.as_ref().to_vec())
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        match self {
            Self::And(inner) => {
                f.write_str("&")?;
                inner.iter().try_for_each(|filter| filter.fmt(f))?;
            }
            Self::Or(inner) => {
                f.write_str("|")?;
                inner.iter().try_for_each(|filter| filter.fmt(f))?;
            }
            Self::Not(inner) => write!(f, "!{inner}")?,
            Self::Present(attribute) => write!(f, "{attribute}=*")?,
            Self::Equals(attribute, value) => write!(f, "{attribute}={}", Escaped(value))?,
            Self::AtLeast(attribute, value) => write!(f, "{attribute}>={}", Escaped(value))?,
            Self::AtMost(attribute, value) => write!(f, "{attribute}<={}", Escaped(value))?,
            Self::Approximately(attribute, value) => write!(f, "{attribute}~={}", Escaped(value))?,
            Self::Substring {
                attribute,
                initial,
                middle,
                last,
            } => {
                write!(f, "{attribute}={}*", Escaped(initial))?;
                for part in middle {
                    write!(f, "{}*", Escaped(part))?;
                }
                Escaped(last).fmt(f)?;
            }
            Self::Extensible {
                attribute,
                rule,
                value,
            } => {
                write!(f, "{attribute}:{rule}:={}", Escaped(value))?;
            }
        }
        f.write_str(")")
    }
}

/// Octets as a filter value: everything but plain letters, digits and a few marks as `\xx`
/// (RFC 4515 section 3, `valueencoding`; escaping more than must be is allowed).
struct Escaped<'a>(&'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for &octet in self.0 {
            if octet.is_ascii_alphanumeric() || b" @.,=-_$+:".contains(&octet) {
                write!(f, "{}", char::from(octet))?;
            } else {
                write!(f, "\\{octet:02x}")?;
            }
        }
        Ok(())
    }
}
