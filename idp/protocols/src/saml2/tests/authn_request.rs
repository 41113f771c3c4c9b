//! What a request says.

use proptest::prelude::*;
use signet_model::RelyingParty;
use signet_model::relying_party::{ProtocolProfile, TokenType};
use signet_model::request::Comparison;
use signet_model::uris::{ENTRA_REALM, ENTRA_REPLY, authn, binding, name_id};
use signet_xml::Name;
use time::Duration;

use super::super::names::{SAML, SAMLP};
use super::super::respond::build_form;
use super::super::{MessageSignature, SamlStatus, receive_idp_initiated, respond_refusal};
use super::*;
use crate::error::ProtocolError as E;
use crate::recheck;
use crate::testing::{consumer, entra, methods, wiki};

const ACS: &str = "AssertionConsumerServiceURL";
const INDEX: &str = "AssertionConsumerServiceIndex";

#[test]
fn the_unsigned_request_of_entra_gets_the_default_consumer() {
    let message = Message::authn()
        .issuer(ENTRA_REALM)
        .body(name_id_policy(&[("Format", name_id::PERSISTENT)]));
    let body = format!(
        "{}&RelayState={}",
        form(&message.xml()),
        encode("estsredirect=2 a+b/c=")
    );
    let sign_in = accepted(post(&entra(), &body));
    assert_eq!(sign_in.signature, MessageSignature::Absent);
    assert_eq!(sign_in.replay, None);
    let request = sign_in.request;
    assert_eq!(request.audience, ENTRA_REALM);
    assert_eq!(request.reply_to.as_str(), ENTRA_REPLY);
    assert_eq!(request.token_type, TokenType::Saml20);
    assert_eq!(request.in_response_to.as_deref(), Some("_a1b2c3"));
    assert_eq!(request.state.as_deref(), Some("estsredirect=2 a+b/c="));
    let policy = request.name_id_policy.unwrap();
    assert_eq!(policy.format.as_deref(), Some(name_id::PERSISTENT));
    assert_eq!(request.received_at, NOW);
    assert_eq!(request.authentication, Default::default());
}

#[test]
fn a_user_name_beside_the_message_fills_the_form() {
    let query = format!(
        "{}&username=anna%40contoso.com",
        redirect(&Message::authn().xml())
    );
    assert_eq!(
        request(get(&wiki(), &query)).hints.username.as_deref(),
        Some("anna@contoso.com")
    );
}

#[test]
fn sec_saml_01_an_unregistered_consumer_gets_nothing() {
    for bad in [
        "https://evil.tld/acs",
        "https://wiki.example.com/acs/",
        "https://wiki.example.com/ACS",
        "https://wiki.example.com:443/acs",
        "https://wiki.example.com/acs?x",
        "https://wiki.example.com/artifact",
        "https://login.microsoftonline.com/login.srf",
        "",
    ] {
        let result = send(&wiki(), &Message::authn().set(ACS, bad));
        assert!(
            matches!(result, Err(E::RelyingPartyReplyUnregistered { .. })),
            "{bad} {result:?}"
        );
    }
    let good = Message::authn().set(ACS, "https://wiki.example.com/acs/three");
    assert_eq!(
        request(send(&wiki(), &good)).reply_to.as_str(),
        "https://wiki.example.com/acs/three"
    );
}

#[test]
fn sec_saml_02_consumers_are_exact_even_where_wreply_is_not() {
    let mut party = wiki();
    party.reply_match = signet_model::relying_party::ReplyMatch::PathPrefix;
    let below = Message::authn().set(ACS, "https://wiki.example.com/acs/below");
    assert!(matches!(
        send(&party, &below),
        Err(E::RelyingPartyReplyUnregistered { .. })
    ));
    let tabbed = Message::authn()
        .set(ACS, "X")
        .xml()
        .replace("\"X\"", "\"https://wiki.example.com/acs&#9;\"");
    assert!(post(&party, &form(&tabbed)).is_err());
}

