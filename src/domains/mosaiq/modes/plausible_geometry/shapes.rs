//! Leaves: one bank shifted against the other, or the whole aperture moved.

use super::{Beam, Size, Task};
use crate::domains::mosaiq::leaves::{self, BANK_A, BANK_B, Convention, LeafPoint, LeafPositions};
use crate::domains::mosaiq::machines::is_treatment;
use crate::domains::mosaiq::tally::FieldLeaves;
use crate::model::{Datum, Edit, Refusal};

/// A closed leaf pair is open by no more than this, 1/100 cm.
const CLOSED_HUNDREDTHS: i32 = 30;
/// Open leaves lie beyond a jaw by so much before they count as shifted, cm.
const BEYOND_CM: f64 = 0.6;

/// A treatment field with leaves, and how its machine counts them.
struct Shape<'s> {
    points: Vec<LeafPoint<'s>>,
    convention: Convention,
}

/// Returns the leaves of a field. Its own closed pairs tell the convention: in the wrong one they are crossed, or open.
fn read_shape<'s>(beam: &Beam<'s>, task: &Task<'_>) -> Result<Shape<'s>, Refusal> {
    let points = leaves::of_field(beam.snapshot, task.record)?;
    let is_whole = !points.is_empty() && points.iter().all(LeafPoint::is_whole);
    if !is_whole || !is_treatment(beam.field.integer("Type_Enum")) {
        return Err(task.ineligible("it is no treatment field with leaf sets"));
    }
    let all: FieldLeaves = points.iter().collect();
    let fitting = [Convention::Absolute, Convention::Outward].into_iter().filter(|one| !all.is_crossed(*one));
    let fitting: Vec<Convention> = fitting.collect();
    let [convention] = fitting.as_slice() else {
        return Err(task.ineligible("its leaf pairs do not tell how its machine counts the banks"));
    };
    Ok(Shape { points, convention: *convention })
}

fn to_hundredths(size: Size) -> i16 {
    #[expect(clippy::cast_possible_truncation, reason = "a float converts to the nearest number there is")]
    let hundredths = (size.number() * 100.0).round() as i16;
    hundredths
}

/// Opens bank A by the size.
pub(super) fn shift_bank(beam: &Beam<'_>, task: &Task<'_>, size: Size) -> Result<Vec<Edit>, Refusal> {
    let shape = read_shape(beam, task)?;
    let narrowest = shape.points.iter().flat_map(LeafPoint::pairs).map(|pair| shape.convention.gap(pair)).min();
    if narrowest.is_none_or(|gap| gap > CLOSED_HUNDREDTHS) {
        return Err(task.ineligible("none of its leaf pairs is closed"));
    }
    let size = to_hundredths(size);
    let step = if shape.convention == Convention::Outward { size } else { size.saturating_neg() };
    move_banks(&shape, task, (step, 0))
}

/// Moves both banks to the side of X2.
pub(super) fn shift_leaves(beam: &Beam<'_>, task: &Task<'_>, size: Size) -> Result<Vec<Edit>, Refusal> {
    let shape = read_shape(beam, task)?;
    let size = to_hundredths(size);
    let step = if shape.convention == Convention::Outward { size.saturating_neg() } else { size };
    let overhangs = shape.points.iter().filter_map(|point| {
        let farthest = point.pairs().map(|pair| pair.b).max().map_or(0.0, |b| f64::from(b) / 100.0);
        Some(farthest - point.row.float("Coll_X2")?)
    });
    let overhang = overhangs.max_by(f64::total_cmp).unwrap_or_default();
    let is_beyond = overhang + f64::from(size) / 100.0 > BEYOND_CM;
    if overhang > BEYOND_CM || (!is_beyond && size >= 400) {
        return Err(task.ineligible("its open leaves would not reach beyond the jaw X2, or already do"));
    }
    move_banks(&shape, task, (step, size))
}

fn move_banks(shape: &Shape<'_>, task: &Task<'_>, steps: (i16, i16)) -> Result<Vec<Edit>, Refusal> {
    let mut edits = Vec::new();
    for point in &shape.points {
        let moved: Option<Vec<LeafPositions>> = point
            .pairs()
            .map(|pair| Some(LeafPositions { a: pair.a.checked_add(steps.0)?, b: pair.b.checked_add(steps.1)? }))
            .collect();
        let is_reached = |pair: &LeafPositions| leaves::within_limits(pair.a) && leaves::within_limits(pair.b);
        let Some(moved) = moved.filter(|moved| moved.iter().all(is_reached)) else {
            return Err(task.ineligible("a leaf of it would move beyond 20 cm"));
        };
        let a = leaves::rewrite_set(point.a, point.leaves, moved.iter().map(|pair| pair.a), true);
        let b = leaves::rewrite_set(point.b, point.leaves, moved.iter().map(|pair| pair.b), true);
        let mut set = vec![(BANK_A, Datum::Bytes(a))];
        if steps.1 != 0 {
            set.push((BANK_B, Datum::Bytes(b)));
        }
        edits.push(point.build_update(set));
    }
    Ok(edits)
}
