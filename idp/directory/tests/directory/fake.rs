//! A scripted LDAP server: answers like a domain controller unless a test says otherwise.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use signet_directory::{
    ActiveDirectory, ActiveDirectoryConfig, Candidate, Clock, ControllerAddress, Controllers,
    Directory, DirectoryError, LockoutPermit, LoginName, Password, PasswordVerdict, ServiceAccount,
    Timing, Transport, TrustedRoots,
};
use signet_model::Sid;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::pki::Authority;

pub(crate) const SERVICE: &str = "svc@corp.example";
pub(crate) const SERVICE_PASSWORD: &str = "service-secret";
pub(crate) const BASE: &str = "DC=corp,DC=example";

/// The authority that the directories under test trust.
pub(crate) static ROOT: LazyLock<Authority> = LazyLock::new(Authority::new);
static GOOD: LazyLock<Arc<ServerConfig>> =
    LazyLock::new(|| ROOT.server(&["dc1.corp.example", "127.0.0.1"], |_| {}));

// ---- BER ----

pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag, 0x84];
    out.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
    out.extend(content);
    out
}

pub(crate) fn octets(text: &[u8]) -> Vec<u8> {
    tlv(4, text)
}

pub(crate) fn message(id: u32, operation: &[u8]) -> Vec<u8> {
    tlv(
        0x30,
        &[tlv(2, &id.to_be_bytes()), operation.to_vec()].concat(),
    )
}

pub(crate) fn result(tag: u8, code: u32, diagnostic: &str) -> Vec<u8> {
    tlv(
        tag,
        &[
            tlv(10, &code.to_be_bytes()),
            octets(b""),
            octets(diagnostic.as_bytes()),
        ]
        .concat(),
    )
}

/// A result with a referral.
pub(crate) fn referral(tag: u8, address: &str) -> Vec<u8> {
    let list = tlv(0xa3, &octets(address.as_bytes()));
    tlv(
        tag,
        &[
            tlv(10, &10u32.to_be_bytes()),
            octets(b""),
            octets(b""),
            list,
        ]
        .concat(),
    )
}

/// Splits the first element off: tag, content, rest.
fn split(input: &[u8]) -> (u8, &[u8], &[u8]) {
    let (header, length) = match input[1] {
        short @ 0..0x80 => (2, usize::from(short)),
        long => {
            let count = usize::from(long & 0x7f);
            (
                2 + count,
                input[2..2 + count]
                    .iter()
                    .fold(0, |sum, octet| sum << 8 | usize::from(*octet)),
            )
        }
    };
    (
        input[0],
        &input[header..header + length],
        &input[header + length..],
    )
}

// ---- objects ----

/// One directory object.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) dn: String,
    pub(crate) attributes: BTreeMap<String, Vec<Vec<u8>>>,
}

impl Object {
    /// A user with a SID that ends in `rid`.
    pub(crate) fn user(sam: &str, rid: u32) -> Self {
        let mut guid = [0x11; 16];
        guid[..4].copy_from_slice(&rid.to_be_bytes());
        let mut object = Self {
            dn: format!("CN={sam},OU=People,{BASE}"),
            attributes: BTreeMap::new(),
        };
        object.set("objectGUID", &[&guid]);
        object.set("objectSid", &[&sid(rid).to_binary()]);
        object.set(
            "tokenGroups",
            &[&sid(513).to_binary(), &sid(2000).to_binary()],
        );
        for (name, value) in [
            ("sAMAccountName", sam),
            ("userPrincipalName", &format!("{sam}@example.com")),
            ("userAccountControl", "512"),
            ("primaryGroupID", "513"),
            ("objectClass", "user"),
            ("msDS-User-Account-Control-Computed", "0"),
            ("msDS-UserPasswordExpiryTimeComputed", "9223372036854775807"),
            ("pwdLastSet", "132539328000000000"),
        ] {
            object.set(name, &[value.as_bytes()]);
        }
        object
    }

