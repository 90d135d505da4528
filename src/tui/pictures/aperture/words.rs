//! What the picture of leaves says in words: its legend, the pair in hand, what is wrong, what differs.

use ratatui::style::Style;
use ratatui::text::Span;

use super::blocks::BankCell;
use super::{AperturePicture, LeafGrid};
use crate::domain::picture::LeafPair;
use crate::tui::look::{Glyphs, Mark, Role, Theme};

/// What can be wrong with a pair: the word for it, and what tells.
type PairFault = (&'static str, fn(&LeafPair) -> bool);

impl AperturePicture<'_> {
    /// Returns the lines below the leaves, the most telling one first.
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
        let said = kinds.into_iter().filter_map(|(word, is)| {
            let pairs = (0..self.pair_count()).filter(|at| self.pair(*at).is_some_and(is));
            render_pair_runs(pairs).map(|pairs| format!("{word}: {pairs}"))
        });
        let said: Vec<String> = said.collect();
        let text = format!("{} {}", self.look.mark(Mark::Bad), said.join("; "));
        (!said.is_empty()).then(|| vec![Span::styled(text, self.look.style(Role::Danger))])
    }

    fn render_changes(&self) -> Option<Vec<Span<'static>>> {
        self.before?;
        let pairs = render_pair_runs((0..self.pair_count()).filter(|at| self.is_changed(*at)));
        let same = Span::styled("no pair differs", self.look.style(Role::Dim));
        let differing = |pairs: String| {
            Span::styled(format!("{} differs: {pairs}", self.look.mark(Mark::After)), self.look.style(Role::After))
        };
        Some(vec![pairs.map_or(same, differing)])
    }

    fn render_counting(&self) -> Option<Vec<Span<'static>>> {
        let counting = &self.after.counting;
        let text = if counting.is_empty() { String::new() } else { format!("A left, B right; {counting}") };
        (!text.is_empty()).then(|| vec![Span::styled(text, self.look.style(Role::Dim))])
    }

    fn render_legend(&self, field: &LeafGrid) -> Vec<Span<'static>> {
        let unicode = self.look.glyphs == Glyphs::Unicode;
        let plain = self.look.theme == Theme::Plain;
        let block = |place: BankCell| match (unicode, plain, place) {
            (true, true, BankCell::Was) => "\u{2591}",
            (true, true, BankCell::Is) => "\u{2593}",
            (true, ..) => "\u{2588}",
            (_, _, BankCell::Was) => "-",
            (_, _, BankCell::Is) => "+",
            _ => "#",
        };
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
        entry(block(BankCell::Leaf), self.leaf_style(), "leaf");
        if self.before.is_some() {
            entry(block(BankCell::Was), self.cell_style(BankCell::Was), "leaf before");
            entry(block(BankCell::Is), self.cell_style(BankCell::Is), "leaf after");
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
            // Without the edges of the leaves, nobody knows between which of them these jaws stand.
            entry(
                "Y",
                self.look.style(Role::Limit),
                &format!("{} to {} cm", render_centimetres(low), render_centimetres(high)),
            );
        }
        spans
    }
}

/// Writes pairs counted from 1, runs of them shortly: `pairs 3, 7 to 9`.
fn render_pair_runs(pairs: impl Iterator<Item = usize>) -> Option<String> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for pair in pairs {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == pair => *last = pair,
            _ => runs.push((pair, pair)),
        }
    }
    let run = |(first, last): &(usize, usize)| {
        if first == last { (first + 1).to_string() } else { format!("{} to {}", first + 1, last + 1) }
    };
    let one = matches!(runs.as_slice(), [(first, last)] if first == last);
    let shown = runs.iter().map(run).collect::<Vec<_>>().join(", ");
    (!runs.is_empty()).then(|| format!("{} {shown}", if one { "pair" } else { "pairs" }))
}

/// Writes a pair: both leaves and the gap, in cm.
fn render_pair(pair: &LeafPair) -> String {
    let leaf = |leaf: Option<i32>| leaf.map_or_else(|| "missing".to_owned(), render_centimetres);
    let gap = pair.a.zip(pair.b).map(|(a, b)| format!(", gap {} cm", render_centimetres(b.saturating_sub(a))));
    format!("A {}, B {}{}", leaf(pair.a), leaf(pair.b), gap.unwrap_or_else(|| " cm".to_owned()))
}

/// Writes 1/100 cm as cm: `-1.55`.
fn render_centimetres(hundredths: i32) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    let size = hundredths.unsigned_abs();
    format!("{sign}{}.{:02}", size / 100, size % 100)
}
