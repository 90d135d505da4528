//! A journal in hostile or unlucky hands, as the engine and the operations meet it.

use std::collections::BTreeMap;

use mfm::model::Value;
use mfm::ops::audit;
use mfm::targets::Target as _;
use mfm::targets::sqlite::SqliteTarget;
use mfm_journal::{
    Change, Digest, Face, FaultLabel, Images, Intent, Journal, LockHolder, OperationAction, OperationVerdict,
    RowAction, Stamp, TargetRef,
};
use serde_json::Map;
use testutils::{World, build_request, read_cell, request_sample, run_foreign_sql};

use super::crash::Rig;

/// Journals and carries out an update of row 1 whose image says that `said` was there before, where 'x' was.
fn update_that_says(rig: &Rig, said: &str) -> u64 {
    let world = &rig.world;
    let mut target = SqliteTarget::open(&world.path("lab.db"), BTreeMap::new()).unwrap();
    let shape = target.find_table("t").unwrap().unwrap().shape.clone();
    let row = |text: &str| vec![Value::Integer(1), Value::Integer(10), Value::Text(text.into())];
    let [before, after] = ["x", "fault"].map(row);
    let action = RowAction::Update {
        columns: vec![2],
        before: vec![Value::Text(said.into())],
        after: vec![Value::Text("fault".into())],
        before_digest: shape.row_digest(&before).unwrap(),
        after_digest: shape.row_digest(&after).unwrap(),
    };
    let change = Change { table: shape, key: vec![Value::Integer(1)], action };
    let mut journal = Journal::open(&world.journal).unwrap();
    let lock = journal.lock(&LockHolder { pid: 1, host: "here".into(), command: "test".into() }).unwrap();
    let stamp = Stamp { at_us: 1, actor: "zoe".into(), face: Face::Library };
    let known = journal.state().targets["lab"].clone();
    let intent = Intent {
        action: OperationAction::Apply,
        label: FaultLabel { tool: "set".into(), mode: "set".into(), variant: "set".into(), severity: "1".into() },
        plan_digest: Digest::sha256(b"plan"),
        plan_id: None,
        target: TargetRef {
            name: "lab".into(),
            identity: known.identity.unwrap(),
            marker_id: known.marker_id.unwrap(),
        },
        reverts: None,
        residue: Vec::new(),
        keys: None,
        detail: Map::new(),
    };
    let token = journal.intend(&lock, &stamp, &intent, &Images::from_changes(&[change]).unwrap()).unwrap();
    let (uid, id, op) = (token.uid(), token.journal_id(), token.op());
    run_foreign_sql(
        world,
        &format!(
            "UPDATE t SET b = 'fault' WHERE id = 1;
             INSERT INTO mfm_operation(uid, journal_id, op, state, at) VALUES ('{uid}', '{id}', {op}, 'committed', 1)"
        ),
    );
    journal.seal(&lock, &stamp, op, OperationVerdict::Applied, Map::new()).unwrap();
    op
}

#[test]
fn a7_a_before_image_that_contradicts_its_row_digest_is_put_back_nowhere() {
    for (said, code) in [("x", None), ("y", Some("journal_broken"))] {
        let rig = Rig::new();
        let op = update_that_says(&rig, said);
        let outcome = rig.world.revert(&[op]);
        assert_eq!(outcome.as_ref().err().map(|failure| failure.code.as_str()), code, "{said}: {outcome:?}");
        let now = if code.is_none() { "x" } else { "fault" };
        assert_eq!(read_cell(&rig.world, "SELECT b FROM t WHERE id = 1"), format!("Text({now:?})"));
    }
}

#[test]
fn a7_a_live_audit_beside_an_honest_writer_accuses_nobody() {
    let world = World::with_lab(2);
    let journal = world.journal.clone();
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || {
            let mut world = World::new();
            world.journal = journal;
            for seed in 1..=12 {
                let op = world.apply(request_sample("create_invalid_angles", "gantry", 1, seed)).unwrap().op.unwrap();
                world.revert(&[op]).unwrap();
            }
        });
        while !writer.is_finished() {
            let asked = audit::Request { depth: audit::Level::Live, full: false };
            let found = audit::run(&world.context(), &asked).unwrap();
            assert!(found.ok, "{:?}", found.journal.findings);
        }
    });
    world.apply(request_sample("create_invalid_angles", "gantry", 1, 99)).unwrap();
    run_foreign_sql(&world, "UPDATE TxFieldPoint SET Gantry_Ang = 3.25");
    let asked = audit::Request { depth: audit::Level::Live, full: false };
    assert!(!audit::run(&world.context(), &asked).unwrap().ok, "what stays is still found");
}

#[test]
fn k9_a_cell_too_large_is_refused_by_name_and_the_next_one_is_not() {
    let world = World::with_lab(2);
    let read = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
    let field = world.open_foreign().query_row("SELECT min(FLD_ID) FROM TxFieldPoint", [], read).unwrap().to_string();
    let angles = || {
        build_request(
            "create_invalid_angles",
            serde_json::json!({"fld_id": field, "angle_type": "gantry", "invalid_value": "400"}),
        )
    };
    let first = format!("SELECT min(TFP_ID) FROM TxFieldPoint WHERE FLD_ID = {field}");
    let set = |bytes: u64| {
        run_foreign_sql(
            &world,
            &format!("UPDATE TxFieldPoint SET A_Leaf_Set = zeroblob({bytes}) WHERE TFP_ID = ({first})"),
        );
    };
    set((16 << 20) + 1);
    let refused = world.apply(angles()).unwrap_err();
    assert_eq!(refused.code, "cell_too_large", "{refused:?}");
    assert_eq!(Journal::open_read(&world.journal).unwrap().state().next_op, 1);
    set(1 << 20);
    let op = world.apply(angles()).unwrap().op.unwrap();
    world.revert(&[op]).unwrap();
}
