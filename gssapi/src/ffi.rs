//! The C library: its shapes, its functions, and the owners of what it hands out.
//!
//! Kerberos is the only mechanism: the library never reads SPNEGO, and its error numbers stay what they are (they
//! are replaced by others when SPNEGO is between).
//!
//! The only unsafe code of Kerberos. Every pointer that the library gives is owned by a value whose `Drop`
//! gives it back, every length is checked against a bound before it is believed, and nothing here keeps a
//! pointer to what a caller lent. Shapes: RFC 2744 (appendix A) and MIT krb5's `gssapi_ext.h`, for Linux,
//! where none of them is packed.
#![expect(
    unsafe_code,
    reason = "MIT krb5 is a C library; the calls and their contracts are below"
)]

mod owned;
mod table;

use std::ffi::{CStr, c_int, c_void};
use std::ptr::{null, null_mut};

pub(crate) use owned::CredentialHandle;
use owned::{Buffer, Context, Name};
pub(crate) use table::library;
use table::{BufferDesc, Gssapi, KeyValue, KeyValueSet, Oid, OidSet};

use crate::error::{GssError, Status};

/// 1.2.840.113554.1.2.2, Kerberos 5 (RFC 4121).
const KERBEROS: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
/// The name type of a Kerberos principal, 1.2.840.113554.1.2.2.1 (RFC 1964, 2.1.1).
const PRINCIPAL_NAME: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01";

const ACCEPT: c_int = 2;
const INDEFINITE: u32 = u32::MAX;
const CONTINUE_NEEDED: u32 = 1;
const GSS_CODE: c_int = 1;
const MECHANISM_CODE: c_int = 2;
/// The most lines of one status that are read.
const MOST_LINES: usize = 8;

/// A credential for accepting, from the named key table and replay cache.
pub(crate) fn acquire(
    keytab: &CStr,
    replay_cache: Option<&CStr>,
) -> Result<CredentialHandle, GssError> {
    let library = library()?;
    let mut elements = vec![KeyValue {
        key: c"keytab".as_ptr(),
        value: keytab.as_ptr(),
    }];
    if let Some(cache) = replay_cache {
        elements.push(KeyValue {
            key: c"rcache".as_ptr(),
            value: cache.as_ptr(),
        });
    }
    let store = KeyValueSet {
        count: u32::try_from(elements.len()).unwrap_or(0),
        elements: elements.as_ptr(),
    };
    let mut oids = [oid(KERBEROS)];
    let mut mechanisms = OidSet {
        count: oids.len(),
        elements: oids.as_mut_ptr(),
    };
    let (mut minor, mut raw) = (0, null_mut());
    // SAFETY: `minor` and `raw` are writable; the store, its elements, their strings and the mechanism set live
    // until the call returns, which copies what it keeps. A null name means any key, null outputs mean "not wanted".
    let major = unsafe {
        (library.acquire_cred_from)(
            &raw mut minor,
            null_mut(),
            INDEFINITE,
            &raw mut mechanisms,
            ACCEPT,
            &raw const store,
            &raw mut raw,
            null_mut(),
            null_mut(),
        )
    };
    let credential = CredentialHandle::adopt(library, raw);
    if failed(major) {
        return Err(GssError::CredentialRefused(status(library, major, minor)));
    }
    credential.ok_or(GssError::BrokenAnswer("no credential"))
}

/// What the library says of an accepted token.
pub(crate) struct RawAccepted {
    pub(crate) name: String,
    pub(crate) is_principal: bool,
    pub(crate) flags: u32,
    pub(crate) seconds: u32,
    pub(crate) reply: Vec<u8>,
    /// The octets of the attribute, and whether the library verified them.
    pub(crate) attribute: Option<(Vec<u8>, bool)>,
}

/// Accepts one token; `application_data` are the channel bindings, `attribute` is read of the client's name.
pub(crate) fn accept(
    credential: &CredentialHandle,
    token: &[u8],
    application_data: Option<&[u8]>,
    attribute: &[u8],
    most: usize,
) -> Result<RawAccepted, GssError> {
    let library = credential.library();
    let input = lent(token);
    let bindings = table::ChannelBindings {
        initiator_addrtype: 0,
        initiator_address: BufferDesc::EMPTY,
        acceptor_addrtype: 0,
        acceptor_address: BufferDesc::EMPTY,
        application_data: lent(application_data.unwrap_or_default()),
    };
    let bindings_pointer = if application_data.is_some() {
        &raw const bindings
    } else {
        null()
    };
    let mut context = Context::none(library);
    let mut name = Name::none(library);
    let mut reply = Buffer::empty(library);
    let mut mechanism: *const Oid = null();
    let (mut minor, mut flags, mut seconds) = (0, 0, 0);
    // SAFETY: every output is writable and owned by a value that gives it back whatever the call returns; the token and
    // the bindings live until it returns and are not written to; the credential is valid and may be shared by threads.
    // The last argument is null: delegated credentials are not taken.
    let major = unsafe {
        (library.accept_sec_context)(
            &raw mut minor,
            context.out(),
            credential.raw(),
            &raw const input,
            bindings_pointer,
            name.out(),
            &raw mut mechanism,
            reply.out(),
            &raw mut flags,
            &raw mut seconds,
            null_mut(),
        )
    };
    if failed(major) {
        return Err(GssError::TokenRefused(status(library, major, minor)));
    }
    if major & CONTINUE_NEEDED != 0 {
        return Err(GssError::MoreLegs);
    }
    // SAFETY: the library points `mechanism` at a static OID, or leaves it null.
    if unsafe { octets_of(mechanism) } != Some(KERBEROS) {
        return Err(GssError::OtherMechanism);
    }
    let (text, is_principal) = display(library, &name, most)?;
    Ok(RawAccepted {
        name: text,
        is_principal,
        flags,
        seconds,
        reply: reply.copied(most).ok_or(GssError::TooLong("the reply"))?,
        attribute: name_attribute(library, &name, attribute, most)?,
    })
}

