//! The rules of single machines, resolved from names to the ids that fields refer to.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::fields::Fields;
use super::lookup::LookupId;
use super::machines::FIELDS;
use super::rules::{Machine, MachineRule, Rules};
use crate::model::{Fetch, Row, Snapshot};

/// Holds machines beside people.
const STAFF: &str = "Staff";

/// The machines that the rules name, by their ids in a database.
pub(super) struct MachineRules<'r> {
    rules: &'r Rules,
    named: BTreeMap<LookupId, (&'r MachineRule, Machine)>,
    missing: Vec<&'r str>,
}

impl<'r> MachineRules<'r> {
    /// Returns the queries for the machines' names, and for the machine of every field.
    pub(super) fn queries() -> Vec<Fetch> {
        vec![Fetch::all(STAFF), Fetch::all(FIELDS)]
    }

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

    /// Returns the rule of one machine; `None` if it has none of its own.
    pub(super) fn find_rule(&self, machine: &LookupId) -> Option<&'r MachineRule> {
        self.named.get(machine).map(|(rule, _)| *rule)
    }

    /// Returns the limits that apply to the machine of a field.
    pub(super) fn of_field(&self, field: &LookupId, machines: &Fields) -> &Machine {
        // Called for every control point: without rules of single machines, the look-up is saved.
        if self.named.is_empty() {
            return &self.rules.machine;
        }
        let named = machines.get(field).and_then(|field| self.named.get(field.machine));
        named.map_or(&self.rules.machine, |(_, machine)| machine)
    }

    /// Returns a remark for every machine of the rules that the database lacks.
    pub(super) fn remarks(&self) -> Vec<String> {
        let missing = self.missing.iter();
        missing.map(|name| format!("the rules name the machine {name}, which is not in {STAFF}")).collect()
    }
}

/// Returns the ids of machines by Last_Name in any case, or by Staff_ID as text.
fn find_staff_ids(snapshot: &Snapshot, name: &str) -> Vec<LookupId> {
    let Ok(rows) = snapshot.table(STAFF) else { return Vec::new() };
    let rows = rows.rows().filter(|row| is_named(row, name.trim()));
    rows.map(|row| LookupId::from_cell(row.cell("Staff_ID"))).collect()
}

fn is_named(row: &Row<'_>, name: &str) -> bool {
    // Last_Name is a `char` column: a server pads it with spaces, an export sometimes with zero characters.
    let last_name = row.text("Last_Name").map(|text| text.trim_end_matches(['\0', ' ']).trim());
    let id = row.integer("Staff_ID").map_or(Cow::Borrowed(""), |id| Cow::Owned(id.to_string()));
    last_name.is_some_and(|last_name| last_name.eq_ignore_ascii_case(name)) || id == name
}
