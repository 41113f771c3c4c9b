//! `signet certmap FILE`: what to write into `altSecurityIdentities`, and what the server would decide about a certificate.

use std::path::Path;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use signet_authn::certificate::Explanation;
use signet_certs::client::Strength;
use signet_directory::Clock;
use signet_model::MessagePair;

use super::output::{Output, table};
use super::{Done, Failure, block_on};
use crate::config::{CertificateConfig, Config};
use crate::house::{open_certificates, open_directories};

/// No file with a certificate and its issuers is larger.
const LARGEST: u64 = 1024 * 1024;

pub(super) fn run(path: &Path, file: &Path, output: &Output) -> Done {
    block_on(async {
        let config = Config::read(path)?;
        let clock = Clock::system();
        let chain = read(file)?;
        let directories = open_directories(&config, &clock)?;
        let default = CertificateConfig::default();
        let section = config.certificate.as_ref().unwrap_or(&default);
        let authenticator = open_certificates(section, &directories)?;
        let refreshed = authenticator.refresh().await;
        let mut notes: Vec<String> = refreshed
            .failures
            .iter()
            .map(|failure| failure.message().private)
            .collect();
        if config.certificate.is_none() {
            notes.push(
                "signing in by certificate is off: there is no [certificate] in the configuration"
                    .to_owned(),
            );
        }
        let explained = authenticator.explain(&chain, clock.now()).await;
        output.show(&document(&explained, &notes), || text(&explained, &notes));
        Ok(())
    })
}

/// The certificates of a file, the person's own first.
fn read(file: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let fault = |text: String| Failure(format!("{}: {text}", file.display()));
    let about = std::fs::metadata(file).map_err(|error| fault(error.to_string()))?;
    if about.len() > LARGEST {
        return Err(fault("larger than 1 MiB".to_owned()));
    }
    let bytes = std::fs::read(file).map_err(|error| fault(error.to_string()))?;
    // DER begins with a sequence; PEM is text.
    if bytes.first() == Some(&0x30) {
        return Ok(vec![bytes]);
    }
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes)
        .map(|one| one.map(|der| der.to_vec()))
        .collect();
    let chain = read.map_err(|error| fault(error.to_string()))?;
    if chain.is_empty() {
        return Err(fault(
            "holds no certificate, neither PEM nor DER".to_owned(),
        ));
    }
    Ok(chain)
}

fn strength(strength: Strength) -> &'static str {
    match strength {
        Strength::Strong => "strong",
        Strength::Weak => "weak",
    }
}

fn page(message: &MessagePair) -> Value {
    json!({ "code": message.code, "page": message.public, "hint": message.hint, "why": message.private })
}

fn document(explained: &Explanation, notes: &[String]) -> Value {
    let certificate = explained.certificate.as_ref().map(|certificate| {
        json!({
            "subject": certificate.subject.display_text(),
            "issuer": certificate.issuer.display_text(),
            "serial": certificate.serial_text(),
            "thumbprint": certificate.thumbprint.sha1(),
            "not_before": certificate.not_before.unix_timestamp(),
            "not_after": certificate.not_after.unix_timestamp(),
            "user_principal_names": certificate.extensions.user_principal_names,
            "sid": certificate.extensions.sid,
        })
    });
    let mapping: Vec<Value> = explained
        .mapping
        .iter()
        .map(|one| json!({ "value": one.value, "strength": strength(one.strength), "binds": one.binds }))
        .collect();
    let steps: Vec<Value> = explained
        .steps
        .iter()
        .map(|step| match &step.outcome {
            Ok(found) => json!({ "what": step.what, "found": found }),
            Err(message) => json!({ "what": step.what, "refused": page(message) }),
        })
        .collect();
    let mut document =
        json!({ "certificate": certificate, "mapping": mapping, "steps": steps, "notes": notes });
    let verdict = match &explained.verdict {
        Ok(account) => json!({ "account": account }),
        Err(message) => json!({ "refused": page(message) }),
    };
    if let Some(document) = document.as_object_mut() {
        document.insert("verdict".to_owned(), verdict);
    }
    document
}

fn text(explained: &Explanation, notes: &[String]) -> String {
    let mut lines = Vec::new();
    if let Some(certificate) = &explained.certificate {
        lines.push(format!(
            "Subject     {}",
            certificate.subject.display_text()
        ));
        lines.push(format!("Issuer      {}", certificate.issuer.display_text()));
        lines.push(format!("Serial      {}", certificate.serial_text()));
        lines.push(format!("Thumbprint  {}", certificate.thumbprint.sha1()));
        for upn in &certificate.extensions.user_principal_names {
            lines.push(format!("UPN         {upn}"));
        }
        if let Some(sid) = &certificate.extensions.sid {
            lines.push(format!("SID         {sid}"));
        }
    }
    if !explained.mapping.is_empty() {
        lines.push("\nValues for altSecurityIdentities; one strong one is enough:".to_owned());
        for one in &explained.mapping {
            lines.push(format!("  {:<6}  {}", strength(one.strength), one.value));
            lines.push(format!("          ({})", one.binds));
        }
    }
    let rows: Vec<Vec<String>> = explained
        .steps
        .iter()
        .map(|step| {
            let (state, found) = match &step.outcome {
                Ok(found) => ("ok", found.clone()),
                Err(message) => ("refused", format!("{} ({})", message.private, message.code)),
            };
            vec![step.what.to_owned(), state.to_owned(), found]
        })
        .collect();
    lines.push(format!(
        "\n{}",
        table(&["STEP", "", "WHAT WAS FOUND"], &rows)
    ));
    lines.push(match &explained.verdict {
        Ok(account) => format!("\nThis certificate signs in {account}."),
        Err(message) => format!(
            "\nThis certificate signs nobody in. The person reads: {} {}",
            message.public, message.hint
        ),
    });
    lines.extend(notes.iter().map(|note| format!("Note: {note}")));
    lines.join("\n")
}
