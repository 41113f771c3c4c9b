//! From the certificates of a handshake to the account.

use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use signet_certs::client::revocation::RevocationCache;
use signet_certs::client::{
    Authorities, ClientCertificate, Judge, JudgedCertificate, JudgingPolicy, Refusal, search_values,
};
use signet_directory::{
    Account, AccountState, CertificateCandidate, CertificateSearch, Directories, Directory,
    DirectoryError, LoginName,
};
use signet_model::Sid;
use time::OffsetDateTime;

use super::failure::CertificateFailure;
use super::mapping::{MappedBy, MappingPolicy, MappingRefusal, decide};
use super::trust::{ConfiguredAuthorities, Refreshed, TrustSources};
use super::verified::{Possession, VerifiedCertificate};

/// User principal names of one certificate that are looked up.
const MOST_NAMES: usize = 4;

/// Verifies certificates and finds the accounts they belong to.
pub struct CertificateAuthenticator {
    pub(super) judge: Judge,
    pub(super) mapping: MappingPolicy,
    directories: Directories,
    trust: TrustSources,
}

impl CertificateAuthenticator {
    /// Begins with the configured authorities alone; call [`CertificateAuthenticator::refresh`] before the first sign-in.
    pub fn new(
        directories: Directories,
        configured: ConfiguredAuthorities,
        revocations: RevocationCache,
        judging: JudgingPolicy,
        mapping: MappingPolicy,
    ) -> Self {
        let trust = TrustSources::new(configured, &directories);
        let authorities = trust.authorities(&mut Refreshed::default());
        Self {
            judge: Judge::new(authorities, revocations, judging),
            mapping,
            directories,
            trust,
        }
    }

    /// Takes other configured authorities; in force from the next [`CertificateAuthenticator::refresh`] on.
    pub fn configure(&self, configured: ConfiguredAuthorities) {
        self.trust.configure(configured);
    }

    /// Reads the directories' NTAuth, AIA and root stores anew: at start, and every hour or so.
    pub async fn refresh(&self) -> Refreshed {
        let (authorities, refreshed) = self.trust.refresh(&self.directories).await;
        self.judge.set_authorities(authorities);
        refreshed
    }

    /// The authorities in force: their hints go into the handshake.
    pub fn authorities(&self) -> Arc<Authorities> {
        self.judge.authorities()
    }

    /// Verifies the certificate (the first of `chain`, as the client sent it) and finds its account.
    ///
    /// The sender has to have proved possession of the key, as `possession` says. To be called at every request: a kept
    /// connection says nothing about revocations since.
    ///
    /// # Errors
    /// [`CertificateFailure`]; each is a page of its own.
    pub async fn sign_in(
        &self,
        chain: &[CertificateDer<'_>],
        possession: Possession,
        now: OffsetDateTime,
    ) -> Result<VerifiedCertificate, CertificateFailure> {
        let judged = self.judge.judge(chain, now).await?;
        let (candidate, mapped_by) = self.load_owner(judged.certificate()).await?;
        self.check_counts_for(&candidate, &judged, chain).await?;
        let account = self.load_account(&candidate).await?;
        Ok(VerifiedCertificate::new(
            Arc::new(account),
            judged,
            mapped_by,
            possession,
        ))
    }

    /// The one account that the certificate belongs to.
    pub(super) async fn load_owner(
        &self,
        certificate: &ClientCertificate,
    ) -> Result<(CertificateCandidate, MappedBy), CertificateFailure> {
        let search = search(certificate);
        let mut candidates = Vec::new();
        // Every directory is asked: a certificate that fits in two of them belongs to nobody.
        for directory in self.directories.all() {
            match directory.find_by_certificate(&search).await {
                Ok(found) => candidates.extend(found),
                Err(DirectoryError::AmbiguousName { objects, .. }) => {
                    return Err(MappingRefusal::TwoAccounts { accounts: objects }.into());
                }
                Err(error) => return Err(CertificateFailure::Directory(error)),
            }
        }
        let (at, mapped_by) = decide(certificate, &candidates, self.mapping)?;
        let owner = candidates.into_iter().nth(at);
        let owner = owner.ok_or(MappingRefusal::NoAccount { note: None })?;
        Ok((owner, mapped_by))
    }

    /// Refuses a certificate that is good by another directory's authorities only: NTAuth of one forest says nothing about
    /// the people of another. Whether there was anything to compare: with one directory there is not.
    pub(super) async fn check_counts_for(
        &self,
        owner: &CertificateCandidate,
        judged: &JudgedCertificate,
        chain: &[CertificateDer<'_>],
    ) -> Result<bool, CertificateFailure> {
        let Some(authorities) = self.trust.of_directory(&owner.candidate.directory) else {
            return Ok(false);
        };
        let sent = chain.split_first().map_or(&[][..], |(_, sent)| sent);
        match self.judge.confirm(judged, sent, &authorities).await {
            Ok(()) => Ok(true),
            Err(
                refusal @ (Refusal::NotInNtAuth { .. }
                | Refusal::UnknownIssuer
                | Refusal::NoAuthorities),
            ) => Err(CertificateFailure::NotOfThisDirectory {
                account: owner.candidate.id,
                directory: owner.candidate.directory.to_string(),
                detail: refusal.to_string(),
            }),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// The account as it is now, free to sign in.
    pub(super) async fn load_account(
        &self,
        owner: &CertificateCandidate,
    ) -> Result<Account, CertificateFailure> {
        let found = &owner.candidate;
        let gone = || {
            CertificateFailure::Directory(DirectoryError::AccountChanged {
                directory: found.directory.to_string(),
                detail: format!("{} was found, and is gone", found.id),
            })
        };
        let directory: &Arc<dyn Directory> = self
            .directories
            .by_name(&found.directory)
            .ok_or_else(gone)?;
        let read = directory.read(found.id).await;
        let account = read
            .map_err(CertificateFailure::Directory)?
            .ok_or_else(gone)?;
        if account.sid != found.sid {
            return Err(gone());
        }
        check_state(&account)?;
        Ok(account)
    }
}

/// What Active Directory asks of an account at a smart card logon: the state of its password does not matter.
pub(super) fn check_state(account: &Account) -> Result<(), CertificateFailure> {
    let id = account.id;
    if !account.kind.may_sign_in() {
        return Err(CertificateFailure::NotAPerson(id));
    }
    match account.state {
        AccountState::Active | AccountState::MustChangePassword | AccountState::PasswordExpired => {
            Ok(())
        }
        AccountState::Disabled => Err(CertificateFailure::AccountDisabled(id)),
        AccountState::Expired => Err(CertificateFailure::AccountExpired(id)),
        _ => Err(CertificateFailure::AccountLocked(id)),
    }
}

/// All that the certificate says about whose it is.
fn search(certificate: &ClientCertificate) -> CertificateSearch {
    let said = &certificate.extensions;
    let names = said.user_principal_names.iter().take(MOST_NAMES);
    CertificateSearch {
        sid: said.sid.as_deref().and_then(Sid::parse),
        identities: search_values(certificate),
        names: names
            .filter_map(|upn| LoginName::parse(upn, None).ok())
            .filter(|name| matches!(name, LoginName::Upn { .. }))
            .collect(),
    }
}
