//! One address below another, where both browsers and servers can read the address in only one way.

use url::Url;

const LONGEST: usize = 2048;

/// Whether `wanted` has the origin of `registered` and lies at or below its path, at a segment boundary.
///
/// `wanted` must be its own normal form (WHATWG URL): what the parser would have to mend (capitals in the host,
/// the scheme's own port, backslashes, tabs, dot segments, names outside ASCII) is refused, and so are user
/// information, fragments and escapes that some server reads as a dot, a slash, a percent sign or a control.
pub fn is_below(wanted: &str, registered: &str) -> bool {
    if wanted.len() > LONGEST || !wanted.is_ascii() {
        return false;
    }
    let (Ok(asked), Ok(known)) = (Url::parse(wanted), Url::parse(registered)) else {
        return false;
    };
    asked.as_str() == wanted
        && is_plain(&asked)
        && is_plain(&known)
        && known.query().is_none()
        && asked.scheme() == known.scheme()
        && asked.host_str() == known.host_str()
        && asked.port() == known.port()
        && path_is_below(asked.path(), known.path())
}

fn is_plain(url: &Url) -> bool {
    matches!(url.scheme(), "https" | "http")
        && url.host_str().is_some_and(|host| !host.is_empty())
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
        && !has_second_reading(url.path())
}

/// Segments that one server takes literally and another resolves.
fn has_second_reading(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let escape = |code: &str| lower.contains(code);
    // Escaped controls are %00 to %1f and %7f.
    escape("%2e")
        || escape("%2f")
        || escape("%5c")
        || escape("%25")
        || escape("%0")
        || escape("%1")
        || escape("%7f")
        || has_broken_escape(path)
        || lower.contains('\\')
        || lower.contains("//")
        // "..;x" is ".." to servers that strip path parameters.
        || lower.split('/').any(|segment| {
            matches!(segment.split(';').next(), Some("." | ".."))
        })
}

/// A percent sign without two hexadecimal digits: servers differ in what they make of it.
fn has_broken_escape(path: &str) -> bool {
    path.split('%')
        .skip(1)
        .any(|after| after.bytes().take(2).filter(u8::is_ascii_hexdigit).count() != 2)
}

fn path_is_below(asked: &str, known: &str) -> bool {
    match asked.strip_prefix(known) {
        Some("") => true,
        Some(rest) => known.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

/// Why no token may be sent to a registered address, whatever registered it; `None` when it may.
pub fn unsafe_because(address: &str, allow_http: bool) -> Option<&'static str> {
    if address.len() > LONGEST {
        return Some("it is too long");
    }
    let Ok(url) = Url::parse(address) else {
        return Some("it is not a URL");
    };
    match url.scheme() {
        "https" => {}
        "http" if allow_http => {}
        "http" => return Some("plain http is not allowed for this relying party"),
        _ => return Some("it is not a web address"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("it has a user name or password in it");
    }
    if url.fragment().is_some() {
        return Some("it has a fragment");
    }
    if address
        .bytes()
        .any(|octet| octet.is_ascii_control() || octet == b'\\' || octet == b' ')
    {
        return Some("it has a backslash, a space or a control character in it");
    }
    None
}
