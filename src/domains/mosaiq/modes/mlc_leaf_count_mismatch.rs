//! `mlc_leaf_count_mismatch`: control points get another number of leaf pairs than expected; the leaves that they keep
//! do not move.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::mode::{FailureMode, FaultRecord, ModeCard, PlannedFault, Task, Variant, WitnessPeers};
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
    title: "Wrong number of MLC leaf pairs",
    description: "Control points have another number of leaf pairs than the rest of the field, the machine or an \
        earlier version of the field has, as after a plan made for another machine, a changed MLC model, or an import \
        that cuts the last leaves off. What reads the sets refuses the field, or pairs leaves with the wrong \
        positions and shows an aperture moved across the beam.",
    record: FaultRecord { table: "TxField", key: "FLD_ID", parameter: "fld_id" },
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: INTRA,
            severity: FaultSeverity::tenths::<21>(),
            about: "one later control point lacks the last leaf pair",
            eligible: "a field with two control points or more, all with one leaf count",
        },
        Variant {
            word: MACHINE,
            severity: FaultSeverity::tenths::<20>(),
            about: "all control points have another MLC's number of pairs",
            eligible: "a field with the leaf count of most of three or more other fields of its machine",
        },
        Variant {
            word: PLAN,
            severity: FaultSeverity::tenths::<18>(),
            about: "all control points lack the first and the last leaf pair",
            eligible: "a field with another version on its machine, of the same leaf count",
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
        let leaves = self.one_count(&points, task)?;
        match variant {
            INTRA => Ok(PlannedFault::without_witness(variant, vec![self.intra_field(&points, task)?])),
            MACHINE => self.vs_machine(snapshot, &field, &points, leaves, task),
            _ => self.vs_plan(snapshot, &field, &points, leaves, task),
        }
    }
}

impl MlcLeafCountMismatch {
    fn ineligible(&self, task: &Task<'_>, reason: impl Into<String>) -> Refusal {
        task.ineligible(reason)
    }

