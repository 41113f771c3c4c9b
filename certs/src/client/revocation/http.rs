//! Fetches lists and answers over plain http, from listed hosts only.
//!
//! Plain http is what RFC 5280 section 8 and RFC 6960 appendix A expect: both are signed. An address comes out of a
//! certificate, so it is fetched only when an operator listed its host; nothing is followed, and no proxy is asked.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode};
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use url::Url;

use super::{FetchFault, LARGEST_ANSWER, LARGEST_LIST, RevocationSource};
use crate::error::CertError;

const CONNECT: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_secs(4);
const LIST: Duration = Duration::from_secs(8);
const AT_ONCE: usize = 16;

/// The hosts that are asked about revocations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedHosts(Vec<(String, u16)>);

/// A configured host that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not HOST or HOST:PORT")]
pub struct NotAHost(pub String);

impl ListedHosts {
    /// Each `HOST` (port 80) or `HOST:PORT`; an IPv6 address in brackets. Exact names, no wildcards.
    ///
    /// # Errors
    /// [`NotAHost`].
    pub fn parse<'a>(hosts: impl IntoIterator<Item = &'a str>) -> Result<Self, NotAHost> {
        let mut listed = Vec::new();
        for host in hosts {
            let wrong = || NotAHost(host.to_owned());
            let plain = !host.is_empty() && !host.contains(['/', '@', '?', '#', '\\', '*']);
            let url = Url::parse(&format!("http://{host}/")).map_err(|_| wrong())?;
            let name = url.host_str().filter(|_| plain).ok_or_else(wrong)?;
            listed.push((name.to_owned(), url.port_or_known_default().unwrap_or(80)));
        }
        Ok(Self(listed))
    }

    /// The address, when it is one that is fetched.
    fn check(&self, address: &str) -> Result<Url, FetchFault> {
        let not_http = || FetchFault::NotHttp(address.chars().take(200).collect());
        let url = Url::parse(address).map_err(|_| not_http())?;
        let bare = url.username().is_empty() && url.password().is_none();
        if url.scheme() != "http" || !bare {
            return Err(not_http());
        }
        let host = url.host_str().ok_or_else(not_http)?;
        let port = url.port_or_known_default().unwrap_or(80);
        let listed = self.0.iter().any(|(name, at)| name == host && *at == port);
        if !listed {
            return Err(FetchFault::HostNotListed {
                host: format!("{host}:{port}"),
            });
        }
        Ok(url)
    }
}

/// Fetches over http.
pub struct HttpSource {
    hosts: ListedHosts,
    client: Client,
    turns: Arc<Semaphore>,
}

impl HttpSource {
    /// Asks `hosts` and nobody else.
    ///
    /// # Errors
    /// [`CertError::TlsRefused`] when the HTTP client cannot be made.
    pub fn new(hosts: ListedHosts) -> Result<Self, CertError> {
        let refused = |error: String| CertError::TlsRefused(error);
        // Never used, for https is not spoken here; without it the client looks for a provider of its own.
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let no_tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| refused(error.to_string()))?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let client = Client::builder()
            .use_preconfigured_tls(no_tls)
            .http1_only()
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(CONNECT)
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("Signet/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| refused(error.to_string()))?;
        Ok(Self {
            hosts,
            client,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        })
    }

    async fn fetch(
        &self,
        request: RequestBuilder,
        url: &str,
        limit: usize,
        within: Duration,
    ) -> Result<Vec<u8>, FetchFault> {
        let slow = || FetchFault::TooSlow {
            url: url.to_owned(),
            seconds: within.as_secs(),
        };
        timeout(within, self.fetch_unhurried(request, url, limit))
            .await
            .map_err(|_| slow())?
    }

    async fn fetch_unhurried(
        &self,
        request: RequestBuilder,
        url: &str,
        limit: usize,
    ) -> Result<Vec<u8>, FetchFault> {
        let failed = |detail: String| FetchFault::Connection {
            url: url.to_owned(),
            detail,
        };
        let _turn = self
            .turns
            .acquire()
            .await
            .map_err(|error| failed(error.to_string()))?;
        let sent = request.header(ACCEPT_ENCODING, "identity").send().await;
        let mut response = sent.map_err(|error| failed(deepest(&error)))?;
        if response.status() != StatusCode::OK {
            return Err(FetchFault::Status {
                url: url.to_owned(),
                status: response.status().as_u16(),
            });
        }
        let too_large = || FetchFault::TooLarge {
            url: url.to_owned(),
            limit,
        };
        let announced = response.content_length().unwrap_or(0);
        if usize::try_from(announced).unwrap_or(usize::MAX) > limit {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(piece) = response
            .chunk()
            .await
            .map_err(|error| failed(deepest(&error)))?
        {
            if body.len() + piece.len() > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}

#[async_trait]
impl RevocationSource for HttpSource {
    fn check(&self, url: &str) -> Result<(), FetchFault> {
        self.hosts.check(url).map(drop)
    }

    async fn list(&self, url: &str) -> Result<Vec<u8>, FetchFault> {
        let checked = self.hosts.check(url)?;
        let request = self
            .client
            .get(checked)
            .header(ACCEPT, "application/pkix-crl, */*");
        self.fetch(request, url, LARGEST_LIST, LIST).await
    }

    async fn ask(&self, url: &str, request: Vec<u8>) -> Result<Vec<u8>, FetchFault> {
        let checked = self.hosts.check(url)?;
        // RFC 6960 appendix A.1: POST always works; a nonce makes caching by GET pointless.
        let request = self
            .client
            .post(checked)
            .header(CONTENT_TYPE, "application/ocsp-request")
            .header(ACCEPT, "application/ocsp-response")
            .body(request);
        self.fetch(request, url, LARGEST_ANSWER, ANSWER).await
    }
}

fn deepest(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(cause) = at.source() {
        at = cause;
    }
    at.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_hosts_are_asked() {
        let hosts = ListedHosts::parse(["pki.corp.example", "10.0.0.5:8080", "[fd00::1]"]).unwrap();
        for good in [
            "http://pki.corp.example/a.crl",
            "http://PKI.corp.example:80/a.crl",
            "http://10.0.0.5:8080/ocsp",
            "http://[fd00::1]/x",
        ] {
            assert!(hosts.check(good).is_ok(), "{good}");
        }
        for (wrong, listed) in [
            ("http://pki.corp.example:81/a.crl", true),
            ("http://10.0.0.5/ocsp", true),
            ("http://169.254.169.254/latest", true),
            ("http://pki.corp.example.evil.test/", true),
            ("http://pki.corp.example@evil.test/", false),
            ("https://pki.corp.example/", false),
            ("ldap:///CN=CA", false),
            ("file:///etc/passwd", false),
            ("", false),
        ] {
            let refused = hosts.check(wrong).unwrap_err();
            assert_eq!(
                matches!(refused, FetchFault::HostNotListed { .. }),
                listed,
                "{wrong}: {refused:?}"
            );
        }
        for wrong in ["", "a/b", "http://x", "a:b", "u@h", "*.corp.example"] {
            assert!(ListedHosts::parse([wrong]).is_err(), "{wrong:?}");
        }
    }
}
