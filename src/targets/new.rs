//! Creating a lab: the tables to create, and the writer that fills them.

use std::sync::Arc;

use super::TargetError;
use crate::model::{Table, Value};

/// A table to create in a lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTable {
    /// The table's name.
    pub name: String,
    /// The key column; declared as primary key.
    pub key: Option<String>,
    /// The columns: name, declared type, NULL allowed.
    pub columns: Vec<(String, String, bool)>,
    /// The columns by which rows are looked up: each gets an index once all rows are inserted. A simulated table
    /// ignores them.
    pub indexes: Vec<String>,
    /// The declared foreign keys: column, other table, its column. They are not enforced while a lab is filled, because
    /// the rows of some real databases break their own keys. A simulated table ignores them.
    pub references: Vec<(String, String, String)>,
}

/// Writes a lab: created empty, filled once, closed. Dropped before [`LabWriter::finish`], it leaves nothing behind.
pub trait LabWriter {
    /// Creates a table, and returns it as the database declares it.
    fn create_table(&mut self, table: &NewTable) -> Result<Arc<Table>, TargetError>;
    /// Inserts a row into a table that was created before; the values are in the order of its columns.
    fn insert_row(&mut self, table: &str, values: &[Value]) -> Result<(), TargetError>;
    /// Creates the indexes, and commits everything.
    fn finish(self: Box<Self>) -> Result<Box<dyn FilledLab>, TargetError>;
}

/// A lab that is complete. Dropped, it stays.
pub trait FilledLab {
    /// Removes all that its writer created, for a lab that turns out not to be one. No session of the caller may use it
    /// any more.
    fn remove(self: Box<Self>) -> Result<(), TargetError>;
}
