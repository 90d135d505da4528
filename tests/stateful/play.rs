//! Playing a step on both sides, and holding each answer of the engine against the model's.

use std::collections::{BTreeMap, BTreeSet};

use mfm::engine::apply::{CommittedOperation, OperationProposal};
use mfm::engine::revert::{self as engine_revert, Outcome};
use mfm::engine::{Engine, EngineError};
use mfm::model::Refusal;
use mfm::model::refusal::{Conflict as RealConflict, render_key};
use mfm::plan::PlannedRow;
use mfm::targets::Target;
use mfm_journal::{Journal, OperationVerdict as RealVerdict};

use crate::draw::{Action, Apply, Revert};
use crate::fate;
use crate::model::predict::Kind;
use crate::model::{Cell, Change, Conflict, JOURNALS, Judged, Model, Options, Place, Planned, Row, Selection, Verdict};
use crate::rig::{Ended, Rig, Store, cell, value};

/// Plays a step, and says in a few words how it ended.
pub(crate) fn play<S: Store>(rig: &Rig<S>, model: &mut Model, action: &Action) -> String {
    match action {
        Action::Apply(step) if step.fault.is_some() => fate::apply(rig, model, step),
        Action::Apply(step) => apply(rig, model, step),
        Action::Revert(step) if step.fault.is_some() => fate::revert(rig, model, step),
        Action::Revert(step) => revert(rig, model, step),
        Action::Recover { journal, fault: Some(fault) } => fate::recover(rig, model, *journal, *fault),
        Action::Recover { journal, fault: None } => recover(rig, model, *journal),
        Action::Write(write) => {
            let done = model.database.write(write);
            if done {
                rig.store.write(write);
            }
            done.to_string()
        }
        Action::Declare(ddl) => {
            let done = model.database.declare(ddl);
            if done {
                rig.store.declare(ddl, &model.database);
            }
            done.to_string()
        }
        Action::Save => {
            rig.store.save();
            model.saved = Some(model.database.clone());
            "saved".into()
        }
        Action::Restore => {
            rig.store.restore();
            model.note("restored");
            let declarations = model.database.declarations;
            model.database = model.saved.take().unwrap();
            // What is declared from now on is never taken for what was declared before.
            model.database.declarations = declarations;
            "restored".into()
        }
        Action::WriteOff { journal } => write_off(rig, model, *journal),
        Action::Hold => {
            rig.store.hold(None).unwrap();
            model.held = Some(crate::model::Held { of: None, may_commit: false });
            "held".into()
        }
        Action::Release { commit } => {
            rig.store.release(*commit);
            let held = model.held.take().unwrap();
            model.note(if *commit { "a dead process committed" } else { "a dead process rolled back" });
            if let Some((journal, op)) = held.of.filter(|_| *commit) {
                model.took_effect(journal, op);
            }
            "released".into()
        }
        Action::Audit => audit(rig, model),
    }
}

/// Holds what a journal says of the present against the model.
pub(crate) fn same_fold(journal: &Journal, model: &Model, at: usize) {
    let (state, ledger) = (journal.state(), model.ledger(at));
    assert_eq!(state.next_op, ledger.count() + 1, "journal {at}: the next operation");
    let active: BTreeMap<u64, usize> =
        state.active.iter().map(|(op, active)| (*op, usize::try_from(active.rows_left).unwrap())).collect();
    assert_eq!(active, *ledger.active(), "journal {at}: active operations and their rows left");
    assert_eq!(state.open.keys().copied().next(), ledger.open(), "journal {at}: open operations");
    assert!(state.open.len() <= 1);
    let newest = state.targets["lab"].newest.map(|newest| newest.op);
    assert_eq!(newest, ledger.newest(), "journal {at}: the newest operation");
}

/// Holds the whole target against the model.
pub(crate) fn same_target<S: Store>(rig: &Rig<S>, model: &Model) {
    let model_rows = model.database.tables.iter().map(|(name, table)| (name.clone(), table.rows.clone()));
    assert_eq!(rig.store.rows(), model_rows.collect::<BTreeMap<_, _>>(), "the target's rows");
    assert_eq!(rig.marks(), *model.marks(), "the uids in the target");
}

/// The rows to write, whole, as the engine wants them.
pub(crate) fn pending(target: &mut dyn Target, changes: &[Change]) -> Vec<PlannedRow> {
    let one = |change: &Change| {
        let table = target.find_table(&change.table).unwrap().unwrap();
        let cells = |row: &Row| table.columns.iter().map(|column| value(&row[&column.image.name])).collect();
        let (before, after) = (change.before.as_ref().map(cells), change.after.as_ref().map(cells));
        PlannedRow { key: vec![value(&Cell::Int(change.key))], before, after, table }
    };
    changes.iter().map(one).collect()
}

