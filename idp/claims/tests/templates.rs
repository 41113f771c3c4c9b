//! The rule sets and rules that are shipped.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use signet_claims::templates::{self, Filtered, TemplateError};
use signet_claims::{
    ActiveDirectoryQuery, Budget, Decision, LintContext, LintKind, OpaqueIds, Outcome, RuleUse,
    StoreKind, claim_type, decide_authorization, lint, lint_in, short_name, short_names,
};
use signet_model::Claim;
use signet_model::uris::{authn, claims as types, name_id};
use support::{Rows, claim, issued, parse, run, run_with};

const GUID: &str = "nhosb1cLOk2cHipPW2x9jg==";
const CONSISTENCY: &str = "RDMiEWZViHeZqrvM3e7/AA==";

/// Alice, or a computer; `consistency` when mS-DS-ConsistencyGuid is set.
fn directory(consistency: bool) -> impl Fn(&str) -> Option<&'static str> {
    move |attribute| match attribute.to_ascii_lowercase().as_str() {
        "userprincipalname" => Some("alice@contoso.example"),
        "objectguid" => Some(GUID),
        "ms-ds-consistencyguid" => consistency.then_some(CONSISTENCY),
        "mail" => Some("alice.smith@contoso.example"),
        "givenname" => Some("Alice"),
        "sn" => Some("Smith"),
        "displayname" => Some("Alice Smith"),
        _ => None,
    }
}

fn issue(rules: &str, input: &[Claim], consistency: bool) -> Outcome {
    let ids = OpaqueIds::new(&[1; 32], "https://app.example/");
    let attribute = directory(consistency);
    let outcome = run_with(rules, input, Budget::default(), |query| {
        match query.kind() {
            StoreKind::ActiveDirectory => {
                let bound = ActiveDirectoryQuery::parse(query)?;
                assert!(bound.asks_about_user(), "{}", bound.filter);
                let cells = bound
                    .attributes
                    .iter()
                    .map(|name| attribute(name).map(Into::into));
                Ok(vec![cells.collect()])
            }
            StoreKind::OpaqueId => ids.answer(query),
            StoreKind::PasswordExpiry => Ok(Rows::new()),
            _ => Err(query.unknown_store()),
        }
    });
    outcome.unwrap_or_else(|error| panic!("{error}"))
}

fn alice() -> Vec<Claim> {
    let input = vec![
        claim(types::WINDOWS_ACCOUNT_NAME, "CONTOSO\\alice"),
        claim(types::UPN, "alice@contoso.example"),
        claim(types::PRIMARY_SID, "S-1-5-21-1-2-3-1105"),
        claim(types::GROUP_SID, "S-1-5-21-1-2-3-513"),
        claim(
            types::AUTHN_METHODS_REFERENCES,
            authn::PASSWORD_PROTECTED_TRANSPORT,
        ),
        claim(types::PASSWORD_EXPIRATION_TIME, "86400000"),
        claim(types::INSIDE_CORPORATE_NETWORK, "true"),
        claim("urn:of:nobody", "x"),
    ];
    run(templates::ACTIVE_DIRECTORY_ACCEPTANCE, &input)
        .unwrap()
        .issued
}

fn value<'o>(outcome: &'o Outcome, claim_type: &str) -> Option<&'o str> {
    let mut found = outcome
        .issued
        .iter()
        .filter(|claim| &*claim.claim_type == claim_type);
    let first = found.next().map(|claim| &*claim.value);
    assert!(found.next().is_none(), "{claim_type} is there twice");
    first
}

#[test]
fn every_shipped_set_parses_and_gives_no_cause_for_lint() {
    let domains = templates::entra_issuance(&["contoso.example", "fabrikam.example"]).unwrap();
    for (rule_use, text) in [
        (RuleUse::Acceptance, templates::ACTIVE_DIRECTORY_ACCEPTANCE),
        (RuleUse::Authorization, templates::PERMIT_ALL),
        (RuleUse::Issuance, templates::ENTRA_ISSUANCE),
        (RuleUse::Issuance, domains.as_str()),
        (RuleUse::Issuance, templates::SAML_DEFAULT),
        (RuleUse::Issuance, templates::SAML_EMAIL),
        (RuleUse::Issuance, templates::SAML_PERSISTENT),
        (RuleUse::Issuance, templates::SAML_TRANSIENT),
    ] {
        let context = LintContext {
            rule_use,
            stores: Some(&[]),
            accepted_types: Some(&[]),
            saml11: true,
        };
        let rules = parse(text);
        assert_eq!(lint_in(&rules, &context), [], "{text}");
        assert!(rules.rules().all(|rule| rule.name().is_some()) || text == templates::PERMIT_ALL);
    }
    // IDPEmail has no namespace: those rules are for SAML 2.0.
    assert_eq!(lint(&parse(templates::ENTRA_SAML_ISSUANCE)), []);
    assert_eq!(parse(templates::ENTRA_ISSUANCE).len(), 18);
    assert_eq!(parse(&domains).len(), 20);
}

