//! Pictures as inline SVG, sized for a phone and coloured by the page's style sheet, each with a description in words.

use std::fmt::Write as _;

use crate::domain::picture::{Aperture, Chart, ChartLine, ChartPoint, LeafPair, Picture};
use crate::ops::render_count;
use crate::ops::report::markup::escape;

/// The width of every picture, in SVG user units: about one pixel each on a phone.
const WIDTH: f64 = 360.0;
/// The left margin, for the numbers of the axis.
const LEFT: f64 = 44.0;
/// The right margin.
const RIGHT: f64 = 10.0;
/// The top margin.
const TOP: f64 = 10.0;
/// The bottom margin, for the numbers of the axis and its title.
const BOTTOM: f64 = 36.0;
/// The height of a chart.
const CHART_HEIGHT: f64 = 190.0;
/// The height of a leaf pair.
const PAIR_HEIGHT: f64 = 5.0;
/// The minimum distance between the numbers of leaf pairs.
const LABEL_GAP: f64 = 11.0;
/// The least and largest distance from the centre that an aperture shows, in 1/100 cm; leaves beyond end at the edge.
const REACH: [i32; 2] = [500, 2500];

/// Returns a figure: the picture, with its title and description.
pub(in crate::ops) fn draw_figure(picture: &Picture, number: usize) -> String {
    let (title, words, height, inside) = match picture {
        Picture::Aperture(aperture) => {
            (&aperture.title, describe_aperture(aperture), leaves_height(aperture), draw_leaves(aperture))
        }
        Picture::Chart(chart) => (&chart.title, describe_chart(chart), CHART_HEIGHT, draw_lines(chart)),
    };
    let (title, words) = (escape(title), escape(&words));
    let key = match picture {
        Picture::Chart(chart) => draw_legend(chart),
        Picture::Aperture(_) => String::new(),
    };
    format!(
        "<figure id=\"figure-{number}\"><svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{title}. \
         {words}\">{inside}</svg><figcaption>{key}<b>Figure {number}.</b> {title}. {words}</figcaption></figure>\n"
    )
}

/// A linear scale from numbers to positions in the picture.
struct Scale {
    least: f64,
    most: f64,
    from: f64,
    to: f64,
}

impl Scale {
    fn position(&self, number: f64) -> f64 {
        let span = self.most - self.least;
        let part = if span > 0.0 { (number - self.least) / span } else { 0.5 };
        self.from + part * (self.to - self.from)
    }

    /// Returns at most eight round numbers within the scale, at least `apart` from each other.
    fn ticks(&self, apart: f64) -> Vec<f64> {
        let span = self.most - self.least;
        if !span.is_finite() || span <= 0.0 {
            return vec![self.least];
        }
        let rough = span / 4.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|times| times * power).into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(rough).max(apart);
        let first = (self.least / step).ceil();
        (0_u8..8).map(|at| (first + f64::from(at)) * step).filter(|tick| *tick <= self.most).collect()
    }
}

