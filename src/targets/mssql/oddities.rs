//! Special features of tables and columns that mfm has to know of, parsed from the catalogue's rows.

use super::wire::{WireRow, cell_flag, cell_integer, cell_text};

/// Describes what keeps a table from being changed exactly, from the row that [`super::sql::catalogue`] asks for. A
/// column that this version of the catalogue lacks counts as 0.
pub(super) fn table_obstacles(special: &WireRow) -> Vec<String> {
    let numbers: [i64; 11] = std::array::from_fn(|at| cell_integer(special.get(at)).unwrap_or(0));
    let [temporal, ledger, memory, external, node, edge, file_table, replicated, published, merged, captured] = numbers;
    let features = [
        (temporal == 1, "the history of a system-versioned (temporal) table"),
        (temporal == 2, "system-versioned (temporal)"),
        (ledger > 0, "a ledger table, which keeps every change for ever"),
        (memory > 0, "memory-optimized, without the locks that mfm needs"),
        (external > 0, "an external table"),
        (node > 0 || edge > 0, "part of a graph"),
        (file_table > 0, "a file table"),
        (replicated > 0 || published > 0 || merged > 0, "replicated"),
        (captured > 0, "captured by change data capture"),
    ];
    let present = features.into_iter().filter(|(is_present, _)| *is_present);
    let mut obstacles: Vec<String> = present.map(|(_, what)| what.to_owned()).collect();
    if let Some(policy) = cell_text(special.get(12)) {
        obstacles.push(format!("filtered by the row-level security policy {policy}"));
    }
    obstacles
}

/// Returns whether change tracking records every write.
pub(super) fn is_change_tracked(special: &WireRow) -> bool {
    cell_flag(special.get(11))
}

/// Returns whether the database forces delayed durability: it answers a commit before the commit is on disk.
pub(super) fn forces_delay(special: &WireRow) -> bool {
    cell_integer(special.get(13)) == Some(2)
}

/// Returns whether this login sees the true values of masked columns.
pub(super) fn may_unmask(special: &WireRow) -> bool {
    cell_integer(special.get(14)) == Some(1)
}

/// Returns whether the table has triggers or referring foreign keys that this login cannot see.
pub(super) fn is_partly_hidden(special: &WireRow) -> bool {
    cell_flag(special.get(15))
}

