//! The shape of what a server may send (RFC 4511 section 4), checked before anything reads it.
//!
//! The LDAP client library trusts its server: it panics on an element that is missing and recurses
//! as deep as elements nest. So every message is checked here for exactly the shape that the
//! standard gives it, and nothing else is passed on.

use super::ber::{self, BOOLEAN, ENUMERATED, INTEGER, OCTET_STRING, Reader, SEQUENCE, SET};

/// The tags of protocol operations.
pub(crate) const BIND_REQUEST: u8 = 0x60;
const BIND_RESPONSE: u8 = 0x61;
const UNBIND_REQUEST: u8 = 0x42;
pub(crate) const SEARCH_REQUEST: u8 = 0x63;
const SEARCH_ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;
const SEARCH_REFERENCE: u8 = 0x73;
pub(crate) const MODIFY_REQUEST: u8 = 0x66;
const MODIFY_RESPONSE: u8 = 0x67;
const EXTENDED_REQUEST: u8 = 0x77;
const EXTENDED_RESPONSE: u8 = 0x78;
const ABANDON_REQUEST: u8 = 0x50;

/// What the client is waiting for under one message id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaited {
    Bind,
    Search,
    Modify,
    Extended,
}

/// A whole request of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// An answer will come under this id.
    Awaiting(u32, Awaited),
    /// None will.
    Silent,
}

/// A whole answer of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Pass it on; `last` when nothing more comes under this id.
    Pass {
        id: u32,
        awaited: Awaited,
        last: bool,
    },
    /// A reference to other servers inside search results: dropped, never followed.
    Reference { id: u32 },
    /// Message id 0: the server says something unasked, usually that it hangs up.
    Unsolicited,
}

/// Reads the id and the operation of a request.
pub(crate) fn request(message: &[u8]) -> Result<Request, &'static str> {
    let mut outer = Reader::new(message);
    let mut inner = Reader::new(outer.expect(SEQUENCE)?);
    let id = inner.number(INTEGER)?;
    let (operation, _) = inner.any()?;
    Ok(match operation {
        BIND_REQUEST => Request::Awaiting(id, Awaited::Bind),
        SEARCH_REQUEST => Request::Awaiting(id, Awaited::Search),
        MODIFY_REQUEST => Request::Awaiting(id, Awaited::Modify),
        EXTENDED_REQUEST => Request::Awaiting(id, Awaited::Extended),
        UNBIND_REQUEST | ABANDON_REQUEST => Request::Silent,
        _ => return Err("a request that is never made here"),
    })
}

/// Checks the shape of an answer.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn answer(message: &[u8]) -> Result<Answer, &'static str> {
    let mut outer = Reader::new(message);
    let mut inner = Reader::new(outer.expect(SEQUENCE)?);
    outer.end()?;
    let id = inner.number(INTEGER)?;
    let (operation, content) = inner.any()?;
    if id == 0 {
        return Ok(Answer::Unsolicited);
    }
    if let Some(controls) = inner.optional(0xa0)? {
        check_controls(controls)?;
    }
    inner.end()?;
    let pass = |awaited, last| Ok(Answer::Pass { id, awaited, last });
    match operation {
        BIND_RESPONSE => check_result(content).and_then(|()| pass(Awaited::Bind, true)),
        SEARCH_ENTRY => check_entry(content).and_then(|()| pass(Awaited::Search, false)),
        SEARCH_DONE => check_result(content).and_then(|()| pass(Awaited::Search, true)),
        SEARCH_REFERENCE => Ok(Answer::Reference { id }),
        MODIFY_RESPONSE => check_result(content).and_then(|()| pass(Awaited::Modify, true)),
        EXTENDED_RESPONSE => check_result(content).and_then(|()| pass(Awaited::Extended, true)),
        _ => Err("an operation that no answer has"),
    }
}

/// The result code of the answer to an extended request with that id.
pub(crate) fn extended_result(message: &[u8], wanted: u32) -> Result<u32, &'static str> {
    match answer(message)? {
        Answer::Pass {
            id,
            awaited: Awaited::Extended,
            ..
        } if id == wanted => {}
        _ => return Err("an answer to something else"),
    }
    let mut inner = Reader::new(Reader::new(message).expect(SEQUENCE)?);
    inner.number(INTEGER)?;
    Reader::new(inner.expect(EXTENDED_RESPONSE)?).number(ENUMERATED)
}

/// LDAPResult: code, matched name, diagnostic; then referral [3], credentials [7], name [10], value [11].
fn check_result(content: &[u8]) -> Result<(), &'static str> {
    let mut result = Reader::new(content);
    result.number(ENUMERATED)?;
    result.text()?;
    result.text()?;
    while !result.is_empty() {
        match result.any()? {
            (0xa3, referral) => {
                let mut addresses = Reader::new(referral);
                while !addresses.is_empty() {
                    addresses.text()?;
                }
            }
            (0x87 | 0x8b, _) => {}
            (0x8a, name) => {
                std::str::from_utf8(name).map_err(|_| "text that is not UTF-8")?;
            }
            _ => return Err("an element that no result has"),
        }
    }
    Ok(())
}

