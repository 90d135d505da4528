//! The transaction of an operation: uid, comparison, writes, counts, read-back, in batches; neither begins nor ends it.

use std::collections::BTreeMap;

use mfm_journal::{Change, Digest, Intended, RowAction, RowHasher, TableShape, Value};

use super::catalogue::{MssqlLayout, SheetField};
use super::stage::{self, StagedColumn, StagedColumns};
use super::writer::MssqlWriter;
use super::{marks, normalize, own, preflight, rows, sql};
use crate::model::Refusal;
use crate::targets::compare;
use crate::targets::faults::WriteStep;
use crate::targets::known;
use crate::targets::{OperationRow, OperationState, PlannedWork, TargetError, in_order};

/// The tables of a plan, by name.
type LayoutsByTable<'w> = BTreeMap<&'w str, &'w MssqlLayout>;

/// Does everything between BEGIN and COMMIT, and returns how many rows were written.
pub(super) fn run_transaction(
    writer: &mut MssqlWriter,
    intended: &Intended,
    work: &PlannedWork<'_>,
) -> Result<u64, TargetError> {
    put_uid(writer, intended, work)?;
    // From here on nobody declares anything for the table: its row is locked.
    let (wire, place) = writer.ensure_wire()?;
    own::check_own_tables(wire, place, false)?;
    writer.pass_step(WriteStep::Uid)?;
    compare::check_work(intended, work)?;
    compare_marker(writer, work)?;
    let touched = compare_facts(writer, work)?;
    let sheets = resolve_layouts(work, &touched)?;
    let disabled = switch_triggers_off(writer, work, &touched)?;
    let mut rows = 0;
    for batch in work.changes.chunks(rows::BATCH) {
        for group in group_changes(batch) {
            let Some(sheet) = sheets.get(group.table) else { continue };
            rows += carry_out(writer, sheet, &group)?;
        }
    }
    if work.rehearse {
        rehearse(writer, work, &sheets)?;
    }
    switch_triggers_on(writer, &disabled)?;
    // Until rows of a table were written, nothing kept others from changing its declaration: now something does.
    compare_facts(writer, work).map(|_| rows)
}

/// Tries the way back, and takes the trial back again. One that the server refuses is rolled back with all the rest.
fn rehearse(writer: &mut MssqlWriter, work: &PlannedWork<'_>, sheets: &LayoutsByTable<'_>) -> Result<(), TargetError> {
    let mark = |writer: &mut MssqlWriter, text: &str| {
        let (wire, place) = writer.ensure_wire()?;
        wire.run_batch(text).map_err(place.explainer("rehearse the way back"))
    };
    mark(writer, sql::session::SAVE)?;
    let back = compare::way_back(work.changes, in_order(work.changes));
    for batch in back.chunks(rows::BATCH) {
        for group in group_changes(batch) {
            let Some(sheet) = sheets.get(group.table) else { continue };
            carry_out(writer, sheet, &group).map_err(compare::no_way_back)?;
        }
    }
    mark(writer, sql::session::ROLLBACK_TO_SAVE)?;
    writer.pass_step(WriteStep::Rehearsed)
}

fn put_uid(writer: &mut MssqlWriter, intended: &Intended, work: &PlannedWork<'_>) -> Result<(), TargetError> {
    let (uid, journal_id, op) = (intended.uid(), intended.journal_id(), intended.op());
    let row = OperationRow { uid, journal_id, op, state: OperationState::Committed };
    let Err(fault) = writer.insert_operation(&row, OperationState::Committed, work.at_us)? else {
        return check_uid_visible(writer, &row);
    };
    if fault.is_connection_lost() || fault.is_transient() {
        return Err(writer.place.explain("write mfm's record of the operation", fault));
    }
    // The server has rolled back already: what stands there now is what was in the way.
    writer.roll_back();
    let (wire, place) = writer.ensure_wire()?;
    if !marks::has_operations(wire, place)? {
        return Err(Refusal::Unmarked { url: writer.place.url.clone() }.into());
    }
    if writer.find_operation(&uid)?.is_some() {
        let what = format!("operation {op} was closed by a recover meanwhile");
        return Err(Refusal::Stale { what }.into());
    }
    match writer.find_number_conflict(&row)? {
        Some(error) => Err(error),
        None => Err(writer.place.explain("write mfm's record of the operation", fault)),
    }
}

