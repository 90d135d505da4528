//! Features: the numbers that a domain computes of every record of one kind, for detectors of faults. A run asks for
//! scans and never reads itself; it holds a page of records at a time, however many there are.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use jiff::civil::Date;
use serde::Serialize;

use super::record::RecordKind;
use super::scan::{ScanReader, ScanRequest};
use crate::model::time::Time;
use crate::model::{Filter, Ids, Row};

/// The usual number of records that are held together.
pub const BATCH: u64 = 4096;

/// A feature: one number of a record, as lists and the documentation show it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FeatureCard {
    /// The group of features that are computed, and missing, together.
    pub group: &'static str,
    /// Its name: the head of its column.
    pub name: &'static str,
    /// Its unit: `cm`, `s`; `0/1` for a condition, `count` for a number of things.
    pub unit: &'static str,
    /// How it is computed, in a sentence.
    pub formula: &'static str,
    /// The value that stands for "cannot be computed"; `None` where it always can, as soon as its group is there.
    pub sentinel: Option<f64>,
}

impl FeatureCard {
    /// Returns a feature without a sentinel.
    #[must_use]
    pub const fn new(group: &'static str, name: &'static str, unit: &'static str, formula: &'static str) -> Self {
        Self { group, name, unit, formula, sentinel: None }
    }

    /// Sets the value that stands for "cannot be computed".
    #[must_use]
    pub const fn with_sentinel(self, value: f64) -> Self {
        Self { sentinel: Some(value), ..self }
    }
}

/// A flag that says of which features there is anything to compute: a zero without its flag says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FlagCard {
    /// Its name: the head of its column.
    pub name: &'static str,
    /// When it is 1, in a sentence.
    pub about: &'static str,
}

/// A set of features of one kind of record.
#[derive(Debug)]
pub struct FeatureSetCard {
    /// The kind of record; its key column heads the first column.
    pub record: &'static RecordKind,
    /// What the features are for, in a sentence.
    pub about: &'static str,
    /// The column whose date narrows the records to recent ones; `None` where they cannot be narrowed so.
    pub time: Option<&'static str>,
    /// The published definitions that [`FeatureRequest::strict_reference`] reproduces; `None` where there are none.
    pub reference: Option<&'static str>,
    /// The features, in the order of the columns.
    pub features: &'static [FeatureCard],
    /// The flags, whose columns follow those of the features.
    pub flags: &'static [FlagCard],
}

impl FeatureSetCard {
    /// Returns a set that no date narrows and nobody else defined.
    #[must_use]
    pub const fn new(
        record: &'static RecordKind,
        about: &'static str,
        features: &'static [FeatureCard],
        flags: &'static [FlagCard],
    ) -> Self {
        Self { record, about, time: None, reference: None, features, flags }
    }

    /// Returns the heads of all columns: the key, the features, the flags.
    pub fn column_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        let features = self.features.iter().map(|card| card.name);
        std::iter::once(self.record.key).chain(features).chain(self.flags.iter().map(|card| card.name))
    }
}

/// Which records, and by which definitions.
#[derive(Clone, Debug)]
pub struct FeatureRequest {
    /// The target's wall clock: a later time in a record is in the future.
    pub now: Time,
    /// Only records whose date, in the column that the card names, is this one or a later one.
    pub since: Option<Date>,
    /// Only records of these keys.
    pub ids: Option<Ids>,
    /// Whether the published definitions count where they differ, mistakes included.
    pub strict_reference: bool,
    /// The number of records to hold together, at least 1; it changes no result.
    pub batch: u64,
}

impl FeatureRequest {
    /// Asks for every record, by the domain's own definitions.
    #[must_use]
    pub const fn every_record(now: Time) -> Self {
        Self { now, since: None, ids: None, strict_reference: false, batch: BATCH }
    }
}

/// The features of one record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FeatureRow<'r> {
    /// The record's key.
    pub key: i64,
    /// The value of each feature, in the order of the cards.
    pub values: &'r [f64],
    /// Each flag, in the order of the cards.
    pub flags: &'r [bool],
}

/// Takes the features of one record after the other, by ascending key; a break ends the run.
pub type FeatureSink<'s> = dyn FnMut(&FeatureRow<'_>) -> ControlFlow<()> + 's;

/// What became of the records of a run that gave no row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeatureCounts {
    /// Records that were read, whether or not they gave a row.
    pub read: u64,
    /// Records of which the published definitions give no features.
    pub left_out: u64,
    /// Records without a date, where only recent ones were asked for.
    pub undated: u64,
}

/// A running computation: it asks for scans, and hands on rows while they are read.
pub trait FeatureRun: ScanReader {
    /// Returns what became of the records, after the last scan.
    fn finish(self: Box<Self>) -> FeatureCounts;
}

