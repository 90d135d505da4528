//! `create_invalid_angles`: one impossible angle at every control point of a field; writes no other column.

use std::collections::BTreeMap;

use clap::Args;
use mfm_journal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::mode::{FailureMode, FaultRecord, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params::{self, Number};
use crate::domains::mosaiq::limits::{COLLIMATOR_DEGREES, GANTRY_DEGREES, Range};
use crate::domains::mosaiq::numbers::CellReading;
use crate::domains::mosaiq::records;
use crate::model::{Datum, Edit, FaultSeverity, Fetch, Ids, Refusal, Row, Snapshot, Value};

pub(super) struct InvalidAngles;

const PARAMETER: &str = "angle_type";
const GANTRY: &str = "gantry";
const COLLIMATOR: &str = "collimator";
/// The angle that a variant proposes, which no machine has.
const PROPOSED_DEGREES: i64 = 400;

static CARD: ModeCard = ModeCard {
    id: "invalid_angles",
    tool: "create_invalid_angles",
    group: ModeGroup::Specified,
    title: "Impossible gantry or collimator angle",
    description: "Every control point of a field gets an angle that no machine can reach, as after an import that \
        mistakes tenths of a degree for degrees, a unit change between plan and record, or a manual edit. A treatment \
        machine refuses such a field; software that only records, displays or reconstructs dose may not, and then \
        shows a beam from a direction that was never planned.",
    record: FaultRecord { table: "TxField", key: "FLD_ID", parameter: "fld_id" },
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: GANTRY,
            severity: FaultSeverity::tenths::<7>(),
            about: "Gantry_Ang of all control points leaves 0 to 360 degrees",
            eligible: "a field with a gantry angle, and none out of range",
            size: None,
        },
        Variant {
            word: COLLIMATOR,
            severity: FaultSeverity::tenths::<6>(),
            about: "Coll_Ang of all control points leaves -180 to 360 degrees",
            eligible: "a field with a collimator angle, and none out of range",
            size: None,
        },
        Variant {
            word: "both",
            severity: FaultSeverity::tenths::<8>(),
            about: "both angles of all control points leave their ranges",
            eligible: "a field with both angles, at least one of them in range throughout",
            size: None,
        },
    ],
    severity: FaultSeverity::tenths::<7>(),
    uses_now: false,
    uses_ordinal: false,
    checks: &["angle_range"],
    data_needed: &[
        "gantry and collimator speed limits of the machine",
        "the time of each control point (not in the database)",
        "the angle ranges that the machine allows",
    ],
};

/// Parameters of `create_invalid_angles`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Fields to break, by TxField.FLD_ID: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    fld_id: Option<Ids>,
    /// Which angle to make impossible: gantry, collimator, or both to the same value.
    #[arg(long, value_name = "WORD", value_parser = params::variant_parser(&CARD))]
    #[schemars(extend("enum" = params::variant_words(&CARD)))]
    angle_type: Option<String>,
    /// The angle to write, in degrees, with at most one decimal; outside 0 to 360 for the gantry, outside -180 to 360
    /// for the collimator and for both. Default with a variant: 400.
    #[arg(long, value_name = "DEGREES", allow_negative_numbers = true)]
    invalid_value: Option<Number>,
}

/// A column of control points that holds an angle.
struct Angle {
    column: &'static str,
    name: &'static str,
    range: Range,
}

/// The gantry first, so that each variant breaks a part of these.
static ANGLES: [Angle; 2] = [
    Angle { column: "Gantry_Ang", name: "gantry angle", range: GANTRY_DEGREES },
    Angle { column: "Coll_Ang", name: "collimator angle", range: COLLIMATOR_DEGREES },
];

/// Returns the angles that a variant breaks.
fn angles_of_variant(variant: &str) -> Vec<&'static Angle> {
    let [gantry, collimator] = &ANGLES;
    match variant {
        GANTRY => vec![gantry],
        COLLIMATOR => vec![collimator],
        _ => vec![gantry, collimator],
    }
}

impl FailureMode for InvalidAngles {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, params: Params, variant: Option<&str>) -> Result<Params, String> {
        let word = params::resolve_variant(self, PARAMETER, params.angle_type.as_deref(), variant)?;
        let default = variant.map(|_| Number(Decimal::from(PROPOSED_DEGREES)));
        let invalid_value = params.invalid_value.or(default);
        if invalid_value.is_none() {
            return Err("invalid_value is missing: an angle in degrees, such as 400".to_owned());
        }
        Ok(Params { fld_id: None, angle_type: Some(word.to_owned()), invalid_value })
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        records::field_queries(records, snapshot)
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let variant = params::variant_of_plan(self, params.angle_type.as_deref(), PARAMETER)?;
        let Number(value) = params::require_param(params.invalid_value, "invalid_value")?;
        let angles = angles_of_variant(variant);
        if let Some(angle) = angles.iter().find(|angle| angle.range.contains(value)) {
            let what = format!("{} ({} degrees)", angle.name, angle.range);
            return Err(Refusal::ValueIsValid { what, value: value.normalise().to_string() });
        }
        records::read_record(snapshot, "TxField", "FLD_ID", task.record)?;
        let points = records::read_points(snapshot, task.record)?;
        let table = &snapshot.table("TxFieldPoint")?.table;
        let mut faults = Vec::new();
        for angle in &angles {
            table.column(angle.column)?;
            if let Some(value) = find_impossible_angle(angle, &points, task)? {
                faults.push(format!("a {} of {value}", angle.name));
            }
        }
        // With both angles asked for, a field that shows one of them does not show the variant yet.
        if faults.len() == angles.len() {
            return Err(task.ineligible(format!("it already has {}", faults.join(" and "))));
        }
        Ok(PlannedFault::without_witness(variant, build_edits(&angles, &points, value)))
    }
}

/// Returns, as text, an angle of the field that is already out of range.
fn find_impossible_angle(angle: &Angle, points: &[Row<'_>], task: &Task<'_>) -> Result<Option<String>, Refusal> {
    let mut has_angle = false;
    for point in points {
        let Some(value) = CellReading::from_cell(point, angle.column).number() else { continue };
        if !value.is_within(angle.range) {
            return Ok(Some(value.to_string()));
        }
        has_angle = true;
    }
    if !has_angle {
        return Err(task.ineligible(format!("no control point of it has a {}", angle.name)));
    }
    Ok(None)
}

fn build_edits(angles: &[&Angle], points: &[Row<'_>], value: Decimal) -> Vec<Edit> {
    let mut edits = Vec::new();
    for point in points {
        let mut set = BTreeMap::new();
        for angle in angles {
            // NULL stays NULL: a control point without an angle must not gain one.
            if point.cell(angle.column).is_some_and(|cell| !cell.is_null()) {
                set.insert(angle.column.to_owned(), Datum::Decimal(value));
            }
        }
        if !set.is_empty() {
            edits.push(Edit::Update { table: "TxFieldPoint".into(), key: point.key(), set });
        }
    }
    edits
}
