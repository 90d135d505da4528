//! The port that every domain implements: a kind of data with its tables, faults, checks, queries and labs. All of it
//! is pure: the traits see snapshots and rows, never a connection, a clock or a file.

pub mod check;
pub mod column_choice;
pub mod coverage;
pub mod examples;
pub mod feature;
pub mod files;
pub mod filter;
pub mod folder;
pub mod import;
pub mod lab;
#[cfg(test)]
pub(crate) mod laws;
pub mod live;
pub mod mode;
pub mod params;
pub mod pause;
pub mod picture;
pub mod pipeline;
pub mod prelude;
pub mod query;
pub mod record;
pub mod repair;
pub mod resource;
pub mod row_check;
pub mod rules_file;
pub mod scan;
pub mod size;
pub mod subject;
pub mod table;
#[cfg(test)]
pub(crate) mod testing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::check::{CheckCard, CheckRequest, CheckRun, CheckTable, Rules, RulesError};
use self::coverage::CoverageCard;
use self::examples::{DetectionStudy, Examples, PromptCard};
use self::feature::FeatureSet;
use self::files::FileCard;
use self::filter::{FilterCard, FilterValues};
use self::folder::FolderFormat;
use self::import::Import;
use self::lab::Lab;
use self::live::LiveSystem;
use self::mode::Mode;
use self::pause::Pause;
use self::picture::Painter;
use self::query::{ErrorCodes, Query};
use self::record::{RecordDescription, RecordKind};
use self::repair::{Repair, RepairExtent};
use self::resource::{ArgumentCard, ResourceCard};
use self::subject::FindingSubject;
use self::table::TableCard;
use crate::model::{Key, Refusal, Snapshot};

/// A domain's name and description.
#[derive(Debug)]
pub struct DomainCard {
    /// Its id, as `--domain` takes it and journals keep it.
    pub id: &'static str,
    /// Its title, in a few words.
    pub title: &'static str,
    /// What its data are, in a sentence.
    pub about: &'static str,
}

/// Which file `target mark` marks as a test copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkedIn {
    /// The named file itself: it is a test copy already.
    Place,
    /// A fresh copy of it, unless the caller insists on the file itself: it is the only output of a program's run.
    Copy,
}

/// A kind of data: its tables, what can go wrong in them, and what would notice.
pub trait Domain: Sync {
    /// Returns its id, title and description.
    fn card(&self) -> &'static DomainCard;

    /// Returns which file is marked when a database file is marked as a test copy.
    fn marked_in(&self) -> MarkedIn {
        MarkedIn::Place
    }

