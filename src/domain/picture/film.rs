//! A field at its control points, one frame each: leaves, jaws, angles and metersets. Drawing is left to the faces.

use super::{Aperture, Chart, ChartLine, ChartPoint, LeafPair};
use crate::model::Key;

/// A gap up to this counts as closed, in 1/100 cm.
const SLIT: i32 = 20;

/// A field at its control points: a film of one frame a control point.
#[derive(Clone, Debug, PartialEq)]
pub struct Film {
    /// The title of the picture.
    pub title: String,
    /// How leaf positions were interpreted, and what that was inferred from; empty where the field has no leaves.
    pub counting: String,
    /// The edges of the leaf pairs.
    pub widths: LeafEdges,
    /// The lowest and highest valid gantry angle, degrees.
    pub gantry_range: (f64, f64),
    /// The lowest and highest valid collimator angle, degrees.
    pub collimator_range: (f64, f64),
    /// The lowest and highest position that a leaf can have, in 1/100 cm.
    pub possible: (i32, i32),
    /// The control points, in the order of their numbers.
    pub stills: Vec<FilmFrame>,
}

/// One control point. A value that is absent or not a number is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct FilmFrame {
    /// The key of the control point's record.
    pub key: Key,
    /// Its number (Point).
    pub number: Option<i64>,
    /// The positions of its leaves.
    pub aperture: Option<Aperture>,
    /// The positions of its jaws.
    pub jaws: Jaws,
    /// The gantry angle, degrees.
    pub gantry: Option<f64>,
    /// The collimator angle, degrees.
    pub collimator: Option<f64>,
    /// The couch angle, degrees.
    pub couch: Option<f64>,
    /// The cumulative meterset (column Index), in percent or in MU.
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

/// The edges of leaf pairs, and what they were inferred from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeafEdges {
    /// The edges from the first pair to the last, one more than there are pairs, in 1/100 cm; empty where unknown.
    pub edges: Vec<i32>,
    /// What the edges were inferred from, in a sentence.
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

    /// Returns each control point's place across the charts: its number, or the next free one where it has none.
    #[must_use]
    pub fn point_positions(&self) -> Vec<f64> {
        let mut next = 0.0;
        let mut positions = Vec::with_capacity(self.stills.len());
        for still in &self.stills {
            let number = still.number.and_then(|number| i32::try_from(number).ok());
            let x = number.map_or(next, f64::from);
            next = x + 1.0;
            positions.push(x);
        }
        positions
    }

    /// Returns the range along the leaves that shows every leaf and jaw at every control point, in 1/100 cm.
    ///
    /// Impossible positions are left out, so that one faulty leaf does not shrink everything else.
    #[must_use]
    pub fn leaf_extent(&self) -> (i32, i32) {
        let jaws = self.stills.iter().filter_map(|still| still.jaws.x).flat_map(|(low, high)| [low, high]);
        let pairs = self.stills.iter().filter_map(|still| still.aperture.as_ref()).flat_map(|aperture| &aperture.pairs);
        let leaves = pairs.flat_map(|pair| [pair.a, pair.b]).flatten();
        let reach = self.possible.0..=self.possible.1;
        // At least 1 cm to either side, so that a field without any position has a width.
        let possible = jaws.chain(leaves).filter(|place| reach.contains(place));
        let (low, high) = possible.fold((-100, 100), |(low, high), place| (low.min(place), high.max(place)));
        // A margin of 0.5 cm, so that the outermost leaf does not touch the frame.
        (low - 50, high + 50)
    }

    /// Returns the first and the last pair that is open at any control point, counted from 0.
    #[must_use]
    pub fn open_pairs(&self) -> Option<(usize, usize)> {
        let mut range: Option<(usize, usize)> = None;
        for aperture in self.stills.iter().filter_map(|still| still.aperture.as_ref()) {
            for (at, pair) in aperture.pairs.iter().enumerate() {
                if is_pair_open(pair) {
                    range = Some(range.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
                }
            }
        }
        range
    }

    fn build_line(
        &self,
        name: &'static str,
        valid: (f64, f64),
        number: impl Fn(&FilmFrame) -> Option<f64>,
    ) -> ChartLine {
        let mut dots = Vec::new();
        for (x, still) in self.point_positions().into_iter().zip(&self.stills) {
            if let Some(y) = number(still) {
                dots.push(ChartPoint { x, y, wrong: y < valid.0 || y > valid.1 });
            }
        }
        ChartLine { name, dots }
    }

    fn build_chart(&self, of: &str, up: &'static str, lines: impl IntoIterator<Item = ChartLine>) -> Chart {
        let lines = lines.into_iter().filter(|line| !line.dots.is_empty()).collect();
        Chart { title: format!("{}, {of}", self.title), across: "control point".to_owned(), up, lines }
    }
}

fn is_pair_open(pair: &LeafPair) -> bool {
    pair.a.zip(pair.b).is_some_and(|(a, b)| b > a.saturating_add(SLIT))
}
