//! Cases of `create_timestamp_inconsistency` and the checks of times.

use serde_json::{Value as Json, json};

use super::department::{assert_usage_error, build_department, check_messages, complete_params, planned_cells};
use super::refusal_code;
use super::unreadable::messages_and_remarks;
use crate::domain::mode::Task;
use crate::domains::mosaiq::modes;
use crate::domains::mosaiq::testing::{Database, build_task, json_object};
use crate::model::{Datum, Value};

const TOOL: &str = "create_timestamp_inconsistency";

fn time_value(time: &str) -> Value {
    Value::Text(time.into())
}

fn clinic_with_times(start: Value, end: Value) -> Database {
    let mut clinic = build_department();
    clinic.set_cell("TrackTreatment", 70, "Create_DtTm", start);
    clinic.set_cell("TrackTreatment", 70, "Edit_DtTm", end);
    clinic
}

fn variant_params(word: &str) -> Json {
    json!({"inconsistency_type": word})
}

fn end_cell(time: &str) -> Vec<(String, Datum)> {
    vec![("Edit_DtTm".to_owned(), Datum::Raw(time_value(time)))]
}

fn start_and_end_cells(start: &str, end: &str) -> Vec<(String, Datum)> {
    vec![
        ("Create_DtTm".to_owned(), Datum::Raw(time_value(start))),
        ("Edit_DtTm".to_owned(), Datum::Raw(time_value(end))),
    ]
}

#[test]
fn ends_move_exactly_onto_the_tick_and_in_their_layout() {
    for (start, stop, before, turned) in [
        ("2024-06-03 08:00:00", "2024-06-03 08:01:00", "2024-06-03 06:00:00", "2024-06-03 07:59:00"),
        // Ticks of 1/300 s: .003, .007 and .010 follow each other.
        ("2024-06-03 08:00:00.003", "2024-06-03 08:00:00.007", "2024-06-03 06:00:00.003", "2024-06-03 08:00:00.000"),
        ("2024-06-03 08:00:00.507", "2024-06-03T08:01:00", "2024-06-03T06:00:01", "2024-06-03T07:59:01"),
        ("2024-06-03 08:00:00.507", "2024-06-03T08:01:00.0", "2024-06-03T06:00:00.5", "2024-06-03T07:59:01.0"),
        ("2024-06-03 00:00:00.003", "2024-06-03 00:00:00.010", "2024-06-02 22:00:00.003", "2024-06-02 23:59:59.997"),
        (
            "2014-03-18 14:33:32",
            "2014-03-18 14:34:32.197000",
            "2014-03-18 12:33:32.000000",
            "2014-03-18 14:32:31.803000",
        ),
    ] {
        let clinic = clinic_with_times(time_value(start), time_value(stop));
        assert_eq!(planned_cells(&clinic, TOOL, 70, variant_params("edit_before_create")), end_cell(before));
        assert_eq!(planned_cells(&clinic, TOOL, 70, variant_params("negative_duration")), end_cell(turned));
    }
}

