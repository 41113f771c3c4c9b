//! Which keys are accepted, and signatures at the edge of the arithmetic (SIG-16).

use std::process::Command;

use proptest::prelude::*;
use signet_xml::{KeyRefused, Policy, RecipientKey, SignatureError, TrustedKey, verify_detached};

use crate::support::keys::{elliptic_partner, partner};
use crate::support::template::RSA_SHA256;

const ECDSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
const MESSAGE: &[u8] = b"SAMLRequest=message";

/// A self-signed certificate that openssl makes with these key options.
fn certificate(options: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (key, file) = (
        folder.path().join("key.pem"),
        folder.path().join("cert.der"),
    );
    let made = Command::new("openssl")
        .arg("genpkey")
        .args(options)
        .arg("-out")
        .arg(&key)
        .output();
    assert!(made.expect("openssl is installed").status.success());
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-new",
            "-subj",
            "/CN=partner",
            "-outform",
            "DER",
            "-key",
        ])
        .arg(&key)
        .arg("-out")
        .arg(&file)
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    std::fs::read(file).unwrap()
}

fn refusal(der: &[u8]) -> KeyRefused {
    let refused = TrustedKey::from_certificate_der(der).unwrap_err();
    assert!(RecipientKey::from_certificate_der(der).is_err());
    refused
}

#[test]
fn sec_sig_10_small_rsa_keys_are_refused() {
    let small = certificate(&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]);
    assert_eq!(refusal(&small), KeyRefused::RsaSize(1024));
}

#[test]
fn sec_sig_16_small_and_even_exponents_and_even_moduli_are_refused() {
    let three = certificate(&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_pubexp:3"]);
    assert_eq!(refusal(&three), KeyRefused::RsaUnsound);

    let good = &partner().certificate_der;
    let exponent = good.windows(5).position(|w| w == [2, 3, 1, 0, 1]).unwrap();
    for (last, first) in [(1_u8, 0_u8), (0, 1), (2, 1)] {
        let mut der = good.clone();
        (der[exponent + 2], der[exponent + 4]) = (first, last);
        assert!(
            TrustedKey::from_certificate_der(&der).is_err(),
            "{first} {last}"
        );
    }
    let mut even = good.clone();
    even[exponent - 1] &= 0xFE;
    assert_eq!(refusal(&even), KeyRefused::RsaUnsound);
}

#[test]
fn keys_of_other_kinds_are_refused() {
    let ed = certificate(&["-algorithm", "ED25519"]);
    assert_eq!(refusal(&ed), KeyRefused::Kind);
    let p521 = certificate(&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"]);
    assert_eq!(refusal(&p521), KeyRefused::Kind);
    let p384 = certificate(&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]);
    TrustedKey::from_certificate_der(&p384).unwrap();
    // Contents are encrypted to RSA keys only.
    assert!(matches!(
        RecipientKey::from_certificate_der(&p384),
        Err(KeyRefused::Kind)
    ));
}

#[test]
fn sec_xml_16_what_is_no_certificate_is_refused() {
    let good = &partner().certificate_der;
    let mut longer = good.clone();
    longer.push(0);
    for der in [
        &[][..],
        &good[..good.len() - 1],
        &longer,
        b"-----BEGIN",
        &[0x30; 1_000_000],
    ] {
        assert_eq!(refusal(der), KeyRefused::NotACertificate);
    }
    for text in ["", "%%%", "AAAA", "-----BEGIN CERTIFICATE-----"] {
        let refused = TrustedKey::from_certificate_base64(text).unwrap_err();
        assert_eq!(refused, KeyRefused::NotACertificate);
    }
}

#[test]
fn base64_of_a_certificate_may_have_line_breaks() {
    let text = signet_xml::SignatureMaker::certificate_base64(partner());
    let broken = text
        .as_bytes()
        .chunks(64)
        .map(|c| std::str::from_utf8(c).unwrap())
        .collect::<Vec<_>>()
        .join("\r\n  ");
    let keys = [TrustedKey::from_certificate_base64(&broken).unwrap()];
    let signature = partner().sign_raw(RSA_SHA256, MESSAGE);
    let proof = verify_detached(RSA_SHA256, MESSAGE, &signature, &keys, Policy::default());
    assert_eq!(proof.unwrap().message(), MESSAGE);
}

/// The order of P-256's group.
const ORDER: [u8; 32] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6,
    0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
];

