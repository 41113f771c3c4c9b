//! Enrolled factors: listed, added, used, removed.

use signet_model::{AccountId, FactorAdded, FactorId, FactorRecord};
use time::OffsetDateTime;

use crate::engine::Tx;
use crate::error::StoreError;
use crate::factors::columns::{code_of, code_of_set, ids_of, insert, read, tampered};
use crate::instant::millis;
use crate::mac::MacTagger;
use crate::store::Store;

/// The most factors of one account.
pub const MOST_FACTORS: usize = 20;
/// How often a use is tried again when another node used the same factor in between.
const RACES: u32 = 8;

impl Store {
    /// The factors of an account, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::TamperedRow`]: a row was changed, added or removed by somebody who does not hold the key. The
    /// person must be refused then, not treated as one without a second factor.
    pub async fn load_factors(&self, account: AccountId) -> Result<Vec<FactorRecord>, StoreError> {
        let text = account.to_string();
        // One statement is one moment: a factor added meanwhile is in both tables or in neither.
        let rows = self
            .engine
            .fetch(
                "SELECT a.version, a.ids, a.mac, f.id, f.kind, f.label, f.sealed, f.handle, f.created_at, f.last_used_at, f.counter, f.mac
                 FROM (SELECT $1 AS account) p
                 LEFT JOIN factor_account a ON a.account = p.account
                 LEFT JOIN factor f ON f.account = p.account",
                &[text.as_str().into()],
            )
            .await?;
        let mut factors = Vec::new();
        let mut set = None;
        for row in &rows {
            if let (Some(version), Some(ids)) = (row.opt_int(0)?, row.opt_text(1)?) {
                set = Some((version, ids, row.blob(2)?));
            }
            if row.opt_text(3)?.is_some() {
                factors.push(read(row, 3, account, &self.mac)?.0);
            }
        }
        check_set(&self.mac, account, &factors, set)?;
        factors.sort_by_key(|factor| (factor.created_at, factor.id));
        Ok(factors)
    }

    /// Adds a factor; with `first_only` only to an account that has none.
    ///
    /// # Errors
    /// The database is not available, or the account's rows were tampered with; nothing was added.
    pub async fn add_factor(
        &self,
        record: &FactorRecord,
        first_only: bool,
    ) -> Result<FactorAdded, StoreError> {
        let mut tx = self.engine.begin().await?;
        let mut set = lock_set(&mut tx, &self.mac, record.account).await?;
        if first_only && !set.ids.is_empty() {
            return Ok(FactorAdded::NotTheFirst);
        }
        if set.ids.len() >= MOST_FACTORS {
            return Ok(FactorAdded::TooMany);
        }
        if !insert(&mut tx, &self.mac, record).await? {
            return Ok(FactorAdded::HandleTaken);
        }
        set.ids.push(record.id.to_string());
        write_set(&mut tx, &self.mac, record.account, set).await?;
        tx.commit().await?;
        Ok(FactorAdded::Added)
    }

