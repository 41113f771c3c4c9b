//! `signet check`: every problem with its mend, before people meet it.

mod kerberos;
#[cfg(test)]
mod tests;

use std::path::Path;

use serde::Serialize;
use signet_certs::MasterKey;
use signet_certs::client::Revocation;
use signet_certs::tls::TlsIdentity;
use signet_directory::{Clock, ControllerState, Directory, DirectoryError, LoginName};
use signet_issuance::satisfies_demand;
use signet_model::{AvailableMethods, Performed, RelyingParty, RequestedAuthentication};
use signet_store::{KeyRole, Store, TrustConfiguration};
use time::OffsetDateTime;

use super::output::Output;
use super::{Done, Failure, block_on, domain};
use crate::config::{Config, DirectoryConfig, Session};
use crate::house::{
    check_second_factor, open_certificates, open_directories, open_store, possible_methods, ring_of,
};

/// A signing or TLS certificate with fewer days left is worth a word.
pub(super) const FEW_DAYS: i64 = 30;

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Good,
    Warning,
    Problem,
}

#[derive(Serialize)]
struct Line {
    state: State,
    part: &'static str,
    text: String,
}

struct Report(Vec<Line>);

impl Report {
    fn add(&mut self, state: State, part: &'static str, text: impl Into<String>) {
        self.0.push(Line {
            state,
            part,
            text: text.into(),
        });
    }
}

pub(super) fn run(path: &Path, output: &Output) -> Done {
    block_on(async {
        let mut report = Report(Vec::new());
        match Config::read(path) {
            Ok(config) => {
                report.add(
                    State::Good,
                    "configuration",
                    format!("{}: read", path.display()),
                );
                sessions(&config.session, &mut report);
                parts(&config, &mut report).await;
            }
            Err(error) => report.add(State::Problem, "configuration", error.to_string()),
        }
        let problems = report
            .0
            .iter()
            .filter(|line| line.state == State::Problem)
            .count();
        output.show(&report.0, || {
            let lines = report.0.iter().map(|line| {
                let state = match line.state {
                    State::Good => "ok      ",
                    State::Warning => "warning ",
                    State::Problem => "PROBLEM ",
                };
                format!("{state} {:<14} {}", line.part, line.text)
            });
            lines.collect::<Vec<_>>().join("\n")
        });
        if problems == 0 {
            Ok(())
        } else {
            Err(Failure(format!("{problems} to mend")))
        }
    })
}

/// A limit that another one comes before is probably not meant.
fn sessions(session: &Session, report: &mut Report) {
    let longest = if session.keep_me_signed_in {
        session
            .absolute_minutes
            .max(session.keep_me_signed_in_minutes)
    } else {
        session.absolute_minutes
    };
    // Whoever sets a short absolute limit need not think of the other.
    let is_meant = session.idle_minutes != Session::default().idle_minutes;
    if is_meant && session.idle_minutes > longest {
        report.add(
            State::Warning,
            "sessions",
            format!(
                "[session] idle_minutes = {} never counts: every session ends after {longest} minutes (absolute_minutes); set it lower, or the other higher",
                session.idle_minutes
            ),
        );
    }
}

fn second_factor(config: &Config, store: &Store, master: &MasterKey, report: &mut Report) {
    if config.second_factor.is_none() {
        return;
    }
    match check_second_factor(config, store, master) {
        Ok(names) => report.add(State::Good, "second factor", names),
        Err(error) => report.add(State::Problem, "second factor", error.to_string()),
    }
}

async fn parts(config: &Config, report: &mut Report) {
    let clock = Clock::system();
    tls(config, clock.now(), report);
    certificate_host(config, clock.now(), report);
    let master = match MasterKey::from_file(&config.store.master_key) {
        Ok(master) => master,
        Err(error) => return report.add(State::Problem, "master key", error.to_string()),
    };
    report.add(
        State::Good,
        "master key",
        config.store.master_key.display().to_string(),
    );
    match open_store(config, &master).await {
        Ok(store) => match store.load_trust().await {
            Ok(trust) => {
                report.add(
                    State::Good,
                    "store",
                    format!("open, trust configuration version {}", trust.version),
                );
                keys(&trust, &master, clock.now(), report);
                trusts(&trust, &possible_methods(config), report);
                second_factor(config, &store, &master, report);
            }
            Err(error) => report.add(State::Problem, "store", error.to_string()),
        },
        Err(error) => report.add(State::Problem, "store", error.to_string()),
    }
    directories(config, &clock, report).await;
    kerberos::kerberos(config, &clock, report).await;
    authorities(config, &clock, report).await;
}

