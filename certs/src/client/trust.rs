//! Whom certificates of people may come from.

use std::collections::HashSet;

use aws_lc_rs::digest::{SHA256, digest};
use rustls::DistinguishedName;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use time::OffsetDateTime;
use webpki::{EndEntityCert, anchor_from_trusted_cert};

use crate::facts::CertificateFacts;

/// More authorities than any organisation has.
const MOST_AUTHORITIES: usize = 512;
const LARGEST_AUTHORITY: usize = 64 * 1024;

/// Roots, intermediates, and the set of authorities that may issue certificates for signing in (NTAuth).
///
/// Built anew when a file or the directory's stores change; judging borrows it.
pub struct Authorities {
    pub(super) anchors: Vec<TrustAnchor<'static>>,
    /// One for each anchor, in the same order.
    roots: Vec<Root>,
    pub(super) intermediates: Vec<CertificateDer<'static>>,
    issuers: Vec<CertificateDer<'static>>,
    issuer_hashes: HashSet<[u8; 32]>,
    /// Certificates that were left out because they do not parse, or there were too many.
    pub left_out: usize,
}

/// A trusted root, and when it is one.
pub(super) struct Root {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) subject: String,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
}

impl Root {
    pub(super) fn is_in_time(&self, now: OffsetDateTime) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }
}

impl Authorities {
    /// All in DER form: `roots` end a path, `intermediates` help to build one, and the direct issuer of every accepted
    /// certificate is, whole, one of `ntauth`. Members of `ntauth` also help to build the path.
    pub fn new<'a>(
        roots: impl IntoIterator<Item = &'a [u8]>,
        intermediates: impl IntoIterator<Item = &'a [u8]>,
        ntauth: impl IntoIterator<Item = &'a [u8]>,
    ) -> Self {
        let mut left_out = 0;
        let roots = usable(roots, &mut left_out);
        let issuers = usable(ntauth, &mut left_out);
        let mut intermediates = usable(intermediates, &mut left_out);
        for issuer in &issuers {
            if !intermediates.contains(issuer) {
                intermediates.push(issuer.clone());
            }
        }
        intermediates.retain(|one| !roots.contains(one));
        let mut anchored = (Vec::new(), Vec::new());
        for certificate in roots {
            let anchor = anchor_from_trusted_cert(&certificate).map(|anchor| anchor.to_owned());
            let (Ok(anchor), Ok(facts)) = (anchor, CertificateFacts::read(&certificate)) else {
                left_out += 1;
                continue;
            };
            anchored.0.push(anchor);
            anchored.1.push(Root {
                certificate,
                subject: facts.subject,
                not_before: facts.not_before,
                not_after: facts.not_after,
            });
        }
        let (anchors, roots) = anchored;
        Self {
            anchors,
            issuer_hashes: issuers.iter().map(|one| sha256(one)).collect(),
            roots,
            intermediates,
            issuers,
            left_out,
        }
    }

    /// Whether nobody can be accepted: no root, or an empty NTAuth set.
    pub fn is_empty(&self) -> bool {
        self.roots.is_empty() || self.issuers.is_empty()
    }

    /// Whether `certificate` (DER) is in the NTAuth set: the whole certificate, not its name or key.
    pub fn may_issue(&self, certificate: &[u8]) -> bool {
        self.issuer_hashes.contains(&sha256(certificate))
    }

    /// The subjects of the NTAuth set, for the handshake's hints.
    pub fn hints(&self) -> Vec<DistinguishedName> {
        let subjects = self.issuers.iter().filter_map(|issuer| {
            let parsed = EndEntityCert::try_from(issuer).ok()?;
            Some(DistinguishedName::in_sequence(parsed.subject()))
        });
        subjects.collect()
    }

    /// The root behind an anchor that a path ended at. A root that was renewed with its key is there twice: the one that
    /// is in its time is taken, and among such a member of the NTAuth set where `as_issuer` asks for one.
    pub(super) fn root_of(
        &self,
        anchor: &TrustAnchor<'_>,
        as_issuer: bool,
        now: OffsetDateTime,
    ) -> Option<&Root> {
        let behind = self.anchors.iter().zip(&self.roots);
        behind
            // Name constraints too: a path was verified by those of this anchor.
            .filter(|(one, _)| *one == anchor)
            .map(|(_, root)| root)
            .max_by_key(|root| {
                (
                    root.is_in_time(now),
                    as_issuer && self.may_issue(&root.certificate),
                )
            })
    }
}

fn usable<'a>(
    certificates: impl IntoIterator<Item = &'a [u8]>,
    left_out: &mut usize,
) -> Vec<CertificateDer<'static>> {
    let mut kept: Vec<CertificateDer<'static>> = Vec::new();
    for der in certificates {
        let certificate = CertificateDer::from(der.to_vec());
        let parses =
            der.len() <= LARGEST_AUTHORITY && anchor_from_trusted_cert(&certificate).is_ok();
        if !parses || kept.len() == MOST_AUTHORITIES {
            *left_out += 1;
        } else if !kept.contains(&certificate) {
            kept.push(certificate);
        }
    }
    kept
}

fn sha256(octets: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(digest(&SHA256, octets).as_ref()) {
        *to = *from;
    }
    out
}
