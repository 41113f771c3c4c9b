//! One element of a document, and how values are taken from it.
//!
//! Names match by namespace and local part only. A value is read by functions that refuse comments,
//! processing instructions and elements inside it: `bob<!-- -->@evil` is not a name that two readers
//! may cut differently.

use std::borrow::Cow;
use std::fmt;

use uppsala::{NodeId, NodeKind};

use crate::error::{XmlError, excerpt};
use crate::ns::XML;

const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];

/// One element of a [`Document`].
#[derive(Clone, Copy)]
pub struct Element<'d> {
    tree: &'d uppsala::Document<'d>,
    node: NodeId,
}

impl<'d> Element<'d> {
    /// Wraps a node of `tree`; for the verifier.
    pub(crate) fn of(tree: &'d uppsala::Document<'d>, node: NodeId) -> Self {
        Self { tree, node }
    }

    /// The node of the parser's tree, for the verifier.
    pub(crate) fn node(&self) -> NodeId {
        self.node
    }

    /// The local part of the name.
    pub fn local(&self) -> &'d str {
        self.data().map_or("", |data| data.name.local_name.as_ref())
    }

    /// The namespace of the name; empty for none.
    pub fn uri(&self) -> &'d str {
        self.data()
            .and_then(|data| data.name.namespace_uri.as_deref())
            .unwrap_or_default()
    }

    /// Whether the element has this name.
    pub fn is(&self, uri: &str, local: &str) -> bool {
        self.local() == local && self.uri() == uri
    }

    /// The element itself when it has this name.
    pub fn expect(self, uri: &str, local: &str) -> Result<Self, XmlError> {
        if self.is(uri, local) {
            return Ok(self);
        }
        Err(XmlError::UnexpectedElement {
            expected: qualified(uri, local),
            found: self.label(),
        })
    }

    /// The value of the attribute of this name without a namespace.
    pub fn attribute(&self, name: &str) -> Option<&'d str> {
        self.attributes()
            .find(|found| found.uri.is_empty() && found.local == name)
            .map(|a| a.value)
    }

    /// The value of an attribute without a namespace that must be there.
    pub fn required_attribute(&self, name: &str) -> Result<&'d str, XmlError> {
        self.attribute(name)
            .ok_or_else(|| XmlError::MissingAttribute {
                element: self.label(),
                attribute: name.to_owned(),
            })
    }

    /// The value of the attribute of this name and namespace.
    pub fn attribute_ns(&self, uri: &str, local: &str) -> Option<&'d str> {
        self.attributes()
            .find(|found| found.uri == uri && found.local == local)
            .map(|a| a.value)
    }

    /// All attributes, namespace declarations not among them.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'d>> + use<'d> {
        let attributes = self
            .data()
            .map_or(&[][..], |data| data.attributes.as_slice());
        attributes.iter().map(|attribute| Attribute {
            uri: attribute.name.namespace_uri.as_deref().unwrap_or_default(),
            local: &attribute.name.local_name,
            value: &attribute.value,
        })
    }

    /// The child elements, in order.
    pub fn children(&self) -> impl Iterator<Item = Element<'d>> + use<'d> {
        let tree = self.tree;
        tree.children_iter(self.node)
            .filter(|node| tree.element(*node).is_some())
            .map(|node| Element { tree, node })
    }

    /// The child elements of this name, in order.
    pub fn children_named<'n>(
        &self,
        uri: &'n str,
        local: &'n str,
    ) -> impl Iterator<Item = Element<'d>> + use<'d, 'n> {
        self.children().filter(move |child| child.is(uri, local))
    }

    /// The one child of this name; none and two are errors.
    pub fn only_child(&self, uri: &str, local: &str) -> Result<Element<'d>, XmlError> {
        self.optional_child(uri, local)?
            .ok_or_else(|| XmlError::MissingChild {
                parent: self.label(),
                child: qualified(uri, local),
            })
    }

    /// The child of this name, if there is one; two are an error.
    pub fn optional_child(&self, uri: &str, local: &str) -> Result<Option<Element<'d>>, XmlError> {
        let mut found = self.children_named(uri, local);
        let first = found.next();
        if found.next().is_some() {
            return Err(XmlError::RepeatedChild {
                parent: self.label(),
                child: qualified(uri, local),
            });
        }
        Ok(first)
    }

    /// The whole text, exactly as written, CDATA sections included.
    ///
    /// A comment, processing instruction or element inside is an error.
    pub fn text(&self) -> Result<Cow<'d, str>, XmlError> {
        let mut text = Cow::Borrowed("");
        for node in self.tree.children_iter(self.node) {
            match self.tree.node_kind(node) {
                Some(NodeKind::Text(piece) | NodeKind::CData(piece)) => {
                    if text.is_empty() {
                        text = Cow::Borrowed(piece);
                    } else {
                        text.to_mut().push_str(piece);
                    }
                }
                _ => return Err(XmlError::MarkupInText(self.label())),
            }
        }
        Ok(text)
    }

    /// The text without white space around it, for URIs, names and base64.
    pub fn trimmed_text(&self) -> Result<Cow<'d, str>, XmlError> {
        let trim = |text: &str| text.trim_matches(SPACES).len();
        Ok(match self.text()? {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_matches(SPACES)),
            Cow::Owned(text) if trim(&text) == text.len() => Cow::Owned(text),
            Cow::Owned(text) => Cow::Owned(text.trim_matches(SPACES).to_owned()),
        })
    }

    /// Resolves a qualified name that stands in a value here, as in `xsi:type`: namespace and local part.
    ///
    /// A name without a prefix takes the default namespace (XML Schema 1.0 part 2, section 3.2.18).
    pub fn resolve<'v>(&self, value: &'v str) -> Result<(&'d str, &'v str), XmlError> {
        let value = value.trim_matches(SPACES);
        let (prefix, local) = value.split_once(':').unwrap_or(("", value));
        let unknown = || XmlError::UnknownPrefix(excerpt(value));
        if local.is_empty() || local.contains(':') || (prefix.is_empty() && value.contains(':')) {
            return Err(unknown());
        }
        if prefix == "xml" {
            return Ok((XML, local));
        }
        let mut node = Some(self.node);
        while let Some(here) = node {
            let declarations = self
                .tree
                .element(here)
                .map_or(&[][..], |data| &data.namespace_declarations);
            if let Some((_, uri)) = declarations.iter().find(|(known, _)| known == prefix) {
                return Ok((uri, local));
            }
            node = self.tree.parent(here);
        }
        if prefix.is_empty() {
            Ok(("", local))
        } else {
            Err(unknown())
        }
    }

    /// All child nodes with their kinds, for the verifier.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = (Element<'d>, &'d NodeKind<'d>)> + use<'d> {
        let tree = self.tree;
        tree.children_iter(self.node)
            .filter_map(move |node| Some((Element { tree, node }, tree.node_kind(node)?)))
    }

    fn data(&self) -> Option<&'d uppsala::Element<'d>> {
        self.tree.element(self.node)
    }

    /// The name for an error message.
    pub(crate) fn label(&self) -> String {
        qualified(self.uri(), self.local())
    }
}

/// Shows the name only: values do not belong in logs.
impl fmt::Debug for Element<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Element({})", self.label())
    }
}

/// One attribute of an [`Element`].
#[derive(Clone, Copy)]
pub struct Attribute<'d> {
    /// Its namespace; empty for none.
    pub uri: &'d str,
    /// The local part of its name.
    pub local: &'d str,
    /// Its value after normalisation (XML 1.0, section 3.3.3).
    pub value: &'d str,
}

fn qualified(uri: &str, local: &str) -> String {
    excerpt(&format!("{{{uri}}}{local}"))
}
