//! Answers of the queries on recordings made in memory, compared with formulas and counts.

use serde_json::{Map, Value as Json, json};

use crate::domain::Domain;
use crate::domain::query::QueryError;
use crate::domains::recordings::Recordings;
use crate::domains::recordings::testing::{Database, recording};
use crate::model::{Fetch, Value};

const FLOOR: i64 = 0x8000_0002;
const DT: f64 = 0.016;

fn try_ask(database: &Database, name: &str, params: Json) -> Result<Map<String, Json>, QueryError> {
    let domain: &dyn Domain = &Recordings;
    let mut run = domain.find_query(name).unwrap().parse_and_start(params.as_object().unwrap())?;
    database.run_scans(&mut *run);
    run.finish().map(|answer| answer.data)
}

fn ask(database: &Database, name: &str, params: Json) -> Map<String, Json> {
    let answer = try_ask(database, name, params).unwrap();
    assert!(answer["summary"].as_str().is_some_and(|summary| summary.len() > 10), "{name}: {answer:?}");
    // Whatever a recording holds, NaN and infinities included, an answer is valid JSON.
    let text = serde_json::to_string(&answer).unwrap();
    assert!(serde_json::from_str::<Json>(&text).is_ok());
    answer
}

fn assert_near(actual: &Json, expected: f64, tolerance: f64) {
    let actual = actual.as_f64().unwrap();
    assert!((actual - expected).abs() <= tolerance, "{actual} is not {expected}");
}

fn array_field<'a>(answer: &'a Map<String, Json>, name: &str) -> &'a Vec<Json> {
    answer[name].as_array().unwrap_or_else(|| panic!("{name}: {:?}", answer[name]))
}

fn first_mass(database: &Database) -> f64 {
    array_field(&ask(database, "get_metadata", json!({})), "bodies")[0]["mass"].as_f64().unwrap()
}

fn count_rows(database: &Database, table: &str) -> usize {
    database.answer_fetch(&Fetch::all(table)).unwrap().rows.len()
}

#[test]
fn every_query_has_a_card_an_example_and_schemas() {
    let domain: &dyn Domain = &Recordings;
    let specification = domain.queries().iter().filter(|query| query.card().group == "specification").count();
    assert_eq!(specification, 13, "beside the two of the files");
    for query in domain.queries() {
        let card = query.card();
        assert!(domain.find_query(&card.name.replace('_', "-")).is_some(), "{}", card.name);
        assert!(query.answer_schema().get("properties").is_some_and(|all| all.get("summary").is_some()));
        assert!(card.about.len() < 200 && card.about.ends_with('.'), "{}", card.name);
    }
}

#[test]
fn get_metadata_returns_correct_counts() {
    let database = recording("stack", 60, 1);
    let answer = ask(&database, "get_metadata", json!({}));
    assert_eq!(answer["total_frames"], 60);
    assert_eq!(array_field(&answer, "bodies").len(), count_rows(&database, "AssetInertialStaticRecord"));
    assert_eq!((&answer["first_frame"], &answer["last_frame"]), (&json!(1), &json!(60)));
    assert_eq!(answer["generation"], "unified_constraints");
    assert_eq!(answer["complete"], true);
    assert!(array_field(&answer, "environment_bodies").iter().all(|body| body["body_id"].as_i64().unwrap() > 1 << 31));
}

#[test]
fn get_frame_returns_the_complete_frame() {
    let database = recording("resting", 60, 1);
    let answer = ask(&database, "get_frame", json!({"frame_id": 60}));
    let fields = ["states", "collisions", "friction_constraints", "solver", "energy"];
    assert!(fields.iter().all(|field| !answer[*field].is_null()), "{answer:?}");
    assert_eq!(array_field(&answer, "states").len(), 1);
    assert_eq!(answer["not_recorded"], Json::Null);
    assert_near(&answer["simulation_time"], 60.0 * DT, 1e-9);
    assert_eq!(ask(&database, "get_frame", json!({"time": 0.1601}))["frame_id"], 10, "by time as well");
}

