//! A drill as one page of HTML that needs no network and no script: the matrix, the totals, and how they were got.

use super::coverage::COVERAGE_NOTE;
use super::curve::{draw_curve, render_threshold};
use super::mending::{list_checks, render_faults, render_found_before, render_missed, render_place, render_silent};
use super::{
    GENERATOR, list_reasons, render_inexact, render_known_note, render_pair, render_people, render_remarks,
    render_total, title,
};
use crate::ops::drill::Outcome;
use crate::ops::drill::detector::OWN;
use crate::ops::drill::matrix::{MatrixCell, MatrixLine};
use crate::ops::drill::mending::DetectorChecks;
use crate::ops::report::html::Page;
use crate::ops::report::markup::escape;

/// Legible on phones, in dark mode, and in black and white: no information is in the colour alone.
const STYLE: &str = "\
:root{color-scheme:light dark;background:Canvas;color:CanvasText}\
body{font:16px/1.45 system-ui,sans-serif;margin:1rem auto;max-width:70rem;padding:0 1rem}\
h1{font-size:1.4rem}h2{font-size:1.1rem}\
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}\
caption{text-align:left;padding:.3rem 0}\
th,td{min-width:7rem;border-bottom:1px solid #8886;padding:.3rem .5rem;text-align:left;vertical-align:top}\
.all{background:#2a91;border-left:.3rem solid #197a3b}\
.some{background:#fa03;border-left:.3rem solid #b07000}\
.none{background:#d222;border-left:.3rem solid #b3261e}\
dd,li,p,th{overflow-wrap:anywhere}\
.curve{max-width:32rem;width:100%;font-size:11px}.curve text{fill:currentColor}\
.grid{stroke:#8886}.bar{stroke:#1769aa;stroke-width:1.5;opacity:.5}.dot{fill:#1769aa}\
.line{fill:none;stroke:#1769aa;stroke-width:1.5}.threshold{stroke:#b3261e;stroke-dasharray:4 3}\
.narrow td,.narrow th{min-width:0;overflow-wrap:anywhere}\
small{display:block;font-weight:normal;overflow-wrap:anywhere}";

pub(super) fn render_page(outcome: &Outcome) -> String {
    let title = title(outcome);
    let (target, now) = (escape(&outcome.target), escape(&outcome.now));
    let exact = match outcome.exact {
        Some(true) => "every table is unchanged, by digest".to_owned(),
        _ => render_inexact(outcome),
    };
    let is_own = outcome.detectors.iter().all(|named| named.name == OWN);
    let body = format!(
        "<main>\n<h1>{}</h1>\n<p>Drill {} on {target}: {} tried, seed {}, now {now}; {}.</p>\n\
         {}{}{}{}{}{}{}{}\n</main>\n",
        escape(&title),
        outcome.drill,
        crate::ops::render_count(outcome.tried, "fault"),
        outcome.seed,
        escape(&exact),
        // Where mfm's own figure is the title, what to know of it comes next; else it stands before the summary.
        if is_own { render_caveats(outcome) } else { String::new() },
        render_curves(outcome),
        render_mending(outcome),
        render_matrix(outcome),
        render_missed_list(outcome),
        render_coverage(outcome),
        if is_own { String::new() } else { render_caveats(outcome) },
        render_totals(outcome)
    );
    Page { title: &title, generator: GENERATOR, style: STYLE, body: &body }.render()
}

fn render_caveats(outcome: &Outcome) -> String {
    outcome.caveats.iter().map(|caveat| format!("<p>{}.</p>\n", escape(caveat))).collect()
}

fn render_curves(outcome: &Outcome) -> String {
    let mut out = String::new();
    for curve in &outcome.sweeps {
        let title = format!("{} {}, by {}", curve.tool, curve.variant, curve.detector);
        out += &format!("<h2>{}</h2>\n<p>{}</p>\n", escape(&title), escape(&render_threshold(curve)));
        out += &format!("<p>{}</p>\n", draw_curve(curve));
    }
    out
}

/// Renders what is to be mended, about the checks of the user's first: what saw nothing, and what nothing saw.
fn render_mending(outcome: &Outcome) -> String {
    if outcome.tried == 0 || !outcome.sweeps.is_empty() {
        return String::new();
    }
    let mut out = String::new();
    for checks in list_checks(outcome) {
        out += &format!("<h2>Checks of {} that saw nothing</h2>\n", escape(&checks.detector));
        out += &render_items(render_silent(outcome, checks).into_iter(), "none: each saw a fault");
        out += &render_found_before(checks).map(|text| format!("<p>{}.</p>\n", escape(&text))).unwrap_or_default();
    }
    out += "<h2>Faults that nothing saw</h2>\n";
    let unseen = outcome.unseen.iter();
    let items = unseen.map(|fault| format!("{} {}, severity {}", fault.tool, fault.variant, fault.severity));
    out += &render_items(items, "none: each variant was seen at least once");
    let seeing = list_checks(outcome).into_iter().filter(|checks| !checks.saw.is_empty());
    out + &seeing.map(render_seeing_checks).collect::<String>() + "<h2>By fault</h2>\n"
}

/// Renders what each check of a detector saw.
fn render_seeing_checks(checks: &DetectorChecks) -> String {
    let rows = checks.saw.iter().map(|check| {
        let (name, faults) = (escape(&check.check), escape(&render_faults(check)));
        format!("<tr><th scope=\"row\">{name}</th><td>{}<small>{faults}</small></td></tr>\n", check.caught)
    });
    let title = escape(&format!("What each check of {} saw", checks.detector));
    render_table(&title, ["check", "caught"], &rows.collect::<String>())
}

