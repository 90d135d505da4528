//! What people know of frames and contacts, and narrow them by: numbers, times, bodies, what touches; reads nothing.

use std::collections::BTreeSet;

use super::bodies::is_environment;
use super::schema::{BODY, BODY_STATE, COLLISION, FRAME};
use crate::domain::filter::{FilterCard, FilterValues};
use crate::domain::pause::{Pause, read_rows};
use crate::domain::record::RecordKind;
use crate::model::{Fetch, Filter, Ids, Key, Row, Snapshot, Value};

/// What records are narrowed by.
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
        about: "Only frames of this stretch of simulation time, or contacts in them, s, both ends included",
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
        about: "Only contacts with the ground or between two moving bodies, or frames in which there are such: ground, \
                bodies; or frames without any: nothing; with a body, of that one alone",
        brief: "ground, bodies or nothing",
        form: "ground",
        example: "ground",
        aliases: &[],
    },
];

/// What touches.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Touching {
    Ground,
    Bodies,
    Nothing,
}

/// The words of filters, read.
struct RecordFilters {
    frames: Option<Ids>,
    seconds: Option<(f64, f64)>,
    body: Option<i64>,
    touching: Option<Touching>,
}

impl RecordFilters {
    fn parse(filters: &FilterValues) -> Result<Self, String> {
        let body = |text: &str| text.parse::<i64>().map_err(|_| format!("body: `{text}` is no id"));
        Ok(Self {
            frames: filters
                .get("frame")
                .map(|text| text.parse().map_err(|error| format!("frame: {error}")))
                .transpose()?,
            seconds: filters.get("seconds").map(parse_seconds).transpose()?,
            body: filters.get("body").map(body).transpose()?,
            touching: filters.get("touching").map(parse_touching).transpose()?,
        })
    }

    const fn has_frames(&self) -> bool {
        self.frames.is_some() || self.seconds.is_some()
    }

    fn takes_frame(&self, row: &Row<'_>) -> bool {
        let numbered = |ids: &Ids| row.integer("id").is_some_and(|id| ids.contains(id));
        let timed =
            |(first, last): (f64, f64)| row.float("simulation_time").is_some_and(|time| first <= time && time <= last);
        self.frames.as_ref().is_none_or(numbered) && self.seconds.is_none_or(timed)
    }

    fn takes_pair(&self, row: &Row<'_>) -> bool {
        let bodies = ["body_a_id", "body_b_id"].map(|column| row.integer(column));
        let on_ground = bodies.iter().flatten().any(|body| is_environment(*body));
        let of_sort = match self.touching {
            Some(Touching::Ground) => on_ground,
            Some(Touching::Bodies) => !on_ground,
            Some(Touching::Nothing) | None => true,
        };
        of_sort && (self.body.is_none() || bodies.contains(&self.body))
    }
}

fn parse_seconds(text: &str) -> Result<(f64, f64), String> {
    let wrong = || format!("seconds: `{text}` is no stretch of time, such as 0.5-1.25, the smaller first");
    let (first, last) = text.split_once('-').ok_or_else(wrong)?;
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Ok((first, last)),
        _ => Err(wrong()),
    }
}

fn parse_touching(text: &str) -> Result<Touching, String> {
    match text {
        "ground" => Ok(Touching::Ground),
        "bodies" => Ok(Touching::Bodies),
        "nothing" => Ok(Touching::Nothing),
        other => Err(format!("touching: `{other}` is none of ground, bodies, nothing")),
    }
}

/// Judges the words of filters.
pub(super) fn check_filters(kind: &RecordKind, filters: &FilterValues) -> Result<(), String> {
    let wanted = RecordFilters::parse(filters)?;
    if kind.table == BODY.name && (wanted.has_frames() || wanted.touching.is_some()) {
        return Err("bodies are the same in every frame: only a body's id narrows them".to_owned());
    }
    if kind.table == COLLISION.name && wanted.touching == Some(Touching::Nothing) {
        return Err("a contact is with something: touching takes ground or bodies here".to_owned());
    }
    Ok(())
}