    /// Returns the number of leaf pairs that all control points with leaves have.
    fn one_count(&self, points: &[LeafPoint<'_>], task: &Task<'_>) -> Result<usize, Refusal> {
        let field: FieldLeaves = points.iter().collect();
        field.common_count().ok_or_else(|| {
            let counts: Vec<String> = field.all_counts().iter().map(ToString::to_string).collect();
            let differ = || format!("its control points already differ in MLC_Leaves: {}", counts.join(", "));
            self.ineligible(
                task,
                if counts.is_empty() { "none of its control points has leaves".into() } else { differ() },
            )
        })
    }

    fn intra_field(&self, points: &[LeafPoint<'_>], task: &Task<'_>) -> Result<Edit, Refusal> {
        let later: Vec<&LeafPoint<'_>> = points.iter().skip(1).filter(|point| point.is_whole()).collect();
        let mut random = RecordRandom::new(task.seed, INTRA, std::slice::from_ref(task.record));
        let Some(point) = random.pick(&later) else {
            return Err(
                self.ineligible(task, "it has no second control point whose leaf sets hold its MLC_Leaves pairs")
            );
        };
        let kept: Vec<LeafPositions> = point.pairs().take(point.leaves - 1).collect();
        self.resize_point(point, &kept, task)
    }

    fn vs_machine(
        &self,
        snapshot: &Snapshot,
        field: &Row<'_>,
        points: &[LeafPoint<'_>],
        leaves: usize,
        task: &Task<'_>,
    ) -> Result<PlannedFault, Refusal> {
        let machines::PeerFields { tally, peers } = machines::read_peer_fields(snapshot, field)?;
        let usual = tally.clear_count().ok_or_else(|| {
            self.ineligible(task, "the other fields of its machine do not tell how many leaf pairs the machine has")
        })?;
        if usual != leaves {
            return Err(
                self.ineligible(task, format!("it already has {leaves} leaf pairs on a machine that has {usual}"))
            );
        }
        // A smaller MLC is preferred: cutting pairs needs no convention, padding with closed pairs does.
        let smaller = LEAF_PAIRS.iter().rfind(|count| **count < leaves);
        let other = smaller.or_else(|| LEAF_PAIRS.iter().find(|count| **count > leaves)).copied();
        let other = other.unwrap_or(leaves + 1);
        let edits = if other < leaves {
            let (front, back) = split_in_half(leaves - other);
            self.resize_all(points, |pairs| cut_pairs(pairs, front, back), task)?
        } else {
            let unknown = "the other fields of its machine do not tell how the machine counts its banks";
            let closed = tally.likely_convention().ok_or_else(|| self.ineligible(task, unknown))?.closed_pair();
            let (front, back) = split_in_half(other - leaves);
            self.resize_all(points, |pairs| [vec![closed; front], pairs, vec![closed; back]].concat(), task)?
        };
        Ok(PlannedFault {
            variant: MACHINE,
            edits,
            witness: Some(build_witness("machine", field.cell(machines::MACHINE), peers)),
        })
    }

    fn vs_plan(
        &self,
        snapshot: &Snapshot,
        field: &Row<'_>,
        points: &[LeafPoint<'_>],
        leaves: usize,
        task: &Task<'_>,
    ) -> Result<PlannedFault, Refusal> {
        let others = versions::read_version_counts(snapshot, field)?;
        let Some(expected) = others.first() else {
            return Err(self.ineligible(task, "no other version of it on its machine has leaves"));
        };
        if others.iter().any(|other| other != expected) {
            return Err(self.ineligible(task, "its other versions do not agree on the number of leaf pairs"));
        }
        if *expected != leaves {
            let reason = format!("it already has {leaves} leaf pairs, and another version of it has {expected}");
            return Err(self.ineligible(task, reason));
        }
        // One pair at either end, so that the others keep their place relative to the axis.
        let edits = self.resize_all(points, |pairs| cut_pairs(pairs, 1, 1), task)?;
        Ok(PlannedFault {
            variant: PLAN,
            edits,
            witness: Some(build_witness("FLD_SET_ID", field.cell(versions::SET), others.len())),
        })
    }

    /// Returns the edits that give every control point the pairs that `change` makes of its own.
    fn resize_all(
        &self,
        points: &[LeafPoint<'_>],
        change: impl Fn(Vec<LeafPositions>) -> Vec<LeafPositions>,
        task: &Task<'_>,
    ) -> Result<Vec<Edit>, Refusal> {
        if let Some(point) = points.iter().find(|point| !point.is_whole()) {
            let reason = format!("the leaf sets of its control point {} lack leaves already", point.render_number());
            return Err(self.ineligible(task, reason));
        }
        points.iter().map(|point| self.resize_point(point, &change(point.pairs().collect()), task)).collect()
    }

    /// Returns the edit that gives a control point these pairs.
    fn resize_point(&self, point: &LeafPoint<'_>, pairs: &[LeafPositions], task: &Task<'_>) -> Result<Edit, Refusal> {
        if pairs.is_empty() {
            return Err(self.ineligible(task, format!("it has too few leaf pairs to lose any: {}", point.leaves)));
        }
        let bank = |bank: &'static str, set: &[u8], position: fn(&LeafPositions) -> i16| {
            let column = point.bank_column(bank)?;
            // In a fixed-length column, zeros replace the pairs that are cut; elsewhere the set becomes shorter.
            let fixed = matches!(column.kind, Kind::Bytes { fixed: true, .. });
            let bytes = leaves::rewrite_set(set, point.leaves, pairs.iter().map(position), fixed);
            let datum = Datum::Bytes(bytes);
            column.store_datum(POINTS, &datum).map_err(|refusal| self.ineligible(task, refusal.to_string()))?;
            Ok::<_, Refusal>((bank, datum))
        };
        let a = bank(BANK_A, point.a, |pair| pair.a)?;
        let b = bank(BANK_B, point.b, |pair| pair.b)?;
        let count = Datum::Integer(i64::try_from(pairs.len()).unwrap_or(i64::MAX));
        Ok(point.build_update([("MLC_Leaves", count), a, b]))
    }
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
