//! `delete_control_points`: control points of a field are deleted; the field and its `ControlPoints` count stay.

use std::collections::BTreeSet;
use std::str::FromStr;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::mode::{FailureMode, FaultRecord, ModeCard, ModeGroup, PlannedFault, Task, Variant};
use crate::domain::params;
use crate::domains::mosaiq::records;
use crate::model::seed::RecordRandom;
use crate::model::{Edit, FaultSeverity, Fetch, Ids, Refusal, Row, Snapshot, Value};

pub(super) struct MissingControlPoints;

const SINGLE: &str = "single_gap";
const MULTIPLE: &str = "multiple_gaps";
const ALL: &str = "all_deleted";

static CARD: ModeCard = ModeCard {
    id: "missing_control_points",
    tool: "delete_control_points",
    group: ModeGroup::Specified,
    title: "Control points missing from a field",
    description: "Rows of a field's control points are missing, as after an interrupted import, a partial restore, or \
        a clean-up that matched too much. Software that reads the field interpolates over the gap, or shows a shorter \
        arc or no beam; dose computed from it is wrong, while the field's own record still lists every point.",
    record: FaultRecord { table: "TxField", key: "FLD_ID", parameter: "fld_id" },
    others: &[],
    table_parameter: None,
    variants: &[
        Variant {
            word: SINGLE,
            severity: FaultSeverity::tenths::<18>(),
            about: "one run of neighbouring control points is missing",
            eligible: "a field with points 0 to n-1 once each; proposed for 3 points or more",
            size: None,
        },
        Variant {
            word: MULTIPLE,
            severity: FaultSeverity::tenths::<22>(),
            about: "several runs of control points are missing",
            eligible: "a field with points 0 to n-1 once each; proposed for 5 points or more",
            size: None,
        },
        Variant {
            word: ALL,
            severity: FaultSeverity::tenths::<25>(),
            about: "no control point is left",
            eligible: "a field with points 0 to n-1 once each, whose type or ControlPoints requires some",
            size: None,
        },
    ],
    severity: FaultSeverity::tenths::<20>(),
    uses_now: false,
    uses_ordinal: false,
    checks: &["control_point_sequence"],
    data_needed: &[
        "DICOM RT Plan: number of control points and meterset weights",
        "schema constraints on TxFieldPoint",
    ],
};

/// Parameters of `delete_control_points`.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Fields to break, by TxField.FLD_ID: ids and inclusive ranges, such as 5-9,12.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    fld_id: Option<Ids>,
    /// Control points to delete, by TxFieldPoint.Point, counted from 0: numbers and inclusive ranges, such as 2,5-7, or
    /// `all`.
    #[arg(long, value_name = "POINTS")]
    points_to_delete: Option<Points>,
}

/// Which control points.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "PointsForm")]
enum Points {
    All,
    These(BTreeSet<i64>),
}

/// What JSON may hold for control points.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged, expecting = "write a list of control points, counted from 0, or \"all\"")]
enum PointsForm {
    /// One control point.
    One(i64),
    /// Several control points.
    Many(Vec<i64>),
    /// `all`, or numbers and inclusive ranges: `2,5-7`.
    Text(String),
}

impl Points {
    fn from_numbers(points: BTreeSet<i64>) -> Result<Self, String> {
        // TxFieldPoint.Point is a smallint.
        let last = i64::from(i16::MAX);
        if points.is_empty() {
            return Err("the list of control points is empty".into());
        }
        match points.iter().find(|point| !(0..=last).contains(*point)) {
            Some(point) => Err(format!("{point} is not a control point: they are numbered from 0 to {last}")),
            None => Ok(Self::These(points)),
        }
    }
}

impl FromStr for Points {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().eq_ignore_ascii_case("all") {
            return Ok(Self::All);
        }
        match parse_numbers(text) {
            Some(points) => Self::from_numbers(points),
            None => Err(format!("`{text}` is not a list of control points: write 2,5-7 or all")),
        }
    }
}

/// Parses numbers and inclusive ranges; `None` where the text is anything else.
fn parse_numbers(text: &str) -> Option<BTreeSet<i64>> {
    let mut numbers = BTreeSet::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        // Unsigned, so that a minus always separates the ends of a range.
        let first: u16 = first.trim().parse().ok()?;
        let last: u16 = last.trim().parse().ok()?;
        if first > last {
            return None;
        }
        numbers.extend((first..=last).map(i64::from));
    }
    Some(numbers)
}

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("all"),
            Self::These(points) => points.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let points = match PointsForm::deserialize(deserializer)? {
            PointsForm::One(point) => Self::from_numbers(BTreeSet::from([point])),
            PointsForm::Many(points) => Self::from_numbers(points.into_iter().collect()),
            PointsForm::Text(text) => text.parse(),
        };
        points.map_err(serde::de::Error::custom)
    }
}

impl FailureMode for MissingControlPoints {
    type Params = Params;

