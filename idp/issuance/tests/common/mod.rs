//! A house to test in: a real directory, real sign-ins, real keys.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a part of several test binaries: each uses some of it, and a fault fails the test"
)]

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use signet_authn::{AuthenticatedUser, Guard, Limits, LocalLedger, Pacing, PasswordAuthenticator};
use signet_certs::{KeyRing, MasterKey, SigningKey};
use signet_claims::{ActiveDirectoryQuery, templates};
use signet_directory::{
    Clock, Directories, Directory, DirectoryError, Embedded, Password, Rows, hash_password,
};
use signet_issuance::{
    AccountSnapshot, AttributeStores, Engine, Explanation, HypotheticalUser, Occasion, OpaqueIds,
    PermittedRelease, Refusal, ServiceIdentity, Signer,
};
use signet_model::relying_party::{AssertionConsumer, TokenType};
use signet_model::request::Hints;
use signet_model::uris::{ENTRA_REALM, ENTRA_REPLY, binding};
use signet_model::{
    AccountId, ActivityId, DomainTable, FederatedDomain, NetworkLocation, Protocol, RelyingParty,
    ReplyTo, RequestContext, RequestedAuthentication, SignInRequest,
};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

pub const SESSION_INDEX: &str = "_session-at-this-party";
pub const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:05.678 UTC);
pub const SIGNED_IN: OffsetDateTime = datetime!(2026-01-02 02:50:00.123 UTC);
pub const ENTITY_ID: &str = "http://fs.contoso.com/adfs/services/trust";
pub const SP: &str = "https://wiki.example/metadata";
pub const ACS: &str = "https://wiki.example/acs";
pub const GUID: &str = "00112233-4455-6677-8899-aabbccddeeff";
pub const ANCHOR: &str = "MyIRAFVEd2aImaq7zN3u/w==";

/// One service with its directory.
pub struct House {
    pub engine: Engine,
    pub signer: Signer,
    pub service: ServiceIdentity,
    pub domains: DomainTable,
    pub stores: TestStores,
    pub authenticator: PasswordAuthenticator,
    pub directory: Arc<Embedded>,
    pub certificate_pem: String,
}

/// Answers each attribute from a table, and counts how often it is asked.
#[derive(Default)]
pub struct TestStores {
    pub values: Mutex<HashMap<String, Vec<String>>>,
    pub asked: AtomicUsize,
    pub down: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl AttributeStores for TestStores {
    async fn active_directory(&self, query: &ActiveDirectoryQuery) -> Result<Rows, DirectoryError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.down.load(Ordering::Relaxed) {
            let (directory, detail) = ("corp.example".into(), "no answer".into());
            return Err(DirectoryError::Unavailable { directory, detail });
        }
        let values = self.values.lock().unwrap();
        let columns: Vec<_> = query
            .attributes
            .iter()
            .map(|name| {
                values
                    .get(&name.to_ascii_lowercase())
                    .cloned()
                    .unwrap_or_default()
            })
            .collect();
        let longest = columns.iter().map(Vec::len).max().unwrap_or(0);
        let row = |at: usize| {
            let cell = |column: &Vec<String>| column.get(at).map(|value| Arc::from(value.as_str()));
            columns.iter().map(cell).collect()
        };
        Ok(Rows((0..longest).map(row).collect()))
    }
}

impl TestStores {
    pub fn set(&self, attribute: &str, values: &[&str]) {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        self.values
            .lock()
            .unwrap()
            .insert(attribute.to_ascii_lowercase(), values);
    }
}

