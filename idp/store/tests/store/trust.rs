//! The trust configuration.

use serde_json::json;
use signet_model::{FederatedDomain, RelyingParty};
use signet_store::audit::AuditFilter;
use signet_store::{EventNumber, KeyRole, Outcome, Store, StoreError, StoredKey, TrustEdit};

use crate::lab::{Lab, editor, noon, tagger};

fn party(name: &str, identifier: &str) -> RelyingParty {
    RelyingParty::new(name, identifier)
}

fn put(party: &RelyingParty) -> TrustEdit {
    TrustEdit::PutRelyingParty(Box::new(party.clone()))
}

fn domain(name: &str) -> FederatedDomain {
    FederatedDomain {
        name: name.into(),
        issuer_uri: format!("http://{name}/adfs/services/trust/"),
        covers_subdomains: true,
    }
}

fn key(id: &str, role: KeyRole) -> StoredKey {
    StoredKey {
        id: id.into(),
        role,
        not_after: noon(),
        certificate: "Y2VydA".into(),
        wrapped: json!({ "nonce": "n", "text": format!("wrapped-secret-of-{id}") }),
    }
}

async fn edit(store: &Store, edits: &[TrustEdit]) -> Result<i64, StoreError> {
    let version = store.trust_version().await?;
    store.edit_trust(version, edits, &editor(), noon()).await
}

pub(crate) async fn edits_are_loaded_and_audited_with_before_and_after(lab: Lab) {
    let store = lab.open().await;
    let mut wiki = party("Wiki", "https://wiki.example");
    let setting = |value: u32| TrustEdit::PutSetting {
        key: "lockout.account".into(),
        value: json!(value),
    };
    assert_eq!(
        edit(
            &store,
            &[
                put(&wiki),
                TrustEdit::PutDomain(domain("contoso.com")),
                setting(9)
            ]
        )
        .await,
        Ok(1)
    );
    wiki.notes = "moved".into();
    assert_eq!(
        edit(
            &store,
            &[
                put(&wiki),
                setting(4),
                TrustEdit::RemoveDomain("contoso.com".into())
            ]
        )
        .await,
        Ok(2)
    );

    let trust = store.load_trust().await.unwrap();
    assert_eq!((trust.version, store.trust_version().await), (2, Ok(2)));
    assert_eq!(trust.relying_parties, [wiki.clone()]);
    assert_eq!(trust.domains.iter().count(), 0);
    assert_eq!(trust.settings.get("lockout.account"), Some(&json!(4)));

    let filter = AuditFilter {
        event: Some(EventNumber::CONFIGURATION_CHANGED.0),
        ..AuditFilter::default()
    };
    let rows = store.list_audit(&filter, 100).await.unwrap();
    assert_eq!(rows.len(), 6);
    let change = &rows[2].details["change"];
    assert_eq!(
        (&change["before"]["notes"], &change["after"]["notes"]),
        (&json!(""), &json!("moved"))
    );
    assert_eq!(rows[0].details["change"]["after"], json!(null));
    assert_eq!(rows[0].details["editor"], json!("test"));

    store.close().await;
    assert_eq!(
        lab.open().await.load_trust().await.unwrap().relying_parties,
        [wiki]
    );
}

pub(crate) async fn of_two_edits_on_one_version_one_wins(lab: Lab) {
    let (one, other) = (lab.open().await, lab.open().await);
    let (wiki, mail) = (party("Wiki", "urn:wiki"), party("Mail", "urn:mail"));
    let who = editor();
    let edits = ([put(&wiki)], [put(&mail)]);
    let (first, second) = tokio::join!(
        one.edit_trust(0, &edits.0, &who, noon()),
        other.edit_trust(0, &edits.1, &who, noon())
    );
    let stale = Err(StoreError::StaleTrustVersion {
        expected: 0,
        found: 1,
    });
    assert!(
        (first == Ok(1) && second == stale) || (second == Ok(1) && first == stale),
        "{first:?} {second:?}"
    );
    assert_eq!(one.load_trust().await.unwrap().relying_parties.len(), 1);
}