#[test]
fn a_future_delivery_lies_one_calendar_year_ahead() {
    let clinic = build_department();
    let expected = start_and_end_cells("2025-07-01 09:00:00.000", "2025-07-01 10:00:00.000");
    assert_eq!(planned_cells(&clinic, TOOL, 70, variant_params("future_timestamp")), expected);
    let (mode, record, parameters) =
        (modes::find_mode(TOOL).unwrap(), Value::Integer(70), json_object(variant_params("future_timestamp")));
    let snapshot = clinic.read_for(mode, std::slice::from_ref(&record), &parameters);
    let bound = mode.bind(&parameters).unwrap();
    let leap = Task { now: "2028-02-29T23:30:00".parse().unwrap(), ..build_task(bound.as_ref(), &record, 1) };
    let planned = bound.plan(&snapshot, &leap).unwrap();
    let crate::model::Edit::Update { set, .. } = &planned.edits[0] else { panic!("{planned:?}") };
    let expected = start_and_end_cells("2029-02-28 23:30:00.000", "2029-03-01 00:30:00.000");
    assert_eq!(set.clone().into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_delivery_that_shows_it_already_is_not_eligible() {
    let early = time_value("2024-06-03 08:00:00");
    let all = ["edit_before_create", "negative_duration", "future_timestamp"];
    for (start, end, able) in [
        (early.clone(), time_value("2024-06-03 07:59:59"), [false, false, true]),
        (early.clone(), early.clone(), [true, false, true]),
        (time_value("2024-07-01 09:00:01"), time_value("2024-07-01 09:01:00"), [true, true, false]),
        (time_value("2024-07-01 08:59:59"), time_value("2024-07-01 09:00:01"), [true, true, false]),
        (time_value("2024-07-01 08:59:59"), time_value("2024-07-01 09:00:00"), [true, true, true]),
        (Value::Null, early.clone(), [false; 3]),
        (early.clone(), Value::Null, [false; 3]),
        (early, time_value("yesterday"), [false; 3]),
    ] {
        let clinic = clinic_with_times(start.clone(), end.clone());
        for (word, able) in all.into_iter().zip(able) {
            let planned = super::try_plan(&clinic, TOOL, 70, variant_params(word));
            assert_eq!(planned.is_ok(), able, "{word} {start:?} {end:?}");
            assert!(able || refusal_code(&clinic, TOOL, 70, variant_params(word)) == "ineligible");
        }
    }
}

#[test]
fn the_word_is_the_variant() {
    assert_eq!(
        complete_params(TOOL, json!({"ttx_id": 5}), Some("future-timestamp")),
        variant_params("future_timestamp")
    );
    assert_eq!(complete_params(TOOL, variant_params("future-timestamp"), None), variant_params("future_timestamp"));
    assert_usage_error(
        TOOL,
        json!({}),
        None,
        "inconsistency_type is missing: one of edit_before_create, future_timestamp",
    );
    assert_usage_error(
        TOOL,
        variant_params("past"),
        None,
        "inconsistency_type: `past` is not one of edit_before_create",
    );
    assert_usage_error(
        TOOL,
        variant_params("future_timestamp"),
        Some("negative_duration"),
        "contradicts the variant negative_duration",
    );
}

#[test]
fn durations_are_judged_of_deliveries_that_count_only() {
    let start = "2024-06-03 08:00:00";
    for (end, messages) in [
        ("2024-06-03 08:00:10", &[][..]),
        ("2024-06-03 08:30:00", &[]),
        ("2024-06-03 08:00:09.997", &["lasts 9.997 s, outside 10 to 1800 s"]),
        ("2024-06-03 08:30:00.003", &["lasts 1800.003 s, outside 10 to 1800 s"]),
        // The order is another check's business.
        ("2024-06-03 07:00:00", &[]),
    ] {
        assert_eq!(
            check_messages(&clinic_with_times(time_value(start), time_value(end)), "delivery_duration"),
            messages,
            "{end}"
        );
    }
    for (column, value) in [("WasQAMode", 1), ("WasCanceled", 1), ("WasBeamOn", 0), ("WasBeamComplete", 0)] {
        let mut clinic = clinic_with_times(time_value(start), time_value("2024-06-03 08:00:01"));
        assert_eq!(check_messages(&clinic, "delivery_duration").len(), 1);
        clinic.set_cell("TrackTreatment", 70, column, Value::Integer(value));
        assert_eq!(check_messages(&clinic, "delivery_duration"), [""; 0], "{column}");
    }
    let negative = clinic_with_times(time_value(start), time_value("2024-06-03 07:00:00"));
    assert_eq!(check_messages(&negative, "delivery_order"), ["ends 3600 s before it starts"]);
    assert_eq!(check_messages(&clinic_with_times(time_value(start), time_value(start)), "delivery_order"), [""; 0]);
    let late =
        check_messages(&clinic_with_times(time_value(start), time_value("2024-07-01 09:00:01")), "delivery_future");
    assert_eq!(late, ["ends at 2024-07-01 09:00:01, in the future"], "the present is left out");
}

#[test]
fn w04_a_fault_keeps_the_layout_and_the_offset_of_each_cell() {
    let clinic =
        clinic_with_times(time_value("2024-06-03T08:00:00,507+02:00"), time_value("2024-06-03t06:01:00,0070000z"));
    let turned = end_cell("2024-06-03t05:59:01,0070000z");
    assert_eq!(planned_cells(&clinic, TOOL, 70, variant_params("negative_duration")), turned, "it lasted 59.5 s");
    let ahead = start_and_end_cells("2025-07-01T09:00:00,000+02:00", "2025-07-01t08:00:00,0000000z");
    assert_eq!(planned_cells(&clinic, TOOL, 70, variant_params("future_timestamp")), ahead, "on each cell's own clock");
    let copied = super::try_plan(&clinic, "create_duplicate_treatment", 70, json!({})).unwrap();
    let crate::model::Edit::Insert { row, .. } = &copied.edits[0] else { panic!("{copied:?}") };
    assert_eq!(row["Create_DtTm"], Datum::Raw(time_value("2024-06-03T08:00:05,507+02:00")));
    assert_eq!(row["Edit_DtTm"], Datum::Raw(time_value("2024-06-03t06:01:05,0070000z")));
}

#[test]
fn w04_what_cannot_be_read_or_compared_is_not_eligible() {
    for (start, end) in [
        (time_value("2024-06-03 08:00:00"), time_value("2024-06-03 08:01:00+02:00")),
        (time_value("2024-06-03 08:00:00"), time_value("2024-06-03 24:00:00")),
        (time_value("06/03/2024 08:00:00 AM"), time_value("06/03/2024 08:01:00 AM")),
        (Value::Integer(1_717_401_600), Value::Integer(1_717_401_660)),
    ] {
        let clinic = clinic_with_times(start, end);
        for word in ["edit_before_create", "negative_duration", "future_timestamp"] {
            assert_eq!(refusal_code(&clinic, TOOL, 70, variant_params(word)), "ineligible");
        }
        assert_eq!(refusal_code(&clinic, "create_duplicate_treatment", 70, json!({})), "ineligible");
    }
}

#[test]
fn w04_offsets_count_in_durations_and_against_the_present() {
    // The end has the later instant although its wall clock is earlier.
    let sound =
        clinic_with_times(time_value("2024-03-27 02:59:00.000+02:00"), time_value("2024-03-27 02:01:00.000+01:00"));
    for check in ["delivery_order", "delivery_duration", "technique_duration", "delivery_future"] {
        assert_eq!(check_messages(&sound, check), [""; 0], "{check}");
    }
    let wrong =
        clinic_with_times(time_value("2024-03-27 08:00:00.000+02:00"), time_value("2024-03-27 08:05:00.000+03:00"));
    assert_eq!(check_messages(&wrong, "delivery_order"), ["ends 3300 s before it starts"]);
    let late = clinic_with_times(time_value("2024-07-03 00:00:00Z"), time_value("2024-07-03 00:01:00Z"));
    let said = ["starts at 2024-07-03 00:00:00 +00:00 and ends at 2024-07-03 00:01:00 +00:00, in the future"];
    assert_eq!(check_messages(&late, "delivery_future"), said);
    let unlike = clinic_with_times(time_value("2024-06-03 08:00:00"), time_value("2024-06-03 07:00:00Z"));
    assert_eq!(check_messages(&unlike, "delivery_order"), [""; 0]);
}

/// Returns a department with two deliveries of a minute each.
fn clinic_with_starts(first: &str, second: &str) -> Database {
    let mut clinic = build_department();
    for (delivery, start) in [(70, first), (71, second)] {
        let end = start.replacen(":00:", ":01:", 1);
        clinic.set_cell("TrackTreatment", delivery, "Create_DtTm", time_value(start));
        clinic.set_cell("TrackTreatment", delivery, "Edit_DtTm", time_value(&end));
    }
    clinic
}

#[test]
fn w04_deliveries_are_put_in_order_by_their_instants() {
    let twice = clinic_with_starts("2024-06-03 09:00:05+02:00", "2024-06-03 07:00:00Z");
    let message = ["starts 5 s after another delivery of the patient on the machine, while that one ran"];
    assert_eq!(check_messages(&twice, "duplicate_delivery"), message);
    let apart = clinic_with_starts("2024-06-03 09:00:00+02:00", "2024-06-03 09:00:00+01:00");
    assert_eq!(check_messages(&apart, "duplicate_delivery"), [""; 0]);
    let unlike = clinic_with_starts("2024-06-03 09:00:00+02:00", "2024-06-03 09:00:00");
    let remark = "of the times of TrackTreatment.Create_DtTm, TrackTreatment.Edit_DtTm, 2 have an offset from UTC and \
        2 have none; such pairs are not compared";
    assert_eq!(messages_and_remarks(&unlike, "duplicate_delivery"), (vec![], vec![remark.to_owned()]));
}
