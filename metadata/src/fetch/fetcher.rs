//! The fetcher.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use tokio::time::timeout;
use url::Url;

use super::check_metadata_url;
use super::error::FetchError;
use super::lookup::{CheckedLookup, HostLookup};

/// The largest document, in bytes.
pub const LARGEST_DOCUMENT: usize = 10 * 1024 * 1024;
/// From the first name query to the last octet.
pub const LONGEST_FETCH: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(10);

/// A fetched document.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Its octets; whatever the content type says, they are read as metadata.
    pub body: Vec<u8>,
}

/// Fetches metadata under the rules of this room.
#[derive(Clone, Debug)]
pub struct Fetcher {
    client: Client,
    allow: Arc<[IpNet]>,
    longest: Duration,
}

impl Fetcher {
    /// A fetcher that trusts the operating system's certificate authorities and `more_authorities` (DER), resolves
    /// by `lookup`, and may reach the private networks in `allow` ([`super::is_forbidden_address`]).
    ///
    /// # Errors
    /// [`FetchError::NoAuthorities`] when there is nobody to trust.
    pub fn new(
        lookup: Arc<dyn HostLookup>,
        allow: &[IpNet],
        more_authorities: &[CertificateDer<'static>],
    ) -> Result<Self, FetchError> {
        let allow: Arc<[IpNet]> = allow.into();
        let checked = CheckedLookup {
            inner: lookup,
            allow: Arc::clone(&allow),
        };
        let client = Client::builder()
            .use_preconfigured_tls(tls(more_authorities)?)
            .https_only(true)
            .http1_only()
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .dns_resolver(Arc::new(checked))
            .connect_timeout(CONNECT)
            .pool_max_idle_per_host(0)
            .user_agent(concat!("Signet/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| FetchError::Connection(error.to_string()))?;
        Ok(Self {
            client,
            allow,
            longest: LONGEST_FETCH,
        })
    }

    /// With another limit on the whole time.
    pub fn within(mut self, longest: Duration) -> Self {
        self.longest = longest;
        self
    }

    /// Fetches `url`.
    ///
    /// # Errors
    /// [`FetchError`], one variant for each reason.
    pub async fn fetch(&self, url: &Url) -> Result<Fetched, FetchError> {
        check_metadata_url(url, &self.allow)?;
        let seconds = self.longest.as_secs();
        timeout(self.longest, self.fetch_unhurried(url))
            .await
            .map_err(|_| FetchError::TooSlow { seconds })?
    }

    async fn fetch_unhurried(&self, url: &Url) -> Result<Fetched, FetchError> {
        let request = self
            .client
            .get(url.clone())
            .header(ACCEPT, "application/samlmetadata+xml, text/xml, */*");
        let sent = request.header(ACCEPT_ENCODING, "identity").send().await;
        let mut response = sent.map_err(|error| refused(&error))?;
        check_answer(&response)?;
        let too_large = FetchError::TooLarge {
            limit: LARGEST_DOCUMENT,
        };
        if response
            .content_length()
            .is_some_and(|length| length > LARGEST_DOCUMENT as u64)
        {
            return Err(too_large);
        }
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| refused(&error))? {
            if body.len() + piece.len() > LARGEST_DOCUMENT {
                return Err(too_large);
            }
            body.extend_from_slice(&piece);
        }
        Ok(Fetched { body })
    }
}

fn check_answer(response: &Response) -> Result<(), FetchError> {
    let status = response.status();
    let header = |name| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    };
    let cut = |text: &str| text.chars().take(200).collect();
    if status.is_redirection() {
        return Err(FetchError::Redirect {
            status: status.as_u16(),
            location: cut(header(LOCATION)),
        });
    }
    if status != StatusCode::OK {
        return Err(FetchError::Status(status.as_u16()));
    }
    let encoding = header(CONTENT_ENCODING);
    if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity") {
        return Err(FetchError::Encoded(cut(encoding)));
    }
    Ok(())
}

/// The system's authorities and those given; TLS 1.2 and 1.3 by AWS-LC.
fn tls(more: &[CertificateDer<'static>]) -> Result<ClientConfig, FetchError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    roots.add_parsable_certificates(more.iter().cloned());
    if roots.is_empty() {
        let detail = system
            .errors
            .first()
            .map(ToString::to_string)
            .unwrap_or_default();
        return Err(FetchError::NoAuthorities(detail));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| FetchError::Connection(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Our own refusal comes back wrapped in the client's error: it is found again by its type.
fn refused(error: &reqwest::Error) -> FetchError {
    let mut cause = error.source();
    let mut last = error.to_string();
    while let Some(inner) = cause {
        if let Some(own) = inner.downcast_ref::<FetchError>() {
            return own.clone();
        }
        last = inner.to_string();
        cause = inner.source();
    }
    FetchError::Connection(last)
}
