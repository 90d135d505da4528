//! What a physicist would check in a lab: references, versions, prescriptions and dates.

mod course;
mod physics;
mod preparation;
mod timetable;

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::domains::mosaiq::testing::Database;
use crate::model::{Fetch, Row, Snapshot};

fn read_tables<const N: usize>(lab: &Database, tables: [&str; N]) -> Snapshot {
    lab.read_snapshot(tables.map(Fetch::all))
}

fn integer(row: &Row<'_>, column: &str) -> i64 {
    row.integer(column).unwrap_or_else(|| panic!("{column} of {:?}", row.key()))
}

fn number(row: &Row<'_>, column: &str) -> f64 {
    row.decimal(column).unwrap_or_else(|| panic!("{column} of {:?}", row.key())).to_f64_exact().unwrap()
}

fn flag(row: &Row<'_>, column: &str) -> bool {
    row.flag(column).unwrap()
}

/// Returns the machines in use in a lab.
fn machines_of(scenario: Option<&'static str>, patients: u32) -> &'static [LabMachine] {
    LabRequest { patients, seed: 1, until: UNTIL, scenario }.machines()
}

/// Child, its column, parent, its column.
const REFERENCES: [(&str, &str, &str, &str); 27] = [
    ("Ident", "Pat_Id1", "Patient", "Pat_ID1"),
    ("Ident", "IDENT_Set_ID", "Ident", "IDENT_ID"),
    ("Site", "Pat_ID1", "Patient", "Pat_ID1"),
    ("Site", "SIT_SET_ID", "Site", "SIT_ID"),
    ("Site", "Sanct_Id", "Staff", "Staff_ID"),
    ("TxField", "Sanct_ID", "Staff", "Staff_ID"),
    ("Dose_Hst", "Machine_ID_Staff_ID", "Staff", "Staff_ID"),
    ("TxField", "Pat_ID1", "Patient", "Pat_ID1"),
    ("TxField", "FLD_SET_ID", "TxField", "FLD_ID"),
    ("TxField", "SIT_Set_ID", "Site", "SIT_SET_ID"),
    ("TxField", "Machine_ID_Staff_ID", "Staff", "Staff_ID"),
    ("TxFieldPoint", "FLD_ID", "TxField", "FLD_ID"),
    ("TrackTreatment", "Pat_ID1", "Patient", "Pat_ID1"),
    ("TrackTreatment", "FLD_ID", "TxField", "FLD_ID"),
    ("TrackTreatment", "SIT_ID", "Site", "SIT_ID"),
    ("TrackTreatment", "Machine_ID_Staff_ID", "Staff", "Staff_ID"),
    ("TrackTreatment", "Staff_ID", "Staff", "Staff_ID"),
    ("TrackTreatment", "DHS_ID", "Dose_Hst", "DHS_ID"),
    ("Dose_Hst", "FLD_ID", "TxField", "FLD_ID"),
    ("Dose_Hst", "SIT_ID", "Site", "SIT_ID"),
    ("Offset", "SIT_SET_ID", "Site", "SIT_SET_ID"),
    ("QCLTask", "Responsible_Staff_ID", "Staff", "Staff_ID"),
    ("Chklist", "Pat_ID1", "Patient", "Pat_ID1"),
    ("Chklist", "TSK_ID", "QCLTask", "TSK_ID"),
    ("Chklist", "Rsp_Staff_ID", "Staff", "Staff_ID"),
    ("Chklist", "Req_Staff_ID", "Staff", "Staff_ID"),
    ("Chklist", "Com_Staff_ID", "Staff", "Staff_ID"),
];

#[test]
fn the_same_request_makes_the_same_rows() {
    assert_eq!(Database::generate_lab(9, 5), Database::generate_lab(9, 5));
    assert_ne!(Database::generate_lab(9, 5), Database::generate_lab(9, 6));
}

#[test]
fn every_reference_meets_its_row() {
    let lab = Database::generate_lab(30, 3);
    for (child, column, parent, key) in REFERENCES {
        let snapshot = read_tables(&lab, [child, parent]);
        let keys: BTreeSet<i64> = snapshot.table(parent).unwrap().rows().map(|row| integer(&row, key)).collect();
        let mut met = 0;
        for row in snapshot.table(child).unwrap().rows() {
            match row.integer(column) {
                Some(id) => assert!(keys.contains(&id), "{child}.{column} {id}"),
                None => assert!(
                    ["DHS_ID", "Com_Staff_ID", "Sanct_Id", "Sanct_ID"].contains(&column),
                    "{child}.{column} is NULL"
                ),
            }
            met += 1;
        }
        assert!(met > 0, "{child}");
    }
}

#[test]
fn the_first_ids_stay_and_count_up_without_a_hole() {
    for (patients, seed) in [(1, 1), (30, 1), (30, 2), (45, 9)] {
        let lab = Database::generate_lab(patients, seed);
        let defs = schema::lab_tables();
        let firsts = [
            ("Patient", 10_001),
            ("Ident", 501),
            ("Site", 1001),
            ("TxField", 5001),
            ("TxFieldPoint", 20_001),
            ("TrackTreatment", 300_001),
            ("Dose_Hst", 400_001),
            ("Offset", 700_001),
            ("Chklist", 900_001),
        ];
        for (table, first) in firsts {
            let key = defs.iter().find(|def| def.name == table).unwrap().key.clone().unwrap();
            let snapshot = read_tables(&lab, [table]);
            for (expected, row) in (first..).zip(snapshot.table(table).unwrap().rows()) {
                assert_eq!(integer(&row, &key), expected, "{table}");
            }
        }
        let snapshot = read_tables(&lab, ["TxField"]);
        let field = snapshot.table("TxField").unwrap().row(&[Value::Integer(5002)]).unwrap();
        let facts = ["Pat_ID1", "Mlc"].map(|column| integer(&field, column));
        assert!(facts == [10_001, 1] && integer(&field, "ControlPoints") >= 5, "seed {seed}");
    }
}

/// Returns the rows of a table by their set of versions, oldest first.
fn rows_by_set<'s>(snapshot: &'s Snapshot, table: &str, set: &str) -> BTreeMap<i64, Vec<Row<'s>>> {
    let mut sets = BTreeMap::<i64, Vec<Row<'s>>>::new();
    for row in snapshot.table(table).unwrap().rows() {
        sets.entry(integer(&row, set)).or_default().push(row);
    }
    for rows in sets.values_mut() {
        rows.sort_by_key(|row| row.datetime("Edit_DtTm").unwrap());
    }
    sets
}

