//! Attack cases that end in this room.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use signet_claims::{
    ActiveDirectoryQuery, Budget, Decision, Evaluation, EvaluationError, EvaluationFault, Filter,
    Limit, ParseFault, RuleSet, decide_authorization, templates,
};
use signet_model::Claim;
use signet_model::uris::claims as types;
use support::{claim, issued, parse, row, run, run_with};

fn limit(error: &EvaluationError) -> Option<Limit> {
    match error.fault {
        EvaluationFault::Budget(limit) => Some(limit),
        _ => None,
    }
}

#[test]
fn sec_cfg_08_a_claim_value_cannot_widen_a_directory_query() {
    let rules = "c:[Type == \"m\"] && w:[Type == \"w\"] => issue(store = \"Active Directory\", types = (\"o\"), query = \"(&(objectClass=user)(mail={0}));mail;{1}\", param = c.Value, param = w.Value);";
    for hostile in [
        "*",
        "*)(objectClass=*",
        "x)(|(cn=*",
        "a)(cn=*))(&(x=y",
        "\\2a",
        "\0",
        ";cn;EVIL\\x",
        "a*b",
    ] {
        let input = [claim("m", hostile), claim("w", "CONTOSO\\alice")];
        run_with(rules, &input, Budget::default(), |query| {
            let bound = ActiveDirectoryQuery::parse(query)?;
            let Filter::And(filters) = &bound.parsed_filter else {
                panic!("{}", bound.filter)
            };
            let [_, Filter::Equal { attribute, value }] = filters.as_slice() else {
                panic!("{}", bound.filter)
            };
            assert_eq!(
                (attribute.as_str(), value.as_slice()),
                ("mail", hostile.as_bytes())
            );
            assert_eq!(
                (bound.attributes.as_slice(), bound.user.as_str()),
                (&["mail".to_owned()][..], "alice")
            );
            Ok(Vec::new())
        })
        .unwrap();
    }
    // The account name goes into the filter that stands for an empty one.
    let rules = "c:[Type == \"w\"] => issue(store = \"Active Directory\", types = (\"o\"), query = \";mail;{0}\", param = c.Value);";
    run_with(
        rules,
        &[claim("w", "CONTOSO\\*)(cn=*")],
        Budget::default(),
        |query| {
            assert_eq!(
                ActiveDirectoryQuery::parse(query)?.filter,
                "(sAMAccountName=\\2a\\29\\28cn=\\2a)"
            );
            Ok(Vec::new())
        },
    )
    .unwrap();
}

#[test]
fn sec_cfg_08_other_stores_get_values_apart_from_the_text() {
    let rules = "c:[] => issue(store = \"HR\", types = (\"o\"), query = \"SELECT r FROM d WHERE u = {0}\", param = c.Value);";
    run_with(
        rules,
        &[claim("t", "x' OR '1'='1")],
        Budget::default(),
        |query| {
            assert_eq!(&*query.query, "SELECT r FROM d WHERE u = {0}");
            assert_eq!(query.params, [Arc::from("x' OR '1'='1")]);
            Ok(Vec::new())
        },
    )
    .unwrap();
}

