//! Rows held against their types, and where that does not settle it tried out in a staging table, against the table's
//! own CHECKs; never in the table.

use mfm_journal::Value;

use super::catalogue::{MssqlLayout, SheetField};
use super::codec;
use super::fault::{ServerLocation, WireFault};
use super::rows;
use super::sql::{catalogue as catalogue_text, rows as text};
use super::stage::{self, StagedColumn, does_not_fit};
use super::wire::{self, Wire, cell_text, number_parameter};
use crate::model::Refusal;
use crate::targets::{RowTrial, TargetError};

/// Returns rows as the database would hold them; see [`crate::targets::Target::normalize`].
pub(super) fn normalize_rows(
    wire: &mut Wire,
    place: &ServerLocation,
    sheet: &MssqlLayout,
    trials: Vec<RowTrial>,
) -> Result<Vec<Vec<Value>>, TargetError> {
    let asked = choose_checks(sheet, &trials);
    let planned: Vec<Vec<Value>> = trials.into_iter().map(|trial| trial.to).collect();
    planned.iter().try_for_each(|row| check_row_fits(sheet, row))?;
    // What fits its type comes back as it was sent, but for the types that the server remakes.
    let tried = !asked.is_empty() || sheet.fields.iter().any(|field| field.kind.is_remade());
    if planned.is_empty() || !tried {
        return Ok(planned);
    }
    let parts: Vec<StagedColumn<'_>> = sheet.fields.iter().map(|field| StagedColumn { letter: "a", field }).collect();
    let mut held = Vec::with_capacity(planned.len());
    for batch in planned.chunks(rows::BATCH) {
        let mut cells = batch.iter().map(|row| row.iter().collect());
        let staged = stage::stage_rows(wire, place, sheet, &parts, &mut cells)?;
        let mut found: Vec<Option<Vec<Value>>> = vec![None; batch.len()];
        rows::visit_staged_rows(wire, place, sheet, &text::staged_rows(sheet, &staged), &mut |nth, row| {
            if let Some(slot) = found.get_mut(nth) {
                *slot = Some(row);
            }
            Ok(())
        })?;
        check_constraints(wire, place, sheet, &staged, &asked)?;
        stage::unstage_rows(wire, place, &staged)?;
        let vanished = || place.failure("try a row out", "a row vanished");
        held.extend(found.into_iter().map(|row| row.ok_or_else(vanished)).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(held)
}

/// Returns rows with what the database puts into all columns but the known ones; see
/// [`crate::targets::Target::complete`].
pub(super) fn fill_defaults(
    wire: &mut Wire,
    place: &ServerLocation,
    sheet: &MssqlLayout,
    known: &[usize],
    mut rows: Vec<Vec<Value>>,
) -> Result<Vec<Vec<Value>>, TargetError> {
    for field in sheet.fields.iter().filter(|field| !known.contains(&field.at)) {
        let value = default(wire, place, sheet, field)?;
        rows.iter_mut().filter_map(|row| row.get_mut(field.at)).for_each(|cell| cell.clone_from(&value));
    }
    Ok(rows)
}

/// Returns what the database puts into a column that nobody gives.
fn default(
    wire: &mut Wire,
    place: &ServerLocation,
    sheet: &MssqlLayout,
    field: &SheetField,
) -> Result<Value, TargetError> {
    let failed = place.explainer("ask what a column gets by default");
    let parameters = vec![number_parameter(sheet.object_id), wire::text_parameter(field.name.clone())];
    let declared = wire.query_rows(catalogue_text::DEFAULT, parameters).map_err(&failed)?;
    let Some(definition) = declared.first().and_then(|row| cell_text(row.first())) else { return Ok(Value::Null) };
    let mut value = Value::Null;
    rows::visit_numbered_cells(wire, place, sheet, &[field], &text::default(field, &definition), &mut |_, row| {
        value = row.into_iter().next().unwrap_or(Value::Null);
        Ok(())
    })?;
    Ok(value)
}

/// Returns the CHECK constraints that rows are to be held against: of updates, those that name a column which they set.
fn choose_checks<'s>(sheet: &'s MssqlLayout, trials: &[RowTrial]) -> Vec<&'s (String, String)> {
    let mut set: Vec<usize> = Vec::new();
    for trial in trials {
        match trial.changed_positions() {
            Some(places) => set.extend(places),
            None => return sheet.checks.iter().collect(),
        }
    }
    let names: Vec<String> =
        sheet.fields.iter().filter(|field| set.contains(&field.at)).map(|f| f.name.to_lowercase()).collect();
    let concerned = |(_, definition): &&(String, String)| {
        let definition = definition.to_lowercase();
        names.iter().any(|name| definition.contains(name.as_str()))
    };
    sheet.checks.iter().filter(concerned).collect()
}

