//! The features of small databases made by hand, with values worked out by hand.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::DeliveryFeatures;
use crate::domain::feature::{FeatureCounts, FeatureRequest, FeatureRow, FeatureSet as _};
use crate::domains::mosaiq::schema;
use crate::domains::mosaiq::testing::{Database, NOW};
use crate::model::time::Time;
use crate::model::{Datum, Edit, Value};

/// Far from any other number in these tests, so that a wrong one shows.
const TOLERANCE: f64 = 1e-9;

fn text(text: &str) -> Datum {
    Datum::Raw(Value::Text(text.into()))
}

fn real(number: f64) -> Datum {
    Datum::Raw(Value::Real(number))
}

fn whole(number: i64) -> Datum {
    Datum::Integer(number)
}

/// Encodes leaf positions, 1/100 cm.
fn leaves(positions: &[i16]) -> Datum {
    Datum::Bytes(positions.iter().flat_map(|position| position.to_le_bytes()).collect())
}

/// A database with one delivery, 1, of field 1 on machine 5, with prescription 10 (set 100) of patient 7.
struct Clinic(Database);

impl Clinic {
    fn new() -> Self {
        let mut database = Database::default();
        schema::lab_tables().iter().for_each(|def| database.create_table(def));
        let mut clinic = Self(database);
        clinic.insert("Patient", [("Pat_ID1", whole(7))]);
        clinic.insert("Site", [("SIT_ID", whole(10)), ("SIT_SET_ID", whole(100)), ("Pat_ID1", whole(7))]);
        clinic.insert("TxField", [("FLD_ID", whole(1)), ("Machine_ID_Staff_ID", whole(5)), ("Type_Enum", whole(13))]);
        clinic.insert(
            "TrackTreatment",
            [
                ("TTX_ID", whole(1)),
                ("Pat_ID1", whole(7)),
                ("FLD_ID", whole(1)),
                ("SIT_ID", whole(10)),
                ("Create_DtTm", text("2024-06-28 10:00:00.000")),
                ("Edit_DtTm", text("2024-06-28 10:01:00.000")),
            ],
        );
        clinic
    }

    fn insert<const N: usize>(&mut self, table: &str, cells: [(&str, Datum); N]) {
        let row = cells.into_iter().map(|(column, datum)| (column.to_owned(), datum)).collect();
        self.0.apply_edits(&[Edit::Insert { table: table.into(), row }]).unwrap();
    }

    /// Sets a cell of the row of key 1, or of the prescription.
    fn set(&mut self, table: &str, column: &str, datum: Datum) {
        let key = vec![Value::Integer(if table == "Site" { 10 } else { 1 })];
        let set = BTreeMap::from([(column.to_owned(), datum)]);
        self.0.apply_edits(&[Edit::Update { table: table.into(), key, set }]).unwrap();
    }

    /// Adds a control point of field 1.
    fn point<const N: usize>(&mut self, id: i64, cells: [(&str, Datum); N]) {
        self.insert("TxFieldPoint", [("TFP_ID", whole(id))]);
        let set = cells.into_iter().map(|(column, datum)| (column.to_owned(), datum));
        let set = std::iter::once(("FLD_ID".to_owned(), whole(1))).chain(set).collect();
        self.0
            .apply_edits(&[Edit::Update { table: "TxFieldPoint".into(), key: vec![Value::Integer(id)], set }])
            .unwrap();
    }

    /// Adds a control point with leaves.
    fn leaf_point(&mut self, id: i64, used: Datum, a: Datum, b: Datum) {
        self.point(id, [("Point", whole(id)), ("MLC_Leaves", used), ("A_Leaf_Set", a), ("B_Leaf_Set", b)]);
    }

    /// Adds another field of machine 5 with one pair.
    fn other_field(&mut self, id: i64, kind: i64, pair: [i16; 2]) {
        self.insert("TxField", [("FLD_ID", whole(id)), ("Machine_ID_Staff_ID", whole(5)), ("Type_Enum", whole(kind))]);
        let [a, b] = pair.map(|position| leaves(&[position]));
        self.leaf_point(1000 + id, whole(1), a, b);
        let set = BTreeMap::from([("FLD_ID".to_owned(), whole(id))]);
        let key = vec![Value::Integer(1000 + id)];
        self.0.apply_edits(&[Edit::Update { table: "TxFieldPoint".into(), key, set }]).unwrap();
    }

