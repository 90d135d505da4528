//! The simulated database as a rig's target.

use std::cell::RefCell;
use std::collections::BTreeMap;

use mfm::targets::faults::WriteStep;
use mfm::targets::sim::{SimFault, SimSnapshot, SimWorld};
use mfm::targets::trigger::{Trigger, TriggerEvent as SimEvent};
use mfm::targets::{NewTable, OperationState, Target};
use mfm_journal::Digest;
use testutils::World;

use super::{Fault, How, Store, Zombie, cell, value};
use crate::model::{Code, Database, Ddl, Event, Kind, Row, Table, Write};

pub(crate) struct Simulated {
    sim: SimWorld,
    saved: RefCell<Option<SimSnapshot>>,
    /// The columns of each table, in their order.
    columns: RefCell<BTreeMap<String, Vec<String>>>,
}

impl Simulated {
    fn make(&self, name: &str, table: &Table) {
        let kind = |kind| match kind {
            Kind::Int => "int",
            Kind::Text => "varchar(40)",
            Kind::Real => "float",
            Kind::Any => "",
        };
        let id = ("id".to_owned(), "int".to_owned(), false);
        let rest = table.columns.iter().map(|one| (one.name.clone(), kind(one.kind).to_owned(), !one.required));
        let columns: Vec<_> = std::iter::once(id).chain(rest).collect();
        let names: Vec<String> = columns.iter().map(|(name, _, _)| name.clone()).collect();
        self.sim
            .create_table(&NewTable {
                name: name.into(),
                key: Some("id".into()),
                columns,
                indexes: vec![],
                references: vec![],
            })
            .unwrap();
        for row in table.rows.values() {
            self.sim.insert_row(name, names.iter().map(|column| value(&row[column])).collect()).unwrap();
        }
        self.columns.borrow_mut().insert(name.into(), names);
        let event = table.trigger.as_ref().map(|event| match event {
            Event::Insert => SimEvent::Insert,
            Event::Delete => SimEvent::Delete,
            Event::Update(columns) => SimEvent::Update(columns.clone()),
        });
        let unique = table.unique.iter().map(|column| (format!("{name}_unique"), vec![column.clone()])).collect();
        let required = table.columns.iter().filter(|column| column.required);
        let defaults = required.map(|column| (column.name.clone(), mfm::model::Value::Text("d".into()))).collect();
        let declared = |options: &mut mfm::targets::sim::SimOptions| {
            options.triggers = event.into_iter().map(|event| Trigger { name: "refuses".into(), event }).collect();
            options.unique = unique;
            options.defaults = defaults;
        };
        self.sim.alter_table(name, declared).unwrap();
    }
}

impl Store for Simulated {
    fn new(_: &World, seed: u64, database: &Database) -> Self {
        let made = Self { sim: SimWorld::new(seed), saved: RefCell::default(), columns: RefCell::default() };
        database.tables.iter().for_each(|(name, table)| made.make(name, table));
        made
    }

    fn open(&self) -> Box<dyn Target> {
        Box::new(self.sim.open_target())
    }

    fn arm(&self, fault: Option<Fault>) {
        self.sim.reset_steps();
        if let Some(fault) = fault {
            let how = match fault.how {
                How::Crash => SimFault::Crash,
                How::CrashHolding => SimFault::CrashHolding,
                How::Error => SimFault::Fail,
                How::LoseAnswer => SimFault::LoseAnswer,
                How::NoRoom => SimFault::Full,
            };
            self.sim.plan_fault(fault.step, how);
        }
    }

    fn seen(&self) -> Vec<WriteStep> {
        self.sim.passed_steps()
    }

    fn code(how: How) -> Code {
        match how {
            How::NoRoom => "target_full",
            // Asked again, it tells that nothing was committed.
            How::LoseAnswer => "abandoned",
            _ => "target_failed",
        }
    }

    fn write(&self, write: &Write) {
        match write {
            Write::Insert { table, row } => {
                let cells = self.columns.borrow()[table].iter().map(|column| value(&row[column])).collect();
                self.sim.insert_row(table, cells)
            }
            Write::Set { table, key, column, cell } => {
                self.sim.foreign_update(table, &[(*key).into_value()], &[(column, value(cell))])
            }
            Write::Delete { table, key } => self.sim.foreign_delete(table, &[(*key).into_value()]),
        }
        .unwrap();
    }

    fn declare(&self, ddl: &Ddl, after: &Database) {
        let name = ddl.table();
        self.sim.drop_table(name);
        if let Some(table) = after.tables.get(name) {
            self.make(name, table);
        }
    }

    fn rows(&self) -> BTreeMap<String, BTreeMap<i64, Row>> {
        let columns = self.columns.borrow();
        let row = |name: &String, cells: Vec<mfm::model::Value>| -> (i64, Row) {
            let row: Row = columns[name].iter().cloned().zip(cells.iter().map(cell)).collect();
            (crate::model::database::key_of(&row), row)
        };
        let tables = self.sim.dump().into_iter();
        tables.map(|(name, rows)| (name.clone(), rows.into_iter().map(|cells| row(&name, cells)).collect())).collect()
    }

    fn marks(&self) -> BTreeMap<(Digest, u64), bool> {
        let rows = self.sim.operations().into_iter();
        rows.map(|row| ((row.journal_id, row.op), row.state == OperationState::Committed)).collect()
    }

    fn save(&self) {
        *self.saved.borrow_mut() = Some(self.sim.snapshot());
    }

    fn restore(&self) {
        self.sim.restore(self.saved.borrow().as_ref().unwrap());
        let mut target = self.sim.open_target();
        for name in target.list_tables().unwrap() {
            let table = target.find_table(&name).unwrap().unwrap();
            let names = table.columns.iter().map(|column| column.image.name.clone()).collect();
            self.columns.borrow_mut().insert(name, names);
        }
    }

    const HOLDS: bool = false;

    fn hold(&self, _: Option<&Zombie<'_>>) -> Option<bool> {
        // A transaction can only still commit when its commit had been sent.
        self.sim.is_held().then(|| self.sim.passed_steps().last() == Some(&WriteStep::BeforeCommit))
    }

    fn release(&self, commit: bool) {
        self.sim.release_transaction(commit).unwrap();
    }
}

trait IntoValue {
    fn into_value(self) -> mfm::model::Value;
}

impl IntoValue for i64 {
    fn into_value(self) -> mfm::model::Value {
        mfm::model::Value::Integer(self)
    }
}
