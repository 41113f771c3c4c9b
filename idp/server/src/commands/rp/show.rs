//! `signet rp list` and `signet rp show`.

use signet_certs::read_certificate;
use signet_claims::{LintContext, RuleSet, RuleUse, lint_in};
use signet_model::RelyingParty;
use signet_model::relying_party::{
    EncryptionAlgorithm, ReplyMatch, ResponseSignature, SignatureAlgorithm, TokenType,
};
use time::OffsetDateTime;

use super::faults::faults;
use super::find;
use crate::commands::Done;
use crate::commands::admin::Admin;
use crate::commands::output::{Output, one_line, table};

pub(super) async fn list(admin: &Admin, output: &Output) -> Done {
    let trust = admin.trust().await?;
    let mut parties = trust.relying_parties;
    parties.sort_by_key(|party| party.name.to_lowercase());
    output.show(&parties, || {
        if parties.is_empty() {
            return "There is no relying party yet; add one: signet rp add --metadata FILE"
                .to_owned();
        }
        let rows: Vec<_> = parties
            .iter()
            .map(|party| {
                let state = if party.enabled { "enabled" } else { "disabled" };
                vec![
                    party.name.clone(),
                    state.to_owned(),
                    protocols(party),
                    party.primary_identifier().to_owned(),
                ]
            })
            .collect();
        table(&["NAME", "STATE", "PROTOCOLS", "IDENTIFIER"], &rows)
    });
    Ok(())
}

pub(super) async fn one(admin: &Admin, name: &str, output: &Output) -> Done {
    let trust = admin.trust().await?;
    let party = find(&trust, name)?;
    output.show(party, || {
        let issuer = admin.config.entity_id();
        let mut text: String = rows(party, issuer, admin.clock.now())
            .iter()
            .map(|(name, value)| format!("{name:<22} {}\n", one_line(value)))
            .collect();
        text.push_str(&rule_texts(party));
        for warning in all_warnings(party) {
            text.push_str(&format!("\nWarning: {warning}"));
        }
        text
    });
    Ok(())
}

fn rule_texts(party: &RelyingParty) -> String {
    let sets = [
        (
            "Issuance authorization rules",
            &party.issuance_authorization_rules,
        ),
        ("Issuance transform rules", &party.issuance_transform_rules),
        (
            "Additional authentication rules",
            &party.additional_authentication_rules,
        ),
    ];
    let additional = !party.additional_authentication_rules.trim().is_empty();
    sets.iter()
        .take(if additional { 3 } else { 2 })
        .map(|(name, text)| format!("\n{name}\n{}\n", text.trim()))
        .collect()
}

