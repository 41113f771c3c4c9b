//! Style sheet and scripts, compiled in.

/// A static file.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Content type.
    pub content_type: &'static str,
    /// The text.
    pub text: &'static str,
}

/// The file served at a canonical path under `/adfs/portal`.
pub fn asset(path: &str) -> Option<Asset> {
    match path {
        "/adfs/portal/css/signet.css" => Some(Asset {
            content_type: "text/css; charset=utf-8",
            text: include_str!("../assets/signet.css"),
        }),
        "/adfs/portal/script/post.js" => Some(Asset {
            content_type: "text/javascript; charset=utf-8",
            text: include_str!("../assets/post.js"),
        }),
        "/adfs/portal/script/sign-in.js" => Some(Asset {
            content_type: "text/javascript; charset=utf-8",
            text: include_str!("../assets/sign-in.js"),
        }),
        "/adfs/portal/script/signed-out.js" => Some(Asset {
            content_type: "text/javascript; charset=utf-8",
            text: include_str!("../assets/signed-out.js"),
        }),
        "/adfs/portal/script/passkey.js" => Some(Asset {
            content_type: "text/javascript; charset=utf-8",
            text: include_str!("../assets/passkey.js"),
        }),
        "/adfs/portal/script/factor.js" => Some(Asset {
            content_type: "text/javascript; charset=utf-8",
            text: include_str!("../assets/factor.js"),
        }),
        _ => None,
    }
}