#[test]
fn an_unknown_frame_or_body_is_answered_with_the_nearest() {
    let database = recording("resting", 60, 1);
    for frame in [0, 61, -5] {
        let error = try_ask(&database, "get_frame", json!({"frame_id": frame})).unwrap_err();
        assert!(matches!(&error, QueryError::Unknown { what: "frame", near, .. } if near.len() == 3), "{error}");
    }
    let error = try_ask(&database, "get_body_energy", json!({"body_id": 9})).unwrap_err();
    assert!(error.to_string().contains("existing: 3"), "{error}");
    let error = try_ask(&database, "get_contacts_for_body", json!({"body_id": 9, "frame_id": 50})).unwrap_err();
    assert!(error.to_string().contains("2147483650"), "{error}");
    let error = try_ask(&database, "get_body_state", json!({"body_id": FLOOR, "frame_id": 50})).unwrap_err();
    assert!(error.to_string().contains("environment"), "{error}");
    for (name, params) in [
        ("get_frame", json!({"frame_id": "one"})),
        ("get_frame", json!({})),
        ("get_body_state", json!({"body_id": 3})),
        ("get_frame", json!({"frame_id": 1, "frame": 2})),
        ("check_penetration", json!({"frame_id": 1, "threshold": -1.0})),
        ("get_system_energy", json!({"start_frame": 5, "end_frame": 4})),
        ("get_system_energy", json!({"limit": 0})),
        ("get_system_energy", json!({"cursor": "x"})),
    ] {
        let error = try_ask(&database, name, params.clone()).unwrap_err();
        assert!(matches!(error, QueryError::Params(_)), "{name} {params}: {error}");
    }
}

#[test]
fn get_body_state_returns_all_fields() {
    let database = recording("free-fall", 40, 1);
    let answer = ask(&database, "get_body_state", json!({"body_id": 2, "frame_id": 40}));
    assert_near(&answer["velocity"]["z"], -9.81 * DT * 40.0, 1e-9);
    let parts: Vec<f64> =
        ["w", "x", "y", "z"].iter().map(|part| answer["orientation"][part].as_f64().unwrap()).collect();
    assert_near(&json!(parts.iter().map(|part| part * part).sum::<f64>()), 1.0, 1e-9);
    assert!(answer["angular_speed"].as_f64().unwrap() > 0.1, "it turns");
    assert_eq!(answer["body_id"], 2);
}

#[test]
fn free_flight_loses_what_the_integrator_takes() {
    let database = recording("free-fall", 120, 1);
    let loss = -first_mass(&database) * 9.81 * 9.81 * DT * DT / 2.0;
    let answer = ask(&database, "get_system_energy", json!({}));
    for point in &array_field(&answer, "energy_points")[1..] {
        assert_near(&point["delta_e"], loss, 1e-9);
        let parts = ["total_linear_ke", "total_rotational_ke", "total_potential_e"];
        assert_near(&point["total_system_e"], parts.iter().map(|part| point[part].as_f64().unwrap()).sum(), 1e-9);
    }
    let answer = ask(&database, "find_energy_anomalies", json!({"threshold": 1.0}));
    assert!(array_field(&answer, "anomalies").is_empty(), "the first frame is none");
    assert_eq!(array_field(&answer, "explained")[0]["kind"], "first_frame");
    assert!(answer["summary"].as_str().unwrap().starts_with("No anomalies"));
}

#[test]
fn energies_of_bodies_sum_up_to_that_of_the_system() {
    let database = recording("stack", 60, 1);
    let system = ask(&database, "get_system_energy", json!({"start_frame": 50, "end_frame": 50}));
    let mut sum = 0.0;
    for body in array_field(&ask(&database, "get_metadata", json!({})), "bodies") {
        let params = json!({"body_id": body["body_id"], "start_frame": 50, "end_frame": 50});
        sum += array_field(&ask(&database, "get_body_energy", params), "energy_points")
            .first()
            .map_or(0.0, |point| point["total_e"].as_f64().unwrap());
    }
    assert_near(&array_field(&system, "energy_points")[0]["total_system_e"], sum, 1e-9);
}

