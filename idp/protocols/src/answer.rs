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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_web_06_a_location_is_printable_ascii_or_nothing() {
        for bad in [
            "https://x/\r\nSet-Cookie: a",
            "https://x/\n",
            "https://x/\0",
            "https://x/\u{10a}",
            "https://x/ y",
            "https://x/\u{7f}",
        ] {
            assert_eq!(Redirect::to(&ReplyTo::registered(bad)), None, "{bad:?}");
            assert_eq!(Redirect::with_query("https://x/", bad), None, "{bad:?}");
        }
        assert_eq!(
            Redirect::to(&ReplyTo::registered("https://x/?a=%0d"))
                .unwrap()
                .location,
            "https://x/?a=%0d"
        );
    }

    #[test]
    fn a_query_is_added_to_what_is_there() {
        assert_eq!(add_query("https://x/", "a=1"), "https://x/?a=1");
        assert_eq!(add_query("https://x/?", "a=1"), "https://x/?a=1");
        assert_eq!(add_query("https://x/?b=2", "a=1"), "https://x/?b=2&a=1");
        assert_eq!(add_query("https://x/?b=2&", "a=1"), "https://x/?b=2&a=1");
    }

    #[test]
    fn a_form_shows_no_token_in_a_log() {
        let form = FormPost::to(&ReplyTo::registered("https://x/acs")).field("wresult", "secret");
        assert!(!format!("{form:?}").contains("secret"));
        assert_eq!(form.origin().as_deref(), Some("https://x"));
        let opaque = FormPost::to(&ReplyTo::registered("javascript:x"));
        assert_eq!(opaque.origin(), None);
    }
}
