//! Password checks: what is sent, what each answer means, who is bound where.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use signet_directory::{DirectoryError, Password, PasswordVerdict};
use signet_model::Sid;
use tokio::net::TcpListener;

use crate::fake::{
    Act, Asked, BASE, Fake, Object, SERVICE, accepted, check, config, directory, find, referral,
    sid, sign_in,
};

fn is_user_bind(asked: &Asked) -> bool {
    matches!(asked, Asked::Bind { name, .. } if name != SERVICE)
}

#[tokio::test]
async fn a_right_password_gives_the_account() {
    let fake = Fake::start().await;
    let verdict = sign_in(&directory(&[&fake]), "alice@example.com", "alice-secret").await;
    let Ok(PasswordVerdict::Accepted(account)) = verdict else {
        panic!("{verdict:?}")
    };
    assert_eq!(
        (account.sam.as_str(), account.sid.as_str()),
        ("alice", "S-1-5-21-1-2-3-1101")
    );
    assert_eq!(*account.group_sids, [sid(2000), sid(513)]);
    assert_eq!(account.down_level_name(), "CORP\\alice");
    assert_eq!(
        fake.user_binds(),
        [(
            format!("CN=alice,OU=People,{BASE}"),
            b"alice-secret".to_vec()
        )]
    );
}

#[tokio::test]
async fn sec_ad_02_a_password_reaches_the_controller_byte_for_byte() {
    let fake = Fake::start().await;
    let directory = directory(&[&fake]);
    let long = "x".repeat(4096);
    let passwords = [
        "   ",
        " a ",
        "e\u{301}",
        "\u{e9}",
        "🗝️",
        "Pässwörd-Жя-1!",
        long.as_str(),
    ];
    for password in passwords {
        fake.password(&format!("CN=alice,OU=People,{BASE}"), password);
        assert!(
            accepted(&sign_in(&directory, "alice", password).await),
            "{password:?}"
        );
    }
    let sent: Vec<Vec<u8>> = fake
        .user_binds()
        .into_iter()
        .map(|(_, password)| password)
        .collect();
    assert_eq!(sent, passwords.map(|password| password.as_bytes().to_vec()));
}

#[tokio::test]
async fn sec_ad_03_only_result_0_is_success_and_only_49_is_a_wrong_password() {
    let fake = Fake::start().await;
    let directory = directory(&[&fake]);
    for code in [1, 8, 10, 14, 48, 50, 51, 52, 53, 80, 4095] {
        fake.script(move |asked| {
            if is_user_bind(asked) {
                Act::Result(code, String::new())
            } else {
                Act::Usual
            }
        });
        let verdict = sign_in(&directory, "alice", "alice-secret").await;
        match code {
            10 | 51 | 52 => assert!(
                matches!(verdict, Err(DirectoryError::Unavailable { .. })),
                "{code}: {verdict:?}"
            ),
            _ => assert!(
                matches!(verdict, Err(DirectoryError::MalformedAnswer { .. })),
                "{code}: {verdict:?}"
            ),
        }
    }
    fake.script(|_| Act::Usual);
    assert!(accepted(
        &sign_in(&directory, "alice", "alice-secret").await
    ));
}

#[tokio::test]
async fn sec_ad_04_reasons_in_the_diagnostic_become_verdicts() {
    let fake = Fake::start().await;
    let directory = directory(&[&fake]);
    for (data, expected) in [
        ("525", PasswordVerdict::Wrong),
        ("52e", PasswordVerdict::Wrong),
        ("530", PasswordVerdict::LogonHours),
        ("531", PasswordVerdict::Workstation),
        ("532", PasswordVerdict::PasswordExpired),
        ("533", PasswordVerdict::Disabled),
        ("701", PasswordVerdict::AccountExpired),
        ("773", PasswordVerdict::MustChange),
        ("775", PasswordVerdict::LockedOut),
    ] {
        let diagnostic = format!(
            "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data {data}, v4563\0"
        );
        fake.script(move |asked| {
            if is_user_bind(asked) {
                Act::Result(49, diagnostic.clone())
            } else {
                Act::Usual
            }
        });
        assert_eq!(
            sign_in(&directory, "alice", "alice-secret").await,
            Ok(expected),
            "{data}"
        );
    }
}

#[tokio::test]
async fn sec_ad_06_the_bind_takes_the_name_of_the_object_as_it_is() {
    let fake = Fake::start().await;
    let dn = "CN=O'Brien\\, #\\\"Bob\\\" \\<x\\>\\=\\+\\;\\20,OU=People,DC=corp,DC=example";
    let mut object = Object::user("obrien", 1103);
    object.dn = dn.to_owned();
    fake.objects(|objects| objects.push(object));
    fake.password(dn, "secret");
    assert!(accepted(
        &sign_in(&directory(&[&fake]), "obrien", "secret").await
    ));
    assert_eq!(fake.user_binds(), [(dn.to_owned(), b"secret".to_vec())]);
}