#[test]
fn sec_saml_03_index_default_both_and_binding() {
    let to = |message: Message| {
        request(send(&wiki(), &message))
            .reply_to
            .as_str()
            .to_owned()
    };
    assert_eq!(to(Message::authn()), "https://wiki.example.com/acs");
    assert_eq!(
        to(Message::authn().set(INDEX, "3")),
        "https://wiki.example.com/acs/three"
    );
    assert_eq!(
        to(Message::authn().set("ProtocolBinding", binding::HTTP_POST)),
        "https://wiki.example.com/acs"
    );
    let both = Message::authn()
        .set(INDEX, "7")
        .set(ACS, "https://wiki.example.com/acs");
    assert!(matches!(
        send(&wiki(), &both),
        Err(E::RelyingPartySamlField { .. })
    ));
    for other in [
        binding::HTTP_REDIRECT,
        "urn:oasis:names:tc:SAML:2.0:bindings:PAOS",
        "",
        "POST",
    ] {
        let message = Message::authn().set("ProtocolBinding", other);
        let result = send(&wiki(), &message);
        assert!(
            matches!(result, Err(E::RelyingPartySamlField { .. })),
            "{other}"
        );
    }
    let mut without_default = wiki();
    without_default.assertion_consumers = vec![
        consumer(9, false, "https://wiki.example.com/nine"),
        consumer(2, false, "https://wiki.example.com/two"),
    ];
    assert_eq!(
        request(send(&without_default, &Message::authn()))
            .reply_to
            .as_str(),
        "https://wiki.example.com/two"
    );
    without_default.assertion_consumers.clear();
    assert!(matches!(
        send(&without_default, &Message::authn()),
        Err(E::OperatorReplyMissing { .. })
    ));
}

#[test]
fn sec_saml_04_an_index_is_an_unsigned_short() {
    for bad in [
        "-1",
        "65536",
        "18446744073709551616",
        "\u{663}",
        "",
        "+3",
        " 3",
        "3.0",
        "0x3",
        "000003",
    ] {
        let result = send(&wiki(), &Message::authn().set(INDEX, bad));
        assert!(
            matches!(result, Err(E::RelyingPartySamlField { .. })),
            "{bad:?} {result:?}"
        );
    }
    for unknown in ["0", "8", "65535", "1"] {
        let result = send(&wiki(), &Message::authn().set(INDEX, unknown));
        assert!(
            matches!(result, Err(E::RelyingPartyReplyUnregistered { .. })),
            "{unknown}"
        );
    }
}

#[test]
fn sec_saml_05_a_consumer_that_is_no_safe_address_gets_nothing() {
    for bad in [
        "javascript:alert(1)",
        "data:,x",
        "http://wiki.example.com/acs",
        "https://x/#f",
    ] {
        let mut party = wiki();
        party.assertion_consumers = vec![consumer(0, true, bad)];
        let result = send(&party, &Message::authn());
        assert!(
            matches!(result, Err(E::OperatorReplyUnsafe { .. })),
            "{bad}"
        );
    }
}

#[test]
fn sec_saml_06_destination_is_ours_or_absent() {
    assert!(send(&wiki(), &Message::authn().set("Destination", OURS)).is_ok());
    for other in [
        "https://fs2.contoso.com/adfs/ls/",
        "http://fs.contoso.com/adfs/ls/",
        "",
        "/adfs/ls/",
    ] {
        let result = send(&wiki(), &Message::authn().set("Destination", other));
        assert!(
            matches!(result, Err(E::RelyingPartySamlDestination { .. })),
            "{other}"
        );
    }
}

#[test]
fn sec_saml_07_unknown_disabled_and_other_protocol_at_receipt_and_at_issuance() {
    let unknown = Message::authn().issuer("urn:nobody");
    let refusal = send(&wiki(), &unknown).unwrap_err();
    assert!(matches!(refusal, E::OperatorRelyingPartyUnknown { .. }));
    assert_eq!(refusal.message().code, "SIG-SAML-UNKNOWN-ISSUER");

    let party = wiki();
    let request = request(send(&party, &Message::authn()));
    assert_eq!(recheck(&request, &party), Ok(()));
    let changed = |change: fn(&mut RelyingParty)| {
        let mut party = party.clone();
        change(&mut party);
        let at_receipt = send(&party, &Message::authn()).is_err();
        let at_issuance = recheck(&request, &party).is_err();
        (at_receipt, at_issuance)
    };
    assert_eq!(changed(|party| party.enabled = false), (true, true));
    assert_eq!(
        changed(|party| party.protocols = ProtocolProfile::WsFederation),
        (true, true)
    );
    assert_eq!(
        changed(|party| party.identifiers = vec!["urn:new".to_owned()]),
        (true, true)
    );
    assert_eq!(
        changed(|party| party.assertion_consumers.clear()),
        (true, true)
    );
    let moved = |party: &mut RelyingParty| {
        party.assertion_consumers[1].location = "https://new.example.com/".to_owned();
    };
    assert_eq!(changed(moved), (false, true));
    let other = RelyingParty::new("Wiki", WIKI);
    assert!(matches!(
        recheck(&request, &other),
        Err(E::OursInconsistentRequest { .. })
    ));
}

