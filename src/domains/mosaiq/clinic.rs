//! What a live clinic's database looks like from outside: names and times that no test copy needs; looks at none
//! itself.

use crate::domain::live::LiveSystem;

/// What a clinic's database looks like.
pub(super) struct ClinicSigns;

impl LiveSystem for ClinicSigns {
    fn name_sign(&self) -> &'static str {
        "name-mosaiq"
    }

    fn bears_name(&self, name: &str) -> bool {
        bears_name(name)
    }

    fn is_program(&self, program: &str) -> bool {
        is_clinical(program)
    }

    fn recent_times<'c>(&self, columns: &[&'c str]) -> Vec<&'c str> {
        treatment_times(columns)
    }

    fn record_tables(&self) -> &'static [&'static str] {
        &TABLES
    }
}

/// The name that the vendor's installation gives the database.
const DATABASE: &str = "mosaiq";
/// Words that say of a database that nobody is treated from it.
const COPY: [&str; 12] =
    ["copy", "demo", "dev", "lab", "mfm", "mock", "sandbox", "test", "testing", "tests", "train", "training"];
/// Words that say the contrary, whatever else a name says.
const CLINIC: [&str; 6] = ["clinic", "clinical", "live", "master", "prod", "production"];

/// Tells whether a database bears the vendor's name, in any case and with anything around it, and does not say that it
/// is a copy for tests.
fn bears_name(name: &str) -> bool {
    let name = name.to_lowercase();
    let rest = name.replace(DATABASE, " ");
    let words: Vec<&str> = rest.split(|c: char| !c.is_alphabetic()).collect();
    let says = |known: &[&str]| words.iter().any(|word| known.contains(word));
    let is_bare = name.split('.').next() == Some(DATABASE);
    name.contains(DATABASE) && (is_bare || says(&CLINIC) || !says(&COPY))
}

/// Columns that say when somebody was treated or imaged, or when a task was done, in whatever table.
const TIMES: [&str; 3] = ["Tx_DtTm", "Study_DtTm", "Act_DtTm"];
/// The times at which a row was written, which in a record of treatments are those of treatments.
const WRITTEN: [&str; 2] = ["Create_DtTm", "Edit_DtTm"];
/// Columns that only records of treatments have: the keys of deliveries, doses and shifts, and whether a beam was on.
const RECORDS: [&str; 4] = ["TTX_ID", "DHS_ID", "OFF_ID", "WasBeamOn"];
/// The tables that hold such records, and without times say nothing of how young they are.
const TABLES: [&str; 3] = ["TrackTreatment", "Dose_Hst", "Offset"];

/// Returns those columns of a table that say when somebody was treated.
fn treatment_times<'c>(columns: &[&'c str]) -> Vec<&'c str> {
    let among = |known: &[&str], column: &str| known.iter().any(|name| name.eq_ignore_ascii_case(column));
    let is_record = columns.iter().any(|column| among(&RECORDS, column));
    let counts = |column: &&&str| among(&TIMES, column) || (is_record && among(&WRITTEN, column));
    columns.iter().filter(counts).copied().collect()
}

/// Parts of the names under which programs of a clinic connect: the record-and-verify system, its interfaces and the
/// treatment console.
const PROGRAMS: [&str; 7] = ["mosaiq", "impac", "elekta", "multi-access", "multiaccess", "sequencer", "iqscripts"];

/// Tells whether a program belongs to a clinic at work, by the name under which it connects.
fn is_clinical(program: &str) -> bool {
    let program = program.to_lowercase();
    PROGRAMS.iter().any(|part| program.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w03_the_vendors_name_is_known_with_anything_around_it() {
        for name in [
            "MOSAIQ",
            "mosaiq.db",
            "Mosaiq.sqlite3",
            "Mosaiq_prod.db",
            "mosaiq2024.db",
            "prod-MOSAIQ.db",
            "xMosaiqX",
            "MOSAIQ.mfm_test_1",
            "Mosaiq latest.db",
            "MOSAIQ_PROD_COPY",
            "mosaiqlive_test.live.db",
        ] {
            assert!(bears_name(name), "{name}");
        }
        for name in ["lab.db", "MOSAIQ_TEST", "MosaiqTest77.db", "mosaiq-lab.db", "copy of mosaiq.db", "mosaic.db", ""]
        {
            assert!(!bears_name(name), "{name}");
        }
    }

    #[test]
    fn w03_treatment_times_are_known_by_what_stands_beside_them() {
        let of = |columns: &[&'static str]| treatment_times(columns);
        assert_eq!(of(&["ttx_id", "CREATE_DTTM", "Edit_DtTm"]), ["CREATE_DTTM", "Edit_DtTm"]);
        assert_eq!(of(&["DHS_ID", "Tx_DtTm", "RowVers"]), ["Tx_DtTm"]);
        assert_eq!(of(&["ID", "Create_DtTm", "Birth_DtTm", "Due_DtTm"]), [""; 0]);
        assert_eq!(of(&["ID", "WasBeamOn", "Create_DtTm"]), ["Create_DtTm"]);
        assert!(ClinicSigns.is_record_table("offset") && !ClinicSigns.is_record_table("Patient"));
    }

    #[test]
    fn programs_are_told_by_their_names() {
        for name in ["MOSAIQ", "Elekta MOSAIQ Sequencer", "IMPAC Interface Engine", "Multi-ACCESS"] {
            assert!(is_clinical(name), "{name}");
        }
        for name in ["", "mfm", "Microsoft SQL Server Management Studio", "pymssql=2.3", ".Net SqlClient Data Provider"]
        {
            assert!(!is_clinical(name), "{name}");
        }
    }
}
