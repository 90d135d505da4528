//! A field at its control points, one after the other: leaves, jaws, angles and metersets; draws nothing.

use super::{Aperture, Chart, ChartLine, ChartPoint, LeafPair};
use crate::model::Key;

/// A gap up to this counts as closed, in 1/100 cm.
const SLIT: i32 = 20;

/// A field at its control points.
#[derive(Clone, Debug, PartialEq)]
pub struct Film {
    /// What is shown.
    pub title: String,
    /// How the positions were taken to be counted, and what tells so; empty where the field has no leaves.
    pub counting: String,
    /// Where the leaf pairs lie, and what tells so.
    pub widths: LeafEdges,
    /// The gantry angles that may be written on the machine, degrees.
    pub gantry_range: (f64, f64),
    /// The collimator angles that may be written on the machine, degrees.
    pub collimator_range: (f64, f64),
    /// Where leaves can stand, in 1/100 cm.
    pub possible: (i32, i32),
    /// The control points, in the order of their numbers.
    pub stills: Vec<FilmFrame>,
}

/// A control point; what it does not have, or what is no number, is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct FilmFrame {
    /// Its key.
    pub key: Key,
    /// Its number (Point).
    pub number: Option<i64>,
    /// Its leaves.
    pub aperture: Option<Aperture>,
    /// Its jaws.
    pub jaws: Jaws,
    /// The gantry, degrees.
    pub gantry: Option<f64>,
    /// The collimator, degrees.
    pub collimator: Option<f64>,
    /// The couch, degrees.
    pub couch: Option<f64>,
    /// Index, in percent or in MU.
    pub index: Option<f64>,
}

/// The edges of the jaws, in 1/100 cm of the leaves' coordinate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Jaws {
    /// Along the leaves: X1 and X2.
    pub x: Option<(i32, i32)>,
    /// Across them: Y1 and Y2.
    pub y: Option<(i32, i32)>,
}

/// Where leaf pairs lie, and what tells so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeafEdges {
    /// The edges from the first pair to the last, one more than there are pairs, in 1/100 cm; empty where unknown.
    pub edges: Vec<i32>,
    /// What tells so, for people.
    pub told: String,
}

impl Film {
    /// Returns gantry and collimator over the control points, degrees.
    #[must_use]
    pub fn angles(&self) -> Chart {
        let anywhere = (f64::NEG_INFINITY, f64::INFINITY);
        let mut lines = vec![
            self.build_line("gantry", self.gantry_range, |still| still.gantry),
            self.build_line("collimator", self.collimator_range, |still| still.collimator),
        ];
        // A couch that never turns would only lie on the other lines.
        if self.stills.iter().any(|still| still.couch.is_some_and(|angle| angle != 0.0)) {
            lines.push(self.build_line("couch", anywhere, |still| still.couch));
        }
        self.build_chart("angles", "degrees", lines)
    }

    /// Returns the cumulative meterset over the control points, as Index counts it.
    #[must_use]
    pub fn metersets(&self) -> Chart {
        self.build_chart(
            "cumulative meterset",
            "percent or MU",
            [self.build_line("index", (0.0, f64::INFINITY), |still| still.index)],
        )
    }

    /// Returns where a control point stands in the charts: its number, or where it has none the next one.
    #[must_use]
    pub fn point_positions(&self) -> Vec<f64> {
        let mut next = 0.0;
        let mut place = |still: &FilmFrame| {
            let number = still.number.and_then(|number| i32::try_from(number).ok());
            let x = number.map_or(next, f64::from);
            next = x + 1.0;
            x
        };
        self.stills.iter().map(&mut place).collect()
    }

    /// Returns the stretch along the leaves that shows every leaf and jaw at every control point, in 1/100 cm.
    ///
    /// Positions that no leaf can have are left out, so that one fault does not make all the rest small.
    #[must_use]
    pub fn leaf_extent(&self) -> (i32, i32) {
        let jaws = self.stills.iter().filter_map(|still| still.jaws.x).flat_map(|(low, high)| [low, high]);
        let pairs = self.stills.iter().filter_map(|still| still.aperture.as_ref()).flat_map(|aperture| &aperture.pairs);
        let leaves = pairs.flat_map(|pair| [pair.a, pair.b]).flatten();
        let reach = self.possible.0..=self.possible.1;
        let possible = jaws.chain(leaves).filter(|place| reach.contains(place));
        let (low, high) = possible.fold((-100, 100), |(low, high), place| (low.min(place), high.max(place)));
        (low - 50, high + 50)
    }

    /// Returns the first and the last pair that is open at any control point, counted from 0.
    #[must_use]
    pub fn open_pairs(&self) -> Option<(usize, usize)> {
        let is_open = |pair: &LeafPair| pair.a.zip(pair.b).is_some_and(|(a, b)| b > a.saturating_add(SLIT));
        let open = self.stills.iter().flat_map(|still| still.aperture.as_ref());
        let open = open.flat_map(|aperture| aperture.pairs.iter().enumerate()).filter(|(_, pair)| is_open(pair));
        open.map(|(at, _)| (at, at)).reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))
    }

    fn build_line(
        &self,
        name: &'static str,
        valid: (f64, f64),
        number: impl Fn(&FilmFrame) -> Option<f64>,
    ) -> ChartLine {
        let dots = self.point_positions().into_iter().zip(&self.stills);
        let dot = |(x, still): (f64, &FilmFrame)| {
            let y = number(still)?;
            Some(ChartPoint { x, y, wrong: y < valid.0 || y > valid.1 })
        };
        ChartLine { name, dots: dots.filter_map(dot).collect() }
    }

    fn build_chart(&self, of: &str, up: &'static str, lines: impl IntoIterator<Item = ChartLine>) -> Chart {
        let lines = lines.into_iter().filter(|line| !line.dots.is_empty()).collect();
        Chart { title: format!("{}, {of}", self.title), across: "control point".to_owned(), up, lines }
    }
}
