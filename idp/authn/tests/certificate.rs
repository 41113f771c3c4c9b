//! Signing in by certificate, from the chain to the account: real certificates, the embedded directory.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test"
)]

#[path = "../../../certs/tests/pki/mod.rs"]
mod pki;

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use signet_authn::certificate::{
    CertificateAuthenticator, CertificateFailure, ConfiguredAuthorities, MappedBy, MappingPolicy,
    MappingRefusal, NotPassed, PassSeal, Possession, VerifiedCertificate,
};
use signet_certs::MasterKey;
use signet_certs::client::{ClientCertificate, JudgingPolicy, Refusal, mapping_strings};
use signet_directory::{Account, AccountState, Clock, Directories, Directory, Embedded};
use signet_model::{AccountId, Sid};
use time::Duration;

use pki::{Card, NOW, Pki, SID, Wanted};

const OTHER_SID: &str = "S-1-5-21-1-2-3-1105";

/// The LDIF of a domain with Carla (1104), Bob (1105), more people as given, and the authorities published in it.
fn ldif(pki: &Pki, carla: &str, more: &str) -> String {
    let services = "CN=Public Key Services,CN=Services,CN=Configuration,DC=corp,DC=example";
    let authority = |place: &str, certificate: &[u8]| {
        format!(
            "dn: {place},{services}\nobjectClass: certificationAuthority\ncACertificate:: {}\n\n",
            STANDARD.encode(certificate)
        )
    };
    format!(
        "dn: DC=corp,DC=example\nobjectClass: domainDNS\nobjectSid: S-1-5-21-1-2-3\n\n\
         dn: CN=Carla,DC=corp,DC=example\nobjectClass: user\nsAMAccountName: carla\nobjectSid: {SID}\n\
         userPrincipalName: carla@corp.example\nwhenCreated: 20200101000000.0Z\n{carla}\n\
         dn: CN=Bob,DC=corp,DC=example\nobjectClass: user\nsAMAccountName: bob\nobjectSid: {OTHER_SID}\n{more}\n\
         {}{}{}",
        authority("CN=NTAuthCertificates", &pki.issuing.certificate),
        authority(
            "CN=Root,CN=Certification Authorities",
            &pki.root.certificate
        ),
        authority("CN=Outside,CN=AIA", &pki.outside.certificate),
    )
}

/// Two forests: `own`, and one with people and authorities of its own, whose lists are served.
async fn two_forests(
    own: &str,
    other: &Pki,
    files: ConfiguredAuthorities,
) -> CertificateAuthenticator {
    let made = two_unread_forests(own, other, files);
    assert_eq!(made.refresh().await.failures.len(), 0);
    made
}

/// Before either directory has answered.
fn two_unread_forests(
    own: &str,
    other: &Pki,
    files: ConfiguredAuthorities,
) -> CertificateAuthenticator {
    let of_other = ldif(other, "", "")
        .replace("DC=corp,DC=example", "DC=partner,DC=example")
        .replace("S-1-5-21-1-2-3", "S-1-5-21-7-8-9")
        .replace("@corp.example", "@partner.example");
    let directory = |ldif: &str| -> Arc<dyn Directory> {
        let embedded = Embedded::from_ldif(ldif).unwrap();
        Arc::new(embedded.with_clock(Clock::fixed(NOW)))
    };
    let directories = vec![directory(own), directory(&of_other)];
    CertificateAuthenticator::new(
        Directories::new(directories),
        files,
        other.cache(),
        JudgingPolicy::default(),
        STRICT,
    )
}

fn published_roots() -> ConfiguredAuthorities {
    ConfiguredAuthorities {
        trust_directory_roots: true,
        ..ConfiguredAuthorities::default()
    }
}

async fn verdict_and_steps(
    authenticator: &CertificateAuthenticator,
    card: &Card,
) -> (
    Result<VerifiedCertificate, CertificateFailure>,
    Vec<&'static str>,
) {
    let chain = [card.certificate.clone()];
    let verdict = authenticator
        .sign_in(&chain, Possession::Handshake, NOW)
        .await;
    let told = authenticator
        .explain(&[card.certificate.to_vec()], NOW)
        .await;
    match &verdict {
        Ok(verified) => assert!(
            told.verdict
                .unwrap()
                .starts_with(verified.account().sam.as_str())
        ),
        Err(failure) => assert_eq!(told.verdict.unwrap_err(), failure.message()),
    }
    (verdict, told.steps.iter().map(|step| step.what).collect())
}

