//! Statements for several rows at once, in a few sizes, so that each is prepared once.

use std::sync::{Arc, OnceLock};

use crate::engine::Sql;

/// The sizes, largest first: any number of rows is a few statements. SQLite looks each placeholder up by
/// its name, in time that grows with their number, so larger ones are slower.
const SIZES: [usize; 5] = [16, 8, 4, 2, 1];

/// One statement in all sizes: `head` VALUES (…), (…) `tail`.
pub(crate) struct Batch {
    head: &'static str,
    columns: usize,
    tail: &'static str,
    built: [OnceLock<Arc<str>>; SIZES.len()],
}

impl Batch {
    pub(crate) const fn new(head: &'static str, columns: usize, tail: &'static str) -> Self {
        Self {
            head,
            columns,
            tail,
            built: [const { OnceLock::new() }; SIZES.len()],
        }
    }

    /// The largest statement for at most `rows` rows, and how many it takes.
    pub(crate) fn for_rows(&self, rows: usize) -> Option<(Sql, usize)> {
        let (built, size) = self
            .built
            .iter()
            .zip(SIZES)
            .find(|(_, size)| *size <= rows)?;
        let text = built.get_or_init(|| self.build(size));
        Some((Sql::Built(Arc::clone(text)), size))
    }

    fn build(&self, rows: usize) -> Arc<str> {
        let row = |row: usize| {
            let places: Vec<String> = (1..=self.columns)
                .map(|column| format!("${}", row * self.columns + column))
                .collect();
            format!("({})", places.join(", "))
        };
        let rows: Vec<String> = (0..rows).map(row).collect();
        Arc::from(format!(
            "{} VALUES {} {}",
            self.head,
            rows.join(", "),
            self.tail
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_rows_is_covered_by_few_statements() {
        let batch = Batch::new("INSERT INTO t (a, b)", 2, "");
        let mut left = 47;
        let mut sizes = Vec::new();
        while let Some((_, size)) = batch.for_rows(left) {
            left -= size;
            sizes.push(size);
        }
        assert_eq!(sizes, [16, 16, 8, 4, 2, 1]);
        assert_eq!(
            &*batch.build(2),
            "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) "
        );
    }
}
