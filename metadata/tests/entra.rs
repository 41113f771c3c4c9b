//! What an admin enters at Entra.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail the test"
)]

mod support;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use signet_certs::{CertificateFacts, KeyRing, SigningKey};
use signet_metadata::entra::{DomainSettings, MfaBehavior, PreferredProtocol, domain_settings};
use signet_model::relying_party::{AssertionConsumer, ProtocolProfile};
use signet_model::uris::{ENTRA_REALM, ENTRA_REPLY, binding};
use signet_model::{FederatedDomain, RelyingParty};
use support::now;
use time::Duration;

fn key(name: &str) -> Arc<SigningKey> {
    Arc::new(SigningKey::generate(2048, name, Duration::days(30), now()).unwrap())
}

fn settings(ring: &KeyRing) -> DomainSettings {
    let domain = FederatedDomain {
        name: "contoso.com".into(),
        issuer_uri: "http://contoso.com/adfs/services/trust/".into(),
        covers_subdomains: true,
    };
    domain_settings(
        &domain,
        "Contoso's \u{2019}; Remove-Item C:\\ # \n",
        "https://fs.contoso.com/adfs/ls/",
        ring,
        PreferredProtocol::WsFed,
        false,
    )
}

#[test]
fn entra_is_told_the_protocol_that_it_is_answered_by() {
    let mut entra = RelyingParty::new("Entra", ENTRA_REALM);
    entra.assertion_consumers = vec![AssertionConsumer {
        binding: binding::HTTP_POST.into(),
        index: 0,
        is_default: true,
        location: ENTRA_REPLY.into(),
    }];
    let mut of = |protocols, endpoints: &[&str]| {
        entra.protocols = protocols;
        entra.wsfed_endpoints = endpoints.iter().map(|&one| one.to_owned()).collect();
        PreferredProtocol::of(&entra)
    };
    use PreferredProtocol::{Saml, WsFed};
    assert_eq!(of(ProtocolProfile::WsFederation, &[ENTRA_REPLY]), WsFed);
    assert_eq!(of(ProtocolProfile::WsFedAndSaml, &[ENTRA_REPLY]), WsFed);
    assert_eq!(of(ProtocolProfile::Saml, &[ENTRA_REPLY]), Saml);
    assert_eq!(of(ProtocolProfile::WsFedAndSaml, &[]), Saml);
    assert_eq!(of(ProtocolProfile::WsFederation, &[]), WsFed);
}

#[test]
fn body_of_the_graph_call_holds_what_is_served() {
    let ring = KeyRing::new(key("one")).with_next(key("two")).unwrap();
    let body: Value = serde_json::from_str(&settings(&ring).json()).unwrap();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    assert_eq!(
        text("@odata.type"),
        "#microsoft.graph.internalDomainFederation"
    );
    assert_eq!(text("issuerUri"), "http://contoso.com/adfs/services/trust/");
    assert_eq!(text("passiveSignInUri"), "https://fs.contoso.com/adfs/ls/");
    assert_eq!(text("signOutUri"), "https://fs.contoso.com/adfs/ls/");
    assert_eq!(text("preferredAuthenticationProtocol"), "wsFed");
    assert_eq!(text("promptLoginBehavior"), "nativeSupport");
    assert_eq!(text("federatedIdpMfaBehavior"), "rejectMfaByFederatedIdp");
    let subject = |name: &str| {
        let der = STANDARD.decode(text(name)).unwrap();
        CertificateFacts::read(&der).unwrap().subject
    };
    assert_eq!(
        (
            subject("signingCertificate"),
            subject("nextSigningCertificate")
        ),
        ("CN=one".into(), "CN=two".into())
    );
    let fields = body.as_object().unwrap();
    assert_eq!(fields.len(), 10);
    for absent in ["activeSignInUri", "metadataExchangeUri", "domain"] {
        assert!(!fields.contains_key(absent), "{absent}");
    }
    assert!(
        !settings(&KeyRing::new(key("alone")))
            .json()
            .contains("nextSigningCertificate")
    );
}

