//! What rules may say about strength, time, network and identity: what this service knows, and no more.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a fault fails the test"
)]

mod common;

use common::judge::{at, claims, parse, text};
use common::{
    ANCHOR, ENTITY_ID, House, NOW, context, entra, issue, run, saml_request, wiki, wsfed_request,
};
use signet_issuance::{AccountSnapshot, Refusal, RefusedBecause};
use signet_model::relying_party::TokenType;
use signet_model::uris::{authn, claims as types};
use signet_model::{FederatedDomain, NetworkLocation};

const ALICE_SID: &str = "S-1-5-21-1004336348-1177238915-682003330";

/// WSF-16: each thing a rule could claim, after a password and nothing else. Each false one is kept out and
/// reported; each true one passes.
#[test]
fn sec_wsf_16_a_password_is_never_more_than_a_password() {
    let cases: &[(&str, &str, Option<RefusedBecause>)] = &[
        (
            types::AUTHN_METHODS_REFERENCES,
            authn::MULTIPLE,
            Some(RefusedBecause::MethodNotPerformed),
        ),
        (
            types::AUTHN_METHODS_REFERENCES,
            authn::WINDOWS_OR_MULTIPLE,
            Some(RefusedBecause::MethodNotPerformed),
        ),
        (
            types::AUTHN_METHODS_REFERENCES,
            authn::WINDOWS,
            Some(RefusedBecause::MethodNotPerformed),
        ),
        (
            types::AUTHN_METHODS_REFERENCES,
            authn::X509,
            Some(RefusedBecause::MethodNotPerformed),
        ),
        (
            types::AUTHN_METHODS_REFERENCES,
            "http://schemas.microsoft.com/ws/2012/12/authmethod/otp",
            Some(RefusedBecause::MethodNotPerformed),
        ),
        (
            types::AUTHN_METHODS_REFERENCES,
            authn::PASSWORD_PROTECTED_TRANSPORT,
            None,
        ),
        (
            types::AUTHENTICATION_METHOD,
            authn::MULTIPLE,
            Some(RefusedBecause::MethodNotPerformed),
        ),
        (
            types::AUTHENTICATION_METHOD,
            authn::KERBEROS,
            Some(RefusedBecause::MethodNotPerformed),
        ),
        (
            types::AUTHENTICATION_METHOD,
            authn::WS_TLS_CLIENT,
            Some(RefusedBecause::MethodNotPerformed),
        ),
        (
            types::AUTHENTICATION_METHOD,
            authn::PASSWORD_PROTECTED_TRANSPORT,
            None,
        ),
        (
            types::AUTHN_METHODS_PROVIDERS,
            "AzureMfa",
            Some(RefusedBecause::NoSecondFactor),
        ),
        (
            types::MFA_INSTANT,
            "2026-01-02T02:50:00.123Z",
            Some(RefusedBecause::NoSecondFactor),
        ),
        (
            types::AUTHENTICATION_INSTANT,
            "2026-01-02T03:04:05.678Z",
            Some(RefusedBecause::OtherInstant),
        ),
        (
            types::AUTHENTICATION_INSTANT,
            "yesterday",
            Some(RefusedBecause::OtherInstant),
        ),
        (
            types::AUTHENTICATION_INSTANT,
            "2026-01-02T02:50:00.123Z",
            None,
        ),
        (
            types::INSIDE_CORPORATE_NETWORK,
            "true",
            Some(RefusedBecause::OtherNetwork),
        ),
        (
            types::INSIDE_CORPORATE_NETWORK,
            "TRUE",
            Some(RefusedBecause::OtherNetwork),
        ),
        (
            types::INSIDE_CORPORATE_NETWORK,
            "1",
            Some(RefusedBecause::OtherNetwork),
        ),
        (types::INSIDE_CORPORATE_NETWORK, "false", None),
        (types::PSSO, "true", Some(RefusedBecause::OtherPersistence)),
        (types::PSSO, "false", None),
        (
            types::USER_IP,
            "10.0.0.1",
            Some(RefusedBecause::OtherRequest),
        ),
        (types::USER_IP, "192.0.2.7", None),
        (
            "http://schemas.microsoft.com/2012/01/requestcontext/claims/x-ms-proxy",
            "wap",
            Some(RefusedBecause::OtherRequest),
        ),
        (
            "http://schemas.microsoft.com/2012/01/requestcontext/claims/x-ms-client-ip",
            "10.0.0.1",
            Some(RefusedBecause::OtherRequest),
        ),
        (
            "http://schemas.microsoft.com/claims/AuthnMethodsReferences",
            authn::MULTIPLE,
            Some(RefusedBecause::MethodNotPerformed),
        ),
        (
            "http://schemas.microsoft.com/claims/authnmethodsreferences ",
            authn::MULTIPLE,
            Some(RefusedBecause::MethodNotPerformed),
        ),
    ];
    run(async {
        let house = House::new();
        let alice = house.alice().await;
        for (claim_type, value, expected) in cases {
            let mut party = wiki(&issue(claim_type, value));
            let request = saml_request(&party);
            let release = house.permit(&party, &request, &alice).await.unwrap();
            let refused = release
                .refused_claims()
                .iter()
                .map(|one| one.because)
                .next();
            assert_eq!(refused, *expected, "{claim_type} = {value}");
            let response = house.signer.sign_saml_response(&release, NOW).unwrap();
            let document = parse(&response.xml);
            let assertion = at(document.root(), &["Assertion"]);
            assert_eq!(
                claims(assertion).is_empty(),
                expected.is_some(),
                "{claim_type} = {value}"
            );
            assert_eq!(
                response.facts.refused_claims.len(),
                usize::from(expected.is_some())
            );
            let class = at(
                assertion,
                &["AuthnStatement", "AuthnContext", "AuthnContextClassRef"],
            );
            assert_eq!(text(class), authn::PASSWORD_PROTECTED_TRANSPORT);

            // An admin may let just this type pass for just this party.
            party.trusted_evidence_claims = vec![claim_type.trim().to_owned()];
            let release = house.permit(&party, &request, &alice).await.unwrap();
            assert!(release.refused_claims().is_empty());
            assert_eq!(release.claims().len(), 1);
        }
    });
}

