//! What the rules say of each machine, found by its name; reads no limit of its own.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::fields::Fields;
use super::lookup::LookupId;
use super::machines::FIELDS;
use super::rules::{Machine, MachineRule, Rules};
use crate::model::{Fetch, Row, Snapshot};

/// The table of machines.
const STAFF: &str = "Staff";

/// The machines that the rules name, found in a database.
pub(super) struct MachineRules<'r> {
    rules: &'r Rules,
    named: BTreeMap<LookupId, (&'r MachineRule, Machine)>,
    missing: Vec<&'r str>,
}

impl<'r> MachineRules<'r> {
    /// Returns what machines are found in, and which field belongs to which.
    pub(super) fn queries() -> Vec<Fetch> {
        vec![Fetch::all(STAFF), Fetch::all(FIELDS)]
    }

    /// Finds the machines that the rules name.
    pub(super) fn from_snapshot(snapshot: &Snapshot, rules: &'r Rules) -> Self {
        let mut fleet = Self { rules, named: BTreeMap::new(), missing: Vec::new() };
        for (name, rule) in &rules.machines {
            let ids = find_staff_ids(snapshot, name);
            if ids.is_empty() {
                fleet.missing.push(name);
            }
            fleet.named.extend(ids.into_iter().map(|id| (id, (rule, rule.apply_to(&rules.machine)))));
        }
        fleet
    }

    /// Returns what the rules say of one machine only.
    pub(super) fn find_rule(&self, machine: &LookupId) -> Option<&'r MachineRule> {
        self.named.get(machine).map(|(rule, _)| *rule)
    }

    /// Returns what the machine of a field can do.
    pub(super) fn of_field(&self, field: &LookupId, machines: &Fields) -> &Machine {
        if self.named.is_empty() {
            return &self.rules.machine;
        }
        let named = machines.get(field).and_then(|field| self.named.get(field.machine));
        named.map_or(&self.rules.machine, |(_, machine)| machine)
    }

    /// Says which machines of the rules are not there.
    pub(super) fn remarks(&self) -> Vec<String> {
        let remark = |name: &&str| format!("the rules name the machine {name}, which is not in {STAFF}");
        self.missing.iter().map(remark).collect()
    }
}

/// Returns the ids of a machine by its name, or by its id as text.
fn find_staff_ids(snapshot: &Snapshot, name: &str) -> Vec<LookupId> {
    let Ok(rows) = snapshot.table(STAFF) else { return Vec::new() };
    let wanted = name.trim();
    let is = |row: &Row<'_>| {
        let last_name = row.text("Last_Name").map(|text| text.trim_end_matches(['\0', ' ']).trim());
        let id = row.integer("Staff_ID").map_or(Cow::Borrowed(""), |id| Cow::Owned(id.to_string()));
        last_name.is_some_and(|found| found.eq_ignore_ascii_case(wanted)) || id == wanted
    };
    rows.rows().filter(is).map(|row| LookupId::from_cell(row.cell("Staff_ID"))).collect()
}
