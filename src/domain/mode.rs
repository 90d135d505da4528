//! Failure modes: their cards, what they need read, and how they plan a fault. A mode is pure: it never sees a
//! connection.

use clap::{ArgMatches, Args, Command};
use jiff::civil;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::params;
use super::size::SizeRange;
use crate::model::{Edit, FaultSeverity, Fetch, Refusal, Row, Snapshot, Value};

/// What kind of fault a mode makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ModeGroup {
    /// A fault of the domain's specification: each mode is a tool of its own everywhere.
    #[default]
    Specified,
    /// A fault whose values are all possible, and wrong for this record: over MCP, these modes share one tool.
    Plausible,
}

impl ModeGroup {
    /// Returns the word used in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Specified => "specified",
            Self::Plausible => "plausible",
        }
    }
}

/// A mode as `mfm modes`, the help texts and the documentation show it.
#[derive(Debug)]
pub struct ModeCard {
    /// The mode's id, which names its documentation.
    pub id: &'static str,
    /// The tool that commits it: the second word of `mfm apply`.
    pub tool: &'static str,
    /// What kind of fault it makes.
    pub group: ModeGroup,
    /// Its title, in a few words.
    pub title: &'static str,
    /// What goes wrong, how it happens in a clinic, and what it may cost; a paragraph.
    pub description: &'static str,
    /// The kind of record that one fault is made on; the default where there are several.
    pub record: FaultRecord,
    /// Further kinds of record that one fault can be made on.
    pub others: &'static [FaultRecord],
    /// The parameter that names the table; `None` where there is only one kind of record.
    pub table_parameter: Option<&'static str>,
    /// The variants, in the order of the specification.
    pub variants: &'static [Variant],
    /// The severity of the mode as a whole, from 0 to 3.
    pub severity: FaultSeverity,
    /// Whether a plan depends on the wall clock.
    pub uses_now: bool,
    /// Whether a plan depends on [`Task::ordinal`].
    pub uses_ordinal: bool,
    /// The ids of the checks that detect it.
    pub checks: &'static [&'static str],
    /// Data outside the database that a fuller check would need.
    pub data_needed: &'static [&'static str],
}

impl ModeCard {
    /// The defaults of a card: one kind of record, and plans that depend on nothing but it.
    pub const PLAIN: Self = Self {
        id: "",
        tool: "",
        group: ModeGroup::Specified,
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

    /// Returns every kind of record that one fault can be made on.
    pub fn fault_records(&self) -> impl Iterator<Item = &FaultRecord> {
        std::iter::once(&self.record).chain(self.others)
    }

    /// Returns the kind of record that completed parameters choose.
    #[must_use]
    pub fn choose_record(&self, parameters: &Map<String, Json>) -> &FaultRecord {
        self.find_record(self.table_parameter.and_then(|name| parameters.get(name)).and_then(Json::as_str))
    }

    /// Returns the kind of the records in a table, ignoring case; the default where `table` is `None` or unknown.
    #[must_use]
    pub fn find_record(&self, table: Option<&str>) -> &FaultRecord {
        let Some(table) = table else { return &self.record };
        self.fault_records().find(|record| record.table.eq_ignore_ascii_case(table)).unwrap_or(&self.record)
    }
}

/// A kind of record that one fault is made on.
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
    /// Its word, in snake case.
    pub word: &'static str,
    /// Its severity, from 0 (normal) to 3 (critical).
    pub severity: FaultSeverity,
    /// What it does, in a line.
    pub about: &'static str,
    /// Which records can show it, in a line.
    pub eligible: &'static str,
    /// How large its fault can be made; `None` where it has no size. The mode's parameter `size` takes it.
    pub size: Option<SizeRange>,
}

impl Variant {
    /// The defaults of a variant: no size.
    pub const PLAIN: Self =
        Self { word: "", severity: FaultSeverity::tenths::<0>(), about: "", eligible: "", size: None };
}

/// One record on which a fault is planned.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// The kind of the record, as the parameters chose it.
    pub kind: &'static FaultRecord,
    /// The value of the record's key column.
    pub record: &'a Value,
    /// The record's index among those of the operation, in key order, from 0.
    pub ordinal: u64,
    /// The seed of every random choice.
    pub seed: u64,
    /// The target's wall clock, whole seconds.
    pub now: civil::DateTime,
}

impl Task<'_> {
    /// Returns the record's row.
    ///
    /// # Errors
    /// [`Refusal::MissingRecord`], or [`Refusal::MissingTable`] where nothing of the table was read.
    pub fn row<'s>(&self, snapshot: &'s Snapshot) -> Result<Row<'s>, Refusal> {
        let key = vec![self.record.clone()];
        let row = snapshot.table(self.kind.table)?.row(&key);
        row.ok_or_else(|| Refusal::MissingRecord { table: self.kind.table.to_owned(), key })
    }

    /// Returns the refusal that skips the record in a range, a sample or a selection of all.
    pub fn ineligible(&self, reason: impl Into<String>) -> Refusal {
        let table = self.kind.table.to_owned();
        Refusal::Ineligible { table, key: vec![self.record.clone()], reason: reason.into() }
    }
}