    pub(crate) fn set(&mut self, name: &str, values: &[&[u8]]) {
        self.attributes.insert(
            name.to_owned(),
            values.iter().map(|value| value.to_vec()).collect(),
        );
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, &[value.as_bytes()]);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.attributes.remove(name);
        self
    }

    pub(crate) fn entry(&self) -> Vec<u8> {
        let attribute = |(name, values): (&String, &Vec<Vec<u8>>)| {
            let values: Vec<u8> = values.iter().flat_map(|value| octets(value)).collect();
            tlv(
                0x30,
                &[octets(name.as_bytes()), tlv(0x31, &values)].concat(),
            )
        };
        let attributes: Vec<u8> = self.attributes.iter().flat_map(attribute).collect();
        tlv(
            0x64,
            &[octets(self.dn.as_bytes()), tlv(0x30, &attributes)].concat(),
        )
    }

    fn has(&self, value: &[u8]) -> bool {
        let named = ["sAMAccountName", "userPrincipalName", "objectSid", "cn"];
        let values = named
            .iter()
            .filter_map(|name| self.attributes.get(*name))
            .flatten();
        values
            .into_iter()
            .any(|have| have.eq_ignore_ascii_case(value))
    }

    fn guid_text(&self) -> String {
        let octets: [u8; 16] = self.attributes["objectGUID"][0].clone().try_into().unwrap();
        format!("<GUID={}>", uuid::Uuid::from_bytes_le(octets))
    }
}

pub(crate) fn sid(rid: u32) -> Sid {
    Sid::parse(&format!("S-1-5-21-1-2-3-{rid}")).unwrap()
}

// ---- requests and answers ----

/// What a client asked, and on which of its connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Bind {
        connection: usize,
        name: String,
        password: Vec<u8>,
    },
    Modify {
        connection: usize,
        object: String,
        /// Kind of change (0 add, 1 delete, 2 replace), attribute, values.
        changes: Vec<(u8, String, Vec<Vec<u8>>)>,
    },
    Search {
        connection: usize,
        base: String,
        values: Vec<Vec<u8>>,
        attributes: Vec<String>,
    },
}

/// What to do instead of answering.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Answer as usual.
    Usual,
    /// A result with this code and diagnostic.
    Result(u32, String),
    /// These operations, each as a message under the request's id.
    Operations(Vec<Vec<u8>>),
    /// These octets, as they are.
    Raw(Vec<u8>),
    /// Half of the usual answer, then the end of the connection.
    Half,
    /// The end of the connection.
    Close,
    /// Nothing, ever.
    Silence,
    /// The usual answer, later.
    Slow(Duration),
}

type Script = Box<dyn Fn(&Asked) -> Act + Send + Sync>;

struct State {
    objects: Mutex<Vec<Object>>,
    passwords: Mutex<BTreeMap<String, String>>,
    script: Mutex<Script>,
    log: Mutex<Vec<Asked>>,
    connections: Mutex<usize>,
    start_tls: Mutex<Vec<u8>>,
}

