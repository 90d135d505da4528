//! Faults of identity and of versions, one for every check that no other check reports.

use jiff::ToSpan as _;
use jiff::civil::datetime;

use super::planted::{NOBODY, Plant, PlantedLab, integer, time_text};
use crate::model::{Row, Value};

const DELIVERIES: &str = "TrackTreatment";
const DOSES: &str = "Dose_Hst";

pub(super) static PLANTS: &[Plant] = &[
    ("delivery_field_patient", |plot| {
        let delivery = find_idle_delivery(plot);
        let other = find_other(plot, "Patient", &plot.cell(DELIVERIES, delivery, "Pat_ID1"));
        plot.set(DELIVERIES, delivery, "Pat_ID1", integer(other));
    }),
    ("delivery_site_patient", |plot| {
        let delivery = find_idle_delivery(plot);
        let other = find_other_site(plot, &plot.cell(DELIVERIES, delivery, "Pat_ID1"));
        plot.set(DELIVERIES, delivery, "SIT_ID", integer(other));
    }),
    ("delivery_field_site", |plot| {
        let delivery = find_idle_delivery(plot);
        let site = copy_site(plot, &plot.cell(DELIVERIES, delivery, "SIT_ID"));
        plot.set(DELIVERIES, delivery, "SIT_ID", integer(site));
    }),
    ("field_site_patient", |plot| {
        let (field, _) = plot.find_field(4, |row| has_one_version(plot, row));
        let other = find_other(plot, "Patient", &plot.cell("TxField", field, "Pat_ID1"));
        plot.set("TxField", field, "Pat_ID1", integer(other));
    }),
    ("dose_field_patient", |plot| {
        let dose = plot.first_key(DOSES);
        let other = find_other(plot, "TxField", &plot.cell(DOSES, dose, "Pat_ID1"));
        let copy = plot.copy_row(DOSES, dose);
        plot.set(DOSES, copy, "FLD_ID", integer(other));
        // The other field may have another energy, and dose_energy would tell.
        plot.set(DOSES, copy, "Energy", Value::Null);
    }),
    ("dose_site_patient", |plot| {
        let dose = plot.first_key(DOSES);
        let other = find_other_site(plot, &plot.cell(DOSES, dose, "Pat_ID1"));
        let copy = plot.copy_row(DOSES, dose);
        plot.set(DOSES, copy, "SIT_ID", integer(other));
    }),
    ("dose_field_site", |plot| {
        let dose = plot.first_key(DOSES);
        let copy = plot.copy_row(DOSES, dose);
        let site = copy_site(plot, &plot.cell(DOSES, dose, "SIT_ID"));
        plot.set(DOSES, copy, "SIT_ID", integer(site));
    }),
    ("delivery_dose_patient", |plot| {
        let dose = plot.first_key(DOSES);
        let other = find_other(plot, DOSES, &plot.cell(DOSES, dose, "Pat_ID1"));
        for column in ["Pat_ID1", "FLD_ID", "SIT_ID", "Energy", "Meterset", "Dose_Tx_Act"] {
            let value = plot.cell(DOSES, other, column);
            plot.set(DOSES, dose, column, value);
        }
    }),
    ("delivery_dose_field", |plot| {
        let dose = plot.first_key(DOSES);
        let field = plot.cell(DOSES, dose, "FLD_ID");
        let set = plot.row("TxField", number(&field)).cell("SIT_Set_ID").unwrap().clone();
        let other =
            plot.find_key("TxField", |row| row.cell("SIT_Set_ID") == Some(&set) && row.cell("FLD_ID") != Some(&field));
        plot.set(DOSES, dose, "FLD_ID", integer(other));
        plot.set(DOSES, dose, "Energy", Value::Null);
    }),
    ("delivery_dose_site", |plot| {
        let (old, current) = find_versions(plot, "Site", "SIT_SET_ID", "SIT_ID");
        let dose = plot.find_key(DOSES, |row| [old, current].map(Some).contains(&row.integer("SIT_ID")));
        let other = if plot.cell(DOSES, dose, "SIT_ID") == integer(old) { current } else { old };
        plot.set(DOSES, dose, "SIT_ID", integer(other));
    }),
    ("dose_shared", |plot| {
        let delivery = plot.find_key(DELIVERIES, |row| !row.cell("DHS_ID").unwrap().is_null());
        let copy = plot.copy_row(DELIVERIES, delivery);
        // Elsewhere, for another purpose and not complete: neither a duplicate nor a fraction.
        plot.set(DELIVERIES, copy, "Machine_ID_Staff_ID", integer(NOBODY));
        plot.set(DELIVERIES, copy, "WasQAMode", integer(1));
        plot.set(DELIVERIES, copy, "WasBeamComplete", integer(0));
    }),
    ("offset_visit", |plot| {
        let offset = plot.first_key("Offset");
        let study = plot.row("Offset", offset).time("Study_DtTm").unwrap().wall;
        plot.set("Offset", offset, "Study_DtTm", time_text(study.checked_sub(1.hours()).unwrap()));
    }),
    ("hospital_number_missing", |plot| plot.set_null("Ident", "IDA")),
    ("hospital_number_shared", |plot| {
        let [first, last] = [plot.first_key("Ident"), plot.rows("Ident").last().unwrap().integer("IDENT_ID").unwrap()];
        let number = plot.cell("Ident", last, "IDA");
        plot.set("Ident", first, "IDA", number);
    }),
    ("hospital_number_versions", |plot| {
        let number = plot.first_key("Ident");
        plot.copy_row("Ident", number);
    }),
    ("birth_date", |plot| {
        let patient = plot.first_key("Patient");
        plot.set("Patient", patient, "Birth_DtTm", time_text(datetime(1850, 1, 1, 0, 0, 0, 0)));
    }),
    ("namesake", |plot| {
        let patient = plot.first_key("Patient");
        plot.copy_row("Patient", patient);
    }),
    ("site_versions", |plot| {
        let (old, _) = find_versions(plot, "Site", "SIT_SET_ID", "SIT_ID");
        plot.set("Site", old, "Version", integer(0));
    }),
    ("field_versions", |plot| {
        let (old, _) = find_versions(plot, "TxField", "FLD_SET_ID", "FLD_ID");
        plot.set("TxField", old, "Version", integer(0));
        // Its dose would be one too many for the prescription.
        plot.set("TxField", old, "Cgray", Value::Null);
    }),
    ("delivered_field_version", |plot| plant_old_version(plot, "TxField", "FLD_SET_ID", "FLD_ID")),
    ("delivered_site_version", |plot| plant_old_version(plot, "Site", "SIT_SET_ID", "SIT_ID")),
];

