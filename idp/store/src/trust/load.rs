//! Loading the trust configuration.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use serde::de::DeserializeOwned;
use serde_json::Value;
use signet_model::{DomainTable, FederatedDomain, RelyingParty};

use crate::error::StoreError;
use crate::store::Store;
use crate::trust::edit::check_names;
use crate::trust::entry::{Entries, Kind, SELECT, verified};
use crate::trust::key::StoredKey;

/// The whole trust configuration, of one version, every row authentic.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct TrustConfiguration {
    /// Grows by one with each edit.
    pub version: i64,
    /// All relying parties, enabled or not, by id.
    pub relying_parties: Vec<RelyingParty>,
    /// All federated domains.
    pub domains: DomainTable,
    /// Settings, by key.
    pub settings: BTreeMap<String, Value>,
    /// Signing keys, by id.
    pub signing_keys: Vec<StoredKey>,
}

impl Store {
    /// The version of the trust configuration, unchecked: cheap, to see whether it moved.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn trust_version(&self) -> Result<i64, StoreError> {
        let row = self
            .engine
            .fetch_one("SELECT version FROM trust_state WHERE id = 1", &[])
            .await?;
        row.map_or(Err(StoreError::TrustTampered), |row| row.int(0))
    }

    /// Loads the trust configuration and checks every row.
    ///
    /// # Errors
    /// [`StoreError::TamperedRow`], [`StoreError::TrustTampered`], [`StoreError::TrustRolledBack`]: keep the
    /// configuration loaded before, raise an alarm; at start, refuse.
    pub async fn load_trust(&self) -> Result<TrustConfiguration, StoreError> {
        let rows = self.engine.fetch(SELECT, &[]).await?;
        let entries = verified(&rows, &self.mac, 0)?;
        self.check_not_older(entries.version)?;
        let configuration = read(&entries)?;
        self.trust_seen.fetch_max(entries.version, Ordering::SeqCst);
        Ok(configuration)
    }

    /// Says which version was seen before, from a note kept outside the database: an older one is refused then.
    pub fn expect_trust_version(&self, at_least: i64) {
        self.trust_seen.fetch_max(at_least, Ordering::SeqCst);
    }

    pub(crate) fn check_not_older(&self, found: i64) -> Result<(), StoreError> {
        let seen = self.trust_seen.load(Ordering::SeqCst);
        if found < seen {
            Err(StoreError::TrustRolledBack { seen, found })
        } else {
            Ok(())
        }
    }
}

pub(crate) fn read(entries: &Entries) -> Result<TrustConfiguration, StoreError> {
    let relying_parties: Vec<RelyingParty> = parse_all(entries, Kind::RelyingParty)?;
    check_names(&relying_parties)?;
    Ok(TrustConfiguration {
        version: entries.version,
        relying_parties,
        domains: DomainTable::new(parse_all::<FederatedDomain>(entries, Kind::Domain)?),
        settings: entries
            .of(Kind::Setting)
            .map(|(id, body)| Ok((id.to_owned(), parse(Kind::Setting, id, body)?)))
            .collect::<Result<_, StoreError>>()?,
        signing_keys: parse_all(entries, Kind::SigningKey)?,
    })
}

pub(crate) fn parse<T: DeserializeOwned>(
    kind: Kind,
    id: &str,
    body: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(body).map_err(|error| StoreError::UnreadableRow {
        table: "trust_entry",
        row: format!("{} {id}", kind.as_str()),
        detail: error.to_string(),
    })
}

fn parse_all<T: DeserializeOwned>(entries: &Entries, kind: Kind) -> Result<Vec<T>, StoreError> {
    entries
        .of(kind)
        .map(|(id, body)| parse(kind, id, body))
        .collect()
}
