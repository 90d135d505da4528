//! How many records of one group may be broken together, so that the others still say what is usual; reads nothing.

use std::collections::BTreeMap;

use crate::domain::mode::{PlannedFault, WitnessPeers};
use crate::model::Refusal;

/// Records chosen of each group that vouches for what is usual.
#[derive(Default)]
pub(super) struct WitnessGroups(BTreeMap<String, WitnessGroup>);

/// How many were chosen of a group, and how few others the least vouched for of them has.
#[derive(Clone, Copy)]
struct WitnessGroup {
    chosen: usize,
    peers: usize,
}

impl WitnessGroups {
    /// Takes one more record, unless so many of its group would change that none of them could be seen; whatever the
    /// order in which they come, the same set is taken or not.
    pub(super) fn admit(&mut self, planned: &PlannedFault) -> Result<(), Refusal> {
        let Some(witness) = &planned.witness else { return Ok(()) };
        let known = self.0.get(&witness.group);
        let chosen = known.map_or(1, |known| known.chosen + 1);
        let peers = known.map_or(witness.peers, |known| known.peers.min(witness.peers));
        if !(WitnessPeers { group: String::new(), peers }).is_detectable_on(chosen) {
            return Err(Refusal::Undetectable { group: witness.group.clone(), chosen: chosen as u64 });
        }
        self.0.insert(witness.group.clone(), WitnessGroup { chosen, peers });
        Ok(())
    }
}
