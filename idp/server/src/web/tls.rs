//! Which TLS configuration a connection gets, by the host name it asked for or the listener it came to.

use std::sync::Arc;

use arc_swap::ArcSwap;
use signet_certs::CertError;
use signet_certs::client::certificate_host_config;
use signet_certs::tls::{ReloadableTls, TlsIdentity, TlsTable, UnknownName, server_config};
use tokio_rustls::rustls::{DistinguishedName, ServerConfig};

use crate::config::Config;

/// The server's TLS, exchangeable while it runs.
pub(crate) struct TlsFiles {
    main: Arc<ServerConfig>,
    certificate_host: Option<CertificateHost>,
    certificates: Arc<ReloadableTls>,
}

/// The host that asks for client certificates.
struct CertificateHost {
    /// The name that chooses it; `None` when only listeners of its own do.
    name: Option<String>,
    config: ArcSwap<ServerConfig>,
}

/// Which of the two hosts a handshake was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// The federation host: no certificate is asked for.
    Main,
    /// The one that asks for certificates.
    Certificate,
}

impl TlsFiles {
    /// Loads the files of `[tls]` and `[certificate]`.
    pub(crate) fn load(config: &Config, now: time::OffsetDateTime) -> Result<Self, CertError> {
        let certificates = Arc::new(ReloadableTls::new(table(config, now)?));
        let resolver = || Arc::clone(&certificates) as _;
        let certificate_host = match &config.certificate {
            None => None,
            Some(section) => Some(CertificateHost {
                name: section
                    .by_name(&config.service)
                    .then(|| section.host(&config.service)),
                config: ArcSwap::from_pointee(certificate_host_config(resolver(), Vec::new())?),
            }),
        };
        Ok(Self {
            main: Arc::new(server_config(resolver())?),
            certificate_host,
            certificates,
        })
    }

    /// The configuration for a handshake that asks for `name`, on a listener that serves the certificate host alone or not.
    pub(crate) fn choose(&self, dedicated: bool, name: Option<&str>) -> (Arc<ServerConfig>, Door) {
        if let Some(host) = &self.certificate_host {
            let named = host.name.as_deref().zip(name);
            if dedicated || named.is_some_and(|(own, asked)| own.eq_ignore_ascii_case(asked)) {
                return (host.config.load_full(), Door::Certificate);
            }
        }
        (Arc::clone(&self.main), Door::Main)
    }

    /// From the next handshake on, browsers are told to offer certificates of these authorities; of any when empty.
    pub(crate) fn offer(&self, hints: Vec<DistinguishedName>) -> Result<(), CertError> {
        if let Some(host) = &self.certificate_host {
            let resolver = Arc::clone(&self.certificates) as _;
            let config = certificate_host_config(resolver, hints)?;
            host.config.store(Arc::new(config));
        }
        Ok(())
    }

    /// Reads the files again; on any fault the old certificates stay in use.
    pub(crate) fn reload(
        &self,
        config: &Config,
        now: time::OffsetDateTime,
    ) -> Result<(), CertError> {
        self.certificates.swap(table(config, now)?);
        Ok(())
    }
}

fn table(config: &Config, now: time::OffsetDateTime) -> Result<TlsTable, CertError> {
    let identity = TlsIdentity::load(&config.tls.certificate, &config.tls.key, now)?;
    identity.check_covers(&config.service.host)?;
    let Some(section) = &config.certificate else {
        return Ok(TlsTable::new(identity, UnknownName::UseDefault));
    };
    let host = section.host(&config.service);
    match (&section.tls_certificate, &section.tls_key) {
        (Some(certificate), Some(key)) => {
            let own = TlsIdentity::load(certificate, key, now)?;
            TlsTable::new(identity, UnknownName::UseDefault).with_host(&host, own)
        }
        _ => {
            identity.check_covers(&host)?;
            Ok(TlsTable::new(identity, UnknownName::UseDefault))
        }
    }
}
