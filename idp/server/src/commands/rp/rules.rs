//! Rules that commands write, so that nobody has to write one for a first application.

use signet_claims::{RuleSet, claim_type, templates};
use signet_model::RelyingParty;
use signet_model::relying_party::TokenType;
use signet_model::uris::{claims, name_id};

use crate::commands::Failure;

/// Everyone is permitted; names and mail address are sent, the name identifier as the metadata prefers it.
pub(super) fn defaults(party: &mut RelyingParty, formats: &[&str]) {
    party.issuance_authorization_rules = templates::PERMIT_ALL.to_owned();
    party.issuance_transform_rules = templates::saml_default_for(formats).to_owned();
}

/// What Entra consumes over WS-Federation, or over SAML 2.0 when the relying party may use nothing else: the two want
/// other subjects and other names, so one set of rules cannot serve both.
pub(super) fn entra(party: &mut RelyingParty) {
    let rules = if party.protocols.allows_wsfed() {
        templates::ENTRA_ISSUANCE
    } else {
        templates::ENTRA_SAML_ISSUANCE
    };
    party.issuance_authorization_rules = templates::PERMIT_ALL.to_owned();
    party.issuance_transform_rules = rules.to_owned();
}

/// Sends directory attributes, each `attribute` or `attribute=claim`; the claim is a short name or a claim type.
///
/// Entra's rules stay and the attributes are added to them; any other relying party gets these attributes and the
/// user principal name as its name identifier.
pub(super) fn send(party: &mut RelyingParty, wishes: &[String]) -> Result<(), Failure> {
    let saml11 = party.protocols.allows_wsfed()
        && !party.wsfed_endpoints.is_empty()
        && party.wsfed_token == TokenType::Saml11;
    let pairs: Vec<_> = wishes
        .iter()
        .map(|wish| pair(wish))
        .map(|(attribute, claim)| {
            (
                attribute,
                if saml11 { with_namespace(claim) } else { claim },
            )
        })
        .collect();
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(attribute, claim)| (attribute.as_str(), claim.as_str()))
        .collect();
    let sent = templates::send_attribute_rule(&pairs)
        .map_err(|error| Failure(format!("--send: {error}")))?;
    if party.issuer_by_domain {
        party.issuance_transform_rules.push_str(&sent);
    } else {
        let subject = templates::name_id_rule("Name ID", claims::UPN, name_id::UNSPECIFIED)?;
        party.issuance_transform_rules = format!("{subject}{sent}");
    }
    Ok(())
}

/// A SAML 1.1 attribute needs a namespace; a bare name gets the one that AD FS 1.x gave its own.
fn with_namespace(claim: String) -> String {
    if claim.contains('/') {
        claim
    } else {
        format!("http://schemas.xmlsoap.org/claims/{claim}")
    }
}

fn pair(wish: &str) -> (String, String) {
    match wish.split_once('=') {
        Some((attribute, claim)) => (
            attribute.trim().to_owned(),
            claim_type(claim.trim()).unwrap_or(claim.trim()).to_owned(),
        ),
        None => (wish.trim().to_owned(), usual_claim(wish.trim()).to_owned()),
    }
}

/// The claim type that an attribute is usually sent as; its own name when there is none.
fn usual_claim(attribute: &str) -> &str {
    match attribute.to_ascii_lowercase().as_str() {
        "mail" => claims::EMAIL,
        "givenname" => claims::GIVEN_NAME,
        "sn" => claims::SURNAME,
        "displayname" => claims::NAME,
        "userprincipalname" => claims::UPN,
        _ => attribute,
    }
}

/// Rules must parse before they are saved; a set that does not would refuse every sign-in.
pub(super) fn check(party: &RelyingParty) -> Result<(), Failure> {
    let sets = [
        ("issuance transform rules", &party.issuance_transform_rules),
        (
            "issuance authorization rules",
            &party.issuance_authorization_rules,
        ),
        (
            "additional authentication rules",
            &party.additional_authentication_rules,
        ),
    ];
    for (name, text) in sets {
        RuleSet::parse(text).map_err(|error| Failure(format!("{name}: {error}")))?;
    }
    Ok(())
}