    /// Returns its tables.
    fn tables(&self) -> &'static [&'static TableCard];
    /// Returns the kinds of record that people list, open and break, from the whole to the part.
    fn kinds(&self) -> &'static [&'static RecordKind];
    /// Describes records of a kind, in key order; records that no longer exist are left out.
    ///
    /// # Errors
    /// What has to be read first, or what the target lacks.
    fn describe_records(
        &self,
        kind: &RecordKind,
        keys: &[Key],
        snapshot: &Snapshot,
    ) -> Result<Vec<RecordDescription>, Pause> {
        record::by_cells(kind, keys, snapshot)
    }
    /// Returns for each row that a finding names the record by which people look it up, in the order of the rows; by
    /// default the row itself.
    ///
    /// # Errors
    /// What has to be read first.
    fn describe_subjects(
        &self,
        rows: &[(&'static str, Key)],
        _snapshot: &Snapshot,
    ) -> Result<Vec<FindingSubject>, Pause> {
        Ok(rows.iter().map(|(table, key)| FindingSubject::of_row(self.kinds(), table, key)).collect())
    }
    /// Returns which of these records matter little, so that drills pass them over unless asked: those of imaging, for
    /// example, or of replaced versions. None by default.
    ///
    /// # Errors
    /// What has to be read first, or what the target lacks.
    fn list_minor_records(&self, _table: &str, _keys: &[Key], _snapshot: &Snapshot) -> Result<BTreeSet<Key>, Pause> {
        Ok(BTreeSet::new())
    }
    /// Returns the filters by which records can be narrowed.
    fn filters(&self) -> &'static [FilterCard] {
        &[]
    }
    /// Checks the values of filters without looking at any row.
    ///
    /// # Errors
    /// A sentence saying what is wrong with them.
    fn judge_filters(&self, _kind: &RecordKind, _filters: &FilterValues) -> Result<(), String> {
        Ok(())
    }
    /// Returns the keys of the records of a kind that pass all filters, ascending.
    ///
    /// # Errors
    /// What has to be read first, or what the target lacks.
    fn select_keys(
        &self,
        _kind: &RecordKind,
        _filters: &FilterValues,
        _snapshot: &Snapshot,
    ) -> Result<Vec<Key>, Pause> {
        Ok(Vec::new())
    }
    /// Returns the refusal for filters that leave no record; it names what exists instead.
    ///
    /// # Errors
    /// What has to be read first, or what the target lacks.
    fn none_left(&self, kind: &RecordKind, filters: &FilterValues, _snapshot: &Snapshot) -> Result<Refusal, Pause> {
        let parts: Vec<String> = filters.iter().map(|(flag, value)| format!("{flag} {value}")).collect();
        let what = format!("no {} matches {}", kind.word, parts.join(" "));
        Ok(Refusal::NothingLeft { what, next: "omit a filter".into() })
    }
    /// Tells whether a text in a description is a word of the domain's own, which cannot be a person's name.
    fn is_own_word(&self, _text: &str) -> bool {
        false
    }
    /// Returns its failure modes, in the order of the catalogue.
    fn modes(&self) -> &'static [&'static dyn Mode];
    /// Returns its checks, in the order of their groups.
    fn checks(&self) -> &'static [&'static CheckCard];
    /// Returns the tables that some of its checks read, each once.
    fn check_tables(&self, checks: &[&'static CheckCard]) -> Vec<CheckTable>;
    /// Starts some of its checks; the caller carries out the scans that they ask for.
    fn run_checks<'a>(&self, request: &CheckRequest<'a>) -> Box<dyn CheckRun + 'a>;
    /// Parses a rules file. Whatever the text leaves out is as in the default rules; an empty text gives those.
    ///
    /// # Errors
    /// The line and what is wrong with it.
    fn parse_rules(&self, text: &str) -> Result<Arc<dyn Rules>, RulesError>;
    /// Returns the default rules as a file, with a comment on every key.
    fn default_rules(&self) -> &'static str;
    /// Returns how well what a fault overwrote could be restored without the journal. The place is the table and column
    /// that the fault changed first.
    fn assess_repair(&self, _mode: &str, _variant: &str, _place: Option<(&str, &str)>) -> Repair {
        Repair { extent: RepairExtent::Not, source: "outside", why: "the database does not contain the former value" }
    }
    /// Returns the examples for help, demo and prompts.
    fn examples(&self) -> Option<&'static Examples> {
        None
    }
    /// Returns a published study of how many such faults people find, if there is one.
    fn detection_study(&self) -> Option<&'static DetectionStudy> {
        None
    }
    /// Returns a published list of what goes wrong, beside its own faults, if there is one.
    fn coverage(&self) -> Option<&'static CoverageCard> {
        None
    }
    /// Returns its workflows for agents.
    fn prompts(&self) -> &'static [PromptCard] {
        &[]
    }
    /// Returns the arguments of one of its workflows, beside the target.
    fn prompt_arguments(&self, _prompt: &str) -> &'static [ArgumentCard] {
        &[]
    }
    /// Returns the answers of its queries that agents can read under an address.
    fn resources(&self) -> &'static [ResourceCard] {
        &[]
    }
    /// Returns the query that completes a word: it takes `of`, what the word is, and `prefix`, its beginning, with the
    /// other arguments at hand, and its answer has the whole words as `items`.
    fn completing_query(&self) -> Option<&'static str> {
        None
    }
    /// Returns the query whose answer decides which further groups of queries are offered, and the decision.
    fn further_groups(&self) -> Option<FurtherGroups> {
        None
    }
    /// Returns its named queries.
    fn queries(&self) -> &'static [&'static dyn Query] {
        &[]
    }
    /// Returns its features of records for detectors, if it has any.
    fn features(&self) -> Option<&'static dyn FeatureSet> {
        None
    }
    /// Returns the description of its files, if its databases come as files in folders.
    fn files(&self) -> Option<&'static FileCard> {
        None
    }
    /// Returns its painter of findings and records, if it has pictures.
    fn painter(&self) -> Option<&'static dyn Painter> {
        None
    }
    /// Returns its importer of files into labs, if it has one.
    fn importer(&self) -> Option<&'static dyn Import> {
        None
    }
    /// Returns the format of its folders, if its data come and go as folders of files that are read in place too.
    fn folder_format(&self) -> Option<&'static dyn FolderFormat> {
        None
    }
    /// Returns the codes by which the specification of its tools names errors, if it does.
    fn error_codes(&self) -> Option<&'static ErrorCodes> {
        None
    }
    /// Returns the signs of a live system; `None` where no database of the domain is live in that sense.
    fn live_system(&self) -> Option<&'static dyn LiveSystem> {
        None
    }
    /// Returns its generator of synthetic databases, if it has one.
    fn lab(&self) -> Option<&'static dyn Lab> {
        None
    }
}

/// The query whose answer decides which further groups of queries are offered, and the decision.
pub type FurtherGroups = (&'static str, fn(&serde_json::Map<String, serde_json::Value>) -> Vec<&'static str>);

impl std::fmt::Debug for dyn Domain {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.card().id)
    }
}

impl<'d> dyn Domain + 'd {
    /// Finds a mode by its tool name or its id, in snake or kebab case.
    #[must_use]
    pub fn find_mode(&self, word: &str) -> Option<&'static dyn Mode> {
        let snake = word.replace('-', "_");
        // People type the tool; documentation and journals name the id.
        self.modes().iter().copied().find(|mode| mode.card().tool == snake || mode.card().id == snake)
    }

    /// Finds a kind of record by its word, ignoring case.
    #[must_use]
    pub fn find_kind(&self, word: &str) -> Option<&'static RecordKind> {
        self.kinds().iter().copied().find(|kind| kind.word.eq_ignore_ascii_case(word))
    }

    /// Finds the kind of the records in a table, ignoring case.
    #[must_use]
    pub fn kind_of_table(&self, table: &str) -> Option<&'static RecordKind> {
        self.kinds().iter().copied().find(|kind| kind.table.eq_ignore_ascii_case(table))
    }

    /// Finds a check by its id.
    #[must_use]
    pub fn find_check(&self, id: &str) -> Option<&'static CheckCard> {
        self.checks().iter().copied().find(|check| check.id == id)
    }

    /// Finds a query by its name, in snake or kebab case.
    #[must_use]
    pub fn find_query(&self, word: &str) -> Option<&'static dyn Query> {
        let snake = word.replace('-', "_");
        self.queries().iter().copied().find(|query| query.card().name == snake)
    }

    /// Returns the key columns of every table, by the table's name.
    #[must_use]
    pub fn key_columns(&self) -> BTreeMap<String, Vec<String>> {
        let mut keys = BTreeMap::new();
        for table in self.tables() {
            keys.insert(table.name.to_owned(), table.key.iter().map(|column| (*column).to_owned()).collect());
        }
        keys
    }
}
