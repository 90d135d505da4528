//! `corrupt_mlc_data`: one control point's leaf sets become unreadable or impossible; its number of leaves stays.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::mode::{FailureMode, FaultRecord, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::domains::mosaiq::leaves::{self, BANK_A, BANK_B, Convention, LeafPoint, LeafPositions, POINTS};
use crate::domains::mosaiq::machines;
use crate::domains::mosaiq::records;
use crate::model::seed::RecordRandom;
use crate::model::{Datum, Edit, FaultSeverity, Fetch, Ids, Kind, Refusal, Row, Snapshot, Value};

pub(super) struct CorruptMlcData;

const PARAMETER: &str = "corruption_type";
const ODD: &str = "odd_bytes";
const FAR: &str = "out_of_range";
const NEGATIVE: &str = "negative_gap";
const RANDOM: &str = "random_bytes";

static CARD: ModeCard = ModeCard {
    id: "corrupt_mlc_data",
    tool: "corrupt_mlc_data",
    group: ModeGroup::Specified,
    title: "Damaged MLC leaf sets",
    description: "The leaf sets of a field's first control point are damaged: an extra byte, a leaf a metre away, two \
        crossed leaves, or a bank of noise, as after a driver that writes half a record, a change of units, an import \
        that swaps the banks, or a bad disk block. Software that reads the sets fails, skips the point, or shows and \
        computes an impossible aperture.",
    record: FaultRecord { table: "TxField", key: "FLD_ID", parameter: "fld_id" },
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: ODD,
            severity: FaultSeverity::tenths::<6>(),
            about: "bank A has one extra byte: half a leaf",
            eligible: "a field with leaf sets of even length, and room for one more byte",
            size: None,
        },
        Variant {
            word: FAR,
            severity: FaultSeverity::tenths::<20>(),
            about: "the middle leaf of bank B is at 100 cm",
            eligible: "a field with leaves, all of them within 20 cm",
            size: None,
        },
        Variant {
            word: NEGATIVE,
            severity: FaultSeverity::tenths::<22>(),
            about: "the leaves of one open pair cross each other",
            eligible: "a field with no crossed pair and one open by 1 cm, on a machine whose convention is known",
            size: None,
        },
        Variant {
            word: RANDOM,
            severity: FaultSeverity::tenths::<15>(),
            about: "the positions of bank A are noise",
            eligible: "a field with leaves, all of them within 20 cm",
            size: None,
        },
    ],
    severity: FaultSeverity::tenths::<15>(),
    uses_now: false,
    uses_ordinal: false,
    checks: &["mlc_leaf_set", "mlc_leaf_limits", "mlc_leaf_gap"],
    data_needed: &["the MLC model of each machine, and the limits of its leaves"],
};

/// Position of an impossible leaf, in 1/100 cm. It is positive so that its pair stays open in both conventions.
const FAR_AWAY: i16 = 10_000;
/// A pair is crossed only if it is open at least this far, in 1/100 cm.
const OPEN_MIN: i32 = 100;
/// Limit on the draws of noise. One draw of two leaves stays within limits once in 270 times, so that the limit is
/// never reached in practice.
const DRAWS_MAX: usize = 1000;

/// Parameters of `corrupt_mlc_data`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Fields to break, by TxField.FLD_ID: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    fld_id: Option<Ids>,
    /// How the leaf sets are damaged: odd_bytes, out_of_range, negative_gap or random_bytes; the seed chooses the pair
    /// and draws the noise.
    #[arg(long, value_name = "WORD", value_parser = params::variant_parser(&CARD))]
    #[schemars(extend("enum" = params::variant_words(&CARD)))]
    corruption_type: Option<String>,
}

impl FailureMode for CorruptMlcData {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, params: Params, variant: Option<&str>) -> Result<Params, String> {
        let word = params::resolve_variant(self, PARAMETER, params.corruption_type.as_deref(), variant)?;
        Ok(Params { fld_id: None, corruption_type: Some(word.to_owned()) })
    }

    fn needs(&self, records: &[Value], params: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        let fields = records::field_queries(records, snapshot);
        // Only a crossed pair depends on the machine's convention, so only that variant reads its other fields.
        if fields.is_empty() && params.corruption_type.as_deref() == Some(NEGATIVE) {
            return machines::queries(records, snapshot);
        }
        fields
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let variant = params::variant_of_plan(self, params.corruption_type.as_deref(), PARAMETER)?;
        let field = records::read_record(snapshot, "TxField", "FLD_ID", task.record)?;
        let points = leaves::of_field(snapshot, task.record)?;
        let Some(first) = points.iter().find(|point| point.is_whole()) else {
            return Err(
                task.ineligible("none of its control points has leaf sets long enough for its MLC_Leaves pairs")
            );
        };
        let edit = match variant {
            ODD => append_byte(&points, first, task)?,
            FAR => move_leaf_away(&points, first, task)?,
            NEGATIVE => cross_leaves(&points, first, read_certain_convention(snapshot, &field)?, task)?,
            _ => write_noise(&points, first, task)?,
        };
        Ok(PlannedFault::without_witness(variant, vec![edit]))
    }
}

/// Returns the convention of the machine if its other fields leave no doubt. A convention that is merely likely could
/// flip to the other one as soon as a pair is crossed.
fn read_certain_convention(snapshot: &Snapshot, field: &Row<'_>) -> Result<Option<Convention>, Refusal> {
    Ok(machines::read_peer_fields(snapshot, field)?.tally.certain_convention())
}

