//! The sections of the HTML page: counts, checks, findings with their pictures, and rows.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::model::Severity;
use crate::ops::cell::CHANGES_MAX;
use crate::ops::checks::exhibits::RowLine;
use crate::ops::checks::lines::{CheckLine, FindingLine, Outcome, Status};
use crate::ops::checks::report::{key_text, render_row_name};
use crate::ops::render_count;
use crate::ops::report::markup::escape;
use crate::ops::report::svg;

/// Returns the counts, and the number of new findings of each severity.
pub(super) fn render_counts(outcome: &Outcome) -> String {
    let compared = outcome.baseline.is_some();
    let mut all = vec![("violations", if compared { "New violations" } else { "Violations" }, outcome.violations)];
    if compared {
        all.extend([("known", "Known", outcome.known), ("gone", "Gone", outcome.gone)]);
        all.push(("unchecked", "Not checked", outcome.unchecked));
    }
    all.push(("not_run", "Checks not run", outcome.not_run));
    let mut numbers = String::new();
    for (id, name, number) in all {
        numbers += &format!("<div><dt>{name}</dt><dd data-count=\"{id}\">{number}</dd></div>\n");
    }
    let mut severities = Vec::new();
    for severity in Severity::WORST_FIRST {
        let (count, word) =
            (outcome.new_findings().filter(|finding| finding.severity == severity).count(), severity.word());
        if count > 0 {
            severities.push(format!("<span class=\"severity {word}\">{count} {word}</span>"));
        }
    }
    let line = if severities.is_empty() { String::new() } else { format!("<p>{}</p>\n", severities.join(", ")) };
    format!("<dl class=\"counts\">\n{numbers}</dl>\n{line}")
}

/// Returns the checks that could not run, and the remarks of those that ran.
pub(super) fn render_unjudged(outcome: &Outcome) -> String {
    let mut items = String::new();
    for check in &outcome.checks {
        let id = escape(check.id);
        if let Some(why) = &check.why {
            items += &format!("<li><b>{id}</b> was not run: {}</li>\n", escape(why));
        }
        for remark in &check.remarks {
            items += &format!("<li><b>{id}</b>: {}</li>\n", escape(remark));
        }
    }
    if items.is_empty() { items } else { format!("<ul>\n{items}</ul>\n") }
}

/// Returns the table of all checks, worst first.
pub(super) fn render_checks(outcome: &Outcome) -> String {
    let known = outcome.baseline.is_some();
    let head = if known { "<th scope=\"col\" class=\"number\">Known</th>" } else { "" };
    let rows: String = outcome.worst_first().into_iter().map(|check| check_row(outcome, check, known)).collect();
    format!(
        "<section class=\"wide\" aria-label=\"Table of the checks\" tabindex=\"0\">\n<table>\n\
         <thead><tr><th scope=\"col\">Check</th><th scope=\"col\">Status</th><th scope=\"col\">Severity</th>\
         <th scope=\"col\" class=\"number\">Found</th>{head}<th scope=\"col\" class=\"number\">Rows</th></tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n</section>\n"
    )
}

fn check_row(outcome: &Outcome, check: &CheckLine, known: bool) -> String {
    let id = escape(check.id);
    // Ids are long; a break is allowed after each of their words.
    let name = id.replace('_', "_<wbr>");
    let name = if is_listed(outcome, check) { format!("<a href=\"#check-{id}\">{name}</a>") } else { name };
    let severity = outcome.worst_severity(check).word();
    // A check that did not run has no counts: 0 would look like a pass.
    let ran = check.status != Status::NotRun;
    let number = |number: u64| if ran { number.to_string() } else { "-".to_owned() };
    let known = if known { format!("<td class=\"number\">{}</td>", number(check.known)) } else { String::new() };
    format!(
        "<tr data-check=\"{id}\"><th scope=\"row\">{name}</th><td>{}</td>\
         <td class=\"severity {severity}\">{severity}</td>\
         <td class=\"number\">{}</td>{known}<td class=\"number\">{}</td></tr>\n",
        check.status.word().replace('_', " "),
        number(check.violations),
        number(check.looked_at),
    )
}

/// Returns the first thousand findings with their indices, which are also the anchors in the page.
fn list_findings(outcome: &Outcome) -> impl Iterator<Item = (usize, &FindingLine)> {
    (0..).zip(outcome.findings.iter().take(CHANGES_MAX))
}

fn is_listed(outcome: &Outcome, check: &CheckLine) -> bool {
    list_findings(outcome).any(|(_, finding)| finding.check == check.id)
}