#[tokio::test]
async fn sec_ad_08_the_object_after_the_bind_is_the_object_before_it() {
    let fake = Fake::start().await;
    let directory = directory(&[&fake]);
    let candidate = find(&directory, "alice").await.unwrap().unwrap();
    // The name now belongs to another object: same name, another SID.
    fake.objects(|objects| objects[0].set("objectSid", &[&sid(1999).to_binary()]));
    let verdict = check(&directory, &candidate, "alice-secret").await;
    assert!(
        matches!(verdict, Err(DirectoryError::AccountChanged { .. })),
        "{verdict:?}"
    );
}

#[tokio::test]
async fn sec_ad_11_an_obstacle_that_the_bind_did_not_tell_is_seen_after_it() {
    let fake = Fake::start().await;
    let directory = directory(&[&fake]);
    for (attribute, value, expected) in [
        ("userAccountControl", "514", PasswordVerdict::Disabled),
        (
            "accountExpires",
            "132539328000000000",
            PasswordVerdict::AccountExpired,
        ),
        (
            "msDS-User-Account-Control-Computed",
            "16",
            PasswordVerdict::LockedOut,
        ),
        (
            "msDS-UserPasswordExpiryTimeComputed",
            "0",
            PasswordVerdict::MustChange,
        ),
        (
            "msDS-UserPasswordExpiryTimeComputed",
            "132539328000000000",
            PasswordVerdict::PasswordExpired,
        ),
    ] {
        fake.objects(|objects| objects[0] = Object::user("alice", 1101).with(attribute, value));
        assert_eq!(
            sign_in(&directory, "alice", "alice-secret").await,
            Ok(expected),
            "{attribute}={value}"
        );
    }
    for unreadable in ["userAccountControl", "tokenGroups", "primaryGroupID"] {
        fake.objects(|objects| objects[0] = Object::user("alice", 1101).without(unreadable));
        let verdict = sign_in(&directory, "alice", "alice-secret").await;
        assert!(
            matches!(verdict, Err(DirectoryError::MalformedAnswer { .. })),
            "{unreadable}: {verdict:?}"
        );
    }
}

#[tokio::test]
async fn sec_ad_12_deleted_renamed_or_moved_between_bind_and_read_is_no_sign_in() {
    let fake = Fake::start().await;
    let directory = directory(&[&fake]);
    let changes: [fn(&mut Vec<Object>); 3] = [
        |objects| drop(objects.remove(0)),
        |objects| objects[0].dn = format!("CN=alice,OU=Moved,{BASE}"),
        |objects| objects[0].set("sAMAccountName", &[b"alicia"]),
    ];
    for change in changes {
        fake.objects(|objects| *objects = vec![Object::user("alice", 1101)]);
        let candidate = find(&directory, "alice").await.unwrap().unwrap();
        fake.objects(change);
        let verdict = check(&directory, &candidate, "alice-secret").await;
        assert!(
            matches!(verdict, Err(DirectoryError::AccountChanged { .. })),
            "{verdict:?}"
        );
    }
}

#[tokio::test]
async fn sec_ad_15_a_referral_is_never_followed() {
    let canary = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let lure = format!("ldap://{}/DC=corp,DC=example", canary.local_addr().unwrap());
    let fake = Fake::start().await;
    let bind_lure = lure.clone();
    fake.script(move |asked| {
        if is_user_bind(asked) {
            Act::Operations(vec![referral(0x61, &bind_lure)])
        } else {
            Act::Usual
        }
    });
    let directory = directory(&[&fake]);
    let verdict = sign_in(&directory, "alice", "alice-secret").await;
    assert!(
        matches!(verdict, Err(DirectoryError::Unavailable { .. })),
        "{verdict:?}"
    );

    // References among search results are passed over, and the rest is read.
    let entry = Object::user("alice", 1101).entry();
    let reference = crate::fake::tlv(0x73, &crate::fake::octets(lure.as_bytes()));
    fake.script(move |asked| match asked {
        Asked::Search { values, .. } if values.contains(&b"alice".to_vec()) => {
            Act::Operations(vec![
                reference.clone(),
                entry.clone(),
                reference.clone(),
                crate::fake::result(0x65, 0, ""),
            ])
        }
        _ => Act::Usual,
    });
    assert!(accepted(
        &sign_in(&directory, "alice", "alice-secret").await
    ));

    // A search that ends in a referral has no result.
    fake.script(move |asked| match asked {
        Asked::Search { values, .. } if !values.is_empty() => {
            Act::Operations(vec![referral(0x65, &lure)])
        }
        _ => Act::Usual,
    });
    let verdict = sign_in(&directory, "alice", "alice-secret").await;
    assert!(
        matches!(verdict, Err(DirectoryError::Unavailable { .. })),
        "{verdict:?}"
    );
    let contact = tokio::time::timeout(Duration::from_millis(50), canary.accept()).await;
    assert!(contact.is_err(), "the referral was followed");
}

