//! `find`: records to pick from, by ascending id.

use serde_json::Value as Json;

use super::changes;
use crate::cli::report::{Mood, Page, Report, Sheet, count, list};
use crate::domains::mosaiq::find::columns;
use crate::domains::mosaiq::selection::RecordKind;
use crate::ops::find::{Found, Outcome};

impl Report for Outcome {
    fn page(&self, page: &mut Page) {
        page.lead(Mood::Plain, &lead(self));
        page.extend_lines(self.eligible.map(|tool| able(tool, self)));
        if let Some(why) = &self.why_none {
            page.paragraph(0, why);
        }
        page.extend_lines(self.remarks.iter().map(|remark| format!("no record can show {remark}")));
        if !self.records.is_empty() {
            page.blank();
            page.table(&narrow(self));
        }
        if let Some(next) = next(self) {
            page.blank();
            page.aside(&next);
        }
    }

    fn sheet(&self) -> Sheet {
        let mut head = columns(self.kind).to_vec();
        head.extend(self.eligible.map(|_| "variants"));
        Sheet::new(&head).with(self.records.iter().map(|record| {
            let variants = record.variants.as_ref().map(list);
            record.cells.iter().map(|(_, json)| text(json)).chain(variants).collect()
        }))
    }
}

/// What a page leaves out to make room for the variants.
const LEFT_OUT: [&str; 8] = ["label", "control_points", "meterset", "seconds", "flags", "site", "state", "index"];

/// Tells whether a page has room for a column: a field's site and label tell what its name does, and of a shift the
/// size matters more than the state.
fn kept(outcome: &Outcome, name: &str) -> bool {
    let has_site = |record: &Found| record.cells.iter().any(|(name, cell)| *name == "site" && !cell.is_null());
    match (outcome.kind, name) {
        (RecordKind::Field, "name") => !outcome.records.iter().any(has_site),
        (RecordKind::Offset, "state") => false,
        (RecordKind::Field, "site") => outcome.records.iter().any(has_site),
        _ => outcome.eligible.is_none() || !LEFT_OUT.contains(&name),
    }
}

/// Returns a sheet that a page has room for.
fn narrow(outcome: &Outcome) -> Sheet {
    let beside = outcome.eligible.is_some();
    let short = |name: &'static str| match name {
        "superior_cm" => "sup_cm",
        "anterior_cm" => "ant_cm",
        "lateral_cm" => "lat_cm",
        "gantry_degrees" => "gantry_deg",
        "collimator_degrees" => "collimator_deg",
        "meterset" => "meterset_mu",
        "index" => "index_%_or_mu",
        "control_points" => "points",
        "version" if beside => "ver",
        other => other,
    };
    let names = columns(outcome.kind).iter().copied().filter(|name| kept(outcome, name)).map(short);
    let head: Vec<&'static str> = names.chain(outcome.eligible.map(|_| "variants")).collect();
    Sheet::new(&head).with(outcome.records.iter().map(|record| {
        let cells = record.cells.iter().filter(|(name, _)| kept(outcome, name)).map(|(_, json)| text(json));
        cells.chain(record.variants.as_ref().map(list)).collect()
    }))
}

fn lead(outcome: &Outcome) -> String {
    let number = |number: u64| match outcome.kind {
        RecordKind::Delivery if number != 1 => format!("{number} deliveries"),
        kind => count(number, kind.word()),
    };
    let (shown, target) = (outcome.shown, &outcome.target);
    match outcome.total {
        Some(0) => format!("no {} on {target}", outcome.kind.word()),
        Some(total) if total == shown => format!("{} on {target}", number(total)),
        Some(total) => format!("the first {shown} of {} on {target}", number(total)),
        None => format!("the first {} on {target}", number(shown)),
    }
}

/// Says what the records can show, and whether the search ended before the records did.
fn able(tool: &str, outcome: &Outcome) -> String {
    let more = if outcome.total.is_none() { "; no more were looked for" } else { "" };
    format!("that {tool} can break{more}")
}

fn next(outcome: &Outcome) -> Option<String> {
    let kind = outcome.kind.word();
    match (outcome.eligible, outcome.records.first()) {
        _ if outcome.total.is_none() => Some("--limit N looks for more, --limit 0 for all".to_owned()),
        _ if outcome.total != Some(outcome.shown) => Some("--limit N lists more, --limit 0 lists all".to_owned()),
        (Some(tool), Some(first)) => {
            let variant = first.variants.as_ref().and_then(|words| words.first().copied()).unwrap_or_default();
            Some(format!("next: mfm plan {tool} --variant {variant} ..."))
        }
        (Some(tool), None) => Some(format!("next: mfm modes {tool} says what a record needs")),
        (None, Some(_)) => Some(format!("next: mfm find {kind} --eligible TOOL says what they can show")),
        (None, None) => None,
    }
}

/// Returns a cell as people write it: text without quotes, nothing for NULL.
fn text(json: &Json) -> String {
    match json {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Array(words) => list(words.iter().filter_map(Json::as_str)),
        other => changes::cell(other),
    }
}
