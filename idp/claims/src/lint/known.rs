//! Claim types that the service itself makes, before any rule of a partner.

use signet_model::uris::claims as types;

/// Beginnings of types whose every member may be there.
const FAMILIES: &[&str] = &[
    types::REQUEST_CONTEXT,
    "http://schemas.microsoft.com/2012/01/devicecontext/claims/",
    "http://schemas.microsoft.com/2014/02/devicecontext/claims/",
    "http://schemas.microsoft.com/2014/09/devicecontext/claims/",
    "http://schemas.microsoft.com/2012/12/certificatecontext/",
];

/// Source: claims that AD FS makes at a directory sign-in and from its request.
const TYPES: &[&str] = &[
    types::WINDOWS_ACCOUNT_NAME,
    types::PRIMARY_SID,
    types::GROUP_SID,
    types::PRIMARY_GROUP_SID,
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/denyonlyprimarysid",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/denyonlyprimarygroupsid",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/denyonlysid",
    types::AUTHENTICATION_METHOD,
    types::AUTHENTICATION_INSTANT,
    types::NAME,
    types::UPN,
    "http://schemas.microsoft.com/ws/2014/01/identity/claims/anchorclaimtype",
    types::PSSO,
    "http://schemas.microsoft.com/2015/09/prt",
    types::INSIDE_CORPORATE_NETWORK,
    types::USER_IP,
    types::PASSWORD_EXPIRATION_TIME,
    types::PASSWORD_EXPIRATION_DAYS,
    types::PASSWORD_CHANGE_URL,
    "http://schemas.microsoft.com/identity/claims/scope",
    "http://schemas.microsoft.com/claims/authnclassreference",
    types::AUTHN_METHODS_REFERENCES,
    types::AUTHN_METHODS_PROVIDERS,
    types::MFA_INSTANT,
    "http://schemas.microsoft.com/2014/02/deviceusagetime",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/serialnumber",
    "http://schemas.microsoft.com/ws/2013/11/alternateloginid",
];

/// Whether the service may make claims of `claim_type`.
pub(super) fn is_made_by_service(claim_type: &str) -> bool {
    TYPES.contains(&claim_type) || FAMILIES.iter().any(|family| claim_type.starts_with(family))
}
