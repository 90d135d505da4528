//! Checks that mfm's own two tables are exactly as mfm created them, so that writing them changes nothing else.

use super::fault::ServerLocation;
use super::sql::own as text;
use super::wire::{Wire, WireRow, cell_flag, cell_integer, cell_text};
use crate::model::Refusal;
use crate::targets::TargetError;

/// A column as mfm declares it: name, type, length in bytes (-1 for `max`).
type DeclaredColumn = (&'static str, &'static str, i64);

/// An index: whether it is the primary key's, and the names of its columns.
type OwnIndex = (bool, Vec<String>);

/// One of the two tables.
struct OwnTable {
    name: &'static str,
    columns: &'static [DeclaredColumn],
    indexes: &'static [(bool, &'static [&'static str])],
    checks: usize,
}

const TABLES: [OwnTable; 2] = [
    OwnTable {
        name: "mfm_marker",
        columns: &[
            ("marker_id", "char", 32),
            ("bound", "nvarchar", -1),
            ("at_us", "bigint", 8),
            ("actor", "nvarchar", -1),
        ],
        indexes: &[(true, &["marker_id"])],
        checks: 0,
    },
    OwnTable {
        name: "mfm_operation",
        columns: &[
            ("uid", "char", 64),
            ("journal_id", "char", 64),
            ("op", "bigint", 8),
            ("state", "varchar", 9),
            ("at_us", "bigint", 8),
        ],
        indexes: &[(true, &["uid"]), (false, &["journal_id", "op"])],
        checks: 1,
    },
];

/// The catalogue's answers about both tables, one for each part of [`text::select_own_facts`].
pub(super) struct OwnTableFacts {
    objects: Vec<WireRow>,
    columns: Vec<WireRow>,
    indexes: Vec<WireRow>,
    triggers: Vec<WireRow>,
    reaches: Vec<WireRow>,
    foreign_keys: Vec<WireRow>,
    checks: Vec<WireRow>,
    declared: Vec<WireRow>,
}

/// Refuses tables of mfm's own that are not as mfm created them. Missing tables pass. With `declares`, where a table is
/// about to be created or dropped, a trigger on such declarations is refused as well.
pub(super) fn check_own_tables(wire: &mut Wire, place: &ServerLocation, declares: bool) -> Result<(), TargetError> {
    let what = "look at mfm's own tables";
    let answers = wire.query_results(&text::select_own_facts(), Vec::new()).map_err(place.explainer(what))?;
    let answers: [Vec<WireRow>; 8] = answers
        .try_into()
        .map_err(|_| place.failure(what, "the catalogue returned an unexpected number of results"))?;
    let [objects, columns, indexes, triggers, reaches, foreign_keys, checks, declared] = answers;
    let facts = OwnTableFacts { objects, columns, indexes, triggers, reaches, foreign_keys, checks, declared };
    match find_deviation(&facts, declares) {
        Some(what) => Err(Refusal::OwnTables { url: place.url.clone(), what }.into()),
        None => Ok(()),
    }
}

/// Returns a cell of text, empty for NULL.
fn name(row: &WireRow, at: usize) -> String {
    cell_text(row.get(at)).unwrap_or_default()
}

/// Describes the first deviation of the tables from what mfm creates; `None` where there is none.
fn find_deviation(facts: &OwnTableFacts, declares: bool) -> Option<String> {
    // A view or a synonym of the name would lead writes elsewhere.
    if let Some(row) = facts.objects.iter().find(|row| name(row, 1).trim() != "U") {
        return Some(format!("dbo.{} is not a table", name(row, 0)));
    }
    if let Some(row) = facts.triggers.first() {
        return Some(format!("trigger {} fires on dbo.{}", name(row, 1), name(row, 0)));
    }
    if let Some(row) = facts.foreign_keys.first() {
        return Some(format!("foreign key {} leads from dbo.{} to dbo.{}", name(row, 0), name(row, 1), name(row, 2)));
    }
    for row in &facts.reaches {
        let what = [(1, "has triggers"), (2, "has foreign keys"), (3, "is temporal, replicated or captured")];
        if let Some((_, what)) = what.into_iter().find(|(at, _)| cell_integer(row.get(*at)).unwrap_or(0) != 0) {
            return Some(format!("dbo.{} {what}", name(row, 0)));
        }
    }
    for table in &TABLES {
        let exists = facts.objects.iter().any(|row| name(row, 0).eq_ignore_ascii_case(table.name));
        if exists && let Some(what) = find_table_deviation(table, facts) {
            return Some(what);
        }
    }
    let row = facts.declared.first().filter(|_| declares)?;
    Some(format!("trigger {} fires when tables are made or dropped", name(row, 0)))
}

/// Describes in what an existing table differs from what mfm creates.
fn find_table_deviation(table: &OwnTable, facts: &OwnTableFacts) -> Option<String> {
    let own = |row: &&WireRow| cell_text(row.first()).is_some_and(|name| name.eq_ignore_ascii_case(table.name));
    let columns: Vec<&WireRow> = facts.columns.iter().filter(own).collect();
    let same = columns.len() == table.columns.len()
        && columns.iter().zip(table.columns).all(|(row, (name, kind, bytes))| {
            cell_text(row.get(1)).as_deref() == Some(name)
                && cell_text(row.get(2)).as_deref() == Some(kind)
                && cell_integer(row.get(3)) == Some(*bytes)
                // Neither nullable, nor computed, nor numbered by the database.
                && (4..7).all(|at| !cell_flag(row.get(at)))
        });
    if !same {
        return Some(format!("the columns of dbo.{} are declared differently", table.name));
    }
    let expected: Vec<OwnIndex> = table.indexes.iter().map(|(primary, of)| (*primary, to_strings(of))).collect();
    if parse_indexes(facts.indexes.iter().filter(own)).as_ref() != Some(&expected) {
        return Some(format!("the indexes of dbo.{} are declared differently", table.name));
    }
    // Fewer CHECK constraints are no deviation: a login may not see them.
    let checks = facts.checks.iter().filter(own).count();
    (checks > table.checks).then(|| format!("dbo.{} has an additional CHECK constraint", table.name))
}

fn to_strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Parses the indexes from rows of the catalogue, the primary key's first; `None` where one of them is not unique, is
/// disabled or leaves rows out.
fn parse_indexes<'c>(rows: impl Iterator<Item = &'c WireRow>) -> Option<Vec<OwnIndex>> {
    let mut all: Vec<(i64, OwnIndex)> = Vec::new();
    for row in rows {
        let (id, primary) = (cell_integer(row.get(1))?, cell_flag(row.get(2)));
        if !cell_flag(row.get(3)) || cell_flag(row.get(4)) || cell_flag(row.get(5)) {
            return None;
        }
        let column = cell_text(row.get(6))?;
        match all.iter_mut().find(|(known_id, _)| *known_id == id) {
            Some((_, (_, columns))) => columns.push(column),
            None => all.push((id, (primary, vec![column]))),
        }
    }
    let mut indexes: Vec<OwnIndex> = all.into_iter().map(|(_, index)| index).collect();
    indexes.sort_by_key(|(primary, _)| !*primary);
    Some(indexes)
}

