//! What a directory knows of certificates: who they belong to, and who may issue them.

use signet_model::Sid;
use time::{Date, Month, OffsetDateTime, Time};

use crate::account::Candidate;
use crate::entry::Entry;
use crate::error::DirectoryError;
use crate::login_name::LoginName;

/// The most accounts that one certificate is compared with.
pub(crate) const MOST_CANDIDATES: usize = 8;
/// The most objects that publish authorities.
pub(crate) const MOST_PUBLISHED: usize = 500;
/// Values of `altSecurityIdentities` that are looked at.
const MOST_IDENTITIES: usize = 1000;

/// Which accounts a certificate may belong to: those that have the SID, one of the identities, or the UPN.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateSearch {
    /// objectSid, as the certificate's extension says it.
    pub sid: Option<Sid>,
    /// Values of `altSecurityIdentities`, compared as the directory compares them: whole and without case.
    pub identities: Vec<String>,
    /// User principal names of the certificate.
    pub names: Vec<LoginName>,
}

/// An account that a certificate may belong to; whether it does is for the caller to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateCandidate {
    /// The account.
    pub candidate: Candidate,
    /// All values of its `altSecurityIdentities`.
    pub identities: Vec<String>,
    /// Which of the names searched for are its own, by their place: its userPrincipalName, or its sAMAccountName at the
    /// domain's own name.
    pub answers_to: Vec<usize>,
    /// whenCreated.
    pub created: Option<OffsetDateTime>,
}

/// The certificates that the forest publishes under `CN=Public Key Services`, each in DER form, unjudged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublishedAuthorities {
    /// `CN=NTAuthCertificates`: who may issue certificates for signing in.
    pub ntauth: Vec<Vec<u8>>,
    /// `CN=Certification Authorities`: roots.
    pub roots: Vec<Vec<u8>>,
    /// `CN=AIA`: intermediates.
    pub intermediates: Vec<Vec<u8>>,
}

impl PublishedAuthorities {
    /// Takes the certificates of an object in, when it lies in one of the three containers.
    pub(crate) fn take(&mut self, entry: &Entry) {
        let name = entry.dn.to_lowercase();
        let place = if name.starts_with("cn=ntauthcertificates,cn=public key services,cn=services,")
        {
            &mut self.ntauth
        } else if name.contains(",cn=certification authorities,cn=public key services,cn=services,")
        {
            &mut self.roots
        } else if name.contains(",cn=aia,cn=public key services,cn=services,") {
            &mut self.intermediates
        } else {
            return;
        };
        // Containers are made with a single zero octet where a certificate is mandatory but there is none.
        let values = entry.values("cacertificate").iter();
        place.extend(values.filter(|value| value.len() > 1).cloned());
    }
}

/// The values of `altSecurityIdentities` that are text.
pub(crate) fn identities(entry: &Entry) -> Vec<String> {
    let values = entry.values("altsecurityidentities").iter();
    values
        .take(MOST_IDENTITIES)
        .filter_map(|value| String::from_utf8(value.clone()).ok())
        .collect()
}

/// Whether a name is the account's own, letter for letter but for case.
pub(crate) fn answers_to(candidate: &Candidate, name: &LoginName, by_account_name: bool) -> bool {
    let same = |have: &str, wanted: &str| have.to_lowercase() == wanted.to_lowercase();
    match name {
        LoginName::Upn { user, .. } => {
            let upn = candidate.upn.as_deref();
            upn.is_some_and(|upn| same(upn, &name.text()))
                || (by_account_name && same(&candidate.sam, user))
        }
        LoginName::DownLevel { sam, .. } => same(&candidate.sam, sam),
    }
}

/// More accounts claim one certificate than anybody means.
pub(crate) fn too_many(directory: &str, found: &[CertificateCandidate]) -> DirectoryError {
    let ids: Vec<String> = found
        .iter()
        .map(|one| one.candidate.id.to_string())
        .collect();
    DirectoryError::AmbiguousName {
        directory: directory.to_owned(),
        name: "the certificate".to_owned(),
        objects: format!("{}, and more", ids.join(", ")),
    }
}

/// whenCreated: GeneralizedTime in UTC, `20260102030405.0Z` (MS-ADTS 3.1.1.2.2.2.11).
pub(crate) fn created(entry: &Entry) -> Option<OffsetDateTime> {
    generalized_time(entry.text("whencreated")?)
}

/// GeneralizedTime in UTC as the directory writes it; its fraction of a second is always zero.
pub(crate) fn generalized_time(text: &str) -> Option<OffsetDateTime> {
    if !text.ends_with('Z') {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u8>().ok();
    let year = text.get(..4)?.parse().ok()?;
    let month = Month::try_from(number(4, 6)?).ok()?;
    let date = Date::from_calendar_date(year, month, number(6, 8)?).ok()?;
    let time = Time::from_hms(number(8, 10)?, number(10, 12)?, number(12, 14)?).ok()?;
    Some(date.with_time(time).assume_utc())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn times_of_creation_are_read() {
        let read = |text: &str| {
            let mut entry = Entry::new(String::new());
            entry.add("whenCreated", text.as_bytes().to_vec());
            created(&entry)
        };
        assert_eq!(
            read("20260102030405.0Z"),
            Some(datetime!(2026-01-02 03:04:05 UTC))
        );
        for wrong in [
            "",
            "2026",
            "20261302030405.0Z",
            "20260102030405.0",
            "žžžžžžžžZ",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn authorities_are_told_by_their_place() {
        let mut published = PublishedAuthorities::default();
        let services = "CN=Public Key Services,CN=Services,CN=Configuration,DC=corp,DC=example";
        for (dn, value) in [
            (format!("CN=NTAuthCertificates,{services}"), vec![1, 1]),
            (
                format!("CN=Root,CN=Certification Authorities,{services}"),
                vec![2, 2],
            ),
            (format!("cn=Issuing,cn=aia,{services}"), vec![3, 3]),
            (
                format!("CN=Issuing,CN=Enrollment Services,{services}"),
                vec![4, 4],
            ),
            (format!("CN=Empty,CN=AIA,{services}"), vec![0]),
            // A person's object may bear any name.
            (
                "CN=NTAuthCertificates,OU=Users,DC=corp,DC=example".to_owned(),
                vec![5, 5],
            ),
        ] {
            let mut entry = Entry::new(dn);
            entry.add("cACertificate", value);
            published.take(&entry);
        }
        assert_eq!(published.ntauth, [[1, 1]]);
        assert_eq!(published.roots, [[2, 2]]);
        assert_eq!(published.intermediates, [[3, 3]]);
    }
}
