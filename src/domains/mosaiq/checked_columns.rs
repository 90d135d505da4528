//! Column availability: which of the columns that a check reads exist, and whether their cells can be parsed. Unknown
//! is not absent: what cannot be read becomes a remark or stops the check, and is never taken for "nothing there".

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
    /// The column of another table that its values refer to.
    parent: Option<(&'static str, &'static str)>,
}

/// What a filled cell must hold to be readable.
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
    /// A flag; NULL is unreadable.
    Flag,
    /// A flag; NULL means not set.
    FlagOrNull,
    /// Bytes.
    Bytes,
}

/// What a check can still do without the column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ColumnNeed {
    /// Nothing.
    All,
    /// Check the other columns that are checked one by one.
    Own,
    /// Everything, if less sharply.
    Aid,
}

/// Counts of readable and unreadable cells by table, column and form, shared by all checks of a run.
#[derive(Debug, Default)]
pub(super) struct ColumnSurvey(BTreeMap<(&'static str, &'static str, CellForm), CellCounts>);

#[derive(Clone, Copy, Debug, Default)]
struct CellCounts {
    /// Cells that hold something.
    filled: u64,
    /// Filled cells that cannot be read.
    unreadable: u64,
    /// Unreadable cells of another type. A fraction among whole numbers is unreadable, but not mistyped.
    mistyped: u64,
    /// Times that name an offset from UTC.
    zoned: u64,
}

impl CellCounts {
    /// Tells whether the column is of another type: it has filled cells, and all of them are mistyped.
    const fn is_unreadable(self) -> bool {
        self.mistyped > 0 && self.mistyped == self.filled
    }
}

impl ColumnSurvey {
    /// Begins a survey of columns, with nothing counted yet.
    pub(super) fn from_columns(reads: impl IntoIterator<Item = CheckedColumn>) -> Self {
        let mut counts = BTreeMap::new();
        // Anything is readable as `Any`: such a column needs no count.
        for read in reads.into_iter().filter(|read| read.form != CellForm::Any) {
            counts.insert((read.table, read.column, read.form), CellCounts::default());
            if let Some((table, column)) = read.parent {
                // Both ends of a reference must have one type to be compared.
                counts.insert((table, column, read.form), CellCounts::default());
            }
        }
        Self(counts)
    }

