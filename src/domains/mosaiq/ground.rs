//! What a check stands on: which of the columns that it reads are there and can be read; judges no row.

use std::collections::BTreeMap;

use super::numbers::CellReading;
use super::schema;
use crate::model::time::{self, Time};
use crate::model::{Column, Kind, Row, Snapshot, Value};

/// A column that a check reads.
#[derive(Clone, Copy, Debug)]
pub struct CheckedColumn {
    table: &'static str,
    column: &'static str,
    form: CellForm,
    need: ColumnNeed,
    /// What its values are looked up in, another table's column.
    parent: Option<(&'static str, &'static str)>,
}

/// What a filled cell must hold to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CellForm {
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
enum ColumnNeed {
    /// Nothing can be judged.
    All,
    /// The other columns that are judged by themselves still can.
    Own,
    /// Everything can, if less sharply.
    Aid,
}

/// What the cells of columns hold, counted as their rows come by, once for all checks.
#[derive(Debug, Default)]
pub(super) struct ColumnSurvey(BTreeMap<(&'static str, &'static str, CellForm), CellCounts>);

/// The cells of a column.
#[derive(Clone, Copy, Debug, Default)]
struct CellCounts {
    /// How many say something.
    filled: u64,
    /// How many of these cannot be read.
    unreadable: u64,
    /// How many of those are of another type: a fraction among whole numbers is none of them.
    mistyped: u64,
    /// How many are times that name an offset from UTC.
    zoned: u64,
}

impl CellCounts {
    /// Tells whether cells say something, and none of it can be read: the column is of another type.
    const fn is_unreadable(self) -> bool {
        self.mistyped > 0 && self.mistyped == self.filled
    }
}

impl ColumnSurvey {
    /// Returns a survey of the columns that are read, of which nothing is counted yet.
    pub(super) fn from_columns(reads: impl IntoIterator<Item = CheckedColumn>) -> Self {
        let counted = reads.into_iter().filter(|read| read.form != CellForm::Any);
        let places = counted.flat_map(|read| {
            // What values are looked up in has to be read as they are.
            let parent = read.parent.map(|(table, column)| (table, column, read.form));
            [Some((read.table, read.column, read.form)), parent]
        });
        Self(places.flatten().map(|place| (place, CellCounts::default())).collect())
    }

    /// Counts the cells of some rows.
    pub(super) fn count_rows(&mut self, table: &str, rows: &[Row<'_>]) {
        let Some(declared) = rows.first().map(|row| row.table) else { return };
        for ((_, column, form), count) in self.0.iter_mut().filter(|((of, ..), _)| *of == table) {
            let Ok((at, column)) = declared.column(column) else { continue };
            for value in rows.iter().filter_map(|row| row.cells.get(at)) {
                let counts = *form == CellForm::Flag || !value.is_null();
                count.filled += u64::from(counts);
                let holds = counts && form.can_read(value, column);
                count.unreadable += u64::from(counts && !holds);
                let is_number = *form == CellForm::Whole && CellReading::is_number(value);
                count.mistyped += u64::from(counts && !holds && !is_number);
                let zoned =
                    holds && *form == CellForm::Time && time::read_time(value, column).is_some_and(Time::is_zoned);
                count.zoned += u64::from(zoned);
            }
        }
    }

    fn readability(&self, read: &CheckedColumn, snapshot: &Snapshot) -> Readability {
        if !read.is_there(snapshot) {
            return Readability::Missing;
        }
        let parent = read.parent.filter(|parent| self.cell_counts(*parent, read.form).is_unreadable());
        let own = self.cell_counts((read.table, read.column), read.form);
        match parent.or_else(|| own.is_unreadable().then_some((read.table, read.column))) {
            Some(place) => Readability::Unreadable(place),
            None => Readability::Readable(own.unreadable),
        }
    }

    fn cell_counts(&self, (table, column): (&'static str, &'static str), form: CellForm) -> CellCounts {
        self.0.get(&(table, column, form)).copied().unwrap_or_default()
    }
}

impl ColumnSurvey {
    /// Says that among the times that are read some name an offset from UTC and some do not.
    fn mixed_offset_remark(&self, reads: &[CheckedColumn]) -> Option<String> {
        let of_times = reads.iter().filter(|read| read.form == CellForm::Time);
        let counts: BTreeMap<_, &CellCounts> = of_times
            .filter_map(|read| Some((read.table_column(), self.0.get(&(read.table, read.column, read.form))?)))
            .collect();
        let zoned: u64 = counts.values().map(|count| count.zoned).sum();
        let local: u64 = counts.values().map(|count| count.filled - count.unreadable - count.zoned).sum();
        let names: Vec<String> = counts.keys().map(|(table, column)| format!("{table}.{column}")).collect();
        (zoned > 0 && local > 0).then(|| {
            let names = names.join(", ");
            format!(
                "of the times of {names}, {zoned} name an offset from UTC and {local} do not: no two such are compared"
            )
        })
    }
}

/// Whether a column can be read.
#[derive(Clone, Copy, Debug)]
enum Readability {
    /// Every cell can, but for so many.
    Readable(u64),
    /// It is not there.
    Missing,
    /// No cell of this column can: its own, or the one that it is looked up in.
    Unreadable((&'static str, &'static str)),
}

impl CheckedColumn {
    const fn new((table, column): (&'static str, &'static str), form: CellForm, need: ColumnNeed) -> Self {
        Self { table, column, form, need, parent: None }
    }

