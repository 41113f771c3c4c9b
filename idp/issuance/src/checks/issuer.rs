//! In whose name a token is issued.

use signet_directory::Account;
use signet_model::uris::claims as types;
use signet_model::{Claim, DomainTable, RelyingParty};

use super::evidence::is_trusted;
use crate::refusal::Refusal;

/// The issuer: from the domain table where the relying party says so, else the service itself.
///
/// Entra compares the issuer octet by octet with the domain's `issuerUri`, and the domain with that of the
/// user it finds (AADSTS50107, AADSTS5000820). So the table decides by the account's own UPN, never a
/// claim: an `issuerid` claim, which AD FS takes, is left out by the caller (WSF-13).
/// Only where an admin lets the rules state the UPN (an alternate login id) the stated one counts.
pub(crate) fn decide_issuer(
    relying_party: &RelyingParty,
    account: &Account,
    claims: &[Claim],
    domains: &DomainTable,
    service_entity_id: &str,
) -> Result<String, Refusal> {
    if !relying_party.issuer_by_domain {
        return Ok(service_entity_id.to_owned());
    }
    let stated = is_trusted(&relying_party.trusted_evidence_claims, types::ENTRA_UPN)
        .then(|| {
            claims
                .iter()
                .find(|claim| *claim.claim_type == *types::ENTRA_UPN)
        })
        .flatten()
        .map(|claim| &*claim.value);
    let Some(upn) = stated.or(account.upn.as_deref()) else {
        return Err(Refusal::NoUserPrincipalName {
            account: account.down_level_name(),
        });
    };
    match domains.for_upn(upn) {
        Some(domain) => Ok(domain.issuer_uri.clone()),
        None => {
            let domain = upn
                .rsplit_once('@')
                .map_or(upn, |(_, suffix)| suffix)
                .to_owned();
            Err(Refusal::DomainNotFederated { domain })
        }
    }
}
