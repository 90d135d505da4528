//! The tables and columns that a recording lacks, so that an answer can name them instead of just being empty.

use super::reading::ScanSheet;
use crate::domain::table::TableCard;

/// The names of tables and columns that a question needed and that the recording lacks, each once, in the order found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing(Vec<String>);

impl Missing {
    /// Notes a table if it is missing, or else those of its columns that are.
    pub fn note(&mut self, table: &TableCard, columns: &[&str], sheet: Option<&ScanSheet>) {
        match sheet {
            None => self.add_name(table.name),
            Some(sheet) => {
                for column in columns.iter().filter(|column| !sheet.has_column(column)) {
                    self.add_name(&format!("{}.{column}", table.name));
                }
            }
        }
    }

    /// Adds the name of a missing table or column, unless it is there already.
    pub fn add_name(&mut self, name: &str) {
        // There are few names: a search through them keeps the order in which they were noted.
        if !self.0.iter().any(|known| known == name) {
            self.0.push(name.to_owned());
        }
    }

    /// Adds all names of another list.
    pub fn merge(&mut self, other: &Self) {
        for name in &other.0 {
            self.add_name(name);
        }
    }

    /// Returns whether a table was noted as missing.
    #[must_use]
    pub fn has_table(&self, table: &TableCard) -> bool {
        self.0.iter().any(|name| name == table.name)
    }

    /// Returns all names; `None` where nothing is missing.
    #[must_use]
    pub fn to_list(&self) -> Option<Vec<String>> {
        (!self.0.is_empty()).then(|| self.0.clone())
    }

    /// Renders the names as a sentence to append to an answer's summary; empty where nothing is missing.
    #[must_use]
    pub fn render_remark(&self) -> String {
        if self.0.is_empty() { String::new() } else { format!(" Not recorded: {}.", self.0.join(", ")) }
    }

    /// Renders the summary of an answer that could not be given for lack of these.
    #[must_use]
    pub fn render_verdict(&self, what: &str) -> String {
        format!("{what} cannot be judged: the recording has no {}.", self.0.join(", no "))
    }
}
