//! What is refused.

use super::{aggregate, entra, import, ws_federation};
use crate::support::{Bench, MD, NOON, POST, acs, now, signature_template, sp, sp_with};
use proptest::prelude::{any, proptest};
use signet_metadata::partners::{Note, Trust, fuzz_import};
use signet_metadata::{EndpointFault, ImportOptions, MetadataError, import_service_provider};
use signet_xml::{SignatureError, XmlError};
use time::macros::datetime;

#[test]
fn sec_saml_05_endpoints_that_run_or_leak_refuse_the_import() {
    let fault = |location: &str| {
        let consumer = format!(
            "{}{}",
            acs("0", "https://sp.example/acs"),
            acs("1", location)
        );
        let logout = format!(
            "{}<md:SingleLogoutService Binding=\"{POST}\" Location=\"https://sp.example/\" ResponseLocation=\"{location}\"/>",
            acs("0", "https://sp.example/acs")
        );
        let found: Vec<_> = [
            sp_with("s", "", &consumer),
            sp_with("s", "", &logout),
            ws_federation("ApplicationServiceType", "fed", location),
        ]
        .iter()
        .map(|document| match import(document) {
            Err(MetadataError::EndpointRefused { fault, .. }) => fault,
            other => panic!("{location}: {other:?}"),
        })
        .collect();
        assert!(found.iter().all(|fault| *fault == found[0]), "{found:?}");
        found[0].clone()
    };
    assert_eq!(
        fault("javascript:alert(document.domain)"),
        EndpointFault::Scheme("javascript".into())
    );
    assert_eq!(
        fault("data:text/html;base64,PHNjcmlwdD4="),
        EndpointFault::Scheme("data".into())
    );
    assert_eq!(fault("http://sp.example/acs"), EndpointFault::PlainHttp);
    assert_eq!(
        fault("https://sp.example/acs#fragment"),
        EndpointFault::Fragment
    );
    assert_eq!(
        fault("https://sp.example@evil.test/"),
        EndpointFault::UserInfo
    );
    assert_eq!(fault("java&#9;script:alert(1)"), EndpointFault::Characters);

    let options = ImportOptions {
        allow_http: true,
        ..ImportOptions::default()
    };
    let plain = sp_with("s", "", &acs("0", "http://sp.example/acs"));
    let read = import_service_provider(plain.as_bytes(), &options, NOON).unwrap();
    assert!(read.relying_party.allow_http_endpoints);
    assert!(read.notes.contains(&Note::PlainHttp {
        location: "http://sp.example/acs".into()
    }));
    let worse = sp_with("s", "", &acs("0", "javascript:alert(1)"));
    assert!(import_service_provider(worse.as_bytes(), &options, NOON).is_err());
}

#[test]
fn endpoints_must_be_numbered_and_one_must_be_usable() {
    let twice = format!(
        "{}{}",
        acs("1", "https://sp.example/a"),
        acs("1", "https://sp.example/b")
    );
    assert_eq!(
        import(&sp_with("s", "", &twice)).unwrap_err(),
        MetadataError::IndexTwice(1)
    );
    for index in ["-1", "65536", "one", "", "1.0", "+1"] {
        let refused = import(&sp_with("s", "", &acs(index, "https://sp.example/a"))).unwrap_err();
        assert_eq!(refused, MetadataError::IndexUnusable(index.into()));
    }
    let artifact = acs("0", "https://sp.example/a").replace("HTTP-POST", "HTTP-Artifact");
    let refused = import(&sp_with("s", "", &artifact)).unwrap_err();
    assert_eq!(refused, MetadataError::NoUsableEndpoint("s".into()));
    assert!(matches!(
        import(&sp_with("s", "", "")),
        Err(MetadataError::NoUsableEndpoint(_))
    ));
    let defaults: String = ["a", "b"]
        .iter()
        .zip(["0", "1"])
        .map(|(name, index)| {
            acs(index, &format!("https://sp.example/{name}"))
                .replace("index", "isDefault=\"true\" index")
        })
        .collect();
    let read = import(&sp_with("s", "", &defaults)).unwrap();
    assert!(read.notes.contains(&Note::SeveralDefaults));
    assert_eq!(
        read.relying_party
            .default_assertion_consumer()
            .unwrap()
            .location,
        "https://sp.example/a"
    );
    let many: String = (0..501)
        .map(|at| acs(&at.to_string(), "https://sp.example/"))
        .collect();
    assert!(matches!(
        import(&sp_with("s", "", &many)),
        Err(MetadataError::TooMany { .. })
    ));
    let idp = sp("s").replace("SPSSODescriptor", "IDPSSODescriptor");
    assert_eq!(
        import(&idp).unwrap_err(),
        MetadataError::NotARelyingParty("s".into())
    );
}

