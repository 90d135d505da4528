//! Cases of what checks cannot read, do not find, or find too often.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::department::{build_department, check_messages, run_check};
use super::{DUPLICATE, insert_row, integer_cells, refusal_code, try_plan};
use crate::domains::mosaiq::checks::{self, CHECKS, CheckVerdict};
use crate::domains::mosaiq::testing::{self, Database, TERMS, json_object};
use crate::domains::mosaiq::{laws, modes, schema};
use crate::model::{Datum, Severity, Value};

fn check_verdict(database: &Database, id: &str) -> CheckVerdict {
    let check = checks::find(id).unwrap();
    check.run(&database.read_snapshot(check.required_queries()), &TERMS)
}

/// Returns messages and remarks of a check, which must run.
pub(super) fn messages_and_remarks(database: &Database, id: &str) -> (Vec<String>, Vec<String>) {
    match check_verdict(database, id) {
        CheckVerdict::Ran { findings, remarks, .. } => {
            (findings.into_iter().map(|finding| finding.message).collect(), remarks)
        }
        CheckVerdict::NotRun { why } => panic!("{id}: {why}"),
    }
}

fn not_run(database: &Database, id: &str) -> String {
    match check_verdict(database, id) {
        CheckVerdict::NotRun { why } => why,
        ran @ CheckVerdict::Ran { .. } => panic!("{ran:?}"),
    }
}

fn text_value(text: &str) -> Value {
    Value::Text(text.into())
}

fn break_it(database: &mut Database, tool: &str, record: i64, given: Json) {
    let planned = try_plan(database, tool, record, given).unwrap();
    database.apply_edits(&planned.edits).unwrap();
}

/// Asserts that a fault is still found although a column that its check reads is missing.
fn seen_without(column: (&str, &str), check: &str, message: &str, fault: impl Fn(&mut Database)) {
    let mut without = build_department();
    // A static field, which may have one control point.
    without.set_cell("TxField", 3, "Type_Enum", Value::Integer(1));
    without.drop_column(column.0, column.1);
    let remark = format!("{}.{} is missing, and was not judged", column.0, column.1);
    assert_eq!(messages_and_remarks(&without, check), (vec![], vec![remark.clone()]), "{column:?}");
    fault(&mut without);
    assert_eq!(messages_and_remarks(&without, check), (vec![message.to_owned()], vec![remark]), "{column:?}");
}

#[test]
fn one_absent_column_leaves_the_others_judged() {
    seen_without(("TxField", "Machine_ID_Staff_ID"), "null_field", "Pat_ID1 is NULL", |database| {
        let null = json!({"table": "TxField", "field_to_nullify": "Pat_ID1"});
        break_it(database, "nullify_required_fields", 1, null);
    });
    let state = "Offset_State is 99, not one of [1, 2]";
    seen_without(("Offset", "Offset_Type"), "offset_codes", state, |database| {
        break_it(database, "corrupt_offset_data", 50, json!({"corruption_type": "invalid_state", "value": 99}));
    });
    let far = "Superior_Offset is 11 cm, outside -10 to 10 cm";
    seen_without(("Offset", "Lateral_Offset"), "offset_size", far, |database| {
        database.set_cell("Offset", 50, "Superior_Offset", Value::Integer(11));
    });
    for (table, column) in [("TxField", "ControlPoints"), ("TxField", "Type_Enum")] {
        let mut gap = build_department();
        gap.drop_column(table, column);
        break_it(&mut gap, "delete_control_points", 1, json!({"points_to_delete": [2]}));
        let (messages, remarks) = messages_and_remarks(&gap, "control_point_sequence");
        assert!(messages.contains(&"lacks control point 2".to_owned()), "{messages:?}");
        assert_eq!(remarks, [format!("{table}.{column} is missing, and was not judged")]);
    }
    let promised = "has 5 control points, but ControlPoints is 6";
    seen_without(("TxFieldPoint", "Point"), "control_point_sequence", promised, |database| {
        database.remove_row("TxFieldPoint", 102);
    });
    seen_without(
        ("TxFieldPoint", "Coll_Ang"),
        "angle_range",
        "the gantry angle is 400, outside 0 to 360 degrees",
        |d| {
            d.set_cell("TxFieldPoint", 100, "Gantry_Ang", Value::Integer(400));
        },
    );
    seen_without(
        ("TrackTreatment", "Create_DtTm"),
        "delivery_future",
        "ends at 2025-01-01 00:00:00, in the future",
        |database| database.set_cell("TrackTreatment", 70, "Edit_DtTm", text_value("2025-01-01")),
    );
    seen_without(
        ("TxFieldPoint", "B_Leaf_Set"),
        "mlc_leaf_set",
        "A_Leaf_Set has 1 bytes, an odd number; A_Leaf_Set has 1 bytes, but 2 leaf pairs need 4",
        |database| {
            database.set_cell("TxFieldPoint", 100, "A_Leaf_Set", Value::Bytes(vec![0]));
            database.set_cell("TxFieldPoint", 100, "MLC_Leaves", Value::Integer(2));
        },
    );
}

