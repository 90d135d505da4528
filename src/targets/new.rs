//! What a lab is made by: tables to be made, and where their rows go.

use std::sync::Arc;

use super::TargetError;
use crate::model::{Table, Value};

/// A table to be made in a lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTable {
    /// The table's name.
    pub name: String,
    /// The key column; declared as primary key.
    pub key: Option<String>,
    /// The columns: name, declared type, NULL allowed.
    pub columns: Vec<(String, String, bool)>,
    /// The columns by which rows are looked up: each gets an index once all rows are in. A simulated table needs none.
    pub indexes: Vec<String>,
    /// The declared foreign keys: column, other table, its column. Nothing holds rows to them while a lab is filled,
    /// for there are databases that break their own. A simulated table has none.
    pub references: Vec<(String, String, String)>,
}

/// Where a lab's rows go; made empty, filled once, closed.
pub trait LabWriter {
    /// Makes a table, and returns it as declared.
    fn create_table(&mut self, table: &NewTable) -> Result<Arc<Table>, TargetError>;
    /// Adds a row to a table made before, its values in the order of the columns.
    fn insert_row(&mut self, table: &str, values: &[Value]) -> Result<(), TargetError>;
    /// Makes the indexes, and commits everything.
    fn finish(self: Box<Self>) -> Result<(), TargetError>;
}
