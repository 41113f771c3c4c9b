//! Password changes over LDAP: what is sent, how often, and what the answers mean.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signet_directory::{
    ActiveDirectory, ChangeVerdict, Directory, DirectoryError, LockoutPermit, Password,
    PolicySource,
};

use crate::fake::{Act, Asked, BASE, Fake, Object, SERVICE, directory, find};

#[expect(clippy::disallowed_methods, reason = "tests stand in for the guard")]
async fn change(
    directory: &ActiveDirectory,
    typed: &str,
    old: &str,
    new: &str,
) -> Result<ChangeVerdict, DirectoryError> {
    let candidate = find(directory, typed).await?.unwrap();
    let permit = LockoutPermit::issue_for(candidate.id);
    let password = |text: &str| Password::new(text.to_owned()).unwrap();
    directory
        .change_password(&candidate, &password(old), &password(new), permit)
        .await
}

fn modifies(fake: &Fake) -> Vec<Asked> {
    let log = fake.log();
    let is_modify = |asked: &Asked| matches!(asked, Asked::Modify { .. });
    log.into_iter().filter(is_modify).collect()
}

fn quoted(text: &str) -> Vec<u8> {
    format!("\"{text}\"")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect()
}

#[tokio::test]
async fn sec_ad_21_a_change_deletes_the_old_and_adds_the_new_as_the_service_account() {
    let fake = Fake::start().await;
    let directory = directory(&[&fake]);
    let verdict = change(&directory, "alice", "alt \u{1f5dd}\"", "neu\u{e4}").await;
    assert!(
        matches!(verdict, Ok(ChangeVerdict::Changed { at: Some(_) })),
        "{verdict:?}"
    );
    let sent = modifies(&fake);
    let [
        Asked::Modify {
            connection,
            object,
            changes,
        },
    ] = &sent[..]
    else {
        panic!("{sent:?}");
    };
    assert!(object.starts_with("<GUID="), "{object}");
    assert_eq!(
        *changes,
        [
            (1, "unicodePwd".to_owned(), vec![quoted("alt \u{1f5dd}\"")]),
            (0, "unicodePwd".to_owned(), vec![quoted("neu\u{e4}")]),
        ],
        "never a replacement"
    );
    let binds: Vec<_> = fake
        .log()
        .into_iter()
        .filter(|asked| matches!(asked, Asked::Bind { connection: one, .. } if one == connection))
        .collect();
    assert!(
        matches!(&binds[..], [Asked::Bind { name, .. }] if name == SERVICE),
        "{binds:?}"
    );
}

#[tokio::test]
async fn sec_ad_21_what_was_sent_is_never_sent_again() {
    for act in [Act::Silence, Act::Close, Act::Half] {
        let (one, other) = (Fake::start().await, Fake::start().await);
        let directory = directory(&[&one, &other]);
        for fake in [&one, &other] {
            let act = act.clone();
            fake.script(move |asked| match asked {
                Asked::Modify { .. } => act.clone(),
                _ => Act::Usual,
            });
        }
        let answer = change(&directory, "alice", "old-password", "new-password").await;
        assert!(
            matches!(answer, Err(DirectoryError::OutcomeUnknown { .. })),
            "{act:?}: {answer:?}"
        );
        assert_eq!(modifies(&one).len() + modifies(&other).len(), 1, "{act:?}");
    }
}

#[tokio::test]
async fn a_controller_that_has_done_nothing_is_left_for_another() {
    for (code, diagnostic) in [(10, "0000202B: RefErr"), (51, "busy"), (52, "unavailable")] {
        let (read_only, other) = (Fake::start().await, Fake::start().await);
        let directory = directory(&[&read_only, &other]);
        read_only.script(move |asked| match asked {
            Asked::Modify { .. } => Act::Result(code, diagnostic.to_owned()),
            _ => Act::Usual,
        });
        let verdict = change(&directory, "alice", "old-password", "new-password").await;
        assert!(
            matches!(verdict, Ok(ChangeVerdict::Changed { .. })),
            "{verdict:?}"
        );
        assert_eq!(modifies(&other).len(), 1);
    }
}

#[tokio::test]
async fn a_permit_of_another_account_changes_nothing() {
    let fake = Fake::start().await;
    let directory = directory(&[&fake]);
    let alice = find(&directory, "alice").await.unwrap().unwrap();
    let bob = find(&directory, "bob").await.unwrap().unwrap();
    let password = |text: &str| Password::new(text.to_owned()).unwrap();
    #[expect(clippy::disallowed_methods, reason = "tests stand in for the guard")]
    let permit = LockoutPermit::issue_for(bob.id);
    let refused = directory
        .change_password(&alice, &password("a"), &password("b"), permit)
        .await;
    assert_eq!(refused, Err(DirectoryError::PermitForAnotherAccount));
    assert!(modifies(&fake).is_empty());
}

#[tokio::test]
async fn policies_are_read_once_and_an_unreadable_one_is_said_to_be() {
    let fake = Fake::start().await;
    let strict = "CN=strict,CN=Password Settings Container,CN=System,DC=corp,DC=example";
    let hidden = "CN=hidden,CN=Password Settings Container,CN=System,DC=corp,DC=example";
    fake.objects(|objects| {
        objects[0].set("msDS-ResultantPSO", &[strict.as_bytes()]);
        objects[1].set("msDS-ResultantPSO", &[hidden.as_bytes()]);
        let mut policy = Object::user("strict", 9001)
            .with("name", "strict")
            .with("msDS-MinimumPasswordLength", "14")
            .with("msDS-LockoutThreshold", "3");
        policy.dn = strict.to_owned();
        objects.push(policy);
    });
    let heads = Arc::new(AtomicBool::new(false));
    let head = {
        let mut head = Object::user("head", 9002)
            .with("lockoutThreshold", "10")
            .with("minPwdLength", "7");
        head.dn = BASE.to_owned();
        head
    };
    let asked_for_head = Arc::clone(&heads);
    fake.script(move |asked| match asked {
        Asked::Search {
            base, attributes, ..
        } if base == BASE && attributes.iter().any(|name| name == "minPwdLength") => {
            assert!(!asked_for_head.swap(true, Ordering::SeqCst), "asked once");
            Act::Operations(vec![head.entry(), crate::fake::result(0x65, 0, "")])
        }
        _ => Act::Usual,
    });
    let directory = directory(&[&fake]);
    let alice = find(&directory, "alice").await.unwrap().unwrap();
    let bob = find(&directory, "bob").await.unwrap().unwrap();
    for _ in 0..3 {
        let policy = directory.policy_of(&alice).await.unwrap();
        assert_eq!(
            policy.source,
            PolicySource::FineGrained("strict".to_owned())
        );
        assert_eq!(
            (policy.min_length, policy.lockout.unwrap().threshold.get()),
            (14, 3)
        );
        let policy = directory.policy_of(&bob).await.unwrap();
        assert_eq!(policy.source, PolicySource::Unreadable(hidden.to_owned()));
        assert_eq!(
            (policy.min_length, policy.lockout.unwrap().threshold.get()),
            (7, 10)
        );
    }
    assert!(heads.load(Ordering::SeqCst));
}
