//! Whom certificates of people may come from.

use std::collections::HashSet;

use aws_lc_rs::digest::{SHA256, digest};
use rustls::DistinguishedName;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use webpki::{EndEntityCert, anchor_from_trusted_cert};

/// More authorities than any organisation has.
const MOST_AUTHORITIES: usize = 512;
const LARGEST_AUTHORITY: usize = 64 * 1024;

/// Roots, intermediates, and the set of authorities that may issue certificates for signing in (NTAuth).
///
/// Built anew when a file or the directory's stores change; judging borrows it.
pub struct Authorities {
    pub(super) anchors: Vec<TrustAnchor<'static>>,
    pub(super) roots: Vec<CertificateDer<'static>>,
    pub(super) intermediates: Vec<CertificateDer<'static>>,
    issuers: Vec<CertificateDer<'static>>,
    issuer_hashes: HashSet<[u8; 32]>,
    /// Certificates that were left out because they do not parse, or there were too many.
    pub left_out: usize,
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
        let anchors = roots.iter().filter_map(|root| {
            let anchor = anchor_from_trusted_cert(root).ok()?;
            Some(anchor.to_owned())
        });
        Self {
            anchors: anchors.collect(),
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

    /// The root behind an anchor that a path ended at.
    pub(super) fn root_of(&self, anchor: &TrustAnchor<'_>) -> Option<&CertificateDer<'static>> {
        let same = |one: &&TrustAnchor<'static>| {
            one.subject == anchor.subject
                && one.subject_public_key_info == anchor.subject_public_key_info
        };
        let found = self.anchors.iter().find(same)?;
        self.roots
            .iter()
            .find(|root| anchor_from_trusted_cert(root).is_ok_and(|one| one == *found))
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
