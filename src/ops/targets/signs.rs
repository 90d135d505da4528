//! Signs that a database is somebody's live clinic, each to be overridden by name; refuses nothing itself.

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

/// A treatment younger than this is a sign of a live clinic.
const RECENT_DAYS: i64 = 30;
/// No treatment that a record-and-verify system holds is of an earlier year; what says so says something else.
const FIRST_YEAR: i16 = 1950;

/// A sign of a live clinic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveSign {
    /// The word that overrides it.
    pub word: &'static str,
    /// What was seen.
    pub what: String,
}

/// Returns the signs of a live clinic.
///
/// # Errors
/// What the target says.
pub fn list_signs(context: &Context<'_>, target: &mut dyn Target) -> Result<Vec<LiveSign>, Failure> {
    let mut signs = Vec::new();
    match target.list_sessions()? {
        Some(sessions) => signs.extend(find_clinical_session(&sessions)),
        None => {
            let what = "mfm is not permitted to see which programs are connected (VIEW SERVER STATE)".to_owned();
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

/// Returns what live systems look like, of every domain: a database is asked for all signs, whatever it is said to be.
fn live_systems() -> impl Iterator<Item = &'static dyn LiveSystem> {
    domains::all().iter().filter_map(|domain| domain.live_system())
}

/// Tells whether a table records, in any domain, what was done to somebody.
fn is_treatment_table(table: &str) -> bool {
    live_systems().any(|system| system.is_record_table(table))
}

/// Returns the columns that say, in any domain, when something was done to somebody.
fn recent_times<'c>(columns: &[&'c str]) -> Vec<&'c str> {
    let mut found: Vec<&str> = Vec::new();
    for column in live_systems().flat_map(|system| system.recent_times(columns)) {
        if !found.contains(&column) {
            found.push(column);
        }
    }
    found
}

/// Every word that `--override` takes.
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

/// Refuses the first sign that nobody overrode by its word, and returns the words of those that somebody did; the name
/// in the URL counts as it was given.
///
/// # Errors
/// [`Refusal::LiveClinic`], or what the target says.
pub fn check_signs(
    context: &Context<'_>,
    target: &mut dyn Target,
    url: &str,
    overrides: &[String],
) -> Result<Vec<String>, Failure> {
    let mut met = Vec::new();
    let mut signs = list_signs(context, target)?;
    let given = url.strip_prefix("sqlite:").and_then(|path| Path::new(path).file_name());
    let is_named = signs.iter().any(|sign| live_systems().any(|system| system.name_sign() == sign.word));
    signs.extend(given.and_then(|name| find_name_sign(&name.to_string_lossy())).filter(|_| !is_named));
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

/// What the times of treatments say of how young a database is: all rows of all tables that have any.
#[derive(Default)]
struct TreatmentTimes {
    /// The newest time that is not certainly old, and its column.
    recent: Option<(Time, String)>,
    /// How many cells say nothing that can be read, and the columns that they stand in.
    unreadable: u64,
    places: BTreeSet<String>,
}

impl TreatmentTimes {
    fn read(context: &Context<'_>, target: &mut dyn Target) -> Result<Self, Failure> {
        let now = context.at_place(context.clock.local_time());
        let since = now.checked_add(SignedDuration::from_hours(-24 * RECENT_DAYS)).unwrap_or(now);
        let mut treatments = Self::default();
        let mut names = target.list_tables()?;
        // What has such a name and is no table, as a view, is no table that a target lists.
        let listed = |name: &&str| names.iter().any(|listed| listed.eq_ignore_ascii_case(name));
        let known = live_systems().flat_map(|system| system.record_tables().iter().copied());
        let others: Vec<String> = known.filter(|name| !listed(name)).map(str::to_owned).collect();
        names.extend(others);
        for name in names {
            let table = match target.find_table(&name) {
                Ok(Some(table)) => table,
                Ok(None) => continue,
                // What mfm does not take as a table holds no treatments, unless it is named like one that does.
                Err(TargetError::Refused(_)) => {
                    if is_treatment_table(&name) {
                        treatments.cannot_read(&name);
                    }
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let columns: Vec<&str> = table.columns.iter().map(|column| column.image.name.as_str()).collect();
            let times = recent_times(&columns);
            let all: Vec<&str> = table.columns.iter().chain(&table.omitted).map(|c| c.image.name.as_str()).collect();
            let unread = recent_times(&all).into_iter().filter(|column| !times.contains(column));
            let unread = unread.map(|column| format!("{name}.{column}, which is computed"));
            let none = (is_treatment_table(&name) && times.is_empty()).then(|| format!("{name}, without times,"));
            let unread: Vec<String> = unread.chain(none).collect();
            if !times.is_empty() || !unread.is_empty() {
                context.reporter.progress("looking at the times of treatments", 0, 0);
                treatments.scan_table(
                    context,
                    target,
                    &Arc::new(table.select_columns(&times)),
                    (&times, &unread),
                    since,
                )?;
            }
        }
        Ok(treatments)
    }

    /// Visits every row of a table.
    fn scan_table(
        &mut self,
        context: &Context<'_>,
        target: &mut dyn Target,
        table: &Arc<Table>,
        (times, unread): (&[&str], &[String]),
        since: Time,
    ) -> Result<(), Failure> {
        let at: Vec<(usize, String)> = (0..)
            .zip(&table.columns)
            .filter(|(_, column)| times.contains(&column.image.name.as_str()))
            .map(|(at, column)| (at, format!("{}.{}", table.shape.name, column.image.name)))
            .collect();
        let mut rows = 0_u64;
        let mut stopped = false;
        let scanned = target.scan(&Scan::every_row(table.clone()), &mut |row| {
            rows += 1;
            if rows.is_multiple_of(4096) && context.go_on().is_err() {
                stopped = true;
                let (url, what) = (String::new(), "read on".to_owned());
                return Err(TargetError::Failed { url, what, why: "somebody interrupted".to_owned() });
            }
            for (at, place) in &at {
                if let Some((cell, column)) = row.get(*at).zip(table.columns.get(*at)) {
                    self.note_time(cell, column, place, since);
                }
            }
            unread.iter().for_each(|place| self.cannot_read(place));
            Ok(())
        });
        if stopped {
            context.go_on()?;
        }
        Ok(scanned?)
    }

    /// Takes in a cell; one that is empty says nothing, one that cannot be read says nothing of its age.
    fn note_time(&mut self, cell: &Value, column: &Column, place: &str, since: Time) {
        if cell.is_null() || matches!(cell, Value::Text(text) if text.trim().is_empty()) {
            return;
        }
        match time::read_time(cell, column).filter(|time| time.wall.year() >= FIRST_YEAR) {
            None => self.cannot_read(place),
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
                "{} of its times of treatments cannot be read, in {}, so that nobody knows how young they are",
                self.unreadable,
                places.join(", ")
            );
            LiveSign { word: "times-unreadable", what }
        });
        recent.into_iter().chain(unreadable).collect()
    }
}
