//! Whether a certificate was revoked: lists (RFC 5280 section 5) and OCSP (RFC 6960).
//!
//! Only certificates whose path has been verified are asked about, and only hosts that an operator listed are
//! asked: an address in a certificate is the word of whoever made the certificate. Lists and answers are kept
//! until their next update; a list is parsed and its signature verified once.

mod cache;
mod http;
mod list;
mod ocsp;
mod signature;
mod slots;

use async_trait::async_trait;

pub use cache::{CacheTiming, RevocationCache};
pub use http::{HttpSource, ListedHosts, NotAHost};
pub use list::{ListFault, RevocationList, fuzz_revocation_list};
pub use ocsp::{OcspFault, fuzz_ocsp_answer};

pub(super) use cache::Fault;
pub(super) use list::Holder;
pub(super) use ocsp::Status;

/// The largest list, in bytes.
pub const LARGEST_LIST: usize = 16 * 1024 * 1024;
/// The largest OCSP answer, in bytes.
pub const LARGEST_ANSWER: usize = 64 * 1024;

/// Where lists and answers come from.
#[async_trait]
pub trait RevocationSource: Send + Sync {
    /// Whether `url` would be fetched at all.
    ///
    /// # Errors
    /// [`FetchFault::NotHttp`], [`FetchFault::HostNotListed`].
    fn check(&self, url: &str) -> Result<(), FetchFault>;

    /// The list at `url`, at most [`LARGEST_LIST`] bytes.
    ///
    /// # Errors
    /// [`FetchFault`].
    async fn list(&self, url: &str) -> Result<Vec<u8>, FetchFault>;

    /// The answer of the responder at `url` to `request` (DER), at most [`LARGEST_ANSWER`] bytes.
    ///
    /// # Errors
    /// [`FetchFault`].
    async fn ask(&self, url: &str, request: Vec<u8>) -> Result<Vec<u8>, FetchFault>;
}

/// Why nothing was fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchFault {
    /// `ldap:`, `https:`, `file:` and the like.
    #[error("{0} is no plain http address")]
    NotHttp(String),
    /// The host is not one of those that are asked.
    #[error("{host} is not among the hosts that are asked about revocations")]
    HostNotListed {
        /// Host and port.
        host: String,
    },
    /// No connection, or it broke off.
    #[error("{url}: {detail}")]
    Connection {
        /// The address.
        url: String,
        /// What went wrong.
        detail: String,
    },
    /// No answer in time.
    #[error("{url} did not answer within {seconds} s")]
    TooSlow {
        /// The address.
        url: String,
        /// The limit.
        seconds: u64,
    },
    /// More than its kind may have.
    #[error("{url} sends more than {limit} bytes")]
    TooLarge {
        /// The address.
        url: String,
        /// The limit.
        limit: usize,
    },
    /// Another status than 200; redirects are not followed.
    #[error("{url} answers with status {status}")]
    Status {
        /// The address.
        url: String,
        /// The status.
        status: u16,
    },
}
