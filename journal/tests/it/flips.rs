//! Every flipped bit is reported, or every decoded entry and image is identical.

use std::ops::ControlFlow;
use std::path::Path;

use mfm_journal::testing::test_scale;
use mfm_journal::{Change, Depth, Entry, Journal, JournalError, Operation, Value, audit};

use crate::common::*;

/// All that a journal tells when it is read.
#[derive(PartialEq)]
struct Told {
    entries: Vec<Entry>,
    operations: Vec<Operation>,
    changes: Vec<Change>,
    keys: Vec<Vec<Value>>,
}

fn told(path: &Path) -> Result<Told, JournalError> {
    let journal = Journal::open_read(path)?;
    let mut out = Told { entries: vec![], operations: vec![], changes: vec![], keys: vec![] };
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

/// Flips one bit at each of the places and returns how many flips were reported and how many changed nothing.
fn sort_flips(places: impl Iterator<Item = (usize, u8)>) -> (u32, u32) {
    let folder = Folder::new();
    sample(&folder.path());
    let honest = std::fs::read(folder.path()).unwrap();
    let before = told(&folder.path()).unwrap();
    let copy = folder.folder.path().join("flipped.db");
    let (mut reported, mut identical) = (0, 0);
    for (byte, bit) in places.take_while(|(byte, _)| *byte < honest.len()) {
        let mut bytes = honest.clone();
        bytes[byte] ^= 1 << bit;
        std::fs::write(&copy, bytes).unwrap();
        let mut permissions = std::fs::metadata(&copy).unwrap().permissions();
        permissions.set_readonly(true);
        std::fs::set_permissions(&copy, permissions).unwrap();
        let found = audit(&copy, Depth::Data, &mut |_, _| {});
        if found.is_err() || found.is_ok_and(|found| !found.findings.is_empty()) {
            reported += 1;
        } else {
            let after = told(&copy).unwrap_or_else(|error| panic!("bit {bit} of byte {byte}: {error}"));
            assert!(after == before, "bit {bit} of byte {byte} changed what the journal says, unreported");
            identical += 1;
        }
        std::fs::remove_file(&copy).unwrap();
    }
    (reported, identical)
}

#[test]
fn a_sample_of_flipped_bits() {
    // An odd number and 8 share no factor, so that every bit of a byte takes its turn.
    let every = if test_scale() == 1 { 149 } else { 37 };
    let places = (0..).map(move |n: usize| (n * every, u8::try_from(n % 8).unwrap()));
    let (reported, identical) = sort_flips(places);
    println!("{reported} reported, {identical} identical");
    assert!(reported > 0 && identical > 0);
}

#[test]
fn every_bit_of_the_header_and_of_the_schema() {
    let places = (0..4096).flat_map(|byte| (0..8).map(move |bit| (byte, bit)));
    // No number of these shares a factor with 8, so that every bit of a byte takes its turn.
    let (reported, identical) = sort_flips(places.step_by(if test_scale() == 1 { 37 } else { 11 }));
    println!("{reported} reported, {identical} identical");
    assert!(reported > 0 && identical > 0);
}

#[test]
#[ignore = "minutes: every bit of the file"]
fn every_flipped_bit() {
    let (reported, identical) = sort_flips((0..).flat_map(|byte| (0..8).map(move |bit| (byte, bit))));
    println!("{reported} reported, {identical} identical");
    assert!(reported > 0 && identical > 0);
}
