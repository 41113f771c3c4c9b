//! Distinguished names (RFC 4514), as far as comparing them goes.

use std::fmt::Write as _;

/// The longest name read, in octets.
const LONGEST: usize = 16 * 1024;

/// A parsed name, normalised so that equal names compare equal: types and values in lower case,
/// runs of spaces as one, escapes resolved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Dn(Vec<Vec<(String, Vec<u8>)>>);

impl Dn {
    /// Reads the text form; `None` when it is not one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        if text.trim().is_empty() {
            return Some(Self(Vec::new()));
        }
        let mut rest = text;
        let mut rdns = vec![Vec::new()];
        loop {
            let (kind, after) = rest.split_once('=')?;
            let kind = kind.trim();
            if kind.is_empty()
                || !kind
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-.".contains(c))
            {
                return None;
            }
            let (value, stop, after) = read_value(after)?;
            let mut parts = rdns.pop()?;
            parts.push((kind.to_ascii_lowercase(), normalise(&value)));
            parts.sort();
            rdns.push(parts);
            match stop {
                None => return Some(Self(rdns)),
                Some('+') => {}
                Some(_) => rdns.push(Vec::new()),
            }
            rest = after;
        }
    }

    /// Whether this name is `ancestor` or lies below it.
    pub(crate) fn is_within(&self, ancestor: &Self) -> bool {
        self.0.ends_with(&ancestor.0)
    }

    /// The values of leading `DC=` parts joined by dots, for the head of a domain.
    pub(crate) fn dns_name(&self) -> Option<String> {
        let labels: Option<Vec<String>> = self
            .0
            .iter()
            .map(|rdn| match rdn.as_slice() {
                [(kind, value)] if kind == "dc" => String::from_utf8(value.clone()).ok(),
                _ => None,
            })
            .collect();
        labels
            .filter(|labels| !labels.is_empty())
            .map(|labels| labels.join("."))
    }
}

/// One attribute value up to an unescaped `,`, `;` or `+`: value, what ended it, the rest.
fn read_value(text: &str) -> Option<(Vec<u8>, Option<char>, &str)> {
    let text = text.trim_start_matches(' ');
    if let Some(hex) = text.strip_prefix('#') {
        let end = hex.find([',', ';', '+']).unwrap_or(hex.len());
        let (digits, after) = hex.split_at_checked(end)?;
        let octets = read_hex(digits.trim())?;
        return Some((octets, after.chars().next(), after.get(1..).unwrap_or("")));
    }
    let mut value = Vec::new();
    let mut kept = 0;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            ',' | ';' | '+' => {
                value.truncate(kept);
                return Some((value, Some(c), text.get(at + 1..)?));
            }
            '\\' => {
                let (_, escaped) = chars.next()?;
                if let Some(high) = escaped.to_digit(16) {
                    let (_, low) = chars.next()?;
                    value.push(u8::try_from(high * 16 + low.to_digit(16)?).ok()?);
                } else if " \"#+,;<=>\\".contains(escaped) {
                    value.extend(escaped.encode_utf8(&mut [0; 4]).bytes());
                } else {
                    return None;
                }
                kept = value.len();
            }
            '"' | '<' | '>' | '\0' => return None,
            ' ' => value.push(b' '),
            _ => {
                value.extend(c.encode_utf8(&mut [0; 4]).bytes());
                kept = value.len();
            }
        }
    }
    value.truncate(kept);
    Some((value, None, ""))
}

fn read_hex(digits: &str) -> Option<Vec<u8>> {
    if digits.is_empty() || !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return None;
    }
    digits
        .as_bytes()
        .chunks_exact(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

fn normalise(value: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(value) {
        Ok(text) => text
            .to_lowercase()
            .split(' ')
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
            .into_bytes(),
        Err(_) => value.to_vec(),
    }
}

/// Escapes one attribute value for a distinguished name (RFC 4514 section 2.4).
pub(crate) fn escape_value(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (at, c) in value.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' => {
                out.push('\\');
                out.push(c);
            }
            '#' | ' ' if at == 0 => {
                out.push('\\');
                out.push(c);
            }
            ' ' if at == last => out.push_str("\\ "),
            c if c.is_control() => {
                for octet in c.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(out, "\\{octet:02x}");
                }
            }
            c => out.push(c),
        }
    }
    out
}

/// Fuzz target: no input panics, and an escaped value reads back as itself.
pub fn fuzz_dn(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let _ = Dn::parse(text);
    if text.len() < 1024 {
        let whole = Dn::parse(&format!("CN={},DC=x", escape_value(text)));
        let expected = Dn(vec![
            vec![("cn".to_owned(), normalise(text.as_bytes()))],
            vec![("dc".to_owned(), b"x".to_vec())],
        ]);
        assert_eq!(whole, Some(expected));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_names_compare_equal() {
        let one = Dn::parse("CN=O'Brien\\, Bob,OU=Lab Users,DC=corp,DC=example").unwrap();
        for other in [
            "cn=o'brien\\2c bob, ou=lab  users;dc=CORP,dc=Example",
            "CN=O'Brien\\2C Bob ,OU=Lab Users,DC=corp,DC=example",
        ] {
            assert_eq!(Dn::parse(other).as_ref(), Some(&one), "{other}");
        }
        assert_eq!(Dn::parse("CN=a+OU=b"), Dn::parse("OU=b+CN=A"));
        assert!(one.is_within(&Dn::parse("DC=corp,DC=example").unwrap()));
        assert!(!one.is_within(&Dn::parse("DC=other,DC=example").unwrap()));
        assert_eq!(
            Dn::parse("DC=corp,DC=example")
                .unwrap()
                .dns_name()
                .as_deref(),
            Some("corp.example")
        );
        assert_eq!(one.dns_name(), None);
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "x", "=x", "cn=\\", "cn=\\4", "cn=a,", "cn=\"a\"", "cn=#0", "cn=#zz", "c n=x",
            "cn=a\\x",
        ] {
            assert_eq!(Dn::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn sec_ad_06_any_text_survives_as_one_value(text in any::<String>()) {
            fuzz_dn(text.as_bytes());
        }
    }
}