/// Refuses to go on where the row that was written cannot be read: nobody could tell later what became of the
/// operation.
fn check_uid_visible(writer: &mut MssqlWriter, row: &OperationRow) -> Result<(), TargetError> {
    if writer.find_operation(&row.uid)?.as_ref() == Some(row) {
        return Ok(());
    }
    let (url, what) = (writer.place.url.clone(), "read dbo.mfm_operation".to_owned());
    let why = "the row that was just written there is not seen: SELECT may be missing".to_owned();
    let grant = Some("GRANT SELECT ON dbo.mfm_operation".to_owned());
    Err(TargetError::Permission { url, what, why, grant })
}

fn compare_marker(writer: &mut MssqlWriter, work: &PlannedWork<'_>) -> Result<(), TargetError> {
    let (wire, place) = writer.ensure_wire()?;
    let found = marks::read_marker(wire, place)?;
    Ok(known::check_marker(&place.url, found.as_ref(), &marks::read_identity(wire, place)?.bound, work)?)
}

/// Compares the schema with what the preflight saw, and returns the tables that it judged.
fn compare_facts(writer: &mut MssqlWriter, work: &PlannedWork<'_>) -> Result<Vec<MssqlLayout>, TargetError> {
    let touched = writer.preflight_context()?.read_layouts(work.touches)?;
    if work.facts == Some(preflight::digest_facts(&touched)) {
        return Ok(touched);
    }
    Err(Refusal::Stale { what: "the schema is not as the preflight saw it".to_owned() }.into())
}

/// Returns the tables of a plan, which have to be as the plan knows them.
fn resolve_layouts<'w>(work: &PlannedWork<'w>, touched: &'w [MssqlLayout]) -> Result<LayoutsByTable<'w>, TargetError> {
    let mut sheets = LayoutsByTable::new();
    let mut last: Option<&TableShape> = None;
    for shape in work.changes.iter().map(|change| change.table.as_ref()) {
        if last.replace(shape).is_some_and(|last| std::ptr::eq(last, shape)) {
            continue;
        }
        let name = shape.name.as_str();
        let sheet = touched.iter().find(|sheet| *sheet.table.shape == *shape);
        let sheet = sheet.ok_or_else(|| known::redeclared_refusal(name))?;
        sheets.insert(name, sheet);
    }
    Ok(sheets)
}

/// Switches off the triggers that the work would fire: within this transaction, so that nobody else notices.
fn switch_triggers_off(
    writer: &mut MssqlWriter,
    work: &PlannedWork<'_>,
    touched: &[MssqlLayout],
) -> Result<Vec<(String, String)>, TargetError> {
    if !work.disable_triggers {
        return Ok(Vec::new());
    }
    let mut disabled = Vec::new();
    for (touch, sheet) in work.touches.iter().zip(touched) {
        let fired = sheet.triggers.iter().filter(|trigger| trigger.fires_on(touch));
        disabled.extend(fired.map(|trigger| (sheet.qualified_name(), trigger.name.clone())));
    }
    disabled.sort();
    disabled.dedup();
    for (table, trigger) in &disabled {
        let text = sql::catalogue::switch_trigger(table, trigger, false);
        let (wire, place) = writer.ensure_wire()?;
        wire.run_batch(&text).map_err(place.explainer("switch a trigger off"))?;
    }
    Ok(disabled)
}

fn switch_triggers_on(writer: &mut MssqlWriter, disabled: &[(String, String)]) -> Result<(), TargetError> {
    for (table, trigger) in disabled {
        let text = sql::catalogue::switch_trigger(table, trigger, true);
        let (wire, place) = writer.ensure_wire()?;
        wire.run_batch(&text).map_err(place.explainer("switch a trigger on again"))?;
    }
    Ok(())
}

/// Changes of one table that one statement writes.
struct ChangeGroup<'c> {
    table: &'c str,
    changes: Vec<&'c Change>,
}

