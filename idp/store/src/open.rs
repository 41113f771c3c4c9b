//! Opening the store by its URL.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::time::{Instant, sleep};

use crate::engine::{Engine, Pools};
use crate::error::StoreError;
use crate::mac::MacTagger;
use crate::migrate::migrate;
use crate::store::Store;

/// How long SQLite waits for another process that writes.
const BUSY: Duration = Duration::from_secs(5);
/// How long a caller waits for a connection to PostgreSQL (F-17).
const POSTGRES_POOL: Duration = Duration::from_secs(1);
/// Between two tries to open a file that is busy.
const AGAIN: Duration = Duration::from_millis(20);
const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;

impl Store {
    /// Opens `sqlite://path` (made when missing, readable by its owner only) or `postgres://user@host/database`,
    /// and brings the schema up to date.
    ///
    /// `mac` makes the codes of rows with a key that is not in the database.
    ///
    /// # Errors
    /// [`StoreError::BadUrl`], [`StoreError::Unavailable`], and the migrations' errors.
    pub async fn open(url: &str, mac: MacTagger) -> Result<Self, StoreError> {
        let pools = match url.split_once("://") {
            Some(("sqlite", path)) if !path.is_empty() => open_sqlite(path).await?,
            Some(("postgres" | "postgresql", _)) => open_postgres(url).await?,
            _ => {
                return Err(StoreError::BadUrl {
                    detail: "it must begin with sqlite:// or postgres://".into(),
                });
            }
        };
        let engine = Engine::new(pools);
        migrate(&engine, &mac).await?;
        Ok(Self::new(engine, mac))
    }
}

async fn open_sqlite(path: &str) -> Result<Pools, StoreError> {
    create_private(Path::new(path))?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        .foreign_keys(true)
        .statement_cache_capacity(200)
        .disable_statement_logging();
    let pool = |connections: u32| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(BUSY)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
    };
    let write = connect_waiting(|| pool(1).connect_with(options.clone())).await?;
    // Lazily: the file is now in WAL mode, which a reader cannot set while somebody writes.
    let read = pool(SQLITE_READERS).connect_lazy_with(options);
    Ok(Pools::Sqlite { read, write })
}

/// Switching a new file to WAL mode takes a lock for which SQLite does not wait when another process is at the same: it
/// says "busy" at once, whatever the time-out. So the waiting is done here.
async fn connect_waiting<F>(connect: impl Fn() -> F) -> Result<SqlitePool, StoreError>
where
    F: Future<Output = Result<SqlitePool, sqlx::Error>>,
{
    let until = Instant::now() + BUSY;
    loop {
        match connect().await {
            Err(error) if is_busy(&error) && Instant::now() < until => sleep(AGAIN).await,
            done => return done.map_err(StoreError::from_sql),
        }
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    // The last octet of an extended code is the plain one; 5 is SQLITE_BUSY.
    code.and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| code & 0xff == 5)
}

async fn open_postgres(url: &str) -> Result<Pools, StoreError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| StoreError::BadUrl {
            detail: error.to_string(),
        })?
        .application_name("signet")
        .statement_cache_capacity(200)
        // A node that is stopped in the middle must not hold the end of the audit chain for ever.
        .options([
            ("statement_timeout", "5000"),
            ("idle_in_transaction_session_timeout", "10000"),
        ])
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(POSTGRES_POOL)
        .connect_with(options)
        .await
        .map_err(StoreError::from_sql)?;
    Ok(Pools::Postgres(pool))
}

/// SQLite gives its journal files the permissions of the database file.
fn create_private(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let made = std::fs::OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path);
    made.map(drop).map_err(|error| StoreError::Unavailable {
        detail: format!("{}: {error}", path.display()),
    })
}
