//! What hangs together across tables: prescriptions, fields, approvals and what was given.

use jiff::civil::{Date, DateTime};

use super::*;

/// Rows of the tables that a course is written in.
fn read_courses(scenario: &'static str, patients: u32, seed: u64) -> Snapshot {
    let lab = Database::generate_lab_of(Some(scenario), patients, seed);
    read_tables(&lab, ["Site", "TxField", "TxFieldPoint", "TrackTreatment", "Dose_Hst", "Offset", "Ident"])
}

fn is_image(field: &Row<'_>) -> bool {
    [3, 4, 5].contains(&integer(field, "Type_Enum"))
}

fn parent<'s>(snapshot: &'s Snapshot, table: &str, row: &Row<'_>, column: &str) -> Row<'s> {
    snapshot.table(table).unwrap().row(&[row.cell(column).unwrap().clone()]).unwrap()
}

/// Returns the current prescription of each set.
fn current_sites<'s>(snapshot: &'s Snapshot) -> BTreeMap<i64, Row<'s>> {
    let current = snapshot.table("Site").unwrap().rows().filter(|row| integer(row, "Version") == 0);
    current.map(|row| (integer(&row, "SIT_SET_ID"), row)).collect()
}

#[test]
fn doses_of_the_fields_add_up_to_the_prescription() {
    for scenario in SCENARIOS {
        let snapshot = read_courses(scenario, 60, 3);
        let sites = current_sites(&snapshot);
        let (mut sums, mut different) = (BTreeMap::<i64, f64>::new(), BTreeSet::new());
        for field in snapshot.table("TxField").unwrap().rows().filter(|row| integer(row, "Version") == 0) {
            *sums.entry(integer(&field, "SIT_Set_ID")).or_default() += number(&field, "Cgray");
            different.insert(field.decimal("Cgray").map(|dose| dose.to_string()));
        }
        for (set, sum) in sums {
            assert!((sum - number(&sites[&set], "Dose_Tx")).abs() < 1e-6, "{scenario}, {set}: {sum}");
        }
        assert!(different.len() > 30, "{scenario}: {different:?}");
    }
}

#[test]
fn no_more_is_given_than_was_prescribed_and_large_doses_days_apart() {
    for scenario in SCENARIOS {
        let snapshot = read_courses(scenario, 60, 3);
        let mut given = BTreeMap::<i64, BTreeMap<i64, (Date, f64)>>::new();
        for dose in snapshot.table("Dose_Hst").unwrap().rows() {
            let set = integer(&parent(&snapshot, "Site", &dose, "SIT_ID"), "SIT_SET_ID");
            let day = dose.datetime("Tx_DtTm").unwrap().date();
            let own = given.entry(set).or_default().entry(integer(&dose, "Fractions_Tx")).or_insert((day, 0.0));
            assert_eq!(own.0, day, "a fraction is given on one day");
            own.1 += number(&dose, "Dose_Tx_Act");
        }
        let (sites, mut apart) = (current_sites(&snapshot), 0);
        for (set, fractions) in given {
            let site = &sites[&set];
            let prescribed = number(site, "Dose_Tx");
            assert!(fractions.keys().copied().eq(1..=i64::try_from(fractions.len()).unwrap()), "{fractions:?}");
            assert!(i64::try_from(fractions.len()).unwrap() <= integer(site, "Fractions"), "{scenario}, {set}");
            assert!(fractions.values().all(|(_, dose)| (dose - prescribed).abs() < 1e-6), "{fractions:?}");
            let days: Vec<Date> = fractions.values().map(|(day, _)| *day).collect();
            for pair in days.windows(2) {
                let between = pair[0].until(pair[1]).unwrap().get_days();
                assert!(prescribed < 700.0 || between >= 2, "{scenario}, {set}: {pair:?}");
                apart += i32::from(prescribed >= 700.0);
            }
            // Twice a day only where the prescription says so.
            let twice = days.windows(2).any(|pair| pair[0] == pair[1]);
            let pattern = site.text("Frac_Pattern").unwrap();
            let said = ["BID", "twice daily, 6 h apart", "2x/day"].contains(&pattern);
            assert!(said || !twice, "{scenario}, {set}: {pattern}");
        }
        assert!(apart > 0, "{scenario}: no large fractions");
    }
}

