//! Cases of damaged leaf sets: both conventions, padded and odd sets, what is refused, and exactly what is written.

use serde_json::{Value as Json, json};

use super::{insert_row, integer_cells, refusal_code, try_plan};
use crate::domain::table::TableDef;
use crate::domains::mosaiq::checks::{self, CheckVerdict};
use crate::domains::mosaiq::modes;
use crate::domains::mosaiq::schema;
use crate::domains::mosaiq::testing::{self, Database, TERMS, json_object};
use crate::model::{Datum, Edit, Finding, Value};

pub(super) const CORRUPT: &str = "corrupt_mlc_data";
pub(super) const COUNT: &str = "mlc_leaf_count_mismatch";

/// Pairs in one coordinate; the first and the last are closed, and crossed under the other convention.
pub(super) const ABSOLUTE: [(i16, i16); 4] = [(-155, -145), (-300, 250), (-20, 30), (-155, -145)];
/// Pairs counted outward; the second is crossed under the other convention.
pub(super) const OUTWARD: [(i16, i16); 4] = [(-150, 150), (300, 250), (60, 30), (155, -145)];

fn encode_bank(positions: impl Iterator<Item = i16>, length: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = positions.flat_map(i16::to_le_bytes).collect();
    bytes.resize(bytes.len().max(length), 0);
    bytes
}

pub(super) fn encode_banks(pairs: &[(i16, i16)], length: usize) -> [Vec<u8>; 2] {
    [encode_bank(pairs.iter().map(|pair| pair.0), length), encode_bank(pairs.iter().map(|pair| pair.1), length)]
}

/// Returns the lab's tables with another declared type for the leaf sets.
fn table_defs(declared: &str) -> Vec<TableDef> {
    let mut defs = schema::lab_tables();
    for column in defs.iter_mut().flat_map(|def| &mut def.columns).filter(|column| column.0.ends_with("_Leaf_Set")) {
        declared.clone_into(&mut column.1);
    }
    defs
}

pub(super) struct MlcClinic {
    defs: Vec<TableDef>,
    pub(super) database: Database,
}

impl MlcClinic {
    pub(super) fn empty(declared: &str) -> Self {
        let (defs, mut database) = (table_defs(declared), Database::default());
        for name in ["TxField", "TxFieldPoint"] {
            database.create_table(defs.iter().find(|def| def.name == name).unwrap());
        }
        Self { defs, database }
    }

    /// Machine 5 counts in one coordinate and pads to 12 bytes, machine 6 outward without padding, four fields each;
    /// machine 7 has one field. Every field has a point without leaves, and two with four pairs.
    pub(super) fn new(declared: &str) -> Self {
        let mut clinic = Self::empty(declared);
        for (machine, fields, pairs, length) in
            [(5, 51..=54, ABSOLUTE, 12), (6, 61..=64, OUTWARD, 0), (7, 71..=71, ABSOLUTE, 0)]
        {
            for field in fields {
                clinic.add_field(field, machine, field, 13);
                clinic.add_point(field, 0, &[], 12);
                clinic.add_point(field, 1, &pairs, length);
                clinic.add_point(field, 2, &pairs, length);
            }
        }
        clinic
    }

    pub(super) fn add_field(&mut self, field: i64, machine: i64, set: i64, kind: i64) {
        let cells = [("FLD_ID", field), ("FLD_SET_ID", set), ("Machine_ID_Staff_ID", machine), ("Type_Enum", kind)];
        insert_row(&mut self.database, &self.defs, "TxField", &integer_cells(&cells));
    }

    pub(super) fn add_point(&mut self, field: i64, number: i64, pairs: &[(i16, i16)], length: usize) {
        let leaves = i64::try_from(pairs.len()).unwrap();
        let [a, b] = encode_banks(pairs, length).map(Datum::Bytes);
        let cells = [("TFP_ID", field * 10 + number), ("FLD_ID", field), ("Point", number), ("MLC_Leaves", leaves)];
        let sets = [("A_Leaf_Set", a), ("B_Leaf_Set", b)];
        insert_row(&mut self.database, &self.defs, "TxFieldPoint", &[&integer_cells(&cells)[..], &sets].concat());
    }