#[test]
fn one_absent_table_leaves_the_other_references_judged() {
    let mut without = build_department();
    without.drop("Site");
    let orphan = json!({"record_type": "TrackTreatment", "invalid_fk_field": "FLD_ID", "invalid_value": 7777});
    break_it(&mut without, "create_orphaned_record", 70, orphan);
    let remark = "Site is missing, and TrackTreatment.SIT_ID was not judged".to_owned();
    let message = "FLD_ID is 7777, but TxField has no such FLD_ID".to_owned();
    assert_eq!(messages_and_remarks(&without, "orphan_delivery"), (vec![message], vec![remark]));
    assert_eq!(not_run(&without, "orphan_offset"), "the target has no table Site");
    let mut none = build_department();
    none.drop("Patient");
    none.drop("Site");
    none.drop_column("TrackTreatment", "FLD_ID");
    let why =
        "the target has no table Patient; table TrackTreatment has no column FLD_ID; the target has no table Site";
    assert_eq!(not_run(&none, "orphan_delivery"), why);
}

// With any one column missing, a fault that can still be made is still found.
#[test]
fn no_absent_column_hides_a_fault() {
    let lab = Database::generate_lab(3, 1);
    let reads: BTreeSet<(&str, &str)> =
        CHECKS.iter().flat_map(|check| check.columns()).map(|read| read.table_column()).collect();
    assert!(reads.len() > 30, "{reads:?}");
    for (table, column) in reads {
        if schema::key_columns()[table].iter().all(|key| key != column) {
            laws::faults_are_seen_without(&lab, table, column);
        }
    }
}

#[test]
fn what_is_no_number_is_counted_or_stops_the_check() {
    for (table, keys, column, check, noun) in [
        ("TxFieldPoint", vec![100, 101], "Gantry_Ang", "angle_range", "number"),
        ("TxField", vec![1, 2], "Meterset", "meterset_value", "number"),
        ("TxField", vec![1, 2], "Meterset", "meterset_index", "number"),
        ("TxFieldPoint", vec![100, 101], "Index", "meterset_index", "number"),
        ("TxField", vec![1, 2], "ControlPoints", "control_point_sequence", "whole number"),
        ("TrackTreatment", vec![70], "Create_DtTm", "delivery_order", "date and time"),
        ("TrackTreatment", vec![70], "Edit_DtTm", "delivery_future", "date and time"),
        ("TrackTreatment", vec![70], "WasBeamOn", "duplicate_delivery", "flag"),
    ] {
        let mut some = build_department();
        for key in &keys {
            some.set_cell(table, *key, column, text_value("yesterday"));
        }
        let remark = match keys.len() {
            1 => format!("1 cell of {table}.{column} contains no {noun}"),
            number => format!("{number} cells of {table}.{column} contain no {noun}"),
        };
        assert_eq!(
            messages_and_remarks(&some, check),
            (check_messages(&build_department(), check), vec![remark]),
            "{check}"
        );
    }
}

/// Returns a department in which every row of a table has one value in these columns.
fn department_with(table: &str, columns: &[&str], value: &Value) -> Database {
    let mut database = build_department();
    for key in database.keys(table) {
        let Value::Integer(key) = key else { panic!("{key:?}") };
        for column in columns {
            database.set_cell(table, key, column, value.clone());
        }
    }
    database
}

