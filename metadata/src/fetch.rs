//! Getting a document from an address that somebody typed, without becoming a tool against the own network.
//!
//! [`check_metadata_url`] and [`is_forbidden_address`] are the rules; [`Fetcher`] keeps them: it connects only to
//! addresses that it resolved and checked itself, over https, without redirects or proxies, within 10 MiB and 30 s.

mod address;
mod error;
mod fetcher;
mod lookup;

use ipnet::IpNet;
use url::{Host, Url};

pub use address::is_forbidden_address;
pub use error::FetchError;
pub use fetcher::{Fetched, Fetcher, LARGEST_DOCUMENT, LONGEST_FETCH};
pub use lookup::{HostLookup, Resolved, SystemLookup};

/// Refuses an address that is not to be fetched: another scheme than https, a user name, an IP address that is
/// forbidden ([`is_forbidden_address`]). Host names are judged again when they are resolved.
///
/// # Errors
/// [`FetchError::Url`] or [`FetchError::ForbiddenAddress`].
pub fn check_metadata_url(url: &Url, allow: &[IpNet]) -> Result<(), FetchError> {
    let refused = |why| {
        Err(FetchError::Url {
            url: error::without_secrets(url),
            why,
        })
    };
    if url.scheme() != "https" {
        return refused("only https is fetched");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refused("it holds a user name or password");
    }
    let address = match url.host() {
        None => return refused("it names no host"),
        Some(Host::Domain(name)) => {
            return if name.is_empty() {
                refused("it names no host")
            } else {
                Ok(())
            };
        }
        Some(Host::Ipv4(address)) => address.into(),
        Some(Host::Ipv6(address)) => address.into(),
    };
    if is_forbidden_address(address, allow) {
        return Err(FetchError::ForbiddenAddress {
            host: address.to_string(),
            address,
        });
    }
    Ok(())
}
