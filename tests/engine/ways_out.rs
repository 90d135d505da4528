//! From every odd place there is a way back to a clean target, and no way past an active fault.

use std::cell::Cell;

use mfm::model::ports::{Confirm, ConfirmAnswer, ConfirmQuestion, Reporter};
use mfm::ops::targets::{add, mark, remove};
use mfm::ops::{Context, export, lab, recover, revert, status};
use mfm_journal::Journal;
use testutils::bomb::set_text;
use testutils::{World, request_marking, request_sample, request_write_off, run_foreign_sql};

use super::crash::Rig;

fn gantry() -> mfm::ops::plan::Request {
    request_sample("create_invalid_angles", "gantry", 1, 1)
}

fn overriding(target: &str) -> mark::Request {
    mark::Request { overrides: vec!["foreign-operations".into()], ..request_marking(target, "lab.db") }
}

#[test]
fn the_owner_takes_back_a_mark_that_another_journal_overrode() {
    let world = World::with_lab(20);
    world.apply(gantry()).unwrap();
    let other = World::new();
    mark::run(&other.context(), &overriding(&world.url("lab.db"))).unwrap();
    assert_eq!(world.revert(&[1]).unwrap_err().code, "target_replaced");
    mark::run(&world.context(), &overriding("lab")).unwrap();
    assert!(world.revert(&[1]).unwrap().operations[0].exact);
}

#[test]
fn a_moved_or_unmarked_file_of_another_journal_is_not_marked_unasked() {
    let world = World::with_lab(20);
    world.apply(gantry()).unwrap();
    let other = World::new();
    run_foreign_sql(&world, "DROP TABLE mfm_marker");
    let failure = mark::run(&other.context(), &request_marking(&world.url("lab.db"), "lab.db")).unwrap_err();
    assert_eq!(failure.code, "marked_beside");
    let world = World::with_lab(20);
    world.apply(gantry()).unwrap();
    std::fs::rename(world.path("lab.db"), world.path("new.db")).unwrap();
    let failure = mark::run(&other.context(), &request_marking(&world.url("new.db"), "new.db")).unwrap_err();
    assert_eq!(failure.code, "marked_beside");
}

/// SQLite keeps a log and a journal by name, so two names of one file do not know of each other's transactions.
#[cfg(unix)]
#[test]
fn k9_a_file_with_two_names_is_written_under_neither() {
    let mut world = World::with_lab(20);
    world.apply(gantry()).unwrap();
    std::fs::hard_link(world.path("lab.db"), world.path("link.db")).unwrap();
    let then = std::fs::read(world.path("lab.db")).unwrap();
    let refused = mark::run(&world.context(), &request_marking(&world.url("link.db"), "link.db")).unwrap_err();
    assert_eq!((refused.code.as_str(), refused.kind.exit_code()), ("url_taken", 3));
    let second =
        add::run(&world.context(), &add::Request { url: world.url("link.db"), name: None, domain: None }).unwrap_err();
    assert_eq!(second.code, "url_taken");
    world.target = Some("lab".into());
    assert_eq!(world.revert(&[1]).unwrap_err().code, "hard_linked");
    assert_eq!(world.apply(gantry()).unwrap_err().code, "hard_linked");
    assert_eq!(status::run(&world.context()).unwrap().targets[0].state, "hard_linked");
    assert_eq!(std::fs::read(world.path("lab.db")).unwrap(), then);
    std::fs::remove_file(world.path("link.db")).unwrap();
    assert!(world.revert(&[1]).unwrap().operations[0].exact);
}

/// Who knows of the other name says so, and it is a part of what the marker is bound to.
#[cfg(unix)]
#[test]
fn k9_a_file_with_two_names_can_be_marked_by_who_knows_them() {
    let world = World::with_lab(20);
    std::fs::hard_link(world.path("lab.db"), world.path("link.db")).unwrap();
    let mut request = request_marking("lab", "lab.db");
    assert_eq!(mark::run(&world.context(), &request).unwrap_err().code, "live_clinic");
    request.overrides = vec!["hard-linked".into()];
    mark::run(&world.context(), &request).unwrap();
    world.apply(gantry()).unwrap();
    std::fs::remove_file(world.path("link.db")).unwrap();
    assert!(world.revert(&[1]).unwrap().operations[0].exact);
    for name in ["link.db", "more.db"] {
        std::fs::hard_link(world.path("lab.db"), world.path(name)).unwrap();
    }
    assert_eq!(world.apply(gantry()).unwrap_err().code, "hard_linked");
}

/// Brings the file back while the person reads the question.
struct ComesBack<'w>(&'w World);

