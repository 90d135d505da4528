//! The selected line of a list, and which part of the list is visible.

/// The position in a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListPosition {
    /// The index of the selected line.
    pub at: usize,
    /// The index of the first visible line.
    pub top: usize,
}

impl ListPosition {
    /// Moves by a number of lines, within a list of `length` lines.
    pub fn move_by(&mut self, by: isize, length: usize) {
        self.at = self.at.saturating_add_signed(by).min(length.saturating_sub(1));
    }

    /// Moves to a line, or to the last one if there are fewer.
    pub fn move_to(&mut self, at: usize, length: usize) {
        self.at = at.min(length.saturating_sub(1));
    }

    /// Returns the first line to show in `rows` rows, so that the selected line is among them.
    #[must_use]
    pub fn first_visible(&self, rows: usize, length: usize) -> usize {
        let at = self.at.min(length.saturating_sub(1));
        let top = self.top.min(at).max((at + 1).saturating_sub(rows.max(1)));
        // The last page is filled: no empty rows after the end.
        top.min(length.saturating_sub(rows))
    }

    /// Scrolls just far enough that the selected line is visible.
    pub fn scroll_into_view(&mut self, rows: usize, length: usize) {
        self.top = self.first_visible(rows, length);
        self.at = self.at.min(length.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_in_hand_is_always_seen() {
        for length in 0..30 {
            for rows in 0..12 {
                let mut place = ListPosition::default();
                for by in [3, -1, 7, 100, -4, -100, 2] {
                    place.move_by(by, length);
                    let top = place.first_visible(rows, length);
                    place.scroll_into_view(rows, length);
                    assert!(place.at < length.max(1));
                    if rows > 0 {
                        assert!(top <= place.at && place.at < top + rows, "{length} {rows} {place:?}");
                    }
                }
            }
        }
    }
}