/// The network and the persistence of the session as they are, passed through by Entra's rules.
#[test]
fn true_network_and_persistence_reach_entra() {
    run(async {
        let house = House::new();
        for (location, persistent) in [
            (NetworkLocation::Inside, true),
            (NetworkLocation::Inside, false),
            (NetworkLocation::Outside, true),
        ] {
            let user = house
                .sign_in_as("CORP\\alice", location)
                .await
                .kept_signed_in(persistent);
            let party = entra();
            let request = wsfed_request(&party, TokenType::Saml11);
            let release = house.permit(&party, &request, &user).await.unwrap();
            let value = |claim_type: &str| {
                let mut found = release
                    .claims()
                    .iter()
                    .filter(|claim| &*claim.claim_type == claim_type);
                found.next().map(|claim| claim.value.to_string())
            };
            let inside = (location == NetworkLocation::Inside).to_string();
            assert_eq!(value(types::INSIDE_CORPORATE_NETWORK), Some(inside));
            assert_eq!(value(types::PSSO), persistent.then(|| "true".to_owned()));
            assert!(release.refused_claims().is_empty());
        }
    });
}

/// A trusted method of the rules shows in the authentication statement; it never answers a request that the evidence
/// does not.
#[test]
fn a_trusted_method_is_stated_but_answers_no_demand() {
    run(async {
        let house = House::new();
        let alice = house.alice().await;
        let mut party = wiki(&issue(types::AUTHENTICATION_METHOD, authn::MULTIPLE));
        party.trusted_evidence_claims = vec![types::AUTHENTICATION_METHOD.to_owned()];
        let mut request = saml_request(&party);
        let release = house.permit(&party, &request, &alice).await.unwrap();
        assert_eq!(release.context_class(), authn::MULTIPLE);
        request.authentication.methods = vec![authn::MULTIPLE.to_owned()];
        let refusal = house.permit(&party, &request, &alice).await.unwrap_err();
        assert!(matches!(refusal, Refusal::MethodNotPerformed { .. }));
    });
}

