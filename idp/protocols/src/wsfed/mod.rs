//! WS-Federation passive requestor: sign-in, sign-out, clean-up.
//!
//! Source: Web Services Federation Language 1.2, section 13, and MS-MWBF. The whole order of checks is the
//! table in `steps.rs`.

mod hints;
mod parse;
mod resource_params;
mod respond;
mod signout;
mod steps;
#[cfg(test)]
mod tests;

use signet_model::{MessagePair, RelyingPartyId, ReplyTo, SignInRequest};

pub(crate) use hints::showable;
pub(crate) use parse::has_message;
pub use respond::respond;
pub use signout::{clean_up_addresses, respond_signed_out};
pub use steps::receive;

/// What a WS-Federation message asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WsFedAction {
    /// `wsignin1.0`: a token.
    SignIn(Box<SignInRequest>),
    /// `wsignout1.0`: end the session, tell its partners.
    SignOut(SignOut),
    /// `wsignoutcleanup1.0`: end the session, tell nobody.
    SignOutCleanup(SignOut),
}

/// A checked wish to sign out. The session ends whatever else it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignOut {
    /// The relying party that was named, or found by its reply address.
    pub relying_party: Option<RelyingPartyId>,
    /// Where the browser goes afterwards: a registered address.
    pub return_to: Option<ReplyTo>,
    /// Why `wreply` was not taken, for the log; the sign-out goes on.
    pub reply_refused: Option<MessagePair>,
}