    /// Removes a factor of the account; `false` when there is none such. With the last factor the recovery codes go.
    ///
    /// # Errors
    /// The database is not available, or the account's rows were tampered with; nothing was removed.
    pub async fn remove_factor(
        &self,
        account: AccountId,
        id: FactorId,
    ) -> Result<bool, StoreError> {
        let text = account.to_string();
        let mut tx = self.engine.begin().await?;
        let mut set = lock_set(&mut tx, &self.mac, account).await?;
        let removed = tx
            .execute(
                "DELETE FROM factor WHERE account = $1 AND id = $2",
                &[text.as_str().into(), id.to_string().as_str().into()],
            )
            .await?;
        if removed == 0 {
            return Ok(false);
        }
        set.ids.retain(|known| *known != id.to_string());
        if set.ids.is_empty() {
            tx.execute(
                "DELETE FROM recovery_code WHERE account = $1",
                &[text.as_str().into()],
            )
            .await?;
        }
        write_set(&mut tx, &self.mac, account, set).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Removes every factor, recovery code and ceremony of an account, whatever state its rows are in; how many factors
    /// there were. For the help desk.
    ///
    /// # Errors
    /// The database is not available; nothing was removed.
    pub async fn reset_factors(&self, account: AccountId) -> Result<u64, StoreError> {
        let text = account.to_string();
        let mut tx = self.engine.begin().await?;
        let version = touch_set(&mut tx, &text).await?;
        let removed = tx
            .execute(
                "DELETE FROM factor WHERE account = $1",
                &[text.as_str().into()],
            )
            .await?;
        for sql in [
            "DELETE FROM recovery_code WHERE account = $1",
            "DELETE FROM factor_challenge WHERE account = $1",
        ] {
            tx.execute(sql, &[text.as_str().into()]).await?;
        }
        let set = Set {
            version,
            ids: Vec::new(),
        };
        write_set(&mut tx, &self.mac, account, set).await?;
        tx.commit().await?;
        Ok(removed)
    }

    /// Notes a use. With `counter` it has to be greater than every counter used before: `true` for the one caller, on all
    /// nodes together, that moved it forward. Without, only the time is noted.
    ///
    /// # Errors
    /// The database is not available, or the row was tampered with: treat as a wrong code.
    pub async fn use_factor(
        &self,
        account: AccountId,
        id: FactorId,
        counter: Option<i64>,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let (text, id) = (account.to_string(), id.to_string());
        for _ in 0..RACES {
            let mut tx = self.engine.begin().await?;
            let row = tx
                .fetch_one(
                    "SELECT id, kind, label, sealed, handle, created_at, last_used_at, counter, mac
                     FROM factor WHERE account = $1 AND id = $2",
                    &[text.as_str().into(), id.as_str().into()],
                )
                .await?;
            let Some(row) = row else {
                return Ok(false);
            };
            let (mut record, code) = read(&row, 0, account, &self.mac)?;
            if counter.is_some_and(|counter| counter <= record.counter) {
                return Ok(false);
            }
            record.counter = counter.unwrap_or(record.counter);
            record.last_used_at = Some(now);
            // Only the row that was read: its code changes with every use.
            let changed = tx
                .execute(
                    "UPDATE factor SET counter = $3, last_used_at = $4, mac = $5 WHERE account = $1 AND id = $2 AND mac = $6",
                    &[
                        text.as_str().into(),
                        id.as_str().into(),
                        record.counter.into(),
                        millis(now).into(),
                        (&self.mac.tag(&code_of(&record))).into(),
                        code.as_slice().into(),
                    ],
                )
                .await?;
            if changed == 1 {
                tx.commit().await?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The factors an account should have, and the version of that list.
struct Set {
    version: i64,
    ids: Vec<String>,
}

fn check_set(
    mac: &MacTagger,
    account: AccountId,
    factors: &[FactorRecord],
    set: Option<(i64, String, Vec<u8>)>,
) -> Result<(), StoreError> {
    let found = ids_of(factors.iter().map(|factor| factor.id.to_string()).collect());
    match set {
        None if found.is_empty() => Ok(()),
        Some((version, ids, code))
            if ids == found
                && mac.is_right(&code_of_set(&account.to_string(), version, &ids), &code) =>
        {
            Ok(())
        }
        _ => Err(tampered(account, "the list")),
    }
}

/// Makes other nodes wait that change the same account's factors; what the account has, checked.
async fn lock_set(tx: &mut Tx, mac: &MacTagger, account: AccountId) -> Result<Set, StoreError> {
    let text = account.to_string();
    let version = touch_set(tx, &text).await?;
    let listed = tx
        .fetch_one(
            "SELECT ids, mac FROM factor_account WHERE account = $1",
            &[text.as_str().into()],
        )
        .await?;
    let rows = tx
        .fetch(
            "SELECT id FROM factor WHERE account = $1",
            &[text.as_str().into()],
        )
        .await?;
    let found: Vec<String> = rows
        .iter()
        .map(|row| row.text(0))
        .collect::<Result<_, _>>()?;
    let (ids, code) = match listed {
        Some(row) => (row.text(0)?, row.blob(1)?),
        None => return Err(tampered(account, "the list")),
    };
    // The first touch made the row, empty and without a code.
    let before = version.saturating_sub(1);
    let authentic = if version == 1 {
        ids.is_empty() && code.is_empty()
    } else {
        mac.is_right(&code_of_set(&text, before, &ids), &code)
    };
    if authentic && ids_of(found.clone()) == ids {
        Ok(Set {
            version,
            ids: found,
        })
    } else {
        Err(tampered(account, "the list"))
    }
}

/// Counts the version up, which holds the row until the transaction ends; the new version.
async fn touch_set(tx: &mut Tx, account: &str) -> Result<i64, StoreError> {
    tx.execute(
        "INSERT INTO factor_account (account, version, ids, mac) VALUES ($1, 1, '', $2)
         ON CONFLICT (account) DO UPDATE SET version = factor_account.version + 1",
        &[account.into(), (&[] as &[u8]).into()],
    )
    .await?;
    let row = tx
        .fetch_one(
            "SELECT version FROM factor_account WHERE account = $1",
            &[account.into()],
        )
        .await?;
    row.map_or(Ok(1), |row| row.int(0))
}

async fn write_set(
    tx: &mut Tx,
    mac: &MacTagger,
    account: AccountId,
    set: Set,
) -> Result<(), StoreError> {
    let text = account.to_string();
    let ids = ids_of(set.ids);
    tx.execute(
        "UPDATE factor_account SET ids = $2, mac = $3 WHERE account = $1",
        &[
            text.as_str().into(),
            ids.as_str().into(),
            (&mac.tag(&code_of_set(&text, set.version, &ids))).into(),
        ],
    )
    .await
    .map(drop)
}
