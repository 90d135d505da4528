//! What several checks know of a database, gathered once for all of them as its rows come by; judges nothing.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::course::DeliveryStream;
use super::fields::Field;
use super::leaves::{LeafPoint, POINTS};
use super::lookup::LookupId;
use super::machines::{FIELDS, Machines};
use crate::model::{Row, Snapshot};

/// The table of deliveries.
pub(super) const DELIVERIES: &str = "TrackTreatment";

/// What is gathered where a check wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GatheredFact {
    /// When every delivery was, of whom, where and with what.
    Deliveries,
    /// What the leaves of every field say.
    Leaves,
}

/// Rows of a table that come by together; those of control points are all of their fields.
#[derive(Debug)]
pub struct RowBatch<'b> {
    /// The table, in the domain's spelling.
    pub(super) table: &'b str,
    /// The rows.
    pub(super) rows: Vec<Row<'b>>,
    fields: OnceCell<BTreeMap<LookupId, Vec<Row<'b>>>>,
    numbered: OnceCell<BTreeMap<LookupId, Vec<Row<'b>>>>,
}

impl<'b> RowBatch<'b> {
    /// Returns rows of a table.
    pub(super) const fn new(table: &'b str, rows: Vec<Row<'b>>) -> Self {
        Self { table, rows, fields: OnceCell::new(), numbered: OnceCell::new() }
    }

    /// Returns how many rows there are.
    pub(super) const fn len(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Returns the rows of every field, those without one left out.
    pub(super) fn rows_by_field(&self) -> &BTreeMap<LookupId, Vec<Row<'b>>> {
        self.fields.get_or_init(|| {
            let mut fields: BTreeMap<LookupId, Vec<Row<'_>>> = BTreeMap::new();
            let mut last: Option<(LookupId, Vec<Row<'_>>)> = None;
            for row in &self.rows {
                let field = LookupId::from_cell(row.cell("FLD_ID"));
                if field.is_null() {
                    continue;
                }
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
    pub(super) fn points_by_number(&self) -> &BTreeMap<LookupId, Vec<Row<'b>>> {
        self.numbered.get_or_init(|| {
            let sorted = |rows: &Vec<Row<'b>>| {
                let numbers = rows.iter().filter_map(|row| Some((row.integer("Point")?, *row)));
                let mut numbers: Vec<(i64, Row<'b>)> = numbers.collect();
                numbers.sort_by_key(|(number, _)| *number);
                numbers.into_iter().map(|(_, row)| row).collect()
            };
            self.rows_by_field().iter().map(|(field, rows)| (field.clone(), sorted(rows))).collect()
        })
    }
}

/// What is known.
#[derive(Debug)]
pub struct CheckFacts<'a> {
    /// The tables that are held whole; of the others, how they are declared.
    pub(super) whole: &'a Snapshot,
    pub(super) course: DeliveryStream,
    /// What fields say, and their leaves, once they have all come by.
    pub(super) machines: Machines,
}

impl<'a> CheckFacts<'a> {
    /// Knows nothing yet but whole tables.
    pub(super) fn new(whole: &'a Snapshot) -> Self {
        Self { whole, course: DeliveryStream::default(), machines: Machines::default() }
    }

    /// Takes in what rows say, as far as it is wanted.
    pub(super) fn add_batch(&mut self, part: &RowBatch<'_>, wanted: &[GatheredFact]) {
        match part.table {
            FIELDS => self.machines.fields.add_rows(&part.rows),
            DELIVERIES if wanted.contains(&GatheredFact::Deliveries) => self.course.replace_batch(&part.rows),
            POINTS if wanted.contains(&GatheredFact::Leaves) => {
                for (field, rows) in part.rows_by_field() {
                    let leaves: Vec<LeafPoint<'_>> = rows.iter().filter_map(LeafPoint::from_row).collect();
                    if !leaves.is_empty() {
                        self.machines.take_leaves(field.clone(), leaves.iter().collect());
                    }
                }
            }
            _ => {}
        }
    }

    /// Says that the rows of a table have all come by.
    pub(super) fn finish_table(&mut self, table: &str) {
        match table {
            FIELDS => self.machines.fields.seal(),
            POINTS => self.machines.build_tallies(),
            _ => {}
        }
    }

    /// Returns a field.
    pub(super) fn find_field(&self, id: &LookupId) -> Option<Field<'_>> {
        self.machines.fields.get(id)
    }
}
