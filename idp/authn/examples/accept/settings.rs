//! What the example is told, and the parts it is made of.

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use signet_authn::kerberos::{
    ExtendedProtection, KerberosAuthenticator, KerberosSettings, KerberosSetupError, ReplayCache,
    ReplayLedger, ReplayLedgerUnavailable,
};
use signet_directory::{
    ActiveDirectory, ActiveDirectoryConfig, Clock, ControllerAddress, Controllers, Directories,
    Password, ServiceAccount, Timing, Transport, TrustedRoots,
};
use signet_store::{MacTagger, Store};
use time::OffsetDateTime;

/// The settings, as JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    keytabs: Vec<PathBuf>,
    #[serde(default)]
    realms: Vec<String>,
    /// `none`, `allow` or `require`.
    protection: String,
    #[serde(default = "yes")]
    require_pac: bool,
    /// A file; absent: none.
    replay_cache: Option<PathBuf>,
    /// DER: what TLS shows.
    pub(crate) certificate: Option<PathBuf>,
    store: String,
    dns_domain: String,
    netbios_domain: String,
    /// Address and TLS name of each.
    controllers: Vec<(SocketAddr, String)>,
    ca: PathBuf,
    service: (String, String),
}

fn yes() -> bool {
    true
}

impl Settings {
    /// Opens the parts.
    pub(crate) async fn start(
        self,
    ) -> Result<Result<KerberosAuthenticator, KerberosSetupError>, Box<dyn Error>> {
        let protection = match self.protection.as_str() {
            "none" => ExtendedProtection::None,
            "allow" => ExtendedProtection::Allow,
            "require" => ExtendedProtection::Require,
            other => return Err(format!("no such protection: {other}").into()),
        };
        let mac = MacTagger::new(|_| [0; 32]);
        let ledger = Arc::new(StoreReplay(Store::open(&self.store, mac).await?));
        let controllers = self
            .controllers
            .into_iter()
            .map(|(address, tls_name)| ControllerAddress {
                host: address.ip().to_string(),
                port: Some(address.port()),
                tls_name: Some(tls_name),
            })
            .collect();
        let directory = ActiveDirectory::start(ActiveDirectoryConfig {
            dns_domain: self.dns_domain,
            netbios_domain: self.netbios_domain,
            controllers: Controllers::Listed(controllers),
            resolver: None,
            roots: TrustedRoots::from_pem(&std::fs::read(self.ca)?)?,
            service_account: ServiceAccount {
                name: self.service.0,
                password: Password::new(self.service.1)?,
            },
            transport: Transport::Ldaps,
            timing: Timing::default(),
            extra_upn_suffixes: Vec::new(),
            clock: Clock::system(),
        });
        let settings = KerberosSettings {
            keytabs: self.keytabs,
            realms: self.realms,
            extended_protection: protection,
            require_pac: self.require_pac,
            replay_cache: self
                .replay_cache
                .map_or(ReplayCache::None, ReplayCache::File),
            ..KerberosSettings::default()
        };
        let directories = Directories::new(vec![Arc::new(directory)]);
        Ok(KerberosAuthenticator::start(settings, directories, ledger))
    }
}

/// The replay memory in the store that nodes share.
struct StoreReplay(Store);

#[async_trait]
impl ReplayLedger for StoreReplay {
    async fn remember_once(
        &self,
        key_hash: &[u8; 32],
        expires: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<bool, ReplayLedgerUnavailable> {
        let first = self.0.remember_once(key_hash, expires, now).await;
        first.map_err(|error| ReplayLedgerUnavailable {
            detail: error.to_string(),
        })
    }
}
