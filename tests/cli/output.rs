//! stdout, stderr, colour, and readers that go away.

use std::process::{Command, Stdio};

use insta::assert_snapshot;

use crate::world::{World, text};

#[test]
fn a_fault_and_its_end_for_people() {
    let world = World::with_lab();
    let apply = ["apply", "create_invalid_angles", "--variant", "both", "--fld-id", "5028", "--seed", "1", "--yes"];
    assert_snapshot!(world.shown(&apply), @r"
    exit code: 0
    ----- stdout -----
    operation 1: applied create_invalid_angles (both, severity 0.8) on lab: 180 rows

    records      5028
    parameters   angle_type both, invalid_value 400
    seed         1
    plan digest  [DIGEST]
    uid          [DIGEST]
    journal      journal.db

    Changes
    TxFieldPoint 21009 Coll_Ang: 5 -> 400
    TxFieldPoint 21009 Gantry_Ang: 181 -> 400
    TxFieldPoint 21010 Coll_Ang: 5 -> 400
    TxFieldPoint 21010 Gantry_Ang: 183 -> 400
    TxFieldPoint 21011 Coll_Ang: 5 -> 400
    TxFieldPoint 21011 Gantry_Ang: 185 -> 400
    TxFieldPoint 21012 Coll_Ang: 5 -> 400
    TxFieldPoint 21012 Gantry_Ang: 187 -> 400
    TxFieldPoint 21013 Coll_Ang: 5 -> 400
    TxFieldPoint 21013 Gantry_Ang: 189 -> 400
    TxFieldPoint 21014 Coll_Ang: 5 -> 400
    TxFieldPoint 21014 Gantry_Ang: 191 -> 400
    TxFieldPoint 21015 Coll_Ang: 5 -> 400
    TxFieldPoint 21015 Gantry_Ang: 193 -> 400
    TxFieldPoint 21016 Coll_Ang: 5 -> 400
    TxFieldPoint 21016 Gantry_Ang: 195 -> 400
    TxFieldPoint 21017 Coll_Ang: 5 -> 400
    TxFieldPoint 21017 Gantry_Ang: 197 -> 400
    TxFieldPoint 21018 Coll_Ang: 5 -> 400
    TxFieldPoint 21018 Gantry_Ang: 199 -> 400
    TxFieldPoint 21019 Coll_Ang: 5 -> 400
    TxFieldPoint 21019 Gantry_Ang: 201 -> 400
    TxFieldPoint 21020 Coll_Ang: 5 -> 400
    TxFieldPoint 21020 Gantry_Ang: 203 -> 400
    and 168 more; --changes all lists them

    next: mfm revert 1 takes it back
    ----- stderr -----
    ");
    assert_snapshot!(world.shown(&["status"]), @r"
    exit code: 0
    ----- stdout -----
    1 operation in effect
    journal journal.db: 6 entries

    In effect, worst first
    OP  SEVERITY  TOOL                   VARIANT  TARGET  ROWS
    1   0.8       create_invalid_angles  both     lab     180

    Targets
    NAME  STATE   LAB  URL
    lab   marked  yes  sqlite:[DIR]/lab.db
    ----- stderr -----
    ");
    assert_snapshot!(world.shown(&["revert", "--last"]), @r"
    exit code: 0
    ----- stdout -----
    1 operation on lab reverted exactly

    REVERTS  BY  STATE     ROWS  ALREADY BACK  RESTORED  EXACT
    1        2   reverted  180   0             yes       yes
    ----- stderr -----
    ");
    assert_snapshot!(world.shown(&["revert", "1"]), @r"
    exit code: 0
    ----- stdout -----
    nothing to revert on lab: it was already reverted

    REVERTS  BY  STATE             ROWS  ALREADY BACK  RESTORED  EXACT
    1            already_reverted  0     0             yes       yes
    ----- stderr -----
    ");
}

#[test]
fn tables_for_shell_tools() {
    let world = World::with_lab();
    let plan = ["plan", "create_invalid_angles", "--variant", "both", "--fld-id", "5028", "--seed", "1"];
    let shown = world.shown(&[&plan[..], &["--format", "plain"]].concat());
    let first: Vec<&str> = shown.lines().take(5).collect();
    assert_snapshot!(first.join("\n"), @r"
    exit code: 0
    ----- stdout -----
    table	key	kind	column	before	after
    TxFieldPoint	21009	update	Coll_Ang	5	400
    TxFieldPoint	21009	update	Gantry_Ang	181	400
    ");
    assert_snapshot!(world.shown(&["target", "list", "--format", "plain"]), @r"
    exit code: 0
    ----- stdout -----
    name	state	lab	url	problem
    lab	marked	yes	sqlite:[DIR]/lab.db	
    ----- stderr -----
    ");
}

#[test]
fn modes_open_no_journal_and_fit_eighty_columns() {
    let world = World::empty();
    let shown = world.shown(&["modes"]);
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    assert_snapshot!(shown, @r"
    exit code: 0
    ----- stdout -----
    16 modes in 95 variants

    corrupt_mlc_data: Damaged MLC leaf sets
        severity 0.6-2.2: odd_bytes, out_of_range, negative_gap, random_bytes
    create_invalid_angles: Impossible gantry or collimator angle
        severity 0.6-0.8: gantry, collimator, both
    create_duplicate_treatment: One delivery recorded twice
        severity 1.0-1.5: same_field, different_field
    delete_control_points: Control points missing from a field
        severity 1.8-2.5: single_gap, multiple_gaps, all_deleted
    nullify_required_fields: A required cell is empty
        severity 1.0-2.7: pat_id, fld_id, timestamp, other
    create_timestamp_inconsistency: A delivery at an impossible time
        severity 1.0-1.3: edit_before_create, future_timestamp, negative_duration
    create_orphaned_record: A reference to a missing row
        severity 2.3-2.8: patient_id, field_id, site_id
    corrupt_offset_data: An impossible patient shift
        severity 0.9-2.7: extreme_values, invalid_type, invalid_state,
        future_study_time
    create_meterset_inconsistency: Impossible or contradictory monitor units
        severity 1.5-2.8: negative_meterset, extreme_value, mismatch_with_cp
    mlc_leaf_count_mismatch: Wrong number of MLC leaf pairs
        severity 1.8-2.1: intra_field, vs_machine, vs_plan
    create_plausible_identity: A record of the wrong person
        severity 0.9-2.9: delivery_of_another_patient,
        delivery_of_another_patients_field, delivery_of_another_prescription,
        delivery_with_another_patients_dose, field_of_another_patient,
        dose_of_another_patient, prescription_of_another_patient,
        shift_of_another_patient, shared_hospital_number,
        superseded_hospital_number, missing_hospital_number,
        birth_date_in_another_century, birth_date_after_delivery, second_chart
    create_plausible_versions: The wrong version of a plan
        severity 1.9-2.4: two_current, none_current, old_current,
        old_field_delivered, old_prescription_delivered
    create_plausible_prescription: A prescription that its fields do not carry out
        severity 1.6-2.6: dose_per_fraction, total_dose, dose_and_total, fractions,
        energy, field_energy, field_modality, technique, field_dose, field_meterset,
        field_dose_and_meterset, bolus, wedge
    create_plausible_delivery: A delivery that contradicts what was ordered
        severity 0.8-2.4: other_machine, before_field_existed, before_approval,
        field_unapproved, after_course_ended, after_a_long_break, twice_on_a_day,
        complete_and_cancelled, complete_without_beam, field_left_out,
        outside_working_hours, faster_than_machine, too_long, dose_given
    create_plausible_geometry: A beam that could be right, and is not this field's
        severity 1.0-2.8: couch_off, couch_turned, jaw_beyond_machine,
        jaw_over_leaves, field_size, bank_shifted, leaves_shifted, gantry_direction,
        opposite_side, collimator_turned, skin_distance, dose_rate, index_order
    create_plausible_offsets: A possible patient shift that is wrong
        severity 1.8-2.4: millimetres_as_centimetres, sign_flipped, axes_exchanged,
        shift_off

    Severity is how far the data are from correct, from 0 (normal) to 3 (critical);
    it does not measure harm to a patient.

    next: mfm modes TOOL explains one
    ----- stderr -----
    ");
    assert_eq!(std::fs::read_dir(world.path()).unwrap().count(), 0);
}

#[test]
fn colour_is_asked_for_or_left_out() {
    let world = World::empty();
    let colored = |words: &[&str], no_color: Option<&str>| {
        let mut command = world.mfm(words);
        no_color.map(|value| command.env("NO_COLOR", value));
        text(&command.output().unwrap().stdout).contains('\u{1b}')
    };
    assert!(!colored(&["modes"], None), "stdout is no terminal");
    assert!(colored(&["modes", "--color", "always"], None));
    assert!(colored(&["modes", "--color", "always"], Some("1")), "a flag wins over the environment");
    assert!(!colored(&["modes", "--color", "always", "--format", "plain"], None));
    assert!(!colored(&["modes", "--color", "always", "--json"], None));
    world.configure("color = 'always'\n");
    assert!(colored(&["modes"], None));
    assert!(!colored(&["modes"], Some("1")), "the environment wins over a file");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let world = World::empty();
    for words in [["modes", "--json"], ["help", "errors"], ["completions", "bash"], ["--color=always", "--help"]] {
        let mut child = world.process(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{words:?}");
        assert_eq!(text(&output.stderr), "", "{words:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_result_that_cannot_be_written_is_said() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_mfm")).arg("modes").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("could not write the result"), "{}", text(&output.stderr));
}
