//! The security identifier that an authority of Active Directory writes into a certificate.
//!
//! MS-WCCE 2.2.2.7.7.4: an extension 1.3.6.1.4.1.311.25.2 that is a SEQUENCE of one GeneralName, an
//! otherName of type 1.3.6.1.4.1.311.25.2.1 with an OCTET STRING holding the SID as text. Since KB5014754 an alternative
//! name `tag:microsoft.com,2022-09-14:sid:<SID>` (a URI) says the same.

use super::der::{Element, OCTET_STRING, OID};

/// 1.3.6.1.4.1.311.25.2.1
const NTDS_OBJECT_SID: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 25, 2, 1];
/// S-1-, a 48-bit authority and fifteen 32-bit numbers.
const LONGEST_SID: usize = 4 + 15 + 15 * 11;
/// What the URI begins with.
const URI: &str = "tag:microsoft.com,2022-09-14:sid:";

/// The SID in the value of the extension; `None` for anything but exactly one.
pub(super) fn extension(value: &[u8]) -> Option<String> {
    let names = Element::only(value).filter(Element::is_sequence)?;
    let name = Element::only(names.value)?;
    if name.context() != Some(0) {
        return None;
    }
    let parts = name.children(2)?;
    let [kind, holder] = parts.as_slice() else {
        return None;
    };
    if !kind.is_universal(OID) || kind.value != NTDS_OBJECT_SID || holder.context() != Some(0) {
        return None;
    }
    let octets = Element::only(holder.value)?;
    if !octets.is_universal(OCTET_STRING) {
        return None;
    }
    text(std::str::from_utf8(octets.value).ok()?)
}

/// The SID in an alternative name: `None` when the URI is about something else, `Some(None)` when it is malformed.
pub(super) fn uri(uri: &str) -> Option<Option<String>> {
    let head = uri.get(..URI.len())?;
    head.eq_ignore_ascii_case(URI)
        .then(|| text(uri.get(URI.len()..)?))
}

fn text(sid: &str) -> Option<String> {
    let numbers = sid.strip_prefix("S-1-")?;
    let well_formed = sid.len() <= LONGEST_SID
        && numbers
            .split('-')
            .all(|number| !number.is_empty() && number.bytes().all(|octet| octet.is_ascii_digit()));
    well_formed.then(|| sid.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SID: &str = "S-1-5-21-1-2-3-1104";

    fn der(tag: u8, value: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(value.len()).unwrap()], value].concat()
    }

    fn written(sid: &[u8]) -> Vec<u8> {
        let holder = der(0xa0, &der(4, sid));
        der(
            0x30,
            &der(0xa0, &[der(6, NTDS_OBJECT_SID), holder].concat()),
        )
    }

    #[test]
    fn the_extension_is_read_as_der() {
        assert_eq!(extension(&written(SID.as_bytes())).as_deref(), Some(SID));
        let good = written(SID.as_bytes());
        let other_kind = der(
            0x30,
            &der(
                0xa0,
                &[der(6, &[0x2a]), der(0xa0, &der(4, b"S-1-5"))].concat(),
            ),
        );
        let one = good.get(2..).unwrap();
        let twice = der(0x30, &[one, one].concat());
        let text_type = der(
            0x30,
            &der(
                0xa0,
                &[der(6, NTDS_OBJECT_SID), der(0xa0, &der(12, SID.as_bytes()))].concat(),
            ),
        );
        for wrong in [
            [&good[..], &[0]].concat(),
            good[..good.len() - 1].to_vec(),
            other_kind,
            twice,
            text_type,
            written(b"S-1-5-21\0-1"),
            written(b"S-1-"),
            written(b"bob"),
            // The octets of a SID somewhere inside do not make it one.
            der(4, &good),
        ] {
            assert_eq!(extension(&wrong), None, "{wrong:02x?}");
        }
    }

    #[test]
    fn sec_crt_02_the_uri_form_is_read() {
        assert_eq!(uri(&format!("{URI}{SID}")), Some(Some(SID.to_owned())));
        assert_eq!(uri(&format!("{URI}bob")), Some(None));
        assert_eq!(uri("https://example.com/"), None);
    }
}
