//! Whether somebody whose key is known signed the document.

use signet_certs::read_certificate;
use signet_xml::{Document, Element, KeyRefused, Policy, TrustedKey, ns, verify_enveloped};

use super::ImportOptions;
use crate::error::MetadataError;
use crate::names::{MD, md};

/// How far a document is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Nothing was checked; `signed` says whether the root carries a signature.
    Unverified {
        /// The root has a `ds:Signature`.
        signed: bool,
    },
    /// The certificate with this position in [`ImportOptions::signed_by`] signed the root.
    Verified {
        /// Position, from 0.
        certificate: usize,
    },
}

/// The root element as it may be read: verified when certificates are given, as anybody wrote it otherwise.
pub(super) fn check<'d>(
    document: &'d Document<'_>,
    options: &ImportOptions,
) -> Result<(Element<'d>, Trust), MetadataError> {
    let root = document.root();
    let name = match (root.uri(), root.local()) {
        (MD, "EntityDescriptor") => md("EntityDescriptor"),
        (MD, "EntitiesDescriptor") => md("EntitiesDescriptor"),
        (uri, local) => {
            return Err(MetadataError::NotMetadata {
                found: format!("{{{uri}}}{local}"),
            });
        }
    };
    if options.signed_by.is_empty() {
        let signed = root.children_named(ns::DS, "Signature").next().is_some();
        return Ok((root, Trust::Unverified { signed }));
    }
    let keys = options
        .signed_by
        .iter()
        .map(|certificate| key(certificate))
        .collect::<Result<Vec<_>, _>>()?;
    let policy = Policy {
        allow_sha1: options.allow_sha1_signature,
        ..Policy::NESTED
    };
    let verified = verify_enveloped(document, name, "ID", &keys, policy)?;
    Ok((
        verified.element(),
        Trust::Verified {
            certificate: verified.key_index(),
        },
    ))
}

fn key(certificate: &[u8]) -> Result<TrustedKey, MetadataError> {
    let unusable = MetadataError::CheckingKeyUnusable;
    let (der, _) =
        read_certificate(certificate).map_err(|_| unusable(KeyRefused::NotACertificate))?;
    TrustedKey::from_certificate_der(&der).map_err(unusable)
}
