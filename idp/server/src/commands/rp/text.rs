//! Text files as editors and shells write them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::commands::Failure;

/// Twice what a rule set may have: UTF-16 takes two octets where UTF-8 takes one.
const LARGEST: usize = 2 * 1024 * 1024;

/// The text of `file`: UTF-8 with or without a byte order mark, or UTF-16 with one, as Windows PowerShell's `>` writes it.
pub(super) fn read(file: &Path) -> Result<String, Failure> {
    let fault = |said: String| Failure(format!("{}: {said}", file.display()));
    let octets = octets(file, LARGEST)?;
    decode(&octets).ok_or_else(|| {
        fault(
            "not text in UTF-8, nor in UTF-16 with a byte order mark; save it as UTF-8 (in Windows PowerShell: … | Out-File -Encoding utf8 FILE)"
                .to_owned(),
        )
    })
}

/// What `file` holds, when that is `largest` octets at most; a device or a pipe is read no further than that.
pub(super) fn octets(file: &Path, largest: usize) -> Result<Vec<u8>, Failure> {
    let fault = |said: String| Failure(format!("{}: {said}", file.display()));
    let mut octets = Vec::new();
    File::open(file)
        .and_then(|opened| {
            let most = u64::try_from(largest).unwrap_or(u64::MAX);
            opened.take(most.saturating_add(1)).read_to_end(&mut octets)
        })
        .map_err(|error| fault(error.to_string()))?;
    if octets.len() > largest {
        let most = largest / (1024 * 1024);
        return Err(fault(format!(
            "larger than {most} MiB; is it the right file?"
        )));
    }
    Ok(octets)
}

fn decode(octets: &[u8]) -> Option<String> {
    let text = match octets {
        [0xef, 0xbb, 0xbf, rest @ ..] => std::str::from_utf8(rest).ok()?.to_owned(),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        plain => std::str::from_utf8(plain).ok()?.to_owned(),
    };
    // UTF-16 without its mark reads as UTF-8 with a NUL beside each letter.
    (!text.contains('\0')).then_some(text)
}

fn utf16(octets: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, rest) = octets.as_chunks::<2>();
    let units: Vec<_> = pairs.iter().map(|pair| unit(*pair)).collect();
    String::from_utf16(&units).ok().filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "=> issue(Type = \"ä\", Value = \"𝄞\");\r\n";

    fn units(mark: bool, octets: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let mark = mark.then_some(0xfeff);
        let all = mark.into_iter().chain(RULES.encode_utf16());
        all.flat_map(octets).collect()
    }

    #[test]
    fn every_encoding_that_windows_writes_with_its_mark_is_read() {
        let marked = [b"\xef\xbb\xbf", RULES.as_bytes()].concat();
        for octets in [
            RULES.as_bytes().to_vec(),
            marked,
            units(true, u16::to_le_bytes),
            units(true, u16::to_be_bytes),
        ] {
            assert_eq!(decode(&octets).as_deref(), Some(RULES));
        }
    }

    #[test]
    fn what_cannot_be_told_is_not_guessed() {
        let mut half = units(true, u16::to_le_bytes);
        half.pop();
        for octets in [
            half,
            units(false, u16::to_le_bytes),
            b"\xff\xfe\x00\xd8".to_vec(),
            b"Type = \"\xe4\"".to_vec(),
        ] {
            assert_eq!(decode(&octets), None, "{octets:?}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let missing = read(Path::new("/nowhere/rules.txt")).unwrap_err().0;
        assert!(missing.contains("/nowhere/rules.txt"), "{missing}");
        let endless = read(Path::new("/dev/zero")).unwrap_err().0;
        assert!(endless.contains("2 MiB"), "{endless}");
    }
}
