//! The inside of an operation's transaction: uid, comparison, writes, counts, read-back, in batches. The writer begins
//! and ends it.

use std::collections::BTreeMap;

use mfm_journal::{Change, Digest, Intended, RowAction, RowHasher, TableShape, Value};

use super::catalogue::{LayoutField, MssqlLayout};
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
    // The uid comes first: once it is inserted, no recover can write a tombstone for this operation any more.
    insert_uid(writer, intended, work)?;
    // The inserted row also locks the table's declaration, so that the check below stays true until the commit.
    let (wire, place) = writer.ensure_wire()?;
    own::check_own_tables(wire, place, false)?;
    writer.pass_step(WriteStep::Uid)?;
    compare::check_work(intended, work)?;
    compare_marker(writer, work)?;
    let touched = compare_facts(writer, work)?;
    let layouts = resolve_layouts(work, &touched)?;
    let disabled = switch_triggers_off(writer, work, &touched)?;
    let mut rows = 0;
    // Batches bound the memory and the size of the staging tables.
    for batch in work.changes.chunks(rows::BATCH) {
        for group in group_changes(batch) {
            let Some(layout) = layouts.get(group.table) else { continue };
            rows += execute_group(writer, layout, &group)?;
        }
    }
    if work.rehearse {
        rehearse(writer, work, &layouts)?;
    }
    switch_triggers_on(writer, &disabled)?;
    // Before the first write to a table, another program could still change its declaration. Now the locks on its rows
    // prevent that, so this second comparison holds until the commit.
    compare_facts(writer, work).map(|_| rows)
}

/// Executes the way back after a savepoint and rolls it back to there. If the server refuses a statement of it, the
/// whole transaction is rolled back (XACT_ABORT).
fn rehearse(writer: &mut MssqlWriter, work: &PlannedWork<'_>, layouts: &LayoutsByTable<'_>) -> Result<(), TargetError> {
    let what = "rehearse the way back";
    let (wire, place) = writer.ensure_wire()?;
    wire.run_batch(sql::session::SAVE).map_err(place.explainer(what))?;
    let back = compare::invert_changes(work.changes, in_order(work.changes));
    for batch in back.chunks(rows::BATCH) {
        for group in group_changes(batch) {
            let Some(layout) = layouts.get(group.table) else { continue };
            execute_group(writer, layout, &group).map_err(compare::refuse_way_back)?;
        }
    }
    let (wire, place) = writer.ensure_wire()?;
    wire.run_batch(sql::session::ROLLBACK_TO_SAVE).map_err(place.explainer(what))?;
    writer.pass_step(WriteStep::Rehearsed)
}

fn insert_uid(writer: &mut MssqlWriter, intended: &Intended, work: &PlannedWork<'_>) -> Result<(), TargetError> {
    let (uid, journal_id, op) = (intended.uid(), intended.journal_id(), intended.op());
    let row = OperationRow { uid, journal_id, op, state: OperationState::Committed };
    let Err(fault) = writer.insert_operation(&row, OperationState::Committed, work.at_us)? else {
        return check_uid_visible(writer, &row);
    };
    if fault.is_connection_lost() || fault.is_transient() {
        return Err(writer.place.explain("write mfm's record of the operation", fault));
    }
    // The server has rolled back (XACT_ABORT), so what can be read from here on is what was in the way of the insert.
    writer.roll_back();
    let (wire, place) = writer.ensure_wire()?;
    if !marks::has_operations(wire, place)? {
        return Err(Refusal::Unmarked { url: writer.place.url.clone() }.into());
    }
    if writer.find_operation(&uid)?.is_some() {
        let what = format!("operation {op} was closed by a recover in the meantime");
        return Err(Refusal::Stale { what }.into());
    }
    match writer.find_number_conflict(&row)? {
        Some(error) => Err(error),
        None => Err(writer.place.explain("write mfm's record of the operation", fault)),
    }
}

