//! Subject alternative names (RFC 5280 section 4.2.1.6), read to the last octet: who a person is hangs on them.

use x509_parser::asn1_rs::{Any, FromDer};

use super::der::{Element, OID, UTF8_STRING};
use super::{name, sid};

/// 1.3.6.1.4.1.311.20.2.3
const USER_PRINCIPAL_NAME: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 3];
const MOST_NAMES: usize = 64;
const LONGEST_NAME: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct AlternativeNames {
    pub(super) user_principal_names: Vec<String>,
    pub(super) emails: Vec<String>,
    pub(super) others: Vec<String>,
    pub(super) sid: Option<String>,
}

/// `None` for anything that is not exactly a list of names. A UPN is a UTF8String, as Windows writes it; another
/// type, or a zero octet inside, is refused: two readers could take it for two names.
pub(super) fn read(value: &[u8]) -> Option<AlternativeNames> {
    let list = Element::only(value).filter(Element::is_sequence)?;
    let mut names = AlternativeNames::default();
    for one in list.children(MOST_NAMES)? {
        if one.value.len() > LONGEST_NAME {
            return None;
        }
        match one.context()? {
            0 => {
                if let Some(upn) = other_name(&one)? {
                    names.user_principal_names.push(upn);
                }
            }
            1 => names.emails.push(ascii(one.value)?),
            2 => names.others.push(format!("DNS:{}", ascii(one.value)?)),
            6 => {
                let uri = ascii(one.value)?;
                match (sid::uri(&uri), &names.sid) {
                    (Some(None), _) => return None,
                    (Some(Some(another)), Some(sid)) if another != *sid => return None,
                    (Some(sid), _) => names.sid = sid,
                    (None, _) => names.others.push(format!("URI:{uri}")),
                }
            }
            3..=8 => {}
            _ => return None,
        }
    }
    Some(names)
}

/// `Some(None)` for an otherName of another type.
fn other_name(name: &Element<'_>) -> Option<Option<String>> {
    let parts = name.children(2)?;
    let [kind, holder] = parts.as_slice() else {
        return None;
    };
    if !kind.is_universal(OID) || holder.context() != Some(0) {
        return None;
    }
    if kind.value != USER_PRINCIPAL_NAME {
        return Some(None);
    }
    let text = Element::only(holder.value)?;
    if !text.is_universal(UTF8_STRING) {
        return None;
    }
    let upn = std::str::from_utf8(text.value).ok()?;
    let usable = !upn.is_empty() && !upn.chars().any(char::is_control);
    usable.then(|| Some(upn.to_owned()))
}

fn ascii(octets: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(octets).ok()?;
    let usable = text.is_ascii() && !text.chars().any(|character| character.is_ascii_control());
    usable.then(|| text.to_owned())
}

/// A single string of any of the usual types.
pub(super) fn any_text(value: &[u8]) -> Option<String> {
    let (rest, any) = Any::from_der(value).ok()?;
    if !rest.is_empty() || value.len() > LONGEST_NAME {
        return None;
    }
    name::text(&any)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, value: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(value.len()).unwrap()], value].concat()
    }

    fn upn(tag: u8, text: &[u8]) -> Vec<u8> {
        let holder = der(0xa0, &der(tag, text));
        der(
            0x30,
            &der(0xa0, &[der(6, USER_PRINCIPAL_NAME), holder].concat()),
        )
    }

    #[test]
    fn sec_crt_13_a_name_is_exactly_what_it_says() {
        let good = read(&upn(12, "zoë@example.com".as_bytes())).unwrap();
        assert_eq!(good.user_principal_names, ["zoë@example.com"]);
        for wrong in [
            upn(12, b"alice@example.com\0.evil.test"),
            upn(12, b"alice@example.com\n"),
            upn(12, b""),
            upn(12, b"\xff@example.com"),
            // BMPString, OCTET STRING.
            upn(30, b"\0a\0l\0i"),
            upn(4, b"alice@example.com"),
            [upn(12, b"a@b").as_slice(), &[0]].concat(),
            der(0x30, &der(0x81, b"alice\0@example.com")),
            der(0x30, &der(0x86, b"tag:microsoft.com,2022-09-14:sid:S-1-x")),
            der(0x30, &der(0x0c, b"alice@example.com")),
        ] {
            assert!(read(&wrong).is_none(), "{wrong:02x?}");
        }
    }
}