#[test]
fn acceptance_believes_its_own_authorities_only() {
    let accepted = alice();
    assert_eq!(accepted.len(), 7, "the type of nobody stays out");
    let foreign = Claim::new(
        types::PRIMARY_SID,
        "S-1-5-21-9-9-9-500",
        "https://partner.example/",
    );
    assert!(
        run(templates::ACTIVE_DIRECTORY_ACCEPTANCE, &[foreign])
            .unwrap()
            .issued
            .is_empty()
    );
    let context = format!("{}x-ms-client-ip", types::REQUEST_CONTEXT);
    let own = Claim::new(&context, "192.0.2.1", "LOCAL AUTHORITY");
    assert_eq!(
        run(templates::ACTIVE_DIRECTORY_ACCEPTANCE, &[own])
            .unwrap()
            .issued
            .len(),
        1
    );
}

#[test]
fn entra_gets_the_consistency_guid_or_else_the_object_guid() {
    for (consistency, anchor) in [(true, CONSISTENCY), (false, GUID)] {
        for (rules, format) in [
            (templates::ENTRA_ISSUANCE, name_id::UNSPECIFIED),
            (templates::ENTRA_SAML_ISSUANCE, name_id::PERSISTENT),
        ] {
            let outcome = issue(rules, &alice(), consistency);
            assert_eq!(value(&outcome, types::IMMUTABLE_ID), Some(anchor));
            assert_eq!(value(&outcome, types::NAME_IDENTIFIER), Some(anchor));
            assert_eq!(
                value(&outcome, types::ENTRA_UPN),
                Some("alice@contoso.example")
            );
            assert_eq!(
                value(&outcome, types::INSIDE_CORPORATE_NETWORK),
                Some("true")
            );
            let subject = outcome
                .issued
                .iter()
                .find(|own| &*own.claim_type == types::NAME_IDENTIFIER);
            assert_eq!(
                subject.unwrap().property(types::PROPERTY_FORMAT),
                Some(format)
            );
            assert_eq!(value(&outcome, types::GROUP_SID), None, "groups stay here");
            assert_eq!(
                value(&outcome, types::PRIMARY_SID),
                None,
                "a user's SID stays here"
            );
        }
    }
    let saml = issue(templates::ENTRA_SAML_ISSUANCE, &alice(), true);
    assert_eq!(value(&saml, "IDPEmail"), Some("alice@contoso.example"));
}

#[test]
fn entra_s_issuer_follows_the_domain_of_the_upn() {
    let rules = templates::entra_issuance(&["contoso.example", "fabrikam.example"]).unwrap();
    let outcome = issue(&rules, &alice(), true);
    assert_eq!(
        value(&outcome, types::ISSUER_ID),
        Some("http://contoso.example/adfs/services/trust/")
    );
    let one = templates::entra_issuance(&["contoso.example"]).unwrap();
    assert_eq!(one, templates::ENTRA_ISSUANCE);
    let computer = [
        claim(types::WINDOWS_ACCOUNT_NAME, "CONTOSO\\PC01$"),
        claim(types::GROUP_SID, "S-1-5-21-1-2-3-515"),
        claim(types::PRIMARY_SID, "S-1-5-21-1-2-3-3301"),
    ];
    let outcome = issue(&rules, &computer, false);
    assert_eq!(
        value(
            &outcome,
            "http://schemas.microsoft.com/ws/2012/01/accounttype"
        ),
        Some("DJ")
    );
    assert_eq!(
        value(
            &outcome,
            "http://schemas.microsoft.com/identity/claims/onpremobjectguid"
        ),
        Some(GUID)
    );
    assert_eq!(
        value(&outcome, types::PRIMARY_SID),
        Some("S-1-5-21-1-2-3-3301")
    );
    assert_eq!(
        value(&outcome, types::ISSUER_ID),
        Some("http://contoso.example/adfs/services/trust/")
    );
    for refused in ["a\"b", "", "a\nb"] {
        assert!(templates::entra_issuance(&["contoso.example", refused]).is_err());
    }
}

