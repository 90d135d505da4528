//! One fault for every check that no other check reports. The modes need not be able to make these faults.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{DateTime, datetime};
use jiff::{SignedDuration, ToSpan};

use super::planted_orders::ORDER_PLANTS;
use crate::domain::check::{CheckParams, CheckVerdict};
use crate::domains::mosaiq::checks::{self, CHECKS};
use crate::domains::mosaiq::rules::Rules;
use crate::domains::mosaiq::schedule;
use crate::domains::mosaiq::testing::{Database, NOW};
use crate::model::snapshot::key_form;
use crate::model::{Fetch, FetchAnswer, Row, Snapshot, Value};

/// The id of a check, and the change of a clean lab that this check reports and no other.
pub(super) type Plant = (&'static str, fn(&mut PlantedLab));

pub(super) struct PlantedLab {
    database: Database,
    clean: Snapshot,
}

pub(super) const NOBODY: i64 = 9_999_999;

pub(super) fn integer(number: i64) -> Value {
    Value::Integer(number)
}

pub(super) fn time_text(moment: DateTime) -> Value {
    Value::Text(moment.strftime("%Y-%m-%d %H:%M:%S.000").to_string())
}

impl PlantedLab {
    /// Returns the rows of a table in key order.
    pub(super) fn rows(&self, table: &str) -> impl Iterator<Item = Row<'_>> {
        self.clean.table(table).unwrap().rows()
    }

    /// Returns the key of the first matching row.
    pub(super) fn find_key(&self, table: &str, is_match: impl Fn(&Row<'_>) -> bool) -> i64 {
        let row = self.rows(table).find(is_match).unwrap_or_else(|| panic!("{table} has no such row"));
        match &row.key()[0] {
            Value::Integer(key) => *key,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn cell(&self, table: &str, key: i64, column: &str) -> Value {
        let row = self.clean.table(table).unwrap().row(&[integer(key)]).unwrap();
        key_form(row.cell(column).unwrap())
    }

    pub(super) fn row(&self, table: &str, key: i64) -> Row<'_> {
        self.clean.table(table).unwrap().row(&[integer(key)]).unwrap()
    }

    pub(super) fn set(&mut self, table: &str, key: i64, column: &str, value: Value) {
        self.database.set_cell(table, key, column, value);
    }

    /// Returns the first matching field of a type, and its control points in order.
    pub(super) fn find_field(&self, kind: i64, is_match: impl Fn(&Row<'_>) -> bool) -> (i64, Vec<i64>) {
        let field = self.find_key("TxField", |row| row.integer("Type_Enum") == Some(kind) && is_match(row));
        (field, self.point_keys(field))
    }

    pub(super) fn point_keys(&self, field: i64) -> Vec<i64> {
        let points = self.rows("TxFieldPoint").filter(|row| row.integer("FLD_ID") == Some(field));
        points.map(|row| row.integer("TFP_ID").unwrap()).collect()
    }

    /// Returns the first complete delivery to a patient with a field of a type.
    pub(super) fn find_delivery(&self, kind: i64) -> i64 {
        self.find_key("TrackTreatment", |row| {
            let field = self.row("TxField", row.integer("FLD_ID").unwrap());
            let is_treatment = row.flag("WasBeamComplete") == Some(true) && row.flag("WasQAMode") != Some(true);
            is_treatment && field.integer("Type_Enum") == Some(kind)
        })
    }

    pub(super) fn start_time(&self, delivery: i64) -> DateTime {
        self.row("TrackTreatment", delivery).time("Create_DtTm").unwrap().wall
    }

    /// Moves the end of a delivery to `seconds` after its start.
    pub(super) fn set_duration(&mut self, delivery: i64, seconds: i64) {
        let end = self.start_time(delivery).checked_add(SignedDuration::from_secs(seconds)).unwrap();
        self.set("TrackTreatment", delivery, "Edit_DtTm", time_text(end));
    }

    /// Adds a copy of a row under an unused key.
    pub(super) fn copy_row(&mut self, table: &str, key: i64) -> i64 {
        self.database.copy_row(table, key, NOBODY);
        NOBODY
    }

    pub(super) fn first_key(&self, table: &str) -> i64 {
        self.find_key(table, |_| true)
    }

    /// Returns the control point of a static field of one version, on a machine with both banks in one coordinate.
    fn find_shaped_point(&self) -> i64 {
        let (_, points) = self.find_field(1, |row| {
            let set = row.cell("FLD_SET_ID");
            [101, 102, 105].map(Some).contains(&row.integer("Machine_ID_Staff_ID"))
            && row.integer("Mlc") == Some(1)
            // Another version would be reported with it.
            && self.rows("TxField").filter(|other| other.cell("FLD_SET_ID") == set).count() == 1
        });
        points[0]
    }

    pub(super) fn bank(&self, point: i64, bank: &str) -> Vec<u8> {
        match self.cell("TxFieldPoint", point, bank) {
            Value::Bytes(bytes) => bytes,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn set_null(&mut self, table: &str, column: &str) {
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
            let angle = plot.row("TxFieldPoint", point).float("Couch_Ang").unwrap();
            plot.set("TxFieldPoint", point, "Couch_Ang", Value::Real((angle + 80.0) % 360.0));
        }
    }),
    ("duplicate_delivery", |plot| {
        let delivery = plot.find_delivery(13);
        let copy = plot.copy_row("TrackTreatment", delivery);
        plot.set("TrackTreatment", copy, "DHS_ID", Value::Null);
    }),
    // The copy is another patient's, so that it is no duplicate.
    ("overlapping_delivery", |plot| {
        let delivery = plot.find_delivery(13);
        let patient = plot.cell("TrackTreatment", delivery, "Pat_ID1");
        let other = plot.find_key("TrackTreatment", |row| {
            let field = plot.row("TxField", row.integer("FLD_ID").unwrap());
            row.cell("Pat_ID1") != Some(&patient) && field.integer("Type_Enum") == Some(13)
        });
        let copy = plot.copy_row("TrackTreatment", delivery);
        for column in ["Pat_ID1", "FLD_ID", "SIT_ID"] {
            let value = plot.cell("TrackTreatment", other, column);
            plot.set("TrackTreatment", copy, column, value);
        }
        plot.set("TrackTreatment", copy, "DHS_ID", Value::Null);
        // Versions are not judged in QA mode.
        plot.set("TrackTreatment", copy, "WasQAMode", integer(1));
    }),
    ("delivery_two_fields", |plot| {
        let delivery = plot.find_delivery(13);
        let (field, start) = (plot.cell("TrackTreatment", delivery, "FLD_ID"), plot.start_time(delivery));
        let set = plot.row("TxField", plot.row("TrackTreatment", delivery).integer("FLD_ID").unwrap());
        let set = set.cell("SIT_Set_ID").cloned();
        let other = plot
            .find_key("TxField", |row| row.cell("FLD_ID") != Some(&field) && row.cell("SIT_Set_ID").cloned() == set);
        let copy = plot.copy_row("TrackTreatment", delivery);
        plot.set("TrackTreatment", copy, "DHS_ID", Value::Null);
        plot.set("TrackTreatment", copy, "FLD_ID", integer(other));
        // In QA mode no duration is checked, on another machine there is no duplicate, and 2 s do not overlap.
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
        let own = plot.rows("Ident").filter(|row| row.cell("Pat_Id1") == Some(&patient));
        let identities: Vec<i64> = own.filter_map(|row| row.integer("IDENT_ID")).collect();
        for identity in identities {
            plot.database.remove_row("Ident", identity);
        }
    }),
    ("orphan_dose", |plot| {
        let dose = plot.first_key("Dose_Hst");
        let copy = plot.copy_row("Dose_Hst", dose);
        plot.set("Dose_Hst", copy, "FLD_ID", integer(NOBODY));
    }),
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
        // A prescription that was never treated: offset_time has nothing to compare the shift with.
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
        let sites = plot.rows("Site").filter(|row| row.text("Site_Name") == Some("PROSTATE"));
        let sets: BTreeSet<Value> = sites.map(|row| row.cell("SIT_SET_ID").unwrap().clone()).collect();
        let offset = plot.find_key("Offset", |row| sets.contains(row.cell("SIT_SET_ID").unwrap()));
        plot.set("Offset", offset, "Lateral_Offset", Value::Real(-1.1));
    }),
    ("meterset_value", |plot| {
        let (field, _) = plot.find_field(4, |_| true);
        plot.set("TxField", field, "Meterset", integer(-5));
    }),
    ("meterset_index", |plot| {
        // Of a segmented field: in an arc, the point before the last one is nearly at 100 percent, too.
        let (_, points) = plot.find_field(2, |row| row.integer("Machine_ID_Staff_ID") != Some(102));
        plot.set("TxFieldPoint", points[points.len() - 1], "Index", integer(99));
    }),
    ("meterset_dose", |plot| {
        let (field, _) = plot.find_field(13, |_| true);
        let each = plot.row("TxField", field).float("cGrayPerMeterset").unwrap();
        plot.set("TxField", field, "cGrayPerMeterset", Value::Real(each * 1.05));
    }),
    ("meterset_limit", |plot| {
        let (field, _) = plot.find_field(3, |_| true);
        plot.set("TxField", field, "Meterset", integer(60));
    }),
    // A field that nobody was treated with: the dose history would contradict it.
    ("meterset_outlier", |plot| {
        let (field, _) = plot.find_field(1, |row| {
            row.integer("Modality_Enum") == Some(1)
                && !plot.rows("Dose_Hst").any(|dose| dose.cell("FLD_ID") == row.cell("FLD_ID"))
        });
        let [meterset, each] = ["Meterset", "cGrayPerMeterset"].map(|c| plot.row("TxField", field).float(c).unwrap());
        plot.set("TxField", field, "Meterset", Value::Real(meterset / 15.0));
        plot.set("TxField", field, "cGrayPerMeterset", Value::Real(each * 15.0));
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
        // On a machine with too few fields to know what is usual, only the check of versions can tell.
        for field in &versions {
            plot.set("TxField", *field, "Machine_ID_Staff_ID", integer(NOBODY));
            for delivery in plot.keys_with("TrackTreatment", "FLD_ID", *field) {
                plot.set("TrackTreatment", delivery, "Machine_ID_Staff_ID", integer(NOBODY));
            }
        }
        for point in plot.point_keys(versions[0]) {
            let leaves = plot.row("TxFieldPoint", point).integer("MLC_Leaves").unwrap();
            plot.set("TxFieldPoint", point, "MLC_Leaves", integer(leaves - 1));
        }
    }),
];

/// Returns the plants of all files.
fn all_plants() -> impl Iterator<Item = &'static Plant> {
    PLANTS.iter().chain(super::planted_identity::PLANTS).chain(ORDER_PLANTS).chain(super::planted_geometry::PLANTS)
}

