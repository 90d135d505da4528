//! What the quality checks found, and the way from a finding to its record.

use super::{matches_search, move_in_list};
use crate::ops::checks::{FindingLine, Outcome};
use crate::tui::job::Job;
use crate::tui::keys::Action;
use crate::tui::list::ListPosition;
use crate::tui::look::Role;
use crate::tui::message::Effect;
use crate::tui::state::{self, Screen};

/// What is known of the checks.
#[derive(Debug, Default)]
pub struct ChecksScreen {
    /// What they said last.
    pub outcome: Option<Outcome>,
    /// Whether something was written since.
    pub stale: bool,
    /// Why nothing is known.
    pub trouble: Option<String>,
    /// What is looked for.
    pub search: String,
    /// Which finding is in hand.
    pub place: ListPosition,
    /// Whether all checks are shown instead of the findings.
    pub all: bool,
}

impl ChecksScreen {
    /// Returns the findings that fit the search.
    #[must_use]
    pub fn visible_findings(&self) -> Vec<&FindingLine> {
        let fits = |line: &&FindingLine| {
            let key = line.key.to_string();
            [line.check, line.table, &line.message, &key].iter().any(|text| matches_search(text, &self.search))
        };
        self.outcome.iter().flat_map(|outcome| &outcome.findings).filter(fits).collect()
    }

    /// Returns the records of a table that findings are about, by their ids as places of a chart.
    #[must_use]
    pub fn chart_places(&self, table: &str) -> Vec<f64> {
        let findings = self.outcome.iter().flat_map(|outcome| &outcome.findings);
        let related = |finding: &FindingLine| {
            let rows = finding.related.iter().map(|row| (row.table, row.key.clone()));
            std::iter::once((finding.table, finding.key.clone())).chain(rows).collect::<Vec<_>>()
        };
        let of_table = findings.flat_map(related).filter(|(name, _)| *name == table);
        let mut places: Vec<f64> = of_table.filter_map(|(_, key)| key.as_object()?.values().next()?.as_f64()).collect();
        places.sort_by(f64::total_cmp);
        places.dedup();
        places
    }

    /// Returns the finding in hand.
    #[must_use]
    pub fn in_hand(&self) -> Option<&FindingLine> {
        self.visible_findings().get(self.place.at).copied()
    }
}

/// Takes in what the checks say.
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

/// Does what a key says.
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

/// Goes to the record of the finding in hand.
fn go_to_record(state: &mut state::TuiState) -> Vec<Effect> {
    let Some(finding) = state.checks.in_hand() else { return Vec::new() };
    let domain = state.records.domain;
    let places = std::iter::once((finding.table, &finding.key));
    let places = places.chain(finding.related.iter().map(|related| (related.table, &related.key)));
    let number = |key: &serde_json::Value| key.as_object().and_then(|key| key.values().next()?.as_i64());
    let mut found = places.filter_map(|(table, key)| domain.kind_of_table(table).zip(number(key)));
    let Some((kind, id)) = found.next() else {
        let said = format!("{} is not among the records that can be walked through", finding.table);
        state.show_note(Role::Note, said);
        return Vec::new();
    };
    let mut effects = super::records::show_kind(state, kind, None);
    effects.extend(super::records::fetch_list(state, Some(id)));
    effects.extend(crate::tui::update::show_screen(state, Screen::Records));
    effects
}
