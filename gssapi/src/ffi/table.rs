//! The library's shapes, and its functions, looked up once.

use std::ffi::{c_char, c_int, c_void};
use std::ptr::null_mut;
use std::sync::OnceLock;

use libloading::Library;

use crate::error::GssError;

/// What the dynamic linker looks for; MIT's own name for this interface since 2007.
const FILE: &str = "libgssapi_krb5.so.2";

/// `gss_OID_desc`
#[repr(C)]
pub(super) struct Oid {
    pub(super) length: u32,
    pub(super) elements: *mut c_void,
}

/// `gss_OID_set_desc`
#[repr(C)]
pub(super) struct OidSet {
    pub(super) count: usize,
    pub(super) elements: *mut Oid,
}

/// `gss_buffer_desc`
#[repr(C)]
pub(super) struct BufferDesc {
    pub(super) length: usize,
    pub(super) value: *mut c_void,
}

impl BufferDesc {
    pub(super) const EMPTY: Self = Self {
        length: 0,
        value: null_mut(),
    };
}

/// `gss_channel_bindings_struct`
#[repr(C)]
pub(super) struct ChannelBindings {
    pub(super) initiator_addrtype: u32,
    pub(super) initiator_address: BufferDesc,
    pub(super) acceptor_addrtype: u32,
    pub(super) acceptor_address: BufferDesc,
    pub(super) application_data: BufferDesc,
}

/// `gss_key_value_element_desc`
#[repr(C)]
pub(super) struct KeyValue {
    pub(super) key: *const c_char,
    pub(super) value: *const c_char,
}

/// `gss_key_value_set_desc`
#[repr(C)]
pub(super) struct KeyValueSet {
    pub(super) count: u32,
    pub(super) elements: *const KeyValue,
}

/// A credential, a name and a context of the library: opaque.
pub(super) type Handle = *mut c_void;

type AcquireCredFrom = unsafe extern "C" fn(
    *mut u32,
    Handle,
    u32,
    *mut OidSet,
    c_int,
    *const KeyValueSet,
    *mut Handle,
    *mut *mut OidSet,
    *mut u32,
) -> u32;
type AcceptSecContext = unsafe extern "C" fn(
    *mut u32,
    *mut Handle,
    Handle,
    *const BufferDesc,
    *const ChannelBindings,
    *mut Handle,
    *mut *const Oid,
    *mut BufferDesc,
    *mut u32,
    *mut u32,
    *mut Handle,
) -> u32;
type DisplayName = unsafe extern "C" fn(*mut u32, Handle, *mut BufferDesc, *mut *const Oid) -> u32;
type DisplayStatus =
    unsafe extern "C" fn(*mut u32, u32, c_int, *const Oid, *mut u32, *mut BufferDesc) -> u32;
type NameAttribute = unsafe extern "C" fn(
    *mut u32,
    Handle,
    *const BufferDesc,
    *mut c_int,
    *mut c_int,
    *mut BufferDesc,
    *mut BufferDesc,
    *mut c_int,
) -> u32;
type ReleaseHandle = unsafe extern "C" fn(*mut u32, *mut Handle) -> u32;
type ReleaseBuffer = unsafe extern "C" fn(*mut u32, *mut BufferDesc) -> u32;
type DeleteContext = unsafe extern "C" fn(*mut u32, *mut Handle, *mut BufferDesc) -> u32;

/// The functions. The library stays loaded for the life of the process: `_file` is never dropped.
pub(crate) struct Gssapi {
    pub(super) acquire_cred_from: AcquireCredFrom,
    pub(super) accept_sec_context: AcceptSecContext,
    pub(super) display_name: DisplayName,
    pub(super) display_status: DisplayStatus,
    pub(super) name_attribute: NameAttribute,
    pub(super) release_cred: ReleaseHandle,
    pub(super) release_name: ReleaseHandle,
    pub(super) release_buffer: ReleaseBuffer,
    pub(super) delete_context: DeleteContext,
    _file: Library,
}

/// The library, opened at the first call. An absent one stays absent until the next start.
pub(crate) fn library() -> Result<&'static Gssapi, GssError> {
    static LIBRARY: OnceLock<Result<Gssapi, GssError>> = OnceLock::new();
    LIBRARY
        .get_or_init(|| open(FILE))
        .as_ref()
        .map_err(Clone::clone)
}

fn open(file: &str) -> Result<Gssapi, GssError> {
    // SAFETY: MIT krb5's initialisers only set up its own tables and locks; they may run on any thread.
    let file = unsafe { Library::new(file) }
        .map_err(|error| GssError::LibraryAbsent(error.to_string()))?;
    macro_rules! function {
        ($name:literal) => {
            // SAFETY: the field that takes the symbol has the type that MIT krb5's headers give this function, and the
            // pointer stays valid because `_file` lives beside it in a static.
            *unsafe { file.get($name) }.map_err(|error| GssError::SymbolMissing(error.to_string()))?
        };
    }
    Ok(Gssapi {
        acquire_cred_from: function!("gss_acquire_cred_from"),
        accept_sec_context: function!("gss_accept_sec_context"),
        display_name: function!("gss_display_name"),
        display_status: function!("gss_display_status"),
        name_attribute: function!("gss_get_name_attribute"),
        release_cred: function!("gss_release_cred"),
        release_name: function!("gss_release_name"),
        release_buffer: function!("gss_release_buffer"),
        delete_context: function!("gss_delete_sec_context"),
        _file: file,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_or_foreign_library_is_an_error_that_says_so() {
        let absent = open("libsignet-no-such-library.so.2").err();
        assert!(
            matches!(absent, Some(GssError::LibraryAbsent(_))),
            "{absent:?}"
        );
        let foreign = open("libc.so.6").err();
        assert!(
            matches!(foreign, Some(GssError::SymbolMissing(_))),
            "{foreign:?}"
        );
    }
}
