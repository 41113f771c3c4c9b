//! The rows of the trust configuration and their codes.

use std::collections::BTreeMap;

use crate::engine::{Row, Tx};
use crate::error::StoreError;
use crate::mac::{Canonical, MacTagger, sha256};

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    RelyingParty,
    Domain,
    Setting,
    SigningKey,
}

impl Kind {
    const ALL: [Self; 4] = [
        Self::RelyingParty,
        Self::Domain,
        Self::Setting,
        Self::SigningKey,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::RelyingParty => "relying-party",
            Self::Domain => "domain",
            Self::Setting => "setting",
            Self::SigningKey => "signing-key",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One entry whose code was right when it was read, or that is about to be written.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) body: String,
    pub(crate) mac: [u8; 32],
}

/// All entries of one version.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entries {
    pub(crate) version: i64,
    pub(crate) by_id: BTreeMap<(Kind, String), Entry>,
}

/// One statement, so that version and entries are of one moment.
pub(crate) const SELECT: &str =
    "SELECT s.version, s.manifest, s.mac, e.kind, e.id, e.body, e.version, e.mac
     FROM trust_state s LEFT JOIN trust_entry e ON s.id = 1 WHERE s.id = 1";

/// The same inside an edit, which already holds the lock and has raised the version by one.
pub(crate) async fn read_for_edit(tx: &mut Tx, mac: &MacTagger) -> Result<Entries, StoreError> {
    let rows = tx.fetch(SELECT, &[]).await?;
    verified(&rows, mac, 1)
}

/// Checks the code of every row and of the whole. `raised` is by how much the caller has raised the version.
pub(crate) fn verified(rows: &[Row], mac: &MacTagger, raised: i64) -> Result<Entries, StoreError> {
    let first = rows.first().ok_or(StoreError::TrustTampered)?;
    let version = first.int(0)?.saturating_sub(raised);
    let manifest = first.blob(1)?;
    if !mac.is_right(&state_code(version, &manifest), &first.blob(2)?) {
        return Err(StoreError::TamperedRow {
            table: "trust_state",
            row: "1".into(),
        });
    }
    let mut entries = Entries {
        version,
        by_id: BTreeMap::new(),
    };
    for row in rows {
        let Some(kind_text) = row.opt_text(3)? else {
            continue;
        };
        let (id, body, written, code) = (row.text(4)?, row.text(5)?, row.int(6)?, row.blob(7)?);
        let tampered = || StoreError::TamperedRow {
            table: "trust_entry",
            row: format!("{kind_text} {id}"),
        };
        if !mac.is_right(&entry_code(&kind_text, &id, &body, written), &code) {
            return Err(tampered());
        }
        let kind = Kind::parse(&kind_text).ok_or_else(|| StoreError::UnreadableRow {
            table: "trust_entry",
            row: format!("{kind_text} {id}"),
            detail: "this program does not know its kind".into(),
        })?;
        let mac = code.try_into().map_err(|_| tampered())?;
        entries.by_id.insert((kind, id), Entry { body, mac });
    }
    if entries.manifest().as_slice() != manifest.as_slice() {
        return Err(StoreError::TrustTampered);
    }
    Ok(entries)
}

impl Entries {
    pub(crate) fn manifest(&self) -> [u8; 32] {
        let codes: Vec<_> = self
            .by_id
            .iter()
            .map(|((kind, id), entry)| (kind.as_str(), id.as_str(), &entry.mac))
            .collect();
        manifest_of(&codes)
    }

    pub(crate) fn of(&self, wanted: Kind) -> impl Iterator<Item = (&str, &str)> {
        self.by_id
            .iter()
            .filter(move |((kind, _), _)| *kind == wanted)
            .map(|((_, id), entry)| (id.as_str(), entry.body.as_str()))
    }
}

/// The hash over the codes of all entries, in order of kind and id.
pub(crate) fn manifest_of(entries: &[(&str, &str, &[u8; 32])]) -> [u8; 32] {
    let mut all = Vec::new();
    for (kind, id, code) in entries {
        all.extend(
            Canonical::of("trust_manifest")
                .text(kind)
                .text(id)
                .blob(*code)
                .sha256(),
        );
    }
    sha256(&all)
}

/// What the code of the whole is over.
pub(crate) fn state_code(version: i64, manifest: &[u8]) -> Canonical {
    Canonical::of("trust_state").int(version).blob(manifest)
}

/// What the code of an entry is over.
pub(crate) fn entry_code(kind: &str, id: &str, body: &str, version: i64) -> Canonical {
    Canonical::of("trust_entry")
        .text(kind)
        .text(id)
        .text(body)
        .int(version)
}
