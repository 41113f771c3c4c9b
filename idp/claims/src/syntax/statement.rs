//! The right half of a rule: statements and expressions.

use std::sync::Arc;

use super::error::{ParseError, ParseFault};
use super::limits;
use super::parser::Parser;
use super::rule::{
    Expression, NewClaim, PatternSource, Property, Replace, ReplacementSource, Statement,
    StoreStatement,
};
use super::token::TokenKind;
use crate::pattern::Replacement;

impl Parser<'_> {
    pub(super) fn parse_statement(&mut self) -> Result<Statement, ParseError> {
        let word = match self.kind() {
            TokenKind::Word => self.text_of(self.token()).to_ascii_lowercase(),
            _ => String::new(),
        };
        match word.as_str() {
            "claim" => self.parse_copy(),
            "store" => self.parse_query(),
            "type" | "value" | "valuetype" | "issuer" | "originalissuer" | "properties" => {
                self.parse_new_claim()
            }
            _ => Err(self.unexpected(&["claim", "store", "Type", "another property of a claim"])),
        }
    }

    fn parse_copy(&mut self) -> Result<Statement, ParseError> {
        self.next();
        self.expect(TokenKind::Assign, "=")?;
        let span = self.token().span.clone();
        let tag = self.expect_word("a tag")?;
        let slot = self.resolve(tag, &span)?;
        Ok(Statement::Copy { slot })
    }

    fn parse_new_claim(&mut self) -> Result<Statement, ParseError> {
        let start = self.token().span.clone();
        let mut claim_type = None;
        let (mut value, mut value_type, mut issuer, mut original_issuer) = (None, None, None, None);
        let mut properties: Vec<(Arc<str>, Expression)> = Vec::new();
        loop {
            let span = self.token().span.clone();
            let property = self.parse_property()?;
            self.expect(TokenKind::Assign, "=")?;
            let expression = self.parse_expression()?;
            let earlier = match &property {
                Property::Type => claim_type.replace(expression).is_some(),
                Property::Value => value.replace(expression).is_some(),
                Property::ValueType => value_type.replace(expression).is_some(),
                Property::Issuer => issuer.replace(expression).is_some(),
                Property::OriginalIssuer => original_issuer.replace(expression).is_some(),
                Property::Named(name) => {
                    let earlier = properties.iter().any(|(own, _)| own == name);
                    properties.push((Arc::clone(name), expression));
                    earlier
                }
            };
            if earlier {
                let property = property.as_str().to_owned();
                return Err(self.fault_at(&span, ParseFault::DuplicateAssignment { property }));
            }
            if properties.len() > limits::CONSTRAINTS {
                return Err(self.too_large("properties of a claim", limits::CONSTRAINTS));
            }
            if self.kind() != TokenKind::Comma {
                break;
            }
            self.next();
        }
        let Some(claim_type) = claim_type else {
            return Err(self.fault_at(&start, ParseFault::MissingType));
        };
        Ok(Statement::New(NewClaim {
            claim_type,
            value,
            value_type,
            issuer,
            original_issuer,
            properties,
        }))
    }

    fn parse_query(&mut self) -> Result<Statement, ParseError> {
        self.next();
        self.expect(TokenKind::Assign, "=")?;
        let (store, _) = self.expect_text("the name of a store, as a string")?;
        self.expect(TokenKind::Comma, ",")?;
        self.expect_key("types")?;
        let types = self.parse_types()?;
        self.expect(TokenKind::Comma, ",")?;
        self.expect_key("query")?;
        let query = self.parse_expression()?;
        let mut params = Vec::new();
        while self.kind() == TokenKind::Comma {
            self.next();
            self.expect_key("param")?;
            params.push(self.parse_expression()?);
            if params.len() > limits::PARAMS {
                return Err(self.too_large("params of a query", limits::PARAMS));
            }
        }
        Ok(Statement::Query(StoreStatement {
            store: Arc::from(store),
            types: Arc::from(types),
            query,
            params,
        }))
    }

    fn expect_key(&mut self, key: &'static str) -> Result<(), ParseError> {
        let found =
            self.kind() == TokenKind::Word && self.text_of(self.token()).eq_ignore_ascii_case(key);
        if !found {
            return Err(self.unexpected(&[key]));
        }
        self.next();
        self.expect(TokenKind::Assign, "=")?;
        Ok(())
    }

    fn parse_types(&mut self) -> Result<Vec<Arc<str>>, ParseError> {
        self.expect(TokenKind::OpenParenthesis, "(")?;
        let mut types = Vec::new();
        loop {
            let (claim_type, _) = self.expect_text("a claim type, as a string")?;
            types.push(Arc::from(claim_type));
            if types.len() > limits::TYPES {
                return Err(self.too_large("types of a query", limits::TYPES));
            }
            match self.kind() {
                TokenKind::Comma => self.next(),
                TokenKind::CloseParenthesis => break,
                _ => return Err(self.unexpected(&[",", ")"])),
            };
        }
        self.next();
        Ok(types)
    }

    pub(super) fn parse_expression(&mut self) -> Result<Expression, ParseError> {
        let mut parts = vec![self.parse_primary()?];
        while self.kind() == TokenKind::Plus {
            self.next();
            let part = self.parse_primary()?;
            match (parts.last_mut(), part) {
                (Some(Expression::Constant(left)), Expression::Constant(right)) => {
                    *left = Arc::from(format!("{left}{right}"));
                }
                (_, part) => parts.push(part),
            }
            if parts.len() > limits::PARTS {
                return Err(self.too_large("parts of an expression", limits::PARTS));
            }
        }
        match parts.pop() {
            Some(only) if parts.is_empty() => Ok(only),
            last => {
                parts.extend(last);
                Ok(Expression::Join(parts))
            }
        }
    }

    fn parse_primary(&mut self) -> Result<Expression, ParseError> {
        const SAID: &[&str] = &["a string", "a property of a tagged claim", "RegExReplace"];
        match self.kind() {
            TokenKind::Text => {
                let (text, _) = self.expect_text("a string")?;
                Ok(Expression::Constant(Arc::from(text)))
            }
            TokenKind::Word if self.kind_after() == TokenKind::OpenParenthesis => {
                self.parse_function()
            }
            TokenKind::Word => {
                let span = self.token().span.clone();
                let tag = self.expect_word("a tag")?;
                self.expect(TokenKind::Dot, ".")?;
                let slot = self.resolve(tag, &span)?;
                let property = self.parse_property()?;
                Ok(Expression::Field { slot, property })
            }
            _ => Err(self.unexpected(SAID)),
        }
    }

    fn parse_function(&mut self) -> Result<Expression, ParseError> {
        let span = self.token().span.clone();
        let name = self.expect_word("RegExReplace")?;
        if !name.eq_ignore_ascii_case("RegExReplace") {
            return Err(self.fault_at(
                &span,
                ParseFault::UnknownFunction {
                    name: name.to_owned(),
                },
            ));
        }
        self.depth += 1;
        if self.depth > limits::FUNCTION_DEPTH {
            return Err(self.too_large("functions inside one another", limits::FUNCTION_DEPTH));
        }
        self.expect(TokenKind::OpenParenthesis, "(")?;
        let input = self.parse_expression()?;
        self.expect(TokenKind::Comma, ",")?;
        let pattern_span = self.token().span.clone();
        let pattern = self.parse_expression()?;
        self.expect(TokenKind::Comma, ",")?;
        let replacement = self.parse_expression()?;
        self.expect(TokenKind::CloseParenthesis, ")")?;
        self.depth -= 1;
        let pattern = match pattern.as_constant() {
            Some(text) => PatternSource::Fixed(self.compile(text, &pattern_span)?),
            None => PatternSource::Computed(pattern),
        };
        let replacement = match (&pattern, replacement.as_constant()) {
            (PatternSource::Fixed(pattern), Some(text)) => {
                ReplacementSource::Fixed(Replacement::new(text, pattern))
            }
            _ => ReplacementSource::Computed(replacement),
        };
        Ok(Expression::Replace(Box::new(Replace {
            input,
            pattern,
            replacement,
        })))
    }
}

impl Property {
    /// The name as rules write it.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Type => "Type",
            Self::Value => "Value",
            Self::ValueType => "ValueType",
            Self::Issuer => "Issuer",
            Self::OriginalIssuer => "OriginalIssuer",
            Self::Named(name) => name,
        }
    }
}