/// Describes the feature of a column that keeps its values from being kept exactly; `None` for an ordinary column.
pub(super) fn column_obstacle(row: &WireRow) -> Option<&'static str> {
    match () {
        () if cell_flag(row.get(10)) => Some("a column set"),
        () if cell_integer(row.get(12)).is_some() => Some("always encrypted"),
        () if cell_integer(row.get(13)).is_some_and(|kind| kind > 0) => Some("a column of a graph"),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use tiberius::ColumnData;

    use super::super::catalogue::{CatalogueObject, MssqlLayout, build_layout, raw_column, unique_indexes};
    use super::super::sql::catalogue::select_table_facts;
    use super::super::wire::{number_parameter, text_parameter};
    use super::*;
    use crate::model::{KeyStanding, Role};
    use crate::targets::DomainKeys;

    const NULL: ColumnData<'static> = ColumnData::I64(None);

    /// The row of a plain table: nothing special, and UNMASK not granted.
    fn plain_table_row() -> WireRow {
        let mut row = vec![number_parameter(0); 16];
        row[12] = ColumnData::String(None);
        row
    }

    fn table_row_with(changed: &[(usize, ColumnData<'static>)]) -> WireRow {
        let mut row = plain_table_row();
        changed.iter().for_each(|(at, cell)| row[*at] = cell.clone());
        row
    }

    /// A row of the question for columns: a nullable int of that name.
    fn column_row(name: &str, changed: &[(usize, ColumnData<'static>)]) -> WireRow {
        let mut row = vec![
            text_parameter(name),
            text_parameter("int"),
            number_parameter(4),
            number_parameter(10),
            number_parameter(0),
            ColumnData::String(None),
            NULL,
        ];
        row.extend([
            number_parameter(1),
            number_parameter(0),
            number_parameter(0),
            number_parameter(0),
            number_parameter(0),
            NULL,
            NULL,
        ]);
        changed.iter().for_each(|(at, cell)| row[*at] = cell.clone());
        row
    }

    fn build_sample(columns: &[WireRow], indexes: &[WireRow], special: &WireRow) -> MssqlLayout {
        let object = CatalogueObject { schema: "dbo".into(), name: "t".into(), kind: "U".into(), object_id: 1 };
        let raw: Vec<_> = columns.iter().map(|row| raw_column(row).unwrap()).collect();
        build_layout(&object, &DomainKeys::new(), &raw, unique_indexes(indexes), special)
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
            let found = build_sample(&[column_row("k", &[])], &[], &table_row_with(&[(at, number_parameter(value))]));
            assert_eq!(found.obstacles, [said], "{at} {value}");
        }
        assert!(build_sample(&[column_row("k", &[])], &[], &table_row_with(&[(15, ColumnData::I32(Some(1)))])).hides);
        let policy = build_sample(&[column_row("k", &[])], &[], &table_row_with(&[(12, text_parameter("only_mine"))]));
        assert_eq!(policy.obstacles, ["filtered by the row-level security policy only_mine"]);
        let several = table_obstacles(&table_row_with(&[(0, number_parameter(2)), (10, number_parameter(1))]));
        assert_eq!(several.len(), 2);
    }

    #[test]
    fn a_plain_table_and_a_catalogue_that_says_less_hold_nothing_special() {
        for special in [plain_table_row(), vec![NULL; 15], Vec::new()] {
            let found = build_sample(&[column_row("k", &[])], &[], &special);
            assert!(found.obstacles.is_empty() && found.masked.is_empty() && found.unkept.is_empty());
            assert!(!found.tracked && !found.forces_delay);
        }
    }

    #[test]
    fn change_tracking_is_residue_and_forced_delay_is_not_one_s_own_choice() {
        let found = build_sample(&[column_row("k", &[])], &[], &table_row_with(&[(11, number_parameter(1))]));
        assert!(found.tracked && found.obstacles.is_empty());
        for (value, forces) in [(0, false), (1, false), (2, true)] {
            assert_eq!(forces_delay(&table_row_with(&[(13, number_parameter(value))])), forces, "{value}");
        }
    }

    #[test]
    fn a_masked_column_is_seen_unless_the_login_may_unmask() {
        let columns = [column_row("k", &[]), column_row("name", &[(11, number_parameter(1))])];
        assert_eq!(build_sample(&columns, &[], &plain_table_row()).masked, ["name"]);
        assert_eq!(
            build_sample(&columns, &[], &table_row_with(&[(14, NULL)])).masked,
            ["name"],
            "not told is not permitted"
        );
        assert!(build_sample(&columns, &[], &table_row_with(&[(14, number_parameter(1))])).masked.is_empty());
    }

    #[test]
    fn columns_that_cannot_be_kept_are_named_with_the_reason() {
        let columns = [
            column_row("k", &[]),
            column_row("all", &[(1, text_parameter("xml")), (10, number_parameter(1))]),
            column_row("secret", &[(12, number_parameter(1))]),
            column_row("$edge_id", &[(1, text_parameter("nvarchar")), (13, number_parameter(5))]),
            column_row("v", &[(1, text_parameter("sql_variant"))]),
            column_row("h", &[(1, text_parameter("hierarchyid"))]),
            column_row("twice", &[(8, number_parameter(1))]),
            column_row("odd", &[(1, text_parameter("varchar")), (6, number_parameter(437))]),
        ];
        let found = build_sample(&columns, &[], &plain_table_row());
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
        let plain_kind = column_row("k", &[(13, number_parameter(0))]);
        assert_eq!(column_obstacle(&plain_kind), None);
    }

    #[test]
    fn filtered_and_nullable_indexes_vouch_for_no_key() {
        let index = |name: &str, filtered: i64, column: &str, nullable: i64, id: i64| -> WireRow {
            vec![
                text_parameter(name),
                number_parameter(0),
                number_parameter(filtered),
                text_parameter(column),
                number_parameter(nullable),
                number_parameter(id),
            ]
        };
        let columns = [column_row("k", &[(7, number_parameter(0))]), column_row("a", &[])];
        let key = |indexes: &[WireRow]| build_sample(&columns, indexes, &plain_table_row()).table.key.clone();
        assert_eq!(key(&[index("ux", 0, "k", 0, 2)]), KeyStanding::Declared("ux".into()));
        assert_eq!(key(&[index("ux", 1, "k", 0, 2)]), KeyStanding::Undeclared);
        assert_eq!(key(&[index("ux", 0, "a", 1, 2)]), KeyStanding::Undeclared);
        let half = [index("ux", 0, "k", 0, 2), index("ux", 0, "a", 1, 2)];
        assert_eq!(key(&half), KeyStanding::Undeclared, "one of its columns takes NULL");
        assert_eq!(build_sample(&columns, &half, &plain_table_row()).unique[0].columns, ["k", "a"]);
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
        let (old, new) = (select_table_facts(&|_, _| false), select_table_facts(&|_, _| true));
        for word in newer {
            assert!(!old.contains(word), "{word}");
            assert!(new.contains(word), "{word}");
        }
        assert_eq!(old.matches("; ").count(), 6);
        assert_eq!(new.matches("; ").count(), 6);
    }
}
