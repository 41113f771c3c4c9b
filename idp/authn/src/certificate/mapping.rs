//! Whose a certificate is: the order of KB5014754.
//!
//! 1. A SID in the certificate decides alone. An account that the certificate names in another way and that has
//!    another SID refuses it; nothing is tried after.
//! 2. A strong value of `altSecurityIdentities`: issuer and serial number, subject key identifier, SHA-1 of the key.
//! 3. A weak one, or the user principal name of the certificate: only where a setting allows it, and never for a
//!    certificate that is older than the account.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use signet_certs::client::{ClientCertificate, Match, SecurityIdentity, Strength};
use signet_directory::CertificateCandidate;
use signet_model::Sid;

/// Which mappings beyond the strong ones are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MappingPolicy {
    /// Weak values of `altSecurityIdentities`.
    pub weak_identities: bool,
    /// The user principal name alone.
    pub user_principal_name: bool,
}

/// What bound the certificate to the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum MappedBy {
    /// The SID in the certificate.
    Sid,
    /// A value of `altSecurityIdentities`, as it is written there.
    Identity(String, Strength),
    /// The user principal name.
    UserPrincipalName(String),
}

/// Why the certificate is nobody's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingRefusal {
    /// The SID is one account's, the name or a mapping another's.
    #[error("the certificate's SID {sid} is not that of {other}, which the certificate names too")]
    SidMismatch {
        /// The SID in the certificate.
        sid: String,
        /// The account that it names by other means.
        other: String,
    },
    /// No account.
    #[error("no account has this certificate{}", .note.as_deref().map(|note| format!(" ({note})")).unwrap_or_default())]
    NoAccount {
        /// What nearly fitted.
        note: Option<String>,
    },
    /// More than one account.
    #[error("the certificate belongs to more than one account: {accounts}")]
    TwoAccounts {
        /// Their names.
        accounts: String,
    },
    /// There is an account, by a mapping that the settings do not allow.
    #[error("{account} is mapped by {by} only, which is weak and not allowed")]
    WeakNotAllowed {
        /// The account.
        account: String,
        /// What would bind it.
        by: String,
    },
    /// A weak mapping to an account that was made after the certificate: its name may have been somebody else's then.
    #[error("the certificate is older than {account}, to which only a weak mapping leads")]
    OlderThanAccount {
        /// The account.
        account: String,
    },
}

/// Decides among `candidates`, which were searched for by all that the certificate says.
///
/// # Errors
/// [`MappingRefusal`]: zero accounts, two, or one that may not be taken.
pub fn decide(
    certificate: &ClientCertificate,
    candidates: &[CertificateCandidate],
    policy: MappingPolicy,
) -> Result<(usize, MappedBy), MappingRefusal> {
    let claims: Vec<Claimed> = candidates
        .iter()
        .map(|one| Claimed::of(certificate, one))
        .collect();
    if let Some(sid) = &certificate.extensions.sid {
        return by_sid(sid, candidates, &claims);
    }
    let strong = |claimed: &Claimed| claimed.strong.clone();
    if let Some(found) = only(candidates, &claims, |claimed| {
        strong(claimed).map(|value| MappedBy::Identity(value, Strength::Strong))
    })? {
        return Ok(found);
    }
    by_weak(certificate, candidates, &claims, policy)
}

/// What one account claims of the certificate.
struct Claimed {
    strong: Option<String>,
    weak: Option<String>,
    wrong_order: Option<String>,
    named: bool,
}

impl Claimed {
    fn of(certificate: &ClientCertificate, candidate: &CertificateCandidate) -> Self {
        let mut claimed = Self {
            strong: None,
            weak: None,
            wrong_order: None,
            named: !candidate.answers_to.is_empty(),
        };
        for value in &candidate.identities {
            let Some(identity) = SecurityIdentity::parse(value) else {
                continue;
            };
            let place = match (identity.matches(certificate), identity.strength()) {
                (Match::Yes, Strength::Strong) => &mut claimed.strong,
                (Match::Yes, Strength::Weak) => &mut claimed.weak,
                (Match::WrongOrder, _) => &mut claimed.wrong_order,
                (Match::No, _) => continue,
            };
            place.get_or_insert_with(|| value.clone());
        }
        claimed
    }
}

