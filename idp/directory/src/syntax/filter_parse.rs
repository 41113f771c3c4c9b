//! Reads a search filter (RFC 4515), with the liberties that AD FS rules take.
//!
//! Liberties: the outermost parentheses may be missing, and spaces may stand between parentheses.

use thiserror::Error;

use super::filter::Filter;

/// The longest filter read, in octets.
const LONGEST: usize = 64 * 1024;
/// How deep filters may nest.
const DEEPEST: usize = 32;

/// Why a text is not a filter, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{reason} at octet {at}")]
pub(crate) struct FilterError {
    /// Octets from the start.
    pub(crate) at: usize,
    /// What was found or missing.
    pub(crate) reason: &'static str,
}

/// Reads `text`.
pub(crate) fn parse(text: &str) -> Result<Filter, FilterError> {
    if text.len() > LONGEST {
        return Err(FilterError {
            at: LONGEST,
            reason: "the filter is too long",
        });
    }
    let mut reader = Reader { text, at: 0 };
    reader.skip_spaces();
    let filter = if reader.peek() == Some(b'(') {
        reader.filter(0)?
    } else {
        reader.body(0)?
    };
    reader.skip_spaces();
    match reader.peek() {
        None => Ok(filter),
        Some(_) => Err(reader.error("text after the filter")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn filter(&mut self, depth: usize) -> Result<Filter, FilterError> {
        if depth > DEEPEST {
            return Err(self.error("filters nest too deep"));
        }
        self.expect(b'(', "an opening parenthesis is missing")?;
        let filter = self.body(depth)?;
        self.skip_spaces();
        self.expect(b')', "a closing parenthesis is missing")?;
        Ok(filter)
    }

    fn body(&mut self, depth: usize) -> Result<Filter, FilterError> {
        self.skip_spaces();
        match self.peek() {
            Some(b'&') => Ok(Filter::And(self.list(depth)?)),
            Some(b'|') => Ok(Filter::Or(self.list(depth)?)),
            Some(b'!') => {
                self.at += 1;
                self.skip_spaces();
                Ok(Filter::Not(Box::new(self.filter(depth + 1)?)))
            }
            _ => self.item(),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Filter>, FilterError> {
        self.at += 1;
        let mut inner = Vec::new();
        loop {
            self.skip_spaces();
            if self.peek() != Some(b'(') {
                break;
            }
            inner.push(self.filter(depth + 1)?);
        }
        if inner.is_empty() {
            return Err(self.error("an empty list"));
        }
        Ok(inner)
    }

    fn item(&mut self) -> Result<Filter, FilterError> {
        let attribute = self.attribute()?;
        self.skip_spaces();
        match self.peek() {
            Some(b'=') => {
                self.at += 1;
                self.value_or_substring(attribute)
            }
            Some(b'>') => Ok(Filter::AtLeast(attribute, self.ordered()?)),
            Some(b'<') => Ok(Filter::AtMost(attribute, self.ordered()?)),
            Some(b'~') => Ok(Filter::Approximately(attribute, self.ordered()?)),
            Some(b':') => {
                self.at += 1;
                let rule = self.attribute()?;
                self.expect(b':', "a colon is missing after the matching rule")?;
                self.expect(b'=', "an equals sign is missing after the matching rule")?;
                Ok(Filter::Extensible {
                    attribute,
                    rule,
                    value: self.one_value()?,
                })
            }
            _ => Err(self.error("an operator is missing")),
        }
    }

    fn ordered(&mut self) -> Result<Vec<u8>, FilterError> {
        self.at += 1;
        self.expect(b'=', "an equals sign is missing")?;
        self.one_value()
    }

    fn attribute(&mut self) -> Result<String, FilterError> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let length = rest
            .iter()
            .take_while(|c| c.is_ascii_alphanumeric() || b"-.;".contains(c))
            .count();
        let name = self
            .text
            .get(self.at..self.at + length)
            .filter(|name| !name.is_empty());
        let name = name
            .ok_or_else(|| self.error("an attribute name is missing"))?
            .to_owned();
        self.at += length;
        Ok(name)
    }

    fn value_or_substring(&mut self, attribute: String) -> Result<Filter, FilterError> {
        let mut parts = vec![Vec::new()];
        while let Some(octet) = self.value_octet()? {
            match octet {
                Octet::Star => parts.push(Vec::new()),
                Octet::Plain(octet) => {
                    if let Some(part) = parts.last_mut() {
                        part.push(octet);
                    }
                }
            }
        }
        let last = parts.pop().unwrap_or_default();
        if parts.is_empty() {
            return Ok(Filter::Equals(attribute, last));
        }
        let initial = parts.remove(0);
        if parts.iter().any(Vec::is_empty) {
            return Err(self.error("two stars in a row"));
        }
        if initial.is_empty() && parts.is_empty() && last.is_empty() {
            return Ok(Filter::Present(attribute));
        }
        Ok(Filter::Substring {
            attribute,
            initial,
            middle: parts,
            last,
        })
    }

    fn one_value(&mut self) -> Result<Vec<u8>, FilterError> {
        let mut value = Vec::new();
        while let Some(octet) = self.value_octet()? {
            match octet {
                Octet::Star => return Err(self.error("a star where none may be")),
                Octet::Plain(octet) => value.push(octet),
            }
        }
        Ok(value)
    }

    /// The next octet of a value; `None` at its end, which is left unread.
    fn value_octet(&mut self) -> Result<Option<Octet>, FilterError> {
        let Some(octet) = self.peek() else {
            return Ok(None);
        };
        match octet {
            b')' => return Ok(None),
            b'(' => return Err(self.error("an opening parenthesis inside a value")),
            b'\0' => return Err(self.error("U+0000 inside a value")),
            b'\\' => {
                let digits = self.text.as_bytes().get(self.at + 1..self.at + 3);
                let octet = digits
                    .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
                    .and_then(|digits| std::str::from_utf8(digits).ok())
                    .and_then(|digits| u8::from_str_radix(digits, 16).ok())
                    .ok_or_else(|| self.error("a backslash without two hexadecimal digits"))?;
                self.at += 3;
                return Ok(Some(Octet::Plain(octet)));
            }
            _ => self.at += 1,
        }
        Ok(Some(if octet == b'*' {
            Octet::Star
        } else {
            Octet::Plain(octet)
        }))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, octet: u8, reason: &'static str) -> Result<(), FilterError> {
        if self.peek() != Some(octet) {
            return Err(self.error(reason));
        }
        self.at += 1;
        Ok(())
    }

    fn error(&self, reason: &'static str) -> FilterError {
        FilterError {
            at: self.at,
            reason,
        }
    }
}

enum Octet {
    Star,
    Plain(u8),
}

/// Fuzz target: no input panics; what parses is written back to the same tree, in a form that the
/// LDAP client takes.
pub fn fuzz_filter(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(filter) = parse(text) {
        let written = filter.to_string();
        if written.len() <= LONGEST {
            assert_eq!(parse(&written).as_ref(), Ok(&filter), "{written}");
            assert!(ldap3::parse_filter(&written).is_ok(), "{written}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn filters_are_read() {
        let eq = Filter::equals;
        for (text, expected) in [
            ("(a=b)", eq("a", "b")),
            ("sAMAccountName=bob", eq("sAMAccountName", "bob")),
            (
                "(&(a=b)(c=d))",
                Filter::And(vec![eq("a", "b"), eq("c", "d")]),
            ),
            ("&(a=b)(c=d)", Filter::And(vec![eq("a", "b"), eq("c", "d")])),
            (
                " ( | (a=b) (c=d) ) ",
                Filter::Or(vec![eq("a", "b"), eq("c", "d")]),
            ),
            ("(!(a=b))", Filter::Not(Box::new(eq("a", "b")))),
            ("(a=*)", Filter::Present("a".to_owned())),
            ("(a=\\2a)", eq("a", "*")),
            ("(a>=5)", Filter::AtLeast("a".to_owned(), b"5".to_vec())),
            ("(a<=5)", Filter::AtMost("a".to_owned(), b"5".to_vec())),
            (
                "(a=x*y*z)",
                Filter::Substring {
                    attribute: "a".to_owned(),
                    initial: b"x".to_vec(),
                    middle: vec![b"y".to_vec()],
                    last: b"z".to_vec(),
                },
            ),
            (
                "(member:1.2.840.113556.1.4.1941:=CN=a,DC=b)",
                Filter::Extensible {
                    attribute: "member".to_owned(),
                    rule: "1.2.840.113556.1.4.1941".to_owned(),
                    value: b"CN=a,DC=b".to_vec(),
                },
            ),
        ] {
            assert_eq!(parse(text).as_ref(), Ok(&expected), "{text}");
            fuzz_filter(text.as_bytes());
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for text in [
            "",
            "()",
            "(a)",
            "(a=b",
            "(a=b))",
            "(&)",
            "(a=b)(c=d)",
            "(=b)",
            "(a=b(c)",
            "(a=\\4)",
            "(a=\\zz)",
            "(a>=*)",
            "(a=x**y)",
            "(a\0=b)",
            "(a=b\0)",
            "(!a=b)",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        let deep = format!("{}(a=b){}", "(!".repeat(40), ")".repeat(40));
        assert_eq!(parse(&deep).unwrap_err().reason, "filters nest too deep");
    }

    proptest! {
        /// Whatever a value holds, the written filter is one equality on that attribute with that
        /// very value, for our reader and for the LDAP client's.
        #[test]
        fn sec_ad_05_a_value_cannot_leave_its_place(value in any::<Vec<u8>>()) {
            let filter = Filter::equals("sAMAccountName", &value);
            prop_assert_eq!(parse(&filter.to_string()), Ok(filter.clone()));
            let sent = ldap3::parse_filter(filter.to_string()).unwrap();
            let ldap3::asn1::Tag::Sequence(sequence) = sent else { panic!("not an equality") };
            prop_assert_eq!(sequence.id, 3);
            let ldap3::asn1::Tag::OctetString(ref octets) = sequence.inner[1] else { panic!("no value") };
            prop_assert_eq!(&octets.inner, &value);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[()&|!=*<>~:\\\\a-c0-9 ]{0,60}") {
            fuzz_filter(text.as_bytes());
        }
    }
}
