//! Single logout.

use std::sync::Arc;

use signet_certs::{KeyRing, SigningKey};
use signet_issuance::Signer;
use signet_model::relying_party::{LogoutService, SignatureAlgorithm};
use signet_model::uris::{binding, name_id};
use signet_xml::Algorithm::RsaSha256;
use signet_xml::{Limits, Policy, TrustedKey, read, verify_enveloped};
use time::Duration;

use super::super::names::{LOGOUT_REQUEST, LOGOUT_RESPONSE};
use super::super::{LogoutAddress, LogoutOutcome, LogoutReply, LogoutRequest, respond_logout};
use super::*;
use crate::error::ProtocolError as E;
use crate::testing::{other_key, wiki, wiki_key};

const SESSION_INDEX: Name = Name::new("samlp", "SessionIndex", SAMLP);

fn service(binding: &str, location: &str, response: Option<&str>) -> LogoutService {
    LogoutService {
        binding: binding.to_owned(),
        location: location.to_owned(),
        response_location: response.map(str::to_owned),
    }
}

fn keyed() -> RelyingParty {
    let mut party = wiki();
    party.request_signing_certificates = vec![wiki_key().certificate()];
    party.logout_services = vec![
        service(binding::HTTP_POST, "https://wiki.example.com/slo", None),
        service(
            binding::HTTP_REDIRECT,
            "https://wiki.example.com/slo/get",
            Some("https://wiki.example.com/slo/done"),
        ),
    ];
    party
}

fn message() -> Message {
    Message::new(LOGOUT_REQUEST)
        .set("Destination", OURS)
        .body(|out| {
            out.start(NAME_ID)
                .attribute("Format", name_id::PERSISTENT)
                .attribute("SPNameQualifier", WIKI)
                .text("AAAA+/==")
                .end()
                .element(SESSION_INDEX, "_s1")
                .element(SESSION_INDEX, "_s2");
        })
}

fn logout(result: Result<SamlAction, ProtocolError>) -> LogoutRequest {
    match result {
        Ok(SamlAction::Logout(request)) => *request,
        other => panic!("{other:?}"),
    }
}

fn redirected(message: &Message) -> String {
    sign_query(&redirect(&message.xml()), wiki_key(), RsaSha256)
}

#[test]
fn a_signed_request_names_the_sessions_to_end() {
    let party = keyed();
    let query = sign_query(
        &format!("{}&RelayState=r", redirect(&message().xml())),
        wiki_key(),
        RsaSha256,
    );
    let request = logout(get(&party, &query));
    assert_eq!(
        (request.relying_party, request.issuer.as_str()),
        (party.id, WIKI)
    );
    assert_eq!(request.name_id.value, "AAAA+/==");
    assert_eq!(request.name_id.format.as_deref(), Some(name_id::PERSISTENT));
    assert_eq!(request.session_indexes, ["_s1", "_s2"]);
    assert_eq!(request.state.as_deref(), Some("r"));
    assert_eq!(request.replay.id, "_a1b2c3");
    let Some(LogoutAddress::Redirect(to)) = request.answer_at else {
        panic!()
    };
    assert_eq!(to.as_str(), "https://wiki.example.com/slo/done");
    let posted = logout(post(
        &party,
        &form(&message().signed(wiki_key(), RsaSha256)),
    ));
    let Some(LogoutAddress::Post(to)) = posted.answer_at else {
        panic!()
    };
    assert_eq!(to.as_str(), "https://wiki.example.com/slo");
}

#[test]
fn sec_saml_21_unsigned_foreign_and_expired_requests_end_nothing() {
    let party = keyed();
    let unsigned = message().xml();
    for result in [
        get(&party, &redirect(&unsigned)),
        post(&party, &form(&unsigned)),
    ] {
        assert!(matches!(result, Err(E::RelyingPartySamlUnsigned { .. })));
    }
    let foreign = sign_query(&redirect(&unsigned), other_key(), RsaSha256);
    assert!(matches!(
        get(&party, &foreign),
        Err(E::RelyingPartySamlSignature { .. })
    ));
    let without_key = wiki();
    assert!(matches!(
        get(&without_key, &redirected(&message())),
        Err(E::OperatorRequestKeyMissing { .. })
    ));
    let past = instant(NOW - Duration::SECOND);
    let expired = message().set("NotOnOrAfter", &past);
    assert!(matches!(
        get(&party, &redirected(&expired)),
        Err(E::RelyingPartySamlOutsideWindow {
            field: "NotOnOrAfter",
            ..
        })
    ));
    let now = message().set("NotOnOrAfter", &instant(NOW));
    assert!(get(&party, &redirected(&now)).is_err());
    let alive = message().set("NotOnOrAfter", &instant(NOW + Duration::SECOND));
    assert!(get(&party, &redirected(&alive)).is_ok());
    let old = message().at(NOW - Duration::minutes(6));
    assert!(get(&party, &redirected(&old)).is_err());
    let elsewhere = message().set("Destination", "https://other.example.com/");
    assert!(get(&party, &redirected(&elsewhere)).is_err());
    let mut disabled = keyed();
    disabled.enabled = false;
    assert!(get(&disabled, &redirected(&message())).is_err());
}

