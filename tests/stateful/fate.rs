//! Steps in which a write goes wrong: what was durable by then decides what there is afterwards.

use mfm::engine::EngineError;
use mfm::targets::faults::WriteStep;
use mfm_journal::JournalStep;

use crate::draw::{Apply, Revert};
use crate::model::predict::{Kind, Prepared};
use crate::model::{Change, Code, Held, Model, Verdict};
use crate::play::{expected, options, pending, proposal, same_fold, selection};
use crate::rig::{Ended, Fault, How, Ran, Rig, Side, Store, Zombie};

/// An operation that a step would journal.
struct Wanted {
    changes: Vec<Change>,
    reverts: Option<u64>,
    triggers_off: bool,
}

/// What was durable when a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Durable {
    intents: usize,
    seals: usize,
    commits: usize,
    tombstones: usize,
}

impl Durable {
    fn of<T>(ran: &Ran<T>) -> Self {
        let journal = |wanted| ran.journal.iter().filter(|step| **step == wanted).count();
        let target = |wanted| ran.target.iter().filter(|step| **step == wanted).count();
        Self {
            intents: journal(JournalStep::AfterIntendCommit),
            seals: journal(JournalStep::AfterSealCommit),
            commits: target(WriteStep::AfterCommit),
            tombstones: target(WriteStep::TombstonePut),
        }
    }
}

pub(crate) fn apply<S: Store>(rig: &Rig<S>, model: &mut Model, step: &Apply) -> String {
    let mut future = model.clone();
    let mut wanted = Vec::new();
    let end = future.prepare(&step.rows, step.disable_triggers).and_then(|prepared| {
        let entries = future.ledger(step.journal).entries;
        let done = future.commit(step.journal, Kind::Apply { beside: step.beside }, &prepared).map(drop);
        if future.ledger(step.journal).entries > entries {
            let Prepared { changes, triggers_off, .. } = prepared;
            wanted.push(Wanted { changes, reverts: None, triggers_off });
        }
        done
    });
    let ran = rig.run(step.journal, step.fault, |engine| {
        same_fold(engine.journal, model, step.journal);
        let rows = pending(engine.target, &step.rows);
        let prepared = engine.prepare(&rows, step.disable_triggers)?;
        engine.commit(&proposal(rig, step), &prepared).map(drop)
    });
    ends(rig, model, future, step.journal, step.fault.unwrap(), &ran, end, &wanted)
}

pub(crate) fn revert<S: Store>(rig: &Rig<S>, model: &mut Model, step: &Revert) -> String {
    let at = step.journal;
    let mut future = model.clone();
    let mut wanted = Vec::new();
    let end = future.judge(at, &step.selection, step.options).map_err(|refused| refused.code).and_then(|judged| {
        judged.planned.iter().try_for_each(|plan| {
            let entries = future.ledger(at).entries;
            let done = expected(&mut future, at, plan, step.options, entries);
            if future.ledger(at).entries > entries {
                let ledger = future.ledger(at);
                let triggers_off = ledger.operation(ledger.count()).triggers_off;
                wanted.push(Wanted { changes: plan.rows.clone(), reverts: Some(plan.op), triggers_off });
            }
            done.map(drop)
        })
    });
    let ran = rig.run(at, step.fault, |engine| {
        same_fold(engine.journal, model, at);
        let judged = engine.judge_reverts(&selection(&step.selection), options(step.options))?;
        judged.planned.iter().try_for_each(|plan| engine.revert(plan, options(step.options)).map(drop))
    });
    ends(rig, model, future, at, step.fault.unwrap(), &ran, end, &wanted)
}

pub(crate) fn recover<S: Store>(rig: &Rig<S>, model: &mut Model, at: usize, fault: Fault) -> String {
    let mut future = model.clone();
    future.recover(at);
    let open = model.ledger(at).open();
    let ran = rig.run(at, Some(fault), |engine| {
        same_fold(engine.journal, model, at);
        engine.recover().map(drop)
    });
    let durable = Durable::of(&ran);
    let hit = hit::<S, _>(fault, &ran);
    match (&ran.ended, hit) {
        (Ended::Returned(Ok(())), None) => *model = future,
        (Ended::Returned(Err(error)), Some(code)) if fault.how != How::Crash && fault.how != How::CrashHolding => {
            assert_eq!(error.code(), code, "{error}");
            recovered(model, at, open, durable);
            model.note("recover: failed");
        }
        (Ended::Returned(Err(error)), None) => panic!("it failed: {error}"),
        _ => {
            recovered(model, at, open, durable);
            model.note("recover: crashed");
        }
    }
    format!("{durable:?}")
}

/// Takes over what a recover wrote that did not come to its end.
fn recovered(model: &mut Model, at: usize, open: Option<u64>, durable: Durable) {
    let Some(op) = open else { return };
    if durable.tombstones > 0 {
        assert_eq!(model.database.marks.insert((at, op), false), None, "a tombstone over something");
    }
    if durable.seals > 0 {
        let committed = model.database.marks[&(at, op)];
        model.ledgers[at].seal(op, if committed { Verdict::Applied } else { Verdict::Abandoned });
    }
}

