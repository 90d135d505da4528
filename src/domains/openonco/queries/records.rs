//! Search, get and compare: which records, then their texts, then what is shown of them.

mod answers;
mod projection;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use serde_json::{Map, Value as Json};

use self::projection::Projection;
use super::answer;
use super::arguments::{Arguments, wrong};
use super::conditions::build_conditions;
use super::facts::{CatalogueFacts, PageBounds};
use super::parameters::LIMIT_MAX;
use super::selection::{NamedBy, NamedSelection, SearchSelection, of_category};
use crate::domain::query::{QueryAnswer, QueryError, QueryRun};
use crate::domain::scan::{ScanReader, ScanRequest};
use crate::domains::openonco::categories::Category;
use crate::domains::openonco::schema::SOURCES;
use crate::domains::openonco::text::folding::find_nearest;
use crate::domains::openonco::{partial, source};
use crate::model::{Filter, Row, Value};

/// The number of rows of an answer without a `limit`, and that of the original.
const ROWS_DEFAULT: i64 = 10;
const STRICT_ROWS_DEFAULT: i64 = 50;

/// What is done with the records.
#[derive(Debug)]
enum Purpose {
    Search(SearchSelection),
    Get(NamedSelection),
    Compare(NamedSelection),
}

/// The step of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Facts,
    First,
    Second,
    Texts,
    Keys,
    Done,
}

struct RecordsRun {
    category: &'static Category,
    strict: bool,
    purpose: Purpose,
    projection: Projection,
    facts: CatalogueFacts,
    step: Step,
    /// The page of a comparison.
    bounds: PageBounds,
    /// The records of the answer, in its order.
    chosen: Vec<i64>,
    /// The number of records that were found, on this page or another one.
    total: u64,
    /// The name that was given beside an id: both have to mean one record.
    named_too: Option<String>,
    /// The members of records that the answer needs; `None` for all.
    wanted: Option<BTreeSet<String>>,
    records: BTreeMap<i64, Map<String, Json>>,
    /// The keys that records of the category have, as far as they were read.
    keys: BTreeSet<String>,
    failed: Option<QueryError>,
}

/// Starts a search.
pub(super) fn start_search(
    arguments: &Arguments,
    category: &'static Category,
) -> Result<Box<dyn QueryRun>, QueryError> {
    let conditions = build_conditions(arguments, category)?;
    let bounds = read_bounds(arguments)?;
    let projection = match (arguments.texts("fields")?, arguments.is_strict()) {
        (Some(fields), true) if fields == ["*"] => Projection::EveryColumn,
        (Some(fields), false) if fields.iter().any(|field| field == "*") => Projection::Whole,
        (Some(fields), _) => Projection::Named(fields),
        (None, true) => Projection::EveryColumn,
        (None, false) => Projection::Brief,
    };
    let purpose = Purpose::Search(SearchSelection::new(conditions, bounds));
    Ok(start_run(arguments, category, purpose, projection, bounds))
}

/// Reads where an answer begins, and how many rows it has.
pub(super) fn read_bounds(arguments: &Arguments) -> Result<PageBounds, QueryError> {
    let (limit, offset) = (arguments.whole("limit")?, arguments.whole("offset")?);
    if arguments.is_strict() {
        // The original takes a limit of nothing or less for none, and never gives more than 500.
        let limit = limit.filter(|limit| *limit > 0).unwrap_or(STRICT_ROWS_DEFAULT).min(LIMIT_MAX);
        return Ok(PageBounds { start: to_count(offset.unwrap_or(0)), size: to_count(limit) });
    }
    let start = match (arguments.text("cursor")?, offset) {
        (Some(_), Some(_)) => return Err(wrong("cursor", "it contradicts offset: give one of them")),
        (Some(cursor), None) => match cursor.trim().parse::<u32>() {
            Ok(start) => u64::from(start),
            Err(_) => return Err(wrong("cursor", "it is none that an answer gave as next_cursor")),
        },
        (None, offset) => to_count(offset.unwrap_or(0)),
    };
    Ok(PageBounds { start, size: to_count(limit.unwrap_or(ROWS_DEFAULT)) })
}

fn to_count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Starts a look at one record.
pub(super) fn start_get(arguments: &Arguments, category: &'static Category) -> Result<Box<dyn QueryRun>, QueryError> {
    let strict = arguments.is_strict();
    let (id, name) = (arguments.text("id")?, arguments.text("name")?);
    let named = match (id, name) {
        (None, None) => {
            let message = format!("id or name is missing: which {}", category.word);
            return Err(QueryError::Missing(message));
        }
        (Some(id), _) => NamedSelection::new(NamedBy::Id, vec![id.to_owned()], strict),
        (None, Some(name)) => NamedSelection::new(NamedBy::Name, vec![name.to_owned()], strict),
    };
    let projection = if strict { Projection::EveryColumn } else { Projection::Whole };
    // One record is answered; a name that several have is answered with all of these.
    let bounds = PageBounds { start: 0, size: u64::MAX };
    let mut run = start_run(arguments, category, Purpose::Get(named), projection, bounds);
    run.named_too = name.filter(|_| id.is_some() && !strict).map(str::to_owned);
    Ok(run)
}

