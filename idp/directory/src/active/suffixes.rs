//! Which UPN suffixes are this domain's: its own name, those the forest lists, those configured.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

/// The suffixes, once they are known.
pub(crate) struct Suffixes {
    own: [String; 2],
    extra: Vec<String>,
    forest: ArcSwapOption<Vec<String>>,
}

impl Suffixes {
    pub(crate) fn new(dns: &str, netbios: &str, extra: Vec<String>) -> Self {
        Self {
            own: [dns.to_owned(), netbios.to_owned()],
            extra,
            forest: ArcSwapOption::empty(),
        }
    }

    /// Whether `domain` is the domain itself, by either name.
    pub(crate) fn is_own(&self, domain: &str) -> bool {
        self.own.iter().any(|own| own.eq_ignore_ascii_case(domain))
    }

    /// Whether names with this suffix are looked up; `None` while the forest's list is not read.
    pub(crate) fn knows(&self, suffix: &str) -> Option<bool> {
        let among = |list: &[String]| {
            list.iter()
                .any(|one| one.to_lowercase() == suffix.to_lowercase())
        };
        if self.is_own(suffix) || among(&self.extra) || self.extra.iter().any(|one| one == "*") {
            return Some(true);
        }
        self.forest.load().as_ref().map(|forest| among(forest))
    }

    pub(crate) fn learn(&self, forest: Vec<String>) {
        self.forest.store(Some(Arc::new(forest)));
    }
}
