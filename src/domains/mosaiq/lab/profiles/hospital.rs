//! A general hospital: six machines of several makers, bought over twenty years.

use crate::domains::mosaiq::lab::machine::{LabMachine, MIDDLE, MlcLayout, NARROW, WIDE};
use crate::domains::mosaiq::lab::profile::{CouchScale, NamedField, Naming, Profile};
use crate::domains::mosaiq::lab::template::{FieldKind, Template};
use crate::domains::mosaiq::lab::treatments::{
    BLADDER_VMAT, BRAIN_IMRT, BREAST_TANGENTS, CHEST_WALL, HEAD_NECK_VMAT, LUNG_SBRT, LUNG_VMAT, METASTASIS_SBRT,
    OESOPHAGUS_DMLC, PELVIS_BOX, PROSTATE_DMLC, PROSTATE_VMAT, RECTUM_IMRT, SKIN_ELECTRONS, SPINE_PALLIATIVE,
};

pub(in crate::domains::mosaiq::lab) static PROFILE: Profile = Profile {
    word: "general-hospital",
    machines: &MACHINES,
    couch: CouchScale { vertical: (0, 1), lateral: (0, 1), longitudinal: (0, 1) },
    opens_ms: 450 * 60_000,
    dates_doses_at_end: false,
    naming: Naming {
        hospital_number: |number| format!("LAB{number:06}"),
        provisional_number: |number| format!("TMP{number:06}"),
        site: |site, boost| format!("{site}{}", if boost { " BOOST" } else { "" }),
        modality,
        field: label_and_name,
        wedge: |angle, number| format!("{angle}-{}", if number % 2 == 1 { "IN" } else { "OUT" }),
        applicator: |side| format!("A{side:02}"),
        bolus: |thickness| format!("{thickness}MM"),
        patterns: ["Daily", "BID", "Every other day"],
    },
    electrons: &SKIN_ELECTRONS,
    tolerance: 1,
};

fn modality(template: &Template) -> String {
    let radiation = if template.kind == FieldKind::Electron { 'e' } else { 'x' };
    format!("{radiation}{:02}{}", template.energy, if template.is_unflattened() { "FFF" } else { "" })
}

fn label_and_name(field: &NamedField) -> (String, String) {
    let (gantry, number, site) = (field.gantry, field.number, field.site);
    match field.kind {
        FieldKind::KvSetup => (format!("KV{gantry}"), format!("KV SETUP G{gantry}")),
        FieldKind::ConeBeam => ("CB".to_owned(), "CBCT".to_owned()),
        FieldKind::Portal => (format!("P{gantry}"), format!("PORTAL G{gantry}")),
        FieldKind::Vmat => (format!("A{number}"), format!("{site} ARC {number}")),
        FieldKind::Electron => (format!("E{number}"), format!("{site} E{:02}", field.energy)),
        _ => (format!("{number}"), format!("{site} G{gantry}")),
    }
}

const fn linac(staff_id: i64, name: &'static str, leaves: MlcLayout) -> LabMachine {
    LabMachine {
        staff_id,
        name,
        jaws_outward: leaves.outward,
        leaves,
        jaws_follow: false,
        index_in_units: false,
        signed_collimator: false,
        arc_step: 2,
        offset_type: 2,
        twin: None,
        mix: &[],
    }
}

// Six different ways to write the same treatment, so that checks cannot rely on one of them.
static MACHINES: [LabMachine; 6] = [
    LabMachine {
        twin: Some(2),
        mix: &[
            &PROSTATE_VMAT,
            &HEAD_NECK_VMAT,
            &LUNG_SBRT,
            &BRAIN_IMRT,
            &BREAST_TANGENTS,
            &METASTASIS_SBRT,
            &BLADDER_VMAT,
            &SPINE_PALLIATIVE,
        ],
        ..linac(101, "LINAC 1", MlcLayout { padded: true, ..NARROW })
    },
    LabMachine {
        index_in_units: true,
        jaws_follow: true,
        arc_step: 4,
        offset_type: 3,
        twin: Some(3),
        mix: &[
            &RECTUM_IMRT,
            &SKIN_ELECTRONS,
            &LUNG_VMAT,
            &PROSTATE_DMLC,
            &BREAST_TANGENTS,
            &PELVIS_BOX,
            &CHEST_WALL,
            &OESOPHAGUS_DMLC,
            &SPINE_PALLIATIVE,
        ],
        ..linac(102, "LINAC 2", MlcLayout { outward: true, ..MIDDLE })
    },
    LabMachine {
        index_in_units: true,
        jaws_follow: true,
        arc_step: 4,
        twin: Some(0),
        mix: &[
            &LUNG_VMAT,
            &BRAIN_IMRT,
            &BREAST_TANGENTS,
            &BLADDER_VMAT,
            &HEAD_NECK_VMAT,
            &SKIN_ELECTRONS,
            &PROSTATE_VMAT,
        ],
        ..linac(103, "LINAC 3", NARROW)
    },
    LabMachine {
        offset_type: 4,
        twin: Some(1),
        mix: &[
            &LUNG_SBRT,
            &PROSTATE_VMAT,
            &OESOPHAGUS_DMLC,
            &METASTASIS_SBRT,
            &BREAST_TANGENTS,
            &CHEST_WALL,
            &RECTUM_IMRT,
        ],
        ..linac(104, "LINAC 4", MlcLayout { outward: true, padded: true, ..MIDDLE })
    },
    LabMachine {
        arc_step: 4,
        offset_type: 3,
        twin: Some(5),
        mix: &[&PELVIS_BOX, &OESOPHAGUS_DMLC, &SKIN_ELECTRONS, &SPINE_PALLIATIVE, &BREAST_TANGENTS, &PROSTATE_VMAT],
        ..linac(105, "LINAC 5", MlcLayout { padded: true, ..WIDE })
    },
    LabMachine {
        index_in_units: true,
        jaws_follow: true,
        signed_collimator: true,
        arc_step: 4,
        offset_type: 3,
        twin: Some(4),
        mix: &[&RECTUM_IMRT, &BREAST_TANGENTS, &SPINE_PALLIATIVE, &PROSTATE_DMLC, &PELVIS_BOX, &CHEST_WALL],
        ..linac(106, "LINAC 6", MlcLayout { outward: true, ..WIDE })
    },
];
