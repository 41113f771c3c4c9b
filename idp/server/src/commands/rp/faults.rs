//! What is wrong with a relying party: every fault with its property, its value and its mend.
//!
//! `rp add` and `rp set` refuse what would not work; `check` lists what is stored. No sign-in asks here: what was saved
//! before a rule was made goes on as it did.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;

use signet_claims::RuleSet;
use signet_issuance::restricts;
use signet_metadata::{EndpointFault, check_endpoint};
use signet_model::RelyingParty;
use signet_model::relying_party::EncryptionAlgorithm;
use signet_model::uris::{ENTRA_REALM, authn, binding};
use signet_xml::{KeyRefused, RecipientKey, TrustedKey};
use url::Url;

use crate::commands::Failure;

/// A token that is good for longer outlives what happened to the account for more than a day.
const LONGEST_LIFETIME: u32 = 1440;
/// What a lifetime of 0 means, at AD FS and here.
const USUAL_LIFETIME: u32 = 60;
const GREATEST_SKEW: u32 = 15;

/// What a sign-in can be said to have been performed by, the usual name of each method first.
const CLASSES: [&str; 17] = [
    authn::PASSWORD_PROTECTED_TRANSPORT,
    authn::WINDOWS,
    authn::TLS_CLIENT,
    authn::MULTIPLE,
    authn::WINDOWS_OR_MULTIPLE,
    authn::ADAPTER_OTP,
    authn::ADAPTER_SECURITY_KEY,
    authn::ADAPTER_RADIUS,
    authn::PASSWORD,
    authn::SAML1_PASSWORD,
    authn::MS_PASSWORD,
    authn::MS_WINDOWS,
    authn::KERBEROS,
    authn::WS_TLS_CLIENT,
    authn::MS_TLS_CLIENT,
    authn::X509,
    authn::UNSPECIFIED,
];

/// How AD FS's own commands write [`authn::WINDOWS_OR_MULTIPLE`] for Entra's trust.
const ADFS_SHORT: &str = "wiaormultiauthn";

/// Something wrong with one property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The property, as `rp show --json` names it.
    property: &'static str,
    /// It can be worked with, and is saved.
    pub(crate) doubtful: bool,
    text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.property, self.text)
    }
}

/// Everything wrong with `party`, in the order of its properties.
pub(crate) fn faults(party: &RelyingParty) -> Vec<Fault> {
    let mut found = Findings {
        party,
        faults: Vec::new(),
    };
    found.names();
    found.protocols();
    found.wsfed_endpoints();
    found.assertion_consumers();
    found.logout_services();
    found.signed_requests();
    found.encryption_certificate();
    found.times();
    found.authentication_classes();
    found.evidence_claims();
    found.rules();
    found.metadata_url();
    found.faults
}

/// Refuses `after` for the faults that it got or kept in what differs from `before`; all of them when it is new.
pub(super) fn check(before: Option<&RelyingParty>, after: &RelyingParty) -> Result<(), Failure> {
    let known = before.map(faults).unwrap_or_default();
    let untouched = before.map(|before| same_properties(before, after));
    let untouched = untouched.transpose()?.unwrap_or_default();
    let wrong: Vec<_> = faults(after)
        .into_iter()
        .filter(|fault| !fault.doubtful)
        .filter(|fault| !(known.contains(fault) && untouched.contains(fault.property)))
        .map(|fault| fault.to_string())
        .collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let many = if wrong.len() == 1 { "" } else { "\n  " };
    Err(Failure(format!(
        "{:?} is not saved: {many}{}",
        after.name,
        wrong.join("\n  ")
    )))
}

/// The names of the properties that are the same in both.
fn same_properties(
    before: &RelyingParty,
    after: &RelyingParty,
) -> Result<BTreeSet<String>, Failure> {
    let (before, after) = (serde_json::to_value(before)?, serde_json::to_value(after)?);
    let fields = before.as_object().into_iter().flatten();
    Ok(fields
        .filter(|(name, value)| after.get(name.as_str()) == Some(*value))
        .map(|(name, _)| name.clone())
        .collect())
}

struct Findings<'p> {
    party: &'p RelyingParty,
    faults: Vec<Fault>,
}

