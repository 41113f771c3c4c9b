//! Which certificate a client is shown, by the name it asks for.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::identity::TlsIdentity;
use crate::error::CertError;

/// What a client gets that names no host of ours, or none at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownName {
    /// The default certificate.
    #[default]
    UseDefault,
    /// An alert, no certificate.
    Refuse,
}

/// Server certificates by exact host name, and a default.
#[derive(Clone, Debug)]
pub struct TlsTable {
    default: TlsIdentity,
    hosts: BTreeMap<String, TlsIdentity>,
    unknown: UnknownName,
}

impl TlsTable {
    /// A table with `default` alone. With [`UnknownName::Refuse`] it serves only hosts that are added.
    pub fn new(default: TlsIdentity, unknown: UnknownName) -> Self {
        Self {
            default,
            hosts: BTreeMap::new(),
            unknown,
        }
    }

    /// Serves `identity` to clients that ask for exactly `host` (any case).
    ///
    /// # Errors
    /// [`CertError::HostNotCovered`] or [`CertError::HostTwice`].
    pub fn with_host(mut self, host: &str, identity: TlsIdentity) -> Result<Self, CertError> {
        identity.check_covers(host)?;
        let host = host.to_ascii_lowercase();
        if self.hosts.contains_key(&host) {
            return Err(CertError::HostTwice(host));
        }
        self.hosts.insert(host, identity);
        Ok(self)
    }

    /// Every certificate of the table with the host it is served for; the default comes first, without one.
    pub fn identities(&self) -> impl Iterator<Item = (Option<&str>, &TlsIdentity)> {
        let hosts = self
            .hosts
            .iter()
            .map(|(host, identity)| (Some(host.as_str()), identity));
        std::iter::once((None, &self.default)).chain(hosts)
    }

    fn choose(&self, asked: Option<&str>) -> Option<&TlsIdentity> {
        let known = asked.and_then(|name| self.hosts.get(&name.to_ascii_lowercase()));
        match (known, self.unknown) {
            (Some(identity), _) => Some(identity),
            (None, UnknownName::UseDefault) => Some(&self.default),
            (None, UnknownName::Refuse) => None,
        }
    }
}

/// A [`TlsTable`] that can be exchanged while connections are served: open ones keep what they have.
#[derive(Debug)]
pub struct ReloadableTls(ArcSwap<TlsTable>);

impl ReloadableTls {
    /// Serves `table`.
    pub fn new(table: TlsTable) -> Self {
        Self(ArcSwap::from_pointee(table))
    }

    /// Serves `table` from the next handshake on.
    pub fn swap(&self, table: TlsTable) {
        self.0.store(Arc::new(table));
    }

    /// The table served now.
    pub fn table(&self) -> Arc<TlsTable> {
        self.0.load_full()
    }
}

impl ResolvesServerCert for ReloadableTls {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let table = self.0.load();
        table
            .choose(hello.server_name())
            .map(|identity| Arc::clone(&identity.certified))
    }
}
