//! What a person would rather look at than read: leaves, angles and shifts around a finding, as numbers; draws nothing.

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

/// What paints the findings of this domain.
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

/// The table of patient shifts.
const SHIFTS: &str = "Offset";

/// What a picture is of.
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

/// Rows of a table by what they belong to.
type RowsByValue<'s> = BTreeMap<Value, Vec<Row<'s>>>;

/// Returns what has to be read to paint pictures for findings, at most so many, beside the rows that these name.
#[must_use]
pub fn gallery_queries(findings: &[&Finding], snapshot: &Snapshot, pictures_max: usize) -> Vec<Fetch> {
    let subjects: Vec<Option<Subject>> = findings.iter().map(|finding| find_subject(finding, snapshot)).collect();
    let (fields, sites) = group_subjects(&select_subjects(&subjects, pictures_max));
    let query = |(table, column, wanted): (&str, &str, BTreeSet<&Value>)| {
        (!wanted.is_empty()).then(|| Fetch::among(table, column, wanted.into_iter().cloned()))
    };
    [(POINTS, "FLD_ID", fields), (SHIFTS, "SIT_SET_ID", sites)].into_iter().filter_map(query).collect()
}

/// Returns the first subjects, each once.
fn select_subjects(subjects: &[Option<Subject>], pictures_max: usize) -> Vec<&Subject> {
    let (mut seen, mut order) = (BTreeSet::new(), Vec::new());
    for subject in subjects.iter().flatten() {
        if order.len() < pictures_max && seen.insert(subject) {
            order.push(subject);
        }
    }
    order
}

/// Returns the fields whose control points are shown, and the sites whose shifts are.
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

/// Returns pictures for findings, at most so many, from the rows that they name and those that were needed besides.
#[must_use]
pub fn build_gallery(
    findings: &[&Finding],
    snapshot: &Snapshot,
    counting: &LeafGeometry<'_>,
    pictures_max: usize,
) -> Gallery {
    let subjects: Vec<Option<Subject>> = findings.iter().map(|finding| find_subject(finding, snapshot)).collect();
    let order = select_subjects(&subjects, pictures_max);
    let places: BTreeMap<&Subject, usize> = order.iter().enumerate().map(|(at, subject)| (*subject, at)).collect();
    let painter = PictureBuilder::new(&order, snapshot, counting);
    let of_subject = |subject: &Subject| {
        let same = subjects.iter().zip(findings).filter(|(other, _)| other.as_ref() == Some(subject));
        same.map(|(_, finding)| *finding).collect::<Vec<_>>()
    };
    let painted: Vec<Option<Picture>> =
        order.iter().map(|subject| painter.paint(subject, &of_subject(subject))).collect();
    let mut pictures = Vec::new();
    let kept: Vec<Option<usize>> = painted
        .into_iter()
        .map(|picture| {
            pictures.push(picture?);
            Some(pictures.len() - 1)
        })
        .collect();
    let of = subjects.iter().map(|subject| *kept.get(*places.get(subject.as_ref()?)?)?).collect();
    Gallery { pictures, of }
}

/// Returns what the picture of a finding is of.
fn find_subject(finding: &Finding, snapshot: &Snapshot) -> Option<Subject> {
    let row = snapshot.table(finding.table).ok().and_then(|rows| rows.row(&finding.key));
    let of = |column: &str| row.and_then(|row| row.cell(column)).filter(|cell| !cell.is_null()).map(key_form);
    match super::checks::find(finding.check)?.card().group {
        "mlc" | "leaf_counts" => {
            let rows = std::iter::once((finding.table, &finding.key));
            let related = finding.related.iter().map(|(table, key)| (*table, key));
            rows.chain(related).find(|(table, _)| *table == POINTS).map(|(_, key)| Subject::Leaves(key.clone()))
        }
        "angles" | "control_points" => of("FLD_ID").map(Subject::Angles),
        "metersets" if finding.check == "meterset_index" => of("FLD_ID").map(Subject::Index),
        "offsets" => of("SIT_SET_ID").map(Subject::Shifts),
        _ => None,
    }
}

/// What pictures are made from: the rows that belong to their subjects.
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

/// Returns the rows of a table that belong to any of these.
fn group_rows<'s>(snapshot: &'s Snapshot, table: &str, column: &str, wanted: &BTreeSet<&Value>) -> RowsByValue<'s> {
    let mut found = RowsByValue::new();
    let Ok(rows) = snapshot.table(table) else { return found };
    for row in rows.rows().filter(|_| !wanted.is_empty()) {
        if let Some(value) = row.cell(column).map(key_form).filter(|value| wanted.contains(value)) {
            found.entry(value).or_default().push(row);
        }
    }
    found
}
