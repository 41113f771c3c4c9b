//! The columns of a factor's row, and the codes over them.

use signet_model::{AccountId, FactorId, FactorRecord};

use crate::engine::{Bind, Row, Tx};
use crate::error::StoreError;
use crate::instant::{instant, millis};
use crate::mac::{Canonical, MacTagger};

/// The code over a factor's row.
pub(super) fn code_of(record: &FactorRecord) -> Canonical {
    let last_used = record.last_used_at.map_or(-1, millis);
    Canonical::of("factor")
        .text(&record.account.to_string())
        .text(&record.id.to_string())
        .text(record.kind.as_str())
        .text(&record.label)
        .text(&record.sealed)
        .blob(record.handle.as_ref().map_or(&[], <[u8; 32]>::as_slice))
        .int(millis(record.created_at))
        .int(last_used)
        .int(record.counter)
}

/// The code over the set of an account's factors.
pub(super) fn code_of_set(account: &str, version: i64, ids: &str) -> Canonical {
    Canonical::of("factor_account")
        .text(account)
        .int(version)
        .text(ids)
}

/// Ids as `factor_account` lists them: in order, with a blank between.
pub(super) fn ids_of(mut ids: Vec<String>) -> String {
    ids.sort_unstable();
    ids.join(" ")
}

/// A row and its code; refused unless the code is right.
pub(super) fn read(
    row: &Row,
    first: usize,
    account: AccountId,
    mac: &MacTagger,
) -> Result<(FactorRecord, Vec<u8>), StoreError> {
    let id = row.text(first)?;
    let tampered = || tampered(account, &id);
    let handle = row.opt_blob(first + 4)?;
    let handle = match handle {
        Some(octets) => Some(octets.try_into().map_err(|_| tampered())?),
        None => None,
    };
    let kind = row.text(first + 1)?;
    let record = FactorRecord {
        id: id.parse::<FactorId>().map_err(|_| tampered())?,
        account,
        // An unknown kind is a newer release's, when the code is right; here it cannot be used.
        kind: kind.parse().map_err(|_| StoreError::UnreadableRow {
            table: "factor",
            row: id.clone(),
            detail: format!("{kind:?} is no kind of second factor"),
        })?,
        label: row.text(first + 2)?,
        sealed: row.text(first + 3)?,
        handle,
        created_at: instant(row.int(first + 5)?),
        last_used_at: row.opt_int(first + 6)?.map(instant),
        counter: row.int(first + 7)?,
    };
    let code = row.blob(first + 8)?;
    if mac.is_right(&code_of(&record), &code) {
        Ok((record, code))
    } else {
        Err(tampered())
    }
}

pub(super) fn tampered(account: AccountId, row: &str) -> StoreError {
    StoreError::TamperedRow {
        table: "factor",
        row: format!("{row} of {account}"),
    }
}

/// Adds a row; `false` when its handle is taken.
pub(super) async fn insert(
    tx: &mut Tx,
    mac: &MacTagger,
    record: &FactorRecord,
) -> Result<bool, StoreError> {
    let added = tx
        .execute(
            "INSERT INTO factor (account, id, kind, label, sealed, handle, created_at, last_used_at, counter, mac)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (handle) DO NOTHING",
            &[
                record.account.to_string().as_str().into(),
                record.id.to_string().as_str().into(),
                record.kind.as_str().into(),
                record.label.as_str().into(),
                record.sealed.as_str().into(),
                Bind::Blob(record.handle.as_ref().map(<[u8; 32]>::as_slice)),
                millis(record.created_at).into(),
                record.last_used_at.map(millis).into(),
                record.counter.into(),
                (&mac.tag(&code_of(record))).into(),
            ],
        )
        .await?;
    Ok(added == 1)
}
