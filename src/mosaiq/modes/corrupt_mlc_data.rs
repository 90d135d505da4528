//! `corrupt_mlc_data`: one control point's leaf sets become unreadable or impossible; the number of leaves stays.

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Card, Mode, Parametrised, Planned, Record, Task, Variant};
use crate::model::seed::RecordRandom;
use crate::model::{Datum, Edit, Ids, Kind, Query, Refusal, Row, Snapshot, Value};
use crate::mosaiq::leaves::{self, BANK_A, BANK_B, Convention, LeafPoint, POINTS, Pair};
use crate::mosaiq::machines;
use crate::mosaiq::parameters;
use crate::mosaiq::records;

/// The mode.
pub(super) struct CorruptMlcData;

static CARD: Card = Card {
    id: "corrupt_mlc_data",
    tool: "corrupt_mlc_data",
    title: "Damaged MLC leaf sets",
    description: "The leaf sets of a field's first control point are damaged: a byte too many, a leaf a metre away, \
        two leaves crossed, or a bank of noise, as after a driver that writes half a record, a change of units, an \
        import that takes one bank for the other, or a bad disk block. What reads the sets fails, skips the point, or \
        shows and computes an aperture that no machine can have.",
    record: Record { table: "TxField", key: "FLD_ID", parameter: "fld_id" },
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: "odd_bytes",
            severity: "0.6",
            about: "bank A has one byte more: half a leaf",
            eligible: "a field with leaf sets of even length, and room for a byte more",
        },
        Variant {
            word: "out_of_range",
            severity: "2.0",
            about: "the middle leaf of bank B stands at 100 cm",
            eligible: "a field with leaves, all of them within 20 cm",
        },
        Variant {
            word: "negative_gap",
            severity: "2.2",
            about: "the leaves of one open pair cross each other",
            eligible: "a field with no pair crossed and one open by 1 cm, its machine's convention known",
        },
        Variant {
            word: "random_bytes",
            severity: "1.5",
            about: "the positions of bank A are noise",
            eligible: "a field with leaves, all of them within 20 cm, and no pair crossed",
        },
    ],
    severity: "1.5",
    uses_now: false,
    checks: &["mlc_leaf_set", "mlc_leaf_limits", "mlc_leaf_gap"],
    data_needed: &["the MLC model of each machine, and the limits of its leaves"],
};

/// Where an impossible leaf stands, in 1/100 cm: positive, so that the gap stays open in both conventions.
const FAR_AWAY: i16 = 10_000;
/// How far a pair must be open to be crossed, in 1/100 cm.
const OPEN_MIN: i32 = 100;
/// How often noise is drawn until it shows: one draw of two leaves fails once in 270 times.
const DRAWS_MAX: usize = 1000;

/// Parameters of `corrupt_mlc_data`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Fields to break, by TxField.FLD_ID: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    fld_id: Option<Ids>,
    /// How the leaf sets are damaged.
    #[arg(long, value_enum)]
    corruption_type: Option<Corruption>,
}

/// How leaf sets are damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Corruption {
    /// One byte more in bank A: half a leaf.
    #[value(name = "odd_bytes", alias = "odd-bytes")]
    #[serde(alias = "odd-bytes")]
    OddBytes,
    /// The middle leaf of bank B at 100 cm.
    #[value(name = "out_of_range", alias = "out-of-range")]
    #[serde(alias = "out-of-range")]
    OutOfRange,
    /// The leaves of one open pair, chosen by the seed, crossed.
    #[value(name = "negative_gap", alias = "negative-gap")]
    #[serde(alias = "negative-gap")]
    NegativeGap,
    /// The positions of bank A replaced by noise, drawn by the seed.
    #[value(name = "random_bytes", alias = "random-bytes")]
    #[serde(alias = "random-bytes")]
    RandomBytes,
}

impl Corruption {
    fn of(variant: &str) -> Option<Self> {
        let all = [Self::OddBytes, Self::OutOfRange, Self::NegativeGap, Self::RandomBytes];
        all.into_iter().find(|corruption| corruption.word() == variant)
    }

    const fn word(self) -> &'static str {
        match self {
            Self::OddBytes => "odd_bytes",
            Self::OutOfRange => "out_of_range",
            Self::NegativeGap => "negative_gap",
            Self::RandomBytes => "random_bytes",
        }
    }

    /// Tells whether the machine's convention has a say.
    const fn needs_machine(self) -> bool {
        matches!(self, Self::NegativeGap | Self::RandomBytes)
    }
}

