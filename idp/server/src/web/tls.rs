//! Which TLS configuration a connection gets, by the host name it asked for.

use std::sync::Arc;

use signet_certs::CertError;
use signet_certs::tls::{ReloadableTls, TlsIdentity, TlsTable, UnknownName, server_config};
use tokio_rustls::rustls::ServerConfig;

use crate::config::Config;

/// The server's TLS, exchangeable while it runs.
///
/// One configuration serves every name today. The choice is made here, per handshake, because a host that asks for
/// client certificates needs a configuration of its own.
pub(crate) struct TlsFiles {
    main: Arc<ServerConfig>,
    certificates: Arc<ReloadableTls>,
}

impl TlsFiles {
    /// Loads the files of `[tls]`.
    pub(crate) fn load(config: &Config, now: time::OffsetDateTime) -> Result<Self, CertError> {
        let certificates = Arc::new(ReloadableTls::new(table(config, now)?));
        Ok(Self {
            main: Arc::new(server_config(Arc::clone(&certificates) as _)?),
            certificates,
        })
    }

    /// The configuration for a handshake that asks for `name`.
    pub(crate) fn for_name(&self, _name: Option<&str>) -> Arc<ServerConfig> {
        Arc::clone(&self.main)
    }

    /// Reads the files again; on any fault the old certificate stays in use.
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
    Ok(TlsTable::new(identity, UnknownName::UseDefault))
}
