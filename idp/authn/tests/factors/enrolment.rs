//! Who may enrol and remove factors, and that ceremonies belong to one sign-in of one person.

use std::time::Duration as StdDuration;

use signet_authn::AuthenticatedUser;
use signet_authn::factors::{
    EnrolmentPermit, EnrolmentRefused, EnrolmentRule, EnrolmentStep, FactorFailure,
    RecentSecondFactor, SecondFactors,
};
use signet_model::{FactorKind, NetworkLocation};
use time::{Duration, OffsetDateTime};

use crate::fake::noon;
use crate::lab::{App, FLOW, Lab, check, enrol_app, permit, somebody};

const TOTP: FactorKind = FactorKind::Totp;

struct Case<'a> {
    second: Option<RecentSecondFactor>,
    location: NetworkLocation,
    now: OffsetDateTime,
    user: &'a AuthenticatedUser,
}

async fn decide(node: &SecondFactors, case: &Case<'_>) -> Result<bool, EnrolmentRefused> {
    let offers = node.offers(case.user).await.unwrap();
    EnrolmentPermit::decide(
        &EnrolmentRule::default(),
        case.user,
        &offers,
        case.second,
        case.location,
        case.now,
    )
    .map(|permit| permit.first())
}

#[tokio::test]
async fn a_factor_is_enrolled_after_what_the_account_has_and_never_after_less() {
    use NetworkLocation::{Inside, Outside};
    let lab = Lab::new().await;
    let (node, alice, bob) = (lab.node(), somebody("alice").await, somebody("bob").await);
    let case = |now, location, second| Case {
        second,
        location,
        now,
        user: &alice,
    };
    let late = noon() + Duration::minutes(11);
    assert_eq!(decide(&node, &case(noon(), Inside, None)).await, Ok(true));
    assert_eq!(
        decide(&node, &case(noon(), Outside, None)).await,
        Err(EnrolmentRefused::NotFromHere)
    );
    assert_eq!(
        decide(&node, &case(late, Inside, None)).await,
        Err(EnrolmentRefused::FirstFactorTooOld)
    );
    let app = enrol_app(&node, &alice).await;
    let bobs = enrol_app(&node, &bob).await;
    let now = noon() + Duration::minutes(5);
    assert_eq!(
        decide(&node, &case(now, Inside, None)).await,
        Err(EnrolmentRefused::SecondFactorNeeded)
    );
    let proof = check(&node, &alice, TOTP, None, &app.code(now), now)
        .await
        .unwrap();
    let recent = Some(RecentSecondFactor::proved(&proof));
    assert_eq!(decide(&node, &case(now, Outside, recent)).await, Ok(false));
    let foreign = check(&node, &bob, TOTP, None, &bobs.code(now), now)
        .await
        .unwrap();
    let foreign = Some(RecentSecondFactor::proved(&foreign));
    assert_eq!(
        decide(&node, &case(now, Inside, foreign)).await,
        Err(EnrolmentRefused::SecondFactorNeeded),
        "another's second factor is none"
    );
    let offers = node.offers(&bob).await.unwrap();
    let mixed = EnrolmentPermit::decide(
        &EnrolmentRule::default(),
        &alice,
        &offers,
        recent,
        Inside,
        now,
    );
    assert_eq!(mixed.map(|_| ()), Err(EnrolmentRefused::AnotherAccount));
    assert!(RecentSecondFactor::in_evidence(&alice, |_| true).is_none());
}

#[tokio::test]
async fn a_permit_is_for_one_account_and_a_first_one_for_the_first() {
    let lab = Lab::new().await;
    let (node, alice, bob) = (lab.node(), somebody("alice").await, somebody("bob").await);
    let alices = permit(&node, &alice, None, noon()).await;
    let foreign = node
        .begin_enrolment(&alices, &bob, FLOW, TOTP, noon())
        .await;
    assert!(matches!(foreign, Err(FactorFailure::Enrolment(_))));
    let asked = node
        .begin_enrolment(&alices, &alice, FLOW, TOTP, noon())
        .await
        .unwrap();
    let late = App::scan(&asked);
    // A thief with the password is quicker in another window.
    let app = enrol_app(&node, &alice).await;
    let finished = node
        .finish_enrolment(
            &alices,
            &alice,
            FLOW,
            TOTP,
            &asked.ticket,
            &late.code(noon()),
            "late",
            noon(),
        )
        .await;
    assert!(matches!(finished, Err(FactorFailure::NoLongerTheFirst)));
    let id = node.offers(&alice).await.unwrap().records()[0].id;
    assert!(node.remove(&alices, &bob, id).await.is_err());
    // A permit for the first factor removes none: whoever has it has proved nothing.
    for (first, user) in [
        (permit(&node, &bob, None, noon()).await, &bob),
        (alices, &alice),
    ] {
        let refused = node.remove(&first, user, id).await;
        assert!(matches!(refused, Err(FactorFailure::Enrolment(_))));
    }
    let bobs_app = enrol_app(&node, &bob).await;
    let later = noon() + Duration::minutes(5);
    for (user, app, removes) in [(&bob, bobs_app, false), (&alice, app, true)] {
        let code = app.code(later);
        let proof = check(&node, user, TOTP, None, &code, later).await.unwrap();
        let proved = permit(&node, user, Some(&proof), later).await;
        assert_eq!(node.remove(&proved, user, id).await.unwrap(), removes);
    }
    assert!(!node.offers(&alice).await.unwrap().any());
}

