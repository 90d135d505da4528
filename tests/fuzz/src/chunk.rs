//! Chunks of changes: the audit, which copies, and everything else, which decodes, agree on any bytes.

use std::collections::BTreeSet;

use mfm_journal::cbor::Writer;
use mfm_journal::{CHUNK_BYTES_MIN, CHUNK_ITEMS_MAX, Change, Images, RowAction, Value, fuzzing};

use super::sample;

/// Examines bytes as the audit does, and packs what they decode to again.
pub fn law(bytes: &[u8]) {
    let found = fuzzing::report_chunk(bytes, true);
    let decoded = fuzzing::read_changes(bytes);
    let images = decoded.as_ref().ok().map(|changes| Images::from_changes(changes).unwrap());
    let same = images.as_ref().is_some_and(|images| fuzzing::chunks(images).eq([bytes]));
    let flaws: BTreeSet<_> = found.wrong.iter().filter(|code| **code != "row_digest").collect();
    // A whole row that contradicts its own digest is never decoded: it would be put into a database.
    let contradicts = decoded.is_err() && found.wrong.contains("row_digest");
    assert!(flaws.is_empty() == same || contradicts, "canonical is what comes out of packing again: {flaws:?}");
    if decoded.is_err() && !contradicts {
        assert!(found.wrong.contains("chunk_unreadable"), "the audit reads what nothing else can: {found:?}");
    }
    let open = fuzzing::report_chunk(bytes, false);
    let (Some(images), Ok(changes), true) = (images, decoded, same) else {
        assert!(!open.wrong.is_empty());
        return;
    };
    let writes = changes.iter().filter(|change| change.is_write()).count() as u64;
    let tables: BTreeSet<String> = changes.iter().map(|change| change.table.name.clone()).collect();
    assert_eq!((found.rows, found.kept), (writes, changes.len() as u64 - writes));
    assert_eq!(found.rows, images.rows());
    assert_eq!(found.tables, tables);
    assert_eq!(found.rows_root, images.rows_root(), "the audit makes other leaves");
    assert!(found.leaves_agree);
    assert_eq!(found.wrong.contains("row_digest"), !changes.iter().all(digest_holds));
    let mut short = found.clone();
    if !closed(&changes) {
        short.wrong.insert("chunk_not_canonical");
    }
    assert_eq!(open, short, "only what is full closes before the last");
}

/// Tells whether the digest of a whole row is that of its cells.
fn digest_holds(change: &Change) -> bool {
    match &change.action {
        RowAction::Insert { after: row, after_digest: digest }
        | RowAction::Delete { before: row, before_digest: digest } => change.table.row_digest(row).unwrap() == *digest,
        RowAction::Update { .. } | RowAction::Kept { .. } => true,
    }
}

/// Tells whether a chunk of these changes is full.
fn closed(changes: &[Change]) -> bool {
    let (mut tables, mut items) = (Vec::new(), Writer::new());
    for change in changes {
        let place = tables.iter().position(|table| *table == &change.table).unwrap_or_else(|| {
            tables.push(&change.table);
            tables.len() - 1
        });
        change.write(place as u64, &mut items).unwrap();
    }
    fuzzing::is_full(changes.len() as u64, items.len())
}

/// Returns the chunks of changes whose number or size lies at a chunk's limits, and one with a change too many.
pub fn at_the_limits() -> Vec<Vec<u8>> {
    let table = sample::shape();
    let kept = |id: u64| Change {
        table: table.clone(),
        key: vec![Value::Integer(id.cast_signed())],
        action: RowAction::Kept { digest: None },
    };
    let long = |length: usize| {
        let row = vec![Value::Integer(1), Value::Bytes(vec![7; length])];
        let after_digest = table.row_digest(&row).unwrap();
        Change { action: RowAction::Insert { after: row, after_digest }, ..kept(1) }
    };
    let packed = |changes: &[Change]| -> Vec<Vec<u8>> {
        fuzzing::chunks(&Images::from_changes(changes).unwrap()).map(<[u8]>::to_vec).collect()
    };
    let mut all = Vec::new();
    for count in [CHUNK_ITEMS_MAX - 1, CHUNK_ITEMS_MAX, CHUNK_ITEMS_MAX + 1] {
        all.extend(packed(&(0..count).map(kept).collect::<Vec<_>>()));
    }
    let mut item = Writer::new();
    long(CHUNK_BYTES_MIN).write(0, &mut item).unwrap();
    let around = item.len() - CHUNK_BYTES_MIN;
    for less in around - 1..=around + 1 {
        all.extend(packed(&[long(CHUNK_BYTES_MIN - less)]));
    }
    // The number of changes stands in three bytes before the first, whose six bytes are the first of their kind.
    let (mut full, mut item) = (packed(&(0..CHUNK_ITEMS_MAX).map(kept).collect::<Vec<_>>()).concat(), Writer::new());
    kept(0).write(0, &mut item).unwrap();
    let at = full.windows(item.len()).position(|bytes| bytes == item.as_bytes()).unwrap();
    assert_eq!(full[at - 3..at], [0x99, 0x10, 0x00]);
    full[at - 1] = 1;
    full.extend(item.as_bytes());
    all.push(full);
    all
}
