//! Name resolution for the fetcher: injected, checked, used once.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::is_forbidden_address;
use super::error::FetchError;

/// The addresses of a host, sooner or later.
pub type Resolved = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Resolves host names. A parameter, so that tests and operators can say what a name means.
pub trait HostLookup: Send + Sync {
    /// Every address of `host`.
    fn lookup(&self, host: &str) -> Resolved;
}

/// The operating system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

impl HostLookup for SystemLookup {
    fn lookup(&self, host: &str) -> Resolved {
        let host = host.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 443)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// What the HTTP client resolves with: the very addresses that were checked are the ones connected to, so a name
/// that changes its meaning between check and connection gains nothing.
pub(super) struct CheckedLookup {
    pub(super) inner: Arc<dyn HostLookup>,
    pub(super) allow: Arc<[IpNet]>,
}

impl Resolve for CheckedLookup {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let asked = self.inner.lookup(&host);
        let allow = Arc::clone(&self.allow);
        Box::pin(async move {
            let unknown = |detail: String| FetchError::UnknownHost {
                host: host.clone(),
                detail,
            };
            let found = asked.await.map_err(|error| unknown(error.to_string()))?;
            if found.is_empty() {
                return Err(unknown("no address".to_owned()).into());
            }
            // One forbidden address among good ones is no accident: the whole name is refused.
            if let Some(address) = found
                .iter()
                .copied()
                .find(|address| is_forbidden_address(*address, &allow))
            {
                return Err(FetchError::ForbiddenAddress { host, address }.into());
            }
            let addresses: Addrs =
                Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}
