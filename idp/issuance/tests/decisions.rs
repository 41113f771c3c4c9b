//! Who gets a token: rules, requests, subjects, and the sameness of permit and explain.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a fault fails the test"
)]

mod common;

use common::{ACS, House, NOW, SP, context, entra, issue, run, saml_request, wiki, wsfed_request};
use signet_issuance::{AccountSnapshot, Refusal, RuleStage, SamlStatus};
use signet_model::relying_party::{ProtocolProfile, ReplyMatch, TokenType};
use signet_model::request::NameIdPolicy;
use signet_model::uris::{authn, claims as types, name_id};
use signet_model::{NetworkLocation, ReplyTo};
use time::Duration;

const UNSPECIFIED_ID: &str = "=> issue(Type = \"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier\", Value = \"alice\");";

fn name_id_rule(format: &str, value: &str) -> String {
    format!(
        "=> issue(Type = \"{}\", Value = \"{value}\", Properties[\"{}\"] = \"{format}\");\n",
        types::NAME_IDENTIFIER,
        types::PROPERTY_FORMAT
    )
}

/// CFG-10: deny wins, no rule refuses, a rule that fails refuses, and so does a text that is none.
#[test]
fn sec_cfg_10_deny_wins_and_everything_unclear_refuses() {
    let permit = issue(types::PERMIT, "true");
    let deny = issue(types::DENY, "false");
    let failing = "=> issue(store = \"Nowhere\", types = (\"urn:a\"), query = \"q\");\n".to_owned();
    type Check = fn(&Refusal) -> bool;
    let denied: Check = |refusal| matches!(refusal, Refusal::Denied { .. });
    let nobody: Check = |refusal| matches!(refusal, Refusal::NotPermitted { .. });
    let unreadable: Check = |refusal| matches!(refusal, Refusal::RulesUnreadable { .. });
    let cases: Vec<(String, Check)> = vec![
        (format!("{permit}{deny}"), denied),
        (format!("{deny}{permit}"), denied),
        (String::new(), nobody),
        (issue("urn:other", "true"), nobody),
        (
            format!("{permit}{failing}"),
            |refusal| matches!(refusal, Refusal::UnknownStore { store, .. } if store == "Nowhere"),
        ),
        (format!("{permit} garbage"), unreadable),
        (
            format!("{permit}c:[Value =~ \"(\"] => issue(claim = c);"),
            unreadable,
        ),
    ];
    run(async {
        let house = House::new();
        let alice = house.alice().await;
        for (rules, check) in cases {
            let mut party = wiki(&issue("urn:a", "1"));
            party.issuance_authorization_rules = rules.clone();
            let refusal = house
                .permit(&party, &saml_request(&party), &alice)
                .await
                .unwrap_err();
            assert!(check(&refusal), "{rules}: {refusal:?}");
        }
        // Faults of one party's rules touch no other.
        let party = wiki(&issue("urn:a", "1"));
        assert!(
            house
                .permit(&party, &saml_request(&party), &alice)
                .await
                .is_ok()
        );
    });
}

/// Rules are read again when their text changes, for better or worse.
#[test]
fn a_changed_rule_text_counts_at_the_next_sign_in() {
    run(async {
        let house = House::new();
        let alice = house.alice().await;
        let mut party = wiki(&issue("urn:a", "1"));
        let request = saml_request(&party);
        for (rules, works) in [
            (issue("urn:a", "2"), true),
            ("broken".to_owned(), false),
            ("broken".to_owned(), false),
            (issue("urn:a", "3"), true),
        ] {
            party.issuance_transform_rules = rules;
            assert_eq!(house.permit(&party, &request, &alice).await.is_ok(), works);
        }
    });
}

