//! Partners' metadata: what becomes of it, and what is refused.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail the test"
)]

mod support;

use proptest::prelude::{any, proptest};
use signet_metadata::partners::{
    Change, Conflict, Note, Trust, changes, find_conflicts, fuzz_import,
};
use signet_metadata::{
    EndpointFault, ImportOptions, MetadataError, PartnerMetadata, import_service_provider,
};
use signet_model::RelyingParty;
use signet_model::relying_party::{EncryptionAlgorithm, ProtocolProfile};
use signet_xml::{SignatureError, XmlError};
use support::{Bench, MD, NOON, POST, acs, key, now, signature_template, sp, sp_with};
use time::Duration;
use time::macros::datetime;

fn import(document: &str) -> Result<PartnerMetadata, MetadataError> {
    import_service_provider(document.as_bytes(), &ImportOptions::default(), NOON)
}

fn import_entity(document: &str, entity_id: &str) -> Result<PartnerMetadata, MetadataError> {
    let options = ImportOptions {
        entity_id: Some(entity_id.to_owned()),
        ..ImportOptions::default()
    };
    import_service_provider(document.as_bytes(), &options, NOON)
}

/// The shape of Entra's own SAML metadata: byte order mark, prolog, default namespace, extensions, three bindings.
fn entra(certificate: &str, second: &str) -> String {
    let login = "https://login.microsoftonline.com/login.srf";
    let descriptor = |certificate: &str| {
        format!(
            "<KeyDescriptor use=\"signing\"><KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data>\
             <X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
        )
    };
    let formats: String = [
        "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
        "urn:mace:shibboleth:1.0:nameIdentifier",
        "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
        "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
        "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    ]
    .iter()
    .map(|format| format!("<NameIDFormat>{format}</NameIDFormat>\r\n"))
    .collect();
    format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<EntityDescriptor ID=\"_f1\" entityID=\"urn:federation:MicrosoftOnline\" \
         xmlns=\"{MD}\" xmlns:alg=\"urn:oasis:names:tc:SAML:metadata:algsupport\">\
         <Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignedInfo/></Signature>\
         <Extensions><alg:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/></Extensions>\
         <SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\" WantAssertionsSigned=\"true\">\
         {}{}<SingleLogoutService Binding=\"{POST}\" Location=\"{login}\"/>{formats}\
         <AssertionConsumerService isDefault=\"true\" index=\"0\" Binding=\"{POST}\" Location=\"{login}\"/>\
         <AssertionConsumerService index=\"1\" Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST-SimpleSign\" Location=\"{login}\"/>\
         <AssertionConsumerService index=\"2\" Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:PAOS\" Location=\"{login}\"/>\
         </SPSSODescriptor></EntityDescriptor>",
        descriptor(certificate),
        descriptor(second),
    )
}

#[test]
fn entras_own_metadata_becomes_a_draft() {
    let bench = Bench::new();
    let (one, two) = (
        bench.certificate("one", "rsa:2048"),
        bench.certificate("two", "rsa:2048"),
    );
    let read = import_service_provider(
        entra(&one, &two).as_bytes(),
        &ImportOptions::default(),
        now(),
    )
    .unwrap();
    let party = &read.relying_party;
    assert_eq!(party.identifiers, ["urn:federation:MicrosoftOnline"]);
    assert_eq!(party.protocols, ProtocolProfile::Saml);
    assert_eq!(party.request_signing_certificates, [one, two]);
    assert_eq!(party.encryption_certificate, None);
    assert_eq!(party.assertion_consumers.len(), 3);
    assert_eq!(
        party.default_assertion_consumer().unwrap().location,
        "https://login.microsoftonline.com/login.srf"
    );
    assert_eq!(party.logout_services.len(), 1);
    assert!(read.wants_signed_assertions && !party.signed_requests_required);
    assert_eq!(read.name_id_formats.len(), 5);
    assert_eq!(read.trust, Trust::Unverified { signed: true });
    assert!(
        party.issuance_authorization_rules.is_empty() && party.issuance_transform_rules.is_empty()
    );
    let unused = read
        .notes
        .iter()
        .filter(|note| matches!(note, Note::BindingNotUsed { .. }))
        .count();
    assert_eq!(
        (unused, read.notes.contains(&Note::SignatureNotChecked)),
        (2, true),
        "{:?}",
        read.notes
    );
}

