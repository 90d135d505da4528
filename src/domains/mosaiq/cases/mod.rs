//! Single cases of modes and checks: what modes refuse, exactly what they write, and what checks report.

mod department;
mod films;
mod leaf_counts;
mod metersets;
mod mlc;
mod nulls;
mod offsets;
mod pictures;
mod planted;
mod planted_geometry;
mod planted_identity;
mod planted_orders;
mod references;
mod selection;
mod single_edits;
mod times;
mod unreadable;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::modes;
use super::testing::{self, Database, json_object};
use crate::domain::mode::{Mode, PlannedFault};
use crate::domain::table::TableDef;
use crate::model::{Datum, Edit, Refusal, Value};

type Cells<'a> = &'a [(&'a str, Datum)];

/// One patient and one machine: field 1 with 6 points, field 2 with 3, field 3 with 1, and two deliveries of field 1.
fn build_clinic() -> Database {
    let mut database = Database::default();
    let defs = super::schema::lab_tables();
    for name in ["TxField", "TxFieldPoint", "TrackTreatment"] {
        database.create_table(defs.iter().find(|def| def.name == name).unwrap());
    }
    for (field, count) in [(1, 6), (2, 3), (3, 1)] {
        let cells =
            [("FLD_ID", field), ("FLD_SET_ID", field), ("Pat_ID1", 9), ("SIT_Set_ID", field % 2), ("Type_Enum", 2)];
        insert_row(
            &mut database,
            &defs,
            "TxField",
            &[&integer_cells(&cells)[..], &integer_cells(&[("ControlPoints", count)])].concat(),
        );
        for point in 0..count {
            let cells = [("TFP_ID", field * 100 + point), ("FLD_ID", field), ("Point", point), ("Gantry_Ang", 90)];
            insert_row(&mut database, &defs, "TxFieldPoint", &integer_cells(&cells));
        }
    }
    for (id, text) in [(70, "2024-06-03 08:00:00"), (71, "2024-06-03 09:00:00")] {
        let start: jiff::civil::DateTime = text.replace(' ', "T").parse().unwrap();
        let end = start.checked_add(jiff::SignedDuration::from_secs(60)).unwrap();
        let times = [("Create_DtTm", Datum::DateTime(start)), ("Edit_DtTm", Datum::DateTime(end))];
        let cells = integer_cells(&[
            ("TTX_ID", id),
            ("Pat_ID1", 9),
            ("FLD_ID", 1),
            ("Machine_ID_Staff_ID", 5),
            ("WasBeamOn", 1),
        ]);
        let flags = integer_cells(&[("WasBeamComplete", 1), ("WasCanceled", 0), ("DHS_ID", 33)]);
        insert_row(&mut database, &defs, "TrackTreatment", &[&cells[..], &flags, &times].concat());
    }
    database
}

fn integer_cells<'a>(cells: &[(&'a str, i64)]) -> Vec<(&'a str, Datum)> {
    cells.iter().map(|(name, number)| (*name, Datum::Integer(*number))).collect()
}

fn insert_row(database: &mut Database, defs: &[TableDef], table: &str, cells: Cells<'_>) {
    let def = defs.iter().find(|def| def.name == table).unwrap();
    let mut named: BTreeMap<&str, Datum> = cells.iter().cloned().collect();
    let values: Vec<Datum> =
        def.columns.iter().map(|(name, _, _)| named.remove(name.as_str()).unwrap_or(Datum::Null)).collect();
    // A misspelt column would leave the case without what it is about.
    assert!(named.is_empty(), "{table} has no column {named:?}");
    database.insert_row(table, &values).unwrap();
}

fn try_plan(database: &Database, tool: &str, record: i64, given: Json) -> Result<PlannedFault, Refusal> {
    let mode = modes::find_mode(tool).unwrap();
    let record = Value::Integer(record);
    let parameters = mode.complete(&json_object(given), None).unwrap();
    let snapshot = database.read_for(mode, std::slice::from_ref(&record), &parameters);
    testing::plan(mode, &snapshot, &record, &parameters, 1)
}

fn refusal_code(database: &Database, tool: &str, record: i64, given: Json) -> &'static str {
    try_plan(database, tool, record, given).unwrap_err().code()
}

const ANGLES: &str = "create_invalid_angles";
const DUPLICATE: &str = "create_duplicate_treatment";
const POINTS: &str = "delete_control_points";

#[test]
fn angles_write_only_cells_that_hold_one() {
    let mut clinic = build_clinic();
    clinic.set_cell("TxFieldPoint", 101, "Gantry_Ang", Value::Null);
    let gantry = json!({"angle_type": "gantry", "invalid_value": "400.0"});
    let planned = try_plan(&clinic, ANGLES, 1, gantry.clone()).unwrap();
    assert_eq!((planned.variant, planned.edits.len()), ("gantry", 5));
    let Edit::Update { key, set, .. } = &planned.edits[1] else { panic!("{planned:?}") };
    assert_eq!(key, &[Value::Integer(102)]);
    assert_eq!(set.keys().collect::<Vec<_>>(), ["Gantry_Ang"]);
    assert_eq!(clinic.apply_edits(&planned.edits).unwrap(), 5);
    assert_eq!(refusal_code(&clinic, ANGLES, 1, gantry), "ineligible", "it already shows this");
    assert_eq!(
        refusal_code(&clinic, ANGLES, 2, json!({"angle_type": "both", "invalid_value": 400})),
        "ineligible",
        "no Coll_Ang"
    );
}

