//! Facts that several checks need, gathered once for all of them while the rows stream past.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::course::DeliveryStream;
use super::fields::Field;
use super::fractions::FractionHistory;
use super::leaves::{LeafPoint, POINTS};
use super::links::Links;
use super::lookup::LookupId;
use super::machines::{FIELDS, Machines};
use super::orders::Orders;
use crate::model::{Row, Snapshot};

pub(super) const DELIVERIES: &str = "TrackTreatment";

/// A fact that is gathered only if a check asks for it: it costs time or memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GatheredFact {
    /// Time, patient, machine and field of every delivery.
    Deliveries,
    /// Leaf counts and crossed pairs of every field.
    Leaves,
    /// Patient and prescription of every field and of every version of a prescription.
    Links,
    /// Prescriptions, and the fields planned for them.
    Orders,
    /// The same, and the fractions given with every treatment field.
    Fractions,
}

/// Rows of a table that arrive together. A batch of control points holds all points of its fields.
#[derive(Debug)]
pub struct RowBatch<'b> {
    /// The table, in the domain's spelling.
    pub(super) table: &'b str,
    pub(super) rows: Vec<Row<'b>>,
    // Grouped on demand, because several checks share the batch and most need only one of the groupings.
    fields: OnceCell<BTreeMap<LookupId, Vec<Row<'b>>>>,
    numbered: OnceCell<BTreeMap<LookupId, Vec<Row<'b>>>>,
}

impl<'b> RowBatch<'b> {
    pub(super) const fn new(table: &'b str, rows: Vec<Row<'b>>) -> Self {
        Self { table, rows, fields: OnceCell::new(), numbered: OnceCell::new() }
    }

    pub(super) const fn len(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Returns the rows by FLD_ID, without those whose FLD_ID is NULL.
    pub(super) fn rows_by_field(&self) -> &BTreeMap<LookupId, Vec<Row<'b>>> {
        self.fields.get_or_init(|| {
            let mut fields: BTreeMap<LookupId, Vec<Row<'_>>> = BTreeMap::new();
            // Rows of a field mostly follow each other: a run costs one look-up in the map.
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

    /// Returns the control points by FLD_ID, sorted by number, without those that have none.
    pub(super) fn points_by_number(&self) -> &BTreeMap<LookupId, Vec<Row<'b>>> {
        self.numbered.get_or_init(|| {
            let mut fields = BTreeMap::new();
            for (field, rows) in self.rows_by_field() {
                let points = rows.iter().filter_map(|row| Some((row.integer("Point")?, *row)));
                let mut points: Vec<(i64, Row<'b>)> = points.collect();
                points.sort_by_key(|(number, _)| *number);
                fields.insert(field.clone(), points.into_iter().map(|(_, row)| row).collect());
            }
            fields
        })
    }
}

/// The gathered facts.
#[derive(Debug)]
pub struct CheckFacts<'a> {
    /// The small tables with all their rows, the others with their declarations only.
    pub(super) whole: &'a Snapshot,
    pub(super) course: DeliveryStream,
    /// Fields and their leaves; complete after the last batch of each table.
    pub(super) machines: Machines,
    /// Whose fields and prescriptions are; complete after the last batch of each table.
    pub(super) links: Links,
    /// Prescriptions and fields; complete after the last batch of each table.
    pub(super) orders: Orders,
    /// Complete after the last delivery.
    pub(super) fractions: FractionHistory,
}

impl<'a> CheckFacts<'a> {
    pub(super) fn new(whole: &'a Snapshot) -> Self {
        Self {
            whole,
            course: DeliveryStream::default(),
            machines: Machines::default(),
            links: Links::default(),
            orders: Orders::default(),
            fractions: FractionHistory::default(),
        }
    }

    /// Adds the facts of a batch, as far as any check needs them.
    pub(super) fn add_batch(&mut self, part: &RowBatch<'_>, facts: &[GatheredFact]) {
        if facts.contains(&GatheredFact::Links) {
            self.links.add_rows(part.table, &part.rows);
        }
        let counts = facts.contains(&GatheredFact::Fractions);
        if counts || facts.contains(&GatheredFact::Orders) {
            self.orders.add_rows(part.table, &part.rows);
        }
        if counts && part.table == DELIVERIES {
            self.fractions.add_rows(&part.rows, &self.orders);
        }
        match part.table {
            FIELDS => self.machines.fields.add_rows(&part.rows),
            DELIVERIES if facts.contains(&GatheredFact::Deliveries) => self.course.replace_batch(&part.rows),
            POINTS if facts.contains(&GatheredFact::Leaves) => {
                for (field, rows) in part.rows_by_field() {
                    let leaves: Vec<LeafPoint<'_>> = rows.iter().filter_map(LeafPoint::from_row).collect();
                    if !leaves.is_empty() {
                        self.machines.add_leaves(field.clone(), leaves.iter().collect());
                    }
                }
            }
            _ => {}
        }
    }

    /// Completes the facts of a table after its last batch.
    pub(super) fn finish_table(&mut self, table: &str) {
        self.links.seal();
        self.orders.seal();
        match table {
            FIELDS => self.machines.fields.seal(),
            POINTS => self.machines.build_tallies(),
            _ => {}
        }
    }

    pub(super) fn find_field(&self, id: &LookupId) -> Option<Field<'_>> {
        self.machines.fields.get(id)
    }
}
