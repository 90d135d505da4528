//! One fault for every check that it alone sees; what is planted here no mode needs to make.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{DateTime, datetime};
use jiff::{SignedDuration, ToSpan};

use crate::domain::check::{CheckParams, CheckVerdict};
use crate::domains::mosaiq::checks::{self, CHECKS};
use crate::domains::mosaiq::looks;
use crate::domains::mosaiq::rules::Rules;
use crate::domains::mosaiq::testing::{Database, NOW};
use crate::model::snapshot::key_form;
use crate::model::{Fetch, FetchAnswer, Row, Snapshot, Value};

/// A check, and what is done to a clean lab so that it finds something and no other check does.
type Plant = (&'static str, fn(&mut PlantedLab));

/// A lab to plant in.
struct PlantedLab {
    database: Database,
    clean: Snapshot,
}

const NOBODY: i64 = 9_999_999;

fn integer(number: i64) -> Value {
    Value::Integer(number)
}

fn time_text(moment: DateTime) -> Value {
    Value::Text(moment.strftime("%Y-%m-%d %H:%M:%S.000").to_string())
}

impl PlantedLab {
    /// Returns the rows of a table in key order.
    fn rows(&self, table: &str) -> impl Iterator<Item = Row<'_>> {
        self.clean.table(table).unwrap().rows()
    }

    /// Returns the key of the first row that is as wanted.
    fn find_key(&self, table: &str, wanted: impl Fn(&Row<'_>) -> bool) -> i64 {
        let row = self.rows(table).find(wanted).unwrap_or_else(|| panic!("{table} has no such row"));
        match &row.key()[0] {
            Value::Integer(key) => *key,
            other => panic!("{other:?}"),
        }
    }

    fn cell(&self, table: &str, key: i64, column: &str) -> Value {
        let row = self.clean.table(table).unwrap().row(&[integer(key)]).unwrap();
        key_form(row.cell(column).unwrap())
    }

    fn row(&self, table: &str, key: i64) -> Row<'_> {
        self.clean.table(table).unwrap().row(&[integer(key)]).unwrap()
    }

    fn set(&mut self, table: &str, key: i64, column: &str, value: Value) {
        self.database.set_cell(table, key, column, value);
    }

    /// Returns the first field of a type, by its control points in order.
    fn find_field(&self, kind: i64, wanted: impl Fn(&Row<'_>) -> bool) -> (i64, Vec<i64>) {
        let field = self.find_key("TxField", |row| row.integer("Type_Enum") == Some(kind) && wanted(row));
        (field, self.point_keys(field))
    }

    fn point_keys(&self, field: i64) -> Vec<i64> {
        let points = self.rows("TxFieldPoint").filter(|row| row.integer("FLD_ID") == Some(field));
        points.map(|row| row.integer("TFP_ID").unwrap()).collect()
    }

    /// Returns the first complete delivery to a patient of a field of a type.
    fn find_delivery(&self, kind: i64) -> i64 {
        let of_type = |row: &Row<'_>| self.row("TxField", row.integer("FLD_ID").unwrap()).integer("Type_Enum");
        let set = |row: &Row<'_>, column: &str| row.flag(column) == Some(true);
        self.find_key("TrackTreatment", |row| {
            set(row, "WasBeamComplete") && !set(row, "WasQAMode") && of_type(row) == Some(kind)
        })
    }

    fn start_time(&self, delivery: i64) -> DateTime {
        self.row("TrackTreatment", delivery).time("Create_DtTm").unwrap().wall
    }

    /// Lets a delivery end so many seconds after it began.
    fn set_duration(&mut self, delivery: i64, seconds: i64) {
        let end = self.start_time(delivery).checked_add(SignedDuration::from_secs(seconds)).unwrap();
        self.set("TrackTreatment", delivery, "Edit_DtTm", time_text(end));
    }

    /// Adds a copy of a row under the key that nobody has.
    fn copy_row(&mut self, table: &str, key: i64) -> i64 {
        self.database.copy_row(table, key, NOBODY);
        NOBODY
    }

    fn first_key(&self, table: &str) -> i64 {
        self.find_key(table, |_| true)
    }

    /// Returns the control point of a static field whose machine's banks stand in one coordinate.
    fn find_shaped_point(&self) -> i64 {
        let alone = |row: &Row<'_>| {
            let set = row.cell("FLD_SET_ID");
            self.rows("TxField").filter(|other| other.cell("FLD_SET_ID") == set).count() == 1
        };
        let (_, points) = self.find_field(1, |row| {
            [101, 102, 105].map(Some).contains(&row.integer("Machine_ID_Staff_ID"))
                && row.integer("Mlc") == Some(1)
                && alone(row)
        });
        points[0]
    }

    fn bank(&self, point: i64, bank: &str) -> Vec<u8> {
        match self.cell("TxFieldPoint", point, bank) {
            Value::Bytes(bytes) => bytes,
            other => panic!("{other:?}"),
        }
    }

    fn set_null(&mut self, table: &str, column: &str) {
        let key = self.first_key(table);
        self.set(table, key, column, Value::Null);
    }

    fn set_orphan(&mut self, table: &str, column: &str) {
        let key = self.first_key(table);
        self.set(table, key, column, integer(NOBODY));
    }
}

