//! DNS: which controllers there are, and where.
//!
//! What DNS says is a hint and nothing more: a controller's certificate has to carry its name, and
//! that name has to lie in the configured domain. The numbers of records taken are bounded.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use uuid::Uuid;

/// The most controllers taken from DNS.
const MOST_CONTROLLERS: usize = 32;
/// The most addresses taken for one host.
const MOST_ADDRESSES: usize = 8;

/// A DNS client: of one configured server, or of the system's.
pub(crate) struct Resolver {
    client: Result<TokioResolver, String>,
    /// Host names are the system's business (its hosts file, too) unless a server is configured.
    system: bool,
}

/// A controller that DNS names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) port: u16,
    priority: u16,
    weight: u16,
}

impl Resolver {
    pub(crate) fn new(server: Option<SocketAddr>) -> Self {
        let builder = match server {
            Some(server) => {
                let at_port = |mut connection: ConnectionConfig| {
                    connection.port = server.port();
                    connection
                };
                let mut name_server = NameServerConfig::udp_and_tcp(server.ip());
                name_server.connections = vec![
                    at_port(ConnectionConfig::udp()),
                    at_port(ConnectionConfig::tcp()),
                ];
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![name_server]);
                Ok(TokioResolver::builder_with_config(
                    config,
                    TokioRuntimeProvider::default(),
                ))
            }
            None => TokioResolver::builder_tokio(),
        };
        let client = builder
            .and_then(|mut builder| {
                let options = builder.options_mut();
                options.timeout = Duration::from_millis(800);
                options.attempts = 1;
                options.positive_max_ttl = Some(Duration::from_secs(60));
                options.negative_max_ttl = Some(Duration::from_secs(1));
                builder.build()
            })
            .map_err(|error| error.to_string());
        Self {
            client,
            system: server.is_none(),
        }
    }

    /// The controllers of `domain`, those to be asked first first (RFC 2782).
    pub(crate) async fn controllers(
        &self,
        domain: &str,
        site: Option<&str>,
    ) -> Result<Vec<Target>, String> {
        let client = self.client.as_ref().map_err(Clone::clone)?;
        let name = match site {
            Some(site) => format!("_ldap._tcp.{site}._sites.dc._msdcs.{domain}."),
            None => format!("_ldap._tcp.dc._msdcs.{domain}."),
        };
        let answer = client
            .lookup(name.as_str(), RecordType::SRV)
            .await
            .map_err(|error| format!("{name}: {}", said(&error)))?;
        let targets = answer
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::SRV(srv) => Some(Target {
                    host: srv
                        .target
                        .to_ascii()
                        .trim_end_matches('.')
                        .to_ascii_lowercase(),
                    port: srv.port,
                    priority: srv.priority,
                    weight: srv.weight,
                }),
                _ => None,
            });
        let chosen = choose(targets, domain);
        if chosen.is_empty() {
            Err(format!("{name}: no controller in this domain"))
        } else {
            Ok(chosen)
        }
    }

    /// The addresses of a host; an address stands for itself.
    pub(crate) async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let found: Vec<SocketAddr> = if self.system {
            tokio::net::lookup_host((host, port))
                .await
                .map_err(|error| format!("{host}: {error}"))?
                .take(MOST_ADDRESSES)
                .collect()
        } else {
            let client = self.client.as_ref().map_err(Clone::clone)?;
            let answer = client
                .lookup_ip(format!("{host}."))
                .await
                .map_err(|error| format!("{host}: {}", said(&error)))?;
            answer
                .iter()
                .take(MOST_ADDRESSES)
                .map(|address| SocketAddr::new(address, port))
                .collect()
        };
        if found.is_empty() {
            Err(format!("{host}: no address"))
        } else {
            Ok(found)
        }
    }
}

/// What DNS says, in words: the library prints its question as the program holds it.
fn said(error: &NetError) -> String {
    if error.is_nx_domain() {
        "there is no such name".to_owned()
    } else if error.is_no_records_found() {
        "it has no such record".to_owned()
    } else {
        error.to_string()
    }
}

/// Whether `host` is a name below `domain`.
fn lies_in(host: &str, domain: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    host.strip_suffix(&domain)
        .and_then(|rest| rest.strip_suffix('.'))
        .is_some_and(|label| !label.is_empty())
}

/// Those in the domain, no more than can be kept, in order.
fn choose(targets: impl Iterator<Item = Target>, domain: &str) -> Vec<Target> {
    in_order(
        targets
            .filter(|target| lies_in(&target.host, domain))
            .take(MOST_CONTROLLERS)
            .collect(),
    )
}

/// RFC 2782: by priority; among equals at random, in proportion to weight.
fn in_order(mut targets: Vec<Target>) -> Vec<Target> {
    targets.sort_by_cached_key(|target| {
        let uniform = (Uuid::new_v4().as_u128() % 1_000_000 + 1) as f64 / 1_000_001.0;
        // The smallest of exponential draws falls to each in proportion to its weight.
        let draw = -uniform.ln() / f64::from(target.weight).max(0.01);
        (target.priority, (draw * 1e9) as u64)
    });
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_ad_16_a_controller_outside_of_the_domain_is_not_taken() {
        assert!(lies_in("dc1.corp.example", "corp.example"));
        assert!(lies_in("dc1.site.corp.example", "CORP.example"));
        for foreign in [
            "corp.example",
            ".corp.example",
            "dc1.evil.example",
            "dc1.notcorp.example",
            "dc1.corp.example.evil",
            "",
        ] {
            assert!(!lies_in(foreign, "corp.example"), "{foreign}");
        }
    }

    #[test]
    fn sec_ad_16_ten_thousand_records_are_bounded() {
        let flood = (0..10_000u32).map(|at| Target {
            host: format!("dc{at}.corp.example"),
            port: 389,
            priority: 0,
            weight: 1,
        });
        assert_eq!(choose(flood, "corp.example").len(), MOST_CONTROLLERS);
    }

    #[test]
    fn priority_comes_before_weight() {
        let target = |host: &str, priority, weight| Target {
            host: host.to_owned(),
            port: 389,
            priority,
            weight,
        };
        for _ in 0..50 {
            let order = in_order(vec![
                target("c", 2, 100),
                target("a", 1, 0),
                target("b", 1, 100),
            ]);
            assert_eq!(order[2].host, "c");
        }
    }
}
