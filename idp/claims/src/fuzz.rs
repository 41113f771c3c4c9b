//! What fuzz targets call: each takes any octets and must neither panic nor run long.
//!
//! They also state what must hold for whatever was taken.

use std::sync::Arc;
use std::time::Duration;

use signet_model::Claim;
use signet_model::claim::AD_AUTHORITY;
use signet_model::uris::claims as types;

use crate::engine::{Budget, Evaluation, Step, TraceLevel};
use crate::lint::lint;
use crate::pattern::{Pattern, Replacement};
use crate::store::{ActiveDirectoryQuery, Filter, StoreQuery};
use crate::syntax::RuleSet;

/// A rule set: parsed, looked through, and run over a few claims with answers of the right width.
pub fn claim_rules(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    let Ok(rules) = RuleSet::parse_import(&text) else {
        return;
    };
    assert_eq!(rules.text(), text, "the text is kept octet by octet");
    let _ = lint(&rules);
    let input = vec![
        Claim::new(types::WINDOWS_ACCOUNT_NAME, "CONTOSO\\alice", AD_AUTHORITY),
        Claim::new(types::UPN, "alice@contoso.example", AD_AUTHORITY),
        Claim::new("t", "*)(objectClass=*", "https://partner.example/"),
        Claim::new("t", "b\n", "https://partner.example/"),
    ];
    let budget = Budget {
        claims: 500,
        value_octets: 4_096,
        matches: 500,
        queries: 20,
        steps: 50_000,
        computed_patterns: 4,
        time: Duration::from_millis(200),
    };
    let mut run = Evaluation::start_traced(&rules, input, budget, TraceLevel::Full);
    loop {
        match run.step() {
            Ok(Step::Query(query)) => {
                let _ = ActiveDirectoryQuery::parse(&query);
                let cell = |own: &Arc<str>| Some(Arc::from(format!("value of {own}")));
                run.answer(vec![query.types.iter().map(cell).collect()]);
            }
            Ok(Step::Done(outcome)) => {
                assert!(outcome.issued.iter().all(|claim| !claim.value.is_empty()));
                assert_eq!(outcome.issued.len(), outcome.issued_by.len());
                return;
            }
            Err(_) => return,
        }
    }
}

/// A pattern, a line feed, a replacement, a line feed, a text.
pub fn claim_rule_pattern(octets: &[u8]) {
    let whole = String::from_utf8_lossy(octets);
    let mut parts = whole.splitn(3, '\n');
    let mut part = || parts.next().unwrap_or("");
    let (pattern, replacement, text) = (part(), part(), part());
    let Ok(pattern) = Pattern::compile(pattern) else {
        return;
    };
    let found = pattern.is_match(text);
    let replaced = pattern.replace(text, &Replacement::new(replacement, &pattern));
    if found == Some(false)
        && let Some(replaced) = replaced
    {
        assert_eq!(replaced, text, "nothing is replaced where nothing is found");
    }
}

/// A query to Active Directory, a line feed, its params a line each.
pub fn claim_rule_query(octets: &[u8]) {
    let whole = String::from_utf8_lossy(octets);
    let mut lines = whole.split('\n');
    let query = lines.next().unwrap_or("");
    let query = |params: Vec<Arc<str>>| StoreQuery::new("Active Directory", 1, query, params);
    let params: Vec<Arc<str>> = lines.map(Arc::from).collect();
    let harmless = params.iter().map(|_| Arc::from("D\\u")).collect();
    let bound = ActiveDirectoryQuery::parse(&query(params));
    let Ok(bound) = bound else { return };
    assert_eq!(
        Filter::parse(&bound.filter).as_ref(),
        Ok(&bound.parsed_filter)
    );
    if let Ok(plain) = ActiveDirectoryQuery::parse(&query(harmless)) {
        assert!(
            bound.parsed_filter.has_shape_of(&plain.parsed_filter),
            "a param changes values only"
        );
    }
}
