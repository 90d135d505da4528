//! A chart of numbers over control points or time: lines, limits, the values before, and those at a cursor.

mod plot;
mod scale;

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;
use ratatui::widgets::Widget;

use self::plot::Plot;
use self::scale::clamp_drawable;
use super::draw::{Canvas, display_width, render_rounded};
use crate::domain::picture::LimitLine;
use crate::domain::picture::{Chart, ChartLine, ChartPoint};
use crate::tui::theme::{Appearance, Glyphs, Mark, Role};

/// The roles of the lines, in turn.
const LINES: [Role; 3] = [Role::Key, Role::After, Role::Good];
/// The marks on the lines, in turn, to tell them apart without colour.
const DOTS: [&str; 3] = ["\u{25cf}", "\u{25c6}", "\u{25a0}"];
const ASCII_DOTS: [&str; 3] = ["o", "+", "*"];

/// A widget that shows a chart.
#[derive(Clone, Debug)]
pub struct ChartPicture<'a> {
    look: Appearance,
    chart: &'a Chart,
    before: Option<&'a Chart>,
    limits: &'a [LimitLine],
    cursor: Option<usize>,
    found: &'a [f64],
    angles: bool,
}

impl<'a> ChartPicture<'a> {
    /// Returns the picture of a chart.
    #[must_use]
    pub const fn new(look: Appearance, chart: &'a Chart) -> Self {
        Self { look, chart, before: None, limits: &[], cursor: None, found: &[], angles: false }
    }

    /// Draws the chart before the change behind this one.
    #[must_use]
    pub const fn before(self, before: Option<&'a Chart>) -> Self {
        Self { before, ..self }
    }

    /// Draws limits as horizontal lines. Limits far from all values are only named in the legend.
    #[must_use]
    pub const fn limits(self, limits: &'a [LimitLine]) -> Self {
        Self { limits, ..self }
    }

    /// Highlights and describes the values at one place, an index into [`ChartPicture::places`].
    #[must_use]
    pub const fn cursor(self, cursor: Option<usize>) -> Self {
        Self { cursor, ..self }
    }

    /// Marks the x values for which the checks have findings, at the bottom of the chart.
    #[must_use]
    pub const fn marked_places(self, found: &'a [f64]) -> Self {
        Self { found, ..self }
    }

    /// Treats the values as angles in degrees: ticks at fractions of a turn, and no line across the jump at 360.
    #[must_use]
    pub const fn angles(self) -> Self {
        Self { angles: true, ..self }
    }

    /// Returns the x values that have a dot, ascending.
    #[must_use]
    pub fn places(&self) -> Vec<f64> {
        let mut places: Vec<f64> = self.dots().map(|dot| clamp_drawable(dot.x)).collect();
        places.sort_by(f64::total_cmp);
        places.dedup();
        places
    }

