//! The checks, one a function.

use std::collections::HashSet;

use signet_model::uris::claims as types;

use super::known::is_made_by_service;
use super::{Lint, LintContext, LintKind, RuleUse};
use crate::saml11::split_claim_type;
use crate::syntax::rule::{Condition, Expected, Expression, Property, RuleBody, Statement, Verb};
use crate::syntax::{RuleSet, Warning};

/// Checks of each rule.
pub(super) fn check_rules(rules: &RuleSet, context: &LintContext<'_>) -> Vec<Lint> {
    let mut found = Vec::new();
    let mut made = Made::default();
    for (rule, view) in rules.bodies().iter().zip(rules.rules()) {
        let body = &rule.body;
        let mut kinds = Vec::new();
        kinds.extend(https_types(body));
        kinds.extend(patterns_under_equality(body));
        kinds.extend(query_faults(body, context));
        kinds.extend(types_without_namespace(body, context));
        kinds.extend(permit_says_no(body));
        kinds.extend(never_fires(body, context, &made));
        made.note(body);
        let compact = compact(view.statement());
        let earlier = rules.rules().take(view.index());
        let twin = earlier
            .into_iter()
            .find(|own| self::compact(own.statement()) == compact);
        kinds.extend(twin.map(|own| LintKind::DuplicateRule {
            earlier: own.index() + 1,
        }));
        let at = |kind| Lint {
            rule: view.index() + 1,
            line: rule.line,
            kind,
        };
        found.extend(kinds.into_iter().map(at));
    }
    found
}

/// Checks of the whole set.
pub(super) fn check_set(rules: &RuleSet, context: &LintContext<'_>) -> Vec<Lint> {
    let mut found = Vec::new();
    let mut add = |rule, kind| {
        found.push(Lint {
            rule,
            line: 1,
            kind,
        })
    };
    let permits = rules
        .bodies()
        .iter()
        .any(|rule| rule.body.verb == Verb::Issue && rule.body.may_make(types::PERMIT));
    if context.rule_use == RuleUse::Authorization && !permits {
        add(0, LintKind::PermitsNobody);
    }
    for warning in rules.warnings() {
        match warning {
            Warning::LastSemicolonMissing => add(rules.len(), LintKind::LastSemicolonMissing),
            Warning::Comments => add(0, LintKind::Comments),
            Warning::TagCaseFolded { rule, tag } => {
                add(*rule, LintKind::TagCase { tag: tag.clone() })
            }
        }
    }
    found
}

/// Vendor pages were rewritten to `https`; types copied from there never match.
fn https_types(body: &RuleBody) -> Vec<LintKind> {
    const TRAPS: [&str; 2] = [
        "https://schemas.microsoft.com/",
        "https://schemas.xmlsoap.org/",
    ];
    let trapped = |text: &str| {
        let plain = text.trim_start_matches('^').replace('\\', "");
        TRAPS.iter().any(|trap| plain.starts_with(trap))
    };
    let mut seen = HashSet::new();
    let mut texts = named_types(body);
    texts.extend(made_types(body));
    let mut own = |text: &&str| trapped(text) && seen.insert((*text).to_owned());
    let found = texts.iter().filter(|text| own(text));
    found
        .map(|text| LintKind::HttpsType {
            claim_type: (*text).to_owned(),
        })
        .collect()
}

fn patterns_under_equality(body: &RuleBody) -> Vec<LintKind> {
    let constraints = body
        .conditions
        .iter()
        .flat_map(|condition| &condition.test().fixed);
    let suspicious = constraints.filter_map(|constraint| match &constraint.expected {
        Expected::Equal(text) | Expected::NotEqual(text)
            if constraint.property != Property::Type && looks_like_pattern(text) =>
        {
            Some(LintKind::PatternUnderEquality {
                value: text.to_string(),
            })
        }
        _ => None,
    });
    suspicious.collect()
}

fn looks_like_pattern(text: &str) -> bool {
    let group = text.starts_with('(') && text.contains(")|(");
    let bar = text.contains('|') && !text.contains("://");
    bar || group || text.starts_with('^') || text.contains(".*") || text.contains("(?i)")
}

