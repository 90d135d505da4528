//! The run of checks: files, records, those that came twice, texts, and columns beside texts.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::gather::Gathered;
use super::record::CatalogueRecord;
use super::sources::squeeze;
use super::{CheckDefinition, Judge, Problem, Report, Surroundings};
use crate::domain::check::{CheckResults, CheckRun};
use crate::domain::scan::{JoinRequest, ScanReader, ScanRequest};
use crate::domains::openonco::columns::read_columns;
use crate::domains::openonco::rules::Rules;
use crate::domains::openonco::schema::{FILES, SOURCES, TEST, TESTS};
use crate::model::{Datum, Row, Table, Value};

/// The step of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Files,
    Records,
    Again,
    Texts,
    Columns,
    Done,
}

impl Step {
    const fn next(self) -> Self {
        match self {
            Self::Files => Self::Records,
            Self::Records => Self::Again,
            Self::Again => Self::Texts,
            Self::Texts => Self::Columns,
            Self::Columns | Self::Done => Self::Done,
        }
    }
}

/// Running checks.
pub(super) struct CatalogueChecks<'r> {
    rules: &'r Rules,
    reports: Vec<Report>,
    gathered: Gathered,
    surroundings: Surroundings,
    step: Step,
    missing: Option<&'static str>,
}

impl<'r> CatalogueChecks<'r> {
    pub(super) fn new(checks: Vec<&'static CheckDefinition>, rules: &'r Rules) -> Self {
        Self {
            rules,
            reports: checks.into_iter().map(|check| Report::new(check, rules)).collect(),
            gathered: Gathered::default(),
            surroundings: Surroundings::default(),
            step: Step::Files,
            missing: None,
        }
    }

    /// Tells whether a check that is to run needs a step.
    fn needs(&self, step: Step) -> bool {
        let mut wanted = self.reports.iter().filter(|report| self.rules.is_enabled(report.check.card.id));
        match step {
            Step::Files | Step::Records => true,
            Step::Again => self.gathered.has_repeated(),
            Step::Texts => wanted.any(|report| matches!(report.check.judge, Judge::Record(_) | Judge::Among(_))),
            Step::Columns => wanted.any(|report| matches!(report.check.judge, Judge::Columns)),
            Step::Done => false,
        }
    }

    fn judge_text(&mut self, row: &Row<'_>) {
        let record = CatalogueRecord::from_row(row);
        for report in &mut self.reports {
            let problems: Vec<Problem> = match (&report.check.judge, &record) {
                (Judge::Record(judge), Some(record)) => judge(record, self.rules),
                (Judge::Among(judge), Some(record)) => judge(record, &self.surroundings),
                _ => continue,
            };
            report.looked_at += 1;
            let Some(record) = &record else { continue };
            for Problem { what, message } in problems {
                report.add(SOURCES, record.record, &[record.record], what, format!("{}: {message}", record.label()));
            }
        }
    }

    fn judge_columns(&mut self, row: &Row<'_>) {
        let (Some(record), Some(category)) = (row.integer("record"), row.text("category")) else { return };
        let text = row.text(&format!("{SOURCES}.text")).unwrap_or_default();
        let expected = read_columns(record, category, text);
        let reports = self.reports.iter_mut().filter(|report| matches!(report.check.judge, Judge::Columns));
        for report in reports {
            report.looked_at += 1;
            for ((column, _), datum) in TEST.columns.iter().zip(&expected) {
                let held = row.cell(column).unwrap_or(&Value::Null);
                if !is_same(datum, held) {
                    let message = format!("record {record}: the column {column} differs from the text of the record");
                    report.add(TESTS, record, &[], format!("column={column}"), message);
                }
            }
        }
    }

    fn judge_whole(&mut self) {
        let looked_at: u64 = self.gathered.counts.values().sum();
        for report in &mut self.reports {
            if let Judge::Whole(judge) = report.check.judge {
                report.looked_at = looked_at;
                judge(&self.gathered, self.rules, report);
            }
        }
    }
}

/// Tells whether a cell holds what was read off the text.
fn is_same(datum: &Datum, held: &Value) -> bool {
    match (datum, held) {
        (Datum::Null, Value::Null) => true,
        (Datum::Integer(number), Value::Integer(held)) => number == held,
        (Datum::Text(text), Value::Text(held)) => text == held,
        (Datum::Raw(value), held) => value == held,
        _ => false,
    }
}

impl ScanReader for CatalogueChecks<'_> {
    fn next_scan(&mut self) -> Option<ScanRequest> {
        while self.step != Step::Done && !self.needs(self.step) {
            self.step = self.step.next();
        }
        if self.missing.is_some() {
            return None;
        }
        let names = ["record", "category", "id", "name", "vendor"];
        match self.step {
            Step::Files => Some(ScanRequest::every_row(FILES, &["number", "file", "category", "records"])),
            Step::Records | Step::Again => Some(ScanRequest::every_row(TESTS, &names)),
            Step::Texts => Some(ScanRequest::every_row(SOURCES, &["record", "category", "text"])),
            Step::Columns => {
                let join = JoinRequest {
                    column: "record".to_owned(),
                    parent: SOURCES.to_owned(),
                    columns: vec!["record".to_owned(), "text".to_owned()],
                    parent_column: "record".to_owned(),
                };
                Some(ScanRequest { join: Some(join), ..ScanRequest::every_row(TESTS, &[]) })
            }
            Step::Done => None,
        }
    }

    fn begin_scan(&mut self, table: Option<&Arc<Table>>) {
        if table.is_none() {
            self.missing = Some(match self.step {
                Step::Files => FILES,
                Step::Texts => SOURCES,
                _ => TESTS,
            });
        }
    }

    fn take_rows(&mut self, rows: &[Row<'_>]) -> ControlFlow<()> {
        for row in rows {
            match self.step {
                Step::Files => self.gathered.take_file(row),
                Step::Records => self.gathered.take_record(row),
                Step::Again => self.gathered.take_again(row),
                Step::Texts => self.judge_text(row),
                Step::Columns => self.judge_columns(row),
                Step::Done => {}
            }
        }
        ControlFlow::Continue(())
    }

    fn end_scan(&mut self) {
        match self.step {
            Step::Files => self.gathered.end_files(),
            Step::Records => {
                self.gathered.end_records();
                for company in self.gathered.companies() {
                    self.surroundings.sites.insert(squeeze(company), company.clone());
                }
            }
            Step::Again => self.gathered.end_again(),
            _ => {}
        }
        self.step = self.step.next();
    }

    fn progress(&self) -> (u64, u64) {
        let done = match self.step {
            Step::Files => 0,
            Step::Records => 1,
            Step::Again => 2,
            Step::Texts => 3,
            Step::Columns => 4,
            Step::Done => 5,
        };
        (done, 5)
    }
}

impl CheckRun for CatalogueChecks<'_> {
    fn finish(mut self: Box<Self>) -> CheckResults {
        self.judge_whole();
        let (rules, missing) = (self.rules, self.missing);
        let verdicts = self.reports.into_iter().map(|report| report.into_verdict(rules, missing)).collect();
        CheckResults { verdicts, gathered: Box::new(()) }
    }
}