impl House {
    pub fn new() -> Self {
        let directory = Arc::new(directory());
        let master = MasterKey::generate().unwrap();
        let key = SigningKey::generate(
            2048,
            "Signet Token Signing - test",
            Duration::days(365),
            NOW,
        );
        let key = Arc::new(key.unwrap());
        let body = key.certificate_base64().as_bytes().chunks(64);
        let body = body
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect::<Vec<_>>();
        let certificate_pem = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            body.join("\n")
        );
        let stores = TestStores::default();
        stores.set("userPrincipalName", &["alice@contoso.com"]);
        stores.set("objectGUID", &[ANCHOR]);
        let domain = |name: &str| FederatedDomain {
            name: name.into(),
            issuer_uri: format!("http://{name}/adfs/services/trust/"),
            covers_subdomains: true,
        };
        Self {
            engine: Engine::new(OpaqueIds::new(master.mac(OpaqueIds::PURPOSE).unwrap())),
            signer: Signer::new(KeyRing::new(key)),
            service: ServiceIdentity::new(ENTITY_ID),
            domains: DomainTable::new(vec![domain("contoso.com"), domain("fabrikam.co.uk")]),
            stores,
            authenticator: authenticator(&directory),
            directory,
            certificate_pem,
        }
    }

    pub async fn sign_in_as(&self, name: &str, location: NetworkLocation) -> AuthenticatedUser {
        let context = context(location);
        self.authenticator
            .sign_in(name, "Passw0rd!", &context, SIGNED_IN)
            .await
            .unwrap()
    }

    pub async fn alice(&self) -> AuthenticatedUser {
        self.sign_in_as("CORP\\alice", NetworkLocation::Outside)
            .await
    }

    pub async fn permit(
        &self,
        relying_party: &RelyingParty,
        request: &SignInRequest,
        user: &AuthenticatedUser,
    ) -> Result<PermittedRelease, Refusal> {
        let snapshot = AccountSnapshot::new(user.account().id);
        let context = context(user.evidence().location());
        let occasion = self.occasion(relying_party, request, &context, &snapshot);
        self.engine.permit(&occasion, user).await
    }

    pub async fn explain(
        &self,
        relying_party: &RelyingParty,
        request: &SignInRequest,
        user: &AuthenticatedUser,
    ) -> Explanation {
        let snapshot = AccountSnapshot::new(user.account().id);
        let context = context(user.evidence().location());
        let occasion = self.occasion(relying_party, request, &context, &snapshot);
        let account = Arc::clone(user.account());
        let nobody = HypotheticalUser::new(account, user.evidence().clone(), user.persistent());
        self.engine.explain(&occasion, &nobody).await
    }

    pub fn occasion<'a>(
        &'a self,
        relying_party: &'a RelyingParty,
        request: &'a SignInRequest,
        context: &'a RequestContext,
        snapshot: &'a AccountSnapshot,
    ) -> Occasion<'a> {
        Occasion {
            relying_party,
            request,
            context,
            service: &self.service,
            domains: &self.domains,
            stores: &self.stores,
            snapshot,
            session_index: SESSION_INDEX,
            now: NOW,
        }
    }
}

/// Alice and Bob in two federated domains, Carol in none, Dave without UPN, Erin with a password that ends in
/// ten days, and Frank, who was disabled.
fn directory() -> Embedded {
    let hash = hash_password(&Password::new("Passw0rd!".into()).unwrap()).unwrap();
    let person = |name: &str, guid: &str, more: &str| {
        format!(
            "dn: CN={name},OU=People,DC=corp,DC=example\nobjectClass: user\nsAMAccountName: {name}\n\
             objectGUID: {guid}\nuserPassword: {hash}\n{more}\n"
        )
    };
    let guid = |last: &str| format!("{}{last}", &GUID[..GUID.len() - 1]);
    let expires = (NOW + Duration::days(10) + Duration::hours(5)).unix_timestamp();
    // Whole seconds since 1601, rounded up.
    let expires = (expires + 1 + 11_644_473_600) * 10_000_000;
    let ldif = [
        "dn: DC=corp,DC=example\nobjectClass: domainDNS\n\
         objectSid: S-1-5-21-1004336348-1177238915-682003330\nnETBIOSName: CORP\n\
         uPNSuffixes: contoso.com\nuPNSuffixes: fabrikam.co.uk\nuPNSuffixes: elsewhere.test\n\n\
         dn: CN=Staff,OU=Groups,DC=corp,DC=example\nobjectClass: group\nsAMAccountName: Staff\n\n"
            .to_owned(),
        person(
            "alice",
            GUID,
            "userPrincipalName: alice@contoso.com\nmemberOf: CN=Staff,OU=Groups,DC=corp,DC=example\n",
        ),
        person("bob", &guid("0"), "userPrincipalName: bob@fabrikam.co.uk\n"),
        person("carol", &guid("1"), "userPrincipalName: carol@elsewhere.test\n"),
        person("dave", &guid("2"), ""),
        person("erin", &guid("3"), &format!("userPrincipalName: erin@contoso.com\nmsDS-UserPasswordExpiryTimeComputed: {expires}\n")),
        person("frank", &guid("4"), "userPrincipalName: frank@contoso.com\nuserAccountControl: 514\n"),
    ]
    .concat();
    Embedded::from_ldif(&ldif)
        .unwrap()
        .with_clock(Clock::fixed(SIGNED_IN))
}

