//! The proof that somebody is there, and who.

use std::sync::Arc;

use signet_directory::{Account, AccountState};
use signet_model::{AccountId, Culprit, Evidence, MessagePair, Method, NetworkLocation, Performed};
use thiserror::Error;
use time::OffsetDateTime;

use crate::certificate::VerifiedCertificate;
use crate::factors::SecondFactorProof;
use crate::kerberos::KerberosProof;
use crate::seal::StoredEvidence;

/// A person who was authenticated, and how.
///
/// Without one nothing is issued. Only a right password makes one, a proof of this room ([`AuthenticatedUser::by_ticket`],
/// [`AuthenticatedUser::by_certificate`]), or a session whose evidence was sealed here ([`AuthenticatedUser::resume`]).
#[derive(Clone, Debug)]
pub struct AuthenticatedUser {
    account: Arc<Account>,
    evidence: Evidence,
    persistent: bool,
    since: OffsetDateTime,
    resumed: bool,
}

impl AuthenticatedUser {
    pub(crate) fn fresh(account: Arc<Account>, evidence: Evidence, now: OffsetDateTime) -> Self {
        Self {
            account,
            evidence,
            persistent: false,
            since: now,
            resumed: false,
        }
    }

    /// The holder of a Kerberos ticket.
    pub fn by_ticket(proof: &KerberosProof, location: NetworkLocation) -> Self {
        let performed = Performed {
            method: Method::Kerberos,
            at: proof.at(),
        };
        let evidence = Evidence::begin(performed, location);
        Self::fresh(Arc::clone(proof.account()), evidence, proof.at())
    }

    /// The owner of a certificate. `as_card` says that the operator's policy takes it for a card that opens only by
    /// something its owner knows, so that it counts as two factors.
    pub fn by_certificate(
        verified: &VerifiedCertificate,
        as_card: bool,
        location: NetworkLocation,
    ) -> Self {
        let mut evidence = Evidence::begin(certificate_performed(verified, as_card), location);
        evidence.keep_certificate(certificate_claims(verified));
        Self::fresh(Arc::clone(verified.account()), evidence, verified.at())
    }

    /// The same person, after a second factor.
    ///
    /// # Errors
    /// [`AnotherPerson`]: the factor is somebody else's (PWD-13).
    pub fn with_second_factor(mut self, proof: &SecondFactorProof) -> Result<Self, AnotherPerson> {
        self.check_is(proof.account())?;
        self.evidence.add(Performed {
            method: proof.kind().method(),
            at: proof.at(),
        });
        Ok(self)
    }

    /// The same person, after a certificate in addition.
    ///
    /// # Errors
    /// [`AnotherPerson`]: it is somebody else's.
    pub fn with_certificate(
        mut self,
        verified: &VerifiedCertificate,
        as_card: bool,
    ) -> Result<Self, AnotherPerson> {
        self.check_is(verified.account().id)?;
        if verified.account().sid != self.account.sid {
            return Err(AnotherPerson {
                signed_in: self.account.id,
                showed: verified.account().id,
            });
        }
        self.evidence.add(certificate_performed(verified, as_card));
        self.evidence.keep_certificate(certificate_claims(verified));
        Ok(self)
    }

    /// The same person, with the factors of the session that these credentials replace; somebody else's are left behind.
    #[must_use]
    pub fn with_earlier(mut self, earlier: &Self) -> Self {
        if earlier.account.id == self.account.id && earlier.account.sid == self.account.sid {
            self.evidence.carry_over(&earlier.evidence);
        }
        self
    }

    /// The same person, without added factors that are older than `limit`.
    #[must_use]
    pub fn forgetting_factors_before(mut self, limit: OffsetDateTime) -> Self {
        self.evidence.forget_added_before(limit);
        self
    }

    fn check_is(&self, account: AccountId) -> Result<(), AnotherPerson> {
        if self.account.id == account {
            return Ok(());
        }
        Err(AnotherPerson {
            signed_in: self.account.id,
            showed: account,
        })
    }

