//! Offsets beside their prescription: measured near a treatment, and within the site's action limit.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::offsets::AXES;
use super::{Card, Check, Known, Look, Part, Terms, Verdict, each, of_row, ran, seconds};
use crate::model::snapshot::key_form;
use crate::model::{Finding, Query, Row, Severity, TableRows, Value, Wrong, time};
use crate::mosaiq::ground::{Form, Read};
use crate::mosaiq::numbers::Reading;
use crate::mosaiq::rules::{Limit, Rules};

const TABLE: &str = "Offset";
const SITES: &str = "Site";
const DELIVERIES: &str = "TrackTreatment";
const SET: &str = "SIT_SET_ID";

/// The check of the time.
pub(super) struct OffsetTime;
/// The check of the site's limit.
pub(super) struct OffsetActionLimit;

static TIME: Card = Card {
    id: "offset_time",
    group: "offsets",
    mode: "invalid_offset_data",
    severity: Severity::Medium,
    about: "A shift is measured (Study_DtTm) no more than 2 hours before a treatment of its prescription begins, and \
        no more than 30 minutes after. Only shifts of prescriptions that were treated are judged.",
    remedy: "Compare the clocks of imaging system and machine, and find the treatment that the image belongs to.",
};

static LIMIT: Card = Card {
    id: "offset_action_limit",
    group: "offsets",
    mode: "invalid_offset_data",
    severity: Severity::Medium,
    about: "No axis of a shift lies beyond the action limit that the rules set for its site: 0.3 cm for stereotactic \
        treatment of the brain, 1 cm for the prostate and for stereotactic treatment of the lung.",
    remedy: "Look at the image, and find out whether the patient was set up again before the beam went on.",
};

/// Returns the set of a shift or a prescription.
fn set(row: &Row<'_>) -> Option<Value> {
    row.cell(SET).filter(|cell| !cell.is_null()).map(key_form)
}

impl Check for OffsetTime {
    fn card(&self) -> &'static Card {
        &TIME
    }

    fn needs(&self) -> Vec<Query> {
        vec![Query::all(TABLE), Query::all(SITES), Query::all(DELIVERIES)]
    }

    fn reads(&self) -> Vec<Read> {
        vec![
            Read::all(TABLE, SET, Form::Any),
            Read::all(TABLE, "Study_DtTm", Form::Time),
            Read::all(SITES, SET, Form::Any),
            Read::all(SITES, "SIT_ID", Form::Any),
            Read::all(DELIVERIES, "SIT_ID", Form::Any),
            Read::all(DELIVERIES, "Create_DtTm", Form::Time),
            Read::all(DELIVERIES, "WasBeamOn", Form::Flag),
            Read::aid(DELIVERIES, "WasQAMode", Form::FlagOrNull),
        ]
    }

    fn look<'a>(&self, _: &Known<'a>, terms: &'a Terms) -> Box<dyn Look + 'a> {
        let offsets = &terms.rules.offsets;
        let window = (seconds(offsets.before_treatment), seconds(offsets.after_treatment));
        Box::new(Treated { window, ..Treated::default() })
    }
}

/// The look: prescriptions first, then deliveries, then shifts.
#[derive(Default)]
struct Treated {
    /// How long before a treatment a shift is measured, and how long after.
    window: (SignedDuration, SignedDuration),
    /// The sets of prescriptions.
    sets: BTreeMap<Value, Value>,
    /// When treatments of every set began, the first one first.
    starts: BTreeMap<Value, Vec<DateTime>>,
    sorted: bool,
    looked_at: u64,
    untreated: u64,
    findings: Vec<Finding>,
}

impl Look for Treated {
    fn take(&mut self, part: &Part<'_>, _: &Known<'_>) {
        match part.table {
            SITES => {
                let of_site = |row: &Row<'_>| Some((row.cell("SIT_ID").map(key_form)?, set(row)?));
                self.sets.extend(part.rows.iter().filter_map(of_site));
            }
            DELIVERIES => part.rows.iter().for_each(|row| self.treat(row)),
            _ => self.shifts(part),
        }
    }

    fn verdict(&mut self, _: &Known<'_>) -> Verdict {
        let verdict = ran(self.looked_at, std::mem::take(&mut self.findings));
        match self.untreated {
            0 => verdict,
            some => verdict.remarking(vec![format!("shifts of prescriptions that were never treated: {some}")]),
        }
    }
}

impl Treated {
    fn treat(&mut self, row: &Row<'_>) {
        let beam = row.flag("WasBeamOn") == Some(true) && row.flag("WasQAMode") != Some(true);
        let set = row.cell("SIT_ID").map(key_form).and_then(|site| self.sets.get(&site));
        if let (true, Some(set), Some(start)) = (beam, set, row.datetime("Create_DtTm")) {
            self.starts.entry(set.clone()).or_default().push(start);
        }
    }

