//! Recordings in memory for tests.

use std::ops::ControlFlow;

use super::lab::RecordingsLab;
use crate::domain::lab::{Lab, LabRequest};
pub(super) use crate::domain::testing::Database;

/// Returns a recording of a scenario.
pub(super) fn recording(scenario: &str, frames: u32, seed: u64) -> Database {
    let mut database = Database::default();
    RecordingsLab.tables().iter().for_each(|def| database.create_table(def));
    let request = LabRequest { size: Some(frames), seed, until: None, scenario: Some(scenario.to_owned()) };
    let flow = RecordingsLab.generate(&request, &mut |table, cells| {
        database.insert_row(table, &cells).unwrap();
        ControlFlow::Continue(())
    });
    assert!(flow.is_continue());
    database
}
