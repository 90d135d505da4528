//! What only the whole catalogue shows, gathered in memory that hardly grows with it: of each id and name 64 bits.

use std::collections::{BTreeMap, BTreeSet};

use crate::domains::openonco::text::folding::fold_text;
use crate::domains::openonco::text::vendors::group_of;
use crate::domains::openonco::word_digest;
use crate::model::Row;

/// The most related records that a finding names.
const RELATED_MAX: usize = 20;

/// A file as it was imported.
#[derive(Debug)]
pub(super) struct FileFacts {
    pub(super) number: i64,
    pub(super) name: String,
    pub(super) category: Option<String>,
    records: i64,
}

/// A record among those with the same id or name.
#[derive(Clone, Debug)]
pub(super) struct NamedRecord {
    pub(super) record: i64,
    pub(super) label: String,
    pub(super) name: String,
    pub(super) vendor: String,
    category: String,
}

/// A record that is gone.
#[derive(Debug)]
pub(super) struct GoneRecord {
    pub(super) record: i64,
    pub(super) file: String,
    /// Its number in the file, from 1.
    pub(super) nth: i64,
}

/// A record in another category than its file's.
#[derive(Debug)]
pub(super) struct MovedRecord {
    pub(super) record: i64,
    pub(super) label: String,
    pub(super) from: String,
    pub(super) category: String,
}

/// A spelling of a vendor that fewer records have than another one.
#[derive(Debug)]
pub(super) struct VendorSpelling {
    pub(super) name: String,
    pub(super) usual: String,
    pub(super) records: Vec<i64>,
}

/// What was gathered.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) files: Vec<FileFacts>,
    pub(super) counts: BTreeMap<String, u64>,
    pub(super) nameless: Vec<(i64, &'static str)>,
    pub(super) gone: Vec<GoneRecord>,
    pub(super) moved: Vec<MovedRecord>,
    pub(super) repeated_ids: BTreeMap<String, Vec<NamedRecord>>,
    pub(super) repeated_names: BTreeMap<String, Vec<NamedRecord>>,
    pub(super) spellings: Vec<VendorSpelling>,
    /// The spellings of each company, with the records of each and their number.
    vendors: BTreeMap<String, BTreeMap<String, (u64, Vec<i64>)>>,
    ids: Vec<u64>,
    names: Vec<u64>,
    /// The record that should come next.
    next: i64,
    /// The digests that came more than once.
    twice: BTreeSet<u64>,
}

impl Gathered {
    /// Takes a file.
    pub(super) fn take_file(&mut self, row: &Row<'_>) {
        let text = |column: &str| row.text(column).map(str::to_owned);
        self.files.push(FileFacts {
            number: row.integer("number").unwrap_or_default(),
            name: text("file").unwrap_or_default(),
            category: text("category"),
            records: row.integer("records").unwrap_or_default(),
        });
    }

    /// Orders the files as they were read; the records are numbered through them.
    pub(super) fn end_files(&mut self) {
        self.files.sort_by_key(|file| file.number);
        self.next = 1;
    }

    /// Returns the file of a record's number, and the number of its first record.
    fn file_of(&self, record: i64) -> Option<(&FileFacts, i64)> {
        let mut first = 1;
        for file in self.files.iter().filter(|file| file.category.is_some()) {
            if (first..first + file.records).contains(&record) {
                return Some((file, first));
            }
            first += file.records;
        }
        None
    }

    fn last_record(&self) -> i64 {
        self.files.iter().filter(|file| file.category.is_some()).map(|file| file.records).sum()
    }

    /// Takes a record, in the order of their numbers.
    pub(super) fn take_record(&mut self, row: &Row<'_>) {
        let Some(record) = row.integer("record") else { return };
        self.note_gone(record);
        let category = row.text("category").unwrap_or_default();
        *self.counts.entry(category.to_owned()).or_default() += 1;
        self.note_moved(record, category, row.text("id"));
        // Programs have no test of their own, and no id in the sense of the others.
        for (column, digests) in [("id", &mut self.ids), ("name", &mut self.names)] {
            match row.text(column).filter(|text| !text.trim().is_empty()) {
                Some(text) if column == "id" => digests.push(word_digest(text)),
                Some(text) => digests.push(word_digest(&fold_text(text))),
                None => self.nameless.push((record, if column == "id" { "id" } else { "name" })),
            }
        }
        match row.text("vendor") {
            Some(vendor) => self.note_vendor(record, vendor),
            None => self.nameless.push((record, "vendor")),
        }
    }

