//! Pictures: what a person would rather look at than read, as numbers; draws nothing.

use std::any::Any;

use super::check::Rules;
use crate::model::{Fetch, Finding, Snapshot};

/// What pictures of findings are made with, beside the rows around them.
pub struct Gathered<'a> {
    /// How tables are declared, and the rows of those that were held while the checks ran.
    pub declared: &'a Snapshot,
    /// What the check run gathered.
    pub gathered: &'a dyn Any,
    /// The rules that the checks judged by.
    pub rules: &'a dyn Rules,
}

/// What paints the findings of a domain.
pub trait Painter: Sync {
    /// Returns what has to be read to paint pictures for findings, at most so many, beside the rows that these name.
    fn needs(&self, findings: &[&Finding], snapshot: &Snapshot, pictures_max: usize) -> Vec<Fetch>;
    /// Returns pictures for findings, at most so many.
    fn gallery(&self, findings: &[&Finding], snapshot: &Snapshot, with: &Gathered<'_>, pictures_max: usize) -> Gallery;
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
    pub lines: Vec<Line>,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its name.
    pub name: &'static str,
    /// Its numbers, from left to right.
    pub dots: Vec<Dot>,
}

/// One number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    /// Where it stands; finite.
    pub x: f64,
    /// What it is; finite.
    pub y: f64,
    /// Whether a finding is about it.
    pub wrong: bool,
}
