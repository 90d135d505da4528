//! Signs that a database belongs to a live clinic; each must be overridden by its word before the database is marked.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;

use crate::domain::live::LiveSystem;
use crate::domains;
use crate::model::time::{self, Time};
use crate::model::{Column, Refusal, Scan, Table, Value};
use crate::ops::{Context, Failure};
use crate::targets::{ConnectedProgram, Target, TargetError};

/// A treatment within this number of days before now is a sign of a live clinic.
const RECENT_DAYS: i64 = 30;
/// The first plausible year of a treatment; an earlier one is a default value or a mistake, and counts as unreadable.
const FIRST_YEAR: i16 = 1950;

/// A sign of a live clinic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveSign {
    /// The word that overrides it.
    pub word: &'static str,
    /// What was seen, in a sentence without its subject.
    pub what: String,
}

/// Returns the signs of a live clinic in a target.
///
/// # Errors
/// A target error.
pub fn list_signs(context: &Context<'_>, target: &mut dyn Target) -> Result<Vec<LiveSign>, Failure> {
    let mut signs = Vec::new();
    match target.list_sessions()? {
        Some(sessions) => signs.extend(find_clinical_session(&sessions)),
        // Not being permitted to look is a sign by itself: clinical programs may be connected unseen.
        None => {
            let what = "mfm may not see which programs are connected (VIEW SERVER STATE is not granted)".to_owned();
            signs.push(LiveSign { word: "sessions-unseen", what });
        }
    }
    signs.extend(find_name_sign(&target.name()));
    if let Some(links) = target.count_links()?.filter(|links| *links > 1) {
        let what = format!("its file has {links} names in the file system, and only one of them is known");
        signs.push(LiveSign { word: "hard-linked", what });
    }
    signs.extend(TreatmentTimes::read(context, target)?.into_signs());
    Ok(signs)
}

fn find_name_sign(name: &str) -> Option<LiveSign> {
    let system = live_systems().find(|system| system.bears_name(name))?;
    Some(LiveSign { word: system.name_sign(), what: format!("it is named {name}") })
}

/// Returns the descriptions of live systems of all domains: signs of every one count, whatever domain is claimed.
fn live_systems() -> impl Iterator<Item = &'static dyn LiveSystem> {
    domains::all().iter().filter_map(|domain| domain.live_system())
}

/// Returns whether a table is, in any domain, one that records treatments.
fn is_treatment_table(table: &str) -> bool {
    live_systems().any(|system| system.is_record_table(table))
}

/// Returns the columns that hold, in any domain, times of treatments.
fn recent_times<'c>(columns: &[&'c str]) -> Vec<&'c str> {
    let mut times: Vec<&str> = Vec::new();
    for column in live_systems().flat_map(|system| system.recent_times(columns)) {
        if !times.contains(&column) {
            times.push(column);
        }
    }
    times
}

/// Returns all words that `--override` accepts.
fn override_words() -> Vec<&'static str> {
    let of_names = live_systems().map(LiveSystem::name_sign);
    let before = ["clinical-sessions", "sessions-unseen"].into_iter().chain(of_names);
    before.chain(["hard-linked", "recent-treatments", "times-unreadable", super::rebind::FOREIGN]).collect()
}

/// Refuses a word that overrides nothing.
///
/// # Errors
/// Usage.
pub fn check_overrides(overrides: &[String]) -> Result<(), Failure> {
    let words = override_words();
    match overrides.iter().find(|word| !words.contains(&word.as_str())) {
        Some(word) => {
            let message = format!("there is no sign of a live clinic `{word}`");
            Err(Failure::usage("override", message, format!("the words are {}", words.join(", "))))
        }
        None => Ok(()),
    }
}

/// Refuses the first sign that is not overridden, and returns the words of those that are.
///
/// The file's name in `url` counts too, as typed: it may be a link to a file with a harmless name.
///
/// # Errors
/// [`Refusal::LiveClinic`], or a target error.
pub fn check_signs(
    context: &Context<'_>,
    target: &mut dyn Target,
    url: &str,
    overrides: &[String],
) -> Result<Vec<String>, Failure> {
    let mut met = Vec::new();
    let mut signs = list_signs(context, target)?;
    let file_name = url.strip_prefix("sqlite:").and_then(|path| Path::new(path).file_name());
    let is_named = signs.iter().any(|sign| live_systems().any(|system| system.name_sign() == sign.word));
    signs.extend(file_name.and_then(|name| find_name_sign(&name.to_string_lossy())).filter(|_| !is_named));
    for LiveSign { word, what } in signs {
        if !overrides.iter().any(|known| known == word) {
            return Err(Refusal::LiveClinic { url: url.to_owned(), sign: word.to_owned(), what }.into());
        }
        met.push(word.to_owned());
    }
    Ok(met)
}

fn find_clinical_session(sessions: &[ConnectedProgram]) -> Option<LiveSign> {
    let session = sessions.iter().find(|session| live_systems().any(|system| system.is_program(&session.program)))?;
    let what = format!("{} is connected to it, from {}", session.program, session.host);
    Some(LiveSign { word: "clinical-sessions", what })
}

/// The times of treatments in all rows of all tables that have any.
#[derive(Default)]
struct TreatmentTimes {
    /// The newest time that is not certainly old, and its column.
    recent: Option<(Time, String)>,
    /// Number of cells that cannot be read as a time.
    unreadable: u64,
    /// The columns of those cells.
    places: BTreeSet<String>,
}

