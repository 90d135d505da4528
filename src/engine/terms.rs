//! Judging planned rows before a write: against the declarations, against other rows, and whether they could be put
//! back. Journals and writes nothing.

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

/// The key, in an operation's entry, of the foreign keys that were not enforced for it.
pub(super) const FOREIGN_KEYS_OFF: &str = "foreign_keys_off";

/// The number of rows that are tried out at once: a trial copies them into the database.
const BATCH: usize = 8192;

/// The terms under which rows are judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JudgingTerms {
    /// Whether triggers are switched off for the transaction.
    pub disable_triggers: bool,
    /// Whether rows are put back as they were before a fault, so that no way back has to be proved.
    pub back: bool,
    /// The foreign keys that were not enforced when the operation to revert was made.
    pub unenforced: Vec<String>,
}

/// Rows by table, as the reverts that come first will leave them.
pub(super) type RowsByThen = BTreeMap<String, PendingRows>;

impl JudgingTerms {
    /// Returns the terms of a fault.
    #[must_use]
    pub fn of_fault(disable_triggers: bool) -> Self {
        Self { disable_triggers, ..Self::default() }
    }

    /// Returns the terms for reverting an operation. Triggers that were off for the operation are off for its revert.
    /// Reverting a revert puts a fault in again, so it needs a way back as a fault does.
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

/// The direction in which a change is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ChangeDirection {
    /// From the row as it is to the row as planned.
    There,
    /// From the row as planned to the row as it is.
    Back,
}

impl ChangeDirection {
    /// Returns the row that a change starts from and the row that it ends at.
    fn ends_of(self, row: &PlannedRow) -> (&Option<Vec<Value>>, &Option<Vec<Value>>) {
        match self {
            Self::There => (&row.before, &row.after),
            Self::Back => (&row.after, &row.before),
        }
    }
}

