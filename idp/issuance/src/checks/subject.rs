//! Who the token is about: the `nameidentifier` claim against the request's `NameIDPolicy`.

use signet_model::request::NameIdPolicy;
use signet_model::uris::{claims as types, name_id};
use signet_model::{Claim, RelyingParty};

use crate::id::fresh_id;
use crate::name_id::NameId;
use crate::refusal::Refusal;
use crate::stores::OpaqueIds;

const SP_PROVIDED_ID: &str =
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/spprovidedid";
/// The SAML 2.0 spelling that some partners send for "unspecified".
const UNSPECIFIED_2: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:unspecified";

/// What the choice of the subject depends on beside the rules.
pub(crate) struct SubjectRequest<'a> {
    pub(crate) relying_party: &'a RelyingParty,
    pub(crate) audience: &'a str,
    pub(crate) issuer: &'a str,
    pub(crate) account: signet_model::AccountId,
    pub(crate) policy: Option<&'a NameIdPolicy>,
    /// Entra reads the account's anchor as persistent, whatever format the rules gave it.
    pub(crate) is_entra: bool,
    pub(crate) opaque_ids: &'a OpaqueIds,
}

/// Takes the `nameidentifier` claims out of `claims` and makes the subject of them.
///
/// saml-core-2.0-os 3.4.1.1: a format that is asked for is answered in that format or with
/// `InvalidNameIDPolicy` (AD FS: MSIS7070).
/// - No format asked: the rules decide; no claim means no `NameID`.
/// - *transient*: a value of the rules in that format, else a random one of this sign-in.
/// - *persistent*: a value of the rules in that format; without any `nameidentifier` claim one that is
///   this relying party's alone, when the request allows it to be created.
/// - any other: a value of the rules in that format.
///
/// A `SPNameQualifier` must be the relying party's own name (SAML-12).
pub(crate) fn decide_subject(
    wanted: &SubjectRequest<'_>,
    claims: &mut Vec<Claim>,
) -> Result<Option<NameId>, Refusal> {
    let mut made = Vec::new();
    claims.retain(|claim| {
        let is_subject = *claim.claim_type == *types::NAME_IDENTIFIER;
        if is_subject && !claim.value.is_empty() {
            made.push(from_claim(claim));
        }
        !is_subject
    });
    made.dedup();

    let qualifier = check_qualifier(wanted)?;
    let mut subject = match asked_format(wanted.policy) {
        None => only_one(made)?,
        Some(name_id::TRANSIENT) => Some(transient(wanted, made)?),
        Some(name_id::PERSISTENT) => Some(persistent(wanted, made)?),
        Some(asked) => Some(in_format(asked, made)?),
    };
    if let Some(subject) = &mut subject {
        if let Some(qualifier) = qualifier {
            subject.sp_name_qualifier.get_or_insert(qualifier);
        }
        if wanted.relying_party.escape_name_id {
            subject.value = escape_value(&subject.value);
        }
    }
    Ok(subject)
}

