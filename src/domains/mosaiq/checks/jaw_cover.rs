//! Jaws and leaves against each other: no open pair behind a jaw, and closed pairs closed as the machine closes them.

use std::collections::BTreeMap;

use super::{Check, CheckCard, CheckFacts, CheckVisitor, Criteria, GatheredFact};
use crate::domains::mosaiq::apertures::{Aperture, ApertureViews, NarrowestGaps, View};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::geometry::{Span, find_median, rounded};
use crate::domains::mosaiq::leaves::Convention;
use crate::domains::mosaiq::lookup::LookupId;
use crate::domains::mosaiq::peers::SortedPeers;
use crate::domains::mosaiq::rules::Geometry;
use crate::domains::mosaiq::surveys::{FieldSurvey, SurveyVisitor, SurveyedField};
use crate::model::{Fetch, Finding, Row, Severity, Violation};

const FIELDS: &str = "TxField";
const POINTS: &str = "TxFieldPoint";
/// Pairs whose numbers differ by no more than this are beside each other.
const NEAR_PAIRS: usize = 2;
/// How far jaws beside one pair may vary before they tell nothing, cm.
const JAWS_SPREAD_CM: f64 = 3.0;
/// Fields that a jaw beside a pair must have been seen in.
const NEAR_FIELDS: usize = 3;
/// The share of other fields, in percent, that must close their leaves in the same way.
const SAME_GAP_PERCENT: usize = 90;

pub(super) struct JawCover;
pub(super) struct LeafBank;

static COVER: CheckCard = CheckCard {
    id: "jaw_cover",
    group: "geometry",
    mode: "plausible_geometry",
    severity: Severity::High,
    about: "No open leaf pair reaches beyond an X jaw by more than the rules allow, unless open pairs of the machine \
        usually do; no Y jaw stands much nearer to the centre than beside the same outermost open pair in the \
        machine's other fields. Which convention jaws and leaves have is taken from the machine's other fields.",
    remedy: "Compare jaws and leaves with the treatment plan: a part of the target is covered, or the leaves are \
        shifted.",
};

static BANK: CheckCard = CheckCard {
    id: "leaf_bank",
    group: "geometry",
    mode: "plausible_geometry",
    severity: Severity::High,
    about: "The narrowest gap of a control point is that of the machine's closed pairs, where nearly all of its \
        other fields close their leaves in the same way. A bank that is shifted against the other has no closed pair \
        left.",
    remedy: "Compare the leaf positions with the treatment plan: one bank is shifted against the other.",
};

fn point_columns() -> Vec<CheckedColumn> {
    let ids = [(FIELDS, "FLD_ID"), (POINTS, "FLD_ID"), (POINTS, "Point"), (POINTS, "MLC_Leaves")];
    let ids = ids.map(|(table, column)| CheckedColumn::required(table, column, CellForm::Whole));
    let banks = ["A_Leaf_Set", "B_Leaf_Set"].map(|bank| CheckedColumn::required(POINTS, bank, CellForm::Bytes));
    ids.into_iter().chain(banks).collect()
}

impl Check for JawCover {
    fn card(&self) -> &'static CheckCard {
        &COVER
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS), Fetch::all(POINTS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let jaws = ["Coll_X1", "Coll_X2", "Coll_Y1", "Coll_Y2"];
        point_columns()
            .into_iter()
            .chain(jaws.map(|jaw| CheckedColumn::judged_alone(POINTS, jaw, CellForm::Number)))
            .collect()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Leaves)
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(SurveyVisitor::new(CoverSurvey { rules: &criteria.rules.geometry }, criteria.rules))
    }
}

impl Check for LeafBank {
    fn card(&self) -> &'static CheckCard {
        &BANK
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS), Fetch::all(POINTS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        point_columns()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Leaves)
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(SurveyVisitor::new(BankSurvey { rules: &criteria.rules.geometry }, criteria.rules))
    }
}

struct CoverSurvey<'a> {
    rules: &'a Geometry,
}

