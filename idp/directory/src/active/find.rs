//! Finding people by name and reading them by objectGUID.

use std::sync::Arc;

use signet_model::{AccountId, Sid};
use tokio::time::Instant;

use super::Inner;
use super::connection::Search;
use super::entries::take_pieces;
use crate::account::{Account, Candidate};
use crate::describe::{self, ACCOUNT_ATTRIBUTES, CANDIDATE_ATTRIBUTES};
use crate::entry::Entry;
use crate::error::DirectoryError;
use crate::login_name::LoginName;
use crate::syntax::dn::Dn;
use crate::syntax::filter;

/// The most pieces that one attribute is read in: 300,000 values at Active Directory's 1,500 a piece.
const MOST_PIECES: usize = 200;

impl Inner {
    pub(super) async fn find(&self, name: &LoginName) -> Result<Option<Candidate>, DirectoryError> {
        let deadline = self.deadline();
        if !self.looks_up(name, deadline).await? {
            return Ok(None);
        }
        self.find_only(self.name_filter(name), || name.text(), deadline)
            .await
    }

    /// The user account with that objectSid.
    pub(super) async fn find_by_sid(&self, sid: &Sid) -> Result<Option<Candidate>, DirectoryError> {
        let filter = filter::equals("objectSid", sid.to_binary());
        let found = self
            .find_only(filter, || sid.to_string(), self.deadline())
            .await?;
        match found {
            Some(other) if other.sid != *sid => {
                Err(self.malformed(format!("asked for {sid}, got {}", other.sid)))
            }
            found => Ok(found),
        }
    }

    /// The one user account that `filter` describes; `name` says it in errors.
    async fn find_only(
        &self,
        filter: String,
        name: impl Fn() -> String,
        deadline: Instant,
    ) -> Result<Option<Candidate>, DirectoryError> {
        let filter = filter::all(&[filter::equals("objectClass", "user"), filter]);
        let search = Search::subtree(&self.base, filter, &CANDIDATE_ATTRIBUTES, 5);
        let (found, controller) = self.search(search, None, deadline).await?;
        let mut candidates = Vec::new();
        for entry in &found.entries {
            self.check_within(entry)?;
            candidates.push(
                describe::candidate(entry, &self.name).map_err(|detail| self.malformed(detail))?,
            );
        }
        let mut candidates = candidates.into_iter();
        let Some(mut only) = candidates.next() else {
            return Ok(None);
        };
        // One object may claim `bob@corp.example` as its userPrincipalName while another is `bob`:
        // whoever the password belongs to, the name belongs to neither.
        let others: Vec<String> = candidates.map(|other| other.id.to_string()).collect();
        if !others.is_empty() || found.more {
            return Err(DirectoryError::AmbiguousName {
                directory: self.name.to_string(),
                name: name(),
                objects: format!("{}, {}", only.id, others.join(", ")),
            });
        }
        only.seen_at = Some(Arc::clone(&controller.name));
        Ok(Some(only))
    }

    /// The account with that objectGUID, with its groups; `prefer` names a controller.
    pub(super) async fn read(
        &self,
        account: AccountId,
        prefer: Option<&str>,
        deadline: Instant,
    ) -> Result<Option<Account>, DirectoryError> {
        let mut attributes = ACCOUNT_ATTRIBUTES.to_vec();
        attributes.push("tokenGroups");
        let search = Search::base(format!("<GUID={}>", account.to_uuid()), &attributes);
        let (mut found, controller) = self.search(search, prefer, deadline).await?;
        let Some(mut entry) = found.entries.pop() else {
            return Ok(None);
        };
        self.check_within(&entry)?;
        self.complete(&mut entry, &controller.name, deadline)
            .await?;
        let groups: Option<Vec<Sid>> = entry
            .values("tokengroups")
            .iter()
            .map(|sid| Sid::from_binary(sid))
            .collect();
        let groups = groups
            .ok_or_else(|| self.malformed(format!("tokenGroups of {} holds no SIDs", entry.dn)))?;
        if groups.is_empty() {
            let detail = format!(
                "tokenGroups of {} is not readable: make the service account a member of Windows Authorization Access Group",
                entry.dn
            );
            return Err(self.malformed(detail));
        }
        let now = self.fleet.shared.clock.now();
        let read = describe::account(&entry, groups, &self.domain, now)
            .map_err(|detail| self.malformed(detail))?;
        if read.id != account {
            return Err(self.malformed(format!("asked for {account}, got {}", read.id)));
        }
        Ok(Some(read))
    }

