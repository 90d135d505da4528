//! The screen of the quality checks: findings, and the way from a finding to its record.

use super::{matches_search, move_in_list};
use crate::ops::checks::{FindingLine, Outcome};
use crate::tui::job::Job;
use crate::tui::keys::Action;
use crate::tui::list::ListPosition;
use crate::tui::message::Effect;
use crate::tui::state::{self, Screen};
use crate::tui::theme::Role;

/// The state of the screen.
#[derive(Debug, Default)]
pub struct ChecksScreen {
    /// The last result.
    pub outcome: Option<Outcome>,
    /// Whether the target may have changed since.
    pub stale: bool,
    /// Why the last run failed.
    pub trouble: Option<String>,
    /// The search text.
    pub search: String,
    /// The selected finding.
    pub place: ListPosition,
    /// Whether the list shows all checks instead of the findings.
    pub all: bool,
}

impl ChecksScreen {
    /// Returns the findings that match the search.
    #[must_use]
    pub fn visible_findings(&self) -> Vec<&FindingLine> {
        let mut visible = Vec::new();
        for finding in self.outcome.iter().flat_map(|outcome| &outcome.findings) {
            let key = finding.key.to_string();
            if [finding.check, finding.table, &finding.message, &key]
                .iter()
                .any(|text| matches_search(text, &self.search))
            {
                visible.push(finding);
            }
        }
        visible
    }

    /// Returns the ids of the records of a table that findings name, ascending, as x values of a chart.
    #[must_use]
    pub fn chart_places(&self, table: &str) -> Vec<f64> {
        let mut places = Vec::new();
        for finding in self.outcome.iter().flat_map(|outcome| &outcome.findings) {
            let rows = rows_of(finding).filter(|(name, _)| *name == table);
            places.extend(rows.filter_map(|(_, key)| key.as_object()?.values().next()?.as_f64()));
        }
        places.sort_by(f64::total_cmp);
        places.dedup();
        places
    }

    /// Returns the selected finding.
    #[must_use]
    pub fn in_hand(&self) -> Option<&FindingLine> {
        self.visible_findings().get(self.place.at).copied()
    }
}

/// Returns the tables and keys that a finding names: its own row, then the related ones.
fn rows_of(finding: &FindingLine) -> impl Iterator<Item = (&str, &serde_json::Value)> {
    let related = finding.related.iter().map(|row| (row.table, &row.key));
    std::iter::once((finding.table, &finding.key)).chain(related)
}

/// Applies a result of the checks.
pub fn receive_outcome(state: &mut state::TuiState, outcome: Outcome) {
    let (violations, not_run) = (outcome.violations, outcome.not_run);
    let not_run = if not_run > 0 { format!("; {not_run} checks could not run") } else { String::new() };
    let (role, text) = match violations {
        0 => (Role::Good, format!("the checks found nothing{not_run}")),
        1 => (Role::Danger, format!("the checks found 1 violation{not_run}")),
        many => (Role::Danger, format!("the checks found {many} violations{not_run}")),
    };
    state.checks = ChecksScreen { outcome: Some(outcome), all: violations == 0, ..ChecksScreen::default() };
    state.show_note(role, text);
}

/// Performs an action on this screen.
pub fn perform_action(state: &mut state::TuiState, action: Action) -> Vec<Effect> {
    let length = if state.checks.all {
        state.checks.outcome.as_ref().map_or(0, |outcome| outcome.checks.len())
    } else {
        state.checks.visible_findings().len()
    };
    let rows = super::records::rows_seen(state);
    if move_in_list(&mut state.checks.place, action, rows, length) {
        return Vec::new();
    }
    match action {
        Action::View => {
            state.checks.all = !state.checks.all;
            state.checks.place = ListPosition::default();
        }
        Action::Back => state.checks.search.clear(),
        Action::Open if state.checks.outcome.is_none() => return state.request_job(Job::Check),
        Action::Open if !state.checks.all => return go_to_record(state),
        _ => {}
    }
    Vec::new()
}

/// Shows the record of the selected finding: its own row, else the first related row that is a listed record.
fn go_to_record(state: &mut state::TuiState) -> Vec<Effect> {
    let Some(finding) = state.checks.in_hand() else { return Vec::new() };
    let domain = state.records.domain;
    let record = rows_of(finding).find_map(|(table, key)| {
        // A listed record has a key of one integer column.
        Some((domain.kind_of_table(table)?, key.as_object()?.values().next()?.as_i64()?))
    });
    let Some((kind, id)) = record else {
        let text = format!("{} is not one of the records that can be browsed", finding.table);
        state.show_note(Role::Note, text);
        return Vec::new();
    };
    let mut effects = super::records::show_kind(state, kind, None);
    effects.extend(super::records::fetch_list(state, Some(id)));
    effects.extend(crate::tui::update::show_screen(state, Screen::Records));
    effects
}
