//! Attack cases on inbound signatures, by their id.
//!
//! The shapes themselves are in `documents`, wrapping in `wrapping`, keys and vectors in `keys`.

use std::fs;
use std::path::Path;

use signet_xml::{
    Limits, Policy, SignatureError, TrustedKey, read, verify_detached, verify_enveloped,
};

use crate::documents::{Kind, all, consume, genuine};
use crate::support::keys::{elliptic_partner, partner, stranger};
use crate::support::messages::{AUTHN_REQUEST, GOOD_ACS, SAML, authn_request};
use crate::support::template::{RSA_SHA1, RSA_SHA256, Template};

fn refused(document_name: &str) -> SignatureError {
    let cases = all();
    let case = cases
        .iter()
        .find(|case| case.name == document_name)
        .expect(document_name);
    consume(case.kind, case.xml.as_bytes(), Policy::default()).unwrap_err()
}

fn signed() -> String {
    authn_request("_good", GOOD_ACS).signed()
}

fn verdict(xml: &str) -> Result<String, SignatureError> {
    consume(Kind::AuthnRequest, xml.as_bytes(), Policy::default())
}

fn template() -> Template {
    Template::good("_good", &authn_request("_good", GOOD_ACS).xml)
}

fn with(signature: &str) -> String {
    let request = authn_request("_good", GOOD_ACS);
    let (head, tail) = request.halves();
    format!("{head}{signature}{tail}")
}

#[test]
fn sec_sig_01_stripped_signature_is_not_verified() {
    assert_eq!(refused("authn_unsigned"), SignatureError::NotSigned);
}

#[test]
fn sec_sig_02_empty_signature_no_reference_no_signed_info() {
    for name in ["authn_empty_signature", "authn_no_reference"] {
        assert!(matches!(refused(name), SignatureError::Shape(_)), "{name}");
    }
    let good = template().signature();
    let info =
        &good[good.find("<ds:SignedInfo>").unwrap()..good.find("<ds:SignatureValue>").unwrap()];
    assert!(matches!(
        verdict(&with(&good.replace(info, ""))),
        Err(SignatureError::Shape(_))
    ));
    let value =
        &good[good.find("<ds:SignatureValue>").unwrap()..good.find("</ds:Signature>").unwrap()];
    assert!(matches!(
        verdict(&with(&good.replace(value, ""))),
        Err(SignatureError::Shape(_))
    ));
}

#[test]
fn sec_sig_04_doubled_parts_and_markup_in_values() {
    let good = template().signature();
    for (from, to) in [
        ("<ds:DigestValue>", "<ds:DigestValue><x></x>"),
        ("<ds:SignatureValue>", "<ds:SignatureValue><!-- -->"),
        ("<ds:SignatureValue>", "<ds:SignatureValue><?pi?>"),
        (
            "<ds:SignatureValue>",
            "<ds:SignatureValue></ds:SignatureValue><ds:SignatureValue>",
        ),
        ("<ds:SignedInfo>", "<ds:SignedInfo>text"),
        ("<ds:SignedInfo>", "<ds:SignedInfo evil=\"1\">"),
        ("<ds:SignatureValue>", "<ds:SignatureValue>!"),
    ] {
        let error = verdict(&with(&good.replace(from, to))).unwrap_err();
        assert!(matches!(error, SignatureError::Shape(_)), "{to}: {error}");
    }
    assert!(matches!(
        refused("authn_two_references"),
        SignatureError::Shape(_)
    ));
    assert!(matches!(
        refused("authn_two_signed_info"),
        SignatureError::Shape(_)
    ));
    assert_eq!(
        refused("authn_two_signatures"),
        SignatureError::SecondSignature
    );
}