/// Returns the set with new positions for the leaves in use; its padding stays.
fn replace_positions(set: &[u8], point: &LeafPoint<'_>, positions: impl IntoIterator<Item = i16>) -> Datum {
    Datum::Bytes(leaves::rewrite_set(set, point.leaves, positions, true))
}

/// Appends the byte 01 to bank A; readers strip zero bytes at the end.
fn append_byte(points: &[LeafPoint<'_>], first: &LeafPoint<'_>, task: &Task<'_>) -> Result<Edit, Refusal> {
    let column = first.bank_column(BANK_A)?;
    if matches!(column.kind, Kind::Bytes { fixed: true, .. }) {
        let (column, declared) = (BANK_A.to_owned(), column.image.declared.clone());
        return Err(Refusal::FixedLengthColumn { table: POINTS.to_owned(), column, declared });
    }
    // A field with the defect already is refused, so that a finding afterwards is due to this fault alone.
    let odd = points.iter().find(|point| point.banks().iter().any(|(_, set)| !set.len().is_multiple_of(2)));
    if let Some(odd) = odd {
        let reason = format!("its control point {} already has a leaf set of odd length", odd.render_number());
        return Err(task.ineligible(reason));
    }
    let longer = Datum::Bytes([first.a, &[1]].concat());
    if column.store_datum(POINTS, &longer).is_err() {
        let reason =
            format!("its leaf set fills {BANK_A} {}, which has no room for another byte", column.image.declared);
        return Err(task.ineligible(reason));
    }
    Ok(first.build_update([(BANK_A, longer)]))
}

/// Moves the middle leaf of bank B out of any machine's reach.
fn move_leaf_away(points: &[LeafPoint<'_>], first: &LeafPoint<'_>, task: &Task<'_>) -> Result<Edit, Refusal> {
    refuse_far_leaves(points, task)?;
    let mut positions: Vec<i16> = leaves::decode_positions(first.b, first.leaves).collect();
    if let Some(middle) = positions.get_mut(first.leaves / 2) {
        *middle = FAR_AWAY;
    }
    Ok(first.build_update([(BANK_B, replace_positions(first.b, first, positions))]))
}

/// Exchanges the leaves of one pair that is open, so that they cross each other.
fn cross_leaves(
    points: &[LeafPoint<'_>],
    first: &LeafPoint<'_>,
    convention: Option<Convention>,
    task: &Task<'_>,
) -> Result<Edit, Refusal> {
    let Some(convention) = convention else {
        let reason = "the other fields of its machine do not show how the machine counts its banks";
        return Err(task.ineligible(reason));
    };
    refuse_crossed_leaves(points, convention, task)?;
    let mut pairs: Vec<LeafPositions> = first.pairs().collect();
    let mut candidates: Vec<(usize, LeafPositions)> = Vec::new();
    for (at, pair) in pairs.iter().enumerate() {
        if convention.gap(*pair) >= OPEN_MIN {
            candidates.extend(convention.exchange_leaves(*pair).map(|crossed| (at, crossed)));
        }
    }
    let mut random = RecordRandom::new(task.seed, NEGATIVE, std::slice::from_ref(task.record));
    let choice = random.pick(&candidates).and_then(|(at, crossed)| Some((pairs.get_mut(*at)?, *crossed)));
    let Some((pair, crossed)) = choice else {
        let reason = format!("no leaf pair of its control point {} is open by 1 cm", first.render_number());
        return Err(task.ineligible(reason));
    };
    *pair = crossed;
    let a = replace_positions(first.a, first, pairs.iter().map(|pair| pair.a));
    let b = replace_positions(first.b, first, pairs.iter().map(|pair| pair.b));
    Ok(first.build_update([(BANK_A, a), (BANK_B, b)]))
}

/// Draws bank A anew until a leaf is out of limits, which is wrong in either convention.
fn write_noise(points: &[LeafPoint<'_>], first: &LeafPoint<'_>, task: &Task<'_>) -> Result<Edit, Refusal> {
    refuse_far_leaves(points, task)?;
    let mut random = RecordRandom::new(task.seed, RANDOM, std::slice::from_ref(task.record));
    // A random word of 8 bytes holds four leaves.
    let words = first.leaves.div_ceil(4);
    for _ in 0..DRAWS_MAX {
        let bytes: Vec<u8> = (0..words).flat_map(|_| random.next_word().to_le_bytes()).collect();
        let noise: Vec<i16> = leaves::decode_positions(&bytes, first.leaves).collect();
        if noise.iter().any(|position| !leaves::within_limits(*position)) {
            return Ok(first.build_update([(BANK_A, replace_positions(first.a, first, noise))]));
        }
    }
    Err(task.ineligible("none of the drawn noise would be detectable"))
}

/// Refuses a field that already has a leaf out of limits.
fn refuse_far_leaves(points: &[LeafPoint<'_>], task: &Task<'_>) -> Result<(), Refusal> {
    for point in points {
        if let Some(position) = point.leaf_positions().find(|position| !leaves::within_limits(*position)) {
            let centimetres = leaves::render_centimetres(i32::from(position));
            let reason = format!("its control point {} already has a leaf at {centimetres} cm", point.render_number());
            return Err(task.ineligible(reason));
        }
    }
    Ok(())
}

/// Refuses a field that already has crossed leaves.
fn refuse_crossed_leaves(points: &[LeafPoint<'_>], convention: Convention, task: &Task<'_>) -> Result<(), Refusal> {
    for point in points {
        if point.pairs().any(|pair| convention.is_crossed(pair)) {
            let reason = format!("its control point {} already has crossed leaves", point.render_number());
            return Err(task.ineligible(reason));
        }
    }
    Ok(())
}
