//! Planted faults of prescriptions, fractions, orders and dose amounts, each found by one check only.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::DateTime;

use super::planted::{NOBODY, Plant, PlantedLab, integer, time_text};
use crate::domains::mosaiq::checks::{self, CheckVerdict};
use crate::domains::mosaiq::testing::{Database, NOW, TERMS};
use crate::model::{Fetch, Row, Value};

/// Returns the findings of the two checks of deliveries too close together.
fn count_clashes(database: &Database) -> usize {
    let mut count = 0;
    for id in ["duplicate_delivery", "delivery_two_fields"] {
        let check = checks::find(id).unwrap();
        match check.run(&database.read_snapshot(check.queries()), &TERMS) {
            CheckVerdict::Ran { findings, .. } => count += findings.len(),
            CheckVerdict::NotRun { why } => panic!("{id}: {why}"),
        }
    }
    count
}

#[test]
fn fields_that_were_queued_together_are_no_duplicates() {
    let mut lab = Database::generate_lab(4, 1);
    let snapshot = lab.read_snapshot([Fetch::all("TrackTreatment")]);
    let mut rows: Vec<Row<'_>> = snapshot.table("TrackTreatment").unwrap().rows().collect();
    rows.retain(|row| row.has_value("DHS_ID") && row.flag("WasBeamComplete") == Some(true));
    let pair = rows.windows(2).find(|pair| {
        let same = ["Pat_ID1", "SIT_ID"].iter().all(|column| pair[0].cell(column) == pair[1].cell(column));
        let sent = pair[1].time("Sent_DtTm").map(|sent| sent.wall);
        same && pair[0].cell("FLD_ID") != pair[1].cell("FLD_ID")
            && sent.is_some_and(|sent| sent >= pair[0].time("Edit_DtTm").unwrap().wall)
            && pair[0].time("Create_DtTm").unwrap().wall.date() == pair[1].time("Create_DtTm").unwrap().wall.date()
    });
    let [first, second] = pair.unwrap() else { panic!("windows of two") };
    let key = second.integer("TTX_ID").unwrap();
    lab.set_cell("TrackTreatment", key, "Create_DtTm", first.cell("Create_DtTm").unwrap().clone());
    assert_eq!(count_clashes(&lab), 0, "it was sent after the first one ended");
    lab.set_cell("TrackTreatment", key, "Sent_DtTm", Value::Null);
    assert_eq!(count_clashes(&lab), 2, "without that, they overlap");
}

impl PlantedLab {
    /// Returns the keys of the rows whose column holds a number.
    pub(super) fn keys_with(&self, table: &str, column: &str, number: i64) -> Vec<i64> {
        let rows = self.rows(table).filter(|row| row.integer(column) == Some(number));
        rows.filter_map(|row| match row.key().first() {
            Some(Value::Integer(key)) => Some(*key),
            _ => None,
        })
        .collect()
    }

