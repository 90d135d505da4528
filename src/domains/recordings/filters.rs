//! Filters for frames and contacts: by frame id, simulation time, body, and what touches.
//!
//! Pure: rows come from a snapshot, and what is missing there is asked for with [`Pause::Ask`].

use std::collections::BTreeSet;

use super::bodies::is_environment;
use super::schema::{BODY, BODY_STATE, COLLISION, FRAME};
use crate::domain::filter::{FilterCard, FilterValues};
use crate::domain::pause::{Pause, read_rows};
use crate::domain::record::RecordKind;
use crate::model::{Fetch, Filter, Ids, Key, Row, Snapshot, Value};

/// The filters of this domain, in the order in which help lists them.
pub(super) static FILTERS: [FilterCard; 4] = [
    FilterCard {
        flag: "frame",
        value_name: "IDS",
        about: "Only these frames, or contacts in them, by id: single ones and inclusive ranges, such as 10-50,77",
        brief: "",
        form: "10-50",
        example: "10-50",
        aliases: &["frames"],
    },
    FilterCard {
        flag: "seconds",
        value_name: "FROM-TO",
        about: "Only frames in this range of simulation time, or contacts in them, s, both ends included",
        brief: "0.5-1.25",
        form: "0.5-1.25",
        example: "0.5-1.25",
        aliases: &["time"],
    },
    FilterCard {
        flag: "body",
        value_name: "ID",
        about: "Only frames with a state of this body, contacts that it takes part in, or the body itself",
        brief: "",
        form: "ID",
        example: "3",
        aliases: &["body_id"],
    },
    FilterCard {
        flag: "touching",
        value_name: "WHAT",
        about: "Only contacts with the ground or between moving bodies, or frames with such contacts: ground, bodies; \
                or frames without any contact: nothing; with a body, only its contacts",
        brief: "ground, bodies or nothing",
        form: "ground",
        example: "ground",
        aliases: &[],
    },
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Touching {
    Ground,
    Bodies,
    Nothing,
}

/// The filter values of a request, parsed.
struct RecordFilters {
    frames: Option<Ids>,
    seconds: Option<(f64, f64)>,
    body: Option<i64>,
    touching: Option<Touching>,
}

impl RecordFilters {
    fn parse(filters: &FilterValues) -> Result<Self, String> {
        Ok(Self {
            frames: filters.get("frame").map(parse_frames).transpose()?,
            seconds: filters.get("seconds").map(parse_seconds).transpose()?,
            body: filters.get("body").map(parse_body).transpose()?,
            touching: filters.get("touching").map(parse_touching).transpose()?,
        })
    }

    const fn has_frames(&self) -> bool {
        self.frames.is_some() || self.seconds.is_some()
    }

    fn takes_frame(&self, row: &Row<'_>) -> bool {
        if let Some(ids) = &self.frames
            && !row.integer("id").is_some_and(|id| ids.contains(id))
        {
            return false;
        }
        match self.seconds {
            Some((first, last)) => row.float("simulation_time").is_some_and(|time| first <= time && time <= last),
            None => true,
        }
    }

    fn takes_pair(&self, row: &Row<'_>) -> bool {
        let bodies = ["body_a_id", "body_b_id"].map(|column| row.integer(column));
        let on_ground = bodies.iter().flatten().any(|body| is_environment(*body));
        let is_kind = match self.touching {
            Some(Touching::Ground) => on_ground,
            Some(Touching::Bodies) => !on_ground,
            // Frames without any contact are those that no pair is found in: here every pair counts.
            Some(Touching::Nothing) | None => true,
        };
        is_kind && (self.body.is_none() || bodies.contains(&self.body))
    }
}

fn parse_frames(text: &str) -> Result<Ids, String> {
    text.parse().map_err(|error| format!("frame: {error}"))
}

fn parse_body(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("body: `{text}` is not an id"))
}

fn parse_seconds(text: &str) -> Result<(f64, f64), String> {
    let span = text.split_once('-').and_then(|(first, last)| Some((parse_finite(first)?, parse_finite(last)?)));
    match span {
        Some((first, last)) if first <= last => Ok((first, last)),
        _ => Err(format!("seconds: `{text}` is not a time range, such as 0.5-1.25 with the smaller number first")),
    }
}

