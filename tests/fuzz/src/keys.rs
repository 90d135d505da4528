//! Chunks of chosen keys: what is read and packed again is read as the same keys.

use mfm_journal::fuzzing;

/// Reads bytes as chosen keys, and packs them again.
pub fn law(bytes: &[u8]) {
    let Ok(chosen) = fuzzing::read_keys(bytes) else { return };
    let packed = fuzzing::pack_keys(&chosen).unwrap();
    let parts: Vec<_> = packed.iter().map(|part| fuzzing::read_keys(part).unwrap()).collect();
    assert!(parts.iter().all(|part| part.table == chosen.table && part.columns == chosen.columns));
    let keys: Vec<_> = parts.iter().flat_map(|part| part.keys.clone()).collect();
    assert_eq!(keys, chosen.keys);
    let again: Vec<_> = parts.iter().flat_map(|part| fuzzing::pack_keys(part).unwrap()).collect();
    assert_eq!(again, packed, "what was packed is packed otherwise");
}
