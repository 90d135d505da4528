//! Selectors of each kind of record, compared with a plain reading of every table.

use std::collections::BTreeSet;

use crate::domain::pause::Pause;
use crate::domain::record::DescriptionCell;
use crate::domains::mosaiq::find;
use crate::domains::mosaiq::selection::{FaultableKind, Selector};
use crate::domains::mosaiq::testing::Database;
use crate::model::{Fetch, Filter, Refusal, Row, Snapshot, Value, time};

/// Answers queries until none is left; returns the queries too.
fn answer_queries<T>(
    database: &Database,
    look: impl Fn(&Snapshot) -> Result<T, Pause>,
) -> (Result<T, Refusal>, BTreeSet<Fetch>) {
    let mut asked = BTreeSet::new();
    // Each round depends on the rows of the one before; selectors need few.
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
    let (keys, asked) = answer_queries(database, |snapshot| selection.select_keys(snapshot));
    (keys.map(|keys| keys.iter().map(|key| integer(&key[0])).collect()), asked)
}

fn build_selector(patient: &str, machine: &str, field_type: &str, date: &str) -> Selector {
    let [patient, machine, field_type, date] =
        [patient, machine, field_type, date].map(|text| Some(text.to_owned()).filter(|text| !text.is_empty()));
    Selector { patient, machine, field_type, date }
}

/// A selector read plainly: every condition searches whole tables.
struct PlainSelector<'s> {
    all: &'s Snapshot,
    patient: &'s str,
    machine: &'s str,
    field_type: &'s str,
    date: &'s str,
}

impl<'s> PlainSelector<'s> {
    fn rows(&self, table: &str) -> impl Iterator<Item = Row<'s>> {
        self.all.table(table).unwrap().rows()
    }

    fn has_patient(&self, id: Option<i64>) -> bool {
        self.patient.is_empty()
            || self.rows("Ident").any(|row| row.text("IDA") == Some(self.patient) && row.integer("Pat_Id1") == id)
    }

    fn has_machine(&self, id: Option<i64>) -> bool {
        self.machine.is_empty()
            || self.rows("Staff").any(|row| {
                row.text("Last_Name").map(str::trim_end) == Some(self.machine) && row.integer("Staff_ID") == id
            })
    }

    fn has_type(&self, field: &Row<'_>) -> bool {
        let number = match self.field_type {
            "" => return true,
            "static" => 1,
            "kv-setup" => 4,
            other => panic!("{other}"),
        };
        field.integer("Type_Enum") == Some(number)
    }

    fn is_on_day(&self, row: &Row<'_>, column: &str) -> bool {
        self.date.is_empty() || row.time(column).is_some_and(|time| time.wall.date().to_string() == self.date)
    }

    fn is_delivered(&self, field: Option<i64>) -> bool {
        self.date.is_empty()
            || self
                .rows("TrackTreatment")
                .any(|row| row.integer("FLD_ID") == field && self.is_on_day(&row, "Create_DtTm"))
    }

    fn is_planned(&self, field: &Row<'_>) -> bool {
        self.has_type(field) && self.has_machine(field.integer("Machine_ID_Staff_ID"))
    }

    fn has_field(&self, field: &Row<'_>) -> bool {
        self.is_planned(field)
            && self.has_patient(field.integer("Pat_ID1"))
            && self.is_delivered(field.integer("FLD_ID"))
    }

    fn has_record(&self, kind: FaultableKind, row: &Row<'_>) -> bool {
        match kind {
            FaultableKind::Field => self.has_field(row),
            FaultableKind::Point => {
                let mut fields = self.rows("TxField");
                fields.any(|field| field.integer("FLD_ID") == row.integer("FLD_ID") && self.has_field(&field))
            }
            FaultableKind::Delivery => {
                let mut fields = self.rows("TxField");
                self.has_patient(row.integer("Pat_ID1"))
                    && self.has_machine(row.integer("Machine_ID_Staff_ID"))
                    && self.is_on_day(row, "Create_DtTm")
                    && fields.any(|field| field.integer("FLD_ID") == row.integer("FLD_ID") && self.has_type(&field))
            }
            FaultableKind::Site => {
                let mut fields = self.rows("TxField");
                let site = row.integer("SIT_SET_ID");
                self.has_patient(row.integer("Pat_ID1"))
                    && fields.any(|field| field.integer("SIT_Set_ID") == site && self.has_field(&field))
            }
            FaultableKind::Offset => {
                let site = row.integer("SIT_SET_ID");
                let (mut sites, mut fields) = (self.rows("Site"), self.rows("TxField"));
                self.is_on_day(row, "Study_DtTm")
                    && sites.any(|row| row.integer("SIT_SET_ID") == site && self.has_patient(row.integer("Pat_ID1")))
                    && fields.any(|field| field.integer("SIT_Set_ID") == site && self.is_planned(&field))
            }
        }
    }
}

