//! The draft of a relying party, filled role by role.

use signet_model::RelyingParty;
use signet_model::relying_party::{EncryptionAlgorithm, ProtocolProfile, ResponseSignature};
use signet_xml::Element;
use time::{Duration, OffsetDateTime};

use super::entity::{Found, Validity};
use super::keys::RoleKeys;
use super::note::Note;
use super::saml::RequestedAttribute;
use super::trust::Trust;
use super::{ImportOptions, PartnerMetadata, identifier, title};
use crate::endpoint::check_endpoint;
use crate::error::MetadataError;

/// Metadata that ends sooner is noted.
const SOON: Duration = Duration::days(3);

pub(super) struct Draft<'d> {
    pub(super) entity: Element<'d>,
    pub(super) relying_party: RelyingParty,
    pub(super) notes: Vec<Note>,
    pub(super) now: OffsetDateTime,
    pub(super) speaks_saml: bool,
    pub(super) speaks_wsfed: bool,
    pub(super) name_id_formats: Vec<String>,
    pub(super) wants_signed_assertions: bool,
    pub(super) requested_attributes: Vec<RequestedAttribute>,
    pub(super) requested_claims: Vec<String>,
    validity: Validity,
    allow_http: bool,
    /// Whether the partner said how contents are encrypted to it.
    encryption_named: bool,
}

impl<'d> Draft<'d> {
    pub(super) fn begin(
        found: Found<'d>,
        options: &ImportOptions,
        now: OffsetDateTime,
    ) -> Result<Self, MetadataError> {
        let entity_id = identifier::check(found.entity.required_attribute("entityID")?)?;
        check_not_expired(found.validity, now)?;
        let mut relying_party = RelyingParty::new(entity_id, entity_id);
        relying_party.saml_response_signature = ResponseSignature::AssertionOnly;
        Ok(Self {
            entity: found.entity,
            relying_party,
            notes: Vec::new(),
            now,
            speaks_saml: false,
            speaks_wsfed: false,
            name_id_formats: Vec::new(),
            wants_signed_assertions: false,
            requested_attributes: Vec::new(),
            requested_claims: Vec::new(),
            validity: found.validity,
            allow_http: options.allow_http,
            encryption_named: false,
        })
    }

    /// A role counts only while it is valid (saml-metadata-2.0-os 2.4.1).
    pub(super) fn enter_role(&mut self, role: Element<'_>) -> Result<(), MetadataError> {
        self.validity = self.validity.within(role)?;
        check_not_expired(self.validity, self.now)
    }

    /// Refuses an address that must not be used, notes plain http.
    pub(super) fn endpoint(&mut self, location: &str) -> Result<String, MetadataError> {
        check_endpoint(location, self.allow_http).map_err(|fault| {
            MetadataError::EndpointRefused {
                location: shortened(location),
                fault,
            }
        })?;
        if location
            .get(..5)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"))
        {
            self.relying_party.allow_http_endpoints = true;
            self.notes.push(Note::PlainHttp {
                location: location.to_owned(),
            });
        }
        Ok(location.to_owned())
    }

    /// Takes over what the keys of a role say; what an earlier role said stays.
    pub(super) fn take_keys(&mut self, keys: RoleKeys) {
        for certificate in keys.signing {
            if !self
                .relying_party
                .request_signing_certificates
                .contains(&certificate)
            {
                self.relying_party
                    .request_signing_certificates
                    .push(certificate);
            }
        }
        if self.relying_party.encryption_certificate.is_none() && keys.encryption.is_some() {
            self.relying_party.encryption_certificate = keys.encryption;
            self.encryption_named = keys.algorithm.is_some();
            self.relying_party.encryption_algorithm = keys.algorithm.unwrap_or_default();
        }
    }

    pub(super) fn finish(mut self, trust: Trust) -> Result<PartnerMetadata, MetadataError> {
        let entity_id = self.relying_party.primary_identifier().to_owned();
        // Who speaks WS-Federation mostly stands on .NET, whose XML encryption knows no GCM.
        if self.speaks_wsfed && !self.encryption_named {
            self.relying_party.encryption_algorithm = EncryptionAlgorithm::Aes256Cbc;
        }
        self.relying_party.protocols = match (self.speaks_saml, self.speaks_wsfed) {
            (true, true) => ProtocolProfile::WsFedAndSaml,
            (true, false) => ProtocolProfile::Saml,
            (false, true) => ProtocolProfile::WsFederation,
            (false, false) => return Err(MetadataError::NotARelyingParty(entity_id)),
        };
        self.relying_party.name = title::of(self.entity).unwrap_or(entity_id);
        if self.relying_party.signed_requests_required
            && self.relying_party.request_signing_certificates.is_empty()
        {
            self.notes.push(Note::SignedRequestsWithoutKey);
        }
        if trust == (Trust::Unverified { signed: true }) {
            self.notes.push(Note::SignatureNotChecked);
        }
        if self.validity.cache_unreadable {
            self.notes.push(Note::CacheDurationUnreadable);
        }
        if let Some(until) = self.validity.until.filter(|until| *until - self.now < SOON) {
            self.notes.push(Note::ExpiresSoon(until));
        }
        Ok(PartnerMetadata {
            relying_party: self.relying_party,
            notes: self.notes,
            trust,
            valid_until: self.validity.until,
            cache_duration: self.validity.cache,
            name_id_formats: self.name_id_formats,
            wants_signed_assertions: self.wants_signed_assertions,
            names_encryption: self.encryption_named,
            requested_attributes: self.requested_attributes,
            requested_claims: self.requested_claims,
        })
    }
}

fn check_not_expired(validity: Validity, now: OffsetDateTime) -> Result<(), MetadataError> {
    match validity.until {
        Some(until) if until <= now => Err(MetadataError::Expired(until)),
        _ => Ok(()),
    }
}

fn shortened(location: &str) -> String {
    location.chars().take(200).collect()
}