#[tokio::test]
async fn sec_crt_04_one_forests_issuers_say_nothing_about_another_forests_people() {
    let (own, other) = (Pki::new(), Pki::new());
    let here = ldif(&own, "", "");
    let authenticator = two_forests(&here, &other, published_roots()).await;
    // The other forest's authority names Carla of this one by her SID.
    let forged = Wanted::default().issue(&other.issuing);
    let (verdict, steps) = verdict_and_steps(&authenticator, &forged).await;
    let refused = verdict.unwrap_err();
    assert!(
        matches!(&refused, CertificateFailure::NotOfThisDirectory { directory, .. } if directory == "corp.example"),
        "{refused:?}"
    );
    let page = refused.message();
    assert_eq!(page.code, "SIG-CRT-NOT-OF-DIRECTORY");
    assert!(page.private.contains("corp.example"), "{}", page.private);
    assert!(refused.account().is_some(), "whom it was made for is known");
    assert!(steps.contains(&"directory's issuers"), "{steps:?}");
    // Its own people it may name.
    let honest = Wanted {
        sid: Some("S-1-5-21-7-8-9-1104"),
        upn: Some("carla@partner.example"),
        ..Wanted::default()
    }
    .issue(&other.issuing);
    let (verdict, steps) = verdict_and_steps(&authenticator, &honest).await;
    assert_eq!(
        verdict.unwrap().account().upn.as_deref(),
        Some("carla@partner.example")
    );
    assert!(steps.contains(&"directory's issuers"), "{steps:?}");
    // What an operator names in a file counts for everybody, and only together with a root that does.
    for (roots, accepted) in [
        (vec![other.root.certificate.to_vec()], true),
        (vec![], false),
    ] {
        let files = ConfiguredAuthorities {
            roots,
            ntauth: vec![other.issuing.certificate.to_vec()],
            ..published_roots()
        };
        let authenticator = two_forests(&here, &other, files).await;
        let (verdict, _) = verdict_and_steps(&authenticator, &forged).await;
        assert_eq!(verdict.is_ok(), accepted, "{:?}", verdict.err());
    }
}

/// A start at which no directory answers in time.
#[tokio::test]
async fn what_the_files_say_counts_before_any_directory_has_answered() {
    let (own, other) = (Pki::new(), Pki::new());
    let files = ConfiguredAuthorities {
        roots: vec![other.root.certificate.to_vec()],
        ntauth: vec![other.issuing.certificate.to_vec()],
        ..published_roots()
    };
    let made = two_unread_forests(&ldif(&own, "", ""), &other, files);
    let card = Wanted::default().issue(&other.issuing);
    let (verdict, _) = verdict_and_steps(&made, &card).await;
    assert!(verdict.is_ok(), "{:?}", verdict.err());
}

#[tokio::test]
async fn sec_crt_04_a_directory_that_publishes_nothing_has_no_issuers() {
    let (own, other) = (Pki::new(), Pki::new());
    let published = ldif(&own, "", "");
    let bare = published.split("dn: CN=NTAuthCertificates").next().unwrap();
    let made = two_forests(bare, &other, published_roots()).await;
    let (verdict, _) = verdict_and_steps(&made, &Wanted::default().issue(&other.issuing)).await;
    assert_eq!(
        verdict.unwrap_err().message().code,
        "SIG-CRT-NOT-OF-DIRECTORY"
    );
}

async fn authenticator(pki: &Pki, ldif: &str, mapping: MappingPolicy) -> CertificateAuthenticator {
    let embedded = Embedded::from_ldif(ldif).unwrap();
    let clock = Clock::fixed(NOW);
    let directory: Arc<dyn Directory> = Arc::new(embedded.with_clock(clock));
    let configured = ConfiguredAuthorities {
        trust_directory_roots: true,
        ..ConfiguredAuthorities::default()
    };
    let directories = Directories::new(vec![directory]);
    let made = CertificateAuthenticator::new(
        directories,
        configured,
        pki.cache(),
        JudgingPolicy::default(),
        mapping,
    );
    let nobody = made
        .sign_in(
            std::slice::from_ref(&pki.root.certificate),
            Possession::Handshake,
            NOW,
        )
        .await;
    assert_eq!(
        nobody.unwrap_err(),
        CertificateFailure::Refused(Refusal::NoAuthorities)
    );
    let refreshed = made.refresh().await;
    assert_eq!(
        (
            refreshed.counts,
            refreshed.left_out,
            refreshed.failures.len()
        ),
        ((1, 1, 1), 0, 0)
    );
    made
}