/// Returns the findings by check, worst first; a picture of several findings is shown with the first of them.
pub(super) fn render_findings(outcome: &Outcome) -> String {
    let mut shown = BTreeSet::new();
    let mut out = String::new();
    for check in outcome.worst_first() {
        let own: Vec<(usize, &FindingLine)> =
            list_findings(outcome).filter(|(_, line)| line.check == check.id).collect();
        if own.is_empty() {
            continue;
        }
        let id = escape(check.id);
        let (all, known) = (render_count(check.violations, "violation"), check.known);
        let all = match (check.violations, known) {
            (_, 0) => all,
            (0, known) => format!("{known} known"),
            (_, known) => format!("{all}, {known} known"),
        };
        out += &format!("<h3 id=\"check-{id}\">{id}: {all}</h3>\n");
        out += &format!(
            "<p>{}</p>\n<p>To do: {}</p>\n<ol class=\"findings\">\n",
            escape(check.about),
            escape(check.remedy)
        );
        out.extend(own.into_iter().map(|(at, line)| render_finding(outcome, at, line, &mut shown)));
        out += "</ol>\n";
    }
    let further = outcome.findings_total.saturating_sub(CHANGES_MAX as u64);
    if further > 0 {
        out += &format!("<p>And {further} more; the plain table lists them.</p>\n");
    }
    out
}

fn render_finding(outcome: &Outcome, at: usize, finding: &FindingLine, shown: &mut BTreeSet<usize>) -> String {
    let severity = finding.severity.word();
    let class = if finding.known { format!("finding known {severity}") } else { format!("finding {severity}") };
    let row = row_link(outcome, finding.table, &finding.key, &render_row_name(finding));
    let related: Vec<String> = finding.related.iter().map(|row| render_related(outcome, row.table, &row.key)).collect();
    let with =
        if related.is_empty() { String::new() } else { format!("<p class=\"soft\">With {}</p>", related.join(", ")) };
    let known = finding.reason.as_deref().map(|reason| match reason {
        "" => "<p class=\"soft\">Known, without a reason.</p>".to_owned(),
        reason => format!("<p class=\"soft\">Known: {}</p>", escape(reason)),
    });
    format!(
        "<li id=\"finding-{at}\" class=\"{class}\" data-fingerprint=\"{}\"><p>\
         <span class=\"severity {severity}\">{severity}\
         </span> {row}: <span class=\"message\">{}</span></p>{with}{}{}</li>\n",
        escape(&finding.fingerprint),
        escape(&finding.message),
        known.unwrap_or_default(),
        render_picture(outcome, at, shown),
    )
}

/// Returns the picture of a finding, or a link to it where it is already on the page.
fn render_picture(outcome: &Outcome, at: usize, shown: &mut BTreeSet<usize>) -> String {
    let gallery = &outcome.exhibits.gallery;
    let Some(place) = gallery.of.get(at).copied().flatten() else { return String::new() };
    let number = place + 1;
    // `insert` is true only the first time a picture comes up.
    match gallery.pictures.get(place).filter(|_| shown.insert(place)) {
        Some(picture) => svg::draw_figure(picture, number),
        None => format!("<p class=\"soft\"><a href=\"#figure-{number}\">Figure {number}</a> shows it.</p>"),
    }
}

fn render_related(outcome: &Outcome, table: &'static str, key: &Json) -> String {
    row_link(outcome, table, key, &format!("{table} {}", key_text(key)))
}

fn row_link(outcome: &Outcome, table: &'static str, key: &Json, text: &str) -> String {
    let text = escape(text);
    outcome.exhibits.position(table, key).map_or_else(|| text.clone(), |at| format!("<a href=\"#row-{at}\">{text}</a>"))
}

/// Returns the lines of the baseline without a finding.
pub(super) fn render_gone(outcome: &Outcome) -> String {
    let mut lines = String::new();
    for known in outcome.gone_findings.iter().take(CHANGES_MAX) {
        let key = key_text(&Json::Object(known.key.clone()));
        let text = format!("{}, {} {key}: {}", known.check, known.table, known.what);
        lines += &format!("<li data-gone=\"{}\">{}</li>\n", escape(&known.fingerprint), escape(&text));
    }
    if lines.is_empty() { lines } else { format!("<ul>\n{lines}</ul>\n") }
}

/// Returns the rows that findings name, each with the cells that the checks read and links to the findings.
pub(super) fn render_rows(outcome: &Outcome) -> String {
    let all: String =
        outcome.exhibits.rows.iter().enumerate().map(|(at, line)| render_row(outcome, at, line)).collect();
    if all.is_empty() {
        return all;
    }
    format!(
        "<p class=\"soft\">The columns of each row that the checks read; columns that identify a person are \
         omitted.</p>\n<div class=\"rows\">\n{all}</div>\n"
    )
}

fn render_row(outcome: &Outcome, at: usize, line: &RowLine) -> String {
    let mut cells = String::new();
    for (name, value) in &line.cells {
        cells += &format!("<dt>{}</dt><dd>{}</dd>", escape(name), escape(value));
    }
    let cells = match cells.as_str() {
        "" => "<p>This row does not exist.</p>".to_owned(),
        cells => format!("<dl>{cells}</dl>"),
    };
    let mut links = Vec::new();
    for finding in &line.named_by {
        if let Some(FindingLine { check, .. }) = outcome.findings.get(*finding) {
            links.push(format!("<a href=\"#finding-{finding}\">{}</a>", escape(check)));
        }
    }
    let title = escape(&format!("{} {}", line.table, key_text(&line.key)));
    format!(
        "<article id=\"row-{at}\" class=\"row\"><h3>{title}</h3>{cells}<p>Found by {}</p></article>\n",
        links.join(", ")
    )
}