/// Additional-authentication rules of either side ask for what nobody can give yet.
#[test]
fn a_second_factor_that_rules_ask_for_refuses() {
    let mfa = issue(types::AUTHENTICATION_METHOD, authn::MULTIPLE);
    let outside = format!(
        "c:[Type == \"{}\", Value == \"false\"]\n{mfa}",
        types::INSIDE_CORPORATE_NETWORK
    );
    run(async {
        let mut house = House::new();
        let outsider = house.alice().await;
        let insider = house
            .sign_in_as("CORP\\alice", NetworkLocation::Inside)
            .await;
        let mut party = wiki(&issue("urn:a", "1"));
        party.additional_authentication_rules = outside.clone();
        let request = saml_request(&party);
        let refusal = house.permit(&party, &request, &outsider).await.unwrap_err();
        assert_eq!(
            refusal,
            Refusal::SecondFactorRequired {
                rules: "Wiki".into()
            }
        );
        assert_eq!(refusal.saml_status(), SamlStatus::NoAuthnContext);
        assert!(house.permit(&party, &request, &insider).await.is_ok());

        party.additional_authentication_rules = String::new();
        house.service.additional_authentication_rules = outside;
        let refusal = house.permit(&party, &request, &outsider).await.unwrap_err();
        assert_eq!(
            refusal,
            Refusal::SecondFactorRequired {
                rules: "the service".into()
            }
        );
        assert!(house.permit(&party, &request, &insider).await.is_ok());
    });
}

/// Request context reaches authorization even when imported acceptance rules do not know it.
#[test]
fn request_context_passes_acceptance_rules_that_do_not_name_it() {
    run(async {
        let mut house = House::new();
        house.service.acceptance_rules = format!(
            "c:[Type == \"{}\"] => issue(claim = c);",
            types::WINDOWS_ACCOUNT_NAME
        );
        let alice = house.alice().await;
        let mut party = wiki(&format!("c:[] => issue(claim = c);{}", issue("urn:a", "1")));
        party.issuance_authorization_rules = format!(
            "c:[Type == \"{}x-ms-endpoint-absolute-path\", Value == \"/adfs/ls/\"] {}",
            types::REQUEST_CONTEXT,
            issue(types::PERMIT, "true")
        );
        let release = house
            .permit(&party, &saml_request(&party), &alice)
            .await
            .unwrap();
        let has = |claim_type: &str| {
            release
                .claims()
                .iter()
                .any(|claim| &*claim.claim_type == claim_type)
        };
        assert!(has(types::WINDOWS_ACCOUNT_NAME));
        assert!(has(types::INSIDE_CORPORATE_NETWORK));
        assert!(!has(types::PRIMARY_SID), "acceptance decides on identity");
    });
}

/// The request is held against the party as it is registered now.
#[test]
fn a_request_that_the_party_could_no_longer_make_is_refused() {
    run(async {
        let house = House::new();
        let alice = house.alice().await;
        let party = wiki(&issue("urn:a", "1"));
        let request = saml_request(&party);
        assert!(house.permit(&party, &request, &alice).await.is_ok());

        let mut disabled = party.clone();
        disabled.enabled = false;
        let refusal = house.permit(&disabled, &request, &alice).await.unwrap_err();
        assert!(matches!(refusal, Refusal::RelyingPartyDisabled { .. }));

        let mut moved = party.clone();
        moved.assertion_consumers[0].location = "https://wiki.example/new".into();
        let mut renamed = party.clone();
        renamed.identifiers = vec!["https://other.example".into()];
        let mut wsfed_only = party.clone();
        wsfed_only.protocols = ProtocolProfile::WsFederation;
        let other = wiki(&issue("urn:a", "1"));
        for changed in [moved, renamed, wsfed_only, other] {
            let refusal = house.permit(&changed, &request, &alice).await.unwrap_err();
            assert!(
                matches!(refusal, Refusal::RequestOutdated { .. }),
                "{refusal:?}"
            );
        }
        let mut saml11 = request.clone();
        saml11.token_type = TokenType::Saml11;
        let refusal = house.permit(&party, &saml11, &alice).await.unwrap_err();
        assert!(matches!(refusal, Refusal::RequestOutdated { .. }));
    });
}