    fn dots(&self) -> impl Iterator<Item = &'a ChartPoint> {
        let lines = self.chart.lines.iter().chain(self.before.into_iter().flat_map(|before| &before.lines));
        lines.flat_map(|line| &line.dots).filter(|dot| dot.x.is_finite() && dot.y.is_finite())
    }

    /// Returns the plot with the step of its y axis, below `above` rows and above `below` rows of text; `None` without
    /// any number or any room.
    fn build_plot(&self, canvas: &Canvas<'_>, above: u16, below: u16) -> Option<(Plot, f64)> {
        let x = scale::find_range(self.dots().map(|dot| dot.x))?;
        let y = scale::find_range(self.dots().map(|dot| dot.y))?;
        let height = canvas.height().checked_sub(above + below).filter(|height| *height > 0)?;
        let y = scale::with_limits(y, self.limits.iter().map(|limit| limit.y));
        let step = scale::choose_step(y, (height / 3).clamp(1, 8), self.angles);
        let y = scale::widen_to_steps(y, step);
        let widest =
            scale::ticks(y, step).map(|tick| display_width(&render_rounded(tick, step))).max().unwrap_or(0) + 2;
        // In a narrow picture the curve matters more than the labels of its axis.
        let left = if canvas.width() >= widest + 10 { widest } else { 0 };
        let width = canvas.width().checked_sub(left).filter(|width| *width > 0)?;
        let braille = self.look.glyphs == Glyphs::Unicode;
        Some((Plot::new(Rect::new(left, above, width, height), x, y, braille), step))
    }

    fn line_mark(&self, line: usize) -> (&'static str, Style) {
        let dots = if self.look.glyphs == Glyphs::Unicode { DOTS } else { ASCII_DOTS };
        let role = LINES.get(line % LINES.len()).copied().unwrap_or(Role::Text);
        (dots.get(line % dots.len()).copied().unwrap_or("o"), self.look.style(role))
    }

    /// Returns the mark of a wrong value. In ASCII it is a capital, because small letters mark lines.
    fn wrong_glyph(&self) -> &'static str {
        if self.look.glyphs == Glyphs::Ascii { "X" } else { self.look.mark(Mark::Bad) }
    }

    /// Tells whether a line is drawn between two dots.
    fn is_joined(&self, from: &ChartPoint, to: &ChartPoint) -> bool {
        !(self.angles && (from.y - to.y).abs() > 180.0)
    }

    fn draw_lines(&self, plot: &mut Plot, lines: &[ChartLine], every: usize, style: impl Fn(usize) -> Style) {
        for (at, line) in lines.iter().enumerate() {
            let mut last: Option<&ChartPoint> = None;
            for dot in line.dots.iter().filter(|dot| dot.x.is_finite() && dot.y.is_finite()) {
                if let Some(last) = last.filter(|last| self.is_joined(last, dot)) {
                    plot.draw_line(drawable_point(last), drawable_point(dot), every, style(at));
                }
                // Each dot is set on its own too: a dotted line may leave out its ends.
                plot.draw_line(drawable_point(dot), drawable_point(dot), 1, style(at));
                last = Some(dot);
            }
        }
    }

    /// Draws the marks of the lines, and those of wrong values.
    fn draw_marks(&self, canvas: &mut Canvas<'_>, plot: &Plot) {
        let ascii = self.look.glyphs == Glyphs::Ascii;
        for (at, line) in self.chart.lines.iter().enumerate() {
            let (glyph, style) = self.line_mark(at);
            let apart = match (ascii, line.dots.len() * 3 > usize::from(plot.width)) {
                (true, _) => 1,
                (false, true) => 9,
                (false, false) => 2,
            };
            // Lines start their marks at different columns, so that lines on top of each other each show some.
            let mut next = u16::try_from(at).unwrap_or(0) * if apart == 1 { 0 } else { apart / 3 };
            for (column, row) in line.dots.iter().filter_map(|dot| plot_cell(plot, dot)) {
                if column >= next {
                    canvas.draw_cell(plot.left + column, plot.top + row, glyph, style);
                    next = column + apart;
                }
            }
        }
        for dot in self.chart.lines.iter().flat_map(|line| &line.dots).filter(|dot| dot.wrong) {
            if let Some((column, row)) = plot_cell(plot, dot) {
                canvas.draw_cell(plot.left + column, plot.top + row, self.wrong_glyph(), self.look.style(Role::Danger));
            }
        }
    }

    /// Marks the x values with findings.
    fn draw_found(&self, canvas: &mut Canvas<'_>, plot: &Plot) {
        for column in self.found.iter().filter_map(|x| plot.column(clamp_drawable(*x))) {
            let row = plot.top + plot.height.saturating_sub(1);
            canvas.draw_cell(plot.left + column, row, self.wrong_glyph(), self.look.style(Role::Danger));
        }
    }

    fn draw_limits(&self, canvas: &mut Canvas<'_>, plot: &Plot) {
        let glyph = if self.look.glyphs == Glyphs::Unicode { "\u{254c}" } else { "-" };
        let style = self.look.style(Role::Limit);
        for row in self.limits.iter().filter_map(|limit| plot.row(limit.y)) {
            for column in (0..plot.width).filter(|column| !plot.is_drawn(*column, row)) {
                canvas.draw_cell(plot.left + column, plot.top + row, glyph, style);
            }
        }
    }

    fn draw_cursor(&self, canvas: &mut Canvas<'_>, plot: &Plot, x: f64) {
        let Some(column) = plot.column(x) else { return };
        let glyph = if self.look.glyphs == Glyphs::Unicode { "\u{2502}" } else { "|" };
        for row in (0..plot.height).filter(|row| !plot.is_drawn(column, *row)) {
            canvas.draw_cell(plot.left + column, plot.top + row, glyph, self.look.style(Role::Focus));
        }
        for (at, dot) in self.dots_at(x) {
            if let Some((column, row)) = plot_cell(plot, dot) {
                let glyph = if dot.wrong { self.wrong_glyph() } else { self.line_mark(at).0 };
                canvas.draw_cell(plot.left + column, plot.top + row, glyph, self.look.style(Role::Cursor));
            }
        }
    }

    /// Returns the dot of each line at an x value, with the line's index.
    fn dots_at(&self, x: f64) -> impl Iterator<Item = (usize, &'a ChartPoint)> {
        let lines = self.chart.lines.iter().enumerate();
        lines.filter_map(move |(at, line)| Some((at, line.dots.iter().find(|dot| clamp_drawable(dot.x) == x)?)))
    }

    fn draw_axes(&self, canvas: &mut Canvas<'_>, plot: &Plot, step: f64) {
        let style = self.look.style(Role::Dim);
        let glyph = self.look.mark(Mark::Divider);
        if plot.left > 0 {
            (0..plot.height).for_each(|row| canvas.draw_cell(plot.left - 1, plot.top + row, glyph, style));
            for tick in scale::ticks(plot.y, step) {
                if let Some(row) = plot.row(tick) {
                    canvas.draw_text_before(plot.left - 1, plot.top + row, &render_rounded(tick, step), style);
                }
            }
        }
        let row = plot.top + plot.height;
        let across = scale::choose_step(plot.x, (plot.width / 10).max(1), false).max(1.0);
        let whole = display_width(&self.chart.across) * 2 <= plot.width;
        let name = format!(" {}", if whole { &self.chart.across } else { self.axis_name() });
        let room = (plot.left + plot.width).saturating_sub(display_width(&name));
        let mut free = 0;
        for tick in scale::ticks(plot.x, across) {
            let label = render_rounded(tick, across);
            let start = plot.left + plot.column(tick).unwrap_or(0);
            let start = start.saturating_sub(display_width(&label) / 2);
            if start >= free && start + display_width(&label) <= room {
                free = canvas.draw_text(start, row, &label, style) + 1;
            }
        }
        canvas.draw_text_before(plot.left + plot.width, row, &name, style);
    }

    fn render_legend(&self) -> Vec<Span<'a>> {
        let dim = self.look.style(Role::Dim);
        let mut spans = vec![Span::styled(format!("{}  ", self.chart.up), dim)];
        for (at, line) in self.chart.lines.iter().enumerate() {
            let (glyph, style) = self.line_mark(at);
            spans.push(Span::styled(format!("{glyph} {}  ", line.name), style));
        }
        if self.before.is_some() {
            spans.push(Span::styled(
                format!("{} before  ", self.look.mark(Mark::Before)),
                self.look.style(Role::Before),
            ));
        }
        if self.chart.lines.iter().flat_map(|line| &line.dots).any(|dot| dot.wrong) {
            spans.push(Span::styled(format!("{} wrong  ", self.wrong_glyph()), self.look.style(Role::Danger)));
        }
        if !self.found.is_empty() {
            spans.push(Span::styled(format!("{} found  ", self.wrong_glyph()), self.look.style(Role::Danger)));
        }
        // Limits of equal size on both sides of zero are named once.
        let mut named: BTreeMap<String, &str> = BTreeMap::new();
        for limit in self.limits {
            named.entry(render_rounded(limit.y.abs(), 0.1)).or_insert(&limit.name);
        }
        let limits: Vec<String> = named.into_iter().map(|(at, name)| format!("{name} {at}")).collect();
        if !limits.is_empty() {
            spans.push(Span::styled(format!("limits: {}", limits.join(", ")), self.look.style(Role::Limit)));
        }
        spans
    }

    /// Returns the name of the x axis without its explanation in brackets.
    fn axis_name(&self) -> &'a str {
        self.chart.across.split(" (").next().unwrap_or_default()
    }

    /// Describes the values at an x value, and those before where they differ.
    fn render_values(&self, x: f64) -> Vec<Span<'a>> {
        let here = format!("{} {}", self.axis_name(), render_rounded(x, 1.0));
        let mut spans = vec![Span::styled(here, self.look.style(Role::Cursor))];
        for (at, dot) in self.dots_at(x) {
            let name = self.chart.lines.get(at).map_or("", |line| line.name);
            let style = if dot.wrong { self.look.style(Role::Danger) } else { self.line_mark(at).1 };
            let wrong = if dot.wrong { " wrong" } else { "" };
            spans.push(Span::styled(format!("  {name} {}{wrong}", render_stored_number(dot.y)), style));
            // Lines are matched by name: a change may add or remove one.
            let was = self.before.and_then(|before| before.lines.iter().find(|line| line.name == name));
            let was = was.and_then(|line| line.dots.iter().find(|dot| clamp_drawable(dot.x) == x));
            // By bits, as the journal compares: a change from 0.0 to -0.0 is one.
            if let Some(was) = was.filter(|was| was.y.to_bits() != dot.y.to_bits()) {
                spans.push(Span::styled(
                    format!(" (before {})", render_stored_number(was.y)),
                    self.look.style(Role::Before),
                ));
            }
        }
        if self.found.contains(&x) {
            spans.push(Span::styled("  found", self.look.style(Role::Danger)));
        }
        spans
    }
}

