//! `[certificate]`: signing in by smartcard or certificate, on a host of its own.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;
use signet_authn::certificate::MappingPolicy;
use signet_certs::client::header::HeaderForm;
use signet_certs::client::revocation::ListedHosts;
use signet_certs::client::{JudgingPolicy, Revocation};

use super::{Network, Service};

/// The section. That it is there switches the method on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CertificateConfig {
    /// The host that asks for certificates; `certauth.` and the service's host when absent, as AD FS has it.
    host: Option<String>,
    /// Further listeners on which every connection is asked for a certificate, such as `0.0.0.0:49443`.
    pub(crate) listen: Vec<SocketAddr>,
    /// The port in that host's URLs: that of the first further listener, else the service's, when absent.
    port: Option<u16>,
    /// PEM files of that host, when the main certificate does not cover it.
    pub(crate) tls_certificate: Option<PathBuf>,
    pub(crate) tls_key: Option<PathBuf>,
    /// `HOST` or `HOST:PORT` of revocation lists and OCSP responders; no other host is asked.
    pub(crate) revocation_hosts: Vec<String>,
    /// What to do when nobody can say whether a certificate was revoked.
    revocation: RevocationMode,
    /// Insist on the purpose smart card logon beside client authentication.
    smartcard_logon: bool,
    /// The cards open only by something their owners know, so a certificate is two factors.
    pub(crate) counts_as_two_factors: bool,
    /// Take weak values of `altSecurityIdentities`.
    weak_mappings: bool,
    /// Take the user principal name in a certificate for enough.
    upn_mapping: bool,
    /// PEM files: trusted roots, helpers for building a path, issuers beside those in the directory's NTAuth store.
    pub(crate) roots: Option<PathBuf>,
    pub(crate) intermediates: Option<PathBuf>,
    pub(crate) ntauth: Option<PathBuf>,
    /// Trust the roots that the directory publishes; when absent, only without `roots`.
    trust_directory_roots: Option<bool>,
    /// Tell browsers whose certificates to offer.
    pub(crate) ca_hints: bool,
    /// The header in which reverse proxies pass certificates on, and which of `[[network.proxy]]` may.
    header: Option<HeaderName>,
    header_proxies: Vec<String>,
    /// SHA-256 of the TLS client certificates by which these proxies prove who they are; none: their address is enough.
    header_proxy_thumbprints: Vec<String>,
}

