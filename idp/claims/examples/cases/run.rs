//! Runs cases and compares.

use signet_claims::{
    ActiveDirectoryQuery, Budget, Decision, Evaluation, EvaluationError, EvaluationFault, Outcome,
    ParseError, RuleSet, Step, StoreFault, StoreKind, StoreQuery, asks_for_mfa,
    decide_authorization,
};
use signet_model::Claim;

use super::case::{Case, ExpectedError, GivenClaim};
use super::directory::Directory;

/// How a file went.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) passed: usize,
    pub(crate) failures: Vec<String>,
}

/// Runs every case of `text`.
pub(crate) fn run_all(text: &str) -> Report {
    let mut report = Report::default();
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let ran = serde_json::from_str::<Case>(line)
            .map_err(|error| format!("line {}: {error}", number + 1))
            .and_then(|case| {
                run(&case).map_err(|why| format!("{} ({}): {why}", case.id, case.title))
            });
        match ran {
            Ok(()) => report.passed += 1,
            Err(failure) => report.failures.push(failure),
        }
    }
    report
}

/// How a rule set ended, when it gave no outcome.
#[derive(Debug)]
enum Refused {
    AtParse(ParseError),
    AtRun(EvaluationError),
}

fn run(case: &Case) -> Result<(), String> {
    match (evaluate(case), &case.expected_error) {
        (Ok(outcome), None) => compare(case, &outcome),
        (Ok(_), Some(expected)) => Err(format!("it ran, expected {expected:?}")),
        (Err(refused), Some(expected)) => compare_error(&refused, expected),
        (Err(Refused::AtParse(error)), None) => Err(error.to_string()),
        (Err(Refused::AtRun(error)), None) => Err(error.to_string()),
    }
}

fn evaluate(case: &Case) -> Result<Outcome, Refused> {
    let rules = RuleSet::parse(&case.rules).map_err(Refused::AtParse)?;
    let input = case.input_claims.iter().map(GivenClaim::to_claim).collect();
    let directory = case.directory.as_ref().map(Directory::read);
    let mut run = Evaluation::start(&rules, input, Budget::default());
    loop {
        match run.step().map_err(Refused::AtRun)? {
            Step::Query(query) => {
                run.answer(answer(case, directory.as_ref(), &query).map_err(Refused::AtRun)?);
            }
            Step::Done(outcome) => return Ok(outcome),
        }
    }
}

type Rows = Vec<Vec<Option<std::sync::Arc<str>>>>;

fn answer(
    case: &Case,
    directory: Option<&Directory>,
    query: &StoreQuery,
) -> Result<Rows, EvaluationError> {
    if let (StoreKind::ActiveDirectory, Some(directory)) = (query.kind(), directory) {
        let parsed = ActiveDirectoryQuery::parse(query)?;
        let refused = || StoreFault::Refused {
            detail: format!("no domain {}", parsed.domain),
        };
        return directory
            .answer(&parsed)
            .ok_or_else(|| query.failed(refused()));
    }
    if let Some(rows) = case.canned(query) {
        return Ok(rows);
    }
    if case.stores.contains_key(&*query.store) {
        let detail = "no canned answer for this query".to_owned();
        return Err(query.failed(StoreFault::Refused { detail }));
    }
    Err(query.unknown_store())
}

fn compare(case: &Case, outcome: &Outcome) -> Result<(), String> {
    if let Some(expected) = &case.expected_claims {
        compare_claims(expected, &outcome.issued)?;
    }
    if let Some(expected) = &case.expected_decision {
        let decided = match decide_authorization(&outcome.issued) {
            Decision::Permit => "permit",
            Decision::Deny | Decision::NoPermit => "deny",
        };
        if decided != expected {
            return Err(format!("decided {decided}, expected {expected}"));
        }
    }
    if let Some(expected) = case.expected_mfa {
        // The case does not say whose rules they are: either place has to ask.
        let asked = [
            asks_for_mfa(&outcome.issued, &[]),
            asks_for_mfa(&[], &outcome.issued),
        ];
        if asked != [expected; 2] {
            return Err(format!("a second factor: {asked:?}, expected {expected}"));
        }
    }
    if case.expected_claims.is_none()
        && case.expected_decision.is_none()
        && case.expected_mfa.is_none()
    {
        return Err("the case expects nothing".to_owned());
    }
    Ok(())
}

/// Both hold the same claims, in any order. An expected claim that says less is matched last.
fn compare_claims(expected: &[GivenClaim], made: &[Claim]) -> Result<(), String> {
    let mut left: Vec<&Claim> = made.iter().collect();
    if !assign(expected, &mut left) || !left.is_empty() {
        return Err(format!("made {made:#?}, expected {expected:#?}"));
    }
    Ok(())
}

/// Finds an own claim for each expected one; takes those found out of `left`.
fn assign(expected: &[GivenClaim], left: &mut Vec<&Claim>) -> bool {
    let Some((first, rest)) = expected.split_first() else {
        return true;
    };
    for at in 0..left.len() {
        if left.get(at).is_some_and(|claim| first.is(claim)) {
            let taken = left.remove(at);
            if assign(rest, left) {
                return true;
            }
            left.insert(at, taken);
        }
    }
    false
}

fn compare_error(refused: &Refused, expected: &ExpectedError) -> Result<(), String> {
    let complain = || Err(format!("{refused:?}, expected {expected:?}"));
    let fits = match refused {
        Refused::AtParse(error) => {
            expected.stage == "parse"
                && expected
                    .code
                    .as_deref()
                    .is_none_or(|code| code == error.code())
                && expected
                    .token
                    .as_deref()
                    .is_none_or(|token| token == error.token)
                && expected.line.is_none_or(|line| line == error.line)
                && expected.column.is_none_or(|column| column == error.column)
        }
        Refused::AtRun(error) => expected.stage == "eval" && eval_error_fits(error, expected),
    };
    if fits { Ok(()) } else { complain() }
}

fn eval_error_fits(error: &EvaluationError, expected: &ExpectedError) -> bool {
    let counts = match &error.fault {
        EvaluationFault::FieldCount { expected, got, .. } => (Some(*expected), Some(*got)),
        _ => (None, None),
    };
    let inner = expected.inner.as_ref().is_none_or(|codes| {
        error
            .inner_code()
            .is_some_and(|code| codes.iter().any(|own| own == code))
    });
    let kind = expected.kind.as_deref().is_none_or(|kind| {
        kind == "unknown_store" && matches!(error.fault, EvaluationFault::UnknownStore { .. })
    });
    let same = |wanted: Option<usize>, own| wanted.is_none() || wanted == own;
    expected
        .code
        .as_deref()
        .is_none_or(|code| code == error.code())
        && inner
        && kind
        && same(expected.expected, counts.0)
        && same(expected.got, counts.1)
}
