//! From where a request came, as this server itself observed it.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::ids::ActivityId;

/// Inside or outside the company network. Only listeners and configured networks decide it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NetworkLocation {
    /// The address lies in a configured inside network and no proxy stood between.
    Inside,
    /// Anything else.
    Outside,
}

/// The circumstances of one request, for rules and audit.
///
/// Fields that a client can write (`user_agent`, `client_application`) are evidence of nothing;
/// forwarded addresses are present only when a trusted proxy said them.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// Correlation id.
    pub activity: ActivityId,
    /// Address of the person's machine: of the connection, or as the trusted proxy says.
    pub client_ip: IpAddr,
    /// Chain of forwarded addresses as the trusted proxy sent it; `None` without a trusted proxy.
    pub forwarded_for: Option<String>,
    /// Name of the trusted proxy the request passed; `None` when it came directly.
    pub proxy: Option<String>,
    /// Inside or outside.
    pub location: NetworkLocation,
    /// `User-Agent`, cut to 512 characters.
    pub user_agent: Option<String>,
    /// `X-MS-Client-Application`, only from a trusted proxy.
    pub client_application: Option<String>,
    /// The canonical path, such as `/adfs/ls/`.
    pub endpoint_path: String,
    /// The `client-request-id` of the caller when it is a GUID.
    pub client_request_id: Option<String>,
}
