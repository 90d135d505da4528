//! Offsets against other offsets: as large as those of the patient.

use std::collections::BTreeMap;

use super::offset_context::{SiteLimits, set_id};
use super::offsets::AXES;
use super::{Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, RowBatch, sorted_verdict};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::geometry::rounded;
use crate::domains::mosaiq::lookup::{CompactKey, LookupId};
use crate::domains::mosaiq::numbers::CellReading;
use crate::domains::mosaiq::rules::Offsets;
use crate::domains::mosaiq::shifts::{Shift, UsualShifts};
use crate::model::{Fetch, Finding, Severity, Violation};

const TABLE: &str = "Offset";
const SITES: &str = "Site";
const SET: &str = "SIT_SET_ID";

pub(super) struct OffsetUsual;

static USUAL: CheckCard = CheckCard {
    id: "offset_usual",
    group: "offsets",
    mode: "plausible_offsets",
    severity: Severity::High,
    about: "No axis of a shift lies far beyond those of the prescription's other shifts, by their range and the \
        rules' margin; where there are few of these, it is not half as large again as the largest of all other \
        prescriptions. An exchanged sign, axis or unit is seen so if it leads out of what is usual for the patient; \
        one within it cannot be seen. Axes that offset_size or offset_action_limit reports are left out.",
    remedy: "Look at the image again: was a sign, an axis or the unit exchanged, or is it another patient's shift?",
};

impl Check for OffsetUsual {
    fn card(&self) -> &'static CheckCard {
        &USUAL
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE), Fetch::all(SITES)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let axes = AXES.map(|axis| CheckedColumn::judged_alone(TABLE, axis, CellForm::Number));
        let aids = ["Site_Name", "Technique"].map(|name| CheckedColumn::optional(SITES, name, CellForm::Any));
        [
            CheckedColumn::required(TABLE, SET, CellForm::Whole),
            CheckedColumn::required(SITES, SET, CellForm::Whole),
            CheckedColumn::optional(SITES, "Version", CellForm::Whole),
        ]
        .into_iter()
        .chain(axes)
        .chain(aids)
        .collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(UsualVisitor { criteria, limits: SiteLimits::default(), sets: BTreeMap::new(), looked_at: 0 })
    }
}

struct UsualVisitor<'a> {
    criteria: Criteria<'a>,
    limits: SiteLimits<'a>,
    sets: BTreeMap<LookupId, Vec<(CompactKey, Shift)>>,
    looked_at: u64,
}

impl CheckVisitor for UsualVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        if part.table == SITES {
            for row in &part.rows {
                self.limits.add_site(row, self.criteria.rules);
            }
            return;
        }
        for row in &part.rows {
            let Some(set) = set_id(row) else { continue };
            self.looked_at += 1;
            let limit = self.limits.find_limit(&set).map_or(f64::MAX, |(_, limit)| limit.get());
            let limit = limit.min(self.criteria.rules.offsets.max_shift.get());
            // What another check reports would make the usual range too wide for others.
            let shift = AXES.map(|axis| {
                let is_number = CellReading::from_cell(row, axis).number().is_some();
                row.float(axis).filter(|shift| is_number && shift.abs() <= limit)
            });
            self.sets.entry(set).or_default().push((CompactKey::from(row.key()), shift));
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let rules = &self.criteria.rules.offsets;
        let mut findings = Vec::new();
        let all = LargestShifts::of_sets(&self.sets);
        for (set, shifts) in &self.sets {
            let usual = UsualShifts::of_shifts(shifts.iter().map(|(_, shift)| shift), rules);
            for (key, shift) in shifts {
                let wrong = match &usual {
                    Some(usual) => check_usual(shift, usual, rules),
                    None => check_largest(shift, &all.without(set), rules),
                };
                findings.extend(wrong.map(|Violation { what, message }| Finding {
                    check: USUAL.id,
                    severity: USUAL.severity,
                    table: TABLE,
                    key: key.to_key(),
                    related: Vec::new(),
                    what,
                    message,
                }));
            }
        }
        sorted_verdict(self.looked_at, findings)
    }
}

fn check_usual(shift: &Shift, usual: &UsualShifts, rules: &Offsets) -> Option<Violation> {
    for ((axis, own), others) in AXES.iter().zip(shift).zip(usual.without(shift)) {
        let (Some(own), Some(others)) = (*own, others) else { continue };
        if others.is_usual(own, rules) {
            continue;
        }
        let (own, least, most) = (rounded(own), rounded(others.span.least), rounded(others.span.most));
        let message = format!("{axis} is {own} cm; the prescription's other shifts are {least} to {most} cm");
        return Some(Violation { what: format!("{axis}={own} others={least}..{most}"), message });
    }
    None
}

fn check_largest(shift: &Shift, all: &[Option<f64>; 3], rules: &Offsets) -> Option<Violation> {
    for ((axis, own), largest) in AXES.iter().zip(shift).zip(all) {
        let (Some(own), Some(largest)) = (*own, *largest) else { continue };
        if own.abs() <= largest * 1.5 + rules.usual_margin.get() {
            continue;
        }
        let (own, largest) = (rounded(own), rounded(largest));
        let message = format!("{axis} is {own} cm; no shift of another prescription is larger than {largest} cm");
        return Some(Violation { what: format!("{axis}={own} largest={largest}"), message });
    }
    None
}

/// The largest shifts of the two prescriptions that have the largest ones, by axis: without either, the other counts.
#[derive(Default)]
struct LargestShifts<'s> {
    axes: [[Option<(f64, &'s LookupId)>; 2]; 3],
}

impl<'s> LargestShifts<'s> {
    fn of_sets(sets: &'s BTreeMap<LookupId, Vec<(CompactKey, Shift)>>) -> Self {
        let mut all = Self::default();
        for (set, shifts) in sets {
            for (at, [first, second]) in all.axes.iter_mut().enumerate() {
                let sizes = shifts.iter().filter_map(|(_, shift)| shift.get(at).copied().flatten()).map(f64::abs);
                let Some(largest) = sizes.max_by(f64::total_cmp) else { continue };
                if first.is_none_or(|(known, _)| largest > known) {
                    *second = first.replace((largest, set));
                } else if second.is_none_or(|(known, _)| largest > known) {
                    *second = Some((largest, set));
                }
            }
        }
        all
    }

    fn without(&self, set: &LookupId) -> [Option<f64>; 3] {
        self.axes.map(|both| both.into_iter().flatten().find(|(_, other)| *other != set).map(|(largest, _)| largest))
    }
}
