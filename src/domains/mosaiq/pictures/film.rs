//! A field at its control points, one after the other: leaves, jaws, angles and index, as numbers; draws nothing.

use super::aperture::{guess_convention, of_point};
use super::widths;
use crate::domain::picture::{Film, FilmFrame, Jaws};
use crate::domains::mosaiq::fleet::MachineRules;
use crate::domains::mosaiq::leaves::{Convention, LeafPoint};
use crate::domains::mosaiq::limits::LEAF_CM;
use crate::domains::mosaiq::lookup::LookupId;
use crate::domains::mosaiq::machines::{self, FIELDS, MACHINE};
use crate::domains::mosaiq::records;
use crate::domains::mosaiq::rules::{Bounds, Rules};
use crate::model::refusal::render_key;
use crate::model::snapshot::key_form;
use crate::model::{Fetch, Refusal, Row, Snapshot, Value};

/// Returns what the film of a field is still to be read from; nothing where all of it was.
#[must_use]
pub fn queries(field: &Value, rules: &Rules, snapshot: &Snapshot) -> Vec<Fetch> {
    let field = std::slice::from_ref(field);
    let mut wanted = records::field_queries(field, snapshot);
    if !rules.machines.is_empty() {
        wanted.extend(records::unread_queries(snapshot, MachineRules::queries().into_iter().take(1)));
    }
    if wanted.is_empty() { machines::queries(field, snapshot) } else { wanted }
}

/// Returns a field at its control points.
///
/// # Errors
/// [`Refusal::MissingTable`], [`Refusal::MissingColumn`] or [`Refusal::MissingRecord`].
pub fn build_film(field: &Value, rules: &Rules, snapshot: &Snapshot) -> Result<Film, Refusal> {
    let row = records::read_record(snapshot, FIELDS, "FLD_ID", field)?;
    let points = records::read_points(snapshot, field)?;
    let leaves: Vec<LeafPoint<'_>> = points.iter().filter_map(LeafPoint::from_row).collect();
    let fleet = MachineRules::from_snapshot(snapshot, rules);
    let rule = fleet.find_rule(&LookupId::from_cell(row.cell(MACHINE)));
    let others = machines::read_peer_fields(snapshot, &row).ok().and_then(|others| others.tally.likely_convention());
    let (convention, told) = match (rule.and_then(|rule| rule.leaf_convention), others) {
        (Some(convention), _) => (convention, "as the rules say"),
        (None, Some(convention)) => (convention, "as the machine's other fields tell"),
        (None, None) => (guess_convention(&leaves), "a guess from these leaves alone"),
    };
    let machine = rule.map_or_else(|| rules.machine.clone(), |rule| rule.apply_to(&rules.machine));
    let range = |bounds: Bounds| (bounds.min.get(), bounds.max.get());
    let pairs = leaves.iter().map(|point| point.leaves).max().unwrap_or(0);
    let counting = if pairs == 0 { String::new() } else { format!("{}, {told}", convention.description()) };
    let mut stills: Vec<FilmFrame> = points
        .iter()
        .map(|row| build_still(row, convention, &counting, |position| machine.can_reach(position)))
        .collect();
    // The rows come in key order, which a stable sort keeps among points of one number.
    stills.sort_by_key(|still| still.number.unwrap_or(i64::MAX));
    Ok(Film {
        title: format!("Field {}", render_key(std::slice::from_ref(&key_form(field)))),
        counting,
        widths: widths::leaf_widths(pairs, rule.and_then(|rule| rule.mlc_model)),
        gantry_range: range(machine.gantry_range),
        collimator_range: range(machine.collimator_range),
        possible: (hundredths_of(LEAF_CM.min), hundredths_of(LEAF_CM.max)),
        stills,
    })
}

fn build_still(row: &Row<'_>, convention: Convention, counting: &str, reaches: impl Fn(i16) -> bool) -> FilmFrame {
    let number = |column: &str| row.float(column).filter(|number| number.is_finite());
    FilmFrame {
        key: row.key(),
        number: row.integer("Point"),
        // Sets are padded: where no leaf is in use, their bytes are no positions.
        aperture: of_point(row, convention, counting.to_owned(), reaches)
            .filter(|_| row.integer("MLC_Leaves") != Some(0)),
        jaws: read_jaws(row, convention),
        gantry: number("Gantry_Ang"),
        collimator: number("Coll_Ang"),
        couch: number("Couch_Ang"),
        index: number("Index"),
    }
}

/// Reads the jaws of a control point.
///
/// Machines count jaws as they count leaves: both in one coordinate, or each outward from the centre. The width of
/// the field, where it is written, tells better than the leaves do.
fn read_jaws(row: &Row<'_>, convention: Convention) -> Jaws {
    let axis = |low: &str, high: &str, width: &str| {
        let (low, high) = (read_hundredths(row, low)?, read_hundredths(row, high)?);
        let is = |sum: i64| read_hundredths(row, width).is_some_and(|width| (i64::from(width) - sum).abs() <= 5);
        let (one, other) = (i64::from(high) - i64::from(low), i64::from(high) + i64::from(low));
        let outward = match (is(one), is(other)) {
            (true, false) => false,
            (false, true) => true,
            _ => convention == Convention::Outward,
        };
        Some((if outward { -low } else { low }, high))
    };
    Jaws { x: axis("Coll_X1", "Coll_X2", "Field_X"), y: axis("Coll_Y1", "Coll_Y2", "Field_Y") }
}

/// Returns a length of whole centimetres in 1/100 cm.
fn hundredths_of(cm: i64) -> i32 {
    i32::try_from(cm * 100).unwrap_or(i32::MAX)
}

/// Returns a length in 1/100 cm; `None` where it is none that a jaw could have.
fn read_hundredths(row: &Row<'_>, column: &str) -> Option<i32> {
    let cm = row.float(column).filter(|cm| cm.abs() <= 1000.0)?;
    format!("{:.0}", cm * 100.0).parse().ok()
}
