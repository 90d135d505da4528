//! Whether everything in a target is invented; reads the journal alone.

use mfm_journal::{Digest, Journal};
use serde_json::Value as Json;

use super::failure::Failure;

/// The invented staff that every lab of the first release has, whatever its seed, as its baseline digests the table.
const FIRST_STAFF: &str = "d2687bd09a708be1b9aebbe8a92d79f55b554f2ce133393b8644ffb09f36805a";

/// Tells whether everything in a registered target is invented. Its newest mark says so; the first release's said only
/// that mfm had made the database, which holds of an import too, so there the baseline has to show the invented staff.
///
/// # Errors
/// What the journal says.
pub fn is_synthetic(journal: &Journal, target: &str) -> Result<bool, Failure> {
    let Some(known) = journal.state().targets.get(target) else { return Ok(false) };
    if let Some(said) = known.synthetic {
        return Ok(said);
    }
    for identity in known.lineage.iter().filter(|_| known.lab) {
        if has_invented_staff(journal, identity)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn has_invented_staff(journal: &Journal, identity: &Digest) -> Result<bool, Failure> {
    let baseline = journal.read_baseline(identity)?;
    let tables = baseline.as_ref().and_then(|entry| entry.body.get("tables")).and_then(Json::as_array);
    let staff = |table: &Json| table.get("digest").and_then(Json::as_str) == Some(FIRST_STAFF);
    Ok(tables.is_some_and(|tables| tables.iter().any(staff)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn of_the_first_release_s_labs_the_generated_one_alone_is_synthetic() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("journal/tests/kept/first-labs.db"), &path).unwrap();
        let journal = Journal::open_read(&path).unwrap();
        assert!(journal.state().targets.values().all(|target| target.lab && target.synthetic.is_none()));
        let said = ["lab1", "imported", "nowhere"].map(|name| is_synthetic(&journal, name).unwrap());
        assert_eq!(said, [true, false, false]);
    }
}
