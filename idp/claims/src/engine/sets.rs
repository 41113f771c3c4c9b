//! The two sets of a run. Claims lie in one place once; the output set holds their numbers.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use signet_model::Claim;

use super::fingerprint::{Fingerprint, Fingerprints};
use super::trace::Fate;
use crate::syntax::rule::{Property, Verb};

/// Claims of a run, by number. All of them are the input set: whatever a rule makes is put there.
#[derive(Debug)]
pub(super) struct Sets {
    claims: Vec<Claim>,
    /// The first claim of each fingerprint, so that looking for an equal one does not read them all.
    by_fingerprint: HashMap<Fingerprint, u32, Fingerprints>,
    /// Whether two claims that differ have one fingerprint.
    collided: bool,
    /// Whether each claim is in the output set.
    is_output: Vec<bool>,
    output: Vec<u32>,
    /// For each of `output` the rule that issued it first.
    issued_by: Vec<usize>,
}

impl Sets {
    /// The input set is `claims`, each once; the output set is empty.
    pub(super) fn new(claims: Vec<Claim>) -> Self {
        let room = claims.len() + 16;
        let mut sets = Self {
            claims: Vec::with_capacity(room),
            by_fingerprint: HashMap::with_capacity_and_hasher(room, Fingerprints),
            collided: false,
            is_output: Vec::with_capacity(room),
            output: Vec::with_capacity(16),
            issued_by: Vec::with_capacity(16),
        };
        for claim in claims {
            let fingerprint = Fingerprint::of(&claim);
            if sets.find(&claim, fingerprint).is_none() {
                sets.hold(claim, fingerprint);
            }
        }
        sets
    }

    /// Size of the input set.
    pub(super) fn len(&self) -> usize {
        self.claims.len()
    }

    /// The input set, with the numbers of its claims.
    pub(super) fn input(&self) -> impl Iterator<Item = (u32, &Claim)> {
        (0u32..).zip(&self.claims)
    }

    pub(super) fn claim(&self, number: u32) -> Option<&Claim> {
        self.claims.get(number as usize)
    }

    /// Runs `verb` on a claim of the input set.
    pub(super) fn copy(&mut self, number: u32, verb: Verb, rule: usize) -> Fate {
        match verb {
            Verb::Add => Fate::AlreadyThere,
            Verb::Issue => self.issue(number, rule),
        }
    }

    /// Runs `verb` on a new claim.
    pub(super) fn put(&mut self, claim: Claim, verb: Verb, rule: usize) -> Fate {
        if claim.value.is_empty() || claim.claim_type.is_empty() {
            return Fate::Empty;
        }
        let fingerprint = Fingerprint::of(&claim);
        let found = self.find(&claim, fingerprint);
        match (verb, found) {
            (Verb::Add, Some(_)) => Fate::AlreadyThere,
            (Verb::Add, None) => {
                self.hold(claim, fingerprint);
                Fate::Added
            }
            (Verb::Issue, Some(number)) => self.issue(number, rule),
            (Verb::Issue, None) => {
                let number = self.hold(claim, fingerprint);
                self.issue(number, rule)
            }
        }
    }

    /// The output set, the input set, and the rules that issued the former.
    pub(super) fn finish(self) -> (Vec<Claim>, Vec<Claim>, Vec<usize>) {
        let issued = self
            .output
            .iter()
            .filter_map(|number| self.claim(*number).cloned())
            .collect();
        (issued, self.claims, self.issued_by)
    }

    fn issue(&mut self, number: u32, rule: usize) -> Fate {
        // Equal claims have one number, so a claim is issued once.
        match self.is_output.get_mut(number as usize) {
            Some(flag) if !*flag => *flag = true,
            _ => return Fate::AlreadyThere,
        }
        self.output.push(number);
        self.issued_by.push(rule);
        Fate::Issued
    }

    fn hold(&mut self, claim: Claim, fingerprint: Fingerprint) -> u32 {
        let number = u32::try_from(self.claims.len()).unwrap_or(u32::MAX);
        self.claims.push(claim);
        match self.by_fingerprint.entry(fingerprint) {
            Entry::Vacant(entry) => {
                entry.insert(number);
            }
            Entry::Occupied(_) => self.collided = true,
        }
        self.is_output.push(false);
        number
    }

    fn find(&self, wanted: &Claim, fingerprint: Fingerprint) -> Option<u32> {
        let first = *self.by_fingerprint.get(&fingerprint)?;
        if self.claim(first) == Some(wanted) {
            return Some(first);
        }
        if !self.collided {
            return None;
        }
        self.input()
            .find(|(_, own)| *own == wanted)
            .map(|(number, _)| number)
    }
}

/// The text of `property` of `claim`; a property that is not there reads as empty.
pub(super) fn field<'c>(claim: &'c Claim, property: &Property) -> &'c str {
    match property {
        Property::Type => &claim.claim_type,
        Property::Value => &claim.value,
        Property::ValueType => &claim.value_type,
        Property::Issuer => &claim.issuer,
        Property::OriginalIssuer => &claim.original_issuer,
        Property::Named(name) => claim.property(name).unwrap_or(""),
    }
}

/// The same, shared.
pub(super) fn shared_field(claim: &Claim, property: &Property) -> Arc<str> {
    match property {
        Property::Type => Arc::clone(&claim.claim_type),
        Property::Value => Arc::clone(&claim.value),
        Property::ValueType => Arc::clone(&claim.value_type),
        Property::Issuer => Arc::clone(&claim.issuer),
        Property::OriginalIssuer => Arc::clone(&claim.original_issuer),
        Property::Named(name) => claim
            .properties
            .get(&**name)
            .cloned()
            .unwrap_or_else(|| Arc::from("")),
    }
}