    pub(super) fn set_cell(&mut self, point: i64, column: &str, value: Value) {
        self.database.set_cell("TxFieldPoint", point, column, value);
    }

    pub(super) fn set_pairs(&mut self, point: i64, pairs: &[(i16, i16)], length: usize) {
        let [a, b] = encode_banks(pairs, length);
        self.set_cell(point, "A_Leaf_Set", Value::Bytes(a));
        self.set_cell(point, "B_Leaf_Set", Value::Bytes(b));
    }

    pub(super) fn planned_edits(&self, tool: &str, field: i64, given: Json) -> Vec<(i64, Vec<(String, Datum)>)> {
        let planned = try_plan(&self.database, tool, field, given.clone()).unwrap();
        assert!(given.as_object().unwrap().values().any(|word| word == planned.variant), "{given}");
        planned.edits.into_iter().map(point_update).collect()
    }

    /// Returns why a field is ineligible.
    pub(super) fn ineligible_reason(&self, tool: &str, field: i64, given: Json) -> String {
        let refused = try_plan(&self.database, tool, field, given).unwrap_err();
        assert_eq!(refused.code(), "ineligible", "{refused}");
        refused.to_string()
    }

    fn run_check(&self, check: &str) -> CheckVerdict {
        let check = checks::find(check).unwrap();
        check.run(&self.database.read_snapshot(check.required_queries()), &TERMS)
    }

    pub(super) fn findings(&self, check: &str) -> Vec<Finding> {
        match self.run_check(check) {
            CheckVerdict::Ran { findings, .. } => findings,
            CheckVerdict::NotRun { why } => panic!("{why}"),
        }
    }

    pub(super) fn messages(&self, check: &str) -> Vec<String> {
        self.findings(check).into_iter().map(|finding| finding.message).collect()
    }
}

/// Returns the key and the cells of an update of a control point.
pub(super) fn point_update(edit: Edit) -> (i64, Vec<(String, Datum)>) {
    let Edit::Update { table, key, set } = edit else { panic!("{edit:?}") };
    let [Value::Integer(key)] = key[..] else { panic!("{key:?}") };
    assert_eq!(table, "TxFieldPoint");
    (key, set.into_iter().collect())
}

pub(super) fn corrupt_params(word: &str) -> Json {
    json!({ "corruption_type": word })
}

fn assert_odd_byte(clinic: &MlcClinic, field: i64, point: i64, bytes: &[u8]) {
    let set = vec![("A_Leaf_Set".to_owned(), Datum::Bytes([bytes, &[1]].concat()))];
    assert_eq!(clinic.planned_edits(CORRUPT, field, corrupt_params("odd_bytes")), [(point, set)]);
}

#[test]
fn an_odd_byte_goes_to_the_first_whole_point() {
    let mut clinic = MlcClinic::new("varbinary(200)");
    assert_odd_byte(&clinic, 51, 511, &encode_banks(&ABSOLUTE, 12)[0]);
    assert_odd_byte(&clinic, 61, 611, &encode_banks(&OUTWARD, 0)[0]);
    // 6 bytes are too few for 4 pairs, so that the next point is the first whole one.
    clinic.set_cell(511, "B_Leaf_Set", Value::Bytes(vec![0; 6]));
    assert_odd_byte(&clinic, 51, 512, &encode_banks(&ABSOLUTE, 12)[0]);
    clinic.set_cell(512, "A_Leaf_Set", Value::Null);
    assert!(
        clinic
            .ineligible_reason(CORRUPT, 51, corrupt_params("odd_bytes"))
            .contains("none of its control points has leaf sets long enough")
    );
    clinic.set_cell(612, "B_Leaf_Set", Value::Bytes(vec![0; 9]));
    assert!(
        clinic.ineligible_reason(CORRUPT, 61, corrupt_params("odd_bytes")).contains("its control point 2 already has")
    );
    assert_eq!(refusal_code(&clinic.database, CORRUPT, 99, corrupt_params("odd_bytes")), "missing_record");
}

