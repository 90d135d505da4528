//! The lines of text below the leaves: legend, selected pair, faults, differences.

use ratatui::style::Style;
use ratatui::text::Span;

use super::blocks::BankCell;
use super::{AperturePicture, LeafGrid};
use crate::domain::picture::LeafPair;
use crate::tui::theme::{Glyphs, Mark, Role, Theme};

/// A fault of a pair: its name, and its test.
type PairFault = (&'static str, fn(&LeafPair) -> bool);

impl AperturePicture<'_> {
    /// Returns the lines below the leaves, the most important first.
    pub(super) fn render_captions(&self, field: &LeafGrid) -> Vec<Vec<Span<'static>>> {
        let lines = [
            self.in_hand(),
            self.render_faults(),
            self.render_changes(),
            Some(self.render_legend(field)),
            self.render_counting(),
        ];
        lines.into_iter().flatten().collect()
    }

    fn in_hand(&self) -> Option<Vec<Span<'static>>> {
        let at = self.hand.filter(|at| *at < self.pair_count())?;
        let mut spans = vec![Span::styled(format!("pair {}", at + 1), self.look.style(Role::Cursor))];
        let now = self.pair(at).map_or_else(|| "not there".to_owned(), render_pair);
        let role = if self.is_changed(at) { Role::After } else { Role::Text };
        spans.push(Span::styled(format!("  {now}"), self.look.style(role)));
        if self.is_changed(at) {
            let was = self.pair_before(at).map_or_else(|| "not there".to_owned(), render_pair);
            spans.push(Span::styled(format!("  before: {was}"), self.look.style(Role::Before)));
        }
        Some(spans)
    }

    fn render_faults(&self) -> Option<Vec<Span<'static>>> {
        let kinds: [PairFault; 3] = [
            ("crossed", |pair| pair.crossed),
            ("beyond reach", |pair| pair.beyond),
            ("missing a leaf", |pair| pair.a.is_none() || pair.b.is_none()),
        ];
        let mut faults = Vec::new();
        for (name, is_faulty) in kinds {
            let pairs = (0..self.pair_count()).filter(|at| self.pair(*at).is_some_and(is_faulty));
            faults.extend(render_pair_runs(pairs).map(|pairs| format!("{name}: {pairs}")));
        }
        let text = format!("{} {}", self.look.mark(Mark::Bad), faults.join("; "));
        (!faults.is_empty()).then(|| vec![Span::styled(text, self.look.style(Role::Danger))])
    }

    fn render_changes(&self) -> Option<Vec<Span<'static>>> {
        self.before?;
        Some(vec![match render_pair_runs((0..self.pair_count()).filter(|at| self.is_changed(*at))) {
            Some(pairs) => {
                Span::styled(format!("{} differs: {pairs}", self.look.mark(Mark::After)), self.look.style(Role::After))
            }
            None => Span::styled("no pair differs", self.look.style(Role::Dim)),
        }])
    }

    fn render_counting(&self) -> Option<Vec<Span<'static>>> {
        let counting = &self.after.counting;
        let text = if counting.is_empty() { String::new() } else { format!("A left, B right; {counting}") };
        (!text.is_empty()).then(|| vec![Span::styled(text, self.look.style(Role::Dim))])
    }

    fn render_legend(&self, field: &LeafGrid) -> Vec<Span<'static>> {
        let unicode = self.look.glyphs == Glyphs::Unicode;
        let (shown, all) = (field.rows.visible_pairs(), self.pair_count());
        let mut spans = vec![if shown.len() < all {
            let words = format!("pairs {} to {} of {all}  ", shown.start + 1, shown.end);
            Span::styled(words, self.look.style(Role::Note))
        } else {
            Span::styled(format!("{all} pairs  "), self.look.style(Role::Dim))
        }];
        let mut entry = |glyph: &'static str, style: Style, words: &str| {
            spans.push(Span::styled(glyph, style));
            spans.push(Span::styled(format!(" {words}  "), self.look.style(Role::Dim)));
        };
        entry(self.legend_glyph(BankCell::Leaf), self.leaf_style(), "leaf");
        if self.before.is_some() {
            entry(self.legend_glyph(BankCell::Was), self.cell_style(BankCell::Was), "leaf before");
            entry(self.legend_glyph(BankCell::Is), self.cell_style(BankCell::Is), "leaf after");
        }
        if self.after.pairs.iter().any(|pair| pair.crossed) {
            entry(if unicode { "\u{2573}" } else { "X" }, self.cell_style(BankCell::Crossed), "crossed");
        }
        if self.after.pairs.iter().any(|pair| pair.a.is_none() || pair.b.is_none()) {
            entry("?", self.cell_style(BankCell::Missing), "missing");
        }
        if self.jaws.x.is_some() || self.jaws.y.is_some() {
            entry(if unicode { "\u{2502}" } else { "|" }, self.jaw_style(), "jaws");
        }
        if let Some((low, high)) = self.jaws.y.filter(|_| !field.rows.is_to_scale()) {
            // Without the edges it is unknown between which leaves these jaws are: they are given as numbers instead.
            entry(
                "Y",
                self.look.style(Role::Limit),
                &format!("{} to {} cm", render_centimetres(low), render_centimetres(high)),
            );
        }
        spans
    }

    /// Returns the glyph of a leaf in the legend: the one that the picture fills cells with.
    fn legend_glyph(&self, place: BankCell) -> &'static str {
        let (unicode, plain) = (self.look.glyphs == Glyphs::Unicode, self.look.theme == Theme::Plain);
        match (unicode, plain, place) {
            (true, true, BankCell::Was) => "\u{2591}",
            (true, true, BankCell::Is) => "\u{2593}",
            (true, ..) => "\u{2588}",
            (_, _, BankCell::Was) => "-",
            (_, _, BankCell::Is) => "+",
            _ => "#",
        }
    }
}

/// Renders pairs, counted from 1, with runs shortened: `pairs 3, 7 to 9`; `None` without any.
fn render_pair_runs(pairs: impl Iterator<Item = usize>) -> Option<String> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for pair in pairs {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == pair => *last = pair,
            _ => runs.push((pair, pair)),
        }
    }
    let noun = match runs.as_slice() {
        [] => return None,
        [(first, last)] if first == last => "pair",
        _ => "pairs",
    };
    let mut texts = Vec::new();
    for (first, last) in runs {
        let (first, last) = (first + 1, last + 1);
        texts.push(if first == last { first.to_string() } else { format!("{first} to {last}") });
    }
    Some(format!("{noun} {}", texts.join(", ")))
}

/// Renders a pair: both leaves and the gap, in cm.
fn render_pair(pair: &LeafPair) -> String {
    let gap = pair.a.zip(pair.b).map(|(a, b)| format!(", gap {} cm", render_centimetres(b.saturating_sub(a))));
    format!("A {}, B {}{}", render_leaf(pair.a), render_leaf(pair.b), gap.unwrap_or_else(|| " cm".to_owned()))
}

fn render_leaf(leaf: Option<i32>) -> String {
    leaf.map_or_else(|| "missing".to_owned(), render_centimetres)
}

/// Renders 1/100 cm as cm: `-1.55`.
fn render_centimetres(hundredths: i32) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    let size = hundredths.unsigned_abs();
    format!("{sign}{}.{:02}", size / 100, size % 100)
}
