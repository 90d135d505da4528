//! Pictures of records and findings as plain numbers. The faces draw them, each in its own way.

mod day;
mod film;

use std::any::Any;

pub use self::day::{DayChart, DayLane, DeliverySpan, DeliveryStatus};
pub use self::film::{Film, FilmFrame, Jaws, LeafEdges};

use mfm_journal::Change;

use super::check::Rules;
use super::pause::Pause;
use super::record::RecordKind;
use crate::model::{Fetch, Finding, Row, Snapshot};

/// What pictures of findings are made from, apart from the rows around them.
pub struct PictureContext<'a> {
    /// The declarations of the tables, and the rows of those that were kept in memory while the checks ran.
    pub declared: &'a Snapshot,
    /// The facts that the check run gathered.
    pub gathered: &'a dyn Any,
    /// The rules that the checks judged by.
    pub rules: &'a dyn Rules,
}

/// A domain's painter of findings and records.
pub trait Painter: Sync {
    /// Returns what has to be read to paint at most `pictures_max` pictures of findings, apart from the rows that these
    /// name. It is asked again after each read, until it returns nothing new.
    fn needed_fetches(&self, findings: &[&Finding], snapshot: &Snapshot, pictures_max: usize) -> Vec<Fetch>;
    /// Returns at most `pictures_max` pictures of findings.
    fn paint_findings(
        &self,
        findings: &[&Finding],
        snapshot: &Snapshot,
        with: &PictureContext<'_>,
        pictures_max: usize,
    ) -> Gallery;
    /// Returns the picture of a record, if its kind has one.
    ///
    /// # Errors
    /// What has to be read first, or what the target lacks.
    fn paint_record(
        &self,
        _kind: &RecordKind,
        _row: &Row<'_>,
        _rules: &dyn Rules,
        _snapshot: &Snapshot,
    ) -> Result<Option<RecordPicture>, Pause> {
        Ok(None)
    }
    /// Returns the id of the record whose film shows what changes do; `None` where they are about several or none.
    ///
    /// # Errors
    /// What has to be read first, or what the target lacks.
    fn find_subject(&self, _changes: &[Change], _snapshot: &Snapshot) -> Result<Option<i64>, Pause> {
        Ok(None)
    }
    /// Returns what has to be read for a record's film.
    fn film_needs(&self, _subject: i64) -> Vec<Fetch> {
        Vec::new()
    }
    /// Returns a record's film, if it has one.
    fn build_film(&self, _subject: i64, _rules: &dyn Rules, _snapshot: &Snapshot) -> Option<Film> {
        None
    }
}

/// The picture of one record.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordPicture {
    /// A field at its control points, and the index of the point that is selected.
    Film(Film, usize),
    /// Numbers with their limits.
    Limits(Chart, Vec<LimitLine>),
    /// The deliveries of a day, and the lane and the index in it of the selected one.
    Day(DayChart, Option<(usize, usize)>),
    /// Charts over the records of a table, one above the other.
    Series(ChartSeries),
}

/// Charts over the records of one table, whose ids are the horizontal axis.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartSeries {
    /// The table, so that findings about its records can be marked.
    pub over: &'static str,
    /// The charts, the first one above.
    pub charts: Vec<Chart>,
    /// The id of the selected record, if it is one of these or belongs to one.
    pub at: Option<i64>,
}

impl ChartSeries {
    /// Returns the horizontal positions of all charts together, ascending and without repeats.
    #[must_use]
    pub fn point_positions(&self) -> Vec<f64> {
        let dots = self.charts.iter().flat_map(|chart| &chart.lines).flat_map(|line| &line.dots);
        let mut places: Vec<f64> = dots.map(|dot| dot.x).filter(|x| x.is_finite()).collect();
        // Floats have no order of their own; NaN was filtered out above.
        places.sort_by(f64::total_cmp);
        places.dedup();
        places
    }

    /// Returns the index of the selected record's position, or of the first one after it; 0 where none is selected.
    #[must_use]
    pub fn place_in_hand(&self) -> usize {
        let Some(at) = self.at else { return 0 };
        #[expect(clippy::cast_precision_loss, reason = "a place is looked for, and ids are small")]
        // Positions are ids as floats, so the id is compared as one.
        let x = at as f64;
        let places = self.point_positions();
        places.iter().position(|place| *place >= x).unwrap_or(places.len().saturating_sub(1))
    }
}

/// A horizontal limit line across a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitLine {
    /// The name of the limit, in a few words.
    pub name: String,
    /// Its height; finite.
    pub y: f64,
}

/// A picture of a finding.
#[derive(Clone, Debug, PartialEq)]
pub enum Picture {
    /// The leaves of a control point.
    Aperture(Aperture),
    /// Numbers over control points or over time.
    Chart(Chart),
}

/// Pictures, with the picture of each finding.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gallery {
    /// The pictures, in the order of the first finding that each shows.
    pub pictures: Vec<Picture>,
    /// For each finding, in order, the index of its picture; several may share one.
    pub of: Vec<Option<usize>>,
}

/// The leaf positions of a control point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aperture {
    /// The title of the picture.
    pub title: String,
    /// How leaf positions were interpreted, and what that was inferred from.
    pub counting: String,
    /// The pairs in use, in their order on the machine.
    pub pairs: Vec<LeafPair>,
}

/// Two facing leaves: bank A comes from below, bank B from above, in 1/100 cm of one coordinate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeafPair {
    /// The end of bank A's leaf; `None` where its leaf set is too short.
    pub a: Option<i32>,
    /// The end of bank B's leaf; `None` where its leaf set is too short.
    pub b: Option<i32>,
    /// Whether bank A's leaf ends beyond bank B's.
    pub crossed: bool,
    /// Whether a leaf has an impossible position.
    pub beyond: bool,
}

impl LeafPair {
    /// Tells whether the pair is impossible on a machine.
    #[must_use]
    pub const fn is_wrong(&self) -> bool {
        self.crossed || self.beyond || self.a.is_none() || self.b.is_none()
    }
}

/// A chart of lines over a common horizontal axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// The title of the picture.
    pub title: String,
    /// The name of the horizontal axis.
    pub across: String,
    /// The name of the vertical axis, with its unit.
    pub up: &'static str,
    /// The lines.
    pub lines: Vec<ChartLine>,
}

/// One line of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartLine {
    /// Its name in the legend.
    pub name: &'static str,
    /// Its points, from left to right.
    pub dots: Vec<ChartPoint>,
}

/// One point of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChartPoint {
    /// Its horizontal position; finite.
    pub x: f64,
    /// Its value; finite.
    pub y: f64,
    /// Whether a finding is about it.
    pub wrong: bool,
}
