//! Signs that a database is somebody's live clinic, each to be overridden by name; refuses nothing itself.

use jiff::SignedDuration;

use crate::model::{Query, Refusal, Snapshot};
use crate::mosaiq::clinic;
use crate::ops::{Context, Failure};
use crate::target::{Session, Target};

/// A delivery younger than this is a sign of a live clinic.
const RECENT_DAYS: i64 = 30;

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
pub fn signs(context: &Context<'_>, target: &mut dyn Target) -> Result<Vec<LiveSign>, Failure> {
    let mut signs = Vec::new();
    match target.sessions()? {
        Some(sessions) => signs.extend(clinical(&sessions)),
        None => {
            let what = "mfm is not permitted to see which programs are connected (VIEW SERVER STATE)".to_owned();
            signs.push(LiveSign { word: "sessions-unseen", what });
        }
    }
    let name = target.name();
    let stem = name.split('.').next().unwrap_or_default();
    if stem.eq_ignore_ascii_case(clinic::DATABASE) {
        signs.push(LiveSign { word: "name-mosaiq", what: format!("it is named {name}") });
    }
    if let Some(newest) = newest_delivery(target)? {
        let age = context.clock.local().duration_since(newest);
        if age < SignedDuration::from_hours(24 * RECENT_DAYS) {
            let what = format!("its newest delivery is of {newest}, within {RECENT_DAYS} days of now");
            signs.push(LiveSign { word: "recent-treatments", what });
        }
    }
    Ok(signs)
}

/// Every word that `--override` takes.
const WORDS: [&str; 5] =
    ["clinical-sessions", "sessions-unseen", "name-mosaiq", "recent-treatments", super::rebind::FOREIGN];

/// Refuses a word that overrides nothing.
///
/// # Errors
/// Usage.
pub fn known(overrides: &[String]) -> Result<(), Failure> {
    match overrides.iter().find(|word| !WORDS.contains(&word.as_str())) {
        Some(word) => {
            let message = format!("there is no sign of a live clinic `{word}`");
            Err(Failure::usage("override", message, format!("the words are {}", WORDS.join(", "))))
        }
        None => Ok(()),
    }
}

/// Refuses the first sign that nobody overrode by its word, and returns the words of those that somebody did.
///
/// # Errors
/// [`Refusal::LiveClinic`], or what the target says.
pub fn judge(
    context: &Context<'_>,
    target: &mut dyn Target,
    url: &str,
    overrides: &[String],
) -> Result<Vec<String>, Failure> {
    let mut met = Vec::new();
    for LiveSign { word, what } in signs(context, target)? {
        if !overrides.iter().any(|known| known == word) {
            return Err(Refusal::LiveClinic { url: url.to_owned(), sign: word.to_owned(), what }.into());
        }
        met.push(word.to_owned());
    }
    Ok(met)
}

fn clinical(sessions: &[Session]) -> Option<LiveSign> {
    let session = sessions.iter().find(|session| clinic::is_clinical(&session.program))?;
    let what = format!("{} is connected to it, from {}", session.program, session.host);
    Some(LiveSign { word: "clinical-sessions", what })
}

/// Returns the start of the newest delivery, judged by the highest ids: a delivery of today is among the last ones.
fn newest_delivery(target: &mut dyn Target) -> Result<Option<jiff::civil::DateTime>, Failure> {
    let Some(table) = target.table("TrackTreatment")? else { return Ok(None) };
    if table.position("Create_DtTm").is_none() {
        return Ok(None);
    }
    let keys = target.keys(&table)?;
    let last = keys.iter().rev().take(4096).filter_map(|key| key.first().cloned());
    let mut snapshot = Snapshot::default();
    let column = table.shape.key.first().cloned().unwrap_or_default();
    let query = Query::among("TrackTreatment", &column, last);
    let answer = target.read(&query)?;
    snapshot.add(query, answer)?;
    let rows = snapshot.table("TrackTreatment")?;
    Ok(rows.rows().filter_map(|row| row.time("Create_DtTm").map(|time| time.wall)).max())
}
