//! The overview: how target and journal stand, what is broken, what the last drill found.

use super::move_in_list;
use crate::ops::drill;
use crate::tui::dialog::{Menu, MenuChoice, Overlay};
use crate::tui::job::Job;
use crate::tui::keys::Action;
use crate::tui::list::ListPosition;
use crate::tui::message::Effect;
use crate::tui::state::{self, Screen};

/// What the overview knows beyond the state of things.
#[derive(Debug, Default)]
pub struct OverviewScreen {
    /// Which active fault is in hand.
    pub place: ListPosition,
    /// The drills of the journal, newest first.
    pub drills: Option<drill::past::DrillList>,
    /// What the last audit said, in a line, and whether nothing was found.
    pub audit: Option<(bool, String)>,
}

/// Asks for what it shows.
pub fn enter(state: &mut state::TuiState) -> Vec<Effect> {
    let mut effects = state.request_job(Job::Status);
    effects.extend(state.request_job(Job::Drills));
    effects
}

/// Does what a key says.
pub fn perform_action(state: &mut state::TuiState, action: Action) -> Vec<Effect> {
    let active = state.status.as_ref().map_or(0, |status| status.active.len());
    let rows = usize::from(state.body_rows());
    if move_in_list(&mut state.overview.place, action, rows, active) {
        return Vec::new();
    }
    match action {
        Action::Open => {
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
    let line = |target: &crate::ops::status::TargetLine| {
        (MenuChoice::Target(target.name.clone()), target.name.clone(), format!("{}  {}", target.state, target.url))
    };
    let lines: Vec<_> = status.targets.iter().map(line).collect();
    if lines.is_empty() {
        state.show_note(crate::tui::look::Role::Note, "no target is registered: make a lab at the command line");
        return;
    }
    state.overlay = Some(Overlay::Menu(Menu { title: "Targets".to_owned(), lines, place: ListPosition::default() }));
}
