//! What a file held that its reader should know: repeated ids, records that are no objects, keys given twice.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::import::ImportReport;
use crate::domains::openonco::{source, word_digest};

/// The most remarks of one kind that a report lists.
const REMARKS_MAX: usize = 20;

/// What was noticed in a file.
#[derive(Debug, Default)]
pub(super) struct FileNotes {
    records: u64,
    keys: BTreeSet<String>,
    /// What was noticed, a sentence each.
    pub(super) remarks: Vec<String>,
    more: u64,
}

impl FileNotes {
    /// Notes a record of the file with this number; `seen` holds in which file each id was seen first.
    pub(super) fn note_record(&mut self, file: usize, text: &str, seen: &mut SeenIds) {
        self.records += 1;
        let members = source::list_members(text);
        if source::parse_object(text).is_none() {
            return self.remark("is no object, and is kept as it is");
        }
        let mut names = BTreeSet::new();
        let repeated: Vec<&str> =
            members.iter().map(|member| member.name.as_str()).filter(|name| !names.insert(*name)).collect();
        if !repeated.is_empty() {
            self.remark(&format!("gives {} twice; the last value counts", repeated.join(", ")));
        }
        let Some(id) = source::read_member(text, "id").and_then(|id| id.as_str().map(str::to_owned)) else {
            return self.remark("has no id");
        };
        if let Some(first) = seen.insert(file, &id) {
            self.remark(&format!("has the id {id}, which {first} has already"));
        }
        for name in names {
            if !self.keys.contains(name) && self.keys.len() < 10_000 {
                self.keys.insert(name.to_owned());
            }
        }
    }

    fn remark(&mut self, what: &str) {
        if self.remarks.len() < REMARKS_MAX {
            self.remarks.push(format!("record {} {what}", self.records));
        } else {
            self.more += 1;
        }
    }

    /// Returns the report on the file.
    pub(super) fn to_report(&self, file: &str) -> ImportReport {
        let mut remarks = self.remarks.clone();
        if self.more > 0 {
            remarks.push(format!("and {} more", self.more));
        }
        ImportReport {
            table: file.to_owned(),
            rows_read: self.records,
            rows_kept: self.records,
            keys: Some(self.keys.len() as u64),
            remarks,
            ..ImportReport::default()
        }
    }
}

/// In which file each id was seen first.
#[derive(Debug, Default)]
pub(super) struct SeenIds {
    /// The names of the files.
    pub(super) files: Vec<String>,
    ids: BTreeMap<u64, usize>,
}

impl SeenIds {
    /// Notes an id, and returns the file that has it already.
    fn insert(&mut self, file: usize, id: &str) -> Option<&str> {
        let digest = word_digest(id);
        match self.ids.get(&digest) {
            Some(first) => self.files.get(*first).map(String::as_str),
            None => {
                self.ids.insert(digest, file);
                None
            }
        }
    }
}
