//! `signet account`: what is counted against somebody who cannot sign in, here and at the directory.

mod sessions;

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use signet_authn::{AccountCounters, CounterState, Guard};
use signet_directory::{Candidate, Directory, LockoutStatus, LoginName, PasswordPolicy};
use signet_model::{ActivityId, FactorKind, FactorRecord};
use signet_store::{AuditEvent, EventNumber, Outcome, StoreError};

use self::sessions::{SessionShown, sessions};
use super::admin::{Admin, editor};
use super::output::{Output, table};
use super::{Done, Failure, block_on};
use crate::cli::AccountCommand;
use crate::house::{StoreLedger, open_directories};

pub(super) fn run(path: &Path, command: AccountCommand, output: &Output) -> Done {
    block_on(async {
        let admin = Admin::open(path).await?;
        let key = admin.master.mac("attempt-buckets")?.tag(b"key");
        let ledger = Arc::new(StoreLedger::new(admin.store.clone()));
        let guard = Guard::new(ledger, admin.config.lockout.settings(), &key);
        let (AccountCommand::Show { name }
        | AccountCommand::Unlock { name }
        | AccountCommand::ResetFactors { name }
        | AccountCommand::SignOut { name }) = &command;
        let desk = Desk::open(&admin, guard, name).await?;
        match command {
            AccountCommand::Show { .. } => {}
            AccountCommand::Unlock { .. } => desk.unlock(&admin).await?,
            AccountCommand::ResetFactors { .. } => desk.reset_factors(&admin).await?,
            AccountCommand::SignOut { .. } => desk.sign_out(&admin).await?,
        }
        let shown = desk.show(&admin).await?;
        output.show(&shown, || text(&shown));
        Ok(())
    })
}

/// One account at the help desk.
struct Desk {
    guard: Guard,
    directory: Arc<dyn Directory>,
    candidate: Candidate,
    policy: Option<Arc<PasswordPolicy>>,
}

impl Desk {
    async fn open(admin: &Admin, guard: Guard, typed: &str) -> Result<Self, Failure> {
        let config = &admin.config;
        let directories = open_directories(config, &admin.clock)?;
        let default = config
            .directories
            .iter()
            .find(|directory| directory.default)
            .or(match config.directories.as_slice() {
                [only] => Some(only),
                _ => None,
            })
            .map(|directory| directory.domain.as_str());
        let name = LoginName::parse(typed, default)
            .map_err(|error| Failure(format!("{typed:?}: {}", error.message().public)))?;
        let directory = Arc::clone(directories.for_name(&name)?);
        let candidate = directory
            .find(&name)
            .await?
            .ok_or_else(|| Failure(format!("{typed:?}: no account has this name")))?;
        Ok(Self {
            policy: directory.policy_of(&candidate).await.ok(),
            guard,
            directory,
            candidate,
        })
    }

    async fn show(&self, admin: &Admin) -> Result<Shown, Failure> {
        let now = admin.clock.now();
        let factors = admin.store.load_factors(self.candidate.id).await?;
        let lockout = self.policy.as_ref().and_then(|policy| policy.lockout);
        let counters = self
            .guard
            .counters(self.candidate.id, lockout.as_ref(), now)
            .await?;
        let status = self.directory.lockout_status(self.candidate.id).await?;
        Ok(Shown {
            account: self.candidate.id.to_string(),
            name: self.candidate.sam.clone(),
            directory: self.candidate.directory.to_string(),
            factors: factors.iter().map(Factor::from).collect(),
            sessions: sessions(admin, self.candidate.id).await?,
            recovery_codes: admin.store.recovery_codes_left(self.candidate.id).await?,
            counters: Counters::from(&counters),
            familiar_places: counters
                .familiar
                .iter()
                .copied()
                .map(signet_xml::instant)
                .collect(),
            directory_lockout: status.as_ref().map(AtDirectory::from),
            directory_threshold: lockout.map(|lockout| lockout.threshold.get()),
        })
    }

    async fn unlock(&self, admin: &Admin) -> Done {
        let before = self.show(admin).await?;
        let change = json!({ "kind": "attempt-counters", "id": before.account, "before": before.counters, "after": null });
        self.write_down(admin, change).await?;
        self.guard.unlock(self.candidate.id).await?;
        Ok(())
    }

    async fn reset_factors(&self, admin: &Admin) -> Done {
        let id = self.candidate.id;
        // Rows that somebody changed by hand are just what has to go.
        let before = match admin.store.load_factors(id).await {
            Ok(factors) => json!(factors.iter().map(Factor::from).collect::<Vec<_>>()),
            Err(fault @ StoreError::TamperedRow { .. }) => {
                json!({ "unreadable": fault.message().private })
            }
            Err(error) => return Err(error.into()),
        };
        let change =
            json!({ "kind": "second-factor", "id": id.to_string(), "before": before, "after": [] });
        self.write_down(admin, change).await?;
        admin.store.reset_factors(self.candidate.id).await?;
        // A session that the lost factor opened must not outlive it.
        admin.store.end_sessions_of(self.candidate.id).await?;
        Ok(())
    }

    async fn sign_out(&self, admin: &Admin) -> Done {
        let change =
            json!({ "kind": "sessions", "id": self.candidate.id.to_string(), "after": null });
        self.write_down(admin, change).await?;
        admin.store.end_sessions_of(self.candidate.id).await?;
        Ok(())
    }