impl Parametrised for CorruptMlcData {
    type Parameters = Params;
}

impl Mode for CorruptMlcData {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn complete(&self, given: &Map<String, Json>, variant: Option<&str>) -> Result<Map<String, Json>, String> {
        let mut params = Params { fld_id: None, ..parameters::read(given)? };
        let word = variant.map(|word| parameters::variant(self, word)).transpose()?;
        params.corruption_type = params.corruption_type.or_else(|| Corruption::of(word?));
        match (params.corruption_type, word) {
            (None, _) => {
                Err("corruption_type is missing: odd_bytes, out_of_range, negative_gap or random_bytes".into())
            }
            (Some(corruption), Some(word)) if corruption.word() != word => {
                Err(format!("corruption_type {} contradicts the variant {word}", corruption.word()))
            }
            _ => Ok(parameters::write(&params)),
        }
    }

    fn needs(&self, records: &[Value], parameters: &Map<String, Json>, snapshot: &Snapshot) -> Vec<Query> {
        let fields = records::field_queries(records, snapshot);
        let corruption = parameters::read::<Params>(parameters).ok().and_then(|params| params.corruption_type);
        if fields.is_empty() && corruption.is_some_and(Corruption::needs_machine) {
            return machines::queries(records, snapshot);
        }
        fields
    }

    fn propose(&self, variant: &str, snapshot: &Snapshot, task: &Task<'_>) -> Result<Map<String, Json>, Refusal> {
        let mut params: Params = parameters::of_task(task)?;
        params.corruption_type = params.corruption_type.or_else(|| Corruption::of(variant));
        parameters::proposed(self, variant, snapshot, task, parameters::write(&params))
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>) -> Result<Planned, Refusal> {
        let params: Params = parameters::of_task(task)?;
        let corruption = parameters::required(params.corruption_type, "corruption_type")?;
        let field = records::record(snapshot, "TxField", "FLD_ID", task.record)?;
        let points = leaves::of_field(snapshot, task.record)?;
        let first = points.iter().find(|point| point.is_whole());
        let first = first.ok_or_else(|| {
            parameters::ineligible(self, task, "no control point of it has leaf sets that hold its MLC_Leaves pairs")
        })?;
        let edit = match corruption {
            Corruption::OddBytes => self.odd_bytes(&points, first, task)?,
            Corruption::OutOfRange => self.out_of_range(&points, first, task)?,
            Corruption::NegativeGap => self.negative_gap(&points, first, convention(snapshot, &field)?, task)?,
            Corruption::RandomBytes => self.random_bytes(&points, first, convention(snapshot, &field)?, task)?,
        };
        Ok(Planned { variant: corruption.word(), edits: vec![edit] })
    }
}

fn convention(snapshot: &Snapshot, field: &Row<'_>) -> Result<Option<Convention>, Refusal> {
    Ok(machines::others(snapshot, field)?.convention())
}

/// Returns a set with other positions for the leaves in use.
fn with_positions(set: &[u8], point: &LeafPoint<'_>, positions: impl IntoIterator<Item = i16>) -> Datum {
    Datum::Bytes(leaves::rewritten(set, point.leaves, positions, true))
}