/// Refuses to go on where this login cannot read the uid's row: the fate of the operation could not be found out later.
fn check_uid_visible(writer: &mut MssqlWriter, row: &OperationRow) -> Result<(), TargetError> {
    if writer.find_operation(&row.uid)?.as_ref() == Some(row) {
        return Ok(());
    }
    let (url, what) = (writer.place.url.clone(), "read dbo.mfm_operation".to_owned());
    let why = "the row just written there cannot be read: SELECT may not be granted".to_owned();
    let grant = Some("GRANT SELECT ON dbo.mfm_operation".to_owned());
    Err(TargetError::Permission { url, what, why, grant })
}

fn compare_marker(writer: &mut MssqlWriter, work: &PlannedWork<'_>) -> Result<(), TargetError> {
    let (wire, place) = writer.ensure_wire()?;
    let marker = marks::read_marker(wire, place)?;
    Ok(known::check_marker(&place.url, marker.as_ref(), &marks::read_identity(wire, place)?.bound, work)?)
}

/// Checks that the schema is as the preflight saw it, and returns the layouts of the touched tables.
fn compare_facts(writer: &mut MssqlWriter, work: &PlannedWork<'_>) -> Result<Vec<MssqlLayout>, TargetError> {
    let touched = writer.preflight_context()?.read_layouts(work.touches)?;
    if work.facts == Some(preflight::digest_facts(&touched)) {
        return Ok(touched);
    }
    Err(Refusal::Stale { what: "the schema has changed since it was checked".to_owned() }.into())
}

/// Returns the layouts of the plan's tables, which have to be as the plan knows them.
fn resolve_layouts<'w>(work: &PlannedWork<'w>, touched: &'w [MssqlLayout]) -> Result<LayoutsByTable<'w>, TargetError> {
    let mut layouts = LayoutsByTable::new();
    let mut last: Option<&TableShape> = None;
    for shape in work.changes.iter().map(|change| change.table.as_ref()) {
        if last.replace(shape).is_some_and(|last| std::ptr::eq(last, shape)) {
            continue;
        }
        let name = shape.name.as_str();
        let layout = touched.iter().find(|layout| *layout.table.shape == *shape);
        let layout = layout.ok_or_else(|| known::redeclared_refusal(name))?;
        layouts.insert(name, layout);
    }
    Ok(layouts)
}

/// Disables the triggers that the work would fire, and returns them with their tables. The change is part of this
/// transaction, whose lock on the table keeps other sessions from writing without their triggers.
fn switch_triggers_off(
    writer: &mut MssqlWriter,
    work: &PlannedWork<'_>,
    touched: &[MssqlLayout],
) -> Result<Vec<(String, String)>, TargetError> {
    if !work.disable_triggers {
        return Ok(Vec::new());
    }
    let mut disabled = Vec::new();
    for (touch, layout) in work.touches.iter().zip(touched) {
        let fired = layout.triggers.iter().filter(|trigger| trigger.fires_on(touch));
        disabled.extend(fired.map(|trigger| (layout.qualified_name(), trigger.name.clone())));
    }
    // Two touches may fire the same trigger.
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

/// Changes of one table that one statement can write.
struct ChangeGroup<'c> {
    table: &'c str,
    changes: Vec<&'c Change>,
}

