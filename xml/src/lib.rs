//! The one XML room: bytes in, canonical bytes out, and the signatures between them.
//!
//! - [`read`] turns bytes of strangers into a [`Document`], or says why not. Every cap applies before
//!   a tree exists ([`Limits`]), and a document type declaration is refused outright.
//! - [`verify_enveloped`] turns a [`Document`] into a [`Verified`] element. Nothing else makes one, so a
//!   function that takes `&Verified` cannot be handed a value that nobody signed. [`verify_detached`]
//!   does the same for the query string of the redirect binding.
//! - [`Writer`] emits XML that already *is* its own exclusive canonical form: [`sign_element`] hashes
//!   what it wrote, as it stands. It escapes every value; there is no way to write a raw string.
//! - [`encrypt_element`] wraps a signed assertion for one partner.
//!
//! Rules that this room keeps: one parser (uppsala) and one canonicaliser for reading, each behind one
//! module; the writer never verifies; `KeyInfo` is never a source of keys; no function answers
//! "is it valid?" with a `bool`.

mod canonical;
mod canonical_xml;
mod document;
mod element;
mod encrypt;
mod error;
mod escape;
pub mod fuzz;
mod instant;
mod key;
mod limits;
mod name;
pub mod ns;
mod policy;
mod profile;
mod scan;
mod sign;
mod signature_error;
mod verify;
mod writer;

pub use canonical_xml::CanonicalXml;
pub use document::{Document, read};
pub use element::{Attribute, Element};
pub use encrypt::{ContentEncryption, EncryptionFailed, RecipientKey, encrypt_element};
pub use error::XmlError;
pub use instant::{instant, parse_duration, parse_instant};
pub use key::{KeyRefused, TrustedKey};
pub use limits::Limits;
pub use name::Name;
pub use policy::{Policy, SignatureAlgorithm};
pub use sign::{Algorithm, SignatureMaker, SigningFailed, sign_element};
pub use signature_error::SignatureError;
pub use verify::{Verified, VerifiedMessage, verify_detached, verify_enveloped, verify_only_child};
pub use writer::Writer;
