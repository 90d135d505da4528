//! Plan files: what is read is written as a file that is read as the same plan.

use mfm::ops::plan_file::PlanFile;

/// Reads bytes as the text of a plan file.
pub fn law(bytes: &[u8]) {
    let Ok(plan) = std::str::from_utf8(bytes).map_err(drop).and_then(|text| PlanFile::parse(text).map_err(drop)) else {
        return;
    };
    let text = plan.to_json_text().unwrap();
    assert_eq!(PlanFile::parse(&text).as_ref(), Ok(&plan));
    if let Ok(keys) = plan.parse_keys() {
        assert!(keys.iter().all(|key| key.len() == 1));
        assert_eq!(PlanFile::parse(&text).unwrap().parse_keys().ok(), Some(keys));
    }
}
