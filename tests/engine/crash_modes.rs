//! A crash, or an error, at the writes of every variant's apply and revert: at one drawn write always, at all by hand.

use mfm::domain::mode::{FaultRecord, Mode};
use mfm::domains::mosaiq::modes::MODES;
use mfm::model::Value;
use mfm::model::seed::RecordRandom;
use mfm::ops::plan::{self, BuiltPlan};
use serde_json::{Map, json};
use testutils::World;
use testutils::bomb::{Bomb, How, revert_all, silence_crashes};

use super::crash::Rig;

/// Returns the smallest plan that shows a variant on one record of a lab.
fn smallest(world: &World, mode: &dyn Mode, kind: &FaultRecord, variant: &str) -> Option<BuiltPlan> {
    let sql = format!("SELECT {} FROM {}", kind.key, kind.table);
    let connection = world.open_foreign();
    let mut statement = connection.prepare(&sql).unwrap();
    let ids: Vec<i64> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut found: Option<BuiltPlan> = None;
    for id in ids {
        let mut parameters = Map::from_iter([(kind.parameter.to_owned(), json!(id))]);
        if let Some(name) = mode.card().table_parameter {
            parameters.insert(name.to_owned(), json!(kind.table));
        }
        let options = plan::Options { variant: Some(variant.into()), seed: Some(3), ..Default::default() };
        let request = plan::Request { tool: mode.card().tool.into(), parameters, options, output: None };
        let Ok((outcome, made)) = plan::run(&world.context(), &request) else { continue };
        if outcome.rows == 1 {
            return Some(made);
        }
        if found.as_ref().is_none_or(|best| outcome.rows < best.outcome.rows) {
            found = Some(made);
        }
    }
    found
}

/// Disturbs one step, and returns whether there was such a step.
fn disturb(rig: &Rig, made: &BuiltPlan, reverts: bool, step: usize, how: How) -> bool {
    let bomb = Bomb::at(step, how);
    let calm = Bomb::at(0, How::Crash);
    if reverts {
        rig.with(&calm, |engine| engine.commit(&made.proposal, &made.prepared)).unwrap().unwrap();
        rig.with(&bomb, revert_all);
    } else {
        rig.with(&bomb, |engine| engine.commit(&made.proposal, &made.prepared));
    }
    let plan = &made.outcome;
    rig.settles(&format!("{} {}, revert {reverts}, {how:?} at step {step}", plan.label.tool, plan.label.variant));
    bomb.went_off()
}

/// Calls back with a rig and a plan for every variant on every kind of record.
fn every_variant(mut run: impl FnMut(&Rig, &BuiltPlan)) {
    silence_crashes();
    for mode in MODES.iter().copied() {
        for variant in mode.card().variants {
            let mut shown = 0;
            for kind in mode.card().fault_records() {
                let rig = Rig::of(World::with_lab(8));
                if let Some(made) = smallest(&rig.world, mode, kind, variant.word) {
                    shown += 1;
                    run(&rig, &made);
                }
            }
            assert!(shown > 0, "{} {} on no record", mode.card().tool, variant.word);
        }
    }
}

#[test]
fn every_variant_survives_a_crash_at_a_drawn_write() {
    let mut random = RecordRandom::new(1, "crash", &[Value::Integer(1)]);
    every_variant(|rig, made| {
        for reverts in [false, true] {
            // The fewest steps of any operation, so that the drawn one is always there.
            let step = 1 + usize::try_from(random.below(12)).unwrap();
            let how = if random.below(2) == 0 { How::Crash } else { How::Error };
            assert!(disturb(rig, made, reverts, step, how));
        }
    });
}

#[test]
#[ignore = "minutes: every write of every variant, a crash and an error each"]
fn every_variant_survives_a_crash_at_every_write() {
    every_variant(|rig, made| {
        for reverts in [false, true] {
            for how in [How::Crash, How::Error] {
                let steps = (1..).take_while(|step| disturb(rig, made, reverts, *step, how)).count();
                assert!(steps >= 12, "{} {}: only {steps} steps", made.outcome.label.tool, made.outcome.label.variant);
            }
        }
    });
}
