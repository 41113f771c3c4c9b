//! Prints what one evaluation costs: `cargo run --release -p signet-claims --example rules_speed`.
//!
//! Each figure is the median of many rounds on this machine, in microseconds.

#![allow(clippy::print_stdout)]

use std::sync::Arc;
use std::time::Instant;

use signet_claims::{
    Budget, Pipeline, PipelineRules, PipelineStep, RuleSet, StoreKind, StoreQuery, TraceLevel,
    templates,
};
use signet_model::Claim;
use signet_model::claim::{AD_AUTHORITY, LOCAL_AUTHORITY};
use signet_model::uris::{authn, claims as types};

const ROUNDS: usize = 2_000;

fn main() {
    let acceptance = load(templates::ACTIVE_DIRECTORY_ACCEPTANCE);
    let permit = load(templates::PERMIT_ALL);
    let empty = load("");
    for (name, text) in [
        ("Entra over WS-Federation", templates::ENTRA_ISSUANCE),
        ("Entra over SAML 2.0", templates::ENTRA_SAML_ISSUANCE),
        ("SAML default", templates::SAML_DEFAULT),
    ] {
        let issuance = load(text);
        for groups in [10, 200, 1_000] {
            let (person, request) = (person(groups), request());
            let run = |acceptance, authorization, issuance, level| {
                let rules = PipelineRules {
                    acceptance,
                    service_additional: None,
                    additional: None,
                    authorization,
                    issuance,
                };
                median(|| drive(rules, &person, &request, level))
            };
            let whole = run(&acceptance, &permit, &issuance, TraceLevel::Off);
            let traced = run(&acceptance, &permit, &issuance, TraceLevel::Full);
            let passed = load("c:[] => issue(claim = c);");
            let only = run(&passed, &permit, &issuance, TraceLevel::Off);
            let floor = run(&passed, &permit, &empty, TraceLevel::Off);
            println!(
                "{name}, {groups} groups: all stages {whole:.1}, traced {traced:.1}, issuance alone {:.1}, pipeline without rules {floor:.1}",
                only - floor
            );
        }
    }
}

fn load(text: &str) -> RuleSet {
    RuleSet::parse(text).unwrap_or_else(|error| {
        println!("{error}");
        std::process::exit(1)
    })
}

fn median(mut round: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            round();
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times.get(ROUNDS / 2).copied().unwrap_or(f64::NAN)
}

fn drive(rules: PipelineRules<'_>, person: &[Claim], request: &[Claim], level: TraceLevel) {
    let budget = Budget::default();
    let mut run = Pipeline::start(rules, person.to_vec(), request.to_vec(), budget, level);
    loop {
        match run.step() {
            Ok(PipelineStep::Query(query)) => run.answer(rows(&query)),
            Ok(PipelineStep::Done(outcome)) => {
                std::hint::black_box(&outcome);
                return;
            }
            Err(error) => {
                println!("{error}");
                std::process::exit(1)
            }
        }
    }
}

/// An answer of the right width, as a cache would hand it out.
fn rows(query: &StoreQuery) -> Vec<Vec<Option<Arc<str>>>> {
    match query.kind() {
        StoreKind::PasswordExpiry => Vec::new(),
        _ => vec![
            query
                .types
                .iter()
                .map(|_| Some(Arc::from("a value of the directory")))
                .collect(),
        ],
    }
}

fn person(groups: usize) -> Vec<Claim> {
    let mut claims = vec![
        Claim::new(types::WINDOWS_ACCOUNT_NAME, "CONTOSO\\alice", AD_AUTHORITY),
        Claim::new(types::NAME, "CONTOSO\\alice", AD_AUTHORITY),
        Claim::new(types::UPN, "alice@contoso.example", AD_AUTHORITY),
        Claim::new(
            types::PRIMARY_SID,
            "S-1-5-21-1004336348-1177238915-682003330-1105",
            AD_AUTHORITY,
        ),
        Claim::new(
            types::PRIMARY_GROUP_SID,
            "S-1-5-21-1004336348-1177238915-682003330-513",
            AD_AUTHORITY,
        ),
        Claim::new(
            types::AUTHENTICATION_METHOD,
            authn::PASSWORD_PROTECTED_TRANSPORT,
            AD_AUTHORITY,
        ),
        Claim::new(
            types::AUTHENTICATION_INSTANT,
            "2026-11-21T09:00:00.000Z",
            AD_AUTHORITY,
        ),
        Claim::new(
            types::AUTHN_METHODS_REFERENCES,
            authn::PASSWORD_PROTECTED_TRANSPORT,
            AD_AUTHORITY,
        ),
        Claim::new(types::PASSWORD_EXPIRATION_TIME, "864000", AD_AUTHORITY),
    ];
    claims.extend((0..groups).map(|group| {
        let sid = format!("S-1-5-21-1004336348-1177238915-682003330-{}", 2_000 + group);
        Claim::new(types::GROUP_SID, &sid, AD_AUTHORITY)
    }));
    claims
}

fn request() -> Vec<Claim> {
    let context = |name: &str, value: &str| {
        Claim::new(
            &format!("{}{name}", types::REQUEST_CONTEXT),
            value,
            LOCAL_AUTHORITY,
        )
    };
    vec![
        Claim::new(types::INSIDE_CORPORATE_NETWORK, "true", LOCAL_AUTHORITY),
        Claim::new(types::USER_IP, "192.0.2.7", LOCAL_AUTHORITY),
        Claim::new(types::PSSO, "true", LOCAL_AUTHORITY),
        context("x-ms-client-ip", "192.0.2.7"),
        context(
            "x-ms-client-user-agent",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
        ),
        context("x-ms-endpoint-absolute-path", "/adfs/ls/"),
        context("client-request-id", "a3a6f5a2-7a64-4b60-a9bd-3f6cf3a6a0c1"),
        context(
            "relyingpartytrustid",
            "0b1c6a52-52f3-4c5d-9a3d-6ad9c5a2f1ee",
        ),
    ]
}