    pub(super) fn count_rows(&mut self, table: &str, rows: &[Row<'_>]) {
        let Some(declared) = rows.first().map(|row| row.table) else { return };
        for ((_, column, form), count) in self.0.iter_mut().filter(|((of, ..), _)| *of == table) {
            let Ok((at, column)) = declared.column(column) else { continue };
            for value in rows.iter().filter_map(|row| row.cells.get(at)) {
                // A check that needs a flag gets no answer from NULL: it counts as unreadable.
                let is_filled = *form == CellForm::Flag || !value.is_null();
                count.filled += u64::from(is_filled);
                let holds = is_filled && form.can_read(value, column);
                count.unreadable += u64::from(is_filled && !holds);
                let is_number = *form == CellForm::Whole && CellReading::is_number(value);
                count.mistyped += u64::from(is_filled && !holds && !is_number);
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
        let parent = read.parent.filter(|(table, column)| self.cell_counts(table, column, read.form).is_unreadable());
        let own = self.cell_counts(read.table, read.column, read.form);
        match parent.or_else(|| own.is_unreadable().then_some((read.table, read.column))) {
            Some(place) => Readability::Unreadable(place),
            None => Readability::Readable(own.unreadable),
        }
    }

    fn cell_counts(&self, table: &'static str, column: &'static str, form: CellForm) -> CellCounts {
        self.0.get(&(table, column, form)).copied().unwrap_or_default()
    }
}

impl ColumnSurvey {
    /// Returns a remark if some times name an offset from UTC and others do not.
    fn mixed_offset_remark(&self, reads: &[CheckedColumn]) -> Option<String> {
        // By column, because two checked columns can be the same one.
        let mut counts: BTreeMap<(&str, &str), &CellCounts> = BTreeMap::new();
        for read in reads.iter().filter(|read| read.form == CellForm::Time) {
            if let Some(count) = self.0.get(&(read.table, read.column, read.form)) {
                counts.insert(read.table_column(), count);
            }
        }
        let zoned: u64 = counts.values().map(|count| count.zoned).sum();
        let local: u64 = counts.values().map(|count| count.filled - count.unreadable - count.zoned).sum();
        let names: Vec<String> = counts.keys().map(|(table, column)| format!("{table}.{column}")).collect();
        (zoned > 0 && local > 0).then(|| {
            let names = names.join(", ");
            format!(
                "of the times of {names}, {zoned} have an offset from UTC and {local} have none; such pairs are not \
                    compared"
            )
        })
    }
}

/// Whether a column can be read.
#[derive(Clone, Copy, Debug)]
enum Readability {
    /// Readable but for this number of cells.
    Readable(u64),
    /// The table or the column does not exist.
    Missing,
    /// No cell of this column is readable: the checked one, or the one that it refers to.
    Unreadable((&'static str, &'static str)),
}

impl CheckedColumn {
    const fn new(table: &'static str, column: &'static str, form: CellForm, need: ColumnNeed) -> Self {
        Self { table, column, form, need, parent: None }
    }

    /// A column without which the check cannot run.
    pub(super) const fn required(table: &'static str, column: &'static str, form: CellForm) -> Self {
        Self::new(table, column, form, ColumnNeed::All)
    }

    /// A column that is checked by itself; without it the others still are.
    pub(super) const fn judged_alone(table: &'static str, column: &'static str, form: CellForm) -> Self {
        Self::new(table, column, form, ColumnNeed::Own)
    }

    /// A column that sharpens the check of others.
    pub(super) const fn optional(table: &'static str, column: &'static str, form: CellForm) -> Self {
        Self::new(table, column, form, ColumnNeed::Aid)
    }

    /// The same column with a reference to (table, column) of its parent.
    pub(super) const fn with_parent(self, parent: (&'static str, &'static str)) -> Self {
        Self { parent: Some(parent), ..self }
    }

    /// Returns the table and the column.
    #[must_use]
    pub const fn table_column(&self) -> (&'static str, &'static str) {
        (self.table, self.column)
    }

    /// Returns the table and the column that its values refer to.
    #[must_use]
    pub const fn parent(&self) -> Option<(&'static str, &'static str)> {
        self.parent
    }

    /// Tells whether the column exists, and the one that it refers to.
    pub(super) fn is_there(&self, snapshot: &Snapshot) -> bool {
        self.find_missing(snapshot).is_none()
    }

    /// Returns the name of the missing table or column, and the refusal's text.
    fn find_missing(&self, snapshot: &Snapshot) -> Option<(String, String)> {
        for (table, column) in [Some(self.table_column()), self.parent].into_iter().flatten() {
            match snapshot.table(table) {
                Err(refusal) => return Some((table.to_owned(), refusal.to_string())),
                Ok(rows) => {
                    if let Err(refusal) = rows.table.column(column) {
                        return Some((format!("{table}.{column}"), refusal.to_string()));
                    }
                }
            }
        }
        None
    }

    /// Says why the column cannot be checked at all.
    fn explain_unjudged(&self, state: &Readability, snapshot: &Snapshot) -> Option<String> {
        match state {
            Readability::Readable(_) => None,
            Readability::Missing => self.find_missing(snapshot).map(|(_, refusal)| refusal),
            Readability::Unreadable((table, column)) => Some(self.render_unreadable(table, column)),
        }
    }

    fn render_unreadable(&self, table: &str, column: &str) -> String {
        format!("no cell of {table}.{column} contains {}", self.form.with_article())
    }

    /// Says what part of the column is not checked.
    fn render_remark(&self, state: &Readability, snapshot: &Snapshot) -> Option<String> {
        let name = format!("{}.{}", self.table, self.column);
        match state {
            Readability::Readable(0) => None,
            Readability::Readable(1) => Some(format!("1 cell of {name} contains no {}", self.form.word())),
            Readability::Readable(number) => Some(format!("{number} cells of {name} contain no {}", self.form.word())),
            Readability::Unreadable((table, column)) => {
                let own = (*table, *column) == (self.table, self.column);
                let judged = if own { "it was not judged".to_owned() } else { format!("{name} was not judged") };
                Some(format!("{}, and {judged}", self.render_unreadable(table, column)))
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
    /// Returns the form that the domain's schema implies for a column.
    pub(super) fn from_schema(table: &str, column: &str) -> Self {
        match schema::declared_type(table, column).map(Kind::parse) {
            Some(Kind::Integer { .. } | Kind::Boolean) => Self::Whole,
            Some(Kind::Decimal { .. } | Kind::Float) => Self::Number,
            Some(Kind::DateTime) => Self::Time,
            Some(Kind::Bytes { .. }) => Self::Bytes,
            Some(Kind::Text { .. } | Kind::RowVersion | Kind::Other) | None => Self::Any,
        }
    }

    /// Tells whether a filled cell can be read.
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

/// Returns a sentence for everything that a check cannot cover.
///
/// # Errors
/// Says why it cannot run at all.
pub(super) fn list_unjudged(
    reads: &[CheckedColumn],
    snapshot: &Snapshot,
    survey: &ColumnSurvey,
) -> Result<Vec<String>, String> {
    let states: Vec<(&CheckedColumn, Readability)> =
        reads.iter().map(|read| (read, survey.readability(read, snapshot))).collect();
    for need in [ColumnNeed::All, ColumnNeed::Own] {
        let of_need: Vec<_> = states.iter().filter(|(read, _)| read.need == need).collect();
        let reasons = deduplicate(of_need.iter().filter_map(|(read, state)| read.explain_unjudged(state, snapshot)));
        let lost = of_need.iter().filter(|(_, state)| !matches!(state, Readability::Readable(_))).count();
        // Of the columns that are checked one by one, a single readable one lets the check run.
        if lost > 0 && (need == ColumnNeed::All || lost == of_need.len()) {
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

/// Returns the columns without a readable cell, or that refer to such a column: findings about their values mean
/// nothing.
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
