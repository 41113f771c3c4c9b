//! The certificate context claims: what AD FS tells claim rules of a certificate, and Entra reads to honour revocation
//! (`field/issuer` and the serial number).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use signet_certs::client::ClientCertificate;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const FIELD: &str = "http://schemas.microsoft.com/2012/12/certificatecontext/field/";
const EXTENSION: &str = "http://schemas.microsoft.com/2012/12/certificatecontext/extension/";
const SERIAL_NUMBER: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/serialnumber";
const THUMBPRINT: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/thumbprint";

/// Claims about the certificate that signed somebody in. It belongs to the evidence: a session keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CertificateContext(Vec<ContextClaim>);

/// One claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextClaim {
    /// Claim type.
    pub claim_type: String,
    /// Value.
    pub value: String,
}

impl CertificateContext {
    /// Of a certificate. Names are written as .NET writes them, most specific part first; times by RFC 3339; octets in
    /// upper-case hex, the whole certificate in base64.
    pub(super) fn of(certificate: &ClientCertificate) -> Self {
        let mut claims = Self::default();
        claims.fields(certificate);
        claims.extensions(certificate);
        claims
    }

    /// The claims, in a stable order.
    pub fn claims(&self) -> &[ContextClaim] {
        &self.0
    }

    /// Without the whole certificate in it, for a place that has to stay small.
    #[must_use]
    pub fn without_raw_data(mut self) -> Self {
        let raw = format!("{FIELD}rawdata");
        self.0.retain(|claim| claim.claim_type != raw);
        self
    }

    fn fields(&mut self, certificate: &ClientCertificate) {
        let (issuer, subject) = (
            certificate.issuer.display_text(),
            certificate.subject.display_text(),
        );
        self.add(String::from(SERIAL_NUMBER), certificate.serial_text());
        self.add(
            String::from(THUMBPRINT),
            certificate.thumbprint.sha1().to_owned(),
        );
        for (name, value) in [
            ("issuer", issuer.clone()),
            ("issuername", issuer),
            ("subject", subject.clone()),
            ("subjectname", subject),
            ("notbefore", instant(certificate.not_before)),
            ("notafter", instant(certificate.not_after)),
            ("x509version", certificate.version.to_string()),
            (
                "signaturealgorithm",
                certificate.signature_algorithm.clone(),
            ),
            ("rawdata", STANDARD.encode(certificate.der())),
        ] {
            self.add(format!("{FIELD}{name}"), value);
        }
    }

    fn extensions(&mut self, certificate: &ClientCertificate) {
        let said = &certificate.extensions;
        let usage = said.key_usage.as_ref().map(|usage| usage.names.join(", "));
        let upns = said
            .user_principal_names
            .iter()
            .map(|upn| format!("Principal Name={upn}"));
        let emails = said
            .emails
            .iter()
            .map(|email| format!("RFC822 Name={email}"));
        let san = upns.chain(emails).chain(said.other_names.iter().cloned());
        let one = |value: Option<String>| value.into_iter().collect::<Vec<_>>();
        let groups: [(&str, Vec<String>); 12] = [
            ("keyusage", one(usage)),
            (
                "subjectkeyidentifier",
                one(said.subject_key_id.as_deref().map(hex)),
            ),
            (
                "authoritykeyidentifier",
                one(said.authority_key_id.as_deref().map(hex)),
            ),
            ("certificatetemplatename", one(said.template_name.clone())),
            ("certificatetemplateinformation", one(said.template.clone())),
            ("san", san.collect()),
            ("eku", said.purposes.clone()),
            ("certificatepolicy", said.policies.clone()),
            ("applicationpolicy", said.application_policies.clone()),
            (
                "basicconstraints",
                one(said
                    .is_authority
                    .map(|is| if is { "CA" } else { "End Entity" }.to_owned())),
            ),
            ("cdp", said.revocation_lists.clone()),
            (
                "authorityinformationaccess",
                said.issuer_locations
                    .iter()
                    .chain(&said.responders)
                    .cloned()
                    .collect(),
            ),
        ];
        for (name, values) in groups {
            for value in values {
                self.add(format!("{EXTENSION}{name}"), value);
            }
        }
    }

    fn add(&mut self, claim_type: String, value: String) {
        if !value.is_empty() {
            self.0.push(ContextClaim { claim_type, value });
        }
    }
}

fn instant(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_default()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02X}")).collect()
}