#[test]
fn sec_saml_08_only_messages_of_now() {
    let at = |offset: Duration| send(&wiki(), &Message::authn().at(NOW + offset));
    for good in [Duration::ZERO, Duration::minutes(5), -Duration::minutes(5)] {
        assert!(at(good).is_ok(), "{good}");
    }
    let year_2200 = Duration::days(365 * 175);
    for bad in [
        Duration::minutes(6),
        -Duration::minutes(6),
        year_2200,
        -Duration::days(3650),
    ] {
        assert!(
            matches!(at(bad), Err(E::RelyingPartySamlOutsideWindow { .. })),
            "{bad}"
        );
    }
    for bad in [
        "",
        "now",
        "2026-03-04",
        "2026-03-04T05:06:07",
        "9999999999-01-01T00:00:00Z",
    ] {
        assert!(
            send(&wiki(), &Message::authn().set("IssueInstant", bad)).is_err(),
            "{bad}"
        );
    }
    assert!(send(&wiki(), &Message::authn().without("IssueInstant")).is_err());
}

#[test]
fn sec_saml_09_and_10_force_and_passive_are_carried() {
    let message = Message::authn()
        .set("ForceAuthn", "true")
        .set("IsPassive", "1");
    let wanted = request(send(&wiki(), &message)).authentication;
    assert!(wanted.demands_fresh() && wanted.passive);
    let message = Message::authn()
        .set("ForceAuthn", "false")
        .set("IsPassive", "0");
    let wanted = request(send(&wiki(), &message)).authentication;
    assert!(!wanted.demands_fresh() && !wanted.passive);
    for bad in ["TRUE", "yes", "", " true"] {
        assert!(
            send(&wiki(), &Message::authn().set("ForceAuthn", bad)).is_err(),
            "{bad}"
        );
        assert!(
            send(&wiki(), &Message::authn().set("IsPassive", bad)).is_err(),
            "{bad}"
        );
    }
}

