//! Path, NTAuth, purpose and time.

use rcgen::{
    BasicConstraints, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    KeyUsagePurpose, NameConstraints,
};
use rustls_pki_types::CertificateDer;
use signet_certs::client::{
    Authorities, ClientCertificate, JudgingPolicy, Match, Refusal, SecurityIdentity, Strength,
    mapping_strings,
};
use time::Duration;

use crate::pki::{Authority, Card, NOW, Pki, SID, Wanted, sid_extension, tlv};

async fn judged(
    pki: &Pki,
    card: &Card,
    policy: JudgingPolicy,
) -> Result<ClientCertificate, Refusal> {
    let judge = pki.judge(policy);
    let verdict = judge
        .judge(std::slice::from_ref(&card.certificate), NOW)
        .await;
    verdict.map(|judged| {
        assert_eq!(judged.judged_at(), NOW);
        judged.certificate().clone()
    })
}

async fn refused(pki: &Pki, wanted: Wanted, by: &Authority) -> Refusal {
    let card = wanted.issue(by);
    judged(pki, &card, JudgingPolicy::default())
        .await
        .unwrap_err()
}

#[tokio::test]
async fn a_good_card_is_good() {
    let pki = Pki::new();
    let card = Wanted::default().issue(&pki.issuing);
    let certificate = judged(&pki, &card, JudgingPolicy::default()).await.unwrap();
    assert_eq!(certificate.extensions.sid.as_deref(), Some(SID));
    assert_eq!(
        certificate.extensions.user_principal_names,
        ["carla@corp.example"]
    );
    assert_eq!(certificate.extensions.emails, ["carla@example.com"]);
    assert_eq!(
        certificate.issuer.active_directory_text(),
        "DC=corp,OU=Authorities,CN=\"Issuing, 1\""
    );
    assert_eq!(
        certificate.subject.display_text(),
        "CN=Carla Card, OU=Users, DC=corp"
    );
    assert_eq!(certificate.serial, card.serial);
    let policy = JudgingPolicy {
        smartcard_logon: true,
        ..JudgingPolicy::default()
    };
    assert!(judged(&pki, &card, policy).await.is_ok());
}

#[tokio::test]
async fn sec_crt_03_the_mapping_strings_of_a_certificate_are_its_own_and_no_others() {
    let pki = Pki::new();
    let own = ClientCertificate::read(&Wanted::default().issue(&pki.issuing).certificate).unwrap();
    let other = ClientCertificate::read(
        &Wanted {
            name: "Carl Card",
            email: None,
            ..Wanted::default()
        }
        .issue(&pki.issuing)
        .certificate,
    )
    .unwrap();
    let lines = mapping_strings(&own);
    assert_eq!(lines.len(), 7);
    let mut reversed = own.serial.clone();
    reversed.reverse();
    let reversed: String = reversed
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect();
    assert_eq!(
        lines[0].value,
        format!("X509:<I>DC=corp,OU=Authorities,CN=\"Issuing, 1\"<SR>{reversed}")
    );
    for line in &lines {
        let identity = SecurityIdentity::parse(&line.value).unwrap();
        assert_eq!(identity.strength(), line.strength, "{line:?}");
        assert_eq!(identity.matches(&own), Match::Yes, "{line:?}");
        assert_eq!(identity.matches(&other), Match::No, "{line:?}");
    }
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.strength == Strength::Strong)
            .count(),
        4
    );
    let dialog_order = format!("X509:<I>CN=\"Issuing, 1\",OU=Authorities,DC=corp<SR>{reversed}");
    let unquoted = format!(
        "x509:<i>dc=CORP, ou=authorities,cn=Issuing, 1<sr>{}",
        reversed.to_uppercase()
    );
    assert_eq!(
        SecurityIdentity::parse(&dialog_order)
            .unwrap()
            .matches(&own),
        Match::WrongOrder
    );
    assert_eq!(
        SecurityIdentity::parse(&unquoted).unwrap().matches(&own),
        Match::Yes
    );
}