/// Groups changes by table, kind and columns, in the order in which they first appear.
fn group_changes(changes: &[Change]) -> Vec<ChangeGroup<'_>> {
    let mut places: BTreeMap<(&str, &str, &[usize]), usize> = BTreeMap::new();
    let mut groups: Vec<ChangeGroup<'_>> = Vec::new();
    for change in changes {
        let columns: &[usize] = if let RowAction::Update { columns, .. } = &change.action { columns } else { &[] };
        let key = (change.table.name.as_str(), change.action.as_str(), columns);
        let at = *places.entry(key).or_insert_with(|| {
            groups.push(ChangeGroup { table: &change.table.name, changes: Vec::new() });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(at) {
            group.changes.push(change);
        }
    }
    groups
}

/// Compares, writes and reads back the rows of a group, and returns how many were written.
fn carry_out(writer: &mut MssqlWriter, sheet: &MssqlLayout, group: &ChangeGroup<'_>) -> Result<u64, TargetError> {
    let Some(first) = group.changes.first() else { return Ok(0) };
    let (wire, place) = writer.ensure_wire()?;
    let parts = choose_staged_columns(sheet, first)?;
    let mut cells = group.changes.iter().map(|change| staged_values(change));
    let staged = stage::stage_rows(wire, place, sheet, &parts, &mut cells)?;
    let found = digest_current_rows(writer, sheet, group, &staged, true)?;
    group.changes.iter().zip(found).try_for_each(|(change, found)| compare::check_before(change, found))?;
    writer.pass_step(WriteStep::Compared)?;
    let mut rows = 0;
    if first.is_write() {
        rows = write_group(writer, sheet, first, &staged)?;
        let planned = group.changes.len() as u64;
        if rows != planned {
            let what = format!("{rows} rows were written where {planned} were planned");
            return Err(TargetError::Mismatch { table: sheet.display_name().to_owned(), what });
        }
        writer.pass_step(WriteStep::Row)?;
        read_back(writer, sheet, group, &staged)?;
    }
    writer.pass_step(WriteStep::ReadBack)?;
    let (wire, place) = writer.ensure_wire()?;
    stage::unstage_rows(wire, place, &staged)?;
    Ok(rows)
}

/// Returns what is staged of a change: its key, and what it changes.
fn choose_staged_columns<'f>(sheet: &'f MssqlLayout, change: &Change) -> Result<Vec<StagedColumn<'f>>, TargetError> {
    let mut parts: Vec<StagedColumn<'_>> =
        sheet.key_fields().map(|field| StagedColumn { letter: "k", field }).collect();
    match &change.action {
        RowAction::Insert { .. } => parts.extend(sheet.fields.iter().map(|field| StagedColumn { letter: "a", field })),
        RowAction::Update { columns, .. } => {
            let fields = changed_fields(sheet, columns)?;
            parts.extend(fields.iter().map(|field| StagedColumn { letter: "b", field }));
            parts.extend(fields.iter().map(|field| StagedColumn { letter: "a", field }));
        }
        RowAction::Delete { .. } | RowAction::Kept { .. } => {}
    }
    Ok(parts)
}

fn changed_fields<'f>(sheet: &'f MssqlLayout, columns: &[usize]) -> Result<Vec<&'f SheetField>, TargetError> {
    let field =
        |at: &usize| sheet.fields.get(*at).ok_or_else(|| known::redeclared_refusal(sheet.display_name()).into());
    columns.iter().map(field).collect()
}

/// Returns a change's staged values, in the order of its parts.
fn staged_values(change: &Change) -> Vec<&Value> {
    let key = change.key.iter();
    match &change.action {
        RowAction::Insert { after, .. } => key.chain(after).collect(),
        RowAction::Update { before, after, .. } => key.chain(before).chain(after).collect(),
        RowAction::Delete { .. } | RowAction::Kept { .. } => key.collect(),
    }
}

/// Digests the rows of a group's keys as they are now.
fn digest_current_rows(
    writer: &mut MssqlWriter,
    sheet: &MssqlLayout,
    group: &ChangeGroup<'_>,
    staged: &StagedColumns,
    lock: bool,
) -> Result<Vec<Option<Digest>>, TargetError> {
    let (wire, place) = writer.ensure_wire()?;
    let mut hasher = RowHasher::new(&sheet.table.shape);
    let mut found = vec![None; group.changes.len()];
    let keys: Vec<&[Value]> = group.changes.iter().map(|change| change.key.as_slice()).collect();
    let question = sql::rows::rows_of_keys(sheet, staged, lock);
    rows::of_staged(wire, place, sheet, &question, &keys, &mut |nth, row| {
        found[nth] = compare::digest_row(&mut hasher, sheet.display_name(), Some(&row))?;
        Ok(())
    })?;
    Ok(found)
}

