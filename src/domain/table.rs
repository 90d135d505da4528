//! The tables of a domain: keys, columns, and which of them identify a person.

use std::collections::BTreeMap;

/// What is known of a table.
#[derive(Debug)]
pub struct TableCard {
    /// The table's name.
    pub name: &'static str,
    /// The key columns.
    pub key: &'static [&'static str],
    /// Whether a database that has it holds this domain's data: no other domain has a table of that name.
    pub distinctive: bool,
    /// Columns that identify a person, or hold what somebody typed.
    pub identifying: &'static [&'static str],
    /// Columns and declared types of a lab; none where a lab lacks the table. Everything but the key may be NULL.
    pub columns: &'static [(&'static str, &'static str)],
    /// The columns of a lab by which rows are looked up.
    pub indexes: &'static [&'static str],
}

/// A table to be made, in plain words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableDef {
    /// The table's name.
    pub name: String,
    /// The key column.
    pub key: Option<String>,
    /// The columns: name, declared type, NULL allowed.
    pub columns: Vec<(String, String, bool)>,
    /// The columns by which rows are looked up.
    pub indexes: Vec<String>,
    /// The declared foreign keys: column, other table, its column.
    pub references: Vec<(String, String, String)>,
}

/// What a column that may be shown to a stranger holds, where it holds what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnContent {
    /// Numbers or times.
    Measures,
    /// Words of somebody's list.
    Codes,
    /// Bytes.
    Bytes,
}

/// Returns the columns that identify a person or hold free text, by table.
#[must_use]
pub fn identifying_columns(tables: &[&TableCard]) -> BTreeMap<String, Vec<String>> {
    let columns = |card: &TableCard| card.identifying.iter().map(|column| (*column).to_owned()).collect();
    tables.iter().map(|card| (card.name.to_owned(), columns(card))).collect()
}

impl TableCard {
    /// A table that tells the domain, by its name, its key, and its columns with their declared types.
    #[must_use]
    pub const fn new(
        name: &'static str,
        key: &'static [&'static str],
        columns: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self { name, key, distinctive: true, identifying: &[], columns, indexes: &[] }
    }

    /// With columns that identify a person, or hold what somebody typed.
    #[must_use]
    pub const fn with_identifying(self, identifying: &'static [&'static str]) -> Self {
        Self { identifying, ..self }
    }

    /// Returns what a column holds that may be shown to a stranger: it is known, and neither identifies a person nor
    /// holds free text; `None` of any other.
    #[must_use]
    pub fn disclosable_content(&self, column: &str) -> Option<ColumnContent> {
        let is = |name: &&str| name.eq_ignore_ascii_case(column);
        if self.identifying.iter().any(&is) {
            return None;
        }
        let listed = self.columns.iter().find(|(name, _)| is(name));
        let declared = match listed {
            Some((_, declared)) => *declared,
            None if self.key.iter().any(is) => "",
            None => return None,
        };
        Some(match declared {
            declared if declared.contains("char") => ColumnContent::Codes,
            declared if declared.contains("binary") || declared.contains("image") => ColumnContent::Bytes,
            _ => ColumnContent::Measures,
        })
    }

    /// Returns the type that a lab declares a column with.
    #[must_use]
    pub fn declared_type(&self, column: &str) -> Option<&'static str> {
        self.columns.iter().find(|(name, _)| *name == column).map(|(_, declared)| *declared)
    }

    /// Returns the table as a lab makes it; only the key refuses NULL.
    #[must_use]
    pub fn to_def(&self) -> TableDef {
        let is_key = |name: &str| self.key.contains(&name);
        let column = |(name, declared): &(&str, &str)| ((*name).to_owned(), (*declared).to_owned(), !is_key(name));
        TableDef {
            name: self.name.to_owned(),
            key: self.key.first().map(|column| (*column).to_owned()),
            columns: self.columns.iter().map(column).collect(),
            indexes: self.indexes.iter().map(|column| (*column).to_owned()).collect(),
            references: Vec::new(),
        }
    }
}
