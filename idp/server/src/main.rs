//! `signet`: the identity provider and its commands.
//!
//! - `cli`, `commands`: what an admin types; each command is one file.
//! - `config`: `signet.toml`.
//! - `house`: everything that requests share, opened once.
//! - `routes`, `flow`: what is answered, and the way of a sign-in through it.
//! - `web`: listeners, TLS, paths, cookies, headers; knows no sign-in.
//! - `demo`: the built-in relying party.

mod cli;
mod commands;
mod config;
mod demo;
mod flow;
mod house;
mod routes;
mod serve;
mod signals;
mod web;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;

fn main() -> ExitCode {
    commands::run(Cli::parse())
}
