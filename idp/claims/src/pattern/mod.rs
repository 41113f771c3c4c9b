//! Regular expressions as .NET means them.
//!
//! A pattern is parsed by .NET's rules into a tree of our own, and the tree is printed for
//! `fancy-regex`. What is not covered is refused at load, by name. Groups are numbered as .NET
//! numbers them, replacements are expanded and matches are walked as .NET does.
//!
//! Source: ".NET regular expressions" (Regular Expression Language, Substitutions, Grouping
//! Constructs) of the .NET documentation.

mod blocks;
mod class;
mod compiled;
mod escape;
mod fault;
mod group;
mod groups;
mod parser;
mod print;
mod replacement;
mod shortcut;
mod tree;

pub(crate) use compiled::MatchFault;
pub use compiled::Pattern;
pub use fault::{PatternFault, PatternFaultKind};
pub use replacement::Replacement;
