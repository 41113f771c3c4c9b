//! xmlsec1 verifies what we sign, and we verify what xmlsec1 signs.

use proptest::prelude::*;
use signet_xml::ns::{DS, EXC_C14N, XSI};
use signet_xml::{
    Algorithm, Limits, Name, Policy, SignatureAlgorithm, SignatureError, Writer, read,
    sign_element, verify_enveloped, verify_only_child,
};

use crate::canonical::value;
use crate::support::foreign::{xmlsec_signs, xmlsec_verifies};
use crate::support::keys::{Holder, elliptic_partner, larger_elliptic_partner, partner};
use crate::support::messages::{
    ASSERTION, AUTHN_REQUEST, ENTITY_DESCRIPTOR, RESPONSE, SAML, SAMLP, assertion, authn_request,
    metadata, response,
};
use crate::support::template::{ENVELOPED, SHA256_URI};

const SAML11: &str = "urn:oasis:names:tc:SAML:1.0:assertion";
const FED: &str = "http://docs.oasis-open.org/wsfed/federation/200706";
const ID_OF_ASSERTION: (&str, &str) = ("ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion");
const ID_OF_RESPONSE: (&str, &str) = ("ID", "urn:oasis:names:tc:SAML:2.0:protocol:Response");
const ID_OF_REQUEST: (&str, &str) = ("ID", "urn:oasis:names:tc:SAML:2.0:protocol:AuthnRequest");
const ID_OF_METADATA: (&str, &str) = (
    "ID",
    "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor",
);
const FIRST: &str = "(//*[local-name()='Signature'])[1]";

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn xmlsec1_verifies_a_signed_assertion_in_a_signed_response(a in value(), b in value(), c in value()) {
        let mut inner = assertion("_a", &a, &[&b, &c]);
        inner.sign_by(partner());
        let mut outer = response("_r", None, &[&inner.xml]);
        outer.sign_by(partner());
        let ids = [ID_OF_ASSERTION, ID_OF_RESPONSE];
        let of = |name: &str| format!("//*[local-name()='{name}']/*[local-name()='Signature']");
        xmlsec_verifies(&outer.xml, &ids, &of("Assertion"), partner()).unwrap();
        xmlsec_verifies(&outer.xml, &ids, &of("Response"), partner()).unwrap();

        let document = read(outer.xml.as_bytes(), Limits::ANONYMOUS).unwrap();
        let keys = [partner().trusted()];
        let _ = verify_enveloped(&document, RESPONSE, "ID", &keys, Policy::NESTED).unwrap();
        let _ = verify_only_child(&document, RESPONSE, ASSERTION, "ID", &keys, Policy::NESTED).unwrap();
    }

    #[test]
    fn xmlsec1_verifies_a_saml_11_assertion_inside_a_trust_response(a in value(), b in value()) {
        let xml = trust_response(&a, &b, Algorithm::RsaSha256);
        let id = ("AssertionID", "urn:oasis:names:tc:SAML:1.0:assertion:Assertion");
        xmlsec_verifies(&xml, &[id], FIRST, partner()).unwrap();
    }
}

fn trust_response(a: &str, b: &str, algorithm: Algorithm) -> String {
    let saml = |local| Name::new("saml", local, SAML11);
    let trust = |local| Name::new("t", local, "http://schemas.xmlsoap.org/ws/2005/02/trust");
    let mut out = Writer::new();
    out.start(trust("RequestSecurityTokenResponse"))
        .start(trust("RequestedSecurityToken"));
    let from = out.mark();
    out.start(saml("Assertion"))
        .attribute("MajorVersion", "1")
        .attribute("AssertionID", "_11");
    out.start(saml("AttributeStatement"))
        .start(saml("Attribute"))
        .attribute("AttributeName", a);
    out.element(saml("AttributeValue"), b).end().end();
    let insert_at = out.mark();
    out.end();
    let to = out.mark();
    out.end().end();
    let mut xml = out.finish();
    sign_element(
        &mut xml,
        from..to,
        insert_at,
        "_11",
        &[],
        algorithm,
        partner(),
    )
    .unwrap();
    xml.into_string()
}

#[test]
fn xmlsec1_verifies_sha1_where_a_partner_asks_for_it() {
    let xml = trust_response("UPN", "alice", Algorithm::RsaSha1);
    assert!(xml.contains("xmldsig#rsa-sha1") && xml.contains("xmldsig#sha1"));
    let id = (
        "AssertionID",
        "urn:oasis:names:tc:SAML:1.0:assertion:Assertion",
    );
    xmlsec_verifies(&xml, &[id], FIRST, partner()).unwrap();
}

