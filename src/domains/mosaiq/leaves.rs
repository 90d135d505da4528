//! MLC leaf sets: two banks of positions in 1/100 cm, and the two conventions for their signs. Knows no machine and no
//! field.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limits::LEAF_CM;
use super::records;
use crate::model::{Column, Datum, Edit, Refusal, Row, Snapshot, Value};

pub(super) const COLUMNS: [&str; 5] = ["FLD_ID", "Point", "MLC_Leaves", "A_Leaf_Set", "B_Leaf_Set"];
pub(super) const BANK_A: &str = "A_Leaf_Set";
pub(super) const BANK_B: &str = "B_Leaf_Set";
pub(super) const POINTS: &str = "TxFieldPoint";

/// How a machine counts the positions of its two banks; a machine has one convention, which no column gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Convention {
    /// Both banks in one coordinate: the gap is B - A.
    Absolute,
    /// Each bank outward from the centre: the gap is A + B.
    Outward,
}

/// The positions of two facing leaves, in 1/100 cm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LeafPositions {
    pub(super) a: i16,
    pub(super) b: i16,
}

impl Convention {
    /// Returns the opening of a pair in 1/100 cm; negative if its leaves are crossed.
    pub(super) fn gap(self, pair: LeafPositions) -> i32 {
        let (a, b) = (i32::from(pair.a), i32::from(pair.b));
        match self {
            Self::Absolute => b - a,
            Self::Outward => a + b,
        }
    }

    /// Tells whether the leaves of a pair are crossed, which no machine can do.
    pub(super) fn is_crossed(self, pair: LeafPositions) -> bool {
        self.gap(pair) < 0
    }

    /// Returns a closed pair next to the centre.
    pub(super) const fn closed_pair(self) -> LeafPositions {
        // Not at 0: readers strip zero bytes at the end of a set, and would lose the pair.
        match self {
            Self::Absolute => LeafPositions { a: 1, b: 1 },
            Self::Outward => LeafPositions { a: -1, b: 1 },
        }
    }

    /// Swaps the leaves of an open pair, so that they cross by as much as they were apart. `None` if a position
    /// overflows.
    pub(super) fn exchange_leaves(self, pair: LeafPositions) -> Option<LeafPositions> {
        match self {
            Self::Absolute => Some(LeafPositions { a: pair.b, b: pair.a }),
            Self::Outward => Some(LeafPositions { a: pair.b.checked_neg()?, b: pair.a.checked_neg()? }),
        }
    }

    pub(super) const fn description(self) -> &'static str {
        match self {
            Self::Absolute => "both banks in one coordinate",
            Self::Outward => "each bank outward from the centre",
        }
    }
}

/// Tells whether a position lies within the limits of any known MLC.
pub(super) fn within_limits(position: i16) -> bool {
    (LEAF_CM.min * 100..=LEAF_CM.max * 100).contains(&i64::from(position))
}

/// Renders 1/100 cm as cm: `-1.55`.
pub(super) fn render_centimetres(hundredths: i32) -> String {
    // Not by division alone: -55 / 100 is 0, and its sign would be lost.
    let sign = if hundredths < 0 { "-" } else { "" };
    let size = hundredths.unsigned_abs();
    format!("{sign}{}.{:02}", size / 100, size % 100)
}

/// Decodes the first `leaves` positions of a set, or as many as its bytes hold. An odd byte at the end is ignored.
pub(super) fn decode_positions(set: &[u8], leaves: usize) -> impl Iterator<Item = i16> {
    set.as_chunks::<2>().0.iter().take(leaves).map(|bytes| i16::from_le_bytes(*bytes))
}

/// Encodes positions as little-endian signed 16-bit integers.
fn encode_positions(positions: impl IntoIterator<Item = i16>) -> Vec<u8> {
    positions.into_iter().flat_map(i16::to_le_bytes).collect()
}

/// Returns a set with other positions for its `leaves` used leaves; padding keeps its bytes.
///
/// With fewer positions than before, a padded set is filled up with zeros to its length, and so is any set if
/// `keeps_length`; others become shorter.
pub(super) fn rewrite_set(
    set: &[u8],
    leaves: usize,
    positions: impl IntoIterator<Item = i16>,
    keeps_length: bool,
) -> Vec<u8> {
    let (used, mut out) = (leaves * 2, encode_positions(positions));
    if set.len() > used || keeps_length {
        out.resize(out.len().max(used), 0);
        out.extend(set.iter().skip(out.len()));
    }
    out
}

/// Returns MLC_Leaves of a control point, the number of leaf pairs in use; `None` if it is not positive.
pub(super) fn in_use(row: &Row<'_>) -> Option<usize> {
    usize::try_from(row.integer("MLC_Leaves")?).ok().filter(|leaves| *leaves > 0)
}

/// Returns the bytes of a set; `None` if the cell is NULL or holds anything else.
pub(super) fn read_set<'s>(row: &Row<'s>, column: &str) -> Option<&'s [u8]> {
    match row.cell(column)? {
        Value::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}

/// A control point with leaf pairs in use.
#[derive(Clone, Copy, Debug)]
pub(super) struct LeafPoint<'s> {
    pub(super) row: Row<'s>,
    /// Leaf pairs in use, at least 1.
    pub(super) leaves: usize,
    /// Bank A; empty if missing.
    pub(super) a: &'s [u8],
    /// Bank B; empty if missing.
    pub(super) b: &'s [u8],
}

