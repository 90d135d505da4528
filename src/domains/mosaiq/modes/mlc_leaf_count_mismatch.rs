//! `mlc_leaf_count_mismatch`: control points get another number of leaf pairs than expected; the leaves that they keep
//! do not move.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::mode::{FailureMode, FaultRecord, ModeCard, ModeGroup, PlannedFault, Task, Variant, WitnessPeers};
use crate::domain::params;
use crate::domains::mosaiq::leaves::{self, BANK_A, BANK_B, LeafPoint, LeafPositions, POINTS};
use crate::domains::mosaiq::limits::LEAF_PAIRS;
use crate::domains::mosaiq::machines;
use crate::domains::mosaiq::records;
use crate::domains::mosaiq::tally::FieldLeaves;
use crate::domains::mosaiq::versions;
use crate::model::refusal::render_key;
use crate::model::seed::RecordRandom;
use crate::model::{Datum, Edit, FaultSeverity, Fetch, Ids, Kind, Refusal, Row, Snapshot, Value};

pub(super) struct MlcLeafCountMismatch;

const PARAMETER: &str = "mismatch_type";
const INTRA: &str = "intra_field";
const MACHINE: &str = "vs_machine";
const PLAN: &str = "vs_plan";

static CARD: ModeCard = ModeCard {
    id: "mlc_leaf_count_mismatch",
    tool: "mlc_leaf_count_mismatch",
    group: ModeGroup::Specified,
    title: "Wrong number of MLC leaf pairs",
    description: "Control points have a different number of leaf pairs than the rest of the field, the machine or an \
        earlier version of the field, as after a plan made for another machine, a changed MLC model, or an import that \
        cuts off the last leaves. Software that reads the sets refuses the field, or assigns positions to the wrong \
        leaves and shows a shifted aperture.",
    record: FaultRecord { table: "TxField", key: "FLD_ID", parameter: "fld_id" },
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: INTRA,
            severity: FaultSeverity::tenths::<21>(),
            about: "one later control point lacks the last leaf pair",
            eligible: "a field with two control points or more, all with one leaf count",
            size: None,
        },
        Variant {
            word: MACHINE,
            severity: FaultSeverity::tenths::<20>(),
            about: "all control points have another MLC's number of pairs",
            eligible: "a field with the leaf count of most of three or more other fields of its machine",
            size: None,
        },
        Variant {
            word: PLAN,
            severity: FaultSeverity::tenths::<18>(),
            about: "all control points lack the first and the last leaf pair",
            eligible: "a field with another version on its machine, of the same leaf count",
            size: None,
        },
    ],
    severity: FaultSeverity::tenths::<19>(),
    uses_now: false,
    uses_ordinal: false,
    checks: &["leaf_count_field", "leaf_count_machine", "leaf_count_version"],
    data_needed: &["the number of leaf pairs of each machine", "the plan's BeamLimitingDeviceSequence (DICOM RT Plan)"],
};

/// Parameters of `mlc_leaf_count_mismatch`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Fields to break, by TxField.FLD_ID: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    fld_id: Option<Ids>,
    /// What the number of leaf pairs contradicts: intra_field (the field's other control points), vs_machine (the
    /// machine's other fields) or vs_plan (another version of the field).
    #[arg(long, value_name = "WORD", value_parser = params::variant_parser(&CARD))]
    #[schemars(extend("enum" = params::variant_words(&CARD)))]
    mismatch_type: Option<String>,
}