pub(crate) fn proposal<S>(rig: &Rig<S>, step: &Apply) -> OperationProposal {
    let beside = rig.ids.iter().enumerate().filter(|(at, _)| *at != step.journal && step.beside);
    let beside = beside.map(|(_, id)| id.to_string()).collect();
    OperationProposal { disable_triggers: step.disable_triggers, beside, ..testutils::build_proposal() }
}

fn code<T>(result: &Result<T, EngineError>) -> Option<&'static str> {
    result.as_ref().err().map(EngineError::code)
}

/// Unwraps a run that nothing disturbs.
fn returned<T>(ended: Ended<T>) -> T {
    match ended {
        Ended::Returned(Ok(value)) => value,
        Ended::Returned(Err(error)) => panic!("it failed: {error}"),
        Ended::Crashed => panic!("it crashed"),
    }
}

fn apply<S: Store>(rig: &Rig<S>, model: &mut Model, step: &Apply) -> String {
    let ran = rig.run(step.journal, None, |engine| {
        same_fold(engine.journal, model, step.journal);
        let rows = pending(engine.target, &step.rows);
        let real = engine.prepare(&rows, step.disable_triggers);
        let prepared = model.prepare(&step.rows, step.disable_triggers);
        assert_eq!(code(&real), prepared.as_ref().err().copied(), "prepare: {:?}", real.err());
        let (real, prepared) = match (real, prepared) {
            (Ok(real), Ok(prepared)) => (real, prepared),
            (_, refused) => {
                model.note(refused.as_ref().unwrap_err());
                return Ok(format!("refused: {:?}", refused.err()));
            }
        };
        let between = step.between.as_ref().map(|action| play(rig, model, action));
        let expected = model.commit(step.journal, Kind::Apply { beside: step.beside }, &prepared);
        let done = engine.commit(&proposal(rig, step), &real);
        same_commit(&done, expected, &prepared.changes);
        model.note(expected.err().unwrap_or("applied"));
        Ok(format!("{between:?} {expected:?}"))
    });
    returned(ran.ended)
}

fn same_commit(
    done: &Result<CommittedOperation, EngineError>,
    expected: Result<u64, &'static str>,
    changes: &[Change],
) {
    match (done, expected) {
        (Ok(done), Ok(op)) => {
            assert_eq!(done.op, op, "the number");
            assert_eq!(done.rows, changes.iter().filter(|change| change.writes()).count() as u64, "rows written");
            assert!(done.drift.is_empty(), "drift: {:?}", done.drift);
        }
        (done, expected) => {
            assert_eq!(done.as_ref().map(|done| done.op).map_err(EngineError::code), expected, "commit: {done:?}");
        }
    }
}

pub(crate) fn selection(selection: &Selection) -> engine_revert::RevertSelection {
    match selection {
        Selection::Numbers(numbers) => engine_revert::RevertSelection::Operations(numbers.clone()),
        Selection::Last => engine_revert::RevertSelection::Last,
        Selection::All => engine_revert::RevertSelection::All,
    }
}

pub(crate) fn options(options: Options) -> engine_revert::RevertOptions {
    let Options { cascade, skip_conflicts, force, disable_triggers } = options;
    engine_revert::RevertOptions { cascade, skip_conflicts, force, disable_triggers }
}

fn revert<S: Store>(rig: &Rig<S>, model: &mut Model, step: &Revert) -> String {
    let at = step.journal;
    let ran = rig.run(at, None, |engine| {
        same_fold(engine.journal, model, at);
        let real = engine.judge_reverts(&selection(&step.selection), options(step.options));
        let Some((real, judged)) = same_judgement(model, step, real) else { return Ok("refused".to_owned()) };
        let mut seen = model.ledger(at).entries;
        let between = step.between.as_ref().map(|action| play(rig, model, action));
        let mut ops = Vec::new();
        for (real, plan) in real.planned.iter().zip(&judged.planned) {
            let entries = model.ledger(at).entries;
            let expected = expected(model, at, plan, step.options, seen);
            seen += model.ledger(at).entries - entries;
            let done = engine.revert(real, options(step.options));
            same_outcome(plan, &done, expected);
            model.note(expected.err().unwrap_or("reverted"));
            notable(model, at, plan);
            ops.push(format!("{} by {expected:?}", plan.op));
            if expected.is_err() {
                break;
            }
        }
        Ok(format!("{between:?} {ops:?} already {:?}", judged.already))
    });
    returned(ran.ended)
}

