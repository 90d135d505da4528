//! The limits of an answer: long values, lists and texts are cut, and each cut says what was left out.

use mfm_journal::Digest;
use serde_json::{Value as Json, json};

use super::schema::Object;
use crate::model::shown;

/// Most changes, findings or rows in an answer: a model reads every one of them.
pub(super) const LIST_MAX: usize = 20;
/// How long one value may be, in bytes.
const VALUE_MAX: usize = 2_000;
/// How long an answer may be as JSON, in bytes, without the fields about its cuts: with those and the text it stays
/// within 20 000 tokens of four bytes.
const JSON_MAX: usize = 66_000;
/// How long a draft may be, in bytes, to which a tool still adds fields.
const DRAFT_MAX: usize = 60_000;
/// Most cuts that an answer lists.
const CUTS_MAX: usize = 100;
/// How long the text may be, in bytes.
const TEXT_MAX: usize = 5_900;
/// Fields with sentences of mfm's own, which are shortened as text and not replaced by a digest.
const WORDS: [&str; 7] = ["words", "message", "hint", "why", "problem", "question", "about"];

/// Where the next page begins: the dotted path of a list in the answer, and how many of its items to skip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    list: String,
    from: usize,
}

impl Cursor {
    /// Parses the `next_cursor` of an earlier answer: `LIST:COUNT`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (list, from) = text.rsplit_once(':')?;
        // The count comes from the client; some callers add to it.
        let from = from.parse().ok().filter(|from| *from <= 1_000_000)?;
        Some(Self { list: list.to_owned(), from })
    }

    /// Returns how many items of `list` to skip.
    pub(super) fn offset_of(cursor: Option<&Self>, list: &str) -> usize {
        cursor.filter(|cursor| cursor.list == list).map_or(0, |cursor| cursor.from)
    }
}

/// A list that was cut to a part.
#[derive(Debug)]
struct Cut {
    list: String,
    from: usize,
    shown: usize,
    total: usize,
}

impl Cut {
    const fn has_more(&self) -> bool {
        self.from + self.shown < self.total
    }
}

/// Cuts an answer to what a model can read: a few items of each list, from the cursor on.
pub(super) fn cut_answer(json: &mut Json, cursor: Option<&Cursor>) {
    cut_to_limits(json, cursor, LIST_MAX, DRAFT_MAX);
}

/// Cuts an answer whose lists have the right length already, to its size only.
pub(super) fn cut_whole(json: &mut Json) {
    cut_to_limits(json, None, usize::MAX, JSON_MAX);
}

fn cut_to_limits(json: &mut Json, cursor: Option<&Cursor>, listed_max: usize, bytes_max: usize) {
    let mut cuts = Vec::new();
    window_lists(json, "", cursor, listed_max, &mut cuts);
    shorten_values(json);
    fit_bytes(json, bytes_max, &mut cuts);
    // Each cut adds fields to the answer, which has to keep its limit.
    cuts.truncate(CUTS_MAX);
    note_cuts(json, &cuts, cursor);
}

/// Shortens a text to what a model can read.
pub(super) fn bound_text(text: &str) -> String {
    shorten_text(text, TEXT_MAX)
}

/// Cuts each list that is reached through objects to one page.
fn window_lists(json: &mut Json, place: &str, cursor: Option<&Cursor>, listed_max: usize, cuts: &mut Vec<Cut>) {
    let Some(map) = json.as_object_mut() else { return };
    for (name, value) in map.iter_mut() {
        let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        let Some(list) = value.as_array_mut() else {
            window_lists(value, &place, cursor, listed_max, cuts);
            continue;
        };
        let (total, from) = (list.len(), Cursor::offset_of(cursor, &place).min(list.len()));
        list.drain(..from);
        list.truncate(listed_max);
        if list.len() < total {
            cuts.push(Cut { list: place, from, shown: list.len(), total });
        }
    }
}

/// Replaces values that are too long by their length and digest.
fn shorten_values(json: &mut Json) {
    match json {
        Json::String(text) if text.len() > VALUE_MAX => *json = summarise_bytes(text.as_bytes()),
        Json::Array(list) => list.iter_mut().for_each(shorten_values),
        Json::Object(map) => {
            // `{"$hex": ..}` is one value, so the digest takes the place of the whole.
            let tagged = map.len() == 1 && map.keys().all(|name| name.starts_with('$'));
            let long = map.values().next().and_then(Json::as_str).filter(|text| tagged && text.len() > VALUE_MAX);
            if let Some(long) = long {
                *json = summarise_bytes(long.as_bytes());
                return;
            }
            for (name, value) in map.iter_mut() {
                match value.as_str().filter(|_| WORDS.contains(&name.as_str())) {
                    Some(words) => *value = json!(shorten_text(words, VALUE_MAX)),
                    None => shorten_values(value),
                }
            }
        }
        _ => {}
    }
}

