//! Offsets in the context of their prescription: measured near a treatment, and within the site's action limit.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::offsets::AXES;
use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, GatheredFact, RowBatch, key_finding,
    sorted_verdict, to_duration,
};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::lookup::{CompactKey, Lookup, LookupId};
use crate::domains::mosaiq::numbers::CellReading;
use crate::domains::mosaiq::rules::{Largest, Rules};
use crate::model::time::Time;
use crate::model::{Fetch, Finding, Row, Severity, TableRows, Value, Violation};

const TABLE: &str = "Offset";
const SITES: &str = "Site";
const DELIVERIES: &str = "TrackTreatment";
const SET: &str = "SIT_SET_ID";

pub(super) struct OffsetTime;
pub(super) struct OffsetActionLimit;

static TIME: CheckCard = CheckCard {
    id: "offset_time",
    group: "offsets",
    mode: "invalid_offset_data",
    severity: Severity::Medium,
    about: "A shift is measured (Study_DtTm) within the rules' time before or after the start of a treatment of its \
        prescription. Only shifts of treated prescriptions are judged.",
    remedy: "Compare the clocks of imaging system and machine, and find the treatment that the image belongs to.",
};

static LIMIT: CheckCard = CheckCard {
    id: "offset_action_limit",
    group: "offsets",
    mode: "invalid_offset_data",
    severity: Severity::Medium,
    about: "No axis of a shift exceeds the action limit in the rules for its site; shifts of sites without a limit, \
        and axes that offset_size reports, are not judged.",
    remedy: "Check the image, and find out whether the patient was repositioned before beam on.",
};

/// Returns SIT_SET_ID of a shift or a prescription.
pub(super) fn set_id(row: &Row<'_>) -> Option<LookupId> {
    Some(LookupId::from_cell(row.cell(SET))).filter(|set| !set.is_null())
}

impl Check for OffsetTime {
    fn card(&self) -> &'static CheckCard {
        &TIME
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE), Fetch::all(SITES), Fetch::all(DELIVERIES)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        vec![
            CheckedColumn::required(TABLE, SET, CellForm::Whole),
            CheckedColumn::required(TABLE, "Study_DtTm", CellForm::Time),
            CheckedColumn::required(SITES, SET, CellForm::Whole),
            CheckedColumn::required(SITES, "SIT_ID", CellForm::Whole),
            CheckedColumn::required(DELIVERIES, "SIT_ID", CellForm::Whole),
            CheckedColumn::required(DELIVERIES, "Create_DtTm", CellForm::Time),
            CheckedColumn::required(DELIVERIES, "WasBeamOn", CellForm::Flag),
            CheckedColumn::optional(DELIVERIES, "WasQAMode", CellForm::FlagOrNull),
        ]
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Deliveries)
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let offsets = &criteria.rules.offsets;
        let window =
            TimeWindow { before: to_duration(offsets.before_treatment), after: to_duration(offsets.after_treatment) };
        Box::new(OffsetTimeVisitor { window, ..OffsetTimeVisitor::default() })
    }
}

// Prescriptions come first, then deliveries in the order of their starts, then shifts: when a shift arrives, all
// treatments are known.
#[derive(Default)]
struct OffsetTimeVisitor {
    window: TimeWindow,
    /// SIT_SET_ID by SIT_ID.
    sets: Lookup<LookupId>,
    /// Starts of the treatments of every set: first those in local time, then those that name an offset from UTC.
    sessions: BTreeMap<LookupId, [TreatmentStarts; 2]>,
    looked_at: u64,
    /// Shifts of prescriptions without a treatment.
    untreated: u64,
    findings: Vec<Finding>,
}

impl CheckVisitor for OffsetTimeVisitor {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        match part.table {
            SITES => {
                for row in &part.rows {
                    if let Some(set) = set_id(row) {
                        self.sets.insert(LookupId::from_cell(row.cell("SIT_ID")), set);
                    }
                }
                self.sets.seal();
            }
            DELIVERIES => {
                for row in &part.rows {
                    self.add_treatment(row);
                }
            }
            _ => self.check_shifts(part),
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let verdict = sorted_verdict(self.looked_at, std::mem::take(&mut self.findings));
        match self.untreated {
            0 => verdict,
            some => verdict.with_remarks(vec![format!("shifts of prescriptions that were never treated: {some}")]),
        }
    }
}

impl OffsetTimeVisitor {
    fn add_treatment(&mut self, row: &Row<'_>) {
        let beam = row.flag("WasBeamOn") == Some(true) && row.flag("WasQAMode") != Some(true);
        let set = self.sets.get(&LookupId::from_cell(row.cell("SIT_ID")));
        let (true, Some(set), Some(start)) = (beam, set, row.time("Create_DtTm")) else { return };
        let [local, zoned] = self.sessions.entry(set.clone()).or_default();
        if start.is_zoned() { zoned } else { local }.add_start(start.instant(), self.window);
    }

