//! Opening the house: each part in turn, each fault with its name and its mend.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arc_swap::{ArcSwap, ArcSwapOption};
use signet_authn::{Guard, Limits, Pacing, PasswordAuthenticator, SessionSeal};
use signet_certs::{CertError, KeyRing, MasterKey};
use signet_directory::{Clock, Directories};
use signet_issuance::{Engine, OpaqueIds, ServiceIdentity, Signer};
use signet_model::{AvailableMethods, Method};
use signet_pages::Brand;
use signet_protocols::saml2::OwnAddresses;
use signet_store::{MacTagger, Store};
use time::Duration;

use super::House;
use super::certificates::Certificates;
use super::ledger::StoreLedger;
use super::snapshots::Snapshots;
use super::trust::Trust;
use crate::config::Config;

pub(crate) use super::directories::open_directories;

/// Why the house could not be opened.
#[derive(Debug)]
pub(crate) struct OpenError(pub(crate) String);

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OpenError {}

impl From<CertError> for OpenError {
    fn from(error: CertError) -> Self {
        Self(error.to_string())
    }
}

/// Opens the store with the key of its row codes.
pub(crate) async fn open_store(config: &Config, master: &MasterKey) -> Result<Store, OpenError> {
    let mac = master.mac("store-rows")?;
    Store::open(
        &config.store.url,
        MacTagger::new(move |octets| mac.tag(octets)),
    )
    .await
    .map_err(|error| OpenError(format!("[store] {error}")))
}

impl House {
    /// The house over an open store, keys and directories.
    pub(crate) async fn open(
        config: Config,
        master: MasterKey,
        store: Store,
        ring: KeyRing,
        directories: Directories,
        clock: Clock,
    ) -> Result<Arc<Self>, OpenError> {
        let master = Arc::new(master);
        let trust = load_trust(&store).await?;
        let guard = Guard::new(
            Arc::new(StoreLedger::new(store.clone())),
            limits(&config),
            &key(&master, "attempt-buckets")?,
        );
        let default_domain = config
            .directories
            .iter()
            .find(|directory| directory.default)
            .map(|directory| directory.domain.clone());
        let default_domain = default_domain.or_else(|| only_domain(&directories));
        let authenticator = PasswordAuthenticator::new(
            directories.clone(),
            default_domain,
            guard,
            Pacing::default(),
        );
        let origin = config.origin();
        let certificates = Certificates::open(&config, &master, &directories)?;
        Ok(Arc::new(Self {
            brand: Brand {
                organisation: config.service.organisation.clone(),
                colour: config.service.colour.clone(),
                help: config.service.help.clone(),
            },
            service: ServiceIdentity::new(config.entity_id()),
            own_addresses: OwnAddresses::new([format!("{origin}/adfs/ls/")]),
            engine: Engine::new(OpaqueIds::new(master.mac(OpaqueIds::PURPOSE)?)),
            signer: Signer::new(ring),
            trust: ArcSwap::from_pointee(trust),
            flow_sealer: master.sealer("flow")?,
            parked_mac: master.mac("parked-requests")?,
            session_index_mac: master.mac("session-index")?,
            session_seal: SessionSeal::new(&key(&master, "session-evidence")?),
            snapshots: Snapshots::new(Duration::minutes(i64::from(
                config.session.account_recheck_minutes,
            ))),
            metadata: ArcSwapOption::empty(),
            strangers: super::audit::Strangers::default(),
            uncounted_tries: super::audit::Strangers::default(),
            open: AtomicBool::new(true),
            store_answers: AtomicBool::new(true),
            origin,
            config,
            clock,
            store,
            master,
            directories,
            authenticator,
            methods: methods(certificates.as_ref()),
            certificates,
        }))
    }

    /// Takes up what commands or other nodes changed: relying parties, domains, keys.
    pub(crate) async fn refresh(&self) -> Result<(), OpenError> {
        let version = self
            .store
            .trust_version()
            .await
            .map_err(|error| OpenError(error.to_string()))?;
        if version == self.trust.load().version() {
            return Ok(());
        }
        // Relying parties and domains first: a key that cannot be opened must not keep a disabled one enabled.
        let trust = load_trust(&self.store).await?;
        self.trust.store(Arc::new(trust));
        if let Some(ring) = super::load_ring(&self.store, &self.master).await? {
            self.signer.replace_keys(ring);
        }
        tracing::info!(version, "trust configuration taken up");
        Ok(())
    }
}

/// What this installation performs, as it is configured, in the order in which it is offered.
fn methods(certificates: Option<&Certificates>) -> AvailableMethods {
    let certificate = certificates.map(Certificates::method);
    AvailableMethods::new(
        std::iter::once(Method::Password).chain(certificate),
        certificate,
    )
}

/// A name without a domain belongs to the only directory when there is just one.
fn only_domain(directories: &Directories) -> Option<String> {
    match directories.all() {
        [only] => Some(only.name().to_owned()),
        _ => None,
    }
}

async fn load_trust(store: &Store) -> Result<Trust, OpenError> {
    let loaded = store
        .load_trust()
        .await
        .map_err(|error| OpenError(format!("trust configuration: {error}")))?;
    Ok(Trust::new(
        loaded.version,
        loaded.relying_parties,
        loaded.domains,
    ))
}

fn limits(config: &Config) -> Limits {
    let lockout = &config.lockout;
    Limits {
        account_near: lockout.account_near,
        account_far: lockout.account_far,
        address: lockout.address,
        address_inside: lockout.address_inside,
        network: lockout.network,
        window: Duration::minutes(i64::from(lockout.window_minutes)),
    }
}

/// 32 octets for one purpose, from the master key.
fn key(master: &MasterKey, purpose: &'static str) -> Result<[u8; 32], OpenError> {
    Ok(master.mac(purpose)?.tag(b"key"))
}
