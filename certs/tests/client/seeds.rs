//! The fuzz targets over their committed seeds: each returns without a panic.

use std::path::Path;

use signet_certs::client::header::fuzz_certificate_header;
use signet_certs::client::revocation::{fuzz_ocsp_answer, fuzz_revocation_list};
use signet_certs::client::{
    ClientCertificate, SecurityIdentity, fuzz_client_certificate, fuzz_security_identity,
};

#[test]
fn seeds_reach_what_they_are_for() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzzing/corpus");
    let seeds = |target: &str| -> Vec<Vec<u8>> {
        let folder = std::fs::read_dir(corpus.join(target)).unwrap();
        let files = folder.map(|file| std::fs::read(file.unwrap().path()).unwrap());
        files.collect()
    };
    for seed in seeds("certificate_of_person") {
        assert!(ClientCertificate::read(&seed).is_ok());
        fuzz_client_certificate(&seed);
        for at in 0..seed.len() {
            let mut changed = seed.clone();
            changed[at] ^= 0x81;
            fuzz_client_certificate(&changed);
            fuzz_client_certificate(&seed[..at]);
        }
    }
    for seed in seeds("certificate_mapping") {
        let text = std::str::from_utf8(&seed).unwrap();
        assert!(SecurityIdentity::parse(text).is_some(), "{text}");
        fuzz_security_identity(&seed);
    }
    seeds("certificate_header")
        .iter()
        .for_each(|seed| fuzz_certificate_header(seed));
    for (target, run) in [
        ("revocation_list", fuzz_revocation_list as fn(&[u8])),
        ("ocsp_answer", fuzz_ocsp_answer),
    ] {
        for seed in seeds(target) {
            for at in 0..seed.len() {
                let mut changed = seed.clone();
                changed[at] ^= 0x81;
                run(&changed);
                run(&seed[..at]);
            }
        }
    }
}
