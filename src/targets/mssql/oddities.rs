//! What makes a table or a column unlike others, from the catalogue's rows; refuses nothing itself.

use super::wire::{Cells, flag, whole, word};

/// Says what keeps a table from being changed exactly, from the row that [`super::sql::catalogue`] asks for.
pub(super) fn of_table(special: &Cells) -> Vec<String> {
    let number = |at: usize| whole(special.get(at)).unwrap_or(0);
    let mut found = Vec::new();
    let mut say = |is: bool, what: &str| {
        if is {
            found.push(what.to_owned());
        }
    };
    say(number(0) == 1, "the history of a system-versioned (temporal) table");
    say(number(0) == 2, "system-versioned (temporal)");
    say(number(1) > 0, "a ledger table, which keeps every change for ever");
    say(number(2) > 0, "memory-optimized, without the locks that mfm needs");
    say(number(3) > 0, "an external table");
    say(number(4) > 0 || number(5) > 0, "part of a graph");
    say(number(6) > 0, "a file table");
    say(number(7) > 0 || number(8) > 0 || number(9) > 0, "replicated");
    say(number(10) > 0, "captured by change data capture");
    if let Some(policy) = word(special.get(12)) {
        found.push(format!("filtered by the row-level security policy {policy}"));
    }
    found
}

/// Tells whether change tracking counts every write.
pub(super) fn tracked(special: &Cells) -> bool {
    flag(special.get(11))
}

/// Tells whether the database answers a commit before it is on disk, whatever is asked for.
pub(super) fn forces_delay(special: &Cells) -> bool {
    whole(special.get(13)) == Some(2)
}

/// Tells whether this login sees masked columns as they are.
pub(super) fn may_unmask(special: &Cells) -> bool {
    whole(special.get(14)) == Some(1)
}

/// Tells whether the table has triggers, or is referred to, and this login cannot see by what.
pub(super) fn hides(special: &Cells) -> bool {
    flag(special.get(15))
}

