//! Filter text to tree.

use super::{DEPTH, Filter, FilterError};

/// A place in a filter's text.
pub(super) struct Reader<'t> {
    text: &'t str,
    pub(super) at: usize,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// Reads one filter that lies `depth` deep.
    pub(super) fn filter(&mut self, depth: usize) -> Result<Filter, FilterError> {
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

    pub(super) fn skip_blanks(&mut self) {
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

    pub(super) fn error(&self, what: &'static str) -> FilterError {
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
