//! What must outlive a process, and what all nodes of a farm share: one database, SQLite or PostgreSQL.
//!
//! | Part | What it keeps | Who may write it |
//! |---|---|---|
//! | [`trust`] | relying parties, federated domains, settings, wrapped signing keys | whoever holds the key of the row codes |
//! | [`session`] | single sign-on sessions and who got tokens in them | the same; the cookie's secret is kept as a hash |
//! | [`factors`] | second factors, recovery codes, ceremonies under way | the same; secrets are sealed, codes hashed |
//! | [`audit`] | what happened, chained | one writer task per process, many events a commit |
//! | [`attempts`] | counters of sign-in attempts, reserved and settled | all nodes, atomically |
//! | [`replay`], [`parked`] | what may be used once | all nodes, atomically |
//!
//! Rows that decide something carry a message authentication code by a key that is not in the
//! database ([`MacTagger`]): somebody who can write the database cannot add a relying party or a session
//! (CFG-15). Rows are never trusted before their code is checked.
//!
//! A call that returned `Ok` is durable: SQLite runs with WAL and `synchronous=FULL`, PostgreSQL with its
//! `synchronous_commit`. A call that returned an error wrote nothing. When the disk fails under SQLite the store
//! takes no further writes until the program is started again ([`Store::health`]).
//!
//! SQL is written once for both engines (`engine`), as constants: no value ever becomes part of a text.

pub mod attempts;
pub mod audit;
pub mod factors;
pub mod parked;
pub mod replay;
pub mod session;
pub mod trust;

mod batch;
mod engine;
mod error;
mod instant;
mod mac;
mod migrate;
mod open;
mod secret;
mod store;
mod sweep;

pub use audit::{AuditEvent, EventNumber, Issuance, Outcome};
pub use error::StoreError;
pub use mac::MacTagger;
pub use secret::{Secret, SecretHash, fuzz_cookie};
pub use session::{
    ListedSession, NewSession, Participant, ParticipantUpdate, Session, SignInPlace,
};
pub use store::{Health, Store};
pub use sweep::Swept;
pub use trust::{KeyRole, StoredKey, TrustConfiguration, TrustEdit};
