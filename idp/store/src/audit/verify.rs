//! Walking the whole chain (LOG-05).

use std::fmt;

use thiserror::Error;

use crate::audit::chain::{head_code, row_code, row_hash};
use crate::audit::event::PreparedEvent;
use crate::engine::Row;
use crate::error::StoreError;
use crate::store::Store;

/// Rows read at a time.
const PAGE: i64 = 1_000;

/// A chain without a break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainReport {
    /// How many rows; also the number of the last.
    pub rows: i64,
    /// Hash of the last row, in hexadecimal. Whoever notes it down elsewhere can tell later that nothing
    /// before it was rewritten, even with the key.
    pub last_hash: String,
}

/// Where the chain breaks first.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("audit row {row}: {kind}")]
pub struct Break {
    /// Number of the row.
    pub row: i64,
    /// What is wrong with it.
    pub kind: BreakKind,
}

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakKind {
    /// The row is missing.
    Missing,
    /// The row was changed, or one before it was.
    Changed,
    /// The row was written by somebody without the key.
    Forged,
    /// Rows were cut off after this one, or the end was written by somebody without the key.
    CutOff,
}

impl fmt::Display for BreakKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "is missing",
            Self::Changed => "was changed after it was written",
            Self::Forged => "was written by somebody without the key",
            Self::CutOff => {
                "is not the end that was written: rows were cut off, or the end was forged"
            }
        })
    }
}

/// Why a chain is not whole, or could not be walked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChainError {
    /// It breaks.
    #[error(transparent)]
    Broken(#[from] Break),
    /// It could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Walks the chain from its first row to its end, a page at a time.
    ///
    /// Rows that are appended meanwhile may be walked or not.
    ///
    /// # Errors
    /// [`ChainError::Broken`] names the first row that is wrong.
    pub async fn verify_audit(&self) -> Result<ChainReport, ChainError> {
        // The end first: the chain only grows, so every row up to it must be there.
        let (end, end_hash) = self.read_head().await?;
        let mut hash = [0u8; 32];
        let mut last = 0i64;
        while last < end {
            let rows = self
                .engine
                .fetch(
                    "SELECT seq, at, event, activity, account, relying_party, outcome, reason, token_id, details,
                            hash, mac
                     FROM audit WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3",
                    &[last.into(), end.into(), PAGE.into()],
                )
                .await?;
            if rows.is_empty() {
                return Err(Break {
                    row: last + 1,
                    kind: BreakKind::Missing,
                }
                .into());
            }
            for row in &rows {
                hash = self.check_row(row, last + 1, &hash)?;
                last += 1;
            }
        }
        if hash.as_slice() != end_hash.as_slice() {
            return Err(Break {
                row: last,
                kind: BreakKind::CutOff,
            }
            .into());
        }
        self.check_nothing_after(end).await?;
        Ok(ChainReport {
            rows: last,
            last_hash: hash.iter().map(|octet| format!("{octet:02x}")).collect(),
        })
    }

    async fn read_head(&self) -> Result<(i64, Vec<u8>), ChainError> {
        let row = self
            .engine
            .fetch_one("SELECT seq, hash, mac FROM audit_head WHERE id = 1", &[])
            .await?;
        let Some(row) = row else {
            return Err(Break {
                row: 0,
                kind: BreakKind::CutOff,
            }
            .into());
        };
        let (seq, hash) = (row.int(0)?, row.blob(1)?);
        if !self.mac.is_right(&head_code(seq, &hash), &row.blob(2)?) {
            return Err(Break {
                row: seq,
                kind: BreakKind::CutOff,
            }
            .into());
        }
        Ok((seq, hash))
    }

    /// A row that stands after the end, and not because somebody appended it just now, is not ours.
    async fn check_nothing_after(&self, end: i64) -> Result<(), ChainError> {
        let row = self
            .engine
            .fetch_one("SELECT MAX(seq) FROM audit", &[])
            .await?;
        let greatest = row.map_or(Ok(None), |row| row.opt_int(0))?.unwrap_or(0);
        let (now_end, _) = self.read_head().await?;
        if greatest > now_end.max(end) {
            return Err(Break {
                row: greatest,
                kind: BreakKind::Forged,
            }
            .into());
        }
        Ok(())
    }

    fn check_row(
        &self,
        row: &Row,
        expected: i64,
        before: &[u8; 32],
    ) -> Result<[u8; 32], ChainError> {
        let seq = row.int(0)?;
        if seq != expected {
            return Err(Break {
                row: expected,
                kind: BreakKind::Missing,
            }
            .into());
        }
        let changed = || Break {
            row: seq,
            kind: BreakKind::Changed,
        };
        let prepared = PreparedEvent {
            at: row.int(1)?,
            event: row.int(2)?,
            activity: row.text(3)?,
            account: row.opt_text(4)?,
            relying_party: row.opt_text(5)?,
            outcome: match row.text(6)?.as_str() {
                "success" => "success",
                "failure" => "failure",
                _ => return Err(changed().into()),
            },
            reason: row.opt_text(7)?,
            token_id: row.opt_text(8)?,
            details: row.text(9)?,
        };
        let hash = row_hash(before, seq, &prepared);
        if hash.as_slice() != row.blob(10)?.as_slice() {
            return Err(changed().into());
        }
        if !self.mac.is_right(&row_code(&hash), &row.blob(11)?) {
            return Err(Break {
                row: seq,
                kind: BreakKind::Forged,
            }
            .into());
        }
        Ok(hash)
    }
}