/// WSF-11, and addresses below a registered path for parties set so.
#[test]
fn sec_wsf_11_plain_http_needs_a_flag_and_prefixes_end_at_segments() {
    run(async {
        let house = House::new();
        let alice = house.alice().await;
        let mut party = wiki(&issue("urn:x/a", "1"));
        party.wsfed_endpoints = vec!["http://old.example/app".into()];
        let request = wsfed_request(&party, TokenType::Saml11);
        let refusal = house.permit(&party, &request, &alice).await.unwrap_err();
        assert!(matches!(refusal, Refusal::PlainHttpReply { .. }));
        party.allow_http_endpoints = true;
        assert!(house.permit(&party, &request, &alice).await.is_ok());

        party.wsfed_endpoints = vec!["https://app.example/a".into()];
        for (address, exact, prefix) in [
            ("https://app.example/a", true, true),
            ("https://app.example/a/b?x=1", false, true),
            ("https://app.example/ab", false, false),
            ("https://app.example.evil.test/a", false, false),
            ("https://app.example@evil.test/a", false, false),
            ("https://app.example:8443/a/b", false, false),
            ("javascript:alert(1)//https://app.example/a", false, false),
        ] {
            let mut request = wsfed_request(&party, TokenType::Saml11);
            request.reply_to = ReplyTo::registered(address);
            party.reply_match = ReplyMatch::Exact;
            assert_eq!(
                house.permit(&party, &request, &alice).await.is_ok(),
                exact,
                "{address}"
            );
            party.reply_match = ReplyMatch::PathPrefix;
            assert_eq!(
                house.permit(&party, &request, &alice).await.is_ok(),
                prefix,
                "{address}"
            );
        }
    });
}

/// Freshness is held against the evidence, not against what the flow believes.
#[test]
fn old_evidence_does_not_answer_a_demand_for_fresh_credentials() {
    run(async {
        let house = House::new();
        let alice = house.alice().await; // signed in 14 minutes before NOW
        let mut party = wiki(&issue("urn:a", "1"));
        let mut request = saml_request(&party);
        for (max_age, works) in [
            (None, true),
            (Some(Duration::minutes(20)), true),
            (Some(Duration::minutes(10)), false),
            (Some(Duration::ZERO), false),
        ] {
            request.authentication.max_age = max_age;
            let outcome = house.permit(&party, &request, &alice).await;
            assert_eq!(outcome.is_ok(), works, "{max_age:?}");
            if let Err(refusal) = outcome {
                assert!(matches!(refusal, Refusal::EvidenceTooOld { .. }));
            }
        }
        // Credentials given since the request came are fresh, however long the form stood open.
        request.authentication.max_age = Some(Duration::ZERO);
        request.received_at = common::SIGNED_IN - Duration::minutes(30);
        assert!(house.permit(&party, &request, &alice).await.is_ok());
        request.received_at = NOW;
        request.authentication.max_age = None;
        party.always_require_authentication = true;
        assert!(house.permit(&party, &request, &alice).await.is_err());
    });
}

