//! Checks before a write that a target's tables and marker are still the ones that were planned for.

use super::{Marker, NewTable, PlannedWork, TargetBinding};
use crate::model::{Column, Refusal, Table};

/// Builds the refusal of a table whose declaration changed.
pub(super) fn redeclared_refusal(table: &str) -> Refusal {
    Refusal::Stale { what: format!("the declaration of table {table} has changed") }
}

/// Builds a refusal that names the first difference between the planned table and the current one.
fn difference_refusal(planned: &Table, current: &Table) -> Refusal {
    let then: Vec<&Column> = planned.columns.iter().chain(&planned.omitted).collect();
    let now: Vec<&Column> = current.columns.iter().chain(&current.omitted).collect();
    // A new or changed column first, else one that is gone.
    let column = now.iter().find(|column| !then.contains(column));
    let column = column.or_else(|| then.iter().find(|column| !now.contains(column)));
    let what = match column {
        Some(column) => format!("column {}", column.image.name),
        None if planned.key != current.key => "its key".to_owned(),
        None => "the order of its columns".to_owned(),
    };
    Refusal::Stale { what: format!("the declaration of table {} has changed: {what}", planned.shape.name) }
}

/// Returns the engine's table, which has to equal the planned one; `table` gets at the declaration within it.
pub(super) fn require_unchanged<S>(
    current: Option<S>,
    planned: &Table,
    table: impl Fn(&S) -> &Table,
) -> Result<S, Refusal> {
    let name = &planned.shape.name;
    let current = current.ok_or_else(|| Refusal::Stale { what: format!("table {name} no longer exists") })?;
    let now = table(&current);
    if *now == *planned { Ok(current) } else { Err(difference_refusal(planned, now)) }
}

/// Returns the engine's table, whose columns of the same names have to equal those of the planned one.
pub(super) fn require_columns_unchanged<S>(
    current: Option<S>,
    planned: &Table,
    table: impl Fn(&S) -> &Table,
) -> Result<S, Refusal> {
    let name = &planned.shape.name;
    let current = current.ok_or_else(|| Refusal::Stale { what: format!("table {name} no longer exists") })?;
    let columns: Vec<&str> = planned.columns.iter().map(|column| column.image.name.as_str()).collect();
    let now = table(&current).select_columns(&columns);
    if now == *planned { Ok(current) } else { Err(difference_refusal(planned, &now)) }
}

/// The binding's fact for a file's time of creation, nanoseconds since 1970: a copy of the file has another one. It is
/// absent where the file system records none, and in markers of the first release.
pub(super) const FILE_CREATED: &str = "file_created_ns";
/// The binding's fact for a file's inode number, used where the file system records no time of creation.
pub(super) const FILE_INODE: &str = "file_inode";

/// The binding's fact for the number of a file's hard links, where it has more than one.
pub const FILE_NAMES: &str = "file_names";

/// Returns whether a target is the database that a marker was made for. All facts have to be equal, with two
/// exceptions: a marker of the first release lacks the facts of the file, and hard links may have been removed since.
#[must_use]
pub fn binding_matches(marked: &TargetBinding, current: &TargetBinding) -> bool {
    for (name, value) in current {
        match marked.get(name) {
            Some(marked_value) if marked_value == value => {}
            None if [FILE_CREATED, FILE_INODE].contains(&name.as_str()) => {}
            _ => return false,
        }
    }
    marked.keys().all(|name| name == FILE_NAMES || current.contains_key(name))
}

/// Checks that the target's marker and its current binding are those that the work was planned for.
pub(super) fn check_marker(
    url: &str,
    marker: Option<&Marker>,
    bound: &TargetBinding,
    work: &PlannedWork<'_>,
) -> Result<(), Refusal> {
    let url = url.to_owned();
    match marker {
        None => Err(Refusal::Unmarked { url }),
        Some(marker) if marker != work.marker => Err(Refusal::Stale { what: format!("{url} was marked again") }),
        Some(marker) if !binding_matches(&marker.bound, bound) => {
            Err(Refusal::MarkedElsewhere { url, found: encode_binding(bound), bound: encode_binding(&marker.bound) })
        }
        Some(_) => Ok(()),
    }
}

/// Encodes a binding as canonical JSON: its map is sorted, and its texts need no more escapes than serde writes.
pub(super) fn encode_binding(bound: &TargetBinding) -> String {
    serde_json::json!(bound).to_string()
}

/// Refuses a declared type with characters that no type needs: declared types go into SQL as they are.
pub(super) fn refuse_odd_types(table: &NewTable) -> Result<(), Refusal> {
    for (_, declared, _) in &table.columns {
        if !declared.chars().all(|c| c.is_ascii_alphanumeric() || "_ (),".contains(c)) {
            return Err(Refusal::Unsupported { what: format!("the declared type {declared}") });
        }
    }
    Ok(())
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
