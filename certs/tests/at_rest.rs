//! What a thief of files finds, and what a forger of sealed values gets.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail the test"
)]

mod support;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::{ProptestConfig, any, proptest};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use signet_certs::tls::TlsIdentity;
use signet_certs::{
    CertError, FileFault, KeyRing, MAX_SEALED_BYTES, MasterKey, SigningKey, WrappedKey,
};
use support::{Bench, chmod, days, now};

fn key(name: &str) -> SigningKey {
    SigningKey::generate(2048, name, days(10), now()).unwrap()
}

#[test]
fn wrapped_key_opens_with_its_master_key_and_signs_the_same() {
    let bench = Bench::new();
    let master = MasterKey::create_file(&bench.path("master.key")).unwrap();
    let original = key("a");
    let stored = serde_json::to_string(&original.wrap(&master).unwrap()).unwrap();
    let again: WrappedKey = serde_json::from_str(&stored).unwrap();
    let loaded = MasterKey::from_file(&bench.path("master.key")).unwrap();
    let opened = again.unwrap(&loaded).unwrap();
    assert_eq!(opened.facts(), original.facts());
    #[expect(
        clippy::disallowed_methods,
        reason = "equality of the keys shows in their signatures"
    )]
    {
        assert_eq!(
            opened.sign_sha256(b"m").unwrap(),
            original.sign_sha256(b"m").unwrap()
        );
    }
    let other_nonce = serde_json::to_string(&original.wrap(&master).unwrap()).unwrap();
    assert_ne!(stored, other_nonce);
}

/// The secret half of an RSA key, as octets that must be found nowhere.
fn secrets_of(pkcs8: &[u8]) -> Vec<&[u8]> {
    // The last 600 octets of a 2048-bit PKCS#8 are primes, exponents and coefficient.
    let tail = &pkcs8[pkcs8.len() - 600..];
    tail.windows(12).step_by(7).collect()
}

#[test]
fn sec_key_03_nothing_shown_or_stored_holds_the_private_key() {
    let bench = Bench::new();
    bench.self_signed("signing", "rsa:2048");
    let PrivateKeyDer::Pkcs8(plain) =
        PrivateKeyDer::from_pem_slice(&bench.read("signing.key")).unwrap()
    else {
        panic!("not PKCS#8");
    };
    let signing = SigningKey::from_pem(
        &bench.read("signing.key"),
        &bench.read("signing.crt"),
        now(),
    )
    .unwrap();
    let master = MasterKey::create_file(&bench.path("master.key")).unwrap();
    let wrapped = signing.wrap(&master).unwrap();
    let sealer = master.sealer("cookie").unwrap();
    let mac = master.mac("row").unwrap();
    let ring = KeyRing::new(Arc::new(signing));
    let stored: serde_json::Value = serde_json::to_value(&wrapped).unwrap();
    let mut shown =
        format!("{master:?} {wrapped:?} {sealer:?} {mac:?} {ring:?} {stored}").into_bytes();
    for field in stored.as_object().unwrap().values() {
        shown.extend(STANDARD.decode(field.as_str().unwrap()).unwrap_or_default());
    }
    let master_octets = bench.read("master.key");
    let mut secrets = secrets_of(plain.secret_pkcs8_der());
    secrets.extend(master_octets.windows(8));
    for secret in secrets {
        assert!(!shown.windows(secret.len()).any(|window| window == secret));
        let text = STANDARD.encode(secret);
        let text = text.trim_end_matches('=').as_bytes();
        assert!(!shown.windows(text.len()).any(|window| window == text));
    }
}

#[test]
fn sec_key_04_store_without_the_master_key_gives_no_key() {
    let master = MasterKey::generate().unwrap();
    let thief = MasterKey::generate().unwrap();
    let wrapped = key("a").wrap(&master).unwrap();
    let refused = wrapped.unwrap(&thief).unwrap_err();
    assert!(
        matches!(refused, CertError::WrappedByAnotherMasterKey { .. }),
        "{refused:?}"
    );

    // The label changed to the thief's master key: the cipher itself refuses.
    let mut stored: serde_json::Value = serde_json::to_value(&wrapped).unwrap();
    stored["master"] = thief.id().into();
    let relabelled: WrappedKey = serde_json::from_value(stored).unwrap();
    assert!(matches!(
        relabelled.unwrap(&thief),
        Err(CertError::WrappedKeyTampered { .. })
    ));
}

