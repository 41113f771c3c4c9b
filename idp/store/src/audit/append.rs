//! Appending rows to the chain, inside a transaction of the caller.

use crate::audit::chain::{head_code, row_code, row_hash};
use crate::audit::event::PreparedEvent;
use crate::batch::Batch;
use crate::engine::{Bind, Tx};
use crate::error::StoreError;
use crate::mac::MacTagger;

static INSERT: Batch = Batch::new(
    "INSERT INTO audit (seq, at, event, activity, account, relying_party, outcome, reason, token_id, details, hash, mac)",
    12,
    "",
);

/// Appends `rows` in their order; the number of the first. Takes the lock of the chain's end until the
/// transaction ends, so it comes last in a transaction that locks other rows.
pub(crate) async fn append(
    tx: &mut Tx,
    mac: &MacTagger,
    rows: &[&PreparedEvent],
) -> Result<i64, StoreError> {
    let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let head = tx
        .fetch_one(
            "UPDATE audit_head SET seq = seq + $1 WHERE id = 1 RETURNING seq, hash, mac",
            &[count.into()],
        )
        .await?
        .ok_or(StoreError::TamperedRow {
            table: "audit_head",
            row: "1".into(),
        })?;
    let last = head.int(0)?.saturating_sub(count);
    let tampered = || StoreError::TamperedRow {
        table: "audit_head",
        row: "1".into(),
    };
    if !mac.is_right(&head_code(last, &head.blob(1)?), &head.blob(2)?) {
        return Err(tampered());
    }
    let mut hash: [u8; 32] = head.blob(1)?.try_into().map_err(|_| tampered())?;
    let mut chained = Vec::with_capacity(rows.len());
    for (seq, row) in (last + 1..).zip(rows) {
        hash = row_hash(&hash, seq, row);
        chained.push((seq, *row, hash, mac.tag(&row_code(&hash))));
    }
    insert(tx, &chained).await?;
    let end = last.saturating_add(count);
    tx.execute(
        "UPDATE audit_head SET hash = $1, mac = $2 WHERE id = 1",
        &[(&hash).into(), (&mac.tag(&head_code(end, &hash))).into()],
    )
    .await?;
    Ok(last + 1)
}

type Chained<'a> = (i64, &'a PreparedEvent, [u8; 32], [u8; 32]);

async fn insert(tx: &mut Tx, mut rows: &[Chained<'_>]) -> Result<(), StoreError> {
    while let Some((sql, size)) = INSERT.for_rows(rows.len()) {
        let (now, later) = rows.split_at(size);
        let mut binds: Vec<Bind<'_>> = Vec::with_capacity(size * 12);
        for (seq, row, hash, code) in now {
            binds.extend([
                Bind::from(*seq),
                row.at.into(),
                row.event.into(),
                row.activity.as_str().into(),
                row.account.as_deref().into(),
                row.relying_party.as_deref().into(),
                row.outcome.into(),
                row.reason.as_deref().into(),
                row.token_id.as_deref().into(),
                row.details.as_str().into(),
                hash.into(),
                code.into(),
            ]);
        }
        tx.execute(sql, &binds).await?;
        rows = later;
    }
    Ok(())
}
