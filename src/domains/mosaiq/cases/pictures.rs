//! Cases of the pictures of findings: the numbers that they hold, and what they mark.

use super::department::{build_department, run_check};
use super::mlc::{ABSOLUTE, MlcClinic, OUTWARD};
use super::{insert_row, integer_cells};
use crate::domain::picture::{Aperture, Chart, ChartPoint, Gallery, LeafPair, Picture};
use crate::domains::mosaiq::checks;
use crate::domains::mosaiq::checks::Criteria;
use crate::domains::mosaiq::pictures::{LeafGeometry, build_gallery};
use crate::domains::mosaiq::schedule::CheckVisitors;
use crate::domains::mosaiq::schema;
use crate::domains::mosaiq::testing::{Database, TERMS};
use crate::model::{Datum, Finding, Value};

fn paint_findings(database: &Database, check: &str, pictures_max: usize) -> Gallery {
    let findings = run_check(database, check);
    let findings: Vec<&Finding> = findings.iter().collect();
    let check = checks::find(check).unwrap();
    let snapshot = database.read_snapshot(check.required_queries());
    let (_, machines) = CheckVisitors::of_snapshot(&[check], &snapshot, Criteria::from_params(&TERMS));
    build_gallery(
        &findings,
        &snapshot,
        &LeafGeometry::new(&snapshot, &machines, Criteria::from_params(&TERMS).rules),
        pictures_max,
    )
}

fn paint_aperture(database: &Database, check: &str) -> Aperture {
    match paint_findings(database, check, 9).pictures.as_slice() {
        [Picture::Aperture(aperture)] => aperture.clone(),
        other => panic!("{other:?}"),
    }
}

