//! The overview: state of target and journal, faults in effect, and drills.

use super::move_in_list;
use crate::ops::drill;
use crate::tui::dialog::{Menu, MenuChoice, Overlay};
use crate::tui::job::Job;
use crate::tui::keys::Action;
use crate::tui::list::ListPosition;
use crate::tui::message::Effect;
use crate::tui::state::{self, Screen};

/// The state of the screen, besides the status.
#[derive(Debug, Default)]
pub struct OverviewScreen {
    /// The selected fault.
    pub place: ListPosition,
    /// The drills of the journal, newest first.
    pub drills: Option<drill::past::DrillList>,
    /// The result of the last audit: whether it found nothing, and a line of text.
    pub audit: Option<(bool, String)>,
}

/// Requests status, questions of agents, and drills.
pub fn enter(state: &mut state::TuiState) -> Vec<Effect> {
    let mut effects = state.request_status();
    effects.extend(state.request_job(Job::Drills));
    effects
}

/// Performs an action on this screen.
pub fn perform_action(state: &mut state::TuiState, action: Action) -> Vec<Effect> {
    let active = state.status.as_ref().map_or(0, |status| status.active.len());
    let rows = usize::from(state.body_rows());
    if move_in_list(&mut state.overview.place, action, rows, active) {
        return Vec::new();
    }
    match action {
        Action::Open => {
            // Without a fault to open, Enter leads to the modes, where one can be made.
            let fault = state.status.as_ref().and_then(|status| status.active.get(state.overview.place.at));
            let Some(op) = fault.map(|fault| fault.op) else {
                return super::super::update::show_screen(state, Screen::Modes);
            };
            super::operations::look_at(state, op)
        }
        Action::Target => {
            choose_target(state);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn choose_target(state: &mut state::TuiState) {
    let Some(status) = &state.status else { return };
    let mut lines = Vec::new();
    for target in &status.targets {
        let about = format!("{}  {}", target.state, target.url);
        lines.push((MenuChoice::Target(target.name.clone()), target.name.clone(), about));
    }
    if lines.is_empty() {
        state.show_note(crate::tui::theme::Role::Note, "no target is registered: make a lab at the command line");
        return;
    }
    state.overlay = Some(Overlay::Menu(Menu { title: "Targets".to_owned(), lines, place: ListPosition::default() }));
}