#[test]
fn everything_a_service_provider_says_is_taken() {
    let bench = Bench::new();
    let (both, seal) = (
        bench.certificate("both", "rsa:2048"),
        bench.certificate("seal", "rsa:2048"),
    );
    let folded: String = both
        .as_bytes()
        .chunks(64)
        .map(|line| format!("\n   {}", str::from_utf8(line).unwrap()))
        .collect();
    let encryption = key("encryption", &seal).replace(
        "</md:KeyDescriptor>",
        "<md:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#aes128-cbc\"/>\
         <md:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#aes256-cbc\"/></md:KeyDescriptor>",
    );
    let document = format!(
        "<md:EntityDescriptor xmlns:md=\"{MD}\" entityID=\"https://sp.example/sp\" cacheDuration=\"PT6H\" validUntil=\"2099-01-01T00:00:00Z\">\
         <md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"/>\
         <md:SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:1.1:protocol\"/>\
         <md:SPSSODescriptor AuthnRequestsSigned=\"1\" WantAssertionsSigned=\"false\" cacheDuration=\"PT1H\" \
          protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:1.1:protocol urn:oasis:names:tc:SAML:2.0:protocol\">\
         <md:Extensions><mdui:UIInfo xmlns:mdui=\"urn:oasis:names:tc:SAML:metadata:ui\">\
         <mdui:DisplayName xml:lang=\"de\">Zeiterfassung</mdui:DisplayName>\
         <mdui:DisplayName xml:lang=\"en\"> Time\u{202e}\n sheets </mdui:DisplayName></mdui:UIInfo></md:Extensions>\
         {encryption}{}\
         <md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:SOAP\" Location=\"http://inner/soap\"/>\
         <md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"https://sp.example/slo\" ResponseLocation=\"https://sp.example/slo/done\"/>\
         <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>\
         {}{}\
         <md:AssertionConsumerService Binding=\"{POST}\" Location=\"https://sp.example/none\"/>\
         <md:AttributeConsumingService index=\"0\"><md:ServiceName xml:lang=\"en\">x</md:ServiceName>\
         <md:RequestedAttribute Name=\"urn:oid:0.9.2342.19200300.100.1.3\" FriendlyName=\"mail\" isRequired=\"true\"/>\
         <md:RequestedAttribute Name=\"sn\"/></md:AttributeConsumingService>\
         </md:SPSSODescriptor></md:EntityDescriptor>",
        key("", &folded),
        acs("7", "https://sp.example/seven"),
        acs("3", "https://sp.example/three"),
    );
    let read =
        import_service_provider(document.as_bytes(), &ImportOptions::default(), now()).unwrap();
    let party = &read.relying_party;
    assert_eq!(party.name, "Time sheets");
    assert_eq!(party.request_signing_certificates, [both]);
    assert_eq!(party.encryption_certificate.as_deref(), Some(seal.as_str()));
    assert_eq!(party.encryption_algorithm, EncryptionAlgorithm::Aes256Cbc);
    assert!(party.signed_requests_required);
    let indexes: Vec<u16> = party
        .assertion_consumers
        .iter()
        .map(|consumer| consumer.index)
        .collect();
    assert_eq!(indexes, [7, 3, 0]);
    assert_eq!(
        party.default_assertion_consumer().unwrap().location,
        "https://sp.example/none"
    );
    assert_eq!(party.logout_services.len(), 1);
    assert_eq!(
        party.logout_services[0].response_location.as_deref(),
        Some("https://sp.example/slo/done")
    );
    assert_eq!(read.valid_until, Some(datetime!(2099-01-01 0:00 UTC)));
    assert_eq!(read.cache_duration, Some(Duration::hours(1)));
    assert_eq!(read.requested_attributes.len(), 2);
    assert!(read.requested_attributes[0].required && !read.requested_attributes[1].required);
    for expected in [
        Note::IndexAssigned(0),
        Note::SeveralEncryptionKeys,
        Note::LogoutLeftOut {
            binding: "urn:oasis:names:tc:SAML:2.0:bindings:SOAP".into(),
        },
        Note::ProtocolNotSpoken {
            protocols: "urn:oasis:names:tc:SAML:1.1:protocol".into(),
        },
    ] {
        assert!(
            read.notes.contains(&expected),
            "{expected:?} in {:?}",
            read.notes
        );
    }
    assert!(
        read.notes
            .iter()
            .any(|note| matches!(note, Note::NameIdFormats(_)))
    );
    assert!(read.notes.iter().all(|note| !note.to_string().is_empty()));
}

