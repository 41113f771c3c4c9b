//! Which TLS configuration a connection gets, by the host name it asked for.

use std::sync::Arc;

use arc_swap::ArcSwap;
use signet_authn::kerberos::ChannelBinding;
use signet_certs::CertError;
use signet_certs::tls::{ReloadableTls, TlsIdentity, TlsTable, UnknownName, server_config};
use tokio_rustls::rustls::ServerConfig;

use crate::config::Config;

/// The server's TLS, exchangeable while it runs.
///
/// One configuration serves every name today. The choice is made here, per handshake, because a host that asks for
/// client certificates needs a configuration of its own.
pub(crate) struct TlsFiles {
    main: ArcSwap<Served>,
}

/// One certificate as it is served.
///
/// Both parts are exchanged together: a connection, also one that resumes a session, is bound to the certificate that its
/// own configuration shows and to no other.
pub(crate) struct Served {
    pub(crate) config: Arc<ServerConfig>,
    /// What clients bind Kerberos tokens to; `None` when no standard says how, as for Ed25519.
    pub(crate) binding: Option<Arc<ChannelBinding>>,
}

impl TlsFiles {
    /// Loads the files of `[tls]`.
    pub(crate) fn load(config: &Config, now: time::OffsetDateTime) -> Result<Self, CertError> {
        Ok(Self {
            main: ArcSwap::from_pointee(served(config, now)?),
        })
    }

    /// The configuration for a handshake that asks for `name`.
    pub(crate) fn for_name(&self, _name: Option<&str>) -> Arc<Served> {
        self.main.load_full()
    }

    /// Reads the files again; on any fault the old certificate stays in use. Open connections keep what they have.
    pub(crate) fn reload(
        &self,
        config: &Config,
        now: time::OffsetDateTime,
    ) -> Result<(), CertError> {
        self.main.store(Arc::new(served(config, now)?));
        Ok(())
    }
}

fn served(config: &Config, now: time::OffsetDateTime) -> Result<Served, CertError> {
    let identity = TlsIdentity::load(&config.tls.certificate, &config.tls.key, now)?;
    identity.check_covers(&config.service.host)?;
    let binding = ChannelBinding::tls_server_end_point(identity.certificate_der()).ok();
    let table = TlsTable::new(identity, UnknownName::UseDefault);
    Ok(Served {
        config: Arc::new(server_config(Arc::new(ReloadableTls::new(table)))?),
        binding: binding.map(Arc::new),
    })
}