/// Returns the tables that a check asks for with only the columns that a run of checks reads.
fn narrow_columns(snapshot: &Snapshot, check: &dyn checks::Check) -> Snapshot {
    let mut narrow = Snapshot::default();
    let queries = check.queries();
    for (name, whole) in snapshot.tables().filter(|(name, _)| queries.iter().any(|query| query.table == **name)) {
        let table = whole.table.select_columns(&schedule::scan_columns(CHECKS, name));
        let mut rows = Vec::new();
        for row in whole.rows() {
            rows.push(table.columns.iter().map(|one| row.cell(&one.image.name).unwrap().clone()).collect());
        }
        narrow.add_answer(Fetch::all(name), FetchAnswer { table: Some(table.into()), rows, maximum: None }).unwrap();
    }
    narrow
}

/// Returns for every plant the checks that find it.
fn run_plants(
    terms: &CheckParams,
    plants: impl Iterator<Item = &'static Plant>,
) -> Vec<(&'static str, BTreeSet<&'static str>)> {
    let queries: BTreeSet<Fetch> = CHECKS.iter().flat_map(|check| check.queries()).collect();
    let database = Database::generate_lab(20, 1);
    let clean = database.read_snapshot(queries.clone());
    let mut out = Vec::new();
    for (planted, plant) in plants {
        let mut plot = PlantedLab { database: database.clone(), clean: clean.clone() };
        plant(&mut plot);
        let changed = database.differing_tables(&plot.database);
        assert!(!changed.is_empty(), "{planted}: nothing was planted");
        // Only the changed tables are read again: it is a plant for every check, on a whole lab.
        let mut snapshot = clean.clone();
        for table in &changed {
            snapshot.forget(table);
        }
        for query in queries.iter().filter(|query| changed.contains(&query.table)) {
            snapshot.add_answer(query.clone(), plot.database.answer_fetch(query).unwrap()).unwrap();
        }
        // In one pass, as the program runs them: each by itself would gather the same facts a hundred times.
        let judging: Vec<&dyn checks::Check> = CHECKS
            .iter()
            .copied()
            .filter(|check| check.queries().iter().any(|query| changed.contains(&query.table)))
            .collect();
        let verdicts = checks::run_together(&judging, &snapshot, terms);
        let mut finders = BTreeSet::new();
        for (check, verdict) in judging.iter().zip(verdicts) {
            let id = check.card().id;
            assert!(
                id != *planted || verdict == check.run(&narrow_columns(&snapshot, *check), terms),
                "{id} reads a column that it does not list, or depends on the checks beside it"
            );
            if matches!(verdict, CheckVerdict::Ran { findings, .. } if !findings.is_empty()) {
                finders.insert(id);
            }
        }
        out.push((*planted, finders));
    }
    out
}

