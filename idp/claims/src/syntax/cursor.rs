//! The parser's place among the tokens, what it expects there, and what it says when that is missing.

use std::ops::Range;

use super::error::{ParseError, ParseFault};
use super::parser::Parser;
use super::token::{Token, TokenKind};

impl<'s> Parser<'s> {
    pub(super) fn token(&self) -> &Token {
        const END: &Token = &Token {
            kind: TokenKind::End,
            span: 0..0,
        };
        self.tokens
            .get(self.at)
            .or(self.tokens.last())
            .unwrap_or(END)
    }

    pub(super) fn kind(&self) -> TokenKind {
        self.token().kind
    }

    pub(super) fn kind_after(&self) -> TokenKind {
        self.tokens
            .get(self.at + 1)
            .map_or(TokenKind::End, |token| token.kind)
    }

    pub(super) fn text_of(&self, token: &Token) -> &'s str {
        self.source.get(token.span.clone()).unwrap_or("")
    }

    pub(super) fn next(&mut self) -> Range<usize> {
        let span = self.token().span.clone();
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
        span
    }

    pub(super) fn previous_end(&self) -> usize {
        self.at
            .checked_sub(1)
            .and_then(|at| self.tokens.get(at))
            .map_or(0, |token| token.span.end)
    }

    pub(super) fn expect(
        &mut self,
        kind: TokenKind,
        said: &'static str,
    ) -> Result<Range<usize>, ParseError> {
        if self.kind() == kind {
            Ok(self.next())
        } else {
            Err(self.unexpected(&[said]))
        }
    }

    pub(super) fn expect_word(&mut self, said: &'static str) -> Result<&'s str, ParseError> {
        self.expect_word_of(&[said])
    }

    pub(super) fn expect_word_of(&mut self, said: &[&'static str]) -> Result<&'s str, ParseError> {
        if self.kind() != TokenKind::Word {
            return Err(self.unexpected(said));
        }
        let word = self.text_of(self.token());
        self.next();
        Ok(word)
    }

    /// The inside of a string, and where the string stands.
    pub(super) fn expect_text(
        &mut self,
        said: &'static str,
    ) -> Result<(&'s str, Range<usize>), ParseError> {
        let span = self.expect(TokenKind::Text, said)?;
        let quoted = self.source.get(span.clone()).unwrap_or("");
        Ok((
            quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or(""),
            span,
        ))
    }

    pub(super) fn unexpected(&self, expected: &[&'static str]) -> ParseError {
        let span = self.token().span.clone();
        self.fault_at(
            &span,
            ParseFault::UnexpectedToken {
                expected: expected.to_vec(),
            },
        )
    }

    pub(super) fn fault_at(&self, span: &Range<usize>, fault: ParseFault) -> ParseError {
        ParseError::new(self.source, span, self.rule, fault)
    }

    pub(super) fn too_large(&self, what: &'static str, limit: usize) -> ParseError {
        let span = self.token().span.clone();
        self.fault_at(&span, ParseFault::TooLarge { what, limit })
    }
}
