//! Controllers that refuse, hang, crawl and come back. Deadlines are a fifth of production's.

use std::time::{Duration, Instant};

use signet_directory::{
    ActiveDirectory, ControllerState, Directory as _, DirectoryError, PasswordVerdict,
};
use tokio::net::TcpListener;

use crate::fake::{
    Act, Asked, Fake, SERVICE, accepted, address, check, config, directory, find, message, octets,
    sign_in, tlv,
};

fn is_user_bind(asked: &Asked) -> bool {
    matches!(asked, Asked::Bind { name, .. } if name != SERVICE)
}

async fn until_state(directory: &ActiveDirectory, at: usize, state: ControllerState) {
    let start = Instant::now();
    while directory.health().await[at].state != state {
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{:?}",
            directory.health().await
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// An address that nothing listens on.
async fn nowhere() -> std::net::SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
}

#[tokio::test]
async fn sec_f_01_a_controller_that_refuses_connections_costs_little_and_comes_back() {
    let gone = nowhere().await;
    let good = Fake::start().await;
    let directory = ActiveDirectory::start(config(vec![address(gone), address(good.address)]));
    assert!(accepted(
        &sign_in(&directory, "alice", "alice-secret").await
    ));
    until_state(&directory, 0, ControllerState::Down).await;
    let back = Fake::start_with(
        Some(crate::fake::ROOT.server(&["dc1.corp.example"], |_| {})),
        &gone.to_string(),
    )
    .await;
    until_state(&directory, 0, ControllerState::Up).await;
    assert!(accepted(
        &sign_in(&directory, "alice", "alice-secret").await
    ));
    assert_eq!(
        back.user_binds().len(),
        1,
        "the preferred controller is asked again"
    );
}

#[tokio::test]
async fn sec_f_02_and_sec_f_03_a_controller_that_hangs_after_accepting_is_asked_around() {
    let hung = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let good = Fake::start().await;
    let directory = ActiveDirectory::start(config(vec![
        address(hung.local_addr().unwrap()),
        address(good.address),
    ]));
    let start = Instant::now();
    assert!(accepted(
        &sign_in(&directory, "alice", "alice-secret").await
    ));
    assert!(
        start.elapsed() < Duration::from_millis(600),
        "{:?}",
        start.elapsed()
    );
    until_state(&directory, 0, ControllerState::Down).await;
    let start = Instant::now();
    assert!(accepted(
        &sign_in(&directory, "alice", "alice-secret").await
    ));
    assert!(
        start.elapsed() < Duration::from_millis(60),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn sec_f_03_a_controller_that_falls_silent_on_a_bind_gets_it_once_and_one_other_gets_it() {
    let (one, two, three) = (
        Fake::start().await,
        Fake::start().await,
        Fake::start().await,
    );
    for silent in [&one, &two] {
        silent.script(|asked| {
            if is_user_bind(asked) {
                Act::Silence
            } else {
                Act::Usual
            }
        });
    }
    let directory = directory(&[&one, &two, &three]);
    let verdict = sign_in(&directory, "alice", "wrong").await;
    assert!(
        matches!(verdict, Err(DirectoryError::Unavailable { .. })),
        "{verdict:?}"
    );
    let sent = [
        one.user_binds().len(),
        two.user_binds().len(),
        three.user_binds().len(),
    ];
    assert_eq!(sent, [1, 1, 0], "a third try could count a third time");

    two.script(|_| Act::Usual);
    until_state(&directory, 1, ControllerState::Up).await;
    let verdict = sign_in(&directory, "alice", "wrong").await;
    assert_eq!(verdict, Ok(PasswordVerdict::Wrong));
}

#[tokio::test]
async fn an_answered_bind_is_not_made_twice() {
    let (one, two) = (Fake::start().await, Fake::start().await);
    let directory = directory(&[&one, &two]);
    assert_eq!(
        sign_in(&directory, "alice", "wrong").await,
        Ok(PasswordVerdict::Wrong)
    );
    assert_eq!(one.user_binds().len() + two.user_binds().len(), 1);
}

#[tokio::test]
async fn sec_f_04_slow_controllers_still_answer_and_are_not_asked_twice_as_much() {
    let (one, two) = (Fake::start().await, Fake::start().await);
    for slow in [&one, &two] {
        slow.script(|asked| match asked {
            Asked::Search { values, .. } if !values.is_empty() => {
                Act::Slow(Duration::from_millis(200))
            }
            asked if is_user_bind(asked) => Act::Slow(Duration::from_millis(200)),
            _ => Act::Usual,
        });
    }
    let directory = directory(&[&one, &two]);
    assert!(accepted(
        &sign_in(&directory, "alice", "alice-secret").await
    ));
    let finds = 25;
    for _ in 0..finds {
        assert!(find(&directory, "alice").await.unwrap().is_some());
    }
    let asked = |fake: &Fake| {
        fake.log()
            .iter()
            .filter(|asked| matches!(asked, Asked::Search { values, .. } if !values.is_empty()))
            .count()
    };
    let second = asked(&one) + asked(&two) - finds - 1;
    assert!(
        second <= 10 + (finds + 10) / 10 * 2,
        "{second} second requests for {finds} first ones"
    );
}

#[tokio::test]
async fn sec_f_05_all_down_is_told_in_time_and_over_when_one_is_back() {
    let one = Fake::start().await;
    let at = one.address;
    let directory = directory(&[&one]);
    let candidate = find(&directory, "alice").await.unwrap().unwrap();
    drop(one);
    let start = Instant::now();
    let verdict = check(&directory, &candidate, "alice-secret").await;
    let Err(error @ DirectoryError::Unavailable { .. }) = &verdict else {
        panic!("{verdict:?}")
    };
    assert_eq!(error.message().code, "SIG-DIR-UNAVAILABLE");
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    let again = Fake::start_with(
        Some(crate::fake::ROOT.server(&["dc1.corp.example"], |_| {})),
        &at.to_string(),
    )
    .await;
    let start = Instant::now();
    assert!(accepted(
        &sign_in(&directory, "alice", "alice-secret").await
    ));
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(again.user_binds().len(), 1);
}

#[tokio::test]
async fn sec_f_06_a_controller_that_cannot_tell_is_asked_around() {
    let good = Fake::start().await;
    let notice = message(
        0,
        &tlv(
            0x78,
            &[
                tlv(10, &[52]),
                octets(b""),
                octets(b"going down"),
                tlv(0x8a, b"1.3.6.1.4.1.1466.20036"),
            ]
            .concat(),
        ),
    );
    // Active Directory puts the name of its notice where controls belong.
    let crooked_notice = tlv(
        0x30,
        &[
            tlv(2, &[0]),
            tlv(
                0x78,
                &[tlv(10, &[52]), octets(b""), octets(b"00002024: LdapErr")].concat(),
            ),
            tlv(0x8a, b"1.3.6.1.4.1.1466.20036"),
        ]
        .concat(),
    );
    for (what, act) in [
        ("referral", Act::Result(10, String::new())),
        ("busy", Act::Result(51, String::new())),
        ("unavailable", Act::Result(52, String::new())),
        (
            "no logon servers",
            Act::Result(
                49,
                "80090311: LdapErr: DSID-0, comment: AcceptSecurityContext error, data 51f, v1"
                    .to_owned(),
            ),
        ),
        ("a notice of disconnection", Act::Raw(notice)),
        (
            "Active Directory's notice of disconnection",
            Act::Raw(crooked_notice),
        ),
        ("the end within an answer", Act::Half),
        ("the end instead of an answer", Act::Close),
    ] {
        let bad = Fake::start().await;
        let on_bind = act.clone();
        bad.script(move |asked| {
            if is_user_bind(asked) {
                on_bind.clone()
            } else {
                Act::Usual
            }
        });
        let both = directory(&[&bad, &good]);
        assert!(
            accepted(&sign_in(&both, "alice", "alice-secret").await),
            "bind: {what}"
        );
        assert_eq!(bad.user_binds().len(), 1, "bind: {what}");
        let verdict = sign_in(&directory(&[&bad]), "alice", "alice-secret").await;
        assert!(
            matches!(verdict, Err(DirectoryError::Unavailable { .. })),
            "bind, alone: {what}: {verdict:?}"
        );
        if what != "no logon servers" {
            bad.script(move |asked| match asked {
                Asked::Search { values, .. } if !values.is_empty() => act.clone(),
                _ => Act::Usual,
            });
            assert!(
                accepted(&sign_in(&directory(&[&bad, &good]), "alice", "alice-secret").await),
                "search: {what}"
            );
        }
    }
}

#[tokio::test]
async fn a_connection_that_the_controller_closed_while_idle_is_replaced_unseen() {
    let fake = Fake::start().await;
    let directory = directory(&[&fake]);
    for _ in 0..3 {
        assert!(accepted(
            &sign_in(&directory, "alice", "alice-secret").await
        ));
        // Whatever is asked next on a search connection, the controller hangs up; the try after it is answered.
        let hung_up = std::sync::Mutex::new(std::collections::BTreeSet::new());
        fake.script(move |asked| match asked {
            Asked::Search {
                connection, values, ..
            } if !values.is_empty() && hung_up.lock().unwrap().is_empty() => {
                hung_up.lock().unwrap().insert(*connection);
                Act::Close
            }
            _ => Act::Usual,
        });
        assert!(accepted(
            &sign_in(&directory, "alice", "alice-secret").await
        ));
        assert_eq!(directory.health().await[0].state, ControllerState::Up);
    }
}

#[tokio::test]
async fn a_refused_service_account_is_the_operators_fault_and_is_not_hammered() {
    let fake = Fake::start().await;
    fake.password(SERVICE, "changed");
    let directory = directory(&[&fake]);
    for _ in 0..5 {
        let verdict = sign_in(&directory, "alice", "alice-secret").await;
        let known = matches!(
            verdict,
            Err(DirectoryError::ServiceAccountRefused { .. } | DirectoryError::Unavailable { .. })
        );
        assert!(known, "{verdict:?}");
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let binds = fake.log().len();
    assert!(
        binds <= 3,
        "{binds} wrong passwords of the service account: it would be locked"
    );
    assert!(
        directory.health().await[0]
            .detail
            .as_ref()
            .unwrap()
            .contains("52e")
    );
}