    /// A column without which nothing can be judged.
    pub(super) const fn required(table: &'static str, column: &'static str, form: CellForm) -> Self {
        Self::new((table, column), form, ColumnNeed::All)
    }

    /// A column that is judged by itself.
    pub(super) const fn judged_alone(table: &'static str, column: &'static str, form: CellForm) -> Self {
        Self::new((table, column), form, ColumnNeed::Own)
    }

    /// A column that others are judged with where it is there.
    pub(super) const fn optional(table: &'static str, column: &'static str, form: CellForm) -> Self {
        Self::new((table, column), form, ColumnNeed::Aid)
    }

    /// The same, with values that are looked up in another column.
    pub(super) const fn with_parent(self, parent: (&'static str, &'static str)) -> Self {
        Self { parent: Some(parent), ..self }
    }

    /// Returns the table and the column.
    #[must_use]
    pub const fn table_column(&self) -> (&'static str, &'static str) {
        (self.table, self.column)
    }

    /// Returns the table and the column that its values are looked up in.
    #[must_use]
    pub const fn parent(&self) -> Option<(&'static str, &'static str)> {
        self.parent
    }

    /// Tells whether the column, and what its values are looked up in, are there.
    pub(super) fn is_there(&self, snapshot: &Snapshot) -> bool {
        self.find_missing(snapshot).is_none()
    }

    /// Says which table or column is missing, and what a refusal says of it.
    fn find_missing(&self, snapshot: &Snapshot) -> Option<(String, String)> {
        let missing = |(table, column): (&str, &str)| match snapshot.table(table) {
            Err(refusal) => Some((table.to_owned(), refusal.to_string())),
            Ok(rows) => {
                rows.table.column(column).err().map(|refusal| (format!("{table}.{column}"), refusal.to_string()))
            }
        };
        missing((self.table, self.column)).or_else(|| self.parent.and_then(missing))
    }

    /// Says why the column cannot be judged.
    fn explain_unjudged(&self, state: &Readability, snapshot: &Snapshot) -> Option<String> {
        match state {
            Readability::Readable(_) => None,
            Readability::Missing => self.find_missing(snapshot).map(|(_, refusal)| refusal),
            Readability::Unreadable(place) => Some(self.render_unreadable(*place)),
        }
    }

    fn render_unreadable(&self, (table, column): (&str, &str)) -> String {
        format!("no cell of {table}.{column} holds {}", self.form.with_article())
    }

