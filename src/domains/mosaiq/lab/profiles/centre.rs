//! A cancer centre: five machines that count outward from the centre, short courses of large fractions.

use crate::domains::mosaiq::lab::machine::{FINE, LabMachine, MIDDLE, MlcLayout};
use crate::domains::mosaiq::lab::profile::{CouchScale, NamedField, Naming, Profile, title_case};
use crate::domains::mosaiq::lab::template::{FieldKind, Template};
use crate::domains::mosaiq::lab::treatments::{
    self, BRAIN_IMRT, CHEST_WALL, HEAD_NECK_VMAT, LUNG_VMAT, OESOPHAGUS_DMLC, PELVIS_BOX,
};

pub(in crate::domains::mosaiq::lab) static PROFILE: Profile = Profile {
    word: "cancer-centre",
    machines: &MACHINES,
    // The readings of a maker whose scales have 100 cm at the isocentre and count downward.
    couch: CouchScale { vertical: (10_000, -1), lateral: (10_000, 1), longitudinal: (0, 1) },
    opens_ms: 420 * 60_000,
    dates_doses_at_end: true,
    naming: Naming {
        hospital_number: |number| format!("{}", 4_000_000 + number * 37),
        provisional_number: |number| format!("9{number:06}"),
        site: |site, boost| format!("{}{}", title_case(site), if boost { " cone down" } else { "" }),
        modality,
        field: label_and_name,
        wedge: |angle, number| format!("W{angle}{}", if number % 2 == 1 { "R" } else { "L" }),
        applicator: |side| format!("{side} x {side}"),
        bolus: |thickness| format!("{}.{} cm", thickness / 10, thickness % 10),
        patterns: ["daily", "twice daily, 6 h apart", "alternate days"],
    },
    electrons: &BOOST_ELECTRONS,
    tolerance: 11,
};

fn modality(template: &Template) -> String {
    let (radiation, unit) = if template.kind == FieldKind::Electron { ('e', "MeV") } else { ('x', "MV") };
    format!("{radiation}{:02}{unit}{}", template.energy, if template.is_unflattened() { " FFF" } else { "" })
}

fn label_and_name(field: &NamedField) -> (String, String) {
    let (gantry, number, site) = (field.gantry, field.number, title_case(field.site));
    let turn = if field.sweep < 0 { "CCW" } else { "CW" };
    match field.kind {
        FieldKind::KvSetup | FieldKind::Portal if gantry == 0 => ("S1".to_owned(), "Setup AP".to_owned()),
        FieldKind::KvSetup | FieldKind::Portal => ("S2".to_owned(), "Setup lateral".to_owned()),
        FieldKind::ConeBeam => ("S1".to_owned(), "Setup CBCT".to_owned()),
        FieldKind::Vmat => (format!("{number:02}"), format!("{site} {turn}{number}")),
        _ => (format!("{number:02}"), format!("{site} {gantry}")),
    }
}

static PROSTATE: Template =
    Template { schedules: &[(5, 725), (20, 300)], rate: 1400, energy: 6, ..treatments::PROSTATE_VMAT };
static PROSTATE_NODES: Template = Template {
    site: "PROSTATE NODES",
    schedules: &[(25, 200)],
    target: (650, 520, 850),
    largest_shift: 10,
    ..treatments::BLADDER_VMAT
};
static BREAST: Template = Template {
    schedules: &[(5, 520), (15, 267)],
    wedge: Some(30),
    mirrored: Some(&BREAST_R),
    ..treatments::BREAST_TANGENTS
};
static BREAST_R: Template =
    Template { schedules: BREAST.schedules, wedge: BREAST.wedge, mirrored: Some(&BREAST), ..treatments::BREAST_RIGHT };
static LUNG_SBRT: Template =
    Template { schedules: &[(4, 1200), (8, 750)], mirrored: Some(&LUNG_SBRT_R), ..treatments::LUNG_SBRT };
static LUNG_SBRT_R: Template =
    Template { schedules: LUNG_SBRT.schedules, mirrored: Some(&LUNG_SBRT), ..treatments::LUNG_RIGHT_SBRT };
static METASTASIS: Template = Template { schedules: &[(1, 2000), (3, 900)], ..treatments::METASTASIS_SBRT };
static RECTUM: Template = Template { schedules: &[(5, 500), (25, 180)], energy: 6, ..treatments::RECTUM_IMRT };
static SPINE: Template = Template { schedules: &[(1, 800), (5, 400)], energy: 15, ..treatments::SPINE_PALLIATIVE };
static BOOST_ELECTRONS: Template = Template { energy: 12, bolus_mm: 0, ..treatments::SKIN_ELECTRONS };
static SKIN: Template = Template { energy: 6, bolus_mm: 5, schedules: &[(8, 400)], ..treatments::SKIN_ELECTRONS };

const fn accelerator(staff_id: i64, name: &'static str, leaves: MlcLayout) -> LabMachine {
    LabMachine {
        staff_id,
        name,
        leaves: MlcLayout { outward: true, ..leaves },
        jaws_outward: true,
        jaws_follow: true,
        index_in_units: false,
        signed_collimator: false,
        arc_step: 2,
        offset_type: 2,
        twin: None,
        mix: &[],
    }
}

static MACHINES: [LabMachine; 5] = [
    LabMachine {
        twin: Some(2),
        mix: &[
            &PROSTATE,
            &HEAD_NECK_VMAT,
            &BREAST,
            &LUNG_VMAT,
            &BRAIN_IMRT,
            &SKIN,
            &PELVIS_BOX,
            &OESOPHAGUS_DMLC,
            &SPINE,
        ],
        ..accelerator(301, "TB1", MlcLayout { padded: true, ..MIDDLE })
    },
    LabMachine {
        arc_step: 4,
        offset_type: 3,
        twin: Some(3),
        mix: &[&LUNG_SBRT, &RECTUM, &METASTASIS, &OESOPHAGUS_DMLC, &PROSTATE, &SPINE, &BRAIN_IMRT],
        ..accelerator(302, "STX A", FINE)
    },
    LabMachine {
        twin: Some(0),
        mix: &[&BREAST, &PROSTATE_NODES, &HEAD_NECK_VMAT, &CHEST_WALL, &RECTUM, &PELVIS_BOX, &LUNG_VMAT],
        ..accelerator(303, "TB2", MlcLayout { padded: true, ..MIDDLE })
    },
    LabMachine {
        arc_step: 4,
        offset_type: 3,
        twin: Some(1),
        mix: &[&METASTASIS, &LUNG_SBRT, &PROSTATE, &BRAIN_IMRT, &OESOPHAGUS_DMLC],
        ..accelerator(304, "STX B", FINE)
    },
    LabMachine {
        index_in_units: true,
        jaws_follow: false,
        signed_collimator: true,
        offset_type: 4,
        mix: &[&PROSTATE_NODES, &BREAST, &SPINE, &RECTUM, &CHEST_WALL, &HEAD_NECK_VMAT],
        ..accelerator(305, "TB3", MIDDLE)
    },
];