/// `"nan"` and `"inf"` parse as floats too, and would make a span that holds nothing or everything.
fn parse_finite(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

fn parse_touching(text: &str) -> Result<Touching, String> {
    match text {
        "ground" => Ok(Touching::Ground),
        "bodies" => Ok(Touching::Bodies),
        "nothing" => Ok(Touching::Nothing),
        other => Err(format!("touching: `{other}` is not one of ground, bodies, nothing")),
    }
}

/// Checks that filter values parse and make sense for a kind of record.
pub(super) fn check_filters(kind: &RecordKind, filters: &FilterValues) -> Result<(), String> {
    let criteria = RecordFilters::parse(filters)?;
    if kind.table == BODY.name && (criteria.has_frames() || criteria.touching.is_some()) {
        return Err("bodies are the same in every frame: they can only be filtered by body".to_owned());
    }
    if kind.table == COLLISION.name && criteria.touching == Some(Touching::Nothing) {
        return Err("contacts always touch something: touching must be ground or bodies here".to_owned());
    }
    Ok(())
}

/// Returns the keys of the records that pass the filters, ascending.
pub(super) fn select_keys(kind: &RecordKind, filters: &FilterValues, snapshot: &Snapshot) -> Result<Vec<Key>, Pause> {
    // `check_filters` has refused values that do not parse before anything is read.
    let Ok(criteria) = RecordFilters::parse(filters) else { return Ok(Vec::new()) };
    let selected = match kind.table {
        table if table == FRAME.name => select_frames(&criteria, snapshot)?,
        table if table == COLLISION.name => select_contacts(&criteria, snapshot)?,
        table => read_rows(snapshot, &Fetch::among(table, "body_id", criteria.body.map(Value::Integer)))?,
    };
    Ok(selected.iter().map(Row::key).collect())
}

fn select_frames<'s>(criteria: &RecordFilters, snapshot: &'s Snapshot) -> Result<Vec<Row<'s>>, Pause> {
    let mut frames = read_rows(snapshot, &Fetch::all(FRAME.name))?;
    frames.retain(|row| criteria.takes_frame(row));
    if let Some(touching) = criteria.touching {
        let mut pairs = read_rows(snapshot, &fetch_frame_span(COLLISION.name, &frames))?;
        pairs.retain(|row| criteria.takes_pair(row));
        let touched = frame_ids(&pairs);
        let has_pair = touching != Touching::Nothing;
        frames.retain(|row| is_frame_among(row, &touched) == has_pair);
    } else if let Some(body) = criteria.body {
        // With `touching`, the body already narrowed the pairs.
        let states = read_rows(snapshot, &Fetch::among(BODY_STATE.name, "body_id", [Value::Integer(body)]))?;
        let present = frame_ids(&states);
        frames.retain(|row| is_frame_among(row, &present));
    }
    Ok(frames)
}

/// Returns the frames that rows of another table belong to.
fn frame_ids(rows: &[Row<'_>]) -> BTreeSet<i64> {
    rows.iter().filter_map(|row| row.integer("frame_id")).collect()
}

fn is_frame_among(frame: &Row<'_>, ids: &BTreeSet<i64>) -> bool {
    frame.integer("id").is_some_and(|id| ids.contains(&id))
}

fn select_contacts<'s>(criteria: &RecordFilters, snapshot: &'s Snapshot) -> Result<Vec<Row<'s>>, Pause> {
    let mut pairs = if criteria.has_frames() {
        let by_frame = RecordFilters { body: None, touching: None, frames: criteria.frames.clone(), ..*criteria };
        let frames = select_frames(&by_frame, snapshot)?;
        let ids: BTreeSet<Option<i64>> = frames.iter().map(|row| row.integer("id")).collect();
        let mut pairs = read_rows(snapshot, &fetch_frame_span(COLLISION.name, &frames))?;
        // The span from the first to the last frame also covers frames that were not selected.
        pairs.retain(|row| ids.contains(&row.integer("frame_id")));
        pairs
    } else {
        read_rows(snapshot, &Fetch::all(COLLISION.name))?
    };
    pairs.retain(|row| criteria.takes_pair(row));
    Ok(pairs)
}

