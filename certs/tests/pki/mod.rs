//! A small hierarchy as Active Directory's: root, issuing authority, an authority outside of NTAuth, a rogue of the same
//! name; cards of every kind; lists and a responder that can be told to misbehave. Made by rcgen, judged by others.

#![allow(dead_code, reason = "each test program uses its part")]
#![allow(missing_docs, reason = "a helper of tests")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of tests"
)]

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CrlDistributionPoint,
    CrlIssuingDistributionPoint, CrlScope, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, OtherNameValue,
    RevokedCertParams, SanType, SerialNumber, SigningKey as _,
};
use rustls_pki_types::CertificateDer;
use signet_certs::client::revocation::{
    CacheTiming, FetchFault, RevocationCache, RevocationSource,
};
use signet_certs::client::{Authorities, Judge, JudgingPolicy};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

pub(crate) const NOW: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);
pub(crate) const SID: &str = "S-1-5-21-1-2-3-1104";
pub(crate) const CRL: &str = "http://pki.corp.example/issuing.crl";
pub(crate) const ROOT_CRL: &str = "http://pki.corp.example/root.crl";
pub(crate) const OCSP: &str = "http://ocsp.corp.example/";

static SERIAL: AtomicU64 = AtomicU64::new(0x8000_0000_0000_1000);

/// An authority.
pub(crate) struct Authority {
    pub(crate) issuer: Issuer<'static, KeyPair>,
    pub(crate) certificate: CertificateDer<'static>,
    key: Vec<u8>,
    name: String,
}

impl Authority {
    pub(crate) fn new(
        name: &str,
        parent: Option<&Authority>,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        Self::with_key(name, parent, KeyPair::generate().unwrap(), change)
    }

    fn with_key(
        name: &str,
        parent: Option<&Authority>,
        key: KeyPair,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let mut params = params(name, "Authorities");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_after = NOW + Duration::days(3650);
        if parent.is_some() {
            params.crl_distribution_points = vec![point(ROOT_CRL)];
        }
        change(&mut params);
        let certificate = match parent {
            Some(parent) => params.signed_by(&key, &parent.issuer).unwrap(),
            None => params.self_signed(&key).unwrap(),
        };
        Self {
            certificate: certificate.der().clone(),
            key: key.serialize_der(),
            issuer: Issuer::new(params, key),
            name: name.to_owned(),
        }
    }

    /// The same authority with the same key and another certificate.
    pub(crate) fn renewed(
        &self,
        parent: Option<&Authority>,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        Self::with_key(&self.name, parent, self.key(), change)
    }

    pub(crate) fn key(&self) -> KeyPair {
        KeyPair::try_from(self.key.as_slice()).unwrap()
    }

    /// The same authority as one that may sign lists.
    pub(crate) fn signing_lists(&self) -> Self {
        let mut params = params(&self.name, "Authorities");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Self {
            issuer: Issuer::new(params, self.key()),
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            name: self.name.clone(),
        }
    }

    pub(crate) fn list(
        &self,
        revoked: &[&Card],
        change: impl FnOnce(&mut CertificateRevocationListParams),
    ) -> Vec<u8> {
        let mut params = CertificateRevocationListParams {
            this_update: NOW - Duration::hours(1),
            next_update: NOW + Duration::days(7),
            crl_number: SerialNumber::from(7),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(|card| revoked_params(card)).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        change(&mut params);
        params.signed_by(&self.issuer).unwrap().der().to_vec()
    }
}

fn revoked_params(card: &Card) -> RevokedCertParams {
    RevokedCertParams {
        serial_number: SerialNumber::from(card.serial.clone()),
        revocation_time: NOW - Duration::hours(2),
        reason_code: None,
        invalidity_date: None,
    }
}

pub(crate) fn scoped(url: &str, scope: Option<CrlScope>) -> CrlIssuingDistributionPoint {
    CrlIssuingDistributionPoint {
        distribution_point: point(url),
        scope,
    }
}

fn point(url: &str) -> CrlDistributionPoint {
    CrlDistributionPoint {
        uris: vec![url.to_owned()],
    }
}

fn params(name: &str, unit: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut dn = DistinguishedName::new();
    let domain = DnType::CustomDnType(vec![0, 9, 2342, 19200300, 100, 1, 25]);
    dn.push(domain, "corp");
    dn.push(DnType::OrganizationalUnitName, unit);
    dn.push(DnType::CommonName, name);
    params.distinguished_name = dn;
    params.not_before = NOW - Duration::days(2);
    params.not_after = NOW + Duration::days(365);
    params.serial_number = Some(SerialNumber::from(
        SERIAL
            .fetch_add(1, Ordering::Relaxed)
            .to_be_bytes()
            .to_vec(),
    ));
    params.use_authority_key_identifier_extension = true;
    params
}

/// A person's certificate and key.
#[derive(Clone)]
pub(crate) struct Card {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) key: Vec<u8>,
    pub(crate) serial: Vec<u8>,
}

