//! Metersets beside other fields: not more than a type needs, and as many for a dose as others of it; knows no plan.

use std::collections::BTreeMap;

use super::metersets::impossible;
use super::{Check, CheckCard, Criteria, Known, Look, Part, Verdict, each, of_key, ran};
use crate::domains::mosaiq::field_types;
use crate::domains::mosaiq::ground::{CellForm, Read};
use crate::domains::mosaiq::lookup::SlimKey;
use crate::domains::mosaiq::numbers::Reading;
use crate::model::{Fetch, Finding, Row, Severity, Wrong};

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

fn columns() -> [Read; 3] {
    [
        Read::all(TABLE, "Meterset", CellForm::Number),
        Read::all(TABLE, "Type_Enum", CellForm::Whole),
        Read::aid(TABLE, "Modality_Enum", CellForm::Whole),
    ]
}

/// Tells whether a field's monitor units are those of X-rays or electrons.
fn counts(row: &Row<'_>) -> bool {
    row.integer("Modality_Enum").is_none_or(|modality| COUNTED.contains(&modality))
}

impl Check for MetersetLimit {
    fn card(&self) -> &'static CheckCard {
        &LIMIT
    }

    fn needs(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn reads(&self) -> Vec<Read> {
        columns().into()
    }

    fn look<'a>(&self, _: &Known<'a>, criteria: Criteria<'a>) -> Box<dyn Look + 'a> {
        each(&LIMIT, TABLE, move |row, _| {
            let large = || {
                let kind = row.integer("Type_Enum").filter(|_| counts(row))?;
                let most = criteria.rules.of_type(Some(kind))?.max_meterset?;
                let large = |meterset: &_| most.is_below(*meterset) && !impossible(*meterset, criteria);
                let meterset = Reading::cell(row, "Meterset").number().filter(large)?;
                let word = field_types::word(kind).unwrap_or_default();
                let message = format!("Meterset is {meterset} MU, and a field of type {word} at most {most}");
                Some((LIMIT.severity, Wrong { what: format!("Meterset={meterset} Type_Enum={kind}"), message }))
            };
            large().into_iter().collect()
        })
    }
}

/// Sums of logarithms.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    number: f64,
    sum: f64,
    squares: f64,
}

impl Sums {
    fn add(&mut self, value: f64) {
        *self = Self { number: self.number + 1.0, sum: self.sum + value, squares: self.squares + value * value };
    }

    /// Returns mean and standard deviation of the others.
    fn without(self, value: f64) -> Option<(f64, f64)> {
        let number = self.number - 1.0;
        let mean = (self.sum - value) / number;
        let variance = (self.squares - value * value) / number - mean * mean;
        (variance.is_finite()).then(|| (mean, variance.max(0.0).sqrt().max(LEAST_DEVIATION)))
    }
}

/// Returns the type of a field and the MU it needs for a cGy, where both are there and possible.
fn units(row: &Row<'_>, criteria: Criteria<'_>) -> Option<(i64, f64)> {
    let meterset = Reading::cell(row, "Meterset").number().filter(|meterset| !impossible(*meterset, criteria))?;
    let number = |column: &str| row.float(column).filter(|number| *number > 0.0 && number.is_finite());
    let kind = row.integer("Type_Enum").filter(|_| counts(row) && meterset.compare(0).is_gt())?;
    Some((kind, number("Meterset")? / number("Cgray")?))
}

impl Check for MetersetOutlier {
    fn card(&self) -> &'static CheckCard {
        &OUTLIER
    }

    fn needs(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn reads(&self) -> Vec<Read> {
        columns().into_iter().chain([Read::all(TABLE, "Cgray", CellForm::Number)]).collect()
    }

    fn look<'a>(&self, _: &Known<'a>, criteria: Criteria<'a>) -> Box<dyn Look + 'a> {
        Box::new(Usual { criteria, fields: Vec::new(), looked_at: 0 })
    }
}

/// The look: fields are compared when all have come by.
struct Usual<'a> {
    criteria: Criteria<'a>,
    /// The type of every field that is judged, the MU it needs for a cGy, and its key.
    fields: Vec<(i64, f64, SlimKey)>,
    looked_at: u64,
}

impl Look for Usual<'_> {
    fn take(&mut self, part: &Part<'_>, _: &Known<'_>) {
        self.looked_at += part.len();
        let judged = |row: &Row<'_>| units(row, self.criteria).map(|(kind, units)| (kind, units, row.key().into()));
        self.fields.extend(part.rows.iter().filter_map(judged));
    }

    fn verdict(&mut self, _: &Known<'_>) -> Verdict {
        let mut types: BTreeMap<i64, Sums> = BTreeMap::new();
        // In the order of keys, whatever that of the rows was: sums of floats depend on it.
        self.fields.sort_by(|a, b| a.2.cmp(&b.2));
        self.fields.iter().for_each(|(kind, units, _)| types.entry(*kind).or_default().add(units.ln()));
        let rules = &self.criteria.rules.metersets;
        let enough = f64::from(rules.deviations_fields.get());
        let far = |(kind, units, key): &(i64, f64, SlimKey)| {
            let sums = types.get(kind).filter(|sums| sums.number > enough)?;
            let (mean, deviation) = sums.without(units.ln())?;
            let away = ((units.ln() - mean) / deviation).abs();
            (away > rules.deviations.get()).then(|| unusual(key, (*kind, *units), mean, away))
        };
        ran(self.looked_at, self.fields.iter().filter_map(far).collect()).remarking(few(&types, enough))
    }
}

/// Returns the finding of a field that needs more or fewer MU than others of its type.
fn unusual(key: &SlimKey, (kind, units): (i64, f64), mean: f64, away: f64) -> Finding {
    let word = field_types::word(kind).unwrap_or("unknown");
    let usual = mean.exp();
    let message = format!(
        "needs {units:.3} MU for a cGy, and fields of type {word} about {usual:.3}: {away:.1} standard deviations"
    );
    // What other fields need is no part of what is wrong with this one.
    let what = format!("MU/cGy={units:.3} Type_Enum={kind}");
    of_key(&OUTLIER, TABLE, key.key(), Wrong { what, message })
}

/// Says which types have too few fields to be judged.
fn few(types: &BTreeMap<i64, Sums>, enough: f64) -> Vec<String> {
    let few = types.iter().filter(|(_, sums)| sums.number <= enough);
    let words: Vec<String> =
        few.map(|(kind, _)| field_types::word(*kind).map_or_else(|| kind.to_string(), str::to_owned)).collect();
    let remark = || format!("too few fields have a dose and a meterset: {}", words.join(", "));
    (!words.is_empty()).then(remark).into_iter().collect()
}
