//! Certificates of people: handshake, verdict, revocation.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::result_large_err,
    reason = "a test"
)]

#[path = "../pki/mod.rs"]
mod pki;

mod handshake;
mod ocsp;
mod responder;
mod revocation;
mod seeds;
mod verdict;
