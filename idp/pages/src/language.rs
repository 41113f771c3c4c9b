//! Languages: which one a reader gets, and its texts.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use unic_langid::LanguageIdentifier;

/// A language that pages speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
}

impl Language {
    /// The language for a request: the first of `wishes` (a hint such as `mkt`, then `Accept-Language`) that is spoken.
    ///
    /// Each wish is a BCP 47 tag or an `Accept-Language` list in order of preference; quality values are compared.
    pub fn choose<'a>(wishes: impl IntoIterator<Item = &'a str>) -> Self {
        wishes
            .into_iter()
            .find_map(Self::from_list)
            .unwrap_or_default()
    }

    /// The `lang` attribute.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// The `dir` attribute.
    pub fn direction(self) -> &'static str {
        "ltr"
    }

    fn from_list(list: &str) -> Option<Self> {
        let mut best: Option<(u16, Self)> = None;
        for entry in list.split(',').take(32) {
            let mut parts = entry.split(';');
            let Some(language) = parts.next().and_then(|tag| Self::from_tag(tag.trim())) else {
                continue;
            };
            let quality = parts
                .find_map(|part| part.trim().strip_prefix("q="))
                .and_then(|q| q.parse::<f32>().ok())
                .map_or(1000, |q| (q.clamp(0.0, 1.0) * 1000.0) as u16);
            if quality > 0 && best.is_none_or(|(most, _)| quality > most) {
                best = Some((quality, language));
            }
        }
        best.map(|(_, language)| language)
    }

    fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next()?;
        match primary.to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "de" => Some(Self::German),
            _ => None,
        }
    }

    /// The text `id` with `arguments`; English when this language lacks it, the id itself when English does.
    pub(crate) fn text(self, id: &str, arguments: &[(&str, &str)]) -> String {
        let mut fluent = FluentArgs::new();
        for (name, value) in arguments {
            fluent.set(*name, *value);
        }
        let bundles = match self {
            Self::English => [&*ENGLISH, &*ENGLISH],
            Self::German => [&*GERMAN, &*ENGLISH],
        };
        for bundle in bundles {
            if let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) {
                let mut errors = Vec::new();
                return bundle
                    .format_pattern(pattern, Some(&fluent), &mut errors)
                    .into_owned();
            }
        }
        id.to_owned()
    }

    /// The text `id` of this language alone; English texts of errors stand beside the errors.
    pub(crate) fn translation(self, id: &str) -> Option<String> {
        let bundle = match self {
            Self::English => return None,
            Self::German => &*GERMAN,
        };
        let pattern = bundle.get_message(id)?.value()?;
        Some(
            bundle
                .format_pattern(pattern, None, &mut Vec::new())
                .into_owned(),
        )
    }
}

type Texts = FluentBundle<FluentResource>;

static ENGLISH: LazyLock<Texts> = LazyLock::new(|| load("en", include_str!("../languages/en.ftl")));
static GERMAN: LazyLock<Texts> = LazyLock::new(|| load("de", include_str!("../languages/de.ftl")));

fn load(tag: &str, source: &str) -> Texts {
    let language: LanguageIdentifier = tag.parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // Values are escaped by the templates; invisible isolation marks would end up in copied text.
    bundle.set_use_isolating(false);
    // The sources are compiled in; the tests below prove that they parse whole.
    let resource =
        FluentResource::try_new(source.to_owned()).unwrap_or_else(|(partial, _)| partial);
    let _ = bundle.add_resource(resource);
    bundle
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(source: &str) -> Vec<String> {
        source
            .lines()
            .filter(|line| !line.starts_with([' ', '#']) && line.contains('='))
            .filter_map(|line| line.split('=').next())
            .map(|id| id.trim().to_owned())
            .collect()
    }

    #[test]
    fn every_language_parses_and_has_every_text() {
        let english = include_str!("../languages/en.ftl");
        let german = include_str!("../languages/de.ftl");
        assert!(FluentResource::try_new(english.to_owned()).is_ok());
        assert!(FluentResource::try_new(german.to_owned()).is_ok());
        // Texts of errors stand in English where the errors are.
        let is_error = |id: &String| id.starts_with("sig-") || id.starts_with("culprit-");
        let of_pages = ids(german).into_iter().filter(|id| !is_error(id));
        assert_eq!(
            ids(english),
            of_pages.collect::<Vec<_>>(),
            "the languages must have the same texts in the same order"
        );
        for id in ids(english) {
            assert!(GERMAN.has_message(&id) && ENGLISH.has_message(&id), "{id}");
        }
    }

    #[test]
    fn the_first_spoken_wish_decides() {
        assert_eq!(Language::choose(["de-AT"]), Language::German);
        assert_eq!(
            Language::choose(["fr", "de;q=0.3, en;q=0.9"]),
            Language::English
        );
        assert_eq!(Language::choose(["", "ja, de;q=0"]), Language::English);
        assert_eq!(Language::choose(["xx;q=nan,\u{0}"]), Language::English);
    }
}