/// What a line is about, and what it says.
type Rows = Vec<(&'static str, String)>;

/// The properties, a line each; several values stand in several lines.
fn rows(party: &RelyingParty, issuer: String, now: OffsetDateTime) -> Rows {
    let state = if party.enabled { "enabled" } else { "disabled" };
    let mut rows = vec![
        ("Name", party.name.clone()),
        ("Id", party.id.to_string()),
        ("State", state.to_owned()),
        ("Protocols", protocols(party)),
    ];
    let identifiers = party.identifiers.iter();
    rows.extend(identifiers.map(|identifier| ("Identifier", identifier.clone())));
    address_rows(party, &mut rows);
    token_rows(party, &mut rows);
    key_rows(party, now, &mut rows);
    sign_in_rows(party, &mut rows);
    let metadata = party.metadata_url.iter();
    rows.extend(metadata.map(|address| ("Metadata", address.clone())));
    let issuer = if party.issuer_by_domain {
        "by the user's domain".to_owned()
    } else {
        issuer
    };
    rows.push(("Issuer", issuer));
    rows
}

fn address_rows(party: &RelyingParty, rows: &mut Rows) {
    let below = match party.reply_match {
        ReplyMatch::Exact => "",
        ReplyMatch::PathPrefix => " and addresses below it",
    };
    let endpoints = party.wsfed_endpoints.iter();
    rows.extend(endpoints.map(|endpoint| ("WS-Federation reply", format!("{endpoint}{below}"))));
    rows.extend(party.assertion_consumers.iter().map(|acs| {
        let default = if acs.is_default { ", default" } else { "" };
        let unused = if acs.is_post() { "" } else { ", not used" };
        (
            "SAML reply",
            format!("{} (index {}{default}{unused})", acs.location, acs.index),
        )
    }));
    let logout = party.logout_services.iter();
    rows.extend(logout.map(|service| ("SAML logout", service.location.clone())));
}

fn token_rows(party: &RelyingParty, rows: &mut Rows) {
    if speaks_wsfed(party) {
        let token = match party.wsfed_token {
            TokenType::Saml11 => "SAML 1.1",
            TokenType::Saml20 => "SAML 2.0",
        };
        rows.push(("WS-Federation token", format!("{token}, signed")));
    }
    if speaks_saml(party) {
        let signed = match party.saml_response_signature {
            ResponseSignature::AssertionOnly => "the assertion",
            ResponseSignature::MessageOnly => "the response",
            ResponseSignature::MessageAndAssertion => "response and assertion",
        };
        rows.push(("SAML answer signs", signed.to_owned()));
    }
    let algorithm = match party.signature_algorithm {
        SignatureAlgorithm::RsaSha256 => "RSA with SHA-256",
        SignatureAlgorithm::RsaSha1 => "RSA with SHA-1",
    };
    rows.push(("Signature algorithm", algorithm.to_owned()));
    let lifetime = party.token_lifetime().whole_minutes();
    let skew = match party.not_before_skew_minutes {
        0 => String::new(),
        skew => format!(", valid from {skew} before"),
    };
    rows.push(("Token lifetime", format!("{lifetime} minutes{skew}")));
}

fn key_rows(party: &RelyingParty, now: OffsetDateTime, rows: &mut Rows) {
    let signed = if party.signed_requests_required {
        "required"
    } else {
        "not required"
    };
    rows.push(("Signed requests", signed.to_owned()));
    let keys = party.request_signing_certificates.iter();
    rows.extend(keys.map(|text| ("Request signing key", certificate(text, now))));
    let algorithm = match party.encryption_algorithm {
        EncryptionAlgorithm::Aes256Gcm => "AES-256-GCM",
        EncryptionAlgorithm::Aes256Cbc => "AES-256-CBC",
        EncryptionAlgorithm::Aes128Cbc => "AES-128-CBC",
    };
    let encrypted = match (party.encrypt_claims, &party.encryption_certificate) {
        (true, Some(_)) => format!("yes, {algorithm}"),
        (false, Some(_)) => "no, encrypt_claims is off".to_owned(),
        (_, None) => "no".to_owned(),
    };
    rows.push(("Encrypted", encrypted));
    let key = party.encryption_certificate.iter();
    rows.extend(key.map(|text| ("Encryption key", certificate(text, now))));
}

fn sign_in_rows(party: &RelyingParty, rows: &mut Rows) {
    let fresh = if party.always_require_authentication {
        "at every sign-in"
    } else {
        "when a request asks"
    };
    rows.push(("Fresh credentials", fresh.to_owned()));
    if party.allowed_authentication_classes.is_empty() {
        rows.push(("Methods accepted", "any".to_owned()));
    }
    let classes = party.allowed_authentication_classes.iter();
    rows.extend(classes.map(|class| ("Methods accepted", class.clone())));
    if party.idp_initiated {
        rows.push(("Sign-in from here", "allowed, without a request".to_owned()));
    }
    let trusted = party.trusted_evidence_claims.iter();
    rows.extend(trusted.map(|claim| ("Rules may state", claim.clone())));
}

/// A partner's certificate: whose, until when.
fn certificate(text: &str, now: OffsetDateTime) -> String {
    match read_certificate(text.as_bytes()) {
        Ok((_, facts)) => {
            let days = facts.days_left(now);
            let left = if facts.not_after < now {
                "expired".to_owned()
            } else {
                format!("{days} days left")
            };
            format!(
                "{}, until {} ({left})",
                facts.subject,
                facts.not_after.date()
            )
        }
        Err(error) => format!("cannot be read: {error}"),
    }
}

fn speaks_wsfed(party: &RelyingParty) -> bool {
    party.protocols.allows_wsfed() && !party.wsfed_endpoints.is_empty()
}

fn speaks_saml(party: &RelyingParty) -> bool {
    party.protocols.allows_saml() && !party.assertion_consumers.is_empty()
}

fn protocols(party: &RelyingParty) -> String {
    let names: Vec<_> = [
        (speaks_wsfed(party), "WS-Federation"),
        (speaks_saml(party), "SAML 2.0"),
    ]
    .into_iter()
    .filter(|(on, _)| *on)
    .map(|(_, name)| name)
    .collect();
    names.join(", ")
}

/// Everything about it that is wrong, doubtful or probably not meant.
pub(super) fn all_warnings(party: &RelyingParty) -> Vec<String> {
    let faults = faults(party).into_iter().map(|fault| fault.to_string());
    faults.chain(warnings(party)).collect()
}

/// What is probably not meant in its rules.
pub(crate) fn warnings(party: &RelyingParty) -> Vec<String> {
    let saml11 = speaks_wsfed(party) && party.wsfed_token == TokenType::Saml11;
    let sets = [
        (RuleUse::Issuance, &party.issuance_transform_rules),
        (RuleUse::Authorization, &party.issuance_authorization_rules),
    ];
    sets.into_iter()
        .filter_map(|(rule_use, text)| Some((rule_use, RuleSet::parse(text).ok()?)))
        .flat_map(|(rule_use, rules)| {
            lint_in(
                &rules,
                &LintContext {
                    rule_use,
                    stores: Some(&[]),
                    accepted_types: None,
                    saml11,
                },
            )
        })
        .map(|lint| lint.to_string())
        .collect()
}

#[cfg(test)]
mod tests {
    use signet_model::relying_party::{AssertionConsumer, ProtocolProfile};
    use signet_model::uris::{authn, binding};
    use time::macros::datetime;

    use super::*;

    fn shown(party: &RelyingParty, now: OffsetDateTime) -> Vec<String> {
        rows(party, "urn:issuer".to_owned(), now)
            .into_iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect()
    }

    #[test]
    fn what_a_partner_gets_and_how_is_told() {
        let mut party = RelyingParty::new("Wiki", "urn:wiki");
        party.wsfed_endpoints = vec!["https://wiki.example/".to_owned()];
        party.reply_match = ReplyMatch::PathPrefix;
        party.allowed_authentication_classes = vec![authn::X509.to_owned()];
        party.not_before_skew_minutes = 5;
        let lines = shown(&party, OffsetDateTime::UNIX_EPOCH);
        for line in [
            "WS-Federation reply: https://wiki.example/ and addresses below it",
            "WS-Federation token: SAML 1.1, signed",
            "Signature algorithm: RSA with SHA-256",
            "Token lifetime: 60 minutes, valid from 5 before",
            "Encrypted: no",
            "Fresh credentials: when a request asks",
            "Methods accepted: urn:oasis:names:tc:SAML:2.0:ac:classes:X509",
            "Issuer: urn:issuer",
        ] {
            assert!(lines.iter().any(|own| own == line), "{line}: {lines:#?}");
        }
        assert!(!lines.iter().any(|line| line.starts_with("SAML answer")));
    }

    #[test]
    fn keys_are_told_with_their_end() {
        let now = datetime!(2026-01-01 00:00 UTC);
        let day = time::Duration::days(1);
        let authority = signet_certs::DemoAuthority::generate(now).unwrap();
        let mut party = RelyingParty::new("Wiki", "urn:wiki");
        party.protocols = ProtocolProfile::Saml;
        party.assertion_consumers = vec![AssertionConsumer {
            binding: binding::HTTP_POST.to_owned(),
            index: 0,
            is_default: false,
            location: "https://wiki.example/acs".to_owned(),
        }];
        let pem = authority.certificate_pem();
        party.request_signing_certificates = vec![pem.to_owned(), "notacert".to_owned()];
        party.encryption_certificate = Some(pem.to_owned());
        let lines = shown(&party, now + day);
        let line = |name: &str| lines.iter().find(|line| line.starts_with(name)).unwrap();
        assert!(
            line("Request signing key").ends_with("days left)"),
            "{lines:#?}"
        );
        assert!(
            lines
                .iter()
                .any(|line| line.starts_with("Request signing key: cannot be read"))
        );
        assert_eq!(line("Encrypted"), "Encrypted: yes, AES-256-GCM");
        assert_eq!(
            line("SAML answer signs"),
            "SAML answer signs: the assertion"
        );
        let late = shown(&party, now + day * 100_000);
        assert!(
            late.iter().any(|line| line.contains("(expired)")),
            "{late:#?}"
        );
        party.encrypt_claims = false;
        let off = shown(&party, now);
        assert!(
            off.iter()
                .any(|line| line == "Encrypted: no, encrypt_claims is off")
        );
    }
}
