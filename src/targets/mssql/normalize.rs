//! Checks rows against their types, and where that does not settle it tries them out in a staging table against the
//! table's own CHECK constraints. The table itself is never written.

use mfm_journal::Value;

use super::catalogue::{LayoutField, MssqlLayout};
use super::codec;
use super::fault::{ServerLocation, WireFault};
use super::rows;
use super::sql::{catalogue as catalogue_text, rows as text};
use super::stage::{self, StagedColumn, does_not_fit};
use super::wire::{self, Wire, cell_text, number_parameter};
use crate::model::Refusal;
use crate::targets::{RowTrial, TargetError};

/// Returns rows as the database would hold them; see [`crate::targets::Target::normalize_rows`].
pub(super) fn normalize_rows(
    wire: &mut Wire,
    place: &ServerLocation,
    layout: &MssqlLayout,
    trials: Vec<RowTrial>,
) -> Result<Vec<Vec<Value>>, TargetError> {
    let asked = choose_checks(layout, &trials);
    let planned: Vec<Vec<Value>> = trials.into_iter().map(|trial| trial.to).collect();
    planned.iter().try_for_each(|row| check_row_fits(layout, row))?;
    // A value that fits its type is stored as it is sent, except for the types that the server parses and rewrites.
    let needs_trial = !asked.is_empty() || layout.fields.iter().any(|field| field.kind.is_remade());
    if planned.is_empty() || !needs_trial {
        return Ok(planned);
    }
    let parts: Vec<StagedColumn<'_>> = layout.fields.iter().map(|field| StagedColumn { letter: "a", field }).collect();
    let mut stored = Vec::with_capacity(planned.len());
    for batch in planned.chunks(rows::BATCH) {
        let mut cells = batch.iter().map(|row| row.iter().collect());
        let staged = stage::stage_rows(wire, place, layout, &parts, &mut cells)?;
        // The answer comes in any order: each row has its number in the batch.
        let mut answer: Vec<Option<Vec<Value>>> = vec![None; batch.len()];
        rows::visit_staged_rows(wire, place, layout, &text::staged_rows(layout, &staged), &mut |nth, row| {
            if let Some(slot) = answer.get_mut(nth) {
                *slot = Some(row);
            }
            Ok(())
        })?;
        check_constraints(wire, place, layout, &staged, &asked)?;
        stage::unstage_rows(wire, place, &staged)?;
        for row in answer {
            stored.push(row.ok_or_else(|| place.failure("try a row out", "a row vanished"))?);
        }
    }
    Ok(stored)
}

/// Returns rows with the database's defaults in all columns but the known ones; see
/// [`crate::targets::Target::fill_defaults`].
pub(super) fn fill_defaults(
    wire: &mut Wire,
    place: &ServerLocation,
    layout: &MssqlLayout,
    known: &[usize],
    mut rows: Vec<Vec<Value>>,
) -> Result<Vec<Vec<Value>>, TargetError> {
    for field in layout.fields.iter().filter(|field| !known.contains(&field.at)) {
        let value = default(wire, place, layout, field)?;
        for cell in rows.iter_mut().filter_map(|row| row.get_mut(field.at)) {
            cell.clone_from(&value);
        }
    }
    Ok(rows)
}

/// Evaluates the default of a column; NULL where it declares none.
fn default(
    wire: &mut Wire,
    place: &ServerLocation,
    layout: &MssqlLayout,
    field: &LayoutField,
) -> Result<Value, TargetError> {
    let failed = place.explainer("ask what a column gets by default");
    let parameters = vec![number_parameter(layout.object_id), wire::text_parameter(field.name.clone())];
    let defaults = wire.query_rows(catalogue_text::DEFAULT, parameters).map_err(&failed)?;
    let Some(definition) = defaults.first().and_then(|row| cell_text(row.first())) else { return Ok(Value::Null) };
    let mut value = Value::Null;
    rows::visit_numbered_cells(wire, place, layout, &[field], &text::default(field, &definition), &mut |_, row| {
        value = row.into_iter().next().unwrap_or(Value::Null);
        Ok(())
    })?;
    Ok(value)
}

