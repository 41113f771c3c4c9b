//! The trust configuration in memory: what every request reads, swapped whole when it changes.

use std::collections::HashMap;
use std::sync::Arc;

use signet_model::{DomainTable, RelyingParty, RelyingPartyId};
use signet_protocols::RelyingParties;

/// One version of the trust configuration.
#[derive(Debug, Default)]
pub(crate) struct Trust {
    version: i64,
    parties: Vec<Arc<RelyingParty>>,
    by_identifier: HashMap<String, Arc<RelyingParty>>,
    by_id: HashMap<RelyingPartyId, Arc<RelyingParty>>,
    domains: DomainTable,
}

impl Trust {
    pub(crate) fn new(version: i64, parties: Vec<RelyingParty>, domains: DomainTable) -> Self {
        let parties: Vec<_> = parties.into_iter().map(Arc::new).collect();
        let by_identifier = parties
            .iter()
            .flat_map(|party| {
                party
                    .identifiers
                    .iter()
                    .map(|identifier| (identifier.clone(), Arc::clone(party)))
            })
            .collect();
        let by_id = parties
            .iter()
            .map(|party| (party.id, Arc::clone(party)))
            .collect();
        Self {
            version,
            parties,
            by_identifier,
            by_id,
            domains,
        }
    }

    /// Grows with every change.
    pub(crate) fn version(&self) -> i64 {
        self.version
    }

    pub(crate) fn domains(&self) -> &DomainTable {
        &self.domains
    }

    pub(crate) fn by_id(&self, id: RelyingPartyId) -> Option<Arc<RelyingParty>> {
        self.by_id.get(&id).cloned()
    }
}

impl RelyingParties for Trust {
    fn by_identifier(&self, identifier: &str) -> Option<Arc<RelyingParty>> {
        self.by_identifier.get(identifier).cloned()
    }

    fn by_id(&self, id: RelyingPartyId) -> Option<Arc<RelyingParty>> {
        Self::by_id(self, id)
    }

    fn all(&self) -> Vec<Arc<RelyingParty>> {
        self.parties.clone()
    }
}
