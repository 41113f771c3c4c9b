//! Reading and writing this service's cookies.
//!
//! Every cookie is `__Host-`: Secure, HttpOnly, Path=/, no Domain, so that no sibling host can set it.
//! A name that arrives twice is refused: one of the two is not ours.

use http::HeaderMap;
use http::header::COOKIE;

/// The session id.
pub(crate) const SESSION: &str = "__Host-signet-session";
/// Binds sign-in forms to the browser they were shown in.
pub(crate) const BROWSER: &str = "__Host-signet-browser";

/// Longest `Cookie` header that is looked at, in octets over all header lines.
const LONGEST: usize = 16 * 1024;

/// The value of cookie `name`; `None` when absent, sent twice with different values, or not 16 to 128 URL-safe characters.
pub(crate) fn read<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut found = None;
    let mut seen = 0usize;
    for line in headers.get_all(COOKIE) {
        let line = line.as_bytes();
        seen = seen.saturating_add(line.len());
        if seen > LONGEST {
            return None;
        }
        for pair in line.split(|octet| *octet == b';') {
            // A sibling host may set what it likes for the whole domain: that is skipped, and shuts nobody out.
            let pair = std::str::from_utf8(pair).unwrap_or_default().trim();
            let Some((key, value)) = pair.split_once('=') else {
                continue;
            };
            if key == name {
                match found {
                    Some(earlier) if earlier != value => return None,
                    _ => found = Some(value),
                }
            }
        }
    }
    found.filter(|value| {
        (16..=128).contains(&value.len())
            && value
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    })
}

/// A `Set-Cookie` value; `max_age` in seconds makes it outlive the browser.
pub(crate) fn write(name: &str, value: &str, max_age: Option<i64>) -> String {
    let age = max_age
        .map(|seconds| format!("; Max-Age={seconds}"))
        .unwrap_or_default();
    format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}")
}

/// A `Set-Cookie` value that removes the cookie.
pub(crate) fn remove(name: &str) -> String {
    format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for line in lines {
            map.append(COOKIE, HeaderValue::from_str(line).unwrap());
        }
        map
    }

    #[test]
    fn sec_ses_03_two_cookies_of_one_name_are_refused() {
        let one = "0123456789abcdef0123";
        let two = "fedcba98765432100000";
        assert_eq!(
            read(&headers(&[&format!("a=b; {SESSION}={one}")]), SESSION),
            Some(one)
        );
        assert_eq!(
            read(
                &headers(&[&format!("{SESSION}={one}; {SESSION}={two}")]),
                SESSION
            ),
            None
        );
        assert_eq!(
            read(
                &headers(&[&format!("{SESSION}={one}"), &format!("{SESSION}={two}")]),
                SESSION
            ),
            None
        );
        assert_eq!(
            read(
                &headers(&[&format!("{SESSION}={}", "x".repeat(200))]),
                SESSION
            ),
            None
        );
        assert_eq!(
            read(
                &headers(&[&format!("x={}; {SESSION}={one}", "y".repeat(17000))]),
                SESSION
            ),
            None
        );
        assert_eq!(read(&headers(&[]), SESSION), None);
    }

    #[test]
    fn what_a_sibling_host_sets_shuts_nobody_out() {
        let one = "0123456789abcdef0123";
        let mut map = HeaderMap::new();
        let line = [
            b"theirs=\xff\xfe; ".as_slice(),
            SESSION.as_bytes(),
            b"=",
            one.as_bytes(),
        ];
        map.append(COOKIE, HeaderValue::from_bytes(&line.concat()).unwrap());
        assert_eq!(read(&map, SESSION), Some(one));
    }

    #[test]
    fn sec_ses_02_cookie_attributes() {
        let cookie = write(SESSION, "v", None);
        for part in [
            "__Host-",
            "; Path=/",
            "; Secure",
            "; HttpOnly",
            "; SameSite=Lax",
        ] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert!(!cookie.contains("Domain") && !cookie.contains("Max-Age"));
        assert!(write(SESSION, "v", Some(60)).contains("; Max-Age=60"));
    }
}