async fn sign_in(
    pki: &Pki,
    ldif: &str,
    mapping: MappingPolicy,
    card: &Card,
) -> Result<VerifiedCertificate, CertificateFailure> {
    let authenticator = authenticator(pki, ldif, mapping).await;
    let chain = [card.certificate.clone()];
    let verdict = authenticator
        .sign_in(&chain, Possession::Handshake, NOW)
        .await;
    let explained = authenticator
        .explain(&[card.certificate.to_vec()], NOW)
        .await;
    match (&verdict, &explained.verdict) {
        (Ok(verified), Ok(name)) => {
            assert_eq!(*name, format!("{} in corp.example", verified.account().sam))
        }
        (Err(failure), Err(page)) => {
            assert_eq!(*page, failure.message(), "explained otherwise than done")
        }
        other => panic!("explained otherwise than done: {other:?}"),
    }
    verdict
}

const STRICT: MappingPolicy = MappingPolicy {
    weak_identities: false,
    user_principal_name: false,
};
const LOOSE: MappingPolicy = MappingPolicy {
    weak_identities: true,
    user_principal_name: true,
};

fn identity(card: &Card, form: &str) -> String {
    let certificate = ClientCertificate::read(&card.certificate).unwrap();
    let lines = mapping_strings(&certificate);
    let line = lines.iter().find(|line| line.value.contains(form)).unwrap();
    format!("altSecurityIdentities: {}\n", line.value)
}

fn unmapped(pki: &Pki) -> Card {
    Wanted {
        sid: None,
        upn: None,
        ..Wanted::default()
    }
    .issue(&pki.issuing)
}

#[tokio::test]
async fn a_good_card_signs_its_person_in() {
    let pki = Pki::new();
    let card = Wanted::default().issue(&pki.issuing);
    let verified = sign_in(&pki, &ldif(&pki, "", ""), STRICT, &card)
        .await
        .unwrap();
    assert_eq!(
        (verified.account().sam.as_str(), verified.at()),
        ("carla", NOW)
    );
    assert_eq!(*verified.mapped_by(), MappedBy::Sid);
    let (id, sid) = (verified.account().id, &verified.account().sid);
    assert!(verified.check_belongs_to(id, sid).is_ok());
    let somebody = AccountId::from_directory_octets(&[7; 16]).unwrap();
    let elsewhere = Sid::parse("S-1-5-21-9-9-9-1104").unwrap();
    for (id, sid) in [(somebody, sid), (id, &elsewhere)] {
        assert!(matches!(
            verified.check_belongs_to(id, sid),
            Err(CertificateFailure::AnotherAccount { .. })
        ));
    }
    let context = verified.context();
    let value = |end: &str| {
        let found = context
            .claims()
            .iter()
            .find(|claim| claim.claim_type.ends_with(end));
        found.map(|claim| claim.value.clone())
    };
    assert_eq!(
        value("certificatecontext/field/issuer").unwrap(),
        "CN=\"Issuing, 1\", OU=Authorities, DC=corp"
    );
    assert_eq!(
        value("claims/serialnumber").unwrap(),
        verified.certificate().serial_text()
    );
    assert_eq!(value("extension/keyusage").unwrap(), "DigitalSignature");
    assert_eq!(
        value("field/rawdata").unwrap(),
        STANDARD.encode(&card.certificate)
    );
    assert!(context.clone().without_raw_data().claims().len() == context.claims().len() - 1);
}

#[tokio::test]
async fn sec_crt_02_a_sid_that_is_not_the_named_accounts_refuses_and_nothing_else_is_tried() {
    let pki = Pki::new();
    // The name is Carla's, the SID Bob's; Carla even has a strong mapping to it.
    let card = Wanted {
        sid: Some(OTHER_SID),
        ..Wanted::default()
    }
    .issue(&pki.issuing);
    for carla in [String::new(), identity(&card, "<SKI>")] {
        let refused = sign_in(&pki, &ldif(&pki, &carla, ""), LOOSE, &card)
            .await
            .unwrap_err();
        assert!(
            matches!(&refused, CertificateFailure::Mapping(MappingRefusal::SidMismatch { other, .. }) if other.starts_with("carla")),
            "{refused:?}"
        );
        assert_eq!(refused.message().code, "SIG-CRT-SID-MISMATCH");
    }
    // No account has the SID: the name does not stand in for it.
    let ghost = Wanted {
        sid: Some("S-1-5-21-1-2-3-9999"),
        upn: None,
        ..Wanted::default()
    }
    .issue(&pki.issuing);
    let refused = sign_in(&pki, &ldif(&pki, "", ""), LOOSE, &ghost)
        .await
        .unwrap_err();
    assert_eq!(refused.message().code, "SIG-CRT-NO-ACCOUNT");
}