/// Builds the query for the rows of a table from the first to the last of some frames.
fn fetch_frame_span(table: &str, frames: &[Row<'_>]) -> Fetch {
    let ids: BTreeSet<i64> = frames.iter().filter_map(|row| row.integer("id")).collect();
    // Without frames, the span 0 to -1 is empty: no row is read.
    let (first, last) = (ids.first().copied().unwrap_or(0), ids.last().copied().unwrap_or(-1));
    Fetch { table: table.to_owned(), filter: Filter::Between { column: "frame_id".to_owned(), first, last } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::recordings::records::KINDS;
    use crate::domains::recordings::testing::{Database, recording};

    fn find_kind(word: &str) -> &'static RecordKind {
        KINDS.iter().find(|kind| kind.word == word).unwrap()
    }

    fn filter_values(given: &[(&str, &str)]) -> FilterValues {
        given.iter().map(|(flag, value)| (*flag, (*value).to_owned())).collect()
    }

    fn select_ids(database: &Database, word: &str, given: &[(&str, &str)]) -> Vec<i64> {
        let filters = filter_values(given);
        check_filters(find_kind(word), &filters).unwrap();
        let mut asked = Vec::new();
        let keys = loop {
            match select_keys(find_kind(word), &filters, &database.read_snapshot(asked.clone())) {
                Ok(keys) => break keys,
                Err(Pause::Ask(more)) => asked.extend(more),
                Err(other) => panic!("{other:?}"),
            }
        };
        keys.iter()
            .map(|key| match key.as_slice() {
                [Value::Integer(number)] => *number,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn frames_are_narrowed_by_number_time_body_and_what_touches() {
        let database = recording("bouncing", 120, 1);
        assert_eq!(select_ids(&database, "frame", &[("frame", "3-5,9")]), [3, 4, 5, 9]);
        assert_eq!(select_ids(&database, "frame", &[("seconds", "0.0-0.05")]).len(), 3);
        assert_eq!(select_ids(&database, "frame", &[("frame", "1-50"), ("seconds", "0.05-9")]).len(), 47);
        assert_eq!(select_ids(&database, "frame", &[("body", "3")]).len(), 120);
        assert_eq!(select_ids(&database, "frame", &[("body", "99")]), [0; 0]);
        let touching = select_ids(&database, "frame", &[("touching", "ground")]);
        let free = select_ids(&database, "frame", &[("touching", "nothing")]);
        assert!(!touching.is_empty() && touching.iter().all(|frame| !free.contains(frame)));
        assert_eq!(touching.len() + free.len(), 120);
        assert_eq!(select_ids(&database, "frame", &[("touching", "bodies")]), [0; 0], "it is alone");
    }

    #[test]
    fn contacts_are_narrowed_by_their_frames_and_bodies() {
        let database = recording("stack", 60, 1);
        let all = database.keys(COLLISION.name).len();
        let ground = select_ids(&database, "contact", &[("touching", "ground")]);
        let bodies = select_ids(&database, "contact", &[("touching", "bodies")]);
        assert!(!ground.is_empty() && !bodies.is_empty());
        assert_eq!(ground.len() + bodies.len(), all);
        let early = select_ids(&database, "contact", &[("frame", "1-10")]);
        assert!(!early.is_empty() && early.len() < all && early.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(select_ids(&database, "contact", &[("frame", "900")]), [0; 0]);
        assert!(select_ids(&database, "contact", &[("body", "4"), ("frame", "1-10")]).len() < early.len());
        assert_eq!(select_ids(&database, "body", &[("body", "3")]).len(), 1);
    }

    #[test]
    fn words_that_mean_nothing_are_refused_by_name() {
        for (word, flag, value, said) in [
            ("frame", "frame", "ten", "frame: "),
            ("frame", "seconds", "2-1", "seconds: "),
            ("frame", "seconds", "nan-inf", "seconds: "),
            ("frame", "body", "box", "body: "),
            ("frame", "touching", "air", "touching: "),
            ("body", "frame", "1", "the same in every frame"),
            ("contact", "touching", "nothing", "touch something"),
        ] {
            let why = check_filters(find_kind(word), &filter_values(&[(flag, value)])).unwrap_err();
            assert!(why.contains(said), "{why}");
        }
    }
}
