//! A field at its control points, one after the other: leaves, jaws, angles and index, as numbers; draws nothing.

use super::aperture::{likely, of_point};
use super::widths::Widths;
use crate::domain::picture::{Aperture, Chart, Dot, LeafPair, Line};
use crate::domains::mosaiq::fleet::Fleet;
use crate::domains::mosaiq::leaves::{Convention, LeafPoint};
use crate::domains::mosaiq::limits::LEAF_CM;
use crate::domains::mosaiq::lookup::Id;
use crate::domains::mosaiq::machines::{self, FIELDS, MACHINE};
use crate::domains::mosaiq::records;
use crate::domains::mosaiq::rules::{Bounds, Rules};
use crate::model::refusal::show;
use crate::model::snapshot::key_form;
use crate::model::{Fetch, Key, Refusal, Row, Snapshot, Value};

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
    pub widths: Widths,
    /// The gantry angles that may be written on the machine, degrees.
    pub gantry_range: (f64, f64),
    /// The collimator angles that may be written on the machine, degrees.
    pub collimator_range: (f64, f64),
    /// The control points, in the order of their numbers.
    pub stills: Vec<Still>,
}

/// A control point; what it does not have, or what is no number, is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Still {
    /// Its key.
    pub key: Key,
    /// Its number (Point).
    pub number: Option<i64>,
    /// Its leaves.
    pub aperture: Option<Aperture>,
    /// Its jaws.
    pub jaws: Jaws,
    /// Gantry_Ang, degrees.
    pub gantry: Option<f64>,
    /// Coll_Ang, degrees.
    pub collimator: Option<f64>,
    /// Couch_Ang, degrees.
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

/// Returns what the film of a field is still to be read from; nothing where all of it was.
#[must_use]
pub fn queries(field: &Value, rules: &Rules, snapshot: &Snapshot) -> Vec<Fetch> {
    let field = std::slice::from_ref(field);
    let mut wanted = records::field_queries(field, snapshot);
    if !rules.machines.is_empty() {
        wanted.extend(records::unread(snapshot, Fleet::queries().into_iter().take(1)));
    }
    if wanted.is_empty() { machines::queries(field, snapshot) } else { wanted }
}

/// Returns a field at its control points.
///
/// # Errors
/// [`Refusal::MissingTable`], [`Refusal::MissingColumn`] or [`Refusal::MissingRecord`].
pub fn film(field: &Value, rules: &Rules, snapshot: &Snapshot) -> Result<Film, Refusal> {
    let row = records::record(snapshot, FIELDS, "FLD_ID", field)?;
    let points = records::points(snapshot, field)?;
    let leaves: Vec<LeafPoint<'_>> = points.iter().filter_map(LeafPoint::read).collect();
    let fleet = Fleet::read(snapshot, rules);
    let rule = fleet.rule(&Id::of(row.cell(MACHINE)));
    let others = machines::others(snapshot, &row).ok().and_then(|others| others.tally.convention());
    let (convention, told) = match (rule.and_then(|rule| rule.leaf_convention), others) {
        (Some(convention), _) => (convention, "as the rules say"),
        (None, Some(convention)) => (convention, "as the machine's other fields tell"),
        (None, None) => (likely(&leaves), "a guess from these leaves alone"),
    };
    let machine = rule.map_or_else(|| rules.machine.clone(), |rule| rule.over(&rules.machine));
    let range = |bounds: Bounds| (bounds.min.get(), bounds.max.get());
    let pairs = leaves.iter().map(|point| point.leaves).max().unwrap_or(0);
    let counting = if pairs == 0 { String::new() } else { format!("{}, {told}", convention.about()) };
    let mut stills: Vec<Still> =
        points.iter().map(|row| still(row, convention, &counting, |position| machine.reaches(position))).collect();
    // The rows come in key order, which a stable sort keeps among points of one number.
    stills.sort_by_key(|still| still.number.unwrap_or(i64::MAX));
    Ok(Film {
        title: format!("Field {}", show(std::slice::from_ref(&key_form(field)))),
        counting,
        widths: Widths::of(pairs, rule.and_then(|rule| rule.mlc_model)),
        gantry_range: range(machine.gantry_range),
        collimator_range: range(machine.collimator_range),
        stills,
    })
}

fn still(row: &Row<'_>, convention: Convention, counting: &str, reaches: impl Fn(i16) -> bool) -> Still {
    let number = |column: &str| row.float(column).filter(|number| number.is_finite());
    Still {
        key: row.key(),
        number: row.integer("Point"),
        // Sets are padded: where no leaf is in use, their bytes are no positions.
        aperture: of_point(row, convention, counting.to_owned(), reaches)
            .filter(|_| row.integer("MLC_Leaves") != Some(0)),
        jaws: Jaws::read(row, convention),
        gantry: number("Gantry_Ang"),
        collimator: number("Coll_Ang"),
        couch: number("Couch_Ang"),
        index: number("Index"),
    }
}