pub(crate) async fn a_failed_edit_writes_nothing(lab: Lab) {
    let store = lab.open().await;
    let missing = TrustEdit::RemoveDomain("nowhere.example".into());
    let failed = edit(&store, &[put(&party("Wiki", "urn:wiki")), missing]).await;
    assert_eq!(
        failed,
        Err(StoreError::NoSuchEntry {
            kind: "domain",
            id: "nowhere.example".into()
        })
    );
    for refused in [
        put(&party(" ", "urn:x")),
        put(&party("X", "")),
        TrustEdit::PutDomain(domain("Contoso.com")),
    ] {
        assert!(matches!(
            edit(&store, &[refused]).await,
            Err(StoreError::Refused { .. })
        ));
    }
    let trust = store.load_trust().await.unwrap();
    assert_eq!((trust.version, trust.relying_parties.len()), (0, 0));
    assert_eq!(store.verify_audit().await.unwrap().rows, 0);
}

pub(crate) async fn sec_cfg_05_names_and_identifiers_are_unique_whatever_their_case(lab: Lab) {
    let store = lab.open().await;
    let wiki = party("Wiki", "https://wiki.example/SAML");
    edit(&store, &[put(&wiki)]).await.unwrap();
    for (other, space) in [
        (party("Other", "https://wiki.example/SAML"), "identifier"),
        (party("Other", "https://WIKI.example/saml"), "identifier"),
        (party("wIKI", "urn:other"), "name"),
        (party(" Wiki ", "urn:other"), "name"),
    ] {
        let refused = edit(&store, &[put(&other)]).await;
        assert!(
            matches!(&refused, Err(StoreError::NameTaken { space: taken, .. }) if *taken == space),
            "{refused:?}"
        );
    }
    let both = [put(&party("A", "urn:a")), put(&party("B", "URN:A"))];
    assert!(
        matches!(edit(&store, &both).await, Err(StoreError::NameTaken { .. })),
        "in one edit too"
    );
    // What one gives up, another may take.
    let freed = [
        TrustEdit::RemoveRelyingParty(wiki.id),
        put(&party("wiki", "https://wiki.example/saml")),
    ];
    edit(&store, &freed).await.unwrap();
}

pub(crate) async fn sec_cfg_15_a_changed_row_is_refused_by_name(lab: Lab) {
    let store = lab.open().await;
    let wiki = party("Wiki", "urn:wiki");
    let setting = TrustEdit::PutSetting {
        key: "lockout.account".into(),
        value: json!(4),
    };
    edit(&store, &[put(&wiki), setting]).await.unwrap();
    lab.by_hand("UPDATE trust_entry SET body = '4000' WHERE id = 'lockout.account'")
        .await;
    let row = "setting lockout.account".to_owned();
    assert_eq!(
        store.load_trust().await.unwrap_err(),
        StoreError::TamperedRow {
            table: "trust_entry",
            row
        }
    );
    lab.by_hand("UPDATE trust_entry SET body = '4' WHERE id = 'lockout.account'")
        .await;
    store.load_trust().await.unwrap();

    lab.by_hand("UPDATE trust_entry SET body = replace(body, 'urn:wiki', 'urn:evil') WHERE kind = 'relying-party'").await;
    let row = format!("relying-party {}", wiki.id);
    assert_eq!(
        store.load_trust().await.unwrap_err(),
        StoreError::TamperedRow {
            table: "trust_entry",
            row
        }
    );
    lab.by_hand("UPDATE trust_entry SET body = replace(body, 'urn:evil', 'urn:wiki'), version = 0 WHERE kind = 'relying-party'").await;
    assert!(matches!(
        store.load_trust().await,
        Err(StoreError::TamperedRow {
            table: "trust_entry",
            ..
        })
    ));
}

pub(crate) async fn sec_cfg_15_an_inserted_row_is_refused_by_name(lab: Lab) {
    let store = lab.open().await;
    edit(&store, &[put(&party("Wiki", "urn:wiki"))])
        .await
        .unwrap();
    // With the code of another row, which is the best that somebody without the key has.
    lab.by_hand(
        "INSERT INTO trust_entry (kind, id, body, version, mac)
         SELECT 'domain', 'evil.example', '{\"name\":\"evil.example\",\"issuer_uri\":\"urn:evil\"}', version, mac FROM trust_entry",
    )
    .await;
    let row = "domain evil.example".to_owned();
    assert_eq!(
        store.load_trust().await.unwrap_err(),
        StoreError::TamperedRow {
            table: "trust_entry",
            row
        }
    );
}

