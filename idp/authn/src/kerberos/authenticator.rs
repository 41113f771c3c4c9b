//! Signing in with a Kerberos ticket.

use std::sync::Arc;
use std::time::Duration as StdDuration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use signet_directory::{Account, AccountState, Directories, Directory, LoginName};
use signet_gssapi::{Accepted, check_library};
use signet_model::Sid;
use time::{Duration, OffsetDateTime};

use super::accept::Acceptor;
use super::binding::{ChannelBinding, ExtendedProtection};
use super::header::NegotiateToken;
use super::keytab_watch::{Unusable, WatchedKeytab};
use super::pac::{BadPac, PacFacts};
use super::pool::Pool;
use super::principal::Principal;
use super::proof::{KerberosProof, KerberosSignIn};
use super::refusal::KerberosRefusal;
use super::replay::ReplayLedger;
use super::settings::{KerberosSettings, KerberosSetupError};

/// The greatest difference of clocks that can be set.
const MOST_SKEW: StdDuration = StdDuration::from_secs(3600);
const MOST_AT_ONCE: usize = 256;
const MOST_QUEUE: usize = 4096;

/// Accepts Kerberos tickets.
#[derive(Clone)]
pub struct KerberosAuthenticator {
    parts: Arc<Parts>,
}

struct Parts {
    acceptor: Arc<Acceptor>,
    pool: Pool,
    directories: Directories,
    /// Empty: every directory's.
    realms: Vec<String>,
    ledger: Arc<dyn ReplayLedger>,
    protection: ExtendedProtection,
    require_pac: bool,
    skew: Duration,
}

impl KerberosAuthenticator {
    /// Opens the library and every key table; blocks.
    ///
    /// # Errors
    /// [`KerberosSetupError`]: then sign in by the form, and tell the operator.
    pub fn start(
        settings: KerberosSettings,
        directories: Directories,
        ledger: Arc<dyn ReplayLedger>,
    ) -> Result<Self, KerberosSetupError> {
        check_settings(&settings, &directories)?;
        check_library().map_err(KerberosSetupError::Library)?;
        let acceptor = Acceptor {
            keytabs: settings
                .keytabs
                .into_iter()
                .map(|path| WatchedKeytab::new(path, settings.replay_cache.clone()))
                .collect(),
            allowed_seconds: settings.clock_skew.as_secs(),
        };
        acceptor.load().map_err(|unusable| match unusable {
            Unusable::File(fault) => KerberosSetupError::Keytab(fault),
            Unusable::Library(error) => KerberosSetupError::Library(error),
        })?;
        let skew = i64::try_from(settings.clock_skew.as_secs()).unwrap_or(i64::MAX);
        Ok(Self {
            parts: Arc::new(Parts {
                acceptor: Arc::new(acceptor),
                pool: Pool::new(settings.at_once, settings.queue, settings.deadline),
                directories,
                realms: settings.realms,
                ledger,
                protection: settings.extended_protection,
                require_pac: settings.require_pac,
                skew: Duration::seconds(skew),
            }),
        })
    }

    /// Signs somebody in by the value of an `Authorization` header.
    ///
    /// `channel` is the binding of the certificate that this connection's TLS showed, wherever that ends; it is
    /// needed unless extended protection is none. Nothing is kept between two calls: one header is one sign-in.
    ///
    /// # Errors
    /// [`KerberosRefusal`]; show the form.
    pub async fn sign_in(
        &self,
        authorization: &[u8],
        channel: Option<&ChannelBinding>,
        now: OffsetDateTime,
    ) -> Result<KerberosSignIn, KerberosRefusal> {
        let token = NegotiateToken::parse(authorization)?;
        self.parts.sign_in(token, channel, now).await
    }
}

/// Longer than any ticket lives; Active Directory's default is ten hours.
const LONGEST_TICKET: Duration = Duration::days(7);

impl Parts {
    async fn sign_in(
        &self,
        token: NegotiateToken,
        channel: Option<&ChannelBinding>,
        now: OffsetDateTime,
    ) -> Result<KerberosSignIn, KerberosRefusal> {
        let binding = self.own_binding(channel)?;
        let key = token.request.authenticator_hash();
        let acceptor = Arc::clone(&self.acceptor);
        let work = move || {
            let mut accepted = acceptor.accept(&token, binding.as_ref(), now)?;
            accepted.reply = token.framed(&accepted.reply);
            Ok::<_, KerberosRefusal>(accepted)
        };
        let accepted = self.pool.run(work).await??;
        self.check_binding(&accepted)?;
        let principal = self.check_principal(&accepted)?;
        let directory = self.directory_of(&principal, &accepted.principal)?;
        // For as long as the ticket lives, not only for as long as clocks may differ: that the library goes by is `clockskew` in
        // a `krb5.conf` of the machine, which may say anything.
        let ticket = Duration::seconds(i64::from(accepted.seconds_left)).min(LONGEST_TICKET);
        let remembered = now + ticket.max(self.skew * 2);
        if !self.ledger.remember_once(&key, remembered, now).await? {
            return Err(KerberosRefusal::Replay {
                seen_by: "this or another node",
            });
        }
        let account = self.load_account(directory, &principal, &accepted).await?;
        check_account(&account, &accepted.principal)?;
        let reply = (!accepted.reply.is_empty())
            .then(|| format!("Negotiate {}", STANDARD.encode(&accepted.reply)));
        Ok(KerberosSignIn {
            www_authenticate: reply,
            proof: KerberosProof {
                account: Arc::new(account),
                channel_bound: accepted.channel_bound(),
                ticket_ends: now + Duration::seconds(i64::from(accepted.seconds_left)) - self.skew,
                principal: accepted.principal,
                at: now,
            },
        })
    }

