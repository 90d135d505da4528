//! A picture of a day's deliveries on a time line, with a lane per machine or patient. Overlapping ones are drawn below
//! each other.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Span as Text;
use ratatui::widgets::Widget;

use super::draw::{Canvas, clamp_to_u16, display_width, to_u16_saturating};
use crate::domain::picture::{DayChart, DayLane, DeliverySpan, DeliveryStatus};
use crate::model::refusal::render_key;
use crate::tui::theme::{Appearance, Glyphs, Mark, Role};

/// Seconds in a day.
const DAY: i64 = 86_400;
/// Steps between the labels of the time axis, in seconds.
const STEPS: [i64; 12] = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200];
/// The most rows of a lane. More deliveries at once share the last one.
const DEEP_MAX: usize = 4;

/// A widget that shows the deliveries of a day.
#[derive(Clone, Debug)]
pub struct DayPicture<'a> {
    look: Appearance,
    day: &'a DayChart,
    stretch: Option<(i64, i64)>,
    first: usize,
    hand: Option<(usize, usize)>,
}

/// The time line: its columns on the canvas, and its range in seconds of the day.
struct TimeLine {
    left: u16,
    width: u16,
    from: i64,
    to: i64,
}

impl TimeLine {
    /// Returns the column of a second, relative to the line; for one outside, the nearest column.
    fn column(&self, at: i64) -> u16 {
        let at = i32::try_from(at.saturating_sub(self.from).clamp(0, self.to - self.from)).unwrap_or(0);
        let all = i32::try_from(self.to - self.from).unwrap_or(1).max(1);
        clamp_to_u16(f64::from(at) / f64::from(all) * f64::from(self.width), self.width.saturating_sub(1))
    }

    const fn contains(&self, at: i64) -> bool {
        self.from <= at && at <= self.to
    }
}

impl<'a> DayPicture<'a> {
    /// Returns the picture of a day.
    #[must_use]
    pub const fn new(look: Appearance, day: &'a DayChart) -> Self {
        Self { look, day, stretch: None, first: 0, hand: None }
    }

    /// Sets the range to draw, in seconds of the day; `None` draws the hours with deliveries.
    #[must_use]
    pub const fn visible_range(self, stretch: Option<(i64, i64)>) -> Self {
        Self { stretch, ..self }
    }

    /// Draws from this lane on, counted from 0.
    #[must_use]
    pub const fn first_lane(self, first: usize) -> Self {
        Self { first, ..self }
    }

    /// Selects a delivery by the index of its lane and its index there. It is highlighted and described.
    #[must_use]
    pub const fn selected_delivery(self, hand: Option<(usize, usize)>) -> Self {
        Self { hand, ..self }
    }

    /// Returns the range that is drawn, in seconds of the day.
    #[must_use]
    pub fn drawn_range(&self) -> (i64, i64) {
        if let Some((from, to)) = self.stretch {
            let from = from.clamp(-DAY, 2 * DAY);
            return (from, to.clamp(from + 60, 3 * DAY));
        }
        let spans = self.day.lanes.iter().flat_map(|lane| &lane.spans);
        // Times outside the day are faults in the data; one of them must not shrink everything else.
        let ends = spans.flat_map(|span| [span.start, span.end]).filter(|at| (0..=DAY).contains(at));
        let (from, to) = ends.fold((DAY, 0), |(from, to), at| (from.min(at), to.max(at)));
        let (from, to) = if from > to { (0, DAY) } else { (from, to) };
        let from = from / 3600 * 3600;
        (from, ((to + 3599) / 3600 * 3600).max(from + 3600))
    }

    fn build_time_line(&self, width: u16) -> TimeLine {
        let widest = self.day.lanes.iter().map(|lane| display_width(&lane.name)).max().unwrap_or(0);
        let left = if width >= 24 { (widest + 3).min(width / 3) } else { 0 };
        let (from, to) = self.drawn_range();
        TimeLine { left, width: width.saturating_sub(left), from, to }
    }

    fn span_style(&self, span: &DeliverySpan) -> (&'static str, Style) {
        let unicode = self.look.glyphs == Glyphs::Unicode;
        let (glyph, ascii, role) = match span.standing {
            _ if span.is_wrong() => ("!", "!", Role::Danger),
            DeliveryStatus::Complete => ("\u{2588}", "=", Role::Key),
            DeliveryStatus::Partial => ("\u{2592}", "~", Role::Warning),
            DeliveryStatus::Cancelled => ("\u{2591}", "x", Role::Dim),
        };
        (if unicode { glyph } else { ascii }, self.look.style(role))
    }