    /// Comes before the change: what cannot be written down is not done.
    async fn write_down(&self, admin: &Admin, change: Value) -> Done {
        let event = AuditEvent {
            event: EventNumber::CONFIGURATION_CHANGED,
            at: admin.clock.now(),
            activity: ActivityId::random(),
            account: Some(self.candidate.id),
            relying_party: None,
            outcome: Outcome::Success,
            reason: None,
            token_id: None,
            details: json!({ "editor": editor(), "change": change }),
        };
        admin.store.record(&event).await?;
        Ok(())
    }
}

#[derive(Serialize)]
struct Shown {
    account: String,
    name: String,
    directory: String,
    /// The oldest first.
    factors: Vec<Factor>,
    /// The one used last first.
    sessions: Vec<SessionShown>,
    /// Unused ones.
    recovery_codes: u32,
    counters: Counters,
    /// When each was used last.
    familiar_places: Vec<String>,
    directory_lockout: Option<AtDirectory>,
    directory_threshold: Option<u32>,
}

#[derive(Serialize)]
struct Factor {
    id: String,
    kind: FactorKind,
    label: String,
    set_up: String,
    last_used: Option<String>,
}

impl From<&FactorRecord> for Factor {
    fn from(record: &FactorRecord) -> Self {
        Self {
            id: record.id.to_string(),
            kind: record.kind,
            label: record.label.clone(),
            set_up: signet_xml::instant(record.created_at),
            last_used: record.last_used_at.map(signet_xml::instant),
        }
    }
}

#[derive(Serialize)]
struct Counters {
    familiar: Counter,
    unknown: Counter,
    all: Counter,
}

impl From<&AccountCounters> for Counters {
    fn from(counters: &AccountCounters) -> Self {
        Self {
            familiar: counters.near.into(),
            unknown: counters.far.into(),
            all: counters.all.into(),
        }
    }
}

#[derive(Serialize)]
struct Counter {
    failures: u32,
    under_way: u32,
    limit: Option<u32>,
    refuses: bool,
    last_try: Option<String>,
    until: Option<String>,
}

impl From<CounterState> for Counter {
    fn from(state: CounterState) -> Self {
        Self {
            failures: state.failures,
            under_way: state.under_way,
            limit: state.limit,
            refuses: state.is_full(),
            last_try: state.last_try.map(signet_xml::instant),
            until: state.until.map(signet_xml::instant),
        }
    }
}

#[derive(Serialize)]
struct AtDirectory {
    controller: String,
    locked: bool,
    bad_passwords: u32,
    last_bad_password: Option<String>,
    locked_since: Option<String>,
}

impl From<&LockoutStatus> for AtDirectory {
    fn from(status: &LockoutStatus) -> Self {
        Self {
            controller: status.controller.to_string(),
            locked: status.locked,
            bad_passwords: status.bad_passwords,
            last_bad_password: status.last_bad_password.map(signet_xml::instant),
            locked_since: status.locked_since.map(signet_xml::instant),
        }
    }
}

fn text(shown: &Shown) -> String {
    let row = |place: &str, counter: &Counter| {
        vec![
            place.to_owned(),
            counter.failures.to_string(),
            counter
                .limit
                .map_or_else(|| "-".to_owned(), |limit| limit.to_string()),
            if counter.refuses {
                "refuses"
            } else {
                "lets through"
            }
            .to_owned(),
            counter.until.clone().unwrap_or_else(|| "-".to_owned()),
        ]
    };
    let counters = &shown.counters;
    let counted = table(
        &["PLACES", "WRONG", "LIMIT", "NOW", "COUNT ENDS"],
        &[
            row("familiar or inside", &counters.familiar),
            row("unknown", &counters.unknown),
            row("all together", &counters.all),
        ],
    );
    let directory = match &shown.directory_lockout {
        None => "The directory does not know the account any more.".to_owned(),
        Some(status) => format!(
            "The directory ({}) {}, and has counted {} wrong passwords{}.",
            status.controller,
            if status.locked {
                "HAS LOCKED the account"
            } else {
                "has not locked the account"
            },
            status.bad_passwords,
            shown
                .directory_threshold
                .map(|threshold| format!("; it locks at {threshold}"))
                .unwrap_or_default()
        ),
    };
    let factors = match shown.factors.as_slice() {
        [] => "No second factor is set up.".to_owned(),
        factors => {
            let rows: Vec<_> = factors
                .iter()
                .map(|one| {
                    vec![
                        one.kind.to_string(),
                        one.label.clone(),
                        one.set_up.clone(),
                        one.last_used.clone().unwrap_or_else(|| "-".to_owned()),
                    ]
                })
                .collect();
            let listed = table(&["SECOND FACTOR", "NAME", "SET UP", "LAST USED"], &rows);
            format!("{listed}\n{} recovery codes left", shown.recovery_codes)
        }
    };
    format!(
        "{} of {} ({})\n\n{factors}\n\n{}\n\n{counted}\n\n{} familiar places{}\n{directory}",
        shown.name,
        shown.directory,
        shown.account,
        sessions::text(&shown.sessions),
        shown.familiar_places.len(),
        shown
            .familiar_places
            .first()
            .map(|last| format!(", the last one used {last}"))
            .unwrap_or_default()
    )
}
