//! Pattern text to tree: alternation, sequence, quantifiers.
//!
//! The text is read twice: .NET lets a reference stand before its group, so the groups have to be
//! known before the references are.

use super::fault::{PatternFault, PatternFaultKind};
use super::groups::{GroupName, Groups};
use super::tree::{Anchor, Node};

/// Longest pattern taken, in characters.
const PATTERN_CHARACTERS: usize = 8 * 1024;
/// How deep groups may be nested.
const GROUP_DEPTH: usize = 24;
/// The greatest bound of `{n,m}`: .NET takes two thousand million, the engine underneath counts it out.
const REPEAT_BOUND: u32 = 1_000;

/// Inline options, as they stand at a place of the pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// `i`: case is ignored.
    pub(super) fold: bool,
    /// `m`: `^` and `$` mean lines.
    pub(super) lines: bool,
    /// `s`: `.` takes line feeds.
    pub(super) dot_newline: bool,
    /// `n`: only named groups capture.
    pub(super) explicit: bool,
    /// `x`: blanks and `#` comments are nothing.
    pub(super) blanks: bool,
}

/// Parses `pattern`; also gives its groups.
pub(super) fn parse(pattern: &str) -> Result<(Node, Groups), PatternFault> {
    let text: Vec<char> = pattern.chars().take(PATTERN_CHARACTERS + 1).collect();
    if text.len() > PATTERN_CHARACTERS {
        let kind = PatternFaultKind::TooLarge("a pattern has at most 8192 characters");
        return Err(PatternFault::new(pattern, PATTERN_CHARACTERS, kind));
    }
    let mut first = Parser::new(&text, None);
    let fail = |(at, kind)| PatternFault::new(pattern, at, kind);
    first.parse_whole().map_err(fail)?;
    let groups = Groups::number(&first.found);
    let mut second = Parser::new(&text, Some(&groups));
    let node = second.parse_whole().map_err(fail)?;
    Ok((node, groups))
}

pub(super) type Fail = (usize, PatternFaultKind);

pub(super) struct Parser<'p> {
    text: &'p [char],
    pub(super) at: usize,
    pub(super) options: Options,
    /// `None` on the first reading: references are not resolved then.
    pub(super) groups: Option<&'p Groups>,
    pub(super) found: Vec<GroupName>,
    depth: usize,
}

impl<'p> Parser<'p> {
    fn new(text: &'p [char], groups: Option<&'p Groups>) -> Self {
        Self {
            text,
            at: 0,
            options: Options::default(),
            groups,
            found: Vec::new(),
            depth: 0,
        }
    }

    fn parse_whole(&mut self) -> Result<Node, Fail> {
        let node = self.parse_alternation()?;
        if self.peek().is_some() {
            return Err(self.syntax("there are more closing than opening parentheses"));
        }
        Ok(node)
    }

    /// Branches up to a closing parenthesis or the end. Inline options last until there.
    pub(super) fn parse_alternation(&mut self) -> Result<Node, Fail> {
        let mut branches = self.parse_branches()?;
        match branches.pop() {
            Some(only) if branches.is_empty() => Ok(only),
            last => {
                branches.extend(last);
                Ok(Node::Alternation(branches))
            }
        }
    }

    pub(super) fn parse_branches(&mut self) -> Result<Vec<Node>, Fail> {
        self.depth += 1;
        if self.depth > GROUP_DEPTH {
            let kind = PatternFaultKind::TooLarge("groups are nested deeper than 24");
            return Err((self.at, kind));
        }
        let outer = self.options;
        let mut branches = vec![self.parse_sequence()?];
        while self.eat('|') {
            branches.push(self.parse_sequence()?);
        }
        self.options = outer;
        self.depth -= 1;
        Ok(branches)
    }

    fn parse_sequence(&mut self) -> Result<Node, Fail> {
        let mut nodes: Vec<Node> = Vec::new();
        loop {
            self.skip_blanks()?;
            let start = self.at;
            let Some(next) = self.peek() else { break };
            if next == '|' || next == ')' {
                break;
            }
            if self.quantifier_follows() {
                return Err(self.syntax("a quantifier with nothing before it"));
            }
            let Some(atom) = self.parse_atom()? else {
                // Options or a comment: nothing that a quantifier could follow.
                self.skip_blanks()?;
                if self.quantifier_follows() {
                    return Err((
                        start,
                        PatternFaultKind::Syntax("a quantifier with nothing before it"),
                    ));
                }
                continue;
            };
            self.skip_blanks()?;
            let atom = self.parse_quantifier(atom)?;
            push(&mut nodes, atom);
        }
        Ok(match nodes.pop() {
            None => Node::Empty,
            Some(only) if nodes.is_empty() => only,
            Some(last) => {
                nodes.push(last);
                Node::Sequence(nodes)
            }
        })
    }

    fn parse_atom(&mut self) -> Result<Option<Node>, Fail> {
        let Some(next) = self.next() else {
            return Ok(None);
        };
        let fold = self.options.fold;
        Ok(Some(match next {
            '(' => return self.parse_group(),
            '[' => Node::Class {
                class: self.parse_class()?,
                fold,
            },
            '\\' => self.parse_escape()?,
            '.' => Node::Any {
                newline: self.options.dot_newline,
            },
            '^' if self.options.lines => Node::Anchor(Anchor::LineStart),
            '^' => Node::Anchor(Anchor::TextStart),
            '$' if self.options.lines => Node::Anchor(Anchor::LineEnd),
            '$' => Node::Anchor(Anchor::TextEndOrNewline),
            literal => Node::Literal {
                text: literal.to_string(),
                fold,
            },
        }))
    }