fn display(library: &'static Gssapi, name: &Name, most: usize) -> Result<(String, bool), GssError> {
    let mut text = Buffer::empty(library);
    let mut kind: *const Oid = null();
    let mut minor = 0;
    // SAFETY: `name` holds a name of the library, the outputs are writable; `text` gives its octets back, `kind` is static.
    let major =
        unsafe { (library.display_name)(&raw mut minor, name.raw(), text.out(), &raw mut kind) };
    if failed(major) {
        return Err(GssError::TokenRefused(status(library, major, minor)));
    }
    let text = text
        .copied(most)
        .ok_or(GssError::TooLong("the client's name"))?;
    let text =
        String::from_utf8(text).map_err(|_| GssError::BrokenAnswer("a name that is not UTF-8"))?;
    // SAFETY: as for the mechanism: static, or null.
    Ok((text, unsafe { octets_of(kind) } == Some(PRINCIPAL_NAME)))
}

/// One attribute of a name (RFC 6680, 7.5); `None` when the name has none of that name.
fn name_attribute(
    library: &'static Gssapi,
    name: &Name,
    attribute: &[u8],
    most: usize,
) -> Result<Option<(Vec<u8>, bool)>, GssError> {
    let attribute = lent(attribute);
    let mut value = Buffer::empty(library);
    let mut shown = Buffer::empty(library);
    let (mut minor, mut authenticated, mut complete, mut more): (u32, c_int, c_int, c_int) =
        (0, 0, 0, -1);
    // SAFETY: the name is valid, the attribute's octets live until the call returns, outputs are writable, and the two
    // buffers give back what they get. `more` is -1 for the first value, as RFC 6680 demands.
    let major = unsafe {
        (library.name_attribute)(
            &raw mut minor,
            name.raw(),
            &raw const attribute,
            &raw mut authenticated,
            &raw mut complete,
            value.out(),
            shown.out(),
            &raw mut more,
        )
    };
    if failed(major) {
        return Ok(None);
    }
    let value = value.copied(most).ok_or(GssError::TooLong("the PAC"))?;
    Ok((!value.is_empty()).then_some((value, authenticated != 0)))
}

/// The library's words for a status; they belong to the thread of the failed call.
fn status(library: &'static Gssapi, major: u32, minor: u32) -> Status {
    let mut words = Vec::new();
    for (code, kind) in [(major, GSS_CODE), (minor, MECHANISM_CODE)] {
        let (mut ignored, mut next) = (0, 0);
        let mechanism = oid(KERBEROS);
        for _ in 0..MOST_LINES {
            let mut line = Buffer::empty(library);
            // SAFETY: the outputs are writable and `line` gives its octets back; the OID lives until the call returns.
            let told = unsafe {
                (library.display_status)(
                    &raw mut ignored,
                    code,
                    kind,
                    &raw const mechanism,
                    &raw mut next,
                    line.out(),
                )
            };
            if failed(told) {
                break;
            }
            let line = line.copied(1024).unwrap_or_default();
            words.push(String::from_utf8_lossy(&line).into_owned());
            if next == 0 {
                break;
            }
        }
    }
    Status::new(major, minor, words.join(": "))
}

/// Calling and routine errors; supplementary bits alone are no failure (RFC 2744, 3.9.1).
fn failed(major: u32) -> bool {
    major & 0xffff_0000 != 0
}

/// A description of octets that the library reads and never writes; valid while `octets` is.
fn lent(octets: &[u8]) -> BufferDesc {
    BufferDesc {
        length: octets.len(),
        value: octets.as_ptr().cast_mut().cast::<c_void>(),
    }
}

fn oid(octets: &'static [u8]) -> Oid {
    Oid {
        length: u32::try_from(octets.len()).unwrap_or(0),
        elements: octets.as_ptr().cast_mut().cast::<c_void>(),
    }
}

/// # Safety
/// `oid` is null, or points to an OID of the library's own static ones.
unsafe fn octets_of(oid: *const Oid) -> Option<&'static [u8]> {
    // SAFETY: by the caller's promise.
    let oid = unsafe { oid.as_ref() }?;
    let length = usize::try_from(oid.length)
        .ok()
        .filter(|length| *length <= 64)?;
    if oid.elements.is_null() {
        return None;
    }
    // SAFETY: a static OID has as many readable octets as its length says.
    Some(unsafe { std::slice::from_raw_parts(oid.elements.cast::<u8>(), length) })
}
