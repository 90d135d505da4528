//! `target`: the registered databases, and how the guard judges them.

use super::shorten_digest;
use crate::cli::report::{Mood, Report, ReportPage, ReportTable, join_list, render_count, yes_or_no};
use crate::ops::status::TargetLine;
use crate::ops::targets::preflight::TableLine;
use crate::ops::targets::{add, list as listed, mark, preflight, remove, show};

/// Most table names on a page.
const TABLES_MAX: usize = 40;

impl Report for TargetLine {
    fn render_page(&self, page: &mut ReportPage) {
        page.lead(mood(self), &format!("{} is {}", self.name, self.state));
        page.blank();
        page.fields(&fields(self));
        write_next(page, self);
    }

    fn to_table(&self) -> ReportTable {
        build_table(std::slice::from_ref(self))
    }
}

impl Report for add::Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        self.line.render_page(page);
        super::status::write_foreign(page, &self.foreign_operations);
    }

    fn to_table(&self) -> ReportTable {
        self.line.to_table()
    }
}

impl Report for listed::Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        let wrong = self.targets.iter().filter(|line| line.state != "marked").count();
        match (self.targets.len(), wrong) {
            (0, _) => return page.lead(Mood::Plain, "no target is registered"),
            (all, 0) => page.lead(Mood::Good, &format!("{}, all marked", render_count(all as u64, "target"))),
            (all, wrong) => {
                page.lead(Mood::Bad, &format!("the guard blocks {wrong} of {}", render_count(all as u64, "target")));
            }
        }
        page.blank();
        write_targets(page, &self.targets);
    }

    fn to_table(&self) -> ReportTable {
        build_table(&self.targets)
    }
}

impl Report for mark::Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        page.lead(mood(&self.line), &format!("{} is {} as a test copy", self.line.name, self.line.state));
        page.blank();
        let mut all = fields(&self.line);
        all.push(("identity", self.identity.to_string()));
        if !self.overrides.is_empty() {
            all.push(("overridden", join_list(&self.overrides)));
        }
        all.extend(self.baseline_tables.map(|tables| ("baseline", render_count(tables, "table"))));
        all.extend(self.copied_from.as_ref().map(|url| ("copy of", format!("{url}, which is unchanged"))));
        page.fields(&all);
    }

    fn to_table(&self) -> ReportTable {
        self.line.to_table()
    }
}

impl Report for show::Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        page.lead(mood(&self.line), &format!("{} is {}", self.line.name, self.line.state));
        page.blank();
        let mut all = fields(&self.line);
        all.extend(self.identity.map(|identity| ("identity", identity.to_string())));
        if let Some(marker) = &self.marker {
            all.push(("marker", format!("{}, put by {}", marker.marker_id, marker.actor)));
        }
        if self.lineage.len() > 1 {
            all.push(("lineage", join_list(self.lineage.iter().map(shorten_digest))));
        }
        all.extend(self.newest.map(|op| ("newest", format!("operation {op}"))));
        let more = if self.tables.len() > TABLES_MAX { ", ..." } else { "" };
        all.push(("tables", join_list(self.tables.iter().take(TABLES_MAX)) + more));
        page.fields(&all);
        write_next(page, &self.line);
    }

    fn to_table(&self) -> ReportTable {
        self.line.to_table()
    }
}

impl Report for remove::Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        page.lead(Mood::Plain, &format!("{} is removed from the list; {} is unchanged", self.name, self.url));
    }

    fn to_table(&self) -> ReportTable {
        ReportTable::new(&["name", "url"]).with_rows([vec![self.name.clone(), self.url.clone()]])
    }
}

impl Report for preflight::Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        let exact = self.tables.iter().filter(|table| problem(table).is_none()).count();
        let tables = render_count(self.tables.len() as u64, "table");
        let mood = if self.guard == "passes" && self.signs.is_empty() { Mood::Good } else { Mood::Bad };
        page.lead(mood, &format!("{}: {exact} of {tables} can be changed exactly; guard: {}", self.target, self.guard));
        page.extend_lines(self.problem.iter().cloned());
        for sign in &self.signs {
            page.line(&format!("sign of a live clinic ({}): {}", sign.word, sign.what));
        }
        page.blank();
        let mut tables: Vec<&TableLine> = self.tables.iter().collect();
        tables.sort_by_key(|table| problem(table).is_none());
        let mut rows = ReportTable::new(&["table", "key", "update", "insert", "delete", "remarks"]);
        tables.iter().for_each(|table| rows.push_row(cells(table, &remarks(table))));
        page.table(&rows);
    }

    fn to_table(&self) -> ReportTable {
        let head = ["table", "key", "update", "insert", "delete", "remarks"];
        ReportTable::new(&head).with_rows(self.tables.iter().map(|table| cells(table, &remarks(table))))
    }
}

fn cells(table: &TableLine, remarks: &str) -> Vec<String> {
    let key = if table.key.is_empty() { table.key_standing.clone() } else { join_list(&table.key) };
    let verdicts = [&table.update, &table.insert, &table.delete].map(|line| line.verdict.clone());
    [table.table.clone(), key].into_iter().chain(verdicts).chain([remarks.to_owned()]).collect()
}

/// Returns the first reason why a table cannot be updated, inserted into or deleted from.
fn problem(table: &TableLine) -> Option<&str> {
    [&table.update, &table.insert, &table.delete].into_iter().find_map(|line| line.why.as_deref())
}

fn remarks(table: &TableLine) -> String {
    let mut all: Vec<&str> = Vec::new();
    for line in [&table.update, &table.insert, &table.delete] {
        let texts = line.why.iter().chain(&line.residue).chain(&line.notes).map(String::as_str);
        for text in texts {
            if !all.contains(&text) {
                all.push(text);
            }
        }
    }
    all.join("; ")
}

fn mood(line: &TargetLine) -> Mood {
    if line.state == "marked" { Mood::Good } else { Mood::Bad }
}

/// Suggests to mark the target, if only a mark is missing.
fn write_next(page: &mut ReportPage, line: &TargetLine) {
    if ["unmarked", "marked_elsewhere"].contains(&line.state.as_str()) {
        page.blank();
        page.aside(&format!("next: mfm target mark {}, if it is a test copy", line.name));
    }
}

fn fields(line: &TargetLine) -> Vec<(&'static str, String)> {
    let mut fields = vec![("name", line.name.clone()), ("url", line.url.clone()), ("lab", yes_or_no(line.lab))];
    fields.extend(line.problem.iter().map(|problem| ("problem", problem.clone())));
    fields
}

fn build_table(lines: &[TargetLine]) -> ReportTable {
    ReportTable::new(&["name", "state", "lab", "url", "problem"]).with_rows(lines.iter().map(|line| {
        let problem = line.problem.clone().unwrap_or_default();
        vec![line.name.clone(), line.state.clone(), yes_or_no(line.lab), line.url.clone(), problem]
    }))
}

/// Writes targets; those that the guard refuses come first.
pub(super) fn write_targets(page: &mut ReportPage, targets: &[TargetLine]) {
    let mut targets: Vec<&TargetLine> = targets.iter().collect();
    targets.sort_by_key(|line| line.state == "marked");
    page.table(&ReportTable::new(&["name", "state", "lab", "url"]).with_rows(
        targets.iter().map(|line| vec![line.name.clone(), line.state.clone(), yes_or_no(line.lab), line.url.clone()]),
    ));
    for line in targets {
        page.extend_lines(line.problem.iter().map(|problem| format!("{}: {problem}", line.name)));
    }
}