#[tokio::test]
async fn sec_crt_03_strong_identities_map_and_weak_ones_only_when_allowed() {
    let pki = Pki::new();
    let card = unmapped(&pki);
    for form in ["<SR>", "<SKI>", "<SHA1-PUKEY>"] {
        let ldif = ldif(&pki, &identity(&card, form), "");
        let verified = sign_in(&pki, &ldif, STRICT, &card).await.unwrap();
        assert_eq!(verified.account().sam, "carla", "{form}");
    }
    for form in [
        "<I>DC=corp,OU=Authorities,CN=\"Issuing, 1\"<S>",
        "X509:<S>",
        "<RFC822>",
    ] {
        let ldif = ldif(&pki, &identity(&card, form), "");
        let refused = sign_in(&pki, &ldif, STRICT, &card).await.unwrap_err();
        assert_eq!(refused.message().code, "SIG-CRT-WEAK-MAPPING", "{form}");
        assert_eq!(
            sign_in(&pki, &ldif, LOOSE, &card)
                .await
                .unwrap()
                .account()
                .sam,
            "carla",
            "{form}"
        );
        // An account made after the certificate: the name may have been another's.
        let young = ldif.replace("20200101", "20260601");
        let refused = sign_in(&pki, &young, LOOSE, &card).await.unwrap_err();
        assert_eq!(
            refused.message().code,
            "SIG-CRT-OLDER-THAN-ACCOUNT",
            "{form}"
        );
    }
}

#[tokio::test]
async fn sec_crt_01_a_name_alone_signs_nobody_in_unless_allowed() {
    let pki = Pki::new();
    let card = Wanted {
        sid: None,
        ..Wanted::default()
    }
    .issue(&pki.issuing);
    let ldif = ldif(&pki, "", "");
    let refused = sign_in(&pki, &ldif, STRICT, &card).await.unwrap_err();
    assert_eq!(refused.message().code, "SIG-CRT-WEAK-MAPPING");
    let verified = sign_in(&pki, &ldif, LOOSE, &card).await.unwrap();
    assert_eq!(
        *verified.mapped_by(),
        MappedBy::UserPrincipalName("carla@corp.example".to_owned())
    );
    let ghost = Wanted {
        sid: None,
        upn: Some("ghost@corp.example"),
        ..Wanted::default()
    }
    .issue(&pki.issuing);
    assert_eq!(
        sign_in(&pki, &ldif, LOOSE, &ghost)
            .await
            .unwrap_err()
            .message()
            .code,
        "SIG-CRT-NO-ACCOUNT"
    );
}

#[tokio::test]
async fn sec_crt_10_a_certificate_of_two_accounts_is_nobodys() {
    let pki = Pki::new();
    let card = unmapped(&pki);
    let ldif = ldif(&pki, &identity(&card, "<SR>"), &identity(&card, "<SKI>"));
    let refused = sign_in(&pki, &ldif, LOOSE, &card).await.unwrap_err();
    assert!(
        matches!(&refused, CertificateFailure::Mapping(MappingRefusal::TwoAccounts { accounts }) if accounts.contains("bob") && accounts.contains("carla"))
    );
    assert_eq!(refused.message().code, "SIG-CRT-TWO-ACCOUNTS");
}

#[tokio::test]
async fn the_state_of_the_account_is_asked_too() {
    let pki = Pki::new();
    let card = Wanted::default().issue(&pki.issuing);
    for (attribute, code) in [
        ("userAccountControl: 514", "SIG-CRT-ACCOUNT-DISABLED"),
        (
            "accountExpires: 132539328000000000",
            "SIG-CRT-ACCOUNT-EXPIRED",
        ),
        ("userAccountControl: 4096", "SIG-CRT-NOT-A-PERSON"),
    ] {
        let ldif = ldif(&pki, &format!("{attribute}\n"), "");
        let refused = sign_in(&pki, &ldif, STRICT, &card).await.unwrap_err();
        assert_eq!(refused.message().code, code);
        assert!(refused.account().is_some());
    }
    // A card does not ask how old a password is.
    let must_change = ldif(&pki, "pwdLastSet: 0\n", "");
    assert!(sign_in(&pki, &must_change, STRICT, &card).await.is_ok());
}

