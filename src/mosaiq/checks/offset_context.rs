//! Offsets beside their prescription: measured near a treatment, and within the site's action limit.

use std::collections::BTreeMap;

use jiff::civil::DateTime;

use super::offsets::AXES;
use super::{Card, Check, Terms, Verdict, each, present, seconds};
use crate::model::snapshot::key_form;
use crate::model::{Query, Row, Severity, Snapshot, TableRows, Value, Wrong, time};
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

    fn judge(&self, snapshot: &Snapshot, terms: &Terms) -> Verdict {
        let (sites, deliveries) = match (present(snapshot, SITES, &[]), present(snapshot, DELIVERIES, &[])) {
            (Ok(sites), Ok(deliveries)) => (sites, deliveries),
            (Err(not_run), _) | (_, Err(not_run)) => return not_run,
        };
        let treated = treated(sites, deliveries);
        let (before, after) = (terms.rules.offsets.before_treatment, terms.rules.offsets.after_treatment);
        let verdict = each(snapshot, &TIME, TABLE, |row| {
            let far = || {
                let (study, treated) = (row.datetime("Study_DtTm")?, treated.get(&set(row)?)?);
                let first = study.checked_sub(seconds(after)).unwrap_or(DateTime::MIN);
                let last = study.checked_add(seconds(before)).unwrap_or(DateTime::MAX);
                let next = treated.get(treated.partition_point(|start| *start < first));
                if next.is_some_and(|start| *start <= last) {
                    return None;
                }
                let apart = |start: &&DateTime| start.duration_since(study).abs();
                let nearest = time::format(*treated.iter().min_by_key(apart)?, 0, ' ');
                let study = time::format(study, 0, ' ');
                let message = format!("was measured at {study}, and the nearest treatment began at {nearest}");
                Some((TIME.severity, Wrong { what: format!("Study_DtTm={study}"), message }))
            };
            far().into_iter().collect()
        });
        let untreated = snapshot
            .table(TABLE)
            .map(|rows| rows.rows().filter(|row| set(row).is_some_and(|set| !treated.contains_key(&set))).count());
        match untreated {
            Ok(0) | Err(_) => verdict,
            Ok(some) => verdict.remarking(vec![format!("shifts of prescriptions that were never treated: {some}")]),
        }
    }
}

/// Returns when treatments of every set of prescriptions began, the first one first.
fn treated(sites: &TableRows, deliveries: &TableRows) -> BTreeMap<Value, Vec<DateTime>> {
    let of_site = |row: Row<'_>| Some((row.cell("SIT_ID").map(key_form)?, set(&row)?));
    let sets: BTreeMap<Value, Value> = sites.rows().filter_map(of_site).collect();
    let mut treated: BTreeMap<Value, Vec<DateTime>> = BTreeMap::new();
    for row in deliveries.rows() {
        let beam = row.flag("WasBeamOn") == Some(true) && row.flag("WasQAMode") != Some(true);
        let set = row.cell("SIT_ID").map(key_form).and_then(|site| sets.get(&site));
        if let (true, Some(set), Some(start)) = (beam, set, row.datetime("Create_DtTm")) {
            treated.entry(set.clone()).or_default().push(start);
        }
    }
    treated.values_mut().for_each(|starts| starts.sort());
    treated
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

    fn judge(&self, snapshot: &Snapshot, terms: &Terms) -> Verdict {
        let sites = match present(snapshot, SITES, &[]) {
            Ok(sites) => sites,
            Err(not_run) => return not_run,
        };
        let limits = limits(sites, &terms.rules);
        let impossible = terms.rules.offsets.max_shift.around_zero();
        each(snapshot, &LIMIT, TABLE, |row| {
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
