//! Which object a typed name means.

use signet_directory::{AccountKind, Directory as _, DirectoryError, PasswordVerdict};

use crate::fake::{Asked, BASE, Fake, Object, directory, find, sid, sign_in};

fn searches_for(fake: &Fake, value: &str) -> usize {
    let log = fake.log();
    log.iter().filter(|asked| matches!(asked, Asked::Search { values, .. } if values.contains(&value.as_bytes().to_vec()))).count()
}

#[tokio::test]
async fn every_form_of_a_name_finds_the_object() {
    let fake = Fake::start().await;
    fake.objects(|objects| objects.push(Object::user("noupn", 1105).without("userPrincipalName")));
    let directory = directory(&[&fake]);
    for (typed, sam) in [
        ("alice@example.com", "alice"),
        ("ALICE@EXAMPLE.COM", "alice"),
        ("alice@corp.example", "alice"),
        ("alice@CORP", "alice"),
        ("CORP\\alice", "alice"),
        ("corp.example\\alice", "alice"),
        ("alice", "alice"),
        ("noupn@corp.example", "noupn"),
    ] {
        let found = find(&directory, typed).await.unwrap();
        assert_eq!(
            found.map(|candidate| candidate.sam).as_deref(),
            Some(sam),
            "{typed}"
        );
    }
    for typed in ["nobody", "noupn@example.com", "CORP\\alice@example.com"] {
        let found = find(&directory, typed).await;
        assert!(
            matches!(found, Ok(None)) || typed.contains('\\'),
            "{typed}: {found:?}"
        );
    }
}

#[tokio::test]
async fn sec_ad_05_structure_in_a_name_is_a_value() {
    let fake = Fake::start().await;
    let directory = directory(&[&fake]);
    for typed in [
        "*",
        "al*",
        ")(objectClass=*",
        "alice)(objectClass=*",
        "\\2a",
        "a\\00",
        "x\\2a\\",
        "*)(|(cn=*",
    ] {
        let name = match signet_directory::LoginName::parse(typed, Some("CORP")) {
            Ok(name) => name,
            Err(_) => continue,
        };
        assert_eq!(directory.find(&name).await, Ok(None), "{typed}");
    }
    assert_eq!(searches_for(&fake, "*"), 1);
    assert_eq!(searches_for(&fake, ")(objectClass=*"), 1);
}

#[tokio::test]
async fn sec_ad_07_two_objects_of_one_name_are_none() {
    let fake = Fake::start().await;
    fake.objects(|objects| objects.push(Object::user("alice", 1199)));
    let found = find(&directory(&[&fake]), "alice").await;
    assert!(
        matches!(found, Err(DirectoryError::AmbiguousName { .. })),
        "{found:?}"
    );
    assert_eq!(
        found.unwrap_err().message().public,
        "The user name or password is incorrect."
    );
}

#[tokio::test]
async fn sec_ad_08_a_upn_that_is_another_ones_implicit_upn_is_nobodys() {
    let fake = Fake::start().await;
    fake.objects(|objects| {
        objects[0] = Object::user("alice", 1101).with("userPrincipalName", "bob@corp.example")
    });
    let directory = directory(&[&fake]);
    let found = find(&directory, "bob@corp.example").await;
    assert!(
        matches!(found, Err(DirectoryError::AmbiguousName { .. })),
        "{found:?}"
    );
    let verdict = sign_in(&directory, "bob@corp.example", "alice-secret").await;
    assert!(verdict.is_err(), "{verdict:?}");
    assert_eq!(fake.user_binds(), []);
    // Each still signs in by a name that is theirs alone.
    assert_eq!(
        find(&directory, "CORP\\bob").await.unwrap().unwrap().sid,
        sid(1102)
    );
    assert_eq!(
        find(&directory, "CORP\\alice").await.unwrap().unwrap().sid,
        sid(1101)
    );
}

#[tokio::test]
async fn sec_ad_09_what_the_directory_takes_for_one_name_is_one_account() {
    let fake = Fake::start().await;
    let admin = Object::user("admin", 1106);
    let entry = admin.entry();
    fake.objects(|objects| objects.push(admin));
    fake.password(&format!("CN=admin,OU=People,{BASE}"), "secret");
    // Active Directory compares without accents and width.
    fake.script(move |asked| match asked {
        Asked::Search { values, .. }
            if values.iter().any(|value| {
                value.ends_with("dmin".as_bytes()) || value.starts_with("ａ".as_bytes())
            }) =>
        {
            crate::fake::Act::Operations(vec![entry.clone(), crate::fake::result(0x65, 0, "")])
        }
        _ => crate::fake::Act::Usual,
    });
    let directory = directory(&[&fake]);
    for typed in ["admin", "ádmin", "ADmin", "ａdmin", " admin "] {
        let verdict = sign_in(&directory, typed, "secret").await;
        let Ok(PasswordVerdict::Accepted(account)) = verdict else {
            panic!("{typed}: {verdict:?}")
        };
        assert_eq!(
            (account.sid.clone(), account.sam.as_str()),
            (sid(1106), "admin"),
            "{typed}"
        );
    }
}

#[tokio::test]
async fn sec_ad_10_accounts_that_are_no_persons_are_flagged_before_any_password() {
    let fake = Fake::start().await;
    let special = [
        (
            Object::user("HOST$", 1110).with("userAccountControl", "4096"),
            AccountKind::Computer,
        ),
        (
            Object::user("krbtgt", 502).with("userAccountControl", "514"),
            AccountKind::KeyDistribution,
        ),
        (Object::user("Guest", 501), AccountKind::Guest),
        (
            Object::user("gmsa$", 1111).with("objectClass", "msDS-GroupManagedServiceAccount"),
            AccountKind::ManagedService,
        ),
        (
            Object::user("OTHER$", 1112).with("userAccountControl", "2080"),
            AccountKind::Trust,
        ),
    ];
    fake.objects(|objects| objects.extend(special.iter().map(|(object, _)| object.clone())));
    let directory = directory(&[&fake]);
    for (object, kind) in special {
        let sam = String::from_utf8(object.attributes["sAMAccountName"][0].clone()).unwrap();
        let candidate = find(&directory, &sam).await.unwrap().unwrap();
        assert_eq!(candidate.kind, kind, "{sam}");
        assert!(!candidate.kind.may_sign_in());
    }
}

#[tokio::test]
async fn sec_ad_22_a_foreign_domain_or_suffix_is_not_asked_about() {
    let fake = Fake::start().await;
    let directory = directory(&[&fake]);
    assert!(
        find(&directory, "alice@example.com")
            .await
            .unwrap()
            .is_some()
    );
    for typed in [
        "OTHER\\alice",
        "alice@other.example",
        "alice@sub.corp.example",
    ] {
        assert_eq!(find(&directory, typed).await, Ok(None), "{typed}");
    }
    assert!(!directory.knows_domain("other.example") && !directory.knows_domain("OTHER"));
    assert!(
        directory.knows_domain("corp.example")
            && directory.knows_domain("Corp")
            && directory.knows_domain("EXAMPLE.com")
    );
    assert_eq!(
        searches_for(&fake, "alice") + searches_for(&fake, "alice@other.example"),
        0
    );
}

#[tokio::test]
async fn an_object_from_outside_of_the_domain_is_no_answer() {
    let fake = Fake::start().await;
    fake.objects(|objects| objects[0].dn = "CN=alice,DC=evil,DC=example".to_owned());
    let found = find(&directory(&[&fake]), "alice").await;
    assert!(
        matches!(found, Err(DirectoryError::MalformedAnswer { .. })),
        "{found:?}"
    );
}