fn by_sid(
    text: &str,
    candidates: &[CertificateCandidate],
    claims: &[Claimed],
) -> Result<(usize, MappedBy), MappingRefusal> {
    let sid = Sid::parse(text);
    let has_it = |one: &CertificateCandidate| sid.as_ref() == Some(&one.candidate.sid);
    let other = candidates
        .iter()
        .zip(claims)
        .find(|(one, claimed)| !has_it(one) && (claimed.named || claimed.strong.is_some()));
    if let Some((other, _)) = other {
        return Err(MappingRefusal::SidMismatch {
            sid: text.to_owned(),
            other: name(other),
        });
    }
    let holders: Vec<usize> = (0..candidates.len())
        .filter(|at| candidates.get(*at).is_some_and(has_it))
        .collect();
    match holders.as_slice() {
        [] => Err(MappingRefusal::NoAccount {
            note: Some(format!("its SID is {text}")),
        }),
        [only] => Ok((*only, MappedBy::Sid)),
        _ => Err(two(candidates, &holders)),
    }
}

fn by_weak(
    certificate: &ClientCertificate,
    candidates: &[CertificateCandidate],
    claims: &[Claimed],
    policy: MappingPolicy,
) -> Result<(usize, MappedBy), MappingRefusal> {
    let identity = only(candidates, claims, |claimed| {
        let value = claimed.weak.clone()?;
        Some(MappedBy::Identity(value, Strength::Weak))
    });
    let upn = match certificate.extensions.user_principal_names.as_slice() {
        [upn] => only(candidates, claims, |claimed| {
            claimed
                .named
                .then(|| MappedBy::UserPrincipalName(upn.clone()))
        }),
        // Without one, or with several, the certificate does not say who it is.
        _ => Ok(None),
    };
    let mut not_allowed = None;
    for (found, allowed) in [
        (identity, policy.weak_identities),
        (upn, policy.user_principal_name),
    ] {
        match (found, allowed) {
            (Ok(None), _) => {}
            (Ok(Some((at, by))), true) => return not_older(certificate, candidates, at, by),
            (Err(refusal), true) => return Err(refusal),
            (Ok(Some((at, by))), false) => {
                not_allowed.get_or_insert(MappingRefusal::WeakNotAllowed {
                    account: candidates.get(at).map(name).unwrap_or_default(),
                    by: by.to_string(),
                });
            }
            (Err(refusal), false) => {
                not_allowed.get_or_insert(refusal);
            }
        }
    }
    let wrong_order = claims.iter().find_map(|one| one.wrong_order.as_deref());
    Err(not_allowed.unwrap_or_else(|| MappingRefusal::NoAccount {
        note: wrong_order.map(|value| {
            format!("{value} would fit if its names were written root first, as signet certmap prints them")
        }),
    }))
}

/// KB5014754: a name may have belonged to somebody else before the account was made.
fn not_older(
    certificate: &ClientCertificate,
    candidates: &[CertificateCandidate],
    at: usize,
    by: MappedBy,
) -> Result<(usize, MappedBy), MappingRefusal> {
    let account = candidates.get(at);
    let created = account.and_then(|one| one.created);
    if created.is_some_and(|created| certificate.not_before < created) {
        return Err(MappingRefusal::OlderThanAccount {
            account: account.map(name).unwrap_or_default(),
        });
    }
    Ok((at, by))
}

/// The one candidate that `by` says something of; two are refused.
fn only(
    candidates: &[CertificateCandidate],
    claims: &[Claimed],
    by: impl Fn(&Claimed) -> Option<MappedBy>,
) -> Result<Option<(usize, MappedBy)>, MappingRefusal> {
    let found: Vec<(usize, MappedBy)> = claims
        .iter()
        .enumerate()
        .filter_map(|(at, claimed)| Some((at, by(claimed)?)))
        .collect();
    if found.len() > 1 {
        let places: Vec<usize> = found.iter().map(|(at, _)| *at).collect();
        return Err(two(candidates, &places));
    }
    Ok(found.into_iter().next())
}

fn two(candidates: &[CertificateCandidate], places: &[usize]) -> MappingRefusal {
    let names: BTreeSet<String> = places
        .iter()
        .filter_map(|at| candidates.get(*at).map(name))
        .collect();
    MappingRefusal::TwoAccounts {
        accounts: names.into_iter().collect::<Vec<_>>().join(", "),
    }
}

fn name(one: &CertificateCandidate) -> String {
    format!("{} in {}", one.candidate.sam, one.candidate.directory)
}

impl std::fmt::Display for MappedBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sid => f.write_str("the SID in the certificate"),
            Self::Identity(value, _) => write!(f, "altSecurityIdentities {value}"),
            Self::UserPrincipalName(upn) => write!(f, "the user principal name {upn}"),
        }
    }
}
