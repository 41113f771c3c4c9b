//! What a partner's metadata changed since it was imported, and which changes an admin has to approve.

use std::fmt;

use signet_model::RelyingParty;
use signet_model::relying_party::{AssertionConsumer, LogoutService};
use url::Url;

use super::PartnerMetadata;

/// A difference between a relying party and fresh metadata of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The metadata is another partner's: never applied.
    OtherEntity {
        /// Its entity id.
        entity_id: String,
    },
    /// A further identifier: requests that name it would be this partner's.
    IdentifierAdded {
        /// The identifier.
        identifier: String,
    },
    /// An address of a scheme, host and port that tokens did not go to before.
    ForeignOrigin {
        /// The address.
        location: String,
    },
    /// A new address on a known host.
    EndpointAdded {
        /// The address.
        location: String,
    },
    /// An address that is not there any more.
    EndpointRemoved {
        /// The address.
        location: String,
    },
    /// Index, default, binding or order of addresses that were there before and stay.
    EndpointsRearranged,
    /// A signing certificate was added while an earlier one stays: an ordinary rollover.
    SigningCertificateAdded,
    /// A signing certificate is not there any more, one that was there before stays.
    SigningCertificateRemoved,
    /// No signing certificate of before is left.
    SigningCertificatesReplaced,
    /// Assertions would be encrypted from now on.
    EncryptionCertificateAdded,
    /// The certificate that assertions are encrypted to changed.
    EncryptionCertificateChanged,
    /// Assertions would not be encrypted any more.
    EncryptionCertificateRemoved,
    /// The partner names another way to encrypt contents.
    EncryptionAlgorithmChanged,
    /// Unsigned requests would be refused from now on.
    SignedRequestsRequired,
    /// The partner's requests need not be signed any more.
    SignedRequestsNoLongerRequired,
}

impl Change {
    /// Whether the change waits for an admin. What waits lets somebody who controls the metadata address, but not
    /// the partner, receive tokens or forge requests.
    pub fn needs_approval(&self) -> bool {
        match self {
            Self::OtherEntity { .. }
            | Self::IdentifierAdded { .. }
            | Self::ForeignOrigin { .. }
            | Self::SigningCertificatesReplaced
            | Self::EncryptionCertificateChanged
            | Self::EncryptionCertificateRemoved
            | Self::SignedRequestsNoLongerRequired => true,
            Self::EndpointAdded { .. }
            | Self::EndpointRemoved { .. }
            | Self::EndpointsRearranged
            | Self::SigningCertificateAdded
            | Self::SigningCertificateRemoved
            | Self::EncryptionCertificateAdded
            | Self::EncryptionAlgorithmChanged
            | Self::SignedRequestsRequired => false,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherEntity { entity_id } => {
                write!(f, "the metadata describes {entity_id:?}, another partner")
            }
            Self::IdentifierAdded { identifier } => write!(f, "new identifier {identifier:?}"),
            Self::ForeignOrigin { location } => {
                write!(
                    f,
                    "a new origin (scheme, host and port) would be answered: {location}"
                )
            }
            Self::EndpointAdded { location } => write!(f, "new endpoint {location}"),
            Self::EndpointRemoved { location } => write!(f, "endpoint {location} removed"),
            Self::EndpointsRearranged => {
                f.write_str("index, default, binding or order of endpoints changed")
            }
            Self::SigningCertificateAdded => f.write_str("new signing certificate"),
            Self::SigningCertificateRemoved => f.write_str("signing certificate removed"),
            Self::SigningCertificatesReplaced => f.write_str("every signing certificate replaced"),
            Self::EncryptionCertificateAdded => {
                f.write_str("encryption certificate: assertions are encrypted to it")
            }
            Self::EncryptionCertificateChanged => f.write_str("encryption certificate changed"),
            Self::EncryptionCertificateRemoved => f.write_str("encryption certificate removed"),
            Self::EncryptionAlgorithmChanged => {
                f.write_str("contents are encrypted in another way")
            }
            Self::SignedRequestsRequired => f.write_str("unsigned requests are refused"),
            Self::SignedRequestsNoLongerRequired => {
                f.write_str("requests need not be signed any more")
            }
        }
    }
}

/// The draft of fresh metadata, with what `known` has where the metadata says nothing: the addresses of a protocol that it
/// has no role for, and how contents are encrypted.
pub fn refreshed(known: &RelyingParty, metadata: &PartnerMetadata) -> RelyingParty {
    let mut draft = metadata.relying_party.clone();
    if draft.wsfed_endpoints.is_empty() {
        draft.wsfed_endpoints.clone_from(&known.wsfed_endpoints);
    }
    if draft.assertion_consumers.is_empty() {
        draft
            .assertion_consumers
            .clone_from(&known.assertion_consumers);
        draft.logout_services.clone_from(&known.logout_services);
    }
    if !metadata.names_encryption && known.encryption_certificate.is_some() {
        draft.encryption_algorithm = known.encryption_algorithm;
    }
    draft
}