#[cfg(test)]
mod tests {
    use super::super::wire::{number_parameter, text_parameter};
    use super::*;

    fn build_row(words: &[&str], numbers: &[i64]) -> WireRow {
        words.iter().map(|word| text_parameter(*word)).chain(numbers.iter().map(|one| number_parameter(*one))).collect()
    }

    fn index_row(table: &str, id: i64, primary: i64, column: &str) -> WireRow {
        let mut cells = build_row(&[table], &[id, primary, 1, 0, 0]);
        cells.push(text_parameter(column));
        cells
    }

    /// What the catalogue says of the tables as mfm made them.
    fn intact_facts() -> OwnTableFacts {
        let both = ["mfm_marker", "mfm_operation"];
        let columns = TABLES.iter().flat_map(|table| {
            table.columns.iter().map(|(name, kind, bytes)| build_row(&[table.name, name, kind], &[*bytes, 0, 0, 0]))
        });
        OwnTableFacts {
            objects: both.iter().map(|name| build_row(&[name, "U "], &[])).collect(),
            columns: columns.collect(),
            indexes: vec![
                index_row("mfm_marker", 1, 1, "marker_id"),
                index_row("mfm_operation", 2, 0, "journal_id"),
                index_row("mfm_operation", 2, 0, "op"),
                index_row("mfm_operation", 1, 1, "uid"),
            ],
            triggers: Vec::new(),
            reaches: both.iter().map(|name| build_row(&[name], &[0, 0, 0])).collect(),
            foreign_keys: Vec::new(),
            checks: vec![build_row(&["mfm_operation", "mfm_operation_state"], &[])],
            declared: Vec::new(),
        }
    }