/// A running server; dropping it closes everything.
pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fake {
    /// A server with `alice` and `bob`, whose passwords are their names and `-secret`.
    pub(crate) async fn start() -> Self {
        Self::start_with(Some(Arc::clone(&GOOD)), "127.0.0.1:0").await
    }

    /// The same with another certificate, at a given address; without one it speaks StartTLS.
    pub(crate) async fn start_with(tls: Option<Arc<ServerConfig>>, address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            objects: Mutex::new(vec![Object::user("alice", 1101), Object::user("bob", 1102)]),
            passwords: Mutex::default(),
            script: Mutex::new(Box::new(|_| Act::Usual)),
            log: Mutex::default(),
            connections: Mutex::new(0),
            start_tls: Mutex::new(message(1, &result(0x78, 0, ""))),
        });
        let served = Arc::clone(&state);
        let task = tokio::spawn(async move {
            let mut served_connections = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                served_connections.spawn(accept(stream, tls.clone(), Arc::clone(&served)));
            }
        });
        let fake = Self {
            address,
            state,
            task,
        };
        fake.password(SERVICE, SERVICE_PASSWORD);
        for sam in ["alice", "bob"] {
            fake.password(
                &format!("CN={sam},OU=People,{BASE}"),
                &format!("{sam}-secret"),
            );
        }
        fake
    }

    pub(crate) fn password(&self, name: &str, password: &str) {
        self.state
            .passwords
            .lock()
            .unwrap()
            .insert(name.to_owned(), password.to_owned());
    }

    pub(crate) fn objects(&self, change: impl FnOnce(&mut Vec<Object>)) {
        change(&mut self.state.objects.lock().unwrap());
    }

    pub(crate) fn script(&self, script: impl Fn(&Asked) -> Act + Send + Sync + 'static) {
        *self.state.script.lock().unwrap() = Box::new(script);
    }

    /// What to send for a StartTLS request.
    pub(crate) fn start_tls(&self, answer: Vec<u8>) {
        *self.state.start_tls.lock().unwrap() = answer;
    }

    pub(crate) fn log(&self) -> Vec<Asked> {
        self.state.log.lock().unwrap().clone()
    }

    /// Binds of anyone but the service account.
    pub(crate) fn user_binds(&self) -> Vec<(String, Vec<u8>)> {
        let log = self.log();
        let binds = log.into_iter().filter_map(|asked| match asked {
            Asked::Bind { name, password, .. } if name != SERVICE => Some((name, password)),
            _ => None,
        });
        binds.collect()
    }
}

async fn accept(stream: TcpStream, tls: Option<Arc<ServerConfig>>, state: Arc<State>) {
    let connection = {
        let mut connections = state.connections.lock().unwrap();
        *connections += 1;
        *connections
    };
    let mut stream = stream;
    let tls = match tls {
        Some(tls) => tls,
        None => {
            if read_message(&mut stream).await.is_none() {
                return;
            }
            let answer = state.start_tls.lock().unwrap().clone();
            let _ = stream.write_all(&answer).await;
            Arc::clone(&GOOD)
        }
    };
    if let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await {
        serve(stream, connection, state).await;
    }
}

async fn read_message(stream: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let mut all = vec![0; 2];
    stream.read_exact(&mut all).await.ok()?;
    let mut length = usize::from(all[1]);
    if length & 0x80 != 0 {
        let mut more = vec![0; length & 0x7f];
        stream.read_exact(&mut more).await.ok()?;
        length = more
            .iter()
            .fold(0, |sum, octet| sum << 8 | usize::from(*octet));
        all.extend(more);
    }
    let mut content = vec![0; length];
    stream.read_exact(&mut content).await.ok()?;
    all.extend(content);
    Some(all)
}

async fn serve(stream: impl AsyncRead + AsyncWrite, connection: usize, state: Arc<State>) {
    let (mut from, mut to) = tokio::io::split(Box::pin(stream));
    while let Some(request) = read_message(&mut from).await {
        let (_, inner, _) = split(&request);
        let (_, id, rest) = split(inner);
        let id = id.iter().fold(0, |sum, octet| sum << 8 | u32::from(*octet));
        let (operation, content, _) = split(rest);
        let asked = match operation {
            0x60 => bind(connection, content),
            0x63 => search(connection, content),
            0x66 => modify(connection, content),
            _ => return,
        };
        state.log.lock().unwrap().push(asked.clone());
        let act = (state.script.lock().unwrap())(&asked);
        let usual: Vec<Vec<u8>> = usual(&state, &asked)
            .iter()
            .map(|operation| message(id, operation))
            .collect();
        let result_tag = match operation {
            0x60 => 0x61,
            0x66 => 0x67,
            _ => 0x65,
        };
        let (answer, close) = match act {
            Act::Usual => (usual.concat(), false),
            Act::Slow(by) => {
                tokio::time::sleep(by).await;
                (usual.concat(), false)
            }
            Act::Result(code, diagnostic) => {
                (message(id, &result(result_tag, code, &diagnostic)), false)
            }
            Act::Operations(operations) => (
                operations
                    .iter()
                    .flat_map(|operation| message(id, operation))
                    .collect(),
                false,
            ),
            Act::Raw(octets) => (octets, false),
            Act::Half => {
                let whole = usual.concat();
                (whole[..whole.len() / 2].to_vec(), true)
            }
            Act::Close => (Vec::new(), true),
            Act::Silence => continue,
        };
        if to.write_all(&answer).await.is_err() || close {
            let _ = to.shutdown().await;
            return;
        }
        let _ = to.flush().await;
    }
}

