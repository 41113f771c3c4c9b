//! One address serves both protocols: which one is it?

use signet_model::AvailableMethods;
use time::OffsetDateTime;

use crate::error::ProtocolError;
use crate::parameters::Parameters;
use crate::parties::RelyingParties;
use crate::saml2::{self, OwnAddresses, SamlAction};
use crate::wire::{HttpMethod, ProtocolRequest};
use crate::wsfed::{self, WsFedAction};

/// A message of either protocol, checked as far as it can be before the person is known.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Received {
    /// WS-Federation.
    WsFed(WsFedAction),
    /// SAML 2.0.
    Saml(SamlAction),
}

/// Reads what came to `/adfs/ls/`: `wa` makes it WS-Federation, `SAMLRequest` or `SAMLResponse` SAML.
///
/// A request with both is refused ([`ProtocolError::RequestMixesMessages`]), one with neither is
/// [`ProtocolError::RequestHasNoMessage`]. `own` are the addresses that a SAML `Destination` may name, `methods` those
/// of this installation.
pub fn receive(
    request: &ProtocolRequest<'_>,
    parties: &dyn RelyingParties,
    own: &OwnAddresses,
    methods: &AvailableMethods,
    now: OffsetDateTime,
) -> Result<Received, ProtocolError> {
    let query = Parameters::of_query(request.query)?;
    let body = match request.method {
        HttpMethod::Get => Parameters::of_body(&[])?,
        HttpMethod::Post => Parameters::of_body(request.body)?,
    };
    match (
        wsfed::has_message(&query, &body),
        saml2::has_message(&query, &body),
    ) {
        (true, true) => Err(ProtocolError::RequestMixesMessages),
        (true, false) => wsfed::receive(request, parties, methods, now).map(Received::WsFed),
        (false, true) => saml2::receive(request, parties, own, methods, now).map(Received::Saml),
        (false, false) => Err(ProtocolError::RequestHasNoMessage),
    }
}