impl FieldSurvey for CoverSurvey<'_> {
    type Record = ();
    type Summary = ApertureViews;

    fn read_record(&self, _: &Row<'_>) {}

    fn summarize_points(&self, points: &[Row<'_>]) -> Option<ApertureViews> {
        ApertureViews::of_points(points)
    }

    fn judge_fields(
        &self,
        fields: &[SurveyedField<'_, Self>],
        known: &CheckFacts<'_>,
        findings: &mut Vec<Finding>,
        _: &mut Vec<String>,
    ) -> usize {
        let mut judged = 0;
        for (_, fields) in group_by_machine(fields, |field| field.summary.pairs) {
            let outward = fields.iter().filter(|field| field.summary.jaws_outward == Some(true)).count();
            let absolute = fields.iter().filter(|field| field.summary.jaws_outward == Some(false)).count();
            let views: Vec<_> = fields
                .iter()
                .filter_map(|field| {
                    let leaves = convention_of(field, known)?;
                    let jaws = choose_jaws(field.summary.jaws_outward, outward, absolute)?;
                    Some((*field, field.summary.view(View { leaves, jaws })?))
                })
                .collect();
            judged += views.len();
            let overhangs = [0, 1].map(|side| {
                let sides = views.iter().filter_map(|(_, view)| view.overhang.get(side).copied().flatten());
                SortedPeers::of_numbers(sides.map(|(overhang, _)| overhang))
            });
            let beside = [0, 1].map(|side| JawsBesidePairs::of_apertures(views.iter().map(|(_, view)| *view), side));
            for (field, aperture) in &views {
                let wrong = self.check_across(aperture, &overhangs);
                let wrong = wrong.or_else(|| check_along(self.rules, aperture, &beside));
                findings.extend(wrong.map(|wrong| field.finding(COVER.id, COVER.severity, &[], wrong)));
            }
        }
        judged
    }
}

/// Returns the leaf convention of a field's machine, by its other fields.
fn convention_of<S: FieldSurvey>(field: &SurveyedField<'_, S>, known: &CheckFacts<'_>) -> Option<Convention> {
    known.machines.peer_tally(&known.machines.leaf_field(&field.field.id)?).likely_convention()
}

/// Returns the convention of the jaws by the machine's other fields.
fn choose_jaws(own: Option<bool>, outward: usize, absolute: usize) -> Option<Convention> {
    let outward = outward - usize::from(own == Some(true));
    let absolute = absolute - usize::from(own == Some(false));
    match (outward > 9 * absolute, absolute > 9 * outward) {
        (true, _) => Some(Convention::Outward),
        (_, true) => Some(Convention::Absolute),
        _ => None,
    }
}

type MachineFields<'s, 'f, S> = BTreeMap<(&'s LookupId, usize), Vec<&'s SurveyedField<'f, S>>>;

fn group_by_machine<'s, 'f, S: FieldSurvey>(
    fields: &'s [SurveyedField<'f, S>],
    pairs: impl Fn(&SurveyedField<'f, S>) -> usize,
) -> MachineFields<'s, 'f, S> {
    let mut machines: MachineFields<'s, 'f, S> = BTreeMap::new();
    for field in fields.iter().filter(|field| field.is_treatment() && !field.field.machine.is_null()) {
        machines.entry((field.field.machine, pairs(field))).or_default().push(field);
    }
    machines
}

impl CoverSurvey<'_> {
    /// Returns the fault of a field whose open pairs reach beyond an X jaw.
    fn check_across(&self, aperture: &Aperture, all: &[SortedPeers; 2]) -> Option<Violation> {
        let allowed = self.rules.jaw_overhang.get();
        for (jaw, (at, usual)) in ["Coll_X1", "Coll_X2"].into_iter().zip(all.iter().enumerate()) {
            let Some((overhang, point)) = aperture.overhang.get(at).copied().flatten() else { continue };
            let count = usual.others();
            let high = usual.nth_other(overhang, count * 9 / 10).unwrap_or_default().max(0.0);
            if count < self.rules.peers() || overhang <= high + allowed {
                continue;
            }
            let overhang = rounded(overhang);
            let message = format!(
                "at control point {point} open leaf pairs reach {overhang} cm beyond the jaw {jaw}; in the machine's \
                    other fields at most {} cm",
                rounded(high)
            );
            return Some(Violation { what: format!("{jaw} overhang={overhang} Point={point}"), message });
        }
        None
    }
}

/// Returns the fault of a field whose Y jaw stands too near to the centre for its outermost open pair.
fn check_along(rules: &Geometry, aperture: &Aperture, all: &[JawsBesidePairs; 2]) -> Option<Violation> {
    for (jaw, (side, beside)) in ["Coll_Y1", "Coll_Y2"].into_iter().zip(all.iter().enumerate()) {
        let Some((pair, place, point)) = aperture.outermost.get(side).copied().flatten() else { continue };
        let mut near = beside.find_others(pair, place);
        let spread = Span::of_numbers(near.iter().copied()).map_or(f64::MAX, Span::width);
        if near.len() < NEAR_FIELDS || spread > JAWS_SPREAD_CM {
            continue;
        }
        let Some(usual) = find_median(&mut near) else { continue };
        if place >= usual - rules.jaw_nearer.get() {
            continue;
        }
        let (place, usual) = (rounded(place), rounded(usual));
        let message = format!(
            "at control point {point} the jaw {jaw} stands {place} cm from the centre over open leaf pairs; beside \
                the same pairs it stands at {usual} cm in the machine's other fields"
        );
        return Some(Violation { what: format!("{jaw}={place} Point={point}"), message });
    }
    None
}

/// Where the jaw of one side stands beside each outermost open pair, cm.
struct JawsBesidePairs(BTreeMap<usize, Vec<f64>>);

impl JawsBesidePairs {
    fn of_apertures<'s>(apertures: impl Iterator<Item = &'s Aperture>, side: usize) -> Self {
        let mut pairs: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for (pair, place, _) in apertures.filter_map(|view| view.outermost.get(side).copied().flatten()) {
            pairs.entry(pair).or_default().push(place);
        }
        Self(pairs)
    }

    /// Returns where the jaws of other fields stand beside a pair, or one near it if few fields have that one.
    fn find_others(&self, pair: usize, own: f64) -> Vec<f64> {
        let mut near = Vec::new();
        for away in 0..=NEAR_PAIRS {
            near =
                self.0.range(pair.saturating_sub(away)..=pair + away).flat_map(|(_, places)| places).copied().collect();
            // The field itself is no other one.
            if let Some(at) = near.iter().position(|place| place.to_bits() == own.to_bits()) {
                near.swap_remove(at);
            }
            if near.len() >= NEAR_FIELDS {
                break;
            }
        }
        near
    }
}

struct BankSurvey<'a> {
    rules: &'a Geometry,
}

