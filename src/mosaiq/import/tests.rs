//! The committed excerpt, and the whole public mock where MFM_TEST_MOCK names its folder.

use std::path::{Path, PathBuf};

use super::*;
use crate::model::{Query, Value};
use crate::mosaiq::checks::{CHECKS, Verdict};
use crate::mosaiq::laws;
use crate::mosaiq::testing::{self, Database, TERMS};

fn excerpt() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/mock")
}

/// Imports every table of a folder, and proves every cell.
fn import(folder: &Path) -> (Database, BTreeMap<String, Imported>) {
    let types = types(&std::fs::read_to_string(folder.join(TYPES_FILE)).unwrap()).unwrap();
    let mut database = Database::default();
    let mut all = BTreeMap::new();
    for name in types.keys() {
        let imported = table(name, &types, &std::fs::read(folder.join(format!("{name}.csv"))).unwrap()).unwrap();
        database.make(&imported.table);
        let declared = testing::table(&imported.table);
        for row in &imported.rows {
            database.insert(name, &row.values).unwrap_or_else(|error| panic!("row {}: {error}", row.number));
        }
        let snapshot = database.read([Query::all(name)]);
        let held = snapshot.table(name).unwrap();
        assert_eq!(held.len(), imported.rows.len());
        for row in &imported.rows {
            let values: Vec<Value> = declared
                .columns
                .iter()
                .zip(&row.values)
                .map(|(column, datum)| column.store(name, datum).unwrap())
                .collect();
            let held = held.row(&declared.key_of(&values).unwrap()).unwrap();
            for ((text, value), column) in row.texts.iter().zip(held.cells).zip(&declared.columns) {
                assert!(same(text, value, column), "{name} row {} {}: {text}", row.number, column.image.name);
            }
        }
        all.insert(name.clone(), imported);
    }
    (database, all)
}

fn declared<'t>(imported: &'t Imported, column: &str) -> &'t str {
    &imported.table.columns.iter().find(|(name, _, _)| name == column).unwrap().1
}

/// Counts what the checks find that have their tables, and names the others.
fn violations(database: &Database) -> (BTreeMap<&'static str, usize>, Vec<&'static str>) {
    let (mut counts, mut not_run) = (BTreeMap::new(), Vec::new());
    for check in CHECKS {
        let id = check.card().id;
        match check.run(&database.read(check.needs()), &TERMS) {
            Verdict::Ran { findings, remarks, .. } => {
                println!("{id}: {remarks:?}");
                counts.insert(id, findings.len());
            }
            Verdict::NotRun { why } => {
                println!("{id} did not run: {why}");
                not_run.push(id);
            }
        }
    }
    assert_eq!(not_run, laws::lacking(database), "only a missing table stops a check");
    (counts, not_run)
}

/// The checks of the table Offset, which the mock lacks.
const OFFSETS: [&str; 5] = ["null_offset", "orphan_offset", "offset_size", "offset_codes", "offset_future"];

#[test]
fn the_excerpt_is_read_whole() {
    let (database, all) = import(&excerpt());
    let staff = &all["Staff"];
    assert_eq!((staff.report.rows_read, staff.report.rows_kept), (4, 3));
    let why = "Staff_ID 100 occurs before, in row 2".to_owned();
    assert_eq!(staff.report.left_out, [LeftOut { row: 4, key: "100".into(), why }]);
    assert!(all.values().all(|imported| imported.report.index_dropped));
    assert!(all.values().filter(|imported| imported.table.name != "Staff").all(|i| i.report.left_out.is_empty()));
    assert_eq!(declared(&all["TxFieldPoint"], "Gantry_Ang"), "decimal(4,1)");
    assert_eq!(declared(&all["TxFieldPoint"], "A_Leaf_Set"), "varbinary(max)");
    assert_eq!(declared(&all["TxField"], "TotalReferenceAirKerma"), "decimal(18,11)");
    assert_eq!(declared(&all["TxField"], "RowVers"), "timestamp");
    assert_eq!(declared(&all["Ident"], "IDA"), "varchar(max)", "a bare varchar holds one character on a server");
    let notes = all["Site"].rows[0].texts.last_chunk::<2>().unwrap()[0].clone();
    assert_eq!(notes, "Two lines,\nand a \"quote\"");
    assert!(all["TxField"].rows[1].values.contains(&Datum::Text("\0".into())));
    let (mut violations, not_run) = violations(&database);
    assert_eq!(violations.remove("null_point"), Some(2), "two control points have no collimator angle");
    assert!(violations.values().all(|count| *count == 0), "{violations:?}");
    assert_eq!(not_run, OFFSETS);
    laws::every_fault_is_seen(&database, 1);
}

#[test]
fn nothing_is_lost_silently() {
    let types = types("[Site]\nSIT_ID = \"int\"\nFractions = \"smallint\"\nNotes = \"varchar\"").unwrap();
    let read = |csv: &str| table("Site", &types, csv.as_bytes());
    let error = read("SIT_ID,Fractions\n1,5\n2,many\n").unwrap_err();
    assert_eq!(error.to_string(), "Site, row 2, Fractions: `many` is no smallint: it is no whole number");
    assert!(matches!(read("SIT_ID,Fractions\n1\n"), Err(ImportError::Csv { .. })));
    assert!(matches!(read("Fractions\n1\n"), Err(ImportError::NoKey { .. })));
    assert!(matches!(table("Other", &types, b""), Err(ImportError::UnknownTable { .. })));
    assert!(matches!(super::types("[Site"), Err(ImportError::Types { .. })));
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
    let (database, all) = import(Path::new(&folder));
    let left: Vec<_> = all.values().flat_map(|imported| &imported.report.left_out).collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(all["TxFieldPoint"].rows.len(), 5242);
    assert!(all.values().all(|i| i.report.columns_unmapped.is_empty() && i.report.columns_absent.is_empty()));
    let (mut violations, not_run) = violations(&database);
    println!("{violations:?}");
    assert_eq!(not_run, OFFSETS);
    assert!(violations.remove("duplicate_delivery").unwrap() <= 10);
    // Three fields, two of them made to test just that, have no prescription.
    assert_eq!(violations.remove("null_field"), Some(3));
    // Twenty machines have leaves, five of which count outward: nothing of it is wrong.
    assert!(violations.values().all(|count| *count == 0), "{violations:?}");
    laws::every_fault_is_seen(&database, 10);
}
