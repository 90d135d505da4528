//! `log`: the operations, newest first.

use mfm_journal::OperationAction;

use crate::cli::report::{Mood, Report, ReportPage, ReportTable, render_count};
use crate::ops::log::{LoggedOperation, Outcome};

impl Report for Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        let more = if self.more { "the newest " } else { "" };
        let number = render_count(self.operations.len() as u64, "operation");
        page.lead(Mood::Plain, &format!("{more}{number} in {}", self.journal.display()));
        if self.operations.is_empty() {
            page.blank();
            page.aside("next: mfm modes lists the failure modes");
            return;
        }
        page.blank();
        let head = ["op", "when", "state", "fault", "target", "rows", "actor"];
        page.table(&ReportTable::new(&head).with_rows(self.operations.iter().map(|line| {
            let rows = line.rows.to_string();
            let state = line.state.clone();
            vec![
                line.op.to_string(),
                render_time(&line.at),
                state,
                render_fault(line),
                line.target.clone(),
                rows,
                line.actor.clone(),
            ]
        })));
        if let (true, Some(last)) = (self.more, self.operations.last()) {
            page.blank();
            page.aside(&format!("next: mfm log --before {}", last.op));
        }
    }

    fn to_table(&self) -> ReportTable {
        let head = [
            "op",
            "at",
            "state",
            "action",
            "tool",
            "variant",
            "severity",
            "target",
            "reverts",
            "rows",
            "rows_left",
            "actor",
            "face",
            "uid",
        ];
        ReportTable::new(&head).with_rows(self.operations.iter().map(cells))
    }
}

fn cells(line: &LoggedOperation) -> Vec<String> {
    vec![
        line.op.to_string(),
        line.at.clone(),
        line.state.clone(),
        action_word(line.action).to_owned(),
        line.label.tool.clone(),
        line.label.variant.clone(),
        line.label.severity.clone(),
        line.target.clone(),
        line.reverts.map(|op| op.to_string()).unwrap_or_default(),
        line.rows.to_string(),
        line.rows_left.to_string(),
        line.actor.clone(),
        line.face.clone(),
        line.uid.to_string(),
    ]
}

const fn action_word(action: OperationAction) -> &'static str {
    match action {
        OperationAction::Apply => "apply",
        OperationAction::Revert => "revert",
    }
}

/// Renders what an operation did: its tool and variant, or `revert of 3`.
pub(super) fn render_fault(line: &LoggedOperation) -> String {
    match line.reverts {
        Some(op) => format!("revert of {op}"),
        None => format!("{} {}", line.label.tool, line.label.variant),
    }
}

/// Cuts an RFC 3339 time to the second; it stays UTC.
fn render_time(at: &str) -> String {
    at.get(..19).map_or_else(|| at.to_owned(), |head| format!("{head}Z"))
}
