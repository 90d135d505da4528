//! The next steps for each refusal.

use super::{Deed, Flag, Marking, NextStep, NextSteps, View, act, give, give_value, look, say};
use crate::model::password;
use crate::model::refusal::{Conflict, LostPlace, Refusal};

const NO_WAY_BACK: &str =
    "the current values already violate the schema and could not be restored; choose other records";

const MISSING_PART: &str = "choose a target that has it, or do without it";
const BROKEN_INDEX: &str = "run REINDEX on the copy to rebuild it; PRAGMA integrity_check shows what else is wrong";
const MISTYPED_COLUMN: &str = "make the copy with typed columns: a CSV import without types keeps every number as text";
const FIXED_LENGTH_COLUMN: &str =
    "the column's type prevents this fault; choose another variant, or a copy with varbinary";
const OF_THE_SCHEMA: &str = "the database itself prevents this fault; use a copy without the constraint";
const NO_KEY: &str = "declare a primary key or a unique index over NOT NULL columns on the copy";
const PUT_BACK: &str = "restore the column or table with its former type, and revert again; there is no other way";

impl Refusal {
    /// Returns what to do next.
    #[must_use]
    pub fn next(&self) -> NextSteps {
        match self {
            Self::MissingTable { .. }
            | Self::MissingColumn { .. }
            | Self::MissingRecord { .. }
            | Self::NoMatch { .. }
            | Self::NothingLeft { .. }
            | Self::Ineligible { .. }
            | Self::NoneEligible { .. }
            | Self::TooFewEligible { .. }
            | Self::NoIndependentMeterset { .. } => self.about_records(),
            Self::Unmarked { url }
            | Self::MarkedElsewhere { url, .. }
            | Self::LooksMoved { url, .. }
            | Self::OwnTables { url, .. }
            | Self::HardLinked { url, .. }
            | Self::MarkedBeside { url, .. } => self.about_the_marker(url),
            Self::NoTarget { name } => about_a_name(name),
            Self::ServerUnconfirmed { url, .. } => about_a_server(url),
            Self::LoginUnencrypted { host, .. } => about_a_login(host),
            Self::Conflict { blocked_by, conflicts, .. } => about_conflicts(blocked_by, conflicts),
            Self::RecordsLost { target, .. } => {
                act(Deed::mark(target, Marking::RecordsLost), "restores the record; then they can be reverted").into()
            }
            Self::PlanUsed { op } => NextSteps::from(look(View::Operation { op: *op }, "shows it"))
                .and("make a new plan to commit the fault again"),
            Self::ForeignOperation { journal_id } => NextSteps::from("work from that journal").and(give_value(
                Flag::BesideJournal,
                journal_id,
                "allows writing in addition to its operations",
            )),
            Self::StillActive { .. } => {
                [act(Deed::RevertAll { target: None }, "takes them back"), act(Deed::Recover, "closes open ones")]
                    .into()
            }
            Self::NotPermitted { grant, .. } => format!("a database owner can run: {grant}").into(),
            _ => self.one_step().into(),
        }
    }

    /// Returns the step for a refusal that one step settles.
    fn one_step(&self) -> NextStep {
        match self {
            Self::Trigger { .. } => give(Flag::DisableTriggers, "switches triggers off for mfm's own transaction"),
            Self::Limit { rows, .. } => give_value(Flag::MaxRows, rows, "allows it"),
            Self::LiveClinic { sign, .. } => {
                give_value(Flag::Override, sign, "").when("if you are sure that it is a test copy")
            }
            Self::NoConsent { .. } => give(Flag::Yes, "consents in scripts"),
            Self::Stale { .. } => act(Deed::PlanAgain, ""),
            Self::RecoverFirst { .. } => act(Deed::Recover, ""),
            Self::Contradicted { .. } => act(Deed::Recover, "without an outcome asks the target"),
            Self::NoOperation { .. } => look(View::Log, "lists the operations"),
            Self::NotApplied { .. } | Self::NotOpen { .. } => look(View::Status, "lists what is active and open"),
            Self::OtherTarget { theirs, .. } => {
                give_value(Flag::Target, theirs, "").when("one target at a time: this one")
            }
            _ => say(self.in_words()),
        }
    }

