//! Rules that commands write, so that nobody has to write one for a first application.

use signet_claims::{RuleSet, RuleView, claim_type, templates};
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

/// Name of the rule that keeps attributes for the name identifier that are not sent any more.
const FOR_SUBJECT: &str = "For the Name ID";
/// The same, and as it was called before.
const FOR_SUBJECT_NAMES: [&str; 2] = [FOR_SUBJECT, "Mail for the Name ID"];

/// Sends directory attributes, each `attribute` or `attribute=claim`; the claim is a short name or a claim type.
///
/// Entra's rules stay and the attributes are added to them. Of any other relying party's rules those stay that make its
/// name identifier, that only prepare values, or that either of these reads; these attributes stand in place of what
/// commands wrote before. Other rules are somebody's own: they go only with `replace`.
pub(super) fn send(
    party: &mut RelyingParty,
    wishes: &[String],
    replace: bool,
) -> Result<(), Failure> {
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
    let rules = RuleSet::parse(&party.issuance_transform_rules)
        .map_err(|error| Failure(format!("the present rules: {error}")))?;
    let sorted = Sorted::of(&rules);
    if !replace {
        sorted.check_nothing_own_goes(&party.name)?;
    }
    let made = RuleSet::parse(&sent).map_err(|error| Failure(format!("--send: {error}")))?;
    // What is sent comes first: a name identifier may be made of it.
    let text = format!("{sent}{}{}", sorted.for_subject(&made), sorted.kept());
    party.issuance_transform_rules = text;
    Ok(())
}

/// The rules of a set by what becomes of them when attributes are sent.
struct Sorted<'s> {
    kept: Vec<RuleView<'s>>,
    /// Written by a command: what is sent now stands in their place.
    replaced: Vec<RuleView<'s>>,
    own: Vec<RuleView<'s>>,
}

impl<'s> Sorted<'s> {
    fn of(rules: &'s RuleSet) -> Self {
        let (replaced, mut own): (Vec<_>, Vec<_>) = rules.rules().partition(is_by_command);
        let mut kept: Vec<RuleView<'s>> = Vec::new();
        loop {
            let stays = |rule: &RuleView<'s>| {
                makes_the_subject_alone(rule)
                    || kept.iter().any(|reader| reader.may_read_from(*rule))
            };
            let (staying, rest): (Vec<_>, Vec<_>) = own.into_iter().partition(stays);
            own = rest;
            if staying.is_empty() {
                break;
            }
            kept.extend(staying);
        }
        // What is only prepared is sent to nobody, so it does no harm; but what it reads is not kept for its sake.
        let (prepares, own): (Vec<_>, Vec<_>) = own.into_iter().partition(RuleView::only_adds);
        kept.extend(prepares);
        kept.sort_by_key(|rule| rule.index());
        Self {
            kept,
            replaced,
            own,
        }
    }

    fn check_nothing_own_goes(&self, party: &str) -> Result<(), Failure> {
        if self.own.is_empty() {
            return Ok(());
        }
        let named: Vec<_> = self
            .own
            .iter()
            .map(|rule| {
                let name = rule.name().map(|name| format!(" {name:?}"));
                let name = name.unwrap_or_default();
                format!("rule {}{name}, line {}", rule.index() + 1, rule.line())
            })
            .collect();
        Err(Failure(format!(
            "--send would drop rules of {party} that no command wrote: {}; --replace-rules drops them, or write all rules into a file and give it with --issuance-rules (`signet rp show {party:?}` prints the present ones)",
            named.join("; ")
        )))
    }

    /// A rule that reads attributes of the replaced rules for the kept ones alone; empty when they lack nothing.
    fn for_subject(&self, made: &RuleSet) -> String {
        let mut pairs: Vec<(&str, &str)> = Vec::new();
        for pair in self.replaced.iter().flat_map(RuleView::own_attributes) {
            let is_made = made.rules().any(|rule| rule.may_make(pair.1));
            let is_read = self.kept.iter().any(|rule| rule.may_read(pair.1));
            if is_read && !is_made && !pairs.contains(&pair) {
                pairs.push(pair);
            }
        }
        if pairs.is_empty() {
            return String::new();
        }
        for_subject_rule(FOR_SUBJECT, &pairs)
    }

    fn kept(&self) -> String {
        self.kept
            .iter()
            .map(|rule| format!("{}\n", rule.text().trim()))
            .collect()
    }
}

/// Whether it makes the name identifier and nothing beside it: a rule that passes any claim on would go on sending what
/// `--send` is to replace.
fn makes_the_subject_alone(rule: &RuleView<'_>) -> bool {
    const OTHERS: [&str; 4] = [claims::EMAIL, claims::UPN, claims::NAME, "urn:any:other"];
    rule.may_make(claims::NAME_IDENTIFIER) && !OTHERS.iter().any(|other| rule.may_make(other))
}

/// Whether a command wrote the rule, to send attributes or to keep them for the name identifier.
fn is_by_command(rule: &RuleView<'_>) -> bool {
    if rule.may_make(claims::NAME_IDENTIFIER) {
        return false;
    }
    let is = |text: &str| rule.text().split_whitespace().eq(text.split_whitespace());
    let pairs = rule.own_attributes();
    let shipped = RuleSet::parse(templates::SAML_TRANSIENT);
    templates::send_attribute_rule(&pairs).is_ok_and(|text| is(&text))
        || FOR_SUBJECT_NAMES
            .iter()
            .any(|name| is(&for_subject_rule(name, &pairs)))
        || shipped.is_ok_and(|rules| rules.rules().any(|one| is(one.text())))
}

