//! From where a request comes: inside networks, trusted proxies, and what they forward.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use signet_model::NetworkLocation;
use thiserror::Error;

/// The most octets of `X-Forwarded-For` that are read, all header lines together.
const LONGEST: usize = 2048;
/// The most addresses in it.
const MOST_HOPS: usize = 32;

/// The networks that count as inside, and the proxies whose word is taken.
#[derive(Clone, Debug, Default)]
pub struct NetworkMap {
    inside: Vec<IpNet>,
    proxies: Vec<TrustedProxy>,
    inside_through_proxy: bool,
}

/// A reverse proxy that tells truly who connected to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedProxy {
    /// Its name in logs and in the `x-ms-proxy` claim.
    pub name: String,
    /// The addresses it connects from.
    pub network: IpNet,
}

/// What is known about the sender of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The person's machine: the connection's address, or as the trusted proxy says.
    pub client_ip: IpAddr,
    /// Inside or outside.
    pub location: NetworkLocation,
    /// The trusted proxy the request came through.
    pub proxy: Option<String>,
    /// The forwarded addresses as the trusted proxy sent them; `None` when it sent none that can be read.
    pub forwarded_for: Option<String>,
}

impl NetworkMap {
    /// `inside` networks and trusted `proxies`.
    ///
    /// A request through a proxy is outside, whatever address it forwards, unless
    /// `inside_through_proxy`: then a forwarded address in an inside network is inside.
    pub fn new(inside: Vec<IpNet>, proxies: Vec<TrustedProxy>, inside_through_proxy: bool) -> Self {
        Self {
            inside,
            proxies,
            inside_through_proxy,
        }
    }

    /// Classifies a request by the address of its connection and its `X-Forwarded-For` lines, in
    /// their order (PWD-07).
    ///
    /// From anyone but a trusted proxy the header does not exist. From a trusted proxy the person's
    /// machine is the right-most address that is not a trusted proxy itself: what stands left of it,
    /// a client can have written. One entry that cannot be read spoils the whole header: the
    /// request is then the proxy's own, outside, with no forwarded address.
    pub fn classify<'a>(
        &self,
        peer: IpAddr,
        forwarded: impl IntoIterator<Item = &'a [u8]>,
    ) -> Observed {
        let peer = peer.to_canonical();
        let Some(proxy) = self.proxy_at(peer) else {
            let location = if self.is_inside(peer) {
                NetworkLocation::Inside
            } else {
                NetworkLocation::Outside
            };
            return Observed {
                client_ip: peer,
                location,
                proxy: None,
                forwarded_for: None,
            };
        };
        let name = Some(proxy.name.clone());
        let Ok(hops) = parse_forwarded_for(&joined(forwarded)) else {
            return Observed {
                client_ip: peer,
                location: NetworkLocation::Outside,
                proxy: name,
                forwarded_for: None,
            };
        };
        let Some(client) = hops
            .iter()
            .rev()
            .find(|hop| self.proxy_at(**hop).is_none())
            .or(hops.first())
        else {
            return Observed {
                client_ip: peer,
                location: NetworkLocation::Outside,
                proxy: name,
                forwarded_for: None,
            };
        };
        let inside = self.inside_through_proxy && self.is_inside(*client);
        Observed {
            client_ip: *client,
            location: if inside {
                NetworkLocation::Inside
            } else {
                NetworkLocation::Outside
            },
            proxy: name,
            forwarded_for: Some(
                hops.iter()
                    .map(IpAddr::to_string)
                    .collect::<Vec<_>>()
                    .join(","),
            ),
        }
    }

    /// Whether `peer` is a trusted proxy; only then are its other forwarding headers read.
    pub fn is_trusted_proxy(&self, peer: IpAddr) -> bool {
        self.proxy_at(peer.to_canonical()).is_some()
    }

    fn proxy_at(&self, address: IpAddr) -> Option<&TrustedProxy> {
        self.proxies
            .iter()
            .find(|proxy| proxy.network.contains(&address))
    }

    fn is_inside(&self, address: IpAddr) -> bool {
        self.inside.iter().any(|network| network.contains(&address))
    }
}

/// Reads the value of `X-Forwarded-For`: addresses, with or without a port, separated by commas.
///
/// # Errors
/// When it is longer than 2 KiB, has more than 32 entries, or one of them is not an address.
pub fn parse_forwarded_for(value: &[u8]) -> Result<Vec<IpAddr>, UnreadableForward> {
    if value.len() > LONGEST {
        return Err(UnreadableForward::TooLong);
    }
    let text = std::str::from_utf8(value).map_err(|_| UnreadableForward::NotAnAddress)?;
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mut hops = Vec::new();
    for entry in text.split(',') {
        if hops.len() == MOST_HOPS {
            return Err(UnreadableForward::TooManyHops);
        }
        hops.push(parse_hop(entry.trim_matches([' ', '\t']))?);
    }
    Ok(hops)
}

/// Fuzz target: no header panics, and none is more than its caps allow.
pub fn fuzz_forwarded_for(bytes: &[u8]) {
    if let Ok(hops) = parse_forwarded_for(bytes) {
        assert!(hops.len() <= MOST_HOPS && bytes.len() <= LONGEST);
        let again: Vec<String> = hops.iter().map(IpAddr::to_string).collect();
        assert_eq!(parse_forwarded_for(again.join(",").as_bytes()), Ok(hops));
    }
}

/// Why the header cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UnreadableForward {
    /// More than 2 KiB.
    #[error("X-Forwarded-For is too long")]
    TooLong,
    /// More than 32 entries.
    #[error("X-Forwarded-For has too many entries")]
    TooManyHops,
    /// An entry is not an IP address.
    #[error("X-Forwarded-For holds something that is not an address")]
    NotAnAddress,
}

fn parse_hop(entry: &str) -> Result<IpAddr, UnreadableForward> {
    let bare = entry
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = match bare {
        Some(bracketed) => bracketed.parse::<std::net::Ipv6Addr>().map(IpAddr::V6).ok(),
        None => entry
            .parse::<IpAddr>()
            .ok()
            .or_else(|| entry.parse::<SocketAddr>().ok().map(|socket| socket.ip())),
    };
    address
        .map(|address| address.to_canonical())
        .ok_or(UnreadableForward::NotAnAddress)
}

fn joined<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut joined = Vec::new();
    for line in lines {
        // One octet over the limit is enough for the parser to refuse it all.
        if joined.len() > LONGEST {
            break;
        }
        if !joined.is_empty() {
            joined.push(b',');
        }
        joined.extend(line.iter().take(LONGEST + 1));
    }
    joined
}

/// Whom an address stands for when places are counted: itself, and of IPv6 the /64, which one subscriber holds whole.
///
/// Source: RFC 6177, section 2.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6((u128::from(v6) & (u128::MAX << 64)).into()),
        },
    }
}
