//! Which addresses a token may be posted to at all.

use url::Url;

/// Longer addresses are refused: browsers and proxies cut them.
const LONGEST: usize = 2048;

/// Why an address is no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointFault {
    /// Longer than 2048 octets.
    #[error("it is longer than 2048 characters")]
    TooLong,
    /// White space, control characters, quotes, a backslash or anything outside ASCII: two readers may understand
    /// two addresses.
    #[error("it holds characters that an address must write as %XX")]
    Characters,
    /// Not an absolute URL.
    #[error("it is not an absolute address")]
    NotAbsolute,
    /// `javascript:`, `data:`, `file:` and the like.
    #[error("its scheme is {0:?}, not https")]
    Scheme(String),
    /// `http:` without permission.
    #[error("it is plain http: anybody on the way reads the tokens")]
    PlainHttp,
    /// No host.
    #[error("it names no host")]
    NoHost,
    /// `https://user@host`.
    #[error("it holds a user name before the host")]
    UserInfo,
    /// `#…`: a posted form loses it.
    #[error("it has a fragment")]
    Fragment,
}

/// Refuses an address that tokens must not be sent to; `http` passes only with `allow_http`.
///
/// The address is compared and used later octet by octet as it stands, so anything that a parser would quietly
/// drop or rewrite (a tab inside `java\tscript:`, a backslash for a slash) is refused here.
///
/// # Errors
/// The first fault found.
pub fn check_endpoint(address: &str, allow_http: bool) -> Result<(), EndpointFault> {
    if address.len() > LONGEST {
        return Err(EndpointFault::TooLong);
    }
    let plain = |octet: u8| {
        octet.is_ascii_graphic()
            && !matches!(
                octet,
                b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'
            )
    };
    if !address.bytes().all(plain) {
        return Err(EndpointFault::Characters);
    }
    let url = Url::parse(address).map_err(|_| EndpointFault::NotAbsolute)?;
    match url.scheme() {
        "https" => {}
        "http" if allow_http => {}
        "http" => return Err(EndpointFault::PlainHttp),
        other => return Err(EndpointFault::Scheme(other.to_owned())),
    }
    // `https:host` and `https:/host` parse, but not everybody reads the same host from them.
    let authority = address.split_once("://").map_or("", |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or("");
    if authority.is_empty() || url.host_str().is_none_or(str::is_empty) {
        return Err(EndpointFault::NoHost);
    }
    if authority.contains('@') {
        return Err(EndpointFault::UserInfo);
    }
    if url.fragment().is_some() {
        return Err(EndpointFault::Fragment);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_saml_05_addresses_that_run_or_leak_are_refused() {
        use EndpointFault::*;
        let refused = |address: &str| check_endpoint(address, false).unwrap_err();
        assert_eq!(refused("javascript:alert(1)"), Scheme("javascript".into()));
        assert_eq!(
            refused("JavaScript://host/%0aalert(1)"),
            Scheme("javascript".into())
        );
        assert_eq!(refused("data:text/html,x"), Scheme("data".into()));
        assert_eq!(refused("file:///etc/passwd"), Scheme("file".into()));
        assert_eq!(refused("ldap://host/"), Scheme("ldap".into()));
        assert_eq!(refused("http://sp.example/acs"), PlainHttp);
        assert_eq!(refused("https://sp.example/acs#x"), Fragment);
        assert_eq!(refused("https://sp.example/acs#"), Fragment);
        assert_eq!(refused("https://sp.example@evil.test/acs"), UserInfo);
        assert_eq!(refused("https://@evil.test/acs"), UserInfo);
        assert_eq!(refused("https:sp.example/acs"), NoHost);
        assert_eq!(refused("https:///sp.example/acs"), NoHost);
        assert_eq!(refused("/acs"), NotAbsolute);
        assert_eq!(refused("//sp.example/acs"), NotAbsolute);
        assert_eq!(refused(""), NotAbsolute);
        for odd in [
            "java\nscript:alert(1)",
            "java\tscript:alert(1)",
            " https://sp.example/",
            "https://sp.example\\@evil.test/",
            "https://sp.example/a b",
            "https://sp.example/\u{e9}",
            "https://sp.example/\"onload=",
            "https://sp.example/\0",
        ] {
            assert_eq!(refused(odd), Characters, "{odd:?}");
        }
        assert_eq!(
            refused(&format!("https://sp.example/{}", "a".repeat(2048))),
            TooLong
        );
        check_endpoint("https://sp.example:8443/acs?a=b&c=%20", false).unwrap();
        check_endpoint("HTTPS://sp.example/acs", false).unwrap();
        check_endpoint("http://sp.example/acs", true).unwrap();
        assert_eq!(
            check_endpoint("javascript:x", true).unwrap_err(),
            Scheme("javascript".into())
        );
    }
}