    fn draw_lane(&self, canvas: &mut Canvas<'_>, line: &TimeLine, number: usize, lane: &DayLane, top: u16, rows: u16) {
        if line.left > 1 {
            let role = if self.hand.is_some_and(|(own, _)| own == number) { Role::Focus } else { Role::Text };
            let name = self.fit_name(&lane.name, line.left - 2);
            canvas.draw_text(0, top, &name, self.look.style(role));
        }
        for row in top..top + rows {
            canvas.draw_cell(
                line.left.saturating_sub(1),
                row,
                self.look.mark(Mark::Divider),
                self.look.style(Role::Border),
            );
        }
        let mut order: Vec<(usize, &DeliverySpan)> = lane.spans.iter().enumerate().collect();
        // Drawn last, and so on top where several share a cell: faulty deliveries, then the selected one.
        order.sort_by_key(|(at, span)| (self.hand == Some((number, *at)), span.is_wrong()));
        let depths = assign_depths(&lane.spans);
        for (at, span) in order {
            let row = top + to_u16_saturating(depths.get(at).copied().unwrap_or(0)).min(rows.saturating_sub(1));
            self.draw_span(canvas, line, span, row, self.hand == Some((number, at)));
        }
    }

    /// Returns a name cut to `room` columns, in the characters of the appearance.
    fn fit_name(&self, name: &str, room: u16) -> String {
        let ascii = self.look.glyphs == Glyphs::Ascii;
        let name: String = name.chars().map(|letter| if ascii && !letter.is_ascii() { '?' } else { letter }).collect();
        if display_width(&name) <= room {
            return name;
        }
        let beginning: String = name.chars().take(usize::from(room.saturating_sub(1))).collect();
        format!("{beginning}{}", self.look.mark(Mark::Ellipsis))
    }

    fn draw_span(&self, canvas: &mut Canvas<'_>, line: &TimeLine, span: &DeliverySpan, row: u16, in_hand: bool) {
        // A delivery that ends before it begins is drawn at its beginning only.
        let (low, high) = (span.start, span.end.max(span.start));
        if line.width == 0 || low > line.to || high < line.from {
            return;
        }
        let (glyph, style) = self.span_style(span);
        let style = if in_hand { self.look.style(Role::Cursor) } else { style };
        let (first, last) = (line.left + line.column(low), line.left + line.column(high));
        (first..=last).for_each(|column| canvas.draw_cell(column, row, glyph, style));
        if last > first && line.contains(low) && span.standing == DeliveryStatus::Complete && !span.is_wrong() {
            // A half-filled first cell separates deliveries that follow each other at once.
            let edge = if self.look.glyphs == Glyphs::Unicode { "\u{2590}" } else { "[" };
            canvas.draw_cell(first, row, edge, style);
        }
        // A name is drawn only if it fits, and only in ASCII, where bytes are columns.
        if usize::from(last - first) > span.name.len() && span.name.is_ascii() {
            let style = if in_hand { style } else { style.add_modifier(Modifier::REVERSED) };
            canvas.draw_text(first + 1, row, &span.name, style);
        }
        if high > line.to {
            canvas.draw_cell(last, row, self.look.mark(Mark::Play), style);
        }
    }

    fn draw_axis(&self, canvas: &mut Canvas<'_>, line: &TimeLine, row: u16) {
        let style = self.look.style(Role::Dim);
        // A label has five columns, and three more keep labels apart.
        let labels = i64::from((line.width / 8).max(1));
        let step = STEPS.into_iter().find(|step| (line.to - line.from) / step <= labels).unwrap_or(DAY);
        let (mut at, mut free) = (line.from.div_euclid(step) * step, line.left.saturating_sub(2));
        while at <= line.to {
            let start = (line.left + line.column(at)).saturating_sub(2);
            if at >= line.from && start >= free && start + 5 <= canvas.width() {
                free = canvas.draw_text(start, row, &render_clock(at, false), style) + 1;
            }
            at += step;
        }
    }

