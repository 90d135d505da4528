//! Filters for tests: by category and by vendor.
//!
//! Pure: rows come from a snapshot, and what is missing there is asked for with [`Pause::Ask`].

use super::categories::{CATEGORIES, find_category};
use super::schema::TESTS;
use super::text::folding::fold_text;
use super::text::vendors::{group_of, matches_vendor};
use crate::domain::filter::{FilterCard, FilterValues};
use crate::domain::pause::{Pause, read_rows};
use crate::domain::record::RecordKind;
use crate::model::{Fetch, Key, Snapshot, Value};

/// The filters of this domain, in the order in which help lists them.
pub(super) static FILTERS: [FilterCard; 2] = [
    FilterCard {
        flag: "category",
        value_name: "WORD",
        about: "Only tests of this category: mrd, ecd, trm, hct, tds, cgp or pap",
        brief: "mrd, ecd, trm, hct, tds, cgp or pap",
        form: "mrd",
        example: "mrd",
        aliases: &[],
    },
    FilterCard {
        flag: "vendor",
        value_name: "NAME",
        about: "Only tests of this vendor, by a part of its name, whatever the spelling",
        brief: "",
        form: "NAME",
        example: "Lumenar",
        aliases: &[],
    },
];

/// Checks the values of filters.
pub(super) fn check_filters(_: &RecordKind, filters: &FilterValues) -> Result<(), String> {
    match filters.get("category") {
        Some(word) if find_category(word).is_none() => {
            let known: Vec<&str> = CATEGORIES.iter().map(|category| category.id).collect();
            Err(format!("category: `{word}` is none of {}", known.join(", ")))
        }
        _ => Ok(()),
    }
}

/// Returns the keys of the tests that pass all filters, ascending.
pub(super) fn select_keys(kind: &RecordKind, filters: &FilterValues, snapshot: &Snapshot) -> Result<Vec<Key>, Pause> {
    if kind.table != TESTS {
        return Ok(Vec::new());
    }
    let wanted = match filters.get("category").and_then(find_category) {
        Some(category) => Fetch::among(TESTS, "category", [Value::Text(category.id.to_owned())]),
        None => Fetch::all(TESTS),
    };
    let vendor = filters.get("vendor").map(|name| (fold_text(name), group_of(name)));
    let mut keys = Vec::new();
    for row in read_rows(snapshot, &wanted)? {
        let is_of = |name: &str| vendor.as_ref().is_none_or(|(part, group)| matches_vendor(name, part, group));
        if is_of(row.text("vendor").unwrap_or_default()) {
            keys.push(row.key());
        }
    }
    Ok(keys)
}
