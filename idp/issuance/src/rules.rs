//! Rule sets ready to run, each compiled once and again when its text changes.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use signet_claims::RuleSet;
use signet_model::RelyingPartyId;

use crate::refusal::Refusal;

/// The rule sets of a sign-in, in the order they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RuleStage {
    /// Acceptance rules of the directory: identity claims.
    Acceptance,
    /// Additional-authentication rules of the service.
    GlobalAdditionalAuthentication,
    /// Additional-authentication rules of the relying party.
    AdditionalAuthentication,
    /// Issuance authorization rules of the relying party.
    Authorization,
    /// Issuance transform rules of the relying party.
    Issuance,
    /// This service's own question for what may stand for the account at Entra.
    Anchor,
}

impl fmt::Display for RuleStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Acceptance => "acceptance rules",
            Self::GlobalAdditionalAuthentication => "service's additional authentication rules",
            Self::AdditionalAuthentication => "additional authentication rules",
            Self::Authorization => "issuance authorization rules",
            Self::Issuance => "issuance transform rules",
            Self::Anchor => "check of the anchor",
        })
    }
}

/// Compiled rule sets by owner. A text that cannot be read refuses its own relying party and no other.
#[derive(Debug, Default)]
pub(crate) struct RuleCache {
    sets: RwLock<HashMap<Owner, Compiled>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Owner {
    pub(crate) stage: RuleStage,
    /// `None` for the service's own rules.
    pub(crate) relying_party: Option<RelyingPartyId>,
}

#[derive(Clone, Debug)]
struct Compiled {
    text: Arc<str>,
    /// The rules, or why they cannot be read.
    rules: Result<Arc<RuleSet>, Arc<str>>,
}

impl RuleCache {
    /// The rules of `owner`, whose text is now `text`.
    pub(crate) fn load(&self, owner: Owner, text: &str) -> Result<Arc<RuleSet>, Refusal> {
        // Comparing texts costs less than hashing them, and there is one text an owner.
        let known = {
            let sets = self.sets.read().unwrap_or_else(PoisonError::into_inner);
            sets.get(&owner)
                .filter(|compiled| *compiled.text == *text)
                .cloned()
        };
        let compiled = known.unwrap_or_else(|| self.compile(owner, text));
        compiled.rules.map_err(|detail| Refusal::RulesUnreadable {
            rules: owner.stage.to_string(),
            detail: detail.to_string(),
        })
    }

    fn compile(&self, owner: Owner, text: &str) -> Compiled {
        let rules = RuleSet::parse(text);
        let compiled = Compiled {
            text: Arc::from(text),
            rules: rules
                .map(Arc::new)
                .map_err(|error| Arc::from(error.to_string())),
        };
        let mut sets = self.sets.write().unwrap_or_else(PoisonError::into_inner);
        if sets.len() >= MOST_OWNERS {
            sets.clear();
        }
        sets.insert(owner, compiled.clone());
        compiled
    }
}

/// Removed relying parties leave theirs behind; beyond this many all are compiled anew.
const MOST_OWNERS: usize = 8192;