fn summarise_bytes(bytes: &[u8]) -> Json {
    json!({"$cut": bytes.len(), "digest": Digest::sha256(bytes).to_string()})
}

/// Returns a text whole, or its beginning and its length, in at most `bytes_max` bytes.
fn shorten_text(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    // 40 bytes are room for the note behind it.
    let end = (0..=bytes_max - 40).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    format!("{} ... ({} bytes in all)", text.get(..end).unwrap_or_default(), text.len())
}

/// Halves the longest lists, then replaces the longest values, until the whole fits.
fn fit_bytes(json: &mut Json, bytes_max: usize, cuts: &mut Vec<Cut>) {
    // Measured as it is sent: escapes of control characters make it longer.
    while shown::escape_json(&json.to_string()).len() > bytes_max {
        let Some(place) = find_longest(json) else {
            *json = summarise_bytes(json.to_string().as_bytes());
            return;
        };
        let Some(value) = json.pointer_mut(&place) else { return };
        let Json::Array(list) = value else {
            *value = summarise_bytes(value.to_string().as_bytes());
            continue;
        };
        // By halves, because each round measures the whole answer again.
        let (before, left) = (list.len(), list.len() / 2);
        list.truncate(left);
        let name = place.trim_start_matches('/').replace('/', ".");
        match cuts.iter_mut().find(|cut| cut.list == name) {
            Some(cut) => cut.shown = left,
            None => cuts.push(Cut { list: name, from: 0, shown: left, total: before }),
        }
    }
}

/// Finds the longest list that can be halved, else the longest other value, as a JSON pointer.
fn find_longest(json: &Json) -> Option<String> {
    let mut lists: Vec<(usize, String)> = Vec::new();
    let mut others: Vec<(usize, String)> = Vec::new();
    let mut todo = vec![(String::new(), json)];
    while let Some((place, value)) = todo.pop() {
        let Some(map) = value.as_object() else { continue };
        for (name, value) in map {
            // A JSON pointer escapes `~` first, and then `/`.
            let place = format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
            let bytes = value.to_string().len();
            match value {
                Json::Array(list) if list.len() > 1 => lists.push((bytes, place)),
                Json::Object(inner) if inner.len() > 1 && !inner.contains_key("$cut") => todo.push((place, value)),
                Json::Object(inner) if inner.contains_key("$cut") => {}
                // A digest is about as long itself.
                _ if bytes > 100 => others.push((bytes, place)),
                _ => {}
            }
        }
    }
    lists.into_iter().max().or_else(|| others.into_iter().max()).map(|(_, place)| place)
}

/// Adds the length of each cut list and what was left out, and the cursor of the next page.
fn note_cuts(json: &mut Json, cuts: &[Cut], cursor: Option<&Cursor>) {
    for cut in cuts {
        let (holder, name) = cut.list.rsplit_once('.').unwrap_or(("", &cut.list));
        let place = if holder.is_empty() { String::new() } else { format!("/{}", holder.replace('.', "/")) };
        let Some(map) = json.pointer_mut(&place).and_then(Json::as_object_mut) else { continue };
        let remaining = cut.total - cut.from - cut.shown;
        map.insert(format!("{name}_left_out"), json!(remaining));
        set_total(map, &format!("{name}_total"), cut.total);
    }
    // A page of one list has to go on with the same list; there is only one cursor.
    let paged = cuts.iter().find(|cut| cursor.is_some_and(|cursor| cursor.list == cut.list));
    let Some(main) = paged.or_else(|| cuts.iter().find(|cut| cut.has_more())) else { return };
    let Some(map) = json.as_object_mut() else { return };
    set_total(map, "total", main.total);
    let next = main.has_more().then(|| format!("{}:{}", main.list, main.from + main.shown));
    map.insert("next_cursor".into(), json!(next));
}

