//! What goes back to the browser: an auto-posted form, or a redirect.

use signet_model::ReplyTo;

/// A form that the browser posts to a relying party.
///
/// The page escapes the values for an HTML attribute and changes nothing else.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FormPost {
    /// `action` of the form: a registered address.
    pub action: String,
    /// Hidden fields in order; values octet by octet.
    pub fields: Vec<(&'static str, String)>,
}

impl FormPost {
    /// A form without fields that posts to `action`.
    pub(crate) fn to(action: &ReplyTo) -> Self {
        Self {
            action: action.as_str().to_owned(),
            fields: Vec::new(),
        }
    }

    /// Adds a field.
    pub(crate) fn field(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// The value of field `name`.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(field, _)| *field == name)
            .map(|(_, value)| value.as_str())
    }

    /// Scheme, host and port of `action`, for `form-action` of the page's content security policy.
    pub fn origin(&self) -> Option<String> {
        let url = url::Url::parse(&self.action).ok()?;
        url.origin()
            .is_tuple()
            .then(|| url.origin().ascii_serialization())
    }
}

/// Tokens must not reach a log: only names and lengths of the fields are shown.
impl std::fmt::Debug for FormPost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fields = self.fields.iter().map(|(name, value)| (*name, value.len()));
        f.debug_struct("FormPost")
            .field("action", &self.action)
            .field("field_octets", &fields.collect::<Vec<_>>())
            .finish()
    }
}

/// A `302` or `303` to a registered address: printable ASCII only, so it cannot split a header.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Redirect {
    /// The `Location`.
    pub location: String,
}

impl Redirect {
    /// To a registered address as it is; `None` when a header cannot carry it.
    pub(crate) fn to(address: &ReplyTo) -> Option<Self> {
        Self::to_text(address.as_str().to_owned())
    }

    /// To a registered address with `query` added to it; `None` when a header cannot carry it.
    pub(crate) fn with_query(address: &str, query: &str) -> Option<Self> {
        Self::to_text(add_query(address, query))
    }

    fn to_text(location: String) -> Option<Self> {
        location
            .bytes()
            .all(|octet| octet.is_ascii_graphic())
            .then_some(Self { location })
    }
}

/// Adds `query` to `address`, which may have one already.
pub(crate) fn add_query(address: &str, query: &str) -> String {
    let joint = match address.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some((_, own)) if own.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{address}{joint}{query}")
}