/// Returns the plants that no check finds, without one of the checks.
fn missed_plants<'a>(seen: &'a [(&'static str, BTreeSet<&'static str>)], but: &str) -> Vec<&'a str> {
    let missed = seen.iter().filter(|(_, finders)| finders.iter().all(|check| *check == but));
    missed.map(|(check, _)| *check).collect()
}

#[test]
fn a_check_that_is_switched_off_is_missed_by_name() {
    let seen = run_plants(&checks::standard_params(NOW), all_plants());
    for (check, finders) in &seen {
        assert_eq!(finders, &BTreeSet::from([*check]), "what was planted for {check}");
    }
    assert_eq!(missed_plants(&seen, ""), [""; 0]);
    for check in CHECKS.iter().map(|check| check.card().id) {
        assert_eq!(missed_plants(&seen, check), [check], "without {check}");
    }
}

#[test]
fn rules_that_switch_checks_off_leave_their_faults_unseen() {
    let chosen = || all_plants().step_by(8);
    let off: String = chosen().map(|(check, _)| format!("[checks.{check}]\nenabled = false\n")).collect();
    let terms = CheckParams { rules: std::sync::Arc::new(Rules::parse(&off).unwrap()), ..checks::standard_params(NOW) };
    let seen = run_plants(&terms, chosen());
    let expected: Vec<&str> = chosen().map(|(check, _)| *check).collect();
    assert_eq!(missed_plants(&seen, ""), expected);
}
