//! RFC 6962 Merkle trees, kept as a frontier of at most 64 hashes, from which the root follows. Leaves are not kept.

use crate::digest::Digest;

/// The right edge of a Merkle tree: one hash for each perfect subtree, largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Digest>,
}

/// Returns the hash of a leaf: SHA-256 of a zero byte and the leaf.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    Digest::sha256_with_prefix(0, &[leaf])
}

/// Returns the hash of a node: SHA-256 of a one byte and both children.
#[must_use]
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    Digest::sha256_with_prefix(1, &[left.as_bytes(), right.as_bytes()])
}

impl Frontier {
    /// Returns the frontier of a tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the frontier of a tree with `size` leaves; `None` unless there is one peak per one-bit of `size`.
    #[must_use]
    pub fn from_peaks(size: u64, peaks: Vec<Digest>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    /// Returns the number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Returns the hashes of the perfect subtrees, largest first.
    #[must_use]
    pub fn peaks(&self) -> &[Digest] {
        &self.peaks
    }

    /// Adds a leaf.
    pub fn push_leaf(&mut self, leaf: &[u8]) {
        self.push_hash(leaf_hash(leaf));
    }

    /// Adds a leaf by its hash.
    pub fn push_hash(&mut self, leaf: Digest) {
        self.push_subtree(leaf, 0);
    }

    /// Adds the leaves of another tree, and returns whether that was possible: only where the other tree's perfect
    /// subtrees are subtrees of the joined tree too. Otherwise nothing changes.
    pub fn try_append(&mut self, other: &Self) -> bool {
        if other.size == 0 {
            return true;
        }
        if !other.size.checked_next_power_of_two().is_some_and(|width| self.size.is_multiple_of(width)) {
            return false;
        }
        // Each one bit of the size is a peak, the highest bit first.
        let heights = (0..u64::BITS).rev().filter(|height| other.size >> height & 1 == 1);
        for (height, peak) in heights.zip(&other.peaks) {
            self.push_subtree(*peak, height);
        }
        true
    }

    /// Adds a perfect subtree of `2^height` leaves. The number of leaves before it must be a multiple of `2^height`.
    fn push_subtree(&mut self, root: Digest, height: u32) {
        let mut hash = root;
        // Like a binary counter: each trailing one bit is a peak of equal height to merge with.
        for _ in 0..(self.size >> height).trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1 << height;
    }

    /// Returns the root. For an empty tree it is the SHA-256 of the empty string.
    #[must_use]
    pub fn root(&self) -> Digest {
        // Peaks are joined from the smallest to the largest, as RFC 6962 splits at the largest power of two.
        let mut from_the_right = self.peaks.iter().rev().copied();
        let last = from_the_right.next().unwrap_or_else(|| Digest::sha256(b""));
        from_the_right.fold(last, |right, left| node_hash(&left, &right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition of RFC 6962, section 2.1, word for word.
    fn root_by_definition(leaves: &[Vec<u8>]) -> Digest {
        match leaves {
            [] => Digest::sha256(b""),
            [leaf] => leaf_hash(leaf),
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                node_hash(&root_by_definition(&leaves[..split]), &root_by_definition(&leaves[split..]))
            }
        }
    }

    #[test]
    fn the_frontier_agrees_with_the_definition() {
        let leaves: Vec<Vec<u8>> = (0..70u8).map(|n| vec![n; usize::from(n % 5)]).collect();
        let mut tree = Frontier::new();
        for size in 0..=leaves.len() {
            assert_eq!(tree.root(), root_by_definition(&leaves[..size]), "{size} leaves");
            assert_eq!(Frontier::from_peaks(size as u64, tree.peaks().to_vec()), Some(tree.clone()));
            if let Some(leaf) = leaves.get(size) {
                tree.push_leaf(leaf);
            }
        }
        assert_eq!(Frontier::from_peaks(3, vec![Digest::ZERO]), None);
    }

    fn tree_of(leaves: std::ops::Range<u8>) -> Frontier {
        let mut tree = Frontier::new();
        leaves.for_each(|leaf| tree.push_leaf(&[leaf]));
        tree
    }

    #[test]
    fn trees_are_joined_where_their_subtrees_are_those_of_the_whole() {
        for (first, second) in (0..20u8).flat_map(|first| (0..20u8).map(move |second| (first, second))) {
            let mut joined = tree_of(0..first);
            let fits = second == 0 || first.is_multiple_of(second.next_power_of_two());
            assert_eq!(joined.try_append(&tree_of(first..first + second)), fits);
            assert_eq!(joined, tree_of(0..if fits { first + second } else { first }), "{first} and {second}");
        }
    }

    /// The roots that RFC 6962 implementations publish for their common test leaves.
    #[test]
    fn published_roots() {
        let leaves: [&[u8]; 3] = [b"", b"\x00", b"\x10"];
        let mut tree = Frontier::new();
        leaves.iter().for_each(|leaf| tree.push_leaf(leaf));
        assert_eq!(tree.root().to_string(), "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77");
    }
}