pub(crate) async fn sec_cfg_15_a_removed_row_is_missed(lab: Lab) {
    let store = lab.open().await;
    edit(
        &store,
        &[
            put(&party("Wiki", "urn:wiki")),
            TrustEdit::PutSetting {
                key: "mfa".into(),
                value: json!(true),
            },
        ],
    )
    .await
    .unwrap();
    lab.by_hand("DELETE FROM trust_entry WHERE id = 'mfa'")
        .await;
    assert_eq!(
        store.load_trust().await.unwrap_err(),
        StoreError::TrustTampered
    );
    lab.by_hand("DELETE FROM trust_entry; DELETE FROM trust_state")
        .await;
    assert_eq!(
        store.load_trust().await.unwrap_err(),
        StoreError::TrustTampered
    );
    // Opening again does not begin a new, empty configuration in its place.
    assert_eq!(
        lab.open().await.load_trust().await.unwrap_err(),
        StoreError::TrustTampered
    );
}

pub(crate) async fn sec_cfg_15_an_older_row_put_back_is_found(lab: Lab) {
    let store = lab.open().await;
    let setting = |value: bool| TrustEdit::PutSetting {
        key: "mfa".into(),
        value: json!(value),
    };
    edit(&store, &[setting(false)]).await.unwrap();
    lab.by_hand("CREATE TABLE kept AS SELECT * FROM trust_entry")
        .await;
    edit(&store, &[setting(true)]).await.unwrap();
    lab.by_hand("DELETE FROM trust_entry; INSERT INTO trust_entry SELECT * FROM kept")
        .await;
    assert_eq!(
        store.load_trust().await.unwrap_err(),
        StoreError::TrustTampered
    );
}

pub(crate) async fn sec_cfg_15_nothing_is_added_to_a_tampered_configuration(lab: Lab) {
    let store = lab.open().await;
    edit(
        &store,
        &[TrustEdit::PutSetting {
            key: "mfa".into(),
            value: json!(true),
        }],
    )
    .await
    .unwrap();
    lab.by_hand("UPDATE trust_entry SET body = 'false'").await;
    let refused = edit(&store, &[put(&party("Wiki", "urn:wiki"))]).await;
    assert!(
        matches!(refused, Err(StoreError::TamperedRow { .. })),
        "{refused:?}"
    );
    assert_eq!(store.trust_version().await, Ok(1));
}

pub(crate) async fn sec_cfg_15_another_key_opens_nothing(lab: Lab) {
    let store = lab.open().await;
    edit(&store, &[put(&party("Wiki", "urn:wiki"))])
        .await
        .unwrap();
    let stranger = Store::open(&lab.url, tagger(2)).await.unwrap();
    assert!(matches!(
        stranger.load_trust().await,
        Err(StoreError::TamperedRow {
            table: "trust_state",
            ..
        })
    ));
}

pub(crate) async fn sec_cfg_16_an_older_configuration_is_refused_until_it_is_adopted(lab: Lab) {
    let store = lab.open().await;
    edit(&store, &[put(&party("Wiki", "urn:wiki"))])
        .await
        .unwrap();
    lab.by_hand("CREATE TABLE kept_entry AS SELECT * FROM trust_entry; CREATE TABLE kept_state AS SELECT * FROM trust_state").await;
    edit(&store, &[put(&party("Mail", "urn:mail"))])
        .await
        .unwrap();
    lab.by_hand(
        "DELETE FROM trust_entry; INSERT INTO trust_entry SELECT * FROM kept_entry;
         DELETE FROM trust_state; INSERT INTO trust_state SELECT * FROM kept_state",
    )
    .await;
    let rolled_back = StoreError::TrustRolledBack { seen: 2, found: 1 };
    assert_eq!(store.load_trust().await.unwrap_err(), rolled_back);
    assert_eq!(
        edit(&store, &[put(&party("X", "urn:x"))])
            .await
            .unwrap_err(),
        rolled_back
    );
    let fresh = lab.open().await;
    fresh.expect_trust_version(2);
    assert_eq!(
        fresh.load_trust().await.unwrap_err(),
        rolled_back,
        "a restart does not forget"
    );

    assert_eq!(fresh.adopt_restored_trust(&editor(), noon()).await, Ok(3));
    assert_eq!(store.load_trust().await.unwrap().relying_parties.len(), 1);
    assert_eq!(edit(&store, &[put(&party("X", "urn:x"))]).await, Ok(4));
}