/// Sets a total, unless the operation gave its own.
fn set_total(map: &mut Object, name: &str, total: usize) {
    if map.get(name).is_none_or(Json::is_null) {
        map.insert(name.to_owned(), json!(total));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// JSON of any shape, with texts and lists far longer than an answer.
    fn arbitrary_json() -> impl Strategy<Value = Json> {
        let text =
            prop_oneof![".{0,40}", Just("x".repeat(3_000)), Just("\u{1f600}".repeat(30_000)), Just("\"".repeat(1_999))];
        let leaf = prop_oneof![Just(Json::Null), any::<i64>().prop_map(Json::from), text.prop_map(Json::from)];
        leaf.prop_recursive(4, 200, 30, |inner| {
            let names = prop_oneof!["[a-z]{1,6}", "\\$[a-z]{1,4}", "[a-z/~.]{1,4}", Just("message".to_owned())];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..30).prop_map(Json::from),
                (inner.clone(), 0_usize..400).prop_map(|(value, count)| repeat_value(value, count)),
                prop::collection::btree_map(names, inner, 0..20)
                    .prop_map(|map| Json::Object(map.into_iter().collect())),
            ]
        })
    }

    /// Repeats a value, to half a megabyte: lists of lists of long texts would fill any memory.
    fn repeat_value(value: Json, count: usize) -> Json {
        let most = 500_000 / value.to_string().len() + 1;
        Json::from(vec![value; count.min(most)])
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn k8_no_answer_is_longer_than_20_000_tokens(
            inner in arbitrary_json(), late in arbitrary_json(), long in ".{0,100}", times in 0_usize..2_000
        ) {
            let mut json = json!({"findings": inner, "more": {"a": 1}});
            cut_answer(&mut json, None);
            json["late"] = late;
            cut_whole(&mut json);
            let words = bound_text(&long.repeat(times));
            let bytes = shown::escape_json(&json.to_string()).len() + words.len();
            prop_assert!(bytes <= 80_000, "{bytes} bytes");
        }
    }

    #[test]
    fn k8_a_cut_says_how_much_there_is_and_where_it_goes_on() {
        let whole = json!({"findings": (0..45).collect::<Vec<_>>(), "inner": {"rows": (0..21).collect::<Vec<_>>()}});
        let (mut seen, mut cursor) = (Vec::new(), None);
        for shown in [20, 20, 5] {
            let mut json = whole.clone();
            cut_answer(&mut json, cursor.as_ref());
            assert_eq!((&json["findings_total"], &json["total"]), (&json!(45), &json!(45)));
            let part = json["findings"].as_array().unwrap().clone();
            assert_eq!(part.len(), shown);
            assert_eq!(json["findings_left_out"], 45 - seen.len() - shown);
            seen.extend(part);
            assert_eq!((&json["inner"]["rows_left_out"], &json["inner"]["rows_total"]), (&json!(1), &json!(21)));
            cursor = json["next_cursor"].as_str().and_then(Cursor::parse);
        }
        assert_eq!((Json::from(seen), cursor), (whole["findings"].clone(), None));
        let mut json = whole;
        cut_answer(&mut json, Cursor::parse("inner.rows:20").as_ref());
        assert_eq!((&json["inner"]["rows"], &json["next_cursor"]), (&json!([20]), &Json::Null));
        for bad in ["", "findings", "findings:", "findings:-1", "findings:9999999"] {
            assert_eq!(Cursor::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn k8_a_long_value_is_its_length_and_digest() {
        let long = "y".repeat(100_000);
        let mut json = json!({"before": {"A": {"$hex": long}, "B": long, "C": "short"}, "message": long});
        cut_answer(&mut json, None);
        let gone = json!({"$cut": 100_000, "digest": Digest::sha256(long.as_bytes()).to_string()});
        assert_eq!((&json["before"]["A"], &json["before"]["B"], &json["before"]["C"]), (&gone, &gone, &json!("short")));
        assert!(json["message"].as_str().unwrap().ends_with("(100000 bytes in all)"));
    }

    #[test]
    fn k8_what_is_long_in_all_is_halved_and_goes_on_where_it_ended() {
        let row = "z".repeat(1_900);
        let mut json = json!({"rows": vec![vec![row; 10]; 20]});
        cut_answer(&mut json, None);
        let shown = json["rows"].as_array().unwrap().len();
        assert!(shown < 20 && json.to_string().len() <= JSON_MAX);
        assert_eq!((&json["rows_total"], &json["next_cursor"]), (&json!(20), &json!(format!("rows:{shown}"))));
    }
}