/// Reads back what a group wrote, and compares.
///
/// Of an update, the cells that it set: the others were compared to the bit under a lock that this transaction still
/// holds, and triggers that could have touched them are refused or off.
fn read_back(
    writer: &mut MssqlWriter,
    sheet: &MssqlLayout,
    group: &ChangeGroup<'_>,
    staged: &StagedColumns,
) -> Result<(), TargetError> {
    let Some(RowAction::Update { columns, .. }) = group.changes.first().map(|change| &change.action) else {
        let found = digest_current_rows(writer, sheet, group, staged, false)?;
        return group.changes.iter().zip(found).try_for_each(|(change, found)| compare::check_after(change, found));
    };
    let (wire, place) = writer.ensure_wire()?;
    let mut fields: Vec<&SheetField> = sheet.key_fields().collect();
    let key = fields.len();
    fields.extend(changed_fields(sheet, columns)?);
    let mut seen = vec![false; group.changes.len()];
    let mismatch = |change: &Change, what: &str| TargetError::Mismatch {
        table: sheet.display_name().to_owned(),
        what: format!("row {} {what}", crate::model::refusal::render_key(&change.key)),
    };
    let question = sql::rows::cells_of_keys(sheet, &fields, staged);
    rows::visit_numbered_cells(wire, place, sheet, &fields, &question, &mut |nth, row| {
        let (Some(change), Some(seen)) = (group.changes.get(nth), seen.get_mut(nth)) else { return Ok(()) };
        let (found, cells) = row.split_at(key);
        if found != change.key {
            return Ok(());
        }
        let RowAction::Update { after, .. } = &change.action else { return Ok(()) };
        if std::mem::replace(seen, true) {
            return Err(rows::repeated_key_error(sheet));
        }
        if cells == after { Ok(()) } else { Err(mismatch(change, "does not read back as it was written")) }
    })?;
    let missing = group.changes.iter().zip(&seen).find(|(_, seen)| !**seen);
    missing.map_or(Ok(()), |(change, _)| Err(mismatch(change, "is not there after the write")))
}

/// Writes the staged rows of a group with one statement, and returns how many the server counted.
fn write_group(
    writer: &mut MssqlWriter,
    sheet: &MssqlLayout,
    change: &Change,
    staged: &StagedColumns,
) -> Result<u64, TargetError> {
    let (wire, place) = writer.ensure_wire()?;
    let failed = |fault| normalize::explain_write_fault(place, sheet, "write rows", fault);
    let text = match &change.action {
        RowAction::Insert { .. } => sql::writes::insert_rows(sheet, staged),
        RowAction::Delete { .. } => sql::writes::delete_rows(sheet, staged),
        RowAction::Update { columns, .. } => sql::writes::update_rows(sheet, staged, &changed_fields(sheet, columns)?),
        RowAction::Kept { .. } => return Ok(0),
    };
    let numbered = matches!(change.action, RowAction::Insert { .. }) && sheet.fields.iter().any(|field| field.identity);
    if !numbered {
        return wire.execute_counted(&text).map_err(failed);
    }
    wire.run_batch(&sql::writes::identity_insert(sheet, true)).map_err(failed)?;
    let rows = wire.execute_counted(&text).map_err(failed)?;
    wire.run_batch(&sql::writes::identity_insert(sheet, false)).map_err(failed)?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn changes_are_grouped_by_what_one_statement_can_write() {
        let shape = |name: &str| TableShape { name: name.into(), key: vec![], columns: vec![], omitted: vec![] };
        let (t, u) = (Arc::new(shape("t")), Arc::new(shape("u")));
        let change = |table: &Arc<TableShape>, key: i64, action: RowAction| Change {
            table: table.clone(),
            key: vec![Value::Integer(key)],
            action,
        };
        let digest = Digest::ZERO;
        let update = |columns: &[usize]| RowAction::Update {
            columns: columns.to_vec(),
            before: vec![Value::Null; columns.len()],
            after: vec![Value::Integer(1); columns.len()],
            before_digest: digest,
            after_digest: digest,
        };
        let delete = RowAction::Delete { before: vec![], before_digest: digest };
        let changes = [
            change(&t, 1, update(&[1])),
            change(&t, 2, update(&[1, 2])),
            change(&u, 3, update(&[1])),
            change(&t, 4, delete),
            change(&t, 5, update(&[1])),
        ];
        let groups: Vec<(&str, Vec<String>)> = group_changes(&changes)
            .into_iter()
            .map(|group| (group.table, group.changes.iter().map(|change| format!("{:?}", change.key)).collect()))
            .collect();
        let sizes: Vec<(&str, usize)> = groups.iter().map(|(table, keys)| (*table, keys.len())).collect();
        assert_eq!(sizes, [("t", 2), ("t", 1), ("u", 1), ("t", 1)]);
        assert_eq!(groups[0].1, ["[Integer(1)]", "[Integer(5)]"]);
    }
}
