//! xmlsec1 and xmllint: the implementations that are not ours.

use std::process::{Command, Output};

use super::keys::{Holder, file};

/// Whether xmlsec1 verifies the signature found at `xpath`, with the holder's certificate pinned.
pub(crate) fn xmlsec_verifies(
    xml: &str,
    ids: &[(&str, &str)],
    xpath: &str,
    holder: &Holder,
) -> Result<(), String> {
    let document = file(xml.as_bytes(), ".xml");
    let mut command = Command::new("xmlsec1");
    command.args(["--verify", "--enabled-key-data", "rsa", "--pubkey-cert-pem"]);
    command.arg(holder.certificate_file.path());
    for (attribute, element) in ids {
        command.arg(format!("--id-attr:{attribute}")).arg(element);
    }
    command.args(["--node-xpath", xpath]).arg(document.path());
    outcome(&command.output().expect("xmlsec1 is installed"), xml)
}

/// Signs a template document with xmlsec1.
pub(crate) fn xmlsec_signs(template: &str, ids: &[(&str, &str)], holder: &Holder) -> String {
    let document = file(template.as_bytes(), ".xml");
    let mut command = Command::new("xmlsec1");
    command
        .args(["--sign", "--privkey-pem"])
        .arg(holder.key_file.path());
    for (attribute, element) in ids {
        command.arg(format!("--id-attr:{attribute}")).arg(element);
    }
    let output = command
        .arg(document.path())
        .output()
        .expect("xmlsec1 is installed");
    outcome(&output, template).unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Decrypts with the holder's private key.
pub(crate) fn xmlsec_decrypts(xml: &str, holder: &Holder) -> Result<String, String> {
    let document = file(xml.as_bytes(), ".xml");
    let output = Command::new("xmlsec1")
        .args(["--decrypt", "--privkey-pem"])
        .arg(holder.key_file.path())
        .arg(document.path())
        .output()
        .expect("xmlsec1 is installed");
    outcome(&output, xml)?;
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}

/// Exclusive canonical form with comments, or xmllint's complaint.
pub(crate) fn xmllint_exclusive(xml: &[u8]) -> Result<Vec<u8>, String> {
    let document = file(xml, ".xml");
    let output = Command::new("xmllint")
        .args(["--nonet", "--exc-c14n"])
        .arg(document.path())
        .output()
        .expect("xmllint is installed");
    outcome(&output, &String::from_utf8_lossy(xml))?;
    Ok(output.stdout)
}

/// Whether libxml2 reads it as well-formed.
pub(crate) fn xmllint_reads(xml: &[u8]) -> Result<(), String> {
    let document = file(xml, ".xml");
    let output = Command::new("xmllint")
        .args(["--nonet", "--noout"])
        .arg(document.path())
        .output()
        .expect("xmllint is installed");
    outcome(&output, &String::from_utf8_lossy(xml))
}

fn outcome(output: &Output, about: &str) -> Result<(), String> {
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{}\n{about}",
        String::from_utf8_lossy(&output.stderr)
    ))
}
