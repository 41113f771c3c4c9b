//! Who is calling, as far as this server itself observed it.

use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{ACCEPT_LANGUAGE, USER_AGENT};
use http::{HeaderMap, HeaderName, Request};
use signet_authn::NetworkMap;
use signet_authn::kerberos::ChannelBinding;
use signet_model::{ActivityId, RequestContext};
use uuid::Uuid;

/// Longest header value that is kept.
const LONGEST: usize = 512;

/// The caller of one request.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) context: RequestContext,
    /// `Accept-Language`, cut.
    pub(crate) languages: String,
    /// Of the certificate that this very connection showed.
    pub(crate) channel_binding: Option<Arc<ChannelBinding>>,
}

/// Reads callers by the configured networks.
pub(crate) struct CallerReader {
    networks: NetworkMap,
}

impl CallerReader {
    pub(crate) fn new(networks: NetworkMap) -> Self {
        Self { networks }
    }

    /// Forwarded headers count only when the peer is a trusted proxy; from anyone else they are not even looked at.
    pub(crate) fn read<B>(
        &self,
        request: &Request<B>,
        peer: SocketAddr,
        activity: ActivityId,
    ) -> Caller {
        let headers = request.headers();
        let seen = self.networks.classify(
            peer.ip(),
            headers
                .get_all("x-forwarded-for")
                .iter()
                .map(|line| line.as_bytes()),
        );
        let from_proxy = seen.proxy.is_some();
        let context = RequestContext {
            activity,
            client_ip: seen.client_ip,
            forwarded_for: seen.forwarded_for,
            proxy: seen.proxy,
            location: seen.location,
            user_agent: headers
                .get(USER_AGENT)
                .and_then(|value| value.to_str().ok())
                .map(cut),
            client_application: from_proxy
                .then(|| text(headers, "x-ms-client-application"))
                .flatten(),
            endpoint_path: String::new(),
            client_request_id: client_request_id(request.uri().query(), headers),
        };
        Caller {
            context,
            languages: text(headers, ACCEPT_LANGUAGE.as_str()).unwrap_or_default(),
            channel_binding: request.extensions().get().cloned(),
        }
    }
}

/// The value of a header that came once, cut.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    let lines: Vec<&str> = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    (!lines.is_empty()).then(|| cut(&lines.join(", ")))
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// `client-request-id` of query or header, only when it is a GUID: anything else could be markup.
fn client_request_id(query: Option<&str>, headers: &HeaderMap) -> Option<String> {
    let from_query = query.and_then(|query| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "client-request-id")
            .map(|(_, value)| value.into_owned())
    });
    let given = from_query.or_else(|| text(headers, "client-request-id"))?;
    Uuid::parse_str(given.trim()).ok().map(|id| id.to_string())
}
