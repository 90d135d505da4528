//! Refusals: everything that mfm declines to do, each with its code. After a refusal nothing was written.

use mfm_journal::Value;

use super::value_text::render_value;
use super::{Key, NextSteps, password};

/// A refusal; nothing was written.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what each field is")]
pub enum Refusal {
    /// The target has no such table.
    #[error("the target has no table {table}")]
    MissingTable { table: String },
    /// The table has no such column.
    #[error("table {table} has no column {column}")]
    MissingColumn { table: String, column: String },
    /// A record named by its id does not exist.
    #[error("{table} {} does not exist", render_key(key))]
    MissingRecord { table: String, key: Key },
    /// A selector names a patient or a machine that does not exist.
    #[error("{what}")]
    NoMatch { what: String, known: Vec<String> },
    /// A selection leaves no record.
    #[error("{what}")]
    NothingLeft { what: String, next: NextSteps },
    /// A record exists, but the mode cannot honestly be shown on it.
    #[error("{table} {} is not eligible: {reason}", render_key(key))]
    Ineligible { table: String, key: Key, reason: String },
    /// Nothing that was selected is eligible.
    #[error("none of {selected} examined records of {table} is eligible{}", first_reason(.first))]
    NoneEligible { table: String, selected: u64, first: Option<String> },
    /// Fewer eligible records than a sample asks for.
    #[error("a sample of {wanted} records was requested, but only {eligible} of {table} are eligible")]
    TooFewEligible { table: String, wanted: u64, eligible: u64 },
    /// So many records of a group would change that the fault would look normal.
    #[error("changing {chosen} records of {group} would make the fault the majority: no check could detect it")]
    Undetectable { group: String, chosen: u64 },
    /// The value is inside the valid range, so it would be no fault.
    #[error("{value} is a valid {what}, so it would not be a fault")]
    ValueIsValid { what: String, value: String },
    /// The copy would not count as a duplicate.
    #[error("a copy {offset_seconds} s away is not a duplicate of {table} {}: {reason}", render_key(key))]
    NotADuplicate { table: String, key: Key, offset_seconds: i64, reason: String },
    /// Nothing independent of the meterset could contradict it.
    #[error("{table} {} has no independent meterset: {reason}", render_key(key))]
    NoIndependentMeterset { table: String, key: Key, reason: String },
    /// The value would be changed on its way into the column.
    #[error("{table}.{column} {declared} cannot hold {value} exactly")]
    DoesNotFit { table: String, column: String, declared: String, value: String },
    /// Records are found by whole numbers, and the column holds something else.
    #[error("{table}.{column} contains {value}, but mfm needs whole numbers")]
    MistypedColumn { table: String, column: String, value: String },
    /// The column pads every value to one length.
    #[error("{table}.{column} is declared {declared}: all its values have one length")]
    FixedLengthColumn { table: String, column: String, declared: String },
    /// The column refuses NULL.
    #[error("{table}.{column} is declared NOT NULL")]
    NotNull { table: String, column: String },
    /// The records would show different variants, which one operation cannot carry.
    #[error("the selected records would show different variants: {}", variants.join(", "))]
    MixedVariants { variants: Vec<String> },
    /// One row would be changed twice in one operation.
    #[error("{table} {} would be changed twice by one operation", render_key(key))]
    ChangedTwice { table: String, key: Key },
    /// A row holds more than one operation is made for.
    #[error("{table} {}: {column} holds {bytes} bytes, more than the limit of {bytes_max}", render_key(key))]
    CellTooLarge { table: String, key: Key, column: String, bytes: u64, bytes_max: u64 },
    /// No row would change.
    #[error("nothing would change")]
    NothingToChange,
    /// The table has no key by which to identify rows.
    #[error("table {table} has no reliable key: {why}")]
    NoKey { table: String, why: String },
    /// The name belongs to a view or a virtual table.
    #[error("{table} is a {what}, not a table")]
    NotATable { table: String, what: String },
    /// The table is of a kind in which a change of a row does more than change the row.
    #[error("table {table} is {what}: changing it would affect more than its rows")]
    SpecialTable { table: String, what: String },
    /// The login lacks a permission that the operation needs.
    #[error("not permitted to {what} {table}")]
    NotPermitted { table: String, what: String, grant: String },
    /// A trigger would fire.
    #[error("table {table} has the enabled trigger {trigger}")]
    Trigger { table: String, trigger: String },
    /// An enforced foreign key is touched, or a cascade would reach further.
    #[error("the change affects the enforced foreign key {constraint} on {table}: {why}")]
    ForeignKey { table: String, constraint: String, why: String },
    /// Another unique index is in the way.
    #[error("the unique index {index} of {table} already contains this value")]
    UniqueIndex { table: String, index: String },
    /// An index does not hold the table's rows.
    #[error("the index {index} of {table} is corrupt: it has {entries} entries, but the table has {rows} rows")]
    BrokenIndex { table: String, index: String, rows: i64, entries: i64 },
    /// A CHECK constraint, or another rule of the schema, would be broken.
    #[error("the schema of {table} refuses the change: {why}")]
    Constraint { table: String, why: String },
    /// The fault could be made, and what was there could not be put back.
    #[error("the current content of {table} could not be restored: {cause}")]
    NoWayBack { table: String, cause: Box<Self> },
    /// The target keeps something that cannot be kept exactly.
    #[error("{what} cannot be kept exactly")]
    Unsupported { what: String },
    /// Too many rows.
    #[error("the operation would change {rows} rows; the limit is {limit}")]
    Limit { rows: u64, limit: u64 },
    /// Not proved to be a test copy.
    #[error("{url} is not marked as a test copy")]
    Unmarked { url: String },
    /// Marked, but under another identity: a copied or moved database is unmarked.
    #[error("the marker in {url} was made for another database: for {bound}, not for {found}")]
    MarkedElsewhere { url: String, found: String, bound: String },
    /// A marked target that was moved, with operations that only its old marking can take back.
    #[error("{url} looks like target {target}, moved, with operations that are active or open")]
    LooksMoved { url: String, target: String },
    /// Another journal's operations depend on the marker that is there.
    #[error("the marker in {url} belongs to journal {journal_id}, which committed operations here")]
    MarkedBeside { url: String, journal_id: String },
    /// mfm's own tables were changed, or something reaches on from them.
    #[error("mfm's own tables in {url} were altered: {what}")]
    OwnTables { url: String, what: String },
    /// The file has several names.
    #[error("{url} is one of {names} names of the same file: a change would affect all of them")]
    HardLinked { url: String, names: String },
    /// Signs of a live clinic.
    #[error("{url} looks like a live clinic: {what}")]
    LiveClinic { url: String, sign: String, what: String },
    /// The data or the schema changed since the plan was made.
    #[error("the plan is stale: {what}")]
    Stale { what: String },
    /// The plan was carried out before.
    #[error("the plan was already applied as operation {op}")]
    PlanUsed { op: u64 },
    /// Rows are not as the operation left them.
    #[error("operation {op} cannot be reverted, rows in conflict: {rows}{}", render_blockers(.blocked_by))]
    Conflict { op: u64, rows: u64, blocked_by: Vec<u64>, conflicts: Vec<Conflict> },
    /// There was no consent.
    #[error("{}", if *.asked { "not confirmed, nothing written" } else { "no consent: there is no terminal to ask \
        at" })]
    NoConsent { asked: bool },
    /// An operation is open.
    #[error("operation {op} on this target is open: it is not yet known whether it was committed")]
    RecoverFirst { op: u64 },
    /// The target holds operations of another journal.
    #[error("the target holds operations of another journal, {journal_id}")]
    ForeignOperation { journal_id: String },
    /// Something is still active.
    #[error("{target} still carries active or open operations: {}", join_numbers(operations))]
    StillActive { target: String, operations: Vec<u64> },
    /// The target lost mfm's record of active operations, and their rows still are as the operations left them.
    #[error(
        "mfm's record of active operations was removed from {target}, but their changes are still there: {}",
        join_numbers(operations)
    )]
    RecordsLost { target: String, operations: Vec<u64> },
    /// No operation of that number.
    #[error("the journal has no operation {op}")]
    NoOperation { op: u64 },
    /// The operation never took effect.
    #[error("operation {op} is {state}: there is nothing to revert")]
    NotApplied { op: u64, state: String },
    /// The operation was closed before.
    #[error("operation {op} is not open: it is {state}")]
    NotOpen { op: u64, state: String },
    /// The target itself says otherwise.
    #[error("the target reports a different state of operation {op}")]
    Contradicted { op: u64 },
    /// The name or URL is not registered.
    #[error("no target `{}` is registered", password::hide_password(name))]
    NoTarget { name: String },
    /// Only a journal names the server that a login would go to.
    #[error("mfm does not log in to {url}: only a journal names it, and you have not confirmed \
        it{}", render_reason(.why))]
    ServerUnconfirmed { url: String, why: Option<String> },
    /// The password would be sent over an unencrypted connection.
    #[error("mfm does not log in to {url} unencrypted")]
    LoginUnencrypted { url: String, host: String },
    /// The path or database for a new lab is not empty.
    #[error("{path} already exists; making a lab never overwrites anything")]
    Exists { path: String },
    /// The operation belongs to another target.
    #[error("operation {op} was made on target `{theirs}`, not on `{ours}`")]
    OtherTarget { op: u64, theirs: String, ours: String },
}