impl FailureMode for MlcLeafCountMismatch {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, params: Params, variant: Option<&str>) -> Result<Params, String> {
        let word = params::resolve_variant(self, PARAMETER, params.mismatch_type.as_deref(), variant)?;
        Ok(Params { fld_id: None, mismatch_type: Some(word.to_owned()) })
    }

    fn needs(&self, records: &[Value], params: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        let fields = records::field_queries(records, snapshot);
        if !fields.is_empty() {
            return fields;
        }
        match params.mismatch_type.as_deref() {
            Some(MACHINE) => machines::queries(records, snapshot),
            Some(PLAN) => versions::queries(records, snapshot),
            _ => Vec::new(),
        }
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let variant = params::variant_of_plan(self, params.mismatch_type.as_deref(), PARAMETER)?;
        let field = records::read_record(snapshot, "TxField", "FLD_ID", task.record)?;
        let points = leaves::of_field(snapshot, task.record)?;
        let leaves = read_common_count(&points, task)?;
        match variant {
            INTRA => Ok(PlannedFault::without_witness(variant, vec![cut_last_pair(&points, task)?])),
            MACHINE => contradict_machine(snapshot, &field, &points, leaves, task),
            _ => contradict_version(snapshot, &field, &points, leaves, task),
        }
    }
}