    /// The person behind a stored session, with the account as the directory describes it now.
    ///
    /// `stored` is the proof that the session row is authentic. What the sign-in form would refuse, a session refuses too: a
    /// disabled, expired or locked account, a password that must be changed (AD-11, SES-06). So does a
    /// password that was set after the session's own sign-in, so that changing it ends old sessions.
    ///
    /// # Errors
    /// [`NotResumed`]: the session has to be ended, and the person asked for credentials.
    pub fn resume(stored: StoredEvidence, account: Arc<Account>) -> Result<Self, NotResumed> {
        let StoredEvidence {
            account: stored_account,
            sid,
            evidence,
            persistent,
            since,
            password_last_set,
        } = stored;
        if stored_account != account.id || sid != account.sid {
            return Err(NotResumed::AnotherAccount);
        }
        if !account.kind.may_sign_in() {
            return Err(NotResumed::NotAPerson);
        }
        if !may_go_on(&account, &evidence) {
            return Err(NotResumed::Account(account.state));
        }
        if account.password_last_set != password_last_set {
            return Err(NotResumed::PasswordChanged);
        }
        Ok(Self {
            account,
            evidence,
            persistent,
            since,
            resumed: true,
        })
    }

    /// The account, as the directory described it at [`Account::read_at`].
    pub fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// Every method performed, each with its time, and from where.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// Whether the person asked to be kept signed in.
    pub fn persistent(&self) -> bool {
        self.persistent
    }

    /// When the session began: the first sign-in, not the latest request.
    pub fn signed_in_at(&self) -> OffsetDateTime {
        self.since
    }

    /// Whether this comes from a stored session rather than from credentials given just now.
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// The same person, with the wish to be kept signed in as the form said it.
    #[must_use]
    pub fn kept_signed_in(mut self, persistent: bool) -> Self {
        self.persistent = persistent;
        self
    }
}

/// Whether an account in this state may be signed in with this evidence. A password that has to be changed stops those
/// who used it, not the holder of a card (Active Directory does the same at a smart card logon).
pub fn may_go_on(account: &Account, evidence: &Evidence) -> bool {
    let by_password = || {
        evidence
            .performed()
            .any(|performed| matches!(performed.method, Method::Password | Method::Kerberos))
    };
    match account.state {
        AccountState::Active => true,
        AccountState::MustChangePassword | AccountState::PasswordExpired => !by_password(),
        _ => false,
    }
}

fn certificate_performed(verified: &VerifiedCertificate, as_card: bool) -> Performed {
    Performed {
        method: if as_card {
            Method::Smartcard
        } else {
            Method::Certificate
        },
        at: verified.at(),
    }
}

fn certificate_claims(verified: &VerifiedCertificate) -> Vec<(String, String)> {
    let context = verified.context();
    let claims = context.claims().iter();
    claims
        .map(|claim| (claim.claim_type.clone(), claim.value.clone()))
        .collect()
}

/// A factor of somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{signed_in} signed in, and the factor shown is that of {showed}")]
pub struct AnotherPerson {
    signed_in: AccountId,
    showed: AccountId,
}

impl AnotherPerson {
    /// The two faces of this error.
    pub fn message(&self) -> MessagePair {
        MessagePair {
            code: "SIG-AUTHN-ANOTHER-PERSON",
            culprit: Culprit::User,
            public: "That second factor belongs to another account than the one you signed in with.",
            hint: "Use your own, or sign out and sign in with the account it belongs to.",
            private: self.to_string(),
        }
    }
}

/// Why a session does not stand for its person any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotResumed {
    /// The account given is not the session's.
    #[error("the session belongs to another account")]
    AnotherAccount,
    /// The account is a computer, a trust, or another that may not sign in.
    #[error("the account may not sign in interactively")]
    NotAPerson,
    /// The account may not sign in now.
    #[error("the account is not active: {0:?}")]
    Account(AccountState),
    /// The password was set after the session began.
    #[error("the password was changed after the session began")]
    PasswordChanged,
}

impl NotResumed {
    /// The two faces of this error.
    pub fn message(&self) -> MessagePair {
        MessagePair {
            code: "SIG-AUTHN-SESSION-ENDED",
            culprit: Culprit::User,
            public: "You have to sign in again.",
            hint: "Your account or your password changed after you signed in.",
            private: self.to_string(),
        }
    }
}