/// WSF-13: the issuer comes from the table by the account's own UPN; a domain missing there refuses
/// by name, whatever an `issuerid` claim says.
#[test]
fn sec_wsf_13_the_domain_table_chooses_the_issuer() {
    run(async {
        let mut house = House::new();
        let mut party = entra();
        let anchored = issue(types::IMMUTABLE_ID, "{}");
        let cases = [
            (
                "CORP\\alice",
                "alice@contoso.com",
                Some("http://contoso.com/adfs/services/trust/"),
            ),
            (
                "CORP\\bob",
                "bob@fabrikam.co.uk",
                Some("http://fabrikam.co.uk/adfs/services/trust/"),
            ),
            ("CORP\\carol", "carol@elsewhere.test", None),
        ];
        for (name, upn, issuer) in cases {
            let user = house.sign_in_as(name, NetworkLocation::Outside).await;
            let id = user.account().id;
            let anchor = base64(id.as_octets());
            party.issuance_transform_rules = [
                anchored.replace("{}", &anchor),
                issue(types::ENTRA_UPN, upn),
                issue(
                    types::ISSUER_ID,
                    "http://contoso.com/adfs/services/trust/evil",
                ),
            ]
            .concat();
            let request = wsfed_request(&party, TokenType::Saml11);
            match (house.permit(&party, &request, &user).await, issuer) {
                (Ok(release), Some(issuer)) => {
                    assert_eq!(release.issuer(), issuer);
                    let token = house.signer.sign_token(&release, NOW).unwrap();
                    assert_eq!(parse(&token.xml).root().attribute("Issuer"), Some(issuer));
                    assert!(!token.xml.contains("evil"));
                }
                (Err(Refusal::DomainNotFederated { domain }), None) => {
                    assert_eq!(domain, "elsewhere.test");
                }
                (other, _) => panic!("{name}: {other:?}"),
            }
        }
        // Without a UPN of its own there is no domain: the implicit one is no federated user.
        let dave = house
            .sign_in_as("CORP\\dave", NetworkLocation::Outside)
            .await;
        let request = wsfed_request(&party, TokenType::Saml11);
        let refusal = house.permit(&party, &request, &dave).await.unwrap_err();
        assert!(
            matches!(refusal, Refusal::NoUserPrincipalName { .. }),
            "{refusal:?}"
        );
        // The table is read at every release.
        house.domains.insert(FederatedDomain {
            name: "elsewhere.test".into(),
            issuer_uri: "urn:elsewhere".into(),
            covers_subdomains: false,
        });
        let carol = house
            .sign_in_as("CORP\\carol", NetworkLocation::Outside)
            .await;
        party.issuance_transform_rules = [
            anchored.replace("{}", &base64(carol.account().id.as_octets())),
            issue(types::ENTRA_UPN, "carol@elsewhere.test"),
        ]
        .concat();
        let release = house.permit(&party, &request, &carol).await.unwrap();
        assert_eq!(release.issuer(), "urn:elsewhere");
    });
}

/// A party that does not choose by domain gets the service's own name.
#[test]
fn other_parties_see_the_entity_id_as_issuer() {
    run(async {
        let house = House::new();
        let party = wiki(&issue("urn:a", "1"));
        let carol = house
            .sign_in_as("CORP\\carol", NetworkLocation::Outside)
            .await;
        let release = house
            .permit(&party, &saml_request(&party), &carol)
            .await
            .unwrap();
        assert_eq!(release.issuer(), ENTITY_ID);
    });
}

/// WSF-14: the anchor is of the object that signed in, or there is no token.
#[test]
fn sec_wsf_14_the_immutable_id_is_the_accounts_own() {
    const CONSISTENCY: &str = "AAECAwQFBgcICQoLDA0ODw==";
    const FOREIGN: &str = "/////////////////////w==";
    run(async {
        let house = House::new();
        let alice = house.alice().await;
        let party = entra();
        let request = wsfed_request(&party, TokenType::Saml11);
        let anchor = |release: &signet_issuance::PermittedRelease| {
            let found = release
                .claims()
                .iter()
                .find(|one| &*one.claim_type == types::IMMUTABLE_ID);
            found.map(|claim| claim.value.to_string())
        };

        // objectGUID where there is nothing better.
        let release = house.permit(&party, &request, &alice).await.unwrap();
        assert_eq!(anchor(&release).as_deref(), Some(ANCHOR));
        // mS-DS-ConsistencyGuid where the directory has one.
        house.stores.set("mS-DS-ConsistencyGuid", &[CONSISTENCY]);
        let release = house.permit(&party, &request, &alice).await.unwrap();
        assert_eq!(anchor(&release).as_deref(), Some(CONSISTENCY));
        assert_eq!(
            release.name_id().map(|one| one.value.as_str()),
            Some(CONSISTENCY)
        );
        // The directory's answer is about another object: it proves nothing.
        house.stores.set("objectGUID", &[FOREIGN]);
        let refusal = house.permit(&party, &request, &alice).await.unwrap_err();
        assert!(
            matches!(refusal, Refusal::IdentityOfAnother { .. }),
            "{refusal:?}"
        );
        // Nothing at all.
        house.stores.set("objectGUID", &[]);
        house.stores.set("mS-DS-ConsistencyGuid", &[]);
        let refusal = house.permit(&party, &request, &alice).await.unwrap_err();
        assert!(
            matches!(refusal, Refusal::ImmutableIdMissing { .. }),
            "{refusal:?}"
        );

        // A rule that states another anchor, as claim or as subject.
        house.stores.set("objectGUID", &[ANCHOR]);
        for claim_type in [types::IMMUTABLE_ID, types::NAME_IDENTIFIER] {
            let mut party = entra();
            party.issuance_transform_rules = issue(claim_type, FOREIGN);
            let request = wsfed_request(&party, TokenType::Saml11);
            let refusal = house.permit(&party, &request, &alice).await.unwrap_err();
            assert!(
                matches!(refusal, Refusal::IdentityOfAnother { .. }),
                "{refusal:?}"
            );
            // Another source of anchors is the admin's explicit choice.
            party.trusted_evidence_claims = vec![types::IMMUTABLE_ID.to_owned()];
            assert!(house.permit(&party, &request, &alice).await.is_ok());
        }
    });
}

