//! Films: a field at its control points, one still each with leaves, jaws, angles and index as numbers. Draws nothing.

use super::aperture::{guess_convention, of_point};
use super::widths;
use crate::domain::picture::{Film, FilmFrame, Jaws};
use crate::domains::mosaiq::fleet::MachineRules;
use crate::domains::mosaiq::leaves::{Convention, LeafPoint};
use crate::domains::mosaiq::limits::LEAF_CM;
use crate::domains::mosaiq::lookup::LookupId;
use crate::domains::mosaiq::machines::{self, FIELDS, MACHINE};
use crate::domains::mosaiq::records;
use crate::domains::mosaiq::rules::{Machine, Rules};
use crate::model::refusal::render_key;
use crate::model::snapshot::key_form;
use crate::model::{Fetch, Refusal, Row, Snapshot, Value};

/// Returns the queries for the film of a field that are not answered yet.
#[must_use]
pub fn queries(field: &Value, rules: &Rules, snapshot: &Snapshot) -> Vec<Fetch> {
    let field = std::slice::from_ref(field);
    let mut queries = records::field_queries(field, snapshot);
    if !rules.machines.is_empty() {
        // Only the names of the machines: this one field's machine is known from its row.
        queries.extend(records::unread_queries(snapshot, MachineRules::queries().into_iter().take(1)));
    }
    // The machine's other fields can be asked for only after the field itself was read.
    if queries.is_empty() { machines::queries(field, snapshot) } else { queries }
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
    let (convention, source) = match (rule.and_then(|rule| rule.leaf_convention), others) {
        (Some(convention), _) => (convention, "from the rules"),
        (None, Some(convention)) => (convention, "inferred from the machine's other fields"),
        (None, None) => (guess_convention(&leaves), "guessed from these leaves alone"),
    };
    let machine = rule.map_or_else(|| rules.machine.clone(), |rule| rule.apply_to(&rules.machine));
    let pairs = leaves.iter().map(|point| point.leaves).max().unwrap_or(0);
    let counting = if pairs == 0 { String::new() } else { format!("{}, {source}", convention.description()) };
    let mut stills: Vec<FilmFrame> =
        points.iter().map(|row| build_still(row, convention, &counting, &machine)).collect();
    // The rows come in key order, which a stable sort keeps among points of one number.
    stills.sort_by_key(|still| still.number.unwrap_or(i64::MAX));
    Ok(Film {
        title: format!("Field {}", render_key(std::slice::from_ref(&key_form(field)))),
        counting,
        widths: widths::leaf_widths(pairs, rule.and_then(|rule| rule.mlc_model)),
        gantry_range: (machine.gantry_range.min.get(), machine.gantry_range.max.get()),
        collimator_range: (machine.collimator_range.min.get(), machine.collimator_range.max.get()),
        possible: (hundredths_of(LEAF_CM.min), hundredths_of(LEAF_CM.max)),
        stills,
    })
}

fn build_still(row: &Row<'_>, convention: Convention, counting: &str, machine: &Machine) -> FilmFrame {
    let [gantry, collimator, couch, index] = ["Gantry_Ang", "Coll_Ang", "Couch_Ang", "Index"]
        .map(|column| row.float(column).filter(|number| number.is_finite()));
    FilmFrame {
        key: row.key(),
        number: row.integer("Point"),
        // Sets are padded: with no leaf in use their bytes are not positions.
        aperture: of_point(row, convention, counting.to_owned(), machine)
            .filter(|_| row.integer("MLC_Leaves") != Some(0)),
        jaws: read_jaws(row, convention),
        gantry,
        collimator,
        couch,
        index,
    }
}

/// Reads the jaws of a control point.
///
/// Machines count jaws as they count leaves: both in one coordinate, or each outward from the centre. The written width
/// of the field is better evidence of the convention than the leaves.
fn read_jaws(row: &Row<'_>, convention: Convention) -> Jaws {
    Jaws {
        x: jaw_pair(row, "Coll_X1", "Coll_X2", "Field_X", convention),
        y: jaw_pair(row, "Coll_Y1", "Coll_Y2", "Field_Y", convention),
    }
}

/// Reads the two jaws of an axis in one coordinate, 1/100 cm; `width` is the column of the field's width.
fn jaw_pair(row: &Row<'_>, low: &str, high: &str, width: &str, convention: Convention) -> Option<(i32, i32)> {
    let (low, high) = (read_hundredths(row, low)?, read_hundredths(row, high)?);
    let (absolute, outward) = (i64::from(high) - i64::from(low), i64::from(high) + i64::from(low));
    // Half a millimetre: the three columns are rounded one by one.
    let [is_absolute, is_outward] = [absolute, outward]
        .map(|sum| read_hundredths(row, width).is_some_and(|width| (i64::from(width) - sum).abs() <= 5));
    let counts_outward = match (is_absolute, is_outward) {
        (true, false) => false,
        (false, true) => true,
        _ => convention == Convention::Outward,
    };
    Some((if counts_outward { -low } else { low }, high))
}

fn hundredths_of(cm: i64) -> i32 {
    i32::try_from(cm * 100).unwrap_or(i32::MAX)
}

/// Reads a length in cm as 1/100 cm; `None` if it is longer than any jaw could be set.
fn read_hundredths(row: &Row<'_>, column: &str) -> Option<i32> {
    let cm = row.float(column).filter(|cm| cm.abs() <= 1000.0)?;
    // By way of text: a cast from float to integer would truncate silently.
    format!("{:.0}", cm * 100.0).parse().ok()
}
