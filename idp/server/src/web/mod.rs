//! The web side that knows no sign-in: listeners, TLS, paths, cookies, headers, who is calling.

pub(crate) mod agents;
pub(crate) mod answer;
pub(crate) mod browser;
pub(crate) mod caller;
pub(crate) mod certificate;
pub(crate) mod cookies;
pub(crate) mod headers;
pub(crate) mod listen;
pub(crate) mod outlive;
pub(crate) mod path;
pub(crate) mod tls;
