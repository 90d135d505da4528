//! Offsets beside their prescription: measured near a treatment, and within the site's action limit.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::offsets::AXES;
use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, GatheredFact, RowBatch, of_key, of_row,
    sorted_verdict, to_duration,
};
use crate::domains::mosaiq::ground::{CellForm, CheckedColumn};
use crate::domains::mosaiq::lookup::{CompactKey, Lookup, LookupId};
use crate::domains::mosaiq::numbers::CellReading;
use crate::domains::mosaiq::rules::{Largest, Rules};
use crate::model::time::Time;
use crate::model::{Fetch, Finding, Row, Severity, TableRows, Value, Violation};

const TABLE: &str = "Offset";
const SITES: &str = "Site";
const DELIVERIES: &str = "TrackTreatment";
const SET: &str = "SIT_SET_ID";

/// The check of the time.
pub(super) struct OffsetTime;
/// The check of the site's limit.
pub(super) struct OffsetActionLimit;

static TIME: CheckCard = CheckCard {
    id: "offset_time",
    group: "offsets",
    mode: "invalid_offset_data",
    severity: Severity::Medium,
    about: "A shift is measured (Study_DtTm) no longer before a treatment of its prescription begins, and no \
        longer after, than the rules say. Only shifts of prescriptions that were treated are judged.",
    remedy: "Compare the clocks of imaging system and machine, and find the treatment that the image belongs to.",
};

static LIMIT: CheckCard = CheckCard {
    id: "offset_action_limit",
    group: "offsets",
    mode: "invalid_offset_data",
    severity: Severity::Medium,
    about: "No axis of a shift lies beyond the action limit that the rules set for its site; a shift of a site without \
        one is not judged, and an axis that offset_size reports is left to it.",
    remedy: "Look at the image, and find out whether the patient was set up again before the beam went on.",
};

/// Returns the set of a shift or a prescription.
fn set_id(row: &Row<'_>) -> Option<LookupId> {
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
        let window = (to_duration(offsets.before_treatment), to_duration(offsets.after_treatment));
        Box::new(OffsetTimeVisitor { window, ..OffsetTimeVisitor::default() })
    }
}

/// The look: prescriptions first, then deliveries as they began, then shifts.
#[derive(Default)]
struct OffsetTimeVisitor {
    window: TimeWindow,
    /// The sets of prescriptions.
    sets: Lookup<LookupId>,
    /// When treatments of every set began: those whose times name no offset from UTC, and those whose do.
    sessions: BTreeMap<LookupId, [TreatmentStarts; 2]>,
    looked_at: u64,
    untreated: u64,
    findings: Vec<Finding>,
}

impl CheckVisitor for OffsetTimeVisitor {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        match part.table {
            SITES => {
                let of_site = |row: &Row<'_>| Some((LookupId::from_cell(row.cell("SIT_ID")), set_id(row)?));
                part.rows.iter().filter_map(of_site).for_each(|(site, set)| self.sets.insert(site, set));
                self.sets.seal();
            }
            DELIVERIES => part.rows.iter().for_each(|row| self.add_treatment(row)),
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
            let wrong = self.check_time(row).map(|wrong| of_row(&TIME, TABLE, row, (TIME.severity, wrong)));
            self.findings.extend(wrong);
        }
    }

    /// Says that no treatment began near a shift.
    fn check_time(&self, row: &Row<'_>) -> Option<Violation> {
        let study = row.time("Study_DtTm")?;
        let [local, zoned] = self.sessions.get(&set_id(row)?)?;
        let began = if study.is_zoned() { zoned } else { local };
        let nearest = began.nearest_beyond(study.instant(), self.window)?;
        let offset_minutes = study.offset_minutes.map(|_| 0);
        let [study, nearest] = [study, Time { wall: nearest, offset_minutes }].map(Time::to_text);
        let message = format!("was measured at {study}, and the nearest treatment began at {nearest}");
        Some(Violation { what: format!("Study_DtTm={study}"), message })
    }
}

/// How long before a treatment a shift is measured, and how long after.
type TimeWindow = (SignedDuration, SignedDuration);

/// When treatments began: the first and the last of those that are no farther apart than the window is wide.
///
/// A window that holds a moment between two such starts holds one of them, so that those between are not needed.
#[derive(Debug, Default)]
struct TreatmentStarts(Vec<(DateTime, DateTime)>);

impl TreatmentStarts {
    /// Takes in a start, which lies behind all others.
    fn add_start(&mut self, start: DateTime, (before, after): TimeWindow) {
        match self.0.last_mut().filter(|(_, last)| start.duration_since(*last) <= before + after) {
            Some((_, last)) => *last = start,
            None => self.0.push((start, start)),
        }
    }

    /// Returns the nearest start, where none lies within the window of a moment.
    fn nearest_beyond(&self, moment: DateTime, (before, after): TimeWindow) -> Option<DateTime> {
        let first = moment.checked_sub(after).unwrap_or(DateTime::MIN);
        let last = moment.checked_add(before).unwrap_or(DateTime::MAX);
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

/// The look: prescriptions first, then shifts.
struct ActionLimitVisitor<'a> {
    criteria: Criteria<'a>,
    limits: SiteLimits<'a>,
    looked_at: u64,
    /// How many shifts belong to no site with a limit.
    unlimited: u64,
    findings: Vec<Finding>,
}

impl CheckVisitor for ActionLimitVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        if part.table == SITES {
            part.rows.iter().for_each(|row| self.limits.add_site(row, self.criteria.rules));
            return;
        }
        for row in &part.rows {
            let Some((rule, limit)) = set_id(row).and_then(|set| self.limits.find_limit(&set)) else {
                self.unlimited += 1;
                continue;
            };
            self.looked_at += 1;
            let wrong = check_limit(row, rule, limit, self.criteria.rules.offsets.max_shift);
            self.findings.extend(wrong.map(|wrong| of_key(&LIMIT, TABLE, row.key(), wrong)));
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        // The rules set limits for few sites: that most shifts have none is no remark, that all have none is.
        let none = self.looked_at == 0 && self.unlimited > 0;
        let unlimited = none.then(|| "no shift belongs to a site with a limit".to_owned());
        let remarks = unlimited.into_iter().chain(self.limits.remarks(self.criteria.rules)).collect();
        sorted_verdict(self.looked_at, std::mem::take(&mut self.findings)).with_remarks(remarks)
    }
}

