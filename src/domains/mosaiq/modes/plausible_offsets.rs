//! `create_plausible_offsets`: a patient shift of a possible size, in the wrong unit, or off.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use mfm_journal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::mode::{FailureMode, FaultRecord, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params::{self, Size};
use crate::domain::size::SizeRange;
use crate::domains::mosaiq::records;
use crate::domains::mosaiq::rules::Rules;
use crate::domains::mosaiq::shifts::{Shift, UsualShifts};
use crate::model::{Datum, Edit, FaultSeverity, Fetch, Ids, Refusal, Row, Snapshot, Value};

pub(super) struct PlausibleOffsets;

const TABLE: &str = "Offset";
const SET: &str = "SIT_SET_ID";
const PARAMETER: &str = "fault";
const UNIT: &str = "millimetres_as_centimetres";
const SIGN: &str = "sign_flipped";
const EXCHANGED: &str = "axes_exchanged";
const SHIFTED: &str = "shift_off";
const AXES: [&str; 3] = ["Superior_Offset", "Anterior_Offset", "Lateral_Offset"];
/// A shift that is off by so much must lie out of the others, cm; a smaller one need not.
const LARGE_CM: f64 = 3.0;
/// No axis may leave the range of possible shifts, cm: then the shift would be impossible.
const POSSIBLE_CM: f64 = 20.0;

static CARD: ModeCard = ModeCard {
    id: "plausible_offsets",
    tool: "create_plausible_offsets",
    group: ModeGroup::Plausible,
    title: "A possible patient shift that is wrong",
    description: "A recorded shift of the patient comes with a wrong sign, with exchanged axes or in the wrong \
        unit, or is off, as when an interface sends millimetres for centimetres or reads a patient's left for the \
        right, or a shift is typed in by hand. Software that applies it moves the patient, and \
        margins computed from it are wrong. The shifted isocentre is among the failure modes of highest risk in \
        image guidance.",
    record: FaultRecord { table: TABLE, key: "OFF_ID", parameter: "off_id" },
    variants: &[
        Variant {
            word: UNIT,
            severity: FaultSeverity::tenths::<24>(),
            about: "all axes are ten times as large",
            eligible: "a shift that is out of the prescription's other ones then, and within 20 cm",
            size: None,
        },
        Variant {
            word: SIGN,
            severity: FaultSeverity::tenths::<22>(),
            about: "the largest axis has the other sign",
            eligible: "a shift that is out of the prescription's other ones then: of a patient who lies to one side",
            size: None,
        },
        Variant {
            word: EXCHANGED,
            severity: FaultSeverity::tenths::<22>(),
            about: "the largest axis and the next one (superior, anterior, lateral) are exchanged",
            eligible: "the same shifts",
            size: None,
        },
        Variant {
            word: SHIFTED,
            severity: FaultSeverity::tenths::<18>(),
            about: "Lateral_Offset is off by the size",
            eligible: "a shift with a lateral axis, within 20 cm then, of a prescription with more than ten shifts",
            size: Some(SizeRange::in_unit("cm", 0.2, 3.0, 9.0).or_negative()),
        },
    ],
    severity: FaultSeverity::tenths::<21>(),
    checks: &["offset_usual", "offset_size", "offset_action_limit"],
    data_needed: &["the registration of each image", "the couch's position before and after the shift"],
    ..ModeCard::PLAIN
};

/// Parameters of `create_plausible_offsets`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Shifts to break, by Offset.OFF_ID: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    off_id: Option<Ids>,
    /// What is wrong with the shift.
    #[arg(long, value_name = "WORD", value_parser = params::variant_parser(&CARD))]
    #[schemars(extend("enum" = params::variant_words(&CARD)))]
    fault: Option<String>,
    /// How far the shift is off, in cm; for shift_off only.
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    size: Option<Size>,
}

