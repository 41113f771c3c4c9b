//! What a rule may read and make, told from its text alone: before it runs, and for whoever moves rules about.

use super::rule::{
    ClaimTest, Condition, Expected, Expression, FixedConstraint, Property, RuleBody, Statement,
    Verb,
};
use super::rule_set::RuleView;

impl<'s> RuleView<'s> {
    /// Whether its claims are for later rules only (`add`), so that nothing of it is sent.
    pub fn only_adds(&self) -> bool {
        self.body().verb == Verb::Add
    }

    /// Whether it may make or pass on a claim of `claim_type`. A type that is computed may be any.
    pub fn may_make(&self, claim_type: &str) -> bool {
        self.body().may_make(claim_type)
    }

    /// Whether one of its conditions may look at a claim of `claim_type`.
    pub fn may_read(&self, claim_type: &str) -> bool {
        let mut tests = self.body().conditions.iter().map(Condition::test);
        tests.any(|test| test.may_admit_type(claim_type))
    }

    /// Whether one of its conditions may look at a claim that `other` makes. A copy (`claim = c`) makes none that was
    /// not there before.
    pub fn may_read_from(&self, other: RuleView<'_>) -> bool {
        match &other.body().statement {
            Statement::Copy { .. } => false,
            Statement::New(new) => match new.claim_type.as_constant() {
                Some(made) => self.may_read(made),
                None => !self.body().conditions.is_empty(),
            },
            Statement::Query(query) => query.types.iter().any(|made| self.may_read(made)),
        }
    }

    /// The attributes of the own directory object that it asks for, each with the claim type it becomes; empty when it
    /// asks for anything else.
    pub fn own_attributes(&self) -> Vec<(&'s str, &'s str)> {
        let Statement::Query(query) = &self.body().statement else {
            return Vec::new();
        };
        let attributes = query
            .query
            .as_constant()
            .filter(|_| &*query.store == "Active Directory")
            .and_then(|text| text.strip_prefix(';')?.strip_suffix(";{0}"))
            .filter(|attributes| !attributes.contains(['{', ';']));
        let Some(attributes) = attributes else {
            return Vec::new();
        };
        let attributes: Vec<_> = attributes.split(',').map(str::trim).collect();
        if attributes.len() != query.types.len() {
            return Vec::new();
        }
        let types = query.types.iter().map(|own| &**own);
        attributes.into_iter().zip(types).collect()
    }
}

impl RuleBody {
    /// Whether it may make or pass on a claim of type `wanted`.
    pub(crate) fn may_make(&self, wanted: &str) -> bool {
        match &self.statement {
            // A copied claim is of a type that its selector lets pass.
            Statement::Copy { slot } => {
                let mut selectors = self
                    .conditions
                    .iter()
                    .filter(|condition| matches!(condition, Condition::Selector { .. }));
                let selector = selectors.nth(*slot);
                selector.is_none_or(|condition| condition.test().may_admit_type(wanted))
            }
            Statement::New(new) => match &new.claim_type {
                Expression::Constant(made) => **made == *wanted,
                _ => true,
            },
            Statement::Query(query) => query.types.iter().any(|made| **made == *wanted),
        }
    }
}

impl ClaimTest {
    /// Whether a claim of type `wanted` could pass, its other fields being what they would have to be.
    fn may_admit_type(&self, wanted: &str) -> bool {
        let on_type = |constraint: &&FixedConstraint| constraint.property == Property::Type;
        self.fixed
            .iter()
            .filter(on_type)
            .all(|constraint| match &constraint.expected {
                Expected::Equal(text) => **text == *wanted,
                Expected::NotEqual(text) => **text != *wanted,
                // A search that took too long may have matched, or not.
                Expected::Match(pattern) => pattern.is_match(wanted).unwrap_or(true),
                Expected::NoMatch(pattern) => !pattern.is_match(wanted).unwrap_or(false),
            })
    }
}