#[test]
fn what_is_given_was_approved_and_no_beam_is_faster_than_its_machine() {
    for scenario in SCENARIOS {
        let snapshot = read_courses(scenario, 60, 3);
        let rates: BTreeMap<i64, f64> = (snapshot.table("TxFieldPoint").unwrap().rows())
            .map(|point| (integer(&point, "FLD_ID"), number(&point, "Meterset_Rate")))
            .collect();
        let (mut seen, mut electrons) = (0, 0);
        for delivery in snapshot.table("TrackTreatment").unwrap().rows() {
            let [field, site] = [("TxField", "FLD_ID"), ("Site", "SIT_ID")]
                .map(|(table, column)| parent(&snapshot, table, &delivery, column));
            let (start, end) = (delivery.datetime("Create_DtTm").unwrap(), delivery.datetime("Edit_DtTm").unwrap());
            for row in [&field, &site] {
                let approved: Option<DateTime> = row.datetime("Sanct_DtTm");
                assert!(approved.is_some_and(|approved| approved < start), "{scenario}, {:?}", delivery.key());
            }
            if let Some(sent) = delivery.datetime("Sent_DtTm") {
                assert!(start.duration_since(sent).as_millis().unsigned_abs() < 300, "{:?}", delivery.key());
            }
            if delivery.integer("DHS_ID").is_some() {
                let dose = parent(&snapshot, "Dose_Hst", &delivery, "DHS_ID");
                let rate = rates[&integer(&field, "FLD_ID")];
                let least = number(&dose, "Meterset") / rate * 60.0;
                let lasted = end.duration_since(start).as_secs_f64();
                assert!(lasted >= least, "{scenario}, {:?}: {lasted} s, least {least} s", delivery.key());
                assert_eq!(integer(&dose, "Machine_ID_Staff_ID"), integer(&delivery, "Machine_ID_Staff_ID"));
                seen += 1;
                electrons += i32::from(integer(&field, "Modality_Enum") == 2);
            }
        }
        assert!(seen > 500 && electrons > 10, "{scenario}: {seen}, {electrons}");
    }
}

#[test]
fn patients_change_the_machine_on_days_of_service_only() {
    let (mut all, mut moved) = (0, 0);
    for scenario in SCENARIOS {
        let snapshot = read_courses(scenario, 200, 3);
        let (mut busy, mut changed) = (BTreeSet::new(), Vec::new());
        for delivery in snapshot.table("TrackTreatment").unwrap().rows() {
            let day = delivery.datetime("Create_DtTm").unwrap().date();
            let machine = integer(&delivery, "Machine_ID_Staff_ID");
            let planned = integer(&parent(&snapshot, "TxField", &delivery, "FLD_ID"), "Machine_ID_Staff_ID");
            busy.insert((machine, day));
            all += 1;
            if planned != machine {
                changed.push((planned, machine, day));
            }
        }
        let pairs: BTreeMap<i64, i64> =
            machines_of(Some(scenario), 200).iter().map(|machine| (machine.staff_id, machine.leaves.pairs)).collect();
        for (planned, machine, day) in &changed {
            assert!(!busy.contains(&(*planned, *day)), "{scenario}: {planned} works on {day}");
            assert_eq!(pairs[planned], pairs[machine]);
        }
        moved += changed.len();
    }
    assert!(moved > 10 && moved * 50 < all, "{moved} of {all} deliveries at another machine");
}

#[test]
fn fields_are_counted_as_often_as_they_were_given() {
    let snapshot = read_courses(SCENARIOS[0], 60, 3);
    let mut complete = BTreeMap::<i64, i64>::new();
    for delivery in snapshot.table("TrackTreatment").unwrap().rows() {
        if flag(&delivery, "WasBeamComplete") && !flag(&delivery, "WasQAMode") {
            *complete.entry(integer(&delivery, "FLD_ID")).or_default() += 1;
        }
    }
    for field in snapshot.table("TxField").unwrap().rows().filter(|field| !is_image(field)) {
        let given = complete.get(&integer(&field, "FLD_ID")).copied().unwrap_or(0);
        assert_eq!(integer(&field, "Fractions_Tx"), given, "{:?}", field.key());
    }
}

