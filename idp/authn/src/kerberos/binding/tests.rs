use aws_lc_rs::digest::digest;

use super::*;

// Self-signed by OpenSSL 3.0, one a signature algorithm.
macro_rules! certificate {
    ($name:literal) => {
        include_bytes!(concat!(
            "../../../tests/data/kerberos/certificates/",
            $name,
            ".der"
        ))
    };
}

#[test]
fn sec_krb_05_the_hash_is_the_signature_s_and_never_below_sha256() {
    let cases: [(&str, &[u8], &Algorithm); 9] = [
        ("rsa-md5", certificate!("rsa-md5"), &SHA256),
        ("rsa-sha1", certificate!("rsa-sha1"), &SHA256),
        ("rsa-sha256", certificate!("rsa-sha256"), &SHA256),
        ("rsa-sha384", certificate!("rsa-sha384"), &SHA384),
        ("rsa-sha512", certificate!("rsa-sha512"), &SHA512),
        ("pss-sha256", certificate!("pss-sha256"), &SHA256),
        ("pss-sha384", certificate!("pss-sha384"), &SHA384),
        ("ec-sha256", certificate!("ec-sha256"), &SHA256),
        ("ec-sha384", certificate!("ec-sha384"), &SHA384),
    ];
    for (name, certificate, algorithm) in cases {
        let binding = ChannelBinding::tls_server_end_point(certificate).unwrap();
        let mut expected = b"tls-server-end-point:".to_vec();
        expected.extend(digest(algorithm, certificate).as_ref());
        assert_eq!(binding.application_data(), expected, "{name}");
    }
}

#[test]
fn a_certificate_without_a_hash_says_so() {
    let outcome = ChannelBinding::tls_server_end_point(certificate!("ed25519"));
    assert_eq!(outcome, Err(NoChannelBinding::NoHash));
    for octets in [
        &b""[..],
        b"-----BEGIN CERTIFICATE-----",
        &certificate!("ec-sha256")[..100],
    ] {
        let outcome = ChannelBinding::tls_server_end_point(octets);
        assert_eq!(outcome, Err(NoChannelBinding::NotACertificate));
    }
}
