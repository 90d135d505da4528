//! Beam time: no beam is faster than its machine, or lasts much longer or shorter than the field's other beams.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::civil::Date;

use super::prescription_doses::{explain_nothing, rounded};
use super::times::duration_columns;
use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, DELIVERIES, RowBatch, require_columns,
    rounded_seconds, sorted_verdict, to_duration,
};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::deliveries::{is_set, judged_duration};
use crate::domains::mosaiq::leaves::POINTS;
use crate::domains::mosaiq::lookup::{CompactKey, LookupId};
use crate::domains::mosaiq::machines::FIELDS;
use crate::domains::mosaiq::rules::Rules;
use crate::model::{Fetch, Finding, Row, Severity, Violation};

pub(super) struct BeamRate;
pub(super) struct BeamTimeUsual;

static RATE: CheckCard = CheckCard {
    id: "beam_rate",
    group: "times",
    mode: "plausible_delivery",
    severity: Severity::Medium,
    about: "A complete delivery lasts long enough for its field's Meterset at the highest Meterset_Rate of the field's \
        control points, within the rules' tolerance. A beam resumed after an interruption is not judged.",
    remedy: "Compare meterset, dose rate and times with the machine's log: not all monitor units may have been given.",
};

static USUAL: CheckCard = CheckCard {
    id: "beam_time_usual",
    group: "times",
    mode: "plausible_delivery",
    severity: Severity::Low,
    about: "No complete delivery of a field is longer or shorter than all its other ones by the rules' factor and \
        seconds; judged from three on. A beam resumed after an interruption is not judged.",
    remedy: "Compare the times with the machine's log.",
};

/// Durations of a field's deliveries: the two shortest and the two longest.
#[derive(Debug, Default)]
struct FieldTimes {
    count: u64,
    shortest: [Option<(SignedDuration, CompactKey)>; 2],
    longest: [Option<(SignedDuration, CompactKey)>; 2],
}

impl FieldTimes {
    fn add(&mut self, lasted: SignedDuration, key: &CompactKey) {
        self.count += 1;
        insert_first(&mut self.shortest, (lasted, key), |new, known| new < known);
        insert_first(&mut self.longest, (lasted, key), |new, known| new > known);
    }
}

/// Inserts a duration into a sorted pair.
fn insert_first(
    pair: &mut [Option<(SignedDuration, CompactKey)>; 2],
    (lasted, key): (SignedDuration, &CompactKey),
    goes_before: fn(SignedDuration, SignedDuration) -> bool,
) {
    let [first, second] = pair;
    if first.as_ref().is_none_or(|(known, _)| goes_before(lasted, *known)) {
        *second = first.replace((lasted, key.clone()));
    } else if second.as_ref().is_none_or(|(known, _)| goes_before(lasted, *known)) {
        *second = Some((lasted, key.clone()));
    }
}

/// Collects the durations of all fields; a few numbers for each.
#[derive(Debug, Default)]
struct TimeBook {
    fields: BTreeMap<LookupId, FieldTimes>,
    /// Fields whose beam was interrupted on the current day.
    day: Option<Date>,
    interrupted: Vec<LookupId>,
    looked_at: u64,
}

impl TimeBook {
    fn add_rows(&mut self, rows: &[Row<'_>]) {
        for row in rows {
            let Some(start) = row.time("Create_DtTm").map(|time| time.wall) else { continue };
            if self.day != Some(start.date()) {
                self.day = Some(start.date());
                self.interrupted.clear();
            }
            let field = LookupId::from_cell(row.cell("FLD_ID"));
            if is_set(row, "WasBeamOn") && !is_set(row, "WasBeamComplete") {
                self.interrupted.push(field);
                continue;
            }
            let Some(lasted) = judged_duration(row) else { continue };
            if field.is_null() || self.interrupted.contains(&field) {
                continue;
            }
            self.looked_at += 1;
            self.fields.entry(field).or_default().add(lasted, &row.key().into());
        }
    }
}

impl Check for BeamRate {
    fn card(&self) -> &'static CheckCard {
        &RATE
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS), Fetch::all(DELIVERIES), Fetch::all(POINTS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let fields = [("FLD_ID", CellForm::Whole), ("Meterset", CellForm::Number)];
        let points = [("FLD_ID", CellForm::Whole), ("Meterset_Rate", CellForm::Number)];
        duration_columns()
            .chain(require_columns(DELIVERIES, [("FLD_ID", CellForm::Whole)]))
            .chain(require_columns(FIELDS, fields))
            .chain(require_columns(POINTS, points))
            .collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(RateVisitor { rules: criteria.rules, book: TimeBook::default(), looked_at: 0, findings: Vec::new() })
    }
}