/// Directory attributes as claims that later rules may read and nobody is sent.
fn for_subject_rule(name: &str, pairs: &[(&str, &str)]) -> String {
    let attributes: Vec<_> = pairs.iter().map(|(attribute, _)| *attribute).collect();
    let types: Vec<_> = pairs.iter().map(|(_, own)| format!("\"{own}\"")).collect();
    format!(
        "@RuleName = \"{name}\"\nc:[Type == \"{}\", Issuer == \"AD AUTHORITY\"]\n => add(store = \"Active Directory\", types = ({}), query = \";{};{{0}}\", param = c.Value);\n",
        claims::WINDOWS_ACCOUNT_NAME,
        types.join(", "),
        attributes.join(","),
    )
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

#[cfg(test)]
mod tests {
    use super::*;
    use signet_model::uris::name_id;

    fn wishes(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    /// The rules of a party with `rules` after attributes were sent; they parse.
    fn sent_over(rules: &str, texts: &[&str], replace: bool) -> Result<String, Failure> {
        let mut party = RelyingParty::new("Wiki", "urn:wiki");
        party.issuance_transform_rules = rules.to_owned();
        send(&mut party, &wishes(texts), replace)?;
        RuleSet::parse(&party.issuance_transform_rules).unwrap();
        Ok(party.issuance_transform_rules)
    }

    fn sending(formats: &[&str], texts: &[&str]) -> String {
        let mut party = RelyingParty::new("Wiki", "urn:wiki");
        defaults(&mut party, formats);
        sent_over(&party.issuance_transform_rules, texts, false).unwrap()
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
        let again = sent_over(&rules, &["department=dept"], false).unwrap();
        assert_eq!(again, rules, "a second time changes nothing");
        let rules = sent_over(&rules, &["mail"], false).unwrap();
        assert!(!rules.contains("=> add("), "{rules}");
        let rules = sending(&[name_id::EMAIL], &["mail"]);
        assert!(!rules.contains("=> add("), "{rules}");
    }

    const OF_NUMBER: &str = "c:[Type == \"urn:number\"]\n => issue(Type = \"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier\", Value = c.Value);\n";

    #[test]
    fn what_was_sent_and_feeds_the_name_identifier_is_read_on_without_being_sent() {
        let first = sent_over(OF_NUMBER, &["employeeID=urn:number", "mail"], false).unwrap();
        let second = sent_over(&first, &["department=dept"], false).unwrap();
        assert!(
            second.contains("=> add(store = \"Active Directory\", types = (\"urn:number\"), query = \";employeeID;{0}\""),
            "{second}"
        );
        assert!(!second.contains("mail"), "{second}");
    }

    #[test]
    fn rules_that_feed_the_name_identifier_stay_however_they_are_written() {
        let rules = format!(
            "{}{}{OF_NUMBER}",
            "c:[Type == \"urn:raw\"]=>issue(Type=\"urn:number\",Value=c.Value);\n",
            "c:[Type == \"urn:in\"]=>add(Type=\"urn:raw\",Value=c.Value);\n",
        );
        let sent = sent_over(&rules, &["mail"], false).unwrap();
        for kept in [
            "=>issue(Type=\"urn:number\"",
            "=>add(Type=\"urn:raw\"",
            "nameidentifier",
        ] {
            assert!(sent.contains(kept), "{sent}");
        }
        let replaced = sent_over(&rules, &["mail"], true).unwrap();
        assert_eq!(
            replaced, sent,
            "what the name identifier needs stays in any case"
        );
    }

    #[test]
    fn a_rule_that_passes_anything_on_is_not_kept_for_the_name_identifier() {
        for all in [
            "c:[] => issue(claim = c);\n",
            "c:[Type =~ \"^http://schemas\"] => issue(claim = c);\n",
        ] {
            let rules = format!("{OF_NUMBER}{all}");
            assert!(sent_over(&rules, &["mail"], false).is_err());
            let sent = sent_over(&rules, &["mail"], true).unwrap();
            assert!(
                !sent.contains("claim = c") && sent.contains("nameidentifier"),
                "{sent}"
            );
        }
        // What is prepared for nobody keeps no rule that sends.
        let salary = "c:[Type == \"urn:in\"] => issue(Type = \"urn:salary\", Value = c.Value);\nc:[Type == \"urn:salary\"] => add(Type = \"urn:unread\", Value = c.Value);\n";
        assert!(sent_over(salary, &["mail"], false).is_err());
        assert!(
            !sent_over(salary, &["mail"], true)
                .unwrap()
                .contains("issue(Type = \"urn:salary\"")
        );
    }

    #[test]
    fn rules_that_somebody_wrote_go_only_when_asked() {
        let rules = format!(
            "{OF_NUMBER}@RuleName = \"Groups\"\nc:[Type == \"{}\"] => issue(claim = c);\n",
            claims::GROUP_SID
        );
        let refused = sent_over(&rules, &["mail"], false).unwrap_err().0;
        for said in [
            "rule 2 \"Groups\", line 3",
            "--replace-rules",
            "--issuance-rules",
            "Wiki",
        ] {
            assert!(refused.contains(said), "{refused}");
        }
        let sent = sent_over(&rules, &["mail"], true).unwrap();
        assert!(
            !sent.contains("Groups") && sent.contains("urn:number"),
            "{sent}"
        );
    }
}
