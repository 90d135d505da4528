//! Selectors: what each means for each kind of record, held against a plain reading of every table.

use std::collections::BTreeSet;

use crate::domain::pause::Pause;
use crate::domain::record::DescriptionCell;
use crate::domains::mosaiq::find;
use crate::domains::mosaiq::selection::{FaultableKind, Selector};
use crate::domains::mosaiq::testing::Database;
use crate::model::{Fetch, Filter, Refusal, Row, Snapshot, Value, time};

/// Answers questions until none is left; returns the queries too.
fn answer_queries<T>(
    database: &Database,
    look: impl Fn(&Snapshot) -> Result<T, Pause>,
) -> (Result<T, Refusal>, BTreeSet<Fetch>) {
    let mut asked = BTreeSet::new();
    for _ in 0..10 {
        match look(&database.read_snapshot(asked.clone())) {
            Ok(seen) => return (Ok(seen), asked),
            Err(Pause::Refuse(refusal)) => return (Err(refusal), asked),
            Err(Pause::Ask(queries)) => {
                let before = asked.len();
                asked.extend(queries);
                assert!(asked.len() > before, "it asks the same again");
            }
        }
    }
    panic!("it never stops asking")
}

fn select_keys(
    database: &Database,
    kind: FaultableKind,
    selector: &Selector,
) -> (Result<Vec<i64>, Refusal>, BTreeSet<Fetch>) {
    let selection = selector.to_selection(kind).unwrap().unwrap();
    let (found, asked) = answer_queries(database, |snapshot| selection.select_keys(snapshot));
    let number = |key: &Vec<Value>| if let Value::Integer(id) = key[0] { id } else { panic!("{key:?}") };
    (found.map(|keys| keys.iter().map(number).collect()), asked)
}

fn build_selector(patient: &str, machine: &str, field_type: &str, date: &str) -> Selector {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Selector { patient: given(patient), machine: given(machine), field_type: given(field_type), date: given(date) }
}

/// What a selector means, read plainly.
fn select_plainly(
    database: &Database,
    kind: FaultableKind,
    [patient, machine, field_type, date]: [&str; 4],
) -> Vec<i64> {
    let tables = ["Ident", "Staff", "Site", "TxField", "TxFieldPoint", "TrackTreatment", "Offset"];
    let all = database.read_snapshot(tables.map(Fetch::all));
    let rows = |table: &str| all.table(table).unwrap().rows().collect::<Vec<Row<'_>>>();
    let of_patient = |id: Option<i64>| {
        let mut idents = rows("Ident").into_iter();
        patient.is_empty() || idents.any(|row| row.text("IDA") == Some(patient) && row.integer("Pat_Id1") == id)
    };
    let of_machine = |id: Option<i64>| {
        let mut staff = rows("Staff").into_iter();
        machine.is_empty()
            || staff
                .any(|row| row.text("Last_Name").map(str::trim_end) == Some(machine) && row.integer("Staff_ID") == id)
    };
    let of_type = |field: &Row<'_>| {
        let number = match field_type {
            "" => return true,
            "static" => 1,
            "kv-setup" => 4,
            other => panic!("{other}"),
        };
        field.integer("Type_Enum") == Some(number)
    };
    let on_day = |row: &Row<'_>, column: &str| {
        date.is_empty() || row.time(column).is_some_and(|time| time.wall.date().to_string() == date)
    };
    let delivered = |field: Option<i64>| {
        date.is_empty()
            || rows("TrackTreatment").iter().any(|row| row.integer("FLD_ID") == field && on_day(row, "Create_DtTm"))
    };
    let planned = |field: &Row<'_>| of_type(field) && of_machine(field.integer("Machine_ID_Staff_ID"));
    let fits = |row: &Row<'_>| match kind {
        FaultableKind::Field => planned(row) && of_patient(row.integer("Pat_ID1")) && delivered(row.integer("FLD_ID")),
        FaultableKind::Point => rows("TxField").iter().any(|field| {
            let own = field.integer("FLD_ID") == row.integer("FLD_ID");
            own && planned(field) && of_patient(field.integer("Pat_ID1")) && delivered(field.integer("FLD_ID"))
        }),
        FaultableKind::Delivery => {
            let mut fields = rows("TxField").into_iter();
            of_patient(row.integer("Pat_ID1"))
                && of_machine(row.integer("Machine_ID_Staff_ID"))
                && on_day(row, "Create_DtTm")
                && fields.any(|field| field.integer("FLD_ID") == row.integer("FLD_ID") && of_type(&field))
        }
        FaultableKind::Offset => {
            let site = row.integer("SIT_SET_ID");
            let sites = rows("Site");
            on_day(row, "Study_DtTm")
                && sites.iter().any(|row| row.integer("SIT_SET_ID") == site && of_patient(row.integer("Pat_ID1")))
                && rows("TxField").iter().any(|field| field.integer("SIT_Set_ID") == site && planned(field))
        }
    };
    rows(kind.table()).iter().filter(|row| fits(row)).filter_map(|row| row.integer(kind.key())).collect()
}