/// CFG-11, the types that name a person or a group.
#[test]
fn sec_cfg_11_protected_types_come_from_the_account_alone() {
    run(async {
        let house = House::new();
        let alice = house.alice().await;
        let mut party = entra();
        let request = wsfed_request(&party, TokenType::Saml11);
        for upn_type in [types::ENTRA_UPN, types::UPN, "IDPEmail"] {
            party.issuance_transform_rules = [
                issue(types::IMMUTABLE_ID, ANCHOR),
                issue(upn_type, "ceo@contoso.com"),
            ]
            .concat();
            let request = match upn_type {
                "IDPEmail" => wsfed_request(&party, TokenType::Saml20),
                _ => request.clone(),
            };
            let refusal = house.permit(&party, &request, &alice).await.unwrap_err();
            assert!(
                matches!(refusal, Refusal::IdentityOfAnother { .. }),
                "{upn_type}: {refusal:?}"
            );
        }
        let own_group = alice.account().primary_group_sid.to_string();
        let own_sid = alice.account().sid.to_string();
        party.issuance_transform_rules = [
            issue(types::IMMUTABLE_ID, ANCHOR),
            issue(types::PRIMARY_SID, &format!("{ALICE_SID}-500")),
            issue(types::PRIMARY_SID, &own_sid),
            issue(types::GROUP_SID, &format!("{ALICE_SID}-512")),
            issue(types::GROUP_SID, &own_group),
            issue(types::PRIMARY_GROUP_SID, &format!("{ALICE_SID}-512")),
        ]
        .concat();
        let release = house.permit(&party, &request, &alice).await.unwrap();
        assert_eq!(release.refused_claims().len(), 3);
        assert!(
            release
                .refused_claims()
                .iter()
                .all(|one| one.because == RefusedBecause::OtherAccount)
        );
        let values = release.claims().iter().map(|claim| claim.value.to_string());
        assert_eq!(values.collect::<Vec<_>>(), [ANCHOR, &own_sid, &own_group]);
    });
}

/// SAML-14: what XML cannot carry is left out as a whole, the sign-in goes on, and the report says so.
#[test]
fn sec_saml_14_unwritable_values_are_left_out_and_the_sign_in_works() {
    let unwritable = [
        "a\u{0}b",
        "\u{1}",
        "admin\u{8}",
        "\u{b}",
        "\u{1f}x",
        "x\u{fffe}",
        "\u{ffff}",
    ];
    run(async {
        let house = House::new();
        let alice = house.alice().await;
        let rule = "c:[Type == \"http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname\"] => issue(store = \"Active Directory\", types = (\"urn:x/a\", \"urn:x/b\", \"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier\"), query = \";description,info,employeeID;{0}\", param = c.Value);";
        let party = wiki(rule);
        for token_type in [TokenType::Saml11, TokenType::Saml20] {
            let request = wsfed_request(&party, token_type);
            for value in unwritable {
                house.stores.set("description", &[value, "good"]);
                house.stores.set("info", &["fine\t\r\n"]);
                house.stores.set("employeeID", &[value]);
                let release = house.permit(&party, &request, &alice).await.unwrap();
                assert_eq!(release.refused_claims().len(), 2, "{value:?}");
                assert!(release.refused_claims().iter().all(|one| {
                    one.because == RefusedBecause::UnwritableCharacters && one.value.is_empty()
                }));
                assert_eq!(release.name_id(), None, "never somebody else's name");
                let token = house.signer.sign_token(&release, NOW).unwrap();
                let document = parse(&token.xml);
                let expected = [("urn:x/b", "fine\t\r\n"), ("urn:x/a", "good")];
                let expected =
                    expected.map(|(name, value)| (name.to_owned(), vec![value.to_owned()]));
                let mut got = claims(document.root());
                got.sort();
                let mut expected = expected.to_vec();
                expected.sort();
                assert_eq!(got, expected);
            }
            // One attribute of a mebibyte does not keep a person out.
            house
                .stores
                .set("description", &[&"x".repeat(1 << 20), "good"]);
            house.stores.set("employeeID", &["7"]);
            let release = house.permit(&party, &request, &alice).await.unwrap();
            assert_eq!(release.name_id().map(|one| one.value.as_str()), Some("7"));
            let token = house.signer.sign_token(&release, NOW).unwrap();
            assert!(token.xml.len() < 16_384);
        }
    });
}

