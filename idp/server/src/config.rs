//! `signet.toml`: what this node is.
//!
//! Everything that names a partner, a domain, a rule or a key lives in the store; this file holds
//! listeners, TLS files, the store, the directories, networks and limits. An unknown key is an
//! error that names its line; so is a value of the wrong type.

mod certificate;
mod kerberos;
mod ranges;
mod second_factor;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::Deserialize;
use signet_authn::{GuardSettings, SmartLockout};

pub(crate) use certificate::{CertificateConfig, HeaderTrust};
pub(crate) use kerberos::{Kerberos as KerberosConfig, Protection};
pub(crate) use second_factor::{RadiusName, SecondFactor};

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) service: Service,
    pub(crate) listen: Listen,
    pub(crate) tls: Tls,
    pub(crate) store: StoreConfig,
    #[serde(default, rename = "directory")]
    pub(crate) directories: Vec<DirectoryConfig>,
    #[serde(default)]
    pub(crate) network: Network,
    #[serde(default)]
    pub(crate) session: Session,
    #[serde(default)]
    pub(crate) lockout: Lockout,
    /// Second factors; without it there are none.
    pub(crate) second_factor: Option<SecondFactor>,
    pub(crate) kerberos: Option<KerberosConfig>,
    /// Signing in by certificate; off when absent.
    pub(crate) certificate: Option<CertificateConfig>,
    #[serde(default)]
    pub(crate) metadata: MetadataFetch,
    #[serde(default)]
    pub(crate) limits: Limits,
    /// Serves the built-in relying party under `/demo/`. Set by `signet demo`.
    #[serde(skip)]
    pub(crate) demo: bool,
}

/// `[service]`: the names people and partners know this service by.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Service {
    /// The federation host name, such as `sts.contoso.com`: every URL is made from it, never from a Host header.
    pub(crate) host: String,
    /// The port in public URLs, when it is not 443.
    #[serde(default = "https_port")]
    pub(crate) port: u16,
    /// Entity id and default issuer; `http://HOST/adfs/services/trust` when absent, as AD FS has it.
    pub(crate) entity_id: Option<String>,
    /// The organisation's name on pages.
    #[serde(default = "organisation")]
    pub(crate) organisation: String,
    /// The organisation's colour on pages, `#rrggbb`.
    pub(crate) colour: Option<String>,
    /// Where people get help, shown on error pages: a URL, a mail address or a phone number.
    pub(crate) help: Option<String>,
}

/// `[listen]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listen {
    /// Addresses for HTTPS.
    pub(crate) https: Vec<SocketAddr>,
    /// Addresses for plain HTTP: `/adfs/probe` for load balancers, and a redirect to HTTPS.
    #[serde(default)]
    pub(crate) http: Vec<SocketAddr>,
}

/// `[tls]`: PEM files, leaf first.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// `[store]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoreConfig {
    /// `sqlite:///var/lib/signet/signet.db` or `postgres://user:password@host/database`.
    pub(crate) url: String,
    /// 32 random octets, mode 0600, kept apart from the store: it wraps the signing keys.
    pub(crate) master_key: PathBuf,
}

/// `[[directory]]`: one Active Directory domain.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DirectoryConfig {
    /// DNS name of the domain.
    pub(crate) domain: String,
    /// NetBIOS name of the domain.
    pub(crate) netbios: String,
    /// Domain controllers, `host` or `host:port`; empty: found by DNS SRV.
    #[serde(default)]
    pub(crate) controllers: Vec<String>,
    /// Fixed addresses of controllers by name, for hosts that DNS does not know: `dc1.corp.example = "10.0.0.1"`.
    #[serde(default)]
    pub(crate) addresses: std::collections::BTreeMap<String, std::net::IpAddr>,
    /// The Active Directory site whose controllers are looked for by DNS.
    pub(crate) site: Option<String>,
    /// UPN suffixes beside those that the forest lists; `"*"` for every suffix.
    #[serde(default)]
    pub(crate) upn_suffixes: Vec<String>,
    /// DNS server for the SRV lookups; the machine's own when absent.
    pub(crate) resolver: Option<SocketAddr>,
    /// PEM file of the authorities that sign the controllers' certificates.
    pub(crate) ca: PathBuf,
    /// `ldaps` or `starttls`.
    #[serde(default)]
    pub(crate) transport: Transport,
    /// Name the service account binds with: UPN, `DOMAIN\user` or DN.
    pub(crate) account: String,
    /// File that holds its password, mode 0600.
    pub(crate) password_file: PathBuf,
    /// Names typed without a domain belong to this directory.
    #[serde(default)]
    pub(crate) default: bool,
}

/// LDAP transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Transport {
    #[default]
    Ldaps,
    StartTls,
}

