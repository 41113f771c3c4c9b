//! Codes as people type them: with blanks, hyphens, in small letters.

use zeroize::Zeroizing;

/// The longest text that is looked at.
const LONGEST: usize = 64;

/// The digits of a typed code of exactly `digits` digits; blanks and hyphens do not count.
pub(crate) fn parse_digits(typed: &str, digits: usize) -> Option<Zeroizing<String>> {
    let bare = parse_bare(typed)?;
    (bare.len() == digits && bare.bytes().all(|octet| octet.is_ascii_digit())).then_some(bare)
}

/// A typed recovery code in its one spelling; `None` unless each character is of `alphabet`.
pub(crate) fn parse_letters(
    typed: &str,
    alphabet: &[u8],
    length: usize,
) -> Option<Zeroizing<String>> {
    let bare = parse_bare(typed)?;
    let known = bare.bytes().all(|octet| alphabet.contains(&octet));
    (bare.len() == length && known).then_some(bare)
}

fn parse_bare(typed: &str) -> Option<Zeroizing<String>> {
    if typed.len() > LONGEST {
        return None;
    }
    let mut bare = Zeroizing::new(String::with_capacity(LONGEST));
    for character in typed.chars() {
        match character {
            ' ' | '\t' | '-' | '\u{a0}' | '\u{202f}' => {}
            character if character.is_ascii() => bare.push(character.to_ascii_uppercase()),
            _ => return None,
        }
    }
    Some(bare)
}

/// Fuzz target: a typed code is exactly digits, or exactly letters of the alphabet, or nothing.
pub fn fuzz_code(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Some(digits) = parse_digits(text, 6) {
        assert!(digits.len() == 6 && digits.parse::<u32>().is_ok());
        assert_eq!(parse_digits(&digits, 6).as_deref(), Some(&*digits));
    }
    if let Some(letters) = parse_letters(text, super::recovery::ALPHABET, 10) {
        assert_eq!(letters.len(), 10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_type_blanks_and_hyphens() {
        let read = |typed| parse_digits(typed, 6).map(|code| code.to_string());
        assert_eq!(read(" 123 456 ").as_deref(), Some("123456"));
        assert_eq!(read("12-34-56").as_deref(), Some("123456"));
        for wrong in [
            "",
            "12345",
            "1234567",
            "12345a",
            "１２３４５６",
            "+12345",
            "123456\0",
        ] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
        assert_eq!(read(&" ".repeat(65)), None);
        let letters = parse_letters("abcde-fgh23", super::super::recovery::ALPHABET, 10);
        assert_eq!(letters.as_deref().map(String::as_str), Some("ABCDEFGH23"));
        assert_eq!(
            parse_letters("abcde-fgh10", super::super::recovery::ALPHABET, 10),
            None
        );
    }
}
