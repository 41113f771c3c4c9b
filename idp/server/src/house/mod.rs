//! Everything that requests share, opened once: the house that all rooms stand in.

mod alarms;
mod audit;
mod certificates;
mod directories;
mod issuance;
mod kerberos;
mod keys;
mod ledger;
mod my_sessions;
mod open;
mod replay;
mod second;
mod session;
mod snapshots;
mod steady;
mod trust;
mod vault;

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use arc_swap::{ArcSwap, ArcSwapOption};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use signet_authn::factors::{EnrolmentRule, SecondFactors};
use signet_authn::{GuardEvent, PasswordAuthenticator, SessionSeal};
use signet_certs::{MacKey, MasterKey, Sealer};
use signet_directory::{Clock, Directories};
use signet_issuance::{Engine, ServiceIdentity, Signer};
use signet_model::{AvailableMethods, Culprit, MessagePair};
use signet_pages::Brand;
use signet_protocols::saml2::OwnAddresses;
use signet_store::{SecretHash, Store};
use time::macros::format_description;
use tokio::sync::mpsc::Receiver;

use crate::config::Config;
use crate::flow::sealed::{Flow, Replay};

pub(crate) use certificates::{Certificates, note as certificate_note, open_certificates};
pub(crate) use directories::{
    DirectoryRoots, DirectoryWatch, open_watched_directories, read_secret,
};
pub(crate) use issuance::Issued;
pub(crate) use kerberos::{Kerberos, read_binding};
pub(crate) use keys::{load_ring, ring_of, stored};
pub(crate) use ledger::StoreLedger;
pub(crate) use my_sessions::{SHOWN, evidence_of, session_seal};
pub(crate) use open::{
    OpenError, check_second_factor, open_directories, open_store, possible_methods,
};
pub(crate) use session::{AskedToEnd, EndedSession, LiveSession};
pub(crate) use trust::Trust;

use self::issuance::PublishedMetadata;
use self::snapshots::Snapshots;
use self::steady::SteadyTime;

/// The running service.
pub(crate) struct House {
    pub(crate) config: Config,
    /// `https://HOST` or `https://HOST:PORT`.
    pub(crate) origin: String,
    pub(crate) brand: Brand,
    pub(crate) clock: Clock,
    pub(crate) service: ServiceIdentity,
    /// The addresses that a SAML `Destination` may name.
    pub(crate) own_addresses: OwnAddresses,
    /// What counters against guessing go by.
    pub(crate) steady: Arc<SteadyTime>,
    pub(crate) store: Store,
    pub(crate) master: Arc<MasterKey>,
    pub(crate) directories: Directories,
    pub(crate) authenticator: PasswordAuthenticator,
    /// Second factors, when `[second_factor]` is configured.
    pub(crate) second: Option<SecondFactors>,
    /// When people may set up factors.
    pub(crate) enrolment: EnrolmentRule,
    /// What the guard has to tell; taken by the task that writes it down.
    pub(crate) guard_events: Mutex<Option<Receiver<GuardEvent>>>,
    /// `None` when it is not configured, or cannot begin.
    pub(crate) kerberos: Option<Kerberos>,
    /// Signing in by certificate, when it is configured.
    pub(crate) certificates: Option<Certificates>,
    /// What this installation performs to know who is there.
    pub(crate) methods: AvailableMethods,
    pub(crate) engine: Engine,
    pub(crate) signer: Signer,
    pub(crate) trust: ArcSwap<Trust>,
    pub(crate) flow_sealer: Sealer,
    parked_mac: MacKey,
    session_index_mac: MacKey,
    session_seal: SessionSeal,
    snapshots: Snapshots,
    metadata: ArcSwapOption<PublishedMetadata>,
    strangers: audit::Strangers,
    uncounted_tries: audit::Strangers,
    open: AtomicBool,
    store_answers: AtomicBool,
}

/// What tells the handle of a stored request from a sealed one, which never holds a dot.
const PARKED_MARK: &str = "p.";

impl House {
    /// Whether load balancers should send people here.
    pub(crate) fn is_ready(&self) -> bool {
        self.open.load(Ordering::Relaxed) && self.store_answers.load(Ordering::Relaxed)
    }

    /// Notes whether the store answers: without it nobody can be signed in here.
    pub(crate) fn store_answers(&self, answers: bool) {
        self.store_answers.store(answers, Ordering::Relaxed);
    }