#[test]
fn a_check_that_can_read_nothing_does_not_run() {
    let (word, bytes) = (text_value("45000"), Value::Bytes(vec![1, 2]));
    let angles = department_with("TxFieldPoint", &["Gantry_Ang"], &bytes);
    let remark = "no cell of TxFieldPoint.Gantry_Ang contains a number, and it was not judged".to_owned();
    assert_eq!(messages_and_remarks(&angles, "angle_range"), (vec![], vec![remark]));
    let angles = department_with("TxFieldPoint", &["Gantry_Ang", "Coll_Ang"], &word);
    let why = "no cell of TxFieldPoint.Gantry_Ang contains a number; no cell of TxFieldPoint.Coll_Ang contains a \
        number";
    assert_eq!(not_run(&angles, "angle_range"), why);
    let times = department_with("TrackTreatment", &["Edit_DtTm"], &word);
    let why = "no cell of TrackTreatment.Edit_DtTm contains a date and time";
    assert_eq!([not_run(&times, "delivery_order"), not_run(&times, "duplicate_delivery")], [why, why]);
    let studies = department_with("Offset", &["Study_DtTm"], &word);
    assert_eq!(not_run(&studies, "offset_future"), "no cell of Offset.Study_DtTm contains a date and time");
    let metersets = department_with("TxField", &["Meterset"], &word);
    assert_eq!(not_run(&metersets, "meterset_value"), "no cell of TxField.Meterset contains a number");
    let flags = department_with("TrackTreatment", &["WasBeamOn"], &Value::Null);
    let why = "no cell of TrackTreatment.WasBeamOn contains a flag";
    assert_eq!(not_run(&flags, "duplicate_delivery"), why, "a NULL is no flag");
    let cancelled = department_with("TrackTreatment", &["WasCanceled"], &Value::Null);
    assert_eq!(messages_and_remarks(&cancelled, "duplicate_delivery"), (vec![], vec![]), "a NULL cancels nothing");
    let nothing = department_with("TxField", &["Meterset"], &Value::Null);
    assert_eq!(
        messages_and_remarks(&nothing, "meterset_value"),
        (vec![], vec![]),
        "a NULL is another check's business"
    );
}

fn assert_critical(database: &Database, check: &str, message: &str) {
    let findings = run_check(database, check).into_iter();
    let findings: Vec<_> = findings.map(|finding| (finding.severity, finding.message)).collect();
    assert_eq!(findings, [(Severity::Critical, message.to_owned())]);
}

#[test]
fn a_float_beyond_decimals_is_far_out_of_range() {
    for (number, shown) in [(f64::INFINITY, "inf"), (1e300, "1e300"), (-1e200, "-1e200"), (f64::NEG_INFINITY, "-inf")] {
        let mut clinic = build_department();
        clinic.set_cell("TxFieldPoint", 100, "Gantry_Ang", Value::Real(number));
        clinic.set_cell("TxField", 1, "Meterset", Value::Real(number));
        clinic.set_cell("Offset", 50, "Lateral_Offset", Value::Real(number));
        let angle = format!("the gantry angle is {shown}, outside 0 to 360 degrees");
        assert_eq!(messages_and_remarks(&clinic, "angle_range"), (vec![angle], vec![]));
        assert_critical(&clinic, "meterset_value", &format!("Meterset is {shown} MU"));
        let offset = format!("Lateral_Offset is {shown} cm, outside -20 to 20 cm");
        assert_critical(&clinic, "offset_size", &offset);
        let dose = format!("0.8 cGy per MU times {shown} MU is not 200 cGy");
        assert_eq!(check_messages(&clinic, "meterset_dose"), [dose]);
        let angles = json!({"angle_type": "gantry", "invalid_value": "400"});
        assert_eq!(refusal_code(&clinic, "create_invalid_angles", 1, angles), "ineligible");
        let axes = json!({"corruption_type": "extreme_values", "value": "999.9"});
        assert_eq!(refusal_code(&clinic, "corrupt_offset_data", 50, axes), "ineligible");
        let word = if number > 0.0 { "extreme_value" } else { "negative_meterset" };
        let value = if number > 0.0 { 999_999 } else { -100 };
        let meterset = json!({"inconsistency_type": word, "value": value});
        assert_eq!(refusal_code(&clinic, METERSET, 1, meterset), "ineligible");
    }
    let mut index = build_department();
    index.set_cell("TxField", 2, "Meterset", Value::Real(f64::INFINITY));
    let message = "the last index is 252, neither 100 % nor the Meterset, inf MU";
    assert_eq!(check_messages(&index, "meterset_index"), [message]);
}

