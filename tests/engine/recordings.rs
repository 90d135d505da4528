//! Every fault of recordings on real files: seen by a check that its card names, and taken back to the last bit of
//! tables, row ids and schema; frames that go with all that belongs to them, whether keys are kept or broken.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use mfm::domains::recordings::modes::MODES;
use mfm::ops::{checks, lab, targets};
use rusqlite::Connection;
use serde_json::json;
use testutils::{World, build_request, request_sample};

/// Where a person's own recordings lie; each is copied before it is touched.
const FOLDER: &str = "MFM_TEST_RECORDINGS";

/// Everything in a file but what is mfm's own: the schema's text, row ids, and every cell with its type.
fn whole(path: &Path) -> String {
    let connection = Connection::open(path).unwrap();
    let listed = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema \
                  WHERE tbl_name NOT LIKE 'mfm\\_%' ESCAPE '\\' ORDER BY rowid";
    let mut statement = connection.prepare(listed).unwrap();
    let entry = |row: &rusqlite::Row<'_>| -> rusqlite::Result<[String; 4]> {
        Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
    };
    let entries: Vec<[String; 4]> = statement.query_map([], entry).unwrap().map(Result::unwrap).collect();
    let mut out = String::new();
    for [kind, name, _, sql] in &entries {
        writeln!(out, "{kind} {name} {sql}").unwrap();
        if kind != "table" {
            continue;
        }
        let mut rows = connection.prepare(&format!("SELECT rowid, * FROM \"{name}\" ORDER BY rowid")).unwrap();
        let width = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            (0..width).for_each(|at| write!(out, "{:?}|", row.get_ref(at).unwrap()).unwrap());
            out.push('\n');
        }
    }
    out
}

/// A folder with a recording of a scenario.
fn lab(scenario: &str, frames: u32) -> World {
    let world = World::new();
    let request = lab::create::Request {
        url: world.url("lab.db"),
        domain: Some("recordings".into()),
        scenario: Some(scenario.into()),
        frames: Some(frames),
        ..Default::default()
    };
    lab::create::run(&world.context(), &request).unwrap();
    world
}

/// A folder with a file, marked; or why it cannot be.
fn marked(file: &Path) -> Result<World, mfm::ops::Failure> {
    let world = World::new();
    std::fs::copy(file, world.path("lab.db")).unwrap();
    let (target, confirm) = (world.url("lab.db"), Some("lab.db".to_owned()));
    let mark = targets::mark::Request { target, confirm, in_place: true, ..Default::default() };
    targets::mark::run(&world.context(), &mark)?;
    Ok(world)
}

/// The tables and keys that findings name, each with its check.
fn found(world: &World) -> Vec<String> {
    let outcome = checks::run(&world.context(), &checks::Request::default()).unwrap();
    outcome.findings.iter().map(|line| format!("{} {} {} {}", line.check, line.table, line.key, line.message)).collect()
}

/// Makes one fault of every variant and takes it back; returns what became of each.
fn every_fault(world: &World) -> Vec<String> {
    let path = world.path("lab.db");
    let (before, known) = (whole(&path), found(world));
    let mut out = Vec::new();
    for mode in MODES {
        for variant in mode.card().variants {
            let name = format!("{} {}", mode.card().tool, variant.word);
            let applied = match world.apply(request_sample(mode.card().tool, variant.word, 1, 5)) {
                Ok(applied) => applied,
                Err(failure) => {
                    out.push(format!("{name}: no record ({})", failure.code));
                    assert_eq!(whole(&path), before, "{name}");
                    continue;
                }
            };
            assert_ne!(whole(&path), before, "{name}");
            let by_card = |line: &&String| mode.card().checks.iter().any(|id| line.starts_with(&format!("{id} ")));
            let now = found(world);
            let seen = now.iter().filter(|line| !known.contains(line)).filter(by_card).count();
            out.push(format!("{name}: {} rows, {}", applied.plan.rows, if seen > 0 { "seen" } else { "NOT SEEN" }));
            let back = world.revert(&[applied.op.unwrap()]).unwrap();
            assert!(back.operations[0].exact, "{name}");
            assert_eq!(whole(&path), before, "{name}");
        }
    }
    out
}

