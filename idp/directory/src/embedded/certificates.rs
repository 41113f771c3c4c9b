//! Accounts by certificate, and authorities, over the tree.

use super::{Embedded, same};
use crate::certificates::{
    self, CertificateCandidate, CertificateSearch, MOST_CANDIDATES, PublishedAuthorities,
};
use crate::describe;
use crate::error::DirectoryError;
use crate::login_name::LoginName;

impl Embedded {
    pub(super) fn find_certificate(
        &self,
        search: &CertificateSearch,
    ) -> Result<Vec<CertificateCandidate>, DirectoryError> {
        let mut candidates = Vec::new();
        for object in &self.tree.objects {
            if !object.entry.is_a("user") && !object.entry.is_a("computer") {
                continue;
            }
            let identities = certificates::identities(&object.entry);
            let by_sid = search.sid.is_some() && object.entry.sid() == search.sid;
            let by_identity = identities
                .iter()
                .any(|have| search.identities.iter().any(|wanted| same(have, wanted)));
            let by_name = search.names.iter().any(|name| self.means(object, name));
            if !by_sid && !by_identity && !by_name {
                continue;
            }
            let candidate = describe::candidate(&object.entry, &self.name)
                .map_err(|detail| self.malformed(detail))?;
            let names = search.names.iter().enumerate();
            let answers_to = names.filter(|(_, name)| {
                let own =
                    matches!(name, LoginName::Upn { suffix, .. } if self.is_own_domain(suffix));
                certificates::answers_to(&candidate, name, own)
            });
            candidates.push(CertificateCandidate {
                answers_to: answers_to.map(|(at, _)| at).collect(),
                identities,
                created: certificates::created(&object.entry),
                candidate,
            });
            if candidates.len() > MOST_CANDIDATES {
                return Err(certificates::too_many(&self.name, &candidates));
            }
        }
        Ok(candidates)
    }

    pub(super) fn published(&self) -> PublishedAuthorities {
        let mut published = PublishedAuthorities::default();
        for object in &self.tree.objects {
            published.take(&object.entry);
        }
        published
    }
}
