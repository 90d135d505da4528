//! Replay between two engines: the same operations on a SQLite lab and on a simulated server with native types are
//! equivalent, in both directions, and a difference in meaning is still named.

use mfm::domains::mosaiq::modes::MODES;
use mfm::domains::mosaiq::schema;
use mfm::model::{Datum, Value, time};
use mfm::ops::context::ChosenTarget;
use mfm::ops::replay::{self, Outcome, ReplayEnds};
use mfm::ops::{plan, revert};
use mfm::plan::alike::Likeness;
use mfm::targets::sim::SimWorld;
use mfm::targets::{NewTable, Target};
use mfm_journal::{Decimal, Journal};
use serde_json::json;
use testutils::{World, journal_marked_target, request_angles, request_sample, request_samples};

use super::replay::add_copy;

/// A lab, and a simulated server that holds the same data in its own types, both marked and known to the journal.
struct Pair {
    world: World,
    sim: SimWorld,
}

impl Pair {
    fn new(patients: u32) -> Self {
        let mut world = World::with_lab(patients);
        world.target = Some("lab".into());
        let sim = SimWorld::new(11);
        sim.set_keys(schema::key_columns());
        let mut lab = world.context().open_target(&world.url("lab.db")).unwrap();
        for def in schema::lab_tables() {
            let new = NewTable {
                name: def.name.clone(),
                key: def.key.clone(),
                columns: def.columns.clone(),
                indexes: vec![],
                references: vec![],
            };
            sim.create_table(&new).unwrap();
            let native = sim.open_target().find_table(&def.name).unwrap().unwrap();
            let table = lab.find_table(&def.name).unwrap().unwrap();
            let keys = lab.read_keys(&table).unwrap();
            for row in lab.read_rows(&table, &keys).unwrap() {
                let cells = row.unwrap().into_iter().zip(&native.columns);
                let cells = cells.map(|(cell, column)| column.store_datum(&def.name, &datum(cell)).unwrap());
                sim.insert_row(&def.name, cells.collect()).unwrap();
            }
        }
        let marker = sim.mark("tester").unwrap();
        let stamp = world.context().stamp();
        let mut journal = Journal::open(&world.journal).unwrap();
        let lock = journal.lock(&world.context().holder).unwrap();
        let url = sim.open_target().url().to_owned();
        journal_marked_target(&mut journal, &lock, &stamp, ("server", &url), &marker);
        Self { world, sim }
    }

    fn ends(&self, source: &str, onto: &str) -> ReplayEnds {
        let journal = Journal::open_read(&self.world.journal).unwrap();
        let chosen = |name: &str| ChosenTarget { name: name.into(), url: journal.state().targets[name].url.clone() };
        ReplayEnds { source: chosen(source), onto: chosen(onto) }
    }

    fn onto_server(&self) -> Outcome {
        let mut journal = Journal::open(&self.world.journal).unwrap();
        let request = replay::Request { onto: "server".into(), ..Default::default() };
        let ends = self.ends("lab", "server");
        replay::run_onto(&self.world.context(), &mut journal, &mut self.sim.open_target(), &ends, &request).unwrap()
    }

    /// Applies a fault on the server.
    fn apply_on_server(&self, request: &plan::Request) {
        let context = self.world.context();
        let mut journal = Journal::open(&self.world.journal).unwrap();
        let mut target = self.sim.open_target();
        let server = self.ends("lab", "server").onto;
        let settled = plan::resolve_request(&context, request).unwrap();
        let made = plan::build_plan(&context, &mut journal, &mut target, &server, &settled).unwrap();
        context.engine(&mut journal, &mut target, "server").commit(&made.proposal, &made.prepared).unwrap();
    }
}

/// What a cell of the lab asks for on a server.
fn datum(cell: Value) -> Datum {
    match cell {
        Value::Null => Datum::Null,
        Value::Integer(number) => Datum::Integer(number),
        Value::Real(number) => Datum::Decimal(Decimal::from_f64(number).unwrap()),
        Value::Text(text) => time::parse_local(&text).map_or(Datum::Text(text), Datum::DateTime),
        Value::Bytes(bytes) => Datum::Bytes(bytes),
        other => Datum::Raw(other),
    }
}

