//! The `Active Directory` attribute store of claim rules, over the tree.

use signet_claims::ActiveDirectoryQuery;
use signet_model::Sid;

use super::Embedded;
use super::evaluate::matches;
use super::load::Object;
use crate::directory::Rows;
use crate::error::DirectoryError;
use crate::render::{self, Column, GroupName};

impl Embedded {
    pub(super) fn answer(&self, query: &ActiveDirectoryQuery) -> Result<Rows, DirectoryError> {
        let refused = |detail: String| DirectoryError::QueryRefused {
            directory: self.name.to_string(),
            detail,
        };
        if !self.is_own_domain(&query.domain) {
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
        let mut rows = Rows::default();
        for (at, object) in self.tree.objects.iter().enumerate() {
            if !matches(&self.tree, at, object, &query.parsed_filter).map_err(refused)? {
                continue;
            }
            let rendered: Vec<_> = columns
                .iter()
                .map(|column| match column {
                    Column::Attribute(name) => render::values(&object.entry, name),
                    Column::Groups(form) => {
                        render::groups(*form, &self.group_names(at, object), &self.domain)
                    }
                })
                .collect();
            render::push_rows(&mut rows, &rendered);
        }
        Ok(rows)
    }

    /// The token groups with their names: nested, with the primary group, sorted by SID.
    fn group_names(&self, at: usize, object: &Object) -> Vec<(Sid, Option<GroupName>)> {
        let mut sids = self.group_sids(at);
        let primary = object.entry.sid().and_then(|sid| {
            let (domain, _) = sid.as_str().rsplit_once('-')?;
            Sid::parse(&format!(
                "{domain}-{}",
                object.entry.number("primarygroupid")?
            ))
        });
        sids.extend(primary);
        sids.sort();
        sids.dedup();
        let name = |sid: &Sid| {
            let group = self
                .tree
                .objects
                .iter()
                .find(|other| other.entry.sid().as_ref() == Some(sid))?;
            let sam = group.entry.text("samaccountname")?.into();
            Some(GroupName {
                sam,
                built_in: sid.as_str().starts_with("S-1-5-32-"),
            })
        };
        sids.into_iter()
            .map(|sid| (sid.clone(), name(&sid)))
            .collect()
    }
}