#[test]
fn a_column_of_one_length_takes_no_odd_byte() {
    let mut clinic = MlcClinic::empty("binary(12)");
    clinic.add_field(51, 5, 51, 1);
    clinic.add_point(51, 0, &ABSOLUTE, 12);
    let refused = try_plan(&clinic.database, CORRUPT, 51, corrupt_params("odd_bytes")).unwrap_err();
    assert_eq!(refused.code(), "fixed_length_column");
    assert_eq!(refused.to_string(), "TxFieldPoint.A_Leaf_Set is declared binary(12): all its values have one length");
    assert!(clinic.database.apply_edits(&[]).is_ok());
    let full = MlcClinic::new("varbinary(12)");
    assert!(
        full.ineligible_reason(CORRUPT, 51, corrupt_params("odd_bytes")).contains("fills A_Leaf_Set varbinary(12)")
    );
    assert!(try_plan(&full.database, CORRUPT, 61, corrupt_params("odd_bytes")).is_ok(), "8 of 12 bytes");
}

#[test]
fn a_leaf_out_of_range_is_the_middle_one_of_bank_b() {
    let mut clinic = MlcClinic::new("varbinary(200)");
    for (field, pairs, length) in [(51, ABSOLUTE, 12), (61, OUTWARD, 0)] {
        let far = encode_bank([pairs[0].1, pairs[1].1, 10_000, pairs[3].1].into_iter(), length);
        let set = vec![("B_Leaf_Set".to_owned(), Datum::Bytes(far))];
        assert_eq!(clinic.planned_edits(CORRUPT, field, corrupt_params("out_of_range")), [(field * 10 + 1, set)]);
    }
    let planned = try_plan(&clinic.database, CORRUPT, 61, corrupt_params("out_of_range")).unwrap();
    clinic.database.apply_edits(&planned.edits).unwrap();
    assert!(
        clinic
            .ineligible_reason(CORRUPT, 61, corrupt_params("out_of_range"))
            .contains("control point 1 already has a leaf at 100.00")
    );
    let findings = clinic.findings("mlc_leaf_limits");
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].table, &findings[0].key[..]), ("TxFieldPoint", &[Value::Integer(611)][..]));
    assert_eq!(findings[0].related, [("TxField", vec![Value::Integer(61)])]);
    assert_eq!(findings[0].message, "leaves outside -20 to 20 cm: 1; the farthest in bank B, pair 3, at 100.00 cm");
    assert_eq!(clinic.messages("mlc_leaf_gap"), [""; 0], "the gap stays open");
    clinic.set_pairs(511, &[(-2000, 2000); 4], 12);
    assert_eq!(clinic.findings("mlc_leaf_limits").len(), 1, "the limits themselves are within");
    clinic.set_pairs(511, &[(-2001, 2000); 4], 12);
    assert_eq!(clinic.findings("mlc_leaf_limits").len(), 2);
}

