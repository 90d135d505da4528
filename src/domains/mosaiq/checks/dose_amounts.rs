//! Amounts in the dose history: monitor units, dose, energy and fraction number of an entry are those of its field.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::prescription_doses::{explain_nothing, rounded};
use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, GatheredFact, RowBatch, require_columns,
};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::conventions::Convention;
use crate::domains::mosaiq::leaves::POINTS;
use crate::domains::mosaiq::lookup::LookupId;
use crate::domains::mosaiq::machines::FIELDS;
use crate::domains::mosaiq::rules::Rules;
use crate::model::{Fetch, Finding, Key, Row, Severity};

const DOSES: &str = "Dose_Hst";

/// The check of one column of the dose history.
pub(super) struct DoseColumn {
    card: &'static CheckCard,
    column: &'static str,
    unit: &'static str,
}

pub(super) static METERSET: DoseColumn = DoseColumn {
    card: &CheckCard {
        id: "dose_meterset",
        group: "doses",
        mode: "plausible_delivery",
        severity: Severity::High,
        about: "The monitor units that a field gives on a day by the dose history are its Meterset, or a multiple of \
            it; an interrupted beam and its rest add up. Where many entries of a database do not keep this, none is \
            reported.",
        remedy: "Compare dose history and field with the machine's log, and the dose given with the dose planned.",
    },
    column: "Meterset",
    unit: "MU",
};

pub(super) static DOSE: DoseColumn = DoseColumn {
    card: &CheckCard {
        id: "dose_given",
        group: "doses",
        mode: "plausible_delivery",
        severity: Severity::High,
        about: "The dose that a field gives on a day by the dose history (Dose_Tx_Act) is its Cgray, or a multiple of \
            it; an interrupted beam and its rest add up. Where many entries of a database do not keep this, none is \
            reported.",
        remedy: "Compare dose history and field with the machine's log, and the dose given with the dose planned.",
    },
    column: "Dose_Tx_Act",
    unit: "cGy",
};

impl Check for DoseColumn {
    fn card(&self) -> &'static CheckCard {
        self.card
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS), Fetch::all(DOSES)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let of_field = if self.unit == "MU" { "Meterset" } else { "Cgray" };
        let fields = [("FLD_ID", CellForm::Whole), (of_field, CellForm::Number)];
        let doses = [("FLD_ID", CellForm::Whole), ("Tx_DtTm", CellForm::Time), (self.column, CellForm::Number)];
        require_columns(FIELDS, fields).chain(require_columns(DOSES, doses)).collect()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Orders)
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(ColumnVisitor {
            card: self.card,
            column: self.column,
            unit: self.unit,
            rules: criteria.rules,
            parts: BTreeMap::new(),
            convention: Convention::default(),
        })
    }
}

// An entry that equals its field is done with. The others, parts of a beam mostly, are few, and are added up by day.
struct ColumnVisitor<'a> {
    card: &'static CheckCard,
    column: &'static str,
    unit: &'static str,
    rules: &'a Rules,
    parts: BTreeMap<(LookupId, Date), DayParts>,
    convention: Convention,
}

#[derive(Debug, Default)]
struct DayParts {
    sum: f64,
    keys: Vec<Key>,
}

impl ColumnVisitor<'_> {
    fn expected(&self, field: &LookupId, known: &CheckFacts<'_>) -> Option<f64> {
        let field = known.orders.field(field)?;
        let amount = if self.unit == "MU" { field.meterset } else { field.dose_cgy };
        amount.filter(|amount| *amount > 0.0)
    }

    fn equals(&self, found: f64, expected: f64) -> bool {
        (found - expected).abs() <= expected * self.rules.metersets.tolerance.get() / 100.0 + 0.05
    }
}

impl CheckVisitor for ColumnVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>) {
        for row in part.rows.iter().filter(|_| part.table == DOSES) {
            let field = LookupId::from_cell(row.cell("FLD_ID"));
            let (Some(found), Some(expected)) = (row.float(self.column), self.expected(&field, known)) else {
                continue;
            };
            let Some(day) = row.time("Tx_DtTm").map(|time| time.wall.date()) else { continue };
            if self.equals(found, expected) {
                self.convention.keep();
                continue;
            }
            let parts = self.parts.entry((field, day)).or_default();
            parts.sum += found;
            parts.keys.push(row.key());
        }
    }

    fn finish(&mut self, known: &CheckFacts<'_>) -> CheckVerdict {
        for ((field, day), parts) in std::mem::take(&mut self.parts) {
            let Some(expected) = self.expected(&field, known) else { continue };
            let times = (parts.sum / expected).round();
            if times >= 1.0 && self.equals(parts.sum, times * expected) && parts.keys.len() > 1 {
                self.convention.keep();
                continue;
            }
            let (sum, unit) = (rounded(parts.sum), self.unit);
            let mut keys = parts.keys.into_iter();
            let Some(key) = keys.next() else { continue };
            let row = known.find_field(&field).map(|field| (FIELDS, field.key()));
            self.convention.add_breach(Finding {
                check: self.card.id,
                severity: self.card.severity,
                table: DOSES,
                key,
                related: keys.map(|key| (DOSES, key)).chain(row).collect(),
                what: format!("{}={sum} day={day}", self.column),
                message: format!("says {sum} {unit} given on {day}, and the field gives {expected} {unit}"),
            });
        }
        let what = "entries of the dose history differ from their field";
        let agreement = self.rules.prescriptions.agreement;
        let verdict = std::mem::take(&mut self.convention).into_verdict(agreement, what);
        explain_nothing(verdict, "no entry of the dose history has both an amount and a field with one")
    }
}

