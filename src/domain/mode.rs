//! Failure modes: what one is, what it needs read, and how it plans a fault; it never sees a connection.

use clap::{ArgMatches, Args, Command};
use jiff::civil;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::params;
use crate::model::{Edit, FaultSeverity, Fetch, Refusal, Row, Snapshot, Value};

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
    /// The severity of the mode as a whole.
    pub severity: FaultSeverity,
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
        severity: FaultSeverity::tenths::<0>(),
        uses_now: false,
        uses_ordinal: false,
        checks: &[],
        data_needed: &[],
    };

    /// Returns every kind of record that one fault may be made on.
    pub fn fault_records(&self) -> impl Iterator<Item = &FaultRecord> {
        std::iter::once(&self.record).chain(self.others)
    }

    /// Returns the kind of record that completed parameters choose.
    #[must_use]
    pub fn record_of(&self, parameters: &Map<String, Json>) -> &FaultRecord {
        self.record_in(self.table_parameter.and_then(|name| parameters.get(name)).and_then(Json::as_str))
    }

    /// Returns the kind of record in a table, whatever its case; the first where none is named or none is there.
    #[must_use]
    pub fn record_in(&self, table: Option<&str>) -> &FaultRecord {
        let named =
            table.and_then(|table| self.fault_records().find(|record| record.table.eq_ignore_ascii_case(table)));
        named.unwrap_or(&self.record)
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
    /// 0 normal, up to 3 critical.
    pub severity: FaultSeverity,
    /// What it does, in a line.
    pub about: &'static str,
    /// Which records can show it, in a line.
    pub eligible: &'static str,
}

/// One record on which a fault is planned.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// The kind of the record, which the parameters chose.
    pub kind: &'static FaultRecord,
    /// The value of the record's key column.
    pub record: &'a Value,
    /// The place among the records of the operation, from 0, in key order.
    pub ordinal: u64,
    /// The seed.
    pub seed: u64,
    /// The target's wall clock, whole seconds.
    pub now: civil::DateTime,
}

impl Task<'_> {
    /// Returns the record's row.
    ///
    /// # Errors
    /// [`Refusal::MissingRecord`], or what was not read.
    pub fn row<'s>(&self, snapshot: &'s Snapshot) -> Result<Row<'s>, Refusal> {
        let key = vec![self.record.clone()];
        let row = snapshot.table(self.kind.table)?.row(&key);
        row.ok_or_else(|| Refusal::MissingRecord { table: self.kind.table.to_owned(), key })
    }

    /// Returns the refusal that passes the record over in a range, a sample or among all.
    pub fn ineligible(&self, reason: impl Into<String>) -> Refusal {
        let table = self.kind.table.to_owned();
        Refusal::Ineligible { table, key: vec![self.record.clone()], reason: reason.into() }
    }
}

/// One record's plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedFault {
    /// The variant that the record will show.
    pub variant: &'static str,
    /// What is done to which rows.
    pub edits: Vec<Edit>,
    /// Which other records the fault is seen by, where it is seen by them alone.
    pub witness: Option<WitnessPeers>,
}

impl PlannedFault {
    /// Returns a plan for a fault that shows in its own rows.
    #[must_use]
    pub const fn without_witness(variant: &'static str, edits: Vec<Edit>) -> Self {
        Self { variant, edits, witness: None }
    }
}

/// Other records that say what is usual, so that a fault on too many of them at once would become the usual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessPeers {
    /// What they have in common: `machine 101`.
    pub group: String,
    /// How many others there are.
    pub peers: usize,
}

impl WitnessPeers {
    /// Tells whether the fault shows on so many records of the group, and on them alone: each record that stays as it
    /// is finds most of the others like itself.
    #[must_use]
    pub const fn is_detectable_on(&self, chosen: usize) -> bool {
        chosen <= 1 || self.peers.saturating_sub(chosen) * 2 > self.peers
    }
}

/// A failure mode, as its own file writes it: what it is, and what it does under its parameters; it never reads.
pub trait FailureMode: Sync {
    /// The struct of the parameters, the record's id among its fields; one doc comment a field serves help, man page,
    /// form and JSON Schema. What may be left out is an `Option`.
    type Params: Args + Serialize + DeserializeOwned + JsonSchema + Send + Sync;

    /// Returns what the mode is.
    fn card(&self) -> &'static ModeCard;

    /// Returns the parameters as the plan carries them: checked, defaults filled in; where a variant will be proposed,
    /// one may stay absent. What names the record is taken out afterwards.
    ///
    /// # Errors
    /// A sentence saying what is wrong with them, decided from the parameters alone.
    fn complete(&self, params: Self::Params, variant: Option<&str>) -> Result<Self::Params, String>;

    /// Returns the kind of record that completed parameters choose; the only one, where nobody says more.
    fn record(&self, _params: &Self::Params) -> &'static FaultRecord {
        &self.card().record
    }

    /// Returns what has to be read for these records, beyond what the snapshot holds: the records themselves, where
    /// nobody says more. It is asked again with what was read, until it asks for nothing new.
    fn needs(&self, records: &[Value], params: &Self::Params, snapshot: &Snapshot) -> Vec<Fetch> {
        let record = self.record(params);
        let wanted = Fetch::among(record.table, record.key, records.iter().cloned());
        if snapshot.has_answer(&wanted) { Vec::new() } else { vec![wanted] }
    }

    /// Returns the parameters under which a record shows a variant, with what is absent proposed; `None` where they are
    /// proposed as they are.
    ///
    /// # Errors
    /// [`Refusal::Ineligible`] where the record cannot show it, or what the database lacks.
    fn propose(
        &self,
        _variant: &str,
        _snapshot: &Snapshot,
        _task: &Task<'_>,
        _params: &Self::Params,
    ) -> Result<Option<Self::Params>, Refusal> {
        Ok(None)
    }

    /// Returns what is done to one record.
    ///
    /// # Errors
    /// Any refusal; [`Refusal::Ineligible`] and [`Refusal::MissingRecord`] only skip a record of a range.
    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Self::Params) -> Result<PlannedFault, Refusal>;
}