impl CorruptMlcData {
    /// Appends a byte to bank A: 01, because readers strip zero bytes at the end.
    fn odd_bytes(&self, points: &[LeafPoint<'_>], first: &LeafPoint<'_>, task: &Task<'_>) -> Result<Edit, Refusal> {
        let column = first.column(BANK_A)?;
        if matches!(column.kind, Kind::Bytes { fixed: true, .. }) {
            let (column, declared) = (BANK_A.to_owned(), column.image.declared.clone());
            return Err(Refusal::FixedLengthColumn { table: POINTS.to_owned(), column, declared });
        }
        let odd = points.iter().find(|point| point.banks().iter().any(|(_, set)| !set.len().is_multiple_of(2)));
        if let Some(odd) = odd {
            let reason = format!("control point {} of it already has a leaf set of odd length", odd.number());
            return Err(parameters::ineligible(self, task, reason));
        }
        let longer = Datum::Bytes([first.a, &[1]].concat());
        if column.store(POINTS, &longer).is_err() {
            let reason = format!("its leaf set fills {BANK_A} {}, which takes no byte more", column.image.declared);
            return Err(parameters::ineligible(self, task, reason));
        }
        Ok(first.update([(BANK_A, longer)]))
    }

    fn out_of_range(&self, points: &[LeafPoint<'_>], first: &LeafPoint<'_>, task: &Task<'_>) -> Result<Edit, Refusal> {
        self.within_limits(points, task)?;
        let middle = first.leaves / 2;
        let moved = |(at, position)| if at == middle { FAR_AWAY } else { position };
        let positions = leaves::positions(first.b, first.leaves).enumerate().map(moved);
        Ok(first.update([(BANK_B, with_positions(first.b, first, positions))]))
    }

    fn negative_gap(
        &self,
        points: &[LeafPoint<'_>],
        first: &LeafPoint<'_>,
        convention: Option<Convention>,
        task: &Task<'_>,
    ) -> Result<Edit, Refusal> {
        let unknown = "the other fields of its machine do not tell how the machine counts its banks";
        let convention = convention.ok_or_else(|| parameters::ineligible(self, task, unknown))?;
        self.uncrossed(points, convention, task)?;
        let mut pairs: Vec<Pair> = first.pairs().collect();
        let exchanged = |pair: &Pair| convention.exchanged(*pair).filter(|_| convention.gap(*pair) >= OPEN_MIN);
        let open: Vec<(usize, Pair)> =
            pairs.iter().enumerate().filter_map(|(at, pair)| Some((at, exchanged(pair)?))).collect();
        let mut random =
            RecordRandom::new(task.seed, Corruption::NegativeGap.word(), std::slice::from_ref(task.record));
        let chosen = random.pick(&open).and_then(|(at, crossed)| Some((pairs.get_mut(*at)?, *crossed)));
        let Some((pair, crossed)) = chosen else {
            let reason = format!("no leaf pair of its control point {} is open by 1 cm", first.number());
            return Err(parameters::ineligible(self, task, reason));
        };
        *pair = crossed;
        let a = with_positions(first.a, first, pairs.iter().map(|pair| pair.a));
        let b = with_positions(first.b, first, pairs.iter().map(|pair| pair.b));
        Ok(first.update([(BANK_A, a), (BANK_B, b)]))
    }

    /// Draws bank A anew until a check must see it: a leaf out of limits, or a pair crossed under a known convention.
    fn random_bytes(
        &self,
        points: &[LeafPoint<'_>],
        first: &LeafPoint<'_>,
        convention: Option<Convention>,
        task: &Task<'_>,
    ) -> Result<Edit, Refusal> {
        self.within_limits(points, task)?;
        convention.map_or(Ok(()), |convention| self.uncrossed(points, convention, task))?;
        let mut random =
            RecordRandom::new(task.seed, Corruption::RandomBytes.word(), std::slice::from_ref(task.record));
        let mut draw = || -> Vec<i16> {
            let words = std::iter::repeat_with(|| random.word().to_le_bytes()).take(first.leaves.div_ceil(4));
            leaves::positions(&words.flatten().collect::<Vec<u8>>(), first.leaves).collect()
        };
        let shows = |noise: &Vec<i16>| {
            let far = noise.iter().any(|position| !leaves::within_limits(*position));
            let mut pairs = noise.iter().zip(leaves::positions(first.b, first.leaves)).map(|(a, b)| Pair { a: *a, b });
            far || convention.is_some_and(|convention| pairs.any(|pair| convention.crosses(pair)))
        };
        let noise = (0..DRAWS_MAX).map(|_| draw()).find(shows);
        let noise = noise.ok_or_else(|| parameters::ineligible(self, task, "no noise was drawn that would show"))?;
        Ok(first.update([(BANK_A, with_positions(first.a, first, noise))]))
    }

    /// Refuses a field that already has a leaf out of limits.
    fn within_limits(&self, points: &[LeafPoint<'_>], task: &Task<'_>) -> Result<(), Refusal> {
        let far = points.iter().find_map(|point| {
            let position = point.leaves().find(|position| !leaves::within_limits(*position))?;
            Some((point.number(), leaves::centimetres(i32::from(position))))
        });
        let Some((number, position)) = far else { return Ok(()) };
        let reason = format!("its control point {number} already has a leaf at {position} cm");
        Err(parameters::ineligible(self, task, reason))
    }

    /// Refuses a field that already has crossed leaves.
    fn uncrossed(&self, points: &[LeafPoint<'_>], convention: Convention, task: &Task<'_>) -> Result<(), Refusal> {
        let crossed = points.iter().find(|point| point.pairs().any(|pair| convention.crosses(pair)));
        let Some(point) = crossed else { return Ok(()) };
        let reason = format!("its control point {} already has crossed leaves", point.number());
        Err(parameters::ineligible(self, task, reason))
    }
}