#[test]
fn every_fault_of_a_lab_is_seen_and_taken_back_to_the_last_bit() {
    let mut shown = Vec::new();
    for scenario in ["stack", "elastic-pair", "sliding"] {
        for line in every_fault(&lab(scenario, 40)) {
            assert!(!line.contains("NOT SEEN"), "{scenario}: {line}");
            if line.ends_with("seen") {
                shown.push(line.split(':').next().unwrap().to_owned());
            }
        }
    }
    for (mode, variant) in MODES.iter().flat_map(|mode| mode.card().variants.iter().map(move |one| (mode, one))) {
        let name = format!("{} {}", mode.card().tool, variant.word);
        assert!(shown.contains(&name), "no lab shows {name}");
    }
}

#[test]
#[ignore = "needs recordings: MFM_TEST_RECORDINGS names their folder"]
fn every_fault_of_a_persons_recordings_is_taken_back_to_the_last_bit() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("a folder of recordings"));
    let mut files = Vec::new();
    list(&folder, &mut files);
    assert!(!files.is_empty(), "no recording in {}", folder.display());
    for file in files {
        println!("== {}", file.strip_prefix(&folder).unwrap().display());
        match marked(&file) {
            Ok(world) => every_fault(&world).iter().for_each(|line| println!("{line}")),
            Err(failure) => println!("not marked: {}", failure.code),
        }
    }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            list(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "db") {
            files.push(path);
        }
    }
}

/// Makes what the recorder declares true: states name their bodies and frames, energies the row of the body.
const KEPT: &str = "UPDATE AssetInertialStaticRecord SET id = -body_id; \
     UPDATE AssetInertialStaticRecord SET id = body_id; \
     UPDATE InertialStateRecord SET \
       body_id = (SELECT body_id FROM AssetDynamicStateRecord WHERE kinematicState_id = InertialStateRecord.id), \
       frame_id = (SELECT frame_id FROM AssetDynamicStateRecord WHERE kinematicState_id = InertialStateRecord.id)";

fn count(world: &World, sql: &str) -> i64 {
    Connection::open(world.path("lab.db")).unwrap().query_one(sql, [], |row| row.get(0)).unwrap()
}

/// The foreign keys that are off for an operation.
fn keys_off(world: &World, op: u64) -> i64 {
    let journal = Connection::open(&world.journal).unwrap();
    let read = "SELECT coalesce(json_array_length(body, '$.detail.foreign_keys_off'), 0) FROM entry \
                WHERE op = ?1 AND kind = 'intended'";
    journal.query_one(read, [i64::try_from(op).unwrap()], |row| row.get(0)).unwrap()
}

#[test]
fn frames_go_with_all_that_belongs_to_them_whether_declared_keys_hold_or_not() {
    for keys_hold in [false, true] {
        let world = lab("stack", 30);
        if keys_hold {
            world.open_foreign().execute_batch(&format!("PRAGMA foreign_keys = OFF; {KEPT}")).unwrap();
        }
        let broken = count(&world, "SELECT count(*) FROM pragma_foreign_key_check");
        assert_eq!(broken == 0, keys_hold);
        let (path, before) = (world.path("lab.db"), whole(&world.path("lab.db")));
        for (word, frames) in [("lost_frame", 1), ("lost_frames", 3)] {
            let wanted = build_request("create_lost_frames", json!({"frame_id": "12", "loss": word}));
            let applied = world.apply(wanted).unwrap();
            let op = applied.op.unwrap();
            assert_eq!(keys_off(&world, op) == 0, keys_hold, "{word}");
            let left = "SELECT count(*) FROM SimulationFrameRecord WHERE id BETWEEN 12 AND ";
            assert_eq!(count(&world, &format!("{left} {}", 11 + frames)), 0);
            assert_eq!(count(&world, "SELECT count(*) FROM SimulationFrameRecord"), 30 - frames);
            assert_eq!(count(&world, "SELECT count(*) FROM pragma_foreign_key_check") == 0, keys_hold);
            let gaps: Vec<String> = found(&world).into_iter().filter(|line| line.starts_with("frame_gap ")).collect();
            assert_eq!(gaps.len(), 1, "{gaps:?}");
            // Taken back, made again by taking that back, and taken back once more.
            let back = world.revert(&[op]).unwrap();
            assert!(back.operations[0].exact);
            assert_eq!(whole(&path), before, "{word}");
            world.revert(&[back.operations[0].op.unwrap()]).unwrap();
            assert_eq!(count(&world, "SELECT count(*) FROM SimulationFrameRecord"), 30 - frames);
            world.revert(&[op]).unwrap();
            assert_eq!(whole(&path), before, "{word}");
        }
    }
}

