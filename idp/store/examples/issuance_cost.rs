//! What recording one issued token costs: `cargo run --release -p signet-store --example issuance_cost [URL]`.
//!
//! 32 tasks record 32,000 tokens of 500 sessions, then load as many sessions as a silent sign-in does. Printed are
//! microseconds of CPU time of the whole process (its SQLite threads too) and of the wall for each; then what walking
//! the audit chain takes.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measuring program"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use serde_json::json;
use signet_model::{AccountId, ActivityId, Protocol, RelyingPartyId, SessionId};
use signet_store::{
    AuditEvent, EventNumber, Issuance, MacTagger, NewSession, Outcome, ParticipantUpdate, Secret,
    SecretHash, Store,
};
use time::OffsetDateTime;

const TASKS: usize = 32;
const EACH: usize = 1_000;
const SESSIONS: usize = 500;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let dir = tempfile::tempdir().unwrap();
    let url = std::env::args()
        .nth(1)
        .unwrap_or_else(|| format!("sqlite://{}", dir.path().join("cost.db").display()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[1; 32]);
    let mac = MacTagger::new(move |message| hmac::sign(&key, message).as_ref().try_into().unwrap());
    let store = Store::open(&url, mac).await.unwrap();
    let sessions = Arc::new(make_sessions(&store).await);
    let party = RelyingPartyId::random();

    let (cpu, wall) = measure(TASKS, {
        let (store, sessions) = (store.clone(), Arc::clone(&sessions));
        move |number| {
            let (store, session) = (
                store.clone(),
                sessions.get(number % SESSIONS).copied().unwrap(),
            );
            async move {
                store
                    .record_issuance(&issuance(session, party))
                    .await
                    .unwrap();
            }
        }
    })
    .await;
    println!("record issuance (audit row + participant): {cpu:.1} us CPU, {wall:.1} us wall each");

    let (cpu, wall) = measure(TASKS, {
        let (store, sessions) = (store.clone(), Arc::clone(&sessions));
        move |number| {
            let (store, session) = (
                store.clone(),
                sessions.get(number % SESSIONS).copied().unwrap(),
            );
            async move {
                let now = OffsetDateTime::now_utc();
                let idle = time::Duration::hours(1);
                store
                    .load_session(session, Some(party), idle, now)
                    .await
                    .unwrap()
                    .unwrap();
            }
        }
    })
    .await;
    println!("load session: {cpu:.1} us CPU, {wall:.1} us wall each");

    let start = Instant::now();
    let rows = store.verify_audit().await.unwrap().rows;
    println!(
        "verify: {:.1} us a row ({rows} rows)",
        start.elapsed().as_secs_f64() * 1e6 / rows as f64
    );
    store.close().await;
}

async fn measure<F, W>(tasks: usize, work: F) -> (f64, f64)
where
    F: Fn(usize) -> W + Clone + Send + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    let (cpu, start) = (cpu_time(), Instant::now());
    let mut running = tokio::task::JoinSet::new();
    for task in 0..tasks {
        let work = work.clone();
        running.spawn(async move {
            for number in 0..EACH {
                work(task * EACH + number).await;
            }
        });
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
    let count = (tasks * EACH) as f64;
    (
        (cpu_time() - cpu).as_secs_f64() * 1e6 / count,
        start.elapsed().as_secs_f64() * 1e6 / count,
    )
}

async fn make_sessions(store: &Store) -> Vec<SecretHash> {
    let mut keys = Vec::new();
    let now = OffsetDateTime::now_utc();
    for number in 0..SESSIONS {
        let key = Secret::random().unwrap().key();
        let session = NewSession {
            id: SessionId::random(),
            account: AccountId::from_directory_octets(&(number as u128).to_le_bytes()).unwrap(),
            evidence: "x".repeat(250),
            persistent: false,
            expires_at: now + time::Duration::hours(8),
            place: signet_store::SignInPlace::default(),
        };
        let signed_in = AuditEvent {
            at: now,
            event: EventNumber::CREDENTIALS_SUCCESS,
            token_id: None,
            ..issuance(key, RelyingPartyId::random()).event
        };
        store
            .begin_session(key, &session, &signed_in)
            .await
            .unwrap();
        keys.push(key);
    }
    keys
}

fn issuance(session: SecretHash, relying_party: RelyingPartyId) -> Issuance {
    let token = format!("_{}", ActivityId::random());
    Issuance {
        event: AuditEvent {
            event: EventNumber::APP_TOKEN_SUCCESS,
            at: OffsetDateTime::now_utc(),
            activity: ActivityId::random(),
            account: AccountId::from_directory_octets(&[1; 16]),
            relying_party: Some(relying_party),
            outcome: Outcome::Success,
            reason: None,
            token_id: Some(token.clone()),
            details: json!({
                "protocol": "saml2", "ip": "192.0.2.1", "location": "outside", "endpoint": "/adfs/ls/",
                "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0",
            }),
        },
        participant: Some(ParticipantUpdate {
            session,
            relying_party,
            protocol: Protocol::Saml2,
            name_id: "bob@contoso.com".into(),
            session_index: token,
            reply_to: "https://sp.example/acs".into(),
        }),
    }
}

/// User and system time of all threads, from the kernel (proc(5), fields 14 and 15, in ticks of 10 ms).
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .collect();
    let ticks: u64 = [11, 12]
        .iter()
        .map(|at| fields.get(*at).unwrap().parse::<u64>().unwrap())
        .sum();
    Duration::from_millis(ticks * 10)
}
