//! `[kerberos]`: who is offered a silent sign-in with the ticket of the own computer, and with which keys.

use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;
use signet_authn::kerberos::{ExtendedProtection, KerberosSettings, ReplayCache};

use crate::web::agents::Agents;

/// `[kerberos]`; without it nobody is offered Kerberos.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kerberos {
    /// Key tables of the service account, mode 0600.
    pub(crate) keytabs: Vec<PathBuf>,
    /// Realms whose people may sign in; every directory's domain when empty.
    #[serde(default)]
    pub(crate) realms: Vec<String>,
    /// `none`, `allow` or `require` (AD FS: `ExtendedProtectionTokenCheck`).
    #[serde(default)]
    pub(crate) extended_protection: Protection,
    /// Refuse tickets without a PAC; only centres that are not Active Directory issue such.
    #[serde(default = "yes")]
    pub(crate) require_pac: bool,
    /// Networks that are offered Kerberos; the inside networks when absent.
    pub(crate) networks: Option<Vec<IpNet>>,
    /// Browsers that are offered it (AD FS: `WiaSupportedUserAgents`).
    #[serde(default = "user_agents")]
    pub(crate) user_agents: Vec<String>,
    /// The Kerberos library's own replay cache; beside an SQLite store when absent.
    pub(crate) replay_cache: Option<PathBuf>,
    /// PEM of the certificate that the `[[network.proxy]]` machines show, which end TLS in this server's place.
    pub(crate) proxy_certificate: Option<PathBuf>,
    /// How far clocks may differ: `clockskew` of `krb5.conf`.
    #[serde(default = "clock_skew")]
    pub(crate) clock_skew_seconds: u32,
}

/// `extended_protection`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Protection {
    None,
    #[default]
    Allow,
    Require,
}

impl Kerberos {
    /// What is wrong with the values.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.keytabs.is_empty() {
            return Err(
                "keytabs names no file; leave the whole section out to sign nobody in by Kerberos"
                    .to_owned(),
            );
        }
        if self.networks.as_ref().is_some_and(Vec::is_empty) {
            return Err("networks = [] offers Kerberos to nobody; leave it out for the inside networks, or leave the whole section out".to_owned());
        }
        if self.user_agents.is_empty() {
            return Err("user_agents = [] offers Kerberos to nobody; leave it out for the usual browsers, or leave the whole section out".to_owned());
        }
        if !(1..=3600).contains(&self.clock_skew_seconds) {
            return Err("clock_skew_seconds must be 1 to 3600".to_owned());
        }
        Agents::parse(&self.user_agents).map(drop)
    }

    pub(super) fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        self.keytabs
            .iter_mut()
            .chain(&mut self.replay_cache)
            .chain(&mut self.proxy_certificate)
    }

    /// What the authenticator is told. `store` is the URL of the store.
    pub(crate) fn settings(&self, store: &str) -> KerberosSettings {
        KerberosSettings {
            keytabs: self.keytabs.clone(),
            realms: self.realms.clone(),
            extended_protection: self.extended_protection.into(),
            require_pac: self.require_pac,
            replay_cache: self.replay_cache(store),
            clock_skew: Duration::from_secs(u64::from(self.clock_skew_seconds)),
            ..KerberosSettings::default()
        }
    }

    /// The library's cache is the second memory; the first is the store. It goes where the node writes anyway. A node on
    /// PostgreSQL has no such folder, and the library's own choice, `/var/tmp`, is everybody's.
    fn replay_cache(&self, store: &str) -> ReplayCache {
        let beside_store = || {
            let file = store.strip_prefix("sqlite://")?.split('?').next()?;
            Some(PathBuf::from(file).parent()?.join("kerberos.replay"))
        };
        let file = self.replay_cache.clone().or_else(beside_store);
        file.map_or(ReplayCache::None, ReplayCache::File)
    }
}

impl From<Protection> for ExtendedProtection {
    fn from(protection: Protection) -> Self {
        match protection {
            Protection::None => Self::None,
            Protection::Allow => Self::Allow,
            Protection::Require => Self::Require,
        }
    }
}

/// AD FS's list, with the browsers that came after it.
///
/// A browser belongs here when it does no harm to somebody without a ticket. Firefox everywhere, and Chromium's family on
/// Linux, take no notice of the offer until a policy names this host. Chromium's family on Windows may open a box that asks for a
/// password where this host lies in the intranet zone of a machine outside of the domain; AD FS's own recommendation
/// (`=~Windows\s*NT.*Edg.*`) takes that on, and only the inside networks meet it. Safari and what is on phones is left out.
fn user_agents() -> Vec<String> {
    [
        "MSAuthHost/1.0/In-Domain",
        "MSIE 6.0",
        "MSIE 7.0",
        "MSIE 8.0",
        "MSIE 9.0",
        "MSIE 10.0",
        "Trident/7.0",
        "MSIPC",
        "Windows Rights Management Client",
        "MS_WorkFoldersClient",
        r"=~Windows\s*NT.*(Edg|Chrome/|Firefox/)",
        "=~X11;.*Linux.*(Chrome/|Firefox/)",
    ]
    .map(str::to_owned)
    .into()
}

fn yes() -> bool {
    true
}

fn clock_skew() -> u32 {
    300
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Kerberos, String> {
        let parsed: Kerberos = toml::from_str(text).map_err(|error| error.to_string())?;
        parsed.check().map(|()| parsed)
    }

    #[test]
    fn one_line_is_enough() {
        let kerberos = parse("keytabs = [\"sts.keytab\"]").unwrap();
        let settings = kerberos.settings("sqlite:///var/lib/signet/signet.db?mode=rwc");
        assert_eq!(settings.extended_protection, ExtendedProtection::Allow);
        assert!(settings.require_pac && settings.realms.is_empty());
        assert_eq!(
            settings.replay_cache,
            ReplayCache::File("/var/lib/signet/kerberos.replay".into())
        );
        assert_eq!(
            kerberos.settings("postgres://u@h/d").replay_cache,
            ReplayCache::None
        );
    }

    #[test]
    fn what_would_offer_it_to_nobody_is_refused() {
        for wrong in [
            "keytabs = []",
            "keytabs = [\"a\"]\nnetworks = []",
            "keytabs = [\"a\"]\nuser_agents = []",
            "keytabs = [\"a\"]\nuser_agents = [\"\"]",
            "keytabs = [\"a\"]\nuser_agents = [\"=~(\"]",
            "keytabs = [\"a\"]\nextended_protection = \"on\"",
            "keytabs = [\"a\"]\nclock_skew_seconds = 0",
            "keytabs = [\"a\"]\nkeytab = \"b\"",
            "realms = []",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sec_krb_06_the_usual_browsers_of_desktops_are_listed_and_no_others() {
        let agents = Agents::parse(&user_agents()).unwrap();
        for listed in [
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/143.0.0.0 Safari/537.36",
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0",
            "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
            "MSAuthHost/1.0/In-Domain",
        ] {
            assert!(agents.list(listed), "{listed}");
        }
        for other in [
            "",
            "curl/8.0",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
        ] {
            assert!(!agents.list(other), "{other}");
        }
    }
}
