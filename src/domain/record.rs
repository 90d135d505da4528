//! Kinds of record: what people list, open and break, the columns in which they see it, and how one leads to another.

use super::pause::{Pause, read_rows};
use crate::model::{Fetch, Key, Snapshot, Value};

/// A kind of record.
#[derive(Debug)]
pub struct RecordKind {
    /// The word for one, as people type it.
    pub word: &'static str,
    /// The word for several.
    pub plural: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Its table.
    pub table: &'static str,
    /// Its key column.
    pub key: &'static str,
    /// The columns that describe it in a list; the first is its id.
    pub columns: &'static [ListColumn],
    /// Whether faults are made on it, so that `find` lists it and the filters of its domain narrow it.
    pub faultable: bool,
    /// The kind of the records that are listed when one of these is opened.
    pub opens: Option<&'static str>,
    /// The kinds whose records belong to it.
    pub links: &'static [RecordLink],
    /// Width of a terminal, in characters, below which only the columns that name a record are listed.
    pub narrow_below: u16,
    /// Columns of free text that are shown all the same, because a record cannot be recognised without them.
    pub shows: &'static [&'static str],
    /// Parameters of queries that a record fills from a column of another name: parameter and column.
    pub asks: &'static [(&'static str, &'static str)],
}

impl PartialEq for RecordKind {
    fn eq(&self, other: &Self) -> bool {
        // Kinds are constants, and no two have both the same table and the same word.
        (self.table, self.word) == (other.table, other.word)
    }
}

impl Eq for RecordKind {}

impl RecordKind {
    /// Returns a kind from the words for one and for several, and what it is. Its table and the columns of its list are
    /// set by [`Self::in_table`] and [`Self::with_columns`].
    #[must_use]
    pub const fn new(word: &'static str, plural: &'static str, about: &'static str) -> Self {
        Self {
            word,
            plural,
            about,
            table: "",
            key: "",
            columns: &[],
            faultable: false,
            opens: None,
            links: &[],
            narrow_below: 0,
            shows: &[],
            asks: &[],
        }
    }

    /// Sets its table and key column.
    #[must_use]
    pub const fn in_table(self, table: &'static str, key: &'static str) -> Self {
        Self { table, key, ..self }
    }

    /// Sets the columns of its list; the first is its id.
    #[must_use]
    pub const fn with_columns(self, columns: &'static [ListColumn]) -> Self {
        Self { columns, ..self }
    }

    /// Marks the kind as one that faults are made on.
    #[must_use]
    pub const fn faultable(self) -> Self {
        Self { faultable: true, ..self }
    }

    /// Sets the kind that opening one of these lists.
    #[must_use]
    pub const fn opens(self, kind: &'static str) -> Self {
        Self { opens: Some(kind), ..self }
    }

    /// Sets the kinds whose records belong to this one.
    #[must_use]
    pub const fn links(self, links: &'static [RecordLink]) -> Self {
        Self { links, ..self }
    }

    /// Sets the query parameters that are filled from columns of another name, as (parameter, column).
    #[must_use]
    pub const fn fills_params(self, asks: &'static [(&'static str, &'static str)]) -> Self {
        Self { asks, ..self }
    }

    /// Returns the index of the column that fills a parameter of a query: the one of that name; else the id, if the
    /// parameter is the kind's own id; else, for a needed parameter only, the one in [`Self::asks`].
    #[must_use]
    pub fn column_for_param(&self, parameter: &str, needed: bool) -> Option<usize> {
        if let Some(at) = self.column_position(parameter) {
            return Some(at);
        }
        if parameter.strip_suffix("_id") == Some(self.word) {
            return Some(0);
        }
        // An optional parameter is not filled from elsewhere: the query would be narrowed unasked.
        let (_, column) = self.asks.iter().find(|(name, _)| needed && *name == parameter)?;
        self.column_position(column)
    }

    fn column_position(&self, name: &str) -> Option<usize> {
        self.column_names().position(|column| column == name)
    }

