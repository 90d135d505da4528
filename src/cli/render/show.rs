//! `show`: one operation.

use serde_json::{Map, Value as Json};

use super::changes;
use super::faults::render_parameters;
use super::log::render_fault;
use crate::cli::report::{Mood, Report, ReportPage, ReportTable, join_list, render_count};
use crate::domain::repair::{Repair, RepairExtent};
use crate::ops::detection::{Detection, DetectorAnswer};
use crate::ops::drill::matrix::DetectionVerdict;
use crate::ops::show::Outcome;

/// Most ids on a page.
const NAMED_MAX: usize = 12;

impl Report for Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        let line = &self.line;
        page.lead(mood(&line.state), &format!("operation {} on {}: {}", line.op, line.target, title(self)));
        page.blank();
        let fields = fields(self);
        let fields: Vec<(&str, String)> = fields.iter().map(|(name, value)| (*name, value.clone())).collect();
        page.fields(&fields);
        for residue in &self.residue {
            page.line(&format!("cannot be restored: {}: {}", residue.table, residue.what));
        }
        if !self.changes.is_empty() {
            changes::write_every(page, &self.changes, self.changes_total);
        } else if self.changes_total > 0 {
            page.blank();
            page.aside(&format!("next: mfm show {} --diff", line.op));
        }
    }

    fn to_table(&self) -> ReportTable {
        if !self.changes.is_empty() {
            return changes::build_table(&self.changes);
        }
        let fields = fields(self).into_iter().map(|(name, value)| vec![name.replace(' ', "_"), value]);
        let start =
            [vec!["op".to_owned(), self.line.op.to_string()], vec!["state".to_owned(), self.line.state.clone()]];
        ReportTable::new(&["field", "value"]).with_rows(start).with_rows(fields)
    }
}

fn mood(state: &str) -> Mood {
    match state {
        "active" | "open" | "failed" => Mood::Bad,
        "reverted" => Mood::Good,
        _ => Mood::Plain,
    }
}

/// Renders what an operation did, its state, and how many rows it wrote.
pub(super) fn title(show: &Outcome) -> String {
    format!("{}, {}, {}", render_fault(&show.line), show.line.state, render_count(show.line.rows, "row"))
}

/// Lists when, by whom, on which records and with which parameters an operation was made.
pub(super) fn circumstances(show: &Outcome) -> Vec<(&'static str, String)> {
    let line = &show.line;
    let mut fields = vec![
        ("severity", line.label.severity.clone()),
        ("at", line.at.clone()),
        ("by", format!("{}, over {}", line.actor, line.face)),
        ("tables", join_list(&show.tables)),
        ("rows left", line.rows_left.to_string()),
    ];
    if !show.keys.is_empty() {
        let more = if show.keys.len() > NAMED_MAX { ", ..." } else { "" };
        fields.push(("records", join_list(show.keys.iter().take(NAMED_MAX).map(changes::render_cell)) + more));
    }
    // Normally an operation carries its own rows; only the exception is worth a line.
    let carried: &[u64] = if show.carried_by == [line.op] { &[] } else { &show.carried_by };
    for (label, ops) in [("reverted by", show.reverted_by.as_slice()), ("carried by", carried)] {
        if !ops.is_empty() {
            fields.push((label, join_list(ops)));
        }
    }
    let params = find_object(show, "params");
    fields.extend(params.map(|params| ("parameters", render_parameters(params))));
    // What was proposed is worth a line only if the person changed it.
    let proposed = find_object(show, "proposed").filter(|proposed| params != Some(*proposed));
    fields.extend(proposed.map(|proposed| ("proposed", render_parameters(proposed))));
    fields.extend(find_object(show, "campaign").and_then(render_campaign).map(|of| ("campaign", of)));
    fields.extend(["seed", "now"].into_iter().filter_map(|name| find_detail(show, name)));
    fields
}

fn fields(show: &Outcome) -> Vec<(&'static str, String)> {
    let mut fields = circumstances(show);
    fields.extend(show.detection.as_ref().map(|detection| ("detected by", render_seen_by(detection))));
    fields.extend(show.repair.as_ref().map(|repair| ("repairable", render_repair(repair))));
    fields.push(("plan digest", show.plan_digest.to_string()));
    fields.extend(show.plan_id.iter().map(|id| ("plan id", id.clone())));
    fields.push(("rows root", show.rows_root.to_string()));
    fields.push(("identity", show.identity.to_string()));
    fields.push(("uid", show.line.uid.to_string()));
    fields.push(("journal", show.journal.display().to_string()));
    fields
}

/// Renders the campaign and its step that an operation belongs to.
fn render_campaign(mark: &Map<String, Json>) -> Option<String> {
    Some(format!("{}, fault {}", mark.get("name")?.as_str()?, mark.get("step")?.as_u64()?))
}

/// Renders which detectors caught a fault, and whether a drill or a check just now says so.
fn render_seen_by(detection: &Detection) -> String {
    let all = detection.seen.iter().map(render_seen).collect::<Vec<_>>().join("; ");
    match detection.drill {
        Some(drill) => format!("{all}; in drill {drill}"),
        None if detection.seen.is_empty() => "unknown; --detect runs mfm's own checks while it is in effect".to_owned(),
        None => format!("{all}; now"),
    }
}

fn render_seen(seen: &DetectorAnswer) -> String {
    match (seen.verdict, seen.checks.as_slice()) {
        (DetectionVerdict::Caught, []) => seen.detector.clone(),
        (DetectionVerdict::Caught, checks) => format!("{} ({})", seen.detector, checks.join(", ")),
        (verdict, _) => format!("not {}: {}", seen.detector, verdict.word().replace('_', " ")),
    }
}

/// Renders whether a fault of this kind could be repaired without the journal.
fn render_repair(repair: &Repair) -> String {
    let extent = match repair.extent {
        RepairExtent::Exactly => "exactly",
        RepairExtent::Sometimes => "a fault of this kind sometimes",
        RepairExtent::Approximately => "a fault of this kind approximately",
        RepairExtent::Not => return format!("not without the journal: {}", repair.why),
    };
    format!("{extent} without the journal: {}", repair.why)
}

fn find_object<'s>(show: &'s Outcome, name: &str) -> Option<&'s Map<String, Json>> {
    show.detail.get(name).and_then(Json::as_object).filter(|map| !map.is_empty())
}

fn find_detail(show: &Outcome, name: &'static str) -> Option<(&'static str, String)> {
    match show.detail.get(name)? {
        Json::Null => None,
        Json::String(text) => Some((name, text.clone())),
        other => Some((name, other.to_string())),
    }
}
