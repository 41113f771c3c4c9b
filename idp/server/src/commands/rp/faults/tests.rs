//! Every fault by a party that has it.

use signet_model::Method;
use signet_model::relying_party::{AssertionConsumer, LogoutService};

use super::*;

fn sound() -> RelyingParty {
    let mut party = RelyingParty::new("Wiki", "urn:wiki");
    party.wsfed_endpoints = vec!["https://wiki.example/".to_owned()];
    party
}

/// The faults of a sound party after `change`: property, whether it is doubtful only, and the whole text.
fn after(change: impl FnOnce(&mut RelyingParty)) -> Vec<(&'static str, bool, String)> {
    let mut party = sound();
    change(&mut party);
    faults(&party)
        .into_iter()
        .map(|fault| (fault.property, fault.doubtful, fault.to_string()))
        .collect()
}

fn one(change: impl FnOnce(&mut RelyingParty)) -> (&'static str, bool, String) {
    let found = after(change);
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().unwrap()
}

fn consumer(binding: &str, index: u16, is_default: bool) -> AssertionConsumer {
    AssertionConsumer {
        binding: binding.to_owned(),
        index,
        is_default,
        location: "https://wiki.example/acs".to_owned(),
    }
}

#[test]
fn a_sound_party_has_no_fault() {
    assert_eq!(after(|_| {}), []);
    let found = after(|party| {
        party.assertion_consumers = vec![
            consumer(binding::HTTP_POST, 0, true),
            consumer("urn:oasis:names:tc:SAML:2.0:bindings:PAOS", 1, false),
        ];
        party.allowed_authentication_classes = vec![authn::TLS_CLIENT.to_owned()];
        party.token_lifetime_minutes = 60;
        party.not_before_skew_minutes = 15;
    });
    assert_eq!(found, []);
}

#[test]
fn sec_saml_05_an_address_that_runs_or_leaks_is_named() {
    let (property, doubtful, text) =
        one(|party| party.wsfed_endpoints = vec!["javascript:alert(1)".to_owned()]);
    assert_eq!((property, doubtful), ("wsfed_endpoints", false));
    assert!(
        text.contains("javascript:alert(1)") && text.contains("https"),
        "{text}"
    );
    let plain = |party: &mut RelyingParty| {
        party.wsfed_endpoints = vec!["http://wiki.example/".to_owned()];
    };
    assert!(one(plain).2.contains("allow_http_endpoints"));
    assert_eq!(
        after(|party| {
            plain(party);
            party.allow_http_endpoints = true;
        }),
        []
    );
    let logout = LogoutService {
        binding: "urn:oasis:names:tc:SAML:2.0:bindings:SOAP".to_owned(),
        location: "data:text/html,x".to_owned(),
        response_location: Some("https://wiki.example/#x".to_owned()),
    };
    let found = after(|party| party.logout_services = vec![logout]);
    assert!(
        found.len() == 3
            && found
                .iter()
                .all(|(property, ..)| *property == "logout_services"),
        "{found:?}"
    );
}

#[test]
fn consumers_need_a_binding_an_index_of_their_own_and_one_default() {
    let found = after(|party| {
        party.assertion_consumers = vec![
            consumer("x", 0, true),
            consumer(binding::HTTP_POST, 0, true),
            consumer("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Post", 1, false),
        ];
    });
    let doubts: Vec<_> = found.iter().map(|(_, doubtful, _)| *doubtful).collect();
    assert_eq!(doubts, [false, false, true, false], "{found:?}");
}

#[test]
fn a_certificate_that_is_none_is_named() {
    let (property, doubtful, text) = one(|party| {
        party.encryption_certificate = Some("notacert".to_owned());
        party.encryption_algorithm = EncryptionAlgorithm::Aes256Cbc;
    });
    assert_eq!((property, doubtful), ("encryption_certificate", false));
    assert!(
        text.contains("notacert") && text.contains("BEGIN CERTIFICATE"),
        "{text}"
    );
    let gcm = after(|party| party.encryption_certificate = Some("notacert".to_owned()));
    assert!(gcm.iter().any(|(property, doubtful, text)| {
        *property == "encryption_algorithm" && *doubtful && text.contains("aes256-cbc")
    }));
    let (property, ..) =
        one(|party| party.request_signing_certificates = vec!["notacert".to_owned()]);
    assert_eq!(property, "request_signing_certificates");
    let (property, doubtful, _) = one(|party| party.signed_requests_required = true);
    assert_eq!((property, doubtful), ("signed_requests_required", true));
}

