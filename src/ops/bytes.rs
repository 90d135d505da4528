//! How two long byte cells differ, short enough for a line; knows no table and no layout.

use serde_json::Value as Json;

/// Cells of at most this many bytes are shown whole.
const WHOLE_MAX: usize = 16;

/// How many bytes of a difference are shown.
const SHOWN_MAX: usize = 8;

/// A byte, as its two hexadecimal digits.
type Byte = [u8];

/// How the bytes of a cell changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The length, and where the first difference lies, counted from 0.
    pub about: String,
    /// The bytes there before, as hexadecimal digits; empty where bytes were only added.
    pub before: String,
    /// The bytes there after; empty where bytes were only removed.
    pub after: String,
}

/// Returns how two byte cells differ, where one is too long to be shown whole.
#[must_use]
pub fn difference(before: &Json, after: &Json) -> Option<Difference> {
    let (before, after) = (bytes(before)?, bytes(after)?);
    if before.len().max(after.len()) <= WHOLE_MAX {
        return None;
    }
    let unlike = || before.iter().zip(&after).enumerate().filter(|(_, (old, new))| old != new).map(|(at, _)| at);
    let size = if before.len() == after.len() {
        format!("{} bytes", before.len())
    } else {
        format!("{} -> {} bytes", before.len(), after.len())
    };
    let common = before.len().min(after.len());
    let Some(first) = unlike().next() else {
        let about = if before.len() == after.len() { size } else { format!("{size}, from byte {common}") };
        return Some(Difference { about, before: digits(&before, common), after: digits(&after, common) });
    };
    let (number, last) = (unlike().count(), unlike().last().unwrap_or(first));
    // A short stretch is shown as one, equal bytes between the differing ones included.
    let whole = before.len() == after.len() && last - first < SHOWN_MAX;
    let run = unlike().zip(first..).take(SHOWN_MAX).take_while(|(at, wanted)| at == wanted).count();
    let end = if whole { last + 1 } else { first + run };
    let place = if end - first == 1 { first.to_string() } else { format!("{first}-{}", end - 1) };
    let about = match (whole, before.len() == after.len()) {
        (true, _) => format!("{size}, {} {place}:", if end - first == 1 { "byte" } else { "bytes" }),
        (false, true) => format!("{size}, {number} differ, the first at {place}:"),
        (false, false) => format!("{size}, {number} of the first {common} differ, the first at {place}:"),
    };
    let range = |bytes: &[&Byte]| bytes.get(first..end).unwrap_or_default().concat();
    let text = |bytes: &[&Byte]| String::from_utf8_lossy(&range(bytes)).into_owned();
    Some(Difference { about, before: text(&before), after: text(&after) })
}

/// Returns the bytes of a byte cell, each as its two digits.
fn bytes(cell: &Json) -> Option<Vec<&Byte>> {
    cell.get("$hex")?.as_str().map(|hex| hex.as_bytes().chunks(2).collect())
}

/// Returns the digits from a byte on, the first ones of many.
fn digits(bytes: &[&Byte], from: usize) -> String {
    let rest = bytes.get(from..).unwrap_or_default();
    let shown = rest.get(..SHOWN_MAX).unwrap_or(rest).concat();
    let more = if rest.len() > SHOWN_MAX { "..." } else { "" };
    String::from_utf8_lossy(&shown).into_owned() + more
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.before.as_str(), self.after.as_str()) {
            ("", "") => f.write_str(&self.about),
            ("", added) => write!(f, "{}: {added} added", self.about),
            (removed, "") => write!(f, "{}: {removed} removed", self.about),
            (before, after) => write!(f, "{} {before} -> {after}", self.about),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(before: &[u8], after: &[u8]) -> Option<String> {
        let cell = |bytes: &[u8]| json!({"$hex": mfm_journal::digest::hex(bytes)});
        difference(&cell(before), &cell(after)).map(|difference| difference.to_string())
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
            (changed(&[2, 3, 100]).to_vec(), "160 bytes, 3 differ, the first at 2-3: 3f3f -> 8585"),
            (vec![1; 160], "160 bytes, 160 differ, the first at 0-7: 3f3f3f3f3f3f3f3f -> 0101010101010101"),
            ([&leaves[..], &[1]].concat(), "160 -> 161 bytes, from byte 160: 01 added"),
            (leaves[..158].to_vec(), "160 -> 158 bytes, from byte 158: 3f3f removed"),
            (leaves[..80].to_vec(), "160 -> 80 bytes, from byte 80: 3f3f3f3f3f3f3f3f... removed"),
            (Vec::new(), "160 -> 0 bytes, from byte 0: 3f3f3f3f3f3f3f3f... removed"),
            (vec![1, 0x3f], "160 -> 2 bytes, 1 of the first 2 differ, the first at 0: 3f -> 01"),
        ] {
            assert_eq!(said(&leaves, &after).as_deref(), Some(text));
        }
        assert_eq!(said(&[1, 2], &[1]), None);
        assert_eq!(difference(&json!(null), &json!({"$hex": "00".repeat(160)})), None);
    }
}