impl Confirm for ComesBack<'_> {
    fn ask(&self, _: &ConfirmQuestion) -> ConfirmAnswer {
        std::fs::rename(self.0.path("away.db"), self.0.path("lab.db")).unwrap();
        ConfirmAnswer::Yes
    }
}

#[test]
fn a_write_off_looks_again_after_the_question() {
    let world = World::with_lab(20);
    world.apply(gantry()).unwrap();
    std::fs::rename(world.path("lab.db"), world.path("away.db")).unwrap();
    let slow = ComesBack(&world);
    let context = world.context();
    let request = recover::Request { confirm: None, ..request_write_off() };
    recover::run(&Context { confirm: &slow, ..context }, &request).unwrap_err();
    assert!(world.revert(&[1]).unwrap().operations[0].exact);
}

#[test]
fn a_written_off_target_is_not_taken_over_again() {
    let world = World::with_lab(20);
    world.apply(gantry()).unwrap();
    std::fs::rename(world.path("lab.db"), world.path("moved.db")).unwrap();
    let request = mark::Request { moved: true, ..request_marking(&world.url("moved.db"), "moved.db") };
    mark::run(&world.context(), &request).unwrap();
    std::fs::rename(world.path("moved.db"), world.path("away")).unwrap();
    recover::run(&world.context(), &request_write_off()).unwrap();
    remove::run(&world.context()).unwrap();
    std::fs::rename(world.path("away"), world.path("moved.db")).unwrap();
    let added =
        add::run(&world.context(), &add::Request { url: world.url("moved.db"), name: None, domain: None }).unwrap();
    assert_eq!(added.line.state, "unmarked");
    assert_eq!(world.apply(gantry()).unwrap_err().code, "unmarked");
    let marked = mark::run(&world.context(), &request_marking("moved", "moved.db")).unwrap();
    assert!(!marked.adopted, "what was written off is taken as it is by a new marker only");
}

#[test]
fn a_lab_that_is_refused_leaves_no_file() {
    let world = World::with_lab(20);
    world.apply(gantry()).unwrap();
    std::fs::remove_file(world.path("lab.db")).unwrap();
    let request = lab::create::Request { url: world.url("lab.db"), patients: Some(20), ..Default::default() };
    assert_eq!(lab::create::run(&world.context(), &request).unwrap_err().code, "still_active");
    assert!(!world.path("lab.db").exists());
    recover::run(&world.context(), &request_write_off()).unwrap();
    lab::create::run(&world.context(), &request).unwrap();
    let nameless = lab::create::Request { url: world.url(".db"), patients: Some(20), ..Default::default() };
    assert_eq!(lab::create::run(&world.context(), &nameless).unwrap().made.target, "target");
}

#[test]
fn ordinary_use_is_not_refused() {
    let mut world = World::with_lab(20);
    let request = lab::create::Request { url: world.url("lab.db"), patients: Some(20), ..Default::default() };
    std::fs::create_dir(world.path("d")).unwrap();
    let second = lab::create::Request { url: world.url("d/lab.db"), ..request.clone() };
    assert_eq!(lab::create::run(&world.context(), &second).unwrap().made.target, "lab-2");
    for name in ["lab.db", "d/lab.db"] {
        add::run(&world.context(), &add::Request { url: world.url(name), name: None, domain: None }).unwrap();
    }
    world.target = Some("lab".into());
    mfm::ops::targets::unmark::run(&world.context()).unwrap();
    mark::run(&world.context(), &mark::Request { baseline: true, ..request_marking("lab", "lab.db") }).unwrap();
    mark::run(&world.context(), &request_marking("lab", "lab.db")).unwrap();
    std::fs::remove_file(world.path("lab.db")).unwrap();
    lab::create::run(&world.context(), &request).unwrap();
    world.apply(gantry()).unwrap();
}

/// Says stop at the second look after the first revert.
struct Late<'w>(&'w World, Cell<u32>);

impl Reporter for Late<'_> {
    fn progress(&self, _: &str, _: u64, _: u64) {}
    fn note(&self, _: &str) {}
    fn is_interrupted(&self) -> bool {
        if Journal::open_read(&self.0.journal).unwrap().state().next_op <= 3 {
            return false;
        }
        self.1.set(self.1.get() + 1);
        self.1.get() > 1
    }
}

#[test]
fn what_was_reverted_before_an_end_is_said() {
    let world = World::with_lab(20);
    world.apply(gantry()).unwrap();
    world.apply(request_sample("create_invalid_angles", "gantry", 1, 99)).unwrap();
    let late = Late(&world, Cell::new(0));
    let context = world.context();
    let request = revert::Request { all: true, ..Default::default() };
    let failure = revert::run(&Context { reporter: &late, ..context }, &request).unwrap_err();
    assert!(failure.message.contains("1 of 2"), "{failure:?}");
    assert_eq!(status::run(&world.context()).unwrap().active.len(), 1);
}

