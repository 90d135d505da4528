//! The file under the journal: header, SQLite's own consistency, the text of the schema; reads no entry.

use super::Auditor;
use crate::schema::{APPLICATION_ID, FORMAT, list_differences};

/// How many complaints of SQLite are listed.
const COMPLAINTS_MAX: u32 = 100;

impl Auditor<'_> {
    pub(super) fn audit_file(&mut self) {
        self.audit_header();
        self.audit_schema();
        self.audit_integrity();
    }

    fn audit_header(&mut self) {
        for (pragma, expected) in [("application_id", APPLICATION_ID), ("user_version", FORMAT)] {
            let found = self.conn.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
            if let Some(found) = self.note_error("file_header", found).filter(|found| *found != expected) {
                self.report_finding("file_header", format!("{pragma} is {found}, a journal's is {expected}"));
            }
        }
        let encoding = self.conn.pragma_query_value(None, "encoding", |row| row.get::<_, String>(0));
        if let Some(found) = self.note_error("file_header", encoding).filter(|found| found != "UTF-8") {
            self.report_finding("file_header", format!("the text encoding is {found}, a journal's is UTF-8"));
        }
    }

    fn audit_schema(&mut self) {
        let found = list_differences(self.conn);
        for difference in self.note_error("schema", found).into_iter().flatten() {
            self.report_finding("schema", difference);
        }
    }

    fn audit_integrity(&mut self) {
        let said = || -> rusqlite::Result<Vec<String>> {
            let mut statement = self.conn.prepare(&format!("PRAGMA integrity_check({COMPLAINTS_MAX})"))?;
            statement.query_map([], |row| row.get(0))?.collect()
        };
        let said = said();
        for complaint in self.note_error("file_integrity", said).into_iter().flatten().filter(|said| said != "ok") {
            self.report_finding("file_integrity", complaint);
        }
    }
}