#[test]
fn xmlsec1_verifies_requests_and_metadata() {
    let request = authn_request("_r", "https://sp.example/acs?a=b&c=\"d\"").signed();
    xmlsec_verifies(&request, &[ID_OF_REQUEST], FIRST, partner()).unwrap();
    let metadata = metadata("_m", "urn:ü", "https://sp.example/").signed();
    xmlsec_verifies(&metadata, &[ID_OF_METADATA], FIRST, partner()).unwrap();
}

#[test]
fn xmlsec1_refuses_a_changed_value() {
    let request = authn_request("_r", "https://sp.example/acs").signed();
    let changed = request.replace("/acs", "/evil");
    assert!(xmlsec_verifies(&changed, &[ID_OF_REQUEST], FIRST, partner()).is_err());
}

/// The declaration that only `xsi:type` needs is part of what is signed, and survives.
#[test]
fn metadata_with_a_prefix_list_verifies_in_both_implementations() {
    let md = |local| Name::new("md", local, ENTITY_DESCRIPTOR.uri);
    let mut out = Writer::new();
    out.start(md("EntityDescriptor"))
        .attribute("ID", "_m")
        .attribute("entityID", "urn:x");
    let insert_at = out.mark();
    out.start(md("RoleDescriptor"))
        .declare("fed", FED)
        .attribute_ns(
            Name::new("xsi", "type", XSI),
            "fed:SecurityTokenServiceType",
        )
        .attribute("protocolSupportEnumeration", FED);
    out.start(Name::new("fed", "TokenTypesOffered", FED))
        .end()
        .end()
        .end();
    let to = out.mark();
    let mut xml = out.finish();
    sign_element(
        &mut xml,
        0..to,
        insert_at,
        "_m",
        &["fed"],
        Algorithm::RsaSha256,
        partner(),
    )
    .unwrap();
    xmlsec_verifies(&xml, &[ID_OF_METADATA], FIRST, partner()).unwrap();

    let document = read(xml.as_bytes(), Limits::METADATA).unwrap();
    let verified = verify_enveloped(
        &document,
        ENTITY_DESCRIPTOR,
        "ID",
        &[partner().trusted()],
        Policy::default(),
    )
    .unwrap();
    let role = verified
        .only_child(ENTITY_DESCRIPTOR.uri, "RoleDescriptor")
        .unwrap();
    let kind = role.attribute_ns(XSI, "type").unwrap();
    assert_eq!(
        role.resolve(kind).unwrap(),
        (FED, "SecurityTokenServiceType")
    );

    // Binding the prefix to something else breaks the signature.
    let moved = xml.replacen(FED, "urn:evil", 1);
    let document = read(moved.as_bytes(), Limits::METADATA).unwrap();
    let keys = [partner().trusted()];
    assert!(
        verify_enveloped(&document, ENTITY_DESCRIPTOR, "ID", &keys, Policy::default()).is_err()
    );
}

