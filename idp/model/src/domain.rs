//! Federated domains: which issuer speaks for a user, by UPN suffix.

use serde::{Deserialize, Serialize};

/// A DNS domain federated at Entra with this service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FederatedDomain {
    /// DNS name, lower case, without a final dot.
    pub name: String,
    /// The issuer of its users' tokens; Entra compares it octet by octet with the domain's `issuerUri`.
    pub issuer_uri: String,
    /// Subdomains inherit the issuer (Entra: subdomains follow the root domain).
    #[serde(default = "yes")]
    pub covers_subdomains: bool,
}

fn yes() -> bool {
    true
}

/// All federated domains; finds the issuer of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DomainTable {
    /// Sorted by name, names unique.
    domains: Vec<FederatedDomain>,
}

impl DomainTable {
    /// A table of `domains`; a later entry of one name replaces the earlier.
    pub fn new(domains: Vec<FederatedDomain>) -> Self {
        let mut table = Self::default();
        for domain in domains {
            table.insert(domain);
        }
        table
    }

    /// Adds or replaces a domain.
    pub fn insert(&mut self, domain: FederatedDomain) {
        match self
            .domains
            .binary_search_by(|own| own.name.cmp(&domain.name))
        {
            Ok(at) => {
                if let Some(slot) = self.domains.get_mut(at) {
                    *slot = domain;
                }
            }
            Err(at) => self.domains.insert(at, domain),
        }
    }

    /// Removes a domain; whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.domains.len();
        self.domains.retain(|own| own.name != name);
        before != self.domains.len()
    }

    /// All domains, by name.
    pub fn iter(&self) -> impl Iterator<Item = &FederatedDomain> {
        self.domains.iter()
    }

    /// The domain that answers for `upn`: the longest registered suffix of what follows the last `@`.
    /// `None` when no registered domain covers it; then nothing may be issued to Entra.
    pub fn for_upn(&self, upn: &str) -> Option<&FederatedDomain> {
        let (_, suffix) = upn.rsplit_once('@')?;
        let suffix = suffix.to_ascii_lowercase();
        let mut candidate = suffix.as_str();
        loop {
            let found = self.domains.iter().find(|own| own.name == candidate);
            if let Some(domain) = found
                && (candidate.len() == suffix.len() || domain.covers_subdomains)
            {
                return Some(domain);
            }
            candidate = candidate.split_once('.')?.1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(name: &str, covers_subdomains: bool) -> FederatedDomain {
        FederatedDomain {
            name: name.into(),
            issuer_uri: format!("http://{name}/adfs/services/trust/"),
            covers_subdomains,
        }
    }

    #[test]
    fn longest_suffix_answers_and_lookalikes_do_not() {
        let table = DomainTable::new(vec![
            domain("contoso.com", true),
            domain("eu.contoso.com", true),
            domain("fabrikam.co.uk", false),
        ]);
        let name = |upn| table.for_upn(upn).map(|d| d.name.as_str());
        assert_eq!(name("a@contoso.com"), Some("contoso.com"));
        assert_eq!(name("a@CONTOSO.com"), Some("contoso.com"));
        assert_eq!(name("a@x.eu.contoso.com"), Some("eu.contoso.com"));
        assert_eq!(name("a@notcontoso.com"), None);
        assert_eq!(name("a@contoso.com.evil.test"), None);
        assert_eq!(name("a@x.fabrikam.co.uk"), None);
        assert_eq!(name("a@b@contoso.com"), Some("contoso.com"));
        assert_eq!(name("contoso.com"), None);
        assert_eq!(name("a@"), None);
    }
}