impl FailureMode for PlausibleOffsets {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, params: Params, variant: Option<&str>) -> Result<Params, String> {
        let word = params::resolve_variant(self, PARAMETER, params.fault.as_deref(), variant)?;
        let size = params::resolve_size(self, word, params.size)?;
        Ok(Params { off_id: None, fault: Some(word.to_owned()), size })
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        let own = records::unread_queries(snapshot, [Fetch::among(TABLE, "OFF_ID", records::key_forms(records))]);
        if !own.is_empty() {
            return own;
        }
        let sets: BTreeSet<Value> = records::read_cells(snapshot, TABLE, "OFF_ID", records, SET).collect();
        if sets.is_empty() {
            return Vec::new();
        }
        records::unread_queries(snapshot, [Fetch::among(TABLE, SET, sets)])
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let variant = params::variant_of_plan(self, params.fault.as_deref(), PARAMETER)?;
        let offset = records::read_record(snapshot, TABLE, "OFF_ID", task.record)?;
        for column in AXES.iter().chain([&SET]) {
            offset.table.column(column)?;
        }
        let old = read_shift(&offset);
        let new = match variant {
            UNIT => old.map(|axis| axis.map(|shift| shift * 10.0)),
            SIGN => flip_largest(old),
            EXCHANGED => exchange_largest(old),
            _ => {
                let [superior, anterior, lateral] = old;
                let size = params::size_of_plan(params.size)?;
                [superior, anterior, lateral.map(|shift| shift + size.change_of(shift))]
            }
        };
        if new == old || new.iter().flatten().any(|shift| shift.abs() > POSSIBLE_CM) {
            return Err(task.ineligible("the shift would not change, or would be beyond 20 cm"));
        }
        let is_large = params.size.is_some_and(|size| size.number().abs() >= LARGE_CM);
        check_shift(&offset, snapshot, task, variant, is_large, [old, new])?;
        let edit = Edit::Update { table: TABLE.into(), key: offset.key(), set: changed_cells(old, new) };
        Ok(PlannedFault::without_witness(variant, vec![edit]))
    }
}

fn read_shift(row: &Row<'_>) -> Shift {
    AXES.map(|axis| row.float(axis))
}

/// Returns the place of the axis with the largest shift.
fn largest_axis(shift: Shift) -> usize {
    let sizes = shift.map(|axis| axis.map_or(0.0, f64::abs));
    let place = sizes.iter().enumerate().max_by(|(_, one), (_, other)| one.total_cmp(other));
    place.map_or(0, |(place, _)| place)
}

fn flip_largest(mut shift: Shift) -> Shift {
    let largest = largest_axis(shift);
    if let Some(axis) = shift.get_mut(largest) {
        *axis = axis.map(|shift| -shift);
    }
    shift
}

/// Exchanges the axis with the largest shift and the one after it.
fn exchange_largest(mut shift: Shift) -> Shift {
    let largest = largest_axis(shift);
    if shift.iter().any(Option::is_none) {
        return shift;
    }
    shift.swap(largest, (largest + 1) % AXES.len());
    shift
}

/// Refuses a shift that is no longer among the prescription's other ones already, or that still would be.
fn check_shift(
    offset: &Row<'_>,
    snapshot: &Snapshot,
    task: &Task<'_>,
    variant: &str,
    is_large: bool,
    [old, new]: [Shift; 2],
) -> Result<(), Refusal> {
    let rules = Rules::standard();
    let set = offset.cell(SET).filter(|set| !set.is_null());
    let Some(set) = set else { return Err(task.ineligible("it names no prescription")) };
    let rows = snapshot.table(TABLE)?.rows_with(SET, set);
    let all: Vec<Shift> = rows.iter().map(read_shift).collect();
    let Some(usual) = UsualShifts::of_shifts(&all, &rules.offsets) else {
        return Err(task.ineligible("its prescription has too few other shifts to tell what is usual"));
    };
    let ranges = usual.without(&old);
    let is_out = |shift: Shift| {
        let mut axes = shift.iter().zip(ranges);
        axes.any(|(axis, range)| axis.zip(range).is_some_and(|(axis, range)| !range.is_usual(axis, &rules.offsets)))
    };
    if is_out(old) {
        return Err(task.ineligible("it already lies out of its prescription's other shifts"));
    }
    // A small size may stay within them: a sweep finds out from which one on it does not.
    if (variant != SHIFTED || is_large) && !is_out(new) {
        return Err(task.ineligible("it would still be like its prescription's other shifts, and nothing could tell"));
    }
    Ok(())
}

fn changed_cells(old: Shift, new: Shift) -> BTreeMap<String, Datum> {
    let mut set = BTreeMap::new();
    for ((axis, old), new) in AXES.iter().zip(old).zip(new) {
        let changed = new.filter(|_| old != new).map(|shift| (shift * 10_000.0).round() / 10_000.0);
        if let Some(datum) = changed.and_then(Decimal::from_f64) {
            set.insert((*axis).to_owned(), Datum::Decimal(datum));
        } else if old.is_some() && new.is_none() {
            set.insert((*axis).to_owned(), Datum::Null);
        }
    }
    set
}