/// A snapshot is of one account; it answers the same queries again without the directory, and no others.
#[test]
fn a_snapshot_answers_once_asked_and_only_for_its_own_account() {
    run(async {
        let house = House::new();
        let alice = house.alice().await;
        let party = entra();
        let request = wsfed_request(&party, TokenType::Saml11);
        let context = context(NetworkLocation::Outside);
        let snapshot = AccountSnapshot::new(alice.account().id);
        let occasion = house.occasion(&party, &request, &context, &snapshot);
        house.engine.permit(&occasion, &alice).await.unwrap();
        let asked = house
            .stores
            .asked
            .load(std::sync::atomic::Ordering::Relaxed);
        assert!(asked >= 2);
        house
            .stores
            .down
            .store(true, std::sync::atomic::Ordering::Relaxed);
        house.engine.permit(&occasion, &alice).await.unwrap();
        assert_eq!(
            house
                .stores
                .asked
                .load(std::sync::atomic::Ordering::Relaxed),
            asked
        );

        // A cold one meets the outage, and says that it is one.
        let refusal = house.permit(&party, &request, &alice).await.unwrap_err();
        assert!(
            matches!(refusal, Refusal::StoreUnreachable { .. }),
            "{refusal:?}"
        );
        assert_eq!(refusal.message().culprit, signet_model::Culprit::Directory);

        let bob = house
            .sign_in_as("CORP\\bob", NetworkLocation::Outside)
            .await;
        let refusal = house.engine.permit(&occasion, &bob).await.unwrap_err();
        assert!(matches!(refusal, Refusal::SnapshotOfAnother { .. }));
    });
}

fn base64(octets: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(octets)
}

/// Where a password ends within a fortnight, Entra hears when, and where it is changed if it can be.
#[test]
fn an_ending_password_is_told_and_a_lasting_one_is_not() {
    let types = [
        types::PASSWORD_EXPIRATION_TIME,
        types::PASSWORD_EXPIRATION_DAYS,
        types::PASSWORD_CHANGE_URL,
    ];
    run(async {
        let mut house = House::new();
        let party = entra();
        let request = wsfed_request(&party, TokenType::Saml11);
        let told = async |house: &House, name: &str| {
            let user = house.sign_in_as(name, NetworkLocation::Outside).await;
            let own = base64(user.account().id.as_octets());
            house.stores.set("objectGUID", &[&own]);
            house
                .stores
                .set("userPrincipalName", &[&user.account().effective_upn()]);
            let release = house.permit(&party, &request, &user).await.unwrap();
            let value = |claim_type: &str| {
                let mut all = release.claims().iter();
                all.find(|claim| &*claim.claim_type == claim_type)
                    .map(|claim| claim.value.to_string())
            };
            types.map(value)
        };
        let (days, seconds) = ("10".to_owned(), (10 * 86_400 + 5 * 3_600).to_string());
        assert_eq!(told(&house, "CORP\\alice").await, [None, None, None]);
        assert_eq!(
            told(&house, "CORP\\erin").await,
            [Some(seconds.clone()), Some(days.clone()), None]
        );
        let url = "https://fs.contoso.com/adfs/portal/updatepassword/";
        house.service.password_change_url = Some(url.into());
        assert_eq!(
            told(&house, "CORP\\erin").await,
            [Some(seconds), Some(days), Some(url.to_owned())]
        );
    });
}
