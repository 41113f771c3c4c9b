//! What can go wrong with a directory, by culprit.

use signet_model::{Culprit, MessagePair};
use thiserror::Error;

/// The directory gave no answer that can be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// No controller answered in time: says nothing about name or password.
    #[error("{directory}: no domain controller answered: {detail}")]
    Unavailable {
        /// [`Directory::name`](crate::Directory::name).
        directory: String,
        /// What each controller did.
        detail: String,
    },
    /// A controller answered what no directory would, or not in LDAP's form.
    #[error("{directory}: malformed answer: {detail}")]
    MalformedAnswer {
        /// The directory.
        directory: String,
        /// What was wrong with it.
        detail: String,
    },
    /// Two or more objects answer to one typed name.
    #[error("{directory}: {name} means more than one object: {objects}")]
    AmbiguousName {
        /// The directory.
        directory: String,
        /// The name as looked up.
        name: String,
        /// The objects, by objectGUID.
        objects: String,
    },
    /// The object was deleted, moved, renamed or replaced between two steps of one sign-in.
    #[error("{directory}: the account changed during the sign-in: {detail}")]
    AccountChanged {
        /// The directory.
        directory: String,
        /// What changed.
        detail: String,
    },
    /// No directory is configured for that domain or suffix.
    #[error("no directory knows the domain {domain}")]
    UnknownDomain {
        /// As typed.
        domain: String,
    },
    /// The service account's own bind was refused: its password, or its state.
    #[error("{directory}: the service account was refused: {detail}")]
    ServiceAccountRefused {
        /// The directory.
        directory: String,
        /// The diagnostic.
        detail: String,
    },
    /// The directory refused a query: a filter or an attribute it does not know, or too many results.
    #[error("{directory}: query refused: {detail}")]
    QueryRefused {
        /// The directory.
        directory: String,
        /// Why.
        detail: String,
    },
    /// A password change was sent, and no answer came: it may have been made.
    #[error("{directory}: a password change was sent and not answered: {detail}")]
    OutcomeUnknown {
        /// The directory.
        directory: String,
        /// What the controller did.
        detail: String,
    },
    /// The permit names another account than the one whose password is to be checked.
    #[error("the lockout permit is for another account")]
    PermitForAnotherAccount,
}

impl DirectoryError {
    /// The two faces of this error. A name that is unknown, ambiguous or foreign reads like any
    /// wrong name to the person.
    pub fn message(&self) -> MessagePair {
        let (code, culprit) = match self {
            Self::Unavailable { .. } => ("SIG-DIR-UNAVAILABLE", Culprit::Directory),
            Self::MalformedAnswer { .. } => ("SIG-DIR-MALFORMED", Culprit::Directory),
            Self::AmbiguousName { .. } => ("SIG-DIR-AMBIGUOUS", Culprit::Directory),
            Self::AccountChanged { .. } => ("SIG-DIR-CHANGED", Culprit::Directory),
            Self::UnknownDomain { .. } => ("SIG-DIR-DOMAIN", Culprit::User),
            Self::ServiceAccountRefused { .. } => ("SIG-DIR-SERVICE-ACCOUNT", Culprit::Operator),
            Self::QueryRefused { .. } => ("SIG-DIR-QUERY", Culprit::Operator),
            Self::OutcomeUnknown { .. } => ("SIG-DIR-OUTCOME-UNKNOWN", Culprit::Directory),
            Self::PermitForAnotherAccount => ("SIG-DIR-PERMIT", Culprit::Us),
        };
        let (public, hint) = match self {
            Self::AmbiguousName { .. } | Self::UnknownDomain { .. } => (
                "The user name or password is incorrect.",
                "Check the user name, for example name@example.com, and try again.",
            ),
            Self::AccountChanged { .. } => (
                "Your account changed while you were signing in.",
                "Sign in again.",
            ),
            Self::OutcomeUnknown { .. } => (
                "Your organisation's directory did not say whether your password was changed.",
                "Sign in with the new password; if it is refused, the old one still holds.",
            ),
            _ => (
                "Your organisation's directory cannot be reached right now.",
                "Nothing is wrong with your password. Try again in a few minutes.",
            ),
        };
        MessagePair {
            code,
            culprit,
            public,
            hint,
            private: self.to_string(),
        }
    }
}
