//! Comparisons of lists of changes.

use std::sync::Arc;

use super::*;

fn build_shape(name: &str, columns: &[(&str, &str)], omitted: &[&str]) -> Arc<TableShape> {
    Arc::new(TableShape {
        name: name.to_owned(),
        key: vec!["id".to_owned()],
        columns: columns.iter().map(|(name, declared)| column_image(name, declared)).collect(),
        omitted: omitted.iter().map(|name| (*name).to_owned()).collect(),
    })
}

fn column_image(name: &str, declared: &str) -> ColumnShape {
    ColumnShape::new(name, declared)
}

fn sqlite_shape() -> Arc<TableShape> {
    build_shape("t", &[("id", "int"), ("angle", "decimal(4,1)"), ("ida", "char(4)")], &[])
}

fn server_shape() -> Arc<TableShape> {
    build_shape("T", &[("id", "int"), ("Angle", "decimal(4,1)"), ("ida", "char(4)")], &["stamp"])
}

fn decimal(text: &str) -> Value {
    Value::Decimal(text.parse().unwrap())
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn row(id: i64, angle: Value, ida: &str) -> Vec<Value> {
    vec![Value::Integer(id), angle, text(ida)]
}

fn update(table: &Arc<TableShape>, before: &[Value], after: &[Value]) -> Change {
    let columns: Vec<usize> = (0..before.len()).filter(|at| before[*at] != after[*at]).collect();
    let action = RowAction::Update {
        before: columns.iter().map(|at| before[*at].clone()).collect(),
        after: columns.iter().map(|at| after[*at].clone()).collect(),
        before_digest: table.row_digest(before).unwrap(),
        after_digest: table.row_digest(after).unwrap(),
        columns,
    };
    Change { table: table.clone(), key: vec![before[0].clone()], action }
}

fn insert(table: &Arc<TableShape>, row: &[Value]) -> Change {
    let action = RowAction::Insert { after: row.to_vec(), after_digest: table.row_digest(row).unwrap() };
    Change { table: table.clone(), key: vec![row[0].clone()], action }
}

fn delete(table: &Arc<TableShape>, row: &[Value]) -> Change {
    let action = RowAction::Delete { before: row.to_vec(), before_digest: table.row_digest(row).unwrap() };
    Change { table: table.clone(), key: vec![row[0].clone()], action }
}

fn kept_change(table: &Arc<TableShape>, id: i64, row: Option<&[Value]>) -> Change {
    let digest = row.map(|row| table.row_digest(row).unwrap());
    Change { table: table.clone(), key: vec![Value::Integer(id)], action: RowAction::Kept { digest } }
}

/// The same three changes as each engine keeps them.
fn both_engines() -> (Vec<Change>, Vec<Change>) {
    (engine_changes(&sqlite_shape(), sqlite_number, "A"), engine_changes(&server_shape(), decimal, "A   "))
}

fn engine_changes(table: &Arc<TableShape>, number: fn(&str) -> Value, ida: &str) -> Vec<Change> {
    vec![
        update(table, &row(1, number("180.0"), ida), &row(1, number("400.0"), ida)),
        insert(table, &row(2, number("12.5"), ida)),
        delete(table, &row(3, number("0.0"), ida)),
        kept_change(table, 4, Some(&row(4, number("1.0"), ida))),
        kept_change(table, 5, None),
    ]
}

/// Returns a number as SQLite's NUMERIC affinity stores it.
fn sqlite_number(text: &str) -> Value {
    match text.strip_suffix(".0") {
        Some(whole) => Value::Integer(whole.parse().unwrap()),
        None => Value::Real(text.parse().unwrap()),
    }
}

fn first_difference(journaled: &[Change], found: &[Change], measure: EqualityLevel) -> DifferenceKind {
    compare_changes(journaled, found, measure).unwrap_err().what
}

#[test]
fn the_same_changes_are_equal() {
    let (lite, server) = both_engines();
    for changes in [&lite, &server] {
        for measure in [EqualityLevel::Bits, EqualityLevel::Meaning] {
            assert_eq!(compare_changes(changes, changes, measure), Ok(Likeness::Equal));
        }
    }
    assert_eq!(compare_changes(&[], &[], EqualityLevel::Bits), Ok(Likeness::Equal));
}

#[test]
fn two_engines_are_equivalent_and_never_equal() {
    let (lite, server) = both_engines();
    assert_eq!(compare_changes(&lite, &server, EqualityLevel::Meaning), Ok(Likeness::Equivalent));
    assert_eq!(compare_changes(&server, &lite, EqualityLevel::Meaning), Ok(Likeness::Equivalent));
    assert!(compare_changes(&lite, &server, EqualityLevel::Bits).is_err());
}

#[test]
fn a_cell_is_named_with_both_values() {
    let table = sqlite_shape();
    let journaled = [update(&table, &row(1, Value::Integer(180), "A"), &row(1, Value::Integer(400), "A"))];
    for (before, after, side, values) in [
        (181, 400, DifferingSide::Before, (180, 181)),
        (180, 401, DifferingSide::After, (400, 401)),
        // Of two differences, the one of the row as found comes first.
        (181, 401, DifferingSide::Before, (180, 181)),
    ] {
        let found = [update(&table, &row(1, Value::Integer(before), "A"), &row(1, Value::Integer(after), "A"))];
        let difference = *compare_changes(&journaled, &found, EqualityLevel::Bits).unwrap_err();
        assert_eq!(difference.what, DifferenceKind::Cell);
        assert_eq!((difference.table.as_str(), &difference.key), ("t", &vec![Value::Integer(1)]));
        assert_eq!((difference.column.as_deref(), difference.side), (Some("angle"), Some(side)));
        let (journaled, found) = (Some(Value::Integer(values.0)), Some(Value::Integer(values.1)));
        assert_eq!((difference.journaled, difference.found), (journaled, found));
    }
}

#[test]
fn on_one_engine_the_storage_counts() {
    let table = sqlite_shape();
    let before = row(1, Value::Integer(0), "A");
    let integer = [update(&table, &before, &row(1, Value::Integer(400), "A"))];
    let real = [update(&table, &before, &row(1, Value::Real(400.0), "A"))];
    assert_eq!(first_difference(&integer, &real, EqualityLevel::Bits), DifferenceKind::Cell);
    assert_eq!(compare_changes(&integer, &real, EqualityLevel::Meaning), Ok(Likeness::Equivalent));
}

#[test]
fn a_column_that_no_change_sets_shows_in_the_digest() {
    let table = sqlite_shape();
    let [one, other] =
        ["A", "B"].map(|ida| [update(&table, &row(1, Value::Integer(180), ida), &row(1, Value::Integer(400), ida))]);
    assert_eq!(first_difference(&one, &other, EqualityLevel::Bits), DifferenceKind::OtherColumns);
    // Two engines have no digest in common, so such a difference cannot be seen between them.
    assert_eq!(compare_changes(&one, &other, EqualityLevel::Meaning), Ok(Likeness::Equivalent));
}

#[test]
fn a_column_that_one_table_lacks_is_named() {
    let wide = build_shape("t", &[("id", "int"), ("angle", "decimal(4,1)"), ("ida", "char(4)"), ("more", "int")], &[]);
    let [before, after] = [180, 400].map(|angle| row(1, Value::Integer(angle), "A"));
    let narrow = [update(&sqlite_shape(), &before, &after)];
    let null = [Value::Null];
    let wide = [update(&wide, &[&before[..], &null[..]].concat(), &[&after[..], &null[..]].concat())];
    for (journaled, found) in [(&narrow, &wide), (&wide, &narrow)] {
        let difference = *compare_changes(journaled, found, EqualityLevel::Bits).unwrap_err();
        assert_eq!((difference.what, difference.column.as_deref()), (DifferenceKind::Column, Some("more")));
    }
}

#[test]
fn rows_too_few_too_many_and_in_another_order() {
    let (lite, _) = both_engines();
    for measure in [EqualityLevel::Bits, EqualityLevel::Meaning] {
        assert_eq!(first_difference(&lite, &lite[1..], measure), DifferenceKind::MissingRow);
        assert_eq!(first_difference(&lite, &lite[..2], measure), DifferenceKind::MissingRow);
        assert_eq!(first_difference(&lite[..2], &lite, measure), DifferenceKind::ExtraRow);
        assert_eq!(first_difference(&[], &lite, measure), DifferenceKind::ExtraRow);
        let turned: Vec<Change> = lite.iter().rev().cloned().collect();
        assert_eq!(first_difference(&lite, &turned, measure), DifferenceKind::Order);
    }
}

#[test]
fn another_action_is_a_difference() {
    let table = sqlite_shape();
    let cells = row(2, Value::Integer(1), "A");
    let (insert, delete) = (insert(&table, &cells), delete(&table, &cells));
    let difference = *compare_changes(&[insert], &[delete], EqualityLevel::Meaning).unwrap_err();
    assert_eq!(difference.what, DifferenceKind::Action);
    assert_eq!((difference.journaled, difference.found), (Some(text("insert")), Some(text("delete"))));
}

#[test]
fn a_column_changed_on_one_side_only_is_named() {
    let table = sqlite_shape();
    let before = row(1, Value::Integer(180), "A");
    let one = [update(&table, &before, &row(1, Value::Integer(400), "A"))];
    let two = [update(&table, &before, &row(1, Value::Integer(400), "B"))];
    for (journaled, found) in [(&one, &two), (&two, &one)] {
        let difference = *compare_changes(journaled, found, EqualityLevel::Bits).unwrap_err();
        assert_eq!((difference.what, difference.column.as_deref()), (DifferenceKind::Column, Some("ida")));
    }
}

#[test]
fn what_an_engine_leaves_out_of_images_is_passed_over() {
    let wide = build_shape("T", &[("id", "int"), ("stamp", "int")], &[]);
    let narrow = build_shape("T", &[("id", "int")], &["STAMP"]);
    let full = [insert(&wide, &[Value::Integer(1), Value::Integer(9)])];
    let less = [insert(&narrow, &[Value::Integer(1)])];
    assert_eq!(compare_changes(&full, &less, EqualityLevel::Meaning), Ok(Likeness::Equivalent));
    assert_eq!(compare_changes(&less, &full, EqualityLevel::Meaning), Ok(Likeness::Equivalent));
    assert_eq!(first_difference(&full, &less, EqualityLevel::Bits), DifferenceKind::Column);
    let bare = [insert(&build_shape("T", &[("id", "int")], &[]), &[Value::Integer(1)])];
    assert_eq!(first_difference(&full, &bare, EqualityLevel::Meaning), DifferenceKind::Column);
}

#[test]
fn keys_of_two_engines_meet() {
    let padded = build_shape("t", &[("id", "char(4)")], &[]);
    let short = [delete(&padded, &[text("AB")])];
    let long = [delete(&padded, &[text("AB  ")])];
    assert_eq!(compare_changes(&short, &long, EqualityLevel::Meaning), Ok(Likeness::Equivalent));
    assert_eq!(first_difference(&short, &long, EqualityLevel::Bits), DifferenceKind::MissingRow);
    let number = build_shape("t", &[("id", "decimal(4,0)")], &[]);
    let integer = [delete(&number, &[Value::Integer(7)])];
    let exact = [delete(&number, &[decimal("7")])];
    assert_eq!(compare_changes(&integer, &exact, EqualityLevel::Meaning), Ok(Likeness::Equivalent));
}

#[test]
fn a_row_that_stands_there_is_held_against_what_the_change_found() {
    let table = sqlite_shape();
    let (is, becomes) = (row(1, Value::Integer(180), "A"), row(1, Value::Integer(400), "A"));
    let other = row(1, Value::Integer(181), "A");
    let change = update(&table, &is, &becomes);
    let against = |change: &Change, row: Option<&[Value]>| compare_found(change, &table, row, EqualityLevel::Bits);
    assert_eq!(against(&change, Some(&is)), Ok(()));
    assert_eq!(against(&change, Some(&other)).unwrap_err().found, Some(Value::Integer(181)));
    assert_eq!(against(&change, None).unwrap_err().what, DifferenceKind::MissingRow);
    let new = insert(&table, &is);
    assert_eq!(against(&new, None), Ok(()));
    assert_eq!(against(&new, Some(&is)).unwrap_err().what, DifferenceKind::ExtraRow);
    let gone = delete(&table, &is);
    assert_eq!(against(&gone, Some(&is)), Ok(()));
    assert_eq!(against(&gone, Some(&other)).unwrap_err().column.as_deref(), Some("angle"));
    // A difference in other columns of an updated row is left to the digests.
    assert_eq!(against(&change, Some(&row(1, Value::Integer(180), "B"))), Ok(()));
    assert_eq!(against(&kept_change(&table, 9, None), None), Ok(()));
    assert_eq!(against(&kept_change(&table, 9, None), Some(&is)).unwrap_err().what, DifferenceKind::ExtraRow);
}
