//! Distinguished names as certificates carry them and as `altSecurityIdentities` writes them.
//!
//! Active Directory writes the parts in the order of the encoding, root first, with a comma and no blank
//! between them: `DC=example,DC=corp,CN=Corp Issuing CA`. A value that holds a comma, a quotation mark or
//! the like is quoted, quotation marks inside are doubled. Names are compared as parts, never as text.

use std::fmt;

use x509_parser::asn1_rs::{Any, Tag};
use x509_parser::x509::X509Name;

/// No real name has more parts, nor longer ones.
const MOST_PARTS: usize = 64;
const LONGEST_VALUE: usize = 4096;

/// A distinguished name, in the order of its encoding.
#[derive(Clone, PartialEq, Eq)]
pub struct DistinguishedName(Vec<Vec<Part>>);

/// One attribute of a relative distinguished name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    oid: String,
    value: String,
}

/// Keyword, OID. The first keyword of an OID is the one that is written.
const KEYWORDS: &[(&str, &str)] = &[
    ("CN", "2.5.4.3"),
    ("SN", "2.5.4.4"),
    ("SERIALNUMBER", "2.5.4.5"),
    ("C", "2.5.4.6"),
    ("L", "2.5.4.7"),
    ("S", "2.5.4.8"),
    ("ST", "2.5.4.8"),
    ("STREET", "2.5.4.9"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("T", "2.5.4.12"),
    ("TITLE", "2.5.4.12"),
    ("Description", "2.5.4.13"),
    ("PostalCode", "2.5.4.17"),
    ("G", "2.5.4.42"),
    ("GN", "2.5.4.42"),
    ("I", "2.5.4.43"),
    ("dnQualifier", "2.5.4.46"),
    ("E", "1.2.840.113549.1.9.1"),
    ("EMAIL", "1.2.840.113549.1.9.1"),
    ("EMAILADDRESS", "1.2.840.113549.1.9.1"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("UID", "0.9.2342.19200300.100.1.1"),
];

impl DistinguishedName {
    /// Of a certificate; `None` for a value that is no text, or a name beyond all measure.
    pub(super) fn of(name: &X509Name<'_>) -> Option<Self> {
        let mut parts = Vec::new();
        for rdn in name.iter_rdn() {
            let mut set = Vec::new();
            for attribute in rdn.iter() {
                let value = text(attribute.attr_value())?;
                if value.len() > LONGEST_VALUE {
                    return None;
                }
                set.push(Part {
                    oid: attribute.attr_type().to_id_string(),
                    value,
                });
            }
            parts.push(set);
        }
        (parts.len() <= MOST_PARTS).then_some(Self(parts))
    }

    /// Reads the form of `altSecurityIdentities`. Multi-valued parts are joined by `+`.
    ///
    /// A comma that no keyword follows belongs to the value, so that values written without quotation marks are read as
    /// their writer meant them.
    pub fn parse(written: &str) -> Option<Self> {
        if written.len() > MOST_PARTS * 1024 {
            return None;
        }
        let mut parts: Vec<Vec<Part>> = Vec::new();
        for (separator, piece) in split(written)? {
            let part = Part::parse(piece);
            match (separator, part, parts.last_mut()) {
                ('+', Some(part), Some(set)) => set.push(part),
                (_, Some(part), _) => parts.push(vec![part]),
                (separator, None, Some(set)) => {
                    let last = set.last_mut()?;
                    last.value.push(separator);
                    last.value.push_str(piece);
                }
                (_, None, None) => return None,
            }
        }
        (!parts.is_empty() && parts.len() <= MOST_PARTS).then_some(Self(parts))
    }

    /// As Active Directory writes it in `altSecurityIdentities`.
    pub fn active_directory_text(&self) -> String {
        self.written(",", "+", Quoting::AsWindows, false)
    }

    /// The same without any quotation marks; some tools write it so.
    pub fn unquoted_text(&self) -> String {
        self.written(",", "+", Quoting::Never, false)
    }

    /// As .NET and the Windows dialogs show it: most specific part first, a blank after each comma.
    pub fn display_text(&self) -> String {
        self.written(", ", " + ", Quoting::AsWindows, true)
    }

    /// Whether both name the same: parts in order, values without regard to case and runs of blanks.
    pub fn same_as(&self, other: &Self) -> bool {
        self.folded() == other.folded()
    }

    /// Whether the other is this name with its parts in the opposite order: the mark of a value pasted from a dialog.
    pub fn is_reverse_of(&self, other: &Self) -> bool {
        let mut turned = self.folded();
        turned.reverse();
        turned == other.folded()
    }

    /// Whether there is no part at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn folded(&self) -> Vec<Vec<(String, String)>> {
        let fold = |part: &Part| {
            let words: Vec<&str> = part.value.split_whitespace().collect();
            (part.oid.clone(), words.join(" ").to_lowercase())
        };
        let sets = self.0.iter().map(|set| {
            let mut folded: Vec<_> = set.iter().map(fold).collect();
            folded.sort();
            folded
        });
        sets.collect()
    }

    fn written(&self, comma: &str, plus: &str, quoting: Quoting, turned: bool) -> String {
        let one = |set: &Vec<Part>| {
            let parts: Vec<String> = set.iter().map(|part| part.written(quoting)).collect();
            parts.join(plus)
        };
        let mut all: Vec<String> = self.0.iter().map(one).collect();
        if turned {
            all.reverse();
        }
        all.join(comma)
    }
}

impl fmt::Debug for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.active_directory_text())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoting {
    AsWindows,
    Never,
}