#[test]
fn valid_angles_and_angles_that_do_not_fit_are_refused() {
    let mut clinic = build_clinic();
    for (angle, value) in
        [("gantry", "360"), ("gantry", "0"), ("collimator", "-180"), ("both", "-90"), ("both", "360.0")]
    {
        assert_eq!(
            refusal_code(&clinic, ANGLES, 1, json!({"angle_type": angle, "invalid_value": value})),
            "value_is_valid"
        );
    }
    // Gantry_Ang is a decimal with three whole digits and one decimal.
    for value in ["1000", "360.05", "-1000"] {
        let planned = try_plan(&clinic, ANGLES, 1, json!({"angle_type": "gantry", "invalid_value": value})).unwrap();
        assert_eq!(clinic.apply_edits(&planned.edits).unwrap_err().code(), "does_not_fit", "{value}");
    }
    let negative = try_plan(&clinic, ANGLES, 1, json!({"angle_type": "gantry", "invalid_value": -0.1})).unwrap();
    assert_eq!(negative.edits.len(), 6);
}

#[test]
fn a_duplicate_copies_all_but_key_and_rowversion() {
    let mut clinic = build_clinic();
    clinic.set_cell("TrackTreatment", 70, "RowVers", Value::Bytes(vec![1; 8]));
    let planned = try_plan(&clinic, DUPLICATE, 70, json!({})).unwrap();
    let [Edit::Insert { table, row }] = &planned.edits[..] else { panic!("{planned:?}") };
    assert_eq!((table.as_str(), planned.variant), ("TrackTreatment", "same_field"));
    assert_eq!(row["TTX_ID"], Datum::Integer(72));
    assert_eq!(row["DHS_ID"], Datum::Raw(Value::Integer(33)));
    assert_eq!(row["Create_DtTm"], Datum::Raw(Value::Text("2024-06-03 08:00:05.000".into())));
    assert_eq!(row["Edit_DtTm"], Datum::Raw(Value::Text("2024-06-03 08:01:05.000".into())));
    assert!(!row.contains_key("RowVers"));
    let other = try_plan(&clinic, DUPLICATE, 70, json!({"change_field": true, "time_offset_seconds": -59})).unwrap();
    let [Edit::Insert { row, .. }] = &other.edits[..] else { panic!("{other:?}") };
    assert_eq!(row["FLD_ID"], Datum::Integer(3), "the other field of the same prescription");
    assert_eq!(other.variant, "different_field");
}

#[test]
fn only_a_delivery_that_counts_can_be_duplicated() {
    let clean = build_clinic();
    assert_eq!(refusal_code(&clean, DUPLICATE, 70, json!({"time_offset_seconds": 60})), "not_a_duplicate");
    assert!(try_plan(&clean, DUPLICATE, 70, json!({"time_offset_seconds": 0})).is_ok());
    assert!(try_plan(&clean, DUPLICATE, 70, json!({"time_offset_seconds": -10})).is_ok());
    for (column, value) in [
        ("WasCanceled", Value::Integer(1)),
        ("WasBeamOn", Value::Integer(0)),
        ("WasBeamComplete", Value::Null),
        ("Pat_ID1", Value::Null),
        ("Machine_ID_Staff_ID", Value::Null),
        ("Edit_DtTm", Value::Null),
        ("Edit_DtTm", Value::Text("2024-06-03 08:00:00".into())),
    ] {
        let mut changed = clean.clone();
        changed.set_cell("TrackTreatment", 70, column, value);
        assert_eq!(refusal_code(&changed, DUPLICATE, 70, json!({})), "ineligible", "{column}");
    }
    let mut alone = clean.clone();
    for field in [2, 3] {
        alone.set_cell("TxField", field, "Pat_ID1", Value::Integer(8));
    }
    assert_eq!(refusal_code(&alone, DUPLICATE, 70, json!({"change_field": true})), "ineligible");
    let mut without = clean;
    without.drop("TxField");
    assert!(try_plan(&without, DUPLICATE, 70, json!({})).is_ok(), "the same field needs no TxField");
    assert_eq!(refusal_code(&without, DUPLICATE, 70, json!({"change_field": true})), "missing_table");
}

