//! The embedded directory, asked as every other.

use signet_directory::{
    Clock, Directory, DirectoryError, Embedded, Password, PasswordVerdict, hash_password,
};
use time::macros::datetime;

use crate::fake::{check, find, sign_in};
use crate::query::ask;

fn ldif() -> String {
    let hash = hash_password(&Password::new("Sommer-2024!".to_owned()).unwrap()).unwrap();
    let mut text = format!(
        "version: 1

# The domain.
dn: DC=corp,DC=example
objectClass: domainDNS
objectSid: S-1-5-21-1-2-3
nETBIOSName: CORP
uPNSuffixes: example.com

dn: CN=Domain Users,CN=Users,DC=corp,DC=example
objectClass: group
sAMAccountName: Domain Users
objectSid: S-1-5-21-1-2-3-513

dn: CN=Alice Müller,OU=People,DC=corp,DC=example
objectClass: top
objectClass: person
objectClass: user
sAMAccountName: alice
userPrincipalName: alice@example.com
displayName: Alice Müller
givenName: Alice
mail: alice@example.com
proxyAddresses: SMTP:alice@example.com
proxyAddresses: smtp:a@example.com
objectGUID: 8d1a2b3c-4d5e-6f70-8192-a3b4c5d6e7f8
mS-DS-ConsistencyGuid: 00112233-4455-6677-8899-aabbccddeeff
employeeID: 000123
userPassword: {hash}
memberOf: CN=Leaf,OU=Groups,DC=corp,DC=example

dn: CN=Leaf,OU=Groups,DC=corp,DC=example
objectClass: group
sAMAccountName: Leaf

dn: CN=Mid,OU=Groups,DC=corp,DC=example
objectClass: group
sAMAccountName: Mid
member: CN=Leaf,OU=Groups,DC=corp,DC=example
member: CN=Top,OU=Groups,DC=corp,DC=example

dn: CN=Top,OU=Groups,DC=corp,DC=example
objectClass: group
sAMAccountName: Top
member: CN=Mid,OU=Groups,DC=corp,DC=example
"
    );
    for (sam, extra) in [
        ("disabled", "userAccountControl: 514"),
        ("expired", "accountExpires: 132539328000000000"),
        ("locked", "lockoutTime: 132539328000000000"),
        ("mustchange", "pwdLastSet: 0"),
        (
            "pwexpired",
            "msDS-UserPasswordExpiryTimeComputed: 132539328000000000",
        ),
        ("hours", "logonHours:: AAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("workstation", "userWorkstations: PC1"),
        ("card", "userAccountControl: 262656"),
        ("nopassword", ""),
    ] {
        let password = if sam == "nopassword" {
            String::new()
        } else {
            format!("userPassword: {hash}\n")
        };
        let extra = if extra.is_empty() {
            String::new()
        } else {
            format!("{extra}\n")
        };
        text.push_str(&format!(
            "\ndn: CN={sam},OU=People,DC=corp,DC=example\nobjectClass: user\nsAMAccountName: {sam}\nuserPrincipalName: {sam}@example.com\n{extra}{password}"
        ));
    }
    text
}

fn load() -> Embedded {
    Embedded::from_ldif(&ldif())
        .unwrap()
        .with_clock(Clock::fixed(datetime!(2026-01-05 12:00 UTC)))
}

#[tokio::test]
async fn people_sign_in_with_nested_groups_and_a_stable_identity() {
    let directory = load();
    for typed in [
        "alice@example.com",
        "ALICE@Example.com",
        "alice@corp.example",
        "CORP\\alice",
        "alice",
    ] {
        let verdict = sign_in(&directory, typed, "Sommer-2024!").await;
        let Ok(PasswordVerdict::Accepted(account)) = verdict else {
            panic!("{typed}: {verdict:?}")
        };
        assert_eq!(
            account.id.to_string(),
            "8d1a2b3c-4d5e-6f70-8192-a3b4c5d6e7f8"
        );
        assert_eq!(account.display_name, "Alice Müller");
        assert_eq!(account.group_sids.len(), 4, "{:?}", account.group_sids);
        let again = load();
        assert_eq!(
            again.read(account.id).await.unwrap().unwrap().sid,
            account.sid
        );
    }
}

#[tokio::test]
async fn sec_ad_11_each_state_gives_its_verdict_after_a_right_password_only() {
    let directory = load();
    for (sam, expected) in [
        ("disabled", PasswordVerdict::Disabled),
        ("expired", PasswordVerdict::AccountExpired),
        ("locked", PasswordVerdict::LockedOut),
        ("mustchange", PasswordVerdict::MustChange),
        ("pwexpired", PasswordVerdict::PasswordExpired),
        ("hours", PasswordVerdict::LogonHours),
        ("workstation", PasswordVerdict::Workstation),
        ("card", PasswordVerdict::Wrong),
        ("nopassword", PasswordVerdict::Wrong),
    ] {
        let wrong = if sam == "locked" {
            PasswordVerdict::LockedOut
        } else {
            PasswordVerdict::Wrong
        };
        assert_eq!(
            sign_in(&directory, sam, "Sommer-2024!").await,
            Ok(expected),
            "{sam}"
        );
        assert_eq!(sign_in(&directory, sam, "Winter").await, Ok(wrong), "{sam}");
    }
}

#[tokio::test]
async fn sec_ad_22_foreign_names_are_nobodys() {
    let directory = load();
    for typed in [
        "OTHER\\alice",
        "alice@other.example",
        "nobody",
        "alice@CORP.example.com",
    ] {
        assert_eq!(find(&directory, typed).await, Ok(None), "{typed}");
    }
}

#[tokio::test]
async fn sec_ad_07_two_objects_of_one_name_are_none() {
    let text = ldif()
        + "\ndn: CN=Other,DC=corp,DC=example\nobjectClass: user\nsAMAccountName: other\nuserPrincipalName: alice@corp.example\n";
    let directory = Embedded::from_ldif(&text).unwrap();
    let found = find(&directory, "alice@corp.example").await;
    assert!(
        matches!(found, Err(DirectoryError::AmbiguousName { .. })),
        "{found:?}"
    );
}

#[tokio::test]
async fn queries_are_answered_as_active_directory_answers_them() {
    let directory = load();
    let alice = |filter: &'static str, attributes: &'static str| {
        ask(&directory, "CORP\\alice", filter, attributes)
    };
    assert_eq!(
        alice("", "mail,objectGUID,mS-DS-ConsistencyGuid,proxyAddresses")
            .await
            .unwrap(),
        "alice@example.com|PCsajV5NcG+BkqO0xdbn+A==|MyIRAFVEd2aImaq7zN3u/w==|SMTP:alice@example.com\n-|-|-|smtp:a@example.com"
    );
    let groups = alice("", "tokenGroups(domainQualifiedName)").await.unwrap();
    let mut groups: Vec<&str> = groups.lines().collect();
    groups.sort_unstable();
    assert_eq!(
        groups,
        ["CORP\\Domain Users", "CORP\\Leaf", "CORP\\Mid", "CORP\\Top"]
    );
    assert_eq!(
        alice("", "memberOf").await.unwrap(),
        "CN=Leaf,OU=Groups,DC=corp,DC=example"
    );
    assert_eq!(alice("", "userPassword").await.unwrap(), "");
    assert_eq!(alice("(userPassword=*)", "cn").await.unwrap(), "");
    for (filter, found) in [
        ("(&(objectClass=user)(employeeID=000123))", "alice"),
        ("sAMAccountName=ALICE", "alice"),
        ("(displayName=alice m*ller)", "alice"),
        ("(displayName=*Mül*)", "alice"),
        ("(|(sAMAccountName=alice)(sAMAccountName=nobody))", "alice"),
        (
            "(&(objectCategory=person)(givenName=*)(!(mail=x)))",
            "alice",
        ),
        ("(&(employeeID>=100)(employeeID<=200))", "alice"),
        ("(userAccountControl:1.2.840.113556.1.4.803:=2)", "disabled"),
        (
            "(userAccountControl:1.2.840.113556.1.4.804:=262146)",
            "disabled\ncard",
        ),
        (
            "(&(objectClass=user)(memberOf:1.2.840.113556.1.4.1941:=CN=Top,OU=Groups,DC=corp,DC=example))",
            "alice",
        ),
        (
            "(&(objectClass=group)(member:1.2.840.113556.1.4.1941:=cn=alice müller, ou=people,dc=corp,dc=example))",
            "Leaf\nMid\nTop",
        ),
        ("(objectSid=S-1-5-21-1-2-3-513)", "Domain Users"),
        (
            "(objectGUID=\\3c\\2b\\1a\\8d\\5e\\4d\\70\\6f\\81\\92\\a3\\b4\\c5\\d6\\e7\\f8)",
            "alice",
        ),
        ("(sAMAccountName=nobody)", ""),
    ] {
        assert_eq!(
            alice(filter, "sAMAccountName").await.unwrap(),
            found,
            "{filter}"
        );
    }
    let unknown = alice("(cn:1.2.3:=x)", "cn").await;
    assert!(
        matches!(unknown, Err(DirectoryError::QueryRefused { .. })),
        "{unknown:?}"
    );
    let foreign = ask(&directory, "OTHER\\alice", "", "mail").await;
    assert!(
        matches!(foreign, Err(DirectoryError::QueryRefused { .. })),
        "{foreign:?}"
    );
}

#[tokio::test]
async fn an_unknown_name_takes_as_long_as_a_wrong_password() {
    let directory = load();
    let password = Password::new("Winter".to_owned()).unwrap();
    let candidate = find(&directory, "alice").await.unwrap().unwrap();
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    for _ in 0..5 {
        let start = std::time::Instant::now();
        assert_eq!(
            check(&directory, &candidate, "Winter").await,
            Ok(PasswordVerdict::Wrong)
        );
        known.push(start.elapsed());
        let start = std::time::Instant::now();
        directory.check_nobody(&password).await.unwrap();
        unknown.push(start.elapsed());
    }
    known.sort();
    unknown.sort();
    let ratio = unknown[2].as_secs_f64() / known[2].as_secs_f64();
    assert!((0.5..2.0).contains(&ratio), "{known:?} {unknown:?}");
}

#[test]
fn what_is_no_directory_is_refused_by_line() {
    let head = "dn: DC=corp,DC=example\nobjectClass: domainDNS\nobjectSid: S-1-5-21-1-2-3\n\n";
    let user =
        |extra: &str| format!("{head}dn: CN=a,DC=corp,DC=example\nobjectClass: user\n{extra}");
    for (text, line, reason) in [
        (String::new(), 0, "domainDNS"),
        (
            format!("{head}{head}"),
            5,
            "second object of class domainDNS",
        ),
        (
            "dn: DC=corp,DC=example\nobjectClass: domainDNS\n".to_owned(),
            1,
            "objectSid",
        ),
        (user(""), 5, "sAMAccountName"),
        (
            user("sAMAccountName: a\nuserPassword: geheim\n"),
            5,
            "{ARGON2}",
        ),
        (
            user("sAMAccountName: a\nuserPassword: {SSHA}AAAA\n"),
            5,
            "{ARGON2}",
        ),
        (
            user(
                "sAMAccountName: a\nuserPassword: {ARGON2}$argon2id$v=19$m=9999999,t=2,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA\n",
            ),
            5,
            "256 MiB",
        ),
        (
            user("sAMAccountName: a\nmemberOf: CN=b,DC=corp,DC=example\n"),
            5,
            "no object of this directory",
        ),
        (user("sAMAccountName: a\nobjectGUID: x\n"), 5, "objectGUID"),
        (
            user("sAMAccountName: a\nuserAccountControl: x\n"),
            5,
            "not a number",
        ),
        (
            user(
                "sAMAccountName: a\n\ndn: cn=A, dc=corp,dc=example\nobjectClass: user\nsAMAccountName: b\n",
            ),
            9,
            "has this name",
        ),
        (
            format!("{head}dn: CN=a,DC=other\nobjectClass: user\nsAMAccountName: a\n"),
            5,
            "outside",
        ),
    ] {
        let error = Embedded::from_ldif(&text)
            .err()
            .unwrap_or_else(|| panic!("taken: {text}"));
        assert!(
            error.line == line && error.reason.contains(reason),
            "{error}, not line {line}: {reason}"
        );
        assert!(!error.reason.contains("geheim"));
    }
}

#[tokio::test]
async fn an_account_is_found_by_its_own_sid_and_a_group_is_none() {
    let directory = Embedded::from_ldif(&ldif()).unwrap();
    let alice = find(&directory, "CORP\\alice").await.unwrap().unwrap();
    let found = directory.find_by_sid(&alice.sid).await.unwrap();
    assert_eq!(found.map(|found| found.id), Some(alice.id));
    for nobody in ["S-1-5-21-1-2-3-513", "S-1-5-21-1-2-3-99999", "S-1-5-32-544"] {
        let sid = signet_model::Sid::parse(nobody).unwrap();
        assert_eq!(directory.find_by_sid(&sid).await.unwrap(), None, "{nobody}");
    }
}
