//! Cases of the pictures of a field, of a prescription's shifts and of a day, as numbers.

use jiff::civil::{date, datetime};

use super::department::build_department;
use super::mlc::{ABSOLUTE, MlcClinic, OUTWARD};
use super::{insert_row, integer_cells};
use crate::domain::picture::{DayChart, DeliveryStatus, Film, Jaws, LimitLine};
use crate::domains::mosaiq::pictures::{self, Lanes};
use crate::domains::mosaiq::rules::Rules;
use crate::domains::mosaiq::schema;
use crate::domains::mosaiq::testing::Database;
use crate::model::{Datum, Fetch, Snapshot, Value};

/// Answers queries until there are none.
fn read_queries(database: &Database, next_queries: impl Fn(&Snapshot) -> Vec<Fetch>) -> Snapshot {
    let mut snapshot = Snapshot::default();
    // Later queries name cells that earlier ones read.
    for _ in 0..9 {
        let queries = next_queries(&snapshot);
        if queries.is_empty() {
            return snapshot;
        }
        for query in queries {
            let answer = database.answer_fetch(&query).unwrap();
            snapshot.add_answer(query, answer).unwrap();
        }
    }
    panic!("it never has enough")
}

fn build_film(database: &Database, field: i64, rules: &Rules) -> Film {
    let field = Value::Integer(field);
    let snapshot = read_queries(database, |snapshot| pictures::film_queries(&field, rules, snapshot));
    pictures::build_film(&field, rules, &snapshot).unwrap()
}

#[test]
fn a_film_has_every_control_point_in_the_coordinate_of_its_machine() {
    let clinic = MlcClinic::new("varbinary(200)");
    let standard = Rules::standard();
    for (field, counting, pairs) in [(51, "both banks in one coordinate", ABSOLUTE), (61, "each bank outward", OUTWARD)]
    {
        let film = build_film(&clinic.database, field, &standard);
        assert!(
            film.counting.starts_with(counting) && film.counting.ends_with("machine's other fields"),
            "{}",
            film.counting
        );
        let numbers: Vec<_> = film.stills.iter().map(|still| (still.number, still.aperture.is_some())).collect();
        assert_eq!(numbers, [(Some(0), false), (Some(1), true), (Some(2), true)]);
        let first = film.stills[1].aperture.as_ref().unwrap().pairs[0];
        let a = i32::from(pairs[0].0) * if field == 61 { -1 } else { 1 };
        assert_eq!((first.a, first.b), (Some(a), Some(i32::from(pairs[0].1))));
        assert_eq!((film.leaf_extent(), film.open_pairs()), ((-350, 300), Some((1, 2))));
    }
    let alone = build_film(&clinic.database, 71, &standard);
    assert!(alone.counting.ends_with("guessed from these leaves alone"), "{}", alone.counting);
    let rules = Rules::parse("[machines.7]\nleaf_convention = \"outward\"").unwrap();
    let mut database = clinic.database.clone();
    let defs = schema::lab_tables();
    database.create_table(defs.iter().find(|def| def.name == "Staff").unwrap());
    insert_row(&mut database, &defs, "Staff", &integer_cells(&[("Staff_ID", 7)]));
    assert_eq!(build_film(&database, 71, &rules).counting, "each bank outward from the centre, from the rules");
}

#[test]
fn jaws_are_counted_as_the_width_of_the_field_tells() {
    let mut clinic = MlcClinic::new("varbinary(200)");
    for (low, high, width, x, why) in [
        (-5.0, 6.5, Some(11.5), Some((-500, 650)), "one coordinate"),
        (5.0, 6.5, Some(11.5), Some((-500, 650)), "outward, whatever the leaves do"),
        (5.0, 6.5, Some(1.5), Some((500, 650)), "both on one side"),
        (5.0, 6.5, None, Some((500, 650)), "as the leaves count"),
        // With one jaw unknown, none is drawn: half an opening would mislead.
        (f64::NAN, 6.5, None, None, "unreadable"),
    ] {
        for (column, cell) in [("Coll_X1", Some(low)), ("Coll_X2", Some(high)), ("Field_X", width)] {
            clinic.database.set_cell("TxFieldPoint", 511, column, cell.map_or(Value::Null, Value::Real));
        }
        let film = build_film(&clinic.database, 51, &Rules::standard());
        assert_eq!(film.stills[1].jaws, Jaws { x, y: None }, "{why}");
    }
}

#[test]
fn a_film_shows_angles_and_index_and_marks_what_the_rules_do_not_allow() {
    let mut clinic = build_department();
    clinic.set_cell("TxFieldPoint", 103, "Gantry_Ang", Value::Real(400.5));
    clinic.set_cell("TxFieldPoint", 104, "Point", Value::Null);
    let film = build_film(&clinic, 1, &Rules::standard());
    assert_eq!((film.gantry_range, film.counting.as_str()), ((0.0, 360.0), ""));
    assert_eq!(film.point_positions(), [0.0, 1.0, 2.0, 3.0, 5.0, 6.0], "the one without a number comes last");
    let (angles, index) = (film.angles(), film.metersets());
    assert_eq!(angles.lines.iter().map(|line| line.name).collect::<Vec<_>>(), ["gantry", "collimator"]);
    let wrong: Vec<f64> = angles.lines[0].dots.iter().filter(|dot| dot.wrong).map(|dot| dot.y).collect();
    assert_eq!((wrong, index.lines[0].dots.len(), index.lines[0].dots[4].y), (vec![400.5], 6, 100.0));
}