#[test]
fn times_have_bounds() {
    let lifetime = |minutes| one(move |party| party.token_lifetime_minutes = minutes);
    assert!(!lifetime(u32::MAX).1 && !lifetime(1441).1);
    assert!(lifetime(1440).1 && lifetime(61).1);
    assert!(!one(|party| party.not_before_skew_minutes = 16).1);
}

#[test]
fn entra_is_sent_nothing_encrypted() {
    let told = |change: fn(&mut RelyingParty)| {
        let found = after(|party| {
            party.encryption_certificate = Some("MIIC".to_owned());
            change(party);
        });
        found
            .iter()
            .any(|(_, _, text)| text.contains("AADSTS500082"))
    };
    assert!(told(|party| party.issuer_by_domain = true));
    assert!(told(|party| party.identifiers.push(ENTRA_REALM.to_owned())));
    assert!(!told(|_| {}));
    assert!(!told(|party| {
        party.issuer_by_domain = true;
        party.encrypt_claims = false;
    }));
}

#[test]
fn methods_that_nobody_performs_are_named_and_refused_when_they_are_all() {
    let classes = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        one(move |party| party.allowed_authentication_classes = names)
    };
    let (_, doubtful, text) = classes(&["foo"]);
    assert!(
        !doubtful && text.contains("foo") && text.contains(authn::TLS_CLIENT),
        "{text}"
    );
    assert!(classes(&["foo", authn::X509]).1);
    let pki = "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI";
    assert!(
        !classes(&[pki, authn::WINDOWS_OR_MULTIPLE]).1,
        "nothing of it restricts"
    );
    let of_adfs = after(|party| party.allowed_authentication_classes = vec![ADFS_SHORT.to_owned()]);
    assert_eq!(of_adfs, []);
    let performed = |uri: &str| {
        let mut every = Method::FIRST.into_iter().chain(Method::SECOND);
        every.any(|method| method.satisfies(uri))
    };
    for class in CLASSES {
        assert!(performed(class), "nothing performs {class}");
    }
    for method in Method::FIRST.into_iter().chain(Method::SECOND) {
        assert!(CLASSES.contains(&method.saml2_class()));
    }
}

#[test]
fn an_empty_text_and_rules_that_do_not_parse_are_named() {
    assert_eq!(one(|party| party.name = " ".to_owned()).0, "name");
    assert_eq!(one(|party| party.identifiers.clear()).0, "identifiers");
    let (property, doubtful, _) =
        one(|party| party.additional_authentication_rules = "x".to_owned());
    assert_eq!(
        (property, doubtful),
        ("additional_authentication_rules", false)
    );
    assert_eq!(
        one(|party| party.metadata_url = Some("http://wiki.example/m".to_owned())).0,
        "metadata_url"
    );
    assert_eq!(
        one(|party| party.trusted_evidence_claims = vec![String::new()]).0,
        "trusted_evidence_claims"
    );
    assert!(
        one(|party| party.wsfed_endpoints.clear()).1,
        "no address is doubtful only"
    );
}

#[test]
fn an_old_fault_elsewhere_does_not_stop_an_edit() {
    let mut before = sound();
    before.wsfed_endpoints = vec!["javascript:alert(1)".to_owned()];
    let mut after = before.clone();
    after.enabled = false;
    check(Some(&before), &after).unwrap();
    after
        .wsfed_endpoints
        .push("https://wiki.example/".to_owned());
    let refused = check(Some(&before), &after).unwrap_err().0;
    assert!(
        refused.contains("wsfed_endpoints") && refused.contains("Wiki"),
        "{refused}"
    );
    assert!(check(None, &before).is_err());
    let mut plain = sound();
    plain.wsfed_endpoints = vec!["http://wiki.example/".to_owned()];
    plain.allow_http_endpoints = true;
    let mut strict = plain.clone();
    strict.allow_http_endpoints = false;
    assert!(
        check(Some(&plain), &strict).is_err(),
        "what makes another property wrong counts"
    );
    check(Some(&strict), &plain).unwrap();
}