fn from_claim(claim: &Claim) -> NameId {
    let property = |uri| {
        claim
            .property(uri)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    NameId {
        value: claim.value.to_string(),
        format: property(types::PROPERTY_FORMAT),
        name_qualifier: property(types::PROPERTY_NAME_QUALIFIER),
        sp_name_qualifier: property(types::PROPERTY_SP_NAME_QUALIFIER),
        sp_provided_id: property(SP_PROVIDED_ID),
    }
}

/// The format a request insists on; "unspecified" insists on nothing.
fn asked_format(policy: Option<&NameIdPolicy>) -> Option<&str> {
    policy?
        .format
        .as_deref()
        .filter(|format| !is_unspecified(format))
}

fn is_unspecified(format: &str) -> bool {
    format.is_empty() || format == name_id::UNSPECIFIED || format == UNSPECIFIED_2
}

fn check_qualifier(wanted: &SubjectRequest<'_>) -> Result<Option<String>, Refusal> {
    let Some(asked) = wanted
        .policy
        .and_then(|policy| policy.sp_name_qualifier.as_deref())
    else {
        return Ok(None);
    };
    if !wanted.relying_party.has_identifier(asked) {
        return Err(Refusal::NameQualifierForeign {
            asked: asked.to_owned(),
        });
    }
    Ok(Some(asked.to_owned()))
}

/// One subject. Of several that differ in their format only, one that says its format counts.
fn only_one(mut made: Vec<NameId>) -> Result<Option<NameId>, Refusal> {
    let count = made.len();
    if count > 1 {
        let first = made.first().map(|one| one.value.clone());
        let same = made.iter().all(|one| Some(&one.value) == first.as_ref());
        made.retain(|one| !one.format.as_deref().is_none_or(is_unspecified));
        if !same || made.len() != 1 {
            return Err(Refusal::SeveralNameIdentifiers { count });
        }
    }
    Ok(made.pop())
}

fn in_format(asked: &str, made: Vec<NameId>) -> Result<NameId, Refusal> {
    let formats = formats_of(&made);
    let fitting = made
        .into_iter()
        .filter(|one| one.format.as_deref() == Some(asked))
        .collect();
    only_one(fitting)?.ok_or_else(|| Refusal::NameIdFormatUnavailable {
        asked: asked.to_owned(),
        made: formats,
    })
}

/// A transient identifier says nothing about the person, so no rule has to allow it.
fn transient(wanted: &SubjectRequest<'_>, made: Vec<NameId>) -> Result<NameId, Refusal> {
    if let Ok(of_rules) = in_format(name_id::TRANSIENT, made) {
        return Ok(of_rules);
    }
    let value = fresh_id().map_err(|failed| Refusal::RulesFailed {
        rules: "transient identifier".to_owned(),
        detail: failed.to_string(),
    })?;
    Ok(NameId {
        name_qualifier: Some(wanted.issuer.to_owned()),
        sp_name_qualifier: Some(wanted.audience.to_owned()),
        ..NameId::new(value).with_format(name_id::TRANSIENT)
    })
}

fn persistent(wanted: &SubjectRequest<'_>, mut made: Vec<NameId>) -> Result<NameId, Refusal> {
    if wanted.is_entra && made.len() == 1 {
        // entra-federation: Entra asks for persistent, its WS-Federation rules make "unspecified", and the value
        // is the ImmutableID either way.
        let open = |one: &&mut NameId| one.format.as_deref().is_none_or(is_unspecified);
        if let Some(anchor) = made.first_mut().filter(open) {
            anchor.format = Some(name_id::PERSISTENT.to_owned());
        }
    }
    let may_create = wanted.policy.is_some_and(|policy| policy.allow_create);
    if made.is_empty() && may_create && !wanted.is_entra {
        let value = wanted
            .opaque_ids
            .pairwise(wanted.relying_party.id, wanted.account);
        return Ok(NameId {
            name_qualifier: Some(wanted.issuer.to_owned()),
            sp_name_qualifier: Some(wanted.audience.to_owned()),
            ..NameId::new(value).with_format(name_id::PERSISTENT)
        });
    }
    in_format(name_id::PERSISTENT, made)
}

fn formats_of(made: &[NameId]) -> String {
    if made.is_empty() {
        return "none".to_owned();
    }
    let formats = made
        .iter()
        .map(|one| one.format.as_deref().unwrap_or(name_id::UNSPECIFIED));
    formats.collect::<Vec<_>>().join(" ")
}

/// Writes octets outside `[A-Za-z0-9]` as `.XX`, as an old document of Entra's asks.
fn escape_value(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for octet in value.bytes() {
        if octet.is_ascii_alphanumeric() {
            escaped.push(char::from(octet));
        } else {
            escaped.push_str(&format!(".{octet:02X}"));
        }
    }
    escaped
}
