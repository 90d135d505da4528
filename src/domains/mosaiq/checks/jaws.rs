//! Jaws: within their machine's reach, and as far apart as the field is wide.

use std::collections::BTreeMap;

use super::{Check, CheckCard, CheckFacts, CheckVisitor, Criteria, check_rows};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::fleet::MachineRules;
use crate::domains::mosaiq::geometry::rounded;
use crate::domains::mosaiq::leaves::Convention;
use crate::domains::mosaiq::lookup::LookupId;
use crate::domains::mosaiq::numbers::CellReading;
use crate::domains::mosaiq::rules::Geometry;
use crate::domains::mosaiq::surveys::{FieldSurvey, SurveyVisitor, SurveyedField};
use crate::model::{Fetch, Finding, Row, Severity, Violation};

const FIELDS: &str = "TxField";
const POINTS: &str = "TxFieldPoint";
const JAWS: [&str; 4] = ["Coll_X1", "Coll_X2", "Coll_Y1", "Coll_Y2"];
/// Width and the two jaws of each direction.
const WIDTHS: [(&str, &str, &str); 2] = [("Field_X", "Coll_X1", "Coll_X2"), ("Field_Y", "Coll_Y1", "Coll_Y2")];

pub(super) struct JawRange;
pub(super) struct JawWidth;

static RANGE: CheckCard = CheckCard {
    id: "jaw_range",
    group: "geometry",
    mode: "plausible_geometry",
    severity: Severity::High,
    about: "No jaw (Coll_X1, Coll_X2, Coll_Y1, Coll_Y2) is farther from the centre than the rules let the machine \
        reach.",
    remedy: "Export the field from the treatment plan again; no machine can open a jaw so far.",
};

static WIDTH: CheckCard = CheckCard {
    id: "jaw_width",
    group: "geometry",
    mode: "plausible_geometry",
    severity: Severity::High,
    about: "Field_X is the distance of the jaws X1 and X2, and Field_Y that of Y1 and Y2, as the machine counts \
        them: their sum where each counts outward, their difference where both are in one coordinate. Which of the \
        two holds is taken from the machine's other fields.",
    remedy: "Compare field size and jaws with the treatment plan: one of the three numbers was changed alone.",
};

impl Check for JawRange {
    fn card(&self) -> &'static CheckCard {
        &RANGE
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(POINTS)]
    }

    fn optional_queries(&self) -> Vec<Fetch> {
        MachineRules::queries()
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        JAWS.map(|jaw| CheckedColumn::judged_alone(POINTS, jaw, CellForm::Number)).into()
    }

    fn visitor<'a>(&self, known: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let fleet = MachineRules::from_snapshot(known.whole, criteria.rules);
        check_rows(&RANGE, POINTS, move |row, known| {
            let field = LookupId::from_cell(row.cell("FLD_ID"));
            let reach = fleet.of_field(&field, &known.machines.fields).jaw_reach.around_zero();
            let mut faults = Vec::new();
            for jaw in JAWS {
                let Some(place) = CellReading::from_cell(row, jaw).number() else { continue };
                if !reach.contains(place) {
                    let message = format!("{jaw} is {place} cm; the machine's jaws reach {reach} cm");
                    faults.push((RANGE.severity, Violation { what: format!("{jaw}={place}"), message }));
                }
            }
            faults
        })
    }
}

impl Check for JawWidth {
    fn card(&self) -> &'static CheckCard {
        &WIDTH
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS), Fetch::all(POINTS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let ids = [(FIELDS, "FLD_ID"), (POINTS, "FLD_ID"), (POINTS, "Point")];
        let ids = ids.map(|(table, column)| CheckedColumn::required(table, column, CellForm::Whole));
        let lengths = WIDTHS.iter().flat_map(|(width, one, other)| [*width, *one, *other]);
        let lengths = lengths.map(|column| CheckedColumn::judged_alone(POINTS, column, CellForm::Number));
        ids.into_iter().chain(lengths).collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(SurveyVisitor::new(WidthSurvey { rules: &criteria.rules.geometry }, criteria.rules))
    }
}

struct WidthSurvey<'a> {
    rules: &'a Geometry,
}

