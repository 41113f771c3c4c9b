//! A database of its own for each case, and hands that write into it behind the store's back.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use signet_model::{AccountId, ActivityId, Protocol, RelyingPartyId, SessionId};
use signet_store::audit::AuditEvent;
use signet_store::trust::Editor;
use signet_store::{
    EventNumber, Issuance, MacTagger, NewSession, Outcome, ParticipantUpdate, Secret, SecretHash,
    Store,
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

use crate::postgres_server::PostgresServer;

/// One database.
pub(crate) struct Lab {
    pub(crate) url: String,
    _dir: Option<TempDir>,
}

impl Lab {
    pub(crate) fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            url: format!("sqlite://{}", dir.path().join("signet.db").display()),
            _dir: Some(dir),
        }
    }

    pub(crate) async fn postgres() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = tokio::task::spawn_blocking(PostgresServer::shared)
            .await
            .unwrap();
        let name = format!("case{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&server.url("postgres"))
            .await
            .unwrap();
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut connection)
            .await
            .unwrap();
        Self {
            url: server.url(&name),
            _dir: None,
        }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite")
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.url, tagger(1)).await.unwrap()
    }

    /// Writes SQL as somebody would who holds the database but not the key.
    pub(crate) async fn by_hand(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        if let Some(path) = self.url.strip_prefix("sqlite://") {
            let mut connection = SqliteConnection::connect(path).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        } else {
            let mut connection = PgConnection::connect(&self.url).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        }
    }

    /// Every value of a table, as text.
    pub(crate) async fn dump(&self, table: &str) -> String {
        use sqlx::Row as _;
        let mut out = String::new();
        if let Some(path) = self.url.strip_prefix("sqlite://") {
            let mut connection = SqliteConnection::connect(path).await.unwrap();
            let sql = AssertSqlSafe(format!("SELECT * FROM {table}"));
            for row in sqlx::query(sql).fetch_all(&mut connection).await.unwrap() {
                for column in 0..row.len() {
                    if let Ok(text) = row.try_get::<String, _>(column) {
                        out.push_str(&text);
                        out.push('\n');
                    }
                }
            }
        } else {
            let mut connection = PgConnection::connect(&self.url).await.unwrap();
            let sql = AssertSqlSafe(format!("SELECT CAST(t AS TEXT) FROM {table} t"));
            for row in sqlx::query(sql).fetch_all(&mut connection).await.unwrap() {
                out.push_str(&row.get::<String, _>(0));
                out.push('\n');
            }
        }
        out
    }
}

/// A stand-in for HMAC with the key that the store does not hold.
pub(crate) fn tagger(key: u8) -> MacTagger {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &[key; 32]);
    MacTagger::new(move |message| {
        aws_lc_rs::hmac::sign(&key, message)
            .as_ref()
            .try_into()
            .unwrap()
    })
}

/// The beginning of all cases.
pub(crate) fn noon() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()
}

pub(crate) fn editor() -> Editor {
    Editor {
        name: "test".into(),
        activity: ActivityId::random(),
    }
}

pub(crate) fn account(number: u8) -> AccountId {
    AccountId::from_directory_octets(&[number; 16]).unwrap()
}

/// A session of `account`, 8 hours long.
pub(crate) async fn session(store: &Store, account: AccountId) -> SecretHash {
    let key = Secret::random().unwrap().key();
    begin(store, key, &new_session(account), noon()).await;
    key
}

/// Begins `session` at `at`.
pub(crate) async fn begin(
    store: &Store,
    key: SecretHash,
    session: &NewSession,
    at: OffsetDateTime,
) {
    let signed_in = AuditEvent {
        at,
        account: Some(session.account),
        ..event(EventNumber::CREDENTIALS_SUCCESS)
    };
    store.begin_session(key, session, &signed_in).await.unwrap();
}

pub(crate) fn new_session(account: AccountId) -> NewSession {
    NewSession {
        id: SessionId::random(),
        account,
        evidence: "e1.sealed".into(),
        persistent: false,
        expires_at: noon() + Duration::hours(8),
        place: signet_store::SignInPlace::default(),
    }
}

pub(crate) fn event(number: EventNumber) -> AuditEvent {
    AuditEvent {
        event: number,
        at: noon(),
        activity: ActivityId::random(),
        account: Some(account(1)),
        relying_party: None,
        outcome: Outcome::Success,
        reason: None,
        token_id: None,
        details: json!({ "ip": "192.0.2.1" }),
    }
}

pub(crate) fn issuance(
    session: SecretHash,
    relying_party: RelyingPartyId,
    token: &str,
) -> Issuance {
    Issuance {
        event: AuditEvent {
            relying_party: Some(relying_party),
            token_id: Some(token.into()),
            ..event(EventNumber::APP_TOKEN_SUCCESS)
        },
        participant: Some(ParticipantUpdate {
            session,
            relying_party,
            protocol: Protocol::Saml2,
            name_id: "bob".into(),
            session_index: token.into(),
            reply_to: "https://sp.example/acs".into(),
        }),
    }
}