#[test]
fn a_selector_means_what_it_says_and_reads_no_large_table_whole() {
    let database = Database::generate_lab(9, 3);
    let mut hits = 0;
    for kind in FaultableKind::ALL {
        for patient in ["", "LAB000009"] {
            for (machine, field_type) in [("", ""), ("LINAC 2", ""), ("", "kv-setup"), ("LINAC 5", "static")] {
                for date in ["", "2024-06-28", "2024-06-01"] {
                    let words = [patient, machine, field_type, date];
                    if words == [""; 4] {
                        continue;
                    }
                    let given = build_selector(patient, machine, field_type, date);
                    let (found, asked) = select_keys(&database, kind, &given);
                    let found = found.unwrap();
                    assert_eq!(found, select_plainly(&database, kind, words), "{kind:?} {words:?}");
                    hits += usize::from(!found.is_empty());
                    let whole = asked.iter().filter(|query| query.filter == Filter::All);
                    assert!(whole.clone().all(|query| query.table == "Staff"), "{kind:?} {words:?} {asked:?}");
                }
            }
        }
    }
    assert!(hits > 20, "{hits} selections found something: the cases are not what they should be");
}

#[test]
fn patients_and_machines_are_found_through_padding_case_and_numbers() {
    let mut database = Database::generate_lab(4, 3);
    let (plain, _) = select_keys(&database, FaultableKind::Field, &build_selector("LAB000002", "", "", ""));
    let padded = Value::Text("LAB000002   ".into());
    database.set_cell("Ident", 502, "IDA", padded);
    for given in ["LAB000002", "LAB000002  ", "lab000002"] {
        assert_eq!(
            select_keys(&database, FaultableKind::Field, &build_selector(given, "", "", "")).0,
            plain,
            "{given}"
        );
    }
    let (named, _) = select_keys(&database, FaultableKind::Delivery, &build_selector("", "LINAC 2", "", ""));
    let staff = database.read_snapshot([Fetch::all("Staff")]);
    let row = staff
        .table("Staff")
        .unwrap()
        .rows()
        .find(|row| row.text("Last_Name").map(str::trim_end) == Some("LINAC 2"))
        .unwrap();
    let id = row.integer("Staff_ID").unwrap();
    database.set_cell("Staff", id, "Last_Name", Value::Text("Linac 2".into()));
    for given in ["linac 2", "LINAC 2 ", &id.to_string()] {
        assert_eq!(
            select_keys(&database, FaultableKind::Delivery, &build_selector("", given, "", "")).0,
            named,
            "{given}"
        );
    }
    // A machine that Staff lacks is one all the same, where fields are planned on it.
    let field = plain.unwrap()[0];
    database.set_cell("TxField", field, "Machine_ID_Staff_ID", Value::Integer(9999));
    assert_eq!(select_keys(&database, FaultableKind::Field, &build_selector("", "9999", "", "")).0, Ok(vec![field]));
}

#[test]
fn what_does_not_exist_is_refused_by_name() {
    let database = Database::generate_lab(4, 3);
    let refused = |given: &Selector| select_keys(&database, FaultableKind::Offset, given).0.unwrap_err();
    let patient = refused(&build_selector("NOBODY", "", "", ""));
    assert_eq!(patient.code(), "no_match");
    assert!(patient.to_string().contains("NOBODY"), "{patient}");
    let machine = refused(&build_selector("", "Cyclotron", "", ""));
    let Refusal::NoMatch { known, .. } = &machine else { panic!("{machine}") };
    assert!(known.contains(&"LINAC 2".to_owned()) && known.iter().all(|name| name.starts_with("LINAC")), "{known:?}");
    assert_eq!(Selector::default().to_selection(FaultableKind::Field), Ok(None));
    for (given, what) in [
        (build_selector(" ", "", "", ""), "blank"),
        (build_selector("", "", "vmad", ""), "vmat (13)"),
        (build_selector("", "", "", "2024-6-1"), "YYYY-MM-DD"),
        (build_selector("", "", "", "2024-02-30"), "YYYY-MM-DD"),
    ] {
        let why = given.to_selection(FaultableKind::Field).unwrap_err();
        assert!(why.contains(what), "{why}");
    }
}

