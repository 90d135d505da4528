//! `find`: records to pick from, by ascending id.

use serde_json::Value as Json;

use super::changes;
use crate::cli::report::{Mood, Page, Report, Sheet, count, list};
use crate::mosaiq::find::columns;
use crate::mosaiq::selection::RecordKind;
use crate::ops::find::{Found, Outcome};

impl Report for Outcome {
    fn page(&self, page: &mut Page) {
        page.lead(Mood::Plain, &lead(self));
        page.extend_lines(self.eligible.map(|tool| format!("that {tool} can break")));
        page.extend_lines(self.remarks.iter().map(|remark| format!("no record can show {remark}")));
        if !self.records.is_empty() {
            page.blank();
            page.table(&narrow(self));
        }
        page.blank();
        page.aside(&next(self));
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

/// Returns a sheet that a page has room for.
fn narrow(outcome: &Outcome) -> Sheet {
    let kept = |name: &str| outcome.eligible.is_none() || !LEFT_OUT.contains(&name);
    let short = |name: &'static str| match name {
        "superior_cm" => "sup_cm",
        "anterior_cm" => "ant_cm",
        "lateral_cm" => "lat_cm",
        "gantry_degrees" => "gantry",
        "collimator_degrees" => "collimator",
        other => other,
    };
    let names = columns(outcome.kind).iter().copied().filter(|name| kept(name)).map(short);
    let head: Vec<&'static str> = names.chain(outcome.eligible.map(|_| "variants")).collect();
    Sheet::new(&head).with(outcome.records.iter().map(|record| {
        let cells = record.cells.iter().filter(|(name, _)| kept(name)).map(|(_, json)| text(json));
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
        None => format!("the first {} on {target}; there may be more", number(shown)),
    }
}

fn next(outcome: &Outcome) -> String {
    let kind = outcome.kind.word();
    let id = |found: &Found| found.cells.first().map(|(_, json)| text(json));
    let first = outcome.records.first();
    match (outcome.eligible, first.and_then(id)) {
        _ if outcome.total != Some(outcome.shown) => "--limit N lists more, --limit 0 lists all".to_owned(),
        (Some(tool), Some(_)) => {
            let variant = first.and_then(|found| found.variants.as_ref()?.first().copied()).unwrap_or_default();
            format!("next: mfm plan {tool} --variant {variant} ...")
        }
        (Some(tool), None) => format!("next: mfm modes {tool} says what a record needs"),
        (None, _) => format!("next: mfm find {kind} --eligible TOOL says what they can show"),
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
