//! Pictures for findings and records: leaves, angles, shifts and days as numbers for the faces to draw. Draws nothing.

mod aperture;
mod chart;
mod day;
mod film;
mod offsets;
mod records;
mod widths;

use std::collections::{BTreeMap, BTreeSet};

use mfm_journal::Change;

pub use self::aperture::LeafGeometry;
pub use self::day::{Lanes, build_day, day_queries};
pub use self::film::{build_film, queries as film_queries};
pub use self::offsets::{build_offset_chart, offsets_queries};
use super::leaves::POINTS;
use super::machines::Machines;
use super::rules::Rules;
use crate::domain::check as domain;
use crate::domain::pause::Pause;
use crate::domain::picture::{Film, Gallery, Painter, Picture, PictureContext, RecordPicture};
use crate::domain::record::RecordKind;
use crate::model::snapshot::key_form;
use crate::model::{Fetch, Finding, Key, Row, Snapshot, Value};

pub(super) struct MosaiqPainter;

impl Painter for MosaiqPainter {
    fn needed_fetches(&self, findings: &[&Finding], snapshot: &Snapshot, pictures_max: usize) -> Vec<Fetch> {
        gallery_queries(findings, snapshot, pictures_max)
    }

    fn paint_findings(
        &self,
        findings: &[&Finding],
        snapshot: &Snapshot,
        with: &PictureContext<'_>,
        pictures_max: usize,
    ) -> Gallery {
        // Without gathered machines, what the rules say and the leaves themselves have to do.
        let none = Machines::default();
        let machines = with.gathered.downcast_ref().unwrap_or(&none);
        let counting = LeafGeometry::new(with.declared, machines, Rules::from_domain(with.rules));
        build_gallery(findings, snapshot, &counting, pictures_max)
    }

    fn paint_record(
        &self,
        kind: &RecordKind,
        row: &Row<'_>,
        rules: &dyn domain::Rules,
        snapshot: &Snapshot,
    ) -> Result<Option<RecordPicture>, Pause> {
        records::build_picture(kind, row, Rules::from_domain(rules), snapshot)
    }

    fn find_subject(&self, changes: &[Change], snapshot: &Snapshot) -> Result<Option<i64>, Pause> {
        records::find_subject_field(changes, snapshot)
    }

    fn film_needs(&self, subject: i64) -> Vec<Fetch> {
        records::of_field(subject).into()
    }

    fn build_film(&self, subject: i64, rules: &dyn domain::Rules, snapshot: &Snapshot) -> Option<Film> {
        records::film_of(subject, Rules::from_domain(rules), snapshot)
    }
}

const SHIFTS: &str = "Offset";

/// The subject of a picture. Findings with the same subject share a picture.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    /// The leaves of a control point.
    Leaves(Key),
    /// The angles of a field.
    Angles(Value),
    /// The control-point index of a field.
    Index(Value),
    /// The shifts of a site.
    Shifts(Value),
}

/// Rows of a table by field or site.
type RowsByValue<'s> = BTreeMap<Value, Vec<Row<'s>>>;

/// Returns the queries for at most `pictures_max` pictures, beyond the rows that the findings name.
#[must_use]
pub fn gallery_queries(findings: &[&Finding], snapshot: &Snapshot, pictures_max: usize) -> Vec<Fetch> {
    let subjects: Vec<Option<Subject>> = findings.iter().map(|finding| find_subject(finding, snapshot)).collect();
    let (fields, sites) = group_subjects(&select_subjects(&subjects, pictures_max));
    let mut queries = Vec::new();
    for (table, column, values) in [(POINTS, "FLD_ID", fields), (SHIFTS, "SIT_SET_ID", sites)] {
        if !values.is_empty() {
            queries.push(Fetch::among(table, column, values.into_iter().cloned()));
        }
    }
    queries
}

/// Returns the first distinct subjects in the order of the findings.
fn select_subjects(subjects: &[Option<Subject>], pictures_max: usize) -> Vec<&Subject> {
    let (mut seen, mut order) = (BTreeSet::new(), Vec::new());
    for subject in subjects.iter().flatten() {
        if order.len() < pictures_max && seen.insert(subject) {
            order.push(subject);
        }
    }
    order
}

/// Returns the fields and the sites among the subjects.
fn group_subjects<'s>(subjects: &[&'s Subject]) -> (BTreeSet<&'s Value>, BTreeSet<&'s Value>) {
    let (mut fields, mut sites) = (BTreeSet::new(), BTreeSet::new());
    for subject in subjects {
        match subject {
            Subject::Leaves(_) => {}
            Subject::Angles(field) | Subject::Index(field) => drop(fields.insert(field)),
            Subject::Shifts(site) => drop(sites.insert(site)),
        }
    }
    (fields, sites)
}

