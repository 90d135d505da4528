//! `drill`: the matrix of variants and detectors, with rates and their confidence intervals.

mod coverage;
mod curve;
mod html;
mod junit;
mod mending;

use mfm_journal::FaultLabel;

use crate::cli::report::{Mood, Report, ReportPage, ReportTable, join_list, render_count, yes_or_no};
use crate::ops::Failure;
use crate::ops::drill::detector::OWN;
use crate::ops::drill::ledger::NamedDetector;
use crate::ops::drill::matrix::{DetectorTotal, Matrix, MatrixCell, MatrixLine};
use crate::ops::drill::mending::OWN_CAVEAT;
use crate::ops::drill::past::DrillList;
use crate::ops::drill::{DrillYardstick, Form, Outcome};

/// The generator that exported reports name.
const GENERATOR: &str = concat!("mfm drill ", env!("CARGO_PKG_VERSION"));

impl Report for Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        write_lead(page, self);
        if self.sweeps.is_empty() {
            mending::write_mending(page, self);
            page.heading("By fault");
        } else {
            page.blank();
            curve::write_curves(page, self);
        }
        write_matrix(page, &self.matrix);
        mending::write_missed(page, self);
        coverage::write_coverage(page, self);
        write_summary(page, self);
        write_comparison(page, self);
    }

    fn to_table(&self) -> ReportTable {
        let head = [
            "tool",
            "mode",
            "variant",
            "severity",
            "tried",
            "detector",
            "caught",
            "missed",
            "false_alarm",
            "could_not_tell",
            "rate",
            "low",
            "high",
            "seen_by",
            "untried",
            "controls",
            "control_false_alarm",
            "control_could_not_tell",
            "why",
            "worse",
            "size",
        ];
        let cells = self.matrix.lines.iter().flat_map(|line| line.cells.iter().map(move |cell| (line, cell)));
        let rows = cells.map(|(line, cell)| {
            let worse = find_worse(self, line, &cell.detector).unwrap_or_default();
            let size = line.size.map(|size| size.to_string()).unwrap_or_default();
            build_row(line, cell).into_iter().chain([worse.to_owned(), size]).collect()
        });
        ReportTable::new(&head).with_rows(rows)
    }
}

fn build_row(line: &MatrixLine, cell: &MatrixCell) -> Vec<String> {
    let MatrixLine { label, trials, untried, .. } = line.clone();
    let FaultLabel { tool, mode, variant, severity } = label;
    let numbers = [cell.caught, cell.missed, cell.false_alarm, cell.could_not_tell].map(|number| number.to_string());
    let interval = [cell.rate.rate, cell.rate.low, cell.rate.high];
    let mut out = vec![tool, mode, variant, severity, trials.to_string(), cell.detector.clone()];
    out.extend(numbers);
    // What was not measured stays empty.
    out.extend(interval.map(|number| number.map(|number| number.to_string()).unwrap_or_default()));
    out.extend([cell.seen_by.join(","), untried.unwrap_or_default()]);
    let controls = cell.controls;
    out.extend([controls.looks, controls.false_alarm, controls.could_not_tell].map(|number| number.to_string()));
    out.push(list_reasons(cell).join("; "));
    out
}

/// Finds what got worse than in the earlier result; `None` if nothing did or there is none.
fn find_worse<'o>(outcome: &'o Outcome, line: &MatrixLine, detector: &str) -> Option<&'o str> {
    let mut all = outcome.worse.iter().flatten();
    let (tool, variant) = (&line.label.tool, line.variant_and_size());
    let own = all.find(|one| one.tool == *tool && one.variant == variant && one.detector == detector);
    own.map(|one| one.what.as_str())
}

/// Lists why looks were inconclusive, each reason with its count.
fn list_reasons(cell: &MatrixCell) -> Vec<String> {
    cell.reasons.iter().map(|reason| format!("{}: {}", render_count(reason.looks, "look"), reason.why)).collect()
}

impl Report for DrillList {
    fn render_page(&self, page: &mut ReportPage) {
        let number = render_count(self.drills.len() as u64, "drill");
        page.lead(Mood::Plain, &format!("{number} in {}", self.journal.display()));
        if !self.drills.is_empty() {
            page.blank();
            page.table(&self.to_table());
            page.blank();
            page.aside("next: mfm drill --show DRILL");
        }
    }

    fn to_table(&self) -> ReportTable {
        let head = ["drill", "at", "actor", "target", "variants", "tried", "caught", "exact"];
        ReportTable::new(&head).with_rows(self.drills.iter().map(|drill| {
            let caught = drill.detectors.iter().zip(&drill.caught).map(|(name, caught)| format!("{caught} by {name}"));
            let exact = drill.exact.map_or_else(|| "cut off".to_owned(), yes_or_no);
            let start = [drill.drill.to_string(), drill.at.clone(), drill.actor.clone(), drill.target.clone()];
            let counts = [drill.variants.to_string(), drill.tried.to_string(), join_list(caught), exact];
            start.into_iter().chain(counts).collect()
        }))
    }
}

