//! Entra's issuance rules with the domains they are for.

use std::fmt::Write;

use super::builders::{TemplateError, check_text, escape_pattern};

const IDENTITY: &str = concat!(
    include_str!("entra_identity.rules"),
    include_str!("entra_account.rules")
);
const REST: &str = concat!(
    include_str!("entra_computer.rules"),
    include_str!("entra_session.rules"),
    include_str!("entra_strength.rules"),
);

/// [`ENTRA_ISSUANCE`](super::ENTRA_ISSUANCE) with the `issuerid` rules of Entra Connect, which it
/// writes when there are several federated `domains` (DNS names, at most 500).
///
/// Source: Entra Connect's trust rules 9 and 10.
pub fn entra_issuance(domains: &[&str]) -> Result<String, TemplateError> {
    let mut rules = IDENTITY.to_owned();
    if let [first, _, ..] = domains {
        if domains.len() > 500 {
            return Err(TemplateError::TooMany { limit: 500 });
        }
        domains
            .iter()
            .try_for_each(|domain| check_text("domain", domain))?;
        let escaped: Vec<String> = domains
            .iter()
            .map(|domain| escape_pattern(domain))
            .collect();
        let alternatives = escaped.join("|");
        // Writing to a String cannot fail.
        let _ = write!(
            rules,
            r#"
@RuleName = "Issue issuerid when it is not a computer account"
c1:[Type == "http://schemas.xmlsoap.org/claims/UPN"]
 && c2:[Type == "http://schemas.microsoft.com/ws/2012/01/accounttype", Value == "User"]
 => issue(Type = "http://schemas.microsoft.com/ws/2008/06/identity/claims/issuerid", Value = regexreplace(c1.Value, "(?i)(^([^@]+)@)(?<domain>({alternatives}))$", "http://${{domain}}/adfs/services/trust/"));

@RuleName = "Issue issuerid for DJ computer auth"
c1:[Type == "http://schemas.microsoft.com/ws/2012/01/accounttype", Value == "DJ"]
 => issue(Type = "http://schemas.microsoft.com/ws/2008/06/identity/claims/issuerid", Value = "http://{first}/adfs/services/trust/");
"#
        );
    }
    rules.push_str(REST);
    Ok(rules)
}
