//! The tables of a domain: keys, columns, and the columns that identify a person.

use std::collections::BTreeMap;

/// A table of a domain.
#[derive(Debug)]
pub struct TableCard {
    /// The table's name.
    pub name: &'static str,
    /// The key columns.
    pub key: &'static [&'static str],
    /// Whether its presence shows that a database belongs to this domain, because no other has a table of that name.
    pub distinctive: bool,
    /// Columns that identify a person or hold free text; they are redacted before anyone outside sees them.
    pub identifying: &'static [&'static str],
    /// The columns of a lab's table with their declared types; empty where labs lack the table. All but the key are
    /// nullable.
    pub columns: &'static [(&'static str, &'static str)],
    /// The columns of a lab's table that get an index.
    pub indexes: &'static [&'static str],
}

/// The definition of a table to create, in no dialect of SQL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableDef {
    /// The table's name.
    pub name: String,
    /// The key column.
    pub key: Option<String>,
    /// The columns, as (name, declared type, nullable).
    pub columns: Vec<(String, String, bool)>,
    /// The columns that get an index.
    pub indexes: Vec<String>,
    /// The declared foreign keys, as (column, other table, column of that table).
    pub references: Vec<(String, String, String)>,
}

/// The content of a column that may be disclosed, as far as its cells conform to its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnContent {
    /// Numbers or times.
    Measures,
    /// Words of a closed list.
    Codes,
    /// Bytes.
    Bytes,
}

/// Returns the columns that identify a person or hold free text, by the table's name.
#[must_use]
pub fn identifying_columns(tables: &[&TableCard]) -> BTreeMap<String, Vec<String>> {
    let mut columns = BTreeMap::new();
    for card in tables {
        columns.insert(card.name.to_owned(), card.identifying.iter().map(|column| (*column).to_owned()).collect());
    }
    columns
}

impl TableCard {
    /// Returns a distinctive table from its name, its key columns, and its columns with their declared types.
    #[must_use]
    pub const fn new(
        name: &'static str,
        key: &'static [&'static str],
        columns: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self { name, key, distinctive: true, identifying: &[], columns, indexes: &[] }
    }

    /// Sets the columns that identify a person or hold free text.
    #[must_use]
    pub const fn with_identifying(self, identifying: &'static [&'static str]) -> Self {
        Self { identifying, ..self }
    }

    /// Returns the content of a column that may be disclosed, ignoring case; `None` for a column that is unknown,
    /// identifies a person or holds free text.
    #[must_use]
    pub fn disclosable_content(&self, column: &str) -> Option<ColumnContent> {
        let has_name = |name: &&str| name.eq_ignore_ascii_case(column);
        if self.identifying.iter().any(&has_name) {
            return None;
        }
        let declared = match self.columns.iter().find(|(name, _)| has_name(name)) {
            Some((_, declared)) => *declared,
            // Tables that labs lack declare no types, and keys are numbers.
            None if self.key.iter().any(has_name) => "",
            None => return None,
        };
        Some(match declared {
            // Free text is listed in `identifying`, so the texts left are words of a list.
            declared if declared.contains("char") => ColumnContent::Codes,
            declared if declared.contains("binary") || declared.contains("image") => ColumnContent::Bytes,
            _ => ColumnContent::Measures,
        })
    }

    /// Returns the declared type of a lab's column, by its exact name.
    #[must_use]
    pub fn declared_type(&self, column: &str) -> Option<&'static str> {
        self.columns.iter().find(|(name, _)| *name == column).map(|(_, declared)| *declared)
    }

    /// Returns the definition of a lab's table; only the key columns are NOT NULL.
    #[must_use]
    pub fn to_def(&self) -> TableDef {
        let mut columns = Vec::with_capacity(self.columns.len());
        for (name, declared) in self.columns {
            columns.push(((*name).to_owned(), (*declared).to_owned(), !self.key.contains(name)));
        }
        TableDef {
            name: self.name.to_owned(),
            key: self.key.first().map(|column| (*column).to_owned()),
            columns,
            indexes: self.indexes.iter().map(|column| (*column).to_owned()).collect(),
            references: Vec::new(),
        }
    }
}