/// Renders a drill as CSV, HTML or JUnit XML.
pub(in crate::cli) fn render_form(outcome: &Outcome, form: Form) -> Result<String, Failure> {
    match form {
        Form::Csv => outcome.to_table().to_csv(),
        Form::Html => Ok(html::render_page(outcome)),
        Form::Junit => Ok(junit::render_suites(outcome)),
    }
}

/// Lists the detectors under test, the worst first: the commands if there are any, else mfm's own checks.
fn list_under_test(outcome: &Outcome) -> Vec<&MatrixCell> {
    let mut cells: Vec<&MatrixCell> = outcome.matrix.totals.iter().map(|total| &total.cell).collect();
    if cells.iter().any(|cell| cell.detector != OWN) {
        cells.retain(|cell| cell.detector != OWN);
    }
    cells.sort_by(|one, other| {
        let [share, other_share] = [one, other].map(|cell| cell.rate.rate.unwrap_or_default());
        let by_share = share.total_cmp(&other_share);
        // At the same share, more inconclusive looks and then more false alarms are worse.
        by_share.then((other.untold_looks(), other.false_alarms()).cmp(&(one.untold_looks(), one.false_alarms())))
    });
    cells
}

/// Renders the title: a clause for each detector under test, the worst first.
fn title(outcome: &Outcome) -> String {
    let clauses: Vec<String> = list_under_test(outcome).into_iter().map(render_detector).collect();
    let text = if clauses.is_empty() { "no detector was tested".to_owned() } else { clauses.join("; ") };
    if !outcome.interrupted {
        return text;
    }
    format!("interrupted after {} of {}: {text}", outcome.tried, render_count(outcome.planned, "fault"))
}

fn render_detector(cell: &MatrixCell) -> String {
    let alarms = match cell.false_alarms() {
        0 => "no false alarm".to_owned(),
        number => render_count(number, "false alarm"),
    };
    let rate = cell.rate;
    let text = format!("{} caught {} of {}, with {alarms}", cell.detector, rate.hits, render_count(rate.of, "fault"));
    if cell.untold_looks() == 0 { text } else { format!("{text}; inconclusive: {}", render_untold(cell)) }
}

/// Renders where a detector was inconclusive, such as `2 faults and 1 control`.
fn render_untold(cell: &MatrixCell) -> String {
    let faults = (cell.could_not_tell > 0).then(|| render_count(cell.could_not_tell, "fault"));
    let controls = cell.controls.could_not_tell;
    let controls = (controls > 0).then(|| render_count(controls, "control"));
    faults.into_iter().chain(controls).collect::<Vec<_>>().join(" and ")
}

fn write_lead(page: &mut ReportPage, outcome: &Outcome) {
    page.lead(if outcome.ok { Mood::Good } else { Mood::Bad }, &title(outcome));
    if outcome.exact != Some(true) {
        page.lead(Mood::Bad, &render_inexact(outcome));
    }
    outcome.caveats.iter().for_each(|caveat| page.paragraph(2, caveat));
}

fn render_inexact(outcome: &Outcome) -> String {
    if outcome.interrupted {
        return format!(
            "it was interrupted after {} of {}: the figures are those of the faults tried, and its tables were not \
             compared; see `mfm status`",
            outcome.tried,
            render_count(outcome.planned, "fault")
        );
    }
    "the tables have changed: somebody else, or a command under test, wrote to them".to_owned()
}

/// Width of a detector's column, in characters.
const CELL: usize = 24;

/// Writes the matrix grouped by tool; `mfm demo` shows it too.
pub(super) fn write_matrix(page: &mut ReportPage, matrix: &Matrix) {
    let wide = matrix.lines.iter().map(|line| line.variant_and_size().len()).max().unwrap_or_default();
    let names: String = matrix.totals.iter().map(|total| format!("{:CELL$}", total.cell.detector)).collect();
    page.aside(format!("{:2}{:wide$}  severity  {names}", "", "").trim_end());
    let mut tool = "";
    for line in &matrix.lines {
        if line.label.tool != tool {
            page.line(&line.label.tool);
            tool = &line.label.tool;
        }
        let cells: String = line.cells.iter().map(|cell| format!("{:CELL$}", cell.rate.render_counts())).collect();
        let variant = line.variant_and_size();
        page.line(format!("  {variant:wide$}  {:8}  {cells}", line.label.severity).trim_end());
        for cell in line.cells.iter().filter(|cell| cell.false_alarms() + cell.untold_looks() > 0) {
            page.paragraph(4, &format!("{}: {}", cell.detector, render_remarks(cell)));
            list_reasons(cell).iter().for_each(|why| page.paragraph(6, why));
        }
        if let Some(why) = &line.untried {
            page.paragraph(4, &format!("{} tried: {why}", line.trials));
        }
    }
}

