//! Seeded choice and random streams. They are defined by SHA-256 and ChaCha20 instead of a library's generator, so that
//! a seed gives the same plan in every version.

use mfm_journal::cbor::Writer;
use mfm_journal::{Digest, Value};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use super::snapshot::key_form;

/// The largest seed, 2^53 - 1: every JSON reader keeps it exactly.
pub const SEED_MAX: u64 = (1 << 53) - 1;

/// Returns a record's rank in the sampling order: SHA-256 of CBOR `["mfm/sample/1", seed, [key values]]`.
///
/// A sample of N is the N eligible records with the smallest digests.
#[must_use]
pub fn sample_rank(seed: u64, key: &[Value]) -> Digest {
    let mut out = Writer::new();
    out.write_array(3);
    // The first text keeps digests of different purposes apart.
    out.write_text("mfm/sample/1");
    put_seed(seed, &mut out);
    put_key(key, &mut out);
    Digest::sha256(out.as_bytes())
}

/// Derives a seed from another one and its purpose: the first 53 bits of SHA-256 of CBOR `["mfm/seed/1", seed,
/// [word, ...]]`. Choices for different purposes then fall on different records.
#[must_use]
pub fn derive_seed(seed: u64, purpose: &[&str]) -> u64 {
    let mut out = Writer::new();
    out.write_array(3);
    out.write_text("mfm/seed/1");
    put_seed(seed, &mut out);
    out.write_array(purpose.len() as u64);
    purpose.iter().for_each(|word| out.write_text(word));
    let digest = Digest::sha256(out.as_bytes());
    let word = digest.as_bytes().iter().take(8).fold(0u64, |word, byte| word << 8 | u64::from(*byte));
    // The top 53 bits, so that the result is a valid seed itself.
    word >> (u64::BITS - SEED_MAX.count_ones())
}

fn put_seed(seed: u64, out: &mut Writer) {
    out.write_wide_integer(i128::from(seed));
}

/// Writes a key. Keys are integers or text, so NaN, the one value that cannot be encoded, never is part of one.
fn put_key(key: &[Value], out: &mut Writer) {
    out.write_array(key.len() as u64);
    for value in key {
        if key_form(value).write(out).is_err() {
            out.write_null();
        }
    }
}

/// A record's own random stream: ChaCha20 with key SHA-256(CBOR `["mfm/record/1", seed, variant, [key values]]`) and
/// nonce 0, drawn as little-endian 64-bit words.
#[derive(Debug)]
pub struct RecordRandom {
    cipher: ChaCha20Rng,
}

impl RecordRandom {
    /// Returns the stream of a record under a variant.
    #[must_use]
    pub fn new(seed: u64, variant: &str, key: &[Value]) -> Self {
        let mut out = Writer::new();
        out.write_array(4);
        out.write_text("mfm/record/1");
        put_seed(seed, &mut out);
        out.write_text(variant);
        put_key(key, &mut out);
        Self { cipher: ChaCha20Rng::from_seed(*Digest::sha256(out.as_bytes()).as_bytes()) }
    }

    /// Returns the next 64 bits.
    pub fn next_word(&mut self) -> u64 {
        self.cipher.next_u64()
    }

    /// Returns a uniform number below `bound`; 0 for a bound of 0 or 1.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound <= 1 {
            return 0;
        }
        // Rejection: words above the largest multiple of `bound` would make small numbers more frequent.
        let limit = u64::MAX - (u64::MAX % bound + 1) % bound;
        loop {
            let word = self.next_word();
            if word <= limit {
                return word % bound;
            }
        }
    }

    /// Returns one of the items, each with the same chance; `None` if there are none.
    pub fn pick<'i, T>(&mut self, items: &'i [T]) -> Option<&'i T> {
        let at = self.below(items.len() as u64);
        items.get(usize::try_from(at).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_any_numeric_type_rank_alike() {
        let rank = |value| sample_rank(7, &[value]);
        assert_eq!(rank(Value::Integer(5)), rank(Value::Real(5.0)));
        assert_ne!(rank(Value::Integer(5)), rank(Value::Text("5".into())));
        assert_ne!(sample_rank(7, &[Value::Integer(5)]), sample_rank(8, &[Value::Integer(5)]));
    }

    /// Frozen, and computed by another implementation: a change here would change every seeded plan ever made.
    #[test]
    fn the_streams_are_frozen() {
        let key = [Value::Integer(88043)];
        let mut random = RecordRandom::new(1, "gantry", &key);
        let words: Vec<u64> = (0..2).map(|_| random.next_word()).collect();
        assert_eq!(
            sample_rank(1, &key).to_string(),
            "ad78605a404fe8c30d6762abbe3b6437897cc74c8a5ac5923bba46f2cb0d0b6d"
        );
        assert_eq!(derive_seed(1, &["drill", "create_invalid_angles", "gantry"]), 1_370_422_508_686_688);
        assert_eq!(derive_seed(SEED_MAX, &[]), 2_622_394_986_150_398);
        assert_eq!(words, [12_525_914_477_491_465_652, 3_625_356_062_308_129_977]);
        assert!((0..100).all(|_| random.below(3) < 3));
        assert_eq!(random.pick::<u8>(&[]), None);
    }
}
