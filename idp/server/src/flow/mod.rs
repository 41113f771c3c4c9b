//! The way of a sign-in through this server, from a message to the page that posts the token.
//!
//! ```text
//! GET or POST /adfs/ls/ -> receive -> go_on -> session answers it? -> issue -> page that posts the token
//!                                        |-> form -> credentials -/
//!                                        |-> negotiate (a ticket) -/
//!                                        \-> certificate -> certificate_host -> certificate -/
//! ```
//!
//! `receive` reads the message with the protocol rooms, `go_on` asks whether the session answers it,
//! `negotiate` takes a Kerberos ticket, `credentials` a form of ours, `certificate` leads to the host that asks for
//! certificates and back (`crossing` is what is sealed on the way), `second` asks for a second factor, `change` changes a
//! password, `portal` has the person's own pages, `issue` makes the token and its audit row, `sign_out` ends sessions.

pub(crate) mod certificate;
mod certificate_host;
pub(crate) mod change;
mod credentials;
mod crossing;
mod factor_pages;
mod go_on;
mod issue;
mod negotiate;
pub(crate) mod portal;
mod receive;
mod reply;
pub(crate) mod sealed;
mod second;
mod sign_out;
mod submitted_factor;

pub(crate) use certificate_host::judge as judge_certificate;
pub(crate) use receive::{get, idp_initiated, post};
pub(crate) use reply::{Reply, page_for_status};
