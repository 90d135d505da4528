//! The file under the journal: header, SQLite's own consistency, the text of the schema; reads no entry.

use std::collections::BTreeMap;

use super::Auditor;
use crate::schema::{APPLICATION_ID, FORMAT, OBJECTS};

/// How many complaints of SQLite are listed.
const COMPLAINTS_MAX: u32 = 100;

type Described = (String, String, Option<String>);

impl Auditor<'_> {
    pub(super) fn file(&mut self) {
        self.header();
        self.schema();
        self.integrity();
    }

    fn header(&mut self) {
        for (pragma, expected) in [("application_id", APPLICATION_ID), ("user_version", FORMAT)] {
            let found = self.conn.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
            if let Some(found) = self.note_error("file_header", found).filter(|found| *found != expected) {
                self.find("file_header", format!("{pragma} is {found}, a journal's is {expected}"));
            }
        }
        let encoding = self.conn.pragma_query_value(None, "encoding", |row| row.get::<_, String>(0));
        if let Some(found) = self.note_error("file_header", encoding).filter(|found| found != "UTF-8") {
            self.find("file_header", format!("the text encoding is {found}, a journal's is UTF-8"));
        }
    }

    /// The text of every object must be ours to the byte: a trigger that lets one edit pass is still a trigger.
    fn schema(&mut self) {
        let found = self.stored_schema();
        let Some(mut found) = self.note_error("schema", found) else { return };
        for object in &OBJECTS {
            let expected = (object.kind.to_owned(), object.table.to_owned(), object.sql.map(str::to_owned));
            match found.remove(object.name) {
                None => self.find("schema", format!("the {} {} is missing", object.kind, object.name)),
                Some(found) if found != expected => {
                    self.find("schema", format!("the {} {} is not the journal's", object.kind, object.name));
                }
                Some(_) => {}
            }
        }
        for (name, (kind, ..)) in found {
            self.find("schema", format!("the {kind} {name} does not belong into a journal"));
        }
    }

    fn stored_schema(&self) -> rusqlite::Result<BTreeMap<String, Described>> {
        let mut statement = self.conn.prepare("SELECT name, type, tbl_name, sql FROM sqlite_schema")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?))))?;
        rows.collect()
    }

    fn integrity(&mut self) {
        let said = || -> rusqlite::Result<Vec<String>> {
            let mut statement = self.conn.prepare(&format!("PRAGMA integrity_check({COMPLAINTS_MAX})"))?;
            statement.query_map([], |row| row.get(0))?.collect()
        };
        let said = said();
        for complaint in self.note_error("file_integrity", said).into_iter().flatten().filter(|said| said != "ok") {
            self.find("file_integrity", complaint);
        }
    }
}
