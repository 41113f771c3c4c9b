//! Printing: tables for people, JSON for programs.

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
                complain(&format!("the answer cannot be written: {error}"));
            }
        }
    }

    /// Prints `document` with `--json`, else `text`.
    pub(crate) fn show(&self, document: &impl Serialize, text: impl FnOnce() -> String) {
        if self.json {
            match serde_json::to_string_pretty(document) {
                Ok(json) => self.write(&json),
                Err(error) => complain(&format!("the answer cannot be written as JSON: {error}")),
            }
        } else {
            self.write(harmless(&text()).trim_end());
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
            complain(&failure.0);
        }
    }
}

/// To standard error; where nobody can be told, nobody is.
fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "signet: {}", harmless(text));
}

/// What moves a terminal's cursor, changes its colours or turns the direction of text.
fn is_hazard(one: char) -> bool {
    one.is_control()
        || matches!(one, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{061c}')
        || matches!(one, '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

/// `text`, which somebody else may have written, as one line that is harmless to a terminal.
pub(crate) fn one_line(text: &str) -> String {
    let harmless = |one| if is_hazard(one) { ' ' } else { one };
    text.chars().map(harmless).collect()
}

/// The same for a text of several lines.
fn harmless(text: &str) -> String {
    let harmless = |one| match one {
        '\n' | '\t' => one,
        _ if is_hazard(one) => ' ',
        _ => one,
    };
    text.chars().map(harmless).collect()
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
    use super::{harmless, one_line, table};

    #[test]
    fn sec_log_01_what_somebody_else_wrote_commands_no_terminal() {
        let evil = "CN=a\u{1b}[2J\u{202e}b\r\nWarning: c\u{9b}31m";
        assert_eq!(one_line(evil), "CN=a [2J b  Warning: c 31m");
        assert_eq!(harmless(evil), "CN=a [2J b \nWarning: c 31m");
        assert_eq!(one_line("Ünï ✓"), "Ünï ✓");
    }

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
