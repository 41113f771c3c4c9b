//! The one door to bergshamra's canonicaliser, which reads for us and never writes for us.

use bergshamra_c14n::{C14nMode, canonicalize_doc};
use bergshamra_xml::NodeSet;
use uppsala::{Document, NodeId};

/// How a node set becomes octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Exclusive XML Canonicalization 1.0 without comments.
    Exclusive,
    /// Canonical XML 1.0 without comments.
    Inclusive,
}

/// The octets of the element `apex` without its comments and without the subtree `without`.
///
/// `None` when the canonicaliser fails or yields nothing: both refuse a signature.
pub(crate) fn canonicalize(
    tree: &Document<'_>,
    apex: NodeId,
    without: Option<NodeId>,
    form: Form,
    inclusive_prefixes: &[&str],
) -> Option<Vec<u8>> {
    let mut nodes = NodeSet::tree_without_comments(apex, tree);
    if let Some(without) = without {
        nodes = nodes.subtract(&NodeSet::tree_with_comments(without, tree));
    }
    let mode = match form {
        Form::Exclusive => C14nMode::Exclusive,
        Form::Inclusive => C14nMode::Inclusive,
    };
    canonicalize_doc(tree, mode, Some(&nodes), inclusive_prefixes)
        .ok()
        .filter(|octets| !octets.is_empty())
}