    fn check_shifts(&mut self, part: &RowBatch<'_>) {
        self.looked_at += part.len();
        for row in &part.rows {
            self.untreated += u64::from(set_id(row).is_some_and(|set| !self.sessions.contains_key(&set)));
            let fault = self.check_time(row);
            self.findings.extend(fault.map(|wrong| key_finding(&TIME, TABLE, row.key(), wrong)));
        }
    }

    /// Returns the fault of a shift without a treatment near it.
    fn check_time(&self, row: &Row<'_>) -> Option<Violation> {
        let study = row.time("Study_DtTm")?;
        let [local, zoned] = self.sessions.get(&set_id(row)?)?;
        let starts = if study.is_zoned() { zoned } else { local };
        let nearest = starts.nearest_beyond(study.instant(), self.window)?;
        // The starts of zoned times are kept in UTC.
        let offset_minutes = study.offset_minutes.map(|_| 0);
        let [study, nearest] = [study, Time { wall: nearest, offset_minutes }].map(Time::to_text);
        let message = format!("was measured at {study}, and the nearest treatment began at {nearest}");
        Some(Violation { what: format!("Study_DtTm={study}"), message })
    }
}

/// How long before the start of a treatment a shift may be measured, and how long after.
#[derive(Clone, Copy, Debug, Default)]
struct TimeWindow {
    before: SignedDuration,
    after: SignedDuration,
}

/// Starts of treatments, merged into runs of starts no farther apart than the window is wide.
///
/// A moment between the first and the last start of a run has a start within its window, so that the starts between
/// need not be kept.
#[derive(Debug, Default)]
struct TreatmentStarts(Vec<(DateTime, DateTime)>);

impl TreatmentStarts {
    /// Adds a start, not before any other.
    fn add_start(&mut self, start: DateTime, window: TimeWindow) {
        let width = window.before + window.after;
        match self.0.last_mut().filter(|(_, last)| start.duration_since(*last) <= width) {
            Some((_, last)) => *last = start,
            None => self.0.push((start, start)),
        }
    }

    /// Returns the nearest start if none lies within the window of a moment.
    fn nearest_beyond(&self, moment: DateTime, window: TimeWindow) -> Option<DateTime> {
        let first = moment.checked_sub(window.after).unwrap_or(DateTime::MIN);
        let last = moment.checked_add(window.before).unwrap_or(DateTime::MAX);
        let next = self.0.get(self.0.partition_point(|(_, end)| *end < first));
        if next.is_some_and(|(start, _)| *start <= last) {
            return None;
        }
        let ends = self.0.iter().flat_map(|(first, last)| [*first, *last]);
        ends.min_by_key(|start| start.duration_since(moment).abs())
    }
}

impl Check for OffsetActionLimit {
    fn card(&self) -> &'static CheckCard {
        &LIMIT
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE), Fetch::all(SITES)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let axes = AXES.map(|axis| CheckedColumn::judged_alone(TABLE, axis, CellForm::Number));
        let ids =
            [(TABLE, SET), (SITES, SET)].map(|(table, column)| CheckedColumn::required(table, column, CellForm::Whole));
        let name = [CheckedColumn::required(SITES, "Site_Name", CellForm::Any)];
        let aids = [
            CheckedColumn::optional(SITES, "Technique", CellForm::Any),
            CheckedColumn::optional(SITES, "Version", CellForm::Whole),
        ];
        axes.into_iter().chain(ids).chain(name).chain(aids).collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(ActionLimitVisitor {
            criteria,
            limits: SiteLimits::default(),
            looked_at: 0,
            unlimited: 0,
            findings: Vec::new(),
        })
    }
}

// Prescriptions come before shifts: the limit of a shift is known when it arrives.
struct ActionLimitVisitor<'a> {
    criteria: Criteria<'a>,
    limits: SiteLimits<'a>,
    looked_at: u64,
    /// Shifts of sites without a limit.
    unlimited: u64,
    findings: Vec<Finding>,
}

impl CheckVisitor for ActionLimitVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        if part.table == SITES {
            for row in &part.rows {
                self.limits.add_site(row, self.criteria.rules);
            }
            return;
        }
        for row in &part.rows {
            let Some((rule, limit)) = set_id(row).and_then(|set| self.limits.find_limit(&set)) else {
                self.unlimited += 1;
                continue;
            };
            self.looked_at += 1;
            let wrong = check_limit(row, rule, limit, self.criteria.rules.offsets.max_shift);
            self.findings.extend(wrong.map(|wrong| key_finding(&LIMIT, TABLE, row.key(), wrong)));
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        // The rules set limits for few sites. That most shifts have none needs no remark; that all have none does.
        let none = self.looked_at == 0 && self.unlimited > 0;
        let unlimited = none.then(|| "no shift belongs to a site with a limit".to_owned());
        let remarks = unlimited.into_iter().chain(self.limits.remarks(self.criteria.rules)).collect();
        sorted_verdict(self.looked_at, std::mem::take(&mut self.findings)).with_remarks(remarks)
    }
}

