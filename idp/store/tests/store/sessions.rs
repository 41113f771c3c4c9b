//! Sessions and their participants.

use signet_model::{Protocol, RelyingPartyId, SessionId};
use signet_store::session::LOOP_WINDOW;
use signet_store::{
    AuditEvent, EventNumber, ListedSession, NewSession, Outcome, Secret, SecretHash, SignInPlace,
    Store, StoreError,
};
use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;

use crate::lab::{Lab, account, begin, event, issuance, new_session, noon, session};

const IDLE: Duration = Duration::hours(1);

fn signed_in(_: SessionId) -> AuditEvent {
    event(EventNumber::CREDENTIALS_SUCCESS)
}

async fn alive(store: &Store, key: SecretHash, now: OffsetDateTime) -> bool {
    store
        .load_session(key, None, IDLE, now)
        .await
        .unwrap()
        .is_some()
}

pub(crate) async fn a_session_is_found_by_its_cookie_until_it_ends(lab: Lab) {
    let store = lab.open().await;
    let cookie = Secret::random().unwrap();
    let new = new_session(account(7));
    begin(&store, cookie.key(), &new, noon()).await;
    let key = SecretHash::of_cookie(cookie.expose()).unwrap();
    let found = store
        .load_session(key, None, IDLE, noon())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.id, found.account, found.evidence.as_str()),
        (new.id, account(7), "e1.sealed")
    );
    assert_eq!(
        (found.created_at, found.expires_at, found.recent_tokens),
        (noon(), new.expires_at, 0)
    );
    assert!(!alive(&store, Secret::random().unwrap().key(), noon()).await);

    let party = RelyingPartyId::random();
    store
        .record_issuance(&issuance(key, party, "T1"))
        .await
        .unwrap();
    store
        .record_issuance(&issuance(key, party, "T2"))
        .await
        .unwrap();
    let told = store.end_session(key).await.unwrap().unwrap();
    assert_eq!(told.len(), 1);
    let told = &told[0];
    assert_eq!(
        (told.relying_party, told.protocol, told.tokens),
        (party, Protocol::Saml2, 2)
    );
    assert_eq!(
        (told.name_id.as_str(), told.session_index.as_str()),
        ("bob", "T2")
    );
    assert_eq!(store.end_session(key).await, Ok(None));
    assert!(!alive(&store, key, noon()).await);
}

pub(crate) async fn sec_ses_01_a_replaced_session_is_dead_and_its_participants_go_along(lab: Lab) {
    let store = lab.open().await;
    let old = session(&store, account(1)).await;
    store
        .record_issuance(&issuance(old, RelyingPartyId::random(), "T1"))
        .await
        .unwrap();
    let public_id = store
        .load_session(old, None, IDLE, noon())
        .await
        .unwrap()
        .unwrap()
        .id;
    let new = Secret::random().unwrap().key();
    let kept = store
        .replace_session(old, new, &new_session(account(1)), noon(), signed_in)
        .await
        .unwrap();
    assert_eq!(kept, public_id, "its SessionIndex values stay right");
    assert!(!alive(&store, old, noon()).await);
    assert!(alive(&store, new, noon()).await);
    assert_eq!(store.participants(new).await.unwrap().len(), 1);

    let stranger = Secret::random().unwrap().key();
    let another = new_session(account(2));
    let id = store
        .replace_session(new, stranger, &another, noon(), signed_in)
        .await
        .unwrap();
    assert_eq!(id, another.id);
    assert_ne!(id, public_id);
    assert!(!alive(&store, new, noon()).await);
    assert_eq!(
        store.participants(stranger).await,
        Ok(vec![]),
        "another person's partners are not told"
    );
}

/// An administrator or its owner ended it while a second factor was under way: it does not come back.
pub(crate) async fn sec_ses_04_a_session_that_was_ended_is_not_continued(lab: Lab) {
    let store = lab.open().await;
    let fresh = || Secret::random().unwrap().key();
    let new = new_session(account(1));
    let (alive_one, ended) = (
        session(&store, account(1)).await,
        session(&store, account(1)).await,
    );
    store.end_session(ended).await.unwrap();
    let (key, next) = (fresh(), fresh());
    let continued = store
        .continue_session(ended, key, &new, noon(), signed_in)
        .await;
    assert_eq!(continued, Ok(None));
    assert!(!alive(&store, key, noon()).await);

    // Of two at once one stands, whichever.
    let (one, other) = (fresh(), fresh());
    let (first, second) = tokio::join!(
        store.continue_session(alive_one, one, &new, noon(), signed_in),
        store.continue_session(alive_one, other, &new, noon(), signed_in)
    );
    let stands = [first.unwrap().is_some(), second.unwrap().is_some()];
    assert_eq!(stands.iter().filter(|stands| **stands).count(), 1);
    assert_eq!(
        [
            alive(&store, one, noon()).await,
            alive(&store, other, noon()).await
        ],
        stands
    );
    let standing = if stands[0] { one } else { other };

    // Neither is somebody else's, nor one whose time is over.
    let another = new_session(account(2));
    let theirs = store
        .continue_session(standing, next, &another, noon(), signed_in)
        .await;
    assert_eq!(theirs, Ok(None));
    assert!(alive(&store, standing, noon()).await);
    let late = noon() + Duration::days(30);
    let over = store
        .continue_session(standing, next, &new, late, signed_in)
        .await;
    assert_eq!(over, Ok(None));

    // Two that began and one that was added to: what did not come about left no row.
    let rows = store
        .count_audit(EventNumber::CREDENTIALS_SUCCESS, Outcome::Success)
        .await;
    assert_eq!(rows, Ok(3));
}