const METERSET: &str = "create_meterset_inconsistency";

/// Runs `mlc_leaf_set` on a control point with this number of leaves and this set in both banks.
fn check_leaf_set(leaves: Value, set: Vec<u8>) -> (Vec<String>, Vec<String>) {
    let mut clinic = build_department();
    clinic.set_cell("TxFieldPoint", 100, "MLC_Leaves", leaves);
    clinic.set_cell("TxFieldPoint", 100, "A_Leaf_Set", Value::Bytes(set.clone()));
    clinic.set_cell("TxFieldPoint", 100, "B_Leaf_Set", Value::Bytes(set));
    messages_and_remarks(&clinic, "mlc_leaf_set")
}

#[test]
fn leaf_sets_without_leaves_hold_zeros() {
    for (leaves, shown) in [(Value::Null, "NULL"), (Value::Integer(0), "0"), (Value::Integer(-2), "-2")] {
        let [a, b] = ["A", "B"].map(|bank| format!("{bank}_Leaf_Set has positions, but MLC_Leaves is {shown}"));
        assert_eq!(check_leaf_set(leaves.clone(), vec![1, 0, 2, 0]), (vec![format!("{a}; {b}")], vec![]));
        assert_eq!(check_leaf_set(leaves, vec![0; 4]), (vec![], vec![]), "zeros are no positions");
    }
    let (messages, remarks) = check_leaf_set(text_value("many"), vec![1, 0]);
    assert!(messages[0].starts_with("A_Leaf_Set has positions, but MLC_Leaves is 'many'"), "{messages:?}");
    assert_eq!(remarks, ["no cell of TxFieldPoint.MLC_Leaves contains a whole number, and it was not judged"]);
    let mut words = build_department();
    words.set_cell("TxFieldPoint", 100, "A_Leaf_Set", text_value("lost"));
    // One cell must be readable: a column of words alone would be of another type, and not checked at all.
    words.set_cell("TxFieldPoint", 101, "A_Leaf_Set", Value::Bytes(vec![0; 4]));
    words.set_cell("TxFieldPoint", 101, "B_Leaf_Set", Value::Bytes(vec![0; 4]));
    let message = "A_Leaf_Set contains 'lost' instead of bytes; B_Leaf_Set is missing, but the other bank is there";
    assert_eq!(check_messages(&words, "mlc_leaf_set"), [message]);
}

#[test]
fn w06_a_check_of_an_empty_table_does_not_run() {
    let mut clinic = build_department();
    clinic.remove_row("Offset", 50);
    for id in ["null_offset", "orphan_offset", "offset_size", "offset_codes", "offset_future"] {
        assert_eq!(not_run(&clinic, id), "Offset is empty", "{id}: nothing looked at is no pass");
    }
    let all = Database::generate_lab(3, 4);
    // A lab of this size may have too few fields of a machine or a type to know what is usual.
    let usual = ["leaf_count_machine", "meterset_outlier"];
    let ids = CHECKS.iter().map(|check| check.card().id).filter(|id| !usual.contains(id));
    let remarks: Vec<_> = ids.flat_map(|id| messages_and_remarks(&all, id).1).collect();
    assert_eq!(remarks, [""; 0], "a clean lab leaves nothing else unjudged");
}

/// Returns a department with deliveries of patient 9 on machine 5: start and duration in seconds.
fn clinic_with_deliveries(times: &[(i64, i64)]) -> Database {
    let mut clinic = build_department();
    clinic.remove_row("TrackTreatment", 70);
    clinic.remove_row("TrackTreatment", 71);
    let midnight: jiff::civil::DateTime = "2024-06-03T00:00:00".parse().unwrap();
    for (id, (start, lasts)) in (1..).zip(times) {
        let ids = integer_cells(&[("TTX_ID", id), ("Pat_ID1", 9), ("FLD_ID", 1), ("Machine_ID_Staff_ID", 5)]);
        let flags = integer_cells(&[("WasBeamOn", 1), ("WasBeamComplete", 1)]);
        let [start, end] = [*start, start + lasts]
            .map(|seconds| Datum::DateTime(midnight.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap()));
        let times = [("Create_DtTm", start), ("Edit_DtTm", end)];
        insert_row(&mut clinic, &schema::lab_tables(), "TrackTreatment", &[&ids[..], &flags, &times].concat());
    }
    clinic
}