#[test]
fn a_gap_turns_negative_in_the_machines_own_way() {
    let mut clinic = MlcClinic::new("varbinary(200)");
    // Only the second pair is open by 1 cm, in either convention.
    for (field, pairs, crossed, length) in [(51, ABSOLUTE, (250, -300), 12), (61, OUTWARD, (-250, -300), 0)] {
        let [a, b] = encode_banks(&[pairs[0], crossed, pairs[2], pairs[3]], length).map(Datum::Bytes);
        let set = vec![("A_Leaf_Set".to_owned(), a), ("B_Leaf_Set".to_owned(), b)];
        assert_eq!(clinic.planned_edits(CORRUPT, field, corrupt_params("negative_gap")), [(field * 10 + 1, set)]);
        let planned = try_plan(&clinic.database, CORRUPT, field, corrupt_params("negative_gap")).unwrap();
        clinic.database.apply_edits(&planned.edits).unwrap();
        assert!(
            clinic
                .ineligible_reason(CORRUPT, field, corrupt_params("negative_gap"))
                .contains("already has crossed leaves")
        );
    }
    assert_eq!(
        clinic.messages("mlc_leaf_gap"),
        [
            "leaf pairs crossed: 1 of 4; the worst is pair 2, A at 2.50 and B at -3.00 cm, a gap of -5.50 cm (both \
             banks in one coordinate)",
            "leaf pairs crossed: 1 of 4; the worst is pair 2, A at -2.50 and B at -3.00 cm, a gap of -5.50 cm (each \
             bank outward from the centre)",
        ]
    );
    let mut clinic = MlcClinic::new("varbinary(200)");
    clinic.set_pairs(521, &[(0, 99); 4], 0);
    assert!(
        clinic
            .ineligible_reason(CORRUPT, 52, corrupt_params("negative_gap"))
            .contains("no leaf pair of its control point 1")
    );
}

#[test]
fn an_unknown_convention_is_said_and_not_guessed() {
    let mut clinic = MlcClinic::new("varbinary(200)");
    assert!(
        clinic
            .ineligible_reason(CORRUPT, 71, corrupt_params("negative_gap"))
            .contains("do not show how the machine counts")
    );
    for variant in ["odd_bytes", "out_of_range", "random_bytes"] {
        assert!(try_plan(&clinic.database, CORRUPT, 71, corrupt_params(variant)).is_ok(), "{variant}");
    }
    clinic.set_pairs(711, &[(500, 400); 4], 0);
    let CheckVerdict::Ran { findings, remarks, .. } = clinic.run_check("mlc_leaf_gap") else {
        panic!("it can judge the others")
    };
    assert!(findings.is_empty() && remarks.len() == 1);
    assert!(
        remarks[0].starts_with("1 of 9 fields with leaves were not judged: no machine, or a machine"),
        "{remarks:?}"
    );
    assert!(
        try_plan(&clinic.database, CORRUPT, 71, corrupt_params("random_bytes")).is_ok(),
        "nobody can call it crossed"
    );
    // Pairs of two other fields that fit neither convention.
    for point in [521, 531] {
        clinic.set_pairs(point, &[(-100, -200); 4], 12);
    }
    assert!(clinic.ineligible_reason(CORRUPT, 51, corrupt_params("negative_gap")).contains("do not show how"));
    clinic.database.set_cell("TxField", 61, "Machine_ID_Staff_ID", Value::Null);
    assert!(clinic.ineligible_reason(CORRUPT, 61, corrupt_params("negative_gap")).contains("do not show how"));
    let mut alone = MlcClinic::empty("varbinary(200)");
    alone.add_field(71, 7, 71, 1);
    alone.add_point(71, 0, &ABSOLUTE, 0);
    for (check, part) in [("mlc_leaf_gap", "how it counts its banks"), ("leaf_count_machine", "fewer than 3 other")] {
        let CheckVerdict::NotRun { why } = alone.run_check(check) else { panic!("{check} ran") };
        assert!(why.starts_with("none of 1 fields with leaves can be judged") && why.contains(part), "{why}");
    }
}

