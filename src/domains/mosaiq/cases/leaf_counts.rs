//! Cases of leaf counts: padded and unpadded sets, other MLCs and versions, and exactly what is written.

use serde_json::{Value as Json, json};

use super::mlc::{ABSOLUTE, CORRUPT, COUNT, MlcClinic, OUTWARD, corrupt_params, encode_banks, point_update};
use super::try_plan;
use crate::model::{Datum, Value};

fn mismatch_params(word: &str) -> Json {
    json!({ "mismatch_type": word })
}

/// Returns the cells of both banks and MLC_Leaves for these pairs.
fn resized_cells(pairs: &[(i16, i16)], length: usize) -> Vec<(String, Datum)> {
    let [a, b] = encode_banks(pairs, length).map(Datum::Bytes);
    let leaves = Datum::Integer(i64::try_from(pairs.len()).unwrap());
    [("A_Leaf_Set", a), ("B_Leaf_Set", b), ("MLC_Leaves", leaves)].map(|(name, to)| (name.to_owned(), to)).to_vec()
}

#[test]
fn a_later_point_loses_its_last_pair() {
    let mut clinic = MlcClinic::new("varbinary(200)");
    assert_eq!(
        clinic.planned_edits(COUNT, 51, mismatch_params("intra_field")),
        [(512, resized_cells(&ABSOLUTE[..3], 12))]
    );
    assert_eq!(
        clinic.planned_edits(COUNT, 61, mismatch_params("intra_field")),
        [(612, resized_cells(&OUTWARD[..3], 0))]
    );
    let planned = try_plan(&clinic.database, COUNT, 61, mismatch_params("intra_field")).unwrap();
    clinic.database.apply_edits(&planned.edits).unwrap();
    for word in ["intra_field", "vs_machine", "vs_plan"] {
        assert!(
            clinic.ineligible_reason(COUNT, 61, mismatch_params(word)).contains("already differ in MLC_Leaves: 3, 4"),
            "{word}"
        );
    }
    let findings = clinic.findings("leaf_count_field");
    assert_eq!((findings[0].table, &findings[0].key), ("TxField", &vec![Value::Integer(61)]));
    assert_eq!(findings[0].related, [("TxFieldPoint", vec![Value::Integer(612)])]);
    assert_eq!(findings[0].message, "its control points differ in their number of leaf pairs: 3 at 1, 4 at 1");
    assert_eq!(clinic.findings("mlc_leaf_set"), [], "a set as long as MLC_Leaves says is whole");
    clinic.set_cell(522, "MLC_Leaves", Value::Integer(0));
    assert!(clinic.ineligible_reason(COUNT, 52, mismatch_params("intra_field")).contains("no second control point"));
    clinic.set_cell(521, "MLC_Leaves", Value::Null);
    assert!(
        clinic
            .ineligible_reason(COUNT, 52, mismatch_params("vs_plan"))
            .contains("none of its control points has leaves")
    );
    for point in [531, 532] {
        clinic.set_cell(point, "MLC_Leaves", Value::Integer(1));
    }
    assert!(
        clinic
            .ineligible_reason(COUNT, 53, mismatch_params("intra_field"))
            .contains("too few leaf pairs to lose any: 1")
    );
}

