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

/// The table and the column that parameters name.
#[derive(Clone, Copy, Debug)]
pub struct ColumnNames<'p> {
    /// The table.
    pub table: Option<&'p str>,
    /// The column, or its variant's word.
    pub column: Option<&'p str>,
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
        names: ColumnNames<'_>,
        variant: Option<&str>,
    ) -> Result<(&'static str, Option<&'static ColumnVariant>), String> {
        let word = variant.map(|word| params::find_variant(mode, word)).transpose()?;
        let table = self.resolve_table(names.table, word.is_some())?;
        let place = names.column.map(|column| self.find_column(table, column)).transpose()?;
        let candidates: Vec<_> = self.columns_of(table).filter(|place| word == Some(place.word)).collect();
        match (place, word) {
            (Some(place), Some(word)) if place.word != word => {
                Err(format!("{} {} contradicts the variant {word}: it shows {}", self.column, place.column, place.word))
            }
            (None, Some(word)) if candidates.is_empty() => Err(format!(
                "{table} cannot show {word}: it can show {}",
                join_unique(self.columns_of(table).map(|place| place.word))
            )),
            (None, None) => Err(format!("{} is missing: of {table}, one of {}", self.column, self.list_columns(table))),
            (None, Some(_)) => Ok((table, if candidates.len() == 1 { candidates.first().copied() } else { None })),
            (place, _) => Ok((table, place)),
        }
    }

    /// Finds a table by its name, ignoring case; without a name, the default one where there may be a default.
    fn resolve_table(&self, name: Option<&str>, has_default: bool) -> Result<&'static str, String> {
        let place = match name {
            Some(name) => self.columns_of(name).next(),
            None => self.places.first().filter(|_| has_default),
        };
        if let Some(place) = place {
            return Ok(place.table);
        }
        let tables = join_unique(self.places.iter().map(|place| place.table));
        Err(match name {
            Some(name) => format!("{}: `{name}` is not one of {tables}", self.table),
            None => format!("{} is missing: one of {tables}", self.table),
        })
    }

    /// Finds a column of a table by its name, ignoring case.
    pub fn find_column(&self, table: &str, column: &str) -> Result<&'static ColumnVariant, String> {
        // Words are in snake case, and people type kebab case too.
        let word = column.replace('-', "_");
        for place in self.columns_of(table) {
            let has_word = self.by_word && place.word.eq_ignore_ascii_case(&word);
            if has_word || place.column.eq_ignore_ascii_case(column) {
                return Ok(place);
            }
        }
        Err(format!("{}: `{column}` is not one of the columns of {table}: {}", self.column, self.list_columns(table)))
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