#[test]
fn sec_sig_05_duplicate_ids_anywhere() {
    let request = authn_request("_good", GOOD_ACS);
    for twin in ["ID", "Id", "id", "AssertionID", "xml:id", "samlp:ID"] {
        let piece = format!("<x {twin}=\"_good\"></x>");
        let key_info = format!("<ds:KeyInfo>{piece}</ds:KeyInfo></ds:Signature>");
        let signature = template().signature().replace("</ds:Signature>", &key_info);
        let (head, tail) = request.halves();
        let xml = format!("{head}{signature}{tail}");
        assert_eq!(verdict(&xml), Err(SignatureError::DuplicateId), "{twin}");
    }
}

/// XML-09: only the attribute without a namespace, spelled as the profile says, names the element.
#[test]
fn sec_xml_09_only_the_unqualified_id_counts() {
    for spelling in ["Id", "id", "xml:id", "samlp:ID", "AssertionID"] {
        let xml = signed().replacen(" ID=", &format!(" {spelling}="), 1);
        assert_eq!(verdict(&xml), Err(SignatureError::MissingId), "{spelling}");
    }
    let empty = signed()
        .replacen("ID=\"_good\"", "ID=\"\"", 1)
        .replace("#_good", "#");
    assert_eq!(verdict(&empty), Err(SignatureError::MissingId));
}

#[test]
fn sec_sig_06_references_to_anything_but_the_parent() {
    for uri in [
        "",
        "#",
        "#xpointer(/)",
        "#xpointer(id('_good'))",
        "#xpointer(id(&quot;_good&quot;))",
        "_good",
        "#_good ",
        " #_good",
        "#%5Fgood",
        "#_Good",
        "#_good#_good",
        "http://sp.example/#_good",
        "cid:_good",
        "file:///etc/passwd",
        "#_other",
    ] {
        let mut template = template();
        template.references[0].uri = Some(uri.to_owned());
        let xml = with(&template.signature());
        assert_eq!(
            verdict(&xml),
            Err(SignatureError::OtherElementReferenced),
            "{uri}"
        );
    }
}

#[test]
fn sec_sig_07_transforms_other_than_the_two() {
    for name in [
        "authn_xpath_filter",
        "authn_xslt",
        "authn_only_enveloped",
        "authn_base64_transform",
        "authn_canonicalization_with_comments",
        "authn_hundred_transforms",
    ] {
        assert_eq!(refused(name), SignatureError::Transforms, "{name}");
    }
}

#[test]
fn sec_sig_08_canonicalization_failure_and_the_digest_of_nothing() {
    // A relative namespace name has no canonical form.
    let request = authn_request("_good", GOOD_ACS);
    let (head, tail) = request.halves();
    for relative in ["relative", "../a", "//host/a", "#x", "1:x"] {
        let declared = head.replacen(
            "<samlp:AuthnRequest",
            &format!("<samlp:AuthnRequest xmlns:r=\"{relative}\""),
            1,
        );
        let xml = format!("{declared}{}{tail}", template().signature());
        assert_eq!(
            verdict(&xml),
            Err(SignatureError::RelativeNamespace),
            "{relative}"
        );
    }
    let mut nothing = template();
    nothing.references[0].content = Vec::new();
    assert_eq!(
        verdict(&with(&nothing.signature())),
        Err(SignatureError::Changed)
    );
    let good = template();
    let empty = good.signature().replace(
        &good.signature()[good.signature().find("<ds:DigestValue>").unwrap()
            ..good.signature().find("</ds:DigestValue>").unwrap()],
        "<ds:DigestValue>",
    );
    assert!(matches!(
        verdict(&with(&empty)),
        Err(SignatureError::Shape(_))
    ));
}