    /// Whether `*`, `+`, `?` or a true `{n,m}` stands here; any other brace is a literal.
    fn quantifier_follows(&self) -> bool {
        matches!(self.peek(), Some('*' | '+' | '?')) || self.braces().is_some()
    }

    /// The bounds of `{n}`, `{n,}`, `{n,m}` at this place, and the place after it. `None` in a
    /// bound means that it does not fit in 32 bits.
    fn braces(&self) -> Option<(Option<u32>, Bound, usize)> {
        let mut at = self.at;
        if self.text.get(at) != Some(&'{') {
            return None;
        }
        at += 1;
        let least = self.digits(&mut at)?;
        let most = if self.text.get(at) == Some(&',') {
            at += 1;
            match self.digits(&mut at) {
                Some(number) => Bound::Number(number),
                None => Bound::Open,
            }
        } else {
            Bound::Number(least)
        };
        (self.text.get(at) == Some(&'}')).then_some((least, most, at + 1))
    }

    /// The decimal number at `at`: `None` without a digit, `Some(None)` when it is too large.
    fn digits(&self, at: &mut usize) -> Option<Option<u32>> {
        let start = *at;
        let mut number = Some(0u32);
        while let Some(digit) = self.text.get(*at).and_then(|c| c.to_digit(10)) {
            number = number.and_then(|n| n.checked_mul(10)?.checked_add(digit));
            *at += 1;
        }
        (*at > start).then_some(number)
    }

    fn parse_quantifier(&mut self, atom: Node) -> Result<Node, Fail> {
        let start = self.at;
        let (least, most) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            _ => {
                let Some((least, most, after)) = self.braces() else {
                    return Ok(atom);
                };
                self.at = after - 1;
                self.check_bounds(start, least, most)?
            }
        };
        self.at += 1;
        let lazy = self.eat('?');
        self.skip_blanks()?;
        if self.quantifier_follows() {
            return Err(self.syntax("a quantifier after a quantifier"));
        }
        Ok(Node::Repeat {
            inner: Box::new(atom),
            least,
            most,
            lazy,
        })
    }

    fn check_bounds(
        &self,
        start: usize,
        least: Option<u32>,
        most: Bound,
    ) -> Result<(u32, Option<u32>), Fail> {
        let too_large = (
            start,
            PatternFaultKind::TooLarge("a repetition counts to at most 1000"),
        );
        let within = |number: Option<u32>| number.filter(|n| *n <= REPEAT_BOUND);
        let least = within(least).ok_or(too_large.clone())?;
        let most = match most {
            Bound::Open => None,
            Bound::Number(number) => Some(within(number).ok_or(too_large)?),
        };
        if most.is_some_and(|most| most < least) {
            return Err((
                start,
                PatternFaultKind::Syntax("a repetition whose bounds are reversed"),
            ));
        }
        Ok((least, most))
    }

    /// Skips `(?#…)`, and blanks and `#` comments where the `x` option stands.
    pub(super) fn skip_blanks(&mut self) -> Result<(), Fail> {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}') if self.options.blanks => {
                    self.at += 1;
                }
                Some('#') if self.options.blanks => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                Some('(') if self.looking_at("(?#") => {
                    let start = self.at;
                    while self.peek() != Some(')') {
                        if self.next().is_none() {
                            return Err((start, PatternFaultKind::Syntax("a comment without end")));
                        }
                    }
                    self.at += 1;
                }
                _ => return Ok(()),
            }
        }
    }

    // Characters.

    pub(super) fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<char> {
        self.text.get(self.at + ahead).copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += 1;
        Some(next)
    }

    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    pub(super) fn looking_at(&self, wanted: &str) -> bool {
        wanted
            .chars()
            .enumerate()
            .all(|(ahead, c)| self.peek_at(ahead) == Some(c))
    }

    /// The decimal number at this place, when there is one that fits.
    pub(super) fn number(&mut self) -> Option<u32> {
        let mut at = self.at;
        let number = self.digits(&mut at)?;
        self.at = at;
        Some(number.unwrap_or(u32::MAX))
    }

    /// The run of word characters at this place.
    pub(super) fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(next) = self.peek().filter(|c| is_word(*c)) {
            word.push(next);
            self.at += 1;
        }
        word
    }

    pub(super) fn syntax(&self, what: &'static str) -> Fail {
        (self.at, PatternFaultKind::Syntax(what))
    }
}

/// The upper bound of a repetition.
#[derive(Clone, Copy)]
enum Bound {
    Open,
    Number(Option<u32>),
}

/// Appends `atom`, joining literals of one kind.
fn push(nodes: &mut Vec<Node>, atom: Node) {
    match (nodes.last_mut(), atom) {
        (
            Some(Node::Literal { text, fold }),
            Node::Literal {
                text: more,
                fold: own,
            },
        ) if *fold == own => {
            text.push_str(&more);
        }
        (_, Node::Empty) => {}
        (_, atom) => nodes.push(atom),
    }
}

/// .NET's word characters.
pub(super) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}