struct RateVisitor<'a> {
    rules: &'a Rules,
    book: TimeBook,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl CheckVisitor for RateVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>) {
        match part.table {
            DELIVERIES => self.book.add_rows(&part.rows),
            POINTS => {
                for (id, points) in part.rows_by_field() {
                    let Some(times) = self.book.fields.get(id) else { continue };
                    let rate = points.iter().filter_map(|point| point.float("Meterset_Rate")).fold(0.0, f64::max);
                    let meterset = known.find_field(id).and_then(|field| field.meterset).unwrap_or_default();
                    if rate <= 0.0 || meterset <= 0.0 {
                        continue;
                    }
                    self.looked_at += times.count;
                    let tolerance = self.rules.deliveries.rate_tolerance.get();
                    for (lasted, key) in times.shortest.iter().flatten() {
                        self.findings.extend(judge_rate(*lasted, (meterset, rate), tolerance).map(|wrong| {
                            let field = known.find_field(id).map(|field| (FIELDS, field.key()));
                            Finding {
                                check: RATE.id,
                                severity: RATE.severity,
                                table: DELIVERIES,
                                key: key.to_key(),
                                related: field.into_iter().collect(),
                                what: wrong.what,
                                message: wrong.message,
                            }
                        }));
                    }
                }
            }
            _ => {}
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let verdict = sorted_verdict(self.looked_at, std::mem::take(&mut self.findings));
        explain_nothing(verdict, "no field with a complete delivery has both a Meterset and a Meterset_Rate")
    }
}

/// Returns the fault of a beam that gives its monitor units faster than the rate, MU a minute.
fn judge_rate(lasted: SignedDuration, (meterset, rate): (f64, f64), tolerance_percent: f64) -> Option<Violation> {
    let needed = meterset * 60.0 / rate;
    // Times are written to the second in some databases.
    if lasted.as_secs_f64() + 1.0 >= needed * (1.0 - tolerance_percent / 100.0) {
        return None;
    }
    let seconds = rounded_seconds(lasted);
    let needed = rounded(needed);
    let message = format!("lasts {seconds} s, and {meterset} MU at {rate} MU a minute take {needed} s");
    Some(Violation { what: format!("lasted={:.0}s needed={needed:.0}s", lasted.as_secs_f64()), message })
}

impl Check for BeamTimeUsual {
    fn card(&self) -> &'static CheckCard {
        &USUAL
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(DELIVERIES)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        duration_columns().chain(require_columns(DELIVERIES, [("FLD_ID", CellForm::Whole)])).collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(UsualVisitor { rules: criteria.rules, book: TimeBook::default() })
    }
}

struct UsualVisitor<'a> {
    rules: &'a Rules,
    book: TimeBook,
}

impl CheckVisitor for UsualVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        if part.table == DELIVERIES {
            self.book.add_rows(&part.rows);
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let book = std::mem::take(&mut self.book);
        let (factor, least) =
            (self.rules.deliveries.usual_factor.get(), to_duration(self.rules.deliveries.usual_difference));
        let mut findings = Vec::new();
        let judged = book.fields.into_iter().filter(|(_, times)| times.count >= 3);
        let mut looked_at = 0;
        for (_, times) in judged {
            looked_at += times.count;
            for ([first, second], word) in [(times.shortest, "shortest"), (times.longest, "longest")] {
                let (Some((lasted, key)), Some((next, _))) = (first, second) else { continue };
                let (less, more) = (lasted.min(next).as_secs_f64(), lasted.max(next).as_secs_f64());
                if (lasted - next).abs() < least || more < less * factor {
                    continue;
                }
                let [lasted, next] = [lasted, next].map(rounded_seconds);
                let message = format!("lasts {lasted} s; of the field's other deliveries the {word} lasts {next} s");
                findings.push(Finding {
                    check: USUAL.id,
                    severity: USUAL.severity,
                    table: DELIVERIES,
                    key: key.to_key(),
                    related: Vec::new(),
                    what: format!("lasted={lasted:.0}s {word}={next:.0}s"),
                    message,
                });
            }
        }
        let verdict = sorted_verdict(looked_at, findings);
        explain_nothing(verdict, "no field has three complete deliveries")
    }
}