/// The host that asks for certificates needs a certificate that covers it.
fn certificate_host(config: &Config, now: OffsetDateTime, report: &mut Report) {
    let Some(section) = &config.certificate else {
        return;
    };
    let host = section.host(&config.service);
    let own = section
        .tls_certificate
        .as_ref()
        .zip(section.tls_key.as_ref());
    let (certificate, key) = own.unwrap_or((&config.tls.certificate, &config.tls.key));
    let found = TlsIdentity::load(certificate, key, now)
        .and_then(|identity| identity.check_covers(&host).map(|()| identity));
    match found {
        Ok(identity) => {
            let days = identity.facts().days_left(now);
            let state = if days < FEW_DAYS {
                State::Warning
            } else {
                State::Good
            };
            report.add(
                state,
                "certificate",
                format!(
                    "{}: for {host}, {days} days left; people's certificates are asked for at {}",
                    certificate.display(),
                    section.origin(&config.service)
                ),
            );
        }
        Err(error) if own.is_none() => report.add(
            State::Problem,
            "certificate",
            format!(
                "{error}; renew the main certificate with the name {host}, or give [certificate] tls_certificate and tls_key"
            ),
        ),
        Err(error) => report.add(State::Problem, "certificate", error.to_string()),
    }
    if section
        .forwarded()
        .is_some_and(|trust| trust.thumbprints.is_empty())
    {
        report.add(
            State::Warning,
            "certificate",
            "certificates in the proxies' header are believed by the proxies' address alone; let the proxies show a TLS client certificate and name its SHA-256 in header_proxy_thumbprints",
        );
    }
    if section.revocation_hosts.is_empty() {
        let state = match section.judging().revocation {
            Revocation::HardFail => State::Problem,
            Revocation::SoftFail => State::Warning,
        };
        report.add(
            state,
            "certificate",
            "revocation_hosts names nobody to ask whether a certificate was revoked; name the hosts in the certificates' CDP and OCSP addresses (signet certmap FILE shows what is asked)",
        );
    }
}

/// Who may issue people's certificates, as the files and the directories say.
async fn authorities(config: &Config, clock: &Clock, report: &mut Report) {
    let Some(section) = &config.certificate else {
        return;
    };
    let Ok(opened) = open_directories(config, clock) else {
        return;
    };
    let authenticator = match open_certificates(section, &opened) {
        Ok(authenticator) => authenticator,
        Err(error) => return report.add(State::Problem, "certificate", error.to_string()),
    };
    let refreshed = authenticator.refresh().await;
    for failure in &refreshed.failures {
        report.add(State::Problem, "certificate", failure.message().private);
    }
    let (ntauth, roots, intermediates) = refreshed.counts;
    let (state, mend) = match (ntauth, roots) {
        (0, _) => (
            State::Problem,
            "; NTAuth is empty: publish the issuing authority (certutil -dspublish -f CA.cer NTAuthCA) or name it in ntauth",
        ),
        (_, 0) => (
            State::Problem,
            "; no root is trusted: name a file in roots, or set trust_directory_roots",
        ),
        _ => (State::Good, ""),
    };
    report.add(
        state,
        "certificate",
        format!(
            "{ntauth} issuers in NTAuth, {roots} trusted roots, {intermediates} intermediates{mend}"
        ),
    );
}

fn tls(config: &Config, now: OffsetDateTime, report: &mut Report) {
    match TlsIdentity::load(&config.tls.certificate, &config.tls.key, now) {
        Err(error) => report.add(State::Problem, "tls", error.to_string()),
        Ok(identity) => {
            if let Err(error) = identity.check_covers(&config.service.host) {
                return report.add(State::Problem, "tls", error.to_string());
            }
            let days = identity.facts().days_left(now);
            let state = if days < FEW_DAYS {
                State::Warning
            } else {
                State::Good
            };
            report.add(
                state,
                "tls",
                format!(
                    "{}: for {}, {days} days left",
                    config.tls.certificate.display(),
                    config.service.host
                ),
            );
        }
    }
}