fn bind(connection: usize, content: &[u8]) -> Asked {
    let (_, _, rest) = split(content);
    let (_, name, rest) = split(rest);
    let (_, password, _) = split(rest);
    Asked::Bind {
        connection,
        name: String::from_utf8(name.to_vec()).unwrap(),
        password: password.to_vec(),
    }
}

fn modify(connection: usize, content: &[u8]) -> Asked {
    let (_, object, rest) = split(content);
    let (_, mut list, _) = split(rest);
    let mut changes = Vec::new();
    while !list.is_empty() {
        let (_, change, rest) = split(list);
        let (_, kind, attribute) = split(change);
        let (_, attribute, _) = split(attribute);
        let (_, name, values) = split(attribute);
        let (_, mut set, _) = split(values);
        let mut values = Vec::new();
        while !set.is_empty() {
            let (_, value, rest) = split(set);
            values.push(value.to_vec());
            set = rest;
        }
        let name = String::from_utf8(name.to_vec()).unwrap();
        changes.push((kind[0], name, values));
        list = rest;
    }
    Asked::Modify {
        connection,
        object: String::from_utf8(object.to_vec()).unwrap(),
        changes,
    }
}

fn search(connection: usize, content: &[u8]) -> Asked {
    let (_, base, mut rest) = split(content);
    for _ in 0..5 {
        rest = split(rest).2;
    }
    let after_filter = split(rest).2;
    let filter = &rest[..rest.len() - after_filter.len()];
    let mut values = Vec::new();
    assertion_values(filter, &mut values);
    let (_, mut list, _) = split(after_filter);
    let mut attributes = Vec::new();
    while !list.is_empty() {
        let (_, name, rest) = split(list);
        attributes.push(String::from_utf8(name.to_vec()).unwrap());
        list = rest;
    }
    Asked::Search {
        connection,
        base: String::from_utf8(base.to_vec()).unwrap(),
        values,
        attributes,
    }
}

/// The values of all equalities in a filter, but for objectClass.
fn assertion_values(mut filter: &[u8], values: &mut Vec<Vec<u8>>) {
    while !filter.is_empty() {
        let (tag, content, rest) = split(filter);
        match tag {
            0xa0..=0xa2 => assertion_values(content, values),
            0xa3 => {
                let (_, attribute, after) = split(content);
                if attribute != b"objectClass" {
                    values.push(split(after).1.to_vec());
                }
            }
            _ => {}
        }
        filter = rest;
    }
}

