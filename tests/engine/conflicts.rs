//! Three-way reverts: foreign writes, later operations, reverts of reverts, in every conflict mode.

use mfm::ops::{Failure, revert, status};
use testutils::{World, build_request, dump_tables, read_cell, request_angles, request_sample, run_foreign_sql};

/// A lab, its clean dump, and a field with control points.
fn lab() -> (World, String, i64) {
    let world = World::with_lab(20);
    let before = dump_tables(&world.path("lab.db"));
    let sql = "SELECT FLD_ID FROM TxFieldPoint GROUP BY FLD_ID HAVING count(*) > 5 ORDER BY FLD_ID LIMIT 1";
    let field = world.open_foreign().query_row(sql, [], |row| row.get(0)).unwrap();
    (world, before, field)
}

fn run(world: &World, request: &revert::Request) -> Result<revert::Outcome, Failure> {
    revert::run(&world.context(), request)
}

fn of(operations: &[u64]) -> revert::Request {
    revert::Request { operations: operations.to_vec(), ..Default::default() }
}

fn first_point(world: &World, field: i64) -> i64 {
    let sql = format!("SELECT min(TFP_ID) FROM TxFieldPoint WHERE FLD_ID = {field}");
    world.open_foreign().query_row(&sql, [], |row| row.get(0)).unwrap()
}

/// Torture 21: the same column.
#[test]
fn torture_21_a_foreign_write_to_the_same_column_is_a_conflict() {
    let (world, before, field) = lab();
    let point = first_point(&world, field);
    world.apply(request_angles(field, "400")).unwrap();
    let faulty = dump_tables(&world.path("lab.db"));
    run_foreign_sql(&world, &format!("UPDATE TxFieldPoint SET Gantry_Ang = 123 WHERE TFP_ID = {point}"));
    let refused = run(&world, &of(&[1])).unwrap_err();
    assert_eq!((refused.code.as_str(), refused.kind.exit_code()), ("conflict", 3));
    assert_eq!(refused.conflicts.len(), 1);
    assert_eq!(refused.conflicts[0].columns, ["Gantry_Ang"]);
    assert_ne!(dump_tables(&world.path("lab.db")), faulty);

    let skipped = run(&world, &revert::Request { skip_conflicts: true, ..of(&[1]) }).unwrap();
    assert_eq!((skipped.operations[0].state, skipped.operations[0].restored), ("partly_reverted", false));
    assert_eq!(status::run(&world.context()).unwrap().active[0].rows, 1);

    let forced = run(&world, &revert::Request { force: true, ..of(&[1]) }).unwrap();
    assert!(forced.operations[0].exact);
    assert_eq!(forced.operations[0].rows, 1);
    assert_eq!(dump_tables(&world.path("lab.db")), before);
    // A forced revert can be taken back too: then what the other program wrote is there again.
    let redo = run(&world, &of(&[forced.operations[0].op.unwrap()])).unwrap();
    assert!(redo.operations[0].exact);
    assert_eq!(
        read_cell(&world, &format!("SELECT Gantry_Ang FROM TxFieldPoint WHERE TFP_ID = {point}")),
        "Integer(123)"
    );
}

/// Torture 21: another column.
#[test]
fn torture_21_a_foreign_write_to_another_column_is_drift() {
    let (world, _, field) = lab();
    let point = first_point(&world, field);
    world.apply(request_angles(field, "400")).unwrap();
    run_foreign_sql(&world, &format!("UPDATE TxFieldPoint SET Couch_Vrt = 12.5 WHERE TFP_ID = {point}"));
    let back = run(&world, &of(&[1])).unwrap();
    let line = &back.operations[0];
    assert!(line.restored && !line.exact);
    assert_eq!(line.drift.len(), 1);
    assert_eq!(line.drift[0].key, point.to_string());
    assert_eq!(read_cell(&world, &format!("SELECT Couch_Vrt FROM TxFieldPoint WHERE TFP_ID = {point}")), "Real(12.5)");
    let again = &run(&world, &of(&[1])).unwrap().operations[0];
    assert!(again.restored && !again.exact, "asked again, it says what was said");
}

