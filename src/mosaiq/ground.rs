//! What a check stands on: which of the columns that it reads are there and can be read; judges no row.

use std::collections::BTreeMap;

use super::numbers::Reading;
use crate::model::{Column, Snapshot, Value, time};

/// A column that a check reads.
#[derive(Clone, Copy, Debug)]
pub struct Read {
    table: &'static str,
    column: &'static str,
    form: Form,
    need: Need,
    /// What its values are looked up in, another table's column.
    parent: Option<(&'static str, &'static str)>,
}

/// What a filled cell must hold to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// Anything.
    Any,
    /// A number.
    Number,
    /// A whole number.
    Whole,
    /// A date and time.
    Time,
    /// A flag; NULL is none.
    Flag,
    /// A flag; NULL is one that is not set.
    FlagOrNull,
    /// Bytes.
    Bytes,
}

/// What becomes of a check without the column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// Nothing can be judged.
    All,
    /// The other columns that are judged by themselves still can.
    Own,
    /// Everything can, if less sharply.
    Aid,
}

/// What is known already of columns of a snapshot, so that several checks look at each once.
#[derive(Debug, Default)]
pub struct Survey(BTreeMap<(&'static str, &'static str, Form), State>);

impl Survey {
    fn state(&mut self, read: &Read, snapshot: &Snapshot) -> State {
        if !read.is_there(snapshot) {
            return State::Missing;
        }
        *self.0.entry((read.table, read.column, read.form)).or_insert_with(|| read.state(snapshot))
    }
}

/// Whether a column can be read.
#[derive(Clone, Copy, Debug)]
enum State {
    /// Every cell can, but for so many.
    Readable(u64),
    /// It is not there.
    Missing,
    /// No cell can.
    Unreadable,
}

impl Read {
    const fn new((table, column): (&'static str, &'static str), form: Form, need: Need) -> Self {
        Self { table, column, form, need, parent: None }
    }

    /// A column without which nothing can be judged.
    pub(super) const fn all(table: &'static str, column: &'static str, form: Form) -> Self {
        Self::new((table, column), form, Need::All)
    }

    /// A column that is judged by itself.
    pub(super) const fn own(table: &'static str, column: &'static str, form: Form) -> Self {
        Self::new((table, column), form, Need::Own)
    }

    /// A column that others are judged with where it is there.
    pub(super) const fn aid(table: &'static str, column: &'static str, form: Form) -> Self {
        Self::new((table, column), form, Need::Aid)
    }

    /// The same, with values that are looked up in another column.
    pub(super) const fn within(self, parent: (&'static str, &'static str)) -> Self {
        Self { parent: Some(parent), ..self }
    }

    /// Returns the table and the column.
    #[must_use]
    pub const fn place(&self) -> (&'static str, &'static str) {
        (self.table, self.column)
    }

    /// Tells whether the column, and what its values are looked up in, are there.
    pub(super) fn is_there(&self, snapshot: &Snapshot) -> bool {
        self.missing(snapshot).is_none()
    }

    /// Says which table or column is missing, and what a refusal says of it.
    fn missing(&self, snapshot: &Snapshot) -> Option<(String, String)> {
        let missing = |(table, column): (&str, &str)| match snapshot.table(table) {
            Err(refusal) => Some((table.to_owned(), refusal.to_string())),
            Ok(rows) => {
                rows.table.column(column).err().map(|refusal| (format!("{table}.{column}"), refusal.to_string()))
            }
        };
        missing((self.table, self.column)).or_else(|| self.parent.and_then(missing))
    }

    fn state(&self, snapshot: &Snapshot) -> State {
        let Some(rows) = snapshot.table(self.table).ok().filter(|_| self.is_there(snapshot)) else {
            return State::Missing;
        };
        let Ok((at, column)) = rows.table.column(self.column) else { return State::Missing };
        if self.form == Form::Any {
            return State::Readable(0);
        }
        let (mut filled, mut unreadable) = (0, 0);
        for value in rows.rows().filter_map(|row| row.cells.get(at)) {
            let counts = self.form == Form::Flag || !value.is_null();
            filled += u64::from(counts);
            unreadable += u64::from(counts && !self.form.holds(value, column));
        }
        if unreadable > 0 && unreadable == filled { State::Unreadable } else { State::Readable(unreadable) }
    }

    /// Says why the column cannot be judged.
    fn why(&self, state: &State, snapshot: &Snapshot) -> Option<String> {
        match state {
            State::Readable(_) => None,
            State::Missing => self.missing(snapshot).map(|(_, refusal)| refusal),
            State::Unreadable => Some(self.unreadable()),
        }
    }

    fn unreadable(&self) -> String {
        format!("no cell of {}.{} holds {}", self.table, self.column, self.form.one())
    }

    /// Says what of the column is not judged.
    fn remark(&self, state: &State, snapshot: &Snapshot) -> Option<String> {
        let name = format!("{}.{}", self.table, self.column);
        match state {
            State::Readable(0) => None,
            State::Readable(1) => Some(format!("1 cell of {name} holds no {}", self.form.word())),
            State::Readable(number) => Some(format!("{number} cells of {name} hold no {}", self.form.word())),
            State::Unreadable => Some(format!("{}, and it was not judged", self.unreadable())),
            State::Missing => {
                let (missing, _) = self.missing(snapshot)?;
                let own = missing == name || missing == self.table;
                let judged = if own { "was not judged".to_owned() } else { format!("{name} was not judged") };
                Some(format!("{missing} is missing, and {judged}"))
            }
        }
    }
}

impl Form {
    /// Tells whether a cell that is not NULL can be read.
    fn holds(self, value: &Value, column: &Column) -> bool {
        match self {
            Self::Any => true,
            Self::Number => Reading::is_number(value),
            Self::Whole | Self::Flag | Self::FlagOrNull => {
                matches!(crate::model::snapshot::key_form(value), Value::Integer(_))
            }
            Self::Time => time::read(value, column).is_some(),
            Self::Bytes => matches!(value, Value::Bytes(_)),
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Any => "value",
            Self::Number => "number",
            Self::Whole => "whole number",
            Self::Time => "date and time",
            Self::Flag | Self::FlagOrNull => "flag",
            Self::Bytes => "bytes",
        }
    }

    fn one(self) -> String {
        let article = if self == Self::Bytes { "" } else { "a " };
        format!("{article}{}", self.word())
    }
}

/// Returns what a check has to leave unjudged, a sentence each.
///
/// # Errors
/// Why it can judge nothing.
pub(super) fn survey(reads: &[Read], snapshot: &Snapshot, known: &mut Survey) -> Result<Vec<String>, String> {
    let states: Vec<(&Read, State)> = reads.iter().map(|read| (read, known.state(read, snapshot))).collect();
    for need in [Need::All, Need::Own] {
        let of_need = || states.iter().filter(|(read, _)| read.need == need);
        let reasons = once(of_need().filter_map(|(read, state)| read.why(state, snapshot)));
        let lost = of_need().filter(|(_, state)| !matches!(state, State::Readable(_))).count();
        if lost > 0 && (need == Need::All || lost == of_need().count()) {
            return Err(reasons.join("; "));
        }
    }
    Ok(once(states.iter().filter_map(|(read, state)| read.remark(state, snapshot))))
}

fn once(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for text in texts {
        if !out.contains(&text) {
            out.push(text);
        }
    }
    out
}