#[test]
fn saml_defaults_name_the_person_as_the_application_wants() {
    let subject = |formats: &[&str]| {
        let outcome = issue(templates::saml_default_for(formats), &alice(), true);
        assert_eq!(
            value(&outcome, types::EMAIL),
            Some("alice.smith@contoso.example")
        );
        assert_eq!(value(&outcome, types::NAME), Some("Alice Smith"));
        assert_eq!(value(&outcome, types::UPN), Some("alice@contoso.example"));
        let found = outcome
            .issued
            .iter()
            .find(|own| &*own.claim_type == types::NAME_IDENTIFIER);
        found.map(|own| {
            (
                own.value.to_string(),
                own.property(types::PROPERTY_FORMAT).unwrap().to_owned(),
            )
        })
    };
    assert_eq!(
        subject(&[]).unwrap(),
        ("alice@contoso.example".into(), name_id::UNSPECIFIED.into())
    );
    assert_eq!(
        subject(&["urn:x", name_id::EMAIL]).unwrap(),
        ("alice.smith@contoso.example".into(), name_id::EMAIL.into())
    );
    let (opaque, format) = subject(&[name_id::PERSISTENT]).unwrap();
    assert_eq!((opaque.len(), format.as_str()), (44, name_id::PERSISTENT));
    assert_eq!(subject(&[name_id::TRANSIENT]), None);
    // Imported acceptance rules may drop the UPN: the account name stands for it then.
    let nameless: Vec<Claim> = alice()
        .into_iter()
        .filter(|own| &*own.claim_type != types::UPN)
        .collect();
    let outcome = issue(templates::SAML_DEFAULT, &nameless, true);
    assert_eq!(
        value(&outcome, types::NAME_IDENTIFIER),
        Some("CONTOSO\\alice")
    );
}

#[test]
fn an_attribute_rule_is_the_one_the_wizard_writes() {
    let rule =
        templates::send_attribute_rule(&[("mail", types::EMAIL), ("employeeID", "urn:employee")])
            .unwrap();
    assert_eq!(
        rule,
        format!(
            "@RuleTemplate = \"LdapClaims\"\n@RuleName = \"Send mail, employeeID\"\nc:[Type == \"{}\", Issuer == \"AD AUTHORITY\"]\n => issue(store = \"Active Directory\", types = (\"{}\", \"urn:employee\"), query = \";mail,employeeID;{{0}}\", param = c.Value);\n",
            types::WINDOWS_ACCOUNT_NAME,
            types::EMAIL
        )
    );
    let rule = templates::send_attribute_rule(&[("mail", types::EMAIL)]).unwrap();
    assert_eq!(
        issued(&issue(&rule, &alice(), true)),
        [format!("{}=alice.smith@contoso.example", types::EMAIL)]
    );
    for pair in [
        ("ma;il", "t"),
        ("mail,sn", "t"),
        ("mail", "a\"b"),
        ("", "t"),
        ("mail", ""),
        ("ma{0}il", "t"),
        ("mail", "a\nb"),
    ] {
        assert!(templates::send_attribute_rule(&[pair]).is_err(), "{pair:?}");
    }
    assert!(matches!(
        templates::send_attribute_rule(&[]),
        Err(TemplateError::Empty { .. })
    ));
}

#[test]
fn wizard_rules_do_what_they_say() {
    let made = |rule: Result<String, TemplateError>, input: &[Claim]| {
        let rule = rule.unwrap();
        assert_eq!(lint(&parse(&rule)), [], "{rule}");
        issued(&run(&rule, input).unwrap())
    };
    let group = [claim(types::GROUP_SID, "S-1-5-21-1-2-3-7")];
    assert_eq!(
        made(
            templates::group_rule("g", "S-1-5-21-1-2-3-7", "role", "Editor"),
            &group
        ),
        ["role=Editor"]
    );
    assert_eq!(
        made(
            templates::group_rule("g", "S-1-5-21-1-2-3-70", "role", "Editor"),
            &group
        ),
        [""; 0]
    );
    let mail = [
        claim("mail", "A.B@Corp.Example"),
        claim("mail", "x@corpXexample"),
        claim("mail", "a.b@corp.example.evil"),
    ];
    assert_eq!(
        made(templates::map_rule("m", "mail", "urn:m"), &mail[..1]),
        ["urn:m=A.B@Corp.Example"]
    );
    assert_eq!(
        made(
            templates::pass_through_rule("p", "mail", Filtered::Suffix("corp.example")),
            &mail
        ),
        ["mail=A.B@Corp.Example"]
    );
    assert_eq!(
        made(
            templates::pass_through_rule("p", "mail", Filtered::Prefix("a.b@")),
            &mail
        )
        .len(),
        2
    );
    assert_eq!(
        made(
            templates::pass_through_rule("p", "mail", Filtered::Exactly("a.b@corp.example")),
            &mail
        )
        .len(),
        1
    );
    let subject = run(
        &templates::name_id_rule("n", "mail", name_id::EMAIL).unwrap(),
        &mail[..1],
    )
    .unwrap();
    assert_eq!(
        subject.issued[0].property(types::PROPERTY_FORMAT),
        Some(name_id::EMAIL)
    );
    assert_eq!(&*subject.issued[0].issuer, "AD AUTHORITY");
    let decide = |permit| {
        let rule =
            templates::authorize_claim_rule("n", types::GROUP_SID, "S-1-5-21-1-2-3-7", permit)
                .unwrap();
        decide_authorization(&run(&rule, &group).unwrap().issued)
    };
    assert_eq!(
        (decide(true), decide(false)),
        (Decision::Permit, Decision::Deny)
    );
    let mfa = run(
        &templates::mfa_rule(types::INSIDE_CORPORATE_NETWORK, "false").unwrap(),
        &[claim(types::INSIDE_CORPORATE_NETWORK, "false")],
    )
    .unwrap();
    assert!(signet_claims::asks_for_mfa(&[], &mfa.issued));
}

