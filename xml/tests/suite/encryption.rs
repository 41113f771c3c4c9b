//! xmlsec1 decrypts what we encrypt, and the signature inside still verifies.

use proptest::prelude::*;
use signet_xml::ns::XENC;
use signet_xml::{
    ContentEncryption, Limits, Name, Policy, RecipientKey, Writer, encrypt_element, read,
    verify_only_child,
};

use crate::canonical::{carried, value};
use crate::support::foreign::{xmlsec_decrypts, xmlsec_verifies};
use crate::support::keys::{partner, stranger};
use crate::support::messages::{ASSERTION, RESPONSE, SAML, assertion, response};

const METHODS: [ContentEncryption; 3] = [
    ContentEncryption::Aes256Gcm,
    ContentEncryption::Aes256Cbc,
    ContentEncryption::Aes128Cbc,
];

/// Signed by the partner, encrypted to the stranger, inside a response.
fn encrypted(subject: &str, method: ContentEncryption) -> String {
    let mut signed = assertion("_a", subject, &["user"]);
    signed.sign_by(partner());
    let recipient = RecipientKey::from_certificate_der(&stranger().certificate_der).unwrap();
    let data = encrypt_element(&signed.xml, &recipient, method).unwrap();
    let mut out = Writer::new();
    out.start(Name::new("saml", "EncryptedAssertion", SAML))
        .splice(&data)
        .end();
    response("_r", None, &[&out.finish()]).xml.into_string()
}

fn assert_decrypts(subject: &str, method: ContentEncryption) {
    let sent = encrypted(subject, method);
    let plain = xmlsec_decrypts(&sent, stranger()).unwrap();
    // xmlsec1 puts the assertion where EncryptedData was.
    let id = ("ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion");
    xmlsec_verifies(&plain, &[id], "//*[local-name()='Signature']", partner()).unwrap();

    let moved = plain
        .replace(
            &format!("<saml:EncryptedAssertion xmlns:saml=\"{SAML}\">"),
            "",
        )
        .replace("</saml:EncryptedAssertion>", "");
    let document = read(moved.as_bytes(), Limits::ANONYMOUS).unwrap();
    let keys = [partner().trusted()];
    let assertion =
        verify_only_child(&document, RESPONSE, ASSERTION, "ID", &keys, Policy::NESTED).unwrap();
    let subject_read = assertion
        .only_child(SAML, "Subject")
        .unwrap()
        .only_child(SAML, "NameID")
        .unwrap();
    assert_eq!(subject_read.text().unwrap(), carried(subject));
}

#[test]
fn xmlsec1_decrypts_each_method_and_the_inner_signature_verifies() {
    for method in METHODS {
        assert_decrypts("alice & <bob>", method);
    }
}

/// CBC pads to 16 bytes: each remainder, the full block among them.
#[test]
fn every_length_of_padding_decrypts() {
    for length in 0..17 {
        assert_decrypts(&"x".repeat(length), ContentEncryption::Aes128Cbc);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 15, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_survives(subject in value()) {
        // White space is all that xmlsec1 rewrites on the way out: it writes CR as a reference.
        assert_decrypts(&subject, ContentEncryption::Aes256Gcm);
    }
}

#[test]
fn another_key_does_not_decrypt() {
    for method in METHODS {
        assert!(xmlsec_decrypts(&encrypted("alice", method), partner()).is_err());
    }
}

#[test]
fn sec_sig_19_only_oaep_is_offered_and_every_key_and_vector_is_fresh() {
    for method in METHODS {
        let (one, two) = (encrypted("alice", method), encrypted("alice", method));
        for xml in [&one, &two] {
            assert!(xml.contains("xmlenc#rsa-oaep-mgf1p") && !xml.contains("rsa-1_5"));
            assert!(!xml.contains("alice"));
        }
        let values = |xml: &str| -> Vec<String> {
            let document = read(xml.as_bytes(), Limits::ANONYMOUS).unwrap();
            let data = document
                .root()
                .only_child(SAML, "EncryptedAssertion")
                .unwrap();
            let data = data.only_child(XENC, "EncryptedData").unwrap();
            let own = data.only_child(XENC, "CipherData").unwrap();
            let key = data
                .children()
                .nth(1)
                .unwrap()
                .only_child(XENC, "EncryptedKey")
                .unwrap();
            let key = key.only_child(XENC, "CipherData").unwrap();
            [own, key]
                .iter()
                .map(|d| {
                    d.only_child(XENC, "CipherValue").unwrap().text().unwrap()[..20].to_owned()
                })
                .collect()
        };
        let (one, two) = (values(&one), values(&two));
        assert!(one[0] != two[0] && one[1] != two[1]);
    }
}