#[test]
fn the_current_version_is_0_and_the_set_carries_the_oldest_id() {
    let lab = Database::generate_lab(60, 3);
    let snapshot = read_tables(&lab, ["Ident", "Site", "TxField"]);
    for (table, set, key, least) in [
        ("Ident", "IDENT_Set_ID", "IDENT_ID", 4),
        ("Site", "SIT_SET_ID", "SIT_ID", 8),
        ("TxField", "FLD_SET_ID", "FLD_ID", 25),
    ] {
        let mut several = 0;
        for (set, rows) in rows_by_set(&snapshot, table, set) {
            assert_eq!(integer(&rows[0], key), set);
            for (place, row) in rows.iter().enumerate() {
                let expected = if place + 1 == rows.len() { 0 } else { 32_000 - i64::try_from(place).unwrap() };
                assert_eq!(integer(row, "Version"), expected);
                // All versions keep the creation time of the first; the edit time says since when one holds.
                assert_eq!(row.datetime("Create_DtTm"), rows[0].datetime("Create_DtTm"));
                assert!(row.datetime("Edit_DtTm") >= row.datetime("Create_DtTm"));
                for column in ["Machine_ID_Staff_ID", "Pat_ID1", "Type_Enum"] {
                    assert_eq!(row.integer(column), rows[0].integer(column), "{table}.{column}");
                }
            }
            several += usize::from(rows.len() > 1);
        }
        assert!(several >= least, "{table}: {several}");
    }
    let sets = rows_by_set(&snapshot, "TxField", "FLD_SET_ID");
    let all = sets.values().filter(|rows| ![3, 4, 5].contains(&integer(&rows[0], "Type_Enum"))).count();
    let share = sets.values().filter(|rows| rows.len() > 1).count() * 100 / all;
    assert!((10..30).contains(&share), "{share} percent of the treatment fields have another version");
}

#[test]
fn deliveries_name_the_version_of_their_day() {
    let lab = Database::generate_lab(60, 3);
    let snapshot = read_tables(&lab, ["Site", "TxField", "TrackTreatment"]);
    let (mut old, mut new) = (0, 0);
    for (table, set, key) in [("TxField", "FLD_SET_ID", "FLD_ID"), ("Site", "SIT_SET_ID", "SIT_ID")] {
        let sets = rows_by_set(&snapshot, table, set);
        for delivery in snapshot.table("TrackTreatment").unwrap().rows() {
            let row = snapshot.table(table).unwrap().row(&[delivery.cell(key).unwrap().clone()]).unwrap();
            let rows = &sets[&integer(&row, set)];
            let start = delivery.datetime("Create_DtTm");
            // Versions are sorted by age, the current one last.
            let current = rows.iter().rfind(|row| row.datetime("Edit_DtTm") <= start);
            assert_eq!(current.map(Row::key), Some(row.key()), "delivery {:?}", delivery.key());
            old += usize::from(integer(&row, "Version") != 0);
            new += usize::from(rows.len() > 1 && integer(&row, "Version") == 0);
        }
    }
    assert!(old > 20 && new > 20, "{old} {new}");
}

#[test]
fn nothing_lies_after_the_last_day() {
    let lab = Database::generate_lab(60, 4);
    let end = UNTIL.to_datetime(civil::Time::MAX);
    let mut unfinished = BTreeSet::new();
    for def in schema::lab_tables() {
        let snapshot = read_tables(&lab, [&def.name]);
        let times = def.columns.iter().filter(|(_, declared, _)| declared == "datetime");
        for (column, _, _) in times {
            for row in snapshot.table(&def.name).unwrap().rows() {
                assert!(row.datetime(column).is_none_or(|moment| moment <= end), "{}.{column}", def.name);
                if def.name == "TrackTreatment" {
                    unfinished.insert(integer(&row, "Pat_ID1"));
                }
            }
        }
    }
    let planned = 60 - unfinished.len();
    assert!((1..10).contains(&planned), "{planned} patients are just planned");
}

