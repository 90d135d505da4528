//! Deliveries: the version of field and prescription that they name was the current one at the time.

use std::collections::BTreeMap;

use jiff::civil::DateTime;

use super::record_links::show_id;
use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, RowBatch, key_finding, sorted_verdict,
};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::deliveries::is_set;
use crate::domains::mosaiq::facts::DELIVERIES;
use crate::domains::mosaiq::links::SITES;
use crate::domains::mosaiq::lookup::{Lookup, LookupId};
use crate::domains::mosaiq::machines::FIELDS;
use crate::domains::mosaiq::versions::{SavedVersion, VersionHistory};
use crate::model::time::Time;
use crate::model::{Fetch, Finding, Row, Severity, Violation};

/// The check of the versions of one table that deliveries name.
pub(super) struct DeliveredVersion {
    card: &'static CheckCard,
    table: &'static str,
    /// The key of the table, and the column of a delivery that names it.
    key: &'static str,
    set: &'static str,
    noun: &'static str,
}

pub(super) static FIELD: DeliveredVersion = DeliveredVersion {
    card: &CheckCard {
        id: "delivered_field_version",
        group: "versions",
        mode: "plausible_versions",
        severity: Severity::High,
        about: "Every delivery names the version of its field that was current when it began: no later version had \
            been saved, and it had been saved itself. Not judged in QA mode, nor where the versions of a field were \
            not saved in their order.",
        remedy: "Compare the two versions: the patient may have been treated by a plan that had been replaced.",
    },
    table: FIELDS,
    key: "FLD_ID",
    set: "FLD_SET_ID",
    noun: "field",
};

pub(super) static SITE: DeliveredVersion = DeliveredVersion {
    card: &CheckCard {
        id: "delivered_site_version",
        group: "versions",
        mode: "plausible_versions",
        severity: Severity::High,
        about: "Every delivery names the version of its prescription that was current when it began. Not judged in QA \
            mode, nor where the versions of a prescription were not saved in their order.",
        remedy: "Compare the two versions: the dose may be added up for a prescription that had been replaced.",
    },
    table: SITES,
    key: "SIT_ID",
    set: "SIT_SET_ID",
    noun: "prescription",
};

impl Check for DeliveredVersion {
    fn card(&self) -> &'static CheckCard {
        self.card
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(self.table), Fetch::all(DELIVERIES)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let ids = [(self.table, self.key), (self.table, self.set), (self.table, "Version"), (DELIVERIES, self.key)];
        let ids = ids.into_iter().map(|(table, column)| CheckedColumn::required(table, column, CellForm::Whole));
        let rest = [
            CheckedColumn::required(DELIVERIES, "Create_DtTm", CellForm::Time),
            // Without it no version is known to have been replaced: that is said, and stops no other check.
            CheckedColumn::optional(self.table, "Edit_DtTm", CellForm::Time),
            CheckedColumn::optional(DELIVERIES, "WasQAMode", CellForm::FlagOrNull),
        ];
        ids.chain(rest).collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, _: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let Self { card, table, key, set, noun } = *self;
        let check = Self { card, table, key, set, noun };
        Box::new(DeliveredVisitor {
            check,
            saved: BTreeMap::new(),
            histories: None,
            disordered: 0,
            looked_at: 0,
            findings: Vec::new(),
        })
    }
}

// Versions come before deliveries. From the first delivery on only sets of several versions are kept.
struct DeliveredVisitor {
    check: DeliveredVersion,
    /// Versions by set, while their table is read.
    saved: BTreeMap<LookupId, Vec<SavedVersion>>,
    /// Once their table is read: when each version of a set of several was current, by its id.
    histories: Option<Lookup<CurrentSpan>>,
    /// Sets whose versions were not saved in their order.
    disordered: u64,
    looked_at: u64,
    findings: Vec<Finding>,
}

/// When a version was the current one.
struct CurrentSpan {
    /// When it was saved; `None` for the first version, which may have been edited since.
    from: Option<DateTime>,
    /// The version that replaced it, and when that was saved.
    replaced: Option<(LookupId, DateTime)>,
}

impl CheckVisitor for DeliveredVisitor {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        if part.table == self.check.table {
            for row in &part.rows {
                self.add_version(row);
            }
        } else if part.table == DELIVERIES {
            let histories = self.histories.take().unwrap_or_else(|| self.build_histories());
            self.looked_at += part.len();
            for row in part.rows.iter().filter(|row| !is_set(row, "WasQAMode")) {
                let span = histories.get(&LookupId::from_cell(row.cell(self.check.key)));
                let wrong = span.and_then(|span| judge_delivery(&self.check, row, span));
                self.findings.extend(wrong);
            }
            self.histories = Some(histories);
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let verdict = sorted_verdict(self.looked_at, std::mem::take(&mut self.findings));
        match self.disordered {
            0 => verdict,
            some => verdict.with_remarks(vec![format!(
                "sets of versions of {} that were not saved in their order, and are not judged: {some}",
                self.check.table
            )]),
        }
    }
}

impl DeliveredVisitor {
    fn add_version(&mut self, row: &Row<'_>) {
        let set = LookupId::from_cell(row.cell(self.check.set));
        if !set.is_null() {
            self.saved.entry(set).or_default().extend(SavedVersion::from_row(row, self.check.key));
        }
    }

    fn build_histories(&mut self) -> Lookup<CurrentSpan> {
        let mut spans = Lookup::default();
        for (_, versions) in std::mem::take(&mut self.saved) {
            if versions.len() < 2 {
                continue;
            }
            let Some(history) = VersionHistory::from_versions(versions) else {
                self.disordered += 1;
                continue;
            };
            let versions = history.versions();
            for (at, version) in versions.iter().enumerate() {
                let replaced = versions.get(at + 1).map(|next| (next.id.clone(), next.saved));
                let from = (at > 0).then_some(version.saved);
                spans.insert(version.id.clone(), CurrentSpan { from, replaced });
            }
        }
        spans.seal();
        spans
    }
}

fn judge_delivery(check: &DeliveredVersion, row: &Row<'_>, span: &CurrentSpan) -> Option<Finding> {
    let start = row.time("Create_DtTm").filter(|time| !time.is_zoned())?;
    let (noun, column) = (check.noun, check.key);
    let named = LookupId::from_cell(row.cell(column));
    let name = show_id(&named);
    let began = start.to_text();
    let own_row = (check.table, vec![named.to_value()]);
    if let Some((next, saved)) = span.replaced.as_ref().filter(|(_, saved)| *saved < start.wall) {
        let (next_name, at) = (show_id(next), Time::local(*saved).to_text());
        let what = format!("{column}={name} replaced={next_name}");
        let message = format!(
            "version {name} of the {noun} was delivered at {began}, although version {next_name} had replaced it \
                at {at}"
        );
        let related = vec![own_row, (check.table, vec![next.to_value()])];
        return Some(Finding {
            related,
            ..key_finding(check.card, DELIVERIES, row.key(), Violation { what, message })
        });
    }
    let saved = span.from.filter(|saved| *saved > start.wall)?;
    let at = Time::local(saved).to_text();
    let what = format!("{column}={name} saved={at}");
    let message = format!("version {name} of the {noun} was delivered at {began}, before it was saved at {at}");
    Some(Finding {
        related: vec![own_row],
        ..key_finding(check.card, DELIVERIES, row.key(), Violation { what, message })
    })
}