#[test]
fn at_rest_impulses_carry_the_weight_and_no_check_accuses() {
    let database = recording("resting", 600, 1);
    let weight = first_mass(&database) * 9.81;
    let answer = ask(&database, "get_contacts_for_body", json!({"body_id": 3, "frame_id": 600}));
    assert_near(&answer["normal_impulse"], weight * DT, 1e-6);
    assert_near(&answer["normal_force_n"], weight, 1e-3);
    assert_eq!(answer["touching"], json!([FLOOR]));
    let deep = ask(&database, "check_penetration", json!({"frame_id": 600}));
    assert!(array_field(&deep, "excessive_penetrations").is_empty());
    assert_near(&deep["max_penetration_depth"], 9.81f64.mul_add(DT * DT / 0.2, 0.005), 1e-5);
    assert_near(&deep["resting_depth"], 9.81f64.mul_add(DT * DT / 0.2, 0.005), 1e-9);
    let shallow = ask(&database, "check_penetration", json!({"frame_id": 600, "threshold": 0.01}));
    assert_eq!(array_field(&shallow, "excessive_penetrations").len(), 1, "a given threshold is obeyed");
    let rest = ask(&database, "check_resting_contact", json!({"frame_id": 600}));
    assert_eq!(
        (&rest["bodies_in_contact"], array_field(&rest, "moving_bodies").len()),
        (&json!(1), 0),
        "the floor is no body"
    );
    let strict = ask(&database, "check_resting_contact", json!({"frame_id": 600, "velocity_threshold": 0.01}));
    assert_eq!(
        array_field(&strict, "moving_bodies").len(),
        usize::from(strict["resting_speed"].as_f64().unwrap() > 0.01)
    );
}

#[test]
fn contacts_are_filtered_by_body() {
    let database = recording("stack", 100, 1);
    let all = ask(&database, "get_frame", json!({"frame_id": 100}));
    let all = array_field(&all, "friction_constraints");
    let own = ask(&database, "get_contacts_for_body", json!({"body_id": FLOOR, "frame_id": 100}));
    let on_floor = all.iter().filter(|item| item["body_b_id"] == FLOOR || item["body_a_id"] == FLOOR).count();
    assert_eq!(array_field(&own, "contacts").len(), on_floor);
    assert!(array_field(&own, "contacts").len() < all.len());
}

#[test]
fn find_energy_anomalies_returns_frames_over_the_threshold() {
    let mut database = recording("resting", 60, 1);
    database.set_cell("SystemEnergyRecord", 30, "delta_e", Value::Real(4.0));
    database.set_cell("SystemEnergyRecord", 40, "delta_e", Value::Null);
    database.set_cell("SystemEnergyRecord", 50, "delta_e", Value::Real(f64::INFINITY));
    let answer = ask(&database, "find_energy_anomalies", json!({}));
    let anomalies: Vec<(i64, &str)> = array_field(&answer, "anomalies")
        .iter()
        .map(|anomaly| (anomaly["frame_id"].as_i64().unwrap(), anomaly["kind"].as_str().unwrap()))
        .collect();
    assert_eq!(anomalies, [(30, "injection"), (50, "blow_up")]);
    assert_eq!(array_field(&answer, "anomalies")[1]["delta_e"], "Infinity");
    assert!(array_field(&ask(&database, "find_energy_anomalies", json!({"threshold": 5.0})), "anomalies").len() == 1);
}

#[test]
fn a_first_frame_that_explodes_is_an_anomaly() {
    let mut database = recording("free-fall", 5, 1);
    for (table, columns) in
        [("EnergyRecord", ["linear_ke", "total_e"]), ("SystemEnergyRecord", ["total_system_e", "delta_e"])]
    {
        for column in columns {
            database.set_cell(table, 1, column, Value::Real(1.3e195));
        }
    }
    let answer = ask(&database, "find_energy_anomalies", json!({}));
    assert_eq!(array_field(&answer, "anomalies")[0]["kind"], "blow_up");
    assert_eq!(array_field(&answer, "anomalies")[0]["total_system_e"], 1.3e195);
}

