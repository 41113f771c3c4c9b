//! Security headers, on every answer.

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};

/// The policy of a page that posts nowhere but here.
const DEFAULT_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'";

/// Adds the headers that are missing; a handler's own `Content-Security-Policy` or `Cache-Control` stays.
///
/// `Cross-Origin-Opener-Policy` is left out on purpose: applications that sign people in through a pop-up
/// (MSAL does) keep a handle on that window, and the header would cut it for the rest of the window's life.
///
/// `Referrer-Policy` is `strict-origin` and not `no-referrer`, because with the latter browsers send `Origin: null` with our own forms.
/// No path and no query leaves with it.
pub(crate) fn add(headers: &mut HeaderMap) {
    let fixed: [(HeaderName, &'static str); 6] = [
        (
            STRICT_TRANSPORT_SECURITY,
            "max-age=31536000; includeSubDomains",
        ),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "strict-origin"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(DEFAULT_POLICY));
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

/// The policy of a page whose form may lead on to `origin`, another host of ours.
pub(crate) fn form_policy(origin: &str) -> String {
    DEFAULT_POLICY.replace(
        "form-action 'self'",
        &format!("form-action 'self' {origin}"),
    )
}

/// The policy of the page that posts a token.
pub(crate) fn token_post_policy(reply_to: &str) -> String {
    let target = post_targets(reply_to);
    format!(
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; form-action 'self'{target}; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    )
}

/// The policy of the sign-out page, which loads each partner's clean-up address in a frame and may post the answer to
/// the application that asked.
pub(crate) fn sign_out_policy(origins: &[String], posts_to: Option<&str>) -> String {
    let frames = if origins.is_empty() {
        "'none'".to_owned()
    } else {
        origins.join(" ")
    };
    let target = posts_to.map(post_targets).unwrap_or_default();
    format!(
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; form-action 'self'{target}; frame-src {frames}; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    )
}

/// What `form-action` names beside ourselves for a form that goes to `address`.
///
/// It names schemes and not only the address's origin, because Chromium also applies it to where the
/// partner redirects after the post, which only the partner knows. The form's address itself was compared with
/// the registered endpoints.
fn post_targets(address: &str) -> &'static str {
    if address.starts_with("http:") {
        " https: http:"
    } else {
        " https:"
    }
}