    fn note_gone(&mut self, record: i64) {
        for gone in self.next..record {
            if let Some((file, first)) = self.file_of(gone) {
                self.gone.push(GoneRecord { record: gone, file: file.name.clone(), nth: gone - first + 1 });
            }
        }
        self.next = self.next.max(record + 1);
    }

    fn note_moved(&mut self, record: i64, category: &str, id: Option<&str>) {
        let from = match self.file_of(record) {
            Some((file, _)) if file.category.as_deref() == Some(category) => return,
            Some((file, _)) => file.name.clone(),
            None => "no file".to_owned(),
        };
        let label = id.map_or_else(|| format!("record {record}"), str::to_owned);
        self.moved.push(MovedRecord { record, label, from, category: category.to_owned() });
    }

    fn note_vendor(&mut self, record: i64, vendor: &str) {
        let names = self.vendors.entry(group_of(vendor)).or_default();
        if !names.contains_key(vendor) {
            names.insert(vendor.to_owned(), (0, Vec::new()));
        }
        if let Some((count, records)) = names.get_mut(vendor) {
            *count += 1;
            if records.len() < RELATED_MAX {
                records.push(record);
            }
        }
    }

    /// Ends the records: finds what came twice, and the spellings that are rarer than another one of their company.
    pub(super) fn end_records(&mut self) {
        self.note_gone(self.last_record() + 1);
        for digests in [&mut self.ids, &mut self.names] {
            digests.sort_unstable();
            for pair in digests.windows(2) {
                if let [one, other] = pair
                    && one == other
                {
                    self.twice.insert(*one);
                }
            }
            *digests = Vec::new();
        }
        for names in self.vendors.values().filter(|names| names.len() > 1) {
            let usual = names.iter().max_by(|one, other| (one.1.0, other.0).cmp(&(other.1.0, one.0)));
            let Some((usual, _)) = usual else { continue };
            let (usual_count, usual_records) = names.get(usual).cloned().unwrap_or_default();
            for (name, (count, records)) in names.iter().filter(|(name, _)| *name != usual) {
                let (name, usual, mut records) = (name.clone(), usual.clone(), records.clone());
                // Where both are as frequent, nobody can tell which of them is the odd one.
                if *count == usual_count {
                    records.extend(&usual_records);
                }
                self.spellings.push(VendorSpelling { name, usual, records });
            }
        }
    }

    /// Tells whether an id or a name came twice, so that its records are looked at again.
    pub(super) fn has_repeated(&self) -> bool {
        !self.twice.is_empty()
    }

    /// Takes a record again, if its id or name came twice.
    pub(super) fn take_again(&mut self, row: &Row<'_>) {
        let text = |column: &str| row.text(column).unwrap_or_default().to_owned();
        let (id, name) = (text("id"), fold_text(row.text("name").unwrap_or_default()));
        let record = NamedRecord {
            record: row.integer("record").unwrap_or_default(),
            label: id.clone(),
            name: text("name"),
            vendor: text("vendor"),
            category: text("category"),
        };
        if !id.is_empty() && self.twice.contains(&word_digest(&id)) {
            self.repeated_ids.entry(id).or_default().push(record.clone());
        }
        if !name.is_empty() && self.twice.contains(&word_digest(&name)) {
            self.repeated_names.entry(name).or_default().push(record);
        }
    }

    /// Ends the second look: one name for tests of one vendor in two categories is no fault.
    pub(super) fn end_again(&mut self) {
        self.repeated_ids.retain(|_, records| records.len() > 1);
        self.repeated_names.retain(|_, records| records.len() > 1);
        self.repeated_names.retain(|_, records| {
            let vendors: BTreeSet<String> = records.iter().map(|record| group_of(&record.vendor)).collect();
            let categories: BTreeSet<&str> = records.iter().map(|record| record.category.as_str()).collect();
            vendors.len() > 1 || categories.len() < records.len()
        });
    }

    /// Returns the companies of the catalogue.
    pub(super) fn companies(&self) -> impl Iterator<Item = &String> {
        self.vendors.keys()
    }
}
