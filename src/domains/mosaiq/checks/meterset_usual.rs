//! Metersets beside other fields: not more than a type needs, and as many for a dose as others of it; knows no plan.

use std::collections::BTreeMap;

use super::metersets::is_impossible;
use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, RowBatch, check_rows, of_key, sorted_verdict,
};
use crate::domains::mosaiq::field_types;
use crate::domains::mosaiq::ground::{CellForm, CheckedColumn};
use crate::domains::mosaiq::lookup::CompactKey;
use crate::domains::mosaiq::numbers::CellReading;
use crate::model::{Fetch, Finding, Row, Severity, Violation};

const TABLE: &str = "TxField";
/// Modality_Enum of X-rays and electrons: what others call a monitor unit is something else.
const COUNTED: [i64; 2] = [1, 2];

/// Fields that are all alike do not make one that needs a little more strange: natural logarithm of MU for a cGy.
const LEAST_DEVIATION: f64 = 0.2;

/// The check of the size.
pub(super) struct MetersetLimit;
/// The check among others.
pub(super) struct MetersetOutlier;

static LIMIT: CheckCard = CheckCard {
    id: "meterset_limit",
    group: "metersets",
    mode: "meterset_inconsistency",
    severity: Severity::Medium,
    about: "The Meterset of a field of X-rays or electrons is not larger than the rules say of its type; a type \
        without such a limit is not judged.",
    remedy: "Compare the field with the treatment plan, and its dose with what one fraction can be.",
};

static OUTLIER: CheckCard = CheckCard {
    id: "meterset_outlier",
    group: "metersets",
    mode: "meterset_inconsistency",
    severity: Severity::Low,
    about: "The MU that a field of X-rays or electrons needs for its dose lie within as many standard \
        deviations of those of other fields of its type as the rules say, on a logarithmic scale, where enough \
        others have both.",
    remedy: "Compare dose and meterset of the field with the treatment plan, and with fields like it.",
};

fn meterset_columns() -> [CheckedColumn; 3] {
    [
        CheckedColumn::required(TABLE, "Meterset", CellForm::Number),
        CheckedColumn::required(TABLE, "Type_Enum", CellForm::Whole),
        CheckedColumn::optional(TABLE, "Modality_Enum", CellForm::Whole),
    ]
}

/// Tells whether a field's monitor units are those of X-rays or electrons.
fn counts_monitor_units(row: &Row<'_>) -> bool {
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
        check_rows(&LIMIT, TABLE, move |row, _| {
            let large = || {
                let kind = row.integer("Type_Enum").filter(|_| counts_monitor_units(row))?;
                let most = criteria.rules.of_type(Some(kind))?.max_meterset?;
                let large = |meterset: &_| most.is_below(*meterset) && !is_impossible(*meterset, criteria);
                let meterset = CellReading::from_cell(row, "Meterset").number().filter(large)?;
                let word = field_types::find_word(kind).unwrap_or_default();
                let message = format!("Meterset is {meterset} MU, and a field of type {word} at most {most}");
                Some((LIMIT.severity, Violation { what: format!("Meterset={meterset} Type_Enum={kind}"), message }))
            };
            large().into_iter().collect()
        })
    }
}

/// Sums of logarithms.
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

    /// Returns mean and standard deviation of the others.
    fn mean_without(self, value: f64) -> Option<(f64, f64)> {
        let number = self.number - 1.0;
        let mean = (self.sum - value) / number;
        let variance = (self.squares - value * value) / number - mean * mean;
        (variance.is_finite()).then(|| (mean, variance.max(0.0).sqrt().max(LEAST_DEVIATION)))
    }
}

/// Returns the type of a field and the MU it needs for a cGy, where both are there and possible.
fn units_per_cgray(row: &Row<'_>, criteria: Criteria<'_>) -> Option<(i64, f64)> {
    let meterset =
        CellReading::from_cell(row, "Meterset").number().filter(|meterset| !is_impossible(*meterset, criteria))?;
    let number = |column: &str| row.float(column).filter(|number| *number > 0.0 && number.is_finite());
    let kind = row.integer("Type_Enum").filter(|_| counts_monitor_units(row) && meterset.compare_integer(0).is_gt())?;
    Some((kind, number("Meterset")? / number("Cgray")?))
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

/// The look: fields are compared when all have come by.
struct OutlierVisitor<'a> {
    criteria: Criteria<'a>,
    /// The type of every field that is judged, the MU it needs for a cGy, and its key.
    fields: Vec<(i64, f64, CompactKey)>,
    looked_at: u64,
}

impl CheckVisitor for OutlierVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        self.looked_at += part.len();
        let judged =
            |row: &Row<'_>| units_per_cgray(row, self.criteria).map(|(kind, units)| (kind, units, row.key().into()));
        self.fields.extend(part.rows.iter().filter_map(judged));
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let mut types: BTreeMap<i64, LogSums> = BTreeMap::new();
        // In the order of keys, whatever that of the rows was: sums of floats depend on it.
        self.fields.sort_by(|a, b| a.2.cmp(&b.2));
        self.fields.iter().for_each(|(kind, units, _)| types.entry(*kind).or_default().add(units.ln()));
        let rules = &self.criteria.rules.metersets;
        let enough = f64::from(rules.deviations_fields.get());
        let far = |(kind, units, key): &(i64, f64, CompactKey)| {
            let sums = types.get(kind).filter(|sums| sums.number > enough)?;
            let (mean, deviation) = sums.mean_without(units.ln())?;
            let away = ((units.ln() - mean) / deviation).abs();
            (away > rules.deviations.get()).then(|| build_finding(key, (*kind, *units), mean, away))
        };
        sorted_verdict(self.looked_at, self.fields.iter().filter_map(far).collect())
            .with_remarks(too_few_remarks(&types, enough))
    }
}

/// Returns the finding of a field that needs more or fewer MU than others of its type.
fn build_finding(key: &CompactKey, (kind, units): (i64, f64), mean: f64, away: f64) -> Finding {
    let word = field_types::find_word(kind).unwrap_or("unknown");
    let usual = mean.exp();
    let message = format!(
        "needs {units:.3} MU for a cGy, and fields of type {word} about {usual:.3}: {away:.1} standard deviations"
    );
    // What other fields need is no part of what is wrong with this one.
    let what = format!("MU/cGy={units:.3} Type_Enum={kind}");
    of_key(&OUTLIER, TABLE, key.to_key(), Violation { what, message })
}

/// Says which types have too few fields to be judged.
fn too_few_remarks(types: &BTreeMap<i64, LogSums>, enough: f64) -> Vec<String> {
    let few = types.iter().filter(|(_, sums)| sums.number <= enough);
    let words: Vec<String> =
        few.map(|(kind, _)| field_types::find_word(*kind).map_or_else(|| kind.to_string(), str::to_owned)).collect();
    let remark = || format!("too few fields have a dose and a meterset: {}", words.join(", "));
    (!words.is_empty()).then(remark).into_iter().collect()
}
