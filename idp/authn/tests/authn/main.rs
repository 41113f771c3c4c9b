//! Authentication through the public interface, against a directory whose answers and delays are stubbed.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod alike;
mod brakes;
mod changes;
mod fake;
mod guessing;
mod networks;
mod password;
mod sessions;