#[test]
fn a_request_without_one_plain_name_id_is_refused() {
    let party = keyed();
    let send = |message: Message| get(&party, &redirected(&message));
    let bare = || Message::new(LOGOUT_REQUEST).set("Destination", OURS);
    assert!(send(bare()).is_err());
    assert!(
        send(message().body(|out| {
            out.element(NAME_ID, "second");
        }))
        .is_err()
    );
    assert!(
        send(message().body(|out| {
            out.start(Name::new("saml", "EncryptedID", SAML)).end();
        }))
        .is_err()
    );
    let many = message().body(|out| {
        for _ in 0..70 {
            out.element(SESSION_INDEX, "_s");
        }
    });
    assert!(send(many).is_err());
}

#[test]
fn sec_saml_22_the_answer_goes_to_the_registered_address_only() {
    let query = sign_query(
        &format!(
            "{}&RelayState={}",
            redirect(&message().xml()),
            encode("https://evil.tld/")
        ),
        wiki_key(),
        RsaSha256,
    );
    let request = logout(get(&keyed(), &query));
    let Some(LogoutReply::Redirect(answer)) = answer_of(&request) else {
        panic!()
    };
    assert!(
        answer
            .location
            .starts_with("https://wiki.example.com/slo/done?SAMLResponse=")
    );
    assert!(
        answer
            .location
            .contains("&RelayState=https%3A%2F%2Fevil.tld%2F&")
    );
    let mut unsafe_address = keyed();
    unsafe_address.logout_services = vec![service(
        binding::HTTP_REDIRECT,
        "http://wiki.example.com/slo",
        None,
    )];
    assert!(matches!(
        get(&unsafe_address, &query),
        Err(E::OperatorReplyUnsafe { .. })
    ));
    let mut nowhere = keyed();
    nowhere.logout_services.clear();
    let request = logout(get(&nowhere, &query));
    assert_eq!(answer_of(&request), None);
}

#[test]
fn the_posted_answer_is_signed_by_the_service() {
    let request = logout(post(
        &keyed(),
        &form(&message().signed(wiki_key(), RsaSha256)),
    ));
    let Some(LogoutReply::Post(form)) = answer_of(&request) else {
        panic!()
    };
    assert_eq!(form.action, "https://wiki.example.com/slo");
    let xml = STANDARD
        .decode(form.value("SAMLResponse").unwrap())
        .unwrap();
    let document = read(&xml, Limits::ANONYMOUS).unwrap();
    let key = TrustedKey::from_certificate_base64(ours().certificate_base64()).unwrap();
    let verified =
        verify_enveloped(&document, LOGOUT_RESPONSE, "ID", &[key], Policy::default()).unwrap();
    assert_eq!(verified.attribute("InResponseTo"), Some("_a1b2c3"));
    assert_eq!(
        verified.attribute("Destination"),
        Some("https://wiki.example.com/slo")
    );
}

#[test]
fn an_answer_of_a_partner_is_believed_when_signed() {
    let party = keyed();
    let status = |code: &'static str| {
        Message::new(LOGOUT_RESPONSE)
            .set("Destination", OURS)
            .set("InResponseTo", "_ours")
            .body(move |out| {
                out.start(Name::new("samlp", "Status", SAMLP))
                    .start(Name::new("samlp", "StatusCode", SAMLP))
                    .attribute("Value", code)
                    .end()
                    .end();
            })
    };
    let send = |message: &Message, signed: bool| {
        let query = redirect(&message.xml()).replace("SAMLRequest=", "SAMLResponse=");
        let query = if signed {
            sign_query(&query, wiki_key(), RsaSha256)
        } else {
            query
        };
        get(&party, &query)
    };
    let good = status("urn:oasis:names:tc:SAML:2.0:status:Success");
    assert!(matches!(
        send(&good, false),
        Err(E::RelyingPartySamlUnsigned { .. })
    ));
    let Ok(SamlAction::LogoutAnswered(answer)) = send(&good, true) else {
        panic!()
    };
    assert!(answer.success);
    assert_eq!(answer.in_response_to.as_deref(), Some("_ours"));
    let bad = status("urn:oasis:names:tc:SAML:2.0:status:Responder");
    let Ok(SamlAction::LogoutAnswered(answer)) = send(&bad, true) else {
        panic!()
    };
    assert!(!answer.success);
}

fn answer_of(request: &LogoutRequest) -> Option<LogoutReply> {
    let signer = Signer::new(KeyRing::new(ours()));
    let issuer = "http://fs.contoso.com/adfs/services/trust";
    respond_logout(
        request,
        issuer,
        LogoutOutcome::SignedOut,
        SignatureAlgorithm::RsaSha256,
        &signer,
        NOW,
    )
    .unwrap()
}

fn ours() -> Arc<SigningKey> {
    static KEY: std::sync::OnceLock<Arc<SigningKey>> = std::sync::OnceLock::new();
    let key = KEY.get_or_init(|| {
        Arc::new(SigningKey::generate(2048, "fs.contoso.com", Duration::days(30), NOW).unwrap())
    });
    Arc::clone(key)
}
