//! Two nodes over one store, and people who have given their passwords.

use std::sync::Arc;

use signet_authn::factors::{
    Answer, Asked, Checkout, EnrolmentAsked, EnrolmentPermit, EnrolmentPrompt, EnrolmentRule,
    EnrolmentStep, FactorFailure, FactorGuard, FactorLimits, FactorSeal, FactorVault, Passkeys,
    RecentSecondFactor, RecoveryCodes, SecondFactor, SecondFactorProof, SecondFactors, Totp,
};
use signet_authn::{AuthenticatedUser, LocalLedger};
use signet_certs::MasterKey;
use signet_model::{FactorKind, NetworkLocation};
use signet_store::{MacTagger, Store};
use tempfile::TempDir;
use time::OffsetDateTime;
use totp_rs::{Algorithm, Builder, Secret};
use url::Url;

use crate::fake::{RIGHT, Scene, limits, noon};
use crate::vault::StoreVault;

pub(crate) const FLOW: &[u8] = b"one sign-in";
pub(crate) const ORIGIN: &str = "https://sts.example.com";

/// A store, the key that it does not hold, and counters that all nodes share.
pub(crate) struct Lab {
    pub(crate) store: Store,
    master: MasterKey,
    ledger: Arc<LocalLedger>,
    dir: TempDir,
}

impl Lab {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", dir.path().join("signet.db").display());
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &[1; 32]);
        let tagger = MacTagger::new(move |message| {
            let tag = aws_lc_rs::hmac::sign(&key, message);
            tag.as_ref().try_into().unwrap()
        });
        Self {
            store: Store::open(&url, tagger).await.unwrap(),
            master: MasterKey::generate().unwrap(),
            ledger: Arc::new(LocalLedger::new()),
            dir,
        }
    }

    pub(crate) fn node(&self) -> SecondFactors {
        self.node_with(Vec::new())
    }

    /// A node with every provider of the house, and `more`.
    pub(crate) fn node_with(&self, more: Vec<Box<dyn SecondFactor>>) -> SecondFactors {
        let vault: Arc<dyn FactorVault> = Arc::new(StoreVault(self.store.clone()));
        let sealer = self.master.sealer("second factor").unwrap();
        let seal = Arc::new(FactorSeal::new(sealer, &[5; 32]));
        let origin = Url::parse(ORIGIN).unwrap();
        let passkeys =
            Passkeys::new(Arc::clone(&vault), "sts.example.com", &origin, "Contoso").unwrap();
        let mut providers: Vec<Box<dyn SecondFactor>> = vec![
            Box::new(Totp::new(Arc::clone(&vault), "Contoso: IT")),
            Box::new(passkeys),
            Box::new(RecoveryCodes::new(Arc::clone(&vault), Arc::clone(&seal))),
        ];
        providers.extend(more);
        let guard = FactorGuard::new(self.ledger.clone(), FactorLimits::default(), &[9; 32]);
        SecondFactors::new(providers, vault, seal, guard)
    }
}

/// Somebody who has just given the right password.
pub(crate) async fn somebody(name: &str) -> AuthenticatedUser {
    let signed_in = Scene::new(limits(100)).sign_in(name, RIGHT).await;
    signed_in.unwrap()
}

/// The permit that the rule gives, with or without a second factor just performed.
pub(crate) async fn permit(
    node: &SecondFactors,
    user: &AuthenticatedUser,
    proof: Option<&SecondFactorProof>,
    now: OffsetDateTime,
) -> EnrolmentPermit {
    let rule = EnrolmentRule {
        fresh_for: time::Duration::days(1000),
        ..EnrolmentRule::default()
    };
    let offers = node.offers(user).await.unwrap();
    let second = proof.map(RecentSecondFactor::proved);
    EnrolmentPermit::decide(&rule, user, &offers, second, NetworkLocation::Inside, now).unwrap()
}

/// An authenticator app with the secret of the page.
pub(crate) struct App(totp_rs::Totp);

impl App {
    pub(crate) fn scan(asked: &EnrolmentAsked) -> Self {
        let EnrolmentPrompt::Totp { secret, uri } = &asked.prompt else {
            panic!("no secret to scan");
        };
        assert!(uri.contains(&format!("secret={}", secret.as_str())));
        let secret = Secret::try_from_base32(secret.as_str()).unwrap();
        let app = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_skew(0)
            .with_step_duration(30)
            .with_secret(secret);
        Self(app.build().unwrap())
    }

    pub(crate) fn code(&self, at: OffsetDateTime) -> Answer {
        let time = u64::try_from(at.unix_timestamp()).unwrap();
        Answer::code(&self.0.generate(time).to_string())
    }

    /// A code that is none of this minute.
    pub(crate) fn wrong_code(&self, at: OffsetDateTime) -> Answer {
        let time = u64::try_from(at.unix_timestamp()).unwrap();
        let near: Vec<String> = [time - 60, time - 30, time, time + 30, time + 60]
            .map(|time| self.0.generate(time).to_string())
            .to_vec();
        let mut codes = (0..10).map(|digit| format!("{digit}00000"));
        Answer::code(&codes.find(|code| !near.contains(code)).unwrap())
    }
}

/// Enrols an authenticator app for an account that has no factor.
pub(crate) async fn enrol_app(node: &SecondFactors, user: &AuthenticatedUser) -> App {
    let permit = permit(node, user, None, noon()).await;
    let asked = node
        .begin_enrolment(&permit, user, FLOW, FactorKind::Totp, noon())
        .await
        .unwrap();
    let app = App::scan(&asked);
    let step = node
        .finish_enrolment(
            &permit,
            user,
            FLOW,
            FactorKind::Totp,
            &asked.ticket,
            &app.code(noon()),
            " My phone\n",
            noon(),
        )
        .await
        .unwrap();
    match step {
        EnrolmentStep::Enrolled(enrolled) => {
            assert_eq!(enrolled.record.label, "My phone");
            assert_eq!(enrolled.proof.unwrap().kind(), FactorKind::Totp);
        }
        EnrolmentStep::Again(_) => panic!("the right code was refused"),
    }
    app
}

pub(crate) async fn check(
    node: &SecondFactors,
    user: &AuthenticatedUser,
    kind: FactorKind,
    ticket: Option<&str>,
    answer: &Answer,
    now: OffsetDateTime,
) -> Result<SecondFactorProof, FactorFailure> {
    match node.check(user, FLOW, kind, ticket, answer, now).await? {
        Checkout::Proved(proof) => {
            assert_eq!((proof.account(), proof.kind()), (user.account().id, kind));
            Ok(proof)
        }
        Checkout::More(asked) => panic!("{asked:?}"),
    }
}

pub(crate) async fn begin(
    node: &SecondFactors,
    user: &AuthenticatedUser,
    kind: FactorKind,
) -> Asked {
    node.begin(user, FLOW, kind, noon()).await.unwrap()
}

impl Lab {
    /// Every octet of the database, as somebody who holds its files has it.
    pub(crate) async fn dump(&self) -> Vec<u8> {
        let mut dump = Vec::new();
        for entry in std::fs::read_dir(self.dir.path()).unwrap() {
            dump.extend(std::fs::read(entry.unwrap().path()).unwrap());
        }
        dump
    }
}