impl<'s> LeafPoint<'s> {
    /// `None` if the control point uses no leaves.
    pub(super) fn from_row(row: &Row<'s>) -> Option<Self> {
        let [a, b] = [BANK_A, BANK_B].map(|column| read_set(row, column).unwrap_or_default());
        Some(Self { row: *row, leaves: in_use(row)?, a, b })
    }

    /// Tells whether both sets hold every leaf in use.
    pub(super) fn is_whole(&self) -> bool {
        self.a.len().min(self.b.len()) >= self.leaves * 2
    }

    /// Returns the pairs in use, as many as both sets hold.
    pub(super) fn pairs(&self) -> impl Iterator<Item = LeafPositions> + 's {
        decode_positions(self.a, self.leaves)
            .zip(decode_positions(self.b, self.leaves))
            .map(|(a, b)| LeafPositions { a, b })
    }

    /// Returns the positions of bank A, then of bank B, each as far as its own set goes.
    pub(super) fn leaf_positions(&self) -> impl Iterator<Item = i16> + 's {
        decode_positions(self.a, self.leaves).chain(decode_positions(self.b, self.leaves))
    }

    /// Returns column and bytes of both banks.
    pub(super) const fn banks(&self) -> [(&'static str, &'s [u8]); 2] {
        [(BANK_A, self.a), (BANK_B, self.b)]
    }

    /// Renders the control point's number.
    pub(super) fn render_number(&self) -> String {
        self.row.integer("Point").map_or_else(|| "without a number".to_owned(), |number| number.to_string())
    }

    /// Returns the column of a bank.
    ///
    /// # Errors
    /// [`Refusal::MissingColumn`].
    pub(super) fn bank_column(&self, bank: &str) -> Result<&'s Column, Refusal> {
        self.row.table.column(bank).map(|(_, column)| column)
    }

    /// Returns the edit that sets columns of the control point.
    pub(super) fn build_update(&self, set: impl IntoIterator<Item = (&'static str, Datum)>) -> Edit {
        let set = set.into_iter().map(|(column, datum)| (column.to_owned(), datum)).collect();
        Edit::Update { table: POINTS.into(), key: self.row.key(), set }
    }
}

/// Returns the control points of a field that use leaves, sorted by number.
///
/// # Errors
/// [`Refusal::MissingTable`] or [`Refusal::MissingColumn`].
pub(super) fn of_field<'s>(snapshot: &'s Snapshot, field: &Value) -> Result<Vec<LeafPoint<'s>>, Refusal> {
    let rows = records::read_points(snapshot, field)?;
    let table = &snapshot.table(POINTS)?.table;
    COLUMNS.iter().try_for_each(|column| table.column(column).map(|_| ()))?;
    let mut points: Vec<LeafPoint<'s>> = rows.iter().filter_map(LeafPoint::from_row).collect();
    // The rows come in key order, which a stable sort keeps among points of one number.
    points.sort_by_key(|point| point.row.integer("Point").unwrap_or(i64::MAX));
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banks_are_little_endian_hundredths() {
        let set = [0x9C, 0xFF, 0x64, 0x00, 0x10, 0x27, 0x00];
        assert_eq!(
            decode_positions(&set, 9).collect::<Vec<_>>(),
            [-100, 100, 10_000],
            "an odd byte at the end is no leaf"
        );
        assert_eq!(decode_positions(&set, 2).collect::<Vec<_>>(), [-100, 100]);
        assert_eq!(encode_positions([-100, 100, 10_000]), set[..6]);
        assert_eq!([-155, 1, 0, -2000].map(render_centimetres), ["-1.55", "0.01", "0.00", "-20.00"]);
        assert_eq!([-2001, -2000, 2000, 2001].map(within_limits), [false, true, true, false]);
    }

    #[test]
    fn a_gap_depends_on_the_convention() {
        let pair = LeafPositions { a: -300, b: 500 };
        for (convention, gap) in [(Convention::Absolute, 800), (Convention::Outward, 200)] {
            assert_eq!((convention.gap(pair), convention.gap(convention.closed_pair())), (gap, 0));
            let crossed = convention.exchange_leaves(pair).unwrap();
            assert_eq!(convention.gap(crossed), -gap);
            assert!(convention.is_crossed(crossed) && !convention.is_crossed(pair));
        }
        assert_eq!(Convention::Outward.exchange_leaves(LeafPositions { a: i16::MIN, b: 0 }), None);
    }

    #[test]
    fn a_padded_set_keeps_its_length() {
        let padded = [1, 0, 2, 0, 3, 0, 9, 9];
        assert_eq!(rewrite_set(&padded, 3, [2], false), [2, 0, 0, 0, 0, 0, 9, 9]);
        assert_eq!(rewrite_set(&padded, 3, [7, 7, 7, 7], false), [7, 0, 7, 0, 7, 0, 7, 0]);
        assert_eq!(rewrite_set(&padded, 3, [7; 5], false).len(), 10, "longer than the padding");
        assert_eq!(rewrite_set(&padded[..6], 3, [2], false), [2, 0]);
        assert_eq!(rewrite_set(&padded[..6], 3, [2], true), [2, 0, 0, 0, 0, 0]);
        assert_eq!(rewrite_set(&padded[..7], 3, [4, 5, 6], false), [4, 0, 5, 0, 6, 0, 9], "an odd byte stays");
    }
}