/// Groups changes by table, kind and columns, in the order in which they first appear.
fn group_changes(changes: &[Change]) -> Vec<ChangeGroup<'_>> {
    let mut positions: BTreeMap<(&str, &str, &[usize]), usize> = BTreeMap::new();
    let mut groups: Vec<ChangeGroup<'_>> = Vec::new();
    for change in changes {
        let columns: &[usize] = if let RowAction::Update { columns, .. } = &change.action { columns } else { &[] };
        let key = (change.table.name.as_str(), change.action.as_str(), columns);
        let at = *positions.entry(key).or_insert_with(|| {
            groups.push(ChangeGroup { table: &change.table.name, changes: Vec::new() });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(at) {
            group.changes.push(change);
        }
    }
    groups
}

/// Stages, compares, writes and reads back the rows of a group, and returns how many were written.
fn execute_group(writer: &mut MssqlWriter, layout: &MssqlLayout, group: &ChangeGroup<'_>) -> Result<u64, TargetError> {
    let Some(first) = group.changes.first() else { return Ok(0) };
    let (wire, place) = writer.ensure_wire()?;
    let parts = choose_staged_columns(layout, first)?;
    let mut cells = group.changes.iter().map(|change| staged_values(change));
    let staged = stage::stage_rows(wire, place, layout, &parts, &mut cells)?;
    // Locked from here on: the rows cannot change between this comparison and the write.
    let digests = digest_current_rows(writer, layout, group, &staged, true)?;
    for (change, digest) in group.changes.iter().zip(digests) {
        compare::check_before(change, digest)?;
    }
    writer.pass_step(WriteStep::Compared)?;
    let mut rows = 0;
    if first.is_write() {
        rows = write_group(writer, layout, first, &staged)?;
        let planned = group.changes.len() as u64;
        if rows != planned {
            let what = format!("{rows} rows were written, but {planned} were planned");
            return Err(TargetError::Mismatch { table: layout.display_name().to_owned(), what });
        }
        writer.pass_step(WriteStep::Row)?;
        read_back(writer, layout, group, &staged)?;
    }
    writer.pass_step(WriteStep::ReadBack)?;
    let (wire, place) = writer.ensure_wire()?;
    stage::unstage_rows(wire, place, &staged)?;
    Ok(rows)
}

/// Returns the columns to stage for a change: its key (`k`), the values before (`b`), the values after (`a`).
fn choose_staged_columns<'f>(layout: &'f MssqlLayout, change: &Change) -> Result<Vec<StagedColumn<'f>>, TargetError> {
    let mut parts: Vec<StagedColumn<'_>> =
        layout.key_fields().map(|field| StagedColumn { letter: "k", field }).collect();
    match &change.action {
        RowAction::Insert { .. } => parts.extend(layout.fields.iter().map(|field| StagedColumn { letter: "a", field })),
        RowAction::Update { columns, .. } => {
            let fields = changed_fields(layout, columns)?;
            parts.extend(fields.iter().map(|field| StagedColumn { letter: "b", field }));
            parts.extend(fields.iter().map(|field| StagedColumn { letter: "a", field }));
        }
        RowAction::Delete { .. } | RowAction::Kept { .. } => {}
    }
    Ok(parts)
}

fn changed_fields<'f>(layout: &'f MssqlLayout, columns: &[usize]) -> Result<Vec<&'f LayoutField>, TargetError> {
    let mut fields = Vec::with_capacity(columns.len());
    for at in columns {
        fields.push(layout.fields.get(*at).ok_or_else(|| known::redeclared_refusal(layout.display_name()))?);
    }
    Ok(fields)
}

/// Returns a change's values to stage, in the order of [`choose_staged_columns`].
fn staged_values(change: &Change) -> Vec<&Value> {
    let key = change.key.iter();
    match &change.action {
        RowAction::Insert { after, .. } => key.chain(after).collect(),
        RowAction::Update { before, after, .. } => key.chain(before).chain(after).collect(),
        RowAction::Delete { .. } | RowAction::Kept { .. } => key.collect(),
    }
}

/// Digests the rows with a group's keys as they are now, in the order of the changes; `lock` keeps them so until the
/// commit.
fn digest_current_rows(
    writer: &mut MssqlWriter,
    layout: &MssqlLayout,
    group: &ChangeGroup<'_>,
    staged: &StagedColumns,
    lock: bool,
) -> Result<Vec<Option<Digest>>, TargetError> {
    let (wire, place) = writer.ensure_wire()?;
    let mut hasher = RowHasher::new(&layout.table.shape);
    let mut digests = vec![None; group.changes.len()];
    let keys: Vec<&[Value]> = group.changes.iter().map(|change| change.key.as_slice()).collect();
    let question = sql::rows::rows_of_keys(layout, staged, lock);
    rows::visit_rows_of_staged(wire, place, layout, &question, &keys, &mut |nth, row| {
        digests[nth] = compare::digest_row(&mut hasher, layout.display_name(), Some(&row))?;
        Ok(())
    })?;
    Ok(digests)
}

