//! Keys and certificates that OpenSSL made, imported; and what is refused, by name.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail the test"
)]

mod support;

use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use signet_certs::{CertError, CertificateFacts, SigningKey, read_certificate, read_pfx_bytes};
use support::{Bench, days, now};

/// Signs with `key` and lets openssl judge; also proves that key and certificate are the ones given.
#[expect(
    clippy::disallowed_methods,
    reason = "the raw signature is what is tested"
)]
fn openssl_accepts(bench: &Bench, key: &SigningKey) {
    bench.write("message", b"a message");
    bench.write("signature256", &key.sign_sha256(b"a message").unwrap());
    bench.write("signature1", &key.sign_sha1(b"a message").unwrap());
    bench.write("certificate.der", key.certificate_der());
    bench.openssl("x509 -inform DER -in certificate.der -pubkey -noout -out public.pem");
    bench.openssl("dgst -sha256 -verify public.pem -signature signature256 message");
    bench.openssl("dgst -sha1 -verify public.pem -signature signature1 message");
}

#[test]
fn openssl_verifies_what_a_generated_key_signs() {
    let bench = Bench::new();
    for bits in [2048, 3072, 4096] {
        let subject = SigningKey::default_subject("fs.contoso.com");
        let key = SigningKey::generate(bits, &subject, days(365), now()).unwrap();
        assert_eq!(key.bits(), bits);
        assert_eq!(
            key.facts().subject,
            "CN=Signet Token Signing - fs.contoso.com"
        );
        assert!(key.facts().self_issued);
        openssl_accepts(&bench, &key);
        bench.openssl("x509 -inform DER -in certificate.der -out certificate.pem");
        bench.openssl("verify -CAfile certificate.pem certificate.pem");
        let shown = bench.openssl("x509 -in certificate.pem -noout -fingerprint -sha1");
        let shown = String::from_utf8(shown).unwrap();
        assert!(
            key.thumbprint()
                .matches(shown.trim().split_once('=').unwrap().1),
            "{shown}"
        );
        assert_eq!(key.facts().days_left(now()), 364);
    }
    assert_eq!(
        SigningKey::generate(1024, "x", days(1), now()).unwrap_err(),
        CertError::KeySizeNotOffered(1024)
    );
    let long = "x".repeat(65);
    let unusable = SigningKey::generate(2048, &long, days(1), now()).unwrap_err();
    assert_eq!(unusable, CertError::SubjectUnusable(long));
}

#[test]
fn pfx_of_every_usual_protection_opens() {
    let bench = Bench::new();
    bench.self_signed("signing", "rsa:2048");
    let expected = CertificateFacts::read(
        read_certificate(&bench.read("signing.crt"))
            .unwrap()
            .0
            .as_slice(),
    )
    .unwrap();
    for protection in [
        "-keypbe AES-256-CBC -certpbe AES-256-CBC -macalg sha256",
        "-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1",
        "-keypbe AES-256-CBC -certpbe NONE",
        "-legacy",
    ] {
        bench.openssl(&format!(
            "pkcs12 -export -inkey signing.key -in signing.crt -out signing.pfx -passout pass:Geheim-é {protection}"
        ));
        let key = SigningKey::from_pfx(&bench.read("signing.pfx"), "Geheim-é", now()).unwrap();
        assert_eq!(*key.facts(), expected, "{protection}");
        openssl_accepts(&bench, &key);
    }
}

#[test]
fn pfx_with_a_chain_gives_the_certificate_of_the_key() {
    let bench = Bench::new();
    bench.self_signed("authority", "rsa:2048");
    bench.openssl("req -new -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=leaf");
    bench.openssl(
        "x509 -req -in leaf.csr -CA authority.crt -CAkey authority.key -out leaf.crt -days 5",
    );
    bench.openssl(
        "pkcs12 -export -inkey leaf.key -in leaf.crt -certfile authority.crt -out leaf.pfx -passout pass:p",
    );
    let key = SigningKey::from_pfx(&bench.read("leaf.pfx"), "p", now()).unwrap();
    assert_eq!(key.facts().subject, "CN=leaf");

    // A chain file with the authority first: the certificate of the key is found all the same.
    let chain = [bench.read("authority.crt"), bench.read("leaf.crt")].concat();
    let key = SigningKey::from_pem(&bench.read("leaf.key"), &chain, now()).unwrap();
    assert_eq!(key.facts().subject, "CN=leaf");
    assert_eq!(key.facts().issuer, "CN=authority");
}

