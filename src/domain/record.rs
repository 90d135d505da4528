//! Kinds of record: what people list, open and break, in which columns they see it, and how one leads to another.

use super::pause::{Pause, read_rows};
use crate::model::{Fetch, Key, Row, Snapshot, Value};

/// A kind of record.
#[derive(Debug)]
pub struct RecordKind {
    /// The word that people use for one.
    pub word: &'static str,
    /// The word for several.
    pub plural: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Its table.
    pub table: &'static str,
    /// Its key column.
    pub key: &'static str,
    /// What describes it in a list; the first is its id.
    pub columns: &'static [ListColumn],
    /// Whether faults are made on it, so that `find` lists it and the filters of its domain narrow it.
    pub faultable: bool,
    /// The kind that opening one shows.
    pub opens: Option<&'static str>,
    /// The kinds whose records belong to it.
    pub links: &'static [RecordLink],
    /// Under this many columns of a terminal, only the columns that name a record are listed.
    pub narrow_below: u16,
    /// Columns of its table that somebody typed, and that are shown all the same: nobody would find one without them.
    pub shows: &'static [&'static str],
    /// The parameters of queries that one fills under another name than its own columns have: parameter and column.
    pub asks: &'static [(&'static str, &'static str)],
}

impl PartialEq for RecordKind {
    fn eq(&self, other: &Self) -> bool {
        (self.table, self.word) == (other.table, other.word)
    }
}

impl Eq for RecordKind {}

impl RecordKind {
    /// A kind, by the words for one and for several, what it is, its table, its key, and what describes it in a list.
    #[must_use]
    pub const fn new(
        [word, plural, about]: [&'static str; 3],
        (table, key): (&'static str, &'static str),
        columns: &'static [ListColumn],
    ) -> Self {
        Self {
            word,
            plural,
            about,
            table,
            key,
            columns,
            faultable: false,
            opens: None,
            links: &[],
            narrow_below: 0,
            shows: &[],
            asks: &[],
        }
    }

    /// On which faults are made.
    #[must_use]
    pub const fn faultable(self) -> Self {
        Self { faultable: true, ..self }
    }

    /// Whose records open to those of another kind.
    #[must_use]
    pub const fn opens(self, kind: &'static str) -> Self {
        Self { opens: Some(kind), ..self }
    }

    /// To which records of other kinds belong.
    #[must_use]
    pub const fn links(self, links: &'static [RecordLink]) -> Self {
        Self { links, ..self }
    }

    /// Which fills parameters of queries under other names than its own columns have.
    #[must_use]
    pub const fn fills_params(self, asks: &'static [(&'static str, &'static str)]) -> Self {
        Self { asks, ..self }
    }

    /// Returns the place of the column that fills a parameter of a query: one of its name, the id where the parameter
    /// is the kind's own id, or as the kind says; the last only where a question needs the parameter.
    #[must_use]
    pub fn column_for_param(&self, parameter: &str, needed: bool) -> Option<usize> {
        let named = |name: &str| self.column_names().position(|column| column == name);
        let own = || parameter.strip_suffix("_id").filter(|word| *word == self.word).map(|_| 0);
        let said = || self.asks.iter().find(|(name, _)| needed && *name == parameter).and_then(|(_, of)| named(of));
        named(parameter).or_else(own).or_else(said)
    }

    /// Returns the column by which records of another kind belong to one of these.
    #[must_use]
    pub fn leads_to(&self, other: &Self) -> Option<&'static str> {
        self.links.iter().find(|link| link.kind == other.word).map(|link| link.column)
    }

    /// Returns the names of the columns that describe it; the first is its id.
    pub fn column_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.columns.iter().map(|column| column.name)
    }
}

/// How records of another kind belong to one: their column holds its link.
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
    /// Its heading on a page.
    pub short: &'static str,
    /// Its heading beside the variants that records can show.
    pub shorter: &'static str,
    /// When a page shows it.
    pub keep: ColumnVisibility,
    /// Whether a record is known by it, so that narrow lists show it.
    pub names: bool,
    /// Whether somebody typed what stands in it, so that it may name a person.
    pub typed: bool,
}

/// When a page shows a column of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnVisibility {
    /// Always.
    Always,
    /// Where there is room: not beside the variants that records can show.
    Wide,
    /// Never: programs get it.
    Never,
    /// Where any record has something in it.
    Filled,
    /// Where no record has anything in another column.
    Instead(&'static str),
}

impl ListColumn {
    /// A column that is always shown.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, short: name, shorter: name, keep: ColumnVisibility::Always, names: true, typed: false }
    }

    /// With another heading on a page.
    #[must_use]
    pub const fn with_heading(self, short: &'static str) -> Self {
        Self { short, shorter: short, ..self }
    }

    /// With another heading beside the variants that records can show.
    #[must_use]
    pub const fn with_narrow_heading(self, shorter: &'static str) -> Self {
        Self { shorter, ..self }
    }

    /// Only shown where there is room.
    #[must_use]
    pub const fn wide(self) -> Self {
        self.with_visibility(ColumnVisibility::Wide)
    }

    /// Shown in some cases only.
    #[must_use]
    pub const fn with_visibility(self, keep: ColumnVisibility) -> Self {
        Self { keep, ..self }
    }

    /// Left out of narrow lists.
    #[must_use]
    pub const fn detail(self) -> Self {
        Self { names: false, ..self }
    }

    /// Typed by somebody.
    #[must_use]
    pub const fn as_free_text(self) -> Self {
        Self { typed: true, ..self }
    }
}

/// What stands in one column of a description.
#[derive(Clone, Debug, PartialEq)]
pub enum DescriptionCell {
    /// A cell, or what was made of one.
    Value(Value),
    /// Those words that hold.
    Words(Vec<&'static str>),
}

/// One record in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordDescription {
    /// Its key.
    pub key: Key,
    /// What records hold that belong to it.
    pub link: Option<i64>,
    /// What it is, in the order of its kind's columns.
    pub cells: Vec<DescriptionCell>,
}

/// Describes records of a kind by their own cells.
///
/// # Errors
/// What has to be read first, or what the target lacks.
pub fn by_cells(kind: &RecordKind, keys: &[Key], snapshot: &Snapshot) -> Result<Vec<RecordDescription>, Pause> {
    let ids = keys.iter().filter_map(|key| key.first().cloned());
    let described = |row: &Row<'_>| {
        let cell = |column: &ListColumn| DescriptionCell::Value(row.cell(column.name).cloned().unwrap_or(Value::Null));
        let cells = kind.columns.iter().map(cell).collect();
        RecordDescription { key: row.key(), link: row.integer(kind.key), cells }
    };
    Ok(read_rows(snapshot, &Fetch::among(kind.table, kind.key, ids))?.iter().map(described).collect())
}