/// Notes what is special about a revert.
fn notable(model: &mut Model, at: usize, plan: &Planned) {
    let blocked = plan.conflicts.iter().any(|conflict| conflict.operation.is_some());
    let depth = model.ledger(at).operation(plan.op).depth;
    let all = [
        ("a revert of a revert", depth == 1),
        ("a revert of a redo", depth == 2),
        ("a redo of a redo", depth > 2),
        ("rows kept", plan.rows.iter().any(|row| !row.writes() && row.before.is_some())),
        ("rows given up", plan.given_up > 0),
        ("drift", !plan.drift.is_empty()),
        ("partly reverted", !plan.rows.is_empty() && plan.conflicts.len() as u64 > plan.given_up),
        ("nothing but conflicts", plan.rows.is_empty()),
        ("partly blocked", blocked),
    ];
    all.into_iter().filter(|(_, is)| *is).for_each(|(what, _)| model.note(what));
}

/// What a judged revert should do, and its number; none where nothing can be put back.
pub(crate) fn expected(
    model: &mut Model,
    at: usize,
    plan: &Planned,
    options: Options,
    seen: u64,
) -> Result<Option<u64>, &'static str> {
    if plan.rows.is_empty() && !plan.conflicts.is_empty() {
        return Ok(None);
    }
    let prepared = model.prepare(&plan.rows, model.disables_triggers(at, plan.op, options))?;
    model.commit(at, Kind::Revert { of: plan.op, seen }, &prepared).map(Some)
}

/// Holds what the engine judged against the model; both, where the revert can go on.
pub(crate) fn same_judgement(
    model: &mut Model,
    step: &Revert,
    real: Result<engine_revert::JudgedReverts, EngineError>,
) -> Option<(engine_revert::JudgedReverts, Judged)> {
    match (real, model.judge(step.journal, &step.selection, step.options)) {
        (Ok(real), Ok(judged)) => {
            let planned: Vec<Planned> = real.planned.iter().map(planned).collect();
            assert_eq!(planned, judged.planned, "the judgement");
            assert_eq!(real.already, judged.already, "already reverted");
            if !judged.already.is_empty() {
                model.note("already_reverted");
            }
            if judged.planned.len() > 1 {
                model.note("several reverts");
            }
            Some((real, judged))
        }
        (Err(EngineError::Refused(Refusal::Conflict { op, rows, blocked_by, conflicts: found })), Err(refused)) => {
            let (expected_op, expected) = refused.conflicts.unwrap_or_else(|| panic!("conflict, not {}", refused.code));
            assert_eq!(op, expected_op, "the operation in conflict");
            assert_eq!(conflicts(&found), expected, "the rows in conflict");
            assert_eq!(rows, expected.len() as u64, "how many rows are in conflict");
            let blockers: BTreeSet<u64> = expected.iter().filter_map(|conflict| conflict.operation).collect();
            assert_eq!(blocked_by, blockers.into_iter().collect::<Vec<_>>(), "blocked by");
            model.note(if blocked_by.is_empty() { "conflict" } else { "conflict, blocked by a later operation" });
            None
        }
        (Err(error), Err(refused)) => {
            assert_eq!(error.code(), refused.code, "{error}");
            model.note(refused.code);
            None
        }
        (Ok(real), Err(refused)) => panic!("judged, where {refused:?} was expected: {real:?}"),
        (Err(error), Ok(judged)) => panic!("refused ({error}), where {judged:?} was expected"),
    }
}

fn place(table: &str, key: &str) -> Place {
    (table.to_owned(), key.parse().unwrap())
}

fn conflicts(found: &[RealConflict]) -> Vec<Conflict> {
    let one = |found: &RealConflict| Conflict {
        place: place(&found.table, &found.key),
        columns: found.columns.iter().cloned().collect(),
        operation: found.operation,
    };
    found.iter().map(one).collect()
}

/// A judged revert of the engine's in the model's words.
fn planned(real: &engine_revert::JudgedRevert) -> Planned {
    let row = |pending: &PlannedRow| {
        let names = || pending.table.columns.iter().map(|column| column.image.name.clone());
        let cells = |cells: &Vec<mfm::model::Value>| -> Row { names().zip(cells.iter().map(cell)).collect() };
        let (before, after) = (pending.before.as_ref().map(cells), pending.after.as_ref().map(cells));
        let key = render_key(&pending.key).parse().unwrap();
        Change { table: pending.table.shape.name.clone(), key, shape: names().collect(), before, after }
    };
    Planned {
        op: real.operation.op,
        rows: real.rows.iter().map(row).collect(),
        conflicts: conflicts(&real.conflicts),
        drift: real.drift.iter().map(|drift| place(&drift.table, &drift.key)).collect(),
        given_up: real.given_up,
    }
}

