//! Entries of any kind and body: what the journal takes in, it reads back, and its audit finds nothing wrong with.

use std::sync::OnceLock;

use mfm_journal::{Depth, Journal, audit};
use serde_json::Value as Json;

use super::sample;

/// The kinds that can be appended and mean something, and one that nobody knows.
const KINDS: [&str; 6] =
    ["target_added", "target_marked", "target_unmarked", "target_removed", "baseline", "from_the_future"];

fn honest() -> &'static Vec<u8> {
    static HONEST: OnceLock<Vec<u8>> = OnceLock::new();
    HONEST.get_or_init(|| {
        let folder = sample::folder();
        std::fs::read(sample::journal(folder.path()).unwrap()).unwrap()
    })
}

/// Appends the body that follows the first byte, which chooses the kind.
pub fn law(bytes: &[u8]) {
    let Some((first, text)) = bytes.split_first() else { return };
    let Ok(body) = serde_json::from_slice::<Json>(text) else { return };
    let folder = sample::folder();
    let path = folder.path().join("journal.db");
    std::fs::write(&path, honest()).unwrap();
    let mut journal = Journal::open(&path).unwrap();
    let lock = journal.lock(&sample::holder()).unwrap();
    let kind = KINDS[usize::from(*first) % KINDS.len()];
    let appended = journal.append(&lock, &sample::stamp(), kind, body.clone());
    let state = journal.state().clone();
    drop((lock, journal));
    let found = audit(&path, Depth::Data, &mut |_, _| {}).unwrap();
    assert_eq!(found.findings, [], "{kind} {body}");
    let journal = Journal::open_read(&path).unwrap();
    assert_eq!(*journal.state(), state, "reading folds otherwise than writing");
    if let Ok(entry) = appended {
        // What the journal itself says of the state before an entry is no part of what was appended.
        let mut said = entry.body.clone();
        let vouched = said.as_object_mut().and_then(|said| said.remove("folded")).is_some();
        assert!(said == body || (!vouched && entry.body == body), "{} became {}", body, entry.body);
        assert_eq!(journal.read_entry(entry.seq).unwrap(), Some(entry));
    }
}
