//! Rule text to rules: lexer, grammar, static checks, errors with place and published code.

mod cursor;
mod error;
mod limits;
mod parser;
pub(crate) mod rule;
mod rule_set;
mod statement;
mod token;
mod uses;

pub use error::{ParseError, ParseFault};
pub(crate) use rule_set::Rule;
pub use rule_set::{Annotation, RuleSet, RuleView, Warning};
