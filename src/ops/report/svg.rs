//! Pictures as inline SVG: sized for a phone, coloured by the page's own styles; every picture says itself in words.

use std::fmt::Write as _;

use crate::domain::picture::{Aperture, Chart, ChartLine, ChartPoint, LeafPair, Picture};
use crate::ops::render_count;
use crate::ops::report::markup::escape;

/// The width of every picture, in its own units: on a phone one is about one pixel.
const WIDTH: f64 = 360.0;
/// What is left free at the left, for numbers.
const LEFT: f64 = 44.0;
/// What is left free at the right.
const RIGHT: f64 = 10.0;
/// What is left free above.
const TOP: f64 = 10.0;
/// What is left free below, for numbers and what they are.
const BOTTOM: f64 = 36.0;
/// The height of a chart.
const CHART_HEIGHT: f64 = 190.0;
/// The height of a leaf pair.
const PAIR_HEIGHT: f64 = 5.0;
/// How far apart the numbers of leaf pairs stand at least.
const LABEL_GAP: f64 = 11.0;
/// How far from the centre an aperture shows at least and at most, in 1/100 cm; a leaf farther out ends at the edge.
const REACH: [i32; 2] = [500, 2500];

/// Returns a picture, and what it shows in words.
pub(in crate::ops) fn draw_figure(picture: &Picture, number: usize) -> String {
    let (title, words, height, inside) = match picture {
        Picture::Aperture(aperture) => {
            (&aperture.title, of_leaves(aperture), leaves_height(aperture), draw_leaves(aperture))
        }
        Picture::Chart(chart) => (&chart.title, of_chart(chart), CHART_HEIGHT, draw_lines(chart)),
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

/// A way from numbers to places.
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

    /// Returns some round numbers between the ends, at least so far apart.
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

/// Returns a number without needless digits.
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

/// Draws the axis below, with its numbers, and what they are.
fn axis_below(out: &mut String, across: &Scale, bottom: f64, words: &str) {
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
    axis_below(&mut out, &across, bottom, "cm");
    let place = |number: u32| bottom - f64::from(number) * PAIR_HEIGHT;
    let pairs = || (1_u32..).zip(&aperture.pairs);
    pairs().for_each(|(number, pair)| leaf_pair(&mut out, &across, place(number), pair));
    let wrong = pairs().filter(|(_, pair)| pair.is_wrong()).map(|(number, _)| (number, "\u{25b6} "));
    let regular = pairs().filter(|(number, _)| *number == 1 || number % 10 == 0).map(|(number, _)| (number, ""));
    let mut labelled: Vec<f64> = Vec::new();
    for (number, mark) in wrong.chain(regular) {
        let y = place(number);
        if labelled.iter().all(|other| (y - other).abs() >= LABEL_GAP) {
            draw_text(&mut out, [LEFT - 4.0, y + PAIR_HEIGHT], "end", &format!("{mark}{number}"));
            labelled.push(y);
        }
    }
    out
}

fn leaf_pair(out: &mut String, across: &Scale, y: f64, pair: &LeafPair) {
    let class = if pair.is_wrong() { "leaf wrong" } else { "leaf" };
    let mut bar = |from: f64, to: f64| {
        let (x, width, height) = (from.min(to), (to - from).abs(), PAIR_HEIGHT - 0.6);
        let _ = write!(
            out,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
        );
    };
    let end = |hundredths: i32| across.position((f64::from(hundredths) / 100.0).clamp(across.least, across.most));
    if let Some(a) = pair.a {
        bar(across.from, end(a));
    }
    if let Some(b) = pair.b {
        bar(end(b), across.to);
    }
}

/// Says an aperture in words.
fn of_leaves(aperture: &Aperture) -> String {
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
    let end = |end: Option<i32>| end.map_or_else(|| "missing".to_owned(), |end| render_number(f64::from(end) / 100.0));
    let what = match (pair.crossed, pair.beyond) {
        (true, _) => "crossed",
        (false, true) => "out of reach",
        (false, false) => "not whole",
    };
    format!("pair {number} {what}, A {} and B {} cm", end(pair.a), end(pair.b))
}

/// Returns the first few of many things in a sentence.
fn render_first_few(all: &[String]) -> String {
    let shown = all.get(..3).unwrap_or(all).join("; ");
    let more = all.len().saturating_sub(3);
    if more > 0 { format!("{shown}; and {more} more") } else { shown }
}

/// Draws the lines of a chart, with a ring around what a finding is about.
fn draw_lines(chart: &Chart) -> String {
    let (across, up) = build_scales(chart);
    let mut out = String::new();
    axis_below(&mut out, &across, CHART_HEIGHT - BOTTOM, &chart.across);
    for tick in up.ticks(0.0) {
        let y = up.position(tick);
        let _ = write!(out, "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{}\"/>", WIDTH - RIGHT);
        draw_text(&mut out, [LEFT - 4.0, y + 4.0], "end", &render_number(tick));
    }
    for (at, line) in chart.lines.iter().enumerate() {
        line_of(&mut out, line, at, &across, &up);
    }
    out
}

fn line_of(out: &mut String, line: &ChartLine, at: usize, across: &Scale, up: &Scale) {
    let mut before = f64::NEG_INFINITY;
    let mut path = String::new();
    for dot in &line.dots {
        // A control point that is missing leaves a hole.
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
    let dots = || chart.lines.iter().flat_map(|line| &line.dots);
    let ends = |of: fn(&ChartPoint) -> f64| {
        let least = dots().map(of).fold(f64::INFINITY, f64::min);
        let most = dots().map(of).fold(f64::NEG_INFINITY, f64::max);
        if most > least { (least, most) } else { (least - 0.5, most + 0.5) }
    };
    let ((left, right), (low, high)) = (ends(|dot| dot.x), ends(|dot| dot.y));
    let across = Scale { least: left, most: right, from: LEFT + 6.0, to: WIDTH - RIGHT - 6.0 };
    (across, Scale { least: low, most: high, from: CHART_HEIGHT - BOTTOM - 6.0, to: TOP + 6.0 })
}

/// Returns what tells the lines of a chart apart, each with a piece of itself.
fn draw_legend(chart: &Chart) -> String {
    let one = |(at, line): (usize, &ChartLine)| {
        let piece = format!(
            "<svg class=\"key\" viewBox=\"0 0 24 8\" aria-hidden=\"true\">\
             <path class=\"line l{at}\" d=\"M0 4H24\"/></svg>"
        );
        format!("<span>{piece} {}</span> ", escape(line.name))
    };
    let lines: String = chart.lines.iter().enumerate().map(one).collect();
    format!("<span class=\"keys\">{lines}<span>in {}</span></span>", chart.up)
}

/// Says a chart in words.
fn of_chart(chart: &Chart) -> String {
    let one = |line: &ChartLine| {
        let ends = line.dots.iter().map(|dot| dot.y);
        let (least, most) =
            ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), y| (least.min(y), most.max(y)));
        format!("{} {} to {} {}", line.name, render_number(least), render_number(most), chart.up)
    };
    let ranges: Vec<String> = chart.lines.iter().map(one).collect();
    let wrong = |line: &ChartLine| {
        let dots = line.dots.iter().filter(|dot| dot.wrong);
        let name = line.name;
        dots.map(|dot| format!("{name} {} at {}", render_number(dot.y), render_number(dot.x))).collect::<Vec<_>>()
    };
    let wrong: Vec<String> = chart.lines.iter().flat_map(wrong).collect();
    let wrong = if wrong.is_empty() { String::new() } else { format!("; ringed: {}", render_first_few(&wrong)) };
    format!("{}{wrong}", ranges.join(", "))
}
