//! The frames of a recording: their ids and times, the lengths of their steps, and the gaps between them.

use std::collections::BTreeMap;

use super::reading::{Reading, Stop};
use super::schema;
use crate::domain::query::QueryError;

/// The most ids that an error lists.
const NEAR: usize = 3;

/// All frames, by id.
#[derive(Debug, Default)]
pub struct Frames {
    ids: Vec<i64>,
    times: Vec<Option<f64>>,
    recorded: bool,
}

/// The name of the table of frames, for answers about a recording without it.
pub const TABLE: &str = "SimulationFrameRecord";

impl Frames {
    /// Reads all frames and sorts them by id; without the table there are none.
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
        // Lookups by id are binary searches.
        rows.sort_by_key(|(id, _)| *id);
        let (ids, times) = rows.into_iter().unzip();
        Ok(Self { ids, times, recorded: true })
    }

    /// Returns whether the recording has a table of frames.
    #[must_use]
    pub const fn is_recorded(&self) -> bool {
        self.recorded
    }

    /// Returns the number of frames.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ids.len()
    }

    /// Returns whether the recording has no frames.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Returns the smallest frame id; `None` without frames.
    #[must_use]
    pub fn first(&self) -> Option<i64> {
        self.ids.first().copied()
    }

    /// Returns the largest frame id; `None` without frames.
    #[must_use]
    pub fn last(&self) -> Option<i64> {
        self.ids.last().copied()
    }

    /// Returns all frame ids, ascending.
    #[must_use]
    pub fn ids(&self) -> &[i64] {
        &self.ids
    }

    /// Returns the simulation time of a frame, s; `None` for an unknown frame or a NULL time.
    #[must_use]
    pub fn time(&self, id: i64) -> Option<f64> {
        self.ids.binary_search(&id).ok().and_then(|at| *self.times.get(at)?)
    }

    /// Returns the length of a frame's step, s: since the frame before, or since time 0 for frame 1. `None` after a
    /// gap.
    #[must_use]
    pub fn step(&self, id: i64) -> Option<f64> {
        let at = self.ids.binary_search(&id).ok()?;
        let time = (*self.times.get(at)?)?;
        match at.checked_sub(1) {
            Some(before) if self.ids.get(before).is_some_and(|other| other + 1 == id) => {
                Some(time - (*self.times.get(before)?)?)
            }
            // After a gap, the difference of the times covers several steps.
            Some(_) => None,
            None => (id == 1).then_some(time),
        }
    }

    /// Returns the median length of a step, s; `None` where no two frames follow each other.
    #[must_use]
    pub fn usual_step(&self) -> Option<f64> {
        let mut steps: Vec<f64> =
            self.ids.iter().filter_map(|id| self.step(*id)).filter(|step| step.is_finite()).collect();
        steps.sort_by(f64::total_cmp);
        steps.get(steps.len() / 2).copied()
    }

    /// Returns the length of a frame's step, s; the median where it is unknown or not positive.
    #[must_use]
    pub fn step_or_usual(&self, id: i64) -> Option<f64> {
        self.step(id).filter(|step| step.is_finite() && *step > 0.0).or_else(|| self.usual_step())
    }

    /// Checks that a frame exists.
    ///
    /// # Errors
    /// [`QueryError::Unknown`] with the nearest ids, or [`QueryError::NotRecorded`] where there are no frames.
    pub fn require(&self, id: i64) -> Result<(), QueryError> {
        self.refuse_none()?;
        if self.ids.binary_search(&id).is_ok() {
            return Ok(());
        }
        Err(QueryError::Unknown { what: "frame", given: id.to_string(), near: self.nearest_ids(id) })
    }

    /// Checks that the recording has frames.
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

    /// Returns a range of frames with its defaults filled in: the first and the last frame.
    ///
    /// # Errors
    /// [`QueryError::Params`] for a range that ends before it starts, [`QueryError::Unknown`] for one that lies before
    /// or after all frames.
    pub fn resolve_range(&self, start: Option<i64>, end: Option<i64>) -> Result<(i64, i64), QueryError> {
        self.refuse_none()?;
        let (first, last) = (self.first().unwrap_or(0), self.last().unwrap_or(0));
        let (start, end) = (start.unwrap_or(first), end.unwrap_or(last));
        if start > end {
            return Err(QueryError::Params(format!("start_frame {start} is after end_frame {end}")));
        }
        if end < first || start > last {
            let given = format!("{start} to {end}");
            return Err(QueryError::Unknown { what: "frame", given, near: vec![format!("{first} to {last}")] });
        }
        Ok((start, end))
    }

    /// Returns the frame nearest to a time, s; `None` where no frame has a time.
    #[must_use]
    pub fn at_time(&self, time: f64) -> Option<i64> {
        let mut nearest: Option<(i64, f64)> = None;
        for (id, frame_time) in self.ids.iter().zip(&self.times) {
            let Some(distance) = frame_time.map(|frame_time| (frame_time - time).abs()) else { continue };
            if nearest.is_none_or(|(_, least)| distance.total_cmp(&least).is_lt()) {
                nearest = Some((*id, distance));
            }
        }
        nearest.map(|(id, _)| id)
    }

    /// Returns the gaps in the ids, each as the last id before it and the first after it.
    #[must_use]
    pub fn gaps(&self) -> Vec<(i64, i64)> {
        let mut gaps = Vec::new();
        for pair in self.ids.windows(2) {
            if let [before, after] = *pair
                && before + 1 < after
            {
                gaps.push((before, after));
            }
        }
        gaps
    }

    /// Returns the ids of the existing frames within a range, both ends included.
    #[must_use]
    pub fn ids_within(&self, range: (i64, i64)) -> &[i64] {
        let (first, last) = range;
        let from = self.ids.partition_point(|id| *id < first);
        let to = self.ids.partition_point(|id| *id <= last);
        self.ids.get(from..to).unwrap_or_default()
    }
}

/// Groups rows by their frame; the order within a frame stays.
pub fn by_frame<T>(rows: impl IntoIterator<Item = (i64, T)>) -> BTreeMap<i64, Vec<T>> {
    let mut frames: BTreeMap<i64, Vec<T>> = BTreeMap::new();
    for (frame, row) in rows {
        frames.entry(frame).or_default().push(row);
    }
    frames
}