/// Torture 22: put back by somebody, put back twice.
#[test]
fn torture_22_already_back() {
    let (world, before, field) = lab();
    let copy = world.path("before.db");
    std::fs::copy(world.path("lab.db"), &copy).unwrap();
    world.apply(request_angles(field, "400")).unwrap();
    run_foreign_sql(
        &world,
        &format!(
            "ATTACH '{}' AS old; UPDATE TxFieldPoint SET Gantry_Ang = (SELECT Gantry_Ang FROM old.TxFieldPoint o \
             WHERE o.TFP_ID = TxFieldPoint.TFP_ID); DETACH old",
            copy.display()
        ),
    );
    assert_eq!(dump_tables(&world.path("lab.db")), before);
    let back = run(&world, &of(&[1])).unwrap();
    let line = &back.operations[0];
    assert_eq!((line.op, line.rows, line.state, line.exact), (Some(2), 0, "reverted", true));
    assert!(line.already_back > 0);
    let again = run(&world, &of(&[1])).unwrap();
    assert_eq!((again.operations[0].op, again.operations[0].state), (None, "already_reverted"));
    assert!(!status::run(&world.context()).unwrap().is_disturbed());
}

/// A number means the operation that now carries its rows.
#[test]
fn a_number_resolves_through_reverts_of_reverts() {
    let (world, before, field) = lab();
    world.apply(request_angles(field, "400")).unwrap();
    let faulty = dump_tables(&world.path("lab.db"));
    run(&world, &of(&[1])).unwrap();
    let redo = run(&world, &of(&[2])).unwrap();
    assert_eq!((redo.operations[0].op, redo.operations[0].reverts), (Some(3), 2));
    assert_eq!(dump_tables(&world.path("lab.db")), faulty);
    let active: Vec<u64> = status::run(&world.context()).unwrap().active.iter().map(|active| active.op).collect();
    assert_eq!(active, [3]);
    let back = run(&world, &of(&[1])).unwrap();
    assert_eq!((back.operations[0].op, back.operations[0].reverts), (Some(4), 3));
    assert_eq!(dump_tables(&world.path("lab.db")), before);
    assert_eq!(run(&world, &of(&[1])).unwrap().operations[0].state, "already_reverted");
}

/// Torture 12 and 13: a row changed by two operations is a conflict whatever its value, and comes back newest first.
#[test]
fn torture_13_later_operations_on_the_same_rows() {
    let (world, before, field) = lab();
    world.apply(request_angles(field, "400")).unwrap();
    let both = serde_json::json!({"fld_id": field, "points_to_delete": [1]});
    world.apply(build_request("delete_control_points", both)).unwrap();
    let refused = run(&world, &of(&[1])).unwrap_err();
    assert_eq!(refused.code, "conflict");
    assert_eq!(refused.conflicts[0].operation, Some(2));
    assert!(refused.message.contains("blocked by operation 2"), "{}", refused.message);
    // Force overrides foreign writes only, never a later operation of ours.
    let forced = run(&world, &revert::Request { force: true, ..of(&[1]) }).unwrap_err();
    assert_eq!(forced.code, "conflict");
    let cascade = run(&world, &revert::Request { cascade: true, ..of(&[1]) }).unwrap();
    let order: Vec<u64> = cascade.operations.iter().map(|line| line.reverts).collect();
    assert_eq!(order, [2, 1]);
    assert!(cascade.operations.iter().all(|line| line.exact));
    assert_eq!(dump_tables(&world.path("lab.db")), before);
}

/// Operations on different rows come back in any order.
#[test]
fn independent_operations_come_back_in_any_order() {
    let (world, before, _) = lab();
    world.apply(request_sample("create_duplicate_treatment", "same_field", 2, 1)).unwrap();
    world.apply(request_sample("delete_control_points", "single_gap", 2, 1)).unwrap();
    run(&world, &of(&[1])).unwrap();
    run(&world, &of(&[2])).unwrap();
    assert_eq!(dump_tables(&world.path("lab.db")), before);
}

#[test]
fn an_added_row_that_was_changed_is_a_conflict_and_force_removes_it() {
    let (world, before, _) = lab();
    let applied = world.apply(request_sample("create_duplicate_treatment", "same_field", 1, 1)).unwrap();
    let key = applied.plan.changes[0].key["TTX_ID"].clone();
    run_foreign_sql(&world, &format!("UPDATE TrackTreatment SET Staff_ID = 1 WHERE TTX_ID = {key}"));
    assert_eq!(run(&world, &of(&[1])).unwrap_err().conflicts[0].columns, ["Staff_ID"]);
    run(&world, &revert::Request { force: true, ..of(&[1]) }).unwrap();
    assert_eq!(dump_tables(&world.path("lab.db")), before);
}

