//! What a live system of a domain looks like from outside: names, programs and times that no test copy needs.

/// What tells a live system from a test copy.
pub trait LiveSystem: Sync {
    /// Returns the word that overrides the sign of a database's name.
    fn name_sign(&self) -> &'static str;
    /// Tells whether a database bears the name of a live system, and does not say that it is a copy for tests.
    fn bears_name(&self, name: &str) -> bool;
    /// Tells whether a program belongs to a live system at work, by the name under which it connects.
    fn is_program(&self, program: &str) -> bool;
    /// Returns those columns of a table that say when something was done to somebody.
    fn recent_times<'c>(&self, columns: &[&'c str]) -> Vec<&'c str>;
    /// Returns the tables that record what was done to somebody, so that without times nobody knows how young they are.
    fn record_tables(&self) -> &'static [&'static str];
    /// Tells whether a table is one of them.
    fn is_record_table(&self, table: &str) -> bool {
        self.record_tables().iter().any(|name| name.eq_ignore_ascii_case(table))
    }
}