/// What a domain controller would answer.
fn usual(state: &State, asked: &Asked) -> Vec<Vec<u8>> {
    match asked {
        Asked::Bind { name, password, .. } => {
            let right = state
                .passwords
                .lock()
                .unwrap()
                .get(name)
                .is_some_and(|have| have.as_bytes() == password);
            let wrong = "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52e, v1db1";
            vec![if right {
                result(0x61, 0, "")
            } else {
                result(0x61, 49, wrong)
            }]
        }
        Asked::Modify { .. } => vec![result(0x67, 0, "")],
        Asked::Search { base, values, .. } => {
            let mut root = Object {
                dn: String::new(),
                attributes: BTreeMap::new(),
            };
            root.set("defaultNamingContext", &[BASE.as_bytes()]);
            root.set(
                "configurationNamingContext",
                &[format!("CN=Configuration,{BASE}").as_bytes()],
            );
            let mut partitions = Object {
                dn: format!("CN=Partitions,CN=Configuration,{BASE}"),
                attributes: BTreeMap::new(),
            };
            partitions.set("uPNSuffixes", &[b"example.com"]);
            let objects = state.objects.lock().unwrap();
            let mut found: Vec<&Object> = match base.as_str() {
                "" => vec![&root],
                BASE => objects
                    .iter()
                    .filter(|object| values.iter().any(|value| object.has(value)))
                    .collect(),
                base if base == partitions.dn => vec![&partitions],
                base => objects
                    .iter()
                    .filter(|object| object.guid_text() == base || object.dn == base)
                    .collect(),
            };
            found.truncate(200);
            let mut all: Vec<Vec<u8>> = found.into_iter().map(Object::entry).collect();
            all.push(result(0x65, 0, ""));
            all
        }
    }
}

// ---- the directory under test ----

/// Deadlines a fifth as long as in production.
pub(crate) fn quick() -> Timing {
    Timing {
        connect: Duration::from_millis(200),
        open: Duration::from_millis(600),
        hedge_after: Duration::from_millis(40),
        bind_answer: Duration::from_millis(480),
        whole: Duration::from_millis(900),
        heartbeat: Duration::from_secs(1),
        probe_pause: Duration::from_millis(300),
        ..Timing::default()
    }
}

pub(crate) fn config(controllers: Vec<ControllerAddress>) -> ActiveDirectoryConfig {
    ActiveDirectoryConfig {
        dns_domain: "corp.example".to_owned(),
        netbios_domain: "CORP".to_owned(),
        controllers: Controllers::Listed(controllers),
        resolver: None,
        transport: Transport::Ldaps,
        roots: TrustedRoots::from_pem(ROOT.pem().as_bytes()).unwrap(),
        service_account: ServiceAccount {
            name: SERVICE.to_owned(),
            password: Password::new(SERVICE_PASSWORD.to_owned()).unwrap(),
        },
        extra_upn_suffixes: Vec::new(),
        timing: quick(),
        clock: Clock::system(),
    }
}

pub(crate) fn address(of: SocketAddr) -> ControllerAddress {
    ControllerAddress {
        host: of.ip().to_string(),
        port: Some(of.port()),
        tls_name: Some("dc1.corp.example".to_owned()),
    }
}

/// A directory of these controllers, preferred in their order.
pub(crate) fn directory(controllers: &[&Fake]) -> ActiveDirectory {
    ActiveDirectory::start(config(
        controllers
            .iter()
            .map(|fake| address(fake.address))
            .collect(),
    ))
}

pub(crate) async fn find(
    directory: &dyn Directory,
    typed: &str,
) -> Result<Option<Candidate>, DirectoryError> {
    directory
        .find(&LoginName::parse(typed, Some("CORP")).unwrap())
        .await
}

#[expect(clippy::disallowed_methods, reason = "tests stand in for the guard")]
pub(crate) async fn check(
    directory: &dyn Directory,
    candidate: &Candidate,
    password: &str,
) -> Result<PasswordVerdict, DirectoryError> {
    let permit = LockoutPermit::issue_for(candidate.id);
    directory
        .check_password(
            candidate,
            &Password::new(password.to_owned()).unwrap(),
            permit,
        )
        .await
}

/// Finds and checks; nobody reads as a wrong password.
pub(crate) async fn sign_in(
    directory: &dyn Directory,
    typed: &str,
    password: &str,
) -> Result<PasswordVerdict, DirectoryError> {
    match find(directory, typed).await? {
        Some(candidate) => check(directory, &candidate, password).await,
        None => Ok(PasswordVerdict::Wrong),
    }
}

pub(crate) fn accepted(verdict: &Result<PasswordVerdict, DirectoryError>) -> bool {
    matches!(verdict, Ok(PasswordVerdict::Accepted(_)))
}
