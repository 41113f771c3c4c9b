//! The audit: one row for everything that happened, in a chain that nobody can edit unseen.
//!
//! Row *n* holds `hash = SHA-256(hash of row n-1, row n)` and the keyed code of that hash. `audit_head` holds the
//! end of the chain and its keyed code, so rows cut off the end are missed too. The hash alone can be
//! checked by anybody with a copy of the table; the codes only with the key.
//!
//! Appending is the last step before a token leaves: [`Store::record_issuance`](crate::Store::record_issuance) returns
//! when the row is durable, together with the session's participant. One task per process writes ([`Writer`]): what
//! arrives while a commit is under way goes into the next one, so a commit's cost is shared. Nodes take turns by the
//! lock on `audit_head`, so the chain of a farm is one line.
//!
//! When a row cannot be written the caller gets the error, and must not send the token (LOG-04).

mod append;
mod chain;
mod event;
mod query;
mod search;
mod text;
mod verify;
mod writer;

pub use event::{AuditEvent, EventNumber, Outcome};
pub use query::{AuditFilter, AuditRow};
pub use text::fuzz_audit_text;
pub use verify::{Break, BreakKind, ChainError, ChainReport};
pub use writer::Issuance;

pub(crate) use append::append;
pub(crate) use chain::head_code;
pub(crate) use event::PreparedEvent;
pub(crate) use writer::Writer;
