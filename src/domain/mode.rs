//! Failure modes: what one is, what it needs read, and how it plans a fault; it never sees a connection.

use clap::{ArgMatches, Args, Command};
use jiff::civil;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::params;
use crate::model::{Edit, Fetch, Refusal, Snapshot, Value};

/// What a mode is, as `mfm modes`, the help texts and the documentation show it.
#[derive(Debug)]
pub struct ModeCard {
    /// The mode's id, which names its documentation.
    pub id: &'static str,
    /// The tool that commits it: the second word of `mfm apply`.
    pub tool: &'static str,
    /// A few words.
    pub title: &'static str,
    /// What goes wrong, how it happens in a clinic, and what it may cost; a paragraph.
    pub description: &'static str,
    /// The record that one fault is made on; the first of several kinds.
    pub record: FaultRecord,
    /// The other kinds of record that one fault may be made on.
    pub others: &'static [FaultRecord],
    /// The parameter that names the table, where there are several kinds of record.
    pub table_parameter: Option<&'static str>,
    /// The variants, in the order of the specification.
    pub variants: &'static [Variant],
    /// The severity of the mode as a whole, as decimal text.
    pub severity: &'static str,
    /// Whether a plan depends on the wall clock.
    pub uses_now: bool,
    /// Whether a plan depends on the record's place among those of the operation.
    pub uses_ordinal: bool,
    /// The ids of the checks that see it.
    pub checks: &'static [&'static str],
    /// What a fuller check would need, beyond the database.
    pub data_needed: &'static [&'static str],
}

impl ModeCard {
    /// What most modes are alike in, to begin a card with: one kind of record, and plans that depend on nothing but it.
    pub const PLAIN: Self = Self {
        id: "",
        tool: "",
        title: "",
        description: "",
        record: FaultRecord { table: "", key: "", parameter: "" },
        others: &[],
        table_parameter: None,
        variants: &[],
        severity: "",
        uses_now: false,
        uses_ordinal: false,
        checks: &[],
        data_needed: &[],
    };

    /// Returns every kind of record that one fault may be made on.
    pub fn records(&self) -> impl Iterator<Item = &FaultRecord> {
        std::iter::once(&self.record).chain(self.others)
    }

    /// Returns the kind of record that completed parameters choose.
    #[must_use]
    pub fn record_of(&self, parameters: &Map<String, Json>) -> &FaultRecord {
        let named = self.table_parameter.and_then(|name| parameters.get(name)).and_then(Json::as_str);
        let found = named.and_then(|table| self.records().find(|record| record.table.eq_ignore_ascii_case(table)));
        found.unwrap_or(&self.record)
    }
}

/// The record that one fault is made on.
#[derive(Debug)]
pub struct FaultRecord {
    /// Its table.
    pub table: &'static str,
    /// Its key column.
    pub key: &'static str,
    /// The parameter that names it: `fld_id`.
    pub parameter: &'static str,
}

/// A variant of a mode.
#[derive(Debug)]
pub struct Variant {
    /// The enum word.
    pub word: &'static str,
    /// 0 normal, up to 3 critical; decimal text.
    pub severity: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// Which records can show it, in a line.
    pub eligible: &'static str,
}

/// What one record's plan is made of.
#[derive(Debug)]
pub struct Task<'a> {
    /// The value of the record's key column.
    pub record: &'a Value,
    /// The place among the records of the operation, from 0, in key order.
    pub ordinal: u64,
    /// The parameters without the record's id, defaults filled in.
    pub parameters: &'a Map<String, Json>,
    /// The seed.
    pub seed: u64,
    /// The target's wall clock, whole seconds.
    pub now: civil::DateTime,
}

/// One record's plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// The variant that the record will show.
    pub variant: &'static str,
    /// What is done to which rows.
    pub edits: Vec<Edit>,
    /// Which other records the fault is seen by, where it is seen by them alone.
    pub witness: Option<Witness>,
}

impl Planned {
    /// Returns a plan for a fault that shows in its own rows.
    #[must_use]
    pub const fn alone(variant: &'static str, edits: Vec<Edit>) -> Self {
        Self { variant, edits, witness: None }
    }
}

/// Other records that say what is usual, so that a fault on too many of them at once would become the usual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// What they have in common: `machine 101`.
    pub group: String,
    /// How many others there are.
    pub peers: usize,
}

impl Witness {
    /// Tells whether the fault shows on so many records of the group, and on them alone: each record that stays as it
    /// is finds most of the others like itself.
    #[must_use]
    pub const fn bears(&self, chosen: usize) -> bool {
        chosen <= 1 || self.peers.saturating_sub(chosen) * 2 > self.peers
    }
}

/// The struct of a mode's parameters: one doc comment a field serves help, man page, form and JSON Schema.
pub trait Parametrised {
    /// The struct, the record's id among its fields.
    type Parameters: Args + Serialize + JsonSchema;
}

/// What follows from a mode's parameters alone, the same for every mode.
pub trait Parameters {
    /// Adds the mode's own parameters, the record's id among them, to a command.
    fn arguments(&self, command: Command) -> Command;

    /// Returns the parameters that were given on a command line, without defaults.
    ///
    /// # Errors
    /// What clap says of them.
    fn matched(&self, matches: &ArgMatches) -> Result<Map<String, Json>, clap::Error>;

    /// Returns the JSON Schema of the parameters.
    fn schema(&self) -> schemars::Schema;
}

impl<M: Parametrised> Parameters for M {
    fn arguments(&self, command: Command) -> Command {
        params::arguments::<M::Parameters>(command)
    }

    fn matched(&self, matches: &ArgMatches) -> Result<Map<String, Json>, clap::Error> {
        params::matched::<M::Parameters>(matches)
    }

    fn schema(&self) -> schemars::Schema {
        params::schema::<M::Parameters>()
    }
}

/// A failure mode.
///
/// `needs` is asked again and again with what was read so far, until it asks for nothing new: a mode never reads.
pub trait Mode: Parameters + Sync {
    /// Returns what the mode is.
    fn card(&self) -> &'static ModeCard;

    /// Returns the parameters as the plan carries them: checked, defaults filled in, numbers as normalised decimal
    /// text, without the record's id; where a variant will be proposed, a parameter may be absent.
    ///
    /// # Errors
    /// A sentence saying what is wrong with them, decided from the parameters alone.
    fn complete(&self, given: &Map<String, Json>, variant: Option<&str>) -> Result<Map<String, Json>, String>;

    /// Returns what has to be read for these records under completed parameters, beyond what the snapshot holds: the
    /// records themselves, where nobody says more.
    fn needs(&self, records: &[Value], parameters: &Map<String, Json>, snapshot: &Snapshot) -> Vec<Fetch> {
        let record = self.card().record_of(parameters);
        let wanted = Fetch::among(record.table, record.key, records.iter().cloned());
        if snapshot.has(&wanted) { Vec::new() } else { vec![wanted] }
    }

    /// Returns the parameters under which a record shows a variant: those given, and proposed ones for the rest; those
    /// given, where nothing else has to be proposed.
    ///
    /// # Errors
    /// [`Refusal::Ineligible`] where the record cannot show it, or what the database lacks.
    fn propose(&self, variant: &str, snapshot: &Snapshot, task: &Task<'_>) -> Result<Map<String, Json>, Refusal> {
        params::proposed(self, variant, snapshot, task, task.parameters.clone())
    }

    /// Returns what is done to one record.
    ///
    /// # Errors
    /// Any refusal; [`Refusal::Ineligible`] and [`Refusal::MissingRecord`] only skip a record of a range.
    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>) -> Result<Planned, Refusal>;
}
