//! The published corpus of claim rule cases, and that its runner can fail.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../examples/cases/case.rs"]
mod case;
#[path = "../examples/cases/directory.rs"]
mod directory;
#[path = "../examples/cases/run.rs"]
mod run;

const CASES: &str = include_str!("data/cases.jsonl");

#[test]
fn every_case_of_the_corpus_passes() {
    let report = run::run_all(CASES);
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!(report.passed, 146);
}

#[test]
fn the_runner_notices_a_wrong_expectation() {
    // Each expectation of each case is spoilt in turn: the case must fail then.
    let mut spoilt = 0;
    for line in CASES.lines() {
        let mut case: serde_json::Value = serde_json::from_str(line).unwrap();
        let keys: Vec<String> = case.as_object().unwrap().keys().cloned().collect();
        for key in keys.iter().filter(|key| key.starts_with("expected_")) {
            let right = case[key].clone();
            case[key] = match key.as_str() {
                "expected_claims" => {
                    let mut claims = right.as_array().unwrap().clone();
                    claims.push(serde_json::json!({ "type": "urn:spoilt", "value": "x" }));
                    claims.into()
                }
                "expected_error" => serde_json::json!({ "stage": "spoilt" }),
                "expected_decision" => "spoilt".into(),
                "expected_mfa" => (!right.as_bool().unwrap()).into(),
                other => panic!("{other} is not compared"),
            };
            assert_eq!(run::run_all(&case.to_string()).failures.len(), 1, "{line}");
            case[key] = right;
            spoilt += 1;
        }
    }
    assert!(spoilt >= 146, "{spoilt}");
}