#[test]
fn sec_sig_16_ecdsa_at_the_edges() {
    let keys = [elliptic_partner().trusted()];
    let good = elliptic_partner().sign_raw(ECDSA_SHA256, MESSAGE);
    let check = |signature: &[u8]| {
        verify_detached(ECDSA_SHA256, MESSAGE, signature, &keys, Policy::default()).map(|_| ())
    };
    assert_eq!(check(&good), Ok(()));
    let (r, s) = good.split_at(32);
    let one = {
        let mut one = [0; 32];
        one[31] = 1;
        one
    };
    let above = {
        let mut above = ORDER;
        above[31] += 1;
        above
    };
    let zero = [0; 32];
    let edges: Vec<Vec<u8>> = vec![
        [zero, zero].concat(),
        [&zero[..], s].concat(),
        [r, &zero[..]].concat(),
        [ORDER, ORDER].concat(),
        [&ORDER[..], s].concat(),
        [r, &ORDER[..]].concat(),
        [one, one].concat(),
        [above, above].concat(),
        [[0xFF; 32], [0xFF; 32]].concat(),
        [s, r].concat(),
        r.to_vec(),
        Vec::new(),
        [&good[..], &[0]].concat(),
        [&[0][..], &good[..]].concat(),
        good[..63].to_vec(),
        der(r, s),
    ];
    for edge in edges {
        assert_eq!(
            check(&edge),
            Err(SignatureError::OtherKey { keys: 1 }),
            "{edge:02x?}"
        );
    }
}

/// ASN.1, which XML Signature does not use (XML Signature 1.1, section 6.4.3: r and s of fixed length).
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integer = |value: &[u8]| {
        let padded: Vec<u8> = if value[0] & 0x80 == 0 {
            value.to_vec()
        } else {
            [&[0], value].concat()
        };
        [&[2, u8::try_from(padded.len()).unwrap()][..], &padded].concat()
    };
    let body = [integer(r), integer(s)].concat();
    [&[0x30, u8::try_from(body.len()).unwrap()][..], &body].concat()
}

#[test]
fn sec_sig_16_rsa_at_the_edges() {
    let keys = [partner().trusted()];
    let good = partner().sign_raw(RSA_SHA256, MESSAGE);
    let check = |signature: &[u8]| {
        verify_detached(RSA_SHA256, MESSAGE, signature, &keys, Policy::default()).map(|_| ())
    };
    assert_eq!(check(&good), Ok(()));
    let certificate = &partner().certificate_der;
    let exponent = certificate
        .windows(5)
        .position(|w| w == [2, 3, 1, 0, 1])
        .unwrap();
    let modulus = &certificate[exponent - 256..exponent];
    let mut plus_modulus = vec![0_u8; 257];
    let mut carry = 0_u16;
    for at in (0..256).rev() {
        let sum = u16::from(good[at]) + u16::from(modulus[at]) + carry;
        (plus_modulus[at + 1], carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    plus_modulus[0] = carry.to_le_bytes()[0];
    let one = {
        let mut one = vec![0; 256];
        one[255] = 1;
        one
    };
    let edges: Vec<Vec<u8>> = vec![
        vec![0; 256],
        one,
        modulus.to_vec(),
        plus_modulus,
        vec![0xFF; 256],
        Vec::new(),
        good[..255].to_vec(),
        good[1..].to_vec(),
        [&[0][..], &good].concat(),
        [&good[..], &[0]].concat(),
        // A signature of another digest by the right key.
        partner().sign_raw("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", MESSAGE),
    ];
    for edge in edges {
        assert_eq!(
            check(&edge),
            Err(SignatureError::OtherKey { keys: 1 }),
            "{edge:02x?}"
        );
    }
    // The right key with an algorithm of another kind.
    let error = verify_detached(ECDSA_SHA256, MESSAGE, &good, &keys, Policy::default());
    assert_eq!(error.unwrap_err(), SignatureError::OtherKey { keys: 1 });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// A certificate with any byte changed gives a key, or a reason; never a crash.
    #[test]
    fn sec_xml_16_changed_certificates_do_no_harm(at in 0_usize..700, to in any::<u8>(), cut in 0_usize..700) {
        let mut der = partner().certificate_der.clone();
        let at = at % der.len();
        der[at] = to;
        let _ = TrustedKey::from_certificate_der(&der).map(|key| format!("{key:?}"));
        let _ = RecipientKey::from_certificate_der(&der).map(|key| format!("{key:?}"));
        let cut = cut % der.len();
        prop_assert!(TrustedKey::from_certificate_der(&der[..cut]).is_err());
    }
}
