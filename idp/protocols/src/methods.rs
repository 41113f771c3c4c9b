//! Authentication methods by their URIs: which are known.

use signet_model::RelyingParty;
use signet_model::uris::authn;

/// Whether `uri` names a method that this service knows, or that the relying party may ask for by configuration.
///
/// Known does not mean available, nor accepted by the relying party: `decide` says so.
pub(crate) fn is_known(uri: &str, party: &RelyingParty) -> bool {
    KNOWN.contains(&uri)
        || party
            .allowed_authentication_classes
            .iter()
            .any(|allowed| allowed == uri)
}

const KNOWN: [&str; 12] = [
    authn::PASSWORD,
    authn::PASSWORD_PROTECTED_TRANSPORT,
    authn::SAML1_PASSWORD,
    authn::MS_PASSWORD,
    authn::UNSPECIFIED,
    authn::TLS_CLIENT,
    authn::WS_TLS_CLIENT,
    authn::X509,
    authn::WINDOWS,
    authn::KERBEROS,
    authn::MULTIPLE,
    authn::WINDOWS_OR_MULTIPLE,
];