#[tokio::test]
async fn sec_crt_04_an_issuer_outside_of_ntauth_is_refused_by_its_whole_certificate() {
    let pki = Pki::new();
    let refusal = refused(&pki, Wanted::default(), &pki.outside).await;
    assert!(
        matches!(&refusal, Refusal::NotInNtAuth { issuer } if issuer.contains("Outside")),
        "{refusal:?}"
    );
    // In NTAuth is another certificate of the same name, and none of this key.
    let twin = Authorities::new(
        [pki.root.certificate.as_ref()],
        [pki.issuing.certificate.as_ref()],
        [pki.rogue.certificate.as_ref()],
    );
    let judge = pki.judge(JudgingPolicy::default());
    judge.set_authorities(twin);
    let card = Wanted::default().issue(&pki.issuing);
    let chain = [card.certificate];
    assert!(matches!(
        judge.judge(&chain, NOW).await,
        Err(Refusal::NotInNtAuth { .. })
    ));
    // A root that issues itself has to be in NTAuth too.
    let direct = Wanted {
        crl: Some(crate::pki::ROOT_CRL),
        ..Wanted::default()
    }
    .issue(&pki.root);
    let chain = [direct.certificate];
    assert!(matches!(
        judge.judge(&chain, NOW).await,
        Err(Refusal::NotInNtAuth { .. })
    ));
    judge.set_authorities(Authorities::new(
        [pki.root.certificate.as_ref()],
        [],
        [pki.root.certificate.as_ref()],
    ));
    assert!(judge.judge(&chain, NOW).await.is_ok());
}

#[tokio::test]
async fn sec_crt_07_unknown_issuers_are_refused_whatever_the_client_sends_along() {
    let pki = Pki::new();
    let card = Wanted::default().issue(&pki.rogue);
    let judge = pki.judge(JudgingPolicy::default());
    let alone = [card.certificate.clone()];
    assert_eq!(
        judge.judge(&alone, NOW).await.unwrap_err(),
        Refusal::UnknownIssuer
    );
    let with_helper = [card.certificate.clone(), pki.rogue.certificate.clone()];
    assert_eq!(
        judge.judge(&with_helper, NOW).await.unwrap_err(),
        Refusal::UnknownIssuer
    );
    // A hundred certificates of one name cost no more than eight.
    let mut flood = vec![card.certificate.clone()];
    flood.extend(
        (0..100).map(|_| Authority::new("Issuing, 1", Some(&pki.rogue), |_| {}).certificate),
    );
    let start = std::time::Instant::now();
    assert_eq!(
        judge.judge(&flood, NOW).await.unwrap_err(),
        Refusal::UnknownIssuer
    );
    assert!(
        start.elapsed() < std::time::Duration::from_millis(200),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(
        pki.source.count(),
        0,
        "nobody is asked before the path is verified"
    );
    assert_eq!(
        judge.judge(&[], NOW).await.unwrap_err(),
        Refusal::NoCertificate
    );
    let nonsense = [CertificateDer::from(vec![0x30, 0])];
    assert!(matches!(
        judge.judge(&nonsense, NOW).await,
        Err(Refusal::Unreadable(_))
    ));
    judge.set_authorities(Authorities::new([], [], []));
    assert_eq!(
        judge.judge(&alone, NOW).await.unwrap_err(),
        Refusal::NoAuthorities
    );
}

#[tokio::test]
async fn sec_crt_07_times_constraints_and_unknown_critical_extensions() {
    let pki = Pki::new();
    let day = Duration::days(1);
    let past = Wanted {
        valid: (NOW - day * 10, NOW - day),
        ..Wanted::default()
    };
    assert!(matches!(
        refused(&pki, past, &pki.issuing).await,
        Refusal::Expired { .. }
    ));
    let future = Wanted {
        valid: (NOW + day, NOW + day * 10),
        ..Wanted::default()
    };
    assert!(matches!(
        refused(&pki, future, &pki.issuing).await,
        Refusal::NotYetValid { .. }
    ));
    let mut critical = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
    critical.set_criticality(true);
    let unknown = Wanted {
        extensions: vec![critical],
        ..Wanted::default()
    };
    assert!(matches!(
        refused(&pki, unknown, &pki.issuing).await,
        Refusal::Unusable { .. }
    ));

    // An issuing authority below one that may have none below it; one that is out of date; one for other names.
    let below = |name, parent: &Authority, change: &dyn Fn(&mut rcgen::CertificateParams)| {
        Authority::new(name, Some(parent), |params| change(params))
    };
    let closed = below("closed", &pki.root, &|params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0))
    });
    let too_deep = below("too deep", &closed, &|_| {});
    let ended = below("ended", &pki.root, &|params| {
        params.not_after = NOW - Duration::days(1)
    });
    let elsewhere = below("elsewhere", &pki.root, &|params| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::Rfc822Name("other.test".to_owned())],
            excluded_subtrees: vec![],
        });
    });
    for (authority, helpers) in [
        (&too_deep, vec![&closed]),
        (&ended, vec![]),
        (&elsewhere, vec![]),
    ] {
        let judge = pki.judge(JudgingPolicy::default());
        let helpers: Vec<&[u8]> = helpers.iter().map(|one| one.certificate.as_ref()).collect();
        judge.set_authorities(Authorities::new(
            [pki.root.certificate.as_ref()],
            helpers,
            [authority.certificate.as_ref()],
        ));
        let chain = [Wanted::default().issue(authority).certificate];
        let refusal = judge.judge(&chain, NOW).await.unwrap_err();
        let expected = match authority {
            one if std::ptr::eq(one, &ended) => {
                matches!(refusal, Refusal::AuthorityOutOfDate { .. })
            }
            _ => matches!(refusal, Refusal::Unusable { .. }),
        };
        assert!(expected, "{refusal:?}");
    }
    let old_root = Authority::new("Old root", None, |params| {
        params.not_after = NOW - Duration::days(1)
    });
    let judge = pki.judge(JudgingPolicy::default());
    judge.set_authorities(Authorities::new(
        [old_root.certificate.as_ref()],
        [],
        [old_root.certificate.as_ref()],
    ));
    let chain = [Wanted::default().issue(&old_root).certificate];
    assert!(matches!(
        judge.judge(&chain, NOW).await,
        Err(Refusal::AuthorityOutOfDate { .. })
    ));
}