/// Reads back what a group wrote, and compares it with the plan.
///
/// Of an update only the cells that it set are read. The others were compared to the bit under a lock that this
/// transaction still holds, and triggers that could have changed them are refused or disabled.
fn read_back(
    writer: &mut MssqlWriter,
    layout: &MssqlLayout,
    group: &ChangeGroup<'_>,
    staged: &StagedColumns,
) -> Result<(), TargetError> {
    let Some(RowAction::Update { columns, .. }) = group.changes.first().map(|change| &change.action) else {
        let digests = digest_current_rows(writer, layout, group, staged, false)?;
        return group.changes.iter().zip(digests).try_for_each(|(change, digest)| compare::check_after(change, digest));
    };
    let (wire, place) = writer.ensure_wire()?;
    let mut fields: Vec<&LayoutField> = layout.key_fields().collect();
    let key = fields.len();
    fields.extend(changed_fields(layout, columns)?);
    let mut seen = vec![false; group.changes.len()];
    let question = sql::rows::cells_of_keys(layout, &fields, staged);
    rows::visit_numbered_cells(wire, place, layout, &fields, &question, &mut |nth, row| {
        let (Some(change), Some(seen)) = (group.changes.get(nth), seen.get_mut(nth)) else { return Ok(()) };
        let (row_key, cells) = row.split_at(key);
        // The join compares keys as SQL Server does, which may hold different texts equal.
        if row_key != change.key {
            return Ok(());
        }
        let RowAction::Update { after, .. } = &change.action else { return Ok(()) };
        if std::mem::replace(seen, true) {
            return Err(rows::repeated_key_error(layout));
        }
        if cells == after {
            return Ok(());
        }
        Err(mismatch(layout, change, "does not read back as it was written"))
    })?;
    match group.changes.iter().zip(&seen).find(|(_, seen)| !**seen) {
        Some((change, _)) => Err(mismatch(layout, change, "is missing after the write")),
        None => Ok(()),
    }
}

fn mismatch(layout: &MssqlLayout, change: &Change, what: &str) -> TargetError {
    TargetError::Mismatch {
        table: layout.display_name().to_owned(),
        what: format!("row {} {what}", crate::model::refusal::render_key(&change.key)),
    }
}

/// Writes the staged rows of a group with one statement, and returns how many the server counted.
fn write_group(
    writer: &mut MssqlWriter,
    layout: &MssqlLayout,
    change: &Change,
    staged: &StagedColumns,
) -> Result<u64, TargetError> {
    let (wire, place) = writer.ensure_wire()?;
    let failed = |fault| normalize::explain_write_fault(place, layout, "write rows", fault);
    // One statement for all rows: SQL Server then checks constraints once, with all of them in place.
    let text = match &change.action {
        RowAction::Insert { .. } => sql::writes::insert_rows(layout, staged),
        RowAction::Delete { .. } => sql::writes::delete_rows(layout, staged),
        RowAction::Update { columns, .. } => {
            sql::writes::update_rows(layout, staged, &changed_fields(layout, columns)?)
        }
        RowAction::Kept { .. } => return Ok(0),
    };
    // SQL Server lets identity values be written only while IDENTITY_INSERT is on, for one table of a session at a
    // time.
    let numbered =
        matches!(change.action, RowAction::Insert { .. }) && layout.fields.iter().any(|field| field.identity);
    if !numbered {
        return wire.execute_counted(&text).map_err(failed);
    }
    wire.run_batch(&sql::writes::identity_insert(layout, true)).map_err(failed)?;
    let rows = wire.execute_counted(&text).map_err(failed)?;
    wire.run_batch(&sql::writes::identity_insert(layout, false)).map_err(failed)?;
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
