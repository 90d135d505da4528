//! Lists of changes, alike and not.

use std::sync::Arc;

use super::*;

fn shape(name: &str, columns: &[(&str, &str)], omitted: &[&str]) -> Arc<TableShape> {
    let column = |(name, declared): &(&str, &str)| Column {
        name: (*name).to_owned(),
        declared: (*declared).to_owned(),
        precision: None,
        scale: None,
        length: None,
        collation: None,
    };
    Arc::new(TableShape {
        name: name.to_owned(),
        key: vec!["id".to_owned()],
        columns: columns.iter().map(column).collect(),
        omitted: omitted.iter().map(|name| (*name).to_owned()).collect(),
    })
}

fn lite() -> Arc<TableShape> {
    shape("t", &[("id", "int"), ("angle", "decimal(4,1)"), ("ida", "char(4)")], &[])
}

fn server() -> Arc<TableShape> {
    shape("T", &[("id", "int"), ("Angle", "decimal(4,1)"), ("ida", "char(4)")], &["stamp"])
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
    let pick = |row: &[Value]| columns.iter().map(|at| row[*at].clone()).collect();
    let action = Action::Update {
        before: pick(before),
        after: pick(after),
        before_digest: table.row_digest(before).unwrap(),
        after_digest: table.row_digest(after).unwrap(),
        columns,
    };
    Change { table: table.clone(), key: vec![before[0].clone()], action }
}

fn insert(table: &Arc<TableShape>, row: &[Value]) -> Change {
    let action = Action::Insert { after: row.to_vec(), after_digest: table.row_digest(row).unwrap() };
    Change { table: table.clone(), key: vec![row[0].clone()], action }
}

fn delete(table: &Arc<TableShape>, row: &[Value]) -> Change {
    let action = Action::Delete { before: row.to_vec(), before_digest: table.row_digest(row).unwrap() };
    Change { table: table.clone(), key: vec![row[0].clone()], action }
}

fn kept(table: &Arc<TableShape>, id: i64, row: Option<&[Value]>) -> Change {
    let digest = row.map(|row| table.row_digest(row).unwrap());
    Change { table: table.clone(), key: vec![Value::Integer(id)], action: Action::Kept { digest } }
}

/// The same three changes as each engine keeps them.
fn both() -> (Vec<Change>, Vec<Change>) {
    let (lite, server) = (lite(), server());
    let of = |table: &Arc<TableShape>, number: fn(&str) -> Value, pad: &str| {
        let row = |id, angle: &str| row(id, number(angle), &format!("A{pad}"));
        vec![
            update(table, &row(1, "180.0"), &row(1, "400.0")),
            insert(table, &row(2, "12.5")),
            delete(table, &row(3, "0.0")),
            kept(table, 4, Some(&row(4, "1.0"))),
            kept(table, 5, None),
        ]
    };
    let real = |text: &str| match text.strip_suffix(".0") {
        Some(whole) => Value::Integer(whole.parse().unwrap()),
        None => Value::Real(text.parse().unwrap()),
    };
    (of(&lite, real, ""), of(&server, decimal, "   "))
}

fn what(journaled: &[Change], found: &[Change], measure: Measure) -> What {
    compare(journaled, found, measure).unwrap_err().what
}

#[test]
fn the_same_changes_are_equal() {
    let (lite, server) = both();
    for changes in [&lite, &server] {
        for measure in [Measure::Bits, Measure::Meaning] {
            assert_eq!(compare(changes, changes, measure), Ok(Likeness::Equal));
        }
    }
    assert_eq!(compare(&[], &[], Measure::Bits), Ok(Likeness::Equal));
}

#[test]
fn two_engines_are_equivalent_and_never_equal() {
    let (lite, server) = both();
    assert_eq!(compare(&lite, &server, Measure::Meaning), Ok(Likeness::Equivalent));
    assert_eq!(compare(&server, &lite, Measure::Meaning), Ok(Likeness::Equivalent));
    assert!(compare(&lite, &server, Measure::Bits).is_err());
}