fn number(value: &Value) -> i64 {
    match value {
        Value::Integer(number) => *number,
        other => panic!("{other:?}"),
    }
}

/// Returns a delivery that was cancelled, and so is compared with no other.
fn find_idle_delivery(plot: &PlantedLab) -> i64 {
    plot.find_key(DELIVERIES, |row| row.flag("WasCanceled") == Some(true))
}

/// Returns a row of another patient.
fn find_other(plot: &PlantedLab, table: &str, patient: &Value) -> i64 {
    plot.find_key(table, |row| row.cell("Pat_ID1") != Some(patient))
}

/// Returns a prescription of one version of another patient.
fn find_other_site(plot: &PlantedLab, patient: &Value) -> i64 {
    plot.find_key("Site", |row| {
        let set = row.cell("SIT_SET_ID");
        let versions = plot.rows("Site").filter(|other| other.cell("SIT_SET_ID") == set).count();
        row.cell("Pat_ID1") != Some(patient) && versions == 1
    })
}

/// Adds another prescription of the same patient.
fn copy_site(plot: &mut PlantedLab, site: &Value) -> i64 {
    let copy = plot.copy_row("Site", number(site));
    plot.set("Site", copy, "SIT_SET_ID", integer(NOBODY));
    plot.set("Site", copy, "Version", integer(0));
    copy
}

fn has_one_version(plot: &PlantedLab, field: &Row<'_>) -> bool {
    plot.rows("TxField").filter(|other| other.cell("FLD_SET_ID") == field.cell("FLD_SET_ID")).count() == 1
}

/// Returns the old and the current version of a set of two.
fn find_versions(plot: &PlantedLab, table: &str, set: &str, key: &str) -> (i64, i64) {
    let old = plot.find_key(table, |row| row.integer("Version") != Some(0));
    let id = plot.cell(table, old, set);
    (old, plot.find_key(table, |row| row.cell(set) == Some(&id) && row.integer(key) != Some(old)))
}

/// Lets a delivery without a dose name the version that the one it names had replaced.
fn plant_old_version(plot: &mut PlantedLab, table: &str, set: &str, key: &str) {
    let versions: Vec<(i64, i64)> = {
        let old = plot.rows(table).filter(|row| row.integer("Version") != Some(0));
        let pair = |row: Row<'_>| {
            let current =
                plot.rows(table).find(|other| other.cell(set) == row.cell(set) && other.integer("Version") == Some(0));
            (row.integer(key).unwrap(), current.unwrap().integer(key).unwrap())
        };
        old.map(pair).collect()
    };
    let is_named = |row: &Row<'_>, current: i64| {
        let saved = plot.row(table, current).time("Edit_DtTm").unwrap().wall;
        let is_idle = row.cell("DHS_ID").unwrap().is_null() && row.flag("WasQAMode") != Some(true);
        is_idle && row.integer(key) == Some(current) && row.time("Create_DtTm").unwrap().wall > saved
    };
    let found = versions.iter().find_map(|(old, current)| {
        let delivery = plot.rows(DELIVERIES).find(|row| is_named(row, *current))?;
        Some((delivery.integer("TTX_ID").unwrap(), *old))
    });
    let (delivery, old) = found.expect("a delivery of a version that replaced another");
    plot.set(DELIVERIES, delivery, key, integer(old));
}
