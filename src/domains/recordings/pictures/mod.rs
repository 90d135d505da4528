//! What a person would rather look at than read: energies, speeds and touching pairs over frames, and which of them
//! findings are about; draws nothing.

mod chart;

use std::collections::BTreeSet;

use self::chart::{Subject, Window};
use super::schema::{ASSET, BODY, BODY_STATE, COLLISION, CONTACT, ENERGY, FRAME, FRICTION, SOLVER, SYSTEM_ENERGY};
use super::schema::{OBJECT, UNIFIED};
use crate::domain::check::Rules;
use crate::domain::pause::{Pause, rows};
use crate::domain::picture::{Chart, Gallery, Gathered, Painter, Picture, RecordPicture, Series};
use crate::domain::record::RecordKind;
use crate::model::{Fetch, Finding, Refusal, Row, Snapshot, Value};

/// What paints the findings of this domain.
pub(super) struct RecordingsPainter;

impl Painter for RecordingsPainter {
    fn needs(&self, findings: &[&Finding], snapshot: &Snapshot, pictures_max: usize) -> Vec<Fetch> {
        let mut unread = Vec::new();
        for (subject, mine) in subjects(findings, snapshot).into_iter().take(pictures_max) {
            if let Err(Pause::Ask(wanted)) = painted(subject, &mine, snapshot) {
                unread.extend(wanted);
            }
        }
        unread
    }

    fn gallery(&self, findings: &[&Finding], snapshot: &Snapshot, _: &Gathered<'_>, pictures_max: usize) -> Gallery {
        let mut gallery = Gallery { pictures: Vec::new(), of: vec![None; findings.len()] };
        for (subject, mine) in subjects(findings, snapshot).into_iter().take(pictures_max) {
            let Ok(Some(chart)) = painted(subject, &mine, snapshot) else { continue };
            gallery.pictures.push(Picture::Chart(chart));
            let place = gallery.pictures.len() - 1;
            for (of, finding) in gallery.of.iter_mut().zip(findings) {
                if mine.iter().any(|own| std::ptr::eq(*own, *finding)) {
                    *of = Some(place);
                }
            }
        }
        gallery
    }

    fn record(
        &self,
        kind: &RecordKind,
        row: &Row<'_>,
        _: &dyn Rules,
        snapshot: &Snapshot,
    ) -> Result<Option<RecordPicture>, Pause> {
        let Some((subjects, at)) = of_record(kind, row) else { return Ok(None) };
        let window = window(at, snapshot)?;
        let mut charts = Vec::new();
        let mut unread = Vec::new();
        for subject in subjects {
            match chart::paint(subject, window, snapshot) {
                Ok(chart) => charts.extend(chart),
                Err(Pause::Ask(wanted)) => unread.extend(wanted),
                // One that is not recorded leaves the others.
                Err(Pause::Refuse(_)) => {}
            }
        }
        if !unread.is_empty() {
            return Err(Pause::Ask(unread));
        }
        let series = Series { over: FRAME.name, charts, at };
        Ok((!series.charts.is_empty()).then_some(RecordPicture::Series(series)))
    }
}

/// Returns what is shown of a record, and the frame in hand.
fn of_record(kind: &RecordKind, row: &Row<'_>) -> Option<(Vec<Subject>, Option<i64>)> {
    let frame = row.integer("frame_id");
    let of_body = |body: i64| vec![Subject::Energy(body), Subject::Speed(body), Subject::TouchesOf(body)];
    Some(match kind.table {
        table if table == FRAME.name => (vec![Subject::System, Subject::Touches], row.integer("id")),
        table if table == COLLISION.name => {
            let pair = row.integer("body_a_id").zip(row.integer("body_b_id"))?;
            (vec![Subject::Depth(pair), Subject::Touches, Subject::System], frame)
        }
        _ => (of_body(row.integer("body_id")?), frame),
    })
}

/// Returns the frames around the one in hand; without one, the first ones.
fn window(at: Option<i64>, snapshot: &Snapshot) -> Result<Window, Pause> {
    let last = Fetch::maximum(FRAME.name, "id");
    if !snapshot.has(&last) {
        return Err(Pause::Ask(vec![last]));
    }
    let last = snapshot.maximum(FRAME.name, "id")?.unwrap_or(0);
    Ok(Window::around(at, last))
}

/// A subject, and the findings that its picture shows.
type Shown<'f> = Vec<(Subject, Vec<&'f Finding>)>;

/// Returns what the pictures of findings are of, each once, in the order of the findings.
fn subjects<'f>(findings: &[&'f Finding], snapshot: &Snapshot) -> Shown<'f> {
    let mut shown: Shown<'f> = Vec::new();
    for finding in findings {
        let Some(subject) = subject(finding, snapshot) else { continue };
        match shown.iter_mut().find(|(known, _)| *known == subject) {
            Some((_, mine)) => mine.push(*finding),
            None => shown.push((subject, vec![*finding])),
        }
    }
    shown
}

/// Returns what the picture of a finding is of.
fn subject(finding: &Finding, snapshot: &Snapshot) -> Option<Subject> {
    let row = snapshot.table(finding.table).ok().and_then(|rows| rows.row(&finding.key));
    let body = row.and_then(|row| row.integer("body_id"));
    Some(match finding.table {
        table if table == SYSTEM_ENERGY.name => Subject::System,
        table if table == FRAME.name => Subject::Times,
        table if table == ENERGY.name => Subject::Energy(body?),
        table if table == BODY_STATE.name => Subject::Speed(body?),
        table if [COLLISION.name, CONTACT.name, FRICTION.name, UNIFIED.name, SOLVER.name].contains(&table) => {
            Subject::Touches
        }
        // What is said once, at the spawn, has no course.
        table if [BODY.name, ASSET.name, OBJECT.name].contains(&table) => return None,
        _ => Subject::System,
    })
}

/// Returns the frames that a finding is about.
fn frames(finding: &Finding) -> BTreeSet<i64> {
    let own = std::iter::once((finding.table, &finding.key));
    let places = own.chain(finding.related.iter().map(|(table, key)| (*table, key)));
    let of_frame = places.filter(|(table, _)| *table == FRAME.name);
    let number = |value: &Value| match value {
        Value::Integer(number) => Some(*number),
        _ => None,
    };
    of_frame.filter_map(|(_, key)| key.first().and_then(number)).collect()
}

/// Paints a subject around the first of the frames that findings are about, with these marked.
fn painted(subject: Subject, findings: &[&Finding], snapshot: &Snapshot) -> Result<Option<Chart>, Pause> {
    let wrong: BTreeSet<i64> = findings.iter().flat_map(|finding| frames(finding)).collect();
    let window = window(wrong.first().copied(), snapshot)?;
    Ok(chart::paint(subject, window, snapshot)?.map(|chart| chart::marked(chart, &wrong)))
}

/// Reads rows that a picture can do without.
fn optional<'s>(snapshot: &'s Snapshot, query: &Fetch) -> Result<Vec<Row<'s>>, Pause> {
    match rows(snapshot, query) {
        Err(Pause::Refuse(Refusal::MissingTable { .. })) => Ok(Vec::new()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
