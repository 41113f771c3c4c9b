//! What metadata says of the service.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use signet_certs::KeyRing;

use super::claim_types::{OfferedClaim, standard_claims};

/// Whether SAML single logout is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogoutSupport {
    /// WS-Federation sign-out only.
    #[default]
    WsFederation,
    /// SAML single logout by Redirect and POST as well.
    WsFederationAndSaml,
}

/// The service as metadata describes it.
#[derive(Clone, Debug)]
pub struct ServiceDescription {
    /// Entity id: the issuer of tokens outside federated domains, such as `http://fs.contoso.com/adfs/services/trust`.
    pub entity_id: String,
    /// Name shown to admins of partners.
    pub display_name: String,
    /// The passive endpoint, such as `https://fs.contoso.com/adfs/ls/`: WS-Federation, SAML Redirect and POST.
    pub passive_endpoint: String,
    /// Token-signing certificates (base64 DER): the current one first, then the next, then retired ones.
    pub signing_certificates: Vec<String>,
    /// Claim types that rules may put into tokens.
    pub claims: Vec<OfferedClaim>,
    /// Sign-out.
    pub logout: LogoutSupport,
}

impl ServiceDescription {
    /// The description of a service on `host` (`fs.contoso.com`, with a port when it is not 443), with the keys of
    /// `ring` and the standard claim types.
    pub fn new(entity_id: &str, display_name: &str, host: &str, ring: &KeyRing) -> Self {
        Self {
            entity_id: entity_id.to_owned(),
            display_name: display_name.to_owned(),
            passive_endpoint: format!("https://{host}/adfs/ls/"),
            signing_certificates: ring
                .certificates()
                .map(|der| STANDARD.encode(der))
                .collect(),
            claims: standard_claims(),
            logout: LogoutSupport::default(),
        }
    }
}