#[test]
fn a_spawn_is_no_injection() {
    // Boxes of a stack come in one after the other.
    let database = recording("stack", 150, 1);
    let answer = ask(&database, "find_energy_anomalies", json!({}));
    let injections = array_field(&answer, "anomalies").iter().filter(|one| one["kind"] == "injection").count();
    assert_eq!(injections, 0, "{answer:?}");
}

#[test]
fn compare_body_across_frames_computes_deltas() {
    let database = recording("free-fall", 40, 1);
    let [one, other] = [10, 30].map(|frame| ask(&database, "get_body_state", json!({"body_id": 2, "frame_id": frame})));
    let answer = ask(&database, "compare_body_across_frames", json!({"body_id": 2, "frame_a": 10, "frame_b": 30}));
    for part in ["x", "y", "z"] {
        for (vector, delta) in [("position", "position_delta"), ("velocity", "velocity_delta")] {
            let expected = other[vector][part].as_f64().unwrap() - one[vector][part].as_f64().unwrap();
            assert_eq!(answer[delta][part], expected);
        }
    }
    assert_near(&answer["elapsed"], 20.0 * DT, 1e-9);
    assert!(answer["summary"].as_str().unwrap().contains("z -"), "{}", answer["summary"]);
}

#[test]
fn check_friction_cone_passes_with_empty_violations() {
    let database = recording("sliding", 60, 1);
    for frame in [1, 2, 30, 60] {
        let answer = ask(&database, "check_friction_cone", json!({"frame_id": frame}));
        assert!(array_field(&answer, "violations").is_empty(), "{answer:?}");
    }
    let answer = ask(&database, "friction_saturation", json!({}));
    assert_eq!(answer["violations"], 0);
    assert!(answer["saturated"].as_u64().unwrap() > 0, "a sliding box is at its limit");
}

#[test]
fn check_friction_cone_fails_outside_the_cone() {
    let mut database = recording("sliding", 60, 1);
    let key = database.keys("UnifiedContactConstraintRecord")[0].clone();
    let Value::Integer(key) = key else { panic!("{key:?}") };
    database.set_cell("UnifiedContactConstraintRecord", key, "tangent1_lambda", Value::Real(7.0));
    let frame =
        database.answer_fetch(&Fetch::among("UnifiedContactConstraintRecord", "id", [Value::Integer(key)])).unwrap();
    let frame = frame.rows[0].last().unwrap().clone();
    let Value::Integer(frame) = frame else { panic!("{frame:?}") };
    let answer = ask(&database, "check_friction_cone", json!({"frame_id": frame}));
    let violations = array_field(&answer, "violations");
    assert_eq!(violations.len(), 1);
    assert_eq!((&violations[0]["exceeds_limit"], &violations[0]["tangent1_force"]), (&json!(true), &json!(7.0)));
    assert!(violations[0]["margin"].as_f64().unwrap() < 0.0);
    assert_near(
        &violations[0]["total_tangent_force_n"],
        violations[0]["total_tangent_force"].as_f64().unwrap() / DT,
        1e-6,
    );
    assert_eq!(ask(&database, "friction_saturation", json!({}))["violation_frames"], json!([frame]));
}

#[test]
fn check_penetration_finds_what_lies_too_deep() {
    let mut database = recording("resting", 60, 1);
    let key = database.keys("CollisionResultRecord").last().unwrap().clone();
    let Value::Integer(key) = key else { panic!("{key:?}") };
    database.set_cell("CollisionResultRecord", key, "penetrationDepth", Value::Real(0.3));
    let answer = ask(&database, "check_penetration", json!({"frame_id": 60}));
    assert_eq!(array_field(&answer, "excessive_penetrations")[0]["penetration_depth"], 0.3);
}

#[test]
fn check_resting_contact_finds_a_body_that_slides() {
    let database = recording("sliding", 60, 1);
    let answer = ask(&database, "check_resting_contact", json!({"frame_id": 2}));
    assert_eq!(array_field(&answer, "moving_bodies").len(), 1, "{answer:?}");
}