#[test]
fn short_names_stand_for_one_type_each() {
    assert_eq!(claim_type("EMAIL"), Some(types::EMAIL));
    assert_eq!(short_name(types::NAME), Some("unique_name"));
    assert_eq!(
        (claim_type("nobody"), short_name("urn:nobody")),
        (None, None)
    );
    for (short, own) in short_names() {
        assert_eq!(
            (claim_type(short), short_name(own)),
            (Some(own), Some(short))
        );
    }
    assert!(short_names().count() > 60);
}

#[test]
fn lint_finds_what_is_probably_not_meant() {
    let context = LintContext {
        rule_use: RuleUse::Authorization,
        stores: Some(&["HR"]),
        accepted_types: Some(&["urn:known"]),
        saml11: false,
    };
    let found = |text: &str| -> Vec<LintKind> {
        lint_in(&parse(text), &context)
            .into_iter()
            .map(|lint| lint.kind)
            .filter(|kind| *kind != LintKind::PermitsNobody)
            .collect()
    };
    let trap = "https://schemas.microsoft.com/ws/2012/01/insidecorporatenetwork".to_owned();
    assert_eq!(
        found(&format!("c:[Type == \"{trap}\"] => issue(claim = c);")),
        [
            LintKind::HttpsType {
                claim_type: trap.clone()
            },
            LintKind::NeverFires { claim_type: trap },
        ]
    );
    assert_eq!(
        found("c:[Type =~ \"^https://schemas\\.xmlsoap\\.org/x\"] => issue(claim = c);").len(),
        1
    );
    assert_eq!(
        found("=> issue(Type = \"https://aws.amazon.com/SAML/Attributes/Role\", Value = \"x\");"),
        []
    );
    assert_eq!(
        found("=> issue(store = \"CRM\", types = (\"a\", \"a\"), query = \"q\");"),
        [
            LintKind::UnknownStore {
                store: "CRM".into()
            },
            LintKind::DuplicateType {
                claim_type: "a".into()
            },
        ]
    );
    assert_eq!(
        found(
            "c:[Type == \"urn:known\"] => issue(store = \"HR\", types = (\"a\"), query = \"u = '\" + c.Value + \"'\");"
        ),
        [LintKind::JoinedQuery { store: "HR".into() }]
    );
    assert_eq!(
        found("c:[Type == \"urn:known\", Value != \"(a)|(b)\"] => issue(claim = c);"),
        [LintKind::PatternUnderEquality {
            value: "(a)|(b)".into()
        }]
    );
    assert_eq!(
        found(
            "c:[Type == \"urn:known\"] => add(Type = \"urn:made\", Value = \"x\"); c:[Type == \"urn:made\"] => issue(claim = c);"
        ),
        []
    );
    assert_eq!(
        found(
            "c:[Type == \"urn:later\"] => issue(claim = c); => add(Type = \"urn:later\", Value = \"x\");"
        ),
        [LintKind::NeverFires {
            claim_type: "urn:later".into()
        }]
    );
    assert_eq!(
        found("NOT EXISTS([Type == \"urn:nobody\"]) => issue(Type = \"a\", Value = \"b\");"),
        []
    );
    assert_eq!(
        found("c:[] => issue(claim = c);\n@RuleName = \"again\" c : [ ] => issue(claim=c);"),
        [LintKind::DuplicateRule { earlier: 1 }]
    );
    let no = format!("=> issue(Type = \"{}\", Value = \"False\")", types::PERMIT);
    assert_eq!(
        found(&no),
        [
            LintKind::PermitSaysNo {
                value: "False".into()
            },
            LintKind::LastSemicolonMissing
        ]
    );
    let nobody = lint_in(&parse(&no.replace("permit", "deny")), &context);
    assert!(
        nobody
            .iter()
            .any(|lint| lint.kind == LintKind::PermitsNobody && lint.rule == 0)
    );
    let saml11 = LintContext {
        saml11: true,
        ..LintContext::default()
    };
    let bare = lint_in(
        &parse("=> issue(Type = \"mail\", Value = \"x\"); => add(Type = \"tmp\", Value = \"x\");"),
        &saml11,
    );
    assert_eq!(bare.len(), 1);
    assert!(bare[0].to_string().contains("ID4216"), "{}", bare[0]);
}
