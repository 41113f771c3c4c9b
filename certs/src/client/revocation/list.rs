//! A list of revoked certificates, verified when it is read.

use rustls_pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};
use webpki::{CertRevocationList, EndEntityCert, OwnedCertRevocationList};
use x509_parser::asn1_rs::FromDer;
use x509_parser::time::ASN1Time;

use super::super::certificate::ClientCertificate;
use super::super::der::{Element, INTEGER, Signed};
use super::LARGEST_LIST;
use super::signature::is_signed_by;

/// Clocks of authorities run ahead by no more.
pub(super) const CLOCK_SKEW: Duration = Duration::minutes(5);

/// A list whose signature is its authority's.
#[derive(Debug)]
pub struct RevocationList {
    list: CertRevocationList<'static>,
    scope: Scope,
    /// When it was made.
    pub this_update: OffsetDateTime,
    /// When it ends to be of use.
    pub next_update: OffsetDateTime,
}

/// What of a certificate decides whether a list speaks of it.
pub(in super::super) struct Holder<'a> {
    pub(in super::super) der: &'a CertificateDer<'static>,
    pub(in super::super) facts: &'a ClientCertificate,
}

/// Why a list is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListFault {
    /// Not a list, or of a kind that is not supported: delta, indirect, without next update, by reasons.
    #[error("it is not a complete list of revoked certificates: {0}")]
    Unreadable(String),
    /// Another authority's.
    #[error("it is the list of another authority")]
    AnotherIssuer,
    /// The signature does not belong to it, or is by an algorithm that is not taken (SHA-1).
    #[error("its signature is not the authority's")]
    BadSignature,
    /// The authority's certificate says that it signs no lists.
    #[error("the authority may not sign lists")]
    MayNotSign,
    /// Its time has not come.
    #[error("it is dated {0}")]
    FromTheFuture(OffsetDateTime),
    /// It is past its next update.
    #[error("it was to be renewed by {0}")]
    Stale(OffsetDateTime),
    /// It speaks of other certificates.
    #[error("it does not cover this certificate")]
    OutOfScope,
}

impl RevocationList {
    /// Reads `der` as the list of `issuer`. That may take a while: call it on a thread that may block.
    ///
    /// # Errors
    /// [`ListFault`].
    pub fn read(
        der: &[u8],
        issuer: &CertificateDer<'_>,
        now: OffsetDateTime,
    ) -> Result<Self, ListFault> {
        let unreadable = |what: &str| ListFault::Unreadable(what.to_owned());
        if der.len() > LARGEST_LIST {
            return Err(unreadable("too large"));
        }
        let signed = Signed::read(der).ok_or_else(|| unreadable("no signed list"))?;
        let dates = Dates::read(&signed).ok_or_else(|| unreadable("no dates"))?;
        let list = OwnedCertRevocationList::from_der(der)
            .map_err(|error| ListFault::Unreadable(error.to_string()))?;
        let list = CertRevocationList::from(list);
        let authority = EndEntityCert::try_from(issuer)
            .map_err(|error| ListFault::Unreadable(error.to_string()))?;
        if list.issuer() != authority.subject() {
            return Err(ListFault::AnotherIssuer);
        }
        // RFC 5280 section 6.3.3 (f): an authority with key usages needs the one for lists.
        let usage = ClientCertificate::read(issuer)
            .map_err(|error| ListFault::Unreadable(error.to_string()))?
            .extensions
            .key_usage;
        if usage.is_some_and(|usage| !usage.signs_lists) {
            return Err(ListFault::MayNotSign);
        }
        if !is_signed_by(&signed, issuer) {
            return Err(ListFault::BadSignature);
        }
        if dates.this_update > now + CLOCK_SKEW {
            return Err(ListFault::FromTheFuture(dates.this_update));
        }
        let scope = match list.issuing_distribution_point() {
            Some(point) => Scope::read(point).ok_or_else(|| unreadable("its scope"))?,
            None => Scope::default(),
        };
        Ok(Self {
            list,
            scope,
            this_update: dates.this_update,
            next_update: dates.next_update,
        })
    }