/// Starts a comparison.
pub(super) fn start_compare(
    arguments: &Arguments,
    category: &'static Category,
) -> Result<Box<dyn QueryRun>, QueryError> {
    let strict = arguments.is_strict();
    let named = match (arguments.texts("ids")?, arguments.texts("names")?) {
        (None, None) => {
            let message = format!("ids or names are missing: which {}s", category.word);
            return Err(QueryError::Missing(message));
        }
        (Some(_), Some(_)) if !strict => return Err(wrong("names", "give either ids or names, not both")),
        (Some(ids), _) => NamedSelection::new(NamedBy::Id, ids, strict),
        (None, Some(names)) => NamedSelection::new(NamedBy::Name, names, strict),
    };
    let projection = match arguments.texts("metrics")? {
        Some(metrics) if metrics.iter().any(|metric| metric == "*") && !strict => Projection::Whole,
        Some(metrics) => Projection::Named(metrics),
        None => Projection::Named(category.metrics.iter().map(|metric| (*metric).to_owned()).collect()),
    };
    let mut bounds = read_bounds(arguments)?;
    if strict || !arguments.has("limit") {
        bounds.size = u64::MAX;
    }
    Ok(start_run(arguments, category, Purpose::Compare(named), projection, bounds))
}

fn start_run(
    arguments: &Arguments,
    category: &'static Category,
    purpose: Purpose,
    projection: Projection,
    bounds: PageBounds,
) -> Box<RecordsRun> {
    let wanted = projection.list_wanted(category);
    Box::new(RecordsRun {
        category,
        strict: arguments.is_strict(),
        purpose,
        projection,
        facts: CatalogueFacts::default(),
        step: Step::Facts,
        bounds,
        chosen: Vec::new(),
        total: 0,
        named_too: None,
        wanted,
        records: BTreeMap::new(),
        keys: BTreeSet::new(),
        failed: None,
    })
}

impl ScanReader for RecordsRun {
    fn next_scan(&mut self) -> Option<ScanRequest> {
        if self.failed.is_some() {
            return None;
        }
        match self.step {
            Step::Facts => Some(CatalogueFacts::scan()),
            Step::First => Some(match &self.purpose {
                Purpose::Search(search) => search.scan(self.category),
                Purpose::Get(named) | Purpose::Compare(named) => named.first_scan(self.category),
            }),
            Step::Second => self.second_scan(),
            Step::Texts => self.texts_scan(),
            Step::Keys => self.keys_scan(),
            Step::Done => None,
        }
    }

    fn begin_scan(&mut self, table: Option<&std::sync::Arc<crate::model::Table>>) {
        if table.is_none() {
            self.failed = Some(QueryError::NotRecorded("the tables of the catalogue are missing".to_owned()));
        }
    }

    fn take_rows(&mut self, rows: &[Row<'_>]) -> ControlFlow<()> {
        for row in rows {
            match self.step {
                Step::Facts => self.facts.take_row(row),
                Step::Texts => self.take_text(row),
                Step::Keys => {
                    if self.take_keys(row).is_break() {
                        return ControlFlow::Break(());
                    }
                }
                step => self.take_candidate(step, row),
            }
        }
        ControlFlow::Continue(())
    }

    fn end_scan(&mut self) {
        self.step = match self.step {
            Step::Facts => {
                self.failed = self.failed.take().or_else(|| self.facts.check_loaded(self.category).err());
                Step::First
            }
            Step::First => Step::Second,
            Step::Second => Step::Texts,
            Step::Texts => Step::Keys,
            Step::Keys | Step::Done => Step::Done,
        };
    }
}

impl RecordsRun {
    fn second_scan(&mut self) -> Option<ScanRequest> {
        let scan = match &self.purpose {
            Purpose::Search(_) => None,
            Purpose::Get(named) | Purpose::Compare(named) => named.second_scan(self.category),
        };
        if scan.is_some() {
            return scan;
        }
        self.step = Step::Texts;
        self.texts_scan()
    }

    /// Returns the scan of the texts of the chosen records.
    fn texts_scan(&mut self) -> Option<ScanRequest> {
        self.chosen = match &mut self.purpose {
            Purpose::Search(search) => search.records(),
            Purpose::Get(named) | Purpose::Compare(named) => {
                let mut records: Vec<i64> = named.found.iter().flatten().map(|one| one.record).collect();
                let mut seen = BTreeSet::new();
                records.retain(|record| seen.insert(*record));
                if self.strict {
                    // The original answers in the order of its file.
                    records.sort_unstable();
                }
                self.total = records.len() as u64;
                let start = usize::try_from(self.bounds.start).unwrap_or(usize::MAX);
                let size = usize::try_from(self.bounds.size).unwrap_or(usize::MAX);
                records.into_iter().skip(start).take(size).collect()
            }
        };
        if self.chosen.is_empty() {
            self.step = Step::Keys;
            return self.keys_scan();
        }
        let values = self.chosen.iter().map(|record| Value::Integer(*record)).collect();
        let filter = Filter::In { column: "record".to_owned(), values };
        Some(ScanRequest::every_row(SOURCES, &["record", "text"]).filter(filter))
    }