/// `[network]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Network {
    /// Networks whose people are inside the company network.
    #[serde(default)]
    pub(crate) inside: Vec<IpNet>,
    /// Reverse proxies whose forwarded headers are believed: `[[network.proxy]]`.
    #[serde(default, rename = "proxy")]
    pub(crate) proxies: Vec<Proxy>,
    /// A request through a proxy is outside, whatever it forwards, unless this is set and the forwarded address is inside.
    #[serde(default)]
    pub(crate) inside_through_proxy: bool,
}

/// `[[network.proxy]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proxy {
    /// Its name in logs and in the `x-ms-proxy` claim.
    pub(crate) name: String,
    /// The addresses it connects from.
    pub(crate) network: IpNet,
}

/// `[session]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Session {
    /// A session unused for so long ends.
    pub(crate) idle_minutes: u32,
    /// A session ends after so long, used or not (AD FS: `SsoLifetime`, 480).
    pub(crate) absolute_minutes: u32,
    /// Offer "keep me signed in" (AD FS: `EnableKmsi`).
    pub(crate) keep_me_signed_in: bool,
    /// How long that lasts (AD FS: `KmsiLifetimeMins`, 1440).
    pub(crate) keep_me_signed_in_minutes: u32,
    /// The account behind a session is read again when what is known of it is older than so long; 0: at every token.
    pub(crate) account_recheck_minutes: u32,
    /// How long a second factor holds in a session; 0: as long as the session.
    pub(crate) second_factor_hours: u32,
    /// Tokens for one relying party in one session within 20 seconds before the next counts as a loop (AD FS: 5).
    pub(crate) loop_tokens: u32,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            idle_minutes: 480,
            absolute_minutes: 480,
            keep_me_signed_in: false,
            keep_me_signed_in_minutes: 1440,
            account_recheck_minutes: 5,
            second_factor_hours: 0,
            loop_tokens: 5,
        }
    }
}

/// `[lockout]`: how many wrong passwords reach the directory. Keep `account_near + account_far` below the directory's own threshold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Lockout {
    /// For one account, from where its owner signed in before, or from inside.
    pub(crate) account_near: u32,
    /// For one account, from anywhere else.
    pub(crate) account_far: u32,
    /// From one address outside (an IPv6 /64), all accounts together.
    pub(crate) address: u32,
    /// From one address inside.
    pub(crate) address_inside: u32,
    /// From one network outside (an IPv4 /24, an IPv6 /48).
    pub(crate) network: u32,
    /// How long a counter holds.
    pub(crate) window_minutes: u32,
    /// Familiar and unknown places: `off`, `log-only` or `enforce` (AD FS: `ExtranetLockoutMode`).
    pub(crate) smart_lockout: SmartLockoutMode,
    /// From all unknown places outside together.
    pub(crate) everywhere: u32,
    /// Networks from which no password is taken (AD FS: `BannedIpAddressList`).
    pub(crate) banned: Vec<IpNet>,
    /// How far below the directory's own threshold an account's limits are kept.
    pub(crate) directory_margin: u32,
    /// From so many accounts failing from one network within the window on, it is reported as a spray.
    pub(crate) spray_accounts: u32,
    /// Password checks under way in this process, and sign-ins that may wait for one.
    pub(crate) checks_at_once: usize,
    pub(crate) checks_waiting: usize,
}

/// `smart_lockout`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SmartLockoutMode {
    Off,
    LogOnly,
    #[default]
    Enforce,
}

impl Lockout {
    /// What the guard is told.
    pub(crate) fn settings(&self) -> GuardSettings {
        GuardSettings {
            limits: signet_authn::Limits {
                account_near: self.account_near,
                account_far: self.account_far,
                address: self.address,
                address_inside: self.address_inside,
                network: self.network,
                window: time::Duration::minutes(i64::from(self.window_minutes)),
            },
            smart_lockout: match self.smart_lockout {
                SmartLockoutMode::Off => SmartLockout::Off,
                SmartLockoutMode::LogOnly => SmartLockout::LogOnly,
                SmartLockoutMode::Enforce => SmartLockout::Enforce,
            },
            everywhere: self.everywhere,
            banned: self.banned.clone(),
            directory_margin: self.directory_margin,
            spray_accounts: self.spray_accounts,
            checks_at_once: self.checks_at_once,
            checks_waiting: self.checks_waiting,
        }
    }
}

impl Default for Lockout {
    fn default() -> Self {
        Self {
            account_near: 5,
            account_far: 4,
            address: 50,
            address_inside: 500,
            network: 200,
            window_minutes: 30,
            smart_lockout: SmartLockoutMode::default(),
            everywhere: 10_000,
            banned: Vec::new(),
            directory_margin: 1,
            spray_accounts: 20,
            checks_at_once: 64,
            checks_waiting: 256,
        }
    }
}

