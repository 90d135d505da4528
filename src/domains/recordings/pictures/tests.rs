//! Pictures of recordings: which charts a record has, over which frames, and what findings mark.

use super::*;
use crate::domain::Domain;
use crate::domains::recordings::testing::{Database, recording};
use crate::domains::recordings::{Recordings, records};
use crate::model::Severity;

/// Runs work that pauses, reading what it asks for, until it is done.
fn run_to_end<T>(database: &Database, work: impl Fn(&Snapshot) -> Result<T, Pause>) -> T {
    let mut asked = Vec::new();
    loop {
        match work(&database.read_snapshot(asked.clone())) {
            Ok(done) => return done,
            Err(Pause::Ask(more)) => asked.extend(more),
            Err(other) => panic!("{other:?}"),
        }
    }
}

fn record_series(database: &Database, word: &str, id: i64) -> Option<ChartSeries> {
    let kind = records::KINDS.iter().find(|kind| kind.word == word).unwrap();
    let rules = Recordings.parse_rules("").unwrap();
    let picture = run_to_end(database, |snapshot| {
        let own = read_rows(snapshot, &Fetch::among(kind.table, "id", [Value::Integer(id)]))?;
        RecordingsPainter.paint_record(kind, &own[0], rules.as_ref(), snapshot)
    });
    picture.map(|picture| match picture {
        RecordPicture::Series(series) => series,
        other => panic!("{other:?}"),
    })
}

fn build_finding(table: &'static str, row: i64, frame: i64) -> Finding {
    let [key, frame] = [row, frame].map(|id| vec![Value::Integer(id)]);
    let related = vec![(FRAME.name, frame)];
    let (what, message) = ("x=1".to_owned(), "wrong".to_owned());
    Finding { check: "energy_chain", severity: Severity::High, table, key, related, what, message }
}

fn titles(series: &ChartSeries) -> Vec<&str> {
    series.charts.iter().map(|chart| chart.title.as_str()).collect()
}

#[test]
fn a_frame_shows_all_energy_and_a_body_its_own() {
    let database = recording("bouncing", 120, 1);
    let frame = record_series(&database, "frame", 60).unwrap();
    assert_eq!(titles(&frame), ["Energy of all bodies, frame by frame", "Touching pairs, frame by frame"]);
    assert_eq!((frame.over, frame.at, frame.place_in_hand()), (FRAME.name, Some(60), 59));
    let lines: Vec<&str> = frame.charts[0].lines.iter().map(|line| line.name).collect();
    assert_eq!(lines, ["kinetic", "potential", "total"]);
    let [kinetic, potential, total] = [0, 1, 2].map(|line| frame.charts[0].lines[line].dots[30].y);
    assert!((kinetic + potential - total).abs() < 1e-9, "{kinetic} {potential} {total}");
    let pairs: f64 = frame.charts[1].lines[0].dots.iter().map(|dot| dot.y).sum();
    assert_eq!(pairs, database.keys(COLLISION.name).len() as f64);
    assert_eq!(frame.charts[1].lines[0].dots.len(), 120, "frames without a contact count too");
    let body = record_series(&database, "body", 1).unwrap();
    assert_eq!(titles(&body).len(), 3);
    assert!(body.charts[1].lines[0].dots.iter().any(|dot| dot.y > 1.0), "it falls");
    let contact = record_series(&database, "contact", 1).unwrap();
    assert!(contact.charts[0].title.starts_with("Overlap of "), "{:?}", titles(&contact));
}

#[test]
fn findings_are_marked_in_a_picture_that_they_share() {
    let database = recording("bouncing", 60, 1);
    let findings = [build_finding(SYSTEM_ENERGY.name, 20, 20), build_finding(SYSTEM_ENERGY.name, 40, 40)];
    let findings: Vec<&Finding> = findings.iter().collect();
    let mut asked = vec![Fetch::among(SYSTEM_ENERGY.name, "id", [20, 40].map(Value::Integer))];
    for _ in 0..8 {
        let snapshot = database.read_snapshot(asked.clone());
        let more = RecordingsPainter.needed_fetches(&findings, &snapshot, 9);
        asked.extend(more.into_iter().filter(|fetch| !snapshot.has_answer(fetch)));
    }
    let snapshot = database.read_snapshot(asked);
    let rules = Recordings.parse_rules("").unwrap();
    let with = PictureContext { declared: &snapshot, gathered: &(), rules: rules.as_ref() };
    let gallery = RecordingsPainter.paint_findings(&findings, &snapshot, &with, 9);
    assert_eq!(gallery.of, [Some(0), Some(0)]);
    let [Picture::Chart(chart)] = gallery.pictures.as_slice() else { panic!("{gallery:?}") };
    let wrong: Vec<f64> = chart.lines[2].dots.iter().filter(|dot| dot.wrong).map(|dot| dot.x).collect();
    assert_eq!(wrong, [20.0, 40.0]);
    assert!(chart.lines[..2].iter().all(|line| line.dots.iter().all(|dot| !dot.wrong)));
}

#[test]
fn a_long_recording_is_shown_around_the_frame_in_hand() {
    assert_eq!(FrameWindow::around(Some(7), 1000), FrameWindow::around(None, 10), "all of it");
    assert_eq!(FrameWindow::around(Some(50_000), 100_000), FrameWindow::around(Some(50_000), 200_000));
    assert_ne!(FrameWindow::around(Some(1), 100_000), FrameWindow::around(Some(99_999), 100_000));
    assert_eq!(FrameWindow::around(Some(1), 100_000), FrameWindow::around(None, 100_000), "the beginning");
}

#[test]
fn what_is_not_recorded_leaves_the_rest() {
    let mut database = recording("bouncing", 20, 1);
    database.drop(COLLISION.name);
    assert_eq!(record_series(&database, "frame", 1).unwrap().charts.len(), 1);
    database.drop_column(SYSTEM_ENERGY.name, "total_linear_ke");
    assert_eq!(record_series(&database, "frame", 1).unwrap().charts[0].lines.len(), 2, "no kinetic energy is told");
    database.drop(SYSTEM_ENERGY.name);
    assert_eq!(record_series(&database, "frame", 1), None);
}
