//! What the corpus does not say of how rules run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use std::sync::Arc;

use signet_claims::{
    Decision, Evaluation, EvaluationFault, Fate, Pipeline, PipelineRules, PipelineStep, Stage,
    Step, StoreFault, TraceLevel, Verdict, asks_for_mfa, decide_authorization,
};
use signet_model::Claim;
use signet_model::uris::{authn, claims as types};
use support::{claim, issued, parse, row, run, run_with};

#[test]
fn aggregates_may_look_at_the_claims_of_a_match() {
    let rules = "c:[Type == \"a\"] && NOT EXISTS([Type == \"b\", Value == c.Value])
        && COUNT([Type == \"d\", Value =~ \"^\" + c.Value]) >= 2 => issue(Type = \"o\", Value = c.Value);";
    let input = [
        ("a", "1"),
        ("a", "2"),
        ("b", "2"),
        ("d", "1x"),
        ("d", "1y"),
        ("d", "2x"),
        ("d", "2y"),
    ];
    let input: Vec<Claim> = input.map(|(own, value)| claim(own, value)).into();
    assert_eq!(issued(&run(rules, &input).unwrap()), ["o=1"]);
}

#[test]
fn matches_come_in_the_order_of_the_claims() {
    let rules =
        "x:[Type == \"a\"] && y:[Type == \"b\"] => issue(Type = \"o\", Value = x.Value + y.Value);";
    let input = [
        claim("b", "1"),
        claim("a", "p"),
        claim("b", "2"),
        claim("a", "q"),
    ];
    assert_eq!(
        issued(&run(rules, &input).unwrap()),
        ["o=p1", "o=p2", "o=q1", "o=q2"]
    );
}

#[test]
fn a_rule_does_not_see_what_it_makes() {
    let rules = "c:[Type == \"t\"] => issue(Type = \"t\", Value = c.Value + \"x\");";
    assert_eq!(issued(&run(rules, &[claim("t", "a")]).unwrap()), ["t=ax"]);
}

#[test]
fn equal_claims_are_one_and_issuers_tell_them_apart_until_the_token() {
    let rules = "c:[Type == \"t\"] => issue(claim = c); c:[Type == \"t\"] => issue(claim = c);";
    let partner = Claim::new("t", "a", "https://partner.example/");
    let outcome = run(rules, &[claim("t", "a"), claim("t", "a"), partner]).unwrap();
    assert_eq!(outcome.issued.len(), 2);
    assert_eq!(outcome.issued_by, [0, 0]);
    assert_eq!(outcome.for_token().len(), 1);
    assert_eq!(outcome.input_after.len(), 2);
}

#[test]
fn a_deny_wins_and_nothing_is_no_permit() {
    let (permit, deny) = (claim(types::PERMIT, "false"), claim(types::DENY, ""));
    assert_eq!(decide_authorization(&[]), Decision::NoPermit);
    assert_eq!(
        decide_authorization(std::slice::from_ref(&permit)),
        Decision::Permit
    );
    assert_eq!(
        decide_authorization(&[permit.clone(), deny.clone()]),
        Decision::Deny
    );
    assert_eq!(decide_authorization(&[deny, permit]), Decision::Deny);
    let upper = claim(&types::PERMIT.to_uppercase(), "true");
    assert_eq!(decide_authorization(&[upper]), Decision::NoPermit);
}

#[test]
fn either_rule_set_may_ask_for_a_second_factor() {
    let asks = [claim(types::AUTHENTICATION_METHOD, authn::MULTIPLE)];
    let other = [claim(types::AUTHENTICATION_METHOD, authn::WINDOWS)];
    assert!(asks_for_mfa(&asks, &[]) && asks_for_mfa(&other, &asks));
    assert!(!asks_for_mfa(&other, &[]) && !asks_for_mfa(&[], &[]));
}

#[test]
fn an_open_query_is_repeated_until_answered_and_an_error_stays() {
    let rules = parse("=> issue(store = \"s\", types = (\"a\", \"b\"), query = \"q\");");
    let mut run = Evaluation::start(&rules, Vec::new(), Default::default());
    run.answer(vec![row(&["ignored", "as nothing was asked"])]);
    for _ in 0..2 {
        let Ok(Step::Query(query)) = run.step() else {
            panic!()
        };
        assert_eq!((&*query.store, query.types.len(), query.rule), ("s", 2, 1));
    }
    run.answer(vec![row(&["1", "2"]), row(&["only one"])]);
    for _ in 0..2 {
        let error = run.step().unwrap_err();
        assert_eq!(error.code(), "POLICY0019");
        assert!(matches!(
            error.fault,
            EvaluationFault::FieldCount {
                expected: 2,
                got: 1,
                ..
            }
        ));
    }
}

#[test]
fn empty_cells_give_no_claim_and_rows_keep_their_order() {
    let rules = "=> issue(store = \"s\", types = (\"a\", \"b\"), query = \"q\");";
    let rows = vec![
        row(&["1", ""]),
        vec![None, Some(Arc::from("2"))],
        row(&["3", "4"]),
    ];
    let outcome = run_with(rules, &[], Default::default(), |_| Ok(rows.clone())).unwrap();
    assert_eq!(issued(&outcome), ["a=1", "b=2", "a=3", "b=4"]);
    assert_eq!(&*outcome.issued[0].issuer, "LOCAL AUTHORITY");
}

#[test]
fn one_query_of_a_rule_is_asked_once() {
    let rules = "g:[Type == \"g\"] && c:[Type == \"n\"] => issue(store = \"s\", types = (\"o\"), query = \"q {0}\", param = c.Value);";
    let input = [
        claim("g", "1"),
        claim("g", "2"),
        claim("n", "x"),
        claim("n", "y"),
    ];
    let mut asked = Vec::new();
    run_with(rules, &input, Default::default(), |query| {
        asked.push(query.params[0].to_string());
        Ok(vec![row(&[&query.params[0]])])
    })
    .unwrap();
    assert_eq!(asked, ["x", "y"]);
}

#[test]
fn the_trace_says_what_came_of_what_and_why_not() {
    let rules = "@RuleName = \"first\"
        c:[Type == \"a\"] => issue(Type = \"o\", Value = c.Value);
        c:[Type == \"a\"] && EXISTS([Type == \"none\"]) => issue(claim = c);
        c:[Type == \"a\"] => add(Type = \"o\", Value = c.Value);
        c:[Type == \"a\"] => add(Type = \"p\", Value = \"\");";
    let outcome = run(rules, &[claim("a", "1"), claim("a", "2")]).unwrap();
    let trace = &outcome.trace.rules;
    assert_eq!(trace[0].name.as_deref(), Some("first"));
    assert_eq!(trace[0].verdict, Verdict::Ran { matches: 2 });
    assert_eq!(trace[0].made[1].from, [claim("a", "2")]);
    assert_eq!(trace[0].made[1].fate, Fate::Issued);
    assert_eq!(trace[1].verdict, Verdict::Unmet { condition: 1 });
    let condition = parse(rules)
        .rule(1)
        .unwrap()
        .condition(1)
        .map(str::to_owned);
    assert_eq!(condition.as_deref(), Some("EXISTS([Type == \"none\"])"));
    assert_eq!(trace[2].made[0].fate, Fate::AlreadyThere);
    assert_eq!(trace[3].made[0].fate, Fate::Empty);
}

#[test]
fn a_failed_query_says_its_store_query_and_rule_but_not_to_the_public() {
    let rules = "@RuleName = \"mail\"\n=> issue(store = \"HR\", types = (\"a\"), query = \"secret query\");";
    let refuse = |query: &signet_claims::StoreQuery| {
        Err(query.failed(StoreFault::Refused {
            detail: "table is gone".into(),
        }))
    };
    let error = run_with(rules, &[], Default::default(), refuse).unwrap_err();
    assert_eq!((error.code(), error.inner_code()), ("POLICY0018", None));
    let message = error.message();
    for detail in [
        "HR",
        "secret query",
        "table is gone",
        "\"mail\"",
        "POLICY0018",
    ] {
        assert!(message.private.contains(detail), "{}", message.private);
        assert!(!message.public.contains(detail) && !message.hint.contains(detail));
    }
    let unknown = run(rules, &[]).unwrap_err();
    assert!(
        unknown.to_string().contains("no store is called `HR`"),
        "{unknown}"
    );
}

fn drive(
    rules: PipelineRules<'_>,
    person: Vec<Claim>,
    request: Vec<Claim>,
) -> signet_claims::PipelineOutcome {
    let mut run = Pipeline::start(rules, person, request, Default::default(), TraceLevel::Off);
    loop {
        match run.step().unwrap() {
            PipelineStep::Query(query) => run.answer(vec![row(&[&query.params[0]])]),
            PipelineStep::Done(outcome) => return *outcome,
        }
    }
}

#[test]
fn the_pipeline_feeds_acceptance_and_the_request_to_both_later_stages() {
    let acceptance = parse("c:[Type == \"known\"] => issue(claim = c);");
    let authorization = parse(&format!(
        "EXISTS([Type == \"known\"]) && EXISTS([Type == \"ip\"]) && NOT EXISTS([Type == \"unknown\"]) => issue(Type = \"{}\", Value = \"true\");",
        types::PERMIT
    ));
    let issuance = parse(
        "c:[] => issue(claim = c); c:[Type == \"known\"] => issue(store = \"s\", types = (\"more\"), query = \"{0}\", param = c.Value);",
    );
    let asking = parse(&format!(
        "=> issue(Type = \"{}\", Value = \"{}\");",
        types::AUTHENTICATION_METHOD,
        authn::MULTIPLE
    ));
    let rules = PipelineRules {
        acceptance: &acceptance,
        service_additional: None,
        additional: Some(&asking),
        authorization: &authorization,
        issuance: &issuance,
    };
    let person = vec![claim("known", "1"), claim("unknown", "2")];
    let outcome = drive(rules, person, vec![claim("ip", "192.0.2.1")]);
    assert_eq!(outcome.decision, Decision::Permit);
    assert!(outcome.asks_for_mfa);
    // The permit of the authorization stage does not reach issuance.
    assert_eq!(
        issued(&outcome.issuance),
        ["known=1", "ip=192.0.2.1", "more=1"]
    );
    assert_eq!(outcome.accepted.len(), 2);
}

#[test]
fn a_pipeline_without_permit_issues_nothing_and_says_where_it_failed() {
    let (pass, none) = (parse("c:[] => issue(claim = c);"), parse(""));
    let rules = PipelineRules {
        acceptance: &pass,
        service_additional: None,
        additional: None,
        authorization: &none,
        issuance: &pass,
    };
    let outcome = drive(rules, vec![claim("a", "1")], Vec::new());
    assert_eq!(outcome.decision, Decision::NoPermit);
    assert!(outcome.issuance.issued.is_empty());

    let broken = parse("c:[] => issue(store = \"s\", types = (\"a\"), query = \"q\");");
    let rules = PipelineRules {
        authorization: &broken,
        ..rules
    };
    let mut run = Pipeline::start(
        rules,
        vec![claim("a", "1")],
        Vec::new(),
        Default::default(),
        TraceLevel::Off,
    );
    let Ok(PipelineStep::Query(_)) = run.step() else {
        panic!()
    };
    run.answer(vec![row(&["1", "2"])]);
    assert!(run.step().is_err());
    assert_eq!(run.stage(), Stage::Authorization);
    assert!(run.step().is_err(), "an error ends the run for good");
}
