//! What a rule may read and make, told from its text.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use support::parse;

#[test]
fn the_verb_and_not_the_spelling_says_what_only_prepares() {
    let rules = parse(concat!(
        "c:[]=>add(claim=c);",
        "=>  ADD ( Type = \"a\", Value = \"=> issue(\");",
        "=> issue(Type = \"a\", Value = \"=> add(\");"
    ));
    let adds: Vec<_> = rules.rules().map(|rule| rule.only_adds()).collect();
    assert_eq!(adds, [true, true, false]);
}

#[test]
fn what_a_rule_may_make_and_read_follows_its_types() {
    let rules = parse(concat!(
        "c:[Type == \"in\"] => issue(Type = \"made\", Value = c.Value);",
        "c:[Type =~ \"^ma\"] => issue(claim = c);",
        "a:[Type == \"other\"] && b:[Type == \"made\"] => issue(claim = a);",
        "c:[Type == \"in\"] => issue(Type = c.Value, Value = \"x\");",
        "NOT EXISTS([Type == \"q2\"]) => issue(Type = \"name\", Value = \"x\");",
        "c:[Type == \"in\"] => issue(store = \"Active Directory\", types = (\"q1\", \"q2\"), query = \";mail, sn;{0}\", param = c.Value);",
    ));
    let rule = |index| rules.rule(index).unwrap();
    assert!(rule(0).may_make("made") && !rule(0).may_make("in"));
    assert!(rule(1).may_make("made") && !rule(1).may_make("other"));
    assert!(
        rule(2).may_make("other") && !rule(2).may_make("made"),
        "the copied claim counts, not the other one"
    );
    assert!(rule(3).may_make("anything"));
    assert!(rule(1).may_read_from(rule(0)) && !rule(0).may_read_from(rule(1)));
    assert!(!rule(2).may_read_from(rule(1)), "a copy was there before");
    assert!(rule(4).may_read_from(rule(5)) && !rule(4).may_read_from(rule(0)));
    assert!(rule(0).may_read_from(rule(3)), "a computed type may be any");
    assert_eq!(rule(5).own_attributes(), [("mail", "q1"), ("sn", "q2")]);
    assert!(rule(0).own_attributes().is_empty());
}

#[test]
fn a_query_for_another_object_names_no_own_attribute() {
    for query in [
        "(sn={0});mail;{1}",
        ";mail;CORP\\\\bob",
        ";{1};{0}",
        ";mail,sn;{0}",
    ] {
        let rules = parse(&format!(
            "c:[Type == \"in\"] => issue(store = \"Active Directory\", types = (\"q\"), query = \"{query}\", param = c.Value, param = c.Value);"
        ));
        assert!(
            rules.rule(0).unwrap().own_attributes().is_empty(),
            "{query}"
        );
    }
}