fn query_faults(body: &RuleBody, context: &LintContext<'_>) -> Vec<LintKind> {
    const BUILT_IN: [&str; 4] = [
        "Active Directory",
        "_OpaqueIdStore",
        "_PasswordExpiryStore",
        "_ProxyCredentialStore",
    ];
    let Statement::Query(query) = &body.statement else {
        return Vec::new();
    };
    let mut kinds = Vec::new();
    let known =
        |stores: &[&str]| BUILT_IN.contains(&&*query.store) || stores.contains(&&*query.store);
    if context.stores.is_some_and(|stores| !known(stores)) {
        kinds.push(LintKind::UnknownStore {
            store: query.store.to_string(),
        });
    }
    if query.query.as_constant().is_none() {
        kinds.push(LintKind::JoinedQuery {
            store: query.store.to_string(),
        });
    }
    for (index, own) in query.types.iter().enumerate() {
        if query.types.iter().take(index).any(|earlier| earlier == own) {
            kinds.push(LintKind::DuplicateType {
                claim_type: own.to_string(),
            });
        }
    }
    kinds
}

fn types_without_namespace(body: &RuleBody, context: &LintContext<'_>) -> Vec<LintKind> {
    let in_token = matches!(context.rule_use, RuleUse::Issuance | RuleUse::Any);
    if !context.saml11 || !in_token || body.verb != Verb::Issue {
        return Vec::new();
    }
    let bad = made_types(body)
        .into_iter()
        .filter(|own| split_claim_type(own).is_err());
    bad.map(|own| LintKind::TypeWithoutNamespace {
        claim_type: own.to_owned(),
    })
    .collect()
}

fn permit_says_no(body: &RuleBody) -> Option<LintKind> {
    let Statement::New(new) = &body.statement else {
        return None;
    };
    let value = new.value.as_ref()?.as_constant()?;
    let is_permit = new
        .claim_type
        .as_constant()
        .is_some_and(|own| &**own == types::PERMIT);
    let no = ["false", "no", "0", "deny"]
        .iter()
        .any(|no| value.eq_ignore_ascii_case(no));
    (is_permit && no).then(|| LintKind::PermitSaysNo {
        value: value.to_string(),
    })
}

fn never_fires(body: &RuleBody, context: &LintContext<'_>, made: &Made) -> Option<LintKind> {
    let accepted = context.accepted_types?;
    if context.rule_use == RuleUse::Acceptance || made.anything {
        return None;
    }
    let needed = body
        .conditions
        .iter()
        .filter_map(|condition| match condition {
            Condition::Selector { test }
            | Condition::Exists {
                negated: false,
                test,
            } => test
                .fixed
                .iter()
                .find_map(|constraint| match &constraint.expected {
                    Expected::Equal(text) if constraint.property == Property::Type => Some(text),
                    _ => None,
                }),
            _ => None,
        });
    let mut missing = needed.filter(|own| {
        !is_made_by_service(own) && !accepted.contains(&&***own) && !made.types.contains(&***own)
    });
    missing.next().map(|own| LintKind::NeverFires {
        claim_type: own.to_string(),
    })
}

/// What the rules so far may have made.
#[derive(Default)]
struct Made {
    types: HashSet<String>,
    /// A rule whose type is computed may make any.
    anything: bool,
}

impl Made {
    fn note(&mut self, body: &RuleBody) {
        self.types
            .extend(made_types(body).into_iter().map(str::to_owned));
        if let Statement::New(new) = &body.statement {
            self.anything |=
                new.claim_type.as_constant().is_none() && !copies_type(&new.claim_type);
        }
    }
}

/// `Type = c.Type` makes no type that was not there.
fn copies_type(expression: &Expression) -> bool {
    matches!(
        expression,
        Expression::Field {
            property: Property::Type,
            ..
        }
    )
}

/// The constant types that the rule makes.
fn made_types(body: &RuleBody) -> Vec<&str> {
    match &body.statement {
        Statement::Copy { .. } => Vec::new(),
        Statement::New(new) => new
            .claim_type
            .as_constant()
            .map(|own| &**own)
            .into_iter()
            .collect(),
        Statement::Query(query) => query.types.iter().map(|own| &**own).collect(),
    }
}

/// The types, and patterns for types, that conditions name.
fn named_types(body: &RuleBody) -> Vec<&str> {
    let constraints = body
        .conditions
        .iter()
        .flat_map(|condition| &condition.test().fixed);
    let own = constraints.filter(|constraint| constraint.property == Property::Type);
    own.map(|constraint| match &constraint.expected {
        Expected::Equal(text) | Expected::NotEqual(text) => &**text,
        Expected::Match(pattern) | Expected::NoMatch(pattern) => pattern.as_str(),
    })
    .collect()
}

/// A rule's text without the blanks outside its strings.
fn compact(text: &str) -> String {
    let mut inside = false;
    let keep = |character: &char| {
        inside ^= *character == '"';
        inside || !character.is_whitespace()
    };
    text.chars()
        .filter(keep)
        .collect::<String>()
        .trim_end_matches(';')
        .to_owned()
}