#[test]
fn sec_sig_09_key_info_is_ignored() {
    let certificate = signet_xml::SignatureMaker::certificate_base64(stranger());
    let offers = [
        format!("<ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data>"),
        "<ds:KeyName>partner</ds:KeyName>".to_owned(),
        "<ds:RetrievalMethod URI=\"http://127.0.0.1:1/key\"></ds:RetrievalMethod>".to_owned(),
        "<ds:X509Data><ds:X509Certificate>%%%</ds:X509Certificate></ds:X509Data>".to_owned(),
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus></ds:Modulus><ds:Exponent>AA==</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>".to_owned(),
        "A".repeat(40_000),
    ];
    for offer in offers {
        let mut template = template();
        template.key_info = offer;
        let forged = verdict(&with(&template.signature_by(stranger())));
        assert_eq!(forged, Err(SignatureError::OtherKey { keys: 1 }));
        // With the pinned key behind it, whatever KeyInfo says does no harm either (XML-16).
        assert_eq!(
            verdict(&with(&template.signature())),
            Ok(genuine(Kind::AuthnRequest))
        );
    }
}

#[test]
fn sec_xml_16_broken_keys_in_key_info_do_no_harm() {
    let mut template = template();
    template.key_info =
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus></ds:Modulus></ds:RSAKeyValue></ds:KeyValue>"
            .to_owned();
    assert_eq!(
        verdict(&with(&template.signature())),
        Ok(genuine(Kind::AuthnRequest))
    );
}

#[test]
fn sec_sig_10_algorithms_outside_the_list() {
    for name in [
        "authn_hmac_with_the_public_key",
        "authn_hmac_with_the_certificate_text",
        "authn_hmac_of_one_bit",
        "authn_sha1",
        "authn_sha1_digest",
        "authn_inclusive_c14n",
    ] {
        assert!(
            matches!(refused(name), SignatureError::AlgorithmRefused(_)),
            "{name}"
        );
    }
    let message = b"SAMLRequest=x&SigAlg=y";
    let keys = [partner().trusted()];
    for uri in [
        "",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        RSA_SHA1,
        "RSA-SHA256",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
    ] {
        let error = verify_detached(uri, message, b"x", &keys, Policy::default()).unwrap_err();
        assert!(
            matches!(error, SignatureError::AlgorithmRefused(_)),
            "{uri}"
        );
    }
}

/// A SHA-1 signature that a policy allows is marked, so that it can be audited.
#[test]
fn sec_sig_10_sha1_by_policy_is_reported() {
    let cases = all();
    let policy = Policy {
        allow_sha1: true,
        ..Policy::default()
    };
    let keys = [partner().trusted()];
    for name in ["authn_sha1", "authn_sha1_digest"] {
        let case = cases.iter().find(|case| case.name == name).unwrap();
        let document = read(case.xml.as_bytes(), Limits::ANONYMOUS).unwrap();
        let verified = verify_enveloped(&document, AUTHN_REQUEST, "ID", &keys, policy).unwrap();
        assert!(verified.used_sha1(), "{name}");
    }
    let message = b"SAMLRequest=x";
    let signature = partner().sign_raw(RSA_SHA1, message);
    let proof = verify_detached(RSA_SHA1, message, &signature, &keys, policy).unwrap();
    assert!(proof.used_sha1());
}

#[test]
fn sec_sig_11_the_redirect_binding_is_verified_over_the_octets_received() {
    let query = b"SAMLRequest=fZ%2bA&RelayState=a%20b&SigAlg=http%3A%2F%2Fwww.w3.org";
    let keys = [partner().trusted()];
    let signature = partner().sign_raw(RSA_SHA256, query);
    let proof = verify_detached(RSA_SHA256, query, &signature, &keys, Policy::default()).unwrap();
    assert_eq!(proof.message(), query);
    for other in [
        &b"SAMLRequest=fZ%2BA&RelayState=a%20b&SigAlg=http%3A%2F%2Fwww.w3.org"[..],
        b"SAMLRequest=fZ%2bA&RelayState=a+b&SigAlg=http%3A%2F%2Fwww.w3.org",
        b"RelayState=a%20b&SAMLRequest=fZ%2bA&SigAlg=http%3A%2F%2Fwww.w3.org",
        b"SAMLRequest=fZ%2bA&SigAlg=http%3A%2F%2Fwww.w3.org",
        b"",
    ] {
        let error = verify_detached(RSA_SHA256, other, &signature, &keys, Policy::default());
        assert_eq!(error.unwrap_err(), SignatureError::OtherKey { keys: 1 });
    }
}

