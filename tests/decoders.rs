//! Everything that decodes bytes, held to its law: every input that fuzzing kept, and random changes of them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail by panic")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

#[expect(unreachable_pub, clippy::cast_possible_wrap, reason = "a library, to the fuzz targets")]
#[path = "fuzz/src/lib.rs"]
mod decoders;

use decoders::{LAWS, Law};
use mfm_journal::fuzzing;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz")
}

/// Returns the inputs that fuzzing kept, in the order of their names.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = fuzz().join("corpus").join(name);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Holds bytes to a law; a failure shows them.
fn hold(name: &str, law: Law, bytes: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| law(bytes))).is_err() {
        panic!("{name}: not so of {} bytes: {}", bytes.len(), bytes.escape_ascii());
    }
}

/// Chance that is the same in every run (SplitMix64).
struct Chance(u64);

impl Chance {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.word() % limit.max(1) as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.word().to_le_bytes()[0]
    }

    /// Returns a stretch of something so long.
    fn stretch(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length);
        start..length.min(start + 1 + self.below(16))
    }

    /// Changes bytes a few times: bits, bytes, and stretches of them, lost, repeated or taken from another input.
    fn change(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            match self.below(7) {
                0 | 1 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
                2 if !bytes.is_empty() => bytes[at] = [0, 1, 0x1B, 0x5B, 0x7F, 0x9B, 0xFF, self.byte()][self.below(8)],
                3 => bytes.insert(at, self.byte()),
                4 => drop(bytes.drain(self.stretch(bytes.len()))),
                5 => {
                    let stretch = bytes[self.stretch(bytes.len())].to_vec();
                    drop(bytes.splice(at..at, stretch));
                }
                _ => {
                    let stretch = other[self.stretch(other.len())].to_vec();
                    drop(bytes.splice(at..bytes.len().min(at + self.below(2) * stretch.len()), stretch));
                }
            }
        }
    }
}

fn replay(name: &str) {
    let (_, law, changes) = LAWS.into_iter().find(|(other, ..)| *other == name).unwrap();
    let corpus = corpus(name);
    assert!(!corpus.is_empty(), "{name} has no corpus");
    corpus.iter().for_each(|bytes| hold(name, law, bytes));
    let mut chance = Chance(name.bytes().map(u64::from).sum());
    for _ in 0..changes {
        let mut bytes = corpus[chance.below(corpus.len())].clone();
        let other = &corpus[chance.below(corpus.len())];
        chance.change(&mut bytes, other);
        hold(name, law, &bytes);
    }
}

#[test]
fn body() {
    replay("body");
}

#[test]
fn cbor() {
    replay("cbor");
}

#[test]
fn chunk() {
    replay("chunk");
}

#[test]
fn entry() {
    replay("entry");
}

#[test]
fn import() {
    replay("import");
}

#[test]
fn journal() {
    replay("journal");
}

#[test]
fn keys() {
    replay("keys");
}

#[test]
fn leaves() {
    replay("leaves");
}

#[test]
fn plan() {
    replay("plan");
}

#[test]
fn no_law_is_forgotten() {
    let names = |folder: &str| {
        let entries = fs::read_dir(fuzz().join(folder)).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    let laws: Vec<&str> = LAWS.iter().map(|(name, ..)| *name).collect();
    let tests = include_str!("decoders.rs");
    assert!(laws.iter().all(|name| tests.contains(&format!("fn {name}() {{\n    replay(\"{name}\");"))));
    assert_eq!(names("fuzz_targets"), laws);
    assert_eq!(names("corpus"), laws);
}

#[test]
fn chunks_at_their_limits() {
    let all = decoders::chunk::at_the_limits();
    let last = |bytes: &[u8]| fuzzing::report_chunk(bytes, false).wrong.is_empty();
    let full = all.iter().filter(|bytes| last(bytes)).count();
    assert!(full > 2 && full < all.len() - 2, "{full} of {} are full", all.len());
    all.iter().for_each(|bytes| decoders::chunk::law(bytes));
    assert!(!fuzzing::report_chunk(all.last().unwrap(), true).wrong.is_empty(), "a change too many");
}

#[test]
fn a_law_can_fail() {
    let failed = catch_unwind(|| hold("nothing", |bytes| assert!(bytes.is_empty()), b"x"));
    assert!(failed.is_err());
}
