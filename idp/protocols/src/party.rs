//! Checks on a relying party that every protocol makes, at receipt and again at issuance.

use signet_model::{Protocol, RelyingParty};

use crate::error::ProtocolError;

/// A disabled relying party is refused everywhere (SAML-07).
pub(crate) fn check_enabled(party: &RelyingParty) -> Result<(), ProtocolError> {
    if party.enabled {
        return Ok(());
    }
    Err(ProtocolError::OperatorRelyingPartyDisabled {
        name: party.name.clone(),
    })
}

/// `ProtocolProfile` of the trust.
pub(crate) fn check_protocol(
    party: &RelyingParty,
    protocol: Protocol,
) -> Result<(), ProtocolError> {
    let allowed = match protocol {
        Protocol::WsFederation => party.protocols.allows_wsfed(),
        Protocol::Saml2 => party.protocols.allows_saml(),
    };
    if allowed {
        return Ok(());
    }
    Err(ProtocolError::OperatorProtocolNotAllowed {
        name: party.name.clone(),
        protocol,
    })
}

/// Sign-ins that begin here are for relying parties that are set so (SAML-19).
pub(crate) fn check_idp_initiated(party: &RelyingParty) -> Result<(), ProtocolError> {
    if party.idp_initiated {
        return Ok(());
    }
    Err(ProtocolError::OperatorIdpInitiatedOff {
        name: party.name.clone(),
    })
}
