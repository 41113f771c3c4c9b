//! Rules that commands write, so that nobody has to write one for a first application.

use signet_claims::{RuleSet, claim_type, templates};
use signet_model::RelyingParty;
use signet_model::relying_party::TokenType;
use signet_model::uris::claims;

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

/// The mail address, for the name identifier alone.
const MAIL_FOR_SUBJECT: &str = concat!(
    "@RuleName = \"Mail for the Name ID\"\n",
    "c:[Type == \"http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname\", Issuer == \"AD AUTHORITY\"]\n",
    " => add(store = \"Active Directory\", types = (\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress\"), query = \";mail;{0}\", param = c.Value);\n",
);

/// Sends directory attributes, each `attribute` or `attribute=claim`; the claim is a short name or a claim type.
///
/// Entra's rules stay and the attributes are added to them. Of any other relying party's rules those that make its name
/// identifier stay, and these attributes stand in place of the rest.
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
        return Ok(());
    }
    let subject = subject_rules(&party.issuance_transform_rules)?;
    let sends_mail = pairs.iter().any(|(_, claim)| *claim == claims::EMAIL);
    let mail = if subject.contains(claims::EMAIL) && !sends_mail {
        MAIL_FOR_SUBJECT
    } else {
        ""
    };
    // What is sent comes first: a name identifier may be made of it.
    party.issuance_transform_rules = format!("{sent}{mail}{subject}");
    Ok(())
}

/// The rules of `text` that make a name identifier, with those that only prepare values.
fn subject_rules(text: &str) -> Result<String, Failure> {
    let rules =
        RuleSet::parse(text).map_err(|error| Failure(format!("the present rules: {error}")))?;
    let is_kept = |rule: &str| rule.contains(claims::NAME_IDENTIFIER) || rule.contains("=> add(");
    let kept = rules.rules().filter(|rule| is_kept(rule.text()));
    Ok(kept
        .map(|rule| format!("{}\n", rule.text().trim()))
        .collect())
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

#[cfg(test)]
mod tests {
    use super::*;
    use signet_model::uris::name_id;

    fn sending(formats: &[&str], wishes: &[&str]) -> String {
        let mut party = RelyingParty::new("Wiki", "urn:wiki");
        defaults(&mut party, formats);
        let wishes: Vec<_> = wishes.iter().map(|&wish| wish.to_owned()).collect();
        send(&mut party, &wishes).unwrap();
        check(&party).unwrap();
        party.issuance_transform_rules
    }

    #[test]
    fn sending_attributes_keeps_the_name_identifier_that_the_metadata_wants() {
        let rules = sending(&[name_id::PERSISTENT], &["mail", "department=dept"]);
        assert!(
            rules.contains(name_id::PERSISTENT) && rules.contains("_OpaqueIdStore"),
            "{rules}"
        );
        assert!(
            rules.contains(";mail,department;") && !rules.contains("givenName"),
            "{rules}"
        );
        let rules = sending(&[name_id::TRANSIENT], &["mail"]);
        assert!(!rules.contains(claims::NAME_IDENTIFIER), "{rules}");
    }

    #[test]
    fn a_name_identifier_of_the_mail_address_needs_no_mail_claim() {
        let rules = sending(&[name_id::EMAIL], &["department=dept"]);
        assert!(
            rules.contains("=> add(store") && rules.contains(name_id::EMAIL),
            "{rules}"
        );
        let rules = sending(&[name_id::EMAIL], &["mail"]);
        assert!(!rules.contains("=> add("), "{rules}");
    }
}
