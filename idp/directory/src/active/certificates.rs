//! Accounts by certificate, and the authorities that the forest publishes.

use std::sync::Arc;

use super::Inner;
use super::connection::Search;
use crate::certificates::{
    self, CertificateCandidate, CertificateSearch, MOST_CANDIDATES, MOST_PUBLISHED,
    PublishedAuthorities,
};
use crate::describe::{self, CANDIDATE_ATTRIBUTES};
use crate::error::DirectoryError;
use crate::login_name::LoginName;
use crate::syntax::dn::Dn;
use crate::syntax::filter;

impl Inner {
    /// One search for all that the certificate says.
    pub(super) async fn find_by_certificate(
        &self,
        search: &CertificateSearch,
    ) -> Result<Vec<CertificateCandidate>, DirectoryError> {
        let deadline = self.deadline();
        let mut any: Vec<String> = Vec::new();
        if let Some(sid) = &search.sid {
            any.push(filter::equals("objectSid", sid.to_binary()));
        }
        for identity in &search.identities {
            any.push(filter::equals("altSecurityIdentities", identity));
        }
        for name in &search.names {
            if self.looks_up(name, deadline).await? {
                any.push(self.name_filter(name));
            }
        }
        if any.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = filter::all(&[filter::equals("objectClass", "user"), filter::any(&any)]);
        let mut attributes = CANDIDATE_ATTRIBUTES.to_vec();
        attributes.extend(["altSecurityIdentities", "whenCreated"]);
        let search_for = Search::subtree(&self.base, wanted, &attributes, MOST_CANDIDATES);
        let (found, controller) = self.search(search_for, None, deadline).await?;
        let mut candidates = Vec::new();
        for mut entry in found.entries {
            self.check_within(&entry)?;
            self.complete(&mut entry, &controller.name, deadline)
                .await?;
            let mut candidate =
                describe::candidate(&entry, &self.name).map_err(|detail| self.malformed(detail))?;
            candidate.seen_at = Some(Arc::clone(&controller.name));
            let names = search.names.iter().enumerate();
            let answers_to = names.filter(|(_, name)| {
                let by_account_name =
                    matches!(name, LoginName::Upn { suffix, .. } if self.suffixes.is_own(suffix));
                certificates::answers_to(&candidate, name, by_account_name)
            });
            candidates.push(CertificateCandidate {
                answers_to: answers_to.map(|(at, _)| at).collect(),
                identities: certificates::identities(&entry),
                created: certificates::created(&entry),
                candidate,
            });
        }
        if found.more {
            return Err(certificates::too_many(&self.name, &candidates));
        }
        Ok(candidates)
    }

    /// Everything below `CN=Public Key Services` in the configuration of the forest, in one search.
    pub(super) async fn authorities(&self) -> Result<PublishedAuthorities, DirectoryError> {
        let deadline = self.deadline();
        let root = Search::base("", &["configurationNamingContext"]);
        let (root, controller) = self.search(root, None, deadline).await?;
        let configuration = root
            .entries
            .first()
            .and_then(|root| root.text("configurationnamingcontext"));
        let configuration =
            configuration.ok_or_else(|| self.malformed("no configurationNamingContext"))?;
        let base = format!("CN=Public Key Services,CN=Services,{configuration}");
        let search = Search::subtree(
            &base,
            "(cACertificate=*)".to_owned(),
            &["cACertificate"],
            MOST_PUBLISHED,
        );
        let (found, controller) = self
            .search(search, Some(&controller.name), deadline)
            .await?;
        if found.more {
            return Err(self.malformed(format!("more than {MOST_PUBLISHED} authorities")));
        }
        let within = Dn::parse(&base);
        let mut published = PublishedAuthorities::default();
        for mut entry in found.entries {
            let inside = match (Dn::parse(&entry.dn), &within) {
                (Some(dn), Some(base)) => dn.is_within(base),
                _ => false,
            };
            if !inside {
                return Err(self.malformed(format!("{:?} lies outside of {base}", entry.dn)));
            }
            self.complete(&mut entry, &controller.name, deadline)
                .await?;
            published.take(&entry);
        }
        Ok(published)
    }
}