#[test]
fn a_cell_is_named_with_both_values() {
    let table = lite();
    let journaled = [update(&table, &row(1, Value::Integer(180), "A"), &row(1, Value::Integer(400), "A"))];
    for (before, after, side, values) in [
        (181, 400, DifferingSide::Before, (180, 181)),
        (180, 401, DifferingSide::After, (400, 401)),
        // What was found comes before what was planned on it.
        (181, 401, DifferingSide::Before, (180, 181)),
    ] {
        let found = [update(&table, &row(1, Value::Integer(before), "A"), &row(1, Value::Integer(after), "A"))];
        let difference = *compare(&journaled, &found, Measure::Bits).unwrap_err();
        assert_eq!(difference.what, What::Cell);
        assert_eq!((difference.table.as_str(), &difference.key), ("t", &vec![Value::Integer(1)]));
        assert_eq!((difference.column.as_deref(), difference.side), (Some("angle"), Some(side)));
        let (journaled, found) = (Some(Value::Integer(values.0)), Some(Value::Integer(values.1)));
        assert_eq!((difference.journaled, difference.found), (journaled, found));
    }
}

#[test]
fn on_one_engine_the_storage_counts() {
    let table = lite();
    let of = |angle| [update(&table, &row(1, Value::Integer(0), "A"), &row(1, angle, "A"))];
    let (integer, real) = (of(Value::Integer(400)), of(Value::Real(400.0)));
    assert_eq!(what(&integer, &real, Measure::Bits), What::Cell);
    assert_eq!(compare(&integer, &real, Measure::Meaning), Ok(Likeness::Equivalent));
}

#[test]
fn a_column_that_no_change_sets_shows_in_the_digest() {
    let table = lite();
    let of = |ida| [update(&table, &row(1, Value::Integer(180), ida), &row(1, Value::Integer(400), ida))];
    assert_eq!(what(&of("A"), &of("B"), Measure::Bits), What::OtherColumns);
    // Two engines have no digest in common, so this much is not seen between them.
    assert_eq!(compare(&of("A"), &of("B"), Measure::Meaning), Ok(Likeness::Equivalent));
}

#[test]
fn a_column_that_one_table_lacks_is_named() {
    let wide = shape("t", &[("id", "int"), ("angle", "decimal(4,1)"), ("ida", "char(4)"), ("more", "int")], &[]);
    let cells = |angle| row(1, Value::Integer(angle), "A");
    let wider = |angle| [cells(angle), vec![Value::Null]].concat();
    let narrow = [update(&lite(), &cells(180), &cells(400))];
    let wide = [update(&wide, &wider(180), &wider(400))];
    for (journaled, found) in [(&narrow, &wide), (&wide, &narrow)] {
        let difference = *compare(journaled, found, Measure::Bits).unwrap_err();
        assert_eq!((difference.what, difference.column.as_deref()), (What::Column, Some("more")));
    }
}

#[test]
fn rows_too_few_too_many_and_in_another_order() {
    let (lite, _) = both();
    for measure in [Measure::Bits, Measure::Meaning] {
        assert_eq!(what(&lite, &lite[1..], measure), What::MissingRow);
        assert_eq!(what(&lite, &lite[..2], measure), What::MissingRow);
        assert_eq!(what(&lite[..2], &lite, measure), What::ExtraRow);
        assert_eq!(what(&[], &lite, measure), What::ExtraRow);
        let turned: Vec<Change> = lite.iter().rev().cloned().collect();
        assert_eq!(what(&lite, &turned, measure), What::Order);
    }
}

