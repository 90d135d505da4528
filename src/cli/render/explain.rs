//! `explain`: the operation, its inverse, what is in the way, and the proof.

use super::{changes, show};
use crate::cli::next_step;
use crate::cli::report::{Mood, Report, ReportPage, ReportTable, join_list, render_count};
use crate::ops::explain::{Inverse, InverseState, Outcome, Proof};

/// Most rows in the way on a page.
const ROWS_MAX: usize = 20;

impl Report for Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        let line = &self.operation.line;
        let mood = if self.ok { Mood::Plain } else { Mood::Bad };
        page.lead(mood, &format!("operation {}: {}", line.op, show::title(&self.operation)));
        page.paragraph(0, &self.words);
        page.blank();
        page.fields(&borrow_fields(&show::circumstances(&self.operation)));
        page.heading("Revert now");
        page.paragraph(0, &render_inverse(&self.inverse));
        for residue in &self.residue {
            page.line(&format!("not restored by any revert: {}: {}", residue.table, residue.what));
        }
        self.inverse.drift.iter().take(ROWS_MAX).for_each(|row| {
            let what = row.filled_columns().map_or_else(
                || "another column keeps somebody else's value".to_owned(),
                |columns| format!("{columns}, added since, is left to the database"),
            );
            page.line(&format!("{} {}: {what}", row.table, row.key));
        });
        if !self.blocked_by.is_empty() {
            page.heading("Blocked by");
            self.blocked_by.iter().take(ROWS_MAX).for_each(|block| page.line(&block.message));
            write_more(page, self.blocked_by.len());
        }
        if !self.ways_out.is_empty() {
            page.heading("Possible commands");
            let commands: Vec<Option<String>> = self.ways_out.iter().map(next_step::command_line).collect();
            let mut fields = Vec::new();
            for (command, way) in commands.iter().zip(&self.ways_out) {
                fields.extend(command.as_deref().map(|command| (command, way.text.clone())));
            }
            page.fields(&fields);
            // Commands are aligned in one block; advice follows as text.
            for (command, way) in commands.iter().zip(&self.ways_out) {
                if command.is_none() {
                    page.paragraph(0, &next_step::render_step(way));
                }
            }
        }
        changes::write_first(page, &self.inverse.changes, self.inverse.rows, " rows; --json lists the first thousand");
        write_proof(page, &self.proof);
    }

    fn to_table(&self) -> ReportTable {
        let mut table = ReportTable::new(&["part", "field", "value"]);
        let mut row =
            |part: &str, field: &str, value: String| table.push_row(vec![part.to_owned(), field.to_owned(), value]);
        row("operation", "op", self.operation.line.op.to_string());
        row("operation", "state", self.operation.line.state.clone());
        row("operation", "words", self.words.clone());
        for (field, value) in show::circumstances(&self.operation) {
            row("operation", &field.replace(' ', "_"), value);
        }
        let inverse = &self.inverse;
        row("inverse", "state", state_word(inverse.state).to_owned());
        row("inverse", "carried_by", join_list(&inverse.carried_by));
        row("inverse", "rows", inverse.rows.to_string());
        row("inverse", "already_back", inverse.already_back.to_string());
        row("inverse", "in_conflict", inverse.in_conflict.to_string());
        row("inverse", "drift", inverse.drift.len().to_string());
        row("inverse", "why", inverse.why.clone().unwrap_or_default());
        self.blocked_by.iter().for_each(|block| row("blocked_by", block.what, block.message.clone()));
        for way in &self.ways_out {
            match next_step::command_line(way) {
                Some(command) => row("way_out", &command, way.text.clone()),
                None => row("way_out", "", next_step::render_step(way)),
            }
        }
        self.residue.iter().for_each(|residue| row("residue", &residue.table, residue.what.clone()));
        list_proof_fields(&self.proof)
            .into_iter()
            .for_each(|(field, value)| row("proof", &field.replace(' ', "_"), value));
        table
    }
}

fn borrow_fields<'f>(fields: &'f [(&'static str, String)]) -> Vec<(&'f str, String)> {
    fields.iter().map(|(name, value)| (*name, value.clone())).collect()
}

const fn state_word(state: InverseState) -> &'static str {
    match state {
        InverseState::Possible => "possible",
        InverseState::Blocked => "blocked",
        InverseState::AlreadyReverted => "already_reverted",
        InverseState::Nothing => "nothing",
        InverseState::Unknown => "unknown",
    }
}

fn render_inverse(inverse: &Inverse) -> String {
    let why = inverse.why.as_deref().unwrap_or_default();
    let rows = render_count(inverse.rows, "row");
    let mut text = match inverse.state {
        InverseState::Possible if inverse.rows == 0 => {
            "possible: every row is already restored, so it would only be closed".to_owned()
        }
        InverseState::Possible if inverse.again => {
            format!("possible: {rows} would be written, and the fault would be in effect again")
        }
        InverseState::Possible => format!("possible: {rows} would be restored"),
        InverseState::Blocked if inverse.in_conflict > 0 => {
            format!("blocked: {} in conflict, {rows} could be restored", render_count(inverse.in_conflict, "row"))
        }
        InverseState::Blocked => "blocked".to_owned(),
        InverseState::AlreadyReverted => format!("nothing to revert: it was already reverted, {why}"),
        InverseState::Nothing => format!("nothing to revert: {why}"),
        InverseState::Unknown => format!("unknown: {why}"),
    };
    if inverse.already_back > 0 && inverse.rows > 0 {
        text += &format!("; {} already restored", render_count(inverse.already_back, "row"));
    }
    text
}

fn write_more(page: &mut ReportPage, all: usize) {
    if all > ROWS_MAX {
        page.aside(&format!("and {} more; --json lists them", all - ROWS_MAX));
    }
}

fn write_proof(page: &mut ReportPage, proof: &Proof) {
    page.heading("Proof");
    page.fields(&borrow_fields(&list_proof_fields(proof)));
    page.heading("How to verify it");
    let steps: Vec<String> = (1..=proof.how.len()).map(|number| number.to_string()).collect();
    let steps = steps.iter().map(String::as_str).zip(proof.how.iter().cloned());
    page.fields(&steps.collect::<Vec<_>>());
}

fn list_proof_fields(proof: &Proof) -> Vec<(&'static str, String)> {
    let root = if proof.holds {
        format!("{}, matches {} of images", proof.rows_root, render_count(proof.chunks, "chunk"))
    } else {
        format!("{}, but the images give {}", proof.rows_root, proof.rows_root_computed)
    };
    let seal = proof.sealed_entry.zip(proof.verdict);
    let seal =
        seal.map_or_else(|| "none: open".to_owned(), |(seq, verdict)| format!("entry {seq}, {}", verdict.as_str()));
    let target = match (proof.target.agrees, &proof.target.why) {
        (_, Some(why)) => format!("unknown: {why}"),
        (Some(true), None) => format!("{}, matches the journal", proof.target.state),
        (Some(false), None) => format!("{}, differs from the journal", proof.target.state),
        (None, None) => proof.target.state.to_owned(),
    };
    vec![
        ("uid", proof.uid.to_string()),
        ("intended", format!("entry {}", proof.intended_entry)),
        ("sealed", seal),
        ("plan digest", proof.plan_digest.to_string()),
        ("rows root", root),
        ("in the target", target),
    ]
}
