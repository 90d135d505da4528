//! The timetable of a lab.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};

use super::*;
use crate::domains::mosaiq::lab::calendar::{day_of, is_working_day};

fn start_and_end(row: &Row<'_>) -> (DateTime, DateTime) {
    (row.datetime("Create_DtTm").unwrap(), row.datetime("Edit_DtTm").unwrap())
}

#[test]
fn machines_never_treat_two_patients_at_once() {
    for (patients, seed) in [(260, 3), (30, 1), (60, 1 << 52)] {
        let lab = Database::generate_lab(patients, seed);
        let snapshot = read_tables(&lab, ["TrackTreatment"]);
        let mut times = BTreeMap::<i64, Vec<_>>::new();
        let mut last = None;
        for row in snapshot.table("TrackTreatment").unwrap().rows() {
            let (start, end) = start_and_end(&row);
            assert!(start < end && is_working_day(day_of(start.date())) && start.date() == end.date(), "{start} {end}");
            assert!(last.is_none_or(|last| last <= start), "TTX_ID follows the time");
            last = Some(start);
            times.entry(integer(&row, "Machine_ID_Staff_ID")).or_default().push((start, end, flag(&row, "WasBeamOn")));
        }
        assert_eq!(times.len(), machines_of(None, patients).len());
        for times in times.into_values() {
            assert!(times.is_sorted());
            for pair in times.windows(2) {
                assert!(pair[0].1 < pair[1].0, "{} {}", pair[0].1, pair[1].0);
                let apart = pair[1].0.duration_since(pair[0].0);
                assert!(!pair[0].2 || apart > SignedDuration::from_secs(10), "{}", pair[0].0);
            }
        }
    }
}

#[test]
fn deliveries_last_as_long_as_their_kind() {
    let lab = Database::generate_lab(60, 3);
    let snapshot = read_tables(&lab, ["TxField", "TrackTreatment", "Dose_Hst"]);
    let (mut seen, mut last_dose) = (BTreeSet::new(), 0);
    for row in snapshot.table("TrackTreatment").unwrap().rows() {
        let field = snapshot.table("TxField").unwrap().row(&[row.cell("FLD_ID").unwrap().clone()]).unwrap();
        let kind = integer(&field, "Type_Enum");
        let (start, end) = start_and_end(&row);
        let seconds = end.duration_since(start).as_secs_f64();
        let [quality, on, complete, cancelled] =
            ["WasQAMode", "WasBeamOn", "WasBeamComplete", "WasCanceled"].map(|column| flag(&row, column));
        let range = match kind {
            _ if cancelled => 2.0..5.0,
            _ if !complete => 10.0..30.0,
            3 | 4 => 10.0..35.1,
            5 => 59.0..70.0,
            13 => 60.0..250.0,
            1 => 30.0..125.0,
            _ => 30.0..115.0,
        };
        assert!(range.contains(&seconds), "type {kind}: {seconds} s");
        assert_eq!(on, !cancelled);
        seen.insert((quality, complete, cancelled));
        let dosed = on && !quality && ![3, 4, 5].contains(&kind);
        assert_eq!(row.integer("DHS_ID").is_some(), dosed);
        if let Some(id) = row.integer("DHS_ID") {
            assert!(id > last_dose, "DHS_ID follows the time");
            last_dose = id;
            let dose = snapshot.table("Dose_Hst").unwrap().row(&[Value::Integer(id)]).unwrap();
            let apart = start.duration_since(dose.datetime("Tx_DtTm").unwrap()).abs();
            assert!(apart < SignedDuration::from_secs(2));
            assert_eq!(dose.integer("FLD_ID"), row.integer("FLD_ID"));
            assert_eq!(dose.integer("SIT_ID"), row.integer("SIT_ID"));
        }
    }
    let all = [(false, true, false), (true, true, false), (false, false, true), (false, false, false)];
    assert_eq!(seen, BTreeSet::from(all), "treatment, quality, cancelled, partial");
}