/// Returns the number of marked shifts of site 30, and their limits.
fn marks_and_limits(clinic: &Database) -> (usize, Vec<LimitLine>) {
    let site = Value::Integer(30);
    let snapshot = read_queries(clinic, |snapshot| pictures::offsets_queries(&site, snapshot));
    let (chart, limits) = pictures::build_offset_chart(&site, &Rules::standard(), &snapshot).unwrap();
    (chart.lines.iter().flat_map(|line| &line.dots).filter(|dot| dot.wrong).count(), limits)
}

#[test]
fn shifts_come_with_the_limits_of_their_site() {
    let mut clinic = build_department();
    let defs = schema::lab_tables();
    for (id, day, shift) in [(51, 2, 2), (52, 5, 0)] {
        let codes = integer_cells(&[("OFF_ID", id), ("SIT_SET_ID", 30), ("Superior_Offset", shift)]);
        let study = [("Study_DtTm", Datum::DateTime(date(2024, 6, day).at(8, 0, 0, 0)))];
        insert_row(&mut clinic, &defs, "Offset", &[&codes[..], &study].concat());
    }
    let (marks, limits) = marks_and_limits(&clinic);
    assert_eq!((marks, limits.iter().map(|limit| limit.y).collect::<Vec<_>>()), (0, vec![10.0, -10.0, 20.0, -20.0]));
    clinic.set_cell("Site", 40, "Site_Name", Value::Text("Prostate".into()));
    let (marks, limits) = marks_and_limits(&clinic);
    assert_eq!((marks, limits[0].name.as_str(), limits[0].y), (2, "action limit of prostate", 1.0));
}

fn build_day(database: &Database, lanes: Lanes) -> DayChart {
    let today = date(2024, 6, 3);
    let snapshot = read_queries(database, |snapshot| pictures::day_queries(today, snapshot));
    pictures::build_day(today, lanes, &snapshot)
}

#[test]
fn deliveries_of_a_day_lie_in_lanes_and_clashes_are_marked() {
    let mut database = Database::default();
    let defs = schema::lab_tables();
    for name in ["TrackTreatment", "Staff"] {
        database.create_table(defs.iter().find(|def| def.name == name).unwrap());
    }
    let staff = [&integer_cells(&[("Staff_ID", 5)])[..], &[("Last_Name", Datum::Text("LINAC 5  ".into()))]].concat();
    insert_row(&mut database, &defs, "Staff", &staff);
    for (id, patient, machine, from, to, cancelled) in
        [(1, 9, 5, 0, 5, 0), (2, 9, 5, 4, 8, 0), (3, 8, 5, 4, 8, 0), (4, 8, 6, 20, 10, 1)]
    {
        let ids = [("TTX_ID", id), ("Pat_ID1", patient), ("Machine_ID_Staff_ID", machine), ("FLD_ID", 3)];
        let flags = [("WasBeamOn", 1), ("WasBeamComplete", 1), ("WasCanceled", cancelled)];
        let [start, end] = [from, to].map(|minute| Datum::DateTime(datetime(2024, 6, 3, 9, minute, 0, 0)));
        let times = [("Create_DtTm", start), ("Edit_DtTm", end)];
        insert_row(
            &mut database,
            &defs,
            "TrackTreatment",
            &[&integer_cells(&ids)[..], &integer_cells(&flags), &times].concat(),
        );
    }
    let machines = build_day(&database, Lanes::Machines);
    assert_eq!(machines.title, "Deliveries of 2024-06-03");
    assert_eq!(machines.lanes.iter().map(|lane| lane.name.as_str()).collect::<Vec<_>>(), ["LINAC 5", "machine 6"]);
    let first = &machines.lanes[0].spans;
    assert_eq!(
        first.iter().map(|span| span.clashes).collect::<Vec<_>>(),
        [true, true, false],
        "patient 8 is another one"
    );
    assert_eq!((first[0].start, first[0].end, first[0].name.as_str()), (32_400, 32_700, "patient 9, field 3"));
    let last = &machines.lanes[1].spans[0];
    assert_eq!(
        (last.standing, last.is_wrong(), last.clashes),
        (DeliveryStatus::Cancelled, true, false),
        "it ends too early"
    );
    let patients = build_day(&database, Lanes::Patients);
    assert_eq!(patients.lanes.iter().map(|lane| lane.name.as_str()).collect::<Vec<_>>(), ["patient 8", "patient 9"]);
    assert_eq!(patients.lanes[1].spans[0].name, "LINAC 5, field 3");
    assert_eq!(patients.lanes[1].spans.iter().filter(|span| span.clashes).count(), 2);
}
