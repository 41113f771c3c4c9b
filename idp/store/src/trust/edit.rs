//! Editing the trust configuration.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use serde::Serialize;
use serde_json::{Value, json};
use signet_model::{ActivityId, FederatedDomain, RelyingParty, RelyingPartyId};
use time::OffsetDateTime;

use crate::audit::{AuditEvent, EventNumber, Outcome, PreparedEvent, append};
use crate::engine::Tx;
use crate::error::StoreError;
use crate::mac::MacTagger;
use crate::store::Store;
use crate::trust::entry::{Entries, Entry, Kind, entry_code, read_for_edit, state_code};
use crate::trust::key::{KeyRole, StoredKey};
use crate::trust::load::{parse, read};

/// The largest body of an entry.
const LARGEST: usize = 512 * 1024;

/// One change.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TrustEdit {
    /// Adds a relying party, or replaces the one of the same id.
    PutRelyingParty(Box<RelyingParty>),
    /// Removes a relying party.
    RemoveRelyingParty(RelyingPartyId),
    /// Adds a federated domain, or replaces the one of the same name.
    PutDomain(FederatedDomain),
    /// Removes a federated domain.
    RemoveDomain(String),
    /// Writes a setting.
    PutSetting {
        /// Its key.
        key: String,
        /// Its value.
        value: Value,
    },
    /// Removes a setting.
    RemoveSetting(String),
    /// Adds a signing key. The first of all may be current; then each begins as next.
    AddSigningKey(StoredKey),
    /// Makes the next key current, and the current one retired.
    PromoteSigningKey(String),
    /// Removes a next or retired key; it is not published any more.
    RemoveSigningKey(String),
}

/// Who edits, for the audit.
#[derive(Clone, Debug)]
pub struct Editor {
    /// Who: `command line as root`, or an administrator's account.
    pub name: String,
    /// Correlation id.
    pub activity: ActivityId,
}

impl Store {
    /// Makes `edits`, all or none, on version `expected`; the new version. Each is audited with before and after in
    /// the same transaction.
    ///
    /// # Errors
    /// [`StoreError::StaleTrustVersion`] when somebody else edited first, [`StoreError::NameTaken`],
    /// [`StoreError::NoSuchEntry`], [`StoreError::Refused`], and those of [`Store::load_trust`]: nothing
    /// is added to a configuration that is not authentic.
    pub async fn edit_trust(
        &self,
        expected: i64,
        edits: &[TrustEdit],
        editor: &Editor,
        now: OffsetDateTime,
    ) -> Result<i64, StoreError> {
        self.check_not_older(expected)?;
        let mut tx = self.engine.begin().await?;
        let version = raise(&mut tx, expected).await?;
        let before = read_for_edit(&mut tx, &self.mac).await?;
        let mut draft = Draft {
            entries: before,
            version,
            mac: &self.mac,
            written: Vec::new(),
            changes: Vec::new(),
        };
        for edit in edits {
            draft.make(edit)?;
        }
        self.finish(tx, draft, editor, now).await
    }

    /// Says that this database was restored from a backup: its configuration, which must be authentic, becomes the
    /// newest version, above every one seen (CFG-16).
    ///
    /// # Errors
    /// As [`Store::edit_trust`].
    pub async fn adopt_restored_trust(
        &self,
        editor: &Editor,
        now: OffsetDateTime,
    ) -> Result<i64, StoreError> {
        let found = self.trust_version().await?;
        let mut tx = self.engine.begin().await?;
        raise(&mut tx, found).await?;
        let before = read_for_edit(&mut tx, &self.mac).await?;
        let version = found
            .max(self.trust_seen.load(Ordering::SeqCst))
            .saturating_add(1);
        let change = json!({ "restored_version": found, "version": version });
        let draft = Draft {
            entries: before,
            version,
            mac: &self.mac,
            written: Vec::new(),
            changes: vec![change],
        };
        self.finish(tx, draft, editor, now).await
    }

    async fn finish(
        &self,
        mut tx: Tx,
        mut draft: Draft<'_>,
        editor: &Editor,
        now: OffsetDateTime,
    ) -> Result<i64, StoreError> {
        let version = draft.version;
        draft.entries.version = version;
        // What could not be loaded again must not be written.
        read(&draft.entries)?;
        write(&mut tx, &draft).await?;
        let events: Vec<PreparedEvent> = draft
            .changes
            .into_iter()
            .map(|change| {
                let event = AuditEvent {
                    event: EventNumber::CONFIGURATION_CHANGED,
                    at: now,
                    activity: editor.activity,
                    account: None,
                    relying_party: None,
                    outcome: Outcome::Success,
                    reason: None,
                    token_id: None,
                    details: json!({ "editor": editor.name, "version": version, "change": change }),
                };
                PreparedEvent::new(&event, PreparedEvent::CONFIGURATION)
            })
            .collect();
        let events: Vec<&PreparedEvent> = events.iter().collect();
        append(&mut tx, &self.mac, &events).await?;
        tx.commit().await?;
        self.trust_seen.fetch_max(version, Ordering::SeqCst);
        Ok(version)
    }
}

