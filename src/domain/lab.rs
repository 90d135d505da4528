//! Labs: synthetic databases of a domain. The same request always gives the same rows.

use std::ops::ControlFlow;

use jiff::civil;

use super::table::TableDef;
use crate::model::Datum;

/// What kind of lab to generate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabRequest {
    /// How large, in the unit of [`LabSize::option`]; `None` for the domain's default.
    pub size: Option<u32>,
    /// The seed of every random choice.
    pub seed: u64,
    /// The last day of the data; `None` for the domain's fixed day in the past.
    pub until: Option<civil::Date>,
    /// One of the domain's scenarios; `None` for the first.
    pub scenario: Option<String>,
}

/// The unit and range of a lab's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabSize {
    /// The option that sets it, which is also its unit: `patients`, `frames`.
    pub option: &'static str,
    /// The default; `None` where the scenario decides.
    pub default: Option<u32>,
    /// The largest size.
    pub most: u32,
}

/// Takes the rows of a lab: a table's name and one row, in the order of the table's columns. A break ends the lab.
pub type RowSink<'a> = dyn FnMut(&'static str, Vec<Datum>) -> ControlFlow<()> + 'a;

/// A domain's generator of labs.
pub trait Lab: Sync {
    /// Returns the unit and range of its size.
    fn size(&self) -> LabSize;
    /// Returns the default last day of the data: fixed and in the past, so that no lab is mistaken for live data;
    /// `None` where the data have no dates.
    fn default_end_date(&self) -> Option<civil::Date> {
        None
    }
    /// Returns the scenarios, the default first; none where there is only one kind of lab.
    fn scenarios(&self) -> &'static [&'static str] {
        &[]
    }
    /// Returns the tables, in the order in which they are filled.
    fn tables(&self) -> Vec<TableDef>;
    /// Passes every row to the sink, table by table, in the order of [`Lab::tables`].
    fn generate(&self, request: &LabRequest, sink: &mut RowSink<'_>) -> ControlFlow<()>;
}