fn drawable_point(dot: &ChartPoint) -> (f64, f64) {
    (clamp_drawable(dot.x), clamp_drawable(dot.y))
}

/// Returns the column and row of a dot, relative to the plot; `None` outside of it.
fn plot_cell(plot: &Plot, dot: &ChartPoint) -> Option<(u16, u16)> {
    Some((plot.column(clamp_drawable(dot.x))?, plot.row(clamp_drawable(dot.y))?))
}

/// Renders a stored number with at most four digits after the point.
fn render_stored_number(number: f64) -> String {
    let text = format!("{number:.4}");
    if number.abs() < 1e9 { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { format!("{number:e}") }
}

impl Widget for &ChartPicture<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut canvas = Canvas::new(area, buffer);
        let ellipsis = self.look.mark(Mark::Ellipsis);
        let places = self.places();
        let cursor = self.cursor.and_then(|at| places.get(at.min(places.len().saturating_sub(1)))).copied();
        let above = u16::from(canvas.height() >= 5);
        let below = u16::from(canvas.height() >= 4) + u16::from(cursor.is_some() && canvas.height() >= 6);
        let Some((mut plot, step)) = self.build_plot(&canvas, above, below) else {
            canvas.draw_spans(0, 0, &[Span::styled("no numbers to draw", self.look.style(Role::Dim))], ellipsis);
            return;
        };
        if above > 0 {
            canvas.draw_spans(0, 0, &self.render_legend(), ellipsis);
        }
        if let Some(before) = self.before {
            self.draw_lines(&mut plot, &before.lines, 2, |_| self.look.style(Role::Before));
        }
        self.draw_lines(&mut plot, &self.chart.lines, 1, |line| self.line_mark(line).1);
        self.draw_limits(&mut canvas, &plot);
        plot.draw(&mut canvas);
        self.draw_marks(&mut canvas, &plot);
        self.draw_found(&mut canvas, &plot);
        if let Some(x) = cursor {
            self.draw_cursor(&mut canvas, &plot, x);
        }
        if below > 0 {
            self.draw_axes(&mut canvas, &plot, step);
        }
        if let Some(x) = cursor.filter(|_| below > 1) {
            canvas.draw_spans(0, plot.top + plot.height + 1, &self.render_values(x), ellipsis);
        }
    }
}