pub(crate) fn same_outcome(
    plan: &Planned,
    done: &Result<Outcome, EngineError>,
    expected: Result<Option<u64>, &'static str>,
) {
    let real = done.as_ref().map(|done| done.op).map_err(EngineError::code);
    assert_eq!(real, expected, "revert of {}: {done:?}", plan.op);
    let Ok(done) = done else { return };
    let writes = plan.rows.iter().filter(|row| row.writes()).count() as u64;
    assert_eq!((done.reverts, done.rows), (plan.op, writes), "what was reverted, and rows written");
    assert_eq!(done.kept, plan.rows.len() as u64 - writes - plan.given_up, "rows kept");
    assert_eq!(conflicts(&done.conflicts), plan.conflicts, "rows in conflict");
    let drift: Vec<Place> = done.drift.iter().map(|drift| place(&drift.table, &drift.key)).collect();
    assert_eq!(drift, plan.drift, "drift");
}

pub(crate) fn verdict(verdict: Verdict) -> Option<RealVerdict> {
    match verdict {
        Verdict::Open => None,
        Verdict::Applied => Some(RealVerdict::Applied),
        Verdict::Failed => Some(RealVerdict::Failed),
        Verdict::Abandoned => Some(RealVerdict::Abandoned),
        Verdict::Gone => Some(RealVerdict::Gone),
    }
}

fn recover<S: Store>(rig: &Rig<S>, model: &mut Model, journal: usize) -> String {
    let ran = rig.run(journal, None, |engine| {
        same_fold(engine.journal, model, journal);
        engine.recover()
    });
    let expected = model.recover(journal);
    let closed = returned(ran.ended);
    let found: Vec<_> = closed
        .iter()
        .map(|closed| {
            let differing = closed.differing.iter().map(|row| place(&row.table, &render_key(&row.key))).collect();
            (closed.op, closed.verdict, differing)
        })
        .collect();
    let wanted: Vec<(u64, Option<RealVerdict>, Vec<Place>)> =
        expected.iter().map(|(op, closed, differing)| (*op, closed.and_then(verdict), differing.clone())).collect();
    assert_eq!(found, wanted, "recover");
    for (_, closed, differing) in &expected {
        model.note(match closed {
            None => "recover: still open",
            Some(Verdict::Applied) => "recover: applied",
            Some(_) => "recover: abandoned",
        });
        if !differing.is_empty() {
            model.note("recover: rows differ");
        }
    }
    format!("{expected:?}")
}

fn write_off<S: Store>(rig: &Rig<S>, model: &mut Model, journal: usize) -> String {
    let ran = rig.run(journal, None, |engine| {
        same_fold(engine.journal, model, journal);
        engine.write_off(true)
    });
    let expected = model.write_off(journal);
    let wanted: Vec<_> = expected.iter().map(|(op, sealed)| (*op, verdict(*sealed).unwrap())).collect();
    assert_eq!(returned(ran.ended), wanted, "written off");
    if expected.iter().any(|(op, _)| model.ledger(journal).operation(*op).depth == 1) {
        model.note("gone, a revert");
    }
    expected.iter().for_each(|(_, sealed)| model.note(if *sealed == Verdict::Gone { "gone" } else { "gone, open" }));
    format!("{expected:?}")
}

/// Holds both journals and the target against each other and against the model, to the last row.
pub(crate) fn audit<S: Store>(rig: &Rig<S>, model: &Model) -> String {
    for at in 0..JOURNALS {
        rig.audit(at);
        let ran = rig.run(at, None, |engine| {
            same_fold(engine.journal, model, at);
            same_operations(engine, model, at);
            let found =
                engine.compare_live().map(|found| found.iter().map(|one| (one.code, one.op.unwrap())).collect());
            let found: Result<Vec<_>, _> = found.map_err(|error| error.code());
            assert_eq!(found, model.pass(at).map(|()| model.drifted(at)), "what a live audit finds");
            Ok(())
        });
        returned(ran.ended);
    }
    "audited".into()
}

fn same_operations(engine: &Engine<'_>, model: &Model, at: usize) {
    for op in model.ledger(at).numbers() {
        let real = engine.journal.read_operation(op).unwrap().unwrap();
        let operation = model.ledger(at).operation(op);
        let writes = operation.changes.iter().filter(|change| change.writes()).count();
        assert_eq!(real.verdict, verdict(operation.verdict), "journal {at}: the verdict of {op}");
        assert_eq!((real.reverts, real.depth), (operation.reverts, operation.depth), "journal {at}: {op}");
        let kept = operation.changes.len() - writes;
        assert_eq!((real.rows, real.kept), (writes as u64, kept as u64), "journal {at}: the rows of {op}");
    }
}
