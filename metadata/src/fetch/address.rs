//! Which IP addresses must not be connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Whether `address` must not be connected to on behalf of a typed address.
///
/// Only public unicast is reachable. Networks in `allow` open private, shared and loopback addresses (RFC 1918,
/// RFC 6598, RFC 4193, 127.0.0.0/8, ::1), nothing else: link-local, multicast, reserved and documentation ranges
/// and the addresses where clouds keep their metadata services stay closed whatever an admin lists.
/// IPv6 forms that carry an IPv4 address are judged by that address.
///
/// Source: IANA special-purpose address registries (RFC 6890).
pub fn is_forbidden_address(address: IpAddr, allow: &[IpNet]) -> bool {
    let address = embedded_v4(address);
    match kind(address) {
        Kind::Public => false,
        Kind::Private => !allow.iter().any(|network| network.contains(&address)),
        Kind::Never => true,
    }
}

/// Whether listing the network of a forbidden `address` opens it.
pub(super) fn can_be_allowed(address: IpAddr) -> bool {
    kind(embedded_v4(address)) == Kind::Private
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Public,
    /// Closed unless listed.
    Private,
    /// Closed always.
    Never,
}

fn kind(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(v4) => kind_v4(v4),
        IpAddr::V6(v6) => kind_v6(v6),
    }
}

fn kind_v4(address: Ipv4Addr) -> Kind {
    let [a, b, c, d] = address.octets();
    match (a, b, c, d) {
        // Metadata services that live outside link-local: Alibaba Cloud, Azure's platform address.
        (100, 100, 100, 200) | (168, 63, 129, 16) => Kind::Never,
        (10, ..) | (172, 16..=31, ..) | (192, 168, ..) | (100, 64..=127, ..) | (127, ..) => {
            Kind::Private
        }
        // "This network", link-local, IETF assignments, documentation, 6to4 relays, benchmarks, multicast, reserved.
        (0, ..)
        | (169, 254, ..)
        | (192, 0, 0 | 2, _)
        | (192, 88, 99, _)
        | (198, 18 | 19, ..)
        | (198, 51, 100, _)
        | (203, 0, 113, _)
        | (224..=255, ..) => Kind::Never,
        _ => Kind::Public,
    }
}

fn kind_v6(address: Ipv6Addr) -> Kind {
    // Amazon's metadata service has a unique local address.
    const AMAZON: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    if address == AMAZON {
        return Kind::Never;
    }
    if address == Ipv6Addr::LOCALHOST {
        return Kind::Private;
    }
    let [first, second, ..] = address.segments();
    match (first, second) {
        (0xfc00..=0xfdff, _) => Kind::Private,
        // Teredo and other protocol assignments, documentation (old and new).
        (0x2001, 0x0000..=0x01ff | 0x0db8) | (0x3fff, 0x0000..=0x0fff) => Kind::Never,
        // Global unicast is 2000::/3; all else is link-local, site-local, multicast, translation or unassigned.
        (0x2000..=0x3fff, _) => Kind::Public,
        _ => Kind::Never,
    }
}

/// The IPv4 address that an IPv6 one stands for: mapped (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056).
fn embedded_v4(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return v4.into();
    }
    let [s0, s1, s2, s3, s4, s5, s6, s7] = v6.segments();
    let join =
        |high: u16, low: u16| IpAddr::V4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match (s0, s1, s2, s3, s4, s5) {
        (0x64, 0xff9b, 0, 0, 0, 0) => join(s6, s7),
        (0x2002, ..) => join(s1, s2),
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forbidden(address: &str, allow: &[&str]) -> bool {
        let allow: Vec<IpNet> = allow
            .iter()
            .map(|network| network.parse().unwrap())
            .collect();
        is_forbidden_address(address.parse().unwrap(), &allow)
    }

    #[test]
    fn sec_cfg_01_inner_addresses_are_forbidden_in_every_spelling() {
        for address in [
            "127.0.0.1",
            "127.255.255.254",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.169.254",
            "169.254.1.1",
            "fe80::1",
            "fc00::1",
            "fd12:3456::1",
            "fd00:ec2::254",
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "::7f00:1",
            "224.0.0.1",
            "239.1.1.1",
            "ff02::1",
            "255.255.255.255",
            "240.0.0.1",
            "192.0.0.192",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.9",
            "2001:db8::1",
            "2001::1",
            "fec0::1",
            "100.100.100.200",
            "168.63.129.16",
            "64:ff9b:1::1",
            "100::1",
            "192.88.99.1",
        ] {
            assert!(forbidden(address, &[]), "{address}");
        }
        for address in [
            "1.1.1.1",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "169.253.1.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::1",
        ] {
            assert!(!forbidden(address, &[]), "{address}");
        }
    }

    #[test]
    fn sec_cfg_01_opt_in_opens_the_listed_private_network_only() {
        let allow = &["10.1.0.0/16", "fd12::/16", "127.0.0.1/32"];
        for address in ["10.1.2.3", "::ffff:10.1.2.3", "fd12::7", "127.0.0.1"] {
            assert!(!forbidden(address, allow), "{address}");
        }
        for address in ["10.2.0.1", "192.168.0.1", "fd13::1", "127.0.0.2", "::1"] {
            assert!(forbidden(address, allow), "{address}");
        }
        for address in [
            "169.254.169.254",
            "fd00:ec2::254",
            "100.100.100.200",
            "168.63.129.16",
            "0.0.0.0",
            "fe80::1",
            "224.0.0.1",
        ] {
            assert!(forbidden(address, &["0.0.0.0/0", "::/0"]), "{address}");
        }
    }
}
