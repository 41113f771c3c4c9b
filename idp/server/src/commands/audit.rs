//! `signet audit`.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;
use signet_store::audit::{AuditFilter, AuditRow};

use super::admin::Admin;
use super::output::{Output, table};
use super::{Done, Failure, block_on};
use crate::cli::AuditCommand;

pub(super) fn run(path: &Path, command: AuditCommand, output: &Output) -> Done {
    block_on(async {
        let admin = Admin::open(path).await?;
        match command {
            AuditCommand::Verify => verify(&admin, output).await,
            AuditCommand::Tail { number, activity } => {
                tail(&admin, number, activity.as_deref(), output).await
            }
        }
    })
}

#[derive(Serialize)]
struct Verified {
    rows: i64,
    last_hash: String,
}

async fn verify(admin: &Admin, output: &Output) -> Done {
    let report = admin.store.verify_audit().await?;
    let verified = Verified {
        rows: report.rows,
        last_hash: report.last_hash,
    };
    output.show(&verified, || {
        format!(
            "The chain of {} rows is whole; its last hash is {}.",
            verified.rows, verified.last_hash
        )
    });
    Ok(())
}

#[derive(Serialize)]
struct Shown {
    number: i64,
    at: String,
    event: u16,
    outcome: String,
    reason: Option<String>,
    activity: String,
    account: Option<String>,
    relying_party: Option<String>,
    token_id: Option<String>,
    details: Value,
}

impl From<AuditRow> for Shown {
    fn from(row: AuditRow) -> Self {
        Self {
            number: row.seq,
            at: signet_xml::instant(row.at),
            event: row.event,
            outcome: row.outcome,
            reason: row.reason,
            activity: row.activity,
            account: row.account,
            relying_party: row.relying_party,
            token_id: row.token_id,
            details: row.details,
        }
    }
}

async fn tail(admin: &Admin, number: u32, activity: Option<&str>, output: &Output) -> Done {
    let activity = activity
        .map(|text| text.parse().map_err(|_| Failure(format!("{text:?} is not an activity id; it looks like 01234567-89ab-cdef-0123-456789abcdef"))))
        .transpose()?;
    let filter = AuditFilter {
        activity,
        ..AuditFilter::default()
    };
    let mut rows: Vec<Shown> = admin
        .store
        .list_audit(&filter, number)
        .await?
        .into_iter()
        .map(Shown::from)
        .collect();
    rows.sort_by_key(|row| row.number);
    output.show(&rows, || {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let lines: Vec<_> = rows
            .iter()
            .map(|row| {
                let who = row
                    .details
                    .get("user")
                    .or_else(|| row.details.get("editor"))
                    .and_then(Value::as_str)
                    .map_or_else(|| text(&row.account), str::to_owned);
                vec![
                    row.number.to_string(),
                    row.at.clone(),
                    row.event.to_string(),
                    row.outcome.clone(),
                    text(&row.reason),
                    who,
                    row.activity.clone(),
                ]
            })
            .collect();
        table(
            &[
                "ROW", "TIME", "EVENT", "OUTCOME", "REASON", "WHO", "ACTIVITY",
            ],
            &lines,
        )
    });
    Ok(())
}