impl Engine<'_> {
    /// Judges everything that can be judged outside a transaction: declarations, other rows, and the way back.
    ///
    /// # Errors
    /// A refusal, or the target's error.
    pub(super) fn judge_rows(
        &mut self,
        rows: &[PlannedRow],
        terms: &JudgingTerms,
        by_then: &RowsByThen,
    ) -> Result<(Vec<TableTouch>, Preflight), EngineError> {
        let (touches, preflight) = self.try_out(rows, terms)?;
        self.check_no_collision(rows, &[], &touches, &preflight.unenforced, by_then)?;
        if !terms.back {
            self.check_way_back(rows, &touches, &preflight.unenforced).map_err(EngineError::of_the_way_back)?;
        }
        Ok((touches, preflight))
    }

    /// Judges what does not depend on other rows: the values as the database would store them, and the preflight.
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

    /// Checks that the database would store rows exactly as they are planned.
    fn check_storable(
        &mut self,
        rows: &[PlannedRow],
        touches: &[TableTouch],
        way: ChangeDirection,
    ) -> Result<(), EngineError> {
        for touch in touches {
            for part in rows.chunks(BATCH) {
                // Compared in Rust, by type and bit: to SQL, 1 equals 1.0 and 'a' may equal 'A '.
                let trials = build_trials(part, touch, way);
                let stored_rows = self.target.normalize_rows(&touch.table, trials.clone())?;
                for (trial, stored) in trials.iter().zip(&stored_rows) {
                    check_unchanged(&touch.table, &trial.to, stored)?;
                }
            }
        }
        Ok(())
    }

    /// Checks that the rows collide with no other row, in a unique index or by a foreign key. The rows of `beside`
    /// belong to the same operation, and are written first.
    fn check_no_collision(
        &mut self,
        rows: &[PlannedRow],
        beside: &[PlannedRow],
        touches: &[TableTouch],
        unenforced: &[String],
        by_then: &RowsByThen,
    ) -> Result<(), EngineError> {
        let no_rows = PendingRows::new();
        for touch in touches {
            let written = rows.iter().filter(|row| row.before != row.after && is_of(row, touch));
            let planned: Vec<Vec<Value>> = written.filter_map(|row| row.after.clone()).collect();
            let meanwhile = by_then.get(&touch.table.shape.name).unwrap_or(&no_rows);
            // An inserted row can collide in any index, an updated one only in those over columns that it changes.
            // An empty list stands for every unique index.
            let columns = if touch.inserts > 0 { Vec::new() } else { touch.updated.clone() };
            self.target.unique_after(&touch.table, &columns, &planned, meanwhile)?;
        }
        // Rows of these tables will be different by then: their foreign keys are judged once the reverts before are
        // done.
        let unsettled: Vec<&str> = by_then.keys().map(String::as_str).collect();
        let mut moving = list_movements(beside.iter(), ChangeDirection::There);
        let spared = SparedKeys { unenforced, unsettled: &unsettled, settled: moving.len() };
        moving.extend(list_movements(rows.iter(), ChangeDirection::There));
        Ok(self.target.check_references(&moving, &spared)?)
    }

    /// Checks that every row could be put back as it is now: whether the schema would accept it, were it written today.
    fn check_way_back(
        &mut self,
        rows: &[PlannedRow],
        touches: &[TableTouch],
        unenforced: &[String],
    ) -> Result<(), EngineError> {
        self.check_storable(rows, touches, ChangeDirection::Back)?;
        let spared = SparedKeys { unenforced, ..SparedKeys::default() };
        // The way back runs in the opposite order.
        Ok(self.target.check_references(&list_movements(rows.iter().rev(), ChangeDirection::Back), &spared)?)
    }

    /// Returns, for each row that should be put back, why the schema or another row would not let it in; `None` where
    /// nothing does. Each is judged together with those before it.
    pub(super) fn find_barred_rows(
        &mut self,
        rows: &[PlannedRow],
        terms: &JudgingTerms,
        by_then: &RowsByThen,
    ) -> Result<Vec<Option<Refusal>>, EngineError> {
        let touches = list_touches(rows);
        let unenforced = match self.target.preflight(&touches, &terms.to_conditions()) {
            Ok(preflight) => preflight.unenforced,
            // A refusal of the preflight concerns the whole operation: it is raised when the chosen rows are prepared.
            Err(TargetError::Refused(_)) => terms.unenforced.clone(),
            Err(error) => return Err(error.into()),
        };
        // All at once first: in the usual case nothing is in the way, and no row has to be tried alone.
        if self.find_bar(rows, &[], &unenforced, by_then)?.is_none() {
            return Ok(vec![None; rows.len()]);
        }
        let (mut let_in, mut out) = (by_then.clone(), Vec::with_capacity(rows.len()));
        let mut beside: Vec<PlannedRow> = Vec::new();
        for row in rows {
            let alone = std::slice::from_ref(row);
            // Another row of the same operation can be in the way both as it is now and as it will be.
            let mut why = self.find_bar(alone, &beside, &unenforced, by_then)?;
            if why.is_none() {
                why = self.find_bar(alone, &[], &unenforced, &let_in)?;
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
        rows: &[PlannedRow],
        beside: &[PlannedRow],
        unenforced: &[String],
        by_then: &RowsByThen,
    ) -> Result<Option<Refusal>, EngineError> {
        let touches = list_touches(rows);
        let result = self.check_storable(rows, &touches, ChangeDirection::There);
        match result.and_then(|()| self.check_no_collision(rows, beside, &touches, unenforced, by_then)) {
            Ok(()) => Ok(None),
            Err(error) => error.of_the_schema().map(Some),
        }
    }
}

/// Returns the rows of a touched table that are written in a direction, each with the row that an update starts from.
fn build_trials(rows: &[PlannedRow], touch: &TableTouch, way: ChangeDirection) -> Vec<RowTrial> {
    let mut trials = Vec::new();
    for row in rows.iter().filter(|row| row.before != row.after && is_of(row, touch)) {
        let (from, to) = way.ends_of(row);
        if let Some(to) = to.clone() {
            trials.push(RowTrial { from: from.clone(), to });
        }
    }
    trials
}

fn is_of(row: &PlannedRow, touch: &TableTouch) -> bool {
    row.table.shape.name == touch.table.shape.name
}

/// Returns the rows that are inserted or deleted in a direction, in their order.
fn list_movements<'r>(rows: impl Iterator<Item = &'r PlannedRow>, way: ChangeDirection) -> Vec<RowMovement<'r>> {
    let mut movements = Vec::new();
    for row in rows {
        match way.ends_of(row) {
            (None, Some(cells)) => movements.push(RowMovement { table: &row.table, row: cells, comes: true }),
            (Some(cells), None) => movements.push(RowMovement { table: &row.table, row: cells, comes: false }),
            _ => {}
        }
    }
    movements
}

fn check_unchanged(table: &Table, planned: &[Value], held: &[Value]) -> Result<(), Refusal> {
    for ((planned, held), column) in planned.iter().zip(held).zip(&table.columns) {
        if planned != held {
            return Err(Refusal::DoesNotFit {
                table: table.shape.name.clone(),
                column: column.image.name.clone(),
                declared: column.image.declared.clone(),
                value: crate::model::refusal::render_key(std::slice::from_ref(planned)),
            });
        }
    }
    Ok(())
}