/// Returns a number with at most two decimals, or in scientific notation where it is very large or small.
fn render_number(number: f64) -> String {
    let size = number.abs();
    if size >= 1e6 || (size > 0.0 && size < 1e-3) {
        return format!("{number:e}");
    }
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn draw_text(out: &mut String, place: [f64; 2], anchor: &str, words: &str) {
    let [x, y] = place;
    let _ = write!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>", escape(words));
}

/// Draws the horizontal axis below the picture, with grid lines, numbers and title.
fn draw_axis_below(out: &mut String, across: &Scale, bottom: f64, words: &str) {
    for tick in across.ticks(1.0) {
        let x = across.position(tick);
        let _ = write!(out, "<path class=\"grid\" d=\"M{x:.1} {TOP}V{bottom:.1}\"/>");
        draw_text(out, [x, bottom + 13.0], "middle", &render_number(tick));
    }
    draw_text(out, [f64::midpoint(LEFT, WIDTH - RIGHT), bottom + 29.0], "middle", words);
}

fn leaves_height(aperture: &Aperture) -> f64 {
    leaves_bottom(aperture) + BOTTOM
}

fn leaves_bottom(aperture: &Aperture) -> f64 {
    aperture.pairs.iter().fold(TOP, |bottom, _| bottom + PAIR_HEIGHT)
}

/// Draws leaf pairs one above the other, bank A from the left, bank B from the right.
fn draw_leaves(aperture: &Aperture) -> String {
    let ends = aperture.pairs.iter().flat_map(|pair| [pair.a, pair.b]).flatten();
    let [least, most] = REACH;
    let reach =
        f64::from(ends.map(|end| end.saturating_abs().saturating_add(100)).fold(least, i32::max).min(most)) / 100.0;
    let across = Scale { least: -reach, most: reach, from: LEFT, to: WIDTH - RIGHT };
    let bottom = leaves_bottom(aperture);
    let mut out = String::new();
    draw_axis_below(&mut out, &across, bottom, "cm");
    let (mut wrong, mut regular) = (Vec::new(), Vec::new());
    for (number, pair) in (1_u32..).zip(&aperture.pairs) {
        // Pair 1 is at the bottom.
        let y = bottom - f64::from(number) * PAIR_HEIGHT;
        draw_leaf_pair(&mut out, &across, y, pair);
        if pair.is_wrong() {
            wrong.push((number, y, "\u{25b6} "));
        }
        if number == 1 || number % 10 == 0 {
            regular.push((number, y, ""));
        }
    }
    // Wrong pairs are labelled first, and keep the regular numbers near them from being drawn over.
    let mut labelled: Vec<f64> = Vec::new();
    for (number, y, mark) in wrong.into_iter().chain(regular) {
        if labelled.iter().all(|other| (y - other).abs() >= LABEL_GAP) {
            draw_text(&mut out, [LEFT - 4.0, y + PAIR_HEIGHT], "end", &format!("{mark}{number}"));
            labelled.push(y);
        }
    }
    out
}

fn draw_leaf_pair(out: &mut String, across: &Scale, y: f64, pair: &LeafPair) {
    let class = if pair.is_wrong() { "leaf wrong" } else { "leaf" };
    // Bank A reaches in from the left edge, bank B from the right one.
    for (leaf, edge) in [(pair.a, across.from), (pair.b, across.to)] {
        let Some(hundredths) = leaf else { continue };
        let end = across.position((f64::from(hundredths) / 100.0).clamp(across.least, across.most));
        let (x, width, height) = (edge.min(end), (end - edge).abs(), PAIR_HEIGHT - 0.6);
        let _ = write!(
            out,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
        );
    }
}

/// Describes an aperture in words.
fn describe_aperture(aperture: &Aperture) -> String {
    let wrong: Vec<String> = (1_u32..)
        .zip(&aperture.pairs)
        .filter(|(_, pair)| pair.is_wrong())
        .map(|(number, pair)| describe_pair(number, pair))
        .collect();
    let wrong = match wrong.as_slice() {
        [] => "no pair is crossed or out of reach".to_owned(),
        some => format!("marked: {}", render_first_few(some)),
    };
    let pairs = render_count(aperture.pairs.len() as u64, "leaf pair");
    format!("{pairs}, bank A from the left, bank B from the right; {wrong}. Counted with {}", aperture.counting)
}

fn describe_pair(number: u32, pair: &LeafPair) -> String {
    let [a, b] = [pair.a, pair.b]
        .map(|end| end.map_or_else(|| "missing".to_owned(), |hundredths| render_number(f64::from(hundredths) / 100.0)));
    let what = match (pair.crossed, pair.beyond) {
        (true, _) => "crossed",
        (false, true) => "out of reach",
        (false, false) => "not whole",
    };
    format!("pair {number} {what}, A {a} and B {b} cm")
}

/// Returns the first three items and the number of the others.
fn render_first_few(all: &[String]) -> String {
    let shown = all.get(..3).unwrap_or(all).join("; ");
    let further = all.len().saturating_sub(3);
    if further > 0 { format!("{shown}; and {further} more") } else { shown }
}

/// Draws the lines of a chart, with a ring around each dot that a finding concerns.
fn draw_lines(chart: &Chart) -> String {
    let (across, up) = build_scales(chart);
    let mut out = String::new();
    draw_axis_below(&mut out, &across, CHART_HEIGHT - BOTTOM, &chart.across);
    for tick in up.ticks(0.0) {
        let y = up.position(tick);
        let _ = write!(out, "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{}\"/>", WIDTH - RIGHT);
        draw_text(&mut out, [LEFT - 4.0, y + 4.0], "end", &render_number(tick));
    }
    for (at, line) in chart.lines.iter().enumerate() {
        draw_line(&mut out, line, at, &across, &up);
    }
    out
}

fn draw_line(out: &mut String, line: &ChartLine, at: usize, across: &Scale, up: &Scale) {
    let mut before = f64::NEG_INFINITY;
    let mut path = String::new();
    for dot in &line.dots {
        // Where a control point is missing the line is interrupted, so that the gap shows.
        let step = if dot.x - before > 1.0 { "M" } else { "L" };
        let _ = write!(path, "{step}{:.1} {:.1}", across.position(dot.x), up.position(dot.y));
        before = dot.x;
    }
    let _ = write!(out, "<path class=\"line l{at}\" d=\"{path}\"/>");
    for dot in &line.dots {
        let (x, y) = (across.position(dot.x), up.position(dot.y));
        let _ = write!(out, "<circle class=\"dot l{at}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"1.8\"/>");
        if dot.wrong {
            let _ = write!(out, "<circle class=\"ring\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"/>");
        }
    }
}

fn build_scales(chart: &Chart) -> (Scale, Scale) {
    let (left, right) = dot_range(chart, |dot| dot.x);
    let (low, high) = dot_range(chart, |dot| dot.y);
    let across = Scale { least: left, most: right, from: LEFT + 6.0, to: WIDTH - RIGHT - 6.0 };
    // From the larger to the smaller position: in SVG, y grows downwards.
    (across, Scale { least: low, most: high, from: CHART_HEIGHT - BOTTOM - 6.0, to: TOP + 6.0 })
}

/// Returns the least and the largest coordinate of all dots; around a single value, a range of 1.
fn dot_range(chart: &Chart, coordinate: fn(&ChartPoint) -> f64) -> (f64, f64) {
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for dot in chart.lines.iter().flat_map(|line| &line.dots) {
        least = least.min(coordinate(dot));
        most = most.max(coordinate(dot));
    }
    if most > least { (least, most) } else { (least - 0.5, most + 0.5) }
}

/// Returns the legend of a chart, with a sample of each line.
fn draw_legend(chart: &Chart) -> String {
    let mut lines = String::new();
    for (at, line) in chart.lines.iter().enumerate() {
        let sample = format!(
            "<svg class=\"key\" viewBox=\"0 0 24 8\" aria-hidden=\"true\">\
             <path class=\"line l{at}\" d=\"M0 4H24\"/></svg>"
        );
        lines += &format!("<span>{sample} {}</span> ", escape(line.name));
    }
    format!("<span class=\"keys\">{lines}<span>in {}</span></span>", chart.up)
}

/// Describes a chart in words.
fn describe_chart(chart: &Chart) -> String {
    let (mut ranges, mut wrong) = (Vec::new(), Vec::new());
    for ChartLine { name, dots, .. } in &chart.lines {
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for dot in dots {
            least = least.min(dot.y);
            most = most.max(dot.y);
            if dot.wrong {
                wrong.push(format!("{name} {} at {}", render_number(dot.y), render_number(dot.x)));
            }
        }
        ranges.push(format!("{name} {} to {} {}", render_number(least), render_number(most), chart.up));
    }
    let wrong = if wrong.is_empty() { String::new() } else { format!("; ringed: {}", render_first_few(&wrong)) };
    format!("{}{wrong}", ranges.join(", "))
}