#[test]
fn sec_cfg_09_pattern_bombs_end_with_an_error_and_no_claim() {
    let bomb = "a".repeat(40) + "!";
    let started = Instant::now();
    for pattern in [
        "^(a+)+$",
        "^(a|a)*$",
        "^(a|aa)+$",
        "(.*a){20}$",
        "^(?=(a+)+$)",
        "^(a+)+\\1$",
        "(?<!b)(a*)*c",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
    ] {
        let rules = format!("c:[Value =~ \"{pattern}\"] => issue(claim = c);");
        match run(&rules, &[claim("t", &bomb)]) {
            Ok(outcome) => assert!(outcome.issued.is_empty(), "{pattern}"),
            Err(error) => assert!(
                matches!(error.fault, EvaluationFault::PatternLimit { .. }),
                "{error}"
            ),
        }
    }
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn sec_cfg_09_many_slow_searches_end_within_the_time_of_the_budget() {
    let rules = "c:[Value =~ \"^(?:(?=a)a|a)*!$\"] => issue(claim = c);";
    let input: Vec<Claim> = (0..5_000)
        .map(|n| claim("t", &format!("{}{n}!", "a".repeat(11))))
        .collect();
    let started = Instant::now();
    let budget = Budget {
        time: Duration::from_millis(50),
        ..Budget::default()
    };
    let error = run_with(rules, &input, budget, |_| unreachable!())
        .err()
        .unwrap();
    assert_eq!(limit(&error), Some(Limit::Time), "{error}");
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn sec_cfg_09_a_pattern_from_a_claim_is_bounded() {
    let rules = "p:[Type == \"p\"] && c:[Type == \"t\", Value =~ p.Value] => issue(claim = c);";
    for pattern in ["(((((a{1,1000}){1,1000}){1,1000})))", "(", "(?<a-b>x)"] {
        let error = run(rules, &[claim("p", pattern), claim("t", "a")])
            .err()
            .unwrap();
        assert!(
            matches!(error.fault, EvaluationFault::Pattern(_)),
            "{error}"
        );
    }
    let many: Vec<Claim> = (0..100)
        .map(|n| claim("p", &format!("x{n}")))
        .chain([claim("t", "a")])
        .collect();
    assert_eq!(
        limit(&run(rules, &many).err().unwrap()),
        Some(Limit::ComputedPatterns)
    );
    let literal = [claim("p", "^a+$"), claim("t", "aa"), claim("t", "b")];
    assert_eq!(issued(&run(rules, &literal).unwrap()), ["t=aa"]);
}

#[test]
fn sec_cfg_09_ten_thousand_rules_are_refused_at_load() {
    let error = RuleSet::parse(&"=> issue(Type = \"a\", Value = \"b\");".repeat(10_000))
        .err()
        .unwrap();
    assert!(
        matches!(error.fault, ParseFault::TooLarge { .. }),
        "{error}"
    );
}

#[test]
fn sec_cfg_09_combinations_values_and_claims_are_bounded() {
    let many: Vec<Claim> = (0..1_000).map(|n| claim("t", &n.to_string())).collect();
    let product = "a:[] && b:[] && c:[] && d:[] => issue(Type = \"o\", Value = a.Value + b.Value);";
    assert_eq!(
        limit(&run(product, &many).err().unwrap()),
        Some(Limit::Matches)
    );
    let barren = "a:[] && b:[] && c:[] && d:[Value == a.Value + \"x\"] => issue(claim = a);";
    let stopped = run(barren, &many).err().unwrap();
    assert!(
        matches!(limit(&stopped), Some(Limit::Steps | Limit::Time)),
        "{stopped}"
    );

    let doubling =
        "c:[Type == \"t\"] => issue(Type = \"t\", Value = c.Value + c.Value);".repeat(40);
    let stopped = run(&doubling, &[claim("t", "x")]).err().unwrap();
    assert!(limit(&stopped).is_some(), "{stopped}");
    let growing = "c:[] => issue(Type = \"o\", Value = RegExReplace(RegExReplace(RegExReplace(c.Value, \".\", \"$_$_\"), \".\", \"$_$_\"), \".\", \"$_$_\"));";
    assert_eq!(
        limit(&run(growing, &[claim("t", &"x".repeat(500))]).err().unwrap()),
        Some(Limit::ValueOctets)
    );

    let huge = claim("t", &"x".repeat(300 * 1024));
    assert_eq!(
        limit(&run("", &[huge]).err().unwrap()),
        Some(Limit::ValueOctets)
    );
    let crowd: Vec<Claim> = (0..10_001).map(|n| claim("t", &n.to_string())).collect();
    assert_eq!(limit(&run("", &crowd).err().unwrap()), Some(Limit::Claims));
    let flood = "=> issue(store = \"s\", types = (\"o\"), query = \"q\");";
    let rows =
        |_: &signet_claims::StoreQuery| Ok((0..10_001).map(|n| row(&[&n.to_string()])).collect());
    assert_eq!(
        limit(&run_with(flood, &[], Budget::default(), rows).err().unwrap()),
        Some(Limit::Claims)
    );
    let asking = "c:[] => issue(store = \"s\", types = (\"o\"), query = \"{0}\", param = c.Value);";
    let none = |_: &signet_claims::StoreQuery| Ok(Vec::new());
    assert_eq!(
        limit(
            &run_with(asking, &many, Budget::default(), none)
                .err()
                .unwrap()
        ),
        Some(Limit::Queries)
    );
}

#[test]
fn sec_cfg_09_a_person_in_many_groups_is_within_the_budget() {
    let groups = (0..2_000).map(|n| claim(types::GROUP_SID, &format!("S-1-5-21-1-2-3-{n}")));
    let person: Vec<Claim> = groups
        .chain([claim(types::WINDOWS_ACCOUNT_NAME, "C\\a")])
        .collect();
    let accepted = run(templates::ACTIVE_DIRECTORY_ACCEPTANCE, &person).unwrap();
    assert_eq!(accepted.issued.len(), 2_001);
    let answer =
        |query: &signet_claims::StoreQuery| Ok(vec![query.types.iter().map(|_| None).collect()]);
    run_with(
        templates::ENTRA_ISSUANCE,
        &accepted.issued,
        Budget::default(),
        answer,
    )
    .unwrap();
}

#[test]
fn sec_cfg_10_deny_wins_no_rule_and_a_failing_rule_permit_nobody() {
    let permit = format!("=> issue(Type = \"{}\", Value = \"true\");", types::PERMIT);
    let deny = format!("=> issue(Type = \"{}\", Value = \"true\");", types::DENY);
    let decide = |rules: &str| decide_authorization(&run(rules, &[]).unwrap().issued);
    assert_eq!(decide(&format!("{permit}{deny}")), Decision::Deny);
    assert_eq!(decide(&format!("{deny}{permit}")), Decision::Deny);
    assert_eq!(decide(""), Decision::NoPermit);
    assert!(!Decision::default().permits() && !decide("").permits());
    assert_eq!(decide(&permit.replace("issue", "add")), Decision::NoPermit);
    assert!(decide(&permit).permits());

    // A permit before a rule that fails is worth nothing: there is no outcome to read it from.
    let failing = format!("{permit}=> issue(store = \"gone\", types = (\"o\"), query = \"q\");");
    let rules = parse(&failing);
    let mut run = Evaluation::start(&rules, Vec::new(), Budget::default());
    let Ok(signet_claims::Step::Query(query)) = run.step() else {
        panic!()
    };
    assert!(query.unknown_store().to_string().contains("`gone`"));
    run.answer(vec![row(&["1", "2"])]);
    assert!(run.step().is_err() && run.step().is_err());
}

#[test]
fn sec_cfg_11_each_claim_names_the_rule_that_issued_it() {
    // The release refuses claims of protected types; it learns here who made them.
    let rules = format!(
        "c:[] => issue(claim = c); => issue(Type = \"{}\", Value = \"S-1-5-21-1-2-3-500\"); c:[] => issue(claim = c);",
        types::PRIMARY_SID
    );
    let rules = parse(&rules);
    let mut run = Evaluation::start(&rules, vec![claim("t", "1")], Budget::default());
    let Ok(signet_claims::Step::Done(outcome)) = run.step() else {
        panic!()
    };
    assert_eq!(outcome.issued_by, [0, 1]);
    assert_eq!(
        &*outcome.issued[1].issuer, "LOCAL AUTHORITY",
        "not the directory's word"
    );
}
