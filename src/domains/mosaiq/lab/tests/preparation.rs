//! The steps before the first fraction, and the checklists of a lab.

use jiff::civil::DateTime;

use super::*;
use crate::domains::mosaiq::lab::calendar::{day_of, is_working_day, working_days};

/// Returns the first time of each patient among the matching rows of a table.
fn first_moments(
    snapshot: &Snapshot,
    table: &str,
    column: &str,
    is_match: impl Fn(&Row<'_>) -> bool,
) -> BTreeMap<i64, DateTime> {
    let mut firsts = BTreeMap::new();
    for row in snapshot.table(table).unwrap().rows().filter(|row| is_match(row)) {
        let Some(moment) = row.datetime(column) else { continue };
        let first = firsts.entry(integer(&row, "Pat_ID1")).or_insert(moment);
        *first = moment.min(*first);
    }
    firsts
}

#[test]
fn steps_follow_each_other_up_to_the_first_fraction() {
    for (patients, seed) in [(90, 3), (30, 1)] {
        let lab = Database::generate_lab(patients, seed);
        let snapshot = read_tables(&lab, ["Chklist", "TxField", "TrackTreatment", "Patient"]);
        let [consented, contoured, prescribed, calculated, checked] =
            [&[11_001][..], &[11_002], &[11_003], &[11_004], &[11_005, 11_006]].map(|ids| {
                first_moments(&snapshot, "Chklist", "Act_DtTm", |row| ids.contains(&integer(row, "TSK_ID")))
            });
        let steps = [
            first_moments(&snapshot, "Patient", "Create_DtTm", |_| true),
            consented,
            contoured,
            prescribed,
            first_moments(&snapshot, "TxField", "Create_DtTm", |_| true),
            calculated,
            checked,
            first_moments(&snapshot, "TrackTreatment", "Create_DtTm", |row| flag(row, "WasQAMode")),
            first_moments(&snapshot, "TrackTreatment", "Create_DtTm", |row| !flag(row, "WasQAMode")),
        ];
        assert!(steps.iter().all(|step| step.len() >= 10));
        for patient in steps[0].keys() {
            let own: Vec<DateTime> = steps.iter().filter_map(|step| step.get(patient).copied()).collect();
            assert!(own.is_sorted_by(|one, other| one < other), "{patient}: {own:?}");
        }
    }
}

#[test]
fn who_cannot_wait_does_not() {
    let lab = Database::generate_lab(120, 3);
    let snapshot = read_tables(&lab, ["Site", "Patient", "TrackTreatment"]);
    let registered = first_moments(&snapshot, "Patient", "Create_DtTm", |_| true);
    let treated = first_moments(&snapshot, "TrackTreatment", "Create_DtTm", |row| !flag(row, "WasQAMode"));
    let soon =
        first_moments(&snapshot, "Site", "Create_DtTm", |row| row.text("Site_Name").unwrap().starts_with("SPINE"));
    // Index 0: everybody else; index 1: palliative patients.
    let (mut waits, mut weekdays) = ([Vec::new(), Vec::new()], BTreeMap::<_, usize>::new());
    for (patient, moment) in &registered {
        *weekdays.entry(moment.date().weekday().to_monday_zero_offset()).or_default() += 1;
        if let Some(first) = treated.get(patient) {
            let days = working_days(day_of(moment.date()), day_of(first.date()));
            waits[usize::from(soon.contains_key(patient))].push(days);
        }
    }
    let [others, soon] = waits;
    assert!(others.iter().all(|days| (8..=20).contains(days)), "{others:?}");
    assert!(soon.len() > 4 && soon.iter().all(|days| (0..=5).contains(days)), "{soon:?}");
    assert!(weekdays.len() == 5 && weekdays.values().all(|count| *count * 3 < 120), "{weekdays:?}");
}

#[test]
fn checklists_are_done_in_time_lately_due_or_now_and_then_late() {
    let lab = Database::generate_lab(60, 3);
    let snapshot = read_tables(&lab, ["Chklist"]);
    let (mut open, mut done_all, mut late, mut hours) = (0, 0, 0, BTreeSet::new());
    for row in snapshot.table("Chklist").unwrap().rows() {
        let (made, due) = (row.datetime("Create_DtTm").unwrap(), row.datetime("Due_DtTm").unwrap());
        assert!(made < due);
        assert_eq!(integer(&row, "Complete") == 1, row.datetime("Act_DtTm").is_some());
        assert_eq!(row.integer("Com_Staff_ID").is_some(), row.datetime("Act_DtTm").is_some());
        open += usize::from(integer(&row, "Complete") == 0);
        if let Some(done) = row.datetime("Act_DtTm") {
            assert!(made < done && row.datetime("Edit_DtTm") == Some(done));
            assert!(is_working_day(day_of(done.date())) && working_days(day_of(due.date()), day_of(done.date())) <= 1);
            done_all += 1;
            late += usize::from(done > due);
            hours.insert(done.hour());
        }
    }
    assert!(open > 0 && hours.len() >= 9, "{open} {hours:?}");
    assert!((5..=11).contains(&(late * 100 / done_all)), "{late} of {done_all} late");
}
