//! Opening the house: each part in turn, each fault with its name and its mend.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use arc_swap::{ArcSwap, ArcSwapOption};
use signet_authn::factors::EnrolmentRule;
use signet_authn::{AttemptLedger, Guard, Pacing, PasswordAuthenticator};
use signet_certs::{CertError, KeyRing, MasterKey};
use signet_directory::{Clock, Directories};
use signet_issuance::{Engine, OpaqueIds, ServiceIdentity, Signer};
use signet_model::{AvailableMethods, Method};
use signet_pages::Brand;
use signet_protocols::saml2::OwnAddresses;
use signet_store::{MacTagger, Store};
use time::Duration;
use tokio::sync::mpsc;

use super::House;
use super::certificates::Certificates;
use super::kerberos::Kerberos;
use super::ledger::StoreLedger;
use super::my_sessions::session_seal;
use super::second;
use super::snapshots::Snapshots;
use super::steady::SteadyTime;
use super::trust::Trust;
use crate::config::Config;

pub(crate) use super::directories::open_directories;

/// Events of the guard that wait to be written down; beyond them they are only logged.
const GUARD_EVENTS: usize = 64;

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
        let steady = Arc::new(SteadyTime::begin(clock.now(), Instant::now()));
        let ledger = Arc::new(StoreLedger::steady(store.clone(), Arc::clone(&steady)));
        let (report, guard_events) = mpsc::channel(GUARD_EVENTS);
        let guard = Guard::new(
            Arc::clone(&ledger) as Arc<dyn AttemptLedger>,
            config.lockout.settings(),
            &key(&master, "attempt-buckets")?,
        )
        .reporting_to(report);
        let second = second::open(&config, &store, &master, ledger)?;
        let enrolment = enrolment(&config);
        let second_methods = second::methods(&config);
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
        let kerberos = Kerberos::start(&config, &directories, &store).await?;
        let origin = config.origin();
        let certificates = Certificates::open(&config, &master, &directories)?;
        Ok(Arc::new(Self {
            brand: Brand {
                organisation: config.service.organisation.clone(),
                colour: config.service.colour.clone(),
                help: config.service.help.clone(),
            },
            service: {
                let mut service = ServiceIdentity::new(config.entity_id());
                service.password_change_url = Some(format!("{origin}/adfs/portal/updatepassword/"));
                service.additional_authentication_rules = additional_rules(&config)?;
                service
            },
            own_addresses: OwnAddresses::new([format!("{origin}/adfs/ls/")]),
            engine: Engine::new(OpaqueIds::new(master.mac(OpaqueIds::PURPOSE)?)),
            signer: Signer::new(ring),
            trust: ArcSwap::from_pointee(trust),
            flow_sealer: master.sealer("flow")?,
            parked_mac: master.mac("parked-requests")?,
            session_index_mac: master.mac("session-index")?,
            session_seal: session_seal(&master)?,
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
            steady,
            store,
            master,
            directories,
            authenticator,
            methods: methods(kerberos.is_some(), certificates.as_ref(), second_methods),
            second,
            enrolment,
            guard_events: Mutex::new(Some(guard_events)),
            kerberos,
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
fn methods(
    kerberos: bool,
    certificates: Option<&Certificates>,
    second: Vec<Method>,
) -> AvailableMethods {
    let ticket = kerberos.then_some(Method::Kerberos);
    let certificate = certificates.map(Certificates::method);
    let first = ticket.into_iter().chain([Method::Password]);
    AvailableMethods::new(
        first.chain(certificate),
        second.into_iter().chain(certificate),
    )
}

/// What a node with `config` could perform at best: everything that a section switches on.
pub(crate) fn possible_methods(config: &Config) -> AvailableMethods {
    let ticket = config.kerberos.is_some().then_some(Method::Kerberos);
    let asking = config.certificate.is_some();
    let certificates = [Method::Certificate, Method::Smartcard];
    let certificates = || certificates.into_iter().filter(move |_| asking);
    AvailableMethods::new(
        ticket
            .into_iter()
            .chain([Method::Password])
            .chain(certificates()),
        second::methods(config).into_iter().chain(certificates()),
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

/// Opens what `[second_factor]` says as a start would; the factors by name.
pub(crate) fn check_second_factor(
    config: &Config,
    store: &Store,
    master: &MasterKey,
) -> Result<String, OpenError> {
    let ledger = Arc::new(StoreLedger::new(store.clone()));
    second::open(config, store, master, ledger)?;
    additional_rules(config)?;
    let names: Vec<&str> = second::methods(config)
        .into_iter()
        .map(Method::name)
        .collect();
    Ok(names.join(", "))
}

fn enrolment(config: &Config) -> EnrolmentRule {
    let Some(settings) = &config.second_factor else {
        return EnrolmentRule::default();
    };
    EnrolmentRule {
        fresh_for: Duration::minutes(i64::from(settings.fresh_minutes)),
        first_inside: settings.enrol_inside,
        first_outside: settings.enrol_outside,
    }
}

/// The rules that say who needs a second factor at every relying party (AD FS: `AdditionalAuthenticationRules`).
fn additional_rules(config: &Config) -> Result<String, OpenError> {
    let rules = config.second_factor.as_ref();
    let Some(file) = rules.and_then(|settings| settings.rules.as_ref()) else {
        return Ok(String::new());
    };
    let fault = |detail: String| {
        OpenError(format!(
            "[second_factor] rules: {}: {detail}",
            file.display()
        ))
    };
    let text = std::fs::read_to_string(file).map_err(|error| fault(error.to_string()))?;
    signet_claims::RuleSet::parse(&text).map_err(|error| fault(error.to_string()))?;
    Ok(text)
}

/// 32 octets for one purpose, from the master key.
fn key(master: &MasterKey, purpose: &'static str) -> Result<[u8; 32], OpenError> {
    Ok(master.mac(purpose)?.tag(b"key"))
}