/// Returns the number of leaf pairs that all control points with leaves have.
fn read_common_count(points: &[LeafPoint<'_>], task: &Task<'_>) -> Result<usize, Refusal> {
    let field: FieldLeaves = points.iter().collect();
    if let Some(count) = field.common_count() {
        return Ok(count);
    }
    let counts: Vec<String> = field.all_counts().iter().map(ToString::to_string).collect();
    if counts.is_empty() {
        return Err(task.ineligible("none of its control points has leaves"));
    }
    Err(task.ineligible(format!("its control points already differ in MLC_Leaves: {}", counts.join(", "))))
}

/// Builds the edit that cuts the last pair off one of the later control points.
fn cut_last_pair(points: &[LeafPoint<'_>], task: &Task<'_>) -> Result<Edit, Refusal> {
    // The first point stays: it is the one that the others are compared with.
    let later: Vec<&LeafPoint<'_>> = points.iter().skip(1).filter(|point| point.is_whole()).collect();
    let mut random = RecordRandom::new(task.seed, INTRA, std::slice::from_ref(task.record));
    let Some(point) = random.pick(&later) else {
        return Err(
            task.ineligible("it has no second control point with leaf sets long enough for its MLC_Leaves pairs")
        );
    };
    let pairs: Vec<LeafPositions> = point.pairs().take(point.leaves - 1).collect();
    resize_point(point, &pairs, task)
}

/// Plans another MLC's number of leaf pairs for all control points, against the other fields of the machine.
fn contradict_machine(
    snapshot: &Snapshot,
    field: &Row<'_>,
    points: &[LeafPoint<'_>],
    leaves: usize,
    task: &Task<'_>,
) -> Result<PlannedFault, Refusal> {
    let machines::PeerFields { tally, peers } = machines::read_peer_fields(snapshot, field)?;
    let Some(usual) = tally.clear_count() else {
        let reason = "the other fields of its machine do not show how many leaf pairs the machine has";
        return Err(task.ineligible(reason));
    };
    if usual != leaves {
        return Err(task.ineligible(format!("it already has {leaves} leaf pairs on a machine that has {usual}")));
    }
    // A smaller MLC is preferred: cutting pairs needs no convention, padding with closed pairs does.
    let smaller = LEAF_PAIRS.iter().rfind(|count| **count < leaves);
    let other = smaller.or_else(|| LEAF_PAIRS.iter().find(|count| **count > leaves)).copied();
    let other = other.unwrap_or(leaves + 1);
    let edits = if other < leaves {
        let (front, back) = split_in_half(leaves - other);
        resize_points(points, |pairs| cut_pairs(pairs, front, back), task)?
    } else {
        let Some(convention) = tally.likely_convention() else {
            let reason = "the other fields of its machine do not show how the machine counts its banks";
            return Err(task.ineligible(reason));
        };
        let closed = convention.closed_pair();
        let (front, back) = split_in_half(other - leaves);
        resize_points(points, |pairs| [vec![closed; front], pairs, vec![closed; back]].concat(), task)?
    };
    let witness = build_witness("machine", field.cell(machines::MACHINE), peers);
    Ok(PlannedFault { variant: MACHINE, edits, witness: Some(witness) })
}

/// Plans two leaf pairs less for all control points, against the other versions of the field.
fn contradict_version(
    snapshot: &Snapshot,
    field: &Row<'_>,
    points: &[LeafPoint<'_>],
    leaves: usize,
    task: &Task<'_>,
) -> Result<PlannedFault, Refusal> {
    let others = versions::read_version_counts(snapshot, field)?;
    let Some(expected) = others.first() else {
        return Err(task.ineligible("no other version of it on its machine has leaves"));
    };
    if others.iter().any(|other| other != expected) {
        return Err(task.ineligible("its other versions do not agree on the number of leaf pairs"));
    }
    if *expected != leaves {
        let reason = format!("it already has {leaves} leaf pairs, and another version of it has {expected}");
        return Err(task.ineligible(reason));
    }
    // One pair at either end, so that the others keep their place relative to the axis.
    let edits = resize_points(points, |pairs| cut_pairs(pairs, 1, 1), task)?;
    let witness = build_witness("FLD_SET_ID", field.cell(versions::SET), others.len());
    Ok(PlannedFault { variant: PLAN, edits, witness: Some(witness) })
}

/// Returns the edits that give every control point the pairs that `change` makes of its own.
fn resize_points(
    points: &[LeafPoint<'_>],
    change: impl Fn(Vec<LeafPositions>) -> Vec<LeafPositions>,
    task: &Task<'_>,
) -> Result<Vec<Edit>, Refusal> {
    if let Some(point) = points.iter().find(|point| !point.is_whole()) {
        let reason = format!("the leaf sets of its control point {} already lack leaves", point.render_number());
        return Err(task.ineligible(reason));
    }
    points.iter().map(|point| resize_point(point, &change(point.pairs().collect()), task)).collect()
}

/// Returns the edit that gives a control point these pairs.
fn resize_point(point: &LeafPoint<'_>, pairs: &[LeafPositions], task: &Task<'_>) -> Result<Edit, Refusal> {
    if pairs.is_empty() {
        return Err(task.ineligible(format!("it has too few leaf pairs to lose any: {}", point.leaves)));
    }
    let a = resize_set(point, BANK_A, point.a, pairs.iter().map(|pair| pair.a), task)?;
    let b = resize_set(point, BANK_B, point.b, pairs.iter().map(|pair| pair.b), task)?;
    let count = Datum::Integer(i64::try_from(pairs.len()).unwrap_or(i64::MAX));
    Ok(point.build_update([("MLC_Leaves", count), (BANK_A, a), (BANK_B, b)]))
}

/// Returns a bank's leaf set with these positions; refuses one that its column cannot hold.
fn resize_set(
    point: &LeafPoint<'_>,
    bank: &str,
    set: &[u8],
    positions: impl Iterator<Item = i16>,
    task: &Task<'_>,
) -> Result<Datum, Refusal> {
    let column = point.bank_column(bank)?;
    // In a fixed-length column, zeros replace the pairs that are cut; elsewhere the set becomes shorter.
    let fixed = matches!(column.kind, Kind::Bytes { fixed: true, .. });
    let datum = Datum::Bytes(leaves::rewrite_set(set, point.leaves, positions, fixed));
    column.store_datum(POINTS, &datum).map_err(|refusal| task.ineligible(refusal.to_string()))?;
    Ok(datum)
}

fn build_witness(what: &str, value: Option<&Value>, peers: usize) -> WitnessPeers {
    let value = value.map(std::slice::from_ref).unwrap_or_default();
    WitnessPeers { group: format!("{what} {}", render_key(value)), peers }
}

/// Returns how many pairs change at the front and at the back. If the number is odd, the back takes one more.
const fn split_in_half(pairs: usize) -> (usize, usize) {
    (pairs / 2, pairs - pairs / 2)
}

/// Returns the pairs without `front` at the start and `back` at the end.
fn cut_pairs(pairs: Vec<LeafPositions>, front: usize, back: usize) -> Vec<LeafPositions> {
    let kept = pairs.len().saturating_sub(front + back);
    pairs.into_iter().skip(front).take(kept).collect()
}