#[test]
fn sec_saml_11_contexts_are_performed_or_refused_by_status() {
    let send_context = |comparison, classes| {
        send(
            &wiki(),
            &Message::authn().body(requested_context(comparison, classes)),
        )
    };
    let asked = request(send_context("minimum", &[authn::PASSWORD])).authentication;
    assert_eq!(asked.comparison, Comparison::Minimum);
    assert_eq!(asked.methods, [authn::PASSWORD]);
    assert_eq!(
        request(send_context("", &[authn::PASSWORD_PROTECTED_TRANSPORT]))
            .authentication
            .comparison,
        Comparison::Exact
    );
    let impossible: [(&'static str, &'static [&'static str]); 5] = [
        ("exact", &[authn::MULTIPLE]),
        ("", &[authn::X509, authn::KERBEROS]),
        ("minimum", &[authn::TLS_CLIENT]),
        ("better", &[authn::PASSWORD_PROTECTED_TRANSPORT]),
        ("exact", &["urn:nobody:knows"]),
    ];
    for (comparison, classes) in impossible {
        let refusal = refused(send_context(comparison, classes));
        assert_eq!(
            refusal.status,
            SamlStatus::NoAuthnContext,
            "{comparison} {classes:?}"
        );
        assert_eq!(refusal.reply_to.as_str(), "https://wiki.example.com/acs");
    }
    assert!(send_context("stronger", &[authn::PASSWORD]).is_err());
    assert!(send_context("exact", &[]).is_err());
}

#[test]
fn sec_saml_12_subjects_and_foreign_name_spaces_are_refused_by_status() {
    let subject = Message::authn().body(|out| {
        out.start(Name::new("saml", "Subject", SAML))
            .element(NAME_ID, "boss@contoso.com")
            .end();
    });
    assert_eq!(
        refused(send(&wiki(), &subject)).status,
        SamlStatus::RequestDenied
    );
    let foreign = Message::authn().body(name_id_policy(&[(
        "SPNameQualifier",
        "https://other.example.com/saml",
    )]));
    assert_eq!(
        refused(send(&wiki(), &foreign)).status,
        SamlStatus::InvalidNameIdPolicy
    );
    let own = Message::authn().body(name_id_policy(&[
        ("SPNameQualifier", WIKI),
        ("AllowCreate", "true"),
    ]));
    let policy = request(send(&wiki(), &own)).name_id_policy.unwrap();
    assert_eq!(policy.sp_name_qualifier.as_deref(), Some(WIKI));
    assert!(policy.allow_create);
}

#[test]
fn sec_saml_17_a_refusal_carries_status_and_nothing_else() {
    let message = Message::authn().body(requested_context("exact", &[authn::MULTIPLE]));
    let body = format!("{}&RelayState=a%22b", form(&message.xml()));
    let refusal = refused(post(&wiki(), &body));
    let answer =
        respond_refusal(&refusal, "http://fs.contoso.com/adfs/services/trust", NOW).unwrap();
    assert_eq!(answer.action, "https://wiki.example.com/acs");
    assert_eq!(answer.value("RelayState"), Some("a\"b"));
    let xml = STANDARD
        .decode(answer.value("SAMLResponse").unwrap())
        .unwrap();
    let xml = String::from_utf8(xml).unwrap();
    assert!(xml.contains("InResponseTo=\"_a1b2c3\""));
    assert!(xml.contains("urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext"));
    assert!(
        !xml.contains("Assertion>") && !xml.contains("StatusMessage"),
        "{xml}"
    );
}

#[test]
fn sec_saml_18_a_refusal_has_no_signature_to_lift() {
    let message = Message::authn().body(requested_context("exact", &[authn::MULTIPLE]));
    let refusal = refused(send(&wiki(), &message));
    let answer =
        respond_refusal(&refusal, "http://fs.contoso.com/adfs/services/trust", NOW).unwrap();
    let xml = STANDARD
        .decode(answer.value("SAMLResponse").unwrap())
        .unwrap();
    assert!(!String::from_utf8(xml).unwrap().contains("Signature"));
}

#[test]
fn sec_saml_19_sign_ins_that_begin_here_are_for_parties_set_so() {
    let begin = |party: &RelyingParty, query: &str| {
        let request = ProtocolRequest::get(query.as_bytes());
        receive_idp_initiated(&request, &all([party.clone()]), NOW)
    };
    let query = format!("loginToRp={}&RelayState=home", encode(WIKI));
    assert!(matches!(
        begin(&wiki(), &query),
        Err(E::OperatorIdpInitiatedOff { .. })
    ));
    let mut party = wiki();
    party.idp_initiated = true;
    let request = begin(&party, &query).unwrap().unwrap();
    assert_eq!(request.in_response_to, None);
    assert_eq!(request.state.as_deref(), Some("home"));
    assert_eq!(request.reply_to.as_str(), "https://wiki.example.com/acs");
    assert_eq!(recheck(&request, &party), Ok(()));
    assert!(matches!(
        recheck(&request, &wiki_of(&party)),
        Err(E::OperatorIdpInitiatedOff { .. })
    ));
    let nested = format!(
        "RelayState={}",
        encode(&format!("RPID={}&RelayState=x%26y", encode(WIKI)))
    );
    let request = begin(&party, &nested).unwrap().unwrap();
    assert_eq!(request.state.as_deref(), Some("x&y"));
    assert_eq!(begin(&party, "").unwrap(), None);
    assert!(matches!(
        begin(&party, "loginToRp=urn:nobody"),
        Err(E::OperatorRelyingPartyUnknown { .. })
    ));
    assert!(begin(&party, &format!("{query}&loginToRp=x")).is_err());
}

fn wiki_of(party: &RelyingParty) -> RelyingParty {
    RelyingParty {
        idp_initiated: false,
        ..party.clone()
    }
}

#[test]
fn sec_saml_27_entity_ids_are_exact_octets() {
    for issuer in [
        "https://wiki.example.com/saml/",
        "https://WIKI.example.com/saml",
        "https://wiki.example.com/Saml",
        " https://wiki.example.com/saml",
        "https://wiki.example.com/saml\n",
        "https://wiki.example.com/sam\u{2113}",
    ] {
        let result = send(&wiki(), &Message::authn().issuer(issuer));
        assert!(
            matches!(result, Err(E::OperatorRelyingPartyUnknown { .. })),
            "{issuer:?}"
        );
    }
    let mut composed = wiki();
    composed.identifiers = vec!["https://caf\u{e9}.example.com".to_owned()];
    let decomposed = Message::authn().issuer("https://cafe\u{301}.example.com");
    assert!(send(&composed, &decomposed).is_err());
    assert!(matches!(
        send(&wiki(), &Message::authn().issuer(None)),
        Err(E::RelyingPartyUnnamed { .. })
    ));
}

#[test]
fn sec_saml_28_wishes_about_attributes_change_nothing() {
    let plain = request(send(&wiki(), &Message::authn()));
    let wishing = Message::authn()
        .set("AttributeConsumingServiceIndex", "1")
        .body(|out| {
            out.start(Name::new("saml", "Conditions", SAML))
                .attribute("NotBefore", "1999-01-01T00:00:00Z")
                .end();
            out.start(Name::new("samlp", "Scoping", SAMLP))
                .attribute("ProxyCount", "0")
                .end();
            out.start(Name::new("samlp", "Extensions", SAMLP)).end();
        });
    let wished = request(send(&wiki(), &wishing));
    assert_eq!(
        SignInRequest {
            relying_party: plain.relying_party,
            ..wished
        },
        plain
    );
}

#[test]
fn fields_outside_their_form_are_refused() {
    for bad in ["", "1abc", "a b", "a:b", "\"x", &"a".repeat(257)] {
        let result = send(&wiki(), &Message::authn().id(bad));
        assert!(
            matches!(result, Err(E::RelyingPartySamlField { field: "ID", .. })),
            "{bad:?}"
        );
    }
    for bad in ["1.1", "2", "2.0 ", ""] {
        assert!(
            send(&wiki(), &Message::authn().set("Version", bad)).is_err(),
            "{bad}"
        );
    }
    let commented = Message::authn()
        .xml()
        .replace("/saml</", "/saml<!-- -->.evil</");
    assert!(matches!(
        post(&wiki(), &form(&commented)),
        Err(E::RelyingPartySamlXml { .. })
    ));
    let doctype = format!("<!DOCTYPE x>{}", Message::authn().xml());
    assert!(matches!(
        post(&wiki(), &form(&doctype)),
        Err(E::RelyingPartySamlXml { .. })
    ));
    let twice = Message::authn().body(|out| {
        out.element(ISSUER, WIKI);
    });
    assert!(matches!(
        send(&wiki(), &twice),
        Err(E::RelyingPartySamlXml { .. })
    ));
}

proptest! {
    #[test]
    fn sec_saml_20_any_state_makes_the_round_trip(state in "\\PC{0,120}") {
        let body = format!("{}&RelayState={}", form(&Message::authn().xml()), encode(&state));
        let request = request(post(&wiki(), &body));
        let form = build_form(&request.reply_to, "SAMLResponse", "<x/>", request.state.as_deref());
        prop_assert_eq!(form.value("RelayState"), Some(state.as_str()));
    }

    #[test]
    fn any_octets_never_panic(
        query in proptest::collection::vec(any::<u8>(), 0..300),
        body in proptest::collection::vec(any::<u8>(), 0..300),
        xml in "\\PC{0,200}",
    ) {
        let request = ProtocolRequest::post(&query, &body);
        let _ = receive(&request, &all([wiki()]), &own(), &methods(), NOW);
        let _ = post(&wiki(), &form(&xml));
        let _ = get(&wiki(), &redirect(&xml));
    }
}