static PLANTS: &[Plant] = &[
    ("mlc_leaf_set", |plot| {
        let point = plot.find_shaped_point();
        let longer = [plot.bank(point, "A_Leaf_Set"), vec![1]].concat();
        plot.set("TxFieldPoint", point, "A_Leaf_Set", Value::Bytes(longer));
    }),
    ("mlc_leaf_limits", |plot| {
        let point = plot.find_shaped_point();
        let mut bank = plot.bank(point, "B_Leaf_Set");
        bank[20..22].copy_from_slice(&10_000_i16.to_le_bytes());
        plot.set("TxFieldPoint", point, "B_Leaf_Set", Value::Bytes(bank));
    }),
    ("mlc_leaf_gap", |plot| {
        let point = plot.find_shaped_point();
        let (a, b) = (plot.bank(point, "A_Leaf_Set"), plot.bank(point, "B_Leaf_Set"));
        plot.set("TxFieldPoint", point, "A_Leaf_Set", Value::Bytes(b));
        plot.set("TxFieldPoint", point, "B_Leaf_Set", Value::Bytes(a));
    }),
    ("angle_range", |plot| {
        let point = plot.find_shaped_point();
        plot.set("TxFieldPoint", point, "Gantry_Ang", integer(400));
    }),
    ("angle_jump", |plot| {
        let (_, points) = plot.find_field(14, |_| true);
        let last = points[points.len() - 1];
        let angle = plot.row("TxFieldPoint", last).float("Coll_Ang").unwrap();
        plot.set("TxFieldPoint", last, "Coll_Ang", Value::Real((angle + 95.0) % 360.0));
    }),
    ("angle_speed", |plot| {
        let delivery = plot.find_delivery(14);
        let field = plot.row("TrackTreatment", delivery).integer("FLD_ID").unwrap();
        for point in plot.point_keys(field).into_iter().skip(1).step_by(2) {
            let angle = plot.row("TxFieldPoint", point).float("Gantry_Ang").unwrap();
            plot.set("TxFieldPoint", point, "Gantry_Ang", Value::Real((angle + 80.0) % 360.0));
        }
    }),
    ("duplicate_delivery", |plot| {
        let delivery = plot.find_delivery(13);
        plot.copy_row("TrackTreatment", delivery);
    }),
    ("overlapping_delivery", |plot| {
        let delivery = plot.find_delivery(13);
        let patient = plot.cell("TrackTreatment", delivery, "Pat_ID1");
        let other = plot.find_key("Patient", |row| row.cell("Pat_ID1") != Some(&patient));
        let copy = plot.copy_row("TrackTreatment", delivery);
        plot.set("TrackTreatment", copy, "Pat_ID1", integer(other));
    }),
    ("delivery_two_fields", |plot| {
        let delivery = plot.find_delivery(13);
        let (field, start) = (plot.cell("TrackTreatment", delivery, "FLD_ID"), plot.start_time(delivery));
        let other = plot.find_key("TxField", |row| row.cell("FLD_ID") != Some(&field));
        let copy = plot.copy_row("TrackTreatment", delivery);
        plot.set("TrackTreatment", copy, "FLD_ID", integer(other));
        plot.set("TrackTreatment", copy, "WasQAMode", integer(1));
        plot.set("TrackTreatment", copy, "Machine_ID_Staff_ID", integer(NOBODY));
        plot.set("TrackTreatment", copy, "Create_DtTm", time_text(start.checked_sub(4.seconds()).unwrap()));
        plot.set("TrackTreatment", copy, "Edit_DtTm", time_text(start.checked_sub(2.seconds()).unwrap()));
    }),
    ("control_point_sequence", |plot| {
        let (_, points) = plot.find_field(14, |_| true);
        plot.set("TxFieldPoint", points[points.len() - 1], "Point", integer(500));
    }),
    ("control_point_minimum", |plot| {
        let (field, _) = plot.find_field(4, |_| true);
        plot.set("TxField", field, "Type_Enum", integer(12));
    }),
    ("null_delivery", |plot| plot.set_null("TrackTreatment", "Machine_ID_Staff_ID")),
    ("null_field", |plot| plot.set_null("TxField", "FLD_SET_ID")),
    ("null_point", |plot| plot.set_null("TxFieldPoint", "Coll_Ang")),
    ("null_offset", |plot| plot.set_null("Offset", "Offset_Type")),
    ("null_identity", |plot| {
        let identity = plot.first_key("Ident");
        let copy = plot.copy_row("Ident", identity);
        plot.set("Ident", copy, "Pat_Id1", Value::Null);
    }),
    ("null_prescription", |plot| plot.set_null("Site", "Pat_ID1")),
    ("null_dose", |plot| plot.set_null("Dose_Hst", "Tx_DtTm")),
    ("delivery_order", |plot| {
        let delivery = plot.find_delivery(13);
        plot.set_duration(delivery, -7200);
    }),
    ("delivery_future", |plot| {
        let delivery = plot.find_key("TrackTreatment", |row| row.flag("WasQAMode") == Some(true));
        plot.set("TrackTreatment", delivery, "Create_DtTm", time_text(datetime(2025, 3, 1, 9, 0, 0, 0)));
        plot.set("TrackTreatment", delivery, "Edit_DtTm", time_text(datetime(2025, 3, 1, 9, 1, 0, 0)));
    }),
    ("delivery_duration", |plot| {
        let delivery = plot.find_delivery(4);
        plot.set_duration(delivery, 7);
    }),
    ("technique_duration", |plot| {
        let delivery = plot.find_delivery(5);
        plot.set_duration(delivery, 15);
    }),
    ("delivery_dose_time", |plot| {
        let dose = plot.first_key("Dose_Hst");
        let moment = plot.row("Dose_Hst", dose).time("Tx_DtTm").unwrap().wall;
        plot.set("Dose_Hst", dose, "Tx_DtTm", time_text(moment.checked_add(1.hours()).unwrap()));
    }),
    ("orphan_delivery", |plot| plot.set_orphan("TrackTreatment", "FLD_ID")),
    ("orphan_field", |plot| plot.set_orphan("TxField", "SIT_Set_ID")),
    ("orphan_point", |plot| {
        let point = plot.first_key("TxFieldPoint");
        let copy = plot.copy_row("TxFieldPoint", point);
        plot.set("TxFieldPoint", copy, "FLD_ID", integer(NOBODY));
    }),
    ("orphan_offset", |plot| plot.set_orphan("Offset", "SIT_SET_ID")),
    ("identity", |plot| {
        let delivery = plot.find_delivery(13);
        let patient = plot.cell("TrackTreatment", delivery, "Pat_ID1");
        let own = |row: &Row<'_>| row.cell("Pat_Id1") == Some(&patient);
        let identities: Vec<i64> = plot.rows("Ident").filter(own).filter_map(|row| row.integer("IDENT_ID")).collect();
        identities.into_iter().for_each(|identity| plot.database.remove_row("Ident", identity));
    }),
    ("orphan_dose", |plot| plot.set_orphan("Dose_Hst", "FLD_ID")),
    ("offset_size", |plot| {
        let offset = plot.first_key("Offset");
        plot.set("Offset", offset, "Superior_Offset", integer(11));
    }),
    ("offset_codes", |plot| {
        let offset = plot.first_key("Offset");
        plot.set("Offset", offset, "Offset_Type", integer(99));
    }),
    ("offset_future", |plot| {
        let (site, offset) = (plot.first_key("Site"), plot.first_key("Offset"));
        let copy = plot.copy_row("Site", site);
        plot.set("Site", copy, "SIT_SET_ID", integer(NOBODY));
        plot.set("Offset", offset, "SIT_SET_ID", integer(NOBODY));
        plot.set("Offset", offset, "Study_DtTm", time_text(datetime(2025, 3, 1, 9, 0, 0, 0)));
    }),
    ("offset_time", |plot| {
        let offset = plot.first_key("Offset");
        plot.set("Offset", offset, "Study_DtTm", time_text(datetime(2020, 1, 5, 9, 0, 0, 0)));
    }),
    ("offset_action_limit", |plot| {
        let prostate = |row: &Row<'_>| row.text("Site_Name") == Some("PROSTATE");
        let sets: BTreeSet<Value> =
            plot.rows("Site").filter(prostate).map(|row| row.cell("SIT_SET_ID").unwrap().clone()).collect();
        let offset = plot.find_key("Offset", |row| sets.contains(row.cell("SIT_SET_ID").unwrap()));
        plot.set("Offset", offset, "Lateral_Offset", Value::Real(-1.1));
    }),
    ("meterset_value", |plot| {
        let (field, _) = plot.find_field(4, |_| true);
        plot.set("TxField", field, "Meterset", integer(-5));
    }),
    ("meterset_index", |plot| {
        let (_, points) =
            plot.find_field(13, |row| ![102, 106].map(Some).contains(&row.integer("Machine_ID_Staff_ID")));
        plot.set("TxFieldPoint", points[points.len() - 1], "Index", integer(99));
    }),
    ("meterset_dose", |plot| {
        let (field, _) = plot.find_field(13, |_| true);
        let dose = plot.row("TxField", field).float("Cgray").unwrap();
        plot.set("TxField", field, "Cgray", Value::Real(dose * 1.05));
    }),
    ("meterset_limit", |plot| {
        let (field, _) = plot.find_field(3, |_| true);
        plot.set("TxField", field, "Meterset", integer(60));
    }),
    ("meterset_outlier", |plot| {
        let (field, _) = plot.find_field(1, |row| row.integer("Modality_Enum") == Some(1));
        let meterset = plot.row("TxField", field).float("Meterset").unwrap();
        plot.set("TxField", field, "Cgray", Value::Real(meterset / 20.0));
        plot.set("TxField", field, "cGrayPerMeterset", Value::Real(0.05));
    }),
    ("leaf_count_field", |plot| {
        let (_, points) = plot.find_field(14, |_| true);
        let leaves = plot.row("TxFieldPoint", points[2]).integer("MLC_Leaves").unwrap();
        plot.set("TxFieldPoint", points[2], "MLC_Leaves", integer(leaves - 1));
    }),
    ("leaf_count_machine", |plot| {
        let point = plot.find_shaped_point();
        plot.set("TxFieldPoint", point, "MLC_Leaves", integer(68));
    }),
    ("leaf_count_version", |plot| {
        let mut sets: BTreeMap<Value, Vec<i64>> = BTreeMap::new();
        for row in plot.rows("TxField").filter(|row| row.integer("Mlc") == Some(1)) {
            sets.entry(row.cell("FLD_SET_ID").unwrap().clone()).or_default().push(row.integer("FLD_ID").unwrap());
        }
        let versions = sets.into_values().find(|versions| versions.len() == 2).unwrap();
        // A machine with too few fields to expect anything of them.
        for field in &versions {
            plot.set("TxField", *field, "Machine_ID_Staff_ID", integer(NOBODY));
        }
        for point in plot.point_keys(versions[0]) {
            let leaves = plot.row("TxFieldPoint", point).integer("MLC_Leaves").unwrap();
            plot.set("TxFieldPoint", point, "MLC_Leaves", integer(leaves - 1));
        }
    }),
];