fn paint_chart(database: &Database, check: &str) -> Chart {
    match paint_findings(database, check, 9).pictures.as_slice() {
        [Picture::Chart(chart)] => chart.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn leaves_stand_in_one_coordinate_whichever_way_a_machine_counts() {
    let [absolute, outward] = [(ABSOLUTE, 511, (300, 250)), (OUTWARD, 611, (-300, 250))].map(|(pairs, point, pair)| {
        let mut clinic = MlcClinic::new("varbinary(200)");
        clinic.set_pairs(point, &[pairs[0], pair, pairs[2], pairs[3]], 0);
        paint_aperture(&clinic.database, "mlc_leaf_gap")
    });
    assert_eq!(absolute.title, "Leaves of control point 1 of field 51");
    assert_eq!(absolute.counting, "both banks in one coordinate, inferred from the machine's other fields");
    assert_eq!(outward.counting, "each bank outward from the centre, inferred from the machine's other fields");
    for (aperture, first) in [(absolute, (-155, -145)), (outward, (150, 150))] {
        let wrong: Vec<bool> = aperture.pairs.iter().map(LeafPair::is_wrong).collect();
        assert_eq!(wrong, [false, true, false, false]);
        let [one, two, ..] = aperture.pairs[..] else { panic!("{aperture:?}") };
        assert_eq!((one.a.zip(one.b), two.a.zip(two.b)), (Some(first), Some((300, 250))));
    }
}

#[test]
fn leaves_out_of_reach_and_missing_ones_are_marked() {
    let mut clinic = MlcClinic::new("varbinary(200)");
    clinic.set_pairs(511, &[ABSOLUTE[0], (-300, 2001), ABSOLUTE[2], ABSOLUTE[3]], 0);
    let far = paint_aperture(&clinic.database, "mlc_leaf_limits");
    assert!(far.pairs[1].beyond && !far.pairs[1].crossed && !far.pairs[0].is_wrong());
    assert!(far.counting.ends_with("guessed from these leaves alone"), "the check reads no field: {}", far.counting);
    let mut clinic = MlcClinic::new("varbinary(200)");
    clinic.set_cell(511, "A_Leaf_Set", Value::Bytes(vec![1, 0, 2]));
    let short = paint_aperture(&clinic.database, "mlc_leaf_set");
    assert_eq!(short.pairs.iter().map(|pair| pair.a).collect::<Vec<_>>(), [Some(1), None, None, None]);
    clinic.set_cell(511, "A_Leaf_Set", Value::Null);
    clinic.set_cell(511, "B_Leaf_Set", Value::Bytes(Vec::new()));
    assert_eq!(paint_findings(&clinic.database, "mlc_leaf_set", 9), Gallery { pictures: Vec::new(), of: vec![None] });
}

#[test]
fn angles_are_drawn_for_the_field_and_marked_at_the_point() {
    let mut clinic = build_department();
    clinic.set_cell("TxFieldPoint", 103, "Gantry_Ang", Value::Real(400.5));
    clinic.set_cell("TxFieldPoint", 104, "Gantry_Ang", Value::Real(f64::INFINITY));
    // A missing point and an infinite angle leave gaps in the line.
    clinic.remove_row("TxFieldPoint", 101);
    let chart = paint_chart(&clinic, "angle_range");
    assert_eq!(chart.title, "Angles of field 1, control point by control point");
    let [gantry, collimator] = &chart.lines[..] else { panic!("{chart:?}") };
    let expected = [(0.0, 90.0, false), (2.0, 90.0, false), (3.0, 400.5, true), (5.0, 90.0, false)]
        .map(|(x, y, wrong)| ChartPoint { x, y, wrong });
    assert_eq!((gantry.dots.as_slice(), collimator.dots.iter().any(|dot| dot.wrong)), (&expected[..], false));
}

#[test]
fn shifts_are_drawn_in_the_order_of_time() {
    let mut clinic = build_department();
    let defs = schema::lab_tables();
    for (id, day) in [(51, 2), (52, 5)] {
        let codes = integer_cells(&[("OFF_ID", id), ("SIT_SET_ID", 30), ("Superior_Offset", 2), ("Lateral_Offset", 3)]);
        let study = [("Study_DtTm", Datum::DateTime(jiff::civil::date(2024, 6, day).at(8, 0, 0, 0)))];
        insert_row(&mut clinic, &defs, "Offset", &[&codes[..], &study].concat());
    }
    clinic.set_cell("Offset", 50, "Superior_Offset", Value::Real(-12.5));
    let chart = paint_chart(&clinic, "offset_size");
    assert_eq!((chart.across.as_str(), chart.up), ("shift (2024-06-02 to 2024-06-05)", "cm"));
    let [superior, anterior] =
        [0, 1].map(|line| chart.lines[line].dots.iter().map(|dot| (dot.x, dot.y, dot.wrong)).collect::<Vec<_>>());
    assert_eq!(superior, [(1.0, 2.0, false), (2.0, -12.5, true), (3.0, 2.0, false)]);
    assert_eq!(anterior, [(2.0, -2.0, false)], "an empty cell is no zero");
}

#[test]
fn findings_share_pictures_and_there_are_not_too_many() {
    let mut clinic = build_department();
    for point in [100, 101, 200] {
        clinic.set_cell("TxFieldPoint", point, "Gantry_Ang", Value::Integer(400));
    }
    let all = paint_findings(&clinic, "angle_range", 9);
    assert_eq!((all.pictures.len(), all.of), (2, vec![Some(0), Some(0), Some(1)]));
    let few = paint_findings(&clinic, "angle_range", 1);
    assert_eq!((few.pictures.len(), few.of), (1, vec![Some(0), Some(0), None]));
    clinic.set_cell("TxFieldPoint", 300, "Gantry_Ang", Value::Integer(400));
    let one = paint_findings(&clinic, "angle_range", 9);
    assert_eq!((one.pictures.len(), one.of.last()), (2, Some(&None)), "one control point is no line");
    let mut clinic = build_department();
    clinic.set_cell("TxField", 1, "Meterset", Value::Integer(250));
    clinic.set_cell("TxFieldPoint", 105, "Index", Value::Integer(77));
    let dots = &paint_chart(&clinic, "meterset_index").lines[0].dots;
    assert_eq!(dots.iter().map(|dot| (dot.y, dot.wrong)).next_back(), Some((77.0, true)));
}