fn ws_federation(role: &str, prefix: &str, endpoint: &str) -> String {
    format!(
        "<EntityDescriptor xmlns=\"{MD}\" entityID=\"https://app.example/\">\
         <RoleDescriptor xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
          xmlns:{prefix}=\"http://docs.oasis-open.org/wsfed/federation/200706\" xsi:type=\"{prefix}:{role}\" \
          protocolSupportEnumeration=\"http://docs.oasis-open.org/wsfed/federation/200706\" ServiceDisplayName=\"The App\">\
         <{prefix}:ClaimTypesRequested><auth:ClaimType xmlns:auth=\"http://docs.oasis-open.org/wsfed/authorization/200706\" \
          Uri=\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn\" Optional=\"true\"/></{prefix}:ClaimTypesRequested>\
         <{prefix}:TargetScopes><wsa:EndpointReference xmlns:wsa=\"http://www.w3.org/2005/08/addressing\"><wsa:Address>urn:app:realm</wsa:Address></wsa:EndpointReference>\
         <wsa:EndpointReference xmlns:wsa=\"http://www.w3.org/2005/08/addressing\"><wsa:Address>https://app.example/</wsa:Address></wsa:EndpointReference></{prefix}:TargetScopes>\
         <{prefix}:PassiveRequestorEndpoint><wsa:EndpointReference xmlns:wsa=\"http://www.w3.org/2005/08/addressing\"><wsa:Address> {endpoint}\n</wsa:Address></wsa:EndpointReference></{prefix}:PassiveRequestorEndpoint>\
         </RoleDescriptor></EntityDescriptor>"
    )
}

#[test]
fn ws_federation_roles_are_told_by_their_resolved_type() {
    for role in ["ApplicationServiceType", "SecurityTokenServiceType"] {
        for prefix in ["fed", "q1"] {
            let read = import(&ws_federation(role, prefix, "https://app.example/signin")).unwrap();
            let party = &read.relying_party;
            assert_eq!(party.identifiers, ["https://app.example/", "urn:app:realm"]);
            assert_eq!(party.wsfed_endpoints, ["https://app.example/signin"]);
            assert_eq!(party.protocols, ProtocolProfile::WsFederation);
            assert_eq!(party.name, "The App");
            assert_eq!(
                read.requested_claims,
                ["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"]
            );
        }
    }
    // The same letters in another namespace are another type.
    let other = ws_federation("ApplicationServiceType", "fed", "https://app.example/").replace(
        "xmlns:fed=\"http://docs.oasis-open.org/wsfed/federation/200706\"",
        "xmlns:fed=\"urn:other\"",
    );
    assert!(matches!(
        import(&other),
        Err(MetadataError::NotARelyingParty(_))
    ));
    let unbound = ws_federation("ApplicationServiceType", "fed", "https://app.example/")
        .replace("xsi:type=\"fed:", "xsi:type=\"nobody:");
    assert!(matches!(
        import(&unbound),
        Err(MetadataError::NotARelyingParty(_))
    ));
}

#[test]
fn application_role_wins_over_the_token_service_and_joins_saml() {
    let application = ws_federation("ApplicationServiceType", "fed", "https://app.example/app");
    let service = ws_federation("SecurityTokenServiceType", "fed", "https://app.example/sts");
    let roles = |document: &str| {
        let from = document.find("<RoleDescriptor").unwrap();
        document[from..].replace("</EntityDescriptor>", "")
    };
    let saml = format!(
        "<SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{}</SPSSODescriptor>",
        acs("0", "https://app.example/acs").replace("md:", "")
    );
    let document = format!(
        "<EntityDescriptor xmlns=\"{MD}\" entityID=\"https://app.example/\">{}{}{saml}</EntityDescriptor>",
        roles(&service),
        roles(&application)
    );
    let party = import(&document).unwrap().relying_party;
    assert_eq!(party.protocols, ProtocolProfile::WsFedAndSaml);
    assert_eq!(party.wsfed_endpoints, ["https://app.example/app"]);
    assert_eq!(party.assertion_consumers.len(), 1);
}

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

