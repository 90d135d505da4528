//! Doses of a prescription: its numbers agree with each other, and with its fields.

use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, GatheredFact, check_rows, judge_facts,
    require_columns,
};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::conventions::Convention;
use crate::domains::mosaiq::machines::{FIELDS, is_treatment};
use crate::domains::mosaiq::orders::{Order, Orders, SITES};
use crate::domains::mosaiq::rules::Size;
use crate::model::{Fetch, Finding, Row, Severity, Violation};

pub(super) struct PrescriptionTotal;
pub(super) struct PrescriptionFieldDoses;

static TOTAL: CheckCard = CheckCard {
    id: "prescription_total",
    group: "prescriptions",
    mode: "plausible_prescription",
    severity: Severity::Critical,
    about: "Dose of a fraction (Dose_Tx) times Fractions is the total dose (Dose_Ttl) of a prescription, within the \
        rules' tolerance; judged where none of the three is zero.",
    remedy: "Compare the prescription with the one that the physician signed before the next fraction.",
};

static DOSES: CheckCard = CheckCard {
    id: "prescription_field_doses",
    group: "prescriptions",
    mode: "plausible_prescription",
    severity: Severity::Critical,
    about: "The doses of the current treatment fields of a prescription add up to its dose of a fraction, within the \
        rules' tolerance, and a field for imaging (Type_Enum) has no dose. Where many of a database do not keep \
        either, it is not reported.",
    remedy: "Compare prescription and fields with the treatment plan before the next fraction.",
};

/// Tells whether two doses differ by more than a percentage of the expected one.
fn differs(found: f64, expected: f64, tolerance: Size) -> bool {
    (found - expected).abs() > expected.abs() * tolerance.get() / 100.0 + 0.005
}

/// Returns a number with at most two decimals, for messages.
pub(super) fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

impl Check for PrescriptionTotal {
    fn card(&self) -> &'static CheckCard {
        &TOTAL
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(SITES)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let columns = [("Dose_Tx", CellForm::Number), ("Dose_Ttl", CellForm::Number), ("Fractions", CellForm::Whole)];
        require_columns(SITES, columns).collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let tolerance = criteria.rules.prescriptions.dose_tolerance;
        check_rows(&TOTAL, SITES, move |row, _| Vec::from_iter(wrong_total(row, tolerance)))
    }
}

fn wrong_total(row: &Row<'_>, tolerance: Size) -> Option<(Severity, Violation)> {
    let [dose, total, fractions] = ["Dose_Tx", "Dose_Ttl", "Fractions"].map(|column| row.float(column));
    let [dose, total, fractions] = [dose?, total?, fractions?];
    // A prescription that is not filled in yet has zeros.
    if dose == 0.0 || total == 0.0 || fractions == 0.0 || !differs(total, dose * fractions, tolerance) {
        return None;
    }
    let product = rounded(dose * fractions);
    let message =
        format!("{dose} cGy in each of {fractions} fractions make {product} cGy, and the total dose is {total} cGy");
    Some((TOTAL.severity, Violation { what: format!("Dose_Ttl={total} expected={product}"), message }))
}

impl Check for PrescriptionFieldDoses {
    fn card(&self) -> &'static CheckCard {
        &DOSES
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(SITES), Fetch::all(FIELDS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let sites = [("SIT_ID", CellForm::Whole), ("SIT_SET_ID", CellForm::Whole), ("Dose_Tx", CellForm::Number)];
        let fields = [("FLD_ID", CellForm::Whole), ("SIT_Set_ID", CellForm::Whole), ("Cgray", CellForm::Number)];
        let aids = [(SITES, "Version"), (FIELDS, "Version"), (FIELDS, "Type_Enum")];
        let aids = aids.map(|(table, column)| CheckedColumn::optional(table, column, CellForm::Whole));
        require_columns(SITES, sites).chain(require_columns(FIELDS, fields)).chain(aids).collect()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Orders)
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let rules = &criteria.rules.prescriptions;
        judge_facts(SITES, move |known, _| {
            let mut convention = Convention::default();
            for order in known.orders.current_orders() {
                match judge_doses(order, &known.orders, known, rules.dose_tolerance) {
                    None => {}
                    Some(None) => convention.keep(),
                    Some(Some(finding)) => convention.add_breach(finding),
                }
            }
            let verdict = convention.into_verdict(
                rules.agreement,
                "prescriptions have another dose of a fraction than their fields together",
            );
            let (imaging, remarks) = judge_imaging(known).into_parts(rules.agreement, "fields for imaging have a dose");
            let verdict = add_findings(verdict.with_remarks(remarks), imaging);
            explain_nothing(verdict, "no prescription has both a dose of a fraction and a current field with a dose")
        })
    }
}

fn add_findings(mut verdict: CheckVerdict, more: Vec<Finding>) -> CheckVerdict {
    if let CheckVerdict::Ran { findings, .. } = &mut verdict {
        findings.extend(more);
    }
    verdict
}

/// Judges whether the fields for imaging give no dose to their prescription.
fn judge_imaging(known: &CheckFacts<'_>) -> Convention {
    let mut convention = Convention::default();
    for (id, field) in known.orders.fields().filter(|(_, field)| !is_treatment(field.kind)) {
        let Some(dose) = field.dose_cgy else { continue };
        if dose == 0.0 {
            convention.keep();
            continue;
        }
        let Some(row) = known.find_field(&id) else { continue };
        convention.add_breach(Finding {
            check: DOSES.id,
            severity: DOSES.severity,
            table: FIELDS,
            key: row.key(),
            related: known.orders.current(&field.site).map(|order| (SITES, order.key.clone())).into_iter().collect(),
            what: format!("Cgray={dose} imaging"),
            message: format!("is a field for imaging, and has {dose} cGy a fraction; such fields have none"),
        });
    }
    convention
}

/// Returns the verdict with the reason why nothing was judged, if nothing was.
pub(super) fn explain_nothing(verdict: CheckVerdict, why: &str) -> CheckVerdict {
    match verdict {
        CheckVerdict::Ran { looked_at: 0, .. } => CheckVerdict::NotRun { why: why.to_owned() },
        verdict => verdict,
    }
}

/// Judges a prescription; `None` where it or its fields have no dose.
fn judge_doses(order: &Order, orders: &Orders, known: &CheckFacts<'_>, tolerance: Size) -> Option<Option<Finding>> {
    let expected = order.dose_cgy?;
    let (mut sum, mut fields) = (0.0, Vec::new());
    for (id, field) in orders.fields_of(&order.set) {
        if let Some(dose) = field.dose_cgy.filter(|dose| *dose != 0.0) {
            sum += dose;
            fields.extend(known.find_field(id).map(|field| (FIELDS, field.key())));
        }
    }
    let count = fields.len();
    if count == 0 {
        return None;
    }
    if !differs(sum, expected, tolerance) {
        return Some(None);
    }
    let sum = rounded(sum);
    Some(Some(Finding {
        check: DOSES.id,
        severity: DOSES.severity,
        table: SITES,
        key: order.key.clone(),
        related: fields,
        what: format!("Dose_Tx={expected} fields={sum}"),
        message: format!("prescribes {expected} cGy a fraction, and its {count} current fields give {sum} cGy"),
    }))
}
