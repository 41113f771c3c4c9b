//! A compiled pattern: matching and replacing.

use std::sync::{Arc, OnceLock};

use fancy_regex::{Captures, Error, Regex, RegexBuilder};

use super::fault::{PatternFault, PatternFaultKind};
use super::groups::Groups;
use super::parser::parse;
use super::print::{TextEnd, print};
use super::replacement::{Part, Replacement};
use super::shortcut::Shortcut;

/// Steps that one search may take in the engine that backtracks. A step takes some nanoseconds.
const BACKTRACK_LIMIT: usize = 50_000;
/// Octets that a compiled pattern may take.
const COMPILED_OCTETS: usize = 4 * 1024 * 1024;
/// Instructions that a compiled pattern may have.
const INSTRUCTIONS: usize = 50_000;
/// Longest text that a backtracking pattern is run on, in octets.
const BACKTRACK_INPUT: usize = 16 * 1024;

/// A .NET regular expression.
#[derive(Debug)]
pub struct Pattern {
    source: Arc<str>,
    groups: Groups,
    backtracks: bool,
    shortcut: Option<Shortcut>,
    plain: Regex,
    /// For texts that end in a line feed, when the pattern minds that.
    newline: Option<NewlineForm>,
}

#[derive(Debug)]
struct NewlineForm {
    translation: String,
    compiled: OnceLock<Option<Regex>>,
}

/// Why a search was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MatchFault {
    /// Too many steps, or a text too long for a pattern that backtracks.
    Limit,
    /// The result is longer than a value may be.
    TooLong,
}

impl Pattern {
    /// Parses and compiles `source`, by .NET's rules and without options but inline ones.
    pub fn compile(source: &str) -> Result<Self, PatternFault> {
        let (node, groups) = parse(source)?;
        let refuse = |said| PatternFault::new(source, 0, PatternFaultKind::Engine(said));
        let plain = build(&print(&node, TextEnd::Plain)).map_err(refuse)?;
        let newline = node.minds_last_newline().then(|| NewlineForm {
            translation: print(&node, TextEnd::OrLastNewline),
            compiled: OnceLock::new(),
        });
        if let Some(form) = newline.as_ref().filter(|_| node.backtracks()) {
            // Between other look-arounds it is not certain that it compiles: find out now, not at a sign-in.
            build(&form.translation).map_err(refuse)?;
        }
        Ok(Self {
            source: Arc::from(source),
            groups,
            backtracks: node.backtracks(),
            shortcut: Shortcut::of(&node),
            plain,
            newline,
        })
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Whether a match is somewhere in `text`. `None` when the search took too many steps.
    pub fn is_match(&self, text: &str) -> Option<bool> {
        self.search(text).ok()
    }

    /// `text` with every match replaced. `None` when it took too many steps or grew beyond 1 MiB.
    pub fn replace(&self, text: &str, replacement: &Replacement) -> Option<String> {
        match self.replace_all(text, replacement, 1024 * 1024) {
            Ok(replaced) => Some(replaced.unwrap_or_else(|| text.to_owned())),
            Err(_) => None,
        }
    }

    pub(crate) fn search(&self, text: &str) -> Result<bool, MatchFault> {
        if let Some(shortcut) = &self.shortcut {
            return Ok(shortcut.is_match(text));
        }
        self.regex_for(text)?.is_match(text).map_err(limit)
    }

    /// `text` with every match replaced; `None` when nothing matched.
    ///
    /// The walk is .NET's: an empty match may follow a match at its end; after an empty match one
    /// character is passed over.
    pub(crate) fn replace_all(
        &self,
        text: &str,
        replacement: &Replacement,
        at_most: usize,
    ) -> Result<Option<String>, MatchFault> {
        let regex = self.regex_for(text)?;
        let mut out = String::new();
        let mut copied = 0;
        let mut from = 0;
        let mut matched = false;
        while from <= text.len() {
            let Some(captures) = regex.captures_from_pos(text, from).map_err(limit)? else {
                break;
            };
            let Some(whole) = captures.get(0) else { break };
            matched = true;
            out.push_str(text.get(copied..whole.start()).unwrap_or(""));
            expand(replacement, text, &captures, &mut out);
            if out.len() > at_most {
                return Err(MatchFault::TooLong);
            }
            copied = whole.end();
            from = whole.end();
            if whole.start() == whole.end() {
                let skipped = text.get(from..).and_then(|rest| rest.chars().next());
                from += skipped.map_or(1, char::len_utf8);
            }
        }
        if !matched {
            return Ok(None);
        }
        out.push_str(text.get(copied..).unwrap_or(""));
        if out.len() > at_most {
            return Err(MatchFault::TooLong);
        }
        Ok(Some(out))
    }

    pub(crate) fn backtracks(&self) -> bool {
        self.backtracks
    }

    pub(super) fn groups(&self) -> &Groups {
        &self.groups
    }

    fn regex_for(&self, text: &str) -> Result<&Regex, MatchFault> {
        if self.backtracks && text.len() > BACKTRACK_INPUT {
            return Err(MatchFault::Limit);
        }
        match &self.newline {
            Some(form) if text.ends_with('\n') => {
                let compiled = form.compiled.get_or_init(|| build(&form.translation).ok());
                compiled.as_ref().ok_or(MatchFault::Limit)
            }
            _ => Ok(&self.plain),
        }
    }
}

fn build(translation: &str) -> Result<Regex, String> {
    RegexBuilder::new(translation)
        .backtrack_limit(BACKTRACK_LIMIT)
        .delegate_size_limit(COMPILED_OCTETS)
        .max_prog_size(INSTRUCTIONS)
        .build()
        .map_err(|error| error.to_string())
}

fn limit(_: Error) -> MatchFault {
    MatchFault::Limit
}

fn expand(replacement: &Replacement, text: &str, captures: &Captures<'_, str>, out: &mut String) {
    let whole = captures.get(0).map_or(0..0, |whole| whole.range());
    for part in &replacement.parts {
        out.push_str(match part {
            Part::Literal(literal) => literal,
            Part::WholeMatch => text.get(whole.clone()).unwrap_or(""),
            Part::Group(slots) => last_captured(slots, captures),
            Part::Before => text.get(..whole.start).unwrap_or(""),
            Part::After => text.get(whole.end..).unwrap_or(""),
            Part::Input => text,
        });
    }
}

/// Of groups that share a number the one that captured last counts: the one that begins furthest on.
fn last_captured<'t>(slots: &[usize], captures: &Captures<'t, str>) -> &'t str {
    let found = slots.iter().filter_map(|slot| captures.get(*slot));
    found
        .max_by_key(|group| group.start())
        .map_or("", |group| group.as_str())
}
