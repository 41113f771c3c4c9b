//! `signet rp list` and `signet rp show`.

use signet_claims::{LintContext, RuleSet, RuleUse, lint_in};
use signet_model::RelyingParty;
use signet_model::relying_party::TokenType;

use super::find;
use crate::commands::Done;
use crate::commands::admin::Admin;
use crate::commands::output::{Output, table};

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
        let mut rows = vec![
            ("Name", party.name.clone()),
            ("Id", party.id.to_string()),
            (
                "State",
                if party.enabled { "enabled" } else { "disabled" }.to_owned(),
            ),
            ("Protocols", protocols(party)),
        ];
        rows.extend(
            party
                .identifiers
                .iter()
                .map(|identifier| ("Identifier", identifier.clone())),
        );
        rows.extend(
            party
                .wsfed_endpoints
                .iter()
                .map(|endpoint| ("WS-Federation reply", endpoint.clone())),
        );
        rows.extend(party.assertion_consumers.iter().map(|acs| {
            let default = if acs.is_default { ", default" } else { "" };
            (
                "SAML reply",
                format!("{} (index {}{default})", acs.location, acs.index),
            )
        }));
        rows.extend(
            party
                .logout_services
                .iter()
                .map(|service| ("SAML logout", service.location.clone())),
        );
        rows.push((
            "Token lifetime",
            format!("{} minutes", party.token_lifetime().whole_minutes()),
        ));
        rows.push((
            "Signed requests",
            if party.signed_requests_required {
                "required"
            } else {
                "not required"
            }
            .to_owned(),
        ));
        rows.push((
            "Encrypted",
            if party.encrypt_claims && party.encryption_certificate.is_some() {
                "yes"
            } else {
                "no"
            }
            .to_owned(),
        ));
        rows.push((
            "Issuer",
            if party.issuer_by_domain {
                "by the user's domain".to_owned()
            } else {
                admin.config.entity_id()
            },
        ));
        let mut text: String = rows
            .iter()
            .map(|(name, value)| format!("{name:<20} {value}\n"))
            .collect();
        text.push_str(&format!(
            "\nIssuance authorization rules\n{}\n\nIssuance transform rules\n{}\n",
            party.issuance_authorization_rules.trim(),
            party.issuance_transform_rules.trim()
        ));
        for warning in warnings(party) {
            text.push_str(&format!("\nWarning: {warning}"));
        }
        text
    });
    Ok(())
}

fn protocols(party: &RelyingParty) -> String {
    let wsfed = party.protocols.allows_wsfed() && !party.wsfed_endpoints.is_empty();
    let saml = party.protocols.allows_saml() && !party.assertion_consumers.is_empty();
    let names: Vec<_> = [(wsfed, "WS-Federation"), (saml, "SAML 2.0")]
        .into_iter()
        .filter(|(on, _)| *on)
        .map(|(_, name)| name)
        .collect();
    names.join(", ")
}

/// What is probably not meant in its rules.
pub(crate) fn warnings(party: &RelyingParty) -> Vec<String> {
    let saml11 = party.protocols.allows_wsfed()
        && !party.wsfed_endpoints.is_empty()
        && party.wsfed_token == TokenType::Saml11;
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
