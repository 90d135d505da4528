//! State and actions of each screen.

pub mod approvals;
pub mod checks;
pub mod journal;
pub mod modes;
pub mod operations;
pub mod overview;
pub mod plan;
pub mod queries;
pub mod records;

use super::keys::Action;
use super::list::ListPosition;
use crate::ops::browse::BeforeAfter;

/// Moves the selection of a list if the action is a movement; returns whether it was one.
pub(super) fn move_in_list(place: &mut ListPosition, action: Action, rows: usize, length: usize) -> bool {
    // One line of overlap, so that the eye keeps its place.
    let page = isize::try_from(rows.saturating_sub(1).max(1)).unwrap_or(1);
    match action {
        Action::Up => place.move_by(-1, length),
        Action::Down => place.move_by(1, length),
        Action::PageUp => place.move_by(-page, length),
        Action::PageDown => place.move_by(page, length),
        Action::Home => place.move_to(0, length),
        Action::End => place.move_to(usize::MAX, length),
        _ => return false,
    }
    place.scroll_into_view(rows, length);
    true
}

/// Tells whether text contains the search text, in any case; an empty search matches all.
pub(super) fn matches_search(text: &str, search: &str) -> bool {
    search.is_empty() || text.to_lowercase().contains(&search.to_lowercase())
}

/// Returns the number of steps to go through: control points if there is a film, else changes.
pub(super) fn count_steps(changes: usize, pictures: Option<&BeforeAfter>) -> usize {
    let film = pictures.and_then(|pictures| pictures.after.as_ref().or(pictures.before.as_ref()));
    film.map(|film| film.stills.len()).filter(|stills| *stills > 0).unwrap_or(changes)
}

/// The shown still of a film, and whether the film is playing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Player {
    /// The index of the still.
    pub at: usize,
    /// Whether ticks advance it.
    pub plays: bool,
}

impl Player {
    /// Moves by a number of stills, wrapping around at the ends of `points` stills.
    pub fn step_by(&mut self, by: isize, points: usize) {
        let Ok(length) = isize::try_from(points) else { return };
        if length > 0 {
            let at = isize::try_from(self.at).unwrap_or(0);
            self.at = usize::try_from((at + by).rem_euclid(length)).unwrap_or(0);
        }
    }

    /// Performs an action on the film; returns whether it was one.
    pub(super) fn perform_action(&mut self, action: Action, points: usize) -> bool {
        match action {
            Action::Play => self.plays = !self.plays && points > 1,
            Action::StepBack => self.step_by(-1, points),
            Action::StepOn => self.step_by(1, points),
            _ => return false,
        }
        true
    }
}
