//! The failure modes of catalogues: one file each, listed in [`MODES`].

mod changed_unit;
mod duplicated_id;
mod exchanged_figures;
mod inverted_approval;
mod misdirected_citation;
mod moved_test;
mod number_as_text;
mod rewrite;
mod split_vendor;
mod vanished_record;
mod wrong_percentage;

use crate::domain::mode::Mode;
use crate::domain::repair::{Repair, RepairExtent};

/// Every mode.
pub static MODES: &[&dyn Mode] = &[
    &inverted_approval::InvertedApproval,
    &wrong_percentage::WrongPercentage,
    &changed_unit::ChangedUnit,
    &number_as_text::NumberAsText,
    &duplicated_id::DuplicatedId,
    &split_vendor::SplitVendor,
    &vanished_record::VanishedRecord,
    &moved_test::MovedTest,
    &exchanged_figures::ExchangedFigures,
    &misdirected_citation::MisdirectedCitation,
];

/// How far the overwritten data of a fault could be recovered without the journal: mode, variant (empty for all),
/// extent, source, reason. The first entry that matches counts.
const REPAIRS: &[(&str, &str, RepairExtent, &str, &str)] = &[
    ("inverted_approval", "", RepairExtent::Not, "outside", "the words of the former status are in no other field"),
    (
        "wrong_percentage",
        "decimal_point_lost",
        RepairExtent::Approximately,
        "row",
        "the digits are there, their point is not",
    ),
    ("wrong_percentage", "", RepairExtent::Exactly, "row", "a hundred is too much"),
    ("changed_unit", "", RepairExtent::Approximately, "row", "the note beside the figure has it, rounded"),
    ("number_as_text", "", RepairExtent::Exactly, "row", "the text still holds the number"),
    ("duplicated_id", "", RepairExtent::Not, "outside", "ids follow no rule that would give the lost one"),
    ("split_vendor", "", RepairExtent::Sometimes, "other_row", "other tests of the vendor have the usual spelling"),
    ("vanished_record", "", RepairExtent::Not, "outside", "a catalogue holds each record once"),
    ("moved_test", "", RepairExtent::Exactly, "row", "the record's number says which file it was read from"),
    ("exchanged_figures", "", RepairExtent::Exactly, "row", "exchanging them again restores both"),
    ("misdirected_citation", "", RepairExtent::Not, "outside", "an address can be guessed from no other"),
];

/// Returns how far, and from where, the overwritten data of a fault could be recovered without the journal.
pub(super) fn resolve_repair(mode: &str, variant: &str, _: Option<(&str, &str)>) -> Repair {
    for (of_mode, word, extent, source, why) in REPAIRS {
        if *of_mode == mode && (word.is_empty() || *word == variant) {
            return Repair { extent: *extent, source, why };
        }
    }
    Repair { extent: RepairExtent::Not, source: "outside", why: "a catalogue holds each value once" }
}
