//! Printing: tables for people, JSON for programs.
#![expect(clippy::print_stderr, reason = "this is where commands print")]

use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use super::Failure;

/// Where a command's answer goes.
pub(crate) struct Output {
    json: bool,
    lost: AtomicBool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self {
            json,
            lost: AtomicBool::new(false),
        }
    }

    /// Whether an answer could not be written where it was to go.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    fn write(&self, text: &str) {
        match writeln!(std::io::stdout().lock(), "{text}") {
            Ok(()) => {}
            // Whoever reads no further (`| head`) has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            Err(error) => {
                self.lost.store(true, Ordering::Relaxed);
                eprintln!("signet: the answer cannot be written: {error}");
            }
        }
    }

    /// Prints `document` with `--json`, else `text`.
    pub(crate) fn show(&self, document: &impl Serialize, text: impl FnOnce() -> String) {
        if self.json {
            match serde_json::to_string_pretty(document) {
                Ok(json) => self.write(&json),
                Err(error) => eprintln!("signet: the answer cannot be written as JSON: {error}"),
            }
        } else {
            self.write(text().trim_end());
        }
    }

    /// Prints plain text, whatever the format: the demonstration's welcome.
    pub(crate) fn plain(&self, text: &str) {
        self.write(text.trim_end());
    }

    pub(crate) fn failure(&self, failure: &Failure) {
        if self.json {
            self.write(&serde_json::json!({ "error": failure.0 }).to_string());
        } else {
            eprintln!("signet: {}", failure.0);
        }
    }
}

/// A table with aligned columns.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count());
        cells
            .chain(head.get(column).map(|cell| cell.chars().count()))
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<_> = (0..head.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let mut text = String::new();
        for (cell, width) in cells.iter().zip(&widths) {
            text.push_str(cell);
            text.extend(std::iter::repeat_n(
                ' ',
                width.saturating_sub(cell.chars().count()) + 2,
            ));
        }
        text.trim_end().to_owned()
    };
    let mut lines = vec![line(head.to_vec())];
    lines.extend(
        rows.iter()
            .map(|row| line(row.iter().map(String::as_str).collect())),
    );
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn columns_line_up() {
        let text = table(
            &["NAME", "STATE"],
            &[
                vec!["Ünï".into(), "on".into()],
                vec!["Contoso".into(), "off".into()],
            ],
        );
        assert_eq!(text, "NAME     STATE\nÜnï      on\nContoso  off");
    }
}
