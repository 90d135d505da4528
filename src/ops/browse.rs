//! Walking through the records of a target, a page at a time, and one record whole; writes nothing.

use mfm_journal::{Change, RowAction};

use super::cell;
use super::context::Context;
use super::failure::Failure;
use super::filters::RecordFilter;
use super::rules;
use super::select::{self, read_through};
use crate::domain::Domain;
use crate::domain::filter::FilterValues;
use crate::domain::picture::{Film, FilmFrame, RecordPicture};
use crate::domain::record::{DescriptionCell, RecordDescription, RecordKind};
use crate::domains;
use crate::model::{Fetch, Key, KeyPage, Refusal, Snapshot, Value};
use crate::targets::Target;

/// Which records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Their kind.
    pub kind: &'static RecordKind,
    /// What narrows them, by what people know of them.
    pub selector: FilterValues,
    /// Which page of them.
    pub page: KeyPage,
}

/// A page of records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The records, in the order of the page.
    pub records: Vec<ListedRecord>,
    /// Whether the page was filled, so that there may be more behind it.
    pub more: bool,
}

/// A record in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRecord {
    /// Its id.
    pub id: i64,
    /// What records that belong to it hold.
    pub link: Option<i64>,
    /// What it is, in the order of the kind's columns.
    pub cells: Vec<String>,
}

/// Returns the open target that the context names.
///
/// # Errors
/// What journal and target say.
pub fn open_target(context: &Context<'_>) -> Result<Box<dyn Target>, Failure> {
    let journal = context.open_journal()?;
    let chosen = context.resolve_target(&journal)?;
    Ok(context.open_target(&chosen.url)?)
}

/// Reads a page of records.
///
/// # Errors
/// Usage: a selector says nothing sensible of this kind. Else what the target says.
pub fn read_page(target: &mut dyn Target, domain: &'static dyn Domain, request: &Request) -> Result<Outcome, Failure> {
    let kind = request.kind;
    let missing = || Refusal::MissingTable { table: kind.table.to_owned() };
    let table = target.find_table(kind.table)?.ok_or_else(missing)?;
    let keys = if request.selector.is_empty() {
        target.read_key_page(&table, &request.page)?
    } else {
        if !kind.faultable {
            return Err(no_filter(domain, kind));
        }
        let selection = RecordFilter::from_filters(domain, kind, &request.selector)?;
        request.page.select_keys(select::read_keys(target, &table, selection.as_ref())?)
    };
    let more = keys.len() as u64 >= u64::from(request.page.limit);
    let lines = read_through(target, |snapshot| domain.describe_records(kind, &keys, snapshot))?;
    let record = |line: &RecordDescription| {
        let id = line.key.first().and_then(to_integer)?;
        Some(ListedRecord { id, link: line.link, cells: line.cells.iter().map(render_cell).collect() })
    };
    // Descriptions come by ascending key.
    let mut records: Vec<ListedRecord> = lines.iter().filter_map(record).collect();
    records.sort_by_key(|record| record.id);
    if request.page.backwards {
        records.reverse();
    }
    Ok(Outcome { records, more })
}

/// Counts the records of a kind, or those that belong to another one.
///
/// # Errors
/// What the target says.
pub fn count_records(target: &mut dyn Target, kind: &RecordKind, only: Option<&(String, i64)>) -> Result<u64, Failure> {
    let missing = || Refusal::MissingTable { table: kind.table.to_owned() };
    let table = target.find_table(kind.table)?.ok_or_else(missing)?;
    Ok(target.count_rows(&table, only)?)
}

fn no_filter(domain: &dyn Domain, kind: &RecordKind) -> Failure {
    let flags: Vec<&str> = domain.filters().iter().map(|card| card.flag).collect();
    let message = format!("{} cannot be narrowed by {}", kind.plural, flags.join(", "));
    let inside = kind.opens.and_then(|word| domain.find_kind(word)).map_or("others", |inside| inside.plural);
    Failure::usage("selector", message, format!("open one to narrow them, or look at the {inside}"))
}

fn to_integer(value: &Value) -> Option<i64> {
    match crate::model::snapshot::key_form(value) {
        Value::Integer(number) => Some(number),
        _ => None,
    }
}

fn render_cell(shown: &DescriptionCell) -> String {
    match shown {
        DescriptionCell::Value(value) => cell::render_in_list(value),
        DescriptionCell::Words(words) => words.join(", "),
    }
}

/// One record whole.
#[derive(Clone, Debug, Default)]
pub struct WholeRecord {
    /// Its cells by column; what identifies a person is withheld.
    pub cells: Vec<(String, String)>,
    /// What it looks like, where there is anything to look at.
    pub picture: Option<RecordPicture>,
}

