//! A drill as one page of HTML that needs no network and no script: the matrix, the totals, and how they were got.

use super::{
    GENERATOR, list_reasons, render_known_note, render_own_note, render_pair, render_people, render_remarks,
    render_total, title,
};
use crate::ops::drill::Outcome;
use crate::ops::drill::matrix::{MatrixCell, MatrixLine};
use crate::ops::report::html::Page;
use crate::ops::report::markup::escape;

/// Legible on phones, in dark mode, and in black and white: no information is in the colour alone.
const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.45 system-ui,sans-serif;margin:1rem auto;max-width:70rem;padding:0 1rem}\
h1{font-size:1.4rem}h2{font-size:1.1rem}\
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}\
caption{text-align:left;padding:.3rem 0}\
th,td{min-width:7rem;border-bottom:1px solid #8886;padding:.3rem .5rem;text-align:left;vertical-align:top}\
.all{background:#2a91;border-left:.3rem solid #197a3b}\
.some{background:#fa03;border-left:.3rem solid #b07000}\
.none{background:#d222;border-left:.3rem solid #b3261e}\
dd{overflow-wrap:anywhere}small{display:block;font-weight:normal;overflow-wrap:anywhere}";

pub(super) fn render_page(outcome: &Outcome) -> String {
    let title = title(outcome);
    let (target, now) = (escape(&outcome.target), escape(&outcome.now));
    let exact = if outcome.exact { "every table is unchanged, by digest" } else { "the tables have changed" };
    let body = format!(
        "<main>\n<h1>{}</h1>\n<p>Drill {} on {target}: {} tried, seed {}, now {now}; {exact}.</p>\n{}{}\n</main>\n",
        escape(&title),
        outcome.drill,
        crate::ops::render_count(outcome.tried, "fault"),
        outcome.seed,
        render_matrix(outcome),
        render_totals(outcome)
    );
    Page { title: &title, generator: GENERATOR, style: STYLE, body: &body }.render()
}

fn render_matrix(outcome: &Outcome) -> String {
    let names =
        outcome.matrix.totals.iter().map(|total| format!("<th scope=\"col\">{}</th>", escape(&total.cell.detector)));
    let rows: String = outcome.matrix.lines.iter().map(render_row).collect();
    format!(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Matrix\">\n<table>\n\
         <caption>Caught of tried, share and 95 % interval (Wilson)</caption>\n\
         <thead><tr><th scope=\"col\">variant</th>{}</tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n</div>\n",
        names.collect::<String>()
    )
}

/// Renders a row; variant, mode and severity share a cell, so that the results stay in sight on a phone.
fn render_row(line: &MatrixLine) -> String {
    let untried = line.untried.as_ref().map(|why| format!("<small>{} tried: {}</small>", line.trials, escape(why)));
    let cells: String = line.cells.iter().map(render_cell).collect();
    format!(
        "<tr><th scope=\"row\">{}<small>{}, severity {}</small>{}</th>{cells}</tr>\n",
        escape(&line.label.variant),
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

fn render_cell(cell: &MatrixCell) -> String {
    let class = match (cell.rate.hits, cell.rate.of) {
        (_, 0) => "",
        (0, _) => "none",
        (hits, of) if hits < of => "some",
        _ => "all",
    };
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
    for total in &outcome.matrix.totals {
        entry(&total.cell.detector, &render_total(total));
    }
    if let Some(text) = render_pair(outcome) {
        entry("both", &text);
    }
    if let Some(yardstick) = &outcome.yardstick {
        entry("people", &render_people(yardstick));
    }
    if let Some(text) = render_own_note(&outcome.matrix) {
        entry("note", &text);
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
