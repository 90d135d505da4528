//! The digest of the schema facts that a preflight relied on, so that they can be compared again under lock.

use std::collections::BTreeSet;

use mfm_journal::Digest;
use mfm_journal::cbor::Writer;

/// A set of schema facts: neither their order nor repetition changes the digest.
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
            // Each fact is an array of its own, so that the words of two facts cannot run together.
            out.write_array(fact.len() as u64);
            for word in fact {
                out.write_text(word);
            }
        }
        Digest::sha256(out.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_repeats_do_not_matter_and_words_do_not_run_together() {
        fn digest(facts: &[&[&str]]) -> Digest {
            let mut all = SchemaFacts::default();
            facts.iter().for_each(|fact| all.add(fact));
            all.digest()
        }
        assert_eq!(digest(&[&["a"], &["b"]]), digest(&[&["b"], &["a"], &["b"]]));
        assert_ne!(digest(&[&["a", "b"]]), digest(&[&["ab"]]));
        assert_ne!(digest(&[&["a", "b"]]), digest(&[&["a"], &["b"]]));
    }
}