fn der<'a>(authorities: &[&'a Authority]) -> Vec<&'a [u8]> {
    let certificates = authorities.iter();
    certificates.map(|one| one.certificate.as_ref()).collect()
}

#[tokio::test]
async fn sec_crt_07_a_root_renewed_with_its_key_goes_on() {
    let pki = Pki::new();
    let ended = pki.root.renewed(None, |params| {
        params.not_after = NOW - Duration::days(1);
    });
    let judge = pki.judge(JudgingPolicy::default());
    let by_issuing = [Wanted::default().issue(&pki.issuing).certificate];
    let by_root = Wanted {
        crl: Some(crate::pki::ROOT_CRL),
        ..Wanted::default()
    };
    let by_root = [by_root.issue(&pki.root).certificate];
    for roots in [[&ended, &pki.root], [&pki.root, &ended]] {
        let with = |ntauth: &[&Authority]| Authorities::new(der(&roots), [], der(ntauth));
        judge.set_authorities(with(&[&pki.issuing]));
        assert!(judge.judge(&by_issuing, NOW).await.is_ok());
        for ntauth in [&[&pki.root][..], &[&pki.root, &ended]] {
            judge.set_authorities(with(ntauth));
            assert!(judge.judge(&by_root, NOW).await.is_ok());
        }
        // Of the two, only the one that has ended may issue: the other one is not meant.
        judge.set_authorities(with(&[&ended]));
        assert!(matches!(
            judge.judge(&by_root, NOW).await,
            Err(Refusal::NotInNtAuth { .. })
        ));
    }
    let renewed = pki.root.renewed(None, |_| {});
    for roots in [[&renewed, &pki.root], [&pki.root, &renewed]] {
        for member in roots {
            judge.set_authorities(Authorities::new(der(&roots), [], der(&[member])));
            assert!(judge.judge(&by_root, NOW).await.is_ok());
        }
    }
    let future = pki.root.renewed(None, |params| {
        params.not_before = NOW + Duration::days(1);
    });
    judge.set_authorities(Authorities::new(
        der(&[&ended, &future]),
        [],
        der(&[&pki.issuing]),
    ));
    let refusal = judge.judge(&by_issuing, NOW).await.unwrap_err();
    assert!(
        matches!(&refusal, Refusal::AuthorityOutOfDate { authority } if authority.contains("Root")),
        "{refusal:?}"
    );
}

