//! Chunks of changes: the audit, which copies, and everything else, which decodes, agree on any bytes.

use std::collections::BTreeSet;

use mfm_journal::{Action, Change, Images, fuzzing};

/// Examines bytes as the audit does, and packs what they decode to again.
pub fn law(bytes: &[u8]) {
    let found = fuzzing::examined(bytes, true);
    let decoded = fuzzing::changes(bytes);
    let images = decoded.as_ref().ok().map(|changes| Images::of(changes).unwrap());
    let same = images.as_ref().is_some_and(|images| fuzzing::chunks(images).eq([bytes]));
    let flaws: BTreeSet<_> = found.wrong.iter().filter(|code| **code != "row_digest").collect();
    assert_eq!(flaws.is_empty(), same, "canonical is what comes out of packing again: {flaws:?}");
    if decoded.is_err() {
        assert!(found.wrong.contains("chunk_unreadable"), "the audit reads what nothing else can: {found:?}");
    }
    let open = fuzzing::examined(bytes, false);
    let (Some(images), Ok(changes), true) = (images, decoded, same) else {
        assert!(!open.wrong.is_empty());
        return;
    };
    let writes = changes.iter().filter(|change| change.writes()).count() as u64;
    let tables: BTreeSet<String> = changes.iter().map(|change| change.table.name.clone()).collect();
    assert_eq!((found.rows, found.kept), (writes, changes.len() as u64 - writes));
    assert_eq!(found.rows, images.rows());
    assert_eq!(found.tables, tables);
    assert_eq!(found.rows_root, images.rows_root(), "the audit makes other leaves");
    assert!(found.leaves_agree);
    assert_eq!(found.wrong.contains("row_digest"), !changes.iter().all(digest_holds));
    let mut short = found.clone();
    if !closed(bytes, &changes) {
        short.wrong.insert("chunk_not_canonical");
    }
    assert_eq!(open, short, "only what is full closes before the last");
}

/// Tells whether the digest of a whole row is that of its cells.
fn digest_holds(change: &Change) -> bool {
    match &change.action {
        Action::Insert { after: row, after_digest: digest }
        | Action::Delete { before: row, before_digest: digest } => change.table.row_digest(row).unwrap() == *digest,
        Action::Update { .. } | Action::Kept { .. } => true,
    }
}

/// Tells whether a chunk is full, counting all of its bytes: far from the limit its head makes no difference.
fn closed(bytes: &[u8], changes: &[Change]) -> bool {
    fuzzing::full(changes.len() as u64, bytes.len())
}
