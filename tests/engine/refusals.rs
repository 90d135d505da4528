//! Every refusal: its code, its exit code, its hint, and nothing changed.

use mfm::ops::{Failure, apply, plan};
use serde_json::json;
use testutils::{World, build_request, dump_tables, read_cell, request_angles, request_sample, run_foreign_sql};

/// Expects a refusal that leaves the file as it is and journals nothing.
fn refused(world: &World, request: plan::Request, code: &str, exit: u8) -> Failure {
    let before = dump_tables(&world.path("lab.db"));
    let entries = mfm_journal::Journal::open_read(&world.journal).unwrap().head();
    let failure = world.apply(request).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.kind.exit_code()), (code, exit), "{failure:?}");
    assert!(!failure.next.is_empty() && !failure.message.is_empty());
    assert_eq!(dump_tables(&world.path("lab.db")), before);
    assert_eq!(mfm_journal::Journal::open_read(&world.journal).unwrap().head(), entries);
    failure
}

fn field(world: &World) -> i64 {
    let sql = "SELECT FLD_ID FROM TxFieldPoint GROUP BY FLD_ID HAVING count(*) > 5 ORDER BY FLD_ID LIMIT 1";
    world.open_foreign().query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn arguments_alone() {
    let world = World::with_lab(20);
    let field = field(&world);
    refused(&world, build_request("no_such_tool", json!({})), "unknown_mode", 2);
    refused(&world, request_sample("create_invalid_angles", "sideways", 1, 1), "unknown_variant", 2);
    refused(&world, request_sample("create_invalid_angles", "gantry", 0, 1), "sample", 2);
    refused(&world, request_angles(field, "NaN"), "parameters", 2);
    refused(&world, request_angles(field, "inf"), "parameters", 2);
    refused(&world, request_angles(field, "4oo"), "parameters", 2);
    refused(
        &world,
        build_request("create_invalid_angles", json!({"angle_type": "gantry", "invalid_value": 400})),
        "records",
        2,
    );
    let letters = json!({"fld_id": "5-9x", "angle_type": "gantry", "invalid_value": 400});
    let failure = world.apply(build_request("create_invalid_angles", letters)).unwrap_err();
    assert_eq!(failure.kind.exit_code(), 2);
    let mut large = request_sample("create_invalid_angles", "gantry", 1, 1);
    large.options.seed = Some(1 << 53);
    refused(&world, large, "seed", 2);
    let mut now = request_sample("create_invalid_angles", "gantry", 1, 1);
    now.options.now = Some("yesterday".into());
    refused(&world, now, "now", 2);
}

#[test]
fn records_and_values() {
    let world = World::with_lab(20);
    let field = field(&world);
    refused(&world, request_angles(99_999_999, "400"), "missing_record", 3);
    refused(&world, request_angles(field, "90"), "value_is_valid", 3);
    refused(&world, request_angles(field, "1000"), "does_not_fit", 3);
    refused(&world, request_angles(field, "400.05"), "does_not_fit", 3);
    refused(
        &world,
        build_request("delete_control_points", json!({"fld_id": field, "points_to_delete": [9999]})),
        "ineligible",
        3,
    );
    refused(&world, request_sample("create_invalid_angles", "gantry", 1_000_000, 1), "too_few_eligible", 3);
    let none = json!({"fld_id": "90000000-90000009", "angle_type": "gantry", "invalid_value": 400});
    refused(&world, build_request("create_invalid_angles", none), "none_eligible", 3);
    let delivery: i64 = {
        let sql = "SELECT TTX_ID FROM TrackTreatment WHERE WasBeamComplete = 1 AND WasCanceled = 0 LIMIT 1";
        world.open_foreign().query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let far = json!({"ttx_id": delivery, "time_offset_seconds": 86_400});
    refused(&world, build_request("create_duplicate_treatment", far), "not_a_duplicate", 3);
    let mut all = request_sample("create_invalid_angles", "gantry", 1, 1);
    (all.options.sample, all.options.all, all.options.max_rows) = (None, true, Some(10));
    refused(&world, all, "limit", 3);
    world.apply(request_angles(field, "400")).unwrap();
    refused(&world, request_angles(field, "400"), "ineligible", 3);
}

#[test]
fn schemas() {
    for (sql, code) in [
        ("CREATE TRIGGER t AFTER UPDATE ON TxFieldPoint BEGIN SELECT 1; END", "trigger"),
        ("ALTER TABLE TxFieldPoint ADD COLUMN g CHECK (Gantry_Ang < 390)", "constraint"),
        ("DROP TABLE TxFieldPoint", "missing_table"),
        ("ALTER TABLE TxFieldPoint RENAME COLUMN Gantry_Ang TO Other", "missing_column"),
        ("ALTER TABLE TxFieldPoint RENAME TO p; CREATE VIEW TxFieldPoint AS SELECT * FROM p", "not_a_table"),
        (
            "ALTER TABLE TxFieldPoint RENAME TO p; CREATE TABLE TxFieldPoint AS SELECT * FROM p; \
             INSERT INTO TxFieldPoint SELECT * FROM p",
            "no_key",
        ),
    ] {
        let world = World::with_lab(20);
        let field = field(&world);
        run_foreign_sql(&world, sql);
        refused(&world, request_angles(field, "400"), code, 3);
    }
}

#[test]
fn foreign_keys_and_triggers() {
    let world = World::with_lab(20);
    let field = field(&world);
    run_foreign_sql(
        &world,
        "CREATE TABLE child (id INTEGER PRIMARY KEY, tfp INTEGER REFERENCES TxFieldPoint (TFP_ID) ON DELETE CASCADE); \
         INSERT INTO child SELECT TFP_ID, TFP_ID FROM TxFieldPoint",
    );
    let delete = || build_request("delete_control_points", json!({"fld_id": field, "points_to_delete": [1]}));
    refused(&world, delete(), "foreign_key", 3);
    run_foreign_sql(
        &world,
        "DROP TABLE child; CREATE TABLE note (x); CREATE TRIGGER t AFTER DELETE ON TxFieldPoint \
                    BEGIN INSERT INTO note VALUES (old.TFP_ID); END",
    );
    refused(&world, delete(), "trigger", 3);
    let mut anyway = delete();
    anyway.options.disable_triggers = true;
    let applied = world.apply(anyway).unwrap();
    assert_eq!(read_cell(&world, "SELECT count(*) FROM note"), "Integer(0)");
    assert!(world.revert(&[applied.op.unwrap()]).unwrap().operations[0].exact);
}

#[test]
fn k10_what_was_done_without_triggers_is_taken_back_without_them() {
    let world = World::with_lab(20);
    let before = dump_tables(&world.path("lab.db"));
    let field = field(&world);
    let noted = "CREATE TABLE note (x); CREATE TRIGGER t AFTER DELETE ON TxFieldPoint \
                 BEGIN INSERT INTO note VALUES (old.TFP_ID); END; \
                 CREATE TRIGGER u AFTER UPDATE ON TxFieldPoint BEGIN INSERT INTO note VALUES (old.TFP_ID); END";
    run_foreign_sql(&world, noted);
    let mut without = build_request("delete_control_points", json!({"fld_id": field, "points_to_delete": [1]}));
    without.options.disable_triggers = true;
    world.apply(without).unwrap();
    let faulty = dump_tables(&world.path("lab.db"));
    assert!(world.revert(&[1]).unwrap().operations[0].exact);
    // A revert, and what took it back, were without triggers too.
    assert!(world.revert(&[2]).unwrap().operations[0].again);
    assert_eq!(dump_tables(&world.path("lab.db")), faulty);
    let mut beside = request_angles(field, "400");
    beside.options.disable_triggers = true;
    world.apply(beside).unwrap();
    let all = mfm::ops::revert::Request { all: true, ..Default::default() };
    assert_eq!(mfm::ops::revert::run(&world.context(), &all).unwrap().operations.len(), 2);
    assert_eq!(read_cell(&world, "SELECT count(*) FROM note"), "Integer(0)");
    // An operation older than its trigger was judged with it on, and waits for a word.
    run_foreign_sql(&world, "DROP TRIGGER t; DROP TRIGGER u; DROP TABLE note");
    assert_eq!(dump_tables(&world.path("lab.db")), before);
    world.apply(request_angles(field, "400")).unwrap();
    run_foreign_sql(&world, noted);
    let refused = world.revert(&[7]).unwrap_err();
    assert_eq!(refused.code, "trigger");
    assert!(format!("{:?}", refused.next).contains("DisableTriggers"), "{refused:?}");
}

#[test]
fn plan_files_are_used_once_and_go_stale() {
    let world = World::with_lab(20);
    let field = field(&world);
    let file = world.path("plan.json");
    let mut request = request_angles(field, "400");
    request.output = Some(file.clone());
    let (planned, _) = plan::run(&world.context(), &request).unwrap();
    let source = apply::Source::File(file.clone());
    let run = || apply::run(&world.context(), &source, false, &mut |_| {});
    run_foreign_sql(&world, "UPDATE TxFieldPoint SET Couch_Vrt = 77");
    assert_eq!(run().unwrap_err().code, "stale");
    plan::run(&world.context(), &request).unwrap();
    let applied = run().unwrap();
    assert_eq!(applied.plan.plan_id.as_ref().map(String::len), Some(32));
    assert_ne!(applied.plan.plan_digest, planned.plan_digest);
    world.revert(&[1]).unwrap();
    assert_eq!(run().unwrap_err().code, "plan_used");
    std::fs::write(&file, "{\"schema\": \"mfm/plan-file/1\"}").unwrap();
    assert_eq!(run().unwrap_err().code, "plan_file");
    std::fs::write(&file, "DROP TABLE").unwrap();
    assert_eq!(run().unwrap_err().kind.exit_code(), 2);
}