fn render_remarks(cell: &MatrixCell) -> String {
    let mut remarks = Vec::new();
    if cell.false_alarm > 0 {
        remarks.push(render_count(cell.false_alarm, "false alarm"));
    }
    if cell.controls.false_alarm > 0 {
        remarks.push(format!("{} at controls", render_count(cell.controls.false_alarm, "false alarm")));
    }
    if cell.untold_looks() > 0 {
        remarks.push(format!("inconclusive for {}", render_untold(cell)));
    }
    join_list(remarks)
}

fn write_summary(page: &mut ReportPage, outcome: &Outcome) {
    page.heading("Summary");
    let mut fields: Vec<(&str, String)> = Vec::new();
    for total in &outcome.matrix.totals {
        fields.push((total.cell.detector.as_str(), render_total(total)));
    }
    fields.extend(render_pair(outcome).map(|text| ("both", text)));
    fields.extend(outcome.yardstick.as_ref().map(|yardstick| ("people", render_people(yardstick))));
    fields.extend(outcome.detectors.iter().filter_map(render_known_note).map(|text| ("known", text)));
    if let Some(tables) = outcome.tables.filter(|_| outcome.exact == Some(true)) {
        let tables = render_count(tables, "table");
        fields.push((
            "exact",
            format!("{} taken back; all {tables} are unchanged", render_count(outcome.tried, "fault")),
        ));
    }
    fields.push(("seed", format!("{}, now {}", outcome.seed, outcome.now)));
    fields.push(("drill", format!("{} in {}", outcome.drill, outcome.journal.display())));
    page.fields(&fields);
    page.blank();
    page.aside(&format!("next: mfm drill --show {} shows it again", outcome.drill));
}

/// Renders the share that people find, with the source of the figure.
pub(super) fn render_people(yardstick: &DrillYardstick) -> String {
    format!("{} caught by {}", yardstick.share.percent(), yardstick.source)
}

/// Returns the caveat on the figure of mfm's own checks; `None` if they were not under test.
pub(super) fn render_own_note(matrix: &Matrix) -> Option<String> {
    matrix.totals.iter().any(|total| total.cell.detector == OWN).then(|| OWN_CAVEAT.to_owned())
}

/// Returns the caveat on findings in the untouched data, which count as no detection; `None` without any.
fn render_known_note(named: &NamedDetector) -> Option<String> {
    let text = "on the untouched data do not count: a fault with no other finding counts as missed";
    (named.known > 0).then(|| format!("{} of {} {text}", render_count(named.known, "finding"), named.name))
}

/// Renders the totals of a detector over all variants.
pub(super) fn render_total(total: &DetectorTotal) -> String {
    let rate = total.cell.rate;
    let mut text = format!("{} of {} caught", rate.hits, rate.of);
    if rate.of > 0 {
        text += &format!("; {} for this mix of variants", total.this_mix.percent());
        text += &match total.new_variant.low {
            Some(_) => format!(", {} for a new variant", total.new_variant.percent()),
            None => ", unknown for a new variant".to_owned(),
        };
    }
    if let Some(weighted) = total.weighted {
        text += &format!("; by severity {:.0} %", weighted * 100.0);
    }
    if total.alarms.of > 0 {
        text += &format!("; false alarms at {} of {}", total.alarms.hits, render_count(total.alarms.of, "control"));
    }
    if let (Some(median), Some(max)) = (total.detect_ms_median, total.detect_ms_max.filter(|max| *max > 0)) {
        text += &format!("; in {median} ms, at most {max} ms");
    }
    text
}

fn render_pair(outcome: &Outcome) -> Option<String> {
    let (pair, [first, second]) = (outcome.matrix.pair?, outcome.detectors.as_slice()) else { return None };
    Some(format!(
        "{} caught by both, {} by {} alone, {} by {} alone, {} by neither",
        pair.both, pair.first_only, first.name, pair.second_only, second.name, pair.neither
    ))
}

fn write_comparison(page: &mut ReportPage, outcome: &Outcome) {
    match outcome.worse.as_deref() {
        None => {}
        Some([]) => page.lead(Mood::Good, "nothing is worse than in the earlier result"),
        Some(worse) => {
            page.heading("Worse than before");
            for one in worse {
                page.paragraph(2, &format!("{} {}, {}: {}", one.tool, one.variant, one.detector, one.what));
            }
        }
    }
    match outcome.differences.as_deref() {
        None => {}
        Some([]) => page.lead(Mood::Good, "the same faults with the same verdicts"),
        Some(differences) => {
            page.heading("Differences from the earlier drill");
            for one in differences {
                page.paragraph(2, &format!("trial {}, {} {}: {}", one.trial, one.tool, one.variant, one.what));
            }
        }
    }
}
