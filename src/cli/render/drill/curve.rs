//! Detection by size, as a page and as a picture.

use std::fmt::Write as _;

use super::super::super::report::{ReportPage, ReportTable};
use crate::ops::drill::Outcome;
use crate::ops::drill::statistics::curve::ThresholdMethod;
use crate::ops::drill::sweep::SweepCurve;
use crate::ops::report::markup::escape;

/// Writes the curve of each variant and detector: its threshold, and the share caught at each size.
pub(super) fn write_curves(page: &mut ReportPage, outcome: &Outcome) {
    for curve in &outcome.sweeps {
        page.heading(&format!("{} {}, by {}", curve.tool, curve.variant, curve.detector));
        page.paragraph(2, &render_threshold(curve));
        let rows = curve.points.iter().map(|point| {
            let share = point.caught.rate.unwrap_or_default();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share is from 0 to 1")]
            let bar = "#".repeat((share * 20.0).round() as usize);
            vec![render_with_unit(&point.size.to_string(), curve.unit), point.caught.render_counts(), bar]
        });
        page.table(&ReportTable::new(&["size", "caught", ""]).with_rows(rows));
        page.blank();
    }
}

/// Renders from which size on a detector sees, such as `sees half of these faults from 5.1 cm on [4.9-5.3]`.
pub(super) fn render_threshold(curve: &SweepCurve) -> String {
    let unit = curve.unit;
    let Some(threshold) = curve.threshold else {
        return match (curve.most_caught, curve.points.first()) {
            (None, _) => "no verdict at any size".to_owned(),
            (Some(0.0), _) => "sees none of these faults, at any size tried".to_owned(),
            (Some(_), Some(least)) => {
                let least = render_with_unit(&least.size.to_string(), unit);
                format!("sees as many at {least}, the smallest size tried, as at any")
            }
            (Some(_), None) => "nothing was tried".to_owned(),
        };
    };
    let most = curve.most_caught.unwrap_or(1.0);
    let of = if most < 0.995 { format!("; it never sees more than {:.0} %", most * 100.0) } else { String::new() };
    let low = threshold.low.map_or_else(|| "below".to_owned(), render_size);
    let high = threshold.high.map_or_else(|| "above".to_owned(), render_size);
    let how = match threshold.method {
        ThresholdMethod::Bracket => "none at the lower end, all at the upper",
        ThresholdMethod::Logistic => "95 % interval, logistic",
    };
    format!("sees more than half from {} {unit} on [{low}-{high}; {how}]{of}", render_size(threshold.size))
}

/// Renders a size with its unit; a percentage has it already.
fn render_with_unit(size: &str, unit: &str) -> String {
    if size.ends_with('%') { size.to_owned() } else { format!("{size} {unit}") }
}

/// Renders a size to three digits.
fn render_size(size: f64) -> String {
    let digits = if size >= 100.0 {
        0
    } else if size >= 10.0 {
        1
    } else if size >= 1.0 {
        2
    } else {
        3
    };
    format!("{size:.digits$}")
}

/// The picture's width and height, and the margins around its axes.
const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 200.0;
const LEFT: f64 = 44.0;
const BELOW: f64 = 36.0;
const ABOVE: f64 = 10.0;

/// Draws a curve as an inline SVG: a dot at each size with its interval, and a line at the threshold.
pub(super) fn draw_curve(curve: &SweepCurve) -> String {
    let axis = CurveAxis::of_curve(curve);
    let mut out = format!(
        "<svg class=\"curve\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
        escape(&format!("Share caught by size: {}", render_threshold(curve)))
    );
    for (share, label) in [(0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")] {
        let y = to_height(share);
        let _ = write!(out, "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{}\"/>", WIDTH - 8.0);
        let _ = write!(out, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>", LEFT - 4.0, y + 4.0);
    }
    if let Some(threshold) = curve.threshold {
        let x = axis.position(threshold.size);
        let _ = write!(out, "<path class=\"threshold\" d=\"M{x:.1} {ABOVE}V{:.1}\"/>", HEIGHT - BELOW);
    }
    let mut path = String::new();
    for point in &curve.points {
        let (Some(rate), Some(low), Some(high)) = (point.caught.rate, point.caught.low, point.caught.high) else {
            continue;
        };
        let (x, y) = (axis.position(point.size.number()), to_height(rate));
        let _ = write!(path, "{}{x:.1} {y:.1}", if path.is_empty() { "M" } else { "L" });
        let _ = write!(out, "<path class=\"bar\" d=\"M{x:.1} {:.1}V{:.1}\"/>", to_height(low), to_height(high));
        let _ = write!(out, "<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>");
    }
    let _ = write!(out, "<path class=\"line\" d=\"{path}\"/>");
    let ends = [curve.points.first(), curve.points.last()];
    for (point, anchor) in ends.into_iter().flatten().zip(["start", "end"]) {
        let (x, y) = (axis.position(point.size.number()), HEIGHT - BELOW + 16.0);
        let _ = write!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>", point.size);
    }
    let middle = f64::midpoint(LEFT, WIDTH);
    let scale = if curve.logarithmic { ", logarithmic" } else { "" };
    let unit = escape(&format!("size in {}{scale}", curve.unit));
    let _ = write!(out, "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{unit}</text></svg>", HEIGHT - 4.0);
    out
}

fn to_height(share: f64) -> f64 {
    (ABOVE - (HEIGHT - BELOW)).mul_add(share, HEIGHT - BELOW)
}

/// The axis of sizes.
struct CurveAxis {
    first: f64,
    last: f64,
    logarithmic: bool,
}

impl CurveAxis {
    fn of_curve(curve: &SweepCurve) -> Self {
        let numbers = [curve.points.first(), curve.points.last()].map(|point| point.map_or(1.0, |p| p.size.number()));
        let [first, last] = numbers;
        Self { first, last, logarithmic: curve.logarithmic && first > 0.0 }
    }

    fn position(&self, size: f64) -> f64 {
        let share = if self.logarithmic {
            (size / self.first).ln() / (self.last / self.first).ln()
        } else {
            (size - self.first) / (self.last - self.first)
        };
        let share = if share.is_finite() { share } else { 0.5 };
        (WIDTH - 20.0 - LEFT - 8.0).mul_add(share, LEFT + 8.0)
    }
}