/// A failure mode whose parameters are a JSON object, as requests, journals and faces carry them.
pub trait Mode: Sync {
    /// Returns what the mode is.
    fn card(&self) -> &'static ModeCard;

    /// Adds the mode's own parameters, the record's id among them, to a command.
    fn add_arguments(&self, command: Command) -> Command;

    /// Returns the parameters that were given on a command line, without defaults.
    ///
    /// # Errors
    /// What clap says of them.
    fn parse_matches(&self, matches: &ArgMatches) -> Result<Map<String, Json>, clap::Error>;

    /// Returns the JSON Schema of the parameters.
    fn params_schema(&self) -> schemars::Schema;

    /// Returns the parameters as the plan carries them: checked, defaults filled in, numbers as normalised decimal
    /// text, without the record's id; where a variant will be proposed, a parameter may be absent.
    ///
    /// # Errors
    /// A sentence saying what is wrong with them, decided from the parameters alone.
    fn complete(&self, given: &Map<String, Json>, variant: Option<&str>) -> Result<Map<String, Json>, String>;

    /// Reads completed parameters, once for all records of an operation.
    ///
    /// # Errors
    /// [`Refusal::Stale`]: they were completed before, so that what cannot be read comes from a foreign plan file.
    fn bind(&self, completed: &Map<String, Json>) -> Result<Box<dyn BoundMode + '_>, Refusal>;
}

/// A failure mode together with its parameters.
pub trait BoundMode {
    /// Returns the kind of record that the parameters choose.
    fn record(&self) -> &'static FaultRecord;

    /// Returns what has to be read for these records, beyond what the snapshot holds.
    fn needs(&self, records: &[Value], snapshot: &Snapshot) -> Vec<Fetch>;

    /// Returns what is done to one record under the parameters as they are.
    ///
    /// # Errors
    /// As [`FailureMode::plan`].
    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>) -> Result<PlannedFault, Refusal>;

    /// Returns what is done to one record so that it shows a variant.
    ///
    /// # Errors
    /// As [`FailureMode::propose`] and [`FailureMode::plan`]; [`Refusal::Ineligible`] where it would show another.
    fn propose(&self, variant: &str, snapshot: &Snapshot, task: &Task<'_>) -> Result<ProposedFault, Refusal>;
}

/// The plan for a record that shows the variant asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct ProposedFault {
    /// The plan.
    pub planned: PlannedFault,
    /// The parameters that made it; `None` where they are those that the mode is bound to.
    pub params: Option<Map<String, Json>>,
}

impl<M: FailureMode> Mode for M {
    fn card(&self) -> &'static ModeCard {
        FailureMode::card(self)
    }

    fn add_arguments(&self, command: Command) -> Command {
        params::add_arguments::<M::Params>(command)
    }

    fn parse_matches(&self, matches: &ArgMatches) -> Result<Map<String, Json>, clap::Error> {
        params::parse_matches::<M::Params>(matches)
    }

    fn params_schema(&self) -> schemars::Schema {
        params::params_schema::<M::Params>()
    }

    fn complete(&self, given: &Map<String, Json>, variant: Option<&str>) -> Result<Map<String, Json>, String> {
        let params = FailureMode::complete(self, params::from_json(given)?, variant)?;
        let mut completed = params::to_json(&params);
        for record in FailureMode::card(self).fault_records() {
            completed.remove(record.parameter);
        }
        Ok(completed)
    }

    fn bind(&self, completed: &Map<String, Json>) -> Result<Box<dyn BoundMode + '_>, Refusal> {
        let params = params::from_json(completed).map_err(|what| Refusal::Stale { what })?;
        Ok(Box::new(Bound { mode: self, params }))
    }
}

struct Bound<'m, M: FailureMode> {
    mode: &'m M,
    params: M::Params,
}

impl<M: FailureMode> BoundMode for Bound<'_, M> {
    fn record(&self) -> &'static FaultRecord {
        self.mode.record(&self.params)
    }

    fn needs(&self, records: &[Value], snapshot: &Snapshot) -> Vec<Fetch> {
        self.mode.needs(records, &self.params, snapshot)
    }

    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>) -> Result<PlannedFault, Refusal> {
        self.mode.plan(snapshot, task, &self.params)
    }

    fn propose(&self, variant: &str, snapshot: &Snapshot, task: &Task<'_>) -> Result<ProposedFault, Refusal> {
        let proposed = self.mode.propose(variant, snapshot, task, &self.params)?;
        let planned = self.mode.plan(snapshot, task, proposed.as_ref().unwrap_or(&self.params))?;
        if planned.variant != variant.replace('-', "_") {
            let reason = format!("with these parameters it would show {}, not {variant}", planned.variant);
            return Err(task.ineligible(reason));
        }
        Ok(ProposedFault { planned, params: proposed.as_ref().map(params::to_json) })
    }
}
