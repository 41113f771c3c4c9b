//! RADIUS against a real FreeRADIUS.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use signet_authn::factors::{
    Answer, Checkout, FactorFailure, Prompt, Radius, RadiusError, RadiusServer, RadiusSettings,
    SecondFactors,
};
use signet_model::FactorKind;

use crate::fake::noon;
use crate::freeradius::{FreeRadius, free_port, server};
use crate::lab::{FLOW, Lab, begin, check, somebody};

const KIND: FactorKind = FactorKind::Radius;

fn node(lab: &Lab, servers: Vec<RadiusServer>) -> SecondFactors {
    let mut settings = RadiusSettings::new(servers, "signet-tests");
    settings.timeout = Duration::from_millis(700);
    settings.tries = 2;
    lab.node_with(vec![Box::new(Radius::new(settings))])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_code_is_accepted_and_a_wrong_one_rejected() {
    let (lab, radius) = (Lab::new().await, FreeRadius::start(true));
    let (node, alice) = (node(&lab, vec![radius.server()]), somebody("alice").await);
    assert_eq!(node.offers(&alice).await.unwrap().kinds(), [KIND]);
    let asked = begin(&node, &alice, KIND).await;
    assert_eq!(
        asked.prompt,
        Prompt::Code {
            digits: None,
            text: None,
            echo: false
        }
    );
    for code in ["123456", "a long pass phrase of 40 octets and more"] {
        let right = check(&node, &alice, KIND, None, &Answer::code(code), noon()).await;
        assert!(right.is_ok(), "{right:?}");
    }
    let mut wrong = 0;
    for code in ["654321", "12345", "", "x", "123457", "000000", "111111"] {
        match check(&node, &alice, KIND, None, &Answer::code(code), noon()).await {
            Err(FactorFailure::Wrong { .. }) => wrong += 1,
            Err(FactorFailure::Throttled { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(wrong, 5, "guesses over RADIUS are counted like all others");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_challenge_leads_to_a_second_round_at_the_same_server() {
    let lab = Lab::new().await;
    let (first, second) = (free_port(), FreeRadius::start(true));
    let servers = vec![server(first, crate::freeradius::SECRET), second.server()];
    let (node, bob) = (node(&lab, servers), somebody("bob").await);
    let answer = Answer::code("111111");
    let more = node.check(&bob, FLOW, KIND, None, &answer, noon()).await;
    let Ok(Checkout::More(asked)) = more else {
        panic!("{more:?}");
    };
    assert_eq!(
        asked.prompt,
        Prompt::Code {
            digits: None,
            text: Some("Now the code of your token".into()),
            echo: false
        }
    );
    let ticket = asked.ticket.as_deref();
    let elsewhere = node
        .check(
            &bob,
            b"another",
            KIND,
            ticket,
            &Answer::code("222222"),
            noon(),
        )
        .await;
    assert!(matches!(elsewhere, Err(FactorFailure::CeremonyGone)));
    let more = node.check(&bob, FLOW, KIND, None, &answer, noon()).await;
    let Ok(Checkout::More(asked)) = more else {
        panic!("{more:?}");
    };
    let ticket = asked.ticket.as_deref();
    let right = check(&node, &bob, KIND, ticket, &Answer::code("222222"), noon()).await;
    assert!(right.is_ok(), "{right:?}");
    let without = check(&node, &bob, KIND, None, &Answer::code("222222"), noon()).await;
    assert!(
        matches!(without, Err(FactorFailure::Wrong { .. })),
        "no round is skipped"
    );
}

/// Each may have rung a telephone. The right answer takes them back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_pwd_12_a_server_s_questions_and_its_silence_count_as_tries() {
    let (lab, radius) = (Lab::new().await, FreeRadius::start(true));
    let (node, bob) = (node(&lab, vec![radius.server()]), somebody("bob").await);
    let first = Answer::code("111111");
    let ask = async || node.check(&bob, FLOW, KIND, None, &first, noon()).await;
    let mut asked = None;
    for _ in 0..4 {
        let Ok(Checkout::More(more)) = ask().await else {
            panic!("no question");
        };
        asked = more.ticket;
    }
    let second = Answer::code("222222");
    let right = check(&node, &bob, KIND, asked.as_deref(), &second, noon()).await;
    assert!(right.is_ok(), "{right:?}");
    for _ in 0..4 {
        assert!(matches!(ask().await, Ok(Checkout::More(_))));
    }
    drop(radius);
    assert!(matches!(ask().await, Err(FactorFailure::Radius(_))));
    assert!(matches!(ask().await, Err(FactorFailure::Throttled { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_server_is_passed_over_and_not_asked_first_again() {
    let (lab, radius) = (Lab::new().await, FreeRadius::start(true));
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let refused = free_port();
    let servers = vec![
        server(silent.local_addr().unwrap(), "another secret, never used"),
        server(refused, "another secret, never used"),
        radius.server(),
    ];
    let (node, alice) = (node(&lab, servers), somebody("alice").await);
    let ask = async || check(&node, &alice, KIND, None, &Answer::code("123456"), noon()).await;
    assert!(ask().await.is_ok());
    let begun = Instant::now();
    assert!(ask().await.is_ok());
    assert!(
        begun.elapsed() < Duration::from_millis(650),
        "{:?}",
        begun.elapsed()
    );
    drop(radius);
    let begun = Instant::now();
    let nobody = ask().await;
    assert!(
        matches!(
            &nobody,
            Err(FactorFailure::Radius(RadiusError::NoAnswer { .. }))
        ),
        "{nobody:?}"
    );
    assert!(begun.elapsed() < Duration::from_secs(15));
    // Both tries at each, and no more: the same packet twice.
    silent.set_nonblocking(true).unwrap();
    let mut packets = Vec::new();
    let mut buffer = [0u8; 4096];
    while let Ok(length) = silent.recv(&mut buffer) {
        packets.push(buffer[..length].to_vec());
    }
    assert_eq!(packets.len(), 4);
    assert_eq!(
        packets[0], packets[1],
        "a repetition is known by its authenticator"
    );
    assert_ne!(packets[1], packets[2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_another_secret_or_without_message_authenticator_is_not_believed() {
    let lab = Lab::new().await;
    let (signing, silent) = (FreeRadius::start(true), FreeRadius::start(false));
    let alice = somebody("alice").await;
    let code = Answer::code("123456");
    let other = server(signing.address, "not the secret of the server");
    let refused = check(&node(&lab, vec![other]), &alice, KIND, None, &code, noon()).await;
    assert!(
        matches!(refused, Err(FactorFailure::Radius(_))),
        "{refused:?}"
    );
    let unsigned = node(&lab, vec![silent.server()]);
    match check(&unsigned, &alice, KIND, None, &code, noon()).await {
        Err(FactorFailure::Radius(RadiusError::NoAnswer { detail })) => {
            assert!(detail.contains("Message-Authenticator"), "{detail}");
        }
        other => panic!("{other:?}"),
    }
    let right = check(
        &node(&lab, vec![signing.server()]),
        &alice,
        KIND,
        None,
        &code,
        noon(),
    )
    .await;
    assert!(
        right.is_ok(),
        "what was no verdict was not counted: {right:?}"
    );
}
