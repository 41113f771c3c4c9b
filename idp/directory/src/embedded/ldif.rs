//! Reads LDIF content records (RFC 2849): no changes, no URLs, line numbers in every error.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use crate::entry::Entry;

/// The longest text read, in octets.
const LONGEST: usize = 16 * 1024 * 1024;
/// The most records read.
const MOST_RECORDS: usize = 50_000;

/// Why a text is not a directory, and on which line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {reason}")]
pub struct LdifError {
    /// From 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: String,
}

impl LdifError {
    pub(crate) fn new(line: usize, reason: impl Into<String>) -> Self {
        Self {
            line,
            reason: reason.into(),
        }
    }
}

/// One record and the line that it starts on.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) line: usize,
    pub(crate) entry: Entry,
}

/// Reads all records of `text`.
pub(crate) fn records(text: &str) -> Result<Vec<Record>, LdifError> {
    if text.len() > LONGEST {
        return Err(LdifError::new(0, "the text is longer than 16 MiB"));
    }
    let mut records: Vec<Record> = Vec::new();
    let mut open: Option<Record> = None;
    for (line, logical) in unfold(text)? {
        if logical.is_empty() {
            records.extend(open.take());
            continue;
        }
        let (name, value) = read_line(line, &logical)?;
        match (&mut open, name.as_str()) {
            (None, "version") if records.is_empty() => {
                if value != b"1" {
                    return Err(LdifError::new(line, "only LDIF version 1 is read"));
                }
            }
            (None, "dn") => {
                if records.len() == MOST_RECORDS {
                    return Err(LdifError::new(line, "more than 50,000 records"));
                }
                let dn = String::from_utf8(value)
                    .map_err(|_| LdifError::new(line, "the name is not UTF-8"))?;
                open = Some(Record {
                    line,
                    entry: Entry::new(dn),
                });
            }
            (None, _) => return Err(LdifError::new(line, "a record starts with `dn:`")),
            (Some(_), "dn") => {
                return Err(LdifError::new(
                    line,
                    "an empty line is missing before `dn:`",
                ));
            }
            (Some(_), "changetype" | "control") => {
                return Err(LdifError::new(
                    line,
                    "changes are not read, only content records",
                ));
            }
            (Some(record), _) => {
                if record.entry.values(&name).len() >= 10_000 {
                    return Err(LdifError::new(
                        line,
                        "more than 10,000 values of one attribute",
                    ));
                }
                record.entry.add(&name, value);
            }
        }
    }
    records.extend(open);
    Ok(records)
}

/// Joins continued lines and drops comments: logical lines with the number of their first line.
fn unfold(text: &str) -> Result<Vec<(usize, String)>, LdifError> {
    let mut logical: Vec<(usize, String)> = Vec::new();
    let mut in_comment = false;
    for (at, line) in text
        .strip_prefix('\u{feff}')
        .unwrap_or(text)
        .lines()
        .enumerate()
    {
        let number = at + 1;
        if let Some(more) = line.strip_prefix(' ') {
            match logical.last_mut() {
                _ if in_comment => {}
                Some((_, open)) if !open.is_empty() => open.push_str(more),
                _ => {
                    return Err(LdifError::new(
                        number,
                        "a continued line without a line before it",
                    ));
                }
            }
            continue;
        }
        in_comment = line.starts_with('#');
        if !in_comment {
            logical.push((number, line.to_owned()));
        }
    }
    Ok(logical)
}

/// `name: value`, `name:: base64`. The option `;binary` is dropped.
fn read_line(line: usize, logical: &str) -> Result<(String, Vec<u8>), LdifError> {
    let (name, rest) = logical
        .split_once(':')
        .ok_or_else(|| LdifError::new(line, "a colon is missing"))?;
    let lower = name.to_ascii_lowercase();
    let name = lower.strip_suffix(";binary").unwrap_or(&lower);
    if name.is_empty()
        || !name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-.".contains(c))
    {
        return Err(LdifError::new(
            line,
            format!("{name:?} is not an attribute name"),
        ));
    }
    if rest.starts_with('<') {
        return Err(LdifError::new(line, "values by URL are not read"));
    }
    let value = match rest.strip_prefix(':') {
        Some(encoded) => STANDARD
            .decode(encoded.trim())
            .map_err(|_| LdifError::new(line, format!("the value of {name} is not base64")))?,
        None => rest.trim_start_matches(' ').as_bytes().to_vec(),
    };
    Ok((name.to_owned(), value))
}

/// Fuzz target: no input panics, and an error names a line of the input.
pub fn fuzz_ldif(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Err(error) = super::Embedded::from_ldif(text) {
        assert!(error.line <= text.lines().count(), "{error}");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn records_are_read() {
        let text = "version: 1\n# a comment\n  continued\ndn: CN=a,\n DC=b\ncn: a\nmail;BINARY:: xb1vZmlh\nempty:\n\n\ndn:: Q049YixEQz1i\ncn: b\n";
        let all = records(text).unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].line, all[0].entry.dn.as_str()), (4, "CN=a,DC=b"));
        assert_eq!(all[0].entry.text("mail"), Some("Žofia"));
        assert_eq!(all[0].entry.text("empty"), Some(""));
        assert_eq!((all[1].line, all[1].entry.dn.as_str()), (11, "CN=b,DC=b"));
    }

    #[test]
    fn errors_name_the_line() {
        for (text, line, reason) in [
            ("dn: CN=a\nx", 2, "colon"),
            ("cn: a", 1, "starts with"),
            ("dn: CN=a\ndn: CN=b", 2, "empty line"),
            ("dn: CN=a\nchangetype: add", 2, "changes"),
            ("dn: CN=a\nx:: !", 2, "base64"),
            ("dn: CN=a\nx:< file:///etc/passwd", 2, "URL"),
            ("dn: CN=a\na b: c", 2, "attribute name"),
            ("\n x", 2, "continued"),
            ("version: 2\n", 1, "version"),
        ] {
            let error = records(text).unwrap_err();
            assert_eq!(error.line, line, "{text}");
            assert!(error.reason.contains(reason), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(dn|cn|objectClass|objectSid|x|#|version|userPassword|member)?:{0,2}[ <]?[=A-Za-z0-9,{}$\n ]{0,40}") {
            fuzz_ldif(text.as_bytes());
        }
    }
}