#[test]
fn the_couch_stands_by_the_part_of_the_body() {
    let mut scales = BTreeSet::new();
    for scenario in SCENARIOS {
        let snapshot = read_courses(scenario, 60, 3);
        let mut heights = BTreeSet::new();
        let (mut places, mut sites) = (BTreeMap::<String, Vec<f64>>::new(), BTreeMap::<i64, BTreeSet<String>>::new());
        for point in snapshot.table("TxFieldPoint").unwrap().rows() {
            let field = parent(&snapshot, "TxField", &point, "FLD_ID");
            let set = integer(&field, "SIT_Set_ID");
            let name = parent(&snapshot, "Site", &field, "SIT_Set_ID").text("Site_Name").unwrap().to_lowercase();
            places.entry(name).or_default().push(number(&point, "Couch_Lng"));
            let couch = ["Couch_Vrt", "Couch_Lat", "Couch_Lng"].map(|column| number(&point, column).to_string());
            sites.entry(set).or_default().insert(couch.join(" "));
            heights.insert((number(&point, "Couch_Vrt") / 50.0).trunc().to_string());
        }
        assert!(sites.values().all(|couches| couches.len() == 1), "all fields of a prescription have one couch");
        let mean = |site: &str| {
            let own: Vec<f64> =
                places.iter().filter(|(name, _)| name.contains(site)).flat_map(|(_, all)| all.clone()).collect();
            own.iter().sum::<f64>() / own.len() as f64
        };
        let (brain, prostate) = (mean("brain"), mean("prostate"));
        scales.insert((heights, brain < prostate));
        assert!((brain - prostate).abs() > 50.0, "{scenario}: {brain} {prostate}");
    }
    assert_eq!(scales.len(), 3, "{scales:?}");
}

#[test]
fn a_lab_of_thirty_holds_what_faults_need() {
    for (scenario, seed) in SCENARIOS.iter().flat_map(|scenario| [1, 2, 1 << 52].map(|seed| (*scenario, seed))) {
        let snapshot = read_courses(scenario, 30, seed);
        let fields: Vec<Row<'_>> = snapshot.table("TxField").unwrap().rows().collect();
        let machines: BTreeSet<i64> = fields.iter().map(|row| integer(row, "Machine_ID_Staff_ID")).collect();
        let has = |what: &str, is_so: &dyn Fn(&Row<'_>) -> bool| {
            assert!(fields.iter().any(is_so), "{what} in {scenario}, seed {seed}");
        };
        has("an arc", &|row| integer(row, "Type_Enum") == 13 && integer(row, "ControlPoints") > 20);
        has("a field without flattening filter", &|row| flag(row, "IsFFF"));
        has("a replaced version", &|row| integer(row, "Version") != 0);
        has("a wedge or an applicator", &|row| row.text("Wdg_Appl").is_some());
        has("electrons", &|row| integer(row, "Modality_Enum") == 2);
        has("segments", &|row| integer(row, "Type_Enum") == 2);
        assert_eq!(machines.len(), 2, "{scenario}");
        assert!(snapshot.table("Offset").unwrap().rows().count() > 50, "{scenario}, seed {seed}");
        let deliveries = snapshot.table("TrackTreatment").unwrap().rows();
        let complete = deliveries.filter(|row| flag(row, "WasBeamComplete") && !flag(row, "WasQAMode")).count();
        assert!(complete > 500, "{complete} in {scenario}, seed {seed}");
        let numbers = snapshot.table("Ident").unwrap().rows().map(|row| row.text("IDA").unwrap().to_owned());
        let numbers: Vec<String> = numbers.collect();
        assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), numbers.len(), "hospital numbers are told apart");
    }
}