#[test]
fn the_machines_number_of_pairs_is_left_for_another_mlcs() {
    let clinic = MlcClinic::new("varbinary(200)");
    // 4 pairs are fewer than any MLC has: they become 29, with closed pairs at both ends.
    for (field, pairs, closed, length) in [(51, ABSOLUTE, (1, 1), 12), (61, OUTWARD, (-1, 1), 0)] {
        let more = [vec![closed; 12], pairs.to_vec(), vec![closed; 13]].concat();
        let expected = [1, 2].map(|number| (field * 10 + number, resized_cells(&more, length)));
        assert_eq!(clinic.planned_edits(COUNT, field, mismatch_params("vs_machine")), expected);
    }
    assert!(
        clinic.ineligible_reason(COUNT, 71, mismatch_params("vs_machine")).contains("do not show how many leaf pairs")
    );
    assert!(
        MlcClinic::new("varbinary(57)")
            .ineligible_reason(COUNT, 51, mismatch_params("vs_machine"))
            .contains("cannot hold 58 bytes")
    );
    let mut clinic = clinic;
    let planned = try_plan(&clinic.database, COUNT, 61, mismatch_params("vs_machine")).unwrap();
    clinic.database.apply_edits(&planned.edits).unwrap();
    assert!(
        clinic
            .ineligible_reason(COUNT, 61, mismatch_params("vs_machine"))
            .contains("29 leaf pairs on a machine that has 4")
    );
    assert_eq!(
        clinic.messages("leaf_count_machine"),
        ["has 29 leaf pairs, and most other fields of its machine have 4"]
    );
    assert_eq!(clinic.messages("mlc_leaf_gap"), [""; 0], "closed pairs are no crossed ones");
    for point in [521, 531] {
        clinic.set_pairs(point, &[(-100, -200); 4], 12);
    }
    assert!(
        clinic
            .ineligible_reason(COUNT, 51, mismatch_params("vs_machine"))
            .contains("do not show how the machine counts")
    );
    clinic.set_cell(512, "A_Leaf_Set", Value::Bytes(vec![0; 6]));
    clinic.set_pairs(521, &ABSOLUTE, 12);
    clinic.set_pairs(531, &ABSOLUTE, 12);
    assert!(
        clinic
            .ineligible_reason(COUNT, 51, mismatch_params("vs_machine"))
            .contains("control point 2 already lack leaves")
    );
}

#[test]
fn a_smaller_mlc_loses_its_outer_pairs() {
    let mut clinic = MlcClinic::empty("binary(82)");
    let pairs: Vec<(i16, i16)> = (0..40).map(|pair| (-500 - pair, 500 + pair)).collect();
    for field in 1..=4 {
        clinic.add_field(field, 5, field, 2);
        clinic.add_point(field, 0, &pairs, 82);
    }
    let expected = [(10, resized_cells(&pairs[5..34], 82))];
    assert_eq!(
        clinic.planned_edits(COUNT, 1, mismatch_params("vs_machine")),
        expected,
        "40 becomes 29, and the length stays"
    );
    let mut full = MlcClinic::empty("binary(80)");
    for field in 1..=4 {
        full.add_field(field, 5, field, 2);
        full.add_point(field, 0, &pairs, 80);
    }
    assert_eq!(full.planned_edits(COUNT, 1, mismatch_params("vs_machine")), [(10, resized_cells(&pairs[5..34], 80))]);
    assert_eq!(
        full.database.apply_edits(&try_plan(&full.database, COUNT, 1, mismatch_params("vs_machine")).unwrap().edits),
        Ok(1)
    );
}

