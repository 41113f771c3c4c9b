//! Writes search filters (RFC 4515). Filters of claim rules come parsed, as [`signet_claims::Filter`].

use std::fmt::Write as _;

/// `(attribute=value)`, whatever the value holds: everything but plain letters, digits and a few
/// marks is written as `\xx` (RFC 4515 section 3: escaping more than must be is allowed).
pub(crate) fn equals(attribute: &str, value: impl AsRef<[u8]>) -> String {
    let mut out = format!("({attribute}=");
    for &octet in value.as_ref() {
        if octet.is_ascii_alphanumeric() || b"@.-_".contains(&octet) {
            out.push(char::from(octet));
        } else {
            let _ = write!(out, "\\{octet:02x}");
        }
    }
    out.push(')');
    out
}

/// `(&…)`
pub(crate) fn all(filters: &[String]) -> String {
    format!("(&{})", filters.concat())
}

/// `(|…)`
pub(crate) fn any(filters: &[String]) -> String {
    format!("(|{})", filters.concat())
}

/// Fuzz target: whatever the octets are, the filter is one equality with that very value, for the
/// LDAP client and for the reader of claim rules.
pub fn fuzz_filter_value(value: &[u8]) {
    let written = equals("sAMAccountName", value);
    let read = signet_claims::Filter::parse(&written);
    let expected = signet_claims::Filter::Equal {
        attribute: "sAMAccountName".to_owned(),
        value: value.to_vec(),
    };
    assert!(
        written.len() > 16 * 1024 || value.is_empty() || read == Ok(expected),
        "{written}"
    );
    let sent = ldap3::parse_filter(&written).map(|tag| match tag {
        ldap3::asn1::Tag::Sequence(sequence) if sequence.id == 3 => match sequence.inner.get(1) {
            Some(ldap3::asn1::Tag::OctetString(octets)) => octets.inner == value,
            _ => false,
        },
        _ => false,
    });
    assert!(matches!(sent, Ok(true)), "{written}");
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::proptest;

    use super::*;

    #[test]
    fn sec_ad_05_structure_in_a_value_stays_a_value() {
        for (value, written) in [
            ("*", "(a=\\2a)"),
            (")(objectClass=*", "(a=\\29\\28objectClass\\3d\\2a)"),
            ("\\2a", "(a=\\5c2a)"),
            ("\0", "(a=\\00)"),
            ("x\\", "(a=x\\5c)"),
            ("ž", "(a=\\c5\\be)"),
        ] {
            assert_eq!(equals("a", value), written);
            fuzz_filter_value(value.as_bytes());
        }
        assert_eq!(
            all(&[equals("a", "1"), any(&[equals("b", "2"), equals("c", "3")])]),
            "(&(a=1)(|(b=2)(c=3)))"
        );
    }

    proptest! {
        #[test]
        fn sec_ad_05_a_value_cannot_leave_its_place(value in vec(0u8..=255, 0..200)) {
            fuzz_filter_value(&value);
        }
    }
}
