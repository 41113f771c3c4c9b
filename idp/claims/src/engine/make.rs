//! What statements make of a match: claims and queries.

use std::collections::BTreeMap;
use std::sync::Arc;

use signet_model::Claim;

use super::compute::Computer;
use super::error::EvaluationFault;
use crate::store::StoreQuery;
use crate::syntax::Rule;
use crate::syntax::rule::{NewClaim, StoreStatement};

impl Computer<'_> {
    /// The claim that `new` makes of a match.
    pub(super) fn new_claim(
        &mut self,
        new: &NewClaim,
        bound: &[u32],
        local: &Arc<str>,
        string: &Arc<str>,
    ) -> Result<Claim, EvaluationFault> {
        let mut properties = BTreeMap::new();
        for (name, expression) in &new.properties {
            properties.insert(Arc::clone(name), self.text(expression, bound)?);
        }
        let mut optional = |expression: &Option<_>, otherwise: &dyn Fn() -> Arc<str>| {
            expression
                .as_ref()
                .map_or_else(|| Ok(otherwise()), |own| self.text(own, bound))
        };
        Ok(Claim {
            value: optional(&new.value, &|| Arc::from(""))?,
            value_type: optional(&new.value_type, &|| Arc::clone(string))?,
            issuer: optional(&new.issuer, &|| Arc::clone(local))?,
            original_issuer: optional(&new.original_issuer, &|| Arc::clone(local))?,
            claim_type: self.text(&new.claim_type, bound)?,
            properties,
        })
    }

    /// The query that `statement` makes of a match.
    pub(super) fn query(
        &mut self,
        statement: &StoreStatement,
        bound: &[u32],
        rule_index: usize,
        rule: &Rule,
    ) -> Result<StoreQuery, EvaluationFault> {
        let (query, computed) = self.query_text(&statement.query, bound)?;
        let mut params = Vec::with_capacity(statement.params.len());
        for param in &statement.params {
            params.push(self.text(param, bound)?);
        }
        Ok(StoreQuery {
            store: Arc::clone(&statement.store),
            types: Arc::clone(&statement.types),
            query,
            params,
            computed,
            rule: rule_index + 1,
            rule_name: rule.annotation("RuleName").cloned(),
        })
    }
}
