//! Text of events, made harmless: it ends in terminals, spreadsheets and other people's log systems (LOG-01).

use std::fmt::Write as _;

use serde_json::Value;

const LONGEST_WORD: usize = 256;
const LONGEST_TEXT: usize = 512;

/// JSON of `details`, at most `largest` octets, in which no character can move a cursor or turn the direction.
pub(crate) fn render(details: &Value, largest: usize) -> String {
    let json = details.to_string();
    let json = if json.len() <= largest {
        json
    } else {
        let mut cut = details.clone();
        cut_texts(&mut cut);
        let shorter = cut.to_string();
        if shorter.len() <= largest {
            shorter
        } else {
            format!("{{\"omitted_octets\":{}}}", json.len())
        }
    };
    if json.bytes().all(|octet| (0x20..0x7f).contains(&octet)) {
        json
    } else {
        escaped(&json)
    }
}

/// A short word without control characters.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .filter(|character| !is_hazard(*character))
        .take(LONGEST_WORD)
        .collect()
}

/// Fuzz target: whatever text an event carries, what is written is JSON of the same value, short, and harmless.
pub fn fuzz_audit_text(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let details = Value::from(&*text);
    let written = render(&details, 16 * 1024);
    assert!(written.len() <= 6 * 16 * 1024 && !written.chars().any(is_hazard));
    let read: Result<Value, _> = serde_json::from_str(&written);
    assert!(details.to_string().len() > 16 * 1024 || read.is_ok_and(|value| value == details));
    assert!(!plain(&text).chars().any(is_hazard));
}

fn cut_texts(value: &mut Value) {
    match value {
        Value::String(text) if text.len() > LONGEST_TEXT => {
            *text = text.chars().take(LONGEST_TEXT).chain(['…']).collect();
        }
        Value::Array(items) => items.iter_mut().for_each(cut_texts),
        Value::Object(members) => members.values_mut().for_each(cut_texts),
        _ => {}
    }
}

/// In JSON such characters stand inside strings only, so escaping them changes no value.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if is_hazard(character) {
            let mut units = [0u16; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(character);
        }
    }
    out
}

/// Control characters, and those that change the direction of text, join or hide in it, or end a line.
fn is_hazard(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{061c}')
        || matches!(character, '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sec_log_01_no_character_of_a_user_agent_reaches_a_terminal_as_control() {
        let hostile = "a\r\nb\u{1b}[31mc\u{202e}d\0e\u{7f}f\u{85}g\u{2028}h";
        let details = json!({ "user_agent": hostile });
        let text = render(&details, 16_384);
        assert!(!text.chars().any(is_hazard), "{text:?}");
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap(),
            details,
            "nothing is lost"
        );
        assert_eq!(plain("x\r\ny\u{202e}z"), "xyz");
    }

    #[test]
    fn sec_log_01_ten_kilobytes_in_one_field_are_cut() {
        let details = json!({ "user_agent": "x".repeat(20_000), "deep": [{ "relay_state": "y".repeat(20_000) }] });
        let text = render(&details, 16_384);
        assert!(text.len() < 2_000);
        assert!(text.contains('…'));
        let many = Value::Array(vec![json!("z".repeat(100)); 1_000]);
        assert_eq!(
            render(&many, 16_384),
            format!("{{\"omitted_octets\":{}}}", many.to_string().len())
        );
    }
}
