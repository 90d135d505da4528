//! Imports of the committed excerpt, and of the whole public mock if MFM_TEST_MOCK names its folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;
use crate::domains::mosaiq::checks::{CHECKS, CheckVerdict};
use crate::domains::mosaiq::laws;
use crate::domains::mosaiq::testing::{self, Database, TERMS};
use crate::model::Fetch;
use crate::model::refusal::render_key;

fn excerpt_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/mock")
}

/// Imports every table of a folder, and proves every cell.
fn import_folder(folder: &Path) -> (Database, BTreeMap<String, ImportedTable>) {
    let types = parse_types(&std::fs::read_to_string(folder.join(TYPES_FILE)).unwrap()).unwrap();
    let mut database = Database::default();
    let mut all = BTreeMap::new();
    for name in types.keys() {
        let imported = parse_table(name, &types, &std::fs::read(folder.join(format!("{name}.csv"))).unwrap()).unwrap();
        database.create_table(&imported.table);
        let declared = testing::build_table(&imported.table);
        for row in &imported.rows {
            database.insert_row(name, &row.values).unwrap_or_else(|error| panic!("row {}: {error}", row.number));
        }
        let snapshot = database.read_snapshot([Fetch::all(name)]);
        let held = snapshot.table(name).unwrap();
        assert_eq!(held.len(), imported.rows.len());
        for row in &imported.rows {
            let values: Vec<Value> = declared
                .columns
                .iter()
                .zip(&row.values)
                .map(|(column, datum)| column.store_datum(name, datum).unwrap())
                .collect();
            let held = held.row(&declared.key_of(&values).unwrap()).unwrap();
            for ((text, value), column) in row.texts.iter().zip(held.cells).zip(&declared.columns) {
                assert!(is_same_value(text, value, column), "{name} row {} {}: {text}", row.number, column.image.name);
            }
        }
        all.insert(name.clone(), imported);
    }
    (database, all)
}

fn declared_type<'t>(imported: &'t ImportedTable, column: &str) -> &'t str {
    &imported.table.columns.iter().find(|(name, _, _)| name == column).unwrap().1
}

/// Returns check and row of every finding, and the checks that did not run.
fn run_checks(database: &Database) -> (BTreeSet<(String, String)>, Vec<&'static str>) {
    let (mut violations, mut not_run) = (BTreeSet::new(), Vec::new());
    for check in CHECKS {
        let id = check.card().id;
        match check.run(&database.read_snapshot(check.queries()), &TERMS) {
            CheckVerdict::Ran { findings, remarks, .. } => {
                println!("{id}: {remarks:?}");
                for finding in &findings {
                    violations.insert((id.to_owned(), format!("{} {}", finding.table, render_key(&finding.key))));
                }
            }
            CheckVerdict::NotRun { why } => {
                println!("{id} did not run: {why}");
                not_run.push(id);
            }
        }
    }
    // Some checks have nothing to judge in so few records, and say so; the others lack a table.
    let lacking = laws::checks_lacking_tables(database);
    not_run.retain(|id| lacking.contains(id));
    assert_eq!(not_run, lacking);
    (violations, not_run)
}

/// Returns the findings listed in docs/oddities.md: the first two cells of the rows of its table.
fn read_oddities() -> BTreeSet<(String, String)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/oddities.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let pairs = rows.map(|(check, rest)| (check.to_owned(), rest.split(" | ").next().unwrap().to_owned()));
    pairs.collect()
}

/// The checks of the tables Offset and Dose_Hst, which the mock lacks.
const WITHOUT: [&str; 22] = [
    "null_offset",
    "null_dose",
    "delivery_dose_time",
    "orphan_offset",
    "orphan_dose",
    "offset_size",
    "offset_codes",
    "offset_future",
    "offset_time",
    "offset_action_limit",
    "dose_field_patient",
    "dose_site_patient",
    "dose_field_site",
    "delivery_dose_patient",
    "delivery_dose_field",
    "delivery_dose_site",
    "offset_visit",
    "dose_meterset",
    "dose_given",
    "dose_energy",
    "dose_fraction",
    "offset_usual",
];

