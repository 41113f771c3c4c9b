//! Processor time of a Kerberos sign-in, in raw RSA-2048 signatures of the same process.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use serde_json::{Value, json};
use signet_authn::kerberos::{ChannelBinding, KerberosAuthenticator};
use time::OffsetDateTime;

/// Sign-ins and signatures take turns in groups of so many.
const GROUP: usize = 25;

/// Signs in once with each header of a file; medians of the groups.
pub(crate) async fn run(
    accept: &KerberosAuthenticator,
    file: &Path,
    channel: Option<&ChannelBinding>,
) -> Result<Value, Box<dyn Error>> {
    let text = std::fs::read_to_string(file)?;
    let headers: Vec<&str> = text.lines().collect();
    let key = KeyPair::generate(KeySize::Rsa2048)?;
    let random = SystemRandom::new();
    let mut signature = vec![0; key.public_modulus_len()];
    let (mut rsa, mut signing_in, mut elapsed) = (vec![], vec![], vec![]);
    for group in headers.chunks(GROUP) {
        let before = cpu_nanoseconds()?;
        for _ in group {
            key.sign(
                &RSA_PKCS1_SHA256,
                &random,
                b"a token's digest stands here",
                &mut signature,
            )?;
        }
        let between = cpu_nanoseconds()?;
        let start = Instant::now();
        for header in group {
            let now = OffsetDateTime::now_utc();
            accept.sign_in(header.as_bytes(), channel, now).await?;
        }
        let took = start.elapsed();
        let after = cpu_nanoseconds()?;
        let count = group.len() as f64 * 1000.0;
        rsa.push((between - before) as f64 / count);
        signing_in.push((after - between) as f64 / count);
        elapsed.push(took.as_nanos() as f64 / count);
    }
    let (rsa, signing_in) = (median(rsa), median(signing_in));
    Ok(json!({
        "sign_ins": headers.len(),
        "rsa_2048_us": rsa.round(),
        "sign_in_cpu_us": signing_in.round(),
        "sign_in_elapsed_us": median(elapsed).round(),
        "ratio": (signing_in / rsa * 100.0).round() / 100.0,
    }))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The processor time of all threads so far, as the kernel's scheduler counts it.
fn cpu_nanoseconds() -> Result<u64, Box<dyn Error>> {
    let mut sum = 0;
    for thread in std::fs::read_dir("/proc/self/task")? {
        let counted = std::fs::read_to_string(thread?.path().join("schedstat"))?;
        let first = counted.split(' ').next().ok_or("schedstat")?;
        sum += first.parse::<u64>()?;
    }
    Ok(sum)
}