#[test]
fn a_deleted_row_whose_place_was_taken_is_a_conflict() {
    let (world, before, field) = lab();
    let point = first_point(&world, field);
    let some = serde_json::json!({"fld_id": field, "points_to_delete": [0]});
    world.apply(build_request("delete_control_points", some)).unwrap();
    run_foreign_sql(&world, &format!("INSERT INTO TxFieldPoint (TFP_ID, FLD_ID, Point) VALUES ({point}, {field}, 99)"));
    assert_eq!(run(&world, &of(&[1])).unwrap_err().code, "conflict");
    let nothing = run(&world, &revert::Request { skip_conflicts: true, ..of(&[1]) }).unwrap_err();
    assert_eq!(nothing.code, "conflict");
    run(&world, &revert::Request { force: true, ..of(&[1]) }).unwrap();
    assert_eq!(dump_tables(&world.path("lab.db")), before);
}

#[test]
fn a_missing_row_is_never_forced() {
    let (world, _, field) = lab();
    let point = first_point(&world, field);
    world.apply(request_angles(field, "400")).unwrap();
    run_foreign_sql(&world, &format!("DELETE FROM TxFieldPoint WHERE TFP_ID = {point}"));
    assert_eq!(run(&world, &revert::Request { force: true, ..of(&[1]) }).unwrap_err().code, "conflict");
    let both = revert::Request { force: true, skip_conflicts: true, ..of(&[1]) };
    assert_eq!(run(&world, &both).unwrap().operations[0].state, "partly_reverted");
    // Given up is given up: the operation does not wait for the row for ever, and nobody calls it restored.
    assert!(!status::run(&world.context()).unwrap().is_disturbed());
    let again = &run(&world, &of(&[1])).unwrap().operations[0];
    assert_eq!((again.state, again.restored, again.exact), ("already_reverted", false, false));
}

/// `--all` judges everything before the first write.
#[test]
fn all_refuses_before_it_writes() {
    let (world, _, field) = lab();
    world.apply(request_angles(field, "400")).unwrap();
    world.apply(request_sample("create_duplicate_treatment", "same_field", 1, 1)).unwrap();
    let point = first_point(&world, field);
    run_foreign_sql(&world, &format!("UPDATE TxFieldPoint SET Gantry_Ang = 1 WHERE TFP_ID = {point}"));
    let faulty = dump_tables(&world.path("lab.db"));
    let refused = run(&world, &revert::Request { all: true, ..Default::default() }).unwrap_err();
    assert_eq!(refused.code, "conflict");
    assert_eq!(dump_tables(&world.path("lab.db")), faulty);
    assert_eq!(status::run(&world.context()).unwrap().active.len(), 2);
}

/// Torture 8, 19 and 20: the schema changed in between.
#[test]
fn torture_8_and_19_columns_added_and_moved() {
    let (world, _, field) = lab();
    let point = first_point(&world, field);
    world.apply(request_angles(field, "400")).unwrap();
    run_foreign_sql(&world, "ALTER TABLE TxFieldPoint ADD COLUMN Later TEXT");
    let back = run(&world, &of(&[1])).unwrap();
    assert!(back.operations[0].exact);
    world.apply(request_angles(field, "401")).unwrap();
    run_foreign_sql(&world, "ALTER TABLE TxFieldPoint RENAME COLUMN Gantry_Ang TO Gone");
    let refused = run(&world, &of(&[3])).unwrap_err();
    assert!(refused.conflicts[0].why.contains("no longer exists"), "{:?}", refused.conflicts[0]);
    assert_eq!(read_cell(&world, &format!("SELECT Gone FROM TxFieldPoint WHERE TFP_ID = {point}")), "Integer(401)");
}

#[test]
fn torture_20_a_constraint_added_later_refuses_the_revert() {
    let (world, _, field) = lab();
    let some = serde_json::json!({"fld_id": field, "points_to_delete": [1]});
    world.apply(build_request("delete_control_points", some)).unwrap();
    // A column that has something to put there bars nothing; one that has nothing does.
    run_foreign_sql(
        &world,
        "ALTER TABLE TxFieldPoint ADD COLUMN Must TEXT NOT NULL DEFAULT 'x'; PRAGMA writable_schema = ON; \
         UPDATE sqlite_schema SET sql = replace(sql, 'DEFAULT ''x''', ''); PRAGMA writable_schema = RESET",
    );
    let refused = run(&world, &of(&[1])).unwrap_err();
    assert_eq!((refused.code.as_str(), refused.kind.exit_code()), ("not_null", 3));
    assert_eq!(status::run(&world.context()).unwrap().active.len(), 1);
}
