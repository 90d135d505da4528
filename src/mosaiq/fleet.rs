//! What the rules say of each machine, and which machine a field belongs to; reads no limit of its own.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::machines::{FIELDS, MACHINE};
use super::rules::{Machine, MachineRule, Rules};
use crate::model::snapshot::key_form;
use crate::model::{Query, Row, Snapshot, Value};

/// The table of machines.
const STAFF: &str = "Staff";

/// The machines that the rules name, found in a database.
pub(super) struct Fleet<'r> {
    rules: &'r Rules,
    named: BTreeMap<Value, (&'r MachineRule, Machine)>,
    machines: BTreeMap<Value, Value>,
    missing: Vec<&'r str>,
}

impl<'r> Fleet<'r> {
    /// Returns what machines are found in.
    pub(super) fn queries() -> Vec<Query> {
        vec![Query::all(STAFF), Query::all(FIELDS)]
    }

    /// Finds the machines that the rules name, and the fields of all machines where they name any.
    pub(super) fn read(snapshot: &Snapshot, rules: &'r Rules) -> Self {
        let mut fleet = Self { rules, named: BTreeMap::new(), machines: BTreeMap::new(), missing: Vec::new() };
        for (name, rule) in &rules.machines {
            let ids = staff(snapshot, name);
            if ids.is_empty() {
                fleet.missing.push(name);
            }
            fleet.named.extend(ids.into_iter().map(|id| (id, (rule, rule.over(&rules.machine)))));
        }
        if let Some(fields) = snapshot.table(FIELDS).ok().filter(|_| !fleet.named.is_empty()) {
            let pair = |row: Row<'_>| Some((row.cell("FLD_ID").map(key_form)?, row.cell(MACHINE).map(key_form)?));
            fleet.machines = fields.rows().filter_map(pair).collect();
        }
        fleet
    }

    /// Returns what the rules say of one machine only.
    pub(super) fn rule(&self, machine: &Value) -> Option<&'r MachineRule> {
        self.named.get(machine).map(|(rule, _)| *rule)
    }

    /// Returns the machine of a field, where the rules name any machine.
    pub(super) fn machine(&self, field: &Value) -> Option<&Value> {
        self.machines.get(field)
    }

    /// Returns what the machine of a field can do.
    pub(super) fn of_field(&self, field: Option<&Value>) -> &Machine {
        let machine = field.filter(|_| !self.machines.is_empty()).and_then(|field| self.machines.get(&key_form(field)));
        machine.and_then(|machine| self.named.get(machine)).map_or(&self.rules.machine, |(_, machine)| machine)
    }

    /// Says which machines of the rules are not there.
    pub(super) fn remarks(&self) -> Vec<String> {
        let remark = |name: &&str| format!("the rules name the machine {name}, which is not in {STAFF}");
        self.missing.iter().map(remark).collect()
    }
}

/// Returns the ids of a machine by its name, or by its id as text.
fn staff(snapshot: &Snapshot, name: &str) -> Vec<Value> {
    let Ok(rows) = snapshot.table(STAFF) else { return Vec::new() };
    let wanted = name.trim();
    let is = |row: &Row<'_>| {
        let last_name = row.text("Last_Name").map(|text| text.trim_end_matches(['\0', ' ']).trim());
        let id = row.integer("Staff_ID").map_or(Cow::Borrowed(""), |id| Cow::Owned(id.to_string()));
        last_name.is_some_and(|found| found.eq_ignore_ascii_case(wanted)) || id == wanted
    };
    rows.rows().filter(is).filter_map(|row| row.cell("Staff_ID").map(key_form)).collect()
}
