//! Second factors: what is enrolled, what may be used once, what is under way.
//!
//! What a factor's secret is, how it is checked and how much guessing is too much is decided in
//! signet-authn; here it is kept, and made atomic on one node and on many. A factor's row has a code of its own, and the
//! set of an account's factors has another (`factor_account`): a row that was changed, put in or removed behind
//! the service's back is refused ([`crate::StoreError::TamperedRow`]), so that taking rows away does not turn a second factor off.

mod challenge;
mod columns;
mod recovery;
mod rows;

pub use challenge::{LARGEST_CHALLENGE, MOST_CHALLENGES, MOST_CHALLENGES_OF_ONE};
pub use rows::MOST_FACTORS;