#[test]
fn a_second_factor_that_does_not_exist_is_never_enforced() {
    let mut settings = settings(&KeyRing::new(key("one")));
    for behavior in [
        MfaBehavior::RejectMfaByFederatedIdp,
        MfaBehavior::AcceptIfMfaDoneByFederatedIdp,
    ] {
        settings.federated_idp_mfa_behavior = behavior;
        for text in [settings.json(), settings.powershell(), settings.table()] {
            assert!(!text.contains("enforceMfaByFederatedIdp"));
        }
    }
    settings.preferred_authentication_protocol = PreferredProtocol::Saml;
    assert!(settings.json().contains("\"saml\""));
}

#[test]
fn table_has_a_line_for_each_value() {
    let ring = KeyRing::new(key("one")).with_next(key("two")).unwrap();
    let table = settings(&ring).table();
    assert_eq!(table.lines().count(), 10);
    assert!(table.lines().any(|line| line.starts_with("issuerUri ")
        && line.ends_with(" http://contoso.com/adfs/services/trust/")));
    assert!(table.lines().next().unwrap().starts_with("domain "));
}

/// PowerShell's tokens, as far as the script uses them: comments, both kinds of strings, all else word by word.
fn tokens(script: &str) -> Vec<String> {
    let quote = |c: char| matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}');
    let mut found = Vec::new();
    let mut rest = script.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '#' {
            while rest.next_if(|c| *c != '\n').is_some() {}
        } else if quote(c) {
            let mut text = String::from("'");
            while let Some(c) = rest.next() {
                if quote(c) && rest.next_if(|next| quote(*next)).is_none() {
                    break;
                }
                text.push(c);
            }
            found.push(text);
        } else if c == '"' {
            let text: String = std::iter::from_fn(|| rest.next_if(|c| *c != '"')).collect();
            rest.next();
            found.push(format!("\"{text}"));
        } else if !c.is_whitespace() {
            let mut text = c.to_string();
            while let Some(c) = rest.next_if(|c| !c.is_whitespace() && !quote(*c) && *c != '"') {
                text.push(c);
            }
            found.push(text);
        }
    }
    found
}

#[test]
fn script_holds_every_value_as_one_literal() {
    let ring = KeyRing::new(key("one")).with_next(key("two")).unwrap();
    let settings = settings(&ring);
    let script = settings.powershell();
    let tokens = tokens(&script);
    let value_of = |name: &str| {
        let at = tokens
            .iter()
            .position(|token| *token == format!("'{name}"))
            .unwrap();
        assert_eq!(tokens[at + 1], "=");
        tokens[at + 2].clone()
    };
    for (name, value) in settings.rows() {
        let expected: String = value.chars().filter(|c| !c.is_control()).collect();
        assert_eq!(value_of(&name), format!("'{expected}"), "{name}");
    }
    assert_eq!(
        value_of("@odata.type"),
        "'#microsoft.graph.internalDomainFederation"
    );
    // A hostile display name left no word of its own behind.
    assert!(
        !tokens
            .iter()
            .any(|token| token.starts_with("Remove-Item") || token == "C:\\")
    );
    let commands: Vec<_> = tokens
        .iter()
        .filter(|token| token.contains("-Mg"))
        .collect();
    assert_eq!(
        commands,
        [
            "Connect-MgGraph",
            "(Get-MgDomainFederationConfiguration",
            "\"$domain has a federation configuration already; compare it and use Update-MgDomainFederationConfiguration.",
            "New-MgDomainFederationConfiguration",
            "((Get-MgDomain",
            "Update-MgDomain",
            "Get-MgDomainFederationConfiguration"
        ]
    );
    assert!(
        script.lines().all(|line| line == line.trim_end()),
        "no trailing white space"
    );
}