    /// Returns the lines below the time line, the most important first.
    fn render_captions(&self, shown: std::ops::Range<usize>) -> Vec<Vec<Text<'a>>> {
        let hand = self.hand.and_then(|(lane, at)| self.day.lanes.get(lane)?.spans.get(at));
        let hand = hand.map(|span| self.in_hand(span));
        [hand, Some(self.render_count(shown)), Some(self.render_legend())].into_iter().flatten().collect()
    }

    fn in_hand(&self, span: &'a DeliverySpan) -> Vec<Text<'a>> {
        let role = if span.is_wrong() { Role::Danger } else { Role::Text };
        let mut text = format!("  {} to {}", render_clock(span.start, true), render_clock(span.end, true));
        text += &format!(
            " ({}), {}, {}",
            render_duration(span.end.saturating_sub(span.start)),
            span.name,
            span.standing.word()
        );
        if span.clashes {
            text += "; overlaps another delivery of the patient";
        }
        if span.end < span.start {
            text += "; ends before it starts";
        }
        let name = format!("delivery {}", render_key(&span.key));
        vec![Text::styled(name, self.look.style(Role::Cursor)), Text::styled(text, self.look.style(role))]
    }

    fn render_count(&self, shown: std::ops::Range<usize>) -> Vec<Text<'a>> {
        let spans: Vec<&DeliverySpan> = self.day.lanes.iter().flat_map(|lane| &lane.spans).collect();
        let wrong = spans.iter().filter(|span| span.is_wrong()).count();
        let mut texts = vec![Text::styled(
            format!("{} deliveries in {} lanes", spans.len(), self.day.lanes.len()),
            self.look.style(Role::Dim),
        )];
        if wrong > 0 {
            let text = format!("  {} {wrong} impossible", self.look.mark(Mark::Bad));
            texts.push(Text::styled(text, self.look.style(Role::Danger)));
        }
        if shown.len() < self.day.lanes.len() {
            let text = format!("  lanes {} to {}", shown.start + 1, shown.end);
            texts.push(Text::styled(text, self.look.style(Role::Note)));
        }
        texts
    }

    fn render_legend(&self) -> Vec<Text<'a>> {
        let mut texts = Vec::new();
        for (standing, clashes) in [
            (DeliveryStatus::Complete, false),
            (DeliveryStatus::Partial, false),
            (DeliveryStatus::Cancelled, false),
            (DeliveryStatus::Complete, true),
        ] {
            // An example of each kind, so that legend and picture cannot differ.
            let example = DeliverySpan { key: Vec::new(), start: 0, end: 0, name: String::new(), standing, clashes };
            let (glyph, style) = self.span_style(&example);
            let word = if clashes { "impossible" } else { standing.word() };
            texts.push(Text::styled(glyph, style));
            texts.push(Text::styled(format!(" {word}  "), self.look.style(Role::Dim)));
        }
        texts
    }
}

/// Returns for each delivery its row within the lane: the first row that is free when it begins.
fn assign_depths(spans: &[DeliverySpan]) -> Vec<usize> {
    // For each row, the second from which it is free.
    let mut free: Vec<i64> = Vec::new();
    let mut depths = Vec::new();
    for span in spans {
        let row = free.iter().position(|end| *end <= span.start).unwrap_or(free.len()).min(DEEP_MAX - 1);
        // A delivery that ends before it begins still occupies its row for a second.
        let end = span.end.max(span.start.saturating_add(1));
        match free.get_mut(row) {
            Some(last) => *last = (*last).max(end),
            None => free.push(end),
        }
        depths.push(row);
    }
    depths
}

/// Renders a second of the day as a time; on another day, with the number of days before it.
fn render_clock(at: i64, seconds: bool) -> String {
    let (days, at) = (at.div_euclid(DAY), at.rem_euclid(DAY));
    let days = if days == 0 { String::new() } else { format!("{days:+} d ") };
    let time = format!("{:02}:{:02}", at / 3600, at / 60 % 60);
    if seconds { format!("{days}{time}:{:02}", at % 60) } else { time }
}

/// Renders a duration.
fn render_duration(seconds: i64) -> String {
    let (sign, seconds) = if seconds < 0 { ("-", seconds.saturating_neg()) } else { ("", seconds) };
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{sign}{seconds} s"),
        (0, minutes, seconds) => format!("{sign}{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{sign}{hours} h {minutes} min"),
    }
}

impl Widget for &DayPicture<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut canvas = Canvas::new(area, buffer);
        let line = self.build_time_line(canvas.width());
        let texts = match canvas.height() {
            0..=4 => 0,
            5..=7 => 1,
            8..=11 => 2,
            _ => 3,
        };
        let height = canvas.height().saturating_sub(texts + u16::from(canvas.height() >= 3));
        let first = self.first.min(self.day.lanes.len().saturating_sub(1));
        let (mut top, mut shown) = (0, first..first);
        for (number, lane) in self.day.lanes.iter().enumerate().skip(first) {
            let deep = to_u16_saturating(assign_depths(&lane.spans).into_iter().max().map_or(1, |depth| depth + 1));
            let rows = deep.min(height.saturating_sub(top));
            if rows == 0 {
                break;
            }
            self.draw_lane(&mut canvas, &line, number, lane, top, rows);
            (top, shown.end) = (top + rows, number + 1);
        }
        if self.day.lanes.is_empty() {
            canvas.draw_text(0, 0, "no deliveries", self.look.style(Role::Dim));
        } else if canvas.height() >= 3 {
            self.draw_axis(&mut canvas, &line, top);
        }
        for (row, texts) in (top + 1..).zip(self.render_captions(shown)).take(usize::from(texts)) {
            canvas.draw_spans(0, row, &texts, self.look.mark(Mark::Ellipsis));
        }
    }
}