/// `[metadata]`: fetching partners' metadata.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MetadataFetch {
    /// Private networks that metadata may be fetched from.
    pub(crate) allow_networks: Vec<IpNet>,
    /// PEM file of further authorities for metadata hosts.
    pub(crate) ca: Option<PathBuf>,
}

/// `[limits]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    /// Open connections in all.
    pub(crate) connections: usize,
    /// Open connections from one address.
    pub(crate) connections_per_address: usize,
    /// Worker threads; the number of cores when 0.
    pub(crate) threads: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 8192,
            connections_per_address: 512,
            threads: 0,
        }
    }
}

fn https_port() -> u16 {
    443
}

fn organisation() -> String {
    "Signet".to_owned()
}

/// What is wrong with the configuration: file, line, fault and mend, in one text.
#[derive(Debug)]
pub(crate) struct ConfigError(pub(crate) String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Whether somebody can show several kinds of factors here: a password and a certificate are two as well.
    pub(crate) fn can_do_several_factors(&self) -> bool {
        self.second_factor.is_some() || self.certificate.is_some()
    }

    /// Reads and checks the file; relative paths in it are relative to the file.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigError(format!(
                "{}: cannot be read: {error}; `signet init` writes a first one",
                path.display()
            ))
        })?;
        let mut config = Self::parse(&text, &path.display().to_string())?;
        config.anchor(path.parent().unwrap_or(Path::new(".")));
        Ok(config)
    }

    /// Parses `text`; `name` is what errors call it.
    pub(crate) fn parse(text: &str, name: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(0, |span| {
                1 + text
                    .get(..span.start)
                    .map_or(0, |head| head.matches('\n').count())
            });
            let fault = error.message().trim();
            // The parser's words do not say that it is the port that people forget.
            let mend = if fault.contains("invalid socket address") {
                "; write an IP address and a port, such as 10.0.0.5:443 or [2001:db8::5]:443"
            } else {
                ""
            };
            ConfigError(format!("{name}, line {line}: {fault}{mend}"))
        })?;
        config.check(name)?;
        Ok(config)
    }

    fn check(&self, name: &str) -> Result<(), ConfigError> {
        let fault = |text: String| Err(ConfigError(format!("{name}: {text}")));
        let host = &self.service.host;
        if *host != host.to_ascii_lowercase() {
            return fault(format!(
                "[service] host = {host:?} has capital letters; browsers send it in lower case, so write it so"
            ));
        }
        if host.is_empty() || host.contains(['/', ':', ' ']) || url::Host::parse(host).is_err() {
            return fault(format!(
                "[service] host = {host:?} is not a host name; write it without scheme, port and path"
            ));
        }
        if self.listen.https.is_empty() {
            return fault("[listen] https names no address; people could not sign in".into());
        }
        if let Some(colour) = &self.service.colour
            && !(colour.len() == 7
                && colour.starts_with('#')
                && colour.chars().skip(1).all(|c| c.is_ascii_hexdigit()))
        {
            return fault(format!(
                "[service] colour = {colour:?} is not of the form #rrggbb"
            ));
        }
        if self
            .directories
            .iter()
            .filter(|directory| directory.default)
            .count()
            > 1
        {
            return fault("more than one [[directory]] says default = true; names without a domain would be ambiguous".into());
        }
        let lockout = &self.lockout;
        if [
            lockout.account_near,
            lockout.account_far,
            lockout.address,
            lockout.address_inside,
            lockout.network,
            lockout.window_minutes,
            lockout.everywhere,
        ]
        .contains(&0)
            || lockout.checks_at_once == 0
        {
            return fault(
                "[lockout] values must be at least 1; a limit of 0 would lock everyone out".into(),
            );
        }
        if lockout.directory_margin == 0 || lockout.spray_accounts < 2 {
            return fault("[lockout] directory_margin must be at least 1, so that no wrong password from here is the one that locks, and spray_accounts at least 2".into());
        }
        if let Some(all) = lockout
            .banned
            .iter()
            .find(|network| network.prefix_len() == 0)
        {
            return fault(format!(
                "[lockout] banned = {all} is every address; it would lock everyone out"
            ));
        }
        if let Some(Err(text)) = self
            .second_factor
            .as_ref()
            .map(|section| section.check(self.directories.len()))
        {
            return fault(format!("[second_factor] {text}"));
        }
        if self.session.idle_minutes == 0 || self.session.absolute_minutes == 0 {
            return fault("[session] idle_minutes and absolute_minutes must be at least 1".into());
        }
        if let Err(text) = ranges::check(self) {
            return fault(text);
        }
        if let Some(Err(text)) = self.kerberos.as_ref().map(KerberosConfig::check) {
            return fault(format!("[kerberos] {text}"));
        }
        if let Some(certificate) = &self.certificate
            && let Err(text) = certificate.check(&self.service, &self.network)
        {
            return fault(format!("[certificate] {text}"));
        }
        Ok(())
    }

    fn anchor(&mut self, folder: &Path) {
        let anchor = |path: &mut PathBuf| {
            if path.is_relative() {
                *path = folder.join(&*path);
            }
        };
        anchor(&mut self.tls.certificate);
        anchor(&mut self.tls.key);
        anchor(&mut self.store.master_key);
        if let Some(ca) = &mut self.metadata.ca {
            anchor(ca);
        }
        if let Some(kerberos) = &mut self.kerberos {
            kerberos.paths().for_each(anchor);
        }
        if let Some(certificate) = &mut self.certificate {
            certificate.files().for_each(anchor);
        }
        for directory in &mut self.directories {
            anchor(&mut directory.ca);
            anchor(&mut directory.password_file);
        }
        if let Some(rest) = self.store.url.strip_prefix("sqlite://")
            && !rest.starts_with('/')
        {
            self.store.url = format!("sqlite://{}", folder.join(rest).display());
        }
    }

    /// `https://HOST` or `https://HOST:PORT`: the origin of every URL of this service.
    pub(crate) fn origin(&self) -> String {
        if self.service.port == 443 {
            format!("https://{}", self.service.host)
        } else {
            format!("https://{}:{}", self.service.host, self.service.port)
        }
    }

    /// Entity id and default issuer.
    pub(crate) fn entity_id(&self) -> String {
        self.service
            .entity_id
            .clone()
            .unwrap_or_else(|| format!("http://{}/adfs/services/trust", self.service.host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[service]\nhost = \"sts.contoso.com\"\n[listen]\nhttps = [\"127.0.0.1:8443\"]\n[tls]\ncertificate = \"tls.pem\"\nkey = \"tls.key\"\n[store]\nurl = \"sqlite://signet.db\"\nmaster_key = \"master.key\"\n";

    #[test]
    fn sec_cfg_06_unknown_key_names_its_line() {
        let text = format!("{GOOD}colour = 1\n");
        let error = Config::parse(&text, "signet.toml").unwrap_err().to_string();
        assert!(error.starts_with("signet.toml, line 11:"), "{error}");
        assert!(error.contains("colour"), "{error}");
    }

    #[test]
    fn sec_cfg_06_wrong_type_and_missing_section_are_named() {
        let error = Config::parse(&GOOD.replace("\"tls.key\"", "7"), "f")
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("f, line 7:"), "{error}");
        let error = Config::parse("[service]\nhost=\"a\"\n", "f")
            .unwrap_err()
            .to_string();
        assert!(error.contains("listen"), "{error}");
        let error = Config::parse("\u{feff}[service", "f")
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("f, line"), "{error}");
    }

    #[test]
    fn lockout_is_told_to_the_guard_as_written() {
        assert_eq!(
            Config::parse(GOOD, "f").unwrap().lockout.settings(),
            GuardSettings::default()
        );
        let text = format!(
            "{GOOD}[lockout]\nsmart_lockout = \"log-only\"\nbanned = [\"203.0.113.0/24\"]\naccount_far = 2\n"
        );
        let settings = Config::parse(&text, "f").unwrap().lockout.settings();
        assert_eq!(settings.smart_lockout, SmartLockout::LogOnly);
        assert_eq!((settings.limits.account_far, settings.banned.len()), (2, 1));
        for wrong in [
            "smart_lockout = \"on\"",
            "banned = [\"0.0.0.0/0\"]",
            "banned = [\"example\"]",
            "directory_margin = 0",
            "spray_accounts = 1",
            "everywhere = 0",
            "checks_at_once = 0",
        ] {
            assert!(
                Config::parse(&format!("{GOOD}[lockout]\n{wrong}\n"), "f").is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn urls_come_from_the_configuration() {
        let config = Config::parse(GOOD, "f").unwrap();
        assert_eq!(config.origin(), "https://sts.contoso.com");
        assert_eq!(
            config.entity_id(),
            "http://sts.contoso.com/adfs/services/trust"
        );
        let config =
            Config::parse(&GOOD.replace("[listen]", "port = 8443\n[listen]"), "f").unwrap();
        assert_eq!(config.origin(), "https://sts.contoso.com:8443");
        assert!(Config::parse(&GOOD.replace("sts.contoso.com", "https://x/"), "f").is_err());
    }
}
