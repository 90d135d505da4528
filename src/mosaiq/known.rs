//! What several checks know of a database, gathered once for all of them as its rows come by; judges nothing.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::course::Course;
use super::leaves::{LeafPoint, POINTS};
use super::machines::{FIELDS, FieldLeaves, Machines};
use crate::model::snapshot::key_form;
use crate::model::{Row, Snapshot, TableRows, Value};

/// The table of deliveries.
pub(super) const DELIVERIES: &str = "TrackTreatment";

/// What is gathered where a check wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// When every delivery was, of whom, where and with what.
    Deliveries,
    /// What the leaves of every field say.
    Leaves,
}

/// Rows of a table that come by together; those of control points are all of their fields.
#[derive(Debug)]
pub struct Part<'b> {
    /// The table, in the domain's spelling.
    pub(super) table: &'b str,
    /// The rows.
    pub(super) rows: Vec<Row<'b>>,
    fields: OnceCell<BTreeMap<Value, Vec<Row<'b>>>>,
    numbered: OnceCell<BTreeMap<Value, Vec<Row<'b>>>>,
}

impl<'b> Part<'b> {
    /// Returns rows of a table.
    pub(super) const fn new(table: &'b str, rows: Vec<Row<'b>>) -> Self {
        Self { table, rows, fields: OnceCell::new(), numbered: OnceCell::new() }
    }

    /// Returns how many rows there are.
    pub(super) const fn len(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Returns the rows of every field, those without one left out.
    pub(super) fn fields(&self) -> &BTreeMap<Value, Vec<Row<'b>>> {
        self.fields.get_or_init(|| {
            let mut fields: BTreeMap<Value, Vec<Row<'_>>> = BTreeMap::new();
            let mut last: Option<(Value, Vec<Row<'_>>)> = None;
            for row in &self.rows {
                let Some(field) = row.cell("FLD_ID").filter(|cell| !cell.is_null()).map(key_form) else { continue };
                match &mut last {
                    Some((known, rows)) if *known == field => rows.push(*row),
                    _ => {
                        if let Some((known, rows)) = last.replace((field, vec![*row])) {
                            fields.entry(known).or_default().extend(rows);
                        }
                    }
                }
            }
            if let Some((known, rows)) = last {
                fields.entry(known).or_default().extend(rows);
            }
            fields
        })
    }

    /// Returns the control points of every field by number, those without one left out.
    pub(super) fn numbered(&self) -> &BTreeMap<Value, Vec<Row<'b>>> {
        self.numbered.get_or_init(|| {
            let sorted = |rows: &Vec<Row<'b>>| {
                let numbers = rows.iter().filter_map(|row| Some((row.integer("Point")?, *row)));
                let mut numbers: Vec<(i64, Row<'b>)> = numbers.collect();
                numbers.sort_by_key(|(number, _)| *number);
                numbers.into_iter().map(|(_, row)| row).collect()
            };
            self.fields().iter().map(|(field, rows)| (field.clone(), sorted(rows))).collect()
        })
    }
}

/// What is known.
#[derive(Debug)]
pub struct Known<'a> {
    /// The tables that are held whole; of the others, how they are declared.
    pub(super) whole: &'a Snapshot,
    fields: OnceCell<BTreeMap<Value, Row<'a>>>,
    pub(super) course: Course,
    leaves: BTreeMap<Value, FieldLeaves>,
    machines: OnceCell<Machines>,
}

impl<'a> Known<'a> {
    /// Knows nothing yet but whole tables.
    pub(super) fn new(whole: &'a Snapshot) -> Self {
        let (fields, machines) = (OnceCell::new(), OnceCell::new());
        Self { whole, fields, course: Course::default(), leaves: BTreeMap::new(), machines }
    }

    /// Takes in what rows say, as far as it is wanted.
    pub(super) fn take(&mut self, part: &Part<'_>, wanted: &[Fact]) {
        match part.table {
            DELIVERIES if wanted.contains(&Fact::Deliveries) => {
                part.rows.iter().for_each(|row| self.course.add(row));
            }
            POINTS if wanted.contains(&Fact::Leaves) => {
                for (field, rows) in part.fields() {
                    let mut points = rows.iter().filter_map(LeafPoint::read).peekable();
                    if points.peek().is_some() {
                        let leaves = self.leaves.entry(field.clone()).or_default();
                        points.for_each(|point| leaves.add(&point));
                    }
                }
            }
            _ => {}
        }
    }

    /// Returns a field.
    pub(super) fn field(&self, id: &Value) -> Option<Row<'a>> {
        let all = || {
            let rows = self.whole.table(FIELDS).into_iter().flat_map(TableRows::rows);
            rows.filter_map(|row| Some((row.cell("FLD_ID").map(key_form)?, row))).collect()
        };
        self.fields.get_or_init(all).get(id).copied()
    }

    /// Returns what the leaves of all fields say, once every control point has come by.
    pub(super) fn machines(&self) -> &Machines {
        self.machines.get_or_init(|| match self.whole.table(FIELDS) {
            Ok(fields) => Machines::of(fields, |field| self.leaves.get(field).cloned()),
            Err(_) => Machines::default(),
        })
    }

    /// Returns what the leaves of all fields say, and forgets the rest.
    pub(super) fn into_machines(self) -> Machines {
        self.machines();
        self.machines.into_inner().unwrap_or_default()
    }
}
