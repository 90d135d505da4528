//! Labs: synthetic databases of a domain, the same rows for the same request; opens no database and asks no clock.

use std::ops::ControlFlow;

use jiff::civil;

use super::table::TableDef;
use crate::model::Datum;

/// What a lab is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabRequest {
    /// How many of what the domain counts; its default where nothing is said.
    pub size: Option<u32>,
    /// Every choice follows from it.
    pub seed: u64,
    /// Nothing lies after this day; the domain's fixed day in the past where nothing is said.
    pub until: Option<civil::Date>,
    /// Which of the domain's scenarios; its default where nothing is said.
    pub scenario: Option<String>,
}

/// Where the rows of a lab go: the table and its values, in the order of the table's columns; a break ends it.
pub type RowSink<'a> = dyn FnMut(&'static str, Vec<Datum>) -> ControlFlow<()> + 'a;

/// What makes the labs of a domain.
pub trait Lab: Sync {
    /// Returns the option that says how many, what is counted, and how many there are by default: `patients`.
    fn size(&self) -> (&'static str, u32);
    /// Returns the scenarios, the default first; none where there is only one kind of lab.
    fn scenarios(&self) -> &'static [&'static str] {
        &[]
    }
    /// Returns the tables, in the order in which they are filled.
    fn tables(&self) -> Vec<TableDef>;
    /// Hands on all rows, table by table.
    fn generate(&self, request: &LabRequest, sink: &mut RowSink<'_>) -> ControlFlow<()>;
}