#[test]
fn the_excerpt_is_read_whole() {
    let (database, all) = import_folder(&excerpt_folder());
    let staff = &all["Staff"];
    assert_eq!((staff.report.rows_read, staff.report.rows_kept), (4, 3));
    let why = "Staff_ID 100 already occurs in row 2".to_owned();
    assert_eq!(staff.report.left_out, [OmittedRow { row: 4, key: "100".into(), why }]);
    assert!(all.values().all(|imported| imported.report.index_dropped));
    assert!(all.values().filter(|imported| imported.table.name != "Staff").all(|i| i.report.left_out.is_empty()));
    assert_eq!(declared_type(&all["TxFieldPoint"], "Gantry_Ang"), "decimal(4,1)");
    assert_eq!(declared_type(&all["TxFieldPoint"], "A_Leaf_Set"), "varbinary(max)");
    assert_eq!(declared_type(&all["TxField"], "TotalReferenceAirKerma"), "decimal(18,11)");
    assert_eq!(declared_type(&all["TxField"], "RowVers"), "timestamp");
    assert_eq!(declared_type(&all["Ident"], "IDA"), "varchar(max)", "a bare varchar holds one character on a server");
    let notes = all["Site"].rows[0].texts.last_chunk::<2>().unwrap()[0].clone();
    assert_eq!(notes, "Two lines,\nand a \"quote\"");
    // The mock holds a text of one zero byte, which must not be taken for an empty one.
    assert!(all["TxField"].rows[1].values.contains(&Datum::Text("\0".into())));
    let (violations, not_run) = run_checks(&database);
    let [nulls, minimum, jumps] = ["null_point", "control_point_minimum", "angle_jump"]
        .map(|id| violations.iter().filter(|(check, _)| check == id).count());
    assert_eq!(nulls, 2, "two control points have no collimator angle");
    assert_eq!([minimum, jumps], [1, 1], "of the arc six control points are left");
    let newer = violations.iter().filter(|(check, _)| check == "field_versions").count();
    assert_eq!(newer, 2, "two fields have a later version than the current one");
    let ordered = violations.iter().filter(|(check, _)| check.starts_with("prescription_")).count();
    assert_eq!(ordered, 2, "the prescription's fields give another dose, by another technique");
    assert_eq!(violations.len(), 8, "{violations:?}");
    assert_eq!(not_run, WITHOUT);
    laws::every_fault_is_seen(&database, 1);
}

#[test]
fn nothing_is_lost_silently() {
    let types = parse_types("[Site]\nSIT_ID = \"int\"\nFractions = \"smallint\"\nNotes = \"varchar\"").unwrap();
    let read = |csv: &str| parse_table("Site", &types, csv.as_bytes());
    let error = read("SIT_ID,Fractions\n1,5\n2,many\n").unwrap_err();
    assert_eq!(error.to_string(), "Site, row 2, Fractions: `many` is not a smallint: it is not a whole number");
    assert!(matches!(read("SIT_ID,Fractions\n1\n"), Err(ImportError::Csv { .. })));
    assert!(matches!(read("Fractions\n1\n"), Err(ImportError::NoKey { .. })));
    assert!(matches!(parse_table("Other", &types, b""), Err(ImportError::UnknownTable { .. })));
    assert!(matches!(super::parse_types("[Site"), Err(ImportError::Types { .. })));
    let report = read("SIT_ID,Extra\n1,x\n,y\n1.0,z\n").unwrap().report;
    assert_eq!((report.columns_unmapped, report.columns_absent.len()), (vec!["Extra".to_owned()], 2));
    assert_eq!(report.left_out.iter().map(|left| left.row).collect::<Vec<_>>(), [2, 3]);
    assert!(!report.index_dropped);
}

#[test]
#[ignore = "needs the public mock: MFM_TEST_MOCK names the folder of its CSV files"]
#[expect(clippy::disallowed_methods, reason = "the test's own setting")]
fn the_whole_mock_is_read() {
    let folder = std::env::var_os("MFM_TEST_MOCK").expect("MFM_TEST_MOCK names the folder of the mock's CSV files");
    let (database, all) = import_folder(Path::new(&folder));
    let left: Vec<_> = all.values().flat_map(|imported| &imported.report.left_out).collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(all["TxFieldPoint"].rows.len(), 5242);
    assert!(all.values().all(|i| i.report.columns_unmapped.is_empty() && i.report.columns_absent.is_empty()));
    let (violations, not_run) = run_checks(&database);
    assert_eq!(not_run, WITHOUT);
    assert_eq!(violations, read_oddities(), "docs/oddities.md argues for each finding on the mock, and for no other");
    laws::every_fault_is_seen(&database, 10);
}
