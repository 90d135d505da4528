//! The screen of failure modes.

use super::{matches_search, move_in_list};
use crate::domain::Domain;
use crate::domain::mode::Mode;
use crate::tui::keys::Action;
use crate::tui::list::ListPosition;
use crate::tui::message::Effect;
use crate::tui::state::{self, Screen};
use crate::tui::theme::Role;

/// The state of the screen.
#[derive(Debug, Default)]
pub struct ModesScreen {
    /// The selected mode.
    pub place: ListPosition,
    /// The search text.
    pub search: String,
}

impl ModesScreen {
    /// Returns the modes of a domain that match the search.
    #[must_use]
    pub fn visible_modes(&self, domain: &dyn Domain) -> Vec<&'static dyn Mode> {
        let mut visible = Vec::new();
        for mode in domain.modes() {
            let card = mode.card();
            if [card.tool, card.title, card.description].iter().any(|text| matches_search(text, &self.search)) {
                visible.push(*mode);
            }
        }
        visible
    }

    /// Returns the selected mode.
    #[must_use]
    pub fn in_hand(&self, domain: &dyn Domain) -> Option<&'static dyn Mode> {
        self.visible_modes(domain).get(self.place.at).copied()
    }
}

/// Performs an action on this screen.
pub fn perform_action(state: &mut state::TuiState, action: Action) -> Vec<Effect> {
    let domain = state.domain();
    let length = state.modes.visible_modes(domain).len();
    let rows = usize::from(state.body_rows().saturating_sub(4));
    if move_in_list(&mut state.modes.place, action, rows, length) {
        return Vec::new();
    }
    let Some(mode) = state.modes.in_hand(domain).filter(|_| action == Action::Open) else { return Vec::new() };
    let Some(kind) = domain.kind_of_table(mode.card().record.table) else { return Vec::new() };
    state.records.mode = Some(mode.card().tool);
    let mut effects = super::records::show_kind(state, kind, None);
    effects.extend(crate::tui::update::show_screen(state, Screen::Records));
    state.show_note(Role::Note, format!("choose a {} and press b for {}", kind.word, mode.card().tool));
    effects
}
