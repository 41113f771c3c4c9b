//! Second factors over the real store, with a real FreeRADIUS and a software authenticator.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "../authn/fake.rs"]
#[allow(dead_code, reason = "the other tests use the rest of it")]
mod fake;

mod enrolment;
mod freeradius;
mod lab;
mod passkeys;
mod radius;
mod recovery;
mod totp;
// The adapter that the server has: the room is tested over what it really runs on.
#[path = "../../../server/src/house/vault.rs"]
mod vault;
