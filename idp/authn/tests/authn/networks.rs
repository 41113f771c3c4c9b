//! Inside, outside, and what proxies say (PWD-07).

use std::net::IpAddr;

use signet_authn::{NetworkMap, Observed, TrustedProxy, UnreadableForward, parse_forwarded_for};
use signet_model::NetworkLocation;

fn map(inside_through_proxy: bool) -> NetworkMap {
    let proxy = |name: &str, network: &str| TrustedProxy {
        name: name.into(),
        network: network.parse().unwrap(),
    };
    let inside = ["10.0.0.0/8", "2001:db8:10::/48"]
        .map(|network| network.parse().unwrap())
        .to_vec();
    NetworkMap::new(
        inside,
        vec![
            proxy("edge", "192.0.2.10/32"),
            proxy("inner", "10.9.9.9/32"),
        ],
        inside_through_proxy,
    )
}

fn classify(map: &NetworkMap, peer: &str, headers: &[&str]) -> Observed {
    map.classify(
        peer.parse().unwrap(),
        headers.iter().map(|header| header.as_bytes()),
    )
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_direct_connection_is_what_its_address_is() {
    for (peer, location) in [
        ("10.1.2.3", NetworkLocation::Inside),
        ("::ffff:10.1.2.3", NetworkLocation::Inside),
        ("2001:db8:10::7", NetworkLocation::Inside),
        ("11.0.0.1", NetworkLocation::Outside),
        ("2001:db8:11::7", NetworkLocation::Outside),
        ("127.0.0.1", NetworkLocation::Outside),
    ] {
        assert_eq!(
            classify(&map(false), peer, &[]).location,
            location,
            "{peer}"
        );
    }
}

#[test]
fn sec_pwd_07_the_header_of_a_stranger_does_not_exist() {
    for header in ["10.1.2.3", "192.0.2.10", "garbage", "::1, 10.0.0.1"] {
        let seen = classify(&map(true), "198.51.100.1", &[header]);
        assert_eq!(
            (seen.client_ip, seen.location),
            (ip("198.51.100.1"), NetworkLocation::Outside)
        );
        assert_eq!((seen.proxy, seen.forwarded_for), (None, None));
    }
    // A machine inside cannot speak for another either.
    assert_eq!(
        classify(&map(false), "10.1.2.3", &["203.0.113.1"]).client_ip,
        ip("10.1.2.3")
    );
}

#[test]
fn sec_pwd_07_a_trusted_proxy_is_believed_about_its_own_peer_only() {
    let seen = classify(&map(true), "192.0.2.10", &["10.1.2.3, 203.0.113.7"]);
    assert_eq!(
        (seen.client_ip, seen.location),
        (ip("203.0.113.7"), NetworkLocation::Outside),
        "what is left of it a client can write"
    );
    assert_eq!(seen.proxy.as_deref(), Some("edge"));
    assert_eq!(seen.forwarded_for.as_deref(), Some("10.1.2.3,203.0.113.7"));
    let seen = classify(&map(true), "192.0.2.10", &["203.0.113.7", "10.9.9.9"]);
    assert_eq!(
        seen.client_ip,
        ip("203.0.113.7"),
        "a trusted proxy before it is stepped over; lines are one list"
    );
    let seen = classify(&map(true), "192.0.2.10", &["[2001:db8:10::5]:4711"]);
    assert_eq!(
        (seen.client_ip, seen.location),
        (ip("2001:db8:10::5"), NetworkLocation::Inside)
    );
    assert_eq!(
        classify(&map(true), "192.0.2.10", &["10.1.2.3:80"]).location,
        NetworkLocation::Inside
    );
}

#[test]
fn sec_pwd_07_proxied_is_outside_unless_configured() {
    let seen = classify(&map(false), "192.0.2.10", &["10.1.2.3"]);
    assert_eq!(
        (seen.client_ip, seen.location),
        (ip("10.1.2.3"), NetworkLocation::Outside)
    );
    assert_eq!(
        classify(&map(false), "10.9.9.9", &[]).location,
        NetworkLocation::Outside,
        "the proxy's own address is inside"
    );
}

#[test]
fn sec_pwd_07_unreadable_is_outside_and_the_proxys_own() {
    let oversized = "10.1.2.3,".repeat(400);
    let crowd = vec!["10.1.2.3"; 33].join(",");
    for header in [
        "unknown",
        "10.1.2.3, ",
        ",10.1.2.3",
        "10.1.2",
        "10.1.2.3;203.0.113.1",
        "10.1.2.3\n",
        "0x0a000001",
        "[10.1.2.3]",
        "10.1.2.3:99999",
        "fe80::1%eth0",
        "\u{661}0.1.2.3",
        oversized.as_str(),
        crowd.as_str(),
    ] {
        let seen = classify(&map(true), "192.0.2.10", &[header]);
        assert_eq!(
            (seen.client_ip, seen.location),
            (ip("192.0.2.10"), NetworkLocation::Outside),
            "{header:.40}"
        );
        assert_eq!(
            (seen.proxy.as_deref(), seen.forwarded_for),
            (Some("edge"), None)
        );
    }
    for headers in [vec![], vec![""], vec!["10.1.2.3", "garbage"]] {
        let seen = classify(&map(true), "192.0.2.10", &headers);
        assert_eq!(
            (seen.location, seen.forwarded_for),
            (NetworkLocation::Outside, None),
            "{headers:?}"
        );
    }
    assert_eq!(
        parse_forwarded_for(crowd.as_bytes()),
        Err(UnreadableForward::TooManyHops)
    );
    assert_eq!(
        parse_forwarded_for(oversized.as_bytes()),
        Err(UnreadableForward::TooLong)
    );
    assert_eq!(
        parse_forwarded_for(&[0xff]),
        Err(UnreadableForward::NotAnAddress)
    );
}