#[test]
fn descriptions_name_machines_and_numbers_and_never_people() {
    let database = Database::generate_lab(4, 3);
    let people = database.read_snapshot([Fetch::all("Patient")]);
    let names: Vec<String> = people
        .table("Patient")
        .unwrap()
        .rows()
        .flat_map(|row| ["Last_Name", "First_Name"].map(|column| row.text(column).unwrap().to_owned()))
        .collect();
    for kind in FaultableKind::ALL {
        let some: Vec<Vec<Value>> = database.keys(kind.table()).into_iter().take(7).map(|id| vec![id]).collect();
        let (described, _) = answer_queries(&database, |snapshot| find::describe_faultable(kind, &some, snapshot));
        let described = described.unwrap();
        assert_eq!(described.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>(), some);
        for (key, cells) in &described {
            assert_eq!(cells.len(), crate::domains::FIRST.find_kind(kind.word()).unwrap().columns.len());
            assert_eq!(cells[0], DescriptionCell::Value(key[0].clone()));
            let shown = format!("{cells:?}");
            assert!(names.iter().all(|name| !shown.contains(name.as_str())), "{shown}");
            assert_eq!(kind != FaultableKind::Point, shown.contains("LAB00000"), "{shown}");
        }
    }
}

#[test]
fn a_record_without_its_neighbours_is_described_all_the_same() {
    let mut database = Database::generate_lab(4, 3);
    let delivery = database.keys("TrackTreatment")[0].clone();
    let Value::Integer(id) = delivery else { panic!("{delivery:?}") };
    for (column, value) in [
        ("Machine_ID_Staff_ID", Value::Integer(9999)),
        ("Pat_ID1", Value::Null),
        ("Edit_DtTm", Value::Null),
        ("WasQAMode", Value::Integer(1)),
        ("WasCanceled", Value::Integer(1)),
        ("WasBeamComplete", Value::Integer(0)),
    ] {
        database.set_cell("TrackTreatment", id, column, value);
    }
    database.drop("Ident");
    let one = [vec![delivery]];
    let (described, _) =
        answer_queries(&database, |snapshot| find::describe_faultable(FaultableKind::Delivery, &one, snapshot));
    let cells = &described.unwrap()[0].1;
    let null = DescriptionCell::Value(Value::Null);
    assert_eq!((&cells[1], &cells[4], &cells[5]), (&null, &null, &DescriptionCell::Value(Value::Integer(9999))));
    assert_eq!(cells[6], DescriptionCell::Words(vec!["qa", "cancelled", "incomplete"]));
}

#[test]
fn days_are_found_whatever_layout_a_time_has() {
    let mut database = Database::generate_lab(4, 3);
    let ids: Vec<i64> = database.keys("TrackTreatment").iter().take(5).map(integer).collect();
    let day = "2031-02-03".parse().unwrap();
    for (id, text) in ids.iter().zip(["2031-02-03", "2031-02-03T23:59:59.997", "2031-02-03 00:00:00.000"]) {
        database.set_cell("TrackTreatment", *id, "Create_DtTm", Value::Text(text.into()));
    }
    for (id, value) in ids[3..].iter().zip([Value::Text("2031-02-04 00:00:00.000".into()), Value::Integer(20_310_203)])
    {
        database.set_cell("TrackTreatment", *id, "Create_DtTm", value);
    }
    let snapshot = database.read_snapshot([Fetch::day("TrackTreatment", "Create_DtTm", day)]);
    let table = snapshot.table("TrackTreatment").unwrap();
    let found: Vec<i64> = table.rows().filter_map(|row| row.integer("TTX_ID")).collect();
    assert_eq!(found, ids[..3]);
    let (at, column) = table.table.column("Create_DtTm").unwrap();
    assert!(table.rows().all(|row| time::lies_on(&row.cells[at], column, day, day)));
}

fn integer(id: &Value) -> i64 {
    if let Value::Integer(id) = id { *id } else { panic!("{id:?}") }
}