    fn card(&self) -> &'static ModeCard {
        &CARD
    }

    fn complete(&self, params: Params, variant: Option<&str>) -> Result<Params, String> {
        match (variant.map(|word| params::find_variant(self, word)).transpose()?, &params.points_to_delete) {
            (None, None) => Err("points_to_delete is missing: control points such as 2,5-7, or all".into()),
            (Some(word), Some(Points::All)) if word != ALL => {
                Err(format!("points_to_delete all contradicts the variant {word}"))
            }
            (Some(MULTIPLE), Some(Points::These(points))) if count_runs(points) < 2 => {
                Err(format!("points_to_delete is one run, which contradicts the variant {MULTIPLE}"))
            }
            (Some(SINGLE), Some(Points::These(points))) if count_runs(points) > 1 => {
                Err(format!("points_to_delete is more than one run, which contradicts the variant {SINGLE}"))
            }
            _ => Ok(params),
        }
    }

    fn needs(&self, records: &[Value], _: &Params, snapshot: &Snapshot) -> Vec<Fetch> {
        records::field_queries(records, snapshot)
    }

    fn propose(
        &self,
        variant: &str,
        snapshot: &Snapshot,
        task: &Task<'_>,
        params: &Params,
    ) -> Result<Option<Params>, Refusal> {
        if params.points_to_delete.is_some() {
            return Ok(None);
        }
        records::read_record(snapshot, "TxField", "FLD_ID", task.record)?;
        let count = records::read_points(snapshot, task.record)?.len();
        let points_to_delete = Some(choose_points(variant, count, task)?);
        Ok(Some(Params { points_to_delete, ..params.clone() }))
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Params) -> Result<PlannedFault, Refusal> {
        let choice = params::require_param(params.points_to_delete.as_ref(), "points_to_delete")?;
        let field = records::read_record(snapshot, "TxField", "FLD_ID", task.record)?;
        let rows = records::read_points(snapshot, task.record)?;
        snapshot.table("TxFieldPoint")?.table.column("Point")?;
        let count = count_sequence(&rows, task)?;
        let points = match choice {
            Points::All => (0..count).collect(),
            Points::These(points) => points.clone(),
        };
        let absent: Vec<String> =
            points.iter().filter(|point| !(0..count).contains(*point)).map(ToString::to_string).collect();
        if !absent.is_empty() {
            let reason = format!("it has no control point {}: it has 0 to {}", absent.join(", "), count - 1);
            return Err(task.ineligible(reason));
        }
        let variant = classify_deletion(&points, count, &field, task)?;
        let mut edits = Vec::new();
        for row in rows {
            if row.integer("Point").is_some_and(|point| points.contains(&point)) {
                edits.push(Edit::Delete { table: "TxFieldPoint".into(), key: row.key() });
            }
        }
        Ok(PlannedFault::without_witness(variant, edits))
    }
}

/// Returns the number of control points; refuses a field whose points are not 0 to n-1, once each.
fn count_sequence(rows: &[Row<'_>], task: &Task<'_>) -> Result<i64, Refusal> {
    let points: BTreeSet<i64> = rows.iter().filter_map(|row| row.integer("Point")).collect();
    let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    if count == 0 {
        return Err(task.ineligible("it has no control points"));
    }
    if points.len() != rows.len() || !points.iter().copied().eq(0..count) {
        let reason = format!("its {count} control points are not numbered 0 to {}, once each", count - 1);
        return Err(task.ineligible(reason));
    }
    Ok(count)
}

/// Returns the variant that a deletion amounts to; refuses one that no check could see.
fn classify_deletion(
    points: &BTreeSet<i64>,
    count: i64,
    field: &Row<'_>,
    task: &Task<'_>,
) -> Result<&'static str, Refusal> {
    let promise = field.integer("ControlPoints");
    let everything = points.iter().copied().eq(0..count);
    // The numbering shows a hole only if a point follows it. The last points leave none, so that only ControlPoints
    // can betray them.
    let tail = points.first().is_some_and(|first| points.iter().copied().eq(*first..count));
    let has_type = field.integer("Type_Enum").is_some_and(|word| word != 0);
    if everything && !has_type && promise.is_none_or(|promise| promise == 0) {
        let reason = "its type is unspecified and ControlPoints is 0 or NULL, so no check could detect that they \
                are missing";
        return Err(task.ineligible(reason));
    }
    if tail && !everything && promise != Some(count) {
        let reason = format!("ControlPoints is not {count}, so no check could detect that the last points are missing");
        return Err(task.ineligible(reason));
    }
    Ok(if everything {
        ALL
    } else if count_runs(points) == 1 {
        SINGLE
    } else {
        MULTIPLE
    })
}

/// Chooses among the interior points of a field with `count` points, so that the numbering alone shows the hole.
fn choose_points(variant: &str, count: usize, task: &Task<'_>) -> Result<Points, Refusal> {
    let needed: u64 = match variant {
        SINGLE => 3,
        MULTIPLE => 5,
        _ => return Ok(Points::All),
    };
    let count = count as u64;
    if count < needed {
        let reason = format!("{variant} needs at least {needed} control points, but it has {count}");
        return Err(task.ineligible(reason));
    }
    let mut random = RecordRandom::new(task.seed, variant, std::slice::from_ref(task.record));
    // The first and the last point stay.
    let interior = count - 2;
    let points = if needed == 3 {
        vec![1 + random.below(interior)]
    } else {
        // Draw two distinct places of interior - 1 and move the upper one up by one: the two points never touch.
        let (first, second) = (random.below(interior - 1), random.below(interior - 2));
        let second = if second >= first { second + 1 } else { second };
        vec![1 + first.min(second), 2 + first.max(second)]
    };
    Ok(Points::These(points.into_iter().filter_map(|point| i64::try_from(point).ok()).collect()))
}

/// Counts the runs of consecutive numbers.
fn count_runs(points: &BTreeSet<i64>) -> usize {
    points.iter().filter(|point| !points.contains(&(**point - 1))).count()
}