    /// Whether a name is looked up here at all.
    pub(super) async fn looks_up(
        &self,
        name: &LoginName,
        deadline: Instant,
    ) -> Result<bool, DirectoryError> {
        let suffix = match name {
            LoginName::DownLevel { domain, .. } => return Ok(self.suffixes.is_own(domain)),
            LoginName::Upn { suffix, .. } => suffix,
        };
        if self.suffixes.knows(suffix).is_none() {
            self.read_suffixes(deadline).await?;
        }
        Ok(self.suffixes.knows(suffix) == Some(true))
    }

    /// `DOMAIN\sam` is a sAMAccountName. `user@suffix` is a userPrincipalName; at the domain's own
    /// name it is also the sAMAccountName (MS-ADTS 5.1.1.1.1).
    pub(super) fn name_filter(&self, name: &LoginName) -> String {
        match name {
            LoginName::DownLevel { sam, .. } => filter::equals("sAMAccountName", sam),
            LoginName::Upn { user, suffix } => {
                let explicit = filter::equals("userPrincipalName", name.text());
                if self.suffixes.is_own(suffix) {
                    filter::any(&[explicit, filter::equals("sAMAccountName", user)])
                } else {
                    explicit
                }
            }
        }
    }

    /// Reads the forest's list of UPN suffixes.
    pub(super) async fn read_suffixes(&self, deadline: Instant) -> Result<(), DirectoryError> {
        let root = Search::base("", &["configurationNamingContext"]);
        let (root, controller) = self.search(root, None, deadline).await?;
        let root = root
            .entries
            .first()
            .and_then(|root| root.text("configurationnamingcontext"));
        let configuration = root.ok_or_else(|| self.malformed("no configurationNamingContext"))?;
        let partitions = Search::base(format!("CN=Partitions,{configuration}"), &["uPNSuffixes"]);
        let (found, _) = self
            .search(partitions, Some(&controller.name), deadline)
            .await?;
        let suffixes = found
            .entries
            .first()
            .map(|entry| entry.values("upnsuffixes").to_vec())
            .unwrap_or_default();
        self.suffixes.learn(
            suffixes
                .into_iter()
                .filter_map(|suffix| String::from_utf8(suffix).ok())
                .collect(),
        );
        Ok(())
    }

    /// Fetches the rest of every attribute that came in pieces.
    pub(super) async fn complete(
        &self,
        entry: &mut Entry,
        prefer: &str,
        deadline: Instant,
    ) -> Result<(), DirectoryError> {
        let mut open = take_pieces(entry);
        for _ in 0..MOST_PIECES {
            let Some(piece) = open.pop() else {
                return Ok(());
            };
            let Some(next) = piece.next else { continue };
            let wanted = format!("{};range={next}-*", piece.attribute);
            let (mut found, _) = self
                .search(
                    Search::base(entry.dn.clone(), &[&wanted]),
                    Some(prefer),
                    deadline,
                )
                .await?;
            let Some(mut more) = found.entries.pop() else {
                return Err(DirectoryError::AccountChanged {
                    directory: self.name.to_string(),
                    detail: format!("{} is gone", entry.dn),
                });
            };
            let pieces = take_pieces(&mut more);
            let values = more.take(&piece.attribute);
            if values.is_empty()
                || pieces
                    .iter()
                    .any(|piece| piece.next.is_some_and(|after| after <= next))
            {
                return Err(self.malformed(format!(
                    "{} of {} does not go on at {next}",
                    piece.attribute, entry.dn
                )));
            }
            for value in values {
                entry.add(&piece.attribute, value);
            }
            open.extend(pieces);
        }
        if open.is_empty() {
            Ok(())
        } else {
            Err(self.malformed(format!("{} has an attribute of endless length", entry.dn)))
        }
    }

    /// What a search found must lie in the domain that was searched.
    pub(super) fn check_within(&self, entry: &Entry) -> Result<(), DirectoryError> {
        let within = match (Dn::parse(&entry.dn), Dn::parse(&self.base)) {
            (Some(dn), Some(base)) => dn.is_within(&base),
            _ => false,
        };
        if within {
            Ok(())
        } else {
            Err(self.malformed(format!("{:?} lies outside of {}", entry.dn, self.base)))
        }
    }
}
