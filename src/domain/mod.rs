//! The port that every domain fills: a kind of data with its tables, faults, checks, queries and labs; all of it pure.

pub mod check;
pub mod column_choice;
pub mod examples;
pub mod files;
pub mod filter;
pub mod import;
pub mod lab;
#[cfg(test)]
pub(crate) mod laws;
pub mod live;
pub mod mode;
pub mod params;
pub mod pause;
pub mod picture;
pub mod prelude;
pub mod query;
pub mod record;
pub mod repair;
pub mod row_check;
pub mod rules_file;
pub mod scan;
pub mod table;
#[cfg(test)]
pub(crate) mod testing;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::check::{CheckCard, CheckRequest, CheckRun, CheckTable, Rules, RulesError};
use self::examples::{DetectionStudy, Examples, PromptCard};
use self::files::FileCard;
use self::filter::{FilterCard, FilterValues};
use self::import::Import;
use self::lab::Lab;
use self::live::LiveSystem;
use self::mode::Mode;
use self::pause::Pause;
use self::picture::Painter;
use self::query::Query;
use self::record::{RecordDescription, RecordKind};
use self::repair::{Repair, RepairExtent};
use self::table::TableCard;
use crate::model::{Key, Refusal, Snapshot};

/// What a domain is.
#[derive(Debug)]
pub struct DomainCard {
    /// Its id, as `--domain` takes it and journals keep it.
    pub id: &'static str,
    /// A few words.
    pub title: &'static str,
    /// What its data are, in a sentence.
    pub about: &'static str,
}

/// Which file is marked as a test copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkedIn {
    /// The one that is named: it is a test copy already.
    Place,
    /// A copy that is made of it, unless somebody says that the file itself is meant: it is what a program made, and
    /// there is no other.
    Copy,
}

/// A kind of data: its tables, what can go wrong in them, and what would notice.
pub trait Domain: Sync {
    /// Returns what the domain is.
    fn card(&self) -> &'static DomainCard;

    /// Returns which file is marked where somebody marks one.
    fn marked_in(&self) -> MarkedIn {
        MarkedIn::Place
    }

