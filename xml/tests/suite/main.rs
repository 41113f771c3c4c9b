//! The XML room as partners, attackers and other implementations meet it.
//!
//! xmlsec1, xmllint and openssl are the implementations that are not ours; where one is missing the
//! tests fail.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

mod canonical;
mod differential;
mod documents;
mod encryption;
mod interop;
mod keys;
mod reading;
mod signatures;
mod speed;
mod support;
mod wrapping;
