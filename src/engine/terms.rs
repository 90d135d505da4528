//! Judging rows that should change: by the declarations, beside other rows, and whether they could be put back;
//! journals and writes nothing.

use std::collections::BTreeMap;

use mfm_journal::Operation;
use serde_json::Value as Json;

use super::Engine;
use super::apply::triggers_off;
use super::error::EngineError;
use crate::model::{Refusal, Table, Value};
use crate::plan::{PlannedRow, list_touches};
use crate::targets::{
    PendingRows, Preflight, PreflightConditions, RowMovement, RowTrial, SparedKeys, TableTouch, TargetError,
};

/// What an operation's entry calls the foreign keys that were off for it.
pub(super) const FOREIGN_KEYS_OFF: &str = "foreign_keys_off";

/// How many rows are tried out in one go.
const BATCH: usize = 8192;

/// Under which terms rows are judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JudgingTerms {
    /// Whether triggers are switched off for the transaction.
    pub disable_triggers: bool,
    /// Whether rows are put back as they were before a fault: then no way back has to be proved.
    pub back: bool,
    /// The foreign keys that were off for the operation that is taken back.
    pub unenforced: Vec<String>,
}

/// Rows by table, as reverts that come first will leave them.
pub(super) type RowsByThen = BTreeMap<String, PendingRows>;

impl JudgingTerms {
    /// Returns the terms of a fault.
    #[must_use]
    pub fn of_fault(disable_triggers: bool) -> Self {
        Self { disable_triggers, ..Self::default() }
    }

    /// Returns the terms of taking an operation back; of a revert, that puts its fault in again. Triggers that were off
    /// for the operation are off for its revert.
    #[must_use]
    pub fn of_revert(operation: &Operation, disable_triggers: bool) -> Self {
        let listed = operation.detail.get(FOREIGN_KEYS_OFF).and_then(Json::as_array);
        let names = listed.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned);
        let disable_triggers = disable_triggers || triggers_off(operation);
        Self { disable_triggers, back: operation.depth.is_multiple_of(2), unenforced: names.collect() }
    }

    fn to_conditions(&self) -> PreflightConditions<'_> {
        let Self { disable_triggers, back, unenforced } = self;
        PreflightConditions { disable_triggers: *disable_triggers, unenforced, back: *back }
    }
}

/// Which way a change is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ChangeDirection {
    There,
    Back,
}

