//! Surveys of fields: what each field's control points add up to, judged against the other fields after the last one.

use super::checks::{CheckVerdict, CheckVisitor};
use super::facts::{CheckFacts, RowBatch};
use super::fields::{FIELDS, Field};
use super::leaves::POINTS;
use super::lookup::{Lookup, LookupId};
use super::machines::is_treatment;
use super::rules::{Rules, Size};
use crate::model::{Finding, Row, Severity, Violation};

/// So many fields that differ are never a habit.
const SINGLE_MAX: usize = 3;

/// What a check keeps of each field, and how it compares them.
pub(super) trait FieldSurvey {
    /// What it keeps of a row of TxField.
    type Record;
    /// What it keeps of the control points of a field.
    type Summary;

    fn read_record(&self, row: &Row<'_>) -> Self::Record;

    /// Sees rows of any other table, which come before those of fields.
    fn read_other_table(&mut self, _: &RowBatch<'_>) {}

    /// Adds up the control points of a field, in the order of their numbers; `None` if there is nothing to judge.
    fn summarize_points(&self, points: &[Row<'_>]) -> Option<Self::Summary>;

    /// Judges all fields. Adds findings and remarks, and returns the number of fields that it could judge.
    fn judge_fields(
        &self,
        fields: &[SurveyedField<'_, Self>],
        known: &CheckFacts<'_>,
        findings: &mut Vec<Finding>,
        remarks: &mut Vec<String>,
    ) -> usize;
}

/// A field with what the survey kept of it.
pub(super) struct SurveyedField<'f, S: FieldSurvey + ?Sized> {
    pub(super) field: Field<'f>,
    pub(super) record: &'f S::Record,
    pub(super) summary: &'f S::Summary,
}

impl<S: FieldSurvey + ?Sized> SurveyedField<'_, S> {
    pub(super) fn is_treatment(&self) -> bool {
        is_treatment(self.field.kind)
    }

    /// Returns a finding about the field, with the others that it was compared with.
    pub(super) fn finding(
        &self,
        check: &'static str,
        severity: Severity,
        related: &[&Self],
        Violation { what, message }: Violation,
    ) -> Finding {
        let related = related.iter().map(|other| (FIELDS, other.field.key())).collect();
        Finding { check, severity, table: FIELDS, key: self.field.key(), related, what, message }
    }
}

/// Collects a survey while the rows stream past.
pub(super) struct SurveyVisitor<S: FieldSurvey> {
    survey: S,
    /// The percentage of fields that must agree with the others for those that do not to be reported.
    agreement: Size,
    records: Lookup<S::Record>,
    summaries: Lookup<S::Summary>,
}

impl<S: FieldSurvey> SurveyVisitor<S> {
    pub(super) fn new(survey: S, rules: &Rules) -> Self {
        let agreement = rules.prescriptions.agreement;
        Self { survey, agreement, records: Lookup::default(), summaries: Lookup::default() }
    }
}

impl<S: FieldSurvey> CheckVisitor for SurveyVisitor<S> {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        if part.table == FIELDS {
            for row in &part.rows {
                self.records.insert(LookupId::from_cell(row.cell("FLD_ID")), self.survey.read_record(row));
            }
        } else if part.table == POINTS {
            for (id, points) in part.points_by_number() {
                if let Some(summary) = self.survey.summarize_points(points) {
                    self.summaries.insert(id.clone(), summary);
                }
            }
        } else {
            self.survey.read_other_table(part);
        }
    }

    fn finish(&mut self, known: &CheckFacts<'_>) -> CheckVerdict {
        self.records.seal();
        self.summaries.seal();
        let fields: Vec<SurveyedField<'_, S>> = self
            .summaries
            .iter()
            .filter_map(|(id, summary)| {
                Some(SurveyedField { field: known.find_field(&id)?, record: self.records.get(&id)?, summary })
            })
            .collect();
        let (mut findings, mut remarks) = (Vec::new(), Vec::new());
        let judged = self.survey.judge_fields(&fields, known, &mut findings, &mut remarks);
        remarks.extend(drop_habits(&mut findings, judged, self.agreement));
        // Databases return rows in any order; the report must not depend on it.
        findings.sort_by(|a, b| a.key.cmp(&b.key));
        CheckVerdict::Ran { looked_at: judged as u64, findings, remarks }
    }
}

/// Drops the findings where too many fields differ from the others, and returns the remark that says so.
#[expect(clippy::cast_precision_loss, reason = "numbers of fields")]
fn drop_habits(findings: &mut Vec<Finding>, judged: usize, agreement: Size) -> Option<String> {
    let count = findings.len();
    let kept = judged.saturating_sub(count) as f64;
    if count <= SINGLE_MAX || kept * 100.0 >= judged as f64 * agreement.get() {
        return None;
    }
    findings.clear();
    Some(format!(
        "{count} of {judged} fields differ from what is usual: where fewer than {agreement} % agree, the check takes \
            it for the way of this database and reports none"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;

    #[test]
    fn what_many_fields_do_is_a_habit() {
        let agreement = Rules::standard().prescriptions.agreement;
        for (count, judged, left) in [(3, 4, 3), (4, 79, 0), (4, 80, 4), (43, 372, 0), (0, 0, 0)] {
            let finding = |at: i64| Finding {
                check: "couch_angle",
                severity: Severity::Low,
                table: FIELDS,
                key: vec![Value::Integer(at)],
                related: Vec::new(),
                what: format!("at={at}"),
                message: String::new(),
            };
            let mut findings: Vec<Finding> = (0..count).map(finding).collect();
            let remark = drop_habits(&mut findings, judged, agreement);
            assert_eq!((findings.len(), remark.is_some()), (left, left == 0 && count > 0), "{count} of {judged}");
        }
    }
}