#[test]
fn noise_is_seeded_and_always_shows() {
    let clinic = MlcClinic::new("varbinary(200)");
    let mode = modes::find_mode(CORRUPT).unwrap();
    let parameters = json_object(corrupt_params("random_bytes"));
    for (field, kept, length) in [(51, &[0; 4][..], 12), (61, &[], 8), (71, &[], 8)] {
        let record = Value::Integer(field);
        let snapshot = clinic.database.read_for(mode, std::slice::from_ref(&record), &parameters);
        let [first, second] = [1, 2].map(|seed| testing::plan(mode, &snapshot, &record, &parameters, seed));
        assert_ne!(first, second);
        for seed in 0..200 {
            let planned = testing::plan(mode, &snapshot, &record, &parameters, seed).unwrap();
            assert_eq!(Ok(&planned), testing::plan(mode, &snapshot, &record, &parameters, seed).as_ref());
            let mut broken = MlcClinic { defs: Vec::new(), database: clinic.database.clone() };
            assert_eq!(broken.database.apply_edits(&planned.edits).unwrap(), 1);
            let (point, set) = point_update(planned.edits[0].clone());
            let [(column, Datum::Bytes(noise))] = &set[..] else { panic!("{set:?}") };
            assert_eq!((point, column.as_str(), noise.len()), (field * 10 + 1, "A_Leaf_Set", length));
            assert_eq!(&noise[8..], kept, "the padding stays");
            assert!(!broken.findings("mlc_leaf_limits").is_empty() || !broken.findings("mlc_leaf_gap").is_empty());
        }
    }
}

#[test]
fn what_is_wrong_with_a_sets_bytes_is_said() {
    let mut clinic = MlcClinic::new("varbinary(200)");
    assert_eq!(clinic.findings("mlc_leaf_set"), []);
    clinic.set_cell(511, "A_Leaf_Set", Value::Bytes(vec![0; 7]));
    clinic.set_cell(521, "B_Leaf_Set", Value::Null);
    clinic.set_cell(531, "A_Leaf_Set", Value::Null);
    clinic.set_cell(531, "B_Leaf_Set", Value::Null);
    clinic.set_cell(540, "A_Leaf_Set", Value::Null);
    clinic.set_cell(540, "B_Leaf_Set", Value::Null);
    clinic.set_cell(610, "A_Leaf_Set", Value::Bytes(vec![0; 9]));
    assert_eq!(
        clinic.messages("mlc_leaf_set"),
        [
            "A_Leaf_Set has 7 bytes, an odd number; A_Leaf_Set has 7 bytes, but 4 leaf pairs need 8",
            "B_Leaf_Set is missing, but the other bank is there",
            "A_Leaf_Set is missing with 4 leaf pairs in use; B_Leaf_Set is missing with 4 leaf pairs in use",
            "A_Leaf_Set has 9 bytes, an odd number",
        ],
        "a point without leaves and without sets is as it should be"
    );
}

#[test]
fn words_are_checked_and_may_be_kebab() {
    for (tool, name, word, other) in
        [(CORRUPT, "corruption_type", "odd_bytes", "negative_gap"), (COUNT, "mismatch_type", "vs_plan", "intra_field")]
    {
        let mode = modes::find_mode(tool).unwrap();
        let kebab = word.replace('_', "-");
        for (parameters, variant, part) in [
            (json!({}), None, format!("{name} is missing")),
            (json!({ name: word }), Some(other), "contradicts".to_owned()),
            (json!({ name: "nonsense" }), None, "`nonsense` is not one of".to_owned()),
        ] {
            assert!(mode.complete(&json_object(parameters), variant).unwrap_err().contains(&part), "{part}");
        }
        assert_eq!(mode.complete(&json_object(json!({ name: kebab })), None), Ok(json_object(json!({ name: word }))));
        let command = mode.add_arguments(clap::Command::new("mode"));
        let flag = format!("--{}", name.replace('_', "-"));
        let matched =
            mode.parse_matches(&command.try_get_matches_from(["mode", &flag, &kebab, "--fld-id", "5-9"]).unwrap());
        assert_eq!(mode.complete(&matched.unwrap(), None), Ok(json_object(json!({ name: word }))));
    }
}
