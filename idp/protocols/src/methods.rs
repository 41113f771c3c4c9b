//! Authentication methods by their URIs: which are known, and AD FS's order of strength.

use signet_model::RelyingParty;
use signet_model::uris::authn;

/// Whether `uri` names a method that this service knows, or that the relying party may ask for by configuration.
///
/// Known does not mean available: Windows, certificates and second factors are known and not performed yet.
pub(crate) fn is_known(uri: &str, party: &RelyingParty) -> bool {
    strength(uri).is_some()
        || matches!(
            uri,
            authn::MULTIPLE | authn::WINDOWS_OR_MULTIPLE | authn::UNSPECIFIED
        )
        || party
            .allowed_authentication_classes
            .iter()
            .any(|allowed| allowed == uri)
}

/// Rank in AD FS's default order of authentication contexts, weakest first; `None` for what is not in that order.
///
/// Source: facts, `AuthenticationContextOrder` of a fresh farm. WS-Federation's names stand beside their SAML
/// equals; more than one factor ranks above any single one.
pub(crate) fn strength(uri: &str) -> Option<u8> {
    Some(match uri {
        authn::PASSWORD => 1,
        authn::PASSWORD_PROTECTED_TRANSPORT | authn::SAML1_PASSWORD | authn::MS_PASSWORD => 2,
        authn::TLS_CLIENT | authn::WS_TLS_CLIENT => 3,
        authn::X509 => 4,
        authn::WINDOWS => 5,
        authn::KERBEROS => 6,
        authn::MULTIPLE => 7,
        _ => return None,
    })
}