impl Part {
    fn parse(piece: &str) -> Option<Self> {
        let (keyword, value) = piece.split_once('=')?;
        let keyword = keyword.trim();
        let oid = match keyword.get(..4) {
            Some(head) if head.eq_ignore_ascii_case("OID.") => keyword.get(4..)?.to_owned(),
            _ => KEYWORDS
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(keyword))
                .map(|(_, oid)| (*oid).to_owned())?,
        };
        let well_formed = !oid.is_empty()
            && oid
                .bytes()
                .all(|octet| octet.is_ascii_digit() || octet == b'.');
        let value = value.trim();
        let bare = value
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        let value = match bare {
            Some(inner) => inner.replace("\"\"", "\""),
            None => value.to_owned(),
        };
        (well_formed && value.len() <= LONGEST_VALUE).then_some(Self { oid, value })
    }

    fn written(&self, quoting: Quoting) -> String {
        let known = KEYWORDS.iter().find(|(_, oid)| *oid == self.oid);
        let keyword = match known {
            Some((keyword, _)) => (*keyword).to_owned(),
            None => format!("OID.{}", self.oid),
        };
        if quoting == Quoting::AsWindows && needs_quotes(&self.value) {
            format!("{keyword}=\"{}\"", self.value.replace('"', "\"\""))
        } else {
            format!("{keyword}={}", self.value)
        }
    }
}

fn needs_quotes(value: &str) -> bool {
    value.is_empty()
        || value.trim() != value
        || value.contains([',', '+', '=', '"', '\n', '<', '>', '#', ';'])
}

/// Pieces between commas and plus signs outside of quotation marks, each with the separator before it.
fn split(written: &str) -> Option<Vec<(char, &str)>> {
    let (mut pieces, mut start, mut quoted, mut before) = (Vec::new(), 0, false, ',');
    for (at, character) in written.char_indices() {
        match character {
            '"' => quoted = !quoted,
            ',' | '+' if !quoted => {
                pieces.push((before, written.get(start..at)?));
                (start, before) = (at + 1, character);
            }
            _ => {}
        }
        if pieces.len() > MOST_PARTS * 4 {
            return None;
        }
    }
    pieces.push((before, written.get(start..)?));
    (!quoted).then_some(pieces)
}

/// The text of a DirectoryString or IA5String (RFC 5280 section 4.1.2.4).
pub(super) fn text(value: &Any<'_>) -> Option<String> {
    let text = match value.header.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString => {
            std::str::from_utf8(value.data).ok()?.to_owned()
        }
        Tag::T61String => value.data.iter().map(|&octet| char::from(octet)).collect(),
        Tag::BmpString => {
            let pairs = value.data.chunks_exact(2);
            if !pairs.remainder().is_empty() {
                return None;
            }
            let units: Vec<u16> = pairs
                .map(|pair| {
                    pair.iter()
                        .fold(0, |unit, octet| unit << 8 | u16::from(*octet))
                })
                .collect();
            String::from_utf16(&units).ok()?
        }
        _ => return None,
    };
    (!text.contains('\0')).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(written: &str) -> DistinguishedName {
        DistinguishedName::parse(written).unwrap()
    }

    #[test]
    fn names_are_compared_as_parts() {
        let quoted = name("DC=example,DC=corp,CN=\"Corp Issuing, CA 1\"");
        let plain = name("dc=Example, dc=corp, cn=Corp  Issuing, CA 1");
        assert!(quoted.same_as(&plain), "{quoted:?} {plain:?}");
        assert_eq!(
            quoted.active_directory_text(),
            "DC=example,DC=corp,CN=\"Corp Issuing, CA 1\""
        );
        assert_eq!(
            quoted.unquoted_text(),
            "DC=example,DC=corp,CN=Corp Issuing, CA 1"
        );
        assert_eq!(
            quoted.display_text(),
            "CN=\"Corp Issuing, CA 1\", DC=corp, DC=example"
        );
        assert!(!quoted.same_as(&name("DC=example,DC=corp,CN=Corp Issuing CA 1")));
        assert!(!quoted.same_as(&name("DC=corp,DC=example,CN=\"Corp Issuing, CA 1\"")));
        assert!(quoted.is_reverse_of(&name("CN=\"Corp Issuing, CA 1\",DC=corp,DC=example")));
        assert!(name("CN=a+OU=b").same_as(&name("OU=B + CN=A")));
        assert!(!name("CN=a+OU=b").same_as(&name("CN=a,OU=b")));
        assert!(name("S=Kent").same_as(&name("ST=kent")));
        assert!(name("OID.2.5.4.3=x").same_as(&name("CN=x")));
        assert_eq!(name("CN=\"a \"\"b\"\"\"").unquoted_text(), "CN=a \"b\"");
        for wrong in ["", "x", "CN", ",CN=a", "CN=\"open", "OID.=x"] {
            assert!(DistinguishedName::parse(wrong).is_none(), "{wrong:?}");
        }
    }
}