/// The plan for one record.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedFault {
    /// The variant that the record will show.
    pub variant: &'static str,
    /// The edits of rows.
    pub edits: Vec<Edit>,
    /// The peers against which the fault shows, if it shows only in comparison with them.
    pub witness: Option<WitnessPeers>,
}

impl PlannedFault {
    /// Returns a plan for a fault that shows in its own rows.
    #[must_use]
    pub const fn without_witness(variant: &'static str, edits: Vec<Edit>) -> Self {
        Self { variant, edits, witness: None }
    }
}

/// The peers that define what is normal: a fault on too many of them at once would look normal itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessPeers {
    /// What the peers have in common: `machine 101`.
    pub group: String,
    /// The number of peers, without the record itself.
    pub peers: usize,
}

impl WitnessPeers {
    /// Tells whether a fault on `chosen` records of the group is still detectable, and only there: every unchanged
    /// record must find most of its peers unchanged too.
    #[must_use]
    pub const fn is_detectable_on(&self, chosen: usize) -> bool {
        // The unchanged peers must be the majority: 2 (peers - chosen) > peers.
        chosen <= 1 || self.peers.saturating_sub(chosen) * 2 > self.peers
    }
}

/// A failure mode as a domain implements it: its card, and its plans under typed parameters.
pub trait FailureMode: Sync {
    /// The parameters, including the record's id. The doc comment of a field serves help, man page, form and JSON
    /// Schema; optional ones are `Option`s.
    type Params: Args + Serialize + DeserializeOwned + JsonSchema + Send + Sync;

    /// Returns the mode's card.
    fn card(&self) -> &'static ModeCard;

    /// Returns the parameters as the plan carries them: checked, defaults filled in; where a variant will be proposed,
    /// one may stay absent. What names the record is taken out afterwards.
    ///
    /// # Errors
    /// A sentence saying what is wrong with them, decided from the parameters alone.
    fn complete(&self, params: Self::Params, variant: Option<&str>) -> Result<Self::Params, String>;

    /// Returns the kind of record that completed parameters choose; by default the card's.
    fn record(&self, _params: &Self::Params) -> &'static FaultRecord {
        &self.card().record
    }

    /// Returns what has to be read for these records beyond the snapshot; by default the records themselves. It is
    /// asked again after each read, until it returns nothing.
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

    /// Returns the plan for one record.
    ///
    /// # Errors
    /// Any refusal; [`Refusal::Ineligible`] and [`Refusal::MissingRecord`] only skip a record of a range.
    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>, params: &Self::Params) -> Result<PlannedFault, Refusal>;
}

/// A failure mode whose parameters are a JSON object, as requests, journals and faces carry them.
pub trait Mode: Sync {
    /// Returns the mode's card.
    fn card(&self) -> &'static ModeCard;

    /// Adds the mode's own parameters, the record's id among them, to a command.
    fn add_arguments(&self, command: Command) -> Command;

    /// Returns the parameters that were given on a command line, without defaults.
    ///
    /// # Errors
    /// clap's error, for a value that it cannot parse.
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
    /// [`Refusal::Stale`]: completed parameters parse, so any others come from a plan file of another version.
    fn bind(&self, completed: &Map<String, Json>) -> Result<Box<dyn BoundMode + '_>, Refusal>;
}

/// A failure mode bound to completed parameters.
pub trait BoundMode {
    /// Returns the kind of record that the parameters choose.
    fn record(&self) -> &'static FaultRecord;

    /// Returns what has to be read for these records beyond the snapshot.
    fn needs(&self, records: &[Value], snapshot: &Snapshot) -> Vec<Fetch>;

    /// Returns the plan for one record under the parameters as they are.
    ///
    /// # Errors
    /// As [`FailureMode::plan`].
    fn plan(&self, snapshot: &Snapshot, task: &Task<'_>) -> Result<PlannedFault, Refusal>;

    /// Returns a plan with which one record shows a variant.
    ///
    /// # Errors
    /// As [`FailureMode::propose`] and [`FailureMode::plan`]; [`Refusal::Ineligible`] where it would show another.
    fn propose(&self, variant: &str, snapshot: &Snapshot, task: &Task<'_>) -> Result<ProposedFault, Refusal>;
}

/// A plan with which a record shows the requested variant.
#[derive(Clone, Debug, PartialEq)]
pub struct ProposedFault {
    /// The plan.
    pub planned: PlannedFault,
    /// The parameters of the plan; `None` where they are those that the mode is bound to.
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
        // A plan lists the keys of its records on its own, so their id is no parameter of it.
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
        // A plan that shows another variant must not pass under the requested one's name.
        if planned.variant != variant.replace('-', "_") {
            let reason = format!("with these parameters it would show {}, not {variant}", planned.variant);
            return Err(task.ineligible(reason));
        }
        Ok(ProposedFault { planned, params: proposed.as_ref().map(params::to_json) })
    }
}