#[test]
fn pfx_faults_have_names() {
    let bench = Bench::new();
    bench.self_signed("signing", "rsa:2048");
    bench.openssl(
        "pkcs12 -export -inkey signing.key -in signing.crt -out signing.pfx -passout pass:right",
    );
    let pfx = bench.read("signing.pfx");
    let refused =
        |bytes: &[u8], password| SigningKey::from_pfx(bytes, password, now()).unwrap_err();
    assert_eq!(refused(&pfx, "wrong"), CertError::PfxPasswordWrong);
    assert_eq!(refused(&pfx, ""), CertError::PfxPasswordWrong);

    bench.openssl("pkcs12 -export -nokeys -in signing.crt -out certs.pfx -passout pass:right");
    assert_eq!(
        refused(&bench.read("certs.pfx"), "right"),
        CertError::PfxWithoutKey
    );
    bench.openssl("pkcs12 -export -inkey signing.key -nocerts -in signing.key -out key.pfx -passout pass:right");
    assert_eq!(
        refused(&bench.read("key.pfx"), "right"),
        CertError::PfxWithoutCertificate
    );

    assert!(matches!(refused(b"", "x"), CertError::PfxUnreadable(_)));
    assert!(matches!(
        refused(&bench.read("signing.crt"), "x"),
        CertError::PfxUnreadable(_)
    ));
    assert!(matches!(
        refused(&vec![0x30; 300_000], "x"),
        CertError::TooLarge { .. }
    ));
    for cut in (0..pfx.len()).step_by(97) {
        SigningKey::from_pfx(&pfx[..cut], "right", now()).unwrap_err();
    }
}

#[test]
fn damaged_pfx_never_panics() {
    let bench = Bench::new();
    bench.self_signed("signing", "rsa:2048");
    for protection in ["", "-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES"] {
        // Without a MAC the damage reaches every layer of the reader.
        bench.openssl(&format!(
            "pkcs12 -export -nomac -iter 1 -inkey signing.key -in signing.crt -out s.pfx -passout pass:fuzz {protection}"
        ));
        let pfx = bench.read("s.pfx");
        read_pfx_bytes(&pfx).unwrap();
        assert_eq!(
            SigningKey::from_pfx(&pfx, "wrong", now()).unwrap_err(),
            CertError::PfxPasswordWrong
        );
        for at in 0..pfx.len() {
            for change in [1u8, 0x80, 0xff] {
                let mut damaged = pfx.clone();
                damaged[at] ^= change;
                let _ = read_pfx_bytes(&damaged);
            }
            let _ = read_pfx_bytes(&pfx[at..]);
        }
    }
}

#[test]
fn pfx_with_two_keys_is_refused_by_their_names() {
    let bench = Bench::new();
    let mut store = KeyStore::new();
    for name in ["first", "second"] {
        bench.self_signed(name, "rsa:2048");
        let chain = PrivateKeyChain::new(
            name.as_bytes(),
            p12_key(&bench, name),
            [p12_certificate(&bench, name)],
        );
        store.add_entry(name, KeyStoreEntry::PrivateKeyChain(chain));
    }
    let pfx = store.writer("p").write().unwrap();
    let CertError::PfxSeveralKeys { mut names } =
        SigningKey::from_pfx(&pfx, "p", now()).unwrap_err()
    else {
        panic!("another fault");
    };
    names.sort();
    assert_eq!(names, ["first", "second"]);
}

