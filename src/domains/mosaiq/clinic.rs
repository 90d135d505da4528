//! Signs by which the guard tells a live clinic's database from a test copy: its name, the programs connected to it,
//! and recent treatment times. Looks at no database itself.

use crate::domain::live::LiveSystem;

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

/// The vendor's default name for the database.
const DATABASE: &str = "mosaiq";
/// Words in a name that mark a copy from which no patient is treated.
const COPY: [&str; 12] =
    ["copy", "demo", "dev", "lab", "mfm", "mock", "sandbox", "test", "testing", "tests", "train", "training"];
/// Words that mark a clinical database; they outweigh [`COPY`].
const CLINIC: [&str; 6] = ["clinic", "clinical", "live", "master", "prod", "production"];

/// Tells whether a database bears the vendor's name, in any case and with anything around it, and no word that marks a
/// test copy.
fn bears_name(name: &str) -> bool {
    let name = name.to_lowercase();
    let rest = name.replace(DATABASE, " ");
    // Whole words only: "latest" contains "test", and says nothing of a copy.
    let words: Vec<&str> = rest.split(|c: char| !c.is_alphabetic()).collect();
    let is_copy = words.iter().any(|word| COPY.contains(word));
    let is_clinic = words.iter().any(|word| CLINIC.contains(word));
    // The part before the first dot is the database: a schema or a file suffix behind it cannot make it a copy.
    let is_bare = name.split('.').next() == Some(DATABASE);
    name.contains(DATABASE) && (is_bare || is_clinic || !is_copy)
}

/// Columns with the time of a treatment, an image or a finished task, in any table.
const TIMES: [&str; 3] = ["Tx_DtTm", "Study_DtTm", "Act_DtTm"];
/// Times at which a row was written. In a table of treatments these are the times of treatment.
const WRITTEN: [&str; 2] = ["Create_DtTm", "Edit_DtTm"];
/// Columns found only in tables of treatments: the keys of deliveries, doses and shifts, and the beam-on flag.
const RECORDS: [&str; 4] = ["TTX_ID", "DHS_ID", "OFF_ID", "WasBeamOn"];
/// The tables of treatments. Without a time column, nothing tells how recent their rows are.
const TABLES: [&str; 3] = ["TrackTreatment", "Dose_Hst", "Offset"];

/// Returns the columns of a table that hold times of treatment.
fn treatment_times<'c>(columns: &[&'c str]) -> Vec<&'c str> {
    let is_record = columns.iter().any(|column| is_among(&RECORDS, column));
    let mut times = Vec::new();
    for column in columns {
        if is_among(&TIMES, column) || (is_record && is_among(&WRITTEN, column)) {
            times.push(*column);
        }
    }
    times
}

fn is_among(names: &[&str], column: &str) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(column))
}

/// Parts of the names under which clinical programs connect: the record-and-verify system, its interfaces and the
/// treatment console.
const PROGRAMS: [&str; 7] = ["mosaiq", "impac", "elekta", "multi-access", "multiaccess", "sequencer", "iqscripts"];

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
        assert_eq!(treatment_times(&["ttx_id", "CREATE_DTTM", "Edit_DtTm"]), ["CREATE_DTTM", "Edit_DtTm"]);
        assert_eq!(treatment_times(&["DHS_ID", "Tx_DtTm", "RowVers"]), ["Tx_DtTm"]);
        assert_eq!(treatment_times(&["ID", "Create_DtTm", "Birth_DtTm", "Due_DtTm"]), [""; 0]);
        assert_eq!(treatment_times(&["ID", "WasBeamOn", "Create_DtTm"]), ["Create_DtTm"]);
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