    fn take_candidate(&mut self, step: Step, row: &Row<'_>) {
        match (step, &mut self.purpose) {
            (Step::First, Purpose::Search(search)) => search.take_row(row),
            (Step::First, Purpose::Get(named) | Purpose::Compare(named)) => named.take_first(self.category, row),
            (Step::Second, Purpose::Get(named) | Purpose::Compare(named)) => named.take_second(row),
            _ => {}
        }
    }

    fn take_text(&mut self, row: &Row<'_>) {
        let text = row.text("text");
        let fields = match &self.wanted {
            Some(wanted) => text.and_then(|text| partial::parse_members(text, wanted)),
            None => text.and_then(source::parse_object),
        };
        let fields = fields.unwrap_or_default();
        self.records.insert(row.integer("record").unwrap_or_default(), fields);
    }

    /// Returns the scan of all texts of the category: for the columns of the original, or for fields that none of the
    /// chosen records has; `None` where neither is asked for.
    fn keys_scan(&mut self) -> Option<ScanRequest> {
        self.keys.extend(self.records.values().flat_map(|record| record.keys().cloned()));
        let is_needed = self.projection == Projection::EveryColumn || !self.unseen_fields().is_empty();
        self.step = if is_needed { Step::Keys } else { Step::Done };
        is_needed.then(|| {
            ScanRequest::every_row(SOURCES, &["record", "category", "text"]).filter(of_category(self.category))
        })
    }

    /// Reads the keys of a record; ends once all fields that were asked for are seen.
    fn take_keys(&mut self, row: &Row<'_>) -> ControlFlow<()> {
        let members = row.text("text").map(source::list_members).unwrap_or_default();
        for member in members {
            // Names are few even in a large catalogue; a file that has a new one in every record is cut here.
            if self.keys.len() < 100_000 && !self.keys.contains(&member.name) {
                self.keys.insert(member.name);
            }
        }
        let is_done = self.projection != Projection::EveryColumn && self.unseen_fields().is_empty();
        if is_done { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Returns the fields asked for that no record so far has.
    fn unseen_fields(&self) -> Vec<String> {
        let Projection::Named(fields) = &self.projection else { return Vec::new() };
        let is_seen = |field: &&String| {
            self.keys.contains(*field) || (!self.strict && answer::is_usual_field(self.category, field))
        };
        fields.iter().filter(|field| !is_seen(field)).cloned().collect()
    }

    /// Refuses fields that no record of the category has. The original drops unknown metrics without a word.
    fn check_fields(&self) -> Result<(), QueryError> {
        let unseen = self.unseen_fields();
        let is_compared = matches!(self.purpose, Purpose::Compare(_));
        let Some(field) = unseen.first().filter(|_| !(self.strict && is_compared)) else { return Ok(()) };
        let known = self.keys.iter().map(String::as_str).chain(answer::DERIVED);
        let near = find_nearest(field, known);
        let near = if near.is_empty() { "* shows all".to_owned() } else { format!("nearest: {}", near.join(", ")) };
        let name = if is_compared { "metrics" } else { "fields" };
        let message = format!("no {} has a field `{}`; {near}", self.category.word, super::arguments::shorten(field));
        Err(wrong(name, &message))
    }

    /// Returns what is shown of a record.
    fn show_record(&self, record: &Map<String, Json>) -> Map<String, Json> {
        let mut row = match &self.projection {
            Projection::Brief => answer::some_fields(self.category, record, self.category.brief, false),
            Projection::Whole => answer::whole_record(record),
            Projection::EveryColumn => {
                let columns = self.keys.iter().map(|key| (key.clone(), record.get(key).cloned().unwrap_or(Json::Null)));
                return columns.collect();
            }
            Projection::Named(fields) if self.strict => {
                // An unknown metric is no column, and so no null.
                let known = fields.iter().filter(|field| self.keys.contains(*field));
                return known.map(|field| (field.clone(), record.get(field).cloned().unwrap_or(Json::Null))).collect();
            }
            Projection::Named(fields) => {
                let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
                answer::some_fields(self.category, record, &fields, true)
            }
        };
        // A single record has its remarks apart from its fields.
        if !matches!(self.purpose, Purpose::Get(_)) {
            let is_compared = matches!(self.purpose, Purpose::Compare(_));
            row.extend(answer::list_remarks(self.category, record, &row, is_compared));
        }
        row
    }

    fn show_chosen(&self) -> Vec<Json> {
        let records = self.chosen.iter().filter_map(|record| self.records.get(record));
        records.map(|record| Json::Object(self.show_record(record))).collect()
    }
}

impl QueryRun for RecordsRun {
    fn finish(self: Box<Self>) -> Result<QueryAnswer, QueryError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.check_fields()?;
        let data = match &self.purpose {
            Purpose::Search(search) => self.answer_search(search),
            Purpose::Get(named) => self.answer_get(named)?,
            Purpose::Compare(named) => self.answer_comparison(named)?,
        };
        Ok(QueryAnswer { data })
    }
}
