//! The `Active Directory` attribute store of claim rules.

use std::collections::HashMap;

use signet_claims::ActiveDirectoryQuery;
use signet_model::Sid;
use tokio::time::Instant;

use super::Inner;
use super::connection::Search;
use crate::directory::Rows;
use crate::entry::Entry;
use crate::error::DirectoryError;
use crate::render::{self, Column, GroupForm, GroupName};
use crate::syntax::filter;

/// The most objects that one query may select.
const MOST_OBJECTS: usize = 2000;
/// SIDs a search for names.
const SIDS_AT_ONCE: usize = 100;
/// Attributes that only a search of the object itself gives (MS-ADTS 3.1.1.4.5.19, .20).
const BASE_ONLY: [&str; 3] = [
    "tokengroups",
    "tokengroupsglobalanduniversal",
    "tokengroupsnogcacceptable",
];

impl Inner {
    pub(super) async fn query(&self, query: &ActiveDirectoryQuery) -> Result<Rows, DirectoryError> {
        let refused = |detail: String| DirectoryError::QueryRefused {
            directory: self.name.to_string(),
            detail,
        };
        if !self.suffixes.is_own(&query.domain) {
            return Err(refused(format!(
                "the domain {:?} is not this one",
                query.domain
            )));
        }
        let columns: Result<Vec<Column>, String> = query
            .attributes
            .iter()
            .map(|column| Column::parse(column))
            .collect();
        let columns = columns.map_err(refused)?;
        let plain: Vec<&str> = columns.iter().filter_map(plain_attribute).collect();
        let mut wanted: Vec<&str> = plain
            .iter()
            .copied()
            .filter(|name| !is_base_only(name))
            .collect();
        wanted.push("objectGUID");
        let mut base_only: Vec<&str> = plain
            .iter()
            .copied()
            .filter(|name| is_base_only(name))
            .collect();
        if columns
            .iter()
            .any(|column| matches!(column, Column::Groups(_)))
        {
            base_only.push("tokenGroups");
        }
        let deadline = self.deadline();
        let search = Search::subtree(&self.base, query.filter.clone(), &wanted, MOST_OBJECTS);
        let (found, controller) = self.search(search, None, deadline).await?;
        if found.more {
            return Err(refused(format!(
                "the filter {} selects more than {MOST_OBJECTS} objects",
                query.filter
            )));
        }
        let mut rows = Rows::default();
        for mut entry in found.entries {
            self.complete(&mut entry, &controller.name, deadline)
                .await?;
            if !base_only.is_empty() {
                self.read_base_only(&mut entry, &base_only, &controller.name, deadline)
                    .await?;
            }
            let mut rendered = Vec::new();
            for column in &columns {
                rendered.push(match column {
                    Column::Attribute(name) => render::values(&entry, name),
                    Column::Groups(form) => {
                        let groups = self
                            .groups(&entry, *form, &controller.name, deadline)
                            .await?;
                        render::groups(*form, &groups, &self.domain)
                    }
                });
            }
            render::push_rows(&mut rows, &rendered);
        }
        Ok(rows)
    }

    async fn read_base_only(
        &self,
        entry: &mut Entry,
        names: &[&str],
        prefer: &str,
        deadline: Instant,
    ) -> Result<(), DirectoryError> {
        let base = match entry.guid() {
            Some(id) => format!("<GUID={}>", id.to_uuid()),
            None => entry.dn.clone(),
        };
        let (mut found, _) = self
            .search(Search::base(base, names), Some(prefer), deadline)
            .await?;
        if let Some(mut more) = found.entries.pop() {
            for name in names {
                entry.set(name, more.take(name));
            }
        }
        Ok(())
    }

    async fn groups(
        &self,
        entry: &Entry,
        form: GroupForm,
        prefer: &str,
        deadline: Instant,
    ) -> Result<Vec<(Sid, Option<GroupName>)>, DirectoryError> {
        let mut sids: Vec<Sid> = entry
            .values("tokengroups")
            .iter()
            .filter_map(|sid| Sid::from_binary(sid))
            .collect();
        sids.sort();
        sids.dedup();
        if form == GroupForm::Sid {
            return Ok(sids.into_iter().map(|sid| (sid, None)).collect());
        }
        let mut names = self.sid_names.known(&sids);
        let missing: Vec<Sid> = sids
            .iter()
            .filter(|sid| !names.contains_key(sid))
            .cloned()
            .collect();
        for some in missing.chunks(SIDS_AT_ONCE) {
            let found = self.look_up_names(some, prefer, deadline).await?;
            self.sid_names.learn(found.clone());
            names.extend(found);
        }
        Ok(sids
            .into_iter()
            .map(|sid| (sid.clone(), names.remove(&sid).flatten()))
            .collect())
    }

    async fn look_up_names(
        &self,
        sids: &[Sid],
        prefer: &str,
        deadline: Instant,
    ) -> Result<HashMap<Sid, Option<GroupName>>, DirectoryError> {
        let equalities: Vec<String> = sids
            .iter()
            .map(|sid| filter::equals("objectSid", sid.to_binary()))
            .collect();
        let search = Search::subtree(
            &self.base,
            filter::any(&equalities),
            &["objectSid", "sAMAccountName"],
            SIDS_AT_ONCE,
        );
        let (found, _) = self.search(search, Some(prefer), deadline).await?;
        let mut names: HashMap<Sid, Option<GroupName>> =
            sids.iter().map(|sid| (sid.clone(), None)).collect();
        for entry in found.entries {
            if let (Some(sid), Some(sam)) = (entry.sid(), entry.text("samaccountname")) {
                let built_in = sid.as_str().starts_with("S-1-5-32-");
                names.insert(
                    sid,
                    Some(GroupName {
                        sam: sam.into(),
                        built_in,
                    }),
                );
            }
        }
        Ok(names)
    }
}

fn plain_attribute(column: &Column) -> Option<&str> {
    match column {
        Column::Attribute(name) => Some(name),
        Column::Groups(_) => None,
    }
}

fn is_base_only(name: &str) -> bool {
    BASE_ONLY.iter().any(|one| one.eq_ignore_ascii_case(name))
}
