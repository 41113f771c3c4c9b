//! The templates of AD FS's rule wizards, filled in.

use std::fmt;

use signet_model::uris::{authn, claims as types};

/// Why a template cannot be filled in: the language has no escape for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TemplateError {
    /// A text holds a double quotation mark or a line end.
    Unwritable {
        /// Which input.
        what: &'static str,
        /// The text.
        text: String,
    },
    /// Nothing was given to send.
    Empty {
        /// Which input.
        what: &'static str,
    },
    /// More than a rule set takes.
    TooMany {
        /// How many it takes.
        limit: usize,
    },
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unwritable { what, text } => {
                write!(f, "`{text}` cannot be the {what} of a claim rule")
            }
            Self::Empty { what } => write!(f, "the {what} is missing"),
            Self::TooMany { limit } => write!(f, "at most {limit} can be given"),
        }
    }
}

impl std::error::Error for TemplateError {}

/// Which values of a claim a pass-through rule lets pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Filtered<'v> {
    /// All.
    All,
    /// One value, without regard to case.
    Exactly(&'v str),
    /// E-mail addresses and UPNs of one domain.
    Suffix(&'v str),
    /// Values that begin so.
    Prefix(&'v str),
}

/// Send LDAP Attributes as Claims: `pairs` of an attribute's name and a claim type.
pub fn send_attribute_rule(pairs: &[(&str, &str)]) -> Result<String, TemplateError> {
    if pairs.is_empty() {
        return Err(TemplateError::Empty { what: "attribute" });
    }
    if pairs.len() > 100 {
        return Err(TemplateError::TooMany { limit: 100 });
    }
    for (attribute, claim_type) in pairs {
        check_attribute(attribute)?;
        check_text("claim type", claim_type)?;
    }
    let attributes: Vec<&str> = pairs.iter().map(|(attribute, _)| *attribute).collect();
    let claim_types: Vec<String> = pairs.iter().map(|(_, own)| format!("\"{own}\"")).collect();
    Ok(format!(
        "@RuleTemplate = \"LdapClaims\"\n@RuleName = \"Send {}\"\n\
         c:[Type == \"{}\", Issuer == \"AD AUTHORITY\"]\n \
         => issue(store = \"Active Directory\", types = ({}), query = \";{};{{0}}\", param = c.Value);\n",
        attributes.join(", "),
        types::WINDOWS_ACCOUNT_NAME,
        claim_types.join(", "),
        attributes.join(","),
    ))
}

/// Send Group Membership as a Claim: members of the group with SID `group` get `claim_type` with `value`.
pub fn group_rule(
    name: &str,
    group: &str,
    claim_type: &str,
    value: &str,
) -> Result<String, TemplateError> {
    check_text("name", name)?;
    check_text("group", group)?;
    check_text("claim type", claim_type)?;
    check_text("value", value)?;
    Ok(format!(
        "@RuleTemplate = \"EmitGroupClaims\"\n@RuleName = \"{name}\"\n\
         c:[Type == \"{}\", Value == \"{group}\", Issuer == \"AD AUTHORITY\"]\n \
         => issue(Type = \"{claim_type}\", Value = \"{value}\", Issuer = c.Issuer, \
         OriginalIssuer = c.OriginalIssuer, ValueType = c.ValueType);\n",
        types::GROUP_SID,
    ))
}

/// Transform an Incoming Claim: all values of `from` under the type `to`.
pub fn map_rule(name: &str, from: &str, to: &str) -> Result<String, TemplateError> {
    map(name, from, to, "")
}

/// Transform an Incoming Claim to a NameID: values of `from` as `nameidentifier` in `format`.
pub fn name_id_rule(name: &str, from: &str, format: &str) -> Result<String, TemplateError> {
    check_text("format", format)?;
    let property = format!(
        ", Properties[\"{}\"] = \"{format}\"",
        types::PROPERTY_FORMAT
    );
    map(name, from, types::NAME_IDENTIFIER, &property)
}

fn map(name: &str, from: &str, to: &str, property: &str) -> Result<String, TemplateError> {
    check_text("name", name)?;
    check_text("claim type", from)?;
    check_text("claim type", to)?;
    Ok(format!(
        "@RuleTemplate = \"MapClaims\"\n@RuleName = \"{name}\"\nc:[Type == \"{from}\"]\n \
         => issue(Type = \"{to}\", Issuer = c.Issuer, OriginalIssuer = c.OriginalIssuer, \
         Value = c.Value, ValueType = c.ValueType{property});\n"
    ))
}

/// Pass Through or Filter an Incoming Claim.
pub fn pass_through_rule(
    name: &str,
    claim_type: &str,
    filtered: Filtered<'_>,
) -> Result<String, TemplateError> {
    check_text("name", name)?;
    check_text("claim type", claim_type)?;
    let constraint = match filtered {
        Filtered::All => String::new(),
        Filtered::Exactly(value) => format!(", Value =~ \"^(?i){}$\"", literal(value)?),
        Filtered::Suffix(value) => format!(", Value =~ \"^(?i).*@{}$\"", literal(value)?),
        Filtered::Prefix(value) => format!(", Value =~ \"^(?i){}\"", literal(value)?),
    };
    Ok(format!(
        "@RuleTemplate = \"PassThroughClaims\"\n@RuleName = \"{name}\"\n\
         c:[Type == \"{claim_type}\"{constraint}]\n => issue(claim = c);\n"
    ))
}

/// Permit or Deny Users Based on an Incoming Claim.
pub fn authorize_claim_rule(
    name: &str,
    claim_type: &str,
    value: &str,
    permit: bool,
) -> Result<String, TemplateError> {
    check_text("name", name)?;
    check_text("claim type", claim_type)?;
    let (decision, said) = if permit {
        (types::PERMIT, "PermitUsersWithClaim")
    } else {
        (types::DENY, "DenyUsersWithClaim")
    };
    Ok(format!(
        "@RuleTemplate = \"Authorization\"\n@RuleName = \"{name}\"\n\
         c:[Type == \"{claim_type}\", Value =~ \"^(?i){}$\"]\n \
         => issue(Type = \"{decision}\", Value = \"{said}\");\n",
        literal(value)?,
    ))
}

/// A second factor for whoever has `claim_type` with `value`: a group's SID, or `false` of
/// `insidecorporatenetwork`.
pub fn mfa_rule(claim_type: &str, value: &str) -> Result<String, TemplateError> {
    check_text("claim type", claim_type)?;
    check_text("value", value)?;
    Ok(format!(
        "c:[Type == \"{claim_type}\", Value == \"{value}\"]\n \
         => issue(Type = \"{}\", Value = \"{}\");\n",
        types::AUTHENTICATION_METHOD,
        authn::MULTIPLE,
    ))
}

fn literal(value: &str) -> Result<String, TemplateError> {
    check_text("value", value)?;
    Ok(escape_pattern(value))
}

/// `text` as a pattern that matches just it, as .NET's `Regex.Escape` writes it.
pub(super) fn escape_pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if r"\*+?|{[()^$.# ".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

pub(super) fn check_text(what: &'static str, text: &str) -> Result<(), TemplateError> {
    if text.is_empty() {
        return Err(TemplateError::Empty { what });
    }
    if text.contains(['"', '\r', '\n', '\0']) {
        return Err(TemplateError::Unwritable {
            what,
            text: text.to_owned(),
        });
    }
    Ok(())
}

/// An attribute's name stands between commas and semicolons of a query.
fn check_attribute(attribute: &str) -> Result<(), TemplateError> {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._()".contains(&octet);
    if attribute.is_empty() {
        return Err(TemplateError::Empty { what: "attribute" });
    }
    if !attribute.bytes().all(plain) {
        return Err(TemplateError::Unwritable {
            what: "attribute",
            text: attribute.to_owned(),
        });
    }
    Ok(())
}