pub(crate) async fn sec_log_04_a_session_that_cannot_be_written_down_leaves_the_old_one(lab: Lab) {
    let store = lab.open().await;
    let old = session(&store, account(1)).await;
    let new = new_session(account(1));
    lab.by_hand("ALTER TABLE audit RENAME TO gone").await;
    let key = Secret::random().unwrap().key();
    let replaced = store
        .replace_session(old, key, &new, noon(), signed_in)
        .await;
    assert!(replaced.is_err());
    let continued = store
        .continue_session(old, key, &new, noon(), signed_in)
        .await;
    assert!(continued.is_err());
    lab.by_hand("ALTER TABLE gone RENAME TO audit").await;
    assert!(alive(&store, old, noon()).await && !alive(&store, key, noon()).await);
}

pub(crate) async fn sec_ses_04_idle_expired_and_ended_sessions_are_dead_after_a_restart_too(
    lab: Lab,
) {
    let store = lab.open().await;
    let (idle, ended, used) = (
        session(&store, account(1)).await,
        session(&store, account(1)).await,
        session(&store, account(1)).await,
    );
    store.end_session(ended).await.unwrap();
    let later = noon() + Duration::minutes(40);
    let row = store
        .load_session(used, None, IDLE, later)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(store.touch_session(&row, later).await, Ok(true));
    store.close().await;

    let store = lab.open().await;
    let hour = noon() + IDLE;
    assert!(alive(&store, idle, hour - Duration::milliseconds(1)).await);
    assert!(!alive(&store, idle, hour).await);
    assert!(!alive(&store, ended, noon()).await);
    assert!(alive(&store, used, hour + Duration::minutes(39)).await);
    let end = noon() + Duration::hours(8);
    let always = Duration::days(365);
    assert!(
        store
            .load_session(used, None, always, end - Duration::milliseconds(1))
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        store
            .load_session(used, None, always, end)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(store.sweep(IDLE, hour).await.unwrap().sessions, 1);
    assert!(alive(&store, used, hour).await);
}

pub(crate) async fn sec_cfg_15_a_session_written_by_hand_is_refused(lab: Lab) {
    let store = lab.open().await;
    for column in [
        "account = '00000000-0000-0000-0000-000000000000'",
        "expires_at = expires_at + 1",
        "last_seen_at = last_seen_at + 1",
        "evidence = 'e1.other'",
        "persistent = 1",
    ] {
        let key = session(&store, account(1)).await;
        lab.by_hand(&format!("UPDATE session SET {column}")).await;
        let refused = store.load_session(key, None, IDLE, noon()).await;
        assert!(
            matches!(
                refused,
                Err(StoreError::TamperedRow {
                    table: "session",
                    ..
                })
            ),
            "{column}: {refused:?}"
        );
        store.end_session(key).await.unwrap();
    }
    // The row of one cookie is no row for another.
    let (mine, other) = (
        session(&store, account(1)).await,
        session(&store, account(2)).await,
    );
    store.end_session(mine).await.unwrap();
    let hex: String = mine
        .as_octets()
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect();
    let literal = if lab.is_sqlite() {
        format!("x'{hex}'")
    } else {
        format!("'\\x{hex}'")
    };
    lab.by_hand(&format!("UPDATE session SET id_hash = {literal}"))
        .await;
    assert!(!alive(&store, other, noon()).await);
    assert!(matches!(
        store.load_session(mine, None, IDLE, noon()).await,
        Err(StoreError::TamperedRow { .. })
    ));

    let key = session(&store, account(1)).await;
    store
        .record_issuance(&issuance(key, RelyingPartyId::random(), "T"))
        .await
        .unwrap();
    lab.by_hand("UPDATE session_participant SET reply_to = 'https://evil.example/'")
        .await;
    let refused = store.end_session(key).await;
    assert!(matches!(
        refused,
        Err(StoreError::TamperedRow {
            table: "session_participant",
            ..
        })
    ));
    assert!(!alive(&store, key, noon()).await, "it ended all the same");
}

pub(crate) async fn touching_writes_once_a_minute(lab: Lab) {
    let store = lab.open().await;
    let key = session(&store, account(1)).await;
    let row = store
        .load_session(key, None, IDLE, noon())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        store
            .touch_session(&row, noon() + Duration::seconds(59))
            .await,
        Ok(false)
    );
    assert_eq!(
        store
            .touch_session(&row, noon() + Duration::seconds(60))
            .await,
        Ok(true)
    );
    assert_eq!(
        store
            .touch_session(&row, noon() + Duration::seconds(60))
            .await,
        Ok(false),
        "once for all nodes"
    );
    let row = store
        .load_session(key, None, IDLE, noon())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.last_seen_at, noon() + Duration::seconds(60));
    store.end_session(key).await.unwrap();
    assert_eq!(
        store.touch_session(&row, noon() + Duration::hours(1)).await,
        Ok(false),
        "an ended one stays ended"
    );
    assert!(!alive(&store, key, noon()).await);
}