/// Reads a record, and what a picture of it is made from.
///
/// # Errors
/// [`Refusal::MissingRecord`], or what the target says.
pub fn whole_record(
    target: &mut dyn Target,
    domain: &'static dyn Domain,
    kind: &'static RecordKind,
    id: i64,
) -> Result<WholeRecord, Failure> {
    let mut snapshot = Snapshot::default();
    let own = Fetch::among(kind.table, kind.key, [Value::Integer(id)]);
    select::read_into(&mut snapshot, target, [own.clone()])?;
    let key: Key = vec![Value::Integer(id)];
    let rows = snapshot.table(kind.table)?;
    let found = rows.rows_with(kind.key, &Value::Integer(id)).into_iter().next();
    let row = found.ok_or_else(|| Refusal::MissingRecord { table: kind.table.to_owned(), key })?;
    let withheld = domains::identifying_columns().remove(kind.table).unwrap_or_default();
    let withheld: Vec<String> = withheld.into_iter().filter(|column| !kind.shows.contains(&column.as_str())).collect();
    let cell = |(column, value): (&mfm_journal::ColumnShape, &Value)| {
        let hidden = withheld.iter().any(|name| name.eq_ignore_ascii_case(&column.name)) && !value.is_null();
        let text = if hidden { "(withheld)".to_owned() } else { cell::in_table(value, row.table, &column.name) };
        (column.name.clone(), text)
    };
    let cells = row.table.shape.columns.iter().zip(row.cells).map(cell).collect();
    let picture = match domain.painter() {
        Some(painter) => {
            let rules = rules::default_rules(domain)?;
            let own = own.clone();
            let painted = read_through(target, |snapshot| {
                let found = crate::domain::pause::read_rows(snapshot, &own)?;
                found.first().map_or(Ok(None), |row| painter.paint_record(kind, row, rules.as_ref(), snapshot))
            });
            // Where no picture can be made, the cells are there all the same.
            painted.ok().flatten()
        }
        None => None,
    };
    Ok(WholeRecord { cells, picture })
}

/// A field before and after changes, as pictures need it.
#[derive(Clone, Debug)]
pub struct BeforeAfter {
    /// The field.
    pub field: i64,
    /// What it was; `None` where it did not exist.
    pub before: Option<Film>,
    /// What it is, or will be; `None` where it does not exist any more.
    pub after: Option<Film>,
}

impl BeforeAfter {
    /// Returns the first control point that is not the same before and after, by its place in the later film.
    #[must_use]
    pub fn first_changed(&self) -> usize {
        let (Some(before), Some(after)) = (&self.before, &self.after) else { return 0 };
        let was = |still: &FilmFrame| before.stills.iter().find(|other| other.key == still.key);
        after.stills.iter().position(|still| was(still) != Some(still)).unwrap_or(0)
    }
}

/// Reads the record that changes are about, and what it was before and after; `None` where they are about none that
/// anybody draws.
///
/// # Errors
/// What the target says.
pub fn before_after(
    target: &mut dyn Target,
    domain: &'static dyn Domain,
    changes: &[Change],
) -> Result<Option<BeforeAfter>, Failure> {
    let Some(painter) = domain.painter() else { return Ok(None) };
    let Some(field) = read_through(target, |snapshot| painter.find_subject(changes, snapshot))? else {
        return Ok(None);
    };
    let rules = rules::default_rules(domain)?;
    let (mut before, mut after) = (Snapshot::default(), Snapshot::default());
    for query in painter.film_needs(field) {
        let answer = target.read(&query)?;
        let Some(table) = answer.table.clone() else { return Ok(None) };
        let mine = |change: &&Change| change.table.name.eq_ignore_ascii_case(&query.table);
        for (snapshot, old) in [(&mut before, true), (&mut after, false)] {
            let mut answer = answer.clone();
            for change in changes.iter().filter(mine) {
                apply_change(&mut answer.rows, &table, change, old)?;
            }
            snapshot.add_answer(query.clone(), answer)?;
        }
    }
    let film = |snapshot: &Snapshot| painter.build_film(field, rules.as_ref(), snapshot);
    Ok(Some(BeforeAfter { field, before: film(&before), after: film(&after) }))
}

/// Puts one side of a change over the rows read.
fn apply_change(
    rows: &mut Vec<Vec<Value>>,
    table: &crate::model::Table,
    change: &Change,
    old: bool,
) -> Result<(), Failure> {
    if matches!(change.action, RowAction::Kept { .. }) {
        return Ok(());
    }
    let side = if old { change.cells_before() } else { change.cells_after() };
    let place = rows.iter().position(|row| table.key_of(row).is_ok_and(|key| key == change.key));
    let names = change.column_names();
    let Some(side) = side else {
        if let Some(place) = place {
            rows.remove(place);
        }
        return Ok(());
    };
    let place = match place {
        Some(place) => place,
        None => {
            rows.push(vec![Value::Null; table.shape.columns.len()]);
            rows.len() - 1
        }
    };
    let Some(row) = rows.get_mut(place) else { return Ok(()) };
    for (name, value) in names.iter().zip(side) {
        let (at, _) = table.column(name)?;
        if let Some(cell) = row.get_mut(at) {
            cell.clone_from(value);
        }
    }
    Ok(())
}
