//! Addresses that look like a registered one. None passes, under either rule.

use signet_issuance::is_below;
use signet_model::relying_party::ReplyMatch;
use signet_model::{RelyingParty, ReplyTo};

use super::{find, wsfed};
use crate::error::ProtocolError;

/// Registered.
const HOME: &str = "https://rp.example.com/app/";

/// Look-alikes of [`HOME`], refused under [`ReplyMatch::Exact`] and under [`ReplyMatch::PathPrefix`].
const LOOK_ALIKES: [&str; 54] = [
    // another host
    "https://rp.example.com.evil.tld/app/",
    "https://rp.example.com@evil.tld/app/",
    "https://rp.example.com:x@evil.tld/app/",
    "https://evil.tld/app/?https://rp.example.com/app/",
    "https://evil.tld/https://rp.example.com/app/",
    "https://evilrp.example.com/app/",
    "https://example.com/app/",
    "https://rp.example.com./app/",
    "https://rp.example.co/app/",
    "https://rp-example.com/app/",
    "//evil.tld/app/",
    "//rp.example.com/app/",
    "///rp.example.com/app/",
    "\\\\evil.tld\\app\\",
    "/\\evil.tld/app/",
    "https:\\\\rp.example.com\\app\\",
    "https://evil.tld\\@rp.example.com/app/",
    "https://evil.tld\\.rp.example.com/app/",
    "https:rp.example.com/app/",
    "https:/rp.example.com/app/",
    // names that only look alike
    "https://rp.ex\u{0430}mple.com/app/",
    "https://xn--rp-example-com-a.com/app/",
    "https://rp\u{3002}example\u{3002}com/app/",
    "https://\u{ff52}p.example.com/app/",
    "https://rp.example\u{00ad}.com/app/",
    // origin
    "http://rp.example.com/app/",
    "https://rp.example.com:8443/app/",
    "https://rp.example.com:443/app/",
    "https://rp.example.com:0443/app/",
    "HTTPS://rp.example.com/app/",
    "https://RP.example.com/app/",
    "https://rp.example%2ecom/app/",
    "https://user@rp.example.com/app/",
    "https://user:pw@rp.example.com/app/",
    "https://@rp.example.com/app/",
    // path
    "https://rp.example.com/app",
    "https://rp.example.com/application/",
    "https://rp.example.com/App/",
    "https://rp.example.com/app/../evil/",
    "https://rp.example.com/app/%2e%2e/evil/",
    "https://rp.example.com/app/%2E%2E/evil/",
    "https://rp.example.com/app/.%2e/evil/",
    "https://rp.example.com/app/..%2fevil/",
    "https://rp.example.com/app/..%5cevil/",
    "https://rp.example.com/app/%252e%252e/evil/",
    "https://rp.example.com/app/..;/evil/",
    "https://rp.example.com/app/..%",
    "https://rp.example.com/app/%u002e%u002e/evil/",
    "https://rp.example.com/app/..\\evil",
    "https://rp.example.com/app/#fragment",
    // white space and controls
    " https://rp.example.com/app/",
    "https://rp.example.com/app/\n",
    "https://rp.ex\tample.com/app/",
    "https://rp.example.com/app/%0d%0aSet-Cookie:x",
];

fn party(rule: ReplyMatch) -> RelyingParty {
    let mut party = RelyingParty::new("Wiki", "urn:wiki");
    party.wsfed_endpoints = vec![HOME.to_owned()];
    party.reply_match = rule;
    party
}

#[test]
fn sec_saml_02_look_alikes_are_not_the_registered_address() {
    for wanted in LOOK_ALIKES {
        assert_eq!(find(wanted, [HOME], ReplyMatch::Exact), None, "{wanted}");
        assert_eq!(
            find(wanted, [HOME], ReplyMatch::PathPrefix),
            None,
            "{wanted}"
        );
    }
    assert_eq!(
        find(HOME, [HOME], ReplyMatch::Exact),
        Some(ReplyTo::registered(HOME))
    );
}

