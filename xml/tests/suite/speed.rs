//! Not benchmarks: gates far above what the machine needs, so that a quadratic step is noticed.

use std::time::{Duration, Instant};

use signet_xml::{Limits, Policy, read, verify_enveloped};

use crate::support::keys::partner;
use crate::support::messages::{AUTHN_REQUEST, GOOD_ACS, assertion, authn_request};

/// The best of several runs: other work on the machine only adds.
pub(crate) fn best(mut work: impl FnMut()) -> Duration {
    (0..20)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .min()
        .unwrap()
}

#[test]
fn verifying_a_request_takes_microseconds() {
    let xml = authn_request("_good", GOOD_ACS).signed();
    let keys = [partner().trusted()];
    let taken = best(|| {
        for _ in 0..20 {
            let document = read(xml.as_bytes(), Limits::ANONYMOUS).unwrap();
            let verified =
                verify_enveloped(&document, AUTHN_REQUEST, "ID", &keys, Policy::default()).unwrap();
            assert_eq!(verified.local(), "AuthnRequest");
        }
    }) / 20;
    eprintln!("verify: {taken:?}");
    assert!(taken < Duration::from_micros(400), "{taken:?}");
}

#[test]
fn writing_costs_little_beside_the_signature() {
    let values = ["value"; 11];
    let writing = best(|| {
        for _ in 0..100 {
            assert!(!assertion("_a", "alice", &values).xml.is_empty());
        }
    }) / 100;
    let message = [0_u8; 600];
    let raw = best(|| {
        let algorithm = crate::support::template::RSA_SHA256;
        assert_eq!(partner().sign_raw(algorithm, &message).len(), 256);
    });
    eprintln!("write: {writing:?}, RSA: {raw:?}");
    assert!(writing * 10 < raw, "writing {writing:?}, RSA {raw:?}");
}
