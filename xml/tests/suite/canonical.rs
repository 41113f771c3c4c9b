//! What the writer writes is its own exclusive canonical form, whatever the values.

use bergshamra_c14n::{C14nMode, canonicalize};
use proptest::prelude::*;
use signet_xml::{CanonicalXml, Limits, Name, Writer, read};

use crate::support::foreign::xmllint_exclusive;
use crate::support::messages::{GOOD_ISSUER, assertion, authn_request, metadata, response};

const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
const TRUST: &str = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";
const SAML11: &str = "urn:oasis:names:tc:SAML:1.0:assertion";
const FED: &str = "http://docs.oasis-open.org/wsfed/federation/200706";

/// Any character XML can carry, and more often those that need care.
pub(crate) fn value() -> impl Strategy<Value = String> {
    let tricky = prop::sample::select(vec![
        "&",
        "<",
        ">",
        "\"",
        "'",
        "]]>",
        "\r",
        "\n",
        "\t",
        "\r\n",
        "ü",
        "ß",
        "日",
        "\u{1F511}",
        "\u{85}",
        "\u{2028}",
        "</saml:AttributeValue>",
        "<!--",
        "-->",
        "&#13;",
        "&amp;",
        "<?pi?>",
        "\0",
        "\u{1}",
        "\u{b}",
        "\u{1f}",
        "\u{fffe}",
        "\u{ffff}",
        " ",
        "  ",
        "xmlns:a=\"b\"",
    ]);
    let piece = prop_oneof![3 => tricky.prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from), 1 => "[a-zA-Z0-9 ]{0,8}"];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// The value as a reader gets it: without the characters that XML cannot carry.
pub(crate) fn carried(value: &str) -> String {
    value
        .chars()
        .filter(|c| {
            matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}')
                || *c >= '\u{10000}'
        })
        .collect()
}

fn assert_canonical(xml: &CanonicalXml, prefixes: &[&str]) {
    let form = canonicalize(xml, C14nMode::Exclusive, None, prefixes).unwrap();
    assert_eq!(String::from_utf8(form).unwrap(), xml.as_str());
}

/// Namespaced and plain attributes out of order, a prefix only in `xsi:type`, nested and repeated
/// namespaces, an empty element.
fn motley(a: &str, b: &str, c: &str) -> CanonicalXml {
    let mut out = Writer::new();
    out.start(Name::new("s", "Envelope", SOAP));
    out.start(Name::new("s", "Body", SOAP))
        .attribute_ns(Name::new("xml", "lang", signet_xml::ns::XML), a)
        .attribute_ns(Name::new("wsu", "Id", signet_xml::ns::WSU), b)
        .attribute("b", c)
        .attribute("a", a);
    out.start(Name::new("t", "RequestSecurityTokenResponse", TRUST))
        .attribute("Context", c);
    out.start(Name::new("saml", "Assertion", SAML11))
        .attribute("AssertionID", "_1")
        .text(a);
    out.element(Name::new("saml", "X", SAML11), b);
    out.start(Name::new("fed", "Y", FED))
        .declare("auth", "urn:auth")
        .end();
    out.element(Name::new("fed", "Z", FED), "");
    out.end().text(c).end().end().end();
    out.finish()
}

/// `RoleDescriptor xsi:type="fed:…"`, the shape that needs a prefix list.
fn role_descriptor(entity: &str, name: &str) -> CanonicalXml {
    let md = |local| Name::new("md", local, "urn:oasis:names:tc:SAML:2.0:metadata");
    let mut out = Writer::new();
    out.start(md("EntityDescriptor"))
        .attribute("ID", "_m")
        .attribute("entityID", entity);
    out.start(md("RoleDescriptor"))
        .declare("fed", FED)
        .attribute_ns(
            Name::new("xsi", "type", signet_xml::ns::XSI),
            "fed:ApplicationServiceType",
        )
        .attribute("ServiceDisplayName", name)
        .attribute("protocolSupportEnumeration", FED);
    out.start(Name::new("fed", "TargetScopes", FED))
        .text(entity)
        .end()
        .end()
        .end();
    out.finish()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_shape_equals_its_exclusive_canonical_form(a in value(), b in value(), c in value()) {
        assert_canonical(&motley(&a, &b, &c), &["auth"]);
        assert_canonical(&role_descriptor(&a, &b), &["fed"]);
        assert_canonical(&authn_request(&a, &b).xml, &[]);
        assert_canonical(&metadata("_m", &a, &b).xml, &[]);
        let mut inner = assertion("_a", &a, &[&b, &c]);
        inner.sign_by(crate::support::keys::partner());
        assert_canonical(&inner.xml, &[]);
        let mut outer = response("_r", None, &[&inner.xml]);
        outer.sign_by(crate::support::keys::partner());
        assert_canonical(&outer.xml, &[]);
    }

    /// Each value comes back as it went in, and nothing else with it.
    #[test]
    fn sec_saml_13_values_cannot_add_markup(a in value(), b in value(), c in value()) {
        let signed = assertion("_a", &a, &[&b, &c]).signed();
        let document = read(signed.as_bytes(), Limits::ANONYMOUS).unwrap();
        let saml = crate::support::messages::SAML;
        let root = document.root();
        let subject = root.only_child(saml, "Subject").unwrap();
        prop_assert_eq!(subject.only_child(saml, "NameID").unwrap().text().unwrap(), carried(&a));
        let attribute = root.only_child(saml, "AttributeStatement").unwrap().only_child(saml, "Attribute").unwrap();
        let values: Vec<_> = attribute.children().map(|v| v.text().unwrap().into_owned()).collect();
        prop_assert_eq!(values, [carried(&b), carried(&c)]);

        let request = authn_request("_r", &a).xml;
        let document = read(request.as_bytes(), Limits::ANONYMOUS).unwrap();
        let carried_url = carried(&a);
        prop_assert_eq!(document.root().attribute("AssertionConsumerServiceURL"), Some(carried_url.as_str()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn libxml2_agrees_that_it_is_canonical(a in value(), b in value(), c in value()) {
        let mut inner = assertion("_a", &a, &[&b, &c]);
        inner.sign_by(crate::support::keys::partner());
        let outer = response("_r", None, &[&inner.xml]).xml;
        prop_assert_eq!(xmllint_exclusive(outer.as_bytes()).unwrap(), outer.as_bytes());
    }
}

#[test]
fn sec_saml_14_a_megabyte_of_control_characters_is_dropped_and_counted() {
    let value = "a\u{1}\u{fffe}b".repeat(300_000);
    let mut out = Writer::new();
    out.element(Name::new("saml", "AttributeValue", SAML11), &value);
    assert_eq!(out.dropped_characters(), 600_000);
    let xml = out.finish();
    assert_eq!(xml.matches("ab").count(), 300_000);
    assert_canonical(&xml, &[]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_as_values_are_written_canonically(bytes in prop::collection::vec(any::<u8>(), 0..120), text in value()) {
        signet_xml::fuzz::write_values(&bytes);
        signet_xml::fuzz::write_values(text.as_bytes());
    }
}

#[test]
fn an_id_with_quotes_stays_inside_its_attribute() {
    let hostile = "x\"><evil/><a b=\"";
    let signed = authn_request(hostile, GOOD_ISSUER).signed();
    let document = read(signed.as_bytes(), Limits::ANONYMOUS).unwrap();
    assert_eq!(document.root().attribute("ID"), Some(hostile));
    assert!(
        document
            .root()
            .children()
            .all(|child| child.local() != "evil")
    );
}