fn keys(trust: &TrustConfiguration, master: &MasterKey, now: OffsetDateTime, report: &mut Report) {
    match ring_of(&trust.signing_keys, master) {
        Err(error) => report.add(State::Problem, "signing key", error.to_string()),
        Ok(None) => report.add(
            State::Problem,
            "signing key",
            "there is none; make one: signet cert generate",
        ),
        Ok(Some(ring)) => {
            let days = ring.current().facts().days_left(now);
            let has_next = trust
                .signing_keys
                .iter()
                .any(|key| key.role == KeyRole::Next);
            let (state, mend) = match (days, has_next) {
                (..=0, _) => (
                    State::Problem,
                    "it has expired: Entra and most applications refuse its tokens",
                ),
                (1..FEW_DAYS, false) => (
                    State::Warning,
                    "make the next one now: signet cert generate",
                ),
                (1..FEW_DAYS, true) => (
                    State::Warning,
                    "promote the next one when every partner has it: signet cert promote",
                ),
                _ => (State::Good, "good"),
            };
            report.add(
                state,
                "signing key",
                format!("{}: {days} days left, {mend}", ring.current().thumbprint()),
            );
        }
    }
}

fn can_be_signed_in_to(party: &RelyingParty, methods: &AvailableMethods) -> bool {
    let any = RequestedAuthentication::default();
    methods.first().iter().any(|method| {
        let first = Performed {
            method: *method,
            at: OffsetDateTime::UNIX_EPOCH,
        };
        methods
            .possible_with(first)
            .any(|evidence| satisfies_demand(&evidence, &any, party))
    })
}

fn trusts(trust: &TrustConfiguration, methods: &AvailableMethods, report: &mut Report) {
    report.add(
        State::Good,
        "relying parties",
        format!("{} registered", trust.relying_parties.len()),
    );
    if trust.domains.iter().next().is_some()
        && let Some(missing) = domain::unanswered(domain::entra(trust))
    {
        report.add(State::Warning, "domains", missing);
    }
    for party in &trust.relying_parties {
        for fault in super::rp::faults::faults(party) {
            let state = if fault.doubtful {
                State::Warning
            } else {
                State::Problem
            };
            report.add(state, "relying party", format!("{}: {fault}", party.name));
        }
        if !can_be_signed_in_to(party, methods) {
            report.add(
                State::Problem,
                "relying party",
                format!(
                    "{}: nobody can sign in to it: this node performs none of its allowed_authentication_classes ({}); configure one of them ([certificate], [kerberos], [second_factor]), or set it to []",
                    party.name,
                    party.allowed_authentication_classes.join(", ")
                ),
            );
        }
        for warning in super::rp::show::warnings(party) {
            report.add(
                State::Warning,
                "rules",
                format!("{}: {warning}", party.name),
            );
        }
        if party.issuer_by_domain && trust.domains.iter().next().is_none() {
            report.add(
                State::Problem,
                "domains",
                format!(
                    "{} issues by domain and no domain is federated: signet domain add contoso.com",
                    party.name
                ),
            );
        }
    }
}

async fn directories(config: &Config, clock: &Clock, report: &mut Report) {
    let opened = match open_directories(config, clock) {
        Ok(opened) => opened,
        Err(error) => return report.add(State::Problem, "directory", error.to_string()),
    };
    if opened.all().is_empty() {
        report.add(
            State::Problem,
            "directory",
            "no [[directory]] is configured; nobody could sign in",
        );
    }
    for (directory, section) in opened.all().iter().zip(&config.directories) {
        let mut answers = true;
        // A search for a name that nobody has goes the whole way: DNS, TLS, the service account's bind, a search.
        let nobody = format!("signet-check-nobody@{}", directory.name());
        match LoginName::parse(&nobody, None) {
            Ok(name) => match directory.find(&name).await {
                Ok(_) => report.add(
                    State::Good,
                    "directory",
                    format!(
                        "{}: answers, and the service account may search",
                        directory.name()
                    ),
                ),
                Err(error) => {
                    answers = !matches!(error, DirectoryError::Unavailable { .. });
                    let finds_none =
                        section.controllers.is_empty() && directory.health().await.is_empty();
                    let text = match error {
                        DirectoryError::Unavailable { detail, .. } if finds_none => {
                            no_controller(section, &detail)
                        }
                        error => format!("{error}; {}", mend(&error)),
                    };
                    report.add(State::Problem, "directory", text);
                }
            },
            Err(error) => report.add(
                State::Problem,
                "directory",
                format!("{}: {error}", directory.name()),
            ),
        }
        if answers {
            lockout(config, directory.as_ref(), report).await;
        }
        for controller in directory.health().await {
            let detail = controller
                .detail
                .clone()
                .map(|detail| format!(": {detail}"))
                .unwrap_or_default();
            let state = match controller.state {
                ControllerState::Up => State::Good,
                _ => State::Warning,
            };
            report.add(
                state,
                "controller",
                format!("{} {:?}{detail}", controller.name, controller.state),
            );
            if let Some(reading) = controller.clock {
                clocks(&controller.name, reading.ahead, report);
            }
        }
    }
}

