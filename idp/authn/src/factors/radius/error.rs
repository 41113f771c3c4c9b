//! What can go wrong with RADIUS, by culprit.

use std::path::PathBuf;

use signet_model::{Culprit, MessagePair};
use thiserror::Error;

/// No verdict of a RADIUS server.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RadiusError {
    /// No server gave an answer that could be believed, in time.
    #[error("no RADIUS server answered: {detail}")]
    NoAnswer {
        /// Each server and what was wrong with it.
        detail: String,
    },
    /// More questions are under way than may be.
    #[error("too many RADIUS questions are under way")]
    Busy,
    /// The user name or the NAS-Identifier does not fit into an attribute.
    #[error("{what} does not fit into a RADIUS attribute")]
    DoesNotFit {
        /// Which.
        what: &'static str,
    },
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers")]
    NoRandomness,
    /// The file of a shared secret cannot be used.
    #[error("the shared secret in {path:?}: {detail}")]
    SecretFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
}

impl RadiusError {
    /// The two faces of this error.
    pub fn message(&self) -> MessagePair {
        let (code, culprit) = match self {
            Self::NoAnswer { .. } => ("SIG-FACTOR-RADIUS-UNAVAILABLE", Culprit::Operator),
            Self::Busy => ("SIG-FACTOR-RADIUS-BUSY", Culprit::Operator),
            Self::DoesNotFit { .. } => ("SIG-FACTOR-RADIUS-NAME", Culprit::Operator),
            Self::NoRandomness => ("SIG-FACTOR-RADIUS-RANDOM", Culprit::Us),
            Self::SecretFile { .. } => ("SIG-FACTOR-RADIUS-SECRET", Culprit::Operator),
        };
        MessagePair {
            code,
            culprit,
            public: "Your code could not be checked, because the server for it does not answer.",
            hint: "It is not your fault. Try again in a minute, or choose another way to confirm.",
            private: self.to_string(),
        }
    }
}
