//! The name that people read on the sign-in page.

use signet_xml::{Element, ns};

use crate::names::{FED, MD, MDUI};

const LONGEST: usize = 120;

/// The partner's own name for itself: `mdui:DisplayName`, WS-Federation's `ServiceDisplayName`, the name of its
/// attribute service, its organisation; English first.
pub(super) fn of(entity: Element<'_>) -> Option<String> {
    user_interface(entity)
        .or_else(|| service_display_name(entity))
        .or_else(|| service_name(entity))
        .or_else(|| organisation(entity))
}

fn user_interface(entity: Element<'_>) -> Option<String> {
    let names = entity
        .children_named(MD, "SPSSODescriptor")
        .flat_map(|role| role.children_named(MD, "Extensions"))
        .flat_map(|extensions| extensions.children_named(MDUI, "UIInfo"))
        .flat_map(|info| info.children_named(MDUI, "DisplayName"));
    english_first(names)
}

fn service_display_name(entity: Element<'_>) -> Option<String> {
    let roles = entity.children_named(MD, "RoleDescriptor");
    // Entra writes the attribute with its namespace, AD FS without.
    roles
        .filter_map(|role| {
            role.attribute("ServiceDisplayName")
                .or_else(|| role.attribute_ns(FED, "ServiceDisplayName"))
        })
        .find_map(cleaned)
}

fn service_name(entity: Element<'_>) -> Option<String> {
    let names = entity
        .children_named(MD, "SPSSODescriptor")
        .flat_map(|role| role.children_named(MD, "AttributeConsumingService"))
        .flat_map(|service| service.children_named(MD, "ServiceName"));
    english_first(names)
}

fn organisation(entity: Element<'_>) -> Option<String> {
    let names = entity
        .children_named(MD, "Organization")
        .flat_map(|organisation| organisation.children_named(MD, "OrganizationDisplayName"));
    english_first(names)
}

fn english_first<'d>(names: impl Iterator<Item = Element<'d>>) -> Option<String> {
    let mut first = None;
    for name in names.take(100) {
        let Some(text) = name.text().ok().and_then(|text| cleaned(&text)) else {
            continue;
        };
        if name
            .attribute_ns(ns::XML, "lang")
            .is_some_and(|lang| lang.eq_ignore_ascii_case("en"))
        {
            return Some(text);
        }
        first.get_or_insert(text);
    }
    first
}

/// One line without control and direction-changing characters, cut to a length that pages can show.
fn cleaned(text: &str) -> Option<String> {
    let harmless = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let spaced: String = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(harmless)
        .collect();
    let words: Vec<&str> = spaced.split(' ').filter(|word| !word.is_empty()).collect();
    let line: String = words.join(" ").chars().take(LONGEST).collect();
    (!line.is_empty()).then(|| line.trim_end().to_owned())
}
