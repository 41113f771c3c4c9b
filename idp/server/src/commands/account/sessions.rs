//! The sessions of one account, for the help desk.

use serde::Serialize;
use signet_model::{AccountId, Method};
use signet_store::ListedSession;
use time::Duration;

use crate::commands::Failure;
use crate::commands::admin::Admin;
use crate::commands::output::table;
use crate::house::{SHOWN, evidence_of, session_seal};

/// One session.
#[derive(Serialize)]
pub(super) struct SessionShown {
    /// As the audit calls it.
    id: String,
    began: String,
    last_used: String,
    ends: String,
    /// From where it was signed in to.
    address: Option<String>,
    browser: Option<String>,
    platform: Option<String>,
    /// What was performed, the first factor first.
    methods: Vec<Method>,
    applications: Vec<String>,
}

/// The living ones, at most as many as the person sees.
pub(super) async fn sessions(
    admin: &Admin,
    account: AccountId,
) -> Result<Vec<SessionShown>, Failure> {
    let seal = session_seal(&admin.master)?;
    let idle = Duration::minutes(i64::from(admin.config.session.idle_minutes));
    let now = admin.clock.now();
    let listed = admin.store.sessions_of(account, None, SHOWN, idle, now);
    let listed = listed.await?;
    if listed.is_empty() {
        return Ok(Vec::new());
    }
    let trust = admin.trust().await?;
    let named = |one: &signet_store::Participant| {
        let party = trust
            .relying_parties
            .iter()
            .find(|party| party.id == one.relying_party);
        party.map_or_else(|| one.relying_party.to_string(), |party| party.name.clone())
    };
    let shown = |one: ListedSession| {
        let evidence = evidence_of(&seal, &one);
        let (session, place) = (one.session, one.place);
        let began = evidence.as_ref().map(|stored| stored.signed_in_at());
        let methods = evidence
            .iter()
            .flat_map(|stored| stored.evidence().performed());
        SessionShown {
            id: session.id.to_string(),
            began: signet_xml::instant(began.unwrap_or(session.created_at)),
            last_used: signet_xml::instant(session.last_seen_at),
            ends: signet_xml::instant(session.expires_at),
            address: place.address,
            browser: place.browser,
            platform: place.platform,
            methods: methods.map(|performed| performed.method).collect(),
            applications: one.participants.iter().map(named).collect(),
        }
    };
    Ok(listed.into_iter().map(shown).collect())
}

pub(super) fn text(sessions: &[SessionShown]) -> String {
    if sessions.is_empty() {
        return "Nobody is signed in to the account here.".to_owned();
    }
    let known = |word: &Option<String>| word.clone().unwrap_or_else(|| "-".to_owned());
    let rows: Vec<_> = sessions
        .iter()
        .map(|one| {
            let methods: Vec<&str> = one.methods.iter().map(|method| method.name()).collect();
            vec![
                one.began.clone(),
                one.last_used.clone(),
                known(&one.address),
                known(&one.browser),
                known(&one.platform),
                methods.join(" + "),
                one.applications.join(", "),
            ]
        })
        .collect();
    table(
        &[
            "SIGNED IN",
            "LAST USED",
            "FROM",
            "BROWSER",
            "ON",
            "BY",
            "APPLICATIONS",
        ],
        &rows,
    )
}
