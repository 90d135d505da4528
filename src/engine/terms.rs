//! Judging rows that should change: by the declarations, beside other rows, and whether they could be put back;
//! journals and writes nothing.

use std::collections::BTreeMap;

use mfm_journal::Operation;
use serde_json::Value as Json;

use super::Engine;
use super::apply::triggers_off;
use super::error::EngineError;
use crate::model::{Refusal, Table, Value};
use crate::plan::{Pending, touches};
use crate::targets::{Conditions, Meanwhile, Movement, Preflight, Spared, TargetError, Touch, Trial};

/// What an operation's entry calls the foreign keys that were off for it.
pub(super) const FOREIGN_KEYS_OFF: &str = "foreign_keys_off";

/// How many rows are tried out in one go.
const BATCH: usize = 8192;

/// Under which terms rows are judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Whether triggers are switched off for the transaction.
    pub disable_triggers: bool,
    /// Whether rows are put back as they were before a fault: then no way back has to be proved.
    pub back: bool,
    /// The foreign keys that were off for the operation that is taken back.
    pub unenforced: Vec<String>,
}

/// Rows by table, as reverts that come first will leave them.
pub(super) type ByThen = BTreeMap<String, Meanwhile>;

impl Terms {
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

    fn conditions(&self) -> Conditions<'_> {
        let Self { disable_triggers, back, unenforced } = self;
        Conditions { disable_triggers: *disable_triggers, unenforced, back: *back }
    }
}

