//! Owners of what the library hands out: each gives it back once, when dropped.

use std::ffi::c_void;
use std::ptr::null_mut;

use super::table::{BufferDesc, Gssapi, Handle};

/// A credential for accepting.
pub(crate) struct CredentialHandle {
    library: &'static Gssapi,
    raw: Handle,
}

// SAFETY: a GSSAPI credential is not bound to the thread that made it (MIT krb5 keeps a lock in each).
unsafe impl Send for CredentialHandle {}
// SAFETY: MIT krb5 locks the credential for the time that a call reads or changes it; sharing one among accepting
// threads is what its own servers do.
unsafe impl Sync for CredentialHandle {}

impl CredentialHandle {
    /// Owns what the library wrote; `None` for null.
    pub(super) fn adopt(library: &'static Gssapi, raw: Handle) -> Option<Self> {
        (!raw.is_null()).then_some(Self { library, raw })
    }

    pub(super) fn raw(&self) -> Handle {
        self.raw
    }

    pub(super) fn library(&self) -> &'static Gssapi {
        self.library
    }
}

impl Drop for CredentialHandle {
    fn drop(&mut self) {
        let mut minor = 0;
        // SAFETY: the handle came from gss_acquire_cred_from and is released once; nobody uses it after.
        unsafe { (self.library.release_cred)(&raw mut minor, &raw mut self.raw) };
    }
}

/// A name.
pub(super) struct Name {
    library: &'static Gssapi,
    raw: Handle,
}

impl Name {
    pub(super) fn none(library: &'static Gssapi) -> Self {
        Self {
            library,
            raw: null_mut(),
        }
    }

    /// Where the library writes it; only while this holds none.
    pub(super) fn out(&mut self) -> *mut Handle {
        &raw mut self.raw
    }

    pub(super) fn raw(&self) -> Handle {
        self.raw
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let mut minor = 0;
        if !self.raw.is_null() {
            // SAFETY: the library wrote this name for us; it is released once.
            unsafe { (self.library.release_name)(&raw mut minor, &raw mut self.raw) };
        }
    }
}

/// A security context, finished or not.
pub(super) struct Context {
    library: &'static Gssapi,
    raw: Handle,
}

impl Context {
    pub(super) fn none(library: &'static Gssapi) -> Self {
        Self {
            library,
            raw: null_mut(),
        }
    }

    /// Where the library writes it; only while this holds none.
    pub(super) fn out(&mut self) -> *mut Handle {
        &raw mut self.raw
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        let mut minor = 0;
        if !self.raw.is_null() {
            // SAFETY: the library made this context for us; it is deleted once, and a null buffer asks for no token.
            unsafe { (self.library.delete_context)(&raw mut minor, &raw mut self.raw, null_mut()) };
        }
    }
}

/// Octets of the library's own memory.
pub(super) struct Buffer {
    library: &'static Gssapi,
    raw: BufferDesc,
}

impl Buffer {
    pub(super) fn empty(library: &'static Gssapi) -> Self {
        Self {
            library,
            raw: BufferDesc::EMPTY,
        }
    }

    /// Where the library writes it; only while this is empty.
    pub(super) fn out(&mut self) -> *mut BufferDesc {
        &raw mut self.raw
    }

    /// A copy of the octets; `None` when there are more than `most`.
    pub(super) fn copied(&self, most: usize) -> Option<Vec<u8>> {
        if self.raw.length == 0 || self.raw.value.is_null() {
            return Some(Vec::new());
        }
        if self.raw.length > most {
            return None;
        }
        let value: *const c_void = self.raw.value;
        // SAFETY: the library wrote `length` octets at `value`, which stay until this buffer is released; `length` is at
        // most `most`, far below `isize::MAX`.
        let octets = unsafe { std::slice::from_raw_parts(value.cast::<u8>(), self.raw.length) };
        Some(octets.to_vec())
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut minor = 0;
        // SAFETY: the descriptor is empty or was filled by the library; releasing an empty one does nothing.
        unsafe { (self.library.release_buffer)(&raw mut minor, &raw mut self.raw) };
    }
}
