//! Certificates of people: handshake, verdict, revocation.

#[path = "../pki/mod.rs"]
mod pki;

mod handshake;
mod ocsp;
mod responder;
mod revocation;
mod verdict;