    fn find_deviation_with(change: impl FnOnce(&mut OwnTableFacts)) -> Option<String> {
        let mut facts = intact_facts();
        change(&mut facts);
        find_deviation(&facts, false)
    }

    #[test]
    fn a4_tables_as_mfm_made_them_and_none_at_all_are_let_pass() {
        assert_eq!(find_deviation(&intact_facts(), true), None);
        let none = || Vec::<WireRow>::new();
        let absent = OwnTableFacts {
            objects: none(),
            columns: none(),
            indexes: none(),
            triggers: none(),
            reaches: none(),
            foreign_keys: none(),
            checks: none(),
            declared: none(),
        };
        assert_eq!(find_deviation(&absent, true), None);
    }

    #[test]
    fn a4_everything_that_reaches_on_from_mfm_s_own_tables_is_named() {
        let said = [
            (
                find_deviation_with(|facts| facts.objects[1] = build_row(&["mfm_operation", "SN"], &[])),
                "dbo.mfm_operation is not a table",
            ),
            (
                find_deviation_with(|facts| facts.objects[0] = build_row(&["mfm_marker", "V "], &[])),
                "dbo.mfm_marker is not a table",
            ),
            (
                find_deviation_with(|facts| facts.triggers.push(build_row(&["mfm_operation", "t"], &[]))),
                "trigger t fires on dbo.mfm_operation",
            ),
            (
                find_deviation_with(|facts| facts.foreign_keys.push(build_row(&["f", "x", "mfm_marker"], &[]))),
                "foreign key f leads from dbo.x to dbo.mfm_marker",
            ),
            (find_deviation_with(|facts| facts.reaches[1][1] = number_parameter(1)), "dbo.mfm_operation has triggers"),
            (find_deviation_with(|facts| facts.reaches[0][2] = number_parameter(2)), "dbo.mfm_marker has foreign keys"),
            (
                find_deviation_with(|facts| facts.reaches[1][3] = number_parameter(1)),
                "dbo.mfm_operation is temporal, replicated or captured",
            ),
            (
                find_deviation_with(|facts| drop(facts.columns.pop())),
                "the columns of dbo.mfm_operation are declared differently",
            ),
            (
                find_deviation_with(|facts| facts.columns[2][4] = number_parameter(1)),
                "the columns of dbo.mfm_marker are declared differently",
            ),
            (
                find_deviation_with(|facts| drop(facts.indexes.pop())),
                "the indexes of dbo.mfm_operation are declared differently",
            ),
            (
                find_deviation_with(|facts| facts.indexes[0][4] = number_parameter(1)),
                "the indexes of dbo.mfm_marker are declared differently",
            ),
            (
                find_deviation_with(|facts| facts.indexes.push(index_row("mfm_operation", 7, 0, "state"))),
                "the indexes of dbo.mfm_operation are declared differently",
            ),
            (
                find_deviation_with(|facts| facts.checks.push(build_row(&["mfm_marker", "k"], &[]))),
                "dbo.mfm_marker has an additional CHECK constraint",
            ),
        ];
        for (found, expected) in said {
            assert_eq!(found.as_deref(), Some(expected));
        }
    }

    #[test]
    fn a4_a_trigger_on_declarations_matters_where_tables_are_made_or_dropped() {
        let mut facts = intact_facts();
        facts.declared.push(build_row(&["audit"], &[]));
        assert_eq!(find_deviation(&facts, false), None);
        assert_eq!(
            find_deviation(&facts, true).as_deref(),
            Some("trigger audit fires when tables are made or dropped")
        );
    }
}
