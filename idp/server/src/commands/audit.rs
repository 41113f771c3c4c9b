//! `signet audit`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;
use signet_store::audit::{AuditFilter, AuditRow};

use super::admin::Admin;
use super::output::{Output, one_line, table};
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

impl Shown {
    fn said(&self, key: &str) -> Option<&str> {
        self.details.get(key).and_then(Value::as_str)
    }
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
    let parties = party_names(admin).await;
    output.show(&rows, || text(&rows, &parties));
    Ok(())
}

/// The relying parties' names by id. A trust configuration that cannot be read must not hide what happened.
async fn party_names(admin: &Admin) -> BTreeMap<String, String> {
    let trust = admin.trust().await.unwrap_or_default();
    let parties = trust.relying_parties.into_iter();
    parties
        .map(|party| (party.id.to_string(), party.name))
        .collect()
}

fn text(rows: &[Shown], parties: &BTreeMap<String, String>) -> String {
    // Most rows have the account's objectGUID alone; another of the same person has the name.
    let people: BTreeMap<&str, &str> = rows
        .iter()
        .filter_map(|row| Some((row.account.as_deref()?, row.said("user")?)))
        .collect();
    let lines: Vec<_> = rows
        .iter()
        .map(|row| {
            let account = row.account.as_deref().unwrap_or_default();
            let who = row
                .said("user")
                .or_else(|| row.said("editor"))
                .or_else(|| people.get(account).copied())
                .unwrap_or(account);
            let party = row.relying_party.as_deref().unwrap_or_default();
            let party = row
                .said("relying_party")
                .or_else(|| parties.get(party).map(String::as_str))
                .unwrap_or(party);
            vec![
                row.number.to_string(),
                row.at.clone(),
                row.event.to_string(),
                row.outcome.clone(),
                row.reason.clone().unwrap_or_default(),
                cell(who),
                cell(party),
                row.activity.clone(),
                cell(&detail(row)),
            ]
        })
        .collect();
    let head = [
        "ROW",
        "TIME",
        "EVENT",
        "OUTCOME",
        "REASON",
        "WHO",
        "RELYING PARTY",
        "ACTIVITY",
        "DETAIL",
    ];
    table(&head, &lines)
}

/// What a row says besides, in the order of reading, and the word before it.
const FACTS: &[(&str, &str)] = &[
    ("/protocol", ""),
    ("/issuer", "issuer "),
    ("/reply_to", "to "),
    ("/methods", "by "),
    ("/factor", "factor "),
    ("/certificate/subject", "certificate "),
    ("/why", ""),
    ("/count", "sessions: "),
    ("/directory", "directory "),
    ("/sessions_ended", "sessions ended: "),
    ("/refused_claims", "refused claims: "),
];

/// Why it went as it did, and what was issued or changed.
fn detail(row: &Shown) -> String {
    let mut parts: Vec<String> = Vec::new();
    match row.said("detail") {
        Some(detail) => parts.push(detail.to_owned()),
        None => parts.extend(FACTS.iter().filter_map(|(at, word)| {
            let fact = short(row.details.pointer(at)?)?;
            Some(format!("{word}{fact}"))
        })),
    }
    parts.extend(row.details.get("change").map(changed));
    parts.extend(row.token_id.as_ref().map(|id| format!("token {id}")));
    let address = row.said("IpAddress");
    parts.extend(address.map(|address| format!("from {address}")));
    let left_out = row.details.get("left_out_before").and_then(short);
    parts.extend(left_out.map(|rows| format!("rows left out before: {rows}")));
    parts.join("; ")
}

/// A fact in a few words; nothing and none are no facts.
fn short(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.as_i64() != Some(0) => number.to_string(),
        Value::Array(all) => {
            let all: Vec<_> = all.iter().filter_map(Value::as_str).collect();
            all.join(", ")
        }
        _ => String::new(),
    };
    (!text.is_empty()).then_some(text)
}