/// Which way a change is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
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
        rows: &[Pending],
        terms: &Terms,
        by_then: &ByThen,
    ) -> Result<(Vec<Touch>, Preflight), EngineError> {
        let (touches, preflight) = self.try_out(rows, terms)?;
        self.meets_nothing((rows, &[]), &touches, &preflight.unenforced, by_then)?;
        if !terms.back {
            self.has_a_way_back(rows, &touches, &preflight.unenforced).map_err(EngineError::of_the_way_back)?;
        }
        Ok((touches, preflight))
    }

    /// Judges what does not depend on other rows: the preflight, and the values as the database would hold them.
    fn try_out(&mut self, rows: &[Pending], terms: &Terms) -> Result<(Vec<Touch>, Preflight), EngineError> {
        let touches = touches(rows);
        self.held(rows, &touches, Way::There)?;
        let preflight = self.target.preflight(&touches, &terms.conditions())?;
        Ok((touches, preflight))
    }

    /// Checks that the database would hold rows exactly as they are planned.
    fn held(&mut self, rows: &[Pending], touches: &[Touch], way: Way) -> Result<(), EngineError> {
        for touch in touches {
            for part in rows.chunks(BATCH) {
                let trials = trials(part, touch, way);
                let held = self.target.normalize(&touch.table, trials.clone())?;
                trials.iter().zip(&held).try_for_each(|(trial, held)| unchanged(&touch.table, &trial.to, held))?;
            }
        }
        Ok(())
    }

    /// Checks that the rows meet no other row: in a unique index, or by a foreign key; rows beside them of the same
    /// operation come and go first.
    fn meets_nothing(
        &mut self,
        (rows, beside): (&[Pending], &[Pending]),
        touches: &[Touch],
        unenforced: &[String],
        by_then: &ByThen,
    ) -> Result<(), EngineError> {
        let nobody = Meanwhile::new();
        for touch in touches {
            let written = rows.iter().filter(|row| row.before != row.after && is_of(row, touch));
            let planned: Vec<Vec<Value>> = written.filter_map(|row| row.after.clone()).collect();
            let meanwhile = by_then.get(&touch.table.shape.name).unwrap_or(&nobody);
            // A row of its own can meet any index; an updated one only those over columns that it changes.
            let columns = if touch.inserts > 0 { Vec::new() } else { touch.updated.clone() };
            self.target.unique_after(&touch.table, &columns, &planned, meanwhile)?;
        }
        let unsettled: Vec<&str> = by_then.keys().map(String::as_str).collect();
        let mut moving = moves(beside.iter(), Way::There);
        let spared = Spared { unenforced, unsettled: &unsettled, settled: moving.len() };
        moving.extend(moves(rows.iter(), Way::There));
        Ok(self.target.references(&moving, &spared)?)
    }

    /// Checks that every row could be put back as it is now: as if it had to be written today.
    fn has_a_way_back(
        &mut self,
        rows: &[Pending],
        touches: &[Touch],
        unenforced: &[String],
    ) -> Result<(), EngineError> {
        self.held(rows, touches, Way::Back)?;
        let spared = Spared { unenforced, ..Spared::default() };
        Ok(self.target.references(&moves(rows.iter().rev(), Way::Back), &spared)?)
    }

    /// Returns, for rows that should be put back, why the schema or another row would not let them in; `None` where
    /// nothing is in the way. Each is judged beside those before it.
    pub(super) fn barred(
        &mut self,
        rows: &[Pending],
        terms: &Terms,
        by_then: &ByThen,
    ) -> Result<Vec<Option<Refusal>>, EngineError> {
        let touches = touches(rows);
        let unenforced = match self.target.preflight(&touches, &terms.conditions()) {
            Ok(preflight) => preflight.unenforced,
            // What the preflight refuses as a whole is said once the rows are chosen.
            Err(TargetError::Refused(_)) => terms.unenforced.clone(),
            Err(error) => return Err(error.into()),
        };
        if self.bars((rows, &[]), &unenforced, by_then)?.is_none() {
            return Ok(vec![None; rows.len()]);
        }
        let (mut let_in, mut out) = (by_then.clone(), Vec::with_capacity(rows.len()));
        let mut beside: Vec<Pending> = Vec::new();
        for row in rows {
            let alone = std::slice::from_ref(row);
            // Another row of the same operation stands in the way where it is now, and where it will be.
            let mut why = self.bars((alone, &beside), &unenforced, by_then)?;
            if why.is_none() {
                why = self.bars((alone, &[]), &unenforced, &let_in)?;
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

    fn bars(
        &mut self,
        (rows, beside): (&[Pending], &[Pending]),
        unenforced: &[String],
        by_then: &ByThen,
    ) -> Result<Option<Refusal>, EngineError> {
        let touches = touches(rows);
        let judged = self.held(rows, &touches, Way::There);
        match judged.and_then(|()| self.meets_nothing((rows, beside), &touches, unenforced, by_then)) {
            Ok(()) => Ok(None),
            Err(error) => error.of_the_schema().map(Some),
        }
    }
}

/// Returns the rows of a table that are written, as they will be or as they were, with what an update makes them of.
fn trials(rows: &[Pending], touch: &Touch, way: Way) -> Vec<Trial> {
    let here = |row: &&Pending| row.before != row.after && is_of(row, touch);
    let trial = |row: &Pending| {
        let (from, to) = if way == Way::There { (&row.before, &row.after) } else { (&row.after, &row.before) };
        to.clone().map(|to| Trial { from: from.clone(), to })
    };
    rows.iter().filter(here).filter_map(trial).collect()
}

fn is_of(row: &Pending, touch: &Touch) -> bool {
    row.table.shape.name == touch.table.shape.name
}

/// Returns the rows that come and go, in their order.
fn moves<'r>(rows: impl Iterator<Item = &'r Pending>, way: Way) -> Vec<Movement<'r>> {
    let one = |row: &'r Pending| {
        let (from, to) = if way == Way::There { (&row.before, &row.after) } else { (&row.after, &row.before) };
        match (from, to) {
            (None, Some(cells)) => Some(Movement { table: &row.table, row: cells, comes: true }),
            (Some(cells), None) => Some(Movement { table: &row.table, row: cells, comes: false }),
            _ => None,
        }
    };
    rows.filter_map(one).collect()
}

fn unchanged(table: &Table, planned: &[Value], held: &[Value]) -> Result<(), Refusal> {
    let cells = planned.iter().zip(held).zip(&table.columns);
    let changed = cells.into_iter().find(|((planned, held), _)| planned != held);
    match changed {
        None => Ok(()),
        Some(((planned, _), column)) => Err(Refusal::DoesNotFit {
            table: table.shape.name.clone(),
            column: column.image.name.clone(),
            declared: column.image.declared.clone(),
            value: crate::model::refusal::show(std::slice::from_ref(planned)),
        }),
    }
}
