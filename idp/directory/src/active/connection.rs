//! One LDAP connection: binds and searches under a deadline.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ldap3::controls::RawControl;
use ldap3::{
    Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Mod, Scope, SearchOptions,
    StdStream,
};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use time::OffsetDateTime;
use tokio::time::{Instant, timeout_at};

use super::ber::{self, INTEGER, OCTET_STRING, Reader, SEQUENCE};
use super::codes::{SearchOutcome, search_outcome};
use super::entries;
use super::failure::Failure;
use super::gate::Gate;
use super::tasks::Task;
use super::transport::{Secured, Security, connect};
use crate::entry::Entry;
use crate::password::Password;

/// The paged results control (RFC 2696).
const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";
/// Entries a page.
const PAGE: u32 = 500;
/// After how many seconds a controller gives a search up by itself.
const TIME_LIMIT: i32 = 4;
/// The most octets of values that one search may gather.
const MOST_OCTETS: usize = 32 * 1024 * 1024;

/// A search, in the words of RFC 4511 section 4.5.1.
#[derive(Debug)]
pub(crate) struct Search {
    pub(crate) base: String,
    pub(crate) scope: Scope,
    pub(crate) filter: String,
    pub(crate) attributes: Vec<String>,
    /// The most entries wanted.
    pub(crate) most: usize,
}

impl Search {
    /// A search of one object.
    pub(crate) fn base(base: impl Into<String>, attributes: &[&str]) -> Self {
        Self {
            base: base.into(),
            scope: Scope::Base,
            filter: "(objectClass=*)".to_owned(),
            attributes: attributes.iter().map(|name| (*name).to_owned()).collect(),
            most: 1,
        }
    }

    /// A search of all objects below `base`.
    pub(crate) fn subtree(base: &str, filter: String, attributes: &[&str], most: usize) -> Self {
        Self {
            scope: Scope::Subtree,
            filter,
            most,
            ..Self::base(base, attributes)
        }
    }
}

/// What a search found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) entries: Vec<Entry>,
    /// There are more than were wanted.
    pub(crate) more: bool,
}

/// An open connection. Any failure on it makes it unusable for good.
pub(crate) struct Connection {
    ldap: Ldap,
    gate: Gate,
    tls: Arc<ClientConfig>,
    certificate_ends: Option<OffsetDateTime>,
    broken: AtomicBool,
    _driver: Task,
}

