//! What an Active Directory needs to be told.

use std::net::SocketAddr;
use std::time::Duration;

use rustls::pki_types::ServerName;
use thiserror::Error;

use super::tls::TrustedRoots;
use super::transport::Transport;
use crate::clock::Clock;
use crate::password::Password;

/// The configuration of one domain.
#[derive(Debug)]
pub struct ActiveDirectoryConfig {
    /// The DNS name of the domain, such as `corp.example`.
    pub dns_domain: String,
    /// Its NetBIOS name, such as `CORP`.
    pub netbios_domain: String,
    /// Where its controllers are.
    pub controllers: Controllers,
    /// The DNS server to ask for controllers and their addresses; `None` for the system's.
    pub resolver: Option<SocketAddr>,
    /// How connections are protected.
    pub transport: Transport,
    /// Whom to trust.
    pub roots: TrustedRoots,
    /// The account that searches; read rights are enough.
    pub service_account: ServiceAccount,
    /// UPN suffixes beside those that the forest lists; `*` for every suffix.
    pub extra_upn_suffixes: Vec<String>,
    /// Deadlines; the default suits a local network.
    pub timing: Timing,
    /// The clock that account states are judged by.
    pub clock: Clock,
}

impl ActiveDirectoryConfig {
    /// Looks for what cannot ever work.
    ///
    /// # Errors
    /// The first such thing.
    pub fn check(&self) -> Result<(), ConfigurationFault> {
        let domain = self.dns_domain.trim_end_matches('.');
        if domain.split('.').any(str::is_empty) || ServerName::try_from(domain).is_err() {
            return Err(ConfigurationFault::NoDomainName(self.dns_domain.clone()));
        }
        let Controllers::Listed(listed) = &self.controllers else {
            return Ok(());
        };
        if listed.is_empty() {
            return Err(ConfigurationFault::NoControllers);
        }
        let mut names = listed.iter().map(ControllerAddress::certificate_name);
        match names.find(|name| ServerName::try_from(*name).is_err()) {
            Some(name) => Err(ConfigurationFault::NoCertificateName(name.to_owned())),
            None => Ok(()),
        }
    }
}

/// Where the controllers are.
#[derive(Clone, Debug)]
pub enum Controllers {
    /// Exactly these, in order of preference.
    Listed(Vec<ControllerAddress>),
    /// Those that DNS names (`_ldap._tcp.dc._msdcs.DOMAIN`), in its order. Their names have to lie
    /// in the domain, and their certificates have to carry these names.
    Discover {
        /// The site whose controllers are meant, such as `Default-First-Site-Name`.
        site: Option<String>,
    },
}

/// One listed controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControllerAddress {
    /// Host name or address.
    pub host: String,
    /// The port; `None` for the transport's usual one.
    pub port: Option<u16>,
    /// The name that its certificate has to carry; `None` for `host`.
    pub tls_name: Option<String>,
}

impl ControllerAddress {
    /// The name that its certificate has to carry.
    pub(crate) fn certificate_name(&self) -> &str {
        self.tls_name.as_deref().unwrap_or(&self.host)
    }

    /// Reads `host`, `host:port`, `address`, `address:port` or `[IPv6]:port`.
    ///
    /// `None` when it is none of them.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, after) = rest.split_once(']')?;
                (
                    host,
                    if after.is_empty() {
                        None
                    } else {
                        Some(after.strip_prefix(':')?)
                    },
                )
            }
            None => match text.split_once(':') {
                Some((host, port)) if !port.contains(':') => (host, Some(port)),
                _ => (text, None),
            },
        };
        let port = port
            .map(|port| port.parse().ok().filter(|port| *port != 0))
            .map_or(Some(None), |port| port.map(Some))?;
        let plain = host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-._:".contains(c));
        (plain && !host.is_empty()).then(|| Self {
            host: host.to_owned(),
            port,
            tls_name: None,
        })
    }
}

/// The account that searches.
#[derive(Debug)]
pub struct ServiceAccount {
    /// UPN, `DOMAIN\user` or distinguished name.
    pub name: String,
    /// Its password.
    pub password: Password,
}

/// What in a configuration cannot ever work.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigurationFault {
    /// No certificate can carry this name.
    #[error("{0:?} is neither a host name nor an address, so no certificate can carry it")]
    NoCertificateName(String),
    /// The list of controllers is empty.
    #[error("no domain controller is listed")]
    NoControllers,
    /// That is no DNS name of a domain.
    #[error("{0:?} is not the DNS name of a domain")]
    NoDomainName(String),
}

/// Deadlines and sizes.
#[derive(Clone, Debug)]
pub struct Timing {
    /// For one TCP connection.
    pub connect: Duration,
    /// For a connection, its TLS handshake and the service account's bind together.
    pub open: Duration,
    /// How long a search may go unanswered before a second controller is asked too.
    pub hedge_after: Duration,
    /// How long a bind may go unanswered when there is another controller.
    pub bind_answer: Duration,
    /// For everything that one call does.
    pub whole: Duration,
    /// Between two tests of a controller that answers.
    pub heartbeat: Duration,
    /// The longest pause between two tests of a controller that does not.
    pub probe_pause: Duration,
    /// Between two looks into DNS.
    pub refresh: Duration,
    /// Connections for binds, a controller.
    pub auth_connections: usize,
    /// Searches at once, a controller.
    pub searches: usize,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(1),
            open: Duration::from_secs(3),
            hedge_after: Duration::from_millis(200),
            bind_answer: Duration::from_millis(2400),
            whole: Duration::from_millis(4500),
            heartbeat: Duration::from_secs(5),
            probe_pause: Duration::from_millis(1500),
            refresh: Duration::from_secs(300),
            auth_connections: 16,
            searches: 64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let read =
            |text: &str| ControllerAddress::parse(text).map(|address| (address.host, address.port));
        assert_eq!(
            read("dc1.corp.example"),
            Some(("dc1.corp.example".to_owned(), None))
        );
        assert_eq!(read("dc1:3269"), Some(("dc1".to_owned(), Some(3269))));
        assert_eq!(
            read("10.0.0.1:636"),
            Some(("10.0.0.1".to_owned(), Some(636)))
        );
        assert_eq!(
            read("[fd00::1]:636"),
            Some(("fd00::1".to_owned(), Some(636)))
        );
        assert_eq!(read("fd00::1"), Some(("fd00::1".to_owned(), None)));
        for wrong in [
            "",
            ":636",
            "dc1:",
            "dc1:0",
            "dc1:x",
            "ldap://dc1",
            "[fd00::1]x",
            "dc 1",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