/// Returns the fault of a shift beyond a limit.
fn check_limit(row: &Row<'_>, rule: &str, limit: Largest, possible: Largest) -> Option<Violation> {
    let (bounds, possible) = (limit.around_zero(), possible.around_zero());
    let (mut what, mut shifts) = (Vec::new(), Vec::new());
    for axis in AXES {
        let Some(shift) = CellReading::from_cell(row, axis).number() else { continue };
        // An impossible shift is reported by `offset_size`.
        if !bounds.contains(shift) && possible.contains(shift) {
            what.push(format!("{axis}={shift}"));
            shifts.push(format!("{axis} is {shift} cm"));
        }
    }
    if what.is_empty() {
        return None;
    }
    let message = format!("{}; the action limit of {rule} is {limit} cm", shifts.join(", "));
    Some(Violation { what: what.join(" "), message })
}

/// Returns the name of the rule and the action limit in cm for a set of prescriptions.
pub(in crate::domains::mosaiq) fn site_limit<'r>(
    sites: &TableRows,
    rules: &'r Rules,
    set: &Value,
) -> Option<(&'r str, f64)> {
    let mut limits = SiteLimits::default();
    for row in sites.rows() {
        limits.add_site(&row, rules);
    }
    limits.find_limit(&LookupId::from_cell(Some(set))).map(|(rule, limit)| (rule, limit.get()))
}

/// The smallest action limit of every set of prescriptions, by its current version.
#[derive(Default)]
pub(super) struct SiteLimits<'r> {
    sets: BTreeMap<LookupId, SiteVersion<'r>>,
    /// The rules that match any prescription, even an old version.
    matched: BTreeSet<&'r str>,
}

/// Whether a version of a prescription is the current one, its key, and the rule with its limit.
type SiteVersion<'r> = (bool, CompactKey, Option<(&'r str, Largest)>);

impl<'r> SiteLimits<'r> {
    /// Adds a prescription. Of several current versions the last key counts, without a current one the first.
    pub(super) fn add_site(&mut self, row: &Row<'_>, rules: &'r Rules) {
        let Some(set) = set_id(row) else { return };
        let is_current = row.integer("Version").is_none_or(|version| version == 0);
        let key = CompactKey::from(row.key());
        let matching: Vec<(&str, Largest)> = matching_rules(row, rules).collect();
        self.matched.extend(matching.iter().map(|(rule, _)| *rule));
        // By key and not by arrival, because rows come in any order.
        let replaces = self.sets.get(&set).is_none_or(|(known, known_key, _)| match (is_current, *known) {
            (true, true) => key > *known_key,
            (false, false) => key < *known_key,
            (is_current, _) => is_current,
        });
        if replaces {
            let smallest = matching.into_iter().min_by(|a, b| a.1.get().total_cmp(&b.1.get()));
            self.sets.insert(set, (is_current, key, smallest));
        }
    }

    pub(super) fn find_limit(&self, set: &LookupId) -> Option<(&'r str, Largest)> {
        self.sets.get(set).and_then(|(.., limit)| *limit)
    }

    /// Returns a remark for every rule that matches no prescription.
    fn remarks(&self, rules: &'r Rules) -> Vec<String> {
        // Rules of the default file are examples, which need not match.
        let own = rules.sites.iter().filter(|(name, rule)| Rules::standard().sites.get(*name) != Some(*rule));
        let idle = own.filter(|(name, _)| !self.matched.contains(name.as_str()));
        idle.map(|(name, _)| format!("the rules name the site {name}, which matches no prescription")).collect()
    }
}

/// Returns name and limit of the rules that match a prescription.
fn matching_rules<'r>(row: &Row<'_>, rules: &'r Rules) -> impl Iterator<Item = (&'r str, Largest)> + use<'r> {
    let [name, technique] =
        ["Site_Name", "Technique"].map(|column| row.text(column).unwrap_or_default().to_lowercase());
    let matching = rules.sites.iter().filter(move |(_, rule)| {
        name.contains(&rule.name.to_lowercase()) && technique.contains(&rule.technique.to_lowercase())
    });
    matching.map(|(rule, site)| (rule.as_str(), site.max_shift))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at_minute(minute: i64) -> DateTime {
        jiff::civil::datetime(2024, 5, 6, 8, 0, 0, 0) + SignedDuration::from_mins(minute)
    }

    proptest! {
        #[test]
        fn starts_that_are_not_kept_are_not_missed(
            mut starts in prop::collection::vec(0_i64..400, 1..30),
            study in -60_i64..460,
            before in 0_i64..40,
            after in 0_i64..40,
        ) {
            starts.sort_unstable();
            let mut sessions = TreatmentStarts::default();
            let [earlier, later] = [before, after].map(SignedDuration::from_mins);
            let window = TimeWindow { before: earlier, after: later };
            for start in &starts {
                sessions.add_start(at_minute(*start), window);
            }
            let near = starts.iter().any(|start| study - after <= *start && *start <= study + before);
            let nearest = starts.iter().min_by_key(|start| (**start - study).abs()).map(|start| at_minute(*start));
            let beyond = sessions.nearest_beyond(at_minute(study), window);
            prop_assert_eq!(beyond, nearest.filter(|_| !near));
        }
    }
}
