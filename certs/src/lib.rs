//! Keys and certificates: what signs tokens, what seals cookies, what serves TLS.
//!
//! A [`SigningKey`] is a parsed RSA key with its certificate, generated here or imported from PFX or PEM
//! and refused when weak, mismatched or out of date. A [`KeyRing`] holds the current and the next one.
//! At rest a key is a [`WrappedKey`], which only the [`MasterKey`] opens; the master key lives in a file
//! (or a systemd credential) outside the store, and everything else that needs a secret derives it from there:
//! [`Sealer`] for cookies and flow tokens, [`MacKey`] for rows of the store.
//! [`tls`] loads server certificates, names every fault of theirs, and exchanges them without a restart.
//! [`client`] reads and judges the certificates of people: path, NTAuth, purpose, revocation, and the words of a mapping.
//!
//! No item of this room gives a private key out. The raw signing functions of [`SigningKey`] are fenced by
//! `clippy.toml`: only issuance's signer may call them.

pub mod client;
mod demo;
mod error;
mod facts;
mod generate;
mod import;
mod legacy_sha1;
mod mac;
mod master;
mod master_file;
mod ring;
mod seal;
mod signing_key;
pub mod tls;
mod validity;
mod wrap;

pub use demo::{DemoAuthority, IssuedServer};
pub use error::{CertError, FileFault};
pub use facts::{CertificateFacts, Thumbprint, instant};
pub use import::{read_certificate, read_pfx_bytes};
pub use mac::MacKey;
pub use master::MasterKey;
pub use ring::KeyRing;
pub use seal::{MAX_SEALED_BYTES, Sealer};
pub use signing_key::SigningKey;
pub use wrap::WrappedKey;