/// Says stop once an export has written something.
struct Filled<'w>(&'w World);

impl Reporter for Filled<'_> {
    fn progress(&self, _: &str, _: u64, _: u64) {}
    fn note(&self, _: &str) {}
    fn is_interrupted(&self) -> bool {
        // The export stands under a name that nobody guesses until it is whole.
        let known = ["lab.db", "journal.db"];
        std::fs::read_dir(self.0.path(".")).unwrap().map(Result::unwrap).any(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            !known.iter().any(|known| name.starts_with(known)) && entry.metadata().is_ok_and(|file| file.len() > 0)
        })
    }
}

#[test]
fn an_export_that_is_interrupted_leaves_no_file() {
    let world = World::with_lab(20);
    world.apply(request_sample("corrupt_mlc_data", "random_bytes", 20, 1)).unwrap();
    let request = export::Request { output: Some(world.path("audit.jsonl")), ..Default::default() };
    let context = Context { reporter: &Filled(&world), ..world.context() };
    let failure = export::run(&context, &request, &mut std::io::sink()).unwrap_err();
    assert_eq!(failure.code, "interrupted");
    assert!(!world.path("audit.jsonl").exists() && !Filled(&world).is_interrupted(), "nothing of it stays");
    let outcome = export::run(&world.context(), &request, &mut std::io::sink()).unwrap();
    assert!(outcome.changes == 20 && world.path("audit.jsonl").exists(), "{outcome:?}");
}

/// A row of which nothing can be said, because its table is away, is never given up.
#[test]
fn a_table_that_is_away_is_not_given_up() {
    let rig = Rig::new();
    let world = &rig.world;
    {
        let mut journal = Journal::open(&world.journal).unwrap();
        let mut target = mfm::targets::open_url(
            &world.url("lab.db"),
            std::collections::BTreeMap::new(),
            &mfm::model::ports::NoSecrets,
        )
        .unwrap();
        let context = world.context();
        set_text(&mut context.engine(&mut journal, target.as_mut(), "lab"), "fault").unwrap();
    }
    run_foreign_sql(world, "ALTER TABLE t RENAME TO away");
    let request = revert::Request { operations: vec![1], force: true, skip_conflicts: true, ..Default::default() };
    assert_eq!(revert::run(&world.context(), &request).unwrap_err().code, "conflict");
    run_foreign_sql(world, "ALTER TABLE away RENAME TO t");
    assert!(world.revert(&[1]).unwrap().operations[0].exact);
}

#[test]
fn an_offset_as_large_as_can_be_is_refused() {
    let world = World::with_lab(20);
    let delivery: i64 = {
        let sql = "SELECT TTX_ID FROM TrackTreatment WHERE WasBeamComplete = 1 AND WasCanceled = 0 LIMIT 1";
        world.open_foreign().query_row(sql, [], |row| row.get(0)).unwrap()
    };
    for offset in [i64::MIN, i64::MAX] {
        let far = serde_json::json!({"ttx_id": delivery, "time_offset_seconds": offset});
        let failure = world.apply(testutils::build_request("create_duplicate_treatment", far)).unwrap_err();
        assert_eq!(failure.code, "not_a_duplicate");
    }
}

/// Knows the password.
#[cfg(feature = "mssql")]
struct Known;

#[cfg(feature = "mssql")]
impl mfm::model::ports::Secrets for Known {
    fn password(&self, _: &mfm::model::ports::Account<'_>) -> Result<String, String> {
        Ok("secret".to_owned())
    }

    fn permit_login(&self, _: &str) -> Result<(), mfm::model::Refusal> {
        Ok(())
    }
}

/// A server that was switched off for good answers nothing, and what is open there has to have an end.
#[cfg(feature = "mssql")]
#[test]
fn a_server_that_never_answers_again_is_written_off_by_its_name() {
    let world = World::with_lab(5);
    let mut journal = mfm_journal::Journal::open(&world.journal).unwrap();
    let lock = journal.lock(&world.context().holder).unwrap();
    let body = serde_json::json!({"name": "server", "url": "mssql://tester@127.0.0.1:1/T"});
    journal.append(&lock, &world.context().stamp(), "target_added", body).unwrap();
    drop((lock, journal));
    // A recover asks only targets that have something to close, or to roll back.
    let closed = recover::run(&world.context(), &recover::Request::default()).unwrap();
    assert!(closed.failure.is_none(), "{closed:?}");
    let context = mfm::ops::Context { target: Some("server".into()), secrets: &Known, ..world.context() };
    let request = recover::Request { confirm: Some("server".into()), ..request_write_off() };
    assert!(recover::run(&context, &request).unwrap().failure.is_none());
}