pub(crate) async fn all_sessions_of_an_account_end_together(lab: Lab) {
    let store = lab.open().await;
    let (a, b, other) = (
        session(&store, account(1)).await,
        session(&store, account(1)).await,
        session(&store, account(2)).await,
    );
    store
        .record_issuance(&issuance(a, RelyingPartyId::random(), "T"))
        .await
        .unwrap();
    assert_eq!(store.end_sessions_of(account(1)).await, Ok(2));
    assert!(!alive(&store, a, noon()).await && !alive(&store, b, noon()).await);
    assert!(alive(&store, other, noon()).await);
    assert_eq!(store.participants(a).await, Ok(vec![]));
    assert_eq!(store.end_all_sessions().await, Ok(1));
}

pub(crate) async fn tokens_in_the_loop_window_are_counted(lab: Lab) {
    let store = lab.open().await;
    let key = session(&store, account(1)).await;
    let (wiki, mail) = (RelyingPartyId::random(), RelyingPartyId::random());
    let at = |seconds: i64| noon() + Duration::seconds(seconds);
    let recent = async |party, seconds| {
        store
            .load_session(key, Some(party), IDLE, at(seconds))
            .await
            .unwrap()
            .unwrap()
            .recent_tokens
    };
    for (party, seconds) in [(wiki, 0), (wiki, 5), (mail, 6), (wiki, 10)] {
        let mut issued = issuance(key, party, "T");
        issued.event.at = at(seconds);
        store.record_issuance(&issued).await.unwrap();
    }
    assert_eq!((recent(wiki, 11).await, recent(mail, 11).await), (3, 1));
    assert_eq!(recent(wiki, LOOP_WINDOW.whole_seconds()).await, 0);
    let mut issued = issuance(key, wiki, "T");
    issued.event.at = at(25);
    store.record_issuance(&issued).await.unwrap();
    assert_eq!(recent(wiki, 26).await, 1);
    assert_eq!(
        store
            .participants(key)
            .await
            .unwrap()
            .iter()
            .map(|one| one.tokens)
            .collect::<Vec<_>>(),
        [4, 1]
    );
}

/// Lookups of one moment share queries: each gets its own session, its own count, or its own refusal.
pub(crate) async fn sessions_looked_up_at_once_are_told_apart(lab: Lab) {
    let store = lab.open().await;
    let (wiki, mail) = (RelyingPartyId::random(), RelyingPartyId::random());
    let mut keys = Vec::new();
    for number in 0..40 {
        let key = session(&store, account(number)).await;
        for _ in 0..number % 3 {
            let issued = issuance(key, wiki, "T");
            store.record_issuance(&issued).await.unwrap();
        }
        keys.push(key);
    }
    let forged = keys[13];
    lab.by_hand(&format!(
        "UPDATE session SET expires_at = expires_at + 1 WHERE account = '{}'",
        account(13)
    ))
    .await;
    let mut lookups = JoinSet::new();
    for number in 0..120 {
        let key = match number % 4 {
            3 => Secret::random().unwrap().key(),
            _ => keys[number / 3],
        };
        let party = [None, Some(wiki), Some(mail)][number % 3];
        let store = store.clone();
        lookups.spawn(async move {
            let found = store.load_session(key, party, IDLE, noon()).await;
            (number, key, found)
        });
    }
    let mut seen = 0;
    for (number, key, found) in lookups.join_all().await {
        seen += 1;
        if number % 4 == 3 {
            assert_eq!(found, Ok(None), "{number}");
        } else if key == forged {
            assert!(
                matches!(found, Err(StoreError::TamperedRow { .. })),
                "{number}"
            );
        } else {
            let found = found.unwrap().unwrap();
            let of = u8::try_from(number / 3).unwrap();
            let tokens = if number % 3 == 1 { of % 3 } else { 0 };
            assert_eq!((found.key, found.account), (key, account(of)), "{number}");
            assert_eq!(found.recent_tokens, u32::from(tokens), "{number}");
        }
    }
    assert_eq!(seen, 120);
}