/// A set of features, as a domain implements it.
pub trait FeatureSet: Sync {
    /// Returns its kind of record, its features and its flags.
    fn card(&self) -> &'static FeatureSetCard;
    /// Starts to compute.
    fn start<'s>(&self, request: &FeatureRequest, sink: &'s mut FeatureSink<'s>) -> Box<dyn FeatureRun + 's>;
}

/// Reads the records of a kind by ascending key, a page at a time, so that a run may read other tables in between.
///
/// Keys that are no whole numbers are passed over.
#[derive(Debug)]
pub struct RecordPages {
    /// A scan of a whole range.
    scan: ScanRequest,
    key: &'static str,
    time: Option<&'static str>,
    request: FeatureRequest,
    /// The keys still to be read: inclusive ranges, ascending.
    ranges: VecDeque<(i64, i64)>,
    /// Number of rows of the current scan.
    seen: u64,
    /// The last key of the current scan.
    last: Option<i64>,
    /// Number of records taken into the current page.
    taken: u64,
    counts: FeatureCounts,
}

impl RecordPages {
    /// Reads the records of a set that a request names, with some of their columns.
    #[must_use]
    pub fn new(card: &FeatureSetCard, columns: &[&str], request: &FeatureRequest) -> Self {
        let columns: Vec<&str> = columns.iter().copied().chain(card.time).chain([card.record.key]).collect();
        let every = || VecDeque::from([(i64::MIN, i64::MAX)]);
        Self {
            scan: ScanRequest::every_row(card.record.table, &columns).order_by(card.record.key),
            key: card.record.key,
            time: card.time,
            request: FeatureRequest { batch: request.batch.max(1), ..request.clone() },
            ranges: request.ids.as_ref().map_or_else(every, |ids| ids.merged_ranges().into()),
            seen: 0,
            last: None,
            taken: 0,
            counts: FeatureCounts::default(),
        }
    }

    /// Returns the next scan of the page; `None` once the page is full, or nothing is left to read.
    pub fn next_scan(&self) -> Option<ScanRequest> {
        let (first, last) = *self.ranges.front().filter(|_| self.taken < self.request.batch)?;
        let filter = Filter::Between { column: self.key.to_owned(), first, last };
        Some(self.scan.clone().filter(filter).limit(self.request.batch))
    }

    /// Notes a row of the scan; returns its key if the record was asked for.
    pub fn take_record(&mut self, row: &Row<'_>) -> Option<i64> {
        let key = row.integer(self.key)?;
        self.seen += 1;
        self.last = Some(key);
        if let (Some(since), Some(column)) = (self.request.since, self.time) {
            let Some(time) = row.time(column) else {
                self.counts.undated += 1;
                return None;
            };
            if time.wall.date() < since {
                return None;
            }
        }
        self.counts.read += 1;
        self.taken += 1;
        Some(key)
    }

    /// Must be called after the last row of the scan.
    pub fn end_scan(&mut self) {
        let (seen, last) = (std::mem::take(&mut self.seen), self.last.take());
        let Some((_, end)) = self.ranges.pop_front() else { return };
        // A scan that its limit ended may have left rows of the range behind.
        if let Some(next) = last.filter(|_| seen >= self.request.batch).and_then(|last| last.checked_add(1))
            && next <= end
        {
            self.ranges.push_front((next, end));
        }
    }

    /// Begins the next page.
    pub const fn next_page(&mut self) {
        self.taken = 0;
    }

    /// Counts a record of which the published definitions give no features.
    pub const fn leave_out(&mut self) {
        self.counts.left_out += 1;
    }

    /// Returns what became of the records so far.
    #[must_use]
    pub const fn counts(&self) -> FeatureCounts {
        self.counts
    }
}

/// A set of features that follow from the cells of the record's own row.
#[derive(Debug)]
pub struct RowFeatures {
    /// The kind of record, the features and the flags.
    pub card: &'static FeatureSetCard,
    /// The columns that are read.
    pub columns: &'static [&'static str],
    /// Computes the values and the flags of a row, in the order of the cards.
    pub compute: fn(&Row<'_>) -> (Vec<f64>, Vec<bool>),
}

impl FeatureSet for RowFeatures {
    fn card(&self) -> &'static FeatureSetCard {
        self.card
    }

    fn start<'s>(&self, request: &FeatureRequest, sink: &'s mut FeatureSink<'s>) -> Box<dyn FeatureRun + 's> {
        let pages = RecordPages::new(self.card, self.columns, request);
        Box::new(RowRun { pages, compute: self.compute, sink, is_stopped: false })
    }
}

