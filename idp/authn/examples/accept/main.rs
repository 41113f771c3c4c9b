//! Accepts Kerberos tokens as the server does, against a real directory and store, and says what came of each.
//!
//! `accept SETTINGS`, where SETTINGS is JSON ([`Settings`]). Then, a line each on standard input, answered by a line of JSON:
//!
//! - `sign-in HEADER`: the value of an `Authorization` header;
//! - `bench FILE`: as many sign-ins as the file has headers, against raw RSA-2048 signatures of the same process;
//! - `check KEYTAB HOST`: what `signet check` would say of a keytab.

mod bench;
mod settings;

use std::error::Error;
use std::io::BufRead as _;
use std::path::Path;

use serde_json::{Value, json};
use signet_authn::kerberos::{
    ChannelBinding, KerberosAuthenticator, KerberosRefusal, KerberosSignIn, check_keytab,
};
use time::OffsetDateTime;

use settings::Settings;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let text = std::env::args().nth(1).ok_or("accept SETTINGS")?;
    let settings: Settings = serde_json::from_str(&text)?;
    let channel = match &settings.certificate {
        Some(path) => Some(ChannelBinding::tls_server_end_point(&std::fs::read(path)?)?),
        None => None,
    };
    let accept = match settings.start().await? {
        Ok(accept) => accept,
        Err(error) => {
            let message = error.message();
            report(&json!({"setup": message.code, "detail": message.private}));
            return Ok(());
        }
    };
    report(&json!({"setup": "ok"}));
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let answer = match line.split_once(' ') {
            Some(("sign-in", header)) => sign_in(&accept, header, channel.as_ref()).await,
            Some(("bench", file)) => bench::run(&accept, Path::new(file), channel.as_ref()).await?,
            Some(("check", arguments)) => check(arguments),
            _ => return Err(format!("no such step: {line:.20}").into()),
        };
        report(&answer);
    }
    Ok(())
}

async fn sign_in(
    accept: &KerberosAuthenticator,
    header: &str,
    channel: Option<&ChannelBinding>,
) -> Value {
    let now = OffsetDateTime::now_utc();
    describe(accept.sign_in(header.as_bytes(), channel, now).await)
}

fn describe(outcome: Result<KerberosSignIn, KerberosRefusal>) -> Value {
    match outcome {
        Ok(signed_in) => {
            let account = signed_in.proof.account();
            json!({
                "account": account.sam,
                "sid": account.sid.as_str(),
                "groups": account.group_sids.len(),
                "principal": signed_in.proof.principal(),
                "channel_bound": signed_in.proof.channel_bound(),
                "ticket_seconds": (signed_in.proof.ticket_ends() - signed_in.proof.at()).whole_seconds(),
                "reply": signed_in.www_authenticate,
            })
        }
        Err(refusal) => {
            let message = refusal.message();
            json!({
                "refused": message.code,
                "public": message.public,
                "hint": message.hint,
                "detail": message.private,
                "everyday": refusal.is_everyday(),
            })
        }
    }
}

fn check(arguments: &str) -> Value {
    let (path, host) = arguments.split_once(' ').unwrap_or((arguments, ""));
    match check_keytab(Path::new(path), host) {
        Ok(report) => json!({
            "keys": report.keys,
            "warnings": report.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }),
        Err(fault) => json!({"fault": fault.message().code, "detail": fault.to_string()}),
    }
}

#[expect(clippy::print_stdout, reason = "a command's answer")]
fn report(answer: &Value) {
    println!("{answer}");
}