pub(super) struct DoseEnergy;
pub(super) struct DoseFraction;

static ENERGY: CheckCard = CheckCard {
    id: "dose_energy",
    group: "doses",
    mode: "plausible_delivery",
    severity: Severity::Critical,
    about: "The energy in the dose history is that of the field's control points. Where many fields of a database do \
        not keep this, none is reported.",
    remedy: "Find out from the machine's log which energy was given.",
};

static FRACTION: CheckCard = CheckCard {
    id: "dose_fraction",
    group: "doses",
    mode: "plausible_delivery",
    severity: Severity::Medium,
    about: "The fraction number in the dose history (Fractions_Tx) lies between 1 and the fractions of the current \
        prescription. Where many entries of a database do not keep this, none is reported.",
    remedy: "Compare the number with the fractions given, and the fractions given with those prescribed.",
};

impl Check for DoseEnergy {
    fn card(&self) -> &'static CheckCard {
        &ENERGY
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS), Fetch::all(DOSES), Fetch::all(POINTS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let columns = [("FLD_ID", CellForm::Whole), ("Energy", CellForm::Whole)];
        require_columns(DOSES, columns).chain(require_columns(POINTS, columns)).collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(EnergyVisitor { rules: criteria.rules, given: BTreeMap::new(), convention: Convention::default() })
    }
}

/// An energy in tenths, so that it can be a key.
fn tenths(row: &Row<'_>) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "energies are small")]
    let tenths = row.float("Energy").map(|energy| (energy * 10.0).round() as i64);
    tenths.filter(|tenths| *tenths > 0)
}

// Nearly all entries of a field have one energy: a few numbers for each field.
struct EnergyVisitor<'a> {
    rules: &'a Rules,
    given: BTreeMap<LookupId, BTreeMap<i64, (Key, u64)>>,
    convention: Convention,
}

impl CheckVisitor for EnergyVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>) {
        match part.table {
            DOSES => {
                for row in &part.rows {
                    let Some(energy) = tenths(row) else { continue };
                    let energies = self.given.entry(LookupId::from_cell(row.cell("FLD_ID"))).or_default();
                    energies.entry(energy).or_insert_with(|| (row.key(), 0)).1 += 1;
                }
            }
            POINTS => {
                for (id, points) in part.rows_by_field() {
                    let planned: Vec<i64> = points.iter().filter_map(tenths).collect();
                    let Some(first) = planned.first() else { continue };
                    for (energy, (key, count)) in self.given.remove(id).unwrap_or_default() {
                        if planned.contains(&energy) {
                            self.convention.keep();
                            continue;
                        }
                        let row = known.find_field(id).map(|field| (FIELDS, field.key()));
                        let (given, planned) = (energy as f64 / 10.0, *first as f64 / 10.0);
                        self.convention.add_breach(Finding {
                            check: ENERGY.id,
                            severity: ENERGY.severity,
                            table: DOSES,
                            key,
                            related: row.into_iter().collect(),
                            what: format!("Energy={given} field={planned}"),
                            message: format!(
                                "says energy {given}, and the field has {planned} ({count} entries of the field)"
                            ),
                        });
                    }
                }
            }
            _ => {}
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let agreement = self.rules.prescriptions.agreement;
        let what = "fields were given with another energy than they have";
        let verdict = std::mem::take(&mut self.convention).into_verdict(agreement, what);
        explain_nothing(verdict, "no entry of the dose history has an energy")
    }
}

impl Check for DoseFraction {
    fn card(&self) -> &'static CheckCard {
        &FRACTION
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all("Site"), Fetch::all(FIELDS), Fetch::all(DOSES)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let doses = [("FLD_ID", CellForm::Whole), ("Fractions_Tx", CellForm::Whole)];
        let fields = [("FLD_ID", CellForm::Whole), ("SIT_Set_ID", CellForm::Whole)];
        let sites = [("SIT_ID", CellForm::Whole), ("SIT_SET_ID", CellForm::Whole), ("Fractions", CellForm::Whole)];
        require_columns(DOSES, doses)
            .chain(require_columns(FIELDS, fields))
            .chain(require_columns("Site", sites))
            .collect()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Orders)
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(FractionVisitor { rules: criteria.rules, convention: Convention::default() })
    }
}

struct FractionVisitor<'a> {
    rules: &'a Rules,
    convention: Convention,
}

impl CheckVisitor for FractionVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>) {
        for row in part.rows.iter().filter(|_| part.table == DOSES) {
            let field = known.orders.field(&LookupId::from_cell(row.cell("FLD_ID")));
            let order = field.and_then(|field| known.orders.current(&field.site));
            let prescribed = order.and_then(|order| Some((order.fractions?, &order.key)));
            let (Some(number), Some((prescribed, key))) = (row.integer("Fractions_Tx"), prescribed) else { continue };
            if (1..=prescribed).contains(&number) {
                self.convention.keep();
                continue;
            }
            self.convention.add_breach(Finding {
                check: FRACTION.id,
                severity: FRACTION.severity,
                table: DOSES,
                key: row.key(),
                related: vec![("Site", key.clone())],
                what: format!("Fractions_Tx={number} prescribed={prescribed}"),
                message: format!("is of fraction {number}, and {prescribed} fractions are prescribed"),
            });
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let agreement = self.rules.prescriptions.agreement;
        let what = "entries of the dose history have a fraction number outside their prescription";
        let verdict = std::mem::take(&mut self.convention).into_verdict(agreement, what);
        explain_nothing(verdict, "no entry of the dose history has a fraction number and a prescription")
    }
}
