//! What Entra finds a person by must be of the account that signed in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use signet_directory::Account;
use signet_model::uris::{ENTRA_REALM, claims as types};
use signet_model::{Claim, RelyingParty};

use super::evidence::{RefusedBecause, RefusedClaim, is_trusted};
use crate::refusal::Refusal;

/// Attribute name of the UPN in SAML 2.0 tokens for Entra.
const IDP_EMAIL: &str = "IDPEmail";

/// Asks the directory for both anchors of the account itself.
pub(crate) const ANCHOR_RULE: &str = r#"c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname"]
 => issue(store = "Active Directory", types = ("objectguid", "consistencyguid"), query = ";objectGUID,mS-DS-ConsistencyGuid;{0}", param = c.Value);"#;

/// Whether tokens of this relying party are read by Microsoft Entra.
pub(crate) fn is_entra(relying_party: &RelyingParty) -> bool {
    relying_party.issuer_by_domain || relying_party.has_identifier(ENTRA_REALM)
}

/// The values that may stand for the account at Entra: base64 of `mS-DS-ConsistencyGuid` and of objectGUID.
#[derive(Debug)]
pub(crate) struct Anchors {
    object_guid: String,
    consistency_guid: Option<String>,
}

impl Anchors {
    /// objectGUID only: enough where the rules made that one.
    pub(crate) fn of(account: &Account) -> Self {
        Self {
            object_guid: STANDARD.encode(account.id.as_octets()),
            consistency_guid: None,
        }
    }

    /// Adds the directory's own word: the claims of [`ANCHOR_RULE`]. An answer about another object, or
    /// about several, adds nothing.
    pub(crate) fn learn(&mut self, found: &[Claim]) {
        let only = |claim_type: &str| {
            let mut values = found
                .iter()
                .filter(|claim| *claim.claim_type == *claim_type);
            values
                .next()
                .filter(|_| values.next().is_none())
                .map(|claim| claim.value.to_string())
        };
        if only("objectguid").as_deref() == Some(self.object_guid.as_str()) {
            self.consistency_guid = only("consistencyguid");
        }
    }

    /// Whether `value` stands for the account. Entra compares with regard to case.
    pub(crate) fn includes(&self, value: &str) -> bool {
        value == self.object_guid || self.consistency_guid.as_deref() == Some(value)
    }
}

/// Refuses identity claims that are of another account than the one that signed in (WSF-14, CFG-11).
///
/// `subject` is the `nameidentifier` value. `ImmutableID` (claim or subject) must be one of the account's
/// anchors and there must be one; a UPN must be the account's. SIDs that are not the account's are
/// left out and reported. Types in the relying party's trusted list pass.
pub(crate) fn check_identity_claims(
    relying_party: &RelyingParty,
    account: &Account,
    anchors: &Anchors,
    subject: Option<&str>,
    claims: &mut Vec<Claim>,
) -> Result<Vec<RefusedClaim>, Refusal> {
    let trusted = &relying_party.trusted_evidence_claims;
    let free_anchor = is_trusted(trusted, types::IMMUTABLE_ID);
    let of_another = |claim_type: &str, value: &str| {
        Err(Refusal::IdentityOfAnother {
            claim_type: claim_type.to_owned(),
            value: value.to_owned(),
            account: account.down_level_name(),
        })
    };

    let mut anchored = false;
    for claim in claims
        .iter()
        .filter(|claim| is_type(claim, types::IMMUTABLE_ID))
    {
        anchored = true;
        if !free_anchor && !anchors.includes(&claim.value) {
            return of_another(types::IMMUTABLE_ID, &claim.value);
        }
    }
    if let Some(subject) = subject.filter(|value| !value.is_empty()) {
        anchored = true;
        if !free_anchor && !anchors.includes(subject) {
            return of_another(types::NAME_IDENTIFIER, subject);
        }
    }
    if !anchored {
        return Err(Refusal::ImmutableIdMissing {
            account: account.down_level_name(),
        });
    }

    let upn_types = [types::ENTRA_UPN, types::UPN, IDP_EMAIL];
    if !is_trusted(trusted, types::ENTRA_UPN) {
        let upn = account.effective_upn();
        let mut stated = claims
            .iter()
            .filter(|claim| upn_types.iter().any(|uri| is_type(claim, uri)));
        if let Some(claim) = stated.find(|claim| !claim.value.eq_ignore_ascii_case(&upn)) {
            return of_another(&claim.claim_type, &claim.value);
        }
    }
    Ok(refuse_foreign_sids(account, claims, trusted))
}

fn refuse_foreign_sids(
    account: &Account,
    claims: &mut Vec<Claim>,
    trusted: &[String],
) -> Vec<RefusedClaim> {
    let mut refused = Vec::new();
    claims.retain(|claim| {
        let value = &*claim.value;
        let own = if is_type(claim, types::PRIMARY_SID) {
            account.sid.as_str() == value
        } else if is_type(claim, types::PRIMARY_GROUP_SID) {
            account.primary_group_sid.as_str() == value
        } else if is_type(claim, types::GROUP_SID) {
            account.group_sids.iter().any(|sid| sid.as_str() == value)
                || account.primary_group_sid.as_str() == value
        } else {
            true
        };
        if own || is_trusted(trusted, &claim.claim_type) {
            return true;
        }
        refused.push(RefusedClaim {
            claim_type: claim.claim_type.to_string(),
            value: value.to_owned(),
            because: RefusedBecause::OtherAccount,
        });
        false
    });
    refused
}

fn is_type(claim: &Claim, uri: &str) -> bool {
    claim.claim_type.trim().eq_ignore_ascii_case(uri)
}