#[test]
fn sec_wsf_01_look_alikes_are_refused_by_name() {
    for rule in [ReplyMatch::Exact, ReplyMatch::PathPrefix] {
        for wanted in LOOK_ALIKES {
            assert!(
                matches!(
                    wsfed(&party(rule), Some(wanted)),
                    Err(ProtocolError::RelyingPartyReplyUnregistered { .. })
                ),
                "{wanted}"
            );
        }
        assert_eq!(wsfed(&party(rule), Some(HOME)).unwrap().as_str(), HOME);
    }
}

#[test]
fn sec_saml_02_every_one_octet_change_of_a_registered_address_is_refused() {
    for at in 0..HOME.len() {
        for octet in 0..=127u8 {
            let mut changed = HOME.as_bytes().to_vec();
            changed[at] = octet;
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(
                find(&changed, [HOME], ReplyMatch::Exact).is_some(),
                changed == HOME
            );
            if changed != HOME {
                assert!(!is_below(&changed, HOME), "{changed:?}");
            }
        }
    }
}

#[test]
fn prefix_lets_addresses_below_pass_at_a_segment_boundary_only() {
    let below_home = [
        "https://rp.example.com/app/x",
        "https://rp.example.com/app/x/y?z=%0a#",
    ];
    assert!(is_below(below_home[0], HOME));
    assert!(!is_below(below_home[1], HOME), "a fragment");
    assert!(is_below(
        "https://rp.example.com/app/x?ReturnUrl=%2Fhome%2F",
        HOME
    ));
    assert!(is_below(
        "https://rp.example.com/app/x",
        "https://rp.example.com/app"
    ));
    assert!(is_below(
        "https://rp.example.com/app",
        "https://rp.example.com/app"
    ));
    assert!(!is_below(
        "https://rp.example.com/app2",
        "https://rp.example.com/app"
    ));
    assert!(is_below(
        "https://rp.example.com/x",
        "https://rp.example.com"
    ));
    assert!(!is_below(
        "https://rp.example.com/app/x",
        "https://rp.example.com/app?tenant=1"
    ));
    assert_eq!(find(below_home[0], [HOME], ReplyMatch::Exact), None);
    assert!(find(below_home[0], [HOME], ReplyMatch::PathPrefix).is_some());
}

#[test]
fn sec_wsf_11_http_is_refused_unless_the_relying_party_is_set_so() {
    let mut plain = party(ReplyMatch::Exact);
    plain.wsfed_endpoints = vec!["http://rp.example.com/".to_owned()];
    assert!(matches!(
        wsfed(&plain, None),
        Err(ProtocolError::OperatorReplyUnsafe { .. })
    ));
    plain.allow_http_endpoints = true;
    assert_eq!(
        wsfed(&plain, None).unwrap().as_str(),
        "http://rp.example.com/"
    );
}

#[test]
fn sec_saml_05_a_registered_address_that_is_no_web_address_gets_no_token() {
    for bad in [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://rp.example.com/",
        "https://rp.example.com/#x",
        "https://u:p@rp.example.com/",
        "https://rp.example.com\\@evil.tld/",
        "https://rp.example.com/\r\nX: y",
        "rp.example.com/",
        "",
    ] {
        let mut party = party(ReplyMatch::Exact);
        party.allow_http_endpoints = true;
        party.wsfed_endpoints = vec![bad.to_owned()];
        assert!(
            matches!(
                wsfed(&party, None),
                Err(ProtocolError::OperatorReplyUnsafe { .. })
            ),
            "{bad}"
        );
    }
}

#[test]
fn sec_wsf_02_absent_gives_the_default_and_none_registered_says_so() {
    let mut party = party(ReplyMatch::Exact);
    party
        .wsfed_endpoints
        .push("https://second.example.com/".to_owned());
    assert_eq!(wsfed(&party, None).unwrap().as_str(), HOME);
    party.wsfed_endpoints.clear();
    assert!(matches!(
        wsfed(&party, None),
        Err(ProtocolError::OperatorReplyMissing { .. })
    ));
}
