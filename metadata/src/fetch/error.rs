//! Why a document was not fetched.

use std::net::IpAddr;

use signet_model::{Culprit, MessagePair};
use url::Url;

use super::address::can_be_allowed;

/// A document could not be fetched, or must not be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The address itself.
    #[error("{url} is not fetched: {why}")]
    Url {
        /// The address, without user name and password.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The host is, or resolves to, an address that must not be connected to.
    #[error("{}", forbidden(.host, .address))]
    ForbiddenAddress {
        /// Host name or address.
        host: String,
        /// What it resolves to.
        address: IpAddr,
    },
    /// The host name does not resolve.
    #[error("the host name {host} does not resolve: {detail}")]
    UnknownHost {
        /// Host name.
        host: String,
        /// What the resolver says.
        detail: String,
    },
    /// No connection, no TLS, or it broke off.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// The certificate of the partner's server is not trusted.
    #[error("no certificate authorities are known: {0}")]
    NoAuthorities(String),
    /// Not within 30 seconds.
    #[error("the document did not arrive within {seconds} s")]
    TooSlow {
        /// The limit.
        seconds: u64,
    },
    /// More than 10 MiB.
    #[error("the document is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// A redirect.
    #[error("the server redirects (status {status}) to {location:?}; redirects are not followed")]
    Redirect {
        /// Status.
        status: u16,
        /// Where to, cut.
        location: String,
    },
    /// Another status than 200.
    #[error("the server answers with status {0}")]
    Status(u16),
    /// Compressed although not asked for: what it unpacks to is unknown.
    #[error("the answer is encoded as {0:?}, which was not asked for")]
    Encoded(String),
}

impl FetchError {
    /// The two faces of the error.
    pub fn message(&self) -> MessagePair {
        let (code, public, hint) = match self {
            Self::Url { .. } => (
                "SIG-FETCH-URL",
                "This address is not fetched.",
                "Give an https address without a user name, or save the document and import the file.",
            ),
            Self::ForbiddenAddress { address, .. } => (
                "SIG-FETCH-FORBIDDEN",
                "This address leads into a network that is not fetched from.",
                if can_be_allowed(*address) {
                    "Name the partner's network in [metadata] allow_networks, or save the document and give the file: --metadata FILE."
                } else {
                    "No setting allows such an address; save the document and give the file: --metadata FILE."
                },
            ),
            Self::UnknownHost { .. } => (
                "SIG-FETCH-UNKNOWN-HOST",
                "The host name of this address is not known.",
                "Check the spelling and this machine's name resolution.",
            ),
            Self::Connection(_) => (
                "SIG-FETCH-CONNECTION",
                "The partner's server cannot be reached over https.",
                "Check the address, the partner's certificate and the firewall.",
            ),
            Self::NoAuthorities(_) => (
                "SIG-FETCH-AUTHORITIES",
                "This machine knows no certificate authorities.",
                "Install the operating system's ca-certificates, or import the document as a file.",
            ),
            Self::TooSlow { .. } => (
                "SIG-FETCH-SLOW",
                "The partner's server takes too long.",
                "Try again later, or import the document as a file.",
            ),
            Self::TooLarge { .. } => (
                "SIG-FETCH-LARGE",
                "The document is too large.",
                "Ask the partner for its own metadata instead of a whole federation's.",
            ),
            Self::Redirect { .. } => (
                "SIG-FETCH-REDIRECT",
                "The partner's server sends on to another address.",
                "Give the final address; it is not followed automatically.",
            ),
            Self::Status(_) => (
                "SIG-FETCH-STATUS",
                "The partner's server has no document at this address.",
                "Check the address in a browser.",
            ),
            Self::Encoded(_) => (
                "SIG-FETCH-ENCODED",
                "The partner's server sends the document compressed.",
                "Save the document and import the file.",
            ),
        };
        let culprit = match self {
            Self::Url { .. }
            | Self::ForbiddenAddress { .. }
            | Self::UnknownHost { .. }
            | Self::NoAuthorities(_) => Culprit::Operator,
            _ => Culprit::RelyingParty,
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

/// An address that was typed leads to itself.
fn forbidden(host: &str, address: &IpAddr) -> String {
    let typed = host.parse().is_ok_and(|typed: IpAddr| typed == *address);
    let kind = if can_be_allowed(*address) {
        "a private address"
    } else {
        "an address of special use"
    };
    if typed {
        format!("{address} is {kind}, which is not fetched from")
    } else {
        format!("{host} leads to {address}, {kind}, which is not fetched from")
    }
}

/// The address as it may be logged.
pub(super) fn without_secrets(url: &Url) -> String {
    let mut shown = url.clone();
    // Both fail only for addresses that cannot hold them.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.to_string().chars().take(300).collect()
}
