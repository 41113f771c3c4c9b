//! Tokens to rules: the grammar and its static checks.
//!
//! Where published rule sets and published grammar differ, the wider of the two is taken: the last
//! semicolon may be missing, selectors and aggregates may stand in one rule.

use std::ops::Range;
use std::sync::Arc;

use super::error::{ParseError, ParseFault};
use super::limits;
use super::rule::{
    ClaimTest, Comparison, Condition, Expected, FixedConstraint, Operator, Property,
    RelativeConstraint, RuleBody, Verb,
};
use super::rule_set::{Annotation, Rule, Warning};
use super::token::{Token, TokenKind, tokens};
use crate::pattern::{Pattern, PatternFault};

/// How tags that differ in case only are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TagCase {
    Exact,
    Folded,
}

pub(super) struct Parsed {
    pub(super) rules: Vec<Rule>,
    pub(super) warnings: Vec<Warning>,
}

pub(super) fn parse(source: &str, tag_case: TagCase) -> Result<Parsed, ParseError> {
    if source.len() > limits::TEXT_OCTETS {
        return Err(ParseError::new(
            source,
            &(0..0),
            1,
            ParseFault::TooLarge {
                what: "octets of a rule set",
                limit: limits::TEXT_OCTETS,
            },
        ));
    }
    let (tokens, comments) = tokens(source).map_err(|lex| {
        ParseError::new(
            source,
            &lex.span,
            rule_at(source, lex.span.start),
            lex.fault,
        )
    })?;
    let mut parser = Parser {
        source,
        tokens,
        at: 0,
        tag_case,
        rule: 1,
        tags: Vec::new(),
        warnings: Vec::new(),
        depth: 0,
    };
    if comments {
        parser.warnings.push(Warning::Comments);
    }
    let mut rules = Vec::new();
    while parser.kind() != TokenKind::End {
        parser.rule = rules.len() + 1;
        if rules.len() == limits::RULES {
            return Err(parser.too_large("rules of a set", limits::RULES));
        }
        rules.push(parser.parse_rule()?);
    }
    Ok(Parsed {
        rules,
        warnings: parser.warnings,
    })
}

/// The rule that octet `at` of a text which gives no tokens stands in: counted by what did give tokens.
fn rule_at(source: &str, at: usize) -> usize {
    let before = source.get(..at).unwrap_or("");
    tokens(before).map_or(1, |(tokens, _)| {
        tokens
            .iter()
            .filter(|token| token.kind == TokenKind::Semicolon)
            .count()
            + 1
    })
}

pub(super) struct Parser<'s> {
    pub(super) source: &'s str,
    pub(super) tokens: Vec<Token>,
    pub(super) at: usize,
    tag_case: TagCase,
    /// Number of the rule being read, from 1.
    pub(super) rule: usize,
    /// Tags of the rule being read; the position is the slot. An untagged selector holds a slot too.
    tags: Vec<Option<&'s str>>,
    warnings: Vec<Warning>,
    /// How deep functions are nested.
    pub(super) depth: usize,
}

impl<'s> Parser<'s> {
    fn parse_rule(&mut self) -> Result<Rule, ParseError> {
        self.tags.clear();
        let start = self.token().span.start;
        let annotations = self.parse_annotations()?;
        let rule_start = self.token().span.start;
        let conditions = self.parse_conditions()?;
        self.expect(
            TokenKind::Arrow,
            if conditions.is_empty() {
                "=>, a condition"
            } else {
                "=> or &&"
            },
        )?;
        let verb = self.parse_verb()?;
        self.expect(TokenKind::OpenParenthesis, "(")?;
        let statement = self.parse_statement()?;
        self.expect(TokenKind::CloseParenthesis, ", or )")?;
        let end = match self.kind() {
            TokenKind::Semicolon => self.next().end,
            TokenKind::End => {
                self.warnings.push(Warning::LastSemicolonMissing);
                self.previous_end()
            }
            _ => return Err(self.unexpected(&[";"])),
        };
        Ok(Rule {
            annotations,
            span: start..end,
            rule_span: rule_start..end,
            line: self.source.get(..start).unwrap_or("").matches('\n').count() + 1,
            body: RuleBody {
                conditions,
                slots: self.tags.len(),
                verb,
                statement,
            },
        })
    }

    fn parse_annotations(&mut self) -> Result<Vec<Annotation>, ParseError> {
        let mut annotations = Vec::new();
        while self.kind() == TokenKind::At {
            self.next();
            let name = self.expect_word("the name of an annotation")?;
            self.expect(TokenKind::Assign, "=")?;
            let (text, _) = self.expect_text("a string")?;
            annotations.push(Annotation {
                name: Arc::from(name),
                text: Arc::from(text),
            });
            if annotations.len() > limits::ANNOTATIONS {
                return Err(self.too_large("annotations of a rule", limits::ANNOTATIONS));
            }
        }
        Ok(annotations)
    }

