//! Slow, failing, huge and tampered targets: every key is answered at once, and what went wrong is said where one looks.

use mfm::model::KeyPage;
use mfm::ops::browse::Outcome;
use mfm::ops::{Failure, FailureKind as Sort};
use mfm::tui::Screen;
use mfm::tui::job::{Job, JobAnswer, JobLane};
use mfm::tui::message::Message;
use mfm::tui::screens::records::{KEPT, PAGE};

use crate::screens::BREAK;
use crate::world::{World, record};

/// A table that nobody could hold: a million control points, and how many pages of it were asked for.
struct Huge {
    world: World,
    pages: u32,
}

const HUGE: i64 = 1_000_000;

impl Huge {
    fn new() -> Self {
        let mut world = World::new((120, 40));
        world.holds = vec![JobLane::List, JobLane::Count, JobLane::Record];
        world.press("3 right right right");
        let mut huge = Self { world, pages: 0 };
        huge.serve();
        huge
    }

    fn serve(&mut self) {
        while let Some((ticket, job)) = self.world.held.pop() {
            let answer = match job {
                Job::Page(request) => {
                    self.pages += 1;
                    let outcome = page(&request.page);
                    JobAnswer::Page(request, Box::new(outcome))
                }
                Job::Count { .. } => JobAnswer::Count(HUGE as u64),
                _ => JobAnswer::Failed(Box::new(Failure::usage("test", "not here", ""))),
            };
            self.world.tell(Message::Done { ticket, answer });
        }
    }

    fn press(&mut self, script: &str) {
        for word in script.split(' ') {
            self.world.press(word);
            self.serve();
        }
    }

    fn at(&self) -> i64 {
        self.world.state.records.in_hand().unwrap().id
    }
}

fn page(page: &KeyPage) -> Outcome {
    let limit = i64::from(page.limit);
    let ids: Vec<i64> = if page.backwards {
        let end = page.from.unwrap_or(HUGE + 1);
        ((end - limit).max(1)..end).rev().collect()
    } else {
        let first = page.from.unwrap_or(0) + 1;
        (first..(first + limit).min(HUGE + 1)).collect()
    };
    Outcome { more: ids.len() as u64 == u64::from(page.limit), records: ids.into_iter().map(record).collect() }
}

#[test]
fn a_million_rows_are_walked_through_and_few_are_kept() {
    let mut huge = Huge::new();
    huge.world.sees("points: 1 000 000");
    for _ in 0..400 {
        huge.press("pgdn");
        assert!(huge.world.state.records.rows.len() <= KEPT + PAGE as usize);
    }
    let far = huge.at();
    assert!(far > 10_000, "{far}");
    assert!(i64::from(huge.pages) * i64::from(PAGE) < far + 1_000, "{} pages for {far} rows", huge.pages);
    for _ in 0..100 {
        huge.press("up");
    }
    assert_eq!(huge.at(), far - 100);
    huge.press("end");
    assert_eq!(huge.at(), HUGE);
    for _ in 0..40 {
        huge.press("pgup");
    }
    assert!(huge.at() < HUGE - 1_000);
    huge.press("home");
    assert_eq!(huge.at(), 1);
    huge.press("/ \"654321 enter");
    assert_eq!(huge.at(), 654_321);
    for expected in [654_320, 654_319] {
        huge.press("up");
        assert_eq!(huge.at(), expected);
    }
    let ids: Vec<i64> = huge.world.state.records.rows.iter().map(|row| row.id).collect();
    assert!(ids.windows(2).all(|pair| pair[0] + 1 == pair[1]), "rows are lost or stand twice");
}

#[test]
fn a_key_that_is_held_loses_no_step_while_pages_are_on_their_way() {
    let mut huge = Huge::new();
    for _ in 0..1_500 {
        huge.world.press("down");
    }
    huge.serve();
    assert_eq!(huge.at(), 1_501);
    huge.world.press("down up");
    assert_eq!(huge.at(), 1_501);
}

#[test]
fn what_others_commit_is_seen_without_a_key() {
    let mut world = World::new((120, 40));
    world.press("v").sees("entries verified");
    world.somebody_breaks();
    (0..40).for_each(|_| world.tell(Message::Tick));
    world.sees("Faults in effect: 1").sees("not verified yet");
}

