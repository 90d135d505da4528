//! Databases that come as files in folders: how a domain tells people which there are; opens none.

/// What a domain's files are, and what a list says of each.
#[derive(Debug)]
pub struct FileCard {
    /// The word for one: `recording`.
    pub word: &'static str,
    /// The word for several: `recordings`.
    pub plural: &'static str,
    /// The name of the query that lists them.
    pub list: &'static str,
    /// The name of the query that chooses one for what is asked next.
    pub load: &'static str,
    /// The name of the query that compares two, and the query whose numbers it compares.
    pub compare: Option<(&'static str, &'static str)>,
    /// Where they are looked for where nobody says.
    pub folders: &'static [&'static str],
    /// How their names end, without the dot.
    pub ending: &'static str,
    /// What is counted of each, and in which table.
    pub counts: &'static [(&'static str, &'static str)],
    /// What the largest key of a table is called: `last_frame`.
    pub last: Option<(&'static str, &'static str)>,
}