/// What a card says; begins as a good one.
pub(crate) struct Wanted {
    pub(crate) name: &'static str,
    pub(crate) sid: Option<&'static str>,
    pub(crate) upn: Option<&'static str>,
    pub(crate) email: Option<&'static str>,
    pub(crate) purposes: Vec<ExtendedKeyUsagePurpose>,
    pub(crate) usages: Vec<KeyUsagePurpose>,
    pub(crate) valid: (OffsetDateTime, OffsetDateTime),
    pub(crate) crl: Option<&'static str>,
    pub(crate) ocsp: Option<&'static str>,
    pub(crate) extensions: Vec<CustomExtension>,
}

pub(crate) fn smartcard_logon() -> ExtendedKeyUsagePurpose {
    ExtendedKeyUsagePurpose::Other(vec![1, 3, 6, 1, 4, 1, 311, 20, 2, 2])
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            name: "Carla Card",
            sid: Some(SID),
            upn: Some("carla@corp.example"),
            email: Some("carla@example.com"),
            purposes: vec![ExtendedKeyUsagePurpose::ClientAuth, smartcard_logon()],
            usages: vec![KeyUsagePurpose::DigitalSignature],
            valid: (NOW - Duration::days(1), NOW + Duration::days(365)),
            crl: Some(CRL),
            ocsp: None,
            extensions: Vec::new(),
        }
    }
}

impl Wanted {
    pub(crate) fn issue(self, authority: &Authority) -> Card {
        let mut params = params(self.name, "Users");
        (params.not_before, params.not_after) = self.valid;
        params.extended_key_usages = self.purposes;
        params.key_usages = self.usages;
        params.is_ca = IsCa::ExplicitNoCa;
        params.crl_distribution_points = self.crl.map(point).into_iter().collect();
        if let Some(upn) = self.upn {
            let name = OtherNameValue::Utf8String(upn.to_owned());
            params.subject_alt_names.push(SanType::OtherName((
                vec![1, 3, 6, 1, 4, 1, 311, 20, 2, 3],
                name,
            )));
        }
        if let Some(email) = self.email {
            let email = Ia5String::try_from(email).unwrap();
            params.subject_alt_names.push(SanType::Rfc822Name(email));
        }
        if let Some(sid) = self.sid {
            params.custom_extensions.push(sid_extension(sid));
        }
        if let Some(url) = self.ocsp {
            let oid = [6, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 1];
            let access = tlv(0x30, &[oid.as_slice(), &tlv(0x86, url.as_bytes())].concat());
            params
                .custom_extensions
                .push(CustomExtension::from_oid_content(
                    &[1, 3, 6, 1, 5, 5, 7, 1, 1],
                    tlv(0x30, &access),
                ));
        }
        params.custom_extensions.extend(self.extensions);
        let key = KeyPair::generate().unwrap();
        let serial = params.serial_number.as_ref().unwrap().to_bytes();
        let certificate = params.signed_by(&key, &authority.issuer).unwrap();
        Card {
            certificate: certificate.der().clone(),
            key: key.serialize_der(),
            serial,
        }
    }
}

pub(crate) fn sid_extension(sid: &str) -> CustomExtension {
    let kind = [6, 10, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 25, 2, 1];
    let holder = tlv(0xa0, &tlv(4, sid.as_bytes()));
    let name = tlv(0xa0, &[kind.as_slice(), &holder].concat());
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 311, 25, 2], tlv(0x30, &name))
}

