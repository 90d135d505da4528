//! `corrupt_mlc_data`: one control point's leaf sets become unreadable or impossible; its number of leaves stays.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::mode::{FailureMode, FaultRecord, ModeCard, PlannedFault, Task, Variant};
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
    title: "Damaged MLC leaf sets",
    description: "The leaf sets of a field's first control point are damaged: a byte too many, a leaf a metre away, \
        two leaves crossed, or a bank of noise, as after a driver that writes half a record, a change of units, an \
        import that takes one bank for the other, or a bad disk block. What reads the sets fails, skips the point, or \
        shows and computes an aperture that no machine can have.",
    record: FaultRecord { table: "TxField", key: "FLD_ID", parameter: "fld_id" },
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: ODD,
            severity: FaultSeverity::tenths::<6>(),
            about: "bank A has one byte more: half a leaf",
            eligible: "a field with leaf sets of even length, and room for a byte more",
        },
        Variant {
            word: FAR,
            severity: FaultSeverity::tenths::<20>(),
            about: "the middle leaf of bank B stands at 100 cm",
            eligible: "a field with leaves, all of them within 20 cm",
        },
        Variant {
            word: NEGATIVE,
            severity: FaultSeverity::tenths::<22>(),
            about: "the leaves of one open pair cross each other",
            eligible: "a field with no pair crossed and one open by 1 cm, its machine's convention beyond doubt",
        },
        Variant {
            word: RANDOM,
            severity: FaultSeverity::tenths::<15>(),
            about: "the positions of bank A are noise",
            eligible: "a field with leaves, all of them within 20 cm",
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
        let first = points.iter().find(|point| point.is_whole());
        let first = first
            .ok_or_else(|| task.ineligible("no control point of it has leaf sets that hold its MLC_Leaves pairs"))?;
        let edit = match variant {
            ODD => self.odd_bytes(&points, first, task)?,
            FAR => self.out_of_range(&points, first, task)?,
            NEGATIVE => self.negative_gap(&points, first, certain_convention(snapshot, &field)?, task)?,
            _ => self.random_bytes(&points, first, task)?,
        };
        Ok(PlannedFault::without_witness(variant, vec![edit]))
    }
}

/// Returns the convention of the machine if its other fields leave no doubt. A convention that is merely likely could
/// flip to the other one as soon as a pair is crossed.
fn certain_convention(snapshot: &Snapshot, field: &Row<'_>) -> Result<Option<Convention>, Refusal> {
    Ok(machines::read_peer_fields(snapshot, field)?.tally.certain_convention())
}

/// Returns the set with new positions for the leaves in use; its padding stays.
fn with_positions(set: &[u8], point: &LeafPoint<'_>, positions: impl IntoIterator<Item = i16>) -> Datum {
    Datum::Bytes(leaves::rewrite_set(set, point.leaves, positions, true))
}