fn aggregate(content: &str, attributes: &str) -> String {
    format!(
        "<md:EntitiesDescriptor xmlns:md=\"{MD}\" {attributes}>{content}</md:EntitiesDescriptor>"
    )
}

#[test]
fn wanted_entity_is_found_in_nested_aggregates() {
    let inner = aggregate(&format!("{}{}", sp("urn:b"), sp("urn:c")), "");
    let document = aggregate(&format!("{}{inner}{}", sp("urn:a"), sp("urn:B")), "");
    for entity in ["urn:a", "urn:b", "urn:c", "urn:B"] {
        assert_eq!(
            import_entity(&document, entity)
                .unwrap()
                .relying_party
                .identifiers,
            [entity]
        );
    }
    let several = import(&document).unwrap_err();
    let first = ["urn:a", "urn:b", "urn:c", "urn:B"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(several, MetadataError::SeveralEntities { count: 4, first });
    assert_eq!(
        import_entity(&document, "urn:A").unwrap_err(),
        MetadataError::EntityMissing("urn:A".into())
    );
    let twice = aggregate(
        &format!("{}{}", sp("urn:a"), aggregate(&sp("urn:a"), "")),
        "",
    );
    assert_eq!(
        import_entity(&twice, "urn:a").unwrap_err(),
        MetadataError::EntityTwice("urn:a".into())
    );
    assert_eq!(
        import(&aggregate("", "")).unwrap_err(),
        MetadataError::EntityMissing(String::new())
    );
    assert_eq!(
        import_entity(&sp("urn:a"), "urn:x").unwrap_err(),
        MetadataError::EntityMissing("urn:x".into())
    );
    import(&aggregate(&sp("urn:a"), "")).unwrap();
}

#[test]
fn expired_metadata_is_refused_wherever_it_says_so() {
    let past = "validUntil=\"2026-06-01T11:59:59Z\"";
    let expired = MetadataError::Expired(datetime!(2026-06-01 11:59:59 UTC));
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
fn unusable_keys_are_left_out_and_said() {
    let bench = Bench::new();
    let weak = bench.certificate("weak", "rsa:1024");
    let curve = bench.certificate("curve", "ec -pkeyopt ec_paramgen_curve:P-256");
    let good = bench.certificate("good", "rsa:2048");
    let content = [
        key("signing", &weak),
        key("signing", "bm9uc2Vuc2U="),
        key("encryption", &curve),
        key("", &curve),
        "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:KeyName>x</ds:KeyName></ds:KeyInfo></md:KeyDescriptor>".to_owned(),
        acs("0", "https://sp.example/acs"),
    ]
    .concat();
    let document = sp_with("s", "", &content).replace(
        "protocolSupport",
        "AuthnRequestsSigned=\"true\" protocolSupport",
    );
    let read =
        import_service_provider(document.as_bytes(), &ImportOptions::default(), now()).unwrap();
    assert_eq!(
        read.relying_party.request_signing_certificates,
        std::slice::from_ref(&curve)
    );
    assert_eq!(read.relying_party.encryption_certificate, None);
    let left_out = read
        .notes
        .iter()
        .filter(|note| matches!(note, Note::CertificateLeftOut { .. }))
        .count();
    assert_eq!(
        (left_out, read.notes.contains(&Note::KeyWithoutCertificate)),
        (3, true),
        "{:?}",
        read.notes
    );

    let only_weak = sp_with(
        "s",
        "",
        &format!(
            "{}{}",
            key("signing", &weak),
            acs("0", "https://sp.example/acs")
        ),
    )
    .replace(
        "protocolSupport",
        "AuthnRequestsSigned=\"true\" protocolSupport",
    );
    let read =
        import_service_provider(only_weak.as_bytes(), &ImportOptions::default(), now()).unwrap();
    assert!(read.relying_party.signed_requests_required);
    assert!(read.notes.contains(&Note::SignedRequestsWithoutKey));

    // A chain in one X509Data: only the first certificate is the partner's own.
    let chain = key("signing", &good).replace(
        "</ds:X509Data>",
        &format!("<ds:X509Certificate>{curve}</ds:X509Certificate></ds:X509Data>"),
    );
    let document = sp_with(
        "s",
        "",
        &format!("{chain}{}", acs("0", "https://sp.example/acs")),
    );
    let read =
        import_service_provider(document.as_bytes(), &ImportOptions::default(), now()).unwrap();
    assert_eq!(read.relying_party.request_signing_certificates, [good]);
    let later = now() + Duration::days(31);
    let read =
        import_service_provider(document.as_bytes(), &ImportOptions::default(), later).unwrap();
    assert!(
        read.notes
            .iter()
            .any(|note| matches!(note, Note::CertificateExpired { .. }))
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
fn sec_cfg_05_same_or_lookalike_identifiers_are_found() {
    let known = RelyingParty::new("Wiki", "urn:wiki");
    let mut other = RelyingParty::new("Shop", "https://Shop.example/");
    let found = |new: &RelyingParty| find_conflicts(new, [&known, &other]);
    assert_eq!(found(&RelyingParty::new("New", "urn:new")), []);
    let same = Conflict::SameIdentifier {
        identifier: "urn:wiki".into(),
        other: "Wiki".into(),
    };
    assert_eq!(
        found(&RelyingParty::new("New", "urn:wiki")),
        std::slice::from_ref(&same)
    );
    assert_eq!(
        found(&RelyingParty::new("wIKI", "urn:wiki")),
        [
            Conflict::SameName {
                other: "Wiki".into()
            },
            same
        ]
    );
    let case = Conflict::IdentifierDiffersByCase {
        identifier: "https://shop.EXAMPLE/".into(),
        existing: "https://Shop.example/".into(),
        other: "Shop".into(),
    };
    assert_eq!(
        found(&RelyingParty::new("New", "https://shop.EXAMPLE/")),
        [case]
    );
    let earlier = other.clone();
    other.identifiers.push("urn:more".into());
    assert_eq!(find_conflicts(&other, [&known, &earlier]), []);
}

#[test]
fn sec_cfg_04_foreign_hosts_and_swapped_keys_wait_for_approval() {
    let known = import(&sp("urn:sp")).unwrap().relying_party;
    let fresh = |content: &str| {
        import(&sp_with("urn:sp", "", content))
            .unwrap()
            .relying_party
    };
    assert_eq!(changes(&known, &known), []);
    let same_host = fresh(&format!(
        "{}{}",
        acs("0", "https://sp.example/acs"),
        acs("1", "https://sp.example/two")
    ));
    let found = changes(&known, &same_host);
    assert_eq!(
        found,
        [Change::EndpointAdded {
            location: "https://sp.example/two".into()
        }]
    );
    assert!(!found[0].needs_approval());
    let found = changes(
        &known,
        &fresh(&acs("0", "https://sp.example.evil.test/acs")),
    );
    assert!(
        found
            .iter()
            .any(|change| matches!(change, Change::ForeignHost { .. }) && change.needs_approval())
    );

    let mut keyed = known.clone();
    keyed.request_signing_certificates = vec!["one".into()];
    keyed.signed_requests_required = true;
    keyed.encryption_certificate = Some("seal".into());
    let mut rolled = keyed.clone();
    rolled.request_signing_certificates.push("two".into());
    assert_eq!(changes(&keyed, &rolled), [Change::SigningCertificateAdded]);
    let mut swapped = keyed.clone();
    swapped.request_signing_certificates = vec!["two".into()];
    assert_eq!(
        changes(&keyed, &swapped),
        [Change::SigningCertificatesReplaced]
    );
    let lost = changes(&keyed, &known);
    assert_eq!(
        lost,
        [
            Change::SigningCertificatesReplaced,
            Change::EncryptionCertificateRemoved,
            Change::SignedRequestsNoLongerRequired
        ]
    );
    assert!(lost.iter().all(Change::needs_approval));
    let mut named = keyed.clone();
    named.identifiers.push("urn:victim".into());
    assert_eq!(
        changes(&keyed, &named),
        [Change::IdentifierAdded {
            identifier: "urn:victim".into()
        }]
    );
}

#[test]
fn sec_cfg_03_metadata_of_another_entity_is_never_applied() {
    let known = import(&sp("urn:sp")).unwrap().relying_party;
    let other = import(&sp("urn:other")).unwrap().relying_party;
    let found = changes(&known, &other);
    assert_eq!(
        found,
        [Change::OtherEntity {
            entity_id: "urn:other".into()
        }]
    );
    assert!(found[0].needs_approval());
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