fn select_plainly(database: &Database, kind: FaultableKind, words: [&str; 4]) -> Vec<i64> {
    let tables = ["Ident", "Staff", "Site", "TxField", "TxFieldPoint", "TrackTreatment", "Offset"];
    let all = database.read_snapshot(tables.map(Fetch::all));
    let [patient, machine, field_type, date] = words;
    let selector = PlainSelector { all: &all, patient, machine, field_type, date };
    let records = selector.rows(kind.table()).filter(|row| selector.has_record(kind, row));
    records.filter_map(|row| row.integer(kind.key())).collect()
}

#[test]
fn a_selector_means_what_it_says_and_reads_no_large_table_whole() {
    let database = Database::generate_lab(9, 3);
    let mut hits = 0;
    for kind in FaultableKind::ALL {
        for patient in ["", "LAB000009"] {
            for (machine, field_type) in [("", ""), ("LINAC 2", ""), ("", "kv-setup"), ("LINAC 1", "static")] {
                for date in ["", "2024-06-28", "2024-06-01"] {
                    let words = [patient, machine, field_type, date];
                    if words == [""; 4] {
                        continue;
                    }
                    let selector = build_selector(patient, machine, field_type, date);
                    let (selected, asked) = select_keys(&database, kind, &selector);
                    let selected = selected.unwrap();
                    assert_eq!(selected, select_plainly(&database, kind, words), "{kind:?} {words:?}");
                    hits += usize::from(!selected.is_empty());
                    // Machines are found by name, trimmed and in any case, which takes the whole of Staff.
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
    // An id that Staff lacks is a machine all the same if fields are planned on it.
    let field = plain.unwrap()[0];
    database.set_cell("TxField", field, "Machine_ID_Staff_ID", Value::Integer(9999));
    assert_eq!(select_keys(&database, FaultableKind::Field, &build_selector("", "9999", "", "")).0, Ok(vec![field]));
}

#[test]
fn what_does_not_exist_is_refused_by_name() {
    let database = Database::generate_lab(4, 3);
    let patient = select_keys(&database, FaultableKind::Offset, &build_selector("NOBODY", "", "", "")).0.unwrap_err();
    assert_eq!(patient.code(), "no_match");
    assert!(patient.to_string().contains("NOBODY"), "{patient}");
    let machine =
        select_keys(&database, FaultableKind::Offset, &build_selector("", "Cyclotron", "", "")).0.unwrap_err();
    let Refusal::NoMatch { known, .. } = &machine else { panic!("{machine}") };
    assert!(known.contains(&"LINAC 2".to_owned()) && known.iter().all(|name| name.starts_with("LINAC")), "{known:?}");
    assert_eq!(Selector::default().to_selection(FaultableKind::Field), Ok(None));
    for (selector, what) in [
        (build_selector(" ", "", "", ""), "blank"),
        (build_selector("", "", "vmad", ""), "vmat (13)"),
        (build_selector("", "", "", "2024-6-1"), "YYYY-MM-DD"),
        (build_selector("", "", "", "2024-02-30"), "YYYY-MM-DD"),
    ] {
        let why = selector.to_selection(FaultableKind::Field).unwrap_err();
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
    let on_day: Vec<i64> = table.rows().filter_map(|row| row.integer("TTX_ID")).collect();
    assert_eq!(on_day, ids[..3]);
    let (at, column) = table.table.column("Create_DtTm").unwrap();
    assert!(table.rows().all(|row| time::lies_on(&row.cells[at], column, day, day)));
}

fn integer(id: &Value) -> i64 {
    if let Value::Integer(id) = id { *id } else { panic!("{id:?}") }
}