impl Engine<'_> {
    /// Judges all that does not depend on a transaction: the declarations, the rows beside these, and the way back.
    ///
    /// # Errors
    /// A refusal, or what the target says.
    pub(super) fn judge_rows(
        &mut self,
        rows: &[PlannedRow],
        terms: &JudgingTerms,
        by_then: &RowsByThen,
    ) -> Result<(Vec<TableTouch>, Preflight), EngineError> {
        let (touches, preflight) = self.try_out(rows, terms)?;
        self.meets_nothing((rows, &[]), &touches, &preflight.unenforced, by_then)?;
        if !terms.back {
            self.has_a_way_back(rows, &touches, &preflight.unenforced).map_err(EngineError::of_the_way_back)?;
        }
        Ok((touches, preflight))
    }

    /// Judges what does not depend on other rows: the preflight, and the values as the database would hold them.
    fn try_out(
        &mut self,
        rows: &[PlannedRow],
        terms: &JudgingTerms,
    ) -> Result<(Vec<TableTouch>, Preflight), EngineError> {
        let touches = list_touches(rows);
        self.check_storable(rows, &touches, ChangeDirection::There)?;
        let preflight = self.target.preflight(&touches, &terms.to_conditions())?;
        Ok((touches, preflight))
    }

    /// Checks that the database would hold rows exactly as they are planned.
    fn check_storable(
        &mut self,
        rows: &[PlannedRow],
        touches: &[TableTouch],
        way: ChangeDirection,
    ) -> Result<(), EngineError> {
        for touch in touches {
            for part in rows.chunks(BATCH) {
                let trials = build_trials(part, touch, way);
                let held = self.target.normalize_rows(&touch.table, trials.clone())?;
                trials
                    .iter()
                    .zip(&held)
                    .try_for_each(|(trial, held)| check_unchanged(&touch.table, &trial.to, held))?;
            }
        }
        Ok(())
    }

    /// Checks that the rows meet no other row: in a unique index, or by a foreign key; rows beside them of the same
    /// operation come and go first.
    fn meets_nothing(
        &mut self,
        (rows, beside): (&[PlannedRow], &[PlannedRow]),
        touches: &[TableTouch],
        unenforced: &[String],
        by_then: &RowsByThen,
    ) -> Result<(), EngineError> {
        let nobody = PendingRows::new();
        for touch in touches {
            let written = rows.iter().filter(|row| row.before != row.after && is_of(row, touch));
            let planned: Vec<Vec<Value>> = written.filter_map(|row| row.after.clone()).collect();
            let meanwhile = by_then.get(&touch.table.shape.name).unwrap_or(&nobody);
            // A row of its own can meet any index; an updated one only those over columns that it changes.
            let columns = if touch.inserts > 0 { Vec::new() } else { touch.updated.clone() };
            self.target.unique_after(&touch.table, &columns, &planned, meanwhile)?;
        }
        let unsettled: Vec<&str> = by_then.keys().map(String::as_str).collect();
        let mut moving = list_movements(beside.iter(), ChangeDirection::There);
        let spared = SparedKeys { unenforced, unsettled: &unsettled, settled: moving.len() };
        moving.extend(list_movements(rows.iter(), ChangeDirection::There));
        Ok(self.target.check_references(&moving, &spared)?)
    }

    /// Checks that every row could be put back as it is now: as if it had to be written today.
    fn has_a_way_back(
        &mut self,
        rows: &[PlannedRow],
        touches: &[TableTouch],
        unenforced: &[String],
    ) -> Result<(), EngineError> {
        self.check_storable(rows, touches, ChangeDirection::Back)?;
        let spared = SparedKeys { unenforced, ..SparedKeys::default() };
        Ok(self.target.check_references(&list_movements(rows.iter().rev(), ChangeDirection::Back), &spared)?)
    }

    /// Returns, for rows that should be put back, why the schema or another row would not let them in; `None` where
    /// nothing is in the way. Each is judged beside those before it.
    pub(super) fn find_barred_rows(
        &mut self,
        rows: &[PlannedRow],
        terms: &JudgingTerms,
        by_then: &RowsByThen,
    ) -> Result<Vec<Option<Refusal>>, EngineError> {
        let touches = list_touches(rows);
        let unenforced = match self.target.preflight(&touches, &terms.to_conditions()) {
            Ok(preflight) => preflight.unenforced,
            // What the preflight refuses as a whole is said once the rows are chosen.
            Err(TargetError::Refused(_)) => terms.unenforced.clone(),
            Err(error) => return Err(error.into()),
        };
        if self.find_bar((rows, &[]), &unenforced, by_then)?.is_none() {
            return Ok(vec![None; rows.len()]);
        }
        let (mut let_in, mut out) = (by_then.clone(), Vec::with_capacity(rows.len()));
        let mut beside: Vec<PlannedRow> = Vec::new();
        for row in rows {
            let alone = std::slice::from_ref(row);
            // Another row of the same operation stands in the way where it is now, and where it will be.
            let mut why = self.find_bar((alone, &beside), &unenforced, by_then)?;
            if why.is_none() {
                why = self.find_bar((alone, &[]), &unenforced, &let_in)?;
            }
            if why.is_none() {
                beside.push(row.clone());
                let table = let_in.entry(row.table.shape.name.clone()).or_default();
                table.insert(row.key.clone(), row.after.clone());
            }
            out.push(why);
        }
        Ok(out)
    }

    fn find_bar(
        &mut self,
        (rows, beside): (&[PlannedRow], &[PlannedRow]),
        unenforced: &[String],
        by_then: &RowsByThen,
    ) -> Result<Option<Refusal>, EngineError> {
        let touches = list_touches(rows);
        let judged = self.check_storable(rows, &touches, ChangeDirection::There);
        match judged.and_then(|()| self.meets_nothing((rows, beside), &touches, unenforced, by_then)) {
            Ok(()) => Ok(None),
            Err(error) => error.of_the_schema().map(Some),
        }
    }
}

/// Returns the rows of a table that are written, as they will be or as they were, with what an update makes them of.
fn build_trials(rows: &[PlannedRow], touch: &TableTouch, way: ChangeDirection) -> Vec<RowTrial> {
    let here = |row: &&PlannedRow| row.before != row.after && is_of(row, touch);
    let trial = |row: &PlannedRow| {
        let (from, to) =
            if way == ChangeDirection::There { (&row.before, &row.after) } else { (&row.after, &row.before) };
        to.clone().map(|to| RowTrial { from: from.clone(), to })
    };
    rows.iter().filter(here).filter_map(trial).collect()
}

fn is_of(row: &PlannedRow, touch: &TableTouch) -> bool {
    row.table.shape.name == touch.table.shape.name
}

/// Returns the rows that come and go, in their order.
fn list_movements<'r>(rows: impl Iterator<Item = &'r PlannedRow>, way: ChangeDirection) -> Vec<RowMovement<'r>> {
    let one = |row: &'r PlannedRow| {
        let (from, to) =
            if way == ChangeDirection::There { (&row.before, &row.after) } else { (&row.after, &row.before) };
        match (from, to) {
            (None, Some(cells)) => Some(RowMovement { table: &row.table, row: cells, comes: true }),
            (Some(cells), None) => Some(RowMovement { table: &row.table, row: cells, comes: false }),
            _ => None,
        }
    };
    rows.filter_map(one).collect()
}

fn check_unchanged(table: &Table, planned: &[Value], held: &[Value]) -> Result<(), Refusal> {
    let cells = planned.iter().zip(held).zip(&table.columns);
    let changed = cells.into_iter().find(|((planned, held), _)| planned != held);
    match changed {
        None => Ok(()),
        Some(((planned, _), column)) => Err(Refusal::DoesNotFit {
            table: table.shape.name.clone(),
            column: column.image.name.clone(),
            declared: column.image.declared.clone(),
            value: crate::model::refusal::render_key(std::slice::from_ref(planned)),
        }),
    }
}