#[test]
fn sec_key_04_wrapped_key_with_any_octet_changed_refused() {
    let master = MasterKey::generate().unwrap();
    let (one, two) = (key("one"), key("two"));
    let stored = serde_json::to_value(one.wrap(&master).unwrap()).unwrap();
    let other = serde_json::to_value(two.wrap(&master).unwrap()).unwrap();
    let open = |value: serde_json::Value| {
        serde_json::from_value::<WrappedKey>(value)
            .unwrap()
            .unwrap(&master)
            .map(drop)
    };
    open(stored.clone()).unwrap();

    let ciphertext = STANDARD
        .decode(stored["wrapped"].as_str().unwrap())
        .unwrap();
    for at in (0..ciphertext.len())
        .step_by(31)
        .chain([ciphertext.len() - 1])
    {
        let mut bytes = ciphertext.clone();
        bytes[at] ^= 0x80;
        let mut changed = stored.clone();
        changed["wrapped"] = STANDARD.encode(bytes).into();
        assert!(
            matches!(open(changed), Err(CertError::WrappedKeyTampered { .. })),
            "octet {at}"
        );
    }
    for fields in [
        &["wrapped"][..],
        &["certificate"],
        &["kid"],
        &["certificate", "kid"],
    ] {
        let mut changed = stored.clone();
        for field in fields {
            changed[field] = other[field].clone();
        }
        assert!(
            matches!(open(changed), Err(CertError::WrappedKeyTampered { .. })),
            "{fields:?}"
        );
    }
    let mut short = stored.clone();
    short["wrapped"] = "AAAA".into();
    assert!(matches!(
        open(short),
        Err(CertError::WrappedKeyTampered { .. })
    ));
    let mut extra = stored;
    extra["extra"] = 1.into();
    serde_json::from_value::<WrappedKey>(extra).unwrap_err();
}

#[test]
fn sec_key_06_master_key_file_is_private_and_faults_name_it() {
    let bench = Bench::new();
    let path = bench.path("master.key");
    let made = MasterKey::create_file(&path).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode, 0o600);
    assert_eq!(std::fs::read(&path).unwrap().len(), 32);
    assert_eq!(MasterKey::from_file(&path).unwrap().id(), made.id());

    let fault_of = |path: &std::path::Path| match MasterKey::from_file(path).unwrap_err() {
        CertError::File { path: named, fault } => {
            assert_eq!(named, path);
            fault
        }
        other => panic!("{other:?}"),
    };
    assert!(matches!(
        MasterKey::create_file(&path),
        Err(CertError::File {
            fault: FileFault::Exists,
            ..
        })
    ));
    assert_eq!(MasterKey::from_file(&path).unwrap().id(), made.id());

    for mode in [0o640, 0o604, 0o620, 0o601, 0o644, 0o666] {
        chmod(&path, mode);
        assert_eq!(fault_of(&path), FileFault::OpenToOthers { mode });
    }
    chmod(&path, 0o400);
    MasterKey::from_file(&path).unwrap();

    let link = bench.path("link.key");
    symlink(&path, &link).unwrap();
    assert_eq!(fault_of(&link), FileFault::SymbolicLink);
    let loop_ = bench.path("loop.key");
    symlink(&loop_, &loop_).unwrap();
    assert_eq!(fault_of(&loop_), FileFault::SymbolicLink);
    assert!(matches!(
        MasterKey::create_file(&loop_),
        Err(CertError::File {
            fault: FileFault::Exists,
            ..
        })
    ));
    assert_eq!(fault_of(&bench.path("none.key")), FileFault::Missing);
    std::fs::create_dir(bench.path("folder")).unwrap();
    assert_eq!(fault_of(&bench.path("folder")), FileFault::NotAFile);
    for length in [0u64, 31, 33, 64] {
        let short = bench.write("length.key", &vec![7; usize::try_from(length).unwrap()]);
        chmod(&short, 0o600);
        assert_eq!(
            fault_of(&short),
            FileFault::WrongLength {
                length,
                expected: 32
            }
        );
    }
}

