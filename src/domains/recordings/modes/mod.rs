//! The failure modes of recordings: one file each, listed in [`MODES`].

mod books;
mod broken_cone;
mod energy_injection;
mod lost_frames;
mod shared;
mod sunk_contact;
mod swapped_bodies;
mod time_runs_back;
mod torn_states;
mod unconverged_solver;

use crate::domain::mode::Mode;
use crate::domain::repair::{Repair, RepairExtent};

/// Every mode.
pub static MODES: &[&dyn Mode] = &[
    &energy_injection::EnergyInjection,
    &broken_cone::BrokenCone,
    &lost_frames::LostFrames,
    &swapped_bodies::SwappedBodies,
    &torn_states::TornStates,
    &sunk_contact::SunkContact,
    &time_runs_back::TimeRunsBack,
    &unconverged_solver::UnconvergedSolver,
];

/// How far the overwritten data of a fault could be recovered without the journal: mode, variant (empty for all),
/// extent, source, reason. The first entry that matches counts, so that a variant comes before the empty one of its
/// mode.
const REPAIRS: &[(&str, &str, RepairExtent, &str, &str)] = &[
    (
        "energy_injection",
        "unbooked",
        RepairExtent::Exactly,
        "row",
        "the totals of the frame and the previous one give it",
    ),
    (
        "energy_injection",
        "",
        RepairExtent::Approximately,
        "other_table",
        "gravity and the impulses of the frame give the velocity, and the energies follow from it",
    ),
    ("broken_cone", "pulling", RepairExtent::Exactly, "row", "the normal impulse has only the wrong sign"),
    (
        "broken_cone",
        "",
        RepairExtent::Approximately,
        "other_table",
        "the change of velocity gives the sum over all points",
    ),
    ("lost_frames", "", RepairExtent::Not, "outside", "whole rows are gone; only a new run of the simulation has them"),
    ("swapped_bodies", "", RepairExtent::Exactly, "other_row", "the exchange can be undone by exchanging again"),
    (
        "torn_states",
        "stretched_orientation",
        RepairExtent::Approximately,
        "row",
        "dividing it by its length restores it",
    ),
    (
        "torn_states",
        "",
        RepairExtent::Approximately,
        "other_row",
        "the previous frame and the velocity give the position, and two positions the velocity",
    ),
    ("sunk_contact", "deep_overlap", RepairExtent::Sometimes, "other_table", "ContactPointRecord.depth still has it"),
    (
        "sunk_contact",
        "",
        RepairExtent::Approximately,
        "other_row",
        "the previous frame and the velocity give the height",
    ),
    ("time_runs_back", "clock_set_back", RepairExtent::Approximately, "other_row", "it is between its neighbours"),
    ("time_runs_back", "", RepairExtent::Exactly, "other_row", "steps all last the same"),
    ("unconverged_solver", "miscounted", RepairExtent::Exactly, "other_table", "the recorded pairs can be counted"),
    ("unconverged_solver", "", RepairExtent::Not, "outside", "only this row has the result of the solver"),
];

/// Returns how far, and from where, the overwritten data of a fault could be recovered without the journal.
pub(super) fn resolve_repair(mode: &str, variant: &str, _: Option<(&str, &str)>) -> Repair {
    for (of_mode, word, extent, source, why) in REPAIRS {
        if *of_mode == mode && (word.is_empty() || *word == variant) {
            return Repair { extent: *extent, source, why };
        }
    }
    Repair { extent: RepairExtent::Not, source: "outside", why: "a recording holds each number once" }
}
