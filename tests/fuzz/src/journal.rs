//! Whole journal files: what changes a byte is reported, or changes nothing that a journal says.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::OnceLock;

use mfm_journal::{Change, Depth, Entry, Journal, JournalError, Operation, Value, audit};

use super::sample;

/// How large a page of the file is.
const PAGE: usize = 4096;

/// All that a journal tells.
#[derive(Debug, Default, PartialEq)]
struct Told {
    entries: Vec<Entry>,
    operations: Vec<Operation>,
    changes: Vec<Change>,
    keys: Vec<Vec<Value>>,
}

/// An honest journal: its bytes, and what it tells.
fn honest() -> &'static (Vec<u8>, Told) {
    static HONEST: OnceLock<(Vec<u8>, Told)> = OnceLock::new();
    HONEST.get_or_init(|| {
        let folder = sample::folder();
        let path = sample::journal(folder.path()).unwrap();
        (fs::read(&path).unwrap(), told(&path).unwrap())
    })
}

fn told(path: &Path) -> Result<Told, JournalError> {
    let journal = Journal::open_read(path)?;
    let mut out = Told::default();
    journal.visit_entries(1, &mut |entry| {
        out.entries.push(entry);
        ControlFlow::Continue(())
    })?;
    out.operations = journal.read_operations(None, usize::MAX)?;
    for operation in &out.operations {
        journal.visit_changes(operation, &mut |change| {
            out.changes.push(change);
            ControlFlow::Continue(())
        })?;
        out.keys.extend(journal.read_chosen_keys(operation)?);
    }
    Ok(out)
}

/// Edits an honest journal as the bytes say, four at a time after the first, which says how the file is opened.
pub fn law(bytes: &[u8]) {
    let (file, before) = honest();
    let Some((first, edits)) = bytes.split_first() else { return };
    let mut changed = file.clone();
    edits.as_chunks::<4>().0.iter().take(64).for_each(|edit| one(&mut changed, *edit));
    let folder = sample::folder();
    let path = folder.path().join("changed.db");
    fs::write(&path, changed).unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(first % 2 == 0);
    fs::set_permissions(&path, permissions).unwrap();
    let found = audit(&path, Depth::Data, &mut |_, _| {});
    let after = told(&path);
    if found.is_ok_and(|found| found.findings.is_empty()) {
        assert!(after.is_ok_and(|after| after == *before), "the journal says something else, unreported");
    }
    // A writer looks at the file too.
    drop(Journal::open(&path));
}

/// Makes one edit: a place in three bytes less a half, what happens there, and a byte to do it with.
fn one(file: &mut Vec<u8>, [low, middle, high, value]: [u8; 4]) {
    let place = usize::from(low) | usize::from(middle) << 8 | usize::from(high & 0x0F) << 16;
    let length = file.len();
    if length == 0 {
        return;
    }
    let (at, page) = (place % length, place % length / PAGE * PAGE);
    match high >> 4 {
        0..=7 => file[at] ^= value,
        8..=11 => file[at] = value,
        12 => file.truncate(at),
        13 => file[page..].iter_mut().take(PAGE).for_each(|byte| *byte = value),
        14 if length >= PAGE && page + PAGE <= length => {
            let from = usize::from(value) * PAGE % (length - PAGE + 1);
            file.copy_within(from..from + PAGE, page);
        }
        _ => file.extend(std::iter::repeat_n(value, place % (2 * PAGE))),
    }
}