#[test]
fn sealed_values_open_for_their_purpose_and_data_only() {
    let master = MasterKey::generate().unwrap();
    let flow = master.sealer("flow").unwrap();
    let sealed = flow.seal(b"state", b"cookie-1").unwrap();
    assert_eq!(flow.open(&sealed, b"cookie-1").unwrap(), b"state");
    let broken =
        |result: Result<Vec<u8>, CertError>| assert_eq!(result.unwrap_err(), CertError::SealBroken);
    broken(flow.open(&sealed, b"cookie-2"));
    broken(flow.open(&sealed, b""));
    broken(master.sealer("session").unwrap().open(&sealed, b"cookie-1"));
    broken(
        MasterKey::generate()
            .unwrap()
            .sealer("flow")
            .unwrap()
            .open(&sealed, b"cookie-1"),
    );
    broken(flow.open("", b""));
    broken(flow.open("AQ", b""));
    broken(flow.open(&sealed[..sealed.len() - 1], b"cookie-1"));
    broken(flow.open(&format!("{sealed}="), b"cookie-1"));
    broken(flow.open(&"A".repeat(MAX_SEALED_BYTES + 1), b""));

    let raw = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
    for at in 0..raw.len() {
        let mut changed = raw.clone();
        changed[at] ^= 1;
        broken(flow.open(&URL_SAFE_NO_PAD.encode(changed), b"cookie-1"));
    }
}

#[test]
fn sealer_bounds_its_size_and_survives_a_change_of_master_key() {
    let (old, new) = (
        MasterKey::generate().unwrap(),
        MasterKey::generate().unwrap(),
    );
    let sealer = old.sealer("flow").unwrap();
    let mut longest = 0;
    for length in 12_000..12_400 {
        match sealer.seal(&vec![1; length], b"") {
            Ok(sealed) => {
                assert!(sealed.len() <= MAX_SEALED_BYTES);
                assert_eq!(sealer.open(&sealed, b"").unwrap().len(), length);
                longest = length;
            }
            Err(refused) => assert!(matches!(refused, CertError::SealTooLarge { .. })),
        }
    }
    assert!((12_200..12_399).contains(&longest), "{longest}");

    let sealed = sealer.seal(b"before", b"").unwrap();
    let rotated = new.sealer("flow").unwrap().also_opening(sealer);
    assert_eq!(rotated.open(&sealed, b"").unwrap(), b"before");
    let fresh = rotated.seal(b"after", b"").unwrap();
    assert_eq!(
        new.sealer("flow").unwrap().open(&fresh, b"").unwrap(),
        b"after"
    );
    assert_eq!(
        new.sealer("flow").unwrap().open(&sealed, b"").unwrap_err(),
        CertError::SealBroken
    );
}

#[test]
fn mac_binds_message_purpose_and_master_key() {
    let master = MasterKey::generate().unwrap();
    let mac = master.mac("row").unwrap();
    let tag = mac.tag(b"row 1");
    mac.verify(b"row 1", &tag).unwrap();
    mac.verify(b"row 2", &tag).unwrap_err();
    mac.verify(b"row 1", &tag[..31]).unwrap_err();
    mac.verify(b"row 1", b"").unwrap_err();
    master
        .mac("session")
        .unwrap()
        .verify(b"row 1", &tag)
        .unwrap_err();
    MasterKey::generate()
        .unwrap()
        .mac("row")
        .unwrap()
        .verify(b"row 1", &tag)
        .unwrap_err();
    assert_ne!(tag, [0; 32]);
}