/// SAML-12, and core 3.4.1.1: a format is answered in that format or not at all.
#[test]
fn sec_saml_12_name_id_policies_are_met_or_refused() {
    let email = name_id_rule(name_id::EMAIL, "alice@contoso.com");
    let persistent = name_id_rule(name_id::PERSISTENT, "p-alice");
    let transient = name_id_rule(name_id::TRANSIENT, "t-alice");
    let none = issue("urn:a", "1");
    let both = format!("{email}{persistent}");
    // Rules, the format asked for, AllowCreate, and the value that comes out (`*`: some value, `!`: refused).
    let cases: &[(&str, Option<&str>, bool, &str)] = &[
        (&none, None, false, "-"),
        (&email, None, false, "alice@contoso.com"),
        (&both, None, false, "!"),
        (&both, Some(name_id::EMAIL), false, "alice@contoso.com"),
        (&both, Some(name_id::PERSISTENT), false, "p-alice"),
        (
            &email,
            Some(name_id::UNSPECIFIED),
            false,
            "alice@contoso.com",
        ),
        (UNSPECIFIED_ID, Some(name_id::UNSPECIFIED), false, "alice"),
        (UNSPECIFIED_ID, Some(name_id::EMAIL), false, "!"),
        (UNSPECIFIED_ID, Some(name_id::PERSISTENT), true, "!"),
        (&email, Some(name_id::PERSISTENT), true, "!"),
        (&persistent, Some(name_id::PERSISTENT), false, "p-alice"),
        (&persistent, Some(name_id::EMAIL), false, "!"),
        (&none, Some(name_id::EMAIL), true, "!"),
        (&none, Some(name_id::PERSISTENT), true, "*"),
        (&none, Some(name_id::PERSISTENT), false, "!"),
        (&none, Some(name_id::TRANSIENT), false, "*"),
        (&email, Some(name_id::TRANSIENT), false, "*"),
        (&transient, Some(name_id::TRANSIENT), false, "t-alice"),
        (
            &none,
            Some("urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos"),
            true,
            "!",
        ),
    ];
    run(async {
        let house = House::new();
        let alice = house.alice().await;
        for (rules, format, allow_create, expected) in cases {
            let party = wiki(rules);
            let mut request = saml_request(&party);
            request.name_id_policy = format.map(|format| NameIdPolicy {
                format: Some(format.to_owned()),
                sp_name_qualifier: None,
                allow_create: *allow_create,
            });
            let case = format!("{rules} / {format:?}");
            match (house.permit(&party, &request, &alice).await, *expected) {
                (Err(refusal), "!") => {
                    if format.is_some() {
                        assert_eq!(
                            refusal.saml_status(),
                            SamlStatus::InvalidNameIdPolicy,
                            "{case}"
                        );
                        assert!(refusal.message().private.contains("MSIS7070"));
                    }
                }
                (Ok(release), "-") => assert_eq!(release.name_id(), None, "{case}"),
                (Ok(release), expected) => {
                    let name_id = release.name_id().unwrap();
                    if let Some(asked) = format.filter(|one| *one != name_id::UNSPECIFIED) {
                        assert_eq!(name_id.format.as_deref(), Some(asked), "{case}");
                    }
                    if expected == "*" {
                        assert!(name_id.value.len() >= 33 && !name_id.value.contains("alice"));
                        assert_eq!(name_id.sp_name_qualifier.as_deref(), Some(SP));
                    } else {
                        assert_eq!(name_id.value, expected, "{case}");
                    }
                }
                (outcome, _) => panic!("{case}: {outcome:?}"),
            }
        }

        let party = wiki(&persistent);
        let mut request = saml_request(&party);
        let qualified = |qualifier: &str| NameIdPolicy {
            format: Some(name_id::PERSISTENT.to_owned()),
            sp_name_qualifier: Some(qualifier.to_owned()),
            allow_create: true,
        };
        request.name_id_policy = Some(qualified("https://other.example"));
        let refusal = house.permit(&party, &request, &alice).await.unwrap_err();
        assert!(matches!(refusal, Refusal::NameQualifierForeign { .. }));
        request.name_id_policy = Some(qualified(SP));
        let release = house.permit(&party, &request, &alice).await.unwrap();
        assert_eq!(
            release.name_id().unwrap().sp_name_qualifier.as_deref(),
            Some(SP)
        );
    });
}

/// Transient: new at every sign-in. Persistent: the same at one party, another at the next and for the next person.
#[test]
fn made_identifiers_are_unlinkable() {
    run(async {
        let house = House::new();
        let alice = house.alice().await;
        let bob = house
            .sign_in_as("CORP\\bob", NetworkLocation::Outside)
            .await;
        let made = async |party: &signet_model::RelyingParty, user, format: &str| {
            let mut request = saml_request(party);
            request.name_id_policy = Some(NameIdPolicy {
                format: Some(format.to_owned()),
                sp_name_qualifier: None,
                allow_create: true,
            });
            let release = house.permit(party, &request, user).await.unwrap();
            release.name_id().unwrap().value.clone()
        };
        let (one, two) = (wiki(&issue("urn:a", "1")), wiki(&issue("urn:a", "1")));
        let first = made(&one, &alice, name_id::TRANSIENT).await;
        assert_ne!(first, made(&one, &alice, name_id::TRANSIENT).await);
        let first = made(&one, &alice, name_id::PERSISTENT).await;
        assert_eq!(first, made(&one, &alice, name_id::PERSISTENT).await);
        assert_ne!(first, made(&two, &alice, name_id::PERSISTENT).await);
        assert_ne!(first, made(&one, &bob, name_id::PERSISTENT).await);
    });
}

