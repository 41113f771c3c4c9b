//! The two engines behind one face. Only this module and `open` know which one it is.
//!
//! Every SQL text is written once, with `$1` placeholders and types that both engines read: BIGINT
//! for numbers and booleans, TEXT, and BLOB, which PostgreSQL spells BYTEA (`migrate`).

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{
    AssertSqlSafe, PgPool, Postgres, Row as _, SqlSafeStr, SqlStr, Sqlite, SqlitePool, Transaction,
};
use tokio::time::timeout;

use crate::error::StoreError;

/// No operation takes longer; whoever waits for it is told.
pub(crate) const PATIENCE: Duration = Duration::from_secs(6);

/// The open database.
#[derive(Clone)]
pub(crate) struct Engine {
    pools: Pools,
    broken: Arc<AtomicBool>,
}

#[derive(Clone)]
pub(crate) enum Pools {
    /// SQLite has one writer. Writes queue for one connection, so they never meet "database is locked".
    Sqlite {
        read: SqlitePool,
        write: SqlitePool,
    },
    Postgres(PgPool),
}

/// A SQL text: a constant, or one of the batch statements built from constants.
#[derive(Clone)]
pub(crate) enum Sql {
    Fixed(&'static str),
    Built(Arc<str>),
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self::Fixed(text)
    }
}

impl SqlSafeStr for Sql {
    fn into_sql_str(self) -> SqlStr {
        match self {
            Self::Fixed(text) => text.into_sql_str(),
            // Built from constants alone (`batch`): no value ever becomes part of a text.
            Self::Built(text) => AssertSqlSafe(text).into_sql_str(),
        }
    }
}

/// A value for a placeholder.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bind<'a> {
    Int(Option<i64>),
    Text(Option<&'a str>),
    Blob(Option<&'a [u8]>),
}

impl From<i64> for Bind<'_> {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<bool> for Bind<'_> {
    fn from(value: bool) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}

impl From<Option<i64>> for Bind<'_> {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl<'a> From<&'a str> for Bind<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Some(value))
    }
}

impl<'a> From<Option<&'a str>> for Bind<'a> {
    fn from(value: Option<&'a str>) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Bind<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Blob(Some(value))
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Bind<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::Blob(Some(value))
    }
}

/// One row of an answer; columns are counted from 0.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! column {
    ($name:ident, $type:ty) => {
        pub(crate) fn $name(&self, column: usize) -> Result<$type, StoreError> {
            let value = match self {
                Self::Sqlite(row) => row.try_get(column),
                Self::Postgres(row) => row.try_get(column),
            };
            value.map_err(StoreError::from_sql)
        }
    };
}

impl Row {
    column!(int, i64);
    column!(text, String);
    column!(blob, Vec<u8>);
    column!(opt_int, Option<i64>);
    column!(opt_text, Option<String>);
    column!(opt_blob, Option<Vec<u8>>);
}

/// A transaction that writes. Dropped without [`Tx::commit`], it is rolled back.
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>, Engine),
    Postgres(Transaction<'static, Postgres>, Engine),
}

impl Engine {
    pub(crate) fn new(pools: Pools) -> Self {
        Self {
            pools,
            broken: Arc::default(),
        }
    }

    pub(crate) fn pools(&self) -> &Pools {
        &self.pools
    }

