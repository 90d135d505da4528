//! What a person would rather look at than read: energies, speeds and touching pairs over frames, and which of them
//! findings are about; draws nothing.

mod chart;

use std::collections::BTreeSet;

use self::chart::{ChartSubject, FrameWindow};
use super::schema::{ASSET, BODY, BODY_STATE, COLLISION, CONTACT, ENERGY, FRAME, FRICTION, SOLVER, SYSTEM_ENERGY};
use super::schema::{OBJECT, UNIFIED};
use crate::domain::check::Rules;
use crate::domain::pause::{Pause, read_rows};
use crate::domain::picture::{Chart, ChartSeries, Gallery, Painter, Picture, PictureContext, RecordPicture};
use crate::domain::record::RecordKind;
use crate::model::{Fetch, Finding, Refusal, Row, Snapshot, Value};

/// What paints the findings of this domain.
pub(super) struct RecordingsPainter;

impl Painter for RecordingsPainter {
    fn needed_fetches(&self, findings: &[&Finding], snapshot: &Snapshot, pictures_max: usize) -> Vec<Fetch> {
        let mut unread = Vec::new();
        for (subject, mine) in group_findings(findings, snapshot).into_iter().take(pictures_max) {
            if let Err(Pause::Ask(wanted)) = paint_marked(subject, &mine, snapshot) {
                unread.extend(wanted);
            }
        }
        unread
    }

    fn paint_findings(
        &self,
        findings: &[&Finding],
        snapshot: &Snapshot,
        _: &PictureContext<'_>,
        pictures_max: usize,
    ) -> Gallery {
        let mut gallery = Gallery { pictures: Vec::new(), of: vec![None; findings.len()] };
        for (subject, mine) in group_findings(findings, snapshot).into_iter().take(pictures_max) {
            let Ok(Some(chart)) = paint_marked(subject, &mine, snapshot) else { continue };
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

    fn paint_record(
        &self,
        kind: &RecordKind,
        row: &Row<'_>,
        _: &dyn Rules,
        snapshot: &Snapshot,
    ) -> Result<Option<RecordPicture>, Pause> {
        let Some((subjects, at)) = of_record(kind, row) else { return Ok(None) };
        let window = resolve_window(at, snapshot)?;
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
        let series = ChartSeries { over: FRAME.name, charts, at };
        Ok((!series.charts.is_empty()).then_some(RecordPicture::Series(series)))
    }
}

/// Returns what is shown of a record, and the frame in hand.
fn of_record(kind: &RecordKind, row: &Row<'_>) -> Option<(Vec<ChartSubject>, Option<i64>)> {
    let frame = row.integer("frame_id");
    let of_body =
        |body: i64| vec![ChartSubject::Energy(body), ChartSubject::Speed(body), ChartSubject::TouchesOf(body)];
    Some(match kind.table {
        table if table == FRAME.name => (vec![ChartSubject::System, ChartSubject::Touches], row.integer("id")),
        table if table == COLLISION.name => {
            let pair = row.integer("body_a_id").zip(row.integer("body_b_id"))?;
            (vec![ChartSubject::Depth(pair), ChartSubject::Touches, ChartSubject::System], frame)
        }
        _ => (of_body(row.integer("body_id")?), frame),
    })
}

/// Returns the frames around the one in hand; without one, the first ones.
fn resolve_window(at: Option<i64>, snapshot: &Snapshot) -> Result<FrameWindow, Pause> {
    let last = Fetch::maximum(FRAME.name, "id");
    if !snapshot.has_answer(&last) {
        return Err(Pause::Ask(vec![last]));
    }
    let last = snapshot.maximum(FRAME.name, "id")?.unwrap_or(0);
    Ok(FrameWindow::around(at, last))
}

/// A subject, and the findings that its picture shows.
type SubjectFindings<'f> = Vec<(ChartSubject, Vec<&'f Finding>)>;

/// Returns what the pictures of findings are of, each once, in the order of the findings.
fn group_findings<'f>(findings: &[&'f Finding], snapshot: &Snapshot) -> SubjectFindings<'f> {
    let mut shown: SubjectFindings<'f> = Vec::new();
    for finding in findings {
        let Some(subject) = find_subject(finding, snapshot) else { continue };
        match shown.iter_mut().find(|(known, _)| *known == subject) {
            Some((_, mine)) => mine.push(*finding),
            None => shown.push((subject, vec![*finding])),
        }
    }
    shown
}

/// Returns what the picture of a finding is of.
fn find_subject(finding: &Finding, snapshot: &Snapshot) -> Option<ChartSubject> {
    let row = snapshot.table(finding.table).ok().and_then(|rows| rows.row(&finding.key));
    let body = row.and_then(|row| row.integer("body_id"));
    Some(match finding.table {
        table if table == SYSTEM_ENERGY.name => ChartSubject::System,
        table if table == FRAME.name => ChartSubject::Times,
        table if table == ENERGY.name => ChartSubject::Energy(body?),
        table if table == BODY_STATE.name => ChartSubject::Speed(body?),
        table if [COLLISION.name, CONTACT.name, FRICTION.name, UNIFIED.name, SOLVER.name].contains(&table) => {
            ChartSubject::Touches
        }
        // What is said once, at the spawn, has no course.
        table if [BODY.name, ASSET.name, OBJECT.name].contains(&table) => return None,
        _ => ChartSubject::System,
    })
}

/// Returns the frames that a finding is about.
fn finding_frames(finding: &Finding) -> BTreeSet<i64> {
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
fn paint_marked(subject: ChartSubject, findings: &[&Finding], snapshot: &Snapshot) -> Result<Option<Chart>, Pause> {
    let wrong: BTreeSet<i64> = findings.iter().flat_map(|finding| finding_frames(finding)).collect();
    let window = resolve_window(wrong.first().copied(), snapshot)?;
    Ok(chart::paint(subject, window, snapshot)?.map(|chart| chart::mark_frames(chart, &wrong)))
}

/// Reads rows that a picture can do without.
fn read_optional_rows<'s>(snapshot: &'s Snapshot, query: &Fetch) -> Result<Vec<Row<'s>>, Pause> {
    match read_rows(snapshot, query) {
        Err(Pause::Refuse(Refusal::MissingTable { .. })) => Ok(Vec::new()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
