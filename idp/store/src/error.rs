//! What can go wrong with the store, by culprit.

use signet_model::{Culprit, MessagePair};
use sqlx::Error as SqlError;
use sqlx::error::ErrorKind;
use thiserror::Error;

/// An error of the store. None of them means that anything was written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The URL is neither `sqlite://path` nor `postgres://…`.
    #[error("the store's URL is not one this program reads: {detail}")]
    BadUrl {
        /// What is wrong with it, without its password.
        detail: String,
    },
    /// The database cannot be reached, is full or read-only.
    #[error("the database is not available: {detail}")]
    Unavailable {
        /// The engine's words.
        detail: String,
    },
    /// The database did not answer in time.
    #[error("the database did not answer in time")]
    TimedOut,
    /// The disk failed while writing; nothing more is written until the program is started again.
    #[error("writing to the disk failed; the store takes no more writes")]
    Broken,
    /// The database file is damaged.
    #[error("the database is damaged: {detail}")]
    Corrupt {
        /// The engine's words.
        detail: String,
    },
    /// A migration could not be applied; the schema is as it was.
    #[error("migration {number} ({name}) failed: {detail}")]
    MigrationFailed {
        /// Its number.
        number: i64,
        /// Its name.
        name: &'static str,
        /// The engine's words.
        detail: String,
    },
    /// A migration that was applied has another text than the one of this program.
    #[error("migration {number} in the database is not this program's")]
    MigrationDiffers {
        /// Its number.
        number: i64,
    },
    /// A row's authentication code is wrong: somebody wrote it who does not hold the key (CFG-15).
    #[error(
        "row {row} of {table} was not written by this service: its authentication code is wrong"
    )]
    TamperedRow {
        /// The table.
        table: &'static str,
        /// Which row.
        row: String,
    },
    /// The trust configuration as a whole is not the one last written: a row was removed, added or put back.
    #[error(
        "the trust configuration is not the one last written: a row was removed, added or replaced by an older one"
    )]
    TrustTampered,
    /// The trust configuration is older than one already seen (CFG-16).
    #[error("the trust configuration went back from version {seen} to {found}")]
    TrustRolledBack {
        /// The newest version seen.
        seen: i64,
        /// The version in the database.
        found: i64,
    },
    /// Somebody else edited the trust configuration first.
    #[error(
        "the trust configuration is at version {found}, the edit was made on version {expected}"
    )]
    StaleTrustVersion {
        /// The version the edit was made on.
        expected: i64,
        /// The version in the database.
        found: i64,
    },
    /// A name or identifier belongs to another entry, regardless of case (CFG-05).
    #[error("{space} {name:?} is taken by {owner}")]
    NameTaken {
        /// `name` or `identifier`.
        space: &'static str,
        /// The name.
        name: String,
        /// Id of the entry that has it.
        owner: String,
    },
    /// There is no such entry.
    #[error("there is no {kind} {id:?}")]
    NoSuchEntry {
        /// Kind of entry.
        kind: &'static str,
        /// Its id.
        id: String,
    },
    /// An entry or a value is against a rule of the store.
    #[error("{detail}")]
    Refused {
        /// Which rule.
        detail: String,
    },
    /// A row cannot be read though its authentication code is right: another version wrote it.
    #[error("row {row} of {table} cannot be read: {detail}")]
    UnreadableRow {
        /// The table.
        table: &'static str,
        /// Which row.
        row: String,
        /// Why.
        detail: String,
    },
    /// The session ended before the token could be recorded: the token must not be sent.
    #[error("the session ended before the token was recorded")]
    SessionEnded,
    /// More requests are parked than the cap allows, or this one is too large.
    #[error("the request cannot be parked: {detail}")]
    ParkingFull {
        /// Which cap.
        detail: &'static str,
    },
    /// The store is closing.
    #[error("the store is closing")]
    Closing,
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers")]
    NoRandomness,
}

