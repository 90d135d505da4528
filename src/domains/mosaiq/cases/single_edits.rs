//! Single edits that a plainer check would not see: each is found by the check that names the right thing, and by one
//! finding.

use crate::domain::check::CheckVerdict;
use crate::domains::mosaiq::checks;
use crate::domains::mosaiq::testing::{Database, NOW};
use crate::model::{Fetch, Finding, Snapshot, Value};

const FIELDS: &str = "TxField";
const POINTS: &str = "TxFieldPoint";
const SITES: &str = "Site";

fn read_tables(database: &Database) -> Snapshot {
    database.read_snapshot(
        ["Ident", "Patient", SITES, FIELDS, POINTS, "TrackTreatment", "Dose_Hst", "Staff"].map(Fetch::all),
    )
}

/// Returns the findings of a check.
fn find_with(database: &Database, check: &str) -> Vec<Finding> {
    match checks::find(check).unwrap().run(&read_tables(database), &checks::standard_params(NOW)) {
        CheckVerdict::Ran { findings, .. } => findings,
        CheckVerdict::NotRun { why } => panic!("{check}: {why}"),
    }
}

/// Returns the key of the first row with these cells.
fn find_key(database: &Database, table: &str, cells: &[(&str, i64)]) -> i64 {
    let snapshot = read_tables(database);
    let mut rows = snapshot.table(table).unwrap().rows();
    let row = rows.find(|row| cells.iter().all(|(column, value)| row.integer(column) == Some(*value)));
    match row.unwrap_or_else(|| panic!("{table} has no row with {cells:?}")).key()[0] {
        Value::Integer(key) => key,
        ref other => panic!("{other:?}"),
    }
}

/// Adds to a column of all control points of a field.
fn turn_points(database: &mut Database, field: i64, column: &str, degrees: f64) {
    let snapshot = read_tables(database);
    for row in snapshot.table(POINTS).unwrap().rows_with("FLD_ID", &Value::Integer(field)) {
        let Value::Integer(key) = row.key()[0] else { panic!("{:?}", row.key()) };
        let angle = (row.float(column).unwrap() + degrees).rem_euclid(360.0);
        database.set_cell(POINTS, key, column, Value::Real(angle));
    }
}

/// Asserts that a check finds nothing before an edit, and one fault of this row after it.
fn assert_seen(check: &str, table: &str, key: i64, clean: &Database, edited: &Database) {
    assert_eq!(find_with(clean, check), [], "{check} on a clean lab");
    let found = find_with(edited, check);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].table, found[0].key.as_slice()), (table, &[Value::Integer(key)][..]), "{found:?}");
}

#[test]
fn a_prescription_of_no_fractions_that_was_given_is_found() {
    let clean = Database::generate_lab(20, 1);
    let site = find_key(&clean, SITES, &[("Version", 0)]);
    let mut edited = clean.clone();
    edited.set_cell(SITES, site, "Fractions", Value::Integer(0));
    assert_seen("fractions_given", SITES, site, &clean, &edited);
}

#[test]
fn a_field_for_imaging_with_a_dose_is_found() {
    let clean = Database::generate_lab(20, 1);
    let field = find_key(&clean, FIELDS, &[("Type_Enum", 4)]);
    let mut edited = clean.clone();
    edited.set_cell(FIELDS, field, "Cgray", Value::Integer(10));
    assert_seen("prescription_field_doses", FIELDS, field, &clean, &edited);
}

#[test]
fn a_hospital_number_of_another_form_is_found() {
    let clean = Database::generate_lab(24, 1);
    let identity = find_key(&clean, "Ident", &[("Version", 0)]);
    for number in ["LAB0000017", "LAB00001", "LB0000017", "000001"] {
        let mut edited = clean.clone();
        edited.set_cell("Ident", identity, "IDA", Value::Text(number.into()));
        assert_seen("hospital_number_missing", "Ident", identity, &clean, &edited);
        let found = find_with(&edited, "hospital_number_missing");
        assert!(!found[0].message.contains(number), "the number identifies somebody: {}", found[0].message);
    }
}

#[test]
fn a_couch_that_turns_farther_than_any_can_is_found_where_couches_turn() {
    let clean = Database::generate_lab(40, 1);
    let snapshot = read_tables(&clean);
    let brain = snapshot.table(SITES).unwrap().rows().find(|row| row.text("Site_Name") == Some("BRAIN")).unwrap();
    let set = brain.integer("SIT_SET_ID").unwrap();
    let field = find_key(&clean, FIELDS, &[("SIT_Set_ID", set), ("Modality_Enum", 1), ("Version", 0)]);
    let mut edited = clean.clone();
    turn_points(&mut edited, field, "Couch_Ang", 180.0);
    assert_seen("couch_angle", FIELDS, field, &clean, &edited);
}

#[test]
fn an_electron_beam_from_below_is_found() {
    let clean = Database::generate_lab(40, 1);
    let field = find_key(&clean, FIELDS, &[("Modality_Enum", 2)]);
    let mut edited = clean.clone();
    turn_points(&mut edited, field, "Gantry_Ang", 180.0);
    assert_seen("beam_side", FIELDS, field, &clean, &edited);
}

#[test]
fn an_arc_on_a_machine_with_few_of_them_is_compared_with_the_department() {
    let clean = Database::generate_lab(20, 1);
    let field = find_key(&clean, FIELDS, &[("Type_Enum", 13), ("Version", 0)]);
    let mut edited = clean.clone();
    edited.set_cell(FIELDS, field, "Machine_ID_Staff_ID", Value::Integer(9_999_999));
    edited.set_cell(FIELDS, field, "FLD_SET_ID", Value::Integer(9_999_999));
    assert_eq!(find_with(&edited, "collimator_usual"), []);
    turn_points(&mut edited, field, "Coll_Ang", 90.0);
    assert_seen("collimator_usual", FIELDS, field, &clean, &edited);
}
