//! The schema, by numbered steps.
//!
//! A step is applied once, in one transaction with its row in `schema_step`: a process killed in the middle leaves
//! the old schema. Steps only ever add (expand); what an older program still reads is removed one release
//! later (contract), so the release before runs on this schema too, and steps this program does
//! not know are left alone (F-29).

use tracing::{info, warn};

use crate::audit::head_code;
use crate::engine::{Engine, Pools, Tx};
use crate::error::StoreError;
use crate::mac::{MacTagger, sha256};
use crate::trust::{manifest_of, state_code};

struct Step {
    number: i64,
    name: &'static str,
    sql: &'static str,
}

const STEPS: [Step; 4] = [
    Step {
        number: 1,
        name: "first",
        sql: include_str!("migrations/0001_first.sql"),
    },
    Step {
        number: 2,
        name: "parked_source",
        sql: include_str!("migrations/0002_parked_source.sql"),
    },
    Step {
        number: 3,
        name: "factors",
        sql: include_str!("migrations/0003_factors.sql"),
    },
    Step {
        number: 4,
        name: "session_place",
        sql: include_str!("migrations/0004_session_place.sql"),
    },
];

pub(crate) async fn migrate(engine: &Engine, mac: &MacTagger) -> Result<(), StoreError> {
    let mut tx = engine.begin().await?;
    // Two nodes that start together: the second waits here. On SQLite the transaction itself is the lock.
    if matches!(engine.pools(), Pools::Postgres(_)) {
        tx.fetch(
            "SELECT CAST(pg_advisory_xact_lock(5346726331) AS TEXT)",
            &[],
        )
        .await?;
    }
    tx.execute(
        "CREATE TABLE IF NOT EXISTS schema_step (number BIGINT PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL)",
        &[],
    )
    .await?;
    let rows = tx
        .fetch(
            "SELECT number, digest FROM schema_step ORDER BY number",
            &[],
        )
        .await?;
    let applied = rows
        .iter()
        .map(|row| Ok((row.int(0)?, row.text(1)?)))
        .collect::<Result<Vec<_>, StoreError>>()?;
    for (number, digest) in &applied {
        match STEPS.iter().find(|step| step.number == *number) {
            Some(step) if digest_of(step) != *digest => {
                return Err(StoreError::MigrationDiffers { number: *number });
            }
            Some(_) => {}
            None => warn!(
                step = number,
                "the database has a step of a newer release; it is left alone"
            ),
        }
    }
    for step in &STEPS {
        if applied.iter().any(|(number, _)| *number == step.number) {
            continue;
        }
        apply(
            &mut tx,
            step,
            mac,
            matches!(engine.pools(), Pools::Postgres(_)),
        )
        .await
        .map_err(|error| StoreError::MigrationFailed {
            number: step.number,
            name: step.name,
            detail: error.to_string(),
        })?;
        info!(
            step = step.number,
            name = step.name,
            "the schema was brought up to date"
        );
    }
    tx.commit().await
}

async fn apply(
    tx: &mut Tx,
    step: &Step,
    mac: &MacTagger,
    postgres: bool,
) -> Result<(), StoreError> {
    for statement in statements(step.sql, postgres) {
        tx.execute_schema(statement).await?;
    }
    if step.number == 1 {
        write_beginnings(tx, mac).await?;
    }
    let digest = digest_of(step);
    tx.execute(
        "INSERT INTO schema_step (number, name, digest) VALUES ($1, $2, $3)",
        &[step.number.into(), step.name.into(), digest.as_str().into()],
    )
    .await?;
    Ok(())
}

/// The first version of the trust configuration and the beginning of the audit chain. Written with the tables and
/// never again: whoever empties these tables later is found out.
async fn write_beginnings(tx: &mut Tx, mac: &MacTagger) -> Result<(), StoreError> {
    let manifest = manifest_of(&[]);
    tx.execute(
        "INSERT INTO trust_state (id, version, manifest, mac) VALUES (1, 0, $1, $2)",
        &[
            (&manifest).into(),
            (&mac.tag(&state_code(0, &manifest))).into(),
        ],
    )
    .await?;
    let genesis = [0u8; 32];
    tx.execute(
        "INSERT INTO audit_head (id, seq, hash, mac) VALUES (1, 0, $1, $2)",
        &[
            (&genesis).into(),
            (&mac.tag(&head_code(0, &genesis))).into(),
        ],
    )
    .await?;
    tx.execute("INSERT INTO audit_indexed (id, seq) VALUES (1, 0)", &[])
        .await?;
    Ok(())
}

/// The statements of a step, in this engine's words: PostgreSQL calls a BLOB a BYTEA, and SQLite keeps a table in
/// the order of its numbers, without a second tree, only when the column is an INTEGER.
fn statements(sql: &'static str, postgres: bool) -> Vec<String> {
    let bare: Vec<&str> = sql
        .lines()
        .map(|line| line.split("--").next().unwrap_or(""))
        .collect();
    bare.join("\n")
        .split(';')
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
        .map(|statement| {
            if postgres {
                statement.replace(" BLOB", " BYTEA")
            } else {
                statement.replace(" BIGINT PRIMARY KEY", " INTEGER PRIMARY KEY")
            }
        })
        .collect()
}

fn digest_of(step: &Step) -> String {
    sha256(step.sql.as_bytes())
        .iter()
        .take(16)
        .map(|octet| format!("{octet:02x}"))
        .collect()
}
