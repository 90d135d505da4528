//! What is at a position between the banks, and the glyph and style that show it.

use ratatui::style::{Modifier, Style};

use super::AperturePicture;
use crate::domain::picture::LeafPair;
use crate::tui::theme::{Glyphs, Role, Theme};

/// What is at a position between the banks. The order is that of importance: a cell shows its largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum BankCell {
    /// No leaf, before and after.
    Open,
    /// A leaf, before and after.
    Leaf,
    /// A leaf before the change only.
    Was,
    /// A leaf after the change only.
    Is,
    /// Both leaves of a pair, which cannot be.
    Crossed,
    /// A leaf whose position is missing.
    Missing,
}

impl AperturePicture<'_> {
    /// Returns what is at position `x` of a pair, in 1/100 cm.
    pub(super) fn classify_cell(&self, at: usize, x: f64) -> BankCell {
        let now = self.pair(at).map_or(BankCell::Open, |pair| classify_pair_at(pair, x));
        let Some(before) = self.before else { return now };
        let was = before.pairs.get(at).map_or(BankCell::Open, |pair| classify_pair_at(pair, x));
        match (was, now) {
            (_, BankCell::Crossed | BankCell::Missing) => now,
            (BankCell::Open | BankCell::Missing, BankCell::Open) => BankCell::Open,
            (BankCell::Open | BankCell::Missing, _) => BankCell::Is,
            (_, BankCell::Open) => BankCell::Was,
            _ => BankCell::Leaf,
        }
    }

    pub(super) fn leaf_style(&self) -> Style {
        self.look.style(Role::Border)
    }

    pub(super) fn cell_style(&self, place: BankCell) -> Style {
        match place {
            BankCell::Open => Style::new(),
            BankCell::Leaf => self.leaf_style(),
            BankCell::Was => self.look.style(Role::Before),
            BankCell::Is => self.look.style(Role::After),
            BankCell::Crossed | BankCell::Missing => self.look.style(Role::Danger),
        }
    }

    pub(super) fn choose_glyph(&self, places: [BankCell; 4]) -> (&'static str, Style) {
        let unicode = self.look.glyphs == Glyphs::Unicode;
        let most = places.into_iter().max().unwrap_or(BankCell::Open);
        match most {
            BankCell::Crossed => (if unicode { "\u{2573}" } else { "X" }, self.cell_style(most)),
            BankCell::Missing => ("?", self.cell_style(most)),
            _ if unicode && self.look.theme != Theme::Plain => self.choose_block(places, most),
            BankCell::Is => (if unicode { "\u{2593}" } else { "+" }, self.cell_style(most)),
            BankCell::Was => (if unicode { "\u{2591}" } else { "-" }, self.cell_style(most)),
            _ if unicode => (quadrant_block(places.map(|place| place == BankCell::Leaf)), self.cell_style(most)),
            _ => {
                let [upper, _, lower, _] = places.map(|place| place == BankCell::Leaf);
                let glyph = match (upper, lower) {
                    (true, true) => "#",
                    (true, false) => "\"",
                    (false, true) => "_",
                    (false, false) => " ",
                };
                (glyph, self.cell_style(most))
            }
        }
    }

    /// Returns a block of up to two colours. A cell with more kinds keeps the edges of the leaves after the change
    /// exact; the colour of a difference then covers a little too much.
    fn choose_block(&self, places: [BankCell; 4], most: BankCell) -> (&'static str, Style) {
        let rest = places.into_iter().filter(|place| *place != most).max().unwrap_or(BankCell::Open);
        let (front, back, filled) = if places.into_iter().all(|place| place == most || place == rest) {
            (most, rest, places.map(|place| place == most && most != BankCell::Open))
        } else {
            // A cell has two colours only: one for the leaves after the change, one for the rest.
            let front = if places.contains(&BankCell::Is) { BankCell::Is } else { BankCell::Leaf };
            let back = if places.contains(&BankCell::Was) { BankCell::Was } else { BankCell::Open };
            (front, back, places.map(|place| matches!(place, BankCell::Is | BankCell::Leaf)))
        };
        let style = self.cell_style(front).remove_modifier(Modifier::BOLD);
        (quadrant_block(filled), self.cell_style(back).fg.map_or(style, |colour| style.bg(colour)))
    }
}

/// Returns what the leaves of one pair make of a position.
fn classify_pair_at(pair: &LeafPair, x: f64) -> BankCell {
    let a = pair.a.map(|a| x <= f64::from(a));
    let b = pair.b.map(|b| x >= f64::from(b));
    match (a, b) {
        (Some(true), Some(true)) => BankCell::Crossed,
        (Some(true), _) | (_, Some(true)) => BankCell::Leaf,
        // Where a missing leaf would be is unknown: its whole side is marked.
        (None, _) if x <= 0.0 => BankCell::Missing,
        (_, None) if x >= 0.0 => BankCell::Missing,
        _ => BankCell::Open,
    }
}

/// Returns the block with these quadrants filled: upper left, upper right, lower left, lower right.
const fn quadrant_block(filled: [bool; 4]) -> &'static str {
    match filled {
        [false, false, false, false] => " ",
        [true, false, false, false] => "\u{2598}",
        [false, true, false, false] => "\u{259d}",
        [true, true, false, false] => "\u{2580}",
        [false, false, true, false] => "\u{2596}",
        [true, false, true, false] => "\u{258c}",
        [false, true, true, false] => "\u{259e}",
        [true, true, true, false] => "\u{259b}",
        [false, false, false, true] => "\u{2597}",
        [true, false, false, true] => "\u{259a}",
        [false, true, false, true] => "\u{2590}",
        [true, true, false, true] => "\u{259c}",
        [false, false, true, true] => "\u{2584}",
        [true, false, true, true] => "\u{2599}",
        [false, true, true, true] => "\u{259f}",
        [true, true, true, true] => "\u{2588}",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::picture::Aperture;
    use crate::tui::theme::Appearance;

    #[test]
    fn two_colours_show_what_differs_and_keep_the_edges() {
        let leaves = Aperture { title: String::new(), counting: String::new(), pairs: Vec::new() };
        let picture = AperturePicture::new(Appearance { theme: Theme::Dark, glyphs: Glyphs::Unicode }, &leaves);
        let (open, leaf, was, is) = (BankCell::Open, BankCell::Leaf, BankCell::Was, BankCell::Is);
        let of = |places: [BankCell; 4]| {
            let (glyph, style) = picture.choose_glyph(places);
            (glyph, style.fg, style.bg)
        };
        let colour = |place| picture.cell_style(place).fg;
        assert_eq!(of([open; 4]), (" ", None, None));
        assert_eq!(of([leaf, open, leaf, open]), ("\u{258c}", colour(leaf), None));
        assert_eq!(of([leaf, leaf, is, is]), ("\u{2584}", colour(is), colour(leaf)));
        assert_eq!(of([was, open, open, open]), ("\u{2598}", colour(was), None));
        assert_eq!(of([leaf, leaf, was, open]), ("\u{2580}", colour(leaf), colour(was)), "the edge is exact");
        assert_eq!(of([leaf, is, was, open]), ("\u{2580}", colour(is), colour(was)));
        assert_eq!(of([leaf, is, open, open]), ("\u{2580}", colour(is), None));
    }
}