impl Connection {
    /// Connects; nothing is sent over LDAP yet, except StartTLS.
    pub(crate) async fn open(
        addresses: &[SocketAddr],
        name: &ServerName<'static>,
        security: &Security,
        connect_within: Duration,
        deadline: Instant,
    ) -> Result<Self, Failure> {
        let Secured {
            stream,
            tls,
            certificate_ends,
        } = connect(addresses, name, security, connect_within, deadline).await?;
        let unreachable = |error: &dyn std::fmt::Display| Failure::Unreachable(error.to_string());
        let (library_end, gate) = Gate::open(stream).map_err(|error| unreachable(&error))?;
        let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(library_end));
        let (connection, ldap) = LdapConnAsync::with_settings(settings, "ldapi:///")
            .await
            .map_err(|error| unreachable(&error))?;
        let driver = Task::spawn(async move {
            let _ = connection.drive().await;
        });
        Ok(Self {
            ldap,
            gate,
            tls,
            certificate_ends,
            broken: AtomicBool::new(false),
            _driver: driver,
        })
    }

    /// Whether another request may be tried on it.
    ///
    /// What a new connection would be refused for is no better on an open one: a certificate that has expired meanwhile,
    /// or roots that were exchanged since.
    pub(crate) fn is_usable(&self, security: &Security, now: OffsetDateTime) -> bool {
        !self.broken.load(Ordering::Relaxed)
            && self.gate.is_open()
            && self.certificate_ends.is_none_or(|end| now <= end)
            && Arc::ptr_eq(&self.tls, &security.roots.tls())
    }

    /// A simple bind; the caller reads the result code.
    pub(crate) async fn bind(
        &self,
        name: &str,
        password: &str,
        deadline: Instant,
    ) -> Result<LdapResult, Failure> {
        let mut ldap = self.ldap.clone();
        self.answered(deadline, ldap.simple_bind(name, password))
            .await
    }

    /// Takes a password away and adds another, in one request: what the owner of an account may do (MS-ADTS
    /// 3.1.1.3.1.5.2). The caller reads the result code.
    pub(crate) async fn change_password(
        &self,
        object: &str,
        old: &Password,
        new: &Password,
        deadline: Instant,
    ) -> Result<LdapResult, Failure> {
        // The library wants owned values and does not wipe them; the set is handed over, not copied.
        let value = |password: &Password| HashSet::from([quoted_utf16(password)]);
        let changes = vec![
            Mod::Delete(b"unicodePwd".to_vec(), value(old)),
            Mod::Add(b"unicodePwd".to_vec(), value(new)),
        ];
        let mut ldap = self.ldap.clone();
        self.answered(deadline, ldap.modify(object, changes)).await
    }

    /// Searches, page by page.
    pub(crate) async fn search(
        &self,
        search: &Search,
        deadline: Instant,
    ) -> Result<Found, Failure> {
        if ldap3::parse_filter(&search.filter).is_err() {
            return Err(Failure::Refused(format!(
                "the filter {:?} cannot be sent",
                search.filter
            )));
        }
        let mut found = Found::default();
        let mut octets = 0;
        let mut cookie = Vec::new();
        loop {
            let page = self.page(search, &cookie, &mut found, &mut octets);
            let Some(result) = self.answered(deadline, page).await? else {
                self.broken.store(true, Ordering::Relaxed);
                return Err(Failure::Refused(format!(
                    "{} finds too much",
                    search.filter
                )));
            };
            let diagnostic = || {
                format!(
                    "result {}: {}",
                    result.rc,
                    result.text.trim_end_matches('\0')
                )
            };
            match search_outcome(result.rc) {
                SearchOutcome::Complete => {}
                SearchOutcome::TooMany => found.more = true,
                SearchOutcome::NoSuchObject => return Ok(Found::default()),
                SearchOutcome::Refused => return Err(Failure::Refused(diagnostic())),
                SearchOutcome::AskAnother => {
                    self.broken.store(true, Ordering::Relaxed);
                    return Err(Failure::Unable(diagnostic()));
                }
            }
            cookie = next_page(&result);
            if found.entries.len() > search.most {
                found.entries.truncate(search.most);
                found.more = true;
            }
            if cookie.is_empty() || found.more {
                return Ok(found);
            }
        }
    }

    /// One page; `None` when there is more than can be taken.
    async fn page(
        &self,
        search: &Search,
        cookie: &[u8],
        found: &mut Found,
        octets: &mut usize,
    ) -> Result<Option<LdapResult>, LdapError> {
        let mut ldap = self.ldap.clone();
        if search.scope == Scope::Base || search.most < 100 {
            let most = i32::try_from(search.most.saturating_add(1)).unwrap_or(i32::MAX);
            ldap.with_search_options(SearchOptions::new().sizelimit(most).timelimit(TIME_LIMIT));
        } else {
            ldap.with_search_options(SearchOptions::new().timelimit(TIME_LIMIT));
            ldap.with_controls(paged_results(cookie));
        }
        let mut stream = ldap
            .streaming_search(
                &search.base,
                search.scope,
                &search.filter,
                search.attributes.as_slice(),
            )
            .await?;
        while let Some(raw) = stream.next().await? {
            let entry = entries::entry(raw.0).ok_or(LdapError::DecodingUTF8)?;
            *octets += entry
                .names()
                .map(|name| entry.values(name).iter().map(Vec::len).sum::<usize>())
                .sum::<usize>();
            found.entries.push(entry);
            if *octets > MOST_OCTETS || found.entries.len() > search.most + PAGE as usize {
                return Ok(None);
            }
        }
        Ok(Some(stream.finish().await))
    }

    /// Waits for an answer; without one the connection is not used again.
    async fn answered<T>(
        &self,
        deadline: Instant,
        request: impl Future<Output = Result<T, LdapError>>,
    ) -> Result<T, Failure> {
        let answer = timeout_at(deadline, request).await;
        if !matches!(answer, Ok(Ok(_))) {
            self.broken.store(true, Ordering::Relaxed);
        }
        match answer {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(Failure::NoAnswer(format!(
                "{} ({error})",
                self.gate.reason()
            ))),
            Err(_) => Err(Failure::NoAnswer("time ran out".to_owned())),
        }
    }
}

/// The password in double quotes, as UTF-16 with the low octet first.
fn quoted_utf16(password: &Password) -> Vec<u8> {
    let marks = || std::iter::once(u16::from(b'"'));
    marks()
        .chain(password.expose().encode_utf16())
        .chain(marks())
        .flat_map(u16::to_le_bytes)
        .collect()
}

/// `SEQUENCE { size INTEGER, cookie OCTET STRING }`
fn paged_results(cookie: &[u8]) -> RawControl {
    let size = element_number(PAGE);
    let value = ber::element(
        SEQUENCE,
        &[size, ber::element(OCTET_STRING, cookie)].concat(),
    );
    RawControl {
        ctype: PAGED_RESULTS.to_owned(),
        crit: true,
        val: Some(value),
    }
}

fn element_number(number: u32) -> Vec<u8> {
    ber::element(INTEGER, &number.to_be_bytes())
}

/// The cookie of the next page; empty when there is none, or when what came is malformed.
fn next_page(result: &LdapResult) -> Vec<u8> {
    let control = result
        .ctrls
        .iter()
        .find(|control| control.1.ctype == PAGED_RESULTS);
    let cookie = |value: &[u8]| {
        let mut inner = Reader::new(Reader::new(value).expect(SEQUENCE).ok()?);
        inner.number(INTEGER).ok()?;
        Some(inner.expect(OCTET_STRING).ok()?.to_vec())
    };
    control
        .and_then(|control| cookie(control.1.val.as_deref()?))
        .unwrap_or_default()
}