#[test]
fn expired_metadata_is_refused_wherever_it_says_so() {
    let past = "validUntil=\"2026-06-01T11:59:59Z\"";
    let expired = MetadataError::Expired(datetime!(2026-06-01 11:59:59 UTC));
    assert_eq!(
        expired.to_string(),
        "the metadata expired at 2026-06-01T11:59:59Z"
    );
    let role = sp("s").replace(
        "protocolSupportEnumeration",
        &format!("{past} protocolSupportEnumeration"),
    );
    let fed = ws_federation("ApplicationServiceType", "fed", "https://a.example/").replace(
        "protocolSupportEnumeration",
        &format!("{past} protocolSupportEnumeration"),
    );
    for document in [
        sp_with("s", past, &acs("0", "https://sp.example/")),
        aggregate(&sp("s"), past),
        aggregate(
            &aggregate(
                &sp_with(
                    "s",
                    "validUntil=\"2099-01-01T00:00:00Z\"",
                    &acs("0", "https://sp.example/"),
                ),
                "",
            ),
            past,
        ),
        role,
        fed,
    ] {
        assert_eq!(import(&document).unwrap_err(), expired);
    }
    let soon = sp_with(
        "s",
        "validUntil=\"2026-06-02T00:00:00Z\" cacheDuration=\"soon\"",
        &acs("0", "https://sp.example/"),
    );
    let read = import(&soon).unwrap();
    assert!(
        read.notes
            .contains(&Note::ExpiresSoon(datetime!(2026-06-02 0:00 UTC)))
    );
    assert!(read.notes.contains(&Note::CacheDurationUnreadable));
    let odd = sp_with(
        "s",
        "validUntil=\"tomorrow\"",
        &acs("0", "https://sp.example/"),
    );
    assert!(matches!(
        import(&odd),
        Err(MetadataError::Document(XmlError::Instant(_)))
    ));
}

#[test]
fn signed_metadata_is_verified_with_the_given_key_only() {
    let bench = Bench::new();
    let (signer, other) = (
        bench.certificate("signer", "rsa:2048"),
        bench.certificate("other", "rsa:2048"),
    );
    let signed_sp = sp_with("urn:sp", "ID=\"_1\"", &acs("0", "https://sp.example/acs")).replacen(
        "><md:SPSSO",
        &format!(">{}<md:SPSSO", signature_template("_1")),
        1,
    );
    let signed = bench.sign("signer", &signed_sp);
    let with = |bytes: &[u8], certificates: &[&str]| {
        let signed_by = certificates
            .iter()
            .map(|certificate| certificate.as_bytes().to_vec())
            .collect();
        let options = ImportOptions {
            signed_by,
            entity_id: Some("urn:sp".into()),
            ..ImportOptions::default()
        };
        import_service_provider(bytes, &options, now())
    };
    assert_eq!(
        with(&signed, &[&signer]).unwrap().trust,
        Trust::Verified { certificate: 0 }
    );
    assert_eq!(
        with(&signed, &[&other, &signer]).unwrap().trust,
        Trust::Verified { certificate: 1 }
    );
    let pem = String::from_utf8(bench.read("signer.crt")).unwrap();
    assert_eq!(
        with(&signed, &[&pem]).unwrap().trust,
        Trust::Verified { certificate: 0 }
    );

    let refused = with(&signed, &[&other]).unwrap_err();
    assert!(
        matches!(
            refused,
            MetadataError::Signature(SignatureError::OtherKey { .. })
        ),
        "{refused:?}"
    );
    let changed = String::from_utf8(signed.clone())
        .unwrap()
        .replace("sp.example/acs", "evil.test/acs");
    let refused = with(changed.as_bytes(), &[&signer]).unwrap_err();
    assert_eq!(refused, MetadataError::Signature(SignatureError::Changed));
    let refused = with(sp("urn:sp").as_bytes(), &[&signer]).unwrap_err();
    assert_eq!(refused, MetadataError::Signature(SignatureError::NotSigned));
    assert!(matches!(
        with(&signed, &["AAAA"]),
        Err(MetadataError::CheckingKeyUnusable(_))
    ));

    // The signed entity inside an aggregate that nobody signed: the aggregate is what was asked about.
    let text = String::from_utf8(signed).unwrap();
    let inner = &text[text.find("<md:EntityDescriptor").unwrap()..];
    let wrapped = aggregate(&format!("{inner}{}", sp("urn:evil")), "ID=\"_2\"");
    let options_evil = ImportOptions {
        signed_by: vec![signer.as_bytes().to_vec()],
        entity_id: Some("urn:evil".into()),
        ..ImportOptions::default()
    };
    import_service_provider(wrapped.as_bytes(), &options_evil, now()).unwrap_err();
    with(wrapped.as_bytes(), &[&signer]).unwrap_err();

    // A signed aggregate vouches for every entity in it.
    let template = aggregate(
        &format!(
            "{}{}{}",
            signature_template("_3"),
            sp("urn:sp"),
            sp("urn:second")
        ),
        "ID=\"_3\"",
    );
    let signed = bench.sign("signer", &template);
    assert_eq!(
        with(&signed, &[&signer]).unwrap().trust,
        Trust::Verified { certificate: 0 }
    );
}

