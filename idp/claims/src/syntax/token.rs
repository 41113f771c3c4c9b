//! Text to tokens.
//!
//! Strings have no escapes at all: a backslash is an ordinary character, a double quote ends the
//! string, a line end inside one is an error. Comments (`//…`, `/*…*/`) are an extension of ours:
//! they are accepted between tokens and never written.

use std::ops::Range;

use super::error::{ParseFault, TOKEN_SHOWN};

/// A token and where it stands, in octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Range<usize>,
}

/// Every kind of token; keywords are words, told apart by the parser from their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Text,
    Word,
    Number,
    Arrow,
    Equal,
    NotEqual,
    Matches,
    NotMatches,
    And,
    Assign,
    Plus,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Colon,
    Semicolon,
    Comma,
    Dot,
    OpenBracket,
    CloseBracket,
    OpenParenthesis,
    CloseParenthesis,
    At,
    End,
}

/// A fault of the lexer: what, and where.
#[derive(Debug)]
pub(super) struct LexFault {
    pub(super) fault: ParseFault,
    pub(super) span: Range<usize>,
}

/// All tokens of `source`, the last being [`TokenKind::End`]; and whether comments were met.
pub(super) fn tokens(source: &str) -> Result<(Vec<Token>, bool), LexFault> {
    let mut lexer = Lexer {
        source,
        at: 0,
        comments: false,
    };
    let mut out = Vec::with_capacity(source.len() / 6 + 1);
    loop {
        lexer.skip_blanks()?;
        let token = lexer.token()?;
        let last = token.kind == TokenKind::End;
        out.push(token);
        if last {
            return Ok((out, lexer.comments));
        }
    }
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
    comments: bool,
}

impl<'s> Lexer<'s> {
    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or("")
    }

    fn skip_blanks(&mut self) -> Result<(), LexFault> {
        loop {
            let rest = self.rest();
            // A byte order mark stands where files were joined: blank, like the line end before it.
            let body = rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{feff}']);
            self.at += rest.len() - body.len();
            if body.starts_with("//") {
                self.comments = true;
                self.at += body.find('\n').unwrap_or(body.len());
            } else if let Some(inner) = body.strip_prefix("/*") {
                self.comments = true;
                let Some(end) = inner.find("*/") else {
                    return Err(LexFault {
                        fault: ParseFault::UnclosedComment,
                        span: self.at..self.at + 2,
                    });
                };
                self.at += end + 4;
            } else {
                return Ok(());
            }
        }
    }

    fn token(&mut self) -> Result<Token, LexFault> {
        use TokenKind as K;
        let rest = self.rest();
        let start = self.at;
        let Some(first) = rest.chars().next() else {
            return Ok(Token {
                kind: K::End,
                span: start..start,
            });
        };
        let (kind, length) = match first {
            '"' => return self.text(),
            'a'..='z' | 'A'..='Z' | '_' => (K::Word, run(rest, is_word)),
            '0'..='9' => (K::Number, run(rest, |b| b.is_ascii_digit())),
            '=' if rest.starts_with("=>") => (K::Arrow, 2),
            '=' if rest.starts_with("==") => (K::Equal, 2),
            '=' if rest.starts_with("=~") => (K::Matches, 2),
            '=' => (K::Assign, 1),
            '!' if rest.starts_with("!=") => (K::NotEqual, 2),
            '!' if rest.starts_with("!~") => (K::NotMatches, 2),
            '&' if rest.starts_with("&&") => (K::And, 2),
            '<' if rest.starts_with("<=") => (K::LessOrEqual, 2),
            '<' => (K::Less, 1),
            '>' if rest.starts_with(">=") => (K::GreaterOrEqual, 2),
            '>' => (K::Greater, 1),
            '+' => (K::Plus, 1),
            ':' => (K::Colon, 1),
            ';' => (K::Semicolon, 1),
            ',' => (K::Comma, 1),
            '.' => (K::Dot, 1),
            '[' => (K::OpenBracket, 1),
            ']' => (K::CloseBracket, 1),
            '(' => (K::OpenParenthesis, 1),
            ')' => (K::CloseParenthesis, 1),
            '@' => (K::At, 1),
            other => {
                return Err(LexFault {
                    fault: ParseFault::UnknownCharacter { character: other },
                    span: start..start + other.len_utf8(),
                });
            }
        };
        self.at += length;
        Ok(Token {
            kind,
            span: start..self.at,
        })
    }

    fn text(&mut self) -> Result<Token, LexFault> {
        let start = self.at;
        let inner = self.rest().get(1..).unwrap_or("");
        match inner.find(['"', '\r', '\n']) {
            Some(end) if inner.as_bytes().get(end) == Some(&b'"') => {
                self.at = start + end + 2;
                Ok(Token {
                    kind: TokenKind::Text,
                    span: start..self.at,
                })
            }
            end => {
                let end = start + 1 + end.unwrap_or(inner.len());
                let shown = self
                    .source
                    .floor_char_boundary(end.min(start + TOKEN_SHOWN));
                Err(LexFault {
                    fault: ParseFault::UnclosedString,
                    span: start..shown,
                })
            }
        }
    }
}

fn run(rest: &str, keep: impl Fn(u8) -> bool) -> usize {
    rest.bytes().take_while(|b| keep(*b)).count()
}

fn is_word(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet == b'_'
}
