//! `show`: one operation.

use serde_json::Value as Json;

use super::changes;
use super::faults::parameters;
use super::log::fault;
use crate::cli::report::{Mood, Page, Report, Sheet, count, list};
use crate::domain::repair::{Extent, Repair};
use crate::ops::detection::{Detection, Seen};
use crate::ops::drill::matrix::Verdict;
use crate::ops::show::Outcome;

/// How many ids a page names.
const NAMED_MAX: usize = 12;

impl Report for Outcome {
    fn page(&self, page: &mut Page) {
        let line = &self.line;
        page.lead(mood(&line.state), &format!("operation {} on {}: {}", line.op, line.target, title(self)));
        page.blank();
        let fields = fields(self);
        let fields: Vec<(&str, String)> = fields.iter().map(|(name, value)| (*name, value.clone())).collect();
        page.fields(&fields);
        for residue in &self.residue {
            page.line(&format!("cannot be put back: {}: {}", residue.table, residue.what));
        }
        if !self.changes.is_empty() {
            changes::every(page, &self.changes, self.changes_total);
        } else if self.changes_total > 0 {
            page.blank();
            page.aside(&format!("next: mfm show {} --diff", line.op));
        }
    }

    fn sheet(&self) -> Sheet {
        if !self.changes.is_empty() {
            return changes::sheet(&self.changes);
        }
        let fields = fields(self).into_iter().map(|(name, value)| vec![name.replace(' ', "_"), value]);
        let start =
            [vec!["op".to_owned(), self.line.op.to_string()], vec!["state".to_owned(), self.line.state.clone()]];
        Sheet::new(&["field", "value"]).with(start).with(fields)
    }
}

fn mood(state: &str) -> Mood {
    match state {
        "active" | "open" | "failed" => Mood::Bad,
        "reverted" => Mood::Good,
        _ => Mood::Plain,
    }
}

/// Returns what an operation did, how it stands, and how much it wrote.
pub(super) fn title(show: &Outcome) -> String {
    format!("{}, {}, {}", fault(&show.line), show.line.state, count(show.line.rows, "row"))
}

/// Returns when, by whom, on which records, with which parameters.
pub(super) fn circumstances(show: &Outcome) -> Vec<(&'static str, String)> {
    let line = &show.line;
    let mut fields = vec![
        ("severity", line.severity.clone()),
        ("at", line.at.clone()),
        ("by", format!("{}, over {}", line.actor, line.face)),
        ("tables", list(&show.tables)),
        ("rows left", line.rows_left.to_string()),
    ];
    if !show.keys.is_empty() {
        let more = if show.keys.len() > NAMED_MAX { ", ..." } else { "" };
        fields.push(("records", list(show.keys.iter().take(NAMED_MAX).map(changes::cell)) + more));
    }
    // That an operation carries its own rows is what everybody expects.
    let carried: &[u64] = if show.carried_by == [line.op] { &[] } else { &show.carried_by };
    for (label, ops) in [("reverted by", show.reverted_by.as_slice()), ("carried by", carried)] {
        if !ops.is_empty() {
            fields.push((label, list(ops)));
        }
    }
    let object = |name: &str| show.detail.get(name).and_then(Json::as_object).filter(|map| !map.is_empty());
    let proposed = object("proposed").filter(|proposed| object("params") != Some(proposed));
    let given = [("parameters", object("params")), ("proposed", proposed)];
    fields.extend(given.into_iter().filter_map(|(label, map)| Some((label, parameters(map?)))));
    fields.extend(object("campaign").and_then(campaign).map(|of| ("campaign", of)));
    fields.extend(["seed", "now"].into_iter().filter_map(|name| detail(show, name)));
    fields
}

fn fields(show: &Outcome) -> Vec<(&'static str, String)> {
    let mut fields = circumstances(show);
    fields.extend(show.detection.as_ref().map(|detection| ("seen by", seen_by(detection))));
    fields.extend(show.repair.as_ref().map(|repair| ("repairable", repairable(repair))));
    fields.push(("plan digest", show.plan_digest.to_string()));
    fields.extend(show.plan_id.iter().map(|id| ("plan id", id.clone())));
    fields.push(("rows root", show.rows_root.to_string()));
    fields.push(("identity", show.identity.to_string()));
    fields.push(("uid", show.line.uid.to_string()));
    fields.push(("journal", show.journal.display().to_string()));
    fields
}

/// Returns which fault of which campaign an operation is.
fn campaign(mark: &serde_json::Map<String, Json>) -> Option<String> {
    Some(format!("{}, fault {}", mark.get("name")?.as_str()?, mark.get("step")?.as_u64()?))
}

/// Returns what saw a fault, and how that is known.
fn seen_by(detection: &Detection) -> String {
    let one = |seen: &Seen| match (seen.verdict, seen.checks.as_slice()) {
        (Verdict::Caught, []) => seen.detector.clone(),
        (Verdict::Caught, checks) => format!("{} ({})", seen.detector, checks.join(", ")),
        (verdict, _) => format!("not {}: {}", seen.detector, verdict.word().replace('_', " ")),
    };
    let all = detection.seen.iter().map(one).collect::<Vec<_>>().join("; ");
    match detection.drill {
        Some(drill) => format!("{all}; in drill {drill}"),
        None if detection.seen.is_empty() => "unknown; --detect asks mfm's own checks while it is in effect".to_owned(),
        None => format!("{all}; now"),
    }
}

/// Returns whether the original could have been restored without the journal, as far as the kind of fault tells.
fn repairable(repair: &Repair) -> String {
    let extent = match repair.extent {
        Extent::Exactly => "exactly",
        Extent::Sometimes => "a fault of this kind sometimes",
        Extent::Approximately => "a fault of this kind approximately",
        Extent::Not => return format!("not without the journal: {}", repair.why),
    };
    format!("{extent} without the journal: {}", repair.why)
}

fn detail(show: &Outcome, name: &'static str) -> Option<(&'static str, String)> {
    match show.detail.get(name)? {
        Json::Null => None,
        Json::String(text) => Some((name, text.clone())),
        other => Some((name, other.to_string())),
    }
}
