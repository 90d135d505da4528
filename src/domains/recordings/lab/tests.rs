//! Identities of the lab's recordings, compared with formulas and not with the checks.

use std::collections::BTreeMap;

use crate::domains::recordings::testing::{Database, recording};
use crate::model::{Fetch, Value};

/// Reads columns of every row of a table, in the order of their ids.
fn read_numbers<const N: usize>(database: &Database, table: &str, columns: [&str; N]) -> Vec<[f64; N]> {
    let snapshot = database.read_snapshot([Fetch::all(table)]);
    let rows = snapshot.table(table).unwrap().rows();
    rows.map(|row| columns.map(|column| row.float(column).unwrap())).collect()
}

#[test]
fn the_same_request_makes_the_same_recording() {
    assert!(recording("stack", 40, 3) == recording("stack", 40, 3));
    assert!(recording("stack", 40, 3) != recording("stack", 40, 4));
    assert_eq!(recording("no-such-scenario", 5, 1).keys("SimulationFrameRecord").len(), 5);
}

#[test]
fn a_falling_box_loses_half_m_g2_dt2_a_step_exactly() {
    let database = recording("free-fall", 80, 1);
    let mass = read_numbers(&database, "AssetInertialStaticRecord", ["mass"])[0][0];
    // Semi-implicit Euler loses m (g dt)^2 / 2 in every step of free fall.
    let expected = -0.5 * mass * (9.81f64 * 0.016).powi(2);
    let frames = read_numbers(&database, "SystemEnergyRecord", ["total_system_e", "delta_e"]);
    assert_eq!(frames[0][0], frames[0][1], "the first delta is the whole energy");
    for pair in frames.windows(2) {
        assert_eq!(pair[1][1], pair[1][0] - pair[0][0], "the chain is exact to the bit");
        assert!((pair[1][1] - expected).abs() < 1e-9, "{} {expected}", pair[1][1]);
    }
    assert!(database.keys("UnifiedContactConstraintRecord").is_empty());
    for [iterations, residual, converged] in
        read_numbers(&database, "SolverDiagnosticRecord", ["iterations", "residual", "converged"])
    {
        assert_eq!([iterations, residual, converged], [0.0; 3], "a frame without contact");
    }
}

#[test]
fn a_box_at_rest_is_carried_by_its_weight_and_sinks_by_slop_and_g_dt2_over_beta() {
    let database = recording("resting", 200, 1);
    let mass = read_numbers(&database, "AssetInertialStaticRecord", ["mass"])[0][0];
    let mut impulse_by_frame: BTreeMap<String, f64> = BTreeMap::new();
    let points = read_numbers(&database, "UnifiedContactConstraintRecord", ["frame_id", "normal_lambda"]);
    for [frame, impulse] in &points {
        *impulse_by_frame.entry(frame.to_string()).or_default() += impulse;
    }
    assert_eq!(impulse_by_frame["1"], 0.0, "nothing moved before the first step");
    assert!(
        (2..=200).all(|frame| (impulse_by_frame[&f64::from(frame).to_string()] - mass * 9.81 * 0.016).abs() < 1e-12)
    );
    let depths = read_numbers(&database, "CollisionResultRecord", ["penetrationDepth"]);
    let rest = 0.005 + 9.81 * 0.016 * 0.016 / 0.2;
    assert!((depths.last().unwrap()[0] - rest).abs() < 1e-9);
    assert!(depths.windows(2).all(|pair| pair[0][0] <= pair[1][0] + 1e-12 && pair[1][0] < rest + 1e-9));
    let [x, y, z] = *read_numbers(&database, "VelocityRecord", ["x", "y", "z"]).last().unwrap();
    assert!(x == 0.0 && y == 0.0 && (z + 9.81 * 0.016).abs() < 1e-12, "at rest it is as fast as one step makes it");
}

#[test]
fn friction_saturates_while_a_box_slides_and_never_leaves_the_cone() {
    let database = recording("sliding", 120, 1);
    let columns = ["friction_coefficient", "normal_lambda", "tangent1_lambda", "tangent2_lambda"];
    let points = read_numbers(&database, "UnifiedContactConstraintRecord", columns);
    assert!(points.iter().all(|[mu, normal, one, two]| one.hypot(*two) <= mu * normal * (1.0 + 1e-9) + 1e-15));
    let saturated =
        points.iter().filter(|[mu, normal, one, two]| one.hypot(*two) > 0.99 * mu * normal && *normal > 0.0);
    assert!(saturated.count() > 20);
    let last = *read_numbers(&database, "VelocityRecord", ["x", "y"]).last().unwrap();
    assert!(last.iter().all(|speed| speed.abs() < 1e-9), "it comes to rest");
}

#[test]
fn an_elastic_pair_keeps_energy_and_momentum() {
    let database = recording("elastic-pair", 120, 1);
    let totals = read_numbers(&database, "SystemEnergyRecord", ["total_system_e", "total_potential_e"]);
    assert!(totals.iter().all(|[total, potential]| (total - totals[0][0]).abs() < 1e-12 && *potential == 0.0));
    assert!(!database.keys("CollisionResultRecord").is_empty(), "they meet");
    let masses = read_numbers(&database, "AssetInertialStaticRecord", ["mass"]);
    let speeds = read_numbers(&database, "VelocityRecord", ["x"]);
    let last = speeds.len() - 2;
    let [before, after] = [0, last].map(|at| masses[0][0] * speeds[at][0] + masses[1][0] * speeds[at + 1][0]);
    assert!((before - after).abs() < 1e-12);
    assert!(speeds[0][0] != speeds[last][0]);
}

#[test]
fn a_bouncing_box_comes_back_less_high_each_time() {
    let heights = read_numbers(&recording("bouncing", 300, 1), "InertialStateRecord", ["position_id"]).len();
    assert_eq!(heights, 300);
    let database = recording("bouncing", 300, 1);
    let totals = read_numbers(&database, "SystemEnergyRecord", ["total_system_e"]);
    assert!(totals.windows(2).all(|pair| pair[1][0] <= pair[0][0] + 1e-12), "nothing gains energy");
}

#[test]
fn what_the_recorder_leaves_out_is_left_out() {
    let database = recording("stack", 60, 1);
    let snapshot = database.read_snapshot(["InertialStateRecord", "CollisionResultRecord"].map(Fetch::all));
    for row in snapshot.table("InertialStateRecord").unwrap().rows() {
        assert_eq!((row.integer("body_id"), row.integer("frame_id")), (Some(0), Some(0)));
    }
    let floor = Value::Integer(2_147_483_650);
    assert!(!snapshot.table("CollisionResultRecord").unwrap().rows_with("body_b_id", &floor).is_empty());
    assert!(database.keys("AssetPhysicalDynamicRecord").is_empty());
    assert_eq!(database.keys("AssetInertialStaticRecord").len(), 3);
    assert_eq!(database.keys("AssetDynamicStateRecord").len(), 60 * 3 - 20, "the third box is spawned in frame 21");
}