fn authenticator(directory: &Arc<Embedded>) -> PasswordAuthenticator {
    let own: Arc<dyn Directory> = Arc::clone(directory) as _;
    let directories = Directories::new(vec![own]);
    let guard = Guard::new(Arc::new(LocalLedger::new()), Limits::default(), &[7; 32]);
    let none = std::time::Duration::ZERO;
    let pacing = Pacing::new(none, std::time::Duration::from_millis(1));
    PasswordAuthenticator::new(directories, None, guard, pacing)
}

pub fn context(location: NetworkLocation) -> RequestContext {
    RequestContext {
        activity: ActivityId::random(),
        client_ip: IpAddr::from([192, 0, 2, 7]),
        forwarded_for: None,
        proxy: None,
        location,
        user_agent: Some("Mozilla/5.0 (test)".into()),
        client_application: None,
        endpoint_path: "/adfs/ls/".into(),
        client_request_id: None,
    }
}

/// Entra's trust, over WS-Federation, as Entra Connect sets it up.
pub fn entra() -> RelyingParty {
    let mut party = RelyingParty::new("Microsoft Office 365 Identity Platform", ENTRA_REALM);
    party.wsfed_endpoints = vec![ENTRA_REPLY.into()];
    party.issuer_by_domain = true;
    party.issuance_authorization_rules = templates::PERMIT_ALL.into();
    party.issuance_transform_rules = templates::ENTRA_ISSUANCE.into();
    party
}

/// A SAML 2.0 application that everyone may use.
pub fn wiki(rules: &str) -> RelyingParty {
    let mut party = RelyingParty::new("Wiki", SP);
    party.assertion_consumers = vec![AssertionConsumer {
        binding: binding::HTTP_POST.into(),
        index: 0,
        is_default: true,
        location: ACS.into(),
    }];
    party.wsfed_endpoints = vec![ACS.into()];
    party.issuance_authorization_rules = templates::PERMIT_ALL.into();
    party.issuance_transform_rules = rules.into();
    party
}

pub fn wsfed_request(party: &RelyingParty, token_type: TokenType) -> SignInRequest {
    SignInRequest {
        protocol: Protocol::WsFederation,
        relying_party: party.id,
        audience: party.primary_identifier().into(),
        reply_to: ReplyTo::registered(&party.wsfed_endpoints[0]),
        token_type,
        in_response_to: None,
        authentication: RequestedAuthentication::default(),
        name_id_policy: None,
        hints: Hints::default(),
        state: Some("LoginOptions=3".into()),
        received_at: NOW,
    }
}

pub fn saml_request(party: &RelyingParty) -> SignInRequest {
    SignInRequest {
        protocol: Protocol::Saml2,
        reply_to: ReplyTo::registered(&party.assertion_consumers[0].location),
        token_type: TokenType::Saml20,
        in_response_to: Some("_request1".into()),
        ..wsfed_request(party, TokenType::Saml20)
    }
}

/// A rule that issues `claim_type` with `value`.
pub fn issue(claim_type: &str, value: &str) -> String {
    format!("=> issue(Type = \"{claim_type}\", Value = \"{value}\");\n")
}

pub fn account_of(guid: &str) -> AccountId {
    AccountId::from_uuid(uuid_of(guid))
}

fn uuid_of(guid: &str) -> uuid::Uuid {
    uuid::Uuid::parse_str(guid).unwrap()
}

/// The default lifetime of a token.
pub const LIFETIME: Duration = Duration::minutes(60);

/// Runs a future; tests of this crate wait for nothing but the password check.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

pub mod judge;

pub fn sha256_hex(octets: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, octets);
    digest
        .as_ref()
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect()
}