/// Takes the lock of the configuration and checks that it is still the one the edit was made on.
async fn raise(tx: &mut Tx, expected: i64) -> Result<i64, StoreError> {
    let raised = tx
        .fetch_one(
            "UPDATE trust_state SET version = version + 1 WHERE id = 1 AND version = $1 RETURNING version",
            &[expected.into()],
        )
        .await?;
    if let Some(row) = raised {
        return row.int(0);
    }
    let found = tx
        .fetch_one("SELECT version FROM trust_state WHERE id = 1", &[])
        .await?;
    let found = found.map_or(Err(StoreError::TrustTampered), |row| row.int(0))?;
    Err(StoreError::StaleTrustVersion { expected, found })
}

/// A configuration while it is edited.
struct Draft<'m> {
    entries: Entries,
    version: i64,
    mac: &'m MacTagger,
    written: Vec<(Kind, String)>,
    changes: Vec<Value>,
}

impl Draft<'_> {
    fn make(&mut self, edit: &TrustEdit) -> Result<(), StoreError> {
        match edit {
            TrustEdit::PutRelyingParty(party) => {
                check_relying_party(party)?;
                self.put(Kind::RelyingParty, &party.id.to_string(), party)
            }
            TrustEdit::RemoveRelyingParty(id) => self.remove(Kind::RelyingParty, &id.to_string()),
            TrustEdit::PutDomain(domain) => {
                check_domain(domain)?;
                self.put(Kind::Domain, &domain.name, domain)
            }
            TrustEdit::RemoveDomain(name) => self.remove(Kind::Domain, name),
            TrustEdit::PutSetting { key, value } => self.put(Kind::Setting, key, value),
            TrustEdit::RemoveSetting(key) => self.remove(Kind::Setting, key),
            TrustEdit::AddSigningKey(key) => self.add_key(key),
            TrustEdit::PromoteSigningKey(id) => self.promote_key(id),
            TrustEdit::RemoveSigningKey(id) => self.remove_key(id),
        }
    }

    fn put(&mut self, kind: Kind, id: &str, value: &impl Serialize) -> Result<(), StoreError> {
        let refused = |detail: String| StoreError::Refused { detail };
        let body = serde_json::to_string(value).map_err(|error| refused(error.to_string()))?;
        if id.is_empty() || id.len() > 255 || body.len() > LARGEST {
            return Err(refused(format!(
                "{} {id:.40}: its id or its text is empty or too long",
                kind.as_str()
            )));
        }
        let mac = self
            .mac
            .tag(&entry_code(kind.as_str(), id, &body, self.version));
        let after = audited(kind, &body);
        let before = self
            .entries
            .by_id
            .insert((kind, id.to_owned()), Entry { body, mac });
        self.note(kind, id, before, after);
        Ok(())
    }

    fn remove(&mut self, kind: Kind, id: &str) -> Result<(), StoreError> {
        let before = self.entries.by_id.remove(&(kind, id.to_owned()));
        if before.is_none() {
            return Err(StoreError::NoSuchEntry {
                kind: kind.as_str(),
                id: id.to_owned(),
            });
        }
        self.note(kind, id, before, Value::Null);
        Ok(())
    }

    fn note(&mut self, kind: Kind, id: &str, before: Option<Entry>, after: Value) {
        let before = before.map_or(Value::Null, |entry| audited(kind, &entry.body));
        self.changes
            .push(json!({ "kind": kind.as_str(), "id": id, "before": before, "after": after }));
        self.written.push((kind, id.to_owned()));
    }

    fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        self.entries
            .of(Kind::SigningKey)
            .map(|(id, body)| parse(Kind::SigningKey, id, body))
            .collect()
    }

    fn add_key(&mut self, key: &StoredKey) -> Result<(), StoreError> {
        let refused = |detail: &str| {
            Err(StoreError::Refused {
                detail: detail.to_owned(),
            })
        };
        let keys = self.keys()?;
        if keys.iter().any(|known| known.id == key.id) {
            return refused("this signing key is in the store already");
        }
        match key.role {
            KeyRole::Current if keys.iter().any(|known| known.role == KeyRole::Current) => {
                refused("there is a current signing key; add this one as next, then promote it")
            }
            KeyRole::Next if keys.iter().any(|known| known.role == KeyRole::Next) => {
                refused("there is a next signing key; promote or remove it first")
            }
            KeyRole::Current | KeyRole::Next => self.put(Kind::SigningKey, &key.id, key),
            KeyRole::Retired => refused("a signing key is not added as retired"),
        }
    }

    fn promote_key(&mut self, id: &str) -> Result<(), StoreError> {
        let keys = self.keys()?;
        let Some(next) = keys
            .iter()
            .find(|key| key.id == id && key.role == KeyRole::Next)
        else {
            return Err(StoreError::NoSuchEntry {
                kind: "next signing key",
                id: id.to_owned(),
            });
        };
        for current in keys.iter().filter(|key| key.role == KeyRole::Current) {
            self.put(
                Kind::SigningKey,
                &current.id,
                &StoredKey {
                    role: KeyRole::Retired,
                    ..current.clone()
                },
            )?;
        }
        self.put(
            Kind::SigningKey,
            id,
            &StoredKey {
                role: KeyRole::Current,
                ..next.clone()
            },
        )
    }

    fn remove_key(&mut self, id: &str) -> Result<(), StoreError> {
        if self
            .keys()?
            .iter()
            .any(|key| key.id == id && key.role == KeyRole::Current)
        {
            return Err(StoreError::Refused {
                detail: "the current signing key cannot be removed".to_owned(),
            });
        }
        self.remove(Kind::SigningKey, id)
    }
}