#[test]
fn deletions_are_named_by_what_is_left() {
    let mut clinic = build_clinic();
    for (points, variant, rows) in [
        (json!([2]), "single_gap", 1),
        (json!([0, 1]), "single_gap", 2),
        (json!("4-5"), "single_gap", 2),
        (json!("1, 3"), "multiple_gaps", 2),
        (json!([0, 5]), "multiple_gaps", 2),
        (json!("all"), "all_deleted", 6),
        (json!([5, 4, 3, 2, 1, 0, 0]), "all_deleted", 6),
    ] {
        let planned = try_plan(&clinic, POINTS, 1, json!({"points_to_delete": points})).unwrap();
        assert_eq!((planned.variant, planned.edits.len()), (variant, rows));
    }
    let refused = try_plan(&clinic, POINTS, 1, json!({"points_to_delete": "4-7"})).unwrap_err();
    assert!(refused.to_string().contains("no control point 6, 7"), "{refused}");
    clinic.set_cell("TxField", 1, "ControlPoints", Value::Integer(7));
    assert_eq!(
        refusal_code(&clinic, POINTS, 1, json!({"points_to_delete": [5]})),
        "ineligible",
        "nothing could see the tail"
    );
    assert!(try_plan(&clinic, POINTS, 1, json!({"points_to_delete": [0]})).is_ok());
    clinic.set_cell("TxFieldPoint", 103, "Point", Value::Integer(9));
    assert_eq!(refusal_code(&clinic, POINTS, 1, json!({"points_to_delete": [0]})), "ineligible", "not 0 to n-1");
}

#[test]
fn usage_errors_are_sentences_that_name_the_parameter() {
    for (tool, given, variant, part) in [
        (ANGLES, json!({}), None, "angle_type is missing"),
        (ANGLES, json!({"angle_type": "gantry"}), None, "invalid_value is missing"),
        (ANGLES, json!({"angle_type": "gantry", "invalid_value": "NaN"}), None, "invalid_value: `NaN`"),
        (ANGLES, json!({"angle_type": "gantry", "invalid_value": true}), None, "invalid_value: it is not a number"),
        (
            ANGLES,
            json!({"angle_type": "couch", "invalid_value": 400}),
            None,
            "angle_type: `couch` is not one of gantry",
        ),
        (ANGLES, json!({"angle": "gantry"}), None, "unknown field `angle`"),
        (ANGLES, json!({"angle_type": "gantry"}), Some("both"), "contradicts"),
        (DUPLICATE, json!({"change_field": true}), Some("same_field"), "contradicts"),
        (DUPLICATE, json!({"time_offset_seconds": 1.5}), None, "time_offset_seconds: "),
        (POINTS, json!({}), None, "points_to_delete is missing"),
        (POINTS, json!({"points_to_delete": []}), None, "points_to_delete: the list of control points is empty"),
        (POINTS, json!({"points_to_delete": [-1]}), None, "-1 is not a control point"),
        (POINTS, json!({"points_to_delete": "5-2"}), None, "`5-2`"),
        (POINTS, json!({"points_to_delete": "all"}), Some("single_gap"), "contradicts"),
        (POINTS, json!({"points_to_delete": [1, 3]}), Some("single_gap"), "contradicts"),
    ] {
        let error = modes::find_mode(tool).unwrap().complete(&json_object(given), variant).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn complete_parameters_are_normal() {
    let angles = json!({"fld_id": "5-9", "angle_type": "gantry", "invalid_value": 400.50});
    let normal = json!({"angle_type": "gantry", "invalid_value": "400.5"});
    assert_eq!(department::complete_params(ANGLES, angles, None), normal);
    let default = json!({"time_offset_seconds": 5, "change_field": false});
    assert_eq!(department::complete_params(DUPLICATE, json!({"ttx_id": [1, 2]}), None), default);
    let different = json!({"time_offset_seconds": 5, "change_field": true});
    assert_eq!(department::complete_params(DUPLICATE, json!({}), Some("different-field")), different);
    let points = json!({"points_to_delete": [1, 2, 3]});
    assert_eq!(department::complete_params(POINTS, json!({"points_to_delete": "3,1-2"}), None), points);
}

fn parse_arguments(mode: &dyn Mode, words: &[&str]) -> Result<Map<String, Json>, clap::Error> {
    let command = mode.add_arguments(clap::Command::new("mode"));
    mode.parse_matches(&command.try_get_matches_from([&["mode"], words].concat())?)
}

#[test]
fn the_command_line_gives_what_was_given() {
    for (tool, words, parameters) in [
        (ANGLES, &[][..], json!({})),
        (
            ANGLES,
            &["--fld-id", "5-9,12", "--angle-type", "both", "--invalid-value", "-181.5"],
            json!({"fld_id": "5-9,12", "angle_type": "both", "invalid_value": "-181.5"}),
        ),
        (
            DUPLICATE,
            &["--time-offset-seconds", "-5", "--change-field"],
            json!({"time_offset_seconds": -5, "change_field": true}),
        ),
        (DUPLICATE, &["--change-field=false"], json!({"change_field": false})),
        (POINTS, &["--points-to-delete", "1,3-4"], json!({"points_to_delete": [1, 3, 4]})),
        (POINTS, &["--points-to-delete", "all"], json!({"points_to_delete": "all"})),
    ] {
        let parsed = parse_arguments(modes::find_mode(tool).unwrap(), words).unwrap();
        assert_eq!(Json::Object(parsed), parameters, "{words:?}");
    }
    for bad in ["NaN", "inf", "1e3", "-inf", ""] {
        assert!(parse_arguments(modes::find_mode(ANGLES).unwrap(), &["--invalid-value", bad]).is_err(), "{bad}");
    }
}