    fn shifts(&mut self, part: &Part<'_>) {
        if !std::mem::replace(&mut self.sorted, true) {
            self.starts.values_mut().for_each(|starts| starts.sort());
        }
        self.looked_at += part.len();
        for row in &part.rows {
            self.untreated += u64::from(set(row).is_some_and(|set| !self.starts.contains_key(&set)));
            let wrong = self.far(row).map(|wrong| of_row(&TIME, TABLE, row, (TIME.severity, wrong)));
            self.findings.extend(wrong);
        }
    }

    /// Says that no treatment began near a shift.
    fn far(&self, row: &Row<'_>) -> Option<Wrong> {
        let (before, after) = self.window;
        let (study, starts) = (row.datetime("Study_DtTm")?, self.starts.get(&set(row)?)?);
        let first = study.checked_sub(after).unwrap_or(DateTime::MIN);
        let last = study.checked_add(before).unwrap_or(DateTime::MAX);
        let next = starts.get(starts.partition_point(|start| *start < first));
        if next.is_some_and(|start| *start <= last) {
            return None;
        }
        let apart = |start: &&DateTime| start.duration_since(study).abs();
        let nearest = time::format(*starts.iter().min_by_key(apart)?, 0, ' ');
        let study = time::format(study, 0, ' ');
        let message = format!("was measured at {study}, and the nearest treatment began at {nearest}");
        Some(Wrong { what: format!("Study_DtTm={study}"), message })
    }
}

impl Check for OffsetActionLimit {
    fn card(&self) -> &'static Card {
        &LIMIT
    }

    fn needs(&self) -> Vec<Query> {
        vec![Query::all(TABLE), Query::all(SITES)]
    }

    fn reads(&self) -> Vec<Read> {
        let axes = AXES.map(|axis| Read::own(TABLE, axis, Form::Number));
        let ids = [(TABLE, SET), (SITES, SET), (SITES, "Site_Name")];
        let ids = ids.map(|(table, column)| Read::all(table, column, Form::Any));
        let aids = ["Technique", "Version"].map(|column| Read::aid(SITES, column, Form::Any));
        axes.into_iter().chain(ids).chain(aids).collect()
    }

    fn look<'a>(&self, known: &Known<'a>, terms: &'a Terms) -> Box<dyn Look + 'a> {
        let limits = known.whole.table(SITES).map(|sites| limits(sites, &terms.rules)).unwrap_or_default();
        let impossible = terms.rules.offsets.max_shift.around_zero();
        each(&LIMIT, TABLE, move |row, _| {
            let Some((rule, limit)) = set(row).and_then(|set| limits.get(&set)) else { return Vec::new() };
            let bounds = limit.around_zero();
            let beyond = |axis: &&str| {
                let shift = Reading::cell(row, axis).number().filter(|shift| !bounds.holds(*shift))?;
                // Beyond what is usual anywhere, the check of the size has said it.
                impossible.holds(shift).then(|| (format!("{axis}={shift}"), format!("{axis} is {shift} cm")))
            };
            let (what, found): (Vec<String>, Vec<String>) = AXES.iter().filter_map(beyond).unzip();
            let message = || format!("{}; the action limit of {rule} is {limit} cm", found.join(", "));
            let wrong = || Wrong { what: what.join(" "), message: message() };
            (!found.is_empty()).then(|| (LIMIT.severity, wrong())).into_iter().collect()
        })
    }
}

/// Returns the action limit of a set of prescriptions in cm, and the name of its rule.
pub(in crate::mosaiq) fn site_limit<'r>(sites: &TableRows, rules: &'r Rules, set: &Value) -> Option<(&'r str, f64)> {
    limits(sites, rules).get(set).map(|(rule, limit)| (*rule, limit.get()))
}

/// Returns the smallest action limit of every set of prescriptions that has one, by what its current version says.
fn limits<'r>(sites: &TableRows, rules: &'r Rules) -> BTreeMap<Value, (&'r str, Limit)> {
    let mut current: BTreeMap<Value, Row<'_>> = BTreeMap::new();
    for row in sites.rows() {
        let is_current = row.integer("Version").is_none_or(|version| version == 0);
        if let Some(set) = set(&row)
            && (is_current || !current.contains_key(&set))
        {
            current.insert(set, row);
        }
    }
    let limit = |row: &Row<'_>| {
        let text = |column: &str| row.text(column).unwrap_or_default().to_lowercase();
        let (name, technique) = (text("Site_Name"), text("Technique"));
        let fitting = rules.sites.iter().filter(|(_, rule)| {
            name.contains(&rule.name.to_lowercase()) && technique.contains(&rule.technique.to_lowercase())
        });
        let smallest = fitting.min_by(|a, b| a.1.max_shift.get().total_cmp(&b.1.max_shift.get()));
        smallest.map(|(rule, site)| (rule.as_str(), site.max_shift))
    };
    current.iter().filter_map(|(set, row)| Some((set.clone(), limit(row)?))).collect()
}