/// Renders a heading and a narrow table of two columns.
fn render_table(title: &str, [first, second]: [&str; 2], rows: &str) -> String {
    format!(
        "<h2>{title}</h2>\n<table class=\"narrow\">\n<thead><tr><th scope=\"col\">{first}</th>\
         <th scope=\"col\">{second}</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n"
    )
}

/// Renders the published failures that the faults tried are of.
fn render_coverage(outcome: &Outcome) -> String {
    if outcome.coverage.is_empty() {
        return String::new();
    }
    let rows = outcome.coverage.iter().map(|line| {
        let name = escape(&format!("{} {}", line.number, line.name));
        let review = escape(line.review.word());
        let (class, caught) = line.drill.map_or(("", "not tried".to_owned()), |count| {
            (class_of(count.caught, count.tried), format!("{} of {}", count.caught, count.tried))
        });
        format!(
            "<tr><th scope=\"row\">{name}<small>{review} review</small></th><td class=\"{class}\">{caught}</td></tr>\n"
        )
    });
    render_table("Published failures", ["failure", "caught"], &rows.collect::<String>())
        + &format!("<p>{}</p>\n", escape(COVERAGE_NOTE))
}

fn render_missed_list(outcome: &Outcome) -> String {
    if outcome.missed.is_empty() {
        return String::new();
    }
    let place = render_place(outcome).map(|text| format!("<p>{}.</p>\n", escape(&text))).unwrap_or_default();
    format!("<h2>Missed trials</h2>\n{place}{}", render_items(outcome.missed.iter().map(render_missed), ""))
}

/// Renders a list, or one sentence where it is empty.
fn render_items(items: impl Iterator<Item = String>, none: &str) -> String {
    let items: String = items.map(|item| format!("<li>{}</li>\n", escape(&item))).collect();
    if items.is_empty() { format!("<p>{none}.</p>\n") } else { format!("<ul>\n{items}</ul>\n") }
}

fn render_matrix(outcome: &Outcome) -> String {
    let cells = own_last(outcome.matrix.totals.iter().map(|total| &total.cell).collect());
    let names = cells.iter().map(|cell| format!("<th scope=\"col\">{}</th>", escape(&cell.detector)));
    let rows: String = outcome.matrix.lines.iter().map(render_row).collect();
    format!(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Matrix\">\n<table>\n\
         <caption>Caught of tried, share and 95 % interval (Wilson)</caption>\n\
         <thead><tr><th scope=\"col\">variant</th>{}</tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n</div>\n",
        names.collect::<String>()
    )
}

/// Puts mfm's own checks behind those of the user.
fn own_last(mut cells: Vec<&MatrixCell>) -> Vec<&MatrixCell> {
    cells.sort_by_key(|cell| cell.detector == OWN);
    cells
}

/// Renders a row; variant, mode and severity share a cell, so that the results stay in sight on a phone.
fn render_row(line: &MatrixLine) -> String {
    let untried = line.untried.as_ref().map(|why| format!("<small>{} tried: {}</small>", line.trials, escape(why)));
    let cells: String = own_last(line.cells.iter().collect()).into_iter().map(render_cell).collect();
    format!(
        "<tr><th scope=\"row\">{}<small>{}, severity {}</small>{}</th>{cells}</tr>\n",
        escape(&line.variant_and_size()),
        escape(&line.label.mode),
        escape(&line.label.severity),
        untried.unwrap_or_default()
    )
}

/// Most checks named in a cell.
const SIGNS_MAX: usize = 3;

fn signs(cell: &MatrixCell) -> String {
    let names: Vec<&str> = cell.seen_by.iter().take(SIGNS_MAX).map(String::as_str).collect();
    let more = if cell.seen_by.len() > SIGNS_MAX { ", ..." } else { "" };
    names.join(", ") + more
}

fn class_of(caught: u64, tried: u64) -> &'static str {
    match (caught, tried) {
        (_, 0) => "",
        (0, _) => "none",
        (caught, tried) if caught < tried => "some",
        _ => "all",
    }
}

fn render_cell(cell: &MatrixCell) -> String {
    let class = class_of(cell.rate.hits, cell.rate.of);
    let mut text = cell.rate.render_counts();
    if cell.rate.of > 0 && cell.rate.hits == 0 {
        text = format!("missed: {text}");
    }
    let smaller = [render_remarks(cell), list_reasons(cell).join("; "), signs(cell)];
    let smaller = smaller.iter().filter(|text| !text.is_empty());
    let small: String = smaller.map(|text| format!("<small>{}</small>", escape(text))).collect();
    format!("<td class=\"{class}\">{}{small}</td>", escape(&text))
}

fn render_totals(outcome: &Outcome) -> String {
    let mut out = String::from("<h2>Summary</h2>\n<dl>\n");
    let mut entry = |name: &str, text: &str| {
        out += &format!("<dt>{}</dt><dd>{}</dd>\n", escape(name), escape(text));
    };
    let mut totals: Vec<_> = outcome.matrix.totals.iter().collect();
    totals.sort_by_key(|total| total.cell.detector == OWN);
    for total in totals {
        entry(&total.cell.detector, &render_total(total));
    }
    if let Some(text) = render_pair(outcome) {
        entry("both", &text);
    }
    if let Some(yardstick) = &outcome.yardstick {
        entry("people", &render_people(yardstick));
    }
    for named in &outcome.detectors {
        entry(&format!("{}, by digest", named.name), &named.digest.to_string());
        if let Some(text) = render_known_note(named) {
            entry("known", &text);
        }
    }
    for worse in outcome.worse.iter().flatten() {
        entry("worse than before", &format!("{} {}, {}: {}", worse.tool, worse.variant, worse.detector, worse.what));
    }
    out + "</dl>"
}