/// What is missing of a row in conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostPlace {
    /// The row was deleted.
    Row,
    /// A column that the operation knew is gone; no option overrides this.
    Column,
    /// The table is gone; no option overrides this either.
    Table,
}

impl LostPlace {
    /// Describes what is gone.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Row => "the row no longer exists",
            Self::Column => "a column of the operation no longer exists",
            Self::Table => "its table no longer exists",
        }
    }
}

/// A row that a revert cannot put back.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Conflict {
    /// The row's table.
    pub table: String,
    /// The row's key, as text.
    pub key: String,
    /// The columns that are not as the operation left them.
    pub columns: Vec<String>,
    /// What is wrong with the row.
    pub why: String,
    /// The later operation that touched the row, where the journal knows it.
    pub operation: Option<u64>,
    /// What is gone of it.
    #[serde(skip)]
    pub lost: Option<LostPlace>,
}

impl Conflict {
    /// Tells whether the row cannot come back because its column or table is gone.
    #[must_use]
    pub const fn lost_its_place(&self) -> bool {
        matches!(self.lost, Some(LostPlace::Column | LostPlace::Table))
    }
}

fn join_numbers(operations: &[u64]) -> String {
    operations.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn render_blockers(operations: &[u64]) -> String {
    if operations.is_empty() { String::new() } else { format!(", blocked by operation {}", join_numbers(operations)) }
}

fn render_reason(why: &Option<String>) -> String {
    why.as_ref().map_or_else(String::new, |why| format!("; {why}"))
}

fn first_reason(first: &Option<String>) -> String {
    first.as_ref().map_or_else(String::new, |reason| format!("; the first: {reason}"))
}

/// Renders a key for people: `88043`, or `(1, 'x')` for a key of several columns.
#[must_use]
pub fn render_key(key: &[Value]) -> String {
    match key {
        [value] => render_value(value),
        _ => format!("({})", key.iter().map(render_value).collect::<Vec<_>>().join(", ")),
    }
}

impl Refusal {
    /// Wraps a refusal of the schema as one of the way back; returns any other unchanged.
    #[must_use]
    pub fn of_the_way_back(self) -> Self {
        match self.of_table().map(str::to_owned) {
            Some(table) => Self::NoWayBack { table, cause: Box::new(self) },
            None => self,
        }
    }

    /// Tells whether the schema or another row refuses a row, so that other rows can still be written.
    #[must_use]
    pub const fn is_of_the_schema(&self) -> bool {
        self.of_table().is_some()
    }

    /// Returns the table whose schema or whose other rows refuse a row; `None` for any other refusal.
    const fn of_table(&self) -> Option<&str> {
        match self {
            Self::NotNull { table, .. }
            | Self::DoesNotFit { table, .. }
            | Self::ForeignKey { table, .. }
            | Self::UniqueIndex { table, .. }
            | Self::Constraint { table, .. } => Some(table.as_str()),
            _ => None,
        }
    }

    /// Returns the stable code that scripts and agents match on.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            // Scripts match on these words: a new refusal gets a new one, and none is ever renamed.
            Self::MissingTable { .. } => "missing_table",
            Self::MissingColumn { .. } => "missing_column",
            Self::MissingRecord { .. } => "missing_record",
            Self::NoMatch { .. } => "no_match",
            Self::NothingLeft { .. } => "nothing_left",
            Self::Ineligible { .. } => "ineligible",
            Self::NoneEligible { .. } => "none_eligible",
            Self::TooFewEligible { .. } => "too_few_eligible",
            Self::Undetectable { .. } => "undetectable",
            Self::ValueIsValid { .. } => "value_is_valid",
            Self::NotADuplicate { .. } => "not_a_duplicate",
            Self::NoIndependentMeterset { .. } => "no_independent_meterset",
            Self::DoesNotFit { .. } => "does_not_fit",
            Self::BrokenIndex { .. } => "broken_index",
            Self::MistypedColumn { .. } => "mistyped_column",
            Self::FixedLengthColumn { .. } => "fixed_length_column",
            Self::NotNull { .. } => "not_null",
            Self::MixedVariants { .. } => "mixed_variants",
            Self::ChangedTwice { .. } => "changed_twice",
            Self::CellTooLarge { .. } => "cell_too_large",
            Self::NothingToChange => "nothing_to_change",
            Self::NoKey { .. } => "no_key",
            Self::NotATable { .. } => "not_a_table",
            Self::SpecialTable { .. } => "special_table",
            Self::NotPermitted { .. } => "not_permitted",
            Self::Trigger { .. } => "trigger",
            Self::ForeignKey { .. } => "foreign_key",
            Self::UniqueIndex { .. } => "unique_index",
            Self::Constraint { .. } => "constraint",
            Self::NoWayBack { .. } => "no_way_back",
            Self::Unsupported { .. } => "unsupported",
            Self::Limit { .. } => "limit",
            Self::Unmarked { .. } => "unmarked",
            Self::MarkedElsewhere { .. } => "marked_elsewhere",
            Self::LooksMoved { .. } => "looks_moved",
            Self::MarkedBeside { .. } => "marked_beside",
            Self::OwnTables { .. } => "own_tables",
            Self::HardLinked { .. } => "hard_linked",
            Self::LiveClinic { .. } => "live_clinic",
            Self::Stale { .. } => "stale",
            Self::PlanUsed { .. } => "plan_used",
            Self::Conflict { .. } => "conflict",
            Self::NoConsent { .. } => "no_consent",
            Self::RecoverFirst { .. } => "recover_first",
            Self::ForeignOperation { .. } => "foreign_operation",
            Self::StillActive { .. } => "still_active",
            Self::RecordsLost { .. } => "records_lost",
            Self::NoOperation { .. } => "no_operation",
            Self::NotApplied { .. } => "not_applied",
            Self::NotOpen { .. } => "not_open",
            Self::Contradicted { .. } => "contradicted",
            Self::NoTarget { .. } => "no_target",
            Self::ServerUnconfirmed { .. } => "server_unconfirmed",
            Self::LoginUnencrypted { .. } => "login_unencrypted",
            Self::Exists { .. } => "exists",
            Self::OtherTarget { .. } => "other_target",
        }
    }
}