/// Returns the keys of the records that filters leave, ascending.
pub(super) fn select_keys(kind: &RecordKind, filters: &FilterValues, snapshot: &Snapshot) -> Result<Vec<Key>, Pause> {
    // The words were judged before.
    let Ok(wanted) = RecordFilters::parse(filters) else { return Ok(Vec::new()) };
    let left = match kind.table {
        table if table == FRAME.name => select_frames(&wanted, snapshot)?,
        table if table == COLLISION.name => select_contacts(&wanted, snapshot)?,
        table => read_rows(snapshot, &Fetch::among(table, "body_id", wanted.body.map(Value::Integer)))?,
    };
    Ok(left.iter().map(Row::key).collect())
}

fn select_frames<'s>(wanted: &RecordFilters, snapshot: &'s Snapshot) -> Result<Vec<Row<'s>>, Pause> {
    let mut left = read_rows(snapshot, &Fetch::all(FRAME.name))?;
    left.retain(|row| wanted.takes_frame(row));
    let of_frame = |row: &Row<'_>| row.integer("frame_id");
    let (with, without) = match (wanted.touching, wanted.body) {
        (Some(touching), _) => {
            let pairs = read_rows(snapshot, &fetch_frame_span(COLLISION.name, &left))?;
            let frames: BTreeSet<i64> =
                pairs.iter().filter(|row| wanted.takes_pair(row)).filter_map(of_frame).collect();
            if touching == Touching::Nothing { (None, Some(frames)) } else { (Some(frames), None) }
        }
        (None, Some(body)) => {
            let states = read_rows(snapshot, &Fetch::among(BODY_STATE.name, "body_id", [Value::Integer(body)]))?;
            (Some(states.iter().filter_map(of_frame).collect()), None)
        }
        (None, None) => (None, None),
    };
    let holds = |frames: &BTreeSet<i64>, row: &Row<'_>| row.integer("id").is_some_and(|id| frames.contains(&id));
    left.retain(|row| with.as_ref().is_none_or(|with| holds(with, row)));
    left.retain(|row| without.as_ref().is_none_or(|without| !holds(without, row)));
    Ok(left)
}

fn select_contacts<'s>(wanted: &RecordFilters, snapshot: &'s Snapshot) -> Result<Vec<Row<'s>>, Pause> {
    let mut left = if wanted.has_frames() {
        let frames = select_frames(
            &RecordFilters { body: None, touching: None, frames: wanted.frames.clone(), ..*wanted },
            snapshot,
        )?;
        let ids: BTreeSet<Option<i64>> = frames.iter().map(|row| row.integer("id")).collect();
        let mut left = read_rows(snapshot, &fetch_frame_span(COLLISION.name, &frames))?;
        left.retain(|row| ids.contains(&row.integer("frame_id")));
        left
    } else {
        read_rows(snapshot, &Fetch::all(COLLISION.name))?
    };
    left.retain(|row| wanted.takes_pair(row));
    Ok(left)
}

/// Asks for the rows of a table from the first to the last of some frames.
fn fetch_frame_span(table: &str, frames: &[Row<'_>]) -> Fetch {
    let ids = || frames.iter().filter_map(|row| row.integer("id"));
    let (first, last) = (ids().min().unwrap_or(0), ids().max().unwrap_or(-1));
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
        let number = |key: &Key| match key.as_slice() {
            [Value::Integer(number)] => *number,
            other => panic!("{other:?}"),
        };
        keys.iter().map(number).collect()
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
            ("contact", "touching", "nothing", "with something"),
        ] {
            let why = check_filters(find_kind(word), &filter_values(&[(flag, value)])).unwrap_err();
            assert!(why.contains(said), "{why}");
        }
    }
}