/// SearchResultEntry: name, then a list of type and values.
fn check_entry(content: &[u8]) -> Result<(), &'static str> {
    let mut entry = Reader::new(content);
    entry.text()?;
    let mut attributes = Reader::new(entry.expect(SEQUENCE)?);
    entry.end()?;
    while !attributes.is_empty() {
        let mut attribute = Reader::new(attributes.expect(SEQUENCE)?);
        attribute.text()?;
        let mut values = Reader::new(attribute.expect(SET)?);
        attribute.end()?;
        while !values.is_empty() {
            values.expect(OCTET_STRING)?;
        }
    }
    Ok(())
}

fn check_controls(content: &[u8]) -> Result<(), &'static str> {
    let mut controls = Reader::new(content);
    while !controls.is_empty() {
        let mut control = Reader::new(controls.expect(SEQUENCE)?);
        control.text()?;
        if let Some(critical) = control.optional(BOOLEAN)?
            && critical.len() != 1
        {
            return Err("a boolean of another length than one");
        }
        control.optional(OCTET_STRING)?;
        control.end()?;
    }
    Ok(())
}

/// Fuzz target: no input panics; what is passed on, the client library can take apart.
pub fn fuzz_ldap_answer(octets: &[u8]) {
    let whole = match ber::header(octets) {
        Ok(ber::Header::Whole {
            header, content, ..
        }) => header
            .checked_add(content)
            .and_then(|end| octets.get(..end)),
        _ => None,
    };
    let Some(message) = whole else { return };
    let Ok(Answer::Pass { awaited, last, .. }) = answer(message) else {
        return;
    };
    let parsed = ldap3::asn1::parse_tag(message)
        .ok()
        .and_then(|(_, tag)| tag.expect_constructed());
    let operation = parsed.and_then(|parts| parts.into_iter().nth(1));
    assert!(operation.is_some(), "the shape was checked");
    let Some(operation) = operation else { return };
    if last {
        let result = ldap3::LdapResult::from(ldap3::asn1::Tag::StructureTag(operation));
        let _ = super::codes::bind_outcome(result.rc, &result.text);
        let _ = super::codes::change_outcome(result.rc, &result.text);
    } else {
        assert_eq!(awaited, Awaited::Search);
        assert!(super::entries::entry(operation).is_some());
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::proptest;

    use super::*;

    fn samples() -> Vec<Vec<u8>> {
        let text = |octets: &[u8]| ber::element(OCTET_STRING, octets);
        let message = |operation: Vec<u8>, controls: Vec<u8>| {
            ber::element(
                SEQUENCE,
                &[ber::element(INTEGER, &[7]), operation, controls].concat(),
            )
        };
        let result = |tag| {
            ber::element(
                tag,
                &[
                    ber::element(ENUMERATED, &[49]),
                    text(b""),
                    text(b"data 52e, v1"),
                ]
                .concat(),
            )
        };
        let attribute = ber::element(
            SEQUENCE,
            &[text(b"cn"), ber::element(SET, &text(b"x"))].concat(),
        );
        let entry = ber::element(
            SEARCH_ENTRY,
            &[text(b"CN=x"), ber::element(SEQUENCE, &attribute)].concat(),
        );
        let control = ber::element(
            SEQUENCE,
            &[text(b"1.2"), ber::element(BOOLEAN, &[0xff]), text(b"v")].concat(),
        );
        vec![
            message(result(BIND_RESPONSE), Vec::new()),
            message(result(SEARCH_DONE), ber::element(0xa0, &control)),
            message(result(EXTENDED_RESPONSE), Vec::new()),
            message(result(MODIFY_RESPONSE), Vec::new()),
            message(entry, Vec::new()),
        ]
    }

    #[test]
    fn well_shaped_answers_pass() {
        for message in samples() {
            assert!(
                matches!(answer(&message), Ok(Answer::Pass { id: 7, .. })),
                "{message:?}"
            );
            fuzz_ldap_answer(&message);
        }
    }

    proptest! {
        /// Whatever is wrong with an answer, what is passed on does not upset the client library.
        #[test]
        fn sec_ad_19_changed_answers_upset_nobody(sample in 0usize..5, changes in vec((0usize..80, 0u8..=255), 0..4)) {
            let mut message = samples().swap_remove(sample);
            for (at, octet) in changes {
                if let Some(old) = message.get_mut(at) {
                    *old = octet;
                }
            }
            fuzz_ldap_answer(&message);
        }
    }
}