/// Returns the same tables with the columns only that a session reads.
fn narrow_columns(snapshot: &Snapshot) -> Snapshot {
    let mut narrow = Snapshot::default();
    for (name, whole) in snapshot.tables() {
        let table = whole.table.select_columns(&looks::scan_columns(CHECKS, name));
        let cells = |row: Row<'_>| table.columns.iter().map(|one| row.cell(&one.image.name).unwrap().clone()).collect();
        let rows = whole.rows().map(cells).collect();
        narrow.add_answer(Fetch::all(name), FetchAnswer { table: Some(table.into()), rows, maximum: None }).unwrap();
    }
    narrow
}

/// Returns, for every plant, the checks that see it under some terms.
fn run_plants(terms: &CheckParams) -> Vec<(&'static str, BTreeSet<&'static str>)> {
    let queries: BTreeSet<Fetch> = CHECKS.iter().flat_map(|check| check.queries()).collect();
    let database = Database::generate_lab(20, 1);
    let clean = database.read_snapshot(queries.clone());
    let mut out = Vec::new();
    for (planted, plant) in PLANTS {
        let mut plot = PlantedLab { database: database.clone(), clean: clean.clone() };
        plant(&mut plot);
        let changed = database.differing_tables(&plot.database);
        assert!(!changed.is_empty(), "{planted}: nothing was planted");
        let touched = |query: &Fetch| changed.contains(&query.table);
        let mut snapshot = clean.clone();
        changed.iter().for_each(|table| snapshot.forget(table));
        for query in queries.iter().filter(|query| touched(query)) {
            snapshot.add_answer(query.clone(), plot.database.answer_fetch(query).unwrap()).unwrap();
        }
        let looks = CHECKS.iter().filter(|check| check.queries().iter().any(touched));
        let narrow = narrow_columns(&snapshot);
        let finds = looks.filter(|check| match check.run(&snapshot, terms) {
            said if check.card().id == *planted && said != check.run(&narrow, terms) => {
                panic!("{} reads a column unheard of", check.card().id)
            }
            CheckVerdict::Ran { findings, .. } => !findings.is_empty(),
            CheckVerdict::NotRun { .. } => false,
        });
        out.push((*planted, finds.map(|check| check.card().id).collect()));
    }
    out
}

