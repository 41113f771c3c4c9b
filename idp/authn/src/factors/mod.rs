//! Second factors: what a person shows beside the password, card or ticket.
//!
//! A factor is one file that implements [`SecondFactor`]; [`SecondFactors`] is what the server calls. It takes every
//! try through a guard of its own, keeps ceremonies in the [`FactorVault`] where they are taken once, and gives a
//! [`SecondFactorProof`] that nobody else can make. The account is always the one of the first factor's
//! [`crate::AuthenticatedUser`], never one that a form names (PWD-13).
//!
//! ```text
//! offers -> begin (prompt, ticket) -> page -> check: reserve a try -> take the ceremony -> provider -> settle
//!     -> SecondFactorProof -> evidence
//! EnrolmentPermit -> begin_enrolment (prompt, ticket) -> page -> finish_enrolment -> FactorRecord
//! ```
//!
//! Whether a second factor is asked for at all is decided where requests are (signet-protocols' `decide_session`) and by the
//! rules (signet-issuance).

mod code;
mod failure;
mod guard;
mod passkey;
mod permit;
mod proof;
mod provider;
mod radius;
mod recovery;
mod room;
mod seal;
mod totp;
mod vault;

pub use code::fuzz_code;
pub use failure::FactorFailure;
pub use guard::{FactorGuard, FactorLimits};
pub use passkey::{Passkeys, fuzz_webauthn_answer};
pub use permit::{EnrolmentPermit, EnrolmentRefused, EnrolmentRule, RecentSecondFactor};
pub use proof::SecondFactorProof;
pub use provider::{
    Answer, Begun, BegunEnrolment, Checked, Enrolment, EnrolmentPrompt, FinishedEnrolment,
    NewFactor, Person, Prompt, SecondFactor,
};
pub use radius::{
    Radius, RadiusError, RadiusSecret, RadiusServer, RadiusSettings, RadiusUserName, fuzz_radius,
};
pub use recovery::{CODES, FEW, RecoveryCodes};
pub use room::{Asked, Checkout, Enrolled, EnrolmentAsked, EnrolmentStep, Offers, SecondFactors};
pub use seal::FactorSeal;
pub use totp::{STEP_SECONDS, Totp};
pub use vault::{FactorVault, VaultError};
