//! Single sign-on sessions, and who got tokens in them.
//!
//! The cookie holds a [`Secret`](crate::Secret); the row is found by its hash. The row carries a code over all that
//! decides something, so neither a session nor a longer life can be written into the database by hand.
//! An ended session is gone from the table: no restart brings it back (SES-04).

mod listing;
mod participant;
mod reader;
mod rows;

pub use listing::{ListedSession, SignInPlace};
pub use participant::{LOOP_WINDOW, Participant, ParticipantUpdate};
pub use rows::{NewSession, Session};

pub(crate) use participant::{PreparedParticipant, upsert_participants};
pub(crate) use reader::Reader;
pub(crate) use rows::{PreparedSession, insert_sessions};