/// The code with which a fault that was met ends a step that it ends; none where the step goes on.
fn hit<S: Store, T>(fault: Fault, ran: &Ran<T>) -> Option<Code> {
    let at = usize::try_from(fault.step - 1).unwrap();
    let sealing = ran.journal.iter().filter(|step| **step == JournalStep::AfterIntendCommit).count()
        > ran.journal.iter().filter(|step| **step == JournalStep::AfterSealCommit).count();
    if fault.how == How::NoRoom && (fault.side == Side::Journal || S::HOLDS) {
        let Ended::Returned(Err(error)) = &ran.ended else { return None };
        let full = ["target_full", "journal_full", "left_open"].into_iter().find(|code| *code == error.code());
        return full.filter(|code| (*code == "target_full") == (fault.side == Side::Target));
    }
    match fault.side {
        Side::Journal => match ran.journal.get(at)? {
            JournalStep::Checkpoint | JournalStep::AfterCheckpoint => None,
            JournalStep::BeforeIntendBegin
            | JournalStep::BeforeIntendCommit
            | JournalStep::AfterIntendCommit
            | JournalStep::Chunk => Some("injected"),
            JournalStep::BeforeSealCommit | JournalStep::AfterSealCommit => Some("left_open"),
            _ if sealing || ran.recovers() => Some("left_open"),
            _ => Some("injected"),
        },
        Side::Target => match ran.target.get(at)? {
            WriteStep::AfterCommit => None,
            WriteStep::Tombstone | WriteStep::TombstonePut if fault.how == How::LoseAnswer => Some(S::code(How::Error)),
            _ => Some(S::code(fault.how)),
        },
    }
}

impl<T> Ran<T> {
    /// Tells whether nothing was intended: only a recover seals without.
    fn recovers(&self) -> bool {
        !self.journal.contains(&JournalStep::BeforeIntendBegin)
    }
}

#[expect(clippy::too_many_arguments, reason = "all of what is known of one step")]
fn ends<S: Store>(
    rig: &Rig<S>,
    model: &mut Model,
    future: Model,
    at: usize,
    fault: Fault,
    ran: &Ran<()>,
    end: Result<(), Code>,
    wanted: &[Wanted],
) -> String {
    let durable = Durable::of(ran);
    let crash = matches!(fault.how, How::Crash | How::CrashHolding);
    let hit = hit::<S, _>(fault, ran);
    let met = match fault.side {
        Side::Journal => ran.journal.len() as u64 >= fault.step,
        Side::Target => ran.target.len() as u64 >= fault.step,
    };
    match &ran.ended {
        Ended::Crashed => assert!(crash && met, "it crashed unasked"),
        Ended::Returned(_) if crash && met => {}
        Ended::Returned(done) => {
            let code = done.as_ref().err().map(EngineError::code);
            if hit.is_none() || (fault.how == How::NoRoom && code == end.err() && code != hit) {
                assert_eq!(code, end.err(), "nothing went wrong: {done:?}");
                *model = future;
                return format!("{durable:?}, as ever");
            }
            assert_eq!(code, hit, "{fault:?}: {done:?}");
        }
    }
    assert!(durable.intents <= wanted.len(), "{durable:?}, and {} operations were to be made", wanted.len());
    settle(model, at, wanted, durable);
    model.note(if crash { "crash" } else { hit.unwrap() });
    if crash {
        hold(rig, model, at, fault);
    }
    format!("{durable:?}, {hit:?}")
}

/// Takes over what was durable.
fn settle(model: &mut Model, at: usize, wanted: &[Wanted], durable: Durable) {
    for (nth, wanted) in wanted.iter().enumerate().take(durable.intents) {
        let op = model.ledgers[at].intend(wanted.changes.clone(), wanted.reverts, wanted.triggers_off);
        let committed = nth < durable.commits;
        if committed {
            model.took_effect(at, op);
        } else if durable.tombstones > 0 {
            model.database.marks.insert((at, op), false);
        }
        if nth < durable.seals {
            model.ledgers[at].seal(
                op,
                match (committed, durable.tombstones > 0) {
                    (true, _) => Verdict::Applied,
                    (false, true) => Verdict::Abandoned,
                    (false, false) => Verdict::Failed,
                },
            );
        }
    }
}

/// Lets a dead process's transaction live on, where the fault says so and there is one.
fn hold<S: Store>(rig: &Rig<S>, model: &mut Model, at: usize, fault: Fault) {
    let open = model.ledger(at).open().filter(|op| !model.marks().contains_key(&(at, *op)));
    let Some(op) = open.filter(|_| fault.how == How::CrashHolding) else { return };
    let changes = &*model.ledger(at).operation(op).changes;
    let uid = rig.run(at, None, |engine| Ok(engine.journal.read_operation(op)?.unwrap().uid)).ended;
    let Ended::Returned(Ok(uid)) = uid else { panic!("the open operation cannot be read") };
    let zombie = Zombie { uid, journal_id: rig.ids[at], op, changes };
    let may_commit = rig.store.hold(Some(&zombie));
    if may_commit.is_none() {
        return;
    }
    model.note("a transaction outlived its process");
    model.held = may_commit.map(|may_commit| Held { of: Some((at, op)), may_commit });
}
