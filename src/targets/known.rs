//! What a target has to be again before a write: its tables and its marker as they were known; reads neither.

use super::{Marker, NewTable, PlannedWork, TargetBinding};
use crate::model::{Refusal, Table};

/// Says that a table is not the one that was known.
pub(super) fn redeclared_refusal(table: &str) -> Refusal {
    Refusal::Stale { what: format!("table {table} is declared differently now") }
}

/// Says what first differs between a table that was known and the one that is found.
fn difference_refusal(known: &Table, found: &Table) -> Refusal {
    let all = |table: &Table| table.columns.iter().chain(&table.omitted).cloned().collect::<Vec<_>>();
    let (then, now) = (all(known), all(found));
    let column = now.iter().find(|column| !then.contains(column));
    let column = column.or_else(|| then.iter().find(|column| !now.contains(column)));
    let what = match column {
        Some(column) => format!("column {}", column.image.name),
        None if known.key != found.key => "its key".to_owned(),
        None => "the order of its columns".to_owned(),
    };
    Refusal::Stale { what: format!("table {} is declared differently now: {what}", known.shape.name) }
}

/// Returns the table that the catalogue shows, which has to be the known one.
pub(super) fn require_unchanged<S>(
    found: Option<S>,
    known: &Table,
    table: impl Fn(&S) -> &Table,
) -> Result<S, Refusal> {
    let name = &known.shape.name;
    let found = found.ok_or_else(|| Refusal::Stale { what: format!("table {name} is gone") })?;
    let now = table(&found);
    if *now == *known { Ok(found) } else { Err(difference_refusal(known, now)) }
}

/// Returns the table that the catalogue shows, of which the known one has to be a part.
pub(super) fn require_columns_unchanged<S>(
    found: Option<S>,
    known: &Table,
    table: impl Fn(&S) -> &Table,
) -> Result<S, Refusal> {
    let name = &known.shape.name;
    let found = found.ok_or_else(|| Refusal::Stale { what: format!("table {name} is gone") })?;
    let columns: Vec<&str> = known.columns.iter().map(|column| column.image.name.as_str()).collect();
    let now = table(&found).select_columns(&columns);
    if now == *known { Ok(found) } else { Err(difference_refusal(known, &now)) }
}

/// What a file says of its making, where its file system says anything: a copy says otherwise. Markers of the first
/// release lack it.
pub(super) const FILE_CREATED: &str = "file_created_ns";
/// What stands for it where the file system tells no time.
pub(super) const FILE_INODE: &str = "file_inode";

/// How many names a file has, where it has several.
pub const FILE_NAMES: &str = "file_names";

/// Tells whether what a marker was made for is what is found: in every fact, but for those that it does not know, and
/// for names of the file that are gone since.
#[must_use]
pub fn binding_matches(bound: &TargetBinding, found: &TargetBinding) -> bool {
    let known_or_new = |(name, value): (&String, &String)| match bound.get(name) {
        Some(known) => known == value,
        None => [FILE_CREATED, FILE_INODE].contains(&name.as_str()),
    };
    found.iter().all(known_or_new) && bound.keys().all(|name| name == FILE_NAMES || found.contains_key(name))
}

/// Compares the marker that stands in a target, and what the target is, with what the work was planned for.
pub(super) fn check_marker(
    url: &str,
    found: Option<&Marker>,
    bound: &TargetBinding,
    work: &PlannedWork<'_>,
) -> Result<(), Refusal> {
    let url = url.to_owned();
    match found {
        None => Err(Refusal::Unmarked { url }),
        Some(marker) if marker != work.marker => Err(Refusal::Stale { what: format!("{url} was marked anew") }),
        Some(marker) if !binding_matches(&marker.bound, bound) => {
            Err(Refusal::MarkedElsewhere { url, found: encode_binding(bound), bound: encode_binding(&marker.bound) })
        }
        Some(_) => Ok(()),
    }
}

/// Returns canonical JSON: the names are sorted, and text needs no more escapes than serde writes.
pub(super) fn encode_binding(bound: &TargetBinding) -> String {
    serde_json::json!(bound).to_string()
}

/// Refuses a declared type that is more than a type.
pub(super) fn plain_types(table: &NewTable) -> Result<(), Refusal> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_ (),".contains(c);
    match table.columns.iter().find(|(_, declared, _)| !declared.chars().all(plain)) {
        Some((_, declared, _)) => Err(Refusal::Unsupported { what: format!("the declared type {declared}") }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build_binding(facts: &[(&str, &str)]) -> TargetBinding {
        facts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn k7_a_marker_fits_what_it_was_made_for_and_an_older_one_knows_less() {
        let found = build_binding(&[("path", "/a"), (FILE_CREATED, "1")]);
        assert!(binding_matches(&found, &found));
        assert!(binding_matches(&build_binding(&[("path", "/a")]), &found), "a marker of the first release");
        for other in [
            build_binding(&[("path", "/b"), (FILE_CREATED, "1")]),
            build_binding(&[("path", "/a"), (FILE_CREATED, "2")]),
            build_binding(&[("path", "/a"), (FILE_INODE, "1")]),
            build_binding(&[("path", "/a"), (FILE_CREATED, "1"), ("more", "")]),
            build_binding(&[(FILE_CREATED, "1")]),
            TargetBinding::new(),
        ] {
            assert!(!binding_matches(&other, &found), "{other:?}");
        }
        let linked = build_binding(&[("path", "/a"), (FILE_CREATED, "1"), (FILE_NAMES, "2")]);
        assert!(!binding_matches(&found, &linked), "a name that came since");
        assert!(
            binding_matches(&linked, &linked) && binding_matches(&linked, &found),
            "a person knew of it, or it is gone"
        );
        let server = build_binding(&[("server", "s"), ("created", "1")]);
        assert!(!binding_matches(&build_binding(&[("server", "s")]), &server));
    }
}
