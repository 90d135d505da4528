//! What a report for people shows beside the findings: the rows that they name, and pictures; judges nothing.

/// Rows and pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exhibits {}