/// Entra asks for persistent over SAML; its rules for WS-Federation make "unspecified". Both are the anchor.
#[test]
fn entra_gets_its_anchor_as_persistent_name_id() {
    run(async {
        let house = House::new();
        let alice = house.alice().await;
        for rules in [
            signet_claims::templates::ENTRA_ISSUANCE,
            signet_claims::templates::ENTRA_SAML_ISSUANCE,
        ] {
            let mut party = entra();
            party.assertion_consumers = wiki("").assertion_consumers;
            party.issuance_transform_rules = rules.to_owned();
            let mut request = saml_request(&party);
            request.name_id_policy = Some(NameIdPolicy {
                format: Some(name_id::PERSISTENT.to_owned()),
                ..NameIdPolicy::default()
            });
            let release = house.permit(&party, &request, &alice).await.unwrap();
            let name_id = release.name_id().unwrap();
            assert_eq!(name_id.value, common::ANCHOR);
            assert_eq!(name_id.format.as_deref(), Some(name_id::PERSISTENT));
            assert_eq!(release.issuer(), "http://contoso.com/adfs/services/trust/");
            // Without a policy, the rules' own choice.
            request.name_id_policy = None;
            assert!(
                house
                    .permit(&party, &request, &alice)
                    .await
                    .unwrap()
                    .name_id()
                    .is_some()
            );
            // Some ask for base64 without its special characters.
            party.escape_name_id = true;
            let release = house.permit(&party, &request, &alice).await.unwrap();
            assert_eq!(
                release.name_id().unwrap().value,
                "MyIRAFVEd2aImaq7zN3u.2Fw.3D.3D"
            );
        }
    });
}

/// The same code decides: what is explained is what is issued, and a refusal is explained as far as it came.
#[test]
fn explain_says_what_permit_does() {
    run(async {
        let house = House::new();
        let alice = house.alice().await;
        let entra = entra();
        let request = wsfed_request(&entra, TokenType::Saml11);
        let release = house.permit(&entra, &request, &alice).await.unwrap();
        let explanation = house.explain(&entra, &request, &alice).await;
        let preview = explanation.verdict.unwrap();
        assert_eq!(preview.claims, release.claims());
        assert_eq!(preview.issuer, release.issuer());
        assert_eq!(preview.name_id.as_ref(), release.name_id());
        assert_eq!(preview.context_class, release.context_class());
        let stages = explanation
            .stages
            .iter()
            .map(|stage| stage.stage)
            .collect::<Vec<_>>();
        assert_eq!(
            stages,
            [
                RuleStage::Acceptance,
                RuleStage::Authorization,
                RuleStage::Issuance
            ]
        );
        assert!(
            explanation
                .stages
                .iter()
                .all(|stage| !stage.trace.rules.is_empty())
        );
        assert!(
            explanation
                .incoming
                .iter()
                .any(|claim| &*claim.value == "CORP\\alice")
        );

        let mut party = wiki(&issue("urn:a", "1"));
        party.issuance_authorization_rules = issue(types::DENY, "true");
        let explanation = house.explain(&party, &saml_request(&party), &alice).await;
        assert!(matches!(explanation.verdict, Err(Refusal::Denied { .. })));
        let last = explanation.stages.last().unwrap();
        assert_eq!(last.stage, RuleStage::Authorization);
        assert_eq!(&*last.issued[0].claim_type, types::DENY);
    });
}

