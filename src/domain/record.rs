//! Kinds of record: what people list, open and break, in which columns they see it, and how one leads to another.

use crate::model::{Key, Value};

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
    pub links: &'static [Link],
}

/// How records of another kind belong to one: their column holds its link.
#[derive(Debug)]
pub struct Link {
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
    /// Its heading where there is little room.
    pub short: &'static str,
    /// When it is shown.
    pub keep: Keep,
    /// Whether somebody typed what stands in it, so that it may name a person.
    pub typed: bool,
}

/// When a column of a list is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Always.
    Always,
    /// Where there is room.
    Wide,
}

impl ListColumn {
    /// A column that is always shown.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, short: name, keep: Keep::Always, typed: false }
    }

    /// With another heading where there is little room.
    #[must_use]
    pub const fn short(self, short: &'static str) -> Self {
        Self { short, ..self }
    }

    /// Only shown where there is room.
    #[must_use]
    pub const fn wide(self) -> Self {
        Self { keep: Keep::Wide, ..self }
    }

    /// Typed by somebody.
    #[must_use]
    pub const fn typed(self) -> Self {
        Self { typed: true, ..self }
    }
}

/// What stands in one column of a description.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// A cell, or what was made of one.
    Value(Value),
    /// Those words that hold.
    Words(Vec<&'static str>),
}

/// One record in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Its key.
    pub key: Key,
    /// What records hold that belong to it.
    pub link: Option<i64>,
    /// What it is, in the order of its kind's columns.
    pub cells: Vec<Shown>,
}