/// Chooses the CHECK constraints to ask: all of them for an insert, for updates those that name a column which they
/// set.
fn choose_checks<'s>(layout: &'s MssqlLayout, trials: &[RowTrial]) -> Vec<&'s (String, String)> {
    let mut set: Vec<usize> = Vec::new();
    for trial in trials {
        match trial.changed_positions() {
            Some(positions) => set.extend(positions),
            None => return layout.checks.iter().collect(),
        }
    }
    let mut checks = Vec::new();
    for check in &layout.checks {
        let definition = check.1.to_lowercase();
        // A name within another word counts too: one CHECK too many does no harm, one too few could.
        let mut fields = layout.fields.iter().filter(|field| set.contains(&field.at));
        if fields.any(|field| definition.contains(&field.name.to_lowercase())) {
            checks.push(check);
        }
    }
    checks
}

/// Refuses NULL in a column that takes none, and a value that its column cannot hold.
fn check_row_fits(layout: &MssqlLayout, row: &[Value]) -> Result<(), Refusal> {
    for ((field, column), value) in layout.fields.iter().zip(&layout.table.columns).zip(row) {
        if value.is_null() && !column.nullable {
            return Err(Refusal::NotNull { table: layout.display_name().to_owned(), column: field.name.clone() });
        }
        codec::encode(value, field.kind).map(drop).ok_or_else(|| does_not_fit(layout, field, value))?;
    }
    Ok(())
}

/// Evaluates CHECK constraints of the table on staged rows, and refuses a row that breaks one.
fn check_constraints(
    wire: &mut Wire,
    place: &ServerLocation,
    layout: &MssqlLayout,
    staged: &stage::StagedColumns,
    asked: &[&(String, String)],
) -> Result<(), TargetError> {
    for (name, definition) in asked {
        let refused = match wire.query_rows(&text::refused_by(layout, staged, definition), Vec::new()) {
            Ok(rows) => rows,
            Err(fault) if fault.is_connection_lost() || fault.is_transient() => {
                return Err(place.explain("ask a CHECK constraint", fault));
            }
            // A CHECK that calls what this login may not call, or that names a column left out of the staging table:
            // only the database itself can judge it, when the row is written.
            Err(_) => continue,
        };
        if !refused.is_empty() {
            let why = format!("CHECK constraint {name}: {definition}");
            return Err(Refusal::Constraint { table: layout.display_name().to_owned(), why }.into());
        }
    }
    Ok(())
}

/// Translates the fault of a write: into the schema's refusal, or into a failure of the database.
pub(super) fn explain_write_fault(
    place: &ServerLocation,
    layout: &MssqlLayout,
    what: &str,
    fault: WireFault,
) -> TargetError {
    let table = layout.display_name().to_owned();
    let message = match &fault {
        WireFault::Server { message, .. } => message.clone(),
        _ => String::new(),
    };
    match fault.number() {
        // NULL in a column that takes none.
        Some(515) => match layout.fields.iter().find(|field| message.contains(&format!("'{}'", field.name))) {
            Some(field) => Refusal::NotNull { table, column: field.name.clone() }.into(),
            None => Refusal::Constraint { table, why: message }.into(),
        },
        Some(547) if message.to_uppercase().contains("FOREIGN KEY") || message.to_uppercase().contains("REFERENCE") => {
            Refusal::ForeignKey { table, constraint: quoted_name(&message), why: message }.into()
        }
        // A duplicate in a unique index, or in a UNIQUE or PRIMARY KEY constraint.
        Some(2601 | 2627) => Refusal::UniqueIndex { table, index: quoted_name(&message) }.into(),
        // CHECK, truncation, conversion, arithmetic overflow, or a write to a computed or identity column.
        Some(547 | 8152 | 2628 | 220 | 8115 | 245 | 8114 | 241 | 242 | 271 | 272 | 544) => {
            Refusal::Constraint { table, why: message }.into()
        }
        _ => place.explain(what, fault),
    }
}

/// Returns the first quoted name in a message that is not a table with its schema.
fn quoted_name(message: &str) -> String {
    let quoted = message.split(['\'', '"']).collect::<Vec<_>>();
    let inside = quoted.iter().skip(1).step_by(2).map(|name| (*name).to_owned());
    inside.into_iter().find(|name| !name.contains('.') && !name.is_empty()).unwrap_or_else(|| "unnamed".to_owned())
}