/// SAML-26, the half that lies here: sign-ins that run at once share no subject, request or identifier.
#[test]
fn sec_saml_26_interleaved_sign_ins_keep_apart() {
    run(async {
        let house = House::new();
        let people = [
            ("CORP\\alice", "alice@contoso.com"),
            ("CORP\\bob", "bob@fabrikam.co.uk"),
            ("CORP\\carol", "carol@elsewhere.test"),
        ];
        let party = wiki(&format!(
            "c:[Type == \"{}\"] => issue(Type = \"{}\", Value = c.Value);",
            types::UPN,
            types::NAME_IDENTIFIER
        ));
        let mut users = Vec::new();
        for (name, upn) in people {
            users.push((house.sign_in_as(name, NetworkLocation::Outside).await, upn));
        }
        let one = async |at: usize| {
            let (user, upn) = &users[at % users.len()];
            let mut request = saml_request(&party);
            request.in_response_to = Some(format!("_request{at}"));
            let snapshot = AccountSnapshot::new(user.account().id);
            let context = context(NetworkLocation::Outside);
            let occasion = house.occasion(&party, &request, &context, &snapshot);
            let release = house.engine.permit(&occasion, user).await.unwrap();
            tokio::task::yield_now().await;
            let response = house.signer.sign_saml_response(&release, NOW).unwrap();
            assert!(
                response
                    .xml
                    .contains(&format!("InResponseTo=\"_request{at}\""))
            );
            assert!(response.xml.contains(&format!(">{upn}</saml:NameID>")));
            assert_eq!(response.facts.account, user.account().id);
            for (_, other) in users.iter().filter(|(_, other)| other != upn) {
                assert!(!response.xml.contains(*other));
            }
            assert_eq!(response.destination, ACS);
            response.id
        };
        let mut ids = std::collections::HashSet::new();
        for start in (0..60).step_by(3) {
            let (a, b, c) = tokio::join!(one(start), one(start + 1), one(start + 2));
            ids.extend([a, b, c]);
        }
        assert_eq!(ids.len(), 60);
    });
}

/// The `_OpaqueIdStore` gives each party values of its own, the same at every sign-in.
#[test]
fn opaque_ids_of_rules_are_one_partys_alone() {
    run(async {
        let house = House::new();
        let alice = house.alice().await;
        let mut seen = Vec::new();
        for _ in 0..2 {
            let party = wiki(signet_claims::templates::SAML_PERSISTENT);
            let mut request = saml_request(&party);
            request.name_id_policy = Some(NameIdPolicy {
                format: Some(name_id::PERSISTENT.to_owned()),
                ..NameIdPolicy::default()
            });
            let first = house.permit(&party, &request, &alice).await.unwrap();
            let again = house.permit(&party, &request, &alice).await.unwrap();
            assert_eq!(first.name_id(), again.name_id());
            seen.push(first.name_id().unwrap().value.clone());
        }
        assert_ne!(seen[0], seen[1]);
    });
}

/// An account that was disabled since gets nothing, whatever the session says.
#[test]
fn an_account_that_is_not_active_gets_nothing() {
    use signet_directory::{Directory as _, LoginName};
    use signet_issuance::HypotheticalUser;
    run(async {
        let house = House::new();
        let alice = house.alice().await;
        let name = LoginName::parse("CORP\\frank", None).unwrap();
        let frank = house.directory.find(&name).await.unwrap().unwrap();
        let frank = house.directory.read(frank.id).await.unwrap().unwrap();
        let party = wiki(&issue("urn:a", "1"));
        let request = saml_request(&party);
        let snapshot = AccountSnapshot::new(frank.id);
        let context = context(NetworkLocation::Outside);
        let occasion = house.occasion(&party, &request, &context, &snapshot);
        let nobody = HypotheticalUser::new(frank.into(), alice.evidence().clone(), false);
        let explanation = house.engine.explain(&occasion, &nobody).await;
        assert!(matches!(
            explanation.verdict,
            Err(Refusal::AccountNotActive { .. })
        ));
        assert!(explanation.stages.is_empty(), "no rule runs for them");
    });
}