pub(crate) fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len();
    let head = match u8::try_from(length).unwrap_or(255) {
        short @ 0..128 => vec![tag, short],
        long if length < 256 => vec![tag, 0x81, long],
        _ => vec![
            tag,
            0x82,
            u8::try_from(length >> 8).unwrap(),
            (length & 255) as u8,
        ],
    };
    [head, value.to_vec()].concat()
}

/// The hierarchy.
pub(crate) struct Pki {
    pub(crate) root: Authority,
    pub(crate) issuing: Authority,
    /// Below the same root, not in NTAuth.
    pub(crate) outside: Authority,
    /// Of the issuing authority's name, with a key of its own, trusted by nobody.
    pub(crate) rogue: Authority,
    pub(crate) source: Arc<Source>,
}

impl Pki {
    pub(crate) fn new() -> Self {
        let root = Authority::new("Root", None, |_| {});
        let issuing = Authority::new("Issuing, 1", Some(&root), |_| {});
        let outside = Authority::new("Outside", Some(&root), |_| {});
        let rogue = Authority::new("Issuing, 1", None, |_| {});
        let source = Arc::new(Source::default());
        source.serve(ROOT_CRL, Ok(root.list(&[], |_| {})));
        source.serve(CRL, Ok(issuing.list(&[], |_| {})));
        Self {
            root,
            issuing,
            outside,
            rogue,
            source,
        }
    }

    pub(crate) fn authorities(&self) -> Authorities {
        Authorities::new(
            [self.root.certificate.as_ref()],
            [self.outside.certificate.as_ref()],
            [self.issuing.certificate.as_ref()],
        )
    }

    pub(crate) fn cache(&self) -> RevocationCache {
        let source: Arc<dyn RevocationSource> = Arc::clone(&self.source) as _;
        RevocationCache::new(source, CacheTiming::default())
    }

    pub(crate) fn judge(&self, policy: JudgingPolicy) -> Judge {
        Judge::new(self.authorities(), self.cache(), policy)
    }
}

type Served = Result<Vec<u8>, FetchFault>;
type Responder = Box<dyn Fn(&[u8]) -> Served + Send + Sync>;

/// Serves lists by address and asks one responder, and counts.
#[derive(Default)]
pub(crate) struct Source {
    lists: Mutex<HashMap<String, Served>>,
    responder: Mutex<Option<Responder>>,
    /// Responders take a question and never answer.
    pub(crate) hangs: AtomicBool,
    pub(crate) fetched: AtomicU32,
    asked: Mutex<Vec<String>>,
}

impl Source {
    pub(crate) fn serve(&self, url: &str, served: Served) {
        self.lists.lock().unwrap().insert(url.to_owned(), served);
    }

    pub(crate) fn respond(&self, responder: impl Fn(&[u8]) -> Served + Send + Sync + 'static) {
        *self.responder.lock().unwrap() = Some(Box::new(responder));
    }

    /// Every address that was asked, in order.
    pub(crate) fn addresses(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> u32 {
        self.fetched.load(Ordering::SeqCst)
    }
}

pub(crate) fn unreachable(url: &str) -> FetchFault {
    FetchFault::Connection {
        url: url.to_owned(),
        detail: "connection refused".to_owned(),
    }
}

#[async_trait]
impl RevocationSource for Source {
    fn check(&self, url: &str) -> Result<(), FetchFault> {
        if url.contains(".corp.example/") {
            return Ok(());
        }
        Err(FetchFault::HostNotListed {
            host: url.to_owned(),
        })
    }

    async fn list(&self, url: &str) -> Result<Vec<u8>, FetchFault> {
        self.fetched.fetch_add(1, Ordering::SeqCst);
        self.asked.lock().unwrap().push(url.to_owned());
        tokio::task::yield_now().await;
        let served = self.lists.lock().unwrap().get(url).cloned();
        served.unwrap_or_else(|| Err(unreachable(url)))
    }

    async fn ask(&self, url: &str, request: Vec<u8>) -> Result<Vec<u8>, FetchFault> {
        self.fetched.fetch_add(1, Ordering::SeqCst);
        self.asked.lock().unwrap().push(url.to_owned());
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        match &*self.responder.lock().unwrap() {
            Some(responder) => responder(&request),
            None => Err(unreachable(url)),
        }
    }
}

pub(crate) fn sign(key: &KeyPair, message: &[u8]) -> Vec<u8> {
    key.sign(message).unwrap()
}