    /// Whether the list names `certificate` as revoked.
    pub(in super::super) fn revokes(
        &self,
        certificate: &Holder<'_>,
        now: OffsetDateTime,
    ) -> Result<bool, ListFault> {
        if now >= self.next_update {
            return Err(ListFault::Stale(self.next_update));
        }
        if !self.scope.covers(certificate.facts) {
            return Err(ListFault::OutOfScope);
        }
        let unreadable = |error: webpki::Error| ListFault::Unreadable(error.to_string());
        let parsed = EndEntityCert::try_from(certificate.der).map_err(unreadable)?;
        if parsed.issuer() != self.list.issuer() {
            return Err(ListFault::AnotherIssuer);
        }
        let found = self.list.find_serial(parsed.serial()).map_err(unreadable)?;
        Ok(found.is_some())
    }
}

struct Dates {
    this_update: OffsetDateTime,
    next_update: OffsetDateTime,
}

impl Dates {
    /// RFC 5280 section 5.1: version, signature, issuer, thisUpdate, nextUpdate, …
    fn read(signed: &Signed<'_>) -> Option<Self> {
        let mut rest = Element::only(signed.message)?.value;
        let mut next = || {
            let (element, after) = Element::first(rest)?;
            rest = after;
            Some(element)
        };
        let mut element = next()?;
        if element.is_universal(INTEGER) {
            element = next()?;
        }
        let (_algorithm, _issuer) = (element, next()?);
        let instant = |element: Element<'_>| {
            let (_, time) = ASN1Time::from_der(element.whole).ok()?;
            Some(time.to_datetime())
        };
        Some(Self {
            this_update: instant(next()?)?,
            next_update: instant(next()?)?,
        })
    }
}

/// RFC 5280 section 5.2.5. Indirect lists and lists by reasons never come so far: webpki refuses them.
#[derive(Debug, Default)]
struct Scope {
    addresses: Option<Vec<String>>,
    people_only: bool,
    authorities_only: bool,
    attributes_only: bool,
}

impl Scope {
    fn read(value: &[u8]) -> Option<Self> {
        let mut scope = Self::default();
        for field in Element::only(value)?.children(8)? {
            let is_true = field.value.first().is_some_and(|octet| *octet != 0);
            match field.context()? {
                0 => scope.addresses = Some(addresses(&field)?),
                1 => scope.people_only = is_true,
                2 => scope.authorities_only = is_true,
                5 => scope.attributes_only = is_true,
                // onlySomeReasons, indirectCRL: may be written out as false.
                3 | 4 if !is_true => {}
                _ => return None,
            }
        }
        Some(scope)
    }

    fn covers(&self, certificate: &ClientCertificate) -> bool {
        let is_authority = certificate.extensions.is_authority == Some(true);
        if self.attributes_only
            || (self.people_only && is_authority)
            || (self.authorities_only && !is_authority)
        {
            return false;
        }
        match &self.addresses {
            None => true,
            Some(addresses) => {
                let mut named = certificate.extensions.revocation_lists.iter();
                named.any(|one| addresses.contains(one))
            }
        }
    }
}

/// `[0] { [0] GeneralNames }`: the addresses among the names of a distribution point.
fn addresses(point: &Element<'_>) -> Option<Vec<String>> {
    let full_name = Element::only(point.value)?;
    if full_name.context() != Some(0) {
        // nameRelativeToCRLIssuer: nothing that a certificate's addresses could equal.
        return Some(Vec::new());
    }
    let names = full_name.children(64)?;
    let uris = names.iter().filter(|name| name.context() == Some(6));
    uris.map(|name| Some(std::str::from_utf8(name.value).ok()?.to_owned()))
        .collect()
}

/// Fuzz target: a list by nobody's key is never read as one.
pub fn fuzz_revocation_list(bytes: &[u8]) {
    let now = OffsetDateTime::UNIX_EPOCH;
    let dates = Signed::read(bytes).and_then(|signed| Dates::read(&signed));
    let scope = Scope::read(bytes);
    // A list is a sequence of three, a scope one of context tags: nothing is both.
    assert!(dates.is_none() || scope.is_none());
    let nobody = CertificateDer::from(bytes);
    assert!(RevocationList::read(bytes, &nobody, now).is_err());
}
