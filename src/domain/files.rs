//! Databases that come as files in folders: where a domain looks for them, and how a list of them is built.

/// A domain's files, and what a list shows of each.
#[derive(Debug)]
pub struct FileCard {
    /// The word for one: `recording`.
    pub word: &'static str,
    /// The word for several: `recordings`.
    pub plural: &'static str,
    /// The name of the query that lists them.
    pub list: &'static str,
    /// The name of the query that chooses one for the queries after it.
    pub load: &'static str,
    /// The name of the query that compares two, and the query whose numbers it compares.
    pub compare: Option<(&'static str, &'static str)>,
    /// The folders that are searched by default.
    pub folders: &'static [&'static str],
    /// Their file name extension, without the dot.
    pub ending: &'static str,
    /// The counts that a list shows: the name of the count, and the table whose rows it counts.
    pub counts: &'static [(&'static str, &'static str)],
    /// The largest key that a list shows: what it is called (`last_frame`), and its table.
    pub last: Option<(&'static str, &'static str)>,
}
