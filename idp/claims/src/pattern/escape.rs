//! What begins with a backslash.

use super::blocks::block;
use super::fault::PatternFaultKind;
use super::group::single;
use super::parser::{Fail, Parser, is_word};
use super::tree::{Anchor, ClassItem, Node};

/// The general categories of Unicode that .NET knows by name.
const CATEGORIES: &[&str] = &[
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc",
    "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C",
    "Cc", "Cf", "Co", "Cn",
];

impl Parser<'_> {
    /// Parses an escape outside a class, after its backslash.
    pub(super) fn parse_escape(&mut self) -> Result<Node, Fail> {
        let start = self.at - 1;
        let Some(next) = self.peek() else {
            return Err((start, PatternFaultKind::Syntax("a backslash at the end")));
        };
        let anchor = match next {
            'A' => Some(Anchor::TextStart),
            'Z' => Some(Anchor::TextEndOrNewline),
            'z' => Some(Anchor::TextEnd),
            'G' => Some(Anchor::SearchStart),
            'b' => Some(Anchor::WordBoundary),
            'B' => Some(Anchor::NoWordBoundary),
            _ => None,
        };
        if let Some(anchor) = anchor {
            self.at += 1;
            return Ok(Node::Anchor(anchor));
        }
        if let Some(item) = self.parse_class_escape()? {
            let folds = matches!(item, ClassItem::Category { .. });
            let mut node = Node::class(item);
            if let Node::Class { fold, .. } = &mut node {
                *fold = folds && self.options.fold;
            }
            return Ok(node);
        }
        if let Some(node) = self.parse_reference(start)? {
            return Ok(node);
        }
        let literal = self.parse_character_escape()?;
        Ok(Node::Literal {
            text: literal.to_string(),
            fold: self.options.fold,
        })
    }

    /// `\d`, `\w`, `\s`, `\p{…}` and their negations, in a class and outside.
    pub(super) fn parse_class_escape(&mut self) -> Result<Option<ClassItem>, Fail> {
        let item = match self.peek() {
            Some('d') => ClassItem::Digit { negated: false },
            Some('D') => ClassItem::Digit { negated: true },
            Some('w') => ClassItem::Word { negated: false },
            Some('W') => ClassItem::Word { negated: true },
            Some('s') => ClassItem::Space { negated: false },
            Some('S') => ClassItem::Space { negated: true },
            Some(letter @ ('p' | 'P')) => {
                self.at += 1;
                return self.parse_category(letter == 'P').map(Some);
            }
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(item))
    }

    fn parse_category(&mut self, negated: bool) -> Result<ClassItem, Fail> {
        let start = self.at;
        let malformed = (start, PatternFaultKind::Syntax("\\p without {name}"));
        if !self.eat('{') {
            return Err(malformed);
        }
        let mut name = String::new();
        while let Some(next) = self.peek().filter(|c| is_word(*c) || *c == '-') {
            name.push(next);
            self.at += 1;
        }
        if !self.eat('}') {
            return Err(malformed);
        }
        if CATEGORIES.contains(&name.as_str()) {
            return Ok(ClassItem::Category { name, negated });
        }
        if name == "Cs" {
            let kind = PatternFaultKind::NotCovered("\\p{Cs}: text here holds no lone surrogates");
            return Err((start, kind));
        }
        match block(&name) {
            Some((first, last)) => Ok(ClassItem::Block {
                first,
                last,
                negated,
            }),
            None => Err((
                start,
                PatternFaultKind::Syntax("\\p with a name that .NET does not know"),
            )),
        }
    }

    /// `\1`, `\k<name>`, `\k'name'`; `None` when the digits are an octal character or it is neither.
    fn parse_reference(&mut self, start: usize) -> Result<Option<Node>, Fail> {
        let fold = self.options.fold;
        let undefined = (
            start,
            PatternFaultKind::Syntax("a reference to a group that is not there"),
        );
        match self.peek() {
            Some('k') => {
                self.at += 1;
                let end = match self.next() {
                    Some('<') => '>',
                    Some('\'') => '\'',
                    _ => return Err((start, PatternFaultKind::Syntax("\\k without <name>"))),
                };
                let name = self.word();
                if name.is_empty() || !self.eat(end) {
                    return Err((start, PatternFaultKind::Syntax("\\k without <name>")));
                }
                let Some(groups) = self.groups else {
                    return Ok(Some(Node::Empty));
                };
                let slots = match name.parse() {
                    Ok(number) => groups.slots_of_number(number),
                    Err(_) => groups.slots_of_name(&name),
                };
                let slot = single(start, slots.ok_or(undefined)?)?;
                Ok(Some(Node::Backreference { slot, fold }))
            }
            Some('<' | '\'') if self.peek_at(1).is_some_and(is_word) => {
                let kind =
                    PatternFaultKind::NotCovered("the old reference \\<name>: write \\k<name>");
                Err((start, kind))
            }
            Some('1'..='9') => {
                let digits = self.at;
                let number = self.number().unwrap_or(0);
                let Some(groups) = self.groups else {
                    return Ok(Some(Node::Empty));
                };
                match groups.slots_of_number(number) {
                    Some(slots) => {
                        let slot = single(start, slots)?;
                        Ok(Some(Node::Backreference { slot, fold }))
                    }
                    None if number <= 9 => Err(undefined),
                    None => {
                        self.at = digits;
                        Ok(None)
                    }
                }
            }
            _ => Ok(None),
        }
    }

    /// The character that an escape stands for, in a class and outside, after its backslash.
    pub(super) fn parse_character_escape(&mut self) -> Result<char, Fail> {
        let start = self.at - 1;
        let Some(next) = self.next() else {
            return Err((start, PatternFaultKind::Syntax("a backslash at the end")));
        };
        let code = match next {
            '0'..='7' => {
                self.at -= 1;
                self.octal()
            }
            'x' => self.hexadecimal(start, 2)?,
            'u' => self.hexadecimal(start, 4)?,
            'a' => 7,
            'b' => 8,
            't' => 9,
            'n' => 10,
            'v' => 11,
            'f' => 12,
            'r' => 13,
            'e' => 27,
            'c' => self.control(start)?,
            other if is_word(other) => {
                return Err((
                    start,
                    PatternFaultKind::Syntax(
                        "a backslash before a letter that it does not go with",
                    ),
                ));
            }
            other => return Ok(other),
        };
        let lone = PatternFaultKind::NotCovered("\\u with one half of a character pair");
        char::from_u32(code).ok_or((start, lone))
    }

    fn octal(&mut self) -> u32 {
        let mut code = 0;
        for _ in 0..3 {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else {
                break;
            };
            code = code * 8 + digit;
            self.at += 1;
        }
        code & 0xff
    }

    fn hexadecimal(&mut self, start: usize, digits: usize) -> Result<u32, Fail> {
        let mut code = 0;
        for _ in 0..digits {
            let digit = self.next().and_then(|c| c.to_digit(16));
            let short = (
                start,
                PatternFaultKind::Syntax("too few hexadecimal digits"),
            );
            code = code * 16 + digit.ok_or(short)?;
        }
        Ok(code)
    }

    fn control(&mut self, start: usize) -> Result<u32, Fail> {
        match self.next().map(|c| c.to_ascii_uppercase()) {
            Some(letter @ '@'..='_') => Ok(u32::from(letter) - u32::from('@')),
            _ => Err((
                start,
                PatternFaultKind::Syntax("\\c without a control character"),
            )),
        }
    }
}