/// An unsigned request as others write it: default namespace, indented, comments, CDATA, odd quoting.
fn foreign_request(method: &str, digest: &str, transform_content: &str) -> String {
    format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n<!-- made elsewhere -->\n<AuthnRequest xmlns='{SAMLP}'\n  \
         xmlns:unused='urn:u' Version='2.0' ID='id-1' AssertionConsumerServiceURL='https://sp.example/acs?a=1&amp;b=2'>\n  \
         <a:Issuer xmlns:a='{SAML}'><![CDATA[https://sp.example/]]></a:Issuer>\n  \
         <Signature xmlns='http://www.w3.org/2000/09/xmldsig#'>\n    <SignedInfo>\n      \
         <CanonicalizationMethod Algorithm='{EXC_C14N}'/>\n      <SignatureMethod Algorithm='{method}'/>\n      \
         <Reference URI='#id-1'>\n        <Transforms>\n          <Transform Algorithm='{ENVELOPED}'/>\n          \
         <Transform Algorithm='{EXC_C14N}'>{transform_content}</Transform>\n        </Transforms>\n        \
         <DigestMethod Algorithm='{digest}'/>\n        <DigestValue></DigestValue>\n      </Reference>\n    </SignedInfo>\n    \
         <SignatureValue></SignatureValue>\n  </Signature>\n  <!-- a remark --><NameIDPolicy xmlns:xs='urn:xs' x:y='xs:z' xmlns:x='urn:x'>&#x20;ü&#13;</NameIDPolicy>\n</AuthnRequest>\n"
    )
}

fn assert_foreign(
    holder: &Holder,
    method: &str,
    digest: &str,
    content: &str,
) -> SignatureAlgorithm {
    let signed = xmlsec_signs(
        &foreign_request(method, digest, content),
        &[ID_OF_REQUEST],
        holder,
    );
    let document = read(signed.as_bytes(), Limits::ANONYMOUS).unwrap();
    let keys = [
        partner().trusted(),
        elliptic_partner().trusted(),
        larger_elliptic_partner().trusted(),
    ];
    let verified =
        verify_enveloped(&document, AUTHN_REQUEST, "ID", &keys, Policy::default()).unwrap();
    assert_eq!(
        verified.only_child(SAML, "Issuer").unwrap().text().unwrap(),
        "https://sp.example/"
    );
    assert!(!verified.used_sha1());
    verified.algorithm()
}

#[test]
fn what_xmlsec1_signs_verifies_with_each_algorithm() {
    let more = "http://www.w3.org/2001/04/xmldsig-more#";
    let list = format!("<InclusiveNamespaces xmlns='{EXC_C14N}' PrefixList='#default xs unused'/>");
    for (name, algorithm) in [
        ("rsa-sha256", SignatureAlgorithm::RsaSha256),
        ("rsa-sha384", SignatureAlgorithm::RsaSha384),
        ("rsa-sha512", SignatureAlgorithm::RsaSha512),
    ] {
        assert_eq!(
            assert_foreign(partner(), &format!("{more}{name}"), SHA256_URI, ""),
            algorithm
        );
    }
    let sha512 = "http://www.w3.org/2001/04/xmlenc#sha512";
    assert_foreign(partner(), &format!("{more}rsa-sha256"), sha512, &list);
    let sha384 = "http://www.w3.org/2001/04/xmldsig-more#sha384";
    assert_foreign(partner(), &format!("{more}rsa-sha256"), sha384, &list);
    let used = assert_foreign(
        elliptic_partner(),
        &format!("{more}ecdsa-sha256"),
        SHA256_URI,
        "",
    );
    assert_eq!(used, SignatureAlgorithm::EcdsaSha256);
    let larger = larger_elliptic_partner();
    let used = assert_foreign(larger, &format!("{more}ecdsa-sha384"), sha384, "");
    assert_eq!(used, SignatureAlgorithm::EcdsaSha384);
}

/// As OpenSAML signs: the prefix that only `xsi:type` uses is declared far outside the assertion.
#[test]
fn an_assertion_that_leans_on_declarations_outside_verifies() {
    let template = format!(
        "<p:Response xmlns:p='{SAMLP}' xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns:xsi='{XSI}' ID='r1'>\n\
         <Assertion xmlns='{SAML}' ID='a1'><Issuer>i</Issuer><ds:Signature xmlns:ds='{DS}'><ds:SignedInfo>\
         <ds:CanonicalizationMethod Algorithm='{EXC_C14N}'/>\
         <ds:SignatureMethod Algorithm='http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'/>\
         <ds:Reference URI='#a1'><ds:Transforms><ds:Transform Algorithm='{ENVELOPED}'/>\
         <ds:Transform Algorithm='{EXC_C14N}'><ec:InclusiveNamespaces xmlns:ec='{EXC_C14N}' PrefixList='xs'/></ds:Transform>\
         </ds:Transforms><ds:DigestMethod Algorithm='{SHA256_URI}'/><ds:DigestValue/></ds:Reference></ds:SignedInfo>\
         <ds:SignatureValue/></ds:Signature><AttributeValue xsi:type='xs:string' n='a\n  b'>v</AttributeValue></Assertion></p:Response>"
    );
    let signed = xmlsec_signs(&template, &[ID_OF_ASSERTION], partner());
    let keys = [partner().trusted()];
    let value = |xml: &str| {
        let document = read(xml.as_bytes(), Limits::ANONYMOUS).unwrap();
        let policy = Policy::default();
        let verified = verify_only_child(&document, RESPONSE, ASSERTION, "ID", &keys, policy)?;
        let value = verified.only_child(SAML, "AttributeValue")?;
        let (uri, local) = value.resolve(value.attribute_ns(XSI, "type").unwrap())?;
        assert_eq!(value.attribute("n"), Some("a   b"), "normalised");
        Ok::<_, SignatureError>(format!("{uri} {local}"))
    };
    assert_eq!(
        value(&signed).unwrap(),
        "http://www.w3.org/2001/XMLSchema string"
    );
    let moved = signed.replace("http://www.w3.org/2001/XMLSchema\"", "urn:evil\"");
    assert_ne!(moved, signed);
    assert_eq!(value(&moved), Err(SignatureError::Changed));
}