impl CorruptMlcData {
    /// Appends the byte 01 to bank A; readers strip zero bytes at the end.
    fn odd_bytes(&self, points: &[LeafPoint<'_>], first: &LeafPoint<'_>, task: &Task<'_>) -> Result<Edit, Refusal> {
        let column = first.bank_column(BANK_A)?;
        if matches!(column.kind, Kind::Bytes { fixed: true, .. }) {
            let (column, declared) = (BANK_A.to_owned(), column.image.declared.clone());
            return Err(Refusal::FixedLengthColumn { table: POINTS.to_owned(), column, declared });
        }
        // A field with the defect already is refused, so that a finding afterwards is due to this fault alone.
        let odd = points.iter().find(|point| point.banks().iter().any(|(_, set)| !set.len().is_multiple_of(2)));
        if let Some(odd) = odd {
            let reason = format!("control point {} of it already has a leaf set of odd length", odd.render_number());
            return Err(task.ineligible(reason));
        }
        let longer = Datum::Bytes([first.a, &[1]].concat());
        if column.store_datum(POINTS, &longer).is_err() {
            let reason = format!("its leaf set fills {BANK_A} {}, which takes no byte more", column.image.declared);
            return Err(task.ineligible(reason));
        }
        Ok(first.build_update([(BANK_A, longer)]))
    }

    fn out_of_range(&self, points: &[LeafPoint<'_>], first: &LeafPoint<'_>, task: &Task<'_>) -> Result<Edit, Refusal> {
        self.within_limits(points, task)?;
        let middle = first.leaves / 2;
        let moved = |(at, position)| if at == middle { FAR_AWAY } else { position };
        let positions = leaves::decode_positions(first.b, first.leaves).enumerate().map(moved);
        Ok(first.build_update([(BANK_B, with_positions(first.b, first, positions))]))
    }

    fn negative_gap(
        &self,
        points: &[LeafPoint<'_>],
        first: &LeafPoint<'_>,
        convention: Option<Convention>,
        task: &Task<'_>,
    ) -> Result<Edit, Refusal> {
        let unknown = "the other fields of its machine leave in doubt how the machine counts its banks";
        let convention = convention.ok_or_else(|| task.ineligible(unknown))?;
        self.refuse_crossed(points, convention, task)?;
        let mut pairs: Vec<LeafPositions> = first.pairs().collect();
        let exchanged =
            |pair: &LeafPositions| convention.exchange_leaves(*pair).filter(|_| convention.gap(*pair) >= OPEN_MIN);
        let open: Vec<(usize, LeafPositions)> =
            pairs.iter().enumerate().filter_map(|(at, pair)| Some((at, exchanged(pair)?))).collect();
        let mut random = RecordRandom::new(task.seed, NEGATIVE, std::slice::from_ref(task.record));
        let chosen = random.pick(&open).and_then(|(at, crossed)| Some((pairs.get_mut(*at)?, *crossed)));
        let Some((pair, crossed)) = chosen else {
            let reason = format!("no leaf pair of its control point {} is open by 1 cm", first.render_number());
            return Err(task.ineligible(reason));
        };
        *pair = crossed;
        let a = with_positions(first.a, first, pairs.iter().map(|pair| pair.a));
        let b = with_positions(first.b, first, pairs.iter().map(|pair| pair.b));
        Ok(first.build_update([(BANK_A, a), (BANK_B, b)]))
    }

    /// Draws bank A anew until a leaf is out of limits, which is wrong in either convention.
    fn random_bytes(&self, points: &[LeafPoint<'_>], first: &LeafPoint<'_>, task: &Task<'_>) -> Result<Edit, Refusal> {
        self.within_limits(points, task)?;
        let mut random = RecordRandom::new(task.seed, RANDOM, std::slice::from_ref(task.record));
        let mut draw = || -> Vec<i16> {
            // A random word of 8 bytes holds four leaves.
            let words = std::iter::repeat_with(|| random.next_word().to_le_bytes()).take(first.leaves.div_ceil(4));
            leaves::decode_positions(&words.flatten().collect::<Vec<u8>>(), first.leaves).collect()
        };
        let shows = |noise: &Vec<i16>| noise.iter().any(|position| !leaves::within_limits(*position));
        let noise = (0..DRAWS_MAX).map(|_| draw()).find(shows);
        let noise = noise.ok_or_else(|| task.ineligible("no noise was drawn that would show"))?;
        Ok(first.build_update([(BANK_A, with_positions(first.a, first, noise))]))
    }

    /// Refuses a field that already has a leaf out of limits.
    fn within_limits(&self, points: &[LeafPoint<'_>], task: &Task<'_>) -> Result<(), Refusal> {
        let far = points.iter().find_map(|point| {
            let position = point.leaf_positions().find(|position| !leaves::within_limits(*position))?;
            Some((point.render_number(), leaves::render_centimetres(i32::from(position))))
        });
        let Some((number, position)) = far else { return Ok(()) };
        let reason = format!("its control point {number} already has a leaf at {position} cm");
        Err(task.ineligible(reason))
    }

    /// Refuses a field that already has crossed leaves.
    fn refuse_crossed(&self, points: &[LeafPoint<'_>], convention: Convention, task: &Task<'_>) -> Result<(), Refusal> {
        let crossed = points.iter().find(|point| point.pairs().any(|pair| convention.is_crossed(pair)));
        let Some(point) = crossed else { return Ok(()) };
        let reason = format!("its control point {} already has crossed leaves", point.render_number());
        Err(task.ineligible(reason))
    }
}
