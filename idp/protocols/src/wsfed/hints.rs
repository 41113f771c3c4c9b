//! What a request says about the person: prefill and language, never evidence.

use signet_model::request::Hints;

use super::parse::Message;

/// Collects the hints; one that a page could not show as it is, is dropped.
pub(super) fn build_hints(message: &Message) -> Hints {
    let language = message
        .market
        .as_deref()
        .and_then(language_tag)
        .or_else(|| message.locale.as_deref().and_then(language_of_lcid))
        .or_else(|| message.locale.as_deref().and_then(language_tag));
    Hints {
        username: message.username.as_deref().and_then(showable),
        home_realm: message.home_realm.as_deref().and_then(showable),
        language,
    }
}

/// A hint without controls, trimmed; `None` when nothing is left.
pub(crate) fn showable(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// A BCP 47 tag by its form: letters, then groups of letters and digits.
fn language_tag(text: &str) -> Option<String> {
    let mut groups = text.split('-');
    let first = groups.next()?;
    let fits = |group: &str, least: usize| {
        (least..=8).contains(&group.len())
            && group.bytes().all(|octet| octet.is_ascii_alphanumeric())
    };
    (text.len() <= 35
        && fits(first, 2)
        && first.bytes().all(|octet| octet.is_ascii_alphabetic())
        && groups.all(|group| fits(group, 1)))
    .then(|| text.to_owned())
}

/// The language of a Windows locale number (MS-LCID 2.2), for the locales of Microsoft 365.
fn language_of_lcid(text: &str) -> Option<String> {
    let tag = match text.parse::<u32>().ok()? {
        1025 => "ar-SA",
        1026 => "bg-BG",
        1027 => "ca-ES",
        1028 => "zh-TW",
        1029 => "cs-CZ",
        1030 => "da-DK",
        1031 => "de-DE",
        1032 => "el-GR",
        1033 => "en-US",
        1035 => "fi-FI",
        1036 => "fr-FR",
        1037 => "he-IL",
        1038 => "hu-HU",
        1040 => "it-IT",
        1041 => "ja-JP",
        1042 => "ko-KR",
        1043 => "nl-NL",
        1044 => "nb-NO",
        1045 => "pl-PL",
        1046 => "pt-BR",
        1048 => "ro-RO",
        1049 => "ru-RU",
        1050 => "hr-HR",
        1051 => "sk-SK",
        1053 => "sv-SE",
        1054 => "th-TH",
        1055 => "tr-TR",
        1057 => "id-ID",
        1058 => "uk-UA",
        1060 => "sl-SI",
        1061 => "et-EE",
        1062 => "lv-LV",
        1063 => "lt-LT",
        1066 => "vi-VN",
        2052 => "zh-CN",
        2055 => "de-CH",
        2057 => "en-GB",
        2058 => "es-MX",
        2070 => "pt-PT",
        2077 => "sv-FI",
        3079 => "de-AT",
        3082 => "es-ES",
        3084 => "fr-CA",
        _ => return None,
    };
    Some(tag.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_comes_from_a_tag_or_a_locale_number() {
        assert_eq!(language_tag("de-CH").as_deref(), Some("de-CH"));
        assert_eq!(language_tag("zh-Hant-TW").as_deref(), Some("zh-Hant-TW"));
        for bad in [
            "",
            "d",
            "de-",
            "<b>",
            "de_CH",
            "1033",
            "abcdefghi",
            "en-\u{e9}",
        ] {
            assert_eq!(language_tag(bad), None, "{bad}");
        }
        assert_eq!(language_of_lcid("1031").as_deref(), Some("de-DE"));
        assert_eq!(language_of_lcid("99999999999"), None);
    }
}