    /// Returns the first current prescription with one version that matches.
    fn find_site(&self, is_match: impl Fn(&Row<'_>) -> bool) -> i64 {
        self.find_key("Site", |row| {
            let versions = self.rows("Site").filter(|other| other.cell("SIT_SET_ID") == row.cell("SIT_SET_ID")).count();
            row.integer("Version") == Some(0) && versions == 1 && is_match(row)
        })
    }

    /// Returns the complete deliveries of a prescription with a single treatment field and five fractions or more,
    /// which ended a month before the lab does, in the order of their starts.
    fn single_field_course(&self) -> Vec<i64> {
        let site = self.find_site(|row| {
            let doses = self.keys_with("Dose_Hst", "SIT_ID", row.integer("SIT_ID").unwrap());
            let fields: BTreeSet<i64> =
                doses.iter().map(|dose| self.row("Dose_Hst", *dose).integer("FLD_ID").unwrap()).collect();
            let last =
                doses.iter().filter_map(|dose| self.row("Dose_Hst", *dose).time("Tx_DtTm")).map(|time| time.wall);
            let ended = last.max().is_some_and(|last| last < NOW.checked_sub(30.days()).unwrap());
            fields.len() == 1
                && ended
                && doses.len() >= 5
                && i64::try_from(doses.len()).ok() == row.integer("Fractions")
        });
        let mut deliveries = self.keys_with("TrackTreatment", "SIT_ID", site);
        deliveries.retain(|key| self.row("TrackTreatment", *key).has_value("DHS_ID"));
        deliveries.sort_by_key(|key| self.start_time(*key));
        deliveries
    }

    /// Moves a delivery and its dose to another start.
    fn move_delivery(&mut self, delivery: i64, start: DateTime) {
        let moved = start.duration_since(self.start_time(delivery));
        for column in ["Create_DtTm", "Edit_DtTm", "Sent_DtTm"] {
            if let Some(time) = self.row("TrackTreatment", delivery).time(column) {
                self.set("TrackTreatment", delivery, column, time_text(time.wall.checked_add(moved).unwrap()));
            }
        }
        if let Some(dose) = self.row("TrackTreatment", delivery).integer("DHS_ID") {
            let time = self.row("Dose_Hst", dose).time("Tx_DtTm").unwrap().wall;
            self.set("Dose_Hst", dose, "Tx_DtTm", time_text(time.checked_add(moved).unwrap()));
        }
    }
}

pub(super) static ORDER_PLANTS: &[Plant] = &[
    ("prescription_total", |plot| {
        let site = plot.find_site(|_| true);
        let total = plot.row("Site", site).float("Dose_Ttl").unwrap();
        plot.set("Site", site, "Dose_Ttl", Value::Real(total * 1.1));
    }),
    // Dose of a fraction and total agree with each other, and not with the fields.
    ("prescription_field_doses", |plot| {
        let site = plot.find_site(|_| true);
        for column in ["Dose_Tx", "Dose_Ttl"] {
            let dose = plot.row("Site", site).float(column).unwrap();
            plot.set("Site", site, column, Value::Real(dose * 1.1));
        }
    }),
    ("field_energy", |plot| {
        let (_, points) = plot.find_field(13, |row| row.integer("Version") == Some(0));
        plot.set("TxFieldPoint", points[3], "Energy", integer(4));
    }),
    ("prescription_energy", |plot| {
        let site = plot
            .find_site(|row| row.text("Modality").is_some_and(|text| text.starts_with('x') && !text.contains("FFF")));
        plot.set("Site", site, "Modality", Value::Text("x23".into()));
    }),
    ("prescription_modality", |plot| {
        let site = plot.find_site(|row| row.integer("Modality_Enum") == Some(1));
        plot.set("Site", site, "Modality_Enum", integer(2));
    }),
    ("prescription_technique", |plot| {
        let site = plot.find_site(|row| row.text("Technique").is_some_and(|text| text.contains("VMAT")));
        plot.set("Site", site, "Technique", Value::Text("AP/PA".into()));
    }),
    ("field_bolus", |plot| {
        let (field, _) = plot.find_field(13, |row| row.integer("Version") == Some(0));
        plot.set("TxField", field, "Bolus", Value::Text("5MM".into()));
    }),
    ("field_wedge", |plot| {
        let (field, _) = plot.find_field(13, |row| row.integer("Version") == Some(0));
        plot.set("TxField", field, "Wdg_Appl", Value::Text("15-IN".into()));
    }),
    // Total dose and fraction numbers follow, so that only the count of fractions is left.
    ("fractions_given", |plot| {
        let deliveries = plot.single_field_course();
        let row = plot.row("TrackTreatment", deliveries[0]);
        let site = row.integer("SIT_ID").unwrap();
        let fractions = plot.row("Site", site).integer("Fractions").unwrap();
        let [dose, total] = ["Dose_Tx", "Dose_Ttl"].map(|column| plot.row("Site", site).float(column).unwrap());
        plot.set("Site", site, "Fractions", integer(fractions - 1));
        plot.set("Site", site, "Dose_Ttl", Value::Real(total - dose));
        for entry in plot.keys_with("Dose_Hst", "SIT_ID", site) {
            if plot.row("Dose_Hst", entry).integer("Fractions_Tx") == Some(fractions) {
                plot.set("Dose_Hst", entry, "Fractions_Tx", integer(fractions - 1));
            }
        }
    }),
    // Before the first patient of the day, so that nobody else is on the machine.
    ("fraction_twice", |plot| {
        let deliveries = plot.single_field_course();
        let day = plot.start_time(deliveries[2]).date();
        plot.move_delivery(deliveries[3], day.at(6, 40, 0, 0));
    }),
    ("fraction_break", |plot| {
        let deliveries = plot.single_field_course();
        let last = deliveries[deliveries.len() - 1];
        let day = plot.start_time(last).date().checked_add(21.days()).unwrap();
        plot.move_delivery(last, day.at(6, 40, 0, 0));
    }),
    ("fraction_pattern", |plot| {
        let deliveries = plot.single_field_course();
        let site = plot.row("TrackTreatment", deliveries[0]).integer("SIT_ID").unwrap();
        plot.set("Site", site, "Frac_Pattern", Value::Text("BID".into()));
    }),
    ("fractions_recorded", |plot| {
        let (field, _) = plot.find_field(13, |row| row.integer("Fractions_Tx").is_some_and(|given| given > 0));
        plot.set("TxField", field, "Fractions_Tx", integer(1));
    }),
    ("fraction_incomplete", |plot| {
        let delivery = plot.find_delivery(13);
        plot.set("TrackTreatment", delivery, "WasBeamComplete", integer(0));
        let field = plot.row("TrackTreatment", delivery).integer("FLD_ID").unwrap();
        let given = plot.row("TxField", field).integer("Fractions_Tx").unwrap();
        plot.set("TxField", field, "Fractions_Tx", integer(given - 1));
    }),
    ("delivery_machine", |plot| {
        let delivery = plot.find_delivery(13);
        plot.set("TrackTreatment", delivery, "Machine_ID_Staff_ID", integer(NOBODY));
    }),
    ("delivery_before_field", |plot| {
        let delivery = plot.find_delivery(13);
        let field = plot.row("TrackTreatment", delivery).integer("FLD_ID").unwrap();
        let later = plot.start_time(delivery).checked_add(1.hours()).unwrap();
        plot.set("TxField", field, "Create_DtTm", time_text(later));
    }),
    ("delivery_approval", |plot| {
        let delivery = plot.find_delivery(13);
        let field = plot.row("TrackTreatment", delivery).integer("FLD_ID").unwrap();
        plot.set("TxField", field, "Sanct_DtTm", Value::Null);
    }),
    ("delivery_flags", |plot| {
        let delivery = plot.find_delivery(13);
        plot.set("TrackTreatment", delivery, "WasRecorded", integer(0));
    }),
    ("beam_rate", |plot| {
        let delivery = plot.find_delivery(13);
        let field = plot.row("TrackTreatment", delivery).integer("FLD_ID").unwrap();
        for point in plot.point_keys(field) {
            plot.set("TxFieldPoint", point, "Meterset_Rate", integer(60));
        }
    }),
    // The last beam before a pause of the machine, so that it does not run into the next one.
    ("beam_time_usual", |plot| {
        let is_free = |row: &Row<'_>| {
            let start = row.time("Create_DtTm").unwrap().wall;
            let until = start.checked_add(15.minutes()).unwrap();
            !plot.rows("TrackTreatment").any(|other| {
                let starts = other.time("Create_DtTm").unwrap().wall;
                other.key() != row.key() && starts >= start && starts < until
            })
        };
        let delivery = plot.find_key("TrackTreatment", |row| {
            let kind = plot.row("TxField", row.integer("FLD_ID").unwrap()).integer("Type_Enum");
            let given = row.flag("WasBeamComplete") == Some(true) && row.flag("WasQAMode") != Some(true);
            given && kind == Some(13) && is_free(row)
        });
        plot.set_duration(delivery, 590);
    }),
    ("delivery_hours", |plot| {
        let deliveries = plot.single_field_course();
        let day = plot.start_time(deliveries[2]).date();
        plot.move_delivery(deliveries[2], day.at(3, 10, 0, 0));
    }),
    ("dose_meterset", |plot| {
        let dose = plot.first_key("Dose_Hst");
        let meterset = plot.row("Dose_Hst", dose).float("Meterset").unwrap();
        plot.set("Dose_Hst", dose, "Meterset", Value::Real(meterset * 1.2));
    }),
    ("dose_given", |plot| {
        let dose = plot.first_key("Dose_Hst");
        let given = plot.row("Dose_Hst", dose).float("Dose_Tx_Act").unwrap();
        plot.set("Dose_Hst", dose, "Dose_Tx_Act", Value::Real(given * 1.2));
    }),
    ("dose_energy", |plot| {
        let dose = plot.first_key("Dose_Hst");
        plot.set("Dose_Hst", dose, "Energy", integer(4));
    }),
    ("dose_fraction", |plot| {
        let dose = plot.first_key("Dose_Hst");
        plot.set("Dose_Hst", dose, "Fractions_Tx", integer(99));
    }),
];
