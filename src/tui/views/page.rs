//! The current screen as plain text, for files, the pager and the clipboard.

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use ratatui::buffer::Cell;

use super::operations;
use crate::ops::checks::FindingLine;
use crate::tui::screens::operations::OperationView;
use crate::tui::state::{Screen, TuiState};
use crate::tui::theme::Role;

/// Returns what copying takes: the selected row, or its digest.
#[must_use]
pub fn in_hand(state: &TuiState) -> Option<String> {
    match state.screen {
        Screen::Overview => {
            let status = state.status.as_ref()?;
            let fault = status.active.get(state.overview.place.at);
            Some(fault.map_or_else(
                || status.journal_id.to_string(),
                |fault| format!("{} {} {} {}", fault.op, fault.label.tool, fault.label.variant, fault.label.severity),
            ))
        }
        Screen::Modes => state.modes.in_hand(state.domain()).map(|mode| mode.card().tool.to_owned()),
        Screen::Records => state.records.in_hand().map(|row| row.cells.join("\t")),
        Screen::Plan => state.plan.preview.as_ref().map(|preview| preview.plan.plan_digest.to_string()),
        Screen::Operations => state.operations.in_hand().map(|line| line.uid.to_string()),
        Screen::Checks => {
            let finding = state.checks.in_hand()?;
            Some(format!("{}\t{}\t{}\t{}", finding.fingerprint, finding.table, finding.key, finding.message))
        }
        Screen::Journal => state.journal.in_hand().map(|entry| entry.digest.to_string()),
    }
}

fn join_lines(lines: &[(Role, String)]) -> String {
    lines.iter().map(|(_, line)| format!("{}\n", super::pieces::replace_unsafe(line))).collect()
}

/// Renders the screen as text, with all lines where the screen shows only some.
#[must_use]
pub fn render_page(state: &TuiState) -> String {
    match state.screen {
        Screen::Modes => state
            .modes
            .in_hand(state.domain())
            .map_or_else(String::new, |mode| join_lines(&super::modes::render_mode(mode.card()))),
        Screen::Records => render_records(state),
        Screen::Plan => {
            let preview = state.plan.preview.as_ref();
            preview.map_or_else(
                || render_screen(state),
                |preview| join_lines(&super::plan::render_diff(&preview.plan.changes)),
            )
        }
        Screen::Operations => match (&state.operations.whole, state.operations.view) {
            (Some(whole), OperationView::Words) => join_lines(&operations::render_operation(state.look, whole)),
            (Some(whole), OperationView::Of(_)) => join_lines(&super::plan::render_diff(&whole.shown.changes)),
            (None, _) => render_screen(state),
        },
        Screen::Checks => {
            let mut text = String::new();
            for finding in state.checks.visible_findings() {
                let FindingLine { check, table, key, message, .. } = finding;
                text += &format!("{}\t{check}\t{table}\t{key}\t{message}\n", finding.severity.word());
            }
            text
        }
        Screen::Journal => {
            let entry = state.journal.in_hand();
            entry.map_or_else(String::new, |entry| serde_json::to_string_pretty(entry).unwrap_or_default() + "\n")
        }
        Screen::Overview => render_screen(state),
    }
}

fn render_records(state: &TuiState) -> String {
    let mut text = state.records.kind.column_names().collect::<Vec<_>>().join("\t") + "\n";
    for row in &state.records.rows {
        text += &(row.cells.join("\t") + "\n");
    }
    if let Some((kind, id, whole)) = &state.records.whole {
        text += &format!("\n{} {id}\n", kind.word);
        for (name, cell) in &whole.cells {
            text += &format!("{name}\t{cell}\n");
        }
    }
    text
}

/// Renders the screen as it is drawn, without colours.
fn render_screen(state: &TuiState) -> String {
    let (columns, rows) = (state.size.0.max(80), state.size.1.max(24));
    // Drawn by the same code into memory; both results cannot fail there.
    let Ok(mut terminal) = Terminal::new(TestBackend::new(columns, rows));
    let Ok(_) = terminal.draw(|frame| super::draw(frame, state));
    let buffer = terminal.backend().buffer();
    let mut text = String::new();
    for row in 0..rows {
        let cells = (0..columns).filter_map(|column| buffer.cell((column, row)));
        text += cells.map(Cell::symbol).collect::<String>().trim_end();
        text.push('\n');
    }
    text
}
