//! The printed result: a line a figure, with its yardstick and what is promised; measures nothing.

use std::fmt;

/// One figure.
struct Line {
    what: String,
    figure: String,
    beside: String,
    ratio: Option<f64>,
    promised: String,
    met: Option<bool>,
}

/// All figures, in the order of their measurement.
#[derive(Default)]
pub(crate) struct Table(Vec<Line>);

/// The middle of measurements.
pub(crate) fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

impl Table {
    /// Adds a speed beside another one: `ratio` is ours over theirs, and has to be at least `least`, if anything.
    pub(crate) fn ratio(&mut self, what: &str, figure: String, beside: String, ratio: f64, least: Option<f64>) {
        let promised = least.map_or_else(String::new, |least| format!(">= {least}"));
        let met = least.map(|least| ratio >= least);
        self.0.push(Line { what: what.to_owned(), figure, beside, ratio: Some(ratio), promised, met });
    }

    /// Adds a figure that has to be at most `most`, if anything.
    pub(crate) fn at_most(&mut self, what: &str, value: f64, unit: &str, beside: String, most: Option<f64>) {
        let promised = most.map_or_else(String::new, |most| format!("<= {most} {unit}"));
        let met = most.map(|most| value <= most);
        let figure = format!("{value:.1} {unit}");
        self.0.push(Line { what: what.to_owned(), figure, beside, ratio: None, promised, met });
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| figure | measured | yardstick | ratio | promised | met |\n|---|---|---|---|---|---|")?;
        for line in &self.0 {
            let ratio = line.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
            let met = line.met.map_or("", |met| if met { "yes" } else { "NO" });
            let Line { what, figure, beside, promised, .. } = line;
            writeln!(f, "| {what} | {figure} | {beside} | {ratio} | {promised} | {met} |")?;
        }
        Ok(())
    }
}
