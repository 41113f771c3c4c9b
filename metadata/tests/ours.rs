//! Our own metadata, judged by xmlsec1, libxml2 and a second canonicaliser, and read back as a partner would.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail the test"
)]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;

use bergshamra_c14n::{C14nMode, canonicalize_doc};
use signet_certs::{KeyRing, SigningKey};
use signet_issuance::Signer;
use signet_metadata::ours::{
    LogoutSupport, OfferedClaim, ServiceDescription, write_federation_metadata,
};
use signet_metadata::{ImportOptions, MetadataError, import_service_provider};
use signet_model::relying_party::SignatureAlgorithm;
use signet_xml::{Element, Limits, Policy, TrustedKey, read, verify_enveloped};
use support::{Bench, MD, now};
use time::Duration;

const FED: &str = "http://docs.oasis-open.org/wsfed/federation/200706";
const WSA: &str = "http://www.w3.org/2005/08/addressing";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
const SECEXT: &str = "http://schemas.xmlsoap.org/ws/2003/07/secext";
const ID: &str = "_7b0c2f8e-6a3f-4a38-9a39-0d3c6c0a1f11";

fn ring() -> KeyRing {
    let key = |name| Arc::new(SigningKey::generate(2048, name, Duration::days(30), now()).unwrap());
    let promoted = KeyRing::new(key("first"))
        .with_next(key("second"))
        .unwrap()
        .promote()
        .unwrap();
    promoted.with_next(key("third")).unwrap()
}

fn service(ring: &KeyRing) -> ServiceDescription {
    ServiceDescription::new(
        "http://fs.contoso.test/adfs/services/trust",
        "Contoso & <Söhne>",
        "fs.contoso.test",
        ring,
    )
}

fn signed(service: &ServiceDescription, ring: &KeyRing) -> String {
    let unsigned = write_federation_metadata(service, ID);
    Signer::new(ring.clone())
        .sign_metadata(unsigned, SignatureAlgorithm::RsaSha256)
        .unwrap()
        .into_string()
}

fn walk<'d>(element: Element<'d>, seen: &mut Vec<Element<'d>>) {
    seen.push(element);
    for child in element.children() {
        walk(child, seen);
    }
}

#[test]
fn xmlsec_verifies_it_and_only_with_our_key() {
    let bench = Bench::new();
    let ring = ring();
    let document = signed(&service(&ring), &ring);
    bench.write("metadata.xml", document.as_bytes());
    bench.write("ours.der", ring.current().certificate_der());
    bench.must("openssl", "x509 -inform DER -in ours.der -out ours.pem");
    bench.certificate("other", "rsa:2048");
    let verify = |certificate: &str, file: &str| {
        bench.run(
            "xmlsec1",
            &format!(
                "--verify --id-attr:ID {MD}:EntityDescriptor --pubkey-cert-pem {certificate} {file}"
            ),
        )
    };
    let (verified, said) = verify("ours.pem", "metadata.xml");
    assert!(verified, "{said}");
    assert!(!verify("other.crt", "metadata.xml").0);
    bench.write(
        "changed.xml",
        document
            .replace("https://fs.contoso.test/adfs/ls/", "https://evil.test/")
            .as_bytes(),
    );
    assert!(!verify("ours.pem", "changed.xml").0);
}

#[test]
fn every_xsi_type_resolves_after_canonicalisation() {
    let ring = ring();
    let document = signed(&service(&ring), &ring);
    // What a verifier hands on is the canonical form under the prefix list that the signature names.
    let tree = uppsala::parse(&document).unwrap();
    let octets = canonicalize_doc(&tree, C14nMode::Exclusive, None, &["fed"]).unwrap();
    assert_eq!(
        String::from_utf8(octets.clone()).unwrap(),
        document,
        "the writer's output is its canonical form"
    );
    let again = read(&octets, Limits::METADATA).unwrap();
    let mut all = Vec::new();
    walk(again.root(), &mut all);
    let types: Vec<_> = all
        .iter()
        .filter_map(|element| {
            element
                .attribute_ns(XSI, "type")
                .map(|value| element.resolve(value).unwrap())
        })
        .collect();
    assert_eq!(types, [(FED, "SecurityTokenServiceType")]);
    // Without the list the prefix is lost: this is what the list is for.
    let bare = canonicalize_doc::<&str>(&tree, C14nMode::Exclusive, None, &[]).unwrap();
    let bare = read(&bare, Limits::METADATA).unwrap();
    let role = bare
        .root()
        .children_named(MD, "RoleDescriptor")
        .next()
        .unwrap();
    role.resolve(role.attribute_ns(XSI, "type").unwrap())
        .unwrap_err();

    let listed = all
        .iter()
        .find(|element| element.local() == "InclusiveNamespaces")
        .and_then(|element| element.attribute("PrefixList"));
    assert_eq!(listed, Some("fed"));
}

