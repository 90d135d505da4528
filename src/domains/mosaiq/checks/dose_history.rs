//! Dose history: a delivery and the entry that it refers to lie close in time.

use jiff::SignedDuration;

use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, ParentJoin, RowBatch, rounded_seconds,
    sorted_verdict, to_duration,
};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::lookup::LookupId;
use crate::model::time::Time;
use crate::model::{Fetch, Finding, Key, Row, Severity};

const TABLE: &str = "TrackTreatment";
const DOSES: &str = "Dose_Hst";

pub(super) struct DeliveryDoseTime;

static CARD: CheckCard = CheckCard {
    id: "delivery_dose_time",
    group: "times",
    mode: "timestamp_inconsistencies",
    severity: Severity::Medium,
    about: "A delivery and its dose history entry (DHS_ID) are no farther apart in time than the rules allow.",
    remedy: "Compare both with the machine's log, and correct the one that is wrong.",
};

/// Every delivery with the dose history entry that it refers to, for all checks that compare the two.
pub(super) static SIDE: ParentJoin = ParentJoin {
    child: (TABLE, "DHS_ID"),
    parent: (DOSES, "DHS_ID"),
    columns: [
        &["Create_DtTm", "Edit_DtTm", "Pat_ID1", "FLD_ID", "SIT_ID"],
        &["Tx_DtTm", "Pat_ID1", "FLD_ID", "SIT_ID"],
    ],
};

impl Check for DeliveryDoseTime {
    fn card(&self) -> &'static CheckCard {
        &CARD
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE), Fetch::all(DOSES)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        vec![
            CheckedColumn::required(TABLE, "DHS_ID", CellForm::Whole),
            CheckedColumn::required(TABLE, "Create_DtTm", CellForm::Time),
            CheckedColumn::optional(TABLE, "Edit_DtTm", CellForm::Time),
            CheckedColumn::required(DOSES, "DHS_ID", CellForm::Whole),
            CheckedColumn::required(DOSES, "Tx_DtTm", CellForm::Time),
        ]
    }

    fn parent_join(&self) -> Option<&'static ParentJoin> {
        Some(&SIDE)
    }

    fn visitor<'a>(&self, known: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let window = to_duration(criteria.rules.deliveries.dose_window);
        Box::new(DoseTimeVisitor { window, dose_key: dose_key_columns(known), looked_at: 0, findings: Vec::new() })
    }
}

// Deliveries are counted as they come, and checked in the join with the dose history.
struct DoseTimeVisitor {
    window: SignedDuration,
    /// The columns of the joined row that hold the key of the dose.
    dose_key: Vec<String>,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl CheckVisitor for DoseTimeVisitor {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        self.looked_at += if part.table == TABLE { part.len() } else { 0 };
    }

    fn visit_joined(&mut self, rows: &[Row<'_>]) {
        self.findings.extend(rows.iter().filter_map(|row| check_dose_time(row, self.window, &self.dose_key)));
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        sorted_verdict(self.looked_at, std::mem::take(&mut self.findings))
    }
}

/// Returns the columns of a joined row that hold the key of the dose.
pub(super) fn dose_key_columns(known: &CheckFacts<'_>) -> Vec<String> {
    let key = known.whole.table(DOSES).map(|doses| doses.table.shape.key.clone()).unwrap_or_default();
    key.iter().map(|column| format!("{DOSES}.{column}")).collect()
}

/// Returns the dose of a joined row, as a related row of a finding.
pub(super) fn related_dose(row: &Row<'_>, dose_key: &[String]) -> (&'static str, Key) {
    (DOSES, dose_key.iter().filter_map(|column| row.cell(column)).cloned().collect())
}

/// Tells whether a joined row is one by our own comparison, which is stricter than that of SQL (1 = 1.0, padded text).
pub(super) fn is_joined(row: &Row<'_>) -> bool {
    LookupId::from_cell(row.cell("Dose_Hst.DHS_ID")) == LookupId::from_cell(row.cell("DHS_ID"))
}

/// Returns the finding of a delivery farther from its dose than the window.
fn check_dose_time(row: &Row<'_>, window: SignedDuration, dose_key: &[String]) -> Option<Finding> {
    let dose_time = row.time("Dose_Hst.Tx_DtTm").filter(|_| is_joined(row))?;
    let apart = time_apart(row, dose_time).filter(|apart| *apart > window)?;
    let recorded = dose_time.to_text();
    Some(Finding {
        check: CARD.id,
        severity: CARD.severity,
        table: TABLE,
        key: row.key(),
        related: vec![related_dose(row, dose_key)],
        what: format!("Tx_DtTm={recorded} apart={:.0}s", apart.as_secs_f64()),
        message: format!("is {} s away from its dose history entry ({recorded})", rounded_seconds(apart)),
    })
}

/// Returns how far a moment lies outside a delivery, zero if inside. A missing end, or one before the start, counts as
/// the start.
fn time_apart(row: &Row<'_>, moment: Time) -> Option<SignedDuration> {
    let start = row.time("Create_DtTm")?;
    let lasted = row.time("Edit_DtTm").and_then(|end| end.elapsed_since(start)).filter(SignedDuration::is_positive);
    let before = start.elapsed_since(moment)?;
    let after = moment.elapsed_since(start)?.saturating_sub(lasted.unwrap_or_default());
    Some(before.max(after).max(SignedDuration::ZERO))
}
