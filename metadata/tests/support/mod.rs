//! Keys from OpenSSL and signatures from xmlsec1: implementations that are not ours.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(
    clippy::unwrap_used,
    reason = "a missing or failing tool must fail the test"
)]

use std::path::PathBuf;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use signet_certs::read_certificate;
use tempfile::TempDir;
use time::OffsetDateTime;
use time::macros::datetime;

/// The time of every test: certificates are made so that they are valid then.
pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// A time for documents whose dates are written out.
pub(crate) const NOON: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);

pub(crate) struct Bench {
    folder: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Runs a tool in the folder: whether it succeeded, and what it said.
    pub(crate) fn run(&self, tool: &str, arguments: &str) -> (bool, String) {
        let output = Command::new(tool)
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    }

    pub(crate) fn must(&self, tool: &str, arguments: &str) {
        let (succeeded, said) = self.run(tool, arguments);
        assert!(succeeded, "{tool} {arguments}: {said}");
    }

    /// `NAME.key` and `NAME.crt`; gives the certificate in base64.
    pub(crate) fn certificate(&self, name: &str, new_key: &str) -> String {
        self.must(
            "openssl",
            &format!("req -x509 -newkey {new_key} -nodes -keyout {name}.key -out {name}.crt -subj /CN={name} -days 30"),
        );
        STANDARD.encode(
            read_certificate(&self.read(&format!("{name}.crt")))
                .unwrap()
                .0,
        )
    }

    /// Signs a document that holds a signature template, by xmlsec1.
    pub(crate) fn sign(&self, key: &str, template: &str) -> Vec<u8> {
        self.write("template.xml", template.as_bytes());
        self.must(
            "xmlsec1",
            &format!(
                "--sign --id-attr:ID {MD}:EntityDescriptor --id-attr:ID {MD}:EntitiesDescriptor \
                 --privkey-pem {key}.key,{key}.crt --output signed.xml template.xml"
            ),
        );
        self.read("signed.xml")
    }
}

pub(crate) const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";

/// A template for `xmlsec1 --sign`: enveloped, exclusive, RSA-SHA256.
pub(crate) fn signature_template(id: &str) -> String {
    format!(
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo>\
         <ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>\
         <ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"/>\
         <ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>\
         <ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue/></ds:Reference>\
         </ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo><ds:X509Data/></ds:KeyInfo></ds:Signature>"
    )
}

/// A key descriptor.
pub(crate) fn key(usage: &str, certificate: &str) -> String {
    let usage = if usage.is_empty() {
        String::new()
    } else {
        format!(" use=\"{usage}\"")
    };
    format!(
        "<md:KeyDescriptor{usage}><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data>\
         <ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )
}

pub(crate) const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// An assertion consumer service.
pub(crate) fn acs(index: &str, location: &str) -> String {
    format!(
        "<md:AssertionConsumerService Binding=\"{POST}\" index=\"{index}\" Location=\"{location}\"/>"
    )
}

/// A service provider with `content` in its role; `attributes` go onto the entity.
pub(crate) fn sp_with(entity_id: &str, attributes: &str, content: &str) -> String {
    format!(
        "<md:EntityDescriptor xmlns:md=\"{MD}\" entityID=\"{entity_id}\" {attributes}>\
         <md:SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{content}\
         </md:SPSSODescriptor></md:EntityDescriptor>"
    )
}

/// The smallest service provider.
pub(crate) fn sp(entity_id: &str) -> String {
    sp_with(entity_id, "", &acs("0", "https://sp.example/acs"))
}