/// Returns what no check sees of what was planted.
fn missed_plants<'a>(seen: &'a [(&'static str, BTreeSet<&'static str>)], but: &str) -> Vec<&'a str> {
    let blind = |found: &BTreeSet<&str>| found.iter().all(|check| *check == but);
    seen.iter().filter(|(_, found)| blind(found)).map(|(check, _)| *check).collect()
}

#[test]
fn a_check_that_is_switched_off_is_missed_by_name() {
    let seen = run_plants(&checks::standard_params(NOW));
    for (check, found) in &seen {
        assert_eq!(found, &BTreeSet::from([*check]), "what was planted for {check}");
    }
    assert_eq!(missed_plants(&seen, ""), [""; 0]);
    for check in CHECKS.iter().map(|check| check.card().id) {
        assert_eq!(missed_plants(&seen, check), [check], "without {check}");
    }
}

#[test]
fn rules_that_switch_checks_off_leave_their_faults_unseen() {
    let off: String =
        PLANTS.iter().step_by(2).map(|(check, _)| format!("[checks.{check}]\nenabled = false\n")).collect();
    let terms = CheckParams { rules: std::sync::Arc::new(Rules::parse(&off).unwrap()), ..checks::standard_params(NOW) };
    let seen = run_plants(&terms);
    let expected: Vec<&str> = PLANTS.iter().step_by(2).map(|(check, _)| *check).collect();
    assert_eq!(missed_plants(&seen, ""), expected);
}
