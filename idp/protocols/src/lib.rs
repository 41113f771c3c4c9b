//! The wire formats: octets in, a checked [`SignInRequest`](signet_model::SignInRequest) out; a signed token in, an
//! answer for the browser out.
//!
//! Knows WS-Federation passive ([`wsfed`]) and SAML 2.0 Web SSO ([`saml2`]); each is a table of steps on one screen,
//! side by side in `wsfed/steps.rs` and `saml2/steps.rs`. Knows nothing of HTTP routing, sessions, stores or directories: the
//! relying parties come through [`RelyingParties`], the time as a parameter.
//!
//! What both share: [`reply`] compares reply addresses, [`decide_session`] says whether a session answers a
//! request, [`recheck`] holds a request that travelled against its relying party as it is now.

mod answer;
mod clock;
mod decide;
mod error;
pub mod fuzz;
mod methods;
mod parameters;
mod parties;
mod party;
mod receive;
mod recheck;
pub mod reply;
pub mod saml2;
#[cfg(test)]
mod testing;
mod wire;
pub mod wsfed;

pub use answer::{FormPost, Redirect};
pub use decide::{AskReason, Impossible, Refusal, SessionDecision, decide_session, refuse};
pub use error::ProtocolError;
pub use parameters::client_request_id;
pub use parties::RelyingParties;
pub use receive::{Received, receive};
pub use recheck::recheck;
pub use wire::{HttpMethod, ProtocolRequest};