/// Says that a shift lies beyond a limit; what is beyond the largest possible shift, the check of the size has said.
fn check_limit(row: &Row<'_>, rule: &str, limit: Largest, possible: Largest) -> Option<Violation> {
    let (bounds, possible) = (limit.around_zero(), possible.around_zero());
    let one = |axis: &&str| {
        let shift = CellReading::from_cell(row, axis).number().filter(|shift| !bounds.contains(*shift))?;
        possible.contains(shift).then(|| (format!("{axis}={shift}"), format!("{axis} is {shift} cm")))
    };
    let (what, found): (Vec<String>, Vec<String>) = AXES.iter().filter_map(one).unzip();
    let message = || format!("{}; the action limit of {rule} is {limit} cm", found.join(", "));
    (!found.is_empty()).then(|| Violation { what: what.join(" "), message: message() })
}

/// Returns the action limit of a set of prescriptions in cm, and the name of its rule.
pub(in crate::domains::mosaiq) fn site_limit<'r>(
    sites: &TableRows,
    rules: &'r Rules,
    wanted: &Value,
) -> Option<(&'r str, f64)> {
    let mut limits = SiteLimits::default();
    sites.rows().for_each(|row| limits.add_site(&row, rules));
    limits.find_limit(&LookupId::from_cell(Some(wanted))).map(|(rule, limit)| (rule, limit.get()))
}

/// The smallest action limit of every set of prescriptions, by what its current version says.
#[derive(Default)]
struct SiteLimits<'r> {
    sets: BTreeMap<LookupId, SiteVersion<'r>>,
    /// The rules that some prescription falls under, if only an old version of it.
    matched: BTreeSet<&'r str>,
}

/// A version of a prescription: whether it is the current one, its key, and the rule that it falls under.
type SiteVersion<'r> = (bool, CompactKey, Option<(&'r str, Largest)>);

impl<'r> SiteLimits<'r> {
    /// Takes in a prescription: of several current versions the last one counts, of none the first one.
    fn add_site(&mut self, row: &Row<'_>, rules: &'r Rules) {
        let Some(set) = set_id(row) else { return };
        let is_current = row.integer("Version").is_none_or(|version| version == 0);
        let key = CompactKey::from(row.key());
        let counts = |(known, known_key, _): &SiteVersion<'r>| match (is_current, known) {
            (true, true) => key > *known_key,
            (false, false) => key < *known_key,
            (is_current, _) => is_current,
        };
        let fitting: Vec<(&str, Largest)> = matching_rules(row, rules).collect();
        self.matched.extend(fitting.iter().map(|(rule, _)| *rule));
        if self.sets.get(&set).is_none_or(counts) {
            let smallest = fitting.into_iter().min_by(|a, b| a.1.get().total_cmp(&b.1.get()));
            self.sets.insert(set, (is_current, key, smallest));
        }
    }

    fn find_limit(&self, set: &LookupId) -> Option<(&'r str, Largest)> {
        self.sets.get(set).and_then(|(.., limit)| *limit)
    }

    /// Says which rules no prescription falls under; those of the default file are examples.
    fn remarks(&self, rules: &'r Rules) -> Vec<String> {
        let own = rules.sites.iter().filter(|(name, rule)| Rules::standard().sites.get(*name) != Some(*rule));
        let idle = own.filter(|(name, _)| !self.matched.contains(name.as_str()));
        idle.map(|(name, _)| format!("the rules name the site {name}, which no prescription matches")).collect()
    }
}

/// Returns the rules that fit a prescription, each with its limit.
fn matching_rules<'r>(row: &Row<'_>, rules: &'r Rules) -> impl Iterator<Item = (&'r str, Largest)> + use<'r> {
    let text = |column: &str| row.text(column).unwrap_or_default().to_lowercase();
    let (name, technique) = (text("Site_Name"), text("Technique"));
    let fitting = rules.sites.iter().filter(move |(_, rule)| {
        name.contains(&rule.name.to_lowercase()) && technique.contains(&rule.technique.to_lowercase())
    });
    fitting.map(|(rule, site)| (rule.as_str(), site.max_shift))
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
            window in (0_i64..40, 0_i64..40),
        ) {
            starts.sort_unstable();
            let mut sessions = TreatmentStarts::default();
            let (before, after) = (SignedDuration::from_mins(window.0), SignedDuration::from_mins(window.1));
            starts.iter().for_each(|start| sessions.add_start(at_minute(*start), (before, after)));
            let near = starts.iter().any(|start| study - window.1 <= *start && *start <= study + window.0);
            let nearest = starts.iter().min_by_key(|start| (**start - study).abs()).map(|start| at_minute(*start));
            let said = sessions.nearest_beyond(at_minute(study), (before, after));
            prop_assert_eq!(said, nearest.filter(|_| !near));
        }
    }
}
