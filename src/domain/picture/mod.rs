//! Pictures: what a person would rather look at than read, as numbers; draws nothing.

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

/// What pictures of findings are made with, beside the rows around them.
pub struct PictureContext<'a> {
    /// How tables are declared, and the rows of those that were held while the checks ran.
    pub declared: &'a Snapshot,
    /// What the check run gathered.
    pub gathered: &'a dyn Any,
    /// The rules that the checks judged by.
    pub rules: &'a dyn Rules,
}

/// What paints the findings of a domain.
pub trait Painter: Sync {
    /// Returns what has to be read to paint pictures for findings, at most so many, beside the rows that these name; it
    /// is asked again once that was read, until nothing is left to read.
    fn needed_fetches(&self, findings: &[&Finding], snapshot: &Snapshot, pictures_max: usize) -> Vec<Fetch>;
    /// Returns pictures for findings, at most so many.
    fn paint_findings(
        &self,
        findings: &[&Finding],
        snapshot: &Snapshot,
        with: &PictureContext<'_>,
        pictures_max: usize,
    ) -> Gallery;
    /// Returns what a record looks like, where there is anything to look at.
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
    /// Returns the record whose film shows what changes do, where they are about one.
    ///
    /// # Errors
    /// What has to be read first, or what the target lacks.
    fn find_subject(&self, _changes: &[Change], _snapshot: &Snapshot) -> Result<Option<i64>, Pause> {
        Ok(None)
    }
    /// Returns what a record's film is made from.
    fn film_needs(&self, _subject: i64) -> Vec<Fetch> {
        Vec::new()
    }
    /// Returns a record's film, where it has one.
    fn build_film(&self, _subject: i64, _rules: &dyn Rules, _snapshot: &Snapshot) -> Option<Film> {
        None
    }
}

/// What a record looks like.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordPicture {
    /// A record at its points, and the one in hand.
    Film(Film, usize),
    /// Numbers with their limits.
    Limits(Chart, Vec<LimitLine>),
    /// What happened on a day, and the lane and the place in it of what is in hand.
    Day(DayChart, Option<(usize, usize)>),
    /// Numbers over other records, one chart above the other.
    Series(ChartSeries),
}

/// Numbers over records of one table: its ids are where the numbers stand across the charts.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartSeries {
    /// The table, so that what is found of its records can be marked.
    pub over: &'static str,
    /// The charts, the first one above.
    pub charts: Vec<Chart>,
    /// The record in hand, where it is one of them or belongs to one.
    pub at: Option<i64>,
}

impl ChartSeries {
    /// Returns the places across all charts, from left to right.
    #[must_use]
    pub fn point_positions(&self) -> Vec<f64> {
        let dots = self.charts.iter().flat_map(|chart| &chart.lines).flat_map(|line| &line.dots);
        let mut places: Vec<f64> = dots.map(|dot| dot.x).filter(|x| x.is_finite()).collect();
        places.sort_by(f64::total_cmp);
        places.dedup();
        places
    }

    /// Returns where the record in hand stands among the places, or the first one behind it.
    #[must_use]
    pub fn place_in_hand(&self) -> usize {
        let Some(at) = self.at else { return 0 };
        #[expect(clippy::cast_precision_loss, reason = "a place is looked for, and ids are small")]
        let x = at as f64;
        let places = self.point_positions();
        places.iter().position(|place| *place >= x).unwrap_or(places.len().saturating_sub(1))
    }
}

/// A limit across a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitLine {
    /// What it is the limit of, in a few words.
    pub name: String,
    /// Where it stands; finite.
    pub y: f64,
}

/// A picture.
#[derive(Clone, Debug, PartialEq)]
pub enum Picture {
    /// The leaves of a control point.
    Aperture(Aperture),
    /// Numbers over control points or over time.
    Chart(Chart),
}

/// Pictures, and which finding is shown by which of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gallery {
    /// The pictures, in the order of the findings that they are first for.
    pub pictures: Vec<Picture>,
    /// The picture of each finding; several may share one.
    pub of: Vec<Option<usize>>,
}

/// The leaves of a control point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aperture {
    /// What is shown.
    pub title: String,
    /// How the positions were taken to be counted, and what tells so.
    pub counting: String,
    /// The pairs in use, the first one first.
    pub pairs: Vec<LeafPair>,
}

/// Two facing leaves: bank A comes from below, bank B from above, in 1/100 cm of one coordinate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeafPair {
    /// Where bank A's leaf ends; `None` where its set is too short.
    pub a: Option<i32>,
    /// Where bank B's leaf ends.
    pub b: Option<i32>,
    /// Whether the leaves are crossed.
    pub crossed: bool,
    /// Whether a leaf stands where none can.
    pub beyond: bool,
}

impl LeafPair {
    /// Tells whether the pair cannot be so.
    #[must_use]
    pub const fn is_wrong(&self) -> bool {
        self.crossed || self.beyond || self.a.is_none() || self.b.is_none()
    }
}

/// Numbers as lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// What is shown.
    pub title: String,
    /// What the numbers are over.
    pub across: String,
    /// What the numbers are, with their unit.
    pub up: &'static str,
    /// The lines.
    pub lines: Vec<ChartLine>,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartLine {
    /// Its name.
    pub name: &'static str,
    /// Its numbers, from left to right.
    pub dots: Vec<ChartPoint>,
}

/// One number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChartPoint {
    /// Where it stands; finite.
    pub x: f64,
    /// What it is; finite.
    pub y: f64,
    /// Whether a finding is about it.
    pub wrong: bool,
}