#[tokio::test]
async fn sec_ad_17_binds_and_searches_never_share_a_connection() {
    let fake = Fake::start().await;
    fake.script(|asked| {
        if is_user_bind(asked) {
            Act::Slow(Duration::from_millis(3))
        } else {
            Act::Usual
        }
    });
    let directory = directory(&[&fake]);
    let tries = (0..60).map(|at| {
        let directory = &directory;
        async move {
            let (name, right) = if at % 2 == 0 {
                ("alice", at % 3 != 0)
            } else {
                ("bob", at % 5 != 0)
            };
            let password = if right {
                format!("{name}-secret")
            } else {
                "wrong".to_owned()
            };
            (name, right, sign_in(directory, name, &password).await)
        }
    });
    for (name, right, verdict) in futures_util::future::join_all(tries).await {
        match verdict {
            Ok(PasswordVerdict::Accepted(account)) => assert!(right && account.sam == name),
            Ok(PasswordVerdict::Wrong) => assert!(!right, "{name}"),
            other => panic!("{other:?}"),
        }
    }
    let mut bound: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    let mut searched = BTreeSet::new();
    for asked in fake.log() {
        match asked {
            Asked::Bind {
                connection, name, ..
            } => {
                let names = bound.entry(connection).or_default();
                assert!(
                    name != SERVICE || names.is_empty(),
                    "the service account is bound once a connection, and first"
                );
                names.insert(name);
            }
            Asked::Search { connection, .. } => drop(searched.insert(connection)),
            Asked::Modify { .. } => panic!("nothing is changed here"),
        }
    }
    for connection in searched {
        assert_eq!(
            bound[&connection],
            BTreeSet::from([SERVICE.to_owned()]),
            "searched in a person's name"
        );
    }
}

#[tokio::test]
async fn sec_ad_18_no_password_is_remembered() {
    let fake = Fake::start().await;
    let long = "n".repeat(60);
    fake.objects(|objects| objects.push(Object::user(&long, 1104)));
    fake.password(&format!("CN={long},OU=People,{BASE}"), "secret");
    let directory = directory(&[&fake]);
    assert!(accepted(&sign_in(&directory, &long, "secret").await));
    let candidate = find(&directory, &long).await.unwrap().unwrap();
    drop(fake);
    for password in ["secret", "wrong"] {
        let verdict = check(&directory, &candidate, password).await;
        assert!(
            matches!(verdict, Err(DirectoryError::Unavailable { .. })),
            "{verdict:?}"
        );
    }
}

#[tokio::test]
async fn sec_ad_24_no_secret_shows_in_debug_output() {
    let shown = format!("{:?}", config(Vec::new()));
    assert!(
        shown.contains("svc@corp.example") && !shown.contains("service-secret"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_permit_is_good_for_its_own_account_alone() {
    use signet_directory::{Directory as _, LockoutPermit};
    let fake = Fake::start().await;
    let directory = directory(&[&fake]);
    let alice = find(&directory, "alice").await.unwrap().unwrap();
    let bob = find(&directory, "bob").await.unwrap().unwrap();
    #[expect(clippy::disallowed_methods, reason = "tests stand in for the guard")]
    let permit = LockoutPermit::issue_for(alice.id);
    let password = Password::new("bob-secret".to_owned()).unwrap();
    assert_eq!(
        directory.check_password(&bob, &password, permit).await,
        Err(DirectoryError::PermitForAnotherAccount)
    );
    assert_eq!(fake.user_binds(), []);
}

#[tokio::test]
async fn nobody_costs_what_somebody_costs() {
    use signet_directory::Directory as _;
    let fake = Fake::start().await;
    fake.script(|asked| match asked {
        Asked::Bind { name, .. } if name.starts_with("CN=alice") => {
            Act::Slow(Duration::from_millis(60))
        }
        _ => Act::Usual,
    });
    let directory = directory(&[&fake]);
    for _ in 0..3 {
        assert_eq!(
            sign_in(&directory, "alice", "wrong").await,
            Ok(PasswordVerdict::Wrong)
        );
    }
    let start = std::time::Instant::now();
    directory
        .check_nobody(&Password::new("x".to_owned()).unwrap())
        .await
        .unwrap();
    assert!(
        start.elapsed() >= Duration::from_millis(55),
        "{:?}",
        start.elapsed()
    );
    let (name, password) = fake.user_binds().pop().unwrap();
    assert!(name.ends_with(BASE) && password == b"x", "{name}");
}

#[tokio::test]
async fn sec_ad_20_five_thousand_groups_are_read_whole() {
    let fake = Fake::start().await;
    let groups: Vec<Vec<u8>> = (0..5000).map(|rid| sid(10_000 + rid).to_binary()).collect();
    let slices: Vec<&[u8]> = groups.iter().map(Vec::as_slice).collect();
    fake.objects(|objects| objects[0].set("tokenGroups", &slices));
    let verdict = sign_in(&directory(&[&fake]), "alice", "alice-secret").await;
    let Ok(PasswordVerdict::Accepted(account)) = verdict else {
        panic!("{verdict:?}")
    };
    assert_eq!(account.group_sids.len(), 5001);
    assert!(
        account
            .group_sids
            .contains(&Sid::parse("S-1-5-21-1-2-3-14999").unwrap())
    );
}
