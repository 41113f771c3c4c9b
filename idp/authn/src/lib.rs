//! Who is there: the authenticators, and the guard against guessing that stands before them.
//!
//! This room is the only maker of [`AuthenticatedUser`], the value without which nothing is issued.
//! There are two ways to one: a right password ([`PasswordAuthenticator::sign_in`]), and a session
//! whose evidence this room sealed when it was made ([`SessionSeal`], [`AuthenticatedUser::resume`]).
//!
//! A password sign-in goes this way; nothing may be skipped, because each step needs what the one
//! before made:
//!
//! ```text
//! typed name -> LoginName -> Directory::find -> Candidate (objectGUID)
//!     -> Guard::admit: reserve in account, address and network -> LockoutPermit + Ticket
//!     -> Directory::check_password -> settle the ticket -> AuthenticatedUser
//! ```
//!
//! The try is counted *before* it is made, so two hundred parallel guesses cannot pass a limit of
//! ten. An account has one counter whatever it was called by: the key is objectGUID. A name that
//! no object has takes the same way with a counter of its own, costs the same time, and ends in
//! the same failure as a wrong password ([`pacing`]).
//!
//! A certificate goes another way, with no password and nothing to guess: see [`certificate`].
//!
//! HTTP, cookies and databases are unknown here: addresses come in by [`NetworkMap`], counters are
//! kept behind [`AttemptLedger`], time comes in as a parameter.

pub mod pacing;

mod bucket;
pub mod certificate;
mod failure;
mod guard;
mod ledger;
mod limits;
mod local_ledger;
mod network;
mod password;
mod seal;
mod user;

pub use bucket::{Bucket, BucketKind};
pub use failure::{Cause, SignInFailure};
pub use guard::{Guard, Ticket, Verdict};
pub use ledger::{AttemptLedger, CountsFrom, Demand, Effect, LedgerUnavailable, NotReserved};
pub use limits::Limits;
pub use local_ledger::LocalLedger;
pub use network::{
    NetworkMap, Observed, TrustedProxy, UnreadableForward, fuzz_forwarded_for, parse_forwarded_for,
};
pub use pacing::Pacing;
pub use password::PasswordAuthenticator;
pub use seal::{SessionSeal, StoredEvidence, Unsealed};
pub use user::{AuthenticatedUser, NotResumed};