    /// Returns the sentence for a refusal whose step names nothing of a face; empty for all others.
    const fn in_words(&self) -> &'static str {
        match self {
            Self::Undetectable { .. } => "change fewer of them in one operation",
            Self::ValueIsValid { .. } => "give an invalid value",
            Self::NotADuplicate { .. } => "choose an offset of at most 10 s, or shorter than the delivery",
            Self::DoesNotFit { .. } => "give a value that the column can store without rounding",
            Self::BrokenIndex { .. } => BROKEN_INDEX,
            Self::MistypedColumn { .. } => MISTYPED_COLUMN,
            Self::FixedLengthColumn { .. } => FIXED_LENGTH_COLUMN,
            Self::NotNull { .. } => "the database itself prevents this fault; choose another column",
            Self::MixedVariants { .. } => "make one operation for each variant",
            Self::ChangedTwice { .. } => "split the selection into two operations",
            Self::CellTooLarge { .. } => "choose another record",
            Self::NothingToChange => "the records already have the requested values",
            Self::NoKey { .. } => NO_KEY,
            Self::NotATable { .. } => "mfm changes base tables only",
            Self::SpecialTable { .. } => "use a copy in which it is an ordinary table",
            Self::ForeignKey { .. } => "use a copy that does not enforce this foreign key",
            Self::UniqueIndex { .. } | Self::Constraint { .. } => OF_THE_SCHEMA,
            Self::NoWayBack { .. } => NO_WAY_BACK,
            Self::Unsupported { .. } => "docs/targets.md lists what a target may contain",
            Self::Exists { .. } => "choose another path or database, or remove this one yourself",
            _ => "",
        }
    }

    fn about_records(&self) -> NextSteps {
        let records = || look(View::RECORDS, "lists the existing records");
        let mode = || look(View::THE_MODE, "lists what a record needs");
        match self {
            Self::MissingRecord { .. } => {
                NextSteps::from("name an id that exists").and([records(), give(Flag::Sample, "lets mfm choose")])
            }
            Self::NoneEligible { selected: 0, .. } => records().into(),
            Self::NoMatch { known, .. } if known.is_empty() => records().into(),
            Self::NoMatch { known, .. } => format!("available: {}", known.join(", ")).into(),
            Self::NothingLeft { next, .. } => next.clone(),
            Self::Ineligible { .. } => [mode(), give(Flag::Sample, "chooses eligible ones")].into(),
            Self::NoneEligible { .. } | Self::TooFewEligible { eligible: 0, .. } => mode().into(),
            Self::TooFewEligible { eligible, .. } => format!("ask for at most {eligible}").into(),
            Self::NoIndependentMeterset { .. } => {
                NextSteps::from("choose a field with an index in MU or a dose per MU")
                    .and(give(Flag::Sample, "finds one"))
            }
            _ => MISSING_PART.into(),
        }
    }

    /// Returns the steps for a database that the guard stops, by its URL.
    fn about_the_marker(&self, url: &str) -> NextSteps {
        let mark = |marking, does: &str| act(Deed::mark(url, marking), does);
        match self {
            Self::MarkedElsewhere { .. } => {
                let moved = "keeps what it carries, if the database itself was moved";
                [mark(Marking::TestCopy, "marks a copy again"), mark(Marking::Moved, moved)].into()
            }
            Self::LooksMoved { .. } => mark(Marking::Moved, "").into(),
            Self::MarkedBeside { .. } => mark(Marking::Beside, "").when("a copy of your own").into(),
            Self::OwnTables { .. } => {
                let anew = mark(Marking::RecordsLost, "creates both again");
                NextSteps::from("remove what was added").and(anew.when("or drop mfm_marker and mfm_operation"))
            }
            Self::HardLinked { .. } => {
                "remove the other names (hard links), or make a separate file for the test copy".into()
            }
            _ => mark(Marking::TestCopy, "").when("if it is a test copy that no patient is treated from").into(),
        }
    }
}

/// Returns the steps for a revert with conflicts.
fn about_conflicts(blocked_by: &[u64], conflicts: &[Conflict]) -> NextSteps {
    // The order is that of the damage: what overrides others comes last.
    let skip = give(Flag::SkipConflicts, "restores the other rows");
    if !blocked_by.is_empty() {
        [give(Flag::Cascade, "reverts the later operations first"), skip].into()
    } else if conflicts.iter().any(Conflict::lost_its_place) {
        NextSteps::from(PUT_BACK).and(give(Flag::SkipConflicts, "restores the rows that still have their place"))
    } else if conflicts.iter().all(|row| row.lost == Some(LostPlace::Row)) {
        [skip, give(Flag::Force, "with it gives up rows that no longer exist")].into()
    } else {
        [skip, give(Flag::Force, "overwrites what somebody else wrote")].into()
    }
}

/// Returns the steps for an unknown target; a name with a colon is a URL, which can be registered as it is.
fn about_a_name(name: &str) -> NextSteps {
    let url = name.contains(':').then(|| password::hide_password(name));
    [look(View::Targets, "lists them"), act(Deed::Register { url }, "registers one")].into()
}

fn about_a_server(url: &str) -> NextSteps {
    let confirm = act(Deed::Register { url: Some(url.to_owned()) }, "confirms it");
    [confirm.when("if you trust that server"), give_value(Flag::Target, url, "allows it once")].into()
}

fn about_a_login(host: &str) -> NextSteps {
    let allow = give_value(Flag::UnencryptedLogin, host, "in addition to the URL allows it");
    NextSteps::from("remove encrypt=off").and(allow.when("on a network that you trust"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_refuses_says_why_and_what_would_help() {
        let refusal = Refusal::SpecialTable { table: "dbo.TxField".into(), what: "a temporal table".into() };
        assert_eq!(refusal.code(), "special_table");
        assert_eq!(
            refusal.to_string(),
            "table dbo.TxField is a temporal table: changing it would affect more than its rows"
        );
        assert_eq!(refusal.next(), "use a copy in which it is an ordinary table".into());
        let grant = "GRANT UPDATE ON dbo.TxField TO mfm_apply".to_owned();
        let refusal = Refusal::NotPermitted { table: "dbo.TxField".into(), what: "update".into(), grant };
        assert_eq!(refusal.code(), "not_permitted");
        assert_eq!(refusal.to_string(), "not permitted to update dbo.TxField");
        assert_eq!(refusal.next(), "a database owner can run: GRANT UPDATE ON dbo.TxField TO mfm_apply".into());
    }

    #[test]
    fn a_row_that_is_gone_is_given_up_and_never_overwritten() {
        let gone = Conflict {
            table: "TxField".into(),
            key: "1".into(),
            columns: Vec::new(),
            why: LostPlace::Row.in_words().into(),
            operation: None,
            lost: Some(LostPlace::Row),
        };
        let changed = Conflict { why: "changed".into(), lost: None, ..gone.clone() };
        for (conflict, text) in [(gone, "gives up"), (changed, "overwrites")] {
            let refusal = Refusal::Conflict { op: 1, rows: 1, blocked_by: Vec::new(), conflicts: vec![conflict] };
            assert!(refusal.next().as_slice()[1].text.contains(text), "{text}");
        }
    }
}
