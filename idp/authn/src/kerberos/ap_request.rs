//! AP-REQ: the message that carries the ticket, as far as it can be read without a key.
//!
//! Source: RFC 4120 sections 5.2.9 (EncryptedData), 5.3 (Ticket) and 5.5.1 (AP-REQ).

use aws_lc_rs::digest::{Context, SHA256};

use super::der::{BIT_STRING, Der, NotDer, OCTET_STRING, SEQUENCE, application, context};
use super::encryption::EncryptionType;
use super::refusal::{Fallback, KerberosRefusal};

/// The most components of a service's name.
const MOST_COMPONENTS: usize = 8;

/// What an AP-REQ says in clear. Nothing of it is proved: it chooses the key and is shown to administrators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApRequest {
    /// The realm that issued the ticket, which is the service's.
    pub realm: String,
    /// The service's name, `HTTP/sts.corp.example`.
    pub service: String,
    /// The version of the service's key.
    pub key_version: Option<u32>,
    /// What the ticket is encrypted with.
    pub encryption: EncryptionType,
    authenticator_hash: [u8; 32],
}

impl ApRequest {
    /// Reads an AP-REQ.
    ///
    /// # Errors
    /// [`KerberosRefusal::FallBack`] when it is not in its form; [`KerberosRefusal::UserToUser`];
    /// [`KerberosRefusal::WeakEncryption`] for RC4, DES and whatever is not AES.
    pub(super) fn parse(octets: &[u8]) -> Result<Self, KerberosRefusal> {
        let raw = Raw::read(octets).map_err(Fallback::from)?;
        if raw.user_to_user {
            return Err(KerberosRefusal::UserToUser);
        }
        let realm = raw.realm.to_owned();
        let service = raw.service.join("/");
        let strong = |number: i64| {
            EncryptionType::strong(number).ok_or_else(|| KerberosRefusal::WeakEncryption {
                service: service.clone(),
                number,
            })
        };
        // The session key's type is chosen by what the client supports: RC4 there is as weak.
        strong(raw.authenticator.number)?;
        let encryption = strong(raw.ticket.number)?;
        let mut hash = Context::new(&SHA256);
        hash.update(b"signet kerberos authenticator\0");
        hash.update(raw.authenticator.cipher);
        let mut authenticator_hash = [0; 32];
        authenticator_hash.copy_from_slice(hash.finish().as_ref());
        Ok(Self {
            encryption,
            key_version: raw.ticket.key_version,
            realm,
            service,
            authenticator_hash,
        })
    }

    /// SHA-256 of the authenticator's ciphertext, under a label of its own: what makes a token the same token.
    pub fn authenticator_hash(&self) -> [u8; 32] {
        self.authenticator_hash
    }
}

struct Raw<'a> {
    user_to_user: bool,
    realm: &'a str,
    service: Vec<&'a str>,
    ticket: Encrypted<'a>,
    authenticator: Encrypted<'a>,
}

struct Encrypted<'a> {
    number: i64,
    key_version: Option<u32>,
    cipher: &'a [u8],
}

impl<'a> Raw<'a> {
    fn read(octets: &'a [u8]) -> Result<Self, NotDer> {
        let mut outer = Der::new(octets);
        let mut tagged = outer.enter(application(14))?;
        outer.end()?;
        let mut request = tagged.enter(SEQUENCE)?;
        tagged.end()?;
        if request.number(0)? != 5 || request.number(1)? != 14 {
            return Err(NotDer);
        }
        let user_to_user = uses_session_key(request.enter(context(2))?)?;
        let mut ticket = request.enter(context(3))?;
        let mut body = ticket.enter(application(1))?;
        ticket.end()?;
        let mut ticket = body.enter(SEQUENCE)?;
        body.end()?;
        if ticket.number(0)? != 5 {
            return Err(NotDer);
        }
        let mut realm = ticket.enter(context(1))?;
        let realm_text = realm.text()?;
        realm.end()?;
        let service = principal(ticket.enter(context(2))?)?;
        let encrypted = Encrypted::read(ticket.enter(context(3))?)?;
        ticket.end()?;
        let authenticator = Encrypted::read(request.enter(context(4))?)?;
        request.end()?;
        Ok(Self {
            user_to_user,
            realm: realm_text,
            service,
            ticket: encrypted,
            authenticator,
        })
    }
}

/// APOptions: bit 1 is use-session-key.
fn uses_session_key(mut field: Der<'_>) -> Result<bool, NotDer> {
    let octets = field.take(BIT_STRING)?;
    field.end()?;
    match octets {
        [0, first, ..] if octets.len() == 5 => Ok(first & 0x40 != 0),
        _ => Err(NotDer),
    }
}

fn principal<'a>(mut field: Der<'a>) -> Result<Vec<&'a str>, NotDer> {
    let mut name = field.enter(SEQUENCE)?;
    field.end()?;
    name.number(0)?;
    let mut strings = name.enter(context(1))?;
    name.end()?;
    let mut list = strings.enter(SEQUENCE)?;
    strings.end()?;
    let mut parts = Vec::new();
    while !list.is_empty() {
        parts.push(list.text()?);
        if parts.len() > MOST_COMPONENTS {
            return Err(NotDer);
        }
    }
    if parts.is_empty() {
        Err(NotDer)
    } else {
        Ok(parts)
    }
}

impl<'a> Encrypted<'a> {
    fn read(mut field: Der<'a>) -> Result<Self, NotDer> {
        let mut data = field.enter(SEQUENCE)?;
        field.end()?;
        let number = data.number(0)?;
        let key_version = match data.optional(context(1))? {
            Some(mut inner) => {
                let value = inner.integer()?;
                inner.end()?;
                // Some centres write a version above 2^31 as a negative number (MIT krb5 reads both).
                let low = value & 0xffff_ffff;
                Some(u32::try_from(low).map_err(|_| NotDer)?)
            }
            None => None,
        };
        let mut inner = data.enter(context(2))?;
        let cipher = inner.take(OCTET_STRING)?;
        inner.end()?;
        data.end()?;
        if cipher.is_empty() {
            return Err(NotDer);
        }
        Ok(Self {
            number,
            key_version,
            cipher,
        })
    }
}