/// The columns of one table that may hold times of treatments.
struct TimeColumns {
    /// The columns to read.
    times: Vec<String>,
    /// Descriptions of those that cannot be read; each counts for every row.
    unread: Vec<String>,
}

impl TreatmentTimes {
    fn read(context: &Context<'_>, target: &mut dyn Target) -> Result<Self, Failure> {
        let now = context.at_place(context.clock.local_time());
        let since = now.checked_add(SignedDuration::from_hours(-24 * RECENT_DAYS)).unwrap_or(now);
        let mut treatments = Self::default();
        let mut names = target.list_tables()?;
        // A view with the name of a treatment table is not listed as a table, but may show a live database.
        for name in live_systems().flat_map(|system| system.record_tables().iter().copied()) {
            if !names.iter().any(|listed| listed.eq_ignore_ascii_case(name)) {
                names.push(name.to_owned());
            }
        }
        for name in names {
            let table = match target.find_table(&name) {
                Ok(Some(table)) => table,
                Ok(None) => continue,
                // Something that cannot be read as a table matters only if it is named like a treatment table.
                Err(TargetError::Refused(_)) => {
                    if is_treatment_table(&name) {
                        treatments.cannot_read(&name);
                    }
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let columns = TimeColumns::of_table(&name, &table);
            if !columns.times.is_empty() || !columns.unread.is_empty() {
                context.reporter.progress("reading treatment times", 0, 0);
                treatments.scan_table(context, target, &table, &columns, since)?;
            }
        }
        Ok(treatments)
    }

    /// Reads the times in all rows of a table.
    fn scan_table(
        &mut self,
        context: &Context<'_>,
        target: &mut dyn Target,
        table: &Table,
        columns: &TimeColumns,
        since: Time,
    ) -> Result<(), Failure> {
        let times: Vec<&str> = columns.times.iter().map(String::as_str).collect();
        let table = Arc::new(table.select_columns(&times));
        let mut places: Vec<(usize, String)> = Vec::new();
        for (at, column) in table.columns.iter().enumerate() {
            // The key's columns are read too, whatever is asked for.
            if times.contains(&column.image.name.as_str()) {
                places.push((at, format!("{}.{}", table.shape.name, column.image.name)));
            }
        }
        let mut rows = 0_u64;
        let mut stopped = false;
        let result = target.scan(&Scan::every_row(table.clone()), &mut |row| {
            rows += 1;
            if rows.is_multiple_of(4096) && context.go_on().is_err() {
                stopped = true;
                let (url, what) = (String::new(), "read on".to_owned());
                return Err(TargetError::Failed { url, what, why: "somebody interrupted".to_owned() });
            }
            for (at, place) in &places {
                if let Some((cell, column)) = row.get(*at).zip(table.columns.get(*at)) {
                    self.note_time(cell, column, place, since);
                }
            }
            columns.unread.iter().for_each(|place| self.cannot_read(place));
            Ok(())
        });
        if stopped {
            context.go_on()?;
        }
        Ok(result?)
    }

    /// Adds a cell: an empty one is ignored, one that cannot be read as a plausible time is counted.
    fn note_time(&mut self, cell: &Value, column: &Column, place: &str, since: Time) {
        if cell.is_null() || matches!(cell, Value::Text(text) if text.trim().is_empty()) {
            return;
        }
        match time::read_time(cell, column).filter(|time| time.wall.year() >= FIRST_YEAR) {
            None => self.cannot_read(place),
            // Certainly old. A time without an offset near the limit is not, and counts as recent.
            Some(time) if time.compare_with_present(since) == Some(Ordering::Less) => {}
            Some(time) => {
                if self.recent.as_ref().is_none_or(|(newest, _)| newest.instant() < time.instant()) {
                    self.recent = Some((time, place.to_owned()));
                }
            }
        }
    }

    fn cannot_read(&mut self, place: &str) {
        self.unreadable += 1;
        // Without this test, the text would be copied for every row.
        if !self.places.contains(place) {
            self.places.insert(place.to_owned());
        }
    }

    fn into_signs(self) -> Vec<LiveSign> {
        let recent = self.recent.map(|(time, place)| {
            let what =
                format!("its newest treatment is of {}, by {place}, within {RECENT_DAYS} days of now", time.to_text());
            LiveSign { word: "recent-treatments", what }
        });
        let unreadable = (self.unreadable > 0).then(|| {
            let places: Vec<String> = self.places.into_iter().collect();
            let what = format!(
                "{} of its treatment times cannot be read, in {}, so they could be recent",
                self.unreadable,
                places.join(", ")
            );
            LiveSign { word: "times-unreadable", what }
        });
        recent.into_iter().chain(unreadable).collect()
    }
}

impl TimeColumns {
    fn of_table(name: &str, table: &Table) -> Self {
        let columns: Vec<&str> = table.columns.iter().map(|column| column.image.name.as_str()).collect();
        let all: Vec<&str> = table.columns.iter().chain(&table.omitted).map(|c| c.image.name.as_str()).collect();
        let times = recent_times(&columns);
        let mut unread = Vec::new();
        for column in recent_times(&all) {
            if !times.contains(&column) {
                unread.push(format!("{name}.{column}, which is computed"));
            }
        }
        if is_treatment_table(name) && times.is_empty() {
            unread.push(format!("{name}, without times,"));
        }
        Self { times: times.into_iter().map(str::to_owned).collect(), unread }
    }
}