/// Refuses a NULL where none may be, and a value that its column cannot hold.
fn check_row_fits(sheet: &MssqlLayout, row: &[Value]) -> Result<(), Refusal> {
    for ((field, column), value) in sheet.fields.iter().zip(&sheet.table.columns).zip(row) {
        if value.is_null() && !column.nullable {
            return Err(Refusal::NotNull { table: sheet.display_name().to_owned(), column: field.name.clone() });
        }
        codec::encode(value, field.kind).map(drop).ok_or_else(|| does_not_fit(sheet, field, value))?;
    }
    Ok(())
}

/// Asks CHECK constraints of the table about staged rows. One that this login cannot see is left to the database.
fn check_constraints(
    wire: &mut Wire,
    place: &ServerLocation,
    sheet: &MssqlLayout,
    staged: &stage::StagedColumns,
    asked: &[&(String, String)],
) -> Result<(), TargetError> {
    for (name, definition) in asked {
        let refused = wire.query_rows(&text::refused_by(sheet, staged, definition), Vec::new());
        // A CHECK that calls what this login may not call, or that means a column left out, is the database's to judge.
        let unasked = |fault: &WireFault| !fault.is_connection_lost() && !fault.is_transient();
        let refused = match refused {
            Err(fault) if unasked(&fault) => continue,
            other => other.map_err(place.explainer("ask a CHECK constraint"))?,
        };
        if !refused.is_empty() {
            let why = format!("CHECK constraint {name}: {definition}");
            return Err(Refusal::Constraint { table: sheet.display_name().to_owned(), why }.into());
        }
    }
    Ok(())
}

/// Says what a failed write means: the schema's refusal, or a failure of the database.
pub(super) fn explain_write_fault(
    place: &ServerLocation,
    sheet: &MssqlLayout,
    what: &str,
    fault: WireFault,
) -> TargetError {
    let table = sheet.display_name().to_owned();
    let said = match &fault {
        WireFault::Server { message, .. } => message.clone(),
        _ => String::new(),
    };
    let column = || sheet.fields.iter().map(|field| &field.name).find(|name| said.contains(&format!("'{name}'")));
    match fault.number() {
        Some(515) => match column() {
            Some(column) => Refusal::NotNull { table, column: column.clone() }.into(),
            None => Refusal::Constraint { table, why: said }.into(),
        },
        Some(547) if said.to_uppercase().contains("FOREIGN KEY") || said.to_uppercase().contains("REFERENCE") => {
            Refusal::ForeignKey { table, constraint: quoted_name(&said), why: said }.into()
        }
        Some(2601 | 2627) => Refusal::UniqueIndex { table, index: quoted_name(&said) }.into(),
        // CHECK; truncation; conversion; arithmetic overflow; what a trigger or a computed column makes of it.
        Some(547 | 8152 | 2628 | 220 | 8115 | 245 | 8114 | 241 | 242 | 271 | 272 | 544) => {
            Refusal::Constraint { table, why: said }.into()
        }
        _ => place.explain(what, fault),
    }
}

/// Returns the first name that a message quotes, tables with their schema left out.
fn quoted_name(said: &str) -> String {
    let quoted = said.split(['\'', '"']).collect::<Vec<_>>();
    let inside = quoted.iter().skip(1).step_by(2).map(|name| (*name).to_owned());
    inside.into_iter().find(|name| !name.contains('.') && !name.is_empty()).unwrap_or_else(|| "unnamed".to_owned())
}
