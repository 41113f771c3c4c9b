//! Which TLS configuration a connection gets, by the host name it asked for or the listener it came to.

use std::sync::Arc;

use arc_swap::ArcSwap;
use signet_authn::kerberos::ChannelBinding;
use signet_certs::CertError;
use signet_certs::client::certificate_host_config;
use signet_certs::tls::{ReloadableTls, TlsIdentity, TlsTable, UnknownName, server_config};
use tokio_rustls::rustls::{DistinguishedName, ServerConfig};

use crate::config::Config;

/// The server's TLS, exchangeable while it runs.
pub(crate) struct TlsFiles {
    main: ArcSwap<Served>,
    certificate_host: Option<CertificateHost>,
    certificates: Arc<ReloadableTls>,
}

/// One certificate as it is served.
///
/// Both parts are exchanged together: a connection, also one that resumes a session, is bound to the certificate that its
/// own configuration shows and to no other.
struct Served {
    config: Arc<ServerConfig>,
    /// What clients bind Kerberos tokens to; `None` when no standard says how, as for Ed25519.
    binding: Option<Arc<ChannelBinding>>,
}

/// What a handshake is answered with.
pub(crate) struct Chosen {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) door: Door,
    /// Of the federation host's certificate; tickets are taken there alone.
    pub(crate) binding: Option<Arc<ChannelBinding>>,
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
        let certificate_host = match &config.certificate {
            None => None,
            Some(section) => Some(CertificateHost {
                name: section
                    .by_name(&config.service)
                    .then(|| section.host(&config.service)),
                config: ArcSwap::from_pointee(certificate_host_config(
                    Arc::clone(&certificates) as _,
                    Vec::new(),
                )?),
            }),
        };
        Ok(Self {
            main: ArcSwap::from_pointee(served(config, now)?),
            certificate_host,
            certificates,
        })
    }

    /// The configuration for a handshake that asks for `name`, on a listener that serves the certificate host alone or not.
    pub(crate) fn choose(&self, dedicated: bool, name: Option<&str>) -> Chosen {
        if let Some(host) = &self.certificate_host {
            let named = host.name.as_deref().zip(name);
            if dedicated || named.is_some_and(|(own, asked)| own.eq_ignore_ascii_case(asked)) {
                return Chosen {
                    config: host.config.load_full(),
                    door: Door::Certificate,
                    binding: None,
                };
            }
        }
        let served = self.main.load();
        Chosen {
            config: Arc::clone(&served.config),
            door: Door::Main,
            binding: served.binding.clone(),
        }
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

    /// Reads the files again; on any fault the old certificates stay in use. Open connections keep what they have.
    pub(crate) fn reload(
        &self,
        config: &Config,
        now: time::OffsetDateTime,
    ) -> Result<(), CertError> {
        let (main, table) = (served(config, now)?, table(config, now)?);
        self.main.store(Arc::new(main));
        self.certificates.swap(table);
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

/// The certificates of the host that asks for people's: its own, or the main one when that covers its name.
fn table(config: &Config, now: time::OffsetDateTime) -> Result<TlsTable, CertError> {
    let identity = TlsIdentity::load(&config.tls.certificate, &config.tls.key, now)?;
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