    /// Whether the disk failed under the store (F-12): nothing is written any more.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Reads.
    pub(crate) async fn fetch(
        &self,
        sql: impl Into<Sql>,
        binds: &[Bind<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let sql = sql.into();
        self.within(async {
            match &self.pools {
                Pools::Sqlite { read, .. } => {
                    let rows = sqlite(sql, binds).fetch_all(read).await?;
                    Ok(rows.into_iter().map(Row::Sqlite).collect())
                }
                Pools::Postgres(pool) => {
                    let rows = postgres(sql, binds).fetch_all(pool).await?;
                    Ok(rows.into_iter().map(Row::Postgres).collect())
                }
            }
        })
        .await
    }

    /// Reads one row, if there is one.
    pub(crate) async fn fetch_one(
        &self,
        sql: impl Into<Sql>,
        binds: &[Bind<'_>],
    ) -> Result<Option<Row>, StoreError> {
        let sql = sql.into();
        self.within(async {
            match &self.pools {
                Pools::Sqlite { read, .. } => Ok(sqlite(sql, binds)
                    .fetch_optional(read)
                    .await?
                    .map(Row::Sqlite)),
                Pools::Postgres(pool) => Ok(postgres(sql, binds)
                    .fetch_optional(pool)
                    .await?
                    .map(Row::Postgres)),
            }
        })
        .await
    }

    /// Writes by one statement, which is its own transaction; how many rows it changed.
    pub(crate) async fn execute(
        &self,
        sql: impl Into<Sql>,
        binds: &[Bind<'_>],
    ) -> Result<u64, StoreError> {
        let sql = sql.into();
        self.check_whole()?;
        self.within(async {
            match &self.pools {
                Pools::Sqlite { write, .. } => {
                    Ok(sqlite(sql, binds).execute(write).await?.rows_affected())
                }
                Pools::Postgres(pool) => {
                    Ok(postgres(sql, binds).execute(pool).await?.rows_affected())
                }
            }
        })
        .await
    }

    /// Writes by one statement that returns rows.
    pub(crate) async fn execute_returning(
        &self,
        sql: impl Into<Sql>,
        binds: &[Bind<'_>],
    ) -> Result<Option<Row>, StoreError> {
        let sql = sql.into();
        self.check_whole()?;
        self.within(async {
            match &self.pools {
                Pools::Sqlite { write, .. } => Ok(sqlite(sql, binds)
                    .fetch_optional(write)
                    .await?
                    .map(Row::Sqlite)),
                Pools::Postgres(pool) => Ok(postgres(sql, binds)
                    .fetch_optional(pool)
                    .await?
                    .map(Row::Postgres)),
            }
        })
        .await
    }

    /// Begins a transaction that will write.
    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        self.check_whole()?;
        self.within(async {
            match &self.pools {
                Pools::Sqlite { write, .. } => Ok(Tx::Sqlite(
                    write.begin_with("BEGIN IMMEDIATE").await?,
                    self.clone(),
                )),
                Pools::Postgres(pool) => Ok(Tx::Postgres(pool.begin().await?, self.clone())),
            }
        })
        .await
    }

    /// Closes every connection; what was acknowledged stays.
    pub(crate) async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    fn check_whole(&self) -> Result<(), StoreError> {
        if self.is_broken() {
            Err(StoreError::Broken)
        } else {
            Ok(())
        }
    }

    async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        match timeout(PATIENCE, work).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                let error = StoreError::from_sql(error);
                if matches!(error, StoreError::Broken | StoreError::Corrupt { .. }) {
                    self.broken.store(true, Ordering::Relaxed);
                }
                Err(error)
            }
            Err(_) => Err(StoreError::TimedOut),
        }
    }
}

impl Tx {
    pub(crate) async fn execute(
        &mut self,
        sql: impl Into<Sql>,
        binds: &[Bind<'_>],
    ) -> Result<u64, StoreError> {
        let sql = sql.into();
        match self {
            Self::Sqlite(tx, engine) => {
                engine
                    .within(async {
                        Ok(sqlite(sql, binds).execute(&mut **tx).await?.rows_affected())
                    })
                    .await
            }
            Self::Postgres(tx, engine) => {
                engine
                    .within(async {
                        Ok(postgres(sql, binds)
                            .execute(&mut **tx)
                            .await?
                            .rows_affected())
                    })
                    .await
            }
        }
    }

    pub(crate) async fn fetch(
        &mut self,
        sql: impl Into<Sql>,
        binds: &[Bind<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let sql = sql.into();
        match self {
            Self::Sqlite(tx, engine) => {
                let rows = engine
                    .within(sqlite(sql, binds).fetch_all(&mut **tx))
                    .await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(tx, engine) => {
                let rows = engine
                    .within(postgres(sql, binds).fetch_all(&mut **tx))
                    .await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    pub(crate) async fn fetch_one(
        &mut self,
        sql: impl Into<Sql>,
        binds: &[Bind<'_>],
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.fetch(sql, binds).await?.into_iter().next())
    }

    /// Runs a statement of a migration, whose text comes from this crate's files.
    pub(crate) async fn execute_schema(&mut self, statement: String) -> Result<(), StoreError> {
        self.execute(Sql::Built(Arc::from(statement)), &[])
            .await
            .map(drop)
    }

    /// Makes it durable. Only after this may anybody be told that it is done.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx, engine) => engine.within(tx.commit()).await,
            Self::Postgres(tx, engine) => engine.within(tx.commit()).await,
        }
    }
}

fn sqlite<'q>(sql: Sql, binds: &[Bind<'_>]) -> Query<'q, Sqlite, SqliteArguments> {
    binds
        .iter()
        .fold(sqlx::query(sql), |query, bind| match bind {
            Bind::Int(value) => query.bind(*value),
            Bind::Text(value) => query.bind(*value),
            Bind::Blob(value) => query.bind(*value),
        })
}

fn postgres<'q>(sql: Sql, binds: &[Bind<'_>]) -> Query<'q, Postgres, PgArguments> {
    binds
        .iter()
        .fold(sqlx::query(sql), |query, bind| match bind {
            Bind::Int(value) => query.bind(*value),
            Bind::Text(value) => query.bind(*value),
            Bind::Blob(value) => query.bind(*value),
        })
}
