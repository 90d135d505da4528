//! Whether mfm's own two tables are exactly as mfm made them, so that what is written there reaches nothing else;
//! changes nothing.

use super::fault::Place;
use super::sql::own as text;
use super::wire::{Cells, Wire, flag, whole, word};
use crate::model::Refusal;
use crate::targets::TargetError;

/// A column as mfm declares it: name, type, bytes.
type DeclaredColumn = (&'static str, &'static str, i64);

/// An index: whether it is the primary key's, and its columns.
type OwnIndex = (bool, Vec<String>);

/// One of the two tables.
struct Own {
    name: &'static str,
    columns: &'static [DeclaredColumn],
    indexes: &'static [(bool, &'static [&'static str])],
    checks: usize,
}

const TABLES: [Own; 2] = [
    Own {
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
    Own {
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

/// What the catalogue says of both tables, an answer each.
pub(super) struct Facts {
    objects: Vec<Cells>,
    columns: Vec<Cells>,
    indexes: Vec<Cells>,
    triggers: Vec<Cells>,
    reaches: Vec<Cells>,
    foreign_keys: Vec<Cells>,
    checks: Vec<Cells>,
    declared: Vec<Cells>,
}

/// Refuses tables of mfm's own that are not as mfm made them; tables that are not there say nothing. Where a table is
/// to be made or taken away, a trigger on declarations would fire as well.
pub(super) fn judge(wire: &mut Wire, place: &Place, declares: bool) -> Result<(), TargetError> {
    let what = "look at mfm's own tables";
    let answers = wire.answers(&text::everything(), Vec::new()).map_err(place.error(what))?;
    let answers: [Vec<Cells>; 8] =
        answers.try_into().map_err(|_| place.failed(what, "the catalogue gave another number of answers"))?;
    let [objects, columns, indexes, triggers, reaches, foreign_keys, checks, declared] = answers;
    let facts = Facts { objects, columns, indexes, triggers, reaches, foreign_keys, checks, declared };
    match strange(&facts, declares) {
        Some(what) => Err(Refusal::OwnTables { url: place.url.clone(), what }.into()),
        None => Ok(()),
    }
}

/// Says what about the tables is not mfm's work.
fn strange(facts: &Facts, declares: bool) -> Option<String> {
    let name = |row: &Cells, at: usize| word(row.get(at)).unwrap_or_default();
    if let Some(row) = facts.objects.iter().find(|row| name(row, 1).trim() != "U") {
        return Some(format!("dbo.{} is no table", name(row, 0)));
    }
    if let Some(row) = facts.triggers.first() {
        return Some(format!("trigger {} fires on dbo.{}", name(row, 1), name(row, 0)));
    }
    if let Some(row) = facts.foreign_keys.first() {
        return Some(format!("foreign key {} leads from dbo.{} to dbo.{}", name(row, 0), name(row, 1), name(row, 2)));
    }
    for row in &facts.reaches {
        let what = [(1, "has triggers"), (2, "has foreign keys"), (3, "is temporal, replicated or captured")];
        if let Some((_, what)) = what.into_iter().find(|(at, _)| whole(row.get(*at)).unwrap_or(0) != 0) {
            return Some(format!("dbo.{} {what}", name(row, 0)));
        }
    }
    let there = |table: &&Own| facts.objects.iter().any(|row| name(row, 0).eq_ignore_ascii_case(table.name));
    if let Some(what) = TABLES.iter().filter(there).find_map(|table| otherwise(table, facts)) {
        return Some(what);
    }
    let row = facts.declared.first().filter(|_| declares)?;
    Some(format!("trigger {} fires when tables are made or dropped", name(row, 0)))
}

/// Says in what a table differs from what mfm declared.
fn otherwise(table: &Own, facts: &Facts) -> Option<String> {
    let own = |row: &&Cells| word(row.first()).is_some_and(|name| name.eq_ignore_ascii_case(table.name));
    let found: Vec<&Cells> = facts.columns.iter().filter(own).collect();
    let same = found.len() == table.columns.len()
        && found.iter().zip(table.columns).all(|(row, (name, kind, bytes))| {
            word(row.get(1)).as_deref() == Some(name)
                && word(row.get(2)).as_deref() == Some(kind)
                && whole(row.get(3)) == Some(*bytes)
                // Neither nullable, nor computed, nor numbered by the database.
                && (4..7).all(|at| !flag(row.get(at)))
        });
    if !same {
        return Some(format!("the columns of dbo.{} are declared otherwise", table.name));
    }
    let wanted: Vec<OwnIndex> = table.indexes.iter().map(|(primary, of)| (*primary, names(of))).collect();
    if indexes(facts.indexes.iter().filter(own)).as_ref() != Some(&wanted) {
        return Some(format!("the indexes of dbo.{} are declared otherwise", table.name));
    }
    let checks = facts.checks.iter().filter(own).count();
    (checks > table.checks).then(|| format!("dbo.{} has a CHECK more", table.name))
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Returns the indexes that rows of the catalogue tell of, the primary key's first; nothing where one of them is not
/// unique, is switched off or leaves rows out.
fn indexes<'c>(rows: impl Iterator<Item = &'c Cells>) -> Option<Vec<OwnIndex>> {
    let mut all: Vec<(i64, OwnIndex)> = Vec::new();
    for row in rows {
        let (id, primary) = (whole(row.get(1))?, flag(row.get(2)));
        if !flag(row.get(3)) || flag(row.get(4)) || flag(row.get(5)) {
            return None;
        }
        let column = word(row.get(6))?;
        match all.iter_mut().find(|(known, _)| *known == id) {
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
    use super::super::wire::{number, text};
    use super::*;

    fn row(words: &[&str], numbers: &[i64]) -> Cells {
        words.iter().map(|word| text(*word)).chain(numbers.iter().map(|one| number(*one))).collect()
    }

    fn index(table: &str, id: i64, primary: i64, column: &str) -> Cells {
        let mut cells = row(&[table], &[id, primary, 1, 0, 0]);
        cells.push(text(column));
        cells
    }

    /// What the catalogue says of the tables as mfm made them.
    fn made() -> Facts {
        let both = ["mfm_marker", "mfm_operation"];
        let columns = TABLES.iter().flat_map(|table| {
            table.columns.iter().map(|(name, kind, bytes)| row(&[table.name, name, kind], &[*bytes, 0, 0, 0]))
        });
        Facts {
            objects: both.iter().map(|name| row(&[name, "U "], &[])).collect(),
            columns: columns.collect(),
            indexes: vec![
                index("mfm_marker", 1, 1, "marker_id"),
                index("mfm_operation", 2, 0, "journal_id"),
                index("mfm_operation", 2, 0, "op"),
                index("mfm_operation", 1, 1, "uid"),
            ],
            triggers: Vec::new(),
            reaches: both.iter().map(|name| row(&[name], &[0, 0, 0])).collect(),
            foreign_keys: Vec::new(),
            checks: vec![row(&["mfm_operation", "mfm_operation_state"], &[])],
            declared: Vec::new(),
        }
    }

    fn with(change: impl FnOnce(&mut Facts)) -> Option<String> {
        let mut facts = made();
        change(&mut facts);
        strange(&facts, false)
    }

    #[test]
    fn a4_tables_as_mfm_made_them_and_none_at_all_are_let_pass() {
        assert_eq!(strange(&made(), true), None);
        let none = || Vec::<Cells>::new();
        let absent = Facts {
            objects: none(),
            columns: none(),
            indexes: none(),
            triggers: none(),
            reaches: none(),
            foreign_keys: none(),
            checks: none(),
            declared: none(),
        };
        assert_eq!(strange(&absent, true), None);
    }

    #[test]
    fn a4_everything_that_reaches_on_from_mfm_s_own_tables_is_named() {
        let said = [
            (with(|facts| facts.objects[1] = row(&["mfm_operation", "SN"], &[])), "dbo.mfm_operation is no table"),
            (with(|facts| facts.objects[0] = row(&["mfm_marker", "V "], &[])), "dbo.mfm_marker is no table"),
            (
                with(|facts| facts.triggers.push(row(&["mfm_operation", "t"], &[]))),
                "trigger t fires on dbo.mfm_operation",
            ),
            (
                with(|facts| facts.foreign_keys.push(row(&["f", "x", "mfm_marker"], &[]))),
                "foreign key f leads from dbo.x to dbo.mfm_marker",
            ),
            (with(|facts| facts.reaches[1][1] = number(1)), "dbo.mfm_operation has triggers"),
            (with(|facts| facts.reaches[0][2] = number(2)), "dbo.mfm_marker has foreign keys"),
            (with(|facts| facts.reaches[1][3] = number(1)), "dbo.mfm_operation is temporal, replicated or captured"),
            (with(|facts| drop(facts.columns.pop())), "the columns of dbo.mfm_operation are declared otherwise"),
            (with(|facts| facts.columns[2][4] = number(1)), "the columns of dbo.mfm_marker are declared otherwise"),
            (with(|facts| drop(facts.indexes.pop())), "the indexes of dbo.mfm_operation are declared otherwise"),
            (with(|facts| facts.indexes[0][4] = number(1)), "the indexes of dbo.mfm_marker are declared otherwise"),
            (
                with(|facts| facts.indexes.push(index("mfm_operation", 7, 0, "state"))),
                "the indexes of dbo.mfm_operation are declared otherwise",
            ),
            (with(|facts| facts.checks.push(row(&["mfm_marker", "k"], &[]))), "dbo.mfm_marker has a CHECK more"),
        ];
        for (found, expected) in said {
            assert_eq!(found.as_deref(), Some(expected));
        }
    }

    #[test]
    fn a4_a_trigger_on_declarations_matters_where_tables_are_made_or_dropped() {
        let mut facts = made();
        facts.declared.push(row(&["audit"], &[]));
        assert_eq!(strange(&facts, false), None);
        assert_eq!(strange(&facts, true).as_deref(), Some("trigger audit fires when tables are made or dropped"));
    }
}