    /// Says what of the column is not judged.
    fn render_remark(&self, state: &Readability, snapshot: &Snapshot) -> Option<String> {
        let name = format!("{}.{}", self.table, self.column);
        match state {
            Readability::Readable(0) => None,
            Readability::Readable(1) => Some(format!("1 cell of {name} holds no {}", self.form.word())),
            Readability::Readable(number) => Some(format!("{number} cells of {name} hold no {}", self.form.word())),
            Readability::Unreadable(place) => {
                let own = *place == (self.table, self.column);
                let judged = if own { "it was not judged".to_owned() } else { format!("{name} was not judged") };
                Some(format!("{}, and {judged}", self.render_unreadable(*place)))
            }
            Readability::Missing => {
                let (missing, _) = self.find_missing(snapshot)?;
                let own = missing == name || missing == self.table;
                let judged = if own { "was not judged".to_owned() } else { format!("{name} was not judged") };
                Some(format!("{missing} is missing, and {judged}"))
            }
        }
    }
}

impl CellForm {
    /// Returns what a filled cell of a column must hold, by the type that the domain knows it by.
    pub(super) fn from_schema(table: &str, column: &str) -> Self {
        match schema::declared_type(table, column).map(Kind::parse) {
            Some(Kind::Integer { .. } | Kind::Boolean) => Self::Whole,
            Some(Kind::Decimal { .. } | Kind::Float) => Self::Number,
            Some(Kind::DateTime) => Self::Time,
            Some(Kind::Bytes { .. }) => Self::Bytes,
            Some(Kind::Text { .. } | Kind::RowVersion | Kind::Other) | None => Self::Any,
        }
    }

    /// Tells whether a cell that is not NULL can be read.
    fn can_read(self, value: &Value, column: &Column) -> bool {
        match self {
            Self::Any => true,
            Self::Number => CellReading::is_number(value),
            Self::Whole | Self::Flag | Self::FlagOrNull => {
                matches!(crate::model::snapshot::key_form(value), Value::Integer(_))
            }
            Self::Time => time::read_time(value, column).is_some(),
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

    fn with_article(self) -> String {
        let article = if self == Self::Bytes { "" } else { "a " };
        format!("{article}{}", self.word())
    }
}

/// Returns what a check has to leave unjudged, a sentence each.
///
/// # Errors
/// Why it can judge nothing.
pub(super) fn list_unjudged(
    reads: &[CheckedColumn],
    snapshot: &Snapshot,
    survey: &ColumnSurvey,
) -> Result<Vec<String>, String> {
    let states: Vec<(&CheckedColumn, Readability)> =
        reads.iter().map(|read| (read, survey.readability(read, snapshot))).collect();
    for need in [ColumnNeed::All, ColumnNeed::Own] {
        let of_need = || states.iter().filter(|(read, _)| read.need == need);
        let reasons = deduplicate(of_need().filter_map(|(read, state)| read.explain_unjudged(state, snapshot)));
        let lost = of_need().filter(|(_, state)| !matches!(state, Readability::Readable(_))).count();
        if lost > 0 && (need == ColumnNeed::All || lost == of_need().count()) {
            return Err(reasons.join("; "));
        }
    }
    Ok(deduplicate(
        states
            .iter()
            .filter_map(|(read, state)| read.render_remark(state, snapshot))
            .chain(survey.mixed_offset_remark(reads)),
    ))
}

/// Returns the columns of which no cell can be read, their own or what they are looked up in: what a check says of
/// their values is worth nothing.
pub(super) fn unreadable_columns(
    reads: &[CheckedColumn],
    snapshot: &Snapshot,
    survey: &ColumnSurvey,
) -> Vec<(&'static str, &'static str)> {
    let is_lost = |read: &&CheckedColumn| matches!(survey.readability(read, snapshot), Readability::Unreadable(_));
    reads.iter().filter(is_lost).map(CheckedColumn::table_column).collect()
}

fn deduplicate(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for text in texts {
        if !out.contains(&text) {
            out.push(text);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::mosaiq::checks::CHECKS;

    /// A column that one check reads as numbers and another as anything would pass in one and fail in the other.
    #[test]
    fn w11_every_check_reads_a_column_as_the_type_that_the_domain_knows() {
        for check in CHECKS {
            for read in check.columns() {
                let form = CellForm::from_schema(read.table, read.column);
                let flag = form == CellForm::Whole && matches!(read.form, CellForm::Flag | CellForm::FlagOrNull);
                assert!(read.form == form || flag, "{}: {read:?}, and the column is {form:?}", check.card().id);
            }
        }
    }
}
