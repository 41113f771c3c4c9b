//! Who is there: the authenticators, and the guard against guessing that stands before them.
//!
//! This room is the only maker of [`AuthenticatedUser`], the value without which nothing is issued.
//! There are two ways to one: a right password ([`PasswordAuthenticator::sign_in`]), and a session
//! whose evidence this room sealed when it was made ([`SessionSeal`], [`AuthenticatedUser::resume`]).
//! Kerberos tickets are judged in [`kerberos`].
//!
//! A password sign-in goes this way; nothing may be skipped, because each step needs what the one
//! before made:
//!
//! ```text
//! Guard::enter: banned network, braked address, full queue
//!     -> typed name -> LoginName -> Directory::find -> Candidate (objectGUID), Directory::policy_of
//!     -> Guard::admit_below: reserve in account, address and network -> LockoutPermit + Ticket
//!     -> a turn -> Directory::check_password -> settle the ticket -> AuthenticatedUser
//! ```
//!
//! The try is counted *before* it is made, so two hundred parallel guesses cannot pass a limit of
//! ten, and no more of them reach a directory than it takes to lock the account there. An account has one counter whatever it was called by: the key is objectGUID. A name that
//! no object has takes the same way with a counter of its own, costs the same time, and ends in
//! the same failure as a wrong password ([`pacing`]).
//!
//! Second factors are a room of their own: [`factors`], and so are tickets: [`kerberos`].
//! A certificate goes another way, with no password and nothing to guess: see [`certificate`].
//!
//! HTTP, cookies and databases are unknown here: addresses come in by [`NetworkMap`], counters are
//! kept behind [`AttemptLedger`], time comes in as a parameter.

pub mod certificate;
pub mod factors;
pub mod kerberos;
pub mod pacing;

mod account_state;
mod bucket;
mod demands;
mod event;
mod failure;
mod guard;
mod ledger;
mod limits;
mod local_ledger;
mod network;
mod password;
mod password_change;
mod seal;
mod settings;
mod spray;
mod turns;
mod user;

pub use account_state::{AccountCounters, CounterState};
pub use bucket::{Bucket, BucketKind};
pub use event::GuardEvent;
pub use failure::{Cause, PasswordDue, SignInFailure};
pub use guard::{Entry, Guard, Ticket, Verdict};
pub use ledger::{
    AttemptLedger, Counted, CountsFrom, Demand, Effect, LedgerUnavailable, NotReserved,
};
pub use limits::Limits;
pub use local_ledger::LocalLedger;
pub use network::{
    NetworkMap, Observed, TrustedProxy, UnreadableForward, fuzz_forwarded_for, network_of,
    parse_forwarded_for,
};
pub use pacing::Pacing;
pub use password::PasswordAuthenticator;
pub use password_change::{ChangeFailure, Changed, TypedChange};
pub use seal::{SessionSeal, StoredEvidence, Unsealed};
pub use settings::{GuardSettings, SmartLockout};
pub use user::{AnotherPerson, AuthenticatedUser, NotResumed, may_go_on};
