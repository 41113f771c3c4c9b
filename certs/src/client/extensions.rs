//! The extensions of a certificate that anything here reads.

use std::collections::BTreeSet;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{
    DistributionPointName, GeneralName as ParsedName, KeyUsage, ParsedExtension,
};
use x509_parser::oid_registry::asn1_rs::Oid;
use x509_parser::prelude::FromDer;

use super::der::Element;
use super::error::Unreadable;
use super::{san, sid};

const MOST_EXTENSIONS: usize = 64;
const MOST_ITEMS: usize = 64;

const NTDS_CA_SECURITY: &str = "1.3.6.1.4.1.311.25.2";
const TEMPLATE_NAME: &str = "1.3.6.1.4.1.311.20.2";
const TEMPLATE: &str = "1.3.6.1.4.1.311.21.7";
const APPLICATION_POLICIES: &str = "1.3.6.1.4.1.311.21.10";

/// What the extensions say; empty where they say nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// Subject key identifier.
    pub subject_key_id: Option<Vec<u8>>,
    /// Key identifier of the authority key identifier.
    pub authority_key_id: Option<Vec<u8>>,
    /// The SID, from the extension or the URI; when both are there they agree.
    pub sid: Option<String>,
    /// User principal names of the alternative names (otherName 1.3.6.1.4.1.311.20.2.3).
    pub user_principal_names: Vec<String>,
    /// E-mail addresses of the alternative names.
    pub emails: Vec<String>,
    /// Alternative names of other kinds, for people to read.
    pub other_names: Vec<String>,
    /// Extended key usages, as OIDs.
    pub purposes: Vec<String>,
    /// `None` without the extension.
    pub key_usage: Option<KeyUsages>,
    /// Whether basic constraints name an authority; `None` without the extension.
    pub is_authority: Option<bool>,
    /// Name of the template (version 1 templates).
    pub template_name: Option<String>,
    /// OID of the template (version 2 and later).
    pub template: Option<String>,
    /// Certificate policies, as OIDs.
    pub policies: Vec<String>,
    /// Application policies of Windows, as OIDs.
    pub application_policies: Vec<String>,
    /// Where lists of revoked certificates are published.
    pub revocation_lists: Vec<String>,
    /// Where OCSP responders answer.
    pub responders: Vec<String>,
    /// Where the issuer's certificate is published.
    pub issuer_locations: Vec<String>,
}

/// The bits of the key usage, and their names as .NET writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUsages {
    /// The digitalSignature bit: what a TLS handshake needs.
    pub digital_signature: bool,
    /// The crlSign bit.
    pub signs_lists: bool,
    /// All bits by name.
    pub names: Vec<&'static str>,
}

impl Extensions {
    /// Reads them all; one that is twice there, or whose content does not parse, makes the certificate unreadable.
    pub(super) fn read(certificate: &X509Certificate<'_>) -> Result<Self, Unreadable> {
        let mut said = Self::default();
        let mut seen = BTreeSet::new();
        if certificate.extensions().len() > MOST_EXTENSIONS {
            return Err(Unreadable::Part("extensions"));
        }
        let mut sid_uri = None;
        for extension in certificate.extensions() {
            let oid = extension.oid.to_id_string();
            said.take(
                &oid,
                extension.value,
                extension.parsed_extension(),
                &mut sid_uri,
            )?;
            if !seen.insert(oid) {
                return Err(Unreadable::Part("extensions"));
            }
        }
        match (&said.sid, sid_uri) {
            (Some(one), Some(other)) if *one != other => return Err(Unreadable::Part("SID")),
            (None, from_uri @ Some(_)) => said.sid = from_uri,
            _ => {}
        }
        Ok(said)
    }

    fn take(
        &mut self,
        oid: &str,
        value: &[u8],
        parsed: &ParsedExtension<'_>,
        sid_uri: &mut Option<String>,
    ) -> Result<(), Unreadable> {
        match oid {
            NTDS_CA_SECURITY => {
                self.sid = Some(sid::extension(value).ok_or(Unreadable::Part("SID"))?);
            }
            TEMPLATE_NAME => {
                self.template_name =
                    Some(san::any_text(value).ok_or(Unreadable::Part("template name"))?);
            }
            TEMPLATE => {
                self.template = Some(template(value).ok_or(Unreadable::Part("template"))?);
            }
            APPLICATION_POLICIES => {
                self.application_policies =
                    policies(value).ok_or(Unreadable::Part("application policies"))?;
            }
            "2.5.29.17" => {
                let names = san::read(value).ok_or(Unreadable::Part("alternative names"))?;
                self.user_principal_names = names.user_principal_names;
                self.emails = names.emails;
                self.other_names = names.others;
                *sid_uri = names.sid;
            }
            _ => self.take_standard(oid, parsed)?,
        }
        Ok(())
    }

