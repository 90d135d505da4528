//! Columns that a mode may write in one of several tables, chosen by name or by variant.

use super::mode::Mode;
use super::params;

/// A column, and the variant that a fault in it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnVariant {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The variant.
    pub word: &'static str,
}

/// The columns that a mode may write, with the two parameters that choose one of them.
pub struct ColumnChoice {
    /// The parameter that names the table.
    pub table: &'static str,
    /// The parameter that names the column.
    pub column: &'static str,
    /// Whether the column may be given by its variant's word too.
    pub by_word: bool,
    /// The columns; the first one's table is the default where a variant is asked for.
    pub places: &'static [ColumnVariant],
}

impl ColumnChoice {
    /// Returns the columns of a table, ignoring case.
    pub fn columns_of(&self, table: &str) -> impl Iterator<Item = &'static ColumnVariant> {
        self.places.iter().filter(move |place| place.table.eq_ignore_ascii_case(table))
    }

    /// Returns the table and the column; `None` for the column where only a variant is given and several columns of the
    /// table show it.
    pub fn resolve_column(
        &self,
        mode: &dyn Mode,
        (table, column): (Option<&str>, Option<&str>),
        variant: Option<&str>,
    ) -> Result<(&'static str, Option<&'static ColumnVariant>), String> {
        let word = variant.map(|word| params::find_variant(mode, word)).transpose()?;
        let table = self.resolve_table(table, word.is_some())?;
        let place = column.map(|column| self.find_column(table, column)).transpose()?;
        let fitting: Vec<_> = self.columns_of(table).filter(|place| word == Some(place.word)).collect();
        match (place, word) {
            (Some(place), Some(word)) if place.word != word => {
                Err(format!("{} {} contradicts the variant {word}: it shows {}", self.column, place.column, place.word))
            }
            (None, Some(word)) if fitting.is_empty() => Err(format!(
                "{table} cannot show {word}: it can show {}",
                join_unique(self.columns_of(table).map(|place| place.word))
            )),
            (None, None) => Err(format!("{} is missing: of {table}, one of {}", self.column, self.list_columns(table))),
            (None, Some(_)) => Ok((table, if fitting.len() == 1 { fitting.first().copied() } else { None })),
            (place, _) => Ok((table, place)),
        }
    }

    fn resolve_table(&self, given: Option<&str>, default: bool) -> Result<&'static str, String> {
        let known = || join_unique(self.places.iter().map(|place| place.table));
        match given {
            Some(table) => self
                .columns_of(table)
                .next()
                .map(|place| place.table)
                .ok_or_else(|| format!("{}: `{table}` is none of {}", self.table, known())),
            None => {
                let first = self.places.first().filter(|_| default).map(|place| place.table);
                first.ok_or_else(|| format!("{} is missing: one of {}", self.table, known()))
            }
        }
    }

    /// Finds a column of a table by its name, ignoring case.
    pub fn find_column(&self, table: &str, column: &str) -> Result<&'static ColumnVariant, String> {
        // Words are in snake case, and people type kebab case too.
        let word = column.replace('-', "_");
        let named = |place: &&ColumnVariant| {
            place.column.eq_ignore_ascii_case(column) || (self.by_word && place.word.eq_ignore_ascii_case(&word))
        };
        let wrong =
            || format!("{}: `{column}` is none of the columns of {table}: {}", self.column, self.list_columns(table));
        self.columns_of(table).find(named).ok_or_else(wrong)
    }

    fn list_columns(&self, table: &str) -> String {
        join_unique(self.columns_of(table).map(|place| place.column))
    }
}

/// Joins words by commas, each once, in order of appearance.
fn join_unique(words: impl Iterator<Item = &'static str>) -> String {
    let mut out: Vec<&str> = Vec::new();
    for word in words {
        if !out.contains(&word) {
            out.push(word);
        }
    }
    out.join(", ")
}
