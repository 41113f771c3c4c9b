//! The host that asks for certificates, as the web sees it: its names, its few paths, and what a client presented.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use rustls_pki_types::CertificateDer;
use signet_authn::certificate::Possession;
use signet_certs::Thumbprint;
use signet_certs::client::Unreadable;
use tracing::warn;

use super::caller::Caller;
use crate::config::HeaderTrust;

/// Headers in which proxies of all kinds pass certificates on. None of them reaches a handler.
const HEADERS: [&str; 8] = [
    "client-cert",
    "client-cert-chain",
    "x-ssl-client-cert",
    "x-arr-clientcert",
    "x-client-cert",
    "x-forwarded-client-cert",
    "x-forwarded-tls-client-cert",
    "x-ms-client-cert",
];

/// What that host answers on: the verdict, and what its pages look like. The probe is answered before.
const PATHS: [&str; 3] = [
    "/adfs/certauth",
    "/adfs/portal/css/brand.css",
    "/adfs/portal/css/signet.css",
];

/// The certificates of one request, and who saw that the sender holds the key.
#[derive(Clone, Debug)]
pub(crate) struct Presented {
    pub(crate) chain: Result<Arc<[CertificateDer<'static>]>, Unreadable>,
    pub(crate) possession: Possession,
}

/// What surrounds the certificate host.
pub(crate) struct CertificateFront {
    hosts: Vec<String>,
    trust: Option<HeaderTrust>,
}

/// The certificate headers of one request, taken out of it.
pub(crate) struct Forwarded(Vec<(&'static str, HeaderValue)>);

impl CertificateFront {
    /// `hosts` is what a Host header may say; `trust` is the header, and whom it is believed.
    pub(crate) fn new(hosts: Vec<String>, trust: Option<HeaderTrust>) -> Self {
        Self { hosts, trust }
    }

    /// What a Host header may say.
    pub(crate) fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// Whether anything is served at a canonical path.
    pub(crate) fn serves(canonical: &str) -> bool {
        PATHS.contains(&canonical)
    }

    /// Takes every certificate header out of a request.
    pub(crate) fn take_headers(headers: &mut HeaderMap) -> Forwarded {
        let mut taken = Vec::new();
        for name in HEADERS {
            if !headers.contains_key(name) {
                continue;
            }
            let values = headers.get_all(name).iter().cloned();
            taken.extend(values.map(|value| (name, value)));
            headers.remove(name);
        }
        Forwarded(taken)
    }

    /// What counts as presented: the handshake's certificates, or, from a listed proxy, the header's.
    pub(crate) fn presented(
        &self,
        sent: Arc<[CertificateDer<'static>]>,
        forwarded: Forwarded,
        caller: &Caller,
    ) -> Presented {
        let believed = self.trust.as_ref();
        let Some(trust) = believed.filter(|trust| is_believed(trust, &sent, &forwarded, caller))
        else {
            return Presented {
                chain: Ok(sent),
                possession: Possession::Handshake,
            };
        };
        let form = &trust.form;
        let name = form.header_name();
        let mut values = forwarded.0.iter().filter(|(header, _)| *header == name);
        let chain = match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some((_, value)), None) => form.read(value.as_bytes()),
            // One of the two was not written by the proxy.
            _ => Err(Unreadable::Header("once")),
        };
        Presented {
            chain: chain.map(|one| one.into_iter().collect()),
            possession: Possession::Proxy,
        }
    }
}

/// Whether the header of this connection counts.
fn is_believed(
    trust: &HeaderTrust,
    sent: &[CertificateDer<'_>],
    forwarded: &Forwarded,
    caller: &Caller,
) -> bool {
    // The name is that of the proxy whose address this connection has; nothing in the request can say it.
    let proxy = caller.context.proxy.as_ref();
    let Some(proxy) = proxy.filter(|proxy| trust.proxies.contains(proxy)) else {
        return false;
    };
    if trust.thumbprints.is_empty() {
        return true;
    }
    // The handshake proved that the other end holds the key of what it sent.
    let shown = sent.first().map(|own| Thumbprint::of(own));
    let enrolled = shown
        .as_ref()
        .is_some_and(|shown| trust.thumbprints.iter().any(|one| one == shown.sha256()));
    if !enrolled && !forwarded.0.is_empty() {
        let shown = shown.as_ref().map_or("none", Thumbprint::sha256);
        warn!(%proxy, shown, "a certificate header does not count: the connection does not show a certificate of header_proxy_thumbprints");
    }
    enrolled
}

#[cfg(test)]
mod tests {
    use super::*;
    use signet_authn::{NetworkMap, TrustedProxy};
    use signet_certs::client::header::HeaderForm;
    use signet_model::ActivityId;

    use crate::web::caller::CallerReader;

    fn presented(peer: &str, lines: &[(&'static str, &str)]) -> Presented {
        presented_to(Vec::new(), &[9], peer, lines)
    }

    fn presented_to(
        thumbprints: Vec<String>,
        own: &[u8],
        peer: &str,
        lines: &[(&'static str, &str)],
    ) -> Presented {
        let proxy = |name: &str, network: &str| TrustedProxy {
            name: name.into(),
            network: network.parse().unwrap(),
        };
        let map = NetworkMap::new(
            Vec::new(),
            vec![proxy("edge", "10.0.0.1/32"), proxy("other", "10.0.0.2/32")],
            false,
        );
        let front = CertificateFront::new(
            Vec::new(),
            Some(HeaderTrust {
                form: HeaderForm::ClientCert,
                proxies: vec!["edge".to_owned()],
                thumbprints,
            }),
        );
        let mut request = http::Request::new(());
        request
            .headers_mut()
            .append("x-ms-proxy", HeaderValue::from_static("edge"));
        for (name, value) in lines {
            let value = HeaderValue::from_str(value).unwrap();
            request.headers_mut().append(*name, value);
        }
        let caller = CallerReader::new(map).read(
            &request,
            format!("{peer}:1234").parse().unwrap(),
            ActivityId::random(),
        );
        let taken = CertificateFront::take_headers(request.headers_mut());
        for name in HEADERS {
            assert!(!request.headers().contains_key(name), "{name} is left");
        }
        let own = (!own.is_empty()).then(|| CertificateDer::from(own.to_vec()));
        front.presented(own.into_iter().collect(), taken, &caller)
    }

    #[test]
    fn sec_crt_12_an_enrolled_proxy_proves_who_it_is_in_its_own_handshake() {
        let header = ("client-cert", ":AQI=:");
        let enrolled = || {
            let mut of = [&[8][..], &[9]].map(|own| Thumbprint::of(own).sha256().to_owned());
            of.reverse();
            of.to_vec()
        };
        for own in [&[8][..], &[9]] {
            let believed = presented_to(enrolled(), own, "10.0.0.1", &[header]);
            assert_eq!(believed.possession, Possession::Proxy);
            let chain = believed.chain.unwrap();
            assert_eq!(chain[..], [CertificateDer::from(vec![1, 2])]);
        }
        // From its address with another certificate or none, and from elsewhere with the right one.
        for (own, peer) in [
            (&[7][..], "10.0.0.1"),
            (&[], "10.0.0.1"),
            (&[9], "10.0.0.2"),
            (&[9], "192.0.2.1"),
        ] {
            let other = presented_to(enrolled(), own, peer, &[header]);
            assert_eq!(other.possession, Possession::Handshake, "{peer}");
            let chain = other.chain.unwrap();
            assert_eq!(chain.first().map_or(&[][..], |one| one.as_ref()), own);
        }
    }

    #[test]
    fn sec_crt_08_a_header_counts_from_a_listed_proxy_alone() {
        let header = ("client-cert", ":AQI=:");
        let of_the_handshake = |one: &Presented| {
            one.possession == Possession::Handshake
                && one
                    .chain
                    .as_ref()
                    .is_ok_and(|chain| chain[..] == [CertificateDer::from(vec![9])])
        };
        for (peer, lines) in [
            ("192.0.2.1", &[header][..]),
            // A proxy whose forwarded addresses are believed, but not for certificates.
            ("10.0.0.2", &[header]),
            ("192.0.2.1", &[header, ("x-forwarded-for", "10.0.0.1")]),
            ("192.0.2.1", &[("x-arr-clientcert", "AQI=")]),
        ] {
            assert!(
                of_the_handshake(&presented(peer, lines)),
                "{peer} {lines:?}"
            );
        }
        let believed = presented("10.0.0.1", &[header]);
        assert_eq!(believed.possession, Possession::Proxy);
        assert_eq!(
            believed.chain.unwrap()[..],
            [CertificateDer::from(vec![1, 2])]
        );
        // Without the header nothing is presented: the handshake was the proxy's own.
        for lines in [
            &[][..],
            &[("client-cert", "")],
            &[("x-arr-clientcert", "AQI=")],
        ] {
            assert!(presented("10.0.0.1", lines).chain.unwrap().is_empty());
        }
        for lines in [&[header, header][..], &[("client-cert", "AQI=")]] {
            assert!(presented("10.0.0.1", lines).chain.is_err());
        }
    }
}
