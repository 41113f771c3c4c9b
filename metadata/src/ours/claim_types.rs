//! The claim types that metadata offers: those that AD FS describes out of the box and that exist here.

use signet_model::uris::claims;

/// A claim type with the words that partners' admins see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedClaim {
    /// Claim type URI.
    pub uri: String,
    /// Short name.
    pub name: String,
    /// A sentence.
    pub description: String,
}

impl OfferedClaim {
    /// A claim type.
    pub fn new(uri: &str, name: &str, description: &str) -> Self {
        Self {
            uri: uri.to_owned(),
            name: name.to_owned(),
            description: description.to_owned(),
        }
    }
}

const COMMON_NAME: &str = "http://schemas.xmlsoap.org/claims/CommonName";
const GROUP: &str = "http://schemas.xmlsoap.org/claims/Group";
const ROLE: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";

/// The claim types that the shipped rules and the `--send` templates make.
pub fn standard_claims() -> Vec<OfferedClaim> {
    [
        (
            claims::EMAIL,
            "E-Mail Address",
            "The e-mail address of the user",
        ),
        (
            claims::GIVEN_NAME,
            "Given Name",
            "The given name of the user",
        ),
        (claims::NAME, "Name", "The unique name of the user"),
        (claims::UPN, "UPN", "The user principal name of the user"),
        (COMMON_NAME, "Common Name", "The common name of the user"),
        (GROUP, "Group", "A group that the user is a member of"),
        (ROLE, "Role", "A role that the user has"),
        (claims::SURNAME, "Surname", "The surname of the user"),
        (
            claims::NAME_IDENTIFIER,
            "Name ID",
            "The SAML name identifier of the user",
        ),
        (
            claims::AUTHENTICATION_INSTANT,
            "Authentication time stamp",
            "When the user authenticated",
        ),
        (
            claims::AUTHENTICATION_METHOD,
            "Authentication method",
            "How the user authenticated",
        ),
        (
            claims::AUTHN_METHODS_REFERENCES,
            "Authentication Methods References",
            "Every method that the user authenticated with",
        ),
        (
            claims::GROUP_SID,
            "Group SID",
            "The SID of a group of the user",
        ),
        (
            claims::PRIMARY_GROUP_SID,
            "Primary group SID",
            "The SID of the user's primary group",
        ),
        (claims::PRIMARY_SID, "Primary SID", "The SID of the user"),
        (
            claims::WINDOWS_ACCOUNT_NAME,
            "Windows account name",
            "The account name in the form DOMAIN\\user",
        ),
        (
            claims::INSIDE_CORPORATE_NETWORK,
            "Inside Corporate Network",
            "Whether the request came from inside the network",
        ),
        (
            claims::PSSO,
            "Persistent single sign-on",
            "Whether the session is persistent",
        ),
        (
            claims::PASSWORD_EXPIRATION_TIME,
            "Password Expiration Time",
            "Seconds until the password expires",
        ),
        (
            claims::PASSWORD_EXPIRATION_DAYS,
            "Password Expiration Days",
            "Days until the password expires",
        ),
        (
            claims::PASSWORD_CHANGE_URL,
            "Update Password URL",
            "Where the user changes the password",
        ),
    ]
    .into_iter()
    .map(|(uri, name, description)| OfferedClaim::new(uri, name, description))
    .collect()
}