#[test]
fn every_variant_on_sqlite_is_equivalent_on_a_server() {
    let pair = Pair::new(12);
    let mut stored_otherwise = 0;
    for mode in MODES {
        for variant in mode.card().variants {
            for (_, request) in request_samples(*mode, variant.word, 1, 5) {
                let applied = pair.world.apply(request).unwrap();
                pair.world.revert(&[applied.op.unwrap()]).unwrap();
            }
        }
    }
    let outcome = pair.onto_server();
    assert!(outcome.ok, "{:#?}", outcome.first_difference);
    assert!(outcome.replayed.len() > 64);
    let journal = Journal::open_read(&pair.world.journal).unwrap();
    for line in &outcome.replayed {
        assert_eq!(line.verdict, Likeness::Equivalent);
        let (was, is) = (
            journal.read_operation(line.op).unwrap().unwrap(),
            journal.read_operation(line.replayed_as).unwrap().unwrap(),
        );
        assert_eq!((was.rows, was.kept, &was.label.variant), (is.rows, is.kept, &is.label.variant));
        stored_otherwise += usize::from(was.rows_root != is.rows_root);
    }
    // Otherwise the test would compare like with like.
    assert!(stored_otherwise > 30, "only {stored_otherwise} operations have other images");
    assert!(journal.state().active.is_empty());
}

#[test]
fn partial_reverts_and_reverts_of_reverts_are_equivalent_too() {
    let pair = Pair::new(12);
    let world = &pair.world;
    let sql = "SELECT FLD_ID FROM TxFieldPoint GROUP BY FLD_ID HAVING count(*) > 5 ORDER BY 1 LIMIT 1";
    let field: i64 = world.open_foreign().query_row(sql, [], |row| row.get(0)).unwrap();
    world.apply(request_angles(field, "400")).unwrap();
    let some = json!({"fld_id": field, "points_to_delete": [1]});
    world.apply(testutils::build_request("delete_control_points", some)).unwrap();
    let partly = revert::Request { operations: vec![1], skip_conflicts: true, ..Default::default() };
    revert::run(&world.context(), &partly).unwrap();
    world.revert(&[3]).unwrap();
    let outcome = pair.onto_server();
    assert!(outcome.ok, "{:#?}", outcome.first_difference);
    assert_eq!(outcome.replayed.len(), 4);
    // Resuming across engines finds what it did.
    let again = pair.onto_server();
    assert!(again.ok && again.replayed.iter().all(|line| line.earlier && line.verdict == Likeness::Equivalent));
}

#[test]
fn a_server_s_journal_is_equivalent_on_sqlite() {
    let pair = Pair::new(12);
    add_copy(&pair.world, "copy.db");
    for mode in MODES {
        let card = mode.card();
        pair.apply_on_server(&request_sample(card.tool, card.variants[0].word, 1, 9));
    }
    let request = replay::Request { onto: "copy".into(), ..Default::default() };
    let context = mfm::ops::Context { target: Some("server".into()), ..pair.world.context() };
    let outcome = replay::run(&context, &request).unwrap();
    assert!(outcome.ok, "{:#?}", outcome.first_difference);
    assert_eq!(outcome.replayed.len(), MODES.len());
    assert!(outcome.replayed.iter().all(|line| line.verdict == Likeness::Equivalent));
}

#[test]
fn another_number_on_the_server_is_named() {
    let pair = Pair::new(12);
    let applied = pair.world.apply(request_sample("create_invalid_angles", "gantry", 1, 3)).unwrap();
    let key = applied.plan.changes[0].key["TFP_ID"].as_i64().unwrap();
    let other = Value::Decimal("17.2".parse().unwrap());
    pair.sim.foreign_update("TxFieldPoint", &[Value::Integer(key)], &[("Gantry_Ang", other)]).unwrap();
    let before = pair.sim.dump();
    let outcome = pair.onto_server();
    let found = outcome.first_difference.unwrap();
    assert_eq!((found.what.as_str(), found.key.as_deref()), ("cell", Some(key.to_string().as_str())));
    assert_eq!((found.column.as_deref(), found.found), (Some("Gantry_Ang"), json!({"$decimal": "17.2"})));
    assert_eq!(pair.sim.dump(), before);
}
