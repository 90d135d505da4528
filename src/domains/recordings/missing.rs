//! What a recording does not hold, so that an answer can say it instead of being empty.

use super::reading::ScanSheet;
use crate::domain::table::TableCard;

/// Names of tables and columns that were asked for and are not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing(Vec<String>);

impl Missing {
    /// Notes a table where it is not there, and those of its columns that are not.
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

    /// Notes a name.
    pub fn add_name(&mut self, name: &str) {
        if !self.0.iter().any(|known| known == name) {
            self.0.push(name.to_owned());
        }
    }

    /// Notes what another noted.
    pub fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|name| self.add_name(name));
    }

    /// Tells whether a table was noted.
    #[must_use]
    pub fn has_table(&self, table: &TableCard) -> bool {
        self.0.iter().any(|name| name == table.name)
    }

    /// Returns all of them, none where nothing is missing.
    #[must_use]
    pub fn to_list(&self) -> Option<Vec<String>> {
        (!self.0.is_empty()).then(|| self.0.clone())
    }

    /// Returns them as words for a sentence, behind what was found.
    #[must_use]
    pub fn render_remark(&self) -> String {
        if self.0.is_empty() { String::new() } else { format!(" Not recorded: {}.", self.0.join(", ")) }
    }

    /// Returns the sentence that stands where nothing could be looked at.
    #[must_use]
    pub fn render_verdict(&self, what: &str) -> String {
        format!("{what} cannot be judged: the recording has no {}.", self.0.join(", no "))
    }
}
