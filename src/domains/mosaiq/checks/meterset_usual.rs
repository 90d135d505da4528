//! Unusual metersets: not more than a field type needs, and for the dose about as many as other fields of the type.

use std::collections::BTreeMap;

use super::metersets::is_impossible;
use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, RowBatch, check_rows, key_finding,
    sorted_verdict,
};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::field_types;
use crate::domains::mosaiq::lookup::CompactKey;
use crate::domains::mosaiq::numbers::CellReading;
use crate::model::{Fetch, Finding, Row, Severity, Violation};

const TABLE: &str = "TxField";
/// Modality_Enum of X-rays and electrons. For other modalities a monitor unit is something else.
const COUNTED: [i64; 2] = [1, 2];

/// Lower bound of the standard deviation, as natural logarithm of MU per cGy. Without it, fields that are all alike
/// would turn a slightly different one into an outlier.
const LEAST_DEVIATION: f64 = 0.2;

pub(super) struct MetersetLimit;
pub(super) struct MetersetOutlier;

static LIMIT: CheckCard = CheckCard {
    id: "meterset_limit",
    group: "metersets",
    mode: "meterset_inconsistency",
    severity: Severity::Medium,
    about: "The Meterset of an X-ray or electron field is not larger than the rules allow for its type; a type without \
        such a limit is not judged.",
    remedy: "Compare the field with the treatment plan, and its dose with a plausible fraction.",
};

static OUTLIER: CheckCard = CheckCard {
    id: "meterset_outlier",
    group: "metersets",
    mode: "meterset_inconsistency",
    severity: Severity::Low,
    about: "The MU per dose of an X-ray or electron field are within the rules' number of standard deviations from \
        other fields of its type, on a logarithmic scale, if enough others have both values.",
    remedy: "Compare dose and meterset of the field with the treatment plan, and with similar fields.",
};

fn meterset_columns() -> [CheckedColumn; 3] {
    [
        CheckedColumn::required(TABLE, "Meterset", CellForm::Number),
        CheckedColumn::required(TABLE, "Type_Enum", CellForm::Whole),
        CheckedColumn::optional(TABLE, "Modality_Enum", CellForm::Whole),
    ]
}

fn counts_monitor_units(row: &Row<'_>) -> bool {
    // NULL is taken for X-rays, the rule in a radiotherapy department.
    row.integer("Modality_Enum").is_none_or(|modality| COUNTED.contains(&modality))
}

impl Check for MetersetLimit {
    fn card(&self) -> &'static CheckCard {
        &LIMIT
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        meterset_columns().into()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        check_rows(&LIMIT, TABLE, move |row, _| Vec::from_iter(too_large(row, criteria)))
    }
}

/// Returns the fault of a meterset above the limit of the field's type. An impossible one is left to `meterset_value`.
fn too_large(row: &Row<'_>, criteria: Criteria<'_>) -> Option<(Severity, Violation)> {
    let kind = row.integer("Type_Enum").filter(|_| counts_monitor_units(row))?;
    let most = criteria.rules.of_type(Some(kind))?.max_meterset?;
    let meterset = CellReading::from_cell(row, "Meterset").number()?;
    if !most.is_below(meterset) || is_impossible(meterset, criteria) {
        return None;
    }
    let word = field_types::find_word(kind).unwrap_or_default();
    let message = format!("Meterset is {meterset} MU; a field of type {word} has at most {most}");
    Some((LIMIT.severity, Violation { what: format!("Meterset={meterset} Type_Enum={kind}"), message }))
}

/// Sums of logarithms, for mean and variance in one pass.
#[derive(Clone, Copy, Debug, Default)]
struct LogSums {
    number: f64,
    sum: f64,
    squares: f64,
}

impl LogSums {
    fn add(&mut self, value: f64) {
        *self = Self { number: self.number + 1.0, sum: self.sum + value, squares: self.squares + value * value };
    }

