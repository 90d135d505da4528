//! A clinic with three machines of one maker, which write all leaves in one coordinate, and courses of 1.8 and 2 Gy.

use crate::domains::mosaiq::lab::machine::{LabMachine, MlcLayout, NARROW, WIDE};
use crate::domains::mosaiq::lab::profile::{CouchScale, NamedField, Naming, Profile, title_case};
use crate::domains::mosaiq::lab::template::{FieldKind, Template};
use crate::domains::mosaiq::lab::treatments::{
    self, BRAIN_IMRT, CHEST_WALL, HEAD_NECK_VMAT, LUNG_SBRT, METASTASIS_SBRT, OESOPHAGUS_DMLC, SKIN_ELECTRONS,
};

pub(in crate::domains::mosaiq::lab) static PROFILE: Profile = Profile {
    word: "small-clinic",
    machines: &MACHINES,
    // The height above the floor, and a scale along the couch that counts away from the gantry.
    couch: CouchScale { vertical: (12_000, 1), lateral: (0, -1), longitudinal: (15_000, -1) },
    opens_ms: 480 * 60_000,
    dates_doses_at_end: false,
    naming: Naming {
        hospital_number: |number| format!("P{number:05}-{}", number % 7),
        provisional_number: |number| format!("NEW-{number}"),
        site: |site, boost| format!("{}: {}", if boost { "Rx2" } else { "Rx1" }, title_case(site)),
        modality,
        field: label_and_name,
        wedge: |angle, _| format!("WEDGE {angle}"),
        applicator: |side| format!("{side}X{side}"),
        bolus: |thickness| format!("bolus {thickness} mm"),
        patterns: ["5x/week", "2x/day", "3x/week"],
    },
    electrons: &SKIN_ELECTRONS,
    tolerance: 3,
};

fn modality(template: &Template) -> String {
    if template.kind == FieldKind::Electron {
        return format!("{} MeV e", template.energy);
    }
    format!("{} MV x{}", template.energy, if template.is_unflattened() { " FFF" } else { "" })
}

fn label_and_name(field: &NamedField) -> (String, String) {
    let (gantry, number) = (field.gantry, field.number);
    match field.kind {
        FieldKind::KvSetup | FieldKind::Portal => (format!("X{gantry}"), format!("Image {gantry}")),
        FieldKind::ConeBeam => ("XVI".to_owned(), "Cone beam".to_owned()),
        FieldKind::Vmat => (format!("F{number}"), format!("Arc {number} from G{gantry}")),
        FieldKind::Electron => (format!("F{number}"), format!("Electrons {} MeV", field.energy)),
        _ => (format!("F{number}"), format!("G{gantry}")),
    }
}

static PROSTATE: Template = Template { schedules: &[(37, 200), (39, 200), (40, 180)], ..treatments::PROSTATE_VMAT };
static PROSTATE_IMRT: Template =
    Template { technique: "IMRT 7 FIELDS", schedules: &[(37, 200)], energy: 6, ..treatments::PROSTATE_DMLC };
static BREAST: Template = Template {
    schedules: &[(25, 200), (28, 180)],
    technique: "2 FIELD",
    mirrored: Some(&BREAST_R),
    ..treatments::BREAST_TANGENTS
};
static BREAST_R: Template = Template {
    schedules: BREAST.schedules,
    technique: BREAST.technique,
    mirrored: Some(&BREAST),
    ..treatments::BREAST_RIGHT
};
static PELVIS: Template = Template { schedules: &[(25, 180), (25, 200)], energy: 18, ..treatments::PELVIS_BOX };
static SPINE: Template = Template { schedules: &[(10, 300)], energy: 6, ..treatments::SPINE_PALLIATIVE };
static RECTUM: Template = Template { technique: "STEP AND SHOOT", ..treatments::RECTUM_IMRT };

const fn accelerator(staff_id: i64, name: &'static str, leaves: MlcLayout) -> LabMachine {
    LabMachine {
        staff_id,
        name,
        leaves: MlcLayout { padded: true, ..leaves },
        jaws_outward: false,
        jaws_follow: true,
        index_in_units: false,
        signed_collimator: true,
        arc_step: 4,
        offset_type: 2,
        twin: None,
        mix: &[],
    }
}

static MACHINES: [LabMachine; 3] = [
    LabMachine {
        twin: Some(1),
        mix: &[&PROSTATE, &BREAST, &PROSTATE_IMRT, &HEAD_NECK_VMAT, &RECTUM, &SPINE, &SKIN_ELECTRONS, &METASTASIS_SBRT],
        ..accelerator(11, "SYN1", NARROW)
    },
    LabMachine {
        jaws_follow: false,
        twin: Some(0),
        mix: &[&LUNG_SBRT, &CHEST_WALL, &BRAIN_IMRT, &PROSTATE, &OESOPHAGUS_DMLC, &BREAST, &RECTUM],
        ..accelerator(12, "SYN2", NARROW)
    },
    LabMachine {
        index_in_units: true,
        jaws_outward: true,
        offset_type: 3,
        mix: &[&PELVIS, &RECTUM, &BREAST, &SPINE, &OESOPHAGUS_DMLC, &SKIN_ELECTRONS],
        ..accelerator(13, "OLD", WIDE)
    },
];