/// Returns the delivery that clashes, the one that it clashes with, and the message.
fn clashes(times: &[(i64, i64)]) -> Vec<(Value, Value, String)> {
    let findings = run_check(&clinic_with_deliveries(times), "duplicate_delivery").into_iter();
    findings.map(|f| (f.key[0].clone(), f.related[0].1[0].clone(), f.message)).collect()
}

fn clash(key: i64, first: i64, seconds: i64, rest: &str) -> (Value, Value, String) {
    let message = format!("starts {seconds} s after another delivery of the patient on the machine{rest}");
    (Value::Integer(key), Value::Integer(first), message)
}

#[test]
fn a_delivery_clashes_once_and_names_the_nearest() {
    let ran = ", while that one ran";
    assert_eq!(clashes(&[(0, 60), (60, 60), (131, 5)]), []);
    assert_eq!(clashes(&[(0, 60), (5, 60)]), [clash(2, 1, 5, ran)]);
    let long = clashes(&[(0, 600), (100, 10), (200, 10), (205, 100), (300, 10)]);
    let expected = [
        clash(2, 1, 100, ran),
        clash(3, 1, 200, ran),
        clash(4, 3, 5, ", while that one ran; 1 more conflict with it"),
        clash(5, 4, 95, ", while that one ran; 1 more conflict with it"),
    ];
    assert_eq!(long, expected);
    let short = clashes(&[(0, 1), (4, 1), (8, 1), (12, 1)]);
    assert_eq!(short.last(), Some(&clash(4, 3, 4, "; 1 more conflict with it")), "the first is 12 s away");
}

// Compares with the plain rule, every pair by itself.
#[test]
fn counting_clashes_is_comparing_every_pair() {
    let mut seed: u64 = 7;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((seed >> 33) % below).unwrap()
    };
    for _ in 0..40 {
        let times: Vec<(i64, i64)> = (0..30).map(|_| (random(400), random(60))).collect();
        let mut order: Vec<(i64, i64, i64)> =
            (1..).zip(&times).map(|(id, (start, lasts))| (*start, id, *lasts)).collect();
        order.sort_unstable();
        let mut expected = Vec::new();
        for (at, (start, id, _)) in order.iter().enumerate() {
            let mut earlier = order[..at].to_vec();
            earlier.retain(|(first, _, lasts)| start - first <= 10 || first + lasts > *start);
            expected.extend(
                earlier.last().map(|nearest| (Value::Integer(*id), Value::Integer(nearest.1), earlier.len() - 1)),
            );
        }
        let mut reported = Vec::new();
        for (key, first, message) in clashes(&times) {
            let more = message.split_once("; ");
            reported.push((key, first, more.map_or(0, |(_, rest)| rest.split(' ').next().unwrap().parse().unwrap())));
        }
        expected.sort();
        assert_eq!(reported, expected);
    }
}

#[test]
fn a_copy_of_a_delivery_among_many_is_named() {
    let times: Vec<(i64, i64)> = (0..20).map(|number| (number * 60, 50)).collect();
    let mut clinic = clinic_with_deliveries(&times);
    let before = run_check(&clinic, "duplicate_delivery");
    assert_eq!(before, []);
    for record in [Value::Integer(3), Value::Integer(9)] {
        let parameters = json_object(json!({"time_offset_seconds": -5, "change_field": false}));
        let mode = modes::find_mode(DUPLICATE).unwrap();
        let snapshot = clinic.read_for(mode, std::slice::from_ref(&record), &parameters);
        let planned = testing::plan(mode, &snapshot, &record, &parameters, 1).unwrap();
        clinic.apply_edits(&planned.edits).unwrap();
        let findings = run_check(&clinic, "duplicate_delivery");
        assert!(findings.iter().any(|finding| finding.names_row("TrackTreatment", std::slice::from_ref(&record))));
    }
}