    /// Tells load balancers to go elsewhere; running requests go on.
    pub(crate) fn close_door(&self) {
        self.open.store(false, Ordering::Relaxed);
    }

    /// 256 random bits as text, for a cookie.
    pub(crate) fn random_text(&self) -> Result<String, MessagePair> {
        let mut octets = [0u8; 32];
        SystemRandom::new().fill(&mut octets).map_err(|_| MessagePair {
            code: "SIG-RANDOM",
            culprit: Culprit::Us,
            public: "Something went wrong here.",
            hint: "Try again. If it happens again, tell your administrator the activity id below.",
            private: "the operating system gave no random octets".to_owned(),
        })?;
        Ok(URL_SAFE_NO_PAD.encode(octets))
    }

    /// The time for people and admins: `2026-01-02 03:04:05 UTC`.
    pub(crate) fn now_in_words(&self) -> String {
        let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
        self.clock.now().format(&format).unwrap_or_default()
    }

    /// Keeps a request in the store that is too large for a URL; gives the handle for the URL.
    pub(crate) async fn park(&self, flow: &Flow, sender: IpAddr) -> Result<String, MessagePair> {
        let body = serde_json::to_vec(flow).map_err(|error| too_large(&error.to_string()))?;
        let sealed = [&self.parked_mac.tag(&body)[..], &body].concat();
        let network = signet_authn::network_of(sender).to_string();
        let source = self.parked_mac.tag(format!("source {network}").as_bytes());
        let secret = self
            .store
            .park_request(&sealed, &source, self.clock.now())
            .await
            .map_err(|error| error.message())?;
        Ok(format!("{PARKED_MARK}{}", secret.expose()))
    }

    /// Whether a handle names a stored request.
    pub(crate) fn is_parked_handle(&self, handle: &str) -> bool {
        handle.starts_with(PARKED_MARK)
    }

    /// Finds a stored request again.
    pub(crate) async fn unpark(&self, handle: &str) -> Result<Flow, MessagePair> {
        let gone = || crate::flow::sealed::NotOpened::Expired.message();
        let key = handle
            .strip_prefix(PARKED_MARK)
            .and_then(SecretHash::of_cookie)
            .ok_or_else(gone)?;
        let body = self
            .store
            .load_parked(key, self.clock.now())
            .await
            .map_err(|error| error.message())?
            .ok_or_else(gone)?;
        let (tag, json) = body.split_at_checked(32).ok_or_else(gone)?;
        self.parked_mac.verify(json, tag).map_err(|_| gone())?;
        serde_json::from_slice(json).map_err(|_| gone())
    }

    /// Uses up a signed request; the second time is refused.
    pub(crate) async fn use_once(&self, replay: &Replay) -> Result<(), MessagePair> {
        let expires = time::OffsetDateTime::from_unix_timestamp(replay.expires)
            .unwrap_or_else(|_| self.clock.now())
            + time::Duration::hours(2);
        if self
            .is_first_use(&format!("saml-request\n{}", replay.key), expires)
            .await?
        {
            return Ok(());
        }
        Err(MessagePair {
            code: "SIG-SAML-REPLAY",
            culprit: Culprit::RelyingParty,
            public: "The application's sign-in request was used before.",
            hint: "Go back to the application and start again.",
            private: format!(
                "signed request used twice: {}",
                replay.key.replace('\n', " ")
            ),
        })
    }

    /// Uses up what may be used once, on all nodes together; whether this was the first time. `thing` says its kind and
    /// which one it is; `expires` is not before it is worthless by itself.
    pub(crate) async fn is_first_use(
        &self,
        thing: &str,
        expires: time::OffsetDateTime,
    ) -> Result<bool, MessagePair> {
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, thing.as_bytes());
        let hash: [u8; 32] = hash.as_ref().try_into().unwrap_or_default();
        self.store
            .remember_once(&hash, expires, self.clock.now())
            .await
            .map_err(|error| error.message())
    }
}

fn too_large(detail: &str) -> MessagePair {
    MessagePair {
        code: "SIG-FLOW-TOO-LARGE",
        culprit: Culprit::RelyingParty,
        public: "The application sent a request that is too large.",
        hint: "Tell the application's owner the activity id below.",
        private: detail.to_owned(),
    }
}
