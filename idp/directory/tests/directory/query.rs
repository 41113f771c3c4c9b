//! The attribute store of claim rules.

use signet_claims::{ActiveDirectoryQuery, Budget, Evaluation, RuleSet, Step};
use signet_directory::{Directory, DirectoryError, Rows};

use crate::fake::{Act, Asked, Fake, Object, directory, octets, result, sid, tlv};

/// The query that a claim rule with these parts makes.
pub(crate) fn rule_query(account: &str, filter: &str, attributes: &str) -> ActiveDirectoryQuery {
    let types = vec!["\"t\""; attributes.split(',').count()].join(", ");
    let rule = format!(
        "=> issue(store = \"Active Directory\", types = ({types}), query = \"{filter};{attributes};{{0}}\", param = \"{account}\");"
    );
    let rules = RuleSet::parse(&rule).unwrap();
    match Evaluation::start(&rules, Vec::new(), Budget::default())
        .step()
        .unwrap()
    {
        Step::Query(query) => ActiveDirectoryQuery::parse(&query).unwrap(),
        Step::Done(_) => panic!("the rule asks nothing"),
    }
}

/// The answer as text: cells by `|`, rows by line.
pub(crate) async fn ask(
    directory: &dyn Directory,
    account: &str,
    filter: &str,
    attributes: &str,
) -> Result<String, DirectoryError> {
    let Rows(rows) = directory
        .query(&rule_query(account, filter, attributes))
        .await?;
    let line = |row: &Vec<Option<std::sync::Arc<str>>>| {
        row.iter()
            .map(|cell| cell.as_deref().unwrap_or("-"))
            .collect::<Vec<_>>()
            .join("|")
    };
    Ok(rows.iter().map(line).collect::<Vec<_>>().join("\n"))
}

#[tokio::test]
async fn values_are_rendered_as_ad_fs_renders_them() {
    let fake = Fake::start().await;
    fake.objects(|objects| {
        objects[0].set(
            "mail",
            &["žofia@example.com".as_bytes(), b"alice@example.com"],
        );
        objects[0].set("mS-DS-ConsistencyGuid", &[b"0123456789abcdef"]);
    });
    let directory = directory(&[&fake]);
    let answer = ask(
        &directory,
        "CORP\\alice",
        "",
        "mail,mS-DS-ConsistencyGuid,objectSid,absent",
    )
    .await
    .unwrap();
    assert_eq!(
        answer,
        "žofia@example.com|MDEyMzQ1Njc4OWFiY2RlZg==|S-1-5-21-1-2-3-1101|-\nalice@example.com|-|-|-"
    );
    assert_eq!(
        ask(&directory, "corp.example\\nobody", "", "mail")
            .await
            .unwrap(),
        ""
    );
}

#[tokio::test]
async fn groups_are_named_and_their_names_are_remembered() {
    let fake = Fake::start().await;
    fake.objects(|objects| {
        objects.extend([
            Object::user("Domain Users", 513),
            Object::user("Staff, \"A\"", 2000),
        ])
    });
    let directory = directory(&[&fake]);
    for _ in 0..2 {
        let answer = ask(
            &directory,
            "CORP\\alice",
            "",
            "tokenGroups(domainQualifiedName),tokenGroups(SID)",
        )
        .await
        .unwrap();
        assert_eq!(
            answer,
            format!(
                "CORP\\Staff, \"A\"|{}\nCORP\\Domain Users|{}",
                sid(2000),
                sid(513)
            )
        );
    }
    let looked_up = fake.log().into_iter().filter(|asked| match asked {
        Asked::Search { values, .. } => values.contains(&sid(513).to_binary()),
        Asked::Bind { .. } | Asked::Modify { .. } => false,
    });
    assert_eq!(looked_up.count(), 1);
}