    fn parse_conditions(&mut self) -> Result<Vec<Condition>, ParseError> {
        let mut conditions = Vec::new();
        if self.kind() == TokenKind::Arrow {
            return Ok(conditions);
        }
        loop {
            if conditions.len() == limits::CONDITIONS {
                return Err(self.too_large("conditions of a rule", limits::CONDITIONS));
            }
            let condition = self.parse_condition()?;
            conditions.push(condition);
            if self.kind() != TokenKind::And {
                return Ok(conditions);
            }
            self.next();
        }
    }

    fn parse_condition(&mut self) -> Result<Condition, ParseError> {
        let start = self.token().span.start;
        if self.kind() == TokenKind::OpenBracket {
            let test = self.parse_bracket(start)?;
            self.tags.push(None);
            return Ok(Condition::Selector { test });
        }
        let word = self.expect_word_of(&["a condition"])?;
        match self.kind() {
            TokenKind::Colon => self.parse_tagged_selector(word, start),
            TokenKind::OpenParenthesis if word.eq_ignore_ascii_case("exists") => {
                let test = self.parse_aggregate(start)?;
                Ok(Condition::Exists {
                    negated: false,
                    test,
                })
            }
            TokenKind::OpenParenthesis if word.eq_ignore_ascii_case("count") => {
                let test = self.parse_aggregate(start)?;
                let comparison = self.parse_comparison()?;
                let number = self.parse_number()?;
                Ok(Condition::Count {
                    test,
                    comparison,
                    number,
                })
            }
            TokenKind::Word if word.eq_ignore_ascii_case("not") => {
                if !self.text_of(self.token()).eq_ignore_ascii_case("exists") {
                    return Err(self.unexpected(&["EXISTS"]));
                }
                self.next();
                let test = self.parse_aggregate(start)?;
                Ok(Condition::Exists {
                    negated: true,
                    test,
                })
            }
            _ if word.eq_ignore_ascii_case("not") => Err(self.unexpected(&["EXISTS"])),
            _ if word.eq_ignore_ascii_case("exists") || word.eq_ignore_ascii_case("count") => {
                Err(self.unexpected(&["("]))
            }
            _ => Err(self.unexpected(&[":"])),
        }
    }

    fn parse_tagged_selector(
        &mut self,
        tag: &'s str,
        start: usize,
    ) -> Result<Condition, ParseError> {
        if self.tags.contains(&Some(tag)) {
            let span = start..start + tag.len();
            return Err(self.fault_at(
                &span,
                ParseFault::DuplicateTag {
                    tag: tag.to_owned(),
                },
            ));
        }
        self.next();
        // Its own tag is not defined while its constraints are read.
        let test = self.parse_bracket(start)?;
        self.tags.push(Some(tag));
        Ok(Condition::Selector { test })
    }

    fn parse_aggregate(&mut self, start: usize) -> Result<ClaimTest, ParseError> {
        self.expect(TokenKind::OpenParenthesis, "(")?;
        let mut test = self.parse_bracket(start)?;
        self.expect(TokenKind::CloseParenthesis, ")")?;
        test.span.end = self.previous_end();
        Ok(test)
    }

    fn parse_comparison(&mut self) -> Result<Comparison, ParseError> {
        let comparison = match self.kind() {
            TokenKind::Equal => Comparison::Equal,
            TokenKind::NotEqual => Comparison::NotEqual,
            TokenKind::Less => Comparison::Less,
            TokenKind::LessOrEqual => Comparison::LessOrEqual,
            TokenKind::Greater => Comparison::Greater,
            TokenKind::GreaterOrEqual => Comparison::GreaterOrEqual,
            _ => return Err(self.unexpected(&["==", "!=", "<", "<=", ">", ">="])),
        };
        self.next();
        Ok(comparison)
    }

    fn parse_number(&mut self) -> Result<usize, ParseError> {
        if self.kind() != TokenKind::Number {
            return Err(self.unexpected(&["a number"]));
        }
        // A number that does not fit is larger than any count: the greatest stands for it.
        let number = self.text_of(self.token()).parse().unwrap_or(usize::MAX);
        self.next();
        Ok(number)
    }