#[test]
fn another_version_says_what_was_planned() {
    let mut clinic = MlcClinic::new("varbinary(200)");
    assert!(
        clinic
            .ineligible_reason(COUNT, 51, mismatch_params("vs_plan"))
            .contains("no other version of it on its machine")
    );
    clinic.database.set_cell("TxField", 52, "FLD_SET_ID", Value::Integer(51));
    clinic.database.set_cell("TxField", 61, "FLD_SET_ID", Value::Integer(51));
    for (field, number) in [(51, 51), (52, 52)] {
        let expected = [1, 2].map(|point| (number * 10 + point, resized_cells(&ABSOLUTE[1..3], 12)));
        assert_eq!(clinic.planned_edits(COUNT, field, mismatch_params("vs_plan")), expected);
    }
    assert!(
        clinic.ineligible_reason(COUNT, 61, mismatch_params("vs_plan")).contains("no other version"),
        "it is on another machine"
    );
    clinic.database.set_cell("TxField", 62, "FLD_SET_ID", Value::Integer(51));
    let expected = [1, 2].map(|point| (610 + point, resized_cells(&OUTWARD[1..3], 0)));
    assert_eq!(
        clinic.planned_edits(COUNT, 61, mismatch_params("vs_plan")),
        expected,
        "an unpadded set becomes shorter"
    );
    let planned = try_plan(&clinic.database, COUNT, 52, mismatch_params("vs_plan")).unwrap();
    clinic.database.apply_edits(&planned.edits).unwrap();
    assert!(
        clinic
            .ineligible_reason(COUNT, 52, mismatch_params("vs_plan"))
            .contains("2 leaf pairs, and another version of it has 4")
    );
    let findings = clinic.findings("leaf_count_version");
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].table, &findings[0].key), ("TxField", &vec![Value::Integer(52)]));
    assert_eq!(findings[0].related, [("TxField", vec![Value::Integer(51)])]);
    assert_eq!(findings[0].message, "has 2 leaf pairs, and another version of it has 4");
    clinic.database.set_cell("TxField", 53, "FLD_SET_ID", Value::Integer(51));
    assert!(clinic.ineligible_reason(COUNT, 53, mismatch_params("vs_plan")).contains("do not agree"));
    clinic.database.set_cell("TxField", 54, "FLD_SET_ID", Value::Null);
    assert!(clinic.ineligible_reason(COUNT, 54, mismatch_params("vs_plan")).contains("no other version"));
}

#[test]
fn a_mode_learns_from_treatment_fields_old_and_new() {
    let mut clinic = MlcClinic::empty("varbinary(200)");
    // Five imaging fields and 40 of the 195 treatment fields disagree with the majority.
    for field in 1..=200 {
        let (kind, pairs) = match field {
            1..=5 => ([3, 4, 5, 6, 9][usize::try_from(field).unwrap() - 1], OUTWARD.to_vec()),
            6..=160 => (13, ABSOLUTE.to_vec()),
            _ => (13, ABSOLUTE[..3].to_vec()),
        };
        clinic.add_field(field, 5, field, kind);
        clinic.add_point(field, 0, &pairs, 0);
    }
    assert_eq!(clinic.planned_edits(COUNT, 6, mismatch_params("vs_machine"))[0].1.len(), 3);
    let planned = try_plan(&clinic.database, CORRUPT, 6, corrupt_params("negative_gap")).unwrap();
    let (_, set) = point_update(planned.edits[0].clone());
    let [a, b] = encode_banks(&[ABSOLUTE[0], (250, -300), ABSOLUTE[2], ABSOLUTE[3]], 0).map(Datum::Bytes);
    assert_eq!(set, [("A_Leaf_Set".to_owned(), a), ("B_Leaf_Set".to_owned(), b)]);
    assert!(
        clinic
            .ineligible_reason(COUNT, 190, mismatch_params("vs_machine"))
            .contains("3 leaf pairs on a machine that has 4")
    );
    // With 41 more of them cut, less than two thirds agree.
    for field in 120..=160 {
        clinic.set_cell(field * 10, "MLC_Leaves", Value::Integer(3));
    }
    assert!(
        clinic.ineligible_reason(COUNT, 6, mismatch_params("vs_machine")).contains("do not show how many leaf pairs")
    );
    let planned = try_plan(&clinic.database, COUNT, 6, mismatch_params("intra_field"));
    assert!(planned.is_err(), "one control point only");
}

#[test]
fn a_fault_on_most_of_a_group_would_become_the_usual() {
    for (peers, most) in [(1, 1), (2, 1), (3, 1), (4, 1), (9, 4), (10, 4)] {
        let witness = crate::domain::mode::WitnessPeers { group: "machine 5".into(), peers };
        assert_eq!((1..100).take_while(|records| witness.is_detectable_on(*records)).count(), most, "{peers} peers");
    }
    let clinic = MlcClinic::new("varbinary(200)");
    let planned = try_plan(&clinic.database, COUNT, 51, mismatch_params("vs_machine")).unwrap();
    assert_eq!(planned.witness, Some(crate::domain::mode::WitnessPeers { group: "machine 5".into(), peers: 3 }));
}
