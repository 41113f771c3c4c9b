//! Patterns that ask for plain text: most of those in rule sets. They need no engine.

use super::tree::{Anchor, Node};

/// A pattern that is a comparison of texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shortcut {
    texts: Vec<String>,
    from_start: bool,
    /// To the end, or to a last line feed.
    to_end: bool,
}

impl Shortcut {
    /// The comparison that `node` is, if it is one: a literal or a choice of literals that regard
    /// case, between anchors or not.
    pub(super) fn of(node: &Node) -> Option<Self> {
        let nodes = match node {
            Node::Sequence(nodes) => nodes.as_slice(),
            other => std::slice::from_ref(other),
        };
        let (from_start, nodes) = match nodes {
            [Node::Anchor(Anchor::TextStart), rest @ ..] => (true, rest),
            all => (false, all),
        };
        let (to_end, nodes) = match nodes {
            [rest @ .., Node::Anchor(Anchor::TextEndOrNewline)] => (true, rest),
            all => (false, all),
        };
        let [only] = nodes else { return None };
        Some(Self {
            texts: literals(only)?,
            from_start,
            to_end,
        })
    }

    /// Whether the pattern is somewhere in `text`.
    pub(super) fn is_match(&self, text: &str) -> bool {
        let ends = [Some(text), text.strip_suffix('\n')];
        let to_end = |test: &dyn Fn(&str) -> bool| ends.iter().flatten().any(|end| test(end));
        self.texts
            .iter()
            .map(String::as_str)
            .any(|own| match (self.from_start, self.to_end) {
                (true, true) => to_end(&|end| end == own),
                (true, false) => text.starts_with(own),
                (false, true) => to_end(&|end| end.ends_with(own)),
                (false, false) => text.contains(own),
            })
    }
}

fn literals(node: &Node) -> Option<Vec<String>> {
    match node {
        Node::Literal { text, fold: false } => Some(vec![text.clone()]),
        Node::Capture { inner, .. } => literals(inner),
        Node::Alternation(branches) => {
            let texts = branches.iter().map(|branch| match branch {
                Node::Literal { text, fold: false } => Some(text.clone()),
                _ => None,
            });
            texts.collect()
        }
        _ => None,
    }
}