    fn run(&self, strict_reference: bool) -> (Vec<Features>, FeatureCounts) {
        let request = FeatureRequest { strict_reference, ..FeatureRequest::every_record(Time::local(NOW)) };
        let card = DeliveryFeatures.card();
        let mut rows = Vec::new();
        let mut sink = |row: &FeatureRow<'_>| {
            let values = card.features.iter().map(|card| card.name).zip(row.values.iter().copied());
            let flags =
                card.flags.iter().map(|card| card.name).zip(row.flags.iter().map(|flag| f64::from(u8::from(*flag))));
            rows.push(Features(values.chain(flags).collect()));
            ControlFlow::Continue(())
        };
        let mut run = DeliveryFeatures.start(&request, &mut sink);
        self.0.run_scans(run.as_mut());
        let counts = run.finish();
        (rows, counts)
    }

    /// The features of the one delivery.
    fn features(&self) -> Features {
        self.run(false).0.remove(0)
    }

    /// The same as the reference computes them; `None` where it fails.
    fn reference(&self) -> Option<Features> {
        let (rows, counts) = self.run(true);
        assert_eq!(counts.left_out + rows.len() as u64, 1);
        rows.into_iter().next()
    }
}

/// Features and flags by name.
#[derive(Debug, PartialEq)]
struct Features(BTreeMap<&'static str, f64>);

impl Features {
    #[track_caller]
    fn are<const N: usize>(&self, expected: [(&str, f64); N]) {
        for (name, value) in expected {
            assert!((self.0[name] - value).abs() < TOLERANCE, "{name} is {}, and not {value}", self.0[name]);
        }
    }

    /// Holds that a group is missing: all zeros and no flag.
    #[track_caller]
    fn lack(&self, group: &str, flag: &str) {
        let of_group = DeliveryFeatures.card().features.iter().filter(|card| card.group == group);
        of_group.for_each(|card| self.are([(card.name, 0.0)]));
        self.are([(flag, 0.0)]);
    }
}

#[test]
fn the_order_and_the_sizes_of_the_groups_are_fixed() {
    let card = DeliveryFeatures.card();
    let mut groups: Vec<(&str, usize)> = Vec::new();
    for feature in card.features {
        match groups.last_mut() {
            Some((group, count)) if *group == feature.group => *count += 1,
            _ => groups.push((feature.group, 1)),
        }
    }
    let sizes = [
        ("foreign_keys", 6),
        ("timestamps", 9),
        ("meterset", 8),
        ("control_points", 6),
        ("angles", 14),
        ("mlc", 19),
        ("offsets", 12),
    ];
    assert_eq!(groups, sizes);
    assert_eq!((card.features.len(), card.flags.len()), (74, 10));
    assert_eq!((card.features[0].name, card.features[73].name), ("pat_id_null", "type_third_party"));
}

#[test]
fn keys_exist_or_are_null() {
    let mut clinic = Clinic::new();
    let expected = [("patient_exists", 1.0), ("field_exists", 1.0), ("site_exists", 1.0), ("has_foreign_keys", 1.0)];
    clinic.features().are(expected);
    clinic.features().are([("pat_id_null", 0.0), ("fld_id_null", 0.0), ("sit_id_null", 0.0)]);
    // 100 is the id of the prescription's versions, and not of the prescription.
    [("Pat_ID1", 8), ("FLD_ID", 2), ("SIT_ID", 100)]
        .into_iter()
        .for_each(|(column, id)| clinic.set("TrackTreatment", column, whole(id)));
    clinic.features().are([("patient_exists", 0.0), ("field_exists", 0.0), ("site_exists", 0.0)]);
    clinic.features().are([("pat_id_null", 0.0), ("has_foreign_keys", 1.0)]);
    ["Pat_ID1", "FLD_ID", "SIT_ID"].into_iter().for_each(|column| clinic.set("TrackTreatment", column, Datum::Null));
    let features = clinic.features();
    features.are([("pat_id_null", 1.0), ("fld_id_null", 1.0), ("sit_id_null", 1.0), ("has_foreign_keys", 1.0)]);
    features.are([("patient_exists", 0.0), ("field_exists", 0.0), ("site_exists", 0.0)]);
    clinic.insert("Patient", [("Pat_ID1", whole(0))]);
    clinic.set("TrackTreatment", "Pat_ID1", whole(0));
    clinic.features().are([("patient_exists", 1.0)]);
    clinic.reference().unwrap().are([("patient_exists", 0.0), ("pat_id_null", 0.0)]);
    clinic.0.drop("Patient");
    clinic.features().are([("patient_exists", 0.0)]);
}

#[test]
fn times_are_compared_to_the_millisecond() {
    let mut clinic = Clinic::new();
    clinic.features().are([("duration_seconds", 60.0), ("duration_too_short", 0.0), ("has_timestamps", 1.0)]);
    clinic.features().are([("has_dose_time", 0.0), ("dose_time_delta", 0.0), ("create_in_future", 0.0)]);
    clinic.set("TrackTreatment", "Edit_DtTm", text("2024-06-28 10:00:09.997"));
    clinic.features().are([("duration_seconds", 9.997), ("duration_too_short", 1.0), ("edit_before_create", 0.0)]);
    clinic.set("TrackTreatment", "Edit_DtTm", text("2024-06-28 09:59:59.003"));
    let features = clinic.features();
    features.are([("duration_seconds", -0.997), ("duration_negative", 1.0), ("edit_before_create", 1.0)]);
    features.are([("duration_too_short", 1.0), ("duration_too_long", 0.0)]);
    clinic.set("TrackTreatment", "Edit_DtTm", text("2024-07-01 09:00:00.000"));
    clinic.features().are([("duration_too_long", 1.0), ("edit_in_future", 0.0), ("duration_seconds", 255_600.0)]);
    clinic.set("TrackTreatment", "Edit_DtTm", text("2024-07-01 09:00:00.003"));
    clinic.features().are([("edit_in_future", 1.0), ("create_in_future", 0.0)]);
    for missing in [Datum::Null, text("yesterday")] {
        clinic.set("TrackTreatment", "Edit_DtTm", missing);
        clinic.features().lack("timestamps", "has_timestamps");
        assert_eq!(clinic.reference(), None);
    }
}

#[test]
fn the_dose_is_the_one_that_the_delivery_names() {
    let mut clinic = Clinic::new();
    let dose = |id: i64, field: i64, time: &str| {
        [("DHS_ID", whole(id)), ("Pat_ID1", whole(7)), ("FLD_ID", whole(field)), ("Tx_DtTm", text(time))]
    };
    clinic.insert("Dose_Hst", dose(3, 1, "2024-06-28 10:05:00.003"));
    clinic.insert("Dose_Hst", dose(4, 1, "2024-06-28 09:58:00.000"));
    clinic.insert("Dose_Hst", dose(5, 1, "2024-06-28 10:00:30.000"));
    clinic.features().are([("dose_time_delta", 0.0), ("has_dose_time", 0.0)]);
    clinic.set("TrackTreatment", "DHS_ID", whole(3));
    clinic.features().are([("dose_time_delta", 300.003), ("dose_time_mismatch", 1.0), ("has_dose_time", 1.0)]);
    clinic.set("TrackTreatment", "DHS_ID", whole(4));
    clinic.features().are([("dose_time_delta", 120.0), ("dose_time_mismatch", 0.0)]);
    // The reference takes the first of the same patient and field that lies near, and so never sees a mismatch.
    clinic.set("TrackTreatment", "DHS_ID", whole(3));
    clinic.reference().unwrap().are([("dose_time_delta", 120.0), ("dose_time_mismatch", 0.0), ("has_dose_time", 1.0)]);
    clinic.set("TrackTreatment", "Pat_ID1", whole(8));
    clinic.reference().unwrap().are([("dose_time_delta", 0.0), ("has_dose_time", 0.0)]);
    clinic.set("TrackTreatment", "DHS_ID", whole(6));
    clinic.features().are([("dose_time_delta", 0.0), ("dose_time_mismatch", 0.0), ("has_dose_time", 0.0)]);
    clinic.0.set_cell("Dose_Hst", 3, "Tx_DtTm", Value::Null);
    clinic.set("TrackTreatment", "DHS_ID", whole(3));
    clinic.features().are([("has_dose_time", 0.0), ("has_timestamps", 1.0)]);
}

#[test]
fn a_meterset_is_a_number_and_null_is_none() {
    let mut clinic = Clinic::new();
    clinic.features().lack("meterset", "has_meterset");
    for (planned, negative, low, high) in
        [(0.0, 0.0, 1.0, 0.0), (-3.5, 1.0, 1.0, 0.0), (10.0, 0.0, 0.0, 0.0), (1000.5, 0.0, 0.0, 1.0)]
    {
        clinic.set("TxField", "Meterset", real(planned));
        let features = clinic.features();
        features.are([("mu_planned", planned), ("mu_negative", negative), ("mu_extreme_low", low)]);
        features.are([("mu_extreme_high", high), ("has_meterset", 1.0), ("has_mu_cp", 0.0)]);
        features.are([("mu_cp_sum", 0.0), ("mu_cp_percent_diff", 0.0), ("mu_cp_mismatch", 0.0)]);
    }
    clinic.reference().unwrap().are([("mu_planned", 1000.5), ("mu_extreme_high", 1.0), ("mu_cp_mismatch", 0.0)]);
    clinic.set("TxField", "Meterset", real(0.0));
    clinic.reference().unwrap().lack("meterset", "has_meterset");
}

#[test]
fn control_points_count_in_mu_or_in_percent() {
    let mut clinic = Clinic::new();
    clinic.set("TxField", "Meterset", real(120.0));
    clinic.point(11, [("Point", whole(1)), ("Index", real(130.0))]);
    clinic.features().are([("has_mu_cp", 0.0), ("mu_cp_sum", 0.0)]);
    clinic.point(10, [("Point", whole(0)), ("Index", real(0.0))]);
    let features = clinic.features();
    features.are([("mu_cp_sum", 130.0), ("mu_cp_difference", 10.0), ("mu_cp_percent_diff", 25.0 / 3.0)]);
    features.are([("mu_cp_mismatch", 1.0), ("has_mu_cp", 1.0)]);
    // In percent, which says nothing of MU: the doses do.
    clinic.0.set_cell("TxFieldPoint", 11, "Index", Value::Real(100.5));
    clinic.features().are([("has_mu_cp", 0.0), ("mu_cp_sum", 0.0), ("mu_cp_mismatch", 0.0)]);
    clinic.set("TxField", "Cgray", real(189.0));
    clinic.set("TxField", "cGrayPerMeterset", real(1.5));
    let features = clinic.features();
    features.are([("mu_cp_sum", 126.0), ("mu_cp_difference", 6.0), ("mu_cp_percent_diff", 5.0)]);
    features.are([("mu_cp_mismatch", 0.0), ("has_mu_cp", 1.0)]);
    clinic.0.set_cell("TxFieldPoint", 11, "Index", Value::Null);
    clinic.features().are([("mu_cp_sum", 126.0)]);
    clinic.0.set_cell("TxFieldPoint", 11, "Index", Value::Real(99.4));
    clinic.features().are([("mu_cp_sum", 99.4), ("mu_cp_mismatch", 1.0)]);
    // A point without a number is the last one.
    clinic.point(9, [("Index", real(40.0))]);
    clinic.features().are([("mu_cp_sum", 40.0)]);
    clinic.set("TxField", "Meterset", real(0.0));
    clinic.features().are([("mu_cp_difference", 40.0), ("mu_cp_percent_diff", 999.0), ("mu_cp_mismatch", 1.0)]);
    clinic.set("TxField", "Meterset", real(-40.0));
    clinic.features().are([("mu_cp_difference", 80.0), ("mu_cp_percent_diff", 999.0), ("mu_cp_mismatch", 1.0)]);
    clinic.set("TxField", "Meterset", Datum::Null);
    clinic.features().lack("meterset", "has_mu_cp");
    clinic.set("TxField", "cGrayPerMeterset", real(0.0));
    clinic.0.remove_row("TxFieldPoint", 9);
    clinic.0.remove_row("TxFieldPoint", 11);
    clinic.set("TxField", "Meterset", real(0.0));
    clinic.features().are([("has_mu_cp", 0.0), ("has_meterset", 1.0)]);
}

#[test]
fn numbers_of_control_points_follow_each_other_or_have_gaps() {
    let mut clinic = Clinic::new();
    clinic.features().lack("control_points", "has_control_points");
    let angles = || [("Gantry_Ang", real(0.0)), ("Coll_Ang", real(0.0))];
    let number = |clinic: &mut Clinic, id: i64, number: Datum| {
        let [gantry, collimator] = angles();
        clinic.point(id, [("Point", number), gantry, collimator]);
    };
    number(&mut clinic, 20, whole(0));
    let features = clinic.features();
    features.are([("cp_count", 1.0), ("cp_minimum_met", 0.0), ("cp_sequential", 1.0), ("cp_max_gap", 0.0)]);
    features.are([("cp_gap_count", 0.0), ("cp_starts_at_zero", 1.0), ("has_control_points", 1.0)]);
    number(&mut clinic, 19, whole(1));
    clinic.features().are([("cp_minimum_met", 1.0), ("cp_sequential", 1.0), ("cp_max_gap", 1.0)]);
    number(&mut clinic, 18, whole(4));
    number(&mut clinic, 17, whole(6));
    let features = clinic.features();
    features.are([("cp_count", 4.0), ("cp_sequential", 0.0), ("cp_max_gap", 3.0), ("cp_gap_count", 2.0)]);
    assert_eq!(clinic.reference().unwrap().0["cp_max_gap"].to_bits(), 3.0_f64.to_bits());
    // Twice the same number is no gap.
    number(&mut clinic, 16, whole(6));
    clinic.features().are([("cp_count", 5.0), ("cp_max_gap", 3.0), ("cp_gap_count", 2.0)]);
    number(&mut clinic, 15, Datum::Null);
    clinic.features().are([("cp_count", 6.0), ("cp_sequential", 0.0), ("cp_max_gap", 3.0)]);
    assert_eq!(clinic.reference(), None, "the reference sorts no NULL");
    clinic.0.remove_row("TxFieldPoint", 20);
    clinic.features().are([("cp_starts_at_zero", 0.0)]);
    [19, 18, 17, 16].into_iter().for_each(|id| clinic.0.remove_row("TxFieldPoint", id));
    let features = clinic.features();
    features.are([("cp_count", 1.0), ("cp_sequential", 0.0), ("cp_starts_at_zero", 0.0), ("cp_max_gap", 0.0)]);
    // The points of a field whose row is lost are its points still.
    clinic.0.remove_row("TxField", 1);
    clinic.features().are([("cp_count", 1.0), ("field_exists", 0.0), ("has_control_points", 1.0)]);
    clinic.0.drop("TxFieldPoint");
    clinic.features().lack("control_points", "has_control_points");
}

#[test]
fn angles_turn_the_shorter_way() {
    let mut clinic = Clinic::new();
    clinic.features().lack("angles", "has_angles");
    // In the order of the numbers: 350, 10, 110.
    for (id, number, gantry, collimator) in [(30, 2, 110.0, 30.0), (31, 0, 350.0, -90.0), (32, 1, 10.0, 30.0)] {
        let angles = [("Gantry_Ang", real(gantry)), ("Coll_Ang", real(collimator))];
        let [gantry, collimator] = angles;
        clinic.point(id, [("Point", whole(number)), gantry, collimator]);
    }
    let features = clinic.features();
    features.are([("gantry_out_of_range", 0.0), ("coll_out_of_range", 0.0), ("has_angles", 1.0)]);
    features.are([("gantry_mean", 470.0 / 3.0), ("gantry_range", 340.0), ("gantry_max_delta", 100.0)]);
    features.are([("gantry_mean_delta", 60.0), ("gantry_suspicious_jumps", 1.0), ("coll_suspicious_jumps", 1.0)]);
    features.are([("coll_mean", -10.0), ("coll_std", 3200.0_f64.sqrt()), ("coll_range", 120.0)]);
    features.are([("coll_max_delta", 120.0), ("coll_mean_delta", 60.0)]);
    clinic.reference().unwrap().are([("coll_out_of_range", 1.0), ("gantry_max_delta", 100.0)]);
    // 510 is 20 beyond a full circle from 130 on, and 140 from 10: the reference counts down instead.
    clinic.0.set_cell("TxFieldPoint", 30, "Gantry_Ang", Value::Real(510.0));
    clinic.features().are([
        ("gantry_out_of_range", 1.0),
        ("gantry_max_delta", 140.0),
        ("gantry_suspicious_jumps", 1.0),
    ]);
    let reference = clinic.reference().unwrap();
    reference.are([("gantry_max_delta", 20.0), ("gantry_mean_delta", -60.0), ("gantry_suspicious_jumps", 0.0)]);
    clinic.0.set_cell("TxFieldPoint", 30, "Gantry_Ang", Value::Real(360.1));
    clinic.features().are([("gantry_out_of_range", 1.0)]);
    // A NULL between two angles is passed over.
    clinic.0.set_cell("TxFieldPoint", 32, "Gantry_Ang", Value::Null);
    clinic.features().are([("gantry_mean", 355.05), ("gantry_max_delta", 10.1), ("has_angles", 1.0)]);
    assert_eq!(clinic.reference(), None);
    [30, 31].into_iter().for_each(|id| clinic.0.set_cell("TxFieldPoint", id, "Gantry_Ang", Value::Null));
    let features = clinic.features();
    features.are([("gantry_mean", 0.0), ("gantry_range", 0.0), ("coll_mean", -10.0), ("has_angles", 0.0)]);
    clinic.0.set_cell("TxFieldPoint", 30, "Coll_Ang", Value::Real(-180.1));
    clinic.features().are([("coll_out_of_range", 1.0)]);
}

#[test]
fn one_angle_does_not_turn() {
    let mut clinic = Clinic::new();
    clinic.point(30, [("Point", whole(0)), ("Gantry_Ang", real(271.5)), ("Coll_Ang", real(0.0))]);
    let features = clinic.features();
    features.are([("gantry_mean", 271.5), ("gantry_std", 0.0), ("gantry_range", 0.0), ("gantry_max_delta", 0.0)]);
    features.are([("gantry_mean_delta", 0.0), ("has_angles", 1.0), ("has_mlc", 0.0)]);
}

#[test]
fn leaves_of_all_points_count_and_padding_never() {
    let mut clinic = Clinic::new();
    clinic.features().lack("mlc", "has_mlc");
    clinic.leaf_point(40, whole(2), leaves(&[-100, -300, 0]), leaves(&[100, 300, 0]));
    clinic.leaf_point(41, whole(2), leaves(&[-200, 700]), leaves(&[150, 500]));
    let features = clinic.features();
    features.are([
        ("a_byte_length", 4.0),
        ("b_byte_length", 4.0),
        ("byte_length_match", 1.0),
        ("byte_length_even", 1.0),
    ]);
    features.are([("a_mean_pos", 0.25), ("a_std_pos", 4.5), ("a_min_pos", -3.0), ("a_max_pos", 7.0)]);
    features.are([("b_mean_pos", 2.625), ("b_std_pos", 1.75), ("b_min_pos", 1.0), ("b_max_pos", 5.0)]);
    features.are([("a_out_of_range", 0.0), ("b_out_of_range", 0.0), ("leaf_count", 2.0), ("has_mlc", 1.0)]);
    // One crossed pair of four under either way, and no other field: nobody can tell how the machine counts.
    features.are([("min_gap", -999.0), ("mean_gap", -999.0), ("max_gap", -999.0), ("negative_gap_count", 999.0)]);
    features.are([("has_gap", 0.0)]);
    clinic.other_field(2, 13, [-100, 100]);
    clinic.other_field(3, 13, [-100, 50]);
    let features = clinic.features();
    features.are([("min_gap", -2.0), ("mean_gap", 2.375), ("max_gap", 6.0), ("negative_gap_count", 1.0)]);
    features.are([("has_gap", 1.0), ("a_mean_pos", 0.25)]);
    // The reference: the first point alone, and its padding is leaves.
    for (id, gantry) in [(40, 0.0), (41, 0.0)] {
        clinic.0.set_cell("TxFieldPoint", id, "Gantry_Ang", Value::Real(gantry));
        clinic.0.set_cell("TxFieldPoint", id, "Coll_Ang", Value::Real(gantry));
    }
    let reference = clinic.reference().unwrap();
    reference.are([("a_byte_length", 6.0), ("a_mean_pos", -4.0 / 3.0), ("a_max_pos", 0.0), ("b_min_pos", 0.0)]);
    reference.are([("min_gap", 0.0), ("max_gap", 6.0), ("mean_gap", 8.0 / 3.0), ("negative_gap_count", 0.0)]);
    reference.are([("leaf_count", 3.0), ("has_gap", 1.0)]);
}

#[test]
fn a_machine_counts_as_its_other_treatment_fields_do() {
    let mut clinic = Clinic::new();
    clinic.leaf_point(40, whole(1), leaves(&[300]), leaves(&[100]));
    // Alone, the field is held to be outward: that way no pair of it is crossed.
    clinic.features().are([("min_gap", 4.0), ("negative_gap_count", 0.0), ("has_gap", 1.0)]);
    // An imaging field says nothing.
    clinic.other_field(2, 3, [-100, 100]);
    clinic.features().are([("min_gap", 4.0)]);
    clinic.other_field(3, 1, [-100, 100]);
    // Both ways fit the other field: absolute.
    clinic.features().are([("min_gap", -2.0), ("negative_gap_count", 1.0)]);
    // Half of the others' pairs are crossed if absolute, none if outward.
    clinic.other_field(4, 1, [500, 100]);
    clinic.features().are([("min_gap", 4.0), ("max_gap", 4.0)]);
    clinic.other_field(5, 1, [-500, 100]);
    clinic.features().are([("min_gap", -999.0), ("has_gap", 0.0), ("has_mlc", 1.0), ("leaf_count", 1.0)]);
    // 25 times the crossed pairs are as many as all: it fits still.
    for id in 6..=27 {
        clinic.other_field(id, 1, [-100, 100]);
    }
    clinic.features().are([("min_gap", -2.0), ("has_gap", 1.0)]);
    clinic.0.remove_row("TxField", 27);
    clinic.features().are([("min_gap", -999.0), ("has_gap", 0.0)]);
    clinic.set("TxField", "Machine_ID_Staff_ID", Datum::Null);
    clinic.features().are([("min_gap", -999.0), ("has_gap", 0.0), ("a_mean_pos", 3.0)]);
}

#[test]
fn banks_that_do_not_match_have_no_gap() {
    let mut clinic = Clinic::new();
    clinic.other_field(2, 13, [-100, 100]);
    clinic.leaf_point(40, Datum::Null, leaves(&[-100, -2001]), leaves(&[100, 2000, 300]));
    // Without a number of leaves, as many as the shorter set holds: the third leaf of the longer one is none.
    let features = clinic.features();
    features.are([("byte_length_match", 0.0), ("a_byte_length", 4.0), ("b_byte_length", 6.0), ("has_gap", 1.0)]);
    features.are([("a_out_of_range", 1.0), ("b_out_of_range", 0.0), ("leaf_count", 2.0), ("b_mean_pos", 10.5)]);
    features.are([("max_gap", 40.01), ("min_gap", 2.0)]);
    clinic.0.set_cell("TxFieldPoint", 40, "MLC_Leaves", Value::Integer(-1));
    clinic.features().are([("has_gap", 1.0), ("leaf_count", 2.0)]);
    clinic.0.set_cell("TxFieldPoint", 40, "MLC_Leaves", Value::Integer(3));
    let features = clinic.features();
    features.are([("has_gap", 0.0), ("min_gap", -999.0), ("negative_gap_count", 999.0), ("leaf_count", 2.0)]);
    features.are([("b_mean_pos", 8.0), ("b_max_pos", 20.0)]);
    // A point of 0 leaves, one without a set and one whose set holds no leaf are none.
    clinic.0.set_cell("TxFieldPoint", 40, "MLC_Leaves", Value::Integer(0));
    clinic.features().lack("mlc", "has_mlc");
    for broken in [Value::Null, Value::Bytes(vec![1]), Value::Text("leaves".into())] {
        clinic.0.set_cell("TxFieldPoint", 40, "MLC_Leaves", Value::Integer(2));
        clinic.0.set_cell("TxFieldPoint", 40, "B_Leaf_Set", broken);
        clinic.features().lack("mlc", "has_mlc");
    }
    // A byte that is left over is no leaf, and is seen.
    clinic.0.set_cell("TxFieldPoint", 40, "B_Leaf_Set", Value::Bytes(vec![100, 0, 208, 7, 9]));
    let features = clinic.features();
    features.are([("byte_length_even", 0.0), ("b_byte_length", 5.0), ("b_mean_pos", 10.5), ("leaf_count", 2.0)]);
}

#[test]
fn the_reference_fails_on_sets_without_a_leaf() {
    let mut clinic = Clinic::new();
    clinic.leaf_point(40, whole(2), Datum::Bytes(vec![7]), leaves(&[100, 300]));
    for column in ["Gantry_Ang", "Coll_Ang"] {
        clinic.0.set_cell("TxFieldPoint", 40, column, Value::Real(0.0));
    }
    let reference = clinic.reference().unwrap();
    reference.are([("a_byte_length", 1.0), ("b_byte_length", 4.0), ("byte_length_even", 0.0), ("a_mean_pos", -999.0)]);
    reference.are([("b_max_pos", -999.0), ("a_out_of_range", 1.0), ("b_out_of_range", 1.0), ("min_gap", -999.0)]);
    reference.are([("negative_gap_count", 999.0), ("max_gap", -999.0), ("leaf_count", 0.0), ("has_gap", 0.0)]);
    clinic.features().lack("mlc", "has_mlc");
    clinic.0.set_cell("TxFieldPoint", 40, "A_Leaf_Set", Value::Null);
    clinic.reference().unwrap().lack("mlc", "has_mlc");
}

#[test]
fn the_latest_offset_of_the_prescription_counts() {
    let mut clinic = Clinic::new();
    clinic.features().lack("offsets", "has_offsets");
    let offset = |id: i64, study: Datum, axes: [Datum; 3]| {
        let [superior, anterior, lateral] = axes;
        [
            ("OFF_ID", whole(id)),
            ("SIT_SET_ID", whole(100)),
            ("Study_DtTm", study),
            ("Superior_Offset", superior),
            ("Anterior_Offset", anterior),
            ("Lateral_Offset", lateral),
            ("Offset_Type", whole(id % 10)),
            ("Offset_State", whole(id / 10)),
        ]
    };
    clinic.insert("Offset", offset(94, Datum::Null, [real(9.0), real(9.0), real(9.0)]));
    clinic.features().are([
        ("offset_superior", 9.0),
        ("has_offsets", 1.0),
        ("type_third_party", 1.0),
        ("state_valid", 0.0),
    ]);
    clinic.insert("Offset", offset(23, text("2024-06-28 11:00:00.000"), [real(10.0), Datum::Null, real(-10.1)]));
    let features = clinic.features();
    features.are([("offset_superior", 10.0), ("offset_anterior", 0.0), ("offset_lateral", -10.1)]);
    features.are([("offset_vector_magnitude", 202.01_f64.sqrt()), ("superior_extreme", 0.0), ("lateral_extreme", 1.0)]);
    features.are([("vector_extreme", 0.0), ("type_valid", 1.0), ("state_valid", 1.0), ("type_third_party", 0.0)]);
    assert_eq!(clinic.reference(), None, "the reference adds no NULL");
    // Of the same time, the one with the largest id.
    clinic.insert("Offset", offset(25, text("2024-06-28 11:00:00.000"), [real(12.0), real(16.0), real(0.0)]));
    clinic.insert("Offset", offset(99, text("2024-06-28 10:59:59.997"), [real(0.0), real(0.0), real(0.0)]));
    let features = clinic.features();
    features.are([("offset_vector_magnitude", 20.0), ("superior_extreme", 1.0), ("anterior_extreme", 1.0)]);
    features.are([("vector_extreme", 1.0), ("offset_critical", 0.0), ("type_valid", 0.0), ("state_valid", 1.0)]);
    assert_eq!(clinic.reference().unwrap(), features);
    clinic.0.set_cell("Offset", 25, "Lateral_Offset", Value::Real(0.1));
    clinic.features().are([("offset_critical", 1.0)]);
    clinic.0.set_cell("Offset", 25, "Offset_State", Value::Null);
    clinic.features().are([("state_valid", 0.0)]);
    clinic.set("Site", "SIT_SET_ID", Datum::Null);
    clinic.features().lack("offsets", "has_offsets");
}
