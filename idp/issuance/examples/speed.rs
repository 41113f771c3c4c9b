//! How near issuing comes to the raw RSA operation, in one run, both kinds of work interleaved on one core.
//!
//! `cargo run --release -p signet-issuance --example speed [ROUNDS]` prints `NAME RATIO` a line. Each round times the raw signature and
//! the work once; the ratio is that of the medians. Run it on an idle, pinned core (`taskset -c 1`).
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measuring program for developers"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::{Duration, Instant};

use common::{House, NOW, context, entra, run, saml_request, wiki, wsfed_request};
use signet_issuance::{AccountSnapshot, wrap_in_rstr};
use signet_model::NetworkLocation;
use signet_model::relying_party::TokenType;

fn main() {
    let rounds = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(1000);
    let house = House::new();
    let alice = run(house.alice());
    let entra = entra();
    let wsfed = wsfed_request(&entra, TokenType::Saml11);
    let rstr = run(house.permit(&entra, &wsfed, &alice)).unwrap();
    let wiki = wiki(signet_claims::templates::SAML_PERSISTENT);
    let saml = run(house.permit(&wiki, &saml_request(&wiki), &alice)).unwrap();

    let snapshot = AccountSnapshot::new(alice.account().id);
    let context = context(NetworkLocation::Outside);
    let occasion = house.occasion(&entra, &wsfed, &context, &snapshot);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let permit = || {
        runtime
            .block_on(house.engine.permit(&occasion, &alice))
            .unwrap()
    };

    measure(&house, rounds, "saml2-response", || {
        house
            .signer
            .sign_saml_response(&saml, NOW)
            .unwrap()
            .xml
            .len()
    });
    measure(&house, rounds, "saml11-rstr", || {
        wrap_in_rstr(&house.signer.sign_token(&rstr, NOW).unwrap()).len()
    });
    measure(&house, rounds, "entra-permit-and-rstr", || {
        wrap_in_rstr(&house.signer.sign_token(&permit(), NOW).unwrap()).len()
    });
    measure(&house, rounds, "entra-permit-alone", || {
        permit().claims().len()
    });
}

#[expect(
    clippy::disallowed_methods,
    reason = "the yardstick is the raw signature itself"
)]
fn measure(house: &House, rounds: usize, name: &str, mut work: impl FnMut() -> usize) {
    let ring = house.signer.keys();
    let message = [7u8; 700];
    let (mut raw, mut whole) = (Vec::with_capacity(rounds), Vec::with_capacity(rounds));
    for round in 0..rounds + rounds / 10 {
        let one = timed(|| ring.current().sign_sha256(&message).unwrap().len());
        let other = timed(&mut work);
        // The first tenth warms caches.
        if round >= rounds / 10 {
            raw.push(one);
            whole.push(other);
        }
    }
    let quiet = ratio(percentile(&mut raw, 10), percentile(&mut whole, 10));
    let (raw, whole) = (percentile(&mut raw, 50), percentile(&mut whole, 50));
    println!(
        "{name} {:.3} (raw {} us, whole {} us; {quiet:.3} at the tenth percentile)",
        ratio(raw, whole),
        raw.as_micros(),
        whole.as_micros()
    );
}

fn timed(mut work: impl FnMut() -> usize) -> Duration {
    let start = Instant::now();
    std::hint::black_box(work());
    start.elapsed()
}

fn ratio(raw: Duration, whole: Duration) -> f64 {
    raw.as_secs_f64() / whole.as_secs_f64()
}

/// A percentile; the tenth shows what a busy machine hides.
fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times
        .get(times.len() * percent / 100)
        .copied()
        .unwrap_or_default()
}