    /// Returns the column of another kind's table that holds the id of one of these; `None` where it has none.
    #[must_use]
    pub fn leads_to(&self, other: &Self) -> Option<&'static str> {
        self.links.iter().find(|link| link.kind == other.word).map(|link| link.column)
    }

    /// Returns the names of the columns of its list; the first is its id.
    pub fn column_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.columns.iter().map(|column| column.name)
    }
}

/// A link from another kind of record: a column of its table holds the id of a record of this kind.
#[derive(Debug)]
pub struct RecordLink {
    /// The other kind.
    pub kind: &'static str,
    /// The column of its table.
    pub column: &'static str,
}

/// A column of a list.
#[derive(Debug)]
pub struct ListColumn {
    /// Its name, in results for programs.
    pub name: &'static str,
    /// Its heading in a table for people.
    pub short: &'static str,
    /// Its shorter heading, where the variants that each record can show take up the width.
    pub shorter: &'static str,
    /// When a table for people shows it.
    pub keep: ColumnVisibility,
    /// Whether people recognise a record by it, so that narrow lists show it too.
    pub names: bool,
    /// Whether it holds free text, which may name a person.
    pub typed: bool,
}

/// When a table for people shows a column of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnVisibility {
    /// Always.
    Always,
    /// Only where there is room: not next to the variants that each record can show.
    Wide,
    /// Never; only programs get it.
    Never,
    /// Only where some record of the list has a value in it.
    Filled,
    /// Only where no record of the list has a value in this other column.
    Instead(&'static str),
}

impl ListColumn {
    /// Returns a column that is always shown, with its name as its heading.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, short: name, shorter: name, keep: ColumnVisibility::Always, names: true, typed: false }
    }

    /// Sets another heading.
    #[must_use]
    pub const fn with_heading(self, short: &'static str) -> Self {
        Self { short, shorter: short, ..self }
    }

    /// Sets another heading for lists that also show the variants of each record.
    #[must_use]
    pub const fn with_narrow_heading(self, shorter: &'static str) -> Self {
        Self { shorter, ..self }
    }

    /// Shows the column only where there is room.
    #[must_use]
    pub const fn wide(self) -> Self {
        self.with_visibility(ColumnVisibility::Wide)
    }

    /// Sets when the column is shown.
    #[must_use]
    pub const fn with_visibility(self, keep: ColumnVisibility) -> Self {
        Self { keep, ..self }
    }

    /// Leaves the column out of narrow lists.
    #[must_use]
    pub const fn detail(self) -> Self {
        Self { names: false, ..self }
    }

    /// Marks the column as free text, which may name a person.
    #[must_use]
    pub const fn as_free_text(self) -> Self {
        Self { typed: true, ..self }
    }
}

/// One cell of a record's description.
#[derive(Clone, Debug, PartialEq)]
pub enum DescriptionCell {
    /// The value of a cell, or one derived from it.
    Value(Value),
    /// The words that apply to the record, of a fixed set.
    Words(Vec<&'static str>),
}

/// One record in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordDescription {
    /// Its key.
    pub key: Key,
    /// The id that records hold which belong to it.
    pub link: Option<i64>,
    /// Its cells, in the order of its kind's columns.
    pub cells: Vec<DescriptionCell>,
}

/// Describes records of a kind by their own cells.
///
/// # Errors
/// What has to be read first, or what the target lacks.
pub fn by_cells(kind: &RecordKind, keys: &[Key], snapshot: &Snapshot) -> Result<Vec<RecordDescription>, Pause> {
    let ids = keys.iter().filter_map(|key| key.first().cloned());
    let mut descriptions = Vec::new();
    for row in read_rows(snapshot, &Fetch::among(kind.table, kind.key, ids))? {
        let mut cells = Vec::with_capacity(kind.columns.len());
        for column in kind.columns {
            cells.push(DescriptionCell::Value(row.cell(column.name).cloned().unwrap_or(Value::Null)));
        }
        descriptions.push(RecordDescription { key: row.key(), link: row.integer(kind.key), cells });
    }
    Ok(descriptions)
}
