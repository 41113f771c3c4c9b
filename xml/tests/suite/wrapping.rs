//! Signature wrapping by exhaustion: the signed original, its signature and an evil copy in every place
//! and combination that the tree offers.

use signet_xml::Policy;

use crate::documents::{Kind, consume, genuine};
use crate::support::messages::{
    GOOD_ACS, GOOD_ISSUER, GOOD_SUBJECT, Unsigned, assertion, authn_request, metadata, response,
};

/// Every position in front of a tag or at the end: where a piece may be put and stay well-formed.
fn places(xml: &str) -> Vec<usize> {
    xml.match_indices('<')
        .map(|(at, _)| at)
        .filter(|at| *at > 0)
        .collect()
}

fn insert(xml: &str, at: usize, piece: &str) -> String {
    let (head, tail) = xml.split_at(at);
    format!("{head}{piece}{tail}")
}

/// Puts `pieces` into `evil` at every place, one and two at a time, and counts what was tried.
fn attack(
    kind: Kind,
    evil: &Unsigned,
    original: &Unsigned,
    signed: &str,
    around: impl Fn(&str) -> String,
) -> (usize, usize) {
    let (head, tail) = original.halves();
    let signature = signed
        .strip_prefix(head)
        .unwrap()
        .strip_suffix(tail)
        .unwrap();
    let bare = original.xml.as_str();
    let object = |inner: &str| {
        signature.replace(
            "</ds:Signature>",
            &format!("<ds:Object>{inner}</ds:Object></ds:Signature>"),
        )
    };
    let pieces = [
        signed.to_owned(),
        signature.to_owned(),
        bare.to_owned(),
        object(bare),
        signature.replace("</ds:KeyInfo>", &format!("{bare}</ds:KeyInfo>")),
        signature.replace("</ds:SignedInfo>", &format!("{bare}</ds:SignedInfo>")),
        format!("{signature}{bare}"),
        format!("{bare}{signature}"),
        object(signed),
    ];
    let (mut tried, mut accepted) = (0, 0);
    let mut check = |xml: &str| {
        tried += 1;
        let document = around(xml);
        if let Ok(value) = consume(kind, document.as_bytes(), Policy::default()) {
            accepted += 1;
            assert_eq!(value, genuine(kind), "{document}");
        }
    };
    let evil = evil.xml.as_str();
    for first in &pieces {
        for at in places(evil) {
            let once = insert(evil, at, first);
            check(&once);
            for second in &pieces[..3] {
                for at in places(&once) {
                    check(&insert(&once, at, second));
                }
            }
        }
    }
    (tried, accepted)
}

#[test]
fn sec_sig_03_no_arrangement_makes_an_evil_request_readable() {
    let original = authn_request("_good", GOOD_ACS);
    let signed = authn_request("_good", GOOD_ACS).signed();
    for id in ["_evil", "_good"] {
        let evil = authn_request(id, "https://evil.example/");
        let (tried, accepted) =
            attack(Kind::AuthnRequest, &evil, &original, &signed, str::to_owned);
        assert!(tried > 500, "{tried}");
        assert_eq!(accepted, 0, "the evil request is the document element");
    }
}

#[test]
fn sec_sig_03_no_arrangement_makes_an_evil_assertion_readable() {
    let original = assertion("_good", GOOD_SUBJECT, &["user"]);
    let signed = assertion("_good", GOOD_SUBJECT, &["user"]).signed();
    let around = |inner: &str| {
        let empty = response("_r", None, &[]).xml.into_string();
        empty.replace("</samlp:Response>", &format!("{inner}</samlp:Response>"))
    };
    for id in ["_evil", "_good"] {
        let evil = assertion(id, "admin@contoso.example", &["root"]);
        let (tried, accepted) = attack(Kind::Response, &evil, &original, &signed, around);
        assert!(tried > 500, "{tried}");
        assert_eq!(accepted, 0, "two assertions are refused");
    }
}

#[test]
fn sec_sig_03_no_arrangement_makes_evil_metadata_readable() {
    let original = metadata("_good", GOOD_ISSUER, GOOD_ACS);
    let signed = metadata("_good", GOOD_ISSUER, GOOD_ACS).signed();
    for id in ["_evil", "_good"] {
        let evil = metadata(id, "https://evil.example/", "https://evil.example/acs");
        let (tried, accepted) = attack(Kind::Metadata, &evil, &original, &signed, str::to_owned);
        assert!(tried > 300, "{tried}");
        assert_eq!(accepted, 0);
    }
}

/// The same with the genuine document as the host: evil pieces inside must never be what is read.
#[test]
fn sec_sig_03_evil_pieces_inside_a_genuine_document_are_never_read() {
    let signed = authn_request("_good", GOOD_ACS).signed();
    let evil = authn_request("_evil", "https://evil.example/")
        .xml
        .into_string();
    for at in places(&signed) {
        let document = insert(&signed, at, &evil);
        if let Ok(value) = consume(Kind::AuthnRequest, document.as_bytes(), Policy::default()) {
            assert_eq!(value, genuine(Kind::AuthnRequest), "{document}");
        }
    }
}