/// No controller by DNS: what was asked, of whom, and how to do without.
fn no_controller(section: &DirectoryConfig, detail: &str) -> String {
    let domain = section.domain.trim_end_matches('.');
    let site = section
        .site
        .as_ref()
        .map(|site| format!("_ldap._tcp.{site}._sites.dc._msdcs.{domain} and "));
    let server = match section.resolver {
        Some(resolver) => format!("the DNS server {resolver} (resolver)"),
        None => "this machine's DNS server".to_owned(),
    };
    // It may begin with the name, which is said here already.
    let said = detail
        .strip_prefix("_ldap.")
        .and_then(|rest| rest.split_once(": "))
        .map_or(detail, |(_, said)| said);
    format!(
        "{domain}: no domain controller was found: {server} was asked for SRV records of {}_ldap._tcp.dc._msdcs.{domain} ({said}); name the controllers in [[directory]] controllers, or a DNS server that knows the domain in resolver",
        site.unwrap_or_default()
    )
}

/// What an operator does about a directory that does not answer well; the error's own hint is for people who sign in.
fn mend(error: &DirectoryError) -> &'static str {
    match error {
        DirectoryError::Unavailable { .. } => {
            "see the controllers below, and whether a firewall lets this machine reach them (port 636, with starttls 389)"
        }
        DirectoryError::ServiceAccountRefused { .. } => {
            "check account and password_file in [[directory]], and that the account is neither locked, disabled nor expired"
        }
        DirectoryError::QueryRefused { .. } => {
            "the service account needs the right to read the domain"
        }
        DirectoryError::MalformedAnswer { .. } => {
            "check that [[directory]] controllers names domain controllers and nothing else"
        }
        _ => "run the check again; if it stays, the log of signet serve says more",
    }
}

/// Whether this machine's clock and a controller's agree: Kerberos bears five minutes, and so do most applications.
fn clocks(controller: &str, ahead: time::Duration, report: &mut Report) {
    let seconds = ahead.whole_seconds();
    let side = if seconds < 0 { "behind" } else { "ahead of" };
    let state = match seconds.abs() {
        0..30 => return,
        30..300 => State::Warning,
        _ => State::Problem,
    };
    report.add(
        state,
        "clock",
        format!(
            "this machine is {} s {side} {controller}: Kerberos tickets and tokens are refused beyond 300 s; compare both with a third clock and set the wrong one (chronyc tracking, chronyc makestep; w32tm /query /status)",
            seconds.abs()
        ),
    );
}

/// Whether the guard's limits stay below the domain's own lockout. The guard keeps below it anyway, so that
/// nobody is locked out of a desktop; an operator should know that the settings are not what holds.
async fn lockout(config: &Config, directory: &dyn Directory, report: &mut Report) {
    let settings = config.lockout.settings();
    let most = settings.most_for_one_account();
    let (state, text) = match directory.domain_policy().await {
        Err(error) => (
            State::Warning,
            format!(
                "{}: the lockout threshold is not known: {error}",
                directory.name()
            ),
        ),
        Ok(policy) => match policy.lockout {
            None => (
                State::Good,
                format!(
                    "{}: the domain locks nobody; {most} wrong passwords an account are let through",
                    directory.name()
                ),
            ),
            Some(lockout) if settings.reaches(&lockout) => (
                State::Warning,
                format!(
                    "{}: the domain locks at {} wrong passwords, and account_near + account_far = {most}; fewer are let through, set both lower in [lockout]",
                    directory.name(),
                    lockout.threshold
                ),
            ),
            Some(lockout) => (
                State::Good,
                format!(
                    "{}: the domain locks at {} wrong passwords, {most} are let through",
                    directory.name(),
                    lockout.threshold
                ),
            ),
        },
    };
    report.add(state, "lockout", text);
}