fn place(address: &str) -> SignInPlace {
    SignInPlace {
        address: Some(address.into()),
        browser: Some("Firefox".into()),
        platform: None,
    }
}

async fn listed(store: &Store, own: Option<SecretHash>, most: u32) -> Vec<ListedSession> {
    store
        .sessions_of(account(1), own, most, IDLE, noon())
        .await
        .unwrap()
}

pub(crate) async fn an_account_sees_its_living_sessions_with_place_and_partners(lab: Lab) {
    let store = lab.open().await;
    let make = async |address: &str, minute: i64| {
        let key = Secret::random().unwrap().key();
        let new = NewSession {
            place: place(address),
            ..new_session(account(1))
        };
        let at = noon() + Duration::minutes(minute);
        begin(&store, key, &new, at).await;
        key
    };
    let own = make("192.0.2.1", -30).await;
    let other = make("2001:db8::1", -10).await;
    let newest = make(&"9".repeat(500), -5).await;
    make("192.0.2.9", -61).await;
    session(&store, account(2)).await;
    let (wiki, mail) = (RelyingPartyId::random(), RelyingPartyId::random());
    for (key, party) in [(own, wiki), (other, mail), (own, mail)] {
        let mut issued = issuance(key, party, "T");
        issued.event.at = noon() + Duration::seconds(if party == wiki { 0 } else { 1 });
        store.record_issuance(&issued).await.unwrap();
    }
    let all = listed(&store, Some(own), 9).await;
    let keys: Vec<_> = all.iter().map(|one| one.session.key).collect();
    assert_eq!(
        keys,
        [own, newest, other],
        "idle ones and other people's are not here"
    );
    assert_eq!(all[0].place, place("192.0.2.1"));
    assert_eq!(all[1].place.address.as_ref().unwrap().len(), 64, "bounded");
    let parties = |at: usize| -> Vec<_> {
        let told = all[at].participants.iter();
        told.map(|one| one.relying_party).collect()
    };
    assert_eq!((parties(0), parties(2)), (vec![wiki, mail], vec![mail]));
    assert_eq!(listed(&store, Some(own), 1).await[0].session.key, own);
    assert_eq!(listed(&store, None, 1).await[0].session.key, newest);
    // A step-up takes the place of the one it makes stronger.
    let stronger = Secret::random().unwrap().key();
    let new = NewSession {
        place: place("192.0.2.7"),
        ..new_session(account(1))
    };
    store
        .replace_session(own, stronger, &new, noon(), signed_in)
        .await
        .unwrap();
    let first = &listed(&store, Some(stronger), 9).await[0];
    assert_eq!((&first.place, first.participants.len()), (&new.place, 2));
}

pub(crate) async fn only_an_accounts_own_sessions_are_ended_by_their_public_id(lab: Lab) {
    let store = lab.open().await;
    let (kept, ended, others) = (
        session(&store, account(1)).await,
        session(&store, account(1)).await,
        session(&store, account(2)).await,
    );
    let id = async |key| {
        let found = store.load_session(key, None, IDLE, noon()).await.unwrap();
        found.unwrap().id
    };
    assert_eq!(
        store.session_key(account(1), id(ended).await).await,
        Ok(Some(ended))
    );
    assert_eq!(
        store.session_key(account(1), id(others).await).await,
        Ok(None)
    );
    assert_eq!(
        store.session_key(account(1), SessionId::random()).await,
        Ok(None)
    );
    session(&store, account(1)).await;
    assert_eq!(store.end_other_sessions_of(account(1), kept).await, Ok(2));
    assert!(alive(&store, kept, noon()).await && alive(&store, others, noon()).await);
    assert!(!alive(&store, ended, noon()).await);
}

pub(crate) async fn sec_cfg_15_a_listed_session_written_by_hand_misleads_nobody(lab: Lab) {
    let store = lab.open().await;
    let key = session(&store, account(1)).await;
    lab.by_hand("UPDATE session SET place_address = '192.0.2.66'")
        .await;
    let all = listed(&store, None, 9).await;
    assert_eq!(all[0].place, SignInPlace::default());
    assert!(
        alive(&store, key, noon()).await,
        "the place decides nothing"
    );
    // As the release before writes it.
    lab.by_hand("UPDATE session SET place_address = NULL, place_mac = NULL")
        .await;
    assert_eq!(
        listed(&store, None, 9).await[0].place,
        SignInPlace::default()
    );
    lab.by_hand("UPDATE session SET expires_at = expires_at + 1")
        .await;
    assert_eq!(listed(&store, None, 9).await, []);
}
