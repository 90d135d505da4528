//! The signs of a live system of a domain, as seen from outside: database names, connected programs, recent times.

/// The signs by which a live system differs from a test copy.
pub trait LiveSystem: Sync {
    /// Returns the word with which a person overrides the sign given by a database's name.
    fn name_sign(&self) -> &'static str;
    /// Tells whether a database has the name of a live system, without a word in it that marks a test copy.
    fn bears_name(&self, name: &str) -> bool;
    /// Tells whether a connected program belongs to a live system, by the application name of its connection.
    fn is_program(&self, program: &str) -> bool;
    /// Returns, of a table's columns, those with the time of a treatment or a similar event.
    fn recent_times<'c>(&self, columns: &[&'c str]) -> Vec<&'c str>;
    /// Returns the tables that record such events: one of them without a readable time cannot be judged as old.
    fn record_tables(&self) -> &'static [&'static str];
    /// Tells whether a table is one of [`LiveSystem::record_tables`], ignoring case.
    fn is_record_table(&self, table: &str) -> bool {
        self.record_tables().iter().any(|name| name.eq_ignore_ascii_case(table))
    }
}
