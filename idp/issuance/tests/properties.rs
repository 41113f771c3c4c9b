//! Any text in any claim: what comes out verifies with xmlsec1 and says exactly what went in.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a fault fails the test"
)]

mod common;

use std::sync::OnceLock;

use common::judge::{ClaimSet, at, check_invariants, claims, has, parse, text, xmlsec1_verifies};
use common::{ACS, House, NOW, SP, run, saml_request, wiki, wsfed_request};
use proptest::prelude::*;
use signet_authn::AuthenticatedUser;
use signet_issuance::wrap_in_rstr;
use signet_model::relying_party::{ResponseSignature, TokenType};

/// Rules that take three attributes and the subject from the directory, as many values as there are.
const RULES: &str = "c:[Type == \"http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname\"]
 => issue(store = \"Active Directory\", types = (\"http://claims.example/a\", \"http://claims.example/b\"), query = \";description,info;{0}\", param = c.Value);
c:[Type == \"http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname\"]
 => issue(store = \"Active Directory\", types = (\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier\"), query = \";employeeID;{0}\", param = c.Value);";

/// Text as directories hold it: anything, and often what breaks a writer.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => any::<String>(),
        1 => "[<>&\"'\\]\\[!\r\n\t -]{0,12}",
        1 => Just("</saml:AttributeValue></saml:Attribute><saml:Attribute Name=\"role\"><saml:AttributeValue>admin".to_owned()),
        1 => Just("]]>".to_owned()),
        1 => Just("<!--x-->a<?p?>&#0;&amp;<![CDATA[y]]>".to_owned()),
        1 => Just("  leading, trailing, e\u{301}, \u{e9}, \u{1F9D1}\u{200D}\u{1F4BB}\u{2028}\r\n".to_owned()),
        1 => any::<char>().prop_map(String::from),
    ]
}

fn is_xml(text: &str) -> bool {
    text.chars().all(|one| {
        matches!(one, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
    })
}

/// The claims that must come out: in order, distinct, not empty, writable.
fn expected(values: &[(&str, &[String])]) -> ClaimSet {
    let mut set = ClaimSet::new();
    // Rows interleave the two attributes; within one type the order stays.
    let longest = values
        .iter()
        .map(|(_, values)| values.len())
        .max()
        .unwrap_or(0);
    for row in 0..longest {
        for (name, values) in values {
            let Some(value) = values.get(row).filter(|one| !one.is_empty() && is_xml(one)) else {
                continue;
            };
            match set.iter_mut().find(|(own, _)| own == name) {
                Some((_, own)) if own.contains(value) => {}
                Some((_, own)) => own.push(value.clone()),
                None => set.push(((*name).to_owned(), vec![value.clone()])),
            }
        }
    }
    set
}

fn house() -> &'static (House, AuthenticatedUser) {
    static HOUSE: OnceLock<(House, AuthenticatedUser)> = OnceLock::new();
    HOUSE.get_or_init(|| {
        run(async {
            let house = House::new();
            let alice = house.alice().await;
            (house, alice)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the clock says, 2038, 2100 or the past: the window is what the relying party was promised, from that instant on.
    #[test]
    fn sec_f_09_a_token_is_valid_from_what_the_clock_said_for_its_lifetime(
        millis in 0i64..16_725_225_600_000, skew in 0u32..16, lifetime in 1u32..61
    ) {
        let now = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).unwrap();
        let (house, alice) = house();
        let mut party = wiki(RULES);
        party.not_before_skew_minutes = skew;
        party.token_lifetime_minutes = lifetime;
        let release = run(house.permit(&party, &saml_request(&party), alice)).unwrap();
        let response = house.signer.sign_saml_response(&release, now).unwrap();
        let document = parse(&response.xml);
        let assertion = at(document.root(), &["Assertion"]);
        let conditions = at(assertion, &["Conditions"]);
        let read = |text: Option<&str>| signet_xml::parse_instant(text.unwrap()).unwrap();
        let minutes = |count: u32| time::Duration::minutes(i64::from(count));
        prop_assert_eq!(read(assertion.attribute("IssueInstant")), now);
        prop_assert_eq!(read(conditions.attribute("NotBefore")), now - minutes(skew));
        prop_assert_eq!(read(conditions.attribute("NotOnOrAfter")), now + minutes(lifetime));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() })]

    /// SAML-13 and SAML-14, for the SAML 1.1, SAML 2.0 and RSTR writers.
    #[test]
    fn sec_saml_13_any_text_is_issued_as_itself(
        a in prop::collection::vec(value(), 0..4),
        b in prop::collection::vec(value(), 0..3),
        subject in value(),
        request_id in value(),
        shape in 0..5u8,
    ) {
        let (house, alice) = house();
        house.stores.set("description", &a.iter().map(String::as_str).collect::<Vec<_>>());
        house.stores.set("info", &b.iter().map(String::as_str).collect::<Vec<_>>());
        house.stores.set("employeeID", &[&subject]);
        let mut party = wiki(RULES);
        let wanted = expected(&[("http://claims.example/a", &a), ("http://claims.example/b", &b)]);
        let name = Some(subject).filter(|one| !one.is_empty() && is_xml(one));
        let request_id = request_id.chars().filter(|one| is_xml(&one.to_string())).collect::<String>();

        if shape < 2 {
            let token_type = if shape == 0 { TokenType::Saml11 } else { TokenType::Saml20 };
            let request = wsfed_request(&party, token_type);
            let release = run(house.permit(&party, &request, alice)).unwrap();
            let token = house.signer.sign_token(&release, NOW).unwrap();
            let rstr = wrap_in_rstr(&token);
            xmlsec1_verifies(&rstr, &house.certificate_pem, "//*[local-name()='Assertion']");
            xmlsec1_verifies(&token.xml, &house.certificate_pem, "/*");
            let document = parse(&rstr);
            let holder = at(document.root(), &["RequestedSecurityToken"]);
            prop_assert_eq!(holder.children().count(), 1);
            let assertion = at(holder, &["Assertion"]);
            check_invariants(assertion, SP, ACS, None);
            prop_assert_eq!(claims(assertion), wanted);
            let (statement, element) = match token_type {
                TokenType::Saml11 => (at(assertion, &["AuthenticationStatement"]), "NameIdentifier"),
                TokenType::Saml20 => (assertion, "NameID"),
            };
            let holder = at(statement, &["Subject"]);
            prop_assert_eq!(has(holder, element).then(|| text(at(holder, &[element]))), name);
        } else {
            party.saml_response_signature = match shape {
                2 => ResponseSignature::AssertionOnly,
                3 => ResponseSignature::MessageOnly,
                _ => ResponseSignature::MessageAndAssertion,
            };
            let mut request = saml_request(&party);
            request.in_response_to = Some(request_id.clone());
            let release = run(house.permit(&party, &request, alice)).unwrap();
            let response = house.signer.sign_saml_response(&release, NOW).unwrap();
            if shape != 3 {
                xmlsec1_verifies(&response.xml, &house.certificate_pem, "//*[local-name()='Assertion']");
            }
            if shape != 2 {
                xmlsec1_verifies(&response.xml, &house.certificate_pem, "/*");
            }
            let document = parse(&response.xml);
            let root = document.root();
            prop_assert_eq!(root.attribute("InResponseTo"), Some(request_id.as_str()));
            let found = root.children().filter(|child| child.local() == "Assertion").count();
            prop_assert_eq!(found, 1);
            let assertion = at(root, &["Assertion"]);
            check_invariants(assertion, SP, ACS, Some(&request_id));
            prop_assert_eq!(claims(assertion), wanted);
            let holder = at(assertion, &["Subject"]);
            prop_assert_eq!(has(holder, "NameID").then(|| text(at(holder, &["NameID"]))), name);
        }
    }
}
