//! Pages through the records of a target, and reads single records with their pictures; writes nothing.

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
use crate::domain::record::{DescriptionCell, RecordKind};
use crate::domains;
use crate::model::{Fetch, Key, KeyPage, Refusal, Snapshot, Value};
use crate::targets::Target;

/// A page of records to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The kind of the records.
    pub kind: &'static RecordKind,
    /// Filters such as patient or machine; empty for all records.
    pub selector: FilterValues,
    /// The position and size of the page.
    pub page: KeyPage,
}

/// A page of records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The records, in the order of the page.
    pub records: Vec<ListedRecord>,
    /// Whether the page is full, so that more records may follow.
    pub more: bool,
}

/// A record in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRecord {
    /// Its id.
    pub id: i64,
    /// The value by which records that belong to it refer to it; `None` where none do.
    pub link: Option<i64>,
    /// Its description, in the order of the kind's columns.
    pub cells: Vec<String>,
}

/// Opens the context's target for reading.
///
/// # Errors
/// A target or journal error.
pub fn open_target(context: &Context<'_>) -> Result<Box<dyn Target>, Failure> {
    let journal = context.open_journal()?;
    let chosen = context.resolve_target(&journal)?;
    Ok(context.open_target(&chosen.url)?)
}

/// Reads a page of records.
///
/// # Errors
/// Usage: the kind has no such filter. Or a target error.
pub fn read_page(target: &mut dyn Target, domain: &'static dyn Domain, request: &Request) -> Result<Outcome, Failure> {
    let kind = request.kind;
    let Some(table) = target.find_table(kind.table)? else {
        return Err(Refusal::MissingTable { table: kind.table.to_owned() }.into());
    };
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
    let descriptions = read_through(target, |snapshot| domain.describe_records(kind, &keys, snapshot))?;
    let mut records = Vec::new();
    for line in &descriptions {
        // A key that is no whole number cannot be asked for again, and is left out.
        if let Some(id) = line.key.first().and_then(to_integer) {
            records.push(ListedRecord { id, link: line.link, cells: line.cells.iter().map(render_cell).collect() });
        }
    }
    // Descriptions come by ascending key, whatever the page's direction.
    records.sort_by_key(|record| record.id);
    if request.page.backwards {
        records.reverse();
    }
    Ok(Outcome { records, more })
}

/// Counts the records of a kind, or those that belong to another one.
///
/// # Errors
/// A target error.
pub fn count_records(target: &mut dyn Target, kind: &RecordKind, only: Option<&(String, i64)>) -> Result<u64, Failure> {
    let Some(table) = target.find_table(kind.table)? else {
        return Err(Refusal::MissingTable { table: kind.table.to_owned() }.into());
    };
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

/// One record with all its columns.
#[derive(Clone, Debug, Default)]
pub struct WholeRecord {
    /// Its cells by column; those that identify a person are withheld.
    pub cells: Vec<(String, String)>,
    /// Its picture; `None` where the domain draws none of this kind.
    pub picture: Option<RecordPicture>,
}

/// Reads a record, and the rows that its picture needs.
///
/// # Errors
/// [`Refusal::MissingRecord`], or a target error.
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
    let row = rows.rows_with(kind.key, &Value::Integer(id)).into_iter().next();
    let row = row.ok_or_else(|| Refusal::MissingRecord { table: kind.table.to_owned(), key })?;
    let mut withheld = domains::identifying_columns().remove(kind.table).unwrap_or_default();
    // A kind may show some identifying columns on purpose: those by which people look its records up.
    withheld.retain(|column| !kind.shows.contains(&column.as_str()));
    let mut cells = Vec::new();
    for (column, value) in row.table.shape.columns.iter().zip(row.cells) {
        // NULL identifies no person, and that a cell is empty is worth seeing.
        let is_withheld = withheld.iter().any(|name| name.eq_ignore_ascii_case(&column.name)) && !value.is_null();
        let text = if is_withheld { "(withheld)".to_owned() } else { cell::in_table(value, row.table, &column.name) };
        cells.push((column.name.clone(), text));
    }
    let picture = match domain.painter() {
        Some(painter) => {
            let rules = rules::default_rules(domain)?;
            let own = own.clone();
            let picture = read_through(target, |snapshot| {
                let rows = crate::domain::pause::read_rows(snapshot, &own)?;
                rows.first().map_or(Ok(None), |row| painter.paint_record(kind, row, rules.as_ref(), snapshot))
            });
            // A record whose picture cannot be made still has its cells.
            picture.ok().flatten()
        }
        None => None,
    };
    Ok(WholeRecord { cells, picture })
}

/// A drawn record before and after changes.
#[derive(Clone, Debug)]
pub struct BeforeAfter {
    /// The record's id.
    pub field: i64,
    /// Its film before the changes; `None` where it did not exist.
    pub before: Option<Film>,
    /// Its film after the changes; `None` where it does not exist any more.
    pub after: Option<Film>,
}

impl BeforeAfter {
    /// Returns the index in the later film of the first still that differs from the earlier one; 0 where none does.
    #[must_use]
    pub fn first_changed(&self) -> usize {
        let (Some(before), Some(after)) = (&self.before, &self.after) else { return 0 };
        let is_new = |still: &FilmFrame| before.stills.iter().find(|other| other.key == still.key) != Some(still);
        after.stills.iter().position(is_new).unwrap_or(0)
    }
}

/// Reads the record that changes concern, before and after them; `None` where they concern none that is drawn.
///
/// # Errors
/// A target error.
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
        // The target shows one moment only; the changes' images are laid over it for the other one.
        for (snapshot, old) in [(&mut before, true), (&mut after, false)] {
            let mut answer = answer.clone();
            for change in changes.iter().filter(|change| change.table.name.eq_ignore_ascii_case(&query.table)) {
                apply_change(&mut answer.rows, &table, change, old)?;
            }
            snapshot.add_answer(query.clone(), answer)?;
        }
    }
    let before = painter.build_film(field, rules.as_ref(), &before);
    let after = painter.build_film(field, rules.as_ref(), &after);
    Ok(Some(BeforeAfter { field, before, after }))
}

/// Overwrites the rows read with one side of a change: the image before it (`old`) or after it.
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
    // No image on this side: the row was inserted, or deleted.
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