    /// Returns mean and standard deviation without one of the values, so that an outlier does not hide itself.
    fn mean_without(self, value: f64) -> Option<(f64, f64)> {
        let number = self.number - 1.0;
        let mean = (self.sum - value) / number;
        let variance = (self.squares - value * value) / number - mean * mean;
        // Rounding can make the variance of equal values slightly negative.
        variance.is_finite().then(|| (mean, variance.max(0.0).sqrt().max(LEAST_DEVIATION)))
    }
}

/// Returns type and MU per cGy of a field; `None` if it has no possible meterset or no dose.
fn units_per_cgray(row: &Row<'_>, criteria: Criteria<'_>) -> Option<(i64, f64)> {
    let meterset =
        CellReading::from_cell(row, "Meterset").number().filter(|meterset| !is_impossible(*meterset, criteria))?;
    let kind = row.integer("Type_Enum").filter(|_| counts_monitor_units(row) && meterset.compare_integer(0).is_gt())?;
    let (units, dose) = (row.float("Meterset")?, row.float("Cgray")?);
    let are_positive = units > 0.0 && units.is_finite() && dose > 0.0 && dose.is_finite();
    are_positive.then_some((kind, units / dose))
}

impl Check for MetersetOutlier {
    fn card(&self) -> &'static CheckCard {
        &OUTLIER
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        meterset_columns().into_iter().chain([CheckedColumn::required(TABLE, "Cgray", CellForm::Number)]).collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(OutlierVisitor { criteria, fields: Vec::new(), looked_at: 0 })
    }
}

struct OutlierVisitor<'a> {
    criteria: Criteria<'a>,
    /// Type, MU per cGy and key of every comparable field.
    fields: Vec<(i64, f64, CompactKey)>,
    looked_at: u64,
}

impl CheckVisitor for OutlierVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        self.looked_at += part.len();
        for row in &part.rows {
            if let Some((kind, units)) = units_per_cgray(row, self.criteria) {
                self.fields.push((kind, units, row.key().into()));
            }
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let mut types: BTreeMap<i64, LogSums> = BTreeMap::new();
        // Sums of floats depend on their order: sort by key, whatever the order of the rows was.
        self.fields.sort_by(|a, b| a.2.cmp(&b.2));
        for (kind, units, _) in &self.fields {
            types.entry(*kind).or_default().add(units.ln());
        }
        let rules = &self.criteria.rules.metersets;
        let enough = f64::from(rules.deviations_fields.get());
        let mut findings = Vec::new();
        for (kind, units, key) in &self.fields {
            let sums = types.get(kind).filter(|sums| sums.number > enough);
            let Some((mean, deviation)) = sums.and_then(|sums| sums.mean_without(units.ln())) else { continue };
            let away = ((units.ln() - mean) / deviation).abs();
            if away > rules.deviations.get() {
                findings.push(build_finding(key, *kind, *units, mean, away));
            }
        }
        sorted_verdict(self.looked_at, findings).with_remarks(too_few_remarks(&types, enough))
    }
}

/// Returns the finding of a field that needs more or fewer MU than others of its type; `mean` is a logarithm.
fn build_finding(key: &CompactKey, kind: i64, units: f64, mean: f64, away: f64) -> Finding {
    let word = field_types::find_word(kind).unwrap_or("unknown");
    let usual = mean.exp();
    let message = format!(
        "needs {units:.3} MU per cGy; fields of type {word} need about {usual:.3} ({away:.1} standard deviations away)"
    );
    // Without the mean: `what` identifies the finding, and must not change when other fields do.
    let what = format!("MU/cGy={units:.3} Type_Enum={kind}");
    key_finding(&OUTLIER, TABLE, key.to_key(), Violation { what, message })
}

/// Returns a remark on the types with too few fields to compare.
fn too_few_remarks(types: &BTreeMap<i64, LogSums>, enough: f64) -> Vec<String> {
    let few = types.iter().filter(|(_, sums)| sums.number <= enough);
    let words: Vec<String> =
        few.map(|(kind, _)| field_types::find_word(*kind).map_or_else(|| kind.to_string(), str::to_owned)).collect();
    if words.is_empty() {
        return Vec::new();
    }
    vec![format!("too few fields have a dose and a meterset: {}", words.join(", "))]
}
