//! Whether all data of a target are invented, by the journal alone.

use mfm_journal::{Digest, Journal};
use serde_json::Value as Json;

use super::failure::Failure;

/// The digest, in the baseline, of the invented staff that every lab of the first release has, whatever its seed.
const FIRST_STAFF: &str = "d2687bd09a708be1b9aebbe8a92d79f55b554f2ce133393b8644ffb09f36805a";

/// Returns whether all data of a registered target are invented.
///
/// The newest mark says so. Marks of the first release say only that mfm made the database, which is true of an import
/// as well; there the baseline must contain the invented staff.
///
/// # Errors
/// A journal error.
pub fn is_synthetic(journal: &Journal, target: &str) -> Result<bool, Failure> {
    let Some(known) = journal.state().targets.get(target) else { return Ok(false) };
    if let Some(synthetic) = known.synthetic {
        return Ok(synthetic);
    }
    // A move keeps the data, so the baseline of any former identity counts.
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
    let mut digests = tables.into_iter().flatten().filter_map(|table| table.get("digest").and_then(Json::as_str));
    Ok(digests.any(|digest| digest == FIRST_STAFF))
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