#[tokio::test]
async fn a_refused_certificate_asks_no_directory_who_it_is() {
    let pki = Pki::new();
    for (card, code) in [
        (
            Wanted::default().issue(&pki.rogue),
            "SIG-CRT-UNKNOWN-ISSUER",
        ),
        (
            Wanted::default().issue(&pki.outside),
            "SIG-CRT-NOT-IN-NTAUTH",
        ),
        (
            Wanted {
                valid: (NOW - Duration::days(9), NOW - Duration::days(1)),
                ..Wanted::default()
            }
            .issue(&pki.issuing),
            "SIG-CRT-EXPIRED",
        ),
    ] {
        let refused = sign_in(&pki, &ldif(&pki, "", ""), LOOSE, &card)
            .await
            .unwrap_err();
        assert_eq!(refused.message().code, code);
    }
}

#[test]
fn each_page_has_its_own_code_and_words() {
    let id = AccountId::from_directory_octets(&[7; 16]).unwrap();
    let text = String::new;
    let all: Vec<CertificateFailure> = vec![
        MappingRefusal::SidMismatch {
            sid: text(),
            other: text(),
        }
        .into(),
        MappingRefusal::NoAccount { note: None }.into(),
        MappingRefusal::TwoAccounts { accounts: text() }.into(),
        MappingRefusal::WeakNotAllowed {
            account: text(),
            by: text(),
        }
        .into(),
        MappingRefusal::OlderThanAccount { account: text() }.into(),
        CertificateFailure::NotOfThisDirectory {
            account: id,
            directory: text(),
            detail: text(),
        },
        CertificateFailure::NotAPerson(id),
        CertificateFailure::AccountDisabled(id),
        CertificateFailure::AccountExpired(id),
        CertificateFailure::AccountLocked(id),
        CertificateFailure::AnotherAccount {
            wanted: id,
            found: id,
        },
        Refusal::NoCertificate.into(),
        Refusal::UnknownIssuer.into(),
    ];
    let codes: BTreeSet<_> = all.iter().map(|one| one.message().code).collect();
    let sentences: BTreeSet<_> = all.iter().map(|one| one.message().public).collect();
    assert_eq!((codes.len(), sentences.len()), (all.len(), all.len()));
}

#[tokio::test]
async fn sec_crt_12_a_pass_is_worth_something_in_one_place_for_a_minute() {
    let pki = Pki::new();
    let card = Wanted::default().issue(&pki.issuing);
    let verified = sign_in(&pki, &ldif(&pki, "", ""), STRICT, &card)
        .await
        .unwrap();
    let master = MasterKey::generate().unwrap();
    let seal = PassSeal::new(master.sealer("certificate-pass").unwrap());
    let sealed = seal.seal(&verified, b"browser 1", NOW).unwrap();
    let pass = seal
        .open(&sealed, b"browser 1", NOW + Duration::seconds(59))
        .unwrap();
    assert_eq!((pass.account(), pass.at()), (verified.account().id, NOW));
    let redeemed = pass.clone().redeem(Arc::clone(verified.account())).unwrap();
    assert_eq!(redeemed.context(), verified.context());
    assert_eq!(redeemed.mapped_by(), verified.mapped_by());
    assert_eq!(
        (redeemed.at(), redeemed.possession()),
        (NOW, Possession::Handshake)
    );
    // The account may have changed since, or be somebody else's.
    for state in [AccountState::Disabled, AccountState::Expired] {
        let mut account = Account::clone(verified.account());
        account.state = state;
        assert!(pass.clone().redeem(Arc::new(account)).is_err());
    }
    let mut another = Account::clone(verified.account());
    another.id = AccountId::from_directory_octets(&[7; 16]).unwrap();
    // An object of another directory that has the same identifier.
    let mut impostor = Account::clone(verified.account());
    impostor.sid = Sid::parse("S-1-5-21-9-9-9-1104").unwrap();
    for account in [another, impostor] {
        assert!(matches!(
            pass.clone().redeem(Arc::new(account)),
            Err(CertificateFailure::AnotherAccount { .. })
        ));
    }
    let open = |text: &str, binding: &[u8], at| seal.open(text, binding, at).unwrap_err();
    assert_eq!(open(&sealed, b"browser 2", NOW), NotPassed::Foreign);
    assert_eq!(open(&sealed[..40], b"browser 1", NOW), NotPassed::Foreign);
    for late in [61, -61] {
        let at = NOW + Duration::seconds(late);
        assert_eq!(open(&sealed, b"browser 1", at), NotPassed::Expired);
    }
    // What the same key seals for another purpose is no pass.
    let other = master.sealer("flow").unwrap();
    let flow = other.seal(b"{}", b"browser 1").unwrap();
    assert_eq!(open(&flow, b"browser 1", NOW), NotPassed::Foreign);
}