pub(crate) async fn signing_keys_are_promoted_and_retired_in_one_step(lab: Lab) {
    let store = lab.open().await;
    let add = |id: &str, role| TrustEdit::AddSigningKey(key(id, role));
    let promote = |id: &str| TrustEdit::PromoteSigningKey(id.into());
    edit(
        &store,
        &[add("K1", KeyRole::Current), add("K2", KeyRole::Next)],
    )
    .await
    .unwrap();
    for refused in [
        add("K1", KeyRole::Next),
        add("K3", KeyRole::Current),
        add("K3", KeyRole::Next),
        add("K3", KeyRole::Retired),
        TrustEdit::RemoveSigningKey("K1".into()),
    ] {
        assert!(matches!(
            edit(&store, &[refused]).await,
            Err(StoreError::Refused { .. })
        ));
    }
    assert!(matches!(
        edit(&store, &[promote("K1")]).await,
        Err(StoreError::NoSuchEntry { .. })
    ));
    edit(&store, &[promote("K2")]).await.unwrap();
    let roles = |trust: &signet_store::TrustConfiguration| {
        trust
            .signing_keys
            .iter()
            .map(|key| (key.id.clone(), key.role))
            .collect::<Vec<_>>()
    };
    let trust = store.load_trust().await.unwrap();
    assert_eq!(
        roles(&trust),
        [
            ("K1".into(), KeyRole::Retired),
            ("K2".into(), KeyRole::Current)
        ]
    );
    assert_eq!(
        trust.signing_keys[0].wrapped,
        key("K1", KeyRole::Next).wrapped,
        "the wrapped key is unharmed"
    );
    edit(
        &store,
        &[
            TrustEdit::RemoveSigningKey("K1".into()),
            add("K3", KeyRole::Next),
            promote("K3"),
        ],
    )
    .await
    .unwrap();
    let trust = store.load_trust().await.unwrap();
    assert_eq!(
        roles(&trust),
        [
            ("K2".into(), KeyRole::Retired),
            ("K3".into(), KeyRole::Current)
        ]
    );

    lab.by_hand(
        "UPDATE trust_entry SET body = replace(body, 'retired', 'current') WHERE id = 'K2'",
    )
    .await;
    assert!(matches!(
        store.load_trust().await,
        Err(StoreError::TamperedRow { .. })
    ));
}

pub(crate) async fn sec_key_04_neither_dump_nor_audit_shows_what_only_the_key_row_holds(lab: Lab) {
    let store = lab.open().await;
    edit(
        &store,
        &[TrustEdit::AddSigningKey(key("K1", KeyRole::Current))],
    )
    .await
    .unwrap();
    let cookie = signet_store::Secret::random().unwrap();
    let session = crate::lab::new_session(crate::lab::account(1));
    crate::lab::begin(&store, cookie.key(), &session, noon()).await;
    let parked = store.park_request(b"body", &[1; 32], noon()).await.unwrap();
    assert!(
        lab.dump("trust_entry")
            .await
            .contains("wrapped-secret-of-K1"),
        "the dump sees what there is"
    );
    let rest = [
        lab.dump("audit").await,
        lab.dump("session").await,
        lab.dump("parked_request").await,
    ]
    .concat();
    for secret in ["wrapped-secret-of-K1", cookie.expose(), parked.expose()] {
        assert!(!rest.contains(secret));
    }
    assert_eq!(
        store
            .count_audit(EventNumber::CONFIGURATION_CHANGED, Outcome::Success)
            .await,
        Ok(1)
    );
}
