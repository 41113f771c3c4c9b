//! The built-in relying party: starts sign-ins as an application would, and shows the token it got.
//!
//! It is served by `signet demo` only. It trusts what any relying party trusts: the certificates of the published
//! metadata; nothing is passed to it behind the scenes.

pub(crate) mod data;
mod pages;
mod token;
mod verdict;

pub(crate) use pages::{
    home, receive_saml_entra, receive_saml_wiki, receive_wsfed, start_saml_entra, start_saml_wiki,
};
