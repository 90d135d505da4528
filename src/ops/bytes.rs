//! Describes in one line how two long byte cells differ; knows no table and no layout.

use serde_json::Value as Json;

/// Cells of at most this many bytes are shown whole.
const WHOLE_MAX: usize = 16;

/// Maximum number of bytes shown of a difference.
const SHOWN_MAX: usize = 8;

/// Maximum number of bytes shown where more than one stretch differs.
const RUN_MAX: usize = 2;

/// A byte as its two hexadecimal digits; the last one may lack a digit.
type Byte = [u8];

/// The difference between two byte cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByteDifference {
    /// The length, and where the first difference lies, counted from 0.
    pub about: String,
    /// The bytes there before, as hexadecimal digits; empty where bytes were only added.
    pub before: String,
    /// The bytes there after; empty where bytes were only removed.
    pub after: String,
}

/// Compares two byte cells; `None` where both are short enough to be shown whole, or one holds no bytes.
#[must_use]
pub fn compare_cells(before: &Json, after: &Json) -> Option<ByteDifference> {
    let (before, after) = (split_hex(before)?, split_hex(after)?);
    if before.len().max(after.len()) <= WHOLE_MAX {
        return None;
    }
    Some(if before.len() == after.len() {
        describe_replacement(&before, &after)
    } else {
        describe_resize(&before, &after)
    })
}

/// Compares cells of equal length: one short stretch is shown whole, otherwise the count and the first bytes.
fn describe_replacement(before: &[&Byte], after: &[&Byte]) -> ByteDifference {
    let size = before.len();
    let places: Vec<usize> = (0..size).filter(|at| before.get(*at) != after.get(*at)).collect();
    let (Some(first), Some(last)) = (places.first().copied(), places.last().copied()) else {
        return ByteDifference { about: format!("{size} bytes"), before: String::new(), after: String::new() };
    };
    let whole = last - first < SHOWN_MAX;
    // The first differing bytes that follow one another without a gap.
    let run = places.iter().zip(first..).take(RUN_MAX).take_while(|(at, next)| *at == next).count();
    let end = if whole { last + 1 } else { first + run };
    let (bytes, place) =
        if end - first == 1 { ("byte", first.to_string()) } else { ("bytes", format!("{first}-{}", end - 1)) };
    let about = if whole {
        format!("{size} bytes, {bytes} {place}:")
    } else {
        format!("{size} bytes, {} differ, first {place}:", places.len())
    };
    let [before, after] =
        [before, after].map(|bytes| render_digits(bytes.get(first..end).unwrap_or_default(), SHOWN_MAX));
    ByteDifference { about, before, after }
}

/// Compares cells of different length: the bytes added or removed at one place, otherwise the bytes that follow there.
fn describe_resize(before: &[&Byte], after: &[&Byte]) -> ByteDifference {
    let same = |pair: &(&&Byte, &&Byte)| pair.0 == pair.1;
    let common = before.len().min(after.len());
    let first = before.iter().zip(after).take_while(same).count();
    // At most what the common beginning leaves, so that no byte counts as both beginning and end.
    let rest = before.iter().rev().zip(after.iter().rev()).take(common - first).take_while(same).count();
    let about = format!("{} -> {} bytes, from byte {first}:", before.len(), after.len());
    let shown_max = if first + rest == common { SHOWN_MAX } else { RUN_MAX };
    let [before, after] =
        [before, after].map(|bytes| render_digits(bytes.get(first..bytes.len() - rest).unwrap_or_default(), shown_max));
    ByteDifference { about, before, after }
}

/// Returns the bytes of a byte cell, each as its two digits; `None` for a cell of another type.
fn split_hex(cell: &Json) -> Option<Vec<&Byte>> {
    cell.get("$hex")?.as_str().map(|hex| hex.as_bytes().chunks(2).collect())
}

/// Returns the hexadecimal digits of at most `shown_max` bytes.
fn render_digits(bytes: &[&Byte], shown_max: usize) -> String {
    let shown = bytes.get(..shown_max).unwrap_or(bytes).concat();
    let more = if bytes.len() > shown_max { "..." } else { "" };
    String::from_utf8_lossy(&shown).into_owned() + more
}

impl std::fmt::Display for ByteDifference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.before.as_str(), self.after.as_str()) {
            ("", "") => f.write_str(&self.about),
            ("", added) => write!(f, "{} {added} added", self.about),
            (removed, "") => write!(f, "{} {removed} removed", self.about),
            (before, after) => write!(f, "{} {before} -> {after}", self.about),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn render_difference(before: &[u8], after: &[u8]) -> Option<String> {
        let cell = |bytes: &[u8]| json!({"$hex": mfm_journal::digest::encode_hex(bytes)});
        compare_cells(&cell(before), &cell(after)).map(|difference| difference.to_string())
    }

    #[test]
    fn only_what_differs_is_said() {
        let leaves = [0x3f; 160];
        let changed = |places: &[usize]| {
            let mut bytes = leaves;
            places.iter().for_each(|at| bytes[*at] = 0x85);
            bytes
        };
        for (after, text) in [
            (changed(&[54]).to_vec(), "160 bytes, byte 54: 3f -> 85"),
            (changed(&[54, 55]).to_vec(), "160 bytes, bytes 54-55: 3f3f -> 8585"),
            (changed(&[54, 57]).to_vec(), "160 bytes, bytes 54-57: 3f3f3f3f -> 853f3f85"),
            (changed(&[2, 3, 100]).to_vec(), "160 bytes, 3 differ, first 2-3: 3f3f -> 8585"),
            (vec![1; 160], "160 bytes, 160 differ, first 0-1: 3f3f -> 0101"),
            ([&leaves[..], &[1]].concat(), "160 -> 161 bytes, from byte 160: 01 added"),
            (leaves[..158].to_vec(), "160 -> 158 bytes, from byte 158: 3f3f removed"),
            (leaves[..80].to_vec(), "160 -> 80 bytes, from byte 80: 3f3f3f3f3f3f3f3f... removed"),
            (Vec::new(), "160 -> 0 bytes, from byte 0: 3f3f3f3f3f3f3f3f... removed"),
            ([&[1, 2], &leaves[..]].concat(), "160 -> 162 bytes, from byte 0: 0102 added"),
            (vec![1, 2], "160 -> 2 bytes, from byte 0: 3f3f... -> 0102"),
        ] {
            assert_eq!(render_difference(&leaves, &after).as_deref(), Some(text));
        }
        assert_eq!(render_difference(&[1, 2], &[1]), None);
        assert_eq!(compare_cells(&json!(null), &json!({"$hex": "00".repeat(160)})), None);
    }
}