    fn own_binding(
        &self,
        channel: Option<&ChannelBinding>,
    ) -> Result<Option<ChannelBinding>, KerberosRefusal> {
        match (self.protection, channel) {
            (ExtendedProtection::None, _) => Ok(None),
            (_, Some(channel)) => Ok(Some(channel.clone())),
            (_, None) => Err(KerberosRefusal::OwnBindingUnknown),
        }
    }

    /// The library takes a client without bindings, so what is required is asked for here. A client that gave
    /// wrong ones, or gave none though it says that it knows of them, the library has refused already.
    fn check_binding(&self, accepted: &Accepted) -> Result<(), KerberosRefusal> {
        if self.protection == ExtendedProtection::Require && !accepted.channel_bound() {
            return Err(KerberosRefusal::BindingMissing);
        }
        Ok(())
    }

    fn check_principal(&self, accepted: &Accepted) -> Result<Principal, KerberosRefusal> {
        let nobody = || KerberosRefusal::NoPrincipal {
            principal: accepted.principal.clone(),
        };
        if accepted.anonymous() {
            return Err(nobody());
        }
        let principal = Principal::parse(&accepted.principal).ok_or_else(nobody)?;
        if principal.is_machine() {
            return Err(KerberosRefusal::NotAPerson {
                principal: accepted.principal.clone(),
            });
        }
        Ok(principal)
    }

    /// A realm's people are looked for in that realm's own directory, and nowhere else: a realm that is trusted
    /// cannot name somebody of another.
    fn directory_of(
        &self,
        principal: &Principal,
        text: &str,
    ) -> Result<&Arc<dyn Directory>, KerberosRefusal> {
        let realm = &principal.realm;
        let listed = self.realms.is_empty()
            || self
                .realms
                .iter()
                .any(|allowed| allowed.eq_ignore_ascii_case(realm));
        let directory = self.directories.by_name(realm);
        directory
            .filter(|_| listed)
            .ok_or_else(|| KerberosRefusal::ForeignRealm {
                principal: text.to_owned(),
                realm: realm.clone(),
            })
    }

    async fn load_account(
        &self,
        directory: &Arc<dyn Directory>,
        principal: &Principal,
        accepted: &Accepted,
    ) -> Result<Account, KerberosRefusal> {
        let text = || accepted.principal.clone();
        let sid = pac_sid(accepted)?;
        let candidate = match &sid {
            Some(sid) => directory.find_by_sid(sid).await,
            None if self.require_pac => return Err(KerberosRefusal::NoPac { principal: text() }),
            None => {
                let sam = principal.account_name();
                let sam = sam.ok_or_else(|| KerberosRefusal::NoPac { principal: text() })?;
                let name = LoginName::DownLevel {
                    domain: directory.name().to_owned(),
                    sam: sam.to_owned(),
                };
                directory.find(&name).await
            }
        };
        let unknown = || KerberosRefusal::UnknownAccount {
            principal: text(),
            sid: sid.clone(),
        };
        let candidate = candidate
            .map_err(KerberosRefusal::Directory)?
            .ok_or_else(unknown)?;
        let account = directory.read(candidate.id).await;
        let account = account
            .map_err(KerberosRefusal::Directory)?
            .ok_or_else(unknown)?;
        if account.sid != candidate.sid || sid.as_ref().is_some_and(|sid| *sid != account.sid) {
            return Err(unknown());
        }
        Ok(account)
    }
}

/// The one SID that the PAC names, if there is a PAC that names one.
fn pac_sid(accepted: &Accepted) -> Result<Option<Sid>, KerberosRefusal> {
    let Some(pac) = &accepted.pac else {
        return Ok(None);
    };
    let refused = |detail| KerberosRefusal::PacRefused {
        principal: accepted.principal.clone(),
        detail,
    };
    if !pac.verified {
        return Err(refused("its signature is not of the service's key"));
    }
    let facts = PacFacts::parse(&pac.octets).map_err(|BadPac(detail)| refused(detail))?;
    let delegated = |how| KerberosRefusal::Delegated {
        principal: accepted.principal.clone(),
        how,
    };
    if facts.delegated {
        return Err(delegated("constrained delegation"));
    }
    if facts
        .logon
        .as_ref()
        .is_some_and(|logon| logon.service_asserted)
    {
        return Err(delegated("service asserted identity"));
    }
    let user = facts.user().map_err(|BadPac(detail)| refused(detail))?;
    // The name of an account is not its SID: only the logon information says whose ticket it is.
    Ok(facts.logon.as_ref().and(user).cloned())
}

fn check_account(account: &Account, principal: &str) -> Result<(), KerberosRefusal> {
    if !account.kind.may_sign_in() {
        return Err(KerberosRefusal::NotAPerson {
            principal: principal.to_owned(),
        });
    }
    match account.state {
        AccountState::Active => Ok(()),
        state => Err(KerberosRefusal::AccountNotActive {
            account: account.id,
            state,
        }),
    }
}

fn check_settings(
    settings: &KerberosSettings,
    directories: &Directories,
) -> Result<(), KerberosSetupError> {
    if settings.keytabs.is_empty() {
        return Err(KerberosSetupError::NoKeytab);
    }
    for (good, name) in [
        ((1..=MOST_AT_ONCE).contains(&settings.at_once), "at_once"),
        (settings.queue <= MOST_QUEUE, "queue"),
        (settings.clock_skew <= MOST_SKEW, "clock_skew"),
        (!settings.deadline.is_zero(), "deadline"),
    ] {
        if !good {
            return Err(KerberosSetupError::OutOfRange(name));
        }
    }
    for realm in &settings.realms {
        if directories.by_name(realm).is_none() {
            return Err(KerberosSetupError::RealmWithoutDirectory(realm.clone()));
        }
    }
    Ok(())
}