/// From whom certificates in a header are believed.
#[derive(Clone, Debug)]
pub(crate) struct HeaderTrust {
    pub(crate) form: HeaderForm,
    /// Names of `[[network.proxy]]`.
    pub(crate) proxies: Vec<String>,
    /// SHA-256 of the proxies' own certificates in upper-case hex; none: their address is enough.
    pub(crate) thumbprints: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RevocationMode {
    #[default]
    Hard,
    Soft,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum HeaderName {
    ClientCert,
    XSslClientCert,
    XArrClientcert,
}

impl Default for CertificateConfig {
    fn default() -> Self {
        Self {
            host: None,
            listen: Vec::new(),
            port: None,
            tls_certificate: None,
            tls_key: None,
            revocation_hosts: Vec::new(),
            revocation: RevocationMode::default(),
            smartcard_logon: false,
            counts_as_two_factors: false,
            weak_mappings: false,
            upn_mapping: false,
            roots: None,
            intermediates: None,
            ntauth: None,
            trust_directory_roots: None,
            ca_hints: true,
            header: None,
            header_proxies: Vec::new(),
            header_proxy_thumbprints: Vec::new(),
        }
    }
}

impl CertificateConfig {
    /// The name of the host that asks for certificates.
    pub(crate) fn host(&self, service: &Service) -> String {
        self.host
            .clone()
            .unwrap_or_else(|| format!("certauth.{}", service.host))
    }

    /// The port in its URLs.
    pub(crate) fn port(&self, service: &Service) -> u16 {
        let listener = self.listen.first().map(SocketAddr::port);
        self.port.or(listener).unwrap_or(service.port)
    }

    /// `https://HOST` or `https://HOST:PORT`.
    pub(crate) fn origin(&self, service: &Service) -> String {
        match (self.host(service), self.port(service)) {
            (host, 443) => format!("https://{host}"),
            (host, port) => format!("https://{host}:{port}"),
        }
    }

    /// What a Host header on that host may say.
    pub(crate) fn host_headers(&self, service: &Service) -> Vec<String> {
        let (host, port) = (self.host(service), self.port(service));
        let mut said = vec![format!("{host}:{port}")];
        // The service's own name without a port is the main host.
        if host != service.host {
            said.push(host);
        }
        said
    }

    /// Whether handshakes are told apart by the name they ask for.
    pub(crate) fn by_name(&self, service: &Service) -> bool {
        self.host(service) != service.host
    }

    /// What is asked of a certificate.
    pub(crate) fn judging(&self) -> JudgingPolicy {
        JudgingPolicy {
            smartcard_logon: self.smartcard_logon,
            revocation: match self.revocation {
                RevocationMode::Hard => Revocation::HardFail,
                RevocationMode::Soft => Revocation::SoftFail,
            },
            ..JudgingPolicy::default()
        }
    }

    /// Which mappings beyond the strong ones are taken.
    pub(crate) fn mapping(&self) -> MappingPolicy {
        MappingPolicy {
            weak_identities: self.weak_mappings,
            user_principal_name: self.upn_mapping,
        }
    }

    /// Whether roots that the directory publishes are trusted.
    pub(crate) fn trusts_directory_roots(&self) -> bool {
        self.trust_directory_roots
            .unwrap_or_else(|| self.roots.is_none())
    }

    /// The header in which the named proxies pass certificates on.
    pub(crate) fn forwarded(&self) -> Option<HeaderTrust> {
        let form = match self.header? {
            HeaderName::ClientCert => HeaderForm::ClientCert,
            HeaderName::XSslClientCert => HeaderForm::UrlEncodedPem,
            HeaderName::XArrClientcert => HeaderForm::Base64,
        };
        let thumbprints = self.header_proxy_thumbprints.iter();
        Some(HeaderTrust {
            form,
            proxies: self.header_proxies.clone(),
            thumbprints: thumbprints.filter_map(|typed| sha256(typed)).collect(),
        })
    }

    /// What stands against the section, as text that follows its name.
    pub(super) fn check(&self, service: &Service, network: &Network) -> Result<(), String> {
        let host = self.host(service);
        if host != host.to_ascii_lowercase()
            || host.is_empty()
            || host.contains(['/', ':', ' '])
            || url::Host::parse(&host).is_err()
        {
            return Err(format!(
                "host = {host:?} is not a host name in lower case; write it without scheme, port and path"
            ));
        }
        if host == service.host && self.listen.is_empty() {
            return Err(format!(
                "host = {host:?} is the service's own; give `listen` a port that asks for certificates, such as 0.0.0.0:49443, or leave host out"
            ));
        }
        if host == service.host && self.port(service) == service.port {
            return Err(format!(
                "port {} is the service's own, and so is the host; certificates need one or the other for themselves",
                service.port
            ));
        }
        if host == service.host && self.tls_certificate.is_some() {
            return Err("tls_certificate is for a host of its own; the service's own host has that of [tls]".to_owned());
        }
        if self.tls_certificate.is_some() != self.tls_key.is_some() {
            return Err("tls_certificate and tls_key belong together".to_owned());
        }
        ListedHosts::parse(self.revocation_hosts.iter().map(String::as_str))
            .map_err(|error| format!("revocation_hosts: {error}"))?;
        if self.header.is_some() == self.header_proxies.is_empty() {
            return Err("header and header_proxies belong together: a header is believed from the named proxies only".to_owned());
        }
        if self.header.is_none() && !self.header_proxy_thumbprints.is_empty() {
            return Err("header_proxy_thumbprints belongs to header and header_proxies".to_owned());
        }
        for typed in &self.header_proxy_thumbprints {
            if sha256(typed).is_none() {
                return Err(format!(
                    "header_proxy_thumbprints: {typed:?} is no SHA-256 of a certificate; openssl x509 -in FILE -noout -fingerprint -sha256 prints it"
                ));
            }
        }
        for name in &self.header_proxies {
            if !network.proxies.iter().any(|proxy| proxy.name == *name) {
                return Err(format!(
                    "header_proxies: {name:?} is no [[network.proxy]]; name it there with its addresses"
                ));
            }
        }
        Ok(())
    }

    /// Every file, to be made relative to the configuration's.
    pub(super) fn files(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        [
            &mut self.tls_certificate,
            &mut self.tls_key,
            &mut self.roots,
            &mut self.intermediates,
            &mut self.ntauth,
        ]
        .into_iter()
        .flatten()
    }
}

/// A thumbprint as tools print it, with or without colons, in the one form that is compared: 64 digits, upper case.
fn sha256(typed: &str) -> Option<String> {
    let bare: String = typed.chars().filter(|one| *one != ':').collect();
    let digits = bare.chars().all(|one| one.is_ascii_hexdigit());
    (bare.len() == 64 && digits).then(|| bare.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    const GOOD: &str = "[service]\nhost = \"sts.contoso.com\"\n[listen]\nhttps = [\"127.0.0.1:8443\"]\n[tls]\ncertificate = \"tls.pem\"\nkey = \"tls.key\"\n[store]\nurl = \"sqlite://signet.db\"\nmaster_key = \"master.key\"\n[[network.proxy]]\nname = \"edge\"\nnetwork = \"10.0.0.1/32\"\n";

    fn origin(section: &str) -> Result<(String, Vec<String>), String> {
        let config = Config::parse(&format!("{GOOD}[certificate]\n{section}\n"), "f")
            .map_err(|error| error.to_string())?;
        let section = config.certificate.unwrap();
        Ok((
            section.origin(&config.service),
            section.host_headers(&config.service),
        ))
    }

    #[test]
    fn the_host_and_its_port() {
        let (url, hosts) = origin("").unwrap();
        assert_eq!(url, "https://certauth.sts.contoso.com");
        assert_eq!(
            hosts,
            ["certauth.sts.contoso.com:443", "certauth.sts.contoso.com"]
        );
        let (url, hosts) =
            origin("host = \"sts.contoso.com\"\nlisten = [\"0.0.0.0:49443\"]").unwrap();
        assert_eq!(url, "https://sts.contoso.com:49443");
        assert_eq!(hosts, ["sts.contoso.com:49443"]);
        let (url, _) = origin("listen = [\"0.0.0.0:8444\"]\nport = 49443").unwrap();
        assert_eq!(url, "https://certauth.sts.contoso.com:49443");
    }

    #[test]
    fn sec_cfg_06_contradictions_are_named() {
        for (section, said) in [
            ("host = \"sts.contoso.com\"", "listen"),
            (
                "host = \"sts.contoso.com\"\nlisten = [\"0.0.0.0:1\"]\nport = 443",
                "port 443",
            ),
            ("host = \"https://x/\"", "host name"),
            ("host = \"Certauth.contoso.com\"", "lower case"),
            ("tls_key = \"a\"", "tls_certificate"),
            ("revocation = \"never\"", "line 15: unknown variant `never`"),
            ("revocation_hosts = [\"http://x/\"]", "revocation_hosts"),
            ("header = \"client-cert\"", "header_proxies"),
            ("header_proxies = [\"edge\"]", "header_proxies"),
            (
                "header = \"x-arr-clientcert\"\nheader_proxies = [\"other\"]",
                "\"other\"",
            ),
            ("header_proxy_thumbprints = [\"aa\"]", "belongs to header"),
            (
                "header = \"x-arr-clientcert\"\nheader_proxies = [\"edge\"]\nheader_proxy_thumbprints = [\"231D634A611AC6F3288355A3D60F224967691AF0\"]",
                "no SHA-256",
            ),
            ("header = \"x-other\"", "line"),
            ("roots_file = \"a\"", "roots_file"),
        ] {
            let error = origin(section).unwrap_err();
            assert!(error.contains(said), "{section}: {error}");
        }
        assert!(origin("header = \"x-arr-clientcert\"\nheader_proxies = [\"edge\"]").is_ok());
    }

    #[test]
    fn thumbprints_are_taken_as_tools_print_them() {
        let wanted = "0A".repeat(32);
        let with_colons = vec!["0a"; 32].join(":");
        for typed in [&wanted, &wanted.to_lowercase(), &with_colons] {
            assert_eq!(super::sha256(typed).as_ref(), Some(&wanted), "{typed}");
        }
        for wrong in [
            "",
            "sha256",
            &wanted[1..],
            &"0g".repeat(32),
            &"é".repeat(32),
        ] {
            assert_eq!(super::sha256(wrong), None, "{wrong}");
        }
    }
}
