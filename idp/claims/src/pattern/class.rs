//! Character classes.

use super::fault::PatternFaultKind;
use super::parser::{Fail, Parser};
use super::tree::{Class, ClassItem};

/// How deep classes may be subtracted from one another.
const SUBTRACTION_DEPTH: usize = 8;

impl Parser<'_> {
    /// Parses a class after its `[`.
    pub(super) fn parse_class(&mut self) -> Result<Class, Fail> {
        self.parse_class_within(0)
    }

    fn parse_class_within(&mut self, depth: usize) -> Result<Class, Fail> {
        let start = self.at.saturating_sub(1);
        if depth > SUBTRACTION_DEPTH {
            return Err((
                start,
                PatternFaultKind::TooLarge("classes subtracted deeper than 8"),
            ));
        }
        let mut class = Class {
            negated: self.eat('^'),
            ..Class::default()
        };
        let mut first = true;
        loop {
            let open = (
                start,
                PatternFaultKind::Syntax("a character class without its ]"),
            );
            let Some(next) = self.next() else {
                return Err(open);
            };
            match next {
                ']' if !first => return Ok(class),
                '[' if self.peek() == Some(':') && self.posix_follows() => {
                    let kind = PatternFaultKind::NotCovered(
                        "[:name:], which .NET does not mean as POSIX does",
                    );
                    return Err((self.at - 1, kind));
                }
                '-' if !first && self.peek() == Some('[') => {
                    self.at += 1;
                    self.parse_subtraction(&mut class, depth)?;
                }
                _ => self.parse_item(next, &mut class, depth)?,
            }
            first = false;
        }
    }

    /// An item that begins with `next`: an escape, a character, or a range.
    fn parse_item(&mut self, next: char, class: &mut Class, depth: usize) -> Result<(), Fail> {
        let low = if next == '\\' {
            if let Some(item) = self.parse_class_escape()? {
                class.items.push(item);
                return Ok(());
            }
            self.parse_character_escape()?
        } else {
            next
        };
        let ranged = self.peek() == Some('-') && self.peek_at(1).is_some_and(|c| c != ']');
        if !ranged {
            class.items.push(ClassItem::Range(low, low));
            return Ok(());
        }
        self.at += 1;
        if self.peek() == Some('[') {
            // `[a-[b]]`: no range but the character and a subtraction.
            self.at += 1;
            class.items.push(ClassItem::Range(low, low));
            return self.parse_subtraction(class, depth);
        }
        let at = self.at;
        let high = match self.next() {
            Some('\\') => {
                if self.parse_class_escape()?.is_some() {
                    return Err((at, PatternFaultKind::Syntax("a range that ends in a class")));
                }
                self.parse_character_escape()?
            }
            Some(high) => high,
            None => {
                return Err((
                    at,
                    PatternFaultKind::Syntax("a character class without its ]"),
                ));
            }
        };
        if high < low {
            return Err((at, PatternFaultKind::Syntax("a range in reverse order")));
        }
        class.items.push(ClassItem::Range(low, high));
        Ok(())
    }

    /// `-[…]`, after its `[`: the last thing of its class.
    fn parse_subtraction(&mut self, class: &mut Class, depth: usize) -> Result<(), Fail> {
        class.minus = Some(Box::new(self.parse_class_within(depth + 1)?));
        if self.peek() == Some(']') {
            return Ok(());
        }
        Err(self.syntax("a subtraction must be the last thing of its class"))
    }

    fn posix_follows(&self) -> bool {
        let mut ahead = 1;
        while self.peek_at(ahead).is_some_and(|c| c.is_alphanumeric()) {
            ahead += 1;
        }
        ahead > 1 && self.peek_at(ahead) == Some(':') && self.peek_at(ahead + 1) == Some(']')
    }
}