    fn parse_bracket(&mut self, start: usize) -> Result<ClaimTest, ParseError> {
        self.expect(TokenKind::OpenBracket, "[")?;
        let mut test = ClaimTest::default();
        if self.kind() != TokenKind::CloseBracket {
            loop {
                self.parse_constraint(&mut test)?;
                if test.fixed.len() + test.relative.len() > limits::CONSTRAINTS {
                    return Err(self.too_large("constraints of a condition", limits::CONSTRAINTS));
                }
                match self.kind() {
                    TokenKind::Comma => self.next(),
                    TokenKind::CloseBracket => break,
                    _ => return Err(self.unexpected(&[",", "]", "+"])),
                };
            }
        }
        self.next();
        test.fixed
            .sort_by_key(|constraint| match constraint.expected {
                Expected::Equal(_) => 0,
                Expected::NotEqual(_) => 1,
                Expected::Match(_) | Expected::NoMatch(_) => 2,
            });
        test.span = start..self.previous_end();
        Ok(test)
    }

    fn parse_constraint(&mut self, test: &mut ClaimTest) -> Result<(), ParseError> {
        let property = self.parse_property()?;
        let operator = match self.kind() {
            TokenKind::Equal => Operator::Equal,
            TokenKind::NotEqual => Operator::NotEqual,
            TokenKind::Matches => Operator::Match,
            TokenKind::NotMatches => Operator::NoMatch,
            _ => return Err(self.unexpected(&["==", "!=", "=~", "!~"])),
        };
        self.next();
        let span = self.token().span.clone();
        let right = self.parse_expression()?;
        let Some(text) = right.as_constant() else {
            test.relative.push(RelativeConstraint {
                property,
                operator,
                right,
            });
            return Ok(());
        };
        let expected = match operator {
            Operator::Equal => Expected::Equal(Arc::clone(text)),
            Operator::NotEqual => Expected::NotEqual(Arc::clone(text)),
            Operator::Match => Expected::Match(self.compile(text, &span)?),
            Operator::NoMatch => Expected::NoMatch(self.compile(text, &span)?),
        };
        test.fixed.push(FixedConstraint { property, expected });
        Ok(())
    }

    pub(super) fn compile(
        &self,
        pattern: &str,
        span: &Range<usize>,
    ) -> Result<Arc<Pattern>, ParseError> {
        Pattern::compile(pattern)
            .map(Arc::new)
            .map_err(|fault| self.pattern_fault(span, fault))
    }

    pub(super) fn pattern_fault(&self, span: &Range<usize>, fault: PatternFault) -> ParseError {
        self.fault_at(span, ParseFault::Pattern(Box::new(fault)))
    }

    pub(super) fn parse_property(&mut self) -> Result<Property, ParseError> {
        const NAMES: &[&str] = &[
            "Type",
            "Value",
            "ValueType",
            "Issuer",
            "OriginalIssuer",
            "Properties[\"...\"]",
        ];
        if self.kind() != TokenKind::Word {
            return Err(self.unexpected(NAMES));
        }
        let property = match self.text_of(self.token()).to_ascii_lowercase().as_str() {
            "type" => Property::Type,
            "value" => Property::Value,
            "valuetype" => Property::ValueType,
            "issuer" => Property::Issuer,
            "originalissuer" => Property::OriginalIssuer,
            "properties" => {
                self.next();
                self.expect(TokenKind::OpenBracket, "[")?;
                let (name, _) = self.expect_text("the name of a property, as a string")?;
                self.expect(TokenKind::CloseBracket, "]")?;
                return Ok(Property::Named(Arc::from(name)));
            }
            _ => return Err(self.unexpected(NAMES)),
        };
        self.next();
        Ok(property)
    }

    /// The slot of `tag` at the current token, which an earlier selector of the rule must define.
    pub(super) fn resolve(&mut self, tag: &str, span: &Range<usize>) -> Result<usize, ParseError> {
        if let Some(slot) = self.tags.iter().position(|own| *own == Some(tag)) {
            return Ok(slot);
        }
        if self.tag_case == TagCase::Folded {
            let mut folded = self
                .tags
                .iter()
                .enumerate()
                .filter(|(_, own)| own.is_some_and(|own| own.eq_ignore_ascii_case(tag)));
            if let (Some((slot, _)), None) = (folded.next(), folded.next()) {
                self.warnings.push(Warning::TagCaseFolded {
                    rule: self.rule,
                    tag: tag.to_owned(),
                });
                return Ok(slot);
            }
        }
        Err(self.fault_at(
            span,
            ParseFault::UndefinedTag {
                tag: tag.to_owned(),
            },
        ))
    }

    fn parse_verb(&mut self) -> Result<Verb, ParseError> {
        let verb = match self.kind() {
            TokenKind::Word => match self.text_of(self.token()).to_ascii_lowercase().as_str() {
                "issue" => Verb::Issue,
                "add" => Verb::Add,
                _ => return Err(self.unexpected(&["issue", "add"])),
            },
            _ => return Err(self.unexpected(&["issue", "add"])),
        };
        self.next();
        Ok(verb)
    }
}