#[test]
fn a_frame_that_other_rows_refer_to_stays() {
    let world = lab("stack", 30);
    let note = "PRAGMA foreign_keys = OFF; \
         CREATE TABLE note (id INTEGER PRIMARY KEY, frame REFERENCES SimulationFrameRecord(id)); \
         INSERT INTO note VALUES (1, 12)";
    world.open_foreign().execute_batch(note).unwrap();
    let before = whole(&world.path("lab.db"));
    let refused = world.apply(build_request("create_lost_frames", json!({"frame_id": "12", "loss": "lost_frame"})));
    let refused = refused.unwrap_err();
    assert_eq!(refused.code, "foreign_key");
    assert!(refused.message.contains("note(frame) -> SimulationFrameRecord(id)"), "{}", refused.message);
    assert_eq!(whole(&world.path("lab.db")), before);
    let other =
        world.apply(build_request("create_lost_frames", json!({"frame_id": "20", "loss": "lost_frame"}))).unwrap();
    world.revert(&[other.op.unwrap()]).unwrap();
    assert_eq!(whole(&world.path("lab.db")), before);
}

#[test]
fn a_recording_is_marked_in_a_copy_unless_the_file_itself_is_meant() {
    let made = lab("resting", 12);
    let world = World::new();
    // As the recorder leaves it: nothing of mfm in it.
    let own = "DROP TABLE mfm_marker; DROP TABLE mfm_operation; VACUUM";
    made.open_foreign().execute_batch(own).unwrap();
    let path = world.path("run.db");
    std::fs::copy(made.path("lab.db"), &path).unwrap();
    let before = std::fs::read(&path).unwrap();
    let request = targets::mark::Request {
        target: world.url("run.db"),
        confirm: Some("run.db".into()),
        baseline: true,
        ..Default::default()
    };
    let wrong = targets::mark::Request { confirm: Some("other.db".into()), ..request.clone() };
    assert_eq!(targets::mark::run(&world.context(), &wrong).unwrap_err().code, "wrong_name");
    assert!(!world.path("run.mfm-copy.db").exists());
    let marked = targets::mark::run(&world.context(), &request).unwrap();
    assert_eq!(marked.copied_from.as_deref(), Some(world.url("run.db").as_str()));
    assert_eq!((marked.line.name.as_str(), marked.line.url.as_str()), ("run.mfm-copy", &*world.url("run.mfm-copy.db")));
    assert_eq!(std::fs::read(&path).unwrap(), before, "the file itself is as it was");
    assert_eq!(whole(&world.path("run.mfm-copy.db")), whole(&path));
    world.apply(request_of_a_fault()).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), before);
    // A second copy would take the first one's place.
    assert_eq!(targets::mark::run(&world.context(), &request).unwrap_err().code, "copy_exists");
    let in_place = targets::mark::Request { in_place: true, ..request.clone() };
    let marked = targets::mark::run(&world.context(), &in_place).unwrap();
    assert_eq!((marked.copied_from, marked.line.url), (None, world.url("run.db")));
    // What is marked already, and what mfm invented, needs no copy.
    let again = targets::mark::Request { target: "run".into(), ..request };
    assert_eq!(targets::mark::run(&world.context(), &again).unwrap().copied_from, None);
}

fn request_of_a_fault() -> mfm::ops::plan::Request {
    request_sample("create_unconverged_solver", "gave_up", 1, 5)
}
