//! Labs in memory for tests.

use std::sync::LazyLock;

use super::lab::{self, LabRequest};
use super::{checks, schema};
use crate::domain::check::CheckParams;
pub(super) use crate::domain::testing::{Database, NOW, build_table, build_task, json_object, plan, propose};

/// The present moment and the standard rules.
pub(super) static TERMS: LazyLock<CheckParams> = LazyLock::new(|| checks::standard_params(NOW));

impl Database {
    /// Generates the lab of a department.
    pub(super) fn generate_lab(patients: u32, seed: u64) -> Self {
        Self::generate_lab_of(None, patients, seed)
    }

    /// Returns a lab of a scenario, of the first without one.
    pub(super) fn generate_lab_of(scenario: Option<&'static str>, patients: u32, seed: u64) -> Self {
        let mut database = Self::default();
        for def in schema::lab_tables() {
            database.create_table(&def);
        }
        let request = LabRequest { patients, seed, until: lab::UNTIL, scenario };
        lab::generate(&request, &mut |table, values| database.insert_row(table, &values)).unwrap();
        database
    }
}
