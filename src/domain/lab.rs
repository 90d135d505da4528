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

/// What the size of a lab counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabSize {
    /// The option that says it: `patients`, `frames`.
    pub option: &'static str,
    /// How many there are unless told otherwise; `None` where the scenario says.
    pub default: Option<u32>,
    /// How many there are at most.
    pub most: u32,
}

/// Where the rows of a lab go: the table and its values, in the order of the table's columns; a break ends it.
pub type RowSink<'a> = dyn FnMut(&'static str, Vec<Datum>) -> ControlFlow<()> + 'a;

/// What makes the labs of a domain.
pub trait Lab: Sync {
    /// Returns what its size counts.
    fn size(&self) -> LabSize;
    /// Returns the day after which nothing lies where nobody says another: in the past for good, so that no lab is
    /// mistaken for live data; `None` where its data have no dates.
    fn default_end_date(&self) -> Option<civil::Date> {
        None
    }
    /// Returns the scenarios, the default first; none where there is only one kind of lab.
    fn scenarios(&self) -> &'static [&'static str] {
        &[]
    }
    /// Returns the tables, in the order in which they are filled.
    fn tables(&self) -> Vec<TableDef>;
    /// Hands on all rows, table by table.
    fn generate(&self, request: &LabRequest, sink: &mut RowSink<'_>) -> ControlFlow<()>;
}