impl FieldSurvey for BankSurvey<'_> {
    type Record = ();
    type Summary = NarrowestGaps;

    fn read_record(&self, _: &Row<'_>) {}

    fn summarize_points(&self, points: &[Row<'_>]) -> Option<NarrowestGaps> {
        NarrowestGaps::of_points(points)
    }

    fn judge_fields(
        &self,
        fields: &[SurveyedField<'_, Self>],
        known: &CheckFacts<'_>,
        findings: &mut Vec<Finding>,
        _: &mut Vec<String>,
    ) -> usize {
        let mut judged = 0;
        for (_, fields) in group_by_machine(fields, |field| field.summary.pairs) {
            let gaps: Vec<(&SurveyedField<'_, Self>, Span)> = fields
                .iter()
                .filter_map(|field| Some((*field, field.summary.narrowest(convention_of(field, known)?)?)))
                .collect();
            judged += gaps.len();
            let widest = SortedPeers::of_numbers(gaps.iter().map(|(_, gap)| gap.most));
            for (field, own) in &gaps {
                let Some(usual) = widest.median_of_others(own.most) else { continue };
                let off = self.find_deviation(*own, usual);
                findings.extend(off.and_then(|off| self.check_gap(field, off, usual, &gaps)));
            }
        }
        judged
    }
}

impl BankSurvey<'_> {
    fn tolerance(&self) -> f64 {
        self.rules.gap_tolerance.get() + 1e-9
    }

    /// Returns the narrowest gap that is not the usual one, cm; `None` where both ends are.
    fn find_deviation(&self, own: Span, usual: f64) -> Option<f64> {
        // Crossed pairs are reported by `mlc_leaf_gap`.
        let ends = [own.most, own.least].into_iter().filter(|_| own.least >= 0.0);
        ends.into_iter().find(|end| (end - usual).abs() > self.tolerance())
    }

    fn check_gap<'s, 'f>(
        &self,
        field: &'s SurveyedField<'f, Self>,
        off: f64,
        usual: f64,
        gaps: &[(&'s SurveyedField<'f, Self>, Span)],
    ) -> Option<Finding> {
        let others = gaps.iter().filter(|(other, _)| other.field.id != field.field.id);
        let same = others.clone().filter(|(_, gap)| self.find_deviation(*gap, usual).is_none() && gap.least >= 0.0);
        let (same, others) = (same.count(), others.count());
        if others < self.rules.peers() || same * 100 < others * SAME_GAP_PERCENT {
            return None;
        }
        let (off, usual) = (rounded(off), rounded(usual));
        let message = format!(
            "the narrowest leaf pair is open by {off} cm; the machine's other fields close theirs to {usual} cm"
        );
        let wrong = Violation { what: format!("gap={off} others={usual}"), message };
        Some(field.finding(BANK.id, BANK.severity, &[], wrong))
    }
}
