//! Tests of the synthetic catalogue.

use std::collections::BTreeSet;

use super::record::build_text;
use super::{SHARES, share_out};
use crate::domains::openonco::source::{list_members, parse_object};

#[test]
fn every_test_is_counted_once() {
    for count in [1, 2, 101, 102, 1_000_000] {
        assert_eq!(share_out(count).iter().map(|(_, records)| records).sum::<u64>(), count);
    }
}

#[test]
fn records_are_irregular_and_their_names_differ() {
    let (mut names, mut shapes, mut keys) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for record in 1..=400 {
        let category = SHARES[usize::try_from(record % 4).unwrap()].0;
        let text = build_text(category, record, record.unsigned_abs(), 7);
        let fields = parse_object(&text).unwrap();
        assert!(names.insert(fields["name"].as_str().unwrap().to_lowercase()), "{}", fields["name"]);
        let shape: Vec<String> = list_members(&text).into_iter().map(|member| member.name).collect();
        keys.extend(shape.clone());
        shapes.insert(shape);
    }
    assert!(shapes.len() > 300 && keys.len() > 40, "{} shapes, {} keys", shapes.len(), keys.len());
}

#[test]
fn the_same_seed_gives_the_same_record() {
    let category = SHARES[0].0;
    assert_eq!(build_text(category, 5, 5, 1), build_text(category, 5, 5, 1));
    assert_ne!(build_text(category, 5, 5, 1), build_text(category, 5, 5, 2));
}
