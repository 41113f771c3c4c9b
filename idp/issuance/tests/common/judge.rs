//! What judges tokens: xmlsec1 for signatures, the XML room's reader for what is said.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a part of several test binaries: each uses some of it, and a fault fails the test"
)]

use std::io::Write;
use std::process::Command;

use signet_xml::{Document, Element, Limits, read};

pub const SAML11: &str = "urn:oasis:names:tc:SAML:1.0:assertion";
pub const SAML20: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
pub const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
pub const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
pub const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";

/// Each type with its values, in the order of the token.
pub type ClaimSet = Vec<(String, Vec<String>)>;

/// Verifies every given signature of `xml` with xmlsec1 and the certificate alone; a missing xmlsec1 fails.
///
/// `node` names the element whose `ds:Signature` child is checked, as an XPath.
pub fn xmlsec1_verifies(xml: &str, certificate_pem: &str, node: &str) {
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("document.xml");
    let certificate = folder.path().join("certificate.pem");
    std::fs::File::create(&document)
        .unwrap()
        .write_all(xml.as_bytes())
        .unwrap();
    std::fs::write(&certificate, certificate_pem).unwrap();
    let output = Command::new("xmlsec1")
        .arg("--verify")
        .arg("--pubkey-cert-pem")
        .arg(&certificate)
        .args(["--enabled-key-data", "rsa"])
        .args(["--id-attr:AssertionID", &format!("{SAML11}:Assertion")])
        .args(["--id-attr:ID", &format!("{SAML20}:Assertion")])
        .args(["--id-attr:ID", &format!("{SAMLP}:Response")])
        .args(["--id-attr:ID", &format!("{SAMLP}:LogoutRequest")])
        .args(["--id-attr:ID", &format!("{SAMLP}:LogoutResponse")])
        .args(["--id-attr:ID", &format!("{MD}:EntityDescriptor")])
        .args([
            "--node-xpath",
            &format!("{node}/*[local-name()='Signature']"),
        ])
        .arg(&document)
        .output()
        .expect("xmlsec1 is needed to judge signatures");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "xmlsec1: {said}\n{xml}");
}

pub fn parse(xml: &str) -> Document<'_> {
    read(xml.as_bytes(), Limits::ADMIN).unwrap()
}

pub fn text(element: Element<'_>) -> String {
    element.text().unwrap().into_owned()
}

/// The element at a path of local names, the first of each.
pub fn at<'d>(element: Element<'d>, path: &[&str]) -> Element<'d> {
    path.iter().fold(element, |element, local| {
        let found = element.children().find(|child| child.local() == *local);
        found.unwrap_or_else(|| panic!("no {local} in {}", element.local()))
    })
}

pub fn has(element: Element<'_>, local: &str) -> bool {
    element.children().any(|child| child.local() == local)
}

/// The claims of an assertion of either kind.
pub fn claims(assertion: Element<'_>) -> ClaimSet {
    let Some(statement) = assertion
        .children()
        .find(|one| one.local() == "AttributeStatement")
    else {
        return Vec::new();
    };
    let attributes = statement
        .children()
        .filter(|one| one.local() == "Attribute");
    attributes
        .map(|attribute| {
            let name = match attribute.attribute("AttributeNamespace") {
                Some(space) => {
                    format!(
                        "{space}/{}",
                        attribute.required_attribute("AttributeName").unwrap()
                    )
                }
                None => attribute.required_attribute("Name").unwrap().to_owned(),
            };
            (name, attribute.children().map(text).collect())
        })
        .collect()
}

/// SAML-16 and WSF-12 on any assertion: for whom, where to, how long, from when.
pub fn check_invariants(
    assertion: Element<'_>,
    audience: &str,
    reply_to: &str,
    request: Option<&str>,
) {
    let conditions = at(assertion, &["Conditions"]);
    let instant = |element: Element<'_>, name: &str| {
        signet_xml::parse_instant(element.required_attribute(name).unwrap()).unwrap()
    };
    let issued = instant(assertion, "IssueInstant");
    let (from, until) = (
        instant(conditions, "NotBefore"),
        instant(conditions, "NotOnOrAfter"),
    );
    assert!(from <= issued && issued < until);
    assert!(until - issued <= time::Duration::hours(1));
    let id;
    if assertion.uri() == SAML11 {
        let stated = at(conditions, &["AudienceRestrictionCondition", "Audience"]);
        assert_eq!(text(stated), audience);
        let statement = at(assertion, &["AuthenticationStatement"]);
        assert!(instant(statement, "AuthenticationInstant") <= issued);
        id = assertion.required_attribute("AssertionID").unwrap();
        let last = assertion.children().last().unwrap();
        assert!(
            last.is(DS, "Signature"),
            "the signature is last in SAML 1.1"
        );
    } else {
        assert_eq!(
            text(at(conditions, &["AudienceRestriction", "Audience"])),
            audience
        );
        let confirmation = at(assertion, &["Subject", "SubjectConfirmation"]);
        assert_eq!(
            confirmation.attribute("Method"),
            Some("urn:oasis:names:tc:SAML:2.0:cm:bearer")
        );
        let data = at(confirmation, &["SubjectConfirmationData"]);
        assert_eq!(data.attribute("Recipient"), Some(reply_to));
        assert_eq!(data.attribute("InResponseTo"), request);
        assert_eq!(
            data.attribute("NotBefore"),
            None,
            "profiles 4.1.4.2 forbids it"
        );
        let window = instant(data, "NotOnOrAfter") - issued;
        assert!(window > time::Duration::ZERO && window <= time::Duration::minutes(5));
        let statement = at(assertion, &["AuthnStatement"]);
        assert_eq!(
            statement.required_attribute("SessionIndex").unwrap(),
            super::SESSION_INDEX
        );
        assert!(instant(statement, "AuthnInstant") <= issued);
        id = assertion.required_attribute("ID").unwrap();
    }
    assert!(
        id.len() >= 33 && id.starts_with('_'),
        "128 bits in an NCName"
    );
}
