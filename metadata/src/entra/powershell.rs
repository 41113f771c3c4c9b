//! The settings as a script for the Microsoft Graph PowerShell module.

use super::settings::DomainSettings;

impl DomainSettings {
    /// A script that creates the federation of the domain and stops at the first error; an existing federation is
    /// never overwritten. Every value stands in a single-quoted literal, in which PowerShell expands nothing.
    pub fn powershell(&self) -> String {
        let domain = literal(&self.domain);
        let mut rows = String::new();
        for (name, value) in std::iter::once((
            "@odata.type".to_owned(),
            "#microsoft.graph.internalDomainFederation".to_owned(),
        ))
        .chain(self.rows())
        {
            rows.push_str(&format!("    {} = {}\n", literal(&name), literal(&value)));
        }
        format!(
            "#Requires -Modules Microsoft.Graph.Authentication, Microsoft.Graph.Identity.DirectoryManagement\n\
             # Run as Domain Name Administrator or Hybrid Identity Administrator. The domain must be verified, must not\n\
             # be the default domain, and a cloud-only administrator must exist who can sign in without it.\n\
             $ErrorActionPreference = 'Stop'\n\
             $domain = {domain}\n\
             Connect-MgGraph -NoWelcome -Scopes 'Domain.ReadWrite.All', 'Domain-InternalFederation.ReadWrite.All'\n\
             if (Get-MgDomainFederationConfiguration -DomainId $domain -ErrorAction SilentlyContinue) {{\n\
             \x20   throw \"$domain has a federation configuration already; compare it and use Update-MgDomainFederationConfiguration.\"\n\
             }}\n\
             $settings = @{{\n\
             {rows}\
             }}\n\
             New-MgDomainFederationConfiguration -DomainId $domain -BodyParameter $settings | Out-Null\n\
             if ((Get-MgDomain -DomainId $domain).AuthenticationType -ne 'Federated') {{\n\
             \x20   Update-MgDomain -DomainId $domain -AuthenticationType 'Federated'\n\
             }}\n\
             Get-MgDomainFederationConfiguration -DomainId $domain | Format-List\n"
        )
    }
}

/// A single-quoted literal. PowerShell takes four typographic quotes for the straight one
/// (language specification 2.3.5.2), so each is doubled as well; control characters are dropped.
fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars().filter(|c| !c.is_control()) {
        if matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}') {
            out.push(c);
        }
        out.push(c);
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn literal_cannot_be_left_by_any_quote() {
        assert_eq!(literal("it's $(calc) `n \"x\""), "'it''s $(calc) `n \"x\"'");
        assert_eq!(literal("a\u{2019}; calc #"), "'a\u{2019}\u{2019}; calc #'");
        assert_eq!(literal("a\r\nb\0"), "'ab'");
        for quote in ['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'] {
            let written = literal(&format!("x{quote}y{quote}{quote}"));
            let inner = written
                .strip_prefix('\'')
                .and_then(|rest| rest.strip_suffix('\''))
                .unwrap();
            assert_eq!(inner.matches(quote).count() % 2, 0, "{written}");
        }
    }
}