#[test]
fn a_small_department_shows_everything() {
    for seed in [1, 2, 3, 1 << 52] {
        let lab = Database::generate_lab(20, seed);
        let snapshot = read_tables(&lab, ["TxField"]);
        let fields: Vec<Row<'_>> = snapshot.table("TxField").unwrap().rows().collect();
        for kind in [1, 2, 3, 4, 5, 13, 14] {
            assert!(fields.iter().any(|row| integer(row, "Type_Enum") == kind), "type {kind}, seed {seed}");
        }
        assert!(fields.iter().any(|row| integer(row, "Modality_Enum") == 2), "electrons, seed {seed}");
        let sets = rows_by_set(&snapshot, "TxField", "FLD_SET_ID");
        let versioned = sets.values().filter(|rows| rows.len() > 1).map(Vec::len).sum::<usize>();
        assert!(versioned >= 10, "{versioned} fields have another version, seed {seed}");
        assert!(fields.iter().filter(|row| integer(row, "ControlPoints") >= 5).count() >= 10);
        let doses = fields.iter().filter_map(|row| row.decimal("cGrayPerMeterset"));
        assert!(doses.filter(|dose| dose.unscaled() > 0).count() >= 10);
        for machine in machines_of(None, 20) {
            let own = fields.iter().filter(|row| integer(row, "Machine_ID_Staff_ID") == machine.staff_id);
            let leaves = own.filter(|row| integer(row, "Mlc") == 1).count();
            assert!(leaves >= 4, "{} has {leaves} fields, seed {seed}", machine.name);
        }
        // The machine whose index is in monitor units.
        let in_units = fields.iter().filter(|row| integer(row, "Machine_ID_Staff_ID") == 102);
        assert!(in_units.filter(|row| integer(row, "ControlPoints") > 1).count() >= 10);
    }
}

#[test]
fn an_old_prescription_says_something_else() {
    let lab = Database::generate_lab(90, 3);
    let snapshot = read_tables(&lab, ["Site"]);
    let (mut all, mut other) = (0, 0);
    for rows in rows_by_set(&snapshot, "Site", "SIT_SET_ID").into_values() {
        for row in &rows {
            let whole = number(row, "Dose_Tx") * integer(row, "Fractions") as f64;
            assert!((number(row, "Dose_Ttl") - whole).abs() < 1e-6 && integer(row, "Fractions") > 0);
        }
        for pair in rows.windows(2) {
            assert_ne!(pair[0].text("Notes"), pair[1].text("Notes"));
            all += 1;
            let same = integer(&pair[0], "Fractions") == integer(&pair[1], "Fractions");
            other += usize::from(!same || pair[0].text("Technique") != pair[1].text("Technique"));
        }
    }
    assert!(all >= 10 && other * 2 > all, "{other} of {all}");
}

#[test]
fn patients_are_as_old_as_their_sites_want_on_any_last_day() {
    for until in [UNTIL, civil::date(1950, 1, 1), civil::date(2100, 12, 31)] {
        let request = LabRequest { patients: 12, seed: 3, until, scenario: None };
        let mut born = Vec::new();
        generate(&request, &mut |table, cells| {
            if let ("Patient", Some(Datum::DateTime(moment))) = (table, cells.get(3)) {
                born.push(until.year() - moment.year());
            }
            Ok::<(), ()>(())
        })
        .unwrap();
        assert!(born.len() == 12 && born.iter().all(|age| (27..94).contains(age)), "{until}: {born:?}");
    }
}

#[test]
fn both_sides_are_treated_and_some_courses_end_early() {
    let lab = Database::generate_lab(240, 3);
    let snapshot = read_tables(&lab, ["Site"]);
    let sites = snapshot.table("Site").unwrap().rows();
    let treated: BTreeSet<_> =
        sites.map(|row| (row.text("Site_Name").unwrap(), row.text("Technique").unwrap())).collect();
    for treatment in [
        ("LUNG LEFT", "VMAT"),
        ("LUNG RIGHT", "VMAT"),
        ("LUNG LEFT", "SBRT VMAT"),
        ("LUNG RIGHT", "SBRT VMAT"),
        ("BREAST LEFT", "TANGENTS"),
        ("BREAST RIGHT", "TANGENTS"),
    ] {
        assert!(treated.contains(&treatment), "{treatment:?}");
    }
    let request = LabRequest { patients: 240, seed: 3, until: UNTIL, scenario: None };
    let mut early = 0;
    for course in Roster::new(&request).courses() {
        let whole: i64 = course.prescriptions.iter().map(|site| site.fractions).sum();
        early += usize::from(i64::try_from(course.sessions.len()).unwrap() < whole);
    }
    assert!((2..=10).contains(&early), "{early} courses of 240 ended early");
}
