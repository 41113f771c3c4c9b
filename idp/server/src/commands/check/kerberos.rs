//! What `signet check` says of Kerberos.

use std::sync::Arc;

use async_trait::async_trait;
use signet_authn::kerberos::{
    KerberosAuthenticator, ReplayLedger, ReplayLedgerUnavailable, check_keytab,
};
use signet_directory::Clock;
use time::OffsetDateTime;
use tokio::task::spawn_blocking;

use super::{Report, State};
use crate::config::{Config, KerberosConfig, Protection};
use crate::house::{open_directories, read_binding};

const PART: &str = "kerberos";

/// Key tables, networks, bindings, and whether the library begins with them.
pub(super) async fn kerberos(config: &Config, clock: &Clock, report: &mut Report) {
    let Some(settings) = &config.kerberos else {
        return;
    };
    let host = &config.service.host;
    report.add(
        State::Good,
        PART,
        format!("browsers ask for tickets of HTTP/{host}; {host} should be an address record in DNS, because of an alias they ask for its target's"),
    );
    for keytab in &settings.keytabs {
        check_one(keytab, host, report);
    }
    if settings.networks.is_none() && config.network.inside.is_empty() {
        report.add(
            State::Warning,
            PART,
            "nobody is offered it: name inside networks in [network], or networks in [kerberos]",
        );
    }
    if settings.extended_protection != Protection::None {
        bindings(config, settings, report);
    }
    start(config, settings, clock, report).await;
}

fn check_one(keytab: &std::path::Path, host: &str, report: &mut Report) {
    match check_keytab(keytab, host) {
        Ok(found) => {
            for line in found.keys {
                report.add(State::Good, PART, format!("{}: {line}", keytab.display()));
            }
            for warning in found.warnings {
                report.add(
                    State::Warning,
                    PART,
                    format!("{}: {warning}", keytab.display()),
                );
            }
        }
        Err(fault) => report.add(State::Problem, PART, fault.to_string()),
    }
}

/// Whether there is something that clients' bindings can be compared with.
fn bindings(config: &Config, settings: &KerberosConfig, report: &mut Report) {
    let own = read_binding(&config.tls.certificate);
    let proxy = settings.proxy_certificate.as_deref().map(read_binding);
    for fault in [own.err(), proxy.and_then(Result::err)]
        .into_iter()
        .flatten()
    {
        report.add(
            State::Problem,
            PART,
            format!("extended protection has no certificate to compare with: {fault}"),
        );
    }
    if settings.proxy_certificate.is_none() && !config.network.proxies.is_empty() {
        report.add(
            State::Warning,
            PART,
            "people who come through a [[network.proxy]] get the form: name its certificate as proxy_certificate, or set extended_protection = \"none\"",
        );
    }
}

async fn start(config: &Config, settings: &KerberosConfig, clock: &Clock, report: &mut Report) {
    // Directories that cannot be opened have a line of their own.
    let Ok(directories) = open_directories(config, clock) else {
        return;
    };
    let settings = settings.settings(&config.store.url);
    let started = spawn_blocking(move || {
        KerberosAuthenticator::start(settings, directories, Arc::new(NothingIsAccepted))
    });
    match started.await {
        Ok(Ok(_)) => report.add(
            State::Good,
            PART,
            "the library is here and reads the keytabs",
        ),
        Ok(Err(fault)) => report.add(State::Problem, PART, fault.to_string()),
        Err(ended) => report.add(State::Problem, PART, ended.to_string()),
    }
}

/// A check takes no ticket, so it remembers none.
struct NothingIsAccepted;

#[async_trait]
impl ReplayLedger for NothingIsAccepted {
    async fn remember_once(
        &self,
        _: &[u8; 32],
        _: OffsetDateTime,
        _: OffsetDateTime,
    ) -> Result<bool, ReplayLedgerUnavailable> {
        Err(ReplayLedgerUnavailable {
            detail: "a check takes no ticket".to_owned(),
        })
    }
}