#[tokio::test]
async fn sec_crt_07_a_renewed_root_is_taken_with_its_own_constraints() {
    let pki = Pki::new();
    let ended = pki.root.renewed(None, |params| {
        params.not_after = NOW - Duration::days(1);
    });
    let narrower = pki.root.renewed(None, |params| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::Rfc822Name("other.test".to_owned())],
            excluded_subtrees: vec![],
        });
    });
    let chain = [Wanted::default().issue(&pki.issuing).certificate];
    let judge = pki.judge(JudgingPolicy::default());
    for roots in [[&ended, &narrower], [&narrower, &ended]] {
        judge.set_authorities(Authorities::new(der(&roots), [], der(&[&pki.issuing])));
        assert!(judge.judge(&chain, NOW).await.is_err());
    }
    // The wider one is in its time: then it is a path.
    judge.set_authorities(Authorities::new(
        der(&[&narrower, &pki.root]),
        [],
        der(&[&pki.issuing]),
    ));
    assert!(judge.judge(&chain, NOW).await.is_ok());
}

#[tokio::test]
async fn sec_crt_04_an_issuer_renewed_with_its_key_is_the_one_in_ntauth() {
    let pki = Pki::new();
    let root = der(&[&pki.root]);
    let ended = pki.issuing.renewed(Some(&pki.root), |params| {
        params.not_after = NOW - Duration::days(1);
    });
    let renewed = pki.issuing.renewed(Some(&pki.root), |_| {});
    let judge = pki.judge(JudgingPolicy::default());
    let chain = [Wanted::default().issue(&pki.issuing).certificate];
    for (helper, members, accepted) in [
        (&pki.issuing, &[&renewed][..], true),
        (&renewed, &[&pki.issuing], true),
        (&ended, &[&renewed], true),
        (&renewed, &[&ended, &pki.issuing], true),
        (&pki.issuing, &[&ended], false),
    ] {
        judge.set_authorities(Authorities::new(root.clone(), der(&[helper]), der(members)));
        let verdict = judge.judge(&chain, NOW).await;
        assert_eq!(verdict.is_ok(), accepted, "{:?}", verdict.err());
    }
}

#[tokio::test]
async fn sec_crt_05_only_the_purpose_of_signing_in_signs_in() {
    let pki = Pki::new();
    let wrong = |refusal| matches!(refusal, Refusal::WrongPurpose { .. });
    for purposes in [
        vec![],
        vec![ExtendedKeyUsagePurpose::Any],
        vec![ExtendedKeyUsagePurpose::ServerAuth],
        vec![ExtendedKeyUsagePurpose::EmailProtection],
        vec![crate::pki::smartcard_logon()],
    ] {
        let wanted = Wanted {
            purposes: purposes.clone(),
            ..Wanted::default()
        };
        assert!(
            wrong(refused(&pki, wanted, &pki.issuing).await),
            "{purposes:?}"
        );
    }
    let no_signature = Wanted {
        usages: vec![KeyUsagePurpose::KeyEncipherment],
        ..Wanted::default()
    };
    assert!(wrong(refused(&pki, no_signature, &pki.issuing).await));
    let plain = Wanted {
        purposes: vec![ExtendedKeyUsagePurpose::ClientAuth],
        ..Wanted::default()
    }
    .issue(&pki.issuing);
    assert!(judged(&pki, &plain, JudgingPolicy::default()).await.is_ok());
    let policy = JudgingPolicy {
        smartcard_logon: true,
        ..JudgingPolicy::default()
    };
    assert!(wrong(judged(&pki, &plain, policy).await.unwrap_err()));
    // The certificate of an authority is nobody's, even when it says client authentication.
    let authority = Authority::new("Issuing, 2", Some(&pki.issuing), |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.key_usages.push(KeyUsagePurpose::DigitalSignature);
    });
    let judge = pki.judge(JudgingPolicy::default());
    assert!(wrong(
        judge
            .judge(&[authority.certificate], NOW)
            .await
            .unwrap_err()
    ));
}