#[test]
fn it_says_what_is_served_and_nothing_else() {
    let ring = ring();
    let service = service(&ring);
    let document = signed(&service, &ring);
    let parsed = read(document.as_bytes(), Limits::METADATA).unwrap();
    let key = TrustedKey::from_certificate_der(ring.current().certificate_der()).unwrap();
    let name = signet_xml::Name::new("md", "EntityDescriptor", MD);
    let root = verify_enveloped(&parsed, name, "ID", &[key], Policy::default())
        .unwrap()
        .element();
    assert_eq!(
        root.attribute("entityID"),
        Some("http://fs.contoso.test/adfs/services/trust")
    );
    let children: Vec<_> = root
        .children()
        .map(|child| child.local().to_owned())
        .collect();
    assert_eq!(
        children,
        ["Signature", "RoleDescriptor", "IDPSSODescriptor"]
    );

    let expected: Vec<String> = service.signing_certificates.clone();
    assert_eq!(expected.len(), 3);
    assert_eq!(expected[0], ring.current().certificate_base64());
    for role in root.children().skip(1) {
        let mut inside = Vec::new();
        walk(role, &mut inside);
        let published: Vec<String> = inside
            .iter()
            .filter(|element| element.is(DS, "X509Certificate"))
            .map(|element| element.text().unwrap().into_owned())
            .collect();
        assert_eq!(published, expected, "current, next, retired");
        assert!(
            inside
                .iter()
                .filter(|e| e.is(MD, "KeyDescriptor"))
                .all(|e| e.attribute("use") == Some("signing"))
        );
    }

    let token_service = root.only_child(MD, "RoleDescriptor").unwrap();
    assert_eq!(
        token_service.attribute("ServiceDisplayName"),
        Some("Contoso & <Söhne>")
    );
    for endpoint in ["SecurityTokenServiceEndpoint", "PassiveRequestorEndpoint"] {
        let reference = token_service
            .only_child(FED, endpoint)
            .unwrap()
            .only_child(WSA, "EndpointReference")
            .unwrap();
        assert_eq!(
            reference
                .only_child(WSA, "Address")
                .unwrap()
                .text()
                .unwrap(),
            "https://fs.contoso.test/adfs/ls/"
        );
    }
    let offered = token_service.only_child(FED, "TokenTypesOffered").unwrap();
    let offered: Vec<_> = offered
        .children()
        .filter_map(|token| token.attribute("Uri"))
        .collect();
    assert_eq!(
        offered,
        [
            "urn:oasis:names:tc:SAML:2.0:assertion",
            "urn:oasis:names:tc:SAML:1.0:assertion"
        ]
    );

    let provider = root.only_child(MD, "IDPSSODescriptor").unwrap();
    let protocols: Vec<_> = provider
        .attribute("protocolSupportEnumeration")
        .unwrap()
        .split(' ')
        .collect();
    assert_eq!(protocols, ["urn:oasis:names:tc:SAML:2.0:protocol", SECEXT]);
    let services = |local| -> Vec<_> {
        let found = provider.children_named(MD, local);
        found
            .map(|service| {
                (
                    service.attribute("Binding").unwrap(),
                    service.attribute("Location").unwrap(),
                )
            })
            .collect()
    };
    let passive = "https://fs.contoso.test/adfs/ls/";
    let (redirect, post) = (
        "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
        "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
    );
    assert_eq!(
        services("SingleSignOnService"),
        [(redirect, passive), (post, passive), (SECEXT, passive)]
    );
    assert_eq!(services("SingleLogoutService"), [(SECEXT, passive)]);

    let mut all = Vec::new();
    walk(root, &mut all);
    let allowed = BTreeSet::from([
        "http://fs.contoso.test/adfs/services/trust",
        "https://fs.contoso.test/adfs/ls/",
    ]);
    for word in document
        .split(['"', '<', '>'])
        .filter(|word| word.contains("contoso.test"))
    {
        assert!(allowed.contains(word), "{word} is advertised");
    }
    for absent in [
        "ArtifactResolutionService",
        "SPSSODescriptor",
        "mex",
        "usernamemixed",
        "use=\"encryption\"",
    ] {
        assert!(!document.contains(absent), "{absent}");
    }
}