#[test]
fn a_slow_target_blocks_no_key() {
    let mut world = World::new((120, 40));
    world.holds = vec![
        JobLane::List,
        JobLane::Count,
        JobLane::Record,
        JobLane::Preview,
        JobLane::Check,
        JobLane::Log,
        JobLane::Journal,
    ];
    world.press("3").sees("reading ...");
    world.press("c").sees("checking");
    world.press("2 down").sees("create_invalid_angles");
    world.press("5 7 1 ?").sees("Keys on Overview");
    world.press("esc 3");
    world.tell(Message::Resize(80, 24));
    world.tell(Message::Tick);
    world.release();
    world.sees("patients: 6");
    assert!(!world.state.lanes.is_busy());
}

#[test]
fn an_answer_that_was_overtaken_changes_nothing() {
    let mut world = World::new((120, 40));
    world.holds = vec![JobLane::List];
    world.press("3 right right");
    world.release();
    assert_eq!(world.state.records.kind.word, "field");
    assert!(world.state.records.rows.iter().all(|row| (5000..6000).contains(&row.id)));
}

#[test]
fn a_target_that_is_gone_is_said_everywhere_and_comes_back() {
    let mut world = World::new((120, 40));
    let away = world.dir.path().join("away.db");
    world.press("3");
    std::fs::rename(world.lab(), &away).unwrap();
    world.press("1 f5").sees("guarded:");
    insta::assert_snapshot!("gone_120x40", world.screen());
    world.press("v").sees("could not be read");
    world.press("3 f5").sees("[target_absent]");
    std::fs::rename(&away, world.lab()).unwrap();
    world.press("f5").sees("patients: 6");
}

#[test]
fn an_empty_folder_says_what_to_do_first() {
    for size in crate::world::SIZES {
        let mut world = World::bare_in(size, std::path::Path::new("/tmp"));
        world.begin();
        insta::assert_snapshot!(
            format!("no_journal_{}x{}", size.0, size.1),
            world.screen().replace(&world.journal().display().to_string(), "journal.db")
        );
        for screen in ["2", "3", "4", "5", "6", "7"] {
            world.press(screen);
            world.screen();
        }
    }
}

#[test]
fn tampering_is_found_and_said_in_red() {
    let mut world = World::new((120, 40));
    world.press(BREAK);
    let journal = rusqlite::Connection::open(world.journal()).unwrap();
    journal
        .execute_batch("DROP TRIGGER IF EXISTS entry_no_update; UPDATE entry SET actor = 'nobody' WHERE seq = 3;")
        .unwrap_or(());
    let triggers: Vec<String> = journal
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    triggers.iter().for_each(|name| journal.execute_batch(&format!("DROP TRIGGER {name}")).unwrap());
    journal.execute("UPDATE entry SET actor = 'nobody' WHERE seq = 3", []).unwrap();
    world.press("v").sees("What the audit found").sees("is missing [schema]");
    world.press("esc").sees("of the audit");
    world.press("7").sees("HAS DISCREPANCIES");
    world.press("1").sees("of the audit");
}

#[test]
fn a_failure_in_the_middle_of_writing_is_said_and_everything_is_read_anew() {
    let mut world = World::new((120, 40));
    world.holds = vec![JobLane::Act];
    world.press("3 enter down b enter right right a y").sees("committing the fault");
    world.holds.clear();
    world.fail(&Failure::new(Sort::Target, "target_busy", "another program holds the lock", "try again"));
    world.sees("another program holds the lock [target_busy]: try again");
    assert_eq!(world.state.screen, Screen::Plan);
    assert!(world.state.plan.preview.is_some(), "the plan was made anew");
}

#[test]
fn text_from_the_database_cannot_reach_the_terminal() {
    let mut world = World::new((250, 40));
    let lab = rusqlite::Connection::open(world.lab()).unwrap();
    lab.execute("UPDATE TxField SET Field_Name = ?1 WHERE FLD_ID = 5001", ["\x1b[2J\x07evil\u{9b}31m"]).unwrap();
    world.press("3 enter");
    let buffer = world.buffer();
    let control = buffer.content.iter().any(|cell| cell.symbol().chars().any(char::is_control));
    assert!(!control);
    world.sees("evil");
}
