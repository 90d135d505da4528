//! Audit of the file: header, SQLite's own consistency check, and the text of the schema.

use super::Auditor;
use crate::schema::{APPLICATION_ID, FORMAT, list_differences};

/// The most lines taken from `integrity_check`, which could otherwise list every page of a ruined file.
const COMPLAINTS_MAX: u32 = 100;

impl Auditor<'_> {
    pub(super) fn audit_file(&mut self) {
        self.audit_header();
        self.audit_schema();
        self.audit_integrity();
    }

    fn audit_header(&mut self) {
        for (pragma, expected) in [("application_id", APPLICATION_ID), ("user_version", FORMAT)] {
            let value = self.conn.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
            if let Some(value) = self.note_error("file_header", value).filter(|value| *value != expected) {
                self.report_finding("file_header", format!("{pragma} is {value}, but a journal's is {expected}"));
            }
        }
        let encoding = self.conn.pragma_query_value(None, "encoding", |row| row.get::<_, String>(0));
        if let Some(encoding) = self.note_error("file_header", encoding).filter(|encoding| encoding != "UTF-8") {
            self.report_finding("file_header", format!("the text encoding is {encoding}, but a journal's is UTF-8"));
        }
    }

    fn audit_schema(&mut self) {
        let differences = list_differences(self.conn);
        for difference in self.note_error("schema", differences).into_iter().flatten() {
            self.report_finding("schema", difference);
        }
    }

    fn audit_integrity(&mut self) {
        let lines = self.run_integrity_check();
        for line in self.note_error("file_integrity", lines).into_iter().flatten() {
            // A sound file gives this one line.
            if line != "ok" {
                self.report_finding("file_integrity", line);
            }
        }
    }

    fn run_integrity_check(&self) -> rusqlite::Result<Vec<String>> {
        let mut statement = self.conn.prepare(&format!("PRAGMA integrity_check({COMPLAINTS_MAX})"))?;
        statement.query_map([], |row| row.get(0))?.collect()
    }
}