    fn take_standard(&mut self, oid: &str, parsed: &ParsedExtension<'_>) -> Result<(), Unreadable> {
        match parsed {
            ParsedExtension::SubjectKeyIdentifier(id) => self.subject_key_id = Some(id.0.to_vec()),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                self.authority_key_id = id.key_identifier.as_ref().map(|id| id.0.to_vec());
            }
            ParsedExtension::ExtendedKeyUsage(usage) => self.purposes = purposes(usage),
            ParsedExtension::KeyUsage(usage) => self.key_usage = Some(key_usages(usage)),
            ParsedExtension::BasicConstraints(basic) => self.is_authority = Some(basic.ca),
            ParsedExtension::CertificatePolicies(list) => {
                let oids = list.iter().take(MOST_ITEMS);
                self.policies = oids.map(|one| one.policy_id.to_id_string()).collect();
            }
            ParsedExtension::CRLDistributionPoints(points) => {
                for point in points.iter().take(MOST_ITEMS) {
                    if let Some(DistributionPointName::FullName(names)) = &point.distribution_point
                    {
                        let room = MOST_ITEMS.saturating_sub(self.revocation_lists.len());
                        let found = names.iter().filter_map(address).take(room);
                        self.revocation_lists.extend(found);
                    }
                }
            }
            ParsedExtension::AuthorityInfoAccess(access) => {
                for one in access.accessdescs.iter().take(MOST_ITEMS) {
                    let Some(address) = address(&one.access_location) else {
                        continue;
                    };
                    match one.access_method.to_id_string().as_str() {
                        "1.3.6.1.5.5.7.48.1" => self.responders.push(address),
                        "1.3.6.1.5.5.7.48.2" => self.issuer_locations.push(address),
                        _ => {}
                    }
                }
            }
            ParsedExtension::ParseError { .. } if is_needed(oid) => {
                return Err(Unreadable::Part("extensions"));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Extensions whose content decides something; a damaged one must not pass for an absent one.
fn is_needed(oid: &str) -> bool {
    oid.starts_with("2.5.29.") || oid == "1.3.6.1.5.5.7.1.1"
}

fn address(name: &ParsedName<'_>) -> Option<String> {
    match name {
        ParsedName::URI(uri) if uri.len() <= 2048 && uri.is_ascii() => Some((*uri).to_owned()),
        _ => None,
    }
}

fn purposes(usage: &x509_parser::extensions::ExtendedKeyUsage<'_>) -> Vec<String> {
    let known = [
        (usage.any, "2.5.29.37.0"),
        (usage.server_auth, "1.3.6.1.5.5.7.3.1"),
        (usage.client_auth, "1.3.6.1.5.5.7.3.2"),
        (usage.code_signing, "1.3.6.1.5.5.7.3.3"),
        (usage.email_protection, "1.3.6.1.5.5.7.3.4"),
        (usage.time_stamping, "1.3.6.1.5.5.7.3.8"),
        (usage.ocsp_signing, "1.3.6.1.5.5.7.3.9"),
    ];
    let named = known.iter().filter(|(set, _)| *set);
    let mut all: Vec<String> = named.map(|(_, oid)| (*oid).to_owned()).collect();
    all.extend(usage.other.iter().take(MOST_ITEMS).map(Oid::to_id_string));
    all
}

fn key_usages(usage: &KeyUsage) -> KeyUsages {
    let bits = [
        (usage.digital_signature(), "DigitalSignature"),
        (usage.non_repudiation(), "NonRepudiation"),
        (usage.key_encipherment(), "KeyEncipherment"),
        (usage.data_encipherment(), "DataEncipherment"),
        (usage.key_agreement(), "KeyAgreement"),
        (usage.key_cert_sign(), "KeyCertSign"),
        (usage.crl_sign(), "CrlSign"),
        (usage.encipher_only(), "EncipherOnly"),
        (usage.decipher_only(), "DecipherOnly"),
    ];
    KeyUsages {
        digital_signature: usage.digital_signature(),
        signs_lists: usage.crl_sign(),
        names: bits
            .iter()
            .filter(|(set, _)| *set)
            .map(|(_, name)| *name)
            .collect(),
    }
}

/// MS-WCCE 2.2.2.7.7.2: SEQUENCE { templateID OID, major, minor }.
fn template(value: &[u8]) -> Option<String> {
    let parts = Element::only(value)?.children(8)?;
    oid_text(parts.first()?)
}

/// MS-WCCE 2.2.2.7.7.3: as CertificatePolicies, SEQUENCE OF SEQUENCE { OID, … }.
fn policies(value: &[u8]) -> Option<Vec<String>> {
    let list = Element::only(value)?.children(MOST_ITEMS)?;
    list.iter()
        .map(|one| oid_text(one.children(8)?.first()?))
        .collect()
}

fn oid_text(element: &Element<'_>) -> Option<String> {
    let (_, oid) = Oid::from_der(element.whole).ok()?;
    Some(oid.to_id_string())
}
