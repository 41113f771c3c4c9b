//! A rule set: its text, octet by octet, and its rules ready to run.

use std::ops::Range;
use std::sync::Arc;

use super::error::ParseError;
use super::parser::{TagCase, parse};
use super::rule::{RuleBody, Statement};

/// A parsed rule set. The text given to it is kept and given back unchanged.
#[derive(Debug)]
pub struct RuleSet {
    text: Arc<str>,
    rules: Vec<Rule>,
    warnings: Vec<Warning>,
}

impl RuleSet {
    /// Parses `text`, as saved by an admin of this service: tags are compared with their case.
    ///
    /// An empty text is a set without rules. Every regular expression that is a constant is
    /// translated and compiled here, so that a set that loads can run.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Self::parse_with(text, TagCase::Exact)
    }

    /// Parses `text` from an AD FS export: a tag written in another case is taken when it is
    /// unique in its rule, and reported in [`RuleSet::warnings`].
    pub fn parse_import(text: &str) -> Result<Self, ParseError> {
        Self::parse_with(text, TagCase::Folded)
    }

    fn parse_with(text: &str, tag_case: TagCase) -> Result<Self, ParseError> {
        let parsed = parse(text, tag_case)?;
        Ok(Self {
            text: Arc::from(text),
            rules: parsed.rules,
            warnings: parsed.warnings,
        })
    }

    /// The text it was parsed from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many rules it has.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether it has no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Its rules, top to bottom.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = RuleView<'_>> {
        self.rules.iter().enumerate().map(|(index, rule)| RuleView {
            set: self,
            rule,
            index,
        })
    }

    /// Rule `index`, from 0.
    pub fn rule(&self, index: usize) -> Option<RuleView<'_>> {
        self.rules.get(index).map(|rule| RuleView {
            set: self,
            rule,
            index,
        })
    }

    /// What was taken although AD FS's published grammar does not have it.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    pub(crate) fn bodies(&self) -> &[Rule] {
        &self.rules
    }
}

/// One parsed rule.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) span: Range<usize>,
    /// The part of `span` behind the annotations.
    pub(crate) rule_span: Range<usize>,
    pub(crate) line: usize,
    pub(crate) body: RuleBody,
}

impl Rule {
    pub(crate) fn annotation(&self, name: &str) -> Option<&Arc<str>> {
        let found = self
            .annotations
            .iter()
            .find(|own| own.name.eq_ignore_ascii_case(name));
        found.map(|annotation| &annotation.text)
    }
}

/// `@RuleName = "…"`, `@RuleTemplate = "…"` or another annotation, kept as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Annotation {
    /// The name, as written.
    pub name: Arc<str>,
    /// The text.
    pub text: Arc<str>,
}

/// A rule of a set, to look at.
#[derive(Clone, Copy, Debug)]
pub struct RuleView<'s> {
    set: &'s RuleSet,
    rule: &'s Rule,
    index: usize,
}

impl<'s> RuleView<'s> {
    pub(super) fn body(&self) -> &'s RuleBody {
        &self.rule.body
    }

    /// Its place in the set, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The line it begins on, from 1.
    pub fn line(&self) -> usize {
        self.rule.line
    }

    /// Its text with its annotations, without blanks around it.
    pub fn text(&self) -> &'s str {
        self.set.text.get(self.rule.span.clone()).unwrap_or("")
    }

    /// Its text without annotations.
    pub fn statement(&self) -> &'s str {
        self.set.text.get(self.rule.rule_span.clone()).unwrap_or("")
    }

    /// `@RuleName`.
    pub fn name(&self) -> Option<&'s str> {
        self.rule.annotation("RuleName").map(|text| &**text)
    }

    /// `@RuleTemplate`.
    pub fn template(&self) -> Option<&'s str> {
        self.rule.annotation("RuleTemplate").map(|text| &**text)
    }

    /// All annotations, in order.
    pub fn annotations(&self) -> &'s [Annotation] {
        &self.rule.annotations
    }

    /// The attribute store it asks, if it asks one.
    pub fn store(&self) -> Option<&'s str> {
        match &self.rule.body.statement {
            Statement::Query(query) => Some(&query.store),
            _ => None,
        }
    }

    /// The text of its condition `index`, from 0.
    pub fn condition(&self, index: usize) -> Option<&'s str> {
        let span = self.rule.body.conditions.get(index)?.test().span.clone();
        self.set.text.get(span)
    }
}

/// Something that was taken although the published grammar does not have it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The last rule has no semicolon.
    LastSemicolonMissing,
    /// There are comments, which AD FS may not take.
    Comments,
    /// A tag was found by ignoring its case.
    TagCaseFolded {
        /// Number of the rule, from 1.
        rule: usize,
        /// The tag as used.
        tag: String,
    },
}
