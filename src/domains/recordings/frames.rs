//! The frames of a recording: their ids and times, which are asked for, and which are near.

use std::collections::BTreeMap;

use super::reading::{Reading, Stop};
use super::schema;
use crate::domain::query::QueryError;

/// How many ids an error names.
const NEAR: usize = 3;

/// All frames, by id.
#[derive(Debug, Default)]
pub struct Frames {
    ids: Vec<i64>,
    times: Vec<Option<f64>>,
    recorded: bool,
}

/// The table of frames, as an answer names it where it is missing.
pub const TABLE: &str = "SimulationFrameRecord";

impl Frames {
    /// Reads them.
    ///
    /// # Errors
    /// As [`Reading::scan`].
    pub fn read(reading: &Reading) -> Result<Self, Stop> {
        let Some(sheet) = reading.scan_table(&schema::FRAME, &["id", "simulation_time"])? else {
            return Ok(Self::default());
        };
        let (id, time) = (sheet.column_index("id"), sheet.column_index("simulation_time"));
        let mut rows: Vec<(i64, Option<f64>)> =
            sheet.rows().filter_map(|line| Some((line.integer_at(id)?, line.number_at(time)))).collect();
        rows.sort_by_key(|(id, _)| *id);
        let (ids, times) = rows.into_iter().unzip();
        Ok(Self { ids, times, recorded: true })
    }

    /// Tells whether the recording has a table of frames.
    #[must_use]
    pub const fn is_recorded(&self) -> bool {
        self.recorded
    }

    /// Returns how many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ids.len()
    }

    /// Tells whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Returns the first id.
    #[must_use]
    pub fn first(&self) -> Option<i64> {
        self.ids.first().copied()
    }

    /// Returns the last id.
    #[must_use]
    pub fn last(&self) -> Option<i64> {
        self.ids.last().copied()
    }

    /// Returns the ids, ascending.
    #[must_use]
    pub fn ids(&self) -> &[i64] {
        &self.ids
    }

    /// Returns the time of a frame, s.
    #[must_use]
    pub fn time(&self, id: i64) -> Option<f64> {
        self.ids.binary_search(&id).ok().and_then(|at| *self.times.get(at)?)
    }

    /// Returns the length of a frame's step, s: from the frame before, or from the start for the first.
    #[must_use]
    pub fn step(&self, id: i64) -> Option<f64> {
        let at = self.ids.binary_search(&id).ok()?;
        let time = (*self.times.get(at)?)?;
        match at.checked_sub(1) {
            // After a gap nobody knows how long the step was.
            Some(before) if self.ids.get(before).is_some_and(|other| other + 1 == id) => {
                Some(time - (*self.times.get(before)?)?)
            }
            Some(_) => None,
            None => (id == 1).then_some(time),
        }
    }

    /// Returns the usual length of a step, s: the median.
    #[must_use]
    pub fn usual_step(&self) -> Option<f64> {
        let mut steps: Vec<f64> =
            self.ids.iter().filter_map(|id| self.step(*id)).filter(|step| step.is_finite()).collect();
        steps.sort_by(f64::total_cmp);
        steps.get(steps.len() / 2).copied()
    }

    /// Returns the length of a frame's step, or the usual one where it is not known, s.
    #[must_use]
    pub fn step_or_usual(&self, id: i64) -> Option<f64> {
        self.step(id).filter(|step| step.is_finite() && *step > 0.0).or_else(|| self.usual_step())
    }

    /// Refuses a frame that is not there, and names the nearest ones.
    ///
    /// # Errors
    /// [`QueryError::Unknown`], or [`QueryError::NotRecorded`] where there are no frames.
    pub fn require(&self, id: i64) -> Result<(), QueryError> {
        self.refuse_none()?;
        if self.ids.binary_search(&id).is_ok() {
            return Ok(());
        }
        Err(QueryError::Unknown { what: "frame", given: id.to_string(), near: self.nearest_ids(id) })
    }

    /// Refuses a recording without frames.
    ///
    /// # Errors
    /// [`QueryError::NotRecorded`].
    pub fn refuse_none(&self) -> Result<(), QueryError> {
        let why = match (self.recorded, self.ids.is_empty()) {
            (false, _) => format!("the recording has no table {TABLE}: no frame is recorded"),
            (true, true) => "the recording has no frames: the run ended before its first step".to_owned(),
            (true, false) => return Ok(()),
        };
        Err(QueryError::NotRecorded(why))
    }

    fn nearest_ids(&self, id: i64) -> Vec<String> {
        let mut ids = self.ids.clone();
        ids.sort_by_key(|other| other.abs_diff(id));
        ids.truncate(NEAR);
        ids.sort_unstable();
        ids.iter().map(ToString::to_string).collect()
    }

    /// Returns a range of frames: from the first to the last where nothing is said.
    ///
    /// # Errors
    /// [`QueryError::Params`] for one that ends before it starts, [`QueryError::Unknown`] for one beside all frames.
    pub fn resolve_range(&self, start: Option<i64>, end: Option<i64>) -> Result<(i64, i64), QueryError> {
        self.refuse_none()?;
        let (first, last) = (self.first().unwrap_or(0), self.last().unwrap_or(0));
        let (start, end) = (start.unwrap_or(first), end.unwrap_or(last));
        if start > end {
            return Err(QueryError::Params(format!("start_frame {start} lies after end_frame {end}")));
        }
        if end < first || start > last {
            let given = format!("{start} to {end}");
            return Err(QueryError::Unknown { what: "frame", given, near: vec![format!("{first} to {last}")] });
        }
        Ok((start, end))
    }

    /// Returns the frame nearest to a time.
    #[must_use]
    pub fn at_time(&self, time: f64) -> Option<i64> {
        let timed = self.ids.iter().zip(&self.times).filter_map(|(id, other)| Some((*id, (*other)?)));
        timed.min_by(|one, two| (one.1 - time).abs().total_cmp(&(two.1 - time).abs())).map(|(id, _)| id)
    }

    /// Returns the gaps between ids: the last before one and the first after it.
    #[must_use]
    pub fn gaps(&self) -> Vec<(i64, i64)> {
        let pairs = self.ids.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)));
        pairs.filter(|(one, two)| one + 1 < *two).collect()
    }

    /// Returns the frames within a range.
    #[must_use]
    pub fn ids_within(&self, (first, last): (i64, i64)) -> &[i64] {
        let from = self.ids.partition_point(|id| *id < first);
        let to = self.ids.partition_point(|id| *id <= last);
        self.ids.get(from..to).unwrap_or_default()
    }
}

/// Returns what stands by frame, each frame's rows in their order.
pub fn by_frame<T>(rows: impl IntoIterator<Item = (i64, T)>) -> BTreeMap<i64, Vec<T>> {
    let mut frames: BTreeMap<i64, Vec<T>> = BTreeMap::new();
    for (frame, row) in rows {
        frames.entry(frame).or_default().push(row);
    }
    frames
}