/// Writes what changed, and the code over the whole.
async fn write(tx: &mut Tx, draft: &Draft<'_>) -> Result<(), StoreError> {
    for (kind, id) in &draft.written {
        match draft.entries.by_id.get(&(*kind, id.clone())) {
            Some(entry) => {
                tx.execute(
                    "INSERT INTO trust_entry (kind, id, body, version, mac) VALUES ($1, $2, $3, $4, $5)
                     ON CONFLICT (kind, id) DO UPDATE SET
                        body = excluded.body, version = excluded.version, mac = excluded.mac",
                    &[
                        kind.as_str().into(),
                        id.as_str().into(),
                        entry.body.as_str().into(),
                        draft.version.into(),
                        (&entry.mac).into(),
                    ],
                )
                .await?;
            }
            None => {
                tx.execute(
                    "DELETE FROM trust_entry WHERE kind = $1 AND id = $2",
                    &[kind.as_str().into(), id.as_str().into()],
                )
                .await?;
            }
        }
    }
    let manifest = draft.entries.manifest();
    tx.execute(
        "UPDATE trust_state SET version = $1, manifest = $2, mac = $3 WHERE id = 1",
        &[
            draft.version.into(),
            (&manifest).into(),
            (&draft.mac.tag(&state_code(draft.version, &manifest))).into(),
        ],
    )
    .await
    .map(drop)
}

/// An entry as the audit shows it: a signing key without its wrapped part.
fn audited(kind: Kind, body: &str) -> Value {
    let mut value: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    if let (Kind::SigningKey, Some(members)) = (kind, value.as_object_mut()) {
        members.remove("wrapped");
    }
    value
}

fn check_relying_party(party: &RelyingParty) -> Result<(), StoreError> {
    let refused = |detail: &str| {
        Err(StoreError::Refused {
            detail: format!("relying party {:?}: {detail}", party.name),
        })
    };
    if party.name.trim().is_empty() {
        return refused("it has no name");
    }
    if party.identifiers.is_empty()
        || party
            .identifiers
            .iter()
            .any(|identifier| identifier.trim().is_empty())
    {
        return refused("it has no identifier, or an empty one");
    }
    Ok(())
}

fn check_domain(domain: &FederatedDomain) -> Result<(), StoreError> {
    let name = &domain.name;
    if name.to_lowercase() != *name
        || name.ends_with('.')
        || name.trim() != name
        || domain.issuer_uri.is_empty()
    {
        let detail = format!(
            "domain {name:?}: a lower-case DNS name without a final dot, and an issuer, are needed"
        );
        return Err(StoreError::Refused { detail });
    }
    Ok(())
}

/// Names and identifiers are unique over all relying parties, whatever their case (CFG-05).
pub(crate) fn check_names(parties: &[RelyingParty]) -> Result<(), StoreError> {
    let mut taken: BTreeMap<(&'static str, String), RelyingPartyId> = BTreeMap::new();
    for party in parties {
        let identifiers = party
            .identifiers
            .iter()
            .map(|identifier| ("identifier", identifier));
        for (space, name) in std::iter::once(("name", &party.name)).chain(identifiers) {
            if let Some(owner) = taken.insert((space, name.trim().to_lowercase()), party.id) {
                return Err(StoreError::NameTaken {
                    space,
                    name: name.clone(),
                    owner: owner.to_string(),
                });
            }
        }
    }
    Ok(())
}