#[test]
fn contact_history_is_paged_and_analysed_over_the_whole_range() {
    let database = recording("resting", 400, 1);
    let mut params = json!({"body_a_id": FLOOR, "body_b_id": 3, "start_frame": 1, "end_frame": 400});
    let (mut cursor, mut seen) = (Json::Null, 0);
    let whole = count_rows(&database, "UnifiedContactConstraintRecord");
    loop {
        params["cursor"] = cursor;
        let page = ask(&database, "get_contact_history", params.clone());
        let items = array_field(&page, "contact_history");
        let points: usize = items.iter().map(|frame| frame["contacts"].as_array().unwrap().len()).sum();
        assert!(points <= 500);
        assert_eq!(page["total_contacts"], whole);
        assert_eq!(page["analysis"]["chatter"], false);
        seen += points;
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(seen, whole);
    params["cursor"] = Json::Null;
    params["limit"] = json!(1);
    let page = ask(&database, "get_contact_history", params);
    assert!(array_field(&page, "contact_history").len() == 1, "a frame stays together");
}

#[test]
fn solver_diagnostics_hold_the_last_frame_and_tell_idle_from_unconverged() {
    let mut database = recording("bouncing", 60, 1);
    database.set_cell("SolverDiagnosticRecord", 60, "num_constraints", Value::Integer(4));
    database.set_cell("SolverDiagnosticRecord", 60, "converged", Value::Integer(0));
    let answer = ask(&database, "get_solver_diagnostics", json!({}));
    assert_eq!(array_field(&answer, "diagnostics").last().unwrap()["frame_id"], 60);
    assert_eq!((&answer["unconverged_frames"], &answer["unconverged"]), (&json!(1), &json!([60])));
}

#[test]
fn long_series_are_paged() {
    let database = recording("resting", 600, 1);
    let first = ask(&database, "get_system_energy", json!({}));
    assert_eq!((array_field(&first, "energy_points").len(), &first["total"]), (500, &json!(600)));
    let second = ask(&database, "get_system_energy", json!({"cursor": first["next_cursor"]}));
    assert_eq!((array_field(&second, "energy_points").len(), &second["next_cursor"]), (100, &Json::Null));
    assert_eq!(array_field(&second, "energy_points")[0]["frame_id"], 501);
}

#[test]
fn what_is_not_recorded_is_said_and_never_nothing_found() {
    for (table, query, params, field) in [
        ("SystemEnergyRecord", "find_energy_anomalies", json!({}), "anomalies"),
        ("SystemEnergyRecord", "get_system_energy", json!({}), "energy_points"),
        ("EnergyRecord", "get_body_energy", json!({"body_id": 3}), "energy_points"),
        ("UnifiedContactConstraintRecord", "check_friction_cone", json!({"frame_id": 9}), "violations"),
        ("UnifiedContactConstraintRecord", "get_contacts_for_body", json!({"body_id": 3, "frame_id": 9}), "contacts"),
        ("CollisionResultRecord", "check_penetration", json!({"frame_id": 9}), "excessive_penetrations"),
        ("CollisionResultRecord", "check_resting_contact", json!({"frame_id": 9}), "moving_bodies"),
        ("SolverDiagnosticRecord", "get_solver_diagnostics", json!({}), "diagnostics"),
        ("AssetInertialStaticRecord", "get_metadata", json!({}), "bodies"),
        ("SystemEnergyRecord", "energy_episodes", json!({}), "episodes"),
    ] {
        let mut database = recording("resting", 30, 1);
        database.drop(table);
        let answer = ask(&database, query, params);
        assert_eq!(answer[field], Json::Null, "{query} without {table}: {answer:?}");
        assert!(!array_field(&answer, "not_recorded").is_empty());
    }
    let mut database = recording("resting", 30, 1);
    database.drop("SimulationFrameRecord");
    let error = try_ask(&database, "get_frame", json!({"frame_id": 1})).unwrap_err();
    assert!(matches!(error, QueryError::NotRecorded(_)), "{error}");
    let mut database = recording("sliding", 30, 1);
    database.drop_column("UnifiedContactConstraintRecord", "tangent1_lambda");
    let answer = ask(&database, "check_friction_cone", json!({"frame_id": 9}));
    assert_eq!(answer["not_recorded"], json!(["UnifiedContactConstraintRecord.tangent1_lambda"]));
    assert_eq!(answer["violations"], Json::Null);
    let body = array_field(&ask(&database, "get_metadata", json!({})), "bodies")[0]["body_id"].clone();
    for cursor in ["0", "999"] {
        let pair = json!({"body_a_id": body, "body_b_id": FLOOR, "cursor": cursor});
        let answer = ask(&database, "get_contact_history", pair);
        assert_eq!(array_field(&answer, "contact_history").is_empty(), cursor == "999");
        let missing = json!(["UnifiedContactConstraintRecord.tangent1_lambda"]);
        assert_eq!(answer["not_recorded"], missing, "a page without frames, {cursor}, says it too");
    }
}

#[test]
fn gaps_and_torn_ends_are_told() {
    let mut database = recording("free-fall", 30, 1);
    database.remove_row("SimulationFrameRecord", 11);
    database.remove_row("SystemEnergyRecord", 30);
    let answer = ask(&database, "get_metadata", json!({}));
    assert_eq!(answer["gaps"], json!([[10, 12]]));
    assert_eq!(answer["complete"], false);
    let nothing = recording("free-fall", 0, 1);
    assert_eq!(ask(&nothing, "get_metadata", json!({}))["total_frames"], 0);
    assert!(try_ask(&nothing, "find_energy_anomalies", json!({})).is_err());
}

#[test]
fn a_slow_leak_is_an_episode() {
    let mut database = recording("resting", 100, 1);
    for frame in 1..=100_i64 {
        let query = Fetch::among("SystemEnergyRecord", "id", [Value::Integer(frame)]);
        let answer = database.answer_fetch(&query).unwrap();
        let at = answer.table.unwrap().position("total_system_e").unwrap();
        let Value::Real(total) = answer.rows[0][at] else { panic!() };
        let leak = 0.05 * f64::from(i32::try_from((frame - 60).clamp(0, 20)).unwrap());
        database.set_cell("SystemEnergyRecord", frame, "total_system_e", Value::Real(total + leak));
    }
    let answer = ask(&database, "energy_episodes", json!({}));
    let episode = &array_field(&answer, "episodes")[0];
    assert_eq!((&episode["start_frame"], &episode["end_frame"]), (&json!(61), &json!(80)));
    assert_near(&episode["gain"], 1.0, 1e-3);
    assert!(
        array_field(&ask(&database, "find_energy_anomalies", json!({})), "anomalies").is_empty(),
        "none stands out"
    );
}

#[test]
fn impulses_account_for_every_change_of_velocity() {
    for (scenario, body) in [("resting", 3), ("sliding", 3), ("bouncing", 3)] {
        let mut database = recording(scenario, 120, 1);
        let answer = ask(&database, "impulse_balance", json!({"body_id": body}));
        assert_eq!((&answer["total"], &answer["checked"]), (&json!(0), &json!(119)), "{scenario}: {answer:?}");
        let key = database.keys("UnifiedContactConstraintRecord").last().unwrap().clone();
        let Value::Integer(key) = key else { panic!("{key:?}") };
        database.set_cell("UnifiedContactConstraintRecord", key, "normal_lambda", Value::Real(99.0));
        assert_eq!(ask(&database, "impulse_balance", json!({"body_id": body}))["total"], 1);
    }
}

#[test]
fn bodies_settle_and_contacts_are_summed_up() {
    let database = recording("sliding", 400, 1);
    let answer = ask(&database, "settling", json!({}));
    let body = &array_field(&answer, "bodies")[0];
    assert!(body["settled_frame"].as_i64().is_some_and(|frame| frame > 1), "{answer:?}");
    assert_eq!(body["reversals"], 0);
    let pairs = ask(&database, "contact_chatter", json!({}));
    assert_eq!(array_field(&pairs, "pairs").len(), 1);
    assert_eq!(array_field(&pairs, "pairs")[0]["chatter"], false);
    let profile = ask(&database, "recording_profile", json!({}));
    assert_eq!(profile["frames"], 400);
    assert!(profile["losses"].as_f64().unwrap() < 0.0);
}
