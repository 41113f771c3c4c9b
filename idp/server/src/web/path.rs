//! One canonicaliser of paths: what it returns is what is routed and what access rules see.
//!
//! AD FS paths match in any letter case, with and without the last slash. Everything that could make
//! two components read one path differently is refused instead of repaired.

/// Longest path that is looked at, in octets.
const LONGEST: usize = 512;

/// The canonical form: lower case, no last slash (the root is `/`).
/// `None` for anything with an escape, an empty or dot segment, a backslash, a `;` or a control character.
pub(crate) fn canonical(path: &str) -> Option<String> {
    if path.len() > LONGEST || !path.starts_with('/') {
        return None;
    }
    let plain = path
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'_'));
    if !plain {
        return None;
    }
    let trimmed = path.strip_suffix('/').unwrap_or(path);
    if trimmed.is_empty() {
        return Some("/".to_owned());
    }
    let segments_are_plain = trimmed
        .split('/')
        .skip(1)
        .all(|segment| !segment.is_empty() && segment != "." && segment != "..");
    segments_are_plain.then(|| trimmed.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn sec_web_08_one_form_for_routing_and_access() {
        for spelling in ["/adfs/ls", "/adfs/ls/", "/ADFS/LS", "/Adfs/Ls/"] {
            assert_eq!(
                canonical(spelling).as_deref(),
                Some("/adfs/ls"),
                "{spelling}"
            );
        }
        assert_eq!(canonical("/").as_deref(), Some("/"));
        assert_eq!(
            canonical("/FederationMetadata/2007-06/FederationMetadata.xml").as_deref(),
            Some("/federationmetadata/2007-06/federationmetadata.xml")
        );
        for refused in [
            "//adfs/ls",
            "/adfs//ls",
            "/adfs/%6cs",
            "/adfs/ls/..;/admin",
            "/adfs/%2e%2e/x",
            "/adfs/./ls",
            "/adfs/../ls",
            "/adfs\\ls",
            "",
            "adfs",
            "/adfs/ls\u{0}",
            "/adfs/ls;x",
            "/adfs/ls//",
            "/ädfs",
        ] {
            assert_eq!(canonical(refused), None, "{refused}");
        }
        assert_eq!(canonical(&format!("/{}", "a".repeat(600))), None);
    }

    #[test]
    fn canonical_is_idempotent() {
        for path in ["/adfs/ls/", "/A.b-C_d/", "/"] {
            let once = canonical(path).unwrap();
            assert_eq!(canonical(&once).as_deref(), Some(once.as_str()));
        }
    }
}
