//! Character data as exclusive canonical XML writes it (Canonical XML 1.0, section 2.3).

/// Appends `value` as the text of an element: `& < >` and carriage return are escaped.
///
/// Returns how many characters were dropped because XML 1.0 cannot carry them.
pub(crate) fn push_text(out: &mut String, value: &str) -> usize {
    push(out, value, |character| match character {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '\r' => Some("&#xD;"),
        _ => None,
    })
}

/// Appends `value` as the value of an attribute: `& < "`, tab, line feed and carriage return are escaped.
///
/// Returns how many characters were dropped because XML 1.0 cannot carry them.
pub(crate) fn push_attribute(out: &mut String, value: &str) -> usize {
    push(out, value, |character| match character {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '"' => Some("&quot;"),
        '\t' => Some("&#x9;"),
        '\n' => Some("&#xA;"),
        '\r' => Some("&#xD;"),
        _ => None,
    })
}

/// XML 1.0 (fifth edition), production 2, `Char`.
pub(crate) fn is_xml_character(character: char) -> bool {
    matches!(character,
        '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Copies runs of harmless characters in one piece: most values hold nothing else.
fn push(out: &mut String, value: &str, escape: impl Fn(char) -> Option<&'static str>) -> usize {
    let mut dropped = 0;
    let mut rest = value;
    while let Some(at) = rest.bytes().position(needs_a_look) {
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        let Some(character) = tail.chars().next() else {
            break;
        };
        match escape(character) {
            Some(reference) => out.push_str(reference),
            None if is_xml_character(character) => out.push(character),
            None => dropped += 1,
        }
        rest = tail.strip_prefix(character).unwrap_or_default();
    }
    out.push_str(rest);
    dropped
}

/// Whether a character that is escaped or dropped somewhere can begin with this octet: it is markup or a control
/// character, or begins three octets of which U+FFFE and U+FFFF are two. No such octet stands inside a character.
fn needs_a_look(octet: u8) -> bool {
    matches!(octet, 0..0x20 | b'&' | b'<' | b'>' | b'"' | 0xEF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_follow_canonical_xml() {
        let mut text = String::new();
        assert_eq!(push_text(&mut text, "a&<>\"'\t\n\r]]>ü"), 0);
        assert_eq!(text, "a&amp;&lt;&gt;\"'\t\n&#xD;]]&gt;ü");
        let mut attribute = String::new();
        assert_eq!(push_attribute(&mut attribute, "a&<>\"'\t\n\r]]>ü"), 0);
        assert_eq!(attribute, "a&amp;&lt;>&quot;'&#x9;&#xA;&#xD;]]>ü");
    }

    #[test]
    fn sec_saml_14_characters_that_xml_cannot_carry_are_dropped_and_counted() {
        let mut text = String::new();
        assert_eq!(
            push_text(&mut text, "\0a\u{1}\u{b}b\u{1f}\u{fffe}c\u{ffff}\u{85}"),
            6
        );
        assert_eq!(text, "abc\u{85}");
    }

    /// Every character there is, alone and between others, as the definition says it.
    #[test]
    fn every_character_is_written_as_its_definition_says() {
        for character in '\0'..=char::MAX {
            let kept = String::from(character);
            let (in_text, in_attribute) = match character {
                '&' => ("&amp;", "&amp;"),
                '<' => ("&lt;", "&lt;"),
                '>' => ("&gt;", ">"),
                '"' => ("\"", "&quot;"),
                '\t' => ("\t", "&#x9;"),
                '\n' => ("\n", "&#xA;"),
                '\r' => ("&#xD;", "&#xD;"),
                other if is_xml_character(other) => (&*kept, &*kept),
                _ => ("", ""),
            };
            let value = format!("{character}é{character}a");
            for (push, own) in [
                (push_text as fn(&mut String, &str) -> usize, in_text),
                (push_attribute, in_attribute),
            ] {
                let mut out = String::new();
                let dropped = push(&mut out, &value);
                assert_eq!(out, format!("{own}é{own}a"), "{:x}", u32::from(character));
                assert_eq!(dropped, if own.is_empty() { 2 } else { 0 });
            }
        }
    }
}
