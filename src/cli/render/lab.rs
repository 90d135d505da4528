//! `lab create` and `lab import`: the tables that were made.

use crate::cli::report::{Mood, Report, ReportPage, ReportTable, join_list, render_count};
use crate::domain::Domain;
use crate::domain::import::ImportReport;
use crate::domains;
use crate::ops::lab::{MadeLab, create, export, import};

impl Report for create::Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        let lab = &self.made;
        let patients = self.patients.map(|patients| render_count(u64::from(patients), "patient"));
        let frames = self.frames.map(|frames| render_count(u64::from(frames), "frame"));
        let tests = self.tests.map(|tests| render_count(u64::from(tests), "test"));
        let size = patients
            .or(frames)
            .or(tests)
            .or(self.scenario.clone())
            .map_or_else(String::new, |size| format!("{size}, "));
        page.lead(Mood::Good, &format!("made lab {}: {size}{}", lab.target, render_count(lab.rows, "row")));
        page.blank();
        let mut all = fields(lab);
        all.push(("seed", self.seed.to_string()));
        if let Some(scenario) = &self.scenario {
            all.push(("scenario", scenario.clone()));
        }
        if let Some(until) = &self.until {
            all.push(("until", until.clone()));
        }
        page.fields(&all);
        write_tables(page, lab, self.domain);
    }

    fn to_table(&self) -> ReportTable {
        build_table(&self.made)
    }
}

impl Report for import::Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        let lab = &self.made;
        page.lead(Mood::Good, &format!("imported lab {}: {}", lab.target, render_count(lab.rows, "row")));
        page.blank();
        let mut all = fields(lab);
        all.push(("source", self.source.display().to_string()));
        all.push(match self.bytes_proved {
            Some(bytes) => ("proved", format!("{bytes} bytes written again match the files")),
            None => ("proved", format!("{} cells match the files", self.cells_proved)),
        });
        if !self.others.is_empty() {
            all.push(("left alone", join_list(&self.others)));
        }
        page.fields(&all);
        write_left_out(page, &self.reports);
        write_remarks(page, &self.reports);
        write_tables(page, lab, self.domain);
    }

    fn to_table(&self) -> ReportTable {
        build_table(&self.made)
    }
}

impl Report for export::Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        let count = render_count(self.files.len() as u64, "file");
        page.lead(Mood::Good, &format!("wrote {count} to {}", self.folder.display()));
        page.blank();
        page.table(&self.to_table());
    }

    fn to_table(&self) -> ReportTable {
        let rows = self.files.iter().map(|(file, bytes)| vec![file.clone(), bytes.to_string()]);
        ReportTable::new(&["file", "bytes"]).with_rows(rows)
    }
}

/// Writes what was read of each file of a folder, and what was odd about it.
fn write_remarks(page: &mut ReportPage, reports: &[ImportReport]) {
    let read: Vec<&ImportReport> = reports.iter().filter(|report| report.keys.is_some()).collect();
    if read.is_empty() {
        return;
    }
    page.heading("Read");
    for report in read {
        let keys = report.keys.unwrap_or_default();
        page.line(&format!(
            "{}: {}, {}",
            report.table,
            render_count(report.rows_kept, "record"),
            render_count(keys, "key")
        ));
        report.remarks.iter().for_each(|remark| page.line(&format!("  {remark}")));
    }
}

/// Writes the rows and columns of the source that the lab does not have.
fn write_left_out(page: &mut ReportPage, reports: &[ImportReport]) {
    if !reports.iter().any(is_lossy) {
        return;
    }
    page.heading("Left out");
    for report in reports.iter().filter(|report| is_lossy(report)) {
        let table = &report.table;
        for row in &report.left_out {
            page.line(&format!("{table} row {} (key {}): {}", row.row, row.key, row.why));
        }
        for (what, columns) in [("unmapped", &report.columns_unmapped), ("absent", &report.columns_absent)] {
            if !columns.is_empty() {
                page.paragraph(0, &format!("{table}: {what} columns: {}", join_list(columns)));
            }
        }
    }
}

fn is_lossy(report: &ImportReport) -> bool {
    !report.left_out.is_empty() || !report.columns_unmapped.is_empty() || !report.columns_absent.is_empty()
}

fn fields(lab: &MadeLab) -> Vec<(&'static str, String)> {
    vec![("url", lab.url.clone()), ("identity", lab.identity.to_string())]
}

fn write_tables(page: &mut ReportPage, lab: &MadeLab, domain: &str) {
    page.blank();
    let rows = lab.tables.iter().map(|(table, rows)| vec![table.clone(), rows.to_string()]);
    page.table(&ReportTable::new(&["table", "rows"]).with_rows(rows));
    page.blank();
    let mode = domains::find(domain).and_then(|domain| domain.modes().first().map(|mode| mode.card()));
    let Some(mode) = mode else { return };
    let (tool, variant) = match domains::find(domain).and_then(Domain::examples) {
        Some(examples) => (examples.tool, examples.variant),
        None => (mode.tool, mode.variants.first().map_or("", |variant| variant.word)),
    };
    page.aside(&format!("next: mfm apply {tool} --variant {variant} --sample 1 --target {}", lab.target));
}

fn build_table(lab: &MadeLab) -> ReportTable {
    let rows = lab.tables.iter().map(|(table, rows)| vec![lab.target.clone(), table.clone(), rows.to_string()]);
    ReportTable::new(&["target", "table", "rows"]).with_rows(rows)
}
