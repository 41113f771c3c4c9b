//! Octets that no controller sends.

use signet_directory::{Directory as _, DirectoryError};

use crate::fake::{
    Act, Asked, Fake, Object, SERVICE, accepted, directory, message, octets, result, sign_in, tlv,
};

fn entry_with(attributes: &[u8]) -> Vec<u8> {
    tlv(
        0x64,
        &[octets(b"CN=x,DC=corp,DC=example"), tlv(0x30, attributes)].concat(),
    )
}

/// Answers that end a connection, whatever was asked; the id of a first request is 1, of a second 2.
fn poison() -> Vec<(&'static str, Vec<u8>)> {
    let nested = (0..10_000).fold(Vec::new(), |inner: Vec<u8>, _| {
        let mut out = vec![0x30, 0x84];
        out.extend(u32::try_from(inner.len()).unwrap().to_be_bytes());
        out.extend(inner);
        out
    });
    let each = |operation: Vec<u8>| {
        (1..40)
            .flat_map(|id| message(id, &operation))
            .collect::<Vec<u8>>()
    };
    vec![
        (
            "a length of 2^32 - 1",
            vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        ),
        ("a length of five octets", vec![0x30, 0x85, 1, 0, 0, 0, 0]),
        ("an indefinite length", vec![0x30, 0x80, 2, 1, 1]),
        ("nesting 10,000 deep", nested.clone()),
        ("nesting inside an entry", each(entry_with(&nested))),
        ("a message of 100 MB", tlv(0x30, &vec![0; 5_000_000])),
        (
            "a message id that nothing waits for",
            message(4711, &result(0x61, 0, "")),
        ),
        (
            "message id 0",
            message(
                0,
                &tlv(
                    0x78,
                    &[
                        tlv(10, &[52]),
                        octets(b""),
                        octets(b"bye"),
                        tlv(0x8a, b"1.3.6.1.4.1.1466.20036"),
                    ]
                    .concat(),
                ),
            ),
        ),
        (
            "a negative message id",
            tlv(0x30, &[tlv(2, &[0xff]), result(0x61, 0, "")].concat()),
        ),
        ("an answer of another kind", each(result(0x78, 0, ""))),
        ("an unknown operation", each(tlv(0x7e, &[]))),
        ("an intermediate response", each(tlv(0x79, &[]))),
        ("an empty message", tlv(0x30, &[])),
        ("a result without a code", each(tlv(0x65, &[]))),
        (
            "a result with a negative code",
            each(tlv(
                0x65,
                &[tlv(10, &[0xff]), octets(b""), octets(b"")].concat(),
            )),
        ),
        (
            "a diagnostic that is not UTF-8",
            each(tlv(
                0x65,
                &[tlv(10, &[0]), octets(b""), octets(&[0xff])].concat(),
            )),
        ),
        (
            "an entry without attributes",
            each(tlv(0x64, &octets(b"CN=x"))),
        ),
        (
            "an attribute without values",
            each(entry_with(&tlv(0x30, &octets(b"cn")))),
        ),
        (
            "a name that is not UTF-8",
            each(tlv(0x64, &[octets(&[0xff]), tlv(0x30, &[])].concat())),
        ),
        (
            "controls that are none",
            (1..40)
                .flat_map(|id| {
                    tlv(
                        0x30,
                        &[tlv(2, &[id]), result(0x65, 0, ""), tlv(0xa0, &octets(b"x"))].concat(),
                    )
                })
                .collect(),
        ),
        ("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
    ]
}

#[tokio::test]
async fn sec_ad_19_hostile_answers_to_a_search_end_the_connection_and_the_next_controller_is_asked()
{
    let good = Fake::start().await;
    for (what, octets) in poison() {
        let bad = Fake::start().await;
        bad.script(move |asked| match asked {
            Asked::Search { values, .. } if !values.is_empty() => Act::Raw(octets.clone()),
            _ => Act::Usual,
        });
        let alone = sign_in(&directory(&[&bad]), "alice", "alice-secret").await;
        assert!(
            matches!(alone, Err(DirectoryError::Unavailable { .. })),
            "{what}: {alone:?}"
        );
        assert!(
            accepted(&sign_in(&directory(&[&bad, &good]), "alice", "alice-secret").await),
            "{what}"
        );
    }
}

#[tokio::test]
async fn sec_ad_19_hostile_answers_to_a_bind_are_neither_success_nor_a_wrong_password() {
    for (what, octets) in poison() {
        let bad = Fake::start().await;
        bad.script(move |asked| match asked {
            Asked::Bind { name, .. } if name != SERVICE => Act::Raw(octets.clone()),
            _ => Act::Usual,
        });
        let verdict = sign_in(&directory(&[&bad]), "alice", "alice-secret").await;
        assert!(
            matches!(verdict, Err(DirectoryError::Unavailable { .. })),
            "{what}: {verdict:?}"
        );
    }
}

#[tokio::test]
async fn sec_ad_19_a_search_that_never_stops_finding_is_cut_off() {
    let fake = Fake::start().await;
    let entries = vec![Object::user("x", 1).entry(); 5000];
    fake.script(move |asked| match asked {
        Asked::Search { values, .. } if !values.is_empty() => Act::Operations(entries.clone()),
        _ => Act::Usual,
    });
    let verdict = sign_in(&directory(&[&fake]), "alice", "alice-secret").await;
    assert!(
        matches!(verdict, Err(DirectoryError::QueryRefused { .. })),
        "{verdict:?}"
    );
}

#[tokio::test]
async fn a_server_of_another_domain_is_not_asked() {
    let fake = Fake::start().await;
    let mut root = Object::user("root", 1);
    root.attributes.clear();
    root.dn = String::new();
    root.set("defaultNamingContext", &[b"DC=other,DC=example"]);
    let root = root.entry();
    fake.script(move |asked| match asked {
        Asked::Search {
            base, attributes, ..
        } if base.is_empty() && attributes.iter().any(|name| name == "defaultNamingContext") => {
            Act::Operations(vec![root.clone(), result(0x65, 0, "")])
        }
        _ => Act::Usual,
    });
    let directory = directory(&[&fake]);
    for _ in 0..100 {
        let health = directory.health().await;
        if health[0]
            .detail
            .as_ref()
            .is_some_and(|detail| detail.contains("DC=other"))
        {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{:?}", directory.health().await);
}