#[test]
fn elements_of_the_identity_provider_role_stand_in_schema_order() {
    let ring = ring();
    let mut service = service(&ring);
    service.logout = LogoutSupport::WsFederationAndSaml;
    let document = signed(&service, &ring);
    let parsed = read(document.as_bytes(), Limits::METADATA).unwrap();
    let provider = parsed.root().only_child(MD, "IDPSSODescriptor").unwrap();
    let mut order: Vec<_> = provider
        .children()
        .map(|child| child.local().to_owned())
        .collect();
    order.dedup();
    assert_eq!(
        order,
        [
            "KeyDescriptor",
            "SingleLogoutService",
            "NameIDFormat",
            "SingleSignOnService",
            "Attribute"
        ]
    );
    assert_eq!(
        provider.children_named(MD, "SingleLogoutService").count(),
        3
    );
}

#[test]
fn hostile_names_stay_values() {
    let ring = ring();
    let mut service = service(&ring);
    service.display_name = "\"/><md:EntityDescriptor entityID=\"evil\u{1}".to_owned();
    service.claims = vec![OfferedClaim::new("urn:\"<>&", "]]><x/>", "\r\n\t\"")];
    let document = signed(&service, &ring);
    let parsed = read(document.as_bytes(), Limits::METADATA).unwrap();
    let mut all = Vec::new();
    walk(parsed.root(), &mut all);
    assert_eq!(
        all.iter()
            .filter(|element| element.is(MD, "EntityDescriptor"))
            .count(),
        1
    );
    let attribute = all
        .iter()
        .find(|element| element.local() == "Attribute")
        .unwrap();
    assert_eq!(attribute.attribute("Name"), Some("urn:\"<>&"));
    assert_eq!(attribute.attribute("FriendlyName"), Some("]]><x/>"));
}

#[test]
fn a_partner_of_our_kind_reads_our_role() {
    let ring = ring();
    let document = signed(&service(&ring), &ring);
    let signed_by = vec![ring.current().certificate_der().to_vec()];
    let options = ImportOptions {
        signed_by,
        ..ImportOptions::default()
    };
    // Our token service has a passive endpoint, so another farm can register us as its relying party.
    let read = import_service_provider(document.as_bytes(), &options, now()).unwrap();
    assert_eq!(
        read.relying_party.wsfed_endpoints,
        ["https://fs.contoso.test/adfs/ls/"]
    );
    assert_eq!(read.relying_party.request_signing_certificates.len(), 3);
    let retired = vec![ring.retired()[0].clone()];
    let options = ImportOptions {
        signed_by: retired,
        ..ImportOptions::default()
    };
    let refused = import_service_provider(document.as_bytes(), &options, now()).unwrap_err();
    assert!(
        matches!(refused, MetadataError::Signature(_)),
        "the retired key signs nothing any more"
    );
}

#[test]
fn sec_saml_18_lifted_signature_of_our_metadata_verifies_nothing_else() {
    // The metadata is signed by the token key (design, section 5): the reference binds it to this one element.
    let ring = ring();
    let document = signed(&service(&ring), &ring);
    let from = document.find("<ds:Signature").unwrap();
    let to = document.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let signature = &document[from..to];
    let saml = "urn:oasis:names:tc:SAML:2.0:assertion";
    let key = || TrustedKey::from_certificate_der(ring.current().certificate_der()).unwrap();
    let assertion = format!(
        "<saml:Assertion xmlns:saml=\"{saml}\" ID=\"{ID}\"><saml:Issuer>x</saml:Issuer>{signature}<saml:Subject/></saml:Assertion>"
    );
    let parsed = read(assertion.as_bytes(), Limits::METADATA).unwrap();
    let name = signet_xml::Name::new("saml", "Assertion", saml);
    verify_enveloped(&parsed, name, "ID", &[key()], Policy::default()).unwrap_err();
    let wrapped = format!(
        "<saml:Assertion xmlns:saml=\"{saml}\" ID=\"_evil\"><saml:Issuer>x</saml:Issuer>{signature}<x>{document}</x></saml:Assertion>"
    );
    let parsed = read(wrapped.as_bytes(), Limits::METADATA).unwrap();
    verify_enveloped(&parsed, name, "ID", &[key()], Policy::NESTED).unwrap_err();
}