/// Says what makes a column one like no other.
pub(super) fn of_column(row: &Cells) -> Option<&'static str> {
    match () {
        () if flag(row.get(10)) => Some("a column set"),
        () if whole(row.get(12)).is_some() => Some("always encrypted"),
        () if whole(row.get(13)).is_some_and(|kind| kind > 0) => Some("a column of a graph"),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use tiberius::ColumnData;

    use super::super::catalogue::{Listed, Sheet, assemble, raw_column, unique_indexes};
    use super::super::sql::catalogue::everything;
    use super::super::wire::{number, text};
    use super::*;
    use crate::model::{KeyStanding, Role};
    use crate::targets::DomainKeys;

    const NULL: ColumnData<'static> = ColumnData::I64(None);

    /// The row of a plain table: nothing special, and UNMASK not granted.
    fn plain() -> Cells {
        let mut row = vec![number(0); 16];
        row[12] = ColumnData::String(None);
        row
    }

    fn with(changed: &[(usize, ColumnData<'static>)]) -> Cells {
        let mut row = plain();
        changed.iter().for_each(|(at, cell)| row[*at] = cell.clone());
        row
    }

    /// A row of the question for columns: a nullable int of that name.
    fn column(name: &str, changed: &[(usize, ColumnData<'static>)]) -> Cells {
        let mut row = vec![text(name), text("int"), number(4), number(10), number(0), ColumnData::String(None), NULL];
        row.extend([number(1), number(0), number(0), number(0), number(0), NULL, NULL]);
        changed.iter().for_each(|(at, cell)| row[*at] = cell.clone());
        row
    }

    fn sheet(columns: &[Cells], indexes: &[Cells], special: &Cells) -> Sheet {
        let listed = Listed { schema: "dbo".into(), name: "t".into(), kind: "U".into(), object_id: 1 };
        let raw: Vec<_> = columns.iter().map(|row| raw_column(row).unwrap()).collect();
        assemble(&listed, &DomainKeys::new(), &raw, unique_indexes(indexes), special)
    }

    #[test]
    fn each_kind_of_table_that_reaches_further_is_named() {
        for (at, value, said) in [
            (0, 1, "the history of a system-versioned (temporal) table"),
            (0, 2, "system-versioned (temporal)"),
            (1, 1, "a ledger table, which keeps every change for ever"),
            (1, 2, "a ledger table, which keeps every change for ever"),
            (1, 3, "a ledger table, which keeps every change for ever"),
            (2, 1, "memory-optimized, without the locks that mfm needs"),
            (3, 1, "an external table"),
            (4, 1, "part of a graph"),
            (5, 1, "part of a graph"),
            (6, 1, "a file table"),
            (7, 1, "replicated"),
            (8, 1, "replicated"),
            (9, 1, "replicated"),
            (10, 1, "captured by change data capture"),
        ] {
            let found = sheet(&[column("k", &[])], &[], &with(&[(at, number(value))]));
            assert_eq!(found.obstacles, [said], "{at} {value}");
        }
        assert!(sheet(&[column("k", &[])], &[], &with(&[(15, ColumnData::I32(Some(1)))])).hides);
        let policy = sheet(&[column("k", &[])], &[], &with(&[(12, text("only_mine"))]));
        assert_eq!(policy.obstacles, ["filtered by the row-level security policy only_mine"]);
        let several = of_table(&with(&[(0, number(2)), (10, number(1))]));
        assert_eq!(several.len(), 2);
    }

    #[test]
    fn a_plain_table_and_a_catalogue_that_says_less_hold_nothing_special() {
        for special in [plain(), vec![NULL; 15], Vec::new()] {
            let found = sheet(&[column("k", &[])], &[], &special);
            assert!(found.obstacles.is_empty() && found.masked.is_empty() && found.unkept.is_empty());
            assert!(!found.tracked && !found.forces_delay);
        }
    }

    #[test]
    fn change_tracking_is_residue_and_forced_delay_is_not_one_s_own_choice() {
        let found = sheet(&[column("k", &[])], &[], &with(&[(11, number(1))]));
        assert!(found.tracked && found.obstacles.is_empty());
        for (value, forces) in [(0, false), (1, false), (2, true)] {
            assert_eq!(forces_delay(&with(&[(13, number(value))])), forces, "{value}");
        }
    }

    #[test]
    fn a_masked_column_is_seen_unless_the_login_may_unmask() {
        let columns = [column("k", &[]), column("name", &[(11, number(1))])];
        assert_eq!(sheet(&columns, &[], &plain()).masked, ["name"]);
        assert_eq!(sheet(&columns, &[], &with(&[(14, NULL)])).masked, ["name"], "not told is not permitted");
        assert!(sheet(&columns, &[], &with(&[(14, number(1))])).masked.is_empty());
    }

    #[test]
    fn columns_that_cannot_be_kept_are_named_with_the_reason() {
        let columns = [
            column("k", &[]),
            column("all", &[(1, text("xml")), (10, number(1))]),
            column("secret", &[(12, number(1))]),
            column("$edge_id", &[(1, text("nvarchar")), (13, number(5))]),
            column("v", &[(1, text("sql_variant"))]),
            column("h", &[(1, text("hierarchyid"))]),
            column("twice", &[(8, number(1))]),
            column("odd", &[(1, text("varchar")), (6, number(437))]),
        ];
        let found = sheet(&columns, &[], &plain());
        let named = [
            "t.all, a column set,",
            "t.secret, always encrypted,",
            "t.$edge_id, a column of a graph,",
            "t.v, sql_variant,",
            "t.h, hierarchyid,",
            "t.odd, varchar,",
        ];
        assert_eq!(found.unkept, named);
        assert_eq!(found.table.shape.omitted.len(), 7);
        assert_eq!(found.table.columns.len(), 1);
        let twice = found.table.omitted.iter().find(|column| column.image.name == "twice").unwrap();
        assert_eq!(twice.role, Role::Computed);
        let plain_kind = column("k", &[(13, number(0))]);
        assert_eq!(of_column(&plain_kind), None);
    }

    #[test]
    fn filtered_and_nullable_indexes_vouch_for_no_key() {
        let index = |name: &str, filtered: i64, column: &str, nullable: i64, id: i64| -> Cells {
            vec![text(name), number(0), number(filtered), text(column), number(nullable), number(id)]
        };
        let columns = [column("k", &[(7, number(0))]), column("a", &[])];
        let key = |indexes: &[Cells]| sheet(&columns, indexes, &plain()).table.key.clone();
        assert_eq!(key(&[index("ux", 0, "k", 0, 2)]), KeyStanding::Declared("ux".into()));
        assert_eq!(key(&[index("ux", 1, "k", 0, 2)]), KeyStanding::Undeclared);
        assert_eq!(key(&[index("ux", 0, "a", 1, 2)]), KeyStanding::Undeclared);
        let half = [index("ux", 0, "k", 0, 2), index("ux", 0, "a", 1, 2)];
        assert_eq!(key(&half), KeyStanding::Undeclared, "one of its columns takes NULL");
        assert_eq!(sheet(&columns, &half, &plain()).unique[0].columns, ["k", "a"]);
    }

    #[test]
    fn an_older_catalogue_is_not_asked_for_what_it_lacks() {
        let newer = [
            "ledger_type",
            "temporal_type",
            "is_memory_optimized",
            "is_external",
            "is_node",
            "is_edge",
            "is_masked",
            "encryption_type",
            "graph_type",
            "delayed_durability",
            "sys.security_policies",
            "sys.change_tracking_tables",
        ];
        let (old, new) = (everything(&|_, _| false), everything(&|_, _| true));
        for word in newer {
            assert!(!old.contains(word), "{word}");
            assert!(new.contains(word), "{word}");
        }
        assert_eq!(old.matches("; ").count(), 6);
        assert_eq!(new.matches("; ").count(), 6);
    }
}