#[test]
fn sec_key_10_certificate_of_another_key_refused() {
    let bench = Bench::new();
    bench.self_signed("one", "rsa:2048");
    bench.self_signed("two", "rsa:2048");
    let two = read_certificate(&bench.read("two.crt"))
        .unwrap()
        .1
        .thumbprint
        .to_string();
    let expected = CertError::KeyDoesNotMatchCertificate { thumbprint: two };

    let refused =
        SigningKey::from_pem(&bench.read("one.key"), &bench.read("two.crt"), now()).unwrap_err();
    assert_eq!(refused, expected);

    let mut store = KeyStore::new();
    let chain = PrivateKeyChain::new(
        "x",
        p12_key(&bench, "one"),
        [p12_certificate(&bench, "two")],
    );
    store.add_entry("x", KeyStoreEntry::PrivateKeyChain(chain));
    let pfx = store.writer("p").write().unwrap();
    assert_eq!(
        SigningKey::from_pfx(&pfx, "p", now()).unwrap_err(),
        expected
    );

    let key = p12_key(&bench, "one");
    let certificate = p12_certificate(&bench, "two");
    assert_eq!(
        SigningKey::from_pkcs8(key.as_der(), certificate.as_der(), now()).unwrap_err(),
        expected
    );
}

#[test]
fn sec_key_10_out_of_date_weak_and_foreign_keys_refused() {
    let bench = Bench::new();
    bench.self_signed("signing", "rsa:2048");
    let (key, certificate) = (bench.read("signing.key"), bench.read("signing.crt"));
    let at = |days_from_now| {
        SigningKey::from_pem(&key, &certificate, now() + days(days_from_now)).map(drop)
    };
    at(9).unwrap();
    let expired = at(11).unwrap_err();
    assert!(matches!(expired, CertError::CertificateExpired { .. }));
    let text = expired.to_string();
    let (_, when) = text.rsplit_once(' ').unwrap();
    assert!(when.contains('T') && when.ends_with('Z'), "{text}");
    assert!(matches!(
        at(-1),
        Err(CertError::CertificateNotYetValid { .. })
    ));

    for bits in [1536, 2040, 1024] {
        bench.self_signed("weak", &format!("rsa:{bits}"));
        let (key, certificate) = (bench.read("weak.key"), bench.read("weak.crt"));
        let weak = SigningKey::from_pem(&key, &certificate, now()).unwrap_err();
        assert_eq!(weak, CertError::KeyTooWeak { bits });
        // Nothing says how long a weak key is whose certificate is missing.
        let weak = SigningKey::from_pem(&key, &bench.read("signing.crt"), now()).unwrap_err();
        assert_eq!(weak.to_string(), "the RSA key has fewer than 2048 bits");
    }
    bench.openssl("pkcs12 -export -inkey weak.key -in weak.crt -out weak.pfx -passout pass:p");
    let weak = SigningKey::from_pfx(&bench.read("weak.pfx"), "p", now()).unwrap_err();
    assert_eq!(weak, CertError::KeyTooWeak { bits: 1024 });

    bench.self_signed("curve", "ec -pkeyopt ec_paramgen_curve:P-256");
    let curve = SigningKey::from_pem(&bench.read("curve.key"), &bench.read("curve.crt"), now())
        .unwrap_err();
    assert_eq!(curve, CertError::KeyNotRsa);
    bench.openssl("pkcs12 -export -inkey curve.key -in curve.crt -out curve.pfx -passout pass:p");
    assert_eq!(
        SigningKey::from_pfx(&bench.read("curve.pfx"), "p", now()).unwrap_err(),
        CertError::KeyNotRsa
    );

    bench.openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout cipher.key -out cipher.crt -subj /CN=cipher -days 10 \
         -addext keyUsage=keyEncipherment",
    );
    let other = SigningKey::from_pem(&bench.read("cipher.key"), &bench.read("cipher.crt"), now())
        .unwrap_err();
    assert!(
        matches!(other, CertError::CertificateForOtherUse { .. }),
        "{other:?}"
    );
}

