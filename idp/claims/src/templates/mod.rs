//! Rule sets and rules that are shipped, as the texts that AD FS's own wizards write.
//!
//! Names and line breaks are those of AD FS, so that an export reads well on either side.

mod builders;
mod entra;

pub use builders::{
    Filtered, TemplateError, authorize_claim_rule, group_rule, map_rule, mfa_rule, name_id_rule,
    pass_through_rule, send_attribute_rule,
};
pub use entra::entra_issuance;

/// Acceptance rules of an Active Directory: what a sign-in there and its request may say.
///
/// The ten rules that AD FS begins with, and pass-through rules for what its later versions add.
pub const ACTIVE_DIRECTORY_ACCEPTANCE: &str = include_str!("active_directory_acceptance.rules");

/// Everyone who has signed in is permitted.
pub const PERMIT_ALL: &str = "@RuleTemplate = \"AllowAllAuthzRule\"\n \
    => issue(Type = \"http://schemas.microsoft.com/authorization/claims/permit\", Value = \"true\");\n";

/// What Microsoft Entra consumes over WS-Federation and WS-Trust, as Entra Connect installs it.
///
/// Without the two rules for `issuerid`, which name the federated domains: the issuer of a token
/// comes from the domain table. [`entra_issuance`] writes them.
pub const ENTRA_ISSUANCE: &str = concat!(
    include_str!("entra_identity.rules"),
    include_str!("entra_account.rules"),
    include_str!("entra_computer.rules"),
    include_str!("entra_session.rules"),
    include_str!("entra_strength.rules"),
);

/// What Microsoft Entra consumes over SAML 2.0: a persistent NameID that is the ImmutableID, and `IDPEmail`.
pub const ENTRA_SAML_ISSUANCE: &str = concat!(
    include_str!("entra_identity.rules"),
    include_str!("entra_saml.rules"),
    include_str!("entra_session.rules"),
);

/// UPN, mail and names, and the UPN as an unspecified NameID: for an application that asks for nothing else.
pub const SAML_DEFAULT: &str = concat!(
    include_str!("saml_attributes.rules"),
    include_str!("saml_name_id_unspecified.rules"),
);

/// The same with the mail address as NameID, for an application whose metadata wants `emailAddress`.
pub const SAML_EMAIL: &str = concat!(
    include_str!("saml_attributes.rules"),
    include_str!("saml_name_id_email.rules")
);

/// The same with an identifier for this application alone, for one whose metadata wants `persistent`.
pub const SAML_PERSISTENT: &str = concat!(
    include_str!("saml_attributes.rules"),
    include_str!("saml_name_id_persistent.rules")
);

/// The same without NameID, for an application whose metadata wants `transient`: none is needed for that.
pub const SAML_TRANSIENT: &str = include_str!("saml_attributes.rules");

/// The default rules for an application whose metadata lists `formats`, in its order of preference.
pub fn saml_default_for(formats: &[&str]) -> &'static str {
    use signet_model::uris::name_id;
    let known = formats.iter().find_map(|format| match *format {
        name_id::UNSPECIFIED => Some(SAML_DEFAULT),
        name_id::EMAIL => Some(SAML_EMAIL),
        name_id::PERSISTENT => Some(SAML_PERSISTENT),
        name_id::TRANSIENT => Some(SAML_TRANSIENT),
        _ => None,
    });
    known.unwrap_or(SAML_DEFAULT)
}