fn piece(range: &str, values: std::ops::Range<usize>) -> Act {
    let values: Vec<u8> = values
        .flat_map(|at| octets(format!("value {at}").as_bytes()))
        .collect();
    let attribute = tlv(
        0x30,
        &[
            octets(format!("memberOf;range={range}").as_bytes()),
            tlv(0x31, &values),
        ]
        .concat(),
    );
    let entry = tlv(
        0x64,
        &[
            octets(b"CN=alice,OU=People,DC=corp,DC=example"),
            tlv(0x30, &attribute),
        ]
        .concat(),
    );
    Act::Operations(vec![entry, result(0x65, 0, "")])
}

#[tokio::test]
async fn sec_ad_20_an_attribute_in_pieces_is_read_whole() {
    let fake = Fake::start().await;
    fake.script(|asked| match asked {
        Asked::Search { attributes, .. } if attributes.iter().any(|name| name == "memberOf") => {
            piece("0-1499", 0..1500)
        }
        Asked::Search { attributes, .. } if attributes == &["memberof;range=1500-*"] => {
            piece("1500-2999", 1500..3000)
        }
        Asked::Search { attributes, .. } if attributes == &["memberof;range=3000-*"] => {
            piece("3000-*", 3000..3001)
        }
        _ => Act::Usual,
    });
    let answer = ask(&directory(&[&fake]), "CORP\\alice", "", "memberOf")
        .await
        .unwrap();
    let values: Vec<&str> = answer.lines().collect();
    assert_eq!(
        (values.len(), values[0], values[3000]),
        (3001, "value 0", "value 3000")
    );
}

#[tokio::test]
async fn sec_ad_20_an_attribute_that_never_ends_is_given_up() {
    let fake = Fake::start().await;
    fake.script(|asked| match asked {
        Asked::Search { attributes, .. }
            if attributes
                .iter()
                .any(|name| name.to_lowercase().starts_with("memberof")) =>
        {
            piece("0-1", 0..2)
        }
        _ => Act::Usual,
    });
    let answer = ask(&directory(&[&fake]), "CORP\\alice", "", "memberOf").await;
    assert!(
        matches!(answer, Err(DirectoryError::MalformedAnswer { .. })),
        "{answer:?}"
    );
}

#[tokio::test]
async fn what_the_controller_refuses_is_the_rules_fault() {
    let fake = Fake::start().await;
    let directory = directory(&[&fake]);
    let foreign = ask(&directory, "OTHER\\alice", "", "mail").await;
    assert!(
        matches!(foreign, Err(DirectoryError::QueryRefused { .. })),
        "{foreign:?}"
    );
    let form = ask(&directory, "CORP\\alice", "", "tokenGroups(shoeSize)").await;
    assert!(
        matches!(form, Err(DirectoryError::QueryRefused { .. })),
        "{form:?}"
    );
    fake.script(|asked| match asked {
        Asked::Search { values, .. } if !values.is_empty() => {
            Act::Result(18, "inappropriate matching".to_owned())
        }
        _ => Act::Usual,
    });
    let refused = ask(&directory, "CORP\\alice", "(cn=x)", "mail").await;
    assert!(
        matches!(refused, Err(DirectoryError::QueryRefused { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn more_pages_than_one_are_read() {
    let fake = Fake::start().await;
    let control = |cookie: &[u8]| {
        let value = tlv(0x30, &[tlv(2, &[0]), octets(cookie)].concat());
        tlv(
            0xa0,
            &tlv(
                0x30,
                &[octets(b"1.2.840.113556.1.4.319"), octets(&value)].concat(),
            ),
        )
    };
    let page = std::sync::atomic::AtomicUsize::new(0);
    fake.script(move |asked| match asked {
        Asked::Search { values, .. } if values.contains(&b"all".to_vec()) => {
            let at = page.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let cookie: &[u8] = if at < 2 { b"next" } else { b"" };
            let entry = Object::user(&format!("user{at}"), 1200).entry();
            // The control stands beside the operation, inside the same message.
            Act::Operations(vec![entry, [result(0x65, 0, ""), control(cookie)].concat()])
        }
        _ => Act::Usual,
    });
    assert_eq!(
        ask(
            &directory(&[&fake]),
            "CORP\\x",
            "(cn=all)",
            "sAMAccountName"
        )
        .await
        .unwrap(),
        "user0\nuser1\nuser2"
    );
}