#[test]
fn sec_sig_13_another_partners_key_does_not_fit() {
    assert_eq!(
        refused("authn_other_key"),
        SignatureError::OtherKey { keys: 1 }
    );
    let xml = signed();
    let document = read(xml.as_bytes(), Limits::ANONYMOUS).unwrap();
    let keys = [
        stranger().trusted(),
        elliptic_partner().trusted(),
        partner().trusted(),
    ];
    let verified =
        verify_enveloped(&document, AUTHN_REQUEST, "ID", &keys, Policy::default()).unwrap();
    assert_eq!(verified.key_index(), 2);
}

#[test]
fn sec_sig_14_no_function_answers_verification_with_a_bool() {
    let mut files = 0;
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            assert_no_bool(&fs::read_to_string(&path).unwrap());
        }
    }
    assert!(files > 20, "{files}");
}

fn assert_no_bool(text: &str) {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (at, _) in flat.match_indices("fn ") {
        let signature = flat[at..].split(['{', ';']).next().unwrap();
        let name = signature.split(['(', '<']).next().unwrap().to_lowercase();
        let verifies = ["verif", "signature", "valid", "trust"];
        let verifies = verifies.iter().any(|word| name.contains(word));
        assert!(!(verifies && signature.contains("-> bool")), "{signature}");
    }
}

#[test]
fn sec_sig_15_no_pinned_key_refuses() {
    let xml = signed();
    let document = read(xml.as_bytes(), Limits::ANONYMOUS).unwrap();
    let none: [TrustedKey; 0] = [];
    let error = verify_enveloped(&document, AUTHN_REQUEST, "ID", &none, Policy::default());
    assert_eq!(error.unwrap_err(), SignatureError::NoKeys);
    let error = verify_detached(RSA_SHA256, b"x", b"y", &none, Policy::default());
    assert_eq!(error.unwrap_err(), SignatureError::NoKeys);
}

/// One flipped bit anywhere in the signed request is refused, or changes nothing that is read.
#[test]
fn a_flipped_bit_never_changes_what_is_read() {
    let xml = signed();
    let mut accepted = 0;
    for at in 0..xml.len() {
        for bit in 0..8 {
            let mut bytes = xml.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            if let Ok(value) = consume(Kind::AuthnRequest, &bytes, Policy::default()) {
                accepted += 1;
                assert_eq!(value, genuine(Kind::AuthnRequest), "byte {at} bit {bit}");
            }
        }
    }
    // Only KeyInfo is free to change.
    let key_info = xml.find("</ds:KeyInfo>").unwrap() - xml.find("<ds:KeyInfo>").unwrap();
    assert!(accepted < key_info * 8, "{accepted}");
}

/// What is verified is what is read: the values come from the verified node.
#[test]
fn values_come_from_the_verified_node() {
    let xml = signed();
    let document = read(xml.as_bytes(), Limits::ANONYMOUS).unwrap();
    let keys = [partner().trusted()];
    let verified =
        verify_enveloped(&document, AUTHN_REQUEST, "ID", &keys, Policy::default()).unwrap();
    assert_eq!(
        verified.attribute("AssertionConsumerServiceURL"),
        Some(GOOD_ACS)
    );
    assert_eq!(
        verified
            .element()
            .only_child(SAML, "Issuer")
            .unwrap()
            .text()
            .unwrap(),
        "https://sp.example/"
    );
}

/// Keys and documents cross threads: one parsed key serves every request.
#[test]
fn keys_and_documents_may_cross_threads() {
    fn crosses<T: Send + Sync>() {}
    crosses::<TrustedKey>();
    crosses::<signet_xml::RecipientKey>();
    crosses::<signet_xml::Document<'_>>();
    crosses::<signet_xml::Verified<'_>>();
}