impl StoreError {
    pub(crate) fn from_sql(error: SqlError) -> Self {
        let detail = error.to_string();
        match &error {
            SqlError::Database(database) => {
                // SQLite: the low octet of the extended code is the primary code. 10 IOERR, 11 CORRUPT, 26 NOTADB.
                let sqlite = database
                    .try_downcast_ref::<sqlx::sqlite::SqliteError>()
                    .is_some();
                let code = database
                    .code()
                    .and_then(|code| code.parse::<u32>().ok())
                    .unwrap_or(0);
                match code & 0xff {
                    10 if sqlite => Self::Broken,
                    11 | 26 if sqlite => Self::Corrupt { detail },
                    _ if database.kind() == ErrorKind::ForeignKeyViolation => Self::SessionEnded,
                    _ => Self::Unavailable { detail },
                }
            }
            SqlError::ColumnDecode { .. }
            | SqlError::ColumnIndexOutOfBounds { .. }
            | SqlError::Decode(_) => Self::Corrupt { detail },
            _ => Self::Unavailable { detail },
        }
    }

    /// The two faces of this error.
    pub fn message(&self) -> MessagePair {
        let (code, culprit) = match self {
            Self::BadUrl { .. } => ("SIG-STORE-URL", Culprit::Operator),
            Self::Unavailable { .. } => ("SIG-STORE-UNAVAILABLE", Culprit::Operator),
            Self::TimedOut => ("SIG-STORE-TIMEOUT", Culprit::Operator),
            Self::Broken => ("SIG-STORE-DISK", Culprit::Operator),
            Self::Corrupt { .. } => ("SIG-STORE-CORRUPT", Culprit::Operator),
            Self::MigrationFailed { .. } => ("SIG-STORE-MIGRATION", Culprit::Operator),
            Self::MigrationDiffers { .. } => ("SIG-STORE-MIGRATION-DIFFERS", Culprit::Operator),
            Self::TamperedRow { .. } => ("SIG-STORE-TAMPERED", Culprit::Operator),
            Self::TrustTampered => ("SIG-STORE-TRUST-TAMPERED", Culprit::Operator),
            Self::TrustRolledBack { .. } => ("SIG-STORE-ROLLED-BACK", Culprit::Operator),
            Self::StaleTrustVersion { .. } => ("SIG-STORE-STALE", Culprit::Operator),
            Self::NameTaken { .. } => ("SIG-STORE-NAME-TAKEN", Culprit::Operator),
            Self::NoSuchEntry { .. } => ("SIG-STORE-NO-ENTRY", Culprit::Operator),
            Self::Refused { .. } => ("SIG-STORE-REFUSED", Culprit::Operator),
            Self::UnreadableRow { .. } => ("SIG-STORE-UNREADABLE", Culprit::Operator),
            Self::SessionEnded => ("SIG-STORE-SESSION-ENDED", Culprit::User),
            Self::ParkingFull { .. } => ("SIG-STORE-PARKING", Culprit::RelyingParty),
            Self::Closing => ("SIG-STORE-CLOSING", Culprit::Us),
            Self::NoRandomness => ("SIG-STORE-RANDOM", Culprit::Us),
        };
        let (public, hint) = match self {
            Self::SessionEnded => ("You were signed out meanwhile.", "Sign in again."),
            Self::ParkingFull { .. } => (
                "The application sent more than can be kept while you sign in.",
                "Start again from the application.",
            ),
            Self::StaleTrustVersion { .. } => (
                "Somebody else changed the configuration first.",
                "Look at it again, then repeat your change.",
            ),
            Self::NameTaken { .. } => (
                "That name or identifier is taken.",
                "Names and identifiers are unique, whatever their case.",
            ),
            _ => (
                "Signing in is not possible right now.",
                "Try again in a few minutes.",
            ),
        };
        MessagePair {
            code,
            culprit,
            public,
            hint,
            private: self.to_string(),
        }
    }
}