#[test]
fn pem_of_both_forms_opens_and_faults_have_names() {
    let bench = Bench::new();
    bench.self_signed("signing", "rsa:2048");
    let certificate = bench.read("signing.crt");
    bench.openssl("rsa -in signing.key -traditional -out pkcs1.key");
    assert!(
        String::from_utf8(bench.read("pkcs1.key"))
            .unwrap()
            .contains("BEGIN RSA PRIVATE KEY")
    );
    for name in ["signing.key", "pkcs1.key"] {
        let key = SigningKey::from_pem(&bench.read(name), &certificate, now()).unwrap();
        openssl_accepts(&bench, &key);
    }

    let refused = |key: &[u8]| SigningKey::from_pem(key, &certificate, now()).unwrap_err();
    bench.openssl(
        "pkcs8 -topk8 -v2 aes-256-cbc -in signing.key -out encrypted8.key -passout pass:p",
    );
    assert_eq!(
        refused(&bench.read("encrypted8.key")),
        CertError::PemKeyEncrypted
    );
    bench.openssl("rsa -aes256 -traditional -in signing.key -out encrypted1.key -passout pass:p");
    assert_eq!(
        refused(&bench.read("encrypted1.key")),
        CertError::PemKeyEncrypted
    );
    assert_eq!(refused(b""), CertError::PemWithoutKey);
    assert_eq!(refused(&certificate), CertError::PemWithoutKey);
    let twice = [bench.read("signing.key"), bench.read("pkcs1.key")].concat();
    assert_eq!(refused(&twice), CertError::PemSeveralKeys(2));
    let cut = bench.read("signing.key");
    assert!(matches!(
        refused(&cut[..cut.len() / 2]),
        CertError::PemUnreadable(_)
    ));

    let key = bench.read("signing.key");
    let refused = SigningKey::from_pem(&key, &key, now()).unwrap_err();
    assert_eq!(refused, CertError::PemWithoutCertificate);
}

#[test]
fn damaged_key_is_refused_without_showing_it() {
    let bench = Bench::new();
    bench.self_signed("signing", "rsa:2048");
    let certificate = p12_certificate(&bench, "signing");
    let mut key = p12_key(&bench, "signing").as_der().to_vec();
    let middle = key.len() / 2;
    key[middle] ^= 1;
    let refused = SigningKey::from_pkcs8(&key, certificate.as_der(), now()).unwrap_err();
    assert!(matches!(refused, CertError::KeyDamaged(_)), "{refused:?}");
}

#[test]
fn certificates_are_read_from_der_pem_and_bare_base64() {
    let bench = Bench::new();
    bench.openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout k -out c.pem -subj /CN=fs.example.com/O=Ex -days 10 \
         -addext subjectAltName=DNS:fs.example.com,IP:192.0.2.7",
    );
    bench.openssl("x509 -in c.pem -outform DER -out c.der");
    let (der, facts) = read_certificate(&bench.read("c.pem")).unwrap();
    assert_eq!(der, bench.read("c.der"));
    assert_eq!(facts.names, ["fs.example.com", "192.0.2.7"]);
    assert_eq!(
        (facts.key_algorithm.as_str(), facts.key_bits),
        ("RSA", 2048)
    );
    assert_eq!(read_certificate(&der).unwrap().1, facts);
    let text = String::from_utf8(bench.read("c.pem")).unwrap();
    let bare: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains("-----"))
        .collect();
    assert_eq!(
        read_certificate(bare.join("\r\n ").as_bytes()).unwrap().1,
        facts
    );

    let mut longer = der.clone();
    longer.push(0);
    assert!(matches!(
        read_certificate(&longer),
        Err(CertError::CertificateUnreadable(_))
    ));
    for junk in [
        &b""[..],
        b"\x30",
        b"\x30\x82\xff\xff",
        b"nonsense",
        b"-----BEGIN CERTIFICATE-----",
    ] {
        read_certificate(junk).unwrap_err();
    }
}

fn p12_key(bench: &Bench, name: &str) -> PrivateKey {
    let pem = bench.read(&format!("{name}.key"));
    let PrivateKeyDer::Pkcs8(der) = PrivateKeyDer::from_pem_slice(&pem).unwrap() else {
        panic!("not PKCS#8")
    };
    PrivateKey::from_der(der.secret_pkcs8_der()).unwrap()
}

fn p12_certificate(bench: &Bench, name: &str) -> Certificate {
    Certificate::from_der(
        &read_certificate(&bench.read(&format!("{name}.crt")))
            .unwrap()
            .0,
    )
    .unwrap()
}