/// Returns at most `pictures_max` pictures for findings, and for each finding the index of its picture.
#[must_use]
pub fn build_gallery(
    findings: &[&Finding],
    snapshot: &Snapshot,
    counting: &LeafGeometry<'_>,
    pictures_max: usize,
) -> Gallery {
    let subjects: Vec<Option<Subject>> = findings.iter().map(|finding| find_subject(finding, snapshot)).collect();
    let order = select_subjects(&subjects, pictures_max);
    let painter = PictureBuilder::new(&order, snapshot, counting);
    let (mut pictures, mut places) = (Vec::new(), BTreeMap::new());
    for subject in order {
        let same = subjects.iter().zip(findings).filter(|(other, _)| other.as_ref() == Some(subject));
        let own: Vec<&Finding> = same.map(|(_, finding)| *finding).collect();
        // Some subjects have nothing to draw; they take no index.
        if let Some(picture) = painter.paint(subject, &own) {
            places.insert(subject, pictures.len());
            pictures.push(picture);
        }
    }
    let of = subjects.iter().map(|subject| places.get(subject.as_ref()?).copied()).collect();
    Gallery { pictures, of }
}

/// Returns the subject of a finding's picture; `None` if the check has no picture.
fn find_subject(finding: &Finding, snapshot: &Snapshot) -> Option<Subject> {
    let row = snapshot.table(finding.table).ok().and_then(|rows| rows.row(&finding.key));
    let [field, site] = ["FLD_ID", "SIT_SET_ID"]
        .map(|column| row.and_then(|row| row.cell(column)).filter(|cell| !cell.is_null()).map(key_form));
    match super::checks::find(finding.check)?.card().group {
        "mlc" | "leaf_counts" => {
            // A finding about a whole field names a control point among its related rows.
            let rows = std::iter::once((finding.table, &finding.key));
            let related = finding.related.iter().map(|(table, key)| (*table, key));
            rows.chain(related).find(|(table, _)| *table == POINTS).map(|(_, key)| Subject::Leaves(key.clone()))
        }
        "angles" | "control_points" => field.map(Subject::Angles),
        "metersets" if finding.check == "meterset_index" => field.map(Subject::Index),
        "offsets" => site.map(Subject::Shifts),
        _ => None,
    }
}

/// The rows that pictures are built from.
struct PictureBuilder<'s> {
    snapshot: &'s Snapshot,
    points: RowsByValue<'s>,
    shifts: RowsByValue<'s>,
    counting: &'s LeafGeometry<'s>,
}

impl<'s> PictureBuilder<'s> {
    fn new(subjects: &[&Subject], snapshot: &'s Snapshot, counting: &'s LeafGeometry<'s>) -> Self {
        let (fields, sites) = group_subjects(subjects);
        Self {
            snapshot,
            points: group_rows(snapshot, POINTS, "FLD_ID", &fields),
            shifts: group_rows(snapshot, SHIFTS, "SIT_SET_ID", &sites),
            counting,
        }
    }

    fn paint(&self, subject: &Subject, findings: &[&Finding]) -> Option<Picture> {
        match subject {
            Subject::Leaves(key) => {
                let row = self.snapshot.table(POINTS).ok()?.row(key)?;
                self.counting.build_aperture(&row).map(Picture::Aperture)
            }
            Subject::Angles(field) => {
                chart::build_angle_chart(field, self.points.get(field)?, findings).map(Picture::Chart)
            }
            Subject::Index(field) => chart::build_index_chart(field, self.points.get(field)?).map(Picture::Chart),
            Subject::Shifts(site) => {
                chart::build_shift_chart(site, self.shifts.get(site)?, findings).map(Picture::Chart)
            }
        }
    }
}

/// Groups the rows of a table whose column holds one of the values.
fn group_rows<'s>(snapshot: &'s Snapshot, table: &str, column: &str, values: &BTreeSet<&Value>) -> RowsByValue<'s> {
    let mut groups = RowsByValue::new();
    let Ok(rows) = snapshot.table(table) else { return groups };
    for row in rows.rows().filter(|_| !values.is_empty()) {
        if let Some(value) = row.cell(column).map(key_form).filter(|value| values.contains(value)) {
            groups.entry(value).or_default().push(row);
        }
    }
    groups
}