    /// Returns its tables.
    fn tables(&self) -> &'static [&'static TableCard];
    /// Returns the kinds of record that people list, open and break, from the whole to the part.
    fn kinds(&self) -> &'static [&'static RecordKind];
    /// Describes records of a kind, in the order of their keys; one that is gone is left out.
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
    /// Returns the filters that narrow records.
    fn filters(&self) -> &'static [FilterCard] {
        &[]
    }
    /// Judges the words of filters alone.
    ///
    /// # Errors
    /// A sentence saying what is wrong with them.
    fn judge_filters(&self, _kind: &RecordKind, _filters: &FilterValues) -> Result<(), String> {
        Ok(())
    }
    /// Returns the keys of the records of a kind that filters leave, ascending.
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
    /// Returns the refusal of filters that leave no record: it says what there is instead.
    ///
    /// # Errors
    /// What has to be read first, or what the target lacks.
    fn none_left(&self, kind: &RecordKind, filters: &FilterValues, _snapshot: &Snapshot) -> Result<Refusal, Pause> {
        let given: Vec<String> = filters.iter().map(|(flag, value)| format!("{flag} {value}")).collect();
        let what = format!("no {} is left by {}", kind.word, given.join(" "));
        Ok(Refusal::NothingLeft { what, next: "leave a filter out".into() })
    }
    /// Tells whether a text in a description is a word of the domain's own, and so nobody's name.
    fn is_own_word(&self, _text: &str) -> bool {
        false
    }
    /// Returns its failure modes, in the order of the catalogue.
    fn modes(&self) -> &'static [&'static dyn Mode];
    /// Returns its checks, in the order of their groups.
    fn checks(&self) -> &'static [&'static CheckCard];
    /// Returns what some of its checks read, each table once.
    fn check_tables(&self, checks: &[&'static CheckCard]) -> Vec<CheckTable>;
    /// Begins some of its checks.
    fn run_checks<'a>(&self, request: &CheckRequest<'a>) -> Box<dyn CheckRun + 'a>;
    /// Reads rules: what the text does not say is as in the default rules; an empty text is those.
    ///
    /// # Errors
    /// The line and what is wrong with it.
    fn parse_rules(&self, text: &str) -> Result<Arc<dyn Rules>, RulesError>;
    /// Returns the default rules as a file, with a comment on every key.
    fn default_rules(&self) -> &'static str;
    /// Returns whether, and from where, what a fault overwrote could be had without the journal: of a variant, and of
    /// the first column that it changed, as table and column.
    fn assess_repair(&self, _mode: &str, _variant: &str, _place: Option<(&str, &str)>) -> Repair {
        Repair { extent: RepairExtent::Not, source: "outside", why: "nothing in the database says what was there" }
    }
    /// Returns what help, demo and prompts show.
    fn examples(&self) -> Option<&'static Examples> {
        None
    }
    /// Returns how often people find such faults, where somebody measured it.
    fn detection_study(&self) -> Option<&'static DetectionStudy> {
        None
    }
    /// Returns the workflows that agents are asked to carry out.
    fn prompts(&self) -> &'static [PromptCard] {
        &[]
    }
    /// Returns its queries.
    fn queries(&self) -> &'static [&'static dyn Query] {
        &[]
    }
    /// Returns what its files are, where its databases come as files in folders.
    fn files(&self) -> Option<&'static FileCard> {
        None
    }
    /// Returns what paints its findings.
    fn painter(&self) -> Option<&'static dyn Painter> {
        None
    }
    /// Returns what imports files into its labs.
    fn importer(&self) -> Option<&'static dyn Import> {
        None
    }
    /// Returns what a database looks like from which people are treated, or on which others depend.
    fn live_system(&self) -> Option<&'static dyn LiveSystem> {
        None
    }
    /// Returns what makes its synthetic databases.
    fn lab(&self) -> Option<&'static dyn Lab> {
        None
    }
}

impl std::fmt::Debug for dyn Domain {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.card().id)
    }
}

impl<'d> dyn Domain + 'd {
    /// Returns the mode of a tool name or mode id, in snake or kebab case.
    #[must_use]
    pub fn find_mode(&self, word: &str) -> Option<&'static dyn Mode> {
        let snake = word.replace('-', "_");
        self.modes().iter().copied().find(|mode| mode.card().tool == snake || mode.card().id == snake)
    }

    /// Returns the kind of record of a word.
    #[must_use]
    pub fn find_kind(&self, word: &str) -> Option<&'static RecordKind> {
        self.kinds().iter().copied().find(|kind| kind.word.eq_ignore_ascii_case(word))
    }

    /// Returns the kind whose records stand in a table.
    #[must_use]
    pub fn kind_of_table(&self, table: &str) -> Option<&'static RecordKind> {
        self.kinds().iter().copied().find(|kind| kind.table.eq_ignore_ascii_case(table))
    }

    /// Returns the check of an id.
    #[must_use]
    pub fn find_check(&self, id: &str) -> Option<&'static CheckCard> {
        self.checks().iter().copied().find(|check| check.id == id)
    }

    /// Returns the query of a name, in snake or kebab case.
    #[must_use]
    pub fn find_query(&self, word: &str) -> Option<&'static dyn Query> {
        let snake = word.replace('-', "_");
        self.queries().iter().copied().find(|query| query.card().name == snake)
    }

    /// Returns the key columns of every table.
    #[must_use]
    pub fn key_columns(&self) -> BTreeMap<String, Vec<String>> {
        let key = |table: &&TableCard| table.key.iter().map(|column| (*column).to_owned()).collect();
        self.tables().iter().map(|table| (table.name.to_owned(), key(table))).collect()
    }
}
