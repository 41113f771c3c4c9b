//! Replacement texts as .NET expands them.

use super::compiled::Pattern;
use super::groups::Groups;

/// A replacement text, bound to the groups of one pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    pub(super) parts: Vec<Part>,
}

/// A part of a replacement text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Literal(String),
    /// `$&`, `$0`.
    WholeMatch,
    /// `$1`, `${name}`, `$+`: the slots that share the number.
    Group(Vec<usize>),
    /// `` $` ``.
    Before,
    /// `$'`.
    After,
    /// `$_`.
    Input,
}

impl Replacement {
    /// Reads `text`. A substitution that `pattern` has no group for stays as it is written.
    ///
    /// Source: .NET documentation, "Substitutions in Regular Expressions".
    pub fn new(text: &str, pattern: &Pattern) -> Self {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let (before, from) = rest.split_at(at);
            literal.push_str(before);
            let after = from.get(1..).unwrap_or("");
            match substitution(after, pattern.groups()) {
                Some((Part::Literal(text), length)) => {
                    literal.push_str(&text);
                    rest = after.get(length..).unwrap_or("");
                }
                Some((part, length)) => {
                    if !literal.is_empty() {
                        parts.push(Part::Literal(std::mem::take(&mut literal)));
                    }
                    parts.push(part);
                    rest = after.get(length..).unwrap_or("");
                }
                None => {
                    literal.push('$');
                    rest = after;
                }
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Self { parts }
    }
}

/// The substitution that `text`, which follows a `$`, begins with, and its length.
fn substitution(text: &str, groups: &Groups) -> Option<(Part, usize)> {
    let slots = |slots: Option<&[usize]>| slots.map(|slots| Part::Group(slots.to_vec()));
    let mut characters = text.chars();
    match characters.next()? {
        '$' => Some((Part::Literal("$".to_owned()), 1)),
        '&' => Some((Part::WholeMatch, 1)),
        '`' => Some((Part::Before, 1)),
        '\'' => Some((Part::After, 1)),
        '_' => Some((Part::Input, 1)),
        // Without groups the last group is the match itself.
        '+' => Some((slots(groups.last_slots()).unwrap_or(Part::WholeMatch), 1)),
        '0'..='9' => {
            let length = text.bytes().take_while(u8::is_ascii_digit).count();
            let number: u32 = text.get(..length)?.parse().ok()?;
            let part = numbered(number, groups)?;
            Some((part, length))
        }
        '{' => {
            let end = text.find('}')?;
            let name = text.get(1..end)?;
            let part = match name.parse::<u32>() {
                Ok(number) if name.bytes().all(|b| b.is_ascii_digit()) => numbered(number, groups)?,
                _ => slots(groups.slots_of_name(name))?,
            };
            Some((part, end + 1))
        }
        _ => None,
    }
}

fn numbered(number: u32, groups: &Groups) -> Option<Part> {
    if number == 0 {
        return Some(Part::WholeMatch);
    }
    groups
        .slots_of_number(number)
        .map(|slots| Part::Group(slots.to_vec()))
}