#[test]
fn shifts_are_found_before_the_first_beam_of_the_day() {
    let lab = Database::generate_lab(60, 3);
    let snapshot = read_tables(&lab, ["TxField", "Site", "TrackTreatment", "Offset"]);
    let mut firsts = BTreeMap::<(i64, Date, bool), DateTime>::new();
    for row in snapshot.table("TrackTreatment").unwrap().rows() {
        let field = snapshot.table("TxField").unwrap().row(&[row.cell("FLD_ID").unwrap().clone()]).unwrap();
        let start = start_and_end(&row).0;
        // A patient who comes twice a day is imaged twice.
        let key = (integer(&row, "Pat_ID1"), start.date(), start.hour() >= 16);
        if !flag(&row, "WasQAMode") && ![3, 4, 5].contains(&integer(&field, "Type_Enum")) {
            firsts.entry(key).or_insert(start);
        }
    }
    let mut active = BTreeMap::<i64, usize>::new();
    let mut studies = BTreeMap::<i64, Vec<(DateTime, i64)>>::new();
    for row in snapshot.table("Offset").unwrap().rows() {
        let site = snapshot.table("Site").unwrap().row(&[row.cell("SIT_SET_ID").unwrap().clone()]).unwrap();
        let (patient, study) = (integer(&site, "Pat_ID1"), row.datetime("Study_DtTm").unwrap());
        let hours = [(patient, study.date(), false), (patient, study.date(), true)];
        let ahead = hours.iter().filter_map(|key| firsts.get(key)).map(|first| first.duration_since(study).as_secs());
        assert!(ahead.clone().any(|seconds| (60..600).contains(&seconds)), "{study} {:?}", ahead.collect::<Vec<_>>());
        let state = integer(&row, "Offset_State");
        *active.entry(patient).or_default() += usize::from(state == 1);
        studies.entry(patient).or_default().push((study, state));
    }
    assert!(active.values().all(|count| *count == 1), "one shift of each course is active");
    assert!(studies.values().all(|own| own.iter().max().unwrap().1 == 1), "and it is the latest");
}

#[test]
fn patients_come_at_other_minutes_and_now_and_then_at_another_hour() {
    let lab = Database::generate_lab(60, 3);
    let snapshot = read_tables(&lab, ["TrackTreatment"]);
    let mut visits = BTreeMap::<i64, BTreeMap<Date, i64>>::new();
    let mut teams = BTreeMap::<i64, BTreeSet<i64>>::new();
    for row in snapshot.table("TrackTreatment").unwrap().rows().filter(|row| !flag(row, "WasQAMode")) {
        let start = start_and_end(&row).0;
        let minute = i64::from(start.hour()) * 60 + i64::from(start.minute());
        visits.entry(integer(&row, "Pat_ID1")).or_default().entry(start.date()).or_insert(minute);
        teams.entry(integer(&row, "Machine_ID_Staff_ID")).or_default().insert(integer(&row, "Staff_ID"));
    }
    let (mut all, mut elsewhere) = (0, 0);
    for (patient, days) in visits.iter().filter(|(_, days)| days.len() >= 10) {
        let mut minutes: Vec<i64> = days.values().copied().collect();
        assert!(minutes.iter().collect::<BTreeSet<_>>().len() >= 4, "{patient}: {minutes:?}");
        minutes.sort_unstable();
        let usual = minutes[minutes.len() / 2];
        all += minutes.len();
        elsewhere += minutes.iter().filter(|minute| (**minute - usual).abs() >= 20).count();
    }
    assert!((4..30).contains(&(elsewhere * 100 / all)), "{elsewhere} of {all} visits at another hour");
    assert!(teams.values().all(|team| team.len() >= 8), "{teams:?}");
}

#[test]
fn modulated_fields_are_measured_before_they_are_given() {
    let lab = Database::generate_lab(120, 3);
    let snapshot = read_tables(&lab, ["TxField", "TrackTreatment"]);
    let (mut measured, mut given) = (BTreeSet::new(), BTreeSet::new());
    for row in snapshot.table("TrackTreatment").unwrap().rows() {
        let field = snapshot.table("TxField").unwrap().row(&[row.cell("FLD_ID").unwrap().clone()]).unwrap();
        let id = integer(&field, "FLD_ID");
        if flag(&row, "WasQAMode") {
            measured.insert(id);
        } else if [2, 13, 14].contains(&integer(&field, "Type_Enum")) {
            assert!(measured.contains(&id), "{id} of {:?}", field.integer("Pat_ID1"));
            given.insert((integer(&field, "Version") == 0, integer(&field, "FLD_SET_ID") == id));
        }
    }
    assert_eq!(given.len(), 3, "first, replaced and new versions: {given:?}");
}
