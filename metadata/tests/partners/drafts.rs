//! What becomes of a partner's metadata.

use super::{aggregate, entra, import, import_entity, ws_federation};
use crate::support::{Bench, MD, POST, acs, key, now, sp, sp_with};
use signet_metadata::partners::{Note, Trust};
use signet_metadata::{ImportOptions, MetadataError, import_service_provider};
use signet_model::relying_party::{EncryptionAlgorithm, ProtocolProfile};
use time::Duration;
use time::macros::datetime;

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

#[test]
fn ws_federation_roles_are_told_by_their_resolved_type() {
    for role in ["ApplicationServiceType", "SecurityTokenServiceType"] {
        for prefix in ["fed", "q1"] {
            let read = import(&ws_federation(role, prefix, "https://app.example/signin")).unwrap();
            let party = &read.relying_party;
            assert_eq!(party.identifiers, ["https://app.example/", "urn:app:realm"]);
            assert_eq!(party.wsfed_endpoints, ["https://app.example/signin"]);
            // .NET knows no GCM.
            assert_eq!(party.encryption_algorithm, EncryptionAlgorithm::Aes256Cbc);
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