#[tokio::test]
async fn sec_crt_13_a_certificate_that_can_be_read_in_two_ways_is_refused() {
    let pki = Pki::new();
    let oid = [1, 3, 6, 1, 4, 1, 311, 25, 2];
    let twice = vec![sid_extension("S-1-5-21-1-2-3-500")];
    let damaged = vec![CustomExtension::from_oid_content(&oid, vec![0x30, 0])];
    let other_uri = tlv(0x86, b"tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500");
    let contradiction = vec![CustomExtension::from_oid_content(
        &[2, 5, 29, 17],
        tlv(0x30, &other_uri),
    )];
    for (sid, upn, email, extensions) in [
        (Some(SID), None, None, twice),
        (None, None, None, damaged),
        (Some(SID), None, None, contradiction),
        (Some("nobody"), None, None, vec![]),
        (None, Some("carla@corp.example\0.evil.test"), None, vec![]),
        (None, None, Some("carla\0@example.com"), vec![]),
    ] {
        let wanted = Wanted {
            sid,
            upn,
            email,
            extensions,
            ..Wanted::default()
        };
        let card = wanted.issue(&pki.issuing);
        assert!(
            ClientCertificate::read(&card.certificate).is_err(),
            "{sid:?} {upn:?} {email:?}"
        );
    }
    let uri = tlv(
        0x86,
        format!("tag:microsoft.com,2022-09-14:sid:{SID}").as_bytes(),
    );
    let extensions = vec![CustomExtension::from_oid_content(
        &[2, 5, 29, 17],
        tlv(0x30, &uri),
    )];
    let wanted = Wanted {
        sid: None,
        upn: None,
        email: None,
        extensions,
        ..Wanted::default()
    };
    let read = ClientCertificate::read(&wanted.issue(&pki.issuing).certificate).unwrap();
    assert_eq!(
        read.extensions.sid.as_deref(),
        Some(SID),
        "the URI form of CRT-02"
    );
}

#[test]
fn every_refusal_has_words_of_its_own() {
    let when = NOW;
    let text = String::new;
    let all = [
        Refusal::NoCertificate,
        Refusal::Unreadable(signet_certs::client::Unreadable::NotACertificate),
        Refusal::Expired { not_after: when },
        Refusal::NotYetValid { not_before: when },
        Refusal::WrongPurpose { wanted: "x" },
        Refusal::UnknownIssuer,
        Refusal::NotInNtAuth { issuer: text() },
        Refusal::AuthorityOutOfDate { authority: text() },
        Refusal::Unusable { detail: text() },
        Refusal::Revoked {
            certificate: text(),
            source_of_news: text(),
        },
        Refusal::RevocationUnknown {
            certificate: text(),
            detail: text(),
        },
        Refusal::RevocationStale {
            certificate: text(),
            detail: text(),
        },
        Refusal::NoAuthorities,
    ];
    let codes: std::collections::BTreeSet<_> = all.iter().map(Refusal::code).collect();
    let sentences: std::collections::BTreeSet<_> = all.iter().map(Refusal::public).collect();
    assert_eq!((codes.len(), sentences.len()), (all.len(), all.len()));
    assert!(
        all.iter()
            .all(|one| one.hint().ends_with('.') && one.code().starts_with("SIG-CRT-"))
    );
}
