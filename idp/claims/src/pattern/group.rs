//! What begins with `(`.

use super::fault::PatternFaultKind;
use super::groups::GroupName;
use super::parser::{Fail, Options, Parser, is_word};
use super::tree::Node;

impl Parser<'_> {
    /// Parses a group after its `(`. `None` when it was inline options, which stand for nothing.
    pub(super) fn parse_group(&mut self) -> Result<Option<Node>, Fail> {
        let start = self.at - 1;
        if !self.looking_at("?") || self.looking_at("?)") {
            return self.parse_unnamed(start).map(Some);
        }
        self.at += 1;
        let Some(kind) = self.next() else {
            return Err(unknown(start));
        };
        match kind {
            ':' => self.parse_inside(start).map(Some),
            '=' => self.parse_look(start, true, false).map(Some),
            '!' => self.parse_look(start, true, true).map(Some),
            '>' => {
                let inner = self.parse_inside(start)?;
                Ok(Some(Node::Atomic(Box::new(inner))))
            }
            '<' if self.eat('=') => self.parse_look(start, false, false).map(Some),
            '<' if self.eat('!') => self.parse_look(start, false, true).map(Some),
            '<' => self.parse_named(start, '>').map(Some),
            '\'' => self.parse_named(start, '\'').map(Some),
            '(' => self.parse_condition(start).map(Some),
            _ => {
                self.at -= 1;
                self.parse_options(start)
            }
        }
    }

    fn parse_unnamed(&mut self, start: usize) -> Result<Node, Fail> {
        if self.options.explicit {
            return self.parse_inside(start);
        }
        self.parse_capture(start, GroupName::Unnamed)
    }

    fn parse_capture(&mut self, start: usize, name: GroupName) -> Result<Node, Fail> {
        self.found.push(name);
        let slot = self.found.len();
        let inner = self.parse_inside(start)?;
        Ok(Node::Capture {
            slot,
            inner: Box::new(inner),
        })
    }

    fn parse_look(&mut self, start: usize, ahead: bool, negated: bool) -> Result<Node, Fail> {
        let inner = self.parse_inside(start)?;
        Ok(Node::Look {
            ahead,
            negated,
            inner: Box::new(inner),
        })
    }

    fn parse_inside(&mut self, start: usize) -> Result<Node, Fail> {
        let inner = self.parse_alternation()?;
        self.close(start)?;
        Ok(inner)
    }

    fn close(&mut self, start: usize) -> Result<(), Fail> {
        if self.eat(')') {
            return Ok(());
        }
        Err((
            start,
            PatternFaultKind::Syntax("a group without its closing parenthesis"),
        ))
    }

    fn parse_named(&mut self, start: usize, end: char) -> Result<Node, Fail> {
        let name = match self.peek() {
            Some(digit) if digit.is_ascii_digit() => match self.number() {
                Some(0) | None => {
                    return Err((
                        start,
                        PatternFaultKind::Syntax("a group cannot have number 0"),
                    ));
                }
                Some(number) => GroupName::Number(number),
            },
            Some(letter) if is_word(letter) => GroupName::Name(self.word()),
            Some('-') => return Err(balancing(start)),
            _ => return Err((start, PatternFaultKind::Syntax("a group name is missing"))),
        };
        if self.peek() == Some('-') {
            return Err(balancing(start));
        }
        if !self.eat(end) {
            let kind = PatternFaultKind::Syntax("a group name has letters, digits and _ only");
            return Err((start, kind));
        }
        self.parse_capture(start, name)
    }

    /// `(?imnsx-imnsx)` and `(?imnsx-imnsx:…)`.
    fn parse_options(&mut self, start: usize) -> Result<Option<Node>, Fail> {
        let outer = self.options;
        let mut on = true;
        loop {
            let Some(letter) = self.next() else {
                return Err(unknown(start));
            };
            let options = &mut self.options;
            match letter {
                'i' | 'I' => options.fold = on,
                'm' | 'M' => options.lines = on,
                's' | 'S' => options.dot_newline = on,
                'n' | 'N' => options.explicit = on,
                'x' | 'X' => options.blanks = on,
                '-' => on = false,
                '+' => on = true,
                ')' => return Ok(None),
                ':' => {
                    let inner = self.parse_inside(start);
                    self.options = outer;
                    return inner.map(Some);
                }
                _ => return Err(unknown(start)),
            }
        }
    }

    /// `(?(group)yes|no)` and `(?(expression)yes|no)`, after its second `(`.
    fn parse_condition(&mut self, start: usize) -> Result<Node, Fail> {
        let inside = self.at;
        let outer: Options = self.options;
        if let Some(slot) = self.parse_group_test(start)? {
            let (yes, no) = self.parse_yes_no(start)?;
            return Ok(Node::IfCaptured { slot, yes, no });
        }
        self.at = inside;
        let condition = match self.peek_at(1) {
            Some('=' | '!' | '<') if self.peek() == Some('?') => {
                self.parse_group()?.unwrap_or(Node::Empty)
            }
            _ if self.peek() == Some('?') => {
                return Err((
                    start,
                    PatternFaultKind::Syntax(
                        "a condition that is neither a group nor a look-around",
                    ),
                ));
            }
            _ => self.parse_inside(start)?,
        };
        if condition.captures() {
            let kind = PatternFaultKind::NotCovered("a condition that captures: (?((…))…)");
            return Err((start, kind));
        }
        self.options = outer;
        let (yes, no) = self.parse_yes_no(start)?;
        Ok(Node::IfAhead {
            condition: Box::new(condition),
            yes,
            no,
        })
    }

    /// The slot that `(?(1)` or `(?(name)` asks about; `None` when it is an expression.
    fn parse_group_test(&mut self, start: usize) -> Result<Option<usize>, Fail> {
        let numbered = self.peek().is_some_and(|c| c.is_ascii_digit());
        if numbered {
            let number = self.number().unwrap_or(0);
            if !self.eat(')') {
                return Err((start, PatternFaultKind::Syntax("a malformed condition")));
            }
            let Some(groups) = self.groups else {
                return Ok(Some(0));
            };
            return match groups.slots_of_number(number) {
                Some(slots) => single(start, slots).map(Some),
                None => Err((
                    start,
                    PatternFaultKind::Syntax("a reference to a group that is not there"),
                )),
            };
        }
        let name = self.word();
        if name.is_empty() || !self.eat(')') {
            return Ok(None);
        }
        let Some(groups) = self.groups else {
            // On the first reading a word may be a name or an expression: neither opens a group.
            return Ok(Some(0));
        };
        groups
            .slots_of_name(&name)
            .map(|slots| single(start, slots))
            .transpose()
    }

    fn parse_yes_no(&mut self, start: usize) -> Result<(Box<Node>, Box<Node>), Fail> {
        let mut branches = self.parse_branches()?.into_iter();
        self.close(start)?;
        let yes = branches.next().unwrap_or(Node::Empty);
        let no = branches.next().unwrap_or(Node::Empty);
        if branches.next().is_some() {
            return Err((
                start,
                PatternFaultKind::Syntax("a condition with more than two branches"),
            ));
        }
        Ok((Box::new(yes), Box::new(no)))
    }
}

/// The one slot of a group that is referred to.
pub(super) fn single(at: usize, slots: &[usize]) -> Result<usize, Fail> {
    match slots {
        [only] => Ok(*only),
        _ => {
            let kind =
                PatternFaultKind::NotCovered("a reference to a name that several groups have");
            Err((at, kind))
        }
    }
}

fn unknown(start: usize) -> Fail {
    (
        start,
        PatternFaultKind::Syntax("(? with an unknown construct"),
    )
}

fn balancing(start: usize) -> Fail {
    (
        start,
        PatternFaultKind::NotCovered("a balancing group (?<a-b>…)"),
    )
}
