//! Kerberos of this node: who is offered it, what its tokens are bound to, and what is written when one is refused.

use std::path::Path;
use std::sync::Arc;

use ipnet::IpNet;
use serde_json::json;
use signet_authn::kerberos::{
    ChannelBinding, KerberosAuthenticator, KerberosRefusal, KerberosSetupError, KeytabFault,
};
use signet_directory::Directories;
use signet_model::{MessagePair, NetworkLocation, RelyingParty, RequestContext};
use signet_store::{AuditEvent, EventNumber, Outcome, Store};
use tokio::task::spawn_blocking;
use tracing::{error, info};

use super::House;
use super::audit::{circumstances, merge};
use super::open::OpenError;
use super::replay::StoreReplay;
use crate::config::{Config, KerberosConfig};
use crate::web::agents::Agents;
use crate::web::caller::Caller;

/// Kerberos, configured and well.
pub(crate) struct Kerberos {
    pub(crate) authenticator: KerberosAuthenticator,
    /// `None`: the inside networks.
    networks: Option<Vec<IpNet>>,
    through_proxy: bool,
    agents: Agents,
    /// Of the certificate that trusted proxies show in our place.
    proxy_binding: Option<ChannelBinding>,
}

impl Kerberos {
    /// Opens the key tables. `None` when Kerberos is not configured or cannot begin: then people sign in by the form, and the
    /// log says why.
    ///
    /// # Errors
    /// A key table that others may read: whoever did can sign in as anybody, so nothing begins (KRB-20).
    pub(super) async fn start(
        config: &Config,
        directories: &Directories,
        store: &Store,
    ) -> Result<Option<Self>, OpenError> {
        let Some(wish) = &config.kerberos else {
            return Ok(None);
        };
        let agents = Agents::parse(&wish.user_agents)
            .map_err(|fault| OpenError(format!("[kerberos] {fault}")))?;
        match open_authenticator(config, wish, directories, store).await {
            Ok(authenticator) => {
                info!(keytabs = ?wish.keytabs, protection = ?wish.extended_protection, "Kerberos sign-in is on");
                Ok(Some(Self {
                    authenticator,
                    networks: wish.networks.clone(),
                    through_proxy: config.network.inside_through_proxy,
                    agents,
                    proxy_binding: proxy_binding(wish),
                }))
            }
            Err(KerberosSetupError::Keytab(fault @ KeytabFault::OpenToOthers { .. })) => {
                Err(OpenError(format!("[kerberos] {fault}")))
            }
            Err(fault) => {
                let message = fault.message();
                error!(code = message.code, detail = %message.private, "ALARM: Kerberos sign-in is off; people sign in by the form until this is mended and the service started again");
                Ok(None)
            }
        }
    }

    /// Whether this caller is offered Kerberos: a listed network, and a listed browser (KRB-06).
    pub(crate) fn reaches(&self, context: &RequestContext) -> bool {
        let near = match &self.networks {
            None => context.location == NetworkLocation::Inside,
            Some(networks) => self.is_known_address(context, networks),
        };
        near && context
            .user_agent
            .as_deref()
            .is_some_and(|agent| self.agents.list(agent))
    }

    /// Through a proxy only the address counts that it forwarded, and only where forwarded addresses can be inside at all.
    fn is_known_address(&self, context: &RequestContext, networks: &[IpNet]) -> bool {
        let direct = context.proxy.is_none();
        (direct || self.through_proxy && context.forwarded_for.is_some())
            && networks
                .iter()
                .any(|network| network.contains(&context.client_ip))
    }

    /// What a token has to be bound to: the certificate that the caller's TLS connection showed.
    pub(crate) fn binding<'a>(&'a self, caller: &'a Caller) -> Option<&'a ChannelBinding> {
        if caller.context.proxy.is_some() {
            return self.proxy_binding.as_ref();
        }
        caller.channel_binding.as_deref()
    }
}

async fn open_authenticator(
    config: &Config,
    wish: &KerberosConfig,
    directories: &Directories,
    store: &Store,
) -> Result<KerberosAuthenticator, KerberosSetupError> {
    let settings = wish.settings(&config.store.url);
    let directories = directories.clone();
    let ledger = Arc::new(StoreReplay::new(store.clone()));
    let opened =
        spawn_blocking(move || KerberosAuthenticator::start(settings, directories, ledger));
    opened.await.unwrap_or(Err(KerberosSetupError::Interrupted))
}

fn proxy_binding(wish: &KerberosConfig) -> Option<ChannelBinding> {
    let path = wish.proxy_certificate.as_deref()?;
    match read_binding(path) {
        Ok(binding) => Some(binding),
        Err(fault) => {
            error!(%fault, "ALARM: the proxy's certificate cannot be used for extended protection");
            None
        }
    }
}

/// The channel binding of a certificate file: PEM, the server's own certificate first.
///
/// # Errors
/// File and fault.
pub(crate) fn read_binding(path: &Path) -> Result<ChannelBinding, String> {
    let name = path.display();
    let octets = std::fs::read(path).map_err(|error| format!("{name}: {error}"))?;
    let (der, _) =
        signet_certs::read_certificate(&octets).map_err(|error| format!("{name}: {error}"))?;
    ChannelBinding::tls_server_end_point(&der).map_err(|error| format!("{name}: {error}"))
}

impl House {
    /// A ticket that was refused (1203).
    pub(crate) async fn audit_ticket_refused(
        &self,
        caller: &Caller,
        party: &RelyingParty,
        refusal: &KerberosRefusal,
        message: &MessagePair,
    ) -> Result<(), MessagePair> {
        // Whoever sends these need not have proved anything.
        let Some(left_out) = self.uncounted_tries.admit(self.clock.now()) else {
            return Ok(());
        };
        let mut details = circumstances(caller);
        merge(
            &mut details,
            json!({ "detail": message.private, "cause": "kerberos", "left_out_before": left_out }),
        );
        let event = self.event(
            caller,
            EventNumber::CREDENTIALS_FAILURE,
            Outcome::Failure,
            details,
        );
        let event = AuditEvent {
            account: refusal.account(),
            relying_party: Some(party.id),
            reason: Some(message.code.into()),
            ..event
        };
        let written = self.store.record(&event).await;
        written.map(drop).map_err(|error| error.message())
    }
}