impl Findings<'_> {
    fn refuse(&mut self, property: &'static str, text: String) {
        self.faults.push(Fault {
            property,
            doubtful: false,
            text,
        });
    }

    fn doubt(&mut self, property: &'static str, text: String) {
        self.faults.push(Fault {
            property,
            doubtful: true,
            text,
        });
    }

    fn names(&mut self) {
        if self.party.name.trim().is_empty() {
            self.refuse(
                "name",
                "it is empty; people read it when they sign in".into(),
            );
        }
        let blank = |identifier: &String| identifier.trim().is_empty();
        if self.party.identifiers.is_empty() || self.party.identifiers.iter().any(blank) {
            self.refuse(
                "identifiers",
                "there is none, or an empty one; give the application's realm or entity id".into(),
            );
        }
    }

    fn protocols(&mut self) {
        let wsfed = self.party.protocols.allows_wsfed() && !self.party.wsfed_endpoints.is_empty();
        let saml =
            self.party.protocols.allows_saml() && self.party.default_assertion_consumer().is_some();
        if !wsfed && !saml {
            self.doubt(
                "protocols",
                "no address is registered that an answer of the allowed protocols could go to; set wsfed_endpoints, or assertion_consumers with the binding HTTP-POST".into(),
            );
        }
    }

    fn wsfed_endpoints(&mut self) {
        for address in &self.party.wsfed_endpoints {
            self.endpoint("wsfed_endpoints", address);
        }
    }

    fn assertion_consumers(&mut self) {
        const PROPERTY: &str = "assertion_consumers";
        let mut indices = BTreeSet::new();
        let mut defaults = 0;
        for consumer in &self.party.assertion_consumers {
            self.endpoint(PROPERTY, &consumer.location);
            if Url::parse(&consumer.binding).is_err() {
                self.refuse(
                    PROPERTY,
                    format!(
                        "{:?} is not the URI of a binding; answers go by {}",
                        cut(&consumer.binding),
                        binding::HTTP_POST
                    ),
                );
            } else if !consumer.is_post() && !is_other_binding(&consumer.binding) {
                self.doubt(
                    PROPERTY,
                    format!(
                        "the binding {:?} is not known and nothing is sent by it; answers go by {}",
                        cut(&consumer.binding),
                        binding::HTTP_POST
                    ),
                );
            }
            if !indices.insert(consumer.index) {
                self.refuse(
                    PROPERTY,
                    format!(
                        "the index {} stands twice; give each its own",
                        consumer.index
                    ),
                );
            }
            defaults += usize::from(consumer.is_default);
        }
        if defaults > 1 {
            self.refuse(
                PROPERTY,
                format!("{defaults} of them are the default; leave is_default at one"),
            );
        }
    }

    fn logout_services(&mut self) {
        const PROPERTY: &str = "logout_services";
        for service in &self.party.logout_services {
            self.endpoint(PROPERTY, &service.location);
            if let Some(address) = &service.response_location {
                self.endpoint(PROPERTY, address);
            }
            if ![binding::HTTP_POST, binding::HTTP_REDIRECT].contains(&service.binding.as_str()) {
                self.refuse(
                    PROPERTY,
                    format!(
                        "the binding {:?} is not served; use {} or {}",
                        cut(&service.binding),
                        binding::HTTP_POST,
                        binding::HTTP_REDIRECT
                    ),
                );
            }
        }
    }

    fn endpoint(&mut self, property: &'static str, address: &str) {
        let Err(fault) = check_endpoint(address, self.party.allow_http_endpoints) else {
            return;
        };
        let mend = match fault {
            EndpointFault::PlainHttp => {
                "use https, or set allow_http_endpoints=true where that is borne (a lab)"
            }
            _ => "write a whole address, such as https://app.contoso.com/signin",
        };
        self.refuse(property, format!("{:?}: {fault}; {mend}", cut(address)));
    }

    fn signed_requests(&mut self) {
        if self.party.signed_requests_required && self.party.request_signing_certificates.is_empty()
        {
            self.doubt(
                "signed_requests_required",
                "there is no request_signing_certificates to check a signature with, so every SAML request is refused; add the application's certificate".into(),
            );
        }
        for certificate in &self.party.request_signing_certificates {
            if let Err(refused) = TrustedKey::from_certificate_base64(certificate) {
                self.certificate("request_signing_certificates", certificate, &refused);
            }
        }
    }

    fn encryption_certificate(&mut self) {
        let party = self.party;
        let Some(certificate) = &party.encryption_certificate else {
            return;
        };
        if let Err(refused) = RecipientKey::from_certificate_base64(certificate) {
            self.certificate("encryption_certificate", certificate, &refused);
        }
        if !party.encrypt_claims {
            return;
        }
        if party.issuer_by_domain || party.has_identifier(ENTRA_REALM) {
            let text = "Entra reads no encrypted tokens (AADSTS500082); set it to null".to_owned();
            self.refuse("encryption_certificate", text);
        }
        let to_wsfed = party.protocols.allows_wsfed() && !party.wsfed_endpoints.is_empty();
        if to_wsfed && party.encryption_algorithm == EncryptionAlgorithm::Aes256Gcm {
            let text = "applications on .NET cannot read AES-GCM; if this is one, set it to \"aes256-cbc\"";
            self.doubt("encryption_algorithm", text.to_owned());
        }
    }

    fn certificate(&mut self, property: &'static str, text: &str, refused: &KeyRefused) {
        let mend = match refused {
            KeyRefused::NotACertificate => {
                "give the lines between BEGIN CERTIFICATE and END CERTIFICATE, joined"
            }
            _ => "ask the application for a certificate with another key",
        };
        self.refuse(property, format!("{:?}: {refused}; {mend}", cut(text)));
    }

    fn times(&mut self) {
        let lifetime = self.party.token_lifetime_minutes;
        if lifetime > LONGEST_LIFETIME {
            self.refuse(
                "token_lifetime_minutes",
                format!(
                    "{lifetime} is more than {LONGEST_LIFETIME}, a day; 0 means {USUAL_LIFETIME}"
                ),
            );
        } else if lifetime > USUAL_LIFETIME {
            self.doubt(
                "token_lifetime_minutes",
                format!(
                    "{lifetime} is more than {USUAL_LIFETIME}: whoever gets hold of a token can use it for so long, and a locked account's token stays good"
                ),
            );
        }
        let skew = self.party.not_before_skew_minutes;
        if skew > GREATEST_SKEW {
            self.refuse(
                "not_before_skew_minutes",
                format!(
                    "{skew} is more than {GREATEST_SKEW}; a clock that is further off has to be set"
                ),
            );
        }
    }

    fn authentication_classes(&mut self) {
        const PROPERTY: &str = "allowed_authentication_classes";
        let classes = &self.party.allowed_authentication_classes;
        let unknown: Vec<_> = classes
            .iter()
            .filter(|class| !CLASSES.contains(&class.as_str()) && **class != ADFS_SHORT)
            .map(|class| format!("{:?}", cut(class)))
            .collect();
        if unknown.is_empty() {
            return;
        }
        let text = format!(
            "no sign-in is performed by {}; known are {}",
            unknown.join(", "),
            CLASSES.join(", ")
        );
        if !classes.iter().any(|class| restricts(class)) {
            self.refuse(PROPERTY, format!("it would keep nobody out: {text}"));
        } else {
            self.doubt(PROPERTY, text);
        }
    }

    fn evidence_claims(&mut self) {
        let claims = &self.party.trusted_evidence_claims;
        if claims.iter().any(|claim| claim.trim().is_empty()) {
            self.refuse(
                "trusted_evidence_claims",
                "one of them is empty; give claim types".into(),
            );
        }
    }

    /// A set that does not parse would refuse every sign-in.
    fn rules(&mut self) {
        let sets = [
            (
                "issuance_transform_rules",
                &self.party.issuance_transform_rules,
            ),
            (
                "issuance_authorization_rules",
                &self.party.issuance_authorization_rules,
            ),
            (
                "additional_authentication_rules",
                &self.party.additional_authentication_rules,
            ),
        ];
        for (property, text) in sets {
            if let Err(error) = RuleSet::parse(text) {
                self.refuse(property, error.to_string());
            }
        }
    }

    fn metadata_url(&mut self) {
        let https = |address: &String| Url::parse(address).is_ok_and(|url| url.scheme() == "https");
        if let Some(address) = self.party.metadata_url.as_ref().filter(|url| !https(url)) {
            let text = format!(
                "{:?} is not an https address; metadata is fetched by https only, null means none",
                cut(address)
            );
            self.refuse("metadata_url", text);
        }
    }
}

/// Bindings that metadata names beside HTTP-POST: nothing is sent by them, and nobody needs to be told at each check.
fn is_other_binding(uri: &str) -> bool {
    const OTHERS: [&str; 4] = [
        "HTTP-Artifact",
        "HTTP-Redirect",
        "HTTP-POST-SimpleSign",
        "PAOS",
    ];
    uri.strip_prefix("urn:oasis:names:tc:SAML:2.0:bindings:")
        .is_some_and(|name| OTHERS.contains(&name))
        || uri.starts_with("urn:oasis:names:tc:SAML:1.0:profiles:")
}

fn cut(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut shown: String = text.chars().take(SHOWN).collect();
    if text.chars().count() > SHOWN {
        shown.push('…');
    }
    shown
}