/// A run over the rows of one table.
struct RowRun<'s> {
    pages: RecordPages,
    compute: fn(&Row<'_>) -> (Vec<f64>, Vec<bool>),
    sink: &'s mut FeatureSink<'s>,
    is_stopped: bool,
}

impl ScanReader for RowRun<'_> {
    fn next_scan(&mut self) -> Option<ScanRequest> {
        self.pages.next_page();
        self.pages.next_scan().filter(|_| !self.is_stopped)
    }

    fn take_rows(&mut self, rows: &[Row<'_>]) -> ControlFlow<()> {
        for row in rows {
            let Some(key) = self.pages.take_record(row) else { continue };
            let (values, flags) = (self.compute)(row);
            if (self.sink)(&FeatureRow { key, values: &values, flags: &flags }).is_break() {
                self.is_stopped = true;
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    fn end_scan(&mut self) {
        self.pages.end_scan();
    }

    fn progress(&self) -> (u64, u64) {
        (self.pages.counts().read, 0)
    }
}

impl FeatureRun for RowRun<'_> {
    fn finish(self: Box<Self>) -> FeatureCounts {
        self.pages.counts()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::record::ListColumn;
    use crate::domain::table::TableDef;
    use crate::domain::testing::{Database, NOW};
    use crate::model::Datum;

    static RECORD: RecordKind =
        RecordKind::new("one", "ones", "One").in_table("t", "id").with_columns(&[ListColumn::new("id")]);
    static CARD: FeatureSetCard = FeatureSetCard {
        time: Some("at"),
        ..FeatureSetCard::new(
            &RECORD,
            "twice",
            &[FeatureCard::new("all", "twice", "count", "2 * id").with_sentinel(-1.0)],
            &[FlagCard { name: "has_time", about: "at is there" }],
        )
    };
    static FEATURES: RowFeatures = RowFeatures {
        card: &CARD,
        columns: &["id"],
        compute: |row| (vec![row.float("id").unwrap_or_default() * 2.0], vec![row.has_value("at")]),
    };

    /// Ten records, every third without a time.
    fn database() -> Database {
        let mut database = Database::default();
        let columns = [("id", "int"), ("at", "datetime")].map(|(name, kind)| (name.into(), kind.into(), name == "at"));
        database.create_table(&TableDef {
            name: "t".into(),
            key: Some("id".into()),
            columns: columns.into(),
            ..TableDef::default()
        });
        for id in 1..=10 {
            let day = NOW.date().tomorrow().unwrap().saturating_sub(jiff::Span::new().days(id));
            let at = if id % 3 == 0 { Datum::Null } else { Datum::DateTime(day.into()) };
            database.insert_row("t", &[Datum::Integer(id), at]).unwrap();
        }
        database
    }

    fn run(request: &FeatureRequest, stop_at: i64) -> (Vec<i64>, FeatureCounts) {
        let mut keys = Vec::new();
        let mut sink = |row: &FeatureRow<'_>| {
            assert_eq!(row.values, [f64::from(i32::try_from(row.key).unwrap()) * 2.0]);
            assert_eq!(row.flags, [row.key % 3 != 0]);
            keys.push(row.key);
            if row.key == stop_at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let mut run = FEATURES.start(request, &mut sink);
        database().run_scans(run.as_mut());
        let counts = run.finish();
        (keys, counts)
    }

    #[test]
    fn records_are_chosen_by_key_and_day_whatever_the_page() {
        let every = FeatureRequest::every_record(Time::local(NOW));
        for batch in [0, 1, 2, 3, 5, 10, 11] {
            let every = FeatureRequest { batch, ..every.clone() };
            assert_eq!(run(&every, 0).0, (1..=10).collect::<Vec<_>>(), "{batch}");
            let ids = Some("7-9,2,8-20,1,9223372036854775807".parse().unwrap());
            let named = FeatureRequest { ids, ..every.clone() };
            assert_eq!(run(&named, 0).0, [1, 2, 7, 8, 9, 10], "{batch}");
            let since = Some(NOW.date().saturating_sub(jiff::Span::new().days(6)));
            let (keys, counts) = run(&FeatureRequest { since, ..every.clone() }, 0);
            assert_eq!(keys, [1, 2, 4, 5, 7], "{batch}");
            assert_eq!(counts, FeatureCounts { read: 5, left_out: 0, undated: 3 }, "{batch}");
            assert_eq!(run(&every, 4).0, [1, 2, 3, 4], "a sink that has enough ends the run");
        }
    }

    #[test]
    fn columns_are_the_key_the_features_and_the_flags() {
        assert_eq!(CARD.column_names().collect::<Vec<_>>(), ["id", "twice", "has_time"]);
    }
}