#[test]
fn another_action_is_a_difference() {
    let table = lite();
    let cells = row(2, Value::Integer(1), "A");
    let (insert, delete) = (insert(&table, &cells), delete(&table, &cells));
    let difference = *compare(&[insert], &[delete], Measure::Meaning).unwrap_err();
    assert_eq!(difference.what, What::Action);
    assert_eq!((difference.journaled, difference.found), (Some(text("insert")), Some(text("delete"))));
}

#[test]
fn a_column_changed_on_one_side_only_is_named() {
    let table = lite();
    let before = row(1, Value::Integer(180), "A");
    let one = [update(&table, &before, &row(1, Value::Integer(400), "A"))];
    let two = [update(&table, &before, &row(1, Value::Integer(400), "B"))];
    for (journaled, found) in [(&one, &two), (&two, &one)] {
        let difference = *compare(journaled, found, Measure::Bits).unwrap_err();
        assert_eq!((difference.what, difference.column.as_deref()), (What::Column, Some("ida")));
    }
}

#[test]
fn what_an_engine_leaves_out_of_images_is_passed_over() {
    let wide = shape("T", &[("id", "int"), ("stamp", "int")], &[]);
    let narrow = shape("T", &[("id", "int")], &["STAMP"]);
    let full = [insert(&wide, &[Value::Integer(1), Value::Integer(9)])];
    let less = [insert(&narrow, &[Value::Integer(1)])];
    assert_eq!(compare(&full, &less, Measure::Meaning), Ok(Likeness::Equivalent));
    assert_eq!(compare(&less, &full, Measure::Meaning), Ok(Likeness::Equivalent));
    assert_eq!(what(&full, &less, Measure::Bits), What::Column);
    let bare = [insert(&shape("T", &[("id", "int")], &[]), &[Value::Integer(1)])];
    assert_eq!(what(&full, &bare, Measure::Meaning), What::Column);
}

#[test]
fn keys_of_two_engines_meet() {
    let padded = shape("t", &[("id", "char(4)")], &[]);
    let short = [delete(&padded, &[text("AB")])];
    let long = [delete(&padded, &[text("AB  ")])];
    assert_eq!(compare(&short, &long, Measure::Meaning), Ok(Likeness::Equivalent));
    assert_eq!(what(&short, &long, Measure::Bits), What::MissingRow);
    let number = shape("t", &[("id", "decimal(4,0)")], &[]);
    let integer = [delete(&number, &[Value::Integer(7)])];
    let exact = [delete(&number, &[decimal("7")])];
    assert_eq!(compare(&integer, &exact, Measure::Meaning), Ok(Likeness::Equivalent));
}

#[test]
fn a_row_that_stands_there_is_held_against_what_the_change_found() {
    let table = lite();
    let (is, becomes) = (row(1, Value::Integer(180), "A"), row(1, Value::Integer(400), "A"));
    let other = row(1, Value::Integer(181), "A");
    let change = update(&table, &is, &becomes);
    let against = |change: &Change, row: Option<&[Value]>| found(change, &table, row, Measure::Bits);
    assert_eq!(against(&change, Some(&is)), Ok(()));
    assert_eq!(against(&change, Some(&other)).unwrap_err().found, Some(Value::Integer(181)));
    assert_eq!(against(&change, None).unwrap_err().what, What::MissingRow);
    let new = insert(&table, &is);
    assert_eq!(against(&new, None), Ok(()));
    assert_eq!(against(&new, Some(&is)).unwrap_err().what, What::ExtraRow);
    let gone = delete(&table, &is);
    assert_eq!(against(&gone, Some(&is)), Ok(()));
    assert_eq!(against(&gone, Some(&other)).unwrap_err().column.as_deref(), Some("angle"));
    // A change of other columns of an updated row is the digests' to find.
    assert_eq!(against(&change, Some(&row(1, Value::Integer(180), "B"))), Ok(()));
    assert_eq!(against(&kept(&table, 9, None), None), Ok(()));
    assert_eq!(against(&kept(&table, 9, None), Some(&is)).unwrap_err().what, What::ExtraRow);
}