#[test]
fn derived_keys_are_those_that_openssl_derives() {
    // A change here would lose every wrapped key and every tag at rest.
    let bench = Bench::new();
    let path = bench.write("master.key", &[0x5a; 32]);
    chmod(&path, 0o600);
    let master = MasterKey::from_file(&path).unwrap();
    let derived = |label: &str| {
        let key = "5a".repeat(32);
        let salt = hex(b"signet master key v1");
        let info = hex(label.as_bytes());
        let octets = bench.openssl(&format!(
            "kdf -keylen 32 -binary -kdfopt digest:SHA256 -kdfopt hexkey:{key} -kdfopt hexsalt:{salt} \
             -kdfopt hexinfo:{info} HKDF"
        ));
        hex(&octets)
    };
    assert_eq!(master.id().to_lowercase(), derived("master key id")[..8]);
    bench.write("row", b"row 1");
    let tag = bench.openssl(&format!(
        "dgst -sha256 -mac HMAC -macopt hexkey:{} -binary row",
        derived("mac audit")
    ));
    assert_eq!(tag, master.mac("audit").unwrap().tag(b"row 1"));
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[test]
fn sec_key_12_one_key_for_tls_and_tokens_is_recognised() {
    let bench = Bench::new();
    bench.self_signed("shared", "rsa:2048");
    bench.openssl("req -x509 -key shared.key -out renewed.crt -subj /CN=tls.example -days 5");
    let (key, certificate) = (bench.read("shared.key"), bench.read("shared.crt"));
    let signing = SigningKey::from_pem(&key, &certificate, now()).unwrap();
    let tls = TlsIdentity::from_pem(&bench.read("renewed.crt"), &key, now()).unwrap();
    assert_ne!(tls.facts().thumbprint, *signing.thumbprint());
    assert!(signing.is_key_of(tls.facts()));
    bench.self_signed("own", "rsa:2048");
    let own = TlsIdentity::from_pem(&bench.read("own.crt"), &bench.read("own.key"), now()).unwrap();
    assert!(!signing.is_key_of(own.facts()));
}

#[test]
fn ring_publishes_current_next_retired_and_promotes() {
    let (one, two, three) = (
        Arc::new(key("one")),
        Arc::new(key("two")),
        Arc::new(key("three")),
    );
    let subjects = |ring: &KeyRing| -> Vec<String> {
        let read = |der| signet_certs::CertificateFacts::read(der).unwrap().subject;
        ring.certificates().map(read).collect()
    };
    let ring = KeyRing::new(Arc::clone(&one));
    assert_eq!(ring.promote().unwrap_err(), CertError::NoNextKey);
    assert!(matches!(
        ring.clone().with_next(Arc::clone(&one)),
        Err(CertError::KeyAlreadyInRing { .. })
    ));
    let ring = ring.with_next(Arc::clone(&two)).unwrap();
    assert_eq!(subjects(&ring), ["CN=one", "CN=two"]);
    let ring = ring.promote().unwrap();
    assert_eq!(ring.current().facts().subject, "CN=two");
    assert_eq!(subjects(&ring), ["CN=two", "CN=one"]);
    // A retired key may not come back under the same public key.
    assert!(matches!(
        ring.clone().with_next(Arc::clone(&one)),
        Err(CertError::KeyAlreadyInRing { .. })
    ));
    let ring = ring.with_next(three).unwrap().promote().unwrap();
    assert_eq!(subjects(&ring), ["CN=three", "CN=one", "CN=two"]);
    let ring = ring.without_retired(&one.thumbprint().sha1().to_lowercase());
    assert_eq!(subjects(&ring), ["CN=three", "CN=two"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn whatever_is_sealed_comes_back(plaintext in proptest::collection::vec(any::<u8>(), 0..2000), aad in any::<Vec<u8>>()) {
        let sealer = MasterKey::generate().unwrap().sealer("flow").unwrap();
        let sealed = sealer.seal(&plaintext, &aad).unwrap();
        assert_eq!(sealer.open(&sealed, &aad).unwrap(), plaintext);
    }

    #[test]
    fn no_text_opens_that_was_not_sealed(text in "\\PC*") {
        let sealer = MasterKey::generate().unwrap().sealer("flow").unwrap();
        assert_eq!(sealer.open(&text, b"").unwrap_err(), CertError::SealBroken);
    }
}