impl Jaws {
    /// Reads a control point.
    ///
    /// Machines count jaws as they count leaves: both in one coordinate, or each outward from the centre. The width of
    /// the field, where it is written, tells better than the leaves do.
    fn read(row: &Row<'_>, convention: Convention) -> Self {
        let axis = |low: &str, high: &str, width: &str| {
            let (low, high) = (hundredths(row, low)?, hundredths(row, high)?);
            let is = |sum: i64| hundredths(row, width).is_some_and(|width| (i64::from(width) - sum).abs() <= 5);
            let (one, other) = (i64::from(high) - i64::from(low), i64::from(high) + i64::from(low));
            let outward = match (is(one), is(other)) {
                (true, false) => false,
                (false, true) => true,
                _ => convention == Convention::Outward,
            };
            Some((if outward { -low } else { low }, high))
        };
        Self { x: axis("Coll_X1", "Coll_X2", "Field_X"), y: axis("Coll_Y1", "Coll_Y2", "Field_Y") }
    }
}

/// Returns a length in 1/100 cm; `None` where it is none that a jaw could have.
fn hundredths(row: &Row<'_>, column: &str) -> Option<i32> {
    let cm = row.float(column).filter(|cm| cm.abs() <= 1000.0)?;
    format!("{:.0}", cm * 100.0).parse().ok()
}

impl Film {
    /// Returns gantry and collimator over the control points, degrees.
    #[must_use]
    pub fn angles(&self) -> Chart {
        let anywhere = (f64::NEG_INFINITY, f64::INFINITY);
        let mut lines = vec![
            self.line("gantry", self.gantry_range, |still| still.gantry),
            self.line("collimator", self.collimator_range, |still| still.collimator),
        ];
        // A couch that never turns would only lie on the other lines.
        if self.stills.iter().any(|still| still.couch.is_some_and(|angle| angle != 0.0)) {
            lines.push(self.line("couch", anywhere, |still| still.couch));
        }
        self.chart("angles", "degrees", lines)
    }

    /// Returns the cumulative meterset over the control points, as Index counts it.
    #[must_use]
    pub fn metersets(&self) -> Chart {
        self.chart(
            "cumulative meterset",
            "percent or MU",
            [self.line("index", (0.0, f64::INFINITY), |still| still.index)],
        )
    }

    /// Returns where a control point stands in the charts: its number, or where it has none the next one.
    #[must_use]
    pub fn places(&self) -> Vec<f64> {
        let mut next = 0.0;
        let mut place = |still: &Still| {
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
    pub fn stretch(&self) -> (i32, i32) {
        let jaws = self.stills.iter().filter_map(|still| still.jaws.x).flat_map(|(low, high)| [low, high]);
        let pairs = self.stills.iter().filter_map(|still| still.aperture.as_ref()).flat_map(|aperture| &aperture.pairs);
        let leaves = pairs.flat_map(|pair| [pair.a, pair.b]).flatten();
        let reach = LEAF_CM.min * 100..=LEAF_CM.max * 100;
        let possible = jaws.chain(leaves).filter(|place| reach.contains(&i64::from(*place)));
        let (low, high) = possible.fold((-100, 100), |(low, high), place| (low.min(place), high.max(place)));
        (low - 50, high + 50)
    }

    /// Returns the first and the last pair that is open at any control point, counted from 0.
    #[must_use]
    pub fn open(&self) -> Option<(usize, usize)> {
        let is_open = |pair: &LeafPair| pair.a.zip(pair.b).is_some_and(|(a, b)| b > a.saturating_add(SLIT));
        let open = self.stills.iter().flat_map(|still| still.aperture.as_ref());
        let open = open.flat_map(|aperture| aperture.pairs.iter().enumerate()).filter(|(_, pair)| is_open(pair));
        open.map(|(at, _)| (at, at)).reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))
    }

    fn line(&self, name: &'static str, valid: (f64, f64), number: impl Fn(&Still) -> Option<f64>) -> Line {
        let dots = self.places().into_iter().zip(&self.stills);
        let dot = |(x, still): (f64, &Still)| {
            let y = number(still)?;
            Some(Dot { x, y, wrong: y < valid.0 || y > valid.1 })
        };
        Line { name, dots: dots.filter_map(dot).collect() }
    }

    fn chart(&self, of: &str, up: &'static str, lines: impl IntoIterator<Item = Line>) -> Chart {
        let lines = lines.into_iter().filter(|line| !line.dots.is_empty()).collect();
        Chart { title: format!("{}, {of}", self.title), across: "control point".to_owned(), up, lines }
    }
}
