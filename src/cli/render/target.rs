//! `target`: the registered databases, and how the guard judges them.

use super::short;
use crate::cli::report::{Mood, Page, Report, Sheet, count, list, yes};
use crate::ops::status::TargetLine;
use crate::ops::targets::preflight::{TableLine, VerdictLine};
use crate::ops::targets::{add, list as listed, mark, preflight, remove, show};

/// How many table names a page shows.
const TABLES_MAX: usize = 40;

impl Report for TargetLine {
    fn page(&self, page: &mut Page) {
        page.lead(mood(self), &format!("{} is {}", self.name, self.state));
        page.blank();
        page.fields(&fields(self));
        next(page, self);
    }

    fn sheet(&self) -> Sheet {
        sheet(std::slice::from_ref(self))
    }
}

impl Report for add::Outcome {
    fn page(&self, page: &mut Page) {
        self.line.page(page);
        super::status::foreign(page, &self.foreign_operations);
    }

    fn sheet(&self) -> Sheet {
        self.line.sheet()
    }
}

impl Report for listed::Outcome {
    fn page(&self, page: &mut Page) {
        let wrong = self.targets.iter().filter(|line| line.state != "marked").count();
        match (self.targets.len(), wrong) {
            (0, _) => return page.lead(Mood::Plain, "no target is registered"),
            (all, 0) => page.lead(Mood::Good, &format!("{}, all marked", count(all as u64, "target"))),
            (all, wrong) => {
                page.lead(Mood::Bad, &format!("the guard stops {wrong} of {}", count(all as u64, "target")));
            }
        }
        page.blank();
        lines(page, &self.targets);
    }

    fn sheet(&self) -> Sheet {
        sheet(&self.targets)
    }
}

impl Report for mark::Outcome {
    fn page(&self, page: &mut Page) {
        page.lead(mood(&self.line), &format!("{} is {} as a test copy", self.line.name, self.line.state));
        page.blank();
        let mut all = fields(&self.line);
        all.push(("identity", self.identity.to_string()));
        if !self.overrides.is_empty() {
            all.push(("overridden", list(&self.overrides)));
        }
        all.extend(self.baseline_tables.map(|tables| ("baseline", count(tables, "table"))));
        all.extend(self.copied_from.as_ref().map(|url| ("copy of", format!("{url}, which stays as it is"))));
        page.fields(&all);
    }

    fn sheet(&self) -> Sheet {
        self.line.sheet()
    }
}

impl Report for show::Outcome {
    fn page(&self, page: &mut Page) {
        page.lead(mood(&self.line), &format!("{} is {}", self.line.name, self.line.state));
        page.blank();
        let mut all = fields(&self.line);
        all.extend(self.identity.map(|identity| ("identity", identity.to_string())));
        if let Some(marker) = &self.marker {
            all.push(("marker", format!("{}, put by {}", marker.marker_id, marker.actor)));
        }
        if self.lineage.len() > 1 {
            all.push(("lineage", list(self.lineage.iter().map(short))));
        }
        all.extend(self.newest.map(|op| ("newest", format!("operation {op}"))));
        let more = if self.tables.len() > TABLES_MAX { ", ..." } else { "" };
        all.push(("tables", list(self.tables.iter().take(TABLES_MAX)) + more));
        page.fields(&all);
        next(page, &self.line);
    }

    fn sheet(&self) -> Sheet {
        self.line.sheet()
    }
}

impl Report for remove::Outcome {
    fn page(&self, page: &mut Page) {
        page.lead(Mood::Plain, &format!("{} is forgotten; {} is as it was", self.name, self.url));
    }

    fn sheet(&self) -> Sheet {
        Sheet::new(&["name", "url"]).with([vec![self.name.clone(), self.url.clone()]])
    }
}

impl Report for preflight::Outcome {
    fn page(&self, page: &mut Page) {
        let exact = self.tables.iter().filter(|table| problem(table).is_none()).count();
        let tables = count(self.tables.len() as u64, "table");
        let mood = if self.guard == "passes" && self.signs.is_empty() { Mood::Good } else { Mood::Bad };
        page.lead(mood, &format!("{}: {exact} of {tables} can be changed exactly; guard: {}", self.target, self.guard));
        page.extend_lines(self.problem.iter().cloned());
        for sign in &self.signs {
            page.line(&format!("sign of a live clinic ({}): {}", sign.word, sign.what));
        }
        page.blank();
        let mut tables: Vec<&TableLine> = self.tables.iter().collect();
        tables.sort_by_key(|table| problem(table).is_none());
        let mut sheet = Sheet::new(&["table", "key", "update", "insert", "delete", "remarks"]);
        tables.iter().for_each(|table| sheet.row(cells(table, &remarks(table))));
        page.table(&sheet);
    }

    fn sheet(&self) -> Sheet {
        let head = ["table", "key", "update", "insert", "delete", "remarks"];
        Sheet::new(&head).with(self.tables.iter().map(|table| cells(table, &remarks(table))))
    }
}

fn cells(table: &TableLine, remarks: &str) -> Vec<String> {
    let verdict = |line: &VerdictLine| line.verdict.clone();
    let key = if table.key.is_empty() { table.key_standing.clone() } else { list(&table.key) };
    let (update, insert, delete) = (verdict(&table.update), verdict(&table.insert), verdict(&table.delete));
    vec![table.table.clone(), key, update, insert, delete, remarks.to_owned()]
}

/// Returns why a table cannot be changed in some way.
fn problem(table: &TableLine) -> Option<&str> {
    [&table.update, &table.insert, &table.delete].into_iter().find_map(|line| line.why.as_deref())
}

fn remarks(table: &TableLine) -> String {
    let mut all: Vec<&str> = Vec::new();
    for line in [&table.update, &table.insert, &table.delete] {
        let said = line.why.iter().chain(&line.residue).chain(&line.notes).map(String::as_str);
        for text in said {
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

/// Says how a database becomes one that may be broken.
fn next(page: &mut Page, line: &TargetLine) {
    if ["unmarked", "marked_elsewhere"].contains(&line.state.as_str()) {
        page.blank();
        page.aside(&format!("next: mfm target mark {}, if it is a test copy", line.name));
    }
}

fn fields(line: &TargetLine) -> Vec<(&'static str, String)> {
    let mut fields = vec![("name", line.name.clone()), ("url", line.url.clone()), ("lab", yes(line.lab))];
    fields.extend(line.problem.iter().map(|problem| ("problem", problem.clone())));
    fields
}

fn sheet(lines: &[TargetLine]) -> Sheet {
    Sheet::new(&["name", "state", "lab", "url", "problem"]).with(lines.iter().map(|line| {
        let problem = line.problem.clone().unwrap_or_default();
        vec![line.name.clone(), line.state.clone(), yes(line.lab), line.url.clone(), problem]
    }))
}

/// Writes targets, those that the guard stops first.
pub(super) fn lines(page: &mut Page, targets: &[TargetLine]) {
    let mut targets: Vec<&TargetLine> = targets.iter().collect();
    targets.sort_by_key(|line| line.state == "marked");
    page.table(
        &Sheet::new(&["name", "state", "lab", "url"]).with(
            targets.iter().map(|line| vec![line.name.clone(), line.state.clone(), yes(line.lab), line.url.clone()]),
        ),
    );
    for line in targets {
        page.extend_lines(line.problem.iter().map(|problem| format!("{}: {problem}", line.name)));
    }
}