#[test]
fn sec_cfg_02_hostile_documents_are_refused_soon() {
    let doctype = format!("<!DOCTYPE x [<!ENTITY a \"b\">]>{}", sp("s"));
    assert_eq!(
        import(&doctype).unwrap_err(),
        MetadataError::Document(XmlError::Doctype)
    );
    let large = format!("<!--{}-->{}", "x".repeat(11 * 1024 * 1024), sp("s"));
    assert!(matches!(
        import(&large),
        Err(MetadataError::Document(XmlError::TooLarge { .. }))
    ));
    let many = aggregate(&"<md:EntityDescriptor entityID=\"a\"/>".repeat(50_000), "");
    assert_eq!(
        import(&many).unwrap_err(),
        MetadataError::TooManyEntities { limit: 10_000 }
    );
    let deep = format!(
        "<md:EntitiesDescriptor xmlns:md=\"{MD}\">{}{}{}</md:EntitiesDescriptor>",
        "<md:EntitiesDescriptor>".repeat(5_000),
        sp("s"),
        "</md:EntitiesDescriptor>".repeat(5_000)
    );
    assert!(matches!(
        import(&deep),
        Err(MetadataError::Document(XmlError::TooDeep(_)))
    ));
    let html = "<html xmlns=\"http://www.w3.org/1999/xhtml\"><body>Sign in</body></html>";
    assert!(matches!(
        import(html),
        Err(MetadataError::NotMetadata { .. })
    ));
    for identifier in ["", "has space", "has&#10;line"] {
        let refused = import(&sp(identifier)).unwrap_err();
        assert!(
            matches!(refused, MetadataError::IdentifierUnusable(_)),
            "{identifier:?}: {refused:?}"
        );
    }
    assert!(matches!(
        import(&sp(&"x".repeat(1025))),
        Err(MetadataError::IdentifierUnusable(_))
    ));
    import(&sp(&"x".repeat(1024))).unwrap();
    let split = ws_federation(
        "ApplicationServiceType",
        "fed",
        "https://app.example/<!---->signin",
    );
    assert!(matches!(
        import(&split),
        Err(MetadataError::Document(XmlError::MarkupInText(_)))
    ));
}

#[test]
fn messages_have_codes_and_keep_detail_private() {
    let refused = import(&sp_with(
        "s",
        "",
        &acs("0", "https://secret.inner@evil.test/"),
    ))
    .unwrap_err();
    let message = refused.message();
    assert_eq!(message.code, "SIG-METADATA-ENDPOINT");
    assert!(message.private.contains("secret.inner"));
    assert!(!message.public.contains("secret") && !message.hint.contains("secret"));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
        fuzz_import(&bytes);
    }

    #[test]
    fn no_damage_panics(at in 0usize..2000, with in any::<u8>(), cut in 0usize..2000) {
        let mut document = entra("AAAA", "BBBB").into_bytes();
        let at = at % document.len();
        document[at] = with;
        fuzz_import(&document);
        fuzz_import(&document[..cut % document.len()]);
    }
}
