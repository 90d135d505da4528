//! `modes`: the catalogue, or one mode at length.

use std::cmp::Reverse;

use serde_json::Value as Json;

use crate::cli::report::{Mood, Report, ReportPage, ReportTable, join_list, render_count};
use crate::cli::texts::SEVERITY;
use crate::ops::modes::{ModeEntry, Outcome};

impl Report for Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        if let [mode] = self.modes.as_slice() {
            return write_mode(page, mode);
        }
        let variants: usize = self.modes.iter().map(|mode| mode.variants.len()).sum();
        let number = render_count(self.modes.len() as u64, "mode");
        page.lead(Mood::Plain, &format!("{number} in {}", render_count(variants as u64, "variant")));
        page.blank();
        for mode in &self.modes {
            let variants = join_list(mode.variants.iter().map(|variant| variant.word));
            page.paragraph(0, &format!("{}: {}", mode.tool, mode.title));
            page.paragraph(4, &format!("severity {}: {variants}", render_range(mode)));
        }
        page.blank();
        page.paragraph(0, SEVERITY);
        page.blank();
        page.aside("next: mfm modes TOOL explains one");
    }

    fn to_table(&self) -> ReportTable {
        let mut table =
            ReportTable::new(&["tool", "mode", "variant", "severity", "record", "checks", "about", "eligible", "size"]);
        for mode in &self.modes {
            for variant in &mode.variants {
                table.push_row(vec![
                    mode.tool.to_owned(),
                    mode.id.to_owned(),
                    variant.word.to_owned(),
                    variant.severity.to_string(),
                    join_list(&mode.records),
                    join_list(mode.checks),
                    variant.about.to_owned(),
                    variant.eligible.to_owned(),
                    variant.size.map(|size| size.to_string()).unwrap_or_default(),
                ]);
            }
        }
        table
    }
}

/// Renders the severities of a mode's variants, such as `0.3-1.8`.
fn render_range(mode: &ModeEntry) -> String {
    let all = || mode.variants.iter().map(|variant| variant.severity);
    match (all().min(), all().max()) {
        (Some(least), Some(worst)) if least != worst => format!("{least}-{worst}"),
        _ => mode.severity.to_string(),
    }
}

fn write_mode(page: &mut ReportPage, mode: &ModeEntry) {
    page.lead(Mood::Plain, &format!("{}: {}", mode.tool, mode.title));
    page.blank();
    page.paragraph(0, mode.description);
    page.heading("Variants, worst first");
    let mut variants: Vec<_> = mode.variants.iter().collect();
    variants.sort_by_key(|variant| Reverse(variant.severity));
    for variant in variants {
        page.line(&format!("{} (severity {}): {}", variant.word, variant.severity, variant.about));
        page.paragraph(4, &format!("can be committed on {}", variant.eligible));
        if let Some(size) = &variant.size {
            page.paragraph(4, &format!("size: {size}"));
        }
    }
    page.blank();
    page.paragraph(0, SEVERITY);
    page.heading("Parameters");
    for (name, about) in list_parameters(mode.parameters.as_value()) {
        page.line(&format!("--{}", name.replace('_', "-")));
        page.paragraph(4, &about);
    }
    page.blank();
    page.fields(&[
        ("mode", mode.id.to_owned()),
        (if mode.records.len() == 1 { "record" } else { "records" }, join_list(&mode.records)),
        ("detected by", join_list(mode.checks)),
        ("better checks need", join_list(mode.data_needed)),
    ]);
    page.blank();
    let first = mode.variants.first().map(|variant| variant.word).unwrap_or_default();
    page.aside(&format!("next: mfm plan {} --variant {first} --sample 1", mode.tool));
}

fn list_parameters(schema: &Json) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    for (name, property) in schema.get("properties").and_then(Json::as_object).into_iter().flatten() {
        let about = property.get("description").and_then(Json::as_str).unwrap_or_default();
        // A description keeps the line breaks of its source.
        parameters.push((name.clone(), about.replace('\n', " ")));
    }
    parameters
}
