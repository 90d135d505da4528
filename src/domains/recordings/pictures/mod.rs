//! Pictures of findings and records: charts of energies, speeds and touching pairs over frames, with the frames of
//! findings marked. Charts are data; the faces draw them.

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

/// The painter of this domain.
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
                // By address: two findings may be equal, and each has its own place in the list.
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
        let Some((subjects, at)) = record_subjects(kind, row) else { return Ok(None) };
        let window = resolve_window(at, snapshot)?;
        let mut charts = Vec::new();
        let mut unread = Vec::new();
        for subject in subjects {
            match chart::paint(subject, window, snapshot) {
                Ok(chart) => charts.extend(chart),
                Err(Pause::Ask(wanted)) => unread.extend(wanted),
                // A chart whose table is missing must not hide the others.
                Err(Pause::Refuse(_)) => {}
            }
        }
        // All that the charts need is asked for at once, not chart by chart.
        if !unread.is_empty() {
            return Err(Pause::Ask(unread));
        }
        let series = ChartSeries { over: FRAME.name, charts, at };
        Ok((!series.charts.is_empty()).then_some(RecordPicture::Series(series)))
    }
}

/// Returns the charts of a record, and its frame (`None` for a body, which is in many).
fn record_subjects(kind: &RecordKind, row: &Row<'_>) -> Option<(Vec<ChartSubject>, Option<i64>)> {
    let frame = row.integer("frame_id");
    Some(match kind.table {
        table if table == FRAME.name => (vec![ChartSubject::System, ChartSubject::Touches], row.integer("id")),
        table if table == COLLISION.name => {
            let pair = row.integer("body_a_id").zip(row.integer("body_b_id"))?;
            (vec![ChartSubject::Depth(pair), ChartSubject::Touches, ChartSubject::System], frame)
        }
        _ => {
            let body = row.integer("body_id")?;
            (vec![ChartSubject::Energy(body), ChartSubject::Speed(body), ChartSubject::TouchesOf(body)], frame)
        }
    })
}

/// Returns the window around a frame, or the first one without a frame. It needs the last id of the recording.
fn resolve_window(at: Option<i64>, snapshot: &Snapshot) -> Result<FrameWindow, Pause> {
    let last = Fetch::maximum(FRAME.name, "id");
    if !snapshot.has_answer(&last) {
        return Err(Pause::Ask(vec![last]));
    }
    let last = snapshot.maximum(FRAME.name, "id")?.unwrap_or(0);
    Ok(FrameWindow::around(at, last))
}

/// Charts, each with the findings that it shows.
type SubjectFindings<'f> = Vec<(ChartSubject, Vec<&'f Finding>)>;

/// Groups findings by their chart, in the order of the findings.
fn group_findings<'f>(findings: &[&'f Finding], snapshot: &Snapshot) -> SubjectFindings<'f> {
    let mut groups: SubjectFindings<'f> = Vec::new();
    for finding in findings {
        let Some(subject) = find_subject(finding, snapshot) else { continue };
        match groups.iter_mut().find(|(known, _)| *known == subject) {
            Some((_, mine)) => mine.push(*finding),
            None => groups.push((subject, vec![*finding])),
        }
    }
    groups
}

/// Returns the chart of a finding; `None` where nothing changes over frames.
fn find_subject(finding: &Finding, snapshot: &Snapshot) -> Option<ChartSubject> {
    let row = snapshot.table(finding.table).ok().and_then(|rows| rows.row(&finding.key));
    let body = row.and_then(|row| row.integer("body_id"));
    Some(match finding.table {
        table if table == SYSTEM_ENERGY.name => ChartSubject::System,
        table if table == FRAME.name => ChartSubject::Times,
        table if table == ENERGY.name => ChartSubject::Energy(body?),
        table if table == BODY_STATE.name => ChartSubject::Speed(body?),
        // A fault of a contact or of the solver shows best among the contacts of the frames around it.
        table if [COLLISION.name, CONTACT.name, FRICTION.name, UNIFIED.name, SOLVER.name].contains(&table) => {
            ChartSubject::Touches
        }
        // Rows written once, at the spawn of a body, have no history.
        table if [BODY.name, ASSET.name, OBJECT.name].contains(&table) => return None,
        _ => ChartSubject::System,
    })
}

/// Returns the frames that a finding concerns: its own row, if that is a frame, and related ones.
fn finding_frames(finding: &Finding) -> BTreeSet<i64> {
    let own = std::iter::once((finding.table, &finding.key));
    let mut frames = BTreeSet::new();
    for (table, key) in own.chain(finding.related.iter().map(|(table, key)| (*table, key))) {
        if let (true, Some(Value::Integer(frame))) = (table == FRAME.name, key.first()) {
            frames.insert(*frame);
        }
    }
    frames
}

/// Paints a chart around the first frame of its findings, with all their frames marked.
fn paint_marked(subject: ChartSubject, findings: &[&Finding], snapshot: &Snapshot) -> Result<Option<Chart>, Pause> {
    let wrong: BTreeSet<i64> = findings.iter().flat_map(|finding| finding_frames(finding)).collect();
    let window = resolve_window(wrong.first().copied(), snapshot)?;
    Ok(chart::paint(subject, window, snapshot)?.map(|chart| chart::mark_frames(chart, &wrong)))
}

/// Reads rows; none where the recording lacks the table, which a chart can do without.
fn read_optional_rows<'s>(snapshot: &'s Snapshot, query: &Fetch) -> Result<Vec<Row<'s>>, Pause> {
    match read_rows(snapshot, query) {
        Err(Pause::Refuse(Refusal::MissingTable { .. })) => Ok(Vec::new()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
