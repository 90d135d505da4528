//! Faults of a field's geometry and of shifts, one for every check that no other check reports.

use super::planted::{Plant, PlantedLab, integer};
use crate::model::{Row, Value};

const FIELDS: &str = "TxField";
const POINTS: &str = "TxFieldPoint";
const STATIC: i64 = 1;
const ARC: i64 = 13;

/// Returns the control points of the first matching field of one version.
fn find_points(plot: &PlantedLab, kind: i64, is_match: impl Fn(&Row<'_>) -> bool) -> Vec<i64> {
    let is_single = |row: &Row<'_>| {
        let set = row.cell("FLD_SET_ID");
        plot.rows(FIELDS).filter(|other| other.cell("FLD_SET_ID") == set).count() == 1
    };
    plot.find_field(kind, |row| is_single(row) && is_match(row)).1
}

/// Tells whether a field shapes an X-ray beam with leaves.
fn has_leaves(row: &Row<'_>) -> bool {
    row.integer("Mlc") == Some(1)
}

/// Changes a number in a column of control points.
fn change(plot: &mut PlantedLab, points: &[i64], column: &str, to: impl Fn(f64) -> f64) {
    for point in points {
        let old = plot.row(POINTS, *point).float(column).unwrap();
        plot.set(POINTS, *point, column, Value::Real(to(old)));
    }
}

pub(super) static PLANTS: &[Plant] = &[
    ("couch_position", |plot| {
        let points = find_points(plot, ARC, |_| true);
        change(plot, &points, "Couch_Vrt", |height| height + 30.0);
    }),
    ("jaw_range", |plot| {
        let points = find_points(plot, STATIC, has_leaves);
        change(plot, &points, "Field_Y", |width| width + 25.0);
        change(plot, &points, "Coll_Y2", |jaw| jaw + 25.0);
    }),
    ("jaw_width", |plot| {
        let points = find_points(plot, STATIC, has_leaves);
        change(plot, &points, "Field_Y", |width| width + 0.5);
    }),
    ("jaw_cover", |plot| {
        let points = find_points(plot, ARC, has_leaves);
        change(plot, &points, "Field_Y", |width| width - 4.0);
        change(plot, &points, "Coll_Y2", |jaw| jaw - 4.0);
    }),
    ("leaf_bank", |plot| {
        for point in find_points(plot, STATIC, has_leaves) {
            let mut bank = plot.bank(point, "B_Leaf_Set");
            let used = 2 * usize::try_from(plot.row(POINTS, point).integer("MLC_Leaves").unwrap()).unwrap();
            for leaf in bank[..used].as_chunks_mut::<2>().0 {
                *leaf = (i16::from_le_bytes(*leaf) + 20).to_le_bytes();
            }
            plot.set(POINTS, point, "B_Leaf_Set", Value::Bytes(bank));
        }
    }),
    ("gantry_motion", |plot| {
        let points = find_points(plot, ARC, |_| true);
        change(plot, &points, "Gantry_Dir_Enum", |code| 3.0 - code);
    }),
    ("gantry_name", |plot| {
        // An angle that no other beam of the prescription has.
        let points = find_points(plot, STATIC, has_leaves);
        change(plot, &points, "Gantry_Ang", |angle| (angle + 23.0) % 360.0);
    }),
    ("beam_side", |plot| {
        let points = find_points(plot, STATIC, |row| has_leaves(row) && row.text("Field_Name").is_some());
        let field = plot.row(POINTS, points[0]).integer("FLD_ID").unwrap();
        let site = plot.row(FIELDS, field).cell("SIT_Set_ID").cloned();
        let other = plot.find_key(FIELDS, |row| {
            row.cell("SIT_Set_ID").cloned() == site
                && row.integer("FLD_ID") != Some(field)
                && row.integer("Type_Enum") == Some(STATIC)
        });
        let gantry = plot.cell(POINTS, plot.point_keys(other)[0], "Gantry_Ang");
        // Without an angle in the name, and a distance to the skin that would tell.
        plot.set(FIELDS, field, "Field_Name", Value::Text("ANTERIOR".into()));
        plot.set(FIELDS, field, "Field_Label", Value::Text("X".into()));
        plot.set(FIELDS, field, "Ssd", plot.cell(FIELDS, other, "Ssd"));
        for point in points {
            plot.set(POINTS, point, "Gantry_Ang", gantry.clone());
        }
    }),
    ("collimator_usual", |plot| {
        let points = find_points(plot, ARC, |_| true);
        change(plot, &points, "Coll_Ang", |angle| (angle + 90.0) % 360.0);
    }),
    ("couch_angle", |plot| {
        let points = find_points(plot, STATIC, has_leaves);
        change(plot, &points, "Couch_Ang", |angle| (angle + 23.0) % 360.0);
    }),
    ("skin_distance", |plot| {
        // Of the machine with the most fields: the range of distances is learnt from many.
        let mut counts = std::collections::BTreeMap::new();
        for row in plot.rows(FIELDS) {
            *counts.entry(row.integer("Machine_ID_Staff_ID")).or_insert(0) += 1;
        }
        let machine = counts.into_iter().max_by_key(|(_, count)| *count).map(|(machine, _)| machine).unwrap();
        let points = find_points(plot, STATIC, |row| has_leaves(row) && row.integer("Machine_ID_Staff_ID") == machine);
        let field = plot.row(POINTS, points[0]).integer("FLD_ID").unwrap();
        plot.set(FIELDS, field, "Ssd", integer(140));
    }),
    ("dose_rate", |plot| {
        let points = find_points(plot, STATIC, has_leaves);
        change(plot, &points, "Meterset_Rate", |rate| rate + 77.0);
    }),
    ("index_order", |plot| {
        let points = find_points(plot, ARC, |_| true);
        let before = plot.row(POINTS, points[10]).float("Index").unwrap();
        plot.set(POINTS, points[11], "Index", Value::Real(before - 0.5));
    }),
    ("offset_usual", |plot| {
        let mut counts = std::collections::BTreeMap::new();
        let limited: Vec<Value> = plot
            .rows("Site")
            .filter(|row| row.text("Site_Name").is_some_and(|name| !name.to_lowercase().contains("prostate")))
            .filter_map(|row| row.cell("SIT_SET_ID").cloned())
            .collect();
        for row in plot.rows("Offset") {
            *counts.entry(row.cell("SIT_SET_ID").unwrap().clone()).or_insert(0) += 1;
        }
        let offset = plot.find_key("Offset", |row| {
            let set = row.cell("SIT_SET_ID").unwrap();
            limited.contains(set) && counts[set] > 12
        });
        plot.set("Offset", offset, "Anterior_Offset", Value::Real(7.5));
    }),
];
