//! Runs a file of claim rule cases, one JSON object a line, through the public API of the crate.
//!
//! `cargo run --release -p signet-claims --example cases -- FILE.jsonl` prints every case that
//! failed and ends with `N passed, N failed`.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;

#[path = "cases/case.rs"]
mod case;
#[path = "cases/directory.rs"]
mod directory;
#[path = "cases/run.rs"]
mod run;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: cases FILE.jsonl");
        return ExitCode::FAILURE;
    };
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{path}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let report = run::run_all(&text);
    for failure in &report.failures {
        println!("{failure}");
    }
    println!("{} passed, {} failed", report.passed, report.failures.len());
    if report.failures.is_empty() && report.passed > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
