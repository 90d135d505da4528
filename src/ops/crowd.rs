//! Limits how many records of one group are changed together: the unchanged ones must remain the majority.

use std::collections::BTreeMap;

use crate::domain::mode::{PlannedFault, WitnessPeers};
use crate::model::Refusal;

/// The chosen records of each group, whose unchanged members show a check what is usual.
#[derive(Default)]
pub(super) struct WitnessGroups(BTreeMap<String, WitnessGroup>);

/// Records chosen from a group, and the smallest number of peers among them.
#[derive(Clone, Copy)]
struct WitnessGroup {
    chosen: usize,
    peers: usize,
}

impl WitnessGroups {
    /// Adds a record to its group, and refuses it where the group's faults could then not be detected any more.
    ///
    /// The smallest number of peers decides for the whole group, so the order of the records makes no difference.
    pub(super) fn admit(&mut self, planned: &PlannedFault) -> Result<(), Refusal> {
        // Faults that a check detects without comparing records have no witness, and no limit.
        let Some(witness) = &planned.witness else { return Ok(()) };
        let group = self.0.get(&witness.group);
        let chosen = group.map_or(1, |group| group.chosen + 1);
        let peers = group.map_or(witness.peers, |group| group.peers.min(witness.peers));
        if !(WitnessPeers { group: String::new(), peers }).is_detectable_on(chosen) {
            return Err(Refusal::Undetectable { group: witness.group.clone(), chosen: chosen as u64 });
        }
        self.0.insert(witness.group.clone(), WitnessGroup { chosen, peers });
        Ok(())
    }
}
