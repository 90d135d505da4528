//! What PyMedPhys reads of each fault, held against the table in docs/faults.md; needs Python, so it is asked for.
#![cfg(feature = "cli")]
#![expect(clippy::disallowed_methods, reason = "the person who asks for this test says so in the environment")]

use std::path::Path;
use std::process::Command;

const BEGIN: &str = "<!-- table: begin -->\n";
const END: &str = "<!-- table: end -->\n";

#[test]
#[ignore = "needs a Python that has PyMedPhys, NumPy, pandas and attrs, named by MFM_TEST_PYTHON"]
fn the_table_of_faults_is_what_pymedphys_reads() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = root.join("docs/faults.md");
    let folder = tempfile::tempdir().unwrap();
    let done = Command::new(std::env::var_os("MFM_TEST_PYTHON").unwrap())
        .arg(root.join("tests/python/pymedphys_reads.py"))
        .arg(env!("CARGO_BIN_EXE_mfm"))
        .arg(folder.path().join("lab"))
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let table = String::from_utf8(done.stdout).unwrap();
    let text = std::fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (kept, after) = rest.split_once(END).unwrap();
    if std::env::var_os("MFM_BLESS").is_some() {
        std::fs::write(&page, [before, BEGIN, &table, END, after].concat()).unwrap();
        return;
    }
    assert_eq!(kept, table, "MFM_BLESS=1 writes the table anew");
}