/// The first control point of a field that fits neither convention, or one of them only.
#[derive(Default)]
struct JawWidths {
    absolute: Option<WidthMismatch>,
    outward: Option<WidthMismatch>,
    compared: bool,
}

/// A width that is not the distance of its jaws, cm.
#[derive(Clone)]
struct WidthMismatch {
    column: &'static str,
    point: i64,
    width: f64,
    jaws: (f64, f64),
}

impl JawWidths {
    const fn mismatch(&self, convention: Convention) -> Option<&WidthMismatch> {
        match convention {
            Convention::Absolute => self.absolute.as_ref(),
            Convention::Outward => self.outward.as_ref(),
        }
    }

    fn fits(&self, convention: Convention) -> bool {
        self.compared && self.mismatch(convention).is_none()
    }
}

impl FieldSurvey for WidthSurvey<'_> {
    type Record = ();
    type Summary = JawWidths;

    fn read_record(&self, _: &Row<'_>) {}

    fn summarize_points(&self, points: &[Row<'_>]) -> Option<JawWidths> {
        let mut widths = JawWidths::default();
        for row in points {
            for (column, one, other) in WIDTHS {
                let [Some(width), Some(one), Some(other)] = [column, one, other].map(|name| row.float(name)) else {
                    continue;
                };
                widths.compared = true;
                let point = row.integer("Point").unwrap_or_default();
                let mismatch = WidthMismatch { column, point, width, jaws: (one, other) };
                let is_off = |distance: f64| (width - distance).abs() > self.rules.jaw_tolerance.get() + 1e-9;
                if is_off(other - one) {
                    widths.absolute.get_or_insert_with(|| mismatch.clone());
                }
                if is_off(one + other) {
                    widths.outward.get_or_insert(mismatch);
                }
            }
        }
        widths.compared.then_some(widths)
    }

    fn judge_fields(
        &self,
        fields: &[SurveyedField<'_, Self>],
        _: &CheckFacts<'_>,
        findings: &mut Vec<Finding>,
        _: &mut Vec<String>,
    ) -> usize {
        let mut tallies: BTreeMap<&LookupId, (usize, usize)> = BTreeMap::new();
        for field in fields {
            let (absolute, outward) = only_fits(field.summary);
            let tally = tallies.entry(field.field.machine).or_default();
            *tally = (tally.0 + absolute, tally.1 + outward);
        }
        for field in fields {
            let own = only_fits(field.summary);
            let all = tallies.get(field.field.machine).copied().unwrap_or_default();
            // Without the field itself, which would argue for the convention that hides it.
            findings.extend(check_width(field, (all.0 - own.0, all.1 - own.1)));
        }
        fields.len()
    }
}

/// Returns 1 for the convention that alone fits a field, absolute first, and 0 for the other.
fn only_fits(widths: &JawWidths) -> (usize, usize) {
    match (widths.fits(Convention::Absolute), widths.fits(Convention::Outward)) {
        (true, false) => (1, 0),
        (false, true) => (0, 1),
        _ => (0, 0),
    }
}

fn check_width(field: &SurveyedField<'_, WidthSurvey<'_>>, others: (usize, usize)) -> Option<Finding> {
    let convention = match others {
        (absolute, outward) if absolute > 9 * outward => Some(Convention::Absolute),
        (absolute, outward) if outward > 9 * absolute => Some(Convention::Outward),
        _ => None,
    };
    let wrong = match convention {
        Some(convention) => field.summary.mismatch(convention)?,
        // A machine that tells nothing: the field must fit one of the two.
        None if field.summary.fits(Convention::Absolute) || field.summary.fits(Convention::Outward) => return None,
        None => field.summary.absolute.as_ref()?,
    };
    let WidthMismatch { column, point, width, jaws } = wrong;
    let [width, one, other] = [*width, jaws.0, jaws.1].map(rounded);
    let counts = convention.map_or("in either convention", |convention| match convention {
        Convention::Absolute => "as the machine counts both in one coordinate",
        Convention::Outward => "as the machine counts both outward",
    });
    let message = format!(
        "{column} is {width} cm at control point {point}, but the jaws stand at {one} and {other} cm, {counts}"
    );
    let wrong = Violation { what: format!("{column}={width} jaws={one}/{other}"), message };
    Some(field.finding(WIDTH.id, WIDTH.severity, &[], wrong))
}