/// What applying the draft `fresh` to `known` would change. Empty: nothing.
pub fn changes(known: &RelyingParty, fresh: &RelyingParty) -> Vec<Change> {
    if !known.has_identifier(fresh.primary_identifier()) {
        return vec![Change::OtherEntity {
            entity_id: fresh.primary_identifier().to_owned(),
        }];
    }
    let mut found = Vec::new();
    for identifier in fresh
        .identifiers
        .iter()
        .filter(|identifier| !known.has_identifier(identifier))
    {
        found.push(Change::IdentifierAdded {
            identifier: identifier.clone(),
        });
    }
    endpoint_changes(known, fresh, &mut found);
    signing_changes(known, fresh, &mut found);
    match (&known.encryption_certificate, &fresh.encryption_certificate) {
        (None, Some(_)) => found.push(Change::EncryptionCertificateAdded),
        (Some(_), None) => found.push(Change::EncryptionCertificateRemoved),
        (Some(one), Some(other)) if one != other => {
            found.push(Change::EncryptionCertificateChanged)
        }
        _ => {}
    }
    if known.encryption_certificate.is_some()
        && fresh.encryption_certificate.is_some()
        && known.encryption_algorithm != fresh.encryption_algorithm
    {
        found.push(Change::EncryptionAlgorithmChanged);
    }
    match (
        known.signed_requests_required,
        fresh.signed_requests_required,
    ) {
        (true, false) => found.push(Change::SignedRequestsNoLongerRequired),
        (false, true) => found.push(Change::SignedRequestsRequired),
        _ => {}
    }
    found
}

fn endpoint_changes(known: &RelyingParty, fresh: &RelyingParty, found: &mut Vec<Change>) {
    let (before, after) = (locations(known), locations(fresh));
    if before == after && endpoints(known) != endpoints(fresh) {
        found.push(Change::EndpointsRearranged);
    }
    // Where sign-outs are answered no token goes, so those addresses make no origin known.
    let origins: Vec<_> = token_locations(known).filter_map(origin).collect();
    for location in after.iter().filter(|location| !before.contains(location)) {
        let is_known = origin(location).is_some_and(|origin| origins.contains(&origin));
        let location = (*location).to_owned();
        found.push(if is_known {
            Change::EndpointAdded { location }
        } else {
            Change::ForeignOrigin { location }
        });
    }
    for location in before.iter().filter(|location| !after.contains(location)) {
        found.push(Change::EndpointRemoved {
            location: (*location).to_owned(),
        });
    }
}

fn signing_changes(known: &RelyingParty, fresh: &RelyingParty, found: &mut Vec<Change>) {
    let (before, after) = (
        &known.request_signing_certificates,
        &fresh.request_signing_certificates,
    );
    let kept = before.iter().any(|certificate| after.contains(certificate));
    if !before.is_empty() && !kept {
        found.push(Change::SigningCertificatesReplaced);
        return;
    }
    if after
        .iter()
        .any(|certificate| !before.contains(certificate))
    {
        found.push(Change::SigningCertificateAdded);
    }
    if before
        .iter()
        .any(|certificate| !after.contains(certificate))
    {
        found.push(Change::SigningCertificateRemoved);
    }
}

/// Everything that says where answers go, in its order.
fn endpoints(party: &RelyingParty) -> (&[String], &[AssertionConsumer], &[LogoutService]) {
    (
        &party.wsfed_endpoints,
        &party.assertion_consumers,
        &party.logout_services,
    )
}

fn locations(party: &RelyingParty) -> Vec<&str> {
    let logout = party.logout_services.iter().flat_map(|service| {
        std::iter::once(service.location.as_str()).chain(service.response_location.as_deref())
    });
    let mut all: Vec<_> = token_locations(party).chain(logout).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn token_locations(party: &RelyingParty) -> impl Iterator<Item = &str> {
    let consumers = party.assertion_consumers.iter();
    let endpoints = party.wsfed_endpoints.iter().map(String::as_str);
    endpoints.chain(consumers.map(|consumer| consumer.location.as_str()))
}

/// Scheme, host and port: another port may be another's program, and plain http is read by anybody on the way.
fn origin(location: &str) -> Option<String> {
    let origin = Url::parse(location).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}