#[tokio::test]
async fn sec_pwd_13_a_ceremony_of_one_sign_in_is_nothing_in_another() {
    let lab = Lab::new().await;
    let (node, alice, bob) = (lab.node(), somebody("alice").await, somebody("bob").await);
    let (alices, bobs) = (
        permit(&node, &alice, None, noon()).await,
        permit(&node, &bob, None, noon()).await,
    );
    let gone = |result: Result<EnrolmentStep, FactorFailure>| {
        matches!(result, Err(FactorFailure::CeremonyGone))
    };
    let begin = async || {
        let asked = node
            .begin_enrolment(&alices, &alice, FLOW, TOTP, noon())
            .await
            .unwrap();
        (App::scan(&asked), asked.ticket)
    };
    let (app, ticket) = begin().await;
    let code = app.code(noon());
    let swapped = node
        .finish_enrolment(&bobs, &bob, FLOW, TOTP, &ticket, &code, "mine", noon())
        .await;
    assert!(gone(swapped), "another person's");
    let finish = async |flow: &[u8], kind, ticket: &str, code: &_, now| {
        node.finish_enrolment(&alices, &alice, flow, kind, ticket, code, "mine", now)
            .await
    };
    assert!(gone(
        finish(b"another sign-in", TOTP, &ticket, &code, noon()).await
    ));
    let (app, ticket) = begin().await;
    let code = app.code(noon());
    assert!(gone(
        finish(FLOW, FactorKind::Passkey, &ticket, &code, noon()).await
    ));
    let (app, ticket) = begin().await;
    let late = noon() + Duration::minutes(5);
    assert!(gone(
        finish(FLOW, TOTP, &ticket, &app.code(late), late).await
    ));
    for ticket in ["", "x", &"A".repeat(43), &"A".repeat(100_000)] {
        assert!(gone(
            finish(FLOW, TOTP, ticket, &app.code(noon()), noon()).await
        ));
    }
    assert!(!node.offers(&alice).await.unwrap().any());
    assert!(!node.offers(&bob).await.unwrap().any());
    let (app, ticket) = begin().await;
    let wrong = finish(FLOW, TOTP, &ticket, &app.wrong_code(noon()), noon()).await;
    let Ok(EnrolmentStep::Again(again)) = wrong else {
        panic!("a typing error is not the end");
    };
    assert!(
        gone(finish(FLOW, TOTP, &ticket, &app.code(noon()), noon()).await),
        "used"
    );
    let code = App::scan(&again).code(noon());
    let done = finish(FLOW, TOTP, &again.ticket, &code, noon()).await;
    assert!(
        matches!(done, Ok(EnrolmentStep::Enrolled(_))),
        "the same secret again"
    );
}

#[tokio::test]
async fn a_factor_of_another_row_or_master_key_does_not_open() {
    let (lab, other) = (Lab::new().await, Lab::new().await);
    let (node, alice, bob) = (lab.node(), somebody("alice").await, somebody("bob").await);
    let app = enrol_app(&node, &alice).await;
    let now = noon() + StdDuration::from_secs(300);
    let record = lab
        .store
        .load_factors(alice.account().id)
        .await
        .unwrap()
        .remove(0);
    // Whoever holds the key of the row codes, but not the master key, cannot give a secret to another.
    let stolen = signet_model::FactorRecord {
        account: bob.account().id,
        ..record.clone()
    };
    let _ = lab.store.add_factor(&stolen, true).await.unwrap();
    let checked = check(&node, &bob, TOTP, None, &app.code(now), now).await;
    assert!(
        matches!(checked, Err(FactorFailure::UnreadableFactor { .. })),
        "{checked:?}"
    );
    let _ = other.store.add_factor(&record, true).await.unwrap();
    let checked = check(&other.node(), &alice, TOTP, None, &app.code(now), now).await;
    assert!(
        matches!(checked, Err(FactorFailure::UnreadableFactor { .. })),
        "{checked:?}"
    );
}
