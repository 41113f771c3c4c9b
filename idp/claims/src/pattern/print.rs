//! Tree to the syntax of the engine underneath. Every option is written where it acts.

use std::fmt::Write;

use super::tree::{Anchor, Class, ClassItem, Node};

/// What "the end, or before a last line feed" is printed as.
///
/// For a text that does not end in a line feed both mean the same, and the plain one keeps
/// the pattern in reach of the engine that never backtracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextEnd {
    Plain,
    OrLastNewline,
}

/// The pattern text for `node`.
pub(super) fn print(node: &Node, end: TextEnd) -> String {
    let mut printer = Printer {
        out: String::new(),
        end,
    };
    printer.node(node);
    printer.out
}

struct Printer {
    out: String,
    end: TextEnd,
}

impl Printer {
    fn node(&mut self, node: &Node) {
        match node {
            Node::Empty => {}
            Node::Literal { text, fold } => self.folded(*fold, |p| p.literal(text)),
            Node::Class { class, fold } => self.folded(*fold, |p| p.class(class)),
            Node::Any { newline: true } => self.out.push_str("(?s:.)"),
            Node::Any { newline: false } => self.out.push('.'),
            Node::Anchor(anchor) => self.anchor(*anchor),
            Node::Capture { inner, .. } => self.wrapped("(", inner),
            Node::Look {
                ahead,
                negated,
                inner,
            } => {
                let open = match (ahead, negated) {
                    (true, false) => "(?=",
                    (true, true) => "(?!",
                    (false, false) => "(?<=",
                    (false, true) => "(?<!",
                };
                self.wrapped(open, inner);
            }
            Node::Atomic(inner) => self.wrapped("(?>", inner),
            Node::Backreference { slot, fold } => {
                // The group keeps a digit that follows from joining the number.
                let open = if *fold { "(?i:" } else { "(?:" };
                self.write(format_args!("{open}\\{slot})"));
            }
            Node::IfCaptured { slot, yes, no } => {
                self.write(format_args!("(?({slot})"));
                self.wrapped("(?:", yes);
                self.out.push('|');
                self.wrapped("(?:", no);
                self.out.push(')');
            }
            Node::IfAhead { condition, yes, no } => {
                self.wrapped("(?:(?=", condition);
                self.wrapped("(?:", yes);
                self.wrapped("|(?!", condition);
                self.wrapped("(?:", no);
                self.out.push(')');
            }
            Node::Repeat {
                inner,
                least,
                most,
                lazy,
            } => {
                self.repeated(inner);
                self.bounds(*least, *most);
                if *lazy {
                    self.out.push('?');
                }
            }
            Node::Sequence(nodes) => {
                for node in nodes {
                    match node {
                        Node::Alternation(_) => self.wrapped("(?:", node),
                        _ => self.node(node),
                    }
                }
            }
            Node::Alternation(branches) => {
                for (index, branch) in branches.iter().enumerate() {
                    if index > 0 {
                        self.out.push('|');
                    }
                    match branch {
                        Node::Alternation(_) => self.wrapped("(?:", branch),
                        _ => self.node(branch),
                    }
                }
            }
        }
    }

    fn wrapped(&mut self, open: &str, inner: &Node) {
        self.out.push_str(open);
        self.node(inner);
        self.out.push(')');
    }

    fn folded(&mut self, fold: bool, print: impl FnOnce(&mut Self)) {
        if fold {
            self.out.push_str("(?i:");
        }
        print(self);
        if fold {
            self.out.push(')');
        }
    }

    fn repeated(&mut self, inner: &Node) {
        match inner {
            Node::Capture { .. } | Node::Any { .. } | Node::Class { .. } => self.node(inner),
            _ => self.wrapped("(?:", inner),
        }
    }

    fn bounds(&mut self, least: u32, most: Option<u32>) {
        match (least, most) {
            (0, None) => self.out.push('*'),
            (1, None) => self.out.push('+'),
            (0, Some(1)) => self.out.push('?'),
            (least, None) => self.write(format_args!("{{{least},}}")),
            (least, Some(most)) => self.write(format_args!("{{{least},{most}}}")),
        }
    }

    fn anchor(&mut self, anchor: Anchor) {
        self.out.push_str(match anchor {
            Anchor::TextStart => "\\A",
            Anchor::LineStart => "(?m:^)",
            Anchor::LineEnd => "(?m:$)",
            Anchor::TextEnd => "\\z",
            Anchor::SearchStart => "\\G",
            Anchor::WordBoundary => "\\b",
            Anchor::NoWordBoundary => "\\B",
            Anchor::TextEndOrNewline => match self.end {
                TextEnd::Plain => "\\z",
                TextEnd::OrLastNewline => "(?=\\n?\\z)",
            },
        });
    }

    fn literal(&mut self, text: &str) {
        for character in text.chars() {
            if r"\.+*?()|[]{}^$#".contains(character) {
                self.out.push('\\');
            }
            self.out.push(character);
        }
    }

    fn class(&mut self, class: &Class) {
        let Some(minus) = &class.minus else {
            self.out.push('[');
            if class.negated {
                self.out.push('^');
            }
            class.items.iter().for_each(|item| self.item(item));
            self.out.push(']');
            return;
        };
        self.out.push('[');
        self.class(&Class {
            minus: None,
            ..class.clone()
        });
        self.out.push_str("--");
        self.class(minus);
        self.out.push(']');
    }

    fn item(&mut self, item: &ClassItem) {
        let sign = |negated: bool| if negated { "^" } else { "" };
        match item {
            ClassItem::Range(low, high) => {
                self.character(*low);
                if low != high {
                    self.out.push('-');
                    self.character(*high);
                }
            }
            ClassItem::Word { negated } => {
                self.write(format_args!(
                    "[{}\\p{{L}}\\p{{Mn}}\\p{{Nd}}\\p{{Pc}}]",
                    sign(*negated)
                ));
            }
            ClassItem::Space { negated } => self.out.push_str(if *negated { "\\S" } else { "\\s" }),
            ClassItem::Digit { negated } => self.category("Nd", *negated),
            ClassItem::Category { name, negated } => self.category(name, *negated),
            ClassItem::Block {
                first,
                last,
                negated,
            } => {
                self.write(format_args!("[{}", sign(*negated)));
                self.character(*first);
                self.out.push('-');
                self.character(*last);
                self.out.push(']');
            }
        }
    }

    fn category(&mut self, name: &str, negated: bool) {
        let letter = if negated { 'P' } else { 'p' };
        self.write(format_args!("\\{letter}{{{name}}}"));
    }

    /// A character of a class: by its number, unless nothing could take it for anything else.
    fn character(&mut self, character: char) {
        if character.is_ascii_alphanumeric() {
            self.out.push(character);
        } else {
            self.write(format_args!("\\x{{{:X}}}", u32::from(character)));
        }
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.out.write_fmt(text);
    }
}