/// Which entry of the configuration was changed; before and after are in the JSON.
fn changed(change: &Value) -> String {
    let said = |at: &str| change.pointer(at).and_then(Value::as_str);
    if let Some(version) = change.get("restored_version") {
        return format!("version {version} of the store restored");
    }
    let present = |at: &str| change.get(at).is_some_and(|value| !value.is_null());
    let what = said("/what").unwrap_or(match (present("before"), present("after")) {
        (false, true) => "added",
        (true, true) => "changed",
        _ => "removed",
    });
    let name = said("/after/name")
        .or_else(|| said("/before/name"))
        .or_else(|| said("/id"));
    let role = said("/after/role").map(|role| format!(" ({role})"));
    format!(
        "{} {} {what}{}",
        said("/kind").unwrap_or_default(),
        name.unwrap_or_default(),
        role.unwrap_or_default()
    )
}

/// What people typed must not break the table; the rest is in the JSON.
fn cell(text: &str) -> String {
    const LONGEST: usize = 400;
    let mut line: String = one_line(text).chars().take(LONGEST).collect();
    if text.chars().nth(LONGEST).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(number: i64, event: u16, account: Option<&str>, details: Value) -> Shown {
        Shown {
            number,
            at: "2026-11-21T12:00:00.000Z".to_owned(),
            event,
            outcome: "failure".to_owned(),
            reason: None,
            activity: "activity".to_owned(),
            account: account.map(str::to_owned),
            relying_party: Some("party-1".to_owned()),
            token_id: None,
            details,
        }
    }

    #[test]
    fn the_text_says_who_for_whom_and_why() {
        let mut issued = row(
            2,
            1200,
            Some("guid-1"),
            json!({
                "user": "CORP\\alice", "relying_party": "Entra", "protocol": "ws-federation",
                "issuer": "http://contoso.com/adfs/services/trust/", "reply_to": "https://login.example/",
                "refused_claims": [], "methods": ["Password"], "IpAddress": "10.1.2.3"
            }),
        );
        issued.token_id = Some("_7731".to_owned());
        let refused = row(
            3,
            1201,
            Some("guid-1"),
            json!({ "detail": "no domain covers alice@fabrikam.com", "left_out_before": 0 }),
        );
        let stranger = row(
            4,
            1203,
            Some("guid-2"),
            json!({ "detail": "wrong password" }),
        );
        let parties = BTreeMap::from([("party-1".to_owned(), "Entra".to_owned())]);
        let shown = text(&[issued, refused, stranger], &parties);
        let lines: Vec<_> = shown.lines().collect();
        for part in [
            "CORP\\alice",
            "Entra",
            "ws-federation; issuer http://contoso.com/adfs/services/trust/; to https://login.example/; by Password; token _7731; from 10.1.2.3",
        ] {
            assert!(lines[1].contains(part), "{shown}");
        }
        assert!(
            lines[2].contains("CORP\\alice") && lines[2].contains("Entra"),
            "{shown}"
        );
        assert!(
            lines[2].ends_with("no domain covers alice@fabrikam.com"),
            "{shown}"
        );
        assert!(
            lines[3].contains("guid-2") && lines[3].ends_with("wrong password"),
            "{shown}"
        );
    }

    #[test]
    fn a_change_is_told_in_a_few_words() {
        for (change, said) in [
            (
                json!({ "kind": "relying-party", "id": "1", "before": { "name": "Old" }, "after": { "name": "Wiki" } }),
                "relying-party Wiki changed",
            ),
            (
                json!({ "kind": "signing-key", "id": "AB01", "before": null, "after": { "role": "next" } }),
                "signing-key AB01 added (next)",
            ),
            (
                json!({ "kind": "sessions", "id": "guid", "after": null }),
                "sessions guid removed",
            ),
            (
                json!({ "kind": "second-factor", "id": "guid", "what": "enrolled", "factor": "totp" }),
                "second-factor guid enrolled",
            ),
            (
                json!({ "restored_version": 7, "version": 9 }),
                "version 7 of the store restored",
            ),
        ] {
            assert_eq!(changed(&change), said);
        }
    }

    #[test]
    fn sec_log_01_what_was_typed_moves_no_cursor_in_the_table() {
        let details = json!({ "detail": "a\r\nb\u{1b}[31mc\u{202e}d", "user": "x\ny" });
        let shown = text(&[row(1, 1203, None, details)], &BTreeMap::new());
        assert_eq!(shown.lines().count(), 2);
        assert!(!shown.contains(['\r', '\u{1b}', '\u{202e}']), "{shown:?}");
        assert!(cell(&"x".repeat(500)).chars().count() == 401);
    }
}
