//! Metadata that came again, or that meets what is registered.

use super::import;
use crate::support::{acs, sp, sp_with};
use signet_metadata::partners::{Change, Conflict, changes, find_conflicts};
use signet_model::RelyingParty;

#[test]
fn sec_cfg_05_same_or_lookalike_identifiers_are_found() {
    let known = RelyingParty::new("Wiki", "urn:wiki");
    let mut other = RelyingParty::new("Shop", "https://Shop.example/");
    let found = |new: &RelyingParty| find_conflicts(new, [&known, &other]);
    assert_eq!(found(&RelyingParty::new("New", "urn:new")), []);
    let same = Conflict::SameIdentifier {
        identifier: "urn:wiki".into(),
        other: "Wiki".into(),
    };
    assert_eq!(
        found(&RelyingParty::new("New", "urn:wiki")),
        std::slice::from_ref(&same)
    );
    assert_eq!(
        found(&RelyingParty::new("wIKI", "urn:wiki")),
        [
            Conflict::SameName {
                other: "Wiki".into()
            },
            same
        ]
    );
    let case = Conflict::IdentifierDiffersByCase {
        identifier: "https://shop.EXAMPLE/".into(),
        existing: "https://Shop.example/".into(),
        other: "Shop".into(),
    };
    assert_eq!(
        found(&RelyingParty::new("New", "https://shop.EXAMPLE/")),
        [case]
    );
    let earlier = other.clone();
    other.identifiers.push("urn:more".into());
    assert_eq!(find_conflicts(&other, [&known, &earlier]), []);
}

#[test]
fn sec_cfg_04_foreign_hosts_and_swapped_keys_wait_for_approval() {
    let known = import(&sp("urn:sp")).unwrap().relying_party;
    let fresh = |content: &str| {
        import(&sp_with("urn:sp", "", content))
            .unwrap()
            .relying_party
    };
    assert_eq!(changes(&known, &known), []);
    let same_host = fresh(&format!(
        "{}{}",
        acs("0", "https://sp.example/acs"),
        acs("1", "https://sp.example/two")
    ));
    let found = changes(&known, &same_host);
    assert_eq!(
        found,
        [Change::EndpointAdded {
            location: "https://sp.example/two".into()
        }]
    );
    assert!(!found[0].needs_approval());
    let found = changes(
        &known,
        &fresh(&acs("0", "https://sp.example.evil.test/acs")),
    );
    assert!(
        found
            .iter()
            .any(|change| matches!(change, Change::ForeignOrigin { .. }) && change.needs_approval())
    );

    let mut keyed = known.clone();
    keyed.request_signing_certificates = vec!["one".into()];
    keyed.signed_requests_required = true;
    keyed.encryption_certificate = Some("seal".into());
    let mut rolled = keyed.clone();
    rolled.request_signing_certificates.push("two".into());
    assert_eq!(changes(&keyed, &rolled), [Change::SigningCertificateAdded]);
    let gained = changes(&known, &keyed);
    assert_eq!(
        gained,
        [
            Change::SigningCertificateAdded,
            Change::EncryptionCertificateAdded,
            Change::SignedRequestsRequired
        ]
    );
    assert!(!gained.iter().any(Change::needs_approval));
    let mut rearranged = known.clone();
    rearranged.assertion_consumers[0].index = 7;
    assert_eq!(
        changes(&known, &rearranged),
        [Change::EndpointsRearranged],
        "nothing is applied that is not told"
    );
    let mut swapped = keyed.clone();
    swapped.request_signing_certificates = vec!["two".into()];
    assert_eq!(
        changes(&keyed, &swapped),
        [Change::SigningCertificatesReplaced]
    );
    let lost = changes(&keyed, &known);
    assert_eq!(
        lost,
        [
            Change::SigningCertificatesReplaced,
            Change::EncryptionCertificateRemoved,
            Change::SignedRequestsNoLongerRequired
        ]
    );
    assert!(lost.iter().all(Change::needs_approval));
    let mut named = keyed.clone();
    named.identifiers.push("urn:victim".into());
    assert_eq!(
        changes(&keyed, &named),
        [Change::IdentifierAdded {
            identifier: "urn:victim".into()
        }]
    );
}

#[test]
fn sec_cfg_03_metadata_of_another_entity_is_never_applied() {
    let known = import(&sp("urn:sp")).unwrap().relying_party;
    let other = import(&sp("urn:other")).unwrap().relying_party;
    let found = changes(&known, &other);
    assert_eq!(
        found,
        [Change::OtherEntity {
            entity_id: "urn:other".into()
        }]
    );
    assert!(found[0].needs_approval());
}
