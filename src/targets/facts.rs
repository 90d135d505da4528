//! Facts: the digest of what a preflight relied on, so that it can be compared again under lock; reads no schema.

use std::collections::BTreeSet;

use mfm_journal::Digest;
use mfm_journal::cbor::Writer;

/// Collects facts, in any order and however often.
#[derive(Clone, Debug, Default)]
pub(super) struct SchemaFacts {
    facts: BTreeSet<Vec<String>>,
}

impl SchemaFacts {
    /// Adds a fact as a list of words.
    pub(super) fn add(&mut self, words: &[&str]) {
        self.facts.insert(words.iter().map(|word| (*word).to_owned()).collect());
    }

    /// Returns SHA-256 of CBOR `["mfm/facts/1", [word, ...], ...]`, facts sorted.
    pub(super) fn digest(&self) -> Digest {
        let mut out = Writer::new();
        out.write_array(1 + self.facts.len() as u64);
        out.write_text("mfm/facts/1");
        for fact in &self.facts {
            out.write_array(fact.len() as u64);
            fact.iter().for_each(|word| out.write_text(word));
        }
        Digest::sha256(out.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_repeats_do_not_matter_and_words_do_not_run_together() {
        let digest = |facts: &[&[&str]]| {
            let mut all = SchemaFacts::default();
            facts.iter().for_each(|fact| all.add(fact));
            all.digest()
        };
        assert_eq!(digest(&[&["a"], &["b"]]), digest(&[&["b"], &["a"], &["b"]]));
        assert_ne!(digest(&[&["a", "b"]]), digest(&[&["ab"]]));
        assert_ne!(digest(&[&["a", "b"]]), digest(&[&["a"], &["b"]]));
    }
}
