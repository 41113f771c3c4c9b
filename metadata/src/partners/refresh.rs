//! What a partner's metadata changed since it was imported, and which changes an admin has to approve.

use std::fmt;

use signet_model::RelyingParty;
use signet_model::relying_party::{AssertionConsumer, LogoutService};
use url::Url;

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
    /// An address on a host that the relying party did not have.
    ForeignHost {
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
            | Self::ForeignHost { .. }
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
            Self::ForeignHost { location } => {
                write!(f, "tokens would go to a new host: {location}")
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
            Self::SignedRequestsRequired => f.write_str("unsigned requests are refused"),
            Self::SignedRequestsNoLongerRequired => {
                f.write_str("requests need not be signed any more")
            }
        }
    }
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
    let hosts: Vec<_> = before
        .iter()
        .filter_map(|location| host(location))
        .collect();
    for location in after.iter().filter(|location| !before.contains(location)) {
        let known_host = host(location).is_some_and(|host| hosts.contains(&host));
        let location = (*location).to_owned();
        found.push(if known_host {
            Change::EndpointAdded { location }
        } else {
            Change::ForeignHost { location }
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
    let consumers = party
        .assertion_consumers
        .iter()
        .map(|consumer| consumer.location.as_str());
    let logout = party.logout_services.iter().flat_map(|service| {
        std::iter::once(service.location.as_str()).chain(service.response_location.as_deref())
    });
    let mut all: Vec<_> = party
        .wsfed_endpoints
        .iter()
        .map(String::as_str)
        .chain(consumers)
        .chain(logout)
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn host(location: &str) -> Option<String> {
    Url::parse(location).ok()?.host_str().map(str::to_owned)
}
